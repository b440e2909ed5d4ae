//! Applying: the one derived list of commands, done in order, stopped at the first refusal.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use super::{Command, Done, Effect, Keeping, Stage, Step, Wizard};
use crate::answers::Contents;
use crate::answers::GivenExpiry;
use crate::check::worst;
use crate::config::{Connection, ExpiresSource, RepositoryRecord, Token, Verified};
use crate::fact::{
    Credential, Expiry, Fact, Fault, FaultKind, Grants, Identity, Owner, OwnerKind, OwnerPath, Query, Recognised,
    Remedy, Site, Ticket, Value,
};
use crate::forge::NewRepository;
use crate::provider::{TokenKind, kind_row};
use crate::secret::Store;

/// Whether a secret has come to its place.
fn is_kept(done: &Done) -> bool {
    matches!(done, Done::Stored(..) | Done::Renewed(_))
}

impl Wizard {
    /// The list of commands as it stands now: what was done, and what is still to do.
    pub fn commands(&self) -> Vec<Command> {
        // Looking is no change, and of no interest as long as it finds nothing.
        let is_shown = |stage: &Stage| *stage != Stage::Compare || self.has_failed(Stage::Compare);
        self.stages().into_iter().filter(is_shown).filter_map(|stage| self.command(stage)).collect()
    }

    /// What a command does, and what it does besides: for the list that is shown beforehand.
    pub fn describe(&self, command: &Command) -> String {
        match &self.besides {
            Some(besides) if command.stage() == Stage::WriteConfig => format!("{}; {besides}", command.describe()),
            _ => command.describe(),
        }
    }

    /// What was done, with its outcome.
    pub fn applied(&self) -> impl Iterator<Item = (&Command, &Result<Done, Fault>)> {
        let applied = self.applied.iter().map(|(command, outcome)| (command, outcome));
        applied.filter(|(_, outcome)| **outcome != Ok(Done::AsFound))
    }

    /// The change that is being made now: nobody knows yet what comes of it.
    pub fn under_way(&self) -> Option<&Command> {
        self.under_way.as_ref().map(|(_, command)| command)
    }

    pub fn is_saved(&self) -> bool {
        self.renewed().is_some() || self.applied.iter().any(|(_, outcome)| *outcome == Ok(Done::Saved))
    }

    /// The fault of a command about the secret or the config, which is ours and not the forge's. A replaced secret that
    /// could not be removed is no such fault: it is told as left behind.
    pub fn broken_here(&self) -> Option<&Fault> {
        let theirs = |(command, fault): &(&Command, &Fault)| match command.stage() {
            Stage::CreateRepository
            | Stage::RegisterKey
            | Stage::LetGo
            | Stage::RevokeOld
            | Stage::LookAtOld
            | Stage::RemoveOldKey => true,
            Stage::Renew => fault.kind != FaultKind::Secret,
            _ => false,
        };
        let mut faults = self.applied.iter().filter_map(|(command, outcome)| Some((command, outcome.as_ref().err()?)));
        faults.find(|both| !theirs(both)).map(|(_, fault)| fault)
    }

    pub(super) fn is_applied(&self) -> bool {
        let done = |stage| self.applied.iter().any(|(command, outcome)| command.stage() == stage && outcome.is_ok());
        self.under_way.is_none() && self.stages().into_iter().all(done)
    }

    /// The next command, if its time has come. Nothing else emits one.
    pub(super) fn next_command(&mut self) -> Option<Effect> {
        if self.step != Step::Apply || self.settings.dry_run || self.under_way.is_some() {
            return None;
        }
        // What became of the old one is looked at all the same where it could not be ended.
        let stops = |(command, outcome): &(Command, Result<Done, Fault>)| {
            outcome.is_err() && command.stage() != Stage::RevokeOld
        };
        if self.applied.iter().any(stops) || !self.is_settled() || self.is_held_up() {
            return None;
        }
        let done = |stage| self.applied.iter().any(|(command, _)| command.stage() == stage);
        let stage = self.stages().into_iter().find(|stage| !done(*stage))?;
        let command = self.command(stage)?;
        let ticket = self.ticket();
        self.under_way = Some((ticket, command.clone()));
        Some(Effect::Do(ticket, command))
    }

