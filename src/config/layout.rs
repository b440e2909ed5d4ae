//! Where in the text the keys of the connections stand.
//!
//! The same thing can be written in several ways: `[connections.x.token]`, dotted keys, tables in braces. Here each
//! becomes a [`Leaf`] with its full path, so that the reader and the changes need not know which way was taken.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::statements::{Entry, Node, Part, Said, Statement, Value};

use super::keys::Section;

/// A key with its value.
#[derive(Clone)]
pub(super) struct Leaf<'s> {
    pub path: Vec<&'s str>,
    /// The key as it is written here: the last parts of the path.
    pub parts: &'s [Part],
    pub node: &'s Node,
    /// The statement it is, or is within.
    pub statement: usize,
    pub braces: bool,
}

/// A table: its path, and where it begins.
#[derive(Clone)]
pub(super) struct Table<'s> {
    pub path: Vec<&'s str>,
    pub parts: &'s [Part],
    pub statement: usize,
    /// Written in double brackets.
    pub list: bool,
    /// The node, where it is written in braces.
    pub braces: Option<&'s Node>,
}

pub(super) struct Layout<'s> {
    pub statements: &'s [Statement],
    pub leaves: Vec<Leaf<'s>>,
    pub tables: Vec<Table<'s>>,
}

impl<'s> Layout<'s> {
    pub fn of(statements: &'s [Statement]) -> Self {
        let mut layout = Self { statements, leaves: Vec::new(), tables: Vec::new() };
        let mut table = Vec::new();
        for (index, statement) in statements.iter().enumerate() {
            match &statement.said {
                Said::Header { parts, list } => {
                    table = below(&[], parts);
                    let path = table.clone();
                    layout.tables.push(Table { path, parts, statement: index, list: *list, braces: None });
                }
                Said::Pair { parts, node } => layout.pair(&table, parts, node, index, false),
                _ => {}
            }
        }
        layout
    }

    fn pair(&mut self, table: &[&'s str], parts: &'s [Part], node: &'s Node, statement: usize, braces: bool) {
        let path = below(table, parts);
        match &node.value {
            Value::Table(entries) if is_table_of_ours(&path) => {
                for Entry { parts, node } in entries {
                    self.pair(&path, parts, node, statement, true);
                }
                self.tables.push(Table { path, parts, statement, list: false, braces: Some(node) });
            }
            _ => self.leaves.push(Leaf { path, parts, node, statement, braces }),
        }
    }

    /// What belongs to each connection, by its name.
    pub fn by_connection(&self) -> BTreeMap<&'s str, Self> {
        let mut all: BTreeMap<&str, Self> = BTreeMap::new();
        let empty = || Self { statements: self.statements, leaves: Vec::new(), tables: Vec::new() };
        for leaf in &self.leaves {
            if let Some(name) = connection(&leaf.path) {
                all.entry(name).or_insert_with(empty).leaves.push(leaf.clone());
            }
        }
        for table in &self.tables {
            if let Some(name) = connection(&table.path) {
                all.entry(name).or_insert_with(empty).tables.push(table.clone());
            }
        }
        all
    }

    /// Where the first of it stands.
    pub fn start(&self) -> usize {
        let leaves = self.leaves.iter().map(|leaf| leaf.parts);
        let parts = leaves.chain(self.tables.iter().map(|table| table.parts));
        parts.filter_map(|parts| parts.first()).map(|part| part.span.start).min().unwrap_or(0)
    }

    pub fn leaf(&self, path: &[&str]) -> Option<&Leaf<'s>> {
        self.leaves.iter().find(|leaf| leaf.path == path)
    }

    /// The keys that stand directly in the table at `path`.
    pub fn leaves_in(&self, path: &[&str]) -> impl Iterator<Item = &Leaf<'s>> {
        self.leaves.iter().filter(move |leaf| leaf.path.len() == path.len() + 1 && leaf.path.starts_with(path))
    }

    pub fn table(&self, path: &[&str]) -> Option<&Table<'s>> {
        self.tables.iter().find(|table| table.path == path)
    }

    /// The end of the block that the statement at `index` is in: its last key, or its header.
    pub fn end_of_block(&self, index: usize) -> usize {
        let after = &self.statements[index + 1..];
        let block = after.iter().take_while(|statement| !matches!(statement.said, Said::Header { .. }));
        let pairs = block.enumerate().filter(|(_, statement)| matches!(statement.said, Said::Pair { .. }));
        pairs.last().map_or(index, |(last, _)| index + 1 + last)
    }

    pub fn range(&self, statement: usize) -> Range<usize> {
        self.statements[statement].range.clone()
    }
}

/// The path of a section of the connection `name`.
pub(super) fn path_of(name: &str, section: Section) -> Vec<&str> {
    ["connections", name].into_iter().chain(section.table()).collect()
}

fn connection<'s>(path: &[&'s str]) -> Option<&'s str> {
    path.get(1).filter(|_| path[0] == "connections").copied()
}

fn is_table_of_ours(path: &[&str]) -> bool {
    match path {
        ["connections"] | ["connections", _] => true,
        ["connections", _, table] => Section::ALL.iter().any(|section| section.table() == Some(table)),
        _ => false,
    }
}

pub(super) fn below<'s>(table: &[&'s str], parts: &'s [Part]) -> Vec<&'s str> {
    table.iter().copied().chain(parts.iter().map(|part| part.name.as_str())).collect()
}
