//! A token that the provider makes in place of the one in use.
//!
//! The old token ends in the moment in which the new one is made, so the order is strict: it is written down that the
//! provider is asked, the request is sent once, and its answer goes to the store and into the config before anything else
//! happens. A request whose end is not known is never sent again: GitLab takes the second one for a theft and ends the new
//! token as well ("Automatic reuse detection", <https://docs.gitlab.com/api/personal_access_tokens/>, read on 2026-11-20).

use std::time::Duration;

use jiff::Timestamp;

use super::saving::put;
use super::{World, another, aside, fault_of, locked, storage, successor};
use crate::config::Connection;
use crate::disk;
use crate::fact::{Expiry, Fault, FaultKind, Remedy, Site};
use crate::forge;
use crate::record::{Pending, Record, Renewing};
use crate::secret::{Secret, Store, Whereabouts};
use crate::store::{Entry, StoreFault, StoreFaultKind};
use crate::text::stamp;
use crate::wizard::{Done, Keeping, Renewal, Renewed};

/// How long a new token may still be on its way through the forge: behind replicas of its database the first answer to it
/// can be 401.
const LAG: Duration = Duration::from_secs(1);

/// How often the config is tried to be saved once the old token has ended.
const TRIES: usize = 3;

/// What a new run found of one that was stopped.
#[derive(Debug, Default)]
pub struct Recovered {
    /// The config names another token than before.
    pub changed: bool,
    /// The provider was asked to replace the token, and what came of it is not known.
    pub open: Option<Renewing>,
    /// Why the place of the new token could not be read: it may be there.
    pub unread: Option<Fault>,
}

impl World {
    /// Finishes or undoes what a run that was stopped has begun with the connection `id`.
    ///
    /// # Errors
    /// The config or a store cannot be read or written.
    pub async fn recover(&self, id: &str) -> Result<Recovered, Fault> {
        let found = Record::load(&self.paths, id);
        if found.pending.is_empty() && found.renewal.is_none() && found.unsaid.is_none() {
            return Ok(Recovered::default());
        }
        // Where another run is at work with it, nothing was stopped.
        let lock = if self.holds(id) { Ok(None) } else { self.lock(id).await };
        let Ok(_lock) = lock else { return Ok(Recovered::default()) };
        let mut recovered = Recovered::default();
        if let Some(renewal) = Record::load(&self.paths, id).renewal {
            let finished = self.finish(id, &renewal).await?;
            recovered.changed = finished == Some(true);
            if finished.is_none() {
                recovered.unread = self.unread(id, &renewal).await;
                recovered.open = Some(renewal);
            }
        }
        self.clear_up(id).await?;
        self.say_what_is_owed(id)?;
        Ok(recovered)
    }

    /// Says what a run that replaced the token was stopped before it could say.
    fn say_what_is_owed(&self, id: &str) -> Result<(), Fault> {
        let Some(unsaid) = Record::load(&self.paths, id).unsaid else { return Ok(()) };
        let now = self.connection_of(id)?;
        let is_in_use = |now: &Connection| match (&unsaid.key, &now.token) {
            (None, Some(token)) => token.generation == unsaid.generation,
            (Some(key), _) => now.fingerprint() == Some(key.as_str()),
            (None, None) => false,
        };
        let Some(now) = now.filter(is_in_use) else {
            Record::change(&self.paths, id, |record| record.unsaid = None);
            return Ok(());
        };
        let (what, end) = if unsaid.key.is_some() {
            ("key", format!("the old one is removed at {}", now.key_page().unwrap_or_default()))
        } else {
            ("token", format!("the old one is revoked at {}", tokens_page(&now)))
        };
        locked(&self.notes).push(format!(
            "On {} the {what} of {name} was replaced by a run that was stopped before it said what is left to do: whatever \
             was given the old one needs the new one (git-access show {name} tells what was exported), and {end}",
            crate::text::sanitise(&unsaid.at, 40),
            name = now.name,
        ));
        Record::change(&self.paths, id, Record::is_replaced);
        Ok(())
    }

