//! Answers: what the user decided, and nothing else.
//!
//! One table, [`FIELDS`], names every field with its key in the answers file and the shape of its value. The terminal,
//! the plain prompts, the command line and the answers file all hand raw text to [`Field::parse`], which is pure; past
//! it there are only parsed answers. What does not fit together is found by [`Answers::problems`].

mod address;
mod field;
pub mod file;
mod fit;
mod key;
mod literal;
mod meaning;
mod schema;
mod suggestion;
mod written;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

pub use self::address::located;
pub use self::field::{Answer, Contents, FIELDS, Field, FieldRow, GivenExpiry, KeyScope, Raw, Shape, name};
pub(crate) use self::literal::{holds_token, is_token, token_in};
pub use self::schema::answers_schema;
use crate::fact::{Credential, OwnerPath, Place, Site, Slot, Source, Visibility};
use crate::provider::{Host, Provider, TokenKind, token_kind};
use crate::secret::Store;

/// The record of what was decided, by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    given: BTreeMap<Field, Answer>,
}

/// Something that does not fit: the field it is about, and a sentence with the remedy. It never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub field: Field,
    pub message: String,
}

impl Answers {
    pub fn set(&mut self, field: Field, answer: Answer) {
        let before = self.site();
        self.given.insert(field, answer);
        // A token belongs to its origins: another host asks for it anew.
        let origins = |site: &Arc<Site>| (site.host.clone(), site.api.clone());
        if before.is_some() && before.as_ref().map(origins) != self.site().as_ref().map(origins) {
            self.given.retain(|field, _| !field.is_of_token());
        }
    }

    /// Answers where the token comes from; any other source is given up.
    pub fn set_source(&mut self, field: Field, answer: Answer) {
        self.given.retain(|field, _| !field.is_token_source());
        self.set(field, answer);
    }

    /// An answer as a text that would be accepted again; none for a token that was typed.
    pub fn shown(&self, field: &Field) -> Option<String> {
        written::shown(self.given.get(field)?)
    }

    pub fn clear(&mut self, field: &Field) {
        self.given.remove(field);
    }

    pub fn has(&self, field: &Field) -> bool {
        self.given.contains_key(field)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Field, &Answer)> {
        self.given.iter()
    }

    /// Takes over what `other` says, over what stands here.
    pub fn overlay(&mut self, other: &Self) {
        if Field::TOKEN_SOURCES.iter().any(|field| other.has(field)) {
            self.given.retain(|field, _| !field.is_token_source());
        }
        self.given.extend(other.given.iter().map(|(field, answer)| (field.clone(), answer.clone())));
    }

    pub fn text(&self, field: &Field) -> Option<&str> {
        match self.given.get(field)? {
            Answer::Text(text) => Some(text),
            _ => None,
        }
    }

    fn flag(&self, field: &Field) -> bool {
        matches!(self.given.get(field), Some(Answer::Flag(true)))
    }

    fn path(&self, field: &Field) -> Option<&Path> {
        match self.given.get(field)? {
            Answer::Path(path) => Some(path),
            _ => None,
        }
    }

    fn words(&self, field: &Field) -> Option<&[String]> {
        match self.given.get(field)? {
            Answer::Words(words) => Some(words),
            _ => None,
        }
    }

    pub fn platform(&self) -> Option<&str> {
        self.text(&Field::Platform)
    }

    pub fn provider(&self) -> Option<Provider> {
        match self.given.get(&Field::Provider)? {
            Answer::Provider(provider) => Some(*provider),
            _ => None,
        }
    }

    fn address(&self, field: &Field) -> Option<&Host> {
        match self.given.get(field)? {
            Answer::Host(host) => Some(host),
            _ => None,
        }
    }

    /// The forge, once provider and host are known; the host defaults to the provider's public one.
    pub fn site(&self) -> Option<Arc<Site>> {
        let (provider, host) = (self.provider()?, self.host()?);
        let owner = self.owner_name().and_then(Result::ok);
        let api = provider.api(&host, self.address(&Field::ApiUrl).cloned(), owner.as_deref());
        let file = |field| self.path(field).map(Path::to_path_buf);
        let (ca_file, client_cert) = (file(&Field::CaFile), file(&Field::ClientCert));
        Some(Arc::new(Site { provider, host, api, ca_file, client_cert }))
    }

    fn host(&self) -> Option<Host> {
        match self.address(&Field::Host) {
            Some(host) => Some(host.clone()),
            None => Host::parse(self.provider()?.rules().default_host()?).ok(),
        }
    }

    pub fn owner(&self) -> Option<OwnerPath> {
        // What is no name stays as it was written: it is told as a problem, and as not found.
        let owner = self.owner_name()?.unwrap_or_else(|_| self.text(&Field::Owner).unwrap_or_default().to_owned());
        let project = self.text(&Field::Project).map(|text| {
            let known = self.provider().and_then(|provider| provider.rules().project_name(text).ok());
            known.unwrap_or_else(|| text.to_owned())
        });
        Some(OwnerPath { owner, project })
    }

    /// The owner in the provider's form, or why it is none. The address of the owner's page on the host names it too.
    fn owner_name(&self) -> Option<Result<String, String>> {
        let text = self.text(&Field::Owner)?;
        let Some(provider) = self.provider() else { return Some(Ok(text.to_owned())) };
        let page = text.contains("://").then(|| self.host().map(|host| host.join("/"))).flatten();
        let below = page.and_then(|page| {
            let (start, rest) = text.split_at_checked(page.len())?;
            start.eq_ignore_ascii_case(&page).then(|| rest.trim_end_matches('/'))
        });
        Some(provider.rules().owner_name(below.unwrap_or(text)))
    }

