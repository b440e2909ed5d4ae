//! Who calls, and what their token lets them do.

use axum::http::{HeaderMap, header};
use base64::Engine as _;

use super::reply::Reply;
use crate::sandbox::scenario::{Account, MemberRole, Rights};
use crate::sandbox::world::{Repository, Token, World};

#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    pub world: &'a World,
    user: Option<(&'a Account, &'a Token)>,
}

/// What scopes of access tokens bring along, the scope itself first.
const IMPLIED: &[(&str, &[&str])] = &[
    ("repository:write", &["repository"]),
    ("project", &["repository"]),
    ("pullrequest", &["repository"]),
    ("pullrequest:write", &["pullrequest", "repository", "repository:write"]),
];

impl<'a> Caller<'a> {
    /// At the API an API token signs in with `Basic` and the e-mail address, an access token with `Bearer`.
    pub(super) fn of(world: &'a World, headers: &HeaderMap) -> Result<Self, Reply> {
        let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(Self { world, user: None }) };
        match value.to_str().unwrap_or_default().split_once(' ') {
            Some(("Bearer", secret)) => {
                let token = world.token(secret).filter(|token| is_access(token)).ok_or_else(Reply::invalid_token)?;
                Self::with(world, token).ok_or_else(Reply::invalid_token)
            }
            Some(("Basic", coded)) => {
                let (user, secret) = pair(coded).ok_or_else(Reply::unknown)?;
                let token =
                    world.token(&secret).filter(|token| *token.given.kind == *"api").ok_or_else(Reply::unknown)?;
                if token.given.scopes.is_empty() {
                    return Err(Reply::without_scopes());
                }
                let caller = Self::with(world, token).ok_or_else(Reply::unknown)?;
                let email = caller.account().and_then(|account| account.email.as_deref());
                let named = email.is_some_and(|email| email.eq_ignore_ascii_case(&user));
                if named { Ok(caller) } else { Err(Reply::unknown()) }
            }
            _ => Err(Reply::unknown()),
        }
    }

    /// At git both kinds sign in with `Basic`, each with its own user name. `Err(true)`: an app password.
    pub(super) fn at_git(world: &'a World, headers: &HeaderMap) -> Result<Self, bool> {
        let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(Self { world, user: None }) };
        let coded = value.to_str().ok().and_then(|value| value.strip_prefix("Basic ")).ok_or(false)?;
        let (user, secret) = pair(coded).ok_or(false)?;
        let ever = world.token_ever(&secret).ok_or(false)?;
        if *ever.given.kind == *"app-password" {
            return Err(true);
        }
        let token = world.token(&secret).filter(|token| !token.given.scopes.is_empty()).ok_or(false)?;
        let caller = Self::with(world, token).ok_or(false)?;
        let named = if is_access(token) {
            user == "x-token-auth"
        } else {
            user == "x-bitbucket-api-token-auth"
                || caller.account().is_some_and(|account| account.login.eq_ignore_ascii_case(&user))
        };
        if named { Ok(caller) } else { Err(false) }
    }

    fn with(world: &'a World, token: &'a Token) -> Option<Self> {
        Some(Self { world, user: Some((world.account(&token.given.account)?, token)) })
    }

    pub(super) fn account(&self) -> Option<&'a Account> {
        self.user.map(|(account, _)| account)
    }

    pub(super) fn signed_in(&self) -> Result<(&'a Account, &'a Token), Reply> {
        self.user.ok_or_else(Reply::invalid_token)
    }

    /// The account, for what is open to users only: an access token has none.
    pub(super) fn as_user(&self) -> Result<(&'a Account, &'a Token), Reply> {
        let (account, token) = self.signed_in()?;
        if is_access(token) { Err(Reply::wrong_mechanism()) } else { Ok((account, token)) }
    }

    /// The headers that describe the token.
    pub(super) fn description(&self) -> Vec<(&'static str, String)> {
        let Some((_, token)) = self.user else { return Vec::new() };
        let kind = match &*token.given.kind {
            "repository-access" => "repo_access_token",
            "project-access" => "project_access_token",
            "workspace-access" => "workspace_access_token",
            _ => "api_token",
        };
        vec![("x-credential-type", kind.to_owned()), ("x-oauth-scopes", token.given.scopes.join(", "))]
    }

    pub(super) fn is_access(&self) -> bool {
        self.user.is_some_and(|(_, token)| is_access(token))
    }

    /// Does the token hold the scope, by the name it has for its family?
    pub(super) fn holds(&self, legacy: &str, granular: &str) -> bool {
        let Some((_, token)) = self.user else { return false };
        let scopes = &token.given.scopes;
        if !is_access(token) {
            return scopes.iter().any(|scope| scope == granular);
        }
        let implies = |scope: &String| {
            IMPLIED.iter().any(|(name, implied)| name == scope && implied.contains(&legacy)) || scope == legacy
        };
        scopes.iter().any(implies)
    }

    pub(super) fn needs(&self, legacy: &str, granular: &str) -> Result<(), Reply> {
        let (_, token) = self.signed_in()?;
        let required = if is_access(token) { legacy } else { granular };
        if self.holds(legacy, granular) { Ok(()) } else { Err(Reply::lacks(required, &token.given.scopes)) }
    }

    pub(super) fn rights(&self, repository: &Repository) -> Rights {
        let Some((account, token)) = self.user else { return self.world.rights(None, repository) };
        if is_access(token) {
            return if token.given.reaches(repository) { Rights::Admin } else { self.world.rights(None, repository) };
        }
        // An API token can be limited to one workspace.
        let elsewhere = token.given.owner.as_ref().is_some_and(|owner| !owner.eq_ignore_ascii_case(&repository.owner));
        self.world.rights((!elsewhere).then_some(&*account.login), repository)
    }

    pub(super) fn sees(&self, repository: &Repository) -> bool {
        self.rights(repository) >= Rights::Read
    }

    /// Is the caller in that workspace at all?
    pub(super) fn is_in(&self, workspace: &str) -> bool {
        let Some((account, token)) = self.user else { return false };
        let limited = token.given.owner.as_ref().is_some_and(|owner| !owner.eq_ignore_ascii_case(workspace));
        let joined = self.world.organisation(workspace).is_some_and(|it| it.has_member(&account.login));
        let invited = || {
            let there = self.world.repositories();
            there.iter().any(|it| it.owner.eq_ignore_ascii_case(workspace) && self.sees(it))
        };
        !limited && (is_access(token) || joined || invited())
    }

    /// `owner`, `create-project` or `member` of a workspace.
    pub(super) fn role_in(&self, workspace: &str) -> Option<&'static str> {
        let organisation = self.world.organisation(workspace)?;
        match organisation.role(&self.account()?.login)? {
            MemberRole::Admin => Some("owner"),
            MemberRole::Member if organisation.members_can_create => Some("create-project"),
            MemberRole::Member => Some("member"),
            MemberRole::Pending => None,
        }
    }

    /// The workspace's own rule that keeps the caller out, in the words of the real one.
    pub(super) fn kept_out(&self, workspace: &str) -> Option<&'static str> {
        let organisation = self.world.organisation(workspace)?;
        if organisation.restricts_addresses {
            return Some("To access this repository, an admin must whitelist your IP.");
        }
        let strict = organisation.requires_single_sign_on && !self.is_access();
        strict.then_some("To access this repository, you must enable two-step authentication.")
    }
}

fn is_access(token: &Token) -> bool {
    token.given.kind.ends_with("-access")
}

fn pair(coded: &str) -> Option<(String, String)> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(coded.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
