//! Rotation: another token in the place of one that is kept. It is proven by every check before anything changes, and what
//! it gains and loses against the one before is told: as the forge tells of both now, and where the one before cannot be
//! asked any more, as it was seen last.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Purpose, Wizard};
use crate::check::day;
use crate::config::{Connection, ExpiresSource, Token};
use crate::fact::{Credential, Expiry, Fact, Grants, Query, Site, Value};
use crate::provider::TokenKind;

impl Wizard {
    pub fn is_rotation(&self) -> bool {
        matches!(self.purpose, Purpose::Rotate { .. })
    }

    /// The connection whose token is being replaced, once there is another one.
    pub(super) fn replaced(&self) -> Option<&Connection> {
        self.held().filter(|_| self.is_rotation() && self.brings_a_token() && !self.answers.has_ssh())
    }

    /// Whether the token that was given is the one that is kept already.
    pub fn is_the_same_token(&self) -> bool {
        let kept = self.held().and_then(|held| held.token.as_ref()).filter(|token| token.store.keeps());
        let now = self.token();
        kept.is_some_and(|kept| self.is_saved() && kept.store == now.store && kept.generation == now.generation)
    }

    /// Whether this run has put another token or key in the place of the one before: what was given that needs the new one.
    pub fn is_replaced(&self) -> bool {
        let Some((held, now)) = self.held().zip(self.connection()).filter(|_| self.is_saved()) else { return false };
        let is_another_token = match (&held.token, &now.token) {
            (Some(old), Some(new)) if self.brings_a_token() => {
                // A reference stays the same while its place is filled anew, and nobody but a rotation says so.
                (&old.store, old.generation) != (&new.store, new.generation)
                    || (self.is_rotation() && !new.store.keeps())
            }
            _ => false,
        };
        is_another_token || held.fingerprint() != now.fingerprint()
    }

    /// What is known of the token that is replaced.
    fn of_the_replaced(&self) -> Option<Replaced> {
        let held = self.replaced()?;
        let (token, seen) = (held.token.as_ref()?, held.verified.as_ref());
        let record = Replaced {
            kind: token.kind,
            login: seen.and_then(|seen| seen.identity.clone()),
            ends: End::saved(token),
            scopes: seen.and_then(|seen| seen.scopes.clone()),
            seen: seen.map(|seen| seen.at),
            why: match self.old_identity() {
                _ if !self.has_read_the_old() => "can no longer be read",
                Some(Fact::Refused(fault)) if fault.is_refusal() => "was refused now",
                _ => "did not answer now",
            },
        };
        let Some(live) = self.answers.site().zip(self.current()) else { return Some(record) };
        let ask =
            |query: fn(Arc<Site>, Arc<Credential>) -> Query| self.facts.of(&query(live.0.clone(), live.1.clone()));
        let identity = match ask(Query::Identity) {
            Some(Fact::Known(Value::Identity(identity))) => identity,
            // Nothing is said of the record while the answer is on its way.
            Some(Fact::Asked(_)) => return Some(Replaced { seen: None, ..record }),
            _ => return Some(record),
        };
        if !self.has_the_old() && record.login.is_some() {
            return Some(Replaced { why: "is not where it was read from", ..record });
        }
        let ends = match ask(Query::Expiry) {
            Some(Fact::Known(Value::Expiry(Expiry::At(at)))) => End::On(*at),
            Some(Fact::Known(Value::Expiry(Expiry::Never))) => End::Never,
            // What a provider does not tell was given by somebody.
            _ => record.ends,
        };
        let scopes = match ask(Query::Grants) {
            Some(Fact::Known(Value::Grants(Grants::Known(scopes)))) => Some(scopes.clone()),
            Some(Fact::Known(_)) => None,
            _ => record.scopes,
        };
        let kind = identity.token.or(record.kind);
        Some(Replaced { kind, login: Some(identity.login.clone()), ends, scopes, seen: None, why: record.why })
    }

    /// What came of asking the forge whose the replaced token is.
    fn old_identity(&self) -> Option<&Fact> {
        self.facts.of(&Query::Identity(self.answers.site()?, self.current()?))
    }

    /// Whether what was read in the place of the replaced token is that token. What we keep is. A variable or a program may
    /// give what somebody else has put there by now: it counts where its account, and its end as far as the provider tells
    /// it, are those that were seen before.
    pub fn has_the_old(&self) -> bool {
        let Some((held, token)) = self.held().and_then(|held| Some((held, held.token.as_ref()?))) else { return false };
        if token.store.keeps() {
            return self.has_read_the_old();
        }
        let seen = held.verified.as_ref().and_then(|verified| verified.identity.as_ref());
        let is_same_account = match (self.old_identity(), seen) {
            (Some(Fact::Known(Value::Identity(now))), Some(seen)) => now.login.eq_ignore_ascii_case(seen),
            _ => false,
        };
        let ends = self.answers.site().zip(self.current()).map(|(site, old)| Query::Expiry(site, old));
        let is_same_end = match (token.expires, ends.and_then(|query| self.facts.of(&query))) {
            (Some(saved), Some(Fact::Known(Value::Expiry(Expiry::At(now))))) => {
                token.expires_source != ExpiresSource::Provider || saved == *now
            }
            _ => true,
        };
        is_same_account && is_same_end
    }

