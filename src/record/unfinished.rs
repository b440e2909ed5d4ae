//! What set-ups that were not finished have left: a repository, a key, a secret in its store. There is no connection to
//! remember it with, so it is kept by the name that the connection would have had, in one file of the state directory.
//! `list` tells it, and `remove` takes away what is ours of it. A set-up of the same name that comes to its end takes the
//! secrets away that nothing names; at the forge nothing is ever deleted. The same goes for the secrets of a connection
//! whose removal was stopped on the way.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Pending;
use crate::config::Connection;
use crate::disk::{self, DiskFault, Paths};
use crate::fact::{Place, Site};
use crate::report::resting;
use crate::secret::Whereabouts;

const FILE: &str = "unfinished.json";
/// So many are remembered, the newest: a script that fails every night must not grow the file for ever.
const MOST: usize = 50;

/// What one name has left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfinished {
    /// The connection that was not saved.
    pub name: String,
    /// The day, in UTC.
    pub at: String,
    /// The config that it was to be saved in; none where an earlier version noted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<PathBuf>,
    /// What is there, with the way to remove it.
    pub left: Vec<String>,
    /// The secrets among it, which we can remove ourselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Stray>,
    /// The repositories among it that were made, for sure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<Made>,
    /// It was a removal that was stopped, and no set-up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removal: bool,
}

/// A secret that no connection names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stray {
    pub id: String,
    #[serde(flatten)]
    pub place: Pending,
}

impl Stray {
    /// Where it is, and how a person removes it there; nothing where a newer version keeps it in a store unknown here.
    pub fn by_hand(&self) -> Option<String> {
        let Whereabouts { at, way } = Whereabouts::of(&self.place.store()?, &self.id, self.place.generation);
        Some(format!("the token in {at}: {way}"))
    }
}

/// A repository, and the forge that it was made at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    pub provider: String,
    pub host: String,
    /// `acme/gitops`
    pub place: String,
}

impl Made {
    pub fn new(site: &Site, place: &Place) -> Self {
        Self { provider: site.provider.id().to_owned(), host: site.host.to_string(), place: place.path() }
    }
}

impl Unfinished {
    /// Everything that is remembered, oldest first; nothing where it cannot be read.
    pub fn all(paths: &Paths) -> Vec<Self> {
        let all = paths.read_state(FILE).map(|text| parse(&text)).unwrap_or_default();
        all.into_iter().filter(|one| one.is_in(paths)).collect()
    }

    /// Whether it belongs to the config of these paths: the same name in another one is another connection.
    fn is_in(&self, paths: &Paths) -> bool {
        self.config.as_ref().is_none_or(|config| *config == paths.config)
    }

    fn is(&self, paths: &Paths, name: &str) -> bool {
        self.name == name && self.is_in(paths)
    }

    /// Whether the repository at this place of this forge was made by it, for sure.
    pub fn has_made(&self, site: &Site, place: &Place) -> bool {
        self.made.contains(&Made::new(site, place))
    }

    /// Nothing of it is there any more.
    fn is_settled(&self) -> bool {
        self.left.is_empty() && self.secrets.is_empty()
    }

    pub fn of(paths: &Paths, name: &str) -> Option<Self> {
        Self::all(paths).into_iter().find(|one| one.name == name)
    }

    /// Remembers what a set-up of `name` has left. The answer is why it was not kept.
    pub fn note(paths: &Paths, name: &str, left: &[String], secrets: Vec<Stray>, now: Timestamp) -> Option<DiskFault> {
        change(paths, |all| {
            let at = all.iter().position(|one| one.is(paths, name));
            let mut one = at.map(|at| all.remove(at)).unwrap_or_default();
            name.clone_into(&mut one.name);
            one.config = Some(paths.config.clone());
            one.at = now.strftime("%Y-%m-%d").to_string();
            one.left.retain(|line| !left.contains(line));
            one.left.extend(left.iter().cloned());
            one.secrets.extend(secrets.into_iter().filter(|stray| !one.secrets.contains(stray)).collect::<Vec<_>>());
            all.push(one);
            all.drain(..all.len().saturating_sub(MOST));
        })
    }

    /// Remembers that what `name` has left was made by us. The answer is why it was not kept.
    pub fn note_made(paths: &Paths, name: &str, made: &Made) -> Option<DiskFault> {
        change(paths, |all| {
            for one in all.iter_mut().filter(|one| one.is(paths, name) && !one.made.contains(made)) {
                one.made.push(made.clone());
            }
        })
    }

