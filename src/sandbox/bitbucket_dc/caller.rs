//! Who calls, and what account and token together may do.
//!
//! A user's token does what its user may, up to its own permissions. A project or repository token has no user: it is a
//! service account of its own, with what it was given and no more.

use axum::http::{HeaderMap, header};
use base64::Engine as _;

use crate::sandbox::scenario::{MemberRole, Rights, Visibility};
use crate::sandbox::world::{Repository, Token, World};

/// Somebody with a token, or anybody.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    pub world: &'a World,
    token: Option<&'a Token>,
}

pub(super) struct BadCredentials;

/// What a token was made for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Project,
    Repository,
}

impl<'a> Caller<'a> {
    pub(super) fn of(world: &'a World, headers: &HeaderMap) -> Result<Self, BadCredentials> {
        let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(Self { world, token: None }) };
        let (scheme, rest) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(BadCredentials)?;
        let (user, secret) = match scheme.to_ascii_lowercase().as_str() {
            "bearer" => (None, rest.to_owned()),
            "basic" => pair(rest).map(|(user, secret)| (Some(user), secret)).ok_or(BadCredentials)?,
            _ => return Err(BadCredentials),
        };
        let token = world.token(&secret).ok_or(BadCredentials)?;
        let caller = Self { world, token: Some(token) };
        match (user, kind(token)) {
            // With a user name it has to be the right one.
            (Some(user), Kind::User) if !user.eq_ignore_ascii_case(&token.given.account) => Err(BadCredentials),
            (Some(user), Kind::Project | Kind::Repository) if user != "x-token-auth" => Err(BadCredentials),
            _ => Ok(caller),
        }
    }

    pub(super) fn is_anybody(&self) -> bool {
        self.token.is_none()
    }

    /// The name of the account that is signed in.
    pub(super) fn name(&self) -> Option<String> {
        let token = self.token?;
        Some(match kind(token) {
            Kind::User => token.given.account.to_string(),
            Kind::Project => format!("access-token-user/1/{}", self.world.owner_id(token.given.resource_owner())),
            Kind::Repository => format!("access-token-user/2/{}", self.repository_of(token).map_or(0, |it| it.id)),
        })
    }

    /// The number of the account that is signed in.
    pub(super) fn number(&self) -> usize {
        self.token.map_or(0, |token| self.world.owner_id(&token.given.account))
    }

    /// The user behind the token, if it has one.
    pub(super) fn login(&self) -> Option<&'a str> {
        self.token.filter(|token| kind(token) == Kind::User).map(|token| &*token.given.account)
    }

    fn repository_of(&self, token: &Token) -> Option<Repository> {
        let name = token.given.repositories.as_ref()?.first()?;
        self.world.repository(token.given.resource_owner(), name)
    }

    /// What may be done in a repository.
    pub(super) fn rights(&self, repository: &Repository) -> Rights {
        let open = if repository.visibility == Visibility::Public { Rights::Read } else { Rights::None };
        let Some(token) = self.token else { return open };
        let most = level(token, "REPO");
        let given = match kind(token) {
            Kind::User => self.world.rights(self.login(), repository).min(most),
            Kind::Project | Kind::Repository if token.given.reaches(repository) => most,
            Kind::Project | Kind::Repository => Rights::None,
        };
        given.max(open)
    }

    /// What may be done in a project: that of an organisation, or the personal one of a user.
    pub(super) fn project_rights(&self, owner: &str) -> Rights {
        let Some(token) = self.token else { return Rights::None };
        let most = level(token, "PROJECT");
        match kind(token) {
            Kind::User => self.account_rights(owner).min(most),
            Kind::Project if token.given.resource_owner().eq_ignore_ascii_case(owner) => most,
            Kind::Project | Kind::Repository => Rights::None,
        }
    }

    /// The same for the account, whatever the token.
    fn account_rights(&self, owner: &str) -> Rights {
        let Some(login) = self.login() else { return Rights::None };
        if login.eq_ignore_ascii_case(owner) {
            return Rights::Admin;
        }
        match self.world.organisation(owner).map(|it| (it, it.role(login))) {
            Some((_, Some(MemberRole::Admin))) => Rights::Admin,
            Some((organisation, Some(MemberRole::Member))) => organisation.base_rights,
            _ => Rights::None,
        }
    }

    /// Does the account have the permission “create repository”?
    pub(super) fn account_creates(&self, owner: &str) -> bool {
        let Some(login) = self.login() else { return self.project_rights(owner) == Rights::Admin };
        let as_member = self.world.organisation(owner).is_some_and(|it| it.members_can_create && it.has_member(login));
        as_member || self.account_rights(owner) == Rights::Admin
    }

    /// The token creates only as an administrator of the project.
    pub(super) fn creates(&self, owner: &str) -> bool {
        self.token.is_some_and(|token| level(token, "PROJECT") == Rights::Admin) && self.account_creates(owner)
    }

    /// Can this project be seen? Also by those who may do something in one of its repositories.
    pub(super) fn sees_project(&self, owner: &str) -> bool {
        let inside = |it: &Repository| it.owner.eq_ignore_ascii_case(owner) && self.rights(it) >= Rights::Read;
        self.project_rights(owner) >= Rights::Read || self.world.repositories().iter().any(inside)
    }
}

fn kind(token: &Token) -> Kind {
    match &*token.given.kind {
        "project-access" => Kind::Project,
        "repository-access" => Kind::Repository,
        _ => Kind::User,
    }
}

/// The highest permission that the token was given on projects or on repositories.
fn level(token: &Token, on: &str) -> Rights {
    let of = |scope: &String| match scope.strip_prefix(on)?.strip_prefix('_')? {
        "READ" => Some(Rights::Read),
        "WRITE" => Some(Rights::Write),
        "ADMIN" => Some(Rights::Admin),
        _ => None,
    };
    token.given.scopes.iter().filter_map(of).max().unwrap_or(Rights::None)
}

fn pair(basic: &str) -> Option<(String, String)> {
    let decoded = base64::engine::general_purpose::STANDARD.decode(basic).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, secret) = text.split_once(':')?;
    Some((user.to_owned(), secret.to_owned()))
}
