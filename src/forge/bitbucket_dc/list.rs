//! Lists: the projects that the token sees, and the repositories of one.
//!
//! A list comes in parts (`start`, `limit`): `isLastPage` ends it, `nextPageStart` tells where the next part begins, which
//! need not be where the last one ended (<https://developer.atlassian.com/server/bitbucket/rest/v906/intro/#paged-apis>).

use serde::de::DeserializeOwned;

use super::{BitbucketDc, account, headed, wire};
use crate::fact::{Fault, FaultKind, IdentityKind, OwnerPath, Page, Row};
use crate::forge::client::{LONGEST_LIST, Request};
use crate::forge::progress::listed;
use crate::forge::{name, part};

/// Rows of one part.
const LIMIT: usize = 100;
/// Parts that are read of one list.
const MOST_PARTS: usize = 50;

impl part::List for BitbucketDc {
    async fn owners(&self) -> Result<Page, Fault> {
        let user = self.user().await?;
        let (projects, cut) = self.list::<wire::Project>("/projects", "the list of projects").await?;
        let rules = self.0.site.provider.rules();
        let mut rows = Vec::new();
        if user.kind == IdentityKind::User {
            rows.push(Row { name: format!("~{}", account::slug(&user.login)), note: "your account".to_owned() });
        }
        let projects = projects.into_iter().filter(|project| project.kind == "NORMAL");
        let names = projects.filter_map(|project| rules.owner_name(&project.key).ok());
        rows.extend(names.map(|name| Row { name, note: "project".to_owned() }));
        Ok(Page { rows, cut })
    }

    async fn repositories(&self, owner: &OwnerPath) -> Result<Page, Fault> {
        let name = name::owner(&self.0.site, owner)?;
        let subject = format!("the repositories of {name}");
        let (repositories, cut) = self.list::<wire::Repository>(&format!("/projects/{name}/repos"), &subject).await?;
        let rules = self.0.site.provider.rules();
        let rows = repositories.into_iter().filter_map(|repository| {
            let note = note(&repository);
            rules.repository_name(&repository.slug).ok().map(|name| Row { name, note })
        });
        Ok(Page { rows: rows.collect(), cut })
    }
}

impl BitbucketDc {
    /// All parts of a list of the main API, and why it may not be whole.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        subject: &str,
    ) -> Result<(Vec<T>, Option<String>), Fault> {
        self.list_at(&self.0.site.api.join(path), subject).await
    }

    pub(super) async fn list_at<T: DeserializeOwned>(
        &self,
        url: &str,
        subject: &str,
    ) -> Result<(Vec<T>, Option<String>), Fault> {
        let (mut rows, mut start) = (Vec::new(), 0);
        let separator = if url.contains('?') { '&' } else { '?' };
        for _ in 0..MOST_PARTS {
            let request = Request::get(format!("{url}{separator}limit={LIMIT}&start={start}"));
            let answer = self.send(&headed(request).up_to(LONGEST_LIST)).await?;
            if answer.status != 200 {
                return Err(self.refused(&answer, subject));
            }
            // A redirect may have lost the query, and with it what was asked.
            if answer.followed && separator == '&' {
                return Err(answer.not_the_api(subject));
            }
            let part: wire::Page<T> = answer.json(subject)?;
            rows.extend(part.values);
            listed(rows.len());
            match (part.last, part.next_page_start) {
                (true, _) => return Ok((rows, None)),
                (false, Some(next)) if next > start && part.start == start => start = next,
                _ => return Err(answer.not_the_api(subject)),
            }
        }
        let cut = format!("The list is longer than {} entries; the rest is not shown.", rows.len());
        Ok((rows, Some(cut)))
    }

    /// Whether a request that only somebody with a permission may make is answered.
    pub(super) async fn is_let<T: DeserializeOwned>(&self, path: &str, subject: &str) -> Result<bool, Fault> {
        let answer = match self.read(path, subject).await {
            Ok(answer) => answer,
            Err(fault) if fault.accepted && fault.kind == FaultKind::NoAccess => return Ok(false),
            Err(fault) => return Err(fault),
        };
        let _rows: wire::Page<T> = answer.json(subject)?;
        Ok(true)
    }
}

/// A piece of a query.
pub(super) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn note(repository: &wire::Repository) -> String {
    let visibility = if repository.public || repository.project.public { "public" } else { "private" };
    let archived = if repository.archived { ", archived" } else { "" };
    format!("{visibility}{archived}")
}
