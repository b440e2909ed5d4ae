//! `setup-git`: lets git ask us, for exactly the hosts of the saved connections.
//!
//! A section of our own goes to the end of the user's git config, and nothing there is changed: an empty helper resets
//! the chain for the host, ours follows, and the path of the repository is sent along. Git's own program reads it before
//! it is written, so that it says there what it means. The ledger is written first and the file then replaced in one
//! step, so that a run which is killed at any moment can be taken back to the byte.

mod file;
mod ledger;

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};

use serde_json::json;

use self::file::GitConfig;
use self::ledger::Ledger;
use super::{Out, Refusal, manage};
use crate::config::Config;
use crate::disk::{Lock, Paths};
use crate::export::git_trust;
use crate::git::credential::{Helpers, name_of};
use crate::program;
use crate::provider::Host;

/// Configures git for the hosts of all connections. `config_named`: the helper has to be told which config.
pub fn set_up(out: &Out, paths: &Paths, config_named: bool) -> Result<(), Refusal> {
    paths.may_write()?;
    let config = manage::config(paths)?;
    manage::tell_problems(out, &config, paths);
    let mut wanted = origins(&config);
    wanted.sort();
    let helper = helper(paths, config_named)?;
    let _turn = turn(paths)?;
    let mut git = GitConfig::find()?;
    let before = Ledger::load(paths);
    if before.is_some() {
        git.clear();
    }
    let same = before.as_ref().is_some_and(|ledger| ledger.is_for(&git.path, &wanted, &helper));
    if same && wanted.iter().all(|origin| git.has(origin, &helper)) {
        out.say(&format!("Git asks git-access already, by {}", git.shown()));
        tell_who_is_not_asked(out, &wanted);
        tell_what_git_must_trust(out, &config);
        told(out, &git.path, &wanted);
        return Ok(());
    }
    if let Some(ledger) = before {
        // Hosts may have gone, and this program may have moved: begin from what was there.
        ledger.take_back(&mut GitConfig::at(ledger.file.clone(), git.program.clone()))?;
        Ledger::forget(paths);
    }
    if wanted.is_empty() {
        out.say("No connection has a token, so there is no host that git could ask git-access about.");
        out.say("git-access setup makes a connection.");
        told(out, &git.path, &wanted);
        return Ok(());
    }
    add(&mut git, paths, &wanted, &helper)?;
    out.say(&format!("Git now asks git-access for {}", wanted.join(", ")));
    out.say(&format!("Written to {}\nTake it back with: git-access setup-git --undo", git.shown()));
    tell_who_is_not_asked(out, &wanted);
    tell_what_git_must_trust(out, &config);
    told(out, &git.path, &wanted);
    Ok(())
}

/// One run at a time: what another one has begun looks like what a killed one has left.
fn turn(paths: &Paths) -> Result<Option<Lock>, Refusal> {
    let dir = paths.state_dir.as_ref().filter(|dir| dir.is_dir());
    Ok(dir.map(|dir| Lock::take(&dir.join("setup-git.lock"))).transpose()?)
}

/// Adds the sections of all origins, or nothing.
fn add(git: &mut GitConfig, paths: &Paths, origins: &[String], helper: &str) -> Result<(), Refusal> {
    let before = git.text()?;
    let there = before.as_deref().unwrap_or_default();
    let sections: String = origins.iter().map(|origin| section(origin, helper)).collect();
    let piece = if there.is_empty() || there.ends_with('\n') { sections } else { format!("\n{sections}") };
    let text = format!("{there}{piece}");
    for origin in origins {
        let helpers = git.values_in(&text, &format!("credential.{origin}.helper"))?;
        if !helpers.ends_with(&[String::new(), helper.to_owned()]) {
            let message = format!("Git would not read in {} what belongs there, so it was left alone.", git.shown());
            return Err(Refusal::storage(message, "Look at how that file ends, then run this again."));
        }
    }
    let ledger = Ledger::new(git, before.as_deref(), &piece, origins, helper);
    ledger.save(paths)?;
    git.replace(before.as_deref(), &text).inspect_err(|_| {
        // Another run may have done the same meanwhile: then the ledger is that one's.
        if git.text().is_ok_and(|now| now.as_deref().is_none_or(|now| ledger.is_before(now))) {
            Ledger::forget(paths);
        }
    })
}

/// Says which helpers of the user's are asked no more, where there are any.
fn tell_who_is_not_asked(out: &Out, origins: &[String]) {
    let helpers = Helpers::told(Helpers::ask());
    for origin in origins {
        let Ok(host) = Host::parse(origin) else { continue };
        let mut names: Vec<String> = Vec::new();
        for name in helpers.of_origin(host.origin()).into_iter().map(name_of) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if !names.is_empty() {
            let names = names.join(", ");
            out.say(&format!(
                "Logins of your own for {origin}, kept by {names}, are not used for any repository there meanwhile: git \
                 would hand {names} the tokens of git-access, too. --undo brings them back."
            ));
        }
    }
}

