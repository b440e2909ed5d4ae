//! Repositories: looked up, listed, created.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::reply::{Outcome, Reply};
use super::workspaces::{find, projects};
use super::{API, Call, numbered, uuid};
use crate::sandbox::scenario::{Rights, Visibility};
use crate::sandbox::validate::is_safe_name;
use crate::sandbox::world::Repository;

pub(super) async fn of_workspace(call: &Call<'_>, workspace: &str) -> Outcome {
    call.caller.needs("repository", "read:repository:bitbucket")?;
    let workspace = find(call, workspace)?;
    let mut shown = call.world().repositories();
    shown.retain(|it| it.owner.eq_ignore_ascii_case(&workspace.login) && call.caller.sees(it));
    let mut rows = Vec::new();
    for repository in &shown {
        let branches = call.world().git.branches(&repository.path).await.unwrap_or_default();
        rows.push(row(call, repository, !branches.is_empty()));
    }
    Ok(call.page(rows))
}

/// The repository, where the token and the account let it be seen.
pub(super) fn seen(call: &Call<'_>, workspace: &str, slug: &str) -> Result<Repository, Reply> {
    call.caller.needs("repository", "read:repository:bitbucket")?;
    if let Some(words) = call.caller.kept_out(workspace) {
        return Err(Reply::error(StatusCode::FORBIDDEN, words));
    }
    let visible = |it: &Repository| call.caller.sees(it);
    if let Some(repository) = call.world().repository(workspace, slug).filter(visible) {
        return Ok(repository);
    }
    let moved = call.world().renamed(workspace, slug).filter(visible);
    Err(moved.map_or_else(
        || Reply::no_repository(&format!("{workspace}/{slug}")),
        |it| {
            let target = format!("{}{API}repositories/{}/{}", call.world().host, it.owner, it.name);
            Reply::error(StatusCode::MOVED_PERMANENTLY, "Moved").located(target)
        },
    ))
}

