//! Providers: the kinds of forges, and everything that is known about each without asking it.
//!
//! One file per provider implements [`Rules`]; [`Provider`] is the table of all. Shared code never branches on the
//! provider: it calls the rules. What only a live forge can tell is in `forge/`.

mod address;
mod advice;
mod azure_devops;
mod bitbucket;
mod bitbucket_dc;
mod consumer;
mod gitea;
mod github;
mod gitlab;
mod origin;

use std::collections::BTreeSet;
use std::fmt;

pub use self::address::NotAnAddress;
pub use self::advice::advice;
pub use self::consumer::{Consumer, url_for};
pub use self::origin::{Host, NotAHost, Origin};
use crate::fact::{Identity, OwnerKind, Place, Recognised, Service, Site, Visibility};
use crate::key::Lock;
use crate::secret::Secret;

/// A kind of forge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    GitHub,
    GitLab,
    Bitbucket,
    AzureDevops,
    Gitea,
    BitbucketDc,
}

impl Provider {
    /// Every provider, in the order in which they are offered.
    pub const ALL: &'static [Self] =
        &[Self::GitHub, Self::GitLab, Self::Bitbucket, Self::AzureDevops, Self::Gitea, Self::BitbucketDc];

    /// What is known about it.
    pub fn rules(self) -> &'static dyn Rules {
        match self {
            Self::GitHub => &github::GitHub,
            Self::GitLab => &gitlab::GitLab,
            Self::Bitbucket => &bitbucket::Bitbucket,
            Self::AzureDevops => &azure_devops::AzureDevops,
            Self::Gitea => &gitea::Gitea,
            Self::BitbucketDc => &bitbucket_dc::BitbucketDc,
        }
    }

    /// Its word in files and on the command line.
    pub fn id(self) -> &'static str {
        self.rules().id()
    }

    /// Where the API answers: as `given`, else as it follows from `host`; for `owner` once that is known.
    pub fn api(self, host: &Host, given: Option<Host>, owner: Option<&str>) -> Host {
        let api = given.unwrap_or_else(|| self.rules().api(host));
        match owner {
            Some(owner) => self.rules().api_of(api, owner),
            None => api,
        }
    }

    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|provider| provider.id() == id)
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.rules().title())
    }
}

/// A kind of token, by its word in the answers file (`classic`, `fine-grained`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenKind(pub &'static str);

/// What is known about a kind of token.
#[derive(Clone, Copy, Debug)]
pub struct KindRow {
    pub kind: TokenKind,
    /// Its name on the provider's own pages.
    pub title: &'static str,
    /// Whether the provider can give it an end.
    pub can_expire: bool,
    /// What to know before choosing it.
    pub advice: &'static str,
}

/// What a platform does with a repository beyond what a scope names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    Webhooks,
    PullRequests,
    Delete,
}

/// How it can be seen that a token holds a scope which no API lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Git's own answer on this service.
    Git(Service),
    /// The repository answers at all.
    Repository,
    /// A request that reads.
    Read,
    /// A request that the forge must refuse, where the kind of refusal tells.
    Probe,
    /// Nothing harmless tells.
    None,
}

/// How the scopes of a token cover a wanted one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    Held,
    /// Not ticked, yet this one, which is, does the same.
    Covered(String),
    Missing,
}

/// A page to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub url: String,
    /// Whether the page opens with the right boxes ticked.
    pub prefilled: bool,
}

/// A web or clone address, taken apart: nothing in it is trusted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// `https`, `http` or `ssh`; the scp-like form is `ssh`.
    pub scheme: &'static str,
    /// The user before `@`, where there was one and it is no secret (`git`, `org`).
    pub user: Option<String>,
    /// Lower case, without port.
    pub host: String,
    pub port: Option<u16>,
    /// The parts of the path between slashes: decoded once, none empty.
    pub segments: Vec<String>,
}

