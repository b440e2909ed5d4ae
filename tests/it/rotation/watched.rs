//! A person is given the time to revoke the old token, and sees when it is dead.
#![cfg(target_os = "linux")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use super::bench::Bench;

/// What a terminal shows, piece by piece.
struct Shown {
    pieces: Receiver<String>,
    text: String,
    /// How much of it was seen already.
    seen: usize,
}

impl Shown {
    /// Waits until these words come, after everything that was seen before.
    fn see(&mut self, words: &str) {
        loop {
            if let Some(at) = self.text[self.seen..].find(words) {
                self.seen += at + words.len();
                return;
            }
            match self.pieces.recv_timeout(Duration::from_secs(60)) {
                Ok(piece) => self.text.push_str(&piece),
                Err(late) => panic!("it never came: {words} ({late})\n{}", self.text),
            }
        }
    }
}

/// Ends the token `secret` at the imitated GitLab, as its page would.
fn revoke(host: &str, secret: &str) {
    let authority = host.strip_prefix("http://").unwrap();
    let mut line = TcpStream::connect(authority).unwrap();
    let request = format!(
        "DELETE /api/v4/personal_access_tokens/self HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {secret}\r\n\
         Connection: close\r\n\r\n"
    );
    line.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    line.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
}

#[test]
fn a_person_revokes_the_old_token_and_sees_that_it_is_dead() {
    let bench = Bench::new("gitlab", "gitlab-keptn");
    let pair = native_pty_system().openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_git-access"));
    command.args(["rotate", "k", "--plain", "--prove-dead"]);
    command.env_clear();
    for (key, value) in bench.home.program().get_envs() {
        if let Some(value) = value {
            command.env(key, value);
        }
    }
    command.env("TERM", "dumb");
    command.cwd(bench.home.dir.path());
    let mut child = pair.slave.spawn_command(command).unwrap();
    let (sender, pieces) = channel();
    let mut reader = pair.master.try_clone_reader().unwrap();
    std::thread::spawn(move || {
        let mut room = [0; 4096];
        while let Ok(count @ 1..) = reader.read(&mut room) {
            if sender.send(String::from_utf8_lossy(&room[..count]).into_owned()).is_err() {
                break;
            }
        }
    });
    let mut writer = pair.master.take_writer().unwrap();
    let mut shown = Shown { pieces, text: String::new(), seen: 0 };
    let new = bench.served.token("gitlab-twin");
    for (wanted, answer) in [
        ("paste it", new.as_str()),
        ("Ends on", ""),
        ("go on", ""),
        ("Kept in", ""),
        ("Path", ""),
        ("remove the token that was replaced", ""),
        ("y does all this", "y"),
        ("Press Enter to ask again", ""),
        ("The forge still takes it.", ""),
    ] {
        shown.see(wanted);
        if wanted == "The forge still takes it." {
            revoke(&bench.served.host_of("gitlab"), &bench.served.token("gitlab-keptn"));
            shown.see("Press Enter");
        }
        if !wanted.starts_with("remove") {
            writeln!(writer, "{answer}").unwrap();
        }
    }
    shown.see("old token: The forge refuses it: it is dead.");
    assert!(child.wait().unwrap().success());
    assert!(!shown.text.contains(&new[6..]), "the token is shown");
    assert_eq!((bench.password("gitlab", &[]), bench.journals()), (new, 0));
}
