//! Setting up again, and onto what is there already.

use std::path::Path;

use super::PLATFORMS;
use crate::program::{Home, Run, Served};

fn setup(home: &Home, answers: &Path) -> Run {
    home.run(&["setup", "--format", "json", "--answers", answers.to_str().unwrap()])
}

fn repository(name: &str) -> String {
    format!("[repository]\nname = \"{name}\"\n")
}

/// What of the config may not differ between two runs: everything but the moment.
fn lasting(home: &Home) -> Vec<String> {
    home.config_text().lines().filter(|line| !line.starts_with("at = ")).map(str::to_owned).collect()
}

#[test]
fn the_second_run_creates_nothing_and_changes_nothing() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    for platform in PLATFORMS {
        let wanted = if platform == "qovery" {
            repository("webshop")
        } else {
            format!("{}create = true\n", repository(&format!("{platform}-made")))
        };
        let answers = served.answers(&home, platform, platform, &wanted);
        let first = setup(&home, &answers).expect(0);
        let before = (lasting(&home), served.requests().len());
        let second = setup(&home, &answers).expect(0);
        assert_eq!(first.json()["verdict"], "pass", "{}", first.stdout);
        assert_eq!(second.json()["verdict"], "pass", "{}", second.stdout);
        assert_eq!(second.json()["connections"][0]["repository"]["created"], false);
        assert_eq!(before.0, lasting(&home), "{platform}");
        let later = served.requests().split_off(before.1);
        assert!(!later.is_empty() && later.iter().all(|request| request["method"] == "GET"), "{later:?}");
    }
}

#[test]
fn a_missing_repository_that_is_not_to_be_created_fails() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    for (platform, more) in [("keptn", ""), ("devtron", "create = false\n"), ("qovery", ""), ("dxup", "")] {
        let answers = served.answers(&home, platform, platform, &format!("{}{more}", repository("nowhere")));
        let run = setup(&home, &answers).expect(1);
        let check = run.check("repository");
        assert_eq!((&check["verdict"], &check["fault"]), (&"fail".into(), &"not-found".into()), "{}", run.stdout);
        // Nothing is to be created here; Devtron and DXUP create what they need later, and are asked about it.
        assert_eq!(run.check("create-repository").is_null(), ["keptn", "qovery"].contains(&platform), "{}", run.stdout);
    }
    assert!(!home.config().exists());
    assert!(served.requests().iter().all(|request| request["method"] == "GET"));
}

#[test]
fn a_renamed_repository_warns_and_is_saved_under_its_new_name() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let answers = served.answers(&home, "dxup", "dxup", &repository("shop"));
    let run = setup(&home, &answers).expect(0);
    let check = run.check("repository");
    assert_eq!(check["verdict"], "warn", "{}", run.stdout);
    assert!(check["detail"].as_str().unwrap().contains("acme/storefront"), "{check}");
    assert_eq!(run.check("push")["verdict"], "pass", "git is asked under the new name: {}", run.stdout);
    let url = format!("{}/acme/storefront.git", served.host());
    assert_eq!(run.json()["connections"][0]["repository"]["url"], url.as_str(), "{}", run.stdout);
    let text = home.config_text();
    assert!(text.contains("name = \"storefront\"") && text.contains(&url), "{text}");
    assert!(!text.contains("\"shop\"") && !text.contains("/shop.git"), "{text}");
    let before = lasting(&home);
    setup(&home, &answers).expect(0);
    assert_eq!(before, lasting(&home), "the old name leads to the same place again");
    let again = home.run(&["check", "--format", "json"]).expect(0);
    assert_eq!(again.check("repository")["verdict"], "pass", "{}", again.stdout);
}

#[test]
fn an_archived_repository_fails_where_the_platform_writes() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let answers = served.answers(&home, "keptn", "keptn", &repository("attic"));
    let run = setup(&home, &answers).expect(1);
    assert_eq!(run.check("repository")["verdict"], "fail", "{}", run.stdout);
    assert!(run.check("repository")["detail"].as_str().unwrap().contains("archived"), "{}", run.stdout);
    assert_ne!(run.check("push")["verdict"], "pass", "{}", run.stdout);
    assert!(!home.config().exists());
}

#[test]
fn devtron_works_with_no_user_as_owner() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let answers = served.answers(&home, "devtron", "devtron", "");
    let text = std::fs::read_to_string(&answers).unwrap().replace("owner = \"acme\"", "owner = \"octocat\"");
    let answers = home.write("user.toml", &text);
    let run = setup(&home, &answers).expect(1);
    let check = run.check("owner");
    assert_eq!(check["verdict"], "fail", "{}", run.stdout);
    assert!(check["detail"].as_str().unwrap().contains("organisation"), "{check}");
    assert!(run.check("scope:admin:org").is_null(), "an organisation's scope is not asked of a user: {}", run.stdout);
    assert!(!home.config().exists());
}
