//! HTTP below all forges: one request, and what came of it.
//!
//! The token goes to the origins of its connection and to no other: [`Client::sign`] is the one place where it is added,
//! and it refuses any other origin. Redirects are followed by ourselves, on the same origin only. Only GET is repeated,
//! and only where a repetition may help (429, 5xx, a connection that broke); never after 401 or 403. Everything has a
//! limit: time, size, hops, repetitions, requests at a time.

mod answer;
mod outside;
mod trouble;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::{Method, RequestBuilder, Response};
use url::Url;

pub use self::answer::Answer;
use self::outside::Line;
pub(crate) use self::outside::locked;
pub use self::outside::{AGENT, Limits, Log, Outside, look_at_ca_file, look_at_client_cert};
use self::trouble::{Trouble, Way, diagnose};
use crate::fact::{Fault, FaultKind, Remedy, Site};
use crate::provider::{Host, Origin};
use crate::secret::{Redactor, Secret};
use crate::text::sanitise;

/// The longest answer about one thing, decoded.
pub const LONGEST_ANSWER: usize = 1 << 20;
/// The longest part of a list, decoded.
pub const LONGEST_LIST: usize = 4 << 20;
/// As much of a refusal as is read.
const LONGEST_REFUSAL: usize = 64 << 10;
/// How often a GET is repeated at most.
const REPEATS: u32 = 2;
/// How many redirects are followed at most.
const HOPS: usize = 3;

/// How a request shows who asks.
#[derive(Clone, Debug)]
pub enum Sign {
    /// Not at all, even where there is a credential.
    Not,
    Bearer,
    /// HTTP Basic with this user name, and the token as the password.
    Basic(String),
}

/// A request, before it is sent.
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    url: String,
    headers: Vec<(&'static str, String)>,
    /// Its media type, and its text.
    body: Option<(&'static str, String)>,
    sign: Sign,
    most: usize,
    keep_cut: bool,
    sign_in: Option<&'static str>,
    /// The body lists the credential itself under this key.
    hands_in: Option<&'static str>,
}

impl Request {
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url.into(), None)
    }

    pub fn post(url: impl Into<String>, body: serde_json::Value) -> Self {
        Self::new(Method::POST, url.into(), Some(body))
    }

    pub fn delete(url: impl Into<String>) -> Self {
        Self::new(Method::DELETE, url.into(), None)
    }

    /// A request that nobody signs, with the credential in its body: a list of one under `key`.
    pub fn hand_in(url: impl Into<String>, key: &'static str) -> Self {
        Self { hands_in: Some(key), ..Self::new(Method::POST, url.into(), None) }.sign(Sign::Not)
    }

    pub fn patch(url: impl Into<String>, body: serde_json::Value) -> Self {
        Self::new(Method::PATCH, url.into(), Some(body))
    }

    /// A POST of fields, as a form of a web page sends them.
    pub fn form(url: impl Into<String>, fields: &[(&str, &str)]) -> Self {
        let text = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Self::new(Method::POST, url.into(), None);
        Self { body: Some(("application/x-www-form-urlencoded", text)), ..request }
    }

    fn new(method: Method, url: String, body: Option<serde_json::Value>) -> Self {
        let body = body.map(|body| ("application/json", body.to_string()));
        Self {
            method,
            url,
            headers: Vec::new(),
            body,
            sign: Sign::Bearer,
            most: LONGEST_ANSWER,
            keep_cut: false,
            sign_in: None,
            hands_in: None,
        }
    }

    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    #[must_use]
    pub fn sign(self, sign: Sign) -> Self {
        Self { sign, ..self }
    }

    /// Takes at most so many decoded bytes; a longer answer is a fault.
    #[must_use]
    pub fn up_to(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// A redirect whose address has this in it is the forge's own page to sign in: it is handed over as it is.
    #[must_use]
    pub fn sign_in_page(self, part: &'static str) -> Self {
        Self { sign_in: Some(part), ..self }
    }

    /// A longer answer is cut and marked so, not a fault.
    #[must_use]
    pub fn keep_cut(self) -> Self {
        Self { keep_cut: true, ..self }
    }
}

/// The HTTP side of one connection: its origins, and its credential if it has one.
#[derive(Debug)]
pub struct Client {
    outside: Outside,
    lines: BTreeMap<Origin, Line>,
    secret: Option<Secret>,
    redactor: Arc<Redactor>,
    /// One request, from the first byte sent to the last byte read.
    total: Duration,
}

impl Client {
    /// # Errors
    /// `tls` when a certificate file cannot be used.
    pub fn new(site: &Site, secret: Option<&Secret>, outside: &Outside) -> Result<Self, Fault> {
        let mut redactor = Redactor::default();
        if let Some(secret) = secret {
            redactor.learn(secret);
            if let Some(log) = outside.log() {
                log.learn(secret);
            }
        }
        let mut lines = BTreeMap::new();
        for origin in site.origins() {
            let line = outside.line(site, &origin)?;
            lines.insert(origin, line);
        }
        let redactor = Arc::new(redactor);
        let total = outside.limits().total * site.provider.rules().slowness();
        Ok(Self { outside: outside.clone(), lines, secret: secret.cloned(), redactor, total })
    }

