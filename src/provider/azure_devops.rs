//! Azure DevOps: Services (dev.azure.com, and *.visualstudio.com as it was called before) and Server.
//!
//! An organisation, or on Server a collection, has projects, and a project has repositories. The API of an organisation
//! answers below its own address, so the organisation is a part of where the API is.
//!
//! Sources: "OAuth 2.0 scopes" and "Use personal access tokens"
//! (<https://learn.microsoft.com/en-us/azure/devops/integrate/get-started/authentication/oauth#scopes>,
//! <https://learn.microsoft.com/en-us/azure/devops/organizations/accounts/use-personal-access-tokens-to-authenticate>),
//! "Naming restrictions" (<https://learn.microsoft.com/en-us/azure/devops/organizations/settings/naming-restrictions>),
//! and the specifications in <https://github.com/MicrosoftDocs/vsts-rest-api-specs>, read on 2026-11-20.

mod address;

use std::collections::BTreeSet;

use super::{
    Address, Coverage, Host, KeyRules, KindRow, Link, Located, Need, Origin, Projects, Proof, Rules, TokenKind,
};
use crate::fact::{Place, Recognised, Service, Site, Visibility};
use crate::key::Lock;
use crate::secret::Secret;
use crate::text::percent_encoded;

pub(super) struct AzureDevops;

pub const PAT: TokenKind = TokenKind("pat");

const KINDS: &[KindRow] = &[KindRow {
    kind: PAT,
    title: "personal access token",
    can_expire: true,
    advice: "Make it for one organisation: tokens for “all accessible organizations” stop working on 2026-12-01 (Azure DevOps Blog, “Retirement of Global Personal Access Tokens”). It lives for a year at most, no API tells its end, and in organisations backed by Entra it goes to sleep when its user does not sign in for 90 days. An organisation may restrict who makes tokens, how long they live, and those with full access.",
}];

/// What each scope gives with it, one step deep. <https://learn.microsoft.com/en-us/azure/devops/integrate/get-started/authentication/oauth#scopes>
const IMPLIED: &[(&str, &[&str])] = &[
    ("vso.code_full", &["vso.code_manage", "vso.code_status", "vso.threads_full"]),
    ("vso.code_manage", &["vso.code_write"]),
    ("vso.code_write", &["vso.code"]),
    ("vso.code", &["vso.hooks_write"]),
    ("vso.hooks_write", &["vso.hooks"]),
    ("vso.hooks", &["vso.profile"]),
    ("vso.project_manage", &["vso.project_write"]),
    ("vso.project_write", &["vso.project"]),
];

/// The names on the token page.
const TITLES: &[(&str, &str)] = &[
    ("vso.code", "Code (Read)"),
    ("vso.code_write", "Code (Read & write)"),
    ("vso.code_manage", "Code (Read, write, & manage)"),
    ("vso.code_full", "Code (Full)"),
    ("vso.code_status", "Code (Status)"),
    ("vso.project", "Project and Team (Read)"),
    ("vso.profile", "User Profile (Read)"),
];

/// Where accounts, rather than one organisation, are asked about; Services only.
const ACCOUNTS: &str = "https://app.vssps.visualstudio.com";

