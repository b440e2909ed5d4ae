//! A scene: what is on the screen for a while, and what a key means there. The wizard is one, the list of connections
//! another. A scene draws nothing by itself and waits for nothing but its own errands: the loop in `stage` does both.

use crate::tui::frame::{Mark, Page, Room};
use crate::tui::keys::{Context, Intent};
use crate::tui::theme::Theme;

/// What a scene asks of the loop.
#[derive(Debug)]
pub enum Deed<End> {
    /// Tell this in one line.
    Say(String),
    /// The same, about something that is wrong.
    Warn(String),
    Open(String),
    Code(String),
    /// Hand a text to the clipboard of the terminal: the text, and what it is.
    Copy(String, String),
    Ask(Question),
    /// Let one of a few be chosen.
    Choose(Menu),
    /// Move over a page that has no row under the cursor.
    Scroll(Intent),
    End(End),
}

/// A question that stands in the way until it is answered.
#[derive(Clone, Debug)]
pub struct Question {
    pub topic: Topic,
    pub title: String,
    /// Sentences; what begins with two blanks is an item of a list.
    pub text: Vec<String>,
    pub yes: String,
    pub no: String,
}

/// A few rows of which one can be taken.
#[derive(Clone, Debug)]
pub struct Menu {
    pub title: String,
    pub rows: Vec<MenuRow>,
    /// The row under the cursor.
    pub at: usize,
}

#[derive(Clone, Debug)]
pub struct MenuRow {
    pub mark: Mark,
    pub label: String,
    /// Half a line beside it.
    pub note: String,
    /// Whether it can be taken now.
    pub open: bool,
}

/// What a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topic {
    /// The row of a menu.
    Row(usize),
    Leave,
    Overrule,
    Apply,
    /// Remove the connection of this name.
    Remove(String),
}

/// What drawing needs.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    pub theme: &'a Theme,
    /// Counts while something is waited for.
    pub tick: usize,
    /// `None`: there is no room for a page.
    pub room: Option<Room>,
}

impl Look<'_> {
    pub fn body_width(&self) -> u16 {
        self.room.map_or(80, |room| room.body.width)
    }

    /// The width of a page that has no details.
    pub fn whole_width(&self) -> u16 {
        self.room.map_or(80, |room| room.whole().width)
    }

    /// The width of the details, wherever they stand.
    pub fn details_width(&self) -> u16 {
        self.room.map_or(80, |room| room.beside.map_or(room.body.width, |beside| beside.width))
    }
}

pub trait Scene {
    /// What a scene comes to.
    type End;

    fn context(&self) -> Context;

    /// What this scene has no use for now, of the keys of its context.
    fn absent(&self) -> Vec<Intent> {
        Vec::new()
    }

    fn intend(&mut self, intent: Intent) -> Vec<Deed<Self::End>>;

    /// A letter that means nothing but itself.
    fn letter(&mut self, letter: char) -> Vec<Deed<Self::End>>;

    fn paste(&mut self, text: &str) -> Vec<Deed<Self::End>>;

    fn answered(&mut self, topic: Topic, yes: bool) -> Vec<Deed<Self::End>>;

    /// What is on the screen, without the keys below it.
    fn page(&mut self, look: Look<'_>) -> Page;

    /// A change of this makes the page begin at its top again.
    fn place(&self) -> usize;

    /// Whether something is under way that the screen shows.
    fn is_waiting(&self) -> bool;

    /// Whether a time is shown that runs down: it is drawn anew each second.
    fn counts_down(&self) -> bool {
        false
    }

    /// Waits until an errand comes back, and takes it in. For ever, where none is under way. Nothing is lost when this
    /// is dropped before.
    fn outcome(&mut self) -> impl Future<Output = Vec<Deed<Self::End>>>;
}
