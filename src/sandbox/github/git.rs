//! Who may read and write with git, and what the others are told.
//!
//! The texts are those that git shows behind `remote:`. A repository that cannot be seen does not exist, and to somebody
//! without a name every private one may exist.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use super::caller::Caller;
use crate::sandbox::http::signed;
use crate::sandbox::scenario::{Level, Rights, Visibility};
use crate::sandbox::server::segments;
use crate::sandbox::smart_http::{Action, Service, plain, serve};
use crate::sandbox::world::{Repository, World};

pub(super) async fn answer(world: &World, request: Request) -> Response {
    let segments = segments(request.uri().path()).unwrap_or_default();
    let query = request.uri().query();
    let Some(([owner, name], action)) = Action::of(request.method(), &segments, query) else {
        return page(request.method(), &segments);
    };
    let Ok(caller) = Caller::of(world, request.headers()) else { return Refusal::Unknown.into() };
    let name = name.strip_suffix(".git").unwrap_or(name);
    let response = match admitted(&caller, owner, name, action) {
        Ok(Admitted::To(repository)) => serve(&world.git, &repository.path, action, request).await,
        Ok(Admitted::Elsewhere(repository)) => moved(world, &repository, &segments, query),
        Err(refusal) => refusal.into(),
    };
    signed(response, caller.login())
}

enum Refusal {
    /// Nobody, or nobody who is known.
    Unknown,
    Missing,
    Forbidden(String),
}

enum Admitted {
    To(Repository),
    /// The repository was renamed; git follows.
    Elsewhere(Repository),
}

fn admitted(caller: &Caller, owner: &str, name: &str, action: Action) -> Result<Admitted, Refusal> {
    let world = caller.world;
    let named = world.repository(owner, name).map(Admitted::To);
    let named = named.or_else(|| world.renamed(owner, name).map(Admitted::Elsewhere));
    let writes = action.service() == Service::ReceivePack;
    let Some(login) = caller.login() else {
        // Anybody may read what is public, and nothing else is admitted to exist.
        let open = |it: &Repository| it.visibility == Visibility::Public && !writes;
        return match named {
            Some(Admitted::To(repository)) if open(&repository) => Ok(Admitted::To(repository)),
            Some(Admitted::Elsewhere(repository)) if open(&repository) => Ok(Admitted::Elsewhere(repository)),
            _ => Err(Refusal::Unknown),
        };
    };
    let Some(named) = named else { return Err(Refusal::Missing) };
    let (Admitted::To(repository) | Admitted::Elsewhere(repository)) = &named;
    if let Some(policy) = world.organisation(&repository.owner).and_then(|it| caller.policy_of(it)) {
        return Err(Refusal::Forbidden(match policy.sign_on {
            Some(url) => format!(
                "The '{}' organization has enabled or enforced SAML SSO.\nTo access this repository, visit {url} and try \
                 your request again.",
                repository.owner
            ),
            None => policy.message,
        }));
    }
    let rights = caller.rights(repository);
    if rights < Rights::Read || (!caller.is_fine_grained() && !caller.sees(repository)) {
        return Err(Refusal::Missing);
    }
    if !token_admits(caller, repository, writes) {
        return Err(Refusal::Forbidden("Write access to repository not granted.".to_owned()));
    }
    if writes && rights < Rights::Write {
        let (owner, name) = (&repository.owner, &repository.name);
        return Err(Refusal::Forbidden(format!("Permission to {owner}/{name}.git denied to {login}.")));
    }
    if writes && repository.archived {
        return Err(Refusal::Forbidden("This repository was archived so it is read-only.".to_owned()));
    }
    Ok(named)
}

/// Does the token let git in? GitHub has one text for both services, and it speaks of writing.
fn token_admits(caller: &Caller, repository: &Repository, writes: bool) -> bool {
    let level = if writes { Level::Write } else { Level::Read };
    if repository.visibility == Visibility::Public && !writes {
        return true;
    }
    let permitted = !caller.is_fine_grained() || caller.permits(&repository.owner, "contents", level);
    permitted && caller.token_covers(repository)
}

/// Paths that belong to neither the API nor git: the web pages, which this server does not have.
fn page(method: &Method, segments: &[String]) -> Response {
    // https://docs.github.com/en/enterprise-server@3.19/admin: the load balancer's question.
    if method == Method::GET && segments == ["status"] {
        return plain(StatusCode::OK, "GitHub lives! (2026-01-01 00:00:00 +0000) (1)");
    }
    let mut response =
        Response::new(Body::from("<!DOCTYPE html><title>Page not found</title><p>This is not a web page."));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

fn moved(world: &World, repository: &Repository, segments: &[String], query: Option<&str>) -> Response {
    let rest = segments.get(2..).unwrap_or_default().join("/");
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let target = format!("{}/{}/{}.git/{rest}{query}", world.host, repository.owner, repository.name);
    let mut response = plain(StatusCode::MOVED_PERMANENTLY, "");
    if let Ok(target) = HeaderValue::from_str(&target) {
        response.headers_mut().insert(header::LOCATION, target);
    }
    response
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Missing => plain(StatusCode::NOT_FOUND, "Repository not found."),
            Refusal::Forbidden(text) => plain(StatusCode::FORBIDDEN, &text),
            Refusal::Unknown => {
                let text = "Invalid username or token. Password authentication is not supported for Git operations.";
                let mut response = plain(StatusCode::UNAUTHORIZED, text);
                let challenge = HeaderValue::from_static("Basic realm=\"GitHub\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
                response
            }
        }
    }
}
