//! What Bitbucket Data Center tells, in each form in which it tells it, is read as it is meant; each of its traps has its
//! row.

use git_access::fact::{
    Expiry, FaultKind, Grants, IdentityKind, Membership, OwnerKind, Place, Right, Service, Told, Visibility,
};
use git_access::forge::{NewRepository, Outside};
use git_access::provider::{Host, Provider};

use super::{
    CANARY, NOT_PERMITTED, PROJECT, REPOSITORY, TOKEN, answer, answer_to, at, error, gitops, missing, not_permitted,
    page, project, unsigned, world,
};
use crate::forges::{limits, open, site_of};
use crate::support::raw::{Raw, Step};

fn new() -> NewRepository {
    NewRepository { place: gitops(), visibility: Visibility::Private, readme: false, in_organisation: true }
}

fn is_identity(target: &str) -> bool {
    target.ends_with("/projects?limit=1")
}

#[tokio::test]
async fn whose_token_it_is_stands_in_a_header() {
    for (header, login, kind, token) in [
        ("octocat", "octocat", IdentityKind::User, "user-access"),
        ("octo.cat%40acme.example", "octo.cat@acme.example", IdentityKind::User, "user-access"),
        ("access-token-user%2F1%2F3", "access-token-user/1/3", IdentityKind::Bot, "project-access"),
        ("access-token-user%2F2%2F11754", "access-token-user/2/11754", IdentityKind::Bot, "repository-access"),
    ] {
        let server =
            world(move |seen| is_identity(&seen.target).then(|| answer_to(header, 200, page(&[PROJECT])))).await;
        let identity = at(&server).identity().await.unwrap();
        assert_eq!((identity.login.as_str(), identity.id.as_str(), identity.kind), (login, "42", kind));
        assert_eq!(identity.token.unwrap().0, token);
        assert!(server.seen()[0].head.contains(&format!("authorization: Bearer {CANARY}")));
    }
}

#[tokio::test]
async fn an_answer_to_nobody_is_a_bad_token_although_it_is_200() {
    let auth = ("bitbucket.auth.IncorrectPasswordAuthenticationException", "Authentication failed.");
    let captcha = ("bitbucket.auth.CaptchaRequiredAuthenticationException", "CAPTCHA required");
    for (step, text) in [
        (unsigned(200, page(&[PROJECT])), "signs nobody in"),
        (answer_to("anonymous", 200, page(&[])), "signs nobody in"),
        (answer_to("", 200, page(&[])), "signs nobody in"),
        (unsigned(401, error(auth.0, auth.1)), "signs nobody in"),
        (unsigned(401, error(captcha.0, captcha.1)), "CAPTCHA"),
    ] {
        let server = world(move |seen| is_identity(&seen.target).then(|| step.clone())).await;
        let forge = at(&server);
        for _ in 0..3 {
            let fault = forge.identity().await.unwrap_err();
            assert_eq!((fault.kind, fault.accepted), (FaultKind::Auth, false), "{}", fault.text);
            assert!(fault.text.contains(text) && fault.remedy.is_some(), "{}", fault.text);
        }
        assert_eq!(forge.grants().await.unwrap_err().kind, FaultKind::Auth);
        assert_eq!(forge.refs(&gitops(), Service::Read, "octocat").await.unwrap_err().kind, FaultKind::Auth);
        assert_eq!(forge.repository(&gitops()).await.unwrap_err().kind, FaultKind::Auth);
        assert_eq!(server.seen().len(), 1, "a refused credential is not shown again");
    }
}