/// Says which settings of git are the user's to make, for servers with certificates of their own.
fn tell_what_git_must_trust(out: &Out, config: &Config) {
    let with_token = config.connections().iter().filter(|connection| connection.token.is_some());
    let all: BTreeSet<String> = with_token.flat_map(|connection| git_trust(&connection.site)).collect();
    for one in all {
        out.say(&one);
    }
}

/// Takes back what was added, to the byte; where the file was edited since, only our own entries.
pub fn undo(out: &Out, paths: &Paths) -> Result<(), Refusal> {
    paths.may_write()?;
    let _turn = turn(paths)?;
    let Some(ledger) = Ledger::load(paths) else {
        if Helpers::told(Helpers::ask()).name_us() {
            out.say(
                "Git asks git-access, but there is no record here of what setup-git wrote. Take the sections that name \
                 git-access out of git's configuration by hand: git config --list --show-origin says where they stand.",
            );
        } else {
            out.say("There is nothing to take back: git was not set up by git-access.");
        }
        told(out, Path::new(""), &[]);
        return Ok(());
    };
    let mut git = GitConfig::at(ledger.file.clone(), GitConfig::program()?);
    let whole = ledger.take_back(&mut git)?;
    Ledger::forget(paths);
    let how = if whole { "as it was before" } else { "without our entries; it was edited since, and the edits stay" };
    out.say(&format!("{} is {how}", git.shown()));
    told(out, &git.path, &[]);
    Ok(())
}

/// The origins for which git asks us, as far as the ledger knows.
pub(super) fn configured(paths: &Paths) -> Vec<String> {
    Ledger::load(paths).map(|ledger| ledger.origins).unwrap_or_default()
}

fn told(out: &Out, file: &Path, origins: &[String]) {
    if out.is_json() {
        out.json(&json!({ "version": 1, "file": file.display().to_string(), "hosts": origins }));
    }
}

fn origins(config: &Config) -> Vec<String> {
    let mut origins: Vec<String> = config
        .connections()
        .iter()
        .filter(|connection| connection.token.is_some())
        .map(|connection| connection.site.host.origin().to_string())
        .collect();
    origins.sort();
    origins.dedup();
    origins
}

/// What is added for one origin, in this order.
fn entries(origin: &str, helper: &str) -> [(String, String); 3] {
    [
        (format!("credential.{origin}.helper"), String::new()),
        (format!("credential.{origin}.helper"), helper.to_owned()),
        (format!("credential.{origin}.useHttpPath"), "true".to_owned()),
    ]
}

/// The same as git writes it (<https://git-scm.com/docs/git-config>, "Syntax").
fn section(origin: &str, helper: &str) -> String {
    let mut text = format!("[credential \"{origin}\"]\n");
    for (key, value) in entries(origin, helper) {
        let name = key.rsplit('.').next().unwrap_or_default();
        let escaped = value.replace('\\', r"\\").replace('"', "\\\"");
        let quote = if value.contains([';', '#']) { "\"" } else { "" };
        text.push_str(&format!("\t{name} = {quote}{escaped}{quote}\n"));
    }
    text
}

/// The helper as git's shell runs it: this very program, by its absolute path.
fn helper(paths: &Paths, config_named: bool) -> Result<String, Refusal> {
    let program = quoted(&ourselves()?)?;
    let config = if config_named { format!(" --config {}", quoted(&paths.config)?) } else { String::new() };
    Ok(format!("!{program}{config} credential"))
}

/// Where this program is. Its name in PATH outlives an upgrade that moves the file behind it.
fn ourselves() -> Result<PathBuf, Refusal> {
    let running = env::current_exe().map_err(|error| {
        let message = format!("The operating system does not tell where this program is: {error}.");
        Refusal::storage(message, "Run it by its absolute path.")
    })?;
    let real = |path: &Path| path.canonicalize().ok();
    let named = program::find("git-access").filter(|found| real(found).is_some() && real(found) == real(&running));
    Ok(named.unwrap_or(running))
}

/// A path as one word of a POSIX shell.
fn quoted(path: &Path) -> Result<String, Refusal> {
    let text = path.to_str().filter(|text| !text.chars().any(char::is_control)).ok_or_else(|| {
        let message = format!("The path {} cannot be written into git's config.", path.display());
        Refusal::usage(message, "Use a path of plain text.")
    })?;
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_for_the_shell() {
        assert_eq!(quoted(Path::new("/a b/it's")).unwrap(), r"'/a b/it'\''s'");
        assert!(quoted(Path::new("/a\nb")).is_err());
    }
}
