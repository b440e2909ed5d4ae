//! A mistake in the syntax, in our own words.
//!
//! The parser's messages and every rendering of them can repeat the line, and the line may hold a secret. So the
//! sentences here are fixed, and of the file only a key is told.

use std::ops::Range;

/// What is wrong with a statement.
#[derive(Clone, Debug)]
pub(crate) struct Mistake {
    pub at: usize,
    pub message: &'static str,
    /// It was to be the header of a table.
    pub header: bool,
    /// The key it was about, as far as it can be told.
    pub path: Option<Vec<String>>,
    /// What stands where the key belongs, as it is written.
    pub name: Range<usize>,
    /// What stands where the value belongs, as it is written.
    pub rest: Range<usize>,
    /// Whether something parts the two, so that what stands before it is a key and not a word of a sentence.
    pub parted: bool,
}

/// By the beginning of the parser's message. The first that fits is taken.
const SENTENCES: &[(&str, &str)] = &[
    ("duplicate key", Mistake::REPEATED),
    ("cannot extend", Mistake::REPEATED),
    ("key with no value", "there is no `=` after the key: write `key = value`"),
    ("extra `=`", "there is one `=` too many"),
    ("unquoted keys cannot be empty", "the key is missing: write `key = value`, or `[table]`"),
    ("invalid unquoted key", "a key has letters from a to z, digits, - and _ only, or stands in quotes"),
    ("unclosed table", "the name of the table is not closed: end it with ]"),
    ("unexpected key or value", FOLLOWED),
    ("missing comma", "a comma is missing between two values"),
    ("extra comma", "there is one comma too many"),
    ("missing escaped value", ESCAPE),
    ("too few unicode value digits", ESCAPE),
    ("invalid value", ESCAPE),
    ("invalid date", "there is no such date: write it as 2027-02-01"),
    ("invalid time", "there is no such time: write it as 2027-02-01T09:00:00Z"),
    ("invalid datetime", "there is no such date and time: write it as 2027-02-01T09:00:00Z"),
    ("invalid offset", "there is no such offset: end the time with Z for UTC"),
    ("invalid boolean", "this is no value: a text stands in quotes, and true and false are lower-case words"),
    ("unexpected leading zero", "a number has no zeros in front of it, and a text stands in quotes"),
    ("carriage return", "a carriage return stands alone: end the line with a line feed"),
    ("invalid comment character", "the comment has a control character: remove it"),
    ("invalid basic string", "the text has a character that is not allowed inside quotes: remove it, or escape it"),
    ("invalid literal string", "the text has a control character: remove it, or write the text in double quotes"),
    ("recursion limit", "the brackets are nested too deeply"),
    ("max recursion", "the brackets are nested too deeply"),
];

const ESCAPE: &str = "this is no escape: write \\\\ for a backslash, or put the text in single quotes";
const NO_VALUE: &str = "the value is missing: write it after the `=`, or remove the key";
const FOLLOWED: &str = "something follows where the line should end: give every key a line of its own";
const NO_END: &str = "the text is not closed: end it with the quote that it begins with";
const NO_QUOTES: &str = "a text stands in quotes: write key = \"text\"";
const OTHER: &str = "this line cannot be read: check its quotes, brackets and the `=`";

impl Mistake {
    /// For keys and tables that stand twice.
    pub const REPEATED: &str = "this stands twice, or contradicts an earlier line: keep one of them";

    /// Whether quotes are all that is wrong with the value.
    pub fn is_about_quotes(&self) -> bool {
        [NO_QUOTES, NO_END].contains(&self.message)
    }

    /// Whether the statement is whole, and another one begins at its place.
    pub fn is_followed(&self) -> bool {
        self.message == FOLLOWED
    }

    /// The quote or bracket at `open` is never closed.
    pub(super) fn unclosed(text: &str, range: Range<usize>, open: usize) -> Self {
        let message = match text.as_bytes().get(open) {
            Some(b'[') => "the list is not closed: end it with ]",
            Some(b'{') => "the table is not closed: end it with }",
            _ => NO_END,
        };
        Self::new(text, range, open, message)
    }

    pub(super) fn from_parser(text: &str, range: Range<usize>, error: &toml::de::Error) -> Self {
        let span = error.span().unwrap_or(0..0);
        let found = text[range.clone()].get(span.clone()).unwrap_or_default();
        let message = error.message();
        let message = if message.starts_with("string values must be quoted") {
            if found.trim().is_empty() { NO_VALUE } else { NO_QUOTES }
        } else {
            SENTENCES.iter().find(|(begins, _)| message.starts_with(begins)).map_or(OTHER, |(_, sentence)| *sentence)
        };
        Self::new(text, range.clone(), range.start + span.start, message)
    }

    fn new(text: &str, range: Range<usize>, at: usize, message: &'static str) -> Self {
        let written = text[range.clone()].trim_start_matches('\u{feff}').trim_start();
        let base = range.end - written.len();
        let header = written.starts_with('[');
        let (name, rest) = if header {
            let open = written.len() - written.trim_start_matches('[').len();
            let close = written[open..].find([']', '#', '\r', '\n']).map_or(written.len(), |at| open + at);
            (base + open..base + close, range.end..range.end)
        } else {
            let cut = written.find('=').or_else(|| written.find([':', ' ', '\t', '\n'])).unwrap_or(written.len());
            let after = (cut + 1).min(written.len());
            (base..base + cut, base + after..range.end)
        };
        let parted = header || text[name.end..].starts_with(['=', ':']);
        Self { at, message, header, path: path(&text[name.clone()]), name, rest, parted }
    }
}

/// The parts of a key as somebody meant it; nothing where it is no key.
fn path(name: &str) -> Option<Vec<String>> {
    let parts: Vec<_> = name.split('.').map(|part| part.trim().trim_matches(['"', '\''])).collect();
    let fine = parts.iter().all(|part| !part.is_empty() && part.bytes().all(super::is_bare));
    fine.then(|| parts.into_iter().map(str::to_owned).collect())
}
