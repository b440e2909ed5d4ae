//! The record of a connection: what was seen since it was saved. One small JSON file per connection id in the state
//! directory.
//!
//! It may be lost at any time, so nothing depends on it: reading gives an empty record where there is none, and whoever
//! could not write it is told why and goes on. Keys of a newer version survive.

mod unfinished;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::config::Connection;
use crate::disk::{self, DiskFault, Lasting, Paths};
use crate::secret::Store;
use crate::text::sanitise;

pub use self::unfinished::{Made, Stray, Unfinished};

const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// What was seen of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// When it was checked last.
    #[serde(with = "moment", skip_serializing_if = "Option::is_none")]
    pub checked: Option<Timestamp>,
    /// What the server's clock said then, where it and the one here disagree: it is the one that counted.
    #[serde(with = "moment", skip_serializing_if = "Option::is_none")]
    pub judged: Option<Timestamp>,
    /// The verdict of that check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// The checks that it comes from, by id; none where it is a pass.
    #[serde(deserialize_with = "texts", skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<String>,
    /// The end of the token, as the provider told it in that check.
    #[serde(with = "moment", skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When git told that the forge refused the token.
    #[serde(with = "moment", skip_serializing_if = "Option::is_none")]
    pub refused: Option<Timestamp>,
    /// What a set-up that was not finished has left at the forge; with the way to remove it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_behind: Vec<String>,
    /// Secrets that a run was about to write or to remove: one that was interrupted left them, and the next one clears up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<Pending>,
    /// The provider was asked to replace the token, and it is not settled what came of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renewal: Option<Renewing>,
    /// The config is switched to another token, and no report has said so yet: a run that is stopped owes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsaid: Option<Unsaid>,
    /// What was exported of it, newest last: it has to be applied again after a rotation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exports: Vec<Exported>,
    /// What to know about what a set-up has made, for as long as it is there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// Keys that this version does not know.
    #[serde(flatten)]
    other: BTreeMap<String, serde_json::Value>,
}

/// The place of a secret of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// `keyring`, `git-credential` or `file`.
    pub store: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    pub generation: u64,
}

impl Pending {
    pub fn new(store: &Store, generation: u64) -> Self {
        let path = if let Store::File(path) = store { Some(path.clone()) } else { None };
        Self { store: store.kind().to_owned(), path, generation }
    }

    /// The store, if it is one that keeps.
    pub fn store(&self) -> Option<Store> {
        match (self.store.as_str(), &self.path) {
            ("keyring", _) => Some(Store::Keyring),
            ("git-credential", _) => Some(Store::GitCredential),
            ("file", Some(path)) => Some(Store::File(path.clone())),
            _ => None,
        }
    }
}

/// A request to a provider to replace the token, which may have been carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewing {
    /// When it was sent, RFC 3339.
    pub begun: String,
    /// The end that was asked for the new token, RFC 3339.
    pub ends: String,
    /// Where the new token goes.
    pub to: Pending,
}

/// The token or key that takes over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsaid {
    /// The day, in UTC.
    pub at: String,
    pub generation: u64,
    /// The fingerprint of the key that takes over, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// What was exported, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    pub format: String,
    /// The day, in UTC.
    pub at: String,
    /// The token or key was replaced since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
}

/// `argocd on 2026-11-21`, whatever a hand has written into the file.
impl fmt::Display for Exported {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stale = if self.stale { " (to be applied again)" } else { "" };
        write!(out, "{} on {}{stale}", sanitise(&self.format, 40), sanitise(&self.at, 40))
    }
}

impl Record {
    /// The record of the connection `id`; an empty one where there is none, or where it cannot be read.
    pub fn load(paths: &Paths, id: &str) -> Self {
        file_name(id).and_then(|name| paths.read_state(&name)).map(|text| Self::parse(&text)).unwrap_or_default()
    }

    /// Keeps this record in place of the one that is there. The answer is why it was not kept.
    pub fn save(&self, paths: &Paths, id: &str) -> Option<DiskFault> {
        Self::change(paths, id, |record| *record = self.clone())
    }

