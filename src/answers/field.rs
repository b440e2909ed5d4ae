//! The table of fields, and the parser that all ways of answering share.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use crate::fact::Visibility;
use crate::key::{PublicHalf, SshAddress};
use crate::provider::{Address, Host, Provider};

/// One thing the user decides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Name,
    Platform,
    Provider,
    Host,
    ApiUrl,
    CaFile,
    ClientCert,
    Owner,
    Project,
    Username,
    Email,
    TokenEnv,
    TokenFile,
    TokenCommand,
    TokenStdin,
    /// A token that was typed or pasted in this run: it has no key, since no file may hold it.
    TokenTyped,
    TokenKind,
    TokenExpires,
    StoreKind,
    StorePath,
    StoreEnv,
    StoreCommand,
    Repository,
    RepositoryCreate,
    Visibility,
    Contents,
    Branch,
    SshPublicKey,
    SshGenerate,
    SshPrivateKey,
    SshScope,
    SshReadOnly,
    SshTitle,
    SshUrl,
    /// What the platform's own form asks, by its key.
    Handover(String),
}

/// The shape of a value in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Text,
    Flag,
    Words,
    Path,
    /// A date, a moment, or the word `never`.
    Expiry,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// A row of the table.
#[derive(Clone, Debug)]
pub struct FieldRow {
    pub field: Field,
    /// Table and key in the answers file: `owner`, `token.env`.
    pub key: &'static str,
    pub shape: Shape,
    /// What it is: half a sentence.
    pub doc: &'static str,
}

/// A parsed answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Text(String),
    Flag(bool),
    Words(Vec<String>),
    Path(PathBuf),
    Provider(Provider),
    Host(Host),
    Expires(GivenExpiry),
    Visibility(Visibility),
    Contents(Contents),
    Scope(KeyScope),
    /// The number under which the world holds what was typed.
    Typed(u64),
}

/// When the user says that the token ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenExpiry {
    At(Timestamp),
    Never,
}

/// What a repository that we create begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    Empty,
    Readme,
}

/// What an SSH key opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyScope {
    Repository,
    Account,
}

