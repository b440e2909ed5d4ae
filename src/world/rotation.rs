//! Replacing a secret so that one that works is always referenced, and none is forgotten.
//!
//! The config names the secret that counts, and it is switched in one step. What is written before that step, and what
//! is left over after it, is noted first in the connection's record: a run that was interrupted, by a kill too, is
//! cleared up after by the next one. One run at a time replaces the secret of a connection.

use super::{World, aside, fault_of, locked, storage};
use crate::config::{Config, Token};
use crate::disk::{self, Lock};
use crate::fact::{Credential, Fault, FaultKind, Remedy};
use crate::record::{Pending, Record};
use crate::secret::Store;
use crate::store::Entry;
use crate::wizard::Done;

/// A replacement under way.
#[derive(Debug)]
pub(super) struct Replacing {
    _lock: Option<Lock>,
}

impl World {
    /// Takes the connection for this run, and clears up what an interrupted one has left.
    pub(super) async fn begin_replacing(&self, id: &str) -> Result<(), Fault> {
        if locked(&self.replacing).contains_key(id) {
            return Ok(());
        }
        let lock = self.lock(id).await?;
        let before = self.token_of(id)?;
        for pending in Record::load(&self.paths, id).pending {
            let Some(store) = pending.store() else { continue };
            let counts = before.as_ref().is_some_and(|token| Pending::new(&token.store, token.generation) == pending);
            let entry = Entry { id: id.to_owned(), generation: pending.generation };
            if !counts && self.stores.remove(&store, &entry).await.map_err(fault_of)? {
                let place = crate::report::resting(&store, id, pending.generation);
                locked(&self.notes)
                    .push(format!("A run that was interrupted had left a secret, which is removed now: {place}"));
            }
        }
        // Noted before anything is written: whichever of the two the config does not name in the end is left over.
        let kept = before.filter(|token| token.store.keeps());
        let kept = kept.map(|token| Pending::new(&token.store, token.generation));
        Record::change(&self.paths, id, |record| record.pending = kept.into_iter().collect());
        locked(&self.replacing).insert(id.to_owned(), Replacing { _lock: lock });
        Ok(())
    }

    /// The lock of a connection; none where there is no state directory to keep it in.
    async fn lock(&self, id: &str) -> Result<Option<Lock>, Fault> {
        let Some(dir) = self.paths.state_dir.clone() else { return Ok(None) };
        let path = dir.join(format!("{id}.lock"));
        if !dir.is_dir() {
            return Ok(None);
        }
        let taken = aside(move || Lock::take(&path)).await?;
        taken.map(Some).map_err(|fault| storage(fault.message, fault.remedy))
    }

    /// What the config says now of the connection's token.
    fn token_of(&self, id: &str) -> Result<Option<Token>, Fault> {
        let text = disk::read(&self.paths.config).map_err(|fault| storage(fault.message, fault.remedy))?;
        let text = text.as_deref().map(String::as_str);
        let config = Config::parse(text).map_err(|problem| storage(problem.to_string(), problem.remedy))?;
        let found = config.connections().iter().find(|connection| connection.id == id);
        Ok(found.and_then(|connection| connection.token.clone()))
    }

    pub(super) fn about_to_write(&self, id: &str, store: &Store, generation: u64) {
        let pending = Pending::new(store, generation);
        Record::change(&self.paths, id, |record| record.pending.push(pending));
    }

    /// The config refers to `now`: that one is settled.
    pub(super) fn switched(&self, id: &str, now: Option<&Token>) {
        if let Some(now) = now.filter(|_| locked(&self.replacing).contains_key(id)) {
            self.settled(id, &now.store, now.generation);
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
