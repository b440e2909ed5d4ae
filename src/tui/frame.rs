//! The frame around every page: where one is, the page itself with what to know beside or below it, and the keys.
//!
//! From [`BESIDE`] columns on the details stand beside the page, otherwise below it. A terminal that is too small for
//! any page shows one line, and its keys still work.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::theme::Theme;
use super::widgets::sheet::{Sheet, cut};

/// From so many columns on, details stand beside the page.
pub const BESIDE: u16 = 110;
/// Lines longer than this are hard to read.
const WIDEST: u16 = 136;
/// Below this no page can be shown.
const SMALLEST: (u16, u16) = (40, 10);

/// How far a step has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Done,
    Here,
    Ahead,
    /// Something there stands in the way.
    Failed,
}

/// What is shown.
#[derive(Debug, Default)]
pub struct Page {
    /// The right end of the first row: what the run is about.
    pub about: String,
    /// The steps, with their names; empty where there is no path.
    pub path: Vec<(Mark, &'static str)>,
    pub body: Sheet,
    pub details: Sheet,
    pub keys: Vec<(&'static str, &'static str)>,
    /// One line above the keys: what has just happened.
    pub notice: Option<(String, Style)>,
}

/// The room of a page in an area: the body, and the details where they stand beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub body: Rect,
    pub beside: Option<Rect>,
}

/// The room that a page has in `area`; `None` where it is too small for any.
pub fn room(area: Rect) -> Option<Room> {
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return None;
    }
    let whole = middle(area);
    let margin = if whole.width >= 70 { 2 } else { 1 };
    let inner = Rect {
        x: whole.x + margin,
        y: whole.y + 4,
        width: whole.width - 2 * margin,
        height: whole.height.saturating_sub(6),
    };
    if whole.width < BESIDE {
        return Some(Room { body: inner, beside: None });
    }
    let wide = inner.width / 5 * 2;
    let body = Rect { width: inner.width - wide - 3, ..inner };
    Some(Room { body, beside: Some(Rect { x: body.right() + 3, width: wide, ..inner }) })
}

fn middle(area: Rect) -> Rect {
    let width = area.width.min(WIDEST);
    Rect { x: area.x + (area.width - width) / 2, width, ..area }
}

/// Draws a page. `scroll` is the first line that was shown, and becomes the one that is; the place of the cursor comes
/// back.
pub fn draw(page: &Page, theme: &Theme, buffer: &mut Buffer, area: Rect, scroll: &mut usize) -> Option<Position> {
    let Some(room) = room(area) else {
        let line = "git-access needs 40 columns and 10 rows; ctrl-c leaves";
        buffer.set_stringn(area.x, area.y, line, usize::from(area.width), theme.text());
        return None;
    };
    let whole = middle(area);
    header(page, theme, buffer, whole);
    footer(page, theme, buffer, whole);
    let cursor = match room.beside {
        Some(beside) => {
            if !page.details.is_empty() {
                for y in room.body.top()..room.body.bottom() {
                    buffer.set_string(beside.x - 2, y, theme.glyphs.wall, theme.rule());
                }
                page.details.draw(buffer, beside, 0);
            }
            body(&page.body, theme, buffer, room.body, scroll)
        }
        None if page.details.is_empty() => body(&page.body, theme, buffer, room.body, scroll),
        None => {
            let mut stacked = page.body.clone();
            stacked.gap();
            let mut details = page.details.clone();
            details.forget_focus();
            stacked.append(details);
            body(&stacked, theme, buffer, room.body, scroll)
        }
    };
    notice(page, theme, buffer, whole);
    cursor
}

fn body(sheet: &Sheet, theme: &Theme, buffer: &mut Buffer, area: Rect, scroll: &mut usize) -> Option<Position> {
    let rows = usize::from(area.height);
    *scroll = sheet.scroll(*scroll, rows);
    let cursor = sheet.draw(buffer, area, *scroll);
    let (above, below) = (*scroll > 0, *scroll + rows < sheet.height());
    let hint = |buffer: &mut Buffer, y: u16, text: String| {
        let x = area.right().saturating_sub(u16::try_from(text.width()).unwrap_or(area.width));
        buffer.set_string(x, y, text, theme.quiet());
    };
    // On the rules, so that nothing of the page is covered.
    if above {
        hint(buffer, area.y - 1, format!(" {} more ", theme.glyphs.above));
    }
    if below {
        hint(buffer, area.bottom(), format!(" {} more ", theme.glyphs.below));
    }
    cursor
}

