//! Whose token it is, what it may do, and until when.
//!
//! `GET /personal_access_tokens/self` answers to every scope and tells scopes and end, but only the number of the user;
//! `GET /user` tells the name, and wants `api`, `read_api` or `read_user`. Both are asked at once. A token whose scopes
//! do not open the second is as good as any: whose it is, is then not visible.

use futures_util::future::join;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::refusal::Refusal;
use super::{GitLab, wire};
use crate::fact::{Expiry, Fault, FaultKind, Grants, Identity, IdentityKind};
use crate::forge::part;
use crate::provider::token_kind;

impl part::Account for GitLab {
    async fn identity(&self) -> Result<Identity, Fault> {
        let (token, user) = join(self.token(), self.user()).await;
        let token = token?;
        let user = match (user, &token) {
            (Ok(user), _) => user,
            (Err(fault), Some(token)) if fault.kind == FaultKind::MissingScope => {
                let text = format!(
                    "GitLab takes the token. Whose it is, is not visible to its scopes ({}): it is of user number {}.",
                    crate::text::sanitise(&token.scopes.join(", "), 200),
                    token.user_id
                );
                return Err(Fault { text, ..fault });
            }
            (Err(fault), _) => return Err(fault),
        };
        if token.as_ref().is_some_and(|token| token.user_id != user.id) {
            let text = "GitLab told two different accounts for one token.";
            return Err(Fault::new(FaultKind::NotTheApi, text).remedy(super::look_at_the_host()));
        }
        let (word, kind) = kind_of(&user, token.as_ref());
        let kind_of_token = word.and_then(|word| token_kind(self.0.site.provider, word));
        Ok(Identity { login: user.username, id: user.id.to_string(), kind, token: kind_of_token })
    }

    async fn grants(&self) -> Result<Grants, Fault> {
        let Some(token) = self.token().await? else { return Ok(Grants::NotTold) };
        // Such a token's only "scope" says that its authority is elsewhere.
        if token.granular || token.scopes.iter().any(|scope| scope == "granular") {
            return Ok(Grants::NotTold);
        }
        let named = |scope: &&String| {
            (1..=64).contains(&scope.len()) && scope.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        let known = token.scopes.iter().filter(named).cloned().collect();
        Ok(if token.scopes.iter().all(|scope| named(&scope)) { Grants::Known(known) } else { Grants::Partial(known) })
    }

    /// The token ends when its last day begins ("Personal access tokens", expiration).
    async fn expiry(&self) -> Result<Expiry, Fault> {
        let Some(token) = self.token().await? else { return Ok(Expiry::NotTold) };
        let Some(text) = token.expires_at else { return Ok(Expiry::Never) };
        let day = text.parse::<Date>().ok().and_then(|day| day.to_zoned(TimeZone::UTC).ok());
        Ok(day.map_or(Expiry::NotTold, |day| Expiry::At(day.timestamp())))
    }
}

impl GitLab {
    /// What the token tells about itself; `None` where this version or this fine-grained token does not let it.
    pub(super) async fn token(&self) -> Result<Option<wire::Token>, Fault> {
        let me = self.clone();
        self.0.token.ask((), || async move { me.token_now().await }).await
    }

    async fn token_now(&self) -> Result<Option<wire::Token>, Fault> {
        let subject = "the token's own description";
        let answer = self.send(&self.get("/personal_access_tokens/self")).await?;
        if answer.status == 200 {
            return answer.json(subject).map(Some);
        }
        let silent = Refusal::read(&answer)
            .is_some_and(|refusal| refusal.no_route || refusal.code == "insufficient_granular_scope");
        if silent { Ok(None) } else { Err(self.refused_as(&answer, subject, None)) }
    }

    /// Whether the token is fine-grained, as far as it is known already.
    pub(super) async fn granular(&self) -> Option<bool> {
        self.token().await.ok().map(|token| token.is_none_or(|token| token.granular))
    }

    pub(super) async fn user(&self) -> Result<wire::User, Fault> {
        let me = self.clone();
        self.0.user.ask((), || async move { me.user_now().await }).await
    }

    async fn user_now(&self) -> Result<wire::User, Fault> {
        let subject = "the account of this token";
        let user: wire::User = self.read("/user", subject).await?.0;
        let fine = (1..=255).contains(&user.username.len())
            && user.username.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        let text = "GitLab told an account without a name that can be one.";
        if fine { Ok(user) } else { Err(Fault::new(FaultKind::NotTheApi, text).remedy(super::look_at_the_host())) }
    }
}

/// The tokens of projects and groups belong to robots that GitLab names after them ("Bot users for projects").
fn kind_of(user: &wire::User, token: Option<&wire::Token>) -> (Option<&'static str>, IdentityKind) {
    let made_for = |word: &str| {
        let rest = user.username.strip_prefix(word).and_then(|rest| rest.strip_prefix('_'));
        rest.and_then(|rest| rest.split_once("_bot"))
            .is_some_and(|(number, _)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if made_for("project") {
        (Some("project"), IdentityKind::Bot)
    } else if made_for("group") {
        (Some("group"), IdentityKind::Bot)
    } else if user.username.starts_with("service_account_") || user.bot {
        (Some("service-account"), IdentityKind::Bot)
    } else if token.is_some_and(|token| token.granular) {
        (Some("fine-grained"), IdentityKind::User)
    } else {
        // A person's, or that of a service account which was renamed: nothing tells them apart.
        (None, IdentityKind::User)
    }
}
