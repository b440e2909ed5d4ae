//! How a page of questions looks.

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::{Entry, Form, choices, listed};
use crate::answers::holds_token;
use crate::fact::{Query, Source};
use crate::tui::screens::token::Told;
use crate::tui::screens::{choosing, token};
use crate::tui::theme::Theme;
use crate::tui::widgets::sheet::{Sheet, cut, padded};
use crate::wizard::{Ask, Control, Note, NoteKind, Screen, Wizard};

/// Rows of a list that are in sight at a time.
const LISTED: usize = 8;
/// The column in which answers begin.
const LABELS: usize = 20;
/// The widest line that is typed into.
const WIDEST: usize = 80;
/// Behind what holds if nothing is answered.
const DEFAULT: &str = " (default)";

/// What drawing needs.
#[derive(Clone, Copy)]
pub struct View<'a> {
    pub screen: &'a Screen,
    pub wizard: &'a Wizard,
    pub theme: &'a Theme,
    pub tick: usize,
    /// What the text of a token tells, where one is typed.
    pub told: &'a Told,
}

impl Form {
    /// The questions.
    pub fn body(&self, view: View<'_>, width: u16) -> Sheet {
        let mut sheet = Sheet::new(width);
        head(&mut sheet, view);
        sheet.append(self.fields(view, width));
        sheet
    }

    /// The questions without what stands above them.
    pub fn fields(&self, view: View<'_>, width: u16) -> Sheet {
        let mut sheet = Sheet::new(width);
        let alone = view.screen.asks.len() == 1;
        for (at, ask) in view.screen.asks.iter().enumerate() {
            if at == self.at {
                if at > 0 {
                    sheet.gap();
                }
                self.open(&mut sheet, ask, view, alone);
                sheet.gap();
            } else if !Self::is_aside(ask, view) {
                self.closed(&mut sheet, ask, view);
            }
        }
        let aside: Vec<&str> = view
            .screen
            .asks
            .iter()
            .enumerate()
            .filter(|(at, ask)| *at != self.at && Self::is_aside(ask, view))
            .map(|(_, ask)| ask.label.as_str())
            .collect();
        if !aside.is_empty() {
            let head = format!(" {}", padded("More, with Tab", LABELS, view.theme.glyphs.cut));
            sheet.hanging(&head, view.theme.quiet(), &aside.join(", "), view.theme.quiet());
        }
        sheet
    }

    /// What few need is named in one line, until it is answered or come to, or something was found for it.
    fn is_aside(ask: &Ask, view: View<'_>) -> bool {
        ask.advanced && ask.answered.is_none() && !Self::is_offered(ask, view)
    }

    /// Whether something was found for it that could still be taken: one source of a token is enough.
    fn is_offered(ask: &Ask, view: View<'_>) -> bool {
        let spare = ask.field.is_token_source() && view.wizard.credential().is_some();
        ask.found.is_some() && ask.answered.is_none() && !spare
    }

    /// What to know about the question that has the focus, and about the page.
    pub fn details(&self, view: View<'_>, width: u16) -> Sheet {
        let mut sheet = Sheet::new(width);
        if let Some(ask) = self.focused(view.screen) {
            if let Some(rows) = choices(ask)
                && let Some(row) = self.entries.get(&ask.field).and_then(|entry| rows.get(entry.row?))
            {
                sheet.text(0, &row.title, view.theme.strong());
                choosing::details(&mut sheet, view.theme, row);
                sheet.gap();
            }
            for sentence in &ask.help {
                sheet.text(0, sentence, view.theme.quiet());
            }
            sheet.gap();
        }
        notes(&mut sheet, &view.screen.notes, view.theme);
        sheet
    }

    /// The question that has the focus.
    fn open(&self, sheet: &mut Sheet, ask: &Ask, view: View<'_>, alone: bool) {
        let theme = view.theme;
        let Some(entry) = self.entries.get(&ask.field) else { return };
        let begin = sheet.height();
        if !alone {
            sheet.line(Line::styled(format!(" {}", ask.label), theme.title()));
        }
        if let Some(rows) = choices(ask) {
            let holds = ask.answered.as_deref().or(ask.default.as_deref());
            choosing::rows(sheet, theme, &rows, entry.row.unwrap_or(0), holds);
        } else {
            sheet.focused(|sheet| {
                input(sheet, ask, entry, theme);
                self.beneath(sheet, ask, entry, view);
            });
        }
        if !alone {
            sheet.bar(begin, theme.glyphs.bar, theme.accent());
        }
    }

