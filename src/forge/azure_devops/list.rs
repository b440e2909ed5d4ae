//! Lists: organisations, the projects of one, and the repositories of a project.
//!
//! Projects come in parts, and the header `x-ms-continuationtoken` says where the next one begins; the list of
//! repositories comes whole (<https://learn.microsoft.com/en-us/rest/api/azure/devops/core/projects/list>).

use super::wire::is_guid;
use super::{AzureDevops, wire};
use crate::fact::{Fault, FaultKind, OwnerPath, Page, Row};
use crate::forge::client::{LONGEST_LIST, Request};
use crate::forge::part;
use crate::forge::progress::listed;
use crate::text::percent_encoded;

/// Rows of one part.
const LIMIT: usize = 100;
/// Parts that are read of one list.
const MOST_PARTS: usize = 50;

/// A part of the list of projects, and where the next one begins; or why there is none.
pub(super) enum Projects {
    Told(Vec<wire::Project>, Option<String>),
    /// The token was taken, and this is not for it.
    Refused(Fault),
}

impl part::List for AzureDevops {
    /// The organisations of the account. Only a token for all of them may ask; one for a single organisation knows it.
    async fn owners(&self) -> Result<Page, Fault> {
        if let Some(page) = self.organisations().await {
            return Ok(page);
        }
        self.user().await?;
        let text = "A token of one organisation lists no others. The name of the organisation can be typed; it is the first part of the address after dev.azure.com.";
        Ok(Page { rows: Vec::new(), cut: Some(text.to_owned()) })
    }

    async fn repositories(&self, owner: &OwnerPath) -> Result<Page, Fault> {
        let owner = self.owner_path(owner)?;
        let Some(project) = owner.project else { return self.all_projects().await };
        let mut repositories = self.repositories_of(&project).await?;
        // What a new project brings is empty and called like it: the first choice of who made it for this.
        repositories.sort_by_key(|row| {
            let own = row.name.eq_ignore_ascii_case(&row.project.name);
            (!(own && is_empty(row)), row.name.to_lowercase())
        });
        let rules = self.0.site.provider.rules();
        let rows = repositories.into_iter().filter_map(|row| {
            let note = note(&row);
            rules.repository_name(&row.name).ok().map(|name| Row { name, note })
        });
        Ok(Page { rows: rows.collect(), cut: None })
    }
}

impl AzureDevops {
    async fn organisations(&self) -> Option<Page> {
        let profile = self.profile().await?;
        let rules = self.0.site.provider.rules();
        let host = rules.accounts(&self.0.site)?;
        let url = host.join(&format!("/_apis/accounts?memberId={}&api-version=7.1", profile.id));
        let answer = self.send(Request::get(url).up_to(LONGEST_LIST)).await.ok()?;
        let list: wire::List<wire::Organisation> =
            answer.json("organisations").ok().filter(|_| answer.status == 200)?;
        let names = list.value.into_iter().filter_map(|row| rules.owner_name(&row.account_name).ok());
        let rows: Vec<_> = names.map(|name| Row { name, note: "organisation".to_owned() }).collect();
        (rows.len() == list.count).then_some(Page { rows, cut: None })
    }

    /// The repositories of a project, disabled ones too.
    pub(super) async fn repositories_of(&self, project: &str) -> Result<Vec<wire::Repository>, Fault> {
        let subject = format!("the repositories of the project {project}");
        let path = format!("/{}/_apis/git/repositories", percent_encoded(project));
        let (list, answer) = self.read_up_to::<wire::List<wire::Repository>>(&path, &subject, LONGEST_LIST).await?;
        let whole = list.count == list.value.len()
            && list.value.iter().all(|row| is_guid(&row.id) && row.remote_url.contains("/_git/"));
        if whole { Ok(list.value) } else { Err(answer.not_the_api(&subject)) }
    }

    async fn all_projects(&self) -> Result<Page, Fault> {
        let rules = self.0.site.provider.rules();
        let (mut page, mut next) = (Page::default(), None);
        for _ in 0..MOST_PARTS {
            match self.projects_part(next.as_deref(), LIMIT).await? {
                Projects::Told(part, more) => {
                    let names = part.into_iter().filter_map(|row| {
                        let note = row.visibility.clone().unwrap_or_default();
                        rules.project_name(&row.name).ok().map(|name| Row { name, note })
                    });
                    page.rows.extend(names);
                    listed(page.rows.len());
                    if more.is_none() || more == next {
                        return Ok(page);
                    }
                    next = more;
                }
                Projects::Refused(_) => {
                    let text = "The token may not list projects. The name of the project can be typed.";
                    return Ok(Page { cut: Some(text.to_owned()), ..page });
                }
            }
        }
        page.cut = Some(format!("The list is longer than {} entries; the rest is not shown.", page.rows.len()));
        Ok(page)
    }

    /// The projects from `next` on.
    pub(super) async fn projects_part(&self, next: Option<&str>, most: usize) -> Result<Projects, Fault> {
        let subject = "the projects of the organisation";
        let next = next.map(|next| format!("&continuationToken={}", percent_encoded(next))).unwrap_or_default();
        let path = format!("/_apis/projects?stateFilter=wellFormed&$top={most}{next}");
        let (list, answer) = match self.read_up_to::<wire::List<wire::Project>>(&path, subject, LONGEST_LIST).await {
            Ok(told) => told,
            Err(fault) if fault.kind == FaultKind::MissingScope => return Ok(Projects::Refused(fault)),
            Err(fault) => return Err(fault),
        };
        if list.count != list.value.len() || !list.value.iter().all(|row| is_guid(&row.id)) {
            return Err(answer.not_the_api(subject));
        }
        let more = answer.header("x-ms-continuationtoken").filter(|token| !token.is_empty() && token.len() <= 1024);
        Ok(Projects::Told(list.value, more))
    }
}

fn is_empty(row: &wire::Repository) -> bool {
    row.default_branch.is_none() && row.size == 0 && !row.is_disabled
}

fn note(row: &wire::Repository) -> String {
    let state = if row.is_disabled {
        "disabled"
    } else if row.is_in_maintenance {
        "in maintenance"
    } else if is_empty(row) {
        "empty"
    } else {
        ""
    };
    let seen = row.project.visibility.as_deref().unwrap_or_default();
    [seen, state].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ")
}
