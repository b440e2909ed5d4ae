//! One repository: looked up, or created.

use serde_json::json;

use super::refusal::Refusal;
use super::{Gitea, headed, wire};
use crate::fact::{Fault, FaultKind, OwnerPath, Place, Remedy, Repository, Told, Visibility};
use crate::forge::client::{Answer, Request};
use crate::forge::{NewRepository, creation, is_silent, name, part};
use crate::key::SshAddress;

/// A repository, and what matters only here.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub repository: Repository,
    /// As the server says. A branch is named all the same.
    pub empty: bool,
    /// A copy of another one, which nobody pushes to.
    pub mirror: bool,
}

impl part::Repository for Gitea {
    async fn repository(&self, place: &Place) -> Result<Repository, Fault> {
        Ok(self.repository_known(place).await?.repository)
    }

    async fn create(&self, new: &NewRepository) -> Result<Repository, Fault> {
        let place = name::place(&self.0.site, &new.place)?;
        let subject = subject(&place);
        if new.visibility == Visibility::Internal {
            let text = "Whether a repository is internal follows from its owner here; nothing was created.";
            return Err(Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new("Choose private or public.")));
        }
        // Asked before, because the refusal has no words that tell it from others.
        if self.token().await.is_ok_and(|token| token.limited == Told::Yes) {
            let text = "This token is limited to chosen repositories, and such a token cannot create one; nothing was created.";
            let remedy = "Create the repository by hand and add it to the token, or make a token that is not limited.";
            let page = self.0.site.provider.rules().tokens_page(&self.0.site, None);
            return Err(Fault::new(FaultKind::WrongKind, text).remedy(Remedy::at(remedy, page)).accepted());
        }
        let body = json!({
            "name": place.name,
            "private": new.visibility != Visibility::Public,
            "auto_init": new.readme,
            "default_branch": "main",
        });
        let path =
            if new.in_organisation { format!("/orgs/{}/repos", place.owner.owner) } else { "/user/repos".to_owned() };
        let outcome = self.send(&headed(Request::post(self.0.site.api.join(&path), body))).await;
        self.0.repositories.forget(&place);
        let answer = match outcome {
            Ok(answer) => answer,
            Err(fault) if is_silent(&fault) => return creation::after_silence(self, &place, fault).await,
            Err(fault) => return Err(fault),
        };
        if answer.status == 201 {
            return match self.understood(&answer, &subject) {
                Ok(seen) if seen.repository.place.is_same_as(&place) => Ok(seen.repository),
                Ok(_) => creation::after_silence(self, &place, answer.not_the_api(&subject)).await,
                Err(fault) => creation::after_silence(self, &place, fault).await,
            };
        }
        let fault = self.refused(&answer, &format!("creating {subject}"));
        match answer.status {
            409 => Err(self.taken(&answer, &place, fault).await),
            500.. => {
                // Forgejo 12 has no status of its own for a reached limit of repositories: it is an error without words.
                let text = format!("{} The owner may also have as many repositories as it is allowed.", fault.text);
                creation::after_silence(self, &place, Fault { text, ..fault }).await
            }
            ..400 => creation::after_silence(self, &place, fault).await,
            _ => Err(fault),
        }
    }
}

impl Gitea {
    /// The repository, asked at most once until something is created there.
    pub(super) async fn repository_known(&self, place: &Place) -> Result<Seen, Fault> {
        let place = name::place(&self.0.site, place)?;
        let (me, asked) = (self.clone(), place.clone());
        self.0.repositories.ask(place, || async move { me.repository_now(&asked).await }).await
    }

    /// A renamed repository answers with a redirect: the outcome then has the new name.
    async fn repository_now(&self, place: &Place) -> Result<Seen, Fault> {
        let subject = subject(place);
        let answer = self.read(&format!("/repos/{}/{}", place.owner.owner, place.name), &subject).await?;
        let seen = self.understood(&answer, &subject)?;
        if answer.followed || seen.repository.place.is_same_as(place) {
            Ok(seen)
        } else {
            Err(answer.not_the_api(&subject))
        }
    }

    fn understood(&self, answer: &Answer, subject: &str) -> Result<Seen, Fault> {
        let told: wire::Repository = answer.json(subject)?;
        let rules = self.0.site.provider.rules();
        let names = rules.owner_name(&told.owner.login).ok().zip(rules.repository_name(&told.name).ok());
        let Some((owner, name)) = names.filter(|_| told.id > 0 && told.owner.id > 0) else {
            return Err(answer.not_the_api(subject));
        };
        let visibility = match (told.internal, told.private) {
            (true, _) => Visibility::Internal,
            (false, true) => Visibility::Private,
            (false, false) => Visibility::Public,
        };
        let repository = Repository {
            place: Place { owner: OwnerPath { owner, project: None }, name },
            id: Some(told.id.to_string()),
            default_branch: Some(told.default_branch).filter(|branch| name::is_branch(branch)),
            visibility: Some(visibility),
            archived: told.archived,
            disabled: false,
            account_pushes: Some(told.permissions.push && !told.mirror).into(),
            account_administers: Some(told.permissions.admin).into(),
            // "Delete a repository" takes an administrator of it.
            account_deletes: Some(told.permissions.admin).into(),
            role: None,
            pushed: None,
            ssh: told.ssh_url.and_then(|url| SshAddress::parse(&url).ok()),
        };
        Ok(Seen { repository, empty: told.empty, mirror: told.mirror })
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

pub(super) fn subject(place: &Place) -> String {
    format!("the repository {}/{}", place.owner.owner, place.name)
}
