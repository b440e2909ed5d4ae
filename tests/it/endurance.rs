//! A run that is killed, and many runs at once: whatever happens, the config is a whole document, the secret that it
//! names can be read, and no update of anybody is lost.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use crate::program::{Home, Run, Served, files, finished};

/// One home with a connection in it, and the way back to that state.
struct Stage<'a> {
    served: &'a Served,
    home: Home,
    /// Every file as it was, by path.
    before: Vec<(PathBuf, Vec<u8>)>,
    /// The answers that are given.
    answers: PathBuf,
    /// The token that the answers lead to.
    token: String,
}

impl<'a> Stage<'a> {
    /// A set-up that makes the first connection.
    fn creating(served: &'a Served) -> Self {
        let home = Home::new();
        let answers = written(&home, served, "keptn");
        drop(home.run(&["list"]));
        Self { before: files(home.dir.path()), served, answers, token: served.token("keptn"), home }
    }

    /// A set-up that gives the connection another token.
    fn editing(served: &'a Served) -> Self {
        let home = Home::new();
        let first = written(&home, served, "keptn");
        home.run(&["setup", "--answers", first.to_str().unwrap()]).expect(0);
        let answers = written(&home, served, "full");
        Self { before: files(home.dir.path()), served, answers, token: served.token("full"), home }
    }

    fn command(&self) -> Command {
        let mut command = self.home.program();
        command.args(["setup", "--answers"]).arg(&self.answers).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn restore(&self) {
        for (path, _) in files(self.home.dir.path()) {
            fs::remove_file(path).unwrap();
        }
        for (path, bytes) in &self.before {
            fs::write(path, bytes).unwrap();
        }
    }

    fn is_untouched(&self) -> bool {
        let mut now = files(self.home.dir.path());
        now.retain(|(path, _)| path.extension().is_none_or(|end| end != "lock"));
        let mut before = self.before.clone();
        before.retain(|(path, _)| path.extension().is_none_or(|end| end != "lock"));
        now.sort();
        before.sort();
        now == before
    }

    /// What must hold after a kill, and after one more run.
    fn is_sound(&self, what: &str) {
        let config = self.home.config_text();
        let old = self.before.iter().find(|(path, _)| *path == self.home.config());
        let is_old = old.map_or(config.is_empty(), |(_, bytes)| config.as_bytes() == bytes);
        let listed = self.home.run(&["list", "--format", "json"]);
        assert_eq!(listed.code, 0, "{what}: {}\n{config}", listed.stderr);
        let rows = listed.json()["connections"].as_array().map(Vec::len);
        if is_old {
            assert_eq!(rows, Some(usize::from(old.is_some())), "{what}");
        } else {
            assert_eq!(rows, Some(1), "{what}: {config}");
            assert_eq!(secret_of(&config), self.token, "{what}: a new config names the new secret");
        }
        if !config.is_empty() {
            let known = [self.served.token("keptn"), self.served.token("full")];
            assert!(known.contains(&secret_of(&config)), "{what}: the secret is whole");
        }
        if self.is_untouched() {
            return;
        }
        let again = finished(self.home.program().args(["setup", "--answers"]).arg(&self.answers));
        assert_eq!(again.code, 0, "{what}, run again: {}{}", again.stdout, again.stderr);
        assert_eq!(secret_of(&self.home.config_text()), self.token, "{what}, run again");
        assert_eq!(temporary(&self.home), Vec::<PathBuf>::new(), "{what}, run again");
    }
}

fn written(home: &Home, served: &Served, token: &str) -> PathBuf {
    let text = format!(
        "version = 1\nname = \"k\"\nplatform = \"keptn\"\nprovider = \"github\"\nhost = \"{}\"\nowner = \"acme\"\n\
         [repository]\nname = \"gitops\"\ncreate = true\n[token]\nfile = \"{}\"\n[store]\nkind = \"file\"\n\
         path = \"{}\"\n",
        served.host(),
        served.token_file(token).display(),
        home.path("rests/token").display(),
    );
    home.write(&format!("{token}.toml"), &text)
}

/// The secret that the connection `k` of this config refers to.
fn secret_of(config: &str) -> String {
    let document: toml::Table = config.parse().unwrap();
    let path = document["connections"]["k"]["token"]["path"].as_str().unwrap();
    fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

fn temporary(home: &Home) -> Vec<PathBuf> {
    let all = files(home.dir.path()).into_iter().map(|(path, _)| path);
    all.filter(|path| path.extension().is_some_and(|end| end == "tmp")).collect()
}

/// A few numbers that nobody can foresee, and that a seed brings back.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit.max(1)
    }
}