    /// What was stopped, in a word.
    pub fn what(&self) -> &'static str {
        if self.removal { "removal" } else { "set-up" }
    }

    /// Remembers the secrets of a connection that is about to be removed. The answer is why they were not kept.
    pub fn begin_removal(paths: &Paths, name: &str, secrets: &[Stray], now: Timestamp) -> Option<DiskFault> {
        if secrets.is_empty() {
            return None;
        }
        let removal = Self::of(paths, name).is_none_or(|one| one.removal);
        let left: Vec<String> = secrets.iter().filter_map(Stray::by_hand).collect();
        Self::note(paths, name, &left, secrets.to_vec(), now).or_else(|| {
            change(paths, |all| all.iter_mut().filter(|one| one.is(paths, name)).for_each(|one| one.removal = removal))
        })
    }

    /// These are gone, or named again. The answer is why they are still remembered.
    pub fn end_removal(paths: &Paths, name: &str, secrets: &[Stray]) -> Option<DiskFault> {
        Self::of(paths, name)?;
        let left: Vec<String> = secrets.iter().filter_map(Stray::by_hand).collect();
        change_one(paths, name, |one| {
            one.secrets.retain(|stray| !secrets.contains(stray));
            one.left.retain(|line| !left.contains(line));
        })
    }

    /// What is left is told in other words from now on. The answer is why it is still told in these.
    pub fn retell(paths: &Paths, name: &str, line: &str, now: &str) -> Option<DiskFault> {
        change_one(paths, name, |one| {
            one.left.iter_mut().filter(|there| *there == line).for_each(|there| now.clone_into(there));
        })
    }

    /// `saved` was set up under its name: what it has taken over is left behind no more.
    pub fn settle(paths: &Paths, saved: &Connection) -> Option<DiskFault> {
        Self::of(paths, &saved.name)?;
        let token = saved.token.as_ref().map(|token| Pending::new(&token.store, token.generation));
        let is_taken = |stray: &Stray| {
            // A file is the same one for whoever names it; elsewhere the id is part of the place.
            token.as_ref() == Some(&stray.place) && (stray.id == saved.id || stray.place.path.is_some())
        };
        let own = saved.repository.as_ref().map(|repository| Made::new(&saved.site, &repository.place));
        change_one(paths, &saved.name, |one| {
            one.secrets.retain(|stray| !is_taken(stray));
            one.made.retain(|made| own.as_ref() != Some(made));
            // One of the same name at another forge is left behind still.
            let own = own.as_ref().filter(|own| one.made.iter().all(|made| made.place != own.place));
            let is_own = |line: &str| own.is_some_and(|own| line.contains(&format!(" {}:", own.place)));
            one.left.retain(|line| line.starts_with("the new repository ") && !is_own(line));
            let strays = one
                .secrets
                .iter()
                .filter_map(|stray| Some(resting(&stray.place.store()?, &stray.id, stray.place.generation)));
            one.left.extend(strays.collect::<Vec<_>>());
        })
    }

    /// This line does not hold any more, nor is this secret there. The answer is why they are still remembered.
    pub fn take_back(paths: &Paths, name: &str, gone: Option<&Stray>, line: &str) -> Option<DiskFault> {
        change_one(paths, name, |one| {
            one.secrets.retain(|stray| Some(stray) != gone);
            one.left.retain(|there| there != line);
        })
    }

    /// This secret is there no more. The answer is why it is still remembered.
    pub fn is_gone(paths: &Paths, name: &str, gone: &Stray) -> Option<DiskFault> {
        change_one(paths, name, |one| one.secrets.retain(|stray| stray != gone))
    }

    /// Forgets what `name` has left. The answer is why it is still remembered.
    pub fn forget(paths: &Paths, name: &str) -> Option<DiskFault> {
        change(paths, |all| all.retain(|one| !one.is(paths, name)))
    }
}

fn parse(text: &str) -> Vec<Unfinished> {
    serde_json::from_str(text).unwrap_or_default()
}

/// Changes what `name` has left, and forgets it where nothing of that is there any more.
fn change_one(paths: &Paths, name: &str, with: impl Fn(&mut Unfinished)) -> Option<DiskFault> {
    change(paths, |all| {
        all.iter_mut().filter(|one| one.is(paths, name)).for_each(with);
        all.retain(|one| !(one.is(paths, name) && one.is_settled()));
    })
}

