//! What a place in the config is about: the whole key, as it may be repeated.

use std::cell::OnceCell;
use std::ops::Range;

use super::keys::{Section, row};
use crate::answers::file::key_as_shown;
use crate::answers::token_in;
use crate::statements::{Lines, Part, Said, Statement, statements};

/// The keys of a text by the statements that they stand in. Nobody asks as long as nothing is wrong, so that the map is
/// made by the first who does: a config of many connections is long.
pub(super) struct Spots<'s> {
    statements: &'s [Statement],
    map: OnceCell<Map>,
}

struct Map {
    /// In the order of the text; the path of each, empty where there is none.
    all: Vec<(Range<usize>, Vec<String>)>,
    /// The tables in which a line cannot be read: what is missing there may be what it was meant to say.
    broken: Vec<Vec<String>>,
}

impl<'s> Spots<'s> {
    pub fn of(statements: &'s [Statement]) -> Self {
        Self { statements, map: OnceCell::new() }
    }

    fn map(&self) -> &Map {
        self.map.get_or_init(|| Map::of(self.statements))
    }

    /// The key at the byte `at`: `connections.x.token.store`.
    pub fn key(&self, at: usize) -> Option<String> {
        let all = &self.map().all;
        let next = all.partition_point(|(range, _)| range.start <= at);
        let (_, path) = all[..next].last().filter(|(range, _)| range.contains(&at))?;
        shown(path)
    }

    /// Whether a line that cannot be read may be one of this connection.
    pub fn may_be_broken(&self, name: &str) -> bool {
        let may = |table: &Vec<String>| table.len() < 2 || (table[0] == "connections" && table[1] == name);
        self.map().broken.iter().any(may)
    }
}

impl Map {
    fn of(all: &[Statement]) -> Self {
        let mut table: Vec<String> = Vec::new();
        let mut spots = Self { all: Vec::new(), broken: Vec::new() };
        for statement in all {
            let path = match &statement.said {
                Said::Nothing | Said::Comment => continue,
                Said::Header { parts, .. } => {
                    table = names(parts);
                    table.clone()
                }
                Said::Pair { parts, .. } => [table.clone(), names(parts)].concat(),
                Said::Broken(mistake) => {
                    // A word that nothing parts from a value may be anything, so it is not repeated.
                    let own = mistake.path.clone().filter(|_| mistake.header || mistake.parted).unwrap_or_default();
                    if mistake.header {
                        table.clear();
                    }
                    spots.broken.push(table.clone());
                    [table.clone(), own].concat()
                }
            };
            spots.all.push((statement.range.clone(), path));
        }
        spots
    }
}

fn shown(path: &[String]) -> Option<String> {
    (!path.is_empty()).then(|| path.iter().map(|part| key_as_shown(part)).collect::<Vec<_>>().join("."))
}

/// A value that is a token to all appearance, under a key that nobody reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrayToken {
    pub line: usize,
    pub key: String,
}

/// The tokens that stand in the config `text` under keys of nobody's, in its order. None of them is repeated.
pub fn stray_tokens(text: &str) -> Vec<StrayToken> {
    let (lines, mut table, mut stray) = (Lines::new(text), Vec::new(), Vec::new());
    for statement in statements(text) {
        match &statement.said {
            Said::Header { parts, .. } => table = names(parts),
            Said::Pair { parts, node } => {
                let path = [table.clone(), names(parts)].concat();
                if let Some(at) = token_in(node).filter(|_| !is_ours(&path)) {
                    stray.push(StrayToken { line: lines.position(at).line, key: shown(&path).unwrap_or_default() });
                }
            }
            Said::Nothing | Said::Comment | Said::Broken(_) => {}
        }
    }
    stray
}

/// Whether the key at `path` is one that is read; what a platform asks is free.
fn is_ours(path: &[String]) -> bool {
    let Some((key, [connections, _, table @ ..])) = path.split_last() else { return false };
    let in_section =
        |section: &Section| table.iter().map(String::as_str).eq(section.table()) && row(*section, key).is_some();
    connections == "connections" && Section::ALL.iter().any(in_section)
}

fn names(parts: &[Part]) -> Vec<String> {
    parts.iter().map(|part| part.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_about_the_key_of_its_line() {
        let text = "version = 1\n\n[connections.x]\nid = 1\n[connections.x.token]\nkind.deep = 2\nwhat is this\n";
        let all = statements(text);
        let spots = Spots::of(&all);
        for (at, key) in [
            ("version", Some("version")),
            ("connections.x]", Some("connections.x")),
            ("id", Some("connections.x.id")),
            ("2", Some("connections.x.token.kind.deep")),
            ("what", Some("connections.x.token")),
        ] {
            assert_eq!(spots.key(text.find(at).unwrap()).as_deref(), key, "{at}");
        }
        assert_eq!(spots.key(12), None);
        assert!(spots.may_be_broken("x") && !spots.may_be_broken("y"));
    }

    #[test]
    fn a_token_is_found_under_keys_of_nobodys_alone() {
        let token = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
        let text = format!(
            "version = 1\nnote = \"{token}\"\n[connections.x]\nid = \"{token}\"\npassword = \"{token}\"\n\
             [connections.x.handover]\nproject = [\"{token}\"]\n[connections.x.token]\nstore = \"keyring\"\nmine = {{ a = \"{token}\" }}\n"
        );
        let stray = stray_tokens(&text);
        let found: Vec<_> = stray.iter().map(|one| (one.line, one.key.as_str())).collect();
        let expected = [
            (2, "note"),
            (5, "connections.x.password"),
            (7, "connections.x.handover.project"),
            (10, "connections.x.token.mine"),
        ];
        assert_eq!(found, expected);
        assert_eq!(stray_tokens("note = \"what is this\"\n"), []);
    }
}