pub(super) async fn route(call: &Call<'_>, workspace: &str, slug: &str, path: &[&str]) -> Outcome {
    let repository = seen(call, workspace, slug)?;
    let branches = call.world().git.branches(&repository.path).await;
    let branches = branches.map_err(|_| Reply::error(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong"))?;
    match path {
        [] => Ok(Reply::ok(&row(call, &repository, !branches.is_empty()))),
        ["refs", "branches"] => {
            let rows =
                branches.iter().map(|(name, id)| json!({"type": "branch", "name": name, "target": {"hash": id}}));
            Ok(call.page(rows.collect()))
        }
        ["pullrequests"] => {
            call.caller.needs("pullrequest", "read:pullrequest:bitbucket")?;
            Ok(call.page(Vec::new()))
        }
        ["hooks"] => {
            call.caller.needs("webhook", "read:webhook:bitbucket")?;
            administers(call, &repository)?;
            Ok(call.page(Vec::new()))
        }
        _ => Err(Reply::error(StatusCode::NOT_FOUND, "Resource not found")),
    }
}

pub(super) fn administers(call: &Call<'_>, repository: &Repository) -> Result<(), Reply> {
    let text = "You do not have access to administer this repository.";
    if call.caller.rights(repository) == Rights::Admin {
        Ok(())
    } else {
        Err(Reply::error(StatusCode::FORBIDDEN, text))
    }
}

pub(super) fn brief(repository: &Repository) -> Value {
    let Repository { owner, name, id, .. } = repository;
    json!({"type": "repository", "uuid": numbered(*id), "full_name": format!("{owner}/{name}"), "name": name})
}

fn row(call: &Call<'_>, repository: &Repository, filled: bool) -> Value {
    let Repository { owner, name, .. } = repository;
    let world = call.world();
    let oldest = world.organisation(owner).and_then(|workspace| projects(workspace).into_iter().next());
    let key = repository.project.clone().or(oldest).unwrap_or_default();
    let git = world.host.replace("http://", "http://somebody@");
    let mut row = brief(repository);
    for (field, value) in [
        ("slug", json!(name)),
        ("scm", json!("git")),
        ("is_private", json!(repository.visibility != Visibility::Public)),
        ("mainbranch", if filled { json!({"type": "branch", "name": repository.default_branch}) } else { Value::Null }),
        ("size", json!(if filled { 4096 } else { 0 })),
        ("project", json!({"type": "project", "key": key, "name": key})),
        ("workspace", json!({"type": "workspace", "slug": owner, "uuid": uuid(world, owner)})),
        ("created_on", json!(repository.created.to_string())),
        ("updated_on", json!(repository.created.to_string())),
        // A user name stands in it, as in the real ones.
        ("links", json!({"clone": [{"name": "https", "href": format!("{git}/{owner}/{name}.git")}]})),
    ] {
        row[field] = value;
    }
    row
}

pub(super) async fn create(call: &Call<'_>, workspace: &str, slug: &str) -> Outcome {
    call.caller.needs("repository:admin", "admin:repository:bitbucket")?;
    let workspace = find(call, workspace)?;
    let Ok(body) = serde_json::from_slice::<Value>(&call.body) else {
        return Err(Reply::bad_request("The body is not JSON"));
    };
    let only = |one: &str| call.caller.signed_in().is_ok_and(|(_, token)| *token.given.kind == *one);
    let role = call.caller.role_in(&workspace.login);
    let allowed = role.is_some_and(|role| role != "member") || only("workspace-access");
    if !allowed || only("repository-access") {
        let text = "You do not have permission to create repositories under the account.";
        return Err(Reply::bad_request(text));
    }
    let fine = is_safe_name(slug) && slug.len() <= 62 && !slug.contains("--") && !slug.ends_with('-');
    if !fine || slug.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(Reply::bad_request("Invalid slug."));
    }
    let keys = projects(workspace);
    let wanted = body.pointer("/project/key").and_then(Value::as_str).unwrap_or(&keys[0]).to_owned();
    if !keys.contains(&wanted) {
        let text = format!("Project {wanted} does not exist in this workspace.");
        return Err(Reply::new(
            StatusCode::BAD_REQUEST,
            &json!({"type": "error", "error": {"message": text, "fields": {"project": [text]}}}),
        ));
    }
    let visibility = if body["is_private"] == json!(false) { Visibility::Public } else { Visibility::Private };
    let mut repository = call.world().draft(&workspace.login, slug, visibility);
    repository.project = Some(wanted);
    match call.world().add(repository.clone(), 0).await {
        Ok(true) => Ok(Reply::ok(&row(call, &repository, false))),
        Ok(false) => {
            let message = "Repository with this Slug and Owner already exists.";
            let fields = json!({"name": ["You already have a repository with this name."]});
            let body = json!({"type": "error", "error": {"fields": fields, "message": message}});
            Err(Reply::new(StatusCode::BAD_REQUEST, &body))
        }
        Err(_) => Err(Reply::error(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong")),
    }
}

/// A commit made by uploading files. What is in them does not matter here: the first commit is made.
pub(super) async fn commit(call: &Call<'_>, workspace: &str, slug: &str) -> Outcome {
    let repository = seen(call, workspace, slug)?;
    call.caller.needs("repository:write", "write:repository:bitbucket")?;
    if call.caller.rights(&repository) < Rights::Write {
        return Err(Reply::error(StatusCode::FORBIDDEN, "You do not have write access to this repository."));
    }
    let names: Vec<_> = url::form_urlencoded::parse(&call.body).map(|(name, _)| name.into_owned()).collect();
    if !names.iter().any(|name| name.starts_with('/')) {
        return Err(Reply::bad_request("No file was given."));
    }
    let made = call.world().git.fill(&repository.path, &repository.default_branch, slug, 1).await;
    made.map_err(|_| Reply::error(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong"))?;
    Ok(Reply::new(StatusCode::CREATED, &json!({})))
}
