//! The user's git config: found as git finds it, added to by git's own program, put back by its rules.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use directories::BaseDirs;

use crate::cli::Refusal;
use crate::program;
use crate::text::sanitise;

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
        match fs::read(&self.path) {
            Ok(bytes) => String::from_utf8(bytes).map(Some).map_err(|_| {
                let message = format!("{} is not UTF-8 text, so it was left alone.", self.shown());
                Refusal::storage(message, "Save it as UTF-8, then run this again.")
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(refused(&self.path, "read", &error)),
        }
    }

    /// Adds an entry, and gives the text before and after.
    pub(super) fn add(&mut self, key: &str, value: &str) -> Result<(String, String), Refusal> {
        let before = self.text()?;
        if before.is_none()
            && let Some(dir) = self.path.parent()
        {
            fs::create_dir_all(dir).map_err(|error| refused(&self.path, "created", &error))?;
        }
        self.git(&["--add", "--", key, value])?;
        Ok((before.unwrap_or_default(), self.text()?.unwrap_or_default()))
    }

    /// Removes every entry of this very value.
    pub(super) fn unset(&mut self, key: &str, value: &str) -> Result<(), Refusal> {
        self.git(&["--unset-all", "--", key, &format!("^{}$", literal(value))])
    }

    pub(super) fn values(&self, key: &str) -> Vec<String> {
        let done = self.command(&["--null", "--get-all", "--", key]).output();
        let bytes = done.ok().filter(|done| done.status.success()).map(|done| done.stdout).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    /// Whether our entries for `origin` are there and take effect.
    pub(super) fn has(&self, origin: &str, helper: &str) -> bool {
        let helpers = self.values(&format!("credential.{origin}.helper"));
        let paths = self.values(&format!("credential.{origin}.useHttpPath"));
        helpers.ends_with(&[String::new(), helper.to_owned()]) && paths.last().is_some_and(|last| last == "true")
    }

    /// Puts `text` in place of what is there, by git's rules: the lock file is written, and takes the file's name.
    pub(super) fn write(&mut self, text: &str) -> Result<(), Refusal> {
        // Where it is a link into a folder of dotfiles, the link stays.
        let target = self.path.canonicalize().map_err(|error| refused(&self.path, "found", &error))?;
        let mut lock = target.clone().into_os_string();
        lock.push(".lock");
        let lock = PathBuf::from(lock);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&lock)
            .map_err(|error| refused(&lock, "created", &error))?;
        let written = fs::metadata(&target)
            .and_then(|there| file.set_permissions(there.permissions()))
            .and_then(|()| file.write_all(text.as_bytes()))
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&lock, &target));
        written.map_err(|error| {
            // The lock is ours; left behind, it would stop git.
            let _ = fs::remove_file(&lock);
            refused(&self.path, "written", &error)
        })
    }

    pub(super) fn remove(&mut self) -> Result<(), Refusal> {
        fs::remove_file(&self.path).map_err(|error| refused(&self.path, "removed", &error))
    }

    fn git(&self, arguments: &[&str]) -> Result<(), Refusal> {
        let done = self.command(arguments).output().map_err(|error| refused(&self.program, "started", &error))?;
        if done.status.success() {
            return Ok(());
        }
        let said = sanitise(&String::from_utf8_lossy(&done.stderr), 300);
        let message = format!("Git did not change {}: {}.", self.shown(), said.trim_end_matches('.'));
        Err(Refusal::storage(message, "Mend what git says, then run this again."))
    }

    /// Nothing of the environment decides which file is meant, and no repository around us is looked at.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().stdin(Stdio::null());
        for name in ["PATH", "HOME", "SYSTEMROOT"] {
            if let Some(value) = env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
        command.current_dir(self.path.parent().filter(|dir| dir.is_dir()).unwrap_or(Path::new("/")));
        command.arg("config").arg("--file").arg(&self.path).args(arguments);
        command
    }
}

/// `value` for a regular expression that matches nothing else.
fn literal(value: &str) -> String {
    let special = |c: char| r"\.[]{}()*+?^$|/".contains(c);
    value.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

fn refused(path: &Path, doing: &str, error: &io::Error) -> Refusal {
    let message = format!("{} could not be {doing}: {error}.", sanitise(&path.display().to_string(), 300));
    Refusal::storage(message, "Look at that path, then run this again.")
}
