//! The disk under bad luck: killed writers, many writers, strange modes, planted objects, no space.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use git_access::disk::{self, DiskFault, DiskFaultKind, Lock, Paths, SaveOutcome};
use tempfile::TempDir;

mod by_hand;
#[cfg(target_os = "linux")]
mod temporary;

const JOB: &str = "GIT_ACCESS_TEST_JOB";
const DIR: &str = "GIT_ACCESS_TEST_DIR";

/// What the other processes of these tests do: this binary runs itself with this test as the only one.
#[test]
fn in_another_process() {
    let (Ok(job), Some(dir)) = (env::var(JOB), env::var_os(DIR).map(PathBuf::from)) else { return };
    let config = dir.join("config.toml");
    match job.as_str() {
        "rewrite for ever" => {
            for round in 0_u64.. {
                disk::update::<_, DiskFault>(&config, |_| Ok(document(round))).unwrap();
            }
        }
        "count to 25" => (0..25).for_each(|_| count(&config)),
        "hold the lock" => {
            let _held = Lock::take(&dir.join(".config.toml.lock")).unwrap();
            println!("held");
            thread::sleep(Duration::from_secs(60));
        }
        "hang while writing" => {
            disk::update::<_, DiskFault>(&config, |_| Ok(document(7))).unwrap();
        }
        "save" => {
            let saved = disk::update::<_, DiskFault>(&config, |_| Ok(document(7)));
            println!("saved: {saved:?}");
            std::process::exit(i32::from(saved.is_err()));
        }
        "fill the disk" => fill_the_disk(&dir),
        "may write" => {
            println!("may write: {:?}", Paths::find(None).unwrap().may_write().map_err(|fault| fault.kind));
            let named = Paths::find(Some(&config)).unwrap();
            println!("named: {:?}, state: {:?}", named.may_write().map_err(|fault| fault.kind), named.state_dir);
        }
        "find" => {
            let found = Paths::find(env::var_os("FLAG").as_deref().map(Path::new));
            println!("found: {found:?}");
        }
        other => panic!("no such job: {other}"),
    }
}

fn another_process(job: &str, dir: &Path) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "disk::in_another_process", "--nocapture", "--test-threads=1"]);
    command.env(JOB, job).env(DIR, dir).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A document that shows whether it is whole.
fn document(round: u64) -> String {
    format!("begin {round}\n{}end {round}\n", "padding = true\n".repeat(2000))
}

fn is_whole(text: &str) -> bool {
    let round = text.lines().next().and_then(|line| line.strip_prefix("begin ")).and_then(|n| n.parse().ok());
    round.is_some_and(|round| text == document(round))
}

fn count(path: &Path) {
    loop {
        let counted = disk::update(path, |old| {
            let so_far: u32 = old.unwrap_or("0").trim().parse().unwrap();
            Ok::<_, DiskFault>(format!("{}\n", so_far + 1))
        });
        match counted {
            Ok(_) => return,
            // On a machine with other work, two seconds can pass: then a person, too, runs it again.
            Err(fault) if fault.kind == DiskFaultKind::Busy => {}
            Err(fault) => panic!("{fault}"),
        }
    }
}

fn save(path: &Path, text: &str) -> Result<SaveOutcome, DiskFault> {
    disk::update(path, |_| Ok(text.to_owned()))
}

fn names_in(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Fails if `job` takes longer than any disk does: it hangs.
fn in_time<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, waits) = mpsc::channel();
    thread::spawn(move || done.send(job()));
    waits.recv_timeout(Duration::from_secs(20)).expect("it hangs")
}

