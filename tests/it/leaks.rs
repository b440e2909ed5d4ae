//! No piece of a token comes out anywhere but at the forge and in the file that was named for it.
//!
//! Every run of a generated list is searched: its streams, its log, its config, its records, its saved answers, what it
//! left in the temporary directory. Eight characters in a row are a piece; also of the token in base64 behind a user
//! name, and percent-encoded.

use std::collections::HashSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use base64::Engine as _;

use crate::program::{Home, Served, files};

#[cfg(target_os = "linux")]
mod traced;

const PIECE: usize = 8;
/// What every token of a kind begins with is no secret.
const BEGINNINGS: [&str; 4] = ["ghp_", "github_pat_", "glpat-", "ATATT3xFfGF0"];

/// The pieces of some tokens, in every form in which they travel.
pub struct Pieces(HashSet<Vec<u8>>);

impl Pieces {
    pub fn of<'t>(tokens: impl IntoIterator<Item = &'t String>) -> Self {
        let mut pieces = HashSet::new();
        for token in tokens {
            let secret = BEGINNINGS.iter().find_map(|begin| token.strip_prefix(begin)).unwrap_or(token);
            let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            let mut forms = vec![secret.to_owned(), encoded];
            for before in 0..3 {
                let whole = format!("{}{secret}", &"uuu"[..before]);
                let blob = base64::engine::general_purpose::STANDARD.encode(&whole);
                // The first group depends on what stands before, the last one on what comes after.
                forms.push(blob[4..blob.len() - 4].to_owned());
            }
            for form in forms {
                pieces.extend(form.as_bytes().windows(PIECE).map(<[u8]>::to_vec));
            }
        }
        assert!(!pieces.is_empty());
        Self(pieces)
    }

    pub fn find<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        bytes.windows(PIECE).find(|window| self.0.contains(*window))
    }

    /// Nothing of them is in what a run said and left, except below `declared`.
    pub fn are_not_in(&self, what: &str, done: &Output, home: &Home, declared: &[&Path]) {
        for (stream, bytes) in [("stdout", &done.stdout), ("stderr", &done.stderr)] {
            let text = String::from_utf8_lossy(bytes);
            assert!(self.find(bytes).is_none(), "{what}: {stream} has a piece of a token\n{text}");
            assert!(!text.contains("panicked") && !text.contains("broke down"), "{what}: {text}");
        }
        assert!(done.status.code().is_some_and(|code| code < 5), "{what}: {}", done.status);
        for (path, bytes) in files(home.dir.path()) {
            if !declared.iter().any(|one| path.starts_with(one)) {
                let text = String::from_utf8_lossy(&bytes);
                assert!(self.find(&bytes).is_none(), "{what}: {} has a piece\n{text}", path.display());
            }
        }
    }
}

pub fn talkative(home: &Home) -> Command {
    let mut command = home.program();
    command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
    command
}

pub fn tokens_of(served: &Served) -> Vec<String> {
    let all = files(&served.data.join("tokens"));
    all.into_iter().map(|(_, bytes)| String::from_utf8(bytes).unwrap().trim().to_owned()).collect()
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let token = "ghp_abcDEF0123456789abcDEF0123456789abcd".to_owned();
    let odd = "glpat-ab/cd+ef=gh/ij+kl".to_owned();
    let pieces = Pieces::of([&token, &odd]);
    let found = |text: &str| pieces.find(text.as_bytes()).is_some();
    assert!(found(&format!("x{}y", &token[10..18])) && found(&format!("x{}y", &odd[8..16])));
    assert!(found("ab%2Fcd%2Bef"));
    for user in ["", "o", "me", "octocat", "x-access-token"] {
        let blob = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{token}"));
        assert!(found(&blob) && found(&blob[blob.len() - 24..]), "{user}");
    }
    assert!(!found("ghp_ github_pat_ glpat- and nothing else of them: abcDEF0 123"));
}

