//! Changes of the document: exactly the bytes that say something else, and no others.
//!
//! A change is a set of replacements in the text as it stands. Afterwards the whole text is read again; if a change made
//! something unreadable out of an unusual way of writing, it is not taken, and the file stays as it was.

mod insert;
mod migrate;
mod whole;

use std::ops::Range;

use super::keys::{Section, row};
use super::layout::{Layout, path_of};
use super::values::{Line, lines_of};
use super::{Config, ConfigProblem, Connection};
use crate::answers::{Answer, Field, Raw};
use crate::statements::{quoted, statements};

/// Text that takes the place of a range of the document.
#[derive(Debug)]
struct Edit {
    range: Range<usize>,
    text: String,
}

impl Edit {
    fn new(range: Range<usize>, text: impl Into<String>) -> Self {
        Self { range, text: text.into() }
    }

    fn insert(at: usize, text: impl Into<String>) -> Self {
        Self::new(at..at, text)
    }

    fn remove(range: Range<usize>) -> Self {
        Self::new(range, "")
    }
}

impl Config {
    /// Makes the connection `name` the one in use.
    pub fn set_active(&mut self, name: &str) -> Result<(), ConfigProblem> {
        self.must_have(name)?;
        if self.active.as_deref() == Some(name) {
            return Ok(());
        }
        let all = statements(&self.text);
        let edit = active_edit(&self.text, &Layout::of(&all), name);
        self.apply(vec![edit])
    }

    /// Saves `connection`: adds it, or changes the one of its name where the two differ.
    pub fn put(&mut self, connection: &Connection) -> Result<(), ConfigProblem> {
        Self::can_be_named(&connection.name)?;
        let Some(before) = self.connection(&connection.name) else {
            if self.has(&connection.name) {
                return Err(refused("a connection of this name is there and cannot be read, so it is left alone"));
            }
            return self.add(connection);
        };
        let (before, after) = (lines_of(before), lines_of(connection));
        let all = statements(&self.text);
        let layout = Layout::of(&all);
        let mut edits = Vec::new();
        let mut new: Vec<&Line> = Vec::new();
        for line in &after {
            if before.contains(line) {
                continue;
            }
            match leaf_of(&layout, &connection.name, line) {
                Some(leaf) => {
                    let span = leaf.node.span.clone();
                    let text = line.value.toml(self.text.get(span.clone()));
                    edits.push(Edit::new(span, text));
                }
                None => new.push(line),
            }
        }
        let gone = |line: &&Line| !after.iter().any(|kept| (kept.section, &kept.key) == (line.section, &line.key));
        let gone: Vec<&Line> = before.iter().filter(gone).collect();
        edits.extend(whole::without(&self.text, &layout, &connection.name, &gone, &after));
        for section in Section::ALL {
            let lines: Vec<_> = new.iter().copied().filter(|line| line.section == section).collect();
            if !lines.is_empty() {
                edits.extend(insert::lines(&self.text, &layout, &connection.name, section, &lines, self.line_break()));
            }
        }
        self.apply(edits)
    }

    fn add(&mut self, connection: &Connection) -> Result<(), ConfigProblem> {
        let all = statements(&self.text);
        let edit = insert::connection(&self.text, &Layout::of(&all), connection, self.line_break());
        self.apply(vec![edit])
    }

    /// Gives the connection `old` another name, in its place; the active one stays active.
    pub fn rename(&mut self, old: &str, new: &str) -> Result<(), ConfigProblem> {
        self.must_have(old)?;
        if old == new {
            return Ok(());
        }
        Self::can_be_named(new)?;
        if self.has(new) {
            return Err(refused("a connection of the new name is there already"));
        }
        let all = statements(&self.text);
        let layout = Layout::of(&all);
        let mut edits = whole::renamed(&self.text, &all, old, new);
        if self.active.as_deref() == Some(old) {
            edits.push(active_edit(&self.text, &layout, new));
        }
        self.apply(edits)
    }

    /// Takes the connection out, with the comments directly above its tables. If it was active, none is afterwards.
    pub fn remove(&mut self, name: &str) -> Result<(), ConfigProblem> {
        self.must_have(name)?;
        let all = statements(&self.text);
        let layout = Layout::of(&all);
        let mut edits = whole::removed(&self.text, &all, name);
        if self.active.as_deref() == Some(name)
            && let Some(leaf) = layout.leaf(&["active"])
        {
            edits.push(Edit::remove(layout.range(leaf.statement)));
        }
        self.apply(edits)
    }

    fn must_have(&self, name: &str) -> Result<(), ConfigProblem> {
        if self.has(name) { Ok(()) } else { Err(refused("the config has no connection of this name")) }
    }

    fn can_be_named(name: &str) -> Result<(), ConfigProblem> {
        match Field::Name.parse(&Raw::Text(name)) {
            Ok(Answer::Text(parsed)) if parsed == name => Ok(()),
            Ok(_) => Err(refused("the name has a space at its beginning or end")),
            Err(message) => Err(refused(&message)),
        }
    }

    /// How the lines of this file end.
    fn line_break(&self) -> &'static str {
        match self.text.find('\n') {
            Some(at) if self.text[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }

    fn apply(&mut self, mut edits: Vec<Edit>) -> Result<(), ConfigProblem> {
        if edits.is_empty() {
            return Ok(());
        }
        // The sort is stable: what is inserted at one place keeps its order.
        edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        let mut text = String::with_capacity(self.text.len() + 256);
        let mut done = 0;
        for edit in &edits {
            text.push_str(self.text.get(done..edit.range.start).unwrap_or_default());
            text.push_str(&edit.text);
            done = done.max(edit.range.end);
        }
        text.push_str(&self.text[done..]);
        let unusual = "this part of the file is written in an unusual way, and the change would make it unreadable";
        let changed = Self::parse(Some(&text)).map_err(|_| refused(unusual))?;
        if changed.problems.len() > self.problems.len() {
            return Err(refused(unusual));
        }
        *self = changed;
        Ok(())
    }
}

fn leaf_of<'l, 's>(layout: &'l Layout<'s>, name: &str, line: &Line) -> Option<&'l super::layout::Leaf<'s>> {
    let mut path = path_of(name, line.section);
    path.push(&line.key);
    layout.leaves.iter().find(|leaf| leaf.path == path)
}

fn active_edit(text: &str, layout: &Layout<'_>, name: &str) -> Edit {
    if let Some(leaf) = layout.leaf(&["active"]) {
        let before = text.get(leaf.node.span.clone());
        return Edit::new(leaf.node.span.clone(), super::values::Written::Text(name.to_owned()).toml(before));
    }
    let line = format!("active = {}", quoted(name));
    let after = layout.leaf(&["version"]).map_or(0..0, |leaf| layout.range(leaf.statement));
    insert::after_line(text, after, &line)
}

/// The place of a key in the order of its section; free keys come in any order.
fn order(section: Section, key: &str) -> usize {
    row(section, key).map_or(usize::MAX, |(place, _)| place)
}

fn refused(message: &str) -> ConfigProblem {
    ConfigProblem {
        connection: None,
        key: None,
        line: 1,
        column: 1,
        message: message.to_owned(),
        remedy: "Choose another name, or mend the config file by hand; nothing was changed.".to_owned(),
        more: Vec::new(),
    }
}
