//! Gitea and Forgejo: the client against servers that answer as the real ones do, and the program against the sandbox.

mod recorded;
mod setting_up;
mod told;

use std::sync::Arc;

use git_access::forge::{Forge, Limits, Outside};
use git_access::provider::Provider;

use crate::forges::proof::{Cast, to_decisive_requests, to_every_request, wrong_answers_to};
use crate::forges::{ask, limits, open, site_of};
use crate::support::raw::{Raw, Seen, Step, listing};

/// A token that must turn up nowhere but at its own origin.
pub const CANARY: &str = "ca0a12ca0a12ca0a12ca0a12ca0a12ca0a12beef";

pub const USER: &str = r#"{"id":1,"login":"octocat","login_name":"","full_name":"","email":"o@acme.example","is_admin":false,"restricted":false,"active":true,"prohibit_login":false,"visibility":"public","username":"octocat"}"#;
pub const ORGANISATION: &str =
    r#"{"id":2,"name":"acme","full_name":"","email":"","description":"","visibility":"public","username":"acme"}"#;
pub const PERMISSIONS: &str =
    r#"{"is_owner":false,"is_admin":false,"can_write":true,"can_read":true,"can_create_repository":true}"#;
pub const REPOSITORY: &str = r#"{"id":3,"owner":{"id":2,"login":"acme"},"name":"gitops","full_name":"acme/gitops","empty":false,"private":true,"mirror":false,"internal":false,"archived":false,"default_branch":"main","permissions":{"admin":false,"push":true,"pull":true}}"#;
pub const BRANCH: &str = r#"{"name":"main","commit":{"id":"1"},"protected":false,"user_can_push":true}"#;

pub fn answer(status: u16, body: impl AsRef<[u8]>) -> Step {
    Step::answer(status, &[("Content-Type", "application/json;charset=utf-8")], body)
}

pub fn refusal(status: u16, message: &str) -> Step {
    answer(status, format!(r#"{{"message":"{message}","url":"https://git.example/api/swagger"}}"#))
}

pub fn missing() -> Step {
    answer(404, r#"{"errors":null,"message":"not found","url":"https://git.example/api/swagger"}"#)
}

/// A world with an organisation, its repository and a member. Like Forgejo 12 it does not tell what the token holds.
pub fn good(seen: &Seen) -> Step {
    let target = seen.target.trim_start_matches("/api/v1");
    match (seen.method.as_str(), target.split('?').next().unwrap_or_default()) {
        ("GET", "/version") => answer(200, r#"{"version":"12.0.0+gitea-1.22.0"}"#),
        ("GET", "/token") => {
            Step::answer(404, &[("Content-Type", "text/plain; charset=utf-8")], "404 page not found\n")
        }
        ("GET", "/admin/cron") => refusal(403, "token does not have at least one of required scope(s): [read:admin]"),
        ("GET", "/users/octocat/tokens") => refusal(401, "auth required"),
        ("GET", "/user") => answer(200, USER),
        ("GET", "/orgs/acme") => answer(200, ORGANISATION),
        ("GET", "/users/octocat/orgs/acme/permissions") => answer(200, PERMISSIONS),
        ("GET", "/repos/acme/gitops") => answer(200, REPOSITORY),
        ("GET", "/repos/acme/gitops/branches/main") => answer(200, BRANCH),
        ("GET", "/acme/gitops.git/info/refs") if target.ends_with("git-receive-pack") => listing("receive-pack"),
        ("GET", "/acme/gitops.git/info/refs") => listing("upload-pack"),
        _ => missing(),
    }
}

pub fn at(server: &Raw) -> Arc<dyn Forge> {
    with(server, limits())
}

pub fn with(server: &Raw, limits: Limits) -> Arc<dyn Forge> {
    open(&site_of(Provider::Gitea, &server.origin()), CANARY, &Outside::new(None).with_limits(limits))
}

/// The good world, where `special` may answer first.
pub async fn world(special: impl Fn(&Seen) -> Option<Step> + Send + Sync + 'static) -> Raw {
    Raw::start(move |seen| special(seen).unwrap_or_else(|| good(seen))).await
}

static GITEA: Cast = Cast {
    provider: Provider::Gitea,
    open: with,
    ask: |forge, method| Box::pin(ask(forge, method)),
    more: &["read:user", "read:organization", "write:package"],
    decisive: &[
        ("identity", "GET", "/user"),
        ("expiry", "GET", "/user"),
        ("grants", "GET", "/token"),
        ("grants", "GET", "/admin/cron"),
        ("grants", "GET", "/users/octocat/tokens"),
        ("owner", "GET", "/orgs/acme"),
        ("owner", "GET", "/permissions"),
        ("owners", "GET", "/user/orgs"),
        ("repositories", "GET", "/orgs/acme/repos"),
        ("repository", "GET", "/repos/acme/gitops"),
        ("create", "POST", "/orgs/acme/repos"),
        ("read", "GET", "/info/refs"),
        ("write", "GET", "/info/refs"),
        ("write", "GET", "/repos/acme/gitops"),
        ("write", "GET", "/branches/main"),
        ("read:user", "GET", "/user"),
        ("read:organization", "GET", "/user/orgs"),
    ],
    good,
    absent: ("/repos/acme/gitops", missing),
    answers: || wrong_answers_to("Gitea", USER, REPOSITORY),
    excused: |claim| claim.is_not_told(),
    never: None,
};

#[tokio::test]
async fn no_wrong_answer_to_the_decisive_request_yields_a_value() {
    let count = to_decisive_requests(&GITEA).await;
    assert!(count > 800, "{count}");
}

#[tokio::test]
async fn no_wrong_answer_yields_a_value() {
    let count = to_every_request(&GITEA).await;
    assert!(count > 700, "{count}");
}
