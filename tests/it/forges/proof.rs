//! No green without proof: every question, answered in every wrong way, yields no value.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use git_access::fact::Fault;
use git_access::forge::{Forge, Limits};
use git_access::provider::Provider;

use super::broken::bomb;
use super::{ask, limits, with};
use crate::support::raw::{Raw, Seen, Step};

/// A wrong answer and its name.
pub type Wrong = (&'static str, Step);

/// A provider, as the matrix plays it.
pub struct Cast {
    pub provider: Provider,
    /// A connection of its own.
    pub open: fn(&Raw, Limits) -> Arc<dyn Forge>,
    pub ask: for<'a> fn(&'a dyn Forge, &'a str) -> BoxFuture<'a, Result<String, Fault>>,
    /// What is asked besides [`METHODS`].
    pub more: &'static [&'static str],
    /// What each method asks last, when all before it is as it should be.
    pub decisive: &'static [(&'static str, &'static str, &'static str)],
    /// The right answer to everything else.
    pub good: fn(&Seen) -> Step,
    /// Where the repository is, which does not exist before it is created: looking it up then proves nothing either.
    pub absent: (&'static str, fn() -> Step),
    pub answers: fn() -> Vec<Wrong>,
    /// Whether a value is no lie, although the answer was wrong.
    pub excused: fn(&Claim<'_>) -> bool,
    /// What must not be asked, whatever is answered.
    pub never: Option<&'static str>,
}

/// A value that a method gave although an answer was wrong.
pub struct Claim<'a> {
    pub method: &'a str,
    /// The decisive request that was answered wrongly; `None`: all were.
    pub path: Option<&'a str>,
    pub wrong: &'a str,
    pub value: &'a str,
}

impl Claim<'_> {
    /// The reason why something cannot be seen claims nothing.
    pub fn is_not_told(&self) -> bool {
        self.value.starts_with("NotTold")
    }
}

/// What every provider is asked.
const METHODS: [&str; 11] = [
    "server",
    "identity",
    "grants",
    "expiry",
    "owner",
    "owners",
    "repositories",
    "repository",
    "read",
    "write",
    "create",
];

static GITHUB: Cast = Cast {
    provider: Provider::GitHub,
    open: |server, limits| with(server, super::FINE_CANARY, limits),
    ask: |forge, method| Box::pin(ask(forge, method)),
    more: &[
        "pull_requests:read",
        "pull_requests:write",
        "repository_hooks:read",
        "repository_hooks:write",
        "administration:read",
        "administration:write",
        "members:read",
    ],
    decisive: &DECISIVE,
    good,
    absent: ("/repos/acme/gitops", || Step::json(404, super::NOT_FOUND)),
    answers: wrong_answers,
    excused: |claim| claim.is_not_told(),
    never: None,
};

/// The wrong answers to GitHub.
pub fn wrong_answers() -> Vec<Wrong> {
    wrong_answers_to("GitHub", super::USER, super::REPOSITORY)
}

/// The wrong answers to the forge of this `name`, whose own answers are not wrong, and which has such a user and repository.
pub fn wrong_answers_to(name: &str, user: &str, repository: &str) -> Vec<Wrong> {
    let own = format!("{name} ");
    [of_others(), damaged(user, repository)].concat().into_iter().filter(|(name, _)| !name.contains(&own)).collect()
}

/// What only GitHub answers, for others to be told.
pub fn of_github() -> [Wrong; 3] {
    [
        ("GitHub's 404", Step::json(404, super::NOT_FOUND)),
        ("GitHub's user", Step::json(200, super::USER)),
        ("GitHub's repository made", Step::json(201, super::REPOSITORY)),
    ]
}

fn kind(name: &'static str, status: u16, content: &str, body: impl AsRef<[u8]>) -> Wrong {
    (name, Step::answer(status, &[("Content-Type", content)], body))
}

fn json(name: &'static str, status: u16, body: &str) -> Wrong {
    kind(name, status, "application/json", body)
}

