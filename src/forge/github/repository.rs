//! One repository: looked up, or created.

use serde_json::json;

use super::refusal::Refusal;
use super::{GitHub, headed, wire};
use crate::fact::{Fault, FaultKind, OwnerPath, Place, Remedy, Repository, Visibility};
use crate::forge::client::{Answer, Request};
use crate::forge::{NewRepository, creation, is_silent, name, part};
use crate::key::SshAddress;

impl part::Repository for GitHub {
    /// The repository, asked at most once until something is created there.
    async fn repository(&self, place: &Place) -> Result<Repository, Fault> {
        let place = name::place(&self.0.site, place)?;
        let (me, asked) = (self.clone(), place.clone());
        self.0.repositories.ask(place, || async move { me.repository_now(&asked).await }).await
    }

    async fn create(&self, new: &NewRepository) -> Result<Repository, Fault> {
        let place = name::place(&self.0.site, &new.place)?;
        let subject = subject(&place);
        let mut body = json!({
            "name": place.name,
            "private": new.visibility != Visibility::Public,
            "auto_init": new.readme,
        });
        let path = if new.in_organisation {
            body["visibility"] = json!(new.visibility.name());
            format!("/orgs/{}/repos", place.owner.owner)
        } else if new.visibility == Visibility::Internal {
            let text = "Only organisations of an enterprise have internal repositories; nothing was created.";
            return Err(Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new("Choose private or public.")));
        } else {
            "/user/repos".to_owned()
        };
        let outcome = self.send(&headed(Request::post(self.0.site.api.join(&path), body))).await;
        self.0.repositories.forget(&place);
        let answer = match outcome {
            Ok(answer) => answer,
            Err(fault) if is_silent(&fault) => return creation::after_silence(self, &place, fault).await,
            Err(fault) => return Err(fault),
        };
        if answer.status == 201 {
            return match self.understood(&answer, &subject) {
                Ok(repository) if repository.place.owner.owner.eq_ignore_ascii_case(&place.owner.owner) => {
                    Ok(repository)
                }
                Ok(_) => creation::after_silence(self, &place, answer.not_the_api(&subject)).await,
                Err(fault) => creation::after_silence(self, &place, fault).await,
            };
        }
        let fault = self.refused(&answer, &format!("creating {subject}"));
        if answer.status >= 500 || answer.status < 400 {
            return creation::after_silence(self, &place, fault).await;
        }
        Err(self.why_not(&answer, &place, fault).await)
    }
}

impl GitHub {
    /// A renamed repository answers with a redirect to its number: the outcome then has the new name.
    async fn repository_now(&self, place: &Place) -> Result<Repository, Fault> {
        let subject = subject(place);
        let answer = self.read(&format!("/repos/{}/{}", place.owner.owner, place.name), &subject).await?;
        let repository = self.understood(&answer, &subject)?;
        if answer.followed || repository.place.is_same_as(place) {
            Ok(repository)
        } else {
            Err(answer.not_the_api(&subject))
        }
    }

    fn understood(&self, answer: &Answer, subject: &str) -> Result<Repository, Fault> {
        let told: wire::Repository = answer.json(subject)?;
        let rules = self.0.site.provider.rules();
        let names = rules.owner_name(&told.owner.login).ok().zip(rules.repository_name(&told.name).ok());
        let Some((owner, name)) = names.filter(|_| !told.owner.kind.is_empty()) else {
            return Err(answer.not_the_api(subject));
        };
        let visibility = match told.visibility.as_deref() {
            Some("internal") => Visibility::Internal,
            _ if told.private => Visibility::Private,
            _ => Visibility::Public,
        };
        let permissions = told.permissions;
        let branch = told.default_branch.filter(|branch| name::is_branch(branch));
        Ok(Repository {
            place: Place { owner: OwnerPath { owner, project: None }, name },
            id: Some(told.id.to_string()),
            default_branch: branch,
            visibility: Some(visibility),
            archived: told.archived,
            disabled: told.disabled,
            account_pushes: permissions.as_ref().and_then(|permissions| permissions.push).into(),
            account_administers: permissions.as_ref().and_then(|permissions| permissions.admin).into(),
            // "Deleting a repository requires admin access" (REST API endpoints for repositories).
            account_deletes: permissions.as_ref().and_then(|permissions| permissions.admin).into(),
            role: None,
            pushed: told.pushed_at.and_then(|moment| moment.parse().ok()),
            ssh: told.ssh_url.and_then(|url| SshAddress::parse(&url).ok()),
        })
    }

    /// Why a repository was not created, where the refusal has a meaning of its own here.
    async fn why_not(&self, answer: &Answer, place: &Place, fault: Fault) -> Fault {
        let Some(refusal) = Refusal::read(answer) else { return fault };
        let rules = self.0.site.provider.rules();
        let shown = format!("{}/{}", place.owner.owner, place.name);
        if answer.status == 422 && refusal.says("name already exists on this account") {
            let (text, remedy) = creation::taken(self, place).await;
            return answer.fault(FaultKind::NoAccess, &text).remedy(Remedy::new(remedy)).accepted();
        }
        // A classic token without the scope is told 404, as if the address did not exist.
        if answer.status == 404 {
            let text = format!("The name {shown} cannot be created with this token.");
            let remedy = "Give the token the scope repo, and check that the organisation exists and lets you create repositories.";
            let page = rules.tokens_page(&self.0.site, self.0.kind);
            return answer.fault(FaultKind::MissingScope, &text).remedy(Remedy::at(remedy, page)).accepted();
        }
        fault
    }
}

pub(super) fn subject(place: &Place) -> String {
    format!("the repository {}/{}", place.owner.owner, place.name)
}
