//! What refusals mean here: the four lies, the statuses with several causes, and the words that tell them apart.

use git_access::fact::{FaultKind, OwnerPath, Place, Service, Visibility};
use git_access::forge::NewRepository;

use super::{
    REALM, at, json, no_repository, owner, page_not_found, place, refusal, repository, silent, with_headers, world,
};
use crate::support::raw::{Raw, Seen, Step};

const HTML: &str = "text/html; charset=utf-8";
const WAY: &str = "https://spsprodweu1.vssps.visualstudio.com/_signin?realm=dev.azure.com";

fn sign_in() -> Step {
    with_headers(203, HTML, &[], "<!DOCTYPE html><title>Azure DevOps Services | Sign In</title>")
}

fn anonymous() -> Step {
    let nobody = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa";
    json(
        200,
        format!(
            r#"{{"authenticatedUser":{{"id":"{nobody}","descriptor":"System:PublicAccess;{nobody}","providerDisplayName":"Anonymous","properties":{{}}}},"instanceId":"00000003-0000-4000-8000-000000000001","deploymentType":"hosted"}}"#
        ),
    )
}

async fn told_who(step: Step) -> Raw {
    world(move |seen: &Seen| seen.target.contains("connectionData").then(|| step.clone())).await
}

/// A token that is not taken is refused in four ways, none of which is a plain refusal. Nothing is asked with it again.
#[tokio::test]
async fn the_four_lies_are_seen_through() {
    for (name, step) in [
        ("203 with a page", sign_in()),
        ("302 to the page", Step::answer(302, &[("Location", WAY)], "")),
        ("401 without a word", silent()),
        ("200 for nobody", anonymous()),
    ] {
        let server = told_who(step).await;
        let forge = at(&server);
        let fault = forge.identity().await.unwrap_err();
        assert_eq!((fault.kind, fault.accepted), (FaultKind::Auth, false), "{name}: {fault:?}");
        assert!(fault.text.contains("does not tell whether") && fault.remedy.is_some(), "{name}: {}", fault.text);
        for outcome in [
            forge.grants().await.map(|_| ()),
            forge.expiry().await.map(|_| ()),
            forge.owner(&owner()).await.map(|_| ()),
            forge.owners().await.map(|_| ()),
            forge.repositories(&owner()).await.map(|_| ()),
            forge.repository(&place()).await.map(|_| ()),
            forge.refs(&place(), Service::Read, "o").await.map(|_| ()),
            forge.right(&place(), "vso.code", true).await.map(|_| ()),
        ] {
            assert_eq!(outcome.unwrap_err().kind, FaultKind::Auth, "{name}");
        }
        assert_eq!(server.seen().len(), 1, "{name}: it was shown once");
    }
}

#[tokio::test]
async fn what_is_said_about_the_token_is_believed() {
    let sentence = "Access Denied: The Personal Access Token used has expired.";
    let header = "Access%20Denied%3A+The+Personal+Access+Token+used+has+expired.";
    for (name, step, kind) in [
        ("in the header", Step::answer(401, &[REALM, ("X-TFS-ServiceError", header)], ""), FaultKind::Expired),
        ("in JSON with a mark", refusal(401, "AccessCheckException", sentence), FaultKind::Expired),
        ("on a page", with_headers(401, HTML, &[REALM], format!("<html>{sentence}</html>")), FaultKind::Expired),
        (
            "a foreign account",
            refusal(
                401,
                "UnauthorizedRequestException",
                "TF400813: The user 'x' is not authorized to access this resource.",
            ),
            FaultKind::NoAccess,
        ),
        ("a policy", refusal(403, "X", "globalPatPolicyViolation"), FaultKind::TokenPolicy),
        ("a wrong organisation", page_not_found(), FaultKind::NotFound),
        (
            "a limit",
            with_headers(429, HTML, &[("Retry-After", "3600")], "TF400733: The request has been canceled"),
            FaultKind::RateLimit,
        ),
        (
            "a page of somebody else",
            Step::answer(203, &[("Content-Type", HTML)], "<html><title>Wi-Fi</title>"),
            FaultKind::NotTheApi,
        ),
        ("another host", Step::answer(302, &[("Location", "https://evil.example/")], ""), FaultKind::Redirect),
        (
            "IIS",
            with_headers(
                401,
                HTML,
                &[("WWW-Authenticate", "NTLM")],
                "401 - Unauthorized: Access is denied due to invalid credentials.",
            ),
            FaultKind::Auth,
        ),
    ] {
        let server = told_who(step).await;
        let fault = at(&server).identity().await.unwrap_err();
        assert_eq!((fault.kind, fault.accepted), (kind, false), "{name}: {fault:?}");
    }
}

