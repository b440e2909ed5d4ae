//! Between the begin and the end of a run: stopped and let go on, drawn beside a redirected output, resized, copied from.
#![cfg(target_os = "linux")]

use base64::Engine as _;
use rustix::process::Signal;

use super::endings::go_through;
use super::seat::Seat;
use super::strict;
use crate::leaks::Pieces;
use crate::program::{Home, files};

/// A shell that lets the program go on once a line was typed.
fn in_a_shell() -> Seat {
    let program = env!("CARGO_BIN_EXE_git-access");
    let script =
        format!("set -m; {program} setup --sandbox; echo it was stopped; read line; fg >/dev/null; echo ended $?");
    let seat = Seat::of("sh", &["-c", &script], &[], 80, 24);
    seat.see("Who will use the access?");
    seat
}

#[test]
fn stopped_it_gives_the_terminal_back_and_then_draws_everything_anew() {
    let mut seat = in_a_shell();
    seat.type_in("\r");
    seat.see("Where are the repositories?");
    let page = seat.screen();
    let at = seat.bytes().len();
    seat.type_in("\x1a");
    seat.hear(at, "it was stopped");
    seat.is_as_before();
    assert!(seat.strictly().is_clean());
    let at = seat.bytes().len();
    seat.type_in("\n");
    let shown = || page.lines().all(|line| seat.screen_since(at).contains(line.trim_end()));
    seat.until(shown, "the whole page again");
    seat.until(|| seat.is_raw(), "raw input");
    assert!(!seat.strictly().is_clean());
    seat.type_in("\x03");
    seat.see("Leave without saving?");
    seat.type_in("y");
    assert_eq!(seat.ends(), 0);
    assert!(seat.screen().contains("ended 130"), "{}", seat.screen());
}

#[test]
fn let_go_on_from_outside_it_takes_the_terminal_again() {
    let mut seat = Seat::take(&["setup", "--sandbox"]);
    seat.see("Who will use the access?");
    let page = seat.screen();
    // Nobody could let it go on who sits at this terminal: Ctrl-Z is refused, and says why.
    seat.type_in("\x1a");
    seat.see("so it is not stopped");
    let at = seat.bytes().len();
    seat.signal(Signal::STOP);
    seat.signal(Signal::CONT);
    seat.until(|| page.lines().take(12).all(|line| seat.screen_since(at).contains(line.trim_end())), "the page again");
    assert!(seat.is_raw());
    seat.type_in("\x03");
    assert_eq!(seat.ends(), 130);
}

#[test]
fn what_is_redirected_gets_the_report_and_the_terminal_the_pages() {
    let script = format!("{} setup --sandbox >report", env!("CARGO_BIN_EXE_git-access"));
    let mut seat = Seat::of("sh", &["-c", &script], &[], 80, 24);
    go_through(&mut seat, |_| ());
    seat.type_in("\r");
    assert_eq!(seat.ends(), 0);
    let report = std::fs::read(seat.home.path("report")).unwrap();
    let written = strict::read(&report).unwrap();
    assert!(written.sequences.is_empty() && written.text.contains("verdict: pass"), "{}", written.text);
    assert!(!written.has_drawn() && seat.strictly().has_drawn());
}

/// Every token of the sandbox that runs within the program.
fn tokens(home: &Home) -> Vec<String> {
    let all = files(home.dir.path()).into_iter().filter(|(path, _)| path.parent().unwrap().ends_with("tokens"));
    all.map(|(_, bytes)| String::from_utf8(bytes).unwrap().trim().to_owned()).collect()
}

#[test]
fn what_is_copied_is_one_sequence_each_and_no_token_is_in_anything_that_was_written() {
    let mut seat = Seat::take(&["setup", "--sandbox"]);
    go_through(&mut seat, |_| ());
    let mut at = 0;
    for (number, value) in ["http://127.0.0.1:", "acme", "octocat"].iter().enumerate() {
        seat.type_in("c");
        seat.until(|| seat.bytes().windows(7).filter(|part| part == b"\x1b]52;c;").count() > number, "a copy");
        seat.see("Handed to the terminal to copy");
        let copied = seat.strictly().copied;
        assert_eq!(copied.len(), number + 1, "one sequence each");
        let text = base64::engine::general_purpose::STANDARD.decode(&copied[number]).unwrap();
        assert!(String::from_utf8(text).unwrap().starts_with(value), "{value}");
        at = seat.bytes().len();
        seat.type_in("\x1b[B");
    }
    seat.type_in("c");
    seat.see("A secret is never copied");
    assert!(seat.bytes().len() > at);
    seat.type_in("\r");
    assert_eq!(seat.ends(), 0);
    let written = seat.strictly();
    assert_eq!(written.copied.len(), 3, "the token was handed over");
    let tokens = tokens(&seat.home);
    assert!(tokens.len() > 10, "{}", tokens.len());
    let pieces = Pieces::of(&tokens);
    let bytes = seat.bytes();
    assert_eq!(pieces.find(&bytes).map(String::from_utf8_lossy), None, "a piece of a token was written");
    // What stands between two moves of the cursor is read in one go as well.
    assert_eq!(pieces.find(written.text.as_bytes()).map(String::from_utf8_lossy), None);
    let mut control = bytes;
    let middle = control.len() / 2;
    control.splice(middle..middle, tokens[0].bytes().skip(20).take(8));
    assert!(pieces.find(&control).is_some(), "the search finds what it looks for");
    println!("{} bytes searched for {} tokens", control.len(), tokens.len());
}

#[test]
fn of_any_size_and_resized_at_any_moment_it_leads_to_its_end() {
    for (cols, rows) in [(65535, 65535), (1, 1), (0, 0), (65535, 1), (1, 65535), (40, 10)] {
        let mut seat = Seat::sized(&["setup", "--sandbox"], cols, rows);
        seat.hear(0, "\x1b[?1049h");
        let at = seat.bytes().len();
        seat.resize(80, 24);
        // A page that was scrolled where it was small is seen from its head where it is not.
        seat.hear(at, "Who will use the access?");
        seat.type_in("\x03");
        assert_eq!(seat.ends(), 130, "{cols}x{rows}");
    }
    let mut seat = Seat::take(&["setup", "--sandbox"]);
    let (mut sum, mut times) = (0x2545_f491_u32, 0);
    go_through(&mut seat, |seat| {
        for _ in 0..20 {
            sum ^= sum << 13;
            sum ^= sum >> 17;
            sum ^= sum << 5;
            let size = |part: u32| u16::try_from(if part.is_multiple_of(7) { 65535 } else { part % 300 }).unwrap();
            seat.resize(size(sum >> 16), size(sum & 0xffff));
            times += 1;
        }
        seat.resize(80, 24);
    });
    seat.type_in("\r");
    assert_eq!(seat.ends(), 0);
    assert!(times >= 200, "{times}");
}
