//! Exports: what a consumer of an access wants to be given, ready to apply. One file per consumer, one row in [`FORMATS`].
//!
//! A format writes a text in which marks stand where secrets go. Only [`Document::render`] puts them in, in the form
//! that the place needs; without them each place holds the name of a variable. So a document can be shown, compared and
//! kept under version control, and the one line that exposes a secret is here.

mod argocd;
mod devtron;
mod flux;
mod git;
mod ics;
mod keptn;
mod pem;
mod pipeline;
mod qovery;
mod variables;
mod yaml;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::config::{Connection, RepositoryRecord};
use crate::fact::Site;
use crate::key::SshAddress;
use crate::platform::{self, Platform};
use crate::secret::Secret;

pub use self::pem::{certificates, halves};

/// What stands in the token's place in a document without secrets.
pub const TOKEN: &str = "${GIT_ACCESS_TOKEN}";
/// What stands in the private key's place.
pub const PRIVATE_KEY: &str = "${GIT_ACCESS_PRIVATE_KEY}";
/// What stands in the place of the key of a client certificate.
pub const CLIENT_KEY: &str = "${GIT_ACCESS_CLIENT_KEY}";

/// The parameter that names the file with the keys of the host.
pub const KNOWN_HOSTS: &str = "known_hosts";
const ABOUT_KNOWN_HOSTS: &str = "a file with the SSH keys of the host, where a key signs in; default: those known here";

/// A consumer, and how it is written to.
pub struct Format {
    pub name: &'static str,
    /// What comes out: half a sentence.
    pub about: &'static str,
    /// The platform that reads it, by its id: what was answered for the hand-over to it goes in. Another platform's answers
    /// mean something else, also where they have the same name.
    pub platform: Option<&'static str>,
    /// What can be given with `--set`, and what it is.
    pub parameters: &'static [(&'static str, &'static str)],
    /// Whether it has a place for a client certificate.
    pub carries_client: bool,
    /// Whether what is in the other files of a connection goes in: authorities, the public key, the keys of the host. A
    /// format that at most names them does not read them.
    pub carries_files: bool,
    write: fn(&Case<'_>, &mut Document) -> Result<String, String>,
}

/// Every format, in the order in which they are listed.
pub const FORMATS: &[Format] = &[
    flux::FORMAT,
    argocd::REPOSITORY,
    argocd::CREDENTIALS,
    keptn::FORMAT,
    devtron::FORMAT,
    qovery::FORMAT,
    git::CREDENTIAL,
    git::NETRC,
    variables::FORMAT,
    pipeline::GITHUB_ACTIONS,
    pipeline::GITLAB_CI,
    ics::FORMAT,
];

pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// What is exported.
pub struct Case<'a> {
    pub connection: &'a Connection,
    /// All connections, this one among them.
    pub connections: &'a [Connection],
    /// What was exported before: the id of the connection, and the name of the format.
    pub exported: &'a BTreeSet<(String, String)>,
    /// The user name with which git signs in.
    pub user: &'a str,
    /// When the token ends, as far as that is known.
    pub ends: Option<Timestamp>,
    /// The certificate authorities of the connection: PEM.
    pub ca: Option<&'a str>,
    /// The client certificate of the connection, without its key: PEM.
    pub client_cert: Option<&'a str>,
    /// The public half of the key: one line.
    pub public_key: Option<&'a str>,
    /// The keys of the host, as ssh keeps them.
    pub known_hosts: Option<&'a str>,
    /// From the hand-over to this format's own platform, and from the command line.
    pub parameters: &'a Parameters,
    /// The moment of the run.
    pub now: Timestamp,
}

/// What was answered for the hand-over to the format's own platform, and over it what the command line sets. It is noted
/// which were looked at: one that was set and that nobody looked at has no effect.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    values: BTreeMap<String, String>,
    set: BTreeSet<String>,
    looked_at: RefCell<BTreeSet<String>>,
}

impl Parameters {
    pub fn of_the_hand_over(values: BTreeMap<String, String>) -> Self {
        Self { values, ..Self::default() }
    }

    /// Takes over what the command line says.
    pub fn set(&mut self, key: &str, value: &str) {
        self.values.insert(key.to_owned(), value.to_owned());
        self.set.insert(key.to_owned());
    }

    pub fn get(&self, key: &str) -> Option<&String> {
        self.looked_at.borrow_mut().insert(key.to_owned());
        self.values.get(key)
    }

    /// The value of `key`, for whoever does not write the document.
    pub fn value(&self, key: &str) -> Option<&String> {
        self.values.get(key)
    }

