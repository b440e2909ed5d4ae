//! One wizard, three shells: what keys answered, what the saved answers say and what lines answered is the same config.
#![cfg(target_os = "linux")]

use std::io::Write as _;
use std::process::Stdio;

use super::seat::Seat;
use crate::program::{Home, Run, Served};

/// A pair of platform and provider, and what a person answers for it in each shell.
struct Pair {
    provider: &'static str,
    token: &'static str,
    /// What the page shows, and what is typed then. `TOKEN` and `SECRET` are filled in.
    keys: &'static [(&'static str, &'static str)],
    lines: &'static [&'static str],
}

const DEVTRON: Pair = Pair {
    provider: "github",
    token: "devtron",
    keys: &[
        ("Who will use the access?", "\x1b[B\r"),
        ("Where are the repositories?", "\r"),
        ("Whose repositories?", "acme\r"),
        ("Which repository?", "\r"),
        ("How does it sign in?", "\r"),
        ("Make it at GitHub", "\rTOKEN"),
        ("personal access token (classic)", "\r"),
        ("▌Ends on", "\r"),
        ("Nothing stands in the way", "\r"),
        ("Where is the token kept?", "\x1b[B\x1b[B\r"),
        ("▌Path", "SECRET\r"),
        ("Is everything right?", "a"),
        ("enter this in Devtron", "\r"),
    ],
    lines: &["2", "", "", "acme", "", "", "TOKEN", "", "1", "3", "SECRET", "y"],
};

const FLUX: Pair = Pair {
    provider: "gitea",
    token: "gitea-flux",
    keys: &[
        ("Who will use the access?", "\x1b[B\x1b[B\x1b[B\x1b[B\r"),
        ("Where are the repositories?", "\r"),
        ("Whose repositories?", "acme\r"),
        ("Which repository?", "webshop\r"),
        ("▌Create it", "\r"),
        ("How does it sign in?", "\r"),
        ("▌Public key", "\r"),
        ("▌New key", "\r"),
        ("Make it at Gitea", "\rTOKEN"),
        ("token: access token", "\r"),
        ("Nothing stands in the way", "\r"),
        ("Where is the token kept?", "\x1b[B\x1b[B\r"),
        ("▌Path", "SECRET\r"),
        ("Is everything right?", "a"),
        ("enter this in Flux", "\r"),
    ],
    lines: &["5", "", "", "acme", "webshop", "", "", "", "", "TOKEN", "1", "3", "SECRET", "y"],
};

/// The config of a home, without the home itself, the connection's random id and the moments that hang on the run's.
/// Everything else is compared.
fn masked(home: &Home) -> String {
    let text = home.config_text().replace(&home.dir.path().display().to_string(), "~");
    let mask = |line: &str| match line.split_once(" = ") {
        Some((key @ ("at" | "rotate_by"), _)) => format!("{key} = …\n"),
        Some((key @ "id", value)) if value.len() == 34 => format!("{key} = …\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(mask).collect()
}

fn filled(text: &str, pair: &Pair, served: &Served, home: &Home) -> String {
    text.replace("TOKEN", &served.token(pair.token)).replace("SECRET", &home.path("secret").display().to_string())
}

fn arguments<'a>(pair: &Pair, host: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["setup", "--provider", pair.provider, "--host", host], more].concat()
}

/// By keys; the home, which holds `answers.toml`.
fn drawn(pair: &Pair, served: &Served) -> Home {
    let host = served.host_of(pair.provider);
    let mut seat = Seat::in_home(Home::new(), &arguments(pair, &host, &["--save-answers", "answers.toml"]));
    for (seen, keys) in pair.keys {
        seat.see(seen);
        let keys = filled(keys, pair, served, &seat.home);
        seat.type_in(&keys);
    }
    assert_eq!(seat.ends(), 0, "{}", seat.screen());
    seat.home
}

fn lined(pair: &Pair, served: &Served) -> Home {
    let host = served.host_of(pair.provider);
    let mut seat = Seat::in_home(Home::new(), &arguments(pair, &host, &["--plain"]));
    let mut at = 0;
    for line in pair.lines {
        let line = filled(line, pair, served, &seat.home);
        at = seat.reply(at, &line);
    }
    assert_eq!(seat.ends(), 0, "{}", String::from_utf8_lossy(&seat.bytes()));
    seat.home
}

/// From the answers that the keys left, with the token on standard input.
fn headless(pair: &Pair, served: &Served, keyed: &Home) -> Home {
    let home = Home::new();
    let answers = std::fs::read_to_string(keyed.path("answers.toml")).unwrap();
    assert!(!answers.contains(&served.token(pair.token)) && answers.contains("stdin = true"), "{answers}");
    let from = keyed.dir.path().display().to_string();
    home.write("answers.toml", &answers.replace(&from, &home.dir.path().display().to_string()));
    let mut command = home.program();
    command.args(["setup", "--answers", "answers.toml"]).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(served.token(pair.token).as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Run { code: done.status.code().unwrap_or(-1), stdout: text(&done.stdout), stderr: text(&done.stderr) }.expect(0);
    home
}

fn agree(pair: &Pair) {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let keyed = drawn(pair, &served);
    let headless = headless(pair, &served, &keyed);
    let lined = lined(pair, &served);
    let first = masked(&keyed);
    assert!(first.contains("path = \"~/secret\"") && first.contains("verdict = "), "{first}");
    assert_eq!(first, masked(&headless), "keys, and the answers that they left");
    assert_eq!(first, masked(&lined), "keys, and lines");
    for home in [&keyed, &headless, &lined] {
        let kept = std::fs::read_to_string(home.path("secret")).unwrap();
        assert_eq!(kept.trim(), served.token(pair.token));
    }
}

#[test]
fn devtron_on_github_is_the_same_by_keys_by_file_and_by_lines() {
    agree(&DEVTRON);
}

#[test]
fn flux_on_gitea_is_the_same_by_keys_by_file_and_by_lines() {
    agree(&FLUX);
}
