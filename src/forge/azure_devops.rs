//! Azure DevOps: the REST API of Services and Server, versions 5.0 to 7.1, and git beside it.
//!
//! Endpoints and fields are those of <https://learn.microsoft.com/en-us/rest/api/azure/devops/> and of
//! <https://github.com/MicrosoftDocs/vsts-rest-api-specs>, read on 2026-11-20. A token that is not taken is answered in
//! four ways, none of which looks like a refusal to who only reads the status: 203 with the page to sign in, 302 to it,
//! 401 without a word, and 200 for the anonymous identity where the organisation has public projects. A missing scope
//! has the very same 401. So the order tells:
//! - `connectionData` first: it asks for no scope, and names who was let in;
//! - everything else after it: a 401 there is a missing scope, since the token itself was taken;
//! - project, then what is in it; the permissions on both by their ids;
//! - refs after the identity.

mod account;
mod git_refusal;
mod list;
mod project;
mod refusal;
mod repository;
mod right;
mod server;
mod wire;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde::de::DeserializeOwned;

use self::refusal::{Asking, Lower};
use super::client::{Answer, Client, Request, Sign};
use super::memo::Memo;
use super::rejected::Rejected;
use super::{name, part};
use crate::fact::{Fault, FaultKind, OwnerPath, Place, Refs, Remedy, Repository, Service, Site};
use crate::provider::Host;
use crate::secret::Secret;

/// Newest first. Server 2019 takes 5.0, 2020 6.0, 2022 7.0 and 7.1 (<https://learn.microsoft.com/en-us/rest/api/azure/devops/#api-and-tfs-version-mapping>).
const VERSIONS: [&str; 4] = ["7.1", "7.0", "6.0", "5.0"];
/// Asks for a status instead of a redirect to the page to sign in, as Microsoft's own clients do.
const NO_REDIRECT: (&str, &str) = ("x-tfs-fedauthredirect", "Suppress");
/// What the addresses of that page have in common.
const SIGN_IN: &str = "_signin";

/// A connection to one organisation or collection. Clones share the connection and what it remembers.
#[derive(Clone)]
pub(super) struct AzureDevops(Arc<Inner>);

struct Inner {
    site: Site,
    client: Client,
    sign: Sign,
    rejected: Rejected,
    /// Index of the newest version that this server takes, as far as it was seen.
    version: AtomicUsize,
    /// Whether this token made a repository.
    created: AtomicBool,
    user: Memo<(), account::Account>,
    reach: Memo<(), Option<account::Profile>>,
    projects: Memo<String, project::Project>,
    repositories: Memo<Place, Repository>,
}

impl AzureDevops {
    pub fn new(site: &Site, secret: Option<&Secret>, client: Client) -> Self {
        // A token of Entra is a JSON Web Token, and is not taken as a password by the API.
        let entra = secret.is_some_and(Secret::is_json_web_token);
        Self(Arc::new(Inner {
            site: site.clone(),
            client,
            sign: if entra { Sign::Bearer } else { Sign::Basic(String::new()) },
            rejected: Rejected::default(),
            version: AtomicUsize::new(0),
            created: AtomicBool::new(false),
            user: Memo::default(),
            reach: Memo::default(),
            projects: Memo::default(),
            repositories: Memo::default(),
        }))
    }

    /// What every request to the API carries.
    fn dressed(&self, request: Request) -> Request {
        let (name, value) = NO_REDIRECT;
        let request = request.header("accept", "application/json").header(name, value);
        request.sign(self.0.sign.clone()).sign_in_page(SIGN_IN)
    }

    /// Sends with the credential, whatever the answer. A credential that was refused once is not shown again.
    async fn send(&self, request: Request) -> Result<Answer, Fault> {
        self.0.rejected.told()?;
        // Refusals in JSON may begin with a byte order mark (`trimByteOrderMark` of microsoft/azure-devops-go-api).
        Ok(self.0.client.send(&self.dressed(request)).await?.without_mark())
    }

