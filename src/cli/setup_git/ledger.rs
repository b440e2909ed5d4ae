//! What is added to the user's git config, and where: so that it can be taken back to the byte.
//!
//! It is written before the file is touched, since nobody knows when a run is killed: what it says may not be there yet.
//! The file itself is not copied, since it may hold secrets of its user. An addition puts one piece of text at one
//! place; taken out again, it leaves what was there. Where the file was edited since, the piece is looked for, and what
//! is not found in one piece is removed entry by entry.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::entries;
use super::file::GitConfig;
use crate::cli::Refusal;
use crate::disk::Paths;

const NAME: &str = "setup-git.json";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ledger {
    pub file: PathBuf,
    /// There was no file before.
    created: bool,
    pub origins: Vec<String>,
    helper: String,
    /// How long the file is with the additions.
    length: usize,
    /// In the order in which they were made.
    additions: Vec<Addition>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Addition {
    at: usize,
    text: String,
}

impl Ledger {
    /// The addition of `piece` at the end of the text that is there.
    pub(super) fn new(git: &GitConfig, before: Option<&str>, piece: &str, origins: &[String], helper: &str) -> Self {
        let at = before.unwrap_or_default().len();
        Self {
            created: before.is_none(),
            file: git.path.clone(),
            origins: origins.to_vec(),
            helper: helper.to_owned(),
            length: at + piece.len(),
            additions: vec![Addition { at, text: piece.to_owned() }],
        }
    }

    pub(super) fn load(paths: &Paths) -> Option<Self> {
        serde_json::from_str(&paths.read_state(NAME)?).ok()
    }

    /// Without the ledger the way back would be lost, so here a state directory is needed.
    pub(super) fn save(&self, paths: &Paths) -> Result<(), Refusal> {
        if paths.state_dir.is_none() {
            let message = "There is no home directory, so what is added could not be noted and taken back.";
            return Err(Refusal::storage(message, "Set HOME, then run this again."));
        }
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        match paths.write_state(NAME, &text) {
            Some(fault) => Err(fault.into()),
            None => Ok(()),
        }
    }

    pub(super) fn forget(paths: &Paths) {
        // One that stays says what is no longer there, which the next run finds out.
        let _ = paths.remove_state(NAME);
    }

    pub(super) fn is_for(&self, file: &Path, origins: &[String], helper: &str) -> bool {
        self.file == file && self.origins == origins && self.helper == helper
    }

    /// Takes everything back. `true`: the file is as it was; `false`: it was edited since, and our entries are gone.
    pub(super) fn take_back(&self, git: &mut GitConfig) -> Result<bool, Refusal> {
        git.clear();
        let Some(text) = git.text()? else { return Ok(true) };
        if let Some(before) = self.without(&text) {
            return self.put(git, &text, &before).map(|()| true);
        }
        if self.is_before(&text) {
            return Ok(true);
        }
        let mut rest = text.clone();
        for Addition { text: piece, .. } in self.additions.iter().rev() {
            if let Some((before, after)) = rest.split_once(piece.as_str())
                && !after.contains(piece.as_str())
                && is_closed(piece, after)
            {
                // The line that the piece ended was ended by nobody else.
                let end = if piece.starts_with('\n') && !after.is_empty() { "\n" } else { "" };
                rest = format!("{before}{end}{after}");
            }
        }
        if rest != text {
            self.put(git, &text, &rest)?;
        }
        if git.path.exists() {
            for origin in &self.origins {
                self.remove_entries(git, origin)?;
            }
        }
        Ok(false)
    }

    /// The text before all additions, if each is still where it was put.
    fn without(&self, text: &str) -> Option<String> {
        if text.len() != self.length {
            return None;
        }
        let mut text = text.to_owned();
        for Addition { at, text: piece } in self.additions.iter().rev() {
            if !text.get(*at..)?.starts_with(piece.as_str()) {
                return None;
            }
            text.replace_range(*at..at + piece.len(), "");
        }
        Some(text)
    }

    /// Whether `text` is what was there before, so far as its length and its pieces tell.
    pub(super) fn is_before(&self, text: &str) -> bool {
        let added: usize = self.additions.iter().map(|addition| addition.text.len()).sum();
        text.len() + added == self.length && !self.additions.iter().any(|addition| text.contains(&addition.text))
    }

    fn put(&self, git: &mut GitConfig, before: &str, text: &str) -> Result<(), Refusal> {
        if self.created && text.is_empty() { git.remove() } else { git.replace(Some(before), text) }
    }

    /// The empty helper and the path go only together with ours: alone they may be the user's own.
    fn remove_entries(&self, git: &mut GitConfig, origin: &str) -> Result<(), Refusal> {
        if !git.values(&format!("credential.{origin}.helper")).contains(&self.helper) {
            return Ok(());
        }
        // Our helper goes last: without it nobody could tell that the others are of ours, and the empty one alone would
        // switch off every helper of the user's.
        let [reset, ours, path] = entries(origin, &self.helper);
        for (key, value) in [path, reset, ours] {
            if git.values(&key).contains(&value) {
                git.unset(&key, &value)?;
            }
        }
        Ok(())
    }
}

/// Whether a piece can go in one: with a header in it that later lines belong to, they would fall to another section.
fn is_closed(piece: &str, after: &str) -> bool {
    let said = |line: &&str| !line.is_empty() && !line.starts_with(['#', ';']);
    let next = after.lines().map(str::trim).find(said);
    !piece.contains('[') || next.is_none_or(|line| line.starts_with('['))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_addition_comes_out_again_to_the_byte() {
        let git = GitConfig::at(PathBuf::from("/nowhere/config"), PathBuf::from("/nowhere/git"));
        for (before, piece) in [
            (None, "[a]\n\tx = 1\n"),
            (Some("# mine"), "\n[a]\n\tx = 1\n"),
            (Some("[a]\n\tx = 1\n[b]\n"), "[a]\n\tx = 2\n"),
            (Some("[ä]\n"), "[ö]\n"),
        ] {
            let ledger = Ledger::new(&git, before, piece, &[], "");
            let before = before.unwrap_or_default();
            let after = format!("{before}{piece}");
            assert_eq!(ledger.without(&after).as_deref(), Some(before));
            assert!(ledger.is_before(before) && !ledger.is_before(&after) && ledger.without(before).is_none());
        }
    }

    #[test]
    fn a_header_with_somebody_elses_lines_below_it_stays() {
        assert!(is_closed("[a]\n\tx\n", "\n# note\n[b]\n"));
        assert!(is_closed("[a]\n\tx\n", ""));
        assert!(is_closed("\tx\n", "\ty\n"));
        assert!(!is_closed("[a]\n\tx\n", "\ty\n"));
    }
}
