//! What is missing among the answers, and what does not fit together.
//!
//! A field that was answered in a way that could not be read is not missing, and whatever does not depend on what it says
//! is told all the same: a problem that only shows once another is mended costs a run.

use std::collections::BTreeSet;

use super::field::{Contents, Field};
use super::{Answers, Problem};
use crate::fact::Visibility;
use crate::platform::{Platform, RepositoryRule};
use crate::provider::{Projects, Provider, TokenKind, token_kind};

/// Fields that a file means to answer in a way that could not be read.
#[derive(Clone, Debug, Default)]
pub(super) struct Unread {
    /// Their keys are there, and their values say nothing.
    pub surely: BTreeSet<Field>,
    /// Something is there that may have meant them.
    pub perhaps: BTreeSet<Field>,
}

impl Answers {
    /// Everything that is missing or does not fit together, `has_token`: a saved connection keeps one,
    /// so that none has to be given.
    pub fn problems(&self, platform: Option<&Platform>, has_token: bool) -> Vec<Problem> {
        self.problems_beside(platform, has_token, &Unread::default())
    }

    /// The same of a file of which not everything could be read.
    pub(super) fn problems_beside(
        &self,
        platform: Option<&Platform>,
        has_token: bool,
        unread: &Unread,
    ) -> Vec<Problem> {
        let mut fit = Fit::of(self, platform, has_token, unread);
        fit.place();
        fit.token();
        fit.store();
        fit.key();
        fit.repository();
        match self.provider() {
            Some(provider) => fit.provider(provider),
            None => fit.any_provider(),
        }
        if let Some(platform) = platform {
            fit.platform(platform);
        }
        fit.problems
    }
}

/// Whether a provider takes a text.
type Taken = fn(Provider, &str) -> bool;

/// The answers while they are judged.
pub(super) struct Fit<'a> {
    pub answers: &'a Answers,
    pub platform: Option<&'a Platform>,
    pub has_token: bool,
    unread: &'a Unread,
    pub problems: Vec<Problem>,
}

impl<'a> Fit<'a> {
    pub fn of(answers: &'a Answers, platform: Option<&'a Platform>, has_token: bool, unread: &'a Unread) -> Self {
        Self { answers, platform, has_token, unread, problems: Vec::new() }
    }

    pub fn say(&mut self, field: Field, message: impl Into<String>) {
        self.problems.push(Problem { field, message: message.into() });
    }

    /// Whether the field is there, readable or not.
    pub fn is_there(&self, field: &Field) -> bool {
        self.answers.has(field) || self.unread.surely.contains(field)
    }

    /// Whether what the field says could not be read, or something may have meant it.
    pub fn is_unread(&self, field: &Field) -> bool {
        !self.answers.has(field) && (self.unread.surely.contains(field) || self.unread.perhaps.contains(field))
    }

    /// Whether the field is there or something may have meant it: then it is not missing.
    pub fn is_meant(&self, field: &Field) -> bool {
        self.answers.has(field) || self.is_unread(field)
    }

    pub fn has_ssh(&self) -> bool {
        self.answers.has_ssh() || self.unread.surely.iter().any(Field::is_of_ssh)
    }

    fn place(&mut self) {
        let told = self.answers.address_problems();
        for field in [Field::Platform, Field::Provider, Field::Owner] {
            // An address that cannot be used would have told it.
            if !self.is_meant(&field) && (field == Field::Platform || told.is_empty()) {
                self.say(field.clone(), format!("`{}` is missing: {}", field.key(), field.row().doc));
            }
        }
        self.problems.extend(told);
        let (api, host) = (self.answers.address(&Field::ApiUrl), self.answers.host());
        if let (Some(api), Some(host)) = (api, host)
            && !self.is_unread(&Field::Host)
            && api.origin().is_loopback() != host.origin().is_loopback()
        {
            let message = if api.origin().is_loopback() {
                "the API is on this computer and the host is not: give the API of the host, or leave `api_url` out"
            } else {
                "the host is on this computer and the API is not: give the API of the host, or leave `api_url` out"
            };
            self.say(Field::ApiUrl, message);
        }
    }

    fn token(&mut self) {
        let answers = self.answers;
        let is_source = |field: &&Field| match field {
            Field::TokenStdin if answers.has(field) => answers.flag(field),
            _ => self.is_there(field),
        };
        let sources: Vec<_> = Field::TOKEN_SOURCES.iter().filter(is_source).collect();
        let is_meant = !sources.is_empty() || Field::TOKEN_SOURCES.iter().any(|field| self.is_unread(field));
        let is_key = self.has_ssh() || self.is_unread(&Field::SshPublicKey) || self.is_unread(&Field::SshGenerate);
        if !is_meant && !self.has_token && !is_key {
            let message = "the token's source is missing: give one of env, file, command or stdin in [token]";
            self.say(Field::TokenEnv, message);
        }
        for second in sources.into_iter().skip(1) {
            let message = "[token] has more than one source: keep one of env, file, command and stdin";
            self.say(second.clone(), message);
        }
    }

    fn store(&mut self) {
        let kind = self.answers.text(&Field::StoreKind);
        for (wanted, own, also, message) in [
            (
                "file",
                Field::StorePath,
                None,
                "the file store needs `path`: the file that will hold the token in clear text",
            ),
            (
                "env",
                Field::StoreEnv,
                Some(Field::TokenEnv),
                "the env store needs `env`: the name of the variable that holds the token",
            ),
            (
                "command",
                Field::StoreCommand,
                Some(Field::TokenCommand),
                "the command store needs `command`: the words of the program that prints the token",
            ),
        ] {
            let is_meant = self.is_meant(&own) || also.is_some_and(|also| self.is_meant(&also));
            if kind == Some(wanted) && !is_meant {
                self.say(Field::StoreKind, message);
            }
            if kind != Some(wanted) && self.is_there(&own) && !self.is_unread(&Field::StoreKind) {
                self.say(own, format!("this belongs to `kind = \"{wanted}\"` and to no other store"));
            }
        }
    }