/// All platforms of the sample answers of one scenario, with each way to report and to log.
fn play(scenario: &str) -> u32 {
    let world = Home::new();
    let served = Served::start(&world, scenario);
    let pieces = Pieces::of(&tokens_of(&served));
    let mut played = 0;
    let samples = served.announcement["answers"].as_array().unwrap().clone();
    for sample in &samples {
        for (format, log) in [("text", "-v"), ("json", "-v"), ("text", "--log=log"), ("json", "--log=log")] {
            if ["slow", "down", "rate-limited", "server-error"].contains(&scenario) && played > 0 {
                break;
            }
            let home = Home::new();
            let text = fs::read_to_string(sample["file"].as_str().unwrap()).unwrap();
            let text = text.replace("../tokens", served.data.join("tokens").to_str().unwrap());
            let rests = home.path("rests/token");
            // Beside a key no token is kept.
            let by_key = text.contains("[ssh]");
            let store = format!("\n[store]\nkind = \"file\"\npath = \"{}\"\n", rests.display());
            let answers = if by_key { text } else { text + &store };
            let answers = home.write("a.toml", &answers);
            let mut command = talkative(&home);
            command.args(["setup", "--format", format, log, "--accept-failures", "--save-answers", "saved.toml"]);
            let done = command.arg("--answers").arg(answers).output().unwrap();
            let what = format!("{scenario}, {}, {format}, {log}", sample["platform"]);
            pieces.are_not_in(&what, &done, &home, &[&home.path("rests")]);
            if done.status.code() == Some(0) && !by_key {
                let kept = fs::read(&rests)
                    .unwrap_or_else(|error| panic!("{what}: {error}\n{}", String::from_utf8_lossy(&done.stdout)));
                assert!(pieces.find(&kept).is_some(), "{what}: it would have been found");
                let done = talkative(&home).args(["check", "--format", format, log]).output().unwrap();
                pieces.are_not_in(&format!("{what}, check"), &done, &home, &[&home.path("rests")]);
            }
            played += 1;
        }
    }
    let requests = fs::read(served.data.join("requests.log")).unwrap_or_default();
    assert!(pieces.find(&requests).is_none(), "{scenario}: requests.log");
    played
}

#[test]
fn no_scenario_on_any_platform_shows_a_token() {
    let world = Home::new();
    let listed = world.run(&["sandbox", "--list", "--format", "json"]).expect(0).json();
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect();
    let (one, other) = names.split_at(names.len() / 2);
    let played: u32 = std::thread::scope(|scope| {
        let runs = [one, other].map(|half| scope.spawn(move || half.iter().map(|name| play(name)).sum::<u32>()));
        runs.into_iter().map(|run| run.join().unwrap()).sum()
    });
    println!("{} scenarios, {played} set-ups, each searched", names.len());
    assert!(played > 40, "{played}");
}

#[test]
fn a_run_that_plays_its_own_sandbox_shows_no_token() {
    for format in ["text", "json"] {
        let home = Home::new();
        let done = talkative(&home).args(["setup", "--sandbox", "-v", "--format", format]).output().unwrap();
        let (tokens, places): (Vec<_>, Vec<_>) = files(&home.path("tmp"))
            .into_iter()
            .filter(|(path, _)| path.parent().unwrap().ends_with("sandbox/tokens"))
            .map(|(path, bytes)| (String::from_utf8(bytes).unwrap().trim().to_owned(), path))
            .unzip();
        let throw_away = places[0].ancestors().nth(3).unwrap();
        let declared = ["sandbox/tokens", "keyring"].map(|name| throw_away.join(name));
        Pieces::of(&tokens).are_not_in(format, &done, &home, &declared.each_ref().map(PathBuf::as_path));
        assert_eq!(done.status.code(), Some(0));
    }
}

