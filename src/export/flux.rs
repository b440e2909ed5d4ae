//! Flux: a Secret, and the `GitRepository` that refers to it.
//!
//! Source: <https://fluxcd.io/flux/components/source/gitrepositories/> (keys of the Secret, forms of the address),
//! read on 2026-11-21. The token goes in as a password: the page advises against `bearerToken` for Git forges.

use super::yaml::{block, name_of, object_name, text};
use super::{Case, Document, Format, Mark};

pub const FORMAT: Format = Format {
    name: "flux",
    about: "a Secret and a GitRepository for Flux",
    parameters: &[
        ("name", "the name of both objects; default: the connection's"),
        ("namespace", "default: flux-system"),
        ("interval", "how often Flux looks; default: 1m0s"),
        ("branch", "default: the connection's, else main"),
    ],
    write,
};

fn write(case: &Case<'_>, document: &mut Document) -> Result<String, String> {
    let repository = case.repository()?;
    let name = object_name(&case.or("name", &name_of(&case.connection.name)))?;
    let namespace = object_name(&case.or("namespace", "flux-system"))?;
    let branch = case.or("branch", repository.branch.as_deref().unwrap_or("main"));
    if repository.branch.is_none() && !case.parameters.contains_key("branch") {
        document.notes.push("The branch is taken to be main: give another one with --set branch=…".into());
    }
    let (url, data) = if case.signs_with_key() { key(case)? } else { token(case)? };
    Ok(format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: {namespace}\nstringData:\n{data}\
         ---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata:\n  name: {name}\n  \
         namespace: {namespace}\nspec:\n  interval: {interval}\n  url: {url}\n  ref:\n    branch: {branch}\n  \
         secretRef:\n    name: {name}\n",
        interval = text(&case.or("interval", "1m0s")),
        url = text(&url),
        branch = text(&branch),
    ))
}

fn token(case: &Case<'_>) -> Result<(String, String), String> {
    case.needs_token()?;
    let mark = Mark::TokenQuoted.char();
    let ca = case.ca.map(|pem| block("ca.crt", pem)).unwrap_or_default();
    let data = format!("  username: {}\n  password: \"{mark}\"\n{ca}", text(case.user));
    Ok((case.repository()?.url.clone(), data))
}

fn key(case: &Case<'_>) -> Result<(String, String), String> {
    case.needs_private_key()?;
    let public = case.public_key.map(|line| block("identity.pub", line)).unwrap_or_default();
    // Without the host's keys Flux refuses to connect.
    let hosts = case.known_hosts.ok_or("the keys of the host are not known, and Flux wants them: `known_hosts`")?;
    let mark = Mark::KeyBlock.char();
    Ok((case.ssh_url()?, format!("  identity: |\n    {mark}\n{public}{}", block("known_hosts", hosts))))
}
