//! The temporary files beside ours: made, held as long as they are in use, and removed by a later run where the run that
//! made one was killed.
//!
//! Whoever has a temporary file holds a lock on it, which the operating system lets go of when the process dies, in
//! whatever way. So no clock decides whether one is in use: a live writer may be slow, and what a killed one has left may
//! be a moment old and hold a secret. Only where the file system has no locks, the age has to do.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use tempfile::NamedTempFile;

use super::paths::around;
use super::save::{is_ours, place};

/// Where there are no locks, what is older than this is taken for abandoned: no save takes so long.
const STALE: Duration = Duration::from_secs(60);
const TEMPORARY: &str = ".tmp";
/// How often a new file may be swept away by another run before it is locked.
const TRIES: usize = 8;

/// A new temporary file for `name` in `dir`, which nobody takes for one that was left.
pub(super) fn begin(dir: &Path, name: &OsStr) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    let before = around(".", name, ".");
    builder.prefix(&before).suffix(TEMPORARY).rand_bytes(8);
    let mut temporary = builder.tempfile_in(dir)?;
    for _ in 0..TRIES {
        // Between its making and its lock another run may have swept it away.
        if system::hold(&temporary) {
            break;
        }
        temporary = builder.tempfile_in(dir)?;
    }
    Ok(temporary)
}

/// Removes what killed runs left in `dir`, whatever file it was for.
pub fn sweep(dir: &Path) {
    remove_abandoned(dir, |name| {
        let random = name.strip_prefix(b".").and_then(|rest| rest.strip_suffix(TEMPORARY.as_bytes()));
        random.and_then(|rest| rest.rsplit(|byte| *byte == b'.').next()).is_some_and(|random| random.len() == 8)
    });
}

/// Removes what killed runs left beside `target`, and beside the other generations of a secret there.
pub(super) fn sweep_beside(target: &Path) {
    let Ok((dir, name)) = place(target) else { return };
    let before = [b".", first_generation(name.as_encoded_bytes()), b"."].concat();
    remove_abandoned(dir, |name| {
        let random = name.strip_prefix(before.as_slice());
        let random = random.and_then(|rest| rest.strip_suffix(TEMPORARY.as_bytes()));
        random.is_some_and(|random| without_generation(random).len() == 8)
    });
}

/// Removes temporary files: ours by name, owner and kind, and in use by nobody.
fn remove_abandoned(dir: &Path, is_named_so: impl Fn(&[u8]) -> bool) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten().filter(|entry| is_named_so(entry.file_name().as_encoded_bytes())) {
        let path = entry.path();
        let Ok(found) = path.symlink_metadata() else { continue };
        if found.is_file()
            && is_ours(&found)
            && let Some(_claim) = system::claim(&path, &found)
        {
            // Somebody else may have removed it first; the next save looks again.
            drop(fs::remove_file(&path));
        }
    }
}

/// The name without its number: `token` of `token.2`.
fn first_generation(name: &[u8]) -> &[u8] {
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    match name.get(..name.len() - digits) {
        Some([first @ .., b'.']) if digits > 0 && !first.is_empty() => first,
        _ => name,
    }
}

/// What follows the number and the dot, where there is one: `token.2` is the next generation of the secret in `token`.
fn without_generation(random: &[u8]) -> &[u8] {
    let digits = random.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match random.get(digits..) {
        Some([b'.', rest @ ..]) if digits > 0 => rest,
        _ => random,
    }
}

fn is_old(found: &fs::Metadata) -> bool {
    found.modified().is_ok_and(|then| then.elapsed().is_ok_and(|age| age > STALE))
}

#[cfg(unix)]
mod system {
    use std::fs::{File, Metadata, OpenOptions, TryLockError};
    use std::io;
    use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
    use std::path::Path;

    use rustix::fs::OFlags;
    use tempfile::NamedTempFile;

    /// The right to remove a temporary file, as long as this lives.
    pub(super) struct Claim {
        _lock: Option<File>,
    }

    /// Locks the file; whether it is still there.
    pub(super) fn hold(temporary: &NamedTempFile) -> bool {
        let file = temporary.as_file();
        // Where there are no locks, nobody sweeps it before it is old.
        file.lock().is_err() || file.metadata().is_ok_and(|made| is_at(temporary.path(), &made))
    }

    /// The right to remove the file `found` at `path`, where whoever made it is gone.
    pub(super) fn claim(path: &Path, found: &Metadata) -> Option<Claim> {
        let by_age = || super::is_old(found).then_some(Claim { _lock: None });
        // A kill can have come before its mode was set.
        let Ok(file) = open(path) else { return by_age() };
        match file.try_lock() {
            Ok(()) => {
                let same =
                    file.metadata().is_ok_and(|opened| (opened.dev(), opened.ino()) == (found.dev(), found.ino()));
                (same && is_at(path, found)).then_some(Claim { _lock: Some(file) })
            }
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Error(_)) => by_age(),
        }
    }

    /// Over NFS an exclusive lock takes a file that was opened for writing.
    fn open(path: &Path) -> io::Result<File> {
        let guard = (OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW).bits().cast_signed();
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(guard);
        options.clone().write(true).open(path).or_else(|_| options.open(path))
    }

    fn is_at(path: &Path, file: &Metadata) -> bool {
        path.symlink_metadata().is_ok_and(|there| (there.dev(), there.ino()) == (file.dev(), file.ino()))
    }
}

/// A lock here keeps others from reading, also once the file has its name.
#[cfg(not(unix))]
mod system {
    use std::fs::Metadata;
    use std::path::Path;

    use tempfile::NamedTempFile;

    pub(super) struct Claim;

    pub(super) fn hold(_temporary: &NamedTempFile) -> bool {
        true
    }

    pub(super) fn claim(_path: &Path, found: &Metadata) -> Option<Claim> {
        super::is_old(found).then_some(Claim)
    }
}
