//! The owner: a workspace, what the account is there, and the project that new repositories go to.

use std::collections::BTreeSet;

use futures_util::future::join;
use jiff::Timestamp;

use super::account::Behind;
use super::{Bitbucket, wire};
use crate::fact::{Fault, FaultKind, Membership, Owner, OwnerKind, OwnerPath, Remedy, Told};
use crate::forge::{name, part};

impl part::Owner for Bitbucket {
    async fn owner(&self, owner: &OwnerPath) -> Result<Owner, Fault> {
        let name = name::owner(&self.0.site, owner)?;
        let session = self.session().await?;
        let (workspace, role) = join(self.workspace(&name), async {
            match session.user {
                Behind::Nobody => Ok(None),
                _ => self.role(&name).await,
            }
        })
        .await;
        let (slug, id) = workspace?;
        let role = role?;
        let project = self.project(&slug, owner.project.as_deref()).await?;
        let (membership, creates) = match role.as_deref() {
            Some("owner") => (Membership::Member("owner".to_owned()), Told::Yes),
            // Who may create projects, or is a member, may create repositories where a project or group says so.
            Some(role) => (Membership::Member(role.replace('-', " ")), Told::NotTold),
            None => (Membership::NotTold, Told::NotTold),
        };
        let kind = OwnerKind::Organisation;
        Ok(Owner { name: slug, id, kind, membership, creates, project, deploy_keys: Told::NotTold })
    }
}

impl Bitbucket {
    /// Slug and lasting id. Where the scopes do not open the workspace itself, the list of its repositories shows it.
    async fn workspace(&self, name: &str) -> Result<(String, String), Fault> {
        let subject = format!("the workspace {name}");
        match self.read::<wire::Workspace>(&format!("/workspaces/{name}"), &subject).await {
            Ok((told, answer)) => {
                let fine = told.slug.eq_ignore_ascii_case(name)
                    && wire::is_uuid(&told.uuid)
                    && told.kind.as_deref().is_none_or(|kind| kind == "workspace");
                if fine { Ok((told.slug, told.uuid)) } else { Err(answer.not_the_api(&subject)) }
            }
            Err(fault) if fault.accepted && matches!(fault.kind, FaultKind::MissingScope | FaultKind::WrongKind) => {
                self.seen_by_its_list(name, &subject).await
            }
            Err(fault) => Err(fault),
        }
    }

    async fn seen_by_its_list(&self, name: &str, subject: &str) -> Result<(String, String), Fault> {
        let path = format!("/repositories/{name}?pagelen=1");
        let (part, answer): (wire::Part<wire::Repository>, _) = self.read(&path, subject).await?;
        let foreign = |row: &wire::Repository| {
            row.kind != "repository"
                || !row.full_name.split_once('/').is_some_and(|(there, _)| there.eq_ignore_ascii_case(name))
        };
        if part.values.iter().any(foreign) {
            return Err(answer.not_the_api(subject));
        }
        let id = part.values.first().and_then(|row| row.workspace.as_ref()).map(|one| one.uuid.clone());
        Ok((name.to_owned(), id.filter(|id| wire::is_uuid(id)).unwrap_or_default()))
    }

    /// The account's role; `None`: it is not told to this token.
    async fn role(&self, name: &str) -> Result<Option<String>, Fault> {
        let subject = format!("the role in {name}");
        let path = format!("/user/workspaces/{name}/permission");
        match self.read::<wire::Permission>(&path, &subject).await {
            Ok((told, answer)) => {
                let known = ["owner", "create-project", "collaborator", "member"].contains(&told.permission.as_str());
                if known { Ok(Some(told.permission)) } else { Err(answer.not_the_api(&subject)) }
            }
            Err(fault) if fault.accepted => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The project of that key, or the oldest one, where new repositories go by themselves. `None`: the token sees none.
    pub(super) async fn project(&self, workspace: &str, wanted: Option<&str>) -> Result<Option<String>, Fault> {
        let listed = self.projects(workspace).await;
        let Some(wanted) = wanted else {
            return match listed {
                Ok(projects) => Ok(oldest(&projects)),
                Err(fault) if fault.accepted => Ok(None),
                Err(fault) => Err(fault),
            };
        };
        let projects = match listed {
            Ok(projects) => projects,
            // The key is then used as it was typed, and proven by what is created with it.
            Err(fault) if fault.accepted && fault.kind != FaultKind::NotFound => return Ok(Some(wanted.to_owned())),
            Err(fault) => return Err(fault),
        };
        if let Some(there) = projects.iter().find(|project| project.key.eq_ignore_ascii_case(wanted)) {
            return Ok(Some(there.key.clone()));
        }
        let keys: BTreeSet<&str> = projects.iter().map(|project| project.key.as_str()).take(20).collect();
        let keys = crate::text::sanitise(&keys.into_iter().collect::<Vec<_>>().join(", "), 200);
        let text = format!("The workspace {workspace} has no project {wanted} that this token sees; it has: {keys}.");
        let page = self.0.site.host.join(&format!("/{workspace}/workspace/projects/"));
        let remedy = Remedy::at("Correct `project`, or leave it out: then the oldest one is used.", page);
        Err(Fault::new(FaultKind::NotFound, text).remedy(remedy).accepted())
    }

    /// The projects of a workspace; asked once.
    async fn projects(&self, workspace: &str) -> Result<Vec<wire::Project>, Fault> {
        let (me, asked) = (self.clone(), workspace.to_owned());
        let request = || async move { me.projects_now(&asked).await };
        self.0.projects.ask(workspace.to_ascii_lowercase(), request).await
    }

    async fn projects_now(&self, workspace: &str) -> Result<Vec<wire::Project>, Fault> {
        let subject = format!("the projects of {workspace}");
        let path = format!("/workspaces/{workspace}/projects?pagelen=100");
        let (mut projects, _) = self.list::<wire::Project>(&path, &subject).await?;
        let rules = self.0.site.provider.rules();
        projects.retain(|project| project.kind == "project" && rules.project_name(&project.key).is_ok());
        Ok(projects)
    }
}

/// The order of the list is not documented, so that it is sorted here.
fn oldest(projects: &[wire::Project]) -> Option<String> {
    let age = |project: &&wire::Project| {
        let made = project.created_on.as_ref().and_then(|moment| moment.parse::<Timestamp>().ok());
        (made.is_none(), made)
    };
    projects.iter().min_by_key(age).map(|project| project.key.clone())
}
