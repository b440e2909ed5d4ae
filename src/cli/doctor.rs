//! `doctor`: what is in effect here. It asks no forge, and shows no secret: of addresses only host and port, of credential
//! helpers only their names. It mends nothing but the modes of our files, and those where a person at a terminal says so.

mod git;
mod network;
mod stray;

use std::env;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::time::Instant;

use serde_json::{Map, Value as Json};

use super::table::{Tone, wrapped};
use super::{Out, Refusal, manage, wait};
use crate::config::Config;
use crate::disk::{Exposed, Paths};
use crate::secret::Store;
use crate::store::{Probed, Stores};
use crate::text::sanitise;

/// One line of the report.
pub(super) struct Finding {
    pub about: &'static str,
    /// A word for programs, unique below `about`.
    pub key: String,
    pub value: Json,
    /// What to do, where something is amiss.
    pub advice: Option<String>,
    /// The command that does it, which the advice ends with.
    pub command: Option<String>,
}

impl Finding {
    pub(super) fn new(about: &'static str, key: impl Into<String>, value: impl Into<Json>) -> Self {
        Self { about, key: key.into(), value: value.into(), advice: None, command: None }
    }

    #[must_use]
    pub(super) fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }

    /// The same, with a command to copy.
    #[must_use]
    pub(super) fn run(self, advice: impl Into<String>, command: String) -> Self {
        Self { command: Some(command), ..self.advise(advice) }
    }

    /// The same, where others can use the file.
    fn warn_of(self, exposed: Option<&Exposed>) -> Self {
        match exposed {
            Some(exposed) => self.run(exposed.told(), exposed.command()),
            None => self,
        }
    }
}

/// Reports. It ends well whatever it finds, unless the config cannot be read.
pub fn doctor(out: &Out, paths: &Paths) -> Result<(), Refusal> {
    let config = manage::config(paths);
    let mut findings = git::findings();
    findings.extend(keyring()?);
    findings.extend(terminal());
    findings.extend(network::findings(config.as_ref().ok()));
    let connections = config.as_ref().map(Config::connections).unwrap_or_default();
    let exposed = manage::exposed(paths, connections);
    findings.extend(files(paths, &exposed));
    findings.extend(stray::findings(paths));
    if let Ok(config) = &config {
        findings.push(Finding::new("files", "connections", config.connections().len()));
        findings.extend(secrets(config, &exposed));
        manage::tell_problems(out, config, paths);
    }
    if !out.is_json() {
        out.data(&text(&findings, out.color));
    } else if config.is_ok() {
        out.json(&document(&findings));
    }
    config?;
    mend(out, exposed)
}

/// Takes from others what they can use of our files, as the findings tell it, where somebody says so.
fn mend(out: &Out, exposed: Vec<Exposed>) -> Result<(), Refusal> {
    // Whoever reads the report through another program is not asked in the midst of it.
    if exposed.is_empty() || out.is_json() || !io::stdout().is_terminal() || !manage::can_ask() {
        return Ok(());
    }
    if !manage::is_confirmed(out, "Take from others now what they can use of these files?")? {
        out.say("Nothing was changed.");
        return Ok(());
    }
    for one in exposed {
        one.mend()?;
        out.say(&format!("{} has mode {:04o} now.", sanitise(&one.path.display().to_string(), 300), one.becomes()));
    }
    Ok(())
}

