//! `platforms`: what is known about the platforms, without an account and without a network.
//!
//! A user's own files in `<config dir>/platforms` stand beside the built-in ones and are read the same way; a broken one
//! is an error with its place, never silently left out.

mod json;
mod text;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Out, Refusal};
use crate::disk::{self, Paths};
use crate::fact::{OwnerKind, Site};
use crate::platform::{self, Condition, FileProblem, Level, Pair, Platform, RepositoryRule, built_in};
use crate::provider::{Host, Need, Projects, Provider, TokenKind};
use crate::text::sanitise;

/// The built-in platforms, and after them those of the user, by file name.
///
/// # Errors
/// A file of the user's that cannot be read, is no platform, or takes the id of another one: with line and column.
pub fn load_platforms(paths: &Paths) -> Result<Vec<Platform>, Refusal> {
    let (all, broken) = platforms_and_broken(paths);
    broken.into_iter().next().map_or(Ok(all), Err)
}

/// The platforms that can be read, and why each of the others cannot: for whoever looks at many connections, of which a
/// broken file concerns a few.
pub fn platforms_and_broken(paths: &Paths) -> (Vec<Platform>, Vec<Refusal>) {
    let (mut all, mut broken) = (built_in(), Vec::new());
    let files = own_files(&paths.config_dir.join("platforms")).unwrap_or_else(|refusal| {
        broken.push(refusal);
        Vec::new()
    });
    for path in files {
        match own(&path, &all) {
            Ok(platform) => all.extend(platform),
            Err(refusal) => broken.push(refusal),
        }
    }
    (all, broken)
}

/// The platform in the file at `path`, beside those that are known. What stands in it is obeyed: it says which rights a
/// token is to have, and where it is entered.
fn own(path: &Path, known: &[Platform]) -> Result<Option<Platform>, Refusal> {
    let Some(text) = disk::read_trusted(path)? else { return Ok(None) };
    let platform = platform::read(&text).map_err(|problems| all_broken(path, &problems))?;
    if known.iter().any(|there| there.id == platform.id) {
        // Somebody who reads `keptn` in a config relies on what this program knows of Keptn.
        let reason = format!("there is a platform {} already, and a file does not replace it", platform.id);
        return Err(broken(path, place_of_key(&text, "id"), &reason));
    }
    Ok(Some(platform))
}

fn own_files(dir: &Path) -> Result<Vec<PathBuf>, Refusal> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            let message = format!("{} could not be read: {error}.", shown(dir));
            return Err(Refusal::storage(message, "Give your user access to that directory."));
        }
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    Ok(files)
}

fn broken(path: &Path, (line, column): (usize, usize), reason: &str) -> Refusal {
    let reason = format!("{}.", sanitise(reason, 500).trim_end_matches('.'));
    let message = format!("{}, line {line}, column {column}: {reason}", shown(path));
    let remedy = "Mend the file or move it away. The built-in platforms show how one is written.";
    let mut refusal = Refusal::storage(message, remedy).in_file(path, Some((line, column)));
    if let Some(spot) = &mut refusal.spot {
        spot.reason = Some(reason);
    }
    refusal
}

/// Every problem of a file, the remedy after the last.
fn all_broken(path: &Path, problems: &[FileProblem]) -> Refusal {
    let told = |problem: &FileProblem| broken(path, (problem.line, problem.column), &problem.message);
    let mut all: Vec<Refusal> = problems.iter().map(told).collect();
    let last = all.len().saturating_sub(1);
    for one in &mut all[..last] {
        one.remedy.clear();
    }
    let mut all = all.into_iter();
    let first = all.next().unwrap_or_else(|| broken(path, (1, 1), "it is no platform file"));
    Refusal { more: all.collect(), ..first }
}

fn shown(path: &Path) -> String {
    sanitise(&path.display().to_string(), 300)
}

fn place_of_key(text: &str, key: &str) -> (usize, usize) {
    let line = text.lines().position(|line| line.trim_start().starts_with(key)).unwrap_or(0);
    (line + 1, 1)
}

