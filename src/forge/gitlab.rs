//! GitLab's REST API, version 4: gitlab.com, Dedicated, self-managed from 15.5 on.
//!
//! Endpoints, fields and refusals are those of <https://docs.gitlab.com/api/rest/> and the pages below it. What must be
//! known before what can be asked:
//! - server, identity (with grants and expiry: two requests at once), owners: nothing;
//! - owner: the group, then the membership in it; a user where there is no group of that name;
//! - repository: the group where the owner is a number; git where the scopes do not open the API;
//! - refs: for pushing, the repository. GitLab **creates** a project that is missing when git asks to push to it ("Create
//!   a new project with Git push"), already on the question what refs there are. So that question is never put before the
//!   API, or git's answer to a reader, has shown that the project exists.

mod account;
mod git_refusal;
mod key;
mod list;
mod owner;
mod refusal;
mod renewal;
mod repository;
mod right;
mod wire;

use std::sync::Arc;

use serde::de::DeserializeOwned;

use self::refusal::{Asking, Refusal};
use super::client::{Answer, Client, Request, Sign};
use super::memo::Memo;
use super::part::{self, Repository as _};
use super::rejected::Rejected;
use crate::fact::{Fault, Place, Refs, Remedy, Repository, Server, Service, Site};

/// A connection to GitLab. Clones share the connection and what it remembers.
#[derive(Clone)]
pub(super) struct GitLab(Arc<Inner>);

struct Inner {
    site: Site,
    client: Client,
    rejected: Rejected,
    token: Memo<(), Option<wire::Token>>,
    user: Memo<(), wire::User>,
    groups: Memo<String, wire::Group>,
    repositories: Memo<Place, Repository>,
}

impl GitLab {
    pub fn new(site: &Site, client: Client) -> Self {
        Self(Arc::new(Inner {
            site: site.clone(),
            client,
            rejected: Rejected::default(),
            token: Memo::default(),
            user: Memo::default(),
            groups: Memo::default(),
            repositories: Memo::default(),
        }))
    }

    /// The token goes in `Authorization` only: other headers would follow a redirect to another host.
    fn get(&self, path: &str) -> Request {
        Request::get(self.0.site.api.join(path)).header("accept", "application/json").sign(Sign::Bearer)
    }

    /// Sends with the credential, whatever the answer. A credential that was refused once is not shown again: failed
    /// sign-ins count towards a ban of the address ("Failed authentication ban").
    async fn send(&self, request: &Request) -> Result<Answer, Fault> {
        self.0.rejected.send(&self.0.client, request, |answer| self.refused_as(answer, "this token", None)).await
    }

    /// The body of the answer to a GET, and whether it came from another address.
    async fn read<T: DeserializeOwned>(&self, path: &str, subject: &str) -> Result<(T, Answer), Fault> {
        let answer = self.send(&self.get(path)).await?;
        if answer.status == 200 {
            return answer.json(subject).map(|body| (body, answer));
        }
        Err(self.refused(&answer, subject).await)
    }

    /// Why it was refused. Two causes share one refusal of a permission, and only the kind of token tells them apart.
    async fn refused(&self, answer: &Answer, subject: &str) -> Fault {
        let granular = if answer.status == 403 { self.granular().await } else { None };
        self.refused_as(answer, subject, granular)
    }

    fn refused_as(&self, answer: &Answer, subject: &str, granular: Option<bool>) -> Fault {
        refusal::fault(answer, &Asking { site: &self.0.site, granular, subject })
    }

    /// What git is told about a place whose names are the provider's own.
    async fn git(&self, place: &Place, service: Service, user: &str) -> Result<Refs, Fault> {
        let token = self.token().await;
        self.0.rejected.told()?;
        let url = self.0.site.provider.rules().clone_url(&self.0.site, place);
        let subject = repository::subject(place);
        let known = token.is_ok();
        let granular = token.ok().map(|token| token.is_none_or(|token| token.granular));
        let asking = Asking { site: &self.0.site, granular, subject: &subject };
        let refused = |answer: &Answer| git_refusal::fault(answer, service, known, &asking);
        crate::git::refs(&self.0.client, &url, service, user, refused).await
    }
}

impl part::Server for GitLab {
    /// Is GitLab there? Its version wants a token, so without one it refuses, in a form of its own.
    async fn server(&self) -> Result<Server, Fault> {
        let answer = self.0.client.send(&self.get("/version").sign(Sign::Not)).await?;
        let refusal = Refusal::read(&answer).filter(|refusal| refusal.status == 401);
        if refusal.is_some_and(|refusal| refusal.words == "401 Unauthorized") {
            return Ok(Server { product: "GitLab".to_owned(), version: None, date: answer.date() });
        }
        Err(answer.general_fault().unwrap_or_else(|| answer.not_the_api("the GitLab API")))
    }
}

impl part::Refs for GitLab {
    async fn refs(&self, place: &Place, service: Service, user: &str) -> Result<Refs, Fault> {
        let asked = self.place(place).await?;
        if service == Service::Read {
            return self.git(&asked, service, user).await;
        }
        // Only a project that is known to exist is asked this: see above.
        let there = self.repository(place).await?;
        self.git(&there.place, service, user).await
    }
}

fn look_at_the_host() -> Remedy {
    Remedy::new("Check the host, and what stands in between.")
}
