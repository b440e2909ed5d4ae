//! Bitbucket Data Center (once Bitbucket Server, once Stash), on whatever host somebody runs it.
//!
//! Sources, read on 2026-11-21: <https://confluence.atlassian.com/bitbucketserver/http-access-tokens-939515499.html>
//! (kinds of tokens, their permissions, which of them git takes), <https://confluence.atlassian.com/bitbucketserver/using-project-permissions-776639801.html>
//! (who creates), <https://developer.atlassian.com/server/bitbucket/rest/v906/> (addresses).
//!
//! A token carries one permission on projects and one on repositories, the latter at least as high as the former. A
//! project or repository token has no user: it acts as a service account named `access-token-user/1/<project>` or
//! `access-token-user/2/<repository>`. The documentation lets such a token into git as a Bearer header only; clients
//! that can send nothing but a user name use `x-token-auth` (<https://argo-cd.readthedocs.io/en/stable/user-guide/private-repositories/>).
//! Whether a server takes that is seen when git is asked, and never assumed.

use std::collections::BTreeSet;

use super::{Address, Coverage, Host, KindRow, Link, Located, Need, Projects, Proof, Rules, TokenKind};
use crate::fact::{Place, Recognised, Service, Site, Visibility};
use crate::key::Lock;
use crate::secret::Secret;

pub(super) struct BitbucketDc;

pub const USER: TokenKind = TokenKind("user-access");
pub const PROJECT: TokenKind = TokenKind("project-access");
pub const REPOSITORY: TokenKind = TokenKind("repository-access");

const KINDS: &[KindRow] = &[
    KindRow {
        kind: USER,
        title: "user HTTP access token",
        can_expire: true,
        advice: "It does what its account may do, up to the permissions that it is given. Use the account of a robot, so that it does not leave with a person.",
    },
    KindRow {
        kind: PROJECT,
        title: "project HTTP access token",
        can_expire: true,
        advice: "It reaches the repositories of one project and has no user. Atlassian lets it into git as a Bearer header only: where a platform asks for a user name, the wizard tries x-token-auth and says whether the server took it.",
    },
    KindRow {
        kind: REPOSITORY,
        title: "repository HTTP access token",
        can_expire: true,
        advice: "It reaches one repository that exists already and has no user. Atlassian lets it into git as a Bearer header only: where a platform asks for a user name, the wizard tries x-token-auth and says whether the server took it.",
    },
];

/// What stands for a user where a token has none.
const NO_USER: &str = "x-token-auth";
/// The names of the accounts behind project and repository tokens begin so.
const SERVICE_ACCOUNT: &str = "access-token-user/";
/// <https://confluence.atlassian.com/bitbucketserver/enable-ssh-access-to-git-repositories-776640358.html>
const SSH_PORT: u16 = 7999;
/// Each includes those before it.
const LEVELS: [&str; 3] = ["READ", "WRITE", "ADMIN"];

