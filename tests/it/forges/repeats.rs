//! What is asked again, how often, and what never is.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use git_access::fact::{FaultKind, Visibility};
use git_access::forge::NewRepository;

use super::{NOT_FOUND, USER, at, gitops};
use crate::support::raw::{Raw, Step};

/// A server whose first `bad` answers are `step`, and all later ones are good.
async fn stumbling(bad: usize, step: Step) -> Raw {
    let count = AtomicUsize::new(0);
    Raw::start(move |_| if count.fetch_add(1, Ordering::Relaxed) < bad { step.clone() } else { Step::json(200, USER) })
        .await
}

async fn check(bad: usize, step: Step, requests: usize, outcome: Option<FaultKind>) {
    let shown = format!("{bad} x {step:?}");
    let server = stumbling(bad, step).await;
    let result = at(&server).identity().await;
    assert_eq!(result.err().map(|fault| fault.kind), outcome, "{shown}");
    assert_eq!(server.seen().len(), requests, "{shown}");
}

fn limited(status: u16, retry: &str) -> Step {
    let body = r#"{"message":"API rate limit exceeded","documentation_url":"https://docs.github.com/rest"}"#;
    Step::answer(status, &[("Content-Type", "application/json"), ("Retry-After", retry)], body)
}

#[tokio::test]
async fn a_get_is_repeated_twice_where_that_may_help() {
    for step in [Step::json(500, "{}"), Step::json(502, "{}"), Step::json(503, ""), Step::json(504, ""), Step::Reset] {
        let kind = if matches!(step, Step::Reset) { FaultKind::Network } else { FaultKind::Server };
        check(1, step.clone(), 2, None).await;
        check(2, step.clone(), 3, None).await;
        check(9, step, 3, Some(kind)).await;
    }
}

#[tokio::test]
async fn a_refusal_is_never_repeated() {
    let body = r#"{"message":"Bad credentials","documentation_url":"https://docs.github.com/rest"}"#;
    check(9, Step::json(401, body), 1, Some(FaultKind::Auth)).await;
    check(9, Step::json(403, body), 1, Some(FaultKind::NoAccess)).await;
    check(9, Step::json(404, body), 1, Some(FaultKind::NotFound)).await;
    check(9, Step::json(501, "{}"), 1, Some(FaultKind::Server)).await;
}

#[tokio::test]
async fn a_401_is_answered_from_memory_and_a_fault_of_the_server_is_asked_anew() {
    let body = r#"{"message":"Bad credentials","documentation_url":"https://docs.github.com/rest"}"#;
    let server = stumbling(9, Step::json(401, body)).await;
    let forge = at(&server);
    for _ in 0..3 {
        assert_eq!(forge.identity().await.unwrap_err().kind, FaultKind::Auth);
        assert_eq!(forge.expiry().await.unwrap_err().kind, FaultKind::Auth);
    }
    assert_eq!(server.seen().len(), 1);
    let server = stumbling(3, Step::json(500, "{}")).await;
    let forge = at(&server);
    assert_eq!(forge.identity().await.unwrap_err().kind, FaultKind::Server);
    assert_eq!(forge.identity().await.unwrap().login, "octocat");
}

#[tokio::test]
async fn the_time_that_the_server_names_is_kept() {
    for (retry, least) in [("1", 900), ("0", 0), ("Wed, 01 Jan 2020 00:00:00 GMT", 0), ("soon", 0)] {
        for status in [429, 503] {
            let server = stumbling(1, limited(status, retry)).await;
            let started = Instant::now();
            assert!(at(&server).identity().await.is_ok(), "{status} {retry}");
            assert!(started.elapsed() >= Duration::from_millis(least), "{status} {retry} {:?}", started.elapsed());
        }
    }
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(2);
    let date = soon.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    check(1, limited(429, &date), 2, None).await;
}

#[tokio::test]
async fn a_long_wait_is_told_instead_of_waited() {
    let started = Instant::now();
    check(9, limited(429, "86400"), 1, Some(FaultKind::RateLimit)).await;
    check(9, limited(403, "2"), 1, Some(FaultKind::RateLimit)).await;
    check(9, limited(429, "99999999999999999999"), 1, Some(FaultKind::RateLimit)).await;
    assert!(started.elapsed() < Duration::from_secs(5));
    let headers = [
        ("Content-Type", "application/json"),
        ("Date", "Wed, 13 Mar 2024 08:54:05 GMT"),
        ("X-RateLimit-Remaining", "0"),
        ("X-RateLimit-Reset", "1710322407"),
    ];
    let body =
        r#"{"message":"API rate limit exceeded for user ID 1.","documentation_url":"https://docs.github.com/rest"}"#;
    let server = stumbling(9, Step::answer(403, &headers, body)).await;
    let fault = at(&server).identity().await.unwrap_err();
    assert!(fault.text.contains("2024-03-13 09:33 UTC"), "{}", fault.text);
}

#[tokio::test]
async fn what_creates_is_sent_once_and_looked_up_afterwards() {
    let new = NewRepository { place: gitops(), visibility: Visibility::Private, readme: false, in_organisation: true };
    for (step, found) in [
        (Step::Reset, true),
        (Step::Reset, false),
        (Step::json(502, "{}"), true),
        (Step::json(502, "{}"), false),
        (limited(429, "0"), false),
        (Step::answer(200, &[("Content-Type", "text/html")], "<html>"), false),
    ] {
        let shown = format!("{step:?} {found}");
        let server = Raw::start(move |seen| match (seen.method.as_str(), found) {
            ("POST", _) => step.clone(),
            (_, true) => Step::json(200, super::REPOSITORY),
            (_, false) => Step::json(404, NOT_FOUND),
        })
        .await;
        let outcome = at(&server).create(&new).await;
        assert_eq!(outcome.is_ok(), found, "{shown}: {outcome:?}");
        let posts = server.seen().iter().filter(|seen| seen.method == "POST").count();
        assert_eq!(posts, 1, "{shown}");
    }
}
