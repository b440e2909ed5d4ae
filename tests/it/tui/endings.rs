//! Twelve ways in which a run ends, each alone and while a paste comes in: the terminal is the shell's again, and whoever
//! reads next gets nothing of what was typed.
#![cfg(target_os = "linux")]

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use git_access::tui::{Canvas, Held, Surroundings, Theme};
use rustix::process::Signal;

use super::pty::spawned;
use super::seat::{PATIENCE, Seat};
use crate::program::Home;

/// A paste that was cut off: it has begun, and no end of it comes.
const CUT: &str = "\x1b[200~ghp_CANARYcanaryCANARY";
const JOB: &str = "GIT_ACCESS_TEST_LAST_MOMENT";

/// How a run is ended.
#[derive(Clone, Copy, Debug)]
enum By {
    Keys(&'static str),
    Signal(Signal),
    /// A file that the program waits for.
    File,
}

/// Ends `seat` once alone and once with a paste in the queue that nobody has read, and looks at what is left.
fn ends(what: &str, seat: impl Fn() -> Seat, by: By, code: u32) -> usize {
    for pastes in [false, true] {
        let mut seat = seat();
        let end = move |seat: &Seat| match by {
            By::Keys(_) => {}
            By::Signal(signal) => seat.signal(signal),
            By::File => drop(seat.home.write("go", "")),
        };
        let keys = if let By::Keys(keys) = by { keys } else { "" };
        if pastes {
            seat.type_ahead(&format!("{keys}{CUT}"), end);
        } else {
            seat.type_in(keys);
            end(&seat);
        }
        assert_eq!(seat.ends(), code, "{what}, in a paste: {pastes}");
        assert_eq!(seat.left_to_read(), 0, "{what}, in a paste: {pastes}");
        let written = seat.strictly();
        assert!(written.is_clean() && written.has_drawn(), "{what}, in a paste: {pastes}: {written:?}");
        assert!(!written.text.contains("CANARY") && !written.text.contains("canary"), "{what}: {}", written.text);
    }
    2
}

fn at_the_platform() -> Seat {
    let seat = Seat::take(&["setup", "--sandbox"]);
    seat.see("Who will use the access?");
    seat
}

fn at_the_provider() -> Seat {
    let mut seat = at_the_platform();
    seat.type_in("\r");
    seat.see("Where are the repositories?");
    seat
}

fn at_the_question() -> Seat {
    let mut seat = at_the_provider();
    seat.type_in("\x03");
    seat.see("Leave without saving?");
    seat
}

/// At the end of the wizard, everything saved.
fn done() -> Seat {
    let mut seat = Seat::take(&["setup", "--sandbox"]);
    go_through(&mut seat, |_| ());
    seat
}

/// Devtron on GitHub to its end; `between` is done at each page.
pub fn go_through(seat: &mut Seat, mut between: impl FnMut(&mut Seat)) {
    for (seen, keys) in [
        ("Who will use the access?", "\x1b[B\r"),
        ("Where are the repositories?", "\r"),
        ("Whose repositories?", "acme\r"),
        ("Which repository?", "\r"),
        ("How does it sign in?", "\r"),
        ("Make it at GitHub", "\r"),
    ] {
        seat.see(seen);
        between(seat);
        seat.type_in(keys);
    }
    let token = token(&seat.home, "devtron");
    seat.type_in(&token);
    seat.see("personal access token (classic)");
    for (keys, seen) in [
        ("\r", "▌Ends on"),
        ("\r", "Nothing stands in the way"),
        ("\r", "Where is the token kept?"),
        ("\r", "Is everything right?"),
        ("a", "enter this in Devtron"),
    ] {
        seat.type_in(keys);
        seat.see(seen);
        between(seat);
    }
}

/// A token of the sandbox that runs within the program.
pub fn token(home: &Home, name: &str) -> String {
    let files = crate::program::files(home.dir.path());
    let found = files.into_iter().find(|(path, _)| path.ends_with(format!("tokens/{name}")));
    String::from_utf8(found.unwrap().1).unwrap().trim().to_owned()
}

fn itself(job: &str) -> Seat {
    let arguments = ["--exact", "tui::endings::in_its_last_moment", "--nocapture", "--test-threads=1"];
    let seat = Seat::of(std::env::current_exe().unwrap().to_str().unwrap(), &arguments, &[(JOB, job)], 80, 24);
    seat.until(|| seat.home.path("held").exists(), "the terminal held");
    seat
}

#[test]
fn whatever_ends_it_the_terminal_is_the_shells_again() {
    let mut tried = ends("done", done, By::Keys("\r"), 0);
    tried += ends("the question said yes to", at_the_question, By::Keys("y"), 130);
    tried += ends("Ctrl-C", at_the_platform, By::Keys("\x03"), 130);
    tried += ends("Ctrl-C twice", at_the_provider, By::Keys("\x03\x03"), 130);
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 130), (Signal::INT, 130), (Signal::QUIT, 130)] {
        tried += ends(&format!("{signal:?}"), at_the_provider, By::Signal(signal), code);
    }
    tried += ends("a panic", || itself("break down"), By::File, 101);
    tried += ends("a panic in a task", || itself("break down in a task"), By::File, 0);
    tried += ends("standard output full", with_a_full_output, By::Keys("\x03"), 130);
    tried += lost(false) + lost(true);
    println!("{tried} endings");
    assert_eq!(tried, 24);
}

