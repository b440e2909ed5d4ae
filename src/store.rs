//! Stores: where secrets rest between two runs, and the sources they first come from.
//!
//! A store that *keeps* (keyring, git's credential helpers, file) is written by us and read back; one that *refers* (environment variable,
//! command) is only read. There is no silent fall-back: a store that cannot do what was asked says which of its
//! situations it is in, and what else could be chosen. No text that a source gave or that a program printed, and so no
//! piece of a secret, is ever part of a fault.
//!
//! Generations keep a rotation safe: the new secret gets a place of its own beside the old one, so that the old one is
//! untouched until the config names the new one. In the keyring the generation is part of the entry's name. A file
//! holds one secret, and the config names it exactly: [`successor`] gives the path for the next generation.

mod command;
mod env;
mod file;
mod git;
mod keyring;
mod process;
mod stdin;

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::disk::DiskFault;
use crate::secret::{Secret, Store};

pub use command::read as read_command;
pub use env::read as read_env;
pub use file::{read as read_file, successor};
pub use git::login as git_login;
pub use process::MARKER;
pub use stdin::read as read_stdin;

/// The longest text that a source may give; a secret is shorter, see [`crate::secret::LONGEST`].
const LONGEST: usize = 64 * 1024;
/// A disk that does not answer for this long is not waited for: network file systems can hang for ever.
const DISK_PATIENCE: Duration = Duration::from_secs(10);

/// What a secret is kept under: the connection's id and which of its secrets this is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    pub id: String,
    pub generation: u64,
}

/// What a probe has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probed {
    /// A random entry was written, read back and removed again.
    Keeps,
    /// The same, in a place that forgets by itself: what to know about it.
    Forgets(&'static str),
    /// The same, in a place that others may read: what to know about it.
    InClear(&'static str),
    /// The reference gives a secret now. Nothing was written.
    Refers,
}

/// Why a secret could not be kept, read or removed: what happened, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StoreFault {
    pub kind: StoreFaultKind,
    /// Full sentences, without any text that could hold a secret.
    pub message: String,
    /// A full sentence: what to do about it.
    pub remedy: String,
    /// What is still there of what was written, or may be, and the way to remove it.
    pub left: Option<Box<str>>,
}

/// The situations that callers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFaultKind {
    /// There is no such service on this machine.
    Absent,
    /// It is there, and waits for its password.
    Locked,
    /// It does not answer.
    Silent,
    /// It refused us.
    Denied,
    /// This version, or this build, does not have it.
    NotHere,
    /// It works, and has no such secret.
    Missing,
    /// What it gave cannot be a secret.
    NotASecret,
    /// The secret there is another one than expected.
    Differs,
    /// What is there is not ours to overwrite.
    Occupied,
    /// The program that should print the secret cannot be found, failed, or took too long.
    Command,
    /// The disk said no.
    Disk,
    /// Anything else; the message tells.
    Broken,
}

impl StoreFault {
    fn new(kind: StoreFaultKind, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { kind, message: message.into(), remedy: remedy.into(), left: None }
    }
}

impl From<DiskFault> for StoreFault {
    fn from(fault: DiskFault) -> Self {
        Self::new(StoreFaultKind::Disk, fault.message, fault.remedy)
    }
}

/// All stores of one run.
#[derive(Clone, Debug)]
pub struct Stores {
    keyring: Keyring,
}

#[derive(Clone, Debug)]
enum Keyring {
    OfTheSystem,
    /// Files that stand in for it, so that a sandbox never touches the user's keyring.
    Directory(PathBuf),
}

/// Where one secret is, once the stand-in is accounted for.
enum Place {
    Keyring(String),
    Git(String),
    File(PathBuf),
    Env(String),
    Command(Vec<String>),
}

impl Stores {
    /// The stores of this machine.
    pub fn of_the_system() -> Self {
        Self { keyring: Keyring::OfTheSystem }
    }

    /// Stores whose keyring is a directory of files that only their owner can read.
    pub fn in_directory(dir: PathBuf) -> Self {
        Self { keyring: Keyring::Directory(dir) }
    }

