//! Who a server is: the keys of the public forges, and those that the user has vouched for.
//!
//! The first are data with their sources; the others stand in a file of the user's own, in OpenSSH's form. Nothing is
//! ever added to it by the program: a key that was not compared proves nothing.

use serde::Deserialize;

use crate::key::PublicKey;

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

/// The lines for one host, as ssh keeps them: what is pinned, then what the user has vouched for. `name` is the host as
/// the file has it (`git.example`, or `[git.example]:7999`).
pub fn known_hosts(name: &str, of_the_user: &str) -> Option<String> {
    let pinned = rows().into_iter().filter(|row| row.name == name).map(|row| format!("{} {}", row.name, row.key));
    let vouched = of_the_user.lines().map(str::trim).filter(|line| {
        // Marked lines (@cert-authority, @revoked) and hashed names say nothing about this host that could be carried over.
        line.split_once(char::is_whitespace).is_some_and(|(names, _)| names.split(',').any(|one| one == name))
    });
    let mut lines: Vec<String> = pinned.collect();
    lines.extend(vouched.map(str::to_owned));
    lines.dedup();
    (!lines.is_empty()).then(|| lines.join("\n") + "\n")
}

/// The lines of `text` that name a host and its key, without their comments, and how many other lines there are beside
/// blank ones and comments.
pub fn host_keys(text: &str) -> (String, usize) {
    let (mut kept, mut others) = (String::new(), 0);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match host_key(line) {
            Some(line) => kept.extend([line.as_str(), "\n"]),
            None => others += 1,
        }
    }
    (kept, others)
}

/// `[marker] names algorithm base64`, as sshd(8) has it for `ssh_known_hosts`.
fn host_key(line: &str) -> Option<String> {
    let mut words = line.split_ascii_whitespace().peekable();
    let marker = words.next_if(|word| matches!(*word, "@cert-authority" | "@revoked"));
    let (names, algorithm, key) = (words.next()?, words.next()?, words.next()?);
    // One that DSA made is no key that anybody still takes.
    let key = PublicKey::parse(&format!("{algorithm} {key}")).ok()?;
    let marker = marker.map(|marker| format!("{marker} ")).unwrap_or_default();
    Some(format!("{marker}{names} {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn one_host_has_its_own_lines_and_no_other() {
        let mine = "# mine\n[git.example]:7999,10.0.0.7 ssh-ed25519 AAAA\n|1|hash= ssh-rsa BBBB\n@revoked git.example ssh-rsa CC\n";
        assert_eq!(known_hosts("[git.example]:7999", mine).unwrap(), "[git.example]:7999,10.0.0.7 ssh-ed25519 AAAA\n");
        assert_eq!(known_hosts("git.example", mine), None);
        let github = known_hosts("github.com", mine).unwrap();
        assert_eq!(github.lines().filter(|line| line.starts_with("github.com ")).count(), 3);
        assert_eq!(github.lines().count(), 3);
    }

    #[test]
    fn the_user_adds_hosts_and_takes_none_away() {
        let hosts = hosts("git.example ssh-ed25519 AAAA");
        assert!(hosts.contains("github.com ssh-ed25519 ") && hosts.ends_with("\ngit.example ssh-ed25519 AAAA\n"));
    }
    #[test]
    fn only_keys_of_hosts_are_carried_over() {
        const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
        let file = format!(
            "# git.example:22 SSH-2.0\n\ngit.example,10.0.0.7 {KEY} a comment\n  @revoked git.example {KEY}\n|1|a=|b= {KEY}\n\
             glpat-0123456789\n-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0 c2VjcmV0 c2VjcmV0\ngit.example ssh-ed25519 AAAA\n"
        );
        let kept = format!("git.example,10.0.0.7 {KEY}\n@revoked git.example {KEY}\n|1|a=|b= {KEY}\n");
        assert_eq!(host_keys(&file), (kept, 4));
        assert_eq!(host_keys("hello\n"), (String::new(), 1));
        // What is pinned here is among what is carried over.
        let pinned = known_hosts("github.com", "").unwrap();
        assert_eq!(host_keys(&pinned), (pinned.clone(), 0));
    }
}