    pub fn username(&self) -> Option<&str> {
        self.text(&Field::Username)
    }

    /// Where the token is read from in this run.
    pub fn source(&self) -> Option<Source> {
        if let Some(name) = self.text(&Field::TokenEnv) {
            Some(Source::Env(name.to_owned()))
        } else if let Some(path) = self.path(&Field::TokenFile) {
            Some(Source::File(path.to_path_buf()))
        } else if let Some(argv) = self.words(&Field::TokenCommand) {
            Some(Source::Command(argv.to_vec()))
        } else {
            match self.given.get(&Field::TokenTyped) {
                Some(Answer::Typed(number)) => Some(Source::Typed(*number)),
                _ => self.flag(&Field::TokenStdin).then_some(Source::Stdin),
            }
        }
    }

    /// The credential in `slot`, from the source that the answers name.
    pub fn credential(&self, slot: Slot) -> Option<Arc<Credential>> {
        let rest_user = self.text(&Field::Email).map(str::to_owned);
        Some(Arc::new(Credential { provider: self.provider()?, slot, source: self.source()?, rest_user }))
    }

    pub fn token_kind(&self) -> Option<TokenKind> {
        token_kind(self.provider()?, self.text(&Field::TokenKind)?)
    }

    pub fn token_expires(&self) -> Option<GivenExpiry> {
        match self.given.get(&Field::TokenExpires)? {
            Answer::Expires(expiry) => Some(*expiry),
            _ => None,
        }
    }

    /// Where the secret is to rest: as answered, or the reference itself for env and command, else the keyring.
    pub fn store(&self) -> Store {
        match self.text(&Field::StoreKind) {
            Some("file") => Store::File(self.path(&Field::StorePath).unwrap_or(Path::new("")).to_path_buf()),
            Some("env") => Store::Env(self.text(&Field::StoreEnv).or(self.text(&Field::TokenEnv)).unwrap_or("").into()),
            Some("command") => {
                let argv = self.words(&Field::StoreCommand).or(self.words(&Field::TokenCommand));
                Store::Command(argv.unwrap_or_default().to_vec())
            }
            Some("git-credential") => Store::GitCredential,
            Some(_) => Store::Keyring,
            None => self.default_store(),
        }
    }

    /// Where the secret rests if nobody says otherwise.
    pub fn default_store(&self) -> Store {
        match self.source() {
            Some(Source::Env(name)) => Store::Env(name),
            Some(Source::Command(argv)) => Store::Command(argv),
            _ => Store::Keyring,
        }
    }

    pub fn place(&self) -> Option<Place> {
        Some(Place { owner: self.owner()?, name: self.text(&Field::Repository)?.to_owned() })
    }

    pub fn creates(&self) -> bool {
        self.flag(&Field::RepositoryCreate)
    }

    pub fn visibility(&self) -> Visibility {
        match self.given.get(&Field::Visibility) {
            Some(Answer::Visibility(visibility)) => *visibility,
            _ => Visibility::Private,
        }
    }

    pub fn contents(&self) -> Contents {
        match self.given.get(&Field::Contents) {
            Some(Answer::Contents(contents)) => *contents,
            _ => Contents::Empty,
        }
    }

    pub fn branch(&self) -> Option<&str> {
        self.text(&Field::Branch)
    }

    pub fn handover(&self) -> BTreeMap<String, String> {
        let texts = self.given.iter().filter_map(|(field, answer)| match (field, answer) {
            (Field::Handover(key), Answer::Text(text)) => Some((key.clone(), text.clone())),
            _ => None,
        });
        texts.collect()
    }

    /// `<platform>-<provider>-<owner>`, as far as it can be a name; or the name that was given.
    pub fn name(&self) -> Option<String> {
        if let Some(name) = self.text(&Field::Name) {
            return Some(name.to_owned());
        }
        let owner = self.owner()?.owner;
        let parts = [self.platform()?, self.provider()?.id(), &owner];
        let name = parts.join("-").to_ascii_lowercase();
        let clean = name.chars().map(|letter| if field::is_name_letter(letter) { letter } else { '-' });
        Some(clean.take(63).collect::<String>().trim_end_matches(['-', '.']).to_owned())
    }

    /// Makes relative paths start at `folder`: where the answers file lies. Nothing in them is expanded.
    pub fn start_paths_at(&mut self, folder: &Path) {
        for answer in self.given.values_mut() {
            if let Answer::Path(path) = answer {
                *path = folder.join(&path);
            }
        }
    }
}

/// `given` as a moment, where it is one.
pub fn moment(given: GivenExpiry) -> Option<Timestamp> {
    match given {
        GivenExpiry::At(at) => Some(at),
        GivenExpiry::Never => None,
    }
}

impl Answer {
    /// A path that was typed, as one that holds in every directory: it starts at `folder`, or with `~` at `home`.
    #[must_use]
    pub fn rooted(self, folder: &Path, home: Option<&Path>) -> Self {
        let Self::Path(path) = self else { return self };
        let at_home = path.strip_prefix("~").ok().zip(home).map(|(rest, home)| home.join(rest));
        Self::Path(at_home.unwrap_or_else(|| folder.join(path)))
    }
}

/// The folder that relative paths of an answers file start at.
pub fn folder_of(file: &Path) -> PathBuf {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_path_buf()
}