    /// What stands under a line that is typed into: what is wrong with it, where it comes from, what can be chosen.
    fn beneath(&self, sheet: &mut Sheet, ask: &Ask, entry: &Entry, view: View<'_>) {
        let theme = view.theme;
        if let Some(problem) = self.problem(ask, view.screen.step, view.wizard) {
            let missing = entry.editor.is_empty() && !entry.refused;
            let (mark, style) =
                if missing { (theme.glyphs.dot, theme.quiet()) } else { (theme.glyphs.fail, theme.fail()) };
            // A row of the list is chosen already: nothing is missing.
            if !missing || entry.row.is_none() {
                sheet.hanging(&format!("   {mark} "), style, &problem, style);
            }
        } else if let Some(found) = ask.found.as_ref().filter(|_| !entry.touched && ask.answered.is_none()) {
            sheet.text(3, &format!("Found: {}. Enter takes it, typing replaces it.", found.place), theme.quiet());
            for also in &ask.also {
                sheet.text(3, &format!("Also: {} ({})", also.text, also.place), theme.quiet());
            }
        } else if let Some(text) = view.wizard.understood(&ask.field, entry.editor.text()) {
            sheet.text(3, &text, theme.quiet());
        } else if may_stay_empty(ask, entry, view.wizard) {
            sheet.text(3, "This may stay empty: enter goes on.", theme.quiet());
        }
        if matches!(ask.control, Control::Secret) {
            token::told(sheet, theme, view.told);
        }
        if let Control::Live(query) = &ask.control {
            list(sheet, entry, query, view);
        }
    }

    /// A question that does not have the focus.
    fn closed(&self, sheet: &mut Sheet, ask: &Ask, view: View<'_>) {
        let theme = view.theme;
        let entry = self.entries.get(&ask.field);
        let label = padded(&ask.label, LABELS, theme.glyphs.cut);
        let typed = entry.map(|entry| entry.editor.text()).filter(|text| !text.is_empty());
        let secret = matches!(ask.control, Control::Secret) || typed.is_some_and(holds_token);
        let title = |word: &str| {
            let rows = choices(ask).unwrap_or_default();
            rows.into_iter().find(|row| row.word == word).map_or(word.to_owned(), |row| row.title)
        };
        let room = sheet.width().saturating_sub(LABELS + 1);
        let shown = match (typed, &ask.answered, &ask.default) {
            (None, ..) if secret && is_given(view.wizard) => Span::styled(theme.glyphs.mask.repeat(8), theme.text()),
            (Some(_), ..) if secret => Span::styled(theme.glyphs.mask.repeat(8), theme.text()),
            (Some(text), ..) if choices(ask).is_none() => Span::styled(cut(text, room, theme.glyphs.cut), theme.text()),
            (_, Some(text), _) => Span::styled(cut(&title(text), room, theme.glyphs.cut), theme.text()),
            (_, None, Some(text)) => {
                let room = room.saturating_sub(DEFAULT.width());
                Span::styled(format!("{}{DEFAULT}", cut(&title(text), room, theme.glyphs.cut)), theme.quiet())
            }
            (_, None, None) => Span::styled("not given", theme.quiet()),
        };
        let mut spans = vec![Span::styled(format!(" {label}"), theme.quiet()), shown];
        if let Some(found) = ask.found.as_ref().filter(|_| Self::is_offered(ask, view)) {
            spans[1] = Span::styled(format!("found, with Tab: {}", found.place), theme.text());
        }
        sheet.line(Line::from(spans));
        if let Some(problem) = self.problem(ask, view.screen.step, view.wizard).filter(|_| ask.answered.is_some()) {
            sheet.hanging(
                &format!("{}{} ", " ".repeat(LABELS + 1), theme.glyphs.fail),
                theme.fail(),
                &problem,
                theme.fail(),
            );
        }
    }
}

/// Title and lead of a page.
pub fn head(sheet: &mut Sheet, view: View<'_>) {
    sheet.line(Line::styled(view.screen.title.clone(), view.theme.title()));
    for sentence in &view.screen.lead {
        sheet.text(0, sentence, view.theme.quiet());
    }
    sheet.blank();
}

/// Whether the line is empty, and nothing takes its place, and that is right.
fn may_stay_empty(ask: &Ask, entry: &Entry, wizard: &Wizard) -> bool {
    let given = matches!(ask.control, Control::Secret) && is_given(wizard);
    entry.editor.is_empty() && entry.row.is_none() && ask.answered.is_none() && ask.default.is_none() && !given
}