#[test]
fn a_run_killed_at_a_random_moment_leaves_the_old_or_the_new_state() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let stages = [Stage::creating(&served), Stage::editing(&served)];
    let seed = u64::from(SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_nanos());
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let mut changed = 0;
    for stage in &stages {
        let begun = Instant::now();
        assert!(stage.command().status().unwrap().success());
        let whole = u64::try_from(begun.elapsed().as_micros()).unwrap();
        stage.restore();
        for round in 0..100 {
            let after = Duration::from_micros(dice.below(whole + whole / 10));
            let mut child = stage.command().spawn().unwrap();
            std::thread::sleep(after);
            child.kill().unwrap();
            child.wait().unwrap();
            changed += u32::from(!stage.is_untouched());
            stage.is_sound(&format!("seed {seed}, round {round}, killed after {after:?} of {whole} us"));
            stage.restore();
        }
    }
    println!("200 kills, {changed} of them after something had been written");
}

/// Whether this machine lets us trace a program of our own.
pub fn can_trace() -> bool {
    let can = Command::new("strace").args(["-o", "/dev/null", "true"]).status().is_ok_and(|done| done.success());
    if !can {
        println!("skipped: strace is absent or not allowed here");
    }
    can
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_killed_at_any_write_leaves_the_old_or_the_new_state() {
    if !can_trace() {
        return;
    }
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let (mut tried, mut hit) = (0, 0);
    for stage in [Stage::creating(&served), Stage::editing(&served)] {
        for (calls, most) in [
            ("openat", 6),
            ("write,pwrite64,writev", 14),
            ("fsync,fdatasync", 12),
            ("rename,renameat,renameat2,link,linkat", 6),
            ("unlink,unlinkat", 4),
            ("fchmod,chmod,fchmodat,ftruncate", 10),
            ("flock,fcntl", 4),
        ] {
            for at in 1..=most {
                let traced = stage.command();
                let mut strace = stage.home.command("strace");
                strace.args(["-f", "-o", "/dev/null"]);
                if calls == "openat" {
                    // Else the first ones are those of the loader.
                    for path in ["config/git-access/config.toml", "config/git-access/.config.toml.lock"] {
                        strace.arg("-P").arg(stage.home.path(path));
                    }
                    for path in ["config/git-access", "rests", "rests/token", "rests/token.2"] {
                        strace.arg("-P").arg(stage.home.path(path));
                    }
                }
                strace.args(["-e", &format!("inject={calls}:signal=KILL:when={at}")]);
                strace.arg(traced.get_program()).args(traced.get_args());
                let done = strace.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
                tried += 1;
                stage.is_sound(&format!("killed at {calls} number {at}"));
                stage.restore();
                if done.success() {
                    break;
                }
                hit += 1;
            }
        }
    }
    println!("{tried} runs, {hit} of them killed");
    assert!(hit > 40, "the injection does not work: {hit} of {tried}");
}

/// Twenty connections that nobody asks, for commands that only change the config.
fn twenty() -> String {
    let mut text = String::from("version = 1\nactive = \"c0-0\"\n# The connections of the platform team.\n");
    for number in 0..20 {
        let part = format!(
            "\n# Number {number}.\n[connections.c{number}-0]\nid = \"id{number}\"\nplatform = \"keptn\"\nprovider = \"github\"\n\
             host = \"https://github.com\"\nowner = \"acme\" # ours\nunknown = {number}\n\
             [connections.c{number}-0.token]\nkind = \"classic\"\nstore = \"env\"\nenv = \"T{number}\"\ngeneration = 1\n\
             expires_source = \"unknown\"\n"
        );
        text.push_str(&part);
    }
    text
}

/// Runs until the lock was free in time, as a person would; gives how often it was not.
fn until_done(home: &Home, arguments: &[&str]) -> u32 {
    let mut busy = 0;
    loop {
        let run = home.run(arguments);
        if run.code == 0 {
            return busy;
        }
        assert!(run.code == 4 && run.stderr.contains("Another run"), "{arguments:?}: {}{}", run.stdout, run.stderr);
        busy += 1;
        assert!(busy < 20, "{arguments:?}: it never got its turn");
    }
}

#[test]
fn sixteen_processes_with_set_ups_between_them_lose_no_update() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let home = Home::new();
    home.write("config/git-access/config.toml", &twenty());
    let setups: Vec<_> = ["keptn", "full"].iter().map(|token| written(&home, &served, token)).collect();
    let begun = Instant::now();
    let busy: u32 = std::thread::scope(|scope| {
        let (home, setups) = (&home, &setups);
        let mut runs = Vec::new();
        for number in 0..16 {
            runs.push(scope.spawn(move || {
                let name = |round: u32| format!("c{number}-{round}");
                (0..25).map(|round| until_done(home, &["rename", &name(round), &name(round + 1)])).sum::<u32>()
            }));
        }
        runs.push(scope.spawn(move || (0..10).map(|_| until_done(home, &["use", "c19-0"])).sum::<u32>()));
        runs.push(scope.spawn(move || {
            let edits = (0..10).map(|round| setups[round % 2].to_str().unwrap());
            edits.map(|answers| until_done(home, &["setup", "--answers", answers])).sum::<u32>()
        }));
        runs.into_iter().map(|run| run.join().unwrap()).sum::<u32>()
    });
    let text = home.config_text();
    let kept = (0..16).filter(|number| text.contains(&format!("[connections.c{number}-25]"))).count();
    println!("{} of 400 renames kept, {busy} times busy, {:?}", kept * 25, begun.elapsed());
    assert_eq!(kept, 16, "{text}");
    assert!(text.contains("active = \"c19-0\"") && text.contains("[connections.k]"), "{text}");
    assert_eq!(secret_of(&text), served.token("full"), "the last set-up counts");
    for number in 0..20 {
        assert!(text.contains(&format!("# Number {number}.\n")) && text.contains(&format!("unknown = {number}\n")));
    }
    assert_eq!(home.run(&["list", "--format", "json"]).expect(0).json()["connections"].as_array().unwrap().len(), 21);
    assert_eq!(temporary(&home), Vec::<PathBuf>::new());
}

