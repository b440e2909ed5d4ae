//! Whose token it is, and how far it reaches.
//!
//! No API tells a personal access token its scopes or its end: the one that lists tokens takes a token of Entra
//! (<https://learn.microsoft.com/en-us/rest/api/azure/devops/tokens/pats>). Only this shows: a token for one
//! organisation is refused where accounts are asked about, and one for all of them is let in. Those stop working on
//! 2026-12-01 (<https://devblogs.microsoft.com/devops/retirement-of-global-personal-access-tokens-in-azure-devops/>).

use jiff::Timestamp;

use super::wire::is_guid;
use super::{AzureDevops, wire};
use crate::fact::{Expiry, Fault, FaultKind, Grants, Identity, IdentityKind, Remedy};
use crate::forge::client::{Answer, Request};
use crate::forge::part;
use crate::text::is_plain;

/// Who answers for nobody in organisations with public projects.
const ANONYMOUS: &str = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa";
/// 2026-12-01T00:00:00Z
const END_OF_GLOBAL: Timestamp = Timestamp::constant(1_796_083_200, 0);
const GLOBAL: &str = "It is for all accessible organisations, and Azure DevOps refuses all such tokens from 2026-12-01 on: make one for this organisation alone.";

/// Who was let in, and where.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub identity: Identity,
    /// The id of the organisation or collection.
    pub instance: String,
}

/// The account as it is known outside every organisation; only a token for all of them is told.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    pub id: String,
    /// The moment of the answer, by the server's clock.
    pub at: Timestamp,
}

impl part::Account for AzureDevops {
    async fn identity(&self) -> Result<Identity, Fault> {
        Ok(self.user().await?.identity)
    }

    /// No API tells a token its own scopes.
    async fn grants(&self) -> Result<Grants, Fault> {
        self.user().await.map(|_| Grants::NotTold)
    }

    async fn expiry(&self) -> Result<Expiry, Fault> {
        self.user().await?;
        Ok(match self.profile().await {
            // What is still let in after the day has another end, which is not told.
            Some(profile) if profile.at < END_OF_GLOBAL => Expiry::NoLaterThan(END_OF_GLOBAL, GLOBAL),
            _ => Expiry::NotTold,
        })
    }
}

impl AzureDevops {
    pub(super) async fn user(&self) -> Result<Account, Fault> {
        let me = self.clone();
        self.0.user.ask((), || async move { me.user_now().await }).await
    }

    async fn user_now(&self) -> Result<Account, Fault> {
        let subject = "the account of this token";
        // Without a version: it is a preview everywhere, and older servers know others.
        let answer = self.send(Request::get(self.0.site.api.join("/_apis/connectionData"))).await?;
        let told: wire::Connection = match answer.json(subject) {
            Ok(told) if answer.status == 200 => told,
            _ => return Err(self.0.rejected.note(self.refused(&answer, subject, false))),
        };
        let user = &told.authenticated_user;
        if user.id.eq_ignore_ascii_case(ANONYMOUS) || user.descriptor.starts_with("System:PublicAccess") {
            return Err(self.0.rejected.note(anonymous(self, &answer)));
        }
        let login = login(user).filter(|_| is_guid(&user.id) && is_guid(&told.instance_id));
        let kind = kind(&user.descriptor);
        let (Some(login), Some(kind)) = (login, kind) else { return Err(answer.not_the_api(subject)) };
        Ok(Account { identity: Identity { login, id: user.id.clone(), kind, token: None }, instance: told.instance_id })
    }

    /// The account outside every organisation, where the token is let in there. A refusal proves nothing, and nor does
    /// silence: neither is a fault.
    pub(super) async fn profile(&self) -> Option<Profile> {
        let me = self.clone();
        self.0.reach.ask((), || async move { me.profile_now().await }).await.ok().flatten()
    }

    async fn profile_now(&self) -> Result<Option<Profile>, Fault> {
        let Some(host) = self.0.site.provider.rules().accounts(&self.0.site) else { return Ok(None) };
        let answer = self.send(Request::get(host.join("/_apis/profile/profiles/me?api-version=7.1"))).await?;
        if answer.status != 200 {
            return Ok(None);
        }
        let told: wire::Profile = answer.json("a profile")?;
        let known = is_guid(&told.id) && is_guid(&told.public_alias) && told.id != ANONYMOUS;
        let at = answer.date().unwrap_or_else(Timestamp::now);
        Ok(known.then_some(Profile { id: told.id, at }))
    }
}

fn anonymous(forge: &AzureDevops, answer: &Answer) -> Fault {
    let site = &forge.0.site;
    let text = "The organisation answered as it does to somebody without a token: it does not take this one. It does not tell whether the token has ended, was revoked, is mistyped, or belongs to another organisation.";
    let remedy = "Make a new token in this very organisation, and use it here.";
    let page = site.provider.rules().tokens_page(site, None);
    answer.fault(FaultKind::Auth, text).remedy(Remedy::at(remedy, page))
}

/// The name with which the account signs in: an e-mail address at Services, a user name at Server.
fn login(user: &wire::Authenticated) -> Option<String> {
    let account = user.properties.account.as_ref().and_then(|account| account.value.as_deref());
    let from_descriptor = user.descriptor.rsplit_once('\\').map(|(_, name)| name);
    let named = [account, from_descriptor, user.provider_display_name.as_deref()];
    let fine = |name: &&str| (1..=256).contains(&name.len()) && is_plain(name) && name.trim() == *name;
    named.into_iter().flatten().find(fine).map(str::to_owned)
}

/// What the descriptor begins with (`IdentityConstants` of microsoft/azure-devops-node-api, and what is seen in answers).
fn kind(descriptor: &str) -> Option<IdentityKind> {
    let (kind, name) = descriptor.split_once(';')?;
    if name.is_empty() {
        return None;
    }
    match kind.rsplit('.').next()? {
        "ClaimsIdentity" | "WindowsIdentity" | "BindPendingIdentity" => Some(IdentityKind::User),
        "AadServicePrincipal" | "ServicePrincipal" => Some(IdentityKind::App),
        _ => Some(IdentityKind::Bot),
    }
}
