//! What a server answered, and whether it is an answer of the API at all.
//!
//! Login pages, captive portals, proxies and other programs also answer with 200. An answer is believed only if status,
//! content type and shape are those of the API; everything else is the fault `not-the-api`, with what it was instead.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use zeroize::Zeroize as _;

use crate::fact::{Fault, FaultKind, Remedy};
use crate::secret::Redactor;
use crate::text::sanitise;

/// The longest piece of a server's own words that is shown.
const LONGEST_WORDS: usize = 500;

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    /// Not all was read: it was longer than what we take.
    pub cut: bool,
    /// It answers a question, and not a change.
    pub reads: bool,
    /// It came from another address of the same origin.
    pub followed: bool,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) host: String,
    pub(super) redactor: Arc<Redactor>,
}

impl Answer {
    /// All values of a header, joined as HTTP joins them.
    pub fn header(&self, name: &str) -> Option<String> {
        let values: Vec<_> = self.headers.get_all(name).iter().map(|value| lossy(value.as_bytes())).collect();
        if values.is_empty() { None } else { Some(values.join(", ")) }
    }

    /// The same answer without a byte order mark, where the provider is known to send one.
    #[must_use]
    pub fn without_mark(mut self) -> Self {
        if self.body.starts_with(b"\xef\xbb\xbf") {
            self.body.drain(..3);
        }
        self
    }

    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Host and port of who answered.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The server's words, made safe: without our secret, in one line.
    pub fn say(&self, words: &str) -> String {
        sanitise(&self.redactor.clean(words), LONGEST_WORDS)
    }

    pub fn is_json(&self) -> bool {
        let kind = self.content_type();
        kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
    }

