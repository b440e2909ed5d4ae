//! The frame around every page: where one is, the page itself with what to know beside or below it, and the keys.
//!
//! From [`BESIDE`] columns on the details stand beside the page, otherwise below it; so they do where they are longer
//! than the screen, and a page without details has the whole width. Keys and notices that are too long for one line take
//! more, and the page gives way. A terminal that is too small for any page shows one line, and its keys still work.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::theme::Theme;
use super::widgets::sheet::{Sheet, cut, wrap};

/// From so many columns on, details stand beside the page.
pub const BESIDE: u16 = 110;
/// Lines longer than this are hard to read.
const WIDEST: u16 = 160;
/// From so many rows on, keys may take two lines.
const TALL: u16 = 18;
/// The most lines of a notice.
const NOTICE: usize = 4;
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
    /// Above the keys: what has just happened.
    pub notice: Option<(String, Style)>,
    /// It needs every row of the screen, and stands there without head and rules.
    pub bare: bool,
    /// What is out of view is come to by the page, and not by moving what has the focus.
    pub paged: bool,
}

/// The room of a page in an area: the body, and the details where they stand beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub body: Rect,
    pub beside: Option<Rect>,
}

impl Room {
    /// The room of a page without details.
    pub fn whole(&self) -> Rect {
        let right = self.beside.map_or(self.body.right(), Rect::right);
        Rect { width: right - self.body.x, ..self.body }
    }
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
    let keys = footer(page, theme, whole);
    let foot = u16::try_from(keys.len()).unwrap_or(1);
    for (y, line) in (whole.bottom() - foot..).zip(&keys) {
        buffer.set_line(whole.x, y, line, whole.width);
    }
    if page.bare {
        let body = Rect { y: area.y, height: area.height - foot, ..room.whole() };
        *scroll = page.body.scroll(*scroll, usize::from(body.height));
        return page.body.draw(buffer, body, *scroll);
    }
    header(page, theme, buffer, whole);
    let rule_at = whole.bottom() - foot - 1;
    rule(theme, buffer, whole, rule_at);
    let notice = notice(page, theme, whole);
    let over = u16::try_from(notice.len().saturating_sub(1)).unwrap_or(0);
    let lost = foot - 1 + over;
    let shorter = |area: Rect| Rect { height: area.height.saturating_sub(lost), ..area };
    let cursor =
        sheets(page, theme, buffer, Room { body: shorter(room.body), beside: room.beside.map(shorter) }, scroll);
    for (y, line) in (rule_at - over..).zip(notice) {
        buffer.set_string(whole.x, y, " ".repeat(usize::from(whole.width)), Style::default());
        buffer.set_line(whole.x, y, &line, whole.width);
    }
    cursor
}

/// The body, and the details beside or below it.
fn sheets(page: &Page, theme: &Theme, buffer: &mut Buffer, room: Room, scroll: &mut usize) -> Option<Position> {
    if page.details.is_empty() {
        return body(&page.body, page, theme, buffer, room.whole(), scroll);
    }
    if let Some(beside) = room.beside.filter(|beside| page.details.height() <= usize::from(beside.height)) {
        for y in room.body.top()..room.body.bottom() {
            buffer.set_string(beside.x - 2, y, theme.glyphs.wall, theme.rule());
        }
        page.details.draw(buffer, beside, 0);
        return body(&page.body, page, theme, buffer, room.body, scroll);
    }
    let mut stacked = page.body.clone();
    stacked.gap();
    let mut details = page.details.clone();
    details.forget_focus();
    stacked.append(details);
    body(&stacked, page, theme, buffer, room.body, scroll)
}

fn body(
    sheet: &Sheet,
    page: &Page,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
    scroll: &mut usize,
) -> Option<Position> {
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
        hint(buffer, area.y - 2, format!(" {} more ", theme.glyphs.above));
    }
    if below {
        let by = if page.paged { ", page down" } else { "" };
        hint(buffer, area.bottom(), format!(" {} more{by} ", theme.glyphs.below));
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
fn notice(page: &Page, theme: &Theme, area: Rect) -> Vec<Line<'static>> {
    let Some((text, style)) = &page.notice else { return Vec::new() };
    let room = usize::from(area.width).saturating_sub(4);
    let mut lines = wrap(text, room);
    if lines.len() > NOTICE {
        lines.truncate(NOTICE);
        if let Some(last) = lines.last_mut() {
            *last = format!("{}{}", cut(last, room - 1, ""), theme.glyphs.cut);
        }
    }
    lines.into_iter().map(|line| Line::styled(format!(" {line} "), *style)).collect()
}

/// The keys: in one line where they fit, else in two where there are rows enough. Help and the way out are always there;
/// of the others, as many as there is room for.
fn footer(page: &Page, theme: &Theme, area: Rect) -> Vec<Line<'static>> {
    let room = usize::from(area.width).saturating_sub(1);
    let keys: Vec<(String, &str)> = page.keys.iter().map(|(keys, word)| (ascii(keys, theme), *word)).collect();
    let wide = |(keys, word): &(String, &str)| keys.width() + word.width() + 3;
    // Behind the last one no gap is needed.
    let fits = |keys: &[(String, &str)]| keys.iter().map(wide).sum::<usize>() <= room + 2;
    if fits(&keys) {
        return vec![told(&keys, theme)];
    }
    let mut first = 0;
    if area.height >= TALL {
        while first + 2 < keys.len() && fits(&keys[..=first]) {
            first += 1;
        }
    }
    let (first, rest) = keys.split_at(first);
    let mut rest = rest.to_vec();
    while rest.len() > 2 && !fits(&rest) {
        rest.remove(rest.len() - 3);
    }
    let lines = if first.is_empty() { vec![rest] } else { vec![first.to_vec(), rest] };
    lines.iter().map(|keys| told(keys, theme)).collect()
}

fn told(keys: &[(String, &str)], theme: &Theme) -> Line<'static> {
    let mut spans = vec![Span::raw(" ")];
    for (keys, word) in keys {
        spans.push(Span::styled(keys.clone(), theme.key()));
        spans.push(Span::styled(format!(" {word}  "), theme.quiet()));
    }
    Line::from(spans)
}

/// The names of keys in letters that are there.
fn ascii(keys: &str, theme: &Theme) -> String {
    if theme.glyphs == super::theme::UNICODE {
        return keys.to_owned();
    }
    keys.replace("↑↓", "up/down")
}
