//! What others can use of our files: told once by every command that looks, changed by none of them, and mended with consent.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::manage::home_with;
use crate::program::{Home, Served, finished};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Every command that only looks.
const LOOKING: &[&str] = &[
    "list",
    "list --format json",
    "show one",
    "show one --format json",
    "check --offline",
    "check --offline --format json",
    "check one --offline",
    "export one --for netrc",
    "doctor",
    "doctor --format json",
];

/// Each tells it once, with what to do, and leaves everything as it is: `doctor` among what it finds, the others on stderr.
fn is_told(home: &Home, path: &Path, mode_now: u32, command: &str) {
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in LOOKING {
        let plain = {
            let before = mode(path);
            set_mode(path, if path.is_dir() { 0o700 } else { 0o600 });
            let run = home.run(&words.split(' ').collect::<Vec<_>>());
            set_mode(path, before);
            run
        };
        let run = home.run(&words.split(' ').collect::<Vec<_>>());
        let note = format!("{} has mode {mode_now:04o}, so that ", path.display());
        let (told, other) =
            if words.starts_with("doctor") { (&run.stdout, &run.stderr) } else { (&run.stderr, &run.stdout) };
        let told = flat(told);
        assert_eq!(told.matches(&note).count(), 1, "{words}: {told}");
        assert_eq!(told.matches(command).count(), 1, "{words}: {told}");
        let rotates = path.starts_with(home.path("secrets"));
        let advice =
            if rotates { "Take that away, and rotate if somebody may have read it: " } else { "Take that away: " };
        assert!(told.contains(&format!("{advice}{command}")), "{words}: {told}");
        assert!(!other.contains("Take that away"), "{words}: {other}");
        // A command to copy stands in one line.
        let is_whole = |line: &str| line.contains(command);
        assert!(run.stdout.lines().chain(run.stderr.lines()).any(is_whole), "{words}: {}", run.stdout);
        assert_eq!(mode(path), mode_now, "{words}");
        assert_eq!(run.code, plain.code, "{words}");
        if !words.starts_with("doctor") && !words.starts_with("check") {
            assert_eq!(run.stdout, plain.stdout, "{words}");
        }
        assert!(!format!("{}{}", plain.stdout, plain.stderr).contains("Take that away"), "{words}: {}", plain.stderr);
    }
}

#[test]
fn whoever_looks_is_told_what_others_can_use() {
    let home = home_with(&["one", "two"]);
    let config = home.config();
    for mode in [0o644, 0o640, 0o660, 0o604, 0o610] {
        set_mode(&config, mode);
        is_told(&home, &config, mode, &format!("chmod 600 {}", config.display()));
    }
    set_mode(&config, 0o600);
    let folder = config.parent().unwrap();
    set_mode(folder, 0o777);
    is_told(&home, folder, 0o777, &format!("chmod 755 {}", folder.display()));
    set_mode(folder, 0o700);
    let secret = home.path("secrets/one");
    set_mode(&secret, 0o644);
    is_told(&home, &secret, 0o644, &format!("chmod 600 {}", secret.display()));
    // It is told of the connections that were named alone.
    let other = home.run(&["show", "two"]).expect(0);
    assert!(!other.stderr.contains("has mode"), "{}", other.stderr);
}

#[test]
fn the_command_that_is_told_can_be_copied_whatever_the_path() {
    let home = home_with(&["one"]);
    let config = home.write("my files/it's.toml", &home.config_text());
    let quoted = format!("chmod 600 '{}'", config.display().to_string().replace('\'', r"'\''"));
    for mode in [0o666, 0o644] {
        set_mode(&config, mode);
        for command in ["list", "doctor"] {
            let run = home.run(&[command, "--config", "my files/it's.toml"]);
            let told = format!("{}{}", run.stdout, run.stderr);
            assert!(told.contains(&quoted), "{mode:o} {command}: {told}");
            assert_eq!(told.matches("chmod").count(), told.matches(&quoted).count(), "{mode:o} {command}: {told}");
        }
    }
}

