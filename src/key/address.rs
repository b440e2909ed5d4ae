//! Where a repository is reached over SSH.
//!
//! Parsed once against a narrow grammar: host and user end up as words of a command line, and the path is quoted for the
//! shell that the server may run, so nothing that means something to either gets in.

use std::fmt;

/// `ssh://user@host:port/path`, taken apart. No part begins with a hyphen or has a quote.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SshAddress {
    pub user: String,
    /// Lower case, IPv6 without brackets.
    pub host: String,
    pub port: u16,
    /// As git sends it: with its slash at the beginning where it has one.
    pub path: String,
}

/// Why a text is no such address. It never repeats the text.
pub const NOT_AN_ADDRESS: &str =
    "write the address that git uses over SSH, such as ssh://git@git.example:2222/acme/gitops.git";

const PORT: u16 = 22;

impl SshAddress {
    /// Takes `ssh://[user@]host[:port]/path` and git's short form `[user@]host:path`; the user is `git` where none stands.
    ///
    /// # Errors
    /// [`NOT_AN_ADDRESS`]
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (place, path) = match text.strip_prefix("ssh://") {
            Some(rest) => rest.find('/').map(|at| rest.split_at(at)),
            None if text.contains("://") => None,
            None => text.split_once(':').filter(|(place, _)| !place.contains('/')),
        }
        .ok_or(NOT_AN_ADDRESS)?;
        let (user, place) = place.rsplit_once('@').unwrap_or(("git", place));
        let (host, port) = match place.strip_prefix('[') {
            Some(rest) => rest.split_once(']').map(|(host, rest)| (host, rest.strip_prefix(':'))),
            None => Some(place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port)))),
        }
        .ok_or(NOT_AN_ADDRESS)?;
        let port = match port {
            None => PORT,
            Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or(NOT_AN_ADDRESS)?,
        };
        let address = Self { user: user.to_owned(), host: host.to_ascii_lowercase(), port, path: path.to_owned() };
        if address.is_fine() { Ok(address) } else { Err(NOT_AN_ADDRESS) }
    }

    fn is_fine(&self) -> bool {
        let word = |text: &str, also: &[u8]| {
            !text.is_empty()
                && !text.starts_with('-')
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || also.contains(&byte))
        };
        let inner = self.path.trim_matches('/');
        word(&self.user, b"._-") && word(&self.host, b".-:") && word(inner, b"/._-~%+@ ") && !inner.contains("..")
    }

    /// The host as the file of known hosts has it: `[host]:port` where the port is not 22.
    pub fn known_as(&self) -> String {
        if self.port == PORT { self.host.clone() } else { format!("[{}]:{}", self.host, self.port) }
    }
}

impl fmt::Display for SshAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, host, port, path } = self;
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let port = if *port == PORT { String::new() } else { format!(":{port}") };
        write!(out, "ssh://{user}@{host}{port}/{}", path.trim_start_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_git_are_taken_apart() {
        for (text, shown, known) in [
            ("ssh://git@github.com/acme/gitops.git", "ssh://git@github.com/acme/gitops.git", "github.com"),
            ("git@GitHub.com:acme/gitops.git", "ssh://git@github.com/acme/gitops.git", "github.com"),
            ("ssh://git.example:2222/a/b.git", "ssh://git@git.example:2222/a/b.git", "[git.example]:2222"),
            ("ssh://git@[::1]:2222/a/b.git", "ssh://git@[::1]:2222/a/b.git", "[::1]:2222"),
            ("git@ssh.dev.azure.com:v3/o/p/r", "ssh://git@ssh.dev.azure.com/v3/o/p/r", "ssh.dev.azure.com"),
            ("acme@acme.ghe.com:acme/gitops.git", "ssh://acme@acme.ghe.com/acme/gitops.git", "acme.ghe.com"),
        ] {
            let address = SshAddress::parse(text).unwrap();
            assert_eq!((address.to_string().as_str(), address.known_as().as_str()), (shown, known), "{text}");
        }
    }

    #[test]
    fn what_a_shell_or_a_command_line_would_read_otherwise_is_refused() {
        for text in [
            "",
            "github.com",
            "https://github.com/a/b",
            "ssh://github.com",
            "ssh://github.com/",
            "ssh://-oProxyCommand=x/a",
            "ssh://-l@host/a",
            "ssh://git@host:0/a",
            "ssh://git@host:99999/a",
            "git@host:a'b",
            "git@host:$(x)",
            "git@host:a;b",
            "git@host:-a",
            "git@host:a/../b",
            "git@ho st:a",
            "git@host:a\nb",
        ] {
            assert_eq!(SshAddress::parse(text), Err(NOT_AN_ADDRESS), "{text:?}");
        }
    }
}
