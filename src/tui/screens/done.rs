//! The end: what to enter at the platform, one field after the other, ready to copy.

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use crate::platform::Entered;
use crate::tui::keys::Intent;
use crate::tui::screens::form::draw::notes;
use crate::tui::theme::Theme;
use crate::tui::widgets::sheet::{Sheet, padded};
use crate::wizard::Note;

/// The cursor: on the fields to copy, and below them on what is read, so that all of it comes into view.
#[derive(Debug, Default)]
pub struct DonePage {
    pub at: usize,
}

impl DonePage {
    pub fn on(&mut self, intent: Intent, count: usize) {
        let last = count.saturating_sub(1);
        self.at = match intent {
            Intent::Up => self.at.saturating_sub(1),
            Intent::Down => (self.at + 1).min(last),
            Intent::First => 0,
            Intent::Last => last,
            _ => self.at,
        };
    }

    pub fn fields(&self, sheet: &mut Sheet, fields: &[Entered], theme: &Theme) {
        let widest = fields.iter().map(|field| field.name.width()).max().unwrap_or(0).min(sheet.width() / 2);
        for (at, field) in fields.iter().enumerate() {
            let here = at == self.at;
            let head = vec![
                Span::styled(format!(" {} ", if here { theme.glyphs.pointer } else { " " }), theme.accent()),
                Span::styled(format!("{}  ", padded(&field.name, widest, theme.glyphs.cut)), theme.quiet()),
            ];
            let style = if field.may_copy { theme.strong() } else { theme.quiet() };
            if here {
                sheet.focused(|sheet| sheet.row(head, &field.value, style, |line| theme.under_cursor(line)));
            } else {
                sheet.row(head, &field.value, style, |line| line);
            }
        }
    }
}

/// The steps at the platform, numbered; `at`: the one under the cursor.
pub fn steps(sheet: &mut Sheet, menu: &str, steps: &[String], theme: &Theme, at: Option<usize>) {
    if !menu.is_empty() {
        sheet.line(Line::from(vec![Span::styled(menu.to_owned(), theme.strong())]));
    }
    for (number, step) in steps.iter().enumerate() {
        let head = format!(" {:>2}. ", number + 1);
        if at == Some(number) {
            sheet.focused(|sheet| sheet.hanging(&head, theme.accent(), step, theme.text()));
        } else {
            sheet.hanging(&head, theme.quiet(), step, theme.text());
        }
    }
}

/// What to know from now on; `at`: the one under the cursor.
pub fn afterwards(sheet: &mut Sheet, all: &[Note], theme: &Theme, at: Option<usize>) {
    for (number, note) in all.iter().enumerate() {
        if at == Some(number) {
            sheet.focused(|sheet| notes(sheet, std::slice::from_ref(note), theme));
        } else {
            notes(sheet, std::slice::from_ref(note), theme);
        }
    }
}