/// The very refusal of a dead token means a missing scope once the token was taken.
#[tokio::test]
async fn a_missing_scope_is_told_by_the_order() {
    let scopeless = |seen: &Seen| (!seen.target.contains("connectionData")).then(silent);
    let server = world(scopeless).await;
    let forge = at(&server);
    for (what, fault) in [
        ("owner", forge.owner(&owner()).await.unwrap_err()),
        ("repository", forge.repository(&place()).await.unwrap_err()),
        ("repositories", forge.repositories(&owner()).await.unwrap_err()),
        ("read", forge.refs(&place(), Service::Read, "o").await.unwrap_err()),
        ("write", forge.refs(&place(), Service::Write, "o").await.unwrap_err()),
        ("vso.code", forge.right(&place(), "vso.code", true).await.unwrap_err()),
    ] {
        assert_eq!((fault.kind, fault.accepted), (FaultKind::MissingScope, true), "{what}: {fault:?}");
    }
    assert!(forge.identity().await.is_ok());
    // Where the account is named along, the token was taken whatever came before.
    let named = [REALM, ("X-VSS-UserData", "00000001-0000-4000-8000-000000000001:o@acme.example")];
    let server = told_who(Step::answer(401, &named, "")).await;
    assert_eq!(at(&server).identity().await.unwrap_err().kind, FaultKind::MissingScope);
    // The page to sign in after the token was taken leaves two causes, and says so.
    let server = world(|seen| seen.target.contains("/git/repositories").then(sign_in)).await;
    let fault = at(&server).repository(&place()).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::MissingScope);
    assert!(fault.text.contains("does not tell whether"), "{}", fault.text);
}

