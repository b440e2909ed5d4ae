//! YAML, as far as Kubernetes objects need it: written so that every parser of YAML 1.1 and 1.2 reads the same. Objects
//! are made as values, and [`document`] alone writes them, so that no text gets past the quotes.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Case, Document, Mark, Named};
use crate::config::Connection;

/// One object: maps, and texts as their values.
pub fn document(object: &Value) -> String {
    let mut out = String::new();
    push(&mut out, object, 0);
    out
}

/// Texts of several lines below their key, each with its line end: a value that is written as a block where that keeps it.
pub fn lines(text: &str) -> Value {
    text.trim_end().lines().flat_map(|line| [line, "\n"]).collect::<String>().into()
}

fn push(out: &mut String, object: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    for (key, value) in object.as_object().into_iter().flatten() {
        let _ = write!(out, "{indent}{}:", text(key));
        match value {
            Value::Object(_) => {
                out.push('\n');
                push(out, value, depth + 1);
            }
            Value::String(value) if is_block(value) => {
                out.push_str(" |\n");
                for line in value.lines() {
                    let _ = writeln!(out, "{indent}  {line}");
                }
            }
            Value::String(value) => {
                let _ = writeln!(out, " {}", text(value));
            }
            // JSON is YAML as well.
            other => {
                let _ = writeln!(out, " {other}");
            }
        }
    }
}

/// Whether a block keeps this: whole lines of plain letters, or of marks in whose places such lines go.
fn is_block(value: &str) -> bool {
    let plain = |letter: char| (' '..='~').contains(&letter) || Mark::of(letter).is_some_and(Mark::is_block);
    value.strip_suffix('\n').is_some_and(|body| {
        !body.starts_with([' ', '\n'])
            && !body.is_empty()
            && !body.ends_with('\n')
            && body.lines().all(|line| line.chars().all(plain))
    })
}

/// A scalar: bare where every parser takes it for a text, else in double quotes, which are JSON's. Bare is only what begins
/// with a letter, so that no form of a number or a date is (<https://yaml.org/type/>, read on 2026-11-21), and is none of
/// the words that some parser takes for a truth, for nothing or for a number.
fn text(value: &str) -> String {
    const WORDS: [&str; 13] =
        ["true", "false", "yes", "no", "on", "off", "null", "none", "y", "n", "inf", "infinity", "nan"];
    let bare = value.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./@".contains(&byte))
        && !WORDS.contains(&value.to_ascii_lowercase().as_str());
    if bare { value.to_owned() } else { Value::from(value).to_string() }
}

/// A name that Kubernetes takes for an object: RFC 1123, at most 63 characters.
///
/// # Errors
/// The rule, where `name` breaks it.
pub fn object_name(name: &str) -> Result<String, String> {
    let edge = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let fine = (1..=63).contains(&name.len())
        && name.starts_with(edge)
        && name.ends_with(edge)
        && name.chars().all(|letter| edge(letter) || letter == '-');
    let rule = "an object of Kubernetes is named with 1 to 63 lower-case letters, digits and inner hyphens";
    if fine { Ok(name.to_owned()) } else { Err(rule.to_owned()) }
}

/// The kinds of objects that lie beside each other at a platform, by what ends the names that are made for them.
pub struct Kinds {
    pub platform: &'static str,
    /// The format of each, and the ending.
    pub endings: &'static [(&'static str, &'static str)],
}

impl Kinds {
    /// The name that the objects of `connection` get.
    fn name(&self, case: &Case<'_>, connection: &Connection, (format, ending): (&str, &str)) -> Named {
        let given = connection.handover.get("name").filter(|_| connection.platform == self.platform);
        let whose = if ending.is_empty() { connection.name.clone() } else { format!("{} ({format})", connection.name) };
        let base = given.cloned().unwrap_or_else(|| name_of(&connection.name));
        let goes = case.goes(connection, format);
        Named { whose, name: format!("{base}{ending}"), given: given.is_some(), goes }
    }
}

/// The name that the objects of this case get, as those of `format`.
///
/// # Errors
/// The rule, where a name breaks it; or that it would be the name of something else.
pub fn name(case: &Case<'_>, document: &mut Document, kinds: &Kinds, format: &str) -> Result<String, String> {
    let own = kinds.endings.iter().copied().find(|(one, _)| *one == format).unwrap_or((format, ""));
    let made = kinds.name(case, case.connection, own);
    let name = match case.parameters.set_now("name") {
        Some(given) => Named { name: given.clone(), given: true, ..made },
        None => made,
    };
    object_name(&name.name)?;
    let all = case.connections.iter().flat_map(|one| kinds.endings.iter().map(move |kind| (one, *kind)));
    let others = all.filter(|(one, kind)| one.id != case.connection.id || *kind != own);
    let others: Vec<Named> = others.map(|(one, kind)| kinds.name(case, one, kind)).collect();
    document.tell_apart("name", &name, &others)?;
    Ok(name.name)
}

/// The name of a connection in the form that Kubernetes takes.
fn name_of(connection: &str) -> String {
    connection.replace(['.', '_'], "-").trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_a_text() {
        for (value, written) in [
            ("acme", "acme"),
            ("a.b/c-d", "a.b/c-d"),
            ("yes", "\"yes\""),
            ("No", "\"No\""),
            ("123", "\"123\""),
            ("", "\"\""),
            ("a: b", "\"a: b\""),
            ("a\nb", "\"a\\nb\""),
            ("https://x.example", "\"https://x.example\""),
            ("é", "\"é\""),
            ("a_b", "a_b"),
            ("2026-11-21", "\"2026-11-21\""),
            ("~", "\"~\""),
        ] {
            assert_eq!(text(value), written);
        }
    }

    #[test]
    fn keys_are_quoted_like_values_and_lines_are_kept() {
        let object =
            serde_json::json!({ "on": { "10.0.0.1": lines("a\n b\r\n\n"), "a": "one\ntwo", "b": " x\n", "c": 1 } });
        assert_eq!(
            document(&object),
            "\"on\":\n  \"10.0.0.1\": |\n    a\n     b\n  a: \"one\\ntwo\"\n  b: \" x\\n\"\n  c: 1\n"
        );
    }

    #[test]
    fn names_are_those_of_kubernetes() {
        assert_eq!(name_of("flux.github_acme"), "flux-github-acme");
        assert!(object_name("flux-system").is_ok());
        for name in ["", "-a", "a-", "A", "a_b", "a.b", &"a".repeat(64)] {
            assert!(object_name(name).is_err(), "{name}");
        }
    }
}
