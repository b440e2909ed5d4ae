//! Whole lives of a connection below strace: set up, checked, replaced, exported, given to git, removed. What every
//! process of the run is started with, and all that it writes, is searched for the tokens. They go to the forge, into the
//! place that was named for them, and through the pipes of the programs that give or take them; nowhere else.

use std::fs;
use std::path::PathBuf;
use std::process::{Output, Stdio};

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

/// How often a token went where it may.
#[derive(Debug, Default)]
struct Seen {
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
}

impl Life<'_> {
    fn trace(&self) -> PathBuf {
        self.served.data.join("trace")
    }

    /// Runs a program below strace.
    fn traced(&self, program: &str, arguments: &[&str], stdin: Stdio) -> (Output, String) {
        let mut strace = self.home.command("strace");
        strace.args(["-f", "-yy", "-v", "-s", "65535", "-e", CALLS, "-o"]).arg(self.trace());
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
        let mut life = Life { served: &served, home: Home::new(), pieces: &pieces, seen: Seen::default() };
        life.home.write(".gitconfig", "[credential]\n\thelper = store\n");
        life.live(store);
        println!("{store:?}: {:?}, none elsewhere", life.seen);
        let Seen { forge, store: stored, document, between, printed } = life.seen;
        assert!(forge > 10 && stored > 1 && document == 1 && between > 0 && printed > 5, "the search finds");
        // What is left of it is nothing but the document.
        for (path, bytes) in crate::program::files(life.home.dir.path()) {
            let declared = path.starts_with(life.home.path("documents")) || path.ends_with("input");
            assert!(declared || pieces.find(&bytes).is_none(), "{} has a piece", path.display());
        }
    }
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
    let life = Life { served: &served, home: Home::new(), pieces: &pieces, seen: Seen::default() };
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
