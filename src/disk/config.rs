//! The one way in which the config is changed: read under its lock, brought to today's form, changed, and replaced whole.
//!
//! A file of an older form is kept beside it, before anything of it is changed. Without that copy nothing is.

use std::path::{Path, PathBuf};

use super::paths::around;
use super::{DiskFault, DiskFaultKind, SaveOutcome, Shown, create, read, update};
use crate::config::{Config, ConfigProblem, VERSION};

/// Lets `change` change the config at `path`; `refuse` says how a config that cannot be read is told.
///
/// # Errors
/// What `change` refuses, a config that cannot be read, and every [`DiskFault`]; the old file is unchanged.
pub fn update_config<E: From<DiskFault>>(
    path: &Path,
    refuse: impl Fn(ConfigProblem) -> E,
    change: impl FnOnce(&mut Config) -> Result<(), E>,
) -> Result<SaveOutcome, E> {
    let mut note = None;
    let mut outcome = update(path, |text| -> Result<String, E> {
        let mut config = Config::parse(text).map_err(&refuse)?;
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