impl Rules for BitbucketDc {
    fn id(&self) -> &'static str {
        "bitbucket-dc"
    }

    fn title(&self) -> &'static str {
        "Bitbucket Data Center"
    }

    fn default_host(&self) -> Option<&'static str> {
        None // Everybody runs their own.
    }

    fn api(&self, host: &Host) -> Host {
        host.at(&format!("{}/rest/api/1.0", host.path()))
    }

    fn projects(&self) -> Projects {
        Projects::None // A project is the owner here: nothing stands above it.
    }

    fn kinds(&self) -> &'static [KindRow] {
        KINDS
    }

    fn recognise(&self, secret: &Secret) -> Recognised {
        // All three kinds look alike; those made before version 8 have no mark at all.
        if secret.begins_with("BBDC-") { Recognised::Own } else { Recognised::Untold }
    }

    fn closure(&self, scopes: &BTreeSet<String>) -> BTreeSet<String> {
        let mut all = scopes.clone();
        for (at, level) in LEVELS.iter().enumerate() {
            let on_projects = scopes.contains(&format!("PROJECT_{level}"));
            for lower in &LEVELS[..=at] {
                if on_projects {
                    all.insert(format!("PROJECT_{lower}"));
                }
                if on_projects || scopes.contains(&format!("REPO_{level}")) {
                    all.insert(format!("REPO_{lower}"));
                }
            }
        }
        all
    }

    fn covers(&self, held: &BTreeSet<String>, wanted: &str, _public: bool) -> Coverage {
        if self.closure(held).contains(wanted) { Coverage::Held } else { Coverage::Missing }
    }

    fn scope_title(&self, scope: &str) -> String {
        let Some((what, level)) = scope.split_once('_') else { return scope.to_owned() };
        let what = if what == "REPO" { "Repository" } else { "Project" };
        format!("{what} {}", level.to_ascii_lowercase())
    }

    fn scopes_for(&self, need: Need, _kind: TokenKind) -> &'static [&'static str] {
        match need {
            Need::Webhooks | Need::Delete => &["REPO_ADMIN"],
            // "Repository write: perform pull request actions".
            Need::PullRequests => &["REPO_WRITE"],
        }
    }

    fn wizard_scopes(&self, kind: TokenKind, creates: bool) -> Vec<&'static str> {
        match (kind, creates) {
            (REPOSITORY, _) => vec!["REPO_READ"],
            (_, false) => vec!["PROJECT_READ", "REPO_READ"],
            (_, true) => vec!["PROJECT_READ", "REPO_READ", "PROJECT_ADMIN"],
        }
    }

    /// "Project admin and repository admin: … create repositories".
    fn create_scope(&self, _kind: TokenKind) -> &'static str {
        "PROJECT_ADMIN"
    }

    fn registration_scopes(&self, _kind: TokenKind, at_account: bool) -> Vec<&'static str> {
        if at_account { Vec::new() } else { vec!["REPO_ADMIN"] }
    }

    fn proof(&self, scope: &str) -> Proof {
        match scope {
            "REPO_READ" => Proof::Git(Service::Read),
            "REPO_WRITE" => Proof::Git(Service::Write),
            "PROJECT_READ" | "PROJECT_ADMIN" | "REPO_ADMIN" => Proof::Read,
            _ => Proof::None,
        }
    }

    fn owner_name(&self, text: &str) -> Result<String, String> {
        let rule = "an owner at Bitbucket Data Center is the key of a project (letters, digits, underscores and hyphens, first a letter) or ~ and the name of a user";
        if let Some(user) = text.strip_prefix('~') {
            // Its own key for a personal project is in capitals (~OCTOCAT), and its addresses are not.
            let user = user.to_ascii_lowercase();
            return if is_slug(&user) { Ok(format!("~{user}")) } else { Err(rule.into()) };
        }
        let key = (1..=128).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if key { Ok(text.to_ascii_uppercase()) } else { Err(rule.into()) }
    }

    fn repository_name(&self, text: &str) -> Result<String, String> {
        let slug = text.to_ascii_lowercase();
        // A repository is known by its slug: its name in lower case.
        if is_slug(&slug)
            && slug.starts_with(|first: char| first.is_ascii_alphanumeric())
            && slug.strip_suffix(".git").is_none()
        {
            Ok(slug)
        } else {
            Err("a repository of Bitbucket Data Center has 1 to 128 letters, digits, hyphens, dots and underscores, begins with a letter or digit and does not end in .git".into())
        }
    }

    fn visibilities(&self) -> &'static [Visibility] {
        &[Visibility::Private, Visibility::Public]
    }

    fn git_user(&self, kind: Option<TokenKind>, login: Option<&str>) -> String {
        let login = login.filter(|login| !login.starts_with(SERVICE_ACCOUNT));
        match kind {
            Some(PROJECT | REPOSITORY) => NO_USER.to_owned(),
            _ => login.unwrap_or(NO_USER).to_owned(),
        }
    }

    fn git_user_matters(&self) -> bool {
        true
    }

    /// Those without a user: see the head of this file.
    fn git_bearer(&self, kind: TokenKind) -> bool {
        matches!(kind, PROJECT | REPOSITORY)
    }

    fn reaches_one_repository(&self, kind: TokenKind) -> bool {
        kind == REPOSITORY
    }

    /// What Flux's bootstrap reads (<https://fluxcd.io/flux/installation/bootstrap/bitbucket/>, read on 2026-11-21); no
    /// program of Atlassian's has one.
    fn token_variables(&self, _own: bool) -> &'static [&'static str] {
        &["BITBUCKET_TOKEN"]
    }

    fn clone_url(&self, site: &Site, place: &Place) -> String {
        // As the API's own links have it: the key in lower case.
        site.host.join(&format!("/scm/{}/{}.git", place.owner.owner.to_ascii_lowercase(), place.name))
    }

    fn ssh_url(&self, site: &Site, place: &Place) -> String {
        let (name, owner) = (site.host.origin().name(), place.owner.owner.to_ascii_lowercase());
        let name = if name.contains(':') { format!("[{name}]") } else { name.to_owned() };
        format!("ssh://git@{name}:{SSH_PORT}/{owner}/{}.git", place.name)
    }

    fn locate(&self, address: &Address) -> Option<Located> {
        if address.scheme == "ssh" {
            let [owner, name, ..] = address.segments.as_slice() else { return None };
            return Some(located(None, owner.clone(), Some(name)));
        }
        let words = ["projects", "users", "scm"];
        let at = address.segments.iter().position(|segment| words.contains(&segment.as_str()))?;
        let (context, [word, rest @ ..]) = address.segments.split_at(at) else { return None };
        let host = match context {
            [] => None,
            _ => Some(below(address, context)?),
        };
        match (word.as_str(), rest) {
            ("scm", [owner, name, ..]) => Some(located(host, owner.clone(), Some(name))),
            ("projects", [owner, repos, name, ..]) if repos == "repos" => {
                Some(located(host, owner.clone(), Some(name)))
            }
            ("users", [user, repos, name, ..]) if repos == "repos" => {
                Some(located(host, format!("~{user}"), Some(name)))
            }
            ("projects", [owner, ..]) => Some(located(host, owner.clone(), None)),
            ("users", [user, ..]) => Some(located(host, format!("~{user}"), None)),
            _ => None,
        }
    }

    fn token_page(&self, site: &Site, kind: TokenKind, _scopes: &[&str], owner: Option<&str>, _name: &str) -> Link {
        // The page reads nothing from its address. Those of projects and repositories are reached from the settings.
        let url = match (kind, owner) {
            (PROJECT | REPOSITORY, Some(owner)) => self.owner_page(site, owner),
            _ => self.tokens_page(site, Some(kind)),
        };
        Link { url, prefilled: false }
    }

    fn tokens_page(&self, site: &Site, kind: Option<TokenKind>) -> String {
        match kind {
            Some(PROJECT | REPOSITORY) => site.host.join("/projects"),
            _ => site.host.join("/plugins/servlet/access-tokens/manage"),
        }
    }

    fn owner_page(&self, site: &Site, owner: &str) -> String {
        site.host.join(&folder(owner))
    }

    fn new_owner_page(&self, site: &Site) -> String {
        site.host.join("/projects?create")
    }

    fn new_repository_page(&self, site: &Site, owner: &str) -> String {
        site.host.join(&format!("/projects/{owner}/repos?create"))
    }

    fn key_page(&self, site: &Site, lock: &Lock) -> String {
        match lock {
            Lock::Repository(place) => {
                // Personal projects stand among the others here.
                let repository = ["projects", &place.owner.owner, "repos", &place.name].join("/");
                site.host.join(&format!("/plugins/servlet/ssh/{repository}/keys"))
            }
            Lock::Account => site.host.join("/plugins/servlet/ssh/account/keys"),
        }
    }

    fn sign_up_page(&self, site: &Site) -> String {
        site.host.join("/signup")
    }
}

