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
    what: What,
}

/// What others could use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Config,
    /// That of the config.
    Directory,
    /// A token or a private key, in a file of its own.
    Secret,
}

impl What {
    /// Whether a mode lets others use it.
    fn is_open(self, mode: u32) -> bool {
        match self {
            // One that everybody can write is not told here: it is not even read.
            Self::Config => mode & 0o077 != 0 && mode & 0o002 == 0,
            // One in which each may only remove what is his own, such as /tmp, is as it has to be.
            Self::Directory => mode & 0o002 != 0 && mode & 0o1000 == 0,
            Self::Secret => mode & 0o077 != 0,
        }
    }
}

impl Exposed {
    /// The permission bits that it is to have. Of a directory only the right of others to write goes.
    pub fn becomes(&self) -> u32 {
        if self.what == What::Directory { self.mode & !0o022 } else { 0o600 }
    }

    /// What a save does about it besides, for the list of what is about to be done.
    pub fn foreseen(&self) -> String {
        let (path, to, from) = (Shown(&self.path), self.becomes(), self.mode);
        format!("the mode of {path} becomes {to:04o} (it is {from:04o}, so that {})", self.who())
    }

    /// The command that mends it.
    pub fn command(&self) -> String {
        chmod(self.becomes(), &self.path)
    }

    /// The same as its [`Display`](fmt::Display), up to the command.
    pub fn told(&self) -> String {
        let (path, mode) = (Shown(&self.path), self.mode);
        let advice = if self.what == What::Secret { ", and rotate if somebody may have read it" } else { "" };
        format!("{path} has mode {mode:04o}, so that {}. Take that away{advice}:", self.who())
    }

    fn who(&self) -> &'static str {
        match self.mode {
            _ if self.what == What::Directory => "other users can take away and replace what is in it",
            mode if mode & 0o022 != 0 => "others can write it",
            mode if mode & 0o044 != 0 => "others can read it",
            _ => "others can execute it",
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
        write!(out, "{} {}", self.told(), self.command())
    }
}

/// The config at `path` and its directory, as far as others can use them.
pub fn exposed_config(path: &Path) -> Vec<Exposed> {
    let directory = path.parent().and_then(|dir| system::look(dir, What::Directory));
    system::look(path, What::Config).into_iter().chain(directory).collect()
}

/// The file with a secret at `path`, where others can use it.
pub fn exposed_secret(path: &Path) -> Option<Exposed> {
    system::look(path, What::Secret)
}

/// The command that gives the file this mode, as a shell takes it.
pub fn chmod(mode: u32, path: &Path) -> String {
    format!("chmod {mode:o} {}", typed(path))
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
    use super::{Exposed, What};

    pub(super) fn look(path: &Path, what: What) -> Option<Exposed> {
        let found = fs::metadata(path).ok()?;
        let mode = found.mode() & 0o7777;
        let is_kind = if what == What::Directory { found.is_dir() } else { found.is_file() };
        if !is_kind || !what.is_open(mode) || found.uid() != rustix::process::geteuid().as_raw() {
            return None;
        }
        // Asked last, for hardly any file is open to others: a network file system may take its time to answer.
        let is_fixed = statvfs(path).is_ok_and(|system| system.f_flag.contains(StatVfsMountFlags::RDONLY));
        (!is_fixed).then(|| Exposed { path: path.to_owned(), mode, what })
    }

    pub(super) fn mend(exposed: &Exposed) -> Result<(), DiskFault> {
        let path = exposed.path.as_path();
        let refused =
            |error: &io::Error| DiskFault::of_io(path, "given another mode", error, "It is as it was before.");
        let file = open(path, true).map_err(|error| refused(&error))?;
        let found = file.metadata().map_err(|error| refused(&error))?;
        // Between looking and mending somebody may have put something else there.
        let is_kind = if exposed.what == What::Directory { found.is_dir() } else { found.is_file() };
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
    use super::{Exposed, What};

    pub(super) fn look(_path: &Path, _what: What) -> Option<Exposed> {
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
            let exposed = Exposed { path: path.into(), mode: 0o644, what: What::Config };
            assert_eq!(exposed.command(), format!("chmod 600 {word}"));
        }
        let dir = Exposed { path: "/d".into(), mode: 0o777, what: What::Directory };
        assert_eq!(dir.command(), "chmod 755 /d");
    }

    #[test]
    fn what_is_told_is_what_the_mode_allows() {
        for (mode, who) in [
            (0o644, "others can read it"),
            (0o640, "others can read it"),
            (0o660, "others can write it"),
            (0o620, "others can write it"),
            (0o610, "others can execute it"),
            (0o601, "others can execute it"),
        ] {
            let told = |what| Exposed { path: "/a".into(), mode, what }.to_string();
            let begins = format!("/a has mode {mode:04o}, so that {who}. Take that away");
            assert_eq!(told(What::Config), format!("{begins}: chmod 600 /a"));
            let secret = told(What::Secret);
            assert_eq!(secret, format!("{begins}, and rotate if somebody may have read it: chmod 600 /a"));
        }
    }
}
