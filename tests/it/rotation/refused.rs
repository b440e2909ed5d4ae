//! What is refused changes nothing: config and store byte for byte as before, and the old token answers.

use super::bench::{Bench, PROVIDERS, ends};
use crate::leaks::{Pieces, talkative};

#[test]
fn fewer_rights_are_refused_and_the_old_token_goes_on() {
    for (provider, token, worse) in [
        ("github", "keptn", "reader"),
        ("gitlab", "gitlab-keptn", "gitlab-reader"),
        ("gitea", "gitea-keptn", "gitea-reader"),
    ] {
        let bench = Bench::new(provider, token);
        let before = bench.kept();
        let run = bench.rotate(&bench.source(worse), &["--revoke-old"]).expect(1);
        let entry = &run.json()["connections"][0];
        assert_eq!((&entry["verdict"], &entry["saved"]), (&"fail".into(), &false.into()), "{}", run.stdout);
        assert!(entry["rotation"]["old_token"].is_null() && run.stderr.contains("was not replaced"), "{entry}");
        assert_eq!(bench.kept(), before);
        assert_eq!(bench.journals(), 0);
        assert_eq!(bench.password(provider, &[]), bench.served.token(token));
        bench.home.run(&["check", "k"]).expect(0);
    }
}

#[test]
fn another_account_is_refused_unless_it_is_accepted() {
    for (provider, token) in PROVIDERS {
        let bench = Bench::new(provider, token);
        let before = bench.kept();
        let robot = bench.source(&format!("{provider}-robot"));
        let run = bench.rotate(&robot, &[]).expect(1);
        let check = run.check("identity");
        assert_eq!((&check["verdict"], &check["fault"]), (&"fail".into(), &serde_json::Value::Null), "{check}");
        assert!(check["detail"].as_str().unwrap().contains("robot"), "{check}");
        assert!(check["remedy"]["text"].as_str().unwrap().contains("--accept-failures"), "{check}");
        assert_eq!(bench.kept(), before);
        let run = bench.rotate(&robot, &["--accept-failures"]).expect(0);
        let entry = &run.json()["connections"][0];
        assert_eq!(
            (&entry["accepted"], &entry["verdict"]),
            (&serde_json::json!(["identity"]), &"fail".into()),
            "{entry}"
        );
        assert!(bench.home.config_text().contains("identity = \"robot\""));
        assert!(bench.home.config_text().contains("username = \"robot\""), "{}", bench.home.config_text());
        bench.push(provider, &[]);
        bench.home.run(&["check", "k"]).expect(0);
    }
}

/// Only what passed before can be lost.
#[test]
fn what_failed_before_and_was_accepted_refuses_no_rotation() {
    let poor = |name: &str, account: &str| {
        format!(
            "\n[[tokens]]\nprovider = \"gitlab\"\nname = \"{name}\"\naccount = \"{account}\"\nkind = \"personal\"\n\
             scopes = [\"read_api\"]\nexpires_in_days = 200\n"
        )
    };
    let bench = Bench::disturbed(
        "gitlab",
        "gitlab-keptn",
        &(poor("poor", "octocat") + &poor("poor-too", "octocat") + &poor("other", "robot")),
    );
    bench.home.run(&["remove", "k", "--yes"]).expect(0);
    bench.set_up("gitlab", "poor", &bench.in_file("rests/token"), &[]).expect(1);
    let answers = bench.home.path("setup.toml").display().to_string();
    bench.run(&["setup", "--accept-failures", "--answers", &answers], &[]).expect(0);
    let run = bench.rotate(&bench.source("poor-too"), &[]).expect(0);
    let entry = &run.json()["connections"][0];
    assert_eq!((&entry["verdict"], &entry["saved"]), (&"fail".into(), &true.into()), "{entry}");
    assert!(entry["accepted"].as_array().unwrap().iter().any(|id| id == "push"), "{entry}");
    // What was mended since would be lost again.
    let record = crate::program::files(&bench.home.path("state/git-access"));
    let (path, _) = record
        .into_iter()
        .find(|(path, bytes)| {
            path.extension().is_some_and(|end| end == "json") && bytes.windows(7).any(|at| at == b"verdict")
        })
        .unwrap();
    let before = std::fs::read_to_string(&path).unwrap();
    let now = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_secs(1)).unwrap();
    std::fs::write(&path, format!("{{\"checked\":\"{now}\",\"verdict\":\"pass\"}}")).unwrap();
    let kept = bench.kept();
    bench.rotate(&bench.source("poor"), &[]).expect(1);
    assert_eq!(bench.kept(), kept);
    std::fs::write(&path, before).unwrap();
    // Another account was not accepted by that, nor is it ever for the next time.
    let robot = bench.source("other");
    bench.rotate(&robot, &[]).expect(1);
    bench.rotate(&robot, &["--accept-failures"]).expect(0);
    bench.rotate(&bench.source("poor"), &[]).expect(1);
}

