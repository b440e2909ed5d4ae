//! GitHub: github.com, GitHub Enterprise Server and GitHub Enterprise Cloud with data residency (`*.ghe.com`).
//!
//! Sources: "Scopes for OAuth apps" (implications), "Managing your personal access tokens" (kinds, links), "About
//! authentication to GitHub" (prefixes), all in <https://docs.github.com>; the implications that the docs leave out are
//! those of trufflehog's analyzer and the GitHub CLI, which agree.

use std::collections::{BTreeMap, BTreeSet};

use url::form_urlencoded::byte_serialize;

use super::{Address, Coverage, HOST_NAME, Host, KindRow, Link, Located, Need, Projects, Proof, Rules, TokenKind};
use crate::fact::{Place, Recognised, Service, Site, Visibility};
use crate::key::Lock;
use crate::secret::Secret;

pub(super) struct GitHub;

pub const CLASSIC: TokenKind = TokenKind("classic");
pub const FINE_GRAINED: TokenKind = TokenKind("fine-grained");

const KINDS: &[KindRow] = &[
    KindRow {
        kind: CLASSIC,
        title: "personal access token (classic)",
        can_expire: true,
        advice: "Its scopes are listed by the API, so everything can be checked. It reaches every repository of its user.",
    },
    KindRow {
        kind: FINE_GRAINED,
        title: "fine-grained personal access token",
        can_expire: true,
        advice: "It is limited to one owner and to the repositories you select. No API lists its permissions: each is tried.",
    },
];

/// What each scope of a classic token implies, one level; [`Rules::closure`] goes to the end.
const IMPLIED: &[(&str, &[&str])] = &[
    ("repo", &["repo:status", "repo_deployment", "public_repo", "repo:invite", "security_events"]),
    ("admin:org", &["write:org", "manage_runners:org"]),
    ("user", &["read:user", "user:email", "user:follow"]),
    ("admin:enterprise", &["manage_runners:enterprise", "manage_billing:enterprise", "read:enterprise"]),
    ("manage_billing:enterprise", &["read:enterprise"]),
    ("audit_log", &["read:audit_log"]),
    ("project", &["read:project"]),
    ("codespace", &["codespace:secrets"]),
    ("copilot", &["manage_billing:copilot"]),
];

/// Every scope of a classic token ("Scopes for OAuth apps", 2026-11-20).
const SCOPES: &str = "repo repo:status repo_deployment public_repo repo:invite security_events admin:repo_hook \
    write:repo_hook read:repo_hook admin:org write:org read:org manage_runners:org admin:public_key write:public_key \
    read:public_key admin:org_hook gist notifications user read:user user:email user:follow project read:project \
    delete_repo write:packages read:packages delete:packages admin:gpg_key write:gpg_key read:gpg_key \
    admin:ssh_signing_key write:ssh_signing_key read:ssh_signing_key codespace codespace:secrets workflow copilot \
    manage_billing:copilot admin:enterprise manage_runners:enterprise manage_billing:enterprise read:enterprise \
    scim:enterprise audit_log read:audit_log write:network_configurations read:network_configurations";

/// Permissions of fine-grained tokens whose name on the page differs from the one in addresses and headers.
const PERMISSION_TITLES: &[(&str, &str)] = &[
    ("repository_hooks", "Webhooks"),
    ("pull_requests", "Pull requests"),
    ("organization_hooks", "Organization webhooks"),
    ("organization_administration", "Organization administration"),
    ("statuses", "Commit statuses"),
];

/// Where SSH is served on port 443 ("Using SSH over the HTTPS port").
const SSH_HOST: &str = "ssh.github.com";

/// Pages of GitHub itself, which have no owner of that name.
const PAGES: &[&str] = &[
    "about",
    "apps",
    "codespaces",
    "collections",
    "dashboard",
    "enterprises",
    "explore",
    "features",
    "issues",
    "join",
    "login",
    "marketplace",
    "new",
    "notifications",
    "orgs",
    "organizations",
    "pricing",
    "pulls",
    "search",
    "sessions",
    "settings",
    "signup",
    "sponsors",
    "stars",
    "topics",
    "trending",
    "users",
];

