//! What the list of connections on the screen works with: the same config, records, checks and removals as the commands
//! `list`, `show`, `use`, `check` and `remove`.

use std::sync::Arc;

use super::standing::Standing;
use super::{Out, Refusal, check, manage, run};
use crate::check::{SOON, day};
use crate::disk::Paths;
use crate::forge::Log;
use crate::platform::Platform;
use crate::record::Unfinished;
use crate::report::Entry;
use crate::store::Stores;
use crate::text::sanitise;
use crate::tui::{Checked, Desk, Parting, Row};
use crate::wizard::Settings;
use crate::world::World;

/// The most that a row holds of a value out of a file that can be edited by hand, in characters.
const SHOWN: usize = 200;

/// The files and stores of this user.
#[derive(Clone)]
pub struct Here {
    out: Out,
    paths: Paths,
    platforms: Arc<Vec<Platform>>,
    log: Option<Log>,
    /// Which files of platforms cannot be read, and why.
    broken: Vec<String>,
}

impl Here {
    pub fn new(out: &Out, paths: &Paths, platforms: Arc<Vec<Platform>>, log: Option<Log>) -> Self {
        Self { out: out.keeping(), paths: paths.clone(), platforms, log, broken: Vec::new() }
    }

    /// The same where these platform files cannot be read.
    #[must_use]
    pub fn without(self, broken: &[Refusal]) -> Self {
        Self { broken: broken.iter().flat_map(Refusal::all).map(said).collect(), ..self }
    }
}

/// A refusal as one sentence, with what to do.
fn said(refusal: &Refusal) -> String {
    format!("{} {}", refusal.message, refusal.remedy).trim().to_owned()
}

impl Desk for Here {
    fn rows(&self) -> Result<Vec<Row>, String> {
        let config = manage::config(&self.paths).map_err(|refusal| said(&refusal))?;
        let rows = config.connections().iter().map(|connection| {
            let standing = Standing::of(connection, &config, &self.paths);
            Row {
                name: connection.name.clone(),
                active: standing.active,
                platform: sanitise(&connection.platform, SHOWN),
                provider: connection.site.provider.to_string(),
                host: connection.site.host.to_string(),
                owner: sanitise(&standing.owner_text(), SHOWN),
                ends: standing.ends_text(),
                urgent: standing.days_left().is_some_and(|days| days < SOON),
                verdict: standing.verdict().map(|(word, at)| (sanitise(word, SHOWN), day(at))),
                because: standing.because_text(3),
            }
        });
        Ok(rows.collect())
    }

    fn amiss(&self) -> Vec<String> {
        let Ok(config) = manage::config(&self.paths) else { return Vec::new() };
        let unread = config.problems().iter().map(|problem| {
            let name = sanitise(problem.connection.as_deref().unwrap_or("Something"), 80);
            let (line, message) = (problem.line, sanitise(&problem.message, 500));
            format!("{name} cannot be read, line {line} of the config: {message}. {}", problem.remedy)
        });
        let unfinished = Unfinished::all(&self.paths).into_iter().map(|one| {
            let name = sanitise(&one.name, 80);
            let what = one.what();
            format!("A {what} of {name} was not finished: git-access remove {name} takes away what is left of it.")
        });
        let exposed = manage::exposed(&self.paths, config.connections());
        let exposed = exposed.iter().map(ToString::to_string);
        unread.chain(self.broken.iter().cloned()).chain(unfinished).chain(exposed).collect()
    }

    fn show(&self, name: &str) -> Result<Vec<String>, String> {
        manage::shown(&self.out, &self.paths, name).map_err(|refusal| said(&refusal))?;
        Ok(self.out.take_kept().iter().flat_map(|text| text.lines().map(str::to_owned)).collect())
    }

    fn parting(&self, name: &str) -> Result<Parting, String> {
        manage::parting(&self.paths, name).map_err(|refusal| said(&refusal))
    }

    fn activate(&self, name: &str) -> Result<(), String> {
        let done = manage::activate(&self.out, &self.paths, name).map_err(|refusal| said(&refusal));
        self.out.take_kept();
        done
    }

    fn remove(&self, name: &str) -> Result<String, String> {
        let done = manage::remove(&self.out, &self.paths, name, true).map_err(|refusal| said(&refusal));
        let kept = self.out.take_kept();
        done.map(|_| kept.last().cloned().unwrap_or_default().replace('\n', ". "))
    }

    async fn check(&self, name: &str) -> Result<Checked, String> {
        let config = manage::config(&self.paths).map_err(|refusal| said(&refusal))?;
        let held = manage::named(&config, &self.paths, name).map_err(|refusal| said(&refusal))?.clone();
        let known = Standing::of(&held, &config, &self.paths).ends();
        let stores = Stores::of_the_system();
        let world = World::new(self.log.clone(), stores, self.paths.clone(), self.out.redaction.clone());
        let settings = Settings {
            dry_run: false,
            accept_failures: false,
            probes: true,
            now: run::now(),
            fail_within: None,
            offline: false,
            interactive: false,
        };
        let id = held.id.clone();
        let wizard = check::look_at(held, known, settings, Arc::clone(&self.platforms), Arc::new(world)).await;
        if wizard.platform().is_none() {
            return Err("Its platform is not known here: put its file back into the folder of platform files.".into());
        }
        let entry = Entry::of(&wizard);
        run::record_aside(&self.paths, &id, &entry, wizard.settings().now).await;
        let open = entry.checks.iter().filter_map(|check| {
            let finding = check.verdict.finding()?;
            Some((
                check.verdict.name().to_owned(),
                check.title.clone(),
                check.detail.clone(),
                finding.remedy.text.clone(),
            ))
        });
        Ok(Checked { verdict: entry.verdict().to_owned(), open: open.collect() })
    }
}
