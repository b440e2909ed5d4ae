//! The program in a terminal of its own: what it does to the terminal, and what it leaves there.
#![cfg(target_os = "linux")]

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, open};
use rustix::process::Signal;
use rustix::termios::{LocalModes, tcgetattr};

use super::seat::{PATIENCE, Seat};
use crate::program::Home;

#[test]
fn leaving_before_anything_was_answered_is_at_once_and_gives_the_terminal_back() {
    let mut seat = Seat::take(&["setup", "--sandbox"]);
    seat.see("Platform");
    seat.type_in("\x03");
    assert_eq!(seat.ends(), 130);
    assert_eq!(seat.left_to_read(), 0);
}

#[test]
fn the_first_frame_waits_for_no_certificates_and_no_secret_service() {
    let dir = tempfile::tempdir().unwrap();
    // Nobody ever writes into it, so whoever opens it to read waits; and whether one does shows in opening it to write.
    let bundle = dir.path().join("ca.pem");
    mknodat(CWD, &bundle, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let is_read = || open(&bundle, OFlags::WRONLY | OFlags::NONBLOCK, Mode::empty()).is_ok();
    let bus = std::os::unix::net::UnixListener::bind(dir.path().join("bus")).unwrap();
    bus.set_nonblocking(true).unwrap();
    let address = format!("unix:path={}", dir.path().join("bus").display());
    let variables = [("SSL_CERT_FILE", bundle.to_str().unwrap()), ("DBUS_SESSION_BUS_ADDRESS", &address)];
    let seat = |arguments: &[&str]| Seat::of(env!("CARGO_BIN_EXE_git-access"), arguments, &variables, 80, 24);

    let first = seat(&["setup"]);
    first.see("ctrl-c");
    assert!(!is_read(), "the certificates are read before the first frame");
    assert!(bus.accept().is_err(), "the secret service is asked before the first frame");
    // As soon as a server is to be greeted they are read: it is this file that would be waited for.
    let greeting = seat(&["setup", "--provider", "gitea", "--host", "https://127.0.0.1:1"]);
    greeting.until(is_read, "the reading of the certificates");
    for mut seat in [first, greeting] {
        seat.child.kill().unwrap();
        seat.child.wait().unwrap();
    }
}

#[test]
fn leaving_asks_once_where_something_would_be_lost() {
    let mut seat = Seat::take(&["setup", "--sandbox"]);
    seat.see("Platform");
    seat.type_in("\r");
    seat.see("Provider");
    seat.type_in("\x03");
    seat.see("Leave without saving?");
    seat.type_in("\x1b");
    seat.until(|| !seat.screen().contains("Leave without saving?"), "the page again");
    seat.type_in("\x03");
    seat.see("Leave without saving?");
    seat.type_in("\x03");
    assert_eq!(seat.ends(), 130);
}

#[test]
fn signals_end_it_and_the_terminal_is_as_it_was() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::INT, 130), (Signal::HUP, 130), (Signal::QUIT, 130)] {
        let mut seat = Seat::take(&["setup", "--sandbox"]);
        seat.see("Platform");
        seat.signal(signal);
        assert_eq!(seat.ends(), code, "{signal:?}");
        assert_eq!(seat.left_to_read(), 0, "{signal:?}");
    }
}

/// A paste that is under way when the program ends: nothing of it reaches whoever reads next, or the screen.
#[test]
fn nothing_of_a_paste_is_left_for_the_next_reader() {
    let canary = "ghp_CANARYcanaryCANARYcanaryCANARYcanary12";
    for typed_first in [0, 7, 40] {
        let mut seat = Seat::take(&["setup", "--sandbox"]);
        seat.see("Platform");
        seat.type_in(&format!("\x1b[200~{}", &canary[..typed_first]));
        seat.type_ahead(&canary[typed_first..], |seat| seat.signal(Signal::TERM));
        assert_eq!(seat.ends(), 143);
        assert_eq!(seat.left_to_read(), 0, "after {typed_first} bytes");
        let bytes = seat.bytes();
        let shown = canary.as_bytes().windows(8).filter(|part| bytes.windows(8).any(|window| window == *part)).count();
        assert_eq!(shown, 0, "the terminal was shown a part of the token");
    }
}

/// Who starts the sandbox at a terminal reads where it is; the line for programs would fill many screens.
#[test]
fn the_sandbox_says_at_a_terminal_where_everything_is() {
    let mut seat = Seat::take(&["sandbox"]);
    seat.see("Press Ctrl-C to end it.");
    let screen = seat.screen();
    for part in [
        "The sandbox is ready.",
        "  bitbucket-dc  http://127.0.0.1:",
        "tokens, a file each, in /",
        "sample answers in /",
    ] {
        assert!(screen.contains(part), "{part}: {screen}");
    }
    assert!(!screen.contains("{\"providers\""), "{screen}");
    seat.type_in("\x03");
    assert_eq!(seat.ends(), 0);
    let mut seat = Seat::take(&["sandbox", "--format", "json"]);
    seat.see("\"file\":");
    seat.type_in("\x03");
    assert_eq!(seat.ends(), 0);
}

