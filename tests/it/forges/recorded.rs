//! Responses of the real service, recorded by others and kept beside the project: what they say must be read. Where they
//! are not kept, the test says so and ends.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use git_access::fact::{Expiry, FaultKind, Grants, IdentityKind, Membership, Place, Told, Visibility};
use git_access::forge::NewRepository;
use serde_json::Value;

use super::{CANARY, FINE_CANARY, MEMBERSHIP, NOT_FOUND, ORGANISATION, USER, acme, gitops, limits, with};
use crate::support::raw::{Raw, Step};

/// The folder of the recordings of one provider, beside the project or beside what it stands in.
fn folder(provider: &str) -> Option<PathBuf> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    home.ancestors().map(|place| place.join("shared/fixtures").join(provider)).find(|folder| folder.is_dir())
}

fn recordings() -> Option<BTreeMap<String, Step>> {
    recordings_of("github")
}

/// Every recording of a provider by its name, as a step. Lengths and encodings are our own.
pub fn recordings_of(provider: &str) -> Option<BTreeMap<String, Step>> {
    let files = std::fs::read_dir(folder(provider)?).unwrap();
    let steps = files.filter_map(|file| {
        let path = file.unwrap().path();
        let name = path.file_stem()?.to_string_lossy().into_owned();
        let recorded: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let response = &recorded["response"];
        let dropped = ["content-length", "transfer-encoding", "content-encoding", "connection"];
        let headers: Vec<_> = response["headers"]
            .as_array()?
            .iter()
            .filter_map(|pair| Some((pair[0].as_str()?, pair[1].as_str()?)))
            .filter(|(name, _)| !dropped.contains(&name.to_ascii_lowercase().as_str()))
            .collect();
        let status = u16::try_from(response["status"].as_u64()?).unwrap();
        Some((name, Step::answer(status, &headers, response["body"].as_str()?)))
    });
    Some(steps.collect())
}

