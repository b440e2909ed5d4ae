//! The program, set up against the imitated Bitbucket Data Center.

use crate::headless::clone_and_push;
use crate::program::{Home, Run, Served};
use crate::support::scenario::{EVERYWHERE, EXPIRES_SOON, comes_to, keptn_refuses_commits};

const GITOPS: &str = "[repository]\nname = \"gitops\"\ncreate = true\n";
const BLANK: &str = "[repository]\nname = \"blank\"\n";
const WEBSHOP: &str = "[repository]\nname = \"webshop\"\n";

fn setup(home: &Home, served: &Served, platform: &str, token: &str, more: &str) -> Run {
    setup_of(home, served, "ACME", platform, token, more)
}

fn setup_of(home: &Home, served: &Served, owner: &str, platform: &str, token: &str, more: &str) -> Run {
    let answers = served.answers_for(home, platform, ("bitbucket-dc", owner), token, more);
    home.run(&["setup", "--format", "json", "--answers", answers.to_str().unwrap()])
}

#[test]
fn from_nothing_to_a_proven_access_that_git_uses() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let run = setup(&home, &served, "keptn", "bitbucket-dc-keptn", GITOPS).expect(0);
    assert_eq!(run.json()["verdict"], "pass", "{}", run.stdout);
    assert_eq!(run.json()["connections"][0]["repository"]["created"], true);
    assert_eq!(run.json()["connections"][0]["token"]["kind"], "user-access");
    assert!(run.check("reach")["detail"].as_str().unwrap().contains("Bitbucket Data Center 9.4.2"));
    assert!(!home.config_text().contains(&served.token("bitbucket-dc-keptn")));
    clone_and_push(&home, &format!("{}/scm/acme/gitops.git", served.host_of("bitbucket-dc")));

    let again = setup(&home, &served, "keptn", "bitbucket-dc-keptn", GITOPS).expect(0);
    assert_eq!(again.json()["connections"][0]["repository"]["created"], false);
    let requests = served.requests();
    let created = requests.iter().filter(|request| request["method"] == "POST" && request["status"] == 201).count();
    assert_eq!(created, 1);
    let name = run.json()["connections"][0]["name"].as_str().unwrap().to_owned();
    let looked = home.run(&["check", "--format", "json", &name]).expect(0);
    assert_eq!(looked.check("excess")["verdict"], "pass", "{}", looked.stdout);
}

/// Each kind of token signs in to git under the name that is its own.
#[test]
fn git_clones_and_pushes_with_every_kind_of_token() {
    for (token, kind, user) in [
        ("bitbucket-dc-full", "user-access", "octocat"),
        ("bitbucket-dc-project", "project-access", "x-token-auth"),
        ("bitbucket-dc-repository", "repository-access", "x-token-auth"),
    ] {
        let home = Home::new();
        let served = Served::start(&home, "ready");
        let run = setup(&home, &served, "keptn", token, BLANK).expect(0);
        assert_eq!(run.json()["connections"][0]["token"]["kind"], kind, "{}", run.stdout);
        for id in ["identity", "clone", "push", "handover", "scope:REPO_WRITE"] {
            assert_eq!(run.check(id)["verdict"], "pass", "{kind} {id}: {}", run.stdout);
        }
        let host = served.host_of("bitbucket-dc");
        let url = format!("{host}/scm/acme/blank.git");
        let authority = host.trim_start_matches("http://");
        let input = format!("protocol=http\nhost={authority}\npath=scm/acme/blank.git\n\n");
        let file = home.write("credential", &input);
        let mut get = home.program();
        get.args(["credential", "get"]).stdin(std::fs::File::open(file).unwrap());
        let given = crate::program::finished(&mut get).expect(0).stdout;
        assert!(given.contains(&format!("username={user}\n")), "{kind}: {given}");
        clone_and_push(&home, &url);
        let shown = home.run(&["show", run.json()["connections"][0]["name"].as_str().unwrap()]).expect(0);
        assert!(shown.stdout.contains(user), "{}", shown.stdout);
    }
}

