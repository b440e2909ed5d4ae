//! The plain shell in a terminal: no control sequence, and a token that is neither shown nor left for the next reader.
#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use git_access::plain::{Console as _, Terminal};
use git_access::secret::Redaction;
use rustix::process::Signal;

use super::seat::{PATIENCE, Seat};
use crate::leaks::{Pieces, tokens_of};
use crate::program::{Home, Served};

const JOB: &str = "GIT_ACCESS_TEST_SILENT";
const CANARY: &str = "ghp_CANARYcanaryCANARY";

fn plain(served: &Served) -> Seat {
    Seat::in_home(Home::new(), &["setup", "--plain", "--provider", "github", "--host", &served.host()])
}

/// Devtron on GitHub, up to the question for the token.
fn at_the_token(served: &Served) -> (Seat, usize) {
    let mut seat = plain(served);
    let mut at = 0;
    for line in ["2", "", "", "acme", "", ""] {
        at = seat.reply(at, line);
    }
    seat.hear(at, "paste it; it is not shown");
    (seat, at)
}

fn is_without_escapes(seat: &Seat) {
    let written = seat.strictly();
    assert!(written.sequences.is_empty(), "{written:?}");
}

#[test]
fn a_whole_run_writes_no_escape_and_shows_no_token() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let (mut seat, at) = at_the_token(&served);
    assert!(!seat.echoes(), "the token would be shown");
    let at = seat.reply(at, &served.token("devtron"));
    seat.hear(at, "Ends on");
    assert!(seat.echoes(), "what is typed is shown again");
    let secret = seat.home.path("secret").display().to_string();
    let mut at = at;
    for line in ["", "1", "3", &secret, "y"] {
        at = seat.reply(at, line);
    }
    assert_eq!(seat.ends(), 0, "{}", seat.screen());
    seat.hear(at, "verdict: pass");
    is_without_escapes(&seat);
    assert!(seat.home.config_text().contains("[connections.devtron-github-acme]"));
    let pieces = Pieces::of(&tokens_of(&served));
    assert_eq!(pieces.find(&seat.bytes()), None, "a piece of a token was shown");
    let token = served.token("devtron");
    assert!(pieces.find(format!("control: {}", &token[12..20]).as_bytes()).is_some());
}

#[test]
fn whatever_ends_the_question_for_the_token_the_terminal_shows_again_what_is_typed() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let endings: [(&str, &str, Option<Signal>, u32); 6] = [
        ("Ctrl-C", "\x03", None, 130),
        ("Ctrl-\\", "\x1c", None, 130),
        ("the end of the input", "\x04", None, 130),
        ("TERM", "", Some(Signal::TERM), 143),
        ("HUP", "", Some(Signal::HUP), 130),
        ("INT", "", Some(Signal::INT), 130),
    ];
    for (what, keys, signal, code) in endings {
        let (mut seat, _) = at_the_token(&served);
        assert!(!seat.echoes(), "{what}");
        match signal {
            // Half a token, and no end of the line, in the queue.
            Some(signal) => seat.type_ahead(&format!("{CANARY}\x04"), |seat| seat.signal(signal)),
            None if keys == "\x04" => seat.type_in(keys),
            None => seat.type_in(&format!("{CANARY}{keys}")),
        }
        assert_eq!(seat.ends(), code, "{what}");
        assert_eq!(seat.left_to_read(), 0, "{what}");
        assert!(!String::from_utf8_lossy(&seat.bytes()).contains("CANARY"), "{what}");
        is_without_escapes(&seat);
        assert!(!seat.home.config().exists(), "{what}");
    }
    let itself = std::env::current_exe().unwrap();
    let arguments = ["--exact", "tui::plainly::while_nothing_is_shown", "--nocapture", "--test-threads=1"];
    let mut seat = Seat::of(itself.to_str().unwrap(), &arguments, &[(JOB, "break down")], 80, 24);
    seat.hear(0, "the token: ");
    assert!(!seat.echoes());
    seat.type_ahead(&format!("{CANARY}\x04"), |seat| drop(seat.home.write("go", "")));
    assert_eq!(seat.ends(), 101);
    assert_eq!(seat.left_to_read(), 0);
    assert!(!String::from_utf8_lossy(&seat.bytes()).contains("CANARY"));
}

/// What another process of this test does: it breaks down while it asks for a token.
#[test]
fn while_nothing_is_shown() {
    if std::env::var(JOB).is_err() {
        return;
    }
    git_access::hardening::harden();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut terminal = Terminal::of_the_process(false, Redaction::default()).unwrap();
        let told = async {
            let begun = Instant::now();
            while !std::path::Path::new("go").exists() && begun.elapsed() < PATIENCE {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            _ = terminal.secret("the token: ") => {}
            () = told => panic!("ghp_{}", "CANARYcanaryCANARY"),
        }
    });
}

#[test]
fn what_was_typed_before_the_question_is_no_token() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let mut seat = plain(&served);
    let mut at = 0;
    for line in ["2", "", "", "acme", ""] {
        at = seat.reply(at, line);
    }
    at = seat.prompt(at);
    // The kind of token; and a line too many, which the terminal shows as it is typed.
    seat.type_ahead("\nwhatever-was-typed-ahead\n", |_| ());
    seat.hear(at, "paste it; it is not shown");
    seat.type_in("q\n");
    seat.hear(at, "What was answered is lost");
    assert!(seat.echoes());
    seat.type_in("y\n");
    assert_eq!(seat.ends(), 130);
    let seen = String::from_utf8(seat.bytes()).unwrap();
    for taken in ["Not pasted", "\n! "] {
        assert!(!seen.replace('\r', "").contains(taken), "it was taken for an answer:\n{seen}");
    }
    assert!(!seen.contains("Ends on"), "it was taken for the token:\n{seen}");
}

