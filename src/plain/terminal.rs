//! The terminal of this process, or the pipe in its place: lines in, text out.
//!
//! Lines are read on a thread of their own, so that Ctrl-C is heard while nobody types. What is typed as a secret is not
//! shown, is wiped where it was read, and passes through no buffer that is not ours.

use std::io::{self, IsTerminal as _, Read, Write};
use std::sync::mpsc;

use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::{Console, paper};
use crate::secret::{LONGEST, NotASecret, Redaction, Secret};
#[cfg(unix)]
use crate::tui::forget_typeahead;

/// The most of a line that is kept, in bytes; the rest of it is read and dropped, and it is refused as too long.
const ROOM: usize = LONGEST + 2;

type Line = Option<Zeroizing<Vec<u8>>>;

/// Standard input, and one of the two streams out.
pub struct Terminal {
    to: Box<dyn Write>,
    wanted: mpsc::Sender<oneshot::Sender<Line>>,
    redaction: Redaction,
    width: usize,
    /// Heard once a secret was asked for: from then on nothing ends the program but by way of [`Quiet`].
    #[cfg(unix)]
    ears: Option<Ears>,
}

impl Terminal {
    /// Writes to standard output, or to standard error where that is not to be drawn on.
    ///
    /// # Errors
    /// The system gives no second handle of standard input, or no thread.
    pub fn of_the_process(to_stderr: bool, redaction: Redaction) -> io::Result<Self> {
        let to: Box<dyn Write> = if to_stderr { Box::new(io::stderr()) } else { Box::new(io::stdout()) };
        let is_seen = if to_stderr { io::stderr().is_terminal() } else { io::stdout().is_terminal() };
        let size = is_seen.then(|| crossterm::terminal::size().ok()).flatten();
        // A line that tells no width, as some do, is as wide as any.
        let width = size.map_or(paper::WIDTH, |(columns, _)| usize::from(columns)).max(20);
        let mut input = input()?;
        let (wanted, orders) = mpsc::channel::<oneshot::Sender<Line>>();
        // Not among the runtime's threads: a read that hangs holds nobody, since the program ends without this one.
        std::thread::Builder::new().name("lines".into()).spawn(move || {
            while let Ok(order) = orders.recv() {
                if order.send(read_line(&mut input)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self {
            to,
            wanted,
            redaction,
            width,
            #[cfg(unix)]
            ears: None,
        })
    }

    async fn bytes(&mut self) -> Line {
        let (give, line) = oneshot::channel();
        self.wanted.send(give).ok()?;
        #[cfg(unix)]
        if let Some(ears) = &mut self.ears {
            return tokio::select! {
                line = line => line.ok()?,
                () = ears.hear() => None,
            };
        }
        line.await.ok()?
    }
}

impl Console for Terminal {
    async fn line(&mut self) -> Option<String> {
        let bytes = self.bytes().await?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    async fn secret(&mut self, prompt: &str) -> Option<Result<Secret, NotASecret>> {
        #[cfg(not(unix))]
        if io::stdin().is_terminal() {
            self.write("\nThis terminal would show what is typed: name a variable, a file or a program.\n");
            return Some(Err(NotASecret::Empty));
        }
        #[cfg(unix)]
        if io::stdin().is_terminal() && self.ears.is_none() {
            self.ears = Ears::open();
        }
        #[cfg(unix)]
        let quiet = Quiet::begin();
        self.write(prompt);
        let bytes = self.bytes().await?;
        #[cfg(unix)]
        if let Some(quiet) = quiet {
            quiet.end();
            // The line end was not shown either.
            self.write("\n");
        }
        Some(std::str::from_utf8(&bytes).map_err(|_| NotASecret::Character).and_then(Secret::parse))
    }

    fn write(&mut self, text: &str) {
        // A terminal that went away is noticed at the next line.
        let _ = self.to.write_all(self.redaction.clean(text).as_bytes());
        let _ = self.to.flush();
    }

    fn width(&self) -> usize {
        self.width
    }
}

/// The input itself: the buffer of the standard library would keep a copy of what was typed.
#[cfg(unix)]
fn input() -> io::Result<std::fs::File> {
    use std::os::fd::AsFd as _;

    Ok(std::fs::File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the other system has something to refuse")]
fn input() -> io::Result<io::Stdin> {
    Ok(io::stdin())
}

/// A line without its end; `None` at the end of the input, and where it cannot be read.
fn read_line(input: &mut impl Read) -> Line {
    let mut line = Zeroizing::new(Vec::with_capacity(ROOM));
    let mut byte = Zeroizing::new([0_u8; 1]);
    let mut any = false;
    loop {
        match input.read(&mut byte[..]) {
            Ok(0) => return any.then_some(line),
            Ok(_) => any = true,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return None,
        }
        match byte[0] {
            b'\n' => {
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Some(line);
            }
            // The vector never grows: growing would leave a copy behind.
            letter if line.len() < ROOM => line.push(letter),
            _ => {}
        }
    }
}

/// The terminal while it shows nothing of what is typed. Dropping it gives the terminal back as it was, also when the
/// run is cancelled.
#[cfg(unix)]
struct Quiet {
    before: rustix::termios::Termios,
    ended: bool,
}

#[cfg(unix)]
impl Quiet {
    /// `None` where the input is no terminal.
    fn begin() -> Option<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

        if !io::stdin().is_terminal() {
            return None;
        }
        let before = tcgetattr(io::stdin()).ok()?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        // What was typed before the question was no answer to it, and was shown.
        tcsetattr(io::stdin(), OptionalActions::Flush, &quiet).ok()?;
        Some(Self { before, ended: false })
    }

    fn end(mut self) {
        self.ended = true;
    }
}

#[cfg(unix)]
impl Drop for Quiet {
    fn drop(&mut self) {
        use rustix::termios::{LocalModes, OptionalActions, tcsetattr};

        if self.ended {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
            return;
        }
        // Half a token that was typed when the run was cancelled must not reach the shell, nor what a paste still brings:
        // a terminal that reads by lines tells of neither before the line is whole.
        let mut by_letters = self.before.clone();
        by_letters.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ECHONL);
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &by_letters);
        forget_typeahead();
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
    }
}

/// The signals that would end the program at once and leave the terminal silent: it was hung up, or Ctrl-\ was pressed.
#[cfg(unix)]
struct Ears {
    hangup: tokio::signal::unix::Signal,
    quit: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Ears {
    fn open() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Some(Self { hangup: signal(SignalKind::hangup()).ok()?, quit: signal(SignalKind::quit()).ok()? })
    }

    async fn hear(&mut self) {
        tokio::select! {
            _ = self.hangup.recv() => {}
            _ = self.quit.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_where_it_ends() {
        let mut input = "one\r\ntwo\n\nlast".as_bytes();
        let mut next = || read_line(&mut input).map(|line| String::from_utf8(line.to_vec()).unwrap());
        let lines = [next(), next(), next(), next(), next()];
        let texts: Vec<_> = lines.iter().map(Option::as_deref).collect();
        assert_eq!(texts, [Some("one"), Some("two"), Some(""), Some("last"), None]);
    }

    #[test]
    fn a_line_without_end_takes_no_memory_without_end() {
        let long = "x".repeat(3 * ROOM) + "\nnext\n";
        let mut input = long.as_bytes();
        assert_eq!(read_line(&mut input).unwrap().len(), ROOM);
        assert_eq!(read_line(&mut input).unwrap().as_slice(), b"next");
    }
}
