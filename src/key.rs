//! SSH keys: the public half, as a forge registers it. The private half is a secret of the file system and is never here.

mod address;

use std::fmt;
use std::path::PathBuf;

use ssh_key::HashAlg;

pub use self::address::{NOT_AN_ADDRESS, SshAddress};
use crate::fact::{Place, Refs, Service};

/// The file in the config directory where the user vouches for servers, in OpenSSH's form.
pub const KNOWN_HOSTS: &str = "known_hosts";

/// A public key without its comment: `ssh-ed25519 AAAA…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey {
    line: String,
    fingerprint: String,
}

/// Why a text is not a public key that a forge would take. Written to be shown beside the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAKey {
    #[error("this is a private key: give the public one (the file that ends in .pub)")]
    Private,
    #[error("this is no public key in OpenSSH's form: one line, such as ssh-ed25519 AAAA…")]
    Form,
    #[error("DSA keys are refused everywhere: make an ed25519 key")]
    Dsa,
}

impl PublicKey {
    /// Reads the first key of `text`: the contents of a `.pub` file, or what was pasted.
    ///
    /// # Errors
    /// [`NotAKey`]; it never repeats the text.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        if text.contains("PRIVATE KEY") {
            return Err(NotAKey::Private);
        }
        let line = text.lines().map(str::trim).find(|line| !line.is_empty()).ok_or(NotAKey::Form)?;
        let mut key = ssh_key::PublicKey::from_openssh(line).map_err(|_| NotAKey::Form)?;
        if key.algorithm() == ssh_key::Algorithm::Dsa {
            return Err(NotAKey::Dsa);
        }
        key.set_comment("");
        let line = key.to_openssh().map_err(|_| NotAKey::Form)?;
        Ok(Self { line: line.trim_end().to_owned(), fingerprint: key.fingerprint(HashAlg::Sha256).to_string() })
    }

    /// `SHA256:` and the unpadded base64 of the hash, as ssh-keygen prints it.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The algorithm's name in OpenSSH's form: `ssh-ed25519`.
    pub fn algorithm(&self) -> &str {
        self.line.split(' ').next().unwrap_or_default()
    }
}

impl fmt::Display for PublicKey {
    /// Algorithm and base64, without comment: forges drop or change comments, so keys are compared without them.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.line)
    }
}

/// What a registered key opens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lock {
    /// One repository: a deploy key, an access key.
    Repository(Place),
    /// Everything that the account may reach.
    Account,
}

/// A key as the forge has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredKey {
    /// The forge's own id of it.
    pub id: String,
    pub title: String,
    /// `None`: the forge does not tell.
    pub read_only: Option<bool>,
    /// Whether the forge lets it in: switched off, expired, or not verified keys are not.
    pub usable: bool,
}

/// A key to register.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NewKey {
    pub lock: Lock,
    pub key: PublicKey,
    pub title: String,
    pub read_only: bool,
}

/// The public half of a key: in a file, or the line itself, which is no secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PublicHalf {
    File(PathBuf),
    Line(PublicKey),
}

impl PublicHalf {
    /// The key where `text` is one, else the path of its file.
    pub fn parse(text: &str) -> Self {
        PublicKey::parse(text).map_or_else(|_| Self::File(PathBuf::from(text)), Self::Line)
    }
}

impl fmt::Display for PublicHalf {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(out),
            Self::Line(key) => key.fmt(out),
        }
    }
}

/// Where the halves of a key lie. What is in the private one stays at the edge that reads it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyFiles {
    pub public: PublicHalf,
    pub private: Option<PathBuf>,
}

/// A question over SSH: is this key let in there, to read or to push? Nothing is sent beyond the question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Knock {
    pub address: SshAddress,
    /// The file of the private half.
    pub private: PathBuf,
    /// The key that the file was seen to hold.
    pub key: PublicKey,
    pub service: Service,
}

/// What a server said over SSH.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It let the key in and listed the refs.
    Refs(Refs),
    /// Nobody has vouched for the server's own key, so that ours was not shown to it.
    Stranger {
        /// The line that vouches for it, in a file of known hosts.
        line: String,
        /// Algorithm and SHA-256 of the server's key, as its administrator would publish it.
        fingerprint: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

    #[test]
    fn a_key_is_the_same_with_any_comment() {
        let bare = PublicKey::parse(LINE).unwrap();
        assert_eq!(bare, PublicKey::parse(&format!("\n  {LINE} somebody@example\n")).unwrap());
        assert_eq!(bare.to_string(), LINE);
        assert_eq!(bare.algorithm(), "ssh-ed25519");
        // ssh-keygen -lf prints this for the key of GitHub's own documentation page.
        assert_eq!(bare.fingerprint(), "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU");
    }

    #[test]
    fn what_is_no_public_key_is_named_as_what_it_is() {
        assert_eq!(PublicKey::parse("-----BEGIN OPENSSH PRIVATE KEY-----\nx"), Err(NotAKey::Private));
        for text in ["", "hello", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-rsa !!!"] {
            assert_eq!(PublicKey::parse(text), Err(NotAKey::Form), "{text}");
        }
    }
}