    /// The media type, in lower case and without parameters.
    pub fn content_type(&self) -> String {
        let full = self.header("content-type").unwrap_or_default();
        full.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The body as `T`, if it is JSON through and through. `what` names what was asked for.
    pub fn json<T: DeserializeOwned>(&self, what: &str) -> Result<T, Fault> {
        let text = std::str::from_utf8(&self.body).ok().filter(|_| self.is_json() && !self.cut);
        // The untyped reading refuses deep nesting, also in fields that the typed one skips.
        text.filter(|text| serde_json::from_str::<serde_json::Value>(text).is_ok())
            .and_then(|text| serde_json::from_str(text).ok())
            .ok_or_else(|| self.not_the_api(what))
    }

    /// What `read` makes of the body, which is wiped then: for an answer that holds a secret. `None` where the body is no
    /// JSON, or was cut.
    pub fn wiped<T>(mut self, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = std::str::from_utf8(&self.body).ok().filter(|_| self.is_json() && !self.cut);
        let told = text.and_then(read);
        self.body.zeroize();
        told
    }

    /// The date header.
    pub fn date(&self) -> Option<Timestamp> {
        http_date(&self.header("date")?)
    }

    /// A fault about this answer; it ends with the id by which the provider's support finds the request.
    pub fn fault(&self, kind: FaultKind, text: &str) -> Fault {
        match self.request_id() {
            Some(id) => Fault::new(kind, format!("{text} Request id {id}")),
            None => Fault::new(kind, text),
        }
    }

    pub fn request_id(&self) -> Option<String> {
        let names = ["x-github-request-id", "x-request-id", "x-vss-e2eid", "activityid"];
        let id = names.into_iter().find_map(|name| self.header(name))?;
        let id = sanitise(&self.redactor.clean(&id), 64);
        (!id.is_empty()).then_some(id)
    }

    /// The server has trouble of its own, or limits us: what status alone tells, the same at every provider.
    pub fn general_fault(&self) -> Option<Fault> {
        if self.status == 429 {
            return Some(self.rate_limit());
        }
        if self.status < 500 {
            return None;
        }
        let text = format!("{} has a problem of its own (status {}).", self.host, self.status);
        let remedy = "Ask again in a while; the provider's status page may say more.";
        Some(self.fault(FaultKind::Server, &text).remedy(Remedy::new(remedy)))
    }

    /// The fault of having asked too often, with the time from which the server takes requests again.
    pub fn rate_limit(&self) -> Fault {
        let now = self.date().unwrap_or_else(Timestamp::now);
        let until = self.wait_until(now).filter(|until| *until > now);
        let (when, remedy) = match until {
            Some(until) => {
                let until = until.strftime("%Y-%m-%d %H:%M UTC");
                (format!(" It takes requests again at {until} by its clock."), "Ask again after that time.")
            }
            None => (String::new(), "Ask again in a few minutes."),
        };
        let text = format!("{} limits how often it may be asked.{when}", self.host);
        let fault = self.fault(FaultKind::RateLimit, &text).remedy(Remedy::new(remedy));
        match until {
            // The clocks may differ: what counts is how long it lasts.
            Some(until) => fault.until(Timestamp::now() + now.duration_until(until)),
            None => fault,
        }
    }

    /// Until when the server wants us to wait: `Retry-After` in both forms, else the end of an exhausted window.
    pub(super) fn wait_until(&self, now: Timestamp) -> Option<Timestamp> {
        if let Some(told) = self.header("retry-after") {
            let told = told.trim();
            if told.is_empty() || !told.bytes().all(|byte| byte.is_ascii_digit()) {
                return http_date(told);
            }
            let seconds: u32 = told.parse().unwrap_or(u32::MAX);
            return now.checked_add(jiff::SignedDuration::from_secs(seconds.into())).ok();
        }
        let told = |name: &str| {
            self.header(&format!("x-ratelimit-{name}")).or_else(|| self.header(&format!("ratelimit-{name}")))
        };
        if told("remaining")?.trim() != "0" {
            return None;
        }
        Timestamp::from_second(told("reset")?.trim().parse().ok()?).ok()
    }

    /// For how long the server wants to be left alone although it answered: the first sign of a limit that is near.
    pub(super) fn pause_after(&self) -> Option<Duration> {
        let told = self.header("retry-after").filter(|_| self.status < 300)?;
        Some(Duration::from_secs(told.trim().parse::<u32>().ok()?.into()))
    }

    /// The address with `rel="next"` in the `Link` header (RFC 8288): where a list goes on.
    pub fn next_part(&self) -> Option<String> {
        next_part(self.header("link").as_deref())
    }

    /// The fault of an answer that is none of the API's, told by what it is instead.
    pub fn not_the_api(&self, what: &str) -> Fault {
        let (host, status) = (&self.host, self.status);
        let text = if let Some(title) = self.page_title() {
            let title = if title.is_empty() { "without a title".to_owned() } else { format!("titled “{title}”") };
            format!("{host} answered with a web page {title} (status {status}), not with {what}.")
        } else if self.cut {
            format!("{host} sent more than {what} can be; reading was stopped.")
        } else if self.body.is_empty() {
            format!("{host} answered with status {status} and nothing else, not with {what}.")
        } else if self.is_json() {
            format!("{host} answered with JSON (status {status}) that is not {what}.")
        } else {
            format!("{host} answered with something else (status {status}) than {what}.")
        };
        self.fault(FaultKind::NotTheApi, &text).remedy(look_between())
    }

    /// The title, if the body is a web page.
    fn page_title(&self) -> Option<String> {
        let head = String::from_utf8_lossy(&self.body[..self.body.len().min(16 << 10)]).into_owned();
        // ASCII lower case keeps every index.
        let lower = head.to_ascii_lowercase();
        let start = lower.trim_start();
        let page =
            self.content_type() == "text/html" || start.starts_with("<!doctype html") || start.starts_with("<html");
        if !page {
            return None;
        }
        let title = lower.find("<title").and_then(|open| {
            let from = open + lower[open..].find('>')? + 1;
            let to = from + lower[from..].find("</title")?;
            Some(sanitise(&self.redactor.clean(&head[from..to]), 60))
        });
        Some(title.unwrap_or_default())
    }
}

pub(super) fn look_between() -> Remedy {
    Remedy::new("Check the host; a login page of a VPN, a single sign-on or a proxy may stand in between.")
}

/// A date of HTTP, `Wed, 13 Mar 2024 08:54:05 GMT`.
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

/// The address with `rel="next"` among `links`.
fn next_part(links: Option<&str>) -> Option<String> {
    links?.split(',').find_map(|link| {
        let (address, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let next = parameters.split(';').any(|parameter| matches!(parameter.trim(), "rel=\"next\"" | "rel=next"));
        next.then(|| address.to_owned())
    })
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_part_of_a_list_is_found_among_the_links() {
        for (link, next) in [
            (r#"<https://x/?page=2>; rel="next", <https://x/?page=9>; rel="last""#, Some("https://x/?page=2")),
            (r#"<https://x/?page=1>; rel="prev", <https://x/?page=3>; rel="next""#, Some("https://x/?page=3")),
            (r#"<https://x/?page=1>; rel="first""#, None),
            ("nonsense", None),
            ("", None),
        ] {
            assert_eq!(next_part(Some(link)).as_deref(), next, "{link}");
        }
        assert_eq!(next_part(None), None);
    }
}
