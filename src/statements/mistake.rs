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
    /// What stands where the value belongs, as it is written.
    pub rest: Range<usize>,
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
    ("unexpected key or value", "something follows where the line should end: give every key a line of its own"),
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
const NO_QUOTES: &str = "a text stands in quotes: write key = \"text\"";
const OTHER: &str = "this line cannot be read: check its quotes, brackets and the `=`";

impl Mistake {
    /// For keys and tables that stand twice.
    pub const REPEATED: &str = "this stands twice, or contradicts an earlier line: keep one of them";

    /// The quote or bracket at `open` is never closed.
    pub(super) fn unclosed(text: &str, range: Range<usize>, open: usize) -> Self {
        let message = match text.as_bytes().get(open) {
            Some(b'[') => "the list is not closed: end it with ]",
            Some(b'{') => "the table is not closed: end it with }",
            _ => "the text is not closed: end it with the quote that it begins with",
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
        let statement = text[range.clone()].trim_start_matches('\u{feff}');
        let first = statement.lines().next().unwrap_or_default().trim();
        let header = first.starts_with('[');
        let (name, rest) = if header {
            (first.trim_start_matches('[').split([']', '#']).next().unwrap_or_default(), range.end..range.end)
        } else {
            let base = range.end - statement.len();
            let cut = statement.find('=').or_else(|| statement.find([':', ' ', '\t', '\n']));
            let cut = cut.unwrap_or(statement.len());
            let after = (cut + 1).min(statement.len());
            (&statement[..cut], base + after..range.end)
        };
        Self { at, message, header, path: path(name), rest }
    }
}

/// The parts of a key as somebody meant it; nothing where it is no key.
fn path(name: &str) -> Option<Vec<String>> {
    let parts: Vec<_> = name.split('.').map(|part| part.trim().trim_matches(['"', '\''])).collect();
    let fine = parts.iter().all(|part| !part.is_empty() && part.bytes().all(super::is_bare));
    fine.then(|| parts.into_iter().map(str::to_owned).collect())
}
