//! YAML, as far as Kubernetes objects need it: written so that every parser of YAML 1.1 and 1.2 reads the same.

use serde_json::Value;

/// A scalar: bare where every parser takes it for a text, else in double quotes, which are JSON's.
pub fn text(value: &str) -> String {
    let bare = value.starts_with(|letter: char| letter.is_ascii_lowercase())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-./@".contains(&byte))
        && !["true", "false", "yes", "no", "on", "off", "null", "y", "n"]
            .contains(&value.to_ascii_lowercase().as_str());
    if bare { value.to_owned() } else { Value::from(value).to_string() }
}

/// A text of several lines below `key`, indented by four, or in quotes where a block could not keep it.
pub fn block(key: &str, value: &str) -> String {
    let plain = value.trim_end().lines().all(|line| line.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    if !plain || value.starts_with(' ') {
        return format!("  {key}: {}\n", Value::from(value));
    }
    let lines = value.trim_end().lines().map(|line| format!("    {line}\n"));
    format!("  {key}: |\n{}", lines.collect::<String>())
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

/// The name of a connection in the form that Kubernetes takes.
pub fn name_of(connection: &str) -> String {
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
        ] {
            assert_eq!(text(value), written);
        }
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