/// A network file system may take its time to say how it is mounted.
#[cfg(target_os = "linux")]
#[test]
fn of_files_that_are_as_they_should_be_only_the_mode_is_asked() {
    if !crate::endurance::can_trace() {
        return;
    }
    let home = home_with(&["one", "two"]);
    let text = home.config_text().replace("secrets/two", "secrets/one");
    fs::write(home.config(), text).unwrap();
    let secret = home.path("secrets/one");
    let asked = |calls: &str| {
        let mut strace = home.command("strace");
        strace.args(["-f", "-o", "trace", "-e", &format!("trace={calls}"), "-P"]).arg(&secret);
        finished(strace.args([env!("CARGO_BIN_EXE_git-access"), "list"])).expect(0);
        fs::read_to_string(home.path("trace")).unwrap().lines().filter(|line| line.contains("secrets/one")).count()
    };
    assert_eq!((asked("statfs"), asked("%stat,statx")), (0, 1), "two connections keep the same one there");
    set_mode(&secret, 0o644);
    assert_eq!(asked("statfs"), 1);
}

#[test]
fn a_directory_for_everybody_and_a_stricter_config_are_as_they_have_to_be() {
    let home = home_with(&["one"]);
    let folder = home.config().parent().unwrap().to_owned();
    for (path, allowed) in [(folder, 0o1777), (home.config(), 0o400)] {
        set_mode(&path, allowed);
        let run = home.run(&["list"]).expect(0);
        assert!(!run.stderr.contains("has mode"), "{}", run.stderr);
    }
}

#[test]
fn a_dry_run_says_that_saving_mends_the_mode_and_changes_nothing() {
    let (home, place) = (Home::new(), Home::new());
    let served = Served::start(&place, "ready");
    let answers = served.answers(&home, "keptn", "keptn", "[repository]\nname = \"fresh\"\ncreate = true");
    home.write("config/git-access/config.toml", "version = 1\n");
    set_mode(&home.config(), 0o644);
    let words = ["setup", "--answers", answers.to_str().unwrap()];
    let foreseen = format!("the mode of {} becomes 0600 (it is 0644", home.config().display());
    let dry = finished(home.program().args(words).arg("--dry-run"));
    assert!(dry.stderr.contains(&foreseen), "{}", dry.stderr);
    assert_eq!((mode(&home.config()), home.config_text().as_str()), (0o644, "version = 1\n"));
    let done = home.run(&words).expect(0);
    assert!(done.stderr.contains("had mode 0644"), "{}", done.stderr);
    assert_eq!(mode(&home.config()), 0o600);
    let again = finished(home.program().args(words).arg("--dry-run"));
    assert!(!again.stderr.contains("becomes 0600"), "{}", again.stderr);
}

#[cfg(target_os = "linux")]
mod seated {
    use super::*;
    use crate::tui::seat::Seat;

    #[test]
    fn doctor_mends_it_where_somebody_says_yes() {
        let home = home_with(&["one"]);
        let (config, secret) = (home.config(), home.path("secrets/one"));
        set_mode(&config, 0o644);
        set_mode(&secret, 0o640);
        let mut home = Some(home);
        for (answer, left) in [("y", (0o644, 0o640)), ("", (0o644, 0o640)), ("Yes", (0o600, 0o600))] {
            let mut seat = Seat::in_home(home.take().unwrap(), &["doctor"]);
            seat.hear(0, "Type yes:");
            seat.type_in(&format!("{answer}\n"));
            assert_eq!(seat.ends(), 0, "{answer}");
            assert_eq!((mode(&config), mode(&secret)), left, "{answer}");
            home = Some(seat.leave());
        }
        let mut seat = Seat::in_home(home.take().unwrap(), &["doctor"]);
        assert_eq!(seat.ends(), 0, "there is nothing to ask");
    }

    #[test]
    fn only_the_whole_word_removes_a_connection() {
        let mut home = Some(home_with(&["one"]));
        for (answer, code) in [("y", 130), ("ye", 130), ("yess", 130), ("", 130), (" YES ", 0)] {
            let mut seat = Seat::in_home(home.take().unwrap(), &["remove", "one"]);
            seat.hear(0, "Type yes:");
            seat.type_in(&format!("{answer}\n"));
            assert_eq!(seat.ends(), code, "{answer}");
            assert_eq!(seat.home.config_text().contains("connections.one"), code != 0, "{answer}");
            home = Some(seat.leave());
        }
    }

    #[test]
    fn the_list_on_the_screen_tells_it_too() {
        let home = home_with(&["one"]);
        set_mode(&home.config(), 0o644);
        let mut seat = Seat::at(home, env!("CARGO_BIN_EXE_git-access"), &[], &[], (200, 24));
        seat.see("has mode 0644, so that others can read it.");
        seat.see("Take that away: chmod 600");
        assert_eq!(mode(&seat.home.config()), 0o644);
        seat.type_in("q");
        assert_eq!(seat.ends(), 0);
    }
}
