//! Git's own answer: what may be read and pushed, asked the way git asks.
//!
//! The first request of every fetch and push over HTTP is `GET …/info/refs?service=…`: the server checks the right to
//! the service and lists the refs (gitprotocol-http, "Smart Clients"). For `git-receive-pack` a listing proves the right
//! to push, and nothing is sent that could change a ref: that would be a second request, which is never made. The same
//! listing tells whether the repository is empty.

pub(crate) mod credential;

use crate::fact::{Fault, Refs, Service};
use crate::forge::{Answer, Client, LONGEST_ANSWER, Request, Sign};
use crate::text::is_plain;

/// The most names that are kept.
const MOST_NAMES: usize = 1000;
/// Some servers and proxies let only git itself pass.
const GIT_AGENT: &str = concat!("git/2.0 (git-access/", env!("CARGO_PKG_VERSION"), ")");

impl Service {
    /// Its name in git's protocol.
    pub fn command(self) -> &'static str {
        match self {
            Self::Read => "git-upload-pack",
            Self::Write => "git-receive-pack",
        }
    }
}

/// Asks for the refs of the repository at `clone_url`, signing in as `user`. `refused` tells what any other answer than
/// a listing means: the words are the provider's.
///
/// A listing longer than 1 MiB is read so far and counts: status, type and first refs prove the right, and the names
/// beyond the first 1000 are not kept anyway. One that the *connection* cut off is a fault.
pub async fn refs(
    client: &Client,
    clone_url: &str,
    service: Service,
    user: &str,
    refused: impl Fn(&Answer) -> Fault + Send,
) -> Result<Refs, Fault> {
    listed(client, request(clone_url, service, user), service, refused).await
}

/// The request that begins every fetch and push.
pub fn request(clone_url: &str, service: Service, user: &str) -> Request {
    let command = service.command();
    Request::get(format!("{clone_url}/info/refs?service={command}"))
        .header("user-agent", GIT_AGENT)
        .header("accept", "*/*")
        .sign(Sign::Basic(user.to_owned()))
        .up_to(LONGEST_ANSWER)
        .keep_cut()
}

/// What comes of a [`request`] that a provider has added something to.
pub async fn listed(
    client: &Client,
    request: Request,
    service: Service,
    refused: impl Fn(&Answer) -> Fault + Send,
) -> Result<Refs, Fault> {
    let command = service.command();
    let answer = client.send(&request).await?;
    if let Some(fault) = answer.general_fault() {
        return Err(fault);
    }
    if answer.status != 200 {
        return Err(refused(&answer));
    }
    let typed = answer.content_type() == format!("application/x-{command}-advertisement");
    if typed && spoken_refusal(answer.body()).is_some() {
        return Err(refused(&answer));
    }
    typed
        .then(|| listing(command, answer.body(), answer.cut))
        .flatten()
        .ok_or_else(|| answer.not_the_api("git's list of refs"))
}

/// What a server says that refuses in the form of a listing, with status 200 (gitprotocol-pack, "error-line"): git
/// shows it behind `fatal: remote error:`.
pub fn spoken_refusal(body: &[u8]) -> Option<String> {
    let said = Packets(body).take(3).find_map(|packet| match packet {
        Packet::Line(line) => line.strip_prefix(b"ERR ").map(<[u8]>::to_vec),
        Packet::Flush => None,
    });
    said.map(|words| String::from_utf8_lossy(&words).into_owned())
}

/// The refs of a listing in git's packet lines; `None` if anything is not as the protocol has it. `cut`: the end is
/// missing by our own doing.
fn listing(command: &str, bytes: &[u8], cut: bool) -> Option<Refs> {
    let mut packets = Packets(bytes);
    if packets.next()? != Packet::Line(format!("# service={command}").as_bytes()) || packets.next()? != Packet::Flush {
        return None;
    }
    advertised(command, packets.0, cut)
}

/// The refs of a listing without the head that HTTP puts before it: as it comes over SSH.
pub fn advertised(command: &str, bytes: &[u8], cut: bool) -> Option<Refs> {
    let mut packets = Packets(bytes);
    let mut refs = Refs { names: Vec::new(), head: None };
    let mut lines = 0;
    loop {
        match packets.next() {
            Some(Packet::Line(line)) => {
                reference(line, lines == 0, &mut refs)?;
                lines += 1;
            }
            // For an empty repository, git-upload-pack has no line at all to tell; git-receive-pack always has one.
            Some(Packet::Flush) if packets.0.is_empty() && (lines > 0 || command == "git-upload-pack") => {
                return Some(refs);
            }
            None if cut && lines > 0 => return Some(refs),
            _ => return None,
        }
    }
}

/// Takes one line of the listing: an object id and a name, and on the first one the capabilities behind a NUL.
fn reference(line: &[u8], first: bool, refs: &mut Refs) -> Option<()> {
    let line = std::str::from_utf8(line).ok()?;
    if let Some(id) = line.strip_prefix("shallow ") {
        return (!first && is_object_id(id)).then_some(());
    }
    let (line, capabilities) = match (first, line.split_once('\0')) {
        (true, Some((line, capabilities))) => (line, capabilities),
        (false, None) => (line, ""),
        _ => return None,
    };
    let (id, name) = line.split_once(' ')?;
    if !is_object_id(id) || name.is_empty() || name.contains(' ') {
        return None;
    }
    if first {
        let head = capabilities.split(' ').find_map(|capability| capability.strip_prefix("symref=HEAD:"));
        refs.head = head.filter(|head| is_plain(head)).map(str::to_owned);
    }
    if name == "capabilities^{}" {
        // Stands in for the refs of an empty repository, with an id of zeros.
        return (first && id.bytes().all(|byte| byte == b'0')).then_some(());
    }
    // Peeled tags name no ref of their own, and `.have` lines tell of other repositories' objects.
    let kept = name.starts_with("refs/") && !name.ends_with("^{}") && is_plain(name);
    if kept && refs.names.len() < MOST_NAMES {
        refs.names.push(name.to_owned());
    }
    Some(())
}

