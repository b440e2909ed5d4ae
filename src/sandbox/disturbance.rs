//! What happens to requests on their way: delays, answers of somebody else, dropped connections.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use futures_util::stream;

use super::scenario::Disturbance;

/// The disturbances of one provider, each with the requests that it has met.
pub(super) struct Disturbances(Vec<(Disturbance, AtomicU64)>);

/// What is to be done with a request.
pub(super) struct Outcome<'a> {
    pub delay: Duration,
    /// The disturbance that answers in the provider's place.
    pub answer: Option<&'a Disturbance>,
}

impl Disturbances {
    pub(super) fn new(provider: &str, all: &[Disturbance]) -> Self {
        let ours = |it: &&Disturbance| it.provider.as_deref().is_none_or(|name| name == provider);
        Self(all.iter().filter(ours).map(|it| (it.clone(), AtomicU64::new(0))).collect())
    }

    /// Counts the request. All that match may delay it; the first that answers does.
    pub(super) fn meet(&self, method: &str, uri: &Uri) -> Outcome<'_> {
        let mut outcome = Outcome { delay: Duration::ZERO, answer: None };
        for (disturbance, met) in &self.0 {
            if !disturbance.matches(method, uri) {
                continue;
            }
            let number = met.fetch_add(1, Ordering::Relaxed) + 1;
            let end = disturbance.count.map_or(u64::MAX, |count| disturbance.first.saturating_add(count));
            if !(disturbance.first..end).contains(&number) {
                continue;
            }
            outcome.delay += Duration::from_millis(disturbance.delay_ms);
            if outcome.answer.is_none() && (disturbance.close || disturbance.status.is_some()) {
                outcome.answer = Some(disturbance);
            }
        }
        outcome
    }
}

impl Disturbance {
    fn matches(&self, method: &str, uri: &Uri) -> bool {
        self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.query.as_deref().is_none_or(|piece| uri.query().is_some_and(|query| query.contains(piece)))
            && glob(self.path.as_bytes(), uri.path().as_bytes())
    }

    /// What stands in the log about it.
    pub(super) fn summary(&self) -> String {
        match (self.status, self.close) {
            (Some(status), false) => format!("answered {status}"),
            (Some(status), true) => format!("answered {status}, cut off half-way"),
            (None, _) => "connection closed".to_owned(),
        }
    }

    /// The answer, or none when the connection is to be closed at once.
    pub(super) fn response(&self, host: &str) -> Option<Response> {
        let status = StatusCode::from_u16(self.status?).ok()?;
        let body = self.body.clone().unwrap_or_default().replace("{host}", host);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        let headers = response.headers_mut();
        if let Some(value) = self.content_type.as_deref().and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(header::CONTENT_TYPE, value);
        }
        for (name, value) in &self.headers {
            let value = HeaderValue::from_str(&value.replace("{host}", host));
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), value) {
                headers.insert(name, value);
            }
        }
        *response.body_mut() = if self.close { half_of(body) } else { Body::from(body) };
        Some(response)
    }
}

/// Sends half of the text and then breaks the connection, as a proxy that dies does.
fn half_of(text: String) -> Body {
    let middle = text.len() / 2;
    let half = Bytes::from(text).slice(..middle);
    Body::from_stream(stream::unfold(Some(half), |half| async move {
        if let Some(half) = half {
            return Some((Ok(half), None));
        }
        // The first half has to be on its way, or nothing of the answer would be seen.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Some((Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)), None))
    }))
}

/// `*` is anything without a slash, `**` anything.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [b'*', b'*', rest @ ..] => (0..=text.len()).any(|at| glob(rest, &text[at..])),
        [b'*', rest @ ..] => {
            let segment = text.iter().position(|byte| *byte == b'/').unwrap_or(text.len());
            (0..=segment).any(|at| glob(rest, &text[at..]))
        }
        [byte, rest @ ..] => text.first() == Some(byte) && glob(rest, &text[1..]),
        [] => text.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn a_star_stays_within_its_segment_and_two_do_not() {
        for (pattern, path, expected) in [
            ("/api/v3/user", "/api/v3/user", true),
            ("/api/v3/user", "/api/v3/user/orgs", false),
            ("/*/*.git/**", "/acme/shop.git/info/refs", true),
            ("/*/*.git/**", "/api/v3/repos/acme/shop.git", false),
            ("/*/x", "/a/b/x", false),
            ("**", "/", true),
            ("/api/v3/repos/**", "/api/v3/repos/acme/shop", true),
            ("/api/v3/repos/**", "/api/v3/user/repos", false),
        ] {
            assert_eq!(glob(pattern.as_bytes(), path.as_bytes()), expected, "{pattern} {path}");
        }
    }
}
