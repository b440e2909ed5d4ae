//! The checks: every row is there at once, and settles where it stands.
//!
//! What failed shows under its row what to do; of the others the row under the cursor does. When a row grows, the row
//! under the cursor stays where it is.

use std::time::Duration;

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use crate::check::{Check, CheckId, Verdict};
use crate::tui::keys::Intent;
use crate::tui::theme::Theme;
use crate::tui::widgets::sheet::{Sheet, cut, padded};

/// The column of titles is as wide as this at most.
const TITLES: usize = 34;

/// The column of times.
const TIMES: usize = 7;

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
        let widest = checks.iter().map(|check| check.title.width()).max().unwrap_or(0);
        let widest = widest.min(TITLES).min(sheet.width() / 2);
        for check in checks {
            let here = Some(&check.id) == self.at.as_ref();
            let line = row(check, here, widest, sheet.width(), theme, tick);
            if here {
                sheet.focused(|sheet| {
                    sheet.line(line);
                    beneath(sheet, check, true, widest, theme);
                });
                sheet.anchor(check.id.name());
            } else {
                sheet.line(line);
                beneath(sheet, check, false, widest, theme);
            }
        }
    }
}

fn row(check: &Check, here: bool, widest: usize, width: usize, theme: &Theme, tick: Option<usize>) -> Line<'static> {
    let word = check.verdict.name();
    let (mark, style) = theme.verdict(word);
    let pending = check.verdict == Verdict::Pending;
    let mark = tick.filter(|_| pending).map_or(mark, |tick| theme.spinner(tick));
    let pointer = if here { theme.glyphs.pointer } else { " " };
    let took = check.took.filter(|_| !pending).map(time).unwrap_or_default();
    let room = width.saturating_sub(widest + TIMES + 17);
    let detail = if pending && tick.is_none() {
        "comes last, when everything is applied".to_owned()
    } else if pending {
        String::new()
    } else {
        cut(&check.detail, room, theme.glyphs.cut)
    };
    let line = Line::from(vec![
        Span::styled(format!("{pointer} "), theme.accent()),
        Span::styled(format!("{mark} {word:9}"), style),
        Span::styled(padded(&check.title, widest, theme.glyphs.cut), if here { theme.strong() } else { theme.text() }),
        Span::styled(format!("  {}", padded(&detail, room, theme.glyphs.cut)), theme.quiet()),
        Span::styled(format!(" {took:>TIMES$}"), theme.quiet()),
    ]);
    if here { line.style(theme.selected()) } else { line }
}

/// What to do about a check, under its row.
fn beneath(sheet: &mut Sheet, check: &Check, here: bool, widest: usize, theme: &Theme) {
    const INDENT: usize = 13;
    let cut_off = check.detail.width() + widest + TIMES + 17 > sheet.width();
    let open = here || check.verdict.is_fail();
    if open && cut_off && check.verdict != Verdict::Pending {
        sheet.text(INDENT, &check.detail, theme.text());
    }
    let Some(finding) = check.verdict.finding().filter(|_| open) else { return };
    sheet.hanging(
        &format!("{}{} ", " ".repeat(INDENT - 2), theme.glyphs.pointer),
        theme.accent(),
        &finding.remedy.text,
        theme.text(),
    );
    if let Some(url) = &finding.remedy.url {
        sheet.link(INDENT, url, theme.link());
    }
}

/// How many of each verdict there are.
pub fn summary(checks: &[Check], theme: &Theme) -> Line<'static> {
    let mut spans = Vec::new();
    for word in ["fail", "warn", "unknown", "pass", "pending"] {
        let count = checks.iter().filter(|check| check.verdict.name() == word).count();
        if count > 0 {
            let (mark, style) = theme.verdict(word);
            spans.push(Span::styled(format!("{mark} {count} {word}   "), style));
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
