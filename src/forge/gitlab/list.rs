//! Lists: the groups that the token sees, and the projects of one.
//!
//! A list comes in parts of 100, each with a `Link` to the next ("REST API", pagination); it is followed on the same
//! origin only. Projects and groups that wait for their deletion are left out.

use futures_util::future::join;
use serde::de::DeserializeOwned;

use super::{GitLab, wire};
use crate::fact::{Fault, FaultKind, OwnerPath, Page, Row};
use crate::forge::client::{Answer, LONGEST_LIST, Request};
use crate::forge::linked::{self, Part};
use crate::forge::{name, part};

impl part::List for GitLab {
    async fn owners(&self) -> Result<Page, Fault> {
        let path = "/groups?min_access_level=10&order_by=path&per_page=100";
        let (user, groups) = join(self.user(), self.list::<wire::Group>(path, "the list of groups")).await;
        let mut page = Page { rows: vec![Row { name: user?.username, note: "your account".to_owned() }], cut: None };
        match groups {
            Ok((groups, cut)) => {
                let rules = self.0.site.provider.rules();
                let there = groups.into_iter().filter(|group| group.marked_for_deletion_on.is_none());
                let names = there.filter_map(|group| rules.owner_name(&group.full_path).ok());
                page.rows.extend(names.map(|name| Row { name, note: "group".to_owned() }));
                page.cut = cut;
            }
            Err(fault) if fault.kind == FaultKind::MissingScope => {
                page.cut =
                    Some("The token may not list groups (it needs read_api). Their paths can be typed.".to_owned());
            }
            Err(fault) => return Err(fault),
        }
        Ok(page)
    }

    async fn repositories(&self, owner: &OwnerPath) -> Result<Page, Fault> {
        let name = name::owner(&self.0.site, owner)?;
        let subject = format!("the projects of {name}");
        let order = "order_by=id&sort=asc&per_page=100";
        let path = match self.group(&name).await {
            Ok(group) => format!("/groups/{}/projects?with_shared=false&{order}", group.id),
            Err(fault) if fault.kind == FaultKind::NotFound && !name.contains('/') => {
                format!("/users/{name}/projects?{order}")
            }
            Err(fault) => return Err(fault),
        };
        let (projects, cut) = self.list::<wire::Project>(&path, &subject).await?;
        let rules = self.0.site.provider.rules();
        let rows = projects.into_iter().filter(|project| !is_going(project)).filter_map(|project| {
            let visibility = project.visibility.filter(|one| ["internal", "public"].contains(&one.as_str()));
            let visibility = visibility.unwrap_or_else(|| "private".to_owned());
            let note = if project.archived { format!("{visibility}, archived") } else { visibility };
            rules.repository_name(&project.path).ok().map(|name| Row { name, note })
        });
        Ok(Page { rows: rows.collect(), cut })
    }
}

impl GitLab {
    /// All parts of a list, and why it may not be whole.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        subject: &str,
    ) -> Result<(Vec<T>, Option<String>), Fault> {
        let read = |url: String| async move {
            let request = Request::get(url).header("accept", "application/json").up_to(LONGEST_LIST);
            let answer = self.send(&request).await?;
            if answer.status != 200 {
                return Err(self.refused(&answer, subject).await);
            }
            let rows = answer.json::<Vec<T>>(subject)?;
            if rows.is_empty() && !is_marked(&answer) {
                return Err(answer.not_the_api(subject));
            }
            Ok(Part { rows, next: answer.next_part(), cut: None })
        };
        linked::all(&self.0.site.api, path, read).await
    }
}

/// Whether a project waits for its deletion, which takes up to 30 days ("Delete a project").
pub(super) fn is_going(project: &wire::Project) -> bool {
    project.marked_for_deletion_at.is_some()
        || project.marked_for_deletion_on.is_some()
        || project.path.contains("-deletion_scheduled-")
}

/// Whether the headers are those that only GitLab sends.
pub(super) fn is_marked(answer: &Answer) -> bool {
    ["x-gitlab-meta", "x-per-page", "gitlab-lb"].iter().any(|name| answer.header(name).is_some())
}
