//! Why a command did not do what it was told: how the run ends, what happened, and what to do.

use std::path::Path;

use jiff::Timestamp;

use super::{Ending, Format, Out};
use crate::config::ConfigProblem;
use crate::disk::DiskFault;
use crate::report::{Located, Report};
use crate::store::StoreFault;
use crate::text::sanitise;

/// The most that is shown of a path.
const LONGEST_PATH: usize = 300;

#[derive(Clone, Debug)]
pub struct Refusal {
    pub ending: Ending,
    /// What happened: a sentence.
    pub message: String,
    /// What to do: a sentence, or nothing where the message says it.
    pub remedy: String,
    /// The file, line and column, where the cause stands in one.
    pub spot: Option<Box<Spot>>,
    /// What else is wrong, where several things were found in one go.
    pub more: Vec<Refusal>,
}

/// Where the cause of a refusal stands.
#[derive(Clone, Debug, Default)]
pub struct Spot {
    pub file: Option<String>,
    /// Line and column; both begin at 1.
    pub place: Option<(usize, usize)>,
    /// The key in the file, or the flag on the command line.
    pub key: Option<String>,
    /// The message without the place, where the message names that.
    pub reason: Option<String>,
}

impl Refusal {
    /// The command line asks for something that is not there or does not go together.
    pub fn usage(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { ending: Ending::Usage, message: message.into(), remedy: remedy.into(), spot: None, more: Vec::new() }
    }

    /// A file, a store or a secret could not be read or written.
    pub fn storage(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { ending: Ending::Storage, ..Self::usage(message, remedy) }
    }
}

impl Refusal {
    /// The same with its cause in `file`, at a line and column where it has them.
    #[must_use]
    pub fn in_file(self, file: &Path, place: Option<(usize, usize)>) -> Self {
        let file = Some(sanitise(&file.display().to_string(), LONGEST_PATH));
        Self { spot: Some(Box::new(Spot { file, place, ..Spot::default() })), ..self }
    }

    /// The same with a flag as its cause.
    #[must_use]
    pub fn of_flag(self, flag: &str) -> Self {
        Self { spot: Some(Box::new(Spot { key: Some(flag.to_owned()), ..Spot::default() })), ..self }
    }

    /// This and what else was found.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(&self.more)
    }

    /// This and what else was found, as problems of the report.
    pub fn all_located(&self) -> Vec<Located> {
        std::iter::once(self).chain(&self.more).map(Self::located).collect()
    }

    /// The same as a problem of the report.
    pub fn located(&self) -> Located {
        let Spot { file, place, key, reason } = self.spot.as_deref().cloned().unwrap_or_default();
        let message = [reason.as_deref().unwrap_or(&self.message), self.remedy.as_str()].join("\n").trim().to_owned();
        Located { file, place, key, message }
    }
}

impl From<DiskFault> for Refusal {
    fn from(fault: DiskFault) -> Self {
        let refusal = Self::storage(fault.message, fault.remedy);
        if fault.path.as_os_str().is_empty() { refusal } else { refusal.in_file(&fault.path, fault.place) }
    }
}

impl From<StoreFault> for Refusal {
    fn from(fault: StoreFault) -> Self {
        Self::storage(fault.message, fault.remedy)
    }
}

impl From<ConfigProblem> for Refusal {
    fn from(problem: ConfigProblem) -> Self {
        Self::storage(problem.to_string(), problem.remedy)
    }
}

impl Out {
    /// Tells why, and gives the exit code. Programs get one document, as for a report without a connection.
    pub fn refused(&self, refusal: &Refusal) -> Ending {
        for one in std::iter::once(refusal).chain(&refusal.more) {
            self.failure(&one.message, &one.remedy);
        }
        let report = || Report { problems: refusal.all_located(), config: self.config.clone(), ..Report::default() };
        match self.format {
            Format::Json => self.json(&report()),
            // Who collects them has to see that something is wrong, too.
            Format::Openmetrics => self.data(&report().metrics(Timestamp::now())),
            Format::Text => {}
        }
        refusal.ending
    }

    /// The exit code of a command that gives back why it did not work.
    pub fn ended(&self, done: Result<(), Refusal>) -> Ending {
        done.map_or_else(|refusal| self.refused(&refusal), |()| Ending::Done)
    }
}
