//! What `ssh` and the server behind it say when they refuse.
//!
//! ssh itself tells by its messages and the status 255 (ssh(1), "EXIT STATUS"); texts are those of OpenSSH's sources
//! (`sshconnect.c`, `packet.c`, `readconf.c`) and stable for years. What the forge says comes through in its own words.

use crate::fact::{Fault, FaultKind, Remedy, Service};
use crate::key::SshAddress;
use crate::text::sanitise;

/// The longest piece of others' words that is shown.
const LONGEST: usize = 300;

/// Whether the server's key is one that nobody has vouched for.
pub(super) fn is_stranger(said: &str) -> bool {
    said.contains("Host key verification failed") && !has_changed(said)
}

fn has_changed(said: &str) -> bool {
    said.contains("HOST IDENTIFICATION HAS CHANGED") || said.contains("host key for") && said.contains("has changed")
}

/// The fault that a run without an answer stands for.
pub(super) fn fault(said: &str, address: &SshAddress, service: Service) -> Fault {
    let host = address.known_as();
    let says = |part: &str| said.to_ascii_lowercase().contains(part);
    let told = |kind, text: String, remedy: &str| Fault::new(kind, text).remedy(Remedy::new(remedy));
    if has_changed(said) {
        let text = format!(
            "{host} shows another key than the one it is known by. It may be another server; nothing was sent."
        );
        let remedy = "Ask its administrator whether the key was replaced. If it was, vouch for the new one in the file of known hosts.";
        return told(FaultKind::Tls, text, remedy);
    }
    if says("could not resolve hostname") {
        return told(FaultKind::Dns, format!("The name {host} is not known, over SSH."), "Check the address over SSH.");
    }
    if says("timed out") {
        let remedy = "Check whether a firewall drops SSH, and whether the forge listens on another port (`ssh.url`).";
        return told(FaultKind::Timeout, format!("{host} did not answer over SSH in time."), remedy);
    }
    let unreached = ["connection refused", "no route to host", "network is unreachable", "connect to host"];
    if unreached.iter().any(|part| says(part)) {
        let remedy =
            "Check that the forge serves SSH there; where it has another host or port, give the address as `ssh.url`.";
        return told(FaultKind::Network, format!("{host} takes no connection over SSH."), remedy);
    }
    if says("permission denied (") || says("too many authentication failures") {
        let remedy = "Register the key there, then run this again.";
        return told(FaultKind::Auth, format!("{host} does not know this key."), remedy);
    }
    if says("error in libcrypto") || says("invalid format") || says("load key") {
        let remedy = "Give the private key in OpenSSH's own form, without a passphrase.";
        return told(FaultKind::Secret, "ssh cannot use the private key.".to_owned(), remedy);
    }
    let broken = ["connection closed by", "connection reset", "kex_exchange_identification", "broken pipe"];
    if broken.iter().any(|part| says(part)) {
        let remedy = "Try again in a while; a server that is asked too often closes connections, too.";
        return told(FaultKind::Network, format!("{host} closed the connection over SSH."), remedy);
    }
    refused(said, &host, service)
}

/// The server let the key in and did not open the repository.
fn refused(said: &str, host: &str, service: Service) -> Fault {
    let says = |part: &str| said.to_ascii_lowercase().contains(part);
    let words = sanitise(said, LONGEST);
    let words = if words.is_empty() { String::new() } else { format!(" and said “{words}”") };
    let missing = ["not found", "could not be found", "does not exist", "does not appear to be a git repository"];
    if service == Service::Read && missing.iter().any(|part| says(part)) {
        let text = format!("{host} knows the key, does not open the repository to it{words}.");
        let remedy = "Check owner and name. If they are right, register the key at this repository.";
        return Fault::new(FaultKind::NotFound, text).remedy(Remedy::new(remedy));
    }
    let doing = if service == Service::Read { "read" } else { "push" };
    let text = format!("{host} does not let the key {doing}{words}.");
    let remedy = match service {
        Service::Read => "Register the key at this repository, or at an account that may see it.",
        Service::Write => "Register the key with the right to write.",
    };
    Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new(remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_be_refused_has_its_kind() {
        let address = SshAddress::parse("ssh://git@git.example:2222/acme/gitops.git").unwrap();
        for (said, service, kind) in [
            ("ssh: Could not resolve hostname git.example: Name or service not known", Service::Read, FaultKind::Dns),
            ("ssh: connect to host git.example port 2222: Connection refused", Service::Read, FaultKind::Network),
            ("ssh: connect to host git.example port 2222: Connection timed out", Service::Read, FaultKind::Timeout),
            ("git@git.example: Permission denied (publickey).", Service::Read, FaultKind::Auth),
            ("kex_exchange_identification: Connection closed by remote host", Service::Read, FaultKind::Network),
            ("ERROR: Repository not found.", Service::Read, FaultKind::NotFound),
            ("ERROR: Repository not found.", Service::Write, FaultKind::NoAccess),
            (
                "ERROR: The key you are authenticating with has been marked as read only.",
                Service::Write,
                FaultKind::NoAccess,
            ),
            (
                "remote: ERROR: This deploy key does not have write access to this project.",
                Service::Write,
                FaultKind::NoAccess,
            ),
            ("Deploy Key: 3:flux is not authorized to write to acme/gitops.", Service::Write, FaultKind::NoAccess),
            ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @", Service::Read, FaultKind::Tls),
            ("Load key \"/k\": invalid format", Service::Read, FaultKind::Secret),
            ("", Service::Read, FaultKind::NoAccess),
        ] {
            let fault = fault(said, &address, service);
            assert_eq!(fault.kind, kind, "{said}");
            assert!(fault.remedy.is_some() && fault.text.ends_with('.'), "{said}");
        }
    }

    #[test]
    fn a_stranger_is_not_somebody_who_changed() {
        let unknown = "No ED25519 host key is known for [git.example]:2222 and you have requested strict checking.\r\nHost key verification failed.\r\n";
        let changed = "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\r\nHost key verification failed.\r\n";
        assert!(is_stranger(unknown) && !is_stranger(changed) && !is_stranger(""));
    }
}
