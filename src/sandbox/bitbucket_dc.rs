//! Bitbucket Data Center: the main API below `/rest/api/1.0`, those of keys and tokens beside it, git below `/scm`.
//!
//! Shapes, statuses and texts are those of <https://developer.atlassian.com/server/bitbucket/rest/v906/> and, where it is
//! silent, of answers that others recorded (sourcegraph/sourcegraph-public-snapshot, `bitbucketserver` test data;
//! pingdotgg/t3code, Data Center 9.4; volck/raven, version 8; read on 2026-11-21). Its particularities are kept: no
//! endpoint for oneself but a header, 401 for whatever is not permitted, a project or repository token that has no user.

mod caller;
mod git;
mod keys;
mod projects;
mod reply;
mod repositories;

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::response::Response;
use base64::Engine as _;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use self::caller::Caller;
use self::reply::{Outcome, Reply};
use super::Imitation;
use super::http::{Query, Received, parameter, random};
use super::server::{SignedIn, segments};
use super::world::World;

pub(super) const IMITATION: Imitation = Imitation {
    name: "bitbucket-dc",
    token_kinds: &["user-access", "project-access", "repository-access"],
    mint,
    answer,
    dress,
};

/// A mark, and the base64 of a number of twelve digits, a colon and random bytes.
fn mint(_kind: &str) -> io::Result<String> {
    let bytes = random::<32>()?;
    let (number, secret) = bytes.split_at(12);
    let mut inside: Vec<u8> = number.iter().map(|byte| b'0' + byte % 10).collect();
    inside.push(b':');
    inside.extend_from_slice(secret);
    Ok(format!("BBDC-{}", base64::engine::general_purpose::STANDARD.encode(inside)))
}

/// A request to one of the APIs, read in full.
struct Call<'a> {
    caller: Caller<'a>,
    method: Method,
    query: Query,
    body: Bytes,
}

impl<'a> Call<'a> {
    fn world(&self) -> &'a World {
        self.caller.world
    }

    /// A part of the query.
    fn asked(&self, name: &str) -> Option<&str> {
        parameter(&self.query, name)
    }

    fn page(&self, rows: Vec<Value>) -> Reply {
        let number = |name: &str| self.asked(name).and_then(|value| value.parse().ok());
        Reply::page(rows, number("start").unwrap_or(0), number("limit").unwrap_or(25))
    }

    fn object(&self) -> Result<Value, Reply> {
        serde_json::from_slice(&self.body)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| Reply::invalid("The body is no JSON."))
    }
}

fn answer(world: Arc<World>, request: Request) -> BoxFuture<'static, Response> {
    async move {
        if request.uri().path().starts_with("/rest/") {
            api(&world, request).await
        } else {
            git::answer(&world, request).await
        }
    }
    .boxed()
}

async fn api(world: &World, request: Request) -> Response {
    let Ok(caller) = Caller::of(world, request.headers()) else { return Reply::unknown().into() };
    let Some(Received { method, path, query, body }) = Received::of(request).await else {
        return Reply::invalid("The body is too large.").into();
    };
    let path = segments(&path).unwrap_or_default();
    let path: Vec<_> = path.iter().map(String::as_str).collect();
    let call = Call { caller, method, query, body };
    let mut response: Response = route(&call, &path).await.unwrap_or_else(|refusal| refusal).into();
    name_the_caller(&call.caller, &mut response);
    response
}

/// Every answer says who is signed in.
fn name_the_caller(caller: &Caller, response: &mut Response) {
    let Some(name) = caller.name() else { return };
    let encoded: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let headers = [("x-ausername", encoded), ("x-auserid", caller.number().to_string())];
    for (header, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(header), value);
        }
    }
    response.extensions_mut().insert(SignedIn(name));
}

async fn route(call: &Call<'_>, path: &[&str]) -> Outcome {
    match (call.method.as_str(), path) {
        ("GET", ["rest", "api", "1.0", "application-properties"]) => Ok(properties(call)),
        ("GET", ["rest", "api", "1.0", "projects"]) => projects::list(call),
        ("GET", ["rest", "api", "1.0", "projects", key]) => projects::one(call, key),
        ("GET", ["rest", "api", "1.0", "projects", key, "permissions", "users"]) => projects::permissions(call, key),
        ("GET", ["rest", "api", "1.0", "projects", key, "repos"]) => repositories::of_project(call, key),
        ("POST", ["rest", "api", "1.0", "projects", key, "repos"]) => repositories::create(call, key).await,
        ("GET", ["rest", "api", "1.0", "projects", key, "repos", slug]) => repositories::one(call, key, slug),
        ("GET", ["rest", "api", "1.0", "projects", key, "repos", slug, "permissions", "users"]) => {
            repositories::permissions(call, key, slug)
        }
        ("GET", ["rest", "api", "1.0", "repos"]) => repositories::search(call),
        ("GET", ["rest", "access-tokens", "latest", "users", slug]) => projects::tokens(call, slug),
        (_, ["rest", "keys", "1.0", "projects", key, "repos", slug, "ssh"]) => keys::of_repository(call, key, slug),
        ("DELETE", ["rest", "keys", "1.0", "projects", key, "repos", slug, "ssh", id]) => {
            keys::remove_from_repository(call, key, slug, id)
        }
        (_, ["rest", "ssh", "1.0", "keys"]) => keys::of_account(call),
        _ => Err(Reply::no_such_address()),
    }
}

/// Open to everybody.
fn properties(call: &Call) -> Reply {
    let version = call.world().program.as_ref().map_or("9.4.2", |program| &*program.version);
    Reply::ok(json!({
        "version": version, "buildNumber": "9004002", "buildDate": "1738713600000", "displayName": "Bitbucket",
    }))
}

/// The headers of every response.
fn dress(world: &World, _path: &str, response: &mut Response<Body>) {
    let id = format!("@1JRK3O7x841x{}x0", world.number());
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HeaderName::from_static("x-arequestid"), id);
    }
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
}