const LOGIN: &str = "it is the login of a program (such as gh) and ends when that program signs out";
const INSTALLATION: &str = "it is a GitHub App's installation token and lives for one hour";
const REFRESH: &str = "it only renews another token and opens nothing by itself";

impl Rules for GitHub {
    fn id(&self) -> &'static str {
        "github"
    }

    fn title(&self) -> &'static str {
        "GitHub"
    }

    fn default_host(&self) -> Option<&'static str> {
        Some("https://github.com")
    }

    fn api(&self, host: &Host) -> Host {
        let origin = host.origin();
        if origin.name() == "github.com" || origin.name().ends_with(".ghe.com") {
            Host::of(origin.with_prefix("api."))
        } else {
            host.at(&format!("{}/api/v3", host.path()))
        }
    }

    fn projects(&self) -> Projects {
        Projects::None
    }

    fn kinds(&self) -> &'static [KindRow] {
        KINDS
    }

    fn refused_kind(&self, word: &str) -> Option<&'static str> {
        match word {
            "oauth" => Some(LOGIN),
            "app" => Some(INSTALLATION),
            "refresh" => Some(REFRESH),
            "deploy" => Some("GitHub has keys for deploying and no tokens: name the key in [ssh]"),
            "app-password" => Some("GitHub takes no passwords since 2021-08-13"),
            "job" | "runner" => Some("it is the token of GitHub Actions and ends with its job"),
            _ => None,
        }
    }

    fn recognise(&self, secret: &Secret) -> Recognised {
        let refused = |kind, reason| Recognised::Refused { kind, reason };
        if secret.begins_with("ghp_") {
            Recognised::Kind(CLASSIC)
        } else if secret.begins_with("github_pat_") {
            Recognised::Kind(FINE_GRAINED)
        } else if secret.begins_with("gho_") {
            refused("oauth", LOGIN)
        } else if secret.begins_with("ghu_") {
            refused("app", "it is a GitHub App's token for a user and lives for eight hours")
        } else if secret.begins_with("ghs_") {
            refused("app", INSTALLATION)
        } else if secret.begins_with("ghr_") {
            refused("refresh", REFRESH)
        } else if secret.is_made_of(40, |character| character.is_ascii_hexdigit()) {
            Recognised::Kind(CLASSIC) // As made before 2021, and still found on old servers.
        } else {
            Recognised::Untold
        }
    }

    fn closure(&self, scopes: &BTreeSet<String>) -> BTreeSet<String> {
        let implied =
            |scope: &str| IMPLIED.iter().find(|(name, _)| *name == scope).map_or(&[][..], |(_, implied)| *implied);
        let mut all = BTreeSet::new();
        let mut open: Vec<String> = scopes.iter().cloned().collect();
        while let Some(scope) = open.pop() {
            open.extend(implied(&scope).iter().map(ToString::to_string));
            // admin:x gives write:x gives read:x, also for scopes that are not invented yet.
            if let Some(rest) = scope.strip_prefix("admin:") {
                open.extend([format!("write:{rest}"), format!("read:{rest}")]);
            } else if let Some(rest) = scope.strip_prefix("write:") {
                open.push(format!("read:{rest}"));
            } else if let Some(rest) = scope.strip_suffix(":admin") {
                open.push(format!("{rest}:write"));
            } else if let Some(rest) = scope.strip_suffix(":write") {
                open.push(format!("{rest}:read"));
            }
            if all.insert(scope.clone()) {
                open.retain(|next| !all.contains(next));
            }
        }
        all
    }

    fn covers(&self, held: &BTreeSet<String>, wanted: &str, public: bool) -> Coverage {
        let closure = self.closure(held);
        if closure.contains(wanted) {
            return Coverage::Held;
        }
        // "repo and public_repo grant full access to repositories, including repository hooks" (Scopes for OAuth apps).
        let hooks = wanted.ends_with(":repo_hook");
        for (scope, does) in [("repo", hooks), ("public_repo", public && (hooks || wanted == "repo"))] {
            if does && closure.contains(scope) {
                return Coverage::Covered(scope.to_owned());
            }
        }
        Coverage::Missing
    }

    fn scope_title(&self, scope: &str) -> String {
        let Some((permission, level)) = scope.rsplit_once(':').filter(|(_, level)| matches!(*level, "read" | "write"))
        else {
            return scope.to_owned();
        };
        let titles: BTreeMap<_, _> = PERMISSION_TITLES.iter().copied().collect();
        let title = titles.get(permission).map_or_else(|| capitalised(permission), ToString::to_string);
        format!("{title}: {}", if level == "read" { "read-only" } else { "read and write" })
    }

    fn scopes_for(&self, need: Need, kind: TokenKind) -> &'static [&'static str] {
        match (need, kind == CLASSIC) {
            (Need::Webhooks, true) => &["repo", "admin:repo_hook", "write:repo_hook"],
            (Need::Webhooks, false) => &["repository_hooks:write"],
            (Need::PullRequests, true) => &["repo"],
            (Need::PullRequests, false) => &["pull_requests:write"],
            (Need::Delete, true) => &["delete_repo"],
            (Need::Delete, false) => &["administration:write"],
        }
    }

    fn wizard_scopes(&self, kind: TokenKind, creates: bool) -> Vec<&'static str> {
        match (kind == CLASSIC, creates) {
            (true, true) => vec!["repo", "read:org"],
            (true, false) => vec!["read:org"],
            (false, true) => vec!["metadata:read", "administration:write", "members:read", "contents:read"],
            (false, false) => vec!["metadata:read", "members:read"],
        }
    }

    fn create_scope(&self, kind: TokenKind) -> &'static str {
        if kind == CLASSIC { "repo" } else { "administration:write" }
    }

    fn registration_scopes(&self, kind: TokenKind, at_account: bool) -> Vec<&'static str> {
        match (kind == CLASSIC, at_account) {
            (true, true) => vec!["write:public_key"],
            (true, false) => vec!["repo"],
            (false, true) => vec!["keys:write"],
            (false, false) => vec!["administration:write"],
        }
    }

    fn proof(&self, scope: &str) -> Proof {
        match scope {
            "metadata:read" => Proof::Repository,
            "contents:read" => Proof::Git(Service::Read),
            "contents:write" => Proof::Git(Service::Write),
            "pull_requests:read"
            | "repository_hooks:read"
            | "administration:read"
            | "administration:write"
            | "members:read" => Proof::Read,
            "pull_requests:write" | "repository_hooks:write" => Proof::Probe,
            _ => Proof::None,
        }
    }

    fn knows_scope(&self, kind: TokenKind, scope: &str) -> bool {
        if kind == CLASSIC {
            return SCOPES.split_whitespace().any(|known| known == scope);
        }
        let word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        scope.split_once(':').is_some_and(|(name, level)| word(name) && matches!(level, "read" | "write"))
    }

    fn owner_name(&self, text: &str) -> Result<String, String> {
        let fine = (1..=39).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !text.starts_with('-');
        if fine {
            Ok(text.to_owned())
        } else {
            Err("a GitHub organisation or user has 1 to 39 letters, digits and hyphens, and begins with a letter or digit".into())
        }
    }

    fn repository_name(&self, text: &str) -> Result<String, String> {
        let fine = (1..=100).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
            && !matches!(text, "." | "..")
            && !text.starts_with('-');
        if !fine {
            return Err("a GitHub repository has 1 to 100 letters, digits, hyphens, dots and underscores".into());
        }
        if text.to_ascii_lowercase().ends_with(".git") {
            return Err("the name of a GitHub repository does not end in .git: leave that out".into());
        }
        Ok(text.to_owned())
    }

    fn visibilities(&self) -> &'static [Visibility] {
        &Visibility::ALL
    }

    fn git_user(&self, _kind: Option<TokenKind>, login: Option<&str>) -> String {
        // Any name is taken; the login lets a helper with several accounts find the right one.
        login.unwrap_or("x-access-token").to_owned()
    }

    fn git_user_matters(&self) -> bool {
        false // "The username is not used to authenticate you" (Managing your personal access tokens).
    }

    fn clone_url(&self, site: &Site, place: &Place) -> String {
        site.host.join(&format!("/{}/{}.git", place.owner.owner, place.name))
    }

    fn knows_host(&self, name: &str) -> bool {
        let tenant = name.strip_suffix(".ghe.com").is_some_and(|tenant| !tenant.is_empty() && !tenant.contains('.'));
        tenant || matches!(name, "github.com" | "www.github.com" | SSH_HOST)
    }

    fn locate(&self, address: &Address) -> Option<Located> {
        let host = match address.host.as_str() {
            "www.github.com" | SSH_HOST => Host::parse("https://github.com").ok(),
            _ => None,
        };
        let named = |owner: &str, name: Option<&str>| {
            let name = name.map(|name| name.strip_suffix(".git").unwrap_or(name).to_owned());
            Some(Located { host: host.clone(), owner: owner.to_owned(), project: None, repository: name })
        };
        let segments: Vec<&str> = address.segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["orgs", owner, ..] => named(owner, None),
            [page, ..] if PAGES.contains(page) => None,
            [owner] => named(owner, None),
            [owner, name] => named(owner, Some(name)),
            // Whatever follows is a page about the repository; git's own addresses have none.
            [owner, name, ..] if address.scheme != "ssh" => named(owner, Some(name)),
            _ => None,
        }
    }

    /// In the order of gh: the first two are for github.com and ghe.com, the others for a GitHub Enterprise Server
    /// (<https://cli.github.com/manual/gh_help_environment>, read on 2026-11-21).
    fn token_variables(&self, own: bool) -> &'static [&'static str] {
        if own { &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"] } else { &["GH_TOKEN", "GITHUB_TOKEN"] }
    }

    /// The host is named, since "without the --hostname flag, the default host is chosen"
    /// (<https://cli.github.com/manual/gh_auth_token>, read on 2026-11-21).
    fn token_command(&self) -> &'static [&'static str] {
        &["gh", "auth", "token", "--hostname", HOST_NAME]
    }

    fn token_page(&self, site: &Site, kind: TokenKind, scopes: &[&str], owner: Option<&str>, name: &str) -> Link {
        let name: String = byte_serialize(name.chars().take(40).collect::<String>().as_bytes()).collect();
        if kind == CLASSIC {
            let scopes = scopes.join(",");
            let query = format!("scopes={scopes}&description={name}&default_expires_at=90");
            return Link { url: site.host.join(&format!("/settings/tokens/new?{query}")), prefilled: true };
        }
        // The form takes its values from the address on github.com and ghe.com only.
        let cloud = site.api.origin() != site.host.origin();
        if !cloud {
            return Link { url: site.host.join("/settings/personal-access-tokens/new"), prefilled: false };
        }
        let mut query = format!("name={name}&expires_in=90");
        if let Some(owner) = owner {
            query.push_str("&target_name=");
            query.extend(byte_serialize(owner.as_bytes()));
        }
        let mut levels = BTreeMap::new();
        for (permission, level) in scopes.iter().filter_map(|scope| scope.rsplit_once(':')) {
            let kept = levels.entry(permission).or_insert(level);
            if level != "read" {
                *kept = level;
            }
        }
        for (permission, level) in levels.into_iter().filter(|(permission, _)| *permission != "metadata") {
            query.extend(["&", permission, "=", level]);
        }
        Link { url: site.host.join(&format!("/settings/personal-access-tokens/new?{query}")), prefilled: true }
    }

    fn tokens_page(&self, site: &Site, kind: Option<TokenKind>) -> String {
        let page = if kind == Some(FINE_GRAINED) { "personal-access-tokens" } else { "tokens" };
        site.host.join(&format!("/settings/{page}"))
    }

    fn owner_page(&self, site: &Site, owner: &str) -> String {
        site.host.join(&format!("/{owner}"))
    }

    fn new_owner_page(&self, site: &Site) -> String {
        site.host.join("/organizations/new")
    }

    fn new_repository_page(&self, site: &Site, owner: &str) -> String {
        let owner: String = byte_serialize(owner.as_bytes()).collect();
        site.host.join(&format!("/new?owner={owner}"))
    }

    fn ssh_url(&self, site: &Site, place: &Place) -> String {
        let name = site.host.origin().name();
        let host = if name.contains(':') { format!("[{name}]") } else { name.to_owned() };
        // With data residency, git signs in by the name of the enterprise and not as `git` ("About storage of your data
        // with data residency": the clone addresses on SUBDOMAIN.ghe.com).
        let user = name.strip_suffix(".ghe.com").filter(|sub| !sub.contains('.')).unwrap_or("git");
        format!("ssh://{user}@{host}/{}/{}.git", place.owner.owner, place.name)
    }

    fn key_page(&self, site: &Site, lock: &Lock) -> String {
        match lock {
            Lock::Repository(place) => site.host.join(&format!("/{}/{}/settings/keys", place.owner.owner, place.name)),
            Lock::Account => site.host.join("/settings/keys"),
        }
    }

    /// "Managing deploy keys": what a personal access token has made goes with it.
    /// <https://docs.github.com/en/authentication/connecting-to-github-with-ssh/managing-deploy-keys>, 2026-11-20
    fn key_notice(&self, lock: &Lock) -> Option<&'static str> {
        matches!(lock, Lock::Repository(_)).then_some(
            "GitHub deletes this deploy key when the token that registered it is deleted: keep that token, or register the key anew with another one before it goes.",
        )
    }

    /// "Managing deploy keys": <https://docs.github.com/en/authentication/connecting-to-github-with-ssh/managing-deploy-keys>,
    /// and the warning on the page of personal access tokens, read on 2026-11-20.
    fn lost_with_a_token(&self) -> Option<&'static str> {
        Some(
            "GitHub deletes the deploy keys that were made with a token together with the token: make them again with \
             the new one before you delete the old one.",
        )
    }

    fn sign_up_page(&self, site: &Site) -> String {
        site.host.join("/signup")
    }
}

