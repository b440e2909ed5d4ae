//! The store `keyring`: the operating system's own place for secrets (Secret Service, Keychain, Credential Manager).
//!
//! It may be absent, locked, silent or refuse, and these are four situations with four remedies. Each request gets a
//! connection and a thread of its own and three seconds: a keyring that waits for a password in a window that nobody
//! sees must not hold the program. Only the `Display` of the library's errors is looked at: their `Debug` holds secrets.

use crate::secret::Secret;

use super::StoreFault;

pub(super) use crate::secret::KEYRING_SERVICE as SERVICE;

pub(super) async fn probe(user: String, secret: Secret) -> Result<(), StoreFault> {
    system::probe(user, secret).await
}

pub(super) async fn write(user: String, secret: Secret) -> Result<(), StoreFault> {
    system::write(user, secret).await
}

pub(super) async fn read(user: String) -> Result<Secret, StoreFault> {
    system::read(user).await
}

pub(super) async fn remove(user: String) -> Result<bool, StoreFault> {
    system::remove(user).await
}

#[cfg(feature = "keyring")]
mod system {
    use std::collections::HashMap;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use keyring_core::{CredentialStore, Entry, Error};
    use zeroize::Zeroizing;

    use super::super::{Ended, StoreFault, StoreFaultKind, aside, died, one_line};
    use super::SERVICE;
    use crate::secret::Secret;

    const PATIENCE: Duration = Duration::from_secs(3);

    pub(super) async fn probe(user: String, secret: Secret) -> Result<(), StoreFault> {
        // All three in one request: one that is answered too late still takes its entry away again.
        let same = ask(user, move |entry| {
            entry.set_password(secret.expose())?;
            let there = entry.get_password().map(Zeroizing::new);
            // It goes away even where it could not be read.
            entry.delete_credential()?;
            Ok(there?.as_str() == secret.expose())
        });
        if same.await? {
            return Ok(());
        }
        Err(fault(StoreFaultKind::Broken, "The keyring gave back something else than what was written to it."))
    }

    pub(super) async fn write(user: String, secret: Secret) -> Result<(), StoreFault> {
        ask(user, move |entry| entry.set_password(secret.expose())).await
    }

    pub(super) async fn read(user: String) -> Result<Secret, StoreFault> {
        let name = user.clone();
        let text = ask(user, |entry| match entry.get_password() {
            Err(Error::NoEntry) => Ok(None),
            found => found.map(|text| Some(Zeroizing::new(text))),
        });
        match text.await? {
            Some(text) => one_line("The keyring", text.as_bytes()),
            None => Err(StoreFault::new(
                StoreFaultKind::Missing,
                format!("The keyring has no entry {SERVICE}/{name} in it."),
                "It was removed, or kept in another keyring: give the connection a token again with rotate.",
            )),
        }
    }

    pub(super) async fn remove(user: String) -> Result<bool, StoreFault> {
        let gone = ask(user, |entry| match entry.delete_credential() {
            Err(Error::NoEntry) => Ok(false),
            removed => removed.map(|()| true),
        });
        gone.await
    }

