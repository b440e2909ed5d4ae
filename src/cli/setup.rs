//! `setup`: a connection is set up, or an existing one edited, from answers.

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::run::{self, Run};
use super::{Common, Ending, Out, SetupFlags};
use crate::answers::file::{self, Circumstances, Reading};
use crate::answers::{Answer, Answers, Field, Raw, folder_of};
use crate::config::Connection;
use crate::disk::{self, Paths};
use crate::headless;
use crate::platform::Platform;
use crate::report::{Entry, Located, Report};
use crate::sandbox::Sandbox;
use crate::store::Stores;
use crate::wizard::{Purpose, Settings, Wizard, edited};
use crate::world::World;

/// The most that is read of an answers file, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// An answers file, before it is read.
struct Sheet {
    /// What it is called in messages.
    label: String,
    text: String,
    /// Where its relative paths start.
    folder: PathBuf,
    from_stdin: bool,
}

/// What one answers file asks for.
struct Job {
    answers: Answers,
    held: Option<Box<Connection>>,
}

pub fn setup(name: Option<&str>, flags: &SetupFlags, common: &Common, out: &Out, paths: &Paths) -> Ending {
    let platforms = match super::platforms::load_platforms(paths) {
        Ok(platforms) => platforms,
        Err(refusal) => return out.refused(&refusal),
    };
    let above = match from_flags(name, flags) {
        Ok(above) => above,
        Err(message) => return out.usage(&message),
    };
    if flags.answers.is_empty() && flags.sandbox.is_none() {
        return nothing_to_go_by(&above, &platforms, out);
    }
    let run = match Run::begin(common, out) {
        Ok(run) => run,
        Err(ending) => return ending,
    };
    run.block_on(out, async {
        let Some(scenario) = &flags.sandbox else {
            let stores = Stores::of_the_system();
            return Setup { flags, above, beneath: None, platforms, run: &run, out, paths, stores }.all(name).await;
        };
        let played = match super::sandbox::begin_throw_away(scenario, out).await {
            Ok(played) => played,
            Err(ending) => return ending,
        };
        let paths = Paths::under(played.dir());
        let stores = Stores::in_directory(played.dir().join("keyring"));
        let setup =
            Setup { flags, above, beneath: Some(&played.sandbox), platforms, run: &run, out, paths: &paths, stores };
        let ending = setup.all(name).await;
        played.tell(out, &paths);
        ending
    })
}

/// Neither answers nor a sandbox: say what would have been needed.
fn nothing_to_go_by(above: &Answers, platforms: &[Platform], out: &Out) -> Ending {
    let platform = above.platform().and_then(|id| platforms.iter().find(|platform| platform.id == id));
    let problems = above.problems(platform, false);
    let how = if std::io::stdin().is_terminal() {
        "This version sets up from an answers file: save the following, fill it in, and give it with --answers FILE. \
         To look around first: git-access setup --sandbox"
    } else {
        "There is no terminal and no answers file: save the following, fill it in, and give it with --answers FILE."
    };
    out.failure(how, "");
    out.say(&file::wanted(above, &problems));
    Ending::Usage
}

/// The answers on the command line.
fn from_flags(name: Option<&str>, flags: &SetupFlags) -> Result<Answers, String> {
    let mut answers = Answers::default();
    let given = [
        ("NAME", Field::Name, name),
        ("--platform", Field::Platform, flags.platform.as_deref()),
        ("--provider", Field::Provider, flags.provider.as_deref()),
        ("--host", Field::Host, flags.host.as_deref()),
        ("--owner", Field::Owner, flags.owner.as_deref()),
        ("--project", Field::Project, flags.project.as_deref()),
        ("--repository", Field::Repository, flags.repository.as_deref()),
        ("--username", Field::Username, flags.username.as_deref()),
    ];
    for (flag, field, text) in given {
        if let Some(text) = text {
            let answer = field.parse(&Raw::Text(text)).map_err(|reason| format!("{flag}: {reason}"))?;
            answers.set(field, answer);
        }
    }
    Ok(answers)
}

/// Everything that the answers files of one run share.
struct Setup<'a> {
    flags: &'a SetupFlags,
    above: Answers,
    beneath: Option<&'a Sandbox>,
    platforms: Vec<Platform>,
    run: &'a Run,
    out: &'a Out,
    paths: &'a Paths,
    stores: Stores,
}

