//! Checks: verdicts, computed from answers and facts.
//!
//! [`judge`] is pure. It looks facts up by query; a query without a fact is noted as wanted and leaves its check
//! pending. So the checks and the requests behind them are one thing: whoever drives asks what is wanted, puts the
//! answers into the table, and judges again until nothing is wanted.
//!
//! `fail`, `warn` and `unknown` cannot be built without a [`Remedy`].

mod create;
mod git;
mod key;
mod one_user;
mod owner;
mod rotation;
mod scope;
mod token;

pub use self::key::Keying;
pub use self::token::{SOON, day, days_between, moment};

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::answers::{Answers, GivenExpiry};
use crate::fact::{
    Credential, Fact, Facts, Fault, FaultKind, Identity, Owner, OwnerKind, OwnerPath, Place, Query, Recognised, Remedy,
    Repository, Service, Site, Value,
};
use crate::platform::Platform;
use crate::provider::{Rules, TokenKind};

/// A row of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub id: CheckId,
    pub verdict: Verdict,
    pub title: String,
    /// What was seen: a sentence.
    pub detail: String,
    pub took: Option<Duration>,
}

/// The ids of checks: a closed list, in the order of the report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckId {
    Reach,
    Identity,
    Role,
    Expiry,
    Scope(String),
    Excess,
    Owner,
    CreateRepository,
    Repository,
    Empty,
    Clone,
    Push,
    Webhooks,
    PullRequests,
    Delete,
    SshKey,
    Handover,
    Store,
}

impl CheckId {
    pub fn name(&self) -> String {
        let name = match self {
            Self::Reach => "reach",
            Self::Identity => "identity",
            Self::Role => "role",
            Self::Expiry => "expiry",
            Self::Scope(scope) => return format!("scope:{scope}"),
            Self::Excess => "excess",
            Self::Owner => "owner",
            Self::CreateRepository => "create-repository",
            Self::Repository => "repository",
            Self::Empty => "empty",
            Self::Clone => "clone",
            Self::Push => "push",
            Self::Webhooks => "webhooks",
            Self::PullRequests => "pull-requests",
            Self::Delete => "delete",
            Self::SshKey => "ssh-key",
            Self::Handover => "handover",
            Self::Store => "store",
        };
        name.to_owned()
    }
}

/// What became of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Pending,
    Pass,
    Warn(Finding),
    Fail(Finding),
    Unknown(Finding),
}

/// Why a check did not pass: what to do, and the kind of fault if asking failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub remedy: Remedy,
    pub fault: Option<FaultKind>,
}

impl Finding {
    pub fn new(remedy: Remedy) -> Self {
        Self { remedy, fault: None }
    }

    pub fn of(fault: FaultKind, remedy: Remedy) -> Self {
        Self { remedy, fault: Some(fault) }
    }
}

impl Verdict {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Pass => "pass",
            Self::Warn(_) => "warn",
            Self::Fail(_) => "fail",
            Self::Unknown(_) => "unknown",
        }
    }

    pub fn finding(&self) -> Option<&Finding> {
        match self {
            Self::Warn(finding) | Self::Fail(finding) | Self::Unknown(finding) => Some(finding),
            Self::Pending | Self::Pass => None,
        }
    }

    pub fn is_fail(&self) -> bool {
        matches!(self, Self::Fail(_))
    }
}

/// The worst of the verdicts: fail, warn, unknown, pass, in this order. `None` while one is pending.
pub fn worst(checks: &[Check]) -> Option<&'static str> {
    if checks.iter().any(|check| check.verdict == Verdict::Pending) {
        return None;
    }
    if checks.is_empty() {
        return Some("unknown");
    }
    let has = |name: &str| checks.iter().any(|check| check.verdict.name() == name);
    ["fail", "warn", "unknown"].into_iter().find(|name| has(name)).or(Some("pass"))
}

