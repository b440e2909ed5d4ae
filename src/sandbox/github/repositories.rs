//! Repositories: what they are, what is in them, the probes that prove a right, and making new ones.
//!
//! <https://docs.github.com/en/rest/repos/repos>

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Call;
use super::caller::inaccessible;
use super::owners::{self, brief, key_from, key_row};
use super::reply::{DOCS, Outcome, Reply};
use crate::sandbox::scenario::{Level, MemberRole, Rights, Visibility};
use crate::sandbox::validate::is_safe_name;
use crate::sandbox::world::{KeyHolder, Repository};

/// The names of rights in a repository, as `permission` has them: <https://docs.github.com/en/rest/collaborators/collaborators>
pub(super) fn permission_name(rights: Rights) -> &'static str {
    match rights {
        Rights::None => "none",
        Rights::Read | Rights::Triage => "read",
        Rights::Write | Rights::Maintain => "write",
        Rights::Admin => "admin",
    }
}

fn role_name(rights: Rights) -> &'static str {
    match rights {
        Rights::Triage => "triage",
        Rights::Maintain => "maintain",
        _ => permission_name(rights),
    }
}

/// Everything below `/repos/{owner}/{name}`.
pub(super) async fn route(call: &Call<'_>, owner: &str, name: &str, rest: &[&str]) -> Outcome {
    let repository = found(call, owner, name)?;
    call.caller.check(&repository, call.need)?;
    if call.need.writes() && repository.archived {
        return Err(Reply::forbidden("Repository was archived so is read-only."));
    }
    match (call.method.as_str(), rest) {
        ("GET", []) => Ok(Reply::ok(full(call, &repository))),
        ("GET", ["commits"]) => commits(call, &repository).await,
        ("GET", ["branches"]) => branches(call, &repository).await,
        ("GET", ["pulls" | "hooks"] | ["rulesets", "rule-suites"]) => Ok(Reply::ok(json!([]))),
        // Its body is never complete, since nothing here can be merged.
        ("POST", ["pulls"]) => Err(Reply::unprocessable(
            "Invalid request.\n\n\"base\", \"head\" weren't supplied.",
            &json!([]),
            "https://docs.github.com/rest/pulls/pulls#create-a-pull-request",
        )),
        ("GET", ["actions", "permissions"]) => Ok(Reply::ok(json!({"enabled": true, "allowed_actions": "all"}))),
        ("GET", ["collaborators", login, "permission"]) => permission(call, &repository, login),
        ("GET", ["keys"]) => {
            let keys = call.world().keys(&KeyHolder::Repository(repository.id));
            Ok(call.page(keys.iter().map(key_row).collect()))
        }
        ("POST", ["keys"]) => add_key(call, &repository),
        ("DELETE", ["keys", id]) => owners::removed(call, &KeyHolder::Repository(repository.id), id),
        // A hook that does not exist, like every one: `PATCH …/hooks/{id}` ends here too.
        _ => Err(Reply::not_found()),
    }
}

/// The repository of that name, or the way to where it has gone.
fn found(call: &Call, owner: &str, name: &str) -> Result<Repository, Reply> {
    if let Some(repository) = call.world().repository(owner, name) {
        return Ok(repository);
    }
    call.caller.check_policy(owner)?;
    let renamed = call.world().renamed(owner, name).filter(|it| call.caller.sees(it)).ok_or_else(Reply::not_found)?;
    let url = call.url(&format!("/repositories/{}", renamed.id));
    // https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
    let (status, message) = match call.method {
        Method::GET => (StatusCode::MOVED_PERMANENTLY, "Moved Permanently"),
        _ => (StatusCode::TEMPORARY_REDIRECT, "Temporary Redirect"),
    };
    let body = json!({"message": message, "url": url, "documentation_url": DOCS});
    Err(Reply::new(status, body).with("location", url))
}

pub(super) fn by_id(call: &Call, id: &str) -> Outcome {
    let repository = call.world().repositories().into_iter().find(|it| it.id.to_string() == id);
    let repository = repository.ok_or_else(Reply::not_found)?;
    call.caller.check(&repository, call.need)?;
    Ok(Reply::ok(full(call, &repository)))
}

