//! The world: the only place where effects are performed.
//!
//! It holds the secrets of the run, by credential; the wizard never sees one. Connections to forges are kept, so that
//! two credentials with the same secret at the same site ask through one.

mod keys;
mod old;
mod renewal;
mod rotation;
mod saving;

use std::collections::BTreeMap;
use std::ops::Deref;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

pub use self::renewal::{Recovered, begun, still_open};
use self::rotation::{Replacing, is_of_another};
use self::saving::{is_as_found, with};
use crate::answers::{Answer, Field};
use crate::config::Connection;
use crate::disk::Paths;
use crate::fact::{
    Credential, Fault, FaultKind, Owner, OwnerPath, Place, Query, Refs, Remedy, Repository, Server, Service, Site,
    Source, Ticket, Value,
};
use crate::forge::{self, Forge, Log, Memo, Outside};
use crate::provider::recognise;
use crate::record::{Made, Pending, Record, Stray, Unfinished};
use crate::report::{made_perhaps, resting};
use crate::secret::{Redaction, Secret, Store};
use crate::store::{self, Entry, Probed, StoreFault, StoreFaultKind, Stores, successor};
use crate::wizard::{Command, Done, Event, Keeping};

/// How many generations are tried for a new secret, when places are taken.
const SKIPPED: u64 = 8;

/// Everything outside that a run touches.
pub struct World {
    outside: Outside,
    log: Option<Log>,
    stores: Stores,
    paths: Paths,
    redaction: Redaction,
    vault: Mutex<BTreeMap<Credential, Secret>>,
    /// What was typed, in its order.
    typed: Mutex<Vec<Secret>>,
    lines: Mutex<Vec<Arc<Line>>>,
    servers: Memo<Site, Server>,
    notes: Mutex<Vec<String>>,
    /// The locks of the connections whose secrets are being replaced: no other run replaces them meanwhile.
    replacing: Mutex<BTreeMap<String, Replacing>>,
    /// What was changed and not yet saved, in words.
    changes: Arc<Mutex<Vec<String>>>,
}

/// An open connection to a forge.
struct Line {
    site: Site,
    secret: Option<Secret>,
    rest_user: Option<String>,
    forge: Arc<dyn Forge>,
    /// What connections ask that have an owner or a repository in common; the rest each forge remembers itself.
    owners: Memo<OwnerPath, Owner>,
    refs: Memo<(Place, Service, String), Refs>,
}

impl Line {
    async fn owner(&self, owner: &OwnerPath) -> Result<Owner, Fault> {
        let (forge, asked) = (Arc::clone(&self.forge), owner.clone());
        self.owners.ask(asked.clone(), || async move { forge.owner(&asked).await }).await
    }

    async fn refs(&self, place: &Place, service: Service, user: &str) -> Result<Refs, Fault> {
        let (forge, asked) = (Arc::clone(&self.forge), (place.clone(), service, user.to_owned()));
        self.refs.ask(asked.clone(), || async move { forge.refs(&asked.0, asked.1, &asked.2).await }).await
    }
}

impl Deref for Line {
    type Target = dyn Forge;

