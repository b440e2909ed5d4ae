//! Rows in columns. Colour only adds to what the text says.

use crate::text::sanitise;

/// A column of text that nobody has bounded is cut here, so that a row stays a row.
const WIDEST: usize = 60;
/// The width that prose is wrapped to, in columns.
const WIDTH: usize = 80;

/// A cell: its text, and how it is drawn.
#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    tone: Tone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Title,
    Good,
    Careful,
    Bad,
    Open,
}

impl Tone {
    /// The tone of a verdict by its word.
    pub fn of_verdict(word: &str) -> Self {
        match word {
            "pass" => Self::Good,
            "warn" => Self::Careful,
            "fail" => Self::Bad,
            "unknown" => Self::Open,
            _ => Self::Plain,
        }
    }

    /// `text` in this tone, where `color` is wanted.
    pub fn paint(self, text: &str, color: bool) -> String {
        let code = match self {
            Self::Plain => return text.to_owned(),
            Self::Title => "1",
            Self::Good => "32",
            Self::Careful => "33",
            Self::Bad => "31;1",
            Self::Open => "36",
        };
        if color && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

impl Cell {
    pub fn new(text: &str, tone: Tone) -> Self {
        Self { text: sanitise(text, WIDEST), tone }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::new(text, Tone::Plain)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::new(&text, Tone::Plain)
    }
}

/// The rows below their titles, each column as wide as its widest cell; no row ends in blanks.
pub fn table(titles: &[&str], rows: &[Vec<Cell>], color: bool) -> String {
    let head: Vec<Cell> = titles.iter().map(|title| Cell::new(title, Tone::Title)).collect();
    let rows: Vec<Vec<Cell>> = std::iter::once(head).chain(rows.iter().cloned()).collect();
    columns("", &rows, color)
}

/// The rows, each after `indent`.
pub fn columns(indent: &str, rows: &[Vec<Cell>], color: bool) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.text.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..rows.first().map_or(0, Vec::len)).map(width).collect();
    let mut text = String::new();
    for row in rows {
        text.push_str(indent);
        let last = row.iter().rposition(|cell| !cell.text.is_empty()).unwrap_or(0);
        for (cell, width) in row.iter().zip(&widths).take(last) {
            text.push_str(&cell.tone.paint(&cell.text, color));
            text.push_str(&" ".repeat(width - cell.text.chars().count() + 2));
        }
        if let Some(cell) = row.get(last) {
            text.push_str(&cell.tone.paint(&cell.text, color));
        }
        text.push('\n');
    }
    text
}

/// `text` in lines of at most 80 characters, each after `indent`.
pub fn wrapped(text: &str, indent: &str) -> String {
    crate::text::wrapped(text, indent, WIDTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_rows_end_without_blanks() {
        let rows = [vec!["a".into(), "long".into(), "".into()], vec!["bb".into(), "".into(), "x".into()]];
        assert_eq!(table(&["", "N", "L"], &rows, false), "    N     L\na   long\nbb        x\n");
        let colored = table(&["N"], &[vec![Cell::new("ok", Tone::Good)]], true);
        assert_eq!(colored, "\u{1b}[1mN\u{1b}[0m\n\u{1b}[32mok\u{1b}[0m\n");
    }

    #[test]
    fn a_cell_moves_no_cursor() {
        assert_eq!(table(&["N"], &[vec!["a\u{1b}[2Jb\u{202e}".into()]], false), "N\na^[[2Jb⟨U+202E⟩\n");
    }

    #[test]
    fn long_text_is_wrapped_between_words() {
        let text = wrapped(&"word ".repeat(40), "  ");
        assert!(text.lines().count() > 1 && text.lines().all(|line| line.starts_with("  word") && line.len() <= 97));
    }
}
