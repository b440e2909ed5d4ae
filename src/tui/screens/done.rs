//! The end: what to enter at the platform, one field after the other, ready to copy.

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use crate::platform::Entered;
use crate::tui::keys::Intent;
use crate::tui::theme::Theme;
use crate::tui::widgets::sheet::{Sheet, padded};

/// The cursor on the fields to copy.
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

/// The steps at the platform, numbered.
pub fn steps(sheet: &mut Sheet, menu: &str, steps: &[String], theme: &Theme) {
    if !menu.is_empty() {
        sheet.line(Line::from(vec![Span::styled(menu.to_owned(), theme.strong())]));
    }
    for (number, step) in steps.iter().enumerate() {
        sheet.hanging(&format!(" {:>2}. ", number + 1), theme.quiet(), step, theme.text());
    }
}
