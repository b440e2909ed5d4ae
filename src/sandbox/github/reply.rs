//! Answers in the shapes of GitHub's REST API: objects, pages of lists, and refusals.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use crate::sandbox::http::{self, number, with_page};

pub(super) const DOCS: &str = "https://docs.github.com/rest";

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

    pub(super) fn created(body: Value, location: &str) -> Self {
        Self::new(StatusCode::CREATED, body).with("location", location.to_owned())
    }

    /// The body of every error: a message, a page of the documentation, and the status as a text.
    pub(super) fn refused(status: StatusCode, message: &str) -> Self {
        let body = json!({"message": message, "documentation_url": DOCS, "status": status.as_str()});
        Self::new(status, body)
    }

    pub(super) fn not_found() -> Self {
        Self::refused(StatusCode::NOT_FOUND, "Not Found")
    }

    pub(super) fn forbidden(message: &str) -> Self {
        Self::refused(StatusCode::FORBIDDEN, message)
    }

    /// A 422 with the reasons.
    pub(super) fn unprocessable(message: &str, errors: &Value, documentation: &str) -> Self {
        let body = json!({
            "message": message, "errors": errors, "documentation_url": documentation, "status": "422",
        });
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, body)
    }

    pub(super) fn broken() -> Self {
        Self::refused(StatusCode::INTERNAL_SERVER_ERROR, "Server Error")
    }

    pub(super) fn new(status: StatusCode, body: Value) -> Self {
        Self { status, body, headers: Vec::new() }
    }

    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// One page of a list, with the links to the others.
    /// <https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api>
    pub(super) fn page(rows: Vec<Value>, url: &str, query: &[(String, String)]) -> Self {
        let (size, page) = (number(query, "per_page", 30).min(100), number(query, "page", 1));
        let last = rows.len().div_ceil(size).max(1);
        let link = |page: usize, relation: &str| format!("<{url}?{}>; rel=\"{relation}\"", with_page(query, page));
        let mut links = Vec::new();
        if page > 1 {
            links.extend([link(page - 1, "prev"), link(1, "first")]);
        }
        if page < last {
            links.extend([link(page + 1, "next"), link(last, "last")]);
        }
        let reply = Self::ok(rows.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect());
        if links.is_empty() { reply } else { reply.with("link", links.join(", ")) }
    }
}

impl From<Reply> for Response {
    fn from(reply: Reply) -> Self {
        http::response(reply.status, "application/json; charset=utf-8", reply.body.to_string(), reply.headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_links_to_its_neighbours_and_keeps_the_query() {
        let query = [("per_page", "2"), ("type", "all"), ("page", "2")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        let reply = Reply::page((1..=5).map(Value::from).collect(), "http://h/x", &query);
        assert_eq!(reply.body, json!([3, 4]));
        let (_, link) = &reply.headers[0];
        assert!(link.contains("<http://h/x?per_page=2&type=all&page=3>; rel=\"next\""), "{link}");
        assert!(link.contains("<http://h/x?per_page=2&type=all&page=1>; rel=\"prev\""), "{link}");
        assert!(link.contains("page=3>; rel=\"last\""), "{link}");
    }

    #[test]
    fn a_list_that_fits_has_no_links_and_a_page_past_the_end_is_empty() {
        assert!(Reply::page(vec![json!(1)], "http://h/x", &[]).headers.is_empty());
        let reply = Reply::page(vec![json!(1)], "http://h/x", &[("page".into(), "9".into())]);
        assert_eq!(reply.body, json!([]));
    }
}
