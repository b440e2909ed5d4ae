//! The store `file`: one file in clear text with one secret in it, which only its owner can read.
//!
//! The path in the config names the file exactly; no part of it is computed when the secret is read. The first secret
//! is at the path that was chosen, `token` say. A rotation asks for the [`successor`], `token.2`, writes that one
//! beside the first, and the config then names it. So no generation is ever overwritten by the next.

use std::path::Path;

use zeroize::Zeroizing;

use super::{StoreFault, StoreFaultKind, one_line, tame};
use crate::disk;
use crate::secret::{Secret, Store};

/// The store for the secret of `generation`, where the one before is in `store`: what the config will name.
///
/// Only a file gets another name; the other stores know generations themselves, or know none.
pub fn successor(store: &Store, generation: u64) -> Store {
    let Store::File(path) = store else { return store.clone() };
    let Some(name) = path.file_name() else { return store.clone() };
    let before = format!(".{}", generation.saturating_sub(1));
    // A name that is not Unicode keeps its whole name: the number is only added.
    let chosen = name.to_str().and_then(|name| name.strip_suffix(&before)).filter(|chosen| !chosen.is_empty());
    let mut next = chosen.map_or_else(|| name.to_owned(), Into::into);
    if generation > 1 {
        next.push(format!(".{generation}"));
    }
    Store::File(path.with_file_name(next))
}

/// The secret in the file at `path`.
pub fn read(path: &Path) -> Result<Secret, StoreFault> {
    let Some(text) = disk::read(path)? else {
        return Err(StoreFault::new(
            StoreFaultKind::Missing,
            format!("{} does not exist.", described(path)),
            "Put the token into that file, or name another source.",
        ));
    };
    one_line(&described(path), text.as_bytes())
}

pub(super) fn probe(path: &Path) -> Result<(), StoreFault> {
    is_free(path)?;
    Ok(disk::probe(path)?)
}

pub(super) fn write(path: &Path, secret: &Secret) -> Result<(), StoreFault> {
    is_free(path)?;
    let mut line = Zeroizing::new(String::with_capacity(secret.expose().len() + 1));
    line.push_str(secret.expose());
    line.push('\n');
    disk::replace(path, &line)?;
    Ok(())
}

pub(super) fn remove(path: &Path) -> Result<bool, StoreFault> {
    is_free(path)?;
    Ok(disk::remove(path)?)
}

/// Refuses to touch a file that holds something else than a token: a mistyped path must not cost a file of the user's.
fn is_free(path: &Path) -> Result<(), StoreFault> {
    match disk::read(path)? {
        Some(text) if !text.trim().is_empty() && one_line("", text.as_bytes()).is_err() => Err(StoreFault::new(
            StoreFaultKind::Occupied,
            format!("{} holds something that is no token, so it was left alone.", described(path)),
            "Choose a path where there is no file yet.",
        )),
        _ => Ok(()),
    }
}

pub(super) fn described(path: &Path) -> String {
    format!("The file {}", tame(&path.display().to_string()))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn each_generation_has_a_file_of_its_own() {
        let next = |path: &str, generation| match successor(&Store::File(PathBuf::from(path)), generation) {
            Store::File(path) => path.display().to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(next("/s/token", 1), "/s/token");
        assert_eq!(next("/s/token", 2), "/s/token.2");
        assert_eq!(next("/s/token.2", 3), "/s/token.3");
        assert_eq!(next("/s/token.9", 10), "/s/token.10");
        // The user's own number is not a generation.
        assert_eq!(next("/s/token.7", 2), "/s/token.7.2");
        assert_eq!(next("/s/.1", 2), "/s/.1.2");
        assert_eq!(successor(&Store::Keyring, 2), Store::Keyring);
    }
}
