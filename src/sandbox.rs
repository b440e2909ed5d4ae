//! A loopback server that imitates forges: their APIs and real git over HTTP.
//!
//! It is where a newcomer tries the tool without an account, and what the forge clients are tested against. A [`Scenario`]
//! describes a world; each start makes it new, with new tokens. What every imitation shares lives here: the world and its
//! rights, git, HTTP, the server with its faults and its log. A provider is one file with its routes, and one row in
//! `IMITATIONS`. Nothing here knows the forge clients, so that a mistake is not made twice in the same way.
//!
//! The limit of it: it proves that a client speaks the API as the provider documents it, not that the documentation is true.

mod azure_devops;
mod bitbucket;
mod bitbucket_dc;
mod data;
mod disturbance;
mod git;
mod gitea;
mod github;
mod gitlab;
mod http;
mod lives;
mod request_log;
mod scenario;
mod server;
mod smart_http;
mod validate;
mod world;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

pub use scenario::{Scenario, ScenarioError, scenarios};
use world::World;

/// A provider that can be imitated.
struct Imitation {
    name: &'static str,
    token_kinds: &'static [&'static str],
    /// A new, random token of one of these kinds, in the provider's shape.
    mint: fn(kind: &str) -> std::io::Result<String>,
    answer: fn(Arc<World>, Request) -> BoxFuture<'static, Response>,
    /// Adds what every response of this provider carries, disturbed ones too. The text is the path of the request.
    dress: fn(&World, &str, &mut Response),
}

/// All imitations. Their order gives them their ports.
const IMITATIONS: &[Imitation] = &[
    github::IMITATION,
    gitlab::IMITATION,
    bitbucket::IMITATION,
    azure_devops::IMITATION,
    gitea::IMITATION,
    bitbucket_dc::IMITATION,
];

fn imitation(provider: &str) -> Option<&'static Imitation> {
    IMITATIONS.iter().find(|imitation| imitation.name == provider)
}

/// Why the sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error(
        "The sandbox serves real repositories and needs git, which was not found on the PATH. Install git 2.28 or newer."
    )]
    GitMissing,
    #[error("git could not {doing}: {message}")]
    Git { doing: &'static str, message: String },
    #[error("The port {port} of 127.0.0.1 could not be opened: {source}. Choose another one.")]
    Port { port: u16, source: std::io::Error },
    #[error("{} could not be written: {source}.", path.display())]
    Data { path: PathBuf, source: std::io::Error },
    #[error("{} holds files that the sandbox did not make. Choose an empty directory.", path.display())]
    NotOurs { path: PathBuf },
    #[error("The operating system gave no random bytes: {0}.")]
    Random(std::io::Error),
}

/// A running world. It stops when this is dropped; its data directory stays.
pub struct Sandbox {
    running: Vec<Running>,
    accounts: Vec<Value>,
    answers: Vec<data::WrittenAnswers>,
}

struct Running {
    provider: &'static str,
    host: String,
    world: Arc<World>,
    /// Held for its end, which stops it.
    #[expect(dead_code, reason = "only its drop is used")]
    server: server::Server,
}

impl Sandbox {
    /// Makes the world of `scenario` in `data` and serves it on 127.0.0.1, each provider on a port of its own: `port` and
    /// those after it, or free ones.
    ///
    /// # Errors
    /// git is missing, a port is taken, or `data` cannot be written or holds foreign files.
    pub async fn start(scenario: Scenario, port: Option<u16>, data: &Path) -> Result<Self, SandboxError> {
        let directory = data::Directory::prepare(data)?;
        let git = git::Git::found(directory.path()).await?;
        let log = Arc::new(directory.request_log()?);
        let mut sandbox = Self { running: Vec::new(), accounts: Vec::new(), answers: Vec::new() };
        for (imitation, offset) in IMITATIONS.iter().zip(0_u16..) {
            let port = port.filter(|port| *port != 0).map_or(0, |port| port.saturating_add(offset));
            let listener = server::listen(port).await?;
            let world = Arc::new(World::new(imitation, &scenario, &listener, git.clone())?);
            world.build(&scenario).await?;
            sandbox.accounts.extend(directory.write_tokens(&world)?);
            sandbox.answers.extend(directory.write_answers(&scenario, &world)?);
            let host = world.host.clone();
            let (shown, log) = (Arc::clone(&world), Arc::clone(&log));
            let server = server::Server::start(listener, imitation, shown, &scenario, log);
            sandbox.running.push(Running { provider: imitation.name, host, world, server });
        }
        Ok(sandbox)
    }

    /// Where a provider is served, for instance `http://127.0.0.1:40123`.
    pub fn host(&self, provider: &str) -> Option<String> {
        Some(self.running.iter().find(|running| running.provider == provider)?.host.clone())
    }

    /// Everything that somebody needs to use this world, as one JSON object. It holds no token, only the files of them.
    pub fn announcement(&self) -> Value {
        let providers: serde_json::Map<_, _> =
            self.running.iter().map(|it| (it.provider.to_owned(), json!({"host": it.host}))).collect();
        let answers: Vec<_> = self
            .answers
            .iter()
            .map(|it| json!({"platform": it.platform, "provider": it.provider, "file": it.file}))
            .collect();
        json!({"providers": providers, "accounts": self.accounts, "answers": answers})
    }

    /// The file with another token like the one that these sample answers name: what a rotation would bring.
    pub fn another_token(&self, sample: &Path) -> Option<PathBuf> {
        let file = self.token_of(sample)?;
        let name = file.file_name()?.to_str()?;
        let mut worlds = self.running.iter().map(|running| &running.world);
        let (world, token) =
            worlds.find_map(|world| Some((world, world.tokens.iter().find(|token| *token.given.name == *name)?)))?;
        let secret = world.make_another(token, token.expires).ok()?;
        let other = file.with_file_name(format!("{name}-2"));
        data::write(&other, &format!("{secret}\n")).ok()?;
        Some(other)
    }

    /// The file with the token that these sample answers name.
    pub fn token_of(&self, sample: &Path) -> Option<PathBuf> {
        let text = std::fs::read_to_string(sample).ok()?;
        let file = text.parse::<toml::Table>().ok()?.get("token")?.get("file")?.as_str()?.to_owned();
        sample.parent()?.join(file).canonicalize().ok()
    }

    /// The file with the sample answers for a platform on a provider.
    pub fn sample(&self, platform: &str, provider: &str) -> Option<PathBuf> {
        let answers = self.answers.iter().find(|it| it.platform == platform && it.provider == provider)?;
        Some(answers.file.clone())
    }
}
