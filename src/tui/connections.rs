//! The list of connections as a scene: how each stands, and what can be done with it.
//!
//! What it shows and does comes from a [`Desk`]; the scene holds nothing but the rows, the cursor and what is under way.

use std::collections::{BTreeMap, BTreeSet};

use ratatui::text::{Line, Span};
use tokio::task::JoinSet;
use unicode_width::UnicodeWidthStr as _;

use super::frame::Page;
use super::keys::{Context, Intent};
use super::scene::{Deed, Look, Question, Scene, Topic};
use super::widgets::sheet::{Sheet, padded};

/// Beside the name of the active one.
const ACTIVE: &str = "active";

const NONE_ACTIVE: &str =
    "No connection is active: where several serve one host, git takes the active one. u makes the chosen one active.";

/// A connection, as a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    pub active: bool,
    pub platform: String,
    pub provider: String,
    pub host: String,
    pub owner: String,
    /// `in 12 days (2027-02-01)`
    pub ends: String,
    /// It has ended, or will soon.
    pub urgent: bool,
    /// The last verdict and its day.
    pub verdict: Option<(String, String)>,
    /// What it comes from: `: expiry`; empty where all passed.
    pub because: String,
}

/// What the list works with. Every failure is a sentence to show.
pub trait Desk: Clone + Send + 'static {
    fn rows(&self) -> Result<Vec<Row>, String>;
    /// What is there and is no row: what cannot be read, what was not finished. One sentence or two each.
    fn amiss(&self) -> Vec<String>;
    /// Everything about a connection, in lines.
    fn show(&self, name: &str) -> Result<Vec<String>, String>;
    /// What becomes of what belongs to a connection when it is removed.
    fn parting(&self, name: &str) -> Result<Parting, String>;
    fn activate(&self, name: &str) -> Result<(), String>;
    /// Removes a connection and its stored secret; may wait for a store.
    fn remove(&self, name: &str) -> Result<String, String>;
    /// Every live check of a connection again: what came of it, in words, and the checks that did not pass.
    fn check(&self, name: &str) -> impl Future<Output = Result<Checked, String>> + Send;
}

/// What becomes of what belongs to a connection when it is removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parting {
    /// One thing each.
    pub goes: Vec<String>,
    pub stays: Vec<String>,
    /// What to do afterwards: sentences.
    pub then: Vec<String>,
}

/// What a look at a connection came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    pub verdict: String,
    /// Verdict, title, what was seen, what to do: of what did not pass.
    pub open: Vec<(String, String, String, String)>,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    Add,
    Edit(String),
    Rotate(String),
    Leave,
}

enum Errand {
    Checked(String, Result<Checked, String>),
    /// What was changed, or why not.
    Done(Result<String, String>),
}

pub struct Connections<D> {
    desk: D,
    about: String,
    rows: Vec<Row>,
    amiss: Vec<String>,
    at: usize,
    /// What was seen of each in this run.
    seen: BTreeMap<String, Result<Checked, String>>,
    under_way: BTreeSet<String>,
    errands: JoinSet<Errand>,
    /// The connection that is shown whole.
    shown: Option<(String, Vec<String>)>,
    turns: usize,
}

impl<D: Desk> Connections<D> {
    /// # Errors
    /// Why the connections cannot be read.
    pub fn new(desk: D, about: String) -> Result<Self, String> {
        let rows = desk.rows()?;
        let at = rows.iter().position(|row| row.active).unwrap_or(0);
        Ok(Self {
            amiss: desk.amiss(),
            desk,
            about,
            rows,
            at,
            seen: BTreeMap::new(),
            under_way: BTreeSet::new(),
            errands: JoinSet::new(),
            shown: None,
            turns: 0,
        })
    }

    /// The same with the cursor on this connection, where it is still there.
    #[must_use]
    pub fn at(self, name: Option<&str>) -> Self {
        let at = name.and_then(|name| self.rows.iter().position(|row| row.name == name));
        Self { at: at.unwrap_or(self.at), ..self }
    }

    fn chosen(&self) -> Option<&Row> {
        self.rows.get(self.at)
    }

    /// The rows as they are on the disk now.
    fn reload(&mut self) -> Vec<Deed<Chosen>> {
        match self.desk.rows() {
            Ok(rows) => {
                self.rows = rows;
                self.amiss = self.desk.amiss();
                self.at = self.at.min(self.rows.len().saturating_sub(1));
                Vec::new()
            }
            Err(reason) => vec![Deed::Warn(reason)],
        }
    }

