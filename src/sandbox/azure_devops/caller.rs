//! Who calls, and what their token lets them do.

use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine as _;
use jiff::Timestamp;

use super::reply::Reply;
use crate::sandbox::scenario::{Account, MemberRole, Organisation, Rights, Visibility};
use crate::sandbox::world::{Repository, Token, World};

/// Every scope, with those that it gives directly.
const GIVES: &[(&str, &[&str])] = &[
    ("vso.code_full", &["vso.code_manage"]),
    ("vso.code_manage", &["vso.code_write"]),
    ("vso.code_write", &["vso.code"]),
    ("vso.code", &["vso.profile"]),
];

/// Somebody with a token of this organisation, or anybody.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    pub world: &'a World,
    user: Option<(&'a Account, &'a Token)>,
    /// Showed a token that nobody knows, where strangers may look around.
    pub is_stranger: bool,
}

impl<'a> Caller<'a> {
    pub(super) fn of(world: &'a World, headers: &HeaderMap, organisation: &str) -> Result<Self, Reply> {
        let nobody = |is_stranger| Ok(Self { world, user: None, is_stranger });
        let Some(value) = headers.get(header::AUTHORIZATION) else { return nobody(false) };
        let secret = value.to_str().ok().and_then(password);
        let Some(token) = secret.and_then(|secret| world.token_ever(&secret)) else {
            let open =
                world.repositories().iter().any(|it| it.visibility == Visibility::Public && is_of(it, organisation));
            return if open { nobody(true) } else { Err(unknown(headers)) };
        };
        Self::with(world, token, organisation)
    }

    fn with(world: &'a World, token: &'a Token, organisation: &str) -> Result<Self, Reply> {
        if token.expires.is_some_and(|end| end <= Timestamp::now()) {
            return Err(Reply::ended());
        }
        let elsewhere = token.given.owner.as_ref().is_some_and(|owner| !owner.eq_ignore_ascii_case(organisation));
        if token.given.dead || elsewhere {
            return Err(Reply::unauthorised());
        }
        let account = world.account(&token.given.account).ok_or_else(Reply::unauthorised)?;
        let there = world.organisation(organisation);
        if there.is_none_or(|it| it.restricts_addresses || !it.has_member(&account.login)) {
            let text = format!("TF400813: The user '{}' is not authorized to access this resource.", &*account.login);
            return Err(Reply::refused(StatusCode::UNAUTHORIZED, "UnauthorizedRequestException", &text)
                .header("www-authenticate", "Bearer"));
        }
        Ok(Self { world, user: Some((account, token)), is_stranger: false })
    }

    pub(super) fn account(&self) -> Option<&'a Account> {
        self.user.map(|(account, _)| account)
    }

    /// Whether the token is for all organisations of its account.
    pub(super) fn is_global(&self) -> bool {
        self.user.is_some_and(|(_, token)| token.given.owner.is_none())
    }

    pub(super) fn signed_in(&self) -> Result<&'a Account, Reply> {
        self.account().ok_or_else(if self.is_stranger { Reply::unauthorised } else { Reply::challenge })
    }

    pub(super) fn holds(&self, scope: &str) -> bool {
        let Some((_, token)) = self.user else { return false };
        let mut held: Vec<&str> = token.given.scopes.iter().map(String::as_str).collect();
        let mut at = 0;
        while let Some(scope) = held.get(at).copied() {
            held.extend(GIVES.iter().filter(|(name, _)| *name == scope).flat_map(|(_, gives)| *gives));
            at += 1;
        }
        held.contains(&scope)
    }

    /// A missing scope is refused without a word.
    pub(super) fn needs(&self, scopes: &[&str]) -> Result<(), Reply> {
        self.signed_in()?;
        if scopes.iter().any(|scope| self.holds(scope)) { Ok(()) } else { Err(Reply::unauthorised()) }
    }

    pub(super) fn rights(&self, repository: &Repository) -> Rights {
        self.world.rights(self.account().map(|account| &*account.login), repository)
    }

    /// Whether the account belongs to the project in any way.
    pub(super) fn sees(&self, project: &Organisation) -> bool {
        let belongs = self.account().is_some_and(|account| project.has_member(&account.login));
        let works = |it: &Repository| it.owner.eq_ignore_ascii_case(&project.login) && self.rights(it) >= Rights::Read;
        belongs || self.world.repositories().iter().any(works)
    }

    pub(super) fn may_create(&self, project: &Organisation) -> bool {
        match self.account().and_then(|account| project.role(&account.login)) {
            Some(MemberRole::Admin) => true,
            Some(MemberRole::Member) => project.members_can_create,
            _ => false,
        }
    }
}

/// A token that nobody knows: the page to sign in, or the way to it.
pub(super) fn unknown(headers: &HeaderMap) -> Reply {
    let suppressed = headers.get("x-tfs-fedauthredirect").is_some_and(|value| value == "Suppress");
    if suppressed { Reply::sign_in() } else { Reply::to_sign_in() }
}

/// The password is the token; the user name is not looked at. As a bearer only tokens of Entra count, and there are none.
fn password(authorization: &str) -> Option<String> {
    let (scheme, coded) = authorization.split_once(' ')?;
    let decoded = base64::engine::general_purpose::STANDARD.decode(coded).ok()?;
    let text = String::from_utf8(decoded).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    Some(text.split_once(':')?.1.to_owned())
}

/// Whether a repository is in a project of this organisation.
pub(super) fn is_of(repository: &Repository, organisation: &str) -> bool {
    repository.owner.split('/').next().is_some_and(|first| first.eq_ignore_ascii_case(organisation))
}

/// What people call a project.
pub(super) fn title(project: &Organisation) -> &str {
    let last = project.login.rsplit('/').next().unwrap_or_default();
    project.name.as_deref().unwrap_or(last)
}

/// The project of that name or id below an organisation.
pub(super) fn project<'a>(world: &'a World, organisation: &str, name: &str) -> Option<&'a Organisation> {
    world.organisations.iter().find(|it| {
        let below = it.login.split_once('/').is_some_and(|(first, _)| first.eq_ignore_ascii_case(organisation));
        let id = super::guid(2, world.owner_id(&it.login) as u64);
        below && (title(it).eq_ignore_ascii_case(name) || id == name.to_ascii_lowercase())
    })
}
