//! The report for people: a line a check, the remedy below what did not pass; what comes from one cause is told once.

use std::fmt::Write as _;

use super::{Entry, Report};
use crate::check::{Check, Verdict};
use crate::text::{sanitise, wrapped};

/// The width that lines are wrapped to, in columns.
const WIDTH: usize = 80;
/// The most that is shown of a name, and of a sentence. Some of it comes out of a config that can be edited by hand.
const NAME: usize = 200;
const SENTENCE: usize = 2000;
/// What stands before the ids.
const INDENT: &str = "           ";
/// The column of the ids.
const IDS: usize = 19;

impl Report {
    /// The same as the JSON, for people. Colour only adds to the words.
    pub fn text(&self, color: bool) -> String {
        let mut text = String::new();
        for (number, entry) in self.connections.iter().enumerate() {
            if number > 0 {
                text.push('\n');
            }
            entry_text(&mut text, entry, &entry.checks, color);
        }
        text
    }

    /// What is left to know for somebody who has seen every check: what did not pass, and the verdict.
    pub fn brief(&self, color: bool) -> String {
        let mut text = String::new();
        for entry in &self.connections {
            let open: Vec<Check> = entry.checks.iter().filter(|one| one.verdict != Verdict::Pass).cloned().collect();
            entry_text(&mut text, entry, &open, color);
        }
        text
    }
}

fn entry_text(text: &mut String, entry: &Entry, checks: &[Check], color: bool) {
    let name = |text: &str| sanitise(text, NAME);
    let (owner, platform) = (name(&entry.owner), name(&entry.platform));
    let _ = writeln!(text, "{}: {owner} at {} ({platform})", name(&entry.name), entry.host);
    if let Some((url, created, empty)) = &entry.repository {
        let created = if *created { " (created just now)" } else { "" };
        let empty = if *empty == Some(true) { " (empty)" } else { "" };
        let _ = writeln!(text, "repository: {}{created}{empty}", sanitise(url, SENTENCE));
    }
    let mut rest = checks;
    if !checks.is_empty() {
        let _ = writeln!(text);
    }
    while let Some(first) = rest.first() {
        let same = rest.iter().take_while(|check| check.says_the_same_as(first)).count();
        check_text(text, &rest[..same], color);
        rest = &rest[same..];
    }
    if !checks.is_empty() {
        let _ = writeln!(text);
    }
    if let Some(rotation) = &entry.rotation {
        rotation.write(text);
    }
    if !entry.accepted.is_empty() {
        let _ = writeln!(text, "accepted although they failed: {}", sanitise(&entry.accepted.join(", "), SENTENCE));
    }
    for left in &entry.left_behind {
        let _ = writeln!(text, "left behind: {}", sanitise(left, SENTENCE));
    }
    for notice in &entry.notices {
        text.push_str(&wrapped(&sanitise(&format!("note: {notice}"), SENTENCE), "", WIDTH));
    }
    let saved = if entry.saved { "" } else { ", not saved" };
    let _ = writeln!(text, "verdict: {}{saved}", entry.verdict());
}

/// Checks that say the same, most often one: its detail stands beside it where both fit, and below where not.
fn check_text(text: &mut String, checks: &[Check], color: bool) {
    let Some(first) = checks.first() else { return };
    let ids = checks.iter().map(|check| check.id.name()).collect::<Vec<_>>().join(" ");
    let took = first.took.filter(|_| checks.len() == 1).map(|took| format!(" ({} ms)", took.as_millis()));
    let detail = format!("{}{}", sanitise(&first.detail, SENTENCE), took.unwrap_or_default());
    let word = painted(&first.verdict, color);
    let indent = " ".repeat(INDENT.len() + IDS);
    if ids.len() < IDS {
        let _ = write!(text, "  {word}  {ids:IDS$}{}", wrapped(&detail, &indent, WIDTH).trim_start());
        finding_text(text, first, &indent);
    } else {
        let _ = write!(text, "  {word}  {}", wrapped(&ids, INDENT, WIDTH).trim_start());
        let indent = if checks.len() == 1 { indent.as_str() } else { INDENT };
        text.push_str(&wrapped(&detail, indent, WIDTH));
        finding_text(text, first, indent);
    }
}

fn finding_text(text: &mut String, check: &Check, indent: &str) {
    let Some(finding) = check.verdict.finding() else { return };
    let remedy = wrapped(&sanitise(&finding.remedy.text, SENTENCE), &format!("{indent}   "), WIDTH);
    let _ = write!(text, "{indent}-> {}", remedy.trim_start());
    if let Some(url) = &finding.remedy.url {
        // An address is never broken: a terminal makes a link of it only in one piece.
        let _ = writeln!(text, "{indent}   {}", sanitise(url, SENTENCE));
    }
}

impl Check {
    /// Whether both tell of one cause: the same verdict, words and remedy. A check that passed stands for itself.
    fn says_the_same_as(&self, other: &Self) -> bool {
        self.id == other.id
            || (self.verdict != Verdict::Pass && self.verdict == other.verdict && self.detail == other.detail)
    }
}

/// The word of a verdict, in a column of seven.
fn painted(verdict: &Verdict, color: bool) -> String {
    let word = format!("{:7}", verdict.name());
    if !color {
        return word;
    }
    let code = match verdict {
        Verdict::Pass => "32",
        Verdict::Warn(_) => "33",
        Verdict::Fail(_) => "31;1",
        Verdict::Unknown(_) | Verdict::Pending => "36",
    };
    format!("\u{1b}[{code}m{word}\u{1b}[0m")
}
