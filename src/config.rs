//! The config: the saved connections, as a document that belongs to its user.
//!
//! Comments, unknown keys, their order and the line endings survive every change; only what changed is written. No
//! secret stands in it: a connection's random `id` and `generation` name the secret in its store.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::Timestamp;

use crate::answers::KeyScope;
use crate::fact::{IdentityKind, Place, Site};
use crate::provider::TokenKind;
use crate::secret::Store;

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
    pub public_key: PathBuf,
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
