//! Projects: those of organisations, and the personal ones of users; and the tokens of a user.

use serde_json::{Value, json};

use super::Call;
use super::reply::{Outcome, Reply};
use crate::sandbox::scenario::{Rights, Visibility};

/// The owner in the world that a key names: of an organisation, or `~user`.
pub(super) fn owner_of(call: &Call, key: &str) -> Result<String, Reply> {
    let world = call.world();
    let found = match key.strip_prefix('~') {
        Some(user) => world.account(user).map(|account| account.login.to_string()),
        None => world.organisation(key).map(|organisation| organisation.login.to_string()),
    };
    found.ok_or_else(|| Reply::no_project(key))
}

pub(super) fn body(call: &Call, owner: &str) -> Value {
    let world = call.world();
    let personal = world.organisation(owner).is_none();
    let key = owner.to_ascii_uppercase();
    let name = world.organisation(owner).and_then(|it| it.name.clone()).unwrap_or_else(|| owner.to_owned());
    json!({
        "key": if personal { format!("~{key}") } else { key }, "id": world.owner_id(owner), "name": name,
        "public": false, "type": if personal { "PERSONAL" } else { "NORMAL" },
    })
}

pub(super) fn one(call: &Call, key: &str) -> Outcome {
    let owner = owner_of(call, key)?;
    if key.starts_with('~') && !has_begun(call, &owner) {
        return Err(Reply::no_project(key));
    }
    if !call.caller.sees_project(&owner) {
        return Err(Reply::not_permitted());
    }
    Ok(Reply::ok(body(call, &owner)))
}

/// A personal project begins with its first repository.
fn has_begun(call: &Call, owner: &str) -> bool {
    call.world().repositories().iter().any(|repository| repository.owner.eq_ignore_ascii_case(owner))
}

pub(super) fn list(call: &Call) -> Outcome {
    let world = call.world();
    let organisations = world.organisations.iter().map(|it| it.login.to_string());
    let users = world.accounts.iter().map(|it| it.login.to_string()).filter(|login| has_begun(call, login));
    let mut owners: Vec<_> = organisations.chain(users).filter(|owner| call.caller.sees_project(owner)).collect();
    match call.asked("permission") {
        None => {}
        // Whose token it is may create; whether the token may is not looked at.
        Some("REPO_CREATE") => owners.retain(|owner| call.caller.account_creates(owner)),
        Some(permission) => {
            let wanted = level(permission).ok_or_else(|| Reply::invalid("This is no permission on projects."))?;
            owners.retain(|owner| call.caller.project_rights(owner) >= wanted);
        }
    }
    let mut rows: Vec<_> = owners.iter().map(|owner| body(call, owner)).collect();
    if let Some(name) = call.asked("name") {
        rows.retain(|row| contains(row, name));
    }
    Ok(call.page(rows))
}

/// Whether the name of a row has this part.
pub(super) fn contains(row: &Value, part: &str) -> bool {
    row["name"].as_str().is_some_and(|name| name.to_lowercase().contains(&part.to_lowercase()))
}

pub(super) fn level(permission: &str) -> Option<Rights> {
    match permission.split_once('_')?.1 {
        "READ" => Some(Rights::Read),
        "WRITE" => Some(Rights::Write),
        "ADMIN" => Some(Rights::Admin),
        _ => None,
    }
}

/// Only an administrator may see who has which permission.
pub(super) fn permissions(call: &Call, key: &str) -> Outcome {
    let owner = owner_of(call, key)?;
    if call.caller.project_rights(&owner) < Rights::Admin {
        return Err(Reply::not_permitted());
    }
    let members = call.world().organisation(&owner).map(|it| it.members.as_slice()).unwrap_or_default();
    let rows = members
        .iter()
        .filter(|member| call.world().account(&member.login).is_some())
        .map(|member| json!({"user": {"name": &*member.login, "type": "NORMAL"}, "permission": "PROJECT_READ"}));
    Ok(call.page(rows.collect()))
}

/// The tokens of a user, for the user alone. None of them shows which one asks.
pub(super) fn tokens(call: &Call, slug: &str) -> Outcome {
    let Some(login) = call.caller.login().filter(|login| login.eq_ignore_ascii_case(slug)) else {
        return Err(Reply::not_permitted());
    };
    let own = call.world().tokens.iter().filter(|token| {
        *token.given.kind == *"user-access" && token.given.account.eq_ignore_ascii_case(login) && !token.given.dead
    });
    let rows = own.zip(848_894_838_086_u64..).map(|(token, id)| {
        let mut row = json!({
            "id": id.to_string(), "createdDate": call.world().started.as_millisecond(), "name": &*token.given.name,
            "permissions": token.given.scopes, "user": {"name": login, "type": "NORMAL"},
        });
        if let Some(expires) = token.expires {
            row["expiryDate"] = json!(expires.as_millisecond());
        }
        row
    });
    Ok(call.page(rows.collect()))
}

pub(super) fn is_public(visibility: Visibility) -> bool {
    visibility == Visibility::Public
}
