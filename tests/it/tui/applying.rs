//! Left in the middle of a change: while the review is carried out, while a token is replaced, while a connection of the
//! list is checked, and when everything is done. The terminal is as it was, what is there by then is told and remembered,
//! and the next run takes it over.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use rustix::process::Signal;
use serde_json::{Value, json};

use super::endings::go_through;
use super::leaving::names;
use super::player::run;
use super::seat::{PATIENCE, Seat};
use crate::interrupts::ended_by;
use crate::program::{Home, Served};

/// Which requests get no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Nothing,
    /// Not even passed on.
    Posts,
    /// Passed on, and done there.
    AnswersToPosts,
    Everything,
}

/// A front before a sandbox that keeps back what is to stay without an answer.
struct Gate {
    upstream: String,
    holds: Mutex<Holds>,
    held: AtomicUsize,
    client: reqwest::Client,
}

impl Gate {
    /// Its address is `host`.
    fn open(upstream: String) -> (Arc<Self>, String) {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        let gate = Arc::new(Self { upstream, holds: Mutex::new(Holds::Nothing), held: AtomicUsize::new(0), client });
        let (tell, told) = mpsc::channel();
        let state = Arc::clone(&gate);
        std::thread::spawn(move || {
            run(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(format!("http://{}", listener.local_addr().unwrap())).unwrap();
                axum::serve(listener, axum::Router::new().fallback(pass).with_state(state)).await.unwrap();
            });
        });
        (gate, told.recv().unwrap())
    }

    fn set(&self, holds: Holds) {
        *self.holds.lock().unwrap() = holds;
    }

    fn holds_one(&self, seat: &Seat) {
        seat.until(|| self.held.load(Ordering::Relaxed) > 0, "a request that is kept back");
    }
}

async fn kept_back(gate: &Gate) -> Response {
    gate.held.fetch_add(1, Ordering::Relaxed);
    std::future::pending().await
}

async fn pass(State(gate): State<Arc<Gate>>, request: Request) -> Response {
    let holds = *gate.holds.lock().unwrap();
    let (parts, body) = request.into_parts();
    // Git reads with a POST, too.
    let changes = parts.method == "POST" && !parts.uri.path().ends_with("/git-upload-pack");
    if holds == Holds::Everything || (changes && holds == Holds::Posts) {
        return kept_back(&gate).await;
    }
    let body = axum::body::to_bytes(body, 1 << 24).await.unwrap();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let asked = gate.client.request(parts.method, format!("{}{target}", gate.upstream)).headers(parts.headers);
    let answer = asked.body(body).send().await.unwrap();
    if changes && holds == Holds::AnswersToPosts {
        return kept_back(&gate).await;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answer.status();
    for (name, value) in answer.headers().iter().filter(|(name, _)| *name != "transfer-encoding") {
        response.headers_mut().append(name, value.clone());
    }
    *response.body_mut() = Body::from(answer.bytes().await.unwrap());
    response
}

/// The pages of Keptn on GitHub with a repository that is to be made, up to the review; `REST` is where the token rests.
const PAGES: [(&str, &str); 14] = [
    ("Who will use the access?", "\r"),
    ("Where are the repositories?", "\r"),
    ("Whose repositories?", "acme\r"),
    ("Which repository?", "half\r"),
    ("▌Create it", "\x1b[A\r"),
    ("▌Visible to", "\r"),
    ("How does it sign in?", "\r"),
    ("Make it at GitHub", "\rTOKEN"),
    ("personal access token (classic)", "\r"),
    ("▌Ends on", "\r"),
    ("Nothing stands in the way", "\r"),
    ("Where is the token kept?", "REST"),
    ("▌Path", "SECRET\r"),
    ("Is everything right?", ""),
];
const IN_A_FILE: &str = "\x1b[B\x1b[B\r";
const WITH_GIT: &str = "\x1b[B\r";

/// At the review.
fn at_the_review(home: Home, host: &str, served: &Served, rest: &str) -> Seat {
    let mut seat = Seat::in_home(home, &["setup", "--provider", "github", "--host", host]);
    let secret = seat.home.path("secret").display().to_string();
    for (seen, keys) in PAGES.iter().filter(|(seen, _)| rest == IN_A_FILE || *seen != "▌Path") {
        seat.see(seen);
        let keys = keys.replace("TOKEN", &served.token("keptn")).replace("REST", rest).replace("SECRET", &secret);
        seat.type_in(&keys);
    }
    seat
}

/// Consent to the list is consent to the mode.
#[test]
fn the_review_says_that_saving_mends_the_mode_of_the_config() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let home = Home::new();
    let config = home.write("config/git-access/config.toml", "version = 1\n");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(&config, fs::Permissions::from_mode(0o644)).unwrap();
    let mut seat = at_the_review(home, &served.host(), &served, IN_A_FILE);
    seat.see("becomes 0600");
    assert_eq!(mode(&config), 0o644);
    seat.type_in("a");
    seat.until(|| mode(&config) == 0o600, "the mode that was agreed to");
    seat.signal(Signal::TERM);
    seat.ends();
}

