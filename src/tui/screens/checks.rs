//! The checks: every row is there at once, and settles where it stands.
//!
//! What did not pass says why, in whole sentences: beside its title where there is room, else below it. What failed, and
//! the row under the cursor, show what to do as well. When a row grows, the row under the cursor stays where it is.

use std::time::Duration;

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use crate::check::{Check, CheckId, Verdict};
use crate::tui::keys::Intent;
use crate::tui::theme::Theme;
use crate::tui::widgets::sheet::{Sheet, padded, wrap};

/// The column of titles is as wide as this at most.
const TITLES: usize = 34;

/// The column of times.
const TIMES: usize = 7;

/// Pointer, mark and word of a row.
const HEAD: usize = 13;

/// The least columns in which a sentence can be read.
const LEAST: usize = 56;

/// The cursor on the checks.
#[derive(Debug, Default)]
pub struct Checks {
    at: Option<CheckId>,
    /// Somebody moved it: it stays where it is.
    moved: bool,
}

impl Checks {
    /// Keeps the cursor on its check. Until somebody moves it, it goes to the first row that is worst once all are settled.
    pub fn fit(&mut self, checks: &[Check], settled: bool) {
        let gone = self.at.as_ref().is_none_or(|id| checks.iter().all(|check| check.id != *id));
        if gone || (settled && !self.moved) {
            let worst = ["fail", "warn", "unknown"]
                .into_iter()
                .find_map(|word| checks.iter().find(|check| settled && check.verdict.name() == word));
            self.at = worst.or(checks.first()).map(|check| check.id.clone());
        }
    }

    pub fn chosen<'c>(&self, checks: &'c [Check]) -> Option<&'c Check> {
        checks.iter().find(|check| Some(&check.id) == self.at.as_ref())
    }

    pub fn on(&mut self, intent: Intent, checks: &[Check]) {
        let Some(last) = checks.len().checked_sub(1) else { return };
        let at = checks.iter().position(|check| Some(&check.id) == self.at.as_ref()).unwrap_or(0);
        let to = match intent {
            Intent::Up => at.saturating_sub(1),
            Intent::Down => at + 1,
            Intent::PageUp => at.saturating_sub(8),
            Intent::PageDown => at + 8,
            Intent::First => 0,
            Intent::Last => last,
            _ => return,
        };
        self.moved = true;
        self.at = Some(checks[to.min(last)].id.clone());
    }

    /// `tick`: of what goes on, if anything does.
    pub fn rows(&self, sheet: &mut Sheet, checks: &[Check], theme: &Theme, tick: Option<usize>) {
        let columns = Columns::of(checks, sheet.width());
        let mut above: Option<&Check> = None;
        for check in checks {
            let here = Some(&check.id) == self.at.as_ref();
            let again = above.is_some_and(|above| says_the_same(above, check)) && !here;
            let row = Row { check, here, again, columns, theme, tick };
            if here {
                sheet.focused(|sheet| row.draw(sheet));
            } else {
                row.draw(sheet);
            }
            if here && self.moved {
                sheet.anchor(check.id.name());
            }
            above = Some(check);
        }
    }
}

/// Where the parts of a row stand.
#[derive(Clone, Copy)]
struct Columns {
    title: usize,
    /// The width of what was seen, where there is room for it beside the title.
    detail: Option<usize>,
    whole: usize,
}

impl Columns {
    fn of(checks: &[Check], whole: usize) -> Self {
        let title = checks.iter().map(|check| check.title.width()).max().unwrap_or(0).min(TITLES).min(whole / 2);
        let room = whole.saturating_sub(HEAD + title + 2 + TIMES + 1);
        Self { title, detail: Some(room).filter(|room| *room >= LEAST), whole }
    }

    /// The column in which what belongs to a check stands.
    fn indent(self) -> usize {
        if self.detail.is_some() { HEAD + self.title + 2 } else { HEAD }
    }
}

/// Two that were not asked for one reason need not say it twice.
fn says_the_same(one: &Check, other: &Check) -> bool {
    !other.verdict.is_fail()
        && other.verdict.finding().is_some()
        && one.verdict.name() == other.verdict.name()
        && one.detail == other.detail
}

