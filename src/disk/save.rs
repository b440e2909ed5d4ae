//! Replacing a file so that there is always a whole one: lock, temporary file beside it, fsync, read again, rename,
//! fsync of the directory.
//!
//! Because the new file takes the old one's name in one step, nothing is ever written *through* a name that somebody
//! else could have redirected. A symbolic link at the path is followed on purpose, once, since people keep their config
//! in a repository of dotfiles; it is refused where another user could have placed or could change what it points to.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockWriteGuard};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::paths::around;
use super::temporary::{self, sweep_beside};
use super::{DiskFault, DiskFaultKind, Lock, Shown};

const UNCHANGED: &str = "The old file is unchanged.";

/// Held for reading by everybody who has a temporary file.
static UNDER_WAY: RwLock<()> = RwLock::new(());

/// What a saved file has to outlast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    PowerCut,
    /// The end of the run, in whatever way: it is still whole or not there, and what it says is easily found out anew.
    Run,
}

/// What a save has done, beyond the file being there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SaveOutcome {
    /// There was no file before.
    pub created: bool,
    /// The contents differ from what was there.
    pub changed: bool,
    /// What else the user may want to know, in full sentences: a mode that was mended, a lock that there is not.
    pub notes: Vec<String>,
}

/// What stands where a file will be written.
struct Found {
    /// The permission bits; nothing on systems without them.
    mode: u32,
}

/// How often a change is begun again when the file is written by somebody else meanwhile.
const TRIES: usize = 4;

/// Replaces the file at `path` by what `change` makes of its text (`None`: there is no file), while no other run can.
///
/// # Errors
/// What `change` refuses, and every [`DiskFault`]; in each case the old file is unchanged. `Meanwhile` where somebody who
/// takes no lock, such as an editor, has written the file while it was changed.
pub fn update<S, E>(path: &Path, change: impl FnOnce(Option<&str>) -> Result<S, E>) -> Result<SaveOutcome, E>
where
    S: AsRef<str>,
    E: From<DiskFault>,
{
    update_as(path, |text| change(text).map(|new| (new, Lasting::PowerCut)))
}

/// The same for a `change` that can be applied to any text: what somebody has written meanwhile is changed in its turn.
///
/// # Errors
/// As for [`update`]; `Meanwhile` where the file is written again and again.
pub(super) fn update_newest<S, E>(
    path: &Path,
    mut change: impl FnMut(Option<&str>) -> Result<S, E>,
) -> Result<SaveOutcome, E>
where
    S: AsRef<str>,
    E: From<DiskFault>,
{
    for _ in 1..TRIES {
        if let Ok(outcome) = attempt(path, |text| change(text).map(|new| (new, Lasting::PowerCut)))? {
            return Ok(outcome);
        }
    }
    update(path, change)
}

/// The same, and `change` says how long it has to last.
///
/// # Errors
/// As for [`update`].
pub fn update_as<S, E>(
    path: &Path,
    change: impl FnOnce(Option<&str>) -> Result<(S, Lasting), E>,
) -> Result<SaveOutcome, E>
where
    S: AsRef<str>,
    E: From<DiskFault>,
{
    Ok(attempt(path, change)??)
}

/// The inner error is that the file was written meanwhile: nothing else went wrong.
fn attempt<S, E>(
    path: &Path,
    change: impl FnOnce(Option<&str>) -> Result<(S, Lasting), E>,
) -> Result<Result<SaveOutcome, DiskFault>, E>
where
    S: AsRef<str>,
    E: From<DiskFault>,
{
    let target = follow(path)?;
    let (dir, name) = place(&target)?;
    make_directory(dir)?;
    let lock = Lock::take(&dir.join(around(".", name, ".lock")))?;
    let found = look(&target)?;
    let old = if found.is_some() { super::read_regular(&target, false, |_| Ok(()))? } else { None };
    let (new, lasting) = change(old.as_deref().map(String::as_str))?;
    let old = old.as_deref().map(String::as_str);
    match save(&target, found.as_ref(), Old::Text(old), new.as_ref(), lasting) {
        Ok(mut outcome) => {
            outcome.notes.extend(lock.note.clone());
            Ok(Ok(outcome))
        }
        Err(fault) if fault.kind == DiskFaultKind::Meanwhile => Ok(Err(fault)),
        Err(fault) => Err(fault.into()),
    }
}

