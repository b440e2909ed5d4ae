//! The addresses of Azure DevOps, old and new, of pages, of git and of SSH.
//!
//! Services moved from `ORG.visualstudio.com` to `dev.azure.com/ORG` in 2018 and answer at both
//! (<https://learn.microsoft.com/en-us/azure/devops/release-notes/2018/sep-10-azure-devops-launch>). The older form may
//! name a collection, always `DefaultCollection`. A repository that is called like its project is also found without it:
//! `…/_git/NAME`. Clone addresses carry the organisation as user, which signs in nobody.

use super::super::{Address, Host, Located};

const NEW: &str = "dev.azure.com";
const OLD: &str = ".visualstudio.com";

/// Whether this (lower-case) name is one of the public service, with those that only git uses.
pub(super) fn is_services_name(name: &str) -> bool {
    name == NEW || name == "ssh.dev.azure.com" || is_old_name(name)
}

pub(super) fn is_services(host: &Host) -> bool {
    is_services_name(host.origin().name())
}

/// `ORG.visualstudio.com`: the organisation stands in the name, not in the path.
pub(super) fn is_legacy(host: &Host) -> bool {
    is_old_name(host.origin().name())
}

fn is_old_name(name: &str) -> bool {
    name.strip_suffix(OLD).is_some_and(|organisation| !organisation.is_empty() && !organisation.contains('.'))
}

/// The organisation that an address of Services names.
pub(super) fn organisation(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("https") {
        return None;
    }
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let name = authority.rsplit_once('@').map_or(authority, |(_, name)| name).to_ascii_lowercase();
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    if let Some(organisation) = name.strip_suffix(OLD).filter(|_| is_old_name(&name)) {
        let fine = segments.all(is_default_collection);
        return fine.then(|| organisation.to_owned());
    }
    let organisation = segments.next().filter(|_| name == NEW)?;
    segments.next().is_none().then(|| organisation.to_owned())
}

fn is_default_collection(segment: &str) -> bool {
    segment.eq_ignore_ascii_case("DefaultCollection")
}

/// What an address names, whichever way it is written.
pub(super) fn locate(address: &Address) -> Option<Located> {
    let segments: Vec<&str> = address.segments.iter().map(String::as_str).collect();
    match address.host.as_str() {
        "ssh.dev.azure.com" | "vs-ssh.visualstudio.com" => over_ssh(&segments, address.user.as_deref()),
        NEW => {
            let (organisation, rest) = segments.split_first()?;
            below_organisation(organisation, rest, None)
        }
        name if is_old_name(name) => below_organisation(name.strip_suffix(OLD)?, &segments, services()),
        _ => on_server(address, &segments),
    }
}

fn services() -> Option<Host> {
    Host::parse(&format!("https://{NEW}")).ok()
}

/// `v3/ORG/PROJECT/REPO`; older ones `[DefaultCollection/][PROJECT/]_ssh/REPO`, with the organisation as user.
fn over_ssh(segments: &[&str], user: Option<&str>) -> Option<Located> {
    if let ["v3", organisation, project, repository] = segments {
        return Some(located(services(), organisation, Some(project), Some(repository)));
    }
    below_organisation(user?, segments, services())
}

/// What follows the organisation: `[DefaultCollection/][PROJECT/]_git/REPO…`, or a page of the project.
fn below_organisation(organisation: &str, rest: &[&str], host: Option<Host>) -> Option<Located> {
    let rest = match rest {
        [first, rest @ ..] if is_default_collection(first) => rest,
        rest => rest,
    };
    if let Some((before, repository)) = around_git(rest) {
        let project = match before {
            [] => repository,
            [project] => project,
            _ => return None,
        };
        return Some(located(host, organisation, Some(project), Some(repository)));
    }
    match rest {
        // `_apis`, `_usersSettings` and the like are no projects.
        [project, ..] if !project.starts_with('_') => Some(located(host, organisation, Some(project), None)),
        _ => Some(located(host, organisation, None, None)),
    }
}

/// What stands before `_git`, and the repository behind it.
fn around_git<'s>(segments: &'s [&'s str]) -> Option<(&'s [&'s str], &'s str)> {
    let at = segments.iter().position(|segment| matches!(*segment, "_git" | "_ssh"))?;
    let repository = match &segments[at + 1..] {
        // Words of older clients for how much of the repository they want.
        ["_full" | "_optimized", repository, ..] | [repository, ..] => *repository,
        [] => return None,
    };
    Some((&segments[..at], repository))
}

/// A collection of Server: `[tfs/]COLLECTION/[PROJECT/]_git/REPO`. What stands before the collection belongs to the host.
fn on_server(address: &Address, segments: &[&str]) -> Option<Located> {
    let (before, repository) = around_git(segments)?;
    let (path, collection, project) = match before {
        // The usual virtual directory is not a collection.
        [directory, collection] if directory.eq_ignore_ascii_case("tfs") => (&before[..1], *collection, repository),
        [path @ .., collection, project] => (path, *collection, *project),
        [collection] => (&before[..0], *collection, repository),
        [] => return None,
    };
    let scheme = if address.scheme == "ssh" { "https" } else { address.scheme };
    let port = address.port.filter(|_| address.scheme != "ssh").map(|port| format!(":{port}")).unwrap_or_default();
    let below = path.join("/");
    let host = Host::parse(&format!("{scheme}://{}{port}/{below}", address.host)).ok()?;
    Some(located(Some(host), collection, Some(project), Some(repository)))
}

fn located(host: Option<Host>, owner: &str, project: Option<&str>, repository: Option<&str>) -> Located {
    let text = |part: Option<&str>| part.map(str::to_owned);
    Located { host, owner: owner.to_owned(), project: text(project), repository: text(repository) }
}
