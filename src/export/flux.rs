//! Flux: a Secret, and the `GitRepository` that refers to it.
//!
//! Source: <https://fluxcd.io/flux/components/source/gitrepositories/> (keys of the Secret, forms of the address),
//! read on 2026-11-21. The token goes in as a password, since the page advises against `bearerToken` for the public
//! forges; only what is documented to sign in as a bearer alone goes in as one.

use serde_json::{Value, json};

use super::yaml::{Kinds, document as written, lines, name, object_name};
use super::{ABOUT_KNOWN_HOSTS, Case, Document, Format, KNOWN_HOSTS, Mark};

pub const FORMAT: Format = Format {
    name: "flux",
    about: "a Secret and a GitRepository for Flux",
    platform: Some("flux"),
    parameters: &[
        ("name", "the name of both objects; default: the connection's"),
        ("namespace", "default: flux-system"),
        ("interval", "how often Flux looks; default: 1m0s"),
        ("branch", "default: the connection's, else main"),
        (KNOWN_HOSTS, ABOUT_KNOWN_HOSTS),
    ],
    carries_client: true,
    carries_files: true,
    write,
};

const KINDS: Kinds = Kinds { platform: "flux", endings: &[("flux", "")] };

fn write(case: &Case<'_>, document: &mut Document) -> Result<String, String> {
    let repository = case.repository()?;
    let name = name(case, document, &KINDS, "flux")?;
    let namespace = object_name(&case.or("namespace", "flux-system"))?;
    let branch = case.or("branch", repository.branch.as_deref().unwrap_or("main"));
    if repository.branch.is_none() && !case.parameters.contains_key("branch") {
        document.notes.push("The branch is taken to be main: give another one with --set branch=…".into());
    }
    let interval = duration(&case.or("interval", "1m0s"))?;
    let (url, data) = if case.signs_with_key() { key(case, document)? } else { token(case, document)? };
    let metadata = json!({ "name": name, "namespace": namespace });
    let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data });
    let source = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": metadata,
        "spec": { "interval": interval, "url": url, "ref": { "branch": branch }, "secretRef": { "name": name } },
    });
    Ok(format!("{}---\n{}", written(&secret), written(&source)))
}

fn token(case: &Case<'_>, document: &mut Document) -> Result<(String, Value), String> {
    case.needs_token()?;
    let mark = Mark::TokenQuoted.char().to_string();
    let mut data = if case.is_bearer() {
        json!({ "bearerToken": mark })
    } else {
        json!({ "username": case.user, "password": mark })
    };
    if let Some(pem) = case.ca {
        data["ca.crt"] = lines(pem);
    }
    if let Some(pem) = case.client_cert {
        data["tls.crt"] = lines(pem);
        data["tls.key"] = lines(&Mark::ClientKeyBlock.char().to_string());
        document.notes.push(
            "An older Flux does not read tls.crt and tls.key of this Secret, and comes without a certificate then: look at the page on GitRepository of your version.".into(),
        );
    }
    Ok((case.repository()?.url.clone(), data))
}

fn key(case: &Case<'_>, document: &mut Document) -> Result<(String, Value), String> {
    case.needs_private_key()?;
    let url = case.ssh_url()?;
    let mut data = json!({ "identity": lines(&Mark::KeyBlock.char().to_string()) });
    if let Some(line) = case.public_key {
        data["identity.pub"] = lines(line);
    }
    // Without the host's keys Flux refuses to connect.
    data["known_hosts"] = lines(&case.known_hosts(document));
    Ok((url, data))
}

/// How often: as the schema of the object has it, `^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`.
fn duration(given: &str) -> Result<String, String> {
    let mut rest = given;
    while !rest.is_empty() {
        let number = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(rest.len());
        let (count, unit) = rest.split_at(number);
        let whole = count.split('.').all(|part| !part.is_empty()) && count.matches('.').count() < 2;
        let unit_length = ["ms", "s", "m", "h"].into_iter().find(|one| unit.starts_with(one)).map(str::len);
        let Some(length) = unit_length.filter(|_| whole) else { return Err(NOT_A_DURATION.into()) };
        rest = &unit[length..];
    }
    if given.is_empty() { Err(NOT_A_DURATION.into()) } else { Ok(given.to_owned()) }
}

const NOT_A_DURATION: &str = "`interval` is a time such as 1m0s, 30s or 1h30m";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_the_schema() {
        for fine in ["1m0s", "30s", "1h30m", "500ms", "1.5h", "0s"] {
            assert!(duration(fine).is_ok(), "{fine}");
        }
        for wrong in ["", "1", "m", "1d", "1 m", "-1m", "1.m", ".5m", "1.2.3s", "1m0"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