/// What is judged.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    pub platform: &'a Platform,
    pub answers: &'a Answers,
    pub site: &'a Arc<Site>,
    pub credential: &'a Arc<Credential>,
    pub facts: &'a Facts,
    pub now: Timestamp,
    /// A token that ends within this time fails.
    pub fail_within: Option<SignedDuration>,
    pub occasion: Occasion,
    /// Whether requests that must be refused may be made.
    pub probes: bool,
    /// Nobody is asked: what is known stands, everything else is open.
    pub offline: bool,
    /// The repository that this connection holds already.
    pub holds: Option<&'a Place>,
    /// What is kept of the end of this very token: what was told or said of it before.
    pub known_end: Option<GivenExpiry>,
    /// The account of the token that this one is to replace.
    pub replaces: Option<&'a str>,
    /// Whether it was made with this program: then the token had to be able to.
    pub made: bool,
    /// What became of creating it in this run.
    pub creation: Creation<'a>,
    /// What is known of the secret's own resting place.
    pub store: Resting<'a>,
    /// What became of the key in this run, where one takes part.
    pub keying: Keying<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    Setup,
    /// Nothing is changed, and the report says so where a change would have told more.
    DryRun,
    /// A saved connection is looked at again.
    Check,
}

/// What became of creating the repository.
#[derive(Clone, Copy, Debug)]
pub enum Creation<'a> {
    NotTried,
    Done,
    Refused(&'a Fault),
}

/// Whether the secret can be read back from where it rests.
#[derive(Clone, Copy, Debug)]
pub enum Resting<'a> {
    /// It is written once everything else is settled.
    Later,
    /// It was read back and is the same.
    Proven,
    Failed(&'a Fault),
}

/// What [`judge`] found.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    pub checks: Vec<Check>,
    /// What to ask next; empty when nothing is pending for want of a question.
    pub wanted: BTreeSet<Query>,
}

/// Computes every check that applies, and what is still to be asked.
pub fn judge(case: &Case<'_>) -> Judgement {
    let bench = Bench::new(case, None);
    bench.judge();
    Judgement { checks: bench.checks.into_inner(), wanted: bench.wanted.into_inner() }
}

/// What the check `id` was looked up from.
pub fn behind(case: &Case<'_>, id: &CheckId) -> BTreeSet<Query> {
    let bench = Bench::new(case, Some(id));
    bench.judge();
    bench.behind.into_inner()
}

/// What looking at a query gives.
enum Seen<'a> {
    Known(&'a Value),
    Refused(&'a Fault),
    Pending,
    /// It cannot be asked, because of what came before.
    Closed(Finding, String),
}

/// What is said of a question that is not put because nobody is to be asked.
const NOT_ASKED: &str = "This was not asked: the run is offline.";

/// The case, and the questions that come up while it is judged.
struct Bench<'a> {
    case: &'a Case<'a>,
    wanted: RefCell<BTreeSet<Query>>,
    checks: RefCell<Vec<Check>>,
    /// The check whose questions are noted, what was looked up since a check was put down last, and what was for it.
    followed: Option<&'a CheckId>,
    looked: RefCell<BTreeSet<Query>>,
    behind: RefCell<BTreeSet<Query>>,
    rules: &'static dyn Rules,
    /// What every other question stands on, with what is known of it: it is looked at for each of them.
    token: Query,
    token_fact: Option<&'a Fact>,
    reach: Query,
    reach_fact: Option<&'a Fact>,
    identity: Query,
    identity_fact: Option<&'a Fact>,
    /// The owner and the repository of the answers.
    owner: Option<OwnerPath>,
    place: Option<Place>,
}

impl<'a> Bench<'a> {
    fn new(case: &'a Case<'a>, followed: Option<&'a CheckId>) -> Self {
        let (site, credential) = (case.site.clone(), case.credential.clone());
        let rules = site.provider.rules();
        let token = Query::Token(credential.clone());
        let reach = Query::Reach(site.clone());
        let identity = Query::Identity(site, credential);
        Self {
            case,
            wanted: RefCell::default(),
            checks: RefCell::default(),
            followed,
            looked: RefCell::default(),
            behind: RefCell::default(),
            rules,
            token_fact: case.facts.of(&token),
            token,
            reach_fact: case.facts.of(&reach),
            reach,
            identity_fact: case.facts.of(&identity),
            identity,
            owner: case.answers.owner(),
            place: case.answers.place(),
        }
    }