/// The same status, told apart by the header: the first names somebody, so that only a permission is missing.
#[tokio::test]
async fn a_refusal_to_somebody_is_a_missing_permission() {
    use FaultKind::{Auth, NoAccess, NotFound, NotTheApi, RateLimit, Server};
    let refusal = || error(NOT_PERMITTED.0, NOT_PERMITTED.1);
    for (step, kind, accepted) in [
        (not_permitted(), NoAccess, true),
        (unsigned(401, refusal()), Auth, false),
        (answer(403, refusal()), NoAccess, true),
        (missing(), NotFound, true),
        (unsigned(404, refusal()), NotFound, false),
        (answer(400, error("x.ArgumentValidationException", "odd")), NoAccess, true),
        (answer(429, ""), RateLimit, false),
        (answer(503, ""), Server, false),
        (answer(404, r#"{"status-code":404,"message":"null for uri"}"#), NotTheApi, false),
        (Step::answer(200, &[("Content-Type", "text/html")], "<html><title>Log in</title>"), NotTheApi, false),
        (answer(200, REPOSITORY.replace("\"git\"", "\"hg\"")), NotTheApi, false),
        (answer(200, &REPOSITORY[..90]), NotTheApi, false),
    ] {
        let server = world(move |seen| seen.target.ends_with("/repos/gitops").then(|| step.clone())).await;
        let fault = at(&server).repository(&gitops()).await.unwrap_err();
        assert_eq!((fault.kind, fault.accepted), (kind, accepted), "{}", fault.text);
        assert!(fault.remedy.is_some());
    }
}

#[tokio::test]
async fn the_end_and_the_permissions_are_told_by_a_list_of_one_token_only() {
    let held = |scopes: &[&str]| Grants::Known(scopes.iter().map(ToString::to_string).collect());
    let both = held(&["PROJECT_READ", "REPO_WRITE"]);
    let at_end = Expiry::At("2027-02-01T00:00:00Z".parse().unwrap());
    let lasting = TOKEN.replace("\"expiryDate\":1801440000000,", "");
    let more = page(&[TOKEN]).replace("\"isLastPage\":true", "\"isLastPage\":false");
    for (step, grants, expiry) in [
        (answer(200, page(&[TOKEN])), both.clone(), at_end),
        (answer(200, page(&[&lasting])), both, Expiry::Never),
        (answer(200, page(&[TOKEN, &lasting])), Grants::NotTold, Expiry::NotTold),
        (answer(200, page(&[])), Grants::NotTold, Expiry::NotTold),
        (answer(200, more), Grants::NotTold, Expiry::NotTold),
        (not_permitted(), Grants::NotTold, Expiry::NotTold),
        (missing(), Grants::NotTold, Expiry::NotTold),
    ] {
        let server = world(move |seen| seen.target.contains("/access-tokens/").then(|| step.clone())).await;
        let forge = at(&server);
        assert_eq!((forge.grants().await.unwrap(), forge.expiry().await.unwrap()), (grants, expiry));
        let lists = server.seen().iter().filter(|seen| seen.target.contains("/access-tokens/")).count();
        assert_eq!(lists, 1, "one answer serves both questions");
    }
    // A token without a user stands in no list of users, and one of an OAuth client in none at all.
    let bot =
        world(|seen| is_identity(&seen.target).then(|| answer_to("access-token-user%2F2%2F9", 200, page(&[])))).await;
    assert_eq!(at(&bot).grants().await, Ok(Grants::NotTold));
    let server = world(|_| None).await;
    let site = site_of(Provider::BitbucketDc, &server.origin());
    let oauth = open(&site, "MDM0MjM5NDc2MDEyOmNhbmFyeQ", &Outside::new(None).with_limits(limits()));
    assert_eq!(oauth.expiry().await, Ok(Expiry::NotTold));
    assert!(bot.seen().iter().chain(&server.seen()).all(|seen| !seen.target.contains("/access-tokens/")));
}

#[tokio::test]
async fn who_creates_repositories_is_seen_in_what_an_administrator_may_read() {
    let other = PROJECT.replace("ACME", "OTHER").replace("\"id\":7", "\"id\":8");
    let old = || answer(400, error("bitbucket.validation.ArgumentValidationException", "REPO_CREATE"));
    for (admin, create, administers, told) in [
        (None, not_permitted(), not_permitted(), Told::Yes),
        (Some(not_permitted()), answer(200, page(&[PROJECT])), not_permitted(), Told::Yes),
        (Some(not_permitted()), answer(200, page(&[&other])), not_permitted(), Told::No),
        (Some(not_permitted()), old(), answer(200, page(&[PROJECT])), Told::Yes),
        (Some(not_permitted()), old(), answer(200, page(&[])), Told::No),
        (Some(not_permitted()), old(), not_permitted(), Told::NotTold),
    ] {
        let server = world(move |seen| match seen.target.as_str() {
            target if target.contains("permission=REPO_CREATE") => Some(create.clone()),
            target if target.contains("permission=PROJECT_ADMIN") => Some(administers.clone()),
            target if target.contains("/permissions/users") => admin.clone(),
            _ => None,
        })
        .await;
        let owner = at(&server).owner(&project("acme")).await.unwrap();
        assert_eq!((owner.name.as_str(), owner.id.as_str(), owner.kind), ("ACME", "7", OwnerKind::Organisation));
        assert_eq!((owner.membership, owner.creates), (Membership::NotTold, told));
    }
}

#[tokio::test]
async fn a_personal_project_is_of_its_user_also_before_it_has_begun() {
    let personal = |key: &str| PROJECT.replace("ACME", key).replace("NORMAL", "PERSONAL");
    let (own, others) = (personal("~OCTOCAT"), personal("~MALLORY"));
    let server = world(move |seen| match seen.target.as_str() {
        "/rest/api/1.0/projects/~octocat" => Some(answer(200, &own)),
        "/rest/api/1.0/projects/~mallory" => Some(answer(200, &others)),
        target if target.contains("/permissions/users") => Some(answer(200, page(&[]))),
        _ => None,
    })
    .await;
    for (name, membership) in [("~OctoCat", Membership::Oneself), ("~mallory", Membership::Stranger)] {
        let owner = at(&server).owner(&project(name)).await.unwrap();
        assert_eq!((owner.kind, owner.membership), (OwnerKind::User, membership), "{name}");
    }
    let owner = at(&world(|_| None).await).owner(&project("~octocat")).await.unwrap();
    assert_eq!((owner.id.as_str(), owner.membership, owner.creates), ("42", Membership::Oneself, Told::NotTold));
    let fault = at(&world(|_| None).await).owner(&project("~mallory")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::NotFound);
    let fault = at(&world(|_| None).await).owner(&project("GHOST")).await.unwrap_err();
    assert!(fault.kind == FaultKind::NotFound && fault.remedy.unwrap().text.contains("/projects/"));
}

#[tokio::test]
async fn lists_go_on_where_the_server_says_and_only_forward() {
    let row = |slug: &str| REPOSITORY.replace("\"slug\":\"gitops\"", &format!("\"slug\":\"{slug}\""));
    let part = move |slug: &str, start: u32, next: &str| {
        page(&[&row(slug)])
            .replace("\"isLastPage\":true", &format!("\"isLastPage\":{}", next == "null"))
            .replace("\"start\":0", &format!("\"start\":{start}"))
            .replace("\"nextPageStart\":null", &format!("\"nextPageStart\":{next}"))
    };
    // The second part begins further on than the first one ended: rows in between are hidden.
    let (first, second) = (part("one", 0, "5"), part("two", 5, "null"));
    let server = world(move |seen| {
        let later = seen.target.ends_with("start=5");
        seen.target.contains("/projects/ACME/repos?").then(|| answer(200, if later { &second } else { &first }))
    })
    .await;
    let page = at(&server).repositories(&project("acme")).await.unwrap();
    let names: Vec<_> = page.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!((names, page.cut), (vec!["one", "two"], None));

    for next in ["0", "null"] {
        let stuck = part("one", 0, next).replace("\"isLastPage\":true", "\"isLastPage\":false");
        let server = world(move |seen| seen.target.contains("/repos?").then(|| answer(200, &stuck))).await;
        let fault = at(&server).repositories(&project("ACME")).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::NotTheApi, "a list that does not advance is none");
    }
    let server = world(move |seen| {
        let start: u32 = seen.target.rsplit_once("start=").and_then(|(_, start)| start.parse().ok()).unwrap_or(0);
        seen.target.contains("/repos?").then(|| answer(200, part("one", start, &(start + 1).to_string())))
    })
    .await;
    let page = at(&server).repositories(&project("ACME")).await.unwrap();
    assert_eq!((page.rows.len(), page.cut.is_some()), (50, true), "a list without an end is cut, and says so");
    let owners = at(&world(|_| None).await).owners().await.unwrap();
    let names: Vec<_> = owners.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["~octocat", "ACME"]);
}

