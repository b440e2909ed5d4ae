//! Where text leaves the program: data to stdout, talk to stderr, both past the redactor.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::{Color, Ending, Format, Refusal};
use crate::disk::DiskFault;
use crate::secret::Redaction;
use crate::text::{escaped_json, laid_open};

/// The two streams of a run. Clones share what they know of secrets.
#[derive(Clone, Debug)]
pub struct Out {
    pub format: Format,
    /// Whether stdout may be coloured.
    pub color: bool,
    pub redaction: Redaction,
    /// The config in effect, once it was looked for.
    pub config: Option<PathBuf>,
    /// Where a screen is drawn nothing may be printed: what would be is kept for it.
    kept: Option<Arc<Mutex<Vec<String>>>>,
    /// Why data did not get out, once it did not.
    lost: Arc<Mutex<Option<String>>>,
}

impl Out {
    pub fn new(format: Format, color: Color) -> Self {
        let color = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
                    && !dumb
                    && std::io::stdout().is_terminal()
            }
        };
        Self { format, color, redaction: Redaction::default(), config: None, kept: None, lost: Arc::default() }
    }

    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// The same, with everything kept instead of printed.
    #[must_use]
    pub fn keeping(&self) -> Self {
        Self { format: Format::Text, color: false, kept: Some(Arc::default()), ..self.clone() }
    }

    /// What was kept, once.
    pub fn take_kept(&self) -> Vec<String> {
        let kept = self.kept.as_ref().map(|kept| kept.lock().unwrap_or_else(PoisonError::into_inner));
        kept.map(|mut kept| std::mem::take(&mut *kept)).unwrap_or_default()
    }

    /// Data: stdout.
    pub fn data(&self, text: &str) {
        if !self.keep(text) {
            self.bare(self.redaction.clean(text).as_bytes());
        }
    }

    /// Data with a secret in it, which must not pass what hides secrets: straight to stdout.
    pub fn bare(&self, bytes: &[u8]) {
        let mut stdout = io::stdout();
        self.wrote(stdout.write_all(bytes).and_then(|()| stdout.flush()));
    }

    /// Takes in what came of writing to stdout. A reader that went away is no error: it has what it wanted.
    pub fn wrote(&self, written: io::Result<()>) {
        if let Err(error) = written
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.lost.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error.to_string());
        }
    }

    /// Whether data did not get out: then nobody has it, whatever else was done.
    pub fn is_lost(&self) -> bool {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// How the run really ends: what was to be printed and is lost counts more than what a check came to.
    pub fn ending(&self, ending: Ending) -> Ending {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(reason) = lost else { return ending };
        let message = format!("What belongs on standard output could not be written there: {reason}.");
        self.failure(&message, "Let it go where there is room for it, then run this again.");
        if matches!(ending, Ending::Done | Ending::Refused | Ending::Unanswered) { Ending::Storage } else { ending }
    }

    /// Data as one JSON document.
    pub fn json(&self, value: &impl Serialize) {
        // What is said here has texts for keys and finite numbers, so that there is nothing to fail at.
        let document = serde_json::to_string_pretty(value).unwrap_or_default();
        self.data(&(escaped_json(&document) + "\n"));
    }

    /// Talk: stderr, one line. What comes out of a file of the user's may stand in it as it is.
    pub fn say(&self, text: &str) {
        if self.keep(text) {
            return;
        }
        let _ = writeln!(std::io::stderr(), "{}", laid_open(&self.redaction.clean(text)));
    }

    fn keep(&self, text: &str) -> bool {
        let Some(kept) = &self.kept else { return false };
        kept.lock().unwrap_or_else(PoisonError::into_inner).push(self.redaction.clean(text));
        true
    }

    /// A failure: what happened, then what to do.
    pub fn failure(&self, message: &str, remedy: &str) {
        self.say(&format!("git-access: {message}"));
        if !remedy.is_empty() {
            self.say(&format!("  {remedy}"));
        }
    }

    pub fn usage(&self, message: &str) -> Ending {
        self.refused(&Refusal::usage(message, ""))
    }

    pub fn disk_fault(&self, fault: &DiskFault) -> Ending {
        self.refused(&Refusal::from(fault.clone()))
    }
}