fn text(findings: &[Finding], color: bool) -> String {
    let mut text = String::new();
    let mut about = "";
    let width = findings.iter().map(|finding| finding.key.chars().count()).max().unwrap_or(0);
    for finding in findings {
        if finding.about != about {
            about = finding.about;
            let gap = if text.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}{}", Tone::Title.paint(about, color));
        }
        let value = match &finding.value {
            Json::String(value) => value.clone(),
            Json::Bool(value) => if *value { "yes" } else { "no" }.to_owned(),
            Json::Null => "none".to_owned(),
            Json::Array(values) if values.is_empty() => "none".to_owned(),
            Json::Array(values) => values.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(", "),
            other => other.to_string(),
        };
        let tone = if finding.advice.is_some() { Tone::Careful } else { Tone::Plain };
        let value = tone.paint(&sanitise(&value, 1000), color);
        let _ = writeln!(text, "  {:width$}  {value}", finding.key);
        if let Some(advice) = &finding.advice {
            text.push_str(&wrapped(advice, "      "));
        }
        // In a line of its own, which is never broken: it is there to be copied.
        if let Some(command) = &finding.command {
            let _ = writeln!(text, "      {command}");
        }
    }
    text
}

fn document(findings: &[Finding]) -> Json {
    let mut document = Map::new();
    document.insert("version".to_owned(), 1.into());
    let mut advice = Vec::new();
    for finding in findings {
        let section = document.entry(finding.about).or_insert_with(|| Json::Object(Map::new()));
        if let Some(section) = section.as_object_mut() {
            section.insert(finding.key.replace(' ', "_"), finding.value.clone());
        }
        advice.extend(finding.advice.as_ref().map(|text| {
            let text = finding.command.as_ref().map_or_else(|| text.clone(), |command| format!("{text} {command}"));
            serde_json::json!({ "about": format!("{}.{}", finding.about, finding.key.replace(' ', "_")), "text": text })
        }));
    }
    document.insert("advice".to_owned(), advice.into());
    Json::Object(document)
}

/// Whether the keyring keeps: a random entry is written, read back and removed, within three seconds.
fn keyring() -> Result<Vec<Finding>, Refusal> {
    let begun = Instant::now();
    let probed = wait(Stores::of_the_system().probe(&Store::Keyring, "doctor"))?;
    let took = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let works = match probed {
        Ok(Probed::Keeps | Probed::Forgets(_) | Probed::InClear(_) | Probed::Refers) => {
            Finding::new("keyring", "works", true)
        }
        Err(fault) => Finding::new("keyring", "works", false).advise(format!("{} {}", fault.message, fault.remedy)),
    };
    Ok(vec![works, Finding::new("keyring", "milliseconds", took)])
}

fn terminal() -> Vec<Finding> {
    let text = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(text);
    let utf8 = locale.as_ref().is_some_and(|name| {
        let name = name.to_ascii_lowercase();
        name.contains("utf-8") || name.contains("utf8")
    });
    let is_utf8 = Finding::new("terminal", "utf-8", utf8 || cfg!(not(unix)));
    let is_utf8 = if utf8 || cfg!(not(unix)) {
        is_utf8
    } else {
        is_utf8.advise("Marks and lines are drawn with plain letters. Set LANG to a UTF-8 locale, such as C.UTF-8.")
    };
    vec![
        Finding::new("terminal", "stdin", io::stdin().is_terminal()),
        Finding::new("terminal", "stdout", io::stdout().is_terminal()),
        Finding::new("terminal", "stderr", io::stderr().is_terminal()),
        Finding::new("terminal", "TERM", text("TERM")),
        Finding::new("terminal", "columns", text("COLUMNS")),
        Finding::new("terminal", "lines", text("LINES")),
        Finding::new("terminal", "NO_COLOR", text("NO_COLOR").is_some()),
        Finding::new("terminal", "locale", locale),
        is_utf8,
    ]
}

fn files(paths: &Paths, exposed: &[Exposed]) -> Vec<Finding> {
    let shown = |path: &std::path::Path| path.display().to_string();
    let mut findings = vec![Finding::new("files", "config", shown(&paths.config))];
    findings.extend(rights::of(&paths.config, exposed));
    let directory = exposed.iter().find(|one| Some(one.path.as_path()) == paths.config.parent());
    findings.extend(
        directory
            .map(|one| Finding::new("files", "config directory mode", format!("{:04o}", one.mode)).warn_of(Some(one))),
    );
    let state = paths.state_dir.as_deref().map(shown);
    findings.push(Finding::new("files", "state directory", state));
    findings.push(Finding::new("files", "platform files", shown(&paths.config_dir.join("platforms"))));
    if let Err(fault) = paths.may_write() {
        findings.push(Finding::new("files", "may write", false).advise(format!("{} {}", fault.message, fault.remedy)));
    }
    findings
}

