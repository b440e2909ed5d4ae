//! Forges: live connections to what a provider runs.
//!
//! The files of a provider hold the parts of its [`Forge`] (`part`); [`connect`] picks it, and is the only place that
//! does. Endpoints are named here and nowhere else. `client` is the HTTP below all of them, `memo` what a connection
//! remembers and `rejected` what it must not try again, `linked` a list in parts, `name` what may stand in an address,
//! `creation` and `key` what all tell about a repository or a key that did not come to be.

mod azure_devops;
mod bitbucket;
mod bitbucket_dc;
mod client;
mod creation;
mod gitea;
mod github;
mod gitlab;
mod key;
mod linked;
mod memo;
mod name;
mod part;
mod progress;
mod rejected;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

pub use self::client::{AGENT, Answer, Client, LONGEST_ANSWER, LONGEST_LIST, Limits, Log, Outside, Request, Sign};
pub use self::client::{look_at_ca_file, look_at_client_cert};
pub(crate) use self::memo::Memo;
pub use self::progress::telling;
use crate::fact::{
    Expiry, Fault, FaultKind, Grants, Identity, Owner, OwnerPath, Page, Place, Refs, Repository, Right, Server,
    Service, Site, Visibility,
};
use crate::key::{Lock, NewKey, PublicKey, RegisteredKey};
use crate::provider::Provider;
use crate::secret::Secret;

/// Opens the connection to `site` with `secret`; `rest_user` is the name that signs in beside it at the API, where the
/// provider wants one. Nothing is sent yet.
///
/// # Errors
/// `tls` when the CA file or the client certificate cannot be used; the fault names the file.
pub fn connect(
    site: &Site,
    secret: Option<&Secret>,
    rest_user: Option<&str>,
    outside: &Outside,
) -> Result<Arc<dyn Forge>, Fault> {
    let client = Client::new(site, secret, outside)?;
    Ok(match site.provider {
        Provider::GitHub => Arc::new(github::GitHub::new(site, secret, client)),
        Provider::GitLab => Arc::new(gitlab::GitLab::new(site, client)),
        Provider::Bitbucket => Arc::new(bitbucket::Bitbucket::new(site, secret, rest_user, client)),
        Provider::AzureDevops => Arc::new(azure_devops::AzureDevops::new(site, secret, client)),
        Provider::Gitea => Arc::new(gitea::Gitea::new(site, secret, client)),
        Provider::BitbucketDc => Arc::new(bitbucket_dc::BitbucketDc::new(site, secret, client)),
    })
}

/// The outcome of asking, in time.
pub type Asked<'a, T> = BoxFuture<'a, Result<T, Fault>>;

/// What is to be created.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NewRepository {
    pub place: crate::fact::Place,
    pub visibility: Visibility,
    /// With a first commit (a README), or without any.
    pub readme: bool,
    /// Whether the owner is an organisation (a group, a workspace), or the account itself.
    pub in_organisation: bool,
}

/// A token that the provider made in place of the one that asked for it.
#[derive(Clone, Debug)]
pub struct NewToken {
    pub secret: Secret,
    /// As the provider told it.
    pub expires: Expiry,
}

/// A forge with one credential (or none). A provider implements its parts (`part`), and never this itself.
///
/// # Contract
/// - Every method but `create`, `register_key`, `remove_key`, `rotate_token` and `revoke_token` reads; asking twice is safe, and MUST be answered from the first answer where both need
///   the same request (identity, grants and expiry often do).
/// - A value is given only for an answer of the real API: expected status, JSON content type, and a body with the
///   fields that identify it. Anything else is a [`Fault`]; nothing is guessed.
/// - A fault is classified in the order that the provider's documentation gives, carries a sentence without secrets and
///   with server text sanitised, a remedy where the answer told one, and `accepted` where the API took the credential.
/// - 401 is never asked again: a forge answers everything from it until it is dropped. What succeeded is remembered as well; any
///   other fault is shared by those who wait for the same request, and then forgotten, so that asking again asks.
/// - `create` forgets what was known of the repository. Nothing but GET is repeated.
/// - No more than the credential's own origins ever see it.
pub trait Forge: Send + Sync {
    /// Who answers there, asked without the credential.
    fn server(&self) -> Asked<'_, Server>;
    fn identity(&self) -> Asked<'_, Identity>;
    fn grants(&self) -> Asked<'_, Grants>;
    fn expiry(&self) -> Asked<'_, Expiry>;
    fn owner<'a>(&'a self, owner: &'a OwnerPath) -> Asked<'a, Owner>;
    /// The owners that the credential sees.
    fn owners(&self) -> Asked<'_, Page>;
    /// The repositories of an owner. Where the provider demands a project and none is named: the projects of the owner.
    fn repositories<'a>(&'a self, owner: &'a OwnerPath) -> Asked<'a, Page>;
    fn repository<'a>(&'a self, place: &'a Place) -> Asked<'a, Repository>;
    /// The refs, as git is told them when it signs in as `user`. For [`Service::Write`] this proves the right to push:
    /// the server offers to receive, and nothing is sent.
    fn refs<'a>(&'a self, place: &'a Place, service: Service, user: &'a str) -> Asked<'a, Refs>;
    /// Whether the token holds `scope` there. With `probe`, by a request that the forge must refuse.
    fn right<'a>(&'a self, place: &'a Place, scope: &'a str, probe: bool) -> Asked<'a, Right>;
    /// Creates a repository. Never repeated by itself.
    fn create<'a>(&'a self, new: &'a NewRepository) -> Asked<'a, Repository>;
    /// The key as it is registered there, found by its fingerprint; `not-found` where it is not, and `no-access` with
    /// the page to look at where the API shows no keys.
    /// A forge whose API knows no keys says just that.
    fn key<'a>(&'a self, lock: &'a Lock, key: &'a PublicKey) -> Asked<'a, RegisteredKey>;
    /// Registers a key. Never repeated by itself. A key that is there already is a fault which says so: find it first.
    fn register_key<'a>(&'a self, new: &'a NewKey) -> Asked<'a, RegisteredKey>;
    /// Replaces the credential by a new token that ends at `ends`; the credential ends by this. Never repeated. Where no
    /// answer came, or none that can be read, it may have been carried out: those are the kinds of fault that
    /// [`FaultKind::is_silence`] names, but for `rate-limit`. Any other fault says that nothing was changed.
    fn rotate_token(&self, ends: Timestamp) -> Asked<'_, NewToken>;
    /// Removes a key by the forge's own id of it. Never repeated.
    fn remove_key<'a>(&'a self, lock: &'a Lock, id: &'a str) -> Asked<'a, ()>;
    /// Ends the credential, for ever. Never repeated. `not-found` where this server has no way to do that.
    fn revoke_token(&self) -> Asked<'_, ()>;
}

/// Whether no answer came that settles anything.
fn is_silent(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Network | FaultKind::Timeout | FaultKind::NotTheApi)
}
