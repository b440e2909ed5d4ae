//! Whose token it is, and what it may do.
//!
//! There is no endpoint for either. Every answer names the account in `X-AUSERNAME`, percent-encoded, and its number in
//! `X-AUSERID`. The account behind a project token is called `access-token-user/1/<id of the project>`, that behind a
//! repository token `access-token-user/2/<id of the repository>` (seen on Data Center 9.4 by pingdotgg/t3code,
//! `BitbucketServerApi.test.ts`, 2026-09-12), so the kind follows from the name.
//!
//! The list of a user's tokens says what each may do and when it ends, and not which one is asking. Where it holds one
//! only, that one is ours. Whether a token may read this list is documented nowhere; a refusal claims nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{BitbucketDc, refusal, wire};
use crate::fact::{Expiry, Fault, FaultKind, Grants, Identity, IdentityKind};
use crate::forge::client::Answer;
use crate::forge::part;
use crate::provider::TokenKind;
use crate::text::is_plain;

const USER: TokenKind = TokenKind("user-access");
const PROJECT: TokenKind = TokenKind("project-access");
const REPOSITORY: TokenKind = TokenKind("repository-access");

/// What is known of the token itself.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub grants: Grants,
    pub expiry: Expiry,
}

impl Token {
    const UNTOLD: Self = Self { grants: Grants::NotTold, expiry: Expiry::NotTold };
}

impl part::Account for BitbucketDc {
    async fn identity(&self) -> Result<Identity, Fault> {
        self.user().await
    }

    async fn grants(&self) -> Result<Grants, Fault> {
        Ok(self.token().await?.grants)
    }

    async fn expiry(&self) -> Result<Expiry, Fault> {
        Ok(self.token().await?.expiry)
    }
}

impl BitbucketDc {
    pub(super) async fn user(&self) -> Result<Identity, Fault> {
        let me = self.clone();
        self.0.user.ask((), || async move { me.user_now().await }).await
    }

    /// Any answer would tell. This one is given to every token, and its body shows that it is the API that speaks.
    async fn user_now(&self) -> Result<Identity, Fault> {
        let subject = "the account of this token";
        let answer = self.read("/projects?limit=1", subject).await?;
        let _projects: wire::Page<wire::Project> = answer.json(subject)?;
        let Some(login) = signed_in(&answer) else {
            return Err(self.0.rejected.keep(refusal::unknown_token(&self.0.site)));
        };
        let token = kind_of(&login);
        let id = answer.header("x-auserid").map(|id| id.trim().to_owned()).filter(|id| is_number(id));
        let kind = if token == USER { IdentityKind::User } else { IdentityKind::Bot };
        Ok(Identity { id: id.unwrap_or_else(|| login.clone()), login, kind, token: Some(token) })
    }

    pub(super) async fn token(&self) -> Result<Token, Fault> {
        let me = self.clone();
        self.0.token.ask((), || async move { me.token_now().await }).await
    }

    async fn token_now(&self) -> Result<Token, Fault> {
        let identity = self.user().await?;
        // A token of an OAuth client signs in as its user too, and stands in no list.
        if identity.token != Some(USER) || !self.0.marked {
            return Ok(Token::UNTOLD);
        }
        let subject = "the tokens of the account";
        let url = self.rest().join(&format!("/access-tokens/latest/users/{}", slug(&identity.login)));
        match self.list_at::<wire::Listed>(&url, subject).await {
            Ok((rows, None)) => Ok(ours(&rows)),
            Err(fault) if fault.kind.is_silence() && fault.kind != FaultKind::NotTheApi => Err(fault),
            Ok(_) | Err(_) => Ok(Token::UNTOLD),
        }
    }
}

/// The only token of a list; where there are several, nothing tells which one asks.
fn ours(rows: &[wire::Listed]) -> Token {
    let [only] = rows else { return Token::UNTOLD };
    let held: BTreeSet<_> = only.permissions.iter().filter(|held| is_permission(held)).cloned().collect();
    let whole = held.len() == only.permissions.len() && !held.is_empty();
    let expiry = match only.expiry_date.map(Timestamp::from_millisecond) {
        None => Expiry::Never,
        Some(Ok(at)) => Expiry::At(at),
        Some(Err(_)) => Expiry::NotTold,
    };
    Token { grants: if whole { Grants::Known(held) } else { Grants::NotTold }, expiry }
}

/// Who is signed in, as the answer says; `None` for nobody.
pub(super) fn signed_in(answer: &Answer) -> Option<String> {
    let told = answer.header("x-ausername")?;
    let encoded = format!("name={}", told.trim());
    let mut parts = url::form_urlencoded::parse(encoded.as_bytes());
    let (_, login) = parts.next().filter(|_| parts.next().is_none())?;
    let login = login.into_owned();
    let named = (1..=255).contains(&login.len()) && is_plain(&login) && !login.contains([':', ' ', '\u{fffd}']);
    (named && login != "anonymous").then_some(login)
}

fn kind_of(login: &str) -> TokenKind {
    match login.strip_prefix("access-token-user/").and_then(|rest| rest.split_once('/')) {
        Some(("1", _)) => PROJECT,
        Some(_) => REPOSITORY,
        None => USER,
    }
}

/// The name of a user in addresses: in lower case, with an underscore for everything unusual.
pub(super) fn slug(login: &str) -> String {
    let usual = |letter: char| letter.is_ascii_alphanumeric() || ['.', '_', '-'].contains(&letter);
    login.chars().map(|letter| if usual(letter) { letter.to_ascii_lowercase() } else { '_' }).collect()
}

fn is_permission(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

fn is_number(text: &str) -> bool {
    (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_follows_from_the_name_of_the_account() {
        for (login, kind, in_addresses) in [
            ("octocat", USER, "octocat"),
            ("Octo.Cat@acme.example", USER, "octo.cat_acme.example"),
            ("access-token-user/1/3", PROJECT, "access-token-user_1_3"),
            ("access-token-user/2/11754", REPOSITORY, "access-token-user_2_11754"),
        ] {
            assert_eq!((kind_of(login), slug(login).as_str()), (kind, in_addresses));
        }
    }
}