/// A value as it was found, before it is parsed.
#[derive(Clone, Debug)]
pub enum Raw<'a> {
    Text(&'a str),
    Flag(bool),
    Words(Vec<&'a str>),
    Date(Date),
    Moment(Timestamp),
    /// Anything else that a file can hold: its name (`number`, `table`).
    Other(&'static str),
}

const fn row(field: Field, key: &'static str, shape: Shape, doc: &'static str) -> FieldRow {
    FieldRow { field, key, shape, doc }
}

/// Every field but those of the hand-over, in the order of the answers file.
pub const FIELDS: &[FieldRow] = &[
    row(Field::Name, "name", Shape::Text, "the name of the connection; default: platform-provider-owner"),
    row(Field::Platform, "platform", Shape::Text, "who will use the access: `git-access platforms` lists them"),
    row(Field::Provider, "provider", Shape::Text, "the kind of forge: `git-access platforms` lists them"),
    row(Field::Host, "host", Shape::Text, "the address of the forge; default: the provider's public one"),
    row(Field::ApiUrl, "api_url", Shape::Text, "the address of its API; default: derived from provider and host"),
    row(Field::CaFile, "ca_file", Shape::Path, "certificate authorities (PEM) to trust besides the system's"),
    row(Field::ClientCert, "client_cert", Shape::Path, "our certificate and key (PEM), for hosts that ask for one"),
    row(Field::Owner, "owner", Shape::Text, "the organisation, user, group or workspace"),
    row(Field::Project, "project", Shape::Text, "the project, where the provider has projects"),
    row(Field::Username, "username", Shape::Text, "the account; compared with the token's owner"),
    row(Field::Email, "email", Shape::Text, "the account's e-mail address, where REST signs in with it"),
    row(Field::TokenEnv, "token.env", Shape::Text, "the environment variable that holds the token"),
    row(Field::TokenFile, "token.file", Shape::Path, "the file that holds the token"),
    row(Field::TokenCommand, "token.command", Shape::Words, "the words of a program that prints the token"),
    row(Field::TokenStdin, "token.stdin", Shape::Flag, "read the token from standard input"),
    row(Field::TokenKind, "token.kind", Shape::Text, "the kind of token; default: detected"),
    row(Field::TokenExpires, "token.expires", Shape::Expiry, "when it ends, or \"never\""),
    row(
        Field::StoreKind,
        "store.kind",
        Shape::Choice(&["keyring", "git-credential", "file", "env", "command"]),
        "where the secret is kept",
    ),
    row(Field::StorePath, "store.path", Shape::Path, "the file of the file store (clear text, 0600)"),
    row(Field::StoreEnv, "store.env", Shape::Text, "the variable of the env store"),
    row(Field::StoreCommand, "store.command", Shape::Words, "the words of the command store"),
    row(Field::Repository, "repository.name", Shape::Text, "the name of the repository, or its address"),
    row(Field::RepositoryCreate, "repository.create", Shape::Flag, "create it if it does not exist"),
    row(
        Field::Visibility,
        "repository.visibility",
        Shape::Choice(&["private", "internal", "public"]),
        "who may see what we create; default: private",
    ),
    row(Field::Contents, "repository.contents", Shape::Choice(&["empty", "readme"]), "what we create begins with"),
    row(Field::Branch, "repository.branch", Shape::Text, "the branch that the platform uses"),
    row(Field::SshPublicKey, "ssh.public_key", Shape::Path, "the file of the platform's public key, or the key itself"),
    row(Field::SshGenerate, "ssh.generate", Shape::Path, "where to write a new key (ed25519)"),
    row(Field::SshPrivateKey, "ssh.private_key", Shape::Path, "the private half, to prove the access"),
    row(Field::SshScope, "ssh.scope", Shape::Choice(&["repository", "account"]), "what the key opens"),
    row(Field::SshReadOnly, "ssh.read_only", Shape::Flag, "whether the key only reads"),
    row(Field::SshTitle, "ssh.title", Shape::Text, "the name of the key at the forge"),
    row(Field::SshUrl, "ssh.url", Shape::Text, "the repository's address over SSH, where it is not the usual one"),
];

impl Field {
    pub const TOKEN_SOURCES: &'static [Self] =
        &[Self::TokenEnv, Self::TokenFile, Self::TokenCommand, Self::TokenStdin, Self::TokenTyped];

    /// Its row; fields of the hand-over share one.
    pub fn row(&self) -> &'static FieldRow {
        static HANDOVER: FieldRow =
            row(Field::Handover(String::new()), "handover", Shape::Text, "what the platform's form asks");
        static TYPED: FieldRow = row(Field::TokenTyped, "token", Shape::Text, "the token, typed or pasted");
        if *self == Self::TokenTyped {
            return &TYPED;
        }
        FIELDS.iter().find(|row| row.field == *self).unwrap_or(&HANDOVER)
    }

    /// Table and key in the answers file.
    pub fn key(&self) -> String {
        match self {
            Self::Handover(key) => format!("handover.{key}"),
            _ => self.row().key.to_owned(),
        }
    }

    pub fn from_key(key: &str) -> Option<Self> {
        match key.strip_prefix("handover.") {
            Some(rest) if !rest.is_empty() => Some(Self::Handover(rest.to_owned())),
            _ => FIELDS.iter().find(|row| row.key == key).map(|row| row.field.clone()),
        }
    }

    pub fn is_token_source(&self) -> bool {
        Self::TOKEN_SOURCES.contains(self)
    }

    pub fn is_of_token(&self) -> bool {
        self.is_token_source() || matches!(self, Self::TokenKind | Self::TokenExpires)
    }

    pub fn is_of_ssh(&self) -> bool {
        matches!(
            self,
            Self::SshPublicKey
                | Self::SshGenerate
                | Self::SshPrivateKey
                | Self::SshScope
                | Self::SshReadOnly
                | Self::SshTitle
                | Self::SshUrl
        )
    }

    /// Turns a raw value into an answer, or says what is wrong with it without repeating it.
    pub fn parse(&self, raw: &Raw<'_>) -> Result<Answer, String> {
        match (self.row().shape, raw) {
            (Shape::Text | Shape::Choice(_) | Shape::Path | Shape::Expiry, Raw::Text(text)) => self.parse_text(text),
            (Shape::Flag, Raw::Flag(flag)) => Ok(Answer::Flag(*flag)),
            (Shape::Words, Raw::Words(words)) => parse_words(words),
            (Shape::Expiry, Raw::Moment(at)) => Ok(Answer::Expires(GivenExpiry::At(*at))),
            (Shape::Expiry, Raw::Date(date)) => start_of(*date).map(|at| Answer::Expires(GivenExpiry::At(at))),
            (Shape::Choice(words), _) => {
                Err(format!("write one of {}, in quotes, and not {}", words.join(", "), raw.name()))
            }
            (shape, _) => Err(format!("{} is expected here, not {}", shape.name(), raw.name())),
        }
    }

    fn parse_text(&self, text: &str) -> Result<Answer, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("the value is empty: write one, or leave the key out".into());
        }
        if text.contains("PRIVATE KEY") {
            return Err("this is a private key: it stays in its file, and `ssh.private_key` names that".into());
        }
        if text.chars().any(char::is_control) {
            return Err("the value has a control character, such as a tab or the end of a line: remove it".into());
        }
        if matches!(self, Self::Owner | Self::Repository) && Address::is_meant(text) {
            // What it names depends on the other answers; whether it is safe to read does not.
            return Address::parse(text).map(|_| Answer::Text(text.to_owned())).map_err(|reason| reason.to_string());
        }
        if super::literal::holds_token(text) {
            return Err(super::literal::REFUSAL.to_owned());
        }
        match self {
            Self::Name => name(text).map(Answer::Text),
            Self::Platform => platform(text).map(Answer::Text),
            Self::Provider => provider(text).map(Answer::Provider),
            Self::ApiUrl if !could_be_address(text) => {
                Err("this is no address: write that of the API with https://, or leave this out".into())
            }
            Self::Host | Self::ApiUrl => Host::parse(text).map(Answer::Host).map_err(|reason| reason.to_string()),
            Self::TokenEnv | Self::StoreEnv => variable(text).map(Answer::Text),
            Self::Visibility => choice(text, &Visibility::ALL, Visibility::name).map(Answer::Visibility),
            Self::Contents => choice(text, &[Contents::Empty, Contents::Readme], Contents::name).map(Answer::Contents),
            Self::SshScope => {
                choice(text, &[KeyScope::Repository, KeyScope::Account], KeyScope::name).map(Answer::Scope)
            }
            Self::StoreKind => match self.row().shape {
                Shape::Choice(words) => choice(text, words, |word| word).map(|word| Answer::Text(word.to_owned())),
                _ => Ok(Answer::Text(text.to_owned())),
            },
            Self::TokenExpires => expiry(text).map(Answer::Expires),
            Self::Branch => branch(text).map(Answer::Text),
            Self::SshPublicKey => Ok(match PublicHalf::parse(text) {
                PublicHalf::File(path) => Answer::Path(path),
                PublicHalf::Line(key) => Answer::Text(key.to_string()),
            }),
            Self::SshUrl => {
                let address = SshAddress::parse(text).map_err(str::to_owned)?;
                Ok(Answer::Text(address.to_string()))
            }
            Self::Owner | Self::Project | Self::Username if text.starts_with('-') => {
                Err("the value begins with a hyphen, which no such name does: write the name alone".into())
            }
            Self::Email if !text.contains('@') => {
                Err("an e-mail address has an @: write it in full, such as o@acme.example".into())
            }
            _ if self.row().shape == Shape::Path => Ok(Answer::Path(PathBuf::from(text))),
            _ => Ok(Answer::Text(text.to_owned())),
        }
    }
}