    fn moved(&mut self, intent: Intent) {
        let last = self.rows.len().saturating_sub(1);
        self.at = match intent {
            Intent::Up => self.at.saturating_sub(1),
            Intent::Down => self.at + 1,
            Intent::PageUp => self.at.saturating_sub(8),
            Intent::PageDown => self.at + 8,
            Intent::First => 0,
            Intent::Last => last,
            _ => self.at,
        }
        .min(last);
    }

    fn check(&mut self) -> Vec<Deed<Chosen>> {
        let Some(name) = self.chosen().map(|row| row.name.clone()) else { return Vec::new() };
        if self.under_way.insert(name.clone()) {
            let desk = self.desk.clone();
            self.errands.spawn(async move {
                let checked = desk.check(&name).await;
                Errand::Checked(name, checked)
            });
        }
        Vec::new()
    }

    fn show(&mut self) -> Vec<Deed<Chosen>> {
        let Some(name) = self.chosen().map(|row| row.name.clone()) else { return Vec::new() };
        match self.desk.show(&name) {
            Ok(lines) => {
                self.shown = Some((name, lines));
                self.turns += 1;
                Vec::new()
            }
            Err(reason) => vec![Deed::Warn(reason)],
        }
    }

    fn activate(&mut self) {
        let Some(name) = self.chosen().map(|row| row.name.clone()) else { return };
        let desk = self.desk.clone();
        // Another run may hold the config.
        self.errands.spawn_blocking(move || {
            let outcome = desk.activate(&name).map(|()| format!("The active connection is now {name}"));
            Errand::Done(outcome)
        });
    }

    fn ask_to_remove(&self) -> Vec<Deed<Chosen>> {
        let Some(row) = self.chosen() else { return Vec::new() };
        let parting = match self.desk.parting(&row.name) {
            Ok(parting) => parting,
            Err(reason) => return vec![Deed::Warn(reason)],
        };
        let mut text = Vec::new();
        for (word, things) in [("Goes", parting.goes), ("Stays", parting.stays)] {
            text.push(format!("  {word}: {}.", things.join("; ")));
        }
        text.extend(parting.then.iter().map(|sentence| format!("  {sentence}")));
        if row.active && self.rows.len() > 1 {
            text.push("  It is the active connection, and afterwards none is: u makes another one active.".to_owned());
        }
        vec![Deed::Ask(Question {
            topic: Topic::Remove(row.name.clone()),
            title: format!("Remove {}?", row.name),
            text,
            yes: "Remove it".to_owned(),
            no: "Keep it".to_owned(),
        })]
    }

    fn list(&self, look: Look<'_>) -> Sheet {
        let theme = look.theme;
        let mut sheet = Sheet::new(look.body_width());
        sheet.line(Line::styled("Connections", theme.title()));
        sheet.blank();
        if self.rows.is_empty() {
            sheet.text(1, "There is no connection yet: a sets one up.", theme.text());
        } else {
            self.table(&mut sheet, look);
        }
        let none_active = self.has_no_active().then_some(NONE_ACTIVE);
        for sentence in none_active.into_iter().chain(self.amiss.iter().map(String::as_str)) {
            sheet.gap();
            sheet.hanging(&format!("{} ", theme.glyphs.warn), theme.warn(), sentence, theme.text());
        }
        sheet
    }

    fn table(&self, sheet: &mut Sheet, look: Look<'_>) {
        let theme = look.theme;
        let columns = Columns::of(&self.rows, sheet.width());
        sheet.line(Line::styled(columns.head(), theme.quiet()));
        for (at, row) in self.rows.iter().enumerate() {
            let line = self.row(row, at == self.at, columns, look);
            if at == self.at {
                sheet.focused(|sheet| sheet.line(theme.under_cursor(line)));
            } else {
                sheet.line(line);
            }
        }
    }

