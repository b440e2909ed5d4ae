//! Where our files are: beside the config that was named, else where the platform's conventions put them (XDG).

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use directories::{BaseDirs, ProjectDirs};

use super::{DiskFault, DiskFaultKind, Shown};
use crate::answers::Answer;

/// The variable that names the config file when `--config` does not.
const CONFIG_VARIABLE: &str = "GIT_ACCESS_CONFIG";

/// A path that was typed in this directory, as one that holds in every other; `~` is the home of whoever types.
pub fn rooted(answer: Answer) -> Answer {
    answer.rooted(&env::current_dir().unwrap_or_default(), env::home_dir().as_deref())
}

/// The places of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    pub config_dir: PathBuf,
    pub config: PathBuf,
    /// Where records go that may be lost; `None` where there is no home directory.
    pub state_dir: Option<PathBuf>,
    /// Where the `file` store proposes to put a secret.
    pub secrets_dir: PathBuf,
    /// The home that belongs to another user, when we are root and nobody named the config.
    foreign_home: Option<PathBuf>,
}

impl Paths {
    /// The config named by `flag` (`--config`), else by `GIT_ACCESS_CONFIG`, else the user's own.
    ///
    /// # Errors
    /// `NoHome` where no file is named and there is no home directory to look in.
    pub fn find(flag: Option<&Path>) -> Result<Self, DiskFault> {
        let variable = env::var_os(CONFIG_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
        let dirs = ProjectDirs::from("", "", "git-access");
        let foreign_home = BaseDirs::new().map(|base| base.home_dir().to_owned()).filter(|home| is_foreign(home));
        let state_dir = dirs.as_ref().map(|dirs| dirs.state_dir().unwrap_or_else(|| dirs.data_local_dir()).to_owned());
        if let Some(named) = flag.map(Path::to_owned).or(variable) {
            // The named file may be written; records of root still have no place in somebody else's home.
            return Self::beside(&named, state_dir.filter(|_| foreign_home.is_none()));
        }
        let Some(dirs) = dirs else {
            return Err(DiskFault::new(
                DiskFaultKind::NoHome,
                Path::new("config.toml"),
                "There is no home directory, so there is no place for the config.",
                format!("Name the config with --config FILE or with the variable {CONFIG_VARIABLE}."),
            ));
        };
        let config_dir = dirs.config_dir().to_owned();
        Ok(Self {
            config: config_dir.join("config.toml"),
            secrets_dir: config_dir.join("secrets"),
            config_dir,
            state_dir,
            foreign_home,
        })
    }

    /// Everything inside one directory: a sandbox, or a test.
    pub fn under(dir: &Path) -> Self {
        Self {
            config_dir: dir.to_owned(),
            config: dir.join("config.toml"),
            state_dir: Some(dir.join("state")),
            secrets_dir: dir.join("secrets"),
            foreign_home: None,
        }
    }

    /// Whether this run may write here. Reading needs no such question.
    ///
    /// # Errors
    /// `ForeignHome`: `sudo` often keeps `HOME`, and files of root in a user's home lock that user out of them.
    pub fn may_write(&self) -> Result<(), DiskFault> {
        let Some(home) = &self.foreign_home else { return Ok(()) };
        Err(DiskFault::new(
            DiskFaultKind::ForeignHome,
            &self.config,
            format!(
                "You are root, and the home directory {} belongs to another user. Files of root would be left there, \
                 so nothing was written.",
                Shown(home)
            ),
            "Run this as that user (sudo -u NAME git-access …), or name a config of root's with --config FILE.",
        ))
    }

    fn beside(named: &Path, state_dir: Option<PathBuf>) -> Result<Self, DiskFault> {
        let config = std::path::absolute(named)
            .map_err(|error| DiskFault::of_io(named, "located", &error, "Nothing was changed."))?;
        let (Some(dir), Some(_)) = (config.parent(), config.file_name()) else { return Err(super::not_a_file(named)) };
        Ok(Self { config_dir: dir.to_owned(), secrets_dir: dir.join("secrets"), config, state_dir, foreign_home: None })
    }
}

/// Whether the two name one file, also where a link or `..` is on the way, and where it is not there yet.
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    fn real(path: &Path) -> Option<PathBuf> {
        let beside = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
        path.canonicalize().ok().or_else(beside)
    }
    one == other || real(one).zip(real(other)).is_some_and(|(one, other)| one == other)
}

/// `name` with `before` and `after` around it: the names of the files that stand beside a file of ours.
pub(super) fn around(before: &str, name: &std::ffi::OsStr, after: &str) -> OsString {
    let mut whole = OsString::from(before);
    whole.push(name);
    whole.push(after);
    whole
}

#[cfg(unix)]
fn is_foreign(home: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;

    rustix::process::geteuid().is_root() && std::fs::metadata(home).is_ok_and(|found| found.uid() != 0)
}

#[cfg(not(unix))]
fn is_foreign(_home: &Path) -> bool {
    false
}