    /// Makes every later line of the log free of a secret that an answer brought.
    pub fn learn(&self, secret: &Secret) {
        if let Some(log) = self.outside.log() {
            log.learn(secret);
        }
    }

    /// Sends `request` and reads what comes back, whatever its status; a GET is repeated where that may help.
    pub async fn send(&self, request: &Request) -> Result<Answer, Fault> {
        let (mut waited, mut repeats) = (Duration::ZERO, 0);
        loop {
            let outcome = self.follow(request).await;
            let limits = self.outside.limits();
            let pause = pause_before_repeating(request, &outcome, repeats, limits);
            match pause.filter(|pause| repeats < REPEATS && waited + *pause <= limits.patience) {
                Some(pause) => {
                    tokio::time::sleep(pause).await;
                    waited += pause;
                    repeats += 1;
                }
                None => return outcome.map_err(|trouble| trouble.fault),
            }
        }
    }

    /// Sends, and follows redirects of GET on the same origin.
    async fn follow(&self, request: &Request) -> Result<Answer, Trouble> {
        let mut url = Url::parse(&request.url).map_err(|_| bad_address())?;
        let first = origin_of(&url)?;
        for hop in 0..=HOPS {
            let mut answer = self.attempt(request, &url, &first, hop > 0).await?;
            answer.followed = hop > 0;
            let target_has = |part: &str| answer.header("location").is_some_and(|target| target.contains(part));
            if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) || request.sign_in.is_some_and(target_has) {
                return Ok(answer);
            }
            let next = target(&answer, &url, &first)?;
            if request.method != Method::GET {
                let text = format!(
                    "{} redirects a request that changes things (status {}). It was not sent again.",
                    answer.host, answer.status
                );
                let remedy = Remedy::new("Use the name or host as it is now.");
                return Err(answer.fault(FaultKind::Redirect, &text).remedy(remedy).into());
            }
            url = next;
        }
        let text = format!("{} redirects in a circle.", first.authority());
        Err(Fault::new(FaultKind::Redirect, text)
            .remedy(Remedy::new("Check the host, and the proxy in between."))
            .into())
    }

    /// One request on the wire, and its line in the log.
    async fn attempt(&self, request: &Request, url: &Url, origin: &Origin, followed: bool) -> Result<Answer, Trouble> {
        let line = self.lines.get(origin).ok_or_else(|| foreign(origin))?;
        let mut builder = line.http.request(request.method.clone(), url.clone()).timeout(self.total);
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        if let Some((kind, text)) = &request.body {
            builder = builder.header("content-type", *kind).body(text.clone());
        }
        if let (Some(key), Some(secret)) = (request.hands_in, &self.secret) {
            let body = serde_json::json!({ key: [secret.expose()] });
            builder = builder.header("content-type", "application/json").body(body.to_string());
        }
        builder = self.sign(builder, &request.sign, origin)?;
        let rest = *locked(&line.rest);
        if let Some(until) = rest {
            tokio::time::sleep_until(until.into()).await;
        }
        // The semaphore is never closed, so waiting for it cannot fail.
        let _turn = line.turn().await;
        let started = Instant::now();
        let outcome = self.exchange(builder, request, origin, line).await;
        if let Some(pause) = outcome.as_ref().ok().and_then(Answer::pause_after) {
            *locked(&line.rest) = Some(Instant::now() + pause.min(self.outside.limits().patience));
        }
        if let Some(log) = self.outside.log() {
            // Addresses that a redirect gave are shown without their query: it is not ours.
            let address = if followed { format!("{origin}{}", url.path()) } else { request.url.clone() };
            log.line(&log_line(&request.method, &address, &outcome, started.elapsed()));
        }
        outcome
    }

    /// Adds the credential. The only place that does, and only for the connection's own origins.
    fn sign(&self, builder: RequestBuilder, sign: &Sign, origin: &Origin) -> Result<RequestBuilder, Fault> {
        let Some(secret) = &self.secret else { return Ok(builder) };
        if !matches!(sign, Sign::Not) && !self.lines.contains_key(origin) {
            return Err(foreign(origin));
        }
        // Both mark the header as sensitive, so that no debug output shows it.
        Ok(match sign {
            Sign::Not => builder,
            Sign::Bearer => builder.bearer_auth(secret.expose()),
            Sign::Basic(user) => builder.basic_auth(user, Some(secret.expose())),
        })
    }

    async fn exchange(
        &self,
        builder: RequestBuilder,
        request: &Request,
        origin: &Origin,
        line: &Line,
    ) -> Result<Answer, Trouble> {
        let host = origin.authority();
        let limits = self.outside.limits();
        let way = Way {
            host: &host,
            via: line.via.as_deref(),
            connect_seconds: limits.connect.as_secs(),
            total_seconds: self.total.as_secs(),
        };
        let trouble = |error: reqwest::Error| diagnose(&error, &way);
        let response = builder.send().await.map_err(trouble)?;
        let status = response.status().as_u16();
        let refusal = status >= 300;
        let most = if refusal { request.most.min(LONGEST_REFUSAL) } else { request.most };
        let headers = response.headers().clone();
        let (body, cut) = read(response, most).await.map_err(trouble)?;
        let redactor = Arc::clone(&self.redactor);
        let (reads, host) = (request.method == Method::GET, host.clone());
        let answer = Answer { status, cut, reads, followed: false, headers, body, host, redactor };
        if cut && !refusal && !request.keep_cut {
            return Err(answer.not_the_api("an answer of the API").into());
        }
        Ok(answer)
    }
}

