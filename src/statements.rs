//! A TOML text, statement by statement: what each says, and exactly where it stands.
//!
//! Both documents of ours are read this way. A whole-file parser stops making sense after the first mistake (a line
//! without `=` swallows the rest of the file, an open bracket turns every later line into an error); here each
//! statement is parsed by itself, so one mistake is one [`Said::Broken`] and the next line is read as if nothing had
//! happened. And because every statement knows its bytes, a document is changed by replacing exactly those and no others.

mod extent;
mod mistake;

use std::ops::Range;

use toml::de::{DeTable, DeValue};
use toml::value::Datetime;

use self::extent::extent;
pub(crate) use self::mistake::Mistake;

/// One statement, with its lines: from the start of the first to the end of the last, line break included.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub range: Range<usize>,
    pub said: Said,
}

#[derive(Clone, Debug)]
pub(crate) enum Said {
    /// A blank line.
    Nothing,
    Comment,
    /// `[a.b]`, or `[[a.b]]` where `list`.
    Header {
        parts: Vec<Part>,
        list: bool,
    },
    /// `a.b = value`.
    Pair {
        parts: Vec<Part>,
        node: Node,
    },
    Broken(Mistake),
}

/// A part of a key.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub name: String,
    pub span: Range<usize>,
}

/// A value and its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub span: Range<usize>,
    pub value: Value,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Flag(bool),
    /// A whole number, if it fits.
    Number(Option<i64>),
    Fraction,
    Date(Datetime),
    List(Vec<Node>),
    /// Written in braces.
    Table(Vec<Entry>),
}

impl Value {
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// A key and value of a table in braces; the key may be dotted.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub parts: Vec<Part>,
    pub node: Node,
}

/// Where a character stands: both from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub line: usize,
    pub column: usize,
}

/// Finds lines and columns.
pub(crate) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub fn new(text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(breaks).collect() }
    }

    pub fn position(&self, at: usize) -> Position {
        let line = self.starts.partition_point(|start| *start <= at).max(1);
        let before = self.text.get(self.starts[line - 1]..at).unwrap_or_default();
        // The byte order mark is no character of the first line.
        let column = before.trim_start_matches('\u{feff}').chars().count() + 1;
        Position { line, column }
    }
}

/// Splits `text` into its statements; every byte belongs to exactly one.
pub(crate) fn statements(text: &str) -> Vec<Statement> {
    let mut all = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let extent = extent(text, at);
        let range = at..extent.end;
        let said = match extent.open {
            Some(open) => Said::Broken(Mistake::unclosed(text, range.clone(), open)),
            None => parsed(text, range.clone()),
        };
        at = range.end;
        all.push(Statement { range, said });
    }
    all
}

/// The mistakes that show only in the whole, in their order: keys and tables that stand twice. Broken statements are left
/// out.
pub(crate) fn repetitions(text: &str, all: &[Statement]) -> Vec<usize> {
    let mut whole = text.as_bytes().to_vec();
    let mut lost = false;
    for statement in all {
        match &statement.said {
            // What follows a header that cannot be read is in a table that nobody knows.
            Said::Broken(mistake) if mistake.header => lost = true,
            Said::Header { .. } => lost = false,
            _ => {}
        }
        if lost || matches!(statement.said, Said::Broken(_)) {
            let bytes = &mut whole[statement.range.clone()];
            bytes.iter_mut().filter(|byte| !b"\r\n".contains(byte)).for_each(|byte| *byte = b' ');
        }
    }
    let whole = String::from_utf8(whole).unwrap_or_default();
    let (_, errors) = DeTable::parse_recoverable(&whole);
    let mut places: Vec<_> = errors.iter().filter_map(toml::de::Error::span).map(|span| span.start).collect();
    places.sort_unstable();
    places
}

