//! `rotate`: the new token is proven first, the old one is let go last, and an interrupted run loses neither.

mod at_provider;
pub mod bench;
mod kept;
mod keys;
mod killed;
mod refused;
mod watched;

use std::fs;
use std::path::{Path, PathBuf};

use crate::program::{Home, Run, Served, files, finished};

const NAME: &str = "keptn-github-acme";

/// A home with a connection of Keptn whose token rests where `store` says.
fn connected(home: &Home, served: &Served, store: &str) {
    let text = format!(
        "version = 1\nplatform = \"keptn\"\nprovider = \"github\"\nhost = \"{}\"\nowner = \"acme\"\n\
         [repository]\nname = \"blank\"\n[token]\nfile = \"{}\"\n[store]\n{store}\n",
        served.host(),
        served.token_file("keptn").display(),
    );
    let answers = home.write("first.toml", &text);
    home.run(&["setup", "--answers", answers.to_str().unwrap()]).expect(0);
}

fn new_token(home: &Home, served: &Served, token: &str, more: &str) -> PathBuf {
    home.write("next.toml", &format!("version = 1\n[token]\nfile = \"{}\"\n{more}", served.token_file(token).display()))
}

fn rotate(home: &Home, answers: &Path, more: &[&str]) -> Run {
    home.run(&[&["rotate", NAME, "--format", "json", "--answers", answers.to_str().unwrap()], more].concat())
}

/// The password that git is given.
fn given(home: &Home, served: &Served) -> String {
    let host = served.host();
    let question = home.write(
        "question",
        &format!("protocol=http\nhost={}\npath=acme/blank.git\n\n", host.trim_start_matches("http://")),
    );
    let run = finished(home.program().args(["credential", "get"]).stdin(fs::File::open(question).unwrap()));
    run.stdout.lines().find_map(|line| line.strip_prefix("password=")).unwrap_or_default().to_owned()
}

fn generation(home: &Home) -> String {
    let text = home.config_text();
    text.lines().find_map(|line| line.strip_prefix("generation = ")).unwrap_or_default().to_owned()
}

#[test]
fn the_new_token_takes_over_and_the_old_one_is_let_go() {
    let place = Home::new();
    let served = Served::start(&place, "ready");
    for store in ["kind = \"file\"\npath = \"kept\"", "kind = \"git-credential\""] {
        let home = Home::new();
        home.write(".gitconfig", "[credential]\n\thelper = store\n");
        connected(&home, &served, store);
        home.run(&["export", NAME, "--for", "netrc"]).expect(0);
        let run = rotate(&home, &new_token(&home, &served, "flux", ""), &[]).expect(0);
        assert_eq!(given(&home, &served), served.token("flux"), "{}", run.stderr);
        assert_eq!(generation(&home), "2");
        let told = run.json()["connections"][0]["rotation"].to_string();
        for part in ["netrc, exported on", "Revoke it at", "/settings/tokens"] {
            assert!(told.contains(part), "{part}: {told}");
        }
        let old = served.token("keptn");
        let left = files(&home.path("")).into_iter().filter(|(_, bytes)| String::from_utf8_lossy(bytes).contains(&old));
        assert_eq!(left.count(), 0, "the old token is still somewhere");
        home.run(&["check", NAME]).expect(0);
    }
}

#[test]
fn what_does_not_do_changes_nothing() {
    let place = Home::new();
    let served = Served::start(&place, "ready");
    let home = Home::new();
    connected(&home, &served, "kind = \"file\"\npath = \"kept\"");
    let state = |home: &Home| (home.config_text(), fs::read(home.path("kept")).unwrap(), home.path("kept.2").exists());
    let before = state(&home);
    // A token that reads only, one that is none, and one of somebody else.
    let read_only = new_token(&home, &served, "reader", "");
    rotate(&home, &read_only, &[]).expect(1);
    assert_eq!(state(&home), before);
    let none = home.write(
        "none.toml",
        &format!(
            "version = 1\n[token]\nfile = \"{}\"\n",
            home.write("x", "ghp_0123456789abcdefghijklmnopqrstuvwxyz").display()
        ),
    );
    rotate(&home, &none, &[]).expect(1);
    assert_eq!(state(&home), before);
    assert_eq!(given(&home, &served), served.token("keptn"));
    rotate(&home, &new_token(&home, &served, "flux", ""), &["--dry-run"]).expect(0);
    assert_eq!(state(&home), before);
    // The same token again: told, and nothing moves.
    let same = rotate(&home, &new_token(&home, &served, "keptn", ""), &[]).expect(0);
    assert_eq!(same.json()["connections"][0]["rotation"]["same_token"], true, "{}", same.stdout);
    assert_eq!((generation(&home), given(&home, &served)), ("1".into(), served.token("keptn")));
}