/// Answers files with `%` where a token was put by mistake.
const MISTAKES: &[&str] = &[
    "name = \"%\"",
    "platform = \"%\"",
    "provider = \"%\"",
    "host = \"%\"",
    "host = \"https://%\"",
    "host = \"https://octocat:%@127.0.0.1:9\"",
    "host = \"http://127.0.0.1:9/%\"",
    "api_url = \"http://127.0.0.1:9/?access_token=%\"",
    "owner = \"%\"",
    "owner = \"acme/%\"",
    "project = \"%\"",
    "username = \"%\"",
    "email = \"%\"",
    "email = \"%@acme.example\"",
    "ca_file = \"%\"",
    "client_cert = \"%\"",
    "version = \"%\"",
    "% = 1",
    "\"%\" = \"%\"",
    "token = \"%\"",
    "tokn = \"%\"",
    "%",
    "owner = \"%",
    "owner = %",
    "owner = [\"%\"]",
    "[token]\nvalue = \"%\"",
    "[token]\nenv = \"%\"",
    "[token]\nfile = \"%\"",
    "[token]\ncommand = [\"%\"]",
    "[token]\ncommand = [\"echo\", \"%\", \"%\"]",
    "[token]\ncommand = \"echo %\"",
    "[token]\nkind = \"%\"",
    "[token]\nexpires = \"%\"",
    "[token]\nstdin = \"%\"",
    "[token.%]\nenv = \"A\"",
    "[%]\nenv = \"A\"",
    "[repository]\nname = \"%\"",
    "[repository]\nname = \"gitops\"\nbranch = \"%\"",
    "[repository]\nname = \"gitops\"\ncreate = \"%\"",
    "[repository]\nname = \"gitops\"\nvisibility = \"%\"",
    "[store]\nkind = \"%\"",
    "[store]\nkind = \"file\"\npath = \"%\"",
    "[store]\nkind = \"env\"\nenv = \"%\"",
    "[handover]\nproject = \"%\"",
    "[handover]\n% = \"sockshop\"",
    "[ssh]\npublic_key = \"%\"",
];

fn with_mistake(mistake: &str, token: &str) -> String {
    let mistake = mistake.replace('%', token);
    let key = mistake.split(" =").next().unwrap_or_default();
    let mut text = String::new();
    let keys = [
        ("version", "1"),
        ("platform", "\"keptn\""),
        ("provider", "\"github\""),
        ("host", "\"http://127.0.0.1:9\""),
        ("owner", "\"acme\""),
    ];
    for (name, value) in keys.iter().filter(|(name, _)| *name != key) {
        let part = format!("{name} = {value}\n");
        text.push_str(&part);
    }
    text.push_str(&mistake);
    for (table, body) in [
        ("[repository]", "name = \"gitops\"\ncreate = true"),
        ("[token]", "file = \"real\""),
        ("[store]", "kind = \"file\"\npath = \"rests/token\""),
    ] {
        if !mistake.starts_with(table) && !mistake.starts_with("token =") {
            let part = format!("\n{table}\n{body}");
            text.push_str(&part);
        }
    }
    text + "\n"
}