    pub(super) fn did(&mut self, ticket: Ticket, outcome: Result<Done, Fault>) {
        let Some((_, command)) = self.under_way.take_if(|(waited, _)| *waited == ticket) else { return };
        if let (Command::CreateRepository(_, _, new), Ok(Done::Created(made))) = (&command, &outcome) {
            // What depends on it is asked again, under the name that the forge gave it.
            self.facts.forget(|query, _| {
                query.place().is_some_and(|place| place.is_same_as(&new.place) || place.is_same_as(&made.place))
            });
            if made.place.name != new.place.name {
                let name = crate::answers::Answer::Text(made.place.name.clone());
                self.answers.set(crate::answers::Field::Repository, name);
            }
            if let Some(query) = self.repository_query() {
                self.facts.put(query, Fact::Known(Value::Repository((**made).clone())), Duration::ZERO);
            }
        }
        if let Ok(done) = &outcome {
            self.did_key(&command, done);
        }
        let outcome = match (&command, self.renewed()) {
            // The same command again would have the provider replace the token once more.
            (Command::WriteConfig(connection, _), Some(_)) => outcome.map_err(|fault| {
                let name = &connection.name;
                let text = format!(
                    "The new token is saved and in use; only what was seen of it is not. Run git-access check {name}."
                );
                fault.remedy(Remedy::new(text))
            }),
            _ => outcome,
        };
        self.applied.push((command, outcome));
    }

    fn has_failed(&self, stage: Stage) -> bool {
        self.applied.iter().any(|(command, outcome)| command.stage() == stage && outcome.is_err())
    }

    fn stages(&self) -> Vec<Stage> {
        [vec![Stage::Compare], self.stages_of_changes()].concat()
    }

    fn stages_of_changes(&self) -> Vec<Stage> {
        if self.answers.has_ssh() {
            return self.key_stages();
        }
        if self.renews() {
            return self.stages_of_renewal();
        }
        let mut stages = Vec::new();
        let brought = self.answers.source().is_some() || self.moves();
        if brought {
            stages.push(Stage::ProbeStore);
        }
        if self.creates() {
            stages.push(Stage::CreateRepository);
        }
        if brought && self.answers.store().keeps() {
            stages.push(Stage::WriteSecret);
        }
        stages.extend([Stage::ReadBack, Stage::WriteConfig]);
        if self.outlived().is_some() {
            stages.push(Stage::Verify);
            stages.push(Stage::LetGo);
        }
        self.push_the_end_of_the_old(&mut stages);
        stages
    }

    pub(super) fn creates(&self) -> bool {
        let tried = self.applied.iter().any(|(command, _)| command.stage() == Stage::CreateRepository);
        tried || (self.answers.creates() && self.repository_is_missing())
    }

    pub(super) fn repository_is_missing(&self) -> bool {
        let Some(query) = self.repository_query() else { return false };
        matches!(self.facts.of(&query), Some(Fact::Refused(fault)) if fault.kind == FaultKind::NotFound)
    }

    pub(super) fn repository_query(&self) -> Option<Query> {
        Some(Query::Repository(self.answers.site()?, self.credential()?, self.answers.place()?))
    }

    /// Whether the secret that is kept goes to another store as it is.
    pub(super) fn moves(&self) -> bool {
        let kept = self.held().and_then(|held| held.token.as_ref()).map(|token| &token.store);
        let another = kept.is_some_and(|kept| *kept != self.answers.store());
        another && self.answers.source().is_none() && !self.answers.has_ssh() && !self.is_check() && !self.renews()
    }

