//! GitLab: gitlab.com, GitLab Dedicated and self-managed, at the root of a host or below it.
//!
//! Sources, all in <https://docs.gitlab.com>: "GitLab token overview" (prefixes), "Personal access tokens", "Project
//! access tokens", "Group access tokens", "Service accounts" (kinds, pages, plans), "Reserved project and group names"
//! and "Namespaces" (names). Personal, project, group and service-account tokens look alike: whose one is, only asking
//! tells. The prefix can be changed by an administrator, so that another one rules nothing out.

mod scope;

use std::collections::BTreeSet;

use url::form_urlencoded::byte_serialize;

use super::{Address, Coverage, HOST_NAME, Host, KindRow, Link, Located, Need, Projects, Proof, Rules, TokenKind};
use crate::fact::{Place, Recognised, Site, Visibility};
use crate::key::Lock;
use crate::secret::Secret;

pub(super) struct GitLab;

const PERSONAL: TokenKind = TokenKind("personal");
const PROJECT: TokenKind = TokenKind("project");
const GROUP: TokenKind = TokenKind("group");
const SERVICE_ACCOUNT: TokenKind = TokenKind("service-account");
const FINE_GRAINED: TokenKind = TokenKind("fine-grained");

const KINDS: &[KindRow] = &[
    KindRow {
        kind: PERSONAL,
        title: "personal access token",
        can_expire: true,
        advice: "Every plan has it. It reaches all that its user reaches, and ends where the user leaves; a group with single sign-on keeps it out of git.",
    },
    KindRow {
        kind: GROUP,
        title: "group access token",
        can_expire: true,
        advice: "It belongs to the group and to nobody in it. On gitlab.com it takes Premium or Ultimate; the free alternative is a service account (18.11). An Owner of the group makes it.",
    },
    KindRow {
        kind: PROJECT,
        title: "project access token",
        can_expire: true,
        advice: "It reaches one project and creates none. On gitlab.com it takes Premium or Ultimate. A Maintainer of the project makes it.",
    },
    KindRow {
        kind: SERVICE_ACCOUNT,
        title: "token of a service account",
        can_expire: true,
        advice: "A user that is a robot; every plan has it since 18.11. An Owner of the top-level group makes it and gives it a role.",
    },
    KindRow {
        kind: FINE_GRAINED,
        title: "fine-grained personal access token",
        can_expire: true,
        advice: "It is limited to chosen projects, groups and permissions (19.2). No permission can be added later: each change is a new token. What it may do is tried.",
    },
];

/// Prefixes of what cannot serve ("GitLab token overview", Token prefixes).
const REFUSED: &[(&str, &str, &str)] = &[
    (
        "gldt-",
        "deploy",
        "it is a deploy token, which opens git and never the API, so that nothing about it can be proven",
    ),
    ("gloas-", "oauth", "it is the secret of an OAuth application and opens nothing by itself"),
    ("glrt-", "runner", "it is the authentication token of a runner"),
    ("glrtr-", "runner", "it is the authentication token of a runner"),
    ("glcbt-", "job", "it is a CI job token and ends with its job"),
    ("glptt-", "trigger", "it is a pipeline trigger token and only starts pipelines"),
    ("glft-", "feed", "it is a feed token and only reads feeds and calendars"),
    ("glimt-", "mail", "it is an incoming mail token and only files issues by e-mail"),
    ("glagent-", "agent", "it is the token of an agent for Kubernetes"),
    ("glwt-", "workspace", "it is the token of a workspace"),
    ("glsoat-", "scim", "it is a SCIM token and only manages users"),
    ("glffct-", "feature-flags", "it is the token of a feature flags client"),
];

/// A page for people, below the root of the instance.
const SIGN_UP: &str = concat!("/", "users/sign_up");

/// Where SSH is served on port 443 ("GitLab.com settings", SSH).
const SSH_HOST: &str = "altssh.gitlab.com";

/// Names that no project and no subgroup has, since they were pages below a project ("Reserved project and group
/// names").
const PAGES: &[&str] = &[
    "badges",
    "blame",
    "blob",
    "builds",
    "commits",
    "create_dir",
    "edit",
    "files",
    "find_file",
    "new",
    "preview",
    "raw",
    "refs",
    "tree",
    "update",
    "wikis",
];

