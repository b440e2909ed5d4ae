//! The main job on GitLab, with git itself, and the trap that GitLab sets for those who ask too early.

use crate::headless::{clone_and_push, git, setup};
use crate::program::{Home, Served};

const AT: (&str, &str) = ("gitlab", "acme");

/// The requests by which git asks to push, and the project that each was about.
fn asked_to_push(served: &Served) -> Vec<String> {
    let requests = served.requests().into_iter().map(|request| request["path"].as_str().unwrap().to_owned());
    requests.filter(|path| path.contains("service=git-receive-pack")).collect()
}

#[test]
fn from_an_empty_directory_to_a_proven_access_that_git_uses() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let more = "[repository]\nname = \"gitops\"\ncreate = true\n";
    let answers = served.answers_for(&home, "keptn", ("gitlab", "acme/platform"), "gitlab-keptn", more);
    let report = setup(&home, &answers).expect(0).json();
    assert_eq!(report["verdict"], "pass", "{report}");
    assert_eq!(report["connections"][0]["repository"]["created"], true);
    assert!(!home.config_text().contains(&served.token("gitlab-keptn")));

    let url = format!("{}/acme/platform/gitops.git", served.host_of("gitlab"));
    clone_and_push(&home, &url);
    let again = setup(&home, &answers).expect(0).json();
    assert_eq!(again["connections"][0]["repository"]["created"], false);
}

#[test]
fn a_token_for_git_only_is_proven_over_git_and_its_owner_is_not_visible() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let answers = served.answers_for(&home, "keptn", AT, "gitlab-push-only", "[repository]\nname = \"blank\"\n");
    let run = setup(&home, &answers).expect(0);
    for (id, verdict) in [
        ("identity", "unknown"),
        ("owner", "unknown"),
        ("scope:write_repository", "pass"),
        ("repository", "pass"),
        ("empty", "pass"),
        ("clone", "pass"),
        ("push", "pass"),
        ("handover", "pass"),
        ("expiry", "pass"),
    ] {
        assert_eq!(run.check(id)["verdict"], verdict, "{id}: {}", run.stdout);
    }
    assert_eq!(run.json()["connections"][0]["saved"], true);
    // A reader's question came first, since the API shows nothing to this token.
    let paths: Vec<_> = served.requests().into_iter().map(|one| one["path"].as_str().unwrap().to_owned()).collect();
    let first = |service: &str| paths.iter().position(|path| path.ends_with(service)).unwrap();
    assert!(first("service=git-upload-pack") < first("service=git-receive-pack"), "{paths:?}");
    let full = served.answers_for(&home, "keptn", AT, "gitlab-push-only", "[repository]\nname = \"webshop\"\n");
    assert_eq!(setup(&home, &full).expect(1).check("empty")["verdict"], "fail");
}

#[test]
fn nobody_is_asked_to_receive_for_a_project_that_is_not_known_to_exist() {
    for token in ["gitlab-keptn", "gitlab-push-only", "gitlab-reader", "gitlab-devtron"] {
        for create in [false, true] {
            let home = Home::new();
            let served = Served::start(&home, "ready");
            let more = format!("[repository]\nname = \"gitopps\"\ncreate = {create}\n");
            let answers = served.answers_for(&home, "keptn", AT, token, &more);
            let run = setup(&home, &answers);
            let made = run.json()["connections"][0]["repository"]["created"] == true;
            assert!(made || asked_to_push(&served).is_empty(), "{token} {create}: {:?}", asked_to_push(&served));
            assert_eq!(made, create && ["gitlab-keptn", "gitlab-devtron"].contains(&token), "{token} {create}");
        }
    }
    // The trap is real in this world: git itself falls into it.
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let url = served.host_of("gitlab").replace("http://", &format!("http://x:{}@", served.token("gitlab-keptn")));
    git(&home, &["init", "-q", "work"]).expect(0);
    git(&home, &["-C", "work", "commit", "-q", "--allow-empty", "-m", "x"]).expect(0);
    git(&home, &["-C", "work", "push", "-q", "--dry-run", &format!("{url}/acme/trapped.git"), "HEAD:main"]).expect(0);
    git(&home, &["ls-remote", "-q", &format!("{url}/acme/trapped.git")]).expect(0);
}

#[test]
fn an_owner_by_number_or_address_is_saved_by_its_path_and_its_number() {
    for (owner, token, platform) in [
        ("583236", "gitlab-devtron", "devtron"),
        ("HOST/groups/acme/", "gitlab-devtron", "devtron"),
        ("HOST/acme", "gitlab-qovery", "qovery"),
    ] {
        let home = Home::new();
        let served = Served::start(&home, "ready");
        let owner = owner.replace("HOST", &served.host_of("gitlab"));
        let more = "[repository]\nname = \"webshop\"\n";
        let answers = served.answers_for(&home, platform, ("gitlab", &owner), token, more);
        let run = setup(&home, &answers).expect(0);
        assert_eq!(run.json()["verdict"], "pass", "{}", run.stdout);
        let config = home.config_text();
        assert!(config.contains("owner = \"acme\"") && config.contains("owner_id = \"583236\""), "{config}");
        setup(&home, &answers).expect(0);
    }
}

#[test]
fn kinds_of_tokens_roles_and_refusals_are_told_apart() {
    for (platform, token, code, id, verdict, part) in [
        ("qovery", "gitlab-qovery", 0, "identity", "pass", "group access token"),
        ("qovery", "gitlab-qovery", 0, "role", "pass", "Owner"),
        ("qovery", "gitlab-reader", 1, "role", "fail", "Reporter"),
        ("qovery", "gitlab-project", 1, "role", "pass", "Maintainer"),
        ("qovery", "gitlab-fine", 1, "identity", "fail", "cannot hold"),
        ("none", "gitlab-project", 0, "identity", "pass", "project access token"),
        ("none", "gitlab-fine", 0, "clone", "pass", ""),
        ("none", "gitlab-withdrawn", 1, "identity", "fail", "revoked"),
        ("none", "gitlab-lasting", 0, "expiry", "warn", "never"),
    ] {
        let home = Home::new();
        let served = Served::start(&home, "ready");
        let answers = served.answers_for(&home, platform, AT, token, "[repository]\nname = \"webshop\"\n");
        let run = setup(&home, &answers).expect(code);
        let check = run.check(id);
        assert_eq!(check["verdict"], verdict, "{platform} {token}: {}", run.stdout);
        assert!(check["detail"].as_str().unwrap().contains(part), "{check}");
    }
}

#[test]
fn dxup_says_why_it_does_not_work_here() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let answers = served.answers_for(&home, "dxup", AT, "gitlab-keptn", "");
    let run = setup(&home, &answers).expect(2);
    assert!(run.stdout.contains("GitHub and Bitbucket only"), "{}", run.stdout);
}
