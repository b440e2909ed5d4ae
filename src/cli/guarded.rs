//! Files that nothing may be written over, whatever the command line says: the config and what lies beside it, the records,
//! and what the connections need. They are the same by another spelling and through a link, too.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Cli, Command, Refusal, manage};
use crate::config::Connection;
use crate::disk::Paths;
use crate::key::{KNOWN_HOSTS, PublicHalf};
use crate::secret::Store;
use crate::text::sanitise;

/// The most links that are followed, one after the other.
const LINKS: usize = 16;

/// Looks at every file that the command line wants written.
///
/// # Errors
/// The flag that names a file of ours, and what that is.
pub fn look(cli: &Cli, paths: &Paths) -> Result<(), Refusal> {
    let (setup, output) = match &cli.command {
        Some(Command::Setup { flags, .. } | Command::Rotate { flags, .. }) => (flags.as_ref(), None),
        Some(Command::Export(flags)) => (&cli.setup, flags.output.as_deref()),
        _ => (&cli.setup, None),
    };
    let named = [("--log", cli.common.log.as_deref()), ("--save-answers", setup.save_answers.as_deref())];
    let named = named.into_iter().chain([("--output", output.filter(|path| *path != Path::new("-")))]);
    for (flag, path) in named {
        let Some(what) = path.and_then(|path| ours(path, paths)) else { continue };
        let path = sanitise(&path.unwrap_or(Path::new("")).display().to_string(), 300);
        let message = format!("{flag} names {path}, and that is {what}: nothing was written there.");
        return Err(Refusal::usage(message, "Name another file.").of_flag(flag));
    }
    Ok(())
}

/// What of ours stands at `path`, or would.
fn ours(path: &Path, paths: &Paths) -> Option<String> {
    let spot = Spot::of(path);
    if [&paths.config, &resolved(&paths.config)].into_iter().any(|config| is_beside(&spot, config)) {
        return Some("the config of git-access, its lock or a copy of it".to_owned());
    }
    if spot.is(&paths.config_dir.join(KNOWN_HOSTS)) || spot.is_in(&paths.config_dir.join("platforms")) {
        return Some("a file of git-access beside its config".to_owned());
    }
    if paths.state_dir.as_deref().is_some_and(|dir| spot.is_in(dir)) {
        return Some("in the directory where git-access keeps its records".to_owned());
    }
    // A config that cannot be read is told by whoever needs it.
    let config = manage::config(paths).ok()?;
    config.connections().iter().find_map(|one| {
        let (what, _) = files(one).into_iter().find(|(_, file)| spot.is(file))?;
        Some(format!("the {what} of the connection {}", one.name))
    })
}

/// The files that a connection needs.
fn files(connection: &Connection) -> Vec<(&'static str, &Path)> {
    let mut files = Vec::new();
    if let Some(Store::File(path)) = connection.token.as_ref().map(|token| &token.store) {
        files.push(("token", path.as_path()));
    }
    if let Some(ssh) = &connection.ssh {
        files.extend(ssh.private_key.as_deref().map(|path| ("private key", path)));
        if let PublicHalf::File(path) = &ssh.public_key {
            files.push(("public key", path));
        }
    }
    files.extend(connection.site.ca_file.as_deref().map(|path| ("certificate authority", path)));
    files.extend(connection.site.client_cert.as_deref().map(|path| ("client certificate", path)));
    files
}

/// Whether `spot` is the config, or bears a name that files beside it get: its lock, what is being written, an older form.
fn is_beside(spot: &Spot, config: &Path) -> bool {
    if spot.is(config) {
        return true;
    }
    let (Some(dir), Some(name), Some(own)) = (config.parent(), config.file_name(), spot.path.file_name()) else {
        return false;
    };
    let (name, own) = (name.to_string_lossy(), own.to_string_lossy());
    let is_named = own.starts_with(&format!(".{name}."))
        || own.strip_prefix(&format!("{name}.v")).is_some_and(|rest| rest.rsplit('.').next() == Some("bak"));
    is_named && spot.path.parent().is_some_and(|folder| is_same(folder, dir))
}

/// A place on the disk, whatever it is called.
struct Spot {
    path: PathBuf,
}

impl Spot {
    fn of(path: &Path) -> Self {
        Self { path: resolved(path) }
    }

    fn is(&self, other: &Path) -> bool {
        is_same(&self.path, other)
    }

    fn is_in(&self, dir: &Path) -> bool {
        self.path.ancestors().skip(1).any(|above| is_same(above, dir))
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    let known = identity(one);
    (known.is_some() && known == identity(other)) || resolved(one) == resolved(other)
}

/// The whole path, through every link; of what is not there, through those above it.
fn resolved(path: &Path) -> PathBuf {
    let mut path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    for _ in 0..LINKS {
        match (fs::canonicalize(&path), fs::read_link(&path)) {
            (Ok(whole), _) => return whole,
            (Err(_), Ok(to)) => path = path.parent().map(|dir| dir.join(&to)).unwrap_or(to),
            (Err(_), Err(_)) => break,
        }
    }
    match (path.parent(), path.file_name()) {
        (Some(dir), Some(name)) => resolved(dir).join(name),
        _ => path,
    }
}

/// What the system knows a file by.
#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;

    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn identity(_path: &Path) -> Option<(u64, u64)> {
    None
}
