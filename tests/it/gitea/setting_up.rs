//! The program, set up against the imitated Gitea and Forgejo.

use crate::headless::clone_and_push;
use crate::program::{Home, Run, Served};
use crate::support::scenario::{EVERYWHERE, comes_to, keptn_refuses_commits};

const GITOPS: &str = "[repository]\nname = \"gitops\"\ncreate = true\n";

fn setup(home: &Home, served: &Served, platform: &str, token: &str, more: &str) -> Run {
    let answers = served.answers_on(home, "gitea", platform, token, more);
    home.run(&["setup", "--format", "json", "--answers", answers.to_str().unwrap()])
}

#[test]
fn from_nothing_to_a_proven_access_that_git_uses() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let run = setup(&home, &served, "keptn", "gitea-keptn", GITOPS).expect(0);
    assert_eq!(run.json()["verdict"], "pass", "{}", run.stdout);
    assert_eq!(run.json()["connections"][0]["repository"]["created"], true);
    assert_eq!(run.check("expiry")["verdict"], "pass", "no token of this provider has an end");
    assert!(run.check("reach")["detail"].as_str().unwrap().contains("Gitea 1.26.0"));
    assert!(!home.config_text().contains(&served.token("gitea-keptn")));

    let url = format!("{}/acme/gitops.git", served.host_of("gitea"));
    clone_and_push(&home, &url);

    let again = setup(&home, &served, "keptn", "gitea-keptn", GITOPS).expect(0);
    assert_eq!(again.json()["connections"][0]["repository"]["created"], false);
    let requests = served.requests();
    let created = requests.iter().filter(|request| request["method"] == "POST" && request["status"] == 201).count();
    assert_eq!(created, 1);
}

#[test]
fn somebody_who_may_only_read_is_refused_although_git_is_let_in() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let run = setup(&home, &served, "keptn", "gitea-reader", "[repository]\nname = \"blank\"\n").expect(1);
    assert_eq!(run.check("push")["verdict"], "fail", "{}", run.stdout);
    assert_eq!(run.check("push")["fault"], "no-access");
    assert_eq!(run.check("clone")["verdict"], "pass");
    let announced = served
        .requests()
        .into_iter()
        .any(|request| request["status"] == 200 && request.to_string().contains("git-receive-pack"));
    assert!(announced, "the server let git in all the same");
    let run = setup(&home, &served, "argocd", "gitea-reader", "[repository]\nname = \"webshop\"\n").expect(0);
    assert_eq!(run.check("clone")["verdict"], "pass", "{}", run.stdout);
}

#[test]
fn scopes_and_rights_that_are_missing_or_too_many_are_told() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let blank = "[repository]\nname = \"blank\"\n";
    let run = setup(&home, &served, "keptn", "gitea-full", blank).expect(0);
    assert_eq!(run.check("excess")["verdict"], "warn", "{}", run.stdout);
    let run = setup(&home, &served, "keptn", "gitea-public", blank).expect(1);
    assert_eq!(run.check("scope:write:repository")["verdict"], "fail", "{}", run.stdout);
    let run = setup(&home, &served, "keptn", "gitea-member", GITOPS).expect(1);
    assert_eq!(run.check("create-repository")["fault"], "no-access", "{}", run.stdout);
    let run = setup(&home, &served, "keptn", "gitea-own", GITOPS).expect(1);
    assert_eq!(run.check("create-repository")["fault"], "missing-scope", "{}", run.stdout);
    let run = setup(&home, &served, "argocd", "gitea-keptn", "[repository]\nname = \"shop\"\n").expect(0);
    assert_eq!(run.check("repository")["verdict"], "warn", "{}", run.stdout);
    let run = setup(&home, &served, "flux", "gitea-flux", "[repository]\nname = \"attic\"\n").expect(1);
    assert_eq!(run.check("repository")["verdict"], "fail", "{}", run.stdout);
}

#[test]
fn a_repository_of_ones_own_takes_the_scope_of_the_user() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let answers = served.answers_on(&home, "gitea", "keptn", "gitea-own", GITOPS);
    let text = std::fs::read_to_string(&answers).unwrap().replace("owner = \"acme\"", "owner = \"octocat\"");
    std::fs::write(&answers, text).unwrap();
    let run = home.run(&["setup", "--format", "json", "--answers", answers.to_str().unwrap()]).expect(0);
    assert_eq!(run.json()["verdict"], "pass", "{}", run.stdout);
}

#[test]
fn platforms_that_do_not_know_it_say_so_and_what_to_use() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    for platform in ["devtron", "qovery", "dxup"] {
        let run = setup(&home, &served, platform, "gitea-full", "").expect(2);
        assert!(
            run.stdout.contains("Flux") || run.stdout.contains("Mirror"),
            "{platform}: {}{}",
            run.stdout,
            run.stderr
        );
    }
}

/// The rows of the table of scenarios. Gitea has no single sign-on of an organisation, and its tokens have no end.
#[test]
fn every_scenario_ends_as_it_is_promised() {
    for row in EVERYWHERE.into_iter().chain([("expires-soon", "pass", 0, true, "", "")]) {
        for platform in ["keptn", "flux", "argocd"] {
            comes_to("gitea", platform, row);
        }
    }
}

#[test]
fn keptn_refuses_a_repository_with_commits() {
    keptn_refuses_commits("gitea");
}
