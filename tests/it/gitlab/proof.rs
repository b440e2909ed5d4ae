//! No green without proof: every question, answered in every wrong way, yields no value.

use git_access::provider::Provider;

use super::{NO_PROJECT, good, json, with};
use crate::forges::ask;
use crate::forges::proof::{Cast, Wrong, of_github, to_decisive_requests, to_every_request, wrong_answers};

static GITLAB: Cast = Cast {
    provider: Provider::GitLab,
    open: with,
    ask: |forge, method| Box::pin(ask(forge, method)),
    more: &["webhook:read", "deploy_key:read"],
    decisive: &[
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
    ],
    good,
    absent: ("/projects/acme%2Fgitops", || json(404, NO_PROJECT)),
    answers,
    excused: |_| false,
    // It would create the project.
    never: Some("receive-pack"),
};

/// The wrong answers that are wrong here too, and those that only another forge gives.
fn answers() -> Vec<Wrong> {
    let own = ["a foreign 404", "a GitLab user"];
    let others = wrong_answers().into_iter().filter(|(name, _)| !own.contains(name));
    others.chain(of_github()).collect()
}

#[tokio::test]
async fn no_wrong_answer_yields_a_value() {
    let count = to_every_request(&GITLAB).await;
    assert!(count > 600, "{count}");
}

#[tokio::test]
async fn no_wrong_answer_to_the_decisive_request_yields_a_value() {
    let count = to_decisive_requests(&GITLAB).await;
    assert!(count > 500, "{count}");
}
