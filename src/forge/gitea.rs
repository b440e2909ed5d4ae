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

use std::sync::Arc;

use self::refusal::Asking;
use super::client::{Answer, Client, Request, Sign};
use super::memo::Memo;
use super::part;
use super::rejected::Rejected;
use crate::fact::{Fault, Identity, Place, Site};
use crate::secret::Secret;

/// A connection to Gitea or Forgejo. Clones share the connection and what it remembers.
#[derive(Clone)]
pub(super) struct Gitea(Arc<Inner>);

struct Inner {
    site: Site,
    client: Client,
    secret: Option<Secret>,
    rejected: Rejected,
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

impl part::Renewal for Gitea {
    /// `DELETE /token`, from Gitea 1.27 on (<https://github.com/go-gitea/gitea/pull/37995>): a token ends itself. Older
    /// servers, and Forgejo, want the password for that, and answer that there is no such address.
    async fn revoke_token(&self) -> Result<(), Fault> {
        let answer = self.send(&headed(Request::delete(self.0.site.api.join("/token")))).await?;
        match answer.status {
            204 => Ok(()),
            404 | 405 => Err(part::by_hand("lets no token end itself")),
            _ => Err(self.refused(&answer, "the end of the replaced token")),
        }
    }
}
