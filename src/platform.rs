//! Platforms: who will use the access, and what each demands of a provider and of each kind of token.
//!
//! The knowledge is data: one file per platform in `assets/platforms`, compiled in. A user's own file of the same form
//! works the same. Whatever cannot be used together says why, and what to use instead.

mod file;
mod handover;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use self::file::{FileProblem, read};
pub use self::handover::Entered;
use crate::fact::{OwnerKind, Site};
use crate::provider::{Need, Provider, TokenKind};

/// A platform.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Platform {
    pub id: String,
    pub title: String,
    /// What it does with the access, and what does not work without it.
    pub about: String,
    /// Who may enter the access there.
    pub who: String,
    /// The only kind of owner it works with, if it is particular.
    #[serde(default, deserialize_with = "owner_kind")]
    pub owner_kind: Option<OwnerKind>,
    pub repository: RepositoryRule,
    /// Whether the repository must have no commit.
    #[serde(default)]
    pub wants_empty: bool,
    /// It clones and fetches.
    pub reads: bool,
    /// It pushes.
    pub writes: bool,
    /// It creates repositories by itself.
    #[serde(default)]
    pub creates: Option<Level>,
    /// From where it must reach the forge: told where that is a server of one's own.
    #[serde(default)]
    pub reach: Option<String>,
    /// What it does besides git.
    #[serde(default)]
    pub does: Vec<Deed>,
    #[serde(default)]
    pub notices: Vec<Notice>,
    pub sources: Vec<SourceLink>,
    pub handover: Handover,
    /// By the provider's id.
    pub provider: BTreeMap<String, Pair>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RepositoryRule {
    Required,
    Optional,
    Refused,
}

/// Something the platform does with a repository that git alone cannot.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deed {
    #[serde(deserialize_with = "need")]
    pub need: Need,
    pub level: Level,
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Required,
    Recommended,
}

/// Something to know before relying on it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    pub text: String,
    #[serde(default)]
    pub since: Option<String>,
    #[serde(default)]
    pub url: Option<String>,
    /// Only where this provider is used.
    #[serde(default)]
    pub provider: Option<String>,
}

/// Where a piece of knowledge comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceLink {
    pub title: String,
    #[serde(default)]
    pub url: Option<String>,
    pub date: String,
}

/// How the access is entered at the platform.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handover {
    /// The path through its menus.
    pub menu: String,
    pub steps: Vec<String>,
    #[serde(default)]
    pub parameters: Vec<Parameter>,
}

/// Something that the platform's own form asks, and that we can carry along.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    pub key: String,
    pub doc: String,
}

/// A platform and a provider: what the one needs of the other, or why they do not go together.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Pair {
    /// Why they do not go together, and what to use instead.
    #[serde(default)]
    pub unsupported: Option<String>,
    /// What to enter in each of the platform's fields, in their order.
    #[serde(default)]
    pub fields: Vec<FormField>,
    /// The user name that the platform sends to git: a fixed word; left out, the account's own.
    #[serde(default)]
    pub git_user: Option<String>,
    /// The platform sends one user name to the API and to git alike.
    #[serde(default)]
    pub one_user: Option<OneUser>,
    /// The roles any one of which the account needs, where the platform names some; in the provider's words.
    #[serde(default)]
    pub roles: Vec<String>,
    /// By kind of token.
    #[serde(default)]
    pub token: BTreeMap<String, KindNeeds>,
    /// Where it signs in with an SSH key.
    #[serde(default)]
    pub key: Option<KeyNeeds>,
}

/// What is known of a platform that has one field for what may be two user names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneUser {
    /// Where this is seen, with its date.
    pub source: String,
    /// What it does with the API, and so loses where the API does not take the name.
    pub api: String,
    /// What it does with git, and so loses where git does not take the name.
    pub git: String,
    /// What works instead.
    pub instead: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormField {
    pub name: String,
    /// What to enter, with `{host}`, `{owner}`, `{owner_id}`, `{project}`, `{username}`, `{repository_url}` and `{token}`.
    pub value: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindNeeds {
    #[serde(default)]
    pub unsupported: Option<String>,
    #[serde(default)]
    pub needs: Vec<Requirement>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KeyNeeds {
    #[serde(default)]
    pub read_only: bool,
    pub reason: String,
    /// What to enter in the platform's fields instead of a token, with `{ssh_url}`, `{public_key}` and `{private_key}`
    /// besides what other fields have.
    #[serde(default)]
    pub fields: Vec<FormField>,
    /// How the key is entered at the platform.
    #[serde(default)]
    pub steps: Vec<String>,
}

/// A scope or permission that the platform needs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    pub scope: String,
    pub level: Level,
    #[serde(default)]
    pub when: Option<Condition>,
    pub reason: String,
}

/// When a requirement holds; without one it always does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// The owner is an organisation (a group, a workspace).
    Organisation,
    /// The owner is a user.
    User,
}

