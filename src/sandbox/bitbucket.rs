//! Bitbucket Cloud: the REST API below `/2.0`, git beside it.
//!
//! <https://developer.atlassian.com/cloud/bitbucket/rest/>. Only what a client needs to prove an access is here, with
//! Bitbucket's statuses and texts. What is surprising there is so here: two names beside one token, a description of the
//! token on refusals too, scopes that imply nothing, 410 for app passwords at git and for the lists across workspaces.

mod caller;
mod git;
mod keys;
mod reply;
mod repositories;
mod workspaces;

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use self::caller::Caller;
use self::reply::{Outcome, Reply};
use super::Imitation;
use super::http::{self, Query, Received, parameter, random, signed};
use super::server::segments;
use super::world::World;

pub(super) const IMITATION: Imitation = Imitation {
    name: "bitbucket",
    token_kinds: &["api", "repository-access", "project-access", "workspace-access", "app-password"],
    mint,
    answer,
    dress,
};

const API: &str = "/2.0/";

fn mint(kind: &str) -> std::io::Result<String> {
    let bytes = random::<30>()?;
    let prefix = match kind {
        "api" => "ATATT3x",
        "app-password" => "ATBB",
        _ => "ATCTT3x",
    };
    Ok(format!("{prefix}{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)))
}

/// A request to the API, read in full.
struct Call<'a> {
    caller: Caller<'a>,
    path: String,
    query: Query,
    body: Bytes,
}

impl<'a> Call<'a> {
    fn world(&self) -> &'a World {
        self.caller.world
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        parameter(&self.query, name)
    }

    fn page(&self, rows: Vec<Value>) -> Reply {
        Reply::page(rows, &format!("{}{}", self.world().host, self.path), &self.query)
    }
}

fn answer(world: Arc<World>, request: Request) -> BoxFuture<'static, Response> {
    async move {
        if request.uri().path().starts_with(API) {
            api(&world, request).await
        } else {
            git::answer(&world, request).await
        }
    }
    .boxed()
}

async fn api(world: &World, request: Request) -> Response {
    let caller = match Caller::of(world, request.headers()) {
        Ok(caller) => caller,
        Err(refusal) => return refusal.into(),
    };
    let Some(Received { method, path, query, body }) = Received::of(request).await else {
        return Reply::error(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large").into();
    };
    let below = path.strip_prefix(API).and_then(|below| segments(&format!("/{below}"))).unwrap_or_default();
    let below: Vec<_> = below.iter().map(String::as_str).collect();
    let login = caller.account().map(|account| account.login.to_string());
    let told = caller.description();
    let call = Call { caller, path, query, body };
    let mut response: Response = route(&call, &method, &below).await.unwrap_or_else(|refusal| refusal).into();
    // The token is described whatever the answer is.
    for (name, value) in told {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    signed(response, login.as_deref())
}

async fn route(call: &Call<'_>, method: &Method, path: &[&str]) -> Outcome {
    match (method.as_str(), path) {
        ("GET", ["workspaces" | "repositories"] | ["pullrequests", ..] | ["user", "permissions", ..]) => Err(gone()),
        ("GET", ["user"]) => user(call),
        ("GET", ["user", "workspaces", rest @ ..]) => workspaces::of_user(call, rest),
        ("GET", ["workspaces", name, rest @ ..]) => workspaces::route(call, name, rest),
        ("GET", ["repositories", workspace]) => repositories::of_workspace(call, workspace).await,
        ("GET", ["repositories", workspace, slug, "deploy-keys"]) => keys::of_repository(call, workspace, slug),
        ("POST", ["repositories", workspace, slug, "deploy-keys"]) => keys::add_to_repository(call, workspace, slug),
        ("DELETE", ["repositories", workspace, slug, "deploy-keys", id]) => {
            keys::remove_from_repository(call, workspace, slug, id)
        }
        ("POST", ["repositories", workspace, slug, "src"]) => repositories::commit(call, workspace, slug).await,
        ("GET", ["repositories", workspace, slug, rest @ ..]) => repositories::route(call, workspace, slug, rest).await,
        ("POST", ["repositories", workspace, slug]) => repositories::create(call, workspace, slug).await,
        ("GET", ["users", id, "ssh-keys"]) => keys::of_account(call, id),
        ("POST", ["users", id, "ssh-keys"]) => keys::add_to_account(call, id),
        ("DELETE", ["users", id, "ssh-keys", key]) => keys::remove_from_account(call, id, key),
        _ => {
            call.caller.signed_in()?;
            Err(Reply::error(StatusCode::NOT_FOUND, "Resource not found"))
        }
    }
}

/// The lists across workspaces, since 2026-04-14.
fn gone() -> Reply {
    Reply::error(StatusCode::GONE, "CHANGE-2770 - Functionality has been deprecated")
}

fn user(call: &Call<'_>) -> Outcome {
    let (account, _) = call.caller.as_user()?;
    call.caller.needs("account", "read:user:bitbucket")?;
    Ok(Reply::ok(&json!({
        "type": "user", "uuid": uuid(call.world(), &account.login), "account_id": format!("5b{}", call.world().owner_id(&account.login)),
        "username": &*account.login, "nickname": account.name.as_deref().unwrap_or(&account.login),
        "display_name": account.name, "account_status": "active", "is_staff": false,
    })))
}

/// The lasting id of an account or a workspace.
fn uuid(world: &World, login: &str) -> String {
    numbered(u64::try_from(world.owner_id(login)).unwrap_or_default())
}

fn numbered(number: u64) -> String {
    format!("{{5a4db0c5-0000-4000-8000-{number:012x}}}")
}

/// The headers of every response.
fn dress(world: &World, path: &str, response: &mut Response<Body>) {
    if !path.starts_with(API) {
        return;
    }
    let id = format!("sandbox{}", world.number());
    for (name, value) in [("x-request-id", id.as_str()), ("x-dc-location", "Micros-3"), ("x-request-count", "1")] {
        http::add(response, name, value);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_kind_of_token_has_its_prefix() {
        for (kind, prefix) in [
            ("api", "ATATT3x"),
            ("repository-access", "ATCTT3x"),
            ("workspace-access", "ATCTT3x"),
            ("app-password", "ATBB"),
        ] {
            assert!(super::mint(kind).unwrap().starts_with(prefix), "{kind}");
        }
    }
}
