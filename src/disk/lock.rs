//! The lock that makes runs take turns: held only while a file is read, changed and replaced, never while a person
//! types.
//!
//! It is taken on a file of its own that is never removed. The file it guards cannot serve: it is replaced by another
//! one at every save. And a lock file that is removed can be held twice, under one name.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::{DiskFault, DiskFaultKind, Shown};

/// How long another run is waited for. A save takes some milliseconds, but nobody keeps a queue: one of many that wait can
/// be overtaken again and again.
const PATIENCE: Duration = Duration::from_secs(10);
const BETWEEN_TRIES: Duration = Duration::from_millis(5);

/// A held lock; the operating system lets go of it when this is dropped or the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
    /// Why there is no lock after all, where the file system has none.
    pub note: Option<String>,
}

impl Lock {
    /// Takes the lock, waiting up to ten seconds for another run.
    ///
    /// # Errors
    /// `Busy` with the other run's process id, or the lock file cannot be opened.
    pub fn take(path: &Path) -> Result<Self, DiskFault> {
        let refused = |error: &io::Error| DiskFault::of_io(path, "opened", error, "The old file is unchanged.");
        let file = open(path).map_err(|error| refused(&error))?;
        if !file.metadata().map_err(|error| refused(&error))?.is_file() {
            return Err(super::not_a_file(path));
        }
        let patience_ends = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => {
                    sign(&file);
                    return Ok(Self { _file: file, note: None });
                }
                Err(TryLockError::WouldBlock) if Instant::now() < patience_ends => thread::sleep(BETWEEN_TRIES),
                Err(TryLockError::WouldBlock) => return Err(busy(path, &file)),
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                // Some network file systems have no locks. The file is still replaced in one step, so a second run can
                // undo our change, but neither can leave a broken file.
                Err(TryLockError::Error(error)) => {
                    let note = format!(
                        "The file system of {} gives no lock ({error}), so two runs at the same time can undo each \
                         other's changes.",
                        Shown(path)
                    );
                    return Ok(Self { _file: file, note: Some(note) });
                }
            }
        }
    }
}

/// Leaves our process id for whoever waits. Nothing depends on it, so a full disk does not matter here.
fn sign(mut file: &File) {
    if file.set_len(0).is_ok() {
        drop(writeln!(file, "{}", std::process::id()));
    }
}

fn busy(path: &Path, mut file: &File) -> DiskFault {
    let mut text = String::new();
    let read = (&mut file).take(32).read_to_string(&mut text);
    let holder = read.ok().and_then(|_| text.trim().parse::<u32>().ok()).map_or_else(
        || "Another run of git-access holds it".to_owned(),
        |pid| format!("Another run of git-access holds it (process {pid})"),
    );
    DiskFault::new(
        DiskFaultKind::Busy,
        path,
        format!("{holder}: {} stayed locked for ten seconds. The old file is unchanged.", Shown(path)),
        "Wait until the other run has ended, then run this again.",
    )
}

#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::fs::Permissions;
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};

    use rustix::fs::OFlags;

    let guard = (OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW).bits().cast_signed();
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600).custom_flags(guard);
    match options.clone().create_new(true).open(path) {
        Ok(file) => {
            // A strange umask must not lock the next run out.
            file.set_permissions(Permissions::from_mode(0o600))?;
            Ok(file)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => options.open(path),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}
