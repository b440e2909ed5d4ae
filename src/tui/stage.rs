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
use tokio::time::Instant;

use super::frame::{self, Page};
use super::input::Input;
use super::keys::{self, Intent};
use super::scene::{Deed, Look, Scene};
use super::screens::over::{self, Over};
use super::theme::Theme;
use super::widgets::sheet::Sheet;

/// How often the picture of something that goes on changes.
const TICK: Duration = Duration::from_millis(100);
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

/// Where a scene is played.
pub struct Stage<'a, B: Backend, O: Outside> {
    pub terminal: &'a mut Terminal<B>,
    pub outside: &'a mut O,
    pub theme: Theme,
    /// How long Enter is not heard after a paste: what a paste has smuggled past its own end comes at once.
    pub deaf: Duration,
}

struct State {
    over: Option<Over>,
    notice: Option<(String, bool)>,
    tick: usize,
    scroll: usize,
    /// The screen row at which the focus was drawn.
    place: usize,
    pasted: Option<Instant>,
}

impl<B: Backend, O: Outside> Stage<'_, B, O> {
    /// Plays `scene` until it ends or nobody is there any more.
    pub async fn play<S: Scene>(
        &mut self,
        scene: &mut S,
        inputs: &mut (impl Stream<Item = Input> + Unpin),
    ) -> Ended<S::End> {
        let mut state = State { over: None, notice: None, tick: 0, scroll: 0, place: scene.place(), pasted: None };
        let mut ticker = tokio::time::interval(TICK);
        ticker.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            if self.draw(scene, &mut state).is_err() {
                return Ended::Lost;
            }
            let heard = tokio::select! {
                // Keys first: they are never kept waiting by what comes back.
                biased;
                input = inputs.next() => self.hear(input.unwrap_or(Input::Lost), scene, &mut state),
                deeds = scene.outcome() => self.perform(deeds, &mut state),
                _ = ticker.tick(), if scene.is_waiting() => {
                    state.tick += 1;
                    None
                }
            };
            if let Some(ended) = heard {
                return ended;
            }
            for _ in 0..BURST {
                let Some(input) = at_once(inputs).await else { break };
                if let Some(ended) = self.hear(input.unwrap_or(Input::Lost), scene, &mut state) {
                    return ended;
                }
            }
        }
    }

    fn hear<S: Scene>(&mut self, input: Input, scene: &mut S, state: &mut State) -> Option<Ended<S::End>> {
        match input {
            Input::Key(event) => self.key(&event, scene, state),
            Input::Paste(text) => {
                state.pasted = Some(Instant::now());
                let deeds = if state.over.is_none() { scene.paste(&text) } else { Vec::new() };
                self.perform(deeds, state)
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

    fn key<S: Scene>(&mut self, event: &KeyEvent, scene: &mut S, state: &mut State) -> Option<Ended<S::End>> {
        let deaf = state.pasted.is_some_and(|at| at.elapsed() < self.deaf);
        if deaf && event.code == KeyCode::Enter {
            return None;
        }
        let context = state.over.as_ref().map_or(scene.context(), Over::context);
        let intent = keys::meaning(context, event);
        if keys::typed(event).is_some() || intent.is_some() {
            state.notice = None;
        }
        match intent {
            Some(Intent::Redraw) => self.again(),
            Some(Intent::Suspend) => {
                if let Err(reason) = self.outside.ask_to_stop() {
                    state.notice = Some((reason, true));
                }
                None
            }
            Some(intent) if state.over.is_some() => self.over(intent, scene, state),
            Some(Intent::Help) => {
                state.over = Some(Over::help(context));
                None
            }
            Some(intent) if scene.absent().contains(&intent) => None,
            Some(intent) => {
                let deeds = scene.intend(intent);
                self.perform(deeds, state)
            }
            None => {
                let letter = keys::typed(event).filter(|_| state.over.is_none())?;
                let deeds = scene.letter(letter);
                self.perform(deeds, state)
            }
        }
    }

    /// A key while something stands in front of the page.
    fn over<S: Scene>(&mut self, intent: Intent, scene: &mut S, state: &mut State) -> Option<Ended<S::End>> {
        let over = state.over.as_mut()?;
        let answer = over.on(intent);
        match answer {
            over::Answer::Open => None,
            over::Answer::Closed => {
                state.over = None;
                None
            }
            over::Answer::Said(topic, yes) => {
                state.over = None;
                let deeds = scene.answered(topic, yes);
                self.perform(deeds, state)
            }
            over::Answer::Leave => {
                state.over = None;
                let deeds = scene.intend(Intent::Leave);
                self.perform(deeds, state)
            }
        }
    }

    fn perform<End>(&mut self, deeds: Vec<Deed<End>>, state: &mut State) -> Option<Ended<End>> {
        for deed in deeds {
            match deed {
                Deed::Say(text) => state.notice = Some((text, false)),
                Deed::Warn(text) => state.notice = Some((text, true)),
                Deed::Open(url) => {
                    state.notice = Some(match self.outside.open(&url) {
                        Ok(()) => ("The browser was asked to open the page.".to_owned(), false),
                        Err(reason) => (reason, true),
                    });
                }
                Deed::Code(url) => match Over::code(&url) {
                    Some(code) => state.over = Some(code),
                    None => state.notice = Some(("This address is too long for a QR code.".to_owned(), true)),
                },
                Deed::Copy(text, what) => {
                    self.outside.copy(&text);
                    state.notice = Some((format!("Handed to the terminal to copy: {what}"), false));
                }
                Deed::Ask(question) => state.over = Some(Over::question(question)),
                Deed::Scroll(intent) => scroll(&mut state.scroll, intent),
                Deed::End(end) => return Some(Ended::Scene(end)),
            }
        }
        None
    }

    fn draw<S: Scene>(&mut self, scene: &mut S, state: &mut State) -> Result<(), B::Error> {
        let theme = self.theme;
        if state.place != scene.place() {
            (state.place, state.scroll) = (scene.place(), 0);
        }
        self.terminal.draw(|frame| {
            let area = frame.area();
            let look = Look { theme: &theme, tick: state.tick, room: frame::room(area) };
            let mut page = scene.page(look);
            let context = state.over.as_ref().map_or(scene.context(), Over::context);
            page.keys = keys::footer(context, &scene.absent());
            let notice = state.notice.as_ref();
            page.notice = notice.map(|(text, bad)| (text.clone(), if *bad { theme.warn() } else { theme.accent() }));
            if let Some(over) = &mut state.over {
                page = Page { body: over.sheet(&theme, look.body_width()), details: Sheet::default(), ..page };
                frame::draw(&page, &theme, frame.buffer_mut(), area, over.scroll());
                return;
            }
            let cursor = frame::draw(&page, &theme, frame.buffer_mut(), area, &mut state.scroll);
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
