//! The one way in which the config is changed: read under its lock, brought to today's form, changed, and replaced whole.
//!
//! A file of an older form is kept beside it, before anything of it is changed. Without that copy nothing is.
//!
//! What stands in the config is obeyed: it names programs that print a token, and hosts that are sent one. So it is read
//! only where nobody but its reader or root can have written it. A config that others can only read is read. The other
//! files that are obeyed are named by it or lie beside it, and root, who may be given a user's own, takes them as theirs.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

#[cfg(unix)]
use super::modes::chmod;
use super::paths::around;
use super::save::update_newest;
use super::{DiskFault, DiskFaultKind, SaveOutcome, Shown, create, read, read_if};
use crate::config::{Config, ConfigProblem, VERSION};

/// The text of the config at `path`, or `None` where there is none. A link is followed, wherever it leads: what counts is
/// the file that is read.
///
/// # Errors
/// As for [`read`]; and `NotOurs` where the file belongs to somebody else than us or root, `OpenToAll` where every user
/// may write it.
pub fn read_config(path: &Path) -> Result<Option<Zeroizing<String>>, DiskFault> {
    read_if(path, |found| is_trusted(path, found, Obeyed::Config))
}

/// The same for another file that is obeyed: one that says what a platform is given, or which servers are the right ones.
/// Root obeys one of any owner.
///
/// # Errors
/// As for [`read_config`].
pub fn read_trusted(path: &Path) -> Result<Option<Zeroizing<String>>, DiskFault> {
    read_if(path, |found| is_trusted(path, found, Obeyed::Other))
}

/// Whether the file at `path` may be obeyed; one that is not there may.
///
/// # Errors
/// `NotOurs` and `OpenToAll`, as for [`read_config`].
pub fn trusted(path: &Path) -> Result<(), DiskFault> {
    fs::metadata(path).map_or(Ok(()), |found| is_trusted(path, &found, Obeyed::Other))
}

/// What is obeyed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Obeyed {
    Config,
    /// What somebody has named for it: root may be given the checkout of another user, as a job in a container is.
    Other,
}

impl Obeyed {
    /// What to do about a file of somebody else, after having looked at it.
    fn otherwise(self) -> &'static str {
        match self {
            Self::Config => "copy it, and name the copy with --config FILE",
            Self::Other => "put a copy of your own in its place",
        }
    }
}

/// Lets `change` change the config at `path`; where somebody writes the file by hand meanwhile, it is asked again to
/// change what is there then. `refuse` says how a config that cannot be read is told.
///
/// # Errors
/// What `change` refuses, a config that cannot be read, and every [`DiskFault`]; the old file is unchanged.
pub fn update_config<E: From<DiskFault>>(
    path: &Path,
    refuse: impl Fn(ConfigProblem) -> E,
    mut change: impl FnMut(&mut Config) -> Result<(), E>,
) -> Result<SaveOutcome, E> {
    if let Ok(found) = fs::metadata(path) {
        is_trusted(path, &found, Obeyed::Config)?;
    }
    let mut note = None;
    let mut outcome = update_newest(path, |text| -> Result<String, E> {
        let mut config = Config::parse(text).map_err(&refuse)?;
        note = None;
        if let (Some(version), Some(text)) = (config.migrate().map_err(&refuse)?, text) {
            let copy = keep(path, text, version)?;
            note = Some(format!(
                "{} had the form of version {version}. It has that of version {VERSION} now, and the file as it was is {}.",
                Shown(path),
                Shown(&copy)
            ));
        }
        change(&mut config)?;
        Ok(config.render())
    })?;
    outcome.notes.extend(note);
    Ok(outcome)
}

/// Keeps `text` as `config.toml.v0.bak` beside the config, for its owner alone. One that is there already stays.
fn keep(path: &Path, text: &str, version: u64) -> Result<PathBuf, DiskFault> {
    let name = path.file_name().unwrap_or_default();
    let copy = path.with_file_name(around("", name, &format!(".v{version}.bak")));
    match read(&copy)? {
        None => create(&copy, text, 0o600)?,
        Some(there) if there.as_str() == text => {}
        Some(_) => {
            let message = format!(
                "{} is to be kept as {}, and another file is there. Nothing was changed.",
                Shown(path),
                Shown(&copy)
            );
            return Err(DiskFault::new(
                DiskFaultKind::Taken,
                &copy,
                message,
                "Move that file away, then run this again.",
            ));
        }
    }
    Ok(copy)
}

#[cfg(unix)]
fn is_trusted(path: &Path, found: &Metadata, what: Obeyed) -> Result<(), DiskFault> {
    use std::os::unix::fs::MetadataExt as _;

    let (owner, us) = (found.uid(), rustix::process::geteuid().as_raw());
    let root_may = us == 0 && what == Obeyed::Other;
    if owner != us && owner != 0 && !root_may {
        let message = format!(
            "{} belongs to another user (uid {owner}), who decides what stands in it, so it was not read. Nothing was \
             changed.",
            Shown(path)
        );
        let remedy = format!(
            "Run this as that user (sudo -u '#{owner}' git-access …), or look at what is in it, and {}.",
            what.otherwise()
        );
        return Err(DiskFault::new(DiskFaultKind::NotOurs, path, message, remedy));
    }
    if found.mode() & 0o002 != 0 {
        let message = format!(
            "{} has mode {:04o}: every user can write it and decide what stands in it, so it was not read. Nothing was \
             changed.",
            Shown(path),
            found.mode() & 0o7777
        );
        let remedy = format!("Look at what is in it, then run: {}", chmod(0o600, path));
        return Err(DiskFault::new(DiskFaultKind::OpenToAll, path, message, remedy));
    }
    Ok(())
}

/// Access follows from the directory here, which is the user's own.
#[cfg(not(unix))]
fn is_trusted(_path: &Path, _found: &Metadata, _what: Obeyed) -> Result<(), DiskFault> {
    Ok(())
}
