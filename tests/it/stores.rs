//! The stores when they work and in each way in which they do not, with a secret that no message may show.

use std::env;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use git_access::secret::{Secret, Store};
use git_access::store::{
    Entry, Probed, StoreFault, StoreFaultKind, Stores, read_command, read_env, read_file, successor,
};
use tempfile::TempDir;

const CANARY: &str = "ghp_CANARY0123456789abcdefghijklmnopqrstuv";
const JOB: &str = "GIT_ACCESS_TEST_STORE_JOB";

fn canary() -> Secret {
    Secret::parse(CANARY).unwrap()
}

fn entry(generation: u64) -> Entry {
    Entry { id: "c7f3".to_owned(), generation }
}

fn run<T>(job: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(job)
}

/// The fault, if it shows nothing of the secret: neither whole nor in pieces.
fn quiet(fault: StoreFault) -> StoreFault {
    for text in [fault.to_string(), format!("{fault:?}"), fault.remedy.clone()] {
        for piece in ["CANARY", "0123456789", "qrstuv"] {
            assert!(!text.contains(piece), "{text}");
        }
        assert!(!text.is_empty());
    }
    assert!(fault.message.ends_with('.') && fault.remedy.ends_with('.'), "{fault:?}");
    fault
}

fn refusal<T: std::fmt::Debug>(result: Result<T, StoreFault>) -> StoreFaultKind {
    quiet(result.unwrap_err()).kind
}

fn argv(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

/// Runs this binary again, with one job in an environment of its own.
fn another_process(job: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "stores::in_another_process", "--nocapture", "--test-threads=1"]);
    command.env(JOB, job).stdin(Stdio::null());
    command
}

fn output_of(mut command: Command) -> String {
    let done = command.output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&done.stderr).into_owned();
    for text in [&said, &complaint] {
        assert!(!text.contains("CANARY"), "{text}");
    }
    assert!(done.status.success(), "{said}{complaint}");
    said
}

#[test]
fn in_another_process() {
    let Ok(job) = env::var(JOB) else { return };
    match job.as_str() {
        "unicode" => println!("{:?}", refusal(read_env("NOT_UNICODE"))),
        "cwd" => {
            for words in [["./evil-twin"], ["evil-twin"], ["bin/evil-twin"], ["../evil-twin"]] {
                assert_eq!(refusal(run(read_command(&argv(&words)))), StoreFaultKind::Command);
            }
            println!("not run");
        }
        "variable" => use_the_variable(),
        "held back" => {
            assert!(read_env("HELD_TOKEN").unwrap().same_as(&canary()));
            let words = argv(&["sh", "-c", "echo \"$NOT_HELD-$HELD_TOKEN-\""]);
            println!("{}", run(read_command(&words)).unwrap().expose());
        }
        "keyring" => use_the_keyring(),
        "git that does not start" => hand_over_to_nobody(),
        other => panic!("no such job: {other}"),
    }
}

#[test]
fn what_stands_in_for_the_keyring_keeps_generations_apart() {
    let dir = TempDir::new().unwrap();
    let stores = Stores::in_directory(dir.path().to_owned());
    run(async {
        let keyring = Store::Keyring;
        assert_eq!(stores.probe(&keyring, "test").await.unwrap(), Probed::Keeps);
        assert_eq!(refusal(stores.read(&keyring, &entry(1)).await), StoreFaultKind::Missing);
        stores.write(&keyring, &entry(1), &canary()).await.unwrap();
        let second = Secret::parse("ghp_second").unwrap();
        stores.write(&keyring, &entry(2), &second).await.unwrap();
        assert!(stores.read(&keyring, &entry(1)).await.unwrap().same_as(&canary()));
        assert!(stores.read(&keyring, &entry(2)).await.unwrap().same_as(&second));
        assert!(stores.remove(&keyring, &entry(1)).await.unwrap());
        assert!(!stores.remove(&keyring, &entry(1)).await.unwrap());
        assert!(stores.read(&keyring, &entry(2)).await.unwrap().same_as(&second));
        for id in ["", "..", "../../x", ".hidden", "a/b", "a\nb"] {
            let strange = Entry { id: id.to_owned(), generation: 1 };
            assert_eq!(refusal(stores.write(&keyring, &strange, &canary()).await), StoreFaultKind::Broken);
        }
    });
    assert!(dir.path().join("git-access/c7f3/2").is_file());
}

