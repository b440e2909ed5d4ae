//! `setup`: a connection is set up, or an existing one edited, from answers.

mod drawn;
mod files;
mod left;
mod rotate;
mod rotated;
mod sheet;

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;

pub use self::drawn::list;
pub use self::rotate::{how, rotate};
use self::sheet::{Desk, Job, Sheet, Stopped};
use super::run::{self, Run};
use super::{Common, Ending, Out, Refusal, SetupFlags};
use crate::answers::file;
use crate::answers::{Answers, Field, Raw};
use crate::config::Connection;
use crate::disk::{self, Paths};
use crate::fact::Fault;
use crate::headless;
use crate::platform::Platform;
use crate::record::{Made, Pending, Record, Stray, Unfinished};
use crate::report::{Entry, Located, Report};
use crate::sandbox::Sandbox;
use crate::store::Stores;
use crate::tui::Canvas;
use crate::wizard::{Command, Done, Purpose, Settings, Wizard};
use crate::world::{World, still_open};

pub fn setup(name: Option<&str>, flags: &SetupFlags, common: &Common, out: &Out, paths: &Paths) -> Ending {
    begun(Aim::SetUp, name, flags, common, out, paths)
}

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    SetUp,
    Rotate,
}

fn begun(aim: Aim, name: Option<&str>, flags: &SetupFlags, common: &Common, out: &Out, paths: &Paths) -> Ending {
    // Whatever the answers are, they are answered from files; else by a person, where there is one.
    // Where the provider makes the token, there is nothing to answer.
    let unasked = !flags.answers.is_empty() || flags.rotating.at_provider.is_some();
    let canvas = Canvas::find().filter(|_| !unasked && !flags.plain);
    let by_line = !unasked && canvas.is_none() && (flags.plain || std::io::stdin().is_terminal());
    let begun = begin(name, flags, paths).and_then(|(platforms, above)| {
        if !unasked && flags.sandbox.is_none() && canvas.is_none() && !by_line {
            return Err(nothing_to_go_by(aim, rotate::is_keyed(name, paths), &above, &platforms, out));
        }
        Ok((platforms, above))
    });
    let (platforms, above) = match begun {
        Ok(begun) => begun,
        Err(refusal) => return out.refused(&refusal),
    };
    let attended = canvas.is_some() || (by_line && std::io::stdin().is_terminal());
    let run = match Run::begin(common, out) {
        Ok(run) => run.attended(attended),
        Err(ending) => return ending,
    };
    run.block_on(out, async {
        let Some(scenario) = &flags.sandbox else {
            let setup = Setup { aim, flags, above, played: None, platforms, run: &run, out, paths };
            return match canvas {
                Some(canvas) => setup.drawn(canvas, common, name, Stores::of_the_system()).await,
                None if by_line => setup.asked(name, Stores::of_the_system()).await,
                None => setup.all(name, Stores::of_the_system()).await,
            };
        };
        let played = match super::sandbox::begin_throw_away(scenario, out).await {
            Ok(played) => played,
            Err(ending) => return ending,
        };
        let paths = Paths::under(played.dir());
        let stores = Stores::in_directory(played.dir().join("keyring"));
        let played_by = Some(&played.sandbox);
        if aim == Aim::Rotate {
            let first = rotate::flags_of_the_first(flags);
            let (above, platforms, quiet) = (above.clone(), platforms.clone(), out.keeping());
            let played = played_by;
            let setup = Setup {
                aim: Aim::SetUp,
                flags: &first,
                above,
                played,
                platforms,
                run: &run,
                out: &quiet,
                paths: &paths,
            };
            let ending = setup.all(name, stores.clone()).await;
            if let Err(ending) = rotate::after_the_first((ending, &quiet), name, flags, out, &paths) {
                return ending;
            }
        }
        let setup = Setup { aim, flags, above, played: played_by, platforms, run: &run, out, paths: &paths };
        let ending = match canvas {
            Some(canvas) => setup.drawn(canvas, common, name, stores).await,
            None if by_line => setup.asked(name, stores).await,
            None => setup.all(name, stores).await,
        };
        // A person sees the terminal; whatever else reads this gets the whole of it.
        let seen = (canvas.is_some() || by_line) && std::io::stdout().is_terminal() || ending.is_cancelled();
        played.tell(out, &paths, seen);
        ending
    })
}

