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

/// The keys of a table, and which of them must be there.
type Keys = &'static [(&'static str, bool)];

const TOP: Keys = &[
    ("id", true),
    ("title", true),
    ("about", true),
    ("who", true),
    ("owner-kind", false),
    ("repository", true),
    ("wants-empty", false),
    ("reads", true),
    ("writes", true),
    ("creates", false),
    ("reach", false),
    ("does", false),
    ("notices", false),
    ("sources", true),
    ("handover", true),
    ("provider", true),
];
const DEED: Keys = &[("need", true), ("level", true), ("reason", true)];
const NOTICE: Keys = &[("text", true), ("since", false), ("url", false), ("provider", false)];
const SOURCE: Keys = &[("title", true), ("url", false), ("date", true)];
const HANDOVER: Keys = &[("menu", true), ("steps", true), ("parameters", false)];
const PARAMETER: Keys = &[("key", true), ("doc", true)];
const PAIR: Keys = &[
    ("unsupported", false),
    ("fields", false),
    ("git-user", false),
    ("one-user", false),
    ("roles", false),
    ("token", false),
    ("key", false),
];
const FORM_FIELD: Keys = &[("name", true), ("value", true)];
const KIND: Keys = &[("unsupported", false), ("needs", false)];
const NEED: Keys = &[("scope", true), ("level", true), ("when", false), ("reason", true)];
const KEY: Keys = &[("read-only", false), ("reason", true), ("fields", false), ("steps", false)];

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
];

type Table<'t> = DeTable<'t>;

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

    fn top(&mut self, table: &Table<'_>) {
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
    fn keys(&mut self, table: &Table<'_>, known: Keys, at: usize, what: &str) {
        for (name, value) in table {
            let key = name.get_ref().as_ref();
            if !known.iter().any(|(known, _)| *known == key) {
                let known: Vec<_> = known.iter().map(|(known, _)| *known).collect();
                self.say(
                    name.span().start,
                    format!("{what} has no key `{}`: it has {}", sanitise(key, 60), known.join(", ")),
                );
            }
            let words = WORDS.iter().find(|(of, _)| *of == key).map(|(_, words)| *words);
            if let (Some(words), DeValue::String(word)) = (words, value.get_ref())
                && !words.contains(&word.as_ref())
            {
                self.say(value.span().start, format!("`{key}` is one of {}", words.join(", ")));
            }
        }
        for (key, _) in known.iter().filter(|(key, needed)| *needed && !table.contains_key(*key)) {
            self.say(at, format!("{what} lacks `{key}`"));
        }
    }

    /// Each table of a list.
    fn each(&mut self, list: &Spanned<DeValue<'_>>, look: impl Fn(&mut Self, &Table<'_>, usize)) {
        let DeValue::Array(items) = list.get_ref() else { return };
        for item in items {
            if let DeValue::Table(table) = item.get_ref() {
                look(self, table, start(table).unwrap_or(item.span().start));
            }
        }
    }

    fn notice(&mut self, notice: &Table<'_>, at: usize) {
        self.keys(notice, NOTICE, at, "a notice");
        self.date(notice, "since");
        self.https(notice);
        if let Some((id, at)) = text(notice, "provider")
            && Provider::from_id(id).is_none()
        {
            self.unknown_provider(id, at);
        }
    }

    fn source(&mut self, source: &Table<'_>, at: usize) {
        self.keys(source, SOURCE, at, "a source");
        self.date(source, "date");
        self.https(source);
    }

    fn date(&mut self, table: &Table<'_>, key: &str) {
        if let Some((date, at)) = text(table, key)
            && date.parse::<jiff::civil::Date>().is_err()
        {
            self.say(at, format!("`{key}` is a day, written as 2026-11-20"));
        }
    }

    fn https(&mut self, table: &Table<'_>) {
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

    fn providers(&mut self, providers: &Table<'_>) {
        for (name, value) in providers {
            let at = name.span().start;
            let Some(provider) = Provider::from_id(name.get_ref()) else {
                self.unknown_provider(name.get_ref(), at);
                continue;
            };
            let DeValue::Table(pair) = value.get_ref() else { continue };
            self.keys(pair, PAIR, at, "a provider's section");
            if let Some(fields) = pair.get("fields") {
                self.each(fields, Self::form_field);
            }
            if let Some(DeValue::Table(key)) = pair.get("key").map(Spanned::get_ref) {
                self.keys(key, KEY, at, "`key`");
            }
            if let Some(DeValue::Table(kinds)) = pair.get("token").map(Spanned::get_ref) {
                self.kinds(kinds, provider);
            }
        }
    }

    fn form_field(&mut self, field: &Table<'_>, at: usize) {
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

    fn kinds(&mut self, kinds: &Table<'_>, provider: Provider) {
        for (name, value) in kinds {
            let at = name.span().start;
            let DeValue::Table(needs) = value.get_ref() else { continue };
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

    fn need(&mut self, need: &Table<'_>, at: usize, provider: Provider, kind: TokenKind) {
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
fn text<'t>(table: &'t Table<'_>, key: &str) -> Option<(&'t str, usize)> {
    let value = table.get(key)?;
    match value.get_ref() {
        DeValue::String(text) => Some((text.as_ref(), value.span().start)),
        _ => None,
    }
}

/// Where the first key of a table stands.
fn start(table: &Table<'_>) -> Option<usize> {
    table.iter().map(|(name, _)| name.span().start).min()
}
