//! What is told where all is well: identity, owner, lists, repository, creation; and how it is asked.

use std::time::Duration;

use git_access::fact::{
    Expiry, FaultKind, Grants, IdentityKind, Membership, OwnerKind, OwnerPath, Place, Right, Service, Told, Visibility,
};
use git_access::forge::{Limits, NewRepository};

use super::{
    CONNECTION, PROJECT, TOKEN, at, json, list, no_repository, owner, place, refusal, repository, silent, with,
    with_headers, world,
};
use crate::forges::limits;
use crate::support::raw::{Seen, Step};

fn new(readme: bool) -> NewRepository {
    NewRepository { place: place(), visibility: Visibility::Private, readme, in_organisation: true }
}

fn is(seen: &Seen, method: &str, part: &str) -> bool {
    seen.method == method && seen.target.contains(part)
}

#[tokio::test]
async fn everything_about_a_good_token_is_told() {
    let server = world(|_| None).await;
    let forge = at(&server);
    assert_eq!(forge.server().await.unwrap().product, "Azure DevOps Services");
    let identity = forge.identity().await.unwrap();
    assert_eq!((identity.login.as_str(), identity.kind), ("octocat@acme.example", IdentityKind::User));
    assert_eq!((forge.grants().await, forge.expiry().await), (Ok(Grants::NotTold), Ok(Expiry::NotTold)));
    let told = forge.owner(&owner()).await.unwrap();
    assert_eq!((told.kind, told.membership, told.creates), (OwnerKind::Organisation, Membership::NotTold, Told::Yes));
    assert_eq!(told.id, "00000003-0000-4000-8000-000000000001");
    let there = forge.repository(&place()).await.unwrap();
    assert_eq!((there.place, there.default_branch, there.disabled), (place(), None, false));
    assert_eq!((there.account_deletes, there.visibility), (Told::Yes, Some(Visibility::Private)));
    for service in [Service::Read, Service::Write] {
        assert_eq!(forge.refs(&place(), service, "octocat").await.unwrap().names, ["refs/heads/main"]);
    }
    for scope in ["vso.code", "vso.project", "vso.profile"] {
        assert_eq!(forge.right(&place(), scope, true).await, Ok(Right::Held), "{scope}");
    }
    assert!(matches!(forge.right(&place(), "vso.code_manage", true).await, Ok(Right::NotTold(_))));
    // Who asks is asked once; and no request that must be refused is made.
    let asked = server.seen();
    assert_eq!(asked.iter().filter(|seen| seen.target.contains("connectionData")).count(), 2, "one of them anonymous");
    assert!(asked.iter().all(|seen| seen.method == "GET"));
}

#[tokio::test]
async fn every_request_asks_for_a_status_instead_of_a_redirect_and_signs_as_it_must() {
    let server = world(|_| None).await;
    let forge = at(&server);
    forge.repository(&place()).await.unwrap();
    forge.refs(&place(), Service::Write, "octocat").await.unwrap();
    forge.server().await.unwrap();
    for seen in server.seen() {
        let head = seen.head.to_ascii_lowercase();
        assert!(head.contains("x-tfs-fedauthredirect: suppress"), "{}", seen.head);
        assert!(!head.contains("forcemsapassthrough"));
    }
    // base64 of ":" and the token; and of "octocat:" and the token.
    assert!(server.carrying("Authorization: Basic OmNh") + server.carrying("authorization: Basic OmNh") > 0);
    assert!(server.carrying("uthorization: Basic b2N0b2NhdDpj") == 1);

    let entra = world(|_| None).await;
    with(&entra, "eyJhbGciOi.eyJhdWQi.c2ln", limits()).identity().await.unwrap();
    assert_eq!(entra.carrying("uthorization: Bearer eyJhbGciOi"), 1);
}

