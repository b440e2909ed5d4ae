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

use std::sync::Arc;

use self::refusal::Asking;
use super::client::{Answer, Client, Request, Sign};
use super::memo::Memo;
use super::rejected::Rejected;
use super::{name, part};
use crate::fact::{Fault, Place, Recognised, Refs, Repository, Service, Site};
use crate::provider::TokenKind;
use crate::secret::Secret;

/// A connection to GitHub. Clones share the connection and what it remembers.
#[derive(Clone)]
pub(super) struct GitHub(Arc<Inner>);

struct Inner {
    site: Site,
    client: Client,
    kind: Option<TokenKind>,
    rejected: Rejected,
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
            rejected: Rejected::default(),
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
        self.0.rejected.send(&self.0.client, request, |answer| self.refused(answer, "this token")).await
    }

    /// The answer to a GET, if it is the one that was hoped for.
    async fn read(&self, path: &str, subject: &str) -> Result<Answer, Fault> {
        let answer = self.send(&self.get(path)).await?;
        if answer.status == 200 { Ok(answer) } else { Err(self.refused(&answer, subject)) }
    }

    fn refused(&self, answer: &Answer, subject: &str) -> Fault {
        refusal::fault(answer, &self.asking(subject))
    }
}

/// The headers that GitHub wants ("Getting started with the REST API", "API Versions").
fn headed(request: Request) -> Request {
    request
        .header("accept", "application/vnd.github+json")
        .header("x-github-api-version", "2022-11-28")
        .sign(Sign::Bearer)
}

impl part::Refs for GitHub {
    async fn refs(&self, place: &Place, service: Service, user: &str) -> Result<Refs, Fault> {
        let site = &self.0.site;
        let place = name::place(site, place)?;
        self.0.rejected.told()?;
        let url = site.provider.rules().clone_url(site, &place);
        let subject = repository::subject(&place);
        let refused = |answer: &Answer| git_refusal::fault(answer, service, &self.asking(&subject));
        crate::git::refs(&self.0.client, &url, service, user, refused).await
    }
}

impl part::Renewal for GitHub {
    /// The request is signed by nobody, or GitHub refuses it, and is for github.com only ("Revoke a list of
    /// credentials", <https://docs.github.com/en/rest/credentials/revoke>, read on 2026-11-20). 202: it will be done.
    async fn revoke_token(&self) -> Result<(), Fault> {
        let request = headed(Request::hand_in(self.0.site.api.join("/credentials/revoke"), "credentials"));
        let answer = self.0.client.send(&request.sign(Sign::Not)).await?;
        match answer.status {
            202 => Ok(()),
            404 => Err(part::by_hand("revokes no token through its API")),
            _ => Err(self.refused(&answer, "the end of the replaced token")),
        }
    }
}