fn change(paths: &Paths, change: impl FnOnce(&mut Vec<Unfinished>)) -> Option<DiskFault> {
    let path = paths.state_dir.as_ref()?.join(FILE);
    let written = paths.may_write().and_then(|()| {
        disk::update(&path, |text| -> Result<String, DiskFault> {
            let mut all = text.map(parse).unwrap_or_default();
            change(&mut all);
            Ok(serde_json::to_string_pretty(&all).map(|text| text + "\n").unwrap_or_default())
        })
    });
    written.err()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Store;

    #[test]
    fn each_config_has_its_own_and_what_was_taken_back_is_no_more() {
        let dir = tempfile::TempDir::new().unwrap();
        let paths = Paths::under(dir.path());
        let mut other = paths.clone();
        other.config = dir.path().join("other.toml");
        let now: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
        let stray = Stray { id: "x".to_owned(), place: Pending::new(&Store::Keyring, 1) };
        for there in [&paths, &other] {
            assert!(Unfinished::note(there, "a", &["one".to_owned()], vec![stray.clone()], now).is_none());
        }
        assert_eq!((Unfinished::all(&paths).len(), Unfinished::all(&other).len()), (1, 1));
        assert!(Unfinished::forget(&other, "a").is_none());
        assert!(Unfinished::of(&other, "a").is_none());
        assert!(Unfinished::take_back(&paths, "a", None, "another").is_none());
        assert_eq!(Unfinished::of(&paths, "a").unwrap().secrets, std::slice::from_ref(&stray));
        assert!(Unfinished::take_back(&paths, "a", Some(&stray), "one").is_none());
        assert!(Unfinished::all(&paths).is_empty());
        // What an earlier version noted belongs to no config more than to another.
        assert!(paths.write_state(FILE, r#"[{"name":"b","at":"2026-11-20","left":["x"]}]"#).is_none());
        assert_eq!((Unfinished::all(&paths).len(), Unfinished::all(&other).len()), (1, 1));
    }

    /// A forge of this provider there, and a repository of acme.
    fn at(provider: &str, host: &str, name: &str) -> (Site, Place) {
        let provider = crate::provider::Provider::from_id(provider).unwrap();
        let host = crate::provider::Host::parse(host).unwrap();
        let site = Site { provider, api: provider.rules().api(&host), host, ca_file: None, client_cert: None };
        let owner = crate::fact::OwnerPath { owner: "acme".to_owned(), project: None };
        (site, Place { owner, name: name.to_owned() })
    }

    #[test]
    fn a_repository_was_made_by_it_only_at_its_own_forge() {
        let dir = tempfile::TempDir::new().unwrap();
        let paths = Paths::under(dir.path());
        let now: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
        let line = "the new repository acme/half: keep it for the next try".to_owned();
        assert!(Unfinished::note(&paths, "k", &[line], Vec::new(), now).is_none());
        let (site, place) = at("gitea", "https://one.example", "half");
        // As an earlier version noted it: its words alone prove nothing.
        assert!(!Unfinished::of(&paths, "k").unwrap().has_made(&site, &place));
        assert!(Unfinished::note_made(&paths, "k", &Made::new(&site, &place)).is_none());
        let noted = Unfinished::of(&paths, "k").unwrap();
        assert!(noted.has_made(&site, &place));
        for (provider, host, name) in [
            ("gitea", "https://two.example", "half"),
            ("gitlab", "https://one.example", "half"),
            ("gitea", "https://one.example", "half-2"),
        ] {
            let (site, place) = at(provider, host, name);
            assert!(!noted.has_made(&site, &place), "{provider} {host} {name}");
        }
    }

    #[test]
    fn what_is_taken_back_of_one_name_drops_nothing_of_another() {
        let dir = tempfile::TempDir::new().unwrap();
        let paths = Paths::under(dir.path());
        let now: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
        let stray = |id: &str| Stray { id: id.to_owned(), place: Pending::new(&Store::Keyring, 1) };
        assert!(Unfinished::note(&paths, "a", &["one".to_owned()], vec![stray("x")], now).is_none());
        assert!(Unfinished::note(&paths, "b", &[], vec![stray("y")], now).is_none());
        // The line goes, and the secret that it told of is remembered still.
        assert!(Unfinished::take_back(&paths, "a", None, "one").is_none());
        assert_eq!(Unfinished::of(&paths, "a").unwrap().secrets, [stray("x")]);
        assert!(Unfinished::end_removal(&paths, "a", &[stray("x")]).is_none());
        assert_eq!(Unfinished::of(&paths, "a"), None);
        assert_eq!(Unfinished::of(&paths, "b").unwrap().secrets, [stray("y")]);
    }

    #[test]
    fn what_is_left_is_remembered_by_name_and_forgotten_by_name() {
        let dir = tempfile::TempDir::new().unwrap();
        let paths = Paths::under(dir.path());
        let now: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
        let stray = |id: &str| Stray { id: id.to_owned(), place: Pending::new(&Store::Keyring, 1) };
        let line = |text: &str| vec![text.to_owned()];
        assert!(Unfinished::note(&paths, "a", &line("one"), vec![stray("x")], now).is_none());
        assert!(Unfinished::note(&paths, "b", &line("two"), Vec::new(), now).is_none());
        assert!(Unfinished::note(&paths, "a", &[line("one"), line("three")].concat(), vec![stray("y")], now).is_none());
        let a = Unfinished::of(&paths, "a").unwrap();
        assert_eq!(
            (a.left, a.secrets, a.at.as_str()),
            (vec!["one".into(), "three".into()], vec![stray("x"), stray("y")], "2026-11-20")
        );
        assert!(Unfinished::forget(&paths, "a").is_none());
        assert_eq!(Unfinished::all(&paths).iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["b"]);
        for number in 0..60 {
            assert!(Unfinished::note(&paths, &format!("n{number}"), &line("x"), Vec::new(), now).is_none());
        }
        assert_eq!(Unfinished::all(&paths).len(), MOST);
        assert!(paths.write_state(FILE, "rubbish").is_none());
        assert!(Unfinished::all(&paths).is_empty());
    }
}