    fn row(&self, row: &Row, here: bool, columns: Columns, look: Look<'_>) -> Line<'static> {
        let theme = look.theme;
        let word = self.verdict(row);
        let (mark, style) = word.as_deref().map_or((theme.glyphs.pending, theme.quiet()), |word| theme.verdict(word));
        let mark = if self.under_way.contains(&row.name) { theme.spinner(look.tick) } else { mark };
        let beside = |text: &str, width: usize| match width {
            0 => String::new(),
            width => format!("  {}", padded(text, width, theme.glyphs.cut)),
        };
        let active = if row.active { format!("{} {ACTIVE}", theme.glyphs.pass) } else { String::new() };
        Line::from(vec![
            Span::styled(format!("{} ", if here { theme.glyphs.pointer } else { " " }), theme.accent()),
            Span::styled(
                padded(&row.name, columns.name, theme.glyphs.cut),
                if here { theme.strong() } else { theme.text() },
            ),
            Span::styled(beside(&active, columns.active), theme.pass()),
            Span::styled(beside(&row.provider, columns.provider), theme.quiet()),
            Span::styled(beside(&row.owner, columns.owner), theme.text()),
            Span::styled(format!("  {mark} {:8}", word.as_deref().unwrap_or("not yet")), style),
            Span::styled(format!("  {}", short(&row.ends)), if row.urgent { theme.warn() } else { theme.quiet() }),
        ])
    }

    /// Whether there are some, and none is the active one.
    fn has_no_active(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(|row| !row.active)
    }

    /// The verdict of this run, else the last one.
    fn verdict(&self, row: &Row) -> Option<String> {
        match self.seen.get(&row.name) {
            Some(Ok(checked)) => Some(checked.verdict.clone()),
            _ => row.verdict.as_ref().map(|(word, _)| word.clone()),
        }
    }

    fn details(&self, look: Look<'_>) -> Sheet {
        let theme = look.theme;
        let mut sheet = Sheet::new(look.details_width());
        let Some(row) = self.chosen() else { return sheet };
        sheet.text(0, &row.name, theme.strong());
        for (label, value) in [
            ("Active", if row.active { "yes" } else { "no: u makes it so" }),
            ("Platform", row.platform.as_str()),
            ("Provider", row.provider.as_str()),
            ("Host", row.host.as_str()),
            ("Owner", row.owner.as_str()),
            ("Token ends", row.ends.as_str()),
        ] {
            sheet.hanging(&format!("{label:12}"), theme.quiet(), value, theme.text());
        }
        match self.seen.get(&row.name) {
            Some(Ok(checked)) if checked.open.is_empty() => {
                sheet.gap();
                sheet.hanging(
                    &format!("{} ", theme.glyphs.pass),
                    theme.pass(),
                    "Every check passed just now.",
                    theme.text(),
                );
            }
            Some(Ok(checked)) => {
                sheet.gap();
                for (word, title, detail, remedy) in &checked.open {
                    let (mark, style) = theme.verdict(word);
                    sheet.hanging(&format!("{mark} {word:8}"), style, &format!("{title}: {detail}"), theme.text());
                    sheet.hanging(&format!("{:8}{} ", "", theme.glyphs.pointer), theme.accent(), remedy, theme.text());
                }
            }
            Some(Err(reason)) => sheet.hanging(&format!("{} ", theme.glyphs.fail), theme.fail(), reason, theme.text()),
            None => {
                let told = |(word, day): &(String, String)| format!("{word} on {day}{}", row.because);
                let checked = row.verdict.as_ref().map_or("not yet".to_owned(), told);
                sheet.hanging(&format!("{:12}", "Checked"), theme.quiet(), &checked, theme.text());
            }
        }
        sheet
    }
}

/// How wide the columns of the list are; 0 where there is no room for one: what it says is in the details.
#[derive(Clone, Copy)]
struct Columns {
    name: usize,
    active: usize,
    provider: usize,
    owner: usize,
}

impl Columns {
    fn of(rows: &[Row], whole: usize) -> Self {
        let width = |of: fn(&Row) -> &str| rows.iter().map(|row| of(row).width()).max().unwrap_or(0);
        let active = if rows.iter().any(|row| row.active) { ACTIVE.width() + 2 } else { 0 };
        // The pointer; the word and its gap; mark and verdict; when it ends.
        let kept = 2 + active + if active > 0 { 2 } else { 0 } + 12 + 2 + width(|row| short(&row.ends)).max(4);
        let name = width(|row| &row.name).max(4).min(whole.saturating_sub(kept).max(12));
        let mut room = whole.saturating_sub(kept + name);
        let mut column = |wanted: usize, least: usize| {
            let given = if room >= wanted.min(least) + 2 { wanted.min(room - 2) } else { 0 };
            room = room.saturating_sub(if given > 0 { given + 2 } else { 0 });
            given
        };
        let owner = column(width(|row| &row.owner).clamp(5, 24), 12);
        let provider = column(width(|row| &row.provider).clamp(8, 24), 10);
        Self { name, active, provider, owner }
    }

