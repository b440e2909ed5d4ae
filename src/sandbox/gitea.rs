//! Gitea and Forgejo: the REST API below `/api/v1`, git beside it. A world says which of the two it runs, and how old.
//!
//! Statuses, texts and the order in which things are looked at are those of go-gitea/gitea 1.26 (a running 1.26.0 was
//! asked on 2026-11-21) and of Forgejo 12 (`routers/api/v1/api.go`, read on 2026-11-20). Only what a client needs to
//! prove an access is here. Addresses in answers are made from a `ROOT_URL` that is not where the server listens, as they
//! are on many real ones.

mod caller;
mod git;
mod keys;
mod owners;
mod reply;
mod repositories;

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use self::caller::Caller;
use self::reply::{Outcome, Reply};
use super::Imitation;
use super::http::{Query, Received, random, signed};
use super::scenario::Account;
use super::server::segments;
use super::world::{Token, World};

pub(super) const IMITATION: Imitation = Imitation { name: "gitea", token_kinds: &["pat"], mint, answer, dress };

const API: &str = "/api/v1";
const ROOT: &str = "https://gitea.invalid";

/// Which program it is, and its version.
struct Flavour<'a> {
    is_forgejo: bool,
    version: &'a str,
}

impl<'a> Flavour<'a> {
    fn of(world: &'a World) -> Self {
        let told = world.program.as_ref();
        Self {
            is_forgejo: told.is_some_and(|told| *told.product == *"forgejo"),
            version: told.map_or("1.26.0", |told| &*told.version),
        }
    }

    /// As it stands at the address that both have.
    fn common_version(&self) -> String {
        if self.is_forgejo { format!("{}+gitea-1.22.0", self.version) } else { self.version.to_owned() }
    }

    /// Gitea from this version on; Forgejo's numbers mean something else.
    fn is_gitea_since(&self, wanted: [u32; 3]) -> bool {
        let mut numbers = self.version.split('.').map(|part| part.parse().unwrap_or(0));
        let version = [0; 3].map(|_: u32| numbers.next().unwrap_or(0));
        !self.is_forgejo && version >= wanted
    }
}

/// Forty hexadecimal digits.
fn mint(_kind: &str) -> io::Result<String> {
    let bytes = random::<20>()?;
    let digit = |number: u8| char::from_digit(number.into(), 16).unwrap_or_default();
    Ok(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
}

/// A request to the API, read in full.
struct Call<'a> {
    caller: Caller<'a>,
    method: Method,
    path: String,
    query: Query,
    body: Bytes,
}

impl<'a> Call<'a> {
    fn world(&self) -> &'a World {
        self.caller.world
    }

    fn page(&self, rows: Vec<Value>) -> Reply {
        Reply::page(rows, &format!("{ROOT}{}", self.path), &self.query)
    }

    fn object(&self) -> Result<Value, Reply> {
        let problem = || Reply::refused(StatusCode::UNPROCESSABLE_ENTITY, "[]: DeserializationError");
        serde_json::from_slice(&self.body).ok().filter(Value::is_object).ok_or_else(problem)
    }

    fn signed_in(&self) -> Result<(&'a Account, &'a Token), Reply> {
        self.caller.user.ok_or_else(|| Reply::refused(StatusCode::UNAUTHORIZED, "token is required"))
    }
}

fn answer(world: Arc<World>, request: Request) -> BoxFuture<'static, Response> {
    async move {
        let path = request.uri().path();
        match path.strip_prefix(API) {
            Some(rest) if rest.starts_with('/') => api(&world, request).await,
            _ if path == "/api/forgejo/v1/version" && Flavour::of(&world).is_forgejo => {
                Reply::ok(json!({"version": Flavour::of(&world).common_version()})).into()
            }
            _ => git::answer(&world, request).await,
        }
    }
    .boxed()
}

async fn api(world: &World, request: Request) -> Response {
    let Ok(caller) = Caller::of(world, request.headers()) else {
        let message = if Flavour::of(world).is_forgejo {
            "user does not exist [uid: 0, name: ]"
        } else {
            "invalid username, password or token"
        };
        return Reply::refused(StatusCode::UNAUTHORIZED, message).into();
    };
    let Some(Received { method, path, query, body }) = Received::of(request).await else {
        return Reply::refused(StatusCode::PAYLOAD_TOO_LARGE, "too large").into();
    };
    let below = segments(path.strip_prefix(API).unwrap_or_default()).unwrap_or_default();
    let below: Vec<_> = below.iter().map(String::as_str).collect();
    let call = Call { caller, method, path, query, body };
    let reply = route(&call, &below).await.unwrap_or_else(|refusal| refusal);
    signed(reply.into(), call.caller.login())
}

async fn route(call: &Call<'_>, path: &[&str]) -> Outcome {
    let flavour = Flavour::of(call.world());
    match (call.method.as_str(), path) {
        ("GET", ["version"]) => Ok(Reply::ok(json!({"version": flavour.common_version()}))),
        ("GET", ["token"]) if flavour.is_gitea_since([1, 27, 0]) => owners::token(call),
        ("DELETE", ["token"]) if flavour.is_gitea_since([1, 27, 0]) => owners::end_token(call),
        ("GET", ["admin", "cron"]) => owners::cron(call),
        ("GET", ["user"]) => owners::me(call),
        ("GET", ["user", "orgs"]) => owners::my_organisations(call),
        ("GET", ["user", "keys"]) => keys::mine(call),
        ("POST", ["user", "keys"]) => keys::add_mine(call),
        ("DELETE", ["user", "keys", id]) => keys::remove_mine(call, id),
        ("GET", ["user", "repos"]) => repositories::mine(call),
        ("POST", ["user", "repos"]) => repositories::create_own(call).await,
        ("GET", ["users", name]) => owners::profile(call, name),
        ("GET", ["users", name, "tokens"]) => owners::tokens(call, name),
        ("GET", ["users", name, "repos"]) => repositories::of_user(call, name),
        ("GET", ["users", name, "orgs", organisation, "permissions"]) => owners::permissions(call, name, organisation),
        ("GET", ["orgs", name]) => owners::organisation(call, name),
        ("GET", ["orgs", name, "repos"]) => repositories::of_organisation(call, name),
        ("POST", ["orgs", name, "repos"]) => repositories::create_in(call, name).await,
        (_, ["repos", owner, name, rest @ ..]) => repositories::route(call, owner, name, rest).await,
        _ => Err(Reply::no_such_address()),
    }
}

/// The headers of every response.
fn dress(_world: &World, path: &str, response: &mut Response<Body>) {
    if path.starts_with(API) {
        for (name, value) in [("x-content-type-options", "nosniff"), ("x-frame-options", "SAMEORIGIN")] {
            response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
    }
}
