//! Lists: the owners that the token sees, and the repositories of one.
//!
//! A list comes in parts of 100, each with a `Link` to the next ("Using pagination in the REST API"). The link is
//! followed on the same origin only. Whatever is left out, by us or by GitHub, is said in [`Page::cut`].

use futures_util::future::join;
use serde::de::DeserializeOwned;

use super::account::account_login;
use super::refusal::is_marked;
use super::{GitHub, headed, wire};
use crate::fact::{Fault, FaultKind, OwnerPath, Page, Row};
use crate::forge::client::{LONGEST_LIST, Request};
use crate::forge::linked::{self, Part};
use crate::forge::{name, part};

/// What a part of a list says with its header.
const LEFT_OUT: &str = "GitHub left out what belongs to organisations whose single sign-on this token is not authorised for: choose “Configure SSO” beside the token, on the page of your tokens.";

impl part::List for GitHub {
    async fn owners(&self) -> Result<Page, Fault> {
        let (user, organisations) =
            join(self.user(), self.list::<wire::Named>("/user/orgs?per_page=100", "the list of organisations")).await;
        let mut page =
            Page { rows: vec![Row { name: user?.identity.login, note: "your account".to_owned() }], cut: None };
        match organisations {
            Ok((organisations, cut)) => {
                let names = organisations.into_iter().filter_map(|organisation| account_login(&organisation.login));
                page.rows.extend(names.map(|name| Row { name, note: "organisation".to_owned() }));
                page.cut = cut;
            }
            Err(fault) if matches!(fault.kind, FaultKind::MissingScope | FaultKind::NoAccess) => {
                page.cut = Some(
                    "The token may not list organisations (it needs read:org). Their names can be typed.".to_owned(),
                );
            }
            Err(fault) => return Err(fault),
        }
        if self.is_fine_grained() && page.rows.len() == 1 {
            // "For fine-grained access tokens the response is an empty list" (List organizations for the user).
            page.cut =
                Some("GitHub lists no organisations to fine-grained tokens. Their names can be typed.".to_owned());
        }
        Ok(page)
    }

    async fn repositories(&self, owner: &OwnerPath) -> Result<Page, Fault> {
        let name = name::owner(&self.0.site, owner)?;
        let (account, user) = join(self.account(&name), self.user()).await;
        let account = account?;
        let own = user?.identity.login.eq_ignore_ascii_case(&account.login);
        let path = if account.kind == "Organization" {
            format!("/orgs/{name}/repos?type=all&per_page=100")
        } else if own {
            "/user/repos?affiliation=owner&sort=full_name&per_page=100".to_owned()
        } else {
            format!("/users/{name}/repos?per_page=100")
        };
        let (repositories, cut) = self.list::<wire::Repository>(&path, &format!("the repositories of {name}")).await?;
        let rules = self.0.site.provider.rules();
        let rows = repositories.into_iter().filter_map(|repository| {
            let note = note(&repository);
            rules.repository_name(&repository.name).ok().map(|name| Row { name, note })
        });
        Ok(Page { rows: rows.collect(), cut })
    }
}

impl GitHub {
    /// All parts of a list, and why it may not be whole.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        subject: &str,
    ) -> Result<(Vec<T>, Option<String>), Fault> {
        let read = |url: String| async move {
            let answer = self.send(&headed(Request::get(url)).up_to(LONGEST_LIST)).await?;
            if answer.status != 200 {
                return Err(self.refused(&answer, subject));
            }
            let rows = answer.json::<Vec<T>>(subject)?;
            // An empty list looks like any other: only its headers tell whose it is.
            if rows.is_empty() && !is_marked(&answer) {
                return Err(answer.not_the_api(subject));
            }
            let partial =
                answer.header("x-github-sso").is_some_and(|sso| sso.trim_start().starts_with("partial-results"));
            Ok(Part { rows, next: answer.next_part(), cut: partial.then_some(LEFT_OUT) })
        };
        linked::all(&self.0.site.api, path, read).await
    }
}

fn note(repository: &wire::Repository) -> String {
    let visibility = match repository.visibility.as_deref() {
        Some("internal") => "internal",
        _ if repository.private => "private",
        _ => "public",
    };
    if repository.archived { format!("{visibility}, archived") } else { visibility.to_owned() }
}
