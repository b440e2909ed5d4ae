//! What can be asked, what was answered, and how asking failed.
//!
//! A `Query` carries all of its inputs by value, and facts are kept by query: an edited answer makes another query,
//! which has no fact yet, so nothing learned for the old answer can be taken for the new one. Site and credential are in
//! every question, and so they are shared. `Value` is provider-neutral. A `Fault` is three things: a kind to branch on, a sentence to read, and often a remedy.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::key::{Heard, KeyFiles, Knock, Lock, PublicKey, RegisteredKey, SshAddress};
use crate::provider::{Host, Origin, Provider, TokenKind};
use crate::secret::Store;

/// A forge and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    pub provider: Provider,
    /// What people open in a browser, and where git goes.
    pub host: Host,
    /// Where the API answers.
    pub api: Host,
    /// PEM: certificate authorities to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// PEM: our certificate and its key, for hosts that ask for one.
    pub client_cert: Option<PathBuf>,
}

impl Site {
    /// The origins that the token may go to, and no other.
    pub fn origins(&self) -> BTreeSet<Origin> {
        self.provider.rules().origins(self)
    }

    /// Whether it is the provider's public service, and nobody's own server.
    pub fn is_public(&self) -> bool {
        self.provider.rules().knows_host(self.host.origin().name())
    }

    /// The variables in which programs look for a token of it.
    pub fn token_variables(&self) -> &'static [&'static str] {
        self.provider.rules().token_variables(!self.is_public())
    }
}

/// The credential in use, and the one that is to replace it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    Current,
    Candidate,
}

/// Where a secret comes from in this run. It says where to look, never what is there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Env(String),
    File(PathBuf),
    Command(Vec<String>),
    Stdin,
    /// Typed or pasted in this run; the world holds it under this number.
    Typed(u64),
    /// What a saved connection keeps.
    Kept {
        store: Store,
        id: String,
        generation: u64,
    },
    /// There is no token: the access is a key alone, and nothing is asked that takes a token.
    Nobody,
}

/// A credential to ask with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Credential {
    pub provider: Provider,
    pub slot: Slot,
    pub source: Source,
    /// The user name or e-mail with which REST signs in, where the provider wants one beside the token.
    pub rest_user: Option<String>,
}

impl Credential {
    /// Stands where a credential would, for an access that is a key alone.
    pub fn nobody(provider: Provider) -> Self {
        Self { provider, slot: Slot::Current, source: Source::Nobody, rest_user: None }
    }
}

/// An owner at a forge, and the project below it where the provider has projects.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnerPath {
    pub owner: String,
    pub project: Option<String>,
}

/// A repository at a forge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub owner: OwnerPath,
    pub name: String,
}

impl Place {
    /// As people write it: owner, project where there is one, and name, between slashes.
    pub fn path(&self) -> String {
        let project = self.owner.project.as_ref().map(|project| format!("{project}/")).unwrap_or_default();
        format!("{}/{project}{}", self.owner.owner, self.name)
    }

    /// Whether both name one repository: forges do not tell names apart by case.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.owner.owner.eq_ignore_ascii_case(&other.owner.owner)
            && match (&self.owner.project, &other.owner.project) {
                (Some(left), Some(right)) => left.eq_ignore_ascii_case(right),
                (left, right) => left == right,
            }
            && self.name.eq_ignore_ascii_case(&other.name)
    }
}

/// A way to use git over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Clone and fetch: `git-upload-pack`.
    Read,
    /// Push: `git-receive-pack`.
    Write,
}

/// A question to the world. Safe to repeat: asking changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Query {
    /// The secret itself: read into the world's keeping; only its shape comes back.
    Token(Arc<Credential>),
    /// Is this the right server? Asked without the credential.
    Reach(Arc<Site>),
    Identity(Arc<Site>, Arc<Credential>),
    Grants(Arc<Site>, Arc<Credential>),
    Expiry(Arc<Site>, Arc<Credential>),
    Owner(Arc<Site>, Arc<Credential>, OwnerPath),
    /// The owners that this credential sees, page by page.
    Owners(Arc<Site>, Arc<Credential>),
    /// The repositories of an owner, page by page.
    Repositories(Arc<Site>, Arc<Credential>, OwnerPath),
    Repository(Arc<Site>, Arc<Credential>, Place),
    /// The refs, as git is told them with this user name.
    Git(Arc<Site>, Arc<Credential>, Place, Service, String),
    /// Does the token hold this scope, by its name on the token page? `probe`: by a request that must be refused.
    Right {
        site: Arc<Site>,
        credential: Arc<Credential>,
        place: Place,
        scope: String,
        probe: bool,
    },
    /// The public half of a key, out of its file; the private one is looked at where it lies and not told.
    KeyFile(KeyFiles),
    /// Is the key registered there, and with which access?
    Key(Arc<Site>, Arc<Credential>, Lock, PublicKey),
    Knock(Knock),
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Token(Recognised),
    Server(Server),
    Identity(Identity),
    Grants(Grants),
    Expiry(Expiry),
    Owner(Owner),
    Repository(Repository),
    Refs(Refs),
    Right(Right),
    Page(Page),
    PublicKey(PublicKey),
    Key(RegisteredKey),
    Heard(Heard),
}

