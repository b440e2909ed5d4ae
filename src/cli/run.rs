//! What every command that asks the world needs: a runtime, the log, the config, an ear for Ctrl-C.

use std::future::Future;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::{Builder, Runtime};

use super::{Common, Ending, Out};
use crate::disk::{self, Paths};
use crate::forge::Log;
use crate::record::Record;
use crate::report::Entry;

/// How long a file that is being replaced is waited for when the run is cancelled. It takes some milliseconds.
const LAST_WRITE: Duration = Duration::from_millis(150);

/// A run that asks the world.
pub struct Run {
    runtime: std::cell::RefCell<Option<Runtime>>,
    pub log: Option<Log>,
    /// What was changed and not yet saved, in words: told when the run is cancelled.
    pub changes: Arc<Mutex<Vec<String>>>,
}

impl Run {
    /// # Errors
    /// The ending, when the log cannot be written or the system gives no runtime; it has been said.
    pub fn begin(common: &Common, out: &Out) -> Result<Self, Ending> {
        let log = match &common.log {
            None if common.verbose => Some(Log::new(|line| {
                let _ = writeln!(std::io::stderr(), "{line}");
            })),
            None => None,
            Some(path) => {
                let mut file = disk::log_file(path).map_err(|fault| out.disk_fault(&fault))?;
                Some(Log::new(move |line| {
                    let _ = writeln!(file, "{line}");
                }))
            }
        };
        let runtime = Builder::new_current_thread().enable_all().build();
        match runtime {
            Ok(runtime) => Ok(Self { runtime: std::cell::RefCell::new(Some(runtime)), log, changes: Arc::default() }),
            Err(error) => {
                out.failure(&format!("The system gives the program no way to wait: {error}"), "Close other programs.");
                Err(Ending::Storage)
            }
        }
    }

    /// Runs `work` until it ends or a signal comes. What hangs in a thread of the system does not hold the program.
    pub fn block_on(&self, out: &Out, work: impl Future<Output = Ending>) -> Ending {
        let Some(runtime) = self.runtime.take() else { return Ending::Storage };
        let ending = runtime.block_on(async {
            tokio::select! {
                // The ear first: it must be open before the work begins.
                biased;
                ending = interrupted() => {
                    out.say("Cancelled.");
                    disk::settle(LAST_WRITE);
                    for left in self.changes.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                        out.say(&format!("left behind: {left}"));
                    }
                    ending
                }
                ending = work => ending,
            }
        });
        runtime.shutdown_background();
        ending
    }
}

/// The moment of the run, in whole seconds: what is written is read by people, too.
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Waits for Ctrl-C or for the request to end. A hang-up keeps its default, since `nohup` may have set it to nothing.
#[cfg(unix)]
async fn interrupted() -> Ending {
    use tokio::signal::unix::{SignalKind, signal};

    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => Ending::Cancelled,
        _ = terminate.recv() => Ending::Terminated,
    }
}

#[cfg(not(unix))]
async fn interrupted() -> Ending {
    match tokio::signal::ctrl_c().await {
        Ok(()) => Ending::Cancelled,
        Err(_) => std::future::pending().await,
    }
}

/// A random id for a new connection: 16 bytes in hexadecimal.
pub fn fresh_id() -> String {
    let mut bytes = [0_u8; 16];
    if getrandom::fill(&mut bytes).is_err() {
        // Only the uniqueness matters, and the moment gives that, too.
        bytes = Timestamp::now().as_nanosecond().to_be_bytes();
    }
    format!("{:032x}", u128::from_be_bytes(bytes))
}

/// Keeps what was found in the state directory, where `list` and `show` read it. A failure there is no failure here.
pub fn record(paths: &Paths, id: &str, entry: &Entry, now: Timestamp) {
    Record::note(paths, id, found(entry, now));
}

/// The same in a thread of its own: a disk that takes its time to keep a file holds up no other connection, and no key.
pub async fn record_aside(paths: &Paths, id: &str, entry: &Entry, now: Timestamp) {
    let (paths, id, found) = (paths.clone(), id.to_owned(), found(entry, now));
    drop(tokio::task::spawn_blocking(move || Record::note(&paths, &id, found)).await);
}

fn found(entry: &Entry, now: Timestamp) -> impl FnOnce(&mut Record) + Send + 'static {
    let (verdict, expires) = (entry.verdict().to_owned(), entry.expires);
    let notices = entry.notices.clone();
    move |record| {
        record.checked = Some(now);
        record.verdict = Some(verdict);
        record.expires = expires;
        if !notices.is_empty() {
            record.notices = notices;
        }
    }
}