/// A program in a terminal that nobody reads from yet.
pub fn spawned(
    home: &Home,
    arguments: &[&str],
    term: &str,
) -> (Box<dyn MasterPty + Send>, Box<dyn Child + Send + Sync>) {
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_git-access"));
    command.args(arguments);
    command.env_clear();
    for (key, value) in home.program().get_envs() {
        if let Some(value) = value {
            command.env(key, value);
        }
    }
    command.env("TERM", term);
    command.cwd(home.dir.path());
    let child = pair.slave.spawn_command(command).unwrap();
    (pair.master, child)
}

#[test]
fn without_anybody_at_the_terminal_it_ends_quietly() {
    let home = Home::new();
    let (master, mut child) = spawned(&home, &["setup", "--sandbox"], "xterm");
    let mut reader = master.try_clone_reader().unwrap();
    let mut seen = Vec::new();
    let mut room = [0; 4096];
    while !String::from_utf8_lossy(&seen).contains("leave") {
        let count = reader.read(&mut room).unwrap();
        seen.extend_from_slice(&room[..count]);
    }
    // Whoever held the other end is gone.
    drop(reader);
    drop(master);
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(begun.elapsed() < PATIENCE, "it does not end");
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!(status.exit_code(), 130, "{status:?}");
}

#[test]
fn a_terminal_that_cannot_be_drawn_on_gets_no_escapes() {
    let home = Home::new();
    let (master, mut child) = spawned(&home, &["setup"], "dumb");
    let mut reader = master.try_clone_reader().unwrap();
    let written = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = reader.read_to_end(&mut bytes);
        bytes
    });
    // Whoever is asked on such a terminal may go as well.
    let mut writer = master.take_writer().unwrap();
    writer.write_all(b"\x04").unwrap();
    child.wait().unwrap();
    drop(writer);
    drop(master);
    let bytes = written.join().unwrap();
    assert!(!bytes.contains(&0x1b), "{}", String::from_utf8_lossy(&bytes));
}

#[test]
fn a_storm_of_sizes_leaves_it_alive() {
    let mut seat = Seat::take(&["setup", "--sandbox"]);
    seat.see("Platform");
    for round in 0..200_u16 {
        let (rows, cols) = [(24, 80), (1, 1), (0, 0), (200, 500), (65535, 65535), (10, 40)][usize::from(round % 6)];
        seat.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
    }
    seat.master.resize(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
    seat.type_in("?");
    seat.see("Keys: choosing");
    seat.type_in("\x1b");
    seat.until(|| !seat.screen().contains("Keys: choosing"), "the page again");
    seat.type_in("\x03");
    assert_eq!(seat.ends(), 130);
}

#[test]
fn a_terminal_too_small_for_a_page_still_lets_one_leave() {
    let mut seat = Seat::sized(&["setup", "--sandbox"], 30, 5);
    seat.see("git-access needs 40 columns");
    seat.type_in("\x03");
    assert_eq!(seat.ends(), 130);
}

#[test]
fn a_panic_gives_the_terminal_back_and_says_nothing_of_what_it_held() {
    let itself = std::env::current_exe().unwrap();
    for (job, code) in [("break down", 101), ("break down aside", 0)] {
        let arguments = ["--exact", "tui::pty::in_a_terminal_of_its_own", "--nocapture", "--test-threads=1"];
        let variables = [("GIT_ACCESS_TEST_TERMINAL", job)];
        let mut seat = Seat::of(itself.to_str().unwrap(), &arguments, &variables, 80, 24);
        assert_eq!(seat.ends(), code, "{job}");
        let text = || String::from_utf8_lossy(&seat.bytes()).into_owned();
        // What was written last may still be on its way here.
        let after = || text().rsplit_once("\x1b[?1049l").is_some_and(|(_, after)| after.contains("broke down"));
        seat.until(after, "what broke down, once the terminal is back");
        assert!(!text().contains("CANARY"), "{}", text());
    }
}

/// What other processes of these tests do: this binary runs itself with this test as the only one.
#[test]
fn in_a_terminal_of_its_own() {
    let Ok(job) = std::env::var("GIT_ACCESS_TEST_TERMINAL") else { return };
    git_access::hardening::harden();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let held = git_access::tui::Held::take(
        git_access::tui::Canvas::Stdout,
        git_access::tui::Theme::of(&git_access::tui::Surroundings::default()),
    );
    match job.as_str() {
        "break down" => {
            let _held = held.unwrap();
            panic!("ghp_{}", "CANARYcanaryCANARYcanaryCANARYcanary");
        }
        "break down aside" => {
            let held = held.unwrap();
            let broken = std::thread::spawn(|| panic!("ghp_{}", "CANARYcanaryCANARYcanaryCANARYcanary")).join();
            assert!(broken.is_err());
            // The terminal is still held: nothing that is typed now is echoed.
            let modes = tcgetattr(std::io::stdin()).unwrap();
            assert!(!modes.local_modes.contains(LocalModes::ECHO));
            held.give_back();
        }
        other => panic!("no such job: {other}"),
    }
}
