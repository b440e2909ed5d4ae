//! Scopes. Two families with nothing in common: those of API tokens (`write:repository:bitbucket`), of which none implies
//! another ("API token permissions": "This scope does not imply the read:repository:bitbucket scope"), and those of access
//! tokens (`repository:write`), of which some do ("Bitbucket OAuth 2.0 scopes", <https://developer.atlassian.com/cloud/bitbucket/rest/intro/>).

use std::collections::BTreeSet;

use crate::fact::Service;
use crate::provider::{Need, Proof};

/// What a scope of an access token brings along. `repository:admin` and `repository:delete` bring nothing at all, not even
/// reading.
const IMPLIES: &[(&str, &[&str])] = &[
    ("repository:write", &["repository"]),
    ("project", &["repository"]),
    ("project:write", &["project"]),
    ("pullrequest", &["repository"]),
    ("pullrequest:write", &["pullrequest", "repository:write"]),
    ("pipeline:write", &["pipeline"]),
    ("pipeline:variable", &["pipeline:write"]),
    ("runner:write", &["runner"]),
    ("account:write", &["account"]),
    ("team:write", &["team"]),
    ("issue:write", &["issue"]),
    ("snippet:write", &["snippet"]),
];

pub(super) fn closure(scopes: &BTreeSet<String>) -> BTreeSet<String> {
    let mut whole = scopes.clone();
    let mut open: Vec<String> = scopes.iter().cloned().collect();
    while let Some(scope) = open.pop() {
        let implied = IMPLIES.iter().find(|(name, _)| *name == scope).map_or(&[][..], |(_, implied)| implied);
        open.extend(implied.iter().map(ToString::to_string).filter(|one| whole.insert(one.clone())));
    }
    whole
}

/// The boxes of the two forms: `Repositories: Write`, and the scope's own name for API tokens.
pub(super) fn title(scope: &str) -> String {
    let (name, level) = match scope.split_once(':') {
        None => (scope, "Read"),
        Some((_, rest)) if rest.contains(':') => return scope.to_owned(),
        Some((name, "write")) => (name, "Write"),
        Some((name, "admin")) => (name, "Admin"),
        Some((name, "delete")) => (name, "Delete"),
        Some(_) => return scope.to_owned(),
    };
    let name = match name {
        "repository" => "Repositories",
        "pullrequest" => "Pull requests",
        "project" => "Projects",
        "pipeline" => "Pipelines",
        "runner" => "Runners",
        "webhook" => return "Webhooks: Read and write".to_owned(),
        _ => return scope.to_owned(),
    };
    format!("{name}: {level}")
}

pub(super) fn scopes_for(need: Need, api: bool) -> &'static [&'static str] {
    match (need, api) {
        (Need::Webhooks, true) => &["write:webhook:bitbucket"],
        (Need::Webhooks, false) => &["webhook"],
        (Need::PullRequests, true) => &["write:pullrequest:bitbucket"],
        (Need::PullRequests, false) => &["pullrequest:write"],
        (Need::Delete, true) => &["delete:repository:bitbucket"],
        (Need::Delete, false) => &["repository:delete"],
    }
}

pub(super) fn of_the_wizard(api: bool, creates: bool) -> Vec<&'static str> {
    let (sees, makes): (&[_], &[_]) = if api {
        (
            &["read:user:bitbucket", "read:workspace:bitbucket", "read:repository:bitbucket"],
            &["admin:repository:bitbucket", "read:project:bitbucket"],
        )
    } else {
        (&["repository"], &["repository:admin", "project"])
    };
    sees.iter().chain(if creates { makes } else { &[] }).copied().collect()
}

pub(super) fn proof(scope: &str) -> Proof {
    match scope {
        "repository" | "read:repository:bitbucket" => Proof::Git(Service::Read),
        "repository:write" | "write:repository:bitbucket" => Proof::Git(Service::Write),
        "pullrequest"
        | "read:pullrequest:bitbucket"
        | "webhook"
        | "read:webhook:bitbucket"
        | "project"
        | "read:project:bitbucket"
        | "account"
        | "read:user:bitbucket"
        | "read:workspace:bitbucket" => Proof::Read,
        _ => Proof::None,
    }
}
