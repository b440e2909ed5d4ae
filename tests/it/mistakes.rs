//! Mistakes in our documents: all of them in one run, each with its key and its place.

use std::fs;

use serde_json::Value;

use crate::manage::home_with;
use crate::program::{Home, Run, finished};

/// The problems that `list` tells of a config.
fn of_config(text: &str) -> Vec<(String, u64, u64)> {
    let home = Home::new();
    let path = home.write("config/git-access/config.toml", text);
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let run = home.run(&["list", "--format", "json"]).expect(4);
    let told = run.json();
    let problems = told["problems"].as_array().unwrap().iter();
    problems
        .map(|one| {
            assert!(!one["message"].as_str().unwrap().is_empty(), "{one}");
            (one["key"].as_str().unwrap().to_owned(), one["line"].as_u64().unwrap(), one["column"].as_u64().unwrap())
        })
        .collect()
}

#[test]
fn a_config_is_told_with_everything_that_is_wrong() {
    let missing = |key: &str| (format!("connections.x.{key}"), 3, 1);
    let of_x = |line: u64| {
        let rest = ["platform", "provider", "host", "owner"].map(missing).map(|(key, _, _)| (key, line, 2));
        [rest.to_vec(), vec![("connections.x.id".to_owned(), line + 1, 4)]].concat()
    };
    let sorted = |mut all: Vec<(String, u64, u64)>| {
        all.sort();
        all
    };
    let with = of_config("version = 1\nactive = 3\n[connections.x]\nid=1\n");
    assert_eq!(sorted(with), sorted([vec![("active".to_owned(), 2, 10)], of_x(3)].concat()));
    let without = of_config("version = 1\n[connections.x]\nid=1\n");
    assert_eq!(sorted(without), sorted(of_x(2)));
    let wrong = of_config("version = \"a\"\nactive = 3\n[connections.x]\nid=1\n");
    assert_eq!(wrong.len(), 7, "{wrong:?}");
    assert_eq!(wrong[0], ("version".to_owned(), 1, 11));
    // A newer file is of a form that is not known here: nothing else in it is judged.
    assert_eq!(of_config("version = 2\nactive = 3\n[connections.x]\nid=1\n"), [("version".to_owned(), 1, 11)]);
    // What a broken line was meant to say is not told as missing, too.
    let broken = of_config("version = 1\n[connections.x]\nid = \"a\nactive = 1\n");
    assert_eq!(broken.iter().map(|one| one.1).collect::<Vec<_>>(), [3], "{broken:?}");
}

#[test]
fn a_home_is_not_expanded_in_a_file_and_that_is_told() {
    let home = home_with(&["one"]);
    let text = home.config_text();
    let (before, after) = text.split_once("path = ").unwrap();
    let rest = after.split_once('\n').unwrap().1;
    let line = before.lines().count() as u64 + 1;
    fs::write(home.config(), format!("{before}path = \"~/x.tok\"\n{rest}")).unwrap();
    let told = home.run(&["list", "--format", "json"]).expect(4).json()["problems"][0].clone();
    assert_eq!((&told["key"], &told["line"]), (&"connections.one.token.path".into(), &line.into()), "{told}");
    assert!(told["message"].as_str().unwrap().contains("~ is not expanded here: write the whole path"), "{told}");
    let answers = |path: &str| {
        format!(
            "version = 1\nplatform = \"none\"\nprovider = \"github\"\nowner = \"acme\"\n[token]\nenv = \"T\"\n[store]\n\
             kind = \"file\"\npath = {path:?}\n[repository]\nname = \"x\"\n"
        )
    };
    home.write("a.toml", &answers("~/x.tok"));
    let told = home.run(&["setup", "--answers", "a.toml", "--format", "json"]).expect(2).json();
    let problems = told["problems"].as_array().unwrap();
    let one = problems.iter().find(|one| one["key"] == "store.path").unwrap_or_else(|| panic!("{told}"));
    assert_eq!((&one["line"], &one["column"]), (&9.into(), &8.into()), "{one}");
    assert!(one["message"].as_str().unwrap().contains("~ is not expanded here"), "{one}");
    assert!(!home.path("~").exists());
    // Who means it writes it so.
    home.write("a.toml", &answers("./~/x.tok"));
    let told = home.run(&["setup", "--answers", "a.toml", "--format", "json"]);
    assert!(!told.stdout.contains("is not expanded"), "{}", told.stdout);
}

