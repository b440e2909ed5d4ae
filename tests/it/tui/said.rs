//! Whatever a server says, on every page, line by line and in a report: what leaves the program is text, and the few
//! sequences that drawing takes.
//!
//! Between the program and the sandbox stands a front that passes everything on and changes the words in it: 300 texts
//! that move a cursor, ring a bell, reorder a line, hide a word or have no end take turns in every string of every answer.
#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Write as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex, mpsc};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use git_access::answers::Answers;
use git_access::disk::Paths;
use git_access::platform::built_in;
use git_access::provider::{Host, Provider};
use git_access::secret::Redaction;
use git_access::store::Stores;
use git_access::tui::widgets::link;
use git_access::tui::{Circumstances, SetUp};
use git_access::wizard::{Purpose, Settings, Step, Wizard};
use git_access::world::World;
use ratatui::backend::{Backend as _, CrosstermBackend};
use serde_json::Value;

use super::player::{Player, run};
use super::strict;
use crate::program::{Home, Run, Served};

/// How many frames are looked at on one way.
const FRAMES: usize = 32;

/// What of an answer is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Nothing: the way to the end is open.
    Nothing,
    /// What people have written and what a date says; names stay, so that the way stays open.
    Words,
    /// Every string of every list.
    Lists,
    Everything,
    /// Refused, with a reason.
    Refused,
    /// Another server: a page with a title.
    Page,
    Headers,
}

const MODES: [Mode; 6] = [Mode::Words, Mode::Lists, Mode::Everything, Mode::Refused, Mode::Page, Mode::Headers];

/// What programs compare or follow: changed, it ends the way before it has begun.
const NAMES: [&str; 20] = [
    "login",
    "name",
    "username",
    "slug",
    "full_name",
    "path",
    "full_path",
    "web_url",
    "type",
    "kind",
    "state",
    "role",
    "permission",
    "visibility",
    "id",
    "uuid",
    "key",
    "nickname",
    "workspace",
    "access_level",
];

pub fn attacks() -> Vec<String> {
    let mut single: Vec<String> = (0..0x20_u8).chain([0x7f]).map(|byte| char::from(byte).to_string()).collect();
    single.extend((0x80..0xa0_u8).map(|byte| char::from(byte).to_string()));
    let letters = "\u{ad}\u{61c}\u{180e}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2060}\u{2061}\u{2066}\u{2067}\u{2068}\u{2069}\u{206a}\u{206f}\u{3164}\u{feff}\u{fff9}\u{fffb}\u{115f}\u{e0001}\u{e0041}\u{e007f}";
    single.extend(letters.chars().map(String::from));
    let whole = [
        "\x1b[2J",
        "\x1b[1;1H",
        "\x1b[31m",
        "\x1b[?1049l",
        "\x1b[?2004l",
        "\x1b[?25l",
        "\x1b[?1003h",
        "\x1b[>31u",
        "\x1b[6n",
        "\x1b[201~",
        "\x1b[3J",
        "\x1b[5i",
        "\x1b[1@",
        "\x1b[2;3r",
        "\x1b[?5h",
        "\x1b[21t",
        "\x1bc",
        "\x1b7",
        "\x1b8",
        "\x1b#8",
        "\x1b(0",
        "\x1b=",
        "\x1bM",
        "\x1b]0;title\x07",
        "\x1b]2;title\x1b\\",
        "\x1b]8;;https://evil.example\x1b\\",
        "\x1b]52;c;Z2hw\x07",
        "\x1b]10;?\x07",
        "\x1b]1337;File=:\x07",
        "\x1b]9;done\x07",
        "\x1b]777;notify\x1b\\",
        "\x1bP1$r0m\x1b\\",
        "\x1bP+q544e\x1b\\",
        "\x1b_Gf=24\x1b\\",
        "\x1b^x\x1b\\",
        "\x1bX\x1b\\",
        "\u{9b}2J",
        "\u{9d}0;x\u{9c}",
        "\u{90}q\u{9c}",
        "\u{9f}G\u{9c}",
        "\r\n\x1b[A",
        "\x08\x08\x08",
        "\x0e",
        "\x1b[",
        "\x1b]",
        "\x1b",
        "a\u{301}\u{301}\u{301}",
        "\u{1f468}\u{200d}\u{1f469}",
        "\u{1f3f4}\u{e0067}\u{e007f}",
        "\u{5d0}\u{5d1}",
        "e\u{20dd}\u{20dd}\u{20dd}",
        "https://a\x1b[m",
    ];
    single.extend(whole.map(str::to_owned));
    let mut all = Vec::new();
    for attack in &single {
        all.push(format!("{attack}tail"));
        all.push(format!("before {attack} after {attack}"));
        all.push(format!("https://evil.example/{attack}"));
    }
    all.push(format!("a{}", "\u{301}".repeat(100_000)));
    all.push("w".repeat(100_000));
    all.push("\u{6f22}".repeat(50_000));
    all.push(format!("\x1b[{}m", "9;".repeat(50_000)));
    all
}