#[test]
fn a_file_holds_one_secret_and_its_successor_the_next() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("secrets/token");
    let (stores, first) = (Stores::of_the_system(), Store::File(path.clone()));
    let second = successor(&first, 2);
    let next = Secret::parse("ghp_next").unwrap();
    run(async {
        assert_eq!(stores.probe(&first, "test").await.unwrap(), Probed::Keeps);
        assert_eq!(fs::read_dir(dir.path().join("secrets")).unwrap().count(), 0, "a probe leaves nothing");
        assert_eq!(refusal(stores.read(&first, &entry(1)).await), StoreFaultKind::Missing);
        stores.write(&first, &entry(1), &canary()).await.unwrap();
        stores.write(&second, &entry(2), &next).await.unwrap();
        assert!(stores.read(&first, &entry(1)).await.unwrap().same_as(&canary()));
        assert!(stores.read(&second, &entry(2)).await.unwrap().same_as(&next));
        assert!(stores.remove(&first, &entry(1)).await.unwrap());
        assert!(!stores.remove(&first, &entry(1)).await.unwrap());
    });
    assert_eq!(fs::read_to_string(dir.path().join("secrets/token.2")).unwrap(), "ghp_next\n");
}

#[test]
fn a_file_with_something_else_in_it_is_left_alone() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("bashrc");
    let contents = format!("# {CANARY}\nalias g=git\n");
    fs::write(&path, &contents).unwrap();
    let (stores, store) = (Stores::of_the_system(), Store::File(path.clone()));
    run(async {
        assert_eq!(refusal(stores.probe(&store, "test").await), StoreFaultKind::Occupied);
        assert_eq!(refusal(stores.write(&store, &entry(1), &canary()).await), StoreFaultKind::Occupied);
        assert_eq!(refusal(stores.remove(&store, &entry(1)).await), StoreFaultKind::Occupied);
        assert_eq!(refusal(stores.read(&store, &entry(1)).await), StoreFaultKind::NotASecret);
        let nowhere = Store::File(dir.path().to_owned());
        assert_eq!(refusal(stores.write(&nowhere, &entry(1), &canary()).await), StoreFaultKind::Disk);
        assert_eq!(refusal(stores.probe(&nowhere, "test").await), StoreFaultKind::Disk);
    });
    assert_eq!(fs::read_to_string(&path).unwrap(), contents);
    for text in ["", "\n", &format!("{CANARY} {CANARY}\n"), &format!("{CANARY}\n\n"), &CANARY.repeat(2000)] {
        fs::write(&path, text).unwrap();
        assert_eq!(refusal(read_file(&path)), StoreFaultKind::NotASecret);
    }
    fs::write(&path, format!("{CANARY}\r\n")).unwrap();
    assert!(read_file(&path).unwrap().same_as(&canary()));
}

#[cfg(unix)]
#[test]
fn a_secret_file_is_never_readable_by_others() {
    use std::os::unix::fs::PermissionsExt as _;

    let dir = TempDir::new().unwrap();
    let path = dir.path().join("token");
    fs::write(&path, "ghp_old\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    run(Stores::of_the_system().write(&Store::File(path.clone()), &entry(1), &canary())).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{CANARY}\n"));
}

#[test]
fn an_environment_variable_is_read_and_never_written() {
    let mut asked = another_process("variable");
    asked.env("SET", CANARY).env_remove("UNSET");
    assert!(output_of(asked).contains("as it should be"));
    for strange in ["", "A=B", "A\0B"] {
        assert_eq!(refusal(read_env(strange)), StoreFaultKind::Missing);
    }
    let fault = refused_env("GIT_ACCESS\u{1b}[2J");
    assert!(!fault.message.contains('\u{1b}'), "{fault:?}");
}

