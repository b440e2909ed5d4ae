//! What the answers name and cannot be read, several answers files at once, and the document that tells it.

use serde_json::{Value, json};

use crate::program::{Home, Run, Served};

/// Problems as file, line, column and key.
fn places(run: &Run) -> Vec<(Value, Value, Value, Value)> {
    let problems = run.json()["problems"].as_array().unwrap().clone();
    let place = |one: &Value| (one["file"].clone(), one["line"].clone(), one["column"].clone(), one["key"].clone());
    problems.iter().map(place).collect()
}

fn answers(served: &Served, more: &str, token: &str, ssh: &str) -> String {
    format!(
        "version = 1\nplatform = \"flux\"\nprovider = \"github\"\nhost = \"{}\"\nowner = \"acme\"\n{more}\n[repository]\n\
         name = \"gitops\"\n[token]\n{token}\n{ssh}\n",
        served.host()
    )
}

#[test]
fn a_file_that_cannot_be_read_is_a_problem_with_its_place_and_nobody_is_asked() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let token = format!("file = \"{}\"", served.token_file("keptn").display());
    home.write("empty.pem", "nothing of the kind\n");
    home.write("short.pub", "ssh-ed25519 AAAA\n");
    home.write("folder/x", "");
    let good = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n";
    home.write("good.pub", good);
    for (more, ssh, place, code, told) in [
        ("ca_file = \"absent.pem\"", "", (6, 11, "ca_file"), 2, "cannot be read"),
        ("ca_file = \"empty.pem\"", "", (6, 11, "ca_file"), 2, "CERTIFICATE"),
        ("ca_file = \"folder\"", "", (6, 11, "ca_file"), 2, "not a file"),
        ("client_cert = \"absent.pem\"", "", (6, 15, "client_cert"), 4, "cannot be read"),
        ("client_cert = \"empty.pem\"", "", (6, 15, "client_cert"), 4, "private key"),
        ("", "[ssh]\npublic_key = \"absent.pub\"", (12, 14, "ssh.public_key"), 2, "There is no file"),
        ("", "[ssh]\npublic_key = \"short.pub\"", (12, 14, "ssh.public_key"), 2, "short.pub"),
        (
            "",
            "[ssh]\npublic_key = \"good.pub\"\nprivate_key = \"absent\"",
            (13, 15, "ssh.private_key"),
            4,
            "There is no file",
        ),
        (
            "",
            "[ssh]\npublic_key = \"good.pub\"\nprivate_key = \"folder\"",
            (13, 15, "ssh.private_key"),
            4,
            "not a regular file",
        ),
    ] {
        home.write("a.toml", &answers(&served, more, &token, ssh));
        let run = home.run(&["setup", "--format", "json", "--answers", "a.toml"]).expect(code);
        let (line, column, key) = place;
        assert_eq!(
            places(&run),
            [(json!("a.toml"), json!(line), json!(column), json!(key))],
            "{more}{ssh}: {}",
            run.stdout
        );
        assert!(run.stdout.contains(told), "{more}{ssh}: {}", run.stdout);
        assert!(run.stderr.contains(&format!("a.toml:{line}:{column}: ")), "{more}{ssh}: {}", run.stderr);
        assert_eq!(run.json()["connections"], json!([]));
        assert_eq!(home.config_text(), "");
    }
    assert_eq!(served.requests().len(), 0, "nobody was asked");
}

#[test]
fn a_token_that_is_not_there_has_its_place_beside_the_checks() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    home.write("two-lines", "a\nb\n");
    for (source, column) in [("file = \"absent\"", 8), ("file = \"two-lines\"", 8), ("env = \"NOT_SET\"", 7)] {
        home.write("a.toml", &answers(&served, "", source, ""));
        let run = home.run(&["setup", "--format", "json", "--answers", "a.toml"]).expect(4);
        let key = format!("token.{}", source.split(' ').next().unwrap());
        assert_eq!(places(&run), [(json!("a.toml"), json!(10), json!(column), json!(key))], "{}", run.stdout);
        assert_eq!(run.check("store")["verdict"], "fail", "{}", run.stdout);
    }
    // Whoever looks over the answers is told of the mistakes in them, and not of what is set where they are looked over.
    home.write("a.toml", &answers(&served, "colour = 1\nca_file = \"absent.pem\"", "env = \"NOT_SET\"", ""));
    let run = home.run(&["setup", "--format", "json", "--answers", "a.toml"]).expect(2);
    let keys: Vec<_> = places(&run).into_iter().map(|(.., key)| key).collect();
    assert_eq!(keys, ["colour", "ca_file"]);
}