    pub fn contains_key(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// What the command line says of `key`.
    fn set_now(&self, key: &str) -> Option<&String> {
        self.get(key).filter(|_| self.set.contains(key))
    }

    /// What the command line sets and nobody has looked at.
    pub fn without_effect(&self) -> impl Iterator<Item = &String> {
        self.set.iter().filter(|key| !self.has_effect(key))
    }

    /// Whether anybody has looked at `key`.
    pub fn has_effect(&self, key: &str) -> bool {
        self.looked_at.borrow().contains(key)
    }
}

impl<'a> Case<'a> {
    /// The parameter `key`; without it, a variable stands in its place, and the document notes that.
    fn needed(&self, key: &str, document: &mut Document) -> String {
        self.parameters.get(key).cloned().unwrap_or_else(|| {
            document.notes.push(format!("${{{key}}} is still open: give it with --set {key}=…"));
            format!("${{{key}}}")
        })
    }

    fn or(&self, key: &str, default: &str) -> String {
        self.parameters.get(key).cloned().unwrap_or_else(|| default.to_owned())
    }

    fn repository(&self) -> Result<&'a RepositoryRecord, String> {
        let missing = "this connection has no repository, and this format is about one: add it with `git-access setup`";
        self.connection.repository.as_ref().ok_or_else(|| missing.to_owned())
    }

    /// Whether the consumer signs in with the key of the connection and not with a token.
    fn signs_with_key(&self) -> bool {
        self.connection.token.is_none() && self.connection.ssh.is_some()
    }

    fn needs_token(&self) -> Result<(), String> {
        let without = "this connection signs in with a key, and this format carries a token";
        if self.connection.token.is_some() { Ok(()) } else { Err(without.to_owned()) }
    }

    /// The private half, which has to be on this machine to be exported.
    fn needs_private_key(&self) -> Result<(), String> {
        let held = self.connection.ssh.as_ref().and_then(|ssh| ssh.private_key.as_ref());
        let without = "the private half of the key is not on this machine: this format has to carry it";
        held.map(|_| ()).ok_or_else(|| without.to_owned())
    }

    /// The address of the repository over SSH, as an `ssh://` URL.
    fn ssh_url(&self) -> Result<String, String> {
        self.repository()?;
        ssh_url(self.connection)
            .ok_or_else(|| "the address over SSH cannot be read: set the connection up again".into())
    }

    /// The keys of the host; without any, a variable stands in their place, and the document notes that.
    fn known_hosts(&self, document: &mut Document) -> String {
        self.parameters.get(KNOWN_HOSTS); // The caller has read the file that it names.
        if let Some(lines) = self.known_hosts {
            return lines.to_owned();
        }
        let host = self.connection.site.host.origin();
        document.notes.push(format!(
            "${{known_hosts}} is still open, since the SSH keys of {} are not known here: compare what ssh-keyscan shows with what its operator publishes, and give the file with --set known_hosts=FILE.",
            host.name()
        ));
        "${known_hosts}".to_owned()
    }

    /// Whether git is documented to take the token as a bearer alone.
    fn is_bearer(&self) -> bool {
        let kind = self.connection.token.as_ref().and_then(|token| token.kind);
        kind.is_some_and(|kind| self.connection.site.provider.rules().git_bearer(kind))
    }

    /// Notes what a consumer that sends a user name has to expect, where the token is documented to come without one.
    fn note_bearer(&self, document: &mut Document) {
        if self.is_bearer() {
            document.notes.push(format!(
                "{} documents this kind of token for git as a bearer alone, and this document sends it beside the user name {}: the check `handover` tells whether the server takes that.",
                self.connection.site.provider, self.user
            ));
        }
    }

    /// The platform `id`, if it takes a token of this provider and kind.
    ///
    /// # Errors
    /// Why it does not, and what to use instead.
    fn taken_by(&self, id: &str) -> Result<Platform, String> {
        let missing = || format!("nothing is known of the platform {id}");
        let platform = platform::built_in().into_iter().find(|platform| platform.id == id).ok_or_else(missing)?;
        let provider = self.connection.site.provider;
        platform.pair(provider)?;
        let kind = self.connection.token.as_ref().and_then(|token| token.kind);
        match kind.and_then(|kind| platform.refuses(provider, kind)) {
            Some(reason) => Err(reason.trim_end_matches('.').to_owned()),
            None => Ok(platform),
        }
    }

    /// Notes what git has to be told where the token is used, besides the token.
    fn note_git_trust(&self, document: &mut Document) {
        document.notes.extend(git_trust(&self.connection.site));
    }

