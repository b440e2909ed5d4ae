//! What was added to the user's git config, and where: so that it can be taken back to the byte.
//!
//! The file itself is not copied, since it may hold secrets of its user. Each addition put one piece of text at one
//! place; taken out in reverse order, they leave what was there. Where the file was edited since, the pieces are looked
//! for, and what is not found in one piece is removed entry by entry.

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
    /// How long the file was after the last addition.
    length: usize,
    /// Whether each addition only added.
    exact: bool,
    /// In the order in which they were made.
    additions: Vec<Addition>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Addition {
    at: usize,
    text: String,
}

impl Ledger {
    pub(super) fn new(git: &GitConfig, origins: &[String], helper: &str) -> Self {
        Self {
            created: !git.path.exists(),
            file: git.path.clone(),
            origins: origins.to_vec(),
            helper: helper.to_owned(),
            length: 0,
            exact: true,
            additions: Vec::new(),
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

    /// Notes what one addition did.
    pub(super) fn note(&mut self, before: &str, after: &str) {
        self.length = after.len();
        let at = before.bytes().zip(after.bytes()).take_while(|(old, new)| old == new).count();
        let at = (0..=at).rev().find(|at| before.is_char_boundary(*at) && after.is_char_boundary(*at)).unwrap_or(0);
        let rest = &before[at..];
        let Some(text) = after[at..].strip_suffix(rest) else {
            self.exact = false;
            return;
        };
        match self.additions.last_mut() {
            // What follows the piece before directly is one piece with it.
            Some(last) if last.at + last.text.len() == at => last.text.push_str(text),
            _ => self.additions.push(Addition { at, text: text.to_owned() }),
        }
    }

    /// Takes everything back. `true`: the file is as it was; `false`: it was edited since, and our entries are gone.
    pub(super) fn take_back(&self, git: &mut GitConfig) -> Result<bool, Refusal> {
        let Some(text) = git.text()? else { return Ok(true) };
        if let Some(before) = self.without(&text) {
            return self.put(git, &before).map(|()| true);
        }
        let mut rest = text.clone();
        for Addition { text: piece, .. } in self.additions.iter().rev() {
            if let Some((before, after)) = rest.split_once(piece.as_str())
                && !after.contains(piece.as_str())
                && is_closed(piece, after)
            {
                rest = format!("{before}{after}");
            }
        }
        if rest != text {
            self.put(git, &rest)?;
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
        if !self.exact || text.len() != self.length {
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

    fn put(&self, git: &mut GitConfig, text: &str) -> Result<(), Refusal> {
        if self.created && text.is_empty() { git.remove() } else { git.write(text) }
    }

    /// The empty helper and the path go only together with ours: alone they may be the user's own.
    fn remove_entries(&self, git: &mut GitConfig, origin: &str) -> Result<(), Refusal> {
        if !git.values(&format!("credential.{origin}.helper")).contains(&self.helper) {
            return Ok(());
        }
        for (key, value) in entries(origin, &self.helper) {
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
    fn additions_come_out_again_wherever_git_put_them() {
        let git = GitConfig::at(PathBuf::from("/nowhere/config"), PathBuf::from("/nowhere/git"));
        for steps in [
            vec!["", "[a]\n\tx = 1\n", "[a]\n\tx = 1\n\ty = 2\n"],
            vec!["# mine", "# mine\n[a]\n\tx = 1\n"],
            vec!["[a]\n\tx = 1\n[b]\n", "[a]\n\tx = 1\n\tx = 1\n[b]\n", "[a]\n\tx = 1\n\tx = 1\n[b]\n\tz\n"],
            vec!["[ä]\n", "[ä]\n[ö]\n"],
        ] {
            let mut ledger = Ledger::new(&git, &[], "");
            steps.windows(2).for_each(|pair| ledger.note(pair[0], pair[1]));
            assert_eq!(ledger.without(steps.last().unwrap()).as_deref(), Some(steps[0]));
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