/// What an address names. Names are not yet checked by `owner_name` and `repository_name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The host to answer with, where it is not the scheme and host of the address (ssh.dev.azure.com).
    pub host: Option<Host>,
    pub owner: String,
    pub project: Option<String>,
    pub repository: Option<String>,
}

/// Whether a provider has projects between owner and repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Projects {
    None,
    Optional,
    Required,
}

/// The SSH keys that a provider takes.
#[derive(Clone, Copy, Debug)]
pub struct KeyRules {
    /// The one algorithm (in OpenSSH's form) that it takes, and the command that makes such a key; `None` where every
    /// usual one is taken.
    pub only: Option<(&'static str, &'static str)>,
    /// Whether its API shows keys and takes them; else a person pastes them on a page.
    pub by_api: bool,
}

/// Everything that is known about a provider without asking it.
///
/// # Contract
/// All methods are pure. Names and addresses come back in the form that the provider itself uses; nothing that was not
/// accepted by `owner_name` or `repository_name` is put into an address.
pub trait Rules: Sync {
    fn id(&self) -> &'static str;
    fn title(&self) -> &'static str;
    /// The host of the public service, if there is one.
    fn default_host(&self) -> Option<&'static str>;
    /// Where the API of `host` answers.
    fn api(&self, host: &Host) -> Host;
    /// Where the API answers for what belongs to `owner`, given where it answers at all. Most providers have one for all
    /// owners; narrowing twice changes nothing.
    fn api_of(&self, api: Host, _owner: &str) -> Host {
        api
    }
    /// Where accounts are asked about, if that is not the API.
    fn accounts(&self, _site: &Site) -> Option<Host> {
        None
    }
    /// How many times as long as elsewhere an answer may take, where the provider holds answers back on purpose.
    fn slowness(&self) -> u32 {
        1
    }
    /// The exact origins that a token for `site` may be sent to.
    fn origins(&self, site: &Site) -> BTreeSet<Origin> {
        [site.host.origin().clone(), site.api.origin().clone()].into()
    }
    fn projects(&self) -> Projects;

