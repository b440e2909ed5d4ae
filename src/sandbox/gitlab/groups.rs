//! Groups and who is in them. <https://docs.gitlab.com/api/groups/>, <https://docs.gitlab.com/api/members/>

use serde_json::{Value, json};

use super::reply::{Outcome, Reply};
use super::{Call, projects};
use crate::sandbox::scenario::Organisation;

pub(super) fn route(call: &Call, path: &[&str]) -> Outcome {
    let [name, rest @ ..] = path else { return Err(Reply::not_found("Not found")) };
    call.caller.needs("read_api", "group", "Group: Read")?;
    let group = find(call, name).ok_or_else(|| Reply::not_found("Group Not Found"))?;
    call.caller.check_policy(&group.login, "Group: Read")?;
    match rest {
        [] => Ok(Reply::ok(row(call, group))),
        ["projects"] => projects::of_owner(call, &group.login),
        ["members", "all", id] => {
            call.caller.needs("read_api", "member", "Member: Read")?;
            let (account, _) = call.caller.signed_in()?;
            let number = call.world().owner_id(&account.login);
            let level = call.caller.level_in(&group.login).filter(|_| number.to_string() == **id);
            let level = level.ok_or_else(|| Reply::not_found("Not found"))?;
            Ok(Reply::ok(json!({
                "id": number, "username": &*account.login, "state": "active", "access_level": level,
                "membership_state": "active", "expires_at": null,
            })))
        }
        _ => Err(Reply::not_found("Not found")),
    }
}

/// By path or number, where the account may see it.
fn find<'a>(call: &Call<'a>, name: &str) -> Option<&'a Organisation> {
    let numbered = |it: &&Organisation| call.world().owner_id(&it.login).to_string() == name;
    let group = call.world().organisation(name).or_else(|| call.world().organisations.iter().find(numbered))?;
    // Who is let in to a project sees the group that it is in.
    let has_project = || {
        let repositories = call.world().repositories();
        repositories.iter().any(|it| it.owner.eq_ignore_ascii_case(&group.login) && call.caller.sees(it))
    };
    let sees = call.caller.level_in(&group.login).is_some() || has_project();
    (sees && !call.caller.is_locked_out(&group.login)).then_some(group)
}

pub(super) fn mine(call: &Call) -> Outcome {
    call.caller.needs("read_api", "group", "Group: Read")?;
    let joined = call.world().organisations.iter().filter(|it| call.caller.level_in(&it.login).is_some());
    Ok(call.page(joined.map(|it| row(call, it)).collect()))
}

fn row(call: &Call, group: &Organisation) -> Value {
    let path = group.login.rsplit('/').next().unwrap_or(&group.login);
    json!({
        "id": call.world().owner_id(&group.login), "name": group.name.as_deref().unwrap_or(path), "path": path,
        "full_path": &*group.login, "visibility": "private", "web_url": format!("{}/groups/{}", call.world().host, &*group.login),
        "project_creation_level": if group.members_can_create { "developer" } else { "maintainer" },
        "marked_for_deletion_on": null,
    })
}