/// Shows all platforms, or one; for all providers, or one.
pub fn platforms(out: &Out, paths: &Paths, platform: Option<&str>, only: Option<&str>) -> Result<(), Refusal> {
    let all = load_platforms(paths)?;
    let providers: Vec<Provider> =
        match only {
            None => Provider::ALL.to_vec(),
            Some(id) => vec![Provider::from_id(id).ok_or_else(|| {
                unknown("provider", id, &Provider::ALL.iter().map(|one| one.id()).collect::<Vec<_>>())
            })?],
        };
    let named = match platform {
        None => None,
        Some(id) => Some(
            all.iter()
                .find(|one| one.id == id)
                .ok_or_else(|| unknown("platform", id, &all.iter().map(|one| one.id.as_str()).collect::<Vec<_>>()))?,
        ),
    };
    if out.is_json() {
        let chosen = named.map_or_else(|| all.iter().collect(), |one| vec![one]);
        let chosen: Vec<_> = chosen.into_iter().map(|one| json::platform(one, &providers)).collect();
        out.json(&json!({ "version": 1, "platforms": chosen }));
    } else if let Some(platform) = named {
        out.data(&text::platform(platform, &providers, out.color));
    } else {
        out.data(&text::overview(&all, &providers, out.color));
    }
    Ok(())
}

pub(super) fn unknown(what: &str, id: &str, known: &[&str]) -> Refusal {
    let message = format!("There is no {what} {}", sanitise(id, 80));
    Refusal::usage(message, format!("Known are {}", known.join(", ")))
}

/// The forge that a provider's pages are shown for where no connection names one.
fn usual_site(provider: Provider) -> Option<Site> {
    let host = Host::parse(provider.rules().default_host()?).ok()?;
    Some(Site { provider, api: provider.api(&host, None, Some(OWNER)), host, ca_file: None, client_cert: None })
}

/// The pages of a provider's public service, by what is done there; nothing where everybody runs their own.
fn pages(provider: Provider) -> Vec<(&'static str, String)> {
    let Some(site) = usual_site(provider) else { return Vec::new() };
    let rules = provider.rules();
    let mut pages = vec![("sign_up", rules.sign_up_page(&site)), ("new_owner", rules.new_owner_page(&site))];
    if rules.projects() != Projects::None {
        pages.push(("new_project", rules.new_project_page(&site, OWNER)));
    }
    pages.push(("new_repository", rules.new_repository_page(&site, OWNER)));
    pages.push(("tokens", rules.tokens_page(&site, None)));
    pages
}

/// Stands for the owner in the address of a page.
const OWNER: &str = "OWNER";

/// The page on which a token of this kind is made, at the provider's own host.
fn token_page(platform: &Platform, pair: &Pair, provider: Provider, kind: TokenKind) -> Option<crate::provider::Link> {
    let scopes: Vec<&str> = pair.token.get(kind.0)?.needs.iter().map(|need| need.scope.as_str()).collect();
    let page =
        |owner| Some(provider.rules().token_page(&usual_site(provider)?, kind, &scopes, owner, platform.token_name()));
    page(None).filter(|page| page.prefilled).or_else(|| page(Some(OWNER)))
}

pub(super) fn need_name(need: Need) -> &'static str {
    match need {
        Need::Webhooks => "webhooks",
        Need::PullRequests => "pull-requests",
        Need::Delete => "delete",
    }
}

fn level_name(level: Level) -> &'static str {
    match level {
        Level::Required => "required",
        Level::Recommended => "recommended",
    }
}

fn condition_name(condition: Condition) -> &'static str {
    match condition {
        Condition::Organisation => "organisation",
        Condition::User => "user",
    }
}

fn owner_kind_name(kind: OwnerKind) -> &'static str {
    match kind {
        OwnerKind::Organisation => "organisation",
        OwnerKind::User => "user",
    }
}

fn rule_name(rule: RepositoryRule) -> &'static str {
    match rule {
        RepositoryRule::Required => "required",
        RepositoryRule::Optional => "optional",
        RepositoryRule::Refused => "refused",
    }
}