    /// Changes the record while no other run can. The answer is why it was not kept.
    pub fn change(paths: &Paths, id: &str, change: impl FnOnce(&mut Self)) -> Option<DiskFault> {
        Self::write(paths, id, change, |_| Lasting::PowerCut)
    }

    /// The same for what the next check sees anew. Unless the record holds more than that, no power cut matters, and a
    /// fleet does not wait for the disk.
    pub fn note(paths: &Paths, id: &str, change: impl FnOnce(&mut Self)) -> Option<DiskFault> {
        let lasting = |record: &Self| {
            let Self { checked, judged, verdict, because, expires, notices, .. } = record.clone();
            let seen = Self { checked, judged, verdict, because, expires, notices, ..Self::default() };
            if seen == *record { Lasting::Run } else { Lasting::PowerCut }
        };
        Self::write(paths, id, change, lasting)
    }

    fn write(
        paths: &Paths,
        id: &str,
        change: impl FnOnce(&mut Self),
        lasting: impl FnOnce(&Self) -> Lasting,
    ) -> Option<DiskFault> {
        let path = paths.state_dir.as_ref()?.join(file_name(id)?);
        let written = paths.may_write().and_then(|()| {
            disk::update_as(&path, |text| -> Result<_, DiskFault> {
                let mut record = text.map(Self::parse).unwrap_or_default();
                change(&mut record);
                Ok((record.render(), lasting(&record)))
            })
        });
        written.err()
    }

    /// Removes what killed runs left among the records.
    pub fn sweep(paths: &Paths) {
        if let (Some(dir), Ok(())) = (&paths.state_dir, paths.may_write()) {
            disk::sweep(dir);
        }
    }

    /// The checks of `connection` that were accepted and have failed until now, as far as anybody saw.
    pub fn still_failing(&self, connection: &Connection) -> BTreeSet<String> {
        let is_newer = self.checked > connection.verified.as_ref().map(|verified| verified.at);
        let failed = |id: &&String| !is_newer || (self.verdict.as_deref() == Some("fail") && self.because.contains(id));
        connection.accepted.iter().filter(failed).cloned().collect()
    }

    /// The token or key was replaced, and what that asks of its owner is said.
    pub fn is_replaced(&mut self) {
        self.unsaid = None;
        self.exports.iter_mut().for_each(|exported| exported.stale = true);
    }

    /// Forgets everything about the connection `id`. The answer is why it is still there.
    pub fn forget(paths: &Paths, id: &str) -> Option<DiskFault> {
        let name = file_name(id)?;
        let kept = paths.remove_state(&name);
        // The id is never used again, so that nobody waits for its lock.
        if let (Some(dir), None) = (&paths.state_dir, &kept) {
            drop(disk::remove(&dir.join(format!(".{name}.lock"))));
        }
        kept
    }

    /// When the forge refused the token, if nothing newer than `since` says otherwise. Of the same second, the refusal
    /// counts: it is what somebody has to look at.
    pub fn refused_after(&self, since: Option<Timestamp>) -> Option<Timestamp> {
        self.refused.filter(|refused| since.max(self.checked).is_none_or(|seen| *refused >= seen))
    }

    /// The moment that counts at `now`: as the last check has seen, the clock here may be off. One that stayed behind is at
    /// least where the server's was. One that went ahead is taken back for a day: it may have been set right since, and
    /// then a token that has ended would be shown as good.
    pub fn clock(&self, now: Timestamp) -> Timestamp {
        match (self.checked, self.judged) {
            (Some(checked), Some(judged)) if judged >= checked => now.max(judged),
            (Some(checked), Some(judged)) if now >= checked && now.duration_since(checked) < A_DAY => {
                now.checked_sub(checked.duration_since(judged)).unwrap_or(now)
            }
            _ => now,
        }
    }

    fn parse(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    fn render(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }
}

/// An id comes out of a file that can be edited by hand, so one that is not plain names no record.
fn file_name(id: &str) -> Option<String> {
    let plain = (1..=128).contains(&id.len())
        && !id.starts_with('.')
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    plain.then(|| format!("{id}.json"))
}

/// What is no list of texts is taken for an empty one.
fn texts<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let there = serde_json::Value::deserialize(from)?;
    Ok(serde_json::from_value(there).unwrap_or_default())
}

