//! What a rotation may do at the provider: have the new token made there, and see to the end of the old one.
//!
//! Where the provider makes the new token, the old one ends in the same moment. Nothing may stand between that answer and
//! the store then: the checks come after it, and nothing that they find takes the new token back.

use std::sync::Arc;

use jiff::Timestamp;

use super::command::{Command, Done, Keeping, Stage};
use super::{Purpose, Wizard, kept};
use crate::check::{Check, CheckId, Verdict};
use crate::config::{Connection, ExpiresSource, Token};
use crate::fact::{Credential, Expiry, Fact, Fault, Query, Site, Slot, Source};
use crate::secret::Store;

/// How a rotation is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotating {
    /// The provider makes the new token, which then ends at this moment.
    pub at_provider: Option<Timestamp>,
    /// The replaced token, or key, is ended at the provider once the new one is saved and proven.
    pub revoke_old: bool,
    /// The forge is asked in the end whether it still takes the replaced token.
    pub prove_dead: bool,
}

/// A token that the provider is to make in place of the one in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewal {
    pub site: Arc<Site>,
    /// The token in use, which ends by this.
    pub keeping: Keeping,
    pub ends: Timestamp,
    /// The connection as it is saved.
    pub held: Connection,
}

/// Where the token that the provider made rests, and what it told about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewed {
    pub store: Store,
    pub generation: u64,
    pub expires: Expiry,
}

impl Renewed {
    /// A connection with this token: all that is known before anything was asked with it.
    #[must_use]
    pub fn put_into(&self, connection: Connection) -> Connection {
        let (expires, expires_source) = match self.expires {
            Expiry::At(at) | Expiry::NoLaterThan(at, _) => (Some(at), ExpiresSource::Provider),
            Expiry::Never => (None, ExpiresSource::Never),
            Expiry::NotTold => (None, ExpiresSource::Unknown),
        };
        let (store, generation) = (self.store.clone(), self.generation);
        let token = connection.token.clone();
        let token = token.map(|token| Token { store, generation, expires, expires_source, ..token });
        Connection { token, ..connection }
    }
}

impl Wizard {
    /// Says how the rotation is to be done.
    #[must_use]
    pub fn rotating(self, rotating: Rotating) -> Self {
        Self { rotating, ..self }
    }

    pub fn how(&self) -> Rotating {
        self.rotating
    }

    pub(super) fn renews(&self) -> bool {
        self.is_rotation() && self.rotating.at_provider.is_some()
    }

    /// Whether this run gives the connection another token: one that was answered, or one that the provider made.
    pub(super) fn brings_a_token(&self) -> bool {
        self.answers.source().is_some() || self.renewed().is_some()
    }

    /// The token that the provider made in this run.
    pub fn renewed(&self) -> Option<&Renewed> {
        self.applied.iter().find_map(|(_, outcome)| match outcome {
            Ok(Done::Renewed(new)) => Some(new),
            _ => None,
        })
    }

    /// The connection as it is in the config, as far as this run knows: as it was found, with what the run has put there.
    pub(super) fn found(&self) -> Option<Connection> {
        let held = self.held()?.clone();
        Some(self.renewed().map_or_else(|| held.clone(), |new| new.put_into(held.clone())))
    }

    /// The credential that is judged where the provider makes the token: the one in use until there is another.
    pub(super) fn renewed_credential(&self, held: &Connection) -> Option<Arc<Credential>> {
        let current = kept(held)?;
        let Some(new) = self.renewed() else { return Some(current) };
        let source = Source::Kept { store: new.store.clone(), id: held.id.clone(), generation: new.generation };
        Some(Arc::new(Credential { slot: Slot::Candidate, source, ..Arc::unwrap_or_clone(current) }))
    }

    /// The token that is replaced, where it can be read beside the new one: the same reference gives the new one by now.
    pub fn current(&self) -> Option<Arc<Credential>> {
        let held = self.held().filter(|_| matches!(self.purpose, Purpose::Rotate { .. }))?;
        let token = held.token.as_ref()?;
        let is_gone = !token.store.keeps() && self.answers.store() == token.store;
        if is_gone { None } else { kept(held) }
    }

    /// What is asked about the replaced token while it is still there: the two are compared as they are now. Who else has
    /// it, and whether it is dead, is asked later.
    ///
    /// At most three reads. Where the first is refused, nothing else is asked with it.
    pub(super) fn beside(&self) -> Vec<Query> {
        let Some(current) = self.current() else { return Vec::new() };
        let is_known = |query: &Query| matches!(self.facts.of(query), Some(Fact::Known(_)));
        let token = Query::Token(current.clone());
        let mut wanted = Vec::new();
        if let (true, Some(site), Some(_)) = (is_known(&token), self.answers.site(), self.replaced()) {
            let identity = Query::Identity(site.clone(), current.clone());
            if is_known(&identity) {
                wanted.push(Query::Grants(site.clone(), current.clone()));
                wanted.push(Query::Expiry(site, current));
            }
            wanted.push(identity);
        }
        wanted.push(token);
        wanted.retain(|query| self.facts.of(query).is_none());
        wanted
    }

    /// Whether the replaced token was read, so that something can be asked with it.
    pub(super) fn has_read_the_old(&self) -> bool {
        let read = self.current().map(Query::Token);
        matches!(read.and_then(|query| self.facts.of(&query)), Some(Fact::Known(_)))
    }

