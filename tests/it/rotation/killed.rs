//! A rotation that is killed at any moment: a working token is referred to, and the next run leaves no orphan.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use super::bench::{Bench, ends, password, push};
use crate::endurance::can_trace;
use crate::program::{Home, files, finished};

/// Says how many kills are tried, where the usual number is not enough.
const KILLS: &str = "GIT_ACCESS_KILLS";
const USUAL_KILLS: u32 = 30;

/// Where the secret rests before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// In a file, and then in the file of the next generation.
    Stays,
    /// In a file, and then in one of another name.
    Moves,
    /// With git's own `credential-store`.
    WithGit,
}

/// A connection whose token is rotated, and the way back to the state before.
struct Stage {
    way: Way,
    bench: Bench,
    before: Vec<(PathBuf, Vec<u8>)>,
    answers: PathBuf,
    rounds: u32,
}

/// What was seen of one kill.
#[derive(Default)]
struct Seen {
    kills: u32,
    /// After something had been written.
    in_the_middle: u32,
    /// While two secrets were kept.
    with_two: u32,
    /// After the config named the new one.
    switched: u32,
    /// After that, and before the run had said so.
    owing: u32,
}

impl Stage {
    fn new(way: Way) -> Self {
        let bench = Bench::empty("");
        bench.home.write(".gitconfig", "[credential]\n\thelper = store\n");
        let store = match way {
            Way::WithGit => "[store]\nkind = \"git-credential\"\n".to_owned(),
            _ => bench.in_file("rests/token"),
        };
        bench.set_up("github", "keptn", &store, &[]).expect(0);
        let store = if way == Way::Moves { bench.in_file("rests/moved") } else { String::new() };
        let text = format!("version = 1\n{}{store}", bench.source("github-twin"));
        let answers = bench.home.write("rotate.toml", &text);
        drop(bench.home.run(&["list"]));
        let before = files(bench.home.dir.path());
        Self { way, bench, before, answers, rounds: 0 }
    }

