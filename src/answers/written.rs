//! Answers written down: to be replayed, or to be filled in.

use std::collections::BTreeSet;

use super::field::{Answer, FIELDS, Field, FieldRow, GivenExpiry, Shape};
use super::{Answers, Problem};
use crate::fact::Source;
use crate::statements::{key, list, quoted};

/// The answers as a file that gives them again. It never holds a secret: a token that was typed is not among them.
pub fn write(answers: &Answers) -> String {
    let mut out = vec![
        "# Answers of git-access. The same again: git-access setup --answers THIS-FILE".to_owned(),
        "# No secret belongs in here.".to_owned(),
        "version = 1".to_owned(),
    ];
    let mut table = "";
    let typed = matches!(answers.source(), None | Some(Source::Typed(_))) && !answers.has_ssh();
    for row in FIELDS {
        let (in_table, name) = row.key.rsplit_once('.').unwrap_or(("", row.key));
        let remark = typed && row.field == Field::TokenEnv;
        let answer = answers.given.get(&row.field);
        if in_table != table && (remark || answer.is_some()) {
            out.push(format!("\n[{in_table}]"));
            table = in_table;
        }
        if remark {
            let typed = matches!(answers.source(), Some(Source::Typed(_)));
            let text = if typed {
                "# The token was typed. Give it on standard input the next time, or name its source here.\nstdin = true"
            } else {
                "# Name the source of the token here:\n# env = \"GIT_ACCESS_TOKEN\""
            };
            out.push(text.to_owned());
        }
        let Some(answer) = answer else { continue };
        out.push(format!("{name} = {}", value(answer)));
    }
    out.extend(handover(answers));
    out.join("\n") + "\n"
}

/// The answers file that would have been needed: what is known is filled in, what is missing is marked, and the rest
/// stands there as a comment.
pub fn wanted(answers: &Answers, problems: &[Problem]) -> String {
    let mut out = vec![
        "# An answers file for git-access. Fill in what is marked, then: git-access setup --answers THIS-FILE"
            .to_owned(),
        "# Lines that begin with # are optional.".to_owned(),
        "version = 1".to_owned(),
    ];
    let missing: BTreeSet<&Field> =
        problems.iter().map(|problem| &problem.field).filter(|field| !answers.has(field)).collect();
    let mut table = "";
    for row in FIELDS {
        let (in_table, name) = row.key.rsplit_once('.').unwrap_or(("", row.key));
        if in_table != table {
            out.push(format!("\n[{in_table}]"));
            table = in_table;
        }
        let line = match answers.given.get(&row.field) {
            Some(answer) => format!("{name} = {}", value(answer)),
            None if missing.contains(&row.field) => format!("{name} = {}  # needed", example(row)),
            None => format!("# {name} = {}", example(row)),
        };
        out.push(format!("# {}\n{line}", row.doc));
    }
    out.extend(handover(answers));
    out.join("\n") + "\n"
}

fn handover(answers: &Answers) -> Vec<String> {
    let mut out = Vec::new();
    for (name, text) in answers.handover() {
        if out.is_empty() {
            out.push("\n[handover]".to_owned());
        }
        out.push(format!("{} = {}", key(&name), quoted(&text)));
    }
    out
}

/// An answer as people write it in a field.
pub(super) fn shown(answer: &Answer) -> Option<String> {
    Some(match answer {
        Answer::Text(text) => text.clone(),
        Answer::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        Answer::Words(words) => words.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" "),
        Answer::Path(path) => path.to_string_lossy().into_owned(),
        Answer::Typed(_) => return None,
        other => value(other).trim_matches('"').to_owned(),
    })
}

/// A word of a command, quoted where a blank would part it.
fn shell_word(word: &str) -> String {
    let plain = !word.is_empty() && !word.contains(|letter: char| letter.is_whitespace() || "'\"\\".contains(letter));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

fn value(answer: &Answer) -> String {
    match answer {
        Answer::Text(text) => quoted(text),
        Answer::Flag(flag) => flag.to_string(),
        Answer::Words(words) => list(words.iter().map(String::as_str)),
        Answer::Path(path) => quoted(&path.to_string_lossy()),
        Answer::Provider(provider) => quoted(provider.id()),
        Answer::Host(host) => quoted(&host.to_string()),
        Answer::Expires(GivenExpiry::Never) => quoted("never"),
        Answer::Expires(GivenExpiry::At(at)) => {
            // A day is how people write it.
            let at = at.to_string();
            at.strip_suffix("T00:00:00Z").map_or(at.clone(), str::to_owned)
        }
        Answer::Visibility(visibility) => quoted(visibility.name()),
        Answer::Contents(contents) => quoted(contents.name()),
        Answer::Scope(scope) => quoted(scope.name()),
        Answer::Typed(_) => String::new(),
    }
}

/// A value that shows the form.
fn example(row: &FieldRow) -> String {
    match (row.field.clone(), row.shape) {
        (Field::TokenEnv | Field::StoreEnv, _) => quoted("GIT_ACCESS_TOKEN"),
        (_, Shape::Flag) => "true".to_owned(),
        (_, Shape::Words) => list(["program", "word"]),
        (_, Shape::Expiry) => "2027-02-01".to_owned(),
        (_, Shape::Choice(words)) => quoted(words.first().copied().unwrap_or_default()),
        (_, Shape::Text | Shape::Path) => quoted(""),
    }
}