impl Condition {
    /// Whether it holds for this kind of owner; a kind that is not known yet keeps it.
    pub fn holds(self, owner: Option<OwnerKind>) -> bool {
        match self {
            Self::Organisation => owner != Some(OwnerKind::User),
            Self::User => owner != Some(OwnerKind::Organisation),
        }
    }
}

impl Platform {
    /// Reads a platform file.
    ///
    /// # Errors
    /// Line, column and sentence of the first mistake.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The pair with `provider`, or why there is none.
    pub fn pair(&self, provider: Provider) -> Result<&Pair, String> {
        match self.provider.get(provider.id()) {
            None => Err(format!("{} does not work with {provider}", self.title)),
            Some(Pair { unsupported: Some(reason), .. }) => Err(reason.clone()),
            Some(pair) => Ok(pair),
        }
    }

    /// What a token of `kind` needs for an owner of kind `owner`.
    pub fn needs(&self, provider: Provider, kind: TokenKind, owner: Option<OwnerKind>) -> Vec<&Requirement> {
        let needs = self.pair(provider).ok().and_then(|pair| pair.token.get(kind.0));
        let needs = needs.map(|needs| needs.needs.as_slice()).unwrap_or_default();
        needs.iter().filter(|need| need.when.is_none_or(|condition| condition.holds(owner))).collect()
    }

    /// Why a token of `kind` cannot serve, if it cannot.
    pub fn refuses(&self, provider: Provider, kind: TokenKind) -> Option<String> {
        let pair = self.pair(provider).ok()?;
        match pair.token.get(kind.0) {
            Some(needs) => needs.unsupported.clone(),
            None => Some(format!("{} does not take a {} token of {provider}", self.title, kind.0)),
        }
    }

    /// What it needs of an SSH key, where it signs in with one.
    pub fn key(&self, provider: Provider) -> Option<&KeyNeeds> {
        self.pair(provider).ok()?.key.as_ref()
    }

    /// What to see to where the forge is not a public service: the platform has to reach it as well.
    pub fn reach_note(&self, site: &Site) -> Option<String> {
        let name = site.host.origin().name();
        if site.provider.rules().knows_host(name) {
            return None;
        }
        let where_from = self.reach.as_deref()?;
        let closed = if site.host.origin().is_private() { ", which is an address inside of a network" } else { "" };
        Some(format!("{} has to reach {} too{closed}. {where_from}", self.title, site.host))
    }

    /// The level at which it needs `need`, if it does.
    pub fn deed(&self, need: Need) -> Option<&Deed> {
        self.does.iter().find(|deed| deed.need == need)
    }
}

/// The platforms that are compiled in, in the order in which they are offered.
pub fn built_in() -> Vec<Platform> {
    FILES.iter().filter_map(|(_, text)| Platform::from_toml(text).ok()).collect()
}

const FILES: &[(&str, &str)] = &[
    ("keptn", include_str!("../assets/platforms/keptn.toml")),
    ("devtron", include_str!("../assets/platforms/devtron.toml")),
    ("qovery", include_str!("../assets/platforms/qovery.toml")),
    ("dxup", include_str!("../assets/platforms/dxup.toml")),
    ("flux", include_str!("../assets/platforms/flux.toml")),
    ("argocd", include_str!("../assets/platforms/argocd.toml")),
    ("none", include_str!("../assets/platforms/none.toml")),
];

fn owner_kind<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<OwnerKind>, D::Error> {
    match String::deserialize(from)?.as_str() {
        "organisation" => Ok(Some(OwnerKind::Organisation)),
        "user" => Ok(Some(OwnerKind::User)),
        _ => Err(serde::de::Error::custom("an owner is an organisation or a user")),
    }
}

