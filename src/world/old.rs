//! The replaced token at the forge: revoked on request, and asked with once to see whether it is dead.

use super::World;
use crate::fact::{Credential, Fault, FaultKind, Remedy, Site};
use crate::forge;
use crate::secret::Secret;
use crate::store::Entry;
use crate::wizard::{Done, Wizard};

impl World {
    /// Ends the token for ever, where nobody here uses it any more.
    pub(super) async fn revoke_old(&self, site: &Site, old: &Credential, new: &Credential) -> Result<Done, Fault> {
        let secret = self.secret(old)?;
        if secret.same_as(&self.secret(new)?) {
            let text = "The new token is the one that was in use before, so it was not revoked.";
            let remedy = Remedy::new("Make another token, and rotate with that one.");
            return Err(Fault::new(FaultKind::NoAccess, text).remedy(remedy));
        }
        self.nobody_else_uses(site, &secret).await?;
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

    /// The names of the other connections at the same forge that keep a copy of the token that was replaced.
    pub async fn copies_of_old(&self, wizard: &Wizard) -> Vec<String> {
        let Some((site, secret)) = wizard.answers().site().zip(wizard.current()) else { return Vec::new() };
        let Ok(secret) = self.secret(&secret) else { return Vec::new() };
        let Ok(config) = self.config() else { return Vec::new() };
        let own = wizard.held().map(|held| held.id.as_str());
        let mut copies = Vec::new();
        for other in config.connections().iter().filter(|other| other.site.host == site.host) {
            let Some(token) = other.token.as_ref().filter(|token| token.store.keeps()) else { continue };
            let entry = Entry { id: other.id.clone(), generation: token.generation };
            let there = self.stores.read(&token.store, &entry).await;
            if own != Some(&other.id) && there.is_ok_and(|there| there.same_as(&secret)) {
                copies.push(other.name.clone());
            }
        }
        copies
    }

    /// No other connection keeps a copy of this very token, which would end with it.
    async fn nobody_else_uses(&self, site: &Site, secret: &Secret) -> Result<(), Fault> {
        let config = self.config()?;
        let ours = |id: &str| self.holds(id);
        for other in config.connections().iter().filter(|other| other.site.host == site.host && !ours(&other.id)) {
            let Some(token) = &other.token else { continue };
            let entry = Entry { id: other.id.clone(), generation: token.generation };
            if self.stores.read(&token.store, &entry).await.is_ok_and(|there| there.same_as(secret)) {
                let text = format!("The connection {} uses the replaced token too, so it was not revoked.", other.name);
                let remedy = format!("Rotate it first: git-access rotate {}", other.name);
                return Err(Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new(remedy)));
            }
        }
        Ok(())
    }
}