    /// What is said of a repository that nobody names.
    fn repository(&mut self) {
        if self.is_meant(&Field::Repository) {
            return;
        }
        for field in [Field::RepositoryCreate, Field::Visibility, Field::Contents, Field::Branch] {
            if self.is_there(&field) {
                let message = "this says something about a repository, and [repository] has no `name`: \
                    give it one, or leave this out";
                self.say(field, message);
            }
        }
    }

    fn provider(&mut self, provider: Provider) {
        let (answers, rules) = (self.answers, provider.rules());
        self.names(provider);
        if let Some(kind) = answers.token_kind().filter(|kind| rules.wants_email(*kind))
            && !self.is_meant(&Field::Email)
        {
            let TokenKind(kind) = kind;
            let message =
                format!("`email` is missing: the API of {provider} takes a token of the kind {kind} beside it");
            self.say(Field::Email, message);
        }
        if let Some(word) = answers.text(&Field::TokenKind).filter(|_| answers.token_kind().is_none()) {
            let kinds: Vec<_> = rules.kinds().iter().map(|row| row.kind.0).collect();
            let kinds = kinds.join(" or ");
            let message = rules.refused_kind(word).map_or_else(
                || format!("{provider} has no such kind of token: write {kinds}"),
                |reason| format!("a token of this kind cannot serve: {reason}; write {kinds}"),
            );
            self.say(Field::TokenKind, message);
        }
        match (rules.projects(), self.is_meant(&Field::Project)) {
            (Projects::Required, false) => {
                self.say(Field::Project, format!("`project` is missing: {provider} needs it"));
            }
            (Projects::None, true) if self.is_there(&Field::Project) => {
                self.say(Field::Project, format!("{provider} has no projects: leave `project` out"));
            }
            _ => {}
        }
        if answers.has(&Field::Visibility) && !rules.visibilities().contains(&answers.visibility()) {
            let known: Vec<_> = rules.visibilities().iter().copied().map(Visibility::name).collect();
            let message = format!("{provider} has no such visibility: write {}", known.join(" or "));
            self.say(Field::Visibility, message);
        }
        if answers.site().is_none() && !self.is_meant(&Field::Host) {
            self.say(Field::Host, format!("`host` is missing: {provider} has no public host to fall back on"));
        }
    }

    /// Owner, repository and project as this provider takes them.
    fn names(&mut self, provider: Provider) {
        let (answers, rules) = (self.answers, provider.rules());
        let plain = |field: &Field| answers.text(field).filter(|_| !answers.is_address(field));
        let owner = plain(&Field::Owner).and_then(|_| answers.owner_name());
        let repository = plain(&Field::Repository).map(|text| rules.repository_name(text));
        let project = plain(&Field::Project).map(|text| rules.project_name(text));
        for (field, name) in [(Field::Owner, owner), (Field::Repository, repository), (Field::Project, project)] {
            if let Some(Err(reason)) = name {
                self.say(field, reason);
            }
        }
    }

    /// What no provider would take, where nobody knows which it is.
    fn any_provider(&mut self) {
        let answers = self.answers;
        let all: [(Field, Taken, &str); 3] = [
            (
                Field::Owner,
                |provider, text| provider.rules().owner_name(text).is_ok(),
                "no provider has an owner of such a name: write it as its page shows it",
            ),
            (
                Field::Repository,
                |provider, text| provider.rules().repository_name(text).is_ok(),
                "no provider has a repository of such a name: write letters, digits, dots, hyphens and underscores",
            ),
            (
                Field::TokenKind,
                |provider, word| token_kind(provider, word).is_some(),
                "no provider has such a kind of token: `git-access platforms` lists them, or leave this out",
            ),
        ];
        for (field, is_taken, message) in all {
            let Some(text) = answers.text(&field).filter(|_| !answers.is_address(&field)) else { continue };
            if Provider::ALL.iter().any(|provider| is_taken(*provider, text)) {
                continue;
            }
            let refused = Provider::ALL.iter().find_map(|provider| provider.rules().refused_kind(text));
            match refused.filter(|_| field == Field::TokenKind) {
                Some(reason) => self.say(field, format!("a token of this kind cannot serve: {reason}")),
                None => self.say(field, message),
            }
        }
    }

    fn platform(&mut self, platform: &Platform) {
        let answers = self.answers;
        if platform.repository == RepositoryRule::Required && !self.is_meant(&Field::Repository) {
            let message = format!("`repository.name` is missing: {} keeps its files there", platform.title);
            self.say(Field::Repository, message);
        }
        if platform.repository == RepositoryRule::Refused && self.is_there(&Field::Repository) {
            let message = format!("{} takes no single repository: leave [repository] out", platform.title);
            self.say(Field::Repository, message);
        }
        if platform.wants_empty && answers.contents() == Contents::Readme {
            let message = format!("{} wants a repository without any commit: write \"empty\"", platform.title);
            self.say(Field::Contents, message);
        }
        let keys: BTreeSet<_> = answers.given.keys().chain(&self.unread.surely).cloned().collect();
        for field in keys {
            if let Field::Handover(key) = &field
                && !platform.handover.parameters.iter().any(|parameter| parameter.key == *key)
            {
                let known: Vec<_> = platform.handover.parameters.iter().map(|one| one.key.as_str()).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                self.say(field, format!("{} asks for nothing of this name (it asks for: {known})", platform.title));
            }
        }
    }
}
