//! The saved connections: list, show, use, rename, remove.
//!
//! What only reads takes no lock and needs no directory that can be written. What writes first makes sure that it is
//! about something that exists, so that a mistyped name leaves nothing behind.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _};

mod change;
mod list;
mod remove;
mod show;

pub use self::change::{activate, rename};
pub use self::list::list;
pub use self::remove::{parting, remove};
pub use self::show::{show, shown};
use super::{Out, Refusal};
use crate::config::{Config, ConfigProblem, Connection};
use crate::disk::{self, Exposed, Paths};
use crate::secret::Store;
use crate::text::sanitise;

/// The config as it is on the disk; a missing one is an empty one. No program that is started later is handed the
/// variables in which its connections find their tokens.
pub(super) fn config(paths: &Paths) -> Result<Config, Refusal> {
    let text = disk::read_config(&paths.config)?;
    let config = Config::parse(text.as_deref().map(String::as_str)).map_err(|problem| of_config(paths, problem))?;
    for token in config.connections().iter().filter_map(|connection| connection.token.as_ref()) {
        if let Store::Env(variable) = &token.store {
            crate::program::hold_back(variable);
        }
    }
    Ok(config)
}

/// A problem of the config, with the file that has it.
pub(super) fn of_config(paths: &Paths, problem: ConfigProblem) -> Refusal {
    let place = Some((problem.line, problem.column)).filter(|(line, _)| *line > 0);
    let key = problem.key.clone().or(problem.connection.clone()).map(String::from);
    let reason = Some(problem.message.clone());
    let more = problem.more.iter().map(|one| of_config(paths, one.clone())).collect();
    let refusal = Refusal::from(problem);
    let message = format!("{}, {}", sanitise(&paths.config.display().to_string(), 300), refusal.message);
    let mut refusal = Refusal { message, more, ..refusal }.in_file(&paths.config, place);
    if let Some(spot) = &mut refusal.spot {
        spot.key = key;
        spot.reason = reason;
    }
    refusal
}

/// The connection of this name, or what is there instead.
pub(super) fn named<'c>(config: &'c Config, paths: &Paths, name: &str) -> Result<&'c Connection, Refusal> {
    if let Some(connection) = config.connection(name) {
        return Ok(connection);
    }
    if config.has(name) {
        let of_it = |problem: &&ConfigProblem| problem.connection.as_deref() == Some(name);
        let mut problems = config.problems().iter().filter(of_it).cloned();
        let first = problems.next().map(|first| ConfigProblem { more: problems.collect(), ..first });
        if let Some(problem) = first.or(config.problems().first().cloned()) {
            return Err(of_config(paths, problem));
        }
    }
    let name = sanitise(name, 80);
    let names: Vec<&str> = config.connections().iter().map(|connection| connection.name.as_str()).collect();
    let near = near(&name, &names);
    let remedy = match (near.as_slice(), names.is_empty()) {
        (_, true) => nothing_there(paths),
        ([], false) => format!("There are: {}", names.join(", ")),
        (near, false) => format!("Did you mean {}", near.join(" or ")),
    };
    Err(Refusal::usage(format!("There is no connection {name}"), remedy))
}

/// Why there is no connection: the file that was looked at, where there is none, and what to do.
pub(super) fn nothing_there(paths: &Paths) -> String {
    let path = sanitise(&paths.config.display().to_string(), 300);
    if paths.config.exists() {
        return "There is no connection yet. git-access setup makes one.".to_owned();
    }
    match std::fs::read_link(&paths.config) {
        Ok(target) => format!(
            "{path} is a symbolic link to {}, where there is no file, so there is no connection. Put the file there, or \
             remove the link: nothing is saved through it.",
            sanitise(&target.display().to_string(), 300)
        ),
        Err(_) => format!("There is no config at {path}, so there is no connection yet. git-access setup makes one."),
    }
}

/// What others can use of our files: the config, and the tokens of these connections that are kept in clear text, and the
/// private keys.
pub(super) fn exposed<'c>(paths: &Paths, connections: impl IntoIterator<Item = &'c Connection>) -> Vec<Exposed> {
    let token = |connection: &'c Connection| match connection.token.as_ref().map(|token| &token.store) {
        Some(Store::File(path)) => Some(path),
        _ => None,
    };
    let key = |connection: &'c Connection| connection.ssh.as_ref().and_then(|ssh| ssh.private_key.as_ref());
    // Connections may share a file, which is looked at once.
    let secrets: BTreeSet<_> = connections.into_iter().flat_map(|one| [token(one), key(one)]).flatten().collect();
    let mut all = disk::exposed_config(&paths.config);
    all.extend(secrets.into_iter().filter_map(|path| disk::exposed_secret(path)));
    all
}

/// Tells it, and changes nothing.
pub(super) fn tell_exposed<'c>(out: &Out, paths: &Paths, connections: impl IntoIterator<Item = &'c Connection>) {
    for one in exposed(paths, connections) {
        out.say(&one.to_string());
    }
}

/// Whether there is somebody who reads a question and can answer it.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on the terminal. Only the whole word counts, so that a stray key confirms nothing.
pub(super) fn is_confirmed(out: &Out, question: &str) -> Result<bool, Refusal> {
    out.say(&format!("{question} Type yes:"));
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    read.map_err(|error| Refusal::usage(format!("The answer could not be read: {error}."), ""))?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}

/// Tells what is wrong with single connections, which were left alone.
pub(super) fn tell_problems(out: &Out, config: &Config, paths: &Paths) {
    for problem in config.problems() {
        let refusal = of_config(paths, problem.clone());
        out.failure(&refusal.message, &refusal.remedy);
    }
}

/// The known names that `name` may have been meant to be, the nearest first.
fn near<'n>(name: &str, known: &[&'n str]) -> Vec<&'n str> {
    let limit = (name.chars().count() / 3).clamp(1, 4);
    let mut far: Vec<(usize, &str)> = known
        .iter()
        .map(|known| if known.contains(name) { (0, *known) } else { (distance(name, known), *known) })
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    far.sort_unstable();
    far.into_iter().map(|(_, known)| known).take(3).collect()
}

/// How many letters must be changed, added or left out.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, letter) in left.chars().enumerate() {
        let mut line = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let changed = above[column] + usize::from(letter != *other);
            line.push(changed.min(above[column + 1] + 1).min(line[column] + 1));
        }
        above = line;
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found() {
        let known = ["devtron-github-acme", "keptn-github-acme", "flux"];
        assert_eq!(near("devtron-github-acm", &known), ["devtron-github-acme"]);
        assert_eq!(near("github-acme", &known), ["devtron-github-acme", "keptn-github-acme"]);
        assert_eq!(near("fulx", &known), Vec::<&str>::new());
        assert_eq!(near("flx", &known), ["flux"]);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
