//! No token follows a redirect to another origin.

use git_access::fact::{FaultKind, Visibility};
use git_access::forge::NewRepository;

use super::{CANARY, REPOSITORY, USER, at, gitops};
use crate::support::raw::{Raw, Step};

fn redirect(code: u16, location: &str) -> Step {
    Step::answer(code, &[("Location", location), ("Content-Type", "application/json")], "{}")
}

#[tokio::test]
async fn the_token_reaches_no_other_server_whatever_the_redirect() {
    let trap = Raw::start(|_| Step::json(200, USER)).await;
    let mut cases = 0;
    for code in [301, 302, 303, 307, 308] {
        let port = trap.port;
        for location in [
            format!("http://127.0.0.1:{port}/user"),
            format!("http://localhost:{port}/user"),
            format!("//127.0.0.1:{port}/user"),
            format!("\\\\127.0.0.1:{port}\\user"),
            format!("/\\127.0.0.1:{port}/user"),
            format!("http://octocat:x@127.0.0.1:{port}/user"),
            format!("https://127.0.0.1:{port}/user"),
            "http://evil.example/user".to_owned(),
            "javascript:alert(1)".to_owned(),
            String::new(),
        ] {
            for method in ["identity", "create"] {
                let told = location.clone();
                let server = Raw::start(move |seen| {
                    let lookup = seen.target.contains("/repos/acme/gitops");
                    if lookup { Step::json(404, super::NOT_FOUND) } else { redirect(code, &told) }
                })
                .await;
                let fault = super::ask(at(&server).as_ref(), method).await.unwrap_err();
                assert_eq!(fault.kind, FaultKind::Redirect, "{code} {location} {method}: {}", fault.text);
                assert!(fault.remedy.is_some(), "{}", fault.text);
                cases += 1;
            }
        }
    }
    assert_eq!(trap.seen().len(), 0, "the other server was asked");
    println!("redirect cases: {cases}");
}

#[tokio::test]
async fn a_get_follows_its_own_origin_and_stops_after_three_hops() {
    let server = Raw::start(|seen| match seen.target.as_str() {
        "/api/v3/repos/acme/gitops" => redirect(301, "/api/v3/repositories/3"),
        "/api/v3/repositories/3" => Step::json(200, REPOSITORY.replace("\"name\":\"gitops\"", "\"name\":\"renamed\"")),
        target => redirect(302, target),
    })
    .await;
    let repository = at(&server).repository(&gitops()).await.unwrap();
    assert_eq!(repository.place.name, "renamed");
    assert_eq!(server.carrying(CANARY), 2, "the same origin sees it on both addresses");
    let fault = at(&server).identity().await.unwrap_err();
    assert_eq!((fault.kind, server.seen().len()), (FaultKind::Redirect, 2 + 4), "{}", fault.text);
}

#[tokio::test]
async fn what_changes_something_is_not_sent_to_a_new_address() {
    let server = Raw::start(|seen| match seen.method.as_str() {
        "POST" => redirect(307, "/api/v3/repositories/3"),
        _ => Step::json(404, super::NOT_FOUND),
    })
    .await;
    let new = NewRepository { place: gitops(), visibility: Visibility::Private, readme: true, in_organisation: true };
    let fault = at(&server).create(&new).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Redirect);
    assert_eq!(server.seen().iter().filter(|seen| seen.method == "POST").count(), 1);
}
