//! Scopes, where the token's list of them is not told: each is seen in what it opens.
//!
//! Only what reads is tried here; the scopes on repositories are seen in git's own answer.

use super::Gitea;
use crate::fact::{Fault, Place, Right};
use crate::forge::part;

impl part::Right for Gitea {
    async fn right(&self, _place: &Place, scope: &str, _probe: bool) -> Result<Right, Fault> {
        match scope {
            "read:user" => self.user().await.map(|_| Right::Held),
            "read:organization" => self.lists_organisations().await.map(|()| Right::Held),
            _ => Ok(Right::NotTold(
                "It could not be seen: this server does not list the scopes of a token, and nothing harmless tells this one."
                    .to_owned(),
            )),
        }
    }
}
