//! GitHub, as an Enterprise Server shows itself on one host: the REST API below `/api/v3`, git beside it.
//!
//! <https://docs.github.com/en/rest>. Only what a client needs to prove an access is here, with GitHub's statuses, texts
//! and headers; what is not here is `Not Found`, as it is there. Nothing can be deleted.

mod caller;
mod git;
mod need;
mod owners;
mod reply;
mod repositories;
mod token;

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::tz::{TimeZone, offset};
use serde_json::{Value, json};

use self::caller::Caller;
use self::need::Need;
use self::reply::{Outcome, Reply};
use super::Imitation;
use super::http::{self, Query, Received, parameter};
use super::server::{SignedIn, segments};
use super::world::{Token, World};

pub(super) const IMITATION: Imitation =
    Imitation { name: "github", token_kinds: &[CLASSIC, FINE_GRAINED], mint: token::mint, answer, dress };

const CLASSIC: &str = "classic";
const FINE_GRAINED: &str = "fine-grained";
const API: &str = "/api/v3";
/// An Enterprise Server that is still supported.
const VERSION: &str = "3.19.4";
/// The only version of the API that a server up to 3.20 knows.
/// <https://docs.github.com/en/rest/about-the-rest-api/api-versions>
const API_VERSION: &str = "2022-11-28";

/// A request to the API, read in full.
struct Call<'a> {
    caller: Caller<'a>,
    need: &'static Need,
    method: Method,
    path: String,
    query: Query,
    body: Bytes,
}

impl<'a> Call<'a> {
    fn world(&self) -> &'a World {
        self.caller.world
    }

    /// Where an object of the API is.
    fn url(&self, path: &str) -> String {
        format!("{}{API}{path}", self.world().host)
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        parameter(&self.query, name)
    }

    fn page(&self, rows: Vec<Value>) -> Reply {
        Reply::page(rows, &format!("{}{}", self.world().host, self.path), &self.query)
    }

    /// The body as an object; nothing at all counts as an empty one.
    fn object(&self) -> Result<Value, Reply> {
        if self.body.is_empty() {
            return Ok(json!({}));
        }
        let problem = || Reply::refused(StatusCode::BAD_REQUEST, "Problems parsing JSON");
        serde_json::from_slice(&self.body).ok().filter(Value::is_object).ok_or_else(problem)
    }

    fn signed_in(&self) -> Result<(&'a super::scenario::Account, &'a Token), Reply> {
        self.caller.user.ok_or_else(|| Reply::refused(StatusCode::UNAUTHORIZED, "Requires authentication"))
    }
}

fn answer(world: Arc<World>, request: Request) -> BoxFuture<'static, Response> {
    async move {
        let path = request.uri().path();
        match path.strip_prefix(API) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => api(&world, request).await,
            _ => git::answer(&world, request).await,
        }
    }
    .boxed()
}

async fn api(world: &World, request: Request) -> Response {
    if request.headers().get(header::USER_AGENT).is_none_or(HeaderValue::is_empty) {
        // https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent
        return super::smart_http::plain(
            StatusCode::FORBIDDEN,
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
        );
    }
    let known = |version: &HeaderValue| version == API_VERSION;
    if !request.headers().get("x-github-api-version").is_none_or(known) {
        return Reply::refused(StatusCode::BAD_REQUEST, "This version of the API does not exist.").into();
    }
    let Ok(caller) = Caller::of(world, request.headers()) else {
        return Reply::refused(StatusCode::UNAUTHORIZED, "Bad credentials").into();
    };
    let Some(Received { method, path, query, body }) = Received::of(request).await else {
        return Reply::refused(StatusCode::PAYLOAD_TOO_LARGE, "Payload too large").into();
    };
    let method = if method == Method::HEAD { Method::GET } else { method };
    let below = segments(path.strip_prefix(API).filter(|rest| !rest.is_empty()).unwrap_or("/")).unwrap_or_default();
    let below: Vec<_> = below.iter().map(String::as_str).collect();
    let need = Need::of(method.as_str(), &below);
    let call = Call { caller, need, method, path, query, body };
    let mut response = route(&call, &below).await.unwrap_or_else(|refusal| refusal).into();
    show_token(&call, &mut response);
    response
}

async fn route(call: &Call<'_>, path: &[&str]) -> Outcome {
    match (call.method.as_str(), path) {
        ("GET", [""]) => Ok(Reply::ok(root(call))),
        ("GET", ["meta"]) => Ok(Reply::ok(json!({
            "verifiable_password_authentication": true, "installed_version": VERSION,
        }))),
        ("GET", ["rate_limit"]) => Ok(Reply::ok(rate_limit(call))),
        ("GET", ["users", name]) => owners::profile(call, name),
        ("GET", ["users", name, "repos"]) => repositories::of_user(call, name),
        ("GET", ["orgs", name]) => owners::organisation(call, name),
        ("GET", ["orgs", name, "repos"]) => repositories::of_organisation(call, name),
        ("POST", ["credentials", "revoke"]) => revoke(call),
        ("DELETE", ["repos", owner, name, "keys", _]) => repositories::route(call, owner, name, &path[3..]).await,
        ("DELETE", ["user", "keys", id]) => owners::remove_key(call, id),
        ("DELETE", _) => Err(Reply::forbidden("Must have admin rights to Repository.")),
        ("GET", ["repositories", id]) => repositories::by_id(call, id),
        (_, ["repos", owner, name, rest @ ..]) => repositories::route(call, owner, name, rest).await,
        (_, ["user", ..]) | ("POST", ["orgs", ..]) => {
            call.signed_in()?;
            route_own(call, path).await
        }
        _ => Err(Reply::not_found()),
    }
}