fn shell(home: &Home, script: &str) -> Run {
    let program = env!("CARGO_BIN_EXE_git-access");
    finished(home.command("bash").args(["-c", &script.replace("GIT_ACCESS", program)]))
}

#[test]
fn answers_come_out_of_a_pipe_by_name_too() {
    let home = Home::new();
    let run =
        shell(&home, "GIT_ACCESS setup --format json --answers <(printf 'version = 1\\nprovidr = \"github\"\\n')");
    let told = run.expect(2).json();
    let one = &told["problems"].as_array().unwrap().iter().find(|one| one["key"] == "providr").unwrap().clone();
    assert_eq!((&one["line"], &one["column"]), (&2.into(), &1.into()), "{one}");
    assert!(one["file"].as_str().unwrap().starts_with("/dev/fd/"), "{one}");
    // As long as a file may be, and no longer; and text.
    let long = shell(&home, "GIT_ACCESS setup --answers <(head -c 1048577 /dev/zero | tr '\\0' '#')").expect(2);
    assert!(long.stderr.contains("longer than 1 MiB"), "{}", long.stderr);
    let long = shell(&home, "head -c 1048577 /dev/zero | tr '\\0' '#' | GIT_ACCESS setup --answers -").expect(2);
    assert!(long.stderr.contains("Standard input is longer than 1 MiB"), "{}", long.stderr);
    // A device that never says anything else is not waited for: it ends, or is too long.
    let zero = shell(&home, "GIT_ACCESS setup --answers /dev/zero").expect(2);
    assert!(zero.stderr.contains("/dev/zero is longer than 1 MiB"), "{}", zero.stderr);
}

#[test]
fn what_is_no_text_is_told_with_its_place() {
    let home = Home::new();
    let bytes = b"version = 1\n# \xc3\xa4\xff\n";
    fs::write(home.path("a.toml"), bytes).unwrap();
    let one = |told: Value| {
        let one = told["problems"][0].clone();
        (one["line"].as_u64(), one["column"].as_u64(), one["message"].as_str().unwrap().to_owned())
    };
    let place = "is not UTF-8 text: the first byte that is none stands in line 2, column 4.";
    for script in ["--answers a.toml", "--answers - <a.toml", "--answers <(cat a.toml)"] {
        let run = shell(&home, &format!("GIT_ACCESS setup --format json {script}")).expect(2);
        let (line, column, message) = one(run.json());
        assert_eq!((line, column), (Some(2), Some(4)), "{script}: {message}");
        assert!(message.contains(place), "{script}: {message}");
    }
    let config = home.write("config/git-access/config.toml", "");
    fs::write(&config, bytes).unwrap();
    fs::set_permissions(&config, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let (line, column, message) = one(home.run(&["list", "--format", "json"]).expect(4).json());
    assert_eq!((line, column), (Some(2), Some(4)), "{message}");
    assert!(message.contains(place), "{message}");
}

#[test]
fn a_token_in_the_config_is_found_and_never_shown() {
    let home = home_with(&["one"]);
    let token = "ghp_canary6789abcdefghijABCDEFGHIJ012345";
    assert!(!home.run(&["doctor"]).stdout.contains("looks like a token"));
    let text = home.config_text().replacen("owner = ", &format!("password = \"{token}\"\nowner = "), 1);
    fs::write(home.config(), &text).unwrap();
    let line = text.lines().position(|line| line.starts_with("password")).unwrap() + 1;
    let run = home.run(&["doctor", "--format", "json"]).expect(0);
    assert!(!run.stdout.contains("canary") && !run.stderr.contains("canary"), "{}", run.stdout);
    let told = run.json();
    let advice = told["advice"].as_array().unwrap().iter();
    let one = advice.map(|one| one["text"].as_str().unwrap()).find(|text| text.contains("looks like a token")).unwrap();
    assert!(one.starts_with(&format!("`connections.one.password` in line {line} of the config")), "{one}");
}
