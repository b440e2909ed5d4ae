//! The SSH key of the answers: where its halves lie, what it is to open, and what does not go together with it.

use super::Answers;
use super::field::{Answer, Field, KeyScope};
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

    pub(super) fn key_problems(&self, platform: Option<&Platform>, has_token: bool, say: &mut impl FnMut(Field, &str)) {
        if !self.has_ssh() {
            return;
        }
        if let (Some(platform), Some(provider)) = (platform, self.provider())
            && platform.key(provider).is_none()
        {
            say(Field::SshPublicKey, &format!("{} signs in with a token here, not with a key", platform.title));
            return;
        }
        match (self.has(&Field::SshPublicKey), self.has(&Field::SshGenerate)) {
            (false, false) => say(Field::SshPublicKey, "the key is missing: give `public_key` or `generate` in [ssh]"),
            (true, true) => say(Field::SshGenerate, "[ssh] has two keys: keep `public_key` or `generate`"),
            _ => {}
        }
        if self.has(&Field::SshGenerate) && self.has(&Field::SshPrivateKey) {
            say(
                Field::SshPrivateKey,
                "the private half of a new key is the file that `generate` names: leave this out",
            );
        } else if self.has(&Field::SshPrivateKey) && self.path(&Field::SshPrivateKey) == self.path(&Field::SshPublicKey)
        {
            say(Field::SshPrivateKey, "this is the file of the public half: name the private one, or leave this out");
        }
        self.access_problems(platform, say);
        for field in [Field::StoreKind, Field::StorePath, Field::StoreEnv, Field::StoreCommand] {
            if self.has(&field) {
                say(field, "a key is all that is kept here, and a token beside it is not: leave [store] out");
            }
        }
        if self.creates() && self.source().is_none() && !has_token {
            let message =
                "creating takes a token, and none is named: add [token], or create it by hand and leave this out";
            say(Field::RepositoryCreate, message);
        }
    }

    /// What the key opens, and how far.
    fn access_problems(&self, platform: Option<&Platform>, say: &mut impl FnMut(Field, &str)) {
        if self.key_scope() == KeyScope::Repository && !self.has(&Field::Repository) {
            say(Field::SshScope, "a key of a repository needs one: give `repository.name`, or write \"account\"");
        }
        if self.flag(&Field::SshReadOnly) && self.key_scope() == KeyScope::Account {
            say(Field::SshReadOnly, "a key of an account opens all that the account may: leave `read_only` out");
        } else if let (true, Some(platform), Some(provider)) =
            (self.flag(&Field::SshReadOnly), platform, self.provider())
            && needs_to_write(platform, provider)
        {
            say(Field::SshReadOnly, &format!("{} pushes with this key: leave `read_only` out", platform.title));
        }
        if self.has(&Field::SshUrl) && !self.has(&Field::Repository) {
            say(Field::SshUrl, "this is the address of a repository: give `repository.name` too");
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
        let mut found = Vec::new();
        answers.key_problems(Some(platform), false, &mut |field, _| found.push(field.key()));
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
