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

/// The old token has ended by then: git is given the new one at once, and the next run puts it into the config.
#[test]
fn a_config_that_cannot_be_written_after_the_provider_has_replaced_the_token_is_caught_up_with() {
    let bench = Bench::empty("");
    let edit = bench.home.write("edit.sh", ":\n");
    let script = format!("git credential-store $1; [ $1 = store ] && sh '{}'", edit.display());
    bench.home.write(".gitconfig", &format!("[credential]\n\thelper = \"!f() {{ {script}; }}; f\"\n"));
    bench.set_up("gitlab", "gitlab-keptn", "[store]\nkind = \"git-credential\"\n", &[]).expect(0);
    let config = bench.home.config_text();
    bench.home.write("edit.sh", "printf 'broken [' >\"$HOME\"/config/git-access/config.toml\n");
    let run = renew(&bench, &[]).expect(4);
    assert!(run.stderr.contains("has replaced the token already: the new one is in"), "{}", run.stderr);
    assert!(run.stderr.contains("git-access setup k"), "{}", run.stderr);
    let json = run.json();
    assert!(json["connections"][0]["left_behind"].to_string().contains("the new token of k"), "{json}");
    assert!(json["problems"].to_string().contains("has replaced the token already"), "{json}");
    bench.home.write("edit.sh", ":\n");
    bench.home.write("config/git-access/config.toml", &config);
    let given = bench.password("gitlab", &[]);
    assert_ne!(given, bench.served.token("gitlab-keptn"));
    bench.push("gitlab", &[]);
    let checked = bench.home.run(&["check", "k"]).expect(1);
    assert!(
        checked.stdout.split_whitespace().collect::<Vec<_>>().join(" ").contains("was asked to replace this token"),
        "{}",
        checked.stdout
    );
    // The same command again finishes what was begun, and asks the provider for nothing.
    let again = renew(&bench, &[]).expect(0);
    assert!(again.stderr.contains("It is finished: k uses the new token"), "{}", again.stderr);
    assert_eq!(again.json()["connections"][0]["verdict"], "pass", "{}", again.stdout);
    assert_eq!((posts(&bench), bench.journals()), (1, 0));
    assert_eq!(bench.password("gitlab", &[]), given);
    bench.home.run(&["check", "k"]).expect(0);
}

#[test]
fn a_token_that_others_use_too_is_not_replaced_under_them() {
    let bench = Bench::new("gitlab", "gitlab-keptn");
    let before = bench.served.token("gitlab-keptn");
    let text = bench.home.config_text();
    let other = text[text.find("[connections.k]").unwrap()..]
        .replace("[connections.k", "[connections.cron")
        .replace("id = \"", "id = \"x");
    let other: Vec<_> = other.lines().filter(|line| !line.starts_with("path = ")).collect();
    let other = other.join("\n").replace("store = \"file\"", "store = \"env\"\nenv = \"CRON\"");
    bench.home.write("config/git-access/config.toml", &format!("{text}\n{other}\n"));
    let end = ends();
    let arguments = ["rotate", "k", "--at-provider", "--expires", &end];
    let seen = bench.run(&arguments, &[("CRON", &before)]).expect(1);
    assert!(
        seen.stderr.contains("used by cron") && seen.stderr.contains("was not asked to replace it"),
        "{}",
        seen.stderr
    );
    // Nor is it ended where nobody can see whose it is.
    let unseen = bench.run(&arguments, &[]).expect(1);
    assert!(unseen.stderr.contains("Nobody can see from here whether cron"), "{}", unseen.stderr);
    let twin = bench.source("gitlab-twin");
    let run = bench.rotate(&twin, &["--revoke-old"]).expect(1);
    assert!(run.stderr.contains("whether cron uses the same token: it was not revoked"), "{}", run.stderr);
    let again = run.json()["connections"][0]["rotation"]["apply_again"].to_string();
    assert!(again.contains("cron, whose token cannot be read here"), "{again}");
    assert_eq!(posts(&bench), 0);
    // Another account's is another token, read or not.
    let apart = bench.home.config_text().replacen("identity = \"octocat\"", "identity = \"somebody\"", 2).replacen(
        "identity = \"somebody\"",
        "identity = \"octocat\"",
        1,
    );
    bench.home.write("config/git-access/config.toml", &apart);
    bench.run(&arguments, &[]).expect(0);
    assert_eq!(posts(&bench), 1);
}
