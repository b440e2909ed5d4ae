//! The disk: where our files are, and how they are read and replaced.
//!
//! Whoever is killed at any moment leaves the old file or the new one, never a half: a change is written to a temporary
//! file beside the old one, brought to the platter, read again, and renamed over it. Two runs at once take turns at a
//! lock file. Reading takes no lock, writes nothing and does not care about modes, so that a config mounted read-only
//! works; and it opens regular files only, so that a FIFO or a device planted at a path cannot hang the program.

mod config;
mod lock;
mod modes;
mod paths;
mod save;
mod temporary;

use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

pub use config::{read_config, read_trusted, trusted, update_config};
pub use lock::Lock;
pub use modes::{Exposed, chmod, exposed_config, exposed_secret};
pub use paths::{Paths, is_same_file, rooted};
pub use save::{Lasting, SaveOutcome, create, followed, probe, quiet, remove, replace, settle, update, update_as};
pub use temporary::sweep;

/// The longest file that is read: every file of ours is far smaller, so a longer one is something else.
pub const LONGEST: u64 = 1 << 20;

/// What kept us from reading or writing a file: what happened, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DiskFault {
    pub kind: DiskFaultKind,
    pub path: PathBuf,
    /// Full sentences: the path, the cause, and what is still valid.
    pub message: String,
    /// A full sentence: what to do about it.
    pub remedy: String,
    /// Line and column of the cause, where it stands in the file; both begin at 1, the column in characters.
    pub place: Option<(usize, usize)>,
}

/// The situations that callers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskFaultKind {
    /// A directory, a FIFO, a device or a socket stands at the path.
    NotAFile,
    TooLarge,
    NotUtf8,
    Denied,
    ReadOnly,
    Full,
    /// Another run holds the lock.
    Busy,
    /// The file belongs to another user.
    NotOurs,
    /// Every user of the computer may write the file, and it is one that is obeyed.
    OpenToAll,
    /// What is there is not ours to replace.
    Taken,
    /// Somebody who takes no lock has written the file while a change of it was prepared.
    Meanwhile,
    /// A symbolic link that is not safe to follow.
    Link,
    /// Root in somebody else's home.
    ForeignHome,
    /// There is no home directory to look in.
    NoHome,
    /// Any other answer of the operating system.
    Io,
}

impl DiskFault {
    fn new(kind: DiskFaultKind, path: &Path, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { kind, path: path.to_owned(), message: message.into(), remedy: remedy.into(), place: None }
    }

    /// What the operating system refused. `doing` completes "could not be …", `still` says what is valid now.
    fn of_io(path: &Path, doing: &str, error: &io::Error, still: &str) -> Self {
        use io::ErrorKind as Os;
        let (kind, remedy) = match error.kind() {
            Os::StorageFull | Os::QuotaExceeded => (DiskFaultKind::Full, "Free some space, then run this again."),
            Os::ReadOnlyFilesystem => {
                (DiskFaultKind::ReadOnly, "Choose a path on a writable file system, for the config with --config.")
            }
            Os::PermissionDenied => {
                (DiskFaultKind::Denied, "Give your user access to the file and its directory, or choose another path.")
            }
            _ => (DiskFaultKind::Io, "Look at the path and at the disk it is on, then run this again."),
        };
        Self::new(kind, path, format!("{} could not be {doing}: {error}. {still}", Shown(path)), remedy)
    }
}

/// A path in a message: control characters of a hostile file name do not reach the terminal.
struct Shown<'a>(&'a Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.display().to_string();
        text.chars().try_for_each(|c| write!(out, "{}", if c.is_control() { '?' } else { c }))
    }
}

/// The text of the file at `path`, or `None` where there is none.
///
/// # Errors
/// Anything but a regular file, more than [`LONGEST`] bytes, not UTF-8, or what the operating system refuses.
pub fn read(path: &Path) -> Result<Option<Zeroizing<String>>, DiskFault> {
    read_if(path, |_| Ok(()))
}

/// The same, if `may` agrees to what was opened.
fn read_if(
    path: &Path,
    may: impl FnOnce(&Metadata) -> Result<(), DiskFault>,
) -> Result<Option<Zeroizing<String>>, DiskFault> {
    match fs::metadata(path) {
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(DiskFault::of_io(path, "read", &error, "Nothing was changed.")),
        // Asked before it is opened: opening a device or a FIFO can already do something.
        Ok(found) if !found.is_file() => Err(not_a_file(path)),
        Ok(_) => read_regular(path, true, may),
    }
}

