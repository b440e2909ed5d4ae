//! Temporary files: that of a live writer stays, that of a killed one goes at once, and nothing else is touched.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use git_access::disk;
use tempfile::TempDir;

use super::{DIR, JOB, another_process, document, names_in, save, wait_until};

#[test]
fn a_temporary_file_in_use_or_of_another_kind_is_not_removed() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("config.toml");
    for name in [".config.toml.abcdefgh.tmp", ".config.toml.backup.tmp", ".other.toml.abcdefgh.tmp"] {
        fs::write(dir.path().join(name), "").unwrap();
    }
    // Whoever is at it holds it, however old it has become.
    let in_use = File::options().write(true).open(dir.path().join(".config.toml.abcdefgh.tmp")).unwrap();
    in_use.lock().unwrap();
    in_use.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", dir.path().join(".config.toml.aaaaaaaa.tmp")).unwrap();
    save(&path, "a = 1\n").unwrap();
    assert_eq!(names_in(dir.path()).len(), 6);
    drop(in_use);
    save(&path, "a = 2\n").unwrap();
    let left =
        [".config.toml.aaaaaaaa.tmp", ".config.toml.backup.tmp", ".config.toml.lock", ".other.toml.abcdefgh.tmp"];
    assert_eq!(names_in(dir.path()), left.into_iter().chain(["config.toml"]).collect::<Vec<_>>());
}

/// A writer that is stopped in the midst of it holds its file; once it is killed, the next save takes the file away.
#[test]
fn the_file_of_a_live_writer_stays_and_that_of_a_killed_one_goes_at_once() {
    use rustix::process::{Pid, Signal, kill_process};

    if !Command::new("strace").arg("-V").output().is_ok_and(|done| done.status.success()) {
        println!("skipped: there is no strace");
        return;
    }
    let dir = TempDir::new().unwrap();
    let itself = another_process("hang while writing", dir.path());
    let mut strace = Command::new("strace");
    // It comes to the renaming, and waits there for a minute.
    strace.args(["-f", "-o", "/dev/null", "-e", "inject=rename,renameat,renameat2:delay_enter=60000000"]);
    strace.arg(itself.get_program()).args(itself.get_args()).env(JOB, "hang while writing").env(DIR, dir.path());
    let mut writer = strace.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let temporary = || names_in(dir.path()).into_iter().find(|name| name.contains(".tmp"));
    let is_whole = |name: String| fs::read_to_string(dir.path().join(name)).is_ok_and(|text| text == document(7));
    wait_until(|| temporary().is_some_and(is_whole));
    disk::sweep(dir.path());
    let name = temporary().expect("it was taken from a live writer");
    // The tracer ends with what it traces.
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", writer.id())).unwrap();
    for pid in children.split_whitespace() {
        kill_process(Pid::from_raw(pid.parse().unwrap()).unwrap(), Signal::KILL).unwrap();
    }
    writer.wait().unwrap();
    assert_eq!(temporary().as_ref(), Some(&name));
    disk::sweep(dir.path());
    assert_eq!(temporary(), None);
}

#[test]
fn a_sweep_takes_what_killed_runs_left_for_any_file_and_nothing_else() {
    let dir = TempDir::new().unwrap();
    let stays = [".a.json.backup.tmp", ".a.json.lock", ".new.json.abcdefgh.tmp", "a.json", "b.abcdefgh.tmp"];
    for name in [".a.json.abcdefgh.tmp", ".b.aaaaaaaa.tmp"].into_iter().chain(stays) {
        File::create(dir.path().join(name)).unwrap();
    }
    let in_use = File::open(dir.path().join(".new.json.abcdefgh.tmp")).unwrap();
    in_use.lock().unwrap();
    disk::sweep(dir.path());
    assert_eq!(names_in(dir.path()), stays);
    disk::sweep(&dir.path().join("none"));
    // A save does so for every generation of its secret.
    for name in [".token.3.abcdefgh.tmp", ".token.abcdefgh.tmp", ".tokens.3.abcdefgh.tmp"] {
        File::create(dir.path().join(name)).unwrap();
    }
    save(&dir.path().join("token.36"), "secret\n").unwrap();
    let left = names_in(dir.path()).into_iter().filter(|name| name.starts_with(".token") && name.contains("abcdefgh"));
    assert_eq!(left.collect::<Vec<_>>(), [".tokens.3.abcdefgh.tmp"]);
}
