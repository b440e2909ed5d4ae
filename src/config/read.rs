//! The config as connections. What is wrong with one of them leaves the others readable.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::keys::{KEYS, Kind, Section, row};
use super::layout::{Layout, path_of};
use super::spots::Spots;
use super::{ConfigProblem, Connection, ExpiresSource, RepositoryRecord, SshRecord, Token, VERSION, Verified};
use crate::answers::file::{NOT_EXPANDED, key_as_shown};
use crate::answers::{Field, KeyScope, Raw};
use crate::fact::{IdentityKind, OwnerPath, Place, Site};
use crate::key::PublicHalf;
use crate::provider::{Host, Provider, TokenKind, token_kind};
use crate::secret::Store;
use crate::statements::{Lines, Mistake, Node, Said, Statement, Value, moment, repetitions, statements};

pub(super) struct Contents {
    pub version: u64,
    pub connections: Vec<Connection>,
    pub problems: Vec<ConfigProblem>,
    pub names: Vec<String>,
    pub active: Option<String>,
}

const MEND: &str = "Mend this line in the config file.";
const MEND_ONE: &str = "Mend it in the config file, or remove the connection and set it up again.";

pub(super) fn contents(text: &str) -> Result<Contents, ConfigProblem> {
    let all = statements(text);
    let layout = Layout::of(&all);
    let (lines, spots) = (Lines::new(text), Spots::of(&all));
    let whole = |at: usize, message: &str, remedy: &str| problem((&lines, &spots), None, at, message, remedy);
    // A newer file may use what this program does not understand, so its version is looked at before anything else.
    let version = match version(&layout, &whole) {
        Err(WrongVersion { problem, is_all: true }) => return Err(*problem),
        version => version.map_err(|wrong| *wrong.problem),
    };
    let (active, mut unreadable) = unreadable(text, &all, &layout, &whole);
    unreadable.extend(version.as_ref().err().cloned());
    let parts = layout.by_connection();
    let mut names: Vec<_> = parts.iter().map(|(name, part)| (part.start(), *name)).collect();
    names.sort_unstable();
    let mut connections = Vec::new();
    let mut problems = Vec::new();
    for (at, name) in &names {
        let Some(part) = parts.get(name) else { continue };
        let mut draft = Draft::of(part, (&lines, &spots), name, *at);
        let connection = draft.connection();
        if draft.problems.is_empty() {
            connections.extend(connection);
        }
        problems.append(&mut draft.problems);
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    let names = names.into_iter().map(|(_, name)| name.to_owned()).collect();
    match version {
        Ok(version) if unreadable.is_empty() => Ok(Contents { version, connections, problems, names, active }),
        _ => Err(all_of(unreadable, problems)),
    }
}

/// What makes the whole file unreadable, with what is wrong with its connections besides: all of it, in the order of the
/// file, since nobody likes to run a program once for each mistake.
fn all_of(unreadable: Vec<ConfigProblem>, problems: Vec<ConfigProblem>) -> ConfigProblem {
    let mut all = unreadable;
    // A line that is told already is not told as the key of a connection, too.
    let told: BTreeSet<_> = all.iter().map(|problem| problem.line).collect();
    all.extend(problems.into_iter().filter(|problem| !told.contains(&problem.line)));
    all.sort_by_key(|problem| (problem.line, problem.column));
    let first = all.remove(0);
    ConfigProblem { more: all, ..first }
}

/// What makes the whole file unreadable; and the name of the connection in use.
fn unreadable(
    text: &str,
    all: &[Statement],
    layout: &Layout<'_>,
    whole: &impl Fn(usize, &str, &str) -> ConfigProblem,
) -> (Option<String>, Vec<ConfigProblem>) {
    let broken = all.iter().filter_map(|statement| match &statement.said {
        Said::Broken(mistake) => Some(whole(mistake.at, mistake.message, MEND)),
        _ => None,
    });
    let mut problems: Vec<_> = broken.collect();
    problems.extend(repetitions(text, all).into_iter().map(|at| whole(at, Mistake::REPEATED, MEND)));
    let mut active = None;
    if let Some(leaf) = layout.leaf(&["active"]) {
        match &leaf.node.value {
            Value::Text(name) => active = Some(name.clone()),
            _ => problems.push(whole(leaf.node.span.start, "`active` is the name of a connection, in quotes", MEND)),
        }
    }
    if let Err(at) = holds_tables(layout) {
        problems.push(whole(at, "[connections] holds tables: write [connections.NAME]", MEND));
    }
    (active, problems)
}

/// Where things stand in the text, and what they are about.
type Map<'m> = (&'m Lines<'m>, &'m Spots<'m>);

fn problem((lines, spots): Map<'_>, connection: Option<&str>, at: usize, message: &str, remedy: &str) -> ConfigProblem {
    let position = lines.position(at);
    ConfigProblem {
        connection: connection.map(|name| key_as_shown(name).into()),
        key: spots.key(at).map(Into::into),
        line: position.line,
        column: position.column,
        message: message.to_owned(),
        remedy: remedy.to_owned(),
        more: Vec::new(),
    }
}

/// What is wrong with the version.
struct WrongVersion {
    problem: Box<ConfigProblem>,
    /// Nothing else in the file can be judged: it is of a newer form, or of another program.
    is_all: bool,
}

fn version(layout: &Layout<'_>, whole: &impl Fn(usize, &str, &str) -> ConfigProblem) -> Result<u64, WrongVersion> {
    let wrong = |problem, is_all| WrongVersion { problem: Box::new(problem), is_all };
    let Some(leaf) = layout.leaf(&["version"]) else {
        let of_ours = |path: &[&str]| path.first() == Some(&"connections");
        // Written by hand: the oldest form there is. Without any connection it may be anybody's file.
        if layout
            .tables
            .iter()
            .map(|table| &table.path)
            .chain(layout.leaves.iter().map(|leaf| &leaf.path))
            .any(|path| of_ours(path))
        {
            return Ok(0);
        }
        let missing = "`version` is missing, so this may not be a config of git-access";
        let problem = whole(0, missing, "If it is one, write version = 1 as its first line.");
        return Err(wrong(ConfigProblem { key: Some("version".into()), ..problem }, true));
    };
    let at = leaf.node.span.start;
    match leaf.node.value {
        Value::Number(Some(0)) => Ok(0),
        Value::Number(Some(1)) => Ok(VERSION),
        Value::Number(Some(2..) | None) => {
            let message = "a newer git-access wrote this file, and this one would lose what it does not know";
            Err(wrong(whole(at, message, "Install the newer git-access, or name another file with --config."), true))
        }
        _ => {
            let message = "`version` is not a version that git-access ever wrote";
            Err(wrong(whole(at, message, "Write version = 1."), false))
        }
    }
}

/// `connections` is a table of tables.
fn holds_tables(layout: &Layout<'_>) -> Result<(), usize> {
    let alone = |path: &[&str]| path.len() == 1 && path[0] == "connections";
    let list = layout.tables.iter().find(|table| alone(&table.path) && table.list).map(|table| table.parts);
    let value = layout.leaves.iter().find(|leaf| alone(&leaf.path)).map(|leaf| leaf.parts);
    list.or(value).and_then(|parts| parts.first()).map_or(Ok(()), |part| Err(part.span.start))
}

/// The keys that hold a path.
const PATHS: [(Section, &str); 5] = [
    (Section::Connection, "ca_file"),
    (Section::Connection, "client_cert"),
    (Section::Token, "path"),
    (Section::Ssh, "public_key"),
    (Section::Ssh, "private_key"),
];

/// One connection while it is read.
struct Draft<'d> {
    map: Map<'d>,
    name: &'d str,
    /// Where it begins.
    at: usize,
    values: BTreeMap<(Section, &'d str), &'d Node>,
    /// The sections that are there, and where.
    sections: BTreeMap<Section, usize>,
    problems: Vec<ConfigProblem>,
}

impl<'d> Draft<'d> {
    fn of(layout: &'d Layout<'d>, map: Map<'d>, name: &'d str, at: usize) -> Self {
        let mut draft =
            Self { map, name, at, values: BTreeMap::new(), sections: BTreeMap::new(), problems: Vec::new() };
        let fits = Field::Name.parse(&Raw::Text(name));
        match fits {
            Ok(crate::answers::Answer::Text(parsed)) if parsed == name => {}
            Ok(_) => draft.say(at, "the name of the connection has a space at its end"),
            Err(message) => draft.say(at, &message),
        }
        for section in Section::ALL {
            let path = path_of(name, section);
            if let Some(table) = layout.table(&path) {
                let place = table.parts.first().map_or(at, |part| part.span.start);
                if table.list {
                    draft.say(place, "this is one table: write its name in single brackets");
                }
            }
            for leaf in &layout.leaves {
                if leaf.path == path {
                    draft.say(leaf.node.span.start, "a table is expected here");
                }
                if leaf.path.len() <= path.len() || !leaf.path.starts_with(&path) {
                    continue;
                }
                let key = leaf.path[path.len()];
                let ours = section == Section::Handover || row(section, key).is_some();
                // A table with nothing but the user's own keys is theirs.
                if ours {
                    let table = layout.table(&path).and_then(|table| table.parts.first());
                    let place = table.map_or(leaf.node.span.start, |part| part.span.start);
                    draft.sections.entry(section).or_insert(place);
                }
                if leaf.path.len() == path.len() + 1 {
                    draft.values.insert((section, key), leaf.node);
                } else if ours {
                    let start = leaf.parts.first().map_or(at, |part| part.span.start);
                    draft.say(start, "a value is expected here, not a table");
                }
            }
            let deeper = |table: &&super::layout::Table<'_>| {
                table.path.len() > path.len()
                    && table.path.starts_with(&path)
                    && row(section, table.path[path.len()]).is_some()
            };
            for table in layout.tables.iter().filter(deeper) {
                let start = table.parts.first().map_or(at, |part| part.span.start);
                draft.say(start, "a value is expected here, not a table");
            }
        }
        draft.sections.entry(Section::Connection).or_insert(at);
        draft
    }

    fn say(&mut self, at: usize, message: &str) {
        self.problems.push(problem(self.map, Some(self.name), at, message, MEND_ONE));
    }

    fn connection(&mut self) -> Option<Connection> {
        use Section::Connection as Own;
        self.check();
        let site = self.site();
        let owner = self.text(Own, "owner").map(|owner| OwnerPath { owner, project: self.text(Own, "project") });
        let provider = site.as_ref().map(|site| site.provider);
        let token = if self.has(Section::Token) { self.token(provider) } else { None };
        let repository = match &owner {
            Some(owner) if self.has(Section::Repository) => self.repository(owner),
            _ => None,
        };
        Some(Connection {
            name: self.name.to_owned(),
            id: self.text(Own, "id")?,
            platform: self.text(Own, "platform")?,
            site: site?,
            owner: owner?,
            owner_id: self.text(Own, "owner_id"),
            username: self.text(Own, "username"),
            email: self.text(Own, "email"),
            git_username: self.text(Own, "git_username"),
            token,
            repository,
            ssh: self.ssh(),
            handover: self.handover(),
            verified: self.verified(),
            accepted: self.texts(Own, "accepted").unwrap_or_default(),
        })
    }

    /// Every key of ours is there where it must be, and has the type that it must have.
    fn check(&mut self) {
        for row in KEYS {
            let Some(table) = self.sections.get(&row.section).copied() else { continue };
            match self.values.get(&(row.section, row.key)) {
                Some(node) => {
                    let at = node.span.start;
                    if !fits(node, row.kind) {
                        self.say(at, &format!("`{}` is {}", row.key, row.kind.name()));
                    } else if PATHS.contains(&(row.section, row.key))
                        && node.value.as_text().is_some_and(|path| Path::new(path).starts_with("~"))
                    {
                        self.say(at, NOT_EXPANDED);
                    }
                }
                None if row.required && !self.map.1.may_be_broken(self.name) => {
                    let message = match row.section.table() {
                        Some(table) => format!("`{}` is missing in the table {table}: {}", row.key, row.doc),
                        None => format!("`{}` is missing: {}", row.key, row.doc),
                    };
                    self.say(if row.section == Section::Connection { self.at } else { table }, &message);
                    let path = [path_of(self.name, row.section), vec![row.key]].concat();
                    let key = path.iter().map(|part| key_as_shown(part)).collect::<Vec<_>>().join(".");
                    self.problems
                        .iter_mut()
                        .last()
                        .into_iter()
                        .for_each(|missing| missing.key = Some(key.as_str().into()));
                }
                None => {}
            }
        }
        let free: Vec<_> = self.values.iter().filter(|((section, _), _)| *section == Section::Handover).collect();
        let wrong = free.into_iter().filter(|(_, node)| !fits(node, Kind::Text)).map(|(_, node)| node.span.start);
        for at in wrong.collect::<Vec<_>>() {
            self.say(at, "what the platform asks is a text in quotes");
        }
    }

    fn site(&mut self) -> Option<Site> {
        use Section::Connection as Own;
        let provider = self.text(Own, "provider")?;
        let provider = self.known(
            Own,
            "provider",
            Provider::from_id(&provider),
            "this git-access knows no provider of this name: a newer one may",
        );
        let host = self.host("host");
        let api = self.host("api_url");
        let (provider, host) = (provider?, host?);
        Some(Site {
            provider,
            api: provider.api(&host, api, self.text(Own, "owner").as_deref()),
            host,
            ca_file: self.path(Own, "ca_file"),
            client_cert: self.path(Own, "client_cert"),
        })
    }

    fn host(&mut self, key: &'static str) -> Option<Host> {
        let text = self.text(Section::Connection, key)?;
        match Host::parse(&text) {
            Ok(host) => Some(host),
            Err(reason) => {
                let at = self.values.get(&(Section::Connection, key)).map_or(self.at, |node| node.span.start);
                self.say(at, &format!("`{key}` cannot be used: {reason}"));
                None
            }
        }
    }

    /// `found`, or the sentence about the key.
    fn known<T>(&mut self, section: Section, key: &'static str, found: Option<T>, message: &str) -> Option<T> {
        if found.is_none() {
            let at = self.values.get(&(section, key)).map_or(self.at, |node| node.span.start);
            self.say(at, message);
        }
        found
    }

    fn token(&mut self, provider: Option<Provider>) -> Option<Token> {
        use Section::Token as Own;
        let kind = match (self.text(Own, "kind"), provider) {
            (Some(kind), Some(provider)) => {
                let kind: Option<TokenKind> = token_kind(provider, &kind);
                self.known(Own, "kind", kind, "this git-access knows no token of this kind: a newer one may")
            }
            _ => None,
        };
        let store = match self.text(Own, "store")?.as_str() {
            "git-credential" => Some(Store::GitCredential),
            "file" => self.path(Own, "path").map(Store::File),
            "env" => self.text(Own, "env").map(Store::Env),
            "command" => self.texts(Own, "command").filter(|words| !words.is_empty()).map(Store::Command),
            _ => Some(Store::Keyring),
        };
        let store =
            self.known(Own, "store", store, "the store needs `path`, `env` or `command` beside it, as its kind says");
        let source = self.text(Own, "expires_source");
        let source = ExpiresSource::ALL.into_iter().find(|one| Some(one.name()) == source.as_deref());
        Some(Token {
            kind,
            store: store?,
            generation: self.number(Own, "generation")?,
            expires: self.moment(Own, "expires"),
            expires_source: source.unwrap_or(ExpiresSource::Unknown),
            rotate_by: self.moment(Own, "rotate_by"),
        })
    }

    fn repository(&self, owner: &OwnerPath) -> Option<RepositoryRecord> {
        use Section::Repository as Own;
        Some(RepositoryRecord {
            place: Place { owner: owner.clone(), name: self.text(Own, "name")? },
            url: self.text(Own, "url")?,
            id: self.text(Own, "id"),
            ssh_url: self.text(Own, "ssh_url"),
            branch: self.text(Own, "branch"),
            created_by_us: self.flag(Own, "created_by_us").unwrap_or(false),
        })
    }

    fn ssh(&self) -> Option<SshRecord> {
        use Section::Ssh as Own;
        let scope = self.text(Own, "scope");
        Some(SshRecord {
            public_key: PublicHalf::parse(&self.text(Own, "public_key")?),
            private_key: self.path(Own, "private_key"),
            fingerprint: self.text(Own, "fingerprint"),
            scope: [KeyScope::Repository, KeyScope::Account]
                .into_iter()
                .find(|one| Some(one.name()) == scope.as_deref()),
            read_only: self.flag(Own, "read_only"),
            key_id: self.text(Own, "key_id"),
        })
    }

    fn handover(&self) -> BTreeMap<String, String> {
        let free = self.values.keys().filter(|(section, _)| *section == Section::Handover);
        free.filter_map(|(section, key)| Some(((*key).to_owned(), self.text(*section, key)?))).collect()
    }

    fn verified(&self) -> Option<Verified> {
        use Section::Verified as Own;
        let kind = self.text(Own, "identity_kind");
        Some(Verified {
            at: self.moment(Own, "at")?,
            identity: self.text(Own, "identity"),
            identity_kind: [IdentityKind::User, IdentityKind::Bot, IdentityKind::App]
                .into_iter()
                .find(|one| Some(one.name()) == kind.as_deref()),
            scopes: self.texts(Own, "scopes").map(|scopes| scopes.into_iter().collect::<BTreeSet<_>>()),
            verdict: self.text(Own, "verdict")?,
        })
    }

    fn has(&self, section: Section) -> bool {
        self.sections.contains_key(&section)
    }

    fn value(&self, section: Section, key: &str) -> Option<&'d Value> {
        self.values.get(&(section, key)).map(|node| &node.value)
    }

    fn text(&self, section: Section, key: &str) -> Option<String> {
        match self.value(section, key)? {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    fn path(&self, section: Section, key: &str) -> Option<PathBuf> {
        self.text(section, key).map(PathBuf::from)
    }

    fn flag(&self, section: Section, key: &str) -> Option<bool> {
        match self.value(section, key)? {
            Value::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    fn number(&self, section: Section, key: &str) -> Option<u64> {
        match self.value(section, key)? {
            Value::Number(number) => u64::try_from((*number)?).ok(),
            _ => None,
        }
    }

    fn moment(&self, section: Section, key: &str) -> Option<Timestamp> {
        match self.value(section, key)? {
            Value::Date(date) => moment(date).ok(),
            _ => None,
        }
    }

    fn texts(&self, section: Section, key: &str) -> Option<Vec<String>> {
        let Value::List(items) = self.value(section, key)? else { return None };
        let texts = items.iter().filter_map(|item| match &item.value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        });
        Some(texts.collect())
    }
}

fn fits(node: &Node, kind: Kind) -> bool {
    match (kind, &node.value) {
        (Kind::Text, Value::Text(_)) | (Kind::Flag, Value::Flag(_)) => true,
        (Kind::Choice(words), Value::Text(text)) => words.contains(&text.as_str()),
        (Kind::Number, Value::Number(number)) => number.is_some_and(|number| number >= 0),
        (Kind::Moment, Value::Date(date)) => moment(date).is_ok(),
        (Kind::Texts, Value::List(items)) => items.iter().all(|item| matches!(item.value, Value::Text(_))),
        _ => false,
    }
}