fn wait_until(what: impl Fn() -> bool) {
    let started = Instant::now();
    while !what() {
        assert!(started.elapsed() < Duration::from_secs(20), "it never came");
        thread::sleep(Duration::from_millis(1));
    }
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_file_is_created_changed_and_left_alone() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("deep/er/config.toml");
    assert_eq!(disk::read(&path).unwrap(), None);
    let first = save(&path, "a = 1\r\n").unwrap();
    assert!(first.created && first.changed && first.notes.is_empty(), "{first:?}");
    assert_eq!(disk::read(&path).unwrap().unwrap().as_str(), "a = 1\r\n");
    let again = save(&path, "a = 1\r\n").unwrap();
    assert!(!again.created && !again.changed, "{again:?}");
    let refused = disk::update(&path, |old| {
        assert_eq!(old, Some("a = 1\r\n"));
        Err::<String, _>(DiskFault { message: "mine".to_owned(), ..disk::read(dir.path()).unwrap_err() })
    });
    assert_eq!(refused.unwrap_err().message, "mine");
    assert_eq!(disk::read(&path).unwrap().unwrap().as_str(), "a = 1\r\n");
    assert_eq!(names_in(path.parent().unwrap()), [".config.toml.lock", "config.toml"]);
    assert!(disk::remove(&path).unwrap());
    assert!(!disk::remove(&path).unwrap());
}

#[test]
fn what_is_no_config_is_refused_with_its_path_and_reason() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("config.toml");
    fs::write(&path, b"\xff\xfe").unwrap();
    assert_eq!(disk::read(&path).unwrap_err().kind, DiskFaultKind::NotUtf8);
    fs::write(&path, vec![b'#'; (1 << 20) + 1]).unwrap();
    let fault = disk::read(&path).unwrap_err();
    assert_eq!(fault.kind, DiskFaultKind::TooLarge);
    assert!(fault.message.contains("config.toml") && fault.message.contains("1 MiB"), "{fault}");
    fs::write(&path, vec![b'#'; 1 << 20]).unwrap();
    assert_eq!(disk::read(&path).unwrap().unwrap().len(), 1 << 20);
    assert_eq!(disk::read(dir.path()).unwrap_err().kind, DiskFaultKind::NotAFile);
    assert_eq!(disk::read(&path.join("below")).unwrap(), None);
}

#[cfg(target_os = "linux")]
#[test]
fn the_config_is_where_the_flag_the_variable_or_the_conventions_say() {
    let dir = TempDir::new().unwrap();
    let home = dir.path().display().to_string();
    let found = |variables: &[(&str, &str)]| {
        let mut asked = another_process("find", dir.path());
        for name in ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "GIT_ACCESS_CONFIG", "FLAG"] {
            asked.env_remove(name);
        }
        asked.env("HOME", &home).envs(variables.iter().copied()).current_dir(dir.path());
        String::from_utf8(asked.output().unwrap().stdout).unwrap()
    };
    let says = |variables: &[(&str, &str)], config: &str, state: &str| {
        let said = found(variables);
        assert!(said.contains(&format!("config: \"{config}\"")), "{said}");
        assert!(said.contains(&format!("state_dir: Some(\"{state}\")")), "{said}");
    };
    let state = format!("{home}/.local/state/git-access");
    says(&[], &format!("{home}/.config/git-access/config.toml"), &state);
    says(&[("GIT_ACCESS_CONFIG", "")], &format!("{home}/.config/git-access/config.toml"), &state);
    let xdg = [("XDG_CONFIG_HOME", "/x/c"), ("XDG_STATE_HOME", "/x/s")];
    says(&xdg, "/x/c/git-access/config.toml", "/x/s/git-access");
    says(&[xdg[0], ("GIT_ACCESS_CONFIG", "/y/mine.toml")], "/y/mine.toml", &state);
    says(&[("FLAG", "mine.toml"), ("GIT_ACCESS_CONFIG", "/y/mine.toml")], &format!("{home}/mine.toml"), &state);
    assert!(found(&[("FLAG", "/")]).contains("Err(DiskFault { kind: NotAFile"));
}

