//! `setup-git` when it is killed, and what it says about the helpers that somebody has already.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::credential::{answerer, filled, signed_in};
use crate::manage::{CANARY, connection, home_with};
use crate::program::{Home, Run, finished};

/// When the program is killed: at its git call of this number, before or after git has done what it was asked.
type Moment = (u32, bool);

/// A `git` that comes first in PATH and kills its parent at `moment`.
fn deadly_git(home: &Home, (call, after): Moment) -> String {
    let path = std::env::var("PATH").unwrap();
    let real = std::env::split_paths(&path).map(|dir| dir.join("git")).find(|git| git.is_file()).unwrap();
    let (first, last) = if after { (0, call) } else { (call, 0) };
    let script = format!(
        "#!/bin/sh\ncalls='{}'\nn=$(($(cat \"$calls\") + 1))\necho $n >\"$calls\"\n\
         [ $n = {first} ] && kill -9 $PPID && exit 1\n'{}' \"$@\"\ncode=$?\n[ $n = {last} ] && kill -9 $PPID\nexit $code\n",
        home.write("calls", "0").display(),
        real.display()
    );
    fs::set_permissions(home.write("bin/git", &script), fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{path}", home.path("bin").display())
}

/// Runs `arguments` and kills it at `moment`; `false` where it had ended before.
fn is_killed(home: &Home, arguments: &[&str], moment: Moment) -> bool {
    let path = deadly_git(home, moment);
    let run = finished(home.program().args(arguments).env("PATH", path));
    assert!(matches!(run.code, -1 | 0), "{}", run.stderr);
    run.code == -1
}

/// Kills `arguments` at every git call and after each, in a world of its own every time.
fn killed_at_every_call(arguments: &[&str], least: u32, world: impl Fn() -> Home, check: impl Fn(&Home, Moment)) {
    for after in [false, true] {
        let mut call = 1;
        loop {
            let home = world();
            if !is_killed(&home, arguments, (call, after)) {
                break;
            }
            check(&home, (call, after));
            call += 1;
        }
        assert!(call > least, "it was killed {} times", call - 1);
    }
}

fn text(home: &Home) -> Option<String> {
    fs::read_to_string(home.path(".gitconfig")).ok()
}

/// Nothing is left beside the config: a lock would stop git, and a draft may hold what its owner keeps to himself.
fn nothing_is_beside(home: &Home) {
    let names = fs::read_dir(home.dir.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let beside: Vec<String> = names.filter(|name| name.starts_with(".gitconfig") && name != ".gitconfig").collect();
    assert!(beside.is_empty(), "{beside:?}");
}

fn undone(home: &Home, before: Option<&str>, what: &str) {
    home.run(&["setup-git", "--undo"]).expect(0);
    assert_eq!(text(home).as_deref(), before, "{what}");
    nothing_is_beside(home);
}

const CONFIGS: [Option<&str>; 5] = [
    None,
    Some(""),
    Some("# mine\n[credential]\n\thelper = store\n"),
    Some("[user]\n\tname = no line end"),
    Some("[credential \"https://github.com\"]\r\n\thelper = store\r\n\tuseHttpPath = false\r\n"),
];

fn world(before: Option<&str>) -> Home {
    let home = home_with(&["one"]);
    if let Some(before) = before {
        home.write(".gitconfig", before);
    }
    home
}

#[test]
fn killed_at_any_call_of_git_it_can_be_taken_back_to_the_byte() {
    for before in CONFIGS {
        killed_at_every_call(
            &["setup-git"],
            1,
            || world(before),
            |home, moment| {
                undone(home, before, &format!("{before:?} {moment:?}"));
            },
        );
        killed_at_every_call(
            &["setup-git"],
            1,
            || world(before),
            |home, moment| {
                home.run(&["setup-git"]).expect(0);
                assert_eq!(answerer(&filled(home, "https", "github.com", "acme/x.git")).as_deref(), Some("one"));
                undone(home, before, &format!("{before:?} {moment:?}, set up again"));
            },
        );
    }
}

/// A second host: what was added is taken back, and added anew.
#[test]
fn killed_while_it_renews_it_can_be_taken_back_to_the_byte() {
    for before in CONFIGS {
        let set_up = || {
            let home = world(before);
            home.run(&["setup-git"]).expect(0);
            let more = connection(&home, "two", "https://gitlab.com", "acme", None);
            home.write("config/git-access/config.toml", &(home.config_text() + &more));
            home
        };
        killed_at_every_call(&["setup-git"], 2, set_up, |home, moment| {
            undone(home, before, &format!("{before:?} {moment:?}"));
        });
    }
}

#[test]
fn an_edit_survives_a_killed_undo_and_the_next_one_ends_it() {
    let git = |home: &Home, arguments: &[&str]| {
        finished(home.command("git").args(["config", "--global"]).args(arguments)).expect(0);
    };
    for before in CONFIGS {
        let edited = || {
            let home = world(before);
            home.run(&["setup-git"]).expect(0);
            git(&home, &["credential.https://github.com.username", "o"]);
            git(&home, &["user.email", "o@acme.example"]);
            home
        };
        let home = edited();
        home.run(&["setup-git", "--undo"]).expect(0);
        let expected = text(&home).unwrap();
        assert!(expected.contains("o@acme.example") && expected.contains("username = o"), "{expected}");
        assert!(expected.starts_with(before.unwrap_or_default().trim_end()), "{expected}");
        killed_at_every_call(&["setup-git", "--undo"], 4, edited, |home, moment| {
            let half = text(home).unwrap();
            let switched_off = half.contains("helper = \n") && !half.contains("credential\n");
            assert!(!switched_off, "{moment:?} leaves an empty helper alone: {half}");
            undone(home, Some(&expected), &format!("{before:?} {moment:?}"));
        });
    }
}

#[test]
fn a_line_that_was_added_below_ours_is_not_joined_to_one_above() {
    let home = world(Some("[user]\n\tname = no line end"));
    home.run(&["setup-git"]).expect(0);
    home.write(".gitconfig", &(text(&home).unwrap() + "[core]\n\teditor = vi\n"));
    undone(&home, Some("[user]\n\tname = no line end\n[core]\n\teditor = vi\n"), "edited");
}

#[test]
fn what_git_cannot_read_is_left_alone() {
    for (before, code) in [("[user\n\tname = o\n", 4), ("[user]\n\tname = o \\", 4)] {
        let home = world(Some(before));
        let run = home.run(&["setup-git"]).expect(code);
        assert!(run.stderr.contains(".gitconfig"), "{}", run.stderr);
        undone(&home, Some(before), "never set up");
    }
}

/// A lock of git's, or of an editor that keeps to git's rules.
#[test]
fn while_somebody_else_writes_nothing_is_changed() {
    let home = world(Some("# mine\n"));
    let lock = home.write(".gitconfig.lock", "# theirs\n");
    let run = home.run(&["setup-git"]).expect(4);
    assert!(run.stderr.contains(".gitconfig.lock"), "{}", run.stderr);
    assert_eq!(text(&home).as_deref(), Some("# mine\n"));
    assert_eq!(fs::read_to_string(&lock).unwrap(), "# theirs\n");
    fs::remove_file(lock).unwrap();
    assert!(home.run(&["setup-git", "--undo"]).expect(0).stderr.starts_with("There is nothing to take back"));
    home.run(&["setup-git"]).expect(0);
    undone(&home, Some("# mine\n"), "after the lock");
}

fn said_by_setup_git(config: &str) -> (Home, Run) {
    let home = world(Some(config));
    let run = home.run(&["setup-git"]).expect(0);
    (home, run)
}

#[test]
fn who_has_a_helper_is_told_that_it_is_not_asked_there_meanwhile() {
    let (home, run) =
        said_by_setup_git("[credential]\n\thelper = store --file CANARY\n\thelper = \"!/opt/gh auth x\"\n");
    let told = "Logins of your own for https://github.com, kept by store, gh, are not used for any repository there";
    assert!(run.stderr.contains(told) && run.stderr.contains("--undo brings them back"), "{}", run.stderr);
    assert!(!run.stderr.contains("CANARY"), "{}", run.stderr);
    assert!(home.run(&["setup-git"]).expect(0).stderr.contains(told), "it says so again");
    for silent in [
        "",
        "[credential]\n\thelper = store\n\thelper =\n",
        "[credential \"https://gitlab.com\"]\n\thelper = store\n",
        "[credential]\n\thelper = \"!git-access credential\"\n",
    ] {
        let (_, run) = said_by_setup_git(silent);
        assert!(!run.stderr.contains("Logins of your own"), "{silent}: {}", run.stderr);
    }
}

/// The reference that the wizard offers, before and after `setup-git`, and as git and the helpers see it.
#[test]
fn a_login_of_gits_is_given_whether_or_not_git_asks_us() {
    let password = |home: &Home, address: &str| home.run(&["credential", "password", address]);
    for config in [
        "[credential]\n\thelper = store\n",
        "[credential \"https://github.com\"]\n\thelper = store\n",
        "[credential \"https://*.com\"]\n\thelper = store\n",
        "[credential]\n\thelper = store\n[credential \"https://github.com\"]\n\tuseHttpPath = false\n",
    ] {
        let home = world(Some(config));
        signed_in(&home, "https", "github.com", CANARY);
        for _ in 0..2 {
            assert_eq!(password(&home, "https://github.com").expect(0).stdout, format!("{CANARY}\n"), "{config}");
            home.run(&["setup-git"]).expect(0);
        }
        assert_eq!(answerer(&filled(&home, "https", "github.com", "acme/x.git")).as_deref(), Some("one"));
    }
    // Nobody but us: silence, and what was taken back by its owner is not asked.
    for config in ["", "[credential]\n\thelper = store\n\thelper =\n"] {
        let home = world(Some(config));
        home.write(".git-credentials", &format!("https://octocat:{CANARY}@github.com\n"));
        home.run(&["setup-git"]).expect(0);
        assert!(password(&home, "https://github.com").expect(4).stdout.is_empty(), "{config}");
    }
}

/// The git of this machine reads the section as it is meant, also from a path that needs every sort of quoting.
#[test]
fn a_program_at_a_strange_path_is_found_by_git() {
    let home = world(Some("# mine"));
    let program = home.path("it's \"a\" #1; \\ dir/git-access");
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_git-access"), &program).unwrap();
    let with_env = |command: &mut Command| {
        let environment = home.program();
        command.env_clear().envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))));
        finished(command.current_dir(home.dir.path()).arg("setup-git"))
    };
    with_env(&mut Command::new(&program)).expect(0);
    assert_eq!(answerer(&filled(&home, "https", "github.com", "acme/x.git")).as_deref(), Some("one"));
    undone(&home, Some("# mine"), "strange path");
}

#[test]
fn what_git_must_trust_and_what_nobody_recorded_is_told() {
    let home = home_with(&["one"]);
    let config = home.config_text();
    assert!(!home.run(&["setup-git"]).expect(0).stderr.contains("sslCAInfo"));
    home.write(
        "config/git-access/config.toml",
        &config.replacen("\nowner =", "\nca_file = \"/etc/own ca.pem\"\nowner =", 1),
    );
    let run = home.run(&["setup-git"]).expect(0);
    let wanted = "git config --global http.https://github.com/.sslCAInfo '/etc/own ca.pem'";
    assert!(run.stderr.contains(wanted), "{}", run.stderr);
    // The record of what was written is gone.
    fs::remove_dir_all(home.path("state")).unwrap();
    let run = home.run(&["setup-git", "--undo"]).expect(0);
    assert!(run.stderr.contains("by hand"), "{}", run.stderr);
}
