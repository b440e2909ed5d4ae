//! SSH keys: those of a repository, which Bitbucket calls access keys, and those of the account.
//!
//! They are two APIs beside the main one, `/rest/keys` and `/rest/ssh`
//! (<https://developer.atlassian.com/server/bitbucket/rest/v906/api-group-authentication/>). A key is either the one or the other:
//! both are refused with 409 where it is in use, in different words (seen on a running Bitbucket 8 by volck/raven,
//! `internal/bitbucket`, 2026-09).

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::refusal::Refusal;
use super::{BitbucketDc, headed, repository, wire};
use crate::fact::{Fault, FaultKind, Place, Remedy};
use crate::forge::client::{Answer, Request};
use crate::forge::{name, part};
use crate::key::{Lock, NewKey, PublicKey, RegisteredKey};
use crate::text::sanitise;

impl part::Key for BitbucketDc {
    async fn key(&self, lock: &Lock, key: &PublicKey) -> Result<RegisteredKey, Fault> {
        let (url, subject) = self.keyhole(lock)?;
        let (found, cut) = match lock {
            Lock::Repository(_) => {
                let (rows, cut) = self.keys::<wire::AccessKey>(lock, &url, &subject).await?;
                (rows.iter().find(|row| is_same(&row.key, key)).map(of_repository), cut)
            }
            Lock::Account => {
                let (rows, cut) = self.keys::<wire::Key>(lock, &url, &subject).await?;
                (rows.iter().find(|row| is_same(row, key)).map(|row| registered(row, Some(false))), cut)
            }
        };
        found.ok_or_else(|| {
            let unseen = cut.map(|cut| format!(" {cut}")).unwrap_or_default();
            let text = format!("{} is not among {subject}.{unseen}", key.fingerprint());
            Fault::new(FaultKind::NotFound, text)
                .remedy(Remedy::at("Add the public key there.", self.key_page(lock)))
                .accepted()
        })
    }

    async fn register_key(&self, new: &NewKey) -> Result<RegisteredKey, Fault> {
        let (url, subject) = self.keyhole(&new.lock)?;
        let key = json!({"text": format!("{} {}", new.key, label(&new.title)), "label": label(&new.title)});
        let permission = if new.read_only { "REPO_READ" } else { "REPO_WRITE" };
        let body = match new.lock {
            Lock::Repository(_) => json!({"key": key, "permission": permission}),
            Lock::Account => key,
        };
        let answer = self.send(&headed(Request::post(url, body))).await?;
        if !matches!(answer.status, 200 | 201) {
            return Err(self.key_refused(&answer, &new.lock, &subject));
        }
        let made = match new.lock {
            Lock::Repository(_) => {
                let row: wire::AccessKey = answer.json(&subject)?;
                is_same(&row.key, &new.key).then(|| of_repository(&row))
            }
            Lock::Account => {
                let row: wire::Key = answer.json(&subject)?;
                is_same(&row, &new.key).then(|| registered(&row, Some(false)))
            }
        };
        made.ok_or_else(|| answer.not_the_api(&subject))
    }

    /// `DELETE …/ssh/{keyId}`, 204, in the API of keys.
    async fn remove_key(&self, lock: &Lock, id: &str) -> Result<(), Fault> {
        let (url, subject) = self.keyhole(lock)?;
        let url = format!("{url}/{}", crate::forge::key::id(id)?);
        let answer = self.send(&headed(Request::delete(url))).await?;
        if answer.status == 204 {
            return Ok(());
        }
        Err(self.key_refused(&answer, lock, &subject))
    }
}

impl BitbucketDc {
    async fn keys<T: serde::de::DeserializeOwned>(
        &self,
        lock: &Lock,
        url: &str,
        subject: &str,
    ) -> Result<(Vec<T>, Option<String>), Fault> {
        self.list_at(url, subject).await.map_err(|fault| self.beside_the_page(fault, lock))
    }

