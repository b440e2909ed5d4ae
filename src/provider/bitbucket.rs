//! Bitbucket Cloud: bitbucket.org, with its API on a host of its own.
//!
//! Sources, all in <https://support.atlassian.com/bitbucket-cloud/docs/>: "Using API tokens" and "API token permissions"
//! (two names for one token, scopes that imply nothing), "Using access tokens", "Workspace access tokens" (kinds, plans),
//! "What is a slug?" (names), "Configure SSH and two-step verification" (pages); and "App passwords brownout" of the
//! Atlassian community (2026-06-09) for their end. Read 2026-11-20.

mod address;
mod scope;

use std::collections::BTreeSet;

use super::{Address, Coverage, Host, KindRow, Link, Located, Need, Projects, Proof, Rules, TokenKind};
use crate::fact::{Identity, IdentityKind, Place, Recognised, Site, Visibility};
use crate::key::Lock;
use crate::secret::Secret;

pub(super) struct Bitbucket;

const API: TokenKind = TokenKind("api");
const REPOSITORY: TokenKind = TokenKind("repository-access");
const PROJECT: TokenKind = TokenKind("project-access");
const WORKSPACE: TokenKind = TokenKind("workspace-access");

const KINDS: &[KindRow] = &[
    KindRow {
        kind: API,
        title: "API token with scopes",
        can_expire: true,
        advice: "Every plan has it. It acts as its user, and always ends: after a year at the latest. The API wants the user's e-mail address beside it, and git the user name or x-bitbucket-api-token-auth. Its scopes imply nothing: tick reading as well as writing.",
    },
    KindRow {
        kind: WORKSPACE,
        title: "workspace access token",
        can_expire: true,
        advice: "It reaches every repository of the workspace, and no user stands behind it. It takes the Premium plan; an administrator of the workspace makes it.",
    },
    KindRow {
        kind: PROJECT,
        title: "project access token",
        can_expire: true,
        advice: "It reaches the repositories of one project, and no user stands behind it. It takes the Premium plan; an administrator of the project makes it.",
    },
    KindRow {
        kind: REPOSITORY,
        title: "repository access token",
        can_expire: true,
        advice: "Every plan has it. It reaches one repository and creates none, and no user stands behind it. An administrator of the repository makes it.",
    },
];

/// What git takes beside an access token ("Using access tokens").
const ACCESS_USER: &str = "x-token-auth";
/// What git takes beside an API token, whoever its user is ("Using API tokens").
const API_USER: &str = "x-bitbucket-api-token-auth";
/// Where Atlassian accounts keep their API tokens; with the form for Bitbucket opened.
const API_TOKENS: &str = "https://id.atlassian.com/manage-profile/security/api-tokens";

/// CHANGE-3222 of Atlassian's changelog.
const NO_APP_PASSWORDS: &str = "app passwords were removed on 2026-07-28, for the API and for git: make an API token with scopes at id.atlassian.com, or a repository, project or workspace access token";

