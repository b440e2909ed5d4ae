//! SSH keys: those of projects, and those of accounts. <https://docs.gitlab.com/api/deploy_keys/>,
//! <https://docs.gitlab.com/api/user_keys/>

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Call;
use super::reply::{Outcome, Reply};
use crate::sandbox::scenario::Rights;
use crate::sandbox::world::{Key, KeyHolder, Repository};

pub(super) fn of_project(call: &Call, repository: &Repository) -> Reply {
    let keys = call.world().keys(&KeyHolder::Repository(repository.id));
    call.page(keys.iter().map(deploy_row).collect())
}

/// A deploy key that the account may see elsewhere is switched on here instead of being made again.
pub(super) fn add_to_project(call: &Call, name: &str) -> Outcome {
    let repository = maintained(call, name, "Deploy Key: Create")?;
    let holder = KeyHolder::Repository(repository.id);
    let body = body(call)?;
    let key = drafted(call, holder.clone(), &body)?;
    let mut same = call.world().keys_of(&key.line);
    if let Some(there) = same.iter().find(|other| other.holder == holder) {
        return Ok(Reply::new(StatusCode::CREATED, deploy_row(there)));
    }
    let seen = |other: &Key| match &other.holder {
        KeyHolder::Account(_) => false,
        KeyHolder::Repository(id) => {
            call.world().repositories().iter().any(|it| it.id == *id && call.caller.rights(it) >= Rights::Maintain)
        }
    };
    if same.iter().any(|other| !seen(other)) {
        return Err(taken("deploy_key.fingerprint_sha256"));
    }
    let key = Key { id: same.pop().map_or(key.id, |other| other.id), ..key };
    call.world().put_key(key.clone());
    Ok(Reply::new(StatusCode::CREATED, deploy_row(&key)))
}

pub(super) fn remove_from_project(call: &Call, name: &str, id: &str) -> Outcome {
    let repository = maintained(call, name, "Deploy Key: Delete")?;
    removed(call, &KeyHolder::Repository(repository.id), id)
}

pub(super) fn remove_mine(call: &Call, id: &str) -> Outcome {
    call.caller.needs_to_write("user", "User: Update")?;
    let (account, _) = call.caller.signed_in()?;
    removed(call, &KeyHolder::Account(account.login.to_string()), id)
}

fn removed(call: &Call, holder: &KeyHolder, id: &str) -> Outcome {
    if call.world().remove_key(holder, id) {
        Ok(Reply::new(StatusCode::NO_CONTENT, Value::Null))
    } else {
        Err(Reply::not_found("Not found"))
    }
}

/// The project, for who may change its keys.
fn maintained(call: &Call, name: &str, title: &str) -> Result<Repository, Reply> {
    call.caller.needs_to_write("deploy_key", title)?;
    let here = name.rsplit_once('/').and_then(|(owner, name)| call.world().repository(owner, name));
    let repository = here.filter(|it| call.caller.sees(it)).ok_or_else(|| Reply::not_found("Project Not Found"))?;
    call.caller.check_policy(&repository.owner, title)?;
    if call.caller.rights(&repository) < Rights::Maintain {
        return Err(Reply::message(StatusCode::FORBIDDEN, "403 Forbidden"));
    }
    Ok(repository)
}

pub(super) fn mine(call: &Call) -> Outcome {
    call.caller.needs("read_user", "user", "User: Read")?;
    let (account, _) = call.caller.signed_in()?;
    let keys = call.world().keys(&KeyHolder::Account(account.login.to_string()));
    Ok(call.page(keys.iter().map(user_row).collect()))
}

pub(super) fn add_mine(call: &Call) -> Outcome {
    call.caller.needs_to_write("user", "User: Update")?;
    let (account, _) = call.caller.signed_in()?;
    let key = drafted(call, KeyHolder::Account(account.login.to_string()), &body(call)?)?;
    if !call.world().keys_of(&key.line).is_empty() {
        return Err(taken("fingerprint_sha256"));
    }
    call.world().put_key(key.clone());
    Ok(Reply::new(StatusCode::CREATED, user_row(&key)))
}

fn body(call: &Call) -> Result<Value, Reply> {
    let problem = || Reply::error(StatusCode::BAD_REQUEST, "The body is not JSON");
    serde_json::from_slice(&call.body).map_err(|_| problem())
}

fn drafted(call: &Call, holder: KeyHolder, body: &Value) -> Result<Key, Reply> {
    let (account, _) = call.caller.signed_in()?;
    let text = body["key"].as_str().unwrap_or_default().trim();
    let kinds = ["ssh-rsa ", "ssh-ed25519 ", "ecdsa-sha2-nistp"];
    if !kinds.iter().any(|kind| text.starts_with(kind)) || text.split_whitespace().count() < 2 {
        let message = json!({"message": {"key": ["is invalid"], "fingerprint": ["cannot be generated"]}});
        return Err(Reply::new(StatusCode::BAD_REQUEST, message));
    }
    Ok(Key {
        id: call.world().number(),
        holder,
        title: body["title"].as_str().unwrap_or_default().to_owned(),
        line: text.split_whitespace().take(2).collect::<Vec<_>>().join(" "),
        // Left out, a deploy key only reads.
        read_only: !body["can_push"].as_bool().unwrap_or(false),
        added_by: account.login.to_string(),
        created: jiff::Timestamp::now(),
    })
}

fn taken(field: &str) -> Reply {
    Reply::new(StatusCode::BAD_REQUEST, json!({"message": {field: ["has already been taken"]}}))
}

fn deploy_row(key: &Key) -> Value {
    json!({
        "id": key.id, "title": key.title, "key": key.line, "can_push": !key.read_only,
        "created_at": key.created.to_string(), "expires_at": null,
    })
}

fn user_row(key: &Key) -> Value {
    json!({
        "id": key.id, "title": key.title, "key": key.line, "usage_type": "auth",
        "created_at": key.created.to_string(), "expires_at": null,
    })
}