fn full(call: &Call, repository: &Repository) -> Value {
    let (owner, name) = (&repository.owner, &repository.name);
    let host = &call.world().host;
    let bare_host = host.trim_start_matches("http://").split(':').next().unwrap_or_default();
    let created = repository.created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut body = json!({
        "id": repository.id, "name": name, "full_name": format!("{owner}/{name}"),
        "private": repository.visibility != Visibility::Public, "owner": brief(call.world(), owner),
        "html_url": format!("{host}/{owner}/{name}"), "description": null, "fork": false,
        "url": call.url(&format!("/repos/{owner}/{name}")),
        "created_at": created, "updated_at": created, "pushed_at": created,
        "clone_url": format!("{host}/{owner}/{name}.git"), "ssh_url": format!("git@{bare_host}:{owner}/{name}.git"),
        // Rounded and computed later: it says nothing about emptiness.
        "size": 0,
        "archived": repository.archived, "disabled": false, "is_template": false,
        "visibility": visibility_name(repository.visibility), "default_branch": repository.default_branch,
    });
    if call.caller.user.is_some() {
        // The user's rights, also where the token has less.
        let rights = call.caller.rights(repository);
        body["permissions"] = json!({
            "admin": rights >= Rights::Admin, "maintain": rights >= Rights::Maintain, "push": rights >= Rights::Write,
            "triage": rights >= Rights::Triage, "pull": rights >= Rights::Read,
        });
    }
    body
}

fn visibility_name(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Private => "private",
        Visibility::Internal => "internal",
        Visibility::Public => "public",
    }
}

async fn commits(call: &Call<'_>, repository: &Repository) -> Outcome {
    let git = &call.world().git;
    let branches = git.branches(&repository.path).await.map_err(|_| Reply::broken())?;
    let wanted = call.parameter("sha").unwrap_or(&repository.default_branch);
    if branches.is_empty() {
        return Err(Reply::refused(StatusCode::CONFLICT, "Git Repository is empty."));
    }
    if !branches.iter().any(|(name, _)| name == wanted) {
        return Err(Reply::not_found());
    }
    let commits = git.commits(&repository.path, wanted, 1000).await.map_err(|_| Reply::broken())?;
    let row = |commit: &crate::sandbox::git::Commit| {
        let who = json!({"name": commit.author, "email": commit.email, "date": commit.date});
        json!({"sha": commit.id, "commit": {"message": commit.subject, "author": who, "committer": who}})
    };
    Ok(call.page(commits.iter().map(row).collect()))
}

async fn branches(call: &Call<'_>, repository: &Repository) -> Outcome {
    let branches = call.world().git.branches(&repository.path).await.map_err(|_| Reply::broken())?;
    let row = |(name, id): &(String, String)| json!({"name": name, "commit": {"sha": id}, "protected": false});
    Ok(call.page(branches.iter().map(row).collect()))
}

fn permission(call: &Call, repository: &Repository, login: &str) -> Outcome {
    let account = call.world().account(login).ok_or_else(Reply::not_found)?;
    // https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
    let rights = call.world().rights(Some(&account.login), repository);
    let user = brief(call.world(), &account.login);
    Ok(Reply::ok(json!({"permission": permission_name(rights), "role_name": role_name(rights), "user": user})))
}

fn add_key(call: &Call, repository: &Repository) -> Outcome {
    if call.world().organisation(&repository.owner).is_some_and(|it| !it.deploy_keys) {
        let message = "Deploy keys are disabled for this repository";
        return Err(Reply::unprocessable(message, &json!([]), "https://docs.github.com/rest/deploy-keys/deploy-keys"));
    }
    let key = key_from(call, KeyHolder::Repository(repository.id), &call.object()?)?;
    let location = call.url(&format!("/repos/{}/{}/keys/{}", repository.owner, repository.name, key.id));
    Ok(Reply::created(key_row(&key), &location))
}

pub(super) fn mine(call: &Call) -> Outcome {
    let (account, _) = call.signed_in()?;
    let affiliation = call.parameter("affiliation");
    if call.parameter("type").is_some() && (affiliation.is_some() || call.parameter("visibility").is_some()) {
        let message = "If you specify visibility or affiliation, you cannot specify type.";
        return Err(Reply::unprocessable(message, &json!([]), DOCS));
    }
    let wanted = affiliation.unwrap_or("owner,collaborator,organization_member");
    let affiliated = |repository: &Repository| {
        let owned = repository.owner.eq_ignore_ascii_case(&account.login);
        let invited = repository.collaborators.iter().any(|(login, _)| login.eq_ignore_ascii_case(&account.login));
        let member = call.world().organisation(&repository.owner).is_some_and(|it| it.has_member(&account.login));
        wanted.split(',').any(|way| match way.trim() {
            "owner" => owned,
            "collaborator" => invited,
            "organization_member" => member,
            _ => false,
        })
    };
    Ok(list(call, affiliated))
}

pub(super) fn of_organisation(call: &Call, name: &str) -> Outcome {
    let organisation = call.world().organisation(name).ok_or_else(Reply::not_found)?;
    call.caller.check_policy(&organisation.login)?;
    Ok(list(call, |repository| repository.owner.eq_ignore_ascii_case(name)))
}

