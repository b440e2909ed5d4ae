//! What the imitations do alike with a request and its answer. What stands in them is each provider's own.

use std::io;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use super::server::SignedIn;

/// The parameters of a request, in their order.
pub(super) type Query = Vec<(String, String)>;

/// A request to an API, read in full.
pub(super) struct Received {
    pub method: Method,
    pub path: String,
    pub query: Query,
    pub body: Bytes,
}

impl Received {
    /// None: the body is larger than any of these APIs takes.
    pub(super) async fn of(request: Request) -> Option<Self> {
        const LARGEST: usize = 1 << 20;
        let (parts, body) = request.into_parts();
        let query = parts.uri.query().unwrap_or_default();
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let body = axum::body::to_bytes(body, LARGEST).await.ok()?;
        Some(Self { method: parts.method, path: parts.uri.path().to_owned(), query, body })
    }
}

pub(super) fn parameter<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// A number above zero, as the parts of lists are asked for.
pub(super) fn number(query: &[(String, String)], name: &str, otherwise: usize) -> usize {
    parameter(query, name).and_then(|value| value.parse().ok()).filter(|number| *number > 0).unwrap_or(otherwise)
}

/// The same question about another page.
pub(super) fn with_page(query: &[(String, String)], page: usize) -> String {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    pairs.extend_pairs(query.iter().filter(|(key, _)| key != "page")).append_pair("page", &page.to_string());
    pairs.finish()
}

/// An answer; with an empty `kind` it does not say what its body is.
pub(super) fn response(
    status: StatusCode,
    kind: &'static str,
    body: String,
    headers: Vec<(&'static str, String)>,
) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    if !kind.is_empty() {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    response
}

/// Adds a header that the response does not have yet.
pub(super) fn add(response: &mut Response, name: &'static str, value: &str) {
    let name = HeaderName::from_static(name);
    if let (false, Ok(value)) = (response.headers().contains_key(&name), HeaderValue::from_str(value)) {
        response.headers_mut().insert(name, value);
    }
}

/// Notes for the log who was signed in.
pub(super) fn signed(mut response: Response, login: Option<&str>) -> Response {
    if let Some(login) = login {
        response.extensions_mut().insert(SignedIn(login.to_owned()));
    }
    response
}

/// What new tokens are made of.
pub(super) fn random<const LENGTH: usize>() -> io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes)
}