fn begin(name: Option<&str>, flags: &SetupFlags, paths: &Paths) -> Result<(Vec<Platform>, Answers), Refusal> {
    // What cannot be read is told by whoever reads it.
    if flags.sandbox.is_none() && disk::read_config(&paths.config).is_ok() {
        disk::followed(&paths.config)?;
    }
    let platforms = super::load_platforms(paths)?;
    let above = from_flags(name, flags)?;
    // Beside a file of answers it is one of the problems that are told of that.
    if let Some(id) = above.platform().filter(|_| flags.answers.is_empty()) {
        let known: Vec<_> = platforms.iter().map(|platform| platform.id.as_str()).collect();
        if !known.contains(&id) {
            return Err(super::platforms::unknown("platform", id, &known).of_flag("--platform"));
        }
    }
    if flags.save_answers.is_some() && flags.answers.len() > 1 {
        return Err(Refusal::usage(
            "--save-answers writes one file, and several are answered from.",
            "Give one --answers.",
        ));
    }
    Ok((platforms, above))
}

/// Neither answers nor a sandbox: say what would have been needed.
fn nothing_to_go_by(aim: Aim, keyed: bool, above: &Answers, platforms: &[Platform], out: &Out) -> Refusal {
    if aim == Aim::Rotate {
        out.say(rotate::wanted(keyed));
        let remedy = "Save the above, fill it in, and give it with --answers FILE.";
        return Refusal::usage("There is no terminal, and no answers file was given.", remedy);
    }
    let platform = above.platform().and_then(|id| platforms.iter().find(|platform| platform.id == id));
    let mut above = above.clone();
    for note in above.take_addresses() {
        out.say(&note);
    }
    let above = &above;
    let problems = above.problems(platform, false);
    out.say(&file::wanted(above, &problems));
    let remedy = "Save the above, fill it in, and give it with --answers FILE.";
    Refusal::usage("There is no terminal, and no answers file was given.", remedy)
}

/// The answers on the command line; or everything that is wrong with them.
fn from_flags(name: Option<&str>, flags: &SetupFlags) -> Result<Answers, Refusal> {
    let mut answers = Answers::default();
    let mut wrong = Vec::new();
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
            match field.parse(&Raw::Text(text)) {
                Ok(answer) => answers.set(field, answer),
                Err(reason) => wrong.push(Refusal::usage(format!("{flag}: {reason}"), "").of_flag(flag)),
            }
        }
    }
    if wrong.is_empty() {
        return Ok(answers);
    }
    let first = wrong.remove(0);
    Err(Refusal { more: wrong, ..first })
}

impl Aim {
    fn purpose(self, held: Option<Box<Connection>>) -> Purpose {
        match (self, held) {
            (Self::Rotate, Some(held)) => Purpose::Rotate { held },
            (_, held) => Purpose::Setup { held },
        }
    }
}

fn told(fault: Fault, ending: Ending) -> Refusal {
    let remedy = fault.remedy.map(|remedy| remedy.text).unwrap_or_default();
    Refusal { ending, ..Refusal::usage(fault.text, remedy) }
}

/// Everything that the answers files of one run share.
struct Setup<'a> {
    aim: Aim,
    flags: &'a SetupFlags,
    above: Answers,
    /// The sandbox of this run.
    played: Option<&'a Sandbox>,
    platforms: Vec<Platform>,
    run: &'a Run,
    out: &'a Out,
    paths: &'a Paths,
}