    /// Shows that `store` does what it is for, before anything depends on it. What a run that was stopped has left of it
    /// is under the same `name`, and goes with the next try.
    pub async fn probe(&self, store: &Store, name: &str) -> Result<Probed, StoreFault> {
        match self.place(store, "probe", plain(name)?)? {
            Place::Keyring(user) => {
                let secret = Secret::parse(&random_name()?).map_err(|_| died())?;
                keyring::probe(user, secret).await?;
            }
            Place::Git(user) => {
                return git::probe(&user, &Secret::parse(&random_name()?).map_err(|_| died())?).await;
            }
            Place::File(path) => on_disk(move || file::probe(&path)).await?,
            Place::Env(name) => return env::read(&name).map(|_| Probed::Refers),
            Place::Command(argv) => return command::read(&argv).await.map(|_| Probed::Refers),
        }
        Ok(Probed::Keeps)
    }

    /// Puts `secret` under `entry`. A store that refers must give this very secret already.
    pub async fn write(&self, store: &Store, entry: &Entry, secret: &Secret) -> Result<(), StoreFault> {
        let there = match self.place_of(store, entry)? {
            Place::Keyring(user) => return keyring::write(user, secret.clone()).await,
            Place::Git(user) => return git::write(&user, secret).await,
            Place::File(path) => {
                let secret = secret.clone();
                return on_disk(move || file::write(&path, &secret)).await;
            }
            Place::Env(name) => env::read(&name)?,
            Place::Command(argv) => command::read(&argv).await?,
        };
        if there.same_as(secret) {
            return Ok(());
        }
        Err(StoreFault::new(
            StoreFaultKind::Differs,
            format!("{} gives another token than the one that was just checked.", described(store)),
            "Put the new token there first, or choose a store that keeps it: keyring or file.",
        ))
    }

    /// The same for a secret that exists nowhere else: what a store has taken and does not give back for the moment stays
    /// there, and the fault says where it may be.
    pub async fn entrust(&self, store: &Store, entry: &Entry, secret: &Secret) -> Result<(), StoreFault> {
        match self.place_of(store, entry)? {
            Place::Git(user) => git::entrust(&user, secret).await,
            _ => self.write(store, entry, secret).await,
        }
    }

    /// The secret under `entry`.
    pub async fn read(&self, store: &Store, entry: &Entry) -> Result<Secret, StoreFault> {
        match self.place_of(store, entry)? {
            Place::Keyring(user) => keyring::read(user).await,
            Place::Git(user) => git::read(&user).await,
            Place::File(path) => on_disk(move || file::read(&path)).await,
            Place::Env(name) => env::read(&name),
            Place::Command(argv) => command::read(&argv).await,
        }
    }

    /// Removes the secret under `entry`; `false` where there is none, or it is not ours to remove.
    pub async fn remove(&self, store: &Store, entry: &Entry) -> Result<bool, StoreFault> {
        match self.place_of(store, entry)? {
            Place::Keyring(user) => keyring::remove(user).await,
            Place::Git(user) => git::remove(&user).await,
            Place::File(path) => on_disk(move || file::remove(&path)).await,
            Place::Env(_) | Place::Command(_) => Ok(false),
        }
    }

    fn place_of(&self, store: &Store, entry: &Entry) -> Result<Place, StoreFault> {
        self.place(store, &entry.id, &entry.generation.to_string())
    }

    fn place(&self, store: &Store, id: &str, generation: &str) -> Result<Place, StoreFault> {
        match (store, &self.keyring) {
            (Store::Keyring, Keyring::OfTheSystem) => Ok(Place::Keyring(format!("{}/{generation}", plain(id)?))),
            (Store::GitCredential, Keyring::OfTheSystem) => Ok(Place::Git(format!("{}.{generation}", plain(id)?))),
            (Store::Keyring | Store::GitCredential, Keyring::Directory(dir)) => {
                Ok(Place::File(dir.join(keyring::SERVICE).join(plain(id)?).join(generation)))
            }
            (Store::File(path), _) => Ok(Place::File(path.clone())),
            (Store::Env(name), _) => Ok(Place::Env(name.clone())),
            (Store::Command(argv), _) => Ok(Place::Command(argv.clone())),
        }
    }
}

