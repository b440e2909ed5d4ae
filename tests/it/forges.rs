//! Forges against servers that misbehave, lie, or answer as the real ones do.

mod broken;
mod keys;
mod latency;
pub mod proof;
pub mod recorded;
mod redirects;
mod repeats;
mod secured;
mod told;

use std::sync::Arc;
use std::time::Duration;

use git_access::fact::{Fault, OwnerPath, Place, Service, Site, Visibility};
use git_access::forge::{Forge, Limits, NewRepository, Outside, connect};
use git_access::provider::{Host, Provider};
use git_access::secret::Secret;

use crate::support::raw::Raw;

/// A token that must turn up nowhere but at its own origin.
pub const CANARY: &str = "ghp_CANARYcanaryCANARYcanaryCANARYcanary00";
pub const FINE_CANARY: &str = "github_pat_CANARYcanaryCANARYcanary_CANARYcanaryCANARY";

pub fn site(host: &str) -> Site {
    site_of(Provider::GitHub, host)
}

pub fn site_of(provider: Provider, host: &str) -> Site {
    let host = Host::parse(host).unwrap();
    let api = provider.rules().api(&host);
    Site { provider, host, api, ca_file: None, client_cert: None }
}

/// Short enough for tests, and long enough for a busy machine where nothing is to go wrong.
pub fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(5),
        total: Duration::from_secs(10),
        patience: Duration::from_secs(5),
        pause: Duration::from_millis(2),
    }
}

pub fn impatient() -> Limits {
    Limits { total: Duration::from_millis(400), ..limits() }
}

pub fn open(site: &Site, token: &str, outside: &Outside) -> Arc<dyn Forge> {
    connect(site, Some(&Secret::parse(token).unwrap()), None, outside).unwrap()
}

/// The forge that `server` plays, asked with the canary.
pub fn at(server: &Raw) -> Arc<dyn Forge> {
    with(server, CANARY, limits())
}

pub fn with(server: &Raw, token: &str, limits: Limits) -> Arc<dyn Forge> {
    open(&site(&server.origin()), token, &Outside::new(None).with_limits(limits))
}

pub fn acme() -> OwnerPath {
    OwnerPath { owner: "acme".into(), project: None }
}

pub fn gitops() -> Place {
    Place { owner: acme(), name: "gitops".into() }
}

/// Every method, by name, with its value as text.
pub async fn ask(forge: &dyn Forge, method: &str) -> Result<String, Fault> {
    ask_about(forge, method, &gitops()).await
}

pub async fn ask_about(forge: &dyn Forge, method: &str, place: &Place) -> Result<String, Fault> {
    fn text<T: std::fmt::Debug>(outcome: Result<T, Fault>) -> Result<String, Fault> {
        outcome.map(|value| format!("{value:?}"))
    }
    let new =
        NewRepository { place: place.clone(), visibility: Visibility::Private, readme: false, in_organisation: true };
    match method {
        "server" => text(forge.server().await),
        "identity" => text(forge.identity().await),
        "grants" => text(forge.grants().await),
        "expiry" => text(forge.expiry().await),
        "owner" => text(forge.owner(&place.owner).await),
        "owners" => text(forge.owners().await),
        "repositories" => text(forge.repositories(&place.owner).await),
        "repository" => text(forge.repository(place).await),
        "read" => text(forge.refs(place, Service::Read, "octocat").await),
        "write" => text(forge.refs(place, Service::Write, "octocat").await),
        "create" => text(forge.create(&new).await),
        scope => text(forge.right(place, scope, true).await),
    }
}

pub const USER: &str = r#"{"login":"octocat","id":1,"type":"User"}"#;
pub const ORGANISATION: &str =
    r#"{"login":"acme","id":2,"type":"Organization","members_can_create_repositories":true}"#;
pub const MEMBERSHIP: &str = r#"{"state":"active","role":"member","organization":{"login":"acme","id":2}}"#;
pub const REPOSITORY: &str = r#"{"id":3,"name":"gitops","full_name":"acme/gitops","private":true,"owner":{"login":"acme","id":2,"type":"Organization"},"default_branch":"main","permissions":{"admin":false,"push":true,"pull":true},"archived":false}"#;
pub const NOT_FOUND: &str =
    r#"{"message":"Not Found","documentation_url":"https://docs.github.com/rest","status":"404"}"#;
