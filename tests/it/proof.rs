//! Honesty, through the whole machine: answers in, judged checks out, with the sandbox as the world and sometimes a man
//! in the middle.

mod again;
mod green;
mod latency;
mod middle;
mod reading;
mod scopes;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use git_access::answers::{Answer, Answers, Field};
use git_access::config::Connection;
use git_access::disk::Paths;
use git_access::forge::{Limits, Outside};
use git_access::headless;
use git_access::platform::built_in;
use git_access::provider::{Host, Provider};
use git_access::report::Entry;
use git_access::sandbox::{Sandbox, Scenario};
use git_access::secret::Redaction;
use git_access::store::Stores;
use git_access::wizard::{Purpose, Settings, Wizard, answers_of};
use git_access::world::World;
use jiff::Timestamp;

pub const PLATFORMS: [&str; 4] = ["keptn", "devtron", "qovery", "dxup"];
pub const READY: &str = include_str!("../../assets/sandbox/ready.toml");
pub const FINE: &str = include_str!("../../assets/sandbox/fine-grained.toml");
/// What the world of fine-grained tokens has no need of, and Keptn has.
pub const BLANK: &str = "\n[[repositories]]\nprovider = \"github\"\nowner = \"acme\"\nname = \"blank\"\n";

/// Long enough for a busy machine.
pub fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(10),
        total: Duration::from_secs(20),
        patience: Duration::from_secs(10),
        pause: Duration::from_millis(1),
    }
}

/// A world that is served.
pub struct Stage {
    sandbox: Sandbox,
    dir: tempfile::TempDir,
    /// Building a client takes longer than a whole check, so those who ask here share one.
    outside: Outside,
}

impl Stage {
    pub async fn of(world: &str) -> Self {
        Self::playing(Scenario::from_toml(world).unwrap()).await
    }

    pub async fn playing(scenario: Scenario) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::start(scenario, None, dir.path()).await.unwrap();
        Self { sandbox, dir, outside: Outside::new(None).with_limits(limits()) }
    }

    pub fn host(&self) -> String {
        self.sandbox.host("github").unwrap()
    }

    /// The sample answers for a platform.
    pub fn sample(&self, platform: &str) -> toml::Table {
        let file = self.sandbox.sample(platform, "github").unwrap();
        std::fs::read_to_string(file).unwrap().parse().unwrap()
    }

    pub fn token(&self, name: &str) -> PathBuf {
        self.dir.path().join("tokens").join(name)
    }

    pub fn requests(&self) -> Vec<serde_json::Value> {
        let log = std::fs::read_to_string(self.dir.path().join("requests.log")).unwrap_or_default();
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The existing repository that suits a platform in both worlds.
pub fn existing(platform: &str) -> &'static str {
    if platform == "keptn" { "blank" } else { "webshop" }
}

/// One run of the wizard.
#[derive(Clone, Debug)]
pub struct Job {
    pub platform: &'static str,
    pub host: String,
    pub token: PathBuf,
    pub repository: String,
    pub create: bool,
    pub dry: bool,
    pub probes: bool,
    pub outside: Outside,
}

impl Job {
    /// A dry run against `stage`, with the token that is named like the platform and a repository that exists.
    pub fn dry(stage: &Stage, platform: &'static str) -> Self {
        Self {
            platform,
            host: stage.host(),
            token: stage.token(platform),
            repository: existing(platform).to_owned(),
            create: false,
            dry: true,
            probes: true,
            outside: stage.outside.clone(),
        }
    }

    fn answers(&self, dir: &Path) -> Answers {
        let text = |text: &str| Answer::Text(text.to_owned());
        let mut answers = Answers::default();
        for (field, answer) in [
            (Field::Platform, text(self.platform)),
            (Field::Provider, Answer::Provider(Provider::GitHub)),
            (Field::Host, Answer::Host(Host::parse(&self.host).unwrap())),
            (Field::Owner, text("acme")),
            (Field::Repository, text(&self.repository)),
            (Field::RepositoryCreate, Answer::Flag(self.create)),
            (Field::TokenFile, Answer::Path(self.token.clone())),
            (Field::StoreKind, text("file")),
            (Field::StorePath, Answer::Path(dir.join("secret"))),
        ] {
            answers.set(field, answer);
        }
        answers
    }

    fn settings(&self) -> Settings {
        Settings {
            dry_run: self.dry,
            accept_failures: false,
            probes: self.probes,
            offline: false,
            interactive: false,
            now: Timestamp::now(),
            fail_within: None,
        }
    }

    async fn drive(&self, purpose: Purpose, answers: Answers, dir: &Path) -> Wizard {
        self.drive_with(purpose, answers, dir, self.settings()).await
    }

    async fn drive_with(&self, purpose: Purpose, answers: Answers, dir: &Path, settings: Settings) -> Wizard {
        let stores = Stores::in_directory(dir.join("keyring"));
        let world = World::new(None, stores, Paths::under(dir), Redaction::default()).through(self.outside.clone());
        let mut wizard = Wizard::new(purpose, settings, Arc::new(built_in()), answers, "0123456789abcdef".to_owned());
        headless::drive(&mut wizard, &Arc::new(world)).await;
        wizard
    }

    /// Sets up in a directory of its own.
    pub async fn run(&self) -> Wizard {
        let dir = tempfile::tempdir().unwrap();
        self.run_in(dir.path()).await
    }

    pub async fn run_in(&self, dir: &Path) -> Wizard {
        self.drive(Purpose::Setup { held: None }, self.answers(dir), dir).await
    }

    /// The same with the clock of this computer at `now`.
    pub async fn check_at(&self, held: &Connection, dir: &Path, now: Timestamp) -> Wizard {
        let purpose = Purpose::Check { held: Box::new(held.clone()) };
        self.drive_with(purpose, answers_of(held), dir, Settings { now, ..self.settings() }).await
    }

    /// Looks again at a connection that was saved in `dir`.
    pub async fn check(&self, held: &Connection, dir: &Path) -> Wizard {
        self.drive(Purpose::Check { held: Box::new(held.clone()) }, answers_of(held), dir).await
    }
}

/// The checks of the report, by id.
pub fn verdicts(wizard: &Wizard) -> BTreeMap<String, &'static str> {
    let checks = Entry::of(wizard).checks;
    checks.into_iter().map(|check| (check.id.name(), check.verdict.name())).collect()
}