    /// Why nobody knows whether the token that the provider may have made is in its place.
    async fn unread(&self, id: &str, renewal: &Renewing) -> Option<Fault> {
        let entry = Entry { id: id.to_owned(), generation: renewal.to.generation };
        let fault = self.stores.read(&renewal.to.store()?, &entry).await.err()?;
        (fault.kind != StoreFaultKind::Missing).then(|| fault_of(fault))
    }

    /// Puts a token that the provider made into the config, if it reached its store: `Some(true)` where that was still to
    /// do. `None`: it is in no store.
    async fn finish(&self, id: &str, renewal: &Renewing) -> Result<Option<bool>, Fault> {
        let (Some(now), Some(store)) = (self.connection_of(id)?, renewal.to.store()) else { return Ok(Some(false)) };
        let named = now.token.as_ref().is_some_and(|token| Pending::new(&token.store, token.generation) == renewal.to);
        let entry = Entry { id: id.to_owned(), generation: renewal.to.generation };
        if !named && self.stores.read(&store, &entry).await.is_err() {
            return Ok(None);
        }
        if !named {
            let expires = renewal.ends.parse().map_or(Expiry::NotTold, Expiry::At);
            let new = Renewed { store: store.clone(), generation: renewal.to.generation, expires };
            let name = now.name.clone();
            self.owes(id, new.generation, None);
            // The one before has ended. Where a run in between found it in use, it is not noted any more as left over.
            let ended = now.token.as_ref().filter(|token| token.store.keeps());
            let ended = ended.map(|token| Pending::new(&token.store, token.generation));
            Record::change(&self.paths, id, |record| {
                let is_new = |ended: &Pending| !record.pending.contains(ended);
                record.pending.extend(ended.filter(is_new).into_iter().collect::<Vec<_>>());
            });
            self.save_renewed(now, &new).await?;
            locked(&self.notes).push(format!(
                "A rotation at the provider was stopped after the new token had been stored. It is finished: {name} uses the new token."
            ));
        }
        self.is_renewed(id, &store, renewal.to.generation);
        Ok(Some(!named))
    }

    /// Lets the config name the new token. The one before it has ended, so this is done whatever else somebody has changed
    /// in the connection meanwhile, and that stays.
    async fn save_renewed(&self, held: Connection, new: &Renewed) -> Result<Done, Fault> {
        let (name, new) = (held.name.clone(), new.clone());
        self.save(name, move |config| {
            let now = config.connections().iter().find(|there| there.id == held.id).cloned();
            put(config, &new.put_into(now.unwrap_or_else(|| held.clone())))
        })
        .await
    }

    /// The same, tried more than once: the config names a token that has ended.
    async fn save_for_sure(&self, held: Connection, new: &Renewed) -> Result<Done, Fault> {
        let mut tries = 1;
        loop {
            match self.save_renewed(held.clone(), new).await {
                Err(_) if tries < TRIES => tokio::time::sleep(LAG).await,
                Err(fault) => {
                    let at = Whereabouts::of(&new.store, &held.id, new.generation).at;
                    let name = &held.name;
                    let text = format!(
                        "{} The provider has replaced the token already: the new one is in {at}, and the config still \
                         names the one that has ended.",
                        fault.text
                    );
                    let why = fault.remedy.map(|remedy| remedy.text).unwrap_or_default();
                    let remedy = format!(
                        "{why} Then run git-access setup {name}, which puts the new one into the config and asks the provider \
                         for nothing. Until then git is given the new one already."
                    );
                    return Err(Fault {
                        left: Some(format!("the new token of {name} in {at}: keep it").into()),
                        ..storage(text, remedy)
                    });
                }
                Ok(done) => return Ok(done),
            }
            tries += 1;
        }
    }

    fn is_renewed(&self, id: &str, store: &Store, generation: u64) {
        let settled = Pending::new(store, generation);
        Record::change(&self.paths, id, |record| {
            record.pending.retain(|pending| *pending != settled);
            record.renewal = None;
        });
    }

