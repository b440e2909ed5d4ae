//! Addresses of repositories, as people copy them from a browser, a clone button or a git remote.
//!
//! An address is taken apart once, against a grammar that is narrower than that of git and of browsers: where two
//! readers could see different hosts in one text, or where the text carries a secret, it is refused with the reason.
//! What it names at a provider is told by [`super::Rules::locate`].
//!
//! # Look-alikes
//! A name that is close to a public host is refused before anybody sends a token there. It is close if it has as many
//! labels as the public name, all but one of them equal, and the other one off by at most two letters (one letter, for
//! labels of up to five and for the last label): `githib.com`, `github.co`, `dev.azrue.com`. It is close as well if it
//! goes on where the public name ends: `github.com.evil.example`. Servers of one's own are not caught by this, since
//! their names have a label of their own before the word (`gitlab.acme.example`, `github.corp`) or are longer words
//! (`notgithub.com`); only a registered name within two letters of a public one is, and that can still be written as `host`.

use super::origin::{canonical_name, split_port};
use super::{Address, Host, NotAHost, Provider};
use crate::answers::is_token;
use crate::text::is_plain;

/// The longest text that is looked at, in bytes.
const LONGEST: usize = 2048;
/// From this length on, a user name of letters and digits alone is taken for a token.
const TOKEN_LENGTH: usize = 40;
/// What stands before a commit in an address; forty hexadecimal digits after it are no token.
const BEFORE_COMMITS: &[&str] = &["blame", "blob", "commit", "commits", "compare", "raw", "src", "tree"];
/// The names under which addresses carry secrets in their query.
const SECRET_KEYS: &[&str] =
    &["access_token", "api_key", "job_token", "password", "pat", "private_token", "secret", "sig", "token"];

/// Why a text is not an address of ours. Written to be shown beside the field; it never repeats the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAddress {
    #[error("the address is empty")]
    Empty,
    #[error("the address is longer than 2048 bytes")]
    Long,
    #[error("the address has a control character or an invisible one: copy it anew")]
    Control,
    #[error("the address has a backslash, which programs read in different ways: write / instead")]
    Backslash,
    #[error("an address begins with https:// or ssh://, or has the form git@host:owner/repository")]
    Scheme,
    #[error(
        "git reads a number after the colon as a part of the path, people as a port: write ssh://git@host:port/path or https://host:port/path"
    )]
    Ambiguous,
    #[error(
        "the address holds a password or token: remove everything before the @, and revoke a token that was shared in this way"
    )]
    Password,
    #[error("the address holds a token: copy it without, and revoke a token that was shared in this way")]
    Token,
    #[error("the part before the @ is no user name")]
    User,
    #[error(transparent)]
    Host(#[from] NotAHost),
    #[error(
        "the host looks like {0} and is not: if that was meant, mend the address; if this is a server of your own, write `host` and names instead of an address"
    )]
    LookAlike(&'static str),
    #[error("the host belongs to {0} but serves no repositories: copy the address of the repository itself")]
    Sibling(&'static str),
    #[error("a part of the path begins with a hyphen, which programs could take for an option")]
    Hyphen,
    #[error("a part of the path is empty: there is one / too many")]
    EmptyPart,
    #[error("the path has a part that leads elsewhere (. or ..)")]
    Dots,
    #[error(
        "the path is encoded in a way that is not plain: a % that stands for / or a control character, is encoded twice, or is followed by no two digits"
    )]
    Encoding,
}

