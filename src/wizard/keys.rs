//! The part of the wizard that is about an SSH key: which commands it takes, what is saved of it, and what counts as an
//! answer where no token takes part.

use std::time::Duration;

use super::Wizard;
use super::command::{Command, Done, Stage};
use crate::answers::Field;
use crate::answers::KeyScope;
use crate::check::{Creation, Keying};
use crate::config::SshRecord;
use crate::fact::{Fact, FaultKind, Place, Query, Value};
use crate::key::{Heard, KeyFiles, Lock, PublicKey, RegisteredKey};

/// A key on its way to the forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    pub files: KeyFiles,
    /// None while it is still to be made.
    pub key: Option<PublicKey>,
    pub lock: Lock,
    pub title: String,
    pub read_only: bool,
}

impl Wizard {
    /// The stages of an access by key, in their order. What may fail on this computer fails before the forge is changed.
    pub(super) fn key_stages(&self) -> Vec<Stage> {
        let mut stages = Vec::new();
        if self.generates() {
            stages.push(Stage::GenerateKey);
        }
        if self.creates() {
            stages.push(Stage::CreateRepository);
        }
        if self.registers() {
            stages.push(Stage::RegisterKey);
        }
        stages.push(Stage::WriteConfig);
        if self.outlived().is_some() {
            stages.push(Stage::LetGo);
        }
        if self.rotating.revoke_old
            && self.credential().is_some()
            && self.old_key().is_some_and(|(_, id)| id.is_some())
            && self.may_end_the_old(Stage::RemoveOldKey)
        {
            stages.push(Stage::RemoveOldKey);
        }
        stages
    }

    /// The key that this run replaces, with what it opens; its id as far as the forge has told it.
    pub fn old_key(&self) -> Option<(Lock, Option<String>)> {
        let held = self.held().filter(|_| self.is_rotation())?;
        let old = held.ssh.as_ref()?;
        let new = self.public_key()?.fingerprint();
        if old.fingerprint.as_deref().is_none_or(|old| old == new) {
            return None;
        }
        let lock = match old.scope? {
            KeyScope::Account => Lock::Account,
            KeyScope::Repository => Lock::Repository(held.repository.as_ref()?.place.clone()),
        };
        // Never the new one, whatever the config says.
        let new_id = self.registered().map(|registered| &registered.id);
        Some((lock, old.key_id.clone().filter(|id| Some(id) != new_id)))
    }

    pub(super) fn key_command(&self, stage: Stage) -> Option<Command> {
        match stage {
            Stage::GenerateKey => {
                Some(Command::GenerateKey { files: self.answers.key_files()?, comment: self.answers.key_title() })
            }
            Stage::RegisterKey => {
                let (site, credential) = (self.answers.site()?, self.credential()?);
                Some(Command::RegisterKey(site, credential, Box::new(self.registration()?)))
            }
            Stage::RemoveOldKey => {
                let (lock, id) = self.old_key()?;
                Some(Command::RemoveOldKey(self.answers.site()?, self.credential()?, lock, id?))
            }
            _ => None,
        }
    }

    fn registration(&self) -> Option<Registration> {
        let lock = self.lock()?;
        let read_only = lock != Lock::Account && self.answers.key_only_reads(self.platform()?);
        let (files, key) = (self.answers.key_files()?, self.public_key().cloned());
        Some(Registration { title: self.title_of(key.as_ref()), files, key, lock, read_only })
    }

    /// What the forge is to call the key. The replaced one is still there under the usual name, and Gitea takes each name
    /// once ("Key title has been used").
    fn title_of(&self, key: Option<&PublicKey>) -> String {
        let title = self.answers.key_title();
        let told = self.answers.has(&Field::SshTitle) || !self.is_rotation();
        let print = key.filter(|_| !told).and_then(|key| key.fingerprint().strip_prefix("SHA256:")?.get(..8));
        print.map_or(title.clone(), |print| format!("{title} {print}"))
    }

