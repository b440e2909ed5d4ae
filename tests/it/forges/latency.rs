//! Questions that need nothing of each other are asked at the same time.

use std::time::Duration;

use git_access::fact::Service;
use git_access::forge::{Log, Outside};

use super::{CANARY, MEMBERSHIP, ORGANISATION, REPOSITORY, USER, acme, gitops, limits, open, site};
use crate::support::raw::{Raw, Seen, Step};

const DELAY: Duration = Duration::from_millis(300);

fn slow(seen: &Seen) -> Step {
    let ones = "1".repeat(40);
    let listing = format!("001f# service=git-receive-pack\n0000{:04x}{ones} refs/heads/main\0x\n0000", 63);
    let answer = match seen.target.as_str() {
        "/api/v3/user" => Step::json(200, USER),
        "/api/v3/users/acme" => Step::json(200, r#"{"login":"acme","id":2,"type":"Organization"}"#),
        "/api/v3/orgs/acme" => Step::json(200, ORGANISATION),
        "/api/v3/user/memberships/orgs/acme" => Step::json(200, MEMBERSHIP),
        "/api/v3/repos/acme/gitops" => Step::json(200, REPOSITORY),
        "/api/v3/meta" => {
            Step::json(200, r#"{"verifiable_password_authentication":false,"installed_version":"3.19.4"}"#)
        }
        target if target.contains("/info/refs") => {
            Step::answer(200, &[("Content-Type", "application/x-git-receive-pack-advertisement")], listing)
        }
        target if target.contains("/repos?") => Step::json(200, format!("[{REPOSITORY}]")),
        _ => Step::json(200, "[{\"id\":1}]"),
    };
    Step::After(DELAY, Box::new(answer))
}

#[tokio::test]
async fn a_check_over_everything_takes_a_few_answers_not_their_sum() {
    let server = Raw::start(slow).await;
    let forge = open(&site(&server.origin()), CANARY, &Outside::new(None).with_limits(limits()));
    let (owner, place) = (acme(), gitops());
    let first = tokio::join!(
        forge.identity(),
        forge.grants(),
        forge.expiry(),
        forge.owner(&owner),
        forge.repository(&place),
        forge.server(),
        forge.refs(&place, Service::Write, "octocat"),
    );
    assert!(first.0.is_ok() && first.1.is_ok() && first.2.is_ok(), "{first:?}");
    assert!(first.3.is_ok() && first.4.is_ok() && first.5.is_ok() && first.6.is_ok(), "{first:?}");
    let seen = server.seen();
    assert_eq!(seen.len(), 7, "one request for identity, grants and expiry: {seen:?}");
    let begun = seen.iter().map(|seen| seen.at);
    let span = begun.clone().max().unwrap() - begun.min().unwrap();
    assert!(span < DELAY, "all begin before the first ends: {span:?}");
    forge.right(&place, "administration:write", false).await.unwrap();
    assert_eq!(server.seen().len(), 8, "the repository is known already");
}

#[tokio::test]
async fn no_more_than_eight_requests_run_at_a_time_at_one_origin() {
    let running = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let server = Raw::start(|_| Step::After(Duration::from_millis(60), Box::new(Step::json(200, USER)))).await;
    let outside = Outside::new(None).with_limits(limits());
    let asked = (0..20).map(|_| {
        let (forge, running) = (open(&site(&server.origin()), CANARY, &outside), running.clone());
        async move {
            forge.identity().await.unwrap();
            running.lock().unwrap().push(());
        }
    });
    futures_util::future::join_all(asked).await;
    let starts: Vec<_> = server.seen().iter().map(|seen| seen.at).collect();
    assert_eq!(starts.len(), 20);
    assert!(starts[8] - starts[0] >= Duration::from_millis(50), "the ninth waits for the first to end");
}

#[tokio::test]
async fn the_log_has_a_line_for_each_request_and_no_secret() {
    let server = Raw::start(|_| Step::json(200, USER)).await;
    let lines = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = lines.clone();
    let log = Log::new(move |line| kept.lock().unwrap().push(line.to_owned()));
    let outside = Outside::new(Some(log.clone())).with_limits(limits());
    open(&site(&server.origin()), CANARY, &outside).identity().await.unwrap();
    log.line(&format!("a slip: {CANARY}"));
    let lines = lines.lock().unwrap().clone();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let start = format!("GET {}/api/v3/user 200 AB12:34 ", server.origin());
    assert!(lines[0].starts_with(&start) && lines[0].ends_with(" ms"), "{lines:?}");
    assert_eq!(lines[1], "a slip: ***");
}