    pub(super) fn connection_of(&self, id: &str) -> Result<Option<Connection>, Fault> {
        Ok(self.config()?.connections().iter().find(|connection| connection.id == id).cloned())
    }

    pub(super) async fn renew(&self, renewal: Renewal) -> Result<Done, Fault> {
        let Renewal { site, keeping, ends, held } = renewal;
        if let Some(open) = Record::load(&self.paths, &keeping.id).renewal {
            return Err(still_open(&held, &open));
        }
        // The old one ends with the request: what would be in the way after it is better known before.
        self.nobody_else_uses(&held, &self.secret(&keeping.credential)?, "the provider was not asked to replace it")
            .await?;
        let config = self.paths.config.clone();
        let writable = aside(move || disk::probe(&config)).await?;
        writable.map_err(|fault| storage(fault.message, fault.remedy))?;
        let (store, generation) = self.free_place(&keeping).await?;
        let to = Pending::new(&store, generation);
        let begun = Renewing { begun: stamp(Timestamp::now()), ends: stamp(ends), to: to.clone() };
        self.write_down(&keeping.id, |record| {
            record.pending.push(to.clone());
            record.renewal = Some(begun);
        })?;
        self.changed(format!("{} may have replaced the token: git-access check {} tells", site.provider, held.name));
        let new = match self.line(&site, Some(&keeping.credential))?.rotate_token(ends).await {
            Ok(new) => new,
            Err(fault) if fault.kind.is_silence() && fault.kind != FaultKind::RateLimit => {
                return Err(unanswered(fault, &held));
            }
            Err(fault) => {
                Record::change(&self.paths, &keeping.id, |record| {
                    record.pending.clear();
                    record.renewal = None;
                });
                locked(&self.changes).clear();
                return Err(fault);
            }
        };
        self.learn(&new.secret);
        let entry = Entry { id: keeping.id.clone(), generation };
        self.put_for_sure((&store, &entry), &new.secret, &held).await?;
        let expires = if new.expires == Expiry::NotTold { Expiry::At(ends) } else { new.expires };
        let renewed = Renewed { store, generation, expires };
        self.owes(&keeping.id, generation, None);
        self.save_for_sure(held, &renewed).await?;
        self.is_renewed(&keeping.id, &renewed.store, generation);
        self.wait_for(&site, &new.secret).await;
        Ok(Done::Renewed(renewed))
    }

    /// Notes what is about to be done, where nothing may be done without the note.
    fn write_down(&self, id: &str, change: impl FnOnce(&mut Record)) -> Result<(), Fault> {
        if self.paths.state_dir.is_none() {
            let text = "There is no home directory, so there is no place to write down what is begun.";
            return Err(storage(text.into(), "Set HOME or XDG_STATE_HOME, then run this again.".into()));
        }
        Record::change(&self.paths, id, change).map_or(Ok(()), |fault| Err(storage(fault.message, fault.remedy)))
    }

    /// A place for a new secret beside the one in use, where nothing lies yet.
    async fn free_place(&self, keeping: &Keeping) -> Result<(Store, u64), Fault> {
        let before = keeping.held.as_ref().map_or(0, |(_, generation)| *generation);
        for generation in before + 1..=before + super::SKIPPED {
            let store = successor(&keeping.store, generation);
            let entry = Entry { id: keeping.id.clone(), generation };
            match self.stores.read(&store, &entry).await {
                Ok(_) => {}
                Err(fault) if fault.kind == StoreFaultKind::Missing => return Ok((store, generation)),
                Err(fault) => return Err(fault_of(fault)),
            }
        }
        Err(another(&keeping.store))
    }