fn is_object_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[derive(Debug, PartialEq, Eq)]
enum Packet<'a> {
    Flush,
    /// Without the line feed at its end.
    Line(&'a [u8]),
}

/// Packet lines: four hexadecimal digits that count themselves, then the line (gitprotocol-common, "pkt-line Format").
struct Packets<'a>(&'a [u8]);

impl<'a> Iterator for Packets<'a> {
    type Item = Packet<'a>;

    fn next(&mut self) -> Option<Packet<'a>> {
        let digits = self.0.get(..4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
        let length = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        if length == 0 {
            self.0 = &self.0[4..];
            return Some(Packet::Flush);
        }
        let line = self.0.get(4..length).filter(|line| !line.is_empty())?;
        self.0 = &self.0[length..];
        Some(Packet::Line(line.strip_suffix(b"\n").unwrap_or(line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZEROS: &str = "0000000000000000000000000000000000000000";
    const ONES: &str = "1111111111111111111111111111111111111111";

    fn packet(line: &str) -> String {
        format!("{:04x}{line}", line.len() + 4)
    }

    fn advertisement(lines: &[String]) -> String {
        let lines: String = lines.iter().map(|line| packet(line)).collect();
        format!("{}0000{lines}0000", packet("# service=git-receive-pack\n"))
    }

    fn check(body: &str) -> Option<Refs> {
        listing("git-receive-pack", body.as_bytes(), false)
    }

    #[test]
    fn an_empty_repository_lists_its_capabilities_and_no_ref() {
        let body = advertisement(&[format!("{ZEROS} capabilities^{{}}\0report-status atomic\n")]);
        assert_eq!(check(&body), Some(Refs { names: vec![], head: None }));
    }

    #[test]
    fn an_empty_repository_has_nothing_to_tell_to_readers() {
        let empty = packet("# service=git-upload-pack\n") + "00000000";
        let refs = listing("git-upload-pack", empty.as_bytes(), false);
        assert_eq!(refs, Some(Refs { names: vec![], head: None }));
        assert_eq!(listing("git-upload-pack", &empty.as_bytes()[..empty.len() - 4], false), None);
        assert_eq!(check(&empty.replace("001e", "001f").replace("upload", "receive")), None);
    }

    #[test]
    fn refs_are_listed_without_peeled_tags_and_foreign_objects() {
        let body = advertisement(&[
            format!("{ONES} HEAD\0multi_ack symref=HEAD:refs/heads/main agent=git/2\n"),
            format!("{ONES} refs/heads/main\n"),
            format!("{ONES} refs/tags/v1\n"),
            format!("{ONES} refs/tags/v1^{{}}\n"),
            format!("{ONES} .have\n"),
        ]);
        let names = ["refs/heads/main", "refs/tags/v1"].map(str::to_owned).to_vec();
        assert_eq!(check(&body), Some(Refs { names, head: Some("refs/heads/main".into()) }));
    }

    #[test]
    fn what_is_not_a_whole_listing_proves_nothing() {
        let whole = advertisement(&[format!("{ONES} refs/heads/main\0x\n"), format!("{ONES} refs/heads/next\n")]);
        assert!(check(&whole).is_some());
        for end in 0..whole.len() {
            assert_eq!(check(&whole[..end]), None, "cut at {end}");
        }
        let service = packet("# service=git-receive-pack\n");
        for body in [
            String::new(),
            "<html>".to_owned(),
            whole.replace("git-receive-pack", "git-upload-packs"),
            whole.replace("0000", "0004"),
            format!("{whole}0000"),
            format!("{whole}extra"),
            format!("{service}00000000"),
            format!("{service}0000{}0000", packet("ERR access denied\n")),
            advertisement(&[format!("{ONES} capabilities^{{}}\0x\n")]),
            advertisement(&[format!("{ONES} refs/heads/main\n")]),
            advertisement(&["nonsense refs/heads/main\0x\n".to_owned()]),
            format!("{}{}0000", service, packet(&format!("{ONES} refs/heads/main\0x\n"))),
        ] {
            assert_eq!(check(&body), None, "{body:?}");
        }
    }

    #[test]
    fn a_refusal_in_the_form_of_a_listing_is_heard() {
        let service = packet("# service=git-receive-pack\n");
        let refusal = format!("{service}0000{}", packet("ERR Repository not found\nIt does not exist.\n"));
        assert_eq!(spoken_refusal(refusal.as_bytes()).as_deref(), Some("Repository not found\nIt does not exist."));
        assert_eq!(spoken_refusal(packet("ERR no\n").as_bytes()).as_deref(), Some("no"));
        for body in [advertisement(&[format!("{ONES} refs/heads/ERR\0x\n")]), String::new(), "<html>ERR no".into()] {
            assert_eq!(spoken_refusal(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn a_listing_that_we_cut_counts_and_keeps_a_thousand_names() {
        let mut lines = vec![format!("{ONES} refs/heads/first\0x\n")];
        lines.extend((0..3000).map(|number| format!("{ONES} refs/heads/{number}\n")));
        let body = advertisement(&lines);
        let refs = listing("git-receive-pack", &body.as_bytes()[..body.len() - 50], true);
        assert_eq!(refs.map(|refs| refs.names.len()), Some(MOST_NAMES));
        let start = packet("# service=git-receive-pack\n") + "0000";
        assert_eq!(listing("git-receive-pack", start.as_bytes(), true), None);
    }
}