    /// Store and generation of the secret that the saved connection no longer refers to.
    pub(super) fn outlived(&self) -> Option<(Store, String, u64)> {
        let held = self.held()?;
        let token = held.token.as_ref().filter(|token| token.store.keeps())?;
        // Before it is written nobody knows whether it is the same; so what is foreseen is that another one takes over.
        let foreseen = self.answers.store().keeps()
            && !self.applied.iter().any(|(_, outcome)| outcome.as_ref().is_ok_and(is_kept));
        let moved = foreseen || (token.store.clone(), token.generation) != self.resting_place();
        let replaced = self.answers.has_ssh() || ((self.brings_a_token() || self.moves() || self.renews()) && moved);
        replaced.then(|| (token.store.clone(), held.id.clone(), token.generation))
    }

    /// Where the secret rests or will rest, and under which generation.
    fn resting_place(&self) -> (Store, u64) {
        let stored = self.applied.iter().find_map(|(_, outcome)| match outcome {
            Ok(Done::Stored(store, generation)) => Some((store.clone(), *generation)),
            Ok(Done::Renewed(new)) => Some((new.store.clone(), new.generation)),
            _ => None,
        });
        let held = self.held().and_then(|held| held.token.as_ref());
        match (stored, held) {
            (Some(stored), _) => stored,
            (None, Some(token)) if self.answers.source().is_none() && !self.moves() => {
                (token.store.clone(), token.generation)
            }
            (None, held) => (self.answers.store(), held.map_or(1, |token| token.generation)),
        }
    }

    fn command(&self, stage: Stage) -> Option<Command> {
        // Without a token, too.
        match stage {
            Stage::GenerateKey | Stage::RegisterKey | Stage::RemoveOldKey => return self.key_command(stage),
            Stage::Compare => {
                let found = self.found();
                return Some(Command::Compare { id: self.id(), name: self.name()?, found: found.map(Box::new) });
            }
            Stage::WriteConfig => {
                return Some(Command::WriteConfig(Box::new(self.connection()?), self.found().map(Box::new)));
            }
            _ => {}
        }
        let (site, credential) = (self.answers.site()?, self.credential()?);
        let (store, id) = (self.answers.store(), self.id());
        Some(match stage {
            Stage::ProbeStore => Command::ProbeStore(self.keeping(store, id, credential)),
            Stage::CreateRepository => Command::CreateRepository(site, credential, self.new_repository()?),
            Stage::WriteSecret => Command::WriteSecret(self.keeping(store, id, credential)),
            Stage::ReadBack => {
                let (store, generation) = self.resting_place();
                Command::ReadBack { store, id, generation, credential }
            }
            Stage::Verify => Command::Verify { id, credential },
            Stage::Renew => Command::Renew(Box::new(self.renewal(site, store, id)?)),
            Stage::RevokeOld => Command::RevokeOld(site, self.current()?, credential, Box::new(self.held()?.clone())),
            Stage::LookAtOld => Command::LookAtOld(site, self.current()?),
            Stage::Compare | Stage::GenerateKey | Stage::RegisterKey | Stage::RemoveOldKey | Stage::WriteConfig => {
                return None;
            }
            Stage::LetGo => {
                let (store, id, generation) = self.outlived()?;
                Command::LetGo { store, id, generation }
            }
        })
    }

    pub(super) fn keeping(&self, store: Store, id: String, credential: Arc<Credential>) -> Keeping {
        let held = self.held().and_then(|held| held.token.as_ref());
        let name = self.name().unwrap_or_default();
        Keeping { store, name, id, credential, held: held.map(|token| (token.store.clone(), token.generation)) }
    }

    /// The name that the connection has, or will have.
    fn name(&self) -> Option<String> {
        self.held().map_or_else(|| self.free_name(), |held| Some(held.name.clone()))
    }

