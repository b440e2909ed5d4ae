//! Answers in the shapes of Bitbucket's REST API.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use crate::sandbox::http::{self, number, with_page};

pub(super) struct Reply {
    status: StatusCode,
    kind: &'static str,
    body: String,
    headers: Vec<(&'static str, String)>,
}

/// A reply either way; the error side lets a refusal leave a handler early.
pub(super) type Outcome = Result<Reply, Reply>;

impl Reply {
    pub(super) fn ok(body: &Value) -> Self {
        Self::new(StatusCode::OK, body)
    }

    pub(super) fn new(status: StatusCode, body: &Value) -> Self {
        Self { status, kind: "application/json", body: body.to_string(), headers: Vec::new() }
    }

    pub(super) fn error(status: StatusCode, message: &str) -> Self {
        Self::new(status, &json!({"type": "error", "error": {"message": message}}))
    }

    pub(super) fn bad_request(message: &str) -> Self {
        Self::error(StatusCode::BAD_REQUEST, message)
    }

    /// The refusal of a Basic sign-in: a line of text.
    pub(super) fn unknown() -> Self {
        let headers = vec![("www-authenticate", "Basic realm=\"Bitbucket.org HTTP\"".to_owned())];
        let body = "Invalid credentials.".to_owned();
        Self { status: StatusCode::UNAUTHORIZED, kind: "text/plain", body, headers }
    }

    pub(super) fn invalid_token() -> Self {
        let message = "Token is invalid, expired, or not supported for this endpoint.";
        Self::error(StatusCode::UNAUTHORIZED, message)
    }

    pub(super) fn without_scopes() -> Self {
        Self::error(StatusCode::UNAUTHORIZED, "API Token provided has no Bitbucket scopes")
    }

    pub(super) fn wrong_mechanism() -> Self {
        Self::error(StatusCode::FORBIDDEN, "This API is not accessible by this authentication mechanism")
    }

    pub(super) fn lacks(required: &str, granted: &[String]) -> Self {
        let message = "Your credentials lack one or more required privilege scopes.";
        let detail = json!({"required": [required], "granted": granted});
        Self::new(StatusCode::FORBIDDEN, &json!({"type": "error", "error": {"message": message, "detail": detail}}))
    }

    pub(super) fn no_repository(name: &str) -> Self {
        Self::error(StatusCode::NOT_FOUND, &format!("Repository {name} not found"))
    }

    pub(super) fn located(mut self, target: String) -> Self {
        self.headers.push(("location", target));
        self
    }

    /// One part of a list: the next one is named in the body.
    pub(super) fn page(rows: Vec<Value>, url: &str, query: &[(String, String)]) -> Self {
        let (length, page, size) = (number(query, "pagelen", 10).min(100), number(query, "page", 1), rows.len());
        let more = page.saturating_mul(length) < size;
        let rows: Vec<Value> = rows.into_iter().skip((page - 1).saturating_mul(length)).take(length).collect();
        let mut body = json!({"values": rows, "pagelen": length, "page": page, "size": size});
        if more {
            body["next"] = json!(format!("{url}?{}", with_page(query, page + 1)));
        }
        Self::ok(&body)
    }
}

impl From<Reply> for Response {
    fn from(reply: Reply) -> Self {
        http::response(reply.status, reply.kind, reply.body, reply.headers)
    }
}
