//! How soon the terminal shell answers: from a key to its frame at 120x40 while 5,000 repositories are searched, from the
//! start of the program to its first frame, and the processor time that it takes while nobody types.
//!
//! `cargo bench --bench tui`
#![expect(clippy::unwrap_used, reason = "a measurement that breaks down is none")]

use std::io::Read as _;
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
    start();
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
    times.sort_unstable();
    let at = |part: usize| times[(times.len() - 1) * part / 100];
    println!("key to frame, {ROWS} rows, 120x40: median {:?}, p99 {:?}, worst {:?}", at(50), at(99), at(100));
}

/// The program in a terminal: its first frame, then two seconds in which nothing happens.
#[cfg(target_os = "linux")]
fn start() {
    let home = tempfile::tempdir().unwrap();
    let mut firsts = Vec::new();
    let mut idle = Duration::ZERO;
    for round in 0..5 {
        let size = PtySize { rows: 40, cols: 120, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_git-access"));
        command.arg("setup");
        command.env_clear();
        command.env("HOME", home.path());
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        let begun = Instant::now();
        let mut child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let mut seen = Vec::new();
        let mut room = [0; 8192];
        while !seen.windows(6).any(|window| window == b"ctrl-c") {
            let count = reader.read(&mut room).unwrap();
            seen.extend_from_slice(&room[..count]);
        }
        firsts.push(begun.elapsed());
        if round == 0 {
            std::thread::sleep(Duration::from_millis(500));
            let before = ticks(child.process_id().unwrap());
            std::thread::sleep(Duration::from_secs(2));
            idle = Duration::from_millis((ticks(child.process_id().unwrap()) - before) * 10);
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    firsts.sort_unstable();
    println!("start to first frame: median {:?}", firsts[firsts.len() / 2]);
    println!("processor time in 2 s without a key: {idle:?}");
}

/// The processor time of a process, in hundredths of a second.
#[cfg(target_os = "linux")]
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}
