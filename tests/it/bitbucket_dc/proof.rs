//! No green without proof: every question, answered in every wrong way, yields no value.

use git_access::fact::Fault;
use git_access::forge::Forge;
use git_access::key::Lock;
use git_access::provider::Provider;

use super::keys::{KEY, key, new};
use super::{gitops, good, missing, with};
use crate::forges::ask;
use crate::forges::proof::{Cast, Wrong, of_github, to_decisive_requests, to_every_request, wrong_answers};
use crate::support::raw::Step;

static BITBUCKET_DC: Cast = Cast {
    provider: Provider::BitbucketDc,
    open: with,
    ask: |forge, method| Box::pin(asked(forge, method)),
    more: &[
        "PROJECT_READ",
        "PROJECT_ADMIN",
        "REPO_ADMIN",
        "key of the repository",
        "key of the account",
        "new key of the repository",
        "new key of the account",
    ],
    decisive: &[
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
    ],
    good,
    absent: ("/repos/gitops", missing),
    answers,
    excused: |claim| claim.path.is_some() && claim.value == "NotTold",
    never: None,
};

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
    let errors =
        r#"{"message":"Validation Failed","errors":[{"resource":"Repository","code":"custom","message":"x"}]}"#;
    let cloud = r#"{"pagelen":10,"values":[],"page":1,"size":0}"#;
    let others =
        [("GitHub's 422", Step::json(422, errors)), ("a part of a list of Bitbucket Cloud", Step::json(200, cloud))];
    wrong_answers().into_iter().chain(of_github()).chain(others).collect()
}

#[tokio::test]
async fn no_wrong_answer_yields_a_value() {
    let count = to_every_request(&BITBUCKET_DC).await;
    assert!(count > 1000, "{count}");
}

#[tokio::test]
async fn no_wrong_answer_to_the_decisive_request_yields_a_value() {
    let count = to_decisive_requests(&BITBUCKET_DC).await;
    assert!(count > 1200, "{count}");
}
