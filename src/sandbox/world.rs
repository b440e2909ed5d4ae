//! A running world of one provider: the scenario with values for everything that it leaves open.
//!
//! Accounts and organisations stay as the scenario has them; repositories, keys and tokens come and go. Rights are asked
//! here in neutral words; what a token takes away from them is the business of each provider.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::git::Git;
use super::lives::Lives;
use super::scenario::{self, Account, Level, MemberRole, Organisation, Rights, Scenario, Visibility};
use super::{Imitation, SandboxError, validate};

pub(super) struct World {
    pub provider: &'static str,
    /// Scheme, address and port, without a slash at the end.
    pub host: String,
    /// What runs there, where the scenario says so.
    pub program: Option<scenario::Program>,
    pub accounts: Vec<Account>,
    pub organisations: Vec<Organisation>,
    pub tokens: Vec<Token>,
    pub(super) lives: Lives,
    pub(super) mint: fn(&str) -> std::io::Result<String>,
    pub git: Git,
    pub started: Timestamp,
    repositories: Mutex<Vec<Repository>>,
    keys: Mutex<Vec<Key>>,
    building: tokio::sync::Mutex<()>,
    numbers: AtomicU64,
}

/// A token with its value.
pub(super) struct Token {
    pub given: scenario::Token,
    pub secret: String,
    pub expires: Option<Timestamp>,
}

#[derive(Clone)]
pub(super) struct Repository {
    pub id: u64,
    pub owner: String,
    pub project: Option<String>,
    pub name: String,
    pub former_name: Option<String>,
    pub visibility: Visibility,
    pub archived: bool,
    pub default_branch: String,
    pub collaborators: Vec<(String, Rights)>,
    pub created: Timestamp,
    pub path: PathBuf,
}

/// An SSH key, of a repository or of an account.
#[derive(Clone)]
pub(super) struct Key {
    pub id: u64,
    pub holder: KeyHolder,
    pub title: String,
    /// Kind and body, as in an `authorized_keys` file, without the comment.
    pub line: String,
    pub read_only: bool,
    pub added_by: String,
    pub created: Timestamp,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum KeyHolder {
    Repository(u64),
    Account(String),
}

impl World {
    pub(super) fn new(
        imitation: &'static Imitation,
        scenario: &Scenario,
        listener: &super::server::Gate,
        git: Git,
    ) -> Result<Self, SandboxError> {
        let started = Timestamp::now();
        let tokens = scenario.tokens.iter().filter(|token| *token.provider == *imitation.name).map(|token| {
            let expires = match (token.expires_in_days, &token.expires) {
                (Some(days), _) => started.checked_add(SignedDuration::from_hours(24 * i64::from(days))).ok(),
                (None, Some(datetime)) => validate::moment(datetime.get_ref()),
                (None, None) => None,
            };
            Ok(Token {
                given: token.clone(),
                secret: (imitation.mint)(&token.kind).map_err(SandboxError::Random)?,
                expires,
            })
        });
        Ok(Self {
            provider: imitation.name,
            host: listener.host(),
            program: scenario.programs.iter().find(|it| *it.provider == *imitation.name).cloned(),
            accounts: scenario.accounts.iter().filter(|it| *it.provider == *imitation.name).cloned().collect(),
            organisations: scenario
                .organisations
                .iter()
                .filter(|it| *it.provider == *imitation.name)
                .cloned()
                .collect(),
            tokens: tokens.collect::<Result<_, SandboxError>>()?,
            lives: Lives::new(),
            mint: imitation.mint,
            git,
            started,
            repositories: Mutex::default(),
            keys: Mutex::default(),
            building: tokio::sync::Mutex::default(),
            numbers: AtomicU64::new(700_000),
        })
    }

    /// Makes the repositories of the scenario.
    pub(super) async fn build(&self, scenario: &Scenario) -> Result<(), SandboxError> {
        for given in scenario.repositories.iter().filter(|it| *it.provider == *self.provider) {
            let mut repository = self.draft(&given.owner, &given.name, given.visibility);
            repository.default_branch = given.default_branch.to_string();
            repository.former_name = given.renamed_from.as_ref().map(|name| name.to_string());
            repository.archived = given.archived;
            repository.project.clone_from(&given.project);
            repository.collaborators = given.collaborators.iter().map(|it| (it.login.to_string(), it.rights)).collect();
            self.add(repository, given.commits).await?;
        }
        Ok(())
    }

    /// A repository that is not there yet. The names have to be safe as path segments.
    pub(super) fn draft(&self, owner: &str, name: &str, visibility: Visibility) -> Repository {
        Repository {
            id: self.number(),
            owner: owner.to_owned(),
            project: None,
            name: name.to_owned(),
            former_name: None,
            visibility,
            archived: false,
            default_branch: "main".to_owned(),
            collaborators: Vec::new(),
            created: Timestamp::now(),
            path: self.git.home().join("git").join(self.provider).join(owner).join(format!("{name}.git")),
        }
    }

    /// Makes the repository. False when another one took its name in the meantime.
    pub(super) async fn add(&self, repository: Repository, commits: u32) -> Result<bool, SandboxError> {
        let _one_at_a_time = self.building.lock().await;
        let Repository { path, name, owner, default_branch, .. } = &repository;
        if self.repository(owner, name).is_some() {
            return Ok(false);
        }
        self.git.create(path, default_branch).await?;
        if commits > 0 {
            self.git.fill(path, default_branch, name, commits).await?;
        }
        held(&self.repositories).push(repository);
        Ok(true)
    }

