//! Tokens that somebody wrote where they do not belong, and keys that must not be repeated.

use crate::fact::Recognised;
use crate::provider::Provider;
use crate::secret::Secret;
use crate::statements::{Node, Value};

/// What is said about a token in a file. It never shows any of it.
pub(super) const REFUSAL: &str = "a token or private key does not belong here: leave it in a variable, \
    a file of its own, a program or standard input, and write env, file, command or stdin in [token]";

/// How tokens begin, whatever their length.
const BEGINNINGS: &[&str] = &[
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gloas-",
    "gldt-",
    "glrt-",
    "glcbt-",
    "glptt-",
    "glft-",
    "glimt-",
    "glagent-",
    "glsoat-",
    "-----BEGIN",
];

/// Beginnings that other words have too, and from here on the length makes the difference.
const LONG_BEGINNINGS: &[&str] = &["ATATT", "ATCTT", "ATBB", "BBDC-"];
const LONG: usize = 20;
const LONGEST_KEY: usize = 40;
const LONGEST_RUN: usize = 20;
const LONGEST_MIXED_RUN: usize = 8;

/// Keys under which people put a token.
const KEYS: &[&str] =
    &["token", "value", "secret", "password", "passwd", "pat", "literal", "text", "key", "api_key", "apikey"];

/// Whether `text` is, to all appearance, a token or a private key.
pub(crate) fn is_token(text: &str) -> bool {
    let text = text.trim();
    if BEGINNINGS.iter().any(|begin| text.starts_with(begin)) {
        return true;
    }
    if text.len() < LONG {
        return false;
    }
    let Ok(secret) = Secret::parse(text) else { return false };
    LONG_BEGINNINGS.iter().any(|begin| text.starts_with(begin))
        || Provider::ALL.iter().any(|provider| provider.rules().recognise(&secret) != Recognised::Untold)
}

/// Whether a token stands in a word of a program: alone, behind `--token=`, or in what a shell is to do. Within a word only
/// what begins like a token counts, since names and checksums look like the other ones.
pub(super) fn is_in_word(word: &str) -> bool {
    let parts = word.split(|letter: char| !letter.is_ascii_alphanumeric() && !"_-.".contains(letter));
    let begins = |part: &str| BEGINNINGS.iter().any(|begin| part.starts_with(begin) && part.len() >= LONG);
    is_token(word) || word.contains("-----BEGIN") || parts.into_iter().any(begins)
}

/// Where in a value a token stands, if one does.
pub(crate) fn token_in(node: &Node) -> Option<usize> {
    match &node.value {
        Value::Text(text) => is_token(text).then_some(node.span.start),
        Value::List(items) => items.iter().find_map(|item| match &item.value {
            Value::Text(word) => is_in_word(word).then_some(item.span.start),
            _ => token_in(item),
        }),
        Value::Table(entries) => entries.iter().find_map(|entry| token_in(&entry.node)),
        _ => None,
    }
}

/// Whether a part of `text`, as in the path of an address, is a token to all appearance.
pub(crate) fn holds_token(text: &str) -> bool {
    text.split(|letter: char| letter.is_whitespace() || "/:@?&=#".contains(letter)).any(is_token)
}

/// Whether a token is what belongs to a key of this name.
pub(super) fn is_key_of_token(table: &[&str], name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    let known =
        KEYS.contains(&name.as_str()) && (table == ["token"] || !matches!(name.as_str(), "value" | "text" | "key"));
    known || name.ends_with("_token") || name.ends_with("_password") || name.ends_with("_secret")
}

/// A key as it may be repeated: one that could be a value gives `…`.
pub fn shown_key(name: &str) -> String {
    let odd = name.chars().count() > LONGEST_KEY
        || name.chars().any(char::is_control)
        || name.split('.').any(|part| is_token(part.trim_matches(['"', '\''])));
    if odd { "…".to_owned() } else { name.to_owned() }
}

/// A key of an answers file as it may be repeated. Of a token that was broken in two, the second half can look like a key:
/// the known ones are words, with no digits among long runs of letters.
pub(super) fn shown_path(name: &str) -> String {
    let holds = BEGINNINGS.iter().any(|begin| name.contains(begin));
    let odd = holds
        || name.split(['.', '_', '-', ' ']).any(|run| {
            let mixed = run.contains(|letter: char| letter.is_ascii_digit())
                && run.contains(|letter: char| letter.is_ascii_alphabetic());
            run.len() > LONGEST_RUN || (mixed && run.len() > LONGEST_MIXED_RUN)
        });
    if odd { "…".to_owned() } else { shown_key(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_told_from_words() {
        for (text, token) in [
            ("ghp_x", true),
            ("github_pat_11AB", true),
            ("glpat-abc", true),
            ("0123456789abcdef0123456789abcdef01234567", true),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nabc", true),
            ("ATATT3xFfGF0aaaaaaaaaaaaaaaa", true),
            ("ATBB_TOKEN", false),
            ("GITHUB_TOKEN", false),
            ("op://vault/item/password", false),
            ("devtron-github-acme", false),
        ] {
            assert_eq!(is_token(text), token, "{text}");
        }
    }

    #[test]
    fn a_token_is_found_within_the_words_of_a_program() {
        let token = format!("ghp_{}", "a".repeat(36));
        for word in [
            token.clone(),
            format!("echo {token}"),
            format!("--token={token}"),
            format!("Authorization: Bearer {token}"),
            format!("printf '%s' \"{token}\""),
            "x=glpat-abcdefghij0123456789".to_owned(),
        ] {
            assert!(is_in_word(&word), "{word}");
        }
        for word in [
            "op://vault/0123456789abcdef0123456789abcdef01234567/password",
            "--field=ghp_token",
            "cat ~/.ghp_file",
            "echo $GITHUB_TOKEN",
            "--item=0b1c2d3e-0123-4567-89ab-0123456789ab",
        ] {
            assert!(!is_in_word(word), "{word}");
        }
    }

    #[test]
    fn keys_that_could_be_values_are_not_repeated() {
        assert_eq!(shown_key("providr"), "providr");
        assert_eq!(shown_key("ghp_abc"), "…");
        assert_eq!(shown_key("token.glpat-abc"), "…");
        assert_eq!(shown_key(&"x".repeat(41)), "…");
    }
}