/// Reads one statement that is closed; also a piece of a line on which there are several.
pub(crate) fn parsed(text: &str, range: Range<usize>) -> Said {
    let slice = &text[range.clone()];
    let written = slice.trim_start_matches('\u{feff}').trim();
    if written.is_empty() {
        return Said::Nothing;
    }
    let (table, errors) = DeTable::parse_recoverable(slice);
    let first = errors.iter().min_by_key(|error| error.span().map_or(0, |span| span.start));
    if let Some(error) = first {
        return Said::Broken(Mistake::from_parser(text, range, error));
    }
    let Some((key, value)) = table.get_ref().iter().next() else {
        return Said::Comment;
    };
    let base = range.start;
    let mut parts = vec![part(key, base)];
    let mut value = value;
    if written.starts_with('[') {
        let mut list = false;
        loop {
            let table = match value.get_ref() {
                DeValue::Table(table) => table,
                DeValue::Array(array) => match array.iter().next().map(toml::Spanned::get_ref) {
                    Some(DeValue::Table(table)) => {
                        list = true;
                        table
                    }
                    _ => break,
                },
                _ => break,
            };
            let Some((key, next)) = table.iter().next() else { break };
            parts.push(part(key, base));
            value = next;
        }
        return Said::Header { parts, list };
    }
    let entry = entry(text, base, &mut parts, value);
    Said::Pair { parts, node: entry }
}

fn part(key: &toml::Spanned<std::borrow::Cow<'_, str>>, base: usize) -> Part {
    let span = key.span();
    Part { name: key.get_ref().clone().into_owned(), span: base + span.start..base + span.end }
}

/// Follows the dots of a key to its value.
fn entry<'t>(text: &str, base: usize, parts: &mut Vec<Part>, mut value: &'t toml::Spanned<DeValue<'t>>) -> Node {
    // A table without braces is one that the dots of the key have made.
    while let DeValue::Table(table) = value.get_ref()
        && text.as_bytes().get(base + value.span().start) != Some(&b'{')
        && let Some((key, next)) = table.iter().next()
    {
        parts.push(part(key, base));
        value = next;
    }
    node(text, base, value)
}

fn node(text: &str, base: usize, spanned: &toml::Spanned<DeValue<'_>>) -> Node {
    let span = base + spanned.span().start..base + spanned.span().end;
    let value = match spanned.get_ref() {
        DeValue::String(text) => Value::Text(text.clone().into_owned()),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Integer(number) => Value::Number(i64::from_str_radix(number.as_str(), number.radix()).ok()),
        DeValue::Float(_) => Value::Fraction,
        DeValue::Datetime(date) => Value::Date(*date),
        DeValue::Array(array) => Value::List(array.iter().map(|item| node(text, base, item)).collect()),
        DeValue::Table(table) => {
            let mut entries = Vec::new();
            collect(text, base, &[], table, &mut entries);
            Value::Table(entries)
        }
    };
    Node { span, value }
}

/// The entries of a table in braces. Dotted keys may share their first parts, so there can be several below one.
fn collect(text: &str, base: usize, above: &[Part], table: &DeTable<'_>, entries: &mut Vec<Entry>) {
    for (key, value) in table {
        let mut parts = above.to_vec();
        parts.push(part(key, base));
        match value.get_ref() {
            DeValue::Table(inner) if text.as_bytes().get(base + value.span().start) != Some(&b'{') => {
                collect(text, base, &parts, inner, entries);
            }
            _ => entries.push(Entry { parts, node: node(text, base, value) }),
        }
    }
}

/// `text` as a TOML string, on one line.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            letter if letter.is_control() => out.extend([format!("\\u{:04X}", u32::from(letter))]),
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// `name` as a key: in quotes only where it needs them.
pub(crate) fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.bytes().all(is_bare);
    if bare { name.to_owned() } else { quoted(name) }
}

/// A letter that a key has without quotes.
fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_".contains(&byte)
}

/// `words` as a TOML list, on one line.
pub(crate) fn list<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    let words: Vec<_> = words.into_iter().map(quoted).collect();
    format!("[{}]", words.join(", "))
}