/// What the text of a token tells about it, before anybody is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recognised {
    Kind(TokenKind),
    /// A kind that cannot serve: its name and the reason.
    Refused {
        kind: &'static str,
        reason: &'static str,
    },
    /// A token of this provider; what kind it is of, only asking tells.
    Own,
    /// A token of another provider.
    Foreign(Provider),
    /// The text tells nothing.
    Untold,
}

/// The server that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// What it calls itself: `GitHub`, `GitHub Enterprise Server`.
    pub product: String,
    pub version: Option<String>,
    /// Its clock, if it told.
    pub date: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub login: String,
    /// The provider's own lasting number or id.
    pub id: String,
    pub kind: IdentityKind,
    /// The kind of the token itself, where its text does not tell it and asking did.
    pub token: Option<TokenKind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityKind {
    User,
    /// A robot made by the provider for a token of a project, group or repository.
    Bot,
    App,
}

impl IdentityKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Bot => "bot",
            Self::App => "app",
        }
    }
}

/// What the provider tells about the scopes of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grants {
    Known(BTreeSet<String>),
    /// Some are told; others may be there.
    Partial(BTreeSet<String>),
    NotTold,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    At(Timestamp),
    /// Its own end is not told, and by then the provider refuses all of its sort; the reason, as a sentence.
    NoLaterThan(Timestamp, &'static str),
    Never,
    NotTold,
}

/// An organisation, user, group, workspace …
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// As the provider writes it.
    pub name: String,
    pub id: String,
    pub kind: OwnerKind,
    /// What the account is there.
    pub membership: Membership,
    /// May the account create repositories there?
    pub creates: Told,
    /// The project that new repositories go to, where the provider has projects and told it.
    pub project: Option<String>,
    /// May deploy keys be used there?
    pub deploy_keys: Told,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OwnerKind {
    /// An organisation, group, workspace: something that has members.
    Organisation,
    User,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Membership {
    /// The role, in the provider's word.
    Member(String),
    /// Invited, and the invitation is not accepted yet.
    Invited,
    /// The account is the owner itself.
    Oneself,
    Stranger,
    NotTold,
}

/// What a provider says to a yes-or-no question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Yes,
    No,
    NotTold,
}

impl From<Option<bool>> for Told {
    fn from(answer: Option<bool>) -> Self {
        match answer {
            Some(true) => Self::Yes,
            Some(false) => Self::No,
            None => Self::NotTold,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Owner and name, as the provider writes them now.
    pub place: Place,
    /// The provider's lasting id; absent where only git was seen to answer.
    pub id: Option<String>,
    pub default_branch: Option<String>,
    pub visibility: Option<Visibility>,
    pub archived: bool,
    pub disabled: bool,
    /// What the *account* may do there; the token may hold less.
    pub account_pushes: Told,
    pub account_administers: Told,
    pub account_deletes: Told,
    /// The account's role there, in the provider's word.
    pub role: Option<String>,
    /// When it was pushed to last, if told.
    pub pushed: Option<Timestamp>,
    /// Where it is reached over SSH, if told: a server of one's own may have another port or name for that.
    pub ssh: Option<SshAddress>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Visibility {
    Private,
    Internal,
    Public,
}

impl Visibility {
    pub const ALL: [Self; 3] = [Self::Private, Self::Internal, Self::Public];

    pub fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Internal => "internal",
            Self::Public => "public",
        }
    }
}

/// What git was told: a full advertisement with its flush packet, so the service answered and let us in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refs {
    /// Names of refs, at most 1000; empty means that the repository has no commit.
    pub names: Vec<String>,
    pub head: Option<String>,
}

/// Whether a scope was seen to be held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Right {
    Held,
    /// The provider has no harmless way to tell; the reason.
    NotTold(String),
}

/// A part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    pub rows: Vec<Row>,
    /// The list was cut at our limit, or the provider held rows back; the reason.
    pub cut: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    pub note: String,
}

/// What is known about a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    Asked(Ticket),
    Known(Value),
    Refused(Fault),
}

/// The number of one act of asking or doing: a reply carries that of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// The table of facts, by query, with the time that each took.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    table: BTreeMap<Query, (Fact, Duration)>,
    /// How many rows have come of the lists that are under way.
    parts: BTreeMap<Ticket, usize>,
}

impl Facts {
    pub fn of(&self, query: &Query) -> Option<&Fact> {
        self.table.get(query).map(|(fact, _)| fact)
    }

    pub fn took(&self, query: &Query) -> Option<Duration> {
        self.table.get(query).map(|(_, took)| *took)
    }

    pub fn put(&mut self, query: Query, fact: Fact, took: Duration) {
        self.table.insert(query, (fact, took));
    }

    pub fn forget(&mut self, which: impl Fn(&Query, &Fact) -> bool) {
        self.table.retain(|query, (fact, _)| !which(query, fact));
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Query, &Fact)> {
        self.table.iter().map(|(query, (fact, _))| (query, fact))
    }

