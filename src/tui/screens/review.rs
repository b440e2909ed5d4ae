//! The review: everything on one page, the first line the way on, and each other one a way back to its answer.

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use crate::answers::Field;
use crate::config::Config;
use crate::tui::keys::Intent;
use crate::tui::theme::Theme;
use crate::tui::widgets::sheet::{Sheet, padded};
use crate::wizard::{Control, Step, Wizard};

/// The least width of the labels.
const LABELS: usize = 14;

/// The cursor on the review. It begins on the way on.
#[derive(Debug, Default)]
pub struct Review {
    /// The answer under the cursor; `None`: on the line that applies everything.
    at: Option<usize>,
    /// What this page asks itself is typed here.
    pub in_field: bool,
}

/// An answer on the review.
#[derive(Clone, Debug)]
pub struct Answered {
    pub step: Step,
    pub field: Field,
    pub label: String,
    pub value: String,
    pub by_default: bool,
}

/// Every answer, in the order of the path; questions that do not apply are not there.
pub fn answered(wizard: &Wizard) -> Vec<Answered> {
    let mut lines = Vec::new();
    for step in wizard.path().into_iter().take_while(|step| *step <= Step::Review) {
        for ask in wizard.screen(step).asks {
            let by_default = ask.answered.is_none();
            let Some(word) = ask.answered.or(ask.default).or((step == Step::Review).then(String::new)) else {
                continue;
            };
            let value = match &ask.control {
                Control::Choice(rows) => {
                    rows.iter().find(|row| row.word == word).map_or(word.clone(), |row| row.title.clone())
                }
                _ => word,
            };
            lines.push(Answered { step, field: ask.field, label: ask.label, value, by_default });
        }
    }
    lines
}

impl Review {
    pub fn fit(&mut self, wizard: &Wizard) {
        let count = answered(wizard).len();
        self.at = self.at.filter(|at| *at < count);
    }

    pub fn is_on_the_way_on(&self) -> bool {
        self.at.is_none()
    }

    /// The answer under the cursor; `None` on the line that applies everything.
    pub fn chosen(&self, wizard: &Wizard) -> Option<Answered> {
        answered(wizard).into_iter().nth(self.at?)
    }

    pub fn on(&mut self, intent: Intent, wizard: &Wizard) {
        let count = answered(wizard).len();
        let at = self.at.map_or(0, |at| at + 1);
        let to = match intent {
            Intent::Up => at.saturating_sub(1),
            Intent::Down => at + 1,
            Intent::PageUp => at.saturating_sub(8),
            Intent::PageDown => at + 8,
            Intent::First => 0,
            Intent::Last => count,
            _ => return,
        };
        self.at = to.min(count).checked_sub(1);
    }

    pub fn body(&self, wizard: &Wizard, theme: &Theme, width: u16) -> Sheet {
        let mut sheet = Sheet::new(width);
        self.way_on(&mut sheet, wizard, theme);
        sheet.gap();
        let lines = answered(wizard);
        let labels = lines.iter().map(|line| line.label.width()).max().unwrap_or(0).max(LABELS).min(sheet.width() / 2);
        for (at, line) in lines.into_iter().enumerate() {
            let here = self.at == Some(at);
            let pointer = if here { theme.glyphs.pointer } else { " " };
            let style = if here { theme.strong() } else { theme.text() };
            let head = vec![
                Span::styled(format!(" {pointer} "), theme.accent()),
                Span::styled(format!("{}  ", padded(&line.label, labels, theme.glyphs.cut)), theme.quiet()),
            ];
            let (value, style) = match (line.by_default, line.value.is_empty()) {
                (true, true) => ("not given".to_owned(), theme.quiet()),
                (true, false) => (format!("{} (default)", line.value), style),
                (false, _) => (line.value, style),
            };
            if here {
                sheet.focused(|sheet| sheet.row(head, &value, style, |line| theme.under_cursor(line)));
            } else {
                sheet.row(head, &value, style, |line| line);
            }
        }
        sheet
    }

    /// The line that lets everything happen, and what that is.
    fn way_on(&self, sheet: &mut Sheet, wizard: &Wizard, theme: &Theme) {
        let commands = wizard.commands();
        let here = self.at.is_none();
        let pointer = if here { theme.glyphs.pointer } else { " " };
        let words = match (wizard.settings().dry_run, commands.len()) {
            (true, _) => "Finish the dry run".to_owned(),
            (false, 1) => "Apply this".to_owned(),
            (false, count) => format!("Apply these {count} steps"),
        };
        let line = Line::from(vec![
            Span::styled(format!(" {pointer} "), theme.accent()),
            // A button, also where there are no colours.
            Span::styled(format!("[ {words} ]"), if here { theme.title() } else { theme.accent() }),
        ]);
        let listed = |sheet: &mut Sheet| {
            if wizard.settings().dry_run && !commands.is_empty() {
                sheet.text(3, "Without --dry-run this would happen:", theme.quiet());
            }
            for (at, command) in commands.iter().enumerate() {
                sheet.hanging(&format!("   {:>2}. ", at + 1), theme.quiet(), &wizard.describe(command), theme.text());
            }
        };
        if here {
            // The list comes into view with it.
            sheet.focused(|sheet| {
                sheet.line(theme.under_cursor(line));
                listed(sheet);
            });
        } else {
            sheet.line(line);
            listed(sheet);
        }
    }
}

/// The config as it will be written, where the token may go, and where it is kept.
pub fn details(sheet: &mut Sheet, wizard: &Wizard, theme: &Theme) {
    if let Some(site) = wizard.answers().site().filter(|_| wizard.credential().is_some()) {
        sheet.text(0, "The token is sent to these addresses, and to no other:", theme.quiet());
        for origin in site.origins() {
            sheet.text(2, &origin.to_string(), theme.text());
        }
        sheet.gap();
    }
    sheet.text(0, "The secret is kept in:", theme.quiet());
    sheet.text(2, &wizard.rests(), theme.text());
    sheet.gap();
    if let Some(text) = config(wizard) {
        sheet.text(0, "The config will hold:", theme.quiet());
        for line in text.lines() {
            if let Some((key, value)) = line.split_once(" = ") {
                // A list that is longer than the line goes on below itself.
                sheet.hanging(&format!("  {key} = "), theme.quiet(), value, theme.text());
            } else {
                sheet.gap();
                sheet.line(Line::styled(format!("  {line}"), theme.text()));
            }
        }
    }
}

/// The entry of this connection, as it will be written.
fn config(wizard: &Wizard) -> Option<String> {
    let connection = wizard.connection()?;
    let mut config = Config::parse(None).ok()?;
    config.put(&connection).ok()?;
    let text = config.render();
    let begin = text.find("[connections")?;
    Some(text[begin..].to_owned())
}
