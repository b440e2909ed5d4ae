//! The report: what a run found, as JSON for programs and as text for people. Both say the same.

mod json;
mod metrics;
mod rotation;
mod text;

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;

pub use self::rotation::{Old, OldState, Rotation};
use crate::check::{Check, Finding, Verdict, days_between, worst};
use crate::config::ExpiresSource;
use crate::fact::{Fact, Place, Query, Remedy, Value};
use crate::secret::{Store, Whereabouts};
use crate::wizard::{Command, Done, Wizard};

/// A mistake, with its place as far as it has one. A mistake in a file has all of it, or at least the nearest table; one
/// on the command line has the flag as its key, and no file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Located {
    /// As it was named: a path, or `standard input`.
    pub file: Option<String>,
    /// Line and column; both begin at 1.
    pub place: Option<(usize, usize)>,
    /// The key in the file, or the flag.
    pub key: Option<String>,
    pub message: String,
}

/// `FILE:LINE:COLUMN: message`, or `FLAG: message`; the message alone where it names its file itself.
impl fmt::Display for Located {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.file, self.place, &self.key) {
            (Some(file), Some((line, column)), _) if !self.message.starts_with(file.as_str()) => {
                write!(out, "{file}:{line}:{column}: ")?;
            }
            (None, _, Some(flag)) if !self.message.starts_with(flag.as_str()) => write!(out, "{flag}: ")?,
            _ => {}
        }
        out.write_str(&self.message)
    }
}

/// What one run found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The config in effect; none where the run did not come to look for it.
    pub config: Option<PathBuf>,
    pub problems: Vec<Located>,
    /// What went wrong besides what is checked; said where it happened, and no part of the text.
    pub faults: Vec<String>,
    pub connections: Vec<Entry>,
}

/// What was found of one connection.
#[derive(Clone, Debug)]
pub struct Entry {
    pub name: String,
    pub platform: String,
    pub provider: String,
    pub host: String,
    pub owner: String,
    pub identity: Option<(String, &'static str)>,
    /// Whether a token takes part.
    pub has_token: bool,
    pub kind: Option<&'static str>,
    pub expires: Option<Timestamp>,
    pub expires_source: ExpiresSource,
    pub days_left: Option<i64>,
    /// The moment that counted: the server's, where its clock and the one here disagree.
    pub judged: Timestamp,
    /// URL, whether this run created it, and whether it has no commit (if that was asked).
    pub repository: Option<(String, bool, Option<bool>)>,
    pub saved: bool,
    pub accepted: Vec<String>,
    /// What exists now and was not there before, although nothing was saved; with the way to remove it.
    pub left_behind: Vec<String>,
    /// What to know about what this run has made.
    pub notices: Vec<String>,
    pub checks: Vec<Check>,
    pub origins: Vec<String>,
    /// Where the secret rests.
    pub store: String,
    /// What a rotation came to.
    pub rotation: Option<Rotation>,
}

impl Entry {
    /// What `wizard` knows now.
    pub fn of(wizard: &Wizard) -> Self {
        let answers = wizard.answers();
        let site = answers.site();
        let checks = wizard.judgement().checks;
        let token = wizard.token();
        let place = place_now(wizard);
        let url = site.as_ref().zip(place).map(|(site, place)| site.provider.rules().clone_url(site, &place));
        let repository = url.map(|url| (url, wizard.created().is_some(), is_empty(wizard)));
        Self {
            name: wizard.held().map(|held| held.name.clone()).or(answers.name()).unwrap_or_default(),
            platform: answers.platform().unwrap_or_default().to_owned(),
            provider: answers.provider().map(|provider| provider.id().to_owned()).unwrap_or_default(),
            host: site.as_ref().map(|site| site.host.to_string()).unwrap_or_default(),
            owner: answers.owner().map(|path| path.owner).unwrap_or_default(),
            identity: wizard.identity().map(|identity| (identity.login, identity.kind.name())),
            has_token: wizard.credential().is_some() || !answers.has_ssh(),
            kind: token.kind.map(|kind| kind.0),
            expires: token.expires,
            expires_source: token.expires_source,
            days_left: token.expires.map(|at| days_between(wizard.moment(), at)),
            judged: wizard.moment(),
            repository,
            saved: wizard.is_saved() || wizard.is_check(),
            accepted: if wizard.is_saved() || wizard.is_check() { wizard.accepted_among(&checks) } else { Vec::new() },
            left_behind: left_behind(wizard),
            notices: wizard.notices(),
            checks: settled(checks),
            origins: site.map(|site| site.origins().iter().map(ToString::to_string).collect()).unwrap_or_default(),
            store: token.store.kind().to_owned(),
            rotation: None,
        }
    }

