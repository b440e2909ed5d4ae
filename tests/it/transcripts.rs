//! Whole stories at a shell: each file of `tests/transcripts` is what somebody typed and what came of it, with every
//! command and every option of the program in one of them. Each is run as it stands, on the sandbox, and has to come to
//! the same text. `GIT_ACCESS_UPDATE=1` writes the texts anew.
//!
//! A line that begins with `$ ` is typed into `sh`, one that begins with `> ` goes on with it; `#` begins a comment. What
//! is indented is what came of it: both streams, and the exit code where it is not 0. `$GITHUB` and the like are the hosts of the sandbox,
//! `$TOKENS` is the folder of its tokens, and `$LATER` a day on which a token may end.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::program::{Home, Served, finished};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts")
}

/// What is typed: a comment, or a command of one or more lines.
enum Part {
    Comment(String),
    Command(String),
}

fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            parts.push(Part::Command(command.to_owned()));
        } else if let (Some(rest), Some(Part::Command(command))) = (line.strip_prefix("> "), parts.last_mut()) {
            *command = format!("{command}\n{rest}");
        } else if line.starts_with('#') {
            parts.push(Part::Comment(line.to_owned()));
        }
    }
    parts
}

/// A story played in a home of its own.
struct Stage {
    home: Home,
    served: Served,
    path: String,
}

impl Stage {
    fn new(scenario: &str) -> Self {
        // Not where TMPDIR points: its length would decide where lines break.
        let home = Home { dir: tempfile::Builder::new().prefix("ga").tempdir_in("/tmp").unwrap() };
        let served = Served::start(&home, scenario);
        let program = Path::new(env!("CARGO_BIN_EXE_git-access")).parent().unwrap();
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
        fs::create_dir(home.path("work")).unwrap();
        home.write(
            ".gitconfig",
            "[user]\n\tname = Octo\n\temail = octo@acme.example\n[init]\n\tdefaultBranch = main\n",
        );
        Self { home, served, path }
    }

    fn hosts(&self) -> Vec<(String, String)> {
        let providers = self.served.announcement["providers"].as_object().unwrap();
        let named = |(id, one): (&String, &serde_json::Value)| {
            (id.to_uppercase().replace('-', "_"), one["host"].as_str().unwrap().to_owned())
        };
        providers.iter().map(named).collect()
    }

    /// What a command says and how it ends.
    fn typed(&self, command: &str) -> String {
        let mut shell = self.home.command("sh");
        shell.env("PATH", &self.path).env("TOKENS", self.served.data.join("tokens")).env("COLUMNS", "100");
        shell.env("LATER", crate::rotation::bench::ends());
        shell.envs(self.hosts()).current_dir(self.home.path("work")).stdin(Stdio::null());
        let run = finished(shell.args(["-c", &format!("exec 2>&1\n{command}")]));
        let mut text = run.stdout;
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        if run.code != 0 {
            text.push_str(&format!("[exit {}]\n", run.code));
        }
        text
    }

    /// Without what differs from run to run.
    fn masked(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, host) in self.hosts() {
            let bare = host.trim_start_matches("http://");
            text = text.replace(&host, &format!("http://{name}")).replace(bare, &name);
        }
        let home = self.home.path("");
        text = text.replace(home.to_str().unwrap().trim_end_matches('/'), "~");
        text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
        moments(&whole(&text))
    }
}

/// Lines of a report that were broken are whole again: where they break depends on the times in them.
fn whole(text: &str) -> String {
    let mut whole = String::new();
    for line in text.lines() {
        let goes_on = line.starts_with("                             ") && !whole.is_empty();
        whole.push_str(if goes_on { " " } else { "\n" });
        whole.push_str(if goes_on { line.trim_start() } else { line });
    }
    whole.strip_prefix('\n').map(|whole| whole.to_owned() + "\n").unwrap_or_default()
}

/// Without days, moments, durations, ids and ports.
fn moments(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut masked = String::new();
    let mut at = 0;
    while at < letters.len() {
        let rest = &letters[at..];
        let run = rest.iter().take_while(|letter| letter.is_ascii_hexdigit()).count();
        let digits = rest.iter().take_while(|letter| letter.is_ascii_digit()).count();
        let after: String = rest.iter().skip(digits).take(6).collect();
        let is_first = at == 0 || !letters[at - 1].is_ascii_alphanumeric();
        if let Some((length, word)) = day(rest).filter(|_| is_first) {
            masked.push_str(word);
            at += length;
        } else if is_first && run >= 32 {
            masked.push_str("ID");
            at += run;
        } else if is_first && digits > 0 && (digits >= 9 || after.starts_with(" ms") || after.starts_with(" day")) {
            masked.push('N');
            at += digits;
        } else if digits >= 4 && masked.ends_with("127.0.0.1:") {
            masked.push_str("PORT");
            at += digits;
        } else {
            let step = if is_first { 1.max(run.min(digits)) } else { 1 };
            masked.extend(&rest[..step]);
            at += step;
        }
    }
    masked
}

