//! Azure DevOps: the REST API below each organisation, git beside it, and the place where accounts are asked about.
//!
//! An organisation of the scenario whose name has a slash is a project: `acme/platform`. Its `name`, where it has one, is
//! what people call it, blanks and all. What an archived repository is elsewhere is a disabled one here. A token with an
//! `owner` is for that organisation alone, one without for all of its account.
//!
//! The four lies are told as the real one tells them: 203 with the page to sign in to a token that is not known, 302 to it
//! where the client does not ask otherwise, 401 without a word to one that has ended and for a missing scope alike, and
//! 200 for the anonymous identity in an organisation with a public repository. Statuses and texts are those of
//! <https://learn.microsoft.com/en-us/rest/api/azure/devops/> and of issues in public trackers, read on 2026-11-20.

mod caller;
mod git;
mod projects;
mod reply;
mod repositories;

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
use super::http::{Query, Received, random};
use super::scenario::Organisation;
use super::server::{SignedIn, segments};
use super::world::World;

pub(super) const IMITATION: Imitation = Imitation { name: "azure-devops", token_kinds: &["pat"], mint, answer, dress };

/// 84 letters and digits, of which four in the last eighth are always the same.
fn mint(_kind: &str) -> std::io::Result<String> {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let bytes = random::<80>()?;
    let text: String = bytes.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect();
    Ok(format!("{}AZDO{}", &text[..76], &text[76..]))
}

/// A request to the API, read in full.
struct Call<'a> {
    caller: Caller<'a>,
    organisation: &'a Organisation,
    query: Query,
    body: Bytes,
}

impl<'a> Call<'a> {
    fn world(&self) -> &'a World {
        self.caller.world
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn object(&self) -> Result<Value, Reply> {
        let problem =
            || Reply::refused(StatusCode::BAD_REQUEST, "InvalidArgumentValueException", "Value cannot be null.");
        serde_json::from_slice(&self.body).ok().filter(Value::is_object).ok_or_else(problem)
    }

    /// Writing takes a version; a version beyond the server's is refused.
    fn check_version(&self, method: &Method) -> Result<(), Reply> {
        let refused = |key: &str, text: &str| Reply::refused(StatusCode::BAD_REQUEST, key, text);
        let Some(asked) = self.parameter("api-version") else {
            let text = format!(
                "No api-version was supplied for the \"{method}\" request. The version must be supplied either as part of the Accept header (e.g. \"application/json; api-version=1.0\") or as a query parameter (e.g. \"?api-version=1.0\")."
            );
            return if method == Method::GET { Ok(()) } else { Err(refused("VssVersionNotSpecifiedException", &text)) };
        };
        let number = |text: &str| text.split('-').next().and_then(|digits| digits.parse::<f32>().ok());
        let newest = newest_version(self.world());
        if number(asked) > number(newest) {
            let text = format!(
                "The requested REST API version of {asked} is out of range for this server. The latest REST API version this server supports is {newest}."
            );
            return Err(refused("VssVersionOutOfRangeException", &text));
        }
        Ok(())
    }
}

/// <https://learn.microsoft.com/en-us/rest/api/azure/devops/#api-and-tfs-version-mapping>
fn newest_version(world: &World) -> &'static str {
    match world.program.as_ref().map(|program| &*program.version) {
        Some("2019") => "5.0",
        Some("2020") => "6.0",
        _ => "7.1",
    }
}

fn is_hosted(world: &World) -> bool {
    world.program.as_ref().is_none_or(|program| *program.product != *"server")
}

/// Eight digits for what it is the id of, and twelve for which.
fn guid(kind: u32, number: u64) -> String {
    format!("{kind:08x}-0000-4000-8000-{number:012x}")
}

fn account_guid(world: &World, login: &str) -> String {
    guid(1, world.owner_id(login) as u64)
}

fn answer(world: Arc<World>, request: Request) -> BoxFuture<'static, Response> {
    async move {
        let below = segments(request.uri().path()).unwrap_or_default();
        let is_api = below.iter().any(|segment| segment == "_apis");
        if is_api { api(&world, request, &below).await } else { git::answer(&world, request, &below).await }
    }
    .boxed()
}

async fn api(world: &World, request: Request, below: &[String]) -> Response {
    let path: Vec<_> = below.iter().map(String::as_str).collect();
    let (first, rest) = match path.as_slice() {
        ["_apis", rest @ ..] => {
            return projects::accounts(world, request.headers(), rest).unwrap_or_else(|it| it).into();
        }
        [first, rest @ ..] => (*first, rest),
        [] => return Reply::page_not_found().into(),
    };
    let Some(organisation) = world.organisation(first).filter(|_| !first.contains('/')) else {
        return Reply::page_not_found().into();
    };
    let caller = match Caller::of(world, request.headers(), &organisation.login) {
        Ok(caller) => caller,
        Err(refusal) => return refusal.into(),
    };
    let Some(Received { method, query, body, .. }) = Received::of(request).await else {
        return Reply::refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLarge", "too large").into();
    };
    let call = Call { caller, organisation, query, body };
    let mut response: Response = route(&call, &method, rest).await.unwrap_or_else(|refusal| refusal).into();
    if let Some(account) = call.caller.account() {
        let told = format!("{}:{}", account_guid(world, &account.login), &*account.login);
        if response.status() != StatusCode::UNAUTHORIZED
            && let Ok(told) = HeaderValue::from_str(&told)
        {
            response.headers_mut().insert(HeaderName::from_static("x-vss-userdata"), told);
        }
        response.extensions_mut().insert(SignedIn(account.login.to_string()));
    }
    response
}

async fn route(call: &Call<'_>, method: &Method, path: &[&str]) -> Outcome {
    if let ("GET", ["_apis", "connectionData"]) = (method.as_str(), path) {
        return projects::connection(call);
    }
    call.caller.signed_in()?;
    call.check_version(method)?;
    match (method.as_str(), path) {
        ("GET", ["_apis", "projects"]) => projects::list(call),
        ("GET", ["_apis", "projects", name]) => projects::one(call, name),
        ("GET", ["_apis", "permissions", namespace, bits]) => projects::permission(call, namespace, bits),
        (_, [project, "_apis", "git", "repositories", rest @ ..]) => {
            repositories::route(call, method, project, rest).await
        }
        _ => Err(Reply::page_not_found()),
    }
}

/// The headers of every response.
fn dress(world: &World, _path: &str, response: &mut Response<Body>) {
    let number = guid(9, world.number());
    for name in ["x-tfs-processid", "x-vss-e2eid", "activityid"] {
        if let Ok(value) = HeaderValue::from_str(&number) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response.headers_mut().insert(HeaderName::from_static("x-frame-options"), HeaderValue::from_static("SAMEORIGIN"));
}

/// An object with a type, as .NET writes it.
fn typed(value: &str) -> Value {
    json!({"$type": "System.String", "$value": value})
}