    pub fn verdict(&self) -> &'static str {
        worst(&self.checks).unwrap_or("unknown")
    }

    /// The checks that the verdict comes from, by id; none where it is a pass.
    pub fn because(&self) -> Vec<String> {
        let verdict = self.verdict();
        let decisive = self.checks.iter().filter(|check| check.verdict.finding().is_some());
        decisive.filter(|check| check.verdict.name() == verdict).map(|check| check.id.name()).collect()
    }
}

/// The repository under the name that it has now, where that is known.
fn place_now(wizard: &Wizard) -> Option<Place> {
    let asked = wizard.answers().place()?;
    let known = wizard.facts().iter().find_map(|(query, fact)| match (query, fact) {
        (Query::Repository(_, _, place), Fact::Known(Value::Repository(known))) if *place == asked => Some(known),
        _ => None,
    });
    Some(known.map_or(asked, |known| known.place.clone()))
}

fn is_empty(wizard: &Wizard) -> Option<bool> {
    wizard.facts().iter().find_map(|(query, fact)| match (query, fact) {
        (Query::Git(..), Fact::Known(Value::Refs(refs))) => Some(refs.names.is_empty()),
        _ => None,
    })
}

/// What is still pending when the run is over was not come to.
fn settled(checks: Vec<Check>) -> Vec<Check> {
    let settle = |check: Check| match check.verdict {
        Verdict::Pending => {
            let finding = Finding::new(Remedy::new("Mend what failed before it, and run the same command again."));
            let detail = "It was not come to, because something before it failed.".to_owned();
            Check { verdict: Verdict::Unknown(finding), detail, ..check }
        }
        _ => check,
    };
    checks.into_iter().map(settle).collect()
}

fn left_behind(wizard: &Wizard) -> Vec<String> {
    let mut left = Vec::new();
    for (command, outcome) in wizard.applied() {
        match (command, outcome) {
            (_, Ok(Done::Created(repository))) if !wizard.is_saved() => {
                left.push(format!(
                    "the new repository {}: keep it for the next try, or delete it in its settings",
                    repository.place.path()
                ));
            }
            (Command::WriteSecret(keeping), Ok(Done::Stored(store, generation))) if !wizard.is_saved() => {
                left.push(resting(store, &keeping.id, *generation));
            }
            (Command::GenerateKey { files, .. }, Ok(_)) if !wizard.is_saved() => {
                let path = files.private.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
                left.push(format!("the new SSH key {path}: the next try uses it, or remove it and its .pub"));
            }
            (Command::RegisterKey(site, _, new), Ok(Done::Registered(key))) if !wizard.is_saved() => {
                let page = site.provider.rules().key_page(site, &new.lock);
                left.push(format!("the key “{}” at {page}: the next try uses it, or delete it there", key.title));
            }
            (Command::LetGo { store, id, generation }, Err(fault)) => {
                let Whereabouts { at, way } = Whereabouts::of(store, id, *generation);
                left.push(format!("the token that was replaced, in {at}: {way}. {}", fault.text));
            }
            (_, Err(fault)) => left.extend(fault.left.as_deref().map(str::to_owned)),
            _ => {}
        }
    }
    left
}

impl Report {
    /// The worst verdict of all connections; `None` where there is none to judge.
    pub fn verdict(&self) -> Option<&'static str> {
        let has = |name: &str| self.connections.iter().any(|entry| entry.verdict() == name);
        ["fail", "warn", "unknown", "pass"].into_iter().find(|name| has(name))
    }
}

/// Where a secret rests that nothing refers to, and how it is removed there.
pub fn resting(store: &Store, id: &str, generation: u64) -> String {
    if let Store::File(path) = store {
        return format!("the token in {}: the next try takes it over, or remove the file", path.display());
    }
    let Whereabouts { at, way } = Whereabouts::of(store, id, generation);
    format!("the token in {at}: {way}")
}