#[test]
fn state_is_recorded_where_it_can_be_and_missed_by_nobody() {
    let dir = TempDir::new().unwrap();
    let paths = Paths::under(dir.path());
    assert_eq!(paths.read_state("one"), None);
    assert_eq!(paths.write_state("one", "pass"), None);
    assert_eq!(paths.read_state("one").as_deref(), Some("pass"));
    assert_eq!(paths.write_state("one", "fail"), None);
    assert_eq!(paths.read_state("one").as_deref(), Some("fail"));
    assert_eq!(names_in(&dir.path().join("state")), ["one"]);
    assert_eq!(paths.write_state("../out", "x"), None);
    assert!(!dir.path().join("out").exists());
    assert_eq!(paths.remove_state("one"), None);
    assert_eq!(paths.read_state("one"), None);
    let mut nowhere = paths.clone();
    nowhere.state_dir = None;
    assert_eq!(nowhere.write_state("one", "pass"), None);
    fs::write(dir.path().join("file"), "").unwrap();
    let mut blocked = paths;
    blocked.state_dir = Some(dir.path().join("file/state"));
    assert!(blocked.write_state("one", "pass").is_some());
    assert_eq!(blocked.read_state("one"), None);
}

#[test]
fn sixteen_processes_lose_no_update() {
    let dir = TempDir::new().unwrap();
    let writers: Vec<_> = (0..16).map(|_| another_process("count to 25", dir.path()).spawn().unwrap()).collect();
    for writer in writers {
        let done = writer.wait_with_output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    assert_eq!(disk::read(&dir.path().join("config.toml")).unwrap().unwrap().trim(), "400");
}

#[cfg(unix)]
#[test]
fn a_run_killed_at_any_moment_leaves_a_whole_file() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("config.toml");
    let (mut rounds, mut left_over) = (0, 0);
    for attempt in 0_u64..80 {
        let before = fs::metadata(&path).and_then(|found| found.modified()).ok();
        let writer = another_process("rewrite for ever", dir.path()).stdout(Stdio::null()).spawn().unwrap();
        wait_until(|| fs::metadata(&path).and_then(|found| found.modified()).ok() > before);
        // Some moment within the next two or three saves, another one each time.
        thread::sleep(Duration::from_micros(attempt * 7919 % 9000));
        kill(writer);
        let text = fs::read_to_string(&path).unwrap();
        assert!(is_whole(&text), "half a file at attempt {attempt}: {} bytes", text.len());
        rounds += 1;
        let is_temporary = |name: &&String| Path::new(name).extension().is_some_and(|end| end == "tmp");
        left_over += names_in(dir.path()).iter().filter(is_temporary).count();
        // The dead run's lock is gone with it, and its temporary file goes with the next save.
        disk::update::<_, DiskFault>(&path, |_| Ok(document(attempt))).unwrap();
        assert_eq!(names_in(dir.path()), [".config.toml.lock", "config.toml"]);
    }
    println!("{rounds} kills, {left_over} temporary files left and removed");
}

#[cfg(unix)]
#[test]
fn what_lasts_for_a_run_is_whole_and_private_all_the_same() {
    use std::os::unix::fs::PermissionsExt as _;

    let dir = TempDir::new().unwrap();
    let path = dir.path().join("c.json");
    for text in ["one", "two"] {
        disk::update_as::<_, DiskFault>(&path, |_| Ok((text, disk::Lasting::Run))).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(names_in(dir.path()), [".c.json.lock", "c.json"]);
    }
}

#[cfg(unix)]
#[test]
fn the_holder_of_the_lock_is_named_and_its_death_frees_it() {
    use std::io::{BufRead as _, BufReader};

    let dir = TempDir::new().unwrap();
    let path = dir.path().join("config.toml");
    save(&path, "a = 1\n").unwrap();
    let mut holder = another_process("hold the lock", dir.path()).spawn().unwrap();
    let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("held")));
    let fault = save(&path, "a = 2\n").unwrap_err();
    assert_eq!(fault.kind, DiskFaultKind::Busy);
    assert!(fault.message.contains(&format!("(process {})", holder.id())), "{fault}");
    assert!(fault.message.contains("The old file is unchanged."), "{fault}");
    assert_eq!(disk::read(&path).unwrap().unwrap().as_str(), "a = 1\n", "reading takes no lock");
    kill(holder);
    save(&path, "a = 2\n").unwrap();
}