#[test]
fn a_token_in_the_wrong_place_is_not_repeated() {
    let tokens = [
        "ghp_k3J9xQ2mZ7vT4wB8nR5yL1cH6dF0sA2pG9uE",
        "github_pat_11K7Q2M9A0xT4wB8nR5yLc_H6dF0sA2pG9uEk3J9xQ2mZ7vT4wB8nR5yL1cH6dF0sA2pG9uEk3J9xQ2m",
        "glpat-k3J9xQ2mZ7vT4wB8nR5y",
        "ATATT3xFfGF0k3J9xQ2mZ7vT4wB8nR5yL1cH6dF0sA2pG9uEk3J9xQ2mZ7vT4wB8nR5yL1cH6dF0sA2pG9uEk3J9xQ2m=1A2B3C4D",
    ];
    let mut leaks = Vec::new();
    let mut played = 0;
    for token in tokens {
        let token = token.to_owned();
        let pieces = Pieces::of([&token]);
        for (number, mistake) in MISTAKES.iter().enumerate() {
            let home = Home::new();
            home.write("given/real", "ghp_0000000000000000000000000000000000000\n");
            let answers = home.write("given/a.toml", &with_mistake(mistake, &token));
            let mut command = talkative(&home);
            command.args(["setup", "--save-answers", "saved.toml", "--answers"]).arg(answers);
            command.args([["-v", "--format=json"], ["--log=log", "--format=text"]][number % 2]);
            let done = command.output().unwrap();
            let what = format!("{mistake:?} with {}", &token[..6]);
            let home = &home;
            let searched = || pieces.are_not_in(&what, &done, home, &[&home.path("given")]);
            if std::panic::catch_unwind(std::panic::AssertUnwindSafe(searched)).is_err() {
                leaks.push(what);
            }
            played += 1;
        }
        for flag in ["--owner", "--host", "--platform", "--provider", "--repository", "--username", "--project"] {
            let home = Home::new();
            let done = talkative(&home).args(["setup", flag, &token]).output().unwrap();
            let shown = pieces.find(&done.stdout).or(pieces.find(&done.stderr)).is_some();
            if shown {
                leaks.push(format!("{flag} with {}", &token[..6]));
            }
            played += 1;
        }
    }
    println!("{played} mistakes");
    assert!(leaks.is_empty(), "{} of {played} leak:\n{}", leaks.len(), leaks.join("\n"));
}

#[test]
fn no_source_and_no_failing_store_shows_the_token() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let token = served.token("keptn");
    let pieces = Pieces::of([&token]);
    let file = served.token_file("keptn");
    let sources = [
        "env = \"MY_TOKEN\"".to_owned(),
        format!("file = \"{}\"", file.display()),
        format!("command = [\"cat\", \"{}\"]", file.display()),
        "stdin = true".to_owned(),
        // What it prints is more than a token.
        format!("command = [\"cat\", \"{0}\", \"{0}\"]", file.display()),
        format!("command = [\"sh\", \"-c\", \"cat '{0}' >&2; cat '{0}'; exit 3\"]", file.display()),
    ];
    let stores = [
        "kind = \"file\"\npath = \"rests/token\"",
        "kind = \"file\"\npath = \"/proc/nowhere/token\"",
        "kind = \"file\"\npath = \"occupied\"",
        "kind = \"file\"\npath = \"tmp\"",
        "kind = \"keyring\"",
        "kind = \"git-credential\"",
        "kind = \"env\"\nenv = \"MY_TOKEN\"",
        "kind = \"env\"\nenv = \"ANOTHER\"",
        "kind = \"command\"\ncommand = [\"false\"]",
        "",
    ];
    let mut codes = std::collections::BTreeMap::<_, u32>::new();
    for source in &sources {
        for (number, store) in stores.iter().enumerate() {
            let home = Home::new();
            home.write("occupied", "my diary\nsecond line\n");
            let store = if store.is_empty() { String::new() } else { format!("[store]\n{store}\n") };
            let text = format!(
                "version = 1\nplatform = \"keptn\"\nprovider = \"github\"\nhost = \"{}\"\nowner = \"acme\"\n\
                 [repository]\nname = \"gitops\"\ncreate = true\n[token]\n{source}\n{store}",
                served.host()
            );
            home.write("a.toml", &text);
            let mut command = talkative(&home);
            command.args(["setup", "--answers", "a.toml", "--save-answers", "saved.toml"]);
            command.args([["-v", "--format=json"], ["--log=log", "--format=text"]][number % 2]);
            command.env("MY_TOKEN", &token).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            // It may not be the source that is read.
            let _ = writeln!(child.stdin.take().unwrap(), "{token}");
            let done = child.wait_with_output().unwrap();
            pieces.are_not_in(&format!("{source}, {store}"), &done, &home, &[&home.path("rests")]);
            *codes.entry(done.status.code()).or_default() += 1;
        }
    }
    println!("exit codes: {codes:?}");
    assert!(codes.contains_key(&Some(0)) && codes.contains_key(&Some(4)), "{codes:?}");
}
