//! A sheet: lines that were wrapped to a width, with links in them, a place that has the focus and a cursor.
//!
//! Every page is a sheet, so scrolling, links and the cursor are dealt with once. A sheet is longer than the screen when
//! it has to be; what has the focus is then kept in view.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::link;

/// Part of a line that leads somewhere.
#[derive(Clone, Debug)]
struct Lead {
    line: usize,
    columns: Range<usize>,
    url: String,
}

#[derive(Clone, Debug, Default)]
pub struct Sheet {
    width: usize,
    lines: Vec<Line<'static>>,
    leads: Vec<Lead>,
    focus: Option<Range<usize>>,
    anchor: Option<(String, usize)>,
    cursor: Option<(usize, usize)>,
}

impl Sheet {
    /// An empty sheet for lines of at most `width` columns.
    pub fn new(width: u16) -> Self {
        Self { width: usize::from(width).max(10), ..Self::default() }
    }

    pub fn width(&self) -> usize {
        self.width
    }

    pub fn height(&self) -> usize {
        self.lines.len()
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// An empty line, where the last one is not empty already.
    pub fn gap(&mut self) {
        if self.lines.last().is_some_and(|line| line.width() > 0) {
            self.lines.push(Line::default());
        }
    }

    pub fn blank(&mut self) {
        self.lines.push(Line::default());
    }

    /// A line as it is; what does not fit is cut.
    pub fn line(&mut self, line: impl Into<Line<'static>>) {
        self.lines.push(line.into());
    }

    /// A text in as many lines as it takes, each `indent` columns from the left.
    pub fn text(&mut self, indent: usize, text: &str, style: Style) {
        self.hanging(&" ".repeat(indent), style, text, style);
    }

    /// A text behind a head: a mark, a number, a label. Its further lines stand below its first.
    pub fn hanging(&mut self, head: &str, head_style: Style, text: &str, style: Style) {
        let indent = head.width();
        let lines = wrap(text, self.width.saturating_sub(indent));
        for (at, piece) in lines.into_iter().enumerate() {
            let head = if at == 0 { head.to_owned() } else { " ".repeat(indent) };
            self.lines.push(Line::from(vec![Span::styled(head, head_style), Span::styled(piece, style)]));
        }
    }

    /// A row whose text takes as many lines as it needs, each below the first; what has the focus is drawn by `drawn`.
    pub fn row(
        &mut self,
        head: Vec<Span<'static>>,
        text: &str,
        style: Style,
        drawn: impl Fn(Line<'static>) -> Line<'static>,
    ) {
        let indent = head.iter().map(Span::width).sum::<usize>();
        let mut head = Some(head);
        for piece in wrap(text, self.width.saturating_sub(indent)) {
            let mut spans = head.take().unwrap_or_else(|| vec![Span::raw(" ".repeat(indent))]);
            spans.push(Span::styled(piece, style));
            self.lines.push(drawn(Line::from(spans)));
        }
    }

    /// An address in full, over as many lines as it takes, that the terminal can open.
    pub fn link(&mut self, indent: usize, url: &str, style: Style) {
        let room = self.width.saturating_sub(indent).max(1);
        for piece in chunks(url, room) {
            let columns = indent..indent + piece.width();
            self.leads.push(Lead { line: self.lines.len(), columns, url: url.to_owned() });
            self.lines.push(Line::from(vec![Span::raw(" ".repeat(indent)), Span::styled(piece, style)]));
        }
    }

    /// Everything of another sheet below this one.
    pub fn append(&mut self, other: Self) {
        let above = self.lines.len();
        self.lines.extend(other.lines);
        self.leads.extend(other.leads.into_iter().map(|lead| Lead { line: lead.line + above, ..lead }));
        if let Some(focus) = other.focus {
            self.focus = Some(focus.start + above..focus.end + above);
        }
        if let Some((name, line)) = other.anchor {
            self.anchor = Some((name, line + above));
        }
        if let Some((line, column)) = other.cursor {
            self.cursor = Some((line + above, column));
        }
    }

    /// What `add` adds has the focus.
    pub fn focused(&mut self, add: impl FnOnce(&mut Self)) {
        let begin = self.lines.len();
        add(self);
        self.focus = Some(begin..self.lines.len());
    }

    /// What has the focus goes by this name: as long as it does, it stays where it is on the screen, whatever grows above.
    pub fn anchor(&mut self, name: String) {
        self.anchor = self.focus.as_ref().map(|focus| (name, focus.start));
    }

    pub fn anchored(&self) -> Option<&(String, usize)> {
        self.anchor.as_ref()
    }

    pub fn has_focus(&self) -> bool {
        self.focus.is_some()
    }

    pub fn forget_focus(&mut self) {
        self.focus = None;
        self.cursor = None;
    }

    /// A bar in front of the lines from `begin` on.
    pub fn bar(&mut self, begin: usize, bar: &str, style: Style) {
        for line in self.lines.iter_mut().skip(begin) {
            let covered = line.spans.first_mut().filter(|span| span.content.starts_with(' '));
            if let Some(span) = covered {
                span.content = span.content[1..].to_owned().into();
            }
            line.spans.insert(0, Span::styled(bar.to_owned(), style.remove_modifier(Modifier::REVERSED)));
        }
    }

    /// The cursor stands in the line that is added next, at this column.
    pub fn cursor_in_next_line(&mut self, column: usize) {
        self.cursor = Some((self.lines.len(), column));
    }

    /// The first line to show in so many rows, so that what has the focus is seen, near where the view was before.
    pub fn scroll(&self, before: usize, rows: usize) -> usize {
        let most = self.lines.len().saturating_sub(rows);
        let Some(focus) = &self.focus else { return before.min(most) };
        let end = focus.end.min(self.lines.len());
        // Where all of it does not fit, its beginning counts.
        let lowest = end.saturating_sub(rows).min(focus.start);
        before.clamp(lowest, focus.start).min(most)
    }

    /// Draws the lines from `first` on; gives the place of the cursor, if it is seen.
    pub fn draw(&self, buffer: &mut Buffer, area: Rect, first: usize) -> Option<Position> {
        let shown = self.lines.iter().skip(first).take(usize::from(area.height));
        for (y, line) in (area.y..).zip(shown) {
            buffer.set_style(Rect { y, height: 1, ..area }, line.style);
            buffer.set_line(area.x, y, line, area.width);
        }
        let last = first + usize::from(area.height);
        for lead in self.leads.iter().filter(|lead| (first..last).contains(&lead.line)) {
            let y = area.y.saturating_add(small(lead.line - first));
            let from = small(lead.columns.start).min(area.width);
            let to = small(lead.columns.end).min(area.width);
            link::make(buffer, area.x.saturating_add(from), y, to - from, &lead.url);
        }
        let (line, column) = self.cursor.filter(|(line, _)| (first..last).contains(line))?;
        let x = area.x.saturating_add(small(column).min(area.width.saturating_sub(1)));
        Some(Position { x, y: area.y.saturating_add(small(line - first)) })
    }
}

fn small(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

/// `text` in lines of at most `width` columns, broken between words, and inside a word that is longer than a line.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let room = lines.last().map_or(0, |line| width.saturating_sub(line.width()));
        let begun = lines.last().is_some_and(|line| !line.is_empty());
        if begun && word.width() < room {
            if let Some(line) = lines.last_mut() {
                line.push(' ');
                line.push_str(word);
            }
            continue;
        }
        let pieces = chunks(word, width);
        if begun {
            lines.extend(pieces);
        } else {
            lines.pop();
            lines.extend(pieces);
        }
    }
    lines
}

/// `text` cut into pieces of at most `width` columns.
fn chunks(text: &str, width: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for grapheme in text.graphemes(true) {
        let full = pieces.last().is_some_and(|piece| !piece.is_empty() && piece.width() + grapheme.width() > width);
        if full {
            pieces.push(String::new());
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push_str(grapheme);
        }
    }
    pieces
}

/// `text` in at most `width` columns, with a mark where it was cut.
pub fn cut(text: &str, width: usize, mark: &str) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut short = chunks(text, width.saturating_sub(mark.width()).max(1)).swap_remove(0);
    short.push_str(mark);
    short
}

