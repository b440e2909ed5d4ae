//! The answers file: what the user decided, as a document.
//!
//! [`read`] finds every problem in one run, each with its line and column, in the order of the file. One mistake is one
//! problem: what only follows from it (a field that is missing because its line cannot be read) is not told again; but
//! none is hidden behind another, so a line that cannot be read is still read as far as it goes. Nothing that stands
//! where a value belongs is ever repeated.

mod broken;

use std::collections::BTreeMap;

use super::field::{FIELDS, Field, Raw, Shape};
use super::fit::Unread;
use super::literal::{self, shown_path, token_in};
use super::meaning::{Meaning, is_about_value, meaning};
use super::suggestion;
use super::{Answers, Problem};
use crate::platform::Platform;
use crate::statements::{Entry, Lines, Mistake, Node, Part, Position, Said, Statement, Value};
use crate::statements::{moment, repetitions, statements};

pub use super::literal::shown_key as key_as_shown;
pub use super::written::{wanted, write};

/// What the file is read for, and what is known besides it.
pub struct Circumstances<'a> {
    /// The file itself comes from standard input, so the token cannot.
    pub from_stdin: bool,
    /// What wins over the file: the command line.
    pub above: &'a Answers,
    /// Everything that is answered, once the file's own answers are laid between what wins over them and what they win
    /// over.
    pub whole: &'a dyn Fn(&Answers) -> Whole,
    pub platform: &'a dyn Fn(&str) -> Option<Platform>,
}

/// All answers together: what is judged.
#[derive(Clone, Debug, Default)]
pub struct Whole {
    pub answers: Answers,
    /// A saved connection keeps a token already, so that none has to be given.
    pub has_token: bool,
    /// Whether they are about a new token, or key, of a saved connection alone.
    pub rotates: bool,
}

/// What a file says, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The answers of the file alone, as far as they could be read. Relative paths are still relative.
    pub answers: Answers,
    /// In the order of the file. Empty: the file can be used.
    pub problems: Vec<Located>,
    spots: BTreeMap<Field, Spot>,
    /// Where each table begins.
    headers: BTreeMap<String, Position>,
    unread: Unread,
}

/// A problem and its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Located {
    /// Line and column from 1, the column in characters. None where the file has no part in it: the command line has.
    pub place: Option<(usize, usize)>,
    /// Table and key, as far as they can be told and shown.
    pub key: Option<String>,
    pub message: String,
}

/// Where a field stands.
#[derive(Clone, Copy, Debug)]
struct Spot {
    key: Position,
    value: Position,
}

/// What is said of a path that begins with `~/` in a file: no shell has seen it. One that means it writes `./~/`.
pub const NOT_EXPANDED: &str = "~ is not expanded here: write the whole path";

const START: Position = Position { line: 1, column: 1 };

impl Reading {
    /// Whether the file means to answer `field` in a way that could not be read.
    pub fn is_unread(&self, field: &Field) -> bool {
        let is_meant = self.unread.surely.contains(field) || self.unread.perhaps.contains(field);
        is_meant && !self.answers.has(field)
    }

    /// A problem with `field` at its place: where the file says it, unless the command line (`above`) does; else where
    /// its table begins, else where the file does.
    pub fn locate(&self, field: &Field, above: &Answers, message: impl Into<String>) -> Located {
        if above.has(field) {
            let flag = match field {
                Field::Name => "NAME".to_owned(),
                Field::Repository => "--repository".to_owned(),
                _ => format!("--{}", field.key()),
            };
            return Located { place: None, key: Some(flag), message: message.into() };
        }
        let key = field.key();
        let position = match self.spots.get(field) {
            Some(spot) if is_about_value(field) => spot.value,
            Some(spot) => spot.key,
            None => {
                let table = key.split_once('.').and_then(|(table, _)| self.headers.get(table));
                table.copied().unwrap_or(START)
            }
        };
        located(position, Some(key), message)
    }

    /// A problem with what `field` names, at its value.
    pub fn locate_value(&self, field: &Field, message: impl Into<String>) -> Option<Located> {
        let spot = self.spots.get(field)?;
        Some(located(spot.value, Some(field.key()), message))
    }

    /// Whether a line about `field` itself was there.
    fn has_read(&self, field: &Field) -> bool {
        self.spots.contains_key(field)
    }

    fn insert(&mut self, field: Field, answer: super::Answer) {
        // Not `set`, which drops the token when the host changes: here the order of the lines means nothing.
        self.answers.given.insert(field, answer);
    }
}

