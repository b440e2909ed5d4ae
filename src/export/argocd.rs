//! Argo CD: the Secret of a repository, or the template of credentials for everything below an owner.
//!
//! Source: <https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#repositories> (labels and keys;
//! the longest prefix wins; authorities stand in a `ConfigMap` by host name), read on 2026-11-21. `bearerToken` is for
//! HTTP access tokens of Bitbucket Data Center (the same page), which a user name beside it would spoil.

use serde_json::{Map, Value, json};

use crate::answers::KeyScope;

use super::yaml::{Kinds, document as written, lines, name, object_name};
use super::{ABOUT_KNOWN_HOSTS, Case, Document, Format, KNOWN_HOSTS, Mark};

pub const REPOSITORY: Format = Format {
    name: "argocd",
    about: "a repository Secret for Argo CD",
    platform: Some("argocd"),
    parameters: &[
        ("name", "the name of the object; default: the connection's"),
        ("namespace", "default: argocd"),
        ("project", "the project of Argo CD that may use it; default: every one"),
        (KNOWN_HOSTS, ABOUT_KNOWN_HOSTS),
    ],
    carries_client: true,
    carries_files: true,
    write: repository,
};

pub const CREDENTIALS: Format = Format {
    name: "argocd-creds",
    about: "a credential template for every repository below the owner, for Argo CD",
    platform: Some("argocd"),
    parameters: &[
        ("name", "the name of the object; default: the connection's, with -creds behind it"),
        ("namespace", "default: argocd"),
        (KNOWN_HOSTS, ABOUT_KNOWN_HOSTS),
    ],
    carries_client: true,
    carries_files: true,
    write: credentials,
};

/// A Secret of a repository and a template lie in one namespace: with one name, the second would replace the first.
const KINDS: Kinds = Kinds { platform: "argocd", endings: &[("argocd", ""), ("argocd-creds", "-creds")] };

fn repository(case: &Case<'_>, document: &mut Document) -> Result<String, String> {
    let https = &case.repository()?.url;
    let url = if case.signs_with_key() { case.ssh_url()? } else { https.clone() };
    object(case, document, ("argocd", "repository"), &url, case.parameters.get("project"))
}

fn credentials(case: &Case<'_>, document: &mut Document) -> Result<String, String> {
    // What stands before the name of any repository. With its last slash: Argo CD compares letters, and without one the
    // template for acme would serve acme2 as well.
    let site = &case.connection.site;
    let place = crate::fact::Place { owner: case.connection.owner.clone(), name: "x".into() };
    let rules = site.provider.rules();
    let kind = case.connection.token.as_ref().and_then(|token| token.kind);
    let one_key = || case.connection.ssh.as_ref().is_some_and(|ssh| ssh.scope == Some(KeyScope::Repository));
    if kind.is_some_and(|kind| rules.reaches_one_repository(kind)) || (case.signs_with_key() && one_key()) {
        return Err("it opens one repository, and a template serves every one below the owner: use --for argocd".into());
    }
    let of_one = if case.signs_with_key() { rules.ssh_url(site, &place) } else { rules.clone_url(site, &place) };
    let length = of_one.rfind('/').map_or(of_one.len(), |at| at + 1);
    object(case, document, ("argocd-creds", "repo-creds"), &of_one[..length], None)
}

fn object(
    case: &Case<'_>,
    document: &mut Document,
    (format, kind): (&str, &str),
    url: &str,
    project: Option<&String>,
) -> Result<String, String> {
    let name = name(case, document, &KINDS, format)?;
    let namespace = object_name(&case.or("namespace", "argocd"))?;
    let mut data = json!({ "type": "git", "url": url });
    if let Some(project) = project {
        data["project"] = project.as_str().into();
    }
    let mark = || Mark::TokenQuoted.char().to_string();
    if case.signs_with_key() {
        case.needs_private_key()?;
        data["sshPrivateKey"] = lines(&Mark::KeyBlock.char().to_string());
    } else {
        case.needs_token()?;
        if case.is_bearer() {
            data["bearerToken"] = mark().into();
        } else {
            data["username"] = case.user.into();
            data["password"] = mark().into();
        }
    }
    if let Some(pem) = case.client_cert.filter(|_| !case.signs_with_key()) {
        data["tlsClientCertData"] = lines(pem);
        data["tlsClientCertKey"] = lines(&Mark::ClientKeyBlock.char().to_string());
    }
    let labels = json!({ "argocd.argoproj.io/secret-type": kind });
    let metadata = json!({ "name": name, "namespace": namespace, "labels": labels });
    let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data });
    let map = authority(case, document, &namespace)?.map(|map| format!("---\n{}", written(&map)));
    Ok(written(&secret) + &map.unwrap_or_default())
}

/// Where Argo CD looks for authorities and for the keys of hosts: one map each for the whole installation.
///
/// # Errors
/// The host cannot be a key of such a map: they take letters, digits, `-`, `_` and `.` alone
/// (the description of `ConfigMap.data` in Kubernetes' API, <https://docs.rs/k8s-openapi>, read on 2026-11-21).
fn authority(case: &Case<'_>, document: &mut Document, namespace: &str) -> Result<Option<Value>, String> {
    let host = case.connection.site.host.origin().name();
    let (map, key, value) = match (case.signs_with_key(), case.ca) {
        (false, Some(pem)) => ("argocd-tls-certs-cm", host, pem.to_owned()),
        (true, _) => ("argocd-ssh-known-hosts-cm", "ssh_known_hosts", case.known_hosts(document)),
        (false, None) => return Ok(None),
    };
    if !key.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter)) {
        return Err(format!(
            "Argo CD looks for the certificate authority under the name of the host in a ConfigMap, and Kubernetes takes no key {key} there, but letters, digits, dots, hyphens and underscores alone: reach the host by a name"
        ));
    }
    document.notes.push(format!(
        "Merge the ConfigMap {map} into the one that is there: applying it as it stands would drop its other entries."
    ));
    let labels = json!({ "app.kubernetes.io/name": map, "app.kubernetes.io/part-of": "argocd" });
    let metadata = json!({ "name": map, "namespace": namespace, "labels": labels });
    let data = Map::from_iter([(key.to_owned(), lines(&value))]);
    Ok(Some(json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data })))
}
