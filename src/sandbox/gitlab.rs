//! GitLab: the REST API below `/api/v4`, git beside it.
//!
//! <https://docs.gitlab.com/api/rest/>. Only what a client needs to prove an access is here, with GitLab's statuses and
//! texts. One lie of the real one is imitated on purpose: who asks to push to a project that does not exist, creates it.

mod caller;
mod git;
mod groups;
mod keys;
mod projects;
mod reply;
mod tokens;

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use self::caller::Caller;
use self::reply::{Outcome, Reply};
use super::Imitation;
use super::http::{self, Query, Received, parameter, random, signed};
use super::scenario::AccountKind;
use super::server::segments;
use super::world::World;

pub(super) const IMITATION: Imitation = Imitation {
    name: "gitlab",
    token_kinds: &["personal", "project", "group", "service-account", FINE_GRAINED],
    mint,
    answer,
    dress,
};

const FINE_GRAINED: &str = "fine-grained";
const API: &str = "/api/v4";

/// All kinds look alike: `glpat-` and twenty characters.
fn mint(_kind: &str) -> std::io::Result<String> {
    let bytes = random::<15>()?;
    Ok(format!("glpat-{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)))
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
        if request.uri().path().starts_with("/api/") {
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
        Err(refusal) => {
            tokens::detect_reuse(world, request.uri().path(), request.headers());
            return refusal.into();
        }
    };
    let Some(Received { method, path, query, body }) = Received::of(request).await else {
        return Reply::error(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large").into();
    };
    let below = segments(path.strip_prefix(API).unwrap_or("/")).unwrap_or_default();
    let below: Vec<_> = below.iter().map(String::as_str).collect();
    let login = caller.account().map(|account| account.login.to_string());
    let call = Call { caller, path, query, body };
    let reply = route(&call, &method, &below).await.unwrap_or_else(|refusal| refusal);
    signed(reply.into(), login.as_deref())
}

async fn route(call: &Call<'_>, method: &Method, path: &[&str]) -> Outcome {
    match (method.as_str(), path) {
        ("GET", ["version" | "metadata"]) => {
            call.caller.needs("read_user", "metadata", "Metadata: Read")?;
            Ok(Reply::ok(json!({"version": "18.11.2-ee", "revision": "5a4bb5c", "enterprise": true})))
        }
        ("GET", ["personal_access_tokens", "self"]) => tokens::own(call),
        ("DELETE", ["personal_access_tokens", "self"]) => tokens::revoke(call),
        ("POST", ["personal_access_tokens", "self", "rotate"]) => tokens::rotate(call),
        ("POST", ["projects" | "groups", _, "access_tokens", "self", "rotate"]) if call.caller.is_bot() => {
            tokens::rotate(call)
        }
        ("GET", ["user"]) => {
            call.caller.needs("read_user", "user", "User: Read")?;
            let (account, _) = call.caller.signed_in()?;
            Ok(Reply::ok(user(call.world(), &account.login)))
        }
        ("GET", ["users"]) => {
            call.caller.needs("read_user", "user", "User: Read")?;
            let named = call.parameter("username").and_then(|name| call.world().account(name));
            Ok(call.page(named.into_iter().map(|it| user(call.world(), &it.login)).collect()))
        }
        ("GET", ["users", name, "projects"]) => projects::of_owner(call, name),
        ("GET", ["groups"]) => groups::mine(call),
        ("GET", ["groups", rest @ ..]) => groups::route(call, rest),
        ("GET", ["user", "keys"]) => keys::mine(call),
        ("POST", ["user", "keys"]) => keys::add_mine(call),
        ("POST", ["projects"]) => projects::create(call).await,
        ("POST", ["projects", name, "deploy_keys"]) => keys::add_to_project(call, name),
        ("DELETE", ["projects", name, "deploy_keys", id]) => keys::remove_from_project(call, name, id),
        ("DELETE", ["user", "keys", id]) => keys::remove_mine(call, id),
        ("GET", ["projects", rest @ ..]) => projects::route(call, rest),
        _ => {
            call.caller.signed_in()?;
            Err(Reply::error(StatusCode::NOT_FOUND, "404 Not Found"))
        }
    }
}

fn user(world: &World, login: &str) -> Value {
    let account = world.account(login);
    let bot = account.is_some_and(|account| account.kind == AccountKind::Bot);
    json!({
        "id": world.owner_id(login), "username": login, "name": account.and_then(|it| it.name.clone()),
        "state": "active", "locked": false, "bot": bot, "web_url": format!("{}/{login}", world.host),
        "email": account.and_then(|it| it.email.clone()), "can_create_project": !bot, "external": false,
    })
}

/// The headers of every response.
fn dress(world: &World, _path: &str, response: &mut Response<Body>) {
    let id = format!("01SANDBOX{}", world.number());
    let meta = format!("{{\"correlation_id\":\"{id}\",\"version\":\"1\"}}");
    for (name, value) in [("x-request-id", id), ("x-gitlab-meta", meta)] {
        http::add(response, name, &value);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_kind_of_token_looks_the_same() {
        for kind in super::IMITATION.token_kinds {
            let token = super::mint(kind).unwrap();
            assert_eq!((token.len(), token.starts_with("glpat-")), (26, true), "{kind}");
        }
    }
}
