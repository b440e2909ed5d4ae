//! Replacing a secret so that one that works is always referenced, and none is forgotten.
//!
//! The config names the secret that counts, and it is switched in one step. What is written before that step, and what
//! is left over after it, is noted first in the connection's record: a run that was interrupted, by a kill too, is
//! cleared up after by the next one. One run at a time replaces the secret of a connection.

use jiff::Timestamp;

use super::{World, aside, fault_of, locked, storage};
use crate::config::{Config, Connection, Token};
use crate::disk::{self, Lock};
use crate::fact::{Credential, Fault, FaultKind, Remedy};
use crate::record::{Pending, Record, Unsaid};
use crate::secret::{Store, Whereabouts};
use crate::store::Entry;
use crate::wizard::Done;

/// A replacement under way.
#[derive(Debug)]
pub(super) struct Replacing {
    _lock: Option<Lock>,
    /// What may be left over stands in the record.
    noted: bool,
}

impl World {
    /// Holds the connection against every other run that would replace its secret, as long as this world lives.
    ///
    /// # Errors
    /// Another run holds it.
    pub async fn hold(&self, id: &str) -> Result<(), Fault> {
        if !self.holds(id) {
            let lock = self.lock(id).await?;
            locked(&self.replacing).insert(id.to_owned(), Replacing { _lock: lock, noted: false });
        }
        Ok(())
    }

    pub(super) fn holds(&self, id: &str) -> bool {
        locked(&self.replacing).contains_key(id)
    }

    /// Takes the connection for this run, and clears up what an interrupted one has left. `held`: where this run believes
    /// the secret to rest.
    pub(super) async fn begin_replacing(&self, id: &str, held: (&Store, u64)) -> Result<(), Fault> {
        self.hold(id).await?;
        if locked(&self.replacing).get(id).is_some_and(|replacing| replacing.noted) {
            return Ok(());
        }
        if self.token_of(id)?.is_none_or(|now| (&now.store, now.generation) != held) {
            let text = "Another run has changed the token of this connection meanwhile; nothing was changed now.";
            return Err(storage(text.into(), "Run the same command again.".into()));
        }
        self.clear_up(id).await?;
        // Noted before anything is written: whichever of the two the config does not name in the end is left over.
        let kept = self.token_of(id)?.filter(|token| token.store.keeps());
        let kept = kept.map(|token| Pending::new(&token.store, token.generation));
        Record::change(&self.paths, id, |record| {
            let is_new = |kept: &Pending| !record.pending.contains(kept);
            record.pending.extend(kept.filter(is_new).into_iter().collect::<Vec<_>>());
        });
        if let Some(replacing) = locked(&self.replacing).get_mut(id) {
            replacing.noted = true;
        }
        Ok(())
    }

    /// Removes the secrets that an interrupted run has left. The caller holds the connection.
    pub(super) async fn clear_up(&self, id: &str) -> Result<(), Fault> {
        let before = self.token_of(id)?;
        let noted = Record::load(&self.paths, id);
        // A token that the provider made exists nowhere else: as long as it is not settled what came of it, its place is
        // left alone, also where the store gives nothing at this moment.
        let open = noted.renewal.map(|renewal| renewal.to);
        let all: Vec<Pending> = noted.pending.into_iter().filter(|pending| open.as_ref() != Some(pending)).collect();
        let mut left = Vec::new();
        for pending in all.iter().cloned() {
            let Some(store) = pending.store() else { continue };
            let counts = before.as_ref().is_some_and(|token| Pending::new(&token.store, token.generation) == pending)
                || is_of_another(&self.config()?, id, &store);
            let entry = Entry { id: id.to_owned(), generation: pending.generation };
            if counts {
                continue;
            }
            match self.stores.remove(&store, &entry).await {
                Ok(true) => locked(&self.notes).push(told(&store, id, &pending, before.as_ref())),
                Ok(false) => {}
                // A store that is gone must not hold up what has nothing to do with it.
                Err(fault) => {
                    let Whereabouts { at, .. } = Whereabouts::of(&store, id, pending.generation);
                    let why = fault.message;
                    locked(&self.notes).push(format!("What an earlier run has left in {at} is still there: {why}"));
                    left.push(pending);
                }
            }
        }
        if !all.is_empty() {
            Record::change(&self.paths, id, |record| {
                record.pending.retain(|pending| left.contains(pending) || !all.contains(pending));
            });
        }
        Ok(())
    }

    /// The replacement is complete: another one in this run is noted anew.
    pub(super) fn is_over(&self, id: &str) {
        if let Some(replacing) = locked(&self.replacing).get_mut(id) {
            replacing.noted = false;
        }
    }

