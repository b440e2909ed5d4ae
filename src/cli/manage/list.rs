//! `list`: every connection in a row.

use serde_json::json;

use crate::check::{SOON, day};
use crate::cli::standing::{Ends, Standing};
use crate::cli::table::{Cell, Tone, table};
use crate::cli::{Ending, Out, Refusal};
use crate::config::Config;
use crate::disk::Paths;
use crate::record::Unfinished;
use crate::text::sanitise;

const TITLES: &[&str] = &["", "NAME", "PLATFORM", "PROVIDER", "HOST", "OWNER", "EXPIRES", "CHECKED", "SECRET"];

/// Lists the connections. Those that cannot be read are told apart, and end the run with [`Ending::Storage`].
pub fn list(out: &Out, paths: &Paths) -> Result<Ending, Refusal> {
    let config = super::config(paths)?;
    let all: Vec<Standing<'_>> =
        config.connections().iter().map(|connection| Standing::of(connection, &config, paths)).collect();
    if out.is_json() {
        out.json(&document(&all, &config, paths));
    } else if !all.is_empty() {
        let rows: Vec<Vec<Cell>> = all.iter().map(row).collect();
        out.data(&table(TITLES, &rows, out.color));
    }
    super::tell_exposed(out, paths, config.connections());
    super::tell_problems(out, &config, paths);
    if !config.problems().is_empty() {
        return Ok(Ending::Storage);
    }
    for one in Unfinished::all(paths) {
        out.say(&format!(
            "A {} of {} on {} was not finished and has left:",
            one.what(),
            sanitise(&one.name, 80),
            sanitise(&one.at, 20)
        ));
        for left in &one.left {
            out.say(&format!("  {}", sanitise(left, 500)));
        }
        out.say(&format!(
            "  Take away what is ours of it, and forget it: git-access remove {}",
            sanitise(&one.name, 80)
        ));
    }
    if all.is_empty() {
        out.say(&super::nothing_there(paths));
    }
    Ok(Ending::Done)
}

fn document(all: &[Standing<'_>], config: &Config, paths: &Paths) -> serde_json::Value {
    let problem = |problem: &crate::config::ConfigProblem| {
        // 0 stands for none here.
        let number = |number: usize| (number > 0).then_some(number);
        json!({
            "file": paths.config.display().to_string(),
            "line": number(problem.line),
            "column": number(problem.column),
            "key": problem.key.as_ref().or(problem.connection.as_ref()),
            "message": problem.message,
        })
    };
    json!({
        "version": 1,
        "config": paths.config.display().to_string(),
        "active": config.active(),
        "problems": config.problems().iter().map(problem).collect::<Vec<_>>(),
        "connections": all.iter().map(Standing::json).collect::<Vec<_>>(),
        "unfinished": Unfinished::all(paths).iter().map(|one| {
            json!({ "name": one.name, "at": one.at, "left_behind": one.left })
        }).collect::<Vec<_>>(),
    })
}

fn row(standing: &Standing<'_>) -> Vec<Cell> {
    let connection = standing.connection;
    vec![
        Cell::new(if standing.active { "*" } else { "" }, Tone::Good),
        connection.name.as_str().into(),
        connection.platform.as_str().into(),
        connection.site.provider.id().into(),
        connection.site.host.to_string().into(),
        standing.owner_text().into(),
        Cell::new(&standing.ends_text(), ends_tone(standing)),
        checked(standing),
        standing.rests().into(),
    ]
}

fn ends_tone(standing: &Standing<'_>) -> Tone {
    match standing.ends() {
        Ends::At(at) if at <= standing.now => Tone::Bad,
        Ends::At(_) if standing.days_left().is_some_and(|days| days < SOON) => Tone::Careful,
        Ends::NotKnown => Tone::Open,
        Ends::At(_) | Ends::Never | Ends::NoToken => Tone::Plain,
    }
}

fn checked(standing: &Standing<'_>) -> Cell {
    if let Some(at) = standing.refused() {
        return Cell::new(&format!("refused {}", day(at)), Tone::Bad);
    }
    match standing.verdict() {
        Some((verdict, at)) => {
            Cell::new(&format!("{verdict} {}{}", day(at), standing.because_text(1)), Tone::of_verdict(verdict))
        }
        None => "not yet".into(),
    }
}