/// A date and time of the file as a moment. A bare date is 00:00 UTC of that day.
pub(crate) fn moment(date: &Datetime) -> Result<jiff::Timestamp, &'static str> {
    let out_of_range = "the date is out of range: write one such as 2027-02-01";
    let Some(day) = date.date else { return Err("a day is missing: write a date such as 2027-02-01") };
    let number = |number: u8| i8::try_from(number).map_err(|_| out_of_range);
    let year = i16::try_from(day.year).map_err(|_| out_of_range)?;
    let day = jiff::civil::Date::new(year, number(day.month)?, number(day.day)?).map_err(|_| out_of_range)?;
    let (time, minutes) = match (date.time, date.offset) {
        (None, _) => (jiff::civil::Time::midnight(), 0),
        (Some(_), None) => return Err("the time needs its offset: end it with Z for UTC"),
        (Some(time), Some(offset)) => {
            let nanosecond = i32::try_from(time.nanosecond.unwrap_or(0)).map_err(|_| out_of_range)?;
            let second = number(time.second.unwrap_or(0))?;
            let time = jiff::civil::Time::new(number(time.hour)?, number(time.minute)?, second, nanosecond);
            let minutes = match offset {
                toml::value::Offset::Z => 0,
                toml::value::Offset::Custom { minutes } => i32::from(minutes),
            };
            (time.map_err(|_| out_of_range)?, minutes)
        }
    };
    let offset = jiff::tz::Offset::from_seconds(minutes * 60).map_err(|_| out_of_range)?;
    offset.to_timestamp(jiff::civil::DateTime::from_parts(day, time)).map_err(|_| out_of_range)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str) -> Vec<(usize, usize)> {
        let lines = Lines::new(text);
        let all = statements(text);
        assert_eq!(all.iter().map(|one| &text[one.range.clone()]).collect::<String>(), text, "no byte is lost");
        let mistakes = all.iter().filter_map(|one| match &one.said {
            Said::Broken(mistake) => Some(lines.position(mistake.at)),
            _ => None,
        });
        mistakes.map(|position| (position.line, position.column)).collect()
    }

    fn keys(text: &str) -> Vec<String> {
        let all = statements(text);
        let names = all.iter().filter_map(|one| match &one.said {
            Said::Header { parts, .. } | Said::Pair { parts, .. } => {
                Some(parts.iter().map(|part| part.name.as_str()).collect::<Vec<_>>().join("."))
            }
            _ => None,
        });
        names.collect()
    }

    #[test]
    fn one_mistake_is_one_broken_statement_and_the_next_line_is_read() {
        for (text, places) in [
            ("a = \nb = 1\n", vec![(1, 5)]),
            ("a\nb = 1\n", vec![(1, 2)]),
            ("a = \"x\nb = 1\n", vec![(1, 5)]),
            ("a = 'x\nb = 1\n", vec![(1, 5)]),
            ("a = \"\"\"x\nb = 1\n", vec![(1, 5)]),
            ("a = [1, 2\nb = 1\n", vec![(1, 5)]),
            ("a = [\n \"x\",\n \"y\"\nb = 1\n", vec![(1, 5)]),
            ("a = { x = 1\n[t]\nb = 1\n", vec![(1, 5)]),
            ("a = [\"x, \"y\"]\nb = 1\n", vec![(1, 12)]),
            ("a: 1\nb = 1\n", vec![(1, 2)]),
            ("ä = 1\nb = 1\n", vec![(1, 1)]),
            ("\u{feff}ü = 1\r\n\tb = x\r\nb = 1", vec![(1, 1), (2, 6)]),
            ("[t\nb = 1\n", vec![(1, 3)]),
            ("a = 1 2\nx = {y = 1, y = 2}\nb = 1\n", vec![(1, 5), (2, 13)]),
            ("a = 2027-02-31\n# \u{7}\nb = 1\n", vec![(1, 5), (2, 3)]),
        ] {
            assert_eq!(broken(text), places, "{text:?}");
            assert_eq!(keys(text).last().map(String::as_str), Some("b"), "{text:?}");
        }
    }

    #[test]
    fn every_way_to_write_a_key_is_followed() {
        let text = "a.\"b c\".d = 1\n[ x . 'y' ]\n[[l.m]]\nt = {\n a.b = 1,\n a.c = { d = 2 },\n}\n";
        assert_eq!(keys(text), ["a.b c.d", "x.y", "l.m", "t"]);
        let all = statements(text);
        let Said::Pair { node: Node { value: Value::Table(entries), .. }, .. } = &all[3].said else { panic!() };
        let names: Vec<_> = entries.iter().map(|entry| entry.parts.len()).collect();
        assert_eq!(names, [2, 2]);
    }

    #[test]
    fn what_stands_twice_is_found_in_the_whole() {
        let text = "a = 1\nb\na = 2\n[t]\n[u\nx = 1\nx = 1\n[t]\n";
        let lines = Lines::new(text);
        let places: Vec<_> =
            repetitions(text, &statements(text)).into_iter().map(|at| lines.position(at).line).collect();
        assert_eq!(places, [3, 8]);
    }

    #[test]
    fn quoted_text_reads_back() {
        for text in ["", "a\"b\\c", "\u{7f}\u{1}\n\t", "ä€"] {
            let line = format!("a = {}\n", quoted(text));
            let all = statements(&line);
            assert!(
                matches!(&all[0].said, Said::Pair { node: Node { value: Value::Text(read), .. }, .. } if read == text)
            );
        }
    }
}
