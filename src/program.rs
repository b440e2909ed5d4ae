//! Programs of this machine, found the safe way.
//!
//! A bare name is looked up in the absolute directories of `PATH` only: an empty or relative entry means the working
//! directory, which may be anybody's, and a `git` planted there must never run.
//!
//! What is started inherits the environment, less the variables in which connections find their tokens.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

static HELD_BACK: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// From now on no program is handed this environment variable: it holds a token.
pub fn hold_back(variable: &str) {
    HELD_BACK.lock().unwrap_or_else(PoisonError::into_inner).insert(variable.to_owned());
}

/// Takes the variables that hold tokens out of the environment of `command`.
pub fn without_tokens(command: &mut Command) {
    for variable in HELD_BACK.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        command.env_remove(variable);
    }
}

/// The program of this bare name, as an absolute path.
pub fn find(name: &str) -> Option<PathBuf> {
    let dirs = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&dirs)
        .filter(|dir| dir.is_absolute())
        .flat_map(|dir| {
            // Each look costs a system call, of which the first frame waits for as many as there are directories.
            let suffix = env::consts::EXE_SUFFIX;
            let suffixed = (!suffix.is_empty()).then(|| dir.join(format!("{name}{suffix}")));
            [dir.join(name)].into_iter().chain(suffixed)
        })
        .find(|candidate| is_program(candidate))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}
