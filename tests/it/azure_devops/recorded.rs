//! Responses of the real service, recorded by others and kept beside the project. Where they are not kept, the test says
//! so and ends.

use git_access::fact::{Expiry, FaultKind, OwnerPath, Place, Visibility};
use git_access::forge::{Forge, NewRepository, Outside};
use git_access::provider::{Host, Provider};

use super::{CONNECTION, TOKEN, json, no_repository, silent};
use crate::forges::recorded::recordings_of;
use crate::forges::{limits, open};
use crate::support::raw::{Raw, Seen, Step};

const ORGANISATION: &str = "v-anvashist0376";
const PROJECT: &str = "RepoCreateListShowDeleteTests";

fn place(name: &str) -> Place {
    Place { owner: OwnerPath { owner: ORGANISATION.into(), project: Some(PROJECT.into()) }, name: name.into() }
}

/// What the world of the recordings says where nothing was recorded.
fn else_there(seen: &Seen) -> Step {
    match seen.target.split('?').next().unwrap_or_default() {
        path if path.ends_with("/_apis/connectionData") => json(200, CONNECTION),
        path if path.contains("/_apis/projects/") => json(
            200,
            format!(
                r#"{{"id":"b778afa3-eac1-4ff0-92ba-21481d5bfe63","name":"{PROJECT}","state":"wellFormed","visibility":"organization"}}"#
            ),
        ),
        path if path.contains("/repositories/") => no_repository(),
        _ => silent(),
    }
}

async fn world(part: &'static str, step: Step) -> (Raw, std::sync::Arc<dyn Forge>) {
    let server = Raw::start(move |seen| {
        let path = seen.target.split('?').next().unwrap_or_default();
        if path.ends_with(part) { step.clone() } else { else_there(seen) }
    })
    .await;
    let host = Host::parse(&server.origin()).unwrap();
    let api = Provider::AzureDevops.api(&host, None, Some(ORGANISATION));
    let site = git_access::fact::Site { provider: Provider::AzureDevops, host, api, ca_file: None, client_cert: None };
    let forge = open(&site, TOKEN, &Outside::new(None).with_limits(limits()));
    (server, forge)
}

#[tokio::test]
async fn the_lists_of_projects_and_repositories_are_read() {
    let Some(recorded) = recordings_of("azure") else { return println!("no recorded responses are kept here") };
    let (_server, forge) = world("/_apis/projects", recorded["projects-list-200"].clone()).await;
    let page = forge.repositories(&OwnerPath { owner: ORGANISATION.into(), project: None }).await.unwrap();
    assert_eq!((page.rows.len(), page.cut), (12, None));
    assert!(page.rows.iter().any(|row| row.name == PROJECT && row.note == "organization"));

    let (_server, forge) = world("/_apis/git/repositories", recorded["repo-list-200"].clone()).await;
    let page = forge.repositories(&place("x").owner).await.unwrap();
    assert_eq!(page.rows.len(), 11);
    let disabled = page.rows.iter().filter(|row| row.note.ends_with("disabled")).count();
    assert_eq!(disabled, 9, "{:?}", page.rows);
    // Asked by name it is not found; the list tells that it is there.
    let repository = forge.repository(&place("UeUhfBQRUpdated")).await.unwrap();
    assert!(repository.disabled);
    assert_eq!(forge.repository(&place("other")).await.unwrap_err().kind, FaultKind::NotFound);
}

#[tokio::test]
async fn a_repository_that_azure_made_is_read() {
    let Some(recorded) = recordings_of("azure") else { return println!("no recorded responses are kept here") };
    let (server, forge) = world("/_apis/git/repositories", recorded["repo-create-201"].clone()).await;
    let new = NewRepository {
        place: place("KyrgtPBo"),
        visibility: Visibility::Internal,
        readme: false,
        in_organisation: true,
    };
    let repository = forge.create(&new).await.unwrap();
    assert_eq!(repository.place, place("KyrgtPBo"));
    assert_eq!((repository.default_branch, repository.visibility), (None, Some(Visibility::Internal)));
    let sent = server.seen().into_iter().find(|seen| seen.method == "POST").unwrap();
    assert!(sent.body.contains("b778afa3-eac1-4ff0-92ba-21481d5bfe63"), "{}", sent.body);
}

#[tokio::test]
async fn a_project_that_is_not_there_and_a_token_for_all_organisations_are_told() {
    let Some(recorded) = recordings_of("azure") else { return println!("no recorded responses are kept here") };
    let (_server, forge) = world(PROJECT, recorded["project-404-TF200016"].clone()).await;
    let fault = forge.owner(&place("x").owner).await.unwrap_err();
    assert_eq!((fault.kind, fault.accepted), (FaultKind::NotFound, true));
    assert!(fault.text.contains("no such project"), "{}", fault.text);

    // Recorded in 2023, so by its own clock before the end of such tokens.
    let (_server, forge) = world("/profiles/me", recorded["profile-me-200"].clone()).await;
    assert!(
        matches!(forge.expiry().await.unwrap(), Expiry::NoLaterThan(end, _) if end.to_string().starts_with("2026-12-01"))
    );
}
