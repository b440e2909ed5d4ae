//! Lines that cannot be read. They are read as far as they go: an unknown key is told although its value is broken, a
//! value is judged although its quotes are missing, and of several keys on one line each counts.

use std::ops::Range;

use super::{Reader, Spot, below, joined, table_meant};
use crate::answers::field::{Field, Raw, Shape};
use crate::answers::literal;
use crate::answers::meaning::{Meaning, meaning};
use crate::answers::suggestion;
use crate::statements::{Mistake, Said, parsed};

/// How many keys on one line are told apart: a line of nothing but keys is read in one go.
const ON_A_LINE: usize = 8;
/// The longest key that is looked for among the known ones.
const LONGEST_KEY: usize = 80;

impl Reader<'_> {
    /// Gives the path that the line was about, as far as it can be told.
    pub(super) fn broken(
        &mut self,
        range: Range<usize>,
        mistake: &Mistake,
        table: Option<&[String]>,
    ) -> Option<Vec<String>> {
        if mistake.is_followed() && self.several(range, mistake, table) {
            return None;
        }
        let path = match (mistake.header, table, &mistake.path) {
            (true, _, Some(path)) => Some(path.clone()),
            (false, Some(table), Some(path)) => Some(table.iter().chain(path).cloned().collect()),
            _ => None,
        };
        // A word that nothing parts from a value may be anything, and is repeated only where it is a key of ours.
        let key = path.clone().filter(|path| mistake.parted || !matches!(meaning(path), Meaning::Unknown(_)));
        let is_token = literal::is_token(self.text[mistake.rest.clone()].trim().trim_matches(['"', '\'']));
        if is_token {
            self.literal_at(mistake.at, key.as_deref());
        } else {
            self.value(mistake, key.as_deref());
        }
        let Some(path) = path else {
            // Below a table that is not read nothing was meant that counts.
            if table.is_some() || mistake.header {
                self.odd_key(mistake, table.unwrap_or_default());
            }
            return None;
        };
        self.mark(&path, mistake);
        if let Meaning::Unknown(index) = meaning(&path)
            && mistake.parted
            && !is_token
        {
            self.is_unknown(mistake.name.start, &path, index, mistake.header);
        }
        let meant = table_meant(&path).filter(|_| mistake.header);
        Some(meant.unwrap_or(path))
    }

    fn literal_at(&mut self, at: usize, path: Option<&[String]>) {
        self.reading.unread.perhaps.insert(Field::TokenEnv);
        self.say(at, path.map(joined), literal::REFUSAL);
    }

    /// Marks what the line was about, which is then not missing.
    fn mark(&mut self, path: &[String], mistake: &Mistake) {
        match meaning(path) {
            Meaning::Field(field) => {
                let spot =
                    Spot { key: self.lines.position(mistake.name.start), value: self.lines.position(mistake.at) };
                self.reading.spots.entry(field.clone()).or_insert(spot);
                if !self.reading.answers.has(&field) {
                    self.reading.unread.surely.insert(field);
                }
            }
            _ if mistake.header && table_meant(path).is_some() => {}
            _ => self.try_path(path),
        }
    }

    /// Tells the mistake; and judges the value, where quotes are all that it lacks.
    fn value(&mut self, mistake: &Mistake, path: Option<&[String]>) {
        let key = path.map(joined);
        let meant = path.filter(|_| !mistake.header).map(meaning);
        let quotes = mistake.is_about_quotes();
        let message = match &meant {
            Some(Meaning::Version) if quotes => "a number is expected here: write version = 1",
            Some(Meaning::Field(field)) if quotes && field.row().shape == Shape::Flag => {
                "true or false is expected here, without quotes"
            }
            _ => mistake.message,
        };
        self.say(mistake.at, key.clone(), message);
        let Some(Meaning::Field(field)) = meant else { return };
        let takes_text = !matches!(field.row().shape, Shape::Flag | Shape::Words);
        let Some(text) = self.bare(mistake).filter(|_| quotes && takes_text) else { return };
        match field.parse(&Raw::Text(&text)) {
            Ok(answer) if !self.reading.has_read(&field) => self.reading.insert(field, answer),
            Ok(_) => {}
            Err(message) => self.say(mistake.at, key, &message),
        }
    }

    /// What stands where the value belongs, without the quotes that it has.
    fn bare(&self, mistake: &Mistake) -> Option<String> {
        let line = self.text[mistake.rest.clone()].lines().next()?;
        let text = line.split(" #").next()?.trim();
        let text = text.strip_prefix(['"', '\'']).unwrap_or(text);
        let is_plain = !text.is_empty() && !text.contains(['"', '\'', '\\', '{', '}', '[', ']', '=']);
        is_plain.then(|| text.to_owned())
    }

    /// A key that cannot be told is not repeated, but what was probably meant by it is not missing.
    fn odd_key(&mut self, mistake: &Mistake, table: &[String]) {
        let name = self.text[mistake.name.clone()].trim().trim_matches(['"', '\'']);
        if name.is_empty() || name.len() > LONGEST_KEY {
            return;
        }
        let mut path = if mistake.header { Vec::new() } else { table.to_vec() };
        path.push(name.to_owned());
        for known in suggestion::meant(&joined(&path)) {
            self.try_prefix(known);
        }
    }

    /// Reads a line with several keys on it; gives false where it is anything else.
    fn several(&mut self, range: Range<usize>, mistake: &Mistake, table: Option<&[String]>) -> bool {
        let Said::Pair { parts, node } = parsed(self.text, range.start..mistake.at) else { return false };
        let key = table.map(|table| joined(&below(table, &parts)));
        self.say(mistake.at, key, mistake.message);
        self.line(table, &parts, &node);
        let mut at = mistake.at;
        for _ in 1..ON_A_LINE {
            match parsed(self.text, at..range.end) {
                Said::Pair { parts, node } => self.line(table, &parts, &node),
                Said::Broken(next) if next.is_followed() && next.at > at => {
                    if let Said::Pair { parts, node } = parsed(self.text, at..next.at) {
                        self.line(table, &parts, &node);
                    }
                    at = next.at;
                    continue;
                }
                Said::Broken(next) if next.parted && !next.header && !next.is_followed() => {
                    self.broken(at..range.end, &next, table);
                }
                _ => self.look_for_token(at..range.end),
            }
            break;
        }
        true
    }

    /// What is no key may still be a token.
    fn look_for_token(&mut self, range: Range<usize>) {
        if literal::is_token(self.text[range.clone()].trim().trim_matches(['"', '\''])) {
            self.literal_at(range.start, None);
        }
    }
}
