//! The program in a terminal of its own: what it does to the terminal, and what it leaves there.
#![cfg(target_os = "linux")]

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::program::Home;

const PATIENCE: Duration = Duration::from_secs(30);

/// The program in a terminal, with everything that it has written.
struct Seat {
    /// Its home, as long as it runs.
    _home: Home,
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn std::io::Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    written: Arc<(Mutex<Vec<u8>>, Condvar)>,
    /// The other end, held open: it is looked at when the program is gone.
    before: Termios,
    parser: vt100::Parser,
}

impl Seat {
    fn take(arguments: &[&str]) -> Self {
        Self::sized(arguments, 80, 24)
    }

    fn sized(arguments: &[&str], cols: u16, rows: u16) -> Self {
        Self::of(env!("CARGO_BIN_EXE_git-access"), arguments, &[], cols, rows)
    }

    fn of(program: &str, arguments: &[&str], variables: &[(&str, &str)], cols: u16, rows: u16) -> Self {
        let home = Home::new();
        let pair = native_pty_system().openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();

        for (key, value) in home.program().get_envs() {
            if let Some(value) = value {
                command.env(key, value);
            }
        }
        command.env("TERM", "xterm-256color");
        for (name, value) in variables {
            command.env(name, value);
        }
        command.cwd(home.dir.path());
        let before = modes(&*pair.master);
        let child = pair.slave.spawn_command(command).unwrap();
        // The slave stays open in `keeper`, so that its modes can be read after the program is gone.
        std::mem::forget(pair.slave);
        let written: Arc<(Mutex<Vec<u8>>, Condvar)> = Arc::default();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let sink = Arc::clone(&written);
        std::thread::spawn(move || {
            let mut room = [0; 4096];
            while let Ok(count) = reader.read(&mut room) {
                if count == 0 {
                    break;
                }
                sink.0.lock().unwrap().extend_from_slice(&room[..count]);
                sink.1.notify_all();
            }
        });
        let writer = pair.master.take_writer().unwrap();
        let rows = rows.try_into().unwrap();
        let cols = cols.try_into().unwrap();
        Self {
            _home: home,
            master: pair.master,
            writer,
            child,
            written,
            before,
            parser: vt100::Parser::new(rows, cols, 0),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        self.written.0.lock().unwrap().clone()
    }

    fn screen(&self) -> String {
        let (rows, cols) = self.parser.screen().size();
        let mut parser = vt100::Parser::new(rows, cols, 0);
        parser.process(&self.bytes());
        parser.screen().contents()
    }

    /// Waits until the screen shows this.
    fn see(&self, wanted: &str) {
        self.until(|| self.screen().contains(wanted), wanted);
    }

    fn until(&self, is_so: impl Fn() -> bool, what: &str) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < PATIENCE, "it never came: {what}\n{}", self.screen());
            let guard = self.written.0.lock().unwrap();
            drop(self.written.1.wait_timeout(guard, Duration::from_millis(50)).unwrap());
        }
    }

    fn type_in(&mut self, text: &str) {
        self.writer.write_all(text.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.process_id().unwrap()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// The exit code; then everything about the terminal is as it was.
    fn ends(&mut self) -> u32 {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(5));
        };
        self.restored();
        status.exit_code()
    }

    fn restored(&self) {
        let after = modes(&*self.master);
        assert_eq!(after.local_modes, self.before.local_modes);
        assert_eq!(after.input_modes, self.before.input_modes);
        assert_eq!(after.output_modes, self.before.output_modes);
        assert!(after.local_modes.contains(LocalModes::ECHO | LocalModes::ICANON));
        let mut parser = vt100::Parser::default();
        self.until(
            || {
                let bytes = self.bytes();
                let end = b"\x1b[?1049l";
                !bytes.windows(8).any(|window| window == b"\x1b[?1049h") || bytes.windows(8).any(|window| window == end)
            },
            "the first screen",
        );
        parser.process(&self.bytes());
        let screen = parser.screen();
        assert!(!screen.alternate_screen() && !screen.bracketed_paste() && !screen.hide_cursor());
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    }

    /// The bytes that the next program would read.
    fn left_to_read(&self) -> u64 {
        let end = slave(&*self.master);
        let mut raw = tcgetattr(&end).unwrap();
        // A terminal that reads by lines counts none before the line is whole.
        raw.make_raw();
        tcsetattr(&end, OptionalActions::Now, &raw).unwrap();
        rustix::io::ioctl_fionread(&end).unwrap()
    }
}

/// The other end of the terminal. Its modes are the same at both.
fn slave(master: &dyn MasterPty) -> std::fs::File {
    std::fs::OpenOptions::new().read(true).write(true).open(master.tty_name().unwrap()).unwrap()
}

fn modes(master: &dyn MasterPty) -> Termios {
    tcgetattr(slave(master)).unwrap()
}

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
        seat.signal(Signal::TERM);
        seat.type_in(&canary[typed_first..]);
        assert_eq!(seat.ends(), 143);
        assert_eq!(seat.left_to_read(), 0, "after {typed_first} bytes");
        let bytes = seat.bytes();
        let shown = canary.as_bytes().windows(8).filter(|part| bytes.windows(8).any(|window| window == *part)).count();
        assert_eq!(shown, 0, "the terminal was shown a part of the token");
    }
}

/// A program in a terminal that nobody reads from yet.
fn spawned(home: &Home, arguments: &[&str], term: &str) -> (Box<dyn MasterPty + Send>, Box<dyn Child + Send + Sync>) {
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