    fn head(self) -> String {
        let beside = |text: &str, width: usize| match width {
            0 => String::new(),
            width => format!("  {}", padded(text, width, "")),
        };
        let (active, provider) = (beside("", self.active), beside("Provider", self.provider));
        format!(
            "  {}{active}{provider}{}  {:10}  Ends",
            padded("Name", self.name, ""),
            beside("Owner", self.owner),
            "Checked"
        )
    }
}

/// A distance without its day, for a row.
fn short(ends: &str) -> &str {
    ends.split(" (").next().unwrap_or_default()
}

impl<D: Desk> Scene for Connections<D> {
    type End = Chosen;

    fn context(&self) -> Context {
        if self.shown.is_some() { Context::Reading } else { Context::Connections }
    }

    fn absent(&self) -> Vec<Intent> {
        if self.shown.is_some() { vec![Intent::Open, Intent::Code] } else { Vec::new() }
    }

    fn intend(&mut self, intent: Intent) -> Vec<Deed<Chosen>> {
        if self.shown.is_some() {
            return match intent {
                Intent::Back => {
                    self.shown = None;
                    self.turns += 1;
                    Vec::new()
                }
                Intent::Leave => vec![Deed::End(Chosen::Leave)],
                _ => vec![Deed::Scroll(intent)],
            };
        }
        match intent {
            Intent::Leave => vec![Deed::End(Chosen::Leave)],
            Intent::Add => vec![Deed::End(Chosen::Add)],
            Intent::Jump => self.chosen().map(|row| Deed::End(Chosen::Edit(row.name.clone()))).into_iter().collect(),
            Intent::Rotate => {
                self.chosen().map(|row| Deed::End(Chosen::Rotate(row.name.clone()))).into_iter().collect()
            }
            Intent::Accept => self.show(),
            Intent::Check => self.check(),
            Intent::Activate => {
                self.activate();
                Vec::new()
            }
            Intent::Remove => self.ask_to_remove(),
            _ => {
                self.moved(intent);
                Vec::new()
            }
        }
    }

    fn letter(&mut self, _: char) -> Vec<Deed<Chosen>> {
        Vec::new()
    }

    fn paste(&mut self, _: &str) -> Vec<Deed<Chosen>> {
        Vec::new()
    }

    fn answered(&mut self, topic: Topic, yes: bool) -> Vec<Deed<Chosen>> {
        match (topic, yes) {
            (Topic::Leave, true) => return vec![Deed::End(Chosen::Leave)],
            (Topic::Remove(name), true) => {
                let desk = self.desk.clone();
                // Where it holds up nobody: a store may ask a person first.
                self.errands.spawn_blocking(move || Errand::Done(desk.remove(&name)));
            }
            _ => {}
        }
        Vec::new()
    }

    fn page(&mut self, look: Look<'_>) -> Page {
        let about = self.about.clone();
        if let Some((_, lines)) = &self.shown {
            let mut body = Sheet::new(look.body_width());
            for line in lines {
                let indent = line.len() - line.trim_start().len();
                if indent == 0 {
                    body.text(0, line, look.theme.title());
                } else if let Some((_, value)) = line[indent..].split_once("  ") {
                    // A label, and what belongs to it in a column of its own.
                    let value = value.trim_start();
                    let label = &line[..line.len() - value.len()];
                    body.hanging(label, look.theme.quiet(), value, look.theme.text());
                } else {
                    body.text(indent, line, look.theme.text());
                }
            }
            return Page { about, body, ..Page::default() };
        }
        Page { about, body: self.list(look), details: self.details(look), ..Page::default() }
    }

    fn place(&self) -> usize {
        self.turns
    }

    fn is_waiting(&self) -> bool {
        !self.errands.is_empty()
    }

    async fn outcome(&mut self) -> Vec<Deed<Chosen>> {
        let Some(joined) = self.errands.join_next().await else { return std::future::pending().await };
        match joined {
            Ok(Errand::Checked(name, checked)) => {
                self.under_way.remove(&name);
                self.seen.insert(name, checked);
                self.reload()
            }
            Ok(Errand::Done(outcome)) => {
                let mut deeds = self.reload();
                deeds.push(match outcome {
                    Ok(text) => Deed::Say(text),
                    Err(reason) => Deed::Warn(reason),
                });
                deeds
            }
            Err(_) => {
                self.under_way.clear();
                vec![Deed::Warn("The program broke down while it did this; the rest went on.".to_owned())]
            }
        }
    }
}