    /// Lets `job` speak to the keyring about the entry of `user`.
    async fn ask<T: Send + 'static>(
        user: String,
        job: impl FnOnce(&Entry) -> keyring_core::Result<T> + Send + 'static,
    ) -> Result<T, StoreFault> {
        let reached = Arc::new(AtomicBool::new(false));
        let here = Arc::clone(&reached);
        let ended = aside(PATIENCE, move || {
            let store = connect().map_err(|error| of_connecting(&error))?;
            here.store(true, Ordering::Release);
            let entry = entry(&store, &user).map_err(|error| of_asking(&error))?;
            job(&entry).map_err(|error| of_asking(&error))
        });
        match ended.await {
            Ended::Done(answer) => answer,
            Ended::Died => Err(died()),
            // It answered when we said hello: then what takes so long is a person who is asked for a password.
            Ended::Late if reached.load(Ordering::Acquire) => Err(fault(
                StoreFaultKind::Locked,
                "The keyring answered, but did not do within three seconds what was asked: it is most likely locked, \
                 and waits for its password in a window of its own.",
            )),
            Ended::Late => {
                Err(fault(StoreFaultKind::Silent, "The keyring service did not answer within three seconds."))
            }
        }
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    fn connect() -> keyring_core::Result<Arc<CredentialStore>> {
        Ok(zbus_secret_service_keyring_store::Store::new()?)
    }

    #[cfg(target_os = "macos")]
    fn connect() -> keyring_core::Result<Arc<CredentialStore>> {
        Ok(apple_native_keyring_store::keychain::Store::new()?)
    }

    #[cfg(windows)]
    fn connect() -> keyring_core::Result<Arc<CredentialStore>> {
        Ok(windows_native_keyring_store::Store::new()?)
    }

    fn entry(store: &Arc<CredentialStore>, user: &str) -> keyring_core::Result<Entry> {
        let label = format!("{SERVICE}/{user}");
        // What the user sees in a keyring browser. The other systems show service and user themselves.
        let names = HashMap::from([("label", label.as_str())]);
        let is_secret_service = cfg!(all(unix, not(target_os = "macos")));
        store.build(SERVICE, user, is_secret_service.then_some(&names))
    }

    fn of_connecting(error: &Error) -> StoreFault {
        let text = said(error);
        if is_refusal(&text) {
            return denied(&text);
        }
        absent(&text)
    }

    fn of_asking(error: &Error) -> StoreFault {
        let text = said(error);
        match error {
            _ if is_refusal(&text) => denied(&text),
            // Where there is no default keyring, the Secret Service gives no object at all.
            Error::NoStorageAccess(_) if text.contains("result not returned") => {
                let remedy = "Make a default keyring (your desktop does it at the first sign-in; Seahorse and KWalletManager \
                              can, too), or choose another store: file (clear text that only you can read), env or command.";
                let fault = fault(StoreFaultKind::Absent, "There is a keyring service, but no default keyring in it.");
                StoreFault { remedy: remedy.to_owned(), ..fault }
            }
            Error::NoStorageAccess(_) => locked(&text),
            Error::PlatformFailure(_) if text.contains("IsLocked") => locked(&text),
            Error::PlatformFailure(_)
                if ["ServiceUnknown", "NoReply", "UnknownObject"].iter().any(|sign| text.contains(sign)) =>
            {
                absent(&text)
            }
            _ => fault(StoreFaultKind::Broken, &format!("The keyring failed: {text}.")),
        }
    }

    fn is_refusal(text: &str) -> bool {
        ["AccessDenied", "AuthFailed", "PermissionDenied"].iter().any(|sign| text.contains(sign))
    }

    fn absent(text: &str) -> StoreFault {
        fault(StoreFaultKind::Absent, &format!("No keyring service can be reached on this machine: {text}."))
    }

    fn locked(text: &str) -> StoreFault {
        fault(StoreFaultKind::Locked, &format!("The keyring is locked, and was not unlocked: {text}."))
    }

    fn denied(text: &str) -> StoreFault {
        fault(StoreFaultKind::Denied, &format!("The keyring refused this program: {text}."))
    }

    /// The library's words, as far as they cannot hold what the store keeps.
    fn said(error: &Error) -> String {
        let text = match error {
            Error::PlatformFailure(inner) | Error::NoStorageAccess(inner) => inner.to_string(),
            Error::BadEncoding(_) | Error::BadDataFormat(..) => "the entry is not text".to_owned(),
            Error::Ambiguous(_) => "there are several entries of this name".to_owned(),
            other => other.to_string(),
        };
        // A bus adds who asked whom for what, after the first semicolon.
        let said = text.strip_prefix("zbus error: ").unwrap_or(&text).split(';').next().unwrap_or_default();
        let clean: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
        clean.trim_end_matches('.').to_owned()
    }

    fn fault(kind: StoreFaultKind, message: &str) -> StoreFault {
        let remedy = match kind {
            StoreFaultKind::Absent => {
                "Start a keyring service, or choose another store: file (clear text that only you can read), env or \
                 command."
            }
            StoreFaultKind::Locked => {
                "Unlock the keyring and run this again, or choose another store: file (clear text that only you can \
                 read), env or command."
            }
            StoreFaultKind::Silent => {
                "Look whether the session bus and the keyring service run, or choose another store: file (clear text \
                 that only you can read), env or command."
            }
            StoreFaultKind::Denied => {
                "Allow this program to use the keyring, or choose another store: file (clear text that only you can \
                 read), env or command."
            }
            _ => "Choose another store: file (clear text that only you can read), env or command.",
        };
        StoreFault::new(kind, message, remedy)
    }
}

#[cfg(not(feature = "keyring"))]
mod system {
    use super::super::{StoreFault, StoreFaultKind};
    use crate::secret::Secret;

    #[expect(clippy::unused_async, reason = "the same shape as where there is a keyring")]
    pub(super) async fn probe(_user: String, _secret: Secret) -> Result<(), StoreFault> {
        Err(not_built())
    }

    #[expect(clippy::unused_async, reason = "the same shape as where there is a keyring")]
    pub(super) async fn write(_user: String, _secret: Secret) -> Result<(), StoreFault> {
        Err(not_built())
    }

    #[expect(clippy::unused_async, reason = "the same shape as where there is a keyring")]
    pub(super) async fn read(_user: String) -> Result<Secret, StoreFault> {
        Err(not_built())
    }

    #[expect(clippy::unused_async, reason = "the same shape as where there is a keyring")]
    pub(super) async fn remove(_user: String) -> Result<bool, StoreFault> {
        Err(not_built())
    }

    fn not_built() -> StoreFault {
        StoreFault::new(
            StoreFaultKind::NotHere,
            "This build of git-access has no keyring support.",
            "Choose another store: file (clear text that only you can read), env or command.",
        )
    }
}
