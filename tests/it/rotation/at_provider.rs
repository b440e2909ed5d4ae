//! The provider makes the new token: the request is sent once, whatever comes of it.

use super::bench::{Bench, ends};

fn renew(bench: &Bench, flags: &[&str]) -> crate::program::Run {
    bench.run(&[&["rotate", "k", "--format", "json", "--at-provider", "--expires", &ends()], flags].concat(), &[])
}

fn posts(bench: &Bench) -> usize {
    let rotates = |one: &&serde_json::Value| one["path"].as_str().unwrap().ends_with("/self/rotate");
    bench.served.requests().iter().filter(|one| one["method"] == "POST").filter(rotates).count()
}

#[test]
fn the_provider_makes_the_new_token_and_the_old_one_is_dead() {
    let bench = Bench::new("gitlab", "gitlab-keptn");
    renew(&bench, &["--dry-run"]).expect(0);
    assert_eq!(posts(&bench), 0);
    let run = renew(&bench, &["--prove-dead"]).expect(0);
    let entry = &run.json()["connections"][0];
    assert_eq!((&entry["verdict"], &entry["saved"]), (&"pass".into(), &true.into()), "{}", run.stdout);
    assert_eq!(entry["rotation"]["old_token"]["state"], "dead", "{entry}");
    assert_eq!(
        entry["token"]["expires"],
        format!("{}T00:00:00Z", ends()),
        "a week is what GitLab gives where nobody says more"
    );
    assert!(run.stderr.contains("ends the old token in the moment"), "{}", run.stderr);
    assert_ne!(bench.password("gitlab", &[]), bench.served.token("gitlab-keptn"));
    assert_eq!((bench.secrets(), bench.journals(), posts(&bench)), (vec!["token.2".to_owned()], 0, 1));
    bench.push("gitlab", &[]);
    renew(&bench, &[]).expect(0);
    assert_eq!((bench.secrets(), posts(&bench)), (vec!["token.3".to_owned()], 2));
    bench.push("gitlab", &[]);
}

#[test]
fn a_definite_refusal_changes_nothing() {
    for (token, flags, part) in [
        ("gitlab-keptn", &["--expires", "2031-01-01"][..], "must be before"),
        ("gitlab-push-only", &["--expires", &ends()], "higher privileges"),
    ] {
        let bench = Bench::disturbed("gitlab", "gitlab-keptn", "");
        bench.set_up("gitlab", token, &bench.in_file("rests/token"), &[]).expect(0);
        let before = bench.kept();
        let arguments = [&["rotate", "k", "--format", "json", "--at-provider"], flags].concat();
        let run = bench.run(&arguments, &[]).expect(1);
        assert!(run.stderr.contains(part), "{token}: {}", run.stderr);
        assert_eq!((bench.kept(), bench.journals(), posts(&bench)), (before, 0, 1), "{token}");
        bench.push("gitlab", &[]);
    }
}

#[test]
fn after_an_answer_that_did_not_come_the_request_is_never_sent_again() {
    for answer in [
        "close = true",
        "status = 502\ncontent_type = \"text/html\"\nbody = '<html><title>Bad Gateway</title></html>'",
        "status = 200\ncontent_type = \"application/json\"\nbody = '{\"id\":1}'",
    ] {
        let lost = format!(
            "\n[[disturbances]]\nprovider = \"gitlab\"\nmethod = \"POST\"\npath = \"/api/v4/**/rotate\"\nafterwards = true\n{answer}\n"
        );
        let bench = Bench::disturbed("gitlab", "gitlab-keptn", &lost);
        let before = bench.kept();
        let run = renew(&bench, &[]).expect(1);
        assert!(
            run.stderr.contains("cannot be told from here") && run.stderr.contains("not sent again"),
            "{}",
            run.stderr
        );
        assert_eq!((bench.kept(), bench.journals(), posts(&bench)), (before.clone(), 1, 1), "{answer}");
        for _ in 0..2 {
            let run = renew(&bench, &[]).expect(1);
            assert!(run.stderr.contains("is not known") && run.stderr.contains("git-access check k"), "{}", run.stderr);
        }
        assert_eq!(posts(&bench), 1, "{answer}");
        bench.home.run(&["check", "k"]).expect(1);
        // What it says to do mends it.
        bench.rotate(&bench.source("gitlab-twin"), &[]).expect(0);
        assert_eq!((bench.journals(), posts(&bench)), (0, 1));
        bench.push("gitlab", &[]);
        let run = bench.home.run(&["remove", "k", "--yes"]).expect(0);
        assert!(run.stderr.contains("Removed k") && bench.secrets().is_empty());
    }
}

#[test]
fn a_robots_token_is_replaced_where_the_robot_belongs() {
    let bench = Bench::new("gitlab", "gitlab-keptn");
    let text = format!(
        "version = 1\nname = \"robot\"\nplatform = \"none\"\nprovider = \"gitlab\"\nhost = \"{}\"\nowner = \"acme\"\n\
         [repository]\nname = \"webshop\"\n{}{}",
        bench.served.host_of("gitlab"),
        bench.source("gitlab-robot-project"),
        bench.in_file("rests/robot")
    );
    let answers = bench.home.write("robot.toml", &text);
    bench.run(&["setup", "--answers", answers.to_str().unwrap()], &[]).expect(0);
    bench.run(&["rotate", "robot", "--at-provider", "--expires", &ends()], &[]).expect(0);
    let requests = bench.served.requests();
    let posted = requests.iter().find(|one| one["path"].as_str().unwrap().ends_with("/self/rotate")).unwrap();
    let path = posted["path"].as_str().unwrap();
    assert!(path.starts_with("/api/v4/projects/") && path.contains("/access_tokens/"), "{path}");
}

