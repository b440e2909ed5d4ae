//! The owner: an organisation or a user, and what this account is there.

use futures_util::future::join4;

use super::{GitHub, wire};
use crate::fact::{Fault, FaultKind, Membership, Owner, OwnerKind, OwnerPath, Remedy, Told};
use crate::forge::{name, part};

/// What the account is in an organisation, as far as GitHub tells this token.
#[derive(Clone, Debug)]
pub(super) enum Standing {
    In(wire::Membership),
    /// GitHub knows of none.
    Out,
    /// The token may not ask.
    NotTold(Fault),
}

impl part::Owner for GitHub {
    async fn owner(&self, owner: &OwnerPath) -> Result<Owner, Fault> {
        let name = name::owner(&self.0.site, owner)?;
        let (account, organisation, standing, user) =
            join4(self.account(&name), self.organisation(&name), self.standing(&name), self.user()).await;
        let account = account?;
        let id = account.id.to_string();
        if account.kind != "Organization" {
            let own = user?.identity.login.eq_ignore_ascii_case(&account.login);
            let (membership, creates) =
                if own { (Membership::Oneself, Told::Yes) } else { (Membership::Stranger, Told::No) };
            let kind = OwnerKind::User;
            return Ok(Owner {
                name: account.login,
                id,
                kind,
                membership,
                creates,
                project: None,
                deploy_keys: Told::NotTold,
            });
        }
        let organisation = organisation?;
        let standing = standing?;
        let creates = may_create(&standing, organisation.members_can_create_repositories);
        Ok(Owner {
            name: account.login,
            id,
            kind: OwnerKind::Organisation,
            membership: membership(standing),
            creates,
            project: None,
            deploy_keys: organisation.deploy_keys_enabled_for_repositories.into(),
        })
    }
}

impl GitHub {
    /// The account of that name, an organisation's or a user's.
    pub(super) async fn account(&self, name: &str) -> Result<wire::Account, Fault> {
        let (me, asked) = (self.clone(), name.to_owned());
        let request = || async move { me.account_now(&asked).await };
        self.0.accounts.ask(name.to_ascii_lowercase(), request).await
    }

    async fn account_now(&self, name: &str) -> Result<wire::Account, Fault> {
        let subject = format!("the organisation or user {name}");
        let answer =
            self.read(&format!("/users/{name}"), &subject).await.map_err(|fault| no_such_owner(fault, name))?;
        let account: wire::Account = answer.json(&subject)?;
        let named = account.login.eq_ignore_ascii_case(name)
            || (answer.followed && self.0.site.provider.rules().owner_name(&account.login).is_ok());
        let typed = matches!(account.kind.as_str(), "User" | "Organization" | "Bot" | "Mannequin");
        if named && typed { Ok(account) } else { Err(answer.not_the_api(&subject)) }
    }

    async fn organisation(&self, name: &str) -> Result<wire::Organisation, Fault> {
        let subject = format!("the organisation {name}");
        let answer = self.read(&format!("/orgs/{name}"), &subject).await?;
        let organisation: wire::Organisation = answer.json(&subject)?;
        let named = answer.followed || organisation.login.eq_ignore_ascii_case(name);
        if named && organisation.kind == "Organization" { Ok(organisation) } else { Err(answer.not_the_api(&subject)) }
    }

    /// What the account is in the organisation `name`. Wants `read:org`, or Members: read.
    pub(super) async fn standing(&self, name: &str) -> Result<Standing, Fault> {
        let (me, asked) = (self.clone(), name.to_owned());
        let request = || async move { me.standing_now(&asked).await };
        self.0.memberships.ask(name.to_ascii_lowercase(), request).await
    }

    async fn standing_now(&self, name: &str) -> Result<Standing, Fault> {
        let subject = format!("the membership in {name}");
        match self.read(&format!("/user/memberships/orgs/{name}"), &subject).await {
            Ok(answer) => {
                let membership: wire::Membership = answer.json(&subject)?;
                let named = answer.followed || membership.organization.login.eq_ignore_ascii_case(name);
                let known = matches!(membership.state.as_str(), "active" | "pending");
                if named && known { Ok(Standing::In(membership)) } else { Err(answer.not_the_api(&subject)) }
            }
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(Standing::Out),
            Err(fault) if matches!(fault.kind, FaultKind::MissingScope | FaultKind::NoAccess) => {
                Ok(Standing::NotTold(fault))
            }
            Err(fault) => Err(fault),
        }
    }
}

fn no_such_owner(fault: Fault, name: &str) -> Fault {
    if fault.kind != FaultKind::NotFound {
        return fault;
    }
    let remedy =
        format!("Check the spelling of {name} and the host; an organisation or user of this name may not exist yet.");
    fault.remedy(Remedy::new(remedy))
}

/// The rights that GitHub tells are those of the user; a fine-grained token may still lack its own.
fn may_create(standing: &Standing, members_may: Option<bool>) -> Told {
    match standing {
        Standing::In(membership) if membership.state == "active" => {
            let told = membership.permissions.as_ref().and_then(|permissions| permissions.can_create_repository);
            match membership.role.as_str() {
                "admin" => Told::Yes,
                "member" => told.or(members_may).into(),
                _ => told.into(),
            }
        }
        _ => Told::NotTold,
    }
}

fn membership(standing: Standing) -> Membership {
    match standing {
        Standing::In(membership) if membership.state == "pending" => Membership::Invited,
        Standing::In(membership) => Membership::Member(crate::text::sanitise(&membership.role, 40)),
        Standing::Out => Membership::Stranger,
        Standing::NotTold(_) => Membership::NotTold,
    }
}