    fn deref(&self) -> &Self::Target {
        &*self.forge
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub fn new(log: Option<Log>, stores: Stores, paths: Paths, redaction: Redaction) -> Self {
        let outside = Outside::new(log.clone());
        let (vault, typed, lines, notes) = (Mutex::default(), Mutex::default(), Mutex::default(), Mutex::default());
        let (replacing, changes) = (Mutex::default(), Arc::default());
        let servers = Memo::default();
        Self { outside, log, stores, paths, redaction, vault, typed, lines, servers, notes, replacing, changes }
    }

    /// The same world, which tells what it has changed there as well.
    #[must_use]
    pub fn telling(self, changes: Arc<Mutex<Vec<String>>>) -> Self {
        Self { changes, ..self }
    }

    /// The same world, asked through `outside`: its limits, and the connections that it shares with others.
    #[must_use]
    pub fn through(self, outside: Outside) -> Self {
        Self { outside, ..self }
    }

    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// What saving had to mend on the way, to be told once.
    pub fn take_notes(&self) -> Vec<String> {
        std::mem::take(&mut locked(&self.notes))
    }

    /// Asks, and says what came of it. How far a list has come goes to `told` before.
    pub async fn look_up(&self, ticket: Ticket, query: Query, told: &UnboundedSender<Box<Event>>) -> Event {
        let begun = Instant::now();
        let reply = match query {
            Query::Owners(..) | Query::Repositories(..) => self.ask_list(ticket, &query, told).await,
            _ => self.ask(&query).await,
        };
        Event::Learned(ticket, reply, begun.elapsed())
    }

    /// Changes the world, and says what came of it.
    pub async fn carry_out(&self, ticket: Ticket, command: Command) -> Event {
        Event::Did(ticket, self.act(command).await)
    }

    /// Forgets what the forges have answered: the next question goes out again, also with a token that was refused.
    pub fn forget(&self) {
        locked(&self.lines).clear();
        self.servers.clear();
    }

    /// What comes of an effect whose task broke down.
    pub fn broken(ticket: Ticket, asked: bool) -> Event {
        let fault = Fault::new(FaultKind::Cancelled, "The program broke down while it asked this; the rest went on.")
            .remedy(Remedy::new("Run it again with --log FILE, and report what happened."));
        if asked { Event::Learned(ticket, Err(fault), Duration::ZERO) } else { Event::Did(ticket, Err(fault)) }
    }

    /// A list, and how far it has come while it comes.
    async fn ask_list(
        &self,
        ticket: Ticket,
        query: &Query,
        told: &UnboundedSender<Box<Event>>,
    ) -> Result<Value, Fault> {
        let (sink, mut parts) = unbounded_channel();
        let mut whole = pin!(forge::telling(sink, self.ask(query)));
        loop {
            tokio::select! {
                biased;
                reply = &mut whole => return reply,
                Some(rows) = parts.recv() => {
                    // Nobody hears it where the run has ended meanwhile.
                    let _ = told.send(Box::new(Event::Listed(ticket, rows)));
                }
            }
        }
    }

    async fn ask(&self, query: &Query) -> Result<Value, Fault> {
        match query {
            Query::Token(credential) => self.token(credential).await,
            Query::Reach(site) => self.server(site).await.map(Value::Server),
            Query::Identity(site, with) => self.line(site, Some(with))?.identity().await.map(Value::Identity),
            Query::Grants(site, with) => self.line(site, Some(with))?.grants().await.map(Value::Grants),
            Query::Expiry(site, with) => self.line(site, Some(with))?.expiry().await.map(Value::Expiry),
            Query::Owner(site, with, owner) => self.line(site, Some(with))?.owner(owner).await.map(Value::Owner),
            Query::Owners(site, with) => self.line(site, Some(with))?.owners().await.map(Value::Page),
            Query::Repositories(site, with, owner) => {
                self.line(site, Some(with))?.repositories(owner).await.map(Value::Page)
            }
            Query::Repository(site, with, place) => {
                self.line(site, Some(with))?.repository(place).await.map(Value::Repository)
            }
            Query::Git(site, with, place, service, user) => {
                self.line(site, Some(with))?.refs(place, *service, user).await.map(Value::Refs)
            }
            Query::Right { site, credential, place, scope, probe } => {
                self.line(site, Some(credential))?.right(place, scope, *probe).await.map(Value::Right)
            }
            Query::KeyFile(_) | Query::Key(..) | Query::Knock(_) => self.ask_about_key(query).await,
        }
    }

    /// Who answers at `site`: asked once for all who have a credential for it.
    async fn server(&self, site: &Site) -> Result<Server, Fault> {
        let forge = self.line(site, None)?;
        self.servers.ask(site.clone(), || async move { forge.server().await }.boxed()).await
    }

    /// Reads the secret into the vault; its shape is what comes back.
    async fn token(&self, credential: &Credential) -> Result<Value, Fault> {
        let secret = match &credential.source {
            Source::Env(name) => store::read_env(name),
            Source::File(path) => {
                let path = path.clone();
                aside(move || store::read_file(&path)).await?
            }
            Source::Command(argv) => store::read_command(argv).await,
            Source::Stdin => aside(store::read_stdin).await?,
            Source::Typed(number) => return self.typed(credential, *number),
            Source::Kept { store, id, generation } => {
                self.stores.read(store, &Entry { id: id.clone(), generation: *generation }).await
            }
            Source::Nobody => {
                let remedy = Remedy::new("Name its source in [token].");
                return Err(Fault::new(FaultKind::Secret, "There is no token.").remedy(remedy));
            }
        }
        .map_err(fault_of)?;
        self.learn(&secret);
        let told = recognise(credential.provider, &secret);
        locked(&self.vault).insert(credential.clone(), secret);
        Ok(Value::Token(told))
    }

    /// Takes a secret that somebody has typed. The answer says where it is, and nothing of what it is.
    pub fn deposit(&self, secret: Secret) -> (Field, Answer) {
        self.learn(&secret);
        let mut typed = locked(&self.typed);
        typed.push(secret);
        (Field::TokenTyped, Answer::Typed(typed.len() as u64))
    }

    fn typed(&self, credential: &Credential, number: u64) -> Result<Value, Fault> {
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let secret = index.and_then(|index| locked(&self.typed).get(index).cloned());
        let secret =
            secret.ok_or_else(|| Fault::new(FaultKind::Secret, "The token that was typed is gone: type it again."))?;
        let told = recognise(credential.provider, &secret);
        locked(&self.vault).insert(credential.clone(), secret);
        Ok(Value::Token(told))
    }

    /// Lets no output show it.
    fn learn(&self, secret: &Secret) {
        self.redaction.learn(secret);
        if let Some(log) = &self.log {
            log.learn(secret);
        }
    }

    fn secret(&self, credential: &Credential) -> Result<Secret, Fault> {
        // The same secret serves with another user name beside it.
        let same = |held: &&Credential| {
            (held.provider, held.slot, &held.source) == (credential.provider, credential.slot, &credential.source)
        };
        let vault = locked(&self.vault);
        let held = vault.get(credential);
        let secret = held.or_else(|| vault.keys().find(same).and_then(|held| vault.get(held))).cloned();
        secret.ok_or_else(|| Fault::new(FaultKind::Secret, "The token has not been read yet."))
    }

    /// The forge at `site`, with this credential or with none; opened once for each (site, secret).
    fn line(&self, site: &Site, credential: Option<&Credential>) -> Result<Arc<Line>, Fault> {
        let secret = credential.map(|credential| self.secret(credential)).transpose()?;
        let rest_user = credential.and_then(|credential| credential.rest_user.clone());
        let same = |line: &&Arc<Line>| {
            let is_there = line.site == *site && line.rest_user == rest_user;
            is_there
                && match (&line.secret, &secret) {
                    (None, None) => true,
                    (Some(left), Some(right)) => left.same_as(right),
                    _ => false,
                }
        };
        let mut lines = locked(&self.lines);
        if let Some(line) = lines.iter().find(same) {
            return Ok(Arc::clone(line));
        }
        let forge = forge::connect(site, secret.as_ref(), rest_user.as_deref(), &self.outside)?;
        let (owners, refs) = (Memo::default(), Memo::default());
        let line = Arc::new(Line { site: site.clone(), secret, rest_user, forge, owners, refs });
        lines.push(Arc::clone(&line));
        Ok(line)
    }

    async fn act(&self, command: Command) -> Result<Done, Fault> {
        match command {
            Command::Compare { id, name, found } => {
                let unmoved = is_as_found(&self.config()?, &id, &name, found.as_deref());
                unmoved.map(|()| Done::AsFound).map_err(|why| why.told(&name, &self.paths.config))
            }
            Command::ProbeStore(keeping) => self.probe_store(keeping).await,
            Command::CreateRepository(site, credential, new, name) => {
                let line = self.line(&site, Some(&credential))?;
                self.noted(&site, &new.place, name.as_deref(), line.create(&new)).await
            }
            Command::GenerateKey { .. } | Command::RegisterKey(..) => self.act_on_key(command).await,
            Command::WriteSecret(keeping) => self.write_secret(keeping).await,
            Command::ReadBack { store, id, generation, credential } => {
                let secret = self.secret(&credential)?;
                let there = self.stores.read(&store, &Entry { id, generation }).await.map_err(fault_of)?;
                if there.same_as(&secret) {
                    return Ok(Done::ReadBack);
                }
                let text =
                    format!("The store ({}) gives back another secret than the one that was checked.", store.kind());
                let remedy = Remedy::new("Choose another store, or remove what shadows the entry there.");
                Err(Fault::new(FaultKind::Secret, text).remedy(remedy))
            }
            Command::WriteConfig(mut connection, found) => {
                self.say_who_made(&mut connection);
                let (id, token) = (connection.id.clone(), connection.token.clone());
                let name = connection.name.clone();
                if let Some(before) = &found {
                    self.about_to_switch(before, &connection);
                }
                let done = self.save(name, move |config| with(config, &connection, found.as_deref())).await?;
                self.switched(&id, token.as_ref()).await;
                Ok(done)
            }
            Command::Verify { id, credential } => self.verify(&id, &credential).await,
            Command::Renew(renewal) => self.renew(*renewal).await,
            Command::RevokeOld(site, old, new, held) => self.revoke_old(&site, &old, &new, &held).await,
            Command::LookAtOld(site, old) => self.look_at_old(&site, &old).await,
            Command::RemoveOldKey(site, credential, lock, id) => {
                self.line(&site, Some(&credential))?.remove_key(&lock, &id).await.map(|()| Done::KeyRemoved)
            }
            Command::LetGo { store, id, generation } => {
                if is_of_another(&self.config()?, &id, &store) {
                    locked(&self.notes)
                        .push(format!("{} stays: another connection keeps its token there.", store.described()));
                    self.settled(&id, &store, generation);
                    self.is_over(&id);
                    return Ok(Done::LetGo);
                }
                let gone = self.stores.remove(&store, &Entry { id: id.clone(), generation }).await;
                gone.map_err(fault_of)?;
                self.settled(&id, &store, generation);
                self.is_over(&id);
                Ok(Done::LetGo)
            }
        }
    }

    /// Waits for a repository to be `made`. There is no connection yet that could remember it, so it is noted first, under
    /// the `name` of the one to come: a run that is killed leaves a repository that nobody would know of.
    async fn noted(
        &self,
        site: &Site,
        place: &Place,
        name: Option<&str>,
        made: impl Future<Output = Result<Repository, Fault>>,
    ) -> Result<Done, Fault> {
        let line = made_perhaps(place);
        if let Some(name) = name {
            Unfinished::note(&self.paths, name, std::slice::from_ref(&line), Vec::new(), Timestamp::now());
            Unfinished::note_made(&self.paths, name, &Made::new(site, place));
        }
        match (made.await, name) {
            (Ok(made), name) => {
                if let Some(name) = name {
                    Unfinished::note_made(&self.paths, name, &Made::new(site, &made.place));
                    Unfinished::retell(&self.paths, name, &line, &crate::report::made(&made.place));
                }
                self.changed(format!("the new repository {}", made.place.path()));
                Ok(Done::Created(Box::new(made)))
            }
            (Err(fault), Some(name)) if !fault.kind.is_silence() => {
                Unfinished::take_back(&self.paths, name, None, &line);
                Err(fault)
            }
            (Err(fault), _) => Err(fault),
        }
    }

    async fn probe_store(&self, keeping: Keeping) -> Result<Done, Fault> {
        if let Some((store, generation)) = &keeping.held {
            self.begin_replacing(&keeping.id, (store, *generation)).await?;
        }
        // A store that gives what the connection keeps there has shown that it works.
        let works = match &keeping.held {
            Some((store, generation)) if *store == keeping.store && !matches!(store, Store::File(_)) => {
                let entry = Entry { id: keeping.id.clone(), generation: *generation };
                self.stores.read(store, &entry).await.is_ok()
            }
            _ => false,
        };
        if !works
            && let Probed::Forgets(note) | Probed::InClear(note) =
                self.stores.probe(&keeping.store, &keeping.name).await.map_err(fault_of)?
        {
            locked(&self.notes).push(note.to_owned());
        }
        self.resting_place(&keeping).await.map(|_| Done::Probed)
    }

    async fn write_secret(&self, keeping: Keeping) -> Result<Done, Fault> {
        let (store, generation, is_there) = self.resting_place(&keeping).await?;
        if !is_there {
            let entry = Entry { id: keeping.id.clone(), generation };
            let secret = self.secret(&keeping.credential)?;
            if keeping.held.is_some() {
                self.about_to_write(&keeping.id, &store, generation);
            } else {
                // Whoever is stopped before the config names it leaves a secret that the next try has to know of.
                let stray = Stray { id: keeping.id.clone(), place: Pending::new(&store, generation) };
                let left = [resting(&store, &keeping.id, generation)];
                Unfinished::note(&self.paths, &keeping.name, &left, vec![stray], Timestamp::now());
            }
            if let Err(fault) = self.stores.write(&store, &entry, &secret).await {
                // What git could not be started for was handed to nobody.
                let untouched = fault.kind == StoreFaultKind::Absent && store == Store::GitCredential;
                if keeping.held.is_none() && (untouched || fault.kind == StoreFaultKind::Broken) {
                    self.not_written(&keeping, &store, generation, fault.left.as_deref());
                }
                return Err(fault_of(fault));
            }
            self.changed(resting(&store, &keeping.id, generation));
        }
        Ok(Done::Stored(store, generation))
    }

    /// The repository may be of a try before this one that was not finished.
    fn say_who_made(&self, connection: &mut Connection) {
        let Some(repository) = &mut connection.repository else { return };
        let earlier = Unfinished::of(&self.paths, &connection.name);
        repository.created_by_us |= earlier.is_some_and(|one| one.has_made(&connection.site, &repository.place));
    }

    /// The store took back what it was given, but for what is `left` of it. Of one that did not answer nobody knows.
    fn not_written(&self, keeping: &Keeping, store: &Store, generation: u64, left: Option<&str>) {
        let stray = Stray { id: keeping.id.clone(), place: Pending::new(store, generation) };
        let line = resting(store, &keeping.id, generation);
        let gone = match left {
            Some(left) => {
                Unfinished::note(&self.paths, &keeping.name, &[left.to_owned()], Vec::new(), Timestamp::now());
                None
            }
            None => Some(&stray),
        };
        Unfinished::take_back(&self.paths, &keeping.name, gone, &line);
    }

    /// Removes a secret that no connection names; whether it is gone.
    pub async fn remove_stray(&self, store: &Store, id: &str, generation: u64) -> bool {
        self.stores.remove(store, &Entry { id: id.to_owned(), generation }).await.is_ok()
    }

    /// Where the secret rests or may rest, and whether it is there already. Nothing that is in use is touched: an equal
    /// secret stays where it is, another one gets the next generation.
    async fn resting_place(&self, keeping: &Keeping) -> Result<(Store, u64, bool), Fault> {
        let Keeping { store, name: _, id, credential, held } = keeping;
        let secret = self.secret(credential)?;
        let entry = |generation| Entry { id: id.clone(), generation };
        if !store.keeps() {
            let there = self.stores.read(store, &entry(1)).await.map_err(fault_of)?;
            return if there.same_as(&secret) { Ok((store.clone(), 1, true)) } else { Err(another(store)) };
        }
        let mut places = match held {
            Some((kept, generation)) if *kept == *store || *kept == successor(store, *generation) => {
                let there = self.stores.read(kept, &entry(*generation)).await;
                if there.is_ok_and(|there| there.same_as(&secret)) {
                    return Ok((kept.clone(), *generation, true));
                }
                // A run that was killed may have left the secrets of generations that were never saved.
                (1..=SKIPPED).map(|more| generation + more).map(|next| (successor(store, next), next)).collect()
            }
            Some((_, generation)) => vec![(store.clone(), generation + 1)],
            None => vec![(store.clone(), 1)],
        };
        // What the provider has made, and no config names yet, exists nowhere else.
        let open = Record::load(&self.paths, id).renewal.map(|renewal| renewal.to);
        places.retain(|(store, generation)| open.as_ref() != Some(&Pending::new(store, *generation)));
        places.reverse();
        while let Some((store, generation)) = places.pop() {
            match self.stores.read(&store, &entry(generation)).await {
                Ok(there) if there.same_as(&secret) => return Ok((store, generation, true)),
                Ok(_) if places.is_empty() => return Err(another(&store)),
                Ok(_) => {}
                Err(fault) if fault.kind == StoreFaultKind::Missing => return Ok((store, generation, false)),
                Err(fault) => return Err(fault_of(fault)),
            }
        }
        Err(another(store))
    }

    fn changed(&self, what: String) {
        locked(&self.changes).push(what);
    }
}

fn another(store: &Store) -> Fault {
    let text =
        format!("The store ({}) holds another secret in this place than the one that was checked.", store.kind());
    let remedy = "Name another place for the secret, or remove the one that is there.";
    Fault::new(FaultKind::Secret, text).remedy(Remedy::new(remedy))
}

/// Does what may wait, for a disk, a pipe or another run, where it holds up nobody else.
async fn aside<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    let broken =
        |_| storage("The program broke down while it did this.".into(), "Run this again with --log FILE.".into());
    tokio::task::spawn_blocking(job).await.map_err(broken)
}

fn storage(message: String, remedy: String) -> Fault {
    Fault::new(FaultKind::Secret, message).remedy(Remedy::new(remedy))
}

fn fault_of(fault: StoreFault) -> Fault {
    let left = fault.left;
    Fault { left, ..storage(fault.message, fault.remedy) }
}
