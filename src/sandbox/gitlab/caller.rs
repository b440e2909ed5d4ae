//! Who calls, and what their token lets them do.

use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine as _;
use jiff::Timestamp;
use serde_json::json;

use super::FINE_GRAINED;
use super::reply::Reply;
use crate::sandbox::scenario::{Account, AccountKind, Level, MemberRole, Rights, Visibility};
use crate::sandbox::world::{Repository, Token, World};

#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    pub world: &'a World,
    user: Option<(&'a Account, &'a Token)>,
}

impl<'a> Caller<'a> {
    /// Reads `PRIVATE-TOKEN`, `Bearer`, and for git `Basic` with any user name. Expired is told before revoked.
    pub(super) fn of(world: &'a World, headers: &HeaderMap) -> Result<Self, Reply> {
        if !headers.contains_key("private-token") && !headers.contains_key(header::AUTHORIZATION) {
            return Ok(Self { world, user: None });
        }
        let secret = secret_of(headers).ok_or_else(Reply::unauthorized)?;
        let token = world.token_ever(&secret).ok_or_else(Reply::unauthorized)?;
        if token.expires.is_some_and(|expires| expires <= Timestamp::now()) {
            let text = "Token is expired. You can either do re-authorization or token refresh.";
            return Err(Reply::invalid_token(text));
        }
        if token.given.dead || world.has_ended(&secret) {
            return Err(Reply::invalid_token("Token was revoked. You have to re-authorize from the user."));
        }
        let account = world.account(&token.given.account).ok_or_else(Reply::unauthorized)?;
        Ok(Self { world, user: Some((account, token)) })
    }

    pub(super) fn account(&self) -> Option<&'a Account> {
        self.user.map(|(account, _)| account)
    }

    pub(super) fn signed_in(&self) -> Result<(&'a Account, &'a Token), Reply> {
        self.user.ok_or_else(Reply::unauthorized)
    }

    pub(super) fn is_granular(&self) -> bool {
        self.user.is_some_and(|(_, token)| *token.given.kind == *FINE_GRAINED)
    }

    pub(super) fn is_bot(&self) -> bool {
        self.account().is_some_and(|account| account.kind == AccountKind::Bot)
    }

    fn has(&self, scopes: &[&str]) -> bool {
        self.user.is_some_and(|(_, token)| token.given.scopes.iter().any(|scope| scopes.contains(&scope.as_str())))
    }

    pub(super) fn permits(&self, permission: &str, level: Level) -> bool {
        self.user.is_some_and(|(_, token)| token.given.permits(permission, level))
    }

    /// Lets in who may read what `scope` (and `read_api`, and `api`) opens; a fine-grained token needs the permission.
    pub(super) fn needs(&self, scope: &str, permission: &str, title: &str) -> Result<(), Reply> {
        self.signed_in()?;
        if self.is_granular() {
            return if self.permits(permission, Level::Read) { Ok(()) } else { Err(granular(title)) };
        }
        if self.has(&["api", "read_api", scope]) { Ok(()) } else { Err(insufficient(&format!("api read_api {scope}"))) }
    }

    pub(super) fn needs_to_write(&self, permission: &str, title: &str) -> Result<(), Reply> {
        self.signed_in()?;
        if self.is_granular() {
            return if self.permits(permission, Level::Write) { Ok(()) } else { Err(granular(title)) };
        }
        if self.has(&["api"]) { Ok(()) } else { Err(insufficient("api")) }
    }

    pub(super) fn needs_to_rotate(&self) -> Result<(), Reply> {
        if self.has(&["api", "self_rotate"]) { Ok(()) } else { Err(insufficient("api self_rotate")) }
    }

    /// May git use the service with this token? `api` gives both.
    pub(super) fn may_git(&self, writes: bool) -> bool {
        match (self.is_granular(), writes) {
            (true, true) => self.permits("code", Level::Write),
            (true, false) => self.permits("code", Level::Read),
            (false, true) => self.has(&["api", "write_repository"]),
            (false, false) => self.has(&["api", "read_api", "write_repository", "read_repository"]),
        }
    }

    pub(super) fn rights(&self, repository: &Repository) -> Rights {
        self.world.rights(self.account().map(|account| &*account.login), repository)
    }

    pub(super) fn sees(&self, repository: &Repository) -> bool {
        self.rights(repository) >= Rights::Read && !self.is_locked_out(&repository.owner)
    }

    /// An allow list of addresses hides the group and all in it.
    pub(super) fn is_locked_out(&self, owner: &str) -> bool {
        self.world.organisation(owner).is_some_and(|group| group.restricts_addresses)
    }

    /// A group that takes fine-grained tokens only refuses others in the words it has for missing permissions.
    pub(super) fn check_policy(&self, owner: &str, title: &str) -> Result<(), Reply> {
        let strict = self.world.organisation(owner).is_some_and(|group| group.forbids_classic_tokens);
        if strict && self.user.is_some() && !self.is_granular() { Err(granular(title)) } else { Ok(()) }
    }

    /// Where a person has to sign on before git lets their token in; robots never have to.
    pub(super) fn must_sign_on(&self, owner: &str) -> Option<String> {
        let group = self.world.organisation(owner).filter(|group| group.requires_single_sign_on)?;
        let (_, token) = self.user.filter(|_| !self.is_bot())?;
        let signed = token.given.signed_on.iter().any(|login| login.eq_ignore_ascii_case(&group.login));
        (!signed).then(|| format!("{}/groups/{}/-/saml/sso?token=sandbox", self.world.host, &*group.login))
    }

    /// The access level in a group: 50 Owner, 40 Maintainer, 30 Developer, 20 Reporter, 10 Guest.
    pub(super) fn level_in(&self, group: &str) -> Option<u64> {
        let group = self.world.organisation(group)?;
        match group.role(&self.account()?.login)? {
            MemberRole::Admin => Some(50),
            MemberRole::Member => Some(level(group.base_rights)),
            MemberRole::Pending => None,
        }
    }
}

pub(super) fn level(rights: Rights) -> u64 {
    match rights {
        Rights::None => 10,
        Rights::Read => 20,
        Rights::Triage => 25,
        Rights::Write => 30,
        Rights::Maintain => 40,
        Rights::Admin => 50,
    }
}

pub(super) fn is_public(repository: &Repository) -> bool {
    repository.visibility == Visibility::Public
}

fn insufficient(scopes: &str) -> Reply {
    let description = "The request requires higher privileges than provided by the access token.";
    let body = json!({"error": "insufficient_scope", "error_description": description, "scope": scopes});
    Reply::new(StatusCode::FORBIDDEN, body)
}

pub(super) fn granular_words(title: &str) -> String {
    format!(
        "Access denied: This operation requires a fine-grained personal access token with the following project permissions: [{title}]."
    )
}

fn granular(title: &str) -> Reply {
    let body = json!({"error": "insufficient_granular_scope", "error_description": granular_words(title)});
    Reply::new(StatusCode::FORBIDDEN, body)
}

/// The token that a request shows.
pub(super) fn secret_of(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match (text("private-token"), text(header::AUTHORIZATION.as_str())) {
        (Some(secret), _) => Some(secret.to_owned()),
        (None, value) => match value?.split_once(' ')? {
            ("Bearer", secret) => Some(secret.to_owned()),
            ("Basic", coded) => password(coded),
            _ => None,
        },
    }
}

fn password(coded: &str) -> Option<String> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(coded.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    (!user.is_empty()).then(|| password.to_owned())
}
