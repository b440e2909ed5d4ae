//! `check`: every check of the saved connections again, for one of them or for a fleet. Nothing is changed at the forge,
//! nothing in the config. All connections are looked at together; the world asks each question once.

use std::sync::Arc;

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::run::{self, Run};
use super::standing::{Ends, Standing};
use super::{CheckFlags, Common, Ending, Format, Out, Refusal};
use crate::config::{Config, Connection};
use crate::disk::Paths;
use crate::headless;
use crate::record::Record;
use crate::report::{Entry, Report};
use crate::store::Stores;
use crate::wizard::{Purpose, Settings, Wizard, answers_of};
use crate::world::World;

pub fn check(flags: &CheckFlags, common: &Common, out: &Out, paths: &Paths) -> Ending {
    let fail_within = match flags.fail_within.as_deref().map(time).transpose() {
        Ok(time) => time,
        Err(message) => return out.usage(&message),
    };
    let config = match super::manage::config(paths) {
        Ok(config) => config,
        Err(refusal) => return out.refused(&refusal),
    };
    for name in &flags.names {
        if let Err(refusal) = super::manage::named(&config, paths, name) {
            return out.refused(&refusal);
        }
    }
    let mut chosen = config.connections().to_vec();
    if !flags.names.is_empty() {
        chosen.retain(|one| flags.names.contains(&one.name));
    }
    let (platforms, broken) = super::platforms::platforms_and_broken(paths);
    let platforms = Arc::new(platforms);
    super::manage::tell_exposed(out, paths, &chosen);
    let run = match Run::begin_for_many(common, out) {
        Ok(run) => run,
        Err(ending) => return ending,
    };
    if !flags.offline {
        Record::sweep(paths);
    }
    run.block_on(out, async {
        let stores = Stores::of_the_system();
        let world = Arc::new(World::new(run.log.clone(), stores, paths.clone(), out.redaction.clone()));
        let settings = Settings {
            dry_run: false,
            accept_failures: false,
            probes: !flags.no_probes,
            offline: flags.offline,
            interactive: false,
            now: run::now(),
            fail_within,
        };
        let seen = join_all(chosen.into_iter().map(|held| {
            let (known, now) = remembered(&held, &config, settings, paths);
            let settings = Settings { now, ..settings };
            seen(held, known, settings, Arc::clone(&platforms), Arc::clone(&world), paths)
        }))
        .await;
        let mut report = Report { config: Some(paths.config.clone()), ..Report::default() };
        let mut endings = Vec::new();
        for problem in config.problems().iter().filter(|_| flags.names.is_empty()) {
            let refusal = super::manage::of_config(paths, problem.clone());
            out.failure(&refusal.message, &refusal.remedy);
            report.problems.push(refusal.located());
            endings.push(refusal.ending);
        }
        // A broken platform file concerns the connections that are for its platform; the others are judged.
        let is_missed = seen.iter().any(|(_, ending)| ending.is_none());
        for refusal in broken.iter().flat_map(Refusal::all) {
            out.failure(&refusal.message, &refusal.remedy);
            report.problems.extend(is_missed.then(|| refusal.located()));
        }
        if seen.is_empty() && report.problems.is_empty() {
            out.say(&super::manage::nothing_there(paths));
        }
        endings.extend(seen.into_iter().map(|(entry, ending)| tell(entry, ending, flags.strict, &mut report, out)));
        match out.format {
            Format::Json => out.json(&report),
            Format::Openmetrics => out.data(&report.metrics(settings.now)),
            Format::Text => out.data(&report.text(out.color)),
        }
        headless::worst(endings)
    })
}

/// The end of the token as the record knows it, and the moment that counts. A check that asks the server learns both from
/// it, and looks into the record only where the config knows an end that is over: it may have been moved since.
fn remembered(held: &Connection, config: &Config, settings: Settings, paths: &Paths) -> (Ends, Timestamp) {
    let is_over = held.token.as_ref().and_then(|token| token.expires).is_some_and(|at| at <= settings.now);
    if !settings.offline && !is_over {
        return (Ends::NotKnown, settings.now);
    }
    let standing = Standing::of(held, config, paths);
    (standing.ends(), if settings.offline { standing.now() } else { settings.now })
}

/// Looks at one connection, and keeps what was found. There is no ending where its platform is not known here.
async fn seen(
    held: Connection,
    known: Ends,
    settings: Settings,
    platforms: Arc<Vec<crate::platform::Platform>>,
    world: Arc<World>,
    paths: &Paths,
) -> (Entry, Option<Ending>) {
    let wizard = look_at(held, known, settings, platforms, world).await;
    let mut entry = Entry::of(&wizard);
    let ending = wizard.platform().map(|_| headless::ending(&wizard));
    if let Some(held) = wizard.held().filter(|_| ending.is_some() && !settings.offline) {
        run::record_aside(paths, &held.id, &entry, settings.now).await;
        if ending != Some(Ending::Done)
            && let Some(open) = Record::load(paths, &held.id).renewal
        {
            entry.notices.push(crate::world::begun(&held.name, &open));
        }
    }
    (entry, ending)
}

/// Looks at `held`; `known`: the end of its token, which a check may have seen to be another than the config says.
pub(super) async fn look_at(
    mut held: Connection,
    known: Ends,
    settings: Settings,
    platforms: Arc<Vec<crate::platform::Platform>>,
    world: Arc<World>,
) -> Wizard {
    let answers = answers_of(&held);
    if let (Some(token), Ends::At(at)) = (&mut held.token, known) {
        token.expires = Some(at);
    }
    let purpose = Purpose::Check { held: Box::new(held) };
    let mut wizard = Wizard::new(purpose, settings, platforms, answers, String::new());
    headless::drive(&mut wizard, &world).await;
    wizard
}

/// Takes one connection into the report.
fn tell(entry: Entry, ending: Option<Ending>, strict: bool, report: &mut Report, out: &Out) -> Ending {
    let Some(ending) = ending else {
        let refusal = Refusal::storage(
            format!("The connection {} is for the platform {}, which is not known here.", entry.name, entry.platform),
            "Put its file back into the folder of platform files, or set the connection up again.",
        );
        out.failure(&refusal.message, &refusal.remedy);
        report.problems.push(refusal.located());
        report.connections.push(entry);
        return refusal.ending;
    };
    let open = strict && ending == Ending::Done && entry.verdict() != "pass";
    report.connections.push(entry);
    if open { Ending::Refused } else { ending }
}

/// A time such as `14d`, `36h` or `2w`.
fn time(text: &str) -> Result<SignedDuration, String> {
    let wrong = || "--fail-within: write a number of hours, days or weeks, such as 36h, 14d or 2w".to_owned();
    let hours = match text.chars().last() {
        Some('h') => 1,
        Some('d') => 24,
        Some('w') => 24 * 7,
        _ => return Err(wrong()),
    };
    let number: i64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    if !(0..=100_000).contains(&number) {
        return Err(wrong());
    }
    Ok(SignedDuration::from_hours(number * hours))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_hours_days_and_weeks() {
        for (text, hours) in [("36h", Some(36)), ("14d", Some(336)), ("2w", Some(336)), ("0d", Some(0))] {
            assert_eq!(time(text).ok(), hours.map(SignedDuration::from_hours), "{text}");
        }
        for text in ["", "d", "14", "-1d", "1.5d", "14 d", "99999999999d", "3ä"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