    /// The lock of a connection; none where there is no state directory to keep it in.
    pub(super) async fn lock(&self, id: &str) -> Result<Option<Lock>, Fault> {
        let Some(dir) = self.paths.state_dir.clone() else { return Ok(None) };
        let path = dir.join(format!("{id}.lock"));
        if !dir.is_dir() {
            return Ok(None);
        }
        let taken = aside(move || Lock::take(&path)).await?;
        taken.map(Some).map_err(|fault| storage(fault.message, fault.remedy))
    }

    /// What the config says now of the connection's token.
    pub(super) fn token_of(&self, id: &str) -> Result<Option<Token>, Fault> {
        let config = self.config()?;
        let found = config.connections().iter().find(|connection| connection.id == id);
        Ok(found.and_then(|connection| connection.token.clone()))
    }

    pub(super) fn about_to_write(&self, id: &str, store: &Store, generation: u64) {
        let pending = Pending::new(store, generation);
        Record::change(&self.paths, id, |record| record.pending.push(pending));
    }

    /// The config is about to refer to another token or key than `before`: whoever is stopped then owes a word about it.
    pub(super) fn about_to_switch(&self, before: &Connection, now: &Connection) {
        match (&before.token, &now.token) {
            // The same token in another store is nothing to tell.
            (Some(old), Some(new)) if old.store.kind() == new.store.kind() && old.generation != new.generation => {
                self.owes(&now.id, new.generation, None);
            }
            (None, None) if before.fingerprint() != now.fingerprint() => {
                self.owes(&now.id, 0, now.fingerprint().map(str::to_owned));
            }
            _ => {}
        }
    }

    pub(super) fn owes(&self, id: &str, generation: u64, key: Option<String>) {
        let at = Timestamp::now().strftime("%Y-%m-%d").to_string();
        Record::change(&self.paths, id, |record| record.unsaid = Some(Unsaid { at, generation, key }));
    }

    /// The config refers to `now`: that one is settled.
    pub(super) async fn switched(&self, id: &str, now: Option<&Token>) {
        let Some(now) = now.filter(|_| self.holds(id)) else { return };
        self.settled(id, &now.store, now.generation);
        // Whatever a provider was asked before: the connection has a token that was proven.
        let Some(open) = Record::load(&self.paths, id).renewal else { return };
        Record::change(&self.paths, id, |record| record.renewal = None);
        if let Ok(Some(connection)) = self.connection_of(id) {
            locked(&self.notes).push(format!(
                "A token that {} may have made on {} is used by nobody, and may still work: revoke it at {}",
                connection.site.provider,
                crate::text::sanitise(&open.begun, 40),
                super::renewal::tokens_page(&connection)
            ));
        }
        let lost = open.to.store().filter(|_| open.to != Pending::new(&now.store, now.generation));
        if let Some(store) = lost {
            let entry = Entry { id: id.to_owned(), generation: open.to.generation };
            // Where the store fails, the place stays noted, and the next run removes what is there.
            if self.stores.remove(&store, &entry).await.is_ok() {
                self.settled(id, &store, open.to.generation);
            }
        }
    }

    pub(super) fn settled(&self, id: &str, store: &Store, generation: u64) {
        let gone = Pending::new(store, generation);
        Record::change(&self.paths, id, |record| record.pending.retain(|pending| *pending != gone));
    }

    /// Reads the secret on the way that everybody goes from now on: by the config.
    pub(super) async fn verify(&self, id: &str, credential: &Credential) -> Result<Done, Fault> {
        let token = self.token_of(id)?.ok_or_else(|| {
            storage("The connection is not in the config any more.".into(), "Look at it with git-access list.".into())
        })?;
        let entry = Entry { id: id.to_owned(), generation: token.generation };
        let there = self.stores.read(&token.store, &entry).await.map_err(fault_of)?;
        if there.same_as(&self.secret(credential)?) {
            return Ok(Done::Verified);
        }
        let text = "The saved connection gives another token than the one that was checked; the old one was kept.";
        Err(Fault::new(FaultKind::Secret, text).remedy(Remedy::new("Run the same command again.")))
    }
}

/// Whether another connection keeps its secret in this file by now.
pub(super) fn is_of_another(config: &Config, id: &str, store: &Store) -> bool {
    let Store::File(path) = store else { return false };
    config.connections().iter().filter(|other| other.id != id).any(|other| {
        matches!(other.token.as_ref().map(|token| &token.store), Some(Store::File(theirs)) if disk::is_same_file(theirs, path))
    })
}

/// What was done about a secret that an interrupted run has left.
fn told(store: &Store, id: &str, pending: &Pending, now: Option<&Token>) -> String {
    let place = Whereabouts::of(store, id, pending.generation).at;
    if now.is_some_and(|now| now.generation < pending.generation) {
        format!(
            "An earlier run had written a new token to {place}, and not put it to use. That is undone: it is removed, and the one in use stays."
        )
    } else {
        format!(
            "An earlier run had replaced the token and not let go of the old one in {place}. That is finished: it is removed."
        )
    }
}