/// The list of one connection, which nobody asks anything about.
fn at_the_list() -> Seat {
    let home = Home::new();
    let config = "version = 1\nactive = \"k\"\n\n[connections.k]\nid = \"0123456789abcdef0123456789abcdef\"\n\
                  platform = \"devtron\"\nprovider = \"github\"\nhost = \"https://github.com\"\nowner = \"acme\"\n\n\
                  [connections.k.token]\nkind = \"classic\"\nstore = \"keyring\"\ngeneration = 1\n\
                  expires_source = \"unknown\"\n";
    home.write("config/git-access/config.toml", config);
    let seat = Seat::in_home(home, &[]);
    seat.see("Connections");
    seat.see("acme");
    seat
}

fn at_a_rotation() -> Seat {
    let seat = Seat::take(&["rotate", "keptn-github-acme", "--sandbox"]);
    seat.see("The saved token stays");
    seat
}

/// In the field for the new token, with something in it.
fn in_the_field_of_a_rotation() -> Seat {
    let mut seat = at_a_rotation();
    seat.type_in("\rx");
    seat.see("●");
    seat
}

#[test]
fn the_list_and_a_rotation_give_the_terminal_back_as_well() {
    let mut tried = 0;
    let signals = [(Signal::TERM, 143), (Signal::HUP, 130), (Signal::INT, 130), (Signal::QUIT, 130)];
    for (signal, code) in signals {
        tried += ends(&format!("the list, {signal:?}"), at_the_list, By::Signal(signal), code);
        tried += ends(&format!("a rotation, {signal:?}"), in_the_field_of_a_rotation, By::Signal(signal), code);
    }
    for keys in ["q", "\x03", "\r\x03"] {
        tried += ends("the list", at_the_list, By::Keys(keys), 0);
    }
    tried += ends("a rotation, Ctrl-C", at_a_rotation, By::Keys("\x03"), 130);
    tried += ends("a rotation, Ctrl-C twice", in_the_field_of_a_rotation, By::Keys("\x03\x03"), 130);
    assert_eq!(tried, 26);
}

/// What is drawn goes to standard error where standard output is not the terminal; that one takes nothing here.
fn with_a_full_output() -> Seat {
    let script = format!("exec {} setup --sandbox >/dev/full", env!("CARGO_BIN_EXE_git-access"));
    let seat = Seat::of("sh", &["-c", &script], &[], 80, 24);
    seat.see("Who will use the access?");
    seat
}

/// Nobody is at the other end any more: there is no terminal left to look at, and the program ends by itself.
fn lost(pastes: bool) -> usize {
    let home = Home::new();
    let (master, mut child) = spawned(&home, &["setup", "--sandbox"], "xterm");
    let mut reader = master.try_clone_reader().unwrap();
    let mut writer = master.take_writer().unwrap();
    let mut seen = Vec::new();
    let mut room = [0; 4096];
    while !String::from_utf8_lossy(&seen).contains("leave") {
        let count = reader.read(&mut room).unwrap();
        seen.extend_from_slice(&room[..count]);
    }
    if pastes {
        writer.write_all(CUT.as_bytes()).unwrap();
    }
    drop((reader, writer, master));
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(begun.elapsed() < PATIENCE, "it does not end");
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(status.exit_code(), 130, "{status:?}");
    assert!(!home.config().exists());
    1
}

fn breaks_down() {
    panic!("ghp_{}", "CANARYcanaryCANARYcanary");
}

/// What another process of this test does: it holds the terminal, and breaks down once it is told to.
#[test]
fn in_its_last_moment() {
    let Ok(job) = std::env::var(JOB) else { return };
    git_access::hardening::harden();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let held = Held::take(Canvas::Stdout, Theme::of(&Surroundings::default())).unwrap();
    std::fs::write("held", "").unwrap();
    let begun = Instant::now();
    while !std::path::Path::new("go").exists() {
        assert!(begun.elapsed() < PATIENCE, "nobody told it to go on");
        std::thread::sleep(Duration::from_millis(5));
    }
    if job == "break down" {
        breaks_down();
    }
    let broken = runtime.block_on(runtime.spawn(async move { breaks_down() }));
    assert!(broken.is_err_and(|error| error.is_panic()), "{job}");
    held.give_back();
}
