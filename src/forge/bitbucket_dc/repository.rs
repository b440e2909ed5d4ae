//! One repository: looked up, or created.

use serde_json::json;

use super::list::encoded;
use super::refusal::Refusal;
use super::{BitbucketDc, headed, wire};
use crate::fact::{Fault, FaultKind, OwnerPath, Place, Remedy, Repository, Told, Visibility};
use crate::forge::client::{Answer, Request};
use crate::forge::{NewRepository, creation, is_silent, name, part};
use crate::key::SshAddress;

/// A repository, and what matters only here.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub repository: Repository,
    id: i64,
    /// As people call it; its address has the slug instead.
    name: String,
}

impl part::Repository for BitbucketDc {
    async fn repository(&self, place: &Place) -> Result<Repository, Fault> {
        Ok(self.repository_known(place).await?.repository)
    }

    async fn create(&self, new: &NewRepository) -> Result<Repository, Fault> {
        let place = name::place(&self.0.site, &new.place)?;
        let subject = subject(&place);
        if new.readme {
            let text = "Bitbucket Data Center makes repositories without any commit; nothing was created.";
            let remedy = Remedy::new("Ask for an empty one, and push the README yourself.");
            return Err(Fault::new(FaultKind::NoAccess, text).remedy(remedy));
        }
        let public = new.visibility == Visibility::Public;
        let body = json!({"name": place.name, "scmId": "git", "public": public, "defaultBranch": "main"});
        let url = self.0.site.api.join(&format!("/projects/{}/repos", place.owner.owner));
        let outcome = self.send(&headed(Request::post(url, body))).await;
        self.0.repositories.forget(&place);
        let answer = match outcome {
            Ok(answer) => answer,
            Err(fault) if is_silent(&fault) => return creation::after_silence(self, &place, fault).await,
            Err(fault) => return Err(fault),
        };
        if answer.status == 201 {
            return match self.understood(&answer, &subject) {
                Ok(seen) if seen.repository.place == place => Ok(seen.repository),
                Ok(_) => creation::after_silence(self, &place, answer.not_the_api(&subject)).await,
                Err(fault) => creation::after_silence(self, &place, fault).await,
            };
        }
        let fault = self.refused(&answer, &format!("creating {subject}"));
        match answer.status {
            409 => Err(self.taken(&answer, &place, fault).await),
            401 | 403 if fault.accepted => Err(self.may_not_create(fault, &place)),
            ..=399 | 500.. => creation::after_silence(self, &place, fault).await,
            _ => Err(fault),
        }
    }
}

impl BitbucketDc {
    /// The repository, asked at most once until something is created there.
    pub(super) async fn repository_known(&self, place: &Place) -> Result<Seen, Fault> {
        let place = name::place(&self.0.site, place)?;
        let (me, asked) = (self.clone(), place.clone());
        self.0.repositories.ask(place, || async move { me.repository_now(&asked).await }).await
    }

    /// A moved or renamed repository goes on answering at its old address, by a redirect or in its place: the outcome
    /// then has the new name, and whoever asked sees that.
    async fn repository_now(&self, place: &Place) -> Result<Seen, Fault> {
        let subject = subject(place);
        let answer = self.read(&path(place), &subject).await?;
        self.understood(&answer, &subject)
    }

    fn understood(&self, answer: &Answer, subject: &str) -> Result<Seen, Fault> {
        let told: wire::Repository = answer.json(subject)?;
        let rules = self.0.site.provider.rules();
        let names = rules.owner_name(&told.project.key).ok().zip(rules.repository_name(&told.slug).ok());
        let whole = told.id > 0 && told.project.id > 0 && told.scm_id == "git";
        let Some((owner, name)) = names.filter(|_| whole) else { return Err(answer.not_the_api(subject)) };
        let visibility = if told.public || told.project.public { Visibility::Public } else { Visibility::Private };
        let over_ssh = told.links.clone.iter().find(|link| link.name == "ssh");
        let repository = Repository {
            place: Place { owner: OwnerPath { owner, project: None }, name },
            id: Some(told.id.to_string()),
            default_branch: None,
            visibility: Some(visibility),
            archived: told.archived,
            disabled: told.state != "AVAILABLE",
            account_pushes: Told::NotTold,
            account_administers: Told::NotTold,
            account_deletes: Told::NotTold,
            role: None,
            pushed: None,
            ssh: over_ssh.and_then(|link| SshAddress::parse(&link.href).ok()),
        };
        Ok(Seen { repository, id: told.id, name: told.name })
    }

    /// Whether the repository is among those on which account and token have `permission`. No right is needed to ask
    /// (<https://developer.atlassian.com/server/bitbucket/rest/v906/api-group-repository/#api-api-latest-repos-get>).
    pub(super) async fn is_permitted(&self, seen: &Seen, permission: &str) -> Result<bool, Fault> {
        let place = &seen.repository.place;
        let (key, name) = (encoded(&place.owner.owner), encoded(&seen.name));
        let subject = format!("the permission {permission} on {}", subject(place));
        let path = format!("/repos?projectkey={key}&name={name}&permission={permission}");
        let (rows, cut) = self.list::<wire::Repository>(&path, &subject).await?;
        if rows.iter().any(|row| row.id == seen.id) {
            return Ok(true);
        }
        if cut.is_none() {
            return Ok(false);
        }
        let text = format!("The list of repositories is too long to see {subject}.");
        Err(Fault::new(FaultKind::Server, text).remedy(Remedy::new("Look at the page of the repository.")))
    }

    fn may_not_create(&self, fault: Fault, place: &Place) -> Fault {
        let page = self.0.site.provider.rules().new_repository_page(&self.0.site, &place.owner.owner);
        let remedy = "Have an administrator of the project give the account the permission “create repository” and make a token with project admin; or create the repository by hand.";
        fault.remedy(Remedy::at(remedy, page))
    }

    /// The name is in use: by a repository that can be seen, or by one that cannot.
    async fn taken(&self, answer: &Answer, place: &Place, fault: Fault) -> Fault {
        if Refusal::read(answer).is_none() {
            return fault;
        }
        let (text, remedy) = creation::taken(self, place).await;
        Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new(remedy)).accepted()
    }
}

pub(super) fn path(place: &Place) -> String {
    format!("/projects/{}/repos/{}", place.owner.owner, place.name)
}

pub(super) fn subject(place: &Place) -> String {
    format!("the repository {}/{}", place.owner.owner, place.name)
}
