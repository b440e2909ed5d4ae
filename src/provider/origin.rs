//! Where a forge stands: an exact origin (scheme, host, port) and a path below it.
//!
//! User text is parsed here once, against a grammar that is narrower than that of URLs, because every URL parser reads
//! the odd cases differently and a token must not go where only one of them would send it. What comes out is canonical:
//! lower case, no default port, no user, no query, no trailing slash.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Scheme, host and port. Two origins are the same only if all three are equal to the letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

/// An origin and the path under which a forge lives there: `""`, or `/` and segments without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host {
    origin: Origin,
    path: String,
}

/// Why a text is not a host. Written to be shown beside the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAHost {
    #[error("the host is empty")]
    Empty,
    #[error("a host begins with https:// (http:// is for this computer only, such as http://127.0.0.1:3000)")]
    Scheme,
    #[error("a user name or password does not belong into the address: write it without the part before @")]
    UserInfo,
    #[error("the host has a character that host names do not have (letters a-z, digits, dots and hyphens)")]
    Character,
    #[error("the host name is not well formed: every part between dots has 1 to 63 letters, digits or inner hyphens")]
    Label,
    #[error("write an IP address in its usual form (127.0.0.1), not as a number")]
    Number,
    #[error("the port is a number from 1 to 65535")]
    Port,
    #[error("http:// would send the token in clear: it is accepted for this computer only (127.0.0.1, localhost)")]
    Clear,
    #[error("the path has a character that does not belong there: no spaces, backslashes, %, ? or #")]
    Path,
}

impl Origin {
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// `https` or `http`.
    pub fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    /// The name or address, without brackets for IPv6.
    pub fn name(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host, and the port where it is not the scheme's own: as git writes it in the credential protocol.
    pub fn authority(&self) -> String {
        let own = if self.secure { 443 } else { 80 };
        if self.port == own { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }

    /// This computer: 127.0.0.0/8, `::1` or `localhost`.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.name().parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// An address that other machines on the internet cannot reach: loopback, private ranges, names without a dot,
    /// and the suffixes `.local` and `.internal`.
    pub fn is_private(&self) -> bool {
        if self.is_loopback() {
            return true;
        }
        match self.name().parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => address.is_private() || address.is_link_local(),
            Ok(IpAddr::V6(address)) => address.is_unique_local() || address.is_unicast_link_local(),
            Err(_) => {
                let suffix = self.host.rsplit_once('.').map(|(_, suffix)| suffix);
                suffix.is_none_or(|suffix| matches!(suffix, "local" | "internal" | "lan" | "corp" | "home"))
            }
        }
    }

    /// The origin of `api.` and this host, for providers that keep their API there.
    #[must_use]
    pub fn with_prefix(&self, prefix: &str) -> Self {
        Self { host: format!("{prefix}{}", self.host), ..self.clone() }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}", self.scheme(), self.authority())
    }
}

impl Host {
    /// Takes `https://host[:port][/path]`; the scheme may be left out. Everything unusual is refused with its reason.
    pub fn parse(text: &str) -> Result<Self, NotAHost> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NotAHost::Empty);
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
            None => ("https".to_owned(), text),
        };
        let secure = match scheme.as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(NotAHost::Scheme),
        };
        let cut = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(cut);
        if authority.contains('@') {
            return Err(NotAHost::UserInfo);
        }
        let (name, port) = split_port(authority)?;
        let host = canonical_name(name)?;
        let origin = Origin { secure, host, port: port.unwrap_or(if secure { 443 } else { 80 }) };
        if !secure && !origin.is_loopback() {
            return Err(NotAHost::Clear);
        }
        Ok(Self { origin, path: canonical_path(path)? })
    }

    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// `""`, or the path with a leading and without a trailing slash.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The same origin with another path.
    #[must_use]
    pub fn at(&self, path: &str) -> Self {
        Self { origin: self.origin.clone(), path: path.trim_end_matches('/').to_owned() }
    }

    /// Another origin, without a path.
    pub fn of(origin: Origin) -> Self {
        Self { origin, path: String::new() }
    }

    /// This host and, below it, `path` (which begins with `/`).
    pub fn join(&self, path: &str) -> String {
        format!("{}{}{path}", self.origin, self.path)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}{}", self.origin, self.path)
    }
}