/// `2027-02-01`, or with the time behind it, or both as calendars write them: its length, and what stands in its place.
fn day(rest: &[char]) -> Option<(usize, &'static str)> {
    let fits = |pattern: &str| {
        rest.len() >= pattern.len()
            && pattern.chars().zip(rest).all(|(want, is)| if want == 'd' { is.is_ascii_digit() } else { want == *is })
    };
    let moment = "dddd-dd-ddTdd:dd:dd";
    if fits(moment) {
        let more = rest[moment.len()..].iter().take_while(|letter| letter.is_ascii_digit() || **letter == '.').count();
        return Some((moment.len() + more + 1, "MOMENT"));
    }
    if fits("ddddddddTddddddZ") {
        return Some((16, "MOMENT"));
    }
    fits("dddd-dd-dd").then_some((10, "DAY"))
}

fn play(name: &str, scenario: &str) {
    let file = folder().join(name).with_extension("txt");
    let written = fs::read_to_string(&file).unwrap();
    let stage = Stage::new(scenario);
    let mut told = String::new();
    for part in parts(&written) {
        match part {
            Part::Comment(line) => told.push_str(&format!("{line}\n")),
            Part::Command(command) => {
                let said = stage.masked(&stage.typed(&command));
                for token in crate::program::files(&stage.served.data.join("tokens")) {
                    let token = String::from_utf8(token.1).unwrap();
                    assert!(!said.contains(token.trim()), "{name}: {command} shows a token");
                }
                let mut command = command.replace('\n', "\n> ");
                command.insert_str(0, "$ ");
                told.push_str(&format!("{command}\n"));
                for line in said.lines() {
                    told.push_str(format!("    {line}").trim_end());
                    told.push('\n');
                }
                told.push('\n');
            }
        }
    }
    if std::env::var_os("GIT_ACCESS_UPDATE").is_some() {
        fs::write(&file, &told).unwrap();
    }
    let differs = told.lines().zip(written.lines()).position(|(now, then)| now != then);
    assert!(
        told == written || std::env::var_os("GIT_ACCESS_UPDATE").is_some(),
        "{name}.txt ends otherwise, from line {} on:\n{told}",
        differs.unwrap_or(0) + 1
    );
}

#[test]
fn a_first_access_is_set_up_and_proven() {
    play("setup", "ready");
}

#[test]
fn what_is_refused_says_so_and_saves_nothing() {
    play("refusals", "missing-scope");
}

#[test]
fn connections_are_looked_at_checked_and_managed() {
    play("manage", "ready");
}

#[test]
fn a_token_is_replaced() {
    play("rotate", "ready");
}

#[test]
fn git_itself_uses_the_connection() {
    play("git", "ready");
}

#[test]
fn every_format_is_exported() {
    play("export", "ready");
}

#[test]
fn the_program_tells_what_it_knows_and_where_it_is() {
    play("knowledge", "ready");
}

/// Nothing that can be typed is missing from the stories.
#[test]
fn every_command_and_every_option_stands_in_a_story() {
    let mut typed = BTreeSet::new();
    let mut files = 0;
    for file in fs::read_dir(folder()).unwrap() {
        for part in parts(&fs::read_to_string(file.unwrap().path()).unwrap()) {
            let Part::Command(command) = part else { continue };
            typed.extend(
                command.split(|letter: char| letter.is_whitespace() || "=;|()".contains(letter)).map(str::to_owned),
            );
        }
        files += 1;
    }
    assert_eq!(files, 7, "a transcript that is not played could say anything");
    let mut missing = Vec::new();
    let program = git_access::cli::definition();
    let mut all: Vec<&clap::Command> = program.get_subcommands().collect();
    all.push(&program);
    for command in all {
        if !typed.contains(command.get_name()) {
            missing.push(command.get_name().to_owned());
        }
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
            if let Some(long) = argument.get_long().map(|long| format!("--{long}"))
                && !typed.contains(&long)
            {
                missing.push(format!("{} {long}", command.get_name()));
            }
            let values = argument.get_possible_values();
            let closed = argument.get_action().takes_values() && !["shell"].contains(&argument.get_id().as_str());
            for value in values.iter().filter(|_| closed) {
                if !typed.contains(value.get_name()) {
                    missing.push(format!("{} {}: {}", command.get_name(), argument.get_id(), value.get_name()));
                }
            }
        }
    }
    for format in git_access::export::FORMATS {
        if !typed.contains(format.name) {
            missing.push(format!("export --for {}", format.name));
        }
    }
    assert!(missing.is_empty(), "no transcript has: {missing:#?}");
}

#[test]
fn the_mask_takes_what_differs_and_leaves_the_rest() {
    for (text, masked) in [
        ("It ends on 2027-02-01: in 73 days.", "It ends on DAY: in N days."),
        ("at 2026-11-21T09:00:00Z", "at MOMENT"),
        ("DTSTAMP:20261121T094502Z", "DTSTAMP:MOMENT"),
        ("(12 ms)", "(N ms)"),
        ("id = \"0123456789abcdef0123456789abcdef\"", "id = \"ID\""),
        ("127.0.0.1:40123/x", "127.0.0.1:PORT/x"),
        ("0600 keptn v3 80x24 14d", "0600 keptn v3 80x24 14d"),
        ("expiry 1801440000", "expiry N"),
    ] {
        assert_eq!(moments(text), masked);
    }
}