impl Rules for Bitbucket {
    fn id(&self) -> &'static str {
        "bitbucket"
    }

    fn title(&self) -> &'static str {
        "Bitbucket"
    }

    fn default_host(&self) -> Option<&'static str> {
        Some("https://bitbucket.org")
    }

    fn api(&self, host: &Host) -> Host {
        if host.origin().name() == "bitbucket.org" {
            return Host::of(host.origin().with_prefix("api.")).at("/2.0");
        }
        host.at(&format!("{}/2.0", host.path()))
    }

    fn projects(&self) -> Projects {
        Projects::Optional
    }

    fn kinds(&self) -> &'static [KindRow] {
        KINDS
    }

    fn usual_kind(&self, identity: Option<&Identity>) -> TokenKind {
        // The access token that every plan has: all three take the same scopes and the same user name.
        if identity.is_some_and(|identity| identity.kind == IdentityKind::Bot) { REPOSITORY } else { API }
    }

    fn refused_kind(&self, word: &str) -> Option<&'static str> {
        match word {
            "app-password" => Some(NO_APP_PASSWORDS),
            "oauth" | "app" | "refresh" => Some("it belongs to an OAuth consumer and ends within hours"),
            _ => None,
        }
    }

    fn recognise(&self, secret: &Secret) -> Recognised {
        // Prefixes: API tokens and app passwords as secret scanners know them; those of access tokens are not documented
        // and tell no more than whose they are.
        if secret.begins_with("ATBB") {
            Recognised::Refused { kind: "app-password", reason: NO_APP_PASSWORDS }
        } else if secret.begins_with("ATATT") {
            Recognised::Kind(API)
        } else if secret.begins_with("ATCTT") {
            Recognised::Own
        } else {
            Recognised::Untold
        }
    }

    fn wants_email(&self, kind: TokenKind) -> bool {
        kind == API
    }

    fn closure(&self, scopes: &BTreeSet<String>) -> BTreeSet<String> {
        scope::closure(scopes)
    }

    fn covers(&self, held: &BTreeSet<String>, wanted: &str, _public: bool) -> Coverage {
        if scope::closure(held).contains(wanted) { Coverage::Held } else { Coverage::Missing }
    }

    fn scope_title(&self, scope: &str) -> String {
        scope::title(scope)
    }

    fn scopes_for(&self, need: Need, kind: TokenKind) -> &'static [&'static str] {
        scope::scopes_for(need, kind == API)
    }

    fn wizard_scopes(&self, kind: TokenKind, creates: bool) -> Vec<&'static str> {
        scope::of_the_wizard(kind == API, creates)
    }

    fn create_scope(&self, kind: TokenKind) -> &'static str {
        if kind == API { "admin:repository:bitbucket" } else { "repository:admin" }
    }

    fn registration_scopes(&self, kind: TokenKind, at_account: bool) -> Vec<&'static str> {
        match (kind == API, at_account) {
            (true, true) => vec!["write:ssh-key:bitbucket"],
            (true, false) => vec!["admin:repository:bitbucket", "write:ssh-key:bitbucket"],
            (false, true) => Vec::new(),
            (false, false) => vec!["repository:admin"],
        }
    }

    fn proof(&self, scope: &str) -> Proof {
        scope::proof(scope)
    }

    fn owner_name(&self, text: &str) -> Result<String, String> {
        let text = text.trim_matches('/');
        // The pages of a workspace are below its ID.
        let own = text.split_once("/workspace").filter(|(_, rest)| rest.is_empty() || rest.starts_with('/'));
        let text = own.map_or(text, |(id, _)| id);
        let fine = (1..=62).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if fine {
            return Ok(text.to_ascii_lowercase());
        }
        Err("a Bitbucket workspace is named by its ID, as it stands in addresses: letters, digits, hyphens and underscores".into())
    }

    fn repository_name(&self, text: &str) -> Result<String, String> {
        let fine = (1..=62).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            && text.bytes().any(|byte| byte.is_ascii_alphanumeric())
            && !text.starts_with('-')
            && !text.ends_with('-')
            && !text.contains("--")
            && !text.to_ascii_lowercase().ends_with(".git");
        if fine {
            return Ok(text.to_ascii_lowercase());
        }
        Err("a Bitbucket repository is named by its slug: up to 62 letters, digits, dots, hyphens and underscores, with no hyphen at either end and no two in a row".into())
    }

    fn project_name(&self, text: &str) -> Result<String, String> {
        address::project_key(text).ok_or_else(|| {
            "a Bitbucket project is named by its key: a letter, then letters, digits and underscores, such as PLAT"
                .into()
        })
    }

    fn visibilities(&self) -> &'static [Visibility] {
        &[Visibility::Private, Visibility::Public]
    }

    fn git_login<'a>(&self, typed: Option<&'a str>, told: Option<&'a str>) -> Option<&'a str> {
        // What the API calls an account need not be what git knows it by; only its word for "nobody" is sure.
        typed.or(told.filter(|told| *told == ACCESS_USER))
    }

    fn git_user(&self, kind: Option<TokenKind>, login: Option<&str>) -> String {
        let none_behind = kind.is_some_and(|kind| kind != API) || login == Some(ACCESS_USER);
        if none_behind { ACCESS_USER.to_owned() } else { login.unwrap_or(API_USER).to_owned() }
    }

    fn git_user_matters(&self) -> bool {
        true
    }

    fn reaches_one_repository(&self, kind: TokenKind) -> bool {
        kind == REPOSITORY
    }

    /// No program of Atlassian's documents one. This is the word that scripts with the API's examples use, and nothing is
    /// lost where it holds something else: it is offered, tried and judged like any other token.
    fn token_variables(&self, _own: bool) -> &'static [&'static str] {
        &["BITBUCKET_TOKEN"]
    }

    fn clone_url(&self, site: &Site, place: &Place) -> String {
        site.host.join(&format!("/{}/{}.git", place.owner.owner, place.name))
    }

    fn ssh_url(&self, site: &Site, place: &Place) -> String {
        format!("ssh://git@{}/{}/{}.git", site.host.origin().name(), place.owner.owner, place.name)
    }

    fn knows_host(&self, name: &str) -> bool {
        matches!(name, "bitbucket.org" | "www.bitbucket.org" | address::OTHER_SSH)
    }

    fn locate(&self, address: &Address) -> Option<Located> {
        address::locate(address)
    }

    fn token_page(&self, site: &Site, kind: TokenKind, _scopes: &[&str], owner: Option<&str>, _name: &str) -> Link {
        let owner = owner.and_then(|owner| self.owner_name(owner).ok());
        // The form opens for Bitbucket, and every box is still to be ticked: nothing is filled in that counts.
        let url = match (kind, owner) {
            (WORKSPACE, Some(owner)) => site.host.join(&format!("/{owner}/workspace/settings/access-tokens")),
            (PROJECT, Some(owner)) => site.host.join(&format!("/{owner}/workspace/projects/")),
            (REPOSITORY, Some(owner)) => site.host.join(&format!("/{owner}/workspace/repositories/")),
            (WORKSPACE | PROJECT | REPOSITORY, None) => self.tokens_page(site, Some(kind)),
            _ => format!("{API_TOKENS}?autofillToken=&appId=bitbucket"),
        };
        Link { url, prefilled: false }
    }

    fn tokens_page(&self, site: &Site, kind: Option<TokenKind>) -> String {
        match kind {
            Some(WORKSPACE | PROJECT | REPOSITORY) => self.new_owner_page(site),
            _ => API_TOKENS.to_owned(),
        }
    }

    fn owner_page(&self, site: &Site, owner: &str) -> String {
        site.host.join(&format!("/{owner}/workspace/overview"))
    }

    fn new_owner_page(&self, site: &Site) -> String {
        site.host.join("/account/workspaces/")
    }

    fn new_repository_page(&self, site: &Site, owner: &str) -> String {
        site.host.join(&format!("/repo/create?workspace={owner}"))
    }

    fn key_page(&self, site: &Site, lock: &Lock) -> String {
        match lock {
            Lock::Repository(place) => {
                site.host.join(&format!("/{}/{}/admin/access-keys/", place.owner.owner, place.name))
            }
            Lock::Account => site.host.join("/account/settings/ssh-keys/"),
        }
    }

    fn sign_up_page(&self, site: &Site) -> String {
        site.host.join("/account/signup/")
    }
}

#[cfg(test)]
mod tests;