/// Sixty lines by hand, with CRLF, around two connections that can be checked.
fn by_hand(home: &Home, served: &Served) -> String {
    let mut text = String::from(
        "# Access of the platform team.\n#\n# Ask in #platform before you change this.\n\nversion = 1\nactive = \"k\"  # \
         the one we use\ncolour = \"blue\"\n\n[team]\nowner = \"platform\"\nmembers = [ 'ann', \"bob\",\n    \"cy\" ]\n",
    );
    for (name, id) in [("other", "id1"), ("k", "id2"), ("last", "id3")] {
        let part = format!(
            "\n# {name}: made by hand\n[connections.{name}]\n  id = '{id}'   # do not touch\nplatform='keptn'\n\
             provider = \"github\"\nhost = \"{}\"\nowner   =   \"acme\"\nticket = 'OPS-1'\n\n\
             [connections.{name}.token] # of {name}\nkind = \"classic\"\nstore = \"file\"\npath = \"{}\"\n\
             generation = 1\nexpires_source = \"unknown\"\n",
            served.host(),
            home.path(&format!("rests/{name}")).display()
        );
        text.push_str(&part);
    }
    text.push_str("\n# The end.\n");
    text.replace('\n', "\r\n")
}

/// The lines that are only in the one, and only in the other, text.
fn difference<'t>(old: &'t str, new: &'t str) -> (Vec<&'t str>, Vec<&'t str>) {
    let mut added: Vec<&str> = new.split_inclusive('\n').collect();
    let gone = old.split_inclusive('\n').filter(|line| {
        let there = added.iter().position(|one| one == line);
        there.map(|at| added.remove(at)).is_none()
    });
    let gone = gone.collect();
    (gone, added)
}

