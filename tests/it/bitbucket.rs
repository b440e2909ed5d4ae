//! Bitbucket Cloud: the contract of a forge, its traps, its recorded answers, and the main job from end to end.

mod creating;
mod keys;
mod played;
mod proof;
mod recorded;
mod setup;
mod told;

use std::sync::Arc;

use git_access::fact::Site;
use git_access::forge::{Forge, Outside, connect};
use git_access::provider::Provider;
use git_access::secret::Secret;

use crate::forges::{limits, site_of};
use crate::support::raw::{Raw, Seen, Step, listing};

/// An API token of a user, an access token, and one whose text tells nothing.
pub const API_TOKEN: &str = "ATATT3xCANARYcanaryCANARYcanaryCANARY";
pub const ACCESS_TOKEN: &str = "ATCTT3xCANARYcanaryCANARYcanaryCANARY";
pub const TOKEN: &str = "CANARYcanaryCANARYcanaryCANARYcanary";
pub const EMAIL: &str = "o@acme.example";

pub const USER: &str = r#"{"type":"user","uuid":"{4b85b785-1433-4092-8512-20302f4a03be}","account_id":"5b1","username":"octocat","nickname":"Octo Cat","display_name":"Octo Cat"}"#;
pub const WORKSPACE: &str =
    r#"{"type":"workspace","uuid":"{a862a17c-1726-47a2-bcd1-d9b37313b350}","slug":"acme","name":"Acme"}"#;
pub const PROJECTS: &str = r#"{"pagelen":100,"values":[{"type":"project","uuid":"{2}","key":"CORE","created_on":"2022-03-17T11:18:32.035547+00:00"},{"type":"project","uuid":"{3}","key":"PLAT","created_on":"2019-03-17T11:18:32.035547+00:00"}]}"#;
pub const REPOSITORY: &str = r#"{"type":"repository","uuid":"{f46afc56-15a7-4579-9429-1b9329ad4c09}","full_name":"acme/gitops","slug":"gitops","name":"GitOps","scm":"git","is_private":true,"size":0,"mainbranch":null,"project":{"type":"project","key":"PLAT"},"workspace":{"slug":"acme","uuid":"{a862a17c-1726-47a2-bcd1-d9b37313b350}"},"updated_on":"2026-03-17T11:18:32.485296+00:00"}"#;
pub const MECHANISM: &str =
    r#"{"type":"error","error":{"message":"This API is not accessible by this authentication mechanism"}}"#;
pub const LACKS: &str = r#"{"type":"error","error":{"message":"Your credentials lack one or more required privilege scopes.","detail":{"required":["read:user:bitbucket"],"granted":["read:repository:bitbucket"]}}}"#;
pub const INVALID: &str =
    r#"{"type":"error","error":{"message":"Token is invalid, expired, or not supported for this endpoint."}}"#;

pub fn json(status: u16, body: impl AsRef<[u8]>) -> Step {
    Step::answer(status, &[("Content-Type", "application/json; charset=utf-8")], body)
}

/// An answer that describes the token: kind and scopes.
pub fn described(status: u16, kind: &str, scopes: &str, body: impl AsRef<[u8]>) -> Step {
    let headers = [("Content-Type", "application/json"), ("X-Credential-Type", kind), ("X-OAuth-Scopes", scopes)];
    Step::answer(status, &headers, body)
}

pub fn error(status: u16, message: &str) -> Step {
    json(status, format!(r#"{{"type":"error","error":{{"message":"{message}"}}}}"#))
}

pub fn list(rows: &str) -> String {
    format!(r#"{{"pagelen":100,"values":[{rows}]}}"#)
}

/// A world with a workspace, its repository and its owner.
pub fn good(seen: &Seen) -> Step {
    let target = seen.target.split('?').next().unwrap_or_default();
    match (seen.method.as_str(), target.trim_start_matches("/2.0")) {
        ("GET", "/user") if !seen.head.contains("authorization: ") => json(401, INVALID),
        ("GET", "/user") => described(200, "api_token", "read:repository:bitbucket, write:repository:bitbucket", USER),
        ("GET", "/workspaces/acme") => json(200, WORKSPACE),
        ("GET", "/user/workspaces/acme/permission") => {
            json(200, r#"{"type":"workspace_membership","permission":"owner"}"#)
        }
        ("GET", "/workspaces/acme/projects") => json(200, PROJECTS),
        ("GET", "/repositories/acme/gitops") => json(200, REPOSITORY),
        ("GET", "/user/workspaces/acme/permissions/repositories") => json(
            200,
            list(r#"{"type":"repository_permission","permission":"write","repository":{"full_name":"acme/gitops"}}"#),
        ),
        ("GET", "/acme/gitops.git/info/refs") if seen.target.ends_with("git-receive-pack") => listing("receive-pack"),
        ("GET", "/acme/gitops.git/info/refs") => listing("upload-pack"),
        _ => error(404, "Resource not found"),
    }
}

/// The same world, where `special` answers first.
pub async fn world(special: impl Fn(&Seen) -> Option<Step> + Send + Sync + 'static) -> Raw {
    Raw::start(move |seen| special(seen).unwrap_or_else(|| good(seen))).await
}

pub fn site(server: &Raw) -> Site {
    site_of(Provider::Bitbucket, &server.origin())
}

pub fn as_user(server: &Raw, token: &str, user: Option<&str>) -> Arc<dyn Forge> {
    let outside = Outside::new(None).with_limits(limits());
    connect(&site(server), Some(&Secret::parse(token).unwrap()), user, &outside).unwrap()
}

/// With an API token and its e-mail address.
pub fn at(server: &Raw) -> Arc<dyn Forge> {
    as_user(server, API_TOKEN, Some(EMAIL))
}
