//! The sentence about each value that is none: it says what to do, and never repeats the value.

use git_access::answers::{FIELDS, Field, Raw};

/// Key, value, and how the sentence begins. A value that begins with `[`, a digit or `true` is no text.
const WRONG: &[(&str, &str, &str)] = &[
    ("name", "Über Uns", "a name has 1 to 63"),
    ("name", "true", "a text in quotes is expected here"),
    ("platform", "Keptn!", "a platform is one lower-case word"),
    ("provider", "githab", "no provider of this name is known: write"),
    ("host", "ftp://git.example", "a host begins with https://"),
    ("host", "https://u:secretword@git.example", "a user name or password does not belong"),
    ("host", "https://git_hub.example", "the host has a character"),
    ("host", "https://git..example", "the host name is not well formed"),
    ("host", "https://git.example:99999", "the port is a number from 1"),
    ("host", "http://git.example", "http:// would send the token in clear"),
    ("host", "https://2130706433", "write an IP address in its usual form"),
    ("host", "https://git.example/a?b=c", "the path has a character that does not belong"),
    ("api_url", "notaurl", "this is no address: write"),
    ("api_url", "ssh://git.example", "a host begins with https://"),
    ("ca_file", "12", "a text in quotes is expected here"),
    ("client_cert", "a\tb", "the value has a control character"),
    ("owner", "-acme", "the value begins with a hyphen"),
    ("owner", "https://user:secretword@github.com/acme", ""),
    ("project", "", "the value is empty: write one"),
    ("username", "-octo", "the value begins with a hyphen"),
    ("email", "octocat", "an e-mail address has an @: write"),
    ("token.env", "ATBB-token-1", "this is not the name of an environment variable: write"),
    ("token.env", "ghp_0123456789", "a token or private key does not belong here: leave it"),
    ("token.file", "-----BEGIN OPENSSH PRIVATE KEY-----", "this is a private key: it stays in its file"),
    ("token.command", "op read x", "a list of texts, such as"),
    ("token.command", "[]", "the command is empty: write"),
    ("token.command", "[-x]", "the first word is the program"),
    ("token.stdin", "yes", "true or false is expected here"),
    ("token.kind", "12", "a text in quotes is expected here"),
    ("token.expires", "next week", "write a date such as 2027-02-01"),
    ("token.expires", "9999-99-99", "write a date such as 2027-02-01"),
    ("store.kind", "flie", "no such word is known here: write one of keyring"),
    ("store.kind", "12", "write one of keyring"),
    ("store.path", "[a]", "a text in quotes is expected here"),
    ("store.env", "1TOKEN", "this is not the name of an environment variable: write"),
    ("store.command", "op", "a list of texts, such as"),
    ("repository.name", "https://user:secretword@github.com/acme/x", ""),
    ("repository.create", "ja", "true or false is expected here"),
    ("repository.visibility", "secret", "no such word is known here: write one of private"),
    ("repository.contents", "full", "no such word is known here: write one of empty"),
    ("repository.branch", "a..b", "git allows no branch of this name: write"),
    ("ssh.public_key", "12", "a text in quotes is expected here"),
    ("ssh.generate", "true", "a text in quotes is expected here"),
    ("ssh.private_key", "-----BEGIN OPENSSH PRIVATE KEY-----", "this is a private key: it stays in its file"),
    ("ssh.scope", "world", "no such word is known here: write one of repository"),
    ("ssh.read_only", "no", "true or false is expected here"),
    ("ssh.title", "", "the value is empty: write one"),
    ("ssh.url", "https://git.example/x", "write the address that git uses over SSH"),
    ("handover.project", "12", "a text in quotes is expected here"),
];

/// The words by which a sentence says what to do.
const REMEDIES: &[&str] = &[
    "write",
    "leave",
    "remove",
    "names that",
    "is expected here",
    "belongs",
    "begins with https://",
    "letters a-z",
    "has 1 to 63",
    "is a number from",
    "is accepted for",
    "no spaces",
    "is the program",
    "copy",
    "such as",
];

#[test]
fn each_sentence_says_what_to_do_and_repeats_nothing() {
    for (key, value, begins) in WRONG {
        let raw = match *value {
            "true" => Raw::Flag(true),
            "[]" => Raw::Words(Vec::new()),
            value if value.starts_with('[') => Raw::Words(vec![value.trim_matches(['[', ']'])]),
            value if value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty() => Raw::Other("a number"),
            value => Raw::Text(value),
        };
        let message = Field::from_key(key).unwrap().parse(&raw).unwrap_err();
        assert!(message.starts_with(begins), "{key} = {value}: {message}");
        assert!(REMEDIES.iter().any(|word| message.contains(word)), "{key} = {value}: {message}");
        assert!(
            value.len() < 3 || matches!(raw, Raw::Flag(_) | Raw::Other(_)) || !message.contains(value),
            "{message}"
        );
        assert!(!message.contains("secretword") && !message.contains("please"), "{message}");
        assert!(!message.ends_with('.') && message.len() < 200, "half a sentence behind a place: {message}");
    }
    let untold: Vec<_> = FIELDS.iter().filter(|row| !WRONG.iter().any(|(key, ..)| *key == row.key)).collect();
    assert!(untold.is_empty(), "no wrong value is tried for {untold:?}");
}
