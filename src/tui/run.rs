//! A scene on the real terminal of this process.

use std::io;
use std::time::Duration;

use crossterm::clipboard::CopyToClipboard;
use crossterm::execute;
use ratatui::Terminal;

use super::input::{self, Inputs};
use super::scene::Scene;
use super::stage::{Ended, Outside, Stage};
use super::terminal::{Canvas, Guard, Real, backend};
use super::theme::Theme;

/// How long Enter is not heard after a paste.
const DEAF: Duration = Duration::from_millis(150);

/// The terminal of this process, held for one or several scenes. Dropping it gives the terminal back.
pub struct Held {
    // Before the guard: the reader of keys goes before what was typed ahead is thrown away.
    inputs: Inputs,
    stage: Stage<Real, Here>,
}

impl Held {
    /// # Errors
    /// Where the terminal cannot be taken over.
    pub fn take(canvas: Canvas, theme: Theme) -> io::Result<Self> {
        let guard = Guard::enter(canvas)?;
        let terminal = Terminal::new(backend(canvas))?;
        let stage = Stage::new(terminal, Here { guard, canvas }, theme, DEAF);
        Ok(Self { inputs: input::of_the_process()?, stage })
    }

    /// Gives the terminal back before this is dropped.
    pub fn give_back(self) {
        drop(self);
    }

    pub async fn play<S: Scene>(&mut self, scene: &mut S) -> Ended<S::End> {
        self.stage.play(scene, &mut self.inputs).await
    }
}

/// What is done outside the frames, on this computer.
struct Here {
    guard: Guard,
    canvas: Canvas,
}

impl Outside for Here {
    fn copy(&mut self, text: &str) {
        let _ = execute!(self.canvas, CopyToClipboard::to_clipboard_from(text));
    }

    fn open(&mut self, url: &str) -> Result<(), String> {
        open(url)
    }

    fn ask_to_stop(&mut self) -> Result<(), String> {
        if input::ask_to_stop() {
            Ok(())
        } else {
            Err("Nobody could let the program go on again from here, so it is not stopped.".to_owned())
        }
    }

    fn stop(&mut self) {
        self.guard.give_back();
        input::stop();
        self.take_again();
    }

    fn take_again(&mut self) {
        let _ = self.guard.take();
    }
}

/// Opens a page in the browser of this computer, where there is one that somebody would see.
fn open(url: &str) -> Result<(), String> {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"].into_iter().any(set) {
        return Err("No browser is opened over SSH: open the address here yourself, or press Q for a QR code.".into());
    }
    let graphical = cfg!(any(windows, target_os = "macos")) || set("DISPLAY") || set("WAYLAND_DISPLAY");
    if !graphical && !set("BROWSER") {
        return Err("There is no browser here: open the address yourself, or press Q for a QR code.".into());
    }
    if !url.starts_with("https://") {
        return Err("Only https pages are opened; this one is for the sandbox alone.".into());
    }
    let url = url.to_owned();
    // On a thread of its own: some browsers come back only when they are closed.
    std::thread::spawn(move || {
        let mut options = webbrowser::BrowserOptions::new();
        options.with_suppress_output(true);
        let _ = webbrowser::open_browser_with_options(webbrowser::Browser::Default, &url, &options);
    });
    Ok(())
}
