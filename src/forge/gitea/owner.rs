//! The owner: an organisation or a user, and what this account is there.

use futures_util::future::join;

use super::{Gitea, wire};
use crate::fact::{Fault, FaultKind, Identity, Membership, Owner, OwnerKind, OwnerPath, Remedy, Told};
use crate::forge::{name, part};

impl part::Owner for Gitea {
    async fn owner(&self, owner: &OwnerPath) -> Result<Owner, Fault> {
        let name = name::owner(&self.0.site, owner)?;
        let (user, organisation) = join(self.user(), self.organisation(&name)).await;
        if let Some(me) = user.as_ref().ok().filter(|me| me.login.eq_ignore_ascii_case(&name)) {
            return Ok(of_user(me.login.clone(), me.id.clone(), true));
        }
        match organisation {
            Ok(organisation) => self.in_organisation(organisation, user).await,
            // Users and organisations share their names: it may be a user.
            Err(fault) if fault.kind == FaultKind::NotFound => match self.other_user(&name).await {
                Ok(user) => Ok(of_user(user.login, user.id.to_string(), false)),
                Err(fault) if fault.kind == FaultKind::NotFound => self.behind_a_repository(&name).await.ok_or(fault),
                Err(fault) => Err(fault),
            },
            // Without read:organization the name alone can be looked up: among the users, where organisations are too.
            Err(fault) if fault.kind == FaultKind::MissingScope => {
                let found = self.other_user(&name).await.map_err(|_| fault)?;
                Ok(of_organisation(found.login, found.id, Membership::NotTold, Told::NotTold))
            }
            Err(fault) => Err(fault),
        }
    }
}

impl Gitea {
    /// A private organisation hides from those who only work on one of its repositories; the repository names it.
    async fn behind_a_repository(&self, name: &str) -> Option<Owner> {
        let (repositories, _) =
            self.list::<wire::Repository>("/user/repos", "the repositories of the account").await.ok()?;
        let owner = repositories.into_iter().map(|it| it.owner).find(|it| it.login.eq_ignore_ascii_case(name))?;
        Some(of_organisation(owner.login, owner.id, Membership::Stranger, Told::No))
    }

    async fn organisation(&self, name: &str) -> Result<wire::Organisation, Fault> {
        let subject = format!("the organisation {name}");
        let answer = self.read(&format!("/orgs/{name}"), &subject).await?;
        let organisation: wire::Organisation = answer.json(&subject)?;
        let named = self.0.site.provider.rules().owner_name(&organisation.name).is_ok()
            && (answer.followed || organisation.name.eq_ignore_ascii_case(name));
        if named && organisation.id > 0 { Ok(organisation) } else { Err(answer.not_the_api(&subject)) }
    }

    async fn other_user(&self, name: &str) -> Result<wire::User, Fault> {
        let subject = format!("the organisation or user {name}");
        let answer =
            self.read(&format!("/users/{name}"), &subject).await.map_err(|fault| no_such_owner(fault, name))?;
        let user: wire::User = answer.json(&subject)?;
        let named = self.0.site.provider.rules().owner_name(&user.login).is_ok()
            && (answer.followed || user.login.eq_ignore_ascii_case(name));
        if named && user.id > 0 { Ok(user) } else { Err(answer.not_the_api(&subject)) }
    }

    async fn in_organisation(
        &self,
        organisation: wire::Organisation,
        user: Result<Identity, Fault>,
    ) -> Result<Owner, Fault> {
        let standing = match user {
            Ok(me) => self.standing(&me.login, &organisation.name).await,
            Err(fault) => Err(fault),
        };
        let (membership, creates) = match standing {
            Ok(standing) => (membership(&standing), Told::from(Some(standing.can_create_repository))),
            Err(fault) if matches!(fault.kind, FaultKind::MissingScope | FaultKind::NoAccess) => {
                (Membership::NotTold, Told::NotTold)
            }
            Err(fault) if fault.kind == FaultKind::NotFound => (Membership::Stranger, Told::No),
            Err(fault) => return Err(fault),
        };
        Ok(of_organisation(organisation.name, organisation.id, membership, creates))
    }

    /// What the account may do in the organisation. A team with “create repositories” is among it.
    async fn standing(&self, login: &str, organisation: &str) -> Result<wire::OrganisationPermissions, Fault> {
        let subject = format!("the rights in {organisation}");
        self.read(&format!("/users/{login}/orgs/{organisation}/permissions"), &subject).await?.json(&subject)
    }
}

fn of_organisation(name: String, id: i64, membership: Membership, creates: Told) -> Owner {
    let (id, kind) = (id.to_string(), OwnerKind::Organisation);
    Owner { name, id, kind, membership, creates, project: None, deploy_keys: Told::NotTold }
}

fn of_user(name: String, id: String, own: bool) -> Owner {
    let (membership, creates) = if own { (Membership::Oneself, Told::Yes) } else { (Membership::Stranger, Told::No) };
    Owner { name, id, kind: OwnerKind::User, membership, creates, project: None, deploy_keys: Told::NotTold }
}

fn membership(standing: &wire::OrganisationPermissions) -> Membership {
    let role = if standing.is_owner {
        "owner"
    } else if standing.is_admin {
        "administrator"
    } else if standing.can_read || standing.can_write || standing.can_create_repository {
        "member"
    } else {
        return Membership::Stranger;
    };
    Membership::Member(role.to_owned())
}

fn no_such_owner(fault: Fault, name: &str) -> Fault {
    if fault.kind != FaultKind::NotFound {
        return fault;
    }
    let remedy = format!(
        "Check the spelling of {name} and the host; an organisation that is private shows itself to its members only."
    );
    fault.remedy(Remedy::new(remedy))
}
