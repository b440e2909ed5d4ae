//! Creating a repository: its project, its refusals, and the first commit.

use git_access::fact::{FaultKind, OwnerPath, Place, Visibility};
use git_access::forge::NewRepository;

use super::{LACKS, REPOSITORY, at, error, json, world};
use crate::support::raw::{Raw, Seen, Step};

fn new(project: Option<&str>, visibility: Visibility, readme: bool) -> NewRepository {
    let owner = OwnerPath { owner: "acme".into(), project: project.map(str::to_owned) };
    NewRepository { place: Place { owner, name: "GitOps".into() }, visibility, readme, in_organisation: true }
}

fn sent(server: &Raw) -> Vec<(String, String)> {
    let posts = server.seen().into_iter().filter(|seen| seen.method == "POST");
    posts.map(|seen| (seen.target, seen.body)).collect()
}

/// A world in which every creation comes to this.
async fn answering(step: Step, there: bool) -> Raw {
    world(move |seen: &Seen| match seen.method.as_str() {
        "POST" => Some(step.clone()),
        _ if !there && seen.target.contains("/repositories/acme/gitops") => Some(error(404, "not found")),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn a_repository_goes_to_the_project_that_is_named_or_to_the_oldest() {
    for (project, visibility, body) in [
        (None, Visibility::Private, r#"{"scm":"git","is_private":true,"project":{"key":"PLAT"}}"#),
        (Some("CORE"), Visibility::Public, r#"{"scm":"git","is_private":false,"project":{"key":"CORE"}}"#),
    ] {
        let made = REPOSITORY.replace("\"key\":\"PLAT\"", &format!("\"key\":\"{}\"", project.unwrap_or("PLAT")));
        let server = answering(json(200, made), false).await;
        let made = at(&server).create(&new(project, visibility, false)).await.unwrap();
        assert_eq!(made.place.name, "gitops", "the slug is in lower case");
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let sent = sent(&server);
        assert_eq!(sent.len(), 1);
        assert_eq!((sent[0].0.as_str(), value(&sent[0].1)), ("/2.0/repositories/acme/gitops", value(body)));
    }
}

#[tokio::test]
async fn without_a_view_of_projects_bitbucket_chooses_and_a_missing_one_stops_it() {
    let blind = |seen: &Seen| match seen.method.as_str() {
        "POST" => Some(json(200, REPOSITORY)),
        _ if seen.target.contains("/projects") => Some(json(403, LACKS)),
        _ => None,
    };
    let server = world(blind).await;
    at(&server).create(&new(None, Visibility::Private, false)).await.unwrap();
    assert!(!sent(&server)[0].1.contains("project"), "{:?}", sent(&server));
    let server = answering(json(200, REPOSITORY), false).await;
    let fault = at(&server).create(&new(Some("NOPE"), Visibility::Private, false)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotFound);
    assert!(fault.text.contains("CORE, PLAT") && sent(&server).is_empty(), "{}", fault.text);
}

#[tokio::test]
async fn a_refused_creation_has_its_own_reasons() {
    let taken = r#"{"type":"error","error":{"fields":{"name":["You already have a repository with this name."]},"message":"Repository with this Slug and Owner already exists."}}"#;
    let rights = "Input document invalid, or caller lacks the privilege to create repositories under the account";
    for (step, there, kind, text) in [
        (json(400, taken), true, FaultKind::NoAccess, "exists already"),
        (json(400, taken), false, FaultKind::NoAccess, "may not see it"),
        (error(400, rights), false, FaultKind::NoAccess, "may not create repositories in acme"),
        (error(400, "Project CORE does not exist in this workspace."), false, FaultKind::NoAccess, "in this project"),
        (error(402, "Payment required"), false, FaultKind::NoAccess, "asks for payment"),
        (json(403, LACKS), false, FaultKind::MissingScope, "read:user:bitbucket"),
        (error(403, "an admin must whitelist your IP"), false, FaultKind::IpAllowlist, "listed addresses"),
    ] {
        let shown = format!("{step:?}");
        let server = answering(step, there).await;
        let fault = at(&server).create(&new(None, Visibility::Private, false)).await.unwrap_err();
        assert_eq!((fault.kind, fault.accepted), (kind, true), "{shown}: {}", fault.text);
        assert!(fault.text.contains(text), "{shown}: {}", fault.text);
        assert_eq!(sent(&server).len(), 1, "it is not sent again");
    }
}

#[tokio::test]
async fn after_silence_what_is_there_is_looked_up_and_nothing_is_sent_again() {
    for (there, text) in [(true, ""), (false, "was not created")] {
        let server = answering(json(502, "{}"), there).await;
        let outcome = at(&server).create(&new(None, Visibility::Private, false)).await;
        assert_eq!(outcome.is_ok(), there, "{outcome:?}");
        assert!(outcome.err().is_none_or(|fault| fault.text.contains(text)));
        assert_eq!(sent(&server).len(), 1);
    }
}

#[tokio::test]
async fn a_first_commit_is_made_by_uploading_a_file_and_its_failure_is_told() {
    for (step, fine) in [(json(201, "{}"), true), (json(403, LACKS), false), (json(200, "{}"), false)] {
        let upload = step.clone();
        let server = world(move |seen| match seen.method.as_str() {
            "POST" if seen.target.ends_with("/src") => Some(upload.clone()),
            "POST" => Some(json(200, REPOSITORY)),
            _ => None,
        })
        .await;
        let outcome = at(&server).create(&new(None, Visibility::Private, true)).await;
        assert_eq!(outcome.is_ok(), fine, "{step:?}: {outcome:?}");
        let sent = sent(&server);
        assert_eq!(sent[1].0, "/2.0/repositories/acme/gitops/src");
        assert!(sent[1].1.starts_with("%2FREADME.md=%23+gitops"), "{sent:?}");
        assert!(
            outcome.err().is_none_or(|fault| fault.text.contains("gitops was created, and its first commit was not"))
        );
    }
}
