//! Why a command did not do what it was told: how the run ends, what happened, and what to do.

use super::{Ending, Out};
use crate::config::ConfigProblem;
use crate::disk::DiskFault;
use crate::report::{Located, Report};
use crate::store::StoreFault;

#[derive(Clone, Debug)]
pub struct Refusal {
    pub ending: Ending,
    /// What happened: a sentence.
    pub message: String,
    /// What to do: a sentence, or nothing where the message says it.
    pub remedy: String,
    /// Line and column, where the cause stands in a file.
    pub place: Option<(usize, usize)>,
    /// What else is wrong, where several things were found in one go.
    pub more: Vec<Refusal>,
}

impl Refusal {
    /// The command line asks for something that is not there or does not go together.
    pub fn usage(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { ending: Ending::Usage, message: message.into(), remedy: remedy.into(), place: None, more: Vec::new() }
    }

    /// A file, a store or a secret could not be read or written.
    pub fn storage(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { ending: Ending::Storage, ..Self::usage(message, remedy) }
    }
}

impl Refusal {
    /// The same as a problem of the report.
    pub fn located(&self) -> Located {
        let (line, column) = self.place.unwrap_or_default();
        let message = [self.message.as_str(), self.remedy.as_str()].join("\n").trim().to_owned();
        Located { line, column, message, ..Located::default() }
    }
}

impl From<DiskFault> for Refusal {
    fn from(fault: DiskFault) -> Self {
        Self::storage(fault.message, fault.remedy)
    }
}

impl From<StoreFault> for Refusal {
    fn from(fault: StoreFault) -> Self {
        Self::storage(fault.message, fault.remedy)
    }
}

impl From<ConfigProblem> for Refusal {
    fn from(problem: ConfigProblem) -> Self {
        let place = Some((problem.line, problem.column)).filter(|(line, _)| *line > 0);
        Self { place, ..Self::storage(problem.to_string(), problem.remedy) }
    }
}

impl Out {
    /// Tells why, and gives the exit code. Programs get one document, as for a report without a connection.
    pub fn refused(&self, refusal: &Refusal) -> Ending {
        for one in std::iter::once(refusal).chain(&refusal.more) {
            self.failure(&one.message, &one.remedy);
        }
        if self.is_json() {
            let problems = std::iter::once(refusal).chain(&refusal.more).map(Refusal::located).collect();
            self.json(&Report { problems, ..Report::default() }.json());
        }
        refusal.ending
    }

    /// The exit code of a command that gives back why it did not work.
    pub fn ended(&self, done: Result<(), Refusal>) -> Ending {
        done.map_or_else(|refusal| self.refused(&refusal), |()| Ending::Done)
    }
}
