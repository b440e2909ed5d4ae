//! Who calls, and what the scopes of their token let them do.
//!
//! Scopes come in categories, each with a read and a write level; the method of a request says which is needed, and every
//! category of a route is (`tokenRequiresScopes`, `routers/api/v1/api.go`). They are looked at before anything else.

use axum::http::{HeaderMap, header};
use base64::Engine as _;

use super::Flavour;
use super::reply::Reply;
use crate::sandbox::scenario::{Account, Rights, Visibility};
use crate::sandbox::world::{Repository, Token, World};

/// A person with a token, or anybody.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    pub world: &'a World,
    pub user: Option<(&'a Account, &'a Token)>,
    /// Signed in with `Basic`, as git does.
    pub basic: bool,
}

pub(super) struct BadCredentials;

impl<'a> Caller<'a> {
    pub(super) fn of(world: &'a World, headers: &HeaderMap) -> Result<Self, BadCredentials> {
        let Some(value) = headers.get(header::AUTHORIZATION) else {
            return Ok(Self { world, user: None, basic: false });
        };
        let (scheme, rest) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(BadCredentials)?;
        let (secret, basic) = match scheme.to_ascii_lowercase().as_str() {
            "bearer" | "token" => (rest.to_owned(), false),
            "basic" => (password(rest).ok_or(BadCredentials)?, true),
            _ => return Err(BadCredentials),
        };
        let token = world.token(&secret).ok_or(BadCredentials)?;
        let account = world.account(&token.given.account).ok_or(BadCredentials)?;
        Ok(Self { world, user: Some((account, token)), basic })
    }

    pub(super) fn login(&self) -> Option<&'a str> {
        self.user.map(|(account, _)| &*account.login)
    }

    pub(super) fn holds(&self, scope: &str) -> bool {
        let Some((_, token)) = self.user else { return true };
        let wider = scope.replace("read:", "write:");
        token.given.scopes.iter().any(|held| held == "all" || held == scope || *held == wider)
    }

    /// Refuses a token that lacks the level in one of the categories. Somebody without a token has none to lack.
    pub(super) fn needs(&self, level: &str, categories: &[&str]) -> Result<(), Reply> {
        let Some((_, token)) = self.user else { return Ok(()) };
        let mut wanted = categories.iter().map(|category| format!("{level}:{category}"));
        let Some(missing) = wanted.find(|scope| !self.holds(scope)) else { return Ok(()) };
        let start = "token does not have at least one of required scope(s)";
        // Only Gitea tells what the token has.
        Err(Reply::forbidden(&if Flavour::of(self.world).is_forgejo {
            format!("{start}: [{missing}]")
        } else {
            format!("{start}, required=[{missing}], token scope={}", token.given.scopes.join(","))
        }))
    }

    /// Is the token limited to chosen repositories? (Forgejo 15)
    pub(super) fn is_limited(&self) -> bool {
        self.user.is_some_and(|(_, token)| token.given.repositories.is_some())
    }

    /// May the token be used on this repository, whatever its user may do there?
    pub(super) fn reaches(&self, repository: &Repository) -> bool {
        let open = repository.visibility == Visibility::Public;
        self.user.is_none_or(|(_, token)| {
            let public_only = token.given.scopes.iter().any(|scope| scope == "public-only");
            open || (!public_only && (token.given.repositories.is_none() || token.given.reaches(repository)))
        })
    }

    pub(super) fn rights(&self, repository: &Repository) -> Rights {
        self.world.rights(self.login(), repository)
    }

    /// Can this repository be seen? What cannot be seen does not exist.
    pub(super) fn sees(&self, repository: &Repository) -> bool {
        self.rights(repository) >= Rights::Read && self.reaches(repository)
    }
}

/// The password is the token; the user name is not looked at (`services/auth/basic.go`).
fn password(basic: &str) -> Option<String> {
    let decoded = base64::engine::general_purpose::STANDARD.decode(basic).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    Some(text.split_once(':')?.1.to_owned())
}
