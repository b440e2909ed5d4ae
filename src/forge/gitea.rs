//! The REST API of Gitea and of Forgejo, which answer alike; where they differ, both ways are understood.
//!
//! Endpoints, scopes and refusals are those of <https://docs.gitea.com/api/> and, where the documentation is silent, of
//! `routers/api/v1/api.go` of go-gitea/gitea 1.26 and of Forgejo 12, read on 2026-11-20.
//!
//! What must be known before what can be asked:
//! - server, identity, repository: nothing; all at once;
//! - grants: the token's own page, else a refusal that lists them, else the list of tokens of the account;
//! - owner: the account, since the rights in an organisation are asked by its name;
//! - refs to write: repository and grants beside git, and the default branch after them. Git alone proves nothing there.

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
use crate::secret::Secret;

/// A connection to Gitea or Forgejo. Clones share the connection and what it remembers.
#[derive(Clone)]
pub(super) struct Gitea(Arc<Inner>);

struct Inner {
    site: Site,
    client: Client,
    secret: Option<Secret>,
    rejected: OnceLock<Fault>,
    user: Memo<(), Identity>,
    token: Memo<(), account::Token>,
    repositories: Memo<Place, repository::Seen>,
}

impl Gitea {
    pub fn new(site: &Site, secret: Option<&Secret>, client: Client) -> Self {
        Self(Arc::new(Inner {
            site: site.clone(),
            client,
            secret: secret.cloned(),
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

impl Forge for Gitea {
    fn server(&self) -> Asked<'_, Server> {
        self.server_now().boxed()
    }

    fn identity(&self) -> Asked<'_, Identity> {
        self.user().boxed()
    }

    fn grants(&self) -> Asked<'_, Grants> {
        async { Ok(self.token().await?.grants) }.boxed()
    }

    /// Neither program can give a token an end; that this one is alive is what is asked.
    fn expiry(&self) -> Asked<'_, Expiry> {
        async {
            match self.user().await {
                Err(fault) if !fault.accepted => Err(fault),
                _ => Ok(Expiry::Never),
            }
        }
        .boxed()
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

    fn right<'a>(&'a self, _place: &'a Place, scope: &'a str, _probe: bool) -> Asked<'a, Right> {
        self.right_now(scope).boxed()
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

    /// `DELETE /token`, from Gitea 1.27 on (<https://github.com/go-gitea/gitea/pull/37995>): a token ends itself. Older
    /// servers, and Forgejo, want the password for that, and answer that there is no such address.
    fn revoke_token(&self) -> Asked<'_, ()> {
        async {
            let answer = self.send(&headed(Request::delete(self.0.site.api.join("/token")))).await?;
            match answer.status {
                204 => Ok(()),
                404 | 405 => Err(super::by_hand("lets no token end itself")),
                _ => Err(self.refused(&answer, "the end of the replaced token")),
            }
        }
        .boxed()
    }
}
