//! SSH keys: access keys of a repository, which only read, and the keys of an account ("Add access keys", "Set up personal
//! SSH keys"; endpoints under "Deployments" and "SSH" of the REST API).

use super::refusal::{self, Refusal};
use super::{Bitbucket, wire};
use crate::fact::{Fault, FaultKind, Remedy};
use crate::forge::client::{Answer, Request};
use crate::forge::part;
use crate::key::{Lock, NewKey, PublicKey, RegisteredKey};

impl part::Key for Bitbucket {
    async fn key(&self, lock: &Lock, key: &PublicKey) -> Result<RegisteredKey, Fault> {
        let page = self.0.site.provider.rules().key_page(&self.0.site, lock);
        let (path, subject) = self.keys(lock).await?;
        let listed = self.list::<wire::Key>(&format!("{path}?pagelen=100"), &subject).await;
        let (keys, cut) = listed.map_err(|fault| match fault.kind {
            FaultKind::MissingScope => fault.remedy(Remedy::at(
                "Look at the page for keys, or give the token the scope that shows them.",
                page.clone(),
            )),
            _ => fault,
        })?;
        let same = |row: &&wire::Key| PublicKey::parse(&row.line).is_ok_and(|there| there == *key);
        if let Some(there) = keys.iter().find(same) {
            return Self::registered(there, lock).ok_or_else(|| odd(&subject));
        }
        if let Some(cut) = cut {
            let text = format!("The key {} is not in the part of {subject} that was read. {cut}", key.fingerprint());
            return Err(Fault::new(FaultKind::NoAccess, text)
                .remedy(Remedy::at("Look at the page for keys.", page))
                .accepted());
        }
        let text = format!("The key {} is not among {subject}.", key.fingerprint());
        Err(Fault::new(FaultKind::NotFound, text).remedy(Remedy::at("Add the public key there.", page)).accepted())
    }

    async fn register_key(&self, new: &NewKey) -> Result<RegisteredKey, Fault> {
        let rules = self.0.site.provider.rules();
        if matches!(new.lock, Lock::Repository(_)) && !new.read_only {
            let text = "An access key of a Bitbucket repository reads and never writes. Nothing was sent.";
            let remedy = "Register the key with the account instead (`scope = \"account\"`): an account key pushes wherever its account may.";
            let page = rules.key_page(&self.0.site, &Lock::Account);
            return Err(Fault::new(FaultKind::NoAccess, text).remedy(Remedy::at(remedy, page)));
        }
        let (path, subject) = self.keys(&new.lock).await?;
        let body = serde_json::json!({ "key": new.key.to_string(), "label": new.title });
        let request = Request::post(self.0.site.api.join(&path), body).header("accept", "application/json");
        let answer = self.send(request).await?;
        if matches!(answer.status, 200 | 201) {
            let told: wire::Key = answer.json(&subject)?;
            let same = PublicKey::parse(&told.line).is_ok_and(|there| there == new.key);
            return Self::registered(&told, &new.lock).filter(|_| same).ok_or_else(|| answer.not_the_api(&subject));
        }
        Err(self.why_no_key(&answer, new, &subject).await)
    }

    /// `DELETE …/deploy-keys/{key_id}`, 204. <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-deployments/>
    /// `DELETE /users/{selected_user}/ssh-keys/{key_id}`, 204; there the id of a key is a UUID in braces.
    /// <https://developer.atlassian.com/cloud/bitbucket/rest/api-group-ssh/>
    async fn remove_key(&self, lock: &Lock, id: &str) -> Result<(), Fault> {
        let id = match uuid(id).filter(|_| *lock == Lock::Account) {
            Some(uuid) => format!("%7B{uuid}%7D"),
            None => crate::forge::key::id(id)?.to_owned(),
        };
        let (path, subject) = self.keys(lock).await?;
        let url = self.0.site.api.join(&format!("{path}/{id}"));
        let answer = self.send(Request::delete(url).header("accept", "application/json")).await?;
        if answer.status == 204 {
            return Ok(());
        }
        Err(refusal::fault(&answer, &self.asking(&format!("removing a key of {subject}"))))
    }
}