#[test]
fn a_dumb_terminal_is_asked_line_by_line() {
    let mut seat =
        Seat::at(Home::new(), env!("CARGO_BIN_EXE_git-access"), &["setup", "--sandbox"], &[("TERM", "dumb")], (80, 24));
    let at = seat.reply(0, "1");
    let at = seat.reply(at, "q");
    seat.hear(at, "Quit?");
    seat.reply(at, "y");
    assert_eq!(seat.ends(), 130);
    is_without_escapes(&seat);
    assert!(seat.screen().contains("Left. Nothing was saved."), "{}", seat.screen());
}

/// A shell that runs the plain shell, tells what it reads meanwhile, and lets it go on.
fn in_a_shell(served: &Served) -> (Seat, usize) {
    let (program, host) = (env!("CARGO_BIN_EXE_git-access"), served.host());
    let script = format!(
        "set -m; {program} setup --plain --provider github --host {host}; echo it was stopped; \
         read line; echo \"read [$line]\"; fg >/dev/null; echo ended $?"
    );
    let mut seat = Seat::of("sh", &["-c", &script], &[], 80, 24);
    let mut at = 0;
    for line in ["2", "", "", "acme", "", ""] {
        at = seat.reply(at, line);
    }
    seat.hear(at, "paste it; it is not shown");
    seat.until(|| !seat.echoes(), "silence");
    (seat, at)
}

/// The program that the shell of `seat` runs.
fn child_of(seat: &Seat) -> rustix::process::Pid {
    let shell = seat.child.process_id().unwrap();
    let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
    rustix::process::Pid::from_raw(children.trim().parse().unwrap()).unwrap()
}

#[test]
fn stopped_at_the_question_for_the_token_it_shows_what_is_typed_until_it_goes_on() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    for by_key in [true, false] {
        let (mut seat, at) = in_a_shell(&served);
        seat.type_in(CANARY);
        if by_key {
            seat.type_in("\x1a");
        } else {
            // Half a line is in the queue of the terminal, and nobody throws it away but the program.
            rustix::process::kill_process(child_of(&seat), Signal::TSTP).unwrap();
        }
        seat.hear(at, "it was stopped");
        seat.is_as_before();
        let at = seat.bytes().len();
        seat.type_in("typed at the shell\n");
        seat.hear(at, "read [typed at the shell]");
        seat.hear(at, "paste it; it is not shown");
        seat.until(|| !seat.echoes(), "silence again");
        // Once more, and it still knows what it had to restore.
        seat.type_in(&format!("{}\n", served.token("devtron")));
        seat.hear(at, "Ends on");
        seat.until(|| seat.echoes(), "what is typed is shown again");
        seat.type_in("\x03");
        assert_eq!(seat.ends(), 0);
        assert!(seat.screen().contains("ended 130"), "{}", seat.screen());
        assert_eq!(seat.left_to_read(), 0);
        is_without_escapes(&seat);
        let shown = String::from_utf8_lossy(&seat.bytes()).into_owned();
        assert!(!shown.contains("CANARY"), "by a key: {by_key}: {shown}");
        assert_eq!(Pieces::of(&tokens_of(&served)).find(&seat.bytes()), None, "a piece of a token was shown");
    }
}

#[test]
fn killed_while_it_is_stopped_the_terminal_shows_what_is_typed() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let (mut seat, at) = in_a_shell(&served);
    seat.type_in("\x1a");
    seat.hear(at, "it was stopped");
    rustix::process::kill_process(child_of(&seat), Signal::KILL).unwrap();
    seat.is_as_before();
    seat.type_in("\n");
    seat.ends();
}

#[test]
fn a_whole_rotation_with_its_mistakes_writes_no_escape() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let home = Home::new();
    served.answers(&home, "devtron", "devtron", "");
    home.run(&["setup", "--answers", "answers-devtron-devtron.toml"]).expect(0);
    let before = home.config_text();
    let foreign = served.token("gitlab-devtron");
    // A token of another forge, help, one that is revoked, and Ctrl-C.
    let mut seat = Seat::in_home(home, &["rotate", "devtron-github-acme", "--plain"]);
    seat.hear(0, "it is not shown");
    let mut at = 0;
    for line in [&foreign, "?", &served.token("withdrawn"), ""] {
        at = seat.reply(at, line);
    }
    seat.prompt(at);
    seat.hear(0, "This is a token of GitLab");
    seat.hear(0, "fail    identity");
    seat.type_in("\x03");
    assert_eq!(seat.ends(), 130, "{}", seat.screen());
    is_without_escapes(&seat);
    assert_eq!(seat.home.config_text(), before);
    assert!(seat.strictly().text.contains("Cancelled; nothing was saved."), "{}", seat.screen());
    // And to its end.
    let Seat { home, .. } = seat;
    let mut seat = Seat::in_home(home, &["rotate", "devtron-github-acme", "--plain"]);
    let mut at = 0;
    for line in [&served.token("full"), "", "1", "", "", "y"] {
        at = seat.reply(at, line);
    }
    assert_eq!(seat.ends(), 0, "{}", seat.screen());
    is_without_escapes(&seat);
    assert_ne!(seat.home.config_text(), before);
    assert_eq!(Pieces::of(&tokens_of(&served)).find(&seat.bytes()), None, "a piece of a token was shown");
}
