//! What Bitbucket tells, in each form in which it tells it, is read as it is meant; each of its traps has its row.

use base64::Engine as _;
use git_access::fact::{
    Expiry, FaultKind, Grants, IdentityKind, Membership, OwnerPath, Place, Right, Service, Told, Visibility,
};
use git_access::provider::token_kind;

use super::{
    ACCESS_TOKEN, API_TOKEN, EMAIL, INVALID, LACKS, MECHANISM, PROJECTS, REPOSITORY, TOKEN, USER, as_user, at,
    described, error, good, json, list, world,
};
use crate::forges::{acme, ask, gitops};
use crate::support::raw::{Raw, Step};

fn set(scopes: &str) -> Grants {
    Grants::Known(scopes.split(", ").filter(|scope| !scope.is_empty()).map(str::to_owned).collect())
}

fn basic(user: &str, token: &str) -> String {
    let coded = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{token}"));
    format!("authorization: Basic {coded}\r\n")
}

#[tokio::test]
async fn the_api_and_git_are_signed_in_to_by_different_names() {
    let bearer = |token: &str| format!("authorization: Bearer {token}\r\n");
    for (token, user, header) in [
        (API_TOKEN, Some(EMAIL), basic(EMAIL, API_TOKEN)),
        (ACCESS_TOKEN, None, bearer(ACCESS_TOKEN)),
        // An e-mail address belongs to API tokens; any other name is tried as it stands, as a platform would send it.
        (ACCESS_TOKEN, Some(EMAIL), bearer(ACCESS_TOKEN)),
        (ACCESS_TOKEN, Some("x-token-auth"), basic("x-token-auth", ACCESS_TOKEN)),
        (API_TOKEN, Some("octocat"), basic("octocat", API_TOKEN)),
        (TOKEN, None, bearer(TOKEN)),
    ] {
        let server = world(|_| None).await;
        let forge = as_user(&server, token, user);
        forge.identity().await.unwrap();
        assert!(server.seen()[0].head.contains(&header), "{token} {user:?}: {}", server.seen()[0].head);
        forge.refs(&gitops(), Service::Write, "x-bitbucket-api-token-auth").await.unwrap();
        let head = server.seen().last().unwrap().head.clone();
        assert!(head.contains(&basic("x-bitbucket-api-token-auth", token)), "{head}");
    }
}

#[tokio::test]
async fn what_cannot_sign_in_is_told_without_sending_it() {
    let app_password = "ATBBCANARYcanaryCANARYcanary";
    for (token, kind, words) in
        [(API_TOKEN, FaultKind::Auth, "e-mail address"), (app_password, FaultKind::WrongKind, "2026-07-28")]
    {
        let server = world(|_| None).await;
        let forge = as_user(&server, token, None);
        for method in ["identity", "grants", "expiry", "owner", "repository", "create"] {
            let fault = ask(forge.as_ref(), method).await.unwrap_err();
            assert_eq!((fault.kind, fault.accepted), (kind, false), "{method}: {fault:?}");
            assert!(fault.text.contains(words) && fault.remedy.is_some(), "{}", fault.text);
        }
        assert!(server.seen().is_empty());
    }
}

