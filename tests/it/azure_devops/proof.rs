//! No green without proof: every question, answered in every wrong way, yields no value.

use git_access::fact::{Fault, OwnerPath};
use git_access::forge::Forge;
use git_access::provider::Provider;

use super::{TOKEN, good, no_repository, owner, place, with, with_headers};
use crate::forges::ask_about;
use crate::forges::proof::{Cast, Claim, Wrong, to_decisive_requests, to_every_request, wrong_answers};
use crate::support::raw::Step;

static AZURE: Cast = Cast {
    provider: Provider::AzureDevops,
    open: |server, limits| with(server, TOKEN, limits),
    ask: |forge, method| Box::pin(ask(forge, method)),
    more: &["projects", "vso.code", "vso.project", "vso.code_manage"],
    decisive: &[
        ("identity", "GET", "/connectionData"),
        ("grants", "GET", "/connectionData"),
        ("expiry", "GET", "/connectionData"),
        ("expiry", "GET", "/profiles/me"),
        ("owner", "GET", "/_apis/projects/platform"),
        ("owner", "GET", "/connectionData"),
        ("owners", "GET", "/connectionData"),
        ("projects", "GET", "/_apis/projects?"),
        ("repositories", "GET", "/_apis/git/repositories"),
        ("repository", "GET", "/_apis/git/repositories"),
        ("create", "POST", "/_apis/git/repositories"),
        ("read", "GET", "/info/refs"),
        ("write", "GET", "/info/refs"),
        ("vso.code", "GET", "/_apis/git/repositories"),
        ("vso.project", "GET", "/_apis/projects?"),
    ],
    good,
    absent: ("/repositories", no_repository),
    answers,
    excused: claims_nothing,
    never: None,
};

async fn ask(forge: &dyn Forge, method: &str) -> Result<String, Fault> {
    if method == "projects" {
        let organisation = OwnerPath { project: None, ..owner() };
        return forge.repositories(&organisation).await.map(|page| format!("{page:?}"));
    }
    ask_about(forge, method, &place()).await
}

/// The wrong answers of all, and those that look like Azure's own.
fn answers() -> Vec<Wrong> {
    let sign_in = "<!DOCTYPE html><title>Azure DevOps Services | Sign In</title>";
    let anonymous = r#"{"authenticatedUser":{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","descriptor":"System:PublicAccess;aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","providerDisplayName":"Anonymous","properties":{}},"instanceId":"00000003-0000-4000-8000-000000000001"}"#;
    let nobody = anonymous.replace("aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa", "").replace("System:PublicAccess;", "");
    let way = "https://spsprodweu1.vssps.visualstudio.com/_signin?realm=dev.azure.com";
    let html = "text/html; charset=utf-8";
    let kind = "application/json; charset=utf-8";
    let mut answers = wrong_answers();
    answers.extend([
        ("the sign-in page with 203", with_headers(203, html, &[], sign_in)),
        ("the sign-in page with 200", with_headers(200, html, &[], sign_in)),
        ("the way to the sign-in page", Step::answer(302, &[("Location", way)], "")),
        ("an empty 401 of Azure", super::silent()),
        ("the anonymous identity", with_headers(200, kind, &[], anonymous)),
        ("an identity without an id", with_headers(200, kind, &[], nobody)),
        ("a list that miscounts itself", with_headers(200, kind, &[], r#"{"count":3,"value":[]}"#)),
        ("a list without a count", with_headers(200, kind, &[], r#"{"value":[]}"#)),
        ("a GitHub user here", Step::json(200, crate::forges::USER)),
        ("a GitHub repository here", Step::json(201, crate::forges::REPOSITORY)),
    ]);
    answers
}

/// What claims nothing: that something could not be seen, or that a list is not for this token; and what is no lie.
fn claims_nothing(claim: &Claim<'_>) -> bool {
    let Claim { method, path, wrong, value } = *claim;
    let Some(path) = path else {
        // Who is there is told without a token, by marks that these have.
        let marks = ["Azure", "sign-in page with 203", "anonymous", "an identity without an id"];
        return method == "server" && marks.iter().any(|mark| wrong.contains(mark));
    };
    // Where only the scope for projects is missing, the repositories name theirs.
    let silent = wrong == "an empty 401 of Azure" || wrong.contains("sign-in page");
    (path.ends_with("/projects/platform") && silent)
        // An account that may not list projects is told so.
        || (method == "projects" && value.contains("may not list projects"))
        || claim.is_not_told()
        || (method == "owners" && value.contains("rows: [],") && value.contains("cut: Some"))
}

#[tokio::test]
async fn no_wrong_answer_yields_a_value() {
    let count = to_every_request(&AZURE).await;
    assert!(count > 900, "{count}");
}

#[tokio::test]
async fn no_wrong_answer_to_the_decisive_request_yields_a_value() {
    let count = to_decisive_requests(&AZURE).await;
    assert!(count > 900, "{count}");
}
