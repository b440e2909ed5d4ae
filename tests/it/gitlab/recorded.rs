//! Responses of gitlab.com, recorded by others and kept beside the project: what they say must be read.

use git_access::fact::{FaultKind, IdentityKind, OwnerPath, Place, Visibility};
use git_access::forge::NewRepository;

use super::{at, json, token, world};
use crate::forges::gitops;
use crate::forges::recorded::{body, recordings_of};
use crate::support::raw::Step;

#[tokio::test]
async fn accounts_projects_and_refusals_are_read() {
    let Some(recorded) = recordings_of("gitlab") else {
        return println!("no recorded responses are kept beside the project");
    };
    let told = body(&recorded["user-200"]);
    let number = told["id"].as_u64().unwrap();
    let step = recorded["user-200"].clone();
    let server = world(move |seen| match seen.target.as_str() {
        "/api/v4/user" => Some(step.clone()),
        "/api/v4/personal_access_tokens/self" => {
            Some(json(200, token("\"api\"", "null").replace("\"user_id\":7", &format!("\"user_id\":{number}"))))
        }
        _ => None,
    })
    .await;
    let identity = at(&server).identity().await.unwrap();
    assert_eq!(Some(identity.login.as_str()), told["username"].as_str());
    assert_eq!((identity.id, identity.kind), (number.to_string(), IdentityKind::User));

    for (name, kind, accepted) in [
        ("user-401", FaultKind::Auth, false),
        ("project-404", FaultKind::NotFound, true),
        ("issue-create-403", FaultKind::NoAccess, true),
        ("oauth-token-info-200", FaultKind::NotTheApi, false),
        ("members-all-200", FaultKind::NotTheApi, false),
        ("user-200", FaultKind::NotTheApi, false),
    ] {
        let step: Step = recorded[name].clone();
        let server = world(move |seen| seen.target.contains("/projects/").then(|| step.clone())).await;
        let fault = at(&server).repository(&gitops()).await.unwrap_err();
        assert_eq!((fault.kind, fault.accepted), (kind, accepted), "{name}: {}", fault.text);
    }
}

#[tokio::test]
async fn a_created_project_is_read() {
    let Some(recorded) = recordings_of("gitlab") else {
        return println!("no recorded responses are kept beside the project");
    };
    let told = body(&recorded["project-create-201"]);
    let owner = told["namespace"]["full_path"].as_str().unwrap().to_owned();
    let place = Place { owner: OwnerPath { owner, project: None }, name: told["path"].as_str().unwrap().to_owned() };
    let step = recorded["project-create-201"].clone();
    let server = world(move |seen| (seen.method == "POST").then(|| step.clone())).await;
    let new =
        NewRepository { place: place.clone(), visibility: Visibility::Private, readme: false, in_organisation: false };
    let made = at(&server).create(&new).await.unwrap();
    assert_eq!((made.place, made.id), (place, Some(told["id"].to_string())));
}