/// Names that no top-level group has: pages of the instance ("Reserved project and group names").
const OWN_PAGES: &[&str] = &[
    "-",
    "admin",
    "api",
    "dashboard",
    "explore",
    "groups",
    "help",
    "oauth",
    "profile",
    "projects",
    "public",
    "search",
    "snippets",
    "unsubscribes",
    "uploads",
    "users",
    "v2",
];

impl Rules for GitLab {
    fn id(&self) -> &'static str {
        "gitlab"
    }

    fn title(&self) -> &'static str {
        "GitLab"
    }

    fn default_host(&self) -> Option<&'static str> {
        Some("https://gitlab.com")
    }

    fn api(&self, host: &Host) -> Host {
        host.at(&format!("{}/api/v4", host.path()))
    }

    fn projects(&self) -> Projects {
        Projects::None // What GitLab calls a project is a repository here.
    }

    fn kinds(&self) -> &'static [KindRow] {
        KINDS
    }

    fn refused_kind(&self, word: &str) -> Option<&'static str> {
        let row = REFUSED.iter().find(|(_, kind, _)| *kind == word);
        row.map(|(.., reason)| *reason).or(match word {
            "app" | "refresh" => Some("it belongs to an OAuth application and ends within hours"),
            _ => None,
        })
    }

    fn recognise(&self, secret: &Secret) -> Recognised {
        let refused = REFUSED.iter().find(|(prefix, ..)| secret.begins_with(prefix));
        match refused {
            Some((_, kind, reason)) => Recognised::Refused { kind, reason },
            None if secret.begins_with("glpat-") => Recognised::Own,
            None => Recognised::Untold,
        }
    }

    fn closure(&self, scopes: &BTreeSet<String>) -> BTreeSet<String> {
        scope::closure(scopes)
    }

    fn covers(&self, held: &BTreeSet<String>, wanted: &str, _public: bool) -> Coverage {
        if scope::closure(held).contains(scope::canonical(wanted)) { Coverage::Held } else { Coverage::Missing }
    }

    fn scope_title(&self, scope: &str) -> String {
        scope::title(scope)
    }

    fn scopes_for(&self, need: Need, kind: TokenKind) -> &'static [&'static str] {
        scope::scopes_for(need, kind == FINE_GRAINED)
    }

    fn wizard_scopes(&self, kind: TokenKind, creates: bool) -> Vec<&'static str> {
        scope::of_the_wizard(kind == FINE_GRAINED, creates)
    }

    fn create_scope(&self, kind: TokenKind) -> &'static str {
        if kind == FINE_GRAINED { "project:create" } else { "api" }
    }

    fn registration_scopes(&self, kind: TokenKind, _at_account: bool) -> Vec<&'static str> {
        if kind == FINE_GRAINED { Vec::new() } else { vec!["api"] }
    }

    fn proof(&self, scope: &str) -> Proof {
        scope::proof(scope)
    }

    fn knows_scope(&self, kind: TokenKind, scope: &str) -> bool {
        scope::is_known(scope, kind == FINE_GRAINED)
    }

    fn owner_name(&self, text: &str) -> Result<String, String> {
        // The page of a group is at /groups/NAME as well as at /NAME.
        let text = text.trim_matches('/');
        let path = text.strip_prefix("groups/").unwrap_or(text);
        let path = path.split_once("/-/").map_or(path, |(path, _)| path);
        let fine = path.len() <= 1000 && path.split('/').count() <= 21 && path.split('/').all(is_segment);
        if fine {
            return Ok(path.to_owned());
        }
        Err("a GitLab group is a path such as acme or acme/platform, a user name, or the number of the group: letters, digits, dots, hyphens and underscores".into())
    }

    fn repository_name(&self, text: &str) -> Result<String, String> {
        if !is_segment(text) {
            return Err("the path of a GitLab project has 1 to 255 letters, digits, dots, hyphens and underscores, and neither begins nor ends with a dot or hyphen".into());
        }
        Ok(text.to_owned())
    }

    fn visibilities(&self) -> &'static [Visibility] {
        &Visibility::ALL
    }

    fn git_user(&self, _kind: Option<TokenKind>, login: Option<&str>) -> String {
        // Any name that is not blank is taken, but for those by which GitLab knows other kinds of credentials
        // ("Personal access tokens", clone a repository).
        let other = |login: &&str| login.ends_with("ci-token") || login.contains('+') || login.is_empty();
        login.filter(|login| !other(login)).unwrap_or("oauth2").to_owned()
    }

    fn git_user_matters(&self) -> bool {
        false
    }

    fn clone_url(&self, site: &Site, place: &Place) -> String {
        site.host.join(&format!("/{}/{}.git", place.owner.owner, place.name))
    }

    fn knows_host(&self, name: &str) -> bool {
        matches!(name, "gitlab.com" | SSH_HOST)
    }

    fn locate(&self, address: &Address) -> Option<Located> {
        let host = if address.host == SSH_HOST { Host::parse("https://gitlab.com").ok() } else { None };
        let all = &address.segments;
        let page = all.iter().position(|segment| segment == "-");
        // Before 12.0 the pages of a project followed its path at once, so no project has the name of one.
        let old = || all.iter().enumerate().skip(2).find(|(_, segment)| PAGES.contains(&segment.as_str()));
        let path = &all[..page.or_else(|| old().map(|(at, _)| at)).unwrap_or(all.len())];
        let named = |owner: &[String], name: Option<&String>| {
            let name = name.map(|name| name.strip_suffix(".git").unwrap_or(name).to_owned());
            Some(Located { host: host.clone(), owner: owner.join("/"), project: None, repository: name })
        };
        match path {
            [] => None,
            [first, group @ ..] if first == "groups" => {
                if group.is_empty() {
                    None
                } else {
                    named(group, None)
                }
            }
            [first, ..] if OWN_PAGES.contains(&first.as_str()) => None,
            [owner] => named(std::slice::from_ref(owner), None),
            [owner @ .., name] => named(owner, Some(name)),
        }
    }

    /// In the order of glab, which takes them for every host; its third, `OAUTH_TOKEN`, holds what is no token of ours
    /// (<https://gitlab.com/gitlab-org/cli/-/merge_requests/3457>, read on 2026-11-21).
    fn token_variables(&self, _own: bool) -> &'static [&'static str] {
        &["GITLAB_TOKEN", "GITLAB_ACCESS_TOKEN"]
    }

    /// It "prints the value of a given configuration key", and `token` is such a key for each host
    /// (its manual pages glab-config-get and glab-config-set, <https://man.archlinux.org/man/glab-config-get.1.en>, read on
    /// 2026-11-21). Whether it does where the token is in a keyring is not documented: no output is then no token.
    fn token_command(&self) -> &'static [&'static str] {
        &["glab", "config", "get", "token", "--host", HOST_NAME]
    }

    fn reaches_one_repository(&self, kind: TokenKind) -> bool {
        kind == PROJECT
    }

    fn token_page(&self, site: &Site, kind: TokenKind, scopes: &[&str], owner: Option<&str>, name: &str) -> Link {
        let owner = owner.filter(|owner| self.owner_name(owner).is_ok());
        let name: String = byte_serialize(name.chars().take(100).collect::<String>().as_bytes()).collect();
        let query = format!("?name={name}&scopes={}", scopes.join(","));
        // The addresses take values since 14.1 (personal) and 17.x (project, group); older servers pass over them.
        let (page, prefilled) = match (kind, owner) {
            (PERSONAL, _) => (format!("/-/user_settings/personal_access_tokens{query}"), true),
            (GROUP, Some(owner)) => (format!("/groups/{owner}/-/settings/access_tokens{query}"), false),
            (SERVICE_ACCOUNT, Some(owner)) => (service_accounts(owner), false),
            (GROUP | SERVICE_ACCOUNT, None) => ("/dashboard/groups".to_owned(), false),
            (PROJECT, Some(owner)) => (format!("/{owner}"), false),
            (PROJECT, None) => ("/dashboard/projects".to_owned(), false),
            _ => ("/-/user_settings/personal_access_tokens".to_owned(), false),
        };
        Link { url: site.host.join(&page), prefilled }
    }

    fn tokens_page(&self, site: &Site, kind: Option<TokenKind>) -> String {
        site.host.join(match kind {
            Some(GROUP | SERVICE_ACCOUNT) => "/dashboard/groups",
            Some(PROJECT) => "/dashboard/projects",
            _ => "/-/user_settings/personal_access_tokens",
        })
    }

    fn owner_page(&self, site: &Site, owner: &str) -> String {
        site.host.join(&format!("/{owner}"))
    }

    fn new_owner_page(&self, site: &Site) -> String {
        site.host.join("/groups/new")
    }

    fn new_repository_page(&self, site: &Site, _owner: &str) -> String {
        site.host.join("/projects/new") // The form takes the group by its number only.
    }

    /// "Deploy keys" (Repository settings) and "SSH keys" (user settings) in the manual.
    fn key_page(&self, site: &Site, lock: &Lock) -> String {
        match lock {
            Lock::Repository(place) => {
                let path =
                    format!("/{}/{}/-/settings/repository#js-deploy-keys-settings", place.owner.owner, place.name);
                site.host.join(&path)
            }
            Lock::Account => site.host.join("/-/user_settings/ssh_keys"),
        }
    }

    fn renews_tokens(&self) -> bool {
        true
    }

    fn sign_up_page(&self, site: &Site) -> String {
        site.host.join(SIGN_UP)
    }
}