/// The public ones only, also for the user's own.
pub(super) fn of_user(call: &Call, name: &str) -> Outcome {
    if call.world().account(name).is_none() && call.world().organisation(name).is_none() {
        return Err(Reply::not_found());
    }
    let shown = |it: &Repository| it.owner.eq_ignore_ascii_case(name) && it.visibility == Visibility::Public;
    Ok(list(call, shown))
}

/// What can be seen of the world's repositories, by name. Single sign-on and the other policies take rows away.
fn list(call: &Call, wanted: impl Fn(&Repository) -> bool) -> Reply {
    let kept_out = |owner: &str| call.world().organisation(owner).filter(|it| call.caller.policy_of(it).is_some());
    let mut shown = call.world().repositories();
    shown.retain(|repository| wanted(repository) && call.caller.sees(repository));
    let mut hidden: Vec<_> = shown.iter().filter_map(|it| kept_out(&it.owner)).collect();
    hidden.retain(|organisation| call.caller.lacks_sign_on(organisation));
    hidden.sort_by_key(|organisation| call.world().owner_id(&organisation.login));
    hidden.dedup_by_key(|organisation| call.world().owner_id(&organisation.login));
    shown.retain(|repository| kept_out(&repository.owner).is_none());
    shown.sort_by_key(|repository| (repository.owner.to_lowercase(), repository.name.to_lowercase()));
    let reply = call.page(shown.iter().map(|it| full(call, it)).collect());
    owners::with_hidden(call, reply, hidden.into_iter())
}

pub(super) async fn create_own(call: &Call<'_>) -> Outcome {
    let (account, _) = call.signed_in()?;
    if call.caller.is_fine_grained() && !call.caller.permits(&account.login, "administration", Level::Write) {
        return Err(inaccessible());
    }
    let documentation = "https://docs.github.com/rest/repos/repos#create-a-repository-for-the-authenticated-user";
    create(call, &account.login, documentation).await
}

pub(super) async fn create_in(call: &Call<'_>, name: &str) -> Outcome {
    let (account, token) = call.signed_in()?;
    let organisation = call.world().organisation(name).ok_or_else(Reply::not_found)?;
    call.caller.check_policy(&organisation.login)?;
    let login = &*organisation.login;
    let foreign = !token.given.resource_owner().eq_ignore_ascii_case(login);
    if call.caller.is_fine_grained() && !foreign && !call.caller.permits(login, "administration", Level::Write) {
        return Err(inaccessible());
    }
    let allowed = match organisation.role(&account.login) {
        Some(MemberRole::Admin) => true,
        Some(MemberRole::Member) => organisation.members_can_create,
        _ => false,
    };
    // A token whose resource owner is somebody else is told the same.
    if !allowed || (call.caller.is_fine_grained() && foreign) {
        let message = "You need admin access to the organization before adding a repository to it.";
        return Err(Reply::forbidden(message));
    }
    create(call, login, "https://docs.github.com/rest/repos/repos#create-an-organization-repository").await
}

async fn create(call: &Call<'_>, owner: &str, documentation: &str) -> Outcome {
    let body = call.object()?;
    let failed = |code: &str, message: &str| {
        let errors = json!([{"resource": "Repository", "code": code, "field": "name", "message": message}]);
        Reply::unprocessable("Repository creation failed.", &errors, documentation)
    };
    let visibility = match (body["visibility"].as_str(), body["private"].as_bool()) {
        (Some("internal"), _) => Visibility::Internal,
        (Some("private"), _) | (None, Some(true)) => Visibility::Private,
        // Public is what GitHub makes where nothing is said.
        _ => Visibility::Public,
    };
    let scope = if visibility == Visibility::Public { "public_repo" } else { "repo" };
    if !call.caller.is_fine_grained() && !call.caller.holds_scope(scope) {
        return Err(Reply::not_found());
    }
    // Anything that a name cannot hold becomes a dash.
    let kept = |letter: char| if letter.is_ascii_alphanumeric() || "._-".contains(letter) { letter } else { '-' };
    let name: String = body["name"].as_str().unwrap_or_default().trim().chars().map(kept).collect();
    let name = name.trim_start_matches('-');
    if !is_safe_name(name) || [".git", ".wiki"].iter().any(|suffix| name.to_lowercase().ends_with(suffix)) {
        return Err(failed("missing_field", "name is missing or cannot be used"));
    }
    let repository = call.world().draft(owner, name, visibility);
    let commits = u32::from(body["auto_init"].as_bool().unwrap_or(false));
    if !call.world().add(repository.clone(), commits).await.map_err(|_| Reply::broken())? {
        return Err(failed("custom", "name already exists on this account"));
    }
    let location = call.url(&format!("/repos/{owner}/{name}"));
    Ok(Reply::created(full(call, &repository), &location))
}
