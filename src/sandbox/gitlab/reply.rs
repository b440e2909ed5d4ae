//! Answers in the shapes of GitLab's REST API.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

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
        let number = |name: &str, otherwise: usize| {
            let given = query.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.parse().ok());
            given.filter(|number| *number > 0).unwrap_or(otherwise)
        };
        let (size, page) = (number("per_page", 20).min(100), number("page", 1));
        let more = page.saturating_mul(size) < rows.len();
        let mut reply = Self::ok(rows.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect());
        reply.headers.push(("x-per-page", size.to_string()));
        reply.headers.push(("x-page", page.to_string()));
        if more {
            let mut pairs = url::form_urlencoded::Serializer::new(String::new());
            pairs
                .extend_pairs(query.iter().filter(|(key, _)| key != "page"))
                .append_pair("page", &(page + 1).to_string());
            reply.headers.push(("link", format!("<{url}?{}>; rel=\"next\"", pairs.finish())));
        }
        reply
    }
}

impl From<Reply> for Response {
    fn from(reply: Reply) -> Self {
        let mut response = Response::new(Body::from(reply.body.to_string()));
        *response.status_mut() = reply.status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in reply.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().append(HeaderName::from_static(name), value);
            }
        }
        response
    }
}