    /// Sends what `request` makes of an address, with the newest version that the server takes.
    async fn versioned(&self, host: &Host, path: &str, request: impl Fn(String) -> Request) -> Result<Answer, Fault> {
        let mut preview = "";
        loop {
            let at = self.0.version.load(Ordering::Relaxed).min(VERSIONS.len() - 1);
            let join = if path.contains('?') { '&' } else { '?' };
            let url = host.join(&format!("{path}{join}api-version={}{preview}", VERSIONS[at]));
            let answer = self.send(request(url)).await?;
            match refusal::lower(&answer) {
                Some(Lower::Preview) if preview.is_empty() => preview = "-preview",
                Some(Lower::Older) if at + 1 < VERSIONS.len() => {
                    self.0.version.fetch_max(at + 1, Ordering::Relaxed);
                }
                _ => return Ok(answer),
            }
        }
    }

    /// The answer to a GET below the organisation, once it is known who asks.
    async fn get(&self, path: &str, most: usize) -> Result<Answer, Fault> {
        self.user().await?;
        self.versioned(&self.0.site.api, path, |url| Request::get(url).up_to(most)).await
    }

    /// The body of the answer to a GET.
    async fn read<T: DeserializeOwned>(&self, path: &str, subject: &str) -> Result<(T, Answer), Fault> {
        self.read_up_to(path, subject, super::LONGEST_ANSWER).await
    }

    async fn read_up_to<T: DeserializeOwned>(
        &self,
        path: &str,
        subject: &str,
        most: usize,
    ) -> Result<(T, Answer), Fault> {
        let answer = self.get(path, most).await?;
        if answer.status == 200
            && let Ok(body) = answer.json(subject)
        {
            return Ok((body, answer));
        }
        Err(self.refused(&answer, subject, true))
    }

    /// Why it was refused. `known`: the organisation has taken the token in this run.
    fn refused(&self, answer: &Answer, subject: &str, known: bool) -> Fault {
        refusal::fault(answer, &self.asking(subject, known))
    }

    fn asking<'a>(&'a self, subject: &'a str, known: bool) -> Asking<'a> {
        Asking { site: &self.0.site, subject, known }
    }

    /// The place with names that are safe for an address. Without a project it is the one that is called the same.
    fn place(&self, place: &Place) -> Result<Place, Fault> {
        let name = name::repository(&self.0.site, place)?;
        let owner = self.owner_path(&place.owner)?;
        let project = owner.project.or_else(|| Some(name.clone()));
        Ok(Place { owner: OwnerPath { owner: owner.owner, project }, name })
    }

    /// The owner with names that are safe for an address; it must be the one that this connection is to.
    fn owner_path(&self, owner: &OwnerPath) -> Result<OwnerPath, Fault> {
        let site = &self.0.site;
        let rules = site.provider.rules();
        let name = name::owner(site, owner)?;
        let project = owner.project.as_ref().map(|project| rules.project_name(project).map_err(name::not_a_name));
        let legacy = site.api.origin().name().strip_suffix(".visualstudio.com");
        let meant = legacy.is_none_or(|organisation| organisation.eq_ignore_ascii_case(&name));
        if rules.api_of(site.api.clone(), &name) != site.api || !meant {
            let text = format!("{} is not the address of {name}", site.api);
            return Err(Fault::new(FaultKind::NotFound, text)
                .remedy(Remedy::new("Give the organisation and the host that belong together.")));
        }
        Ok(OwnerPath { owner: name, project: project.transpose()? })
    }
}

impl part::Refs for AzureDevops {
    async fn refs(&self, place: &Place, service: Service, user: &str) -> Result<Refs, Fault> {
        let place = self.place(place)?;
        self.user().await?;
        let url = self.0.site.provider.rules().clone_url(&self.0.site, &place);
        let subject = repository::subject(&place);
        let asking = self.asking(&subject, true);
        let (name, value) = NO_REDIRECT;
        let request = crate::git::request(&url, service, user).header(name, value).sign_in_page(SIGN_IN);
        let refused = |answer: &Answer| git_refusal::fault(answer, service, &asking);
        crate::git::listed(&self.0.client, request, service, refused).await
    }
}

impl part::Key for AzureDevops {}

impl part::Renewal for AzureDevops {}
