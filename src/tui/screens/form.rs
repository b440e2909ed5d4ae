//! A page of questions. One has the focus and is shown whole; the others stand in one line each.
//!
//! What is being typed belongs to the line that it is typed into; the wizard is told when the line is left. What was not
//! touched shows what was answered, what was found nearby, or what holds by default, and says which of these it is.

pub mod draw;

use std::collections::BTreeMap;

use super::{Act, choosing};
use crate::answers::{Answer, Field};
use crate::fact::{Fact, Query, Row, Value};
use crate::tui::keys::{Context, Intent};
use crate::tui::widgets::editor::{Editor, Pasted};
use crate::tui::widgets::filter::Filter;
use crate::wizard::{Ask, Control, Event, Screen, Step, Wizard};

/// Rows of a list that are moved over by a page key.
const PAGE: usize = 8;
/// Where an address answers several fields at once.
pub const ADDRESSED: &[Step] = &[Step::Provider, Step::Place, Step::Repository, Step::Open];

/// One question while it is on the screen.
#[derive(Debug, Default)]
pub struct Entry {
    pub editor: Editor,
    pub touched: bool,
    /// The row under the cursor: of the choices, or of what was found in a list (none: what was typed).
    pub row: Option<usize>,
    pub filter: Filter,
    /// Somebody moved over the list.
    pub moved: bool,
    /// It was to be left without the answer that it needs.
    pub refused: bool,
}

/// The questions of one page.
#[derive(Debug, Default)]
pub struct Form {
    entries: BTreeMap<Field, Entry>,
    at: usize,
}

impl Form {
    /// Makes the form fit the questions that are asked now. What was typed stays.
    pub fn fit(&mut self, screen: &Screen, wizard: &Wizard) {
        for ask in &screen.asks {
            let entry = self.entries.entry(ask.field.clone()).or_default();
            if !entry.touched {
                let text = ask.answered.as_deref().or(ask.found.as_ref().map(|found| found.text.as_str()));
                if !matches!(ask.control, Control::Secret) && entry.editor.text() != text.unwrap_or_default() {
                    entry.editor = Editor::of(text.unwrap_or_default());
                }
                if let Some(rows) = choices(ask) {
                    entry.row = Some(choosing::first(&rows, text.or(ask.default.as_deref())));
                }
            }
            if let Control::Live(query) = &ask.control {
                let listed = listed(wizard, query);
                // What holds already is no search for something else.
                let wanted = if entry.touched { entry.editor.text() } else { "" };
                let hits = entry.filter.search(wanted, listed.rows.iter().map(|row| row.name.as_str())).len();
                entry.row = entry.row.map(|row| row.min(hits.saturating_sub(1))).filter(|_| hits > 0);
                // What has to be there already is one of the list; only a repository may be a new name.
                let exact = listed.rows.iter().any(|row| row.name == entry.editor.text());
                if ask.field != Field::Repository && hits > 0 && !exact && !entry.moved {
                    let fits = |hit: &crate::tui::widgets::filter::Hit| {
                        listed.rows.get(hit.row).is_some_and(|row| wizard.unfit(query, &row.name).is_none())
                    };
                    // What does not fit is proposed only to whoever searches for it.
                    let searched = (!wanted.trim().is_empty()).then_some(0);
                    entry.row = entry.filter.hits().iter().position(fits).or(searched);
                }
            }
        }
        self.at = self.at.min(screen.asks.len().saturating_sub(1));
    }

    /// Puts the focus on the question for `field`, if it is asked here.
    pub fn focus(&mut self, screen: &Screen, field: &Field) {
        if let Some(at) = screen.asks.iter().position(|ask| ask.field == *field) {
            self.at = at;
        }
    }

    /// What was typed into the field in focus.
    pub fn typed(&self, screen: &Screen) -> Option<&str> {
        let entry = self.entries.get(&self.focused(screen)?.field).filter(|entry| entry.touched)?;
        Some(entry.editor.text())
    }

