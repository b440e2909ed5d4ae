//! Azure DevOps: the contract of a forge, its traps and lies, its recorded answers, and the main job from end to end.

mod proof;
mod recorded;
mod refusals;
mod setup;
mod told;

use std::sync::Arc;

use git_access::fact::{OwnerPath, Place, Site};
use git_access::forge::{Forge, Limits, Outside};
use git_access::provider::{Host, Provider};

use crate::forges::{limits, open};
use crate::support::raw::{Raw, Seen, Step, listing};

/// A token that must turn up nowhere but at its own origins.
pub const TOKEN: &str = "ca0ary7ca0ary7ca0ary7ca0ary7ca0ary7ca0ary7ca0ary7abc";
pub const CONNECTION: &str = r#"{"authenticatedUser":{"id":"00000001-0000-4000-8000-000000000001","descriptor":"Microsoft.IdentityModel.Claims.ClaimsIdentity;00000004-0000-4000-8000-000000000001\\octocat@acme.example","providerDisplayName":"Octo Cat","isActive":true,"properties":{"Account":{"$type":"System.String","$value":"octocat@acme.example"}}},"instanceId":"00000003-0000-4000-8000-000000000001","deploymentType":"hosted"}"#;
pub const PROJECT: &str =
    r#"{"id":"00000002-0000-4000-8000-000000000001","name":"platform","state":"wellFormed","visibility":"private"}"#;
pub const REALM: (&str, &str) = ("WWW-Authenticate", "Basic realm=\"https://tfsprodweu1.visualstudio.com/\"");

pub fn repository(name: &str, more: &str) -> String {
    format!(
        r#"{{"id":"00000007-0000-4000-8000-000000000001","name":"{name}","project":{PROJECT},"size":0,"remoteUrl":"https://acme@dev.azure.com/acme/platform/_git/{name}"{more}}}"#
    )
}

pub fn list(rows: &[String]) -> String {
    format!(r#"{{"count":{},"value":[{}]}}"#, rows.len(), rows.join(","))
}

pub fn with_headers(status: u16, kind: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Step {
    let all: Vec<_> = [("Content-Type", kind), ("X-VSS-E2EID", "e2e-1")].into_iter().chain(headers.to_vec()).collect();
    Step::answer(status, &all, body)
}

pub fn json(status: u16, body: impl AsRef<[u8]>) -> Step {
    with_headers(status, "application/json; charset=utf-8; api-version=7.1", &[], body)
}

pub fn refusal(status: u16, key: &str, message: &str) -> Step {
    json(status, format!("\u{feff}{{\"$id\":\"1\",\"message\":\"{message}\",\"typeKey\":\"{key}\",\"eventId\":3000}}"))
}

/// A 401 without a word.
pub fn silent() -> Step {
    Step::answer(401, &[REALM, ("X-VSS-E2EID", "e2e-1")], "")
}

pub fn page_not_found() -> Step {
    with_headers(
        404,
        "text/html; charset=utf-8",
        &[],
        "<!DOCTYPE html><title>Azure DevOps Services</title>Page not found",
    )
}

pub fn no_repository() -> Step {
    refusal(
        404,
        "GitRepositoryNotFoundException",
        "TF401019: The Git repository with name or identifier gitops does not exist or you do not have permissions for the operation you are attempting.",
    )
}

/// A world with an organisation, its project and its repository.
pub fn good(seen: &Seen) -> Step {
    let path = seen.target.split('?').next().unwrap_or_default();
    match (seen.method.as_str(), path.strip_prefix("/acme").unwrap_or(path)) {
        ("GET", "/_apis/connectionData") => json(200, CONNECTION),
        ("GET", "/_apis/projects") => json(200, list(&[PROJECT.to_owned()])),
        ("GET", "/_apis/projects/platform") => json(200, PROJECT),
        ("GET", "/platform/_apis/git/repositories") => json(200, list(&[repository("gitops", "")])),
        ("GET", "/platform/_apis/git/repositories/gitops") => json(200, repository("gitops", "")),
        ("GET", path) if path.starts_with("/_apis/permissions/") => json(200, r#"{"count":1,"value":[true]}"#),
        ("GET", "/platform/_git/gitops/info/refs") if seen.target.ends_with("git-receive-pack") => {
            listing("receive-pack")
        }
        ("GET", "/platform/_git/gitops/info/refs") => listing("upload-pack"),
        ("GET", path) if path.starts_with("/_apis/profile/") => silent(),
        _ => page_not_found(),
    }
}

/// The same world, where `special` answers first.
pub async fn world(special: impl Fn(&Seen) -> Option<Step> + Send + Sync + 'static) -> Raw {
    Raw::start(move |seen| special(seen).unwrap_or_else(|| good(seen))).await
}

pub fn site(host: &str) -> Site {
    let host = Host::parse(host).unwrap();
    let api = Provider::AzureDevops.api(&host, None, Some("acme"));
    Site { provider: Provider::AzureDevops, host, api, ca_file: None, client_cert: None }
}

pub fn at(server: &Raw) -> Arc<dyn Forge> {
    with(server, TOKEN, limits())
}

pub fn with(server: &Raw, token: &str, limits: Limits) -> Arc<dyn Forge> {
    open(&site(&server.origin()), token, &Outside::new(None).with_limits(limits))
}

pub fn owner() -> OwnerPath {
    OwnerPath { owner: "acme".into(), project: Some("platform".into()) }
}

pub fn place() -> Place {
    Place { owner: owner(), name: "gitops".into() }
}
