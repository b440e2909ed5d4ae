//! Permissions of fine-grained tokens. No API lists them, so each is tried: by reading what only its holder may read, or,
//! for writing, by a probe: a request that names something impossible, which GitHub refuses with 404 or 422 to those who
//! hold the permission and with 403 to all others.
//!
//! The requests are those of trufflehog's analyzer, which was tried on real tokens; its probe that writes a file is left
//! out, since git itself tells more (`git.rs`). On a public repository reading proves nothing, and is not tried.

use serde_json::json;

use super::refusal::{Refusal, is_marked};
use super::repository::subject;
use super::{GitHub, headed, owner};
use crate::fact::{Fault, FaultKind, Place, Repository, Right, Visibility};
use crate::forge::client::{Answer, Request};
use crate::forge::name;
use crate::forge::part::{self, Repository as _};

/// No hook has this number: GitHub counts far below.
const IMPOSSIBLE_HOOK: u32 = 4_294_967_289;

impl part::Right for GitHub {
    async fn right(&self, place: &Place, scope: &str, probe: bool) -> Result<Right, Fault> {
        if scope == "members:read" {
            return self.members(place).await;
        }
        let known = [
            "metadata:read",
            "pull_requests:read",
            "pull_requests:write",
            "repository_hooks:read",
            "repository_hooks:write",
            "administration:read",
            "administration:write",
        ];
        if !known.contains(&scope) {
            return Ok(not_told(
                "GitHub lists the permissions of a fine-grained token nowhere, and no harmless request tells this one.",
            ));
        }
        let repository = self.repository(place).await?;
        let at = Tried { forge: self, repository: &repository, scope };
        match scope {
            "metadata:read" | "pull_requests:read" if public(&repository) => {
                Ok(not_told("everybody may read a public repository."))
            }
            "metadata:read" => Ok(Right::Held),
            "pull_requests:read" => at.read("/pulls?state=all&per_page=1", "number").await,
            "repository_hooks:read" => at.read("/hooks?per_page=1", "events").await,
            "administration:read" => at.read("/actions/permissions", "enabled").await,
            // "Administration" repository permissions (write), although it only reads (List repository rule suites).
            "administration:write" => at.read("/rulesets/rule-suites?per_page=1", "before_sha").await,
            _ if repository.archived => Ok(not_told("the repository is archived and refuses every change.")),
            _ if !probe => Ok(not_told("only a probe could tell, and probes are switched off.")),
            "pull_requests:write" => at.probe(Request::post(at.url("/pulls"), json!({})), 422).await,
            _ => {
                // 404 also stands for "may not see", so seeing the hooks comes first.
                match at.read("/hooks?per_page=1", "events").await? {
                    Right::Held => {}
                    not_told @ Right::NotTold(_) => return Ok(not_told),
                }
                let hook = at.url(&format!("/hooks/{IMPOSSIBLE_HOOK}"));
                at.probe(Request::patch(hook, json!({})), 404).await
            }
        }
    }
}

impl GitHub {
    /// Members: read is what reading one's own membership wants.
    async fn members(&self, place: &Place) -> Result<Right, Fault> {
        let name = name::owner(&self.0.site, &place.owner)?;
        match self.standing(&name).await? {
            owner::Standing::In(_) => Ok(Right::Held),
            owner::Standing::Out => Ok(not_told("GitHub knows of no membership of this account there.")),
            owner::Standing::NotTold(fault) => Err(fault),
        }
    }
}

/// A permission that is tried on a repository.
struct Tried<'a> {
    forge: &'a GitHub,
    repository: &'a Repository,
    scope: &'a str,
}

impl Tried<'_> {
    fn url(&self, below: &str) -> String {
        let place = &self.repository.place;
        self.forge.0.site.api.join(&format!("/repos/{}/{}{below}", place.owner.owner, place.name))
    }

    /// Reads something that only holders of the permission may read: an object with `field`, or a list of such.
    async fn read(&self, below: &str, field: &str) -> Result<Right, Fault> {
        let answer = self.forge.send(&headed(Request::get(self.url(below)))).await?;
        if answer.status != 200 {
            return Err(self.refused(&answer));
        }
        let told: serde_json::Value = answer.json("what this permission opens")?;
        let shaped = told.as_array().map_or_else(
            || told.get(field).is_some(),
            // An empty list looks like any other: only its headers tell whose it is.
            |rows| is_marked(&answer) && rows.iter().all(|row| row.get(field).is_some()),
        );
        if shaped { Ok(Right::Held) } else { Err(answer.not_the_api("what this permission opens")) }
    }

    /// Sends a request that must be refused; `held` is the status of the refusal to those who hold the permission.
    async fn probe(&self, request: Request, held: u16) -> Result<Right, Fault> {
        let answer = self.forge.send(&headed(request)).await?;
        match Refusal::read(&answer) {
            Some(refusal) if answer.status == held && !refusal.limited_or_hidden() => Ok(Right::Held),
            _ => Err(self.refused(&answer)),
        }
    }

    /// A refusal of what the permission opens; 404 means the same as 403, where the repository itself is seen.
    fn refused(&self, answer: &Answer) -> Fault {
        let title = self.forge.0.site.provider.rules().scope_title(self.scope);
        let subject = subject(&self.repository.place);
        let fault = self.forge.refused(answer, &subject);
        let lacking = matches!(fault.kind, FaultKind::MissingScope | FaultKind::NotFound | FaultKind::NoAccess);
        if !lacking || !matches!(answer.status, 403 | 404) {
            return fault;
        }
        let wanted = answer.header("x-accepted-github-permissions").map(|wanted| answer.say(&wanted));
        let wanted = wanted.map(|wanted| format!(" GitHub names {wanted} for it.")).unwrap_or_default();
        let text = format!("On {subject} the token lacks the permission “{title}”.{wanted}");
        Fault { text: answer.fault(FaultKind::MissingScope, &text).text, kind: FaultKind::MissingScope, ..fault }
    }
}

impl Refusal {
    /// Refused before the request itself was looked at.
    fn limited_or_hidden(&self) -> bool {
        self.sso.as_deref().is_some_and(|sso| sso.trim_start().starts_with("required"))
    }
}

fn public(repository: &Repository) -> bool {
    repository.visibility == Some(Visibility::Public)
}

fn not_told(reason: &str) -> Right {
    Right::NotTold(format!("It could not be seen: {reason}"))
}
