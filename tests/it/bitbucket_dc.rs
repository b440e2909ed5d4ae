//! Bitbucket Data Center: the client against servers that answer as the real one does, and the program against the
//! sandbox.

mod keys;
mod proof;
mod recorded;
mod setting_up;
mod told;

use std::sync::Arc;

use git_access::fact::{OwnerPath, Place};
use git_access::forge::{Forge, Limits, Outside};
use git_access::provider::Provider;

use crate::forges::{limits, open, site_of};
use crate::support::raw::{Raw, Seen, Step, listing};

/// A token that must turn up nowhere but at its own origin.
pub const CANARY: &str = "BBDC-Y2FuYXJ5Y2FuYXJ5OmNhbmFyeWNhbmFyeWNhbmFyeWNh";

pub const PROJECT: &str = r#"{"key":"ACME","id":7,"name":"Acme","public":false,"type":"NORMAL"}"#;
pub const REPOSITORY: &str = r#"{"slug":"gitops","id":3,"name":"gitops","scmId":"git","state":"AVAILABLE","public":false,"archived":false,"project":{"key":"ACME","id":7,"name":"Acme","public":false,"type":"NORMAL"}}"#;
pub const PERMITTED: &str = r#"{"user":{"name":"octocat"},"permission":"PROJECT_ADMIN"}"#;
/// The only token of its user.
pub const TOKEN: &str = r#"{"id":"848894838086","createdDate":1672997457717,"expiryDate":1801440000000,"name":"t","permissions":["PROJECT_READ","REPO_WRITE"]}"#;

pub fn page(rows: &[&str]) -> String {
    let (size, values) = (rows.len(), rows.join(","));
    format!(r#"{{"size":{size},"limit":100,"isLastPage":true,"values":[{values}],"start":0,"nextPageStart":null}}"#)
}

/// An answer to somebody who is signed in.
pub fn answer(status: u16, body: impl AsRef<[u8]>) -> Step {
    answer_to("octocat", status, body)
}

pub fn answer_to(name: &str, status: u16, body: impl AsRef<[u8]>) -> Step {
    let headers = [
        ("Content-Type", "application/json;charset=UTF-8"),
        ("X-AREQUESTID", "@1JRK3O7x841x583859x0"),
        ("X-AUSERID", "42"),
        ("X-AUSERNAME", name),
    ];
    Step::answer(status, &headers, body)
}

/// An answer to nobody.
pub fn unsigned(status: u16, body: impl AsRef<[u8]>) -> Step {
    Step::answer(status, &[("Content-Type", "application/json;charset=UTF-8")], body)
}

pub fn error(exception: &str, message: &str) -> String {
    format!(r#"{{"errors":[{{"context":null,"message":"{message}","exceptionName":"com.atlassian.{exception}"}}]}}"#)
}

pub const NOT_PERMITTED: (&str, &str) =
    ("bitbucket.AuthorisationException", "You are not permitted to access this resource");

pub fn not_permitted() -> Step {
    answer(401, error(NOT_PERMITTED.0, NOT_PERMITTED.1))
}

pub fn missing() -> Step {
    answer(404, error("bitbucket.repository.NoSuchRepositoryException", "Repository ACME/gitops does not exist."))
}

/// A world with a project, its repository and an administrator of both who has one token.
pub fn good(seen: &Seen) -> Step {
    let target = seen.target.split('?').next().unwrap_or_default();
    match (seen.method.as_str(), target) {
        ("GET", "/rest/api/1.0/application-properties") => {
            unsigned(200, r#"{"version":"9.4.2","buildNumber":"9004002","buildDate":"1","displayName":"Bitbucket"}"#)
        }
        ("GET", "/rest/api/1.0/projects") => answer(200, page(&[PROJECT])),
        ("GET", "/rest/api/1.0/projects/ACME") => answer(200, PROJECT),
        ("GET", target) if target.ends_with("/permissions/users") => answer(200, page(&[PERMITTED])),
        ("GET", "/rest/api/1.0/projects/ACME/repos" | "/rest/api/1.0/repos") => answer(200, page(&[REPOSITORY])),
        ("GET", "/rest/api/1.0/projects/ACME/repos/gitops") => answer(200, REPOSITORY),
        ("GET", "/rest/access-tokens/latest/users/octocat") => answer(200, page(&[TOKEN])),
        ("GET", "/scm/acme/gitops.git/info/refs") if seen.target.ends_with("receive-pack") => listing("receive-pack"),
        ("GET", "/scm/acme/gitops.git/info/refs") => listing("upload-pack"),
        _ => missing(),
    }
}

/// The good world, where `special` may answer first.
pub async fn world(special: impl Fn(&Seen) -> Option<Step> + Send + Sync + 'static) -> Raw {
    Raw::start(move |seen| special(seen).unwrap_or_else(|| good(seen))).await
}

pub fn at(server: &Raw) -> Arc<dyn Forge> {
    with(server, limits())
}

pub fn with(server: &Raw, limits: Limits) -> Arc<dyn Forge> {
    open(&site_of(Provider::BitbucketDc, &server.origin()), CANARY, &Outside::new(None).with_limits(limits))
}

pub fn project(name: &str) -> OwnerPath {
    OwnerPath { owner: name.into(), project: None }
}

pub fn gitops() -> Place {
    Place { owner: project("ACME"), name: "gitops".into() }
}
