//! What every forge tells about a key that is not where it was looked for, or did not get there.

use super::part;
use crate::fact::{Fault, FaultKind, Remedy, Site};
use crate::key::{Lock, NewKey, PublicKey, RegisteredKey};

/// What a key opens, as the object of a sentence.
pub(super) fn subject(lock: &Lock) -> String {
    match lock {
        Lock::Repository(place) => format!("the deploy keys of {}/{}", place.owner.owner, place.name),
        Lock::Account => "the SSH keys of the account".to_owned(),
    }
}

/// The key among those that are listed: the rows with the text of each. A whole list without it is `not-found`.
pub(super) fn among(
    rows: impl IntoIterator<Item = (String, RegisteredKey)>,
    cut: Option<String>,
    (site, lock, key): (&Site, &Lock, &PublicKey),
) -> Result<RegisteredKey, Fault> {
    let mine = rows.into_iter().filter(|(text, _)| PublicKey::parse(text).as_ref() == Ok(key));
    // The same key may be listed twice: the one that is let in counts.
    if let Some((_, found)) = mine.max_by_key(|(_, row)| row.usable) {
        return Ok(found);
    }
    let page = site.provider.rules().key_page(site, lock);
    if let Some(cut) = cut {
        let text = format!("The key is not among the first of {}. {cut}", subject(lock));
        return Err(Fault::new(FaultKind::NoAccess, text).remedy(Remedy::at("Look for it there.", page)).accepted());
    }
    let text = format!("{} is not among {}.", key.fingerprint(), subject(lock));
    Err(Fault::new(FaultKind::NotFound, text).remedy(Remedy::at("Register it there.", page)).accepted())
}

/// A list that the forge hides looks as if it were not there: that says nothing about the key.
pub(super) fn hidden(fault: Fault, site: &Site, lock: &Lock, wanted: &str) -> Fault {
    if fault.kind != FaultKind::NotFound {
        return fault;
    }
    let text = format!("{} does not show {} to this token.", site.provider, subject(lock));
    let page = site.provider.rules().tokens_page(site, None);
    Fault { kind: FaultKind::NoAccess, text, ..fault }.remedy(Remedy::at(wanted, page))
}

/// The same key opens something else already.
pub(super) fn elsewhere(site: &Site, new: &NewKey) -> Fault {
    let text = match new.lock {
        Lock::Repository(_) => format!(
            "{} has this key already, for another repository or for an account; nothing was registered.",
            site.provider
        ),
        Lock::Account => format!(
            "{} has this key already, for another account or for a repository; nothing was registered.",
            site.provider
        ),
    };
    let remedy = "Make a key for this access alone (`ssh.generate`), or remove this one where it is.";
    Fault::new(FaultKind::NoAccess, text).remedy(Remedy::at(remedy, page(site, new))).accepted()
}

/// The forge does not take this kind of key, or none of this length.
pub(super) fn unfit(site: &Site, new: &NewKey, words: &str) -> Fault {
    let text = format!("{} does not take this key ({}) and said “{words}”.", site.provider, new.key.algorithm());
    let remedy = "Make an ed25519 key (`ssh.generate`).";
    Fault::new(FaultKind::NoAccess, text).remedy(Remedy::at(remedy, page(site, new))).accepted()
}

/// Keys are switched off there.
pub(super) fn switched_off(site: &Site, new: &NewKey, words: &str) -> Fault {
    let text = format!("{} has switched such keys off and said “{words}”.", site.provider);
    let remedy = "Have an owner or administrator allow them; then run this again.";
    Fault::new(FaultKind::NoAccess, text).remedy(Remedy::at(remedy, page(site, new))).accepted()
}

/// What is said after a registration that no answer came to. It may have been carried out, and is not sent again: the key
/// is looked for.
pub(super) async fn after_silence(forge: &impl part::Key, new: &NewKey, fault: Fault) -> Result<RegisteredKey, Fault> {
    match forge.key(&new.lock, &new.key).await {
        Ok(key) => Ok(key),
        Err(seen) if seen.kind == FaultKind::NotFound => {
            let text = format!("{} Looked up afterwards: the key was not registered.", fault.text);
            Err(Fault { text, ..fault })
        }
        Err(_) => {
            let text = format!("{} Whether the key was registered could not be seen.", fault.text);
            Err(Fault { text, ..fault }.remedy(Remedy::new("Look for it at the forge before trying again.")))
        }
    }
}

/// The id of a key as a part of an address. It comes out of a config that can be edited by hand.
pub(super) fn id(id: &str) -> Result<&str, Fault> {
    if !id.is_empty() && id.len() <= 40 && id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(id);
    }
    Err(Fault::new(FaultKind::NotFound, "The id of the replaced key in the config is none that this forge gives.")
        .remedy(Remedy::new("Remove the key on the forge's own page.")))
}

fn page(site: &Site, new: &NewKey) -> String {
    site.provider.rules().key_page(site, &new.lock)
}
