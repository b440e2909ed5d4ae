//! Users, organisations, memberships and the keys of an account.
//!
//! <https://docs.github.com/en/rest/users/users>, <https://docs.github.com/en/rest/orgs/members>,
//! <https://docs.github.com/en/rest/users/keys>

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::caller::inaccessible;
use super::reply::{DOCS, Outcome, Reply};
use super::{Call, repositories};
use crate::sandbox::scenario::{Account, AccountKind, Level, MemberRole, Organisation};
use crate::sandbox::world::{Key, KeyHolder, World};

/// The short form, as it stands inside other objects.
pub(super) fn brief(world: &World, login: &str) -> Value {
    let organisation = world.organisation(login).is_some();
    let account = world.account(login);
    let bot = account.is_some_and(|account| account.kind == AccountKind::Bot);
    let kind = if organisation {
        "Organization"
    } else if bot {
        "Bot"
    } else {
        "User"
    };
    json!({
        "login": login, "id": world.owner_id(login), "type": kind, "html_url": format!("{}/{login}", world.host),
        "site_admin": account.is_some_and(|account| account.site_admin),
    })
}

fn full(call: &Call, account: &Account) -> Value {
    let mut user = brief(call.world(), &account.login);
    user["url"] = json!(call.url(&format!("/users/{}", &*account.login)));
    user["name"] = json!(account.name);
    user["email"] = Value::Null;
    user["created_at"] = json!("2024-01-01T00:00:00Z");
    user
}

pub(super) fn me(call: &Call) -> Outcome {
    let (account, _) = call.signed_in()?;
    let mut user = full(call, account);
    // Private fields are for `user` only: https://docs.github.com/en/rest/users/users#get-the-authenticated-user
    if call.caller.holds_scope("user") {
        user["email"] = json!(account.email);
        user["two_factor_authentication"] = json!(true);
    }
    Ok(Reply::ok(user))
}

pub(super) fn profile(call: &Call, name: &str) -> Outcome {
    if let Some(account) = call.world().account(name) {
        return Ok(Reply::ok(full(call, account)));
    }
    let organisation = call.world().organisation(name).ok_or_else(Reply::not_found)?;
    let mut profile = brief(call.world(), &organisation.login);
    profile["name"] = json!(organisation.name);
    Ok(Reply::ok(profile))
}

pub(super) fn organisation(call: &Call, name: &str) -> Outcome {
    let organisation = call.world().organisation(name).ok_or_else(Reply::not_found)?;
    call.caller.check_policy(&organisation.login)?;
    let mut body = row(call, organisation);
    body["name"] = json!(organisation.name);
    body["type"] = json!("Organization");
    body["html_url"] = json!(format!("{}/{}", call.world().host, &*organisation.login));
    if sees_settings(call, organisation) {
        let creation = if organisation.members_can_create { "all" } else { "none" };
        for visibility in ["", "public_", "private_", "internal_"] {
            body[format!("members_can_create_{visibility}repositories")] = json!(organisation.members_can_create);
        }
        body["members_allowed_repository_creation_type"] = json!(creation);
        body["default_repository_permission"] = json!(repositories::permission_name(organisation.base_rights));
        body["default_repository_branch"] = json!("main");
        body["deploy_keys_enabled_for_repositories"] = json!(organisation.deploy_keys);
        body["two_factor_requirement_enabled"] = json!(false);
    }
    Ok(Reply::ok(body))
}

/// Owners see the settings, with `admin:org`: <https://docs.github.com/en/rest/orgs/orgs#get-an-organization>
fn sees_settings(call: &Call, organisation: &Organisation) -> bool {
    let owns = call.caller.login().is_some_and(|login| organisation.role(login) == Some(MemberRole::Admin));
    owns && if call.caller.is_fine_grained() {
        call.caller.permits(&organisation.login, "organization_administration", Level::Read)
    } else {
        call.caller.holds_scope("admin:org")
    }
}

fn row(call: &Call, organisation: &Organisation) -> Value {
    let login = &*organisation.login;
    json!({"login": login, "id": call.world().owner_id(login), "url": call.url(&format!("/orgs/{login}"))})
}

pub(super) fn my_organisations(call: &Call) -> Outcome {
    // A fine-grained token gets an empty list, always:
    // https://docs.github.com/en/rest/orgs/orgs#list-organizations-for-the-authenticated-user
    if call.caller.is_fine_grained() {
        return Ok(Reply::ok(json!([])));
    }
    if !call.caller.holds_scope("read:org") && !call.caller.holds_scope("user") {
        return Err(Reply::forbidden("You need at least read:org scope or user scope to list your organizations."));
    }
    let (account, _) = call.signed_in()?;
    let joined = call.world().organisations.iter().filter(|it| it.has_member(&account.login));
    let (hidden, shown): (Vec<_>, Vec<_>) = joined.partition(|it| call.caller.lacks_sign_on(it));
    let reply = call.page(shown.into_iter().map(|it| row(call, it)).collect());
    Ok(with_hidden(call, reply, hidden.into_iter()))
}

/// Rows that single sign-on keeps back are not there; only a header tells, by number.
pub(super) fn with_hidden<'a>(call: &Call, reply: Reply, hidden: impl Iterator<Item = &'a Organisation>) -> Reply {
    let numbers: Vec<_> = hidden.map(|it| call.world().owner_id(&it.login).to_string()).collect();
    if numbers.is_empty() {
        return reply;
    }
    reply.with("x-github-sso", format!("partial-results; organizations={}", numbers.join(",")))
}

