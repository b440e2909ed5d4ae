//! Choosing one of a few rows, all of them in sight.

use ratatui::text::Span;
use unicode_width::UnicodeWidthStr as _;

use crate::tui::theme::Theme;
use crate::tui::widgets::sheet::{Sheet, padded};
use crate::wizard::Choice;

/// Pointer and mark before a title.
const HEAD: usize = 5;
/// The least columns in which a note can be read.
const LEAST: usize = 28;

/// The row to begin with: the one that was answered, or holds by default, else the first that can be chosen.
pub fn first(rows: &[Choice], wanted: Option<&str>) -> usize {
    let wanted = wanted.and_then(|word| rows.iter().position(|row| row.word == word));
    wanted.or_else(|| rows.iter().position(|row| row.refused.is_none())).unwrap_or(0)
}

/// The row after (or before) `at` that can be looked at; refused rows can, since they say why.
pub fn step(rows: &[Choice], at: usize, down: bool) -> usize {
    if down { (at + 1).min(rows.len().saturating_sub(1)) } else { at.saturating_sub(1) }
}

/// Draws the rows. `answered` is the word that holds now; `chosen` the row under the cursor.
pub fn rows(sheet: &mut Sheet, theme: &Theme, rows: &[Choice], chosen: usize, answered: Option<&str>) {
    let widest = rows.iter().map(|row| row.title.width()).max().unwrap_or(0).min(sheet.width().saturating_sub(HEAD));
    let room = sheet.width().saturating_sub(widest + HEAD + 2);
    // A note stands beside its title, or below it where that leaves no room for words.
    let beside = room >= LEAST || rows.iter().all(|row| note(row).width() <= room);
    for (at, row) in rows.iter().enumerate() {
        let here = at == chosen;
        let holds = answered == Some(row.word.as_str());
        let mark = if holds { theme.glyphs.chosen } else { theme.glyphs.unchosen };
        let pointer = if here { theme.glyphs.pointer } else { " " };
        let refused = row.refused.is_some();
        let title = match (refused, here) {
            (true, _) => theme.quiet(),
            (false, true) => theme.strong(),
            (false, false) => theme.text(),
        };
        let mut head = vec![
            Span::styled(format!(" {pointer} "), theme.accent()),
            Span::styled(format!("{mark} "), if holds { theme.accent() } else { theme.quiet() }),
        ];
        let add = |sheet: &mut Sheet| {
            let drawn = |line| if here { theme.under_cursor(line) } else { line };
            if beside {
                head.push(Span::styled(padded(&row.title, widest, theme.glyphs.cut), title));
                head.push(Span::raw("  "));
                return sheet.row(head, note(row), theme.quiet(), drawn);
            }
            sheet.row(head, &row.title, title, drawn);
            if !note(row).is_empty() {
                sheet.row(vec![Span::raw(" ".repeat(HEAD + 2))], note(row), theme.quiet(), drawn);
            }
        };
        if here {
            sheet.focused(add);
        } else {
            add(sheet);
        }
    }
}

fn note(row: &Choice) -> &str {
    if row.refused.is_some() { "not possible here" } else { &row.note }
}

/// What choosing the row under the cursor means, or why it cannot be chosen.
pub fn details(sheet: &mut Sheet, theme: &Theme, row: &Choice) {
    if let Some(reason) = &row.refused {
        sheet.hanging(&format!("{} ", theme.glyphs.fail), theme.fail(), reason, theme.text());
        sheet.gap();
    }
    for (at, sentence) in row.detail.iter().enumerate() {
        let head = if at == 0 { String::new() } else { format!("{} ", theme.glyphs.dot) };
        sheet.hanging(&head, theme.accent(), sentence, theme.text());
    }
}
