//! What stands in front of a page until it is closed: the help, a question, a code for a camera.

use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use crate::tui::frame::Page;
use crate::tui::keys::{self, Context, Intent};
use crate::tui::scene::{Look, Menu, Question, Topic};
use crate::tui::theme::{Theme, UNICODE};
use crate::tui::widgets::code::Code;
use crate::tui::widgets::sheet::{Sheet, cut, padded};

/// The widest names of keys in the help.
const NAMES: usize = 34;

#[derive(Debug)]
pub enum Over {
    Help { context: Context, scroll: usize },
    Question { question: Question, yes: bool, scroll: usize },
    Code { url: String, code: Code, scroll: usize },
    Menu { menu: Menu, scroll: usize },
}

/// What a key came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    Open,
    Closed,
    Said(Topic, bool),
    /// Leave the program, from wherever.
    Leave,
}

impl Over {
    pub fn help(context: Context) -> Self {
        Self::Help { context, scroll: 0 }
    }

    pub fn question(question: Question) -> Self {
        Self::Question { question, yes: false, scroll: 0 }
    }

    pub fn menu(menu: Menu) -> Self {
        Self::Menu { menu, scroll: 0 }
    }

    pub fn code(url: &str) -> Option<Self> {
        Some(Self::Code { url: url.to_owned(), code: Code::of(url)?, scroll: 0 })
    }

    pub fn context(&self) -> Context {
        match self {
            Self::Help { .. } => Context::Help,
            Self::Question { .. } => Context::Question,
            Self::Code { .. } => Context::Reading,
            Self::Menu { .. } => Context::Menu,
        }
    }

    pub fn scroll(&mut self) -> &mut usize {
        match self {
            Self::Help { scroll, .. }
            | Self::Question { scroll, .. }
            | Self::Code { scroll, .. }
            | Self::Menu { scroll, .. } => scroll,
        }
    }

    pub fn on(&mut self, intent: Intent) -> Answer {
        if let Self::Question { question, yes, .. } = self {
            match intent {
                Intent::Up | Intent::Down => *yes = !*yes,
                Intent::Yes => return Answer::Said(question.topic.clone(), true),
                Intent::No => return Answer::Said(question.topic.clone(), false),
                Intent::Accept => return Answer::Said(question.topic.clone(), *yes),
                // Who presses Ctrl-C twice means it.
                Intent::Leave => return Answer::Said(Topic::Leave, true),
                _ => {}
            }
            return Answer::Open;
        }
        if let Self::Menu { menu, .. } = self {
            let last = menu.rows.iter().rposition(|row| row.open).unwrap_or(0);
            match intent {
                Intent::Up => menu.at = menu.at.saturating_sub(1),
                Intent::Down => menu.at = (menu.at + 1).min(last),
                Intent::First => menu.at = 0,
                Intent::Last => menu.at = last,
                Intent::Accept => return Answer::Said(Topic::Row(menu.at), true),
                Intent::Back | Intent::Help => return Answer::Closed,
                Intent::Leave => return Answer::Leave,
                _ => {}
            }
            return Answer::Open;
        }
        match intent {
            Intent::Back | Intent::Help => return Answer::Closed,
            Intent::Leave => return Answer::Leave,
            _ => crate::tui::stage::scroll(self.scroll(), intent),
        }
        Answer::Open
    }

    /// This in place of `page`.
    pub fn page(&self, page: Page, look: Look<'_>, area: Rect) -> Page {
        let bare = matches!(self, Self::Code { .. });
        Page { body: self.sheet(look.theme, look.whole_width(), area.height), details: Sheet::default(), bare, ..page }
    }

    fn sheet(&self, theme: &Theme, width: u16, height: u16) -> Sheet {
        let mut sheet = Sheet::new(width);
        match self {
            Self::Help { context, .. } => help(&mut sheet, *context, theme),
            Self::Question { question, yes, .. } => ask(&mut sheet, question, *yes, theme),
            Self::Menu { menu, .. } => choose(&mut sheet, menu, theme),
            Self::Code { url, code, .. } => camera(&mut sheet, url, code, height, theme),
        }
        sheet
    }
}

