//! Whatever lies in the config and in the state directory, edited by hand or said by a server long ago: what `list`,
//! `show`, `check` and the list on the screen make of it is text.
#![cfg(target_os = "linux")]

use std::process::Stdio;

use serde_json::json;

use super::said::attacks;
use super::seat::Seat;
use super::strict;
use crate::program::{Home, Run};

/// So many connections stand in one config.
const PER_HOME: usize = 40;

/// The keys of a connection that take any text, and those that are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Every key that holds words.
    Words,
    Owner,
    Address,
    Platform,
    Name,
}
const PLACES: [Place; 4] = [Place::Owner, Place::Address, Place::Platform, Place::Name];

/// A text as TOML writes it, with every control character in its escaped form.
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|letter| match letter {
        '"' | '\\' => format!("\\{letter}"),
        _ if letter.is_control() => format!("\\u{:04X}", u32::from(letter)),
        _ => letter.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

fn id(number: usize) -> String {
    format!("{number:032x}")
}

fn connection(number: usize, attack: &str, place: Place) -> String {
    let text = quoted(attack);
    let is = |one: Place, otherwise: &str| if place == one { text.clone() } else { quoted(otherwise) };
    let words = |key: &str| if place == Place::Words { format!("{key} = {text}\n") } else { String::new() };
    let table = if place == Place::Name { format!("connections.{text}") } else { format!("connections.c{number}") };
    let address = if place == Place::Address {
        format!("https://github.com/acme/{attack}.git")
    } else {
        "https://github.com/acme/r.git".to_owned()
    };
    let list = |key: &str| if place == Place::Words { format!("{key} = [{text}]\n") } else { String::new() };
    [
        format!("[{table}]\nid = \"{}\"\nplatform = {}\n", id(number), is(Place::Platform, "devtron")),
        format!("provider = \"github\"\nhost = \"https://github.com\"\nowner = {}\n", is(Place::Owner, "acme")),
        words("username") + &words("email") + &words("git_username") + &words("owner_id") + &list("accepted"),
        format!(
            "[{table}.token]\nkind = \"classic\"\nstore = \"keyring\"\ngeneration = 1\nexpires_source = \"unknown\"\n"
        ),
        format!(
            "[{table}.repository]\nname = \"r\"\nurl = {}\n{}{}",
            quoted(&address),
            words("branch"),
            words("ssh_url")
        ),
        format!("[{table}.verified]\nat = 2026-11-20T09:00:00Z\n{}{}", words("identity"), list("scopes")),
        format!("verdict = {}\n", is(Place::Words, "pass")),
        format!("[{table}.handover]\nproject = {}\n\n", is(Place::Words, "p")),
    ]
    .concat()
}

/// A home in which these texts stand everywhere.
fn home_with(attacks: &[String], places: &dyn Fn(usize) -> Place) -> Home {
    let home = Home::new();
    let mut config = "version = 1\nactive = \"c0\"\n\n".to_owned();
    let mut unfinished = Vec::new();
    for (number, attack) in attacks.iter().enumerate() {
        config += &connection(number, attack, places(number));
        let record = json!({
            "checked": "2026-11-21T09:00:00Z", "verdict": attack, "left_behind": [attack], "notices": [attack],
            "exports": [{ "format": attack, "at": attack }],
        });
        home.write(&format!("state/git-access/{}.json", id(number)), &record.to_string());
        unfinished.push(json!({
            "name": attack, "at": attack, "left": [attack],
            "secrets": [{ "id": id(number), "store": attack, "generation": 1 }],
        }));
    }
    home.write("config/git-access/config.toml", &config);
    home.write("state/git-access/unfinished.json", &json!(unfinished).to_string());
    home
}

fn run(home: &Home, arguments: &[&str]) -> Run {
    let mut command = home.program();
    let done = command.args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Run { code: done.status.code().unwrap_or(-1), stdout: text(&done.stdout), stderr: text(&done.stderr) }
}

fn is_text(what: &str, run: &Run) {
    assert!((0..5).contains(&run.code), "{what}: {} {}", run.code, run.stderr);
    for stream in [&run.stdout, &run.stderr] {
        let written = strict::read(stream.as_bytes()).unwrap_or_else(|reason| panic!("{what}: {reason}\n{stream}"));
        assert!(written.sequences.is_empty(), "{what}: {:?}", written.sequences);
    }
}

/// How many connections the list names that can be read.
fn listed(home: &Home) -> usize {
    let run = run(home, &["list", "--format", "json"]);
    // The same values, in letters that a terminal shows.
    is_text("list --format json", &run);
    run.json()["connections"].as_array().unwrap().len()
}

/// Texts in portions; the longest each for itself.
fn portions() -> Vec<Vec<String>> {
    let (long, short): (Vec<_>, Vec<_>) = attacks().into_iter().partition(|attack| attack.len() > 1000);
    let mut all: Vec<Vec<String>> = short.chunks(PER_HOME).map(<[String]>::to_vec).collect();
    all.extend(long.into_iter().map(|text| vec![text.chars().take(30_000).collect()]));
    all
}

#[test]
fn the_texts_would_be_found() {
    let attacks = attacks();
    assert!(attacks.len() >= 300, "{}", attacks.len());
    let refused = attacks.iter().filter(|attack| strict::read(attack.as_bytes()).is_err()).count();
    // The rest is long, wide or white space.
    assert!(refused > attacks.len() * 8 / 10, "{refused} of {}", attacks.len());
    let planted = run(&Home::new(), &["list"]).stderr + &attacks[3];
    assert!(strict::read(planted.as_bytes()).is_err());
}

#[test]
fn whatever_was_written_down_the_commands_say_text() {
    let (mut runs, mut read, mut all) = (0, 0, 0);
    for (number, portion) in portions().iter().enumerate() {
        for shift in 0..2 {
            let places = |at: usize| if shift == 0 { Place::Words } else { PLACES[at % PLACES.len()] };
            let home = home_with(portion, &places);
            all += portion.len();
            read += listed(&home);
            let mut commands = vec![vec!["list".to_owned()], vec!["check".to_owned(), "--offline".to_owned()]];
            let shown = (0..portion.len()).filter(|at| places(*at) != Place::Name);
            // Each is shown that holds words; of the others one of each kind.
            let shown = shown.filter(|at| shift == 0 || at % 7 == number % 7);
            commands.extend(shown.map(|at| vec!["show".to_owned(), format!("c{at}")]));
            commands.push(vec!["remove".to_owned(), portion[0].replace('\0', "")]);
            for arguments in commands {
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                let run = run(&home, &arguments);
                is_text(&format!("{number}, {shift}, {arguments:?}"), &run);
                let longest = run.stdout.lines().chain(run.stderr.lines()).map(|line| line.chars().count()).max();
                assert!(longest < Some(10_000), "{arguments:?}: a line of {longest:?} letters");
                runs += 1;
            }
        }
    }
    // What is refused is told: a control character stands in no key of a config.
    assert!(read > all / 3, "{read} of {all} could be read");
    println!("{all} connections, {read} of them read, {runs} runs");
}

#[test]
fn whatever_was_written_down_the_list_on_the_screen_is_text() {
    let mut frames = 0;
    for (number, portion) in portions().iter().enumerate() {
        let place = if number % 2 == 0 { Place::Words } else { Place::Owner };
        let home = home_with(portion, &|at| if number % 2 == 1 { PLACES[at % PLACES.len()] } else { place });
        let rows = listed(&home);
        let mut seat = Seat::at(home, env!("CARGO_BIN_EXE_git-access"), &[], &[], (100, 40));
        seat.see("Connections");
        for row in 0..rows {
            if row % 5 == number % 5 {
                for (keys, seen, is_there) in [
                    ("\r", "esc close", true),
                    ("\x1b", "Connections", true),
                    ("d", "Keep it", true),
                    ("n", "Keep it", false),
                ] {
                    seat.type_in(keys);
                    seat.until(|| seat.screen().contains(seen) == is_there, seen);
                    frames += 1;
                }
            }
            let at = seat.bytes().len();
            seat.type_in("\x1b[B");
            seat.until(|| row + 1 == rows || seat.bytes().len() > at, "a frame");
            frames += 1;
        }
        seat.type_in("q");
        assert_eq!(seat.ends(), 0, "{}", seat.screen());
        assert!(seat.strictly().has_drawn());
    }
    println!("{frames} frames");
}
