//! What GitLab tells, in each form in which it tells it, is read as it is meant; each of its traps has its row.

use git_access::fact::{Expiry, FaultKind, Grants, Membership, OwnerPath, Place, Service, Told, Visibility};
use git_access::forge::{NewRepository, Outside};
use git_access::provider::Provider;

use super::{GROUP, NO_PROJECT, PROJECT, TOKEN, at, good, json, token, world};
use crate::forges::{acme, gitops, limits, open, site_of};
use crate::support::raw::{Raw, Step};

fn set(scopes: &[&str]) -> Grants {
    Grants::Known(scopes.iter().map(ToString::to_string).collect())
}

const INSUFFICIENT: &str = r#"{"error":"insufficient_scope","error_description":"The request requires higher privileges than provided by the access token.","scope":"api read_api"}"#;
const GRANULAR: &str = r#"{"error":"insufficient_granular_scope","error_description":"Access denied: This operation requires a fine-grained personal access token with the following project permissions: [Project: Read]."}"#;

#[tokio::test]
async fn scopes_and_expiry_are_those_of_the_token_itself() {
    let at_day = |day: &str| Expiry::At(format!("{day}T00:00:00Z").parse().unwrap());
    let no_route = json(404, r#"{"error":"404 Not Found"}"#);
    for (step, grants, expiry) in [
        (json(200, token("\"api\",\"read_user\"", "\"2027-01-10\"")), set(&["api", "read_user"]), at_day("2027-01-10")),
        (json(200, token("", "null")), set(&[]), Expiry::Never),
        (json(200, token("\"api\"", "\"soon\"")), set(&["api"]), Expiry::NotTold),
        (json(200, token("\"api\",\"x y\"", "null")), Grants::Partial(["api".to_owned()].into()), Expiry::Never),
        (json(200, token("\"granular\"", "\"2027-01-10\"")), Grants::NotTold, at_day("2027-01-10")),
        (json(403, GRANULAR), Grants::NotTold, Expiry::NotTold),
        (no_route, Grants::NotTold, Expiry::NotTold),
    ] {
        let shown = format!("{step:?}");
        let server = world(move |seen| seen.target.contains("/self").then(|| step.clone())).await;
        let forge = at(&server);
        assert_eq!((forge.grants().await, forge.expiry().await), (Ok(grants), Ok(expiry)), "{shown}");
        assert!(forge.identity().await.is_ok(), "{shown}");
        let head = &server.seen()[0].head;
        assert!(head.contains(&format!("authorization: Bearer {TOKEN}")) && !head.contains("private-token"), "{head}");
    }
}

#[tokio::test]
async fn causes_that_share_a_status_are_told_apart() {
    let invalid = |text: &str| format!(r#"{{"error":"invalid_token","error_description":"{text}"}}"#);
    let account = r#"{"message":"403 Forbidden - Your account has been blocked."}"#;
    let no_pat = r#"{"message":"400 Bad request - This endpoint requires token type to be a personal access token"}"#;
    let plain =
        |status, text: &str| Step::answer(status, &[("Content-Type", "text/plain"), ("Retry-After", "900")], text);
    for (step, kind, accepted) in [
        (json(401, r#"{"message":"401 Unauthorized"}"#), FaultKind::Auth, false),
        (
            json(401, invalid("Token is expired. You can either do re-authorization or token refresh.")),
            FaultKind::Expired,
            false,
        ),
        (json(401, invalid("Token was revoked. You have to re-authorize from the user.")), FaultKind::Revoked, false),
        (
            json(401, invalid("Token is an impersonation token but impersonation was disabled.")),
            FaultKind::TokenPolicy,
            false,
        ),
        (
            json(401, r#"{"error":"dpop_error","error_description":"DPoP validation error: x"}"#),
            FaultKind::TokenPolicy,
            false,
        ),
        (json(400, no_pat), FaultKind::WrongKind, false),
        (json(403, account), FaultKind::NoAccess, false),
        (json(403, r#"{"message":"403 Forbidden"}"#), FaultKind::NoAccess, true),
        (plain(403, "Forbidden"), FaultKind::RateLimit, false),
        (plain(429, "Retry later"), FaultKind::RateLimit, false),
        (json(503, "{}"), FaultKind::Server, false),
    ] {
        let shown = format!("{step:?}");
        let server = world(move |seen| seen.target.contains("/self").then(|| step.clone())).await;
        let fault = at(&server).identity().await.unwrap_err();
        assert_eq!((fault.kind, fault.accepted), (kind, accepted), "{shown}: {fault:?}");
        assert!(fault.remedy.is_some());
    }
}

#[tokio::test]
async fn a_refused_credential_is_not_shown_again() {
    let server = Raw::start(|_| json(401, r#"{"message":"401 Unauthorized"}"#)).await;
    let forge = at(&server);
    assert_eq!(forge.grants().await.unwrap_err().kind, FaultKind::Auth);
    for method in ["identity", "owner", "repository", "read", "write"] {
        assert_eq!(crate::forges::ask(forge.as_ref(), method).await.unwrap_err().kind, FaultKind::Auth, "{method}");
    }
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn what_is_not_open_to_the_scopes_is_not_taken_for_a_bad_token() {
    let server = world(|seen| (!seen.target.contains("/self")).then(|| json(403, INSUFFICIENT))).await;
    let fault = at(&server).identity().await.unwrap_err();
    assert_eq!((fault.kind, fault.accepted), (FaultKind::MissingScope, true));
    assert!(fault.text.contains("takes the token") && fault.text.contains("number 7"), "{}", fault.text);
    for (scopes, kind) in [("\"api\"", FaultKind::TokenPolicy), ("\"granular\"", FaultKind::MissingScope)] {
        let server = world(move |seen| match seen.target.as_str() {
            target if target.contains("/projects/") => Some(json(403, GRANULAR)),
            target if target.contains("/self") => Some(json(200, token(scopes, "null"))),
            // A reader's question that git answers in the same words.
            target if target.contains("info/refs") => Some(Step::answer(
                403,
                &[("Content-Type", "text/plain")],
                "requires a fine-grained personal access token with [Code: Download]",
            )),
            _ => None,
        })
        .await;
        let fault = at(&server).repository(&gitops()).await.unwrap_err();
        assert_eq!((fault.kind, fault.accepted), (kind, true), "{}", fault.text);
        assert!(fault.text.contains("Project: Read"), "{}", fault.text);
    }
}

#[tokio::test]
async fn an_owner_is_a_group_of_any_depth_a_number_or_a_user() {
    let deep = GROUP.replace("\"full_path\":\"acme\"", "\"full_path\":\"acme/platform\"");
    let server =
        world(move |seen| seen.target.starts_with("/api/v4/groups/acme%2Fplatform?").then(|| json(200, &deep))).await;
    let named = |owner: &str| OwnerPath { owner: owner.into(), project: None };
    let forge = at(&server);
    for (owner, name) in [("acme/platform", "acme/platform"), ("2", "acme"), ("acme", "acme")] {
        let told = forge.owner(&named(owner)).await.unwrap();
        assert_eq!((told.name.as_str(), told.id.as_str(), told.creates), (name, "2", Told::Yes));
        assert_eq!(told.membership, Membership::Member("Owner".into()));
    }
    assert_eq!(forge.owner(&named("octocat")).await.unwrap().membership, Membership::Oneself);
    let server = world(|seen| {
        seen.target
            .contains("/users?")
            .then(|| Step::answer(200, &[("Content-Type", "application/json"), ("X-Per-Page", "20")], "[]"))
    })
    .await;
    let fault = at(&server).owner(&named("nobody")).await.unwrap_err();
    assert_eq!((fault.kind, fault.accepted), (FaultKind::NotFound, true));
    // A repository below a number is asked for by the path.
    let place = Place { owner: named("2"), name: "gitops".into() };
    assert_eq!(at(&world(|_| None).await).repository(&place).await.unwrap().place, gitops());
    for (level, role) in [(30, "Developer"), (25, "Security Manager"), (37, "of access level 37")] {
        let server = world(move |seen| {
            let member = format!(r#"{{"id":7,"access_level":{level}}}"#);
            seen.target.contains("/members/").then(|| json(200, member))
        })
        .await;
        let told = at(&server).owner(&acme()).await.unwrap();
        assert_eq!((told.membership, told.creates), (Membership::Member(role.to_owned()), Told::No));
    }
}

#[tokio::test]
async fn an_instance_below_the_root_of_its_host_is_asked_below_it() {
    let server = Raw::start(|seen| {
        let target = seen.target.strip_prefix("/gitlab").map(str::to_owned);
        target.map_or_else(
            || Step::answer(404, &[], ""),
            |target| good(&crate::support::raw::Seen { target, ..seen.clone() }),
        )
    })
    .await;
    let site = site_of(Provider::GitLab, &format!("{}/gitlab", server.origin()));
    let forge = open(&site, TOKEN, &Outside::new(None).with_limits(limits()));
    assert!(forge.server().await.is_ok() && forge.identity().await.is_ok());
    assert!(forge.repository(&gitops()).await.is_ok());
}

#[tokio::test]
async fn lists_go_on_over_two_parts_and_leave_out_what_is_going() {
    let going = PROJECT.replace("\"path\":\"gitops\"", "\"path\":\"old-deletion_scheduled-9\"");
    let server = world(move |seen| {
        let origin = seen.head.lines().find_map(|line| line.strip_prefix("host: "))?;
        let link = format!("<http://{origin}/api/v4/groups/2/projects?id_after=3>; rel=\"next\"");
        let kind = ("Content-Type", "application/json");
        if seen.target.contains("id_after") {
            Some(json(200, format!("[{}]", PROJECT.replace("\"path\":\"gitops\"", "\"path\":\"second\""))))
        } else if seen.target.contains("/groups/2/projects") {
            Some(Step::answer(200, &[kind, ("Link", &link)], format!("[{PROJECT},{going}]")))
        } else {
            None
        }
    })
    .await;
    let (sink, mut told) = tokio::sync::mpsc::unbounded_channel();
    let page = git_access::forge::telling(sink, at(&server).repositories(&acme())).await.unwrap();
    let counts: Vec<usize> = std::iter::from_fn(|| told.try_recv().ok()).collect();
    assert_eq!(counts, [2, 3], "each part tells how far the list has come");
    let names: Vec<_> = page.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!((names, page.cut), (vec!["gitops", "second"], None));
}

#[tokio::test]
async fn a_project_is_created_with_the_number_of_its_group() {
    let server = world(|seen| (seen.method == "POST").then(|| json(201, PROJECT))).await;
    let new =
        |visibility, readme, in_organisation| NewRepository { place: gitops(), visibility, readme, in_organisation };
    let forge = at(&server);
    forge.create(&new(Visibility::Private, false, true)).await.unwrap();
    forge.create(&new(Visibility::Public, true, false)).await.unwrap();
    let sent: Vec<_> = server.seen().into_iter().filter(|seen| seen.method == "POST").map(|seen| seen.body).collect();
    let first =
        r#"{"name":"gitops","path":"gitops","visibility":"private","initialize_with_readme":false,"namespace_id":2}"#;
    let second = r#"{"name":"gitops","path":"gitops","visibility":"public","initialize_with_readme":true}"#;
    assert_eq!(sent, [first, second]);
}

#[tokio::test]
async fn a_refused_creation_has_its_own_reasons() {
    for (status, body, there, text) in [
        (
            400,
            r#"{"message":{"project_namespace.name":["has already been taken"],"path":["has already been taken"]}}"#,
            true,
            "exists already",
        ),
        (400, r#"{"message":{"name":["has already been taken"],"limit_reached":[]}}"#, false, "may not see"),
        (400, r#"{"message":"Path has already been taken"}"#, true, "exists already"),
        (400, r#"{"message":["Path has already been taken"]}"#, true, "exists already"),
        (400, r#"{"message":{"visibility_level":["public is not allowed in a private group"]}}"#, false, "visibility"),
        (400, r#"{"message":{"namespace":["is not valid"]}}"#, false, "may not create projects in acme"),
        (
            403,
            r#"{"message":["Your project limit is 0 projects! Please contact your administrator to increase it"]}"#,
            false,
            "no more projects",
        ),
        (400, r#"{"error":"name, path are missing, at least one parameter must be provided"}"#, false, "are missing"),
    ] {
        let server = world(move |seen| match (seen.method.as_str(), there) {
            ("POST", _) => Some(json(status, body)),
            ("GET", false) if seen.target.contains("/projects/") => Some(json(404, NO_PROJECT)),
            _ => None,
        })
        .await;
        let new =
            NewRepository { place: gitops(), visibility: Visibility::Private, readme: false, in_organisation: true };
        let fault = at(&server).create(&new).await.unwrap_err();
        assert_eq!((fault.kind, fault.accepted), (FaultKind::NoAccess, true), "{}", fault.text);
        assert!(fault.text.contains(text), "{}", fault.text);
    }
    let gone = PROJECT.replace("\"archived\":false", "\"archived\":false,\"marked_for_deletion_on\":\"2026-12-01\"");
    let server = world(move |seen| seen.target.contains("/projects/").then(|| json(200, &gone))).await;
    let fault = at(&server).repository(&gitops()).await.unwrap_err();
    assert!(fault.kind == FaultKind::NoAccess && fault.text.contains("2026-12-01"), "{}", fault.text);
}

#[tokio::test]
async fn the_right_to_push_is_asked_only_of_what_is_there() {
    let said = |status, text: &str| {
        let headers = [("Content-Type", "text/plain"), ("WWW-Authenticate", "Basic realm=\"GitLab\"")];
        Step::answer(status, &headers, text)
    };
    let sso =
        "Cannot find valid SSO session. Please login via your group's SSO at ORIGIN/groups/acme/-/saml/sso?token=x";
    for (step, kind) in [
        (said(401, "HTTP Basic: Access denied."), FaultKind::NotFound),
        (said(403, "You are not allowed to upload code."), FaultKind::MissingScope),
        (said(403, "You are not allowed to push code to this project."), FaultKind::NoAccess),
        (said(403, "You can't push code to an archived project."), FaultKind::NoAccess),
        (said(403, "You can't push code to a read-only GitLab instance."), FaultKind::Server),
        (said(403, "Git access over HTTP is not allowed"), FaultKind::NoAccess),
        (said(403, "requires a fine-grained personal access token with [Code: Push]."), FaultKind::TokenPolicy),
        (said(403, sso), FaultKind::Sso),
        (said(404, "The project you were looking for could not be found."), FaultKind::NotFound),
        (said(422, "Could not create project: Path is too long"), FaultKind::NoAccess),
        (said(429, "Retry later"), FaultKind::RateLimit),
    ] {
        let shown = format!("{step:?}");
        let server = world(move |seen| seen.target.contains("info/refs").then(|| step.clone())).await;
        let fault = at(&server).refs(&gitops(), Service::Write, "oauth2").await.unwrap_err();
        assert_eq!(fault.kind, kind, "{shown}: {fault:?}");
    }
    for missing in [json(404, NO_PROJECT), json(502, "{}"), json(403, INSUFFICIENT), Step::Reset] {
        let shown = format!("{missing:?}");
        let server = world(move |seen| match seen.target.as_str() {
            target if target.contains("/projects/") => Some(missing.clone()),
            target if target.contains("upload-pack") => {
                Some(said(404, "The project you were looking for could not be found."))
            }
            _ => None,
        })
        .await;
        assert!(at(&server).refs(&gitops(), Service::Write, "oauth2").await.is_err());
        let asked = server.seen().iter().filter(|seen| seen.target.contains("receive-pack")).count();
        assert_eq!(asked, 0, "{shown}");
    }
}
