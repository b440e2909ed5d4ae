//! The store `env`: a reference to an environment variable, which somebody else fills before each run.

use std::env::{self, VarError};

use zeroize::Zeroizing;

use super::{StoreFault, StoreFaultKind, one_line, tame};
use crate::secret::Secret;

/// The secret in the environment variable `name`.
pub fn read(name: &str) -> Result<Secret, StoreFault> {
    // A name with one of these makes the standard library panic or find nothing; it can stand in a hand-edited file.
    if name.is_empty() || name.contains(['=', '\0']) {
        return Err(StoreFault::new(
            StoreFaultKind::Missing,
            "The name of the environment variable is empty or has a character that no name has.",
            "Name the variable that holds the token.",
        ));
    }
    crate::program::hold_back(name);
    let place = described(name);
    match env::var(name) {
        Ok(value) => one_line(&place, Zeroizing::new(value).as_bytes()),
        Err(VarError::NotPresent) => Err(StoreFault::new(
            StoreFaultKind::Missing,
            format!("{place} is not set."),
            "Set it to the token before you run this, or name another source.",
        )),
        // The error holds the value, and prints it.
        Err(VarError::NotUnicode(_)) => Err(StoreFault::new(
            StoreFaultKind::NotASecret,
            format!("{place} gave no token: what it holds is not text."),
            "Set it to the token and nothing else.",
        )),
    }
}

pub(super) fn described(name: &str) -> String {
    format!("The environment variable {}", tame(name))
}