fn capitalised(permission: &str) -> String {
    let words = permission.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Provider;
    use crate::provider::tests::{set, site_of};

    fn site(host: &str) -> Site {
        site_of(Provider::GitHub, host)
    }

    #[test]
    fn the_api_answers_where_the_host_says() {
        for (host, api) in [
            ("https://github.com", "https://api.github.com"),
            ("https://acme.ghe.com", "https://api.acme.ghe.com"),
            ("https://git.example:8443", "https://git.example:8443/api/v3"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000/api/v3"),
            ("https://github.com.evil.example", "https://github.com.evil.example/api/v3"),
            ("https://notgithub.com", "https://notgithub.com/api/v3"),
        ] {
            assert_eq!(site(host).api.to_string(), api, "{host}");
        }
    }

    #[test]
    fn implications_are_followed_to_the_end() {
        for (held, gives, not) in [
            ("admin:org", "admin:org write:org read:org manage_runners:org", "repo delete_repo"),
            (
                "repo",
                "repo public_repo repo:status repo:invite security_events repo_deployment",
                "delete_repo workflow",
            ),
            ("admin:enterprise", "manage_billing:enterprise read:enterprise manage_runners:enterprise", "admin:org"),
            ("admin:new_thing", "write:new_thing read:new_thing", "repo"),
            ("write:packages", "read:packages", "delete:packages"),
            ("contents:write", "contents:read", "metadata:read"),
            ("", "", "repo"),
        ] {
            let closure = GitHub.closure(&set(held));
            assert!(set(gives).is_subset(&closure), "{held} gives {gives}: {closure:?}");
            assert!(set(not).is_disjoint(&closure), "{held} does not give {not}: {closure:?}");
        }
    }

    #[test]
    fn repo_does_the_work_of_hook_scopes_and_says_that_it_is_not_the_same() {
        assert_eq!(GitHub.covers(&set("repo"), "admin:repo_hook", false), Coverage::Covered("repo".into()));
        assert_eq!(GitHub.covers(&set("admin:repo_hook"), "repo", false), Coverage::Missing);
        assert_eq!(GitHub.covers(&set("public_repo"), "repo", false), Coverage::Missing);
        assert_eq!(GitHub.covers(&set("public_repo"), "repo", true), Coverage::Covered("public_repo".into()));
        assert_eq!(GitHub.covers(&set("admin:org"), "read:org", false), Coverage::Held);
    }

    #[test]
    fn kinds_are_told_by_their_prefix_whatever_their_length() {
        let recognise = |text: &str| GitHub.recognise(&Secret::parse(text).unwrap());
        assert_eq!(recognise("ghp_x"), Recognised::Kind(CLASSIC));
        assert_eq!(recognise("github_pat_x_y"), Recognised::Kind(FINE_GRAINED));
        assert_eq!(recognise(&"0af1".repeat(10)), Recognised::Kind(CLASSIC));
        assert_eq!(recognise("glpat-x"), Recognised::Untold);
        for text in ["gho_x", "ghu_x", "ghs_12_a.b.c", "ghr_x"] {
            assert!(matches!(recognise(text), Recognised::Refused { .. }), "{text}");
        }
    }

    #[test]
    fn the_token_page_opens_with_the_boxes_ticked() {
        let classic =
            GitHub.token_page(&site("https://github.com"), CLASSIC, &["repo", "read:org"], None, "keptn acme");
        assert_eq!(
            classic.url,
            "https://github.com/settings/tokens/new?scopes=repo,read:org&description=keptn+acme&default_expires_at=90"
        );
        let scopes = ["metadata:read", "contents:read", "contents:write", "repository_hooks:write"];
        let fine = GitHub.token_page(&site("https://github.com"), FINE_GRAINED, &scopes, Some("acme"), "q");
        assert_eq!(
            fine.url,
            "https://github.com/settings/personal-access-tokens/new?name=q&expires_in=90&target_name=acme&contents=write&repository_hooks=write"
        );
        assert!(!GitHub.token_page(&site("https://git.example"), FINE_GRAINED, &scopes, None, "q").prefilled);
    }

    #[test]
    fn a_key_is_pasted_on_the_page_of_what_it_opens() {
        let owner = crate::fact::OwnerPath { owner: "acme".into(), project: None };
        let place = Place { owner, name: "gitops".into() };
        for (host, over_ssh, page, account) in [
            (
                "https://github.com",
                "ssh://git@github.com/acme/gitops.git",
                "https://github.com/acme/gitops/settings/keys",
                "https://github.com/settings/keys",
            ),
            (
                "https://octo.ghe.com",
                "ssh://octo@octo.ghe.com/acme/gitops.git",
                "https://octo.ghe.com/acme/gitops/settings/keys",
                "https://octo.ghe.com/settings/keys",
            ),
            (
                "https://git.example:8443",
                "ssh://git@git.example/acme/gitops.git",
                "https://git.example:8443/acme/gitops/settings/keys",
                "https://git.example:8443/settings/keys",
            ),
        ] {
            let site = site(host);
            assert_eq!(GitHub.ssh_url(&site, &place), over_ssh);
            assert_eq!(GitHub.key_page(&site, &Lock::Repository(place.clone())), page);
            assert_eq!(GitHub.key_page(&site, &Lock::Account), account);
        }
        assert!(GitHub.key_notice(&Lock::Repository(place)).is_some() && GitHub.key_notice(&Lock::Account).is_none());
    }
}
