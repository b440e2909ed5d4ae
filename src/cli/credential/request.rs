//! What git asks, read strictly.
//!
//! A value that one reader takes for two lines, or for another host than the next reader does, has sent tokens to
//! strangers before (CVE-2020-5260, CVE-2020-11008, CVE-2024-50349, CVE-2024-52006). So a question with any such value
//! is no question: nobody is told a part of an answer.

use crate::provider::{Host, Origin};
use crate::secret::Secret;

/// The longest line of the protocol.
const LONGEST_LINE: usize = 65_535;

/// A question about one server, perhaps about one repository there.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub origin: Origin,
    /// The segments of the path; `None` where git was not told to send it (`useHttpPath`).
    pub path: Option<Vec<String>>,
    pub username: Option<String>,
    /// Only in `store` and `erase`.
    pub password: Option<Secret>,
}

impl Request {
    /// The question in `bytes`, up to the first blank line.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (mut protocol, mut host, mut path, mut username, mut password) = (None, None, None, None, None);
        for line in bytes.split(|byte| *byte == b'\n') {
            if line.is_empty() {
                break;
            }
            if line.len() > LONGEST_LINE || line.contains(&0) || line.contains(&b'\r') {
                return None;
            }
            let equals = line.iter().position(|byte| *byte == b'=')?;
            let (key, value) = (&line[..equals], &line[equals + 1..]);
            let place = match key {
                b"protocol" => &mut protocol,
                b"host" => &mut host,
                b"path" => &mut path,
                b"username" => &mut username,
                b"password" => &mut password,
                // It would say again, in one piece, what the others say, and could say something else.
                b"url" => return None,
                // What servers said (`wwwauth[]`), and what later versions of git will say.
                _ => continue,
            };
            let value = std::str::from_utf8(value).ok().filter(|value| is_plain(value))?;
            if place.replace(value).is_some() {
                return None;
            }
        }
        Some(Self {
            origin: origin(protocol?, host?)?,
            path: match path {
                Some(path) => Some(segments(path)?),
                None => None,
            },
            username: username.filter(|name| !name.is_empty()).map(str::to_owned),
            password: password.and_then(|password| Secret::parse(password).ok()),
        })
    }
}

/// Free of everything that ends a line, hides itself or turns the text around, for any reader.
pub(super) fn is_plain(value: &str) -> bool {
    !value.chars().any(char::is_control) && crate::text::sanitise(value, usize::MAX) == value
}

/// The origin, if there is exactly one way to read it.
fn origin(protocol: &str, host: &str) -> Option<Origin> {
    // The parser of hosts takes paths as well, and forgives blanks around: here, neither belongs.
    if !matches!(protocol, "https" | "http") || host.contains(['/', '\\', '?', '#', '@', '%']) || host.contains(' ') {
        return None;
    }
    Host::parse(&format!("{protocol}://{host}")).ok().map(|host| host.origin().clone())
}

/// The segments of a path as git sends it: without a leading slash, percent signs already resolved.
fn segments(path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('/').unwrap_or(path).trim_end_matches('/');
    if path.is_empty() {
        return Some(Vec::new());
    }
    let fine = |segment: &&str| !segment.is_empty() && *segment != "." && *segment != ".." && !segment.contains('\\');
    path.split('/').all(|segment| fine(&segment)).then(|| path.split('/').map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<Request> {
        Request::parse(text.as_bytes())
    }

    #[test]
    fn a_question_is_read_up_to_the_blank_line() {
        let text = "protocol=https\nhost=git.example:8443\npath=acme/gitops.git\nwwwauth[]=Basic\n\nusername=x\n";
        let request = parsed(text).unwrap();
        assert_eq!(request.origin.to_string(), "https://git.example:8443");
        assert_eq!(request.path.unwrap(), ["acme", "gitops.git"]);
        assert!(request.username.is_none() && request.password.is_none());
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_no_question() {
        for text in [
            "host=github.com\n",
            "protocol=https\n",
            "protocol=https\nhost=\n",
            "protocol=\nhost=github.com\n",
            "protocol=ssh\nhost=github.com\n",
            "protocol=HTTPS\nhost=github.com\n",
            "protocol=https\nhost=github.com\nhost=evil.example\n",
            "protocol=https\nhost=github.com\nurl=https://evil.example\n",
            "protocol=https\nhost=github.com\r\n",
            "protocol=https\nhost=github.com\nusername=a\rb\n",
            "protocol=https\nhost=github.com\0\n",
            "protocol=https\nhost=github.com\nwwwauth[]=a\0b\n",
            "protocol=https\nhost=git\u{202e}hub.com\n",
            "protocol=https\nhost=github.com\nusername=a\u{202e}b\n",
            "protocol=https\nhost=github.com\nusername=a\u{2028}b\n",
            "protocol=https\nhost=github.com\nusername=a\u{85}b\n",
            "protocol=https\nhost=github.com\nusername=a\u{1b}b\n",
            "protocol=https\nhost=github.com\nusername=a\tb\n",
            "protocol=https\nhost=github.com\npath=a/../b\n",
            "protocol=https\nhost=github.com\npath=a//b\n",
            "protocol=https\nhost=github.com\npath=a\\b\n",
            "protocol=https\nhost=u@github.com\n",
            "protocol=https\nhost=github.com/acme\n",
            "protocol=https\nhost= github.com\n",
            "protocol=https\nhost=github.com?x\n",
            "protocol=http\nhost=github.com\n",
            "protocol=https\nhost=github%2ecom\n",
            "no equals sign\n",
            "",
        ] {
            assert!(parsed(text).is_none(), "{text:?}");
        }
        let long = format!("protocol=https\nhost=github.com\npath={}\n", "a".repeat(LONGEST_LINE));
        assert!(parsed(&long).is_none());
        let not_text = b"protocol=https\nhost=github.com\nusername=\xff\n";
        assert!(Request::parse(not_text).is_none());
        // What a server said is not looked at, in whatever encoding it was.
        assert!(Request::parse(b"protocol=https\nhost=github.com\nwwwauth[]=Gr\xf6\xdfe\n").is_some());
    }
}
