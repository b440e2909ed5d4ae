//! SSH keys: access keys of a repository, and the keys of an account.

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::reply::{Outcome, Reply};
use super::repositories::{administers, seen};
use super::{Call, numbered, uuid};
use crate::sandbox::world::{Key, KeyHolder};

pub(super) fn of_repository(call: &Call<'_>, workspace: &str, slug: &str) -> Outcome {
    let repository = seen(call, workspace, slug)?;
    opened(call)?;
    administers(call, &repository)?;
    Ok(call.page(call.world().keys(&KeyHolder::Repository(repository.id)).iter().map(row).collect()))
}

pub(super) fn add_to_repository(call: &Call<'_>, workspace: &str, slug: &str) -> Outcome {
    let repository = seen(call, workspace, slug)?;
    call.caller.needs("repository:admin", "write:ssh-key:bitbucket")?;
    administers(call, &repository)?;
    let key = given(call, KeyHolder::Repository(repository.id), true)?;
    let text = "Someone has already added that access key to this repository.";
    // This refusal has no frame around it.
    let taken = Reply::new(StatusCode::BAD_REQUEST, &json!({"key": [{"message": text}]}));
    if call.world().add_key(key.clone()) { Ok(Reply::ok(&row(&key))) } else { Err(taken) }
}

pub(super) fn remove_from_repository(call: &Call<'_>, workspace: &str, slug: &str, id: &str) -> Outcome {
    let repository = seen(call, workspace, slug)?;
    call.caller.needs("repository:admin", "delete:ssh-key:bitbucket")?;
    administers(call, &repository)?;
    if call.world().remove_key(&KeyHolder::Repository(repository.id), id) {
        Ok(Reply::new(StatusCode::NO_CONTENT, &Value::Null))
    } else {
        Err(Reply::error(StatusCode::NOT_FOUND, "Resource not found"))
    }
}

pub(super) fn of_account(call: &Call<'_>, id: &str) -> Outcome {
    let login = own(call, id)?;
    call.caller.needs("account", "read:ssh-key:bitbucket")?;
    Ok(call.page(call.world().keys(&KeyHolder::Account(login)).iter().map(row).collect()))
}

pub(super) fn add_to_account(call: &Call<'_>, id: &str) -> Outcome {
    let login = own(call, id)?;
    call.caller.needs("account:write", "write:ssh-key:bitbucket")?;
    let key = given(call, KeyHolder::Account(login), false)?;
    let taken = Reply::bad_request("Someone has already registered that SSH key.");
    if call.world().add_key(key.clone()) { Ok(Reply::new(StatusCode::CREATED, &row(&key))) } else { Err(taken) }
}

pub(super) fn remove_from_account(call: &Call<'_>, id: &str, key: &str) -> Outcome {
    let login = own(call, id)?;
    call.caller.needs("account:write", "delete:ssh-key:bitbucket")?;
    let holder = KeyHolder::Account(login);
    let there = call.world().keys(&holder).into_iter().find(|there| numbered(there.id) == key);
    if there.is_some_and(|there| call.world().remove_key(&holder, &there.id.to_string())) {
        Ok(Reply::new(StatusCode::NO_CONTENT, &Value::Null))
    } else {
        Err(Reply::error(StatusCode::NOT_FOUND, "Resource not found"))
    }
}

/// Access keys are shown to the scopes of repositories, or to that of SSH keys.
fn opened(call: &Call<'_>) -> Result<(), Reply> {
    call.caller.needs("repository:admin", "read:ssh-key:bitbucket")
}

/// The caller's own account by its id; others' keys are nobody's business.
fn own(call: &Call<'_>, id: &str) -> Result<String, Reply> {
    let (account, _) = call.caller.as_user()?;
    let mine = uuid(call.world(), &account.login) == id;
    if mine { Ok(account.login.to_string()) } else { Err(Reply::error(StatusCode::FORBIDDEN, "Access denied")) }
}

fn given(call: &Call<'_>, holder: KeyHolder, read_only: bool) -> Result<Key, Reply> {
    let body: Value = serde_json::from_slice(&call.body).map_err(|_| Reply::bad_request("The body is not JSON"))?;
    let mut words = body["key"].as_str().unwrap_or_default().split_whitespace();
    let (Some(kind), Some(text)) = (words.next(), words.next()) else {
        return Err(Reply::bad_request("That SSH key is invalid."));
    };
    if !kind.starts_with("ssh-") && !kind.starts_with("ecdsa-") {
        return Err(Reply::bad_request("That SSH key is invalid."));
    }
    let added_by = call.caller.account().map(|account| account.login.to_string()).unwrap_or_default();
    Ok(Key {
        id: call.world().number(),
        holder,
        title: body["label"].as_str().unwrap_or_default().to_owned(),
        line: format!("{kind} {text}"),
        read_only,
        added_by,
        created: Timestamp::now(),
    })
}

fn row(key: &Key) -> Value {
    match key.holder {
        KeyHolder::Repository(_) => json!({
            "type": "deploy_key", "id": key.id, "key": key.line, "label": key.title, "comment": "",
            "created_on": key.created.to_string(), "last_used": null,
        }),
        KeyHolder::Account(_) => json!({
            "type": "ssh_key", "uuid": numbered(key.id), "key": key.line, "label": key.title, "comment": "",
            "created_on": key.created.to_string(), "last_used": null,
        }),
    }
}
