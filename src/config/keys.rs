//! The keys of the config, in the order in which they are written. Reader, writer and schema share this table.

/// A part of a connection that is a table of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    /// The connection's own table.
    Connection,
    Token,
    Repository,
    Ssh,
    /// Free keys, as the platform declares them.
    Handover,
    Verified,
}

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Flag,
    /// A whole number from 0.
    Number,
    Moment,
    Texts,
    Choice(&'static [&'static str]),
}

pub(super) struct KeyRow {
    pub section: Section,
    pub key: &'static str,
    pub kind: Kind,
    /// Whether its table cannot be without it.
    pub required: bool,
    /// What it is: half a sentence.
    pub doc: &'static str,
}

impl Section {
    pub const ALL: [Self; 6] =
        [Self::Connection, Self::Token, Self::Repository, Self::Ssh, Self::Handover, Self::Verified];

    /// Its table below the connection's.
    pub fn table(self) -> Option<&'static str> {
        match self {
            Self::Connection => None,
            Self::Token => Some("token"),
            Self::Repository => Some("repository"),
            Self::Ssh => Some("ssh"),
            Self::Handover => Some("handover"),
            Self::Verified => Some("verified"),
        }
    }

    pub fn doc(self) -> &'static str {
        match self {
            Self::Connection => "a saved, named access",
            Self::Token => "the token: its kind, where it is kept and when it ends",
            Self::Repository => "the repository that the platform uses",
            Self::Ssh => "the SSH key, where the platform signs in with one",
            Self::Handover => "what the platform's own form asks",
            Self::Verified => "what was seen when the connection was last set up",
        }
    }
}

impl Kind {
    /// What is expected, for a message.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "a text in quotes",
            Self::Flag => "true or false",
            Self::Number => "a whole number from 0",
            Self::Moment => "a date and time such as 2027-02-01T00:00:00Z, without quotes",
            Self::Texts => "a list of texts",
            Self::Choice(_) => "one of the known words in quotes",
        }
    }
}

use self::Kind::{Choice, Flag, Moment, Number, Text, Texts};
use self::Section::{Connection, Repository, Ssh, Token, Verified};

const fn must(section: Section, key: &'static str, kind: Kind, doc: &'static str) -> KeyRow {
    KeyRow { section, key, kind, required: true, doc }
}

const fn may(section: Section, key: &'static str, kind: Kind, doc: &'static str) -> KeyRow {
    KeyRow { section, key, kind, required: false, doc }
}

pub(super) const KEYS: &[KeyRow] = &[
    must(Connection, "id", Text, "random, never changes; names the secret in its store"),
    must(Connection, "platform", Text, "who uses the access"),
    must(Connection, "provider", Text, "the kind of forge"),
    must(Connection, "host", Text, "the address of the forge"),
    may(Connection, "api_url", Text, "the address of its API, where it is not the usual one"),
    may(Connection, "ca_file", Text, "certificate authorities (PEM) to trust besides the system's"),
    may(Connection, "client_cert", Text, "our certificate and key (PEM)"),
    must(Connection, "owner", Text, "the organisation, user, group or workspace"),
    may(Connection, "owner_id", Text, "the provider's own lasting id of the owner"),
    may(Connection, "project", Text, "the project, where the provider has projects"),
    may(Connection, "username", Text, "the account"),
    may(Connection, "email", Text, "the account's e-mail address, where REST signs in with it"),
    may(Connection, "git_username", Text, "the user name with which git signs in, where it is another"),
    may(Connection, "accepted", Texts, "ids of failed checks that were accepted"),
    may(Token, "kind", Text, "the kind of token"),
    must(Token, "store", Choice(&["keyring", "git-credential", "file", "env", "command"]), "where the token is kept"),
    may(Token, "env", Text, "the variable of the env store"),
    may(Token, "command", Texts, "the words of the command store"),
    may(Token, "path", Text, "the file of the file store"),
    must(Token, "generation", Number, "counts the tokens of this connection"),
    may(Token, "expires", Moment, "when it ends"),
    may(Token, "expires_source", Choice(&["provider", "user", "never", "unknown"]), "who said when it ends"),
    may(Token, "rotate_by", Moment, "when it is to be replaced"),
    must(Repository, "name", Text, "its name"),
    must(Repository, "url", Text, "the address to clone from: no user, no query"),
    may(Repository, "id", Text, "the provider's own lasting id"),
    may(Repository, "ssh_url", Text, "the address to clone from over SSH"),
    may(Repository, "branch", Text, "the branch that the platform uses"),
    may(Repository, "created_by_us", Flag, "whether git-access created it"),
    must(Ssh, "public_key", Text, "the file of the public key, or the key itself"),
    may(Ssh, "private_key", Text, "the file of the private key"),
    may(Ssh, "fingerprint", Text, "the fingerprint of the key (SHA256)"),
    may(Ssh, "scope", Choice(&["repository", "account"]), "what the key opens"),
    may(Ssh, "read_only", Flag, "whether the key only reads"),
    may(Ssh, "key_id", Text, "the forge's own id of the key"),
    must(Verified, "at", Moment, "when it was"),
    may(Verified, "identity", Text, "whose token it is"),
    may(Verified, "identity_kind", Choice(&["user", "bot", "app"]), "a person or a robot"),
    may(Verified, "scopes", Texts, "what the token may do; absent: not told; empty: nothing"),
    must(Verified, "verdict", Choice(&["pass", "warn", "unknown", "fail"]), "the worst of the checks"),
];

/// The key in its section, with its place in the order.
pub(super) fn row(section: Section, key: &str) -> Option<(usize, &'static KeyRow)> {
    KEYS.iter().enumerate().find(|(_, row)| row.section == section && row.key == key)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_in_order_and_each_key_stands_once() {
        let mut seen = BTreeSet::new();
        assert!(KEYS.iter().all(|row| seen.insert((row.section, row.key)) && !row.doc.is_empty()));
        assert!(KEYS.windows(2).all(|pair| pair[0].section <= pair[1].section));
        assert!(Section::ALL.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