/// What only somebody who is signed in can ask for.
async fn route_own(call: &Call<'_>, path: &[&str]) -> Outcome {
    match (call.method.as_str(), path) {
        ("GET", ["user"]) => owners::me(call),
        ("GET", ["user", "orgs"]) => owners::my_organisations(call),
        ("GET", ["user", "memberships", "orgs"]) => owners::my_memberships(call),
        ("GET", ["user", "memberships", "orgs", name]) => owners::my_membership(call, name),
        ("GET", ["user", "keys"]) => owners::my_keys(call),
        ("POST", ["user", "keys"]) => owners::add_key(call),
        ("GET", ["user", "repos"]) => repositories::mine(call),
        ("POST", ["user", "repos"]) => repositories::create_own(call).await,
        ("POST", ["orgs", name, "repos"]) => repositories::create_in(call, name).await,
        _ => Err(Reply::not_found()),
    }
}

/// An Enterprise Server has no such address; it is that of github.com, whose part this plays as well.
/// <https://docs.github.com/en/rest/credentials/revoke>
fn revoke(call: &Call) -> Outcome {
    if call.caller.user.is_some() {
        return Err(Reply::forbidden("This endpoint takes no credentials."));
    }
    let body = call.object()?;
    for secret in body["credentials"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        call.world().end(secret);
    }
    Ok(Reply::new(StatusCode::ACCEPTED, json!({})))
}

fn root(call: &Call) -> Value {
    json!({
        "current_user_url": call.url("/user"),
        "organization_url": call.url("/orgs/{org}"),
        "organization_repositories_url": call.url("/orgs/{org}/repos{?type,page,per_page,sort}"),
        "repository_url": call.url("/repos/{owner}/{repo}"),
        "current_user_repositories_url": call.url("/user/repos{?type,page,per_page,sort}"),
        "user_url": call.url("/users/{user}"),
        "user_organizations_url": call.url("/user/orgs"),
        "rate_limit_url": call.url("/rate_limit"),
    })
}

fn rate_limit(call: &Call) -> Value {
    let core = json!({"limit": LIMIT, "remaining": LIMIT, "used": 0, "reset": reset(call.world())});
    json!({"resources": {"core": core}, "rate": core})
}

/// What a response tells about the token: its scopes, its end, and what the endpoint would have wanted.
fn show_token(call: &Call, response: &mut Response) {
    let Some((account, token)) = call.caller.user else { return };
    response.extensions_mut().insert(SignedIn(account.login.to_string()));
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    };
    if call.caller.is_fine_grained() {
        put("x-accepted-github-permissions", &call.need.permission_header());
    } else {
        put("x-oauth-scopes", &token::normalised(&token.given.scopes));
        put("x-accepted-oauth-scopes", &call.need.scopes.join(", "));
    }
    if let Some(expires) = token.expires {
        // GitHub writes two formats, and neither is RFC 3339: https://github.com/google/go-github/issues/2649
        let text = if call.caller.is_fine_grained() {
            expires.to_zoned(TimeZone::fixed(offset(2))).strftime("%Y-%m-%d %H:%M:%S %z").to_string()
        } else {
            expires.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
        };
        put("github-authentication-token-expiration", &text);
    }
}

const LIMIT: u32 = 5000;

/// The next full hour after the start: a moment that does not move, as the real one does not within its window.
fn reset(world: &World) -> i64 {
    let now = jiff::Timestamp::now().as_second();
    let started = world.started.as_second();
    now + 3600 - (now - started) % 3600
}

/// The headers of every response, an error of somebody in between excepted where it brings its own.
fn dress(world: &World, path: &str, response: &mut Response<Body>) {
    let number = world.number();
    let mut put = |name: &'static str, value: String| http::add(response, name, &value);
    put("x-github-request-id", format!("{:04X}:{number:06X}:SANDBOX", number % 0xFFFF));
    if path.starts_with(API) {
        put("x-github-enterprise-version", VERSION.to_owned());
        put("x-github-api-version-selected", API_VERSION.to_owned());
        put("x-ratelimit-limit", LIMIT.to_string());
        put("x-ratelimit-remaining", (LIMIT - 1).to_string());
        put("x-ratelimit-used", "1".to_owned());
        put("x-ratelimit-reset", reset(world).to_string());
        put("x-ratelimit-resource", "core".to_owned());
    }
}
