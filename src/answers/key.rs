//! The SSH key of the answers: where its halves lie, what it is to open, and what does not go together with it.

use super::Answers;
use super::field::{Answer, Field, KeyScope};
use super::fit::Fit;
use crate::key::{KeyFiles, Lock, PublicHalf, SshAddress};
use crate::platform::Platform;
use crate::provider::Provider;

impl Answers {
    /// Whether an SSH key takes part.
    pub fn has_ssh(&self) -> bool {
        self.given.keys().any(Field::is_of_ssh)
    }

    /// The files of the key: of a new one both are named by its path.
    pub fn key_files(&self) -> Option<KeyFiles> {
        if let Some(private) = self.path(&Field::SshGenerate) {
            let mut public = private.as_os_str().to_owned();
            public.push(".pub");
            return Some(KeyFiles { public: PublicHalf::File(public.into()), private: Some(private.to_path_buf()) });
        }
        let private = self.path(&Field::SshPrivateKey).map(std::path::Path::to_path_buf);
        let public = match self.given.get(&Field::SshPublicKey)? {
            Answer::Path(path) => PublicHalf::File(path.clone()),
            Answer::Text(line) => PublicHalf::parse(line),
            _ => return None,
        };
        Some(KeyFiles { public, private })
    }

    /// Whether the key is to be made where there is none.
    pub fn generates_key(&self) -> bool {
        self.has(&Field::SshGenerate)
    }

    /// What the key is to open: the repository where one is named, unless the answers say otherwise.
    pub fn key_scope(&self) -> KeyScope {
        match self.given.get(&Field::SshScope) {
            Some(Answer::Scope(scope)) => *scope,
            _ if self.has(&Field::Repository) => KeyScope::Repository,
            _ => KeyScope::Account,
        }
    }

    pub fn lock(&self) -> Option<Lock> {
        match self.key_scope() {
            KeyScope::Repository => self.place().map(Lock::Repository),
            KeyScope::Account => Some(Lock::Account),
        }
    }

    /// Whether the key is only to read: as answered, else as the platform needs it.
    pub fn key_only_reads(&self, platform: &Platform) -> bool {
        match self.given.get(&Field::SshReadOnly) {
            Some(Answer::Flag(only)) => *only,
            _ => self.provider().and_then(|provider| platform.key(provider)).is_some_and(|needs| needs.read_only),
        }
    }

    /// The name of the key at the forge.
    pub fn key_title(&self) -> String {
        let title = self.text(&Field::SshTitle).map(str::to_owned).or_else(|| self.name());
        title.unwrap_or_else(|| "git-access".to_owned())
    }

    /// Where the repository is reached over SSH: as answered, else as the forge has `told`, else as is usual there.
    pub fn ssh_address(&self, told: Option<&SshAddress>) -> Option<SshAddress> {
        let (site, place) = (self.site()?, self.place()?);
        let usual = || SshAddress::parse(&site.provider.rules().ssh_url(&site, &place)).ok();
        match self.text(&Field::SshUrl) {
            Some(given) => SshAddress::parse(given).ok(),
            None => told.cloned().or_else(usual),
        }
    }
}

impl Fit<'_> {
    /// What does not go together with the key.
    pub(super) fn key(&mut self) {
        let answers = self.answers;
        if !self.has_ssh() {
            return;
        }
        if let (Some(platform), Some(provider)) = (self.platform, answers.provider())
            && platform.key(provider).is_none()
        {
            self.say(Field::SshPublicKey, format!("{} signs in with a token here, not with a key", platform.title));
            return;
        }
        match (self.is_meant(&Field::SshPublicKey), self.is_meant(&Field::SshGenerate)) {
            (false, false) => {
                self.say(Field::SshPublicKey, "the key is missing: give `public_key` or `generate` in [ssh]");
            }
            _ if self.is_there(&Field::SshPublicKey) && self.is_there(&Field::SshGenerate) => {
                self.say(Field::SshGenerate, "[ssh] has two keys: keep `public_key` or `generate`");
            }
            _ => {}
        }
        if self.is_there(&Field::SshGenerate) && self.is_there(&Field::SshPrivateKey) {
            let message = "the private half of a new key is the file that `generate` names: leave this out";
            self.say(Field::SshPrivateKey, message);
        } else if answers.has(&Field::SshPrivateKey)
            && answers.path(&Field::SshPrivateKey) == answers.path(&Field::SshPublicKey)
        {
            let message = "this is the file of the public half: name the private one, or leave this out";
            self.say(Field::SshPrivateKey, message);
        }
        self.access();
        for field in [Field::StoreKind, Field::StorePath, Field::StoreEnv, Field::StoreCommand] {
            if self.is_there(&field) {
                self.say(field, "a key is all that is kept here, and a token beside it is not: leave [store] out");
            }
        }
        if answers.creates() && !self.has_token && !Field::TOKEN_SOURCES.iter().any(|source| self.is_meant(source)) {
            let message =
                "creating takes a token, and none is named: add [token], or create it by hand and leave this out";
            self.say(Field::RepositoryCreate, message);
        }
    }

    /// What the key opens, and how far.
    fn access(&mut self) {
        let answers = self.answers;
        let named = self.is_meant(&Field::Repository);
        if self.is_there(&Field::SshUrl) && !named {
            self.say(Field::SshUrl, "this is the address of a repository: give `repository.name` too");
        }
        if answers.flag(&Field::SshReadOnly)
            && let (Some(platform), Some(provider)) = (self.platform, answers.provider())
            && answers.key_scope() == KeyScope::Repository
            && needs_to_write(platform, provider)
        {
            self.say(Field::SshReadOnly, format!("{} pushes with this key: leave `read_only` out", platform.title));
        }
        // Without the scope, a repository decides it; neither may be guessed.
        let is_told =
            answers.has(&Field::SshScope) || !(self.is_unread(&Field::SshScope) || self.is_unread(&Field::Repository));
        if !is_told {
            return;
        }
        if answers.key_scope() == KeyScope::Repository && !named {
            self.say(Field::SshScope, "a key of a repository needs one: give `repository.name`, or write \"account\"");
        }
        if answers.flag(&Field::SshReadOnly) && answers.key_scope() == KeyScope::Account {
            self.say(Field::SshReadOnly, "a key of an account opens all that the account may: leave `read_only` out");
        }
    }
}