    fn id(&self) -> String {
        self.held().map_or_else(|| self.fresh_id.clone(), |held| held.id.clone())
    }

    fn new_repository(&self) -> Option<NewRepository> {
        let owner = Query::Owner(self.answers.site()?, self.credential()?, self.answers.owner()?);
        let in_organisation = match self.facts.of(&owner) {
            Some(Fact::Known(Value::Owner(owner))) => owner.kind == OwnerKind::Organisation,
            _ => return None,
        };
        Some(NewRepository {
            place: self.answers.place()?,
            visibility: self.answers.visibility(),
            readme: self.answers.contents() == Contents::Readme,
            in_organisation,
        })
    }

    /// The connection as it will be saved.
    pub fn connection(&self) -> Option<Connection> {
        let site = self.answers.site()?;
        let identity = self.identity();
        let rules = site.provider.rules();
        let login = identity.as_ref().map(|one| one.login.as_str());
        let username = rules.git_login(self.answers.username(), login).map(str::to_owned);
        let git_user = rules.git_user(self.token_kind(), username.as_deref());
        let checks = self.judgement().checks;
        Some(Connection {
            name: self.name()?,
            id: self.id(),
            platform: self.answers.platform()?.to_owned(),
            owner: self.owner()?,
            owner_id: self.known_owner().map(|owner| owner.id.clone()),
            git_username: Some(git_user).filter(|user| Some(user) != username.as_ref() && !self.answers.has_ssh()),
            username,
            email: self.answers.text(&crate::answers::Field::Email).map(str::to_owned),
            token: (!self.answers.has_ssh()).then(|| self.token()),
            repository: self.repository_record(&site),
            ssh: self.ssh_record(),
            handover: self.answers.handover(),
            verified: Some(Verified {
                at: self.settings.now,
                identity: identity.as_ref().map(|identity| identity.login.clone()),
                identity_kind: identity.map(|identity| identity.kind),
                scopes: self.scopes().filter(|_| !self.answers.has_ssh()),
                verdict: worst(&checks).unwrap_or("unknown").to_owned(),
            }),
            accepted: self.accepted_among(&checks),
            site: Arc::unwrap_or_clone(site),
        })
    }

    /// The name of a new connection: as answered, else made of its answers. With a person there, one that is free.
    pub fn free_name(&self) -> Option<String> {
        let name = self.answers.name()?;
        let taken = |name: &str| self.nearby.taken.contains(name);
        if self.answers.has(&crate::answers::Field::Name) || !self.settings.interactive || !taken(&name) {
            return Some(name);
        }
        (2..100).map(|number| format!("{name}-{number}")).find(|name| !taken(name))
    }

    pub fn identity(&self) -> Option<Identity> {
        match self.facts.of(&Query::Identity(self.answers.site()?, self.credential()?)) {
            Some(Fact::Known(Value::Identity(identity))) => Some(identity.clone()),
            _ => None,
        }
    }

    fn known_owner(&self) -> Option<&Owner> {
        match self.facts.of(&Query::Owner(self.answers.site()?, self.credential()?, self.answers.owner()?)) {
            Some(Fact::Known(Value::Owner(owner))) => Some(owner),
            _ => None,
        }
    }

    /// The owner as it is saved: by its name, also where it was answered by its id.
    fn owner(&self) -> Option<OwnerPath> {
        let answered = self.answers.owner()?;
        Some(match self.known_owner().filter(|known| known.id == answered.owner) {
            Some(known) => OwnerPath { owner: known.name.clone(), ..answered },
            None => answered,
        })
    }

    pub(super) fn grants(&self) -> Option<&Grants> {
        match self.facts.of(&Query::Grants(self.answers.site()?, self.credential()?)) {
            Some(Fact::Known(Value::Grants(grants))) => Some(grants),
            _ => None,
        }
    }