#[tokio::test]
async fn identities_are_told_apart_by_their_descriptor() {
    for (descriptor, account, login, kind) in [
        ("Microsoft.IdentityModel.Claims.ClaimsIdentity;t\\\\a@b.c", "a@b.c", "a@b.c", IdentityKind::User),
        ("System.Security.Principal.WindowsIdentity;S-1-5-21", "ACME\\\\octocat", "ACME\\octocat", IdentityKind::User),
        ("Microsoft.TeamFoundation.ServiceIdentity;x:Build:y", "", "Octo Cat", IdentityKind::Bot),
        ("Microsoft.VisualStudio.Services.Claims.AadServicePrincipal;t\\\\app", "", "app", IdentityKind::App),
    ] {
        let body = CONNECTION
            .replace(
                "Microsoft.IdentityModel.Claims.ClaimsIdentity;00000004-0000-4000-8000-000000000001\\\\octocat@acme.example",
                descriptor,
            )
            .replace("\"$value\":\"octocat@acme.example\"", &format!("\"$value\":\"{account}\""));
        let server = world(move |seen| is(seen, "GET", "connectionData").then(|| json(200, &body))).await;
        let identity = at(&server).identity().await.unwrap();
        assert_eq!((identity.login.as_str(), identity.kind), (login, kind), "{descriptor}");
    }
}

#[tokio::test]
async fn projects_come_in_parts_and_the_new_repository_of_a_project_first() {
    let server = world(|seen| {
        if !is(seen, "GET", "/_apis/projects?") {
            return None;
        }
        let row = |name: &str| PROJECT.replace("platform", name);
        Some(if seen.target.contains("continuationToken=100%20%2B%26%3D&") {
            json(200, list(&[row("third")]))
        } else {
            let next = [("x-ms-continuationtoken", "100 +&=")];
            with_headers(200, "application/json; charset=utf-8", &next, list(&[row("first"), row("My Project")]))
        })
    })
    .await;
    let page = at(&server).repositories(&OwnerPath { owner: "acme".into(), project: None }).await.unwrap();
    let names: Vec<_> = page.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!((names, page.cut), (vec!["first", "My Project", "third"], None));

    let rows = [
        repository("archive", ",\"defaultBranch\":\"refs/heads/main\""),
        repository("platform", ""),
        repository("off", ",\"isDisabled\":true"),
    ];
    let server = world(move |seen| is(seen, "GET", "/git/repositories").then(|| json(200, list(&rows)))).await;
    let page = at(&server).repositories(&owner()).await.unwrap();
    let told: Vec<_> = page.rows.iter().map(|row| (row.name.as_str(), row.note.as_str())).collect();
    assert_eq!(told, [("platform", "private, empty"), ("archive", "private"), ("off", "private, disabled")]);
}

/// A list that names the same next part for ever ends all the same.
#[tokio::test]
async fn a_list_that_goes_round_ends() {
    let server = world(|seen| {
        let next = [("x-ms-continuationtoken", "same")];
        is(seen, "GET", "/_apis/projects?")
            .then(|| with_headers(200, "application/json", &next, list(&[PROJECT.to_owned()])))
    })
    .await;
    let page = at(&server).repositories(&OwnerPath { owner: "acme".into(), project: None }).await.unwrap();
    assert_eq!(page.rows.len(), 2);
}

#[tokio::test]
async fn a_token_for_all_organisations_lists_them_and_ends_with_all_of_its_sort() {
    let profile = r#"{"displayName":"O","publicAlias":"00000001-0000-4000-8000-000000000001","emailAddress":"o@acme.example","coreRevision":1,"id":"00000001-0000-4000-8000-000000000001","revision":1}"#;
    let accounts = r#"{"count":1,"value":[{"accountId":"00000003-0000-4000-8000-000000000001","accountName":"acme"}]}"#;
    for (date, global) in [("Sat, 21 Nov 2026 08:00:00 GMT", true), ("Wed, 02 Dec 2026 08:00:00 GMT", false)] {
        let server = world(move |seen| {
            let dated = |body: &str| with_headers(200, "application/json", &[("Date", date)], body);
            match seen.target.split('?').next()? {
                "/_apis/profile/profiles/me" => Some(dated(profile)),
                "/_apis/accounts" => Some(dated(accounts)),
                _ => None,
            }
        })
        .await;
        let forge = at(&server);
        let expiry = forge.expiry().await.unwrap();
        assert_eq!(matches!(expiry, Expiry::NoLaterThan(..)), global, "{expiry:?}");
        let page = forge.owners().await.unwrap();
        assert_eq!((page.rows[0].name.as_str(), page.cut), ("acme", None));
    }
    // One organisation's own token is refused there, which says nothing about it.
    let server = world(|_| None).await;
    let page = at(&server).owners().await.unwrap();
    assert!(page.rows.is_empty() && page.cut.unwrap().contains("lists no others"));
    assert!(at(&server).identity().await.is_ok());
}

