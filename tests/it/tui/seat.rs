//! A program in a terminal of its own, with everything that it has written there.
#![cfg(target_os = "linux")]

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use super::strict::{self, Written};
use crate::program::Home;

/// How long anything may take. Nothing is measured: other work takes the processors, too.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Seat {
    /// Its home, as long as it runs.
    pub home: Home,
    pub master: Box<dyn MasterPty + Send>,
    writer: Box<dyn std::io::Write + Send>,
    pub child: Box<dyn Child + Send + Sync>,
    written: Arc<(Mutex<Vec<u8>>, Condvar)>,
    before: Termios,
    size: (u16, u16),
}

impl Seat {
    pub fn take(arguments: &[&str]) -> Self {
        Self::sized(arguments, 80, 24)
    }

    pub fn sized(arguments: &[&str], cols: u16, rows: u16) -> Self {
        Self::of(env!("CARGO_BIN_EXE_git-access"), arguments, &[], cols, rows)
    }

    pub fn of(program: &str, arguments: &[&str], variables: &[(&str, &str)], cols: u16, rows: u16) -> Self {
        Self::at(Home::new(), program, arguments, variables, (cols, rows))
    }

    /// The program in a home that holds something already.
    pub fn in_home(home: Home, arguments: &[&str]) -> Self {
        Self::at(home, env!("CARGO_BIN_EXE_git-access"), arguments, &[], (80, 24))
    }

    pub fn at(home: Home, program: &str, arguments: &[&str], variables: &[(&str, &str)], size: (u16, u16)) -> Self {
        let (cols, rows) = size;
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
        // The other end stays open, so that its modes can be read after the program is gone.
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
        Self { home, master: pair.master, writer, child, written, before, size: (rows, cols) }
    }

    /// Its home, for the next one.
    pub fn leave(self) -> Home {
        self.home
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.written.0.lock().unwrap().clone()
    }

    /// What was written, as a strict terminal reads it.
    pub fn strictly(&self) -> Written {
        let bytes = self.bytes();
        strict::read(&bytes).unwrap_or_else(|reason| panic!("{reason}\n{}", String::from_utf8_lossy(&bytes)))
    }

    pub fn screen(&self) -> String {
        self.screen_since(0)
    }

    /// The screen of a terminal that was switched on when this many bytes had come.
    pub fn screen_since(&self, at: usize) -> String {
        let (rows, cols) = self.size;
        let mut parser = vt100::Parser::new(rows.try_into().unwrap(), cols.try_into().unwrap(), 0);
        parser.process(&self.bytes()[at..]);
        parser.screen().contents()
    }

    /// Waits until the screen shows this.
    pub fn see(&self, wanted: &str) {
        self.until(|| self.screen().contains(wanted), wanted);
    }

    /// Waits until this came after the first `at` bytes.
    pub fn hear(&self, at: usize, wanted: &str) {
        self.until(|| String::from_utf8_lossy(&self.bytes()[at..]).contains(wanted), wanted);
    }

    /// Waits for the next prompt of the plain shell after the first `at` bytes, and answers it; how many bytes had come.
    pub fn reply(&mut self, at: usize, line: &str) -> usize {
        let at = self.prompt(at);
        self.type_in(&format!("{line}\n"));
        at
    }

    /// Waits until a prompt of the plain shell is the last of more than `at` bytes; how many these are.
    pub fn prompt(&self, at: usize) -> usize {
        self.until(|| self.bytes().len() > at && self.bytes().ends_with(b": "), "a prompt");
        self.bytes().len()
    }

