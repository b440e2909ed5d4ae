//! Flags that name a file to write: never one of ours, by whatever name or link.

use std::fs;
use std::os::unix::fs::symlink;

use crate::manage::home_with;
use crate::program::{Home, Run, files};

/// A home with every file that a connection names, and a record.
fn home() -> Home {
    let home = home_with(&["one"]);
    for name in ["ca.pem", "me.pem", "k", "k.pub"] {
        home.write(name, "kept\n");
    }
    let at = |name: &str| home.path(name).display().to_string();
    let own = format!("ca_file = {:?}\nclient_cert = {:?}\ncolour = ", at("ca.pem"), at("me.pem"));
    let ssh = format!("[connections.one.ssh]\npublic_key = {:?}\nprivate_key = {:?}\n", at("k.pub"), at("k"));
    let text = home.config_text().replace("colour = ", &own) + &ssh;
    fs::write(home.config(), text).unwrap();
    // It leaves a record.
    home.run(&["export", "one", "--for", "env"]).expect(0);
    home
}

fn written_to(home: &Home, flag: &str, path: &str) -> Run {
    match flag {
        "--output" => home.run(&["export", "one", "--for", "env", flag, path]),
        "--log" => home.run(&["check", "--offline", flag, path]),
        _ => home.run(&["setup", "--sandbox", flag, path]),
    }
}

#[test]
fn no_flag_writes_over_a_file_of_ours() {
    let home = home();
    let token = home.config_text().lines().find_map(|line| line.strip_prefix("path = ").map(str::to_owned)).unwrap();
    let token = token.trim_matches('"').to_owned();
    let mut records = files(&home.path("state")).into_iter().map(|(path, _)| path);
    let record = records.find(|path| path.extension().is_some_and(|ending| ending == "json")).unwrap();
    let state = record.parent().unwrap().to_owned();
    let mut ours: Vec<String> = [
        "config/git-access/config.toml",
        "config/git-access/.config.toml.lock",
        "config/git-access/config.toml.v0.bak",
        "config/git-access/known_hosts",
        "config/git-access/../git-access/config.toml",
        "ca.pem",
        "me.pem",
        "k",
        "k.pub",
        "./no/../k",
    ]
    .map(str::to_owned)
    .to_vec();
    fs::create_dir_all(home.path("no")).unwrap();
    // By another name: a link, a link to a link, a hard link, the folder by a link, a link to what is not there yet.
    symlink(home.config(), home.path("soft")).unwrap();
    symlink(home.path("soft"), home.path("softer")).unwrap();
    fs::hard_link(home.config(), home.path("hard")).unwrap();
    fs::hard_link(home.path("k"), home.path("hard-key")).unwrap();
    symlink(home.path("config/git-access"), home.path("folder")).unwrap();
    symlink(&state, home.path("records")).unwrap();
    symlink(state.join("new.json"), home.path("dangling")).unwrap();
    let by_name = ["soft", "softer", "hard", "hard-key", "folder/config.toml", "records/x.json", "dangling"];
    ours.extend(by_name.map(str::to_owned));
    ours.extend([record.display().to_string(), token, state.join("fresh").display().to_string()]);
    let before = files(&home.path("."));
    for path in &ours {
        for flag in ["--output", "--log", "--save-answers"] {
            let run = written_to(&home, flag, path);
            assert_eq!(run.code, 2, "{flag} {path}: {}{}", run.stdout, run.stderr);
            let told =
                run.stderr.contains(&format!("{flag} names ")) && run.stderr.contains("nothing was written there");
            assert!(told, "{path}: {}", run.stderr);
        }
    }
    assert_eq!(files(&home.path(".")), before);
    let json = home.run(&["check", "--offline", "--format", "json", "--log", "k"]).expect(2).json();
    assert_eq!(json["problems"][0]["key"], "--log");
}

#[test]
fn what_is_not_ours_is_written() {
    let home = home();
    for path in ["out.env", "config/git-access/mine.env", "config.toml"] {
        written_to(&home, "--output", path).expect(0);
        assert!(fs::read_to_string(home.path(path)).unwrap().contains("GIT_ACCESS_TOKEN"), "{path}");
    }
    written_to(&home, "--log", "run.log");
    assert!(home.path("run.log").exists());
}
