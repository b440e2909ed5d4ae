//! Repositories: what they are, who may do what, and making new ones.

use serde_json::{Value, json};

use super::Call;
use super::projects::{self, contains, is_public, level, owner_of};
use super::reply::{Outcome, Reply};
use crate::sandbox::scenario::{Rights, Visibility};
use crate::sandbox::validate::is_safe_name;
use crate::sandbox::world::Repository;

/// The address that the server takes for its own; on many real ones it is not where it was reached.
const BASE: &str = "https://bitbucket.invalid";

/// The repository, if it may be seen. One that was renamed goes on answering to its old name.
pub(super) fn found(call: &Call, key: &str, slug: &str) -> Result<Repository, Reply> {
    let owner = owner_of(call, key)?;
    let world = call.world();
    let found = world.repository(&owner, slug).or_else(|| world.renamed(&owner, slug));
    let repository = found.ok_or_else(|| Reply::no_repository(key, slug))?;
    if call.caller.rights(&repository) < Rights::Read { Err(Reply::not_permitted()) } else { Ok(repository) }
}

fn body(call: &Call, repository: &Repository) -> Value {
    let project = projects::body(call, &repository.owner);
    let (key, slug) = (project["key"].as_str().unwrap_or_default().to_ascii_lowercase(), &repository.name);
    json!({
        "slug": slug, "id": repository.id, "name": repository.name, "scmId": "git", "state": "AVAILABLE",
        "statusMessage": "Available", "forkable": true, "public": is_public(repository.visibility),
        "archived": repository.archived, "project": project,
        "links": {"clone": [
            {"href": format!("{BASE}/scm/{key}/{slug}.git"), "name": "http"},
            {"href": format!("ssh://git@127.0.0.1:7999/{key}/{slug}.git"), "name": "ssh"},
        ]},
    })
}

pub(super) fn one(call: &Call, key: &str, slug: &str) -> Outcome {
    Ok(Reply::ok(body(call, &found(call, key, slug)?)))
}

pub(super) fn of_project(call: &Call, key: &str) -> Outcome {
    let owner = owner_of(call, key)?;
    if !call.caller.sees_project(&owner) {
        return Err(Reply::not_permitted());
    }
    Ok(list(call, |repository| repository.owner.eq_ignore_ascii_case(&owner)))
}

/// The repositories on which account and token have a permission. Everybody may ask.
pub(super) fn search(call: &Call) -> Outcome {
    let wanted = level(call.asked("permission").unwrap_or("REPO_READ"));
    let wanted = wanted.ok_or_else(|| Reply::invalid("This is no permission on repositories."))?;
    let owner = call.asked("projectkey").map(|key| owner_of(call, key)).transpose()?;
    let here = |it: &Repository| owner.as_ref().is_none_or(|owner| it.owner.eq_ignore_ascii_case(owner));
    Ok(list(call, |repository| here(repository) && call.caller.rights(repository) >= wanted))
}

fn list(call: &Call, wanted: impl Fn(&Repository) -> bool) -> Reply {
    let mut shown = call.world().repositories();
    shown.retain(|repository| wanted(repository) && call.caller.rights(repository) >= Rights::Read);
    shown.sort_by_key(|repository| repository.name.to_lowercase());
    let mut rows: Vec<_> = shown.iter().map(|repository| body(call, repository)).collect();
    if let Some(name) = call.asked("name") {
        rows.retain(|row| contains(row, name));
    }
    call.page(rows)
}

/// Only an administrator may see who has which permission.
pub(super) fn permissions(call: &Call, key: &str, slug: &str) -> Outcome {
    let repository = found(call, key, slug)?;
    if call.caller.rights(&repository) < Rights::Admin {
        return Err(Reply::not_permitted());
    }
    let rows = repository.collaborators.iter().map(|(login, rights)| {
        let permission = if *rights >= Rights::Write { "REPO_WRITE" } else { "REPO_READ" };
        json!({"user": {"name": login, "type": "NORMAL"}, "permission": permission})
    });
    Ok(call.page(rows.collect()))
}

pub(super) async fn create(call: &Call<'_>, key: &str) -> Outcome {
    let owner = owner_of(call, key)?;
    if !call.caller.creates(&owner) {
        return Err(Reply::not_permitted());
    }
    let given = call.object()?;
    let name = given["name"].as_str().unwrap_or_default();
    if !is_safe_name(name) || given["scmId"].as_str().is_some_and(|scm| scm != "git") {
        return Err(Reply::invalid("The repository name is invalid."));
    }
    let public = given["public"].as_bool().unwrap_or(false);
    let visibility = if public { Visibility::Public } else { Visibility::Private };
    let mut repository = call.world().draft(&owner, &name.to_ascii_lowercase(), visibility);
    if let Some(branch) = given["defaultBranch"].as_str().filter(|branch| is_safe_name(branch)) {
        branch.clone_into(&mut repository.default_branch);
    }
    if !call.world().add(repository.clone(), 0).await.map_err(|_| Reply::broken())? {
        return Err(Reply::taken());
    }
    Ok(Reply::created(body(call, &repository)))
}