    /// The kinds of tokens, the recommended one first.
    fn kinds(&self) -> &'static [KindRow];
    /// The kind that a token is taken for where neither its text nor the forge nor the answers tell.
    fn usual_kind(&self, _identity: Option<&Identity>) -> TokenKind {
        self.kinds()[0].kind
    }
    /// Whether the API takes a token of this kind only beside the account's e-mail address.
    fn wants_email(&self, _kind: TokenKind) -> bool {
        false
    }
    /// Why a token of this kind, by its word, can never serve; `None` where the word is not known.
    fn refused_kind(&self, _word: &str) -> Option<&'static str> {
        None
    }
    /// What the text of a token tells.
    fn recognise(&self, secret: &Secret) -> Recognised;
    /// Everything that `scopes` give: with what each implies, to the end.
    fn closure(&self, scopes: &BTreeSet<String>) -> BTreeSet<String>;
    /// How `held` scopes cover the `wanted` one; `public`: the repository is known to be public.
    fn covers(&self, held: &BTreeSet<String>, wanted: &str, public: bool) -> Coverage;
    /// The name of a scope on the token page.
    fn scope_title(&self, scope: &str) -> String;
    /// Scopes any one of which lets a token of this kind do what `need` names.
    fn scopes_for(&self, need: Need, kind: TokenKind) -> &'static [&'static str];
    /// What the wizard itself uses: to create a repository there, and to see the owner.
    fn wizard_scopes(&self, kind: TokenKind, creates: bool) -> Vec<&'static str>;
    /// The scope with which a token of this kind creates repositories.
    fn create_scope(&self, kind: TokenKind) -> &'static str;
    /// Every scope that creating takes, for an owner of this kind; `None`: the kind is not known yet.
    fn creation_scopes(&self, kind: TokenKind, _owner: Option<OwnerKind>) -> Vec<&'static str> {
        vec![self.create_scope(kind)]
    }
    /// What registering an SSH key takes, at the account or else at a repository; empty where no scope is known to do.
    fn registration_scopes(&self, _kind: TokenKind, _at_account: bool) -> Vec<&'static str> {
        Vec::new()
    }
    fn proof(&self, scope: &str) -> Proof;
    /// Whether a token of this kind has a scope of this name. True where the names are not listed.
    fn knows_scope(&self, _kind: TokenKind, scope: &str) -> bool {
        !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic())
    }

    /// The owner as the provider writes it, or why it is none.
    fn owner_name(&self, text: &str) -> Result<String, String>;
    fn repository_name(&self, text: &str) -> Result<String, String>;
    /// The project as the provider writes it, or why it is none.
    fn project_name(&self, text: &str) -> Result<String, String> {
        Ok(text.to_owned())
    }
    fn visibilities(&self) -> &'static [Visibility];
    /// The account's name for git: as it was typed, else as the API told it, where git knows it by the same.
    fn git_login<'a>(&self, typed: Option<&'a str>, told: Option<&'a str>) -> Option<&'a str> {
        typed.or(told)
    }
    /// The user name with which git signs in, beside a token of this kind.
    fn git_user(&self, kind: Option<TokenKind>, login: Option<&str>) -> String;
    /// Whether the git user name takes part in signing in, so that a wrong one is refused.
    fn git_user_matters(&self) -> bool;
    /// Whether git is documented to let such a token in as a bearer alone, without a user name beside it.
    fn git_bearer(&self, _kind: TokenKind) -> bool {
        false
    }
    /// Whether such a token reaches a single repository, whatever else its owner has.
    fn reaches_one_repository(&self, _kind: TokenKind) -> bool {
        false
    }
    /// The address to clone from: no user, no query, encoded once.
    fn clone_url(&self, site: &Site, place: &Place) -> String;

    /// The address to clone from over SSH, where the host is known to serve it.
    fn ssh_url(&self, site: &Site, place: &Place) -> String {
        let owner = place.owner.project.as_ref().unwrap_or(&place.owner.owner);
        let host = site.host.origin().name();
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        format!("ssh://git@{host}/{owner}/{}.git", place.name)
    }
    /// Whether this host name (lower case) is this provider's public service, also under the names that only git uses.
    fn knows_host(&self, name: &str) -> bool {
        self.default_host().is_some_and(|host| host.strip_prefix("https://") == Some(name))
    }
    /// What a web or clone address names, at a host that is this provider's; `None` where it names nothing of ours.
    fn locate(&self, address: &Address) -> Option<Located> {
        let [owner, name, ..] = address.segments.as_slice() else { return None };
        let name = name.strip_suffix(".git").unwrap_or(name).to_owned();
        Some(Located { host: None, owner: owner.clone(), project: None, repository: Some(name) })
    }

    /// Where a token is made, with what is needed ticked where the provider can.
    fn token_page(&self, site: &Site, kind: TokenKind, scopes: &[&str], owner: Option<&str>, name: &str) -> Link;
    /// Where tokens are listed, changed and revoked.
    fn tokens_page(&self, site: &Site, kind: Option<TokenKind>) -> String;
    fn owner_page(&self, site: &Site, owner: &str) -> String;
    /// Where a new organisation (group, workspace) is made.
    fn new_owner_page(&self, site: &Site) -> String;
    /// Where a new project is made, where the provider has projects.
    fn new_project_page(&self, site: &Site, owner: &str) -> String {
        self.owner_page(site, owner)
    }
    /// Where a repository is made by hand.
    fn new_repository_page(&self, site: &Site, owner: &str) -> String;
    /// Where a public key is pasted by hand: the repository's page for deploy keys, or the account's for its own.
    fn key_page(&self, site: &Site, lock: &Lock) -> String {
        match lock {
            Lock::Repository(place) => self.clone_url(site, place).trim_end_matches(".git").to_owned(),
            Lock::Account => self.tokens_page(site, None),
        }
    }
    /// Which keys it takes, and how they get there.
    fn keys(&self) -> KeyRules {
        KeyRules { only: None, by_api: true }
    }
    /// What to know about a key that a token registered there, before that token goes.
    fn key_notice(&self, _lock: &Lock) -> Option<&'static str> {
        None
    }
    /// Whether the API lets a token replace itself by a new one.
    fn renews_tokens(&self) -> bool {
        false
    }
    /// What else goes when a token is revoked, where one would not expect it.
    fn lost_with_a_token(&self) -> Option<&'static str> {
        None
    }
    /// Where an account is made.
    fn sign_up_page(&self, site: &Site) -> String;

    /// The variables in which programs look for a token of its public service, or of a server that is somebody's `own`.
    fn token_variables(&self, _own: bool) -> &'static [&'static str] {
        &[]
    }
    /// The words of a program that prints the token it signs in with at the host [`HOST_NAME`], where one is documented.
    fn token_command(&self) -> &'static [&'static str] {
        &[]
    }
}

