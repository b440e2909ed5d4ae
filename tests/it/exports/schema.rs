//! What the consumers' schemas allow, as far as our objects go: each key has to be known there, and of the right form.
//!
//! No registry package has these schemas as data. For Flux the keys and patterns are those of the definition of
//! `gitrepositories.source.toolkit.fluxcd.io` (v1), which npm's `@kubernetes-models/flux-cd` 2.3.4 has compiled to
//! JavaScript (MIT), and of the page <https://fluxcd.io/flux/components/source/gitrepositories/>. Argo CD has no schema for
//! its Secrets: these are the keys of its page "Declarative Setup" and of `util/db/repository_secrets.go` of
//! argoproj/argo-cd. Read on 2026-11-21.

use serde_json::Value;

/// The keys of Argo CD's Secrets. The two sorts spell some keys of Azure differently, and a template knows fewer.
const REPOSITORY: &[&str] = &[
    "name",
    "project",
    "url",
    "type",
    "username",
    "password",
    "bearerToken",
    "sshPrivateKey",
    "tlsClientCertData",
    "tlsClientCertKey",
    "insecure",
    "insecureIgnoreHostKey",
    "enableLfs",
    "proxy",
    "noProxy",
    "forceHttpBasicAuth",
    "azureServicePrincipalClientId",
    "azureServicePrincipalClientSecret",
    "azureServicePrincipalTenantId",
    "azureActiveDirectoryEndpoint",
    "useAzureWorkloadIdentity",
    "depth",
];
const TEMPLATE: &[&str] = &[
    "url",
    "type",
    "username",
    "password",
    "bearerToken",
    "sshPrivateKey",
    "tlsClientCertData",
    "tlsClientCertKey",
    "proxy",
    "noProxy",
    "forceHttpBasicAuth",
    "azureServicePrincipalClientID",
    "azureServicePrincipalClientSecret",
    "azureServicePrincipalTenantID",
    "azureActiveDirectoryEndpoint",
    "useAzureWorkloadIdentity",
];
/// The keys that Flux reads of the Secret of a `GitRepository`.
const OF_FLUX: &[&str] =
    &["username", "password", "bearerToken", "identity", "identity.pub", "known_hosts", "ca.crt", "tls.crt", "tls.key"];

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap_or_else(|| panic!("{value} is no object")).keys().map(String::as_str).collect()
}

fn only(value: &Value, allowed: &[&str]) {
    for key in keys(value) {
        assert!(allowed.contains(&key), "{key} is not among {allowed:?}");
    }
}

fn texts(value: &Value) {
    for (key, value) in value.as_object().unwrap() {
        assert!(value.is_string(), "{key} is {value}, and Kubernetes takes texts alone there");
    }
}

/// An object of Kubernetes: its name, and nothing that it does not know.
fn object(value: &Value, of: [&str; 2], body: &[&str]) {
    only(value, &[&["apiVersion", "kind", "metadata"], body].concat());
    assert_eq!([value["apiVersion"].as_str(), value["kind"].as_str()], of.map(Some));
    only(&value["metadata"], &["name", "namespace", "labels"]);
    for key in ["name", "namespace"] {
        let name = value["metadata"][key].as_str().unwrap();
        let edge = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
        assert!(name.starts_with(edge) && name.ends_with(edge) && name.len() < 64, "{name}");
        assert!(name.chars().all(|letter| edge(letter) || letter == '-'), "{name}");
    }
    if !value["metadata"]["labels"].is_null() {
        texts(&value["metadata"]["labels"]);
    }
}

fn secret(value: &Value, allowed: &[&str]) {
    object(value, ["v1", "Secret"], &["stringData"]);
    only(&value["stringData"], allowed);
    texts(&value["stringData"]);
    let has = |key: &str| value["stringData"].get(key).is_some();
    assert!(!(has("bearerToken") && (has("username") || has("password"))), "one way to sign in, not two");
    assert!(has("username") == has("password"), "{value}");
}

/// A Secret, and the `GitRepository` that names it.
pub fn of_flux(objects: &[Value]) {
    let [of_secret, source] = objects else { panic!("{} objects", objects.len()) };
    secret(of_secret, OF_FLUX);
    object(source, ["source.toolkit.fluxcd.io/v1", "GitRepository"], &["spec"]);
    let spec = &source["spec"];
    only(spec, &["interval", "url", "ref", "secretRef"]);
    only(&spec["ref"], &["branch"]);
    only(&spec["secretRef"], &["name"]);
    assert_eq!(spec["secretRef"]["name"], of_secret["metadata"]["name"]);
    assert_eq!(source["metadata"]["namespace"], of_secret["metadata"]["namespace"]);
    let url = spec["url"].as_str().unwrap();
    assert!(["http://", "https://", "ssh://"].iter().any(|begin| url.starts_with(begin)), "{url}");
    let interval = spec["interval"].as_str().unwrap();
    assert!(interval.starts_with(|letter: char| letter.is_ascii_digit()) && interval.ends_with(['s', 'm', 'h']));
    let has = |key: &str| of_secret["stringData"].get(key).is_some();
    // Over SSH: "identity and known_hosts"; over HTTPS neither.
    assert_eq!(url.starts_with("ssh://"), has("identity") && has("known_hosts"), "{url}");
    assert!(!(url.starts_with("https://") && (has("identity") || has("known_hosts"))), "{url}");
}

/// A Secret of the sort that its label says, and at most one `ConfigMap` of Argo CD's own.
pub fn of_argo(objects: &[Value]) {
    let [of_secret, maps @ ..] = objects else { panic!("no object") };
    let sort = of_secret["metadata"]["labels"]["argocd.argoproj.io/secret-type"].as_str().unwrap();
    let allowed = match sort {
        "repository" => REPOSITORY,
        "repo-creds" => TEMPLATE,
        other => panic!("{other}"),
    };
    secret(of_secret, allowed);
    assert!(maps.len() < 2);
    for map in maps {
        object(map, ["v1", "ConfigMap"], &["data"]);
        let name = map["metadata"]["name"].as_str().unwrap();
        assert!(["argocd-tls-certs-cm", "argocd-ssh-known-hosts-cm"].contains(&name));
        assert_eq!(map["metadata"]["labels"]["app.kubernetes.io/part-of"], "argocd");
        texts(&map["data"]);
        assert_eq!(name == "argocd-ssh-known-hosts-cm", keys(&map["data"]) == ["ssh_known_hosts"]);
    }
}

#[test]
fn the_two_spellings_of_azures_keys_are_kept_apart() {
    for (sort, other) in [(REPOSITORY, TEMPLATE), (TEMPLATE, REPOSITORY)] {
        let own: Vec<_> = sort.iter().filter(|key| key.starts_with("azureServicePrincipal")).collect();
        assert_eq!(own.len(), 3);
        assert_eq!(own.iter().filter(|key| other.contains(key)).count(), 1, "the secret alone is spelt the same");
    }
}