/// Moments as RFC 3339; what is none is taken for absent.
mod moment {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "the signature that serde asks for")]
    pub(super) fn serialize<S: Serializer>(at: &Option<Timestamp>, into: S) -> Result<S::Ok, S::Error> {
        match at {
            Some(at) => into.serialize_str(&crate::text::stamp(*at)),
            None => into.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<String>::deserialize(from)?.and_then(|text| text.parse().ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back_and_keeps_what_it_does_not_know() {
        let dir = tempfile::TempDir::new().unwrap();
        let paths = Paths::under(dir.path());
        assert_eq!(Record::load(&paths, "c7f3"), Record::default());
        let seen: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
        let text = r#"{"checked":"2026-11-20T09:00:00Z","verdict":"warn","colour":"blue","refused":"rubbish"}"#;
        assert!(paths.write_state("c7f3.json", text).is_none());
        assert!(Record::change(&paths, "c7f3", |record| record.left_behind.push("a key".to_owned())).is_none());
        let record = Record::load(&paths, "c7f3");
        assert_eq!((record.checked, record.verdict.as_deref(), record.refused), (Some(seen), Some("warn"), None));
        assert_eq!(record.left_behind, ["a key"]);
        assert!(paths.read_state("c7f3.json").unwrap().contains("\"colour\": \"blue\""));
        assert!(Record::forget(&paths, "c7f3").is_none());
        assert_eq!(Record::load(&paths, "c7f3"), Record::default());
    }

    #[test]
    fn rubbish_is_an_empty_record_and_a_strange_id_names_none() {
        let dir = tempfile::TempDir::new().unwrap();
        let paths = Paths::under(dir.path());
        assert!(paths.write_state("a.json", "{").is_none());
        assert_eq!(Record::load(&paths, "a"), Record::default());
        for id in ["", "..", "../a", "a/b", "a\nb", ".a"] {
            assert!(Record::default().save(&paths, id).is_none());
        }
        assert_eq!(std::fs::read_dir(dir.path().join("state")).unwrap().count(), 1);
    }

    #[test]
    fn a_clock_that_was_seen_to_be_off_is_set_right_as_far_as_that_is_known() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let clock = |checked: &str, judged: Option<&str>, now: &str| {
            let record = Record { checked: Some(at(checked)), judged: judged.map(at), ..Record::default() };
            record.clock(at(now)).to_string()
        };
        let (then, later) = ("2026-11-20T09:00:00Z", "2026-11-20T10:00:00Z");
        assert_eq!(clock(then, None, later), later);
        // Behind: it is at least as late as the server said. Ahead: it is taken back, until somebody sets it right.
        assert_eq!(clock(then, Some("2026-12-20T09:00:00Z"), later), "2026-12-20T09:00:00Z");
        assert_eq!(clock(then, Some("2026-12-20T09:00:00Z"), "2026-12-21T09:00:00Z"), "2026-12-21T09:00:00Z");
        assert_eq!(clock(then, Some("2026-11-10T09:00:00Z"), later), "2026-11-10T10:00:00Z");
        assert_eq!(clock(then, Some("2026-11-10T09:00:00Z"), "2026-11-11T09:00:00Z"), "2026-11-11T09:00:00Z");
        // It may have been set right meanwhile.
        assert_eq!(clock(then, Some("2026-11-10T09:00:00Z"), "2026-11-21T09:00:00Z"), "2026-11-21T09:00:00Z");
    }

    #[test]
    fn a_refusal_counts_until_something_newer_was_seen() {
        let at = |text: &str| text.parse::<Timestamp>().ok();
        let mut record = Record { refused: at("2026-11-20T09:00:00Z"), ..Record::default() };
        assert_eq!(record.refused_after(None), record.refused);
        assert_eq!(record.refused_after(at("2026-11-19T09:00:00Z")), record.refused);
        assert_eq!(record.refused_after(at("2026-11-21T09:00:00Z")), None);
        record.checked = at("2026-11-21T09:00:00Z");
        assert_eq!(record.refused_after(None), None);
    }
}