#[test]
fn what_was_written_by_hand_survives_every_change() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let home = Home::new();
    let first = by_hand(&home, &served);
    assert!(first.lines().count() >= 60, "{}", first.lines().count());
    home.write("config/git-access/config.toml", &first);
    for name in ["other", "k", "last"] {
        home.write(&format!("rests/{name}"), &served.token("keptn"));
    }
    let step = |arguments: &[&str], before: &str| -> String {
        home.run(arguments).expect(0);
        let after = home.config_text();
        assert!(!after.replace("\r\n", "").contains('\n'), "{arguments:?}: a line end was changed\n{after:?}");
        let mut lines = before.lines();
        let kept: Vec<&str> = after.lines().filter(|line| before.lines().any(|one| one == *line)).collect();
        assert!(kept.iter().all(|line| lines.any(|one| one == *line)), "{arguments:?}: the order was changed\n{after}");
        after
    };

    let used = step(&["use", "last"], &first);
    let (gone, added) = difference(&first, &used);
    assert_eq!(gone, ["active = \"k\"  # the one we use\r\n"]);
    assert_eq!(added, ["active = \"last\"  # the one we use\r\n"]);

    let answers = written(&home, &served, "full");
    let set_up = step(&["setup", "k", "--answers", answers.to_str().unwrap()], &used);
    let (gone, _) = difference(&used, &set_up);
    let changed = ["path = ", "generation = 1", "expires_source", "kind", "store"];
    for line in &gone {
        assert!(changed.iter().any(|key| line.starts_with(key)), "lost: {line:?}\n{set_up}");
    }
    assert_eq!(secret_of(&set_up), served.token("full"));

    let renamed = step(&["rename", "other", "another"], &set_up);
    let (gone, added) = difference(&set_up, &renamed);
    assert_eq!(gone, ["[connections.other]\r\n", "[connections.other.token] # of other\r\n"]);
    assert_eq!(added, ["[connections.another]\r\n", "[connections.another.token] # of other\r\n"]);

    let removed = step(&["remove", "another", "--yes"], &renamed);
    let (gone, added) = difference(&renamed, &removed);
    assert_eq!(added, Vec::<&str>::new());
    let lost: Vec<&&str> = gone.iter().filter(|line| line.starts_with('#')).collect();
    assert!(lost.is_empty() || lost == [&"# other: made by hand\r\n"], "{gone:?}");
    assert!(gone.len() <= 19, "{gone:?}");
    assert!(!Path::new(&home.path("rests/other")).exists(), "the secret went with it");
    let rest: Run = home.run(&["check", "--format", "json"]);
    assert_eq!(rest.expect(0).json()["connections"].as_array().unwrap().len(), 2);
}

/// A world that is odd in one way: what it is called, what makes it, the exit code, and words that are told.
#[cfg(unix)]
struct Odd {
    what: &'static str,
    /// Run by `sh` in the home, before the program; `$HOME` is the home.
    script: &'static str,
    code: i32,
    says: &'static [&'static str],
}