fn leave_by_ctrl_c(seat: &mut Seat) {
    seat.type_in("\x03");
    seat.see("Leave without saving?");
    seat.type_in("y");
    assert_eq!(seat.ends(), 130, "{}", seat.screen());
    assert_eq!(seat.left_to_read(), 0);
}

fn unfinished(home: &Home) -> Value {
    home.run(&["list", "--format", "json"]).expect(0).json()["unfinished"].clone()
}

fn made(served: &Served) -> usize {
    let is_made = |one: &&Value| {
        one["method"] == "POST" && one["status"] == 201 && one["path"].as_str().unwrap().ends_with("/repos")
    };
    served.requests().iter().filter(is_made).count()
}

fn answers(host: &str, served: &Served, store: &str) -> String {
    format!(
        "version = 1\nplatform = \"keptn\"\nprovider = \"github\"\nhost = \"{host}\"\nowner = \"acme\"\n\
         [repository]\nname = \"half\"\ncreate = true\n[token]\nfile = \"{}\"\n[store]\n{store}\n",
        served.token_file("keptn").display()
    )
}

/// The same connection from answers; afterwards nothing is left that nobody refers to.
fn the_next_run_takes_over(home: &Home, host: &str, served: &Served, store: &str) {
    home.write("next.toml", &answers(host, served, store));
    home.run(&["setup", "--answers", "next.toml"]).expect(0);
    assert_eq!(unfinished(home), json!([]));
    assert_eq!(made(served), 1, "the repository is there once");
    home.run(&["check"]).expect(0);
}

#[test]
fn ctrl_c_while_the_repository_is_made_tells_that_it_may_be_there() {
    for (holds, is_made) in [(Holds::Posts, 0), (Holds::AnswersToPosts, 1)] {
        let world = Home::new();
        let served = Served::start(&world, "ready");
        let (gate, host) = Gate::open(served.host());
        let home = Home::new();
        home.program();
        let mut seat = at_the_review(home, &host, &served, IN_A_FILE);
        let before = names(&seat.home);
        gate.set(holds);
        seat.type_in("a");
        gate.holds_one(&seat);
        seat.type_in("\x03");
        seat.see("What is done stays");
        // Not leaving is an answer, too.
        seat.type_in("\x1b");
        seat.until(|| !seat.screen().contains("Leave without saving?"), "the page again");
        leave_by_ctrl_c(&mut seat);
        assert_eq!(made(&served), is_made);
        let said = seat.strictly().text;
        assert!(said.contains("keptn-github-acme is not saved"), "{said}");
        assert!(said.contains("left behind: the new repository acme/half: perhaps"), "{said}");
        assert!(said.contains("git-access remove keptn-github-acme"), "{said}");
        let new: Vec<_> = names(&seat.home).difference(&before).cloned().collect();
        assert!(new.iter().all(|path| path.to_str().unwrap().contains("unfinished.json")), "{new:?}");
        let left = unfinished(&seat.home);
        assert_eq!(left[0]["name"], "keptn-github-acme");
        assert!(left[0]["left_behind"][0].as_str().unwrap().starts_with("the new repository acme/half: perhaps"));
        let store = format!("kind = \"file\"\npath = \"{}\"", seat.home.path("secret").display());
        gate.set(Holds::Nothing);
        the_next_run_takes_over(&seat.home, &host, &served, &store);
    }
}

