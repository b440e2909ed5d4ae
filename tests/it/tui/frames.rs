//! Every page as it looks, in four sizes: `tests/snapshots/*.txt`. `GIT_ACCESS_SNAPSHOTS=write` writes them anew.

use std::path::PathBuf;

use git_access::tui::scene::Scene;
use git_access::tui::theme::UNICODE;

use super::player::{Player, THEME, run, styles_of, text_of};
use super::tour::{self, SIZES, Visitor};

/// Replaces what differs from run to run by something as wide.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    for line in text.lines() {
        steady.push_str(&steady_line(line));
        steady.push('\n');
    }
    steady
}

fn steady_line(line: &str) -> String {
    if line.contains(['█', '▀', '▄']) {
        // The code of an address with a port.
        return "(code)".to_owned();
    }
    let mut line = line.to_owned();
    for picture in UNICODE.spinner {
        line = line.replace(picture, UNICODE.spinner[0]);
    }
    // Ports of this computer have five digits where the system chooses them.
    let mut from = 0;
    while let Some(at) = line[from..].find("127.0.0.1:").map(|at| at + from + 10) {
        let digits = line[at..].bytes().take_while(u8::is_ascii_digit).count();
        line.replace_range(at..at + digits, &"0".repeat(digits));
        from = at;
    }
    dates(&mut line);
    days(&mut line);
    times(line)
}

fn dates(line: &mut String) {
    let shape = |part: &[u8]| {
        part.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
    };
    let mut at = 0;
    while at + 10 <= line.len() {
        if shape(&line.as_bytes()[at..at + 10]) {
            line.replace_range(at..at + 10, "2027-01-31");
        }
        // The moment of that day.
        if line.as_bytes().get(at + 10) == Some(&b'T') && line.as_bytes().get(at + 19) == Some(&b'Z') {
            line.replace_range(at + 11..at + 19, "00:00:00");
        }
        at += 1;
    }
}

/// A token of ninety days has lost one, or not yet.
fn days(line: &mut String) {
    if let Some(at) = line.find("in 89 days") {
        line.replace_range(at..at + 10, "in 90 days");
    }
}

/// A time at the end of a row, in its column of seven.
fn times(line: String) -> String {
    let Some(begin) = line.strip_suffix("ms").or(line.strip_suffix(" s")).map(str::trim_end) else { return line };
    let number = begin.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    if number.len() == begin.len() { line } else { format!("{} TIME", number.trim_end()) }
}

fn path_of(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(format!("{name}.txt"))
}

fn hold(name: &str, text: &str) {
    let path = path_of(name);
    if std::env::var("GIT_ACCESS_SNAPSHOTS").is_ok_and(|value| value == "write") {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let held = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(held == text, "{name} looks different now; if it should, run with GIT_ACCESS_SNAPSHOTS=write\n{text}");
}

/// What hangs on the clock or on a folder of this computer is no snapshot: it says this.
const VARIES: &[(&str, &str)] =
    &[("checks-limited", "Limited by the forge: "), ("apply-stopped", "and the connection is not saved")];

/// Holds each page to its snapshot, in every size.
struct Frames;

impl Visitor for Frames {
    async fn look<S: Scene>(&mut self, name: &str, player: &mut Player, scene: &mut S) {
        let mut all = String::new();
        for (width, height) in SIZES {
            player.resize(width, height);
            player.press(scene, "").await;
            let buffer = player.stage.terminal().backend().buffer().clone();
            all.push_str(&format!("== {width}x{height}\n{}", steady(&text_of(&buffer))));
            all.push_str(&format!("-- styles {:016x}\n", styles_of(&buffer)));
        }
        let last = player.text();
        player.resize(80, 24);
        player.press(scene, "").await;
        match VARIES.iter().find(|(varies, _)| *varies == name) {
            Some((_, said)) => assert!(last.contains(said), "{last}"),
            None => hold(name, &all),
        }
    }
}

#[test]
fn a_new_user_sees_these_pages() {
    run(tour::newcomer(THEME, &mut Frames));
}

#[test]
fn a_list_a_refusal_and_a_code_look_so() {
    run(tour::detours(THEME, &mut Frames));
}

#[test]
fn what_does_not_go_well_looks_so() {
    run(tour::refusals(THEME, &mut Frames));
}

#[test]
fn a_key_looks_so() {
    run(tour::key(THEME, &mut Frames));
}

#[test]
fn the_list_of_connections_looks_so() {
    run(tour::connections(THEME, &mut Frames));
}

#[test]
fn a_rotation_begins_at_the_token_and_compares_the_two() {
    run(tour::rotation(THEME, &mut Frames));
    let held = std::fs::read_to_string(path_of("rotate-review")).unwrap();
    assert!(held.contains("The new one gains"), "{held}");
}
