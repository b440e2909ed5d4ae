//! Argo CD: the Secret of a repository, or the template of credentials for everything below an owner.
//!
//! Source: <https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/#repositories> (labels and keys;
//! the longest prefix wins; authorities stand in a `ConfigMap` by host name), read on 2026-11-21. `bearerToken` is for
//! HTTP access tokens of Bitbucket Data Center (the same page), which a user name beside it would spoil.

use crate::answers::KeyScope;

use super::yaml::{block, name_of, object_name, text};
use super::{Case, Document, Format, Mark};

pub const REPOSITORY: Format = Format {
    name: "argocd",
    about: "a repository Secret for Argo CD",
    parameters: &[
        ("name", "the name of the object; default: the connection's"),
        ("namespace", "default: argocd"),
        ("project", "the project of Argo CD that may use it; default: every one"),
    ],
    carries_client: true,
    write: repository,
};

pub const CREDENTIALS: Format = Format {
    name: "argocd-creds",
    about: "a credential template for every repository below the owner, for Argo CD",
    parameters: &[("name", "the name of the object; default: the connection's"), ("namespace", "default: argocd")],
    carries_client: true,
    write: credentials,
};

fn repository(case: &Case<'_>, document: &mut Document) -> Result<String, String> {
    let https = &case.repository()?.url;
    let url = if case.signs_with_key() { case.ssh_url()? } else { https.clone() };
    let project = case.parameters.get("project").map(|name| format!("  project: {}\n", text(name)));
    object(case, document, "repository", &url, &project.unwrap_or_default())
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
    object(case, document, "repo-creds", &of_one[..length], "")
}

fn object(case: &Case<'_>, document: &mut Document, kind: &str, url: &str, more: &str) -> Result<String, String> {
    let name = object_name(&case.or("name", &name_of(&case.connection.name)))?;
    let namespace = object_name(&case.or("namespace", "argocd"))?;
    let mut credential = if case.signs_with_key() {
        case.needs_private_key()?;
        format!("  sshPrivateKey: |\n    {}\n", Mark::KeyBlock.char())
    } else {
        case.needs_token()?;
        if case.is_bearer() {
            format!("  bearerToken: \"{}\"\n", Mark::TokenQuoted.char())
        } else {
            format!("  username: {}\n  password: \"{}\"\n", text(case.user), Mark::TokenQuoted.char())
        }
    };
    if let Some(pem) = case.client_cert.filter(|_| !case.signs_with_key()) {
        credential.push_str(&block("tlsClientCertData", pem));
        credential.push_str(&format!("  tlsClientCertKey: |\n    {}\n", Mark::ClientKeyBlock.char()));
    }
    let authority = authority(case, document, &namespace);
    Ok(format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: {namespace}\n  labels:\n    \
         argocd.argoproj.io/secret-type: {kind}\nstringData:\n  type: git\n  url: {}\n{more}{credential}{authority}",
        text(url)
    ))
}

/// Where Argo CD looks for authorities and for the keys of hosts: one map each for the whole installation.
fn authority(case: &Case<'_>, document: &mut Document, namespace: &str) -> String {
    let host = case.connection.site.host.origin().name();
    let (map, key, value) = match (case.signs_with_key(), case.ca) {
        (false, Some(pem)) => ("argocd-tls-certs-cm", host, pem.to_owned()),
        (true, _) => ("argocd-ssh-known-hosts-cm", "ssh_known_hosts", case.known_hosts(document)),
        (false, None) => return String::new(),
    };
    document.notes.push(format!(
        "Merge the ConfigMap {map} into the one that is there: applying it as it stands would drop its other entries."
    ));
    format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {map}\n  namespace: {namespace}\n  labels:\n    \
         app.kubernetes.io/name: {map}\n    app.kubernetes.io/part-of: argocd\ndata:\n{}",
        block(key, &value)
    )
}