    /// Writes a secret that exists nowhere else; tried twice, since it cannot be had again.
    async fn put_for_sure(&self, to: (&Store, &Entry), secret: &Secret, held: &Connection) -> Result<(), Fault> {
        let (store, entry) = to;
        let mut why = "The store gives back another secret.".to_owned();
        let mut may_be_there = false;
        for _ in 0..2 {
            match self.put(store, entry, secret).await {
                Ok(true) => return Ok(()),
                Ok(false) => may_be_there = true,
                Err(fault) => {
                    // Where git could not be started, nothing is there.
                    may_be_there |= fault.left.is_some() || *store != Store::GitCredential;
                    why = fault.message;
                }
            }
        }
        let Whereabouts { at, way } = Whereabouts::of(store, &entry.id, entry.generation);
        let (name, page) = (&held.name, tokens_page(held));
        let lost = format!(
            "revoke the lost one at {page}, make another there, and give it to git-access rotate {name} --answers FILE."
        );
        if !may_be_there {
            let text =
                format!("{why} The provider has replaced the token already, and the new one is lost with this run.");
            return Err(storage(text, format!("Since nobody has the new token, {lost}")));
        }
        let text = format!(
            "{why} The provider has replaced the token already, and whether the store has kept the new one cannot be told \
             now. It was not taken back, for it is nowhere else."
        );
        let remedy = format!(
            "Let the store answer, then run git-access rotate {name} again: it puts the new token to use where the store \
             has it. Where it has not, {lost}"
        );
        let left = format!(
            "perhaps the new token, in {at}: the next git-access rotate {name} puts it to use; where it is not wanted, {way}"
        );
        Err(Fault { left: Some(left.into()), ..storage(text, remedy) })
    }

    async fn put(&self, store: &Store, entry: &Entry, secret: &Secret) -> Result<bool, StoreFault> {
        self.stores.entrust(store, entry, secret).await?;
        Ok(self.stores.read(store, entry).await?.same_as(secret))
    }

    /// Until the forge takes the new token, or is asked by the checks whether it does.
    async fn wait_for(&self, site: &Site, secret: &Secret) {
        for _ in 0..2 {
            let Ok(forge) = forge::connect(site, Some(secret), None, &self.outside) else { return };
            match forge.identity().await {
                Err(fault) if fault.is_refusal() => tokio::time::sleep(LAG).await,
                _ => return,
            }
        }
    }
}

/// Where the tokens of the connection's account are listed and revoked.
pub(super) fn tokens_page(of: &Connection) -> String {
    of.site.provider.rules().tokens_page(&of.site, of.token.as_ref().and_then(|token| token.kind))
}

/// What stands in the way of a token that is checked while a rotation at the provider is not finished.
pub fn begun(name: &str, open: &Renewing) -> String {
    format!(
        "On {} the provider was asked to replace this token, and the config does not name another one yet. git-access setup \
         {name} puts the new one into it, where it has reached its store, and asks the provider for nothing.",
        crate::text::sanitise(&open.begun, 40)
    )
}

/// A rotation at the provider whose end is not known: what was begun, and what to do now.
pub fn still_open(held: &Connection, open: &Renewing) -> Fault {
    let name = &held.name;
    let begun = crate::text::sanitise(&open.begun, 40);
    let text = format!(
        "On {begun} a rotation of {name} was begun at the provider, and how it ended is not known. Asking again would end \
         the new token, should there be one, so nothing is asked."
    );
    let remedy = format!(
        "Run git-access check {name}. Where the token is taken, it was not replaced. Where it is refused, it was, and the \
         new one is in nobody's hands: revoke that at {page}. Either way make a new one there, and give it to git-access \
         rotate {name} --answers FILE.",
        page = tokens_page(held)
    );
    Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new(remedy))
}

/// No answer, or none that can be read: the token may be replaced, and asking again would end the new one as well.
fn unanswered(fault: Fault, held: &Connection) -> Fault {
    let text = format!(
        "The provider was asked to replace the token, and its answer did not come: {} Whether the token was replaced \
         cannot be told from here. The request is not sent again.",
        fault.text
    );
    let remedy = format!(
        "Run git-access check {name}. Where the token is refused now, it was replaced, and the new one is in nobody's \
         hands: revoke that at {page}, make another there, and give it to git-access rotate {name} --answers FILE.",
        name = held.name,
        page = tokens_page(held)
    );
    Fault { text, ..fault }.remedy(Remedy::new(remedy))
}
