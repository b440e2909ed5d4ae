//! Gitea and Forgejo, on whatever host somebody runs them; both answer the same API at the same addresses.
//!
//! Sources, read on 2026-11-20: <https://docs.gitea.com/development/oauth2-provider#scopes> and
//! <https://forgejo.org/docs/latest/user/token-scope/> (scopes), `models/auth/access_token.go` and
//! `access_token_scope.go` of go-gitea/gitea 1.26 and of Forgejo 12 (the shape of tokens, what implies what),
//! `models/user/user.go` and `models/repo/repo.go` (names).

use std::collections::BTreeSet;

use super::{Address, Coverage, Host, KindRow, Link, Located, Need, Projects, Proof, Rules, TokenKind};
use crate::fact::{OwnerKind, Place, Recognised, Service, Site, Visibility};
use crate::key::Lock;
use crate::secret::Secret;

pub(super) struct Gitea;

pub const PAT: TokenKind = TokenKind("pat");

const KINDS: &[KindRow] = &[KindRow {
    kind: PAT,
    title: "access token",
    // The table of tokens has no column for an end (models/auth/access_token.go, Gitea 1.26 and Forgejo 12).
    can_expire: false,
    advice: "Neither Gitea nor Forgejo can give it an end: note a day on which you replace it. It reaches every repository of its user, except where Forgejo 15 limits it to some.",
}];

/// Each has a read and a write level, and nothing crosses from one to another.
const CATEGORIES: [&str; 9] =
    ["activitypub", "admin", "issue", "misc", "notification", "organization", "package", "repository", "user"];

/// It takes away instead of giving: with it, a token does nothing that is not public.
const PUBLIC_ONLY: &str = "public-only";

/// Public services: Codeberg runs Forgejo, gitea.com Gitea.
const PUBLIC: &[&str] = &["codeberg.org", "gitea.com"];

/// What follows owner and repository in the address of a page (`routers/web/web.go`, Gitea 1.26).
const PAGES: &[&str] = &[
    "-", "actions", "activity", "archive", "blame", "branches", "commit", "commits", "compare", "issues", "media",
    "packages", "projects", "pulls", "raw", "releases", "settings", "src", "tags", "tree", "wiki",
];

