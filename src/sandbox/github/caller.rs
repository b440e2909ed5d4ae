//! Who calls, and what their token lets them do.
//!
//! A right is the user's and the token's together. Four policies of an organisation come before both, and GitHub answers
//! all of them with 403: the text tells them apart.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use jiff::Timestamp;

use super::need::Need;
use super::reply::Reply;
use super::token::holds;
use crate::sandbox::scenario::{Account, Level, Organisation, Rights, Visibility};
use crate::sandbox::world::{Repository, Token, World};

/// A person with a token, or anybody.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    pub world: &'a World,
    pub user: Option<(&'a Account, &'a Token)>,
}

pub(super) struct BadCredentials;

/// Why an organisation keeps a token out, whatever its rights.
pub(super) struct Policy {
    pub message: String,
    /// Where to sign on, where that is what is missing.
    pub sign_on: Option<String>,
}

impl<'a> Caller<'a> {
    /// Reads `Authorization`: `Bearer` and `token` for the API, `Basic` for git and for old scripts.
    pub(super) fn of(world: &'a World, headers: &HeaderMap) -> Result<Self, BadCredentials> {
        let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(Self { world, user: None }) };
        let (scheme, rest) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(BadCredentials)?;
        let secret = match scheme.to_ascii_lowercase().as_str() {
            "bearer" | "token" => rest.trim().to_owned(),
            "basic" => password(rest.trim()).ok_or(BadCredentials)?,
            _ => return Err(BadCredentials),
        };
        let token = world.token(&secret).ok_or(BadCredentials)?;
        let account = world.account(&token.given.account).ok_or(BadCredentials)?;
        Ok(Self { world, user: Some((account, token)) })
    }

    pub(super) fn login(&self) -> Option<&'a str> {
        self.user.map(|(account, _)| &*account.login)
    }

    pub(super) fn is_fine_grained(&self) -> bool {
        self.user.is_some_and(|(_, token)| *token.given.kind == *super::FINE_GRAINED)
    }

    pub(super) fn rights(&self, repository: &Repository) -> Rights {
        self.world.rights(self.login(), repository)
    }

    pub(super) fn holds_scope(&self, scope: &str) -> bool {
        self.user.is_some_and(|(_, token)| holds(&token.given.scopes, scope))
    }

    /// Does the token cover this repository at all? Public ones are open to every token for reading.
    pub(super) fn token_covers(&self, repository: &Repository) -> bool {
        match self.user {
            None => repository.visibility == Visibility::Public,
            Some((_, token)) if self.is_fine_grained() => token.given.reaches(repository),
            Some(_) => self.holds_scope("repo") || (is_public(repository) && self.holds_scope("public_repo")),
        }
    }

    /// Can this repository be seen? What cannot be seen is `Not Found`.
    pub(super) fn sees(&self, repository: &Repository) -> bool {
        self.rights(repository) >= Rights::Read && (is_public(repository) || self.token_covers(repository))
    }

    /// May the endpoint be used on this repository?
    pub(super) fn check(&self, repository: &Repository, need: &Need) -> Result<(), Reply> {
        self.check_policy(&repository.owner)?;
        // https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps: the hook scopes give
        // access to the hooks of private repositories too.
        let hook_scope =
            need.is_about_hooks() && need.scopes.iter().any(|it| it.contains("hook") && self.holds_scope(it));
        let visible = self.sees(repository) || (hook_scope && self.rights(repository) >= Rights::Read);
        if !visible {
            return Err(Reply::not_found());
        }
        let enough_rights = self.rights(repository) >= need.rights;
        if self.is_fine_grained() {
            return if enough_rights && self.permitted(repository, need) { Ok(()) } else { Err(inaccessible()) };
        }
        let open = !need.writes() && need.rights <= Rights::Read;
        let enough_scope = open || hook_scope || self.token_covers(repository);
        match (enough_rights && enough_scope, need.is_hidden()) {
            (true, _) => Ok(()),
            (false, true) => Err(Reply::not_found()),
            (false, false) => Err(Reply::forbidden("Must have admin rights to Repository.")),
        }
    }

    fn permitted(&self, repository: &Repository, need: &Need) -> bool {
        let Some((permission, level)) = need.permission else { return true };
        let public_read = is_public(repository) && level == Level::Read && need.rights <= Rights::Read;
        public_read || self.permits(&repository.owner, permission, level) && self.token_covers(repository)
    }

    /// Does a fine-grained token for this owner have the permission? Everyone may read metadata.
    pub(super) fn permits(&self, owner: &str, permission: &str, level: Level) -> bool {
        self.user.is_some_and(|(_, token)| {
            let token = &token.given;
            let given = token.permits(permission, level) || (permission == "metadata" && level == Level::Read);
            given && token.approved && token.resource_owner().eq_ignore_ascii_case(owner)
        })
    }

    /// Refuses what an organisation keeps out.
    pub(super) fn check_policy(&self, owner: &str) -> Result<(), Reply> {
        let Some(policy) = self.world.organisation(owner).and_then(|it| self.policy_of(it)) else { return Ok(()) };
        let reply = Reply::forbidden(&policy.message);
        Err(match policy.sign_on {
            Some(url) => reply.with("x-github-sso", format!("required; url={url}")),
            None => reply,
        })
    }

    /// <https://docs.github.com/en/organizations/managing-programmatic-access-to-your-organization/setting-a-personal-access-token-policy-for-your-organization>
    pub(super) fn policy_of(&self, organisation: &Organisation) -> Option<Policy> {
        let (_, token) = self.user?;
        let login = &*organisation.login;
        let plainly = |message: String| Some(Policy { message, sign_on: None });
        if organisation.restricts_addresses {
            return plainly(format!(
                "Although you appear to have the correct authorization credentials, the `{login}` organization has an IP \
                 allow list enabled, and your IP address is not permitted to access this resource."
            ));
        }
        if organisation.forbids_classic_tokens && !self.is_fine_grained() {
            return plainly(format!(
                "`{login}` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or \
                 a personal access token with fine-grained permissions."
            ));
        }
        if let Some(days) =
            organisation.longest_lifetime_days.filter(|days| self.is_fine_grained() && self.lives_longer(*days))
        {
            let number = self.world.owner_id(&token.given.account);
            return plainly(format!(
                "The '{login}' organization forbids access via a fine-grained personal access tokens if the token's \
                 lifetime is greater than {days} days. Please adjust your token's lifetime at the following URL: \
                 {}/settings/personal-access-tokens/{number}",
                self.world.host
            ));
        }
        self.lacks_sign_on(organisation).then(|| Policy {
            message: "Resource protected by organization SAML enforcement. You must grant your Personal Access token \
                      access to this organization."
                .to_owned(),
            sign_on: Some(self.sign_on_url(login)),
        })
    }

    /// Only members have to sign on, and a fine-grained token was authorised when it was made for the organisation.
    /// <https://docs.github.com/en/authentication/authenticating-with-single-sign-on/authorizing-a-personal-access-token-for-use-with-single-sign-on>
    pub(super) fn lacks_sign_on(&self, organisation: &Organisation) -> bool {
        self.user.is_some_and(|(account, token)| {
            let authorised = token.given.signed_on.iter().any(|it| it.eq_ignore_ascii_case(&organisation.login))
                || (self.is_fine_grained() && token.given.resource_owner().eq_ignore_ascii_case(&organisation.login));
            organisation.requires_single_sign_on && organisation.has_member(&account.login) && !authorised
        })
    }

    fn lives_longer(&self, days: u32) -> bool {
        let limit = 24 * i64::from(days);
        let lifetime = |expires: Timestamp| expires.duration_since(self.world.started).as_hours();
        self.user.is_some_and(|(_, token)| token.expires.is_none_or(|expires| lifetime(expires) > limit))
    }

    fn sign_on_url(&self, login: &str) -> String {
        format!("{}/orgs/{login}/sso?authorization_request=A{:08X}", self.world.host, self.world.number())
    }
}

pub(super) fn inaccessible() -> Reply {
    Reply::forbidden("Resource not accessible by personal access token")
}

fn is_public(repository: &Repository) -> bool {
    repository.visibility == Visibility::Public
}

fn password(basic: &str) -> Option<String> {
    let decoded = base64::engine::general_purpose::STANDARD.decode(basic).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    // The user name is not looked at, but one has to be there:
    // https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens
    (!user.is_empty()).then(|| password.to_owned())
}
