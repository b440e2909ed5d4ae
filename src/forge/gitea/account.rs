//! Whose token it is, and what it may do.
//!
//! No header lists the scopes. Three places tell them, and which one does depends on program and version:
//! 1. `GET /token`, from Gitea 1.27 on (<https://github.com/go-gitea/gitea/pull/37995>): the token about itself, also
//!    without any scope.
//! 2. A refusal for want of a scope: Gitea 1.26 names all that the token holds. `GET /admin/cron` is refused to
//!    everybody who is not to administer the server, and the scopes are looked at first (`routers/api/v1/api.go`).
//! 3. The list of the account's tokens, where the last eight digits tell which one is ours. It is given to those who sign
//!    in with Basic only (<https://github.com/go-gitea/gitea/issues/25511>); what it says about other tokens is dropped.
//!
//! Where none of them tells, nothing is claimed.

use std::collections::BTreeSet;

use super::list::LIMIT;
use super::refusal::{Refusal, is_scope};
use super::{Gitea, wire};
use crate::fact::{Expiry, Fault, FaultKind, Grants, Identity, IdentityKind, Told};
use crate::forge::client::{LONGEST_LIST, Sign};
use crate::forge::part;

/// What is known of the token itself.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub grants: Grants,
    /// Whether it reaches chosen repositories only (Forgejo 15).
    pub limited: Told,
    /// Whose it is, where that was told along.
    pub holder: Option<Identity>,
}

impl Token {
    fn untold() -> Self {
        Self { grants: Grants::NotTold, limited: Told::NotTold, holder: None }
    }

    fn of(scopes: &[String], limited: Told) -> Self {
        let known: BTreeSet<_> = scopes.iter().filter(|scope| is_scope(scope)).cloned().collect();
        let whole = scopes.iter().all(|scope| is_scope(scope));
        Self { grants: if whole { Grants::Known(known) } else { Grants::Partial(known) }, limited, holder: None }
    }
}

impl part::Account for Gitea {
    async fn identity(&self) -> Result<Identity, Fault> {
        self.user().await
    }

    async fn grants(&self) -> Result<Grants, Fault> {
        Ok(self.token().await?.grants)
    }

    /// Neither program can give a token an end; that this one is alive is what is asked.
    async fn expiry(&self) -> Result<Expiry, Fault> {
        match self.user().await {
            Err(fault) if !fault.accepted => Err(fault),
            _ => Ok(Expiry::Never),
        }
    }
}

impl Gitea {
    pub(super) async fn user(&self) -> Result<Identity, Fault> {
        let me = self.clone();
        self.0.user.ask((), || async move { me.user_now().await }).await
    }

    async fn user_now(&self) -> Result<Identity, Fault> {
        let subject = "the account of this token";
        let answer = match self.read("/user", subject).await {
            Ok(answer) => answer,
            // Without read:user the account hides; the token may still tell whose it is.
            Err(fault) if fault.kind == FaultKind::MissingScope => {
                let holder = self.token_about_itself().await.ok().flatten().and_then(|token| token.holder);
                return holder.ok_or(fault);
            }
            Err(fault) => return Err(fault),
        };
        let user: wire::User = answer.json(subject)?;
        identity(user.id, &user.login, self).ok_or_else(|| answer.not_the_api(subject))
    }

    pub(super) async fn token(&self) -> Result<Token, Fault> {
        let me = self.clone();
        self.0.token.ask((), || async move { me.token_now().await }).await
    }

    async fn token_now(&self) -> Result<Token, Fault> {
        if let Some(token) = self.token_about_itself().await? {
            return Ok(token);
        }
        if let Some(token) = self.token_in_a_refusal().await? {
            return Ok(token);
        }
        match self.user().await {
            Ok(identity) => self.token_in_the_list(&identity.login).await,
            Err(fault) if fault.kind == FaultKind::MissingScope => Ok(Token::untold()),
            Err(fault) => Err(fault),
        }
    }

    async fn token_about_itself(&self) -> Result<Option<Token>, Fault> {
        let subject = "the scopes of this token";
        let answer = self.send(&self.get("/token")).await?;
        match answer.status {
            200 => {}
            // An address that the server does not have is answered in many ways; only a server in trouble matters.
            400..500 if answer.status != 429 => return Ok(None),
            _ => return Err(self.refused(&answer, subject)),
        }
        let told: wire::Introspected = answer.json(subject)?;
        let holder = identity(told.user.id, &told.user.login, self).ok_or_else(|| answer.not_the_api(subject))?;
        Ok(Some(Token { holder: Some(holder), ..Token::of(&told.scopes, Told::No) }))
    }

    async fn token_in_a_refusal(&self) -> Result<Option<Token>, Fault> {
        let subject = "the scopes of this token";
        let answer = self.send(&self.get("/admin/cron?limit=1")).await?;
        if answer.status == 429 || answer.status >= 500 {
            return Err(self.refused(&answer, subject));
        }
        let held = Refusal::read(&answer).and_then(|refusal| refusal.scopes()).and_then(|scopes| scopes.held);
        Ok(held.map(|held| Token::of(&held, Told::NotTold)))
    }

    /// A refusal here is none of the credential: some servers give this list for a password only.
    async fn token_in_the_list(&self, login: &str) -> Result<Token, Fault> {
        let subject = "the tokens of the account";
        let mut ours = Vec::new();
        for number in 1..=10 {
            let path = format!("/users/{login}/tokens?limit={LIMIT}&page={number}");
            let request = self.get(&path).sign(Sign::Basic(login.to_owned())).up_to(LONGEST_LIST);
            let answer = self.0.client.send(&request).await?;
            if answer.status != 200 {
                return answer.general_fault().map_or_else(|| Ok(Token::untold()), Err);
            }
            let rows: Vec<wire::Listed> = answer.json(subject)?;
            let last = rows.len() < LIMIT;
            ours.extend(rows.into_iter().filter(|row| self.is_ours(&row.token_last_eight)));
            if last {
                break;
            }
        }
        let [ours] = ours.as_slice() else { return Ok(Token::untold()) };
        let limited = ours.repositories.as_ref().is_some_and(|list| !list.is_null());
        Ok(Token::of(&ours.scopes, if limited { Told::Yes } else { Told::No }))
    }
}

impl Gitea {
    fn is_ours(&self, last_eight: &str) -> bool {
        last_eight.len() == 8 && self.0.secret.as_ref().is_some_and(|secret| secret.ends_with(last_eight))
    }
}

fn identity(id: i64, login: &str, forge: &Gitea) -> Option<Identity> {
    let login = forge.0.site.provider.rules().owner_name(login).ok()?;
    (id > 0).then(|| Identity { login, id: id.to_string(), kind: IdentityKind::User, token: None })
}