#[test]
fn a_dry_run_and_a_dead_new_token_change_nothing() {
    let bench = Bench::new("github", "keptn");
    let before = bench.kept();
    let run = bench.rotate(&bench.source("github-twin"), &["--dry-run"]).expect(0);
    assert_eq!(run.json()["connections"][0]["saved"], false);
    bench.rotate(&bench.source("withdrawn"), &["--accept-failures"]).expect(1);
    bench.rotate("[token]\nfile = \"/nonexistent\"\n", &[]).expect(4);
    assert_eq!(bench.kept(), before);
    assert!(
        bench.served.requests().iter().filter(|one| one["method"] != "GET").count() <= 1,
        "only the set-up created"
    );
}

#[test]
fn what_cannot_be_done_there_is_refused_with_the_reason() {
    let bench = Bench::new("github", "keptn");
    let before = bench.kept();
    let renewal = ["rotate", "k", "--at-provider", "--expires", &ends()];
    let run = bench.run(&renewal, &[]).expect(2);
    assert!(run.stderr.contains("no way to let a token replace itself"), "{}", run.stderr);
    bench.run(&["rotate", "k", "--at-provider"], &[]).expect(2);
    bench.run(&["rotate", "k", "--at-provider", "--expires", "soon"], &[]).expect(2);
    bench.rotate(&bench.source("github-twin"), &["--at-provider", "--expires", &ends()]).expect(2);
    assert_eq!(bench.kept(), before);
    let bench = Bench::empty("");
    let token = bench.served.token("gitlab-keptn");
    bench.set_up("gitlab", "gitlab-keptn", "[token]\nenv = \"T\"\n", &[("T", &token)]).expect(0);
    let run = bench.run(&renewal, &[("T", &token)]).expect(2);
    assert!(run.stderr.contains("only referred to (env)"), "{}", run.stderr);
    assert!(bench.served.requests().iter().all(|one| !one["path"].as_str().unwrap().ends_with("/rotate")));
}

#[test]
fn no_piece_of_any_token_comes_out() {
    let mut played = 0;
    for (provider, token) in PROVIDERS {
        for (format, log, more) in [
            ("text", "-v", "--revoke-old"),
            ("json", "--log=log", "--accept-failures"),
            ("json", "--log=log", "--at-provider"),
        ] {
            if more == "--at-provider" && provider != "gitlab" {
                continue;
            }
            let bench = Bench::new(provider, token);
            let all = crate::program::files(&bench.served.data.join("tokens"));
            let tokens: Vec<String> =
                all.into_iter().map(|(_, bytes)| String::from_utf8(bytes).unwrap().trim().to_owned()).collect();
            let answers = bench.source(&format!("{provider}-robot"));
            let answers = bench.home.write("rotate.toml", &format!("version = 1\n{answers}"));
            let mut command = talkative(&bench.home);
            command.args(["rotate", "k", "--format", format, log, more, "--prove-dead"]);
            if more == "--at-provider" {
                command.args(["--expires", &ends()]);
            } else {
                command.args(["--save-answers", "saved.toml"]).arg("--answers").arg(&answers);
            }
            let done = command.output().unwrap();
            // The one that the provider made is among them.
            let now = bench.password(provider, &[]);
            assert!(!now.is_empty());
            let pieces = Pieces::of(tokens.iter().chain([&now]));
            pieces.are_not_in(&format!("{provider} {format} {more}"), &done, &bench.home, &[&bench.home.path("rests")]);
            played += 1;
        }
    }
    assert_eq!(played, 7);
}