/// The files that hold secrets: tokens in clear text, and private keys.
fn secrets(config: &Config, exposed: &[Exposed]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let find = |path: &Path| exposed.iter().find(|one| one.path == *path);
    for connection in config.connections() {
        if let Some(Store::File(path)) = connection.token.as_ref().map(|token| &token.store) {
            findings.push(rights::of_secret(format!("token of {}", connection.name), path, find(path)));
        }
        if let Some(path) = connection.ssh.as_ref().and_then(|ssh| ssh.private_key.as_deref()) {
            findings.push(rights::of_secret(format!("key of {}", connection.name), path, find(path)));
        }
    }
    findings
}

#[cfg(unix)]
mod rights {
    use std::os::unix::fs::MetadataExt as _;
    use std::path::Path;

    use super::{Exposed, Finding};
    use crate::disk;

    /// Mode and owner of the config.
    pub(super) fn of(path: &Path, exposed: &[Exposed]) -> Vec<Finding> {
        let Ok(found) = std::fs::metadata(path) else {
            let finding = Finding::new("files", "config exists", false);
            let target = std::fs::read_link(path).map(|target| target.display().to_string());
            return vec![match target {
                Ok(target) => finding.advise(format!(
                    "It is a symbolic link to {target}, where there is no file. Put the file there, or remove the link."
                )),
                Err(_) => finding,
            }];
        };
        let mode = found.mode() & 0o7777;
        let finding = Finding::new("files", "config mode", format!("{mode:04o}"));
        let mode = if mode & 0o002 != 0 {
            let advice = "Every user can write it and decide what stands in it, so it is not read. Look at what is in it, \
                          then run:";
            finding.run(advice, disk::chmod(0o600, path))
        } else {
            finding.warn_of(exposed.iter().find(|one| one.path == path))
        };
        let ours = found.uid() == rustix::process::geteuid().as_raw();
        let finding = Finding::new("files", "config is yours", ours);
        let owner = match found.uid() {
            _ if ours => finding,
            0 => finding.advise("It belongs to root, so it is read and not replaced."),
            other => finding.advise(format!("It belongs to another user (uid {other}), so it is not read.")),
        };
        vec![mode, owner]
    }

    /// The mode of a file with a secret in it, and what to do where others can use it.
    pub(super) fn of_secret(key: String, path: &Path, exposed: Option<&Exposed>) -> Finding {
        let Ok(found) = std::fs::metadata(path) else {
            let gone = Finding::new("files", key, "missing");
            return gone.advise(format!("{} is not there: put it back, or rotate.", path.display()));
        };
        let finding = Finding::new("files", key, format!("{:04o}", found.mode() & 0o7777));
        if found.uid() == rustix::process::geteuid().as_raw() {
            return finding.warn_of(exposed);
        }
        finding.advise(format!(
            "{} belongs to another user (uid {}), who can read it. Rotate if that user may not have the secret in it.",
            path.display(),
            found.uid()
        ))
    }
}

#[cfg(not(unix))]
mod rights {
    use std::path::Path;

    use super::{Exposed, Finding};

    pub(super) fn of(path: &Path, _exposed: &[Exposed]) -> Vec<Finding> {
        vec![Finding::new("files", "config exists", path.exists())]
    }

    pub(super) fn of_secret(key: String, path: &Path, _exposed: Option<&Exposed>) -> Finding {
        let finding = Finding::new("files", key, if path.exists() { "there" } else { "missing" });
        if path.exists() { finding } else { finding.advise("Put the file back, or rotate.") }
    }
}
