//! The parts of a forge, in plain `async fn`s. Each is implemented in the provider's file that holds it, mostly one that is
//! called like it; small ones stand in the first file.
//!
//! What has them all is a [`Forge`], under whose contract every method is. Here, and nowhere else, the answers are boxed,
//! so that a forge can be held without its provider being known. What a provider does not have it leaves to the default.

use std::future::{Future, ready};

use jiff::Timestamp;

use super::{Asked, Forge, NewRepository, NewToken};
use crate::fact::{self, Expiry, Fault, FaultKind, Grants, Identity, OwnerPath, Page, Place, Remedy, Service};
use crate::key::{Lock, NewKey, PublicKey, RegisteredKey};

type Answered<T> = Result<T, Fault>;

pub trait Server {
    fn server(&self) -> impl Future<Output = Answered<fact::Server>> + Send;
}

pub trait Account {
    fn identity(&self) -> impl Future<Output = Answered<Identity>> + Send;
    fn grants(&self) -> impl Future<Output = Answered<Grants>> + Send;
    fn expiry(&self) -> impl Future<Output = Answered<Expiry>> + Send;
}

pub trait Owner {
    fn owner(&self, owner: &OwnerPath) -> impl Future<Output = Answered<fact::Owner>> + Send;
}

pub trait List {
    fn owners(&self) -> impl Future<Output = Answered<Page>> + Send;
    fn repositories(&self, owner: &OwnerPath) -> impl Future<Output = Answered<Page>> + Send;
}

pub trait Repository {
    fn repository(&self, place: &Place) -> impl Future<Output = Answered<fact::Repository>> + Send;
    fn create(&self, new: &NewRepository) -> impl Future<Output = Answered<fact::Repository>> + Send;
}

pub trait Refs {
    fn refs(&self, place: &Place, service: Service, user: &str) -> impl Future<Output = Answered<fact::Refs>> + Send;
}

pub trait Right {
    fn right(&self, place: &Place, scope: &str, probe: bool) -> impl Future<Output = Answered<fact::Right>> + Send;
}

/// By default: no keys.
pub trait Key {
    fn key(&self, _lock: &Lock, _key: &PublicKey) -> impl Future<Output = Answered<RegisteredKey>> + Send {
        ready(Err(without_keys()))
    }
    fn register_key(&self, _new: &NewKey) -> impl Future<Output = Answered<RegisteredKey>> + Send {
        ready(Err(without_keys()))
    }
    fn remove_key(&self, _lock: &Lock, _id: &str) -> impl Future<Output = Answered<()>> + Send {
        ready(Err(by_hand("removes no key for git-access")))
    }
}

/// By default: a token is neither replaced nor ended by itself.
pub trait Renewal {
    fn rotate_token(&self, _ends: Timestamp) -> impl Future<Output = Answered<NewToken>> + Send {
        ready(Err(by_hand("replaces no token through its API")))
    }
    fn revoke_token(&self) -> impl Future<Output = Answered<()>> + Send {
        ready(Err(by_hand("revokes no token through its API")))
    }
}

impl<T> Forge for T
where
    T: Server + Account + Owner + List + Repository + Refs + Right + Key + Renewal + Send + Sync,
{
    fn server(&self) -> Asked<'_, fact::Server> {
        Box::pin(Server::server(self))
    }
    fn identity(&self) -> Asked<'_, Identity> {
        Box::pin(Account::identity(self))
    }
    fn grants(&self) -> Asked<'_, Grants> {
        Box::pin(Account::grants(self))
    }
    fn expiry(&self) -> Asked<'_, Expiry> {
        Box::pin(Account::expiry(self))
    }
    fn owner<'a>(&'a self, owner: &'a OwnerPath) -> Asked<'a, fact::Owner> {
        Box::pin(Owner::owner(self, owner))
    }
    fn owners(&self) -> Asked<'_, Page> {
        Box::pin(List::owners(self))
    }
    fn repositories<'a>(&'a self, owner: &'a OwnerPath) -> Asked<'a, Page> {
        Box::pin(List::repositories(self, owner))
    }
    fn repository<'a>(&'a self, place: &'a Place) -> Asked<'a, fact::Repository> {
        Box::pin(Repository::repository(self, place))
    }
    fn refs<'a>(&'a self, place: &'a Place, service: Service, user: &'a str) -> Asked<'a, fact::Refs> {
        Box::pin(Refs::refs(self, place, service, user))
    }
    fn right<'a>(&'a self, place: &'a Place, scope: &'a str, probe: bool) -> Asked<'a, fact::Right> {
        Box::pin(Right::right(self, place, scope, probe))
    }
    fn create<'a>(&'a self, new: &'a NewRepository) -> Asked<'a, fact::Repository> {
        Box::pin(Repository::create(self, new))
    }
    fn key<'a>(&'a self, lock: &'a Lock, key: &'a PublicKey) -> Asked<'a, RegisteredKey> {
        Box::pin(Key::key(self, lock, key))
    }
    fn register_key<'a>(&'a self, new: &'a NewKey) -> Asked<'a, RegisteredKey> {
        Box::pin(Key::register_key(self, new))
    }
    fn rotate_token(&self, ends: Timestamp) -> Asked<'_, NewToken> {
        Box::pin(Renewal::rotate_token(self, ends))
    }
    fn remove_key<'a>(&'a self, lock: &'a Lock, id: &'a str) -> Asked<'a, ()> {
        Box::pin(Key::remove_key(self, lock, id))
    }
    fn revoke_token(&self) -> Asked<'_, ()> {
        Box::pin(Renewal::revoke_token(self))
    }
}

/// What a forge does not do, and its page does.
pub fn by_hand(what: &str) -> Fault {
    Fault::new(FaultKind::NotFound, format!("This forge {what}.")).remedy(Remedy::new("Do it on the forge's own page."))
}

fn without_keys() -> Fault {
    Fault::new(FaultKind::NoAccess, "The API of this forge neither shows nor takes SSH keys.")
        .remedy(Remedy::new("Paste the public key on the forge's own page."))
}
