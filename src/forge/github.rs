//! GitHub's REST API: GitHub.com, Enterprise Server, Enterprise Cloud with data residency.
//!
//! Endpoints, headers and refusals are those of <https://docs.github.com/rest>, version 2022-11-28, which every
//! supported server knows.
//!
//! What must be known before what can be asked, here:
//! - server, identity (with grants and expiry, one request), owner, owners, repository: nothing; all at once;
//! - owner asks for account, organisation, membership and identity at the same time;
//! - repositories: the kind of the owner, then one part of the list after the other;
//! - right: the repository, then one request, or two where a probe needs a reading before it;
//! - refs: nothing here; who asks knows already that the repository exists, and does not wait for anything else.
//!
//! `check` puts more between: no question with a token before the server is known to be the right one, none but the
//! first to a token that may be refused, and none by git before the repository is known. So a whole check takes these
//! answers one after the other: the server; the identity; owner and repository; git and rights. After the server that
//! is three, and four where a right is tried by two requests.

mod account;
mod git_refusal;
mod key;
mod list;
mod owner;
mod refusal;
mod repository;
mod right;
mod server;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use futures_util::FutureExt as _;

use self::refusal::Asking;
use super::client::{Answer, Client, Request, Sign};
use super::memo::Memo;
use super::{Asked, Forge, NewRepository};
use crate::fact::{
    Expiry, Fault, FaultKind, Grants, Identity, Owner, OwnerPath, Page, Place, Recognised, Refs, Remedy, Repository,
    Right, Server, Service, Site,
};
use crate::key::{Lock, NewKey, PublicKey, RegisteredKey};
use crate::provider::TokenKind;
use crate::secret::Secret;

/// A connection to GitHub. Clones share the connection and what it remembers.
#[derive(Clone)]
pub(super) struct GitHub(Arc<Inner>);

struct Inner {
    site: Site,
    client: Client,
    kind: Option<TokenKind>,
    rejected: OnceLock<Fault>,
    user: Memo<(), account::User>,
    accounts: Memo<String, wire::Account>,
    memberships: Memo<String, owner::Standing>,
    repositories: Memo<Place, Repository>,
}

impl GitHub {
    pub fn new(site: &Site, secret: Option<&Secret>, client: Client) -> Self {
        let kind = secret.and_then(|secret| match site.provider.rules().recognise(secret) {
            Recognised::Kind(kind) => Some(kind),
            _ => None,
        });
        Self(Arc::new(Inner {
            site: site.clone(),
            client,
            kind,
            rejected: OnceLock::new(),
            user: Memo::default(),
            accounts: Memo::default(),
            memberships: Memo::default(),
            repositories: Memo::default(),
        }))
    }

    fn is_fine_grained(&self) -> bool {
        self.0.kind.is_some_and(|kind| kind.0 == "fine-grained")
    }

    fn asking<'a>(&'a self, subject: &'a str) -> Asking<'a> {
        Asking { site: &self.0.site, kind: self.0.kind, subject }
    }

    fn get(&self, path: &str) -> Request {
        headed(Request::get(self.0.site.api.join(path)))
    }

    /// Sends with the credential, whatever the answer. A credential that was refused once is not shown again: several
    /// wrong ones in a short time lock the account out ("Authenticating to the REST API", failed login limit).
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

/// The headers that GitHub wants ("Getting started with the REST API", "API Versions").
fn headed(request: Request) -> Request {
    request
        .header("accept", "application/vnd.github+json")
        .header("x-github-api-version", "2022-11-28")
        .sign(Sign::Bearer)
}

/// No forge was asked about a name that cannot be one: nothing of this name exists there.
fn not_a_name(reason: impl std::fmt::Display) -> Fault {
    Fault::new(FaultKind::NotFound, format!("Nothing can have this name: {reason}."))
        .remedy(Remedy::new("Correct the name."))
}

impl Forge for GitHub {
    fn server(&self) -> Asked<'_, Server> {
        self.server_now().boxed()
    }

    fn identity(&self) -> Asked<'_, Identity> {
        async { Ok(self.user().await?.identity) }.boxed()
    }

    fn grants(&self) -> Asked<'_, Grants> {
        async { Ok(self.user().await?.grants) }.boxed()
    }

    fn expiry(&self) -> Asked<'_, Expiry> {
        async { Ok(self.user().await?.expiry) }.boxed()
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
        self.repository_known(place).boxed()
    }

    fn refs<'a>(&'a self, place: &'a Place, service: Service, user: &'a str) -> Asked<'a, Refs> {
        async move {
            let place = self.place(place)?;
            if let Some(fault) = self.0.rejected.get() {
                return Err(fault.clone());
            }
            let url = self.0.site.provider.rules().clone_url(&self.0.site, &place);
            let subject = repository::subject(&place);
            let refused = |answer: &Answer| git_refusal::fault(answer, service, &self.asking(&subject));
            crate::git::refs(&self.0.client, &url, service, user, refused).await
        }
        .boxed()
    }

    fn right<'a>(&'a self, place: &'a Place, scope: &'a str, probe: bool) -> Asked<'a, Right> {
        self.right_now(place, scope, probe).boxed()
    }

    fn create<'a>(&'a self, new: &'a NewRepository) -> Asked<'a, Repository> {
        self.create_now(new).boxed()
    }

    fn key<'a>(&'a self, lock: &'a Lock, key: &'a PublicKey) -> Asked<'a, RegisteredKey> {
        self.key_now(lock, key).boxed()
    }

    fn register_key<'a>(&'a self, new: &'a NewKey) -> Asked<'a, RegisteredKey> {
        self.register_now(new).boxed()
    }

    fn remove_key<'a>(&'a self, lock: &'a Lock, id: &'a str) -> Asked<'a, ()> {
        self.remove_key_now(lock, id).boxed()
    }

    /// The request is signed by nobody, or GitHub refuses it, and is for github.com only ("Revoke a list of
    /// credentials", <https://docs.github.com/en/rest/credentials/revoke>, read on 2026-11-20). 202: it will be done.
    fn revoke_token(&self) -> Asked<'_, ()> {
        async {
            let request = headed(Request::hand_in(self.0.site.api.join("/credentials/revoke"), "credentials"));
            let answer = self.0.client.send(&request.sign(Sign::Not)).await?;
            match answer.status {
                202 => Ok(()),
                404 => Err(super::by_hand("revokes no token through its API")),
                _ => Err(self.refused(&answer, "the end of the replaced token")),
            }
        }
        .boxed()
    }
}