#[tokio::test]
async fn older_servers_are_asked_in_their_own_version() {
    let server = world(|seen| {
        let too_new = ["7.1", "7.0", "6.0"].iter().any(|version| seen.target.contains(&format!("api-version={version}")));
        let text = "The requested REST API version of 7.1 is out of range for this server. The latest REST API version this server supports is 5.0.";
        too_new.then(|| refusal(400, "VssVersionOutOfRangeException", text))
    })
    .await;
    let forge = at(&server);
    forge.repository(&place()).await.unwrap();
    forge.owner(&owner()).await.unwrap();
    let asked = server.seen().iter().filter(|seen| seen.target.contains("api-version=7.1")).count();
    assert_eq!(asked, 1, "what was learned once is not tried again");

    let preview = world(|seen| {
        let plain = is(seen, "GET", "/_apis/permissions/") && !seen.target.contains("-preview");
        let text = "The requested version 7.1 of the resource is under preview. The -preview flag must be supplied in the api-version for such requests.";
        plain.then(|| refusal(400, "VssInvalidPreviewVersionException", text))
    })
    .await;
    assert_eq!(at(&preview).owner(&owner()).await.unwrap().creates, Told::Yes);
}

#[tokio::test]
async fn a_permission_that_may_not_be_asked_about_is_not_told() {
    for (step, told) in [
        (silent(), Told::NotTold),
        (json(200, r#"{"count":1,"value":[false]}"#), Told::No),
        (json(200, r#"{"count":0,"value":[]}"#), Told::NotTold),
        (json(200, r#"{"count":2,"value":[true,true]}"#), Told::NotTold),
        (json(200, r#"{"count":1,"value":["true"]}"#), Told::NotTold),
        (refusal(403, "AccessCheckException", "TF50309"), Told::NotTold),
        (json(500, "{}"), Told::NotTold),
    ] {
        let server = world(move |seen| is(seen, "GET", "/_apis/permissions/").then(|| step.clone())).await;
        assert_eq!(at(&server).owner(&owner()).await.unwrap().creates, told);
        assert_eq!(at(&server).repository(&place()).await.unwrap().account_deletes, told);
    }
}

#[tokio::test]
async fn without_the_right_to_see_projects_the_repositories_name_theirs() {
    let server = world(|seen| is(seen, "GET", "/_apis/projects").then(silent)).await;
    let told = at(&server).owner(&owner()).await.unwrap();
    assert_eq!(told.creates, Told::Yes);
    let page = at(&server).repositories(&OwnerPath { owner: "acme".into(), project: None }).await.unwrap();
    assert!(page.rows.is_empty() && page.cut.unwrap().contains("can be typed"));
}

#[tokio::test]
async fn spaces_are_encoded_once_in_every_address() {
    let named = r#"{"id":"00000002-0000-4000-8000-000000000001","name":"My Project","state":"wellFormed"}"#;
    let server = world(move |seen| match seen.target.split('?').next()? {
        "/acme/_apis/projects/My%20Project" => Some(json(200, named)),
        "/acme/My%20Project/_apis/git/repositories/a%20b" => {
            Some(json(200, repository("a b", "").replace(PROJECT, named)))
        }
        "/acme/My%20Project/_git/a%20b/info/refs" => Some(crate::support::raw::listing("upload-pack")),
        _ => None,
    })
    .await;
    let there =
        Place { owner: OwnerPath { owner: "acme".into(), project: Some("My Project".into()) }, name: "a b".into() };
    let forge = at(&server);
    assert_eq!(forge.repository(&there).await.unwrap().place, there);
    forge.owner(&there.owner).await.unwrap();
    forge.refs(&there, Service::Read, "o").await.unwrap();
}

#[tokio::test]
async fn a_repository_is_created_in_its_project_and_proves_the_scope() {
    let server = world(|seen| match (seen.method.as_str(), seen.target.contains("/pushes")) {
        ("POST", false) => Some(json(201, repository("gitops", ""))),
        ("POST", true) => Some(json(201, r#"{"pushId":1}"#)),
        _ => None,
    })
    .await;
    let forge = at(&server);
    let made = forge.create(&new(false)).await.unwrap();
    assert_eq!((made.place, made.account_deletes), (place(), Told::Yes));
    assert_eq!(forge.right(&place(), "vso.code_manage", true).await, Ok(Right::Held));
    let sent = server.seen().into_iter().find(|seen| seen.method == "POST").unwrap();
    assert!(sent.target.starts_with("/acme/platform/_apis/git/repositories?api-version="), "{}", sent.target);
    let body: serde_json::Value = serde_json::from_str(&sent.body).unwrap();
    assert_eq!(body, serde_json::json!({"name": "gitops", "project": {"id": "00000002-0000-4000-8000-000000000001"}}));

    let with_readme = forge.create(&new(true)).await.unwrap();
    assert_eq!(with_readme.default_branch.as_deref(), Some("main"));
    // A repository is as visible as its project: nothing is sent where the two differ.
    let before = server.seen().iter().filter(|seen| seen.method == "POST").count();
    let open = NewRepository { visibility: Visibility::Public, ..new(false) };
    let fault = forge.create(&open).await.unwrap_err();
    assert!(fault.kind == FaultKind::NoAccess && fault.text.contains("private"), "{}", fault.text);
    assert_eq!(server.seen().iter().filter(|seen| seen.method == "POST").count(), before);
}

#[tokio::test]
async fn a_creation_without_an_answer_is_looked_up_and_not_sent_again() {
    for there in [true, false] {
        let server = world(move |seen| {
            if seen.method == "POST" {
                return Some(Step::Reset);
            }
            (!there && seen.target.contains("/repositories")).then(no_repository)
        })
        .await;
        let outcome = at(&server).create(&new(false)).await;
        assert_eq!(outcome.is_ok(), there, "{outcome:?}");
        assert_eq!(server.seen().iter().filter(|seen| seen.method == "POST").count(), 1);
    }
}

#[tokio::test]
async fn answers_may_take_four_times_as_long_as_elsewhere() {
    let late = |seen: &Seen| {
        let step = Box::new(json(200, CONNECTION));
        is(seen, "GET", "connectionData").then(|| Step::After(Duration::from_millis(900), step))
    };
    let server = world(late).await;
    let short = Limits { total: Duration::from_millis(600), ..limits() };
    assert!(with(&server, TOKEN, short).identity().await.is_ok());
}

/// Who comes near a limit is answered, later than usual, and asked to wait before the next request.
#[tokio::test]
async fn a_wish_to_be_left_alone_is_honoured_with_the_next_request() {
    let server = world(|seen| {
        let asked = [("Retry-After", "1"), ("X-RateLimit-Resource", "tfs"), ("X-RateLimit-Remaining", "0")];
        is(seen, "GET", "connectionData").then(|| with_headers(200, "application/json", &asked, CONNECTION))
    })
    .await;
    let forge = at(&server);
    forge.identity().await.unwrap();
    forge.repository(&place()).await.unwrap();
    let seen = server.seen();
    assert!(seen[1].at.duration_since(seen[0].at) >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_server_of_ones_own_is_told_by_what_it_says_of_itself() {
    let own = CONNECTION.replace("hosted", "onPremises");
    for (step, product) in [
        (json(200, &own), Ok("Azure DevOps Server")),
        (silent(), Ok("Azure DevOps")),
        (Step::answer(401, &[super::REALM], ""), Ok("Azure DevOps")),
        (
            Step::answer(
                302,
                &[("Location", "https://x.vssps.visualstudio.com/_signin"), ("X-TFS-ProcessId", "1")],
                "",
            ),
            Ok("Azure DevOps"),
        ),
        (Step::answer(401, &[("WWW-Authenticate", "NTLM")], "<html>"), Err(FaultKind::NotFound)),
        (Step::answer(401, &[("WWW-Authenticate", "Basic realm=\"x\"")], ""), Err(FaultKind::NotTheApi)),
        (Step::answer(302, &[("Location", "https://evil.example/_signin")], ""), Err(FaultKind::NotTheApi)),
    ] {
        let server = world(move |_| Some(step.clone())).await;
        let told = at(&server).server().await;
        assert_eq!(
            told.as_ref().map(|server| server.product.as_str()).map_err(|fault| fault.kind),
            product,
            "{told:?}"
        );
        assert_eq!(server.carrying("uthorization"), 0);
    }
}