    /// The other connections, with the names that `named` makes of theirs for `format`.
    fn others_named(&self, format: &str, named: impl Fn(&Connection) -> String) -> Vec<Named> {
        let others = self.connections.iter().filter(|one| one.id != self.connection.id);
        let goes = |one: &Connection| self.goes(one, format);
        others.map(|one| Named { whose: one.name.clone(), name: named(one), given: false, goes: goes(one) }).collect()
    }

    /// Whether `connection` goes where `format` goes: it is for that platform, or was exported there before.
    fn goes(&self, connection: &Connection, name: &str) -> bool {
        let platform = format(name).and_then(|format| format.platform);
        platform == Some(connection.platform.as_str())
            || self.exported.contains(&(connection.id.clone(), name.to_owned()))
    }

    /// Every text that can get into a document.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let one = self.connection;
        let (site, owner) = (&one.site, &one.owner);
        let fixed = [site.host.path(), &owner.owner, self.user, &one.name];
        let maybe = [&owner.project, &one.owner_id, &one.username, &one.email];
        let repository = one.repository.iter().flat_map(|one| {
            [Some(one.url.as_str()), Some(&one.place.name), one.ssh_url.as_deref(), one.branch.as_deref()]
        });
        let files = [self.ca, self.client_cert, self.public_key, self.known_hosts];
        let given = self.parameters.values.values().map(String::as_str);
        let maybe = maybe.into_iter().flatten().map(String::as_str);
        fixed.into_iter().chain(maybe).chain(repository.flatten()).chain(files.into_iter().flatten()).chain(given)
    }
}

/// What something is called at a consumer.
struct Named {
    /// The connection that it is for.
    whose: String,
    name: String,
    /// Somebody has chosen it; else it was made of the connection's.
    given: bool,
    /// It is there, or will be, as far as is known.
    goes: bool,
}

/// The address of the repository of `connection` over SSH, as an `ssh://` URL.
pub fn ssh_url(connection: &Connection) -> Option<String> {
    let repository = connection.repository.as_ref()?;
    let rules = connection.site.provider.rules();
    let url = repository.ssh_url.clone().unwrap_or_else(|| rules.ssh_url(&connection.site, &repository.place));
    // The short form of git's is no URL, and a consumer such as Flux refuses it.
    SshAddress::parse(&url).ok().map(|address| address.to_string())
}

/// Where a secret goes, and in which form. Characters that Unicode has set aside for a program's own use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// The token as it is.
    Token,
    /// The token inside double quotes of JSON or YAML.
    TokenQuoted,
    /// The token as a value in a shell and in an env file: in quotes only where it needs them, which `docker run` takes
    /// literally (<https://github.com/docker/cli/issues/3630>, read on 2026-11-21).
    TokenShell,
    /// The line of a shell that gives the variable of [`TOKEN`] its value; no line without secrets.
    TokenAssigned,
    /// The lines of the private key, below an indentation of four.
    KeyBlock,
    /// The private key in base64.
    KeyEncoded,
    /// The lines of the key of the client certificate, below an indentation of four.
    ClientKeyBlock,
    /// The key of the client certificate inside double quotes of JSON.
    ClientKeyQuoted,
}

impl Mark {
    const TOKEN: [Self; 4] = [Self::Token, Self::TokenQuoted, Self::TokenShell, Self::TokenAssigned];
    const KEY: [Self; 2] = [Self::KeyBlock, Self::KeyEncoded];
    const CLIENT_KEY: [Self; 2] = [Self::ClientKeyBlock, Self::ClientKeyQuoted];

    fn of(letter: char) -> Option<Self> {
        Self::TOKEN.into_iter().chain(Self::KEY).chain(Self::CLIENT_KEY).find(|mark| mark.char() == letter)
    }

    /// Whether whole lines go there.
    fn is_block(self) -> bool {
        matches!(self, Self::KeyBlock | Self::ClientKeyBlock)
    }

    fn char(self) -> char {
        match self {
            Self::Token => '\u{fdd0}',
            Self::TokenQuoted => '\u{fdd1}',
            Self::TokenShell => '\u{fdd2}',
            Self::TokenAssigned => '\u{fdd3}',
            Self::KeyBlock => '\u{fdd4}',
            Self::KeyEncoded => '\u{fdd5}',
            Self::ClientKeyBlock => '\u{fdd6}',
            Self::ClientKeyQuoted => '\u{fdd7}',
        }
    }
}

