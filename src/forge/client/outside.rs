//! What all connections of a run share: HTTP clients by origin, the number of requests at a time, limits, and the log.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::fact::{Fault, FaultKind, Remedy, Site};
use crate::provider::Origin;
use crate::secret::{Redactor, Secret};

/// How we introduce ourselves. GitHub refuses requests without a name ("Getting started with the REST API").
pub const AGENT: &str = concat!("git-access/", env!("CARGO_PKG_VERSION"));
/// Requests at a time to one origin.
const AT_A_TIME: usize = 8;
/// Requests at a time to all origins together: a fleet must not run out of sockets.
const AT_ALL: usize = 256;
/// The longest certificate file that is read.
const LONGEST_PEM: u64 = 4 << 20;

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Finding the address and opening the connection, TLS included.
    pub connect: Duration,
    /// One request, from the first byte sent to the last byte read.
    pub total: Duration,
    /// All pauses before repetitions of one request together.
    pub patience: Duration,
    /// The first pause where the server names none.
    pub pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(15),
            patience: Duration::from_secs(30),
            pause: Duration::from_millis(250),
        }
    }
}

/// Where a line about each request goes: method, address, status, request id, time. Every line is redacted.
#[derive(Clone)]
pub struct Log(Arc<Mutex<Written>>);

struct Written {
    write: Box<dyn FnMut(&str) + Send>,
    redactor: Redactor,
}

impl Log {
    pub fn new(write: impl FnMut(&str) + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Written { write: Box::new(write), redactor: Redactor::default() })))
    }

    /// Makes every later line free of `secret`.
    pub fn learn(&self, secret: &Secret) {
        locked(&self.0).redactor.learn(secret);
    }

    pub fn line(&self, text: &str) {
        let mut written = locked(&self.0);
        let clean = written.redactor.clean(text);
        (written.write)(&clean);
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Log")
    }
}

/// The world as all connections of one run see it. Clones share everything.
#[derive(Clone, Debug)]
pub struct Outside {
    log: Option<Log>,
    limits: Limits,
    proxy: Option<String>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    clients: Mutex<BTreeMap<Way, reqwest::Client>>,
    permits: Mutex<BTreeMap<Origin, Arc<Semaphore>>>,
    all: Arc<Semaphore>,
    rests: Mutex<BTreeMap<Origin, Rest>>,
}

impl Default for Shared {
    fn default() -> Self {
        let (clients, permits, rests) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { clients, permits, all: Arc::new(Semaphore::new(AT_ALL)), rests }
    }
}

/// What a client is built for. It keeps connections by origin itself; reading the system's certificates takes several
/// milliseconds, so origins that are reached in the same way share one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    secure: bool,
    loopback: bool,
    ca_file: Option<PathBuf>,
    client_cert: Option<PathBuf>,
}

/// Until when an origin asked to be left alone.
pub(super) type Rest = Arc<Mutex<Option<Instant>>>;

/// The way to one origin.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub http: reqwest::Client,
    /// The proxy on the way, as `host:port`.
    pub via: Option<String>,
    pub rest: Rest,
    permits: Arc<Semaphore>,
    all: Arc<Semaphore>,
}

impl Line {
    /// Waits until a request may be sent: first for its origin, so that one slow origin holds up nobody else.
    pub async fn turn(&self) -> Turn {
        let own = Arc::clone(&self.permits).acquire_owned().await.ok();
        let all = Arc::clone(&self.all).acquire_owned().await.ok();
        Turn { _own: own, _all: all }
    }
}

/// The right to send one request; given back when it is dropped.
pub(in crate::forge) struct Turn {
    _own: Option<OwnedSemaphorePermit>,
    _all: Option<OwnedSemaphorePermit>,
}

impl Outside {
    pub fn new(log: Option<Log>) -> Self {
        Self { log, limits: Limits::default(), proxy: None, shared: Arc::default() }
    }

    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Uses this proxy instead of what the environment says.
    #[must_use]
    pub fn through(self, proxy: impl Into<String>) -> Self {
        Self { proxy: Some(proxy.into()), ..self }
    }

    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn log(&self) -> Option<&Log> {
        self.log.as_ref()
    }

    /// The way to `origin`.
    pub(super) fn line(&self, site: &Site, origin: &Origin) -> Result<Line, Fault> {
        let way = Way {
            secure: origin.is_secure(),
            loopback: origin.is_loopback(),
            ca_file: site.ca_file.clone(),
            client_cert: site.client_cert.clone(),
        };
        let permits = locked(&self.shared.permits)
            .entry(origin.clone())
            .or_insert_with(|| Arc::new(Semaphore::new(AT_A_TIME)))
            .clone();
        let rest = Arc::clone(locked(&self.shared.rests).entry(origin.clone()).or_default());
        let known = locked(&self.shared.clients).get(&way).cloned();
        let http = match known {
            Some(http) => http,
            None => self.build(&way)?,
        };
        locked(&self.shared.clients).insert(way, http.clone());
        Ok(Line { http, via: self.via(origin), rest, permits, all: Arc::clone(&self.shared.all) })
    }