#[test]
fn the_same_token_in_another_place_is_not_called_old() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let own = |answers: &std::path::Path, command: &[&str]| {
        let mut program = home.program();
        program.args(command).arg("--answers").arg(answers).env("T1", served.token("keptn"));
        crate::program::finished(&mut program).expect(0)
    };
    let set_up = format!(
        "version = 1\nname = \"k\"\nplatform = \"keptn\"\nprovider = \"github\"\nhost = \"{}\"\nowner = \"acme\"\n\
         [repository]\nname = \"blank\"\n[token]\nenv = \"T1\"\n",
        served.host()
    );
    own(&home.write("env.toml", &set_up), &["setup"]);
    let moved = "version = 1\n[token]\nenv = \"T1\"\n[store]\nkind = \"file\"\npath = \"moved\"\n";
    let run = own(&home.write("moved.toml", moved), &["rotate", "k"]);
    assert!(run.stdout.contains("in use already") && !run.stdout.contains("evoke it at"), "{}", run.stdout);
    assert_eq!(given(&home, &served), served.token("keptn"));
}

#[test]
fn only_the_token_and_its_place_may_be_answered() {
    let place = Home::new();
    let served = Served::start(&place, "ready");
    let home = Home::new();
    connected(&home, &served, "kind = \"file\"\npath = \"kept\"");
    let refused = |text: &str, reason: &str| {
        let answers = home.write("bad.toml", text);
        let run = rotate(&home, &answers, &[]).expect(2);
        assert!(run.stdout.contains(reason), "{reason}: {}", run.stdout);
    };
    refused("version = 1\n", "[token]` is missing");
    let token = format!("[token]\nfile = \"{}\"\n", served.token_file("flux").display());
    refused(
        &format!("version = 1\nowner = \"octocat\"\n{token}"),
        "owner was saved otherwise: leave it out, or set up",
    );
    let answers = home.write("bad.toml", &format!("version = 1\nowner = \"octocat\"\nplatform = \"flux\"\n{token}"));
    let run = rotate(&home, &answers, &[]).expect(2);
    assert!(!run.stdout.contains("choose another `name`"), "{}", run.stdout);
    assert_eq!(run.json()["problems"].as_array().unwrap().len(), 2, "one for each: {}", run.stdout);
    refused(&format!("version = 1\nusername = \"somebody\"\n{token}"), "rotate changes the token alone");
    refused(&format!("version = 1\n{token}[repository]\nname = \"other\"\n"), "repository.name was saved otherwise");
    home.run(&["rotate", "nobody", "--answers", "x.toml"]).expect(2);
    let wanted = home.run(&["rotate", NAME]).expect(2);
    assert!(wanted.stderr.contains("[token]"), "{}", wanted.stderr);
    // What is as it was saved may stand there, and the token may move.
    let text = format!(
        "version = 1\nplatform = \"keptn\"\nowner = \"acme\"\n{token}[store]\nkind = \"file\"\npath = \"moved\"\n"
    );
    rotate(&home, &home.write("move.toml", &text), &[]).expect(0);
    assert!(!home.path("kept").exists() && home.path("moved").exists());
    assert_eq!(given(&home, &served), served.token("flux"));
}