/// What the file held that is replaced.
#[derive(Clone, Copy)]
enum Old<'t> {
    /// This, or `None` where there was no file: nothing else may be replaced.
    Text(Option<&'t str>),
    Whatever,
}

impl Old<'_> {
    /// Looks once more at `target`, directly before it is replaced. The lock keeps other runs away, and nobody else: an
    /// editor writes when its user says so, through the name or by a rename.
    fn is_still_at(self, target: &Path) -> Result<(), DiskFault> {
        let Self::Text(old) = self else { return Ok(()) };
        let now = match look(target)? {
            Some(_) => super::read_regular(target, false, |_| Ok(()))?,
            None => None,
        };
        if now.as_deref().map(String::as_str) == old {
            return Ok(());
        }
        Err(DiskFault::new(
            DiskFaultKind::Meanwhile,
            target,
            format!("{} was changed meanwhile, so nothing was saved over it.", Shown(target)),
            "Run this again.",
        ))
    }
}

/// Replaces the whole file at `path`, whatever it held, in one step. It takes no lock: there is nothing to merge.
///
/// # Errors
/// Every [`DiskFault`]; the old file is unchanged.
pub fn replace(path: &Path, contents: &str) -> Result<SaveOutcome, DiskFault> {
    let target = follow(path)?;
    make_directory(place(&target)?.0)?;
    save(&target, look(&target)?.as_ref(), Old::Whatever, contents, Lasting::PowerCut)
}

/// Writes a new file at `path`, whole or not at all. What is there already stays, whatever it is.
///
/// # Errors
/// Every [`DiskFault`]; also where there is something at `path`.
pub fn create(path: &Path, contents: &str, mode: u32) -> Result<(), DiskFault> {
    let dir = place(path)?.0;
    make_directory(dir)?;
    let _under_way = UNDER_WAY.read().unwrap_or_else(PoisonError::into_inner);
    let temporary = fill(path, contents.as_bytes(), mode, Lasting::PowerCut)?;
    temporary.persist_noclobber(path).map_err(|error| DiskFault::of_io(path, "created", &error.error, UNCHANGED))?;
    // Whether it survives a power cut is not worth a failure: it is read again before it is used.
    drop(sync_directory(dir));
    Ok(())
}

/// Shows that `path` can be written, without touching it: a random file beside it is written, read back and removed.
///
/// # Errors
/// What writing to `path` would refuse.
pub fn probe(path: &Path) -> Result<(), DiskFault> {
    let target = follow(path)?;
    make_directory(place(&target)?.0)?;
    look(&target)?;
    sweep_beside(&target);
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(|error| failed(&target, "tried", &io::Error::other(error.to_string())))?;
    let _under_way = UNDER_WAY.read().unwrap_or_else(PoisonError::into_inner);
    // Dropping the temporary file removes it.
    fill(&target, &random, 0o600, Lasting::PowerCut).map(drop)
}

/// Shows that a save of `path` would follow what is there: a link that is not followed is better known before anything is
/// done.
///
/// # Errors
/// `Link`, with the reason.
pub fn followed(path: &Path) -> Result<(), DiskFault> {
    follow(path).map(drop)
}

/// Removes the file at `path`; `false` where there is none. Of a symbolic link, both the target and the link go.
///
/// # Errors
/// The file is not ours or not a file, or what the operating system refuses.
pub fn remove(path: &Path) -> Result<bool, DiskFault> {
    let refused = |error: &io::Error| DiskFault::of_io(path, "removed", error, "It is still there.");
    let target = follow(path)?;
    // What a killed run has left beside it may hold as much as the file itself.
    sweep_beside(&target);
    if look(&target)?.is_none() {
        return Ok(false);
    }
    let (dir, _) = place(&target)?;
    fs::remove_file(&target).map_err(|error| refused(&error))?;
    if target != path {
        fs::remove_file(path).map_err(|error| refused(&error))?;
    }
    // Whether the removal survives a power cut is not worth a failure.
    drop(sync_directory(dir));
    Ok(true)
}

/// Waits, at most for `patience`, until no file is being replaced, and lets nobody begin any more.
///
/// For the end of a run whose threads are not waited for: what one of them is writing is finished, so that it leaves
/// no temporary file.
pub fn settle(patience: Duration) {
    std::mem::forget(until_quiet(patience));
}

/// Waits, at most for `patience`, until no file is being replaced.
pub fn quiet(patience: Duration) {
    drop(until_quiet(patience));
}

