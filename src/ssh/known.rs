//! Who a server is: the keys of the public forges, and those that the user has vouched for.
//!
//! The first are data with their sources; the others stand in a file of the user's own, in OpenSSH's form. Nothing is
//! ever added to it by the program: a key that was not compared proves nothing.

use serde::Deserialize;

const PINNED: &str = include_str!("../../assets/known_hosts.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    hosts: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(test), expect(dead_code, reason = "fingerprint, source and date are for those who review the data"))]
struct Row {
    name: String,
    /// Algorithm and base64.
    key: String,
    fingerprint: String,
    source: String,
    date: String,
}

fn rows() -> Vec<Row> {
    toml::from_str::<Table>(PINNED).map(|table| table.hosts).unwrap_or_default()
}

/// The file of known hosts for one question: what is pinned, and what the user has vouched for.
pub(super) fn hosts(of_the_user: &str) -> String {
    let pinned = rows().into_iter().map(|row| format!("{} {}", row.name, row.key));
    let mut lines: Vec<_> = pinned.collect();
    lines.push(of_the_user.to_owned());
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::PublicKey;

    #[test]
    fn every_pinned_key_has_the_fingerprint_that_is_published() {
        let rows = rows();
        for row in &rows {
            let key = PublicKey::parse(&row.key).unwrap();
            assert_eq!(key.fingerprint(), row.fingerprint, "{}", row.name);
            assert_eq!(key.to_string(), row.key, "{}", row.name);
            assert!(row.source.starts_with("https://"));
            row.date.parse::<jiff::civil::Date>().unwrap();
        }
        for host in ["github.com", "gitlab.com", "bitbucket.org", "ssh.dev.azure.com"] {
            assert!(rows.iter().any(|row| row.name == host), "{host}");
        }
    }

    #[test]
    fn the_user_adds_hosts_and_takes_none_away() {
        let hosts = hosts("git.example ssh-ed25519 AAAA");
        assert!(hosts.contains("github.com ssh-ed25519 ") && hosts.ends_with("\ngit.example ssh-ed25519 AAAA\n"));
    }
}
