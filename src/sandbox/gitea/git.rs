//! Who may read and write with git, and what the others are told.
//!
//! The order is that of `routers/web/repo/githttp.go`. Its surprise: `git-receive-pack` is *announced* to everybody who may
//! read, because somebody who may only read can still propose a change (`AGit`); who may write is asked when something
//! arrives. Scopes count here only where the token came with `Basic`, as git sends it.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::Flavour;
use super::caller::Caller;
use crate::sandbox::http::signed;
use crate::sandbox::scenario::{Rights, Visibility};
use crate::sandbox::server::segments;
use crate::sandbox::smart_http::{Action, Service, plain, serve_admitted};
use crate::sandbox::world::{Repository, World};

pub(super) async fn answer(world: &World, request: Request) -> Response {
    let segments = segments(request.uri().path()).unwrap_or_default();
    let Some(([owner, name], action)) = Action::of(request.method(), &segments, request.uri().query()) else {
        return plain(StatusCode::NOT_FOUND, "Not found.\n");
    };
    let Ok(caller) = Caller::of(world, request.headers()) else { return unknown(world) };
    let name = name.strip_suffix(".git").unwrap_or(name);
    let admitted = admitted(&caller, owner, name, action);
    let response = serve_admitted(&world.git, admitted, action, request).await;
    signed(response, caller.login())
}

/// A refusal is a whole answer, and an answer is large.
#[expect(clippy::result_large_err, reason = "it is made once for a request and handed on as it is")]
fn admitted(caller: &Caller, owner: &str, name: &str, action: Action) -> Result<Repository, Response> {
    let world = caller.world;
    let writes = action.service() == Service::ReceivePack;
    let missing = || plain(StatusCode::NOT_FOUND, "Repository not found");
    let found = world.repository(owner, name).or_else(|| world.renamed(owner, name));
    let open = found.as_ref().is_some_and(|it| it.visibility == Visibility::Public) && !writes;
    if caller.user.is_none() && !open {
        return Err(unknown(world));
    }
    let Some(repository) = found else {
        let whose = if world.organisation(owner).is_some() { "organizations" } else { "users" };
        let text = format!("Push to create is not enabled for {whose}.");
        return Err(if writes { plain(StatusCode::FORBIDDEN, &text) } else { missing() });
    };
    if writes && repository.archived {
        let text =
            "This repo is archived. You can view files and clone it, but cannot push or open issues/pull-requests.";
        return Err(plain(StatusCode::FORBIDDEN, text));
    }
    if caller.rights(&repository) < Rights::Read {
        return Err(missing());
    }
    let scope = if writes { "write:repository" } else { "read:repository" };
    if caller.basic && !(caller.holds(scope) && caller.reaches(&repository)) {
        return Err(plain(StatusCode::FORBIDDEN, "Forbidden\n"));
    }
    if action == Action::Exchange(Service::ReceivePack) && caller.rights(&repository) < Rights::Write {
        return Err(plain(StatusCode::FORBIDDEN, "User permission denied for writing."));
    }
    Ok(repository)
}

fn unknown(world: &World) -> Response {
    let mut response = plain(StatusCode::UNAUTHORIZED, "Failed to authenticate user\n");
    let realm = if Flavour::of(world).is_forgejo { "Basic realm=\"Forgejo\"" } else { "Basic realm=\"Gitea\"" };
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(realm));
    response
}
