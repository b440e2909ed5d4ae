//! What others can use of our files, as their modes say: told to whoever looks, and mended with consent alone.
//!
//! A config that others can read tells them names and hosts; one that a group can write decides which programs are run
//! and where a token is sent. A file with a token in it is the token. Whoever can write in the directory of the config
//! can take it away. What belongs to somebody else is not ours to mend, and what is on a file system that nobody can
//! write, as a container mounts it, cannot be mended: neither is told.

use std::fmt;
use std::path::{Path, PathBuf};

use super::{DiskFault, Shown};

/// A file or a directory of ours that others can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposed {
    pub path: PathBuf,
    /// The permission bits that it has.
    pub mode: u32,
    is_directory: bool,
}

impl Exposed {
    /// The permission bits that it is to have. Of a directory only the right of others to write goes.
    pub fn becomes(&self) -> u32 {
        if self.is_directory { self.mode & !0o022 } else { 0o600 }
    }

    /// What a save does about it besides, for the list of what is about to be done.
    pub fn foreseen(&self) -> String {
        let (path, to, from) = (Shown(&self.path), self.becomes(), self.mode);
        format!("the mode of {path} becomes {to:04o} (it is {from:04o}, so that {})", self.who())
    }

    /// The command that mends it.
    pub fn command(&self) -> String {
        format!("chmod {:o} {}", self.becomes(), typed(&self.path))
    }

    fn who(&self) -> &'static str {
        match self.mode {
            _ if self.is_directory => "other users can take away and replace what is in it",
            mode if mode & 0o022 != 0 => "others can write it",
            _ => "others can read it",
        }
    }

    /// Takes the right away from others. What a link leads to is mended, as `chmod` does it.
    ///
    /// # Errors
    /// What the operating system refuses; or it is another file by now, which is left alone.
    pub fn mend(&self) -> Result<(), DiskFault> {
        system::mend(self)
    }
}

/// What is the matter, and what to do: `/home/o/config.toml has mode 0644, so that others can read it. …`
impl fmt::Display for Exposed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, mode, command) = (Shown(&self.path), self.mode, self.command());
        write!(out, "{path} has mode {mode:04o}, so that {}. Take that away: {command}", self.who())
    }
}

/// The config at `path` and its directory, as far as others can use them. One that everybody can write is not told here:
/// it is not even read.
pub fn exposed_config(path: &Path) -> Vec<Exposed> {
    let file = exposed_file(path).filter(|file| file.mode & 0o002 == 0);
    let directory = path.parent().and_then(|dir| system::look(dir, true));
    // A directory in which each may only remove what is his own, such as /tmp, is as it has to be.
    let directory = directory.filter(|dir| dir.mode & 0o002 != 0 && dir.mode & 0o1000 == 0);
    file.into_iter().chain(directory).collect()
}

/// The file at `path`, where others can use it.
pub fn exposed_file(path: &Path) -> Option<Exposed> {
    system::look(path, false).filter(|file| file.mode & 0o077 != 0)
}

/// The path as a shell takes it for one word.
fn typed(path: &Path) -> String {
    let shown = Shown(path).to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,@%:=~".contains(c);
    if shown.chars().all(is_plain) && !shown.starts_with(['~', '-']) {
        return shown;
    }
    format!("'{}'", shown.replace('\'', r"'\''"))
}

#[cfg(unix)]
mod system {
    use std::fs::{self, Permissions};
    use std::io;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::path::Path;

    use rustix::fs::{StatVfsMountFlags, statvfs};

    use super::super::{DiskFault, open};
    use super::Exposed;

    pub(super) fn look(path: &Path, is_directory: bool) -> Option<Exposed> {
        let found = fs::metadata(path).ok()?;
        let is_kind = if is_directory { found.is_dir() } else { found.is_file() };
        let is_ours = found.uid() == rustix::process::geteuid().as_raw();
        let is_fixed = || statvfs(path).is_ok_and(|system| system.f_flag.contains(StatVfsMountFlags::RDONLY));
        let exposed = || Exposed { path: path.to_owned(), mode: found.mode() & 0o7777, is_directory };
        (is_kind && is_ours && !is_fixed()).then(exposed)
    }

    pub(super) fn mend(exposed: &Exposed) -> Result<(), DiskFault> {
        let path = exposed.path.as_path();
        let refused =
            |error: &io::Error| DiskFault::of_io(path, "given another mode", error, "It is as it was before.");
        let file = open(path, true).map_err(|error| refused(&error))?;
        let found = file.metadata().map_err(|error| refused(&error))?;
        // Between looking and mending somebody may have put something else there.
        let is_kind = if exposed.is_directory { found.is_dir() } else { found.is_file() };
        if !is_kind || found.uid() != rustix::process::geteuid().as_raw() {
            return Err(refused(&io::Error::other("another file has taken its place")));
        }
        file.set_permissions(Permissions::from_mode(exposed.becomes())).map_err(|error| refused(&error))
    }
}

/// Access follows from the directory here, which is the user's own.
#[cfg(not(unix))]
mod system {
    use std::path::Path;

    use super::super::DiskFault;
    use super::Exposed;

    pub(super) fn look(_path: &Path, _is_directory: bool) -> Option<Exposed> {
        None
    }

    pub(super) fn mend(_exposed: &Exposed) -> Result<(), DiskFault> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_the_file_as_one_word() {
        for (path, word) in [
            ("/home/o/.config/git-access/config.toml", "/home/o/.config/git-access/config.toml"),
            ("/my files/it's.toml", r"'/my files/it'\''s.toml'"),
            ("/a;b", "'/a;b'"),
            ("/a\nb", "'/a?b'"),
        ] {
            let exposed = Exposed { path: path.into(), mode: 0o644, is_directory: false };
            assert_eq!(exposed.command(), format!("chmod 600 {word}"));
        }
        let dir = Exposed { path: "/d".into(), mode: 0o777, is_directory: true };
        assert_eq!(dir.command(), "chmod 755 /d");
    }
}
