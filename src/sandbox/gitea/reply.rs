//! Answers in the shapes of the API: objects, parts of lists, and refusals.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::ROOT;
use crate::sandbox::http::{self, number};

pub(super) struct Reply {
    status: StatusCode,
    /// None: the plain text that the router has for addresses which do not exist.
    body: Option<Value>,
    headers: Vec<(&'static str, String)>,
}

/// A reply either way; the error side lets a refusal leave a handler early.
pub(super) type Outcome = Result<Reply, Reply>;

impl Reply {
    pub(super) fn ok(body: Value) -> Self {
        Self::new(StatusCode::OK, Some(body))
    }

    pub(super) fn created(body: Value) -> Self {
        Self::new(StatusCode::CREATED, Some(body))
    }

    /// Every refusal has the address of the API's description with it.
    pub(super) fn refused(status: StatusCode, message: &str) -> Self {
        Self::new(status, Some(json!({"message": message, "url": format!("{ROOT}/api/swagger")})))
    }

    pub(super) fn forbidden(message: &str) -> Self {
        Self::refused(StatusCode::FORBIDDEN, message)
    }

    pub(super) fn not_found(message: &str) -> Self {
        let body = json!({"errors": null, "message": message, "url": format!("{ROOT}/api/swagger")});
        Self::new(StatusCode::NOT_FOUND, Some(body))
    }

    pub(super) fn no_such_address() -> Self {
        Self::new(StatusCode::NOT_FOUND, None)
    }

    pub(super) fn moved(status: StatusCode, location: String) -> Self {
        Self { headers: vec![("location", location)], ..Self::new(status, None) }
    }

    pub(super) fn broken() -> Self {
        Self::refused(StatusCode::INTERNAL_SERVER_ERROR, "")
    }

    /// Nothing to say.
    pub(super) fn done() -> Self {
        Self::new(StatusCode::NO_CONTENT, None)
    }

    fn new(status: StatusCode, body: Option<Value>) -> Self {
        Self { status, body, headers: Vec::new() }
    }

    /// One part of a list. <https://docs.gitea.com/development/api-usage#pagination>
    pub(super) fn page(rows: Vec<Value>, url: &str, query: &[(String, String)]) -> Self {
        let (size, page) = (number(query, "limit", 30).min(50), number(query, "page", 1));
        let total = rows.len();
        let mut reply = Self::ok(rows.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect());
        reply.headers.push(("x-total-count", total.to_string()));
        if page < total.div_ceil(size) {
            reply.headers.push(("link", format!("<{url}?limit={size}&page={}>; rel=\"next\"", page + 1)));
        }
        reply
    }
}

impl From<Reply> for Response {
    fn from(reply: Reply) -> Self {
        let (kind, body) = match reply.body {
            Some(body) => ("application/json;charset=utf-8", body.to_string()),
            None => ("text/plain; charset=utf-8", "404 page not found\n".to_owned()),
        };
        http::response(reply.status, kind, body, reply.headers)
    }
}
