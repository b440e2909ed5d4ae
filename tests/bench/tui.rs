//! How soon the terminal shell answers: from a key to its frame at 120x40, in the program in a terminal (also while a
//! server stays silent), and while 5,000 repositories are searched; from the start of the program to its first frame; and
//! the processor time that it takes while nobody types. Nothing is asserted here.
//!
//! `cargo bench --bench tui`
#![expect(clippy::unwrap_used, reason = "a measurement that breaks down is none")]

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use git_access::tui::theme::{Palette, Theme, UNICODE};
use git_access::tui::widgets::editor::Editor;
use git_access::tui::widgets::filter::Filter;
use git_access::tui::widgets::sheet::Sheet;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::text::Line;

const ROWS: usize = 5_000;
const ROUNDS: usize = 60;

fn main() {
    search();
    #[cfg(target_os = "linux")]
    {
        start();
        keys("nothing asked", &[]);
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("http://{}", silent.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        std::thread::spawn(move || {
            // Held open and never answered.
            let mut held = Vec::new();
            while let Ok((stream, _)) = silent.accept() {
                counted.fetch_add(1, Ordering::Relaxed);
                held.push(stream);
            }
        });
        keys("a silent server", &["--provider", "gitea", "--host", &host]);
        println!("connections that the silent server took: {}", asked.load(Ordering::Relaxed));
    }
}

/// A key in the search: the list is searched again, and the frame is drawn.
fn search() {
    let theme = Theme { palette: Palette::Dark, glyphs: UNICODE };
    let words = ["platform", "deploy", "gitops", "webshop", "billing", "infrastructure", "frontend"];
    let rows: Vec<String> =
        (0..ROWS).map(|at| format!("{}-{}-{at}", words[at % words.len()], words[at / 7 % words.len()])).collect();
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let mut editor = Editor::default();
        let mut filter = Filter::default();
        for letter in "gitops12".chars() {
            let begun = Instant::now();
            editor.insert(letter);
            let hits = filter.search(editor.text(), rows.iter().map(String::as_str)).to_vec();
            terminal
                .draw(|frame| {
                    let mut sheet = Sheet::new(100);
                    sheet.line(Line::styled(editor.text().to_owned(), theme.field()));
                    for hit in hits.iter().take(8) {
                        sheet.line(Line::styled(rows[hit.row].clone(), theme.text()));
                    }
                    let area = frame.area();
                    sheet.draw(frame.buffer_mut(), area, 0);
                })
                .unwrap();
            times.push(begun.elapsed());
        }
    }
    println!("key to frame, {ROWS} rows searched, 120x40: {}", told(times));
}

/// The program in a terminal of 120x40, and what it writes there.
#[cfg(target_os = "linux")]
struct Seat {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    writer: Box<dyn std::io::Write + Send>,
    written: mpsc::Receiver<Vec<u8>>,
    _home: tempfile::TempDir,
}

#[cfg(target_os = "linux")]
impl Seat {
    /// Starts the program, and says when its first frame was there.
    fn take(arguments: &[&str]) -> (Self, Duration) {
        let home = tempfile::tempdir().unwrap();
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_git-access"));
        command.arg("setup");
        command.args(arguments);
        command.env_clear();
        command.env("HOME", home.path());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.cwd(home.path());
        let mut reader = pair.master.try_clone_reader().unwrap();
        let writer = pair.master.take_writer().unwrap();
        let begun = Instant::now();
        let child = pair.slave.spawn_command(command).unwrap();
        let (told, written) = mpsc::channel();
        std::thread::spawn(move || {
            let mut room = [0; 8192];
            while let Ok(count @ 1..) = reader.read(&mut room) {
                let _ = told.send(room[..count].to_vec());
            }
        });
        let mut seen = Vec::new();
        while !seen.windows(6).any(|window| window == b"ctrl-c") {
            seen.extend(written.recv_timeout(Duration::from_secs(10)).unwrap());
        }
        (Self { child, writer, written, _home: home }, begun.elapsed())
    }

    fn ticks(&self) -> u64 {
        ticks(self.child.process_id().unwrap())
    }
}

#[cfg(target_os = "linux")]
impl Drop for Seat {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A key that moves the highlight, until the terminal is told something.
#[cfg(target_os = "linux")]
fn keys(what: &str, arguments: &[&str]) {
    let (mut seat, _) = Seat::take(arguments);
    let mut times = Vec::new();
    for round in 0..200 {
        while seat.written.recv_timeout(Duration::from_millis(4)).is_ok() {}
        let begun = Instant::now();
        seat.writer.write_all(if round % 2 == 0 { b"\x1b[B" } else { b"\x1b[A" }).unwrap();
        seat.written.recv_timeout(Duration::from_secs(10)).unwrap();
        times.push(begun.elapsed());
    }
    println!("key to frame in a terminal of 120x40, {what}: {}", told(times));
}

/// The program in a terminal: its first frame, then five seconds in which nothing happens.
#[cfg(target_os = "linux")]
fn start() {
    let firsts: Vec<Duration> = (0..20).map(|_| Seat::take(&[]).1).collect();
    println!("start to first frame: {}", told(firsts));
    let (seat, _) = Seat::take(&[]);
    std::thread::sleep(Duration::from_millis(500));
    let before = seat.ticks();
    std::thread::sleep(Duration::from_secs(5));
    println!("processor time in 5 s without a key: {} ms", (seat.ticks() - before) * 10);
}

fn told(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 100];
    format!("median {:?}, p99 {:?}, worst {:?}", at(50), at(99), at(100))
}

/// The processor time of a process, in hundredths of a second.
#[cfg(target_os = "linux")]
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}
