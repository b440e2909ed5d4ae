//! Responses of bitbucket.org, recorded by others and kept beside the project: what they say must be read.

use git_access::fact::{FaultKind, IdentityKind, OwnerPath, Place, Told, Visibility};
use git_access::forge::NewRepository;

use super::{at, error, json, world};
use crate::forges::recorded::{body, recordings_of};

fn place(name: &str) -> Place {
    Place { owner: OwnerPath { owner: "sourcegraph-testing".into(), project: None }, name: name.into() }
}

#[tokio::test]
async fn accounts_repositories_and_refusals_are_read() {
    let Some(recorded) = recordings_of("bitbucket-cloud") else {
        return println!("no recorded responses are kept beside the project");
    };
    // The account as it was told then; the header said that an app password had asked, and those are gone.
    let told = body(&recorded["user-200-apppassword"]);
    let text = told.to_string();
    let server = world(move |seen| (seen.target == "/2.0/user").then(|| json(200, &text))).await;
    let identity = at(&server).identity().await.unwrap();
    assert_eq!(Some(identity.login.as_str()), told["username"].as_str());
    assert_eq!((Some(identity.id.as_str()), identity.kind), (told["uuid"].as_str(), IdentityKind::User));
    let step = recorded["user-200-apppassword"].clone();
    let server = world(move |seen| (seen.target == "/2.0/user").then(|| step.clone())).await;
    let fault = at(&server).identity().await.unwrap_err();
    assert!(fault.kind == FaultKind::WrongKind && fault.text.contains("2026-07-28"), "{fault:?}");

    let step = recorded["user-401-plaintext"].clone();
    let server = world(move |seen| (seen.target == "/2.0/user").then(|| step.clone())).await;
    let forge = at(&server);
    let fault = forge.identity().await.unwrap_err();
    assert_eq!((fault.kind, fault.accepted), (FaultKind::Auth, false), "{}", fault.text);
    assert!(forge.server().await.is_ok(), "its challenge shows that it is Bitbucket");

    let (there, gone) = (recorded["repo-200"].clone(), recorded["repo-404"].clone());
    let server = world(move |seen| match seen.target.as_str() {
        "/2.0/repositories/sourcegraph-testing/sourcegraph" => Some(there.clone()),
        "/2.0/repositories/sourcegraph-testing/does-not-exist" => Some(gone.clone()),
        _ => None,
    })
    .await;
    let repository = at(&server).repository(&place("sourcegraph")).await.unwrap();
    assert_eq!((&repository.place, repository.visibility), (&place("sourcegraph"), Some(Visibility::Private)));
    assert_eq!(repository.default_branch.as_deref(), Some("master"));
    assert_eq!(repository.account_pushes, Told::NotTold);
    let fault = at(&server).repository(&place("does-not-exist")).await.unwrap_err();
    assert_eq!((fault.kind, fault.accepted), (FaultKind::NotFound, true), "{}", fault.text);
}

#[tokio::test]
async fn a_name_that_is_taken_is_told_with_400() {
    let Some(recorded) = recordings_of("bitbucket-cloud") else {
        return println!("no recorded responses are kept beside the project");
    };
    let step = recorded["repo-create-400-exists"].clone();
    let server = world(move |seen| match seen.method.as_str() {
        "POST" => Some(step.clone()),
        _ if seen.target.contains("/repositories/sourcegraph-testing/src-cli") => Some(error(404, "not found")),
        _ if seen.target.contains("/projects") => Some(json(200, super::PROJECTS)),
        _ => None,
    })
    .await;
    let new = NewRepository {
        place: place("src-cli"),
        visibility: Visibility::Private,
        readme: false,
        in_organisation: true,
    };
    let fault = at(&server).create(&new).await.unwrap_err();
    assert_eq!((fault.kind, fault.accepted), (FaultKind::NoAccess, true));
    assert!(fault.text.contains("may not see it") && fault.text.contains("nothing was created"), "{}", fault.text);
}
