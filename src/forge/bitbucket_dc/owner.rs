//! The owner: a project, or the personal project of a user, and what this account may do there.
//!
//! Who creates repositories is told by no endpoint. Only an administrator of the project may list its permissions, and an
//! administrator creates; where that is refused, the list of projects is asked for those in which the account has the
//! permission "create repository" (which older versions do not know) or administers. The account may do what the token may not:
//! the permission of the token is a question of its own.

use super::list::encoded;
use super::{BitbucketDc, account, wire};
use crate::fact::{Fault, FaultKind, Identity, Membership, Owner, OwnerKind, OwnerPath, Remedy, Told};
use crate::forge::{name, part};

impl part::Owner for BitbucketDc {
    async fn owner(&self, owner: &OwnerPath) -> Result<Owner, Fault> {
        let name = name::owner(&self.0.site, owner)?;
        let me = self.user().await?;
        let own = name.strip_prefix('~').is_some_and(|user| user == account::slug(&me.login));
        let project = match self.project(&name).await {
            Ok(project) => project,
            // A personal project begins with its first repository.
            Err(fault) if own && fault.kind == FaultKind::NotFound && fault.accepted => return Ok(not_begun(name, me)),
            Err(fault) => return Err(no_such_owner(fault, &name)),
        };
        let kind = if project.kind == "PERSONAL" { OwnerKind::User } else { OwnerKind::Organisation };
        let membership = match kind {
            OwnerKind::User if own => Membership::Oneself,
            OwnerKind::User => Membership::Stranger,
            OwnerKind::Organisation => Membership::NotTold,
        };
        let creates = self.creates(&name, &project).await?;
        let id = project.id.to_string();
        Ok(Owner { name, id, kind, membership, creates, deploy_keys: Told::NotTold, project: None })
    }
}

impl BitbucketDc {
    pub(super) async fn project(&self, name: &str) -> Result<wire::Project, Fault> {
        let subject = format!("the project {name}");
        let answer = self.read(&format!("/projects/{name}"), &subject).await?;
        let project: wire::Project = answer.json(&subject)?;
        let named = self.0.site.provider.rules().owner_name(&project.key).is_ok_and(|key| key == name);
        let known = matches!(project.kind.as_str(), "NORMAL" | "PERSONAL");
        if named && known && project.id > 0 { Ok(project) } else { Err(answer.not_the_api(&subject)) }
    }

    async fn creates(&self, name: &str, project: &wire::Project) -> Result<Told, Fault> {
        if self.administers(name).await? {
            return Ok(Told::Yes);
        }
        for permission in ["REPO_CREATE", "PROJECT_ADMIN"] {
            let path = format!("/projects?name={}&permission={permission}", encoded(&project.name));
            match self.list::<wire::Project>(&path, "the projects in which the account creates").await {
                Ok((rows, _)) if rows.iter().any(|row| row.id == project.id) => return Ok(Told::Yes),
                Ok((_, None)) => return Ok(Told::No),
                Ok(_) => return Ok(Told::NotTold),
                // Versions that do not know the first permission refuse it.
                Err(fault) if fault.kind.is_silence() => return Err(fault),
                Err(_) => {}
            }
        }
        Ok(Told::NotTold)
    }

    /// Whether account and token together administer the project.
    pub(super) async fn administers(&self, name: &str) -> Result<bool, Fault> {
        let subject = format!("the permissions of the project {name}");
        self.is_let::<wire::Permitted>(&format!("/projects/{name}/permissions/users?limit=1"), &subject).await
    }
}

fn not_begun(name: String, me: Identity) -> Owner {
    let (kind, membership) = (OwnerKind::User, Membership::Oneself);
    Owner { name, id: me.id, kind, membership, creates: Told::NotTold, deploy_keys: Told::NotTold, project: None }
}

fn no_such_owner(fault: Fault, name: &str) -> Fault {
    if fault.kind != FaultKind::NotFound {
        return fault;
    }
    let remedy = format!(
        "Check the key {name} (the part behind /projects/ in the address, not the name of the project) and the host; a project hides from those without rights in it."
    );
    fault.remedy(Remedy::new(remedy))
}