impl Address {
    /// Takes an address apart: `https://`, `http://` and `ssh://`, the scp-like `user@host:path`, and `host/path` where
    /// the host is a public one. Query and fragment are dropped, after a look for secrets.
    ///
    /// # Errors
    /// Whatever is not plainly an address, or is not safe to be taken for one.
    pub fn parse(text: &str) -> Result<Self, NotAnAddress> {
        // `ext::sh -c …` names a program that git would run.
        if text.split(['/', '[']).next().is_some_and(|begin| begin.contains("::")) {
            return Err(NotAnAddress::Scheme);
        }
        let text = text.trim_matches(' ');
        if text.is_empty() {
            return Err(NotAnAddress::Empty);
        }
        if text.len() > LONGEST {
            return Err(NotAnAddress::Long);
        }
        if text
            .chars()
            .any(|letter| letter.is_control() || (letter != ' ' && !is_plain(letter.encode_utf8(&mut [0; 4]))))
        {
            return Err(NotAnAddress::Control);
        }
        if text.contains('\\') {
            return Err(NotAnAddress::Backslash);
        }
        let written = Written::of(text)?;
        let user = written.user.map(|user| user_name(user, written.decodes)).transpose()?;
        let host = canonical_name(written.host)?;
        if let Some(public) = look_alike(&host) {
            return Err(NotAnAddress::LookAlike(public));
        }
        if let Some(public) = sibling(&host) {
            return Err(NotAnAddress::Sibling(public));
        }
        if written.dropped.iter().any(|part| carries_secret(part)) {
            return Err(NotAnAddress::Token);
        }
        let segments = segments(written.path, written.decodes)?;
        let own = match written.scheme {
            "https" => Some(443),
            "http" => Some(80),
            _ => Some(22),
        };
        let port = written.port.filter(|port| Some(*port) != own);
        Ok(Self { scheme: written.scheme, user, host, port, segments })
    }

    /// Whether `text` is meant as an address, so that it is to be read as one or refused; names are not.
    pub fn is_meant(text: &str) -> bool {
        let text = text.trim();
        let before = |stop: char| text.split(stop).next().unwrap_or_default();
        let scp = text.contains(':') && before(':').len() < before('/').len() && before(':').contains(['@', '.']);
        text.contains("://") || scp || (text.contains('/') && is_public(&before('/').to_ascii_lowercase()))
    }

    /// The host to answer with for this address: its own over HTTPS, at its own port; over SSH, and where a public
    /// host is written with `http://`, the usual one.
    ///
    /// # Errors
    /// `http://` to another computer, which is not public either.
    pub fn web_host(&self) -> Result<Host, NotAHost> {
        let secure = self.scheme != "http" || (self.port.is_none() && is_public(&self.host));
        let scheme = if secure { "https" } else { "http" };
        match self.port.filter(|_| self.scheme != "ssh") {
            Some(port) => Host::parse(&format!("{scheme}://{}:{port}", self.host)),
            None => Host::parse(&format!("{scheme}://{}", self.host)),
        }
    }

    /// The provider whose public service the host is.
    pub fn provider(&self) -> Option<Provider> {
        known_by(&self.host)
    }
}

/// The pieces of an address as they are written.
struct Written<'t> {
    scheme: &'static str,
    user: Option<&'t str>,
    host: &'t str,
    port: Option<u16>,
    path: &'t str,
    /// Query and fragment.
    dropped: Vec<&'t str>,
    /// Whether `%` is followed by the number of a character. Not so in the scp-like form.
    decodes: bool,
}

impl<'t> Written<'t> {
    fn of(text: &'t str) -> Result<Self, NotAnAddress> {
        if let Some((scheme, rest)) = text.split_once("://") {
            let scheme = ["https", "http", "ssh"].into_iter().find(|known| known.eq_ignore_ascii_case(scheme));
            return Self::url(scheme.ok_or(NotAnAddress::Scheme)?, rest);
        }
        let slash = text.find('/').unwrap_or(text.len());
        if text[..slash].contains(':') {
            return Self::scp(text);
        }
        if is_public(&text[..slash].to_ascii_lowercase()) {
            Self::url("https", text)
        } else {
            Err(NotAnAddress::Scheme)
        }
    }