#[cfg(unix)]
mod modes {
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn is_root() -> bool {
        rustix::process::geteuid().is_root()
    }

    /// Under a umask, which belongs to a whole process.
    fn save_under(umask: &str, dir: &Path) {
        let itself = another_process("save", dir);
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")]).arg(itself.get_program());
        shell.args(itself.get_args()).env(JOB, "save").env(DIR, dir);
        let done = shell.output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    }

    #[test]
    fn whatever_the_umask_only_the_owner_can_read() {
        for umask in ["000", "022", "077", "777"] {
            let dir = TempDir::new().unwrap();
            let inner = dir.path().join("inner");
            save_under(umask, &inner);
            assert_eq!(mode(&inner), 0o700, "{umask}");
            assert_eq!(mode(&inner.join("config.toml")), 0o600, "{umask}");
            assert_eq!(mode(&inner.join(".config.toml.lock")), 0o600, "{umask}");
            for existing in [0o644, 0o666, 0o600, 0o444] {
                fs::write(inner.join("config.toml"), "old\n").unwrap();
                set_mode(&inner.join("config.toml"), existing);
                save_under(umask, &inner);
                assert_eq!(mode(&inner.join("config.toml")), 0o600, "{umask} {existing:o}");
                set_mode(&inner.join("config.toml"), 0o600);
            }
        }
    }

