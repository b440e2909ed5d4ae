//! Whose config is obeyed: it names programs to run and hosts to send a token to, so nothing is read out of a file that
//! somebody else can write.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::Path;
use std::process::Command;

use crate::program::{Home, Run, finished};

const NOBODY: u32 = 65534;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A home whose only connection gets its token from a program, which leaves a trace when it is run.
fn home_with_a_program() -> Home {
    let home = Home::new();
    let script = home.write("token", "#!/bin/sh\n: >ran\necho ghp_CANARY0123456789abcdefghijklmnopqrstuv\n");
    set_mode(&script, 0o755);
    let text = format!(
        "version = 1\n[connections.one]\nid = \"id-one\"\nplatform = \"none\"\nprovider = \"github\"\n\
         host = \"http://127.0.0.1:1\"\nowner = \"acme\"\nusername = \"octocat\"\n[connections.one.token]\n\
         store = \"command\"\ncommand = [{:?}]\ngeneration = 1\n",
        script.display().to_string()
    );
    set_mode(&home.write("config/git-access/config.toml", &text), 0o644);
    home.write("question", "protocol=http\nhost=127.0.0.1:1\npath=acme/gitops.git\n\n");
    home.write("answers.toml", "version = 1\n[token]\nenv = \"TOKEN\"\n");
    home
}

fn asked_by_git(home: &Home, mut program: Command) -> Run {
    finished(program.args(["credential", "get"]).stdin(fs::File::open(home.path("question")).unwrap()))
}

/// Every command that reads the config refuses it, says why and what to do, and changes and runs nothing.
fn is_refused(home: &Home, more: &[&str], says: &[&str]) {
    let before = fs::read(home.config()).unwrap();
    let check = |run: &Run, what: &str| {
        assert_eq!(run.code, 4, "{what}: {}{}", run.stdout, run.stderr);
        let place = more.last().map_or_else(|| home.config(), |link| home.path(link));
        for word in says.iter().copied().chain([place.to_str().unwrap()]) {
            assert!(run.stderr.contains(word), "{what}, {word}: {}", run.stderr);
        }
        assert!(!home.path("ran").exists(), "{what}: its program was run");
        assert_eq!(fs::read(home.config()).unwrap(), before, "{what}");
    };
    for words in [
        "check",
        "check one --format json",
        "list",
        "show one",
        "export one --for netrc",
        "rotate one --answers answers.toml",
        "setup one --answers answers.toml",
        "setup-git",
        "use one",
        "rename one two",
        "remove one --yes",
        "doctor",
    ] {
        let run = finished(home.program().env("TOKEN", "ghp_x").args(words.split(' ')).args(more));
        check(&run, words);
        if words == "doctor" {
            assert!(run.stdout.contains("so it is not read."), "{}", run.stdout);
        }
    }
    let mut program = home.program();
    program.args(more);
    let run = asked_by_git(home, program);
    assert_eq!(run.stdout, "", "git gets no answer");
    check(&run, "credential get");
}

#[test]
fn a_config_that_every_user_can_write_is_not_obeyed() {
    let home = home_with_a_program();
    for mode in [0o666, 0o602] {
        set_mode(&home.config(), mode);
        let remedy = format!("chmod 600 {}", home.config().display());
        is_refused(&home, &[], &[&format!("mode {mode:04o}"), &remedy]);
    }
    let advice = home.run(&["doctor"]).stdout;
    assert!(advice.contains("Every user can write it") && !advice.contains("Other users can read it"), "{advice}");
    // What others can only read is obeyed, and so is what the way out leads to.
    for mode in [0o644, 0o600, 0o444] {
        fs::remove_file(home.path("ran")).ok();
        set_mode(&home.config(), mode);
        let run = asked_by_git(&home, home.program()).expect(0);
        assert!(run.stdout.contains("password=ghp_CANARY") && home.path("ran").exists(), "{mode:o}: {}", run.stderr);
    }
    set_mode(&home.config(), 0o664);
    let advice = home.run(&["doctor"]).expect(0).stdout;
    assert!(advice.contains("The users of its group can write it"), "{advice}");
}

#[test]
fn a_config_of_another_user_is_not_obeyed() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can give a file away");
        return;
    }
    let home = home_with_a_program();
    chown(home.config(), Some(NOBODY), None).unwrap();
    let says = ["belongs to another user (uid 65534)", "sudo -u '#65534' git-access", "--config FILE"];
    is_refused(&home, &[], &says);
    // A link of ours makes it no better.
    symlink(home.config(), home.path("link.toml")).unwrap();
    is_refused(&home, &["--config", "link.toml"], &says);
    set_mode(&home.config(), 0o600);
    is_refused(&home, &[], &says);
}

#[test]
fn a_config_of_root_is_obeyed_by_everybody() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can make a file of root's");
        return;
    }
    let home = home_with_a_program();
    chown(home.dir.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    // As a container has it: a link, and a file below that only root can write.
    let (config, mounted) = (home.config(), home.path("mounted.toml"));
    fs::rename(&config, &mounted).unwrap();
    symlink(&mounted, &config).unwrap();
    let mut program = home.command("setpriv");
    program.args(["--reuid=65534", "--regid=65534", "--clear-groups", env!("CARGO_BIN_EXE_git-access")]);
    let run = asked_by_git(&home, program);
    if run.stderr.contains("setpriv") || run.code == -1 {
        println!("skipped: another user cannot run the program here: {}", run.stderr);
        return;
    }
    assert!(run.code == 0 && run.stdout.contains("password=ghp_CANARY"), "{}", run.stderr);
}
