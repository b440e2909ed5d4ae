//! What goes, or gets another name: keys, tables and whole connections, in whatever way they are written.

use std::ops::Range;

use super::super::keys::Section;
use super::super::layout::{Layout, below, path_of};
use super::super::values::Line;
use super::{Edit, leaf_of};
use crate::statements::{Entry, Part, Said, Statement, Value, key};

/// Takes keys out of a connection; a table that has nothing left goes as a whole.
pub(super) fn without(text: &str, layout: &Layout<'_>, name: &str, gone: &[&Line], after: &[Line]) -> Vec<Edit> {
    let mut edits = Vec::new();
    for section in Section::ALL {
        let lines: Vec<_> = gone.iter().filter(|line| line.section == section).collect();
        if lines.is_empty() {
            continue;
        }
        let path = path_of(name, section);
        let inside = layout.leaves.iter().filter(|leaf| leaf.path.starts_with(&path)).count();
        let stays = after.iter().any(|line| line.section == section) || inside > lines.len();
        if !stays && section != Section::Connection {
            edits.extend(taken_out(text, layout.statements, &path));
            continue;
        }
        for line in lines {
            let Some(leaf) = leaf_of(layout, name, line) else { continue };
            if leaf.braces {
                edits.extend(taken_out(text, layout.statements, &leaf.path));
            } else {
                edits.push(Edit::remove(layout.range(leaf.statement)));
            }
        }
    }
    edits
}

/// Takes a connection out.
pub(super) fn removed(text: &str, all: &[Statement], name: &str) -> Vec<Edit> {
    taken_out(text, all, &path_of(name, Section::Connection))
}

/// Takes out everything at and below `path`, with the comments directly above it.
fn taken_out(text: &str, all: &[Statement], path: &[&str]) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut goes = vec![false; all.len()];
    let mut table: Vec<&str> = Vec::new();
    for (index, statement) in all.iter().enumerate() {
        match &statement.said {
            Said::Header { parts, .. } => {
                table = below(&[], parts);
                goes[index] = table.starts_with(path);
            }
            Said::Pair { parts, node } => {
                let own = below(&table, parts);
                goes[index] = own.starts_with(path);
                if !goes[index] {
                    edits.extend(from_braces(&own, &node.value, path));
                }
            }
            _ => {}
        }
    }
    comments_with(all, &mut goes);
    blanks_with(all, &mut goes);
    let ranges = all.iter().zip(&goes).filter(|(_, goes)| **goes).map(|(statement, _)| statement.range.clone());
    edits.extend(ranges.map(|range| Edit::remove(without_mark(text, range))));
    edits
}

/// The byte order mark belongs to the file, not to its first line.
fn without_mark(text: &str, range: Range<usize>) -> Range<usize> {
    let mark = if range.start == 0 && text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    range.start + mark..range.end
}

/// Comments go with what stands directly below them, and with the keys of a table between which they stand.
fn comments_with(all: &[Statement], goes: &mut [bool]) {
    let mut below = false;
    for (index, statement) in all.iter().enumerate().rev() {
        match statement.said {
            Said::Comment => goes[index] = below,
            _ => below = goes[index],
        }
    }
}

/// Blank lines between things that go, and one of the two that would now meet.
fn blanks_with(all: &[Statement], goes: &mut [bool]) {
    let blank = |index: usize| matches!(all[index].said, Said::Nothing);
    let mut start = 0;
    while start < all.len() {
        if !goes[start] {
            start += 1;
            continue;
        }
        let mut end = start;
        let mut last = start;
        while end < all.len() && (goes[end] || blank(end)) {
            last = if goes[end] { end } else { last };
            end += 1;
        }
        goes[start..=last].fill(true);
        let meets = last + 1 >= all.len() || blank(last + 1);
        if start > 0 && blank(start - 1) && meets {
            goes[start - 1] = true;
        } else if start == 0 && meets && last + 1 < all.len() {
            goes[last + 1] = true;
        }
        start = last + 1;
    }
}

/// Takes out of a table in braces what is at or below `path`.
fn from_braces(table: &[&str], value: &Value, path: &[&str]) -> Vec<Edit> {
    let Value::Table(entries) = value else { return Vec::new() };
    if !path.starts_with(table) {
        return Vec::new();
    }
    let mut entries: Vec<&Entry> = entries.iter().collect();
    entries.sort_by_key(|entry| entry.node.span.start);
    let mut edits = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let own = below(table, &entry.parts);
        if !own.starts_with(path) {
            edits.extend(from_braces(&own, &entry.node.value, path));
            continue;
        }
        let Some(first) = entry.parts.first().map(|part| part.span.start) else { continue };
        // The comma before it goes too; for the first one, the comma after it.
        let before = index.checked_sub(1).map(|before| entries[before].node.span.end);
        let next = entries.get(index + 1).and_then(|next| next.parts.first()).map(|part| part.span.start);
        edits.push(Edit::remove(match (before, next) {
            (Some(before), _) => before..entry.node.span.end,
            (None, Some(next)) => first..next,
            (None, None) => first..entry.node.span.end,
        }));
    }
    edits
}

/// Writes `new` wherever the connection is named `old`.
pub(super) fn renamed(text: &str, all: &[Statement], old: &str, new: &str) -> Vec<Edit> {
    let path = path_of(old, Section::Connection);
    let mut edits = Vec::new();
    let mut table: Vec<&str> = Vec::new();
    for statement in all {
        match &statement.said {
            Said::Header { parts, .. } => {
                table = below(&[], parts);
                if table.starts_with(&path) {
                    edits.extend(parts.get(1).map(|part| named(text, part, new)));
                }
            }
            Said::Pair { parts, node } => names_in(text, &table, parts, &node.value, &path, new, &mut edits),
            _ => {}
        }
    }
    edits
}

fn names_in(
    text: &str,
    table: &[&str],
    parts: &[Part],
    value: &Value,
    path: &[&str],
    new: &str,
    edits: &mut Vec<Edit>,
) {
    let own = below(table, parts);
    if own.starts_with(path) {
        let part = path.len().checked_sub(table.len() + 1).and_then(|index| parts.get(index));
        edits.extend(part.map(|part| named(text, part, new)));
    } else if path.starts_with(&own)
        && let Value::Table(entries) = value
    {
        for Entry { parts, node } in entries {
            names_in(text, &own, parts, &node.value, path, new, edits);
        }
    }
}

/// The new name in the quotes of the old one.
fn named(text: &str, part: &Part, new: &str) -> Edit {
    let quote = text[part.span.clone()].chars().next().filter(|letter| matches!(letter, '"' | '\''));
    let name = quote.map_or_else(|| key(new), |quote| format!("{quote}{new}{quote}"));
    Edit::new(part.span.clone(), name)
}
