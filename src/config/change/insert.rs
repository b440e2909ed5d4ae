//! What is new: keys at their place in the order, tables after the tables before them.

use std::ops::Range;

use super::super::Connection;
use super::super::keys::Section;
use super::super::layout::{Layout, Leaf, path_of};
use super::super::values::{Line, lines_of};
use super::{Edit, order};
use crate::statements::{Value, key};

/// A line of its own after the line at `range`.
pub(super) fn after_line(text: &str, range: Range<usize>, line: &str) -> Edit {
    let line_break = if text[range.clone()].ends_with("\r\n") || text.contains("\r\n") { "\r\n" } else { "\n" };
    let closed = range.is_empty() || text[range.clone()].ends_with('\n');
    let line = if closed { format!("{line}{line_break}") } else { format!("{line_break}{line}") };
    Edit::insert(range.end, line)
}

/// New keys in a section of a connection that is there.
pub(super) fn lines(
    text: &str,
    layout: &Layout<'_>,
    name: &str,
    section: Section,
    lines: &[&Line],
    line_break: &str,
) -> Vec<Edit> {
    let path = path_of(name, section);
    let known: Vec<&Leaf<'_>> = layout.leaves_in(&path).collect();
    let table = layout.table(&path);
    if let Some(braces) = table.and_then(|table| table.braces)
        && matches!(&braces.value, Value::Table(entries) if entries.is_empty())
    {
        return vec![Edit::insert(braces.span.start + 1, format!(" {} ", pairs(lines)))];
    }
    if !known.is_empty() {
        return lines.iter().map(|line| beside(text, layout, &known, line)).collect();
    }
    if let Some(table) = table {
        let header = layout.range(table.statement);
        return lines.iter().map(|line| after_line(text, header.clone(), &pair(line))).collect();
    }
    vec![table_of(text, layout, name, section, lines, line_break)]
}

/// A new key beside those that its table has already, written in the way that they are.
fn beside(text: &str, layout: &Layout<'_>, known: &[&Leaf<'_>], line: &Line) -> Edit {
    let place = order(line.section, &line.key);
    let of = |leaf: &&&Leaf<'_>| leaf.path.last().map_or(0, |key| order(line.section, key));
    // Keys of the user's own have no place in the order: they do not count, unless there is nothing else.
    let before = known
        .iter()
        .filter(|leaf| of(leaf) < place || place == usize::MAX)
        .max_by_key(|leaf| (of(leaf), leaf.node.span.start));
    let Some(beside) = before.or(known.first()) else { return Edit::insert(text.len(), "") };
    let (Some(first), Some(last)) = (beside.parts.first(), beside.parts.last()) else {
        return Edit::insert(text.len(), "");
    };
    let dotted = &text[first.span.start..last.span.start];
    let new = format!("{dotted}{}", pair(line));
    if beside.braces {
        return match before {
            Some(_) => Edit::insert(beside.node.span.end, format!(", {new}")),
            None => Edit::insert(first.span.start, format!("{new}, ")),
        };
    }
    let range = layout.range(beside.statement);
    let indent = text[range.start..first.span.start].trim_start_matches('\u{feff}');
    if before.is_some() {
        return after_line(text, range, &format!("{indent}{new}"));
    }
    let start = first.span.start - indent.len();
    after_line(text, start..start, &format!("{indent}{new}"))
}

/// A new table, after those of the connection that come before it in the order.
fn table_of(text: &str, layout: &Layout<'_>, name: &str, section: Section, lines: &[&Line], line_break: &str) -> Edit {
    let own = path_of(name, Section::Connection);
    if let Some(braces) = layout.table(&own).and_then(|table| table.braces) {
        let table = section.table().unwrap_or_default();
        return in_braces(braces, &format!("{table} = {{ {} }}", pairs(lines)));
    }
    let earlier = Section::ALL.iter().filter(|other| **other <= section);
    let paths: Vec<_> = earlier.map(|section| path_of(name, *section)).collect();
    let of_tables = layout.tables.iter().filter(|table| paths.contains(&table.path)).map(|table| table.statement);
    // Every path of the connection begins with that of its own table, so the tables below it are told by their names.
    let of_leaves = layout.leaves.iter().filter(|leaf| match leaf.path.len() {
        0..3 => false,
        3 => leaf.path.starts_with(&own),
        _ => paths[1..].iter().any(|path| leaf.path.starts_with(path)),
    });
    let last = of_tables.chain(of_leaves.map(|leaf| leaf.statement)).max().unwrap_or(0);
    // A table must not come between a table and its keys.
    let range = layout.range(layout.end_of_block(last));
    let block = block(name, section, lines, line_break);
    let closed = text[range.clone()].ends_with('\n');
    let block = if closed { format!("{block}{line_break}") } else { format!("{line_break}{block}") };
    Edit::insert(range.end, block)
}

/// A connection that was not there, at the end of the document.
pub(super) fn connection(text: &str, layout: &Layout<'_>, connection: &Connection, line_break: &str) -> Edit {
    let all = lines_of(connection);
    let of = |section: Section| all.iter().filter(move |line| line.section == section).collect::<Vec<_>>();
    if let Some(braces) = layout.table(&["connections"]).and_then(|table| table.braces) {
        let mut inner = vec![pairs(&of(Section::Connection))];
        for section in Section::ALL {
            if let (Some(table), lines) = (section.table(), of(section))
                && !lines.is_empty()
            {
                inner.push(format!("{table} = {{ {} }}", pairs(&lines)));
            }
        }
        return in_braces(braces, &format!("{} = {{ {} }}", key(&connection.name), inner.join(", ")));
    }
    let mut out = String::new();
    if !text.is_empty() && !text.ends_with('\n') {
        out.push_str(line_break);
    }
    let blank = text.ends_with("\n\n") || text.ends_with("\n\r\n");
    if !blank {
        out.push_str(line_break);
    }
    for section in Section::ALL {
        let lines = of(section);
        if !lines.is_empty() {
            out.push_str(&block(&connection.name, section, &lines, line_break));
            out.push_str(line_break);
        }
    }
    Edit::insert(text.len(), out)
}

fn in_braces(braces: &crate::statements::Node, entry: &str) -> Edit {
    match &braces.value {
        Value::Table(entries) => match entries.iter().map(|entry| entry.node.span.end).max() {
            Some(end) => Edit::insert(end, format!(", {entry}")),
            None => Edit::insert(braces.span.start + 1, format!(" {entry} ")),
        },
        _ => Edit::insert(braces.span.end, ""),
    }
}

/// Header and keys, without the last line break.
fn block(name: &str, section: Section, lines: &[&Line], line_break: &str) -> String {
    let table = section.table().map(|table| format!(".{table}")).unwrap_or_default();
    let header = format!("[connections.{}{table}]", key(name));
    std::iter::once(header).chain(lines.iter().map(|line| pair(line))).collect::<Vec<_>>().join(line_break)
}

fn pairs(lines: &[&Line]) -> String {
    lines.iter().map(|line| pair(line)).collect::<Vec<_>>().join(", ")
}

fn pair(line: &Line) -> String {
    format!("{} = {}", key(&line.key), line.value.toml(None))
}