/// Stands in a command for the name of a host that serves at the usual port.
pub const HOST_NAME: &str = "{name}";

/// The kind named `name` among those of `provider`.
pub fn token_kind(provider: Provider, name: &str) -> Option<TokenKind> {
    provider.rules().kinds().iter().map(|row| row.kind).find(|kind| kind.0 == name)
}

/// The row of `kind` in the provider's table.
pub fn kind_row(provider: Provider, kind: TokenKind) -> Option<&'static KindRow> {
    provider.rules().kinds().iter().find(|row| row.kind == kind)
}

/// What the text of a token tells, when it is meant for `provider`.
pub fn recognise(provider: Provider, secret: &Secret) -> Recognised {
    match provider.rules().recognise(secret) {
        Recognised::Untold => Provider::ALL
            .iter()
            .copied()
            .filter(|other| *other != provider)
            .find(|other| !matches!(other.rules().recognise(secret), Recognised::Untold))
            .map_or(Recognised::Untold, Recognised::Foreign),
        told => told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub fn set(scopes: &str) -> BTreeSet<String> {
        scopes.split_whitespace().map(str::to_owned).collect()
    }

    pub fn site_of(provider: Provider, host: &str) -> Site {
        let host = Host::parse(host).unwrap();
        let api = provider.rules().api(&host);
        Site { provider, host, api, ca_file: None, client_cert: None }
    }

    #[test]
    fn the_table_is_whole() {
        let mut ids = BTreeSet::new();
        for provider in Provider::ALL {
            let rules = provider.rules();
            assert!(ids.insert(rules.id()), "{} stands twice", rules.id());
            assert_eq!(Provider::from_id(rules.id()), Some(*provider));
            assert!(!rules.kinds().is_empty() && !rules.visibilities().is_empty());
            let mut kinds = BTreeSet::new();
            assert!(rules.kinds().iter().all(|row| kinds.insert(row.kind)), "{} has a kind twice", rules.id());
            if let Some(host) = rules.default_host() {
                assert_eq!(Host::parse(host).unwrap().to_string(), host);
            }
        }
    }

    #[test]
    fn every_page_is_on_a_secure_origin_of_the_host() {
        for provider in Provider::ALL {
            let rules = provider.rules();
            let host = Host::parse(rules.default_host().unwrap_or("https://git.example")).unwrap();
            let site = Site { provider: *provider, api: rules.api(&host), host, ca_file: None, client_cert: None };
            let mut pages = vec![
                rules.tokens_page(&site, None),
                rules.owner_page(&site, "acme"),
                rules.new_owner_page(&site),
                rules.new_project_page(&site, "acme"),
                rules.new_repository_page(&site, "acme"),
                rules.sign_up_page(&site),
            ];
            for row in rules.kinds() {
                pages.push(rules.tokens_page(&site, Some(row.kind)));
                pages.push(rules.token_page(&site, row.kind, &["x:read", "y"], Some("acme"), "a b&c").url);
            }
            for page in pages {
                let url = url::Url::parse(&page).unwrap();
                assert_eq!(url.scheme(), "https", "{page}");
                assert!(!page.contains(' '), "{page}");
            }
        }
    }
}
