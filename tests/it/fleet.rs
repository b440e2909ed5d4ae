//! `check` for a fleet: without asking anybody, and for those who collect metrics.

use std::fs;

use jiff::{Timestamp, ToSpan as _};

use crate::manage::home_with;
use crate::program::{Home, Served};

/// A home in which the token of `one` ends after so many hours.
fn ending_in(hours: i64) -> Home {
    let home = home_with(&["one", "two"]);
    let at = Timestamp::now() + hours.hours();
    let line = format!("expires = {at}\nexpires_source = \"provider\"");
    let text = home.config_text().replacen("expires_source = \"unknown\"", &line, 1);
    fs::write(home.config(), text).unwrap();
    home
}

#[test]
fn offline_nobody_is_asked_and_only_what_is_known_is_judged() {
    // The token files are gone, and the host is a public one: whoever asked or read anything would fail here.
    for (hours, more, code, verdict) in [
        (24 * 60, &[][..], 0, "pass"),
        (24 * 12 + 1, &[], 0, "warn"),
        (24 * 12 + 1, &["--fail-within", "14d"], 1, "fail"),
        (24 * 12 + 1, &["--strict"], 1, "warn"),
        (-1, &[], 1, "fail"),
    ] {
        let home = ending_in(hours);
        fs::remove_dir_all(home.path("secrets")).unwrap();
        let run = home.run(&[&["check", "--offline", "--format", "json"], more].concat()).expect(code);
        let report = run.json();
        let checks = report["connections"][0]["checks"].as_array().unwrap();
        for check in checks {
            let expected = if check["id"] == "expiry" { verdict } else { "unknown" };
            assert_eq!(check["verdict"], expected, "{check}");
            if check["id"] != "expiry" {
                assert_eq!(check["remedy"]["text"], "Run the same command without --offline.", "{check}");
            }
        }
        for id in ["reach", "identity", "scope:repo", "owner", "repository", "clone", "push", "store"] {
            assert!(checks.iter().any(|check| check["id"] == id), "{id} is absent");
        }
        assert!(!home.path("state").exists(), "an offline run has seen nothing worth a record");
    }
}

#[test]
fn offline_an_end_that_a_check_has_seen_counts() {
    let home = ending_in(24 * 60);
    let (now, soon) = (Timestamp::now(), Timestamp::now() + 49.hours());
    home.write(
        "state/git-access/id-one.json",
        &format!("{{\"checked\": \"{now}\", \"verdict\": \"warn\", \"expires\": \"{soon}\"}}"),
    );
    let report = home.run(&["check", "one", "--offline", "--format", "json"]).expect(0).json();
    assert_eq!(report["connections"][0]["token"]["days_left"], 2);
}

