//! How long `check` takes for a fleet, and how much memory: 200 connections on 50 origins that answer after 100 ms.
//!
//! Printed beside it: the requests that were made, and the least time that the limits allow for as many (8 at a time for
//! an origin, 256 in all, and the longest chain of questions that need each other's answers); and the processor time of
//! the program and of the origins, which share this machine. Nothing is asserted here.
//!
//! `cargo bench --bench fleet`

#![expect(clippy::unwrap_used, clippy::cast_precision_loss, reason = "a measurement that breaks down is none")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use git_access::sandbox::{Sandbox, Scenario};

const ORIGINS: usize = 50;
const EACH: usize = 4;
const DELAY: Duration = Duration::from_millis(100);
const AT_A_TIME: usize = 8;
const AT_ALL: usize = 256;
/// Reach, identity, then owner and repository, then git: as the head of `forge/github.rs` counts it.
const CHAIN: usize = 4;

/// The answers of a sandbox, given again by every origin after a pause.
#[derive(Default)]
struct Echo {
    behind: String,
    known: Mutex<BTreeMap<String, Kept>>,
    asked: AtomicUsize,
}

#[derive(Clone)]
struct Kept {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: Bytes,
}

impl Echo {
    async fn answer(&self, client: &reqwest::Client, request: Request) -> Response {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
        let known = self.known.lock().unwrap().get(&target).cloned();
        let kept = if let Some(kept) = known { kept } else { self.ask(client, request, target).await };
        tokio::time::sleep(DELAY.saturating_sub(begun.elapsed())).await;
        let mut response = Response::builder().status(kept.status);
        *response.headers_mut().unwrap() = kept.headers;
        response.body(Body::from(kept.body)).unwrap()
    }

    async fn ask(&self, client: &reqwest::Client, request: Request, target: String) -> Kept {
        let mut headers = request.headers().clone();
        headers.remove("host");
        let asked = client.get(format!("{}{target}", self.behind)).headers(headers).send().await.unwrap();
        let (status, mut headers) = (asked.status().as_u16(), asked.headers().clone());
        for of_the_connection in ["content-length", "transfer-encoding", "connection"] {
            headers.remove(of_the_connection);
        }
        let kept = Kept { status, headers, body: asked.bytes().await.unwrap() };
        self.known.lock().unwrap().insert(target, kept.clone());
        kept
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (echo, ports, token) = runtime.block_on(serve(dir.path()));
    let config = dir.path().join("config.toml");
    fs::write(&config, text(&ports)).unwrap();
    std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
    // First with the token that the sandbox knows, so that its answers are the ones that are given again.
    measured("one token", &config, |_| token.clone(), &echo);
    for run in 1..=5 {
        let each = |number| format!("{}{number:03}", &token[..token.len() - 3]);
        measured(&format!("a token each, run {run}"), &config, each, &echo);
    }
}

async fn serve(dir: &Path) -> (Arc<Echo>, Vec<u16>, String) {
    let data = dir.join("data");
    let sandbox = Sandbox::start(Scenario::named("ready").unwrap().unwrap(), None, &data).await.unwrap();
    let token = fs::read_to_string(data.join("tokens/keptn")).unwrap().trim().to_owned();
    let echo = Arc::new(Echo { behind: sandbox.host("github").unwrap(), ..Echo::default() });
    std::mem::forget(sandbox); // It serves until the process ends.
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut ports = Vec::new();
    for _ in 0..ORIGINS {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        ports.push(listener.local_addr().unwrap().port());
        let (echo, client) = (Arc::clone(&echo), client.clone());
        let router = Router::new().fallback(move |request: Request| {
            let (echo, client) = (Arc::clone(&echo), client.clone());
            async move { echo.answer(&client, request).await }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
    }
    (echo, ports, token)
}

/// 200 connections, each with a variable of its own for its token.
fn text(ports: &[u16]) -> String {
    let mut text = "version = 1\n".to_owned();
    for (origin, port) in ports.iter().enumerate() {
        for number in origin * EACH..(origin + 1) * EACH {
            let name = format!("c-{number}");
            let _ = write!(
                text,
                "[connections.{name}]\nid = \"{name}\"\nplatform = \"keptn\"\nprovider = \"github\"\n\
                 host = \"http://127.0.0.1:{port}\"\nowner = \"acme\"\n[connections.{name}.token]\nkind = \"classic\"\n\
                 store = \"env\"\nenv = \"TOKEN_{number}\"\ngeneration = 1\nexpires_source = \"unknown\"\n\
                 [connections.{name}.repository]\nname = \"blank\"\nurl = \"http://127.0.0.1:{port}/acme/blank.git\"\n"
            );
        }
    }
    text
}

fn measured(what: &str, config: &Path, token: impl Fn(usize) -> String, echo: &Echo) {
    echo.asked.store(0, Ordering::Relaxed);
    let mut command = Command::new(env!("CARGO_BIN_EXE_git-access"));
    command.arg("--config").arg(config).args(["check", "--format", "json"]);
    command.env_clear().env("HOME", config.parent().unwrap()).stdout(Stdio::piped()).stderr(Stdio::null());
    for number in 0..ORIGINS * EACH {
        command.env(format!("TOKEN_{number}"), token(number));
    }
    let before = ticks();
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let watch = std::thread::spawn(move || {
        let mut peak = 0;
        while let Ok(text) = fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let Some(now) = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()) else {
                break;
            };
            peak = peak.max(now);
            std::thread::sleep(Duration::from_millis(2));
        }
        peak
    });
    let report = std::io::read_to_string(child.stdout.take().unwrap()).unwrap();
    let code = child.wait().unwrap().code();
    let took = begun.elapsed();
    let peak = watch.join().unwrap();
    let [ours, theirs] = ticks().map(|now| now * 10);
    let [ours, theirs] = [ours - before[0] * 10, theirs - before[1] * 10];
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let connections = report["connections"].as_array().unwrap();
    let passed = connections.iter().filter(|one| one["verdict"] == "pass" || one["verdict"] == "warn").count();
    let asked = echo.asked.load(Ordering::Relaxed);
    let rounds = |requests: usize, limit: usize| requests as f64 * DELAY.as_secs_f64() / limit as f64;
    let least = rounds(asked, AT_ALL).max(rounds(asked / ORIGINS, AT_A_TIME)).max(rounds(CHAIN, 1));
    println!(
        "{what}: {:.0} ms for {} connections ({passed} fine, exit {code:?}), {asked} requests, least {:.0} ms, ratio {:.2}, \
         {:.1} MiB, processor {theirs} ms and {ours} ms for the origins",
        took.as_secs_f64() * 1000.0,
        connections.len(),
        least * 1000.0,
        took.as_secs_f64() / least,
        peak as f64 / 1024.0
    );
}

/// The processor time of this process and of the children that it has waited for, in hundredths of a second.
fn ticks() -> [u64; 2] {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<u64> =
        stat.rsplit_once(") ").unwrap().1.split(' ').map(|field| field.parse().unwrap_or_default()).collect();
    [fields[11] + fields[12], fields[13] + fields[14]]
}