fn header(page: &Page, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let width = usize::from(area.width);
    let name = Span::styled(" git-access", theme.strong());
    buffer.set_line(area.x, area.y, &Line::from(name), area.width);
    let about = cut(&page.about, width.saturating_sub(16), theme.glyphs.cut);
    let x = area.right().saturating_sub(u16::try_from(about.width() + 1).unwrap_or(area.width));
    buffer.set_string(x, area.y, about, theme.quiet());
    buffer.set_line(area.x, area.y + 1, &path(&page.path, theme, width), area.width);
    rule(theme, buffer, area, area.y + 2);
}

/// The steps: all by name where there is room, else their marks and the name of this one.
fn path(steps: &[(Mark, &'static str)], theme: &Theme, width: usize) -> Line<'static> {
    let wide: usize = steps.iter().map(|(_, name)| name.width() + 4).sum();
    let mut spans = vec![Span::raw(" ")];
    let named = |kind: Mark| match kind {
        Mark::Here => theme.title(),
        Mark::Failed => theme.fail(),
        Mark::Done => theme.text(),
        Mark::Ahead => theme.quiet(),
    };
    if wide < width {
        for (kind, name) in steps {
            let (glyph, style) = theme.mark(*kind);
            spans.push(Span::styled(format!("{glyph} "), style));
            spans.push(Span::styled(format!("{name}  "), named(*kind)));
        }
        return Line::from(spans);
    }
    for (kind, _) in steps {
        let (glyph, style) = theme.mark(*kind);
        spans.push(Span::styled(format!("{glyph} "), style));
    }
    if let Some(at) = steps.iter().position(|(kind, _)| *kind == Mark::Here) {
        spans.push(Span::styled(format!(" {}", steps[at].1), theme.title()));
    }
    Line::from(spans)
}

fn rule(theme: &Theme, buffer: &mut Buffer, area: Rect, y: u16) {
    buffer.set_string(area.x, y, theme.glyphs.rule.repeat(usize::from(area.width)), theme.rule());
}

/// What is to be told, over the rule and whatever stands there.
fn notice(page: &Page, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let bottom = area.bottom() - 1;
    if let Some((text, style)) = &page.notice {
        let text = cut(text, usize::from(area.width).saturating_sub(4), theme.glyphs.cut);
        buffer.set_string(area.x, bottom - 1, format!(" {text} "), *style);
    }
}

fn footer(page: &Page, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let bottom = area.bottom() - 1;
    rule(theme, buffer, area, bottom - 1);
    let mut spans = vec![Span::raw(" ")];
    let mut room = usize::from(area.width).saturating_sub(1);
    // Help and the way out are always there; of the others, as many as there is room for.
    let kept_from = page.keys.len().saturating_sub(2);
    let last: usize = page.keys.iter().skip(kept_from).map(|(keys, word)| keys.width() + word.width() + 3).sum();
    for (at, (keys, word)) in page.keys.iter().enumerate() {
        let wide = keys.width() + word.width() + 3;
        let kept = if at >= kept_from { 0 } else { last };
        if wide + kept > room + 2 {
            continue;
        }
        room = room.saturating_sub(wide);
        spans.push(Span::styled(ascii(keys, theme), theme.key()));
        spans.push(Span::styled(format!(" {word}  "), theme.quiet()));
    }
    buffer.set_line(area.x, bottom, &Line::from(spans), area.width);
}

/// The names of keys in letters that are there.
fn ascii(keys: &str, theme: &Theme) -> String {
    if theme.glyphs == super::theme::UNICODE {
        return keys.to_owned();
    }
    keys.replace("↑↓", "up/down").replace("←→", "left/right")
}