fn need<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Need, D::Error> {
    match String::deserialize(from)?.as_str() {
        "webhooks" => Ok(Need::Webhooks),
        "pull-requests" => Ok(Need::PullRequests),
        "delete" => Ok(Need::Delete),
        _ => Err(serde::de::Error::custom("a platform does webhooks, pull-requests or delete")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::kind_row;

    #[test]
    fn every_file_is_read_and_named_as_it_names_itself() {
        for (id, text) in FILES {
            let platform = Platform::from_toml(text).unwrap_or_else(|error| panic!("{id}: {error}"));
            assert_eq!(platform.id, *id);
        }
        assert_eq!(built_in().len(), FILES.len());
    }

    #[test]
    fn the_files_of_the_house_keep_the_rules_for_files_of_others() {
        for (id, text) in FILES {
            let problems = read(text).err().unwrap_or_default();
            // A notice may be about one of the providers that are not in the program yet.
            assert!(problems.is_empty(), "{id}: {problems:?}");
        }
    }

    #[test]
    fn what_does_not_go_together_says_since_when_and_what_does() {
        let mut counted = 0;
        for platform in built_in() {
            for (provider, pair) in &platform.provider {
                let Some(reason) = &pair.unsupported else { continue };
                counted += 1;
                let dated = reason
                    .split(|letter: char| !(letter.is_ascii_digit() || letter == '-'))
                    .any(|word| word.parse::<jiff::civil::Date>().is_ok());
                let instead = ["Use ", "use ", "Mirror", "mirror", "Choose ", "choose "];
                assert!(dated, "{} x {provider} has no date: {reason}", platform.id);
                assert!(instead.iter().any(|word| reason.contains(word)), "{} x {provider}: {reason}", platform.id);
                assert!(reason.contains(&platform.title), "{} x {provider}: {reason}", platform.id);
            }
        }
        assert!(counted >= 4);
    }

    #[test]
    fn every_platform_ends_with_a_test_and_says_from_where_it_reaches() {
        for platform in built_in().iter().filter(|platform| platform.id != "none") {
            let last = platform.handover.steps.last().unwrap();
            assert!(last.contains("last test"), "{}: {last}", platform.id);
            assert!(platform.reach.as_ref().is_some_and(|reach| reach.ends_with('.')), "{}", platform.id);
            assert!(!platform.handover.menu.is_empty());
            assert!(platform.sources.iter().all(|source| source.url.is_some()), "{}", platform.id);
        }
    }

    #[test]
    fn a_server_of_ones_own_has_to_be_reached_and_a_public_one_is() {
        let qovery = built_in().into_iter().find(|platform| platform.id == "qovery").unwrap();
        for (host, noted) in [
            ("https://github.com", false),
            ("https://acme.ghe.com", false),
            ("https://git.example", true),
            ("https://10.0.0.7", true),
        ] {
            let host = crate::provider::Host::parse(host).unwrap();
            let provider = Provider::GitHub;
            let api = provider.rules().api(&host);
            let site = Site { provider, host: host.clone(), api, ca_file: None, client_cert: None };
            let note = qovery.reach_note(&site);
            assert_eq!(note.is_some(), noted, "{host}: {note:?}");
            assert!(note.is_none_or(|note| note.contains("inside of a network") == host.origin().is_private()));
        }
    }

    #[test]
    fn every_pair_and_kind_has_requirements_or_says_why_not() {
        for platform in built_in() {
            for provider in Provider::ALL {
                let Some(pair) = platform.provider.get(provider.id()) else {
                    panic!("{} says nothing about {provider}", platform.id);
                };
                if pair.unsupported.is_some() {
                    continue;
                }
                for row in provider.rules().kinds() {
                    let needs = pair.token.get(row.kind.0);
                    let said = needs.is_some_and(|needs| needs.unsupported.is_some() == needs.needs.is_empty());
                    assert!(said || platform.id == "none", "{} x {provider} x {}", platform.id, row.kind.0);
                }
                assert!(pair.token.keys().all(|kind| crate::provider::token_kind(*provider, kind).is_some()));
            }
        }
    }

    #[test]
    fn every_demand_has_a_reason_and_every_source_a_date() {
        for platform in built_in() {
            assert!(!platform.about.is_empty() && !platform.who.is_empty() && !platform.sources.is_empty());
            for source in &platform.sources {
                source.date.parse::<jiff::civil::Date>().unwrap();
                assert!(source.url.as_ref().is_none_or(|url| url.starts_with("https://")), "{}", platform.id);
            }
            assert!(platform.does.iter().all(|deed| deed.reason.ends_with('.')));
            for pair in platform.provider.values() {
                if let Some(key) = &pair.key {
                    assert!(key.reason.ends_with('.'), "{}", platform.id);
                    assert!(!key.fields.is_empty() && !key.steps.is_empty(), "{}: how is a key entered?", platform.id);
                }
                for need in pair.token.values().flat_map(|kind| &kind.needs) {
                    assert!(need.reason.ends_with('.'), "{}: {}", platform.id, need.scope);
                }
            }
        }
    }

    #[test]
    fn what_a_platform_does_is_within_what_it_asks_for() {
        for platform in built_in() {
            for provider in Provider::ALL {
                let rules = provider.rules();
                for row in rules.kinds().iter().filter(|row| kind_row(*provider, row.kind).is_some()) {
                    if platform.pair(*provider).is_err() || platform.refuses(*provider, row.kind).is_some() {
                        continue;
                    }
                    let asked = platform.needs(*provider, row.kind, None);
                    let asked = rules.closure(&asked.iter().map(|need| need.scope.clone()).collect());
                    for deed in &platform.does {
                        let any = rules.scopes_for(deed.need, row.kind).iter().any(|scope| asked.contains(*scope));
                        assert!(any, "{} x {} asks for nothing that lets it {:?}", platform.id, row.kind.0, deed.need);
                    }
                }
            }
        }
    }
}