/// The decoded body, at most `most` bytes of it, and whether there was more.
async fn read(mut response: Response, most: usize) -> Result<(Vec<u8>, bool), reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = most - body.len();
        if chunk.len() > room {
            body.extend_from_slice(&chunk[..room]);
            return Ok((body, true));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((body, false))
}

/// How long to wait before asking the same again; `None`: it is not to be asked again.
fn pause_before_repeating(
    request: &Request,
    outcome: &Result<Answer, Trouble>,
    repeats: u32,
    limits: &Limits,
) -> Option<Duration> {
    if request.method != Method::GET {
        return None;
    }
    let growing = || jittered(limits.pause * 2_u32.pow(repeats));
    match outcome {
        Err(trouble) => trouble.passing.then(growing),
        Ok(answer) if matches!(answer.status, 429 | 500 | 502 | 503 | 504) => {
            let now = answer.date().unwrap_or_else(Timestamp::now);
            match answer.wait_until(now) {
                Some(until) => Some(Duration::try_from(until.duration_since(now)).unwrap_or_default()),
                // A limit without a usable time: about a second.
                None if answer.status == 429 => Some(limits.pause * 4),
                None => Some(growing()),
            }
        }
        Ok(_) => None,
    }
}

/// `pause` and up to as much again, so that many clients do not come back at the same moment.
fn jittered(pause: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or_default();
    pause + pause.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

/// Where a redirect leads, if that is on the same origin.
fn target(answer: &Answer, from: &Url, origin: &Origin) -> Result<Url, Fault> {
    let told = answer.header("location").unwrap_or_default();
    let status = answer.status;
    let odd = told.is_empty() || told.chars().any(|character| character == '\\' || !character.is_ascii_graphic());
    let next = from.join(&told).ok().filter(|next| !odd && next.username().is_empty() && next.password().is_none());
    let Some(mut next) = next else {
        let text = format!("{} redirects (status {status}) to an address that is not well formed.", answer.host);
        return Err(answer
            .fault(FaultKind::Redirect, &text)
            .remedy(Remedy::new("Check the host, and the proxy in between.")));
    };
    next.set_fragment(None);
    if origin_of(&next).is_ok_and(|there| there == *origin) {
        return Ok(next);
    }
    if origin.is_secure() && next.scheme() == "http" && next.host_str() == Some(origin.name()) {
        let text = format!(
            "{} tried to move the connection to plain HTTP (status {status}). The token was not sent.",
            answer.host
        );
        return Err(answer
            .fault(FaultKind::Redirect, &text)
            .remedy(Remedy::new("Tell the administrators of the host.")));
    }
    let there = sanitise(&answer.redactor.clean(&next.origin().ascii_serialization()), 120);
    let text = format!("{} redirects to {there} (status {status}). The token was not sent there.", answer.host);
    let remedy = format!("If {there} is your server, enter it as the host; else check VPN, single sign-on and proxy.");
    Err(answer.fault(FaultKind::Redirect, &text).remedy(Remedy::new(remedy)))
}

/// The origin of an address, by the one grammar that all hosts pass.
pub(crate) fn origin_of(url: &Url) -> Result<Origin, Fault> {
    Host::parse(&url.origin().ascii_serialization()).map(|host| host.origin().clone()).map_err(|_| bad_address())
}

fn bad_address() -> Fault {
    Fault::new(FaultKind::Redirect, "The address of the request is not well formed.")
        .remedy(Remedy::new("Check the host."))
}

fn foreign(origin: &Origin) -> Fault {
    let text = format!("{origin} is not an origin of this connection. The token was not sent.");
    Fault::new(FaultKind::Redirect, text).remedy(Remedy::new("Check the host and the address of the API."))
}

fn log_line(method: &Method, address: &str, outcome: &Result<Answer, Trouble>, took: Duration) -> String {
    let (result, id) = match outcome {
        Ok(answer) => (answer.status.to_string(), answer.request_id()),
        Err(trouble) => (trouble.fault.kind.name().to_owned(), None),
    };
    let id = id.map(|id| format!(" {id}")).unwrap_or_default();
    format!("{method} {} {result}{id} {} ms", sanitise(address, 300), took.as_millis())
}