fn needs_to_write(platform: &Platform, provider: Provider) -> bool {
    platform.key(provider).is_some_and(|needs| !needs.read_only)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Raw;
    use crate::answers::fit::Unread;
    use crate::platform::built_in;

    fn check(platform: &str, given: &[(&str, &str)], expected: &[&str]) {
        let mut answers = Answers::default();
        for (key, text) in [("platform", platform), ("provider", "github"), ("owner", "acme")].iter().chain(given) {
            let field = Field::from_key(key).unwrap();
            let raw = match *text {
                "true" => Raw::Flag(true),
                "false" => Raw::Flag(false),
                text => Raw::Text(text),
            };
            let answer = field.parse(&raw).unwrap();
            answers.set(field, answer);
        }
        let platforms = built_in();
        let platform = platforms.iter().find(|one| one.id == platform).unwrap();
        let unread = Unread::default();
        let mut fit = Fit::of(&answers, Some(platform), false, &unread);
        fit.key();
        let found: Vec<_> = fit.problems.iter().map(|problem| problem.field.key()).collect();
        assert_eq!(found, expected, "{given:?}");
    }

    #[test]
    fn what_does_not_go_together_is_told_by_its_key() {
        let name = ("repository.name", "gitops");
        let key = ("ssh.public_key", "k.pub");
        let new = ("ssh.generate", "k");
        check("flux", &[name], &[]);
        check("flux", &[name, key], &[]);
        check("flux", &[name, new], &[]);
        check("flux", &[name, ("ssh.title", "x")], &["ssh.public_key"]);
        check("flux", &[name, key, new], &["ssh.generate"]);
        check("flux", &[name, new, ("ssh.private_key", "k")], &["ssh.private_key"]);
        check("flux", &[name, key, ("ssh.private_key", "k.pub")], &["ssh.private_key"]);
        check("flux", &[name, key, ("ssh.read_only", "true")], &["ssh.read_only"]);
        check("dxup", &[name, key, ("ssh.read_only", "true")], &[]);
        check("dxup", &[key], &[]);
        check("dxup", &[key, ("ssh.scope", "repository")], &["ssh.scope"]);
        check("dxup", &[key, ("ssh.read_only", "true")], &["ssh.read_only"]);
        check("dxup", &[key, ("ssh.url", "git@h:a/b")], &["ssh.url"]);
        check("flux", &[name, key, ("store.kind", "keyring")], &["store.kind"]);
        check("flux", &[name, key, ("repository.create", "true")], &["repository.create"]);
        check("flux", &[name, key, ("repository.create", "true"), ("token.env", "T")], &[]);
        check("qovery", &[name, key, ("store.kind", "keyring")], &["ssh.public_key"]);
    }

    #[test]
    fn the_halves_of_a_new_key_lie_side_by_side() {
        let mut answers = Answers::default();
        answers.set(Field::SshGenerate, Answer::Path("keys/flux".into()));
        let files = answers.key_files().unwrap();
        assert_eq!(files.public, PublicHalf::File("keys/flux.pub".into()));
        assert_eq!(files.private.as_deref(), Some(std::path::Path::new("keys/flux")));
    }
}
