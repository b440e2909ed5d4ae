//! A check takes as many answers one after the other as it must, and not one more.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{BLANK, FINE, Job, PLATFORMS, READY, Stage};

const DELAY_MS: u64 = 100;
const ROUNDS: usize = 5;

/// A request: its address, and when it began and ended, in microseconds.
#[derive(Clone, Debug)]
struct Span {
    path: String,
    start: u64,
    end: u64,
}

fn spans(requests: &[Value]) -> Vec<Span> {
    let span = |request: &Value| Span {
        path: request["path"].as_str().unwrap().to_owned(),
        start: request["start_us"].as_u64().unwrap(),
        end: request["end_us"].as_u64().unwrap(),
    };
    requests.iter().map(span).collect()
}

/// The most requests of which each began only when the one before it had ended.
fn chain(spans: &[Span]) -> usize {
    let mut spans = spans.to_vec();
    spans.sort_by_key(|span| span.end);
    let (mut length, mut free) = (0, 0);
    for span in spans {
        if span.start >= free {
            length += 1;
            free = span.end;
        }
    }
    length
}

/// Looks at everything once, and gives the requests after the one that finds the right server.
async fn look(stage: &Stage, platform: &'static str) -> (Vec<Span>, u64) {
    let before = stage.requests().len();
    Job::dry(stage, platform).run().await;
    let all = spans(&stage.requests()[before..]);
    let reach = all.iter().find(|span| span.path.ends_with("/meta")).unwrap().clone();
    let rest: Vec<_> = all.into_iter().filter(|span| !span.path.ends_with("/meta")).collect();
    assert!(rest.iter().all(|span| span.start >= reach.end), "nobody is shown a token before the server is known");
    let end = rest.iter().map(|span| span.end).max().unwrap();
    (rest, end - reach.end)
}

fn git_waits_for_the_repository(requests: &[Span]) {
    let repository = requests.iter().find(|span| span.path.contains("/api/v3/repos/acme/")).unwrap();
    let git: Vec<_> = requests.iter().filter(|span| span.path.contains("/info/refs")).collect();
    assert!(!git.is_empty() && git.iter().all(|span| span.start >= repository.end), "{requests:?}");
}

/// The chain is `longest` answers after the server was found. How long that takes is told, and not judged: another
/// program may be in the way, for which there are more rounds.
async fn check(world: &str, platform: &'static str, longest: usize) {
    let stage = Stage::of(&format!("delay_ms = {DELAY_MS}\n{world}")).await;
    let mut seen = Vec::new();
    for _ in 1..=ROUNDS {
        let (requests, took) = look(&stage, platform).await;
        git_waits_for_the_repository(&requests);
        let (links, overlapping) = (chain(&requests), requests.len());
        println!("{platform}: {overlapping} requests in {} ms, {links} one after the other", took / 1000);
        if links == longest {
            assert!(overlapping > longest, "some are asked at the same time");
            return;
        }
        seen.push(links);
    }
    panic!("{platform}: {seen:?} answers one after the other, and {longest} are needed");
}

#[tokio::test]
async fn a_classic_token_takes_three_answers_after_the_server() {
    for platform in PLATFORMS {
        check(READY, platform, 3).await;
    }
}

#[tokio::test]
async fn a_fine_grained_token_takes_one_more_where_a_probe_needs_a_reading() {
    let world = format!("{FINE}{BLANK}");
    for (platform, longest) in [("keptn", 3), ("devtron", 3), ("qovery", 4), ("dxup", 3)] {
        check(&world, platform, longest).await;
    }
}

#[tokio::test]
async fn a_refused_token_is_shown_once_and_never_to_git() {
    let stage = Stage::of(READY).await;
    for platform in PLATFORMS {
        let before = stage.requests().len();
        Job { token: stage.token("withdrawn"), ..Job::dry(&stage, platform) }.run().await;
        let asked: Vec<_> =
            stage.requests()[before..].iter().map(|it| it["path"].as_str().unwrap().to_owned()).collect();
        assert_eq!(asked.len(), 2, "{asked:?}");
        assert_eq!(
            asked.into_iter().collect::<BTreeSet<_>>(),
            ["/api/v3/meta", "/api/v3/user"].map(str::to_owned).into()
        );
    }
}

#[test]
fn a_chain_counts_what_waits() {
    let span = |start, end| Span { path: String::new(), start, end };
    assert_eq!(chain(&[]), 0);
    assert_eq!(chain(&[span(0, 10), span(1, 9), span(9, 12), span(12, 20)]), 3);
    assert_eq!(chain(&[span(0, 10), span(5, 15), span(8, 18)]), 1);
}
