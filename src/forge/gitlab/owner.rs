//! The owner: a group at any depth, or a user, and what this account is there.

use super::wire::{DEVELOPER, MAINTAINER, OWNER, role};
use super::{GitLab, wire};
use crate::fact::{Fault, FaultKind, Membership, Owner, OwnerKind, OwnerPath, Remedy, Told};
use crate::forge::{name, part};

impl part::Owner for GitLab {
    async fn owner(&self, owner: &OwnerPath) -> Result<Owner, Fault> {
        let name = name::owner(&self.0.site, owner)?;
        match self.group(&name).await {
            Ok(group) => self.as_member(group).await,
            Err(fault) if fault.kind == FaultKind::NotFound && !name.contains('/') => {
                self.as_user(&name).await.map_err(|other| if other.kind == FaultKind::NotFound { fault } else { other })
            }
            Err(fault) => Err(fault),
        }
    }
}

impl GitLab {
    /// The group of that path or number; asked once.
    pub(super) async fn group(&self, name: &str) -> Result<wire::Group, Fault> {
        let (me, asked) = (self.clone(), name.to_owned());
        self.0.groups.ask(name.to_ascii_lowercase(), || async move { me.group_now(&asked).await }).await
    }

    async fn group_now(&self, name: &str) -> Result<wire::Group, Fault> {
        let subject = format!("the group {name}");
        let path = format!("/groups/{}?with_projects=false", name.replace('/', "%2F"));
        let (group, answer): (wire::Group, _) = self.read(&path, &subject).await?;
        let rules = self.0.site.provider.rules();
        let named = group.full_path.eq_ignore_ascii_case(name) || group.id.to_string() == name || answer.followed;
        let fine = rules.owner_name(&group.full_path).as_ref() == Ok(&group.full_path);
        let typed = ["private", "internal", "public"].contains(&group.visibility.as_str());
        if !(named && fine && typed) {
            return Err(answer.not_the_api(&subject));
        }
        if let Some(day) = &group.marked_for_deletion_on {
            let text = format!("{subject} is to be deleted on {}.", answer.say(day));
            let remedy = Remedy::at("Restore it in its settings, or choose another.", self.0.site.host.to_string());
            return Err(Fault::new(FaultKind::NoAccess, text).remedy(remedy).accepted());
        }
        Ok(group)
    }

    async fn as_member(&self, group: wire::Group) -> Result<Owner, Fault> {
        let level = self.level(&group).await?;
        let membership = match &level {
            Some(Some(member)) if member.membership_state.as_deref() == Some("awaiting") => Membership::Invited,
            Some(Some(member)) => Membership::Member(role(member.access_level)),
            Some(None) => Membership::Stranger,
            None => Membership::NotTold,
        };
        let creates = match &level {
            Some(Some(member)) => may_create(group.project_creation_level.as_deref(), member.access_level),
            // An administrator may without being a member.
            _ => Told::NotTold,
        };
        let (name, id) = (group.full_path, group.id.to_string());
        Ok(Owner {
            name,
            id,
            kind: OwnerKind::Organisation,
            membership,
            creates,
            project: None,
            deploy_keys: Told::NotTold,
        })
    }

    /// The membership of this account, inherited ones included; `None`: the token may not see it.
    async fn level(&self, group: &wire::Group) -> Result<Option<Option<wire::Member>>, Fault> {
        let user = match self.user().await {
            Ok(user) => user,
            Err(fault) if fault.kind == FaultKind::MissingScope => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let subject = format!("the membership in {}", group.full_path);
        let path = format!("/groups/{}/members/all/{}", group.id, user.id);
        match self.read::<wire::Member>(&path, &subject).await {
            Ok((member, _)) if member.id == user.id => Ok(Some(Some(member))),
            Ok((_, answer)) => Err(answer.not_the_api(&subject)),
            Err(fault) if fault.kind == FaultKind::NotFound => Ok(Some(None)),
            Err(fault) if matches!(fault.kind, FaultKind::MissingScope | FaultKind::NoAccess) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn as_user(&self, name: &str) -> Result<Owner, Fault> {
        let me = self.user().await?;
        let owner = |user: &wire::User, membership, creates| Owner {
            name: user.username.clone(),
            id: user.id.to_string(),
            kind: OwnerKind::User,
            membership,
            creates,
            project: None,
            deploy_keys: Told::NotTold,
        };
        if me.username.eq_ignore_ascii_case(name) {
            return Ok(owner(&me, Membership::Oneself, Told::Yes));
        }
        let subject = format!("the user {name}");
        let (users, answer): (Vec<wire::User>, _) = self.read(&format!("/users?username={name}"), &subject).await?;
        match users.iter().find(|user| user.username.eq_ignore_ascii_case(name)) {
            Some(user) => Ok(owner(user, Membership::Stranger, Told::No)),
            None if users.is_empty() => {
                Err(Fault::new(FaultKind::NotFound, format!("GitLab knows no {subject}.")).accepted())
            }
            None => Err(answer.not_the_api(&subject)),
        }
    }
}

/// "Specify who can add projects to a group", against the account's own level.
fn may_create(setting: Option<&str>, level: u64) -> Told {
    let least = match setting {
        Some("noone" | "administrator") => return Told::No,
        Some("owner") => OWNER,
        Some("maintainer") => MAINTAINER,
        Some("developer") => DEVELOPER,
        // The setting is not told to everybody: above it there is only the Owner.
        _ if level >= OWNER => OWNER,
        _ => return Told::NotTold,
    };
    if level >= least { Told::Yes } else { Told::No }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_to_create_is_the_setting_against_the_level() {
        for (setting, level, told) in [
            (Some("noone"), 50, Told::No),
            (Some("administrator"), 50, Told::No),
            (Some("owner"), 40, Told::No),
            (Some("owner"), 50, Told::Yes),
            (Some("maintainer"), 30, Told::No),
            (Some("maintainer"), 40, Told::Yes),
            (Some("developer"), 25, Told::No),
            (Some("developer"), 30, Told::Yes),
            (Some("later"), 40, Told::NotTold),
            (None, 40, Told::NotTold),
            (None, 50, Told::Yes),
        ] {
            assert_eq!(may_create(setting, level), told, "{setting:?} {level}");
        }
    }
}
