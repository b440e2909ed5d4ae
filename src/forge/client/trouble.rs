//! Why no answer came: errors of the libraries below, told apart by their types, never by their texts.

use std::error::Error;
use std::io;

use rustls::{AlertDescription, CertificateError, InvalidMessage};

use super::outside::Lookup;
use crate::fact::{Fault, FaultKind, Remedy};
use crate::text::sanitise;

/// A fault, and whether the next try may well succeed (the connection was reset, or the answer cut off).
#[derive(Debug)]
pub(super) struct Trouble {
    pub fault: Fault,
    pub passing: bool,
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self { fault, passing: false }
    }
}

/// Where the trouble was met.
pub(super) struct Way<'a> {
    /// The origin's host and port.
    pub host: &'a str,
    pub via: Option<&'a str>,
    pub connect_seconds: u64,
    pub total_seconds: u64,
}

/// What `error` means, in a sentence without addresses of requests.
pub(super) fn diagnose(error: &reqwest::Error, way: &Way<'_>) -> Trouble {
    if let Some(error) = find::<rustls::Error>(error) {
        return tls(error, way).into();
    }
    if let Some(lookup) = find::<Lookup>(error) {
        return lookup_fault(lookup, way).into();
    }
    if error.is_timeout() {
        return too_slow(error, way).into();
    }
    if error.is_connect() {
        return unconnected(error, way);
    }
    broken(error, way)
}

fn tls(error: &rustls::Error, way: &Way<'_>) -> Fault {
    let host = way.host;
    let (text, remedy) = match error {
        rustls::Error::InvalidCertificate(certificate) => certificate_fault(certificate, host),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => (
            format!("{host} speaks plain HTTP where HTTPS was expected."),
            "Check the port: this one is not for HTTPS.".to_owned(),
        ),
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::CertificateUnknown,
        ) => (
            format!("{host} asks for a client certificate, or does not accept the one that was shown."),
            "Set the client certificate (client_cert) that this host's administrators gave you.".to_owned(),
        ),
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure)
        | rustls::Error::PeerIncompatible(_) => (
            format!("{host} offers only TLS that is too old to be safe."),
            "Ask its administrators for TLS 1.2 or newer.".to_owned(),
        ),
        _ => (
            format!("The secure connection to {host} could not be set up."),
            "Check host and port; a firewall or proxy may break the connection open.".to_owned(),
        ),
    };
    Fault::new(FaultKind::Tls, format!("{text} The token was not sent.{}", through(way))).remedy(Remedy::new(remedy))
}

fn certificate_fault(error: &CertificateError, host: &str) -> (String, String) {
    let clock = || "If this computer's clock is wrong, set it; else tell the administrators of the host.".to_owned();
    let authority = || {
        "Name the authority's certificate as the CA file (ca_file), or a bundle in the variable SSL_CERT_FILE."
            .to_owned()
    };
    match error {
        CertificateError::Expired => (format!("The certificate of {host} has expired."), clock()),
        CertificateError::ExpiredContext { not_after, .. } => {
            (format!("The certificate of {host} expired on {}.", day(not_after.as_secs())), clock())
        }
        CertificateError::NotValidYet => (format!("The certificate of {host} is not valid yet."), clock()),
        CertificateError::NotValidYetContext { not_before, .. } => {
            (format!("The certificate of {host} is valid only from {}.", day(not_before.as_secs())), clock())
        }
        CertificateError::NotValidForName => (
            format!("The certificate is not for {host}"),
            "Write the host as its certificate names it, or tell the administrators of the host.".to_owned(),
        ),
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names = sanitise(&presented.join(", "), 120);
            (
                format!("The certificate that {host} shows is for {names} and not for this host."),
                "Write the host as its certificate names it, or tell the administrators of the host.".to_owned(),
            )
        }
        CertificateError::UnknownIssuer => {
            (format!("{host} uses a certificate authority that this computer does not know."), authority())
        }
        // webpki's CaUsedAsEndEntity arrives here: what `openssl req -x509` makes is an authority's certificate.
        CertificateError::Other(_) => (
            format!("The certificate of {host} is not one that a server may show (it may be self-signed)."),
            "Let the host show a certificate that an authority signed, and name that authority as the CA file."
                .to_owned(),
        ),
        CertificateError::Revoked => (format!("The certificate of {host} was revoked."), clock()),
        _ => (format!("The certificate of {host} cannot be verified."), authority()),
    }
}

fn lookup_fault(lookup: &Lookup, way: &Way<'_>) -> Fault {
    let (kind, name) = match way.via {
        Some(proxy) => (FaultKind::Proxy, format!("the proxy {proxy}")),
        None => (FaultKind::Dns, way.host.to_owned()),
    };
    let text = match lookup {
        Lookup::NoSuchHost => format!("The name of {name} was not found."),
        Lookup::TooSlow => format!("Looking up the name of {name} took over {} seconds.", way.connect_seconds),
    };
    Fault::new(kind, text).remedy(Remedy::new("Check the spelling, the VPN and the DNS of this network."))
}

