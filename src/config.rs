//! The config: the saved connections, as a document that belongs to its user.
//!
//! Comments, unknown keys, their order and the line endings survive every change; only what changed is written. No
//! secret stands in it: a connection's random `id` and `generation` name the secret in its store.

mod change;
mod keys;
mod layout;
mod read;
mod schema;
mod spots;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::Timestamp;

use crate::answers::KeyScope;
use crate::fact::{IdentityKind, Place, Site};
use crate::key::PublicHalf;
use crate::provider::TokenKind;
use crate::secret::Store;

pub use self::schema::config_schema;
pub use self::spots::{StrayToken, stray_tokens};

/// The version of the form that is written.
pub const VERSION: u64 = 1;

/// The config document: its text, and what it says.
#[derive(Clone, Debug)]
pub struct Config {
    text: String,
    /// The version of its form.
    version: u64,
    connections: Vec<Connection>,
    problems: Vec<ConfigProblem>,
    /// Every name that the file uses, also those of connections that cannot be read.
    names: Vec<String>,
    active: Option<String>,
}

/// What is wrong with the config, where, and what to do. It never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct ConfigProblem {
    /// The connection that cannot be read; none if it is about the whole file.
    pub connection: Option<Box<str>>,
    /// The whole key that it is about: `connections.x.token.store`.
    pub key: Option<Box<str>>,
    pub line: usize,
    pub column: usize,
    pub message: String,
    pub remedy: String,
    /// What else is wrong, where the whole file is unreadable, in its order.
    pub more: Vec<Self>,
}

/// A saved, named access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    pub name: String,
    /// Random, never changes; names the secret in its store.
    pub id: String,
    pub platform: String,
    pub site: Site,
    /// As answered: written as `owner` and `project`.
    pub owner: crate::fact::OwnerPath,
    /// The provider's own lasting id of the owner.
    pub owner_id: Option<String>,
    pub username: Option<String>,
    pub email: Option<String>,
    /// The user name with which git signs in, where it is not `username`.
    pub git_username: Option<String>,
    pub token: Option<Token>,
    pub repository: Option<RepositoryRecord>,
    pub ssh: Option<SshRecord>,
    pub handover: BTreeMap<String, String>,
    pub verified: Option<Verified>,
    /// Ids of the failed checks that were accepted when it was saved.
    pub accepted: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: Option<TokenKind>,
    pub store: Store,
    pub generation: u64,
    pub expires: Option<Timestamp>,
    pub expires_source: ExpiresSource,
    pub rotate_by: Option<Timestamp>,
}

/// Who said when the token ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiresSource {
    Provider,
    User,
    /// It does not end.
    Never,
    Unknown,
}

impl ExpiresSource {
    pub const ALL: [Self; 4] = [Self::Provider, Self::User, Self::Never, Self::Unknown];

    pub fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::User => "user",
            Self::Never => "never",
            Self::Unknown => "unknown",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryRecord {
    pub place: Place,
    /// Canonical: no user, no query, encoded once.
    pub url: String,
    pub id: Option<String>,
    pub ssh_url: Option<String>,
    pub branch: Option<String>,
    pub created_by_us: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshRecord {
    pub public_key: PublicHalf,
    pub private_key: Option<PathBuf>,
    pub fingerprint: Option<String>,
    pub scope: Option<KeyScope>,
    pub read_only: Option<bool>,
    pub key_id: Option<String>,
}

/// What was seen when the connection was last set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub at: Timestamp,
    pub identity: Option<String>,
    pub identity_kind: Option<IdentityKind>,
    /// Absent: not told. Empty: none.
    pub scopes: Option<BTreeSet<String>>,
    pub verdict: String,
}

/// The config before anything is saved: an explained one without connections.
const TEMPLATE: &str = include_str!("../assets/config.toml");

impl Config {
    /// Reads the config; without a file, or with an empty one, it begins as an explained one without connections.
    ///
    /// # Errors
    /// Everything that makes the whole file unreadable, the first with the others in it. What concerns one connection is among [`Self::problems`].
    pub fn parse(text: Option<&str>) -> Result<Self, ConfigProblem> {
        let empty = |text: &&str| text.trim_start_matches('\u{feff}').trim().is_empty();
        let text = text.filter(|text| !empty(text)).unwrap_or(TEMPLATE);
        let read::Contents { version, connections, problems, names, active } = read::contents(text)?;
        Ok(Self { text: text.to_owned(), version, connections, problems, names, active })
    }

    /// The connections that can be read, in the order of the file.
    pub fn connections(&self) -> &[Connection] {
        &self.connections
    }

    pub fn connection(&self, name: &str) -> Option<&Connection> {
        self.connections.iter().find(|connection| connection.name == name)
    }

    /// What is wrong with single connections, which are kept as they stand.
    pub fn problems(&self) -> &[ConfigProblem] {
        &self.problems
    }

    /// Whether the file has a connection of this name, readable or not.
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// The names of all connections, readable or not.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The name of the connection in use, if the file has such a connection.
    pub fn active(&self) -> Option<&str> {
        self.active.as_deref().filter(|name| self.has(name))
    }

    /// The text of the file: what was read, and of it only changed what was changed.
    pub fn render(&self) -> String {
        self.text.clone()
    }
}
