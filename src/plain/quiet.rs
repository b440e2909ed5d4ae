//! The terminal while it shows nothing of what is typed.
//!
//! Whatever ends the question gives the terminal back as it was, by way of [`Quiet`] being dropped; and whoever stops the
//! program for a while (Ctrl-Z) has a terminal that shows what he types, until the program goes on and falls silent again.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use crate::tui::{forget_typeahead, input};

/// What is being asked unseen.
struct Asked {
    before: Termios,
    prompt: String,
    to_stderr: bool,
}

static ASKED: Mutex<Option<Asked>> = Mutex::new(None);

fn asked() -> MutexGuard<'static, Option<Asked>> {
    ASKED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The terminal is silent until this is dropped.
pub struct Quiet {
    answered: bool,
}

impl Quiet {
    /// `None` where the input is no terminal. The prompt is told again when the program goes on after it was stopped.
    pub fn begin(prompt: &str, to_stderr: bool) -> Option<Self> {
        if !io::stdin().is_terminal() {
            return None;
        }
        let before = tcgetattr(io::stdin()).ok()?;
        fall_silent(&before)?;
        *asked() = Some(Asked { before, prompt: prompt.to_owned(), to_stderr });
        Some(Self { answered: false })
    }

    /// A whole line was typed.
    pub fn end(mut self) {
        self.answered = true;
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        let Some(Asked { before, .. }) = asked().take() else { return };
        if self.answered {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
        } else {
            give_back(&before);
        }
    }
}

/// What was typed before the question was no answer to it, and was shown.
fn fall_silent(before: &Termios) -> Option<()> {
    let mut quiet = before.clone();
    quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
    tcsetattr(io::stdin(), OptionalActions::Flush, &quiet).ok()
}

/// Half a token that was typed must not reach the shell, nor what a paste still brings: a terminal that reads by lines
/// tells of neither before the line is whole.
fn give_back(before: &Termios) {
    let mut by_letters = before.clone();
    by_letters.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ECHONL);
    let _ = tcsetattr(io::stdin(), OptionalActions::Now, &by_letters);
    forget_typeahead();
    let _ = tcsetattr(io::stdin(), OptionalActions::Flush, before);
}

/// Hears Ctrl-Z as long as it is held.
pub struct Stops(Option<JoinHandle<()>>);

impl Drop for Stops {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// Stops the program when somebody asks for it, with the terminal as it was; and silences it again when it goes on.
///
/// Whoever has once listened for these signals has to go on: their default, to stop at once, does not come back.
pub fn heed_stops() -> Stops {
    let ears = signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))
        .and_then(|stop| Ok((stop, signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?)));
    Stops(ears.ok().map(|(stop, go_on)| tokio::spawn(heed(stop, go_on))))
}

async fn heed(mut stop: Signal, mut go_on: Signal) {
    loop {
        tokio::select! {
            // Nobody could let it go on again who sits at a terminal with this program alone.
            Some(()) = stop.recv() => if !input::is_alone() {
                if let Some(asked) = &*asked() {
                    give_back(&asked.before);
                }
                input::stop();
            },
            // The shell has set the modes that it likes, also where it was stopped from outside.
            Some(()) = go_on.recv() => if let Some(asked) = &*asked() {
                ask_again(asked);
            },
            else => return,
        }
    }
}

fn ask_again(asked: &Asked) {
    // Where even the terminal is gone, reading from it tells.
    let _ = fall_silent(&asked.before);
    let prompt = format!("\n{}", asked.prompt);
    let _ = if asked.to_stderr {
        io::stderr().write_all(prompt.as_bytes())
    } else {
        io::stdout().write_all(prompt.as_bytes()).and_then(|()| io::stdout().flush())
    };
}
