//! The user's git config: found as git finds it, read by git's own program, and replaced in one step by git's rules.
//!
//! Whoever writes holds `….lock`. Ours is a second name of the finished draft, so that a run which is killed at any
//! moment leaves the old file or the new one, and traces that can be told from the lock of somebody else.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use directories::BaseDirs;

use crate::cli::Refusal;
use crate::program;
use crate::text::sanitise;

/// The end of git's lock (<https://git-scm.com/docs/api-lockfile>), and of what is to take the place of the file.
const LOCK: &str = ".lock";
const DRAFT: &str = ".git-access.new";
/// As many links in a row as git follows: `MAXDEPTH` of its lockfile.c.
const MOST_LINKS: usize = 5;

pub(super) struct GitConfig {
    pub path: PathBuf,
    pub program: PathBuf,
}

impl GitConfig {
    /// The file that `git config --global` writes, and the program that does it.
    ///
    /// `GIT_CONFIG_GLOBAL`, else `~/.gitconfig`, else `$XDG_CONFIG_HOME/git/config` where only that one is there
    /// (<https://git-scm.com/docs/git-config#FILES>).
    pub(super) fn find() -> Result<Self, Refusal> {
        let program = Self::program()?;
        if let Some(named) = env::var_os("GIT_CONFIG_GLOBAL").filter(|named| !named.is_empty()) {
            let path = std::path::absolute(PathBuf::from(named))
                .map_err(|error| refused(Path::new("GIT_CONFIG_GLOBAL"), "located", &error))?;
            return Ok(Self { path, program });
        }
        let Some(base) = BaseDirs::new() else {
            let message = "There is no home directory, so git has no config of yours.";
            return Err(Refusal::usage(message, "Set HOME, or name the file in GIT_CONFIG_GLOBAL."));
        };
        let own = base.home_dir().join(".gitconfig");
        let set = env::var_os("XDG_CONFIG_HOME").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let shared = set.unwrap_or_else(|| base.home_dir().join(".config")).join("git").join("config");
        let path = if !own.exists() && shared.exists() { shared } else { own };
        Ok(Self { path, program })
    }

    pub(super) fn at(path: PathBuf, program: PathBuf) -> Self {
        Self { path, program }
    }

    pub(super) fn program() -> Result<PathBuf, Refusal> {
        program::find("git").ok_or_else(|| {
            let message = "The program git was not found in any directory of PATH, so there is nothing to set up.";
            Refusal::usage(message, "Install git, then run this again.")
        })
    }

    pub(super) fn shown(&self) -> String {
        sanitise(&self.path.display().to_string(), 300)
    }

