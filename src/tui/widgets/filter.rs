//! A search in a long list: what fits what was typed, the best first, with the letters that fit.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// A row that fits: its place in the list, and the letters (counted in characters) that were found in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub row: usize,
    pub letters: Vec<u32>,
}

/// A search, with the room that it needs kept from one letter to the next.
#[derive(Debug)]
pub struct Filter {
    matcher: Matcher,
    asked: Option<(String, usize)>,
    hits: Vec<Hit>,
}

impl Default for Filter {
    fn default() -> Self {
        Self { matcher: Matcher::new(Config::DEFAULT.match_paths()), asked: None, hits: Vec::new() }
    }
}

impl Filter {
    /// The rows that fit `wanted`. Asking the same again about as many rows costs nothing.
    pub fn search<'a>(&mut self, wanted: &str, rows: impl ExactSizeIterator<Item = &'a str>) -> &[Hit] {
        let asked = (wanted.to_owned(), rows.len());
        if self.asked.as_ref() != Some(&asked) {
            self.hits = self.find(wanted, rows);
            self.asked = Some(asked);
        }
        &self.hits
    }

    /// What was found last.
    pub fn hits(&self) -> &[Hit] {
        &self.hits
    }

    fn find<'a>(&mut self, wanted: &str, rows: impl Iterator<Item = &'a str>) -> Vec<Hit> {
        if wanted.trim().is_empty() {
            return rows.enumerate().map(|(row, _)| Hit { row, letters: Vec::new() }).collect();
        }
        let pattern = Pattern::new(wanted, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
        let mut room = Vec::new();
        let mut found: Vec<(u32, Hit)> = Vec::new();
        for (row, text) in rows.enumerate() {
            let mut letters = Vec::new();
            if let Some(score) = pattern.indices(Utf32Str::new(text, &mut room), &mut self.matcher, &mut letters) {
                letters.sort_unstable();
                letters.dedup();
                found.push((score, Hit { row, letters }));
            }
        }
        // The best first; of equals, as the list has them.
        found.sort_by_key(|(score, hit)| (std::cmp::Reverse(*score), hit.row));
        found.into_iter().map(|(_, hit)| hit).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(wanted: &str, rows: &[&str]) -> Vec<usize> {
        Filter::default().search(wanted, rows.iter().copied()).iter().map(|hit| hit.row).collect()
    }

    #[test]
    fn the_best_comes_first_and_what_does_not_fit_goes() {
        let rows = ["webshop", "gitops", "gitops-old", "infrastructure", "déploy"];
        assert_eq!(search("", &rows), [0, 1, 2, 3, 4]);
        assert_eq!(search("gitops", &rows), [1, 2]);
        assert_eq!(search("DEPLOY", &rows), [4]);
        assert_eq!(search("gto", &rows), [1, 2]);
        assert_eq!(search("zzz", &rows), [0_usize; 0]);
    }

    #[test]
    fn the_letters_that_fit_are_told() {
        let mut filter = Filter::default();
        assert_eq!(filter.search("ops", ["gitops"].into_iter())[0].letters, [3, 4, 5]);
    }
}