impl Rules for Gitea {
    fn id(&self) -> &'static str {
        "gitea"
    }

    fn title(&self) -> &'static str {
        "Gitea/Forgejo"
    }

    fn default_host(&self) -> Option<&'static str> {
        None // Everybody runs their own.
    }

    fn api(&self, host: &Host) -> Host {
        host.at(&format!("{}/api/v1", host.path()))
    }

    fn projects(&self) -> Projects {
        Projects::None
    }

    fn kinds(&self) -> &'static [KindRow] {
        KINDS
    }

    fn recognise(&self, secret: &Secret) -> Recognised {
        // No prefix tells it from any other forty digits; everything else is no token to the server.
        if secret.is_made_of(40, |digit| matches!(digit, '0'..='9' | 'a'..='f')) {
            Recognised::Kind(PAT)
        } else {
            Recognised::Untold
        }
    }

    fn closure(&self, scopes: &BTreeSet<String>) -> BTreeSet<String> {
        let mut all = scopes.clone();
        if scopes.contains("all") {
            all.extend(CATEGORIES.iter().map(|category| format!("write:{category}")));
        }
        let reads: Vec<_> =
            all.iter().filter_map(|scope| scope.strip_prefix("write:")).map(|what| format!("read:{what}")).collect();
        all.extend(reads);
        // A restriction is never more than what is needed.
        all.insert(PUBLIC_ONLY.to_owned());
        all
    }

    fn covers(&self, held: &BTreeSet<String>, wanted: &str, public: bool) -> Coverage {
        let restricted = held.contains(PUBLIC_ONLY) && !public && wanted.ends_with(":repository");
        if !restricted && self.closure(held).contains(wanted) { Coverage::Held } else { Coverage::Missing }
    }

    fn scope_title(&self, scope: &str) -> String {
        scope.to_owned()
    }

    fn scopes_for(&self, need: Need, _kind: TokenKind) -> &'static [&'static str] {
        match need {
            Need::Webhooks | Need::PullRequests | Need::Delete => &["write:repository"],
        }
    }

    fn wizard_scopes(&self, _kind: TokenKind, creates: bool) -> Vec<&'static str> {
        let looks = ["read:user", "read:organization"];
        if creates { [&looks[..], &["write:repository"]].concat() } else { looks.to_vec() }
    }

    fn create_scope(&self, _kind: TokenKind) -> &'static str {
        "write:repository"
    }

    /// Up to Gitea 1.27.2 an organisation's repository took write:organization alone; since 1.27.3 it takes both
    /// (<https://github.com/go-gitea/gitea/pull/39007>, 2026-08-20), so both are asked for everywhere.
    fn creation_scopes(&self, _kind: TokenKind, owner: Option<OwnerKind>) -> Vec<&'static str> {
        match owner {
            Some(OwnerKind::User) => vec!["write:repository", "write:user"],
            Some(OwnerKind::Organisation) => vec!["write:repository", "write:organization"],
            None => vec!["write:repository", "write:user", "write:organization"],
        }
    }

    fn registration_scopes(&self, _kind: TokenKind, at_account: bool) -> Vec<&'static str> {
        if at_account { vec!["write:user"] } else { vec!["write:repository"] }
    }

    fn proof(&self, scope: &str) -> Proof {
        match scope {
            "read:repository" => Proof::Git(Service::Read),
            "write:repository" => Proof::Git(Service::Write),
            "read:user" | "read:organization" => Proof::Read,
            _ => Proof::None,
        }
    }

    fn knows_scope(&self, _kind: TokenKind, scope: &str) -> bool {
        let category = scope.strip_prefix("read:").or_else(|| scope.strip_prefix("write:"));
        category.is_some_and(|category| CATEGORIES.contains(&category)) || scope == "all" || scope == PUBLIC_ONLY
    }

    fn owner_name(&self, text: &str) -> Result<String, String> {
        if is_name(text) && !text.starts_with(['-', '.']) {
            Ok(text.to_owned())
        } else {
            Err("a user or organisation of Gitea or Forgejo has letters, digits, hyphens, dots and underscores, and begins with a letter or digit".into())
        }
    }

    fn repository_name(&self, text: &str) -> Result<String, String> {
        if !is_name(text) || text.starts_with('-') || text.bytes().all(|byte| byte == b'.') {
            let rule = "a repository of Gitea or Forgejo has 1 to 100 letters, digits, hyphens, dots and underscores";
            return Err(rule.into());
        }
        let lower = text.to_ascii_lowercase();
        match [".git", ".wiki", ".rss", ".atom"].into_iter().find(|end| lower.ends_with(end)) {
            Some(end) => Err(format!("the name of a repository of Gitea or Forgejo does not end in {end}")),
            None => Ok(text.to_owned()),
        }
    }

    fn visibilities(&self) -> &'static [Visibility] {
        &[Visibility::Private, Visibility::Public] // Internal follows from the owner, and cannot be chosen.
    }

    fn git_user(&self, _kind: Option<TokenKind>, login: Option<&str>) -> String {
        // Any name is taken; the login lets a helper with several accounts find the right one.
        login.unwrap_or("git").to_owned()
    }

    fn git_user_matters(&self) -> bool {
        false // The password alone is looked up among the tokens (services/auth/basic.go).
    }

    fn clone_url(&self, site: &Site, place: &Place) -> String {
        // Not `clone_url` of the API: that is built from ROOT_URL, which need not be the address that works from here.
        site.host.join(&format!("/{}/{}.git", place.owner.owner, place.name))
    }

    fn knows_host(&self, name: &str) -> bool {
        PUBLIC.contains(&name)
    }

    fn locate(&self, address: &Address) -> Option<Located> {
        let all = &address.segments;
        let page = all.iter().enumerate().skip(2).find(|(_, segment)| PAGES.contains(&segment.as_str()));
        let path = &all[..page.map_or(all.len(), |(at, _)| at)];
        let clone = path.last().is_some_and(|last| last.strip_suffix(".git").is_some());
        let named = |root: &[String], owner: &str, name: Option<&str>| {
            let below = |root: &[String]| address.web_host().ok().map(|host| host.at(&format!("/{}", root.join("/"))));
            let host = if root.is_empty() || address.scheme == "ssh" { None } else { below(root) };
            let name = name.map(|name| name.strip_suffix(".git").unwrap_or(name).to_owned());
            Some(Located { host, owner: owner.to_owned(), project: None, repository: name })
        };
        match path {
            [owner] => named(&[], owner, None),
            [owner, name] => named(&[], owner, Some(name)),
            // What precedes is the path below which the forge lives, where a page or the ending tells what follows.
            [root @ .., owner, name] if page.is_some() || clone => named(root, owner, Some(name)),
            _ => None,
        }
    }

    /// tea 0.16 is reported to read the first, beside the address in `GITEA_INSTANCE_URL`; the second is its like at
    /// Forgejo. No program's own documentation was seen for either. A pipeline's own token has these names as well, and ends with its job.
    fn token_variables(&self, _own: bool) -> &'static [&'static str] {
        &["GITEA_TOKEN", "FORGEJO_TOKEN"]
    }

    fn token_page(&self, site: &Site, _kind: TokenKind, _scopes: &[&str], _owner: Option<&str>, _name: &str) -> Link {
        // The page reads nothing from its address (routers/web/user/setting/applications.go).
        Link { url: page(site, "user/settings/applications"), prefilled: false }
    }

    fn tokens_page(&self, site: &Site, _kind: Option<TokenKind>) -> String {
        page(site, "user/settings/applications")
    }

    fn owner_page(&self, site: &Site, owner: &str) -> String {
        site.host.join(&format!("/{owner}"))
    }

    fn new_owner_page(&self, site: &Site) -> String {
        page(site, "org/create")
    }

    fn new_repository_page(&self, site: &Site, _owner: &str) -> String {
        page(site, "repo/create")
    }

    /// `routers/web/web.go`: `/{owner}/{name}/settings/keys` and `/user/settings/keys`.
    fn key_page(&self, site: &Site, lock: &Lock) -> String {
        match lock {
            Lock::Repository(place) => page(site, &format!("{}/{}/settings/keys", place.owner.owner, place.name)),
            Lock::Account => page(site, "user/settings/keys"),
        }
    }

    fn sign_up_page(&self, site: &Site) -> String {
        page(site, "user/sign_up")
    }
}

