//! A secret: a token or a private key while the program holds it.
//!
//! It is redacted wherever it could be printed, wiped when it is dropped, and never serialised. `expose` marks the few
//! places where the bytes leave this type; `tests/it/tidy.rs` lists them.
//! `Redactor` is the second net, in a room of its own: whatever text leaves the program passes through it, so that a
//! secret that slipped into a message of somebody else's library is still not shown.

mod redactor;
mod whereabouts;

use std::fmt;
use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};

pub use self::redactor::{Redaction, Redactor};
pub use self::whereabouts::{GIT_HOST, KEYRING_SERVICE, Whereabouts};

/// The longest secret that is accepted, in bytes. GitHub's longest tokens have about 520.
pub const LONGEST: usize = 4096;

/// A token: visible ASCII, 1 to [`LONGEST`] bytes, no white space.
#[derive(Clone)]
pub struct Secret(SecretString);

/// Why a text is not a secret. None of the variants carries a piece of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotASecret {
    #[error("the token is empty")]
    Empty,
    #[error("the token has white space inside: copy it again, in one piece")]
    WhiteSpace,
    #[error("the token has a character that no token has (control or non-ASCII): copy it again")]
    Character,
    #[error("the token is longer than {LONGEST} characters, so this is something else")]
    TooLong,
}

impl Secret {
    /// Takes a secret out of typed, pasted or read text: outer white space is dropped, anything else unusual refused.
    pub fn parse(text: &str) -> Result<Self, NotASecret> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NotASecret::Empty);
        }
        if text.len() > LONGEST {
            return Err(NotASecret::TooLong);
        }
        if text.chars().any(char::is_whitespace) {
            return Err(NotASecret::WhiteSpace);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NotASecret::Character);
        }
        // An exact capacity: boxing the string must not leave an unwiped copy behind.
        let mut exact = String::with_capacity(text.len());
        exact.push_str(text);
        Ok(Self(SecretString::from(exact)))
    }

    /// The bytes, for the one call that needs them.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether both are the same secret, in a time that does not depend on where they differ.
    pub fn same_as(&self, other: &Self) -> bool {
        let (left, right) = (self.0.expose_secret().as_bytes(), other.0.expose_secret().as_bytes());
        left.len() == right.len() && left.iter().zip(right).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
    }

    /// Whether the secret begins with `prefix`: how forges mark the kind of a token.
    pub fn begins_with(&self, prefix: &str) -> bool {
        self.0.expose_secret().starts_with(prefix)
    }

    /// Whether `piece` stands at this byte.
    pub fn has_at(&self, at: usize, piece: &str) -> bool {
        self.0.expose_secret().get(at..).is_some_and(|rest| rest.starts_with(piece))
    }

    /// Whether it is a JSON Web Token (RFC 7519): three parts of base64url between dots, the first one an object.
    pub fn is_json_web_token(&self) -> bool {
        let text = self.0.expose_secret();
        let base64url = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        text.starts_with("eyJ")
            && text.split('.').count() == 3
            && text.split('.').all(|part| !part.is_empty() && part.bytes().all(base64url))
    }

    /// Whether it stands somewhere in `text`.
    pub fn is_in(&self, text: &str) -> bool {
        text.contains(self.0.expose_secret())
    }

    pub fn ends_with(&self, end: &str) -> bool {
        self.0.expose_secret().ends_with(end)
    }

    /// Whether every character is one of those that `allowed` accepts, and there are `length` of them.
    pub fn is_made_of(&self, length: usize, allowed: impl Fn(char) -> bool) -> bool {
        self.0.expose_secret().len() == length && self.0.expose_secret().chars().all(allowed)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

/// Where a secret rests between two runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Store {
    /// The keyring of the operating system.
    Keyring,
    /// Whatever git's own credential helpers keep.
    GitCredential,
    /// A file in clear text that only its owner can read. Chosen by name, never a fall-back.
    File(PathBuf),
    /// Not kept by us: read from this environment variable each time.
    Env(String),
    /// Not kept by us: the one line that this program prints. The words are its argv; there is no shell.
    Command(Vec<String>),
}

impl Store {
    /// The word for it in the answers file, the config and on the screen.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::GitCredential => "git-credential",
            Self::File(_) => "file",
            Self::Env(_) => "env",
            Self::Command(_) => "command",
        }
    }

    /// Where it is, in a few words; of a command the program alone, since its words may say more than others should read.
    pub fn described(&self) -> String {
        match self {
            Self::Keyring | Self::GitCredential => self.kind().to_owned(),
            Self::File(path) => format!("file {}", path.display()),
            Self::Env(name) => format!("env {name}"),
            Self::Command(argv) => format!("command {}", argv.first().map(String::as_str).unwrap_or_default()),
        }
    }

    /// Whether we write the secret there, or only remember where to find it.
    pub fn keeps(&self) -> bool {
        !matches!(self, Self::Env(_) | Self::Command(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_token_loses_its_line_end_and_nothing_else() {
        let secret = Secret::parse("  ghp_abc\r\n").unwrap();
        assert_eq!(secret.expose(), "ghp_abc");
        assert_eq!(format!("{secret:?}"), "***");
    }

    #[test]
    fn what_cannot_be_a_token_is_refused_without_repeating_it() {
        let long = "x".repeat(LONGEST + 1);
        for (text, reason) in [
            ("", NotASecret::Empty),
            (" \n", NotASecret::Empty),
            ("a b", NotASecret::WhiteSpace),
            ("a\nb", NotASecret::WhiteSpace),
            ("a\u{1b}b", NotASecret::Character),
            ("tök", NotASecret::Character),
            (long.as_str(), NotASecret::TooLong),
        ] {
            assert_eq!(Secret::parse(text).unwrap_err(), reason, "{text:?}");
        }
    }
}