    pub(super) fn repositories(&self) -> Vec<Repository> {
        held(&self.repositories).clone()
    }

    /// Owners and names are the same in any case.
    pub(super) fn repository(&self, owner: &str, name: &str) -> Option<Repository> {
        let named = |it: &&Repository| it.owner.eq_ignore_ascii_case(owner) && it.name.eq_ignore_ascii_case(name);
        held(&self.repositories).iter().find(named).cloned()
    }

    /// The repository that once had this name, which nothing else has now.
    pub(super) fn renamed(&self, owner: &str, name: &str) -> Option<Repository> {
        let was = |it: &&Repository| {
            it.owner.eq_ignore_ascii_case(owner)
                && it.former_name.as_ref().is_some_and(|former| former.eq_ignore_ascii_case(name))
        };
        held(&self.repositories).iter().find(was).cloned()
    }

    pub(super) fn keys(&self, holder: &KeyHolder) -> Vec<Key> {
        held(&self.keys).iter().filter(|key| key.holder == *holder).cloned().collect()
    }

    /// The key wherever it is registered.
    pub(super) fn keys_of(&self, line: &str) -> Vec<Key> {
        held(&self.keys).iter().filter(|key| key.line == line).cloned().collect()
    }

    /// Adds the key, whatever else has it.
    pub(super) fn put_key(&self, key: Key) {
        held(&self.keys).push(key);
    }

    /// Adds the key, unless the same key is in use anywhere.
    pub(super) fn add_key(&self, key: Key) -> bool {
        let mut keys = held(&self.keys);
        let free = keys.iter().all(|other| other.line != key.line);
        if free {
            keys.push(key);
        }
        free
    }

    /// Removes the key with this number; false where there is none.
    pub(super) fn remove_key(&self, holder: &KeyHolder, id: &str) -> bool {
        let mut keys = held(&self.keys);
        let before = keys.len();
        keys.retain(|key| key.holder != *holder || key.id.to_string() != id);
        keys.len() < before
    }

    /// A number that nothing else in this world has.
    pub(super) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn token(&self, secret: &str) -> Option<&Token> {
        let token = self.token_ever(secret)?;
        let alive = !token.given.dead
            && !self.has_ended(secret)
            && token.expires.is_none_or(|expires| expires > Timestamp::now());
        alive.then_some(token)
    }

    /// The token with this value, also one that is dead.
    pub(super) fn token_ever(&self, secret: &str) -> Option<&Token> {
        self.all_tokens().find(|token| token.secret == secret)
    }

    pub(super) fn account(&self, login: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.login.eq_ignore_ascii_case(login))
    }

    pub(super) fn organisation(&self, login: &str) -> Option<&Organisation> {
        self.organisations.iter().find(|organisation| organisation.login.eq_ignore_ascii_case(login))
    }

    /// A number for an account or an organisation, the same as long as the world runs.
    pub(super) fn owner_id(&self, login: &str) -> usize {
        let logins = self.accounts.iter().map(|it| &it.login).chain(self.organisations.iter().map(|it| &it.login));
        583_231 + logins.take_while(|it| !it.eq_ignore_ascii_case(login)).count()
    }

    /// What somebody may do in a repository, before any token is looked at.
    pub(super) fn rights(&self, login: Option<&str>, repository: &Repository) -> Rights {
        let public = if repository.visibility == Visibility::Public { Rights::Read } else { Rights::None };
        let Some(login) = login else { return public };
        if repository.owner.eq_ignore_ascii_case(login) {
            return Rights::Admin;
        }
        let internal = if repository.visibility == Visibility::Internal { Rights::Read } else { Rights::None };
        let as_member = match self.organisation(&repository.owner).map(|it| (it, it.role(login))) {
            Some((_, Some(MemberRole::Admin))) => Rights::Admin,
            Some((organisation, Some(MemberRole::Member))) => organisation.base_rights,
            _ => Rights::None,
        };
        let given = repository.collaborators.iter().filter(|(it, _)| it.eq_ignore_ascii_case(login));
        given.map(|(_, rights)| *rights).chain([public, internal, as_member]).max().unwrap_or(Rights::None)
    }
}

impl Organisation {
    pub(super) fn role(&self, login: &str) -> Option<MemberRole> {
        Some(self.members.iter().find(|member| member.login.eq_ignore_ascii_case(login))?.role)
    }

    /// Has somebody joined? An invitation that was not accepted does not count.
    pub(super) fn has_member(&self, login: &str) -> bool {
        self.role(login).is_some_and(|role| role != MemberRole::Pending)
    }
}

impl scenario::Token {
    /// Whose resources a token with fine rights is for.
    pub(super) fn resource_owner(&self) -> &str {
        self.owner.as_deref().unwrap_or(&self.account)
    }

    /// Was the repository selected when the token was made?
    pub(super) fn reaches(&self, repository: &Repository) -> bool {
        let selected = self.repositories.as_ref();
        self.approved
            && self.resource_owner().eq_ignore_ascii_case(&repository.owner)
            && selected.is_none_or(|names| names.iter().any(|name| name.eq_ignore_ascii_case(&repository.name)))
    }

    pub(super) fn permits(&self, permission: &str, level: Level) -> bool {
        self.permissions.get(permission).is_some_and(|given| *given >= level)
    }
}

/// A panic while the lock was held leaves the list as it was, so it can be used on.
fn held<T>(list: &Mutex<T>) -> MutexGuard<'_, T> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}