impl Bitbucket {
    /// Where the keys of `lock` are, and what that is called.
    async fn keys(&self, lock: &Lock) -> Result<(String, String), Fault> {
        match lock {
            Lock::Repository(place) => {
                let place = self.place(place)?;
                let shown = super::repository::shown(&place);
                Ok((format!("/repositories/{shown}/deploy-keys"), format!("the access keys of {shown}")))
            }
            Lock::Account => {
                let session = self.session().await?;
                let Some(user) = session.user() else { return Err(self.without_account(lock)) };
                // The braces of an id are not safe in an address.
                let id = user.uuid.replace('{', "%7B").replace('}', "%7D");
                Ok((format!("/users/{id}/ssh-keys"), "the SSH keys of the account".to_owned()))
            }
        }
    }

    fn without_account(&self, lock: &Lock) -> Fault {
        let text =
            "Bitbucket does not tell this token of an account, so that the account's SSH keys are out of its reach.";
        let remedy = "Look at the account's page for SSH keys, or use an API token with read:user:bitbucket.";
        let page = self.0.site.provider.rules().key_page(&self.0.site, lock);
        Fault::new(FaultKind::NoAccess, text).remedy(Remedy::at(remedy, page)).accepted()
    }

    fn registered(told: &wire::Key, lock: &Lock) -> Option<RegisteredKey> {
        let (kind, id) = match lock {
            Lock::Repository(_) => ("deploy_key", told.id.map(|id| id.to_string())),
            Lock::Account => ("ssh_key", told.uuid.clone().filter(|id| wire::is_uuid(id))),
        };
        let read_only = Some(matches!(lock, Lock::Repository(_)));
        let title = crate::text::sanitise(&told.label, 100);
        Some(RegisteredKey { id: id.filter(|_| told.kind == kind)?, title, read_only, usable: true })
    }

    /// A key that is known already is refused with 400, wherever it is: "Someone has already added that access key to this
    /// repository", "Someone has already registered that SSH key".
    async fn why_no_key(&self, answer: &Answer, new: &NewKey, subject: &str) -> Fault {
        let fault = refusal::fault(answer, &self.asking(&format!("adding a key to {subject}")));
        let page = self.0.site.provider.rules().key_page(&self.0.site, &new.lock);
        let told = |text: String, remedy: &str| {
            answer.fault(FaultKind::NoAccess, &text).remedy(Remedy::at(remedy, page.clone())).accepted()
        };
        match Refusal::read(answer) {
            Some(refusal) if refusal.status == 400 && (refusal.says("already") || refusal.says("in use")) => {
                let print = new.key.fingerprint();
                if part::Key::key(self, &new.lock, &new.key).await.is_ok() {
                    return told(
                        format!("The key {print} is among {subject} already; nothing was added."),
                        "Use it as it is.",
                    );
                }
                told(
                    format!(
                        "The key {print} is in use elsewhere on Bitbucket, by another account or repository; nothing was added."
                    ),
                    "Make a new key for this use: Bitbucket takes one key for one purpose only.",
                )
            }
            Some(refusal) if refusal.status == 400 => told(
                format!("Bitbucket does not take the key and said “{}”.", refusal.words),
                "Use an ed25519 key, or an RSA key of 2048 bits or more.",
            ),
            _ => fault,
        }
    }
}

/// What stands between the braces of an id: 36 hexadecimal digits and hyphens.
fn uuid(id: &str) -> Option<&str> {
    let inner = id.strip_prefix('{')?.strip_suffix('}')?;
    let fine = inner.len() == 36 && inner.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    fine.then_some(inner)
}

fn odd(subject: &str) -> Fault {
    Fault::new(FaultKind::NotTheApi, format!("Bitbucket told of {subject} in a form that is not known."))
        .remedy(Remedy::new("Look at the page for keys."))
}
