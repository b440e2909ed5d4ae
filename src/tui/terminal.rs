//! The terminal, taken over and given back.
//!
//! Whatever ends the run, dropping the [`Guard`] undoes every mode that entering has set: raw input, the other screen,
//! bracketed paste, the hidden cursor. What was typed ahead is thrown away, so that no part of a token reaches the
//! shell. A panic unwinds through the guard as well; what the panic hook would say is kept until the terminal is the
//! shell's again, since a panic in a task ends that task only, and a terminal that echoes while a token is being typed
//! would be worse than a late message.

use std::io::{self, IsTerminal as _, Write};
use std::panic;
use std::sync::{Mutex, Once, PoisonError};

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, queue};
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell as Drawn;
use ratatui::layout::{Position, Size};

use super::widgets::link;
use crate::hardening::epitaph;
use crate::text;

/// The largest area that is drawn on. Some terminals say that they have 65535 columns and as many rows.
pub const LARGEST: Size = Size { width: 400, height: 120 };

/// Which stream is drawn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Canvas {
    Stdout,
    /// Standard output is somebody else's: it gets the report.
    Stderr,
}

impl Canvas {
    /// The stream to draw on, where there is a terminal to type on and one to draw on that knows how.
    pub fn find() -> Option<Self> {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
        if (dumb && !cfg!(windows)) || !io::stdin().is_terminal() {
            return None;
        }
        match () {
            () if io::stdout().is_terminal() => Some(Self::Stdout),
            () if io::stderr().is_terminal() => Some(Self::Stderr),
            () => None,
        }
    }
}

impl Write for Canvas {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout => io::stdout().lock().write(bytes),
            Self::Stderr => io::stderr().lock().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout => io::stdout().lock().flush(),
            Self::Stderr => io::stderr().lock().flush(),
        }
    }
}

/// The backend of a real terminal: a frame is written in one go.
pub type Real = Capped<CrosstermBackend<io::BufWriter<Canvas>>>;

pub fn backend(canvas: Canvas) -> Real {
    Capped(CrosstermBackend::new(io::BufWriter::with_capacity(64 * 1024, canvas)))
}

/// What holds the terminal. Dropping it gives the terminal back.
#[derive(Debug)]
pub struct Guard {
    canvas: Canvas,
    held: bool,
}

/// While a guard holds the terminal: what broke down meanwhile.
static EPITAPHS: Mutex<Option<Vec<String>>> = Mutex::new(None);
static HOOK: Once = Once::new();