    fn url(scheme: &'static str, rest: &'t str) -> Result<Self, NotAnAddress> {
        let cut = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, after) = rest.split_at(cut);
        let (user, place) = split_user(authority)?;
        let (host, port) = split_port(place)?;
        let end = after.find(['?', '#']).unwrap_or(after.len());
        // Git sends both to an SSH server as parts of the path, a browser would not.
        if scheme == "ssh" && end < after.len() {
            return Err(NotAnAddress::Encoding);
        }
        let dropped = after[end..].split(['?', '#', '&', ';']).filter(|part| !part.is_empty()).collect();
        Ok(Self { scheme, user, host, port, path: &after[..end], dropped, decodes: true })
    }

    fn scp(text: &'t str) -> Result<Self, NotAnAddress> {
        let bracket = text.find("]:").map(|at| at + 1);
        let colon = bracket.or_else(|| text.find(':')).unwrap_or(text.len());
        let (place, path) = (&text[..colon], text.get(colon + 1..).unwrap_or_default());
        if place.contains(':') && bracket.is_none() {
            return Err(NotAnAddress::Scheme);
        }
        // `user:password@host` without a scheme.
        if !place.contains('@') && path.split('/').next().is_some_and(|first| first.contains('@')) {
            return Err(NotAnAddress::Password);
        }
        let (user, host) = split_user(place)?;
        // One letter is the drive of a computer, and no host.
        if user.is_none() && host.len() < 2 {
            return Err(NotAnAddress::Scheme);
        }
        let first = path.split('/').next().unwrap_or_default();
        if !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotAnAddress::Ambiguous);
        }
        if path.contains(['?', '#', '%']) {
            return Err(NotAnAddress::Encoding);
        }
        let path = path.strip_prefix('/').unwrap_or(path);
        Ok(Self { scheme: "ssh", user, host, port: None, path, dropped: Vec::new(), decodes: false })
    }
}

fn split_user(authority: &str) -> Result<(Option<&str>, &str), NotAnAddress> {
    match authority.split_once('@') {
        None => Ok((None, authority)),
        Some((user, _)) if user.contains(':') => Err(NotAnAddress::Password),
        // Git takes the host from behind the first @, others from behind the last.
        Some((_, place)) if place.contains('@') => Err(NotAnAddress::Password),
        Some((user, place)) => Ok((Some(user), place)),
    }
}

fn user_name(written: &str, decodes: bool) -> Result<String, NotAnAddress> {
    let user = if decodes { decoded(written).ok_or(NotAnAddress::User)? } else { written.to_owned() };
    if user.contains(':') {
        return Err(NotAnAddress::Password);
    }
    let long = user.len() >= TOKEN_LENGTH
        && user.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && user.bytes().any(|byte| byte.is_ascii_digit());
    if is_token(&user) || long {
        return Err(NotAnAddress::Token);
    }
    let fine = (1..=254).contains(&user.len())
        && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-+~@".contains(&byte))
        && !user.starts_with('-');
    if fine { Ok(user) } else { Err(NotAnAddress::User) }
}

fn segments(path: &str, decodes: bool) -> Result<Vec<String>, NotAnAddress> {
    let path = path.strip_prefix('/').unwrap_or(path).trim_end_matches('/');
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let mut segments: Vec<String> = Vec::new();
    for written in path.split('/') {
        let segment = if decodes { decoded(written).ok_or(NotAnAddress::Encoding)? } else { written.to_owned() };
        let twice = decodes && segment.contains('%') && decoded(&segment).is_some_and(|again| again != segment);
        if twice || segment.contains(['/', '\\']) || segment.chars().any(char::is_control) {
            return Err(NotAnAddress::Encoding);
        }
        if segment.trim().is_empty() {
            return Err(NotAnAddress::EmptyPart);
        }
        if !is_plain(segment.trim()) {
            return Err(NotAnAddress::Control);
        }
        if segment == "." || segment == ".." {
            return Err(NotAnAddress::Dots);
        }
        // A hyphen alone separates the pages of a GitLab project from its path.
        if segment.starts_with('-') && segment != "-" {
            return Err(NotAnAddress::Hyphen);
        }
        let commit = segments.iter().any(|before| BEFORE_COMMITS.contains(&before.as_str()))
            && segment.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !commit && is_token(&segment) {
            return Err(NotAnAddress::Token);
        }
        segments.push(segment);
    }
    Ok(segments)
}

/// `text` with each `%` and its two digits replaced, once.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        let (high, low) = (digit()?, digit()?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

fn carries_secret(part: &str) -> bool {
    let (key, value) = part.split_once('=').unwrap_or(("", part));
    let value = decoded(value).unwrap_or_default();
    // Line numbers, tabs and forty digits of a commit are no secrets, keys of that name are.
    let commit = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    SECRET_KEYS.contains(&key.to_ascii_lowercase().as_str()) || (!commit && is_token(&value))
}

fn known_by(host: &str) -> Option<Provider> {
    Provider::ALL.iter().copied().find(|provider| provider.rules().knows_host(host))
}