#[test]
fn without_a_terminal_a_cancelled_run_tells_and_keeps_in_mind_the_same() {
    for (signal, code, format) in [(Signal::INT, 130, "json"), (Signal::TERM, 143, "text")] {
        let world = Home::new();
        let served = Served::start(&world, "ready");
        let (gate, host) = Gate::open(served.host());
        let home = Home::new();
        let secret = home.path("secret").display().to_string();
        let store = format!("kind = \"file\"\npath = \"{secret}\"");
        home.write("a.toml", &answers(&host, &served, &store));
        // An earlier file that cannot be read is told of all the same.
        home.write("wrong.toml", "version = 1\nplatform = \"nobody\"\n");
        gate.set(Holds::AnswersToPosts);
        let mut run = home.program();
        run.args(["setup", "--format", format, "--answers", "wrong.toml", "--answers", "a.toml"]);
        let mut child = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = Instant::now();
        while gate.held.load(Ordering::Relaxed) == 0 && child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < PATIENCE, "nothing was to be made");
            std::thread::sleep(Duration::from_millis(5));
        }
        let (status, _) = ended_by(&mut child, signal);
        let done = child.wait_with_output().unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(status.code(), Some(code), "{said}");
        assert_eq!(done.stdout, b"", "a report of half a run");
        assert!(said.contains("Cancelled; the connection keptn-github-acme is not saved."), "{said}");
        assert!(said.contains("left behind: the new repository acme/half: perhaps"), "{said}");
        assert!(said.contains("wrong.toml"), "{said}");
        assert_eq!(unfinished(&home)[0]["name"], "keptn-github-acme");
        assert!(!home.path("secret").exists());
        gate.set(Holds::Nothing);
        the_next_run_takes_over(&home, &host, &served, &store);
    }
}

/// A helper of git that keeps, and does not come back from this verb once there is a file `hold`.
fn hanging_helper(home: &Home, verb: &str) {
    let dir = home.dir.path().display();
    let body = format!(
        "#!/bin/sh\ninput=$(cat)\nprintf '%s\\n' \"$input\" | git credential-store --file {dir}/kept \"$1\"\n\
         if [ \"$1\" = {verb} ] && [ -e {dir}/hold ]; then\n\
         case \"$1 $input\" in erase*|*password=ghp_*) sleep 600 & echo $$ $! > {dir}/held.part; mv {dir}/held.part {dir}/held; wait;; esac\nfi\n"
    );
    let path = home.write("helper.sh", &body);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    home.write(".gitconfig", &format!("[credential]\n\thelper = {}\n", path.display()));
}

fn kept(home: &Home) -> usize {
    fs::read_to_string(home.path("kept")).unwrap_or_default().lines().count()
}

/// Whatever the helper had started is gone.
fn the_helper_ended(seat: &Seat) {
    let is_alive = |pid: &str| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        status.lines().any(|line| line.starts_with("State:") && !line.contains("Z (zombie)"))
    };
    for pid in fs::read_to_string(seat.home.path("held")).unwrap().split_whitespace() {
        seat.until(|| !is_alive(pid), "the end of the helper");
    }
    fs::remove_file(seat.home.path("hold")).unwrap();
    fs::remove_file(seat.home.path("held")).unwrap();
}

#[test]
fn ctrl_c_while_the_token_is_stored_leaves_nothing_that_the_next_run_does_not_know_of() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let home = Home::new();
    hanging_helper(&home, "store");
    let mut seat = at_the_review(home, &served.host(), &served, WITH_GIT);
    seat.home.write("hold", "");
    seat.type_in("a");
    seat.until(|| seat.home.path("held").exists(), "a helper that does not come back");
    leave_by_ctrl_c(&mut seat);
    the_helper_ended(&seat);
    let said = seat.strictly().text;
    assert!(said.contains("left behind: the new repository acme/half: keep it for the next try"), "{said}");
    assert!(said.contains("perhaps, for it was under way: write the token to the store"), "{said}");
    assert_eq!((made(&served), kept(&seat.home)), (1, 1));
    the_next_run_takes_over(&seat.home, &served.host(), &served, "kind = \"git-credential\"");
    assert_eq!(kept(&seat.home), 1, "the stray one is gone");
}

/// A connection of Keptn whose token is kept by git.
fn connected(home: &Home, served: &Served) {
    let text = format!(
        "version = 1\nname = \"k\"\nplatform = \"keptn\"\nprovider = \"github\"\nhost = \"{}\"\nowner = \"acme\"\n\
         [repository]\nname = \"half\"\ncreate = true\n[token]\nfile = \"{}\"\n[store]\nkind = \"git-credential\"\n",
        served.host(),
        served.token_file("keptn").display()
    );
    home.write("k.toml", &text);
    home.run(&["setup", "--answers", "k.toml"]).expect(0);
}

