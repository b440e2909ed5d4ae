//! The terminal of this process, or the pipe in its place: lines in, text out.
//!
//! Lines are read on a thread of their own, so that Ctrl-C is heard while nobody types. What is typed as a secret is not
//! shown, is wiped where it was read, and passes through no buffer that is not ours.

use std::io::{self, IsTerminal as _, Read, Write};
use std::sync::mpsc;

use tokio::sync::oneshot;
use zeroize::Zeroizing;

#[cfg(unix)]
use super::quiet::{Quiet, Stops, heed_stops};
use super::{Console, paper};
use crate::secret::{LONGEST, NotASecret, Redaction, Secret};

/// The most of a line that is kept, in bytes; the rest of it is read and dropped, and it is refused as too long.
const ROOM: usize = LONGEST + 2;

type Line = Option<Zeroizing<Vec<u8>>>;

/// Standard input, and one of the two streams out.
pub struct Terminal {
    to: Box<dyn Write>,
    #[cfg(unix)]
    to_stderr: bool,
    wanted: mpsc::Sender<oneshot::Sender<Line>>,
    redaction: Redaction,
    width: usize,
    #[cfg(unix)]
    _stops: Option<Stops>,
}

impl Terminal {
    /// Writes to standard output, or to standard error where that is not to be drawn on. Where standard input is a terminal,
    /// it has to be called in a runtime, and whoever calls it hears what else would end the program at once: SIGINT,
    /// SIGTERM, SIGHUP and SIGQUIT. None of them may do that while a token is typed.
    ///
    /// # Errors
    /// The system gives no second handle of standard input, or no thread.
    pub fn of_the_process(to_stderr: bool, redaction: Redaction) -> io::Result<Self> {
        let to: Box<dyn Write> = if to_stderr { Box::new(io::stderr()) } else { Box::new(io::stdout()) };
        let is_seen = if to_stderr { io::stderr().is_terminal() } else { io::stdout().is_terminal() };
        let size = is_seen.then(|| crossterm::terminal::size().ok()).flatten();
        // A line that tells no width, as some do, is as wide as any.
        let told = size.map(|(columns, _)| usize::from(columns)).filter(|columns| *columns > 0);
        let width = told.unwrap_or(paper::WIDTH).max(20);
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
            #[cfg(unix)]
            to_stderr,
            wanted,
            redaction,
            width,
            #[cfg(unix)]
            _stops: io::stdin().is_terminal().then(heed_stops),
        })
    }

    async fn bytes(&mut self) -> Line {
        let (give, line) = oneshot::channel();
        self.wanted.send(give).ok()?;
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
        let quiet = Quiet::begin(prompt, self.to_stderr);
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