pub(super) fn split_port(authority: &str) -> Result<(&str, Option<u16>), NotAHost> {
    let after_bracket = authority.rfind(']').map_or(0, |at| at + 1);
    let Some(colon) = authority[after_bracket..].find(':').map(|at| at + after_bracket) else {
        return Ok((authority, None));
    };
    let digits = &authority[colon + 1..];
    if digits.is_empty() || digits.len() > 5 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotAHost::Port);
    }
    match digits.parse() {
        Ok(0) | Err(_) => Err(NotAHost::Port),
        Ok(port) => Ok((&authority[..colon], Some(port))),
    }
}

pub(super) fn canonical_name(name: &str) -> Result<String, NotAHost> {
    if name.is_empty() {
        return Err(NotAHost::Empty);
    }
    if let Some(inner) = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<Ipv6Addr>().map(|address| format!("[{address}]")).map_err(|_| NotAHost::Label);
    }
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.') {
        return Err(NotAHost::Character);
    }
    let name = name.to_ascii_lowercase();
    if let Ok(address) = name.parse::<Ipv4Addr>() {
        return Ok(address.to_string());
    }
    // What ends in a number would be read as an address by some parsers (127.1, 0x7f.1, 2130706433) and by others not.
    let last = name.rsplit('.').next().unwrap_or_default();
    if (!last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit())) || last.starts_with("0x") {
        return Err(NotAHost::Number);
    }
    let well_formed = name.len() <= 253
        && name
            .split('.')
            .all(|label| (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-'));
    if well_formed { Ok(name) } else { Err(NotAHost::Label) }
}

fn canonical_path(path: &str) -> Result<String, NotAHost> {
    let fine = |segment: &str| {
        segment != "."
            && segment != ".."
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~@+".contains(&byte))
    };
    let path = path.trim_end_matches('/');
    if path.is_empty() {
        return Ok(String::new());
    }
    let Some(rest) = path.strip_prefix('/') else { return Err(NotAHost::Path) };
    if rest.split('/').all(|segment| !segment.is_empty() && fine(segment)) {
        Ok(path.to_owned())
    } else {
        Err(NotAHost::Path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_canonical_whatever_way_it_was_written() {
        for (text, canonical) in [
            ("github.com", "https://github.com"),
            ("HTTPS://GitHub.COM/", "https://github.com"),
            ("https://github.com:443", "https://github.com"),
            ("https://git.example:8443/forge/", "https://git.example:8443/forge"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("http://localhost:80/x", "http://localhost/x"),
            ("http://[::1]:9", "http://[::1]:9"),
            ("https://[0:0::1]", "https://[::1]"),
        ] {
            assert_eq!(Host::parse(text).unwrap().to_string(), canonical, "{text}");
        }
    }

    #[test]
    fn what_two_parsers_could_read_differently_is_refused() {
        use NotAHost::*;
        for (text, reason) in [
            ("", Empty),
            ("https://", Empty),
            ("ssh://github.com", Scheme),
            ("javascript://github.com", Scheme),
            ("https://github.com@evil.example", UserInfo),
            ("https://user:p@ss@evil/", UserInfo),
            ("https://good.example\\@evil.example/x", Path),
            ("https://github.com%2eevil.example", Character),
            ("https://gіthub.com", Character),
            ("https://ｇｉｔｈｕｂ.com", Character),
            ("https://github.com\u{200b}.evil", Character),
            ("https://git hub.com", Character),
            ("https://-oProxyCommand=x/", Character),
            ("https://-evil.example", Label),
            ("https://a..b", Label),
            ("https://github.com.", Label),
            ("https://127.1", Number),
            ("https://0x7f.1", Number),
            ("https://2130706433", Number),
            ("https://a.0x1", Number),
            ("https://github.com:0", Port),
            ("https://github.com:65536", Port),
            ("https://github.com:+80", Port),
            ("https://github.com:", Port),
            ("http://github.com", Clear),
            ("https://github.com?x", Path),
            ("https://github.com#x", Path),
            ("https://github.com/a/../b", Path),
            ("https://github.com/a//b", Path),
            ("https://github.com/%2e%2e", Path),
        ] {
            assert_eq!(Host::parse(text), Err(reason), "{text}");
        }
    }
}