    /// Puts down every check that applies.
    fn judge(&self) {
        if self.case.answers.has_ssh() {
            self.put(key::judge(self));
            return;
        }
        self.put([token::reach(self)]);
        self.put(rotation::identity(self, token::identity(self)));
        self.put(owner::role(self));
        self.put(token::expiry(self));
        self.put(scope::scopes(self));
        self.put(scope::excess(self));
        self.put([owner::owner(self)]);
        self.put(create::create_repository(self));
        self.put(owner::repository(self));
        self.put(git::empty(self));
        self.put(git::clone(self));
        self.put(git::push(self));
        self.put(scope::deeds(self));
        self.put(git::handover(self));
        self.put([token::store(self)]);
    }

    /// Puts checks down, with what was looked up for the one that is followed.
    fn put(&self, checks: impl IntoIterator<Item = Check>) {
        let looked = self.looked.take();
        for check in checks {
            if self.followed == Some(&check.id) {
                // Each scope has a question of its own where it has one.
                let mine = |query: &&Query| match (&check.id, query) {
                    (CheckId::Scope(name), Query::Right { scope, .. }) => name == scope,
                    _ => true,
                };
                self.behind.borrow_mut().extend(looked.iter().filter(mine).cloned());
            }
            self.checks.borrow_mut().push(check);
        }
    }

