//! Text on its way to a plain terminal: made safe, wrapped, and without a single control sequence.

use crate::text::{sanitise, wrapped};

/// The width that prose is wrapped to, in columns.
pub const WIDTH: usize = 80;
/// The most of one text that is shown, in characters.
const MOST: usize = 4000;

/// A paragraph.
pub fn prose(text: &str) -> String {
    indented("", text)
}

/// A paragraph whose lines begin with `indent`.
pub fn indented(indent: &str, text: &str) -> String {
    wrapped(&sanitise(text, MOST), indent, WIDTH)
}

/// A paragraph that begins with `head`; its other lines begin below the text.
pub fn hanging(head: &str, text: &str) -> String {
    let indent = " ".repeat(head.chars().count());
    let lines = indented(&indent, text);
    format!("{head}{}", lines.get(indent.len()..).unwrap_or_default())
}

/// One line, which is never broken: an address, a path, a command.
pub fn line(indent: &str, text: &str) -> String {
    format!("{indent}{}\n", sanitise(text, MOST))
}

/// Lines as they stand, such as those of a file.
pub fn verbatim(indent: &str, text: &str) -> String {
    text.lines().map(|one| if one.is_empty() { "\n".to_owned() } else { line(indent, one) }).collect()
}

/// `text` on a terminal of so many columns, which may be fewer than prose is wrapped to: broken between words.
pub fn fitted(text: &str, width: usize) -> String {
    if width >= WIDTH {
        return text.to_owned();
    }
    let mut fitted = String::new();
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches('\n');
        if bare.chars().count() <= width || bare.trim().is_empty() || bare.len() == line.len() {
            fitted.push_str(line);
            continue;
        }
        let indent = " ".repeat(bare.chars().take_while(|letter| *letter == ' ').count().min(width / 2));
        fitted.push_str(&wrapped(bare, &indent, width));
    }
    fitted
}

/// `text` with blanks to `width` columns.
pub fn padded(text: &str, width: usize) -> String {
    format!("{text:width$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_moves_no_cursor() {
        for text in [
            prose("a\u{1b}[2Jb"),
            line("", "a\u{1b}]0;x\u{7}"),
            verbatim(" ", "a\u{1b}c\n\nb"),
            hanging("- ", "\u{9b}2J"),
        ] {
            assert!(!text.chars().any(|letter| letter.is_control() && letter != '\n'), "{text:?}");
        }
        assert_eq!(hanging(" 1. ", "one two"), " 1. one two\n");
    }

    #[test]
    fn a_narrow_terminal_breaks_no_word() {
        let text = prose(&"wonderful words ".repeat(20));
        for line in fitted(&indented("    ", &text), 60).lines().chain(fitted(&text, 60).lines()) {
            assert!(
                line.len() <= 60 && line.split_whitespace().all(|word| word == "wonderful" || word == "words"),
                "{line:?}"
            );
        }
        assert_eq!(fitted(&text, 80), text);
        assert_eq!(fitted("  prompt: ", 4), "  prompt: ", "what is no whole line stays as it is");
    }

    #[test]
    fn an_address_stays_in_one_piece() {
        let url = format!("https://git.example/{}", "x".repeat(200));
        assert_eq!(line("  ", &url), format!("  {url}\n"));
    }
}