/// The front: what it changes, and what of the attacks has gone out.
struct Front {
    mode: Mutex<Mode>,
    upstream: String,
    attacks: Vec<String>,
    next: Mutex<usize>,
    placed: Mutex<BTreeSet<usize>>,
    client: reqwest::Client,
}

impl Front {
    /// A front before `upstream`, for as long as the tests run; and its address.
    fn open(upstream: String) -> (Arc<Self>, String) {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        let front = Arc::new(Self {
            mode: Mutex::new(Mode::Nothing),
            upstream,
            attacks: attacks(),
            next: Mutex::default(),
            placed: Mutex::default(),
            client,
        });
        let (tell, told) = mpsc::channel();
        let state = Arc::clone(&front);
        std::thread::spawn(move || {
            run(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(format!("http://{}", listener.local_addr().unwrap())).unwrap();
                let router = axum::Router::new().fallback(pass).with_state(state);
                axum::serve(listener, router).await.unwrap();
            });
        });
        (front, told.recv().unwrap())
    }

    fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }

    fn attack(&self) -> &str {
        let mut next = self.next.lock().unwrap();
        let at = *next % self.attacks.len();
        *next += 1;
        self.placed.lock().unwrap().insert(at);
        &self.attacks[at]
    }

    /// Changes the strings of an answer.
    fn change(&self, value: &mut Value, key: &str, mode: Mode, in_list: bool) {
        match value {
            Value::String(text) => {
                let is_name = NAMES.contains(&key) || key.ends_with("url") || key.ends_with("href");
                let changes = match mode {
                    Mode::Words => !is_name && key != "default_branch",
                    Mode::Lists => in_list,
                    Mode::Everything => true,
                    _ => false,
                };
                if changes {
                    self.attack().clone_into(text);
                }
            }
            Value::Array(rows) => rows.iter_mut().for_each(|row| self.change(row, key, mode, true)),
            Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| self.change(value, key, mode, in_list)),
            _ => {}
        }
    }

    fn json(status: StatusCode, value: &Value) -> Response {
        let body = Body::from(value.to_string());
        Response::builder().status(status).header(header::CONTENT_TYPE, "application/json").body(body).unwrap()
    }

    fn refusal(&self) -> Response {
        let statuses = [400, 401, 403, 404, 409, 422, 429, 500, 503];
        let status = StatusCode::from_u16(statuses[*self.next.lock().unwrap() % statuses.len()]).unwrap();
        let said = || Value::from(self.attack());
        let value = serde_json::json!({
            "message": said(), "error": said(), "error_description": said(), "documentation_url": said(),
            "errors": [{"message": said(), "code": said(), "exceptionName": said()}], "scopes": [said()],
        });
        Self::json(status, &value)
    }

    fn page(&self) -> Response {
        let page = format!("<html><head><title>{}</title></head><body>{}</body></html>", self.attack(), self.attack());
        Response::builder().header(header::CONTENT_TYPE, "text/html").body(Body::from(page)).unwrap()
    }

    /// Puts into the headers what may stand in one: no control character but the tab.
    fn dress(&self, response: &mut Response) {
        let names = [
            "github-authentication-token-expiration",
            "x-oauth-scopes",
            "x-github-sso",
            "x-github-request-id",
            "server",
            "x-ratelimit-reset",
            "retry-after",
            "location",
            "www-authenticate",
            "x-github-enterprise-version",
            "date",
        ];
        for name in names {
            let said: Vec<u8> =
                self.attack().bytes().filter(|byte| *byte >= 0x20 && *byte != 0x7f).take(2000).collect();
            if let Ok(value) = HeaderValue::from_bytes(&said) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
    }
}

