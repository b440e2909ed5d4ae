//! The name that a secret of ours has in its store, and how it is removed there by hand: for whoever is told of one that
//! nothing refers to.
//!
//! Sources: <https://git-scm.com/docs/git-credential> (`reject`); the attributes of zbus-secret-service-keyring-store 1.0.1
//! (`src/cred.rs`: `service`, `username`) and `secret-tool(1)`; `security(1)` of macOS for a generic password. Read on
//! 2026-11-21.

use super::Store;

/// The service under which all entries of a keyring are kept; with the user `<id>/<generation>` an entry reads
/// `git-access/<id>/<generation>`.
pub const KEYRING_SERVICE: &str = "git-access";
/// The host that exists nowhere, under which git's credential helpers keep secrets for us: `.invalid` can never be one
/// (RFC 2606, section 2).
pub const GIT_HOST: &str = "git-access.invalid";

/// Where a secret is, and the way to remove it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whereabouts {
    /// `the keyring (service git-access, account c7f3/1)`
    pub at: String,
    /// `remove it with secret-tool clear …`
    pub way: String,
}

impl Whereabouts {
    /// The place of the secret of this connection and generation.
    pub fn of(store: &Store, id: &str, generation: u64) -> Self {
        match store {
            Store::Keyring => Self::in_keyring(&format!("{id}/{generation}")),
            Store::GitCredential => Self::with_git(&format!("{id}.{generation}")),
            Store::File(_) | Store::Env(_) | Store::Command(_) => {
                Self { at: store.described(), way: "remove it there".to_owned() }
            }
        }
    }

    /// The same for one that git's helpers gave back after git had told them to forget it: telling them so once more
    /// helps nobody.
    pub fn kept_by_git(user: &str) -> Self {
        Self { way: "remove that entry with the helper's own program".to_owned(), ..Self::with_git(user) }
    }

    /// What git's credential helpers keep under this user name.
    pub fn with_git(user: &str) -> Self {
        let fields = format!(r"protocol=https\nhost={GIT_HOST}\nusername={user}\n\n");
        Self {
            at: format!("git's credential helpers (host {GIT_HOST}, user name {user})"),
            way: format!("remove it with printf '{fields}' | git credential reject"),
        }
    }

    fn in_keyring(user: &str) -> Self {
        let service = KEYRING_SERVICE;
        let way = if cfg!(target_os = "macos") {
            format!("remove it with security delete-generic-password -s {service} -a {user}")
        } else if cfg!(windows) {
            "remove it in the Credential Manager".to_owned()
        } else {
            format!(
                "remove it with secret-tool clear service {service} username {user}, or in the keyring's own window"
            )
        };
        Self { at: format!("the keyring (service {service}, account {user})"), way }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_named_as_its_store_names_it() {
        let git = Whereabouts::of(&Store::GitCredential, "c7f3", 2);
        assert_eq!(git.at, "git's credential helpers (host git-access.invalid, user name c7f3.2)");
        assert!(
            git.way.contains(r"'protocol=https\nhost=git-access.invalid\nusername=c7f3.2\n\n' | git credential reject")
        );
        let keyring = Whereabouts::of(&Store::Keyring, "c7f3", 1);
        assert_eq!(keyring.at, "the keyring (service git-access, account c7f3/1)");
        assert!(keyring.way.starts_with("remove it "));
        let kept = Whereabouts::kept_by_git("c7f3.2");
        assert!(kept.at == git.at && !kept.way.contains("git credential reject"), "{kept:?}");
        assert_eq!(Whereabouts::of(&Store::File("/s/token".into()), "c7f3", 1).at, "file /s/token");
    }
}