    /// Notes how far a list has come.
    pub fn listed(&mut self, ticket: Ticket, rows: usize) {
        self.parts.insert(ticket, rows);
    }

    /// How many rows have come of a list that is under way.
    pub fn listed_so_far(&self, query: &Query) -> usize {
        match self.of(query) {
            Some(Fact::Asked(ticket)) => self.parts.get(ticket).copied().unwrap_or(0),
            _ => 0,
        }
    }

    /// The query that `ticket` asked, if it is still waited for.
    pub fn waiting(&self, ticket: Ticket) -> Option<&Query> {
        self.iter().find(|(_, fact)| **fact == Fact::Asked(ticket)).map(|(query, _)| query)
    }
}

impl Query {
    /// The credential it is asked with, if any.
    pub fn credential(&self) -> Option<&Credential> {
        match self {
            Self::Token(_) | Self::Reach(_) | Self::KeyFile(_) | Self::Knock(_) => None,
            Self::Identity(_, credential)
            | Self::Grants(_, credential)
            | Self::Expiry(_, credential)
            | Self::Owner(_, credential, _)
            | Self::Owners(_, credential)
            | Self::Repositories(_, credential, _)
            | Self::Repository(_, credential, _)
            | Self::Git(_, credential, ..)
            | Self::Key(_, credential, ..)
            | Self::Right { credential, .. } => Some(credential),
        }
    }

    /// The forge it is put to, if it is put to one.
    pub fn site(&self) -> Option<&Site> {
        match self {
            Self::Token(_) | Self::KeyFile(_) | Self::Knock(_) => None,
            Self::Reach(site)
            | Self::Identity(site, _)
            | Self::Grants(site, _)
            | Self::Expiry(site, _)
            | Self::Owner(site, ..)
            | Self::Owners(site, _)
            | Self::Repositories(site, ..)
            | Self::Repository(site, ..)
            | Self::Git(site, ..)
            | Self::Key(site, ..)
            | Self::Right { site, .. } => Some(site),
        }
    }

    /// The repository it is about, if it is about one.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Repository(_, _, place)
            | Self::Git(_, _, place, ..)
            | Self::Right { place, .. }
            | Self::Key(_, _, Lock::Repository(place), _) => Some(place),
            _ => None,
        }
    }
}

/// How asking failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    /// What happened: a sentence, already safe to show.
    pub text: String,
    /// What to do, where the provider's answer told more than the kind does.
    pub remedy: Option<Remedy>,
    /// Whether the real API answered to this credential, if only to refuse this one thing.
    pub accepted: bool,
    /// From when on asking again is welcome, by the clock here, where that was told.
    pub until: Option<Timestamp>,
    /// What is left of what was tried, where it could not be taken back; with the way to remove it.
    pub left: Option<Box<str>>,
}

/// What to do about it: a sentence, and the page that mends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    pub text: String,
    pub url: Option<String>,
}

impl Remedy {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), url: None }
    }

    pub fn at(text: impl Into<String>, url: impl Into<String>) -> Self {
        Self { text: text.into(), url: Some(url.into()) }
    }
}

macro_rules! fault_kinds {
    ($($variant:ident $name:literal),+ $(,)?) => {
        /// The kinds of faults: a closed list, the same word in every report.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FaultKind { $($variant),+ }

        impl FaultKind {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

fault_kinds! {
    Network "network", Dns "dns", Timeout "timeout", Tls "tls", Redirect "redirect", Proxy "proxy", Auth "auth",
    Expired "expired", Revoked "revoked", WrongKind "wrong-kind", MissingScope "missing-scope", NoAccess "no-access",
    NotFound "not-found", Sso "sso", IpAllowlist "ip-allowlist", TokenPolicy "token-policy", RateLimit "rate-limit",
    Server "server", NotTheApi "not-the-api", Cancelled "cancelled",
    // Not a fault of a forge, and null in reports: the secret could not be read or written here.
    Secret "",
}

impl FaultKind {
    /// Nobody of the API answered: the question stays open, and asking again may settle it.
    pub fn is_silence(self) -> bool {
        use FaultKind::{Cancelled, Dns, Network, NotTheApi, Proxy, RateLimit, Redirect, Server, Timeout, Tls};
        matches!(self, Network | Dns | Timeout | Tls | Redirect | Proxy | RateLimit | Server | NotTheApi | Cancelled)
    }
}

impl Fault {
    pub fn new(kind: FaultKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), remedy: None, accepted: false, until: None, left: None }
    }

    /// Whether the API does not take the credential at all.
    pub fn is_refusal(&self) -> bool {
        matches!(self.kind, FaultKind::Auth | FaultKind::Expired | FaultKind::Revoked) && !self.accepted
    }

    #[must_use]
    pub fn remedy(self, remedy: Remedy) -> Self {
        Self { remedy: Some(remedy), ..self }
    }

    #[must_use]
    pub fn until(self, until: Timestamp) -> Self {
        Self { until: Some(until), ..self }
    }

    /// Marks a refusal by which the API showed that it took the credential.
    #[must_use]
    pub fn accepted(self) -> Self {
        Self { accepted: true, ..self }
    }
}