impl Setup<'_> {
    async fn all(self, name: Option<&str>, stores: Stores) -> Ending {
        let world = World::new(self.run.log.clone(), stores, self.paths.clone(), self.out.redaction.clone());
        let world = Arc::new(world.telling(Arc::clone(&self.run.changes)));
        let mut report = Report { config: Some(self.paths.config.clone()), ..Report::default() };
        let mut endings = Vec::new();
        // Each is judged on its own: one that cannot be read keeps no other from its work.
        for sheet in self.sheets().await {
            endings.push(match sheet {
                Ok(sheet) => match self.one(&sheet, name, &world, &mut report).await {
                    cancelled if cancelled.is_cancelled() => {
                        self.tell_of_earlier(&report);
                        return cancelled;
                    }
                    ending => ending,
                },
                Err(refusal) => {
                    report.problems.extend(refusal.all_located());
                    refusal.ending
                }
            });
        }
        let ending = headless::worst(endings);
        // What is wrong with the command line is told once, and not once for each file.
        let mut told: Vec<Located> = Vec::new();
        for problem in std::mem::take(&mut report.problems) {
            if problem.file.is_some() || !told.contains(&problem) {
                told.push(problem);
            }
        }
        report.problems = told;
        if self.out.is_json() {
            self.out.json(&report);
        } else {
            self.out.data(&report.text(self.out.color));
        }
        for problem in &report.problems {
            self.out.say(&problem.to_string());
        }
        ending
    }

    /// In place of a report: one of half the run would look like one of all of it.
    fn tell_of_earlier(&self, report: &Report) {
        for left in report.connections.iter().flat_map(|entry| &entry.left_behind) {
            self.out.say(&format!("left behind: {left}"));
        }
        for problem in &report.problems {
            self.out.say(&problem.to_string());
        }
    }

    /// The answers files in their order; without any, the sample of the sandbox.
    async fn sheets(&self) -> Vec<Result<Sheet, Refusal>> {
        if self.flags.rotating.at_provider.is_some() {
            return vec![Ok(Sheet::blank())];
        }
        if let (Aim::Rotate, Some(played), true) = (self.aim, self.played, self.flags.answers.is_empty()) {
            let token = self.sample(&self.above).and_then(|sample| played.another_token(&sample));
            let broken = || Refusal::storage("The sandbox could not make another token.", "Run this again.");
            return vec![token.ok_or_else(broken).map(|token| Sheet::with_token(&token))];
        }
        if !self.flags.answers.is_empty() {
            let mut sheets = Vec::new();
            for path in &self.flags.answers {
                sheets.push(Sheet::read(path).await);
            }
            return sheets;
        }
        self.out.say("No answers were given: this runs the sample answers of the scenario.");
        match self.sample(&self.above) {
            Some(path) => vec![Sheet::read(&path).await],
            None => vec![Err(self.no_sample())],
        }
    }

    /// Why there are no sample answers: the pair does not go together, or the scenario does not play it.
    fn no_sample(&self) -> Refusal {
        let platform = self.platforms.iter().find(|platform| self.above.platform() == Some(&platform.id));
        if let (Some(platform), Some(provider)) = (platform, self.above.provider())
            && let Err(reason) = platform.pair(provider)
        {
            return Refusal::usage(format!("{} does not work with {provider}.", platform.title), reason);
        }
        let remedy = "Name another pair with --platform and --provider, or give --answers.";
        Refusal::usage("The scenario has no sample answers for this platform and provider.", remedy)
    }

    /// The sample answers of the scenario for the pair that `answers` name; the first pair that fits where they leave
    /// something open.
    fn sample(&self, answers: &Answers) -> Option<PathBuf> {
        let played = self.played?;
        let platforms = self.platforms.iter().map(|platform| platform.id.as_str());
        let mut platforms = platforms.filter(|id| answers.platform().is_none_or(|wanted| wanted == *id));
        platforms.find_map(|platform| {
            let mut providers = crate::provider::Provider::ALL.iter().map(|provider| provider.id());
            providers.find_map(|id| {
                let fits = answers.provider().is_none_or(|wanted| wanted.id() == id);
                fits.then(|| played.sample(platform, id)).flatten()
            })
        })
    }

    async fn one(&self, sheet: &Sheet, name: Option<&str>, world: &Arc<World>, report: &mut Report) -> Ending {
        // A rotation takes nothing from the sample: the connection answers.
        let sample = |answers: &Answers| self.sample(answers).filter(|_| self.aim == Aim::SetUp);
        let desk = Desk {
            above: &self.above,
            platforms: &self.platforms,
            paths: self.paths,
            host: &|provider| self.played.and_then(|played| played.host(provider)),
            sample: &sample,
            name,
            rotates: (self.aim == Aim::Rotate).then_some(self.flags.rotating),
        };
        let job = match self.taken_up(&desk, sheet, world).await {
            Ok(Some(job)) => job,
            Ok(None) | Err((Ending::Done, _)) => return self.finished(name, world, report).await,
            Err((ending, problems)) => {
                report.problems.extend(problems);
                return ending;
            }
        };
        for note in &job.notes {
            self.out.say(note);
        }
        report.problems.extend(job.problems.iter().cloned());
        if let Some(path) = &self.flags.save_answers
            && let Err(fault) = disk::replace(path, &file::write(&job.answers))
        {
            report.problems.push(Refusal::from(fault).located());
            return Ending::Storage;
        }
        if let Some(held) = job.held.as_ref().filter(|_| self.aim == Aim::Rotate) {
            rotated::warn(self, held);
        }
        if let Some(besides) = self.besides().filter(|_| self.flags.dry_run) {
            self.out.say(&format!("Without --dry-run, saving does one thing more: {besides}."));
        }
        let mut wizard = self.machine(job);
        if let Err(cancelled) = self.run.leavable(headless::drive(&mut wizard, world)).await {
            self.left(&wizard, world, "Cancelled");
            return cancelled;
        }
        for note in world.take_notes() {
            self.out.say(&note);
        }
        let ending = self.after(&wizard, world, report).await;
        self.farewell(&wizard, false);
        ending
    }

    /// The job of `sheet`, once what an interrupted run has left is finished or undone.
    /// `None`: what was to be done is what had been begun, and is finished.
    async fn taken_up(&self, desk: &Desk<'_>, sheet: &Sheet, world: &World) -> Result<Option<Job>, Stopped> {
        let job = desk.job(sheet)?;
        let Some(held) = job.held.as_ref().filter(|_| !self.flags.dry_run) else { return Ok(Some(job)) };
        let stopped = |refusal: Refusal| (refusal.ending, refusal.all_located());
        world.hold(&held.id).await.map_err(|fault| stopped(told(fault, Ending::Storage)))?;
        let is_finished = self.recovered(held, world).await.map_err(stopped)?;
        if is_finished && self.flags.rotating.at_provider.is_some() {
            // Asking the provider again would replace the token that it has just made.
            return Ok(None);
        }
        // As it is now: another run may have changed it before it was held.
        desk.job(sheet).map(Some)
    }

    /// The report of a connection whose rotation was begun by an earlier run, and is finished by now.
    async fn finished(&self, name: Option<&str>, world: &Arc<World>, report: &mut Report) -> Ending {
        let found = super::manage::config(self.paths)
            .and_then(|config| super::manage::named(&config, self.paths, name.unwrap_or_default()).cloned());
        let held = match found {
            Ok(held) => held,
            Err(refusal) => {
                report.problems.extend(refusal.all_located());
                return refusal.ending;
            }
        };
        let settings = Settings { interactive: false, ..self.settings() };
        let told = if self.flags.dry_run {
            None
        } else {
            match world.hold(&held.id).await {
                Ok(()) => self.recovered(&held, world).await.err(),
                Err(fault) => Some(told(fault, Ending::Storage)),
            }
        };
        if let Some(refusal) = told {
            report.problems.extend(refusal.all_located());
            return refusal.ending;
        }
        if held.token.is_none() {
            self.out.say(&format!("{} signs in with this key already: nothing is replaced.", held.name));
            return Ending::Done;
        }
        let ends = super::standing::Ends::NotKnown;
        let platforms = Arc::new(self.platforms.clone());
        let wizard = super::check::look_at(held, ends, settings, platforms, Arc::clone(world)).await;
        report.connections.push(Entry::of(&wizard));
        headless::ending(&wizard)
    }

    /// Whether the config was changed to finish what an interrupted run had begun.
    async fn recovered(&self, held: &Connection, world: &World) -> Result<bool, Refusal> {
        let recovered = world.recover(&held.id).await.map_err(|fault| told(fault, Ending::Storage))?;
        for note in world.take_notes() {
            self.out.say(&note);
        }
        let renews = self.flags.rotating.at_provider.is_some();
        match recovered.open.filter(|_| renews) {
            Some(open) => Err(match recovered.unread {
                Some(fault) => told(fault, Ending::Storage),
                None => told(still_open(held, &open), Ending::Refused),
            }),
            None => Ok(recovered.changed),
        }
    }

    /// What failed before, and was accepted.
    fn still_failing(&self, held: Option<&Connection>) -> BTreeSet<String> {
        held.map(|held| Record::load(self.paths, &held.id).still_failing(held)).unwrap_or_default()
    }

    fn settings(&self) -> Settings {
        Settings {
            dry_run: self.flags.dry_run,
            accept_failures: self.flags.accept_failures,
            probes: !self.flags.no_probes,
            offline: false,
            interactive: true,
            now: run::now(),
            fail_within: None,
        }
    }

    fn machine(&self, job: Job) -> Wizard {
        let settings = Settings { interactive: false, ..self.settings() };
        let platforms = Arc::new(self.platforms.clone());
        let failing = self.still_failing(job.held.as_deref());
        let purpose = self.aim.purpose(job.held);
        let wizard = Wizard::new(purpose, settings, platforms, job.answers, run::fresh_id());
        wizard.rotating(self.flags.rotating).failing(failing).besides(self.besides())
    }

    /// What saving the config does besides: its mode becomes what it has to be.
    fn besides(&self) -> Option<String> {
        let config = disk::exposed_config(&self.paths.config).into_iter().find(|one| one.path == self.paths.config);
        config.map(|config| config.foreseen())
    }

    async fn after(&self, wizard: &Wizard, world: &World, report: &mut Report) -> Ending {
        let mut entry = Entry::of(wizard);
        if self.aim == Aim::Rotate {
            report.faults.extend(rotated::complete(self, &mut entry, wizard, world).await);
        }
        if let Some(fault) = wizard.broken_here() {
            let remedy = fault.remedy.as_ref().map(|remedy| remedy.text.as_str()).unwrap_or_default();
            self.out.failure(&fault.text, remedy);
            report.faults.push(format!("{} {remedy}", fault.text));
        }
        if wizard.is_saved()
            && let Some(connection) = wizard.connection()
        {
            run::record(self.paths, &connection.id, &entry, wizard.settings().now);
            // What was to know of a key goes with it.
            let same_key = wizard.held().is_some_and(|held| held.fingerprint() == connection.fingerprint());
            Record::change(self.paths, &connection.id, |record| {
                record.left_behind.clone_from(&entry.left_behind);
                record.unsaid = None;
                if !same_key {
                    record.notices.clone_from(&entry.notices);
                }
                if wizard.is_replaced() {
                    record.is_replaced();
                }
            });
            self.sweep(&connection, world).await;
            Unfinished::settle(self.paths, &connection);
        }
        if !wizard.is_saved() {
            self.remember(wizard, &entry.name, &entry.left_behind);
        }
        report.connections.push(entry);
        headless::ending(wizard)
    }

    /// Where a connection was saved, and what is next. A person who has just been shown what to enter where is not told
    /// so again.
    fn farewell(&self, wizard: &Wizard, shown: bool) {
        let Some(connection) = wizard.connection().filter(|_| wizard.is_saved()) else { return };
        self.out.say(&format!("Saved as {} in {}", connection.name, self.paths.config.display()));
        let config = match self.played {
            Some(_) => format!(" --config {}", self.paths.config.display()),
            None => String::new(),
        };
        let platform = self.platforms.iter().find(|platform| platform.id == connection.platform);
        // The sandbox is on this computer by its nature, and nothing is to reach it.
        if let Some(note) = platform.filter(|_| self.played.is_none()).and_then(|one| one.reach_note(&connection.site))
        {
            let wrapped = crate::text::wrapped(&note, "", 80);
            self.out.say(if shown { wrapped.trim_end() } else { &note });
        }
        if !(shown && self.played.is_some()) {
            let own_use = platform.is_some_and(Platform::is_own_use);
            let what = if own_use { "What comes next" } else { "What to enter where" };
            self.out.say(&format!("{what}: git-access show {}{config}", connection.name));
        }
    }

    /// Keeps in mind what a set-up that was not saved has left: there is no connection to remember it with.
    fn remember(&self, wizard: &Wizard, name: &str, left: &[String]) {
        if left.is_empty() || wizard.held().is_some() {
            return;
        }
        let noted = Unfinished::note(self.paths, name, left, strays(wizard), wizard.settings().now);
        if let Some((site, made)) = wizard.answers().site().zip(wizard.created()) {
            Unfinished::note_made(self.paths, name, &Made::new(&site, made));
        }
        if noted.is_none() && self.played.is_none() {
            self.out.say(&format!("What is left behind is remembered: git-access list tells it, and git-access remove {name} takes away what is ours."));
        }
    }
}