#[test]
fn several_tokens_of_one_account_leave_the_end_open_unless_it_is_given() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let run = setup(&home, &served, "argocd", "bitbucket-dc-full", WEBSHOP).expect(0);
    assert_eq!(run.check("expiry")["verdict"], "unknown", "{}", run.stdout);
    assert_eq!(run.check("scope:REPO_READ")["verdict"], "pass", "it is seen to work");
    let file = served.answers_for(&home, "argocd", ("bitbucket-dc", "ACME"), "bitbucket-dc-second", WEBSHOP);
    let text = std::fs::read_to_string(&file).unwrap().replace("[token]\n", "[token]\nexpires = 2099-01-01\n");
    std::fs::write(&file, text).unwrap();
    let run = home.run(&["setup", "--format", "json", "--answers", file.to_str().unwrap()]).expect(0);
    assert!(run.check("expiry")["detail"].as_str().unwrap().contains("as you say"), "{}", run.stdout);
}

#[test]
fn rights_that_are_missing_are_told_by_what_they_stop() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    for (platform, token, more, id, fault) in [
        ("keptn", "bitbucket-dc-reader", BLANK, "push", "no-access"),
        ("keptn", "bitbucket-dc-narrow", BLANK, "push", "no-access"),
        ("keptn", "bitbucket-dc-member", GITOPS, "create-repository", "no-access"),
        ("argocd", "bitbucket-dc-withdrawn", WEBSHOP, "identity", "auth"),
        ("flux", "bitbucket-dc-project", WEBSHOP, "identity", "wrong-kind"),
        ("argocd", "bitbucket-dc-repository", WEBSHOP, "repository", "no-access"),
        ("flux", "bitbucket-dc-flux", "[repository]\nname = \"attic\"\n", "repository", "no-access"),
        ("argocd", "bitbucket-dc-argocd", "[repository]\nname = \"nowhere\"\n", "repository", "not-found"),
    ] {
        let run = setup(&home, &served, platform, token, more).expect(1);
        assert_eq!(run.check(id)["verdict"], "fail", "{token} {id}: {}", run.stdout);
        assert_eq!(run.check(id)["fault"], fault, "{token} {id}: {}", run.stdout);
    }
    let run = setup(&home, &served, "argocd", "bitbucket-dc-reader", WEBSHOP).expect(0);
    assert_eq!(run.check("clone")["verdict"], "pass", "{}", run.stdout);
    let run = setup(&home, &served, "argocd", "bitbucket-dc-argocd", "[repository]\nname = \"shop\"\n").expect(0);
    assert_eq!(run.check("repository")["verdict"], "warn", "a renamed repository: {}", run.stdout);
}

#[test]
fn a_personal_project_is_an_owner_too() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let run = setup_of(&home, &served, "~octocat", "keptn", "bitbucket-dc-full", GITOPS).expect(0);
    assert_eq!(run.json()["connections"][0]["owner"], "~octocat", "{}", run.stdout);
    assert_eq!(run.json()["connections"][0]["repository"]["created"], true);
    clone_and_push(&home, &format!("{}/scm/~octocat/gitops.git", served.host_of("bitbucket-dc")));
}

#[test]
fn platforms_that_do_not_know_it_say_so_and_what_to_use() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    for (platform, name) in [("devtron", "Devtron"), ("qovery", "Qovery"), ("dxup", "DXUP")] {
        let run = setup(&home, &served, platform, "bitbucket-dc-full", "").expect(2);
        let told = format!("{}{}", run.stdout, run.stderr);
        for part in [name, "Bitbucket Data Center", "202", "GitHub"] {
            assert!(told.contains(part), "{platform} {part}: {told}");
        }
    }
}

/// The rows of the table of scenarios. Bitbucket Data Center has no single sign-on that a token is authorised for.
#[test]
fn every_scenario_ends_as_it_is_promised() {
    for row in EVERYWHERE.into_iter().chain([EXPIRES_SOON]) {
        // The least that a token can hold is to read, which is all that Argo CD needs.
        let lacking = row.0 == "missing-scope";
        for platform in ["keptn", "flux", "argocd"].iter().take(if lacking { 2 } else { 3 }) {
            comes_to("bitbucket-dc", platform, row);
        }
    }
    keptn_refuses_commits("bitbucket-dc");
}
