//! SSH keys: the deploy keys of a repository, and the keys of the account.
//!
//! <https://docs.github.com/en/rest/deploy-keys/deploy-keys> and <https://docs.github.com/en/rest/users/keys>. Comments are
//! dropped there, so keys are compared without. One key opens one thing on the whole server.

use serde_json::json;

use super::refusal::Refusal;
use super::{GitHub, headed, wire};
use crate::fact::{Fault, FaultKind, Remedy};
use crate::forge::client::{Answer, Request};
use crate::forge::{is_silent, key, name, part};
use crate::key::{Lock, NewKey, PublicKey, RegisteredKey};

impl part::Key for GitHub {
    async fn key(&self, lock: &Lock, wanted: &PublicKey) -> Result<RegisteredKey, Fault> {
        let path = format!("{}?per_page=100", self.keys_path(lock)?);
        let listed = self.list::<wire::Key>(&path, &key::subject(lock)).await;
        let (rows, cut) = listed.map_err(|fault| self.hidden_keys(fault, lock))?;
        let rows = rows.into_iter().map(|row| (row.line.clone(), told(&row, lock)));
        key::among(rows, cut, (&self.0.site, lock, wanted))
    }

    async fn register_key(&self, new: &NewKey) -> Result<RegisteredKey, Fault> {
        let mut body = json!({ "title": new.title, "key": new.key.to_string() });
        if matches!(new.lock, Lock::Repository(_)) {
            // Left out, the key may write.
            body["read_only"] = json!(new.read_only);
        }
        let request = headed(Request::post(self.0.site.api.join(&self.keys_path(&new.lock)?), body));
        let answer = match self.send(&request).await {
            Ok(answer) => answer,
            Err(fault) if is_silent(&fault) => return key::after_silence(self, new, fault).await,
            Err(fault) => return Err(fault),
        };
        if answer.status == 201 {
            let made = answer.json::<wire::Key>(&key::subject(&new.lock));
            return match made.ok().filter(|row| PublicKey::parse(&row.line).as_ref() == Ok(&new.key)) {
                Some(row) => Ok(told(&row, &new.lock)),
                None => key::after_silence(self, new, answer.not_the_api("the new key")).await,
            };
        }
        let fault = self.refused(&answer, &format!("registering a key at {}", key::subject(&new.lock)));
        match answer.status {
            ..400 | 500.. => key::after_silence(self, new, fault).await,
            _ => Err(self.why_no_key(&answer, new, fault)),
        }
    }

    async fn remove_key(&self, lock: &Lock, id: &str) -> Result<(), Fault> {
        let path = format!("{}/{}", self.keys_path(lock)?, key::id(id)?);
        let answer = self.send(&headed(Request::delete(self.0.site.api.join(&path)))).await?;
        if answer.status == 204 {
            return Ok(());
        }
        let subject = format!("the removal of a key of {}", key::subject(lock));
        Err(self.hidden_keys(self.refused(&answer, &subject), lock))
    }
}

impl GitHub {
    fn why_no_key(&self, answer: &Answer, new: &NewKey, fault: Fault) -> Fault {
        let site = &self.0.site;
        let Some(refusal) = Refusal::read(answer).filter(|refusal| refusal.status == 422) else {
            return self.hidden_keys(fault, &new.lock);
        };
        let words = [std::slice::from_ref(&refusal.message), refusal.errors.as_slice()].concat().join("; ");
        if refusal.says("key is already in use") {
            return key::elsewhere(site, new);
        }
        // The switch of the organisation, also for those who administer the repository ("Restricting deploy keys in
        // your organization").
        if refusal.says("deploy keys are disabled") {
            return key::switched_off(site, new, &words);
        }
        if refusal.says("key is invalid") || refusal.says("key is weak") || refusal.says("unsupported") {
            return key::unfit(site, new, &words);
        }
        fault
    }

    /// Deploy keys are shown to administrators of the repository, those of the account to a token for keys; to others
    /// both look as if they were not there.
    fn hidden_keys(&self, fault: Fault, lock: &Lock) -> Fault {
        let fine = self.is_fine_grained();
        let wanted = match (lock, fine) {
            (Lock::Repository(_), false) => {
                "It takes the scope repo, and an account that is an administrator of the repository. Or paste the key by hand."
            }
            (Lock::Repository(_), true) => {
                "It takes the permission Administration (read and write) for this repository. Or paste the key by hand."
            }
            (Lock::Account, false) => "It takes the scope admin:public_key. Or paste the key by hand.",
            (Lock::Account, true) => "It takes the account's permission Git SSH keys. Or paste the key by hand.",
        };
        if fault.kind == FaultKind::MissingScope {
            let page = self.0.site.provider.rules().tokens_page(&self.0.site, self.0.kind);
            return fault.remedy(Remedy::at(wanted, page));
        }
        key::hidden(fault, &self.0.site, lock, wanted)
    }

    fn keys_path(&self, lock: &Lock) -> Result<String, Fault> {
        Ok(match lock {
            Lock::Repository(place) => {
                let place = name::place(&self.0.site, place)?;
                format!("/repos/{}/{}/keys", place.owner.owner, place.name)
            }
            Lock::Account => "/user/keys".to_owned(),
        })
    }
}

fn told(row: &wire::Key, lock: &Lock) -> RegisteredKey {
    let read_only = match lock {
        Lock::Repository(_) => row.read_only,
        // Whatever it says there: the key of an account does what the account may.
        Lock::Account => None,
    };
    RegisteredKey {
        id: row.id.to_string(),
        title: crate::text::sanitise(&row.title, 100),
        read_only,
        usable: row.enabled != Some(false) && (matches!(lock, Lock::Account) || row.verified != Some(false)),
    }
}
