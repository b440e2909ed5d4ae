//! A platform file that somebody wrote: everything that is wrong with it, in one run, each with its place.
//!
//! The file is walked against a table of its keys, so that a misspelt key, an unknown provider, kind or scope and a
//! missing key are all told, not the first of them. What the walk finds right is read by [`Platform::from_toml`].

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Platform;
use crate::provider::{Provider, TokenKind, token_kind};
use crate::statements::Lines;
use crate::text::sanitise;

/// Something that is wrong, and where: line and column from 1, the column in characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileProblem {
    pub line: usize,
    pub column: usize,
    pub message: String,
}

/// What a key holds.
#[derive(Clone, Copy)]
enum Holds {
    Text,
    Flag,
    Texts,
    Table,
    Tables,
}
use Holds::{Flag, Table, Tables, Text, Texts};

/// A key of a table: whether it must be there, and what it holds.
struct Key {
    name: &'static str,
    needed: bool,
    holds: Holds,
}

const fn must(name: &'static str, holds: Holds) -> Key {
    Key { name, needed: true, holds }
}

const fn may(name: &'static str, holds: Holds) -> Key {
    Key { name, needed: false, holds }
}

type Keys = &'static [Key];

const TOP: Keys = &[
    must("id", Text),
    must("title", Text),
    must("about", Text),
    must("who", Text),
    may("owner-kind", Text),
    must("repository", Text),
    may("wants-empty", Flag),
    must("reads", Flag),
    must("writes", Flag),
    may("creates", Text),
    may("reach", Text),
    may("does", Tables),
    may("notices", Tables),
    must("sources", Tables),
    must("handover", Table),
    must("provider", Table),
];
const DEED: Keys = &[must("need", Text), must("level", Text), must("reason", Text)];
const NOTICE: Keys = &[must("text", Text), may("since", Text), may("url", Text), may("provider", Text)];
const SOURCE: Keys = &[must("title", Text), may("url", Text), must("date", Text)];
const HANDOVER: Keys = &[must("menu", Text), must("steps", Texts), may("parameters", Tables)];
const PARAMETER: Keys = &[must("key", Text), must("doc", Text)];
const PAIR: Keys = &[
    may("unsupported", Text),
    may("fields", Tables),
    may("git-user", Text),
    may("one-user", Table),
    may("roles", Texts),
    may("token", Table),
    may("key", Table),
];
const FORM_FIELD: Keys = &[must("name", Text), must("value", Text)];
const KIND: Keys = &[may("unsupported", Text), may("needs", Tables)];
const NEED: Keys = &[must("scope", Text), must("level", Text), may("when", Text), must("reason", Text)];
const KEY: Keys = &[may("read-only", Flag), must("reason", Text), may("fields", Tables), may("steps", Texts)];

const ONE_USER: Keys = &[must("source", Text), must("api", Text), must("git", Text), must("instead", Text)];

/// Keys that hold one of some words.
const WORDS: &[(&str, &[&str])] = &[
    ("owner-kind", &["organisation", "user"]),
    ("repository", &["required", "optional", "refused"]),
    ("creates", LEVELS),
    ("level", LEVELS),
    ("when", &["organisation", "user"]),
    ("need", &["webhooks", "pull-requests", "delete"]),
];
const LEVELS: &[&str] = &["required", "recommended"];

/// What may stand in braces in the value of a form field.
const PLACEHOLDERS: &[&str] = &[
    "host",
    "owner",
    "owner_id",
    "project",
    "username",
    "email",
    "repository_url",
    "ssh_url",
    "token",
    "name",
    "branch",
    "public_key",
    "private_key",
];

/// Reads a platform file.
///
/// # Errors
/// Everything that is wrong with it, in the order of the file.
pub fn read(text: &str) -> Result<Platform, Vec<FileProblem>> {
    let mut walk = Walk { lines: Lines::new(text), problems: Vec::new() };
    let (table, mistakes) = DeTable::parse_recoverable(text);
    for mistake in &mistakes {
        let at = mistake.span().map_or(0, |span| span.start);
        walk.say(at, first_line(mistake.message()));
    }
    if mistakes.is_empty() {
        walk.top(table.get_ref());
    }
    let read = Platform::from_toml(text);
    if let (Err(error), true) = (&read, walk.problems.is_empty()) {
        walk.say(error.span().map_or(0, |span| span.start), first_line(error.message()));
    }
    walk.problems.sort();
    match read {
        Ok(platform) if walk.problems.is_empty() => Ok(platform),
        _ => Err(walk.problems),
    }
}