impl Setup<'_> {
    async fn all(self, name: Option<&str>) -> Ending {
        let mut report = Report { config: self.paths.config.clone(), ..Report::default() };
        let mut endings = Vec::new();
        let paths = match self.sheets() {
            Ok(paths) => paths,
            Err(ending) => {
                endings.push(ending);
                Vec::new()
            }
        };
        for path in paths {
            let ending = match self.sheet(&path).await {
                Ok(sheet) => self.one(&sheet, name, &mut report).await,
                Err(ending) => ending,
            };
            endings.push(ending);
        }
        if self.out.is_json() {
            self.out.json(&report.json());
        } else {
            self.out.data(&report.text(self.out.color));
            self.tell_problems(&report);
        }
        headless::worst(endings)
    }

    fn tell_problems(&self, report: &Report) {
        for problem in &report.problems {
            let place =
                if problem.line == 0 { String::new() } else { format!("{}:{}: ", problem.line, problem.column) };
            self.out.say(&format!("{}{place}{}", problem.file, problem.message));
        }
    }

    /// The answers files in their order; without any, the sample of the sandbox.
    fn sheets(&self) -> Result<Vec<PathBuf>, Ending> {
        if !self.flags.answers.is_empty() {
            return Ok(self.flags.answers.clone());
        }
        self.out.say("No answers were given: this runs the sample answers of the scenario.");
        match self.sample(&self.above) {
            Some(path) => Ok(vec![path]),
            None => Err(self.out.usage("The scenario has no sample answers for this platform and provider.")),
        }
    }

    /// The sample answers of the scenario for the pair that `answers` name; Devtron on GitHub where they name none.
    fn sample(&self, answers: &Answers) -> Option<PathBuf> {
        let platform = answers.platform().unwrap_or("devtron");
        let provider = answers.provider().map_or("github", crate::provider::Provider::id);
        self.beneath?.sample(platform, provider)
    }

    async fn sheet(&self, path: &Path) -> Result<Sheet, Ending> {
        if path == Path::new("-") {
            // On a thread of its own: Ctrl-C is heard while nobody types.
            let read = tokio::task::spawn_blocking(|| {
                let mut text = String::new();
                std::io::stdin().lock().take(LONGEST).read_to_string(&mut text).map(|_| text)
            });
            let Ok(Ok(text)) = read.await else {
                return Err(self.out.usage("Standard input is not text in UTF-8."));
            };
            return Ok(Sheet { label: "standard input".into(), text, folder: PathBuf::from("."), from_stdin: true });
        }
        match disk::read(path) {
            Ok(Some(text)) => Ok(Sheet {
                label: path.display().to_string(),
                text: text.to_string(),
                folder: folder_of(path),
                from_stdin: false,
            }),
            Ok(None) => Err(self.out.usage(&format!("There is no answers file {}", path.display()))),
            Err(fault) => {
                self.out.disk_fault(&fault);
                Err(Ending::Usage)
            }
        }
    }

    async fn one(&self, sheet: &Sheet, name: Option<&str>, report: &mut Report) -> Ending {
        let job = match self.job(sheet, name) {
            Ok(job) => job,
            Err(Stop::Problems(problems)) => {
                report.problems.extend(problems);
                return Ending::Usage;
            }
            Err(Stop::Storage) => return Ending::Storage,
        };
        if let Some(path) = &self.flags.save_answers
            && let Err(fault) = disk::replace(path, &file::write(&job.answers))
        {
            return self.out.disk_fault(&fault);
        }
        let wizard = self.drive(job).await;
        self.after(&wizard, report)
    }

    async fn drive(&self, job: Job) -> Wizard {
        let settings = Settings {
            dry_run: self.flags.dry_run,
            accept_failures: self.flags.accept_failures,
            probes: !self.flags.no_probes,
            now: run::now(),
            fail_within: None,
        };
        let stores = self.stores.clone();
        let world = World::new(self.run.log.clone(), stores, self.paths.clone(), self.out.redaction.clone());
        let world = Arc::new(world);
        let platforms = Arc::new(self.platforms.clone());
        let purpose = Purpose::Setup { held: job.held };
        let mut wizard = Wizard::new(purpose, settings, platforms, job.answers, run::fresh_id());
        headless::drive(&mut wizard, &world).await;
        for note in world.take_notes() {
            self.out.say(&note);
        }
        wizard
    }

    fn after(&self, wizard: &Wizard, report: &mut Report) -> Ending {
        let entry = Entry::of(wizard);
        if let Some(fault) = wizard.broken_here() {
            let remedy = fault.remedy.as_ref().map(|remedy| remedy.text.as_str()).unwrap_or_default();
            self.out.failure(&fault.text, remedy);
        }
        if wizard.is_saved()
            && let Some(connection) = wizard.connection()
        {
            run::record(self.paths, &connection.id, &entry, wizard.settings().now);
        }
        report.connections.push(entry);
        headless::ending(wizard)
    }

    /// Reads a sheet, lays the command line over it and what is known beneath it, and finds the connection it edits.
    fn job(&self, sheet: &Sheet, name: Option<&str>) -> Result<Job, Stop> {
        let connections = self.connections()?;
        let named = |wanted: &str| connections.iter().find(|one| one.name == wanted).cloned();
        let mut above = self.above.clone();
        let reading = self.read(sheet, &above, &Answers::default(), name.and_then(named).is_some());
        let mut chosen = reading.answers.clone();
        chosen.overlay(&above);
        let beneath = self.beneath_of(&chosen);
        if let Some(host) = self.sandbox_host(&chosen, &beneath) {
            above.set(Field::Host, Answer::Host(host));
        }
        let mut answers = beneath.clone();
        let mut own = reading.answers;
        own.start_paths_at(&sheet.folder);
        answers.overlay(&own);
        answers.overlay(&above);
        if self.beneath.is_some() {
            answers.clear(&Field::ApiUrl);
        }
        let held = answers.name().and_then(|name| named(&name));
        let reading = self.read(sheet, &above, &beneath, held.is_some());
        let mut problems: Vec<_> = reading.problems.iter().map(|problem| located(sheet, problem)).collect();
        if let Some(held) = held.as_ref().filter(|held| problems.is_empty() && !is_same_access(held, &answers)) {
            let message = format!("The name {} belongs to another access already: choose another `name`", held.name);
            problems.push(Located { file: prefix(sheet), line: 0, column: 0, key: "name".into(), message });
        }
        if answers.has_ssh() && problems.is_empty() {
            let message = "SSH keys are not set up by this version: use [token], and leave [ssh] out.".to_owned();
            problems.push(Located { file: prefix(sheet), line: 0, column: 0, key: "ssh".into(), message });
        }
        if !problems.is_empty() {
            return Err(Stop::Problems(problems));
        }
        let answers = held.as_ref().map_or_else(|| answers.clone(), |held| edited(held, &answers));
        Ok(Job { answers, held: held.map(Box::new) })
    }

    fn read(&self, sheet: &Sheet, above: &Answers, beneath: &Answers, rotates: bool) -> Reading {
        let platform = |id: &str| self.platforms.iter().find(|platform| platform.id == id).cloned();
        let from_stdin = sheet.from_stdin;
        file::read(&sheet.text, &Circumstances { from_stdin, rotates, above, beneath, platform: &platform })
    }

    fn connections(&self) -> Result<Vec<Connection>, Stop> {
        match super::manage::config(self.paths) {
            Ok(config) => Ok(config.connections().to_vec()),
            Err(refusal) => {
                self.out.failure(&refusal.message, &refusal.remedy);
                Err(Stop::Storage)
            }
        }
    }

    /// What the scenario answers by itself, for the pair that was chosen.
    fn beneath_of(&self, chosen: &Answers) -> Answers {
        let Some(path) = self.sample(chosen) else { return Answers::default() };
        let Ok(Some(text)) = disk::read(&path) else { return Answers::default() };
        let none = Answers::default();
        let sheet = Sheet { label: String::new(), text: text.to_string(), folder: folder_of(&path), from_stdin: false };
        let mut answers = self.read(&sheet, &none, &none, true).answers;
        answers.start_paths_at(&sheet.folder);
        answers
    }

    /// The sandbox's own address: it replaces whatever host the answers name.
    fn sandbox_host(&self, chosen: &Answers, beneath: &Answers) -> Option<crate::provider::Host> {
        let provider = chosen.provider().or(beneath.provider())?;
        crate::provider::Host::parse(&self.beneath?.host(provider.id())?).ok()
    }
}

/// Why a sheet came to nothing.
enum Stop {
    Problems(Vec<Located>),
    Storage,
}

fn prefix(sheet: &Sheet) -> String {
    if sheet.label.is_empty() { String::new() } else { format!("{}:", sheet.label) }
}

fn located(sheet: &Sheet, problem: &file::Located) -> Located {
    Located {
        file: prefix(sheet),
        line: problem.line,
        column: problem.column,
        key: problem.key.clone().unwrap_or_default(),
        message: problem.message.clone(),
    }
}

/// Whether the answers are about the access that is saved: the same platform, provider, host and owner.
fn is_same_access(held: &Connection, answers: &Answers) -> bool {
    let site = answers.site();
    answers.platform().is_none_or(|platform| platform == held.platform)
        && site.is_none_or(|site| site.provider == held.site.provider && site.host == held.site.host)
        && answers.owner().is_none_or(|owner| owner.owner.eq_ignore_ascii_case(&held.owner.owner))
}
