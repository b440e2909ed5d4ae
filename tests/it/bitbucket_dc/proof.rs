//! No green without proof: every question, answered in every wrong way, yields no value.

use std::time::Duration;

use git_access::fact::Fault;
use git_access::forge::{Forge, Limits};
use git_access::key::Lock;

use super::keys::{KEY, key, new};
use super::{gitops, good, missing, with};
use crate::forges::proof::{Wrong, wrong_answers};
use crate::forges::{ask, limits};
use crate::support::raw::{Raw, Seen, Step};

const METHODS: [&str; 18] = [
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
    "PROJECT_READ",
    "PROJECT_ADMIN",
    "REPO_ADMIN",
    "key of the repository",
    "key of the account",
    "new key of the repository",
    "new key of the account",
];

/// What each method asks last, when all before it is as it should be.
const DECISIVE: [(&str, &str, &str); 21] = [
    ("server", "GET", "/application-properties"),
    ("identity", "GET", "/projects?limit=1"),
    ("grants", "GET", "/access-tokens/"),
    ("expiry", "GET", "/access-tokens/"),
    ("owner", "GET", "/projects/ACME"),
    ("owner", "GET", "/projects/ACME/permissions/users"),
    ("owners", "GET", "/projects?limit=100"),
    ("repositories", "GET", "/projects/ACME/repos?"),
    ("repository", "GET", "/projects/ACME/repos/gitops"),
    ("read", "GET", "/info/refs"),
    ("write", "GET", "/info/refs"),
    ("write", "GET", "/repos?projectkey=ACME"),
    ("write", "GET", "/projects/ACME/repos/gitops"),
    ("create", "POST", "/projects/ACME/repos"),
    ("PROJECT_READ", "GET", "/projects/ACME"),
    ("PROJECT_ADMIN", "GET", "/projects/ACME/permissions/users"),
    ("REPO_ADMIN", "GET", "/repos/gitops/permissions/users"),
    ("key of the repository", "GET", "/rest/keys/1.0/"),
    ("key of the account", "GET", "/rest/ssh/1.0/"),
    ("new key of the repository", "POST", "/rest/keys/1.0/"),
    ("new key of the account", "POST", "/rest/ssh/1.0/"),
];

async fn asked(forge: &dyn Forge, method: &str) -> Result<String, Fault> {
    let lock = if method.ends_with("account") { Lock::Account } else { Lock::Repository(gitops()) };
    match method.split_once(" of the ") {
        Some(("key", _)) => forge.key(&lock, &key(KEY)).await.map(|value| format!("{value:?}")),
        Some(_) => forge.register_key(&new(lock, true)).await.map(|value| format!("{value:?}")),
        None => ask(forge, method).await,
    }
}

/// The wrong answers of all, and those that only another forge gives.
fn answers() -> Vec<Wrong> {
    let mut answers = wrong_answers();
    let github = r#"{"message":"Not Found","documentation_url":"https://docs.github.com/rest","status":"404"}"#;
    let errors =
        r#"{"message":"Validation Failed","errors":[{"resource":"Repository","code":"custom","message":"x"}]}"#;
    let cloud = r#"{"pagelen":10,"values":[],"page":1,"size":0}"#;
    answers.push(("GitHub's 404", Step::json(404, github)));
    answers.push(("GitHub's 422", Step::json(422, errors)));
    answers.push(("GitHub's user", Step::json(200, crate::forges::USER)));
    answers.push(("GitHub's repository made", Step::json(201, crate::forges::REPOSITORY)));
    answers.push(("a part of a list of Bitbucket Cloud", Step::json(200, cloud)));
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
        let all = METHODS.map(|method| {
            let forge = with(&server, quick());
            async move { (method, asked(forge.as_ref(), method).await) }
        });
        for (method, outcome) in futures_util::future::join_all(all).await {
            count += 1;
            match outcome {
                Ok(value) => green.push(format!("{method} took {name} for {value}")),
                Err(fault) => {
                    assert!(fault.remedy.is_some() && !fault.accepted, "{method} {name}: {fault:?}");
                    assert!(git_access::text::is_plain(&fault.text), "{method} {name}: {}", fault.text);
                }
            }
        }
    }
    println!("wrong answers tried: {count}");
    assert!(green.is_empty() && count > 1000, "{count} {green:#?}");
}

#[tokio::test]
async fn no_wrong_answer_to_the_decisive_request_yields_a_value() {
    let (mut count, mut green) = (0, Vec::new());
    for (method, verb, path) in DECISIVE {
        let all = answers().into_iter().map(|(name, step)| async move {
            let wrong = move |seen: &Seen| {
                // The repository does not exist before it is created, so looking it up proves nothing either.
                let absent = method == "create" && seen.target.ends_with("/repos/gitops");
                // A redirect of ours leads back to the same question.
                let decisive = seen.target.contains(path) || seen.target.ends_with("?again");
                match seen.method == verb && decisive {
                    _ if absent => missing(),
                    true => step.clone(),
                    false => good(seen),
                }
            };
            let server = Raw::start(wrong).await;
            (name, asked(with(&server, quick()).as_ref(), method).await)
        });
        for (name, outcome) in futures_util::future::join_all(all).await {
            count += 1;
            match outcome {
                // That something cannot be seen claims nothing.
                Ok(value) if value == "NotTold" => {}
                Ok(value) => green.push(format!("{method} ({verb} {path}) took {name} for {value}")),
                Err(fault) => assert!(fault.remedy.is_some(), "{method} {name}: {fault:?}"),
            }
        }
    }
    println!("wrong answers to decisive requests tried: {count}");
    assert!(green.is_empty() && count > 1200, "{count} {green:#?}");
}