    fn command(&self) -> Command {
        let mut command = self.bench.home.program();
        command.args(["rotate", "k", "--answers"]).arg(&self.answers).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn restore(&self) {
        for (path, _) in files(self.bench.home.dir.path()) {
            fs::remove_file(path).unwrap();
        }
        for (path, bytes) in &self.before {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    /// How many secrets are kept, whole or in part.
    fn secrets(&self) -> usize {
        match self.way {
            Way::WithGit => {
                let text = fs::read_to_string(self.bench.home.path(".git-credentials")).unwrap_or_default();
                text.lines().count()
            }
            _ => self.bench.secrets().len(),
        }
    }

    fn is_untouched(&self) -> bool {
        let kept = |mut all: Vec<(PathBuf, Vec<u8>)>| {
            all.retain(|(path, _)| path.extension().is_none_or(|end| end != "lock"));
            all.sort();
            all
        };
        kept(files(self.bench.home.dir.path())) == kept(self.before.clone())
    }

    /// What must hold after a kill before anything else runs, and after the next run of whichever command.
    fn is_sound(&mut self, seen: &mut Seen, what: &str) {
        self.rounds += 1;
        seen.kills += 1;
        seen.in_the_middle += u32::from(!self.is_untouched());
        seen.with_two += u32::from(self.secrets() > 1);
        let (home, served) = (&self.bench.home, &self.bench.served);
        let (old, new) = (served.token("keptn"), served.token("github-twin"));
        let now = password(home, &served.host(), &[]);
        assert!(now == old || now == new, "{what}: git is given neither the old nor the new token");
        seen.switched += u32::from(now == new);
        push(home, &served.host(), &[]);
        let records =
            files(&home.path("state")).into_iter().filter(|(_, bytes)| bytes.windows(8).any(|at| at == b"\"unsaid\""));
        let owes = records.count() > 0;
        seen.owing += u32::from(owes && now == new);
        if self.rounds.is_multiple_of(5) {
            home.run(&["remove", "k", "--yes"]).expect(0);
            assert_eq!(self.secrets(), 0, "{what}, removed");
        } else {
            let command = if self.rounds.is_multiple_of(7) { "setup" } else { "rotate" };
            let again = finished(home.program().args([command, "k", "--answers"]).arg(&self.answers));
            assert_eq!(again.code, 0, "{what}, run again: {}{}", again.stdout, again.stderr);
            let is_told = again.stderr.contains("revoked at http") && again.stderr.contains("git-access show k");
            assert_eq!(is_told, now == new && owes, "{what}, run again: {}", again.stderr);
            assert_eq!(password(home, &served.host(), &[]), new, "{what}, run again");
            assert_eq!(self.secrets(), 1, "{what}, run again: {:?}", self.bench.secrets());
            assert!(temporary(home).is_empty(), "{what}, run again: {:?}", temporary(home));
        }
        assert_eq!(self.bench.journals(), 0, "{what}, run again");
    }
}

fn temporary(home: &Home) -> Vec<PathBuf> {
    let all = files(home.dir.path()).into_iter().map(|(path, _)| path);
    all.filter(|path| path.extension().is_some_and(|end| end == "tmp")).collect()
}

/// Numbers that nobody can foresee, and that a seed brings back.
fn next(dice: &mut u64) -> u64 {
    *dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *dice >> 33
}

/// Thirty kills; `GIT_ACCESS_KILLS=500` tries that many.
#[test]
fn a_rotation_killed_at_a_random_moment_leaves_a_working_token_and_no_orphan() {
    let kills = std::env::var(KILLS).ok().and_then(|text| text.parse().ok()).unwrap_or(USUAL_KILLS);
    let seed = u64::from(SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_nanos());
    let (mut dice, mut tally, begun) = (seed, Seen::default(), Instant::now());
    let ways = [Way::Stays, Way::Moves, Way::WithGit];
    for (way, rest) in ways.into_iter().zip(0..) {
        let mut stage = Stage::new(way);
        let once = Instant::now();
        assert!(stage.command().status().unwrap().success());
        let whole = u64::try_from(once.elapsed().as_micros()).unwrap();
        stage.restore();
        for round in 0..kills / 3 + u32::from(rest < kills % 3) {
            // The first half of a run only asks and writes nothing: most kills are for the second.
            let late = if round.is_multiple_of(4) { 0 } else { whole / 2 };
            let after = Duration::from_micros(late + next(&mut dice) % (whole - late + whole / 10));
            let mut child = stage.command().spawn().unwrap();
            std::thread::sleep(after);
            child.kill().unwrap();
            child.wait().unwrap();
            let what = format!("{way:?}, seed {seed}, round {round}, killed after {after:?} of {whole} us");
            stage.is_sound(&mut tally, &what);
            stage.restore();
        }
    }
    let Seen { kills: tried, in_the_middle, with_two, switched, owing } = tally;
    println!(
        "{tried} kills in {:?}, seed {seed}: {in_the_middle} after something had been written, {with_two} with two \
         secrets, {switched} after the config named the new one, {owing} of them before they had said so ({KILLS}=500 tries 500)",
        begun.elapsed()
    );
    assert_eq!(tried, kills);
    assert!(in_the_middle > 0, "the kills came at no moment that matters: {tried} tried, seed {seed}");
}

/// The calls at which a run is killed, and the file that they are about; without one, the first of each thread.
fn kill_points(home: &Home) -> Vec<(&'static str, Option<PathBuf>)> {
    let config: toml::Table = home.config_text().parse().unwrap();
    let id = config["connections"]["k"]["id"].as_str().unwrap();
    let record = format!("state/git-access/{id}.json");
    let names = [record.as_str(), "rests/token", "rests/token.2", "rests/moved", "config/git-access/config.toml"];
    let mut points = Vec::new();
    for calls in ["rename,renameat,renameat2,link,linkat", "unlink,unlinkat", "openat"] {
        points.extend(names.iter().map(|name| (calls, Some(home.path(name)))));
    }
    points.extend(["fsync,fdatasync", "fchmod,chmod,fchmodat,ftruncate", "flock,fcntl"].map(|calls| (calls, None)));
    points
}

/// Runs the program, and kills it when it makes this call for the `at`th time; whether it was killed.
fn killed_at(home: &Home, arguments: &[&str], point: &(&str, Option<PathBuf>), at: u32) -> bool {
    let mut strace = home.command("strace");
    strace.args(["-f", "-o", "/dev/null", "-e", &format!("inject={}:signal=KILL:when={at}", point.0)]);
    if let Some(path) = &point.1 {
        strace.arg("-P").arg(path);
    }
    strace.arg(env!("CARGO_BIN_EXE_git-access")).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    !strace.status().unwrap().success()
}

#[cfg(target_os = "linux")]
#[test]
fn a_rotation_killed_at_any_write_leaves_a_working_token_and_no_orphan() {
    if !can_trace() {
        return;
    }
    let (mut seen, mut hit) = (Seen::default(), 0);
    for way in [Way::Stays, Way::Moves] {
        let mut stage = Stage::new(way);
        for point in kill_points(&stage.bench.home) {
            for at in 1..=4 {
                let arguments = ["rotate", "k", "--answers", stage.answers.to_str().unwrap()];
                let killed = killed_at(&stage.bench.home, &arguments, &point, at);
                stage.is_sound(&mut seen, &format!("{way:?}: killed at {point:?} number {at}"));
                stage.restore();
                if !killed {
                    break;
                }
                hit += 1;
            }
        }
    }
    println!(
        "{} runs, {hit} of them killed, {} with two secrets at that moment, {} after the config named the new one",
        seen.kills, seen.with_two, seen.switched
    );
    assert!(seen.owing > 2, "{} runs were killed before they had told what they did", seen.owing);
    assert!(hit > 20 && seen.with_two > 3, "the injection does not work: {hit} of {}, {}", seen.kills, seen.with_two);
}

#[test]
fn the_next_run_says_what_it_finishes_or_undoes() {
    let stage = Stage::new(Way::Stays);
    let home = &stage.bench.home;
    let config: toml::Table = home.config_text().parse().unwrap();
    let id = config["connections"]["k"]["id"].as_str().unwrap().to_owned();
    // As a run leaves it that is killed after the secret was written, and one killed after the config was.
    let journal = |places: &[(&str, u64)]| {
        let place = |(path, generation): &(&str, u64)| serde_json::json!({ "store": "file", "path": home.path(path), "generation": generation });
        let text = serde_json::json!({ "pending": places.iter().map(place).collect::<Vec<_>>() });
        home.write(&format!("state/git-access/{id}.json"), &text.to_string());
    };
    let said = || home.run(&["rotate", "k", "--answers", stage.answers.to_str().unwrap()]).expect(0).stderr;
    home.write("rests/token.2", &stage.bench.served.token("github-third"));
    journal(&[("rests/token", 1), ("rests/token.2", 2)]);
    let text = said();
    assert!(text.contains("undone") && text.contains("token.2"), "{text}");
    assert_eq!(stage.bench.secrets(), ["token.2"]);
    assert_eq!(stage.bench.password("github", &[]), stage.bench.served.token("github-twin"));
    home.write("rests/token", &stage.bench.served.token("keptn"));
    journal(&[("rests/token", 1)]);
    let text = said();
    assert!(text.contains("finished"), "{text}");
    assert_eq!(stage.bench.secrets(), ["token.2"]);
    // What another connection keeps there by now is not ours to remove.
    let text = home.config_text();
    let other = text[text.find("[connections.k]").unwrap()..].replace("[connections.k", "[connections.b");
    let other = other.replace("id = \"", "id = \"x").replace("rests/token.2", "rests/../rests/token");
    home.write("config/git-access/config.toml", &format!("{text}\n{other}"));
    home.write("rests/token", &stage.bench.served.token("github-third"));
    journal(&[("rests/token", 1)]);
    said();
    assert_eq!(stage.bench.secrets(), ["token", "token.2"]);
    std::fs::remove_file(home.path("rests/token")).unwrap();
    home.write("config/git-access/config.toml", &text);
    // A file beside it that no journal names is the user's own.
    home.write("rests/token.3", &stage.bench.served.token("github-third"));
    said();
    assert_eq!(stage.bench.secrets(), ["token.2", "token.3"]);
}

#[test]
fn rotations_at_the_same_time_take_turns() {
    let bench = Bench::new("github", "keptn");
    let answers: Vec<PathBuf> = ["github-twin", "github-third"]
        .iter()
        .map(|token| bench.home.write(&format!("{token}.toml"), &format!("version = 1\n{}", bench.source(token))))
        .collect();
    let codes: Vec<i32> = std::thread::scope(|scope| {
        let runs = (0..6).map(|number| {
            let (home, answers): (&Home, &Path) = (&bench.home, answers[number % 2].as_path());
            scope.spawn(move || home.run(&["rotate", "k", "--answers", answers.to_str().unwrap()]).code)
        });
        let runs: Vec<_> = runs.collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    // 4: another run held the connection for longer than is waited.
    assert!(codes.contains(&0) && codes.iter().all(|code| [0, 4].contains(code)), "{codes:?}");
    assert_eq!((bench.secrets().len(), bench.journals()), (1, 0));
    bench.push("github", &[]);
}

/// Where the provider makes the token, one moment cannot be made safe: after its answer, before the store has it.
#[cfg(target_os = "linux")]
#[test]
fn a_renewal_killed_at_any_write_sends_one_request_and_is_finished_or_told() {
    if !can_trace() {
        return;
    }
    let (mut finished_later, mut lost, mut untouched) = (0, 0, 0);
    let points = kill_points(&Bench::new("gitlab", "gitlab-keptn").home).len();
    for number in 0..points {
        for at in 1..=2 {
            let bench = Bench::new("gitlab", "gitlab-keptn");
            let point = kill_points(&bench.home).swap_remove(number);
            let renewal = ["rotate", "k", "--at-provider", "--expires", &ends()];
            if !killed_at(&bench.home, &renewal, &point, at) {
                break;
            }
            let what = format!("killed at {point:?} number {at}");
            let posts = || {
                let requests = bench.served.requests();
                requests.iter().filter(|one| one["path"].as_str().unwrap().ends_with("/self/rotate")).count()
            };
            let sent = posts();
            assert!(sent <= 1, "{what}");
            if sent == 0 {
                bench.push("gitlab", &[]);
                untouched += 1;
            }
            let worked = bench.home.run(&["check", "k"]).code == 0;
            let answers = bench.home.write("twin.toml", &format!("version = 1\n{}", bench.source("gitlab-twin")));
            let next = bench.home.run(&["rotate", "k", "--answers", answers.to_str().unwrap()]).expect(0);
            finished_later += u32::from(next.stderr.contains("It is finished: k uses the new token"));
            lost += u32::from(!worked && !next.stderr.contains("It is finished"));
            assert_eq!(bench.password("gitlab", &[]), bench.served.token("gitlab-twin"), "{what}");
            assert_eq!((bench.secrets().len(), bench.journals(), posts()), (1, 0, sent), "{what}: {}", next.stderr);
            bench.push("gitlab", &[]);
        }
    }
    println!("{untouched} before the request, {finished_later} finished by the next run, {lost} lost with the run");
    assert!(finished_later > 0 && lost > 0, "no kill came between store and config, or before the store");
}