fn until_quiet(patience: Duration) -> Option<RwLockWriteGuard<'static, ()>> {
    let patience_ends = Instant::now() + patience;
    loop {
        match UNDER_WAY.try_write() {
            Ok(ours) => return Some(ours),
            Err(_) if Instant::now() >= patience_ends => return None,
            Err(_) => thread::sleep(Duration::from_millis(2)),
        }
    }
}

fn save(
    target: &Path,
    found: Option<&Found>,
    old: Old<'_>,
    new: &str,
    lasting: Lasting,
) -> Result<SaveOutcome, DiskFault> {
    let mode = found.map_or(0o600, |found| mended(found.mode));
    let changed = !matches!(old, Old::Text(Some(old)) if old == new);
    let mut outcome = SaveOutcome { created: found.is_none(), changed, notes: Vec::new() };
    if let Some(found) = found.filter(|found| found.mode != mode) {
        outcome.notes.push(format!(
            "{} had mode {:04o}, so that others could use it; it has {mode:04o} now.",
            Shown(target),
            found.mode
        ));
    }
    if lasting == Lasting::PowerCut {
        sweep_beside(target);
    }
    if !outcome.changed && outcome.notes.is_empty() {
        return Ok(outcome);
    }
    let _under_way = UNDER_WAY.read().unwrap_or_else(PoisonError::into_inner);
    let temporary = fill(target, new.as_bytes(), mode, lasting)?;
    // What lasts for a run alone is found out anew, and a fleet of such files does not wait for a second look.
    if lasting == Lasting::PowerCut {
        old.is_still_at(target)?;
    }
    temporary.persist(target).map_err(|error| failed(target, "replaced", &error.error))?;
    if lasting == Lasting::Run {
        return Ok(outcome);
    }
    if let Err(error) = place(target).map(|(dir, _)| dir).and_then(sync_directory) {
        outcome.notes.push(format!("{} The new file is in place, but a power cut may undo that.", error.message));
    }
    Ok(outcome)
}

/// A mode for our file: as strict as it was, never wider than 0600, whatever the umask says.
fn mended(mode: u32) -> u32 {
    if mode & !0o600 == 0 && mode & 0o400 != 0 { mode } else { 0o600 }
}

/// A temporary file beside `target` that holds `contents`; where it has to last, on the disk and read back.
fn fill(target: &Path, contents: &[u8], mode: u32, lasting: Lasting) -> Result<NamedTempFile, DiskFault> {
    let refused = |error: &io::Error| failed(target, "written", error);
    let (dir, name) = place(target)?;
    let mut temporary = temporary::begin(dir, name).map_err(|error| refused(&error))?;
    // Before the first byte is in it. Tempfile asks for 0600 and the umask takes from that.
    set_mode(temporary.as_file(), mode).map_err(|error| refused(&error))?;
    let file = temporary.as_file_mut();
    file.write_all(contents).map_err(|error| refused(&error))?;
    if lasting == Lasting::Run {
        return Ok(temporary);
    }
    file.sync_all().map_err(|error| refused(&error))?;
    let mut again = Zeroizing::new(Vec::with_capacity(contents.len() + 1));
    file.rewind().map_err(|error| refused(&error))?;
    file.take(contents.len() as u64 + 1).read_to_end(&mut again).map_err(|error| refused(&error))?;
    if *again == contents {
        Ok(temporary)
    } else {
        Err(refused(&io::Error::other("the disk gave back something else than what was written")))
    }
}

/// The file that a save of `path` really replaces.
fn follow(path: &Path) -> Result<PathBuf, DiskFault> {
    let refused = |error: &io::Error| failed(path, "followed", error);
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path.to_owned()),
        Err(error) => return Err(refused(&error)),
        Ok(found) if !found.is_symlink() => return Ok(path.to_owned()),
        Ok(found) if !is_ours(&found) => return Err(bad_link(path, "the link belongs to another user")),
        Ok(_) => {}
    }
    let points_to = fs::read_link(path).map_err(|error| refused(&error))?;
    let target = place(path)?.0.join(points_to);
    let found = match fs::symlink_metadata(&target) {
        Err(error) if super::is_absent(&error) => {
            return Err(bad_link(path, &format!("it points to {}, where there is nothing", Shown(&target))));
        }
        found => found.map_err(|error| refused(&error))?,
    };
    let (dir, name) = place(&target)?;
    let dir = fs::canonicalize(dir).map_err(|error| refused(&error))?;
    let around_it = fs::metadata(&dir).map_err(|error| refused(&error))?;
    let reason = if found.is_symlink() {
        "it points to another link"
    } else if !found.is_file() {
        "it points to something that is not a regular file"
    } else if !is_ours(&found) || !is_ours(&around_it) {
        "what it points to, or the directory of that, belongs to another user"
    } else if others_may_write(&found) || others_may_write(&around_it) {
        "other users may write to what it points to, or to the directory of that"
    } else {
        return Ok(dir.join(name));
    };
    Err(bad_link(path, reason))
}