    /// What the key opens, under the name that it has now.
    fn lock(&self) -> Option<Lock> {
        let lock = self.answers.lock()?;
        let known = self.repository_query().and_then(|query| self.facts.of(&query));
        Some(match (lock, known) {
            (Lock::Repository(_), Some(Fact::Known(Value::Repository(repository)))) => {
                Lock::Repository(repository.place.clone())
            }
            (lock, _) => lock,
        })
    }

    pub(super) fn tried(&self, stage: Stage) -> bool {
        self.applied.iter().any(|(command, _)| command.stage() == stage)
    }

    fn generates(&self) -> bool {
        let file = self.answers.key_files().map(Query::KeyFile);
        let missing = matches!(file.and_then(|file| self.facts.of(&file)), Some(Fact::Refused(fault)) if fault.kind == FaultKind::NotFound);
        self.tried(Stage::GenerateKey) || (self.answers.generates_key() && missing)
    }

    fn registers(&self) -> bool {
        if self.tried(Stage::RegisterKey) {
            return true;
        }
        let by_api = self.answers.site().is_some_and(|site| site.provider.rules().keys().by_api);
        if self.credential().is_none() || !by_api {
            return false;
        }
        match self.key_query().and_then(|query| self.facts.of(&query)) {
            Some(Fact::Refused(fault)) => fault.kind == FaultKind::NotFound,
            Some(_) => false,
            // What is not there yet cannot be looked for: it is foreseen.
            None => (self.generates() && self.public_key().is_none()) || self.repository_is_missing(),
        }
    }

    /// The public half, once it was read.
    pub fn public_key(&self) -> Option<&PublicKey> {
        match self.facts.of(&Query::KeyFile(self.answers.key_files()?))? {
            Fact::Known(Value::PublicKey(key)) => Some(key),
            _ => None,
        }
    }

    fn key_query(&self) -> Option<Query> {
        let (site, credential) = (self.answers.site()?, self.credential()?);
        Some(Query::Key(site, credential, self.lock()?, self.public_key()?.clone()))
    }

