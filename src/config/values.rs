//! A connection as keys and values, in the order in which they are written.

use std::path::Path;

use jiff::Timestamp;

use super::keys::Section;
use super::{Connection, RepositoryRecord, SshRecord, Token, Verified};
use crate::answers::KeyScope;
use crate::key::Lock;
use crate::secret::Store;
use crate::statements::{list, quoted};
use crate::text::stamp;

/// A value of the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Text(String),
    Flag(bool),
    Number(u64),
    Moment(Timestamp),
    Texts(Vec<String>),
}

/// A key of a connection, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub section: Section,
    pub key: String,
    pub value: Written,
}

impl Written {
    /// As TOML; a text keeps the quotes of the one that it replaces, where it can.
    pub fn toml(&self, before: Option<&str>) -> String {
        match self {
            Self::Text(text) => {
                let single = before.is_some_and(|before| before.starts_with('\'') && !before.starts_with("'''"));
                if single && !text.contains('\'') && !text.chars().any(char::is_control) {
                    format!("'{text}'")
                } else {
                    quoted(text)
                }
            }
            Self::Flag(flag) => flag.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Moment(at) => stamp(*at),
            Self::Texts(texts) => list(texts.iter().map(String::as_str)),
        }
    }
}

struct Lines {
    section: Section,
    lines: Vec<Line>,
}

impl Lines {
    fn add(&mut self, key: &str, value: Option<Written>) {
        if let Some(value) = value {
            self.lines.push(Line { section: self.section, key: key.to_owned(), value });
        }
    }

    fn text(&mut self, key: &str, text: &str) {
        self.add(key, Some(Written::Text(text.to_owned())));
    }

    fn maybe(&mut self, key: &str, text: Option<&String>) {
        self.add(key, text.map(|text| Written::Text(text.clone())));
    }

    fn path(&mut self, key: &str, path: Option<&Path>) {
        self.add(key, path.map(|path| Written::Text(path.to_string_lossy().into_owned())));
    }

    fn moment(&mut self, key: &str, at: Option<Timestamp>) {
        self.add(key, at.map(Written::Moment));
    }
}

/// Everything that is written about `connection`. What follows from the rest is left out.
pub(super) fn lines_of(connection: &Connection) -> Vec<Line> {
    let Connection {
        name: _,
        id,
        platform,
        site,
        owner,
        owner_id,
        username,
        email,
        git_username,
        token,
        repository,
        ssh,
        handover,
        verified,
        accepted,
    } = connection;
    let mut out = Lines { section: Section::Connection, lines: Vec::new() };
    out.text("id", id);
    out.text("platform", platform);
    out.text("provider", site.provider.id());
    out.text("host", &site.host.to_string());
    if site.api != site.provider.api(&site.host, None, Some(&owner.owner)) {
        out.text("api_url", &site.api.to_string());
    }
    out.path("ca_file", site.ca_file.as_deref());
    out.path("client_cert", site.client_cert.as_deref());
    out.text("owner", &owner.owner);
    out.maybe("owner_id", owner_id.as_ref());
    out.maybe("project", owner.project.as_ref());
    out.maybe("username", username.as_ref());
    out.maybe("email", email.as_ref());
    out.maybe("git_username", git_username.as_ref().filter(|name| Some(*name) != username.as_ref()));
    out.add("accepted", (!accepted.is_empty()).then(|| Written::Texts(accepted.clone())));
    if let Some(token) = token {
        token_lines(token, &mut out);
    }
    if let Some(repository) = repository {
        repository_lines(repository, &mut out);
    }
    if let Some(ssh) = ssh {
        ssh_lines(ssh, &mut out);
    }
    out.section = Section::Handover;
    for (key, text) in handover {
        out.text(key, text);
    }
    if let Some(verified) = verified {
        verified_lines(verified, &mut out);
    }
    out.lines
}

impl Connection {
    /// The fingerprint of the key that it signs in with.
    pub fn fingerprint(&self) -> Option<&str> {
        self.ssh.as_ref()?.fingerprint.as_deref()
    }

    /// Where the forge shows the key that it signs in with.
    pub fn key_page(&self) -> Option<String> {
        let lock = match self.ssh.as_ref()?.scope {
            Some(KeyScope::Repository) => Lock::Repository(self.repository.as_ref()?.place.clone()),
            _ => Lock::Account,
        };
        Some(self.site.provider.rules().key_page(&self.site, &lock))
    }

    /// The keys that say something else in `other`, as `owner` or `repository.name`, in their order.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let (mine, theirs) = (lines_of(self), lines_of(other));
        let mut keys = Vec::new();
        for line in
            mine.iter().filter(|line| !theirs.contains(line)).chain(theirs.iter().filter(|line| !mine.contains(line)))
        {
            let key = match line.section.table() {
                Some(section) => format!("{section}.{}", line.key),
                None => line.key.clone(),
            };
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }
}

fn token_lines(token: &Token, out: &mut Lines) {
    let Token { kind, store, generation, expires, expires_source, rotate_by } = token;
    out.section = Section::Token;
    out.add("kind", kind.map(|kind| Written::Text(kind.0.to_owned())));
    out.text("store", store.kind());
    match store {
        Store::Env(name) => out.text("env", name),
        Store::Command(words) => out.add("command", Some(Written::Texts(words.clone()))),
        Store::File(path) => out.path("path", Some(path)),
        Store::Keyring | Store::GitCredential => {}
    }
    out.add("generation", Some(Written::Number(*generation)));
    out.moment("expires", *expires);
    out.text("expires_source", expires_source.name());
    out.moment("rotate_by", *rotate_by);
}

fn repository_lines(repository: &RepositoryRecord, out: &mut Lines) {
    let RepositoryRecord { place, url, id, ssh_url, branch, created_by_us } = repository;
    out.section = Section::Repository;
    out.text("name", &place.name);
    out.text("url", url);
    out.maybe("id", id.as_ref());
    out.maybe("ssh_url", ssh_url.as_ref());
    out.maybe("branch", branch.as_ref());
    out.add("created_by_us", created_by_us.then_some(Written::Flag(true)));
}

fn ssh_lines(ssh: &SshRecord, out: &mut Lines) {
    let SshRecord { public_key, private_key, fingerprint, scope, read_only, key_id } = ssh;
    out.section = Section::Ssh;
    out.text("public_key", &public_key.to_string());
    out.path("private_key", private_key.as_deref());
    out.maybe("fingerprint", fingerprint.as_ref());
    out.add("scope", scope.map(|scope| Written::Text(scope.name().to_owned())));
    out.add("read_only", read_only.map(Written::Flag));
    out.maybe("key_id", key_id.as_ref());
}

fn verified_lines(verified: &Verified, out: &mut Lines) {
    let Verified { at, identity, identity_kind, scopes, verdict } = verified;
    out.section = Section::Verified;
    out.moment("at", Some(*at));
    out.maybe("identity", identity.as_ref());
    out.add("identity_kind", identity_kind.map(|kind| Written::Text(kind.name().to_owned())));
    out.add("scopes", scopes.as_ref().map(|scopes| Written::Texts(scopes.iter().cloned().collect())));
    out.text("verdict", verdict);
}