/// An id is a name, not a path: the config can be edited by hand, and in a sandbox the id names a directory.
fn plain(id: &str) -> Result<&str, StoreFault> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if (1..=128).contains(&id.len()) && !id.starts_with('.') && id.bytes().all(allowed) {
        return Ok(id);
    }
    Err(StoreFault::new(
        StoreFaultKind::Broken,
        "The id of the connection has characters that no id has, so it names no secret.",
        "Restore the id in the config, or set the connection up again.",
    ))
}

fn described(store: &Store) -> String {
    match store {
        Store::Env(name) => env::described(name),
        Store::Command(argv) => command::described(argv),
        Store::File(path) => file::described(path),
        Store::Keyring | Store::GitCredential => format!("The store {}", store.kind()),
    }
}

/// A name out of a config or an answers file, for a message: it may have been written by somebody else.
fn tame(name: &str) -> String {
    name.chars().take(300).map(|c| if c.is_control() { '?' } else { c }).collect()
}

fn random_name() -> Result<String, StoreFault> {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(|_| died())?;
    Ok(format!("{:032x}", u128::from_ne_bytes(random)))
}

/// The secret in the one line that `place` (which begins a sentence) gave.
fn one_line(place: &str, bytes: &[u8]) -> Result<Secret, StoreFault> {
    let refused = |kind, reason: &str| {
        StoreFault::new(
            kind,
            format!("{place} gave no token: {reason}."),
            "Make it give the token and nothing else, on one line, or name another source.",
        )
    };
    let not = |reason: &str| refused(StoreFaultKind::NotASecret, reason);
    if bytes.len() > LONGEST {
        return Err(not("it gave more than 64 KiB"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| not("what it gave is not text"))?;
    let line = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    if line.contains(['\n', '\r']) {
        return Err(not("it gave more than one line"));
    }
    Secret::parse(line).map_err(|reason| not(&reason.to_string()))
}

/// Room for everything that a source may give, and one byte to notice more. It never grows, so nothing is left behind.
fn room() -> Zeroizing<Vec<u8>> {
    Zeroizing::new(vec![0; LONGEST + 1])
}

/// How a job on a thread of its own ended.
enum Ended<T> {
    Done(T),
    Late,
    Died,
}

/// Runs what may block for ever on a thread of its own, and stops listening after `patience`.
///
/// Not on the runtime's blocking pool: a runtime that is dropped waits for its pool, so that a keyring which never
/// answers would hold the program at its end.
async fn aside<T: Send + 'static>(patience: Duration, job: impl FnOnce() -> T + Send + 'static) -> Ended<T> {
    let (answer, asked) = oneshot::channel();
    let started = thread::Builder::new().name("store".to_owned()).spawn(move || {
        // Nobody listens any more when it is late.
        drop(answer.send(job()));
    });
    if started.is_err() {
        return Ended::Died;
    }
    match tokio::time::timeout(patience, asked).await {
        Ok(Ok(done)) => Ended::Done(done),
        Ok(Err(_)) => Ended::Died,
        Err(_) => Ended::Late,
    }
}

async fn on_disk<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, StoreFault> + Send + 'static,
) -> Result<T, StoreFault> {
    match aside(DISK_PATIENCE, job).await {
        Ended::Done(done) => done,
        Ended::Late => Err(StoreFault::new(
            StoreFaultKind::Silent,
            "The disk with the secret did not answer within ten seconds.",
            "Look at the disk or the network file system, then run this again.",
        )),
        Ended::Died => Err(died()),
    }
}

fn died() -> StoreFault {
    StoreFault::new(
        StoreFaultKind::Broken,
        "The operating system gave no thread or no random numbers, or the store's own code failed.",
        "Run this again; where it happens again, choose another store.",
    )
}
