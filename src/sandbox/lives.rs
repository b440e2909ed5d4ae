//! The lives of tokens while a world runs: some end, and some are made in place of others.
//!
//! Tokens are handed out by reference, so what is made is only ever added.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use jiff::Timestamp;

use super::world::{Token, World};

/// How many tokens can be made in one world.
const ROOM: usize = 1000;

#[derive(Default)]
pub(super) struct Lives {
    made: Vec<OnceLock<Token>>,
    ended: Mutex<BTreeSet<String>>,
    /// Each token that was replaced, and its successor.
    families: Mutex<Vec<(String, String)>>,
}

impl Lives {
    pub(super) fn new() -> Self {
        Self { made: (0..ROOM).map(|_| OnceLock::new()).collect(), ..Self::default() }
    }

    fn add(&self, token: Token) -> bool {
        let mut token = Some(token);
        self.made.iter().any(|slot| {
            let Some(one) = token.take() else { return true };
            slot.set(one).map_err(|back| token = Some(back)).is_ok()
        })
    }
}

impl World {
    /// All tokens: those of the scenario, then those that were made since.
    pub(super) fn all_tokens(&self) -> impl Iterator<Item = &Token> {
        self.tokens.iter().chain(self.lives.made.iter().filter_map(OnceLock::get))
    }

    pub(super) fn has_ended(&self, secret: &str) -> bool {
        held(&self.lives.ended).contains(secret)
    }

    pub(super) fn end(&self, secret: &str) {
        held(&self.lives.ended).insert(secret.to_owned());
    }

    /// Another token like `token`.
    pub(super) fn make_another(&self, token: &Token, expires: Option<Timestamp>) -> io::Result<String> {
        let secret = (self.mint)(&token.given.kind)?;
        let twin = Token { given: token.given.clone(), secret: secret.clone(), expires };
        if self.lives.add(twin) { Ok(secret) } else { Err(io::Error::other("no room for more tokens")) }
    }

    /// A successor of `token`, which ends.
    pub(super) fn replace(&self, token: &Token, expires: Option<Timestamp>) -> io::Result<String> {
        let secret = self.make_another(token, expires)?;
        self.end(&token.secret);
        held(&self.lives.families).push((token.secret.clone(), secret.clone()));
        Ok(secret)
    }

    /// Ends all that came after `secret`: it was replaced before, so somebody has a copy of it.
    pub(super) fn end_family(&self, secret: &str) {
        let families = held(&self.lives.families).clone();
        let mut open = vec![secret.to_owned()];
        while let Some(one) = open.pop() {
            open.extend(families.iter().filter(|(old, _)| *old == one).map(|(_, new)| new.clone()));
            self.end(&one);
        }
    }
}

/// A panic while the lock was held leaves the list as it was, so it can be used on.
fn held<T>(list: &Mutex<T>) -> MutexGuard<'_, T> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}
