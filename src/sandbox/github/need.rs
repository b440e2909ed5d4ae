//! What each endpoint asks of a token and of its user, as one table.
//!
//! Scopes are any-of, as `X-Accepted-OAuth-Scopes` lists them. Permissions:
//! <https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens>

use crate::sandbox::scenario::{Level, Rights};

pub(super) struct Need {
    method: &'static str,
    /// `*` stands for one segment.
    path: &'static str,
    /// Of classic tokens, one of these. What is asked beyond a list depends on the visibility of the repository.
    pub scopes: &'static [&'static str],
    /// Of fine-grained tokens.
    pub permission: Option<(&'static str, Level)>,
    /// Of the user, in the repository.
    pub rights: Rights,
}

const fn need(
    method: &'static str,
    path: &'static str,
    scopes: &'static [&'static str],
    permission: Option<(&'static str, Level)>,
    rights: Rights,
) -> Need {
    Need { method, path, scopes, permission, rights }
}

const ORG: &[&str] = &["admin:org", "read:org", "repo", "user", "write:org"];
const MEMBER: &[&str] = &["admin:org", "read:org", "write:org"];
const CREATE: &[&str] = &["public_repo", "repo"];
const REPO: &[&str] = &["repo"];
const HOOK_READ: &[&str] = &["admin:repo_hook", "public_repo", "read:repo_hook", "repo", "write:repo_hook"];
const HOOK_WRITE: &[&str] = &["admin:repo_hook", "public_repo", "repo", "write:repo_hook"];

const NEEDS: &[Need] = &[
    need("GET", "/user/orgs", &["admin:org", "read:org", "user", "write:org"], None, Rights::None),
    need("GET", "/user/memberships/orgs", MEMBER, Some(("members", Level::Read)), Rights::None),
    need("GET", "/user/memberships/orgs/*", MEMBER, Some(("members", Level::Read)), Rights::None),
    need(
        "GET",
        "/user/keys",
        &["admin:public_key", "read:public_key", "write:public_key"],
        Some(("keys", Level::Read)),
        Rights::None,
    ),
    need("DELETE", "/user/keys/*", &["admin:public_key"], Some(("keys", Level::Write)), Rights::None),
    need("POST", "/user/keys", &["admin:public_key", "write:public_key"], Some(("keys", Level::Write)), Rights::None),
    need("GET", "/user/repos", REPO, Some(("metadata", Level::Read)), Rights::None),
    need("POST", "/user/repos", CREATE, Some(("administration", Level::Write)), Rights::None),
    need("GET", "/users/*/repos", &[], Some(("metadata", Level::Read)), Rights::None),
    need("GET", "/orgs/*", ORG, Some(("metadata", Level::Read)), Rights::None),
    need("GET", "/orgs/*/repos", ORG, Some(("metadata", Level::Read)), Rights::None),
    need("POST", "/orgs/*/repos", CREATE, Some(("administration", Level::Write)), Rights::None),
    need("GET", "/repos/*/*", REPO, Some(("metadata", Level::Read)), Rights::Read),
    need("GET", "/repositories/*", REPO, Some(("metadata", Level::Read)), Rights::Read),
    need("GET", "/repos/*/*/commits", REPO, Some(("contents", Level::Read)), Rights::Read),
    need("GET", "/repos/*/*/branches", REPO, Some(("contents", Level::Read)), Rights::Read),
    need("GET", "/repos/*/*/pulls", REPO, Some(("pull_requests", Level::Read)), Rights::Read),
    need("POST", "/repos/*/*/pulls", CREATE, Some(("pull_requests", Level::Write)), Rights::Read),
    need("GET", "/repos/*/*/hooks", HOOK_READ, Some(("repository_hooks", Level::Read)), Rights::Admin),
    need("PATCH", "/repos/*/*/hooks/*", HOOK_WRITE, Some(("repository_hooks", Level::Write)), Rights::Admin),
    need("GET", "/repos/*/*/actions/permissions", REPO, Some(("administration", Level::Read)), Rights::Admin),
    need("GET", "/repos/*/*/rulesets/rule-suites", REPO, Some(("administration", Level::Write)), Rights::Admin),
    need("GET", "/repos/*/*/collaborators/*/permission", REPO, Some(("metadata", Level::Read)), Rights::Read),
    need("GET", "/repos/*/*/keys", REPO, Some(("administration", Level::Read)), Rights::Admin),
    need("POST", "/repos/*/*/keys", CREATE, Some(("administration", Level::Write)), Rights::Admin),
    need("DELETE", "/repos/*/*/keys/*", REPO, Some(("administration", Level::Write)), Rights::Admin),
    need("DELETE", "/repos/*/*", &["delete_repo"], Some(("administration", Level::Write)), Rights::Admin),
];

/// Whoever is signed in may ask for the rest.
static NOTHING: Need = need("", "", &[], None, Rights::None);

impl Need {
    pub(super) fn of(method: &str, segments: &[&str]) -> &'static Self {
        let asked = |it: &&Need| {
            let pattern = it.path.trim_start_matches('/').split('/');
            it.method == method
                && pattern.clone().count() == segments.len()
                && pattern.zip(segments).all(|(wanted, given)| wanted == "*" || wanted == *given)
        };
        NEEDS.iter().find(asked).unwrap_or(&NOTHING)
    }

    /// The value of `X-Accepted-GitHub-Permissions`.
    pub(super) fn permission_header(&self) -> String {
        self.permission.map_or_else(
            || "allows_permissionless_access=true".to_owned(),
            |(name, level)| format!("{name}={}", if level == Level::Read { "read" } else { "write" }),
        )
    }

    /// Does the endpoint change something, or at least ask for the right to?
    pub(super) fn writes(&self) -> bool {
        self.method != "GET"
    }

    /// GitHub hides these endpoints from those who may not use them.
    pub(super) fn is_hidden(&self) -> bool {
        self.path.contains("/hooks") || self.path.ends_with("/keys")
    }

    pub(super) fn is_about_hooks(&self) -> bool {
        self.path.contains("/hooks")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_told_apart_by_method_and_by_every_segment() {
        assert_eq!(Need::of("GET", &["repos", "a", "b", "hooks"]).permission_header(), "repository_hooks=read");
        assert_eq!(Need::of("PATCH", &["repos", "a", "b", "hooks", "1"]).permission_header(), "repository_hooks=write");
        assert_eq!(Need::of("GET", &["user"]).permission_header(), "allows_permissionless_access=true");
        assert_eq!(Need::of("POST", &["orgs", "acme", "repos"]).scopes.join(", "), "public_repo, repo");
    }
}