/// What an export carries that nobody else may see.
#[derive(Default)]
pub struct Secrets {
    pub token: Option<Secret>,
    pub private_key: Option<Zeroizing<String>>,
    /// The key of the client certificate: PEM.
    pub client_key: Option<Zeroizing<String>>,
}

/// A document, with marks where secrets go.
#[derive(Clone, Debug, Default)]
pub struct Document {
    template: String,
    /// What is still open, and what to know before it is applied.
    pub notes: Vec<String>,
}

impl Document {
    /// Writes `case` in `format`.
    ///
    /// # Errors
    /// Why this format cannot carry this connection: a sentence without its full stop.
    pub fn write(format: &Format, case: &Case<'_>) -> Result<Self, String> {
        if case.texts().any(|text| text.chars().any(|letter| Mark::of(letter).is_some())) {
            return Err("the connection or a parameter holds a character that stands for nothing".into());
        }
        let mut document = Self::default();
        document.template = (format.write)(case, &mut document)?;
        Ok(document)
    }

    /// What to say of the others that get the same name here: their names differ in characters that this consumer does not
    /// take, or somebody has given them the same one. `key` is the parameter that gives another name.
    ///
    /// # Errors
    /// Both names were made here and both go there, so that nobody has decided that one replaces the other.
    fn tell_apart(&mut self, key: &str, name: &Named, others: &[Named]) -> Result<(), String> {
        let same: Vec<_> = others.iter().filter(|other| other.name == name.name).collect();
        let (noun, them) = match same.len() {
            0 => return Ok(()),
            1 => ("connection", "the other"),
            _ => ("connections", "the others"),
        };
        let said = format!(
            "{noun} {} would get the name {} here as well, and whichever comes last would replace {them}: give this one another name with --set {key}=…",
            same.iter().map(|other| other.whose.as_str()).collect::<Vec<_>>().join(", "),
            name.name
        );
        if !name.given && same.iter().any(|other| other.goes && !other.given) {
            return Err(format!("the {said}"));
        }
        self.notes.push(format!("The {said}"));
        Ok(())
    }

    /// Whether a place of the document takes a token.
    pub fn takes_token(&self) -> bool {
        Mark::TOKEN.iter().any(|mark| self.template.contains(mark.char()))
    }

    /// Whether a place of the document takes the private key.
    pub fn takes_private_key(&self) -> bool {
        Mark::KEY.iter().any(|mark| self.template.contains(mark.char()))
    }

    /// Whether a place of the document takes the key of a client certificate.
    pub fn takes_client_key(&self) -> bool {
        Mark::CLIENT_KEY.iter().any(|mark| self.template.contains(mark.char()))
    }

    /// The text: with `secrets`, or with the names of variables in their places.
    pub fn render(&self, secrets: Option<&Secrets>) -> Zeroizing<String> {
        let token = secrets.and_then(|secrets| secrets.token.as_ref()).map(Secret::expose);
        let key = secrets.and_then(|secrets| secrets.private_key.as_ref()).map(|key| key.as_str());
        let client = secrets.and_then(|secrets| secrets.client_key.as_ref()).map(|key| key.as_str());
        // Room for everything at once: growing would leave unwiped copies behind.
        let room = [token, key, client].map(|secret| secret.map_or(64, str::len)).iter().sum::<usize>();
        let room = self.template.len() + 8 * room;
        let mut text = Zeroizing::new(String::with_capacity(room));
        for letter in self.template.chars() {
            let Some(mark) = Mark::of(letter) else {
                text.push(letter);
                continue;
            };
            let key = if Mark::CLIENT_KEY.contains(&mark) { client } else { key };
            match (mark, token, key) {
                (Mark::Token, Some(token), _) => text.push_str(token),
                (Mark::TokenQuoted, Some(token), _) => push_escaped(&mut text, token, &['"', '\\'], "\\"),
                (Mark::TokenShell, Some(token), _) if is_plain(token) => text.push_str(token),
                (Mark::TokenShell, Some(token), _) => push_in_quotes(&mut text, token),
                (Mark::TokenAssigned, Some(token), _) => {
                    text.push_str("GIT_ACCESS_TOKEN=");
                    push_in_quotes(&mut text, token);
                    text.push('\n');
                }
                (Mark::KeyBlock | Mark::ClientKeyBlock, _, Some(key)) => push_block(&mut text, key),
                (Mark::ClientKeyQuoted, _, Some(key)) => push_lines(&mut text, key),
                (Mark::KeyEncoded, _, Some(key)) => {
                    let encoded = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(key));
                    text.push_str(&encoded);
                }
                (Mark::TokenAssigned, None, _) => {}
                (Mark::Token | Mark::TokenQuoted | Mark::TokenShell, None, _) => text.push_str(TOKEN),
                (Mark::KeyBlock | Mark::KeyEncoded, _, None) => text.push_str(PRIVATE_KEY),
                (Mark::ClientKeyBlock | Mark::ClientKeyQuoted, _, None) => text.push_str(CLIENT_KEY),
            }
        }
        text
    }
}