fn bad_link(path: &Path, reason: &str) -> DiskFault {
    DiskFault::new(
        DiskFaultKind::Link,
        path,
        format!("{} is a symbolic link and was not followed: {reason}. {UNCHANGED}", Shown(path)),
        "Put a regular file there, or let the link point to a file of yours that only you can write.",
    )
}

/// What is at `target`, if it is something that we may replace.
fn look(target: &Path) -> Result<Option<Found>, DiskFault> {
    match fs::symlink_metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(target, "examined", &error)),
        Ok(found) if !found.is_file() => Err(super::not_a_file(target)),
        Ok(found) if !is_ours(&found) => Err(DiskFault::new(
            DiskFaultKind::NotOurs,
            target,
            format!("{} belongs to another user, so it was not replaced. {UNCHANGED}", Shown(target)),
            "Run this as the user who owns the file, or choose another path.",
        )),
        Ok(found) => Ok(Some(Found { mode: mode_of(&found) })),
    }
}

pub(super) fn place(target: &Path) -> Result<(&Path, &OsStr), DiskFault> {
    let (Some(dir), Some(name)) = (target.parent(), target.file_name()) else { return Err(super::not_a_file(target)) };
    Ok((if dir.as_os_str().is_empty() { Path::new(".") } else { dir }, name))
}

/// Makes `dir` and what is missing above it; what we make, only we can enter.
fn make_directory(dir: &Path) -> Result<(), DiskFault> {
    if dir.is_dir() {
        return Ok(());
    }
    let above = dir.parent().filter(|above| !above.as_os_str().is_empty());
    if let Some(above) = above {
        make_directory(above)?;
    }
    match make_one(dir) {
        // Another run was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        Err(error) => Err(DiskFault::of_io(dir, "created", &error, "Nothing was changed.")),
        Ok(()) => {
            drop(above.map(sync_directory));
            Ok(())
        }
    }
}

fn sync_directory(dir: &Path) -> Result<(), DiskFault> {
    let synced = if cfg!(unix) { File::open(dir).and_then(|dir| dir.sync_all()) } else { Ok(()) };
    synced.map_err(|error| DiskFault::of_io(dir, "brought to the disk", &error, ""))
}

fn failed(path: &Path, doing: &str, error: &io::Error) -> DiskFault {
    DiskFault::of_io(path, doing, error, UNCHANGED)
}

#[cfg(unix)]
mod rights {
    use std::fs::{self, DirBuilder, File, Metadata, Permissions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
    use std::path::Path;

    pub(in crate::disk) fn is_ours(found: &Metadata) -> bool {
        found.uid() == rustix::process::geteuid().as_raw()
    }

    pub(super) fn others_may_write(found: &Metadata) -> bool {
        found.mode() & 0o022 != 0
    }

    pub(super) fn mode_of(found: &Metadata) -> u32 {
        found.mode() & 0o7777
    }

    pub(super) fn set_mode(file: &File, mode: u32) -> io::Result<()> {
        file.set_permissions(Permissions::from_mode(mode))
    }

    pub(super) fn make_one(dir: &Path) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(dir)?;
        // The umask may have taken our own rights away.
        fs::set_permissions(dir, Permissions::from_mode(0o700))
    }
}

#[cfg(not(unix))]
mod rights {
    use std::fs::{self, File, Metadata};
    use std::io;
    use std::path::Path;

    pub(in crate::disk) fn is_ours(_found: &Metadata) -> bool {
        true
    }

    pub(super) fn others_may_write(_found: &Metadata) -> bool {
        false
    }

    /// Access follows from the directory here, which is the user's own.
    pub(super) fn mode_of(_found: &Metadata) -> u32 {
        0o600
    }

    pub(super) fn set_mode(_file: &File, _mode: u32) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn make_one(dir: &Path) -> io::Result<()> {
        fs::create_dir(dir)
    }
}

pub(super) use rights::is_ours;
use rights::{make_one, mode_of, others_may_write, set_mode};
