//! Saving into the config: only over what the run found there, and nothing that a hand or another run has written is lost.

use std::path::Path;

use super::{World, aside, locked, storage};
use crate::config::{Config, Connection};
use crate::disk;
use crate::fact::Fault;
use crate::wizard::Done;

impl World {
    /// The config as it is now.
    pub(super) fn config(&self) -> Result<Config, Fault> {
        let text = disk::read_config(&self.paths.config).map_err(|fault| storage(fault.message, fault.remedy))?;
        let text = text.as_deref().map(String::as_str);
        Config::parse(text).map_err(|problem| in_config(&self.paths.config, problem))
    }

    /// Lets `change` change the config, which is about the connection `name`.
    pub(super) async fn save(
        &self,
        name: String,
        change: impl FnMut(&mut Config) -> Result<(), Unsaved> + Send + 'static,
    ) -> Result<Done, Fault> {
        self.paths.may_write().map_err(|fault| storage(fault.message, fault.remedy))?;
        let path = self.paths.config.clone();
        let saved = aside(move || disk::update_config(&path, Unsaved::Config, change)).await?;
        let outcome = saved.map_err(|why| why.told(&name, &self.paths.config))?;
        locked(&self.notes).extend(outcome.notes);
        locked(&self.changes).clear();
        Ok(Done::Saved)
    }
}

/// Puts this connection into the config, if nobody else has changed it there since it was `found`.
pub(super) fn with(config: &mut Config, connection: &Connection, found: Option<&Connection>) -> Result<(), Unsaved> {
    let there = config.connections().iter().any(|there| there == connection);
    if !there {
        is_as_found(config, &connection.id, &connection.name, found)?;
    }
    put(config, connection)
}

/// Whether the connection of this id, or name, is as it was `found`.
pub(super) fn is_as_found(config: &Config, id: &str, name: &str, found: Option<&Connection>) -> Result<(), Unsaved> {
    let there = config.connections().iter().find(|there| there.id == id);
    match (there, found) {
        (Some(there), _) if there.name != name => Err(Unsaved::Renamed(there.name.clone())),
        (Some(there), found) if found == Some(there) => Ok(()),
        (Some(there), found) => Err(Unsaved::Changed(found.map(|found| found.differences(there)).unwrap_or_default())),
        (None, Some(found)) => Err(match config.connection(&found.name) {
            Some(named) => Unsaved::Changed(found.differences(named)),
            None if config.has(&found.name) => Unsaved::Changed(Vec::new()),
            None => Unsaved::Gone,
        }),
        (None, None) if config.has(name) => Err(Unsaved::Taken),
        (None, None) => Ok(()),
    }
}

pub(super) fn put(config: &mut Config, connection: &Connection) -> Result<(), Unsaved> {
    config.put(connection).map_err(Unsaved::Config)?;
    if config.active().is_none() {
        config.set_active(&connection.name).map_err(Unsaved::Config)?;
    }
    Ok(())
}

/// Why the config was not saved.
pub(super) enum Unsaved {
    Disk(disk::DiskFault),
    Config(crate::config::ConfigProblem),
    Taken,
    /// The connection has this name now.
    Renamed(String),
    /// These keys of the connection say something else than when the run began; none where it cannot be read any more.
    Changed(Vec<String>),
    /// The connection is not there any more.
    Gone,
}

impl Unsaved {
    /// The same in words, about the connection `name` of the config at `path`.
    pub(super) fn told(self, name: &str, path: &Path) -> Fault {
        match self {
            Self::Disk(fault) => storage(fault.message, fault.remedy),
            Self::Config(problem) => in_config(path, problem),
            Self::Taken => {
                storage(format!("Another connection was saved as {name} meanwhile."), "Choose another name.".to_owned())
            }
            Self::Renamed(now) => storage(
                format!("The connection {name} was renamed to {now} meanwhile."),
                "Run this again under its new name.".to_owned(),
            ),
            Self::Changed(keys) => {
                let what = if keys.is_empty() { String::new() } else { format!(" ({})", keys.join(", ")) };
                storage(
                    format!(
                        "The connection {name} was changed in the config meanwhile{what}, so it was not saved. The \
                         config is unchanged."
                    ),
                    format!(
                        "Look at it with git-access show {name} and run the same command again: it begins with what \
                         stands there."
                    ),
                )
            }
            Self::Gone => storage(
                format!("The connection {name} was removed from the config meanwhile, so it was not saved."),
                "Set it up anew, should it still be wanted.".to_owned(),
            ),
        }
    }
}

impl From<disk::DiskFault> for Unsaved {
    fn from(fault: disk::DiskFault) -> Self {
        Self::Disk(fault)
    }
}

/// A problem of the config, with the file that has it.
fn in_config(path: &Path, problem: crate::config::ConfigProblem) -> Fault {
    let path = crate::text::sanitise(&path.display().to_string(), 300);
    storage(format!("{path}, {problem}"), problem.remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A config with one connection, whose owner is `owner`.
    fn saved(id: &str, name: &str, owner: &str) -> Config {
        let text = format!(
            "version = 1\n[connections.{name}]\nid = \"{id}\"\nplatform = \"none\"\nprovider = \"github\"\n\
             host = \"https://github.com\"\nowner = \"{owner}\"\n"
        );
        Config::parse(Some(&text)).unwrap()
    }

    #[test]
    fn a_connection_is_saved_only_over_the_one_that_was_found() {
        let one = |config: &Config| config.connections()[0].clone();
        let found = one(&saved("1", "k", "acme"));
        let new = one(&saved("1", "k", "beta"));
        let into = |mut config: Config, found: Option<&Connection>| {
            let before = config.render();
            let told = with(&mut config, &new, found).map_err(|why| why.told("k", Path::new("/c")).text);
            assert_eq!(told.is_err(), config.render() == before, "{told:?}");
            told.err().unwrap_or_default()
        };
        assert_eq!(into(saved("1", "k", "acme"), Some(&found)), "");
        assert_eq!(into(saved("1", "k", "beta"), Some(&found)), "", "it says so already, but for who is active");
        assert!(into(saved("1", "k", "gamma"), Some(&found)).contains("changed in the config meanwhile (owner)"));
        assert!(into(saved("1", "k", "gamma"), None).contains("changed in the config meanwhile"));
        assert!(into(saved("2", "k", "acme"), Some(&found)).contains("changed in the config meanwhile (id)"));
        assert!(into(saved("1", "other", "acme"), Some(&found)).contains("renamed to other meanwhile"));
        assert!(into(saved("2", "other", "acme"), Some(&found)).contains("removed from the config meanwhile"));
        assert!(into(saved("2", "k", "acme"), None).contains("Another connection was saved as k meanwhile"));
        assert_eq!(into(saved("2", "other", "acme"), None), "");
    }
}
