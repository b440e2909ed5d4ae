//! Responses of a real Bitbucket Server, recorded by others and kept beside the project. Where they are not kept, the test
//! says so and ends.

use git_access::fact::{Place, Visibility};

use super::{at, project, world};
use crate::forges::recorded::recordings_of;

#[tokio::test]
async fn a_repository_and_whose_token_asked_are_read() {
    let Some(recorded) = recordings_of("bitbucket-dc") else {
        return println!("no recorded responses are kept beside the project");
    };
    let step = recorded["repo-200"].clone();
    let place = Place { owner: project("PUBLIC"), name: "archived-repo".into() };
    let server = world(move |seen| seen.target.ends_with("/repos/archived-repo").then(|| step.clone())).await;
    let repository = at(&server).repository(&place).await.unwrap();
    assert_eq!((&repository.place, repository.id.as_deref()), (&place, Some("10073")));
    assert_eq!((repository.visibility, repository.disabled), (Some(Visibility::Private), false));
    // Version 6 knew no archive, and says nothing about one.
    assert!(!repository.archived);
}
