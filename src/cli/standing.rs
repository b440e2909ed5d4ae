//! How a saved connection stands, without asking anybody: what the config says, and what its record has seen since.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::check::day;
use crate::check::days_between;
use crate::config::{Config, Connection, ExpiresSource};
use crate::disk::Paths;
use crate::record::Record;
use crate::secret::Store;
use crate::text::{sanitise, stamp};

pub struct Standing<'c> {
    pub connection: &'c Connection,
    pub active: bool,
    pub record: Record,
    /// The moment that counts.
    pub now: Timestamp,
}

/// When the token ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    At(Timestamp),
    Never,
    NotKnown,
    /// There is no token: it signs in with a key.
    NoToken,
}

impl<'c> Standing<'c> {
    pub fn of(connection: &'c Connection, config: &Config, paths: &Paths) -> Self {
        let active = config.active() == Some(connection.name.as_str());
        let record = Record::load(paths, &connection.id);
        let now = record.clock(Timestamp::now());
        Self { connection, active, record, now }
    }

    /// The moment that counts.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The last verdict and its time: that of a check, or that of the set-up where it is newer.
    pub fn verdict(&self) -> Option<(&str, Timestamp)> {
        self.last().map(|(verdict, at, _)| (verdict, at))
    }

    /// The checks that the last verdict comes from, by id; none where it is a pass, or where nobody noted them.
    pub fn because(&self) -> &[String] {
        self.last().map_or(&[], |(verdict, _, because)| if verdict == "pass" { &[] } else { because })
    }

    /// The first `most` of them, with what stands before: `: expiry, push and 2 more`.
    pub fn because_text(&self, most: usize) -> String {
        let because: Vec<_> = self.because().iter().map(|id| sanitise(id, 30)).filter(|id| !id.is_empty()).collect();
        let more = because.len().saturating_sub(most);
        let told = because.into_iter().take(most).collect::<Vec<_>>().join(", ");
        match more {
            _ if told.is_empty() => told,
            0 => format!(": {told}"),
            _ => format!(": {told} and {more} more"),
        }
    }

    fn last(&self) -> Option<(&str, Timestamp, &[String])> {
        let Record { verdict, checked, because, .. } = &self.record;
        let checked = verdict.as_deref().zip(*checked).map(|(verdict, at)| (verdict, at, because.as_slice()));
        let verified = self.connection.verified.as_ref();
        let saved = verified.map(|verified| (verified.verdict.as_str(), verified.at, &[][..]));
        match (checked, saved) {
            (Some(checked), Some(saved)) => Some(if checked.1 >= saved.1 { checked } else { saved }),
            (checked, saved) => checked.or(saved),
        }
    }

    /// When git told that the forge refused the token, if nothing newer says otherwise.
    pub fn refused(&self) -> Option<Timestamp> {
        self.record.refused_after(self.connection.verified.as_ref().map(|verified| verified.at))
    }

    pub fn ends(&self) -> Ends {
        let Some(token) = &self.connection.token else { return Ends::NoToken };
        let saved = self.connection.verified.as_ref().map(|verified| verified.at);
        // A check that is newer than the config may have seen that the provider moved the end.
        let seen = self.record.expires.filter(|_| self.record.checked > saved);
        match (seen.or(token.expires), token.expires_source) {
            (Some(at), _) => Ends::At(at),
            (None, ExpiresSource::Never) => Ends::Never,
            (None, _) => Ends::NotKnown,
        }
    }

    /// Whole days until the token ends, as far as that is known.
    pub fn days_left(&self) -> Option<i64> {
        match self.ends() {
            Ends::At(at) => Some(days_between(self.now, at)),
            Ends::Never | Ends::NotKnown | Ends::NoToken => None,
        }
    }

    /// `in 12 days (2027-02-01)`
    pub fn ends_text(&self) -> String {
        match self.ends() {
            Ends::At(at) => distance(self.now, at),
            Ends::Never => "never".to_owned(),
            Ends::NotKnown => "not known".to_owned(),
            Ends::NoToken => "no token".to_owned(),
        }
    }

