//! The part of the report about a rotation: what changed, who has to be given the new token or key, and what became of the
//! old one.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value as Json, json};

use crate::text::wrapped;
use crate::wizard::{Command, Done, Wizard};

const WIDTH: usize = 80;

#[derive(Clone, Debug, Default)]
pub struct Rotation {
    /// The new token is the one that was in use: nothing was replaced.
    pub same_token: bool,
    /// How the new token differs from the old one, in sentences.
    pub changes: Vec<String>,
    /// Everything that is known to hold a copy of the old one, one line each.
    pub apply_again: Vec<String>,
    /// Once the new one is saved.
    pub old: Option<Old>,
}

/// What is to become of the replaced token or key.
#[derive(Clone, Debug)]
pub struct Old {
    pub is_key: bool,
    pub state: OldState,
    /// Where it is revoked or removed.
    pub page: String,
    /// What else goes with it.
    pub caution: Option<&'static str>,
    /// Why it was left, where it was to be ended: a sentence.
    pub withheld: Option<String>,
    /// The file with its private half, which stays.
    pub file: Option<PathBuf>,
    /// Whether the new one was seen to work.
    pub is_proven: bool,
}

/// The last that was seen of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldState {
    /// The forge refuses it.
    Dead,
    /// Its end was asked for and granted, and nobody looked.
    Ended,
    /// Its end was granted, and the forge still takes it for a while.
    Ending,
    /// The forge still takes it.
    Alive,
    /// Nobody asked, or no answer told.
    Unknown,
}

impl OldState {
    /// What `wizard` did and saw of the replaced token or key.
    pub fn of(wizard: &Wizard) -> Self {
        let did = |wanted: Done| wizard.applied().any(|(_, outcome)| *outcome == Ok(wanted.clone()));
        let ended = did(Done::Revoked) || did(Done::KeyRemoved) || wizard.renewed().is_some();
        match wizard.end_of_the_old() {
            Some((Command::LookAtOld(..), Ok(Done::Dead))) => Self::Dead,
            Some((Command::LookAtOld(..), Ok(Done::Alive))) if ended => Self::Ending,
            Some((Command::LookAtOld(..), Ok(Done::Alive))) => Self::Alive,
            _ if ended => Self::Ended,
            _ => match wizard.took_the_old() {
                Some(true) => Self::Alive,
                Some(false) => Self::Dead,
                None => Self::Unknown,
            },
        }
    }

    fn name(self, is_key: bool) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Ended if is_key => "removed",
            Self::Ended => "revoked",
            Self::Ending => "ending",
            Self::Alive => "alive",
            Self::Unknown => "unknown",
        }
    }

    fn verdict(self) -> &'static str {
        match self {
            Self::Dead | Self::Ended => "pass",
            Self::Ending | Self::Alive => "warn",
            Self::Unknown => "unknown",
        }
    }
}

impl Old {
    fn text(&self) -> String {
        let left = self.withheld.as_ref().map(|reason| format!("{reason} ")).unwrap_or_default();
        let file = self.file.as_ref().map(|file| {
            format!("Its private half is still in {}: delete the file once nothing signs in with it. ", file.display())
        });
        format!("{left}{}{}", file.unwrap_or_default(), self.state_text())
    }

    fn state_text(&self) -> String {
        let page = &self.page;
        let once = if self.is_proven { "R" } else { "Once the new one was seen to work, r" };
        match (self.is_key, self.state) {
            (_, OldState::Dead) => "The forge refuses it: it is dead.".to_owned(),
            (true, OldState::Ended) => "It is removed at the forge.".to_owned(),
            (false, OldState::Ended) => "It is revoked.".to_owned(),
            (_, OldState::Ending) => {
                format!("Its end was granted, and the forge still takes it for now. Look at {page}")
            }
            (false, OldState::Alive) => format!("The forge still takes it. {once}evoke it at {page}"),
            (false, OldState::Unknown) => {
                format!("Nobody asked whether the forge still takes it. {once}evoke it at {page}")
            }
            (true, _) => format!("It may be still registered. {once}emove it at {page}"),
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.state, OldState::Dead | OldState::Ended | OldState::Ending)
    }

    fn json(&self) -> Json {
        let caution = self.caution.filter(|_| !self.is_over());
        json!({
            "state": self.state.name(self.is_key),
            "verdict": self.state.verdict(),
            "detail": self.text(),
            "url": self.page,
            "caution": caution,
            "file": self.file.as_ref().map(|file| file.display().to_string()),
        })
    }
}

impl Rotation {
    pub fn json(&self) -> Json {
        let old = |is_key| self.old.as_ref().filter(|old| old.is_key == is_key).map(Old::json);
        json!({
            "same_token": self.same_token,
            "changes": self.changes,
            "apply_again": self.apply_again,
            "old_token": old(false),
            "old_key": old(true),
        })
    }

    pub(super) fn write(&self, text: &mut String) {
        if self.same_token {
            let _ = writeln!(text, "This is the token that was in use already: there is no other one to revoke.");
            return;
        }
        for change in &self.changes {
            text.push_str(&wrapped(change, "", WIDTH));
        }
        for line in &self.apply_again {
            let _ = writeln!(text, "apply again: {line}");
        }
        let Some(old) = &self.old else { return };
        let what = if old.is_key { "old key" } else { "old token" };
        // An address is never broken: a terminal makes a link of it only in one piece.
        let _ = writeln!(text, "{what}: {}", old.text());
        if let Some(caution) = old.caution.filter(|_| !old.is_over()) {
            text.push_str(&wrapped(&format!("note: {caution}"), "", WIDTH));
        }
    }
}