/// The line that is typed into.
fn input(sheet: &mut Sheet, ask: &Ask, entry: &Entry, theme: &Theme) {
    let width = sheet.width().saturating_sub(3).min(WIDEST);
    // A token in the wrong line is not shown either.
    let secret = matches!(ask.control, Control::Secret) || holds_token(entry.editor.text());
    let (text, column, style) = match (entry.editor.is_empty(), secret) {
        (true, _) => {
            let hint = ask
                .default
                .as_ref()
                .map(|text| format!("{}{DEFAULT}", cut(text, width.saturating_sub(DEFAULT.width()), theme.glyphs.cut)));
            (hint.unwrap_or_default(), 0, theme.placeholder())
        }
        // Always as wide: the length of a token is nobody's business.
        (false, true) => (theme.glyphs.mask.repeat(12), 12, theme.field()),
        (false, false) => {
            let (text, column) = entry.editor.window(width);
            (text, column, theme.field())
        }
    };
    sheet.cursor_in_next_line(3 + column);
    sheet.line(Line::from(vec![
        Span::styled(format!(" {} ", theme.glyphs.pointer), theme.accent()),
        Span::styled(padded(&text, width, theme.glyphs.cut), style),
    ]));
}

/// Whether a token was typed or pasted already.
fn is_given(wizard: &Wizard) -> bool {
    matches!(wizard.answers().source(), Some(Source::Typed(_)))
}

/// The rows of a live list that fit what was typed.
fn list(sheet: &mut Sheet, entry: &Entry, query: &Query, view: View<'_>) {
    let theme = view.theme;
    let listed = listed(view.wizard, query);
    let hits = entry.filter.hits();
    let count = match (hits.len(), listed.rows.len()) {
        (found, all) if found == all => format!("{all} to choose from"),
        (found, all) => format!("{found} of {all} fit what is typed"),
    };
    match (listed.going_on, listed.rows.is_empty()) {
        (true, _) => {
            let what = if matches!(query, Query::Repositories(..)) { "repositories" } else { "names" };
            let text = match view.wizard.facts().listed_so_far(query) {
                0 => "asking for the list".to_owned(),
                rows => format!("{rows} {what}\u{2026}"),
            };
            let text = text.replace('\u{2026}', theme.glyphs.cut);
            sheet.text(3, &format!("{} {text}", theme.spinner(view.tick)), theme.quiet());
        }
        (false, false) => sheet.text(3, &count, theme.quiet()),
        (false, true) => {}
    }
    if let Some(note) = listed.note {
        sheet.hanging(&format!("   {} ", theme.glyphs.warn), theme.warn(), note, theme.text());
    }
    let at = entry.row.unwrap_or(0);
    let first = at.saturating_sub(LISTED / 2).min(hits.len().saturating_sub(LISTED));
    let names = hits.iter().skip(first).take(LISTED).filter_map(|hit| listed.rows.get(hit.row));
    let widest = names.map(|row| row.name.width()).max().unwrap_or(0).min(sheet.width() / 2);
    for (number, hit) in hits.iter().enumerate().skip(first).take(LISTED) {
        let Some(row) = listed.rows.get(hit.row) else { continue };
        let here = entry.row == Some(number);
        let pointer = if here { theme.glyphs.pointer } else { " " };
        let mut spans = vec![Span::styled(format!(" {pointer} "), theme.accent())];
        let plain = if here { theme.strong() } else { theme.text() };
        for (place, letter) in row.name.chars().enumerate() {
            let found = hit.letters.binary_search(&u32::try_from(place).unwrap_or(u32::MAX)).is_ok();
            spans.push(Span::styled(letter.to_string(), if found { plain.patch(theme.found()) } else { plain }));
        }
        let note = match view.wizard.unfit(query, &row.name) {
            Some(reason) => format!("{} {} {reason}", row.note, theme.glyphs.dot),
            None => row.note.clone(),
        };
        let gap = 2 + widest.saturating_sub(row.name.width());
        let room = sheet.width().saturating_sub(row.name.width() + gap + 3);
        spans.push(Span::raw(" ".repeat(gap)));
        spans.push(Span::styled(cut(&note, room, theme.glyphs.cut), theme.quiet()));
        let line = Line::from(spans);
        sheet.line(if here { theme.under_cursor(line) } else { line });
    }
}

/// Notices, advice and pages to open.
pub fn notes(sheet: &mut Sheet, notes: &[Note], theme: &Theme) {
    for note in notes {
        let (mark, style) = match note.kind {
            NoteKind::Notice => (theme.glyphs.warn, theme.warn()),
            NoteKind::Advice => (theme.glyphs.dot, theme.accent()),
            NoteKind::Link => (theme.glyphs.pointer, theme.accent()),
        };
        sheet.hanging(&format!("{mark} "), style, &note.text, theme.text());
        if let Some(url) = &note.url {
            sheet.link(2, url, theme.link());
        }
    }
}
