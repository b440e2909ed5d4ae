//! The loop: one task that hears keys, outcomes and signals, and draws when something has changed.
//!
//! It is generic over where it draws and over what it hears, so that tests run this very loop. A key is answered before
//! an outcome is, and everything that came in at once is dealt with before the next frame: neither a paste nor a resize
//! storm makes it lag. While nothing is under way nothing ticks.

use std::task::Poll;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};
use futures_util::{Stream, StreamExt as _};
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::Rect;
use tokio::time::Instant;

use super::frame;
use super::input::Input;
use super::keys::{self, Intent};
use super::scene::{Deed, Look, Scene};
use super::screens::over::{self, Over};
use super::theme::Theme;

/// How often the picture of something that goes on changes.
const TICK: Duration = Duration::from_millis(100);
const SECOND: Duration = Duration::from_secs(1);
/// The lines that a page key moves over.
const LEAF: usize = 10;
/// The most that is dealt with between two frames.
const BURST: usize = 256;

/// What the loop does besides drawing.
pub trait Outside {
    /// Hands a text to the clipboard of the terminal.
    fn copy(&mut self, text: &str);
    /// Opens a page in a browser.
    ///
    /// # Errors
    /// Why it was not tried.
    fn open(&mut self, url: &str) -> Result<(), String>;
    /// Ctrl-Z: the terminal stops everybody who runs in front. What is to be said where nobody could go on again.
    ///
    /// # Errors
    /// Why it is not done.
    fn ask_to_stop(&mut self) -> Result<(), String>;
    /// Gives the terminal back, stops, and takes it again.
    fn stop(&mut self);
    fn take_again(&mut self);
}

/// How the loop ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended<End> {
    /// The scene came to its end.
    Scene(End),
    /// Nobody is there any more, or the terminal cannot be drawn on.
    Lost,
}

/// Where scenes are played.
pub struct Stage<B: Backend, O: Outside> {
    terminal: Terminal<B>,
    outside: O,
    theme: Theme,
    /// How long Enter is not heard after a paste: what a paste has smuggled past its own end comes at once.
    deaf: Duration,
    state: State,
}

#[derive(Default)]
struct State {
    over: Option<Over>,
    notice: Option<(String, bool)>,
    tick: usize,
    scroll: usize,
    /// What had the focus, and in which line.
    anchor: Option<(String, usize)>,
    /// The page that was drawn last, and where.
    place: usize,
    area: Rect,
    pasted: Option<Instant>,
    /// The view was moved by a page: what has the focus may be out of it.
    loose: bool,
}

impl State {
    /// The row under the cursor stays where it is, although rows above it have grown or gone.
    fn hold_still(&mut self, anchor: Option<&(String, usize)>) {
        if let (Some((before, was)), Some((name, is))) = (&self.anchor, anchor)
            && before == name
        {
            self.scroll = (self.scroll + is).saturating_sub(*was);
        }
        self.anchor = anchor.cloned();
    }
}

impl<B: Backend, O: Outside> Stage<B, O> {
    pub fn new(terminal: Terminal<B>, outside: O, theme: Theme, deaf: Duration) -> Self {
        Self { terminal, outside, theme, deaf, state: State::default() }
    }

    pub fn terminal(&mut self) -> &mut Terminal<B> {
        &mut self.terminal
    }

    pub fn outside(&self) -> &O {
        &self.outside
    }

