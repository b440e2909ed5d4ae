//! The key that was probably meant.

use super::field::FIELDS;

/// The tables of the answers file.
pub(super) const TABLES: &[&str] = &["token", "store", "repository", "ssh", "handover"];

/// What an unknown key was probably meant to be: the known keys that are nearest, or that have the same last part.
/// A table is given by its name alone.
pub(super) fn meant(key: &str) -> Vec<&'static str> {
    let keys = || FIELDS.iter().map(|row| row.key).chain(["version"]).chain(TABLES.iter().copied());
    let near = closest(key, keys(), |known| known);
    if !near.is_empty() {
        return near;
    }
    let last = last_part(key);
    let same: Vec<_> = keys().filter(|known| last_part(known) == last).collect();
    if same.is_empty() { closest(last, keys(), last_part) } else { same }
}

/// A half sentence about [`meant`].
pub(super) fn hint(meant: &[&str]) -> String {
    let quoted = |key: &&str| if TABLES.contains(key) { format!("[{key}]") } else { format!("`{key}`") };
    match meant {
        [] => "remove it".to_owned(),
        [one] => format!("write {} if that is meant", quoted(one)),
        several => {
            let all: Vec<_> = several.iter().map(quoted).collect();
            format!("write {}, whichever is meant", all.join(" or "))
        }
    }
}

fn last_part(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

fn closest<'k>(
    key: &str,
    known: impl Iterator<Item = &'k str>,
    part: impl for<'p> Fn(&'p str) -> &'p str,
) -> Vec<&'k str> {
    let limit = (key.chars().count() / 3).clamp(1, 3);
    let far: Vec<_> = known.map(|known| (distance(key, part(known), limit), known)).collect();
    let Some(best) = far.iter().map(|(distance, _)| *distance).min().filter(|best| *best <= limit) else {
        return Vec::new();
    };
    far.into_iter().filter(|(distance, _)| *distance == best).map(|(_, known)| known).collect()
}

/// How many letters must be changed, added, left out or swapped with their neighbour; more than `limit` is not counted.
fn distance(left: &str, right: &str, limit: usize) -> usize {
    let left: Vec<_> = left.chars().take(80).collect();
    let right: Vec<_> = right.chars().collect();
    if left.len().abs_diff(right.len()) > limit {
        return limit + 1;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, letter) in left.iter().enumerate() {
        let mut here = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let changed = above[column] + usize::from(letter != other);
            let mut best = changed.min(above[column + 1] + 1).min(here[column] + 1);
            if row > 0 && column > 0 && *letter == right[column - 1] && left[row - 1] == *other {
                best = best.min(before[column - 1] + 1);
            }
            here.push(best);
        }
        before = std::mem::replace(&mut above, here);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_found_or_the_table_where_it_belongs() {
        for (key, keys) in [
            ("providr", vec!["provider"]),
            ("onwer", vec!["owner"]),
            ("token.envv", vec!["token.env"]),
            ("tokn", vec!["token"]),
            ("versoin", vec!["version"]),
            ("env", vec!["token.env", "store.env"]),
            ("create", vec!["repository.create"]),
            ("repo", vec![]),
            ("colour", vec![]),
        ] {
            assert_eq!(meant(key), keys, "{key}");
        }
    }
}