/// Whether `host` is a public service of a provider, also under the names that only git uses.
fn is_public(host: &str) -> bool {
    known_by(host).is_some()
}

/// The names of the public services.
fn public_names() -> impl Iterator<Item = &'static str> {
    Provider::ALL.iter().filter_map(|provider| provider.rules().default_host()?.strip_prefix("https://"))
}

/// The public host that belongs to the same name, where `host` is one of its names that serve no git.
fn sibling(host: &str) -> Option<&'static str> {
    let below = |public: &&str| host.strip_suffix(*public).is_some_and(|rest| rest.ends_with('.'));
    if is_public(host) { None } else { public_names().find(below) }
}

/// The public host that `host` is easily taken for. The module's documentation has the rule.
fn look_alike(host: &str) -> Option<&'static str> {
    if is_public(host) {
        return None;
    }
    let bare = host.strip_prefix("www.").unwrap_or(host);
    public_names().find(|public| {
        let goes_on = host.strip_prefix(public).is_some_and(|rest| rest.starts_with('.'));
        goes_on || is_close(bare, public)
    })
}

fn is_close(host: &str, public: &str) -> bool {
    let (left, right): (Vec<_>, Vec<_>) = (host.split('.').collect(), public.split('.').collect());
    if left.len() != right.len() {
        return false;
    }
    let mut others = left.iter().zip(&right).enumerate().filter(|(_, (left, right))| left != right);
    let (Some((place, (written, meant))), None) = (others.next(), others.next()) else { return false };
    let most = if place + 1 == right.len() || meant.len() <= 5 { 1 } else { 2 };
    // The letters of a foreign alphabet stand behind the last hyphen of such a label, the others before it.
    let plain = written.strip_prefix("xn--").and_then(|rest| rest.rsplit_once('-')).map(|(plain, _)| plain);
    distance(plain.unwrap_or(written), meant) <= most
}

/// How many letters have to be added, left out, changed or swapped with their neighbour.
fn distance(left: &str, right: &str) -> usize {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let mut rows = vec![(0..=right.len()).collect::<Vec<_>>()];
    for (i, a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let mut least = (rows[i][j + 1] + 1).min(row[j] + 1).min(rows[i][j] + usize::from(a != b));
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_counted_as_people_mistype_them() {
        for (left, right, count) in [
            ("github", "github", 0),
            ("githib", "github", 1),
            ("gihtub", "github", 1),
            ("gitub", "github", 1),
            ("gitlub", "github", 1),
            ("gitlab", "github", 2),
            ("gitea", "github", 3),
            ("", "abc", 3),
        ] {
            assert_eq!(distance(left, right), count, "{left} {right}");
        }
    }

    #[test]
    fn names_of_ones_own_are_not_taken_for_public_ones() {
        for (host, meant) in [
            ("githib.com", Some("github.com")),
            ("g1thub.com", Some("github.com")),
            ("www.githup.com", Some("github.com")),
            ("github.co", Some("github.com")),
            ("github.cmo", Some("github.com")),
            ("xn--gthub-n4a.com", Some("github.com")),
            ("gitlap.com", Some("gitlab.com")),
            ("github.com.evil.example", Some("github.com")),
            ("github.com", None),
            ("gitlab.com", None),
            ("acme.ghe.com", None),
            ("codeberg.org", None),
            ("github.acme.com", None),
            ("gitlab.acme.example", None),
            ("gitlab.cern.ch", None),
            ("gitlab.gnome.org", None),
            ("gitlab.de", None),
            ("gitlab.cn", None),
            ("gitlab", None),
            ("github.corp", None),
            ("git.lab.com", None),
            ("notgithub.com", None),
            ("jihulab.com", None),
            ("digital.com", None),
            ("git.example", None),
        ] {
            assert_eq!(look_alike(host), meant, "{host}");
        }
    }

    #[test]
    fn what_is_meant_as_an_address_is_told_from_names() {
        for (text, meant) in [
            ("https://git.example/a/b", true),
            ("git@git.example:a/b", true),
            ("git.example:a/b", true),
            ("github.com/acme/gitops", true),
            ("gitops", false),
            ("acme/platform", false),
            ("acme.dev/platform", false),
            ("a:b", false),
            ("~user", false),
        ] {
            assert_eq!(Address::is_meant(text), meant, "{text}");
        }
    }
}