/// `text` in exactly `width` columns.
pub fn padded(text: &str, width: usize, mark: &str) -> String {
    let short = cut(text, width, mark);
    let gap = width.saturating_sub(short.width());
    short + &" ".repeat(gap)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_stay_whole_where_they_fit() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a verylongword b", 6), ["a", "verylo", "ngword", "b"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("漢字漢字", 4), ["漢字", "漢字"]);
        assert_eq!(cut("abcdef", 4, "…"), "abc…");
        assert_eq!(padded("漢", 4, "…"), "漢  ");
    }

    #[test]
    fn what_has_the_focus_is_in_view() {
        let mut sheet = Sheet::new(20);
        (0..30).for_each(|number| sheet.text(0, &number.to_string(), Style::new()));
        sheet.focused(|sheet| sheet.text(0, "here", Style::new()));
        (0..30).for_each(|number| sheet.text(0, &number.to_string(), Style::new()));
        assert_eq!(sheet.scroll(0, 10), 21);
        assert_eq!(sheet.scroll(25, 10), 25);
        assert_eq!(sheet.scroll(60, 10), 30);
        assert_eq!(Sheet::new(20).scroll(5, 10), 0);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked(text in ".{0,200}", width in 2_usize..40) {
            for line in wrap(&text, width) {
                prop_assert!(line.width() <= width, "{line:?}");
            }
        }
    }
}