async fn pass(State(front): State<Arc<Front>>, request: Request) -> Response {
    let mode = *front.mode.lock().unwrap();
    match mode {
        Mode::Refused => return front.refusal(),
        Mode::Page => return front.page(),
        _ => {}
    }
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 24).await.unwrap_or_default();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let asked = front.client.request(parts.method, format!("{}{target}", front.upstream)).headers(parts.headers);
    let Ok(answer) = asked.body(body).send().await else { return front.refusal() };
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.unwrap_or_default();
    let body = match serde_json::from_slice::<Value>(&body) {
        Ok(mut value) if mode != Mode::Nothing => {
            front.change(&mut value, "", mode, false);
            Bytes::from(value.to_string())
        }
        _ => body,
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    for (name, value) in &headers {
        let framing = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONTENT_ENCODING];
        if !framing.contains(name) {
            response.headers_mut().append(name, value.clone());
        }
    }
    if mode == Mode::Headers {
        front.dress(&mut response);
    }
    response
}

/// The wizard before a front.
fn scene(home: &Home, provider: Provider, host: &str) -> SetUp {
    let hosts = BTreeMap::from([(provider, Host::parse(host).unwrap())]);
    let stores = Stores::in_directory(home.path("keyring"));
    let world = World::new(None, stores, Paths::under(home.dir.path()), Redaction::default());
    let settings = Settings {
        dry_run: false,
        accept_failures: false,
        probes: true,
        offline: false,
        interactive: true,
        now: jiff::Timestamp::now(),
        fail_within: None,
    };
    let purpose = Purpose::Setup { held: None };
    let wizard = Wizard::new(purpose, settings, Arc::new(built_in()), Answers::default(), "0".repeat(32));
    SetUp::new(wizard, &Arc::new(world), Circumstances { hosts, ..Circumstances::default() })
}

/// The frame as the real backend sends it.
fn look(player: &mut Player, what: &str) {
    let buffer = player.stage.terminal().backend().buffer().clone();
    for cell in buffer.content() {
        assert!(!link::seen(cell.symbol()).chars().any(strict::is_hidden), "{what}: {:?}", cell.symbol());
        assert!(link::seen(cell.symbol()).chars().count() <= 12, "{what}: {:?}", cell.symbol());
    }
    let mut sent = Vec::new();
    let cells = (0..buffer.area.height)
        .flat_map(|y| (0..buffer.area.width).map(move |x| (x, y)))
        .map(|(x, y)| (x, y, &buffer[(x, y)]));
    CrosstermBackend::new(&mut sent).draw(cells).unwrap();
    if let Err(reason) = strict::read(&sent) {
        panic!("{what}: {reason}\n{}", super::player::text_of(&buffer));
    }
}

/// The keys that lead on from a page; what does not let one pass stays on the screen.
fn on(step: Step) -> &'static str {
    match step {
        Step::Open => "<down><enter><settle>",
        Step::Review => "a<settle>",
        // Where it has stopped there is one way.
        Step::Apply => "<ctrl-c>",
        Step::Done => "<down>c",
        _ => "<enter><settle>",
    }
}

/// A way through the pages of a forge, and what is typed on it.
struct Way<'w> {
    provider: Provider,
    host: &'w str,
    token: &'w str,
    /// How far below the first one the platform is.
    platform: usize,
    place: &'w [&'w str],
    repository: &'w [&'w str],
    /// From which page on the front says what it likes.
    from: Step,
}

impl Way<'_> {
    /// What is typed on the pages, in turn; then whatever leads on.
    fn script(&self) -> BTreeMap<Step, VecDeque<String>> {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<VecDeque<_>>();
        let below = "<down>".repeat(Provider::ALL.iter().position(|one| *one == self.provider).unwrap());
        let paste = format!("<paste:{}>", self.token);
        let mut script = BTreeMap::from([
            (Step::Platform, VecDeque::from([String::new(), format!("{}<enter>", "<down>".repeat(self.platform))])),
            (Step::Provider, VecDeque::from([format!("{below}<enter><settle>")])),
            (Step::Place, texts(self.place)),
            (Step::Repository, texts(self.repository)),
            (Step::Token, VecDeque::from([paste, "<enter><enter><settle>".to_owned()])),
        ]);
        if self.from != Step::Review {
            let about =
                ["<down>", "<down><down>", "<pagedown>", "<end>", "<home>", "?", "<esc>", "s", "<esc>", "R<settle>"];
            script.insert(Step::Checks, texts(&about));
        }
        script
    }
}