/// Reads an answers file.
pub fn read(text: &str, circumstances: &Circumstances<'_>) -> Reading {
    let all = statements(text);
    let mut reader = Reader {
        lines: Lines::new(text),
        text,
        reading: Reading::default(),
        has_version: false,
        from_stdin: circumstances.from_stdin,
    };
    reader.walk(&all, &repetitions(text, &all));
    reader.judge(circumstances);
    let mut reading = reader.reading;
    // What the command line says comes last.
    reading.problems.sort_by_key(|problem| (problem.place.is_none(), problem.place));
    reading.problems.dedup();
    reading
}

struct Reader<'t> {
    lines: Lines<'t>,
    text: &'t str,
    reading: Reading,
    has_version: bool,
    from_stdin: bool,
}

impl Reader<'_> {
    fn walk(&mut self, all: &[Statement], repeated: &[usize]) {
        // The table that the lines below it belong to; none where they are not to be read.
        let mut table: Option<Vec<String>> = Some(Vec::new());
        for statement in all {
            let until = |end: usize| repeated.partition_point(|at| *at < end);
            let again = &repeated[until(statement.range.start)..until(statement.range.end)];
            for at in again {
                let key = match &statement.said {
                    Said::Header { parts, .. } => Some(joined(&names(parts))),
                    Said::Pair { parts, .. } => table.as_ref().map(|table| joined(&below(table, parts))),
                    _ => None,
                };
                self.say(*at, key, Mistake::REPEATED);
            }
            match &statement.said {
                Said::Nothing | Said::Comment => {}
                Said::Header { parts, list } => table = self.header(parts, *list && again.is_empty()),
                Said::Pair { parts, node } if again.is_empty() => self.line(table.as_deref(), parts, node),
                Said::Pair { parts, node } => {
                    if let Some(table) = &table {
                        self.second(&below(table, parts), node);
                    }
                }
                Said::Broken(mistake) => {
                    let path = self.broken(statement.range.clone(), mistake, table.as_deref());
                    if mistake.header {
                        table = path.filter(|path| matches!(meaning(path), Meaning::Table));
                    }
                }
            }
        }
    }

    /// A line of the table; of one that is not read, only that it holds no token.
    fn line(&mut self, table: Option<&[String]>, parts: &[Part], node: &Node) {
        match table {
            Some(table) => self.pair(&below(table, parts), parts, node),
            None => {
                if let Some(at) = token_in(node) {
                    self.literal(at, &names(parts));
                }
            }
        }
    }

    /// What is wrong with the value of a key that stood before.
    fn second(&mut self, path: &[String], node: &Node) {
        if let Some(at) = token_in(node) {
            self.literal(at, path);
        } else if let Meaning::Field(field) = meaning(path)
            && let Err(mistakes) = parsed(&field, node)
        {
            for (at, message) in mistakes {
                self.say(at, Some(field.key()), &message);
            }
        }
    }

    /// Takes up a table; none if its lines are not to be read.
    fn header(&mut self, parts: &[Part], list: bool) -> Option<Vec<String>> {
        let path = names(parts);
        match meaning(&path) {
            Meaning::Table => {
                let first = parts.first().map_or(0, |part| part.span.start);
                if list {
                    self.say(first, Some(joined(&path)), "this is one table: write its name in single brackets");
                }
                let bracket = self.text[..first].rfind('[').unwrap_or(first);
                let position = self.lines.position(bracket);
                self.reading.headers.entry(joined(&path)).or_insert(position);
                Some(path)
            }
            Meaning::Version => {
                self.has_version = true;
                self.say_at(parts, 1, &path, "a number is expected here, not a table");
                None
            }
            Meaning::Field(field) | Meaning::Below(field, _) => {
                let message = format!("{} is expected here, not a table", field.row().shape.name());
                self.say_at(parts, parts.len(), &path, &message);
                self.reading.unread.surely.insert(field);
                None
            }
            Meaning::Unknown(index) => {
                self.unknown(&path, index, parts, None);
                table_meant(&path)
            }
        }
    }

    fn pair(&mut self, path: &[String], parts: &[Part], node: &Node) {
        let Some(last) = parts.last() else { return };
        match meaning(path) {
            Meaning::Version => self.version(node),
            Meaning::Field(field) => self.field(field, last, node),
            Meaning::Table => match &node.value {
                Value::Table(entries) => {
                    for Entry { parts, node } in entries {
                        self.pair(&below(path, parts), parts, node);
                    }
                }
                Value::Text(_) if joined(path) == "token" => self.literal(last.span.start, path),
                _ => {
                    self.try_prefix(&joined(path));
                    let message = format!("[{0}] is a table: write [{0}] and its keys below", joined(path));
                    self.say(last.span.start, Some(joined(path)), &message);
                }
            },
            Meaning::Below(field, used) => {
                let message = format!("{} is expected here, not a table", field.row().shape.name());
                let part = parts.len().saturating_sub(path.len() - used).max(1);
                self.say_at(parts, part, path, &message);
                self.reading.unread.surely.insert(field);
            }
            Meaning::Unknown(index) => self.unknown(path, index, parts, Some(node)),
        }
    }

    fn version(&mut self, node: &Node) {
        self.has_version = true;
        let message = match node.value {
            Value::Number(Some(1)) => return,
            Value::Number(_) => "this program reads version 1 of the answers file: write version = 1",
            _ => "a number is expected here: write version = 1",
        };
        self.say(node.span.start, Some("version".into()), message);
    }

    fn field(&mut self, field: Field, last: &Part, node: &Node) {
        let key = self.lines.position(last.span.start);
        let value = self.lines.position(node.span.start);
        self.reading.spots.insert(field.clone(), Spot { key, value });
        if let Some(at) = token_in(node) {
            self.reading.unread.perhaps.insert(Field::TokenEnv);
            self.reading.unread.surely.insert(field.clone());
            self.say(at, Some(field.key()), literal::REFUSAL);
            return;
        }
        match parsed(&field, node) {
            Ok(super::Answer::Flag(true)) if field == Field::TokenStdin && self.from_stdin => {
                self.reading.unread.surely.insert(field.clone());
                let message = "standard input is taken by the answers: name env, file or command as the token's source";
                self.say(last.span.start, Some(field.key()), message);
            }
            Ok(super::Answer::Path(path)) if path.starts_with("~") => {
                self.reading.unread.surely.insert(field.clone());
                self.say(node.span.start, Some(field.key()), NOT_EXPANDED);
            }
            Ok(answer) => self.reading.insert(field, answer),
            Err(mistakes) => {
                for (at, message) in mistakes {
                    self.say(at, Some(field.key()), &message);
                }
                self.reading.unread.surely.insert(field);
            }
        }
    }

    fn literal(&mut self, at: usize, path: &[String]) {
        self.reading.unread.perhaps.insert(Field::TokenEnv);
        self.say(at, Some(joined(path)), literal::REFUSAL);
    }

    fn unknown(&mut self, path: &[String], index: usize, parts: &[Part], node: Option<&Node>) {
        // The unknown part stands on this line, or in the header above.
        let part = (index + parts.len()).saturating_sub(path.len());
        let Some(at) = parts.get(part).or(parts.last()).map(|part| part.span.start) else { return };
        let table: Vec<_> = path[..index].iter().map(String::as_str).collect();
        if node.is_some_and(|node| literal::is_key_of_token(&table, &path[index]) || token_in(node).is_some()) {
            self.literal(at, path);
            return;
        }
        self.is_unknown(at, path, index, node.is_none());
        // What was meant is judged like the rest, where there is no doubt about it.
        if let (Some(field), Some(node)) = (field_meant(path), node)
            && !self.reading.has_read(&field)
        {
            self.field(field, &parts[parts.len() - 1], node);
        }
    }

    /// Tells a key that is not known, with those that were probably meant.
    fn is_unknown(&mut self, at: usize, path: &[String], index: usize, is_table: bool) {
        let key = joined(&path[..=index]);
        let meant = suggestion::meant(&key);
        if !(is_table && table_meant(path).is_some()) {
            for known in &meant {
                self.try_prefix(known);
            }
        }
        let what = if is_table { "table" } else { "key" };
        let message = format!("no {what} is named `{}`: {}", shown_path(&key), suggestion::hint(&meant));
        self.say(at, Some(joined(path)), &message);
    }

    fn try_path(&mut self, path: &[String]) {
        match meaning(path) {
            Meaning::Version => self.has_version = true,
            Meaning::Field(field) | Meaning::Below(field, _) => {
                self.reading.unread.surely.insert(field);
            }
            Meaning::Table => self.try_prefix(&joined(path)),
            Meaning::Unknown(index) => {
                for known in suggestion::meant(&joined(&path[..=index])) {
                    self.try_prefix(known);
                }
            }
        }
    }

    /// Marks a known key, or all keys of a known table.
    fn try_prefix(&mut self, known: &str) {
        if known == "version" {
            self.has_version = true;
        }
        let under = format!("{known}.");
        let rows = FIELDS.iter().filter(|row| row.key == known || row.key.starts_with(&under));
        self.reading.unread.perhaps.extend(rows.map(|row| row.field.clone()));
    }

    /// What is missing, and what does not fit together.
    fn judge(&mut self, circumstances: &Circumstances<'_>) {
        let Whole { answers: merged, has_token, rotates } = (circumstances.whole)(&self.reading.answers);
        // A rotation needs to be told of the token, or of the key, and of nothing else.
        if !self.has_version && !rotates {
            self.problem(START, Some("version".into()), "`version` is missing: write version = 1");
        }
        let platform = merged.platform().and_then(circumstances.platform);
        if merged.has(&Field::Platform) && platform.is_none() {
            let known: Vec<_> = crate::platform::built_in().into_iter().map(|platform| platform.id).collect();
            let known = known.join(", ");
            let message = format!("no platform of this name is known: write {known}, or the name of a platform file");
            self.fits_not(&Problem { field: Field::Platform, message }, circumstances.above);
        }
        let mut problems = merged.problems_beside(platform.as_ref(), has_token, &self.reading.unread);
        problems.extend(platform.as_ref().and_then(|platform| unsupported(&merged, platform)));
        for problem in problems {
            self.fits_not(&problem, circumstances.above);
        }
    }

    fn fits_not(&mut self, problem: &Problem, above: &Answers) {
        let located = self.reading.locate(&problem.field, above, problem.message.as_str());
        self.reading.problems.push(located);
    }

    fn say_at(&mut self, parts: &[Part], number: usize, path: &[String], message: &str) {
        let at = parts.get(number.saturating_sub(1)).or(parts.last()).map_or(0, |part| part.span.start);
        self.say(at, Some(joined(path)), message);
    }

    fn say(&mut self, at: usize, key: Option<String>, message: &str) {
        self.problem(self.lines.position(at), key, message);
    }

    fn problem(&mut self, position: Position, key: Option<String>, message: &str) {
        self.reading.problems.push(located(position, key, message));
    }
}