    /// The fact for `query`; without one it is wanted.
    fn look(&self, query: &Query) -> Seen<'a> {
        self.look_at(query, self.case.facts.of(query))
    }

    fn look_at(&self, query: &Query, fact: Option<&'a Fact>) -> Seen<'a> {
        if self.followed.is_some() {
            self.looked.borrow_mut().insert(query.clone());
        }
        match fact {
            Some(Fact::Known(value)) => Seen::Known(value),
            Some(Fact::Refused(fault)) => Seen::Refused(fault),
            Some(Fact::Asked(_)) => Seen::Pending,
            None if self.case.offline => {
                let finding = Finding::new(Remedy::new("Run the same command without --offline."));
                Seen::Closed(finding, NOT_ASKED.to_owned())
            }
            None => {
                self.wanted.borrow_mut().insert(query.clone());
                Seen::Pending
            }
        }
    }

    /// Like `look`, for a question that carries the token: it is put only to the right server, with a token that can
    /// be one, and not again where the answer would be the same refusal.
    fn ask(&self, query: &Query) -> Seen<'a> {
        if self.case.offline {
            return self.look(query);
        }
        if let Some(closed) = self.gate() {
            return closed;
        }
        match self.look_at(&self.identity, self.identity_fact) {
            Seen::Pending => return Seen::Pending,
            Seen::Refused(fault) if ends_the_asking(fault.kind) => {
                return Seen::Closed(
                    finding(fault, self),
                    "This was not asked, because the token was not let in.".into(),
                );
            }
            // Where an account is asked about in its organisation, nothing but the organisation itself is left to ask.
            Seen::Refused(fault) if fault.kind == FaultKind::NotFound && !matches!(query, Query::Owner(..)) => {
                return Seen::Closed(finding(fault, self), "This was not asked: the owner was not found.".into());
            }
            _ => {}
        }
        self.look(query)
    }

    /// What stands before every question with the token: the token itself, then the right server.
    fn gate(&self) -> Option<Seen<'a>> {
        match self.look_at(&self.token, self.token_fact) {
            Seen::Pending => return Some(Seen::Pending),
            Seen::Refused(fault) => {
                return Some(Seen::Closed(
                    finding(fault, self),
                    "This was not asked: there is no token to ask with.".into(),
                ));
            }
            Seen::Known(Value::Token(Recognised::Refused { .. } | Recognised::Foreign(_))) => {
                let remedy = Remedy::new("Give a token of the right kind, then this is asked.");
                let text = "This was not asked: the token is of a kind that cannot serve.".into();
                return Some(Seen::Closed(Finding::of(FaultKind::WrongKind, remedy), text));
            }
            _ => {}
        }
        match self.look_at(&self.reach, self.reach_fact) {
            // A saved connection was proven at this very origin: its first question goes out beside the greeting.
            Seen::Pending if self.case.occasion == Occasion::Check => None,
            Seen::Pending => Some(Seen::Pending),
            Seen::Refused(fault) if fault.kind != FaultKind::NotFound => {
                let text = "This was not asked, because the server was not found to be the right one.".into();
                Some(Seen::Closed(finding(fault, self), text))
            }
            _ => None,
        }
    }

    fn took(&self, query: &Query) -> Option<Duration> {
        self.case.facts.took(query)
    }

    /// The kind of token: as its text tells, else as asking told, else as answered, else the provider's first.
    fn kind(&self) -> TokenKind {
        let told = match self.token_fact {
            Some(Fact::Known(Value::Token(Recognised::Kind(kind)))) => Some(*kind),
            _ => None,
        };
        let told = told.or_else(|| self.known_identity()?.token);
        told.or(self.case.answers.token_kind()).unwrap_or_else(|| self.rules.usual_kind(self.known_identity()))
    }

    fn known_identity(&self) -> Option<&'a Identity> {
        match self.identity_fact {
            Some(Fact::Known(Value::Identity(identity))) => Some(identity),
            _ => None,
        }
    }

    fn repository(&self) -> Option<&'a Repository> {
        match self.case.facts.of(&self.repository_query(self.place.as_ref()?)) {
            Some(Fact::Known(Value::Repository(repository))) => Some(repository),
            _ => None,
        }
    }

    /// Whether the connection held this repository before the run, under whatever name it has now.
    fn holds(&self) -> bool {
        let Some(held) = self.case.holds else { return false };
        let asked = self.place.as_ref().is_some_and(|place| place.is_same_as(held));
        asked || self.repository().is_some_and(|repository| repository.place.is_same_as(held))
    }

    fn repository_query(&self, place: &Place) -> Query {
        Query::Repository(self.case.site.clone(), self.case.credential.clone(), place.clone())
    }

    fn known_owner(&self) -> Option<&'a Owner> {
        let owner = self.owner.clone()?;
        match self.case.facts.of(&Query::Owner(self.case.site.clone(), self.case.credential.clone(), owner)) {
            Some(Fact::Known(Value::Owner(owner))) => Some(owner),
            _ => None,
        }
    }

    /// The kind of the owner, once it is known.
    fn owner_kind(&self) -> Option<OwnerKind> {
        self.known_owner().map(|owner| owner.kind)
    }

    /// The account's name, once it is known.
    fn login(&self) -> Option<&'a str> {
        self.known_identity().map(|identity| identity.login.as_str())
    }

    /// The question how git is received; only for a repository that is known to exist.
    fn git_query(&self, place: &Place, service: Service, user: &str) -> Query {
        let (site, credential) = (self.case.site.clone(), self.case.credential.clone());
        Query::Git(site, credential, place.clone(), service, user.to_owned())
    }

    /// Whether the repository is still to be made by this run.
    fn is_to_be_created(&self) -> bool {
        let Some(place) = self.place.as_ref().filter(|_| self.case.answers.creates()) else { return false };
        let missing = match self.case.facts.of(&self.repository_query(place)) {
            Some(Fact::Refused(fault)) => fault.kind == FaultKind::NotFound,
            _ => false,
        };
        missing && self.case.occasion != Occasion::Check && !matches!(self.case.creation, Creation::Done)
    }

    /// The moment that counts.
    fn moment(&self) -> Timestamp {
        moment(self.reach_fact, self.case.now)
    }

    fn tokens_page(&self) -> String {
        self.rules.tokens_page(self.case.site, Some(self.kind()))
    }
}

impl Check {
    fn new(id: CheckId, title: impl Into<String>, verdict: Verdict, detail: impl Into<String>) -> Self {
        Self { id, title: title.into(), verdict, detail: detail.into(), took: None }
    }

    fn pending(id: CheckId, title: impl Into<String>) -> Self {
        Self::new(id, title, Verdict::Pending, "")
    }

    fn took(self, took: Option<Duration>) -> Self {
        Self { took, ..self }
    }

    /// The check for a question that was refused or never put; `None` where there is a value to judge.
    fn unanswered(id: &CheckId, title: &str, seen: &Seen<'_>, bench: &Bench<'_>) -> Option<Self> {
        match seen {
            Seen::Known(_) => None,
            Seen::Pending => Some(Self::pending(id.clone(), title)),
            Seen::Closed(finding, text) => Some(Self::new(id.clone(), title, Verdict::Unknown(finding.clone()), text)),
            Seen::Refused(fault) => Some(Self::refused(id.clone(), title, fault, bench)),
        }
    }