/// Goes as far as the way leads, looks at every frame, and gives the pages that were seen.
async fn walk(front: &Front, home: &Home, way: &Way<'_>, mode: Mode) -> Vec<Step> {
    let (mut scene, mut player) = (scene(home, way.provider, way.host), Player::new(80, 40));
    let (mut script, mut seen) = (way.script(), Vec::new());
    front.set(if way.from == Step::Platform { mode } else { Mode::Nothing });
    for _ in 0..FRAMES {
        let step = scene.wizard().step();
        if step == way.from {
            front.set(mode);
        }
        let scripted = script.get_mut(&step).and_then(VecDeque::pop_front);
        let keys = scripted.unwrap_or_else(|| on(step).to_owned());
        if player.press(&mut scene, &keys).await.is_some() {
            break;
        }
        let step = scene.wizard().step();
        seen.push(step);
        let what = format!(
            "{mode:?}, {}, {step:?} after {:?}",
            way.provider,
            if keys.contains("paste") { "paste" } else { &keys }
        );
        look(&mut player, &what);
    }
    seen
}

const FORGES: [(&str, &str); 3] =
    [("github", "devtron"), ("gitlab", "gitlab-devtron"), ("bitbucket", "bitbucket-devtron")];

/// The forges of Keptn: what is typed on the page for the place, and the repository that is made.
const FORGES_OF_KEPTN: [(&str, &str, &[&str]); 5] = [
    ("github", "keptn", &["acme<enter>"]),
    ("gitlab", "gitlab-keptn", &["acme<enter>"]),
    ("azure-devops", "azure-devtron", &["acme<enter>", "platform<enter>"]),
    ("gitea", "gitea-keptn", &["acme<enter>"]),
    ("bitbucket-dc", "bitbucket-dc-keptn", &["ACME<enter>"]),
];

#[test]
fn whatever_a_server_says_every_page_is_text() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let (mut pages, mut placed, mut frames) = (Vec::new(), BTreeSet::new(), 0);
    for (id, token) in FORGES {
        let provider = Provider::from_id(id).unwrap();
        let (front, host) = Front::open(served.host_of(id));
        let token = served.token(token);
        for mode in MODES {
            for place in [&["acme<enter>"], &["<enter>"]] {
                let way = Way {
                    provider,
                    host: &host,
                    token: &token,
                    platform: 1,
                    place,
                    repository: &[],
                    from: Step::Platform,
                };
                let seen = run(walk(&front, &Home::new(), &way, mode));
                frames += seen.len();
                pages.extend(seen);
            }
        }
        placed.append(&mut front.placed.lock().unwrap());
    }
    for step in Step::PATH.iter().filter(|step| **step != Step::Apply) {
        assert!(pages.contains(step), "{step:?} was never seen");
    }
    assert!(placed.len() >= 300, "{} texts were said", placed.len());
    println!("{} texts in {} modes at {} forges: {frames} frames", placed.len(), MODES.len(), FORGES.len());
}

#[test]
fn whatever_another_server_says_before_and_while_it_is_applied_every_page_is_text() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let (mut applied, mut done, mut frames) = (BTreeSet::new(), BTreeSet::new(), 0);
    for (id, token, place) in FORGES_OF_KEPTN {
        let provider = Provider::from_id(id).unwrap();
        let (front, host) = Front::open(served.host_of(id));
        let token = served.token(token);
        for (number, mode) in MODES.into_iter().enumerate() {
            for from in [Step::Platform, Step::Review] {
                // The first ones of each pair are seen by the test before.
                if from == Step::Platform && ["github", "gitlab"].contains(&id) {
                    continue;
                }
                let made = format!("made{number}<enter>");
                let repository: &[&str] =
                    if from == Step::Review { &[&made, "<up><enter>", "<enter>"] } else { &["blank<enter>"] };
                let way = Way { provider, host: &host, token: &token, platform: 0, place, repository, from };
                let seen = run(walk(&front, &Home::new(), &way, mode));
                frames += seen.len();
                assert!(from != Step::Review || seen.contains(&Step::Review), "{id}, {mode:?}: {seen:?}");
                applied.extend(seen.contains(&Step::Apply).then_some((id, number)));
                done.extend(seen.contains(&Step::Done).then_some((id, number)));
            }
        }
    }
    // A refusal stops it, and words alone do not.
    for (id, ..) in FORGES_OF_KEPTN {
        assert!(applied.iter().any(|(one, _)| *one == id), "{id}: the page was never seen: {applied:?}");
        assert!(done.iter().any(|(one, _)| *one == id), "{id}: the end was never seen: {done:?}");
    }
    println!("{} stops and {} ends in {frames} frames", applied.len(), done.len());
}

