//! Repositories of a project: what they are, and making new ones.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::caller::{project, title};
use super::reply::{Outcome, Reply};
use super::{Call, guid, projects};
use crate::sandbox::scenario::{Organisation, Rights, Visibility};
use crate::sandbox::validate::is_safe_name;
use crate::sandbox::world::Repository;

/// Everything below `/{project}/_apis/git/repositories`.
pub(super) async fn route(call: &Call<'_>, method: &Method, name: &str, rest: &[&str]) -> Outcome {
    call.caller.needs(&["vso.code"])?;
    let found = project(call.world(), &call.organisation.login, name).filter(|it| call.caller.sees(it));
    let project = found.ok_or_else(|| Reply::no_such_project(name))?;
    match (method.as_str(), rest) {
        ("GET", []) => list(call, project).await,
        ("POST", []) => create(call, project).await,
        ("GET", [name]) => Ok(Reply::ok(&full(call, project, &enabled(call, project, name)?).await?)),
        ("POST", [name, "pushes"]) => first_commit(call, project, name).await,
        _ => Err(Reply::page_not_found()),
    }
}

/// A disabled repository is in the list and nowhere else.
fn enabled(call: &Call, project: &Organisation, name: &str) -> Result<Repository, Reply> {
    let found = call.world().repository(&project.login, name);
    let found = found.filter(|it| !it.archived && call.caller.rights(it) >= Rights::Read);
    found.ok_or_else(|| Reply::no_such_repository(name))
}

async fn list(call: &Call<'_>, project: &Organisation) -> Outcome {
    let mut rows = Vec::new();
    for repository in call.world().repositories() {
        if repository.owner.eq_ignore_ascii_case(&project.login) && call.caller.rights(&repository) >= Rights::Read {
            rows.push(full(call, project, &repository).await?);
        }
    }
    Ok(Reply::list(&rows))
}

async fn full(call: &Call<'_>, project: &Organisation, repository: &Repository) -> Result<Value, Reply> {
    let world = call.world();
    let branches = world.git.branches(&repository.path).await.map_err(|_| Reply::broken())?;
    let organisation = &*call.organisation.login;
    let encoded = title(project).replace(' ', "%20");
    let id = guid(7, repository.id);
    let mut told = json!({
        "id": id, "name": repository.name, "url": format!("{}/{organisation}/_apis/git/repositories/{id}", world.host),
        "project": projects::row(world, project), "size": 0,
        // With the organisation as user, as the real one writes it.
        "remoteUrl": format!("https://{organisation}@dev.azure.com/{organisation}/{encoded}/_git/{}", repository.name),
        "sshUrl": format!("ssh://127.0.0.1:22/{organisation}/{encoded}/_git/{}", repository.name),
        "webUrl": format!("https://dev.azure.com/{organisation}/{encoded}/_git/{}", repository.name),
        "isDisabled": repository.archived, "isInMaintenance": false,
    });
    if !branches.is_empty() && !repository.archived {
        told["defaultBranch"] = json!(format!("refs/heads/{}", repository.default_branch));
        told["size"] = json!(725);
    }
    Ok(told)
}

async fn create(call: &Call<'_>, project: &Organisation) -> Outcome {
    call.caller.needs(&["vso.code_manage"])?;
    let account = call.caller.signed_in()?;
    if !call.caller.may_create(project) {
        let text = format!(
            "TF401027: You need the Git 'CreateRepository' permission to perform this action. Details: identity '{}', scope 'project'.",
            &*account.login
        );
        return Err(Reply::refused(StatusCode::FORBIDDEN, "GitNeedsPermissionException", &text));
    }
    let body = call.object()?;
    let name = body["name"].as_str().unwrap_or_default();
    if !is_safe_name(name) || name.starts_with(['_', '.']) {
        let text = "TF401025: The Git repository name is not valid.";
        return Err(Reply::refused(StatusCode::BAD_REQUEST, "InvalidGitRepositoryNameException", text));
    }
    let open = projects::row(call.world(), project)["visibility"] == "public";
    let visibility = if open { Visibility::Public } else { Visibility::Private };
    let repository = call.world().draft(&project.login, name, visibility);
    if !call.world().add(repository.clone(), 0).await.map_err(|_| Reply::broken())? {
        let text = format!("TF400948: A Git repository with the name {name} already exists.");
        return Err(Reply::refused(StatusCode::CONFLICT, "GitRepositoryNameAlreadyExistsException", &text));
    }
    Ok(Reply::json(StatusCode::CREATED, &full(call, project, &repository).await?))
}

/// A push over the API, as far as it makes the first commit.
async fn first_commit(call: &Call<'_>, project: &Organisation, name: &str) -> Outcome {
    call.caller.needs(&["vso.code_write"])?;
    let repository = enabled(call, project, name)?;
    if call.caller.rights(&repository) < Rights::Write {
        let text = "TF401027: You need the Git 'GenericContribute' permission to perform this action. Details: identity 'x', scope 'repository'.";
        return Err(Reply::refused(StatusCode::FORBIDDEN, "GitNeedsPermissionException", text));
    }
    let git = &call.world().git;
    let there = !git.branches(&repository.path).await.map_err(|_| Reply::broken())?.is_empty();
    if there || call.object()?["commits"].as_array().is_none_or(Vec::is_empty) {
        let text = "TF401028: The reference 'refs/heads/main' has already been updated by another client.";
        return Err(Reply::refused(StatusCode::CONFLICT, "GitReferenceStaleException", text));
    }
    git.fill(&repository.path, "main", &repository.name, 1).await.map_err(|_| Reply::broken())?;
    Ok(Reply::json(StatusCode::CREATED, &json!({"pushId": 1, "refUpdates": []})))
}