impl Shape {
    pub fn name(self) -> &'static str {
        match self {
            Self::Text | Self::Path => "a text in quotes",
            Self::Flag => "true or false",
            Self::Words => "a list of texts, such as [\"op\", \"read\"],",
            Self::Expiry => "a date (2027-02-01) or \"never\"",
            Self::Choice(_) => "one of the known words in quotes",
        }
    }
}

impl Raw<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Flag(_) => "true or false",
            Self::Words(_) => "a list",
            Self::Date(_) | Self::Moment(_) => "a date",
            Self::Other(name) => name,
        }
    }
}

impl Contents {
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Readme => "readme",
        }
    }
}

impl KeyScope {
    pub fn name(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::Account => "account",
        }
    }
}

pub(super) fn is_name_letter(letter: char) -> bool {
    letter.is_ascii_lowercase() || letter.is_ascii_digit() || "._-".contains(letter)
}

/// The name of a connection: `[a-z0-9][a-z0-9._-]{0,62}`.
pub fn name(text: &str) -> Result<String, String> {
    let begins = text.starts_with(|letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit());
    if begins && text.len() <= 63 && text.chars().all(is_name_letter) {
        Ok(text.to_owned())
    } else {
        Err("a name has 1 to 63 lower-case letters, digits, dots, hyphens or underscores, and begins with a letter or \
             digit"
            .into())
    }
}

fn platform(text: &str) -> Result<String, String> {
    name(text).map_err(|_| "a platform is one lower-case word, such as keptn".into())
}

fn provider(text: &str) -> Result<Provider, String> {
    Provider::from_id(text).ok_or_else(|| {
        let known: Vec<_> = Provider::ALL.iter().map(|provider| provider.id()).collect();
        format!("no provider of this name is known: write {}", known.join(", "))
    })
}

fn variable(text: &str) -> Result<String, String> {
    let begins = text.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    if begins && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        Ok(text.to_owned())
    } else {
        Err("this is not the name of an environment variable: write one such as GITHUB_TOKEN, and never the token itself"
            .into())
    }
}

