//! Is GitHub there? Asked without the credential, so that a wrong host never sees it.

use futures_util::future::join;
use serde::Deserialize;

use super::refusal::Refusal;
use super::{GitHub, headed, wire};
use crate::fact::{Fault, FaultKind, Remedy, Server};
use crate::forge::client::{Answer, Request, Sign};
use crate::forge::part;
use crate::text::sanitise;

const ENTERPRISE: &str = "GitHub Enterprise Server";

impl part::Server for GitHub {
    async fn server(&self) -> Result<Server, Fault> {
        let request = headed(Request::get(self.0.site.api.join("/meta"))).sign(Sign::Not);
        let answer = self.0.client.send(&request).await?;
        if let Some(server) = recognise(&answer) {
            return Ok(server);
        }
        if let Some(fault) = answer.general_fault() {
            return Err(fault);
        }
        if let Some(other) = self.other_product().await {
            let text = format!("{} is {other} and not GitHub.", answer.host());
            let remedy = "Choose the provider that the host runs, or enter the host of your GitHub.";
            return Err(answer.fault(FaultKind::NotTheApi, &text).remedy(Remedy::new(remedy)));
        }
        // An API that does not tell what it is: whether it is GitHub's shows in what it answers next.
        if answer.status == 404 && answer.is_json() {
            let text = format!("{} answers, and does not tell whether it is GitHub.", answer.host());
            let remedy = "Look at the other checks: an answer in GitHub's own form shows it. Else correct the host.";
            return Err(answer.fault(FaultKind::NotFound, &text).remedy(Remedy::new(remedy)));
        }
        Err(answer.not_the_api("the GitHub API"))
    }
}

impl GitHub {
    /// What else the host runs, by the addresses at which others tell their version.
    async fn other_product(&self) -> Option<String> {
        let ask = |path: &str| Request::get(self.0.site.host.join(path)).sign(Sign::Not);
        let (gitea, gitlab) = (ask("/api/v1/version"), ask("/api/v4/version"));
        let (gitea, gitlab) = join(self.0.client.send(&gitea), self.0.client.send(&gitlab)).await;
        let version =
            |answer: Answer| (answer.status == 200).then(|| answer.json::<Version>("a version").ok()).flatten();
        if let Some(told) = gitea.ok().and_then(version) {
            let product = if told.version.contains("+gitea-") { "Forgejo" } else { "Gitea" };
            return Some(sanitise(&format!("{product} {}", told.version), 60));
        }
        // GitLab's wants a token; without one it refuses in a form of its own (REST API, "Status codes").
        let gitlab = gitlab.ok().filter(|answer| answer.status == 401)?;
        let refusal: wire::Refused = gitlab.json("a refusal").ok()?;
        (refusal.message == "401 Unauthorized").then(|| "GitLab".to_owned())
    }
}

#[derive(Deserialize)]
struct Version {
    version: String,
}

/// The server that gave this answer to `GET /meta`, if it is GitHub's.
fn recognise(answer: &Answer) -> Option<Server> {
    let header = answer.header("x-github-enterprise-version").map(|version| sanitise(&version, 40));
    let date = answer.date();
    let named = |product: &str, version| Some(Server { product: product.to_owned(), version, date });
    if answer.status == 200 {
        let meta: wire::Meta = answer.json("a description of GitHub").ok()?;
        let marked = answer.header("x-github-request-id").is_some() || answer.header("x-github-media-type").is_some();
        let version = meta.installed_version.map(|version| sanitise(&version, 40)).or_else(|| header.clone());
        // Data residency writes its own name in place of a version.
        return match version.as_deref() {
            Some("ghe.com") => named("GitHub Enterprise Cloud", None),
            Some(_) => named(ENTERPRISE, version),
            None if meta.verifiable_password_authentication.is_some() || marked => named("GitHub", None),
            None => None,
        };
    }
    let refusal = Refusal::read(answer)?;
    // In private mode nobody is told anything without signing in; the address of the manual names the series.
    if answer.status == 401 && refusal.documentation.starts_with("https://docs.github.com") {
        return named(ENTERPRISE, header.or_else(|| series(&refusal.documentation)));
    }
    // A server may keep this address from everybody; what refuses in GitHub's form is GitHub.
    if answer.status == 404 {
        return named(if header.is_some() { ENTERPRISE } else { "GitHub" }, header);
    }
    // Whoever shares our address has used up what it may ask unsigned: it is GitHub that says so.
    let limited = matches!(answer.status, 403 | 429) && refusal.documentation.starts_with("https://docs.github.com");
    if limited && refusal.says("rate limit") { named("GitHub", None) } else { None }
}

/// `3.3` in `https://docs.github.com/enterprise/3.3/rest`, or in `…/enterprise-server@3.3/rest`.
fn series(documentation: &str) -> Option<String> {
    let (_, rest) = documentation.split_once("/enterprise")?;
    let rest = rest.strip_prefix("-server@").or_else(|| rest.strip_prefix('/'))?;
    let version = rest.split('/').next()?;
    let fine = version
        .split_once('.')
        .is_some_and(|(major, minor)| major.parse::<u8>().is_ok() && minor.parse::<u8>().is_ok());
    fine.then(|| version.to_owned())
}
