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
    assert!(advice.contains("Every user can write it") && !advice.contains("so that others can"), "{advice}");
    // What others can only read is obeyed, and so is what the way out leads to.
    for mode in [0o644, 0o600, 0o444] {
        fs::remove_file(home.path("ran")).ok();
        set_mode(&home.config(), mode);
        let run = asked_by_git(&home, home.program()).expect(0);
        assert!(run.stdout.contains("password=ghp_CANARY") && home.path("ran").exists(), "{mode:o}: {}", run.stderr);
    }
    set_mode(&home.config(), 0o664);
    let advice = home.run(&["doctor"]).expect(0).stdout;
    let flat = advice.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("has mode 0664, so that others can write it"), "{advice}");
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

/// A home with a connection for a platform of its user's own, and one for none.
fn home_with_a_platform() -> Home {
    let home = Home::new();
    let connection = |name: &str, platform: &str| {
        format!(
            "[connections.{name}]\nid = \"id-{name}\"\nplatform = \"{platform}\"\nprovider = \"github\"\n\
             host = \"http://127.0.0.1:1\"\nowner = \"acme\"\nusername = \"octocat\"\n[connections.{name}.token]\n\
             store = \"env\"\nenv = \"TOKEN\"\ngeneration = 1\nexpires_source = \"never\"\n"
        )
    };
    let text = format!("version = 1\n{}{}", connection("one", "none"), connection("two", "mine"));
    home.write("config/git-access/config.toml", &text);
    let platform = include_str!("../../assets/platforms/flux.toml").replacen("id = \"flux\"", "id = \"mine\"", 1);
    home.write("config/git-access/platforms/mine.toml", &platform);
    home
}

#[test]
fn a_platform_file_that_others_decide_on_is_not_obeyed() {
    let home = home_with_a_platform();
    let file = home.path("config/git-access/platforms/mine.toml");
    let shown = |home: &Home| home.run(&["platforms", "mine"]);
    shown(&home).expect(0);
    let is_refused = |says: &str| {
        for words in [&["platforms", "mine"][..], &["setup", "--answers", "none.toml"]] {
            let run = home.run(words).expect(4);
            assert!(run.stderr.contains(says) && run.stderr.contains(file.to_str().unwrap()), "{}", run.stderr);
            assert!(!run.stderr.contains("--config FILE"), "that is for a config: {}", run.stderr);
        }
    };
    set_mode(&file, 0o666);
    is_refused("every user can write it");
    set_mode(&file, 0o644);
    shown(&home).expect(0);
}

#[test]
fn root_obeys_a_users_own_files_but_for_his_config_and_nobody_else_does() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can give a file away");
        return;
    }
    let home = home_with_a_platform();
    let (file, authority) = (home.path("config/git-access/platforms/mine.toml"), home.write("ca.pem", ""));
    // As a container has it: the job is root's, and the checkout somebody's.
    for path in [&file, &authority] {
        chown(path, Some(1000), None).unwrap();
    }
    home.run(&["platforms", "mine"]).expect(0);
    git_access::disk::trusted(&authority).unwrap();
    set_mode(&authority, 0o666);
    assert_eq!(git_access::disk::trusted(&authority).unwrap_err().kind, git_access::disk::DiskFaultKind::OpenToAll);
    // Another user's is not obeyed by anybody but root.
    chown(home.dir.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    let mut program = home.command("setpriv");
    program.args(["--reuid=65534", "--regid=65534", "--clear-groups", env!("CARGO_BIN_EXE_git-access")]);
    let run = finished(program.args(["platforms", "mine"]));
    if run.stderr.contains("setpriv") || run.code == -1 {
        println!("skipped: another user cannot run the program here: {}", run.stderr);
        return;
    }
    assert!(run.code == 4 && run.stderr.contains("belongs to another user (uid 1000)"), "{}{}", run.stdout, run.stderr);
}

#[test]
fn a_broken_platform_file_concerns_its_own_connections_alone() {
    let home = home_with_a_platform();
    let file = home.path("config/git-access/platforms/mine.toml");
    let check = |words: &str| {
        let words = words.split(' ').filter(|word| !word.is_empty());
        finished(home.program().env("TOKEN", "ghp_x").args(["check", "--offline"]).args(words))
    };
    let sound = check("--format json").expect(0).json();
    let verdict = |json: &serde_json::Value, name: &str| {
        let connections = json["connections"].as_array().unwrap();
        connections.iter().find(|one| one["name"] == name).map(|one| one["verdict"].clone())
    };
    let broken = "id = \"mine\"\ntitel = \"Mine\"\n";
    for damage in ["text", "mode"] {
        match damage {
            "text" => drop(fs::write(&file, broken)),
            _ => set_mode(&file, 0o666),
        }
        let all = check("--format json");
        assert!(all.stderr.contains(file.to_str().unwrap()), "{}", all.stderr);
        let json = all.expect(4).json();
        assert_eq!(verdict(&json, "one"), verdict(&sound, "one"), "{damage}");
        assert!(json["problems"].to_string().contains("mine.toml"), "{json}");
        let metrics = check("--format openmetrics").expect(4).stdout;
        assert!(metrics.contains("name=\"one\"") || metrics.contains("connection=\"one\""), "{metrics}");
        // Whoever asks for another one is told of the file, and gets the verdict.
        let one = check("one --format json").expect(0);
        assert!(one.stderr.contains(file.to_str().unwrap()), "{}", one.stderr);
        assert_eq!(one.json()["problems"], serde_json::json!([]));
        check("two").expect(4);
    }
}

#[test]
fn certificates_and_known_hosts_that_others_decide_on_are_not_obeyed() {
    let home = home_with_a_platform();
    let authority = home.write("ca.pem", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n");
    let hosts = home.write("config/git-access/known_hosts", "127.0.0.1 ssh-ed25519 AAAA\n");
    let text = home.config_text().replace("owner = \"acme\"", "owner = \"acme\"\nca_file = \"CA\"");
    home.write("config/git-access/config.toml", &text.replace("CA\"\n", &format!("{}\"\n", authority.display())));
    let check = || finished(home.program().env("TOKEN", "ghp_x").args(["check", "one", "--format", "json"]));
    set_mode(&authority, 0o666);
    assert!(check().stdout.contains("every user can write it"), "{}", check().stdout);
    set_mode(&authority, 0o644);
    assert!(!check().stdout.contains("every user can write it"));
    assert!(git_access::disk::read_trusted(&hosts).is_ok());
    set_mode(&hosts, 0o646);
    let fault = git_access::disk::read_trusted(&hosts).unwrap_err();
    assert_eq!(fault.kind, git_access::disk::DiskFaultKind::OpenToAll);
}