    fn scopes(&self) -> Option<std::collections::BTreeSet<String>> {
        match self.grants()? {
            Grants::Known(scopes) => Some(scopes.clone()),
            Grants::Partial(_) | Grants::NotTold => None,
        }
    }

    /// The kind of token, as its text tells or as it was answered.
    pub fn token_kind(&self) -> Option<TokenKind> {
        let told = self.credential().and_then(|credential| match self.facts.of(&Query::Token(credential)) {
            Some(Fact::Known(Value::Token(Recognised::Kind(kind)))) => Some(*kind),
            _ => None,
        });
        told.or_else(|| self.identity()?.token)
            .or(self.answers.token_kind())
            .or_else(|| self.held()?.token.as_ref()?.kind)
    }

    /// What is saved of the token: everything but itself.
    pub fn token(&self) -> Token {
        let provider = self.answers.provider();
        let told = self.answers.site().zip(self.credential());
        let told = told.and_then(|(site, credential)| match self.facts.of(&Query::Expiry(site, credential)) {
            Some(Fact::Known(Value::Expiry(expiry))) => Some(*expiry),
            _ => self.renewed().map(|new| new.expires),
        });
        let (expires, expires_source) = match (told, self.answers.token_expires()) {
            (Some(Expiry::At(at)), _) => (Some(at), ExpiresSource::Provider),
            (Some(Expiry::NoLaterThan(end, _)), Some(GivenExpiry::At(at))) if at < end => {
                (Some(at), ExpiresSource::User)
            }
            (Some(Expiry::NoLaterThan(end, _)), _) => (Some(end), ExpiresSource::Provider),
            (Some(Expiry::Never), _) | (_, Some(GivenExpiry::Never)) => (None, ExpiresSource::Never),
            (_, Some(GivenExpiry::At(at))) => (Some(at), ExpiresSource::User),
            _ => (None, ExpiresSource::Unknown),
        };
        let held = self.held().and_then(|held| held.token.as_ref());
        // Who was not reached has told it before, of the same token.
        let before = held.filter(|_| told.is_none() && self.answers.source().is_none());
        let (expires, expires_source) =
            before.map_or((expires, expires_source), |token| (token.expires, token.expires_source));
        let kind = self.token_kind().filter(|kind| provider.is_none_or(|one| kind_row(one, *kind).is_some()));
        let (store, generation) = self.resting_place();
        let rotate_by = match held.and_then(|token| token.rotate_by) {
            // A new token begins anew, and one that cannot be given an end is given a day on which to replace it.
            _ if self.brings_a_token() => {
                let row = provider.zip(kind).and_then(|(provider, kind)| kind_row(provider, kind));
                let endless = row.is_some_and(|row| !row.can_expire) && expires_source == ExpiresSource::Never;
                endless.then(|| self.settings.now.checked_add(SignedDuration::from_hours(24 * 365)).ok()).flatten()
            }
            planned => planned,
        };
        Token { kind, store, generation, expires, expires_source, rotate_by }
    }

    fn repository_record(&self, site: &Site) -> Option<RepositoryRecord> {
        let known = match self.repository_query().and_then(|query| self.facts.of(&query)) {
            Some(Fact::Known(Value::Repository(repository))) => Some(repository),
            _ => None,
        };
        let before = self.held().and_then(|held| held.repository.as_ref());
        let place = known.map(|repository| repository.place.clone()).or(self.answers.place())?;
        let same = before.filter(|before| before.place == place);
        Some(RepositoryRecord {
            url: site.provider.rules().clone_url(site, &place),
            id: known.and_then(|repository| repository.id.clone()).or_else(|| same?.id.clone()),
            ssh_url: self.ssh_url(&place).or_else(|| same?.ssh_url.clone()),
            branch: self.answers.branch().map(str::to_owned).or_else(|| known?.default_branch.clone()),
            created_by_us: self.created().is_some() || same.is_some_and(|record| record.created_by_us),
            place,
        })
    }
}
