//! Responses of a real Forgejo 10, recorded by others and kept beside the project. Where they are not kept, the test says
//! so and ends.

use git_access::fact::{FaultKind, IdentityKind, OwnerPath, Place, Told, Visibility};
use git_access::forge::NewRepository;

use super::{at, missing, world};
use crate::forges::recorded::recordings_of;

fn place(name: &str) -> Place {
    Place { owner: OwnerPath { owner: "packit-validator".into(), project: None }, name: name.into() }
}

#[tokio::test]
async fn what_forgejo_said_is_read() {
    let Some(recorded) = recordings_of("gitea") else { return println!("no recorded responses are kept here") };
    let step = |name: &str| recorded[name].clone();
    let user = step("forgejo10-user-200");
    let server = world(move |seen| (seen.target == "/api/v1/user").then(|| user.clone())).await;
    let identity = at(&server).identity().await.unwrap();
    assert_eq!((identity.login.as_str(), identity.id.as_str(), identity.kind), ("mfocko", "601", IdentityKind::User));

    let there = step("forgejo10-repo-200");
    let gone = step("forgejo10-repo-404");
    let server = world(move |seen| match seen.target.as_str() {
        "/api/v1/repos/packit-validator/ogr-tests" => Some(there.clone()),
        "/api/v1/repos/packit-validator/test" => Some(gone.clone()),
        _ => None,
    })
    .await;
    let repository = at(&server).repository(&place("ogr-tests")).await.unwrap();
    assert_eq!((&repository.place, repository.visibility), (&place("ogr-tests"), Some(Visibility::Public)));
    assert_eq!((repository.account_pushes, repository.account_administers), (Told::No, Told::No));
    assert_eq!(repository.default_branch.as_deref(), Some("master"));
    let fault = at(&server).repository(&place("test")).await.unwrap_err();
    assert_eq!((fault.kind, fault.accepted), (FaultKind::NotFound, true));
}

#[tokio::test]
async fn a_repository_that_forgejo_made_is_read() {
    let Some(recorded) = recordings_of("gitea") else { return println!("no recorded responses are kept here") };
    let made = recorded["forgejo10-repo-create-201"].clone();
    let server = world(move |seen| match (seen.method.as_str(), seen.target.as_str()) {
        ("POST", "/api/v1/user/repos") => Some(made.clone()),
        (_, target) if target.ends_with("/test") => Some(missing()),
        _ => None,
    })
    .await;
    let new =
        NewRepository { place: place("test"), visibility: Visibility::Private, readme: false, in_organisation: false };
    let repository = at(&server).create(&new).await.unwrap();
    assert_eq!((&repository.place, repository.account_pushes), (&place("test"), Told::Yes));
}