#[tokio::test]
async fn what_a_repository_is_and_where_it_went() {
    for (from, to, archived, disabled, visibility, name) in [
        ("", "", false, false, Visibility::Private, "gitops"),
        ("\"archived\":false,", "", false, false, Visibility::Private, "gitops"),
        ("\"archived\":false", "\"archived\":true", true, false, Visibility::Private, "gitops"),
        ("AVAILABLE", "OFFLINE", false, true, Visibility::Private, "gitops"),
        ("\"public\":false", "\"public\":true", false, false, Visibility::Public, "gitops"),
        ("\"slug\":\"gitops\"", "\"slug\":\"renamed\"", false, false, Visibility::Private, "renamed"),
    ] {
        let body = REPOSITORY.replace(from, to);
        let body = if from.is_empty() { REPOSITORY.to_owned() } else { body };
        let server = world(move |seen| seen.target.ends_with("/repos/gitops").then(|| answer(200, &body))).await;
        let seen = at(&server).repository(&gitops()).await.unwrap();
        let told = (seen.archived, seen.disabled, seen.visibility.unwrap(), seen.place.name.as_str());
        assert_eq!(told, (archived, disabled, visibility, name), "{to}");
    }
    let moved = REPOSITORY.replace("\"key\":\"ACME\"", "\"key\":\"NEW\"");
    let server = world(move |seen| match seen.target.as_str() {
        "/rest/api/1.0/projects/ACME/repos/gitops" => {
            Some(Step::answer(301, &[("Location", "/rest/api/1.0/projects/NEW/repos/gitops")], ""))
        }
        "/rest/api/1.0/projects/NEW/repos/gitops" => Some(answer(200, &moved)),
        _ => None,
    })
    .await;
    assert_eq!(at(&server).repository(&gitops()).await.unwrap().place.owner.owner, "NEW");
}

