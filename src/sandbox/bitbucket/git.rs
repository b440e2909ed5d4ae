//! Who may read and write with git, and what the others are told. An app password gets 410 here.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::caller::Caller;
use crate::sandbox::http::signed;
use crate::sandbox::scenario::{Rights, Visibility};
use crate::sandbox::server::segments;
use crate::sandbox::smart_http::{Action, Service, plain, serve_admitted};
use crate::sandbox::world::{Repository, World};

const MISSING: &str = "The requested repository either does not exist or you do not have access. If you believe this repository exists and you have access, make sure you're authenticated.";
const REMOVED: &str = "CHANGE-3222 - Functionality has been deprecated\nApp passwords are deprecated and must be replaced with API tokens.";

pub(super) async fn answer(world: &World, request: Request) -> Response {
    let segments = segments(request.uri().path()).unwrap_or_default();
    let Some(([owner, name], action)) = Action::of(request.method(), &segments, request.uri().query()) else {
        return plain(StatusCode::NOT_FOUND, "Not found.");
    };
    let caller = match Caller::at_git(world, request.headers()) {
        Ok(caller) => caller,
        Err(true) => return plain(StatusCode::GONE, REMOVED),
        Err(false) => return denied(),
    };
    let name = name.strip_suffix(".git").unwrap_or(name);
    let admitted = admitted(&caller, owner, name, action);
    let response = serve_admitted(&world.git, admitted, action, request).await;
    signed(response, caller.account().map(|account| &*account.login))
}

/// A refusal is a whole answer, and an answer is large.
#[expect(clippy::result_large_err, reason = "it is made once for a request and handed on as it is")]
fn admitted(caller: &Caller<'_>, owner: &str, name: &str, action: Action) -> Result<Repository, Response> {
    let world = caller.world;
    let writes = action.service() == Service::ReceivePack;
    let there = world.repository(owner, name).or_else(|| world.renamed(owner, name));
    if caller.account().is_none() {
        let open = |it: &Repository| it.visibility == Visibility::Public && !writes;
        return there.filter(open).ok_or_else(denied);
    }
    let forbidden = |text: &str| plain(StatusCode::FORBIDDEN, text);
    // Pushing takes both: writing does not include reading.
    let reads = caller.holds("repository", "read:repository:bitbucket");
    let may = reads && (!writes || caller.holds("repository:write", "write:repository:bitbucket"));
    if !may {
        return Err(forbidden("Your credentials lack one or more required privilege scopes."));
    }
    if let Some(words) = caller.kept_out(owner) {
        return Err(forbidden(words));
    }
    let Some(repository) = there.filter(|it| caller.sees(it)) else {
        return Err(plain(StatusCode::NOT_FOUND, MISSING));
    };
    if writes && caller.rights(&repository) < Rights::Write {
        return Err(forbidden("Unauthorized: you do not have write access to this repository."));
    }
    // A workspace over its limit of users lets nobody push, and only git tells.
    if writes && repository.archived {
        return Err(plain(
            StatusCode::PAYMENT_REQUIRED,
            "This workspace has exceeded its user limit and is read-only.",
        ));
    }
    Ok(repository)
}

fn denied() -> Response {
    let mut response = plain(StatusCode::UNAUTHORIZED, "Invalid credentials.");
    let challenge = HeaderValue::from_static("Basic realm=\"Bitbucket.org HTTP\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}
