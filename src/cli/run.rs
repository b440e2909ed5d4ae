//! What every command that asks the world needs: a runtime, the log, the config, an ear for Ctrl-C.

use std::cell::Cell;
use std::future::Future;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
#[cfg(unix)]
use std::task::Poll;
use std::time::Duration;

use jiff::Timestamp;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

use super::{Common, Ending, Out};
use crate::disk::{self, Paths};
use crate::forge::Log;
use crate::record::Record;
use crate::report::Entry;

/// How long a file that is being replaced is waited for when the run is cancelled. It takes some milliseconds.
pub const LAST_WRITE: Duration = Duration::from_millis(150);

/// A run that asks the world.
pub struct Run {
    runtime: std::cell::RefCell<Option<Runtime>>,
    pub log: Option<Log>,
    /// What was changed and not yet saved, in words: told when the run is cancelled.
    pub changes: Arc<Mutex<Vec<String>>>,
    /// A person answers at a terminal: the terminal may be hung up, and Ctrl-\ pressed.
    attended: Cell<bool>,
    /// Whoever can be left on the way listens for itself.
    heard_elsewhere: Cell<bool>,
}

impl Run {
    /// # Errors
    /// The ending, when the log cannot be written or the system gives no runtime; it has been said.
    pub fn begin(common: &Common, out: &Out) -> Result<Self, Ending> {
        Self::with(&mut Builder::new_current_thread(), common, out)
    }

    /// The same for a fleet: while one thread judges what has come, two others send and receive.
    ///
    /// # Errors
    /// As of [`Run::begin`].
    pub fn begin_for_many(common: &Common, out: &Out) -> Result<Self, Ending> {
        Self::with(Builder::new_multi_thread().worker_threads(2), common, out)
    }

    fn with(runtime: &mut Builder, common: &Common, out: &Out) -> Result<Self, Ending> {
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
        match runtime.enable_all().build() {
            Ok(runtime) => Ok(Self {
                runtime: std::cell::RefCell::new(Some(runtime)),
                log,
                changes: Arc::default(),
                attended: Cell::new(false),
                heard_elsewhere: Cell::new(false),
            }),
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
                ending = self.interrupted() => {
                    out.say("Cancelled.");
                    disk::settle(LAST_WRITE);
                    for left in self.changes.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                        out.say(&format!("left behind: {left}"));
                    }
                    ending
                }
                ending = work => {
                    if ending.is_cancelled() {
                        disk::settle(LAST_WRITE);
                    }
                    ending
                }
            }
        });
        runtime.shutdown_background();
        ending
    }

    /// The same run, with a person at a terminal or not.
    #[must_use]
    pub fn attended(self, attended: bool) -> Self {
        self.attended.set(attended);
        self
    }

    /// Does `work`, which can be left on the way, and where somebody asks the run to end, gives back how: what there is by
    /// then is still at hand for whoever called.
    ///
    /// # Errors
    /// The ending that was asked for.
    pub async fn leavable<T>(&self, work: impl Future<Output = T>) -> Result<T, Ending> {
        let mut ears = Ears::open(self.attended.get());
        self.heard_elsewhere.set(true);
        let done = tokio::select! {
            biased;
            ending = ears.hear() => Err(ending),
            done = work => Ok(done),
        };
        self.heard_elsewhere.set(false);
        done
    }

    async fn interrupted(&self) -> Ending {
        let mut ears = Ears::open(self.attended.get());
        loop {
            let ending = ears.hear().await;
            if !self.heard_elsewhere.get() {
                return ending;
            }
        }
    }
}

/// The moment of the run, in whole seconds: what is written is read by people, too.
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// What asks a run to end: Ctrl-C, the request to terminate, and at a terminal that it was hung up, and Ctrl-\. Where nobody
/// sits at a terminal a hang-up keeps its default, since `nohup` may have set it to nothing.
#[cfg(unix)]
struct Ears(Vec<(tokio::signal::unix::Signal, Ending)>);

#[cfg(unix)]
impl Ears {
    fn open(attended: bool) -> Self {
        use tokio::signal::unix::{SignalKind, signal};

        let mut wanted =
            vec![(SignalKind::interrupt(), Ending::Cancelled), (SignalKind::terminate(), Ending::Terminated)];
        if attended {
            wanted.extend([(SignalKind::hangup(), Ending::Cancelled), (SignalKind::quit(), Ending::Cancelled)]);
        }
        Self(wanted.into_iter().filter_map(|(kind, ending)| Some((signal(kind).ok()?, ending))).collect())
    }

    async fn hear(&mut self) -> Ending {
        std::future::poll_fn(|context| {
            for (ear, ending) in &mut self.0 {
                if ear.poll_recv(context) == Poll::Ready(Some(())) {
                    return Poll::Ready(*ending);
                }
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(not(unix))]
struct Ears;

#[cfg(not(unix))]
impl Ears {
    fn open(_: bool) -> Self {
        Self
    }

    async fn hear(&mut self) -> Ending {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Ending::Cancelled,
            Err(_) => std::future::pending().await,
        }
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

/// The same in a thread of its own: a disk that takes its time to keep a file holds up no question, and no key.
pub async fn record_aside(paths: &Paths, id: &str, entry: &Entry, now: Timestamp) {
    // Writers in one folder wait for each other, and a thread for each of a fleet costs more than its file. Two, so that
    // one that hangs is not all.
    static WRITERS: Semaphore = Semaphore::const_new(2);

    let _turn = WRITERS.acquire().await;
    let (paths, id, found) = (paths.clone(), id.to_owned(), found(entry, now));
    drop(tokio::task::spawn_blocking(move || Record::note(&paths, &id, found)).await);
}

fn found(entry: &Entry, now: Timestamp) -> impl FnOnce(&mut Record) + Send + 'static {
    let (verdict, because, expires) = (entry.verdict().to_owned(), entry.because(), entry.expires);
    let notices = entry.notices.clone();
    let judged = Some(entry.judged).filter(|judged| *judged != now);
    move |record| {
        // What git was told before the forge took the token here is over, also where both are of one second.
        let is_taken = verdict == "pass" || verdict == "warn";
        record.refused = record.refused.filter(|refused| !is_taken || *refused > now);
        record.checked = Some(now);
        record.judged = judged;
        record.verdict = Some(verdict);
        record.because = because;
        record.expires = expires;
        if !notices.is_empty() {
            record.notices = notices;
        }
    }
}