fn refused_env(name: &str) -> StoreFault {
    quiet(read_env(name).unwrap_err())
}

/// In a process whose variable `SET` is the secret.
fn use_the_variable() {
    let (stores, set, unset) = (Stores::of_the_system(), Store::Env("SET".to_owned()), Store::Env("UNSET".to_owned()));
    run(async {
        assert_eq!(stores.probe(&set, "test").await.unwrap(), Probed::Refers);
        assert!(stores.read(&set, &entry(1)).await.unwrap().same_as(&canary()));
        stores.write(&set, &entry(1), &canary()).await.unwrap();
        let other = Secret::parse("ghp_other").unwrap();
        assert_eq!(refusal(stores.write(&set, &entry(1), &other).await), StoreFaultKind::Differs);
        assert!(!stores.remove(&set, &entry(1)).await.unwrap());
        assert_eq!(refusal(stores.probe(&unset, "test").await), StoreFaultKind::Missing);
    });
    println!("as it should be");
}

fn hand_over_to_nobody() {
    let fault = run(Stores::of_the_system().write(&Store::GitCredential, &entry(1), &canary())).unwrap_err();
    println!("{:?}, left: {:?}, {}", fault.kind, fault.left, fault.message);
}

/// Nothing was written, so nothing may be left.
#[cfg(unix)]
#[test]
fn where_git_cannot_be_started_nothing_is_said_to_be_left_with_its_helpers() {
    use std::os::unix::fs::PermissionsExt as _;

    let dir = TempDir::new().unwrap();
    let git = dir.path().join("git");
    fs::write(&git, "#!/nowhere/interpreter\n").unwrap();
    fs::set_permissions(&git, fs::Permissions::from_mode(0o755)).unwrap();
    let mut asked = another_process("git that does not start");
    let told = output_of({
        asked.env("PATH", dir.path());
        asked
    });
    assert!(told.contains("Absent, left: None, git could not be started"), "{told}");
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_text_is_refused_without_showing_it() {
    use std::os::unix::ffi::OsStrExt as _;

    let mut value = CANARY.as_bytes().to_vec();
    value.push(0xff);
    let mut asked = another_process("unicode");
    asked.env("NOT_UNICODE", std::ffi::OsStr::from_bytes(&value));
    assert!(output_of(asked).contains("NotASecret"));
}

#[cfg(unix)]
mod commands {
    use super::*;

    /// A shell that does `script`, with the token in `$1`. It stands in no word as it is.
    fn shell(script: &str) -> Vec<String> {
        let (first, second) = CANARY.split_at(9);
        argv(&["sh", "-c", &format!("set -- {first}''{second}; {script}")])
    }

    fn refused(words: &[String], says: &str) {
        let fault = quiet(run(read_command(words)).unwrap_err());
        assert!(fault.message.contains(says), "{fault}");
    }

    #[test]
    fn the_one_line_that_a_program_prints_is_the_secret() {
        for script in ["echo \"$1\"", "printf '%s' \"$1\"", "printf '%s\\r\\n' \"$1\"", "echo \"$1\"; echo no >&2"] {
            assert!(run(read_command(&shell(script))).unwrap().same_as(&canary()), "{script}");
        }
        let absolute = [vec!["/bin/sh".to_owned()], shell("echo \"$1\"").split_off(1)].concat();
        assert!(run(read_command(&absolute)).unwrap().same_as(&canary()));
        let marked = run(read_command(&argv(&["sh", "-c", "echo marker-$GIT_ACCESS_CALLER"]))).unwrap();
        assert_eq!(marked.expose(), "marker-1");
        let (stores, store) = (Stores::of_the_system(), Store::Command(absolute));
        run(async {
            assert_eq!(stores.probe(&store, "test").await.unwrap(), Probed::Refers);
            stores.write(&store, &entry(1), &canary()).await.unwrap();
            let other = Secret::parse("ghp_other").unwrap();
            assert_eq!(refusal(stores.write(&store, &entry(1), &other).await), StoreFaultKind::Differs);
            assert!(!stores.remove(&store, &entry(1)).await.unwrap());
        });
    }

    #[test]
    fn a_program_is_not_handed_the_variables_that_hold_tokens() {
        let mut asked = another_process("held back");
        asked.env("HELD_TOKEN", CANARY).env("NOT_HELD", "handed");
        assert!(output_of(asked).contains("handed--"));
    }

    #[test]
    fn a_program_that_prints_something_else_is_refused() {
        refused(&shell("echo \"$1\"; exit 3"), "it ended with status 3");
        refused(&shell("echo \"$1\"; echo \"$1\" >&2; kill -9 $$"), "it was ended by signal 9");
        refused(&shell("echo \"$1\"; echo \"$1\""), "more than one line");
        refused(&shell("echo \"$1\"; echo"), "more than one line");
        refused(&shell(":"), "the token is empty");
        refused(&shell("echo \"$1\" \"$1\""), "white space");
        refused(&shell("printf 'CANARY\\377\\n'"), "not text");
        refused(&shell("yes \"$1\""), "more than 64 KiB");
        refused(&shell("yes \"$1\" & yes \"$1\""), "more than 64 KiB");
        refused(&[], "The command is empty.");
        refused(&argv(&[""]), "The command is empty.");
        refused(&argv(&["echo", CANARY]), "among its words");
        refused(&argv(&["sh", "-c", &format!("echo {CANARY} | cat")]), "among its words");
        refused(&argv(&["no-such-program-here", CANARY]), "not found in any directory of PATH");
        refused(&argv(&["/nonexistent/program", CANARY]), "could not be started");
        refused(&argv(&["/etc", CANARY]), "could not be started");
    }

    #[test]
    fn standard_input_is_empty_and_a_left_behind_agent_holds_nothing_up() {
        refused(&shell("cat"), "the token is empty");
        let started = Instant::now();
        let secret = run(read_command(&shell("sleep 60 & echo \"$1\""))).unwrap();
        assert!(secret.same_as(&canary()));
        assert!(started.elapsed() < Duration::from_secs(8));
    }

    #[test]
    fn a_program_that_hangs_is_stopped_with_all_it_started() {
        let dir = TempDir::new().unwrap();
        let pids = dir.path().join("pids");
        let script = format!("echo \"$1\"; sleep 61 & echo $! > {0}; echo $$ >> {0}; wait", pids.display());
        let started = Instant::now();
        refused(&shell(&script), "did not end within ten seconds");
        assert!(started.elapsed() < Duration::from_secs(15));
        for pid in fs::read_to_string(&pids).unwrap().lines() {
            // Gone, or dead and not yet collected by whoever inherits it.
            let ended = || {
                let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
                status.rsplit(')').next().is_none_or(|rest| rest.is_empty() || rest.starts_with(" Z"))
            };
            let patience = Instant::now() + Duration::from_secs(5);
            while !ended() {
                assert!(Instant::now() < patience, "process {pid} runs on");
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }

    #[test]
    fn a_program_in_the_working_directory_is_never_run() {
        use std::os::unix::fs::PermissionsExt as _;

        let dir = TempDir::new().unwrap();
        fs::create_dir_all(dir.path().join("bin")).unwrap();
        fs::create_dir_all(dir.path().join("here")).unwrap();
        for name in ["here/evil-twin", "here/bin/evil-twin", "evil-twin", "bin/evil-twin"] {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, format!("#!/bin/sh\ntouch {}/ran\necho ghp_evil\n", dir.path().display())).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let mut asked = another_process("cwd");
        asked.current_dir(dir.path().join("here")).env("PATH", ".::bin:../bin:/usr/bin:/bin");
        assert!(output_of(asked).contains("not run"));
        assert!(!dir.path().join("ran").exists());
    }
}

/// Everything once, and one line for each answer. In a process of its own: which keyring it is depends on the environment.
fn use_the_keyring() {
    let (stores, keyring) = (Stores::of_the_system(), Store::Keyring);
    let said = |what: &str, started: Instant, result: Result<String, StoreFault>| {
        let took = started.elapsed().as_millis();
        match result.map_err(quiet) {
            Ok(done) => println!("{what}: {done} ({took} ms)"),
            Err(fault) => println!("{what}: {:?} ({took} ms) {} {}", fault.kind, fault.message, fault.remedy),
        }
        assert!(took < 3500, "{what} took {took} ms");
    };
    let done = |read: Secret| read.same_as(&canary()).to_string();
    run(async {
        let now = Instant::now;
        let started = now();
        said("probe", started, stores.probe(&keyring, "test").await.map(|probed| format!("{probed:?}")));
        let started = now();
        said("write", started, stores.write(&keyring, &entry(1), &canary()).await.map(|()| "written".to_owned()));
        if env::var_os("SHORT").is_some() {
            return;
        }
        let started = now();
        said("read", started, stores.read(&keyring, &entry(1)).await.map(done));
        let started = now();
        said("read 2", started, stores.read(&keyring, &entry(2)).await.map(done));
        if env::var_os("KEEP").is_none() {
            let started = now();
            said("remove", started, stores.remove(&keyring, &entry(1)).await.map(|gone| gone.to_string()));
            let started = now();
            said("remove again", started, stores.remove(&keyring, &entry(1)).await.map(|gone| gone.to_string()));
        }
    });
}

#[cfg(all(target_os = "linux", feature = "keyring"))]
mod keyring {
    use std::os::unix::net::UnixListener;
    use std::path::{Path, PathBuf};

    use super::*;

    /// A bus that starts nothing by itself; `policy` is added to its rules.
    fn bus(dir: &Path, policy: &str) -> PathBuf {
        let config = dir.join("bus.conf");
        let text = format!(
            "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" \
             \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n\
             <busconfig><type>session</type><listen>unix:dir={}</listen><auth>EXTERNAL</auth>\
             <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
             <allow eavesdrop=\"true\"/><allow own=\"*\"/>{policy}</policy></busconfig>",
            dir.display()
        );
        fs::write(&config, text).unwrap();
        config
    }

    fn is_there(program: &str) -> bool {
        let found =
            Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap().status.success();
        if !found {
            println!("skipped: {program} is not installed");
        }
        found
    }

    /// Uses the keyring on a bus of its own, after `before` has run there.
    fn on_a_bus(home: &Path, config: &Path, before: &str, keep: bool) -> String {
        let itself = another_process("keyring");
        let known = if before.contains("gnome-keyring-daemon") { crate::program::KEYRING_IS_KNOWN } else { "" };
        let mut session = Command::new("dbus-run-session");
        session.arg("--config-file").arg(config).args(["--", "sh", "-c", &format!("{before}{known}\n\"$0\" \"$@\"")]);
        session.arg(itself.get_program()).args(itself.get_args());
        session.env_clear().env("PATH", env::var_os("PATH").unwrap()).env(JOB, "keyring");
        for name in ["HOME", "XDG_RUNTIME_DIR", "XDG_DATA_HOME"] {
            session.env(name, home);
        }
        if keep {
            session.env("KEEP", "1");
        }
        output_of(session)
    }

    fn all_say(said: &str, calls: usize, kind: &str, words: &str) {
        let answers: Vec<_> = said.lines().filter(|line| line.contains(" ms)")).collect();
        assert_eq!(answers.len(), calls, "{said}");
        for answer in answers {
            assert!(answer.contains(&format!(": {kind} (")) && answer.contains(words), "{said}");
            assert!(["file", "env", "command"].iter().all(|other| answer.contains(other)), "{said}");
        }
    }

    const UNLOCKED: &str = "printf password | gnome-keyring-daemon --unlock --components=secrets > /dev/null";

    #[test]
    fn a_real_secret_service_keeps_reads_and_removes() {
        if !is_there("gnome-keyring-daemon") || !is_there("dbus-run-session") {
            return;
        }
        let dir = TempDir::new().unwrap();
        let said = on_a_bus(dir.path(), &bus(dir.path(), ""), UNLOCKED, false);
        println!("{said}");
        for answer in
            ["probe: Keeps", "write: written", "read: true", "read 2: Missing", "remove: true", "remove again: false"]
        {
            assert!(said.contains(answer), "{said}");
        }
    }

    #[test]
    fn a_locked_keyring_says_so_and_shows_nothing() {
        if !is_there("gnome-keyring-daemon") || !is_there("dbus-run-session") {
            return;
        }
        let dir = TempDir::new().unwrap();
        let config = bus(dir.path(), "");
        on_a_bus(dir.path(), &config, UNLOCKED, true);
        let locked = "gnome-keyring-daemon --daemonize --components=secrets > /dev/null";
        let said = on_a_bus(dir.path(), &config, locked, false);
        println!("{said}");
        for answer in ["probe: Locked", "write: Locked", "read: Locked", "remove: Locked"] {
            assert!(said.contains(answer), "{said}");
        }
    }

    #[test]
    fn a_keyring_that_waits_for_its_password_is_not_waited_for() {
        if !is_there("gnome-keyring-daemon") || !is_there("dbus-run-session") {
            return;
        }
        let dir = TempDir::new().unwrap();
        on_a_bus(dir.path(), &bus(dir.path(), ""), UNLOCKED, true);
        // The program that would ask is started, and never comes to asking.
        let prompter = "[D-BUS Service]\nName=org.gnome.keyring.SystemPrompter\n\
                        Exec=/bin/sh -c \"exec sleep 20 < /dev/null > /dev/null 2>&1\"\n";
        fs::write(dir.path().join("prompter.service"), prompter).unwrap();
        let waiting = format!("</policy><servicedir>{}</servicedir><policy context=\"default\">", dir.path().display());
        let locked = "export SHORT=1; gnome-keyring-daemon --daemonize --components=secrets > /dev/null";
        let said = on_a_bus(dir.path(), &bus(dir.path(), &waiting), locked, false);
        println!("{said}");
        all_say(&said, 2, "Locked", "waits for its password");
    }

    #[test]
    fn a_bus_without_a_keyring_is_absence() {
        if !is_there("dbus-run-session") {
            return;
        }
        let dir = TempDir::new().unwrap();
        let said = on_a_bus(dir.path(), &bus(dir.path(), ""), ":", false);
        println!("{said}");
        all_say(&said, 6, "Absent", "No keyring service can be reached");
    }

    #[test]
    fn a_bus_that_forbids_the_keyring_is_a_refusal() {
        if !is_there("gnome-keyring-daemon") || !is_there("dbus-run-session") {
            return;
        }
        let dir = TempDir::new().unwrap();
        let forbidden = "<deny send_interface=\"org.freedesktop.Secret.Service\"/>";
        let said = on_a_bus(dir.path(), &bus(dir.path(), forbidden), UNLOCKED, false);
        println!("{said}");
        all_say(&said, 6, "Denied", "The keyring refused this program");
    }

    #[test]
    fn no_bus_at_all_is_absence() {
        let dir = TempDir::new().unwrap();
        let mut asked = another_process("keyring");
        asked.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", dir.path().join("none").display()));
        let said = output_of(asked);
        println!("{said}");
        all_say(&said, 6, "Absent", "No keyring service can be reached");
    }

    #[test]
    fn a_silent_bus_holds_up_neither_a_call_nor_the_end() {
        let dir = TempDir::new().unwrap();
        let socket = dir.path().join("bus");
        let listener = UnixListener::bind(&socket).unwrap();
        std::thread::spawn(move || {
            let mut held = Vec::new();
            while let Ok((stream, _)) = listener.accept() {
                held.push(stream);
            }
        });
        let mut asked = another_process("keyring");
        asked.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", socket.display())).env("SHORT", "1");
        let started = Instant::now();
        let said = output_of(asked);
        println!("{said}");
        all_say(&said, 2, "Silent", "did not answer within three seconds");
        // Two calls of three seconds, and nothing after the last of them.
        assert!(started.elapsed() < Duration::from_secs(2 * 3 + 5));
    }
}
