//! `setup` with a person before it: drawn on the terminal, or asked line by line; and the list of connections that leads
//! to it.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::Arc;

use super::{Aim, Setup};
use crate::answers::file;
use crate::cli::connections::Here;
use crate::cli::run::{self, Run};
use crate::cli::{Color, Common, Ending, Out, Refusal, SetupFlags, manage};
use crate::disk::{self, Paths};
use crate::nearby;
use crate::plain::{self, Terminal};
use crate::provider::{Host, Provider};
use crate::report::Report;
use crate::store::Stores;
use crate::tui::scene::Scene as _;
use crate::tui::{Canvas, Chosen, Circumstances, Connections, Ended, Held, Left, SetUp, Surroundings, Theme};
use crate::wizard::{Found, Only, Wizard, edited};
use crate::world::World;

/// The look that the command line and the environment ask for.
pub fn theme(common: &Common) -> Theme {
    let color = match common.color {
        Color::Auto => None,
        Color::Always => Some(true),
        Color::Never => Some(false),
    };
    Theme::of(&Surroundings::of_the_process(color))
}

/// The list of connections, and from there the wizard, until it is left.
pub fn list(canvas: Canvas, common: &Common, out: &Out, paths: &Paths) -> Ending {
    let (platforms, broken) = crate::cli::platforms_and_broken(paths);
    let run = match Run::begin(common, out) {
        Ok(run) => run.attended(true),
        Err(ending) => return ending,
    };
    run.block_on(out, async {
        let desk = Here::new(out, paths, Arc::new(platforms.clone()), run.log.clone()).without(&broken);
        let flags = SetupFlags::default();
        let mut last: Option<String> = None;
        loop {
            let (chosen, is_busy) = {
                let mut scene = match Connections::new(desk.clone(), paths.config.display().to_string()) {
                    Ok(scene) => scene.at(last.as_deref()),
                    Err(reason) => return out.refused(&Refusal::storage(reason, "")),
                };
                let mut held = match Held::take(canvas, theme(common)) {
                    Ok(held) => held,
                    Err(error) => return no_terminal(out, &error),
                };
                let chosen = held.play(&mut scene).await;
                (chosen, scene.is_waiting())
            };
            let (aim, name) = match chosen {
                Ended::Scene(Chosen::Add) => (Aim::SetUp, None),
                Ended::Scene(Chosen::Edit(name)) => (Aim::SetUp, Some(name)),
                Ended::Scene(Chosen::Rotate(name)) => (Aim::Rotate, Some(name)),
                // A check that was under way is cancelled by it.
                Ended::Scene(Chosen::Leave) if is_busy => return Ending::Cancelled,
                Ended::Scene(Chosen::Leave) => return Ending::Done,
                Ended::Lost => return Ending::Cancelled,
            };
            let above = crate::answers::Answers::default();
            let setup =
                Setup { aim, flags: &flags, above, played: None, platforms: platforms.clone(), run: &run, out, paths };
            let ending = setup.drawn(canvas, common, name.as_deref(), Stores::of_the_system()).await;
            if !matches!(ending, Ending::Done | Ending::Cancelled) {
                return ending;
            }
            last = name;
        }
    })
}

fn no_terminal(out: &Out, error: &std::io::Error) -> Ending {
    out.refused(&Refusal::usage(
        format!("The terminal cannot be drawn on: {error}."),
        "Use --plain, or give --answers FILE.",
    ))
}

