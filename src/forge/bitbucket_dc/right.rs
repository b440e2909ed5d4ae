//! Permissions, where the token's list of them is not told: each is seen in what it opens. All of it reads.

use super::{BitbucketDc, repository, wire};
use crate::fact::{Fault, FaultKind, Place, Remedy, Right};
use crate::forge::{name, part};

impl part::Right for BitbucketDc {
    async fn right(&self, place: &Place, scope: &str, _probe: bool) -> Result<Right, Fault> {
        let place = name::place(&self.0.site, place)?;
        let owner = &place.owner.owner;
        let held = match scope {
            "PROJECT_READ" => self.project(owner).await.map(|_| true)?,
            // Only administrators may list who has which permission.
            "PROJECT_ADMIN" => self.administers(owner).await?,
            "REPO_ADMIN" => {
                let path = format!("{}/permissions/users?limit=1", repository::path(&place));
                let subject = format!("the permissions of {}", repository::subject(&place));
                self.is_let::<wire::Permitted>(&path, &subject).await?
            }
            _ => {
                let text = "It could not be seen: no API lists the permissions of a token, and nothing harmless tells this one.";
                return Ok(Right::NotTold(text.to_owned()));
            }
        };
        if held {
            return Ok(Right::Held);
        }
        let rules = self.0.site.provider.rules();
        let title = rules.scope_title(scope).to_ascii_lowercase();
        let text = format!("The account or the token does not have “{title}” there; the server does not tell which.");
        let remedy = format!("Ask an administrator of {owner} for it, and make a token with “{title}”.");
        let page = rules.tokens_page(&self.0.site, None);
        Err(Fault::new(FaultKind::MissingScope, text).remedy(Remedy::at(remedy, page)).accepted())
    }
}
