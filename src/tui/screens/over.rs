//! What stands in front of a page until it is closed: the help, a question, a code for a camera.

use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use crate::tui::keys::{self, Context, Intent};
use crate::tui::scene::{Menu, Question, Topic};
use crate::tui::theme::Theme;
use crate::tui::widgets::code;
use crate::tui::widgets::sheet::{Sheet, cut, padded};

#[derive(Debug)]
pub enum Over {
    Help { context: Context, scroll: usize },
    Question { question: Question, yes: bool, scroll: usize },
    Code { url: String, lines: Vec<String>, scroll: usize },
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
        Some(Self::Code { url: url.to_owned(), lines: code::lines(url)?, scroll: 0 })
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

    pub fn sheet(&self, theme: &Theme, width: u16) -> Sheet {
        let mut sheet = Sheet::new(width);
        match self {
            Self::Help { context, .. } => help(&mut sheet, *context, theme),
            Self::Question { question, yes, .. } => ask(&mut sheet, question, *yes, theme),
            Self::Menu { menu, .. } => choose(&mut sheet, menu, theme),
            Self::Code { url, lines, .. } => {
                sheet.line(Line::styled("Open this page on another device", theme.title()));
                sheet.blank();
                // Cameras want dark on light, whatever the ground of the terminal is.
                let paper = Style::new().fg(Color::Black).bg(Color::White);
                for line in lines {
                    sheet.line(Line::from(vec![Span::raw("  "), Span::styled(line.clone(), paper)]));
                }
                sheet.blank();
                sheet.link(2, url, theme.link());
            }
        }
        sheet
    }
}

fn help(sheet: &mut Sheet, context: Context, theme: &Theme) {
    sheet.line(Line::styled(format!("Keys: {}", context.title().to_lowercase()), theme.title()));
    sheet.blank();
    for (names, what) in keys::help(context) {
        let head = format!("  {names:24} ");
        sheet.hanging(&head, theme.key(), what, theme.text());
    }
    sheet.blank();
    sheet.text(0, "Nothing is changed anywhere before you confirm it on the review page.", theme.quiet());
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
            sheet.focused(|sheet| sheet.line(line.style(theme.selected())));
        } else {
            sheet.line(line);
        }
    }
}

fn ask(sheet: &mut Sheet, question: &Question, yes: bool, theme: &Theme) {
    sheet.line(Line::styled(question.title.clone(), theme.title()));
    sheet.blank();
    for sentence in &question.text {
        sheet.text(0, sentence, theme.text());
    }
    sheet.gap();
    for (is_yes, words) in [(false, &question.no), (true, &question.yes)] {
        let here = is_yes == yes;
        let pointer = if here { theme.glyphs.pointer } else { " " };
        let key = if is_yes { "y" } else { "n" };
        let line = Line::from(vec![
            Span::styled(format!(" {pointer} "), theme.accent()),
            Span::styled(format!("{key}  "), theme.key()),
            Span::styled(words.clone(), if here { theme.strong() } else { theme.text() }),
        ]);
        let line = if here { line.style(theme.selected()) } else { line };
        if here {
            sheet.focused(|sheet| sheet.line(line));
        } else {
            sheet.line(line);
        }
    }
}