    /// The text of the file; `None` where there is none.
    pub(super) fn text(&self) -> Result<Option<String>, Refusal> {
        // What is no file, such as a pipe or a device, is neither read nor put another file in the place of.
        if fs::metadata(&self.path).is_ok_and(|found| !found.is_file()) {
            let message = format!("{} is not a regular file, so it was left alone.", self.shown());
            return Err(Refusal::storage(message, "Let GIT_CONFIG_GLOBAL name a file, then run this again."));
        }
        match fs::read(&self.path) {
            Ok(bytes) => String::from_utf8(bytes).map(Some).map_err(|_| {
                let message = format!("{} is not UTF-8 text, so it was left alone.", self.shown());
                Refusal::storage(message, "Save it as UTF-8, then run this again.")
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(refused(&self.path, "read", &error)),
        }
    }

    /// What git would read for `key` if the file had this text.
    pub(super) fn values_in(&self, text: &str, key: &str) -> Result<Vec<String>, Refusal> {
        let mut command = self.command(Path::new("-"), &["--null", "--get-all", "--", key]);
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = started.map_err(|error| refused(&self.program, "started", &error))?;
        if let Some(mut input) = child.stdin.take() {
            // git that does not read to the end says why by how it ends.
            let _ = input.write_all(text.as_bytes());
        }
        let done = child.wait_with_output().map_err(|error| refused(&self.program, "read", &error))?;
        // It ends with 1 where there is none (<https://git-scm.com/docs/git-config>).
        if done.status.success() || done.status.code() == Some(1) {
            return Ok(split(&done.stdout));
        }
        let said = sanitise(&String::from_utf8_lossy(&done.stderr), 300);
        let message = format!("Git cannot read {}: {}.", self.shown(), said.trim_end_matches('.'));
        Err(Refusal::storage(message, "Mend what git says, then run this again."))
    }

    /// Removes every entry of this very value.
    pub(super) fn unset(&mut self, key: &str, value: &str) -> Result<(), Refusal> {
        self.git(&["--unset-all", "--", key, &format!("^{}$", literal(value))])
    }

    pub(super) fn values(&self, key: &str) -> Vec<String> {
        let done = self.command(&self.path, &["--null", "--get-all", "--", key]).stdin(Stdio::null()).output();
        done.ok().filter(|done| done.status.success()).map(|done| split(&done.stdout)).unwrap_or_default()
    }

    /// Whether our entries for `origin` are there and take effect.
    pub(super) fn has(&self, origin: &str, helper: &str) -> bool {
        let helpers = self.values(&format!("credential.{origin}.helper"));
        let paths = self.values(&format!("credential.{origin}.useHttpPath"));
        helpers.ends_with(&[String::new(), helper.to_owned()]) && paths.last().is_some_and(|last| last == "true")
    }

    /// Puts `text` in the place of `before`, which is what was read; `None` where there is no file.
    pub(super) fn replace(&mut self, before: Option<&str>, text: &str) -> Result<(), Refusal> {
        let target = self.target();
        let (draft, lock) = (beside(&target, DRAFT), beside(&target, LOCK));
        if let Some(dir) = target.parent() {
            fs::create_dir_all(dir).map_err(|error| refused(&self.path, "created", &error))?;
        }
        let file = new_file(&draft, before.is_some()).map_err(|error| refused(&draft, "created", &error))?;
        let replaced = fill(file, before.is_some().then_some(&target), text)
            .map_err(|error| refused(&self.path, "written", &error))
            .and_then(|()| self.turn(before, &draft, &lock, &target));
        if replaced.is_err() {
            // It is ours, and may hold what its owner keeps to himself.
            let _ = fs::remove_file(&draft);
        }
        replaced
    }

    /// The turn itself, under git's lock. It is the lock that takes the name of the file, as git does it: so the moment in
    /// which the file is new is the one in which the lock has gone.
    fn turn(&self, before: Option<&str>, draft: &Path, lock: &Path, target: &Path) -> Result<(), Refusal> {
        let (new, spare) = match fs::hard_link(draft, lock) {
            Ok(()) => (lock, draft),
            // Some file systems have no second names; a lock of its own serves as well, as long as nobody kills us.
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                new_file(lock, true).map_err(|error| locked(lock, &error))?;
                (draft, lock)
            }
            Err(error) => return Err(locked(lock, &error)),
        };
        let done = match self.text() {
            Ok(now) if now.as_deref() == before => {
                fs::rename(new, target).map_err(|error| refused(&self.path, "written", &error))
            }
            Ok(_) => {
                let message =
                    format!("{} was changed by another program just now, so it was left alone.", self.shown());
                Err(Refusal::storage(message, "Run this again."))
            }
            Err(refusal) => Err(refusal),
        };
        // Left behind, the lock would stop git; after the turn its name is free, and may be somebody else's by now.
        let _ = fs::remove_file(if done.is_ok() { spare } else { lock });
        done
    }

    /// Takes away what a run of ours that was killed has left beside the file.
    pub(super) fn clear(&self) {
        let target = self.target();
        let (draft, lock) = (beside(&target, DRAFT), beside(&target, LOCK));
        // A lock of git's is a file of its own.
        if is_same(&lock, &draft) {
            let _ = fs::remove_file(&lock);
        }
        let _ = fs::remove_file(&draft);
    }

    pub(super) fn remove(&mut self) -> Result<(), Refusal> {
        fs::remove_file(self.target()).map_err(|error| refused(&self.path, "removed", &error))
    }

    /// The file behind the links, also where it is yet to be made: a link into a folder of dotfiles stays.
    fn target(&self) -> PathBuf {
        let mut path = self.path.clone();
        for _ in 0..MOST_LINKS {
            let Ok(next) = fs::read_link(&path) else { break };
            path = path.parent().map_or_else(|| next.clone(), |dir| dir.join(&next));
        }
        path
    }

    fn git(&self, arguments: &[&str]) -> Result<(), Refusal> {
        let done = self.command(&self.path, arguments).stdin(Stdio::null()).output();
        let done = done.map_err(|error| refused(&self.program, "started", &error))?;
        if done.status.success() {
            return Ok(());
        }
        let said = sanitise(&String::from_utf8_lossy(&done.stderr), 300);
        let message = format!("Git did not change {}: {}.", self.shown(), said.trim_end_matches('.'));
        Err(Refusal::storage(message, "Mend what git says, then run this again."))
    }

    /// Nothing of the environment decides which file is meant, and no repository around us is looked at.
    fn command(&self, file: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear();
        for name in ["PATH", "HOME", "SYSTEMROOT"] {
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
        command.current_dir(self.path.parent().filter(|dir| dir.is_dir()).unwrap_or(Path::new("/")));
        command.arg("config").arg("--file").arg(file).args(arguments);
        command
    }
}

/// `value` for a regular expression that matches nothing else.
fn literal(value: &str) -> String {
    let special = |c: char| r"\.[]{}()*+?^$|/".contains(c);
    value.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

/// What git separates by zeros.
fn split(bytes: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(bytes).split_terminator('\0').map(str::to_owned).collect()
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

/// `closed`: nobody else reads it before it has the permissions of the file that it takes the place of.
fn new_file(path: &Path, closed: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if closed {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = closed;
    options.open(path)
}

fn fill(mut file: File, like: Option<&PathBuf>, text: &str) -> io::Result<()> {
    if let Some(like) = like {
        file.set_permissions(fs::metadata(like)?.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Whether both are names of one file.
fn is_same(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let of = |path: &Path| fs::symlink_metadata(path).map(|there| (there.dev(), there.ino()));
        matches!((of(one), of(other)), (Ok(one), Ok(other)) if one == other)
    }
    #[cfg(not(unix))]
    {
        let _ = (one, other);
        false
    }
}

fn locked(lock: &Path, error: &io::Error) -> Refusal {
    if error.kind() != io::ErrorKind::AlreadyExists {
        return refused(lock, "created", error);
    }
    let shown = sanitise(&lock.display().to_string(), 300);
    let message = format!("Another program is writing git's config: its lock is there, {shown}");
    Refusal::storage(message, "Run this again when it has ended; where none runs any more, remove that file.")
}

fn refused(path: &Path, doing: &str, error: &io::Error) -> Refusal {
    let message = format!("{} could not be {doing}: {error}.", sanitise(&path.display().to_string(), 300));
    Refusal::storage(message, "Look at that path, then run this again.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(dir: &Path) -> GitConfig {
        GitConfig::at(dir.join("config"), PathBuf::from("/nowhere/git"))
    }

    #[test]
    fn a_lock_of_somebody_else_stays_and_stops_us() {
        let dir = tempfile::tempdir().unwrap();
        let mut git = config(dir.path());
        fs::write(&git.path, "old\n").unwrap();
        let lock = dir.path().join("config.lock");
        for theirs in ["", "old\n", "new\n"] {
            fs::write(&lock, theirs).unwrap();
            git.clear();
            let refusal = git.replace(Some("old\n"), "new\n").unwrap_err();
            assert!(refusal.message.contains("config.lock"), "{}", refusal.message);
            assert_eq!(fs::read_to_string(&lock).unwrap(), theirs);
            assert_eq!(fs::read_to_string(&git.path).unwrap(), "old\n");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "the draft has gone");
        }
    }

    #[test]
    fn what_was_changed_since_it_was_read_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut git = config(dir.path());
        for (now, read) in [("theirs\n", Some("old\n")), ("theirs\n", None)] {
            fs::write(&git.path, now).unwrap();
            assert!(git.replace(read, "new\n").unwrap_err().message.contains("changed by another program"));
            assert_eq!(fs::read_to_string(&git.path).unwrap(), now);
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_a_killed_run_leaves_stops_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let mut git = config(dir.path());
        let (draft, lock) = (dir.path().join("config.git-access.new"), dir.path().join("config.lock"));
        // Killed with half a draft, with the lock, and with the file already in its place.
        for (step, after) in [("draft", "old\n"), ("lock", "old\n"), ("turned", "new\n")] {
            fs::write(&git.path, "old\n").unwrap();
            fs::write(&draft, if step == "draft" { "ne" } else { "new\n" }).unwrap();
            if step != "draft" {
                fs::hard_link(&draft, &lock).unwrap();
            }
            if step == "turned" {
                fs::rename(&lock, &git.path).unwrap();
            }
            git.clear();
            assert_eq!(fs::read_to_string(&git.path).unwrap(), after, "{step}");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "{step}");
            git.replace(Some(after), "next\n").unwrap();
            assert_eq!(fs::read_to_string(&git.path).unwrap(), "next\n");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_file_that_is_yet_to_be_made_stays_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let mut git = config(dir.path());
        std::os::unix::fs::symlink("dotfiles/config", &git.path).unwrap();
        git.replace(None, "new\n").unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("dotfiles/config")).unwrap(), "new\n");
        git.remove().unwrap();
        assert!(git.path.is_symlink() && !dir.path().join("dotfiles/config").exists());
    }
}
