//! What Gitea and Forgejo tell, in each form in which they tell it, is read as it is meant.

use std::collections::BTreeSet;

use git_access::fact::{Expiry, FaultKind, Grants, Membership, OwnerKind, OwnerPath, Right, Service, Told, Visibility};
use git_access::forge::{NewRepository, Outside};
use git_access::provider::Provider;

use super::{BRANCH, CANARY, ORGANISATION, PERMISSIONS, REPOSITORY, USER, answer, at, missing, refusal, world};
use crate::forges::{acme, gitops, limits, open, site_of};
use crate::support::raw::{Raw, Step};

const SCOPE: &str = "token does not have at least one of required scope(s)";

fn known(scopes: &str) -> Grants {
    Grants::Known(scopes.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>())
}

fn new(in_organisation: bool) -> NewRepository {
    NewRepository { place: gitops(), visibility: Visibility::Private, readme: false, in_organisation }
}

#[tokio::test]
async fn the_program_and_its_version_are_asked_without_the_token() {
    let sign_in = r#"{"message":"Only signed in user is allowed to call APIs."}"#;
    let page = || Step::answer(404, &[("Content-Type", "text/html")], "<html><title>Not here</title>");
    for (common, own, product, version) in [
        (answer(200, r#"{"version":"1.26.0"}"#), page(), "Gitea", Some("1.26.0")),
        (answer(200, r#"{"version":"1.26.0+dev-497-gabc"}"#), page(), "Gitea", Some("1.26.0+dev-497-gabc")),
        (answer(200, r#"{"version":"development"}"#), page(), "Gitea", Some("development")),
        (answer(200, r#"{"version":"12.0.1+gitea-1.22.0"}"#), page(), "Forgejo", Some("12.0.1")),
        (
            answer(200, r#"{"version":"12.0.1+gitea-1.22.0"}"#),
            answer(200, r#"{"version":"12.0.1+gitea-1.22.0"}"#),
            "Forgejo",
            Some("12.0.1"),
        ),
        (answer(403, sign_in), page(), "Gitea or Forgejo", None),
    ] {
        let server = Raw::start(move |seen| match seen.target.as_str() {
            "/api/v1/version" => common.clone(),
            "/api/forgejo/v1/version" => own.clone(),
            _ => page(),
        })
        .await;
        let told = at(&server).server().await.unwrap();
        assert_eq!((told.product.as_str(), told.version.as_deref()), (product, version));
        assert_eq!(server.carrying(CANARY), 0, "asked without the credential");
    }
}

#[tokio::test]
async fn a_host_with_a_path_is_asked_below_it() {
    let server = world(|_| None).await;
    let site = site_of(Provider::Gitea, &format!("{}/forge", server.origin()));
    let forge = open(&site, CANARY, &Outside::new(None).with_limits(limits()));
    let _ = futures_util::future::join(forge.server(), forge.identity()).await;
    let _ = forge.refs(&gitops(), Service::Read, "octocat").await;
    let mut targets: Vec<_> = server.seen().into_iter().map(|seen| seen.target).collect();
    targets.sort();
    assert_eq!(
        targets,
        [
            "/forge/acme/gitops.git/info/refs?service=git-upload-pack",
            "/forge/api/forgejo/v1/version",
            "/forge/api/v1/user",
            "/forge/api/v1/version"
        ]
    );
}

#[tokio::test]
async fn scopes_are_told_in_three_places_and_else_not_at_all() {
    let about = r#"{"id":1,"name":"t","scopes":["write:repository","read:user"],"user":{"id":1,"login":"octocat"}}"#;
    let refused = format!("{SCOPE}, required=[read:admin], token scope=write:issue,write:repository");
    let row = |last: &str, scopes: &str| {
        format!(r#"{{"id":1,"name":"t","token_last_eight":"{last}","scopes":[{scopes}],"repositories":null}}"#)
    };
    let (other, ours) = (row("00000000", "\"all\""), row("0a12beef", "\"write:package\""));
    let table: [(&'static str, Step, Grants); 7] = [
        ("/api/v1/token", answer(200, about), known("write:repository read:user")),
        ("/api/v1/admin/cron", refusal(403, &refused), known("write:issue write:repository")),
        ("/api/v1/admin/cron", refusal(403, "user should be the site admin"), Grants::NotTold),
        ("/api/v1/users/octocat/tokens", answer(200, format!("[{other},{ours}]")), known("write:package")),
        ("/api/v1/users/octocat/tokens", answer(200, format!("[{other}]")), Grants::NotTold),
        ("/api/v1/users/octocat/tokens", answer(200, format!("[{ours},{ours}]")), Grants::NotTold),
        ("/nowhere", missing(), Grants::NotTold),
    ];
    for (path, step, grants) in table {
        let server = world(move |seen| seen.target.starts_with(path).then(|| step.clone())).await;
        let forge = at(&server);
        assert_eq!(forge.grants().await, Ok(grants), "{path}");
        assert!(forge.grants().await.is_ok());
        let asked = server.seen().iter().filter(|seen| seen.target.contains("/token")).count();
        assert!(asked <= 2, "each place is asked once: {asked}");
        let basic = server.seen().iter().filter(|seen| seen.head.contains("authorization: Basic ")).count();
        assert!(basic <= 1, "{path}");
    }
}

#[tokio::test]
async fn without_read_user_a_token_may_still_tell_whose_it_is() {
    let no = || refusal(403, &format!("{SCOPE}: [read:user]"));
    let about = r#"{"id":1,"name":"t","scopes":["write:repository"],"user":{"id":7,"login":"octocat"}}"#;
    let server = world(move |seen| match seen.target.as_str() {
        "/api/v1/user" => Some(no()),
        "/api/v1/token" => Some(answer(200, about)),
        _ => None,
    })
    .await;
    assert_eq!(at(&server).identity().await.unwrap().id, "7");
    let server = world(move |seen| (seen.target == "/api/v1/user").then(no)).await;
    let forge = at(&server);
    let fault = forge.identity().await.unwrap_err();
    assert_eq!((fault.kind, fault.accepted), (FaultKind::MissingScope, true));
    assert!(fault.text.contains("read:user"), "{}", fault.text);
    assert_eq!(forge.expiry().await, Ok(Expiry::Never), "the token is alive, and none has an end");
    assert_eq!(forge.grants().await, Ok(Grants::NotTold));
}

#[tokio::test]
async fn a_message_that_echoes_the_token_is_shown_without_it() {
    let server = world(|seen| {
        (seen.target == "/api/v1/repos/acme/gitops")
            .then(|| refusal(403, &format!("access token does not exist [sha: {CANARY}]")))
    })
    .await;
    let fault = at(&server).repository(&gitops()).await.unwrap_err();
    assert!(!fault.text.contains(CANARY) && fault.text.contains("[sha: ***]"), "{}", fault.text);
}

#[tokio::test]
async fn a_bad_token_is_told_once_in_all_its_wordings() {
    for message in [
        "invalid username, password or token",
        "user does not exist [uid: 0, name: ]",
        &format!("access token does not exist [sha: {CANARY}]"),
        "token is required",
    ] {
        let step = refusal(401, message);
        let server = Raw::start(move |_| step.clone()).await;
        let forge = at(&server);
        for _ in 0..3 {
            let fault = forge.identity().await.unwrap_err();
            assert_eq!((fault.kind, fault.accepted), (FaultKind::Auth, false), "{message}");
            assert!(!format!("{fault:?}").contains(CANARY), "{fault:?}");
        }
        assert_eq!(forge.refs(&gitops(), Service::Write, "o").await.unwrap_err().kind, FaultKind::Auth);
        assert_eq!(server.seen().len(), 1, "a refused credential is not shown again");
    }
}

#[tokio::test]
async fn refusals_are_told_apart() {
    use FaultKind::{Auth, MissingScope, NoAccess, NotFound, NotTheApi, RateLimit, Server};
    let bare = |message: &str| answer(403, format!(r#"{{"message":"{message}"}}"#));
    let newer = format!("{SCOPE}, required=[read:repository], token scope=read:user");
    for (step, kind, text) in [
        (refusal(403, &newer), MissingScope, "takes read:repository"),
        (refusal(403, &format!("{SCOPE}: [read:repository]")), MissingScope, "takes read:repository"),
        (refusal(403, "token scope is limited to public repos"), MissingScope, "public"),
        (refusal(403, "Must be an organization member"), NoAccess, "members"),
        (refusal(403, "a new reason"), NoAccess, "a new reason"),
        (bare("Only signed in user is allowed to call APIs."), Auth, "no token"),
        (bare("This account is not activated."), NoAccess, "not activated"),
        (
            bare("This account is prohibited from signing in, please contact your site administrator."),
            NoAccess,
            "sign in",
        ),
        (bare("You must change your password. Change it at: https://x/user/change_password"), NoAccess, "password"),
        (bare("Forbidden"), NotTheApi, "not an answer"),
        (missing(), NotFound, "does not find"),
        (refusal(404, "The target couldn't be found."), NotFound, "does not find"),
        (refusal(413, "quota exceeded"), NoAccess, "quota"),
        (refusal(423, "acme/gitops is archived"), NoAccess, "archived"),
        (refusal(429, "slow down"), RateLimit, ""),
        (refusal(500, ""), Server, ""),
        (Step::answer(404, &[("Content-Type", "text/html")], "<html>"), NotTheApi, "web page"),
    ] {
        let server = world(move |seen| seen.target.ends_with("/repos/acme/gitops").then(|| step.clone())).await;
        let fault = at(&server).repository(&gitops()).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{}", fault.text);
        assert!(fault.text.contains(text) && fault.remedy.is_some(), "{fault:?}");
    }
}

#[tokio::test]
async fn a_listing_for_receive_pack_alone_proves_no_push() {
    let changed = |from: &str, to: &str| REPOSITORY.replace(from, to);
    let reader = changed("\"push\":true", "\"push\":false");
    let archived = changed("\"archived\":false", "\"archived\":true");
    let mirror = changed("\"mirror\":false", "\"mirror\":true");
    let protected =
        BRANCH.replace("\"protected\":false,\"user_can_push\":true", "\"protected\":true,\"user_can_push\":false");
    let scope = format!("{SCOPE}, required=[read:admin], token scope=read:repository,read:user");
    let public_only = format!("{SCOPE}, required=[read:admin], token scope=write:repository,public-only");
    let plain = |status, text: &str| Step::answer(status, &[("Content-Type", "text/plain; charset=utf-8")], text);
    let (repository, branch, cron, git) =
        ("/api/v1/repos/acme/gitops", "/branches/main", "/admin/cron?limit=1", "service=git-receive-pack");
    for (path, step, kind, text) in [
        ("/nowhere", missing(), None, ""),
        (repository, answer(200, reader), Some(FaultKind::NoAccess), "this account"),
        (repository, answer(200, archived), Some(FaultKind::NoAccess), "archived"),
        (repository, answer(200, mirror), Some(FaultKind::NoAccess), "mirror"),
        (branch, answer(200, protected), Some(FaultKind::NoAccess), "protected"),
        (branch, missing(), None, ""),
        (cron, refusal(403, &scope), Some(FaultKind::MissingScope), "this token"),
        (cron, refusal(403, &public_only), Some(FaultKind::MissingScope), "this token"),
        (git, plain(403, "Forbidden\n"), Some(FaultKind::MissingScope), "this token"),
        (git, plain(403, "mirror repository is read-only"), Some(FaultKind::NoAccess), "mirror"),
        (git, plain(403, "Push to create is not enabled for users."), Some(FaultKind::NotFound), "does not exist"),
        (
            git,
            plain(403, "Interacting with repositories by HTTP protocol is not allowed"),
            Some(FaultKind::NoAccess),
            "over HTTP",
        ),
        (git, plain(404, "Repository not found"), Some(FaultKind::NotFound), "does not find"),
    ] {
        let server = world(move |seen| seen.target.ends_with(path).then(|| step.clone())).await;
        let refs = at(&server).refs(&gitops(), Service::Write, "octocat").await;
        assert_eq!(refs.as_ref().err().map(|fault| fault.kind), kind, "{path}: {refs:?}");
        if let Err(fault) = refs {
            assert!(fault.text.contains(text) && fault.remedy.is_some(), "{fault:?}");
        }
        let seen = server.seen();
        let git = seen.iter().find(|seen| seen.target.contains("/info/refs")).unwrap();
        assert!(git.head.contains("authorization: Basic "), "scopes count for git with Basic only: {}", git.head);
        assert!(seen.iter().all(|seen| seen.method == "GET"));
    }
}

#[tokio::test]
async fn an_empty_repository_names_a_branch_that_is_not_asked_for() {
    let empty = REPOSITORY.replace("\"empty\":false", "\"empty\":true");
    let server = world(move |seen| seen.target.ends_with("/repos/acme/gitops").then(|| answer(200, &empty))).await;
    let forge = at(&server);
    assert_eq!(forge.repository(&gitops()).await.unwrap().default_branch.as_deref(), Some("main"));
    assert!(forge.refs(&gitops(), Service::Write, "octocat").await.is_ok());
    assert!(server.seen().iter().all(|seen| !seen.target.contains("/branches/")));
}

#[tokio::test]
async fn what_the_account_is_in_an_organisation_is_told_apart() {
    let rights = |owner, read, create| {
        let (owner, read, create): (bool, bool, bool) = (owner, read, create);
        answer(
            200,
            format!(
                r#"{{"is_owner":{owner},"is_admin":{owner},"can_write":{owner},"can_read":{read},"can_create_repository":{create}}}"#
            ),
        )
    };
    let role = |role: &str| Membership::Member(role.to_owned());
    let no_scope = || refusal(403, &format!("{SCOPE}: [read:organization]"));
    let shared = format!("[{REPOSITORY}]");
    let user = USER.replace("\"octocat\"", "\"acme\"").replace("\"id\":1", "\"id\":9");
    for (path, step, membership, creates) in [
        ("/permissions", rights(true, true, true), role("owner"), Told::Yes),
        ("/permissions", rights(false, true, false), role("member"), Told::No),
        ("/permissions", answer(200, PERMISSIONS), role("member"), Told::Yes),
        ("/permissions", rights(false, false, false), Membership::Stranger, Told::No),
        ("/permissions", missing(), Membership::Stranger, Told::No),
        ("/permissions", no_scope(), Membership::NotTold, Told::NotTold),
        ("/orgs/acme", no_scope(), Membership::NotTold, Told::NotTold),
        ("/orgs/acme", missing(), Membership::Stranger, Told::No),
    ] {
        // Where the organisation hides, the name is found among the users, or behind a repository.
        let (user, shared, hidden) = (user.clone(), shared.clone(), creates == Told::No);
        let server = world(move |seen| match seen.target.as_str() {
            target if target.ends_with(path) && !(path == "/orgs/acme" && target.contains("/users/")) => {
                Some(step.clone())
            }
            "/api/v1/users/acme" if !hidden => Some(answer(200, &user)),
            target if target.contains("/user/repos") => Some(answer(200, &shared)),
            _ => None,
        })
        .await;
        let owner = at(&server).owner(&acme()).await.unwrap();
        assert_eq!((owner.kind, &owner.membership, owner.creates), (OwnerKind::Organisation, &membership, creates));
    }
    let own = OwnerPath { owner: "OctoCat".into(), project: None };
    let owner = at(&world(|_| None).await).owner(&own).await.unwrap();
    assert_eq!((owner.kind, owner.membership, owner.creates), (OwnerKind::User, Membership::Oneself, Told::Yes));
    let server =
        world(|seen| (seen.target.contains("/orgs/acme") || seen.target.contains("/user/repos")).then(missing)).await;
    assert_eq!(at(&server).owner(&acme()).await.unwrap_err().kind, FaultKind::NotFound);
}

#[tokio::test]
async fn lists_are_read_by_number_whatever_address_the_server_gives() {
    let row = |name: &str| REPOSITORY.replace("\"name\":\"gitops\"", &format!("\"name\":\"{name}\""));
    let rows = [row("one"), row("two")];
    let server = world(move |seen| {
        let link = r#"<https://elsewhere.invalid/api/v1/orgs/acme/repos?page=2>; rel="next""#;
        let headers = [("Content-Type", "application/json"), ("X-Total-Count", "2"), ("Link", link)];
        let number = usize::from(seen.target.ends_with("page=2"));
        seen.target.contains("/orgs/acme/repos").then(|| Step::answer(200, &headers, format!("[{}]", rows[number])))
    })
    .await;
    let page = at(&server).repositories(&acme()).await.unwrap();
    let names: Vec<_> = page.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!((names, page.cut), (vec!["one", "two"], None));

    let server = world(|seen| {
        let headers = [("Content-Type", "application/json"), ("X-Total-Count", "9999")];
        seen.target.contains("/user/orgs").then(|| Step::answer(200, &headers, format!("[{ORGANISATION}]")))
    })
    .await;
    let page = at(&server).owners().await.unwrap();
    assert_eq!((page.rows.len(), page.cut.is_some()), (51, true), "a list without an end is cut, and says so");
    let server = world(|seen| {
        seen.target.contains("/user/orgs").then(|| refusal(403, &format!("{SCOPE}: [read:organization]")))
    })
    .await;
    assert!(at(&server).owners().await.unwrap().cut.unwrap().contains("read:organization"));
}

#[tokio::test]
async fn a_repository_is_created_with_what_was_asked_for_and_once() {
    for (in_organisation, path) in [(true, "/api/v1/orgs/acme/repos"), (false, "/api/v1/user/repos")] {
        let server = world(|seen| (seen.method == "POST").then(|| answer(201, REPOSITORY))).await;
        at(&server).create(&new(in_organisation)).await.unwrap();
        let posts: Vec<_> = server.seen().into_iter().filter(|seen| seen.method == "POST").collect();
        assert_eq!(posts.len(), 1);
        let body = r#"{"name":"gitops","private":true,"auto_init":false,"default_branch":"main"}"#;
        assert_eq!((posts[0].target.as_str(), posts[0].body.as_str()), (path, body));
    }
}

#[tokio::test]
async fn a_refused_creation_has_its_own_reasons() {
    use FaultKind::{MissingScope, NoAccess, Server};
    let scope = format!("{SCOPE}: [write:organization]");
    for (step, visible, kind, text) in [
        (refusal(409, "The repository with the same name already exists."), true, NoAccess, "exists already"),
        (refusal(409, "The repository with the same name already exists."), false, NoAccess, "may not see it"),
        (refusal(403, "Given user is not allowed to create repository in organization."), false, NoAccess, "No team"),
        (refusal(403, "user has reached maximum limit of repositories [limit: 5]"), false, NoAccess, "as many"),
        (refusal(403, &scope), false, MissingScope, "write:organization"),
        (refusal(422, "[Name]: AlphaDashDot"), false, NoAccess, "AlphaDashDot"),
        (refusal(500, ""), false, Server, "was not created"),
    ] {
        let server = world(move |seen| match (seen.method.as_str(), visible) {
            ("POST", _) => Some(step.clone()),
            (_, false) if seen.target.ends_with("/repos/acme/gitops") => Some(missing()),
            _ => None,
        })
        .await;
        let fault = at(&server).create(&new(true)).await.unwrap_err();
        assert_eq!(fault.kind, kind, "{}", fault.text);
        assert!(fault.text.contains(text) && fault.remedy.is_some(), "{fault:?}");
    }
}

#[tokio::test]
async fn a_token_for_chosen_repositories_creates_none() {
    let row = r#"[{"id":1,"name":"t","token_last_eight":"0a12beef","scopes":["all"],"repositories":[{"id":3}]}]"#;
    let server = world(move |seen| seen.target.contains("/users/octocat/tokens").then(|| answer(200, row))).await;
    let fault = at(&server).create(&new(true)).await.unwrap_err();
    assert!(fault.text.contains("limited to chosen repositories"), "{}", fault.text);
    assert!(server.seen().iter().all(|seen| seen.method == "GET"), "nothing was sent that could change something");
}

#[tokio::test]
async fn a_right_that_is_not_listed_is_seen_in_what_it_opens() {
    let server = world(|seen| {
        let headers = [("Content-Type", "application/json"), ("X-Total-Count", "0")];
        seen.target.contains("/user/orgs").then(|| Step::answer(200, &headers, "[]"))
    })
    .await;
    let forge = at(&server);
    assert_eq!(forge.right(&gitops(), "read:user", false).await, Ok(Right::Held));
    assert_eq!(forge.right(&gitops(), "read:organization", false).await, Ok(Right::Held));
    assert!(matches!(forge.right(&gitops(), "write:package", true).await, Ok(Right::NotTold(_))));
}

#[tokio::test]
async fn a_renamed_repository_is_followed_on_its_own_origin() {
    let server = world(|seen| match seen.target.as_str() {
        "/api/v1/repos/acme/gitops" => Some(Step::answer(301, &[("Location", "/api/v1/repos/acme/renamed")], "")),
        "/api/v1/repos/acme/renamed" => {
            Some(answer(200, REPOSITORY.replace("\"name\":\"gitops\"", "\"name\":\"renamed\"")))
        }
        _ => None,
    })
    .await;
    assert_eq!(at(&server).repository(&gitops()).await.unwrap().place.name, "renamed");
}
