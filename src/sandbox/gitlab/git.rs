//! Who may read and write with git, and what the others are told.
//!
//! Whoever asks to push to a project that is missing, in a place where they may create one, has created it by asking:
//! <https://docs.gitlab.com/topics/git/project/#create-a-new-project-with-git-push>

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use super::caller::{Caller, granular_words, is_public};
use crate::sandbox::http::signed;
use crate::sandbox::scenario::{Rights, Visibility};
use crate::sandbox::server::segments;
use crate::sandbox::smart_http::{Action, Service, plain, serve_admitted};
use crate::sandbox::validate::is_safe_name;
use crate::sandbox::world::{Repository, World};

const MISSING: &str = "The project you were looking for could not be found or you don't have permission to view it.";
const DENIED: &str = "HTTP Basic: Access denied. If a password was provided for Git authentication, the password was incorrect or you're required to use a token instead of a password. If a token was provided, it was either incorrect, expired, or improperly scoped.";

pub(super) async fn answer(world: &World, request: Request) -> Response {
    if request.method() == Method::HEAD {
        return plain(StatusCode::FORBIDDEN, "Forbidden");
    }
    let segments = segments(request.uri().path()).unwrap_or_default();
    let Some(([owner @ .., name], action)) = Action::of(request.method(), &segments, request.uri().query()) else {
        return plain(StatusCode::NOT_FOUND, "This is not a web page.");
    };
    let Ok(caller) = Caller::of(world, request.headers()) else { return denied() };
    let (owner, name) = (owner.join("/"), name.strip_suffix(".git").unwrap_or(name));
    let admitted = admitted(&caller, &owner, name, action).await;
    let response = serve_admitted(&world.git, admitted, action, request).await;
    signed(response, caller.account().map(|account| &*account.login))
}

async fn admitted(caller: &Caller<'_>, owner: &str, name: &str, action: Action) -> Result<Repository, Response> {
    let world = caller.world;
    let writes = action.service() == Service::ReceivePack;
    let there = world.repository(owner, name).or_else(|| world.renamed(owner, name));
    if caller.account().is_none() {
        return there.filter(|it| is_public(it) && !writes).ok_or_else(denied);
    }
    let forbidden = |text: &str| plain(StatusCode::FORBIDDEN, text);
    if !caller.may_git(writes) {
        let title = if writes { "Code: Push" } else { "Code: Download" };
        return Err(match (caller.is_granular(), writes) {
            (true, _) => forbidden(&granular_words(title)),
            (false, true) => forbidden("You are not allowed to upload code."),
            (false, false) => forbidden("You are not allowed to download code."),
        });
    }
    let Some(repository) = there else {
        return match created_by_asking(caller, owner, name, action).await {
            Some(repository) => Ok(repository),
            None => Err(plain(StatusCode::NOT_FOUND, MISSING)),
        };
    };
    if !caller.sees(&repository) {
        // The token of a robot counts only where the robot may read.
        return Err(if caller.is_bot() { denied() } else { plain(StatusCode::NOT_FOUND, MISSING) });
    }
    if let Some(page) = caller.must_sign_on(owner) {
        return Err(forbidden(&format!("Cannot find valid SSO session. Please login via your group's SSO at {page}")));
    }
    if caller.check_policy(owner, "").is_err() {
        return Err(forbidden(&granular_words(if writes { "Code: Push" } else { "Code: Download" })));
    }
    if writes && repository.archived {
        return Err(forbidden("You can't push code to an archived project."));
    }
    if writes && caller.rights(&repository) < Rights::Write {
        return Err(forbidden("You are not allowed to push code to this project."));
    }
    Ok(repository)
}

/// It takes no more than the question for the refs, and a legacy token.
async fn created_by_asking(caller: &Caller<'_>, owner: &str, name: &str, action: Action) -> Option<Repository> {
    let own = caller.account().is_some_and(|account| account.login.eq_ignore_ascii_case(owner));
    let allowed = own || caller.level_in(owner).is_some_and(|level| level >= 40);
    if action != Action::Advertise(Service::ReceivePack) || caller.is_granular() || !allowed || !is_safe_name(name) {
        return None;
    }
    let repository = caller.world.draft(owner, name, Visibility::Private);
    caller.world.add(repository.clone(), 0).await.ok()?;
    Some(repository)
}

fn denied() -> Response {
    let mut response = plain(StatusCode::UNAUTHORIZED, DENIED);
    let challenge = HeaderValue::from_static("Basic realm=\"GitLab\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}