impl Setup<'_> {
    /// Takes away the secrets that tries of this connection have left which were stopped: nothing names them.
    async fn sweep(&self, saved: &Connection, world: &World) {
        let Some(unfinished) = Unfinished::of(self.paths, &saved.name) else { return };
        // What a connection names is no stray: it may have been saved just before its run was stopped, and renamed since.
        let Ok(config) = super::manage::config(self.paths) else { return };
        let is_named = |stray: &Stray| config.connections().iter().any(|one| one.id == stray.id);
        // A file is the same one for whoever names it, and another connection may.
        let ours = |stray: &&Stray| !is_named(stray) && stray.place.path.is_none();
        for stray in unfinished.secrets.iter().filter(ours) {
            let Some(store) = stray.place.store() else { continue };
            if world.remove_stray(&store, &stray.id, stray.place.generation).await {
                Unfinished::is_gone(self.paths, &saved.name, stray);
            }
        }
    }
}

/// The secrets that this run wrote, and that nothing refers to.
fn strays(wizard: &Wizard) -> Vec<Stray> {
    let written = wizard.applied().filter_map(|(command, outcome)| match (command, outcome) {
        (Command::WriteSecret(keeping), Ok(Done::Stored(store, generation))) if keeping.held.is_none() => {
            Some(Stray { id: keeping.id.clone(), place: Pending::new(store, *generation) })
        }
        _ => None,
    });
    written.collect()
}
