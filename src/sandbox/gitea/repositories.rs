//! Repositories: what they are, who may do what, and making new ones.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::owners::{may_create, user};
use super::reply::{Outcome, Reply};
use super::{Call, Flavour, ROOT, keys};
use crate::sandbox::scenario::{Rights, Visibility};
use crate::sandbox::validate::is_safe_name;
use crate::sandbox::world::{KeyHolder, Repository};

/// Everything below `/repos/{owner}/{name}`.
pub(super) async fn route(call: &Call<'_>, owner: &str, name: &str, rest: &[&str]) -> Outcome {
    call.caller.needs(if call.method == Method::GET { "read" } else { "write" }, &["repository"])?;
    let Some(repository) = call.world().repository(owner, name) else {
        let moved = call.world().renamed(owner, name).filter(|it| call.caller.sees(it));
        let moved = moved.ok_or_else(|| Reply::not_found(missing(call)))?;
        let status =
            if call.method == Method::GET { StatusCode::MOVED_PERMANENTLY } else { StatusCode::TEMPORARY_REDIRECT };
        return Err(Reply::moved(status, format!("/api/v1/repos/{}/{}", moved.owner, moved.name)));
    };
    if !call.caller.sees(&repository) {
        return Err(Reply::not_found(missing(call)));
    }
    match (call.method.as_str(), rest) {
        ("GET", []) => Ok(Reply::ok(full(call, &repository).await?)),
        ("GET", ["branches", branch @ ..]) => self::branch(call, &repository, &branch.join("/")).await,
        ("GET", ["keys"]) if call.caller.rights(&repository) >= Rights::Admin => {
            Ok(keys::of_repository(call, &repository))
        }
        ("POST", ["keys"]) if call.caller.rights(&repository) >= Rights::Admin => {
            keys::add_to_repository(call, &repository)
        }
        ("DELETE", ["keys", id]) if call.caller.rights(&repository) >= Rights::Admin => {
            keys::removed(call, &KeyHolder::Repository(repository.id), id)
        }
        (_, ["keys", ..]) => {
            Err(Reply::forbidden("user should be an owner or a collaborator with admin write of a repository"))
        }
        _ => Err(Reply::no_such_address()),
    }
}

fn missing(call: &Call) -> &'static str {
    if Flavour::of(call.world()).is_forgejo { "The target couldn't be found." } else { "not found" }
}

async fn full(call: &Call<'_>, repository: &Repository) -> Result<Value, Reply> {
    let (owner, name) = (&repository.owner, &repository.name);
    let branches = call.world().git.branches(&repository.path).await.map_err(|_| Reply::broken())?;
    let rights = call.caller.rights(repository);
    Ok(json!({
        "id": repository.id, "owner": user(call, owner), "name": name, "full_name": format!("{owner}/{name}"),
        "description": "", "empty": branches.is_empty(), "private": repository.visibility != Visibility::Public,
        "fork": false, "template": false, "mirror": false, "size": 22, "html_url": format!("{ROOT}/{owner}/{name}"),
        "clone_url": format!("{ROOT}/{owner}/{name}.git"), "ssh_url": format!("ssh://git@127.0.0.1:2222/{owner}/{name}.git"),
        // Named before there is one.
        "default_branch": repository.default_branch, "archived": repository.archived,
        "internal": repository.visibility == Visibility::Internal, "object_format_name": "sha1",
        // The user's rights, also where the token has less.
        "permissions": {
            "admin": rights >= Rights::Admin, "push": rights >= Rights::Write, "pull": rights >= Rights::Read,
        },
    }))
}

async fn branch(call: &Call<'_>, repository: &Repository, name: &str) -> Outcome {
    let branches = call.world().git.branches(&repository.path).await.map_err(|_| Reply::broken())?;
    let (name, id) = branches.iter().find(|(it, _)| it == name).ok_or_else(|| Reply::not_found(missing(call)))?;
    let pushes = call.caller.rights(repository) >= Rights::Write;
    Ok(Reply::ok(json!({
        "name": name, "commit": {"id": id}, "protected": false, "user_can_push": pushes, "user_can_merge": pushes,
    })))
}

