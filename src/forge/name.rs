//! Names: made safe before they stand in an address, and looked at before they are handed on.

use crate::fact::{Fault, FaultKind, OwnerPath, Place, Remedy, Site};
use crate::text::is_plain;

/// The owner's name, safe for an address.
pub fn owner(site: &Site, owner: &OwnerPath) -> Result<String, Fault> {
    site.provider.rules().owner_name(&owner.owner).map_err(not_a_name)
}

/// The repository's name, safe for an address.
pub fn repository(site: &Site, place: &Place) -> Result<String, Fault> {
    site.provider.rules().repository_name(&place.name).map_err(not_a_name)
}

/// The place with names that are safe for an address, where no project stands between.
pub fn place(site: &Site, place: &Place) -> Result<Place, Fault> {
    let name = repository(site, place)?;
    Ok(Place { owner: OwnerPath { owner: owner(site, &place.owner)?, project: None }, name })
}

/// No forge was asked about a name that cannot be one: nothing of this name exists there.
pub fn not_a_name(reason: impl std::fmt::Display) -> Fault {
    Fault::new(FaultKind::NotFound, format!("Nothing can have this name: {reason}."))
        .remedy(Remedy::new("Correct the name."))
}

/// A branch name that git itself would take, as far as it matters where names are shown and handed on (git-check-ref-format).
pub fn is_branch(name: &str) -> bool {
    let odd = |character: char| character.is_whitespace() || "~^:?*[\\".contains(character);
    (1..=255).contains(&name.len())
        && is_plain(name)
        && !name.starts_with('-')
        && !name.contains("..")
        && !name.contains(odd)
}