    fn build(&self, way: &Way) -> Result<reqwest::Client, Fault> {
        let mut builder = reqwest::Client::builder()
            .user_agent(AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .http1_only()
            .gzip(true)
            .https_only(way.secure)
            .connect_timeout(self.limits.connect)
            .timeout(self.limits.total)
            .dns_resolver(Arc::new(Resolver(self.limits.connect.mul_f32(0.9))));
        if let Some(path) = &way.ca_file {
            builder = builder.tls_certs_merge(certificates(path)?);
        }
        if let Some(path) = &way.client_cert {
            builder = builder.identity(identity(path)?);
        }
        if way.loopback {
            builder = builder.no_proxy();
            if !way.secure {
                // Neither the host nor a proxy shows a certificate here, so the system's need not be read.
                builder = builder.tls_certs_only([]);
            }
        } else if let Some(proxy) = &self.proxy {
            let proxy = reqwest::Proxy::all(proxy)
                .map_err(|_| Fault::new(FaultKind::Proxy, "The address of the proxy is not well formed."))?;
            builder = builder.no_proxy().proxy(proxy);
        }
        builder.build().map_err(|_| {
            let text = "Secure connections cannot be set up: no certificate authorities were found, or one of those given is broken.";
            let remedy = "Install the package ca-certificates, or name a bundle in SSL_CERT_FILE.";
            Fault::new(FaultKind::Tls, text).remedy(Remedy::new(remedy))
        })
    }

    /// The proxy between us and `origin`, without what signs in there.
    fn via(&self, origin: &Origin) -> Option<String> {
        if origin.is_loopback() {
            return None;
        }
        let from_system =
            || Some(Matcher::from_system().intercept(&origin.to_string().parse().ok()?)?.uri().to_string());
        let address = url::Url::parse(&self.proxy.clone().or_else(from_system)?).ok()?;
        let port = address.port_or_known_default().map(|port| format!(":{port}")).unwrap_or_default();
        Some(crate::text::sanitise(&format!("{}{port}", address.host_str()?), 100))
    }
}

/// A name look-up that ends. The system's may hang for minutes; its thread is then left behind, the caller is not.
#[derive(Debug)]
struct Resolver(Duration);

/// How a name look-up failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lookup {
    #[error("no such host")]
    NoSuchHost,
    #[error("the look-up took too long")]
    TooSlow,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let limit = self.0;
        Box::pin(async move {
            let found = tokio::time::timeout(limit, tokio::net::lookup_host((name.as_str(), 0))).await;
            match found {
                Ok(Ok(addresses)) => Ok(Box::new(addresses.collect::<Vec<_>>().into_iter()) as Addrs),
                Ok(Err(_)) => Err(Lookup::NoSuchHost.into()),
                Err(_) => Err(Lookup::TooSlow.into()),
            }
        })
    }
}

/// Whether certificate authorities can be read from the file at `path`.
///
/// # Errors
/// Why not, with the remedy; nothing of what the file holds.
pub fn look_at_ca_file(path: &Path) -> Result<(), Fault> {
    certificates(path).map(drop)
}

/// Whether a certificate with its key can be read from the file at `path`.
///
/// # Errors
/// As for [`look_at_ca_file`].
pub fn look_at_client_cert(path: &Path) -> Result<(), Fault> {
    identity(path).map(drop)
}

fn certificates(path: &Path) -> Result<Vec<reqwest::Certificate>, Fault> {
    // Whoever can write it decides which server is sent the token.
    crate::disk::trusted(path)
        .map_err(|fault| Fault::new(FaultKind::Tls, fault.message).remedy(Remedy::new(fault.remedy)))?;
    let pem = read(path)?;
    let named = |what: &str| {
        let text = format!("The CA file {} {what}.", shown(path));
        let remedy = "Name a PEM file with at least one certificate (-----BEGIN CERTIFICATE-----).";
        Fault::new(FaultKind::Tls, text).remedy(Remedy::new(remedy))
    };
    let found = reqwest::Certificate::from_pem_bundle(&pem).map_err(|_| named("is not well formed"))?;
    // An empty bundle is no error to the library: the file would be ignored in silence.
    if found.is_empty() { Err(named("has no certificate")) } else { Ok(found) }
}

fn identity(path: &Path) -> Result<reqwest::Identity, Fault> {
    reqwest::Identity::from_pem(&read(path)?).map_err(|_| {
        let text = format!("The client certificate file {} has no certificate with its key.", shown(path));
        let remedy = "Name a PEM file that holds both: the certificate (chain) and the private key, not encrypted.";
        Fault::new(FaultKind::Tls, text).remedy(Remedy::new(remedy))
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    let unreadable = |reason: String| {
        let text = format!("The certificate file {} cannot be read: {reason}.", shown(path));
        Fault::new(FaultKind::Tls, text).remedy(Remedy::new("Correct the path, or make the file readable."))
    };
    // What is no file (a pipe) could block the open for ever.
    if !std::fs::metadata(path).map_err(|error| unreadable(error.kind().to_string()))?.is_file() {
        return Err(unreadable("it is not a file".to_owned()));
    }
    let mut pem = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST_PEM).read_to_end(&mut pem))
        .map_err(|error| unreadable(error.kind().to_string()))?;
    Ok(pem)
}

fn shown(path: &Path) -> String {
    crate::text::sanitise(&path.display().to_string(), 200)
}

/// The content of a lock; what a panicked holder left is as good as any, since nothing is ever half written.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
