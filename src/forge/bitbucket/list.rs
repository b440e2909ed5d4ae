//! Lists: workspaces, repositories, projects, keys.
//!
//! A list comes in parts of 100 and names the next part in its body ("Pagination"); it is followed on the same origin only.

use serde::de::DeserializeOwned;

use super::{Bitbucket, refusal, wire};
use crate::fact::{Fault, FaultKind, OwnerPath, Page, Row};
use crate::forge::client::{LONGEST_LIST, Request};
use crate::forge::linked::{self, Part};
use crate::forge::{name, part};

impl part::List for Bitbucket {
    /// The workspaces of the account. An access token belongs to none's account, and sees no list.
    async fn owners(&self) -> Result<Page, Fault> {
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

    async fn repositories(&self, owner: &OwnerPath) -> Result<Page, Fault> {
        let name = name::owner(&self.0.site, owner)?;
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
}

impl Bitbucket {
    /// All parts of a list, and why it may not be whole.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        subject: &str,
    ) -> Result<(Vec<T>, Option<String>), Fault> {
        let read = |url: String| async move {
            let request = Request::get(url).header("accept", "application/json").up_to(LONGEST_LIST);
            let answer = self.send(request).await?;
            if answer.status != 200 {
                return Err(refusal::fault(&answer, &self.asking(subject)));
            }
            let wire::Part { values: rows, next, .. } = answer.json(subject)?;
            Ok(Part { rows, next, cut: None })
        };
        linked::all(&self.0.site.api, path, read).await
    }
}
