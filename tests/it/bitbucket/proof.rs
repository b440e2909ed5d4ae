//! No green without proof: every question, answered in every wrong way, yields no value.

use std::sync::Arc;
use std::time::Duration;

use git_access::forge::{Forge, Limits, Outside};
use git_access::provider::Provider;

use super::{REPOSITORY, TOKEN, USER, as_user, error, good, site};
use crate::forges::proof::{Cast, quick, to_decisive_requests, to_every_request, wrong_answers, wrong_answers_to};
use crate::forges::{ask, open};
use crate::support::raw::{Raw, Seen, Step};

static BITBUCKET: Cast = Cast {
    provider: Provider::Bitbucket,
    open: bare,
    ask: |forge, method| Box::pin(ask(forge, method)),
    more: &[
        "read:pullrequest:bitbucket",
        "webhook",
        "read:project:bitbucket",
        "read:workspace:bitbucket",
        "read:user:bitbucket",
    ],
    decisive: &[
        ("identity", "GET", "/user"),
        ("grants", "GET", "/user"),
        ("expiry", "GET", "/user"),
        ("owner", "GET", "/2.0/workspaces/acme"),
        ("owner", "GET", "/permission"),
        ("owner", "GET", "/projects"),
        ("owners", "GET", "/user/workspaces"),
        ("repositories", "GET", "/2.0/repositories/acme"),
        ("repository", "GET", "/2.0/repositories/acme/gitops"),
        ("repository", "GET", "/permissions/repositories"),
        ("read", "GET", "/info/refs"),
        ("write", "GET", "/info/refs"),
        ("read:pullrequest:bitbucket", "GET", "/pullrequests"),
        ("webhook", "GET", "/hooks"),
        ("read:project:bitbucket", "GET", "/projects"),
        ("read:workspace:bitbucket", "GET", "/user/workspaces?"),
    ],
    good,
    absent: ("/repositories/acme/gitops", no_repository),
    answers: || wrong_answers_to("Bitbucket", USER, REPOSITORY),
    excused: |claim| claim.is_not_told(),
    never: None,
};

/// With a token whose text tells nothing, and no e-mail address beside it.
fn bare(server: &Raw, limits: Limits) -> Arc<dyn Forge> {
    open(&site(server), TOKEN, &Outside::new(None).with_limits(limits))
}

fn no_repository() -> Step {
    error(404, "Repository acme/gitops not found")
}

#[tokio::test]
async fn no_wrong_answer_to_the_decisive_request_yields_a_value() {
    let count = to_decisive_requests(&BITBUCKET).await;
    assert!(count > 800, "{count}");
}

#[tokio::test]
async fn no_wrong_answer_yields_a_value() {
    let count = to_every_request(&BITBUCKET).await;
    assert!(count > 800, "{count}");
}

/// The repository does not exist before it is created, so looking it up afterwards proves nothing either.
#[tokio::test]
async fn no_wrong_answer_to_a_creation_yields_a_repository() {
    let mut count = 0;
    let asked = wrong_answers().into_iter().map(|(name, step)| async move {
        let server = Raw::start(move |seen: &Seen| match seen.method.as_str() {
            "POST" => step.clone(),
            _ if seen.target.contains("/repositories/acme/gitops") => no_repository(),
            _ => good(seen),
        })
        .await;
        let limits = Limits { total: Duration::from_secs(4), ..quick(Provider::Bitbucket) };
        let forge = bare(&server, limits);
        (name, ask(forge.as_ref(), "create").await)
    });
    for (name, outcome) in futures_util::future::join_all(asked).await {
        count += 1;
        let fault = outcome.expect_err(name);
        assert!(fault.remedy.is_some() && fault.text.contains("not created"), "{name}: {fault:?}");
    }
    assert!(count > 40, "{count}");
}

/// What is shown is about a connection of its own each time, so that the last test is not one of a memory.
#[tokio::test]
async fn the_good_world_answers_everything() {
    let server = Raw::start(|seen| match seen.target.as_str() {
        "/2.0/user/workspaces?pagelen=100" | "/2.0/repositories/acme?pagelen=100" => super::json(200, super::list("")),
        _ => good(seen),
    })
    .await;
    let forge = as_user(&server, TOKEN, None);
    for method in
        ["server", "identity", "grants", "expiry", "owner", "owners", "repositories", "repository", "read", "write"]
    {
        assert!(ask(forge.as_ref(), method).await.is_ok(), "{method}");
    }
}
