//! Where text leaves the program: data to stdout, talk to stderr, both past the redactor.

use std::io::{IsTerminal as _, Write as _};

use super::{Color, Ending, Format, Refusal};
use crate::disk::DiskFault;
use crate::secret::Redaction;

/// The two streams of a run. Clones share what they know of secrets.
#[derive(Clone, Debug)]
pub struct Out {
    pub format: Format,
    /// Whether stdout may be coloured.
    pub color: bool,
    pub redaction: Redaction,
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
        Self { format, color, redaction: Redaction::default() }
    }

    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Data: stdout. A reader that went away is no error.
    pub fn data(&self, text: &str) {
        let _ = std::io::stdout().write_all(self.redaction.clean(text).as_bytes());
        let _ = std::io::stdout().flush();
    }

    /// Data as one JSON document.
    pub fn json(&self, value: &serde_json::Value) {
        self.data(&format!("{value:#}\n"));
    }

    /// Talk: stderr, one line.
    pub fn say(&self, text: &str) {
        let _ = writeln!(std::io::stderr(), "{}", self.redaction.clean(text));
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
