//! What GitLab's scopes and permissions are called, give, and how they can be seen.
//!
//! A legacy token has scopes ("Access token scopes", <https://docs.gitlab.com/security/tokens/access_token_scopes/>). A
//! fine-grained one has permissions, each a resource and an action ("Fine-grained permissions for personal access
//! tokens", <https://docs.gitlab.com/auth/tokens/fine_grained_access_tokens/>); they are written `resource:action` here.

use std::collections::{BTreeMap, BTreeSet};

use crate::fact::Service;
use crate::provider::{Need, Proof};

/// What each scope implies, one level. `api` gives git as well: GitLab grants download and push to it for every kind of
/// token. `write_repository` gives git and nothing of the API.
const IMPLIED: &[(&str, &[&str])] = &[
    (
        "api",
        &[
            "read_api",
            "read_user",
            "write_repository",
            "read_registry",
            "write_registry",
            "create_runner",
            "manage_runner",
            "self_rotate",
        ],
    ),
    ("read_api", &["read_user", "read_repository"]),
    ("write_repository", &["read_repository"]),
];

/// Names under which platforms ask for a scope, and the scope's own.
const ALIASES: &[(&str, &str)] = &[("write_repo", "write_repository"), ("read_repo", "read_repository")];

/// Every scope of a legacy token ("Access token scopes", 2026-11-20).
const SCOPES: &str = "api read_api read_user read_repository write_repository read_registry write_registry \
    read_virtual_registry write_virtual_registry create_runner manage_runner ai_features k8s_proxy self_rotate \
    read_service_ping sudo admin_mode";

/// Whether a token has a scope of this name, or may have a permission of this form.
pub(super) fn is_known(scope: &str, fine_grained: bool) -> bool {
    if !fine_grained {
        return SCOPES.split_whitespace().any(|known| known == canonical(scope));
    }
    let word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    scope.split_once(':').is_some_and(|(resource, action)| word(resource) && word(action))
}

/// The scope that is meant by `name`.
pub(super) fn canonical(name: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, scope)| scope)
}

pub(super) fn closure(scopes: &BTreeSet<String>) -> BTreeSet<String> {
    let table: BTreeMap<_, _> = IMPLIED.iter().copied().collect();
    let mut all = BTreeSet::new();
    let mut open: Vec<&str> = scopes.iter().map(|scope| canonical(scope)).collect();
    while let Some(scope) = open.pop() {
        if all.insert(scope.to_owned()) {
            open.extend(table.get(scope).copied().unwrap_or_default());
            // Git is let push only where it may download (Code: Push, Code: Download).
            open.extend((scope == "code:push").then_some("code:download"));
        }
    }
    all
}

/// `Code: Push` for `code:push`, and a legacy scope as it is.
pub(super) fn title(scope: &str) -> String {
    let Some((resource, action)) = scope.split_once(':') else { return canonical(scope).to_owned() };
    let words = |text: &str| -> String {
        let words = text.split('_').map(|word| {
            let mut letters = word.chars();
            letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
        });
        words.collect::<Vec<_>>().join(" ")
    };
    format!("{}: {}", words(resource), words(action))
}

pub(super) fn scopes_for(need: Need, fine_grained: bool) -> &'static [&'static str] {
    match (need, fine_grained) {
        (_, false) => &["api"],
        (Need::Webhooks, true) => &["webhook:create"],
        (Need::PullRequests, true) => &["merge_request:create"],
        (Need::Delete, true) => &["project:delete"],
    }
}

/// `read_user` is not offered for tokens of projects and groups, and `read_api` does what it does.
pub(super) fn of_the_wizard(fine_grained: bool, creates: bool) -> Vec<&'static str> {
    match (fine_grained, creates) {
        (false, true) => vec!["api"],
        (false, false) => vec!["read_api"],
        (true, creates) => {
            let sees = ["user:read", "personal_access_token:read", "group:read", "member:read", "project:read"];
            creates.then_some("project:create").into_iter().chain(sees).collect()
        }
    }
}

/// Creating and deleting cannot be tried without harm, and no refusal of theirs is documented well enough to probe for.
pub(super) fn proof(scope: &str) -> Proof {
    match canonical(scope) {
        "code:download" | "read_repository" => Proof::Git(Service::Read),
        "code:push" | "write_repository" => Proof::Git(Service::Write),
        "project:read" => Proof::Repository,
        "webhook:read" | "deploy_key:read" | "protected_branch:read" | "member:read" => Proof::Read,
        _ => Proof::None,
    }
}
