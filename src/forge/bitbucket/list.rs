//! Lists: workspaces, repositories, projects, keys.
//!
//! A list comes in parts of 100 and names the next part in its body ("Pagination"); it is followed on the same origin only.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use url::Url;

use super::{Bitbucket, refusal, wire};
use crate::fact::{Fault, FaultKind, OwnerPath, Page, Row};
use crate::forge::client::{LONGEST_LIST, Request, origin_of};
use crate::forge::progress::listed;

/// Parts that are read of one list.
const MOST_PARTS: usize = 50;

impl Bitbucket {
    /// The workspaces of the account. An access token belongs to none's account, and sees no list.
    pub(super) async fn owners_now(&self) -> Result<Page, Fault> {
        let listed = self.list::<wire::Access>("/user/workspaces?pagelen=100", "the list of workspaces").await;
        let cut = match listed {
            Ok((workspaces, cut)) => {
                let rules = self.0.site.provider.rules();
                let rows = workspaces.into_iter().filter_map(|row| {
                    let note = if row.administrator { "workspace that you administer" } else { "workspace" };
                    Some(Row { name: rules.owner_name(&row.workspace.slug).ok()?, note: note.to_owned() })
                });
                return Ok(Page { rows: rows.collect(), cut });
            }
            Err(fault) if fault.accepted && fault.kind == FaultKind::WrongKind => {
                "No user stands behind an access token, so that Bitbucket lists no workspaces. Its ID can be typed."
            }
            Err(fault) if fault.accepted && fault.kind == FaultKind::MissingScope => {
                "The token may not list workspaces (it needs read:workspace:bitbucket). Their IDs can be typed."
            }
            Err(fault) => return Err(fault),
        };
        Ok(Page { rows: Vec::new(), cut: Some(cut.to_owned()) })
    }

    pub(super) async fn repositories_now(&self, owner: &OwnerPath) -> Result<Page, Fault> {
        let name = self.workspace_name(owner)?;
        let subject = format!("the repositories of {name}");
        let path = format!("/repositories/{name}?pagelen=100");
        let (repositories, cut) = self.list::<wire::Repository>(&path, &subject).await?;
        let rules = self.0.site.provider.rules();
        let project = owner.project.as_deref();
        let in_project = |row: &wire::Repository| {
            project.is_none_or(|key| row.project.as_ref().is_some_and(|one| one.key.eq_ignore_ascii_case(key)))
        };
        let rows = repositories.into_iter().filter(in_project).filter_map(|row| {
            let (workspace, slug) = row.full_name.split_once('/')?;
            let note = if row.is_private { "private" } else { "public" };
            let ours = workspace.eq_ignore_ascii_case(&name);
            let name = rules.repository_name(slug).ok().filter(|_| ours)?;
            Some(Row { name, note: note.to_owned() })
        });
        Ok(Page { rows: rows.collect(), cut })
    }

    /// All parts of a list, and why it may not be whole.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        subject: &str,
    ) -> Result<(Vec<T>, Option<String>), Fault> {
        let (mut rows, mut cut, mut seen) = (Vec::new(), None, BTreeSet::new());
        let mut next = Some(self.0.site.api.join(path));
        while let Some(url) = next {
            if seen.len() == MOST_PARTS {
                cut = Some(format!("The list is longer than {} entries; the rest is not shown.", rows.len()));
                break;
            }
            seen.insert(url.clone());
            let request = Request::get(url).header("accept", "application/json").up_to(LONGEST_LIST);
            let answer = self.send(request).await?;
            if answer.status != 200 {
                return Err(refusal::fault(&answer, &self.asking(subject)));
            }
            let part = answer.json::<wire::Part<T>>(subject)?;
            rows.extend(part.values);
            listed(rows.len());
            next = part.next.as_ref().and_then(|told| self.own(told)).filter(|url| !seen.contains(url));
            if part.next.is_some() && next.is_none() {
                let text = "The list goes on at an address that cannot be followed; the rest is not shown.";
                cut = Some(text.to_owned());
            }
        }
        Ok((rows, cut))
    }

    /// `told` if it is an address of the API itself.
    fn own(&self, told: &str) -> Option<String> {
        let url = Url::parse(told).ok().filter(|url| url.username().is_empty() && url.password().is_none())?;
        (origin_of(&url).ok()? == *self.0.site.api.origin() && !told.contains('\\')).then(|| url.to_string())
    }
}
