//! Answers in the shapes of GitLab's REST API.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use crate::sandbox::http::{self, number, with_page};

pub(super) struct Reply {
    status: StatusCode,
    body: Value,
    headers: Vec<(&'static str, String)>,
}

/// A reply either way; the error side lets a refusal leave a handler early.
pub(super) type Outcome = Result<Reply, Reply>;

impl Reply {
    pub(super) fn ok(body: Value) -> Self {
        Self::new(StatusCode::OK, body)
    }

    pub(super) fn new(status: StatusCode, body: Value) -> Self {
        Self { status, body, headers: Vec::new() }
    }

    pub(super) fn message(status: StatusCode, message: &str) -> Self {
        Self::new(status, json!({"message": message}))
    }

    pub(super) fn error(status: StatusCode, error: &str) -> Self {
        Self::new(status, json!({"error": error}))
    }

    pub(super) fn unauthorized() -> Self {
        Self::message(StatusCode::UNAUTHORIZED, "401 Unauthorized")
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::message(StatusCode::NOT_FOUND, &format!("404 {what}"))
    }

    /// A token that is known and has come to its end: <https://www.rfc-editor.org/rfc/rfc6750#section-3.1>
    pub(super) fn invalid_token(description: &str) -> Self {
        let body = json!({"error": "invalid_token", "error_description": description});
        let challenge = format!(
            "Bearer realm=\"Protected by OAuth 2.0\", error=\"invalid_token\", error_description=\"{description}\""
        );
        let mut reply = Self::new(StatusCode::UNAUTHORIZED, body);
        reply.headers.push(("www-authenticate", challenge));
        reply
    }

    pub(super) fn located(mut self, target: String) -> Self {
        self.headers.push(("location", target));
        self
    }

    /// One page of a list. <https://docs.gitlab.com/api/rest/#pagination>
    pub(super) fn page(rows: Vec<Value>, url: &str, query: &[(String, String)]) -> Self {
        let (size, page) = (number(query, "per_page", 20).min(100), number(query, "page", 1));
        let more = page.saturating_mul(size) < rows.len();
        let mut reply = Self::ok(rows.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect());
        reply.headers.push(("x-per-page", size.to_string()));
        reply.headers.push(("x-page", page.to_string()));
        if more {
            reply.headers.push(("link", format!("<{url}?{}>; rel=\"next\"", with_page(query, page + 1))));
        }
        reply
    }
}

impl From<Reply> for Response {
    fn from(reply: Reply) -> Self {
        http::response(reply.status, "application/json", reply.body.to_string(), reply.headers)
    }
}
