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

use std::sync::Arc;

use self::refusal::Asking;
use super::client::{Answer, Client, Request, Sign};
use super::memo::Memo;
use super::part;
use super::rejected::Rejected;
use crate::fact::{Fault, Identity, Place, Site};
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
    rejected: Rejected,
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
            rejected: Rejected::default(),
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

fn headed(request: Request) -> Request {
    request.header("accept", "application/json").sign(Sign::Bearer)
}

impl part::Renewal for BitbucketDc {}
