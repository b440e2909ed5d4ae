//! Workspaces, roles in them, and their projects.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::reply::{Outcome, Reply};
use super::{Call, repositories, uuid};
use crate::sandbox::scenario::{Organisation, Rights};

/// What users are told of their own workspaces.
pub(super) fn of_user(call: &Call<'_>, path: &[&str]) -> Outcome {
    call.caller.as_user()?;
    let [name, rest @ ..] = path else {
        call.caller.needs("account", "read:workspace:bitbucket")?;
        let joined = call.world().organisations.iter().filter(|it| call.caller.role_in(&it.login).is_some());
        let rows = joined.map(|it| {
            let administrator = call.caller.role_in(&it.login) == Some("owner");
            json!({"type": "workspace_access", "administrator": administrator, "workspace": row(call, it)})
        });
        return Ok(call.page(rows.collect()));
    };
    match rest {
        ["permission"] => {
            call.caller.needs("account", "read:workspace:bitbucket")?;
            let role = call.caller.role_in(name).ok_or_else(|| missing(name))?;
            let workspace = find(call, name)?;
            Ok(Reply::ok(
                &json!({"type": "workspace_membership", "permission": role, "workspace": row(call, workspace)}),
            ))
        }
        ["permissions", "repositories"] => permissions(call, name),
        _ => Err(Reply::error(StatusCode::NOT_FOUND, "Resource not found")),
    }
}

fn permissions(call: &Call<'_>, workspace: &str) -> Outcome {
    call.caller.needs("account", "read:repository:bitbucket")?;
    let wanted = call.parameter("q").and_then(|query| query.strip_prefix("repository.slug=\"")?.strip_suffix('"'));
    let mut shown = call.world().repositories();
    shown.retain(|it| {
        it.owner.eq_ignore_ascii_case(workspace)
            && call.caller.sees(it)
            && wanted.is_none_or(|name| it.name.eq_ignore_ascii_case(name))
    });
    let rows = shown.iter().map(|it| {
        let permission = match call.caller.rights(it) {
            Rights::Admin => "admin",
            Rights::Write | Rights::Maintain => "write",
            _ => "read",
        };
        json!({"type": "repository_permission", "permission": permission, "repository": repositories::brief(it)})
    });
    Ok(call.page(rows.collect()))
}

pub(super) fn route(call: &Call<'_>, name: &str, path: &[&str]) -> Outcome {
    call.caller.signed_in()?;
    let workspace = find(call, name)?;
    match path {
        [] => Ok(Reply::ok(&row(call, workspace))),
        ["projects"] => {
            call.caller.needs("project", "read:project:bitbucket")?;
            let keys = projects(workspace);
            // As the real one lists them: by name, which is no order of age.
            let mut rows: Vec<_> =
                keys.iter().enumerate().map(|(age, key)| project(call, workspace, key, age)).collect();
            rows.sort_by_key(|row| row["key"].to_string());
            Ok(call.page(rows))
        }
        ["projects", key] => {
            call.caller.needs("project", "read:project:bitbucket")?;
            let keys = projects(workspace);
            let found = keys.iter().enumerate().find(|(_, one)| one.eq_ignore_ascii_case(key));
            let (age, key) = found.ok_or_else(|| Reply::error(StatusCode::NOT_FOUND, "Project not found"))?;
            Ok(Reply::ok(&project(call, workspace, key, age)))
        }
        _ => Err(Reply::error(StatusCode::NOT_FOUND, "Resource not found")),
    }
}

pub(super) fn find<'a>(call: &Call<'a>, name: &str) -> Result<&'a Organisation, Reply> {
    call.world().organisation(name).filter(|it| call.caller.is_in(&it.login)).ok_or_else(|| missing(name))
}

pub(super) fn missing(name: &str) -> Reply {
    Reply::error(StatusCode::NOT_FOUND, &format!("No workspace with identifier '{name}'."))
}

/// The keys of its projects, the oldest first; every workspace has one.
pub(super) fn projects(workspace: &Organisation) -> Vec<String> {
    if workspace.projects.is_empty() { vec!["PROJ".to_owned()] } else { workspace.projects.clone() }
}

fn project(call: &Call<'_>, workspace: &Organisation, key: &str, age: usize) -> Value {
    let number = u64::try_from(age).unwrap_or_default();
    json!({
        "type": "project", "uuid": super::numbered(0x9_0000_0000 + number), "key": key, "name": key, "is_private": true,
        "created_on": format!("{}-03-17T11:18:32.035547+00:00", 2019 + age), "workspace": row(call, workspace),
    })
}

fn row(call: &Call<'_>, workspace: &Organisation) -> Value {
    json!({
        "type": "workspace", "uuid": uuid(call.world(), &workspace.login), "slug": &*workspace.login,
        "name": workspace.name.as_deref().unwrap_or(&workspace.login), "is_private": true,
    })
}