#[tokio::test]
async fn a_listing_for_receive_pack_alone_proves_no_push() {
    let archived = REPOSITORY.replace("\"archived\":false", "\"archived\":true");
    let spoken = |words: &str| {
        let line = format!("ERR {words}\n");
        let title = "001f# service=git-receive-pack\n0000";
        let headers = [("Content-Type", "application/x-git-receive-pack-advertisement")];
        Step::answer(200, &headers, format!("{title}{:04x}{line}0000", line.len() + 4))
    };
    let own = |status, text: &str| {
        let challenge = "Basic realm=\"Atlassian Bitbucket\"";
        let headers = [("Content-Type", "text/plain"), ("X-AREQUESTID", "1"), ("WWW-Authenticate", challenge)];
        Step::answer(status, &headers, text)
    };
    let (repository, permitted, git) = ("/repos/gitops", "/rest/api/1.0/repos?", "service=git-receive-pack");
    for (part, step, kind, text) in [
        ("/nowhere", missing(), None, ""),
        (permitted, answer(200, page(&[])), Some(FaultKind::NoAccess), "no permission to write"),
        (repository, answer(200, archived), Some(FaultKind::NoAccess), "archived"),
        (git, own(403, "no"), Some(FaultKind::NoAccess), "no permission to write"),
        (git, own(401, "no"), Some(FaultKind::NoAccess), "does not let octocat in"),
        (git, own(404, "no"), Some(FaultKind::NotFound), "does not find"),
        (git, spoken("Repository not found"), Some(FaultKind::NotFound), "does not find"),
        (git, spoken("You are not permitted to push"), Some(FaultKind::NoAccess), "not permitted"),
        (git, spoken("CAPTCHA required"), Some(FaultKind::Auth), "CAPTCHA"),
        (git, spoken("Down for maintenance"), Some(FaultKind::NoAccess), "Down for maintenance"),
    ] {
        let server = world(move |seen| seen.target.contains(part).then(|| step.clone())).await;
        let refs = at(&server).refs(&gitops(), Service::Write, "octocat").await;
        assert_eq!(refs.as_ref().err().map(|fault| fault.kind), kind, "{part}: {refs:?}");
        if let Err(fault) = refs {
            assert!(fault.text.contains(text) && fault.remedy.is_some(), "{fault:?}");
        }
        assert!(server.seen().iter().all(|seen| seen.method == "GET"));
    }
}

