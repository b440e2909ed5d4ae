//! Projects: looked up, listed, created. <https://docs.gitlab.com/api/projects/>

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::caller::level;
use super::reply::{Outcome, Reply};
use super::{Call, keys};
use crate::sandbox::scenario::{Rights, Visibility};
use crate::sandbox::validate::is_safe_name;
use crate::sandbox::world::Repository;

pub(super) fn route(call: &Call, path: &[&str]) -> Outcome {
    let [name, rest @ ..] = path else { return Err(Reply::not_found("Not found")) };
    call.caller.needs("read_api", "project", "Project: Read")?;
    let named = name.rsplit_once('/');
    let here = named.and_then(|(owner, name)| call.world().repository(owner, name));
    let here = here.or_else(|| call.world().repositories().into_iter().find(|it| it.id.to_string() == **name));
    let visible = |it: &Repository| call.caller.sees(it);
    let Some(repository) = here.filter(visible) else {
        let former = named.and_then(|(owner, name)| call.world().renamed(owner, name)).filter(visible);
        return Err(former.map_or_else(|| Reply::not_found("Project Not Found"), |it| moved(call, &it)));
    };
    call.caller.check_policy(&repository.owner, "Project: Read")?;
    match rest {
        [] => Ok(Reply::ok(row(call, &repository))),
        ["hooks" | "deploy_keys"] if call.caller.rights(&repository) < Rights::Maintain => {
            Err(Reply::message(StatusCode::FORBIDDEN, "403 Forbidden"))
        }
        ["hooks"] => {
            call.caller.needs("read_api", "webhook", "Webhook: Read")?;
            Ok(call.page(Vec::new()))
        }
        ["deploy_keys"] => {
            call.caller.needs("read_api", "deploy_key", "Deploy Key: Read")?;
            Ok(keys::of_project(call, &repository))
        }
        _ => Err(Reply::not_found("Not found")),
    }
}

fn moved(call: &Call, repository: &Repository) -> Reply {
    let target = format!("{}{}/projects/{}", call.world().host, super::API, repository.id);
    Reply::message(StatusCode::MOVED_PERMANENTLY, "301 Moved Permanently").located(target)
}

pub(super) fn of_owner(call: &Call, owner: &str) -> Outcome {
    call.caller.needs("read_api", "project", "Project: Read")?;
    let mut shown = call.world().repositories();
    shown.retain(|it| it.owner.eq_ignore_ascii_case(owner) && call.caller.sees(it));
    Ok(call.page(shown.iter().map(|it| row(call, it)).collect()))
}

fn row(call: &Call, repository: &Repository) -> Value {
    let Repository { owner, name, .. } = repository;
    let rights = call.caller.rights(repository);
    let visibility = match repository.visibility {
        Visibility::Private => "private",
        Visibility::Internal => "internal",
        Visibility::Public => "public",
    };
    json!({
        "id": repository.id, "name": name, "path": name, "path_with_namespace": format!("{owner}/{name}"),
        "namespace": {"id": call.world().owner_id(owner), "full_path": owner, "kind": if call.world().organisation(owner).is_some() { "group" } else { "user" }},
        "visibility": visibility, "archived": repository.archived, "default_branch": repository.default_branch,
        "http_url_to_repo": format!("{}/{owner}/{name}.git", call.world().host),
        "ssh_url_to_repo": format!("git@127.0.0.1:{owner}/{name}.git"),
        "repository_access_level": "enabled", "last_activity_at": repository.created.to_string(),
        "marked_for_deletion_at": null,
        "permissions": {"project_access": null, "group_access": {"access_level": level(rights), "notification_level": 3}},
    })
}

pub(super) async fn create(call: &Call<'_>) -> Outcome {
    call.caller.needs_to_write("project", "Project: Create")?;
    let refused = |message: Value| Reply::new(StatusCode::BAD_REQUEST, json!({"message": message}));
    let Ok(body) = serde_json::from_slice::<Value>(&call.body) else {
        return Err(Reply::error(StatusCode::BAD_REQUEST, "The body is not JSON"));
    };
    let (account, _) = call.caller.signed_in()?;
    let owner = match &body["namespace_id"] {
        Value::Null => account.login.to_string(),
        Value::Number(number) => {
            let named = |login: &str| call.world().owner_id(login).to_string() == number.to_string();
            let group = call.world().organisations.iter().find(|it| named(&it.login));
            let least = if group.is_some_and(|it| it.members_can_create) { 30 } else { 40 };
            let allowed = group.filter(|it| call.caller.level_in(&it.login).is_some_and(|level| level >= least));
            allowed.map(|it| it.login.to_string()).ok_or_else(|| refused(json!({"namespace": ["is not valid"]})))?
        }
        _ => return Err(Reply::error(StatusCode::BAD_REQUEST, "namespace_id is invalid")),
    };
    call.caller.check_policy(&owner, "Project: Create")?;
    let name = body["path"].as_str().or(body["name"].as_str()).unwrap_or_default();
    if !is_safe_name(name) {
        return Err(refused(json!({"path": ["can contain only letters, digits, '_', '-' and '.'"]})));
    }
    let visibility = match body["visibility"].as_str() {
        Some("public") => Visibility::Public,
        Some("internal") => Visibility::Internal,
        _ => Visibility::Private,
    };
    // The groups of this world are private, and no project is more visible than its group.
    if visibility != Visibility::Private && call.world().organisation(&owner).is_some() {
        let word = if visibility == Visibility::Public { "public" } else { "internal" };
        return Err(refused(json!({"visibility_level": [format!("{word} is not allowed in a private group.")]})));
    }
    let repository = call.world().draft(&owner, name, visibility);
    let commits = u32::from(body["initialize_with_readme"].as_bool().unwrap_or(false));
    match call.world().add(repository.clone(), commits).await {
        Ok(true) => Ok(Reply::new(StatusCode::CREATED, row(call, &repository))),
        Ok(false) => {
            let taken = json!(["has already been taken"]);
            Err(refused(json!({"project_namespace.name": taken, "name": taken, "path": taken})))
        }
        Err(_) => Err(Reply::message(StatusCode::INTERNAL_SERVER_ERROR, "500 Internal Server Error")),
    }
}
