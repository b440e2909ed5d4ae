//! Who may read and write with git, and what the others are told.
//!
//! A repository that is missing or hidden is refused in git's own form, with status 200; what is not permitted with 403
//! (<https://support.atlassian.com/bitbucket-data-center/kb/git-push-returns-error-code-403-in-bitbucket-server-data-center/>).

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::caller::Caller;
use super::name_the_caller;
use crate::sandbox::scenario::{Rights, Visibility};
use crate::sandbox::server::segments;
use crate::sandbox::smart_http::{Action, Service, plain, serve_admitted};
use crate::sandbox::world::{Repository, World};

pub(super) async fn answer(world: &World, request: Request) -> Response {
    let segments = segments(request.uri().path()).unwrap_or_default();
    let Some(([scm, key, name], action)) = Action::of(request.method(), &segments, request.uri().query()) else {
        return plain(StatusCode::NOT_FOUND, "Not found.\n");
    };
    if scm != "scm" {
        return plain(StatusCode::NOT_FOUND, "Not found.\n");
    }
    let Ok(caller) = Caller::of(world, request.headers()) else { return unknown() };
    let name = name.strip_suffix(".git").unwrap_or(name);
    let admitted = admitted(&caller, key, name, action);
    let mut response = serve_admitted(&world.git, admitted, action, request).await;
    name_the_caller(&caller, &mut response);
    response
}

/// A refusal is a whole answer, and an answer is large.
#[expect(clippy::result_large_err, reason = "it is made once for a request and handed on as it is")]
fn admitted(caller: &Caller, key: &str, name: &str, action: Action) -> Result<Repository, Response> {
    let world = caller.world;
    let owner = key.strip_prefix('~').unwrap_or(key);
    let writes = action.service() == Service::ReceivePack;
    let found = world.repository(owner, name).or_else(|| world.renamed(owner, name));
    let open = found.as_ref().is_some_and(|it| it.visibility == Visibility::Public) && !writes;
    if caller.is_anybody() && !open {
        return Err(unknown());
    }
    let seen = found.filter(|repository| caller.rights(repository) >= Rights::Read);
    let repository = seen.ok_or_else(|| missing(action))?;
    if writes && (repository.archived || caller.rights(&repository) < Rights::Write) {
        return Err(plain(StatusCode::FORBIDDEN, "You are not permitted to push to this repository.\n"));
    }
    Ok(repository)
}

fn unknown() -> Response {
    let mut response = plain(StatusCode::UNAUTHORIZED, "Authentication failed\n");
    let realm = HeaderValue::from_static("Basic realm=\"Atlassian Bitbucket\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
    response
}

/// In the form of a listing, as git itself refuses (gitprotocol-pack, "error-line").
fn missing(action: Action) -> Response {
    let Action::Advertise(service) = action else {
        return plain(StatusCode::NOT_FOUND, "Repository not found\n");
    };
    let service = match service {
        Service::UploadPack => "git-upload-pack",
        Service::ReceivePack => "git-receive-pack",
    };
    let title = format!("# service={service}\n");
    let words = "ERR Repository not found\nThe requested repository does not exist, or you do not have permission to access it.\n";
    let body = format!("{:04x}{title}0000{:04x}{words}0000", title.len() + 4, words.len() + 4);
    let mut response = Response::new(Body::from(body));
    if let Ok(kind) = HeaderValue::from_str(&format!("application/x-{service}-advertisement")) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}
