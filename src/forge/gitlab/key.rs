//! SSH keys: the deploy keys of a project, and the keys of the account.
//!
//! <https://docs.gitlab.com/api/deploy_keys/> and <https://docs.gitlab.com/api/user_keys/>. A deploy key that is used in
//! another project is not made again but switched on here, where the account may see it there; else it is taken.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::refusal::Refusal;
use super::{GitLab, wire};
use crate::fact::{Fault, FaultKind};
use crate::forge::client::{Answer, Request, Sign};
use crate::forge::{is_silent, key, part};
use crate::key::{Lock, NewKey, PublicKey, RegisteredKey};

impl part::Key for GitLab {
    async fn key(&self, lock: &Lock, wanted: &PublicKey) -> Result<RegisteredKey, Fault> {
        let path = format!("{}?per_page=100", self.keys_path(lock).await?);
        let listed = self.list::<wire::Key>(&path, &key::subject(lock)).await;
        let (rows, cut) = listed.map_err(|fault| self.hidden_keys(fault, lock))?;
        let now = Timestamp::now();
        let rows = rows.into_iter().map(|row| (row.line.clone(), told(&row, lock, now)));
        key::among(rows, cut, (&self.0.site, lock, wanted))
    }

    async fn register_key(&self, new: &NewKey) -> Result<RegisteredKey, Fault> {
        let mut body = json!({ "title": new.title, "key": new.key.to_string() });
        match new.lock {
            Lock::Repository(_) => body["can_push"] = json!(!new.read_only),
            Lock::Account => body["usage_type"] = json!("auth"),
        }
        let url = self.0.site.api.join(&self.keys_path(&new.lock).await?);
        let request = Request::post(url, body).header("accept", "application/json").sign(Sign::Bearer);
        let answer = match self.send(&request).await {
            Ok(answer) => answer,
            Err(fault) if is_silent(&fault) => return key::after_silence(self, new, fault).await,
            Err(fault) => return Err(fault),
        };
        if answer.status == 201 {
            let made = answer.json::<wire::Key>(&key::subject(&new.lock));
            return match made.ok().filter(|row| PublicKey::parse(&row.line).as_ref() == Ok(&new.key)) {
                Some(row) => Ok(told(&row, &new.lock, Timestamp::now())),
                None => key::after_silence(self, new, answer.not_the_api("the new key")).await,
            };
        }
        let fault = self.refused(&answer, &format!("registering a key at {}", key::subject(&new.lock))).await;
        match answer.status {
            ..400 | 500.. => key::after_silence(self, new, fault).await,
            _ => Err(self.why_no_key(&answer, new, fault)),
        }
    }

    async fn remove_key(&self, lock: &Lock, id: &str) -> Result<(), Fault> {
        let path = format!("{}/{}", self.keys_path(lock).await?, key::id(id)?);
        let answer = self
            .send(&Request::delete(self.0.site.api.join(&path)).header("accept", "application/json").sign(Sign::Bearer))
            .await?;
        if answer.status == 204 {
            return Ok(());
        }
        let subject = format!("the removal of a key of {}", key::subject(lock));
        Err(self.hidden_keys(self.refused(&answer, &subject).await, lock))
    }
}

impl GitLab {
    fn why_no_key(&self, answer: &Answer, new: &NewKey, fault: Fault) -> Fault {
        let site = &self.0.site;
        let Some(refusal) = Refusal::read(answer).filter(|refusal| matches!(refusal.status, 400 | 422)) else {
            return self.hidden_keys(fault, &new.lock);
        };
        if refusal.says("has already been taken") {
            return key::elsewhere(site, new);
        }
        if refusal.says("key type is forbidden") || refusal.says("must be at least") || refusal.says("key is invalid") {
            return key::unfit(site, new, &refusal.words);
        }
        fault
    }

    fn hidden_keys(&self, fault: Fault, lock: &Lock) -> Fault {
        let wanted = match lock {
            Lock::Repository(_) => {
                "It takes the scope api, and the role Maintainer in the project. Or paste the key by hand."
            }
            Lock::Account => "It takes the scope api. Or paste the key by hand.",
        };
        if fault.kind == FaultKind::NoAccess && matches!(lock, Lock::Repository(_)) {
            let page = self.0.site.provider.rules().key_page(&self.0.site, lock);
            return fault.remedy(crate::fact::Remedy::at(wanted, page));
        }
        key::hidden(fault, &self.0.site, lock, wanted)
    }

    async fn keys_path(&self, lock: &Lock) -> Result<String, Fault> {
        Ok(match lock {
            Lock::Repository(place) => {
                let place = self.place(place).await?;
                let path = format!("{}/{}", place.owner.owner, place.name).replace('/', "%2F");
                format!("/projects/{path}/deploy_keys")
            }
            Lock::Account => "/user/keys".to_owned(),
        })
    }
}

fn told(row: &wire::Key, lock: &Lock, now: Timestamp) -> RegisteredKey {
    let read_only = match lock {
        Lock::Repository(_) => row.can_push.map(|pushes| !pushes),
        Lock::Account => None,
    };
    let signs_only = row.usage_type.as_deref() == Some("signing");
    let over = row.expires_at.as_deref().is_some_and(|text| is_over(text, now));
    let title = crate::text::sanitise(&row.title, 100);
    RegisteredKey { id: row.id.to_string(), title, read_only, usable: !over && !signs_only }
}

/// A moment, or a day that begins at 00:00 UTC.
fn is_over(text: &str, now: Timestamp) -> bool {
    let day = |text: &str| text.parse::<Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|at| at.timestamp());
    text.parse::<Timestamp>().ok().or_else(|| day(text)).is_some_and(|at| at <= now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_has_ended_or_only_signs_is_not_let_in() {
        let now: Timestamp = "2026-11-21T09:00:00Z".parse().unwrap();
        for (text, over) in [
            ("2026-11-20T00:00:00.000Z", true),
            ("2026-11-21", true),
            ("2027-01-01T00:00:00.000Z", false),
            ("2026-11-22", false),
            ("rubbish", false),
        ] {
            assert_eq!(is_over(text, now), over, "{text}");
        }
        let row = |usage: Option<&str>| wire::Key {
            id: 1,
            title: "k".into(),
            line: String::new(),
            can_push: Some(true),
            expires_at: None,
            usage_type: usage.map(str::to_owned),
        };
        assert!(told(&row(Some("auth_and_signing")), &Lock::Account, now).usable);
        assert!(!told(&row(Some("signing")), &Lock::Account, now).usable);
    }
}