#[test]
fn a_new_token_that_nobody_can_ask_with_is_saved_all_the_same() {
    // After the request nothing answers any more: the old token has ended, so the new one has to be in the config.
    let down = "\n[[disturbances]]\nprovider = \"gitlab\"\nmethod = \"GET\"\npath = \"/api/v4/personal_access_tokens/self\"\n\
                first = 3\nclose = true\n[[disturbances]]\nprovider = \"gitlab\"\nmethod = \"GET\"\npath = \"/api/v4/user\"\n\
                first = 3\nclose = true\n";
    let bench = Bench::disturbed("gitlab", "gitlab-keptn", down);
    let run = renew(&bench, &[]).expect(1);
    assert_eq!(run.json()["connections"][0]["saved"], true, "{}", run.stdout);
    assert_ne!(bench.password("gitlab", &[]), bench.served.token("gitlab-keptn"));
    bench.push("gitlab", &[]);
}

/// A connection whose token was replaced, while its store took the new one and gave nothing back: a locked keyring does
/// so. It is unlocked by now, but for the next thing that it is asked for.
#[cfg(unix)]
fn locked_for_a_moment() -> Bench {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    let bench = Bench::empty("");
    let helper = "#!/bin/sh\ncase \"$1\" in\nget)\n  [ -e \"$HOME/locked\" ] && exit\n  \
                  [ -e \"$HOME/once\" ] && rm \"$HOME/once\" && exit;;\n\
                  store) [ -e \"$HOME/armed\" ] && : >\"$HOME/locked\";;\nesac\nexec git credential-store \"$1\"\n";
    let helper = bench.home.write("helper", helper);
    fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
    bench.home.write(".gitconfig", &format!("[credential]\n\thelper = {}\n", helper.display()));
    bench.set_up("gitlab", "gitlab-keptn", "[store]\nkind = \"git-credential\"\n", &[]).expect(0);
    bench.home.write("armed", "");
    let run = renew(&bench, &[]).expect(4);
    let left = run.json()["connections"][0]["left_behind"].to_string();
    let place = "perhaps the new token, in git's credential helpers (host git-access.invalid, user name ";
    assert!(left.contains(place) && left.contains(".2)"), "{left}");
    assert!(
        run.stderr.contains("It was not taken back") && !run.stderr.contains("lost with this run"),
        "{}",
        run.stderr
    );
    assert_eq!((with_git(&bench), posts(&bench)), (2, 1));
    fs::remove_file(bench.home.path("armed")).unwrap();
    fs::remove_file(bench.home.path("locked")).unwrap();
    bench.home.write("once", "");
    bench
}

/// How many secrets git keeps.
#[cfg(unix)]
fn with_git(bench: &Bench) -> usize {
    std::fs::read_to_string(bench.home.path(".git-credentials")).unwrap_or_default().lines().count()
}

#[cfg(unix)]
#[test]
fn a_new_token_that_the_store_did_not_give_back_for_a_moment_is_put_to_use_later() {
    let bench = locked_for_a_moment();
    // For one moment more: nothing is asked, and nothing is cleared away.
    let run = renew(&bench, &[]).expect(1);
    assert!(run.stderr.contains("is not known"), "{}", run.stderr);
    assert_eq!((with_git(&bench), posts(&bench)), (2, 1));
    let run = renew(&bench, &[]).expect(0);
    assert!(run.stderr.contains("It is finished: k uses the new token"), "{}", run.stderr);
    assert_eq!((with_git(&bench), posts(&bench), bench.journals()), (1, 2, 0));
    bench.push("gitlab", &[]);
    // Where another token takes over instead, the one that nobody waits for any more goes.
    let bench = locked_for_a_moment();
    bench.rotate(&bench.source("gitlab-twin"), &[]).expect(0);
    assert_eq!((with_git(&bench), posts(&bench), bench.journals()), (1, 1, 0));
    assert_eq!(bench.password("gitlab", &[]), bench.served.token("gitlab-twin"));
}

/// The provider has replaced the token by then: the same command once more would have it replaced once more.
#[test]
fn what_is_edited_by_hand_meanwhile_stays_and_nobody_is_sent_to_replace_the_token_again() {
    let bench = Bench::empty("");
    let edit = bench.home.write("edit.sh", ":\n");
    let helper = format!(
        "[credential]\n\thelper = \"!f() {{ git credential-store $1; [ $1 = store ] && sh '{}'; }}; f\"\n",
        edit.display()
    );
    bench.home.write(".gitconfig", &helper);
    bench.set_up("gitlab", "gitlab-keptn", "[store]\nkind = \"git-credential\"\n", &[]).expect(0);
    bench
        .home
        .write("edit.sh", "sed -i 's/^at = .*/at = 2020-01-01T00:00:00Z/' \"$HOME\"/config/git-access/config.toml\n");
    let run = renew(&bench, &[]).expect(4);
    assert!(run.stderr.contains("meanwhile (verified.at)"), "{}", run.stderr);
    assert!(!run.stderr.contains("same command"), "{}", run.stderr);
    assert!(
        run.stderr.contains("The new token is saved and in use") && run.stderr.contains("git-access check k"),
        "{}",
        run.stderr
    );
    let text = bench.home.config_text();
    assert!(text.contains("at = 2020-01-01") && text.contains("generation = 2"), "{text}");
    bench.home.run(&["check", "k"]).expect(0);
    assert_eq!(posts(&bench), 1);
}
