//! The program, set up against the imitated Azure DevOps, and git itself beside it.

use std::path::PathBuf;

use crate::headless::{clone_and_push, git};
use crate::program::{Home, Run, Served};
use crate::support::scenario::{EVERYWHERE, EXPIRES_SOON, SLOW, comes_to, keptn_refuses_commits};

const PLATFORM: &str = "project = \"platform\"\n";

fn answers(home: &Home, served: &Served, platform: &str, token: &str, more: &str) -> PathBuf {
    let answers = served.answers_on(home, "azure-devops", platform, token, more);
    let text = std::fs::read_to_string(&answers).unwrap().replace("[token]\n", "[token]\nexpires = 2027-02-01\n");
    std::fs::write(&answers, text).unwrap();
    answers
}

fn setup(home: &Home, served: &Served, platform: &str, token: &str, more: &str) -> Run {
    let answers = answers(home, served, platform, token, more);
    home.run(&["setup", "--format", "json", "--answers", answers.to_str().unwrap()])
}

fn in_platform(repository: &str) -> String {
    format!("{PLATFORM}[repository]\nname = \"{repository}\"\n")
}

#[test]
fn from_a_new_project_to_a_proven_access_that_git_uses() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    // The project brought an empty repository of its own name.
    let run = setup(&home, &served, "keptn", "azure-keptn", &in_platform("platform")).expect(0);
    assert_eq!(run.json()["verdict"], "pass", "{}", run.stdout);
    let connection = &run.json()["connections"][0];
    let url = connection["repository"]["url"].as_str().unwrap().to_owned();
    assert_eq!(url, format!("{}/acme/platform/_git/platform", served.host_of("azure-devops")));
    assert_eq!(connection["token"]["expires_source"], "user");
    assert!(run.check("repository")["detail"].as_str().unwrap().contains("acme/platform/platform"));
    let config = home.config_text();
    assert!(config.contains("project = \"platform\"") && !config.contains(&served.token("azure-keptn")), "{config}");
    assert!(!config.contains("api_url"), "{config}");

    clone_and_push(&home, &url);
    // The shorter address of a repository that is called like its project is served as well.
    let short = format!("{}/acme/_git/platform", served.host_of("azure-devops"));
    git(&home, &["clone", "-q", &short, "short"]).expect(0);
    let looked = home.run(&["check", "--format", "json"]).expect(0);
    assert_eq!(looked.json()["verdict"], "pass", "{}", looked.stdout);
}

#[test]
fn git_is_served_in_a_project_whose_name_has_a_space() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let more = "project = \"My Project\"\n[repository]\nname = \"gitops\"\n";
    let run = setup(&home, &served, "keptn", "azure-keptn", more).expect(0);
    assert_eq!(run.json()["verdict"], "pass", "{}", run.stdout);
    let url = format!("{}/acme/My%20Project/_git/gitops", served.host_of("azure-devops"));
    assert_eq!(run.json()["connections"][0]["repository"]["url"], url.as_str());
    git(&home, &["clone", "-q", &url, "work"]).expect(0);
    git(&home, &["-C", "work", "commit", "-q", "--allow-empty", "-m", "first"]).expect(0);
    git(&home, &["-C", "work", "push", "-q", "origin", "HEAD:main"]).expect(0);
    // Another organisation's repository is none of this connection's.
    let other = format!("{}/initech/x/_git/y", served.host_of("azure-devops"));
    assert_ne!(git(&home, &["ls-remote", &other]).code, 0);
}

#[test]
fn devtron_creates_in_the_project_and_the_same_answers_adopt_it() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let more = format!("{}create = true\n", in_platform("devtron-gitops"));
    let run = setup(&home, &served, "devtron", "azure-devtron", &more).expect(0);
    assert_eq!(run.json()["verdict"], "pass", "{}", run.stdout);
    assert_eq!(run.json()["connections"][0]["repository"]["created"], true);
    assert_eq!(run.check("delete")["verdict"], "pass");
    let again = setup(&home, &served, "devtron", "azure-devtron", &more).expect(0);
    assert_eq!(again.json()["connections"][0]["repository"]["created"], false);
    // What showed the scope is not repeated, and nothing else shows it.
    assert_eq!(again.check("scope:vso.code_manage")["verdict"], "unknown", "{}", again.stdout);
    let made = served.requests().iter().filter(|one| one["method"] == "POST" && one["status"] == 201).count();
    assert_eq!(made, 1);
    // The scopes of a token can be taken from it later: what was seen once is no proof for a check, which says so.
    let looked = home.run(&["check", "--strict", "--format", "json"]).expect(1);
    let scope = looked.check("scope:vso.code_manage");
    assert_eq!(scope["verdict"], "unknown", "{}", looked.stdout);
    assert!(scope["remedy"]["text"].as_str().unwrap().contains("`check --strict` fails with it"), "{scope}");
}

