//! One repository: looked up, or created.
//!
//! A disabled repository is listed, and every other question about it is answered as if it were not there
//! (<https://learn.microsoft.com/en-us/azure/devops/repos/git/disable-repo>). So what is not found is looked for in the
//! list before it is called missing.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::project::{DELETE_REPOSITORY, visibility};
use super::wire::is_guid;
use super::{AzureDevops, wire};
use crate::fact::{Fault, FaultKind, OwnerPath, Place, Remedy, Repository, Told};
use crate::forge::client::{Answer, Request};
use crate::forge::{NewRepository, creation, is_silent, part};
use crate::key::SshAddress;
use crate::text::{is_plain, percent_encoded};

/// What stands for “there was nothing before” in an update of a ref.
const NOTHING: &str = "0000000000000000000000000000000000000000";

impl part::Repository for AzureDevops {
    /// The repository, asked at most once until something is created there.
    async fn repository(&self, place: &Place) -> Result<Repository, Fault> {
        let place = self.place(place)?;
        let (me, asked) = (self.clone(), place.clone());
        self.0.repositories.ask(place, || async move { me.repository_now(&asked).await }).await
    }

    async fn create(&self, new: &NewRepository) -> Result<Repository, Fault> {
        let place = self.place(&new.place)?;
        let name = place.owner.project.clone().unwrap_or_default();
        let project = self.project(&name).await?;
        if let Some(own) = project.visibility.filter(|own| *own != new.visibility) {
            let text = format!(
                "A repository is as visible as its project, and {name} is {}; nothing was created.",
                own.name()
            );
            let remedy = format!("Set the visibility to {}, or choose another project.", own.name());
            return Err(Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new(remedy)).accepted());
        }
        let mut body = json!({"name": place.name});
        if let Some(id) = project.id {
            body["project"] = json!({"id": id});
        }
        let outcome = self.post(&repositories(&place), &body).await;
        self.0.repositories.forget(&place);
        let answer = match outcome {
            Ok(answer) => answer,
            Err(fault) if is_silent(&fault) => return creation::after_silence(self, &place, fault).await,
            Err(fault) => return Err(fault),
        };
        if answer.status == 201 {
            let told = answer.json::<wire::Repository>(&subject(&place));
            let made = told.and_then(|told| Ok((self.understood(&told, &answer, &place)?, told.project.id)));
            let Ok((made, project)) = made else {
                return creation::after_silence(self, &place, answer.not_the_api(&subject(&place))).await;
            };
            self.0.created.store(true, Ordering::Relaxed);
            let made = self.with_rights(made, &project).await;
            return if new.readme { self.with_readme(made).await } else { Ok(made) };
        }
        let fault = self.refused(&answer, &format!("creating {}", subject(&place)), true);
        match answer.status {
            409 if fault.kind == FaultKind::NoAccess => {
                let (text, remedy) = creation::taken(self, &place).await;
                Err(Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new(remedy)).accepted())
            }
            ..400 | 500.. => creation::after_silence(self, &place, fault).await,
            _ => Err(fault),
        }
    }
}

impl AzureDevops {
    async fn repository_now(&self, place: &Place) -> Result<Repository, Fault> {
        let subject = subject(place);
        let path = format!("{}/{}", repositories(place), percent_encoded(&place.name));
        let (repository, project) = match self.read::<wire::Repository>(&path, &subject).await {
            Ok((told, answer)) => (self.understood(&told, &answer, place)?, told.project.id),
            Err(fault) if fault.kind == FaultKind::NotFound => return self.disabled(place).await.ok_or(fault),
            Err(fault) => return Err(fault),
        };
        Ok(self.with_rights(repository, &project).await)
    }

    /// The repository as the list has it, where it is there and disabled.
    async fn disabled(&self, place: &Place) -> Option<Repository> {
        let rows = self.repositories_of(place.owner.project.as_ref()?).await.ok()?;
        let row = rows.iter().find(|row| row.is_disabled && same(&row.name, &place.name))?;
        let project = self.0.site.provider.rules().project_name(&row.project.name).ok()?;
        Some(of(row, &place.owner.owner, project))
    }