impl Guard {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// Where the terminal cannot be put into raw mode; it is as it was before.
    pub fn enter(canvas: Canvas) -> io::Result<Self> {
        HOOK.call_once(|| {
            let otherwise = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                if !keep(info) {
                    otherwise(info);
                }
            }));
        });
        *EPITAPHS.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
        let mut guard = Self { canvas, held: false };
        guard.take()?;
        Ok(guard)
    }

    /// Takes the terminal over again, after [`Guard::give_back`] or after somebody else has changed its modes.
    ///
    /// # Errors
    /// Where the terminal is gone.
    pub fn take(&mut self) -> io::Result<()> {
        self.held = true;
        enable_raw_mode()?;
        queue!(self.canvas, EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
        self.canvas.flush()
    }

    /// Gives the terminal back for a while. Every step is tried, whatever became of the one before.
    pub fn give_back(&mut self) {
        if std::mem::take(&mut self.held) {
            leave(self.canvas);
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.give_back();
        let epitaphs = EPITAPHS.lock().unwrap_or_else(PoisonError::into_inner).take();
        for epitaph in epitaphs.unwrap_or_default() {
            // Where even standard error is gone, there is nobody to tell.
            drop(writeln!(io::stderr(), "{epitaph}"));
        }
    }
}

/// Keeps what a panic says until the terminal is given back. False where no guard holds it.
fn keep(info: &panic::PanicHookInfo<'_>) -> bool {
    // Not waiting: a panic while this is locked must not wait for itself.
    let Ok(mut epitaphs) = EPITAPHS.try_lock() else { return false };
    let Some(epitaphs) = epitaphs.as_mut() else { return false };
    epitaphs.push(epitaph(info));
    true
}

fn leave(mut canvas: Canvas) {
    let _ = queue!(canvas, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let _ = canvas.flush();
    // While the terminal is still raw, so that nothing of it is echoed.
    forget_typeahead();
    let _ = disable_raw_mode();
}

/// Throws away what was typed and not read: all of it, also what a paste is still bringing.
#[cfg(unix)]
pub(crate) fn forget_typeahead() {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::termios::{QueueSelector, tcflush};

    const QUIET: Timespec = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
    const ROUNDS: usize = 20;
    let stdin = io::stdin();
    for _ in 0..ROUNDS {
        let _ = tcflush(&stdin, QueueSelector::IFlush);
        let mut ready = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut ready, Some(&QUIET)) {
            Ok(more) if more > 0 && ready[0].revents().contains(PollFlags::IN) => {}
            _ => return,
        }
    }
}

#[cfg(not(unix))]
fn forget_typeahead() {}

/// A backend that never says it is larger than [`LARGEST`], and asks the terminal nothing.
#[derive(Debug)]
pub struct Capped<B>(pub B);

/// Whether nothing of a cell hides, reorders or moves. Every text is made so at the edge where it enters the program; this
/// is the last look at what leaves it.
fn is_seen(symbol: &str) -> bool {
    link::seen(symbol).chars().all(|letter| letter.is_ascii_graphic() || letter == ' ' || is_shown(letter))
}

fn is_shown(letter: char) -> bool {
    !letter.is_control() && !text::is_hidden(letter)
}

/// The cell with what is seen of it only.
fn mended(cell: &Drawn) -> Drawn {
    let mut mended = cell.clone();
    if !is_seen(cell.symbol()) {
        let seen: String = link::seen(cell.symbol()).chars().filter(|letter| is_shown(*letter)).collect();
        mended.set_symbol(if seen.is_empty() { "\u{fffd}" } else { &seen });
    }
    mended
}

fn capped(size: Size) -> Size {
    Size { width: size.width.min(LARGEST.width), height: size.height.min(LARGEST.height) }
}

impl<B: Backend> Backend for Capped<B> {
    type Error = B::Error;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Self::Error>
    where
        I: Iterator<Item = (u16, u16, &'a Drawn)>,
    {
        let content: Vec<_> = content.collect();
        if content.iter().all(|(.., cell)| is_seen(cell.symbol())) {
            return self.0.draw(content.into_iter());
        }
        let mended: Vec<_> = content.iter().map(|(.., cell)| mended(cell)).collect();
        self.0.draw(content.iter().zip(&mended).map(|((x, y, _), cell)| (*x, *y, cell)))
    }

    fn hide_cursor(&mut self) -> Result<(), Self::Error> {
        self.0.hide_cursor()
    }

    /// A terminal that is gone is no error here: who drops a `Terminal` would print it there, and break down over that.
    fn show_cursor(&mut self) -> Result<(), Self::Error> {
        let _ = self.0.show_cursor();
        Ok(())
    }

    /// Not asked of the terminal: its answer would come in among the keys, or not at all. Each frame puts the cursor where
    /// it belongs, so nobody has to know where it was.
    fn get_cursor_position(&mut self) -> Result<Position, Self::Error> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Self::Error> {
        self.0.set_cursor_position(position)
    }

    fn clear(&mut self) -> Result<(), Self::Error> {
        self.0.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> Result<(), Self::Error> {
        self.0.clear_region(clear_type)
    }

    fn size(&self) -> Result<Size, Self::Error> {
        self.0.size().map(capped)
    }

    fn window_size(&mut self) -> Result<WindowSize, Self::Error> {
        let window = self.0.window_size()?;
        Ok(WindowSize { columns_rows: capped(window.columns_rows), ..window })
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;

    #[test]
    fn nothing_that_hides_is_drawn_wherever_it_comes_from() {
        let mut terminal = Terminal::new(Capped(TestBackend::new(8, 1))).unwrap();
        terminal
            .draw(|frame| {
                for (x, symbol) in (0..).zip(["a", "\u{202e}", "b\u{200b}", "漢", "", "e\u{301}", "\x1b[2J"]) {
                    frame.buffer_mut()[(x, 0)].set_symbol(symbol);
                }
            })
            .unwrap();
        let drawn: Vec<_> = terminal.backend().0.buffer().content().iter().map(Drawn::symbol).collect();
        assert_eq!(drawn, ["a", "\u{fffd}", "b", "漢", " ", "e\u{301}", "[2J", " "]);
    }

    #[test]
    fn a_terminal_of_absurd_size_is_drawn_on_in_part() {
        let mut terminal = Terminal::new(Capped(TestBackend::new(1000, 200))).unwrap();
        let mut drawn = Size::default();
        terminal.draw(|frame| drawn = frame.area().as_size()).unwrap();
        assert_eq!(drawn, LARGEST);
    }
}
