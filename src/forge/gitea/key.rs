//! SSH keys: the deploy keys of a repository, and the keys of the account.
//!
//! `routers/api/v1/repo/key.go` and `routers/api/v1/user/key.go`. One key may be a deploy key of several repositories, but
//! not of an account as well.

use serde_json::json;

use super::refusal::Refusal;
use super::{Gitea, headed, wire};
use crate::fact::{Fault, FaultKind, Remedy};
use crate::forge::client::{Answer, Request};
use crate::forge::{is_silent, key, name, part};
use crate::key::{Lock, NewKey, PublicKey, RegisteredKey};

impl part::Key for Gitea {
    async fn key(&self, lock: &Lock, wanted: &PublicKey) -> Result<RegisteredKey, Fault> {
        let listed = self.list::<wire::Key>(&self.keys_path(lock)?, &key::subject(lock)).await;
        let (rows, cut) = listed.map_err(|fault| self.hidden_keys(fault, lock))?;
        let rows = rows.into_iter().map(|row| (row.line.clone(), told(&row, lock)));
        key::among(rows, cut, (&self.0.site, lock, wanted))
    }

    async fn register_key(&self, new: &NewKey) -> Result<RegisteredKey, Fault> {
        let mut body = json!({ "title": new.title, "key": new.key.to_string() });
        if matches!(new.lock, Lock::Repository(_)) {
            // Left out, the key may write (`modules/structs/user_key.go`).
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

impl Gitea {
    fn why_no_key(&self, answer: &Answer, new: &NewKey, fault: Fault) -> Fault {
        let site = &self.0.site;
        let Some(refusal) = Refusal::read(answer).filter(|refusal| refusal.status == 422) else {
            return self.hidden_keys(fault, &new.lock);
        };
        let words = &refusal.message;
        if refusal.says("has been used as non-deploy key") || refusal.says("has already been added to the server") {
            return key::elsewhere(site, new);
        }
        if refusal.says("key title has been used") {
            let text = format!("Another key is called “{}” there; nothing was registered.", new.title);
            let page = site.provider.rules().key_page(site, &new.lock);
            let remedy = Remedy::at("Choose another name as `ssh.title`, or remove the other key.", page);
            return Fault::new(FaultKind::NoAccess, text).remedy(remedy).accepted();
        }
        if refusal.says("ssh is disabled") {
            return key::switched_off(site, new, words);
        }
        if refusal.says("invalid key content") || refusal.says("key length is not enough") {
            return key::unfit(site, new, words);
        }
        fault
    }

    fn hidden_keys(&self, fault: Fault, lock: &Lock) -> Fault {
        let wanted = match lock {
            Lock::Repository(_) => {
                "It takes the scope write:repository, and an administrator of the repository. Or paste the key by hand."
            }
            Lock::Account => "It takes the scope write:user. Or paste the key by hand.",
        };
        // Its own words name the repository's settings and nobody who could mend it.
        if fault.kind == FaultKind::NoAccess {
            let page = self.0.site.provider.rules().key_page(&self.0.site, lock);
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
        Lock::Account => None,
    };
    RegisteredKey { id: row.id.to_string(), title: crate::text::sanitise(&row.title, 100), read_only, usable: true }
}
