//! No green without proof: every question, answered in every wrong way, yields no value.

use std::time::Duration;

use git_access::forge::Limits;

use super::{NO_PROJECT, good, json, with};
use crate::forges::proof::{Wrong, wrong_answers};
use crate::forges::{ask, limits};
use crate::support::raw::{Raw, Seen, Step};

const METHODS: [&str; 13] = [
    "server",
    "identity",
    "grants",
    "expiry",
    "owner",
    "owners",
    "repositories",
    "repository",
    "read",
    "write",
    "create",
    "webhook:read",
    "deploy_key:read",
];

/// What each method asks last, when all before it is as it should be.
const DECISIVE: [(&str, &str, &str); 10] = [
    ("identity", "GET", "/user"),
    ("grants", "GET", "/personal_access_tokens/self"),
    ("expiry", "GET", "/personal_access_tokens/self"),
    ("owner", "GET", "/groups/acme"),
    ("owner", "GET", "/groups/2/members/all/7"),
    ("owners", "GET", "/groups?"),
    ("repositories", "GET", "/groups/2/projects"),
    ("repository", "GET", "/projects/acme%2Fgitops"),
    ("create", "POST", "/projects"),
    ("webhook:read", "GET", "/hooks"),
];

/// The wrong answers that are wrong here too, and those that only another forge gives.
fn answers() -> Vec<Wrong> {
    let own = ["a foreign 404", "a GitLab user"];
    let mut answers = wrong_answers();
    answers.retain(|(name, _)| !own.contains(name));
    let github = r#"{"message":"Not Found","documentation_url":"https://docs.github.com/rest","status":"404"}"#;
    answers.push(("GitHub's 404", Step::json(404, github)));
    answers.push(("GitHub's user", Step::json(200, crate::forges::USER)));
    answers.push(("GitHub's repository made", Step::json(201, crate::forges::REPOSITORY)));
    answers
}

fn quick() -> Limits {
    Limits { total: Duration::from_millis(600), pause: Duration::from_millis(1), ..limits() }
}

#[tokio::test]
async fn no_wrong_answer_yields_a_value() {
    let (mut count, mut green) = (0, Vec::new());
    for (name, step) in answers() {
        let server = Raw::start(move |_| step.clone()).await;
        let asked = METHODS.map(|method| {
            let forge = with(&server, quick());
            async move { (method, ask(forge.as_ref(), method).await) }
        });
        for (method, outcome) in futures_util::future::join_all(asked).await {
            count += 1;
            match outcome {
                Ok(value) => green.push(format!("{method} took {name} for {value}")),
                Err(fault) => {
                    assert!(fault.remedy.is_some(), "{method} {name}: {fault:?}");
                    assert!(git_access::text::is_plain(&fault.text), "{method} {name}: {}", fault.text);
                }
            }
        }
        assert_eq!(server.seen().iter().filter(|seen| seen.target.contains("receive-pack")).count(), 0, "{name}");
    }
    assert!(green.is_empty() && count > 600, "{count} {green:#?}");
}

#[tokio::test]
async fn no_wrong_answer_to_the_decisive_request_yields_a_value() {
    let (mut count, mut green) = (0, Vec::new());
    for (method, verb, path) in DECISIVE {
        let asked = answers().into_iter().map(|(name, step)| async move {
            let wrong = move |seen: &Seen| {
                let absent = method == "create" && seen.target.ends_with("/projects/acme%2Fgitops");
                if seen.method == verb && seen.target.contains(path) && !absent {
                    return step.clone();
                }
                if absent { json(404, NO_PROJECT) } else { good(seen) }
            };
            let server = Raw::start(wrong).await;
            (name, ask(with(&server, quick()).as_ref(), method).await)
        });
        for (name, outcome) in futures_util::future::join_all(asked).await {
            count += 1;
            if let Ok(value) = outcome {
                green.push(format!("{method} ({verb} {path}) took {name} for {value}"));
            }
        }
    }
    assert!(green.is_empty() && count > 500, "{count} {green:#?}");
}
