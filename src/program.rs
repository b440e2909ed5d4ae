//! Programs of this machine, found the safe way.
//!
//! A bare name is looked up in the absolute directories of `PATH` only: an empty or relative entry means the working
//! directory, which may be anybody's, and a `git` planted there must never run.

use std::env;
use std::path::{Path, PathBuf};

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
