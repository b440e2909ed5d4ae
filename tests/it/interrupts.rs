//! How a run ends before its time: by Ctrl-C, by SIGTERM, by a reader that went away, by a fault of our own.
//!
//! Whatever does not answer, the user gets the prompt back at once, and nothing is left behind.
#![cfg(target_os = "linux")]

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixListener;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::program::{Home, Served, files, finished};

const PROMPT: Duration = Duration::from_millis(300);
const JOB: &str = "GIT_ACCESS_TEST_ENDING";

/// What the other processes of these tests do: this binary runs itself with this test as the only one.
#[test]
fn in_another_process() {
    let Ok(job) = env::var(JOB) else { return };
    match job.as_str() {
        "break down" => {
            git_access::hardening::harden();
            panic!("ghp_{}", "CANARYcanaryCANARYcanaryCANARYcanary");
        }
        "never resolve" => {
            let socket = UdpSocket::bind("127.0.0.1:53").unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            if socket.recv(&mut [0; 512]).is_ok() {
                fs::write("asked", "").unwrap();
            }
            let begun = Instant::now();
            while !Path::new("done").exists() && begun.elapsed() < Duration::from_secs(20) {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        other => panic!("no such job: {other}"),
    }
}

fn itself(home: &Home, job: &str) -> Command {
    let mut command = home.command(env::current_exe().unwrap().to_str().unwrap());
    command.args(["--exact", "interrupts::in_another_process", "--nocapture", "--test-threads=1"]).env(JOB, job);
    command
}

fn answers(host: &str, source: &str, store: &str) -> String {
    format!(
        "version = 1\nname = \"k\"\nplatform = \"keptn\"\nprovider = \"github\"\nhost = \"{host}\"\nowner = \"acme\"\n\
         [repository]\nname = \"gitops\"\ncreate = true\n[token]\n{source}\n[store]\n{store}\n"
    )
}

fn set_up(home: &Home, text: &str) -> Command {
    let answers = home.write("a.toml", text);
    let mut command = home.program();
    command.args(["setup", "--format", "json", "--answers"]).arg(answers);
    command
}

fn names(home: &Home) -> Vec<PathBuf> {
    let mut names: Vec<_> = files(home.dir.path()).into_iter().map(|(path, _)| path).collect();
    names.sort();
    names
}

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(15), "it never came: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Sends `signal`, and gives how it ended and how long that took.
pub fn ended_by(child: &mut Child, signal: Signal) -> (ExitStatus, Duration) {
    let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
    // Waiting for a child closes its standard input, which would end it in another way.
    let held = child.stdin.take();
    let begun = Instant::now();
    kill_process(pid, signal).unwrap();
    let (done, waits) = mpsc::channel::<()>();
    let watchdog = std::thread::spawn(move || {
        if waits.recv_timeout(Duration::from_secs(8)).is_err() {
            let _ = kill_process(pid, Signal::KILL);
        }
    });
    let status = child.wait().unwrap();
    let took = begun.elapsed();
    drop(held);
    let _ = done.send(());
    watchdog.join().unwrap();
    (status, took)
}

/// Interrupts what `start` starts once `hangs` says so; each signal up to five times, since other work takes time, too.
fn is_prompt(what: &str, home: &Home, start: impl Fn() -> Command, hangs: impl Fn(), after: impl Fn()) {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut best = Duration::MAX;
        for _ in 0..5 {
            let mut command = start();
            let before = names(home);
            let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            hangs();
            let (status, took) = ended_by(&mut child, signal);
            let (mut stdout, mut stderr) = (String::new(), String::new());
            child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
            child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
            assert_eq!(status.code(), Some(code), "{what}, {signal:?}: {status} after {took:?}\n{stderr}");
            assert_eq!(stdout, "", "{what}: JSON or nothing");
            let told = ["Cancelled.\n", "Cancelled; nothing was saved.\n"];
            assert!(told.iter().any(|told| stderr.ends_with(told)), "{what}: {stderr}");
            after();
            let mut now = names(home);
            now.retain(|path| !path.ends_with("asked") && !path.ends_with("begun"));
            assert_eq!(now, before, "{what}: nothing is left");
            best = best.min(took);
            if best < PROMPT {
                break;
            }
        }
        println!("{what}, {signal:?}: {best:?}");
        assert!(best < PROMPT, "{what}, {signal:?}: {best:?}");
    }
}

#[test]
fn a_keyring_that_stays_silent_does_not_hold_ctrl_c() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let home = Home::new();
    let socket = world.path("bus");
    let listener = UnixListener::bind(&socket).unwrap();
    let callers = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&callers);
    std::thread::spawn(move || {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept() {
            held.push(stream);
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let source = format!("file = \"{}\"", served.token_file("keptn").display());
    let start = || {
        callers.store(0, Ordering::Relaxed);
        let mut command = set_up(&home, &answers(&served.host(), &source, "kind = \"keyring\""));
        command.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", socket.display()));
        command
    };
    let hangs = || wait_for("a call to the bus", || callers.load(Ordering::Relaxed) > 0);
    is_prompt("a silent keyring", &home, start, hangs, || {});
    assert!(served.requests().iter().all(|request| request["method"] == "GET"), "nothing was created");
}

#[test]
fn a_rehearsal_that_is_cancelled_is_no_broken_scenario() {
    let home = Home::new();
    let mut command = home.program();
    command.args(["rotate", "k", "--sandbox=slow"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    wait_for("a token of the sandbox", || {
        files(home.dir.path()).iter().any(|(path, _)| path.ends_with("tokens/keptn"))
    });
    let (status, _) = ended_by(&mut child, Signal::INT);
    let (mut stdout, mut stderr) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((status.code(), stdout.as_str()), (Some(130), ""), "{stderr}");
    assert!(stderr.contains("Cancelled") && !stderr.contains("Choose another scenario"), "{stderr}");
}

#[test]
fn a_server_that_stays_silent_does_not_hold_ctrl_c() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    let callers = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&callers);
    std::thread::spawn(move || {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept() {
            held.push(stream);
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    home.write("token", "ghp_0123456789abcdefghijklmnopqrstuvwxyz\n");
    let store = format!("kind = \"file\"\npath = \"{}\"", home.path("rests").display());
    let start = || {
        callers.store(0, Ordering::Relaxed);
        set_up(&home, &answers(&host, "file = \"token\"", &store))
    };
    let hangs = || wait_for("a connection", || callers.load(Ordering::Relaxed) > 0);
    is_prompt("a silent server", &home, start, hangs, || {});
}

/// Whether a process of this id is there and no zombie.
fn is_alive(pid: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains("Z (zombie)"))
}

#[test]
fn a_token_program_that_hangs_ends_with_all_it_started() {
    let home = Home::new();
    let begun = home.path("begun");
    let script = format!("sleep 600 & echo $$ $! > {0}.part; mv {0}.part {0}; wait", begun.display());
    let source = format!("command = [\"sh\", \"-c\", \"{script}\"]");
    let start = || {
        drop(fs::remove_file(&begun));
        set_up(&home, &answers("http://127.0.0.1:9", &source, "kind = \"command\""))
    };
    let after = || {
        for pid in fs::read_to_string(&begun).unwrap().split_whitespace() {
            wait_for("the end of what was started", || !is_alive(pid));
        }
    };
    is_prompt("a program that hangs", &home, start, || wait_for("the program", || begun.exists()), after);
}

#[test]
fn a_pipe_that_stays_open_does_not_hold_ctrl_c() {
    let home = Home::new();
    for (what, source) in [("a token on standard input", "stdin = true"), ("answers on standard input", "")] {
        let start = || {
            let text = answers("http://127.0.0.1:9", source, "kind = \"file\"\npath = \"rests\"");
            let mut command = set_up(&home, &text);
            if source.is_empty() {
                command = home.program();
                command.args(["setup", "--format", "json", "--answers", "-"]);
            }
            command.stdin(Stdio::piped());
            command
        };
        // There is nothing to see from outside while it reads.
        is_prompt(what, &home, start, || std::thread::sleep(Duration::from_millis(400)), || {});
    }
}

#[test]
fn a_resolver_that_stays_silent_does_not_hold_ctrl_c() {
    let home = Home::new();
    home.write("token", "ghp_0123456789abcdefghijklmnopqrstuvwxyz\n");
    home.write("resolv.conf", "nameserver 127.0.0.1\noptions timeout:30\n");
    home.write("nsswitch.conf", "hosts: dns\n");
    let script = "ip link set lo up && mount --bind resolv.conf /etc/resolv.conf || exit 77
        mount --bind nsswitch.conf /etc/nsswitch.conf
        \"$RESOLVER\" --exact interrupts::in_another_process --test-threads=1 >/dev/null 2>&1 </dev/null &
        unset GIT_ACCESS_TEST_ENDING; exec \"$@\"";
    let store = format!("kind = \"file\"\npath = \"{}\"", home.path("rests").display());
    let start = || {
        for name in ["asked", "done"] {
            drop(fs::remove_file(home.path(name)));
        }
        let inner = set_up(&home, &answers("https://forge.example", "file = \"token\"", &store));
        let mut command = home.command("unshare");
        command.args(["-Urmn", "sh", "-c", script, "sh"]).arg(inner.get_program()).args(inner.get_args());
        command.env("RESOLVER", env::current_exe().unwrap()).env(JOB, "never resolve");
        command
    };
    let mut trial = home.command("unshare");
    let trial = trial.args(["-Urmn", "sh", "-c", &script.replace("exec \"$@\"", "echo 'it works'; touch done")]);
    let can = trial.env("RESOLVER", "true").output().is_ok_and(|done| done.stdout == b"it works\n");
    if !can {
        println!("skipped: no namespaces, or no ip program, here");
        return;
    }
    let after = || {
        home.write("done", "");
        drop(fs::remove_file(home.path("done")));
    };
    is_prompt("a silent resolver", &home, start, || wait_for("a query", || home.path("asked").exists()), after);
    home.write("done", "");
    std::thread::sleep(Duration::from_millis(100));
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let home = Home::new();
    for arguments in
        [&["platforms"][..], &["platforms", "devtron"], &["man"], &["completions", "bash"], &["--help"], &["list"]]
    {
        for _ in 0..3 {
            let mut child =
                home.program().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            drop(child.stdout.take());
            let done = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&done.stderr);
            assert_eq!(done.status.code(), Some(0), "{arguments:?}: {} {said}", done.status);
            assert!(!said.contains("broke down") && !said.contains("roken pipe"), "{arguments:?}: {said}");
        }
    }
    for arguments in [&["--no-such-flag"][..], &["setup"], &["show", "nobody"]] {
        let mut child = home.program().args(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stderr.take());
        assert_eq!(child.wait().unwrap().code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_breakdown_says_where_and_how_to_report_it_and_quotes_nothing() {
    let home = Home::new();
    let mut command = itself(&home, "break down");
    let run = finished(command.env("RUST_BACKTRACE", "full"));
    assert_eq!(run.code, 101, "{}{}", run.stdout, run.stderr);
    let line = run.stderr.lines().find(|line| line.contains("broke down at tests/it/interrupts.rs:"));
    assert!(line.is_some() && run.stderr.contains("--log FILE") && run.stderr.contains("report"), "{}", run.stderr);
    assert!(!run.stderr.to_lowercase().contains("canary"), "{}", run.stderr);
}

#[test]
fn there_is_no_core_dump_and_nobody_reads_our_memory() {
    let home = Home::new();
    let dumps = |script: &str| {
        let mut command = home.command("sh");
        command.args(["-c", &format!("ulimit -c unlimited 2>/dev/null; {script}"), "sh"]);
        command.arg(env!("CARGO_BIN_EXE_git-access")).stdout(Stdio::piped()).stderr(Stdio::null());
        command
    };
    let control = dumps("kill -ABRT $$").status().unwrap();
    if !control.core_dumped() {
        println!("this machine makes no core dumps: only the limit is looked at");
    }
    let mut child = dumps("exec \"$1\" sandbox ready --data served").spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let limits = fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{core}");
    let (status, _) = ended_by(&mut child, Signal::ABORT);
    assert!(status.signal() == Some(6) && !status.core_dumped(), "{status:?}");

    // Root may read everything, so that it takes two processes of somebody else to show it.
    let script = "\"$0\" sandbox ready --data served >line & at=$!
        n=0; until [ -s line ] || [ $n -gt 100 ]; do sleep 0.1; n=$((n+1)); done
        head -c 1 /proc/$$/environ >/dev/null && echo own
        for file in environ mem maps; do head -c 1 /proc/$at/$file >/dev/null 2>&1 && echo \"$file can be read\"; done
        kill $at; wait; echo end";
    let neighbour = Home::new();
    let mut command = if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(neighbour.dir.path(), Some(65534), Some(65534)).unwrap();
        let mut command = neighbour.command("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "sh"]);
        command
    } else {
        neighbour.command("sh")
    };
    std::os::unix::fs::chown(neighbour.path("tmp"), Some(65534), Some(65534)).ok();
    let Ok(done) = command.args(["-c", script, env!("CARGO_BIN_EXE_git-access")]).output() else {
        println!("skipped: there is no setpriv here");
        return;
    };
    if !neighbour.path("served").exists() {
        println!("skipped: another user cannot run the program here: {}", String::from_utf8_lossy(&done.stderr));
        return;
    }
    assert_eq!(String::from_utf8_lossy(&done.stdout), "own\nend\n");
}