/// The pages of a rotation, up to its review.
const ROTATION: [(&str, &str); 6] = [
    ("The saved token stays", "\rTOKEN"),
    ("personal access token (classic)", "\r"),
    ("▌Ends on", "\r"),
    ("stands in the way", "\r"),
    ("Where is the token kept?", "\r"),
    ("Is everything right?", ""),
];

/// At the review of a rotation, with another token.
fn at_the_review_of_a_rotation(home: Home, served: &Served) -> Seat {
    let mut seat = Seat::in_home(home, &["rotate", "k"]);
    for (seen, keys) in ROTATION {
        seat.see(seen);
        seat.type_in(&keys.replace("TOKEN", &served.token("full")));
    }
    seat
}

#[test]
fn ctrl_c_on_every_page_of_a_rotation_leaves_the_old_token_in_use() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    for last in 0..ROTATION.len() {
        let home = Home::new();
        home.write(".gitconfig", "[credential]\n\thelper = store\n");
        connected(&home, &served);
        let before = (home.config_text(), fs::read_to_string(home.path(".git-credentials")).unwrap(), names(&home));
        let asked = served.requests().len();
        let mut seat = Seat::in_home(home, &["rotate", "k"]);
        for (seen, keys) in &ROTATION[..last] {
            seat.see(seen);
            seat.type_in(&keys.replace("TOKEN", &served.token("full")));
        }
        seat.see(ROTATION[last].0);
        seat.type_in("\x03");
        if last > 0 {
            seat.see("Leave without saving?");
            seat.type_in("y");
        }
        assert_eq!(seat.ends(), 130, "{}: {}", ROTATION[last].0, seat.screen());
        assert_eq!(seat.left_to_read(), 0);
        let kept = fs::read_to_string(seat.home.path(".git-credentials")).unwrap();
        let mut after = names(&seat.home);
        // Who may replace a secret is held in a file that stays.
        after.retain(|path| path.extension().is_none_or(|extension| extension != "lock"));
        let mut were = before.2;
        were.retain(|path| path.extension().is_none_or(|extension| extension != "lock"));
        assert_eq!((seat.home.config_text(), kept, after), (before.0, before.1, were), "{}", ROTATION[last].0);
        let new = served.requests().split_off(asked);
        let changed: Vec<_> = new.iter().filter(|one| !super::leaving::reads(one)).collect();
        assert!(changed.is_empty(), "{changed:#?}");
        seat.home.run(&["check", "k"]).expect(0);
    }
}

#[test]
fn ctrl_c_while_a_replaced_token_is_removed_says_that_the_new_one_is_saved() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    for (verb, is_saved) in [("erase", true), ("store", false)] {
        let home = Home::new();
        hanging_helper(&home, verb);
        connected(&home, &served);
        let mut seat = at_the_review_of_a_rotation(home, &served);
        seat.home.write("hold", "");
        seat.type_in("a");
        seat.until(|| seat.home.path("held").exists(), "a helper that does not come back");
        leave_by_ctrl_c(&mut seat);
        the_helper_ended(&seat);
        let said = seat.strictly().text;
        assert_eq!(said.contains("the connection k is saved."), is_saved, "{said}");
        assert_eq!(said.contains("Not finished: remove the token that was replaced"), is_saved, "{said}");
        assert_eq!(said.contains("the connection k is not saved."), !is_saved, "{said}");
        let generation = if is_saved { "generation = 2" } else { "generation = 1" };
        assert!(seat.home.config_text().contains(generation), "{}", seat.home.config_text());
        seat.home.run(&["check", "k"]).expect(0);
        // The next run finishes or undoes it: one secret is left.
        let answers = format!("version = 1\n[token]\nfile = \"{}\"\n", served.token_file("full").display());
        seat.home.write("rotate.toml", &answers);
        seat.home.run(&["rotate", "k", "--answers", "rotate.toml"]).expect(0);
        assert_eq!(kept(&seat.home), 1, "{verb}");
        seat.home.run(&["check", "k"]).expect(0);
    }
}