/// Whole answers of somebody else.
fn of_others() -> Vec<Wrong> {
    let html = "<!DOCTYPE html><html><head><title>Welcome</title></head><body>Sign in</body></html>";
    let gitlab_user = r#"{"id":7,"username":"octocat","name":"O","state":"active","locked":false,"web_url":"https://gitlab.example/octocat"}"#;
    let gitlab_project = r#"{"id":3,"name":"gitops","path":"gitops","path_with_namespace":"acme/gitops","visibility":"private","default_branch":"main"}"#;
    let gitea_user = r#"{"id":1,"login":"octocat","login_name":"","full_name":"","email":"o@acme.example","is_admin":false,"active":true,"username":"octocat"}"#;
    let gitea_repo = r#"{"id":3,"owner":{"id":2,"login":"acme","full_name":"","username":"acme"},"name":"gitops","full_name":"acme/gitops","private":true,"empty":false,"permissions":{"admin":true,"push":true,"pull":true},"default_branch":"main","archived":false}"#;
    let bitbucket = r#"{"type":"user","account_id":"5b","uuid":"{1}","display_name":"O","nickname":"octocat"}"#;
    let wrong_types = r#"{"login":1,"id":"1","type":"User","name":[],"owner":"acme","private":"yes","state":1,"role":2,"organization":"acme"}"#;
    vec![
        kind("HTML 200", 200, "text/html", html),
        kind("HTML said to be JSON", 200, "application/json", html),
        kind("HTML 201", 201, "text/html", html),
        kind("HTML 203", 203, "text/html", html),
        kind("HTML 401", 401, "text/html", html),
        kind("HTML 403", 403, "text/html", html),
        kind("HTML 404", 404, "text/html", html),
        kind("HTML 422", 422, "text/html", html),
        json("{}", 200, "{}"),
        json("[]", 200, "[]"),
        json("[{}]", 200, "[{}]"),
        json("null", 200, "null"),
        json("true", 200, "true"),
        json("a string", 200, "\"octocat\""),
        json("{} 201", 201, "{}"),
        json("{} 404", 404, "{}"),
        json("{} 422", 422, "{}"),
        json("a foreign 404", 404, r#"{"message":"404 Not Found"}"#),
        json("a foreign 422", 422, r#"{"message":"Validation Failed"}"#),
        json("a GitHub user", 200, super::USER),
        json("a GitHub organisation", 200, super::ORGANISATION),
        json("a GitHub repository", 200, super::REPOSITORY),
        json("a GitHub repository made", 201, super::REPOSITORY),
        json("a GitHub 404", 404, super::NOT_FOUND),
        json("a list of GitHub repositories", 200, &format!("[{}]", super::REPOSITORY)),
        json("a GitLab user", 200, gitlab_user),
        json("a GitLab project", 200, gitlab_project),
        json("a GitLab project made", 201, gitlab_project),
        json("a Gitea user", 200, gitea_user),
        json("a Gitea repository", 200, gitea_repo),
        json("a Gitea repository made", 201, gitea_repo),
        json("a list of Gitea repositories", 200, &format!("[{gitea_repo}]")),
        json("a Bitbucket user", 200, bitbucket),
        json("wrong types", 200, wrong_types),
        json("wrong types made", 201, wrong_types),
    ]
}

/// Answers that are broken, incomplete, or of another shape than they say.
fn damaged(user: &str, repository: &str) -> Vec<Wrong> {
    let whole = repository.as_bytes();
    let cut_character = [&whole[..whole.len() - 1], b",\"x\":\"\xc3\"}"].concat();
    let deep = format!(
        "{{\"login\":\"octocat\",\"id\":1,\"type\":\"User\",\"x\":{}{}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let twice = r#"{"login":"octocat","login":"acme","id":1,"id":2,"type":"User","type":"Organization","name":"gitops","name":"x"}"#;
    vec![
        json("deep nesting", 200, &deep),
        json("every key twice", 200, twice),
        json("cut JSON", 200, r#"{"login":"octocat","id":1,"#),
        json("empty 401", 401, ""),
        json("empty 200", 200, ""),
        json("empty 403", 403, ""),
        json("204", 204, ""),
        json("205", 205, ""),
        json("206", 206, user),
        json("a user with 203", 203, user),
        json("an organisation that was not asked for", 200, r#"{"login":"mallory","id":9,"type":"Organization","name":"x"}"#),
        kind("a user as plain text", 200, "text/plain", user),
        kind("a repository as plain text", 200, "text/plain", repository),
        kind("a repository without a type", 200, "", repository),
        kind("a byte order mark", 200, "application/json", format!("\u{feff}{user}")),
        kind("invalid UTF-8", 200, "application/json", b"{\"login\":\"octocat\",\"id\":1,\"type\":\"User\",\"name\":\"\xff\"}"),
        kind("invalid UTF-8 in a repository", 200, "application/json", cut_character),
        kind("5 MiB", 200, "application/json", vec![b' '; 5 << 20]),
        kind("a listing cut short", 200, "application/x-git-receive-pack-advertisement", b"001f# service=git-receive-pack\n0000"),
        kind("a listing without its end", 200, "application/x-git-upload-pack-advertisement", b"001e# service=git-upload-pack\n0000003f1111111111111111111111111111111111111111 refs/heads/m\0x\n"),
        kind("a listing as plain text", 200, "text/plain", b"001e# service=git-upload-pack\n0000003f1111111111111111111111111111111111111111 refs/heads/m\0x\n0000"),
        ("a bomb", Step::answer(200, &[("Content-Type", "application/json"), ("Content-Encoding", "gzip")], bomb(16 << 20))),
        ("a redirect to another host", Step::answer(302, &[("Location", "https://evil.example/")], "")),
        ("a redirect in a circle", Step::answer(302, &[("Location", "?again")], "")),
        ("304", Step::answer(304, &[], "")),
        ("a cut body", Step::Bytes(format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 999\r\n\r\n{user}").into_bytes())),
        ("hang", Step::Hang),
        ("a drip", Step::Drip(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}".to_vec(), Duration::from_millis(40))),
        ("reset", Step::Reset),
    ]
}

const DECISIVE: [(&str, &str, &str); 14] = [
    ("owner", "GET", "/orgs/acme"),
    ("owner", "GET", "/user/memberships/orgs/acme"),
    ("owner", "GET", "/users/acme"),
    ("owners", "GET", "/user/orgs"),
    ("repositories", "GET", "/orgs/acme/repos"),
    ("create", "POST", "/orgs/acme/repos"),
    ("pull_requests:read", "GET", "/pulls"),
    ("pull_requests:write", "POST", "/pulls"),
    ("repository_hooks:read", "GET", "/hooks"),
    ("repository_hooks:write", "GET", "/hooks?"),
    ("repository_hooks:write", "PATCH", "/hooks/"),
    ("administration:read", "GET", "/actions/permissions"),
    ("administration:write", "GET", "/rulesets/rule-suites"),
    ("members:read", "GET", "/user/memberships/orgs/acme"),
];

fn good(seen: &Seen) -> Step {
    match (seen.method.as_str(), seen.target.trim_start_matches("/api/v3")) {
        ("GET", "/user") => Step::json(200, super::USER),
        ("GET", "/users/acme") => Step::json(200, r#"{"login":"acme","id":2,"type":"Organization"}"#),
        ("GET", "/orgs/acme") => Step::json(200, super::ORGANISATION),
        ("GET", "/user/memberships/orgs/acme") => Step::json(200, super::MEMBERSHIP),
        ("GET", "/repos/acme/gitops") => Step::json(200, super::REPOSITORY),
        ("GET", target) if target.contains("/hooks?") => Step::json(200, "[]"),
        _ => Step::json(404, super::NOT_FOUND),
    }
}

/// Long enough for a right answer, and a slow provider waits no longer than others.
pub fn quick(provider: Provider) -> Limits {
    let total = Duration::from_millis(600) / provider.rules().slowness();
    Limits { total, pause: Duration::from_millis(1), ..limits() }
}

#[tokio::test]
async fn no_wrong_answer_to_the_decisive_request_yields_a_value() {
    let count = to_decisive_requests(&GITHUB).await;
    assert!(count > 700, "{count}");
}

pub async fn to_decisive_requests(cast: &'static Cast) -> usize {
    let mut tried = Tried::default();
    for &(method, verb, path) in cast.decisive {
        let asked = (cast.answers)().into_iter().map(|(name, step)| async move {
            let wrong = move |seen: &Seen| {
                // A redirect of ours leads back to the same question.
                let decisive = seen.target.contains(path) || seen.target.ends_with("?again");
                match cast.absent {
                    _ if seen.method == verb && decisive => step.clone(),
                    (place, absent) if method == "create" && seen.target.contains(place) => absent(),
                    _ => (cast.good)(seen),
                }
            };
            let server = Raw::start(wrong).await;
            let forge = (cast.open)(&server, quick(cast.provider));
            (name, (cast.ask)(forge.as_ref(), method).await)
        });
        for (name, outcome) in futures_util::future::join_all(asked).await {
            tried.judge(cast, (method, Some(path), name), outcome);
        }
    }
    println!("wrong answers to decisive requests tried at {}: {}", cast.provider, tried.count);
    tried.done()
}

#[tokio::test]
async fn no_wrong_answer_yields_a_value() {
    let count = to_every_request(&GITHUB).await;
    assert!(count > 900, "{count}");
}

pub async fn to_every_request(cast: &'static Cast) -> usize {
    let mut tried = Tried::default();
    for (name, step) in (cast.answers)() {
        let server = Raw::start(move |_| step.clone()).await;
        let asked = METHODS.iter().chain(cast.more).map(|method| {
            let forge = (cast.open)(&server, quick(cast.provider));
            async move { (method, (cast.ask)(forge.as_ref(), method).await) }
        });
        for (method, outcome) in futures_util::future::join_all(asked).await {
            if let Err(fault) = &outcome {
                assert!(!fault.accepted, "{method} {name}: {fault:?}");
            }
            tried.judge(cast, (method, None, name), outcome);
        }
        let wrongly = server.seen().into_iter().find(|seen| cast.never.is_some_and(|part| seen.target.contains(part)));
        assert!(wrongly.is_none(), "{name}: {wrongly:?}");
    }
    println!("wrong answers tried at {}: {}", cast.provider, tried.count);
    tried.done()
}

#[derive(Default)]
struct Tried {
    count: usize,
    green: Vec<String>,
}

impl Tried {
    fn judge(
        &mut self,
        cast: &Cast,
        (method, path, wrong): (&str, Option<&str>, &str),
        outcome: Result<String, Fault>,
    ) {
        self.count += 1;
        match outcome {
            Ok(value) if (cast.excused)(&Claim { method, path, wrong, value: &value }) => {}
            Ok(value) => self.green.push(format!("{method} ({path:?}) took {wrong} for {value}")),
            Err(fault) => {
                assert!(fault.remedy.is_some(), "{method} {wrong}: {fault:?}");
                assert!(git_access::text::is_plain(&fault.text), "{method} {wrong}: {}", fault.text);
            }
        }
    }

    fn done(self) -> usize {
        assert!(self.green.is_empty(), "{:#?}", self.green);
        self.count
    }
}
