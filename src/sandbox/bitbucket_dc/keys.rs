//! SSH keys: the access keys of a repository, and those of an account.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::reply::{Outcome, Reply};
use super::{Call, repositories};
use crate::sandbox::scenario::Rights;
use crate::sandbox::world::{Key, KeyHolder};

pub(super) fn of_repository(call: &Call, key: &str, slug: &str) -> Outcome {
    let repository = repositories::found(call, key, slug)?;
    if call.caller.rights(&repository) < Rights::Admin {
        return Err(Reply::not_permitted());
    }
    let holder = KeyHolder::Repository(repository.id);
    let row = |key: &Key| {
        let permission = if key.read_only { "REPO_READ" } else { "REPO_WRITE" };
        json!({"key": body(key), "repository": {"slug": repository.name, "id": repository.id}, "permission": permission})
    };
    match call.method.as_str() {
        "GET" => Ok(call.page(call.world().keys(&holder).iter().map(row).collect())),
        "POST" => {
            let given = call.object()?;
            let read_only = given["permission"] != "REPO_WRITE";
            let key = add(call, holder, &given["key"], read_only)?;
            Ok(Reply::created(row(&key)))
        }
        _ => Err(Reply::no_such_address()),
    }
}

pub(super) fn remove_from_repository(call: &Call, key: &str, slug: &str, id: &str) -> Outcome {
    let repository = repositories::found(call, key, slug)?;
    if call.caller.rights(&repository) < Rights::Admin {
        return Err(Reply::not_permitted());
    }
    if call.world().remove_key(&KeyHolder::Repository(repository.id), id) {
        Ok(Reply::done())
    } else {
        Err(Reply::no_such_address())
    }
}

/// A token may look at its user's keys and change none: it makes no changes to an account.
pub(super) fn of_account(call: &Call) -> Outcome {
    let login = call.caller.login().ok_or_else(Reply::not_permitted)?;
    match call.method.as_str() {
        "GET" => {
            let keys = call.world().keys(&KeyHolder::Account(login.to_owned()));
            Ok(call.page(keys.iter().map(body).collect()))
        }
        _ => Err(Reply::not_permitted()),
    }
}

fn add(call: &Call, holder: KeyHolder, given: &Value, read_only: bool) -> Result<Key, Reply> {
    let text = given["text"].as_str().unwrap_or_default().trim();
    if !text.starts_with("ssh-") && !text.starts_with("ecdsa-") {
        return Err(Reply::invalid("The SSH key could not be read."));
    }
    let mut words = text.split_whitespace();
    let line = words.by_ref().take(2).collect::<Vec<_>>().join(" ");
    let comment = words.collect::<Vec<_>>().join(" ");
    let key = Key {
        id: call.world().number(),
        holder,
        title: given["label"].as_str().map_or(comment, str::to_owned),
        line,
        read_only,
        added_by: call.caller.name().unwrap_or_default(),
        created: Timestamp::now(),
    };
    if call.world().add_key(key.clone()) {
        return Ok(key);
    }
    let here = call.world().keys(&key.holder).iter().any(|other| other.line == key.line);
    Err(if here { Reply::key_twice() } else { Reply::key_elsewhere("octocat") })
}

fn body(key: &Key) -> Value {
    json!({
        "id": key.id, "text": format!("{} {}", key.line, key.title), "label": key.title,
        "createdDate": key.created.as_millisecond(),
    })
}