fn first_line(message: &str) -> String {
    sanitise(message.lines().next().unwrap_or_default(), 300)
}

struct Walk<'t> {
    lines: Lines<'t>,
    problems: Vec<FileProblem>,
}

impl Walk<'_> {
    fn say(&mut self, at: usize, message: impl Into<String>) {
        let position = self.lines.position(at);
        self.problems.push(FileProblem { line: position.line, column: position.column, message: message.into() });
    }

    fn top(&mut self, table: &DeTable<'_>) {
        self.keys(table, TOP, 0, "the file");
        for (name, value) in table {
            match (name.get_ref().as_ref(), value.get_ref()) {
                ("id", DeValue::String(id)) if crate::answers::name(id).is_err() => self.say(
                    value.span().start,
                    "the id of a platform has 1 to 63 lower-case letters, digits, dots, hyphens or underscores",
                ),
                ("does", _) => self.each(value, |walk, one, at| walk.keys(one, DEED, at, "an entry of `does`")),
                ("notices", _) => self.each(value, Self::notice),
                ("sources", _) => self.each(value, Self::source),
                ("handover", DeValue::Table(handover)) => {
                    self.keys(handover, HANDOVER, name.span().start, "`handover`");
                    if let Some(parameters) = handover.get("parameters") {
                        self.each(parameters, |walk, one, at| walk.keys(one, PARAMETER, at, "a parameter"));
                    }
                }
                ("provider", DeValue::Table(providers)) => self.providers(providers),
                _ => {}
            }
        }
    }

    /// Keys that are not known, keys that are missing, and words that are none of those that are meant.
    fn keys(&mut self, table: &DeTable<'_>, known: Keys, at: usize, what: &str) {
        for (name, value) in table {
            let key = name.get_ref().as_ref();
            if let Some(known) = known.iter().find(|known| known.name == key) {
                self.holds(known, value);
            } else {
                let known: Vec<_> = known.iter().map(|known| known.name).collect();
                let key = sanitise(key, 60);
                self.say(name.span().start, format!("{what} has no key `{key}`: it has {}", known.join(", ")));
            }
            let words = WORDS.iter().find(|(of, _)| *of == key).map(|(_, words)| *words);
            if let (Some(words), DeValue::String(word)) = (words, value.get_ref())
                && !words.contains(&word.as_ref())
            {
                self.say(value.span().start, format!("`{key}` is one of {}", words.join(", ")));
            }
        }
        for key in known.iter().filter(|key| key.needed && !table.contains_key(key.name)) {
            self.say(at, format!("{what} lacks `{}`", key.name));
        }
    }

    /// A value of another type than its key holds.
    fn holds(&mut self, key: &Key, value: &Spanned<DeValue<'_>>) {
        let all = |fits: fn(&DeValue<'_>) -> bool| match value.get_ref() {
            DeValue::Array(items) => items.iter().all(|item| fits(item.get_ref())),
            _ => false,
        };
        let (fits, is) = match key.holds {
            Text => (matches!(value.get_ref(), DeValue::String(_)), "a text in quotes"),
            Flag => (matches!(value.get_ref(), DeValue::Boolean(_)), "true or false, without quotes"),
            Texts => (all(|item| matches!(item, DeValue::String(_))), "a list of texts, in brackets"),
            Table => {
                (matches!(value.get_ref(), DeValue::Table(_)), "a table: its keys stand below its name in brackets")
            }
            Tables => (
                all(|item| matches!(item, DeValue::Table(_))),
                "a list of tables: each begins with its name in two brackets",
            ),
        };
        if !fits {
            self.say(value.span().start, format!("`{}` is {is}", key.name));
        }
    }

    /// The table that a name of the reader's own stands for.
    fn section<'v>(&mut self, value: &'v Spanned<DeValue<'_>>, what: &str) -> Option<&'v DeTable<'v>> {
        if let DeValue::Table(table) = value.get_ref() {
            return Some(table);
        }
        self.say(value.span().start, format!("{what} is a table: its keys stand below its name in brackets"));
        None
    }

    /// Each table of a list.
    fn each(&mut self, list: &Spanned<DeValue<'_>>, look: impl Fn(&mut Self, &DeTable<'_>, usize)) {
        let DeValue::Array(items) = list.get_ref() else { return };
        for item in items {
            if let DeValue::Table(table) = item.get_ref() {
                look(self, table, start(table).unwrap_or(item.span().start));
            }
        }
    }

    fn notice(&mut self, notice: &DeTable<'_>, at: usize) {
        self.keys(notice, NOTICE, at, "a notice");
        self.date(notice, "since");
        self.https(notice);
        if let Some((id, at)) = text(notice, "provider")
            && Provider::from_id(id).is_none()
        {
            self.unknown_provider(id, at);
        }
    }

    fn source(&mut self, source: &DeTable<'_>, at: usize) {
        self.keys(source, SOURCE, at, "a source");
        self.date(source, "date");
        self.https(source);
    }

    fn date(&mut self, table: &DeTable<'_>, key: &str) {
        if let Some((date, at)) = text(table, key)
            && date.parse::<jiff::civil::Date>().is_err()
        {
            self.say(at, format!("`{key}` is a day, written as 2026-11-20"));
        }
    }

    fn https(&mut self, table: &DeTable<'_>) {
        if let Some((url, at)) = text(table, "url")
            && !url.starts_with("https://")
        {
            self.say(at, "`url` begins with https://");
        }
    }

    fn unknown_provider(&mut self, id: &str, at: usize) {
        let known: Vec<_> = Provider::ALL.iter().map(|provider| provider.id()).collect();
        self.say(at, format!("no provider is named `{}`: known are {}", sanitise(id, 60), known.join(", ")));
    }

    fn providers(&mut self, providers: &DeTable<'_>) {
        for (name, value) in providers {
            let at = name.span().start;
            let Some(provider) = Provider::from_id(name.get_ref()) else {
                self.unknown_provider(name.get_ref(), at);
                continue;
            };
            let Some(pair) = self.section(value, "a provider's section") else { continue };
            self.keys(pair, PAIR, at, "a provider's section");
            if let Some(fields) = pair.get("fields") {
                self.each(fields, Self::form_field);
            }
            if let Some(DeValue::Table(key)) = pair.get("key").map(Spanned::get_ref) {
                self.keys(key, KEY, at, "`key`");
                if let Some(fields) = key.get("fields") {
                    self.each(fields, Self::form_field);
                }
            }
            if let Some(DeValue::Table(one)) = pair.get("one-user").map(Spanned::get_ref) {
                self.keys(one, ONE_USER, at, "`one-user`");
            }
            if let Some(DeValue::Table(kinds)) = pair.get("token").map(Spanned::get_ref) {
                self.kinds(kinds, provider);
            }
        }
    }

    fn form_field(&mut self, field: &DeTable<'_>, at: usize) {
        self.keys(field, FORM_FIELD, at, "a form field");
        let Some((value, at)) = text(field, "value") else { return };
        for piece in value.split('{').skip(1) {
            let name = piece.split('}').next().unwrap_or_default();
            if !PLACEHOLDERS.contains(&name) {
                self.say(
                    at,
                    format!(
                        "nothing is filled in for `{{{}}}`: known are {}",
                        sanitise(name, 40),
                        PLACEHOLDERS.join(", ")
                    ),
                );
            }
        }
    }

    fn kinds(&mut self, kinds: &DeTable<'_>, provider: Provider) {
        for (name, value) in kinds {
            let at = name.span().start;
            let Some(needs) = self.section(value, "the section of a kind of token") else { continue };
            let Some(kind) = token_kind(provider, name.get_ref()) else {
                let known: Vec<_> = provider.rules().kinds().iter().map(|row| row.kind.0).collect();
                let name = sanitise(name.get_ref(), 60);
                self.say(at, format!("{provider} has no kind of token `{name}`: known are {}", known.join(", ")));
                continue;
            };
            self.keys(needs, KIND, at, "a kind of token");
            if let Some(list) = needs.get("needs") {
                self.each(list, |walk, need, at| walk.need(need, at, provider, kind));
            }
        }
    }

    fn need(&mut self, need: &DeTable<'_>, at: usize, provider: Provider, kind: TokenKind) {
        self.keys(need, NEED, at, "a need");
        if let Some((scope, at)) = text(need, "scope")
            && !provider.rules().knows_scope(kind, scope)
        {
            let scope = sanitise(scope, 60);
            self.say(
                at,
                format!(
                    "a token of kind {} of {provider} has no scope `{scope}`: write it as the page for tokens does",
                    kind.0
                ),
            );
        }
    }
}

/// A text and its place.
fn text<'t>(table: &'t DeTable<'_>, key: &str) -> Option<(&'t str, usize)> {
    let value = table.get(key)?;
    match value.get_ref() {
        DeValue::String(text) => Some((text.as_ref(), value.span().start)),
        _ => None,
    }
}

/// Where the first key of a table stands.
fn start(table: &DeTable<'_>) -> Option<usize> {
    table.iter().map(|(name, _)| name.span().start).min()
}