    /// Owner, and the project below it where there is one.
    pub fn owner_text(&self) -> String {
        let owner = &self.connection.owner;
        owner.project.as_ref().map_or_else(|| owner.owner.clone(), |project| format!("{}/{project}", owner.owner))
    }

    /// Where the secret rests, in a few words.
    pub fn rests(&self) -> String {
        match (&self.connection.token, &self.connection.ssh) {
            (Some(token), _) => token.store.described(),
            (None, Some(ssh)) => match &ssh.private_key {
                Some(key) => format!("SSH key {}", key.display()),
                None => format!("SSH key of {}", ssh.public_key),
            },
            (None, None) => "nowhere".to_owned(),
        }
    }

    /// The facts that `list` and `show` have in common, for programs.
    pub fn json(&self) -> Json {
        let connection = self.connection;
        let token = connection.token.as_ref().map(|token| {
            let expires = match self.ends() {
                Ends::At(at) => Some(stamp(at)),
                Ends::Never | Ends::NotKnown | Ends::NoToken => None,
            };
            json!({
                "kind": token.kind.map(|kind| kind.0),
                "expires": expires,
                "expires_source": token.expires_source.name(),
                "days_left": self.days_left(),
                "store": store_json(&token.store),
            })
        });
        let verdict = self.verdict();
        let identity = connection.verified.as_ref().and_then(|verified| {
            let kind = verified.identity_kind.map(crate::fact::IdentityKind::name);
            verified.identity.as_ref().map(|login| json!({ "login": login, "kind": kind }))
        });
        json!({
            "name": connection.name,
            "active": self.active,
            "platform": connection.platform,
            "provider": connection.site.provider.id(),
            "host": connection.site.host.to_string(),
            "owner": connection.owner.owner,
            "project": connection.owner.project,
            "username": connection.username,
            "identity": identity,
            "token": token,
            "repository": connection.repository.as_ref().map(|repository| json!({ "url": repository.url })),
            "verdict": verdict.map(|(verdict, _)| verdict),
            "checked": verdict.map(|(_, at)| stamp(at)),
            "because": self.because(),
            "refused": self.refused().map(stamp),
            "accepted": connection.accepted,
            "left_behind": self.record.left_behind,
        })
    }
}

fn store_json(store: &Store) -> Json {
    let mut json = json!({ "kind": store.kind() });
    match store {
        Store::Keyring | Store::GitCredential => {}
        Store::File(path) => json["path"] = path.display().to_string().into(),
        Store::Env(name) => json["env"] = name.as_str().into(),
        Store::Command(argv) => json["program"] = argv.first().cloned().unwrap_or_default().into(),
    }
    json
}

fn distance(now: Timestamp, at: Timestamp) -> String {
    let day = day(at);
    let whole = |days: i64| if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
    let days = days_between(now, at).abs();
    if at > now {
        match days {
            0 => format!("in less than a day ({day})"),
            days => format!("in {} ({day})", whole(days)),
        }
    } else {
        match days {
            0 => format!("ended less than a day ago ({day})"),
            days => format!("ended {} ago ({day})", whole(days)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_says_how_far_and_which_day() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        for (at, text) in [
            ("2026-12-03T13:00:00Z", "in 12 days (2026-12-03)"),
            ("2026-11-22T12:00:00Z", "in 1 day (2026-11-22)"),
            ("2026-11-22T11:00:00Z", "in less than a day (2026-11-22)"),
            ("2026-11-21T11:00:00Z", "ended less than a day ago (2026-11-21)"),
            ("2026-11-18T12:00:00Z", "ended 3 days ago (2026-11-18)"),
        ] {
            assert_eq!(distance(now, at.parse().unwrap()), text);
        }
    }

    #[test]
    fn of_a_command_only_the_program_is_shown() {
        let store = Store::Command(vec!["op".to_owned(), "--token=abc".to_owned()]);
        assert_eq!(store.described(), "command op");
        assert!(!store_json(&store).to_string().contains("abc"));
    }
}