/// A page for people.
fn page(site: &Site, path: &str) -> String {
    site.host.join(&format!("/{path}"))
}

fn is_name(text: &str) -> bool {
    (1..=100).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        && !text.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Provider;
    use crate::provider::tests::{set, site_of};

    fn site(host: &str) -> Site {
        site_of(Provider::Gitea, host)
    }

    #[test]
    fn the_api_answers_below_the_path_of_the_host() {
        for (host, api, clone) in [
            ("https://git.example", "https://git.example/api/v1", "https://git.example/acme/gitops.git"),
            (
                "https://git.example/forge/",
                "https://git.example/forge/api/v1",
                "https://git.example/forge/acme/gitops.git",
            ),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000/api/v1", "http://127.0.0.1:3000/acme/gitops.git"),
        ] {
            let owner = crate::fact::OwnerPath { owner: "acme".into(), project: None };
            let place = Place { owner, name: "gitops".into() };
            assert_eq!(site(host).api.to_string(), api);
            assert_eq!(Gitea.clone_url(&site(host), &place), clone);
        }
    }

    #[test]
    fn write_gives_read_of_its_own_category_and_nothing_else() {
        for (held, gives, not) in [
            ("write:repository", "read:repository", "read:user write:user read:organization"),
            ("read:user", "read:user", "write:user"),
            ("all", "write:repository read:admin write:organization", "sudo"),
            ("", "", "read:user read:misc"),
        ] {
            let closure = Gitea.closure(&set(held));
            assert!(set(gives).is_subset(&closure) && set(not).is_disjoint(&closure), "{held}: {closure:?}");
        }
    }

    #[test]
    fn a_token_for_public_things_only_covers_no_private_repository() {
        let held = set("write:repository public-only");
        assert_eq!(Gitea.covers(&held, "write:repository", false), Coverage::Missing);
        assert_eq!(Gitea.covers(&held, "write:repository", true), Coverage::Held);
        assert_eq!(Gitea.covers(&set("all"), "write:repository", false), Coverage::Held);
    }

    #[test]
    fn a_token_is_forty_digits_and_letters_up_to_f() {
        let recognise = |text: &str| Gitea.recognise(&Secret::parse(text).unwrap());
        assert_eq!(recognise(&"0af1".repeat(10)), Recognised::Kind(PAT));
        for text in [&"0AF1".repeat(10), &"0af1".repeat(9), "ghp_0123456789abcdefghijklmnopqrstuvwxyz"] {
            assert_eq!(recognise(text), Recognised::Untold, "{text}");
        }
    }

    #[test]
    fn creating_takes_the_scope_of_the_owner_as_well() {
        assert_eq!(Gitea.creation_scopes(PAT, Some(OwnerKind::User)), ["write:repository", "write:user"]);
        let organisation = Gitea.creation_scopes(PAT, Some(OwnerKind::Organisation));
        assert_eq!(organisation, ["write:repository", "write:organization"]);
    }

    #[test]
    fn names_that_the_server_refuses_are_refused_here() {
        for name in ["gitops", "a.b", "_x", "a-b"] {
            assert!(Gitea.repository_name(name).is_ok(), "{name}");
        }
        for name in ["", ".", "..", "a/b", "a b", "x.git", "x.Wiki", "-x", &"x".repeat(101)] {
            assert!(Gitea.repository_name(name).is_err(), "{name}");
        }
        assert!(Gitea.owner_name("acme.dev").is_ok() && Gitea.owner_name(".acme").is_err());
    }

    #[test]
    fn a_key_is_pasted_on_the_page_of_what_it_opens() {
        let owner = crate::fact::OwnerPath { owner: "acme".into(), project: None };
        let place = Place { owner, name: "gitops".into() };
        for (host, over_ssh, page, account) in [
            (
                "https://git.example",
                "ssh://git@git.example/acme/gitops.git",
                "https://git.example/acme/gitops/settings/keys",
                "https://git.example/user/settings/keys",
            ),
            (
                "https://git.example:8443/forge",
                "ssh://git@git.example/acme/gitops.git",
                "https://git.example:8443/forge/acme/gitops/settings/keys",
                "https://git.example:8443/forge/user/settings/keys",
            ),
        ] {
            let site = site(host);
            assert_eq!(Gitea.ssh_url(&site, &place), over_ssh);
            assert_eq!(Gitea.key_page(&site, &Lock::Repository(place.clone())), page);
            assert_eq!(Gitea.key_page(&site, &Lock::Account), account);
            assert_eq!(Gitea.key_notice(&Lock::Repository(place.clone())), None);
        }
    }
}