    pub fn focused<'s>(&self, screen: &'s Screen) -> Option<&'s Ask> {
        screen.asks.get(self.at)
    }

    pub fn context(&self, screen: &Screen) -> Context {
        match self.focused(screen).map(|ask| &ask.control) {
            Some(Control::Choice(_) | Control::Flag) | None => Context::Choosing,
            Some(Control::Live(_)) => Context::Searching,
            Some(Control::Text | Control::Secret) => Context::Typing,
        }
    }

    /// What stands in the line for a token.
    pub fn secret(&self, screen: &Screen) -> Option<&str> {
        let ask = screen.asks.iter().find(|ask| matches!(ask.control, Control::Secret))?;
        self.entries.get(&ask.field).map(|entry| entry.editor.text())
    }

    pub fn is_touched(&self) -> bool {
        self.entries.values().any(|entry| entry.touched)
    }

    fn entry(&mut self, screen: &Screen) -> Option<&mut Entry> {
        let ask = screen.asks.get(self.at)?;
        self.entries.get_mut(&ask.field)
    }

    pub fn insert(&mut self, screen: &Screen, letter: char) {
        if let Some(entry) = self.entry(screen) {
            entry.editor.insert(letter);
            (entry.touched, entry.row, entry.moved, entry.refused) = (true, None, false, false);
        }
    }

    /// Takes a letter where rows are chosen: y and n are the rows of a yes-or-no question. False where it means nothing.
    pub fn choose(&mut self, screen: &Screen, letter: char) -> bool {
        let is_flag = self.focused(screen).is_some_and(|ask| matches!(ask.control, Control::Flag));
        let row = match letter.to_ascii_lowercase() {
            'y' if is_flag => 0,
            'n' if is_flag => 1,
            _ => return false,
        };
        if let Some(entry) = self.entry(screen) {
            (entry.touched, entry.row) = (true, Some(row));
        }
        true
    }

    /// Takes a paste into the line that has the focus.
    pub fn paste(&mut self, screen: &Screen, text: &str) -> Pasted {
        let fresh = self.focused(screen).is_some_and(|ask| !matches!(ask.control, Control::Choice(_) | Control::Flag));
        let Some(entry) = self.entry(screen).filter(|_| fresh) else { return Pasted::Nothing };
        if !entry.touched {
            // What stood there was not typed: it is replaced, not added to.
            entry.editor = Editor::default();
        }
        (entry.touched, entry.row, entry.refused) = (true, None, false);
        entry.editor.paste(text)
    }

    pub fn on(&mut self, intent: Intent, screen: &Screen, wizard: &Wizard) -> Vec<Act> {
        match intent {
            Intent::Accept => return self.accept(screen, wizard),
            Intent::Onward => {
                let mut acts = self.leave(screen, wizard);
                acts.push(Act::Next);
                return acts;
            }
            Intent::NextField | Intent::PreviousField => {
                let acts = self.leave(screen, wizard);
                let count = screen.asks.len().max(1);
                let step = if intent == Intent::NextField { 1 } else { count - 1 };
                self.at = (self.at + step) % count;
                return acts;
            }
            Intent::Edit(edit) => {
                if let Some(entry) = self.entry(screen) {
                    entry.editor.edit(edit);
                    (entry.touched, entry.row, entry.moved, entry.refused) = (true, None, false, false);
                }
            }
            _ => self.moved(intent, screen),
        }
        Vec::new()
    }

    /// Moves the cursor over the rows of the focused question.
    fn moved(&mut self, intent: Intent, screen: &Screen) {
        let Some(ask) = self.focused(screen).cloned() else { return };
        let Some(entry) = self.entries.get_mut(&ask.field) else { return };
        let (rows, typed) = match choices(&ask) {
            Some(rows) => (rows.len(), false),
            None => (entry.filter.hits().len(), true),
        };
        let last = rows.saturating_sub(1);
        let step = if matches!(intent, Intent::PageUp | Intent::PageDown) { PAGE } else { 1 };
        entry.row = match (intent, entry.row) {
            _ if rows == 0 => None,
            (Intent::Down | Intent::PageDown, None) => Some(step - 1),
            (Intent::Down | Intent::PageDown, Some(row)) => Some(row + step),
            // Above the first row of a list is what was typed.
            (Intent::Up | Intent::PageUp, Some(row)) if row < step && typed => None,
            (Intent::Up | Intent::PageUp, Some(row)) => Some(row.saturating_sub(step)),
            (Intent::First, _) => Some(0),
            (Intent::Last, _) => Some(last),
            (_, row) => row,
        }
        .map(|row| row.min(last));
        entry.moved = true;
        if !typed {
            entry.touched = true;
        }
    }

    /// Takes the focused answer; then the next question, or the next page.
    fn accept(&mut self, screen: &Screen, wizard: &Wizard) -> Vec<Act> {
        if let Some(missing) = self.missing(screen) {
            return vec![Act::Wrong(missing)];
        }
        let (mut acts, wrong) = self.answer(screen, wizard);
        if wrong {
            return acts;
        }
        acts.push(Act::Forward);
        acts
    }

    /// What is missing in the focused line, where it is empty and needed: it is not left with Enter.
    pub fn missing(&mut self, screen: &Screen) -> Option<String> {
        let ask = screen.asks.get(self.at).filter(|ask| ask.answered.is_none() && choices(ask).is_none())?;
        let entry = self.entries.get_mut(&ask.field)?;
        let chosen = entry.row.is_some() && matches!(ask.control, Control::Live(_));
        let missing = ask.problem.clone().filter(|_| entry.editor.text().trim().is_empty() && !chosen)?;
        entry.refused = true;
        Some(missing)
    }

    /// The next question that most need; false where this was the last. An answer may have brought up new ones, so the
    /// screen is that after the answer.
    pub fn forward(&mut self, screen: &Screen) -> bool {
        // What few need and what is answered already is passed by with Enter, and reached with Tab.
        let wanted = |ask: &Ask| match (&ask.answered, &ask.problem) {
            (Some(_), problem) => problem.is_some(),
            (None, _) => !ask.advanced,
        };
        let next = screen.asks.iter().enumerate().skip(self.at + 1).find(|(_, ask)| wanted(ask));
        if let Some((at, _)) = next {
            self.at = at;
        }
        next.is_some()
    }

    /// What leaving the focused question comes to.
    fn leave(&mut self, screen: &Screen, wizard: &Wizard) -> Vec<Act> {
        let touched = self.focused(screen).and_then(|ask| self.entries.get(&ask.field)).is_some_and(|one| one.touched);
        if touched { self.answer(screen, wizard).0 } else { Vec::new() }
    }

    /// The answer that stands in the focused question, and whether it is wrong.
    fn answer(&mut self, screen: &Screen, wizard: &Wizard) -> (Vec<Act>, bool) {
        let Some(ask) = screen.asks.get(self.at) else { return (Vec::new(), false) };
        let Some(entry) = self.entries.get_mut(&ask.field) else { return (Vec::new(), false) };
        if matches!(ask.control, Control::Secret) {
            let text = entry.editor.take();
            entry.touched = false;
            return (if text.is_empty() { Vec::new() } else { vec![Act::Deposit(text)] }, false);
        }
        let text = match (&ask.control, choices(ask), entry.row) {
            (_, Some(rows), row) => {
                let Some(row) = row.and_then(|row| rows.get(row)) else { return (Vec::new(), false) };
                if row.refused.is_some() {
                    let reason = "This does not go together; what to choose instead is said beside it.";
                    return (vec![Act::Wrong(reason.to_owned())], true);
                }
                row.word.clone()
            }
            (Control::Live(query), _, Some(row)) => {
                let hit = entry.filter.hits().get(row).map(|hit| hit.row);
                hit.and_then(|row| listed(wizard, query).rows.get(row).map(|row| row.name.clone())).unwrap_or_default()
            }
            _ => entry.editor.text().trim().to_owned(),
        };
        entry.touched = false;
        if text.is_empty() {
            let clear = ask.answered.is_some().then(|| Act::Wizard(Box::new(Event::Clear(ask.field.clone()))));
            return (clear.into_iter().collect(), false);
        }
        match parse(wizard, &ask.field, &text) {
            Ok(answer) => {
                entry.editor = Editor::of(&text);
                (vec![Act::Wizard(Box::new(Event::Answer(ask.field.clone(), answer)))], false)
            }
            Err(reason) => {
                entry.touched = true;
                (vec![Act::Wrong(reason)], true)
            }
        }
    }

    /// What is wrong with what stands in a line now: as it is typed, before it is answered.
    pub fn problem(&self, ask: &Ask, step: crate::wizard::Step, wizard: &Wizard) -> Option<String> {
        let entry = self.entries.get(&ask.field)?;
        let text = entry.editor.text().trim();
        if matches!(ask.control, Control::Secret) {
            // What stands in the line is told apart.
            return ask.problem.clone().filter(|_| text.is_empty());
        }
        let offered = !entry.touched && ask.answered.is_none() && ask.found.is_some();
        if ADDRESSED.contains(&step) && wizard.names_a_repository(text) {
            return None;
        }
        if offered && !text.is_empty() {
            return None;
        }
        if (text.is_empty() && ask.answered.is_none()) || !entry.touched || choices(ask).is_some() {
            return ask.problem.clone();
        }
        if text.is_empty() {
            return None;
        }
        let answer = match parse(wizard, &ask.field, text) {
            Ok(answer) => answer,
            Err(reason) => return Some(reason),
        };
        let mut answers = wizard.answers().clone();
        answers.set(ask.field.clone(), answer);
        let problems = step.problems(&answers, wizard.platform(), wizard.credential().is_some());
        problems.into_iter().find(|problem| problem.field == ask.field).map(|problem| problem.message)
    }
}