/// Service accounts are made in the top-level group.
fn service_accounts(owner: &str) -> String {
    format!("/groups/{}/-/settings/service_accounts", owner.split('/').next().unwrap_or(owner))
}

/// A piece of a path ("Limitations on project and group names").
fn is_segment(text: &str) -> bool {
    let odd = |character: char| matches!(character, '.' | '-');
    let reserved = ["git", "atom"]
        .iter()
        .any(|end| text.rsplit_once('.').is_some_and(|(_, suffix)| suffix.eq_ignore_ascii_case(end)));
    (1..=255).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        && !text.starts_with(odd)
        && !text.ends_with(odd)
        && !reserved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::OwnerPath;
    use crate::provider::Provider;
    use crate::provider::tests::{set, site_of};

    fn site(host: &str) -> Site {
        site_of(Provider::GitLab, host)
    }

    #[test]
    fn the_api_and_git_answer_below_the_root_of_the_instance() {
        let place = Place { owner: OwnerPath { owner: "acme/platform".into(), project: None }, name: "gitops".into() };
        for (host, api, clone) in [
            ("https://gitlab.com", "https://gitlab.com/api/v4", "https://gitlab.com/acme/platform/gitops.git"),
            (
                "https://dev.example:8443/gitlab/",
                "https://dev.example:8443/gitlab/api/v4",
                "https://dev.example:8443/gitlab/acme/platform/gitops.git",
            ),
        ] {
            assert_eq!(site(host).api.to_string(), api);
            assert_eq!(GitLab.clone_url(&site(host), &place), clone);
        }
    }

    #[test]
    fn implications_end_where_the_documentation_ends_them() {
        for (held, gives, not) in [
            (
                "api",
                "read_api read_user read_repository write_repository write_registry self_rotate",
                "sudo admin_mode",
            ),
            ("read_api", "read_user read_repository", "api write_repository"),
            ("write_repository", "read_repository", "read_api read_user api"),
            ("write_repo", "write_repository read_repository", "api"),
            ("read_repository", "read_repository", "read_api write_repository"),
            ("self_rotate", "self_rotate", "api"),
            ("code:push", "code:download", "project:read"),
            ("", "", "api"),
        ] {
            let closure = GitLab.closure(&set(held));
            assert!(set(gives).is_subset(&closure), "{held} gives {gives}: {closure:?}");
            assert!(set(not).is_disjoint(&closure), "{held} does not give {not}: {closure:?}");
        }
        assert_eq!(GitLab.covers(&set("write_repository"), "write_repo", false), Coverage::Held);
        assert_eq!(GitLab.covers(&set("write_repository"), "api", true), Coverage::Missing);
    }

    #[test]
    fn an_owner_is_a_path_of_any_depth_a_user_or_a_number() {
        for (text, name) in [
            ("acme", Some("acme")),
            ("acme/platform/eu", Some("acme/platform/eu")),
            ("groups/acme/platform", Some("acme/platform")),
            ("groups/acme/-/settings/access_tokens", Some("acme")),
            ("/acme/", Some("acme")),
            ("9970", Some("9970")),
            ("octo.cat_1", Some("octo.cat_1")),
            ("acme//x", None),
            ("acme/../x", None),
            ("-acme", None),
            ("acme.git", None),
            ("a b", None),
            ("https://gitlab.com/acme", None),
            ("", None),
        ] {
            assert_eq!(GitLab.owner_name(text).ok().as_deref(), name, "{text}");
        }
        for (text, fine) in [("gitops", true), ("a.b-c_d", true), ("x.git", false), ("a/b", false), (".x", false)] {
            assert_eq!(GitLab.repository_name(text).is_ok(), fine, "{text}");
        }
    }

    #[test]
    fn tokens_that_cannot_serve_are_known_by_their_prefix_and_the_rest_is_asked() {
        for (text, kind) in [
            ("gldt-abcdefghijklmnopqrst", "deploy"),
            ("glcbt-64_abcdefghijklmnop", "job"),
            ("glrt-abcdefghijklmnopqrst", "runner"),
            ("glrtr-abcdefghijklmnopqrs", "runner"),
            ("glft-abcdefghijklmnopqrst", "feed"),
            ("gloas-abcdefghijklmnopqrs", "oauth"),
        ] {
            let told = GitLab.recognise(&Secret::parse(text).unwrap());
            assert!(matches!(told, Recognised::Refused { kind: told, .. } if told == kind), "{text}: {told:?}");
        }
        for (text, told) in [
            ("glpat-abcdefghijklmnopqrst", Recognised::Own),
            ("glpat-fiDRxN6HabcdefghijklmnopqrstuvaQ8.01.171xls8k1", Recognised::Own),
            ("acme-glpat-abcdefghijklmnop", Recognised::Untold),
            ("0123456789abcdefghij", Recognised::Untold),
        ] {
            assert_eq!(GitLab.recognise(&Secret::parse(text).unwrap()), told, "{text}");
        }
        let foreign = crate::provider::recognise(
            crate::provider::Provider::GitHub,
            &Secret::parse("glpat-abcdefghijklmnopqrst").unwrap(),
        );
        assert_eq!(foreign, Recognised::Foreign(crate::provider::Provider::GitLab));
    }

    #[test]
    fn each_kind_has_its_page_and_only_the_documented_one_is_said_to_be_filled_in() {
        let site = site("https://gitlab.com");
        let page = |kind, owner| GitLab.token_page(&site, kind, &["api", "read_repository"], owner, "Qovery for acme");
        let personal = page(PERSONAL, None);
        let expected =
            "https://gitlab.com/-/user_settings/personal_access_tokens?name=Qovery+for+acme&scopes=api,read_repository";
        assert_eq!((personal.url.as_str(), personal.prefilled), (expected, true));
        for (kind, start) in [
            (GROUP, "https://gitlab.com/groups/acme/platform/-/settings/access_tokens?name="),
            (SERVICE_ACCOUNT, "https://gitlab.com/groups/acme/-/settings/service_accounts"),
            (FINE_GRAINED, "https://gitlab.com/-/user_settings/personal_access_tokens"),
        ] {
            let link = page(kind, Some("acme/platform"));
            assert!(link.url.starts_with(start) && !link.prefilled, "{}", link.url);
        }
    }

    #[test]
    fn git_signs_in_with_a_name_that_means_nothing_else() {
        for (login, user) in [
            (Some("octocat"), "octocat"),
            (Some("gitlab-ci-token"), "oauth2"),
            (Some("lfs+deploy-key-1"), "oauth2"),
            (None, "oauth2"),
        ] {
            assert_eq!(GitLab.git_user(None, login), user);
        }
    }

    #[test]
    fn titles_are_those_of_the_token_page() {
        for (scope, title) in [
            ("api", "api"),
            ("write_repo", "write_repository"),
            ("code:push", "Code: Push"),
            ("personal_access_token:read", "Personal Access Token: Read"),
        ] {
            assert_eq!(GitLab.scope_title(scope), title);
        }
    }

    #[test]
    fn a_key_is_pasted_on_the_page_of_what_it_opens() {
        let owner = OwnerPath { owner: "acme/platform".into(), project: None };
        let place = Place { owner, name: "gitops".into() };
        for (host, over_ssh, page, account) in [
            (
                "https://gitlab.com",
                "ssh://git@gitlab.com/acme/platform/gitops.git",
                "https://gitlab.com/acme/platform/gitops/-/settings/repository#js-deploy-keys-settings",
                "https://gitlab.com/-/user_settings/ssh_keys",
            ),
            (
                "https://dev.example:8443/gitlab",
                "ssh://git@dev.example/acme/platform/gitops.git",
                "https://dev.example:8443/gitlab/acme/platform/gitops/-/settings/repository#js-deploy-keys-settings",
                "https://dev.example:8443/gitlab/-/user_settings/ssh_keys",
            ),
        ] {
            let site = site(host);
            assert_eq!(GitLab.ssh_url(&site, &place), over_ssh);
            assert_eq!(GitLab.key_page(&site, &Lock::Repository(place.clone())), page);
            assert_eq!(GitLab.key_page(&site, &Lock::Account), account);
        }
    }
}