pub(super) fn my_memberships(call: &Call) -> Outcome {
    let (account, token) = call.signed_in()?;
    let fine = call.caller.is_fine_grained();
    if fine && !call.caller.permits(token.given.resource_owner(), "members", Level::Read) {
        return Err(inaccessible());
    }
    if !fine {
        needs_read_org(call)?;
    }
    let state = call.parameter("state");
    let rows = call.world().organisations.iter().filter_map(|organisation| {
        let role = organisation.role(&account.login)?;
        let reached = !fine || token.given.resource_owner().eq_ignore_ascii_case(&organisation.login);
        let shown =
            reached && state.is_none_or(|wanted| wanted == state_of(role)) && !call.caller.lacks_sign_on(organisation);
        shown.then(|| membership(call, account, organisation, role))
    });
    Ok(call.page(rows.collect()))
}

pub(super) fn my_membership(call: &Call, name: &str) -> Outcome {
    let (account, _) = call.signed_in()?;
    if !call.caller.is_fine_grained() {
        needs_read_org(call)?;
    }
    let organisation = call.world().organisation(name).ok_or_else(Reply::not_found)?;
    call.caller.check_policy(&organisation.login)?;
    if call.caller.is_fine_grained() && !call.caller.permits(&organisation.login, "members", Level::Read) {
        return Err(inaccessible());
    }
    let role = organisation.role(&account.login).ok_or_else(Reply::not_found)?;
    Ok(Reply::ok(membership(call, account, organisation, role)))
}

fn needs_read_org(call: &Call) -> Result<(), Reply> {
    let message = "You need at least read:org scope to see your memberships of organizations.";
    if call.caller.holds_scope("read:org") { Ok(()) } else { Err(Reply::forbidden(message)) }
}

fn membership(call: &Call, account: &Account, organisation: &Organisation, role: MemberRole) -> Value {
    let admin = role == MemberRole::Admin;
    let creates = admin || (role == MemberRole::Member && organisation.members_can_create);
    json!({
        "url": call.url(&format!("/orgs/{}/memberships/{}", &*organisation.login, &*account.login)),
        "state": state_of(role), "role": if admin { "admin" } else { "member" }, "direct_membership": true,
        "organization": row(call, organisation), "user": brief(call.world(), &account.login),
        "permissions": {"can_create_repository": creates},
    })
}

fn state_of(role: MemberRole) -> &'static str {
    if role == MemberRole::Pending { "pending" } else { "active" }
}

pub(super) fn my_keys(call: &Call) -> Outcome {
    let (account, _) = needs_key_right(call, "read:public_key", Level::Read)?;
    let keys = call.world().keys(&KeyHolder::Account(account.login.to_string()));
    Ok(call.page(keys.iter().map(key_row).collect()))
}

pub(super) fn add_key(call: &Call) -> Outcome {
    let (account, _) = needs_key_right(call, "write:public_key", Level::Write)?;
    let holder = KeyHolder::Account(account.login.to_string());
    let key = key_from(call, holder, &call.object()?)?;
    let location = call.url(&format!("/user/keys/{}", key.id));
    Ok(Reply::created(key_row(&key), &location))
}

pub(super) fn remove_key(call: &Call, id: &str) -> Outcome {
    let (account, _) = needs_key_right(call, "admin:public_key", Level::Write)?;
    removed(call, &KeyHolder::Account(account.login.to_string()), id)
}

/// A key goes, with nothing to say.
pub(super) fn removed(call: &Call, holder: &KeyHolder, id: &str) -> Outcome {
    if call.world().remove_key(holder, id) {
        Ok(Reply::new(StatusCode::NO_CONTENT, Value::Null))
    } else {
        Err(Reply::not_found())
    }
}

fn needs_key_right<'a>(
    call: &Call<'a>,
    scope: &str,
    level: Level,
) -> Result<(&'a Account, &'a crate::sandbox::world::Token), Reply> {
    let (account, token) = call.signed_in()?;
    match call.caller.is_fine_grained() {
        true if call.caller.permits(&account.login, "keys", level) => Ok((account, token)),
        true => Err(inaccessible()),
        false if call.caller.holds_scope(scope) => Ok((account, token)),
        false => Err(Reply::not_found()),
    }
}

/// Registers the key of a request. A key belongs to one repository or account on the whole server.
pub(super) fn key_from(call: &Call, holder: KeyHolder, body: &Value) -> Result<Key, Reply> {
    let invalid = |message: &str| {
        let errors = json!([{"resource": "PublicKey", "code": "custom", "field": "key", "message": message}]);
        Reply::unprocessable("Validation Failed", &errors, DOCS)
    };
    let (account, _) = call.signed_in()?;
    let text = body["key"].as_str().unwrap_or_default().trim();
    let kinds =
        ["ssh-rsa", "ssh-dss", "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"];
    let valid = text.split_once(' ').is_some_and(|(kind, rest)| kinds.contains(&kind) && !rest.trim().is_empty());
    if !valid {
        return Err(invalid("key is invalid. You must supply a key in OpenSSH public key format"));
    }
    let key = Key {
        id: call.world().number(),
        holder,
        title: body["title"].as_str().unwrap_or_default().to_owned(),
        // GitHub drops the comment.
        line: text.split_whitespace().take(2).collect::<Vec<_>>().join(" "),
        // Left out, a deploy key may write: https://docs.github.com/en/rest/deploy-keys/deploy-keys#create-a-deploy-key
        read_only: body["read_only"].as_bool().unwrap_or(false),
        added_by: account.login.to_string(),
        created: jiff::Timestamp::now(),
    };
    if call.world().add_key(key.clone()) { Ok(key) } else { Err(invalid("key is already in use")) }
}

pub(super) fn key_row(key: &Key) -> Value {
    json!({
        "id": key.id, "key": key.line, "title": key.title, "verified": true, "read_only": key.read_only,
        "added_by": key.added_by, "last_used": null, "enabled": true, "created_at": key.created.to_string(),
    })
}