/// Where git lets no pair in, the API has said whether the token is good.
#[tokio::test]
async fn git_that_refuses_a_good_token_says_what_else_is_wrong() {
    let challenge = [("Content-Type", "text/html"), ("WWW-Authenticate", "Basic realm=\"Atlassian Bitbucket\"")];
    for (login, user, kind, remedy) in [
        ("octocat", "octocat", FaultKind::NoAccess, "administrator of the server"),
        ("octocat", "mallory", FaultKind::NoAccess, "Use octocat"),
        ("access-token-user%2F1%2F7", "x-token-auth", FaultKind::WrongKind, "bearer token"),
    ] {
        let server = world(move |seen| match seen.target.as_str() {
            target if is_identity(target) => Some(answer_to(login, 200, page(&[]))),
            target if target.contains("/info/refs") => Some(Step::answer(401, &challenge, "<html>")),
            _ => None,
        })
        .await;
        let forge = at(&server);
        let fault = forge.refs(&gitops(), Service::Read, user).await.unwrap_err();
        assert_eq!((fault.kind, fault.accepted), (kind, true), "{}", fault.text);
        assert!(fault.remedy.unwrap().text.contains(remedy));
        assert!(forge.repository(&gitops()).await.is_ok(), "the API is not given up for it");
    }
}

#[tokio::test]
async fn a_permission_that_is_not_listed_is_seen_in_what_it_opens() {
    let server = world(|_| None).await;
    let forge = at(&server);
    for scope in ["PROJECT_READ", "PROJECT_ADMIN", "REPO_ADMIN"] {
        assert_eq!(forge.right(&gitops(), scope, false).await, Ok(Right::Held));
    }
    assert!(matches!(forge.right(&gitops(), "PROJECT_WRITE", true).await, Ok(Right::NotTold(_))));
    let server = world(|seen| seen.target.contains("/permissions/users").then(not_permitted)).await;
    for scope in ["PROJECT_ADMIN", "REPO_ADMIN"] {
        let fault = at(&server).right(&gitops(), scope, false).await.unwrap_err();
        assert_eq!((fault.kind, fault.accepted), (FaultKind::MissingScope, true));
    }
    assert!(server.seen().iter().all(|seen| seen.method == "GET"));
}