    /// Plays `scene` until it ends or nobody is there any more.
    pub async fn play<S: Scene>(
        &mut self,
        scene: &mut S,
        inputs: &mut (impl Stream<Item = Input> + Unpin),
    ) -> Ended<S::End> {
        let mut ticker = tokio::time::interval(TICK);
        ticker.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            if self.draw(scene).is_err() {
                return Ended::Lost;
            }
            let heard = tokio::select! {
                // Keys first: they are never kept waiting by what comes back.
                biased;
                input = inputs.next() => self.hear(input.unwrap_or(Input::Lost), scene),
                deeds = scene.outcome() => self.perform(deeds),
                _ = ticker.tick(), if scene.is_waiting() => {
                    self.state.tick += 1;
                    None
                }
                () = tokio::time::sleep(SECOND), if scene.counts_down() => None,
            };
            if let Some(ended) = heard {
                return ended;
            }
            for _ in 0..BURST {
                let Some(input) = at_once(inputs).await else { break };
                if let Some(ended) = self.hear(input.unwrap_or(Input::Lost), scene) {
                    return ended;
                }
            }
        }
    }

    fn hear<S: Scene>(&mut self, input: Input, scene: &mut S) -> Option<Ended<S::End>> {
        match input {
            Input::Key(event) => self.key(&event, scene),
            Input::Paste(text) => {
                self.state.pasted = Some(Instant::now());
                let deeds = if self.state.over.is_none() { scene.paste(&text) } else { Vec::new() };
                self.perform(deeds)
            }
            Input::Resized => None,
            Input::Lost => Some(Ended::Lost),
            Input::Stop => {
                self.outside.stop();
                self.again()
            }
            Input::Continued => {
                self.outside.take_again();
                self.again()
            }
        }
    }

    /// Everything anew: nobody knows what is on the screen.
    fn again<End>(&mut self) -> Option<Ended<End>> {
        self.terminal.clear().is_err().then_some(Ended::Lost)
    }

    fn key<S: Scene>(&mut self, event: &KeyEvent, scene: &mut S) -> Option<Ended<S::End>> {
        let deaf = self.state.pasted.is_some_and(|at| at.elapsed() < self.deaf);
        if deaf && event.code == KeyCode::Enter {
            return None;
        }
        let context = self.state.over.as_ref().map_or(scene.context(), Over::context);
        let intent = keys::meaning(context, event);
        if keys::typed(event).is_some() || intent.is_some() {
            self.state.notice = None;
            self.state.loose = false;
        }
        match intent {
            Some(Intent::Redraw) => self.again(),
            Some(Intent::Suspend) => {
                if let Err(reason) = self.outside.ask_to_stop() {
                    self.state.notice = Some((reason, true));
                }
                None
            }
            Some(intent) if self.state.over.is_some() => self.over(intent, scene),
            Some(intent @ (Intent::PageUp | Intent::PageDown)) if keys::PAGED.contains(&context) => {
                scroll(&mut self.state.scroll, intent);
                self.state.loose = true;
                None
            }
            Some(Intent::Help) => {
                self.state.over = Some(Over::help(context));
                None
            }
            Some(intent) if scene.absent().contains(&intent) => None,
            Some(intent) => {
                let deeds = scene.intend(intent);
                self.perform(deeds)
            }
            None => {
                let letter = keys::typed(event).filter(|_| self.state.over.is_none())?;
                let deeds = scene.letter(letter);
                self.perform(deeds)
            }
        }
    }

    /// A key while something stands in front of the page.
    fn over<S: Scene>(&mut self, intent: Intent, scene: &mut S) -> Option<Ended<S::End>> {
        let over = self.state.over.as_mut()?;
        let answer = over.on(intent);
        match answer {
            over::Answer::Open => None,
            over::Answer::Closed => {
                self.state.over = None;
                None
            }
            over::Answer::Said(topic, yes) => {
                self.state.over = None;
                let deeds = scene.answered(topic, yes);
                self.perform(deeds)
            }
            over::Answer::Leave => {
                self.state.over = None;
                let deeds = scene.intend(Intent::Leave);
                self.perform(deeds)
            }
        }
    }

    fn perform<End>(&mut self, deeds: Vec<Deed<End>>) -> Option<Ended<End>> {
        for deed in deeds {
            match deed {
                Deed::Say(text) => self.state.notice = Some((text, false)),
                Deed::Warn(text) => self.state.notice = Some((text, true)),
                Deed::Open(url) => {
                    self.state.notice = Some(match self.outside.open(&url) {
                        Ok(()) => ("The browser was asked to open the page.".to_owned(), false),
                        Err(reason) => (reason, true),
                    });
                }
                Deed::Code(url) => match Over::code(&url) {
                    Some(code) => self.state.over = Some(code),
                    None => self.state.notice = Some(("This address is too long for a QR code.".to_owned(), true)),
                },
                Deed::Copy(text, what) => {
                    self.outside.copy(&text);
                    self.state.notice = Some((format!("Handed to the terminal to copy: {what}"), false));
                }
                Deed::Ask(question) => self.state.over = Some(Over::question(question)),
                Deed::Choose(menu) => self.state.over = Some(Over::menu(menu)),
                Deed::Scroll(intent) => scroll(&mut self.state.scroll, intent),
                Deed::End(end) => return Some(Ended::Scene(end)),
            }
        }
        None
    }

    fn draw<S: Scene>(&mut self, scene: &mut S) -> Result<(), B::Error> {
        let theme = self.theme;
        if self.state.place != scene.place() {
            (self.state.place, self.state.scroll, self.state.loose) = (scene.place(), 0, false);
        }
        self.terminal.draw(|frame| {
            let area = frame.area();
            let look = Look { theme: &theme, tick: self.state.tick, room: frame::room(area) };
            let mut page = scene.page(look);
            let context = self.state.over.as_ref().map_or(scene.context(), Over::context);
            page.keys = keys::footer(context, &scene.absent());
            if std::mem::replace(&mut self.state.area, area) != area && page.body.has_focus() {
                // What has the focus comes into view by itself, with as much above it as there is room for.
                self.state.scroll = 0;
            }
            self.state.hold_still(page.body.anchored());
            page.paged = keys::PAGED.contains(&context);
            if self.state.loose {
                page.body.forget_focus();
            }
            let notice = self.state.notice.as_ref();
            page.notice = notice.map(|(text, bad)| (text.clone(), if *bad { theme.warn() } else { theme.accent() }));
            if let Some(over) = &mut self.state.over {
                page = over.page(page, look, area);
                frame::draw(&page, &theme, frame.buffer_mut(), area, over.scroll());
                return;
            }
            let cursor = frame::draw(&page, &theme, frame.buffer_mut(), area, &mut self.state.scroll);
            if let Some(position) = cursor {
                frame.set_cursor_position(position);
            }
        })?;
        Ok(())
    }
}

/// Moves over lines; what is too far is put right when it is drawn.
pub fn scroll(first: &mut usize, intent: Intent) {
    *first = match intent {
        Intent::Up => first.saturating_sub(1),
        Intent::Down => first.saturating_add(1),
        Intent::PageUp => first.saturating_sub(LEAF),
        Intent::PageDown => first.saturating_add(LEAF),
        Intent::First => 0,
        Intent::Last => usize::MAX,
        _ => *first,
    };
}

/// What has come in already. Polled as the loop itself: the reader of keys wakes whoever asked it last, and nobody else.
async fn at_once<T>(stream: &mut (impl Stream<Item = T> + Unpin)) -> Option<Option<T>> {
    std::future::poll_fn(|context| match stream.poll_next_unpin(context) {
        Poll::Ready(item) => Poll::Ready(Some(item)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}