#[tokio::test]
async fn refusals_about_a_repository_are_told_apart() {
    for (name, step, kind, part) in [
        ("missing", no_repository(), FaultKind::NotFound, "does not find"),
        (
            "no project",
            refusal(
                404,
                "ProjectDoesNotExistException",
                "VS800075: The project with id 'vstfs:///x' does not exist, or you do not have permission to access it.",
            ),
            FaultKind::NotFound,
            "no such project",
        ),
        (
            "no project, with 400",
            refusal(400, "ProjectDoesNotExistWithNameException", "TF200016: The following project does not exist: x."),
            FaultKind::NotFound,
            "no such project",
        ),
        ("too much in the address", page_not_found(), FaultKind::NotFound, "or not the repository"),
        (
            "not allowed",
            refusal(
                403,
                "GitNeedsPermissionException",
                "TF401027: You need the Git 'GenericRead' permission to perform this action. Details: identity 'x', scope 'repository'.",
            ),
            FaultKind::NoAccess,
            "GenericRead",
        ),
        ("older words", json(403, r#"{"value":{"Message":"Stay out."}}"#), FaultKind::NoAccess, "Stay out."),
        ("a proxy", Step::answer(403, &[("Content-Type", HTML)], "<html>blocked"), FaultKind::NotTheApi, "web page"),
        (
            "in maintenance",
            json(200, repository("gitops", ",\"isInMaintenance\":true")),
            FaultKind::Server,
            "maintenance",
        ),
        ("another one", json(200, repository("other", "")), FaultKind::NotTheApi, "not the repository"),
    ] {
        let server = world(move |seen| {
            let one = seen.target.contains("/git/repositories/");
            one.then(|| step.clone())
        })
        .await;
        let fault = at(&server).repository(&place()).await.unwrap_err();
        assert!(fault.kind == kind && fault.text.contains(part), "{name}: {fault:?}");
        assert!(fault.remedy.is_some(), "{name}");
    }
}

/// A disabled repository is listed and otherwise as if it were not there.
#[tokio::test]
async fn a_disabled_repository_is_told_from_a_missing_one() {
    for (more, disabled) in [(",\"isDisabled\":true", true), ("", false)] {
        let rows = super::list(&[repository("gitops", more)]);
        let server = world(move |seen| {
            if seen.target.contains("/git/repositories/") {
                return Some(no_repository());
            }
            seen.target.contains("/git/repositories").then(|| json(200, &rows))
        })
        .await;
        match at(&server).repository(&place()).await {
            Ok(repository) => assert!(disabled && repository.disabled),
            Err(fault) => assert!(!disabled && fault.kind == FaultKind::NotFound, "{fault:?}"),
        }
    }
}

#[tokio::test]
async fn refusals_to_create_are_told_apart() {
    let new = |readme| NewRepository { place: place(), visibility: Visibility::Private, readme, in_organisation: true };
    for (name, step, kind, part) in [
        ("no scope", silent(), FaultKind::MissingScope, "scopes"),
        (
            "no permission",
            refusal(
                403,
                "GitNeedsPermissionException",
                "TF401027: You need the Git 'CreateRepository' permission to perform this action. Details: identity 'x', scope 'project'.",
            ),
            FaultKind::NoAccess,
            "CreateRepository",
        ),
        (
            "taken",
            refusal(
                409,
                "GitRepositoryNameAlreadyExistsException",
                "TF400948: A Git repository with the name gitops already exists.",
            ),
            FaultKind::NoAccess,
            "exists already",
        ),
        (
            "a name",
            refusal(400, "InvalidGitRepositoryNameException", "TF401025: The name is not valid."),
            FaultKind::NoAccess,
            "TF401025",
        ),
    ] {
        let server = world(move |seen| (seen.method == "POST").then(|| step.clone())).await;
        let fault = at(&server).create(&new(false)).await.unwrap_err();
        assert!(fault.kind == kind && fault.text.contains(part) && fault.accepted, "{name}: {fault:?}");
        assert_eq!(server.seen().iter().filter(|seen| seen.method == "POST").count(), 1, "{name}");
    }
    // What was made before the first commit was refused is named.
    let server = world(|seen| match (seen.method.as_str(), seen.target.contains("/pushes")) {
        ("POST", true) => Some(refusal(
            403,
            "GitRefUpdateRejectedByPolicyException",
            "TF402455: Pushes to this branch are not permitted; you must use a pull request to update this branch.",
        )),
        ("POST", false) => Some(json(201, repository("gitops", ""))),
        _ => None,
    })
    .await;
    let fault = at(&server).create(&new(true)).await.unwrap_err();
    assert!(fault.text.contains("was created") && fault.text.contains("branch policy"), "{}", fault.text);
}

/// The right to contribute is refused inside git's own listing.
#[tokio::test]
async fn what_git_is_told_is_read() {
    let line = "TF401027: You need the Git 'GenericContribute' permission to perform this action. Details: identity 'x', scope 'repository'.\n";
    let inside = format!("001f# service=git-receive-pack\n0000{:04x}{line}", line.len() + 4);
    for (name, step, kind, part) in [
        (
            "inside a listing",
            Step::answer(403, &[("Content-Type", "application/x-git-receive-pack-advertisement")], &inside),
            FaultKind::NoAccess,
            "GenericContribute",
        ),
        (
            "missing",
            Step::answer(
                404,
                &[("Content-Type", "text/plain")],
                "TF401019: The Git repository with name or identifier x does not exist",
            ),
            FaultKind::NotFound,
            "does not find",
        ),
        ("no scope", Step::answer(401, &[REALM], ""), FaultKind::MissingScope, "Pushing to"),
        ("a page", sign_in(), FaultKind::MissingScope, "sign-in page"),
        ("the way to the page", Step::answer(302, &[("Location", WAY)], ""), FaultKind::MissingScope, "sign-in page"),
        ("somebody's 401", Step::answer(401, &[], "no"), FaultKind::NotTheApi, ""),
        ("somebody's page", Step::answer(404, &[("Content-Type", HTML)], "<html>"), FaultKind::NotTheApi, ""),
        ("trouble", Step::answer(503, &[], ""), FaultKind::Server, ""),
    ] {
        let server = world(move |seen| seen.target.contains("/info/refs").then(|| step.clone())).await;
        let fault = at(&server).refs(&place(), Service::Write, "octocat").await.unwrap_err();
        assert!(fault.kind == kind && fault.text.contains(part), "{name}: {fault:?}");
    }
}

#[tokio::test]
async fn nobody_is_asked_about_what_cannot_be_a_name_or_is_elsewhere() {
    let server = world(|_| None).await;
    let forge = at(&server);
    let named = |owner: &str, project: &str, name: &str| Place {
        owner: OwnerPath { owner: owner.into(), project: Some(project.into()) },
        name: name.into(),
    };
    for place in
        [named("acme/x", "p", "n"), named("acme", "a/b", "n"), named("acme", "p", "_n"), named("other", "p", "n")]
    {
        assert_eq!(forge.repository(&place).await.unwrap_err().kind, FaultKind::NotFound, "{place:?}");
    }
    assert!(server.seen().is_empty());
}

/// An answer that says when to come again is waited for, within reason; 401 is never asked again.
#[tokio::test]
async fn limits_and_troubles_are_waited_out_and_refusals_are_not() {
    for (status, headers, times) in [(429, vec![("Retry-After", "0")], 3), (503, vec![], 3), (401, vec![REALM], 1)] {
        let server =
            world(move |seen| seen.target.contains("connectionData").then(|| Step::answer(status, &headers, ""))).await;
        let forge = at(&server);
        let fault = forge.identity().await.unwrap_err();
        assert_eq!(server.seen().len(), times, "{status}: {fault:?}");
    }
    let flaky = std::sync::atomic::AtomicUsize::new(0);
    let server = world(move |seen| {
        let first =
            seen.target.contains("connectionData") && flaky.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
        first.then(|| Step::answer(429, &[("Retry-After", "0")], ""))
    })
    .await;
    assert!(at(&server).identity().await.is_ok());
}
