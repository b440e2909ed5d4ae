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

use std::sync::Arc;

use serde::de::DeserializeOwned;

use self::account::Session;
use self::refusal::{Asking, Refusal};
use super::client::{Answer, Client, Request, Sign};
use super::memo::Memo;
use super::part;
use super::rejected::Rejected;
use crate::fact::{Fault, FaultKind, Place, Recognised, Refs, Remedy, Repository, Server, Service, Site};
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
    rejected: Rejected,
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
            rejected: Rejected::default(),
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
        self.0.rejected.told()?;
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
                return Err(self.0.rejected.keep(fault));
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
}

impl part::Server for Bitbucket {
    /// Is Bitbucket there? Whoever does not sign in is told in a form of its own.
    async fn server(&self) -> Result<Server, Fault> {
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
}

impl part::Refs for Bitbucket {
    async fn refs(&self, place: &Place, service: Service, user: &str) -> Result<Refs, Fault> {
        let known = self.session().await.is_ok();
        self.0.rejected.told()?;
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

impl part::Renewal for Bitbucket {}
