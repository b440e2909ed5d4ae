//! The changes that a run makes, as data: what each is to do, its place in the list, and what came of it.

use std::sync::Arc;

use super::keys::Registration;
use super::renewal::{Renewal, Renewed};
use crate::config::Connection;
use crate::fact::{Credential, Repository, Site};
use crate::forge::NewRepository;
use crate::key::{KeyFiles, Lock, PublicKey, RegisteredKey};
use crate::secret::Store;

/// A change of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Looks whether nothing has come in the place of what the run found saved under this id and name.
    Compare {
        id: String,
        name: String,
        found: Option<Box<Connection>>,
    },
    /// Tries the store, and that the secret has its place there, before anything else is changed.
    ProbeStore(Keeping),
    /// Makes a new SSH key in these files; one that is there already stays.
    GenerateKey {
        files: KeyFiles,
        comment: String,
    },
    CreateRepository(Arc<Site>, Arc<Credential>, NewRepository),
    RegisterKey(Arc<Site>, Arc<Credential>, Box<Registration>),
    /// Lets the provider replace the token, and keeps the new one before anything else is done.
    Renew(Box<Renewal>),
    WriteSecret(Keeping),
    /// Reads the secret back and compares it.
    ReadBack {
        store: Store,
        id: String,
        generation: u64,
        credential: Arc<Credential>,
    },
    /// Saves the first. The second is what the run found saved, and nothing else may have come in its place.
    WriteConfig(Box<Connection>, Option<Box<Connection>>),
    /// Reads the connection back out of the config, and its secret out of the place that it names.
    Verify {
        id: String,
        credential: Arc<Credential>,
    },
    /// Removes a secret that nothing refers to any more.
    LetGo {
        store: Store,
        id: String,
        generation: u64,
    },
    /// Ends the replaced token (the first) at the forge, unless it is the one in use (the second). With the connection as it
    /// was.
    RevokeOld(Arc<Site>, Arc<Credential>, Arc<Credential>, Box<Connection>),
    /// Asks the forge once with the replaced token.
    LookAtOld(Arc<Site>, Arc<Credential>),
    /// Removes the replaced key at the forge: what it opens, and the forge's own id of it.
    RemoveOldKey(Arc<Site>, Arc<Credential>, Lock, String),
}

/// A secret on its way to its store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeping {
    pub store: Store,
    /// The name of the connection.
    pub name: String,
    pub id: String,
    pub credential: Arc<Credential>,
    /// Where the connection keeps one now, and its generation: an equal secret there is left alone.
    pub held: Option<(Store, u64)>,
}

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    AsFound,
    Probed,
    Generated(PublicKey),
    Registered(RegisteredKey),
    Created(Box<Repository>),
    /// The secret rests there, under this generation: a file gets another name for each.
    Stored(Store, u64),
    ReadBack,
    Saved,
    Verified,
    LetGo,
    /// The provider has replaced the token, and the config names the new one.
    Renewed(Renewed),
    Revoked,
    /// The forge refuses the replaced token.
    Dead,
    /// The forge still takes it.
    Alive,
    KeyRemoved,
}

/// The place of a command in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Compare,
    ProbeStore,
    GenerateKey,
    CreateRepository,
    RegisterKey,
    Renew,
    WriteSecret,
    ReadBack,
    WriteConfig,
    Verify,
    LetGo,
    RevokeOld,
    LookAtOld,
    RemoveOldKey,
}

impl Command {
    pub fn stage(&self) -> Stage {
        match self {
            Self::Compare { .. } => Stage::Compare,
            Self::ProbeStore(_) => Stage::ProbeStore,
            Self::GenerateKey { .. } => Stage::GenerateKey,
            Self::CreateRepository(..) => Stage::CreateRepository,
            Self::RegisterKey(..) => Stage::RegisterKey,
            Self::WriteSecret(_) => Stage::WriteSecret,
            Self::ReadBack { .. } => Stage::ReadBack,
            Self::WriteConfig(..) => Stage::WriteConfig,
            Self::Verify { .. } => Stage::Verify,
            Self::LetGo { .. } => Stage::LetGo,
            Self::Renew(_) => Stage::Renew,
            Self::RevokeOld(..) => Stage::RevokeOld,
            Self::LookAtOld(..) => Stage::LookAtOld,
            Self::RemoveOldKey(..) => Stage::RemoveOldKey,
        }
    }

    /// What it does, for the list that is shown beforehand.
    pub fn describe(&self) -> String {
        match self {
            Self::Compare { name, .. } => format!("look whether the connection {name} is as it was found"),
            Self::ProbeStore(keeping) => format!("try the store ({})", keeping.store.kind()),
            Self::CreateRepository(_, _, new) => {
                let place = &new.place;
                format!("create the {} repository {}/{}", new.visibility.name(), place.owner.owner, place.name)
            }
            Self::GenerateKey { files, .. } => match &files.private {
                Some(private) => format!("make the SSH key {}", private.display()),
                None => "make an SSH key".to_owned(),
            },
            Self::RegisterKey(_, _, new) => {
                let access = if new.read_only { "to read only" } else { "to read and write" };
                format!("register the SSH key {} at the forge, {access}", new.files.public)
            }
            Self::WriteSecret(keeping) => format!("write the token to the store ({})", keeping.store.kind()),
            Self::ReadBack { .. } => "read the token back and compare it".to_owned(),
            Self::WriteConfig(connection, _) => format!("save the connection {}", connection.name),
            Self::Verify { .. } => "read the token through the saved connection".to_owned(),
            Self::LetGo { generation, .. } => format!("remove the token that was replaced (generation {generation})"),
            Self::Renew(renewal) => format!("let {} replace the token, and keep the new one", renewal.site.provider),
            Self::RevokeOld(site, ..) => format!("revoke the replaced token at {}", site.provider),
            Self::LookAtOld(..) => "ask once with the replaced token".to_owned(),
            Self::RemoveOldKey(site, ..) => format!("remove the replaced key at {}", site.provider),
        }
    }
}