/// The page of a project, or of the repositories of a user.
fn folder(owner: &str) -> String {
    match owner.strip_prefix('~') {
        Some(user) => ["", "users", user].join("/"),
        None => ["", "projects", owner].join("/"),
    }
}

fn located(host: Option<Host>, owner: String, name: Option<&String>) -> Located {
    let repository = name.map(|name| name.strip_suffix(".git").unwrap_or(name).to_owned());
    Located { host, owner, project: None, repository }
}

/// The server below its context path.
fn below(address: &Address, context: &[String]) -> Option<Host> {
    let port = address.port.map(|port| format!(":{port}")).unwrap_or_default();
    Host::parse(&format!("{}://{}{port}/{}", address.scheme, address.host, context.join("/"))).ok()
}

fn is_slug(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().any(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte))
        && !text.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::OwnerPath;
    use crate::provider::Provider;
    use crate::provider::tests::{set, site_of};

    fn site(host: &str) -> Site {
        site_of(Provider::BitbucketDc, host)
    }

    fn place(owner: &str) -> Place {
        Place { owner: OwnerPath { owner: owner.into(), project: None }, name: "gitops".into() }
    }

    #[test]
    fn addresses_are_below_the_context_path_and_ssh_is_not() {
        for (host, owner, api, clone, ssh) in [
            (
                "https://git.example",
                "ACME",
                "https://git.example/rest/api/1.0",
                "https://git.example/scm/acme/gitops.git",
                "ssh://git@git.example:7999/acme/gitops.git",
            ),
            (
                "https://git.example/bitbucket/",
                "ACME",
                "https://git.example/bitbucket/rest/api/1.0",
                "https://git.example/bitbucket/scm/acme/gitops.git",
                "ssh://git@git.example:7999/acme/gitops.git",
            ),
            (
                "https://git.example:8443",
                "~octocat",
                "https://git.example:8443/rest/api/1.0",
                "https://git.example:8443/scm/~octocat/gitops.git",
                "ssh://git@git.example:7999/~octocat/gitops.git",
            ),
            (
                "http://[::1]:7990",
                "ACME",
                "http://[::1]:7990/rest/api/1.0",
                "http://[::1]:7990/scm/acme/gitops.git",
                "ssh://git@[::1]:7999/acme/gitops.git",
            ),
        ] {
            let (site, place) = (site(host), place(owner));
            assert_eq!(site.api.to_string(), api);
            assert_eq!(BitbucketDc.clone_url(&site, &place), clone);
            assert_eq!(BitbucketDc.ssh_url(&site, &place), ssh);
        }
    }

    #[test]
    fn pages_of_keys_tokens_and_owners_are_below_the_context_path() {
        let site = site("https://git.example/bitbucket");
        for (page, expected) in [
            (BitbucketDc.key_page(&site, &Lock::Account), "plugins/servlet/ssh/account/keys"),
            (
                BitbucketDc.key_page(&site, &Lock::Repository(place("ACME"))),
                "plugins/servlet/ssh/projects/ACME/repos/gitops/keys",
            ),
            (BitbucketDc.tokens_page(&site, Some(USER)), "plugins/servlet/access-tokens/manage"),
            (BitbucketDc.owner_page(&site, "ACME"), "projects/ACME"),
            (BitbucketDc.owner_page(&site, "~octocat"), "users/octocat"),
            (BitbucketDc.token_page(&site, PROJECT, &[], Some("ACME"), "x").url, "projects/ACME"),
        ] {
            assert_eq!(page, format!("https://git.example/bitbucket/{expected}"));
        }
        assert!(!BitbucketDc.knows_host("git.example") && !BitbucketDc.knows_host("bitbucket.org"));
    }

    #[test]
    fn what_an_address_names_is_found() {
        let address = |scheme, path: &str, port| Address {
            scheme,
            user: (scheme == "ssh").then(|| "git".to_owned()),
            host: "git.example".into(),
            port,
            segments: path.split('/').map(str::to_owned).collect(),
        };
        let with = |host: &str| Some(Host::parse(host).unwrap());
        for (scheme, path, port, host, owner, name) in [
            ("https", "projects/ACME/repos/gitops/browse", None, None, "ACME", Some("gitops")),
            ("https", "projects/ACME/repos/gitops", None, None, "ACME", Some("gitops")),
            ("https", "projects/ACME", None, None, "ACME", None),
            ("https", "users/octocat/repos/gitops", None, None, "~octocat", Some("gitops")),
            ("https", "users/octocat", None, None, "~octocat", None),
            ("https", "scm/acme/gitops.git", None, None, "acme", Some("gitops")),
            ("https", "scm/~octocat/gitops.git", None, None, "~octocat", Some("gitops")),
            (
                "https",
                "bitbucket/scm/acme/gitops.git",
                Some(8443),
                with("https://git.example:8443/bitbucket"),
                "acme",
                Some("gitops"),
            ),
            (
                "https",
                "git/bb/projects/ACME/repos/gitops/browse",
                None,
                with("https://git.example/git/bb"),
                "ACME",
                Some("gitops"),
            ),
            ("ssh", "acme/gitops.git", Some(7999), None, "acme", Some("gitops")),
            ("ssh", "~octocat/gitops.git", None, None, "~octocat", Some("gitops")),
        ] {
            let found = BitbucketDc.locate(&address(scheme, path, port)).unwrap();
            let repository = name.map(str::to_owned);
            assert_eq!(found, Located { host, owner: owner.into(), project: None, repository }, "{path}");
        }
        for (scheme, path) in
            [("https", "dashboard"), ("https", "acme/gitops.git"), ("https", "scm/acme"), ("ssh", "x")]
        {
            assert_eq!(BitbucketDc.locate(&address(scheme, path, None)), None, "{path}");
        }
    }

    #[test]
    fn a_permission_gives_the_lower_ones_and_one_on_projects_gives_that_on_repositories() {
        for (held, gives, not) in [
            ("REPO_WRITE", "REPO_READ REPO_WRITE", "REPO_ADMIN PROJECT_READ"),
            ("PROJECT_READ REPO_WRITE", "PROJECT_READ REPO_READ", "PROJECT_WRITE REPO_ADMIN"),
            ("PROJECT_ADMIN", "PROJECT_WRITE PROJECT_READ REPO_ADMIN REPO_WRITE REPO_READ", "SYS_ADMIN"),
            ("", "", "REPO_READ PROJECT_READ"),
        ] {
            let closure = BitbucketDc.closure(&set(held));
            assert!(set(gives).is_subset(&closure) && set(not).is_disjoint(&closure), "{held}: {closure:?}");
        }
        assert_eq!(BitbucketDc.covers(&set("REPO_ADMIN"), "REPO_WRITE", false), Coverage::Held);
        assert_eq!(BitbucketDc.covers(&set("REPO_READ"), "REPO_WRITE", true), Coverage::Missing);
        assert_eq!(BitbucketDc.scope_title("REPO_WRITE"), "Repository write");
    }

    #[test]
    fn a_token_without_a_user_signs_in_to_git_under_a_word_of_its_own() {
        let bot = "access-token-user/2/11754";
        for (kind, login, user) in [
            (Some(USER), Some("octocat"), "octocat"),
            (Some(USER), None, "x-token-auth"),
            (Some(PROJECT), Some("access-token-user/1/7"), "x-token-auth"),
            (Some(REPOSITORY), Some(bot), "x-token-auth"),
            (None, Some(bot), "x-token-auth"),
            (None, Some("octocat"), "octocat"),
        ] {
            assert_eq!(BitbucketDc.git_user(kind, login), user);
        }
    }

    #[test]
    fn a_token_is_known_by_its_mark_but_not_its_kind() {
        let recognise = |text: &str| BitbucketDc.recognise(&Secret::parse(text).unwrap());
        assert_eq!(recognise("BBDC-MDM0MjM5NDc2MDEyOmNhbmFyeWNhbmFyeQ"), Recognised::Own);
        for text in ["MDM0MjM5NDc2MDEyOmNhbmFyeWNhbmFyeWNhbmFyeWNh", "ATCTT3xFfGN0", "ghp_0123456789abcdefghijklmnop"] {
            assert_eq!(recognise(text), Recognised::Untold, "{text}");
        }
    }

    #[test]
    fn names_come_back_as_the_server_writes_them() {
        for (text, owner) in [("acme", "ACME"), ("Acme_2", "ACME_2"), ("~OctoCat", "~octocat"), ("~o.c-t_", "~o.c-t_")]
        {
            assert_eq!(BitbucketDc.owner_name(text).as_deref(), Ok(owner));
        }
        for text in ["", "2acme", "a/b", "a b", "~", "~a/b", "..", "~..", "a%2f"] {
            assert!(BitbucketDc.owner_name(text).is_err(), "{text}");
        }
        for (text, name) in [("GitOps", "gitops"), ("a.b", "a.b"), ("1-x_y", "1-x_y")] {
            assert_eq!(BitbucketDc.repository_name(text).as_deref(), Ok(name));
        }
        for text in ["", ".", "-x", "_x", "a b", "a/b", "x.git", "a..b", &"x".repeat(129)] {
            assert!(BitbucketDc.repository_name(text).is_err(), "{text}");
        }
    }
}