    /// Where keys of this kind are, and what they are called.
    fn keyhole(&self, lock: &Lock) -> Result<(String, String), Fault> {
        match lock {
            Lock::Repository(place) => {
                let place: Place = name::place(&self.0.site, place)?;
                let url = self.rest().join(&format!("/keys/1.0{}/ssh", repository::path(&place)));
                Ok((url, format!("the access keys of {}", repository::subject(&place))))
            }
            Lock::Account => Ok((self.rest().join("/ssh/1.0/keys"), "the SSH keys of the account".to_owned())),
        }
    }

    fn key_page(&self, lock: &Lock) -> String {
        self.0.site.provider.rules().key_page(&self.0.site, lock)
    }

    fn key_refused(&self, answer: &Answer, lock: &Lock, subject: &str) -> Fault {
        let fault = self.refused(answer, subject);
        let Some(refusal) = Refusal::read(answer).filter(|refusal| refusal.status == 409) else {
            return self.beside_the_page(fault, lock);
        };
        let (text, remedy) = if refusal.says("DuplicateSshKey") {
            (format!("This key is already among {subject}; nothing was changed."), "Use it as it is, or another key.")
        } else {
            let text = format!("This key is in use elsewhere on the server, which said “{}”.", refusal.message);
            (text, "A key is of one account or of repositories, never both: make a new key for this use.")
        };
        let fault = Fault::new(FaultKind::NoAccess, text).remedy(Remedy::at(remedy, self.key_page(lock)));
        if refusal.signed_in { fault.accepted() } else { fault }
    }

    /// Access keys take an administrator of the repository, and a token may not change its user's account: the page of
    /// the keys takes them all the same.
    fn beside_the_page(&self, fault: Fault, lock: &Lock) -> Fault {
        if fault.kind != FaultKind::NoAccess {
            return fault;
        }
        let remedy = match lock {
            Lock::Repository(_) => {
                "Use a token with repository admin, or have an administrator of the repository add the public key there."
            }
            Lock::Account => "Add the public key there yourself: a token may not change its account.",
        };
        fault.remedy(Remedy::at(remedy, self.key_page(lock)))
    }
}

fn is_same(row: &wire::Key, key: &PublicKey) -> bool {
    PublicKey::parse(&row.text).is_ok_and(|told| told.fingerprint() == key.fingerprint())
}

fn of_repository(row: &wire::AccessKey) -> RegisteredKey {
    let read_only = match row.permission.as_str() {
        "REPO_READ" => Some(true),
        "REPO_WRITE" => Some(false),
        _ => None,
    };
    registered(&row.key, read_only)
}

fn registered(row: &wire::Key, read_only: Option<bool>) -> RegisteredKey {
    let title = sanitise(row.label.as_deref().unwrap_or_default(), 200);
    RegisteredKey { id: row.id.to_string(), title, read_only, usable: !has_ended(row, Timestamp::now()) }
}

fn has_ended(row: &wire::Key, now: Timestamp) -> bool {
    let created = row.created_date.and_then(|at| Timestamp::from_millisecond(at).ok());
    let days = row.expiry_days.filter(|days| (1..=365_000).contains(days));
    let end = created.zip(days).and_then(|(at, days)| at.checked_add(SignedDuration::from_hours(24 * days)).ok());
    end.is_some_and(|end| end <= now)
}

/// A label that cannot be read as another part of the key's line.
fn label(title: &str) -> String {
    sanitise(title, 100).replace(|letter: char| letter.is_whitespace(), " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_ends_so_many_days_after_it_was_made() {
        let key = |created_date, expiry_days| wire::Key {
            id: 1,
            text: String::new(),
            label: None,
            created_date,
            expiry_days,
        };
        let now: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
        let made = now.as_millisecond() - 30 * 86_400_000;
        for (created, days, ended) in [
            (Some(made), Some(29), true),
            (Some(made), Some(31), false),
            (Some(made), None, false),
            (None, Some(1), false),
            (Some(made), Some(0), false),
        ] {
            assert_eq!(has_ended(&key(created, days), now), ended, "{created:?} {days:?}");
        }
    }
}