/// The log at `path`, for adding to it: 0600, whatever it was before.
///
/// # Errors
/// Anything but a regular file, or what the operating system refuses.
pub fn log_file(path: &Path) -> Result<File, DiskFault> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(not_a_file(path));
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file =
        options.open(path).map_err(|error| DiskFault::of_io(path, "opened as log", &error, "Nothing was done."))?;
    #[cfg(unix)]
    let _ = file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600));
    Ok(file)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn read_regular(
    path: &Path,
    follow: bool,
    may: impl FnOnce(&Metadata) -> Result<(), DiskFault>,
) -> Result<Option<Zeroizing<String>>, DiskFault> {
    let refused = |error: &io::Error| DiskFault::of_io(path, "read", error, "Nothing was changed.");
    let file = match open(path, follow) {
        Err(error) if is_absent(&error) => return Ok(None),
        opened => opened.map_err(|error| refused(&error))?,
    };
    // Asked again of what was really opened: the name may have been given to something else in between.
    let found = file.metadata().map_err(|error| refused(&error))?;
    if !found.is_file() {
        return Err(not_a_file(path));
    }
    may(&found)?;
    read_text(file, path)
}

fn read_text(file: File, path: &Path) -> Result<Option<Zeroizing<String>>, DiskFault> {
    let refused = |error: &io::Error| DiskFault::of_io(path, "read", error, "Nothing was changed.");
    let length = file.metadata().map_err(|error| refused(&error))?.len();
    // Room for everything at once: growing would leave unwiped copies of a secret behind.
    let room = usize::try_from(length.min(LONGEST)).unwrap_or_default() + 2;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| refused(&error))?;
    text_of(&bytes, path).map(Some)
}

fn text_of(bytes: &[u8], path: &Path) -> Result<Zeroizing<String>, DiskFault> {
    if bytes.len() as u64 > LONGEST {
        return Err(DiskFault::new(
            DiskFaultKind::TooLarge,
            path,
            format!("{} is longer than 1 MiB, so it is not a file of git-access. Nothing was changed.", Shown(path)),
            "Name the right file.",
        ));
    }
    std::str::from_utf8(bytes).map(|text| Zeroizing::new(text.to_owned())).map_err(|error| {
        let whole = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
        let (line, column) = (whole.matches('\n').count() + 1, whole.rsplit('\n').next().unwrap_or_default().chars().count() + 1);
        let message = format!(
            "{} is not UTF-8 text: the first byte that is none stands in line {line}, column {column}. Nothing was changed.",
            Shown(path)
        );
        let fault = DiskFault::new(DiskFaultKind::NotUtf8, path, message, "Save the file as UTF-8, or name the right file.");
        DiskFault { place: Some((line, column)), ..fault }
    })
}

/// Whether `path` is one from which a text comes once: a FIFO or a device, such as the /dev/fd/63 of a shell's `<(…)`.
pub fn is_stream(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo() || found.file_type().is_char_device())
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// The text that comes out of `from`, which is called `path`. It waits until the other end has said all.
///
/// # Errors
/// As for [`read`].
pub fn read_stream(from: impl io::Read, path: &Path) -> Result<Zeroizing<String>, DiskFault> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = from.take(LONGEST + 1).read_to_end(&mut bytes);
    read.map_err(|error| DiskFault::of_io(path, "read", &error, "Nothing was changed."))?;
    text_of(&bytes, path)
}

/// The same of what stands at `path`.
///
/// # Errors
/// As for [`read`].
pub fn read_stream_at(path: &Path) -> Result<Zeroizing<String>, DiskFault> {
    let file = File::open(path).map_err(|error| DiskFault::of_io(path, "read", &error, "Nothing was changed."))?;
    read_stream(file, path)
}

#[cfg(unix)]
fn open(path: &Path, follow: bool) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;

    use rustix::fs::OFlags;

    // Without NONBLOCK, opening a FIFO waits until somebody writes to it.
    let guard = OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = if follow { guard } else { guard | OFlags::NOFOLLOW };
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

#[cfg(not(unix))]
fn open(path: &Path, _follow: bool) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

fn not_a_file(path: &Path) -> DiskFault {
    DiskFault::new(
        DiskFaultKind::NotAFile,
        path,
        format!("{} is not a regular file, so it was not opened. Nothing was changed.", Shown(path)),
        "Name a regular file.",
    )
}

impl Paths {
    /// Records `contents` under `name` in the state directory, as well as it can be done.
    ///
    /// A record is a convenience: nobody fails because of it. The answer is why it was not kept; `None` where it was, or
    /// where there is no state directory.
    pub fn write_state(&self, name: &str, contents: &str) -> Option<DiskFault> {
        let path = self.state_file(name)?;
        self.may_write().and_then(|()| replace(&path, contents)).err()
    }

    /// What was recorded under `name`; `None` also where it cannot be read.
    pub fn read_state(&self, name: &str) -> Option<String> {
        let text = read(&self.state_file(name)?).ok()??;
        Some(text.as_str().to_owned())
    }

    /// Forgets what was recorded under `name`, as well as it can be done.
    pub fn remove_state(&self, name: &str) -> Option<DiskFault> {
        remove(&self.state_file(name)?).err()
    }

    fn state_file(&self, name: &str) -> Option<PathBuf> {
        // A name, not a path: a record never leaves its directory.
        let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
        if plain { self.state_dir.as_ref().map(|dir| dir.join(name)) } else { None }
    }
}
