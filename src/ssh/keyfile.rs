//! The files of a key: read, and made new.
//!
//! The private half is looked at where it lies, to see that it belongs to the public one, and is wiped; only the public
//! half leaves this file.

use std::path::Path;

use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, LineEnding, PrivateKey};

use crate::disk::{self, DiskFault};
use crate::fact::{Fault, FaultKind, Remedy};
use crate::key::{KeyFiles, NotAKey, PublicHalf, PublicKey};

/// The public half, after a look at the private one where there is one.
///
/// # Errors
/// `not-found` where a file is not there, `Secret` for whatever is not as it has to be. No fault repeats what a file holds.
pub fn read_key(files: &KeyFiles) -> Result<PublicKey, Fault> {
    let key = match &files.public {
        PublicHalf::Line(key) => key.clone(),
        PublicHalf::File(path) => {
            let public = text(path)?.ok_or_else(|| absent(path))?;
            PublicKey::parse(&public).map_err(|reason| not_a_key(path, &reason))?
        }
    };
    let Some(private) = &files.private else { return Ok(key) };
    let own = public_half(private)?.ok_or_else(|| absent(private))?;
    if own == key {
        return Ok(key);
    }
    let text = format!("{} and {} are halves of two different keys.", files.public, private.display());
    Err(fault(text, "Give the two halves of one key."))
}

/// The public half that belongs to the private one at `path`.
///
/// # Errors
/// As for [`read_key`].
pub fn read_private(path: &Path) -> Result<PublicKey, Fault> {
    public_half(path)?.ok_or_else(|| absent(path))
}

/// Makes a new ed25519 key in the two files, or completes the pair whose private half is there and ours. Nothing that is
/// there is ever replaced.
///
/// # Errors
/// As for [`read_key`], and what keeps the files from being written.
pub fn generate(files: &KeyFiles, comment: &str) -> Result<PublicKey, Fault> {
    let KeyFiles { public: PublicHalf::File(public), private: Some(private) } = files else {
        return Err(fault("A new key needs a path.".to_owned(), "Give one as `ssh.generate`."));
    };
    if let Some(key) = public_half(private)? {
        return match text(public)? {
            Some(_) => read_key(files),
            None => disk::create(public, &format!("{key} {comment}\n"), 0o644).map_err(of_disk).map(|()| key),
        };
    }
    if text(public)?.is_some() {
        let text = format!("{} is there, and its private half is not.", public.display());
        return Err(fault(text, "Name another path for the new key."));
    }
    let broken = |_| fault("The system gave no key.".to_owned(), "Make one with ssh-keygen -t ed25519, and name it.");
    let mut new = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).map_err(broken)?;
    new.set_comment(comment);
    let key = new.public_key().to_openssh().map_err(broken)?;
    let key = PublicKey::parse(&key).map_err(|_| broken(ssh_key::Error::FormatEncoding))?;
    let secret = new.to_openssh(LineEnding::LF).map_err(broken)?;
    disk::create(private, &secret, 0o600).map_err(of_disk)?;
    disk::create(public, &format!("{key} {comment}\n"), 0o644).map_err(of_disk)?;
    Ok(key)
}

/// The public half that a private key holds; `None` where there is no file.
fn public_half(path: &Path) -> Result<Option<PublicKey>, Fault> {
    let Some(text) = text(path)? else { return Ok(None) };
    if !is_private_to_us(path) {
        let said = format!("{} can be read by others, so that ssh refuses it.", path.display());
        return Err(fault(said, &format!("Run {}", crate::disk::chmod(0o600, path))));
    }
    let key = PrivateKey::from_openssh(text.as_bytes()).map_err(|_| {
        let said = format!("{} is not a private key in OpenSSH's own form.", path.display());
        fault(said, "Name the private half; ssh-keygen -p -f FILE turns older forms into this one.")
    })?;
    if key.is_encrypted() {
        let said = format!("{} has a passphrase: neither this program nor a platform can type it.", path.display());
        return Err(fault(said, "Give a key of the platform's own, without a passphrase."));
    }
    let line = key.public_key().to_openssh().ok();
    line.and_then(|line| PublicKey::parse(&line).ok()).map(Some).ok_or_else(|| not_a_key(path, &NotAKey::Form))
}

#[cfg(unix)]
fn is_private_to_us(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 == 0)
}

#[cfg(not(unix))]
fn is_private_to_us(_path: &Path) -> bool {
    true
}

fn text(path: &Path) -> Result<Option<zeroize::Zeroizing<String>>, Fault> {
    disk::read(path).map_err(of_disk)
}

fn absent(path: &Path) -> Fault {
    let text = format!("There is no file {}.", path.display());
    Fault::new(FaultKind::NotFound, text).remedy(Remedy::new("Correct the path of the key."))
}

fn not_a_key(path: &Path, reason: &NotAKey) -> Fault {
    fault(format!("{}: {reason}.", path.display()), "Name the file of the public half.")
}

fn of_disk(refused: DiskFault) -> Fault {
    fault(refused.message, &refused.remedy)
}

fn fault(text: String, remedy: &str) -> Fault {
    Fault::new(FaultKind::Secret, text).remedy(Remedy::new(remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(dir: &Path) -> KeyFiles {
        KeyFiles { public: PublicHalf::File(dir.join("key.pub")), private: Some(dir.join("key")) }
    }

    #[test]
    fn a_new_key_is_whole_ours_alone_and_never_replaced() {
        let dir = tempfile::TempDir::new().unwrap();
        let files = files(dir.path());
        let key = generate(&files, "flux").unwrap();
        assert_eq!(read_key(&files), Ok(key.clone()));
        assert_eq!(key.algorithm(), "ssh-ed25519");
        let before = std::fs::read_to_string(dir.path().join("key")).unwrap();
        assert_eq!(generate(&files, "other"), Ok(key.clone()));
        assert_eq!(std::fs::read_to_string(dir.path().join("key")).unwrap(), before);
        std::fs::remove_file(dir.path().join("key.pub")).unwrap();
        assert_eq!(read_key(&files).unwrap_err().kind, FaultKind::NotFound);
        assert_eq!(generate(&files, "again"), Ok(key));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |name: &str| std::fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode("key"), mode("key.pub")), (0o600, 0o644));
            std::fs::set_permissions(dir.path().join("key"), std::fs::Permissions::from_mode(0o640)).unwrap();
            assert!(read_key(&files).unwrap_err().text.contains("read by others"));
        }
    }

    #[test]
    fn what_is_no_pair_is_refused_and_not_repeated() {
        let dir = tempfile::TempDir::new().unwrap();
        let both = files(dir.path());
        generate(&both, "one").unwrap();
        let secret = std::fs::read_to_string(dir.path().join("key")).unwrap();
        let piece = &secret.lines().nth(2).unwrap()[..20];
        let swapped = KeyFiles { public: PublicHalf::File(dir.path().join("key")), private: None };
        let refused = read_key(&swapped).unwrap_err();
        assert!(refused.text.contains("private key") && !refused.text.contains(piece), "{}", refused.text);
        let other =
            KeyFiles { public: PublicHalf::File(dir.path().join("b.pub")), private: Some(dir.path().join("b")) };
        generate(&other, "two").unwrap();
        let mixed = KeyFiles { public: both.public.clone(), private: other.private.clone() };
        assert!(read_key(&mixed).unwrap_err().text.contains("two different keys"));
        std::fs::remove_file(dir.path().join("b")).unwrap();
        assert!(generate(&other, "two").unwrap_err().text.contains("private half is not"));
        assert!(!dir.path().join("b").exists());
    }
}