    fn understood(&self, told: &wire::Repository, answer: &Answer, asked: &Place) -> Result<Repository, Fault> {
        let subject = subject(asked);
        let rules = self.0.site.provider.rules();
        let names = rules.project_name(&told.project.name).ok().zip(rules.repository_name(&told.name).ok());
        let meant = same(&told.name, &asked.name)
            && asked.owner.project.as_ref().is_some_and(|project| same(&told.project.name, project));
        let whole = meant && is_guid(&told.id) && is_guid(&told.project.id) && told.remote_url.contains("/_git/");
        let Some((project, _)) = names.filter(|_| whole) else { return Err(answer.not_the_api(&subject)) };
        if told.is_in_maintenance {
            let text = format!("Azure DevOps has {subject} in maintenance, and lets nobody in meanwhile.");
            let remedy = Remedy::new("Ask again in a while.");
            return Err(answer.fault(FaultKind::Server, &text).remedy(remedy).accepted());
        }
        Ok(of(told, &asked.owner.owner, project))
    }

    /// What the account may do there beyond git, as far as it is told.
    async fn with_rights(&self, repository: Repository, project: &str) -> Repository {
        let id = repository.id.as_deref().unwrap_or_default();
        let account_deletes = self.permission(DELETE_REPOSITORY, &format!("repoV2/{project}/{id}")).await;
        Repository { account_deletes, ..repository }
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Answer, Fault> {
        self.versioned(&self.0.site.api, path, |url| Request::post(url, body.clone())).await
    }

    /// The first commit. It is pushed over the API, since creating knows none.
    async fn with_readme(&self, made: Repository) -> Result<Repository, Fault> {
        let path = format!("{}/{}/pushes", repositories(&made.place), percent_encoded(&made.place.name));
        let content = json!({"content": format!("# {}\n", made.place.name), "contentType": "rawtext"});
        let change = json!({"changeType": "add", "item": {"path": "/README.md"}, "newContent": content});
        let body = json!({
            "refUpdates": [{"name": "refs/heads/main", "oldObjectId": NOTHING}],
            "commits": [{"comment": "Add a README", "changes": [change]}],
        });
        let outcome = self.post(&path, &body).await;
        let fault = match outcome {
            Ok(answer) if answer.status == 201 && answer.is_json() => {
                return Ok(Repository { default_branch: Some("main".to_owned()), ..made });
            }
            Ok(answer) => self.refused(&answer, "the first commit", true),
            Err(fault) => fault,
        };
        let text =
            format!("{} was created, and its README was not: {}", capitalised(&subject(&made.place)), fault.text);
        let remedy = "Use it as an existing repository, and push the README yourself.";
        Err(Fault { text, ..fault }.remedy(Remedy::new(remedy)))
    }
}

fn of(told: &wire::Repository, owner: &str, project: String) -> Repository {
    let branch = told.default_branch.as_deref().and_then(|name| name.strip_prefix("refs/heads/"));
    Repository {
        place: Place { owner: OwnerPath { owner: owner.to_owned(), project: Some(project) }, name: told.name.clone() },
        id: Some(told.id.clone()),
        default_branch: branch.filter(|name| is_plain(name) && (1..=255).contains(&name.len())).map(str::to_owned),
        visibility: visibility(told.project.visibility.as_deref()),
        archived: false,
        disabled: told.is_disabled,
        // Git tells by letting in, before anything is sent.
        account_pushes: Told::NotTold,
        account_administers: Told::NotTold,
        account_deletes: Told::NotTold,
        role: None,
        pushed: None,
        ssh: told.ssh_url.as_deref().and_then(|url| SshAddress::parse(url).ok()),
    }
}

fn repositories(place: &Place) -> String {
    let project = place.owner.project.as_deref().unwrap_or(&place.name);
    format!("/{}/_apis/git/repositories", percent_encoded(project))
}

pub(super) fn subject(place: &Place) -> String {
    format!("the repository {}", place.path())
}

fn same(left: &str, right: &str) -> bool {
    left.to_lowercase() == right.to_lowercase()
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}