/// The rows of a question that is answered by choosing one.
pub fn choices(ask: &Ask) -> Option<Vec<crate::wizard::Choice>> {
    let plain = |word: &str, title: &str| crate::wizard::Choice {
        word: word.to_owned(),
        title: title.to_owned(),
        note: String::new(),
        detail: Vec::new(),
        refused: None,
    };
    match &ask.control {
        Control::Choice(rows) => Some(rows.clone()),
        Control::Flag => Some(vec![plain("yes", "Yes"), plain("no", "No")]),
        _ => None,
    }
}

/// Turns what was typed into an answer, or says what is wrong with it in a sentence.
fn parse(wizard: &Wizard, field: &Field, text: &str) -> Result<Answer, String> {
    let mut answer = wizard.take(field, text);
    if let Err(reason) = &mut answer {
        let first = reason.chars().next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
        *reason = first + reason.get(reason.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default();
    }
    answer
}

/// What is known of a live list.
pub struct Listed<'w> {
    pub rows: &'w [Row],
    /// More may follow.
    pub going_on: bool,
    /// Why there is no more, or nothing.
    pub note: Option<&'w str>,
}

pub fn listed<'w>(wizard: &'w Wizard, query: &Query) -> Listed<'w> {
    match wizard.facts().of(query) {
        Some(Fact::Known(Value::Page(page))) => Listed { rows: &page.rows, going_on: false, note: page.cut.as_deref() },
        Some(Fact::Refused(fault)) => Listed { rows: &[], going_on: false, note: Some(&fault.text) },
        Some(Fact::Asked(_)) => Listed { rows: &[], going_on: true, note: None },
        _ => Listed { rows: &[], going_on: false, note: None },
    }
}