#[tokio::test]
async fn a_token_is_described_by_headers_whatever_the_status_is() {
    let both = "read:repository:bitbucket, write:repository:bitbucket";
    for (step, kind, grants, login) in [
        (described(200, "api_token", both, USER), Some("api"), set(both), "octocat"),
        (
            described(403, "repo_access_token", "repository:write", MECHANISM),
            Some("repository-access"),
            set("repository:write"),
            "x-token-auth",
        ),
        (
            described(403, "project_access_token", "project", MECHANISM),
            Some("project-access"),
            set("project"),
            "x-token-auth",
        ),
        (described(403, "workspace_access_token", "", MECHANISM), Some("workspace-access"), set(""), "x-token-auth"),
        // One report has it as 401; the words tell.
        (
            described(401, "repo_access_token", "repository", MECHANISM),
            Some("repository-access"),
            set("repository"),
            "x-token-auth",
        ),
        // Headers that are absent tell nothing, and say nothing about the token.
        (json(200, USER), Some("api"), Grants::NotTold, "octocat"),
        (json(403, MECHANISM), None, Grants::NotTold, "x-token-auth"),
        (described(403, "something_new", "repository", MECHANISM), None, set("repository"), "x-token-auth"),
        (
            described(200, "api_token", "read:user:bitbucket, Odd Scope!", USER),
            Some("api"),
            Grants::Partial(["read:user:bitbucket".to_owned()].into()),
            "octocat",
        ),
    ] {
        let shown = format!("{step:?}");
        let server = world(move |seen| (seen.target == "/2.0/user").then(|| step.clone())).await;
        let forge = as_user(&server, TOKEN, None);
        let identity = forge.identity().await.unwrap();
        let wanted = kind.map(|kind| token_kind(git_access::provider::Provider::Bitbucket, kind).unwrap());
        assert_eq!((identity.login.as_str(), identity.token), (login, wanted), "{shown}");
        assert_eq!(identity.kind, if login == "octocat" { IdentityKind::User } else { IdentityKind::Bot });
        assert_eq!((forge.grants().await, forge.expiry().await), (Ok(grants), Ok(Expiry::NotTold)), "{shown}");
        assert_eq!(server.seen().len(), 1, "one question for all of it");
    }
}

#[tokio::test]
async fn a_user_who_is_hidden_by_the_scopes_does_not_make_the_token_a_bad_one() {
    let step = described(403, "api_token", "read:repository:bitbucket", LACKS);
    let server = world(move |seen| (seen.target == "/2.0/user").then(|| step.clone())).await;
    let forge = at(&server);
    let fault = forge.identity().await.unwrap_err();
    assert_eq!((fault.kind, fault.accepted), (FaultKind::MissingScope, true));
    assert!(fault.text.contains("takes the token") && fault.text.contains("read:user:bitbucket"), "{}", fault.text);
    assert_eq!(forge.grants().await, Ok(set("read:repository:bitbucket")));
    assert!(forge.repository(&gitops()).await.is_ok() && forge.owner(&acme()).await.is_ok());
}

#[tokio::test]
async fn causes_that_share_a_status_are_told_apart() {
    let challenge = |realm: &str, kind: &str, body: &str| {
        Step::answer(401, &[("Content-Type", kind), ("WWW-Authenticate", realm)], body)
    };
    for (step, kind, accepted, words) in [
        (json(401, INVALID), FaultKind::Auth, false, "e-mail address"),
        (error(401, "API Token provided has no Bitbucket scopes"), FaultKind::WrongKind, false, "without scopes"),
        (challenge("Basic realm=\"Bitbucket.org HTTP\"", "text/html", "<html>"), FaultKind::Auth, false, "e-mail"),
        (challenge("BitbucketCustom realm=\"x\"", "", ""), FaultKind::Auth, false, "e-mail address"),
        (challenge("Basic realm=\"Corp proxy\"", "text/html", "<html>"), FaultKind::NotTheApi, false, "web page"),
        (error(403, "Forbidden"), FaultKind::NoAccess, true, "Forbidden"),
        (
            error(403, "To access this repository, an admin must whitelist your IP."),
            FaultKind::IpAllowlist,
            true,
            "listed",
        ),
        (error(403, "You must enable two-step authentication."), FaultKind::TokenPolicy, true, "two-step"),
        (error(402, "Payment required"), FaultKind::NoAccess, true, "more users than its plan"),
        (error(410, "CHANGE-2770 - Functionality has been deprecated"), FaultKind::Server, false, "withdrawn"),
        (json(429, "{}"), FaultKind::RateLimit, false, "how often"),
        (json(503, "{}"), FaultKind::Server, false, "problem of its own"),
    ] {
        let shown = format!("{step:?}");
        let server = world(move |seen| (seen.target == "/2.0/user").then(|| step.clone())).await;
        let fault = at(&server).identity().await.unwrap_err();
        assert_eq!((fault.kind, fault.accepted), (kind, accepted), "{shown}: {fault:?}");
        assert!(fault.text.contains(words) && fault.remedy.is_some(), "{shown}: {}", fault.text);
    }
}

