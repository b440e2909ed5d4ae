//! No green without proof: every question, answered in every wrong way, yields no value.

use std::time::Duration;

use git_access::fact::{Fault, Service, Visibility};
use git_access::forge::{Forge, Limits, NewRepository};

use super::{TOKEN, good, no_repository, owner, place, with, with_headers};
use crate::forges::limits;
use crate::forges::proof::{Wrong, wrong_answers};
use crate::support::raw::{Raw, Seen, Step};

const METHODS: [&str; 15] = [
    "server",
    "identity",
    "grants",
    "expiry",
    "owner",
    "owners",
    "projects",
    "repositories",
    "repository",
    "read",
    "write",
    "create",
    "vso.code",
    "vso.project",
    "vso.code_manage",
];

/// What each method asks last, when all before it is as it should be.
const DECISIVE: [(&str, &str, &str); 15] = [
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
];

async fn ask(forge: &dyn Forge, method: &str) -> Result<String, Fault> {
    fn text<T: std::fmt::Debug>(outcome: Result<T, Fault>) -> Result<String, Fault> {
        outcome.map(|value| format!("{value:?}"))
    }
    let (owner, place) = (owner(), place());
    let organisation = git_access::fact::OwnerPath { project: None, ..owner.clone() };
    let new =
        NewRepository { place: place.clone(), visibility: Visibility::Private, readme: false, in_organisation: true };
    match method {
        "server" => text(forge.server().await),
        "identity" => text(forge.identity().await),
        "grants" => text(forge.grants().await),
        "expiry" => text(forge.expiry().await),
        "owner" => text(forge.owner(&owner).await),
        "owners" => text(forge.owners().await),
        "projects" => text(forge.repositories(&organisation).await),
        "repositories" => text(forge.repositories(&owner).await),
        "repository" => text(forge.repository(&place).await),
        "read" => text(forge.refs(&place, Service::Read, "octocat").await),
        "write" => text(forge.refs(&place, Service::Write, "octocat").await),
        "create" => text(forge.create(&new).await),
        scope => text(forge.right(&place, scope, true).await),
    }
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

fn quick() -> Limits {
    // Answers may take four times as long here.
    Limits { total: Duration::from_millis(150), pause: Duration::from_millis(1), ..limits() }
}

/// What claims nothing: that it could not be seen, or that the list is not for this token.
fn claims_nothing(method: &str, value: &str) -> bool {
    value.starts_with("NotTold") || (method == "owners" && value.contains("rows: [],") && value.contains("cut: Some"))
}

#[tokio::test]
async fn no_wrong_answer_yields_a_value() {
    let (mut count, mut green) = (0, Vec::new());
    for (name, step) in answers() {
        let server = Raw::start(move |_| step.clone()).await;
        let asked = METHODS.map(|method| {
            let forge = with(&server, TOKEN, quick());
            async move { (method, ask(forge.as_ref(), method).await) }
        });
        for (method, outcome) in futures_util::future::join_all(asked).await {
            count += 1;
            // Who is there is told without a token, by marks that these two have: that is no lie.
            let marks = ["Azure", "sign-in page with 203", "anonymous", "an identity without an id"];
            let marked = marks.iter().any(|mark| name.contains(mark));
            match outcome {
                Ok(_) if method == "server" && marked => {}
                Ok(value) => green.push(format!("{method} took {name} for {value}")),
                Err(fault) => {
                    assert!(fault.remedy.is_some(), "{method} {name}: {fault:?}");
                    assert!(!fault.accepted, "{method} {name}: {fault:?}");
                    assert!(git_access::text::is_plain(&fault.text), "{method} {name}: {}", fault.text);
                }
            }
        }
    }
    println!("wrong answers tried: {count}");
    assert!(green.is_empty() && count > 900, "{count} {green:#?}");
}

#[tokio::test]
async fn no_wrong_answer_to_the_decisive_request_yields_a_value() {
    let (mut count, mut green) = (0, Vec::new());
    for (method, verb, path) in DECISIVE {
        let asked = answers().into_iter().map(|(name, step)| async move {
            let wrong = move |seen: &Seen| {
                if seen.method == verb && seen.target.contains(path) {
                    return step.clone();
                }
                let absent = method == "create" && seen.target.contains("/repositories");
                if absent { no_repository() } else { good(seen) }
            };
            let server = Raw::start(wrong).await;
            (name, ask(with(&server, TOKEN, quick()).as_ref(), method).await)
        });
        for (name, outcome) in futures_util::future::join_all(asked).await {
            count += 1;
            match outcome {
                // Where only the scope for projects is missing, the repositories name theirs.
                Ok(_)
                    if path.ends_with("/projects/platform")
                        && (name == "an empty 401 of Azure" || name.contains("sign-in page")) => {}
                // An account that may not list projects is told so.
                Ok(value) if method == "projects" && value.contains("may not list projects") => {}
                Ok(value) if claims_nothing(method, &value) => {}
                Ok(value) => green.push(format!("{method} ({verb} {path}) took {name} for {value}")),
                Err(fault) => assert!(fault.remedy.is_some(), "{method} {name}: {fault:?}"),
            }
        }
    }
    println!("wrong answers to decisive requests tried: {count}");
    assert!(green.is_empty() && count > 900, "{count} {green:#?}");
}