/// A code for a camera, and its address where there is room for both.
fn camera(sheet: &mut Sheet, url: &str, code: &Code, height: u16, theme: &Theme) {
    // Cameras want dark on light, whatever the ground of the terminal is.
    let paper = Style::new().fg(Color::Black).bg(Color::White);
    let lines = code.lines(theme.glyphs == UNICODE);
    let (wide, tall) = (lines.first().map_or(0, Line::width), lines.len());
    // The last row is that of the keys.
    let rows = usize::from(height).saturating_sub(1);
    if tall > rows || wide > sheet.width() {
        sheet.line(Line::styled("Open this page on another device", theme.title()));
        sheet.blank();
        let text = format!("Its QR code needs a window of {} columns and {} rows. The address:", wide + 4, tall + 1);
        sheet.text(0, &text, theme.text());
        sheet.link(2, url, theme.link());
        return;
    }
    if tall + 2 <= rows {
        sheet.line(Line::styled("Open this page on another device", theme.title()));
        sheet.blank();
    }
    for line in lines {
        let dots = line.spans.into_iter().map(|span| span.patch_style(paper));
        sheet.line(dots.collect::<Line<'_>>());
    }
    if sheet.height() + 4 <= rows {
        sheet.blank();
        sheet.link(0, url, theme.link());
    }
}

fn help(sheet: &mut Sheet, context: Context, theme: &Theme) {
    sheet.line(Line::styled(format!("Keys: {}", context.title().to_lowercase()), theme.title()));
    sheet.blank();
    let rows = keys::help(context);
    let widest = rows.iter().map(|(names, _)| names.width()).max().unwrap_or(0).min(NAMES);
    for (names, what) in rows {
        let head = format!("  {}  ", padded(&names, widest, theme.glyphs.cut));
        sheet.hanging(&head, theme.key(), what, theme.text());
    }
    if context.is_before_the_review() {
        sheet.blank();
        sheet.text(0, "Nothing is changed anywhere before you confirm it on the review page.", theme.quiet());
    }
}

fn choose(sheet: &mut Sheet, menu: &Menu, theme: &Theme) {
    sheet.line(Line::styled(menu.title.clone(), theme.title()));
    sheet.blank();
    let widest = menu.rows.iter().map(|row| row.label.width()).max().unwrap_or(0);
    for (at, row) in menu.rows.iter().enumerate() {
        let here = at == menu.at;
        let (glyph, style) = theme.mark(row.mark);
        let words = if row.open { theme.text() } else { theme.quiet() };
        let room = sheet.width().saturating_sub(widest + 8);
        let line = Line::from(vec![
            Span::styled(format!(" {} ", if here { theme.glyphs.pointer } else { " " }), theme.accent()),
            Span::styled(format!("{glyph} "), style),
            Span::styled(padded(&row.label, widest, theme.glyphs.cut), if here { theme.strong() } else { words }),
            Span::styled(format!("  {}", cut(&row.note, room, theme.glyphs.cut)), theme.quiet()),
        ]);
        if here {
            sheet.focused(|sheet| sheet.line(theme.under_cursor(line)));
        } else {
            sheet.line(line);
        }
    }
}

fn ask(sheet: &mut Sheet, question: &Question, yes: bool, theme: &Theme) {
    sheet.line(Line::styled(question.title.clone(), theme.title()));
    sheet.blank();
    for sentence in &question.text {
        match sentence.strip_prefix("  ") {
            Some(item) => sheet.hanging(&format!("  {} ", theme.glyphs.dot), theme.accent(), item, theme.text()),
            None => sheet.text(0, sentence, theme.text()),
        }
    }
    sheet.gap();
    // Both answers are in sight, however long the question is.
    sheet.focused(|sheet| {
        for (is_yes, words) in [(false, &question.no), (true, &question.yes)] {
            let here = is_yes == yes;
            let line = Line::from(vec![
                Span::styled(format!(" {} ", if here { theme.glyphs.pointer } else { " " }), theme.accent()),
                Span::styled(if is_yes { "y  " } else { "n  " }, theme.key()),
                Span::styled(words.clone(), if here { theme.strong() } else { theme.text() }),
            ]);
            sheet.line(if here { theme.under_cursor(line) } else { line });
        }
    });
}