#[tokio::test]
async fn a_refused_credential_is_not_shown_again() {
    let server = Raw::start(|_| json(401, INVALID)).await;
    let forge = at(&server);
    for method in ["grants", "identity", "owner", "owners", "repository", "read", "write", "create"] {
        assert_eq!(ask(forge.as_ref(), method).await.unwrap_err().kind, FaultKind::Auth, "{method}");
    }
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_workspace_has_a_role_and_an_oldest_project() {
    for (role, membership, creates) in [
        ("owner", Membership::Member("owner".into()), Told::Yes),
        ("create-project", Membership::Member("create project".into()), Told::NotTold),
        ("member", Membership::Member("member".into()), Told::NotTold),
    ] {
        let answer = format!(r#"{{"permission":"{role}"}}"#);
        let server = world(move |seen| seen.target.ends_with("/permission").then(|| json(200, &answer))).await;
        let owner = at(&server).owner(&acme()).await.unwrap();
        assert_eq!((owner.name.as_str(), owner.membership, owner.creates), ("acme", membership, creates));
        // The list is by name; the age decides.
        assert_eq!(owner.project.as_deref(), Some("PLAT"));
    }
    let named = |project: &str| OwnerPath { owner: "acme".into(), project: Some(project.into()) };
    let server = world(|_| None).await;
    assert_eq!(at(&server).owner(&named("core")).await.unwrap().project.as_deref(), Some("CORE"));
    let fault = at(&server).owner(&named("NOPE")).await.unwrap_err();
    assert_eq!((fault.kind, fault.accepted), (FaultKind::NotFound, true));
    assert!(fault.text.contains("CORE, PLAT"), "{}", fault.text);
    // Nobody sees projects without the scope: then the oldest one is Bitbucket's to know.
    let server = world(|seen| seen.target.contains("/projects").then(|| json(403, LACKS))).await;
    assert_eq!(at(&server).owner(&acme()).await.unwrap().project, None);
    let server = world(|seen| seen.target.ends_with("/workspaces/acme").then(|| error(404, "No workspace"))).await;
    assert_eq!(at(&server).owner(&acme()).await.unwrap_err().kind, FaultKind::NotFound);
}

#[tokio::test]
async fn an_access_token_sees_its_workspace_without_a_role_in_it() {
    let told = |seen: &crate::support::raw::Seen| match seen.target.as_str() {
        "/2.0/user" => Some(described(403, "repo_access_token", "repository", MECHANISM)),
        target if target.starts_with("/2.0/user/") => {
            Some(error(403, "This API is not accessible by this authentication mechanism"))
        }
        "/2.0/workspaces/acme" => Some(json(403, LACKS)),
        "/2.0/repositories/acme?pagelen=1" => Some(json(200, list(REPOSITORY))),
        target if target.contains("/projects") => Some(json(403, LACKS)),
        _ => None,
    };
    let server = world(told).await;
    let forge = as_user(&server, ACCESS_TOKEN, None);
    let owner = forge.owner(&acme()).await.unwrap();
    assert_eq!((owner.membership, owner.creates, owner.project), (Membership::NotTold, Told::NotTold, None));
    assert_eq!(owner.id, "{a862a17c-1726-47a2-bcd1-d9b37313b350}");
    let repository = forge.repository(&gitops()).await.unwrap();
    assert_eq!((repository.account_pushes, repository.role), (Told::NotTold, None));
    // Lists of users are not for it, and that is no fault of the token.
    let page = forge.owners().await.unwrap();
    assert!(page.rows.is_empty() && page.cut.unwrap().contains("access token"));
    assert!(server.seen().iter().all(|seen| seen.target != "/2.0/user/workspaces/acme/permission"));
}

#[tokio::test]
async fn lists_go_on_where_their_body_says_and_nowhere_else() {
    let server = world(|seen| {
        let origin = seen.head.lines().find_map(|line| line.strip_prefix("host: "))?;
        let second = REPOSITORY.replace("acme/gitops", "acme/second").replace("\"slug\":\"gitops\"", "\"slug\":\"second\"");
        match seen.target.as_str() {
            "/2.0/repositories/acme?pagelen=100" => {
                let next = format!(r#"{{"pagelen":100,"next":"http://{origin}/2.0/repositories/acme?pagelen=100&page=2","values":[{REPOSITORY}]}}"#);
                Some(json(200, next))
            }
            "/2.0/repositories/acme?pagelen=100&page=2" => Some(json(200, list(&second))),
            "/2.0/user/workspaces?pagelen=100" => Some(json(
                200,
                r#"{"pagelen":100,"next":"https://evil.example/2.0/user/workspaces","values":[{"administrator":true,"workspace":{"slug":"acme","uuid":"{1}"}},{"permission":"member","workspace":{"slug":"other"}}]}"#,
            )),
            _ => None,
        }
    })
    .await;
    let page = at(&server).repositories(&acme()).await.unwrap();
    let names: Vec<_> = page.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!((names, page.cut), (vec!["gitops", "second"], None));
    let page = at(&server).owners().await.unwrap();
    let names: Vec<_> = page.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["acme", "other"]);
    assert!(page.cut.unwrap().contains("cannot be followed"));
}

#[tokio::test]
async fn a_repository_is_what_it_says_and_the_account_has_a_permission_there() {
    for (permission, pushes, administers) in [
        ("admin", Told::Yes, Told::Yes),
        ("write", Told::Yes, Told::No),
        ("read", Told::No, Told::No),
        ("", Told::NotTold, Told::NotTold),
    ] {
        let row = format!(r#"{{"permission":"{permission}","repository":{{"full_name":"acme/gitops"}}}}"#);
        let rows = list(if permission.is_empty() { "" } else { &row });
        let server = world(move |seen| seen.target.contains("/permissions/").then(|| json(200, &rows))).await;
        let told = at(&server).repository(&gitops()).await.unwrap();
        assert_eq!((told.account_pushes, told.account_administers), (pushes, administers), "{permission}");
        assert_eq!((told.default_branch, told.visibility), (None, Some(Visibility::Private)));
        let asked = server.seen().into_iter().find(|seen| seen.target.contains("/permissions/")).unwrap().target;
        assert!(asked.ends_with("?q=repository.slug%3D%22gitops%22&pagelen=1"), "{asked}");
    }
    for (step, kind) in [
        (json(200, REPOSITORY.replace("acme/gitops", "acme/other")), FaultKind::NotTheApi),
        (json(200, REPOSITORY.replace("{f46afc56", "{zzzzzzzz")), FaultKind::NotTheApi),
        (error(404, "Repository acme/gitops not found"), FaultKind::NotFound),
        (error(403, "The requested repository either does not exist or you do not have access."), FaultKind::NotFound),
        (json(403, LACKS), FaultKind::MissingScope),
    ] {
        let shown = format!("{step:?}");
        let server = world(move |seen| seen.target.ends_with("/repositories/acme/gitops").then(|| step.clone())).await;
        assert_eq!(at(&server).repository(&gitops()).await.unwrap_err().kind, kind, "{shown}");
    }
    // A new name is the one that counts.
    let moved = world(|seen| match seen.target.as_str() {
        "/2.0/repositories/acme/shop" => Some(Step::answer(301, &[("Location", "/2.0/repositories/acme/gitops")], "")),
        _ => None,
    })
    .await;
    let place = Place { owner: acme(), name: "shop".into() };
    assert_eq!(at(&moved).repository(&place).await.unwrap().place, gitops());
}

#[tokio::test]
async fn git_says_in_its_own_words_what_keeps_it_out() {
    let said = |status, text: &str| Step::answer(status, &[("Content-Type", "text/plain")], text);
    let challenge = Step::answer(401, &[("WWW-Authenticate", "Basic realm=\"Bitbucket.org HTTP\"")], "");
    let removed = "CHANGE-3222 - Functionality has been deprecated\nApp passwords are deprecated and must be replaced with API tokens.";
    for (step, kind, words) in [
        (challenge, FaultKind::Auth, "although the API takes it"),
        (said(402, "Payment required"), FaultKind::NoAccess, "read-only"),
        (said(403, "To access this repository, an admin must whitelist your IP."), FaultKind::IpAllowlist, "listed"),
        (said(403, "To access this repository, enable two-step authentication."), FaultKind::TokenPolicy, "two-step"),
        (said(403, "Your credentials lack one or more required privilege scopes."), FaultKind::MissingScope, "scopes"),
        (
            said(403, "The requested repository either does not exist or you do not have access."),
            FaultKind::NotFound,
            "not find",
        ),
        (said(403, "No."), FaultKind::NoAccess, "“No.”"),
        (said(404, "Repository not found"), FaultKind::NotFound, "not find"),
        (said(410, removed), FaultKind::WrongKind, "2026-07-28"),
        (said(429, "slow down"), FaultKind::RateLimit, "how often"),
        (Step::answer(403, &[("Content-Type", "text/html")], "<html>"), FaultKind::NotTheApi, "web page"),
    ] {
        let shown = format!("{step:?}");
        let server = world(move |seen| seen.target.contains("info/refs").then(|| step.clone())).await;
        let fault = at(&server).refs(&gitops(), Service::Write, "octocat").await.unwrap_err();
        assert_eq!(fault.kind, kind, "{shown}: {fault:?}");
        assert!(fault.text.contains(words) && fault.remedy.is_some(), "{shown}: {}", fault.text);
    }
    let server = world(|_| None).await;
    let refs = at(&server).refs(&gitops(), Service::Read, "octocat").await.unwrap();
    assert_eq!(refs.names, ["refs/heads/main"]);
}

#[tokio::test]
async fn scopes_that_no_header_tells_are_seen_by_reading() {
    let hook = list(r#"{"type":"webhook_subscription","uuid":"{1}"}"#);
    for (scope, below, step, outcome) in [
        ("webhook", "/hooks", json(200, &hook), Ok(Right::Held)),
        ("read:webhook:bitbucket", "/hooks", json(200, list("")), Ok(Right::Held)),
        ("webhook", "/hooks", json(403, LACKS), Err(FaultKind::MissingScope)),
        ("pullrequest", "/pullrequests", json(200, list("")), Ok(Right::Held)),
        ("project", "/projects", json(200, PROJECTS), Ok(Right::Held)),
        ("read:workspace:bitbucket", "/user/workspaces", json(403, MECHANISM), Err(FaultKind::WrongKind)),
        ("read:user:bitbucket", "/nowhere", json(404, "{}"), Ok(Right::Held)),
    ] {
        let server = world(move |seen| seen.target.contains(below).then(|| step.clone())).await;
        let told = at(&server).right(&gitops(), scope, true).await.map_err(|fault| fault.kind);
        assert_eq!(told, outcome, "{scope}");
    }
    for scope in ["pullrequest:write", "repository:delete", "write:webhook:bitbucket"] {
        let server = world(|_| None).await;
        let told = at(&server).right(&gitops(), scope, true).await;
        assert!(matches!(told, Ok(Right::NotTold(_))), "{scope}: {told:?}");
    }
    let public = REPOSITORY.replace("\"is_private\":true", "\"is_private\":false");
    let server = world(move |seen| seen.target.ends_with("/acme/gitops").then(|| json(200, &public))).await;
    assert!(matches!(at(&server).right(&gitops(), "pullrequest", true).await, Ok(Right::NotTold(_))));
}

#[tokio::test]
async fn nothing_is_ever_written_to_find_out_and_names_are_asked_in_their_own_form() {
    let server = Raw::start(good).await;
    let forge = at(&server);
    let place = Place { owner: OwnerPath { owner: "Acme".into(), project: None }, name: "GitOps".into() };
    forge.repository(&place).await.unwrap();
    forge.refs(&place, Service::Write, "octocat").await.unwrap();
    forge.owner(&place.owner).await.unwrap();
    for name in ["..", "a--b", "-x", "x/y"] {
        let strange = Place { owner: acme(), name: name.into() };
        assert_eq!(forge.repository(&strange).await.unwrap_err().kind, FaultKind::NotFound, "{name}");
    }
    assert!(server.seen().iter().all(|seen| seen.method == "GET" && !seen.target.contains("Git")));
}
