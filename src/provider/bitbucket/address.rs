//! What an address of bitbucket.org names: web pages and clone addresses, over HTTPS and SSH.

use crate::provider::{Address, Host, Located};

/// Where SSH answers on port 443, for networks that close port 22 ("Configure SSH", troubleshooting).
pub(super) const OTHER_SSH: &str = "altssh.bitbucket.org";
/// First parts of the site's own pages: no workspace has such an ID.
const PAGES: &[&str] = &[
    "account",
    "blog",
    "branding",
    "dashboard",
    "gateway",
    "organizations",
    "product",
    "repo",
    "site",
    "snippets",
    "status",
    "support",
    "workspaces",
];

/// A project's key as Bitbucket writes it, if it can be one ("Group repositories into projects").
pub(super) fn project_key(text: &str) -> Option<String> {
    let fine = (1..=128).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    fine.then(|| text.to_ascii_uppercase())
}

pub(super) fn locate(address: &Address) -> Option<Located> {
    let segments: Vec<&str> = address.segments.iter().map(String::as_str).collect();
    let elsewhere = matches!(address.host.as_str(), OTHER_SSH | "www.bitbucket.org");
    let host = if elsewhere { Some(Host::parse("https://bitbucket.org").ok()?) } else { None };
    let (owner, rest) = segments.split_first().filter(|(first, _)| !PAGES.contains(first))?;
    let (project, repository) = match rest {
        ["workspace", "projects", key, ..] => (Some((*key).to_owned()), None),
        [] | ["workspace", ..] => (None, None),
        [name, ..] => (None, Some(name.strip_suffix(".git").unwrap_or(name).to_owned())),
    };
    Some(Located { host, owner: (*owner).to_owned(), project, repository })
}
