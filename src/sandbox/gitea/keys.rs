//! SSH keys: those of repositories, and those of accounts (`models/asymkey/ssh_key_deploy.go`, `ssh_key.go`).
//!
//! One key may open several repositories, or an account, and not both.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Call;
use super::reply::{Outcome, Reply};
use crate::sandbox::world::{Key, KeyHolder, Repository};

fn invalid(message: &str) -> Reply {
    Reply::refused(StatusCode::UNPROCESSABLE_ENTITY, message)
}

pub(super) fn of_repository(call: &Call, repository: &Repository) -> Reply {
    let keys = call.world().keys(&KeyHolder::Repository(repository.id));
    call.page(keys.iter().map(row).collect())
}

pub(super) fn add_to_repository(call: &Call, repository: &Repository) -> Outcome {
    let holder = KeyHolder::Repository(repository.id);
    let key = drafted(call, holder.clone())?;
    let same = call.world().keys_of(&key.line);
    if same.iter().any(|other| other.holder == holder) {
        return Err(invalid("This key has already been added to this repository"));
    }
    if same.iter().any(|other| matches!(other.holder, KeyHolder::Account(_))) {
        return Err(invalid("Key content has been used as non-deploy key"));
    }
    if call.world().keys(&holder).iter().any(|other| other.title == key.title) {
        return Err(invalid("Key title has been used"));
    }
    call.world().put_key(key.clone());
    Ok(Reply::created(row(&key)))
}

pub(super) fn mine(call: &Call) -> Outcome {
    call.caller.needs("read", &["user"])?;
    let (account, _) = call.signed_in()?;
    let keys = call.world().keys(&KeyHolder::Account(account.login.to_string()));
    Ok(call.page(keys.iter().map(row).collect()))
}

pub(super) fn add_mine(call: &Call) -> Outcome {
    call.caller.needs("write", &["user"])?;
    let (account, _) = call.signed_in()?;
    let key = drafted(call, KeyHolder::Account(account.login.to_string()))?;
    if !call.world().keys_of(&key.line).is_empty() {
        return Err(invalid("Key content has been used as non-deploy key"));
    }
    call.world().put_key(key.clone());
    Ok(Reply::created(row(&key)))
}

pub(super) fn remove_mine(call: &Call, id: &str) -> Outcome {
    call.caller.needs("write", &["user"])?;
    let (account, _) = call.signed_in()?;
    removed(call, &KeyHolder::Account(account.login.to_string()), id)
}

pub(super) fn removed(call: &Call, holder: &KeyHolder, id: &str) -> Outcome {
    if call.world().remove_key(holder, id) { Ok(Reply::done()) } else { Err(Reply::no_such_address()) }
}

fn drafted(call: &Call, holder: KeyHolder) -> Result<Key, Reply> {
    let (account, _) = call.signed_in()?;
    let body = call.object()?;
    let text = body["key"].as_str().unwrap_or_default().trim();
    if !text.starts_with("ssh-") && !text.starts_with("ecdsa-") {
        return Err(invalid("Invalid key content: unable to parse key"));
    }
    Ok(Key {
        id: call.world().number(),
        holder,
        title: body["title"].as_str().unwrap_or_default().to_owned(),
        line: text.split_whitespace().take(2).collect::<Vec<_>>().join(" "),
        // Left out, the key may write (`modules/structs/user_key.go`).
        read_only: body["read_only"].as_bool().unwrap_or(false),
        added_by: account.login.to_string(),
        created: jiff::Timestamp::now(),
    })
}

fn row(key: &Key) -> Value {
    json!({
        "id": key.id, "key": key.line, "title": key.title, "read_only": key.read_only,
        "created_at": key.created.to_string(),
    })
}
