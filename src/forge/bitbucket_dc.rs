//! The REST API of Bitbucket Data Center, and of Bitbucket Server before it.
//!
//! Endpoints and refusals are those of <https://developer.atlassian.com/server/bitbucket/rest/v906/>, read on 2026-11-21;
//! where it is silent, those of clients that were tried on running servers, named at the place.
//!
//! What is particular here:
//! - No endpoint tells whose a token is. Every answer does, in the header `X-AUSERNAME`; without it nobody is signed in.
//! - 401 means "not permitted" as well as "not signed in": the same header tells the two apart.
//! - Nothing tells the permissions and the end of a token, except a list of the user's tokens that holds one only.
//!
//! What must be known before what can be asked: server, identity, repository: nothing; all at once. Grants and expiry:
//! the account. Refs to write: the repository beside git, and its permission after it.

mod account;
mod git_refusal;
mod key;
mod list;
mod owner;
mod refs;
mod refusal;
mod repository;
mod right;
mod server;
mod wire;

use std::sync::{Arc, OnceLock};

use futures_util::FutureExt as _;

use self::refusal::Asking;
use super::client::{Answer, Client, Request, Sign};
use super::memo::Memo;
use super::{Asked, Forge, NewRepository};
use crate::fact::{
    Expiry, Fault, FaultKind, Grants, Identity, Owner, OwnerPath, Page, Place, Refs, Remedy, Repository, Right, Server,
    Service, Site,
};
use crate::key::{Lock, NewKey, PublicKey, RegisteredKey};
use crate::provider::Host;
use crate::secret::Secret;

/// A connection to Bitbucket Data Center. Clones share the connection and what it remembers.
#[derive(Clone)]
pub(super) struct BitbucketDc(Arc<Inner>);

struct Inner {
    site: Site,
    client: Client,
    /// Whether the secret is an HTTP access token by its text, and not one of an OAuth client.
    marked: bool,
    rejected: OnceLock<Fault>,
    user: Memo<(), Identity>,
    token: Memo<(), account::Token>,
    repositories: Memo<Place, repository::Seen>,
}

impl BitbucketDc {
    pub fn new(site: &Site, secret: Option<&Secret>, client: Client) -> Self {
        Self(Arc::new(Inner {
            site: site.clone(),
            client,
            marked: secret.is_some_and(|secret| secret.begins_with("BBDC-")),
            rejected: OnceLock::new(),
            user: Memo::default(),
            token: Memo::default(),
            repositories: Memo::default(),
        }))
    }

    fn asking<'a>(&'a self, subject: &'a str) -> Asking<'a> {
        Asking { site: &self.0.site, subject }
    }

    fn get(&self, path: &str) -> Request {
        headed(Request::get(self.0.site.api.join(path)))
    }

    /// Where the APIs beside the main one stand: `/rest`.
    fn rest(&self) -> Host {
        let path = self.0.site.api.path();
        self.0.site.api.at(path.rsplit_once("/api/").map_or("/rest", |(rest, _)| rest))
    }

    /// Sends with the credential, whatever the answer. A credential that was refused once is not shown again.
    async fn send(&self, request: &Request) -> Result<Answer, Fault> {
        if let Some(fault) = self.0.rejected.get() {
            return Err(fault.clone());
        }
        let answer = self.0.client.send(request).await?;
        if answer.status == 401 {
            let fault = self.refused(&answer, "this token");
            if fault.kind == FaultKind::Auth {
                return Err(self.0.rejected.get_or_init(|| fault).clone());
            }
        }
        Ok(answer)
    }

    /// The answer to a GET, if it is the one that was hoped for.
    async fn read(&self, path: &str, subject: &str) -> Result<Answer, Fault> {
        let answer = self.send(&self.get(path)).await?;
        if answer.status == 200 { Ok(answer) } else { Err(self.refused(&answer, subject)) }
    }

    fn refused(&self, answer: &Answer, subject: &str) -> Fault {
        refusal::fault(answer, &self.asking(subject))
    }

    /// The owner's name, safe for an address.
    fn owner_name(&self, owner: &OwnerPath) -> Result<String, Fault> {
        self.0.site.provider.rules().owner_name(&owner.owner).map_err(not_a_name)
    }

    /// The place with names that are safe for an address.
    fn place(&self, place: &Place) -> Result<Place, Fault> {
        let name = self.0.site.provider.rules().repository_name(&place.name).map_err(not_a_name)?;
        Ok(Place { owner: OwnerPath { owner: self.owner_name(&place.owner)?, project: None }, name })
    }
}

fn headed(request: Request) -> Request {
    request.header("accept", "application/json").sign(Sign::Bearer)
}

/// No forge was asked about a name that cannot be one: nothing of this name exists there.
fn not_a_name(reason: impl std::fmt::Display) -> Fault {
    Fault::new(FaultKind::NotFound, format!("Nothing can have this name: {reason}."))
        .remedy(Remedy::new("Correct the name."))
}

impl Forge for BitbucketDc {
    fn server(&self) -> Asked<'_, Server> {
        self.server_now().boxed()
    }

    fn identity(&self) -> Asked<'_, Identity> {
        self.user().boxed()
    }

    fn grants(&self) -> Asked<'_, Grants> {
        async { Ok(self.token().await?.grants) }.boxed()
    }

    fn expiry(&self) -> Asked<'_, Expiry> {
        async { Ok(self.token().await?.expiry) }.boxed()
    }

    fn owner<'a>(&'a self, owner: &'a OwnerPath) -> Asked<'a, Owner> {
        self.owner_now(owner).boxed()
    }

    fn owners(&self) -> Asked<'_, Page> {
        self.owners_now().boxed()
    }

    fn repositories<'a>(&'a self, owner: &'a OwnerPath) -> Asked<'a, Page> {
        self.repositories_now(owner).boxed()
    }

    fn repository<'a>(&'a self, place: &'a Place) -> Asked<'a, Repository> {
        async { Ok(self.repository_known(place).await?.repository) }.boxed()
    }

    fn refs<'a>(&'a self, place: &'a Place, service: Service, user: &'a str) -> Asked<'a, Refs> {
        self.refs_now(place, service, user).boxed()
    }

    fn right<'a>(&'a self, place: &'a Place, scope: &'a str, _probe: bool) -> Asked<'a, Right> {
        self.right_now(place, scope).boxed()
    }

    fn create<'a>(&'a self, new: &'a NewRepository) -> Asked<'a, Repository> {
        self.create_now(new).boxed()
    }

    fn key<'a>(&'a self, lock: &'a Lock, key: &'a PublicKey) -> Asked<'a, RegisteredKey> {
        self.key_now(lock, key).boxed()
    }

    fn register_key<'a>(&'a self, new: &'a NewKey) -> Asked<'a, RegisteredKey> {
        self.register_key_now(new).boxed()
    }

    fn remove_key<'a>(&'a self, lock: &'a Lock, id: &'a str) -> Asked<'a, ()> {
        self.remove_key_now(lock, id).boxed()
    }
}
