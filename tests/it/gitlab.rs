//! GitLab: the contract of a forge, its traps, its recorded answers, and the main job from end to end.

mod proof;
mod recorded;
mod setup;
mod told;

use std::sync::Arc;

use git_access::forge::{Forge, Limits, Outside};
use git_access::provider::Provider;

use crate::forges::{limits, open, site_of};
use crate::support::raw::{Raw, Seen, Step};

pub const TOKEN: &str = "glpat-CANARYcanaryCANARYxx";
pub const USER: &str = r#"{"id":7,"username":"octocat","name":"O","state":"active","bot":false}"#;
pub const GROUP: &str = r#"{"id":2,"path":"acme","full_path":"acme","visibility":"private","project_creation_level":"maintainer","marked_for_deletion_on":null}"#;
pub const MEMBER: &str =
    r#"{"id":7,"username":"octocat","state":"active","access_level":50,"membership_state":"active"}"#;
pub const PROJECT: &str = r#"{"id":3,"name":"gitops","path":"gitops","path_with_namespace":"acme/gitops","namespace":{"id":2,"full_path":"acme"},"visibility":"private","default_branch":"main","archived":false,"permissions":{"project_access":null,"group_access":{"access_level":50}}}"#;
pub const NO_PROJECT: &str = r#"{"message":"404 Project Not Found"}"#;

pub fn token(scopes: &str, expires: &str) -> String {
    let granular = scopes == "\"granular\"";
    format!(
        r#"{{"id":1,"name":"t","revoked":false,"scopes":[{scopes}],"user_id":7,"active":true,"expires_at":{expires},"granular":{granular}}}"#
    )
}

pub fn json(status: u16, body: impl AsRef<[u8]>) -> Step {
    let headers = [("Content-Type", "application/json"), ("X-Gitlab-Meta", r#"{"version":"1"}"#)];
    Step::answer(status, &headers, body)
}

/// A world with a group, its project and its Owner.
pub fn good(seen: &Seen) -> Step {
    let target = seen.target.split('?').next().unwrap_or_default();
    match (seen.method.as_str(), target.trim_start_matches("/api/v4")) {
        ("GET", "/version") => json(401, r#"{"message":"401 Unauthorized"}"#),
        ("GET", "/personal_access_tokens/self") => json(200, token("\"api\"", "\"2027-02-01\"")),
        ("GET", "/user") => json(200, USER),
        ("GET", "/groups/acme" | "/groups/2") => json(200, GROUP),
        ("GET", "/groups/2/members/all/7") => json(200, MEMBER),
        ("GET", "/projects/acme%2Fgitops") => json(200, PROJECT),
        _ => json(404, NO_PROJECT),
    }
}

/// The same world, where `special` answers first.
pub async fn world(special: impl Fn(&Seen) -> Option<Step> + Send + Sync + 'static) -> Raw {
    Raw::start(move |seen| special(seen).unwrap_or_else(|| good(seen))).await
}

pub fn at(server: &Raw) -> Arc<dyn Forge> {
    with(server, limits())
}

pub fn with(server: &Raw, limits: Limits) -> Arc<dyn Forge> {
    open(&site_of(Provider::GitLab, &server.origin()), TOKEN, &Outside::new(None).with_limits(limits))
}