#[cfg(unix)]
const ODD: &[Odd] = &[
    Odd { what: "as usual", script: "", code: 0, says: &[] },
    Odd { what: "LANG=C, no TERM", script: "export LANG=C LC_ALL=C; unset TERM", code: 0, says: &[] },
    Odd { what: "HOME unset", script: "unset HOME", code: 0, says: &[] },
    Odd {
        what: "no home directory at all",
        script: "export HOME=/nonexistent; unset XDG_STATE_HOME",
        code: 0,
        says: &[],
    },
    Odd { what: "umask 0777", script: "umask 0777", code: 0, says: &[] },
    Odd { what: "umask 0", script: "umask 0", code: 0, says: &[] },
    Odd { what: "mode 0644", script: "put; chmod 644 $C/config.toml", code: 0, says: &["config.toml had mode 0644"] },
    Odd { what: "mode 0444", script: "put; chmod 444 $C/config.toml", code: 0, says: &["config.toml had mode 0444"] },
    Odd {
        what: "a link",
        script: "mkdir -m 700 mine; put; mv $C/config.toml mine/dot; ln -s $PWD/mine/dot $C/config.toml",
        code: 0,
        says: &[],
    },
    Odd {
        what: "a link to nothing",
        script: "put; rm $C/config.toml; ln -s $PWD/nothing $C/config.toml",
        code: 4,
        says: &["config.toml", "where there is nothing", "Put a regular file there"],
    },
    Odd {
        what: "a FIFO",
        script: "put; rm $C/config.toml; mkfifo $C/config.toml",
        code: 4,
        says: &["config.toml is not a regular file", "Name a regular file"],
    },
    Odd {
        what: "a directory",
        script: "mkdir -p $C/config.toml",
        code: 4,
        says: &["config.toml is not a regular file", "Name a regular file"],
    },
    Odd {
        what: "a file where the directory should be",
        script: "mkdir config; : >config/git-access",
        code: 4,
        says: &["config/git-access"],
    },
    Odd { what: "not UTF-8", script: "mkdir -p $C; printf '\\377' >$C/config.toml", code: 4, says: &["UTF-8"] },
    Odd { what: "no TOML", script: "mkdir -p $C; echo '[[' >$C/config.toml", code: 4, says: &["config.toml"] },
    Odd {
        what: "a newer version",
        script: "mkdir -p $C; echo 'version = 99' >$C/config.toml",
        code: 4,
        says: &["newer git-access"],
    },
    Odd {
        what: "config on a read-only disk",
        script: "ro config",
        code: 4,
        says: &["config/git-access", "Read-only", "--config"],
    },
    Odd {
        what: "a full disk",
        script: "mkdir config && mount -t tmpfs -o size=4k none config && mkdir -m 700 $C \\
        && head -c 4096 /dev/zero >$C/full 2>/dev/null; :",
        code: 4,
        says: &["config/git-access", "Free some space"],
    },
    Odd { what: "a state directory that is read-only", script: "ro state", code: 0, says: &[] },
];

#[cfg(unix)]
const PRELUDE: &str = "C=config/git-access
    put() { mkdir -p -m 700 $C; printf 'version = 1\\n' >$C/config.toml; chmod 600 $C/config.toml; }
    ro() { mkdir -p $1 && mount -t tmpfs none $1 && mount -o remount,ro $1 || exit 77; }
";

#[cfg(target_os = "linux")]
#[test]
fn odd_worlds_end_as_promised_and_say_what_to_do() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    for odd in ODD {
        let home = Home::new();
        let answers = written(&home, &served, "keptn");
        let is_mount = odd.script.contains("mount") || odd.script.starts_with("ro ");
        let mut command = home.command(if is_mount { "unshare" } else { "sh" });
        if is_mount {
            command.args(["-Urm", "sh"]);
        }
        let script = format!("{PRELUDE}{}\nexec \"$@\"", odd.script);
        command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_git-access"), "setup", "--answers"]).arg(&answers);
        let run = finished(&mut command);
        if run.code == 77 || run.stderr.contains("unshare:") {
            println!("skipped: {}: no mounts here", odd.what);
            continue;
        }
        assert_eq!(run.code, odd.code, "{}: {}{}", odd.what, run.stdout, run.stderr);
        for words in odd.says {
            assert!(run.stderr.contains(words), "{}: {words:?} is not in {}", odd.what, run.stderr);
        }
        assert!(!run.stderr.contains("broke down"), "{}: {}", odd.what, run.stderr);
        if odd.code == 0 {
            assert_eq!(secret_of(&home.config_text()), served.token("keptn"), "{}", odd.what);
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(home.config()).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600, "{}", odd.what);
        }
    }
}

#[cfg(unix)]
#[test]
fn without_anything_around_it_it_still_says_what_it_needs() {
    let home = Home::new();
    let program = env!("CARGO_BIN_EXE_git-access");
    let bare = |arguments: &[&str], path: Option<&str>| {
        let mut command = Command::new(program);
        command.env_clear().args(arguments).current_dir(home.dir.path()).stdin(Stdio::null());
        command.env("TMPDIR", home.dir.path());
        command.envs(path.map(|path| ("PATH", path)));
        finished(&mut command)
    };
    bare(&["--version"], None).expect(0);
    bare(&["platforms", "keptn"], None).expect(0);
    let path = Some("/nonexistent");
    let run = bare(&["--config", "c.toml", "setup", "--sandbox"], path).expect(4);
    assert!(run.stderr.contains("needs git") && run.stderr.contains("Install git"), "{}", run.stderr);
    bare(&["--config", "c.toml", "list"], path).expect(0);
}
