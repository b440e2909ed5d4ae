//! The proxy on the way to each origin, and the certificate authorities that are trusted.

use std::collections::BTreeSet;
use std::env;
use std::path::Path;

use hyper_util::client::proxy::matcher::Matcher;
use serde_json::Value as Json;

use super::Finding;
use crate::config::Config;
use crate::fact::Site;
use crate::provider::{Host, Origin, Provider};

/// Where the systems that we know keep their bundle.
const BUNDLES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

pub(super) fn findings(config: Option<&Config>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = origins(config)
        .into_iter()
        .map(|origin| Finding::new("proxy", origin.to_string(), proxy(&origin).unwrap_or_else(|| "direct".to_owned())))
        .collect();
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        let value = env::var_os(name).filter(|value| !value.is_empty());
        let missing = value.as_ref().is_some_and(|value| !Path::new(value).exists());
        let finding = Finding::new("certificates", name, value.map(|value| value.to_string_lossy().into_owned()));
        findings.push(if missing {
            finding.advise("There is nothing at that path. Correct it or unset it.")
        } else {
            finding
        });
    }
    let bundle = BUNDLES.iter().find(|path| Path::new(path).is_file());
    let finding = Finding::new("certificates", "system bundle", bundle.map_or(Json::Null, |path| (*path).into()));
    let needed = cfg!(all(unix, not(target_os = "macos"))) && env::var_os("SSL_CERT_FILE").is_none();
    findings.push(if bundle.is_none() && needed {
        finding.advise("Install the package ca-certificates, or name a bundle in SSL_CERT_FILE.")
    } else {
        finding
    });
    findings
}

/// Those of the saved connections, and those of every provider's public service.
fn origins(config: Option<&Config>) -> BTreeSet<Origin> {
    let usual = Provider::ALL.iter().filter_map(|provider| {
        let host = Host::parse(provider.rules().default_host()?).ok()?;
        let api = provider.rules().api(&host);
        Some(Site { provider: *provider, host, api, ca_file: None, client_cert: None }.origins())
    });
    let saved = config.into_iter().flat_map(Config::connections).map(|connection| connection.site.origins());
    usual.chain(saved).flatten().collect()
}

/// Host and port of the proxy, without what signs in there. Never one for this computer.
fn proxy(origin: &Origin) -> Option<String> {
    if origin.is_loopback() {
        return None;
    }
    let found = Matcher::from_system().intercept(&origin.to_string().parse().ok()?)?;
    let address = url::Url::parse(&found.uri().to_string()).ok()?;
    let port = address.port_or_known_default().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}{port}", address.host_str()?))
}
