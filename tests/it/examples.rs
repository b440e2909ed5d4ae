//! The set-ups in `tests/answers`, which README names: each is run as it stands, on the sandbox, and ends as the file
//! beside it says. `GIT_ACCESS_UPDATE=1` writes those files anew.

use std::fs;
use std::path::{Path, PathBuf};

use crate::program::{Home, Served, finished};

/// The file, the token of the scenario, and the variable that the file reads it from.
const EXAMPLES: &[(&str, &str, &str)] = &[
    ("keptn-github", "keptn", "KEPTN_TOKEN"),
    ("keptn-azure", "azure-keptn", "KEPTN_TOKEN"),
    ("devtron-gitlab", "gitlab-devtron", "DEVTRON_TOKEN"),
    ("devtron-bitbucket", "bitbucket-devtron", "DEVTRON_TOKEN"),
    ("qovery-gitlab-group", "gitlab-qovery", "QOVERY_TOKEN"),
    ("qovery-bitbucket-workspace", "bitbucket-qovery", "QOVERY_TOKEN"),
    ("dxup-bitbucket-key", "bitbucket-keys", "BITBUCKET_TOKEN"),
    ("flux-gitea", "gitea-flux", "FLUX_TOKEN"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/answers")
}

#[test]
fn every_example_ends_as_the_file_beside_it_says() {
    let place = Home::new();
    let served = Served::start(&place, "ready");
    for (name, token, variable) in EXAMPLES {
        let answers = folder().join(name).with_extension("toml");
        let text = fs::read_to_string(&answers).unwrap();
        let provider = text.lines().find_map(|line| line.strip_prefix("provider = ")).unwrap().trim_matches('"');
        let host = served.host_of(provider);
        let home = Home::new();
        let mut program = home.program();
        program.args(["setup", "--host", &host, "--answers"]).arg(&answers);
        let run = finished(program.env(variable, served.token(token)));
        let told = format!(
            "[exit {}]\n--- stdout\n{}--- stderr\n{}--- config\n{}",
            run.code,
            run.stdout,
            run.stderr,
            home.config_text()
        );
        assert!(!told.contains(&served.token(token)), "{name} shows its token");
        let told = plain(&told, &host, home.path("").to_str().unwrap());
        let beside = answers.with_extension("out");
        if std::env::var_os("GIT_ACCESS_UPDATE").is_some() {
            fs::write(&beside, &told).unwrap();
        }
        let expected = fs::read_to_string(&beside).unwrap();
        assert_eq!(told, expected, "{name} ends otherwise than its file says");
    }
    let files = fs::read_dir(folder())
        .unwrap()
        .filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|extension| extension == "toml"));
    assert_eq!(files.count(), EXAMPLES.len(), "an example that is not run could say anything");
}

/// Without what differs from run to run: hosts, folders, ids, moments, days, times and versions of git.
fn plain(told: &str, host: &str, home: &str) -> String {
    let told = told.replace(host, "HOST").replace(home, "HOME/").replace(folder().to_str().unwrap(), "FOLDER");
    let told = told.replace(host.trim_start_matches("http://"), "HOST-NAME");
    // Lines that were broken are whole again: where they break depends on the times in them.
    let told = told.replace("\n                              ", " ");
    let mut plain = String::new();
    for line in told.lines() {
        let line = match line.split_once(" = ") {
            Some(("id", value)) if value.len() == 34 => "id = \"ID\"".to_owned(),
            Some((key @ ("at" | "expires" | "rotate_by"), _)) => format!("{key} = MOMENT"),
            _ => shorn(line),
        };
        plain.push_str(line.trim_end());
        plain.push('\n');
    }
    plain
}

/// A line without `(12 ms)`, days and dates.
fn shorn(line: &str) -> String {
    let mut words = Vec::new();
    for word in line.split(' ') {
        let bare = word.trim_matches(|letter: char| ".,:;()".contains(letter));
        let is_date = bare.len() == 10 && bare.bytes().filter(|byte| *byte == b'-').count() == 2;
        let is_recent = is_date && bare.starts_with("202") && bare > "2026-11-21";
        words.push(if is_recent {
            word.replace(bare, "DAY")
        } else if !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit()) && line.contains("days") {
            word.replace(bare, "N")
        } else {
            word.to_owned()
        });
    }
    let mut text = words.join(" ");
    while let Some(at) = text.find(" ms)") {
        let Some(begin) = text[..at].rfind(" (") else { break };
        text.replace_range(begin..at + 4, "");
    }
    text
}