/// Runs a program to its end, with lines on its standard input.
fn told(command: &mut std::process::Command, lines: &str) -> Run {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It may have ended before it has read everything.
    drop(child.stdin.take().unwrap().write_all(lines.as_bytes()));
    let done = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    Run { code: done.status.code().unwrap_or(-1), stdout: text(&done.stdout), stderr: text(&done.stderr) }
}

#[test]
fn whatever_a_server_says_lines_and_reports_are_text() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let (mut placed, mut runs) = (BTreeSet::new(), 0);
    let mut is_text = |what: &str, run: Run| {
        runs += 1;
        assert!(run.code < 5 || run.code == 130, "{what}: {} {}", run.code, run.stderr);
        for stream in [&run.stdout, &run.stderr] {
            let written = strict::read(stream.as_bytes()).unwrap_or_else(|reason| panic!("{what}: {reason}\n{stream}"));
            assert!(written.sequences.is_empty(), "{what}: {:?}", written.sequences);
        }
    };
    let blank = "[repository]\nname = \"blank\"\n";
    let of_keptn = [
        ("azure-devops", "azure-keptn", "acme", "project = \"platform\"\n[repository]\nname = \"platform\"\n"),
        ("gitea", "gitea-keptn", "acme", blank),
        ("bitbucket-dc", "bitbucket-dc-keptn", "ACME", blank),
    ]
    .map(|(id, token, owner, more)| (id, token, "keptn", owner, more));
    let more = |id| if id == "bitbucket" { "email = \"octocat@acme.example\"\n" } else { "" };
    let all = FORGES.into_iter().map(|(id, token)| (id, token, "devtron", "acme", more(id))).chain(of_keptn);
    for (id, token, platform, owner, more) in all {
        let (front, host) = Front::open(served.host_of(id));
        for mode in MODES {
            front.set(mode);
            let home = Home::new();
            let answers = served.answers_for(&home, platform, (id, owner), token, more);
            let text = std::fs::read_to_string(&answers).unwrap().replace(&served.host_of(id), &host);
            std::fs::write(&answers, text).unwrap();
            for format in ["text", "json"] {
                let mut command = home.program();
                command.args(["setup", "-v", "--format", format, "--answers"]).arg(&answers);
                is_text(&format!("{mode:?}, {id}, {format}"), told(&mut command, ""));
            }
            // What can be saved is saved while the front says nothing of its own, and looked at while it does.
            front.set(Mode::Nothing);
            let home = Home::new();
            let saved = home.run(&["setup", "--accept-failures", "--answers", answers.to_str().unwrap()]);
            assert_eq!(saved.code, 0, "{id}: {}{}", saved.stdout, saved.stderr);
            front.set(mode);
            let config = home.config_text();
            let (_, name) = config.split_once("[connections.").unwrap();
            let name = name.split_once(']').unwrap().0;
            for arguments in [&["check", "-v"][..], &["list"], &["show", name]] {
                is_text(&format!("{mode:?}, {id}, {arguments:?}"), told(home.program().args(arguments), ""));
            }
            // The owner is chosen from a list; then whatever is asked is answered with Enter until the lines end.
            let token = served.token(token);
            let lines = if platform == "devtron" {
                format!("2\n\n\n\n\n\n{token}\n\n1\n1\n\n\n\n\nq\ny\n")
            } else {
                format!("1\n\n\n{owner}\n\n\n\n\n{token}\n\n1\n1\n\n\n\n\nq\ny\n")
            };
            let mut command = home.program();
            command.args(["setup", "--plain", "--provider", id, "--host", &host]);
            is_text(&format!("{mode:?}, {id}, plain"), told(&mut command, &lines));
        }
        placed.append(&mut front.placed.lock().unwrap());
    }
    assert!(placed.len() >= 300, "{} texts were said", placed.len());
    println!("{} texts in {runs} runs", placed.len());
}