    #[test]
    fn a_mode_that_is_too_wide_is_mended_and_a_stricter_one_kept() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("config.toml");
        save(&path, "a = 1\n").unwrap();
        set_mode(&path, 0o644);
        let mended = save(&path, "a = 1\n").unwrap();
        assert!(!mended.changed && mended.notes[0].contains("0644"), "{mended:?}");
        assert_eq!(mode(&path), 0o600);
        set_mode(&path, 0o400);
        assert_eq!(save(&path, "a = 2\n").unwrap().notes, Vec::<String>::new());
        assert_eq!(mode(&path), 0o400);
        assert_eq!(disk::read(&path).unwrap().unwrap().as_str(), "a = 2\n");
    }

    #[test]
    fn a_link_to_ones_own_dotfile_is_followed_and_stays() {
        let dir = TempDir::new().unwrap();
        let dotfiles = dir.path().join("dotfiles");
        fs::create_dir(&dotfiles).unwrap();
        set_mode(&dotfiles, 0o755);
        let (link, target) = (dir.path().join("config.toml"), dotfiles.join("git-access.toml"));
        fs::write(&target, "a = 1\n").unwrap();
        for points_to in [target.as_path(), Path::new("dotfiles/git-access.toml")] {
            fs::remove_file(&link).ok();
            symlink(points_to, &link).unwrap();
            save(&link, &format!("{points_to:?}\n")).unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(fs::read_to_string(&target).unwrap(), format!("{points_to:?}\n"));
            assert_eq!(mode(&target), 0o600);
        }
        assert_eq!(names_in(dir.path()), ["config.toml", "dotfiles"]);
    }

    #[test]
    fn a_link_that_others_could_turn_against_us_is_not_followed() {
        let dir = TempDir::new().unwrap();
        let link = dir.path().join("config.toml");
        let refused = |target: &Path, reason: &str| {
            fs::remove_file(&link).ok();
            symlink(target, &link).unwrap();
            let before = fs::read(target).ok();
            let fault = save(&link, "a = 1\n").unwrap_err();
            assert_eq!(fault.kind, DiskFaultKind::Link, "{fault}");
            assert!(fault.message.contains(reason), "{fault}");
            assert_eq!(fs::read(target).ok(), before);
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        };
        let planted = dir.path().join("planted");
        refused(&planted, "where there is nothing");
        fs::write(&planted, "x\n").unwrap();
        set_mode(&planted, 0o666);
        refused(&planted, "other users may write");
        set_mode(&planted, 0o600);
        let open_dir = dir.path().join("open");
        fs::create_dir(&open_dir).unwrap();
        set_mode(&open_dir, 0o777);
        fs::write(open_dir.join("file"), "x\n").unwrap();
        refused(&open_dir.join("file"), "other users may write");
        let second = dir.path().join("second");
        symlink(&planted, &second).unwrap();
        refused(&second, "another link");
        refused(&open_dir, "not a regular file");
        refused(Path::new("/dev/null"), "not a regular file");
        if is_root() {
            chown(&planted, Some(12345), None).unwrap();
            refused(&planted, "another user");
        } else {
            refused(Path::new("/etc/passwd"), "another user");
        }
    }

    #[test]
    fn a_file_of_somebody_else_is_not_replaced() {
        if !is_root() {
            println!("skipped: only root can give a file away");
            return;
        }
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("config.toml");
        fs::write(&path, "theirs\n").unwrap();
        chown(&path, Some(12345), None).unwrap();
        assert_eq!(save(&path, "ours\n").unwrap_err().kind, DiskFaultKind::NotOurs);
        assert_eq!(disk::remove(&path).unwrap_err().kind, DiskFaultKind::NotOurs);
        assert_eq!(disk::read(&path).unwrap().unwrap().as_str(), "theirs\n");
    }

    #[test]
    fn objects_that_are_no_files_neither_hang_nor_change() {
        let dir = TempDir::new().unwrap();
        let fifo = dir.path().join("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let linked = dir.path().join("linked");
        symlink("/dev/zero", &linked).unwrap();
        let locked = dir.path().join("locked");
        assert!(Command::new("mkfifo").arg(dir.path().join(".locked.lock")).status().unwrap().success());
        for path in [fifo.clone(), dir.path().join("."), PathBuf::from("/dev/zero"), linked.clone()] {
            let asked = path.clone();
            assert_eq!(in_time(move || disk::read(&asked).unwrap_err().kind), DiskFaultKind::NotAFile, "{path:?}");
        }
        for (path, kind) in
            [(fifo, DiskFaultKind::NotAFile), (linked, DiskFaultKind::Link), (locked, DiskFaultKind::NotAFile)]
        {
            let asked = path.clone();
            assert_eq!(in_time(move || save(&asked, "x\n").unwrap_err().kind), kind, "{path:?}");
        }
    }

    #[test]
    fn a_name_that_flips_between_file_and_link_never_leads_outside() {
        let dir = TempDir::new().unwrap();
        let (path, spare) = (dir.path().join("config.toml"), dir.path().join("spare"));
        let outside = TempDir::new().unwrap();
        let victim = outside.path().join("victim");
        fs::write(&victim, "untouched\n").unwrap();
        set_mode(&victim, 0o666);
        let (stop, stopped) = mpsc::channel::<()>();
        let flipping = {
            let (path, victim) = (path.clone(), victim.clone());
            thread::spawn(move || {
                while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
                    fs::remove_file(&spare).ok();
                    symlink(&victim, &spare).unwrap();
                    fs::rename(&spare, &path).unwrap();
                    fs::remove_file(&path).ok();
                }
            })
        };
        let saved = (0..500).filter(|_| save(&path, "ours\n").is_ok()).count();
        drop(stop);
        flipping.join().unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched\n");
        println!("{saved} of 500 saves went through while the name was flipped");
    }

    #[test]
    fn root_in_somebody_elses_home_writes_only_what_was_named() {
        if !is_root() {
            println!("skipped: only root can be in this situation");
            return;
        }
        let home = TempDir::new().unwrap();
        let said = |home: &Path| {
            let mut asked = another_process("may write", home);
            let done = asked.env("HOME", home).env_remove("XDG_CONFIG_HOME").env_remove("GIT_ACCESS_CONFIG").output();
            String::from_utf8(done.unwrap().stdout).unwrap()
        };
        assert!(said(home.path()).contains("may write: Ok(())"));
        chown(home.path(), Some(12345), None).unwrap();
        let foreign = said(home.path());
        assert!(
            foreign.contains("may write: Err(ForeignHome)") && foreign.contains("named: Ok(()), state: None"),
            "{foreign}"
        );
    }
}