#[test]
fn ctrl_c_on_the_last_page_is_the_end_of_a_saved_connection() {
    let mut seat = Seat::take(&["setup", "--sandbox"]);
    go_through(&mut seat, |_| ());
    seat.type_in("\x03");
    assert_eq!(seat.ends(), 0, "{}", seat.screen());
    assert_eq!(seat.left_to_read(), 0);
    assert!(seat.strictly().text.contains("verdict: pass"), "{}", seat.screen());
}

#[test]
fn what_ends_the_list_while_a_connection_is_checked_ends_it_at_once() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let (gate, host) = Gate::open(served.host());
    let endings: [(&str, Option<Signal>, u32); 6] = [
        ("\x03", None, 130),
        ("q", None, 130),
        ("", Some(Signal::TERM), 143),
        ("", Some(Signal::HUP), 130),
        ("", Some(Signal::QUIT), 130),
        ("", Some(Signal::INT), 130),
    ];
    for (keys, signal, code) in endings {
        let home = Home::new();
        let secret = home.path("secret").display().to_string();
        let text = format!(
            "version = 1\nname = \"k\"\nplatform = \"devtron\"\nprovider = \"github\"\nhost = \"{host}\"\nowner = \"acme\"\n\
             [token]\nfile = \"{}\"\n[store]\nkind = \"file\"\npath = \"{secret}\"\n",
            served.token_file("devtron").display()
        );
        home.write("k.toml", &text);
        home.run(&["setup", "--answers", "k.toml"]).expect(0);
        let before = names(&home);
        let mut seat = Seat::in_home(home, &[]);
        seat.see("Connections");
        gate.held.store(0, Ordering::Relaxed);
        gate.set(Holds::Everything);
        seat.type_in("c");
        gate.holds_one(&seat);
        match signal {
            Some(signal) => seat.signal(signal),
            None => seat.type_in(keys),
        }
        assert_eq!(seat.ends(), code, "{keys:?} {signal:?}: {}", seat.screen());
        assert_eq!((seat.left_to_read(), names(&seat.home)), (0, before));
        gate.set(Holds::Nothing);
    }
    // Where nothing goes on, leaving the list cancels nothing.
    for keys in ["\x03", "q"] {
        let home = Home::new();
        served.answers(&home, "devtron", "devtron", "");
        home.run(&["setup", "--answers", "answers-devtron-devtron.toml"]).expect(0);
        let mut seat = Seat::in_home(home, &[]);
        seat.see("Connections");
        seat.type_in(keys);
        assert_eq!(seat.ends(), 0, "{keys:?}");
    }
}

#[test]
fn whatever_ends_the_plain_shell_while_it_applies_tells_what_is_there() {
    let endings: [(&str, Option<Signal>, u32); 5] = [
        ("\x03", None, 130),
        ("\x1c", None, 130),
        ("", Some(Signal::TERM), 143),
        ("", Some(Signal::HUP), 130),
        ("", Some(Signal::QUIT), 130),
    ];
    for (at, (keys, signal, code)) in endings.into_iter().enumerate() {
        let world = Home::new();
        let served = Served::start(&world, "ready");
        let (gate, host) = Gate::open(served.host());
        let mut seat = Seat::in_home(Home::new(), &["setup", "--plain", "--provider", "github", "--host", &host]);
        let secret = seat.home.path("secret").display().to_string();
        let mut seen = 0;
        for line in ["1", "", "", "acme", "half", "y", "", "", &served.token("keptn"), "", "1", "3", &secret] {
            seen = seat.reply(seen, line);
        }
        let end = seat.prompt(seen);
        gate.set(if at == 0 { Holds::AnswersToPosts } else { Holds::Posts });
        seat.type_in("y\n");
        gate.holds_one(&seat);
        match signal {
            Some(signal) => seat.signal(signal),
            None => seat.type_in(keys),
        }
        assert_eq!(seat.ends(), code, "{keys:?} {signal:?}: {}", seat.screen());
        assert_eq!(seat.left_to_read(), 0);
        let written = seat.strictly();
        assert!(written.sequences.is_empty(), "{written:?}");
        let said = String::from_utf8_lossy(&seat.bytes()[end..]).into_owned();
        assert!(said.contains("Cancelled; the connection keptn-github-acme is not saved."), "{said}");
        assert!(said.contains("left behind: the new repository acme/half: perhaps"), "{said}");
        assert_eq!(unfinished(&seat.home)[0]["name"], "keptn-github-acme");
        assert_eq!(made(&served), usize::from(at == 0));
    }
}