#[test]
fn several_files_are_judged_each_on_its_own_in_one_report() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let good = served.answers(&home, "keptn", "keptn", "[repository]\nname = \"gitops\"\ncreate = true\n");
    home.write("one.toml", "version = 1\nplatform = \"kepten\"\n[token]\nstdin = 1\n");
    home.write("two.toml", "version = 2\n");
    let good = good.to_str().unwrap();
    let given = ["--answers", "one.toml", "--answers", "absent.toml", "--answers", good, "--answers", "two.toml"];
    let run = home.run(&[&["setup", "--format", "json"][..], &given].concat()).expect(2);
    let mut by_file = std::collections::BTreeMap::<String, Vec<Value>>::new();
    for (file, line, column, _) in places(&run) {
        let placed = line != 0 && column != 0;
        assert_eq!(placed, file != "absent.toml", "{}", run.stdout);
        by_file.entry(file.as_str().unwrap().to_owned()).or_default().push(line);
    }
    assert_eq!(by_file["one.toml"], [1, 1, 2, 4], "{}", run.stdout);
    assert_eq!(by_file["absent.toml"], [0]);
    assert!(by_file["two.toml"].contains(&json!(1)) && by_file.len() == 3, "{}", run.stdout);
    assert_eq!(run.json()["connections"][0]["saved"], true, "the good one is set up: {}", run.stdout);
    for words in ["one.toml:2:12: ", "two.toml:1:11: ", "There is no answers file absent.toml"] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
}

#[test]
fn a_flag_has_no_line_and_is_told_once_and_all_flags_at_once() {
    let home = Home::new();
    home.write("one.toml", "version = 1\nplatform = \"flux\"\nprovider = \"github\"\n[token]\ncommand = [\"x\"]\n[repository]\nname = \"r\"\n");
    home.write("two.toml", "version = 1\nplatform = \"flux\"\nprovider = \"github\"\n[token]\ncommand = [\"x\"]\n[repository]\nname = \"s\"\n");
    let files = ["--answers", "one.toml", "--answers", "two.toml"];
    let run = home.run(&[&["setup", "--format", "json", "--owner", "a/b"][..], &files].concat()).expect(2);
    assert_eq!(places(&run), [(Value::Null, json!(0), json!(0), json!("--owner"))], "{}", run.stdout);
    assert!(run.stderr.starts_with("--owner: "), "{}", run.stderr);
    let flags = ["setup", "Über", "--format", "json", "--owner=-x", "--provider", "githab", "--answers", "one.toml"];
    let run = home.run(&flags).expect(2);
    let keys: Vec<_> = places(&run).into_iter().map(|(.., key)| key).collect();
    assert_eq!(keys, ["NAME", "--provider", "--owner"], "{}", run.stdout);
    assert_eq!(run.json()["config"], home.config().to_str().unwrap());
}

#[test]
fn every_document_of_problems_names_the_config_in_effect_or_none() {
    let home = Home::new();
    let config = home.config().to_str().unwrap().to_owned();
    for (arguments, config) in [
        (&["setup", "--format", "json"][..], json!(config)),
        (&["show", "nobody", "--format", "json"], json!(config)),
        (&["show", "nobody", "--format", "json", "--config", "other.toml"], json!(home.path("other.toml"))),
        (&["setup", "--format", "json", "--no-such-flag"], Value::Null),
    ] {
        let run = home.run(arguments).expect(2);
        assert_eq!(run.json()["config"], config, "{arguments:?}: {}", run.stdout);
        assert!(!run.json()["problems"].as_array().unwrap().is_empty());
    }
    // The config's own problems are told in one run, too.
    home.write("config/git-access/config.toml", "version = 1\nactive = 3\nx = y\nversion = 1\n");
    home.write("a.toml", "version = 1\n");
    for arguments in [&["show", "x", "--format", "json"][..], &["setup", "--answers", "a.toml", "--format", "json"]] {
        let run = home.run(arguments).expect(4);
        let place = |line: u32, column: u32, key: &str| (json!(config), json!(line), json!(column), json!(key));
        let all = [place(2, 10, "active"), place(3, 5, "x"), place(4, 1, "version")];
        assert_eq!(places(&run), all, "{}", run.stdout);
    }
}
