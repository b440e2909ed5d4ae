//! Which connection serves a question of git's.
//!
//! Scheme, host and port must be equal. Below them a connection serves its repository, and every repository of its
//! owner: those are folders of the address, compared segment by segment, so that `acme` is no prefix of `acme-evil`.
//! The longest one wins. Letters compare without case, as every provider compares owners and repositories.
//!
//! git sends no path at all unless `useHttpPath` tells it to (<https://git-scm.com/docs/gitcredentials>, read on
//! 2026-11-21). A question without one is about the whole host: nothing is ruled out and nothing is closer than the
//! rest, so every connection of that host is left, and user name and active one decide as they always do. Silence would
//! leave whoever has not run `setup-git` without an answer where there is but one, and the token goes to no other host by
//! it. A path that is there and empty is another question: it names the root of the host, which no connection serves.

use super::git_user;
use super::request::Request;
use crate::config::{Config, Connection};
use crate::fact::Place;

/// The connection that serves `request`; `None` where there is none, or where it cannot be told which.
pub(super) fn chosen<'c>(config: &'c Config, request: &Request) -> Option<&'c Connection> {
    let ranked: Vec<(usize, &Connection)> = config
        .connections()
        .iter()
        .filter(|connection| connection.token.is_some())
        .filter_map(|connection| Some((rank(connection, request)?, connection)))
        .collect();
    let best = ranked.iter().map(|(rank, _)| *rank).max()?;
    let mut left: Vec<&Connection> =
        ranked.into_iter().filter(|(rank, _)| *rank == best).map(|(_, connection)| connection).collect();
    if left.len() > 1
        && let Some(name) = &request.username
    {
        left.retain(|connection| is_called(connection, name));
    }
    match left.as_slice() {
        [only] => Some(only),
        several => several.iter().find(|one| config.active() == Some(one.name.as_str())).copied(),
    }
}

fn is_called(connection: &Connection, name: &str) -> bool {
    connection.username.as_deref() == Some(name)
        || connection.git_username.as_deref() == Some(name)
        || connection.token.as_ref().is_some_and(|token| git_user(connection, token) == name)
}

/// How closely a connection fits: the number of segments that its own address shares with the one asked for.
fn rank(connection: &Connection, request: &Request) -> Option<usize> {
    if *connection.site.host.origin() != request.origin {
        return None;
    }
    let Some(asked) = &request.path else { return Some(0) };
    let served = folders(connection);
    let repository = connection.repository.as_ref().and_then(|repository| path_of(&repository.url));
    let of_repository = repository.filter(|own| begins_with(asked, own, true)).map(|own| own.len());
    let of_owner = served.iter().filter(|own| begins_with(asked, own, false)).map(Vec::len).max();
    of_repository.max(of_owner)
}

/// The folders of the address in which the repositories of the connection's owner are.
fn folders(connection: &Connection) -> Vec<Vec<String>> {
    let site = &connection.site;
    // Some providers put a word between host and owner, so the provider itself says where a repository would be.
    let any = Place { owner: connection.owner.clone(), name: "x".to_owned() };
    let mut inside = path_of(&site.provider.rules().clone_url(site, &any)).unwrap_or_default();
    inside.pop();
    let below = path_of(&site.host.join(&format!("/{}", connection.owner.owner))).unwrap_or_default();
    // One that is empty would serve the whole host.
    [inside, below].into_iter().filter(|folder| folder.len() > segments(site.host.path()).len()).collect()
}

/// The segments of an address's path, with percent signs resolved as git resolves them.
fn path_of(url: &str) -> Option<Vec<String>> {
    let (_, rest) = url.split_once("://")?;
    let (_, path) = rest.split_once('/').unwrap_or((rest, ""));
    segments(path).iter().map(|segment| resolved(segment)).collect()
}

fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|segment| !segment.is_empty()).collect()
}

/// `%20` as a blank. What is no text afterwards, or would be another segment, is no address of ours.
fn resolved(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let (high, low) = (char::from(rest.next()?).to_digit(16)?, char::from(rest.next()?).to_digit(16)?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('/'))
}

/// Whether `asked` is `own` or lies below it. `repository`: the last segment of `own` may end in `.git` or not.
fn begins_with(asked: &[String], own: &[String], repository: bool) -> bool {
    let Some(last) = own.len().checked_sub(1) else { return false };
    asked.len() >= own.len()
        && asked.iter().zip(own).enumerate().all(|(at, (asked, own))| {
            let bare = |name: &str| {
                let name = name.to_lowercase();
                if repository && at == last {
                    name.strip_suffix(".git").map_or(name.clone(), str::to_owned)
                } else {
                    name
                }
            };
            bare(asked) == bare(own)
        })
}
