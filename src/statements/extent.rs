//! How far a statement reaches: to the end of its line, unless a bracket or a text in three quotes is still open.
//!
//! Where something is never closed, the statement is that line alone and the lines after it that make no sense by
//! themselves, so that the next key and the next table are read again.

/// Brackets within brackets: more than anything of ours has, and few enough that a file of nothing but brackets is
/// read in one go.
const DEEPEST: usize = 16;

/// Where a statement ends, and what in it was never closed.
pub(super) struct Extent {
    pub end: usize,
    /// The place of the opening quote or bracket.
    pub open: Option<usize>,
}

pub(super) fn extent(text: &str, start: usize) -> Extent {
    let line_end = end_of_line(text, start);
    let line = &text[start..line_end];
    let first = line.trim_start_matches('\u{feff}').trim_start();
    if first.is_empty() || first.starts_with(['#', '[']) {
        return Extent { end: line_end, open: None };
    }
    match scan(text, start) {
        Scan::Closed(end) => Extent { end, open: None },
        Scan::Text { open, end, nested: false } => Extent { end, open: Some(open) },
        Scan::Text { open, end, nested: true } => Extent { end: next_start(text, end), open: Some(open) },
        Scan::Bracket { open } => Extent { end: next_start(text, line_end), open: Some(open) },
    }
}

enum Scan {
    Closed(usize),
    /// A text in single quotes reaches the end of its line.
    Text {
        open: usize,
        end: usize,
        nested: bool,
    },
    /// A bracket, or a text in three quotes, that is never closed.
    Bracket {
        open: usize,
    },
}

fn scan(text: &str, start: usize) -> Scan {
    let bytes = text.as_bytes();
    let mut brackets: Vec<usize> = Vec::new();
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' => {
                let three = [*byte; 3];
                let lines = bytes[at..].starts_with(&three);
                match text_end(bytes, at, lines) {
                    Some(end) => at = end,
                    None if lines => return Scan::Bracket { open: brackets.first().copied().unwrap_or(at) },
                    None => {
                        return Scan::Text { open: at, end: end_of_line(text, at), nested: !brackets.is_empty() };
                    }
                }
                continue;
            }
            b'#' => {
                at = end_of_line(text, at);
                // The line break itself is still to be looked at.
                at -= usize::from(bytes.get(at - 1) == Some(&b'\n'));
                continue;
            }
            b'[' | b'{' if brackets.len() == DEEPEST => return Scan::Bracket { open: at },
            b'[' | b'{' => brackets.push(at),
            b']' | b'}' => {
                brackets.pop();
            }
            b'\n' => {
                let Some(innermost) = brackets.last() else { return Scan::Closed(at + 1) };
                let line = &text[at + 1..end_of_line(text, at + 1)];
                let in_list = bytes[*innermost] == b'[';
                if is_header(line) || (in_list && is_pair(line)) {
                    return Scan::Bracket { open: *innermost };
                }
            }
            _ => {}
        }
        at += 1;
    }
    match brackets.last() {
        Some(open) => Scan::Bracket { open: *open },
        None => Scan::Closed(at),
    }
}

/// The end of the text that opens at `at`, after its closing quote.
fn text_end(bytes: &[u8], at: usize, lines: bool) -> Option<usize> {
    let quote = bytes[at];
    let mut here = at + if lines { 3 } else { 1 };
    while let Some(byte) = bytes.get(here) {
        match byte {
            b'\\' if quote == b'"' => here += 1,
            b'\n' if !lines => return None,
            _ if *byte == quote && !lines => return Some(here + 1),
            _ if *byte == quote && bytes[here..].starts_with(&[quote; 3]) => {
                // Up to two more quotes belong to the text itself.
                let more = bytes[here + 3..].iter().take(2).take_while(|more| **more == quote).count();
                return Some(here + 3 + more);
            }
            _ => {}
        }
        here += 1;
    }
    None
}

/// The start of the next line that looks like a statement.
fn next_start(text: &str, mut at: usize) -> usize {
    while at < text.len() {
        let end = end_of_line(text, at);
        let line = &text[at..end];
        if is_header(line) || is_pair(line) || line.trim_start().starts_with('#') {
            break;
        }
        at = end;
    }
    at
}

/// `[word` and nothing that a list could hold.
fn is_header(line: &str) -> bool {
    let Some(rest) = line.trim_start().strip_prefix('[') else { return false };
    let word = rest.trim_start_matches('[').split([']', '.', '#']).next().unwrap_or_default().trim();
    word.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && word.bytes().all(super::is_bare)
        && !matches!(word, "true" | "false" | "inf" | "nan")
}

/// `key =`, the key with dots, spaces or quotes.
fn is_pair(line: &str) -> bool {
    let Some((key, _)) = line.split_once('=') else { return false };
    let key = key.trim();
    !key.is_empty() && key.bytes().all(|byte| super::is_bare(byte) || b".\"' \t".contains(&byte))
}

fn end_of_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |length| at + length + 1)
}