/// What git has to be told besides, to reach a server that has certificates of its own: the settings, in words.
pub fn git_trust(site: &Site) -> Vec<String> {
    let asks = |what: &str, settings: &str| {
        format!("git needs the {what} as well, wherever it uses the token: git config --global {settings}")
    };
    let origin = site.host.origin();
    let authority = site.ca_file.as_ref().map(|file| {
        let file = shell(&file.display().to_string());
        asks("certificate authority", &format!("http.{origin}/.sslCAInfo {file}"))
    });
    let client = site.client_cert.as_ref().map(|file| {
        let file = shell(&file.display().to_string());
        asks(
            "client certificate",
            &format!("http.{origin}/.sslCert {file}, and http.{origin}/.sslKey with the same file"),
        )
    });
    authority.into_iter().chain(client).collect()
}

fn push_escaped(text: &mut String, token: &str, special: &[char], escape: &str) {
    for letter in token.chars() {
        if special.contains(&letter) {
            text.push_str(escape);
        }
        text.push(letter);
    }
}

/// The token inside single quotes of a shell: one in it ends the text, stands by itself, and begins it again.
fn push_in_quotes(text: &mut String, token: &str) {
    text.push('\'');
    push_escaped(text, token, &['\''], "'\\'");
    text.push('\'');
}

fn push_block(text: &mut String, key: &str) {
    for (number, line) in key.trim_end().lines().enumerate() {
        if number > 0 {
            text.push_str("\n    ");
        }
        text.push_str(line);
    }
}

/// Lines inside double quotes of JSON. PEM has no character that means something there.
fn push_lines(text: &mut String, key: &str) {
    for line in key.trim_end().lines() {
        text.push_str(line);
        text.push_str("\\n");
    }
}

/// A text inside single quotes of a shell, or bare where nothing in it is special.
fn shell(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else if is_variable(text) {
        format!("\"{text}\"") // Open: to be filled in, or to come from a variable.
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// Whether a shell takes a text for what it is without quotes.
fn is_plain(text: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "@%+=:,./_-~".contains(letter);
    !text.is_empty() && text.chars().all(plain) && !text.starts_with('~')
}

fn is_variable(text: &str) -> bool {
    let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
}

/// A JSON document, as people read it.
fn json(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let mut names = std::collections::BTreeSet::new();
        for one in FORMATS {
            assert!(names.insert(one.name), "{} stands twice", one.name);
            assert_eq!(format(one.name).map(|found| found.name), Some(one.name));
            assert!(!one.about.is_empty());
        }
    }

    #[test]
    fn a_secret_is_written_in_the_form_of_its_place() {
        let marks = Mark::TOKEN.iter().chain(&Mark::KEY).chain(&Mark::CLIENT_KEY);
        let marks: String = marks.flat_map(|mark| [mark.char(), '|']).collect();
        let document = Document { template: marks, notes: Vec::new() };
        let token = Some(Secret::parse("a'b\"c\\d").unwrap());
        let private_key = Some(Zeroizing::new("one\ntwo\n".to_owned()));
        let client_key = Some(Zeroizing::new("three\nfour\n".to_owned()));
        let with = document.render(Some(&Secrets { token, private_key, client_key }));
        assert_eq!(
            with.as_str(),
            "a'b\"c\\d|a'b\\\"c\\\\d|'a'\\''b\"c\\d'|GIT_ACCESS_TOKEN='a'\\''b\"c\\d'\n|one\n    two|b25lCnR3bwo=|three\n    four|three\\nfour\\n|"
        );
        let without = document.render(None);
        let keys = format!("{PRIVATE_KEY}|{PRIVATE_KEY}|{CLIENT_KEY}|{CLIENT_KEY}|");
        assert_eq!(without.as_str(), format!("{TOKEN}|{TOKEN}|{TOKEN}||{keys}"));
    }

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        for (text, quoted) in
            [("acme", "acme"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("", "''"), ("${project}", "\"${project}\"")]
        {
            assert_eq!(shell(text), quoted);
        }
        assert_eq!(shell("$(id)"), "'$(id)'");
        assert_eq!(shell("${x}; rm ${y}"), "'${x}; rm ${y}'");
    }
}
