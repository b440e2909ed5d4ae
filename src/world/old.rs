//! The replaced token at the forge: revoked on request, and asked with once to see whether it is dead.

use super::World;
use crate::config::{Connection, ExpiresSource};
use crate::fact::{Credential, Fault, FaultKind, Remedy, Site};
use crate::forge;
use crate::secret::{Secret, Store};
use crate::store::Entry;
use crate::wizard::{Done, Wizard};

impl World {
    /// Ends the token for ever, where nobody here uses it any more.
    pub(super) async fn revoke_old(
        &self,
        site: &Site,
        old: &Credential,
        new: &Credential,
        held: &Connection,
    ) -> Result<Done, Fault> {
        let secret = self.secret(old)?;
        if secret.same_as(&self.secret(new)?) {
            let text = "The new token is the one that was in use before, so it was not revoked.";
            let remedy = Remedy::new("Make another token, and rotate with that one.");
            return Err(Fault::new(FaultKind::NoAccess, text).remedy(remedy));
        }
        self.nobody_else_uses(held, &secret, "it was not revoked").await?;
        self.line(site, Some(old))?.revoke_token().await.map(|()| Done::Revoked)
    }

    /// Asks once with the token, through a connection that remembers nothing: [`Done::Dead`] where the forge refuses it.
    ///
    /// # Errors
    /// Nobody answered who could tell.
    pub async fn look_at_old(&self, site: &Site, old: &Credential) -> Result<Done, Fault> {
        let secret = self.secret(old)?;
        let forge = forge::connect(site, Some(&secret), old.rest_user.as_deref(), &self.outside)?;
        match forge.identity().await {
            Err(fault) if fault.is_refusal() => Ok(Done::Dead),
            Ok(_) => Ok(Done::Alive),
            Err(fault) if fault.accepted => Ok(Done::Alive),
            Err(fault) => Err(fault),
        }
    }

    /// Whether the token that was given is the one that the old place gives, wherever each of them rests.
    pub fn is_unchanged(&self, wizard: &Wizard) -> bool {
        let both = wizard.current().zip(wizard.credential());
        let read = both.and_then(|(old, new)| self.secret(&old).ok().zip(self.secret(&new).ok()));
        read.is_some_and(|(old, new)| old.same_as(&new))
    }

    /// Who else has the token that was replaced, among the connections at the same forge.
    pub async fn copies_of_old(&self, wizard: &Wizard) -> Copies {
        let Some((held, secret)) = wizard.held().zip(wizard.current()) else { return Copies::default() };
        let Ok(secret) = self.secret(&secret) else { return Copies::default() };
        // For a list nobody's programs are run.
        self.copies(held, &secret, false).await.unwrap_or_default()
    }

    /// No other connection uses this very token, which would end with it: `instead` says what is not done then.
    pub(super) async fn nobody_else_uses(&self, old: &Connection, secret: &Secret, instead: &str) -> Result<(), Fault> {
        let copies = self.copies(old, secret, true).await?;
        let (text, remedy) = if !copies.seen.is_empty() {
            let names = copies.seen.join(", ");
            let each: Vec<_> = copies.seen.iter().map(|name| format!("git-access rotate {name}")).collect();
            let first = format!("Give {names} another token first ({}).", each.join(", "));
            (format!("The same token is used by {names}, and would end there too: {instead}."), first)
        } else if !copies.unseen.is_empty() {
            let names = copies.unseen.join(", ");
            let text = format!("Nobody can see from here whether {names} uses the same token: {instead}.");
            (text, "Run this where that token can be read, or end the old one on the provider's page once nothing uses it.".into())
        } else {
            return Ok(());
        };
        Err(Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new(remedy)))
    }

    /// Who else has this secret, which is or was that of `old`.
    async fn copies(&self, old: &Connection, secret: &Secret, runs_programs: bool) -> Result<Copies, Fault> {
        let mut copies = Copies::default();
        for other in self.config()?.connections() {
            let Some(token) = other.token.as_ref().filter(|_| other.site.host == old.site.host && other.id != old.id)
            else {
                continue;
            };
            let entry = Entry { id: other.id.clone(), generation: token.generation };
            let read = match &token.store {
                Store::Command(_) if !runs_programs => None,
                store => self.stores.read(store, &entry).await.ok(),
            };
            match read {
                Some(there) if there.same_as(secret) => copies.seen.push(other.name.clone()),
                Some(_) => {}
                None if are_apart(old, other) => {}
                None => copies.unseen.push(other.name.clone()),
            }
        }
        Ok(copies)
    }
}

/// The connections that use a token, by name.
#[derive(Debug, Default)]
pub struct Copies {
    pub seen: Vec<String>,
    /// What they use cannot be read here, and may be the same.
    pub unseen: Vec<String>,
}

/// Whether the two cannot have the same token, by what was seen of it: another account, kind, or end.
fn are_apart(one: &Connection, other: &Connection) -> bool {
    fn differ<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
        one.zip(other).is_some_and(|(one, other)| one != other)
    }
    let account = |of: &Connection| {
        of.verified.as_ref().and_then(|seen| seen.identity.as_ref()).map(|login| login.to_lowercase())
    };
    let kind = |of: &Connection| of.token.as_ref().and_then(|token| token.kind);
    let ends = |of: &Connection| {
        let token = of.token.as_ref().filter(|token| token.expires_source == ExpiresSource::Provider);
        token.and_then(|token| token.expires)
    };
    differ(account(one), account(other)) || differ(kind(one), kind(other)) || differ(ends(one), ends(other))
}
