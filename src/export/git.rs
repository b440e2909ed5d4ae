//! git and everything that reads its files: the input of `git credential approve`, and a line of `.netrc`.
//!
//! Source: <https://git-scm.com/docs/git-credential#IOFMT>, and the section "The .netrc file" of the GNU Inetutils
//! manual, read on 2026-11-21.

use super::{Case, Document, Format, Mark};

pub const CREDENTIAL: Format = Format {
    name: "git",
    about: "the input of `git credential approve`",
    platform: None,
    parameters: &[],
    carries_client: false,
    carries_files: false,
    write: credential,
};

pub const NETRC: Format = Format {
    name: "netrc",
    about: "a line of ~/.netrc, for curl and whoever reads it",
    platform: None,
    parameters: &[],
    carries_client: false,
    carries_files: false,
    write: netrc,
};

fn credential(case: &Case<'_>, document: &mut Document) -> Result<String, String> {
    case.needs_token()?;
    case.note_bearer(document);
    let origin = case.connection.site.host.origin();
    let mut text = format!("protocol={}\nhost={}\n", origin.scheme(), origin.authority());
    if let Some(path) = case.connection.repository.as_ref().and_then(|one| path_of(&one.url)) {
        text.push_str(&format!("path={path}\n"));
    }
    text.push_str(&format!("username={}\npassword={}\n", one_line(case.user)?, Mark::Token.char()));
    if let Some(ends) = case.ends {
        text.push_str(&format!("password_expiry_utc={}\n", ends.as_second()));
    }
    case.note_git_trust(document);
    text.push('\n');
    Ok(text)
}

fn netrc(case: &Case<'_>, document: &mut Document) -> Result<String, String> {
    case.needs_token()?;
    case.note_bearer(document);
    let origin = case.connection.site.host.origin();
    if origin.authority() != origin.name() {
        document.notes.push("A .netrc knows hosts and no ports: the token would go to every port of this host.".into());
    }
    case.note_git_trust(document);
    document
        .notes
        .push("The file has to be readable by you alone (chmod 600), and holds one account for each host.".into());
    Ok(format!("machine {} login {} password {}\n", origin.name(), one_line(case.user)?, Mark::Token.char()))
}

fn one_line(text: &str) -> Result<&str, String> {
    let broken = "the user name has white space or a control character, which this format cannot carry";
    if text.chars().any(|letter| letter.is_control() || letter.is_whitespace()) { Err(broken.into()) } else { Ok(text) }
}

/// The path of an address, as git asks with it: without the slash before it, and decoded (`credential_from_url` of git's
/// `credential.c`). Nothing where that could not stand on a line.
fn path_of(url: &str) -> Option<String> {
    let rest = url.split_once("://")?.1;
    let path = percent_decoded(rest.split_once('/')?.1)?;
    Some(path).filter(|path| !path.is_empty() && !path.chars().any(char::is_control))
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let (byte, length) = match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => (u8::try_from(high * 16 + low).ok()?, 2),
            _ => (*first, 0),
        };
        bytes.push(byte);
        rest = &after[length..];
    }
    String::from_utf8(bytes).ok()
}
