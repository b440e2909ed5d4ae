//! Whole lives of a connection below strace: set up, checked, replaced, exported, given to git, removed. What every
//! process of the run is started with, and all that it writes, is searched for the tokens. They go to the forge, into the
//! place that was named for them, and through the pipes of the programs that give or take them; nowhere else.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Output, Stdio};

use super::{Pieces, tokens_of};
use crate::program::{Home, Served};

const CALLS: &str = "trace=execve,openat,write,writev,pwrite64,pwritev,sendto,sendmsg,sendmmsg,symlink,symlinkat,rename,renameat,renameat2,linkat,mkdirat,unlinkat,prctl";

/// Where a step may write a token besides the forge.
#[derive(Clone, Copy, Default)]
struct May {
    /// To its own standard output, which is a pipe.
    print: bool,
    /// Into the file that was named for a document.
    document: bool,
}

/// How often a token went where it may, and how often the keyring was spoken to.
#[derive(Debug, Default)]
struct Seen {
    keyring: usize,
    forge: u32,
    store: u32,
    document: u32,
    between: u32,
    printed: u32,
}

struct Life<'s> {
    served: &'s Served,
    home: Home,
    pieces: &'s Pieces,
    seen: Seen,
    bus: Option<&'s Bus>,
}

impl Life<'_> {
    fn trace(&self) -> PathBuf {
        self.served.data.join("trace")
    }

    /// Runs a program below strace.
    fn traced(&self, program: &str, arguments: &[&str], stdin: Stdio) -> (Output, String) {
        let mut strace = self.home.command("strace");
        strace.args(["-f", "-yy", "-v", "-s", "65535", "-e", CALLS, "-o"]).arg(self.trace());
        strace.envs(self.bus.map(|bus| ("DBUS_SESSION_BUS_ADDRESS", &bus.address)));
        let done = strace.arg(program).args(arguments).stdin(stdin).output().unwrap();
        (done, fs::read_to_string(self.trace()).unwrap())
    }

    /// One step of the life, and where its tokens went.
    fn step(&mut self, arguments: &[&str], input: Option<&str>, may: May) -> Output {
        let stdin =
            input.map_or_else(Stdio::null, |text| fs::File::open(self.home.write("input", text)).unwrap().into());
        let (done, trace) = self.traced(env!("CARGO_BIN_EXE_git-access"), arguments, stdin);
        let what = arguments.join(" ");
        assert_eq!(done.status.code(), Some(0), "{what}: {}", String::from_utf8_lossy(&done.stderr));
        assert!(self.pieces.find(&done.stderr).is_none(), "{what}: stderr");
        assert!(may.print == self.pieces.find(&done.stdout).is_some(), "{what}: stdout");
        assert!(trace.contains("\"LANG=C.UTF-8\""), "the environment is in the trace");
        let spoken = |line: &&str| line.contains("<UNIX") && line.contains("org.freedesktop.Secret.");
        self.seen.keyring += trace.lines().filter(spoken).count();
        let own = trace.split_whitespace().next().unwrap_or_default().to_owned();
        for line in trace.lines().filter(|line| self.pieces.find(line.as_bytes()).is_some()) {
            let (process, call) = line.split_once(' ').unwrap();
            let call = call.trim_start();
            let target = call.split(", ").next().unwrap_or_default();
            let seen = &mut self.seen;
            let counter = if !call.starts_with("write") && !call.starts_with("send") {
                panic!("{what}: {line}")
            } else if target.contains("<TCP:") || target.contains("<TCPv6:") {
                &mut seen.forge
            } else if target.contains("/rests/") || target.contains("/.git-credentials") {
                &mut seen.store
            } else if may.document && target.contains("/documents/") {
                &mut seen.document
            } else if may.print && process == own && target.starts_with("write(1<pipe:") {
                &mut seen.printed
            } else if target.contains("<pipe:")
                && !target.contains("(2<")
                && (process != own || !target.contains("(1<"))
            {
                &mut seen.between
            } else {
                panic!("{what}: {line}")
            };
            *counter += 1;
        }
        done
    }

    /// Everything that a connection goes through.
    fn live(&mut self, store: &str) {
        let source = self.served.token_file("keptn").display().to_string();
        let next = self.served.token_file("flux").display().to_string();
        let host = self.served.host();
        self.home.write(
            "a.toml",
            &format!(
                "version = 1\nname = \"k\"\nplatform = \"keptn\"\nprovider = \"github\"\nhost = \"{host}\"\nowner = \"acme\"\n\
                 [repository]\nname = \"blank\"\n[token]\ncommand = [\"cat\", \"{source}\"]\n[store]\n{store}\n"
            ),
        );
        self.home.write("next.toml", &format!("version = 1\n[token]\nfile = \"{next}\"\n"));
        let (quiet, print) = (May::default(), May { print: true, document: false });
        self.step(&["setup", "--answers", "a.toml", "--log", "log", "--save-answers", "saved.toml"], None, quiet);
        self.step(&["check", "k", "-v", "--format", "json"], None, quiet);
        self.step(&["show", "k"], None, quiet);
        self.step(&["rotate", "k", "--answers", "next.toml", "-v"], None, quiet);
        for format in ["flux", "argocd", "devtron", "env", "git"] {
            self.step(&["export", "k", "--for", format, "--with-secret"], None, print);
        }
        let document = May { print: false, document: true };
        fs::create_dir(self.home.path("documents")).unwrap();
        self.step(&["export", "k", "--for", "flux", "--with-secret", "--output", "documents/f.yaml"], None, document);
        self.step(&["export", "k", "--for", "flux"], None, quiet);
        let question = format!("protocol=http\nhost={}\npath=acme/blank.git\n\n", host.trim_start_matches("http://"));
        let given = self.step(&["credential", "get"], Some(&question), print);
        let password = format!("password={}\n", self.served.token("flux"));
        assert!(String::from_utf8_lossy(&given.stdout).contains(&password), "the new token is in use");
        self.step(&["credential", "store"], Some(&question), quiet);
        let refused = question.replace("\n\n", &format!("\n{password}\n"));
        self.step(&["credential", "erase"], Some(&refused), quiet);
        self.step(&["remove", "k", "--yes"], None, quiet);
    }
}