#[tokio::test]
async fn a_repository_is_created_with_what_was_asked_for_and_once() {
    for (visibility, public) in [(Visibility::Private, false), (Visibility::Public, true)] {
        let server = world(|seen| (seen.method == "POST").then(|| answer(201, REPOSITORY))).await;
        let made = at(&server).create(&NewRepository { visibility, ..new() }).await.unwrap();
        assert_eq!(made.place, gitops());
        let posts: Vec<_> = server.seen().into_iter().filter(|seen| seen.method == "POST").collect();
        let body = format!(r#"{{"defaultBranch":"main","name":"gitops","public":{public},"scmId":"git"}}"#);
        let sent: serde_json::Value = serde_json::from_str(&posts[0].body).unwrap();
        assert_eq!((posts.len(), posts[0].target.as_str()), (1, "/rest/api/1.0/projects/ACME/repos"));
        assert_eq!(sent, serde_json::from_str::<serde_json::Value>(&body).unwrap());
    }
    let server = world(|_| None).await;
    let fault = at(&server).create(&NewRepository { readme: true, ..new() }).await.unwrap_err();
    assert!(fault.text.contains("without any commit") && server.seen().is_empty(), "{}", fault.text);
}

#[tokio::test]
async fn a_refused_creation_has_its_own_reasons() {
    use FaultKind::{NoAccess, Server};
    let taken = || {
        let body =
            r#"{"errors":[{"context":"name","message":"This repository URL is already taken.","exceptionName":null}]}"#;
        answer(409, body)
    };
    for (step, visible, kind, text) in [
        (taken(), true, NoAccess, "exists already"),
        (taken(), false, NoAccess, "may not see it"),
        (not_permitted(), false, NoAccess, "creating the repository"),
        (
            answer(400, error("x.ArgumentValidationException", "The repository name is invalid.")),
            false,
            NoAccess,
            "invalid",
        ),
        (answer(500, ""), false, Server, "was not created"),
    ] {
        let server = world(move |seen| match (seen.method.as_str(), visible) {
            ("POST", _) => Some(step.clone()),
            (_, false) if seen.target.ends_with("/repos/gitops") => Some(missing()),
            _ => None,
        })
        .await;
        let fault = at(&server).create(&new()).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{}", fault.text);
        assert!(fault.text.contains(text) && fault.remedy.is_some(), "{fault:?}");
        assert_eq!(server.seen().iter().filter(|seen| seen.method == "POST").count(), 1);
    }
}

#[tokio::test]
async fn everything_is_below_the_context_path() {
    let server = Raw::start(|seen| {
        let target = seen.target.trim_start_matches("/bitbucket").to_owned();
        if target == seen.target {
            Step::answer(404, &[], "")
        } else {
            super::good(&super::Seen { target, ..seen.clone() })
        }
    })
    .await;
    let host = Host::parse(&format!("{}/bitbucket", server.origin())).unwrap();
    let site = site_of(Provider::BitbucketDc, &host.to_string());
    let forge = open(&site, CANARY, &Outside::new(None).with_limits(limits()));
    assert_eq!(forge.server().await.unwrap().version.as_deref(), Some("9.4.2"));
    assert_eq!(forge.identity().await.unwrap().login, "octocat");
    assert!(matches!(forge.grants().await, Ok(Grants::Known(_))), "the other APIs stand beside the main one");
    assert!(forge.refs(&gitops(), Service::Write, "octocat").await.is_ok());
    assert!(server.seen().iter().all(|seen| seen.target.starts_with("/bitbucket/")));
    let anonymous: Vec<_> = server.seen().into_iter().filter(|seen| !seen.head.contains("authorization: ")).collect();
    assert!(anonymous.len() == 1 && anonymous[0].target.ends_with("/application-properties"));
}

#[tokio::test]
async fn nothing_is_asked_about_a_name_that_cannot_be_one() {
    let server = world(|_| None).await;
    for (owner, name) in [("../ADMIN", "x"), ("ACME", "../x"), ("2acme", "x")] {
        let place = Place { owner: project(owner), name: name.into() };
        assert_eq!(at(&server).repository(&place).await.unwrap_err().kind, FaultKind::NotFound, "{owner}/{name}");
    }
    assert!(server.seen().is_empty());
}
