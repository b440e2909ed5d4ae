//! GitHub's tokens: how they look, and what the scopes of a classic one include.

use std::collections::BTreeSet;
use std::io;

use crate::sandbox::http;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A new token in the shape that GitHub gives it: 40 characters for a classic one, 93 for a fine-grained one.
pub(super) fn mint(kind: &str) -> io::Result<String> {
    if kind == super::FINE_GRAINED {
        return Ok(format!("github_pat_{}_{}", random(22)?, random(59)?));
    }
    let entropy = random(30)?;
    // The last six characters are a checksum, so that a scanner can tell a token from a word:
    // https://github.blog/engineering/behind-githubs-new-authentication-token-formats/
    let checksum = checksum(entropy.as_bytes());
    Ok(format!("ghp_{entropy}{checksum}"))
}

fn random(length: usize) -> io::Result<String> {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let bytes = http::random::<64>()?;
        // 248 is a multiple of 62: bytes past it would make some characters likelier than others.
        let fair = bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(BASE62[usize::from(byte % 62)]));
        text.extend(fair.take(length - text.len()));
    }
    Ok(text)
}

/// CRC-32 in six digits to the base 62.
fn checksum(bytes: &[u8]) -> String {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    let mut rest = !crc as usize;
    let mut digits = [b'0'; 6];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[rest % 62];
        rest /= 62;
    }
    digits.map(char::from).iter().collect()
}

/// What each scope includes directly.
/// <https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps>
const INCLUDES: &[(&str, &[&str])] = &[
    ("repo", &["repo:status", "repo_deployment", "public_repo", "repo:invite", "security_events"]),
    ("admin:org", &["write:org", "manage_runners:org"]),
    ("write:org", &["read:org"]),
    ("admin:repo_hook", &["write:repo_hook"]),
    ("write:repo_hook", &["read:repo_hook"]),
    ("admin:public_key", &["write:public_key"]),
    ("write:public_key", &["read:public_key"]),
    ("admin:gpg_key", &["write:gpg_key"]),
    ("write:gpg_key", &["read:gpg_key"]),
    ("admin:ssh_signing_key", &["write:ssh_signing_key"]),
    ("write:ssh_signing_key", &["read:ssh_signing_key"]),
    ("user", &["read:user", "user:email", "user:follow"]),
    ("write:packages", &["read:packages"]),
    ("write:discussion", &["read:discussion"]),
    ("project", &["read:project"]),
    ("admin:enterprise", &["manage_runners:enterprise", "manage_billing:enterprise"]),
    ("manage_billing:enterprise", &["read:enterprise"]),
    ("audit_log", &["read:audit_log"]),
    ("codespace", &["codespace:secrets"]),
    ("copilot", &["manage_billing:copilot"]),
];

/// Does a token with `granted` hold `wanted`, directly or through another scope?
pub(super) fn holds(granted: &[String], wanted: &str) -> bool {
    granted.iter().any(|scope| scope == wanted || included(scope).contains(wanted))
}

/// The scopes as GitHub reports them: sorted, and without those that another one includes.
pub(super) fn normalised(granted: &[String]) -> String {
    let implied: BTreeSet<_> = granted.iter().flat_map(|scope| included(scope)).collect();
    let left: BTreeSet<_> = granted.iter().map(String::as_str).filter(|scope| !implied.contains(scope)).collect();
    left.into_iter().collect::<Vec<_>>().join(", ")
}

fn included(scope: &str) -> BTreeSet<&'static str> {
    let directly = |scope: &str| INCLUDES.iter().find(|(name, _)| *name == scope).map_or(&[][..], |(_, names)| *names);
    let mut found = BTreeSet::new();
    let mut open = directly(scope).to_vec();
    while let Some(scope) = open.pop() {
        if found.insert(scope) {
            open.extend(directly(scope));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_the_lengths_and_alphabets_of_the_real_ones() {
        let classic = mint("classic").unwrap();
        assert_eq!(classic.len(), 40);
        assert!(classic.strip_prefix("ghp_").unwrap().bytes().all(|byte| byte.is_ascii_alphanumeric()));
        let fine = mint("fine-grained").unwrap();
        assert_eq!(fine.len(), 93);
        assert_eq!(fine.strip_prefix("github_pat_").unwrap().find('_'), Some(22));
        assert_ne!(mint("classic").unwrap(), classic);
    }

    #[test]
    fn the_checksum_is_crc32_in_base_62() {
        // The check value of CRC-32, 0xCBF43926, to the base 62.
        assert_eq!(checksum(b"123456789"), "3jZRME");
    }

    #[test]
    fn scopes_include_others_over_several_levels_and_are_reported_without_them() {
        let granted = ["user", "admin:org", "read:org", "repo"].map(str::to_owned);
        assert!(holds(&granted, "read:org"));
        assert!(holds(&granted, "public_repo"));
        assert!(!holds(&granted, "delete_repo"));
        assert_eq!(normalised(&granted), "admin:org, repo, user");
        assert_eq!(normalised(&[]), "");
    }
}