fn located(position: Position, key: Option<String>, message: impl Into<String>) -> Located {
    let key = key.map(|key| shown_path(&key));
    Located { place: Some((position.line, position.column)), key, message: message.into() }
}

/// Why the platform cannot use the provider, or this kind of token.
fn unsupported(answers: &Answers, platform: &Platform) -> Option<Problem> {
    let provider = answers.provider()?;
    if let Err(reason) = platform.pair(provider) {
        return Some(Problem { field: Field::Provider, message: reason });
    }
    // A token beside a key only registers it.
    let kind = answers.token_kind().filter(|_| !answers.has_ssh())?;
    let message = platform.refuses(provider, kind)?;
    Some(Problem { field: Field::TokenKind, message })
}

/// A value as an answer; or where in it the mistakes are, and what.
fn parsed(field: &Field, node: &Node) -> Result<super::Answer, Vec<(usize, String)>> {
    let shape = field.row().shape;
    let at = |message: String| vec![(node.span.start, message)];
    let raw = match &node.value {
        Value::Text(text) => Raw::Text(text),
        Value::Flag(flag) => Raw::Flag(*flag),
        Value::Number(_) | Value::Fraction => Raw::Other("a number"),
        Value::Table(_) => Raw::Other("a table"),
        Value::Date(_) if shape != Shape::Expiry => Raw::Other("a date"),
        Value::Date(date) => Raw::Moment(moment(date).map_err(|message| at(message.to_owned()))?),
        Value::List(items) => {
            let is_text = |item: &Node| matches!(item.value, Value::Text(_));
            let odd = items.iter().filter(|item| shape == Shape::Words && !is_text(item));
            let odd: Vec<_> =
                odd.map(|item| (item.span.start, "each word of the list is a text in quotes".to_owned())).collect();
            if !odd.is_empty() {
                return Err(odd);
            }
            Raw::Words(items.iter().filter_map(|item| item.value.as_text()).collect())
        }
    };
    field.parse(&raw).map_err(at)
}

/// The field that an unknown key was surely meant to be: the only one like it, and in the same table.
fn field_meant(path: &[String]) -> Option<Field> {
    let table = |key: &str| key.rsplit_once('.').map(|(table, _)| table.to_owned());
    let key = joined(path);
    match suggestion::meant(&key).as_slice() {
        [one] if table(one) == table(&key) => Field::from_key(one),
        _ => None,
    }
}

/// The table that an unknown one was surely meant to be: its lines are read.
fn table_meant(path: &[String]) -> Option<Vec<String>> {
    match suggestion::meant(&joined(path)).as_slice() {
        [one] if suggestion::TABLES.contains(one) => Some(vec![(*one).to_owned()]),
        _ => None,
    }
}

fn names(parts: &[Part]) -> Vec<String> {
    parts.iter().map(|part| part.name.clone()).collect()
}

fn below(table: &[String], parts: &[Part]) -> Vec<String> {
    table.iter().cloned().chain(names(parts)).collect()
}

fn joined(path: &[String]) -> String {
    path.join(".")
}
