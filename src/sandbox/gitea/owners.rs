//! Users, organisations, and what a token tells about itself.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::reply::{Outcome, Reply};
use super::{Call, Flavour, ROOT};
use crate::sandbox::scenario::{Account, MemberRole, Organisation, Rights};
use crate::sandbox::world::Token;

pub(super) fn user(call: &Call, login: &str) -> Value {
    let world = call.world();
    let account = world.account(login);
    json!({
        "id": world.owner_id(login), "login": login, "login_name": "", "source_id": 0,
        "full_name": account.and_then(|account| account.name.as_deref()).unwrap_or_default(),
        "email": format!("{login}@noreply.gitea.invalid"), "avatar_url": format!("{ROOT}/avatars/0"),
        "html_url": format!("{ROOT}/{login}"), "language": "", "is_admin": false, "last_login": "1970-01-01T00:00:00Z",
        "created": "2024-01-01T00:00:00Z", "restricted": false, "active": account.is_some(), "prohibit_login": false,
        "location": "", "website": "", "description": "", "visibility": "public", "username": login,
    })
}

pub(super) fn me(call: &Call) -> Outcome {
    call.caller.needs("read", &["user"])?;
    let (account, _) = call.signed_in()?;
    let mut body = user(call, &account.login);
    body["email"] = json!(account.email);
    body["is_admin"] = json!(account.site_admin);
    Ok(Reply::ok(body))
}

pub(super) fn profile(call: &Call, name: &str) -> Outcome {
    call.caller.needs("read", &["user"])?;
    // Organisations are users too, as far as their names go.
    let organisation = call.world().organisation(name).map(|it| &*it.login);
    match call.world().account(name).map(|it| &*it.login).or(organisation) {
        Some(login) => Ok(Reply::ok(user(call, login))),
        None => Err(Reply::not_found(&format!("user redirect does not exist [name: {name}]"))),
    }
}

/// From Gitea 1.27 on; no scope is needed. <https://github.com/go-gitea/gitea/pull/37995>
pub(super) fn token(call: &Call) -> Outcome {
    let (account, token) = call.signed_in()?;
    if call.caller.basic {
        return Err(Reply::not_found("invalid personal token"));
    }
    let mut body = row(call, token);
    body["user"] = json!({"id": call.world().owner_id(&account.login), "login": &*account.login});
    Ok(Reply::ok(body))
}

/// A token ends itself. <https://github.com/go-gitea/gitea/pull/37995>
pub(super) fn end_token(call: &Call) -> Outcome {
    let (_, token) = call.signed_in()?;
    call.world().end(&token.secret);
    Ok(Reply::done())
}

fn row(call: &Call, token: &Token) -> Value {
    let id = call.world().all_tokens().take_while(|it| it.secret != token.secret).count() + 1;
    json!({"id": id, "name": &*token.given.name, "scopes": token.given.scopes, "created_at": "2026-01-01T00:00:00Z"})
}

/// The account's own, to those who sign in as git does. <https://github.com/go-gitea/gitea/issues/25511>
pub(super) fn tokens(call: &Call, name: &str) -> Outcome {
    call.caller.needs("read", &["user"])?;
    let (account, _) = call.signed_in()?;
    if !call.caller.basic {
        return Err(Reply::refused(StatusCode::UNAUTHORIZED, "auth required"));
    }
    if !account.login.eq_ignore_ascii_case(name) {
        return Err(Reply::forbidden("doer should be the site admin or be same as the contextUser"));
    }
    let own = call.world().all_tokens().filter(|it| it.given.account.eq_ignore_ascii_case(name));
    let rows = own.map(|token| {
        let mut row = row(call, token);
        row["sha1"] = json!("");
        row["token_last_eight"] = json!(&token.secret[token.secret.len() - 8..]);
        if Flavour::of(call.world()).is_forgejo {
            row["repositories"] = json!(token.given.repositories);
        }
        row
    });
    Ok(call.page(rows.collect()))
}

pub(super) fn cron(call: &Call) -> Outcome {
    call.caller.needs("read", &["admin"])?;
    let (account, _) = call.signed_in()?;
    if account.site_admin { Ok(call.page(Vec::new())) } else { Err(Reply::forbidden("user should be the site admin")) }
}

fn body(call: &Call, organisation: &Organisation) -> Value {
    let login = &*organisation.login;
    json!({
        "id": call.world().owner_id(login), "name": login, "full_name": organisation.name.as_deref().unwrap_or_default(),
        "email": "", "description": "", "visibility": "public", "username": login,
    })
}

pub(super) fn organisation(call: &Call, name: &str) -> Outcome {
    call.caller.needs("read", &["organization"])?;
    let found = call.world().organisation(name);
    found.map(|it| Reply::ok(body(call, it))).ok_or_else(|| Reply::not_found("GetOrgByName"))
}

pub(super) fn my_organisations(call: &Call) -> Outcome {
    call.caller.needs("read", &["user", "organization"])?;
    let (account, _) = call.signed_in()?;
    let joined = call.world().organisations.iter().filter(|it| it.has_member(&account.login));
    Ok(call.page(joined.map(|it| body(call, it)).collect()))
}

pub(super) fn permissions(call: &Call, name: &str, organisation: &str) -> Outcome {
    call.caller.needs("read", &["user", "organization"])?;
    call.signed_in()?;
    let account = call.world().account(name).ok_or_else(|| Reply::not_found("GetUserByName"))?;
    let found = call.world().organisation(organisation).ok_or_else(|| Reply::not_found("GetOrgByName"))?;
    let owner = found.role(&account.login) == Some(MemberRole::Admin);
    let member = found.has_member(&account.login);
    Ok(Reply::ok(json!({
        "is_owner": owner, "is_admin": owner, "can_write": owner || (member && found.base_rights >= Rights::Write),
        "can_read": member, "can_create_repository": may_create(found, account),
    })))
}

/// A team with the right to create repositories: the one of the owners has it.
pub(super) fn may_create(organisation: &Organisation, account: &Account) -> bool {
    match organisation.role(&account.login) {
        Some(MemberRole::Admin) => true,
        Some(MemberRole::Member) => organisation.members_can_create,
        _ => false,
    }
}