    /// Whether the forge took the replaced token when it was asked about it in this run; `None` where it was not, or told
    /// neither.
    pub fn took_the_old(&self) -> Option<bool> {
        match self.old_identity().filter(|_| self.has_the_old())? {
            Fact::Known(_) => Some(true),
            Fact::Refused(fault) if fault.is_refusal() => Some(false),
            _ => None,
        }
    }

    /// The account of the token that is replaced: as the forge tells it now, else as it was seen last.
    pub(super) fn replaced_login(&self) -> Option<String> {
        self.of_the_replaced()?.login
    }

    /// How the new token differs from the one before, as far as that was seen: sentences.
    pub fn comparison(&self) -> Vec<String> {
        let Some(before) = self.of_the_replaced() else { return Vec::new() };
        let new = self.token();
        let mut told = Vec::new();
        if let (Some(before), Some(now)) = (before.kind, new.kind)
            && before != now
        {
            told.push(format!("The kind changes from {} to {}.", before.0, now.0));
        }
        if let (Some(before), Some(now)) = (before.login, self.identity().map(|identity| identity.login))
            && !before.eq_ignore_ascii_case(&now)
        {
            told.push(format!("The account changes from {before} to {now}"));
        }
        let now = End::saved(&new);
        told.extend(End::compared(before.ends, now, self.moment()));
        if let (Some(before), Some(Grants::Known(now))) = (&before.scopes, self.grants()) {
            // What a scope implies is there with it.
            let all = |scopes: &BTreeSet<String>| match self.answers.provider() {
                Some(provider) => provider.rules().closure(scopes),
                None => scopes.clone(),
            };
            for (word, scopes) in [("loses", before - &all(now)), ("gains", now - &all(before))] {
                if !scopes.is_empty() {
                    let names: Vec<_> = scopes.into_iter().collect();
                    told.push(format!("The new one {word} {}", names.join(", ")));
                }
            }
        }
        if let (Some(seen), false) = (before.seen, told.is_empty()) {
            let text = format!("The old one {}: it is compared as it was seen on {}.", before.why, day(seen));
            told.insert(0, text);
        }
        told
    }
}

/// The token that is replaced.
struct Replaced {
    kind: Option<TokenKind>,
    login: Option<String>,
    ends: End,
    /// Absent: not told.
    scopes: Option<BTreeSet<String>>,
    /// When it was seen last, where it could not be asked in this run.
    seen: Option<Timestamp>,
    /// Why it could not.
    why: &'static str,
}

/// When a token ends.
#[derive(Clone, Copy)]
enum End {
    On(Timestamp),
    Never,
    NotKnown,
}

impl End {
    fn saved(token: &Token) -> Self {
        match (token.expires, token.expires_source) {
            (Some(at), _) => Self::On(at),
            (None, ExpiresSource::Never) => Self::Never,
            (None, _) => Self::NotKnown,
        }
    }

    /// Both ends in a sentence, where they are not the same day; `now`: the moment of the run.
    fn compared(old: Self, new: Self, now: Timestamp) -> Option<String> {
        let ends = |at: Timestamp| format!("{} on {}", if at <= now { "ended" } else { "ends" }, day(at));
        Some(match (old, new) {
            (Self::On(old), Self::On(new)) if day(old) == day(new) => return None,
            (Self::Never, Self::Never) | (Self::NotKnown, Self::NotKnown) => return None,
            (Self::On(old), Self::On(new)) if old > now => {
                format!("The old one {}, the new one on {}.", ends(old), day(new))
            }
            (Self::On(old), Self::On(new)) => format!("The old one {}, the new one {}.", ends(old), ends(new)),
            (Self::On(old), Self::Never) => format!("The old one {}, the new one never ends.", ends(old)),
            (Self::Never, Self::On(new)) => format!("The old one never ends, the new one {}.", ends(new)),
            (Self::On(old), Self::NotKnown) => {
                format!("The old one {}; when the new one ends is not known.", ends(old))
            }
            (Self::Never, Self::NotKnown) => "The old one never ends; when the new one ends is not known.".to_owned(),
            (Self::NotKnown, Self::On(new)) => {
                format!("The new one {}; when the old one ends is not known.", ends(new))
            }
            (Self::NotKnown, Self::Never) => "The new one never ends; when the old one ends is not known.".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ends_are_compared_as_a_person_would() {
        let at = |text: &str| End::On(format!("{text}T00:00:00Z").parse().unwrap());
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let (past, near, far) = (at("2026-11-01"), at("2026-12-01"), at("2027-02-01"));
        for (old, new, told) in [
            (near, far, "The old one ends on 2026-12-01, the new one on 2027-02-01."),
            (past, far, "The old one ended on 2026-11-01, the new one ends on 2027-02-01."),
            (near, End::Never, "The old one ends on 2026-12-01, the new one never ends."),
            (End::Never, far, "The old one never ends, the new one ends on 2027-02-01."),
            (past, End::NotKnown, "The old one ended on 2026-11-01; when the new one ends is not known."),
            (End::Never, End::NotKnown, "The old one never ends; when the new one ends is not known."),
            (End::NotKnown, far, "The new one ends on 2027-02-01; when the old one ends is not known."),
            (End::NotKnown, End::Never, "The new one never ends; when the old one ends is not known."),
        ] {
            assert_eq!(End::compared(old, new, now).as_deref(), Some(told));
        }
        for same in [near, End::Never, End::NotKnown] {
            assert_eq!(End::compared(same, same, now), None);
        }
    }
}
