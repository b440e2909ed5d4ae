//! What every forge tells about a creation that did not come back with a repository.

use super::part;
use crate::fact::{Fault, FaultKind, Place, Remedy, Repository};

/// What is said after a creation that no answer came to. It may have been carried out, and is not sent again: what is
/// there is looked up. The forge has forgotten by then what it knew of the place.
pub(super) async fn after_silence(
    forge: &impl part::Repository,
    place: &Place,
    fault: Fault,
) -> Result<Repository, Fault> {
    match forge.repository(place).await {
        Ok(repository) => Ok(repository),
        Err(seen) if seen.kind == FaultKind::NotFound => {
            let text = format!("{} Looked up afterwards: the repository was not created.", fault.text);
            Err(Fault { text, ..fault })
        }
        Err(_) => {
            let text = format!("{} Whether the repository was created could not be seen.", fault.text);
            let remedy = format!("Look for {} before trying again.", place.path());
            Err(Fault { text, ..fault }.remedy(Remedy::new(remedy)))
        }
    }
}

/// What is said where the name is in use: by a repository that the token sees, or by one that it does not.
/// Text and remedy.
pub(super) async fn taken(forge: &impl part::Repository, place: &Place) -> (String, &'static str) {
    let shown = place.path();
    if forge.repository(place).await.is_ok() {
        let text = format!("A repository {shown} exists already; nothing was created.");
        return (text, "Use the existing repository, or choose another name.");
    }
    let text = format!("A repository of the name {shown} exists but this token may not see it; nothing was created.");
    (text, "Choose another name, or a token that may see the repository.")
}