    /// The check for what only we look at and the platform does not: a token that is good, and whose scopes do not let it
    /// see this, leaves it open. What the platform needs has checks of its own.
    fn unseen(id: &CheckId, title: &str, seen: &Seen<'_>, bench: &Bench<'_>) -> Option<Self> {
        match seen {
            Seen::Refused(fault) if fault.accepted && fault.kind == FaultKind::MissingScope => {
                Some(Self::new(id.clone(), title, Verdict::Unknown(finding(fault, bench)), &fault.text))
            }
            _ => Self::unanswered(id, title, seen, bench),
        }
    }

    /// The check for a question that was refused: silence leaves it open, a refusal settles it.
    fn refused(id: CheckId, title: &str, fault: &Fault, bench: &Bench<'_>) -> Self {
        let finding = finding(fault, bench);
        let verdict = if fault.kind.is_silence() { Verdict::Unknown(finding) } else { Verdict::Fail(finding) };
        Self::new(id, title, verdict, &fault.text)
    }
}

/// The finding for a fault: its own remedy, or the one that always goes with its kind.
fn finding(fault: &Fault, bench: &Bench<'_>) -> Finding {
    let remedy = fault.remedy.clone().unwrap_or_else(|| remedy_for(fault.kind, bench));
    Finding::of(fault.kind, remedy)
}

/// After such an answer the same token gets no other: each further try costs, or counts towards a lock-out.
fn ends_the_asking(kind: FaultKind) -> bool {
    use FaultKind::{Auth, Dns, Expired, Network, Proxy, RateLimit, Redirect, Revoked, Timeout, Tls, WrongKind};
    matches!(kind, Auth | Expired | Revoked | WrongKind | RateLimit | Network | Dns | Timeout | Tls | Proxy | Redirect)
}

fn remedy_for(kind: FaultKind, bench: &Bench<'_>) -> Remedy {
    use FaultKind::{
        Auth, Cancelled, Dns, Expired, IpAllowlist, MissingScope, Network, NoAccess, NotFound, NotTheApi, Proxy,
        RateLimit, Redirect, Revoked, Secret, Server, Sso, Timeout, Tls, TokenPolicy, WrongKind,
    };
    let page = bench.tokens_page();
    let host = bench.case.site.host.to_string();
    match kind {
        Network => Remedy::new("Check the address, the port and the network (VPN, firewall), then try again."),
        Dns => Remedy::new("Check the spelling of the host, and whether a VPN is needed to find it."),
        Timeout => {
            Remedy::new("Try again; if it stays so, ask the administrator whether a firewall drops the packets.")
        }
        Tls => {
            Remedy::new("Give the certificate authority of the server as `ca_file`, or have its certificate mended.")
        }
        Redirect => Remedy::new("If the other address is your server, enter that one as host."),
        Proxy => Remedy::new("Check HTTPS_PROXY and NO_PROXY: `git-access doctor` shows what is in effect."),
        Auth | Expired | Revoked => Remedy::at("Make a new token and use it here.", page),
        WrongKind => Remedy::at("Make a token of the kind that is named here.", page),
        MissingScope => Remedy::at("Tick what is missing, or make a new token with it.", page),
        NoAccess => Remedy::at("Have an administrator give the account the right, or use another account.", host),
        NotFound => Remedy::at("Check the spelling, and whether the token may see it.", host),
        Sso => Remedy::at("Authorise the token for the organisation's single sign-on.", page),
        IpAllowlist => Remedy::new("Have your address added to the allow list, or go through a network that is on it."),
        TokenPolicy => Remedy::at("Make a token that the organisation's policy allows.", page),
        RateLimit => Remedy::new("Wait until the limit is over, then try again."),
        Server => Remedy::new("Wait until the server is well again, then run the same command."),
        NotTheApi => Remedy::new("Check host and `api_url`; a proxy, a sign-in page or another product answered."),
        Cancelled => Remedy::new("Run the same command again."),
        Secret => Remedy::new("Mend the token's source, or name another one."),
    }
}
