//! Whose token it is, what it may do, and until when: all of it in one answer, `GET /user` and its headers.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::refusal::{is_marked, is_scope};
use super::{GitHub, wire};
use crate::fact::{Expiry, Fault, Grants, Identity, IdentityKind};
use crate::forge::client::Answer;
use crate::forge::part;

/// What `GET /user` tells.
#[derive(Clone, Debug)]
pub(super) struct User {
    pub identity: Identity,
    pub grants: Grants,
    pub expiry: Expiry,
}

impl part::Account for GitHub {
    async fn identity(&self) -> Result<Identity, Fault> {
        Ok(self.user().await?.identity)
    }

    async fn grants(&self) -> Result<Grants, Fault> {
        Ok(self.user().await?.grants)
    }

    async fn expiry(&self) -> Result<Expiry, Fault> {
        Ok(self.user().await?.expiry)
    }
}

impl GitHub {
    pub(super) async fn user(&self) -> Result<User, Fault> {
        let me = self.clone();
        self.0.user.ask((), || async move { me.user_now().await }).await
    }

    async fn user_now(&self) -> Result<User, Fault> {
        let answer = self.read("/user", "the account of this token").await?;
        let account: wire::Account = answer.json("the account of this token")?;
        let kind = match account.kind.as_str() {
            "User" => Some(IdentityKind::User),
            "Bot" => Some(IdentityKind::Bot),
            _ => None,
        };
        let login = account_login(&account.login);
        let (Some(kind), Some(login)) = (kind, login) else {
            return Err(answer.not_the_api("the account of this token"));
        };
        let identity = Identity { login, id: account.id.to_string(), kind, token: None };
        let header = answer.header("github-authentication-token-expiration");
        // A proxy that strips the headers of GitHub strips this one, too: then its absence tells nothing.
        let personal = self.0.kind.is_some() && is_marked(&answer);
        Ok(User { identity, grants: grants(&answer), expiry: expiry(header.as_deref(), personal) })
    }
}

/// The login of an account. Those of robots (`dependabot[bot]`) and of managed users (`mona_corp`) have more characters
/// than names that can be chosen.
pub(super) fn account_login(login: &str) -> Option<String> {
    let fine = (1..=100).contains(&login.len())
        && login.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_[]".contains(&byte))
        && !login.starts_with('-');
    fine.then(|| login.to_owned())
}

/// `X-OAuth-Scopes`: absent is not told (fine-grained tokens); present and empty is a classic token without scopes.
fn grants(answer: &Answer) -> Grants {
    let Some(header) = answer.header("x-oauth-scopes") else { return Grants::NotTold };
    let named: Vec<_> = header.split(',').map(str::trim).filter(|scope| !scope.is_empty()).collect();
    let known: BTreeSet<_> = named.iter().filter(|scope| is_scope(scope)).map(ToString::to_string).collect();
    if named.iter().all(|scope| is_scope(scope)) { Grants::Known(known) } else { Grants::Partial(known) }
}

/// `github-authentication-token-expiration`. GitHub writes it in two forms, for each kind of token now in one and now in
/// the other; neither is RFC 3339. An unknown form is not told. Only for personal access tokens does absence mean never.
pub(super) fn expiry(header: Option<&str>, personal: bool) -> Expiry {
    let Some(text) = header.map(str::trim) else {
        return if personal { Expiry::Never } else { Expiry::NotTold };
    };
    let utc = text
        .strip_suffix(" UTC")
        .and_then(|local| DateTime::strptime("%Y-%m-%d %H:%M:%S", local).ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok());
    let moment = match utc {
        Some(zoned) => Some(zoned.timestamp()),
        None => Timestamp::strptime("%Y-%m-%d %H:%M:%S %z", text).ok(),
    };
    moment.map_or(Expiry::NotTold, Expiry::At)
}