#[test]
fn the_token_goes_to_the_forge_and_to_its_place_and_to_no_process() {
    if !crate::endurance::can_trace() {
        return;
    }
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let pieces = Pieces::of(&tokens_of(&served));
    for store in ["kind = \"file\"\npath = \"rests/token\"", "kind = \"git-credential\""] {
        let mut life = Life { served: &served, home: Home::new(), pieces: &pieces, seen: Seen::default(), bus: None };
        life.home.write(".gitconfig", "[credential]\n\thelper = store\n");
        life.live(store);
        println!("{store:?}: {:?}, none elsewhere", life.seen);
        let Seen { keyring, forge, store: stored, document, between, printed } = life.seen;
        assert!(forge > 10 && stored > 1 && document == 1 && between > 0 && printed > 5, "the search finds");
        assert_eq!(keyring, 0);
        // What is left of it is nothing but the document.
        for (path, bytes) in crate::program::files(life.home.dir.path()) {
            let declared = path.starts_with(life.home.path("documents")) || path.ends_with("input");
            assert!(declared || pieces.find(&bytes).is_none(), "{} has a piece", path.display());
        }
    }
}

/// A session bus with a keyring of its own on it, until it is dropped.
struct Bus {
    session: Child,
    address: String,
    home: Home,
}