    pub fn until(&self, is_so: impl Fn() -> bool, what: &str) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < PATIENCE, "it never came: {what}\n{}", self.screen());
            let guard = self.written.0.lock().unwrap();
            drop(self.written.1.wait_timeout(guard, Duration::from_millis(50)).unwrap());
        }
    }

    pub fn type_in(&mut self, text: &str) {
        self.writer.write_all(text.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, cols: u16, rows: u16) {
        self.master.resize(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }).unwrap();
        self.size = (rows, cols);
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.process_id().unwrap()).unwrap()).unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Stops the program, types, waits until all of it lies ready for whoever reads, and then `ends` it and lets it go
    /// on: so it is certain that what was typed was there before the program ended, and that nobody had read it.
    pub fn type_ahead(&mut self, text: &str, ends: impl Fn(&Self)) {
        self.signal(Signal::STOP);
        // Every thread of it: one that still waits for input would take what comes before it notices the stop.
        let threads = format!("/proc/{}/task", self.pid().as_raw_nonzero());
        self.until(
            || std::fs::read_dir(&threads).unwrap().flatten().all(|thread| is_stopped(&thread.path())),
            "the program stopped",
        );
        self.type_in(text);
        let end = slave(&*self.master);
        // Ctrl-D hands over an unfinished line, and is no byte of it.
        let bytes = text.bytes().filter(|byte| *byte != 0x04).count() as u64;
        self.until(|| rustix::io::ioctl_fionread(&end).unwrap() >= bytes, "what was typed in the queue");
        ends(self);
        self.signal(Signal::CONT);
    }

    /// The exit code; then everything about the terminal is as it was.
    pub fn ends(&mut self) -> u32 {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < PATIENCE, "it does not end\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(5));
        };
        self.drain();
        self.restored();
        status.exit_code()
    }

    /// Waits until everything that was written has come: a mark of our own comes after it.
    fn drain(&self) {
        const MARK: &[u8] = b"(that was all)";
        slave(&*self.master).write_all(MARK).unwrap();
        self.until(|| self.bytes().ends_with(MARK), "the last of what was written");
        let mut bytes = self.written.0.lock().unwrap();
        let length = bytes.len() - MARK.len();
        bytes.truncate(length);
    }

    /// The modes are as before, and the stream left no mode of the screen behind.
    pub fn restored(&self) {
        self.is_as_before();
        let written = self.strictly();
        assert!(written.is_clean(), "{written:?}");
    }

    pub fn is_as_before(&self) {
        let after = modes(&*self.master);
        assert_eq!(after.local_modes, self.before.local_modes);
        assert_eq!(after.input_modes, self.before.input_modes);
        assert_eq!(after.output_modes, self.before.output_modes);
        assert_eq!(after.control_modes, self.before.control_modes);
        for code in [SpecialCodeIndex::VMIN, SpecialCodeIndex::VTIME, SpecialCodeIndex::VINTR, SpecialCodeIndex::VEOF] {
            assert_eq!(after.special_codes[code], self.before.special_codes[code]);
        }
        assert!(after.local_modes.contains(LocalModes::ECHO | LocalModes::ICANON));
    }

    pub fn echoes(&self) -> bool {
        modes(&*self.master).local_modes.contains(LocalModes::ECHO)
    }

    pub fn is_raw(&self) -> bool {
        !modes(&*self.master).local_modes.intersects(LocalModes::ECHO | LocalModes::ICANON)
    }

    /// The bytes that the next program reads.
    pub fn left_to_read(&self) -> u64 {
        let mut end = slave(&*self.master);
        let mut raw = tcgetattr(&end).unwrap();
        // A terminal that reads by lines counts none before the line is whole.
        raw.make_raw();
        raw.special_codes[SpecialCodeIndex::VMIN] = 0;
        raw.special_codes[SpecialCodeIndex::VTIME] = 1;
        tcsetattr(&end, OptionalActions::Now, &raw).unwrap();
        let counted = rustix::io::ioctl_fionread(&end).unwrap();
        let read = end.read(&mut [0; 4096]).unwrap() as u64;
        tcsetattr(&end, OptionalActions::Now, &self.before).unwrap();
        counted.max(read)
    }
}

/// Whether a thread, by its folder under `/proc`, runs no more: it was stopped, or has ended.
fn is_stopped(thread: &std::path::Path) -> bool {
    let told = std::fs::read_to_string(thread.join("stat")).unwrap_or_default();
    told.rsplit_once(") ").is_none_or(|(_, state)| state.starts_with(['T', 'Z', 'X']))
}

/// The other end of the terminal. Its modes are the same at both.
fn slave(master: &dyn MasterPty) -> std::fs::File {
    std::fs::OpenOptions::new().read(true).write(true).open(master.tty_name().unwrap()).unwrap()
}

fn modes(master: &dyn MasterPty) -> Termios {
    tcgetattr(slave(master)).unwrap()
}