/// On a file system of its own that is nearly full; see the test below.
fn fill_the_disk(dir: &Path) {
    let path = dir.join("config.toml");
    let small = "a = 1\n";
    save(&path, small).unwrap();
    let fault = save(&path, &"# padding\n".repeat(20_000)).unwrap_err();
    assert_eq!(fault.kind, DiskFaultKind::Full, "{fault}");
    assert!(fault.message.contains("The old file is unchanged."), "{fault}");
    assert_eq!(disk::read(&path).unwrap().unwrap().as_str(), small);
    assert_eq!(names_in(dir), [".config.toml.lock", "config.toml"]);
    println!("the disk was full: {fault}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_and_a_read_only_one_leave_the_old_file() {
    let dir = TempDir::new().unwrap();
    let itself = another_process("", dir.path());
    let script = "mount -t tmpfs -o size=64k none \"$GIT_ACCESS_TEST_DIR\" || exit 77
        GIT_ACCESS_TEST_JOB='fill the disk' \"$0\" \"$@\" || exit 1
        mount -o remount,ro \"$GIT_ACCESS_TEST_DIR\" || exit 77
        GIT_ACCESS_TEST_JOB=save \"$0\" \"$@\"";
    let mut unshare = Command::new("unshare");
    unshare.args(["-Urm", "sh", "-c", script]).arg(itself.get_program()).args(itself.get_args()).env(DIR, dir.path());
    let Ok(done) = unshare.output() else {
        println!("skipped: there is no unshare here");
        return;
    };
    let said = String::from_utf8_lossy(&done.stdout);
    let complaint = String::from_utf8_lossy(&done.stderr);
    if done.status.code() == Some(77) || complaint.contains("unshare:") {
        println!("skipped: no mount namespace here: {complaint}");
        return;
    }
    assert!(said.contains("the disk was full"), "{said}{complaint}");
    assert!(said.contains("kind: ReadOnly") && said.contains("old file is unchanged"), "{said}{complaint}");
}

#[cfg(target_os = "linux")]
#[test]
fn whatever_the_operating_system_refuses_the_file_is_the_old_or_the_new_one() {
    let can_trace = Command::new("strace").args(["-o", "/dev/null", "true"]).status().is_ok_and(|done| done.success());
    if !can_trace {
        println!("skipped: strace is absent or not allowed here");
        return;
    }
    let (mut tried, mut failed) = (0, 0);
    for call in ["openat", "write", "fsync", "rename,renameat,renameat2", "flock", "fchmod"] {
        for (errno, at) in
            ["ENOSPC", "EIO", "EROFS", "ENOLCK", "EINTR"].into_iter().flat_map(|e| (1..=4).map(move |at| (e, at)))
        {
            let dir = TempDir::new().unwrap();
            let path = dir.path().join("config.toml");
            save(&path, &document(1)).unwrap();
            let itself = another_process("save", dir.path());
            let mut strace = Command::new("strace");
            strace.args(["-f", "-o", "/dev/null"]);
            if call == "openat" {
                // Else the first ones are those of the loader.
                for name in ["", "config.toml", ".config.toml.lock"] {
                    strace.arg("-P").arg(dir.path().join(name));
                }
            }
            strace.args(["-e", &format!("inject={call}:error={errno}:when={at}")]);
            strace.arg(itself.get_program()).args(itself.get_args()).env(JOB, "save").env(DIR, dir.path());
            let done = strace.output().unwrap();
            let said = String::from_utf8_lossy(&done.stdout);
            let text = fs::read_to_string(&path).unwrap();
            assert!(text == document(1) || text == document(7), "{call} {errno} {at}: {} bytes", text.len());
            assert!(!done.status.success() || text == document(7), "{call} {errno} {at}: success without the new file");
            if (call, errno, at) == ("flock", "ENOLCK", 1) {
                assert!(done.status.success() && said.contains("gives no lock"), "{said}");
            }
            tried += 1;
            failed += i32::from(!done.status.success());
        }
    }
    println!("{tried} faults, {failed} of them reported, 0 half files");
}
