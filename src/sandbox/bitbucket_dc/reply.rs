//! Answers in the shapes of the API: objects, parts of lists, and refusals.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use crate::sandbox::http;

pub(super) struct Reply {
    status: StatusCode,
    body: Value,
}

/// A reply either way; the error side lets a refusal leave a handler early.
pub(super) type Outcome = Result<Reply, Reply>;

impl Reply {
    pub(super) fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body }
    }

    pub(super) fn created(body: Value) -> Self {
        Self { status: StatusCode::CREATED, body }
    }

    /// Nothing to say.
    pub(super) fn done() -> Self {
        Self { status: StatusCode::NO_CONTENT, body: Value::Null }
    }

    /// One part of a list.
    pub(super) fn page(rows: Vec<Value>, start: usize, limit: usize) -> Self {
        let limit = limit.clamp(1, 1000);
        let end = start.saturating_add(limit);
        let last = end >= rows.len();
        let values: Vec<_> = rows.into_iter().skip(start).take(limit).collect();
        let next = if last { Value::Null } else { end.into() };
        Self::ok(json!({
            "size": values.len(), "limit": limit, "isLastPage": last, "values": values, "start": start,
            "nextPageStart": next,
        }))
    }

    fn refused(status: StatusCode, exception: Option<&str>, context: Option<&str>, message: &str) -> Self {
        let exception = exception.map(|class| format!("com.atlassian.{class}"));
        let body = json!({"errors": [{"context": context, "message": message, "exceptionName": exception}]});
        Self { status, body }
    }

    /// Nobody is signed in with these credentials.
    pub(super) fn unknown() -> Self {
        let message = "Authentication failed. Please check your credentials and try again.";
        Self::refused(
            StatusCode::UNAUTHORIZED,
            Some("bitbucket.auth.IncorrectPasswordAuthenticationException"),
            None,
            message,
        )
    }

    /// Whoever asks may not: also 401.
    pub(super) fn not_permitted() -> Self {
        let message = "You are not permitted to access this resource";
        Self::refused(StatusCode::UNAUTHORIZED, Some("bitbucket.AuthorisationException"), None, message)
    }

    pub(super) fn no_project(key: &str) -> Self {
        let message = format!("Project {key} does not exist.");
        Self::refused(StatusCode::NOT_FOUND, Some("bitbucket.project.NoSuchProjectException"), None, &message)
    }

    pub(super) fn no_repository(key: &str, slug: &str) -> Self {
        let message = format!("Repository {key}/{slug} does not exist.");
        Self::refused(StatusCode::NOT_FOUND, Some("bitbucket.repository.NoSuchRepositoryException"), None, &message)
    }

    pub(super) fn invalid(message: &str) -> Self {
        Self::refused(StatusCode::BAD_REQUEST, None, Some("name"), message)
    }

    pub(super) fn taken() -> Self {
        Self::refused(StatusCode::CONFLICT, None, Some("name"), "This repository URL is already taken.")
    }

    pub(super) fn key_twice() -> Self {
        let message = "SSH key already provides access to this repository";
        Self::refused(StatusCode::CONFLICT, Some("bitbucket.ssh.DuplicateSshKeyException"), None, message)
    }

    pub(super) fn key_elsewhere(holder: &str) -> Self {
        let message = format!("This SSH key is already assigned to '{holder}'.");
        Self::refused(StatusCode::CONFLICT, Some("stash.ssh.api.SshKeyAlreadyInUseException"), None, &message)
    }

    pub(super) fn no_such_address() -> Self {
        let body = json!({"status-code": 404, "message": "null for uri"});
        Self { status: StatusCode::NOT_FOUND, body }
    }

    pub(super) fn broken() -> Self {
        Self::refused(StatusCode::INTERNAL_SERVER_ERROR, None, None, "An internal error occurred")
    }
}

impl From<Reply> for Response {
    fn from(reply: Reply) -> Self {
        http::response(reply.status, "application/json;charset=UTF-8", reply.body.to_string(), Vec::new())
    }
}
