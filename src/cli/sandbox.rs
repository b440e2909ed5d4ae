//! `sandbox`, and the sandbox of a single run (`--sandbox`).

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::run::Run;
use super::{Common, Ending, Out, Refusal, SandboxFlags};
use crate::disk::{self, Paths};
use crate::sandbox::{Sandbox, Scenario, scenarios};

/// Serves a scenario until it is interrupted.
pub fn sandbox(flags: &SandboxFlags, common: &Common, out: &Out) -> Ending {
    if flags.list {
        return list(out);
    }
    let scenario = match scenario(&flags.scenario, out) {
        Ok(scenario) => scenario,
        Err(ending) => return ending,
    };
    let data = match flags.data.clone().map_or_else(throw_away, Ok) {
        Ok(data) => data,
        Err(error) => return no_room(out, &error),
    };
    let run = match Run::begin(common, out) {
        Ok(run) => run,
        Err(ending) => return ending,
    };
    let ending = run.block_on(out, async {
        let sandbox = match Sandbox::start(scenario, flags.port, &data).await {
            Ok(sandbox) => sandbox,
            Err(error) => return not_started(out, &error),
        };
        let announcement = sandbox.announcement();
        out.data(&format!("{announcement}\n"));
        if std::io::stdout().is_terminal() && !out.is_json() {
            // The line is for programs, and long.
            out.say(&board(&announcement, &data));
        } else {
            out.say(&format!("Repositories, tokens and sample answers are in {}", data.display()));
        }
        // Without the announcement nobody knows where it listens.
        if out.is_lost() {
            return Ending::Storage;
        }
        out.say("Press Ctrl-C to end it.");
        std::future::pending().await
    });
    // Being interrupted is how it ends.
    if ending == Ending::Cancelled { Ending::Done } else { ending }
}

/// What the announcement says, for somebody who reads it.
fn board(announcement: &Value, data: &Path) -> String {
    let providers = announcement["providers"].as_object().into_iter().flatten();
    let rows: Vec<(&str, &str)> =
        providers.map(|(id, one)| (id.as_str(), one["host"].as_str().unwrap_or_default())).collect();
    let width = rows.iter().map(|(id, _)| id.len()).max().unwrap_or(0);
    let mut text = "The sandbox is ready.\n\n".to_owned();
    for (id, host) in rows {
        let _ = writeln!(text, "  {id:width$}  {host}");
    }
    let count = |key: &str| announcement[key].as_array().map_or(0, Vec::len);
    // Where most of them lie: a scenario may name files elsewhere.
    let folder = |key: &str, file: &str| {
        let first = announcement[key].get(0).and_then(|one| one[file].as_str()).map(Path::new);
        first.and_then(Path::parent).unwrap_or(data).display().to_string()
    };
    let tokens = (count("accounts"), folder("accounts", "token_file"));
    let answers = (count("answers"), folder("answers", "file"));
    let _ = writeln!(text, "\n  {} tokens, a file each, in {}", tokens.0, tokens.1);
    let _ = writeln!(text, "  {} sample answers in {}", answers.0, answers.1);
    let _ = writeln!(text, "  git repositories and the log of requests in {}", data.display());
    text
}

fn list(out: &Out) -> Ending {
    if out.is_json() {
        let rows: Vec<_> =
            scenarios().map(|(name, about)| serde_json::json!({ "name": name, "about": about })).collect();
        out.json(&serde_json::json!(rows));
    } else {
        let width = scenarios().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, about) in scenarios() {
            out.data(&format!("{name:width$}  {about}\n"));
        }
    }
    Ending::Done
}

/// A scenario by its name, or from a file.
fn scenario(name: &str, out: &Out) -> Result<Scenario, Ending> {
    let read = if let Some(named) = Scenario::named(name) {
        named
    } else {
        match disk::read(Path::new(name)) {
            Ok(Some(text)) => Scenario::from_toml(&text),
            Ok(None) => {
                let known: Vec<_> = scenarios().map(|(name, _)| name).collect();
                return Err(out.refused(&Refusal::usage(
                    format!("There is no scenario and no file of this name: {name}"),
                    format!("The scenarios are {}", known.join(", ")),
                )));
            }
            Err(fault) => {
                out.disk_fault(&fault);
                return Err(Ending::Usage);
            }
        }
    };
    read.map_err(|error| out.usage(&format!("{name}: {error}")))
}

/// The sandbox of a single run, in a throw-away directory that survives it.
pub struct Played {
    pub sandbox: Sandbox,
    dir: PathBuf,
}

/// # Errors
/// The ending, when the scenario cannot be read or the sandbox does not start; it has been said.
pub async fn begin_throw_away(name: &str, out: &Out) -> Result<Played, Ending> {
    let scenario = scenario(name, out)?;
    let dir = throw_away().map_err(|error| no_room(out, &error))?;
    match Sandbox::start(scenario, None, &dir.join("sandbox")).await {
        Ok(sandbox) => Ok(Played { sandbox, dir }),
        Err(error) => Err(not_started(out, &error)),
    }
}

impl Played {
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Shows what was written, and where; `seen`: to a person, who was told the rest before.
    pub fn tell(&self, out: &Out, paths: &Paths, seen: bool) {
        let written = disk::read_config(&paths.config).ok().flatten();
        if let Some(text) = written.as_ref().filter(|_| !out.is_json() && !seen) {
            out.data(&format!("\n# {}\n{}", paths.config.display(), text.as_str()));
        }
        out.say(&format!("This was a sandbox. What it wrote is in {}", self.dir.display()));
        if written.is_some() {
            out.say("Its server has ended, and what was set up works no more. One that stays:");
            out.say("  git-access sandbox --data DIR");
        }
    }
}

fn throw_away() -> std::io::Result<PathBuf> {
    Ok(tempfile::Builder::new().prefix("git-access-sandbox-").tempdir()?.keep())
}

fn no_room(out: &Out, error: &std::io::Error) -> Ending {
    out.refused(&Refusal::storage(
        format!("There is no room for a temporary directory: {error}"),
        "Set TMPDIR, or name one with --data.",
    ))
}

fn not_started(out: &Out, error: &crate::sandbox::SandboxError) -> Ending {
    out.refused(&Refusal::storage(error.to_string(), ""))
}
