//! Bitbucket Cloud's REST API, version 2.0.
//!
//! Endpoints and fields are those of <https://developer.atlassian.com/cloud/bitbucket/rest/> and its pages. The lists across
//! workspaces (`/workspaces`, `/repositories`, `/user/permissions/*`) answer 410 since 2026-04-14 (CHANGE-2770) and are
//! never asked. What must be known before what can be asked:
//! - server: nothing;
//! - identity, grants, expiry: one request, whose headers tell of the token even where its body is a refusal;
//! - owner: the session, then the workspace, the role in it, and its projects;
//! - repository: the session, then the repository and the account's permission there.
//!
//! An API token signs in with the account's e-mail address at the API and with a user name at git; an access token goes
//! bare to the API ("Using API tokens", "Using access tokens").

mod account;
mod git_refusal;
mod key;
mod list;
mod owner;
mod refusal;
mod repository;
mod right;
mod wire;

use std::sync::{Arc, OnceLock};

use futures_util::FutureExt as _;
use serde::de::DeserializeOwned;

use self::account::Session;
use self::refusal::{Asking, Refusal};
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

/// A connection to Bitbucket. Clones share the connection and what it remembers.
#[derive(Clone)]
pub(super) struct Bitbucket(Arc<Inner>);

struct Inner {
    site: Site,
    client: Client,
    /// What the text of the token tells.
    told: Recognised,
    /// How the API is signed in to; `None`: an e-mail address is wanted, and there is none.
    sign: Option<Sign>,
    rejected: OnceLock<Fault>,
    session: Memo<(), Session>,
    projects: Memo<String, Vec<wire::Project>>,
    repositories: Memo<Place, Repository>,
}

impl Bitbucket {
    pub fn new(site: &Site, secret: Option<&Secret>, rest_user: Option<&str>, client: Client) -> Self {
        let told = secret.map_or(Recognised::Untold, |secret| site.provider.rules().recognise(secret));
        let sign = way_in(&told, rest_user);
        Self(Arc::new(Inner {
            site: site.clone(),
            client,
            told,
            sign,
            rejected: OnceLock::new(),
            session: Memo::default(),
            projects: Memo::default(),
            repositories: Memo::default(),
        }))
    }

    fn asking<'a>(&'a self, subject: &'a str) -> Asking<'a> {
        Asking { site: &self.0.site, kind: self.kind(), subject }
    }

    /// The kind of the token, as far as its text tells.
    fn kind(&self) -> Option<TokenKind> {
        match self.0.told {
            Recognised::Kind(kind) => Some(kind),
            _ => None,
        }
    }

    fn get(&self, path: &str) -> Request {
        Request::get(self.0.site.api.join(path)).header("accept", "application/json")
    }

    /// Sends with the credential, whatever the answer. A credential that was refused once is not shown again.
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        if let Some(fault) = self.0.rejected.get() {
            return Err(fault.clone());
        }
        if let Recognised::Refused { kind: "app-password", .. } = self.0.told {
            return Err(refusal::app_password(&self.asking("the API")));
        }
        let Some(sign) = self.0.sign.clone() else {
            let text = "Bitbucket's API takes an API token only beside the account's e-mail address, and none was given. Nothing was sent.";
            let page = self.0.site.provider.rules().tokens_page(&self.0.site, None);
            let remedy = Remedy::at("Give the address of the Atlassian account as `email`.", page);
            return Err(Fault::new(FaultKind::Auth, text).remedy(remedy));
        };
        let answer = self.0.client.send(&request.sign(sign)).await?;
        if answer.status == 401 {
            let fault = refusal::fault(&answer, &self.asking("this token"));
            if matches!(fault.kind, FaultKind::Auth) || (fault.kind == FaultKind::WrongKind && !fault.accepted) {
                return Err(self.0.rejected.get_or_init(|| fault).clone());
            }
        }
        Ok(answer)
    }

    /// The body of the answer to a GET.
    async fn read<T: DeserializeOwned>(&self, path: &str, subject: &str) -> Result<(T, Answer), Fault> {
        let answer = self.send(self.get(path)).await?;
        if answer.status == 200 {
            return answer.json(subject).map(|body| (body, answer));
        }
        Err(refusal::fault(&answer, &self.asking(subject)))
    }

    /// The workspace's ID, safe for an address.
    fn workspace_name(&self, owner: &OwnerPath) -> Result<String, Fault> {
        self.0.site.provider.rules().owner_name(&owner.owner).map_err(not_a_name)
    }

    /// Is Bitbucket there? Whoever does not sign in is told in a form of its own.
    async fn server_now(&self) -> Result<Server, Fault> {
        let answer = self.0.client.send(&self.get("/user").sign(Sign::Not)).await?;
        if let Some(fault) = answer.general_fault() {
            return Err(fault);
        }
        let refused = matches!(answer.status, 401 | 403);
        if refused && (Refusal::read(&answer).is_some() || refusal::is_challenge(&answer)) {
            return Ok(Server { product: "Bitbucket Cloud".to_owned(), version: None, date: answer.date() });
        }
        Err(answer.not_the_api("the Bitbucket API"))
    }

    async fn refs_now(&self, place: &Place, service: Service, user: &str) -> Result<Refs, Fault> {
        let known = self.session().await.is_ok();
        if let Some(fault) = self.0.rejected.get() {
            return Err(fault.clone());
        }
        let place = self.place(place)?;
        let url = self.0.site.provider.rules().clone_url(&self.0.site, &place);
        let subject = repository::subject(&place);
        let refused = |answer: &Answer| git_refusal::fault(answer, user, known, &self.asking(&subject));
        crate::git::refs(&self.0.client, &url, service, user, refused).await
    }
}

/// How the API is signed in to. A user name beside an access token is tried as it stands, since platforms send one; an
/// e-mail address belongs to API tokens only.
fn way_in(told: &Recognised, rest_user: Option<&str>) -> Option<Sign> {
    match (told, rest_user) {
        (Recognised::Kind(_), None) => None,
        (Recognised::Own, Some(user)) if user.contains('@') => Some(Sign::Bearer),
        (_, Some(user)) => Some(Sign::Basic(user.to_owned())),
        (_, None) => Some(Sign::Bearer),
    }
}

/// No forge was asked about a name that cannot be one: nothing of this name exists there.
fn not_a_name(reason: impl std::fmt::Display) -> Fault {
    Fault::new(FaultKind::NotFound, format!("Nothing can have this name: {reason}."))
        .remedy(Remedy::new("Correct the name."))
}

impl Forge for Bitbucket {
    fn server(&self) -> Asked<'_, Server> {
        self.server_now().boxed()
    }

    fn identity(&self) -> Asked<'_, Identity> {
        self.identity_now().boxed()
    }

    fn grants(&self) -> Asked<'_, Grants> {
        self.grants_now().boxed()
    }

    fn expiry(&self) -> Asked<'_, Expiry> {
        self.expiry_now().boxed()
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