struct Row<'r> {
    check: &'r Check,
    here: bool,
    /// It says what the row above says.
    again: bool,
    columns: Columns,
    theme: &'r Theme,
    tick: Option<usize>,
}

impl Row<'_> {
    fn draw(&self, sheet: &mut Sheet) {
        let theme = self.theme;
        let detail = self.detail();
        let mut below = match self.columns.detail {
            Some(room) => wrap(&detail, room),
            None => wrap(&detail, self.columns.whole.saturating_sub(HEAD)),
        };
        let beside = match self.columns.detail {
            // What is short enough stands in the row itself, and so does the beginning of what is not.
            Some(_) => below.remove(0),
            None if self.again => std::mem::take(&mut below).swap_remove(0),
            None => String::new(),
        };
        let style = if self.here || self.check.verdict.is_fail() { theme.text() } else { theme.quiet() };
        sheet.line(self.line(&beside, style));
        for line in below.iter().filter(|line| !line.is_empty()) {
            sheet.text(self.columns.indent(), line, style);
        }
        self.remedy(sheet);
    }

    /// What was seen: all of it where the cursor is or where it failed, and no sentence cut elsewhere.
    fn detail(&self) -> String {
        let check = self.check;
        if check.verdict == Verdict::Pending {
            return if self.tick.is_some() { "" } else { "Comes last, when everything is applied." }.to_owned();
        }
        let first = || check.detail.split_inclusive(". ").next().unwrap_or_default().trim_end().to_owned();
        match (self.again, self.here || check.verdict.is_fail(), check.verdict.finding()) {
            (true, ..) => "as above".to_owned(),
            (_, true, _) => check.detail.clone(),
            // What passed needs no reason, and has one where there is room beside it.
            (.., None) if self.columns.detail.is_none() => String::new(),
            _ => first(),
        }
    }

    fn line(&self, beside: &str, detail: Style) -> Line<'static> {
        let (check, theme) = (self.check, self.theme);
        let word = check.verdict.name();
        let (mark, style) = theme.verdict(word);
        let pending = check.verdict == Verdict::Pending;
        let mark = self.tick.filter(|_| pending).map_or(mark, |tick| theme.spinner(tick));
        let pointer = if self.here { theme.glyphs.pointer } else { " " };
        let took = check.took.filter(|_| !pending).map(time).unwrap_or_default();
        let room = self.columns.whole.saturating_sub(HEAD + self.columns.title + 2 + TIMES + 1);
        let title = if self.here { theme.strong() } else { theme.text() };
        let line = Line::from(vec![
            Span::styled(format!("{pointer} "), theme.accent()),
            Span::styled(format!("{mark} {word:9}"), style),
            Span::styled(padded(&check.title, self.columns.title, theme.glyphs.cut), title),
            Span::styled(format!("  {}", padded(beside, room, theme.glyphs.cut)), detail),
            Span::styled(format!(" {took:>TIMES$}"), theme.quiet()),
        ]);
        if self.here { theme.under_cursor(line) } else { line }
    }

    /// What to do about it.
    fn remedy(&self, sheet: &mut Sheet) {
        let open = self.here || self.check.verdict.is_fail();
        let Some(finding) = self.check.verdict.finding().filter(|_| open) else { return };
        let indent = self.columns.indent();
        sheet.hanging(
            &format!("{}{} ", " ".repeat(indent - 2), self.theme.glyphs.pointer),
            self.theme.accent(),
            &finding.remedy.text,
            self.theme.text(),
        );
        if let Some(url) = &finding.remedy.url {
            sheet.link(indent, url, self.theme.link());
        }
    }
}

/// How many of each verdict there are.
pub fn summary(checks: &[Check], theme: &Theme) -> Line<'static> {
    let mut spans = Vec::new();
    for word in ["fail", "warn", "unknown", "pass", "pending"] {
        let count = checks.iter().filter(|check| check.verdict.name() == word).count();
        if count > 0 {
            let (mark, style) = theme.verdict(word);
            spans.push(Span::styled(format!("{mark} {count} {word}  "), style));
        }
    }
    Line::from(spans)
}

/// A time in few letters: `12 ms`, `1.4 s`.
pub fn time(took: Duration) -> String {
    match took.as_millis() {
        millis @ 0..1000 => format!("{millis} ms"),
        _ => format!("{:.1} s", took.as_secs_f64()),
    }
}
