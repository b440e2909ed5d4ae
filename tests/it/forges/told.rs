//! What GitHub tells, in each form in which it tells it, is read as it is meant.

use std::collections::BTreeSet;

use git_access::fact::{Expiry, FaultKind, Grants, Membership, Right, Service, Told, Visibility};
use git_access::forge::NewRepository;

use super::{
    CANARY, FINE_CANARY, MEMBERSHIP, NOT_FOUND, ORGANISATION, REPOSITORY, USER, acme, at, gitops, limits, with,
};
use crate::support::raw::{Raw, Seen, Step};

const JSON: (&str, &str) = ("Content-Type", "application/json");
const MARK: (&str, &str) = ("X-GitHub-Media-Type", "github.v3; format=json");

fn refusal(status: u16, headers: &[(&str, &str)], message: &str) -> Step {
    let body = format!(r#"{{"message":"{message}","documentation_url":"https://docs.github.com/rest"}}"#);
    Step::answer(status, &[&[JSON], headers].concat(), body)
}

/// A world with an organisation, its repository and a member; `special` may answer first.
async fn world(special: impl Fn(&Seen) -> Option<Step> + Send + Sync + 'static) -> Raw {
    Raw::start(move |seen| {
        special(seen).unwrap_or_else(|| match seen.target.as_str() {
            "/api/v3/user" => Step::json(200, USER),
            "/api/v3/users/acme" => Step::json(200, r#"{"login":"Acme","id":2,"type":"Organization"}"#),
            "/api/v3/orgs/acme" => Step::json(200, ORGANISATION),
            "/api/v3/user/memberships/orgs/acme" => Step::json(200, MEMBERSHIP),
            "/api/v3/repos/acme/gitops" => Step::json(200, REPOSITORY),
            _ => Step::json(404, NOT_FOUND),
        })
    })
    .await
}

#[tokio::test]
async fn scopes_absent_empty_and_many_are_three_things() {
    for (header, grants) in [
        (None, Grants::NotTold),
        (Some(""), Grants::Known(BTreeSet::new())),
        (Some("repo"), Grants::Known(["repo".to_owned()].into())),
        (Some("repo, read:org,workflow"), Grants::Known(["repo", "read:org", "workflow"].map(str::to_owned).into())),
        (Some("repo, \u{1b}[31m, x y"), Grants::Partial(["repo".to_owned()].into())),
    ] {
        let server = Raw::start(move |_| {
            let headers: Vec<_> = [JSON].into_iter().chain(header.map(|header| ("x-oauth-scopes", header))).collect();
            Step::answer(200, &headers, USER)
        })
        .await;
        // A control character in a header is no header to hyper: the whole answer is refused then.
        match at(&server).grants().await {
            Ok(told) => assert_eq!(told, grants, "{header:?}"),
            Err(fault) => assert!(header.is_some_and(|header| header.contains('\u{1b}')), "{fault:?}"),
        }
    }
}

#[tokio::test]
async fn an_expiry_is_read_in_both_forms_for_each_kind_and_never_guessed() {
    let at = |text: &str| Expiry::At(text.parse().unwrap());
    for token in [CANARY, FINE_CANARY] {
        for (header, expiry) in [
            (Some("2021-09-03 02:34:04 UTC"), at("2021-09-03T02:34:04Z")),
            (Some("2023-04-26 20:23:26 +0200"), at("2023-04-26T18:23:26Z")),
            (Some("2023-09-21 14:26:52 -0400"), at("2023-09-21T18:26:52Z")),
            (Some("2027-02-01T00:00:00Z"), Expiry::NotTold),
            (Some("soon"), Expiry::NotTold),
            (Some(""), Expiry::NotTold),
            (None, Expiry::Never),
        ] {
            let server = Raw::start(move |_| {
                let name = "GitHub-Authentication-Token-Expiration";
                let headers = [JSON, MARK].into_iter().chain(header.map(|header| (name, header)));
                Step::answer(200, &headers.collect::<Vec<_>>(), USER)
            })
            .await;
            assert_eq!(with(&server, token, limits()).expiry().await, Ok(expiry), "{header:?}");
        }
    }
    let server = Raw::start(|_| Step::json(200, USER)).await;
    assert_eq!(with(&server, "unknown-kind-of-token", limits()).expiry().await, Ok(Expiry::NotTold));
}

#[tokio::test]
async fn the_server_is_known_by_what_only_it_says() {
    let private = r#"{"message":"Must authenticate to access this API.","documentation_url":"https://docs.github.com/enterprise/3.3/rest"}"#;
    let newer = r#"{"message":"Requires authentication","documentation_url":"https://docs.github.com/enterprise-server@3.19/rest"}"#;
    let meta = r#"{"verifiable_password_authentication":false}"#;
    for (step, product, version) in [
        (Step::json(200, meta), "GitHub", None),
        (Step::json(200, r#"{"installed_version":"3.19.4"}"#), "GitHub Enterprise Server", Some("3.19.4")),
        (Step::answer(200, &[JSON, ("X-GitHub-Enterprise-Version", "ghe.com")], meta), "GitHub Enterprise Cloud", None),
        (
            Step::answer(200, &[JSON, ("X-GitHub-Enterprise-Version", "3.20.1")], meta),
            "GitHub Enterprise Server",
            Some("3.20.1"),
        ),
        (Step::json(401, private), "GitHub Enterprise Server", Some("3.3")),
        (Step::json(401, newer), "GitHub Enterprise Server", Some("3.19")),
    ] {
        let server = Raw::start(move |_| step.clone()).await;
        let told = at(&server).server().await.unwrap();
        assert_eq!((told.product.as_str(), told.version.as_deref()), (product, version));
        assert_eq!(server.carrying(CANARY), 0, "asked without the credential");
    }
    for (path, step, name) in [
        ("/api/v1/version", Step::json(200, r#"{"version":"1.22.3"}"#), "Gitea 1.22.3"),
        ("/api/v1/version", Step::json(200, r#"{"version":"10.0.0+gitea-1.22.0"}"#), "Forgejo 10.0.0"),
        ("/api/v4/version", Step::json(401, r#"{"message":"401 Unauthorized"}"#), "GitLab"),
    ] {
        let page = Step::answer(404, &[("Content-Type", "text/html")], "<html><title>Not here</title>");
        let server = Raw::start(move |seen| if seen.target == path { step.clone() } else { page.clone() }).await;
        let fault = at(&server).server().await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::NotTheApi);
        assert!(fault.text.contains(name), "{}", fault.text);
        assert_eq!(server.carrying(CANARY), 0);
    }
}

#[tokio::test]
async fn what_the_account_is_in_an_organisation_is_told_apart() {
    let member = |extra: &str, state: &str, role: &str| {
        format!(r#"{{"state":"{state}","role":"{role}","organization":{{"login":"acme","id":2}}{extra}}}"#)
    };
    let may = r#","permissions":{"can_create_repository":true}"#;
    let may_not = r#","permissions":{"can_create_repository":false}"#;
    let named = |role: &str| Membership::Member(role.to_owned());
    for (step, membership, creates) in [
        (Step::json(200, member("", "active", "admin")), named("admin"), Told::Yes),
        (Step::json(200, member(may, "active", "member")), named("member"), Told::Yes),
        (Step::json(200, member(may_not, "active", "member")), named("member"), Told::No),
        (Step::json(200, member("", "active", "member")), named("member"), Told::Yes),
        (Step::json(200, member("", "active", "billing_manager")), named("billing_manager"), Told::NotTold),
        (Step::json(200, member(may, "pending", "member")), Membership::Invited, Told::NotTold),
        (Step::json(404, NOT_FOUND), Membership::Stranger, Told::NotTold),
        (refusal(403, &[], "Resource not accessible by personal access token"), Membership::NotTold, Told::NotTold),
    ] {
        let server = world(move |seen| seen.target.contains("memberships").then(|| step.clone())).await;
        let owner = at(&server).owner(&acme()).await.unwrap();
        assert_eq!((owner.name.as_str(), &owner.membership, owner.creates), ("Acme", &membership, creates));
    }
    let server = world(|seen| {
        let account = seen.target.ends_with("/users/acme");
        account.then(|| Step::json(200, r#"{"login":"acme","id":9,"type":"User"}"#))
    })
    .await;
    assert_eq!(at(&server).owner(&acme()).await.unwrap().membership, Membership::Stranger);
    let mut own = acme();
    own.owner = "octocat".to_owned();
    let server = world(|seen| seen.target.ends_with("/users/octocat").then(|| Step::json(200, USER))).await;
    let owner = at(&server).owner(&own).await.unwrap();
    assert_eq!((owner.membership, owner.creates), (Membership::Oneself, Told::Yes));
}

#[tokio::test]
async fn single_sign_on_is_a_fault_of_the_owner_with_its_page() {
    let url = "https://github.com/orgs/acme/sso?authorization_request=A2B";
    let header = format!("required; url={url}");
    let server = world(move |seen| {
        let text =
            "Resource protected by organization SAML enforcement. You must grant your Personal Access token access.";
        (seen.target == "/api/v3/orgs/acme").then(|| refusal(403, &[("X-GitHub-SSO", &header)], text))
    })
    .await;
    let fault = at(&server).owner(&acme()).await.unwrap_err();
    assert_eq!((fault.kind, fault.accepted), (FaultKind::Sso, true));
    assert_eq!(fault.remedy.unwrap().url.as_deref(), Some(url));
    let server = world(|seen| {
        let header = "required; url=https://evil.example/orgs/acme/sso";
        (seen.target == "/api/v3/orgs/acme").then(|| refusal(403, &[("X-GitHub-SSO", header)], "no"))
    })
    .await;
    let url = at(&server).owner(&acme()).await.unwrap_err().remedy.unwrap().url.unwrap();
    assert!(url.starts_with(&server.origin()), "a page elsewhere is not offered: {url}");
}

#[tokio::test]
async fn lists_go_on_at_their_own_origin_and_say_where_they_were_cut() {
    let row = |name: &str| REPOSITORY.replace("\"name\":\"gitops\"", &format!("\"name\":\"{name}\""));
    for (link, cut, requests) in [
        (r#"</never>; rel="last""#, None, 1),
        (r#"<ORIGIN/api/v3/orgs/acme/repos?page=2>; rel="next", <ORIGIN/x>; rel="last""#, None, 2),
        (r#"<https://evil.example/repos?page=2>; rel="next""#, Some("cannot be followed"), 1),
        (r#"<ORIGIN/api/v3/orgs/acme/repos?type=all&per_page=100>; rel="next""#, Some("cannot be followed"), 1),
    ] {
        let rows = [row("one"), row("two")];
        let server = world(move |seen| {
            let origin = seen.head.lines().find_map(|line| line.strip_prefix("host: "))?;
            let link = link.replace("ORIGIN", &format!("http://{origin}"));
            match seen.target.as_str() {
                target if target.ends_with("page=2") => Some(Step::json(200, format!("[{}]", rows[1]))),
                target if target.contains("/repos?") => {
                    Some(Step::answer(200, &[JSON, ("Link", &link)], format!("[{}]", rows[0])))
                }
                _ => None,
            }
        })
        .await;
        let page = at(&server).repositories(&acme()).await.unwrap();
        assert_eq!(page.rows.len(), requests, "{link}");
        assert_eq!((page.rows[0].name.as_str(), page.rows[0].note.as_str()), ("one", "private"));
        assert_eq!(page.cut.is_some(), cut.is_some(), "{link}: {page:?}");
        assert!(page.cut.unwrap_or_default().contains(cut.unwrap_or_default()));
    }
    let server = world(|seen| {
        let origin = seen.head.lines().find_map(|line| line.strip_prefix("host: "))?;
        let number: u32 = seen.target.rsplit("page=").next()?.parse().ok()?;
        let link = format!("<http://{origin}/api/v3/orgs/acme/repos?page={}>; rel=\"next\"", number + 1);
        Some(Step::answer(200, &[JSON, ("Link", &link)], format!("[{REPOSITORY}]")))
    })
    .await;
    let page = at(&server).repositories(&acme()).await.unwrap();
    assert_eq!((page.rows.len(), page.cut.is_some()), (50, true));
}

#[tokio::test]
async fn rows_that_single_sign_on_holds_back_are_said_to_be_missing() {
    let server = world(|seen| {
        let headers = [JSON, ("X-GitHub-SSO", "partial-results; organizations=21955855,20582480")];
        seen.target.contains("/user/orgs").then(|| Step::answer(200, &headers, r#"[{"login":"acme","id":2}]"#))
    })
    .await;
    let page = at(&server).owners().await.unwrap();
    let names: Vec<_> = page.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["octocat", "acme"]);
    assert!(page.cut.unwrap().contains("single sign-on"));
    let server = world(|seen| seen.target.contains("/user/orgs").then(|| Step::json(200, "[]"))).await;
    let page = with(&server, FINE_CANARY, limits()).owners().await.unwrap();
    assert!(page.cut.unwrap().contains("fine-grained"), "an empty list of a fine-grained token tells nothing");
    let server = world(|seen| {
        let headers = [("X-OAuth-Scopes", "repo"), ("X-Accepted-OAuth-Scopes", "user, read:org")];
        seen.target.contains("/user/orgs").then(|| refusal(403, &headers, "You need at least read:org scope"))
    })
    .await;
    assert!(at(&server).owners().await.unwrap().cut.unwrap().contains("read:org"));
}

#[tokio::test]
async fn permissions_are_proved_by_the_right_refusal_only() {
    let hooks = "/api/v3/repos/acme/gitops/hooks?per_page=1";
    let no = || {
        let wanted = [("X-Accepted-GitHub-Permissions", "pull_requests=write; repository_hooks=write")];
        refusal(403, &wanted, "Resource not accessible by personal access token")
    };
    let missing = Err(FaultKind::MissingScope);
    for (scope, path, step, outcome) in [
        ("pull_requests:write", "/pulls", refusal(422, &[], "Invalid request."), Ok(true)),
        ("pull_requests:write", "/pulls", no(), missing),
        ("pull_requests:write", "/pulls", Step::json(201, "{}"), Err(FaultKind::NotTheApi)),
        ("pull_requests:read", "/pulls?", Step::json(200, "[]"), Ok(true)),
        ("pull_requests:read", "/pulls?", no(), missing),
        ("repository_hooks:read", "/hooks?", Step::json(200, "[]"), Ok(true)),
        ("repository_hooks:read", "/hooks?", Step::json(404, NOT_FOUND), missing),
        ("repository_hooks:write", "/hooks/4294967289", Step::json(404, NOT_FOUND), Ok(true)),
        ("repository_hooks:write", "/hooks/4294967289", no(), missing),
        ("administration:read", "/actions/permissions", Step::json(200, r#"{"enabled":true}"#), Ok(true)),
        ("administration:read", "/actions/permissions", no(), missing),
        ("administration:write", "/rulesets/rule-suites", Step::json(200, "[]"), Ok(true)),
        ("administration:write", "/rulesets/rule-suites", no(), missing),
        ("members:read", "/memberships/", Step::json(200, MEMBERSHIP), Ok(true)),
        ("members:read", "/memberships/", no(), missing),
        ("members:read", "/memberships/", Step::json(404, NOT_FOUND), Ok(false)),
        ("workflows:write", "/nothing", no(), Ok(false)),
    ] {
        let server = world(move |seen| {
            let reading = seen.target == hooks && scope == "repository_hooks:write";
            if seen.target.contains(path) { Some(step.clone()) } else { reading.then(|| Step::json(200, "[]")) }
        })
        .await;
        let right = with(&server, FINE_CANARY, limits()).right(&gitops(), scope, true).await;
        if let Err(fault) = &right {
            let named = fault.kind == FaultKind::NotTheApi || fault.text.contains("repository_hooks=write");
            assert!(named || scope == "repository_hooks:read", "{scope}: {}", fault.text);
        }
        let held = right.map(|right| right == Right::Held).map_err(|fault| fault.kind);
        assert_eq!(held, outcome, "{scope} {path}");
    }
}

#[tokio::test]
async fn what_proves_nothing_is_not_tried() {
    let archived = REPOSITORY.replace("\"archived\":false", "\"archived\":true");
    let public = REPOSITORY.replace("\"private\":true", "\"private\":false");
    for (repository, scope, probe) in [
        (REPOSITORY.to_owned(), "pull_requests:write", false),
        (REPOSITORY.to_owned(), "repository_hooks:write", false),
        (archived.clone(), "pull_requests:write", true),
        (archived, "repository_hooks:write", true),
        (public.clone(), "pull_requests:read", true),
        (public, "metadata:read", true),
    ] {
        let server =
            world(move |seen| seen.target.ends_with("/repos/acme/gitops").then(|| Step::json(200, &repository))).await;
        let right = with(&server, FINE_CANARY, limits()).right(&gitops(), scope, probe).await.unwrap();
        assert!(matches!(right, Right::NotTold(_)), "{scope}");
        assert_eq!(server.seen().len(), 1, "{scope}: nothing but the repository was asked");
    }
}

#[tokio::test]
async fn git_tells_who_may_push_and_whether_there_is_a_commit() {
    let zeros = "0".repeat(40);
    let listing = |name: &str| {
        let line = format!("{zeros} {name}\0report-status\n");
        format!("001f# service=git-receive-pack\n0000{:04x}{line}0000", line.len() + 4)
    };
    let typed = [("Content-Type", "application/x-git-receive-pack-advertisement")];
    let plain = [("Content-Type", "text/plain; charset=utf-8")];
    let said = |status, text: &str| Step::answer(status, &plain, text);
    let saml = "The 'acme' organization has enabled or enforced SAML SSO. To access this repository, visit https://github.com/orgs/acme/sso?authorization_request=A2 and try your request again.";
    for (token, step, outcome) in [
        (CANARY, Step::answer(200, &typed, listing("capabilities^{}")), None),
        (
            CANARY,
            said(401, "Invalid username or token. Password authentication is not supported."),
            Some(FaultKind::Auth),
        ),
        (CANARY, said(403, "Permission to acme/gitops.git denied to octocat."), Some(FaultKind::NoAccess)),
        (CANARY, said(403, "Write access to repository not granted."), Some(FaultKind::NoAccess)),
        (FINE_CANARY, said(403, "Write access to repository not granted."), Some(FaultKind::MissingScope)),
        (CANARY, said(403, saml), Some(FaultKind::Sso)),
        (CANARY, said(403, "This repository was archived so it is read-only."), Some(FaultKind::NoAccess)),
        (CANARY, said(404, "Repository not found."), Some(FaultKind::NotFound)),
        (CANARY, Step::answer(403, &[("Content-Type", "text/html")], "<html>"), Some(FaultKind::NotTheApi)),
        (CANARY, Step::answer(200, &plain, listing("capabilities^{}")), Some(FaultKind::NotTheApi)),
    ] {
        let server = Raw::start(move |_| step.clone()).await;
        let refs = with(&server, token, limits()).refs(&gitops(), Service::Write, "octocat").await;
        assert_eq!(refs.as_ref().err().map(|fault| fault.kind), outcome, "{refs:?}");
        if let Err(fault) = refs {
            let url = fault.remedy.unwrap().url;
            assert_eq!(fault.kind == FaultKind::Sso, url.is_some_and(|url| url.contains("/sso?")));
        } else {
            assert!(refs.unwrap().names.is_empty());
        }
        let seen = &server.seen()[0];
        assert_eq!(seen.target, "/acme/gitops.git/info/refs?service=git-receive-pack");
        assert!(seen.head.contains("user-agent: git/2.0 (git-access/"), "{}", seen.head);
        assert!(seen.head.contains("authorization: Basic "), "{}", seen.head);
    }
}

#[tokio::test]
async fn a_repository_is_created_with_what_was_asked_for() {
    let server = world(|seen| (seen.method == "POST").then(|| Step::json(201, REPOSITORY))).await;
    let new =
        |visibility, readme, in_organisation| NewRepository { place: gitops(), visibility, readme, in_organisation };
    let forge = at(&server);
    forge.create(&new(Visibility::Internal, false, true)).await.unwrap();
    forge.create(&new(Visibility::Public, true, false)).await.unwrap();
    assert_eq!(forge.create(&new(Visibility::Internal, true, false)).await.unwrap_err().kind, FaultKind::NoAccess);
    let sent: Vec<_> = server.seen().iter().map(|seen| (seen.target.clone(), seen.body.clone())).collect();
    let first = r#"{"name":"gitops","private":true,"auto_init":false,"visibility":"internal"}"#;
    let second = r#"{"name":"gitops","private":false,"auto_init":true}"#;
    assert_eq!(
        sent,
        [
            ("/api/v3/orgs/acme/repos".to_owned(), first.to_owned()),
            ("/api/v3/user/repos".to_owned(), second.to_owned()),
        ]
    );
    let head = &server.seen()[0].head;
    for header in ["accept: application/vnd.github+json", "x-github-api-version: 2022-11-28", "user-agent: git-access/"]
    {
        assert!(head.contains(header), "{header}: {head}");
    }
}

#[tokio::test]
async fn a_refused_creation_has_its_own_reasons() {
    let taken = r#"{"message":"Repository creation failed.","errors":[{"resource":"Repository","code":"custom","field":"name","message":"name already exists on this account"}],"documentation_url":"https://docs.github.com/rest/repos/repos","status":"422"}"#;
    let admin = "You need admin access to the organization before adding a repository to it.";
    for (step, visible, kind, text) in [
        (Step::json(422, taken), true, FaultKind::NoAccess, "exists already"),
        (Step::json(422, taken), false, FaultKind::NoAccess, "may not see it"),
        (refusal(403, &[], admin), false, FaultKind::NoAccess, "You need admin access"),
        (Step::json(404, NOT_FOUND), false, FaultKind::MissingScope, "cannot be created"),
        (refusal(422, &[], "Trade compliance"), false, FaultKind::NoAccess, "Trade compliance"),
    ] {
        let server = world(move |seen| match (seen.method.as_str(), visible) {
            ("POST", _) => Some(step.clone()),
            (_, true) => None,
            (_, false) => Some(Step::json(404, NOT_FOUND)),
        })
        .await;
        let new =
            NewRepository { place: gitops(), visibility: Visibility::Private, readme: false, in_organisation: true };
        let fault = at(&server).create(&new).await.unwrap_err();
        assert_eq!((fault.kind, fault.accepted), (kind, true), "{}", fault.text);
        assert!(fault.text.contains(text), "{}", fault.text);
    }
}
