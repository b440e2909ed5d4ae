//! Whose token it is, of what kind, and what it may do: all from `GET /user`.
//!
//! Its headers `x-oauth-scopes` and `x-credential-type` describe the token whatever the status is: an access token, behind
//! which there is no user, is refused with 403 and described all the same ("How to fetch the scope of a token via command
//! line?", Atlassian support). So they are read before the status. Not every kind of token is described on every answer:
//! what is absent is not told, and not none. Nothing tells when a token ends.

use std::collections::BTreeSet;

use super::refusal::{self, Refusal};
use super::{Bitbucket, wire};
use crate::fact::{Expiry, Fault, FaultKind, Grants, Identity, IdentityKind, Recognised, Remedy};
use crate::forge::client::Answer;
use crate::forge::part;
use crate::provider::{TokenKind, token_kind};

/// What is known once the API has taken the token.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub user: Behind,
    pub kind: Option<TokenKind>,
    pub grants: Grants,
}

/// Who is behind a token.
#[derive(Clone, Debug)]
pub(super) enum Behind {
    User(wire::User),
    /// There is no user: an access token.
    Nobody,
    /// There is one, and the scopes do not let it be seen.
    Hidden(Fault),
}

impl Session {
    pub fn user(&self) -> Option<&wire::User> {
        match &self.user {
            Behind::User(user) => Some(user),
            _ => None,
        }
    }
}

impl part::Account for Bitbucket {
    async fn identity(&self) -> Result<Identity, Fault> {
        let session = self.session().await?;
        match session.user {
            Behind::User(user) => {
                let named = user.username.filter(|name| !name.is_empty() && crate::text::is_plain(name));
                let login = named.unwrap_or(user.nickname);
                Ok(Identity { login, id: user.uuid, kind: IdentityKind::User, token: session.kind })
            }
            Behind::Nobody => {
                let access = token_kind(self.0.site.provider, "repository-access");
                let login = self.0.site.provider.rules().git_user(session.kind.or(access), None);
                Ok(Identity { id: String::new(), login, kind: IdentityKind::Bot, token: session.kind })
            }
            Behind::Hidden(fault) => Err(Fault {
                text: format!("Bitbucket takes the token, and does not tell whose it is. {}", fault.text),
                ..fault
            }),
        }
    }

    async fn grants(&self) -> Result<Grants, Fault> {
        Ok(self.session().await?.grants)
    }

    /// No answer of Bitbucket's tells it; the page of the token does.
    async fn expiry(&self) -> Result<Expiry, Fault> {
        self.session().await.map(|_| Expiry::NotTold)
    }
}

impl Bitbucket {
    pub(super) async fn session(&self) -> Result<Session, Fault> {
        let me = self.clone();
        self.0.session.ask((), || async move { me.session_now().await }).await
    }

    async fn session_now(&self) -> Result<Session, Fault> {
        let subject = "the account of this token";
        let answer = self.send(self.get("/user")).await?;
        if answer.status == 200 {
            let user: wire::User = answer.json(subject)?;
            let named = !user.nickname.trim().is_empty() && crate::text::is_plain(&user.nickname);
            if user.kind != "user" || !wire::is_uuid(&user.uuid) || !named {
                return Err(answer.not_the_api(subject));
            }
            let kind = self.kind_told(&answer, true)?;
            return Ok(Session { user: Behind::User(user), kind, grants: grants(&answer) });
        }
        let asking = self.asking(subject);
        let fault = refusal::fault(&answer, &asking);
        let Some(told) = Refusal::read(&answer).filter(|_| fault.accepted) else { return Err(fault) };
        let kind = self.kind_told(&answer, false)?;
        let user = if told.is_of_mechanism() || kind.is_some_and(|kind| kind.0 != "api") {
            Behind::Nobody
        } else if fault.kind == FaultKind::MissingScope {
            Behind::Hidden(fault)
        } else {
            return Err(fault);
        };
        Ok(Session { user, kind, grants: grants(&answer) })
    }

    /// The kind, as the header tells it, else as the text of the token does.
    fn kind_told(&self, answer: &Answer, has_user: bool) -> Result<Option<TokenKind>, Fault> {
        let word = match answer.header("x-credential-type").as_deref() {
            Some("repo_access_token") => Some("repository-access"),
            Some("project_access_token") => Some("project-access"),
            Some("workspace_access_token") => Some("workspace-access"),
            Some("api_token") => Some("api"),
            Some("apppassword") => return Err(refusal::app_password(&self.asking("the API"))),
            Some("oauth2" | "oauth2_access_token") => {
                let text = "It is an OAuth access token, which ends after two hours.";
                let page = self.0.site.provider.rules().tokens_page(&self.0.site, None);
                let remedy = Remedy::at("Make an API token with scopes, or an access token, and use it here.", page);
                return Err(Fault::new(FaultKind::WrongKind, text).remedy(remedy).accepted());
            }
            _ => None,
        };
        let by_text = match self.0.told {
            Recognised::Kind(kind) => Some(kind),
            _ => None,
        };
        let kind = word.and_then(|word| token_kind(self.0.site.provider, word)).or(by_text);
        // Behind nothing but an API token there is a user.
        Ok(kind.or_else(|| has_user.then(|| token_kind(self.0.site.provider, "api")).flatten()))
    }
}

/// The scopes in the header. Of each family only the highest are listed, so that they are read with what they imply.
fn grants(answer: &Answer) -> Grants {
    let Some(header) = answer.header("x-oauth-scopes") else { return Grants::NotTold };
    let named = |scope: &&str| {
        (1..=64).contains(&scope.len())
            && scope.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b":-_".contains(&byte))
    };
    let all: Vec<&str> = header.split([',', ' ']).filter(|scope| !scope.is_empty()).collect();
    let known: BTreeSet<String> = all.iter().copied().filter(named).map(str::to_owned).collect();
    if known.len() == all.iter().collect::<BTreeSet<_>>().len() { Grants::Known(known) } else { Grants::Partial(known) }
}