    /// The key as the forge has it.
    pub fn registered(&self) -> Option<&RegisteredKey> {
        match self.facts.of(&self.key_query()?)? {
            Fact::Known(Value::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// Takes in what a command about the key came to: what depends on it is asked again.
    pub(super) fn did_key(&mut self, command: &Command, done: &Done) {
        match (command, done) {
            (Command::GenerateKey { files, .. }, Done::Generated(key)) => {
                let query = Query::KeyFile(files.clone());
                self.facts.put(query, Fact::Known(Value::PublicKey(key.clone())), Duration::ZERO);
            }
            (Command::RegisterKey(..), Done::Registered(key)) => {
                self.facts.forget(|query, _| matches!(query, Query::Knock(_)));
                if let Some(query) = self.key_query() {
                    self.facts.put(query, Fact::Known(Value::Key(key.clone())), Duration::ZERO);
                }
            }
            // A new repository may be there for the key, too.
            (Command::CreateRepository(..), _) => self.facts.forget(|query, _| matches!(query, Query::Knock(_))),
            _ => {}
        }
    }

    pub(super) fn keying(&self) -> Keying<'_> {
        let came_to = |stage| match self.applied.iter().find(|(command, _)| command.stage() == stage) {
            None => Creation::NotTried,
            Some((_, Ok(_))) => Creation::Done,
            Some((_, Err(fault))) => Creation::Refused(fault),
        };
        Keying {
            generation: came_to(Stage::GenerateKey),
            registration: came_to(Stage::RegisterKey),
            replaces: self.is_rotation() && self.held().is_some_and(|held| held.ssh.is_some()),
        }
    }

    /// Whether the files of the key could not be read. One that is still to be made is no such case.
    pub(super) fn key_is_unreadable(&self) -> bool {
        let file = self.answers.key_files().map(Query::KeyFile);
        match file.and_then(|file| self.facts.of(&file)) {
            Some(Fact::Refused(fault)) => fault.kind != FaultKind::NotFound || !self.answers.generates_key(),
            _ => false,
        }
    }

    /// What was answered over SSH; only of the key that is answered now.
    fn knocks(&self) -> impl Iterator<Item = &Fact> {
        let key = self.public_key().cloned();
        let mine = move |query: &Query| matches!(query, Query::Knock(knock) if Some(&knock.key) == key.as_ref());
        self.facts.iter().filter(move |(query, _)| mine(query)).map(|(_, fact)| fact)
    }

    /// The floor of an access without a token. A key that was let in is an answer. Where the question could not be put
    /// at all (there is no private half, or nobody has vouched for the server), the server itself must have answered.
    pub(super) fn key_floor(&self) -> bool {
        let mut denied = false;
        for fact in self.knocks() {
            match fact {
                Fact::Known(Value::Heard(Heard::Refs(_))) => return true,
                Fact::Refused(fault) => denied |= fault.kind != FaultKind::Secret,
                _ => {}
            }
        }
        let reach = self.answers.site().map(Query::Reach);
        let there = match reach.and_then(|reach| self.facts.of(&reach)) {
            Some(Fact::Known(_)) => true,
            Some(Fact::Refused(fault)) => fault.kind == FaultKind::NotFound,
            _ => false,
        };
        there && !denied
    }

    /// Whether nobody answered at all to an access without a token.
    pub(super) fn nobody_answered_the_key(&self) -> bool {
        let silent = |fact: &Fact| matches!(fact, Fact::Refused(fault) if fault.kind.is_silence());
        let reach = self.answers.site().map(Query::Reach);
        let unreached = reach.and_then(|reach| self.facts.of(&reach)).is_some_and(silent);
        let mut knocks = self.knocks().peekable();
        let asked = knocks.peek().is_some();
        let changed = |fact: &Fact| matches!(fact, Fact::Refused(fault) if fault.kind == FaultKind::Tls);
        (unreached || asked) && knocks.all(|fact| silent(fact) && !changed(fact))
    }

    /// What is saved of the key.
    pub(super) fn ssh_record(&self) -> Option<SshRecord> {
        if !self.answers.has_ssh() {
            return self.held().and_then(|held| held.ssh.clone());
        }
        let files = self.answers.key_files()?;
        let fingerprint = self.public_key().map(|key| key.fingerprint().to_owned());
        let before = self.held().and_then(|held| held.ssh.as_ref());
        let same = before.filter(|before| before.fingerprint == fingerprint);
        let read_only = self.registered().and_then(|registered| registered.read_only);
        Some(SshRecord {
            public_key: files.public,
            private_key: files.private,
            scope: Some(self.answers.key_scope()),
            read_only: read_only.or_else(|| Some(self.answers.key_only_reads(self.platform()?))),
            key_id: self.registered().map(|key| key.id.clone()).or_else(|| same?.key_id.clone()),
            fingerprint,
        })
    }

    /// Where the repository is reached over SSH, where that matters.
    pub(super) fn ssh_url(&self, place: &Place) -> Option<String> {
        if !self.answers.has_ssh() {
            return None;
        }
        let site = self.answers.site()?;
        if let Some(given) = self.answers.text(&Field::SshUrl) {
            return Some(given.to_owned());
        }
        let told = match self.repository_query().and_then(|query| self.facts.of(&query)) {
            Some(Fact::Known(Value::Repository(repository))) => repository.ssh.as_ref().map(ToString::to_string),
            _ => None,
        };
        Some(told.unwrap_or_else(|| site.provider.rules().ssh_url(&site, place)))
    }

    /// What to know of the key later on: said once, when this run has registered it.
    pub fn notices(&self) -> Vec<String> {
        let new = self.applied.iter().find_map(|(command, outcome)| match (command, outcome) {
            (Command::RegisterKey(site, _, registration), Ok(Done::Registered(_))) => Some((site, registration)),
            _ => None,
        });
        let notice = new.and_then(|(site, registration)| site.provider.rules().key_notice(&registration.lock));
        notice.map(str::to_owned).into_iter().collect()
    }
}