pub(super) fn of_organisation(call: &Call, name: &str) -> Outcome {
    call.caller.needs("read", &["organization", "repository"])?;
    let organisation = call.world().organisation(name).ok_or_else(|| Reply::not_found("GetOrgByName"))?;
    Ok(list(call, |repository| repository.owner.eq_ignore_ascii_case(&organisation.login)))
}

pub(super) fn of_user(call: &Call, name: &str) -> Outcome {
    call.caller.needs("read", &["user", "repository"])?;
    let account = call.world().account(name).ok_or_else(|| Reply::not_found("GetUserByName"))?;
    Ok(list(call, |repository| repository.owner.eq_ignore_ascii_case(&account.login)))
}

/// Those that the account owns, shares or works on.
pub(super) fn mine(call: &Call) -> Outcome {
    call.caller.needs("read", &["user", "repository"])?;
    call.signed_in()?;
    Ok(list(call, |repository| {
        call.caller.rights(repository) > Rights::Read || repository.visibility != Visibility::Public
    }))
}

fn list(call: &Call, wanted: impl Fn(&Repository) -> bool) -> Reply {
    let mut shown = call.world().repositories();
    shown.retain(|repository| wanted(repository) && call.caller.sees(repository));
    shown.sort_by_key(|repository| repository.name.to_lowercase());
    let row = |repository: &Repository| {
        let rights = call.caller.rights(repository);
        json!({
            "id": repository.id, "owner": user(call, &repository.owner), "name": repository.name,
            "full_name": format!("{}/{}", repository.owner, repository.name), "empty": false, "mirror": false,
            "private": repository.visibility != Visibility::Public, "archived": repository.archived,
            "internal": repository.visibility == Visibility::Internal, "default_branch": repository.default_branch,
            "permissions": {
                "admin": rights >= Rights::Admin, "push": rights >= Rights::Write, "pull": rights >= Rights::Read,
            },
        })
    };
    call.page(shown.iter().map(row).collect())
}

pub(super) async fn create_own(call: &Call<'_>) -> Outcome {
    call.caller.needs("write", &["user", "repository"])?;
    let (account, _) = call.signed_in()?;
    create(call, &account.login).await
}

pub(super) async fn create_in(call: &Call<'_>, name: &str) -> Outcome {
    // <https://github.com/go-gitea/gitea/pull/39007>
    let also = Flavour::of(call.world()).is_gitea_since([1, 27, 3]);
    call.caller.needs("write", if also { &["organization", "repository"] } else { &["organization"] })?;
    let (account, _) = call.signed_in()?;
    let organisation = call.world().organisation(name).ok_or_else(|| Reply::not_found("GetOrgByName"))?;
    if !may_create(organisation, account) {
        return Err(Reply::forbidden("Given user is not allowed to create repository in organization."));
    }
    create(call, &organisation.login).await
}

async fn create(call: &Call<'_>, owner: &str) -> Outcome {
    if call.caller.is_limited() {
        // <https://forgejo.org/docs/latest/user/token-scope/>; the words of the real refusal are not known.
        return Err(Reply::forbidden("the access token is limited to specific repositories"));
    }
    let body = call.object()?;
    let name = body["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        return Err(Reply::refused(StatusCode::UNPROCESSABLE_ENTITY, "[Name]: Required"));
    }
    let reserved = [".git", ".wiki", ".rss", ".atom"].iter().any(|end| name.to_lowercase().ends_with(end));
    if !is_safe_name(name) || reserved {
        return Err(Reply::refused(StatusCode::UNPROCESSABLE_ENTITY, "[Name]: AlphaDashDot"));
    }
    let private = body["private"].as_bool().unwrap_or(false);
    let visibility = if private { Visibility::Private } else { Visibility::Public };
    let repository = call.world().draft(owner, name, visibility);
    let commits = u32::from(body["auto_init"].as_bool().unwrap_or(false));
    if !call.world().add(repository.clone(), commits).await.map_err(|_| Reply::broken())? {
        return Err(Reply::refused(StatusCode::CONFLICT, "The repository with the same name already exists."));
    }
    Ok(Reply::created(full(call, &repository).await?))
}
