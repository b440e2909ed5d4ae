//! git and everything that reads its files: the input of `git credential approve`, and a line of `.netrc`.
//!
//! Source: <https://git-scm.com/docs/git-credential#IOFMT>, and the section "The .netrc file" of the GNU Inetutils
//! manual, read on 2026-11-21.

use super::{Case, Document, Format, Mark};

pub const CREDENTIAL: Format =
    Format { name: "git", about: "the input of `git credential approve`", parameters: &[], write: credential };

pub const NETRC: Format =
    Format { name: "netrc", about: "a line of ~/.netrc, for curl and whoever reads it", parameters: &[], write: netrc };

fn credential(case: &Case<'_>, document: &mut Document) -> Result<String, String> {
    case.needs_token()?;
    let origin = case.connection.site.host.origin();
    let mut text = format!("protocol={}\nhost={}\n", origin.scheme(), origin.authority());
    if let Some(path) = case.connection.repository.as_ref().and_then(|one| path_of(&one.url)) {
        text.push_str(&format!("path={path}\n"));
    }
    text.push_str(&format!("username={}\npassword={}\n", one_line(case.user)?, Mark::Token.char()));
    if let Some(ends) = case.ends {
        text.push_str(&format!("password_expiry_utc={}\n", ends.as_second()));
    }
    if let Some(file) = &case.connection.site.ca_file {
        document.notes.push(format!(
            "git needs the certificate authority as well: git config --global http.{origin}/.sslCAInfo {}",
            super::shell(&file.display().to_string())
        ));
    }
    text.push('\n');
    Ok(text)
}

fn netrc(case: &Case<'_>, document: &mut Document) -> Result<String, String> {
    case.needs_token()?;
    let origin = case.connection.site.host.origin();
    if origin.authority() != origin.name() {
        document.notes.push("A .netrc knows hosts and no ports: the token would go to every port of this host.".into());
    }
    document
        .notes
        .push("The file has to be readable by you alone (chmod 600), and holds one account for each host.".into());
    Ok(format!("machine {} login {} password {}\n", origin.name(), one_line(case.user)?, Mark::Token.char()))
}

fn one_line(text: &str) -> Result<&str, String> {
    let broken = "the user name has white space or a control character, which this format cannot carry";
    if text.chars().any(|letter| letter.is_control() || letter.is_whitespace()) { Err(broken.into()) } else { Ok(text) }
}

/// The path of an address, as git asks with it: without the slash before it.
fn path_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    Some(rest.split_once('/')?.1).filter(|path| !path.is_empty())
}