impl Rules for AzureDevops {
    fn id(&self) -> &'static str {
        "azure-devops"
    }

    fn title(&self) -> &'static str {
        "Azure DevOps"
    }

    fn default_host(&self) -> Option<&'static str> {
        Some("https://dev.azure.com")
    }

    fn api(&self, host: &Host) -> Host {
        host.clone()
    }

    fn api_of(&self, api: Host, owner: &str) -> Host {
        let encoded = percent_encoded(owner);
        let last = api.path().rsplit('/').next().unwrap_or_default();
        if address::is_legacy(&api) || last.eq_ignore_ascii_case(&encoded) {
            return api;
        }
        api.at(&format!("{}/{encoded}", api.path()))
    }

    fn accounts(&self, site: &Site) -> Option<Host> {
        if address::is_services(&site.host) {
            return Host::parse(ACCOUNTS).ok();
        }
        // Server has no such place. What imitates Services on this computer keeps it at its own root.
        site.host.origin().is_loopback().then(|| Host::of(site.host.origin().clone()))
    }

    fn origins(&self, site: &Site) -> BTreeSet<Origin> {
        let own = [site.host.origin().clone(), site.api.origin().clone()];
        own.into_iter().chain(self.accounts(site).map(|host| host.origin().clone())).collect()
    }

    /// It holds answers back for up to 30 seconds before it refuses any ("Rate and usage limits", read on 2026-11-20).
    fn slowness(&self) -> u32 {
        4
    }

    fn projects(&self) -> Projects {
        Projects::Required
    }

    fn kinds(&self) -> &'static [KindRow] {
        KINDS
    }

    /// 52 letters and digits; since July 2024 84 of them, with `AZDO` before the last four ("positions 76-80", counted
    /// from 0 or from 1). Other shapes are told nothing about: they may be tokens of Entra, or of what comes next.
    fn recognise(&self, secret: &Secret) -> Recognised {
        let old = secret.is_made_of(52, |digit| digit.is_ascii_lowercase() || digit.is_ascii_digit());
        let marked = secret.is_made_of(84, |digit| digit.is_ascii_alphanumeric())
            && [75, 76].into_iter().any(|at| secret.has_at(at, "AZDO"));
        if old || marked { Recognised::Kind(PAT) } else { Recognised::Untold }
    }

    fn closure(&self, scopes: &BTreeSet<String>) -> BTreeSet<String> {
        let mut all = scopes.clone();
        loop {
            let given = IMPLIED.iter().filter(|(scope, _)| all.contains(*scope)).flat_map(|(_, gives)| *gives);
            let more: Vec<_> = given.filter(|scope| !all.contains(**scope)).map(|scope| (*scope).to_owned()).collect();
            if more.is_empty() {
                return all;
            }
            all.extend(more);
        }
    }

    fn covers(&self, held: &BTreeSet<String>, wanted: &str, _public: bool) -> Coverage {
        if self.closure(held).contains(wanted) { Coverage::Held } else { Coverage::Missing }
    }

    fn scope_title(&self, scope: &str) -> String {
        TITLES.iter().find(|(name, _)| *name == scope).map_or(scope, |(_, title)| title).to_owned()
    }

    fn scopes_for(&self, need: Need, _kind: TokenKind) -> &'static [&'static str] {
        match need {
            Need::Webhooks => &["vso.hooks_write"],
            Need::PullRequests => &["vso.code_write"],
            Need::Delete => &["vso.code_manage"],
        }
    }

    fn wizard_scopes(&self, kind: TokenKind, creates: bool) -> Vec<&'static str> {
        // Reading code gives the profile, and with it the list of projects.
        if creates { vec!["vso.code", self.create_scope(kind)] } else { vec!["vso.code"] }
    }

    fn create_scope(&self, _kind: TokenKind) -> &'static str {
        "vso.code_manage"
    }

    fn proof(&self, scope: &str) -> Proof {
        match scope {
            "vso.code_write" => Proof::Git(Service::Write),
            // Code is read by the API and by git alike. What manages it is seen only where this very token created something; no request is known to be refused without harm.
            "vso.code" | "vso.profile" | "vso.project" | "vso.code_manage" => Proof::Read,
            _ => Proof::None,
        }
    }

    /// The name, or the address of the organisation in either form.
    fn owner_name(&self, text: &str) -> Result<String, String> {
        let name = address::organisation(text).unwrap_or_else(|| text.trim_end_matches('/').to_owned());
        if is_name(&name) {
            Ok(name)
        } else {
            Err("an organisation (or collection) of Azure DevOps is one name, or the address https://dev.azure.com/NAME; what stands before a collection belongs to the host".into())
        }
    }

    fn project_name(&self, text: &str) -> Result<String, String> {
        if is_name(text) && !text.starts_with('_') {
            Ok(text.to_owned())
        } else {
            Err("a project of Azure DevOps has 1 to 64 characters without \\ / : * ? \" ' < > | ; # $ { } , + = [ ], begins with neither _ nor a dot, and ends with no dot".into())
        }
    }

    fn repository_name(&self, text: &str) -> Result<String, String> {
        if is_name(text) && !text.starts_with('_') {
            Ok(text.to_owned())
        } else {
            Err("a repository of Azure DevOps has 1 to 64 characters without \\ / : * ? \" ' < > | ; # $ { } , + = [ ], begins with neither _ nor a dot, and ends with no dot".into())
        }
    }

    fn visibilities(&self) -> &'static [Visibility] {
        &Visibility::ALL // A repository is as visible as its project.
    }

    fn git_user(&self, _kind: Option<TokenKind>, login: Option<&str>) -> String {
        // Any name is taken; an empty one is not, by some clients.
        login.filter(|login| !login.is_empty()).unwrap_or("git").to_owned()
    }

    fn git_user_matters(&self) -> bool {
        false
    }

    /// The extension of the Azure CLI signs in with the first (`docs/cli/log-in-via-pat.md` of
    /// MicrosoftDocs/azure-devops-docs, read on 2026-11-21), Terraform's azuredevops provider with the second. Not
    /// `SYSTEM_ACCESSTOKEN`: that one is a pipeline's own, and ends with its job.
    fn token_variables(&self, _own: bool) -> &'static [&'static str] {
        &["AZURE_DEVOPS_EXT_PAT", "AZDO_PERSONAL_ACCESS_TOKEN"]
    }

    fn clone_url(&self, site: &Site, place: &Place) -> String {
        let name = percent_encoded(&place.name);
        // A repository that is called like its project has a shorter address, too.
        let project = place.owner.project.as_ref().map(|project| format!("{}/", percent_encoded(project)));
        format!("{}/{}_git/{name}", self.base(site, &place.owner.owner), project.unwrap_or_default())
    }

    /// As on the page “Clone repository”: Services have a host of their own for it, Server the common one.
    fn ssh_url(&self, site: &Site, place: &Place) -> String {
        let owner = percent_encoded(&place.owner.owner);
        let project = percent_encoded(place.owner.project.as_ref().unwrap_or(&place.name));
        let name = percent_encoded(&place.name);
        if address::is_services(&site.host) {
            return format!("ssh://git@ssh.dev.azure.com/v3/{owner}/{project}/{name}");
        }
        let host = &site.host;
        format!("ssh://{}:22{}/{owner}/{project}/_git/{name}", host.origin().name(), host.path())
    }

    fn knows_host(&self, name: &str) -> bool {
        address::is_services_name(name)
    }

    fn locate(&self, address: &Address) -> Option<Located> {
        address::locate(address)
    }

    fn token_page(&self, site: &Site, _kind: TokenKind, _scopes: &[&str], owner: Option<&str>, _name: &str) -> Link {
        let url = owner.map_or_else(
            || self.tokens_page(site, None),
            |owner| format!("{}/_usersSettings/tokens", self.base(site, owner)),
        );
        Link { url, prefilled: false }
    }

    fn tokens_page(&self, site: &Site, _kind: Option<TokenKind>) -> String {
        self.personal_page(site, "tokens")
    }

    fn owner_page(&self, site: &Site, owner: &str) -> String {
        self.base(site, owner)
    }

    fn new_owner_page(&self, site: &Site) -> String {
        if address::is_services(&site.host) {
            "https://learn.microsoft.com/en-us/azure/devops/organizations/accounts/create-organization".to_owned()
        } else {
            site.host.join("/")
        }
    }

    /// The front page of the organisation has the button “New project”.
    fn new_project_page(&self, site: &Site, owner: &str) -> String {
        self.base(site, owner)
    }

    fn new_repository_page(&self, site: &Site, owner: &str) -> String {
        self.base(site, owner)
    }

    /// It takes RSA keys only, and its REST API knows none ("Use SSH key authentication", learn.microsoft.com,
    /// 2023-06-21).
    fn keys(&self) -> KeyRules {
        KeyRules { only: Some(("ssh-rsa", "ssh-keygen -t rsa -b 4096 -f FILE")), by_api: false }
    }

    /// Azure DevOps knows keys of accounts only; they are pasted on a page of the account.
    fn key_page(&self, site: &Site, lock: &Lock) -> String {
        match lock {
            Lock::Repository(place) => format!("{}/_usersSettings/keys", self.base(site, &place.owner.owner)),
            Lock::Account => self.personal_page(site, "keys"),
        }
    }

    fn sign_up_page(&self, site: &Site) -> String {
        if address::is_services(&site.host) {
            "https://azure.microsoft.com/en-us/products/devops/".to_owned()
        } else {
            site.host.join("/")
        }
    }
}

impl AzureDevops {
    /// The address of the organisation or collection.
    fn base(&self, site: &Site, owner: &str) -> String {
        self.api_of(site.host.clone(), owner).to_string()
    }

    /// A page of the account, which every organisation has; without one there is only the front page.
    fn personal_page(&self, site: &Site, page: &str) -> String {
        if site.api == self.api(&site.host) && !address::is_legacy(&site.api) {
            return site.host.join("/");
        }
        site.api.join(&format!("/_usersSettings/{page}"))
    }
}

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.chars().count())
        && text.trim() == text
        && !text.starts_with(['.', '-'])
        && !text.ends_with('.')
        && crate::text::is_plain(text)
        && !text.contains(|letter: char| letter.is_control() || "\\/:*?\"'<>|;#$&%@{},+=[]".contains(letter))
}

#[cfg(test)]
mod tests;
