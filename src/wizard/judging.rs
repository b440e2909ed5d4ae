//! What the checks come to, and what that allows.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Purpose, Stage, Wizard};
use crate::answers::GivenExpiry;
use crate::check::{Case, Check, CheckId, Creation, Judgement, Occasion, Resting, judge, moment};
use crate::config::ExpiresSource;
use crate::fact::{Credential, Fact, Query, Source};
use crate::secret::Store;

impl Wizard {
    /// Every check that applies now.
    pub fn judgement(&self) -> Judgement {
        self.with_case(judge).unwrap_or_default()
    }

    /// What `job` makes of the case as it stands; `None` before there is one.
    pub(super) fn with_case<T>(&self, job: impl FnOnce(&Case<'_>) -> T) -> Option<T> {
        let (platform, site) = (self.platform()?, self.answers.site()?);
        let nobody = self.answers.has_ssh().then(|| Arc::new(Credential::nobody(site.provider)));
        let credential = self.credential().or(nobody)?;
        let holds = self.held().and_then(|held| held.repository.as_ref()).map(|record| &record.place);
        let replaced = self.replaced_login();
        Some(job(&Case {
            platform,
            answers: &self.answers,
            site: &site,
            credential: &credential,
            facts: &self.facts,
            now: self.settings.now,
            fail_within: self.settings.fail_within,
            occasion: match () {
                () if self.is_check() => Occasion::Check,
                () if self.settings.dry_run => Occasion::DryRun,
                () => Occasion::Setup,
            },
            probes: self.settings.probes,
            offline: self.settings.offline,
            holds,
            known_end: self.known_end(),
            replaces: replaced.as_deref(),
            made: self.held().and_then(|held| held.repository.as_ref()).is_some_and(|record| record.created_by_us),
            creation: self.creation(),
            store: self.resting(),
            keying: self.keying(),
        }))
    }

    /// What is kept of the end of the token, where it is the saved one that is looked at.
    pub(super) fn known_end(&self) -> Option<GivenExpiry> {
        let token = self.held()?.token.as_ref().filter(|_| self.answers.source().is_none())?;
        match (token.expires, token.expires_source) {
            (Some(at), _) => Some(GivenExpiry::At(at)),
            (None, ExpiresSource::Never) => Some(GivenExpiry::Never),
            (None, _) => None,
        }
    }

    /// The moment that counts: the server's, where its clock and the one here disagree.
    pub fn moment(&self) -> Timestamp {
        let server = self.answers.site().and_then(|site| self.facts.of(&Query::Reach(site)));
        moment(server, self.settings.now)
    }

    pub(super) fn creation(&self) -> Creation<'_> {
        let made = self.applied.iter().find(|(command, _)| command.stage() == Stage::CreateRepository);
        match made.map(|(_, outcome)| outcome) {
            None => Creation::NotTried,
            Some(Ok(_)) => Creation::Done,
            Some(Err(fault)) => Creation::Refused(fault),
        }
    }

    pub(super) fn resting(&self) -> Resting<'_> {
        for (command, outcome) in &self.applied {
            match (command.stage(), outcome) {
                (Stage::ProbeStore | Stage::WriteSecret | Stage::ReadBack, Err(fault)) => {
                    return Resting::Failed(fault);
                }
                (Stage::ReadBack, Ok(_)) => return Resting::Proven,
                _ => {}
            }
        }
        // Read from where it rests: kept there before, or the source and the resting place are one.
        let read = self.credential().is_some_and(|credential| {
            let rests = match (&credential.source, self.answers.store()) {
                (Source::Kept { .. }, _) => !self.moves(),
                (Source::Env(source), Store::Env(store)) => *source == store,
                (Source::Command(source), Store::Command(store)) => *source == store,
                _ => false,
            };
            rests && matches!(self.facts.of(&Query::Token(credential)), Some(Fact::Known(_)))
        });
        if read { Resting::Proven } else { Resting::Later }
    }

    /// Nothing is asked, and nothing is left to ask.
    pub fn is_settled(&self) -> bool {
        // The waiting first: it is seen at a glance, and judging is not.
        self.waiting().next().is_none() && self.judgement().wanted.is_empty()
    }

    /// The failed checks that stand in the way of saving.
    pub fn blocking(&self) -> Vec<CheckId> {
        let failed = self.judgement().checks.into_iter().filter(|check| check.verdict.is_fail());
        failed.map(|check| check.id).filter(|id| !self.accepts(id)).collect()
    }

    /// The failed checks that are accepted: in this run, or when the connection that is looked at was saved.
    pub fn accepted(&self) -> Vec<String> {
        self.accepted_among(&self.judgement().checks)
    }

    /// The same, of checks that were judged already.
    pub fn accepted_among(&self, checks: &[Check]) -> Vec<String> {
        let failed = checks.iter().filter(|check| check.verdict.is_fail()).map(|check| &check.id);
        failed.filter(|id| self.accepts(id)).map(CheckId::name).collect()
    }

    pub(super) fn accepts(&self, id: &CheckId) -> bool {
        let before = match &self.purpose {
            Purpose::Check { held } => held.accepted.contains(&id.name()),
            // What was accepted, and failed until the rotation, is no loss. Another account is one each time.
            Purpose::Rotate { .. } if *id != CheckId::Identity && self.failed_before.contains(&id.name()) => true,
            Purpose::Setup { .. } | Purpose::Rotate { .. } => self.settings.accept_failures,
        };
        // Without the repository there is nothing to save, and without the store nowhere to save it.
        before && self.floor() && !matches!(id, CheckId::Store | CheckId::CreateRepository)
    }

    /// Whether the API has accepted the credential once: below this floor nothing is saved.
    pub fn floor(&self) -> bool {
        if self.is_key_alone() {
            return self.key_floor();
        }
        self.asked_with_it().any(|fact| match fact {
            Fact::Known(_) => true,
            Fact::Refused(fault) => fault.accepted,
            Fact::Asked(_) => false,
        })
    }

    /// Whether the access is a key, and no token takes part in this run.
    pub(super) fn is_key_alone(&self) -> bool {
        self.answers.has_ssh() && self.credential().is_none()
    }

    /// The facts that were asked with the credential in use, where it is in use.
    pub(super) fn asked_with_it(&self) -> impl Iterator<Item = &Fact> {
        let (site, credential) = (self.answers.site(), self.credential());
        let facts = self.facts.iter().filter(move |(query, _)| {
            query.credential().is_some()
                && query.credential() == credential.as_deref()
                && query.site() == site.as_deref()
        });
        facts.map(|(_, fact)| fact)
    }

    /// Whether the token could not be read from its source or store, or the key from its files.
    pub fn secret_is_unreadable(&self) -> bool {
        if self.key_is_unreadable() {
            return true;
        }
        let token = self.credential().map(Query::Token);
        matches!(token.and_then(|query| self.facts.of(&query)), Some(Fact::Refused(_)))
    }

    /// Whether the world was asked and nobody of the real API answered to the credential.
    pub fn nobody_answered(&self) -> bool {
        if self.is_key_alone() {
            return self.nobody_answered_the_key();
        }
        let silent = |fact: &Fact| matches!(fact, Fact::Refused(fault) if fault.kind.is_silence());
        let unreached = self.answers.site().is_some_and(|site| self.facts.of(&Query::Reach(site)).is_some_and(silent));
        let mut answers = self.asked_with_it().filter(|fact| !matches!(fact, Fact::Asked(_))).peekable();
        (unreached || answers.peek().is_some()) && answers.all(silent)
    }
}
