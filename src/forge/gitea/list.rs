//! Lists: the owners that the token sees, and the repositories of one.
//!
//! A list comes in parts (`limit`, `page`), and `X-Total-Count` tells how long it is
//! (<https://docs.gitea.com/development/api-usage#pagination>). The addresses in `Link` are not followed: they are made
//! from the server's `ROOT_URL`, which need not be the address at which it was reached.

use serde::de::DeserializeOwned;

use super::{Gitea, wire};
use crate::fact::{Fault, FaultKind, OwnerPath, Page, Row};
use crate::forge::client::LONGEST_LIST;
use crate::forge::progress::listed;
use crate::forge::{name, part};

/// Rows of one part: no server gives more unless its administrator says so (`MAX_RESPONSE_ITEMS`).
pub(super) const LIMIT: usize = 50;
/// Parts that are read of one list.
const MOST_PARTS: usize = 50;

impl part::List for Gitea {
    async fn owners(&self) -> Result<Page, Fault> {
        let user = self.user().await?;
        let mut page = Page { rows: vec![Row { name: user.login, note: "your account".to_owned() }], cut: None };
        match self.list::<wire::Organisation>("/user/orgs", "the list of organisations").await {
            Ok((organisations, cut)) => {
                let rules = self.0.site.provider.rules();
                let names = organisations.into_iter().filter_map(|it| rules.owner_name(&it.name).ok());
                page.rows.extend(names.map(|name| Row { name, note: "organisation".to_owned() }));
                page.cut = cut;
            }
            Err(fault) if matches!(fault.kind, FaultKind::MissingScope | FaultKind::NoAccess) => {
                let text =
                    "The token may not list organisations (it needs read:organization). Their names can be typed.";
                page.cut = Some(text.to_owned());
            }
            Err(fault) => return Err(fault),
        }
        Ok(page)
    }

    async fn repositories(&self, owner: &OwnerPath) -> Result<Page, Fault> {
        let name = name::owner(&self.0.site, owner)?;
        let subject = format!("the repositories of {name}");
        let listed = match self.list::<wire::Repository>(&format!("/orgs/{name}/repos"), &subject).await {
            // Users and organisations share their names: it may be a user.
            Err(fault) if matches!(fault.kind, FaultKind::NotFound | FaultKind::MissingScope) => {
                self.list(&format!("/users/{name}/repos"), &subject).await
            }
            listed => listed,
        };
        let (repositories, cut) = listed?;
        let rules = self.0.site.provider.rules();
        let rows = repositories.into_iter().filter_map(|repository| {
            let note = note(&repository);
            rules.repository_name(&repository.name).ok().map(|name| Row { name, note })
        });
        Ok(Page { rows: rows.collect(), cut })
    }
}

impl Gitea {
    /// All parts of a list, and why it may not be whole.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        subject: &str,
    ) -> Result<(Vec<T>, Option<String>), Fault> {
        let mut rows = Vec::new();
        for number in 1..=MOST_PARTS {
            let request = self.get(&format!("{path}?limit={LIMIT}&page={number}")).up_to(LONGEST_LIST);
            let answer = self.send(&request).await?;
            if answer.status != 200 {
                return Err(self.refused(&answer, subject));
            }
            let part = answer.json::<Vec<T>>(subject)?;
            let total: Option<usize> = answer.header("x-total-count").and_then(|count| count.trim().parse().ok());
            let goes_on = answer.header("link").is_some_and(|link| link.contains("rel=\"next\""));
            // An empty list looks like any other: only its header tells whose it is.
            if part.is_empty() && total.is_none() {
                return Err(answer.not_the_api(subject));
            }
            let last = part.is_empty() || total.map_or(!goes_on, |total| rows.len() + part.len() >= total);
            rows.extend(part);
            listed(rows.len());
            if last {
                return Ok((rows, None));
            }
        }
        let cut = format!("The list is longer than {} entries; the rest is not shown.", rows.len());
        Ok((rows, Some(cut)))
    }

    /// Whether the account's organisations may be listed at all.
    pub(super) async fn lists_organisations(&self) -> Result<(), Fault> {
        self.list::<wire::Organisation>("/user/orgs", "the list of organisations").await.map(|_| ())
    }
}

fn note(repository: &wire::Repository) -> String {
    let visibility = match (repository.internal, repository.private) {
        (true, _) => "internal",
        (false, true) => "private",
        (false, false) => "public",
    };
    let archived = if repository.archived { ", archived" } else { "" };
    let mirror = if repository.mirror { ", mirror" } else { "" };
    format!("{visibility}{archived}{mirror}")
}