impl Setup<'_> {
    /// The wizard on the screen, and what is told afterwards.
    pub async fn drawn(self, canvas: Canvas, common: &Common, name: Option<&str>, stores: Stores) -> Ending {
        let world = World::new(self.run.log.clone(), stores, self.paths.clone(), self.out.redaction.clone());
        let world = Arc::new(world.telling(Arc::clone(&self.run.changes)));
        let wizard = match self.begun(name, &world).await {
            Ok(wizard) => wizard,
            Err(refusal) => return self.out.refused(&refusal),
        };
        let mut scene = SetUp::new(wizard, &world, self.circumstances(name));
        let ended = match Held::take(canvas, theme(common)) {
            Ok(mut held) => self.run.leavable(held.play(&mut scene)).await,
            Err(error) => return no_terminal(self.out, &error),
        };
        let wizard = scene.into_wizard();
        match ended {
            Ok(Ended::Scene(Left::Finished)) => {
                // From here on nobody draws, and Ctrl-Z is heard all the same.
                #[cfg(unix)]
                let _stops = plain::heed_stops();
                self.ended(&wizard, &world, self.out.color).await
            }
            Ok(Ended::Scene(Left::GivenUp) | Ended::Lost) => {
                let what = name.map(|_| format!(" ({})", self.circumstances(name).about)).unwrap_or_default();
                self.left(&wizard, &world, &format!("Left before the end{what}"))
            }
            Err(ending) => {
                self.left(&wizard, &world, "Cancelled");
                ending
            }
        }
    }

    /// The wizard line by line, and what is told afterwards.
    pub async fn asked(self, name: Option<&str>, stores: Stores) -> Ending {
        let world = World::new(self.run.log.clone(), stores, self.paths.clone(), self.out.redaction.clone());
        let world = Arc::new(world.telling(Arc::clone(&self.run.changes)));
        let mut wizard = match self.begun(name, &world).await {
            Ok(wizard) => wizard,
            Err(refusal) => return self.out.refused(&refusal),
        };
        if let Some((_, _, file)) = self.tokens().first()
            && let Some(folder) = std::path::Path::new(file).parent()
        {
            let folder = folder.display();
            self.out.say(&format!("The tokens of the sandbox lie in {folder}: those named like a platform suit it."));
        }
        // What is redirected is for the report.
        let to_stderr = self.out.is_json() || !std::io::stdout().is_terminal();
        let mut terminal = match Terminal::of_the_process(to_stderr, self.out.redaction.clone()) {
            Ok(terminal) => terminal,
            Err(error) => return no_terminal(self.out, &error),
        };
        let left = self.run.leavable(plain::run(&mut wizard, &world, &mut terminal)).await;
        match left {
            // A screen reader says every control sequence, and a terminal that is no such thing shows it.
            Ok(plain::Left::Finished) => self.ended(&wizard, &world, false).await,
            // It was said why, and nothing is changed before the last answer.
            Ok(plain::Left::GivenUp) => Ending::Cancelled,
            Err(ending) => {
                self.left(&wizard, &world, "\nCancelled");
                ending
            }
        }
    }

    async fn ended(&self, wizard: &Wizard, world: &World, color: bool) -> Ending {
        for note in world.take_notes() {
            self.out.say(&note);
        }
        if let Some(path) = &self.flags.save_answers
            && let Err(fault) = disk::replace(path, &file::write(wizard.answers()))
        {
            return self.out.refused(&Refusal::from(fault));
        }
        let mut report = Report { config: Some(self.paths.config.clone()), ..Report::default() };
        let ending = self.after(wizard, world, &mut report).await;
        if self.out.is_json() {
            self.out.json(&report);
        } else if std::io::stdout().is_terminal() {
            // Each check was seen when it was made.
            self.out.data(&report.brief(color));
        } else {
            self.out.data(&report.text(color));
        }
        self.farewell(wizard, true);
        ending
    }

    /// The wizard with what is answered before anybody types.
    async fn begun(&self, name: Option<&str>, world: &World) -> Result<Wizard, Refusal> {
        let mut config = manage::config(self.paths)?;
        let there = name.and_then(|name| config.connection(name)).filter(|_| !self.flags.dry_run).cloned();
        if let Some(held) = there {
            if self.recovered(&held, world).await? {
                if self.flags.rotating.at_provider.is_some() {
                    // Asking the provider again would replace the token that it has just made.
                    let remedy = format!("Look at it with git-access check {}", held.name);
                    return Err(Refusal { ending: Ending::Done, ..Refusal::usage("Nothing more was asked.", remedy) });
                }
                config = manage::config(self.paths)?;
            }
            if self.aim == Aim::Rotate {
                super::rotated::warn(self, &held);
            }
        }
        let held = name.and_then(|name| config.connection(name));
        if let (Some(name), None) = (name, held)
            && config.has(name)
        {
            manage::named(&config, self.paths, name)?;
        }
        let mut answers = held.map_or_else(|| self.above.clone(), |held| edited(held, &self.above));
        if let Some(host) = answers.provider().and_then(|provider| self.hosts().remove(&provider)) {
            answers.set(crate::answers::Field::Host, crate::answers::Answer::Host(host));
        }
        let settings = self.settings();
        let purpose = self.aim.purpose(held.cloned().map(Box::new));
        let wizard = Wizard::new(purpose, settings, Arc::new(self.platforms.clone()), answers, run::fresh_id());
        let mut nearby = nearby::look(self.paths);
        if self.played.is_some() {
            // Nobody's own logins belong to a sandbox, and its hosts are the only ones there.
            nearby.found = self.tokens_of_platforms();
            nearby.played = self.hosts();
        }
        let wizard = wizard.near(nearby).rotating(self.flags.rotating).failing(self.still_failing(held));
        Ok(wizard.besides(self.besides()))
    }

    /// The tokens of the sandbox's sample answers, each offered where its platform is set up.
    fn tokens_of_platforms(&self) -> Vec<Found> {
        let Some(played) = self.played.filter(|_| self.aim == Aim::SetUp) else { return Vec::new() };
        let pairs = self.platforms.iter().flat_map(|one| Provider::ALL.iter().map(move |provider| (one, *provider)));
        let offered = pairs.filter_map(|(platform, provider)| {
            let file = played.token_of(&played.sample(&platform.id, provider.id())?)?;
            Some(Found {
                field: crate::answers::Field::TokenFile,
                text: file.display().to_string(),
                place: if platform.is_own_use() {
                    "a token of this sandbox".to_owned()
                } else {
                    format!("the token of this sandbox for {}", platform.title)
                },
                only: Some(Only { platform: Some(platform.id.clone()), ..Only::of(provider) }),
            })
        });
        offered.collect()
    }

    fn hosts(&self) -> BTreeMap<Provider, Host> {
        let host = |provider: &Provider| Host::parse(&self.played?.host(provider.id())?).ok();
        Provider::ALL.iter().filter_map(|provider| Some((*provider, host(provider)?))).collect()
    }

    fn circumstances(&self, name: Option<&str>) -> Circumstances {
        let what = match (name, self.flags.dry_run) {
            (Some(name), _) if self.aim == Aim::Rotate => format!("rotate {name}"),
            (Some(name), _) => format!("edit {name}"),
            (None, true) => "new connection, dry run".to_owned(),
            (None, false) => "new connection".to_owned(),
        };
        let about = match &self.flags.sandbox {
            Some(scenario) => format!("{what} {} sandbox {scenario}", "\u{b7}"),
            None => what,
        };
        Circumstances { about, hosts: self.hosts(), tokens: self.tokens() }
    }

    /// The tokens of the sandbox that can be tried.
    fn tokens(&self) -> Vec<(Provider, String, String)> {
        let Some(played) = self.played else { return Vec::new() };
        let announced = played.announcement();
        let accounts = announced["accounts"].as_array().cloned().unwrap_or_default();
        let tokens = accounts.iter().filter_map(|account| {
            let provider = Provider::from_id(account["provider"].as_str()?)?;
            Some((provider, account["note"].as_str()?.to_owned(), account["token_file"].as_str()?.to_owned()))
        });
        tokens.collect()
    }
}