fn branch(text: &str) -> Result<String, String> {
    let fine = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"~^:?*[\\".contains(&byte))
        && !text.contains("..")
        && !text.contains("@{")
        && !text.starts_with(['-', '/'])
        && !text.ends_with(['/', '.']);
    if fine {
        Ok(text.to_owned())
    } else {
        Err("git allows no branch of this name: write one such as main or release/1.2".into())
    }
}

fn parse_words(words: &[&str]) -> Result<Answer, String> {
    match words.first() {
        None => Err("the command is empty: write the program and its words".into()),
        Some(first) if first.is_empty() || first.starts_with('-') => {
            Err("the first word is the program: it is not empty and begins with no hyphen".into())
        }
        Some(_) if words.iter().any(|word| super::literal::is_in_word(word)) => Err(super::literal::REFUSAL.to_owned()),
        Some(_) if words.iter().any(|word| word.contains('\0')) => Err("a word has a zero byte: remove it".into()),
        Some(_) => Ok(Answer::Words(words.iter().map(ToString::to_string).collect())),
    }
}

fn choice<T: Copy>(text: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Result<T, String> {
    all.iter().copied().find(|one| name(*one) == text).ok_or_else(|| {
        let words: Vec<_> = all.iter().map(|one| name(*one)).collect();
        format!("no such word is known here: write one of {}", words.join(", "))
    })
}

fn start_of(date: Date) -> Result<Timestamp, String> {
    let midnight = date.at(0, 0, 0, 0);
    Offset::UTC.to_timestamp(midnight).map_err(|_| "the date is out of range: write one such as 2027-02-01".into())
}

/// Whether `text` is more than a word: it has a scheme, a dot or a port. One word would be taken for the name of a computer
/// of the own network, and the mistake would show as a host that cannot be found.
fn could_be_address(text: &str) -> bool {
    text.contains(['.', ':']) || text == "localhost"
}

/// `never`, a date (00:00 UTC of that day) or a moment with its offset.
pub fn expiry(text: &str) -> Result<GivenExpiry, String> {
    if text == "never" {
        return Ok(GivenExpiry::Never);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(GivenExpiry::At(at));
    }
    let date = text.parse::<Date>().map_err(|_| "write a date such as 2027-02-01, or never".to_owned())?;
    start_of(date).map(GivenExpiry::At)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_in_order_and_each_key_stands_once() {
        let mut keys = BTreeSet::new();
        for row in FIELDS {
            assert!(keys.insert(row.key), "{} stands twice", row.key);
            assert_eq!(Field::from_key(row.key).as_ref(), Some(&row.field));
            assert!(!row.doc.is_empty());
            assert_eq!(row.field.is_of_ssh(), row.key.starts_with("ssh."), "{}", row.key);
        }
        assert!(FIELDS.windows(2).all(|pair| pair[0].field < pair[1].field));
        assert_eq!(Field::from_key("handover.project"), Some(Field::Handover("project".into())));
        assert_eq!(Field::from_key("handover."), None);
    }

    #[test]
    fn each_field_takes_what_it_means_and_says_what_else_is_wrong() {
        for (key, text, fine) in [
            ("name", "devtron-github-acme", true),
            ("name", "Devtron", false),
            ("name", "-x", false),
            ("provider", "github", true),
            ("provider", "githab", false),
            ("token.env", "GITHUB_TOKEN", true),
            ("token.env", "ghp_abc-def", false),
            ("token.expires", "never", true),
            ("token.expires", "2027-02-01", true),
            ("token.expires", "2027-02-01T10:00:00+01:00", true),
            ("token.expires", "soon", false),
            ("repository.visibility", "internal", true),
            ("repository.visibility", "secret", false),
            ("repository.branch", "main", true),
            ("repository.branch", "a..b", false),
            ("owner", "-acme", false),
            ("ssh.public_key", "keys/flux.pub", true),
            (
                "ssh.public_key",
                "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
                true,
            ),
            ("ssh.private_key", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r", false),
            ("owner", "-----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1r", false),
            ("ssh.url", "git@git.example:acme/gitops.git", true),
            ("ssh.url", "ssh://-oProxyCommand=x/y", false),
            ("owner", "", false),
            ("owner", "a\u{7}b", false),
        ] {
            let parsed = Field::from_key(key).unwrap().parse(&Raw::Text(text));
            assert_eq!(parsed.is_ok(), fine, "{key} = {text:?}: {parsed:?}");
            if let Err(message) = parsed {
                assert!(text.len() < 4 || !message.contains(text), "{message} repeats the value");
            }
        }
        assert!(Field::Owner.parse(&Raw::Flag(true)).is_err());
        assert!(Field::TokenCommand.parse(&Raw::Words(vec!["op", "read"])).is_ok());
        assert!(Field::TokenCommand.parse(&Raw::Words(vec![])).is_err());
    }
}