#[test]
fn tokens_and_accounts_that_cannot_serve_say_why() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    for (token, repository, code, id, verdict, fault, part) in [
        ("azure-reader", "platform", 1, "push", "fail", "no-access", "GenericContribute"),
        ("azure-withdrawn", "platform", 1, "identity", "fail", "auth", "does not tell whether"),
        ("azure-elsewhere", "platform", 1, "identity", "fail", "auth", "another organisation"),
        ("azure-ended", "platform", 1, "identity", "fail", "expired", "has ended"),
        ("azure-stranger", "platform", 1, "identity", "fail", "no-access", "no member"),
        ("azure-status", "platform", 1, "repository", "fail", "missing-scope", "scopes"),
        ("azure-keptn", "attic", 1, "repository", "fail", "no-access", "disabled"),
        ("azure-keptn", "nowhere", 1, "repository", "fail", "not-found", "does not find"),
        ("azure-keptn", "webshop", 1, "empty", "fail", "", "commits"),
        ("azure-global", "platform", 0, "expiry", "", "", "2026-12-01"),
    ] {
        let run = setup(&home, &served, "keptn", token, &in_platform(repository));
        let check = run.check(id);
        let what = format!("{token} {repository}: {}\n{}", run.stdout, run.stderr);
        // The end of tokens for all organisations is a day: before it a warning, past it nothing is known.
        if id == "expiry" && run.check(id)["verdict"] == "pass" {
            continue;
        }
        assert_eq!(run.code, code, "{what}");
        assert!(verdict.is_empty() || check["verdict"] == verdict, "{what}");
        assert!(fault.is_empty() || check["fault"] == fault, "{what}");
        assert!(check["detail"].as_str().unwrap().contains(part), "{what}");
    }
    // Who may not create is refused before anything is sent.
    let more = format!("{}create = true\n", in_platform("new"));
    let run = setup(&home, &served, "devtron", "azure-member", &more).expect(1);
    assert_eq!(run.check("create-repository")["fault"], "no-access", "{}", run.stdout);
    assert!(served.requests().iter().all(|one| one["method"] == "GET"));
}

#[test]
fn a_token_that_nobody_knows_is_never_taken_for_somebody() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let unknown = home.write("unknown", &"x7".repeat(26));
    for owner in ["acme", "open"] {
        let path = answers(&home, &served, "none", "azure-argocd", "project = \"platform\"\n");
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace(served.token_file("azure-argocd").to_str().unwrap(), unknown.to_str().unwrap());
        std::fs::write(&path, text.replace("owner = \"acme\"", &format!("owner = \"{owner}\""))).unwrap();
        let run = home.run(&["setup", "--format", "json", "--answers", path.to_str().unwrap()]).expect(1);
        assert_eq!(run.check("identity")["fault"], "auth", "{owner}: {}", run.stdout);
        assert!(!home.config().exists());
    }
}

#[test]
fn the_project_is_demanded_and_the_organisation_may_be_an_address() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let run = setup(&home, &served, "none", "azure-argocd", "").expect(2);
    assert!(run.stdout.contains("`project` is missing"), "{}", run.stdout);
    let run = setup(&home, &served, "none", "azure-argocd", "project = \"a/b\"\n").expect(2);
    assert!(run.stdout.contains("a project of Azure DevOps has"), "{}", run.stdout);
    for (owner, code) in [("HOST/acme", 0), ("HOST/acme/", 0), ("https://dev.azure.com/acme", 2)] {
        let home = Home::new();
        let path = answers(&home, &served, "none", "azure-argocd", &in_platform("webshop"));
        let owner = owner.replace("HOST", &served.host_of("azure-devops"));
        let text = std::fs::read_to_string(&path).unwrap().replace("\"acme\"", &format!("\"{owner}\""));
        std::fs::write(&path, text).unwrap();
        let run = home.run(&["setup", "--format", "json", "--answers", path.to_str().unwrap()]).expect(code);
        if code == 0 {
            assert_eq!(run.json()["verdict"], "pass", "{owner}: {}", run.stdout);
            assert!(home.config_text().contains("owner = \"acme\""), "{}", home.config_text());
        } else {
            assert!(run.stdout.contains("the address names another host"), "{}", run.stdout);
        }
    }
}

#[test]
fn without_its_end_the_expiry_is_not_known() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let path = served.answers_on(&home, "azure-devops", "none", "azure-argocd", &in_platform("webshop"));
    let run = home.run(&["setup", "--format", "json", "--answers", path.to_str().unwrap()]).expect(0);
    assert_eq!(run.check("expiry")["verdict"], "unknown", "{}", run.stdout);
    assert_eq!(run.json()["connections"][0]["saved"], true);
}

#[test]
fn platforms_that_do_not_know_it_say_so_and_what_to_use() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    for (platform, source) in [("qovery", "2026-08-20"), ("dxup", "2025-06-12")] {
        let run = setup(&home, &served, platform, "azure-keptn", PLATFORM).expect(2);
        assert!(run.stdout.contains(source) && run.stdout.contains("Mirror"), "{platform}: {}", run.stdout);
    }
}

#[test]
fn an_older_server_is_set_up_like_any_other() {
    let home = Home::new();
    let ready = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/sandbox/ready.toml")).unwrap();
    let old = "\n[[programs]]\nprovider = \"azure-devops\"\nproduct = \"server\"\nversion = \"2019\"\n";
    let world = home.write("old.toml", &format!("{ready}{old}"));
    let served = Served::start(&home, world.to_str().unwrap());
    let run = setup(&home, &served, "keptn", "azure-keptn", &in_platform("platform")).expect(0);
    assert_eq!(run.json()["verdict"], "pass", "{}", run.stdout);
    let too_new = served.requests().iter().filter(|one| one["status"] == 400).count();
    assert!(too_new >= 3, "{too_new}");
}

/// The rows of the table of scenarios.
#[test]
fn every_scenario_ends_as_it_is_promised() {
    for row in EVERYWHERE.into_iter().chain([EXPIRES_SOON, SLOW]) {
        // Slowness is the same for all.
        let platforms = if row == SLOW { &["keptn"][..] } else { &["keptn", "devtron", "flux", "argocd"] };
        for platform in platforms {
            comes_to("azure-devops", platform, row);
        }
    }
}

#[test]
fn keptn_refuses_a_repository_with_commits() {
    keptn_refuses_commits("azure-devops");
}