impl Bus {
    /// `None`, with a word, where one of the programs is not installed.
    fn start() -> Option<Self> {
        for program in ["dbus-run-session", "gnome-keyring-daemon", "dbus-send"] {
            if git_access::program::find(program).is_none() {
                println!("skipped: {program} is not installed");
                return None;
            }
        }
        let home = Home::new();
        let script = format!(
            "printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1{}\necho \"$DBUS_SESSION_BUS_ADDRESS\"\nexec cat",
            crate::program::KEYRING_IS_KNOWN
        );
        let mut command = home.command("dbus-run-session");
        command
            .args(["--", "sh", "-c", &script])
            .env("XDG_RUNTIME_DIR", home.path(""))
            .env("XDG_DATA_HOME", home.path(""));
        let mut session = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(session.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Some(Self { session, address: address.trim().to_owned(), home })
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        // The end of its input ends the session, and the session ends the keyring.
        drop(self.session.stdin.take());
        let _ = self.session.wait();
    }
}

/// The same life with the secret in a real keyring. It travels over the bus, and there it is encrypted for the keyring
/// alone: whoever listens on the bus sees nothing of it, and so the trace has no piece of it there either.
#[cfg(feature = "keyring")]
#[test]
fn the_token_goes_to_the_keyring_encrypted_and_to_no_process() {
    if !crate::endurance::can_trace() {
        return;
    }
    let Some(bus) = Bus::start() else { return };
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let pieces = Pieces::of(&tokens_of(&served));
    let mut life = Life { served: &served, home: Home::new(), pieces: &pieces, seen: Seen::default(), bus: Some(&bus) };
    life.live("kind = \"keyring\"");
    println!("keyring: {:?}, none elsewhere", life.seen);
    let Seen { keyring, forge, store: stored, document, between: _, printed } = life.seen;
    // Each step opens a session of its own, and no step but these has to do with the secret in the keyring.
    assert!(keyring > 20, "the keyring was spoken to");
    assert!(forge > 10 && document == 1 && printed > 5, "the search finds");
    assert_eq!(stored, 0, "no file of ours has it");
    for (path, bytes) in crate::program::files(life.home.dir.path()) {
        let declared = path.starts_with(life.home.path("documents")) || path.ends_with("input");
        assert!(declared || pieces.find(&bytes).is_none(), "{} has a piece", path.display());
    }
    let kept = crate::program::files(bus.home.dir.path());
    assert!(kept.iter().any(|(path, _)| path.extension().is_some_and(|end| end == "keyring")), "it has kept something");
    assert!(kept.iter().all(|(_, bytes)| pieces.find(bytes).is_none()), "the keyring keeps it encrypted");
    // The control: what goes over the bus in clear is found.
    let file = served.token_file("keptn").display().to_string();
    let careless = format!(
        "dbus-send --session --dest=org.freedesktop.DBus / org.example.Careless.Said string:\"$(cat '{file}')\"; true"
    );
    let (_, trace) = life.traced("sh", &["-c", &careless], Stdio::null());
    let on_the_bus = |line: &str| line.contains("<UNIX") && pieces.find(line.as_bytes()).is_some();
    assert!(trace.lines().any(on_the_bus), "{trace}");
}

/// The control: what a careless program does is found, in the arguments, in the environment and in a file.
#[test]
fn a_careless_program_would_be_found() {
    if !crate::endurance::can_trace() {
        return;
    }
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let pieces = Pieces::of(&tokens_of(&served));
    let life = Life { served: &served, home: Home::new(), pieces: &pieces, seen: Seen::default(), bus: None };
    let file = served.token_file("keptn").display().to_string();
    for (how, sign) in [
        ("git ls-remote https://u:$T@localhost:1/x", "execve("),
        ("export T; git --version", "execve("),
        ("printf %s \"$T\" > leaked", "leaked>"),
        ("git -c http.extraHeader=\"Authorization: Basic $(printf 'u:%s' \"$T\" | base64 -w0)\" --version", "execve("),
    ] {
        let (_, trace) = life.traced("sh", &["-c", &format!("T=$(cat '{file}'); {how}; true")], Stdio::null());
        let found = |line: &&str| line.contains(sign) && pieces.find(line.as_bytes()).is_some();
        assert!(trace.lines().any(|line| found(&line)), "{how}: {trace}");
    }
}