pub fn body(step: &Step) -> Value {
    let Step::Bytes(bytes) = step else { panic!("{step:?}") };
    serde_json::from_str(String::from_utf8_lossy(bytes).split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// Answers `path` with `step`, and all else as a world with an organisation does.
async fn world(path: &'static str, step: Step) -> Raw {
    Raw::start(move |seen| match seen.target.strip_prefix("/api/v3").unwrap_or(&seen.target) {
        target if target == path => step.clone(),
        "/user" => Step::json(200, USER),
        "/users/acme" => Step::json(200, r#"{"login":"acme","id":2,"type":"Organization"}"#),
        "/users/hub4j-test-org" => Step::json(200, r#"{"login":"hub4j-test-org","id":2,"type":"Organization"}"#),
        "/orgs/acme" => Step::json(200, ORGANISATION),
        "/user/memberships/orgs/acme" | "/user/memberships/orgs/hub4j-test-org" => {
            Step::json(200, MEMBERSHIP.replace("\"login\":\"acme\"", "\"login\":\"hub4j-test-org\""))
        }
        _ => Step::json(404, NOT_FOUND),
    })
    .await
}

#[tokio::test]
async fn the_account_its_scopes_and_its_expiry_are_read() {
    let Some(recorded) = recordings() else { return println!("no recorded responses are kept beside the project") };
    let known = |scopes: &str| Grants::Known(scopes.split(' ').map(str::to_owned).collect());
    let at = |moment: &str| Expiry::At(moment.parse().unwrap());
    for (name, token, grants, expiry) in [
        ("user-200-classic-no-expiry", CANARY, known("delete_repo repo user"), Expiry::Never),
        ("user-200-classic-scopes-expiry-utc", CANARY, known("read:user repo"), at("2023-12-16T21:17:23Z")),
        (
            "user-200-classic-broad-scopes-expiry",
            CANARY,
            known("admin:org delete_repo repo"),
            at("2021-11-10T16:10:38Z"),
        ),
        ("user-200-finegrained-expiry-offset", FINE_CANARY, Grants::NotTold, at("2024-04-12T07:29:42Z")),
    ] {
        let server = world("/user", recorded[name].clone()).await;
        let forge = with(&server, token, limits());
        let identity = forge.identity().await.unwrap();
        assert!(!identity.login.is_empty() && identity.id.parse::<u64>().is_ok(), "{name}");
        assert_eq!(identity.kind, IdentityKind::User, "{name}");
        assert_eq!((forge.grants().await, forge.expiry().await), (Ok(grants), Ok(expiry)), "{name}");
        assert_eq!(server.seen().len(), 1, "{name}");
    }
    for name in ["user-401-bad-credentials", "rate_limit-401-bad-credentials", "authorizations-401-otp"] {
        let server = world("/user", recorded[name].clone()).await;
        let fault = with(&server, CANARY, limits()).identity().await.unwrap_err();
        assert_eq!((fault.kind, fault.accepted, server.seen().len()), (FaultKind::Auth, false, 1), "{name}");
        assert!(fault.text.contains("Request id "), "{}", fault.text);
    }
}

#[tokio::test]
async fn organisations_are_read_and_their_absence_too() {
    let Some(recorded) = recordings() else { return println!("no recorded responses are kept beside the project") };
    let owner = git_access::fact::OwnerPath { owner: "hub4j-test-org".into(), project: None };
    for (name, token) in [("org-200", CANARY), ("org-200-finegrained", FINE_CANARY)] {
        let server = world("/orgs/hub4j-test-org", recorded[name].clone()).await;
        let told = with(&server, token, limits()).owner(&owner).await.unwrap();
        assert_eq!((told.name.as_str(), &told.membership), ("hub4j-test-org", &Membership::Member("member".into())));
        let body = body(&recorded[name]);
        let said = |field: &str| Told::from(body[field].as_bool());
        let expected = (said("members_can_create_repositories"), said("deploy_keys_enabled_for_repositories"));
        assert_eq!((told.creates, told.deploy_keys), expected, "{name}");
    }
    let server = world("/users/acme", recorded["org-404-missing"].clone()).await;
    let fault = with(&server, CANARY, limits()).owner(&acme()).await.unwrap_err();
    assert_eq!((fault.kind, fault.accepted), (FaultKind::NotFound, true));
}

#[tokio::test]
async fn repositories_are_read_and_their_refusals_told_apart() {
    let Some(recorded) = recordings() else { return println!("no recorded responses are kept beside the project") };
    let mut place = gitops();
    place.owner.owner = "EnricoMi".into();
    place.name = "PyGithub".into();
    let server = world("/repos/EnricoMi/PyGithub", recorded["repo-200-finegrained-2026-offset"].clone()).await;
    let repository = with(&server, FINE_CANARY, limits()).repository(&place).await.unwrap();
    assert_eq!((&repository.place, repository.visibility), (&place, Some(Visibility::Public)));
    assert!(repository.default_branch.is_some() && repository.pushed.is_some(), "{repository:?}");
    for (name, kind) in [
        ("repo-404", FaultKind::NotFound),
        ("collaborator-permission-403", FaultKind::NoAccess),
        ("push-403-must-have-push-access", FaultKind::NoAccess),
        ("release-422-already_exists", FaultKind::NoAccess),
    ] {
        let server = world("/repos/acme/gitops", recorded[name].clone()).await;
        let fault = with(&server, CANARY, limits()).repository(&gitops()).await.unwrap_err();
        assert_eq!((fault.kind, fault.accepted), (kind, true), "{name}: {}", fault.text);
    }
    // An answer about something else is none about this repository.
    for name in ["repo-200-finegrained-2026-offset", "org-200", "user-200-classic-no-expiry", "deploy-keys-200"] {
        let server = world("/repos/acme/gitops", recorded[name].clone()).await;
        let fault = with(&server, CANARY, limits()).repository(&gitops()).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::NotTheApi, "{name}");
    }
}

#[tokio::test]
async fn created_repositories_are_read() {
    let Some(recorded) = recordings() else { return println!("no recorded responses are kept beside the project") };
    for (name, path, in_organisation) in [
        ("repo-create-org-201", "/orgs/hub4j-test-org/repos", true),
        ("repo-create-user-201", "/user/repos", false),
        ("repo-create-user-201-finegrained", "/user/repos", false),
    ] {
        let told = body(&recorded[name]);
        let owner = told["owner"]["login"].as_str().unwrap().to_owned();
        let place = Place {
            owner: git_access::fact::OwnerPath { owner, project: None },
            name: told["name"].as_str().unwrap().to_owned(),
        };
        let server = world(path, recorded[name].clone()).await;
        let new =
            NewRepository { place: place.clone(), visibility: Visibility::Private, readme: false, in_organisation };
        // Some names were replaced by placeholders when the recording was published: no owner has such a name.
        match with(&server, CANARY, limits()).create(&new).await {
            Ok(repository) => assert_eq!(repository.place, place, "{name}"),
            Err(fault) => {
                assert!(place.owner.owner.contains('<') || place.name.contains('<'), "{name}: {}", fault.text);
            }
        }
    }
}