    pub(super) fn stages_of_renewal(&self) -> Vec<Stage> {
        let mut stages = vec![Stage::ProbeStore, Stage::Renew, Stage::WriteConfig];
        if self.outlived().is_some() {
            stages.extend([Stage::Verify, Stage::LetGo]);
        }
        self.push_the_end_of_the_old(&mut stages);
        stages
    }

    /// What comes once the config names the new token.
    pub(super) fn push_the_end_of_the_old(&self, stages: &mut Vec<Stage>) {
        if !self.is_rotation() || !self.has_the_old() {
            return;
        }
        if self.rotating.revoke_old && !self.renews() && self.may_end_the_old(Stage::RevokeOld) {
            stages.push(Stage::RevokeOld);
        }
        if self.rotating.revoke_old || self.rotating.prove_dead {
            stages.push(Stage::LookAtOld);
        }
    }

    pub(super) fn renewal(&self, site: Arc<Site>, store: Store, id: String) -> Option<Renewal> {
        let held = self.held()?.clone();
        let ends = self.rotating.at_provider?;
        Some(Renewal { site, keeping: self.keeping(store, id, kept(&held)?), ends, held })
    }

    /// A failed check holds nothing up once the old token has ended: the new one is all there is.
    pub(super) fn is_held_up(&self) -> bool {
        self.renewed().is_none() && !self.blocking().is_empty()
    }

    /// Whether the old one may go: foreseen before the new one is saved, and from then on once that is proven.
    pub(super) fn may_end_the_old(&self, stage: Stage) -> bool {
        !self.is_saved() || self.tried(stage) || self.is_proven()
    }

    /// Whether git was seen to take the new one: whatever tells it has passed.
    pub fn is_proven(&self) -> bool {
        let tells = |id: &CheckId| matches!(id, CheckId::Clone | CheckId::Push | CheckId::Handover | CheckId::SshKey);
        let passed = |check: &Check| matches!(check.verdict, Verdict::Pass | Verdict::Warn(_));
        self.floor() && self.judgement().checks.iter().filter(|check| tells(&check.id)).all(passed)
    }

    /// Why the replaced token or key was left, where it was to be ended.
    pub fn withheld(&self) -> Option<&'static str> {
        let (token, key) = (Stage::RevokeOld, Stage::RemoveOldKey);
        if !self.is_saved() || self.renews() || self.tried(token) || self.tried(key) {
            return None;
        }
        if !self.rotating.revoke_old {
            let is_owed = self.rotating.prove_dead && self.replaced().is_some() && !self.is_the_same_token();
            let cannot = "Nobody can ask with it any more, because its place gives another one, or none.";
            return (is_owed && !self.has_the_old()).then_some(cannot);
        }
        let is_key = self.old_key().is_some();
        if self.is_the_same_token() || (self.replaced().is_none() && !is_key) {
            return None;
        }
        Some(if !self.is_proven() {
            "It was left, because nothing has proven the new one yet."
        } else if is_key && self.credential().is_none() {
            "It was left, because no token was given to remove it with."
        } else if is_key {
            "It was left, because the forge has not told which one it is."
        } else if self.has_read_the_old() && !self.has_the_old() {
            "It was left, because what its place gives by now is not known to be that token."
        } else {
            "It was left, because it can no longer be read to be ended with."
        })
    }

    /// Why the provider did not replace the token, or did not say that it did.
    pub fn not_renewed(&self) -> Option<&Fault> {
        let tried = self.applied.iter().find(|(command, _)| command.stage() == Stage::Renew);
        tried.and_then(|(_, outcome)| outcome.as_ref().err())
    }

    /// What became of the replaced token or key, where the run was to see to it: the last that was done or seen.
    pub fn end_of_the_old(&self) -> Option<(&Command, &Result<Done, Fault>)> {
        let about = |stage| matches!(stage, Stage::RevokeOld | Stage::LookAtOld | Stage::RemoveOldKey);
        let applied = self.applied.iter().rev().find(|(command, _)| about(command.stage()));
        applied.map(|(command, outcome)| (command, outcome))
    }

    /// Why the forge did not end the replaced token or key.
    pub fn not_ended(&self) -> Option<&Fault> {
        let ends = |stage| matches!(stage, Stage::RevokeOld | Stage::RemoveOldKey);
        let tried = self.applied.iter().find(|(command, _)| ends(command.stage()));
        tried.and_then(|(_, outcome)| outcome.as_ref().err())
    }

    /// Whether the replaced token or key was seen to be dead, or was ended.
    pub fn old_is_over(&self) -> bool {
        let over = |done: &Done| matches!(done, Done::Dead | Done::Revoked | Done::KeyRemoved | Done::Renewed(_));
        self.applied.iter().any(|(_, outcome)| outcome.as_ref().is_ok_and(over))
    }

    /// Whether the old one was ended where that was asked for, and a token that the provider made does what it is for.
    pub(super) fn is_rotated_as_wanted(&self) -> bool {
        self.not_ended().is_none()
            && (!self.rotating.revoke_old || self.withheld().is_none())
            && (self.renewed().is_none() || (self.floor() && self.blocking().is_empty()))
    }
}