#[test]
fn another_account_takes_over_only_if_that_is_accepted() {
    let place = Home::new();
    let served = Served::start(&place, "ready");
    let home = Home::new();
    connected(&home, &served, "kind = \"file\"\npath = \"kept\"");
    let text = home.config_text().replace("octocat", "hubot");
    fs::write(home.config(), text).unwrap();
    let answers = new_token(&home, &served, "flux", "");
    // The old token itself says whose it is, and that counts; without it, what was seen last does.
    let live = rotate(&home, &answers, &["--dry-run"]).expect(0);
    assert_eq!(live.check("identity")["verdict"], "pass", "{}", live.stdout);
    let dead = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";
    fs::write(home.path("kept"), dead).unwrap();
    let run = rotate(&home, &answers, &[]).expect(1);
    let told = run.json()["connections"][0]["rotation"]["changes"][0].as_str().unwrap().to_owned();
    assert!(told.contains("was refused now: it is compared as it was seen on 20"), "{told}");
    let identity = run.check("identity");
    assert_eq!(
        (&identity["verdict"], &identity["fault"]),
        (&"fail".into(), &serde_json::Value::Null),
        "{}",
        run.stdout
    );
    assert!(
        identity["detail"].as_str().unwrap().contains("octocat")
            && run.json()["connections"][0]["rotation"]["changes"]
                .to_string()
                .contains("changes from hubot to octocat")
    );
    let run = rotate(&home, &answers, &["--accept-failures"]).expect(0);
    assert_eq!(run.json()["connections"][0]["accepted"], serde_json::json!(["identity"]));
    assert_eq!(given(&home, &served), served.token("flux"));
}

#[test]
fn references_are_proven_again_and_nothing_is_stored() {
    let place = Home::new();
    let served = Served::start(&place, "ready");
    let home = Home::new();
    connected(&home, &served, "kind = \"file\"\npath = \"kept\"");
    let answers = home.write("env.toml", "version = 1\n[token]\nenv = \"NEXT\"\n");
    let mut program = home.program();
    program.args(["rotate", NAME, "--answers", answers.to_str().unwrap()]);
    finished(program.env("NEXT", served.token("flux"))).expect(0);
    assert!(home.config_text().contains("store = \"env\"") && !home.path("kept").exists());
    let token = served.token("flux");
    assert!(files(&home.path("")).iter().all(|(_, bytes)| !String::from_utf8_lossy(bytes).contains(&token)));
}

/// What the forge tells of the old token now, and how little is asked for it.
#[test]
fn the_two_tokens_are_compared_as_they_are_now() {
    let place = Home::new();
    let served = Served::start(&place, "ready");
    let home = Home::new();
    connected(&home, &served, "kind = \"file\"\npath = \"kept\"");
    // The record is older than the token: its scopes and its end were changed at the forge since.
    let text = home.config_text();
    let stale = text.lines().map(|line| match line.split_once(" = ") {
        Some(("scopes", _)) => "scopes = [\"gist\"]".to_owned(),
        Some(("expires", _)) => "expires = 2029-01-01T00:00:00Z".to_owned(),
        _ => line.to_owned(),
    });
    let stale = stale.collect::<Vec<_>>().join("\n") + "\n";
    assert_ne!(stale, text);
    fs::write(home.config(), stale).unwrap();
    let before = served.requests().len();
    let answers = new_token(&home, &served, "full", "");
    let run = rotate(&home, &answers, &["--dry-run"]).expect(0);
    let asked = served.requests().len() - before;
    let changes = run.json()["connections"][0]["rotation"]["changes"].clone();
    let changes: Vec<&str> = changes.as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert!(
        changes.iter().any(|line| line.starts_with("The new one gains ") && !line.contains("repo,")),
        "{changes:?}"
    );
    assert!(
        !changes.iter().any(|line| line.contains("gist") || line.contains("2029") || line.contains("did not answer")),
        "{changes:?}"
    );
    // Without the old token it is the record, and that is said.
    fs::write(home.path("kept"), "ghp_0123456789abcdefghijklmnopqrstuvwxyz").unwrap();
    let before = served.requests().len();
    let run = rotate(&home, &answers, &["--dry-run"]).expect(0);
    let changes = run.json()["connections"][0]["rotation"]["changes"].to_string();
    for part in ["was refused now: it is compared as it was seen on", "loses gist", "ends on 2029-01-01"] {
        assert!(changes.contains(part), "{part}: {changes}");
    }
    let refused = served.requests().split_off(before);
    let refused: Vec<_> = refused.iter().filter(|one| one["status"] == 401).collect();
    assert_eq!(refused.len(), 1, "a token that is refused is not tried again: {refused:?}");
    println!("{asked} requests with both tokens");
    // And where it is not there at all.
    fs::remove_file(home.path("kept")).unwrap();
    let run = rotate(&home, &answers, &["--dry-run"]).expect(0);
    assert!(run.stdout.contains("can no longer be read"), "{}", run.stdout);
}
