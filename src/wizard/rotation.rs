//! Rotation: another token in the place of one that is kept. It is proven by every check before anything changes, and what
//! it gains and loses against the one before is told.

use super::{Purpose, Wizard};
use crate::check::day;
use crate::config::{Connection, ExpiresSource};
use crate::fact::Grants;

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

    /// How the new token differs from the one before, as far as that was seen: sentences.
    pub fn comparison(&self) -> Vec<String> {
        let Some(held) = self.replaced() else { return Vec::new() };
        let (Some(old), seen) = (&held.token, &held.verified) else { return Vec::new() };
        let new = self.token();
        let mut told = Vec::new();
        if let (Some(before), Some(now)) = (old.kind, new.kind)
            && before != now
        {
            told.push(format!("The kind changes from {} to {}.", before.0, now.0));
        }
        let before = seen.as_ref().and_then(|seen| seen.identity.clone());
        if let (Some(before), Some(now)) = (before, self.identity().map(|identity| identity.login))
            && !before.eq_ignore_ascii_case(&now)
        {
            told.push(format!("The account changes from {before} to {now}"));
        }
        let ends = |token: &crate::config::Token| match (token.expires, token.expires_source) {
            (Some(at), _) => format!("on {}", day(at)),
            (None, ExpiresSource::Never) => "never".to_owned(),
            (None, _) => "on a day that is not known".to_owned(),
        };
        if ends(old) != ends(&new) {
            told.push(format!("The old one ends {}, the new one {}.", ends(old), ends(&new)));
        }
        let scopes = seen.as_ref().and_then(|seen| seen.scopes.as_ref());
        if let (Some(before), Some(Grants::Known(now))) = (scopes, self.grants()) {
            for (word, scopes) in [("loses", before - now), ("gains", now - before)] {
                if !scopes.is_empty() {
                    let names: Vec<_> = scopes.into_iter().collect();
                    told.push(format!("The new one {word} {}", names.join(", ")));
                }
            }
        }
        told
    }
}