#[test]
fn what_a_verdict_comes_from_is_seen_later() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let answers = served.answers(&home, "keptn", "keptn", "[repository]\nname = \"blank\"\n");
    home.run(&["setup", "--answers", answers.to_str().unwrap()]).expect(0);
    home.run(&["check", "--fail-within", "100000h"]).expect(1);
    let row = |home: &Home| home.run(&["list", "--format", "json"]).expect(0).json()["connections"][0].clone();
    assert_eq!((&row(&home)["verdict"], &row(&home)["because"]), (&"fail".into(), &serde_json::json!(["expiry"])));
    assert!(home.run(&["list"]).stdout.contains(": expiry"));
    assert!(home.run(&["show", "keptn-github-acme"]).stdout.contains(": expiry\n"));
    home.run(&["check"]).expect(0);
    assert_eq!((&row(&home)["verdict"], &row(&home)["because"]), (&"pass".into(), &serde_json::json!([])));
    let id =
        home.config_text().lines().find_map(|line| line.strip_prefix("id = ").map(|id| id.replace('"', ""))).unwrap();
    let record = format!("state/git-access/{id}.json");
    // Whatever stands in the record, it is told in one line, and nothing else in it is lost.
    for (because, told) in [
        (r#"["expiry", "scope:repo", "push"]"#, ": expiry and 2 more"),
        (r#"["", "\u001b]0;x\u0007push"]"#, ": ^[]0;x^Gpush"),
        (r#""expiry""#, ""),
        ("null", ""),
    ] {
        let text = format!(
            r#"{{"checked": "2126-01-01T00:00:00Z", "verdict": "fail", "because": {because}, "left_behind": ["x"]}}"#
        );
        home.write(&record, &text);
        let list = home.run(&["list"]).expect(0).stdout;
        assert!(list.contains(&format!("fail 2126-01-01{told}  ")), "{because}: {list}");
        assert_eq!(row(&home)["left_behind"][0], "x");
    }
    let of_a_pass = r#"{"checked": "2126-01-01T00:00:00Z", "verdict": "pass", "because": ["expiry"]}"#;
    home.write(&record, of_a_pass);
    assert_eq!(row(&home)["because"], serde_json::json!([]));
    // A set-up that is newer than the check counts, and the check's reasons do not.
    home.write(&record, r#"{"checked": "2020-01-01T00:00:00Z", "verdict": "fail", "because": ["expiry"]}"#);
    assert_eq!((&row(&home)["verdict"], &row(&home)["because"]), (&"pass".into(), &serde_json::json!([])));
}

#[test]
fn metrics_say_what_the_report_says() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let answers = served.answers(&home, "keptn", "keptn", "[repository]\nname = \"blank\"\n");
    home.run(&["setup", "--answers", answers.to_str().unwrap()]).expect(0);
    let name = "keptn-github-acme";
    let report = home.run(&["check", "--format", "json"]).expect(0).json();
    let metrics = home.run(&["check", "--format", "openmetrics"]).expect(0).stdout;
    let host = served.host();
    let of = format!("connection=\"{name}\",platform=\"keptn\",provider=\"github\",host=\"{host}\",owner=\"acme\"");
    let has = |line: String| assert!(metrics.lines().any(|there| there == line), "{line} is not in\n{metrics}");
    let verdict = report["connections"][0]["verdict"].as_str().unwrap();
    for word in ["pass", "warn", "unknown", "fail"] {
        let holds = u8::from(word == verdict);
        has(format!("git_access_connection_verdict{{{of},verdict=\"{word}\"}} {holds}"));
    }
    for check in report["connections"][0]["checks"].as_array().unwrap() {
        let (id, word) = (check["id"].as_str().unwrap(), check["verdict"].as_str().unwrap());
        has(format!("git_access_check_verdict{{{of},check=\"{id}\",verdict=\"{word}\"}} 1"));
    }
    has("git_access_problems 0".into());
    assert!(metrics.ends_with("# EOF\n"));
    // Every line is a comment or a sample of a family that was announced.
    let mut announced = Vec::new();
    for line in metrics.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            announced.push(rest.split(' ').next().unwrap().to_owned());
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().unwrap();
            assert!(announced.iter().any(|known| known == name), "{line}");
            line.rsplit(' ').next().unwrap().parse::<f64>().unwrap();
        }
    }
    let run = home.run(&["list", "--format", "openmetrics"]).expect(2);
    assert!(run.stderr.contains("for check alone"), "{}", run.stderr);
}

/// Connections that share a token, an owner and a repository share the answers as well.
#[test]
fn nothing_is_asked_twice_with_one_token() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let answers = served.answers(&home, "keptn", "keptn", "[repository]\nname = \"blank\"\n");
    home.run(&["setup", "--answers", answers.to_str().unwrap()]).expect(0);
    let text = home.config_text();
    let one = &text[text.find("[connections.keptn-github-acme]").unwrap()..];
    let more: String = (0..5)
        .map(|number| {
            let another = one.replace("[connections.keptn-github-acme", &format!("[connections.c{number}"));
            another
                .replace("id = \"", &format!("id = \"{number}"))
                .replace("store = \"keyring\"", "store = \"env\"\nenv = \"T\"")
        })
        .collect();
    let more: Vec<_> = more.lines().filter(|line| !line.starts_with("path = ")).collect();
    let more = more.join("\n").replace("store = \"file\"", "store = \"env\"\nenv = \"T\"");
    home.write("config/git-access/config.toml", &format!("version = 1\n{more}\n"));
    let before = served.requests().len();
    let mut check = home.program();
    check.args(["check", "--format", "json"]).env("T", served.token("keptn"));
    let run = crate::program::finished(&mut check).expect(0);
    assert_eq!(run.json()["connections"].as_array().unwrap().len(), 5);
    let mut asked: Vec<String> = served.requests()[before..]
        .iter()
        .filter(|one| one["status"] != 401)
        .map(|one| format!("{} {} {}", one["method"], one["path"], one["query"]))
        .collect();
    let all = asked.len();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), all, "{asked:#?}");
    assert!(all > 5, "{asked:#?}");
}