fn too_slow(error: &reqwest::Error, way: &Way<'_>) -> Fault {
    let host = way.host;
    let text = if error.is_connect() {
        format!("No answer from {host} within {} seconds.{}", way.connect_seconds, through(way))
    } else {
        format!(
            "{host} took the request and did not answer in full within {} seconds.{}",
            way.total_seconds,
            through(way)
        )
    };
    Fault::new(FaultKind::Timeout, text).remedy(Remedy::new("Check firewall, VPN and proxy, then ask again."))
}

fn unconnected(error: &reqwest::Error, way: &Way<'_>) -> Trouble {
    let host = way.host;
    let refused = last_io(error) == Some(io::ErrorKind::ConnectionRefused);
    if let Some(proxy) = way.via {
        // The type of hyper-util's tunnel errors is private; only its text tells 407 from the rest.
        let text = if chain(error).any(|error| error.to_string().contains("proxy authorization required")) {
            format!("The proxy {proxy} asks for a user name and password.")
        } else if refused {
            format!("The proxy {proxy} refused the connection.")
        } else {
            format!("The proxy {proxy} did not open a way to {host}")
        };
        let remedy = "Check the proxy settings (HTTPS_PROXY, NO_PROXY), or ask those who run the proxy.";
        return Fault::new(FaultKind::Proxy, text).remedy(Remedy::new(remedy)).into();
    }
    match last_io(error) {
        Some(io::ErrorKind::ConnectionRefused) => {
            let text = format!("{host} refused the connection.");
            Fault::new(FaultKind::Network, text).remedy(Remedy::new("Check the port, and that the server runs.")).into()
        }
        Some(io::ErrorKind::UnexpectedEof) => {
            let text = format!("{host} closed the connection while it was being secured. The token was not sent.");
            Fault::new(FaultKind::Tls, text).remedy(Remedy::new("Check the port: it may not be for HTTPS.")).into()
        }
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted) => reset(way),
        _ => {
            let text = format!("No connection to {host} could be opened.");
            Fault::new(FaultKind::Network, text).remedy(Remedy::new("Check network, VPN and firewall.")).into()
        }
    }
}

fn broken(error: &reqwest::Error, way: &Way<'_>) -> Trouble {
    let host = way.host;
    if let Some(error) = find::<hyper::Error>(error) {
        if error.is_parse_too_large() {
            let text = format!("The header of the answer from {host} is too large.");
            return Fault::new(FaultKind::NotTheApi, text).remedy(super::answer::look_between()).into();
        }
        if error.is_parse() {
            let text = format!("What {host} sent is not HTTP.");
            return Fault::new(FaultKind::NotTheApi, text).remedy(Remedy::new("Check host and port.")).into();
        }
        if error.is_incomplete_message() {
            return reset(way);
        }
    }
    match last_io(error) {
        Some(io::ErrorKind::UnexpectedEof) => {
            let text = format!("The answer from {host} was cut off.{}", through(way));
            let fault =
                Fault::new(FaultKind::Network, text).remedy(Remedy::new("Ask again; check proxy and firewall."));
            Trouble { fault, passing: true }
        }
        Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => {
            let text = format!("The answer from {host} is not encoded as it says.");
            Fault::new(FaultKind::NotTheApi, text).remedy(super::answer::look_between()).into()
        }
        _ => reset(way),
    }
}

fn reset(way: &Way<'_>) -> Trouble {
    let text = format!("The connection to {} was closed before the answer was complete.{}", way.host, through(way));
    let fault = Fault::new(FaultKind::Network, text).remedy(Remedy::new("Ask again; check proxy and firewall."));
    Trouble { fault, passing: true }
}

fn through(way: &Way<'_>) -> String {
    way.via.map(|proxy| format!(" The way went through the proxy {proxy}")).unwrap_or_default()
}

fn day(seconds: u64) -> String {
    let moment = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    moment.map(|moment| moment.strftime("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default()
}

/// The error and everything below it. An `io::Error` hides what it carries from `source`: it is asked by `get_ref`.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |current: &&'e (dyn Error + 'static)| {
        let current: &'e (dyn Error + 'static) = *current;
        match current.downcast_ref::<io::Error>().map(io::Error::get_ref) {
            Some(Some(inner)) => Some(inner as &(dyn Error + 'static)),
            _ => current.source(),
        }
    })
}

fn find<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// The kind of the innermost `io::Error`.
fn last_io(error: &(dyn Error + 'static)) -> Option<io::ErrorKind> {
    chain(error).filter_map(|error| error.downcast_ref::<io::Error>()).last().map(io::Error::kind)
}
