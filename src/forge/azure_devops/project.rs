//! The owner: the organisation or collection, and the project in it with what the account may do there.
//!
//! Permissions are evaluated for the account, not for the token: the token may hold less. Which scope the evaluation
//! itself takes is documented nowhere, so that a refusal of it leaves the question open
//! (<https://learn.microsoft.com/en-us/rest/api/azure/devops/security/permissions/has-permissions>).

use super::wire::is_guid;
use super::{AzureDevops, wire};
use crate::fact::{Fault, FaultKind, Membership, Owner, OwnerKind, OwnerPath, Remedy, Told, Visibility};
use crate::forge::part;
use crate::text::percent_encoded;

/// The security namespace “Git Repositories”, and bits in it
/// (<https://learn.microsoft.com/en-us/azure/devops/organizations/security/namespace-reference>).
const GIT: &str = "2e9eb7ed-3c0a-47d4-87c1-0ffdd275fd87";
pub(super) const CREATE_REPOSITORY: u32 = 256;
pub(super) const DELETE_REPOSITORY: u32 = 512;

#[derive(Clone, Debug)]
pub(super) struct Project {
    /// Absent where only its (empty) list of repositories could be seen.
    pub id: Option<String>,
    pub visibility: Option<Visibility>,
}

impl part::Owner for AzureDevops {
    async fn owner(&self, owner: &OwnerPath) -> Result<Owner, Fault> {
        let OwnerPath { owner: name, project } = self.owner_path(owner)?;
        let account = self.user().await?;
        let creates = match &project {
            None => Told::NotTold,
            Some(project) => match self.project(project).await?.id {
                Some(id) => self.permission(CREATE_REPOSITORY, &format!("repoV2/{id}")).await,
                None => Told::NotTold,
            },
        };
        Ok(Owner {
            name,
            id: account.instance,
            kind: OwnerKind::Organisation,
            // Whoever is let in and sees the project belongs to it in one of many ways, none of which is told.
            membership: Membership::NotTold,
            creates,
            // There is no such thing: keys belong to accounts.
            deploy_keys: Told::No,
            project: None,
        })
    }
}

impl AzureDevops {
    /// The project of that name; asked once.
    pub(super) async fn project(&self, name: &str) -> Result<Project, Fault> {
        let (me, asked) = (self.clone(), name.to_owned());
        self.0.projects.ask(name.to_lowercase(), || async move { me.project_now(&asked).await }).await
    }

    async fn project_now(&self, name: &str) -> Result<Project, Fault> {
        let subject = format!("the project {name}");
        let path = format!("/_apis/projects/{}", percent_encoded(name));
        let (told, answer) = match self.read::<wire::Project>(&path, &subject).await {
            Ok(told) => told,
            // Its repositories name the project as well, and another scope reads them.
            Err(fault) if fault.kind == FaultKind::MissingScope => {
                return self.behind_repositories(name).await.map_err(|_| fault);
            }
            Err(fault) => return Err(fault),
        };
        if !is_guid(&told.id) || told.name.to_lowercase() != name.to_lowercase() {
            return Err(answer.not_the_api(&subject));
        }
        if told.state != "wellFormed" {
            let state = answer.say(&told.state);
            let text = format!("The project {name} is in the state “{state}”, in which nothing can be done with it.");
            let remedy = Remedy::new("Wait until it is made, restore it, or choose another.");
            return Err(Fault::new(FaultKind::NoAccess, text).remedy(remedy).accepted());
        }
        Ok(Project { id: Some(told.id), visibility: visibility(told.visibility.as_deref()) })
    }

    async fn behind_repositories(&self, name: &str) -> Result<Project, Fault> {
        let rows = self.repositories_of(name).await?;
        let Some(row) = rows.into_iter().next() else { return Ok(Project { id: None, visibility: None }) };
        if row.project.name.to_lowercase() != name.to_lowercase() || !is_guid(&row.project.id) {
            let text = format!("The repositories of {name} belong to another project.");
            return Err(Fault::new(FaultKind::NotFound, text));
        }
        Ok(Project { id: Some(row.project.id), visibility: visibility(row.project.visibility.as_deref()) })
    }

    /// Whether the account has this permission on what `token` names: `repoV2/PROJECT[/REPOSITORY]`, by ids.
    pub(super) async fn permission(&self, bit: u32, token: &str) -> Told {
        let path = format!("/_apis/permissions/{GIT}/{bit}?tokens={token}&alwaysAllowAdministrators=false");
        match self.read::<wire::List<bool>>(&path, "a permission").await {
            Ok((list, _)) if list.count == 1 && list.value.len() == 1 => Some(list.value[0]).into(),
            _ => Told::NotTold,
        }
    }
}

pub(super) fn visibility(told: Option<&str>) -> Option<Visibility> {
    match told? {
        "private" => Some(Visibility::Private),
        "organization" => Some(Visibility::Internal),
        "public" => Some(Visibility::Public),
        _ => None,
    }
}
