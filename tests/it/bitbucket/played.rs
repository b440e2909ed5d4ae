//! The client against the imitated Bitbucket itself: what the world answers, and what the client makes of it.

use std::sync::Arc;

use git_access::fact::{FaultKind, Place, Service};
use git_access::forge::{Forge, Outside, connect};
use git_access::key::{Lock, NewKey, PublicKey};
use git_access::provider::Provider;
use git_access::sandbox::{Sandbox, Scenario};
use git_access::secret::Secret;

use super::keys::{LINE, OTHER};
use crate::forges::{acme, limits, site_of};

struct Play {
    sandbox: Sandbox,
    directory: tempfile::TempDir,
}

impl Play {
    async fn start(scenario: Scenario) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::start(scenario, None, &directory.path().join("data")).await.unwrap();
        Self { sandbox, directory }
    }

    async fn ready() -> Self {
        Self::start(Scenario::named("ready").unwrap().unwrap()).await
    }

    fn token(&self, name: &str) -> String {
        std::fs::read_to_string(self.directory.path().join("data/tokens").join(name)).unwrap().trim().to_owned()
    }

    fn host(&self) -> String {
        self.sandbox.host("bitbucket").unwrap()
    }

    fn forge(&self, token: &str, user: Option<&str>) -> Arc<dyn Forge> {
        let outside = Outside::new(None).with_limits(limits());
        let secret = Secret::parse(&self.token(token)).unwrap();
        connect(&site_of(Provider::Bitbucket, &self.host()), Some(&secret), user, &outside).unwrap()
    }
}

fn place(name: &str) -> Place {
    Place { owner: acme(), name: name.into() }
}

fn new(lock: Lock, line: &str) -> NewKey {
    NewKey { lock, key: PublicKey::parse(line).unwrap(), title: "dxup".into(), read_only: true }
}

#[tokio::test]
async fn keys_are_added_once_and_found_again() {
    let play = Play::ready().await;
    let forge = play.forge("bitbucket-full", Some("octocat@acme.example"));
    for (lock, other, line) in [
        (Lock::Repository(place("webshop")), Lock::Repository(place("blank")), LINE),
        (Lock::Account, Lock::Repository(place("webshop")), OTHER),
    ] {
        let key = PublicKey::parse(line).unwrap();
        assert_eq!(forge.key(&lock, &key).await.unwrap_err().kind, FaultKind::NotFound);
        let made = forge.register_key(&new(lock.clone(), line)).await.unwrap();
        assert_eq!(forge.key(&lock, &key).await.unwrap(), made);
        let again = forge.register_key(&new(lock, line)).await.unwrap_err();
        assert!(again.text.contains("already; nothing was added"), "{}", again.text);
        let elsewhere = forge.register_key(&new(other, line)).await.unwrap_err();
        assert!(elsewhere.text.contains("in use elsewhere"), "{}", elsewhere.text);
    }
    let closed = play.forge("bitbucket-none", Some("octocat@acme.example"));
    let fault = closed.register_key(&new(Lock::Repository(place("webshop")), LINE)).await.unwrap_err();
    assert_eq!((fault.kind, fault.accepted), (FaultKind::MissingScope, true), "{}", fault.text);
}

#[tokio::test]
async fn what_is_withdrawn_answers_410_and_a_token_is_described_on_refusals() {
    let play = Play::ready().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = |path: &str| {
        let request = client.get(format!("{}/2.0{path}", play.host())).bearer_auth(play.token("bitbucket-workspace"));
        async move { request.send().await.unwrap() }
    };
    for path in ["/workspaces", "/repositories", "/user/permissions/workspaces", "/pullrequests/octocat"] {
        let answer = get(path).await;
        assert_eq!(answer.status(), 410, "{path}");
        assert!(answer.text().await.unwrap().contains("CHANGE-2770"));
    }
    let answer = get("/user").await;
    let header = |name: &str| answer.headers().get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(answer.status(), 403);
    assert_eq!(
        (header("x-credential-type").as_str(), header("x-oauth-scopes").as_str()),
        ("workspace_access_token", "repository:write")
    );
}

#[tokio::test]
async fn git_takes_the_name_for_the_kind_and_no_other() {
    let play = Play::ready().await;
    for (token, email, names, refused) in [
        (
            "bitbucket-keptn",
            Some("octocat@acme.example"),
            vec!["octocat", "x-bitbucket-api-token-auth"],
            vec!["octocat@acme.example", "x-token-auth", "mia-member"],
        ),
        ("bitbucket-workspace", None, vec!["x-token-auth"], vec!["octocat", "x-bitbucket-api-token-auth"]),
    ] {
        let forge = play.forge(token, email);
        for name in names {
            assert!(forge.refs(&place("webshop"), Service::Write, name).await.is_ok(), "{token} {name}");
        }
        for name in refused {
            let fault = forge.refs(&place("webshop"), Service::Read, name).await.unwrap_err();
            assert_eq!((fault.kind, fault.accepted), (FaultKind::Auth, true), "{token} {name}: {}", fault.text);
        }
    }
}

#[tokio::test]
async fn a_listed_address_is_wanted_by_the_workspace_and_said_so() {
    let text = r#"
about = "A workspace with a list of addresses."
[[accounts]]
provider = "bitbucket"
login = "octocat"
email = "octocat@acme.example"
[[organisations]]
provider = "bitbucket"
login = "acme"
members = [{ login = "octocat", role = "admin" }]
restricts_addresses = true
[[tokens]]
provider = "bitbucket"
name = "listed"
account = "octocat"
kind = "api"
scopes = ["read:repository:bitbucket", "read:user:bitbucket", "read:workspace:bitbucket", "read:project:bitbucket"]
[[repositories]]
provider = "bitbucket"
owner = "acme"
name = "webshop"
commits = 1
"#;
    let play = Play::start(Scenario::from_toml(text).unwrap()).await;
    let forge = play.forge("listed", Some("octocat@acme.example"));
    assert!(forge.identity().await.is_ok());
    let fault = forge.repository(&place("webshop")).await.unwrap_err();
    assert_eq!((fault.kind, fault.accepted), (FaultKind::IpAllowlist, true), "{}", fault.text);
    let fault = forge.refs(&place("webshop"), Service::Read, "octocat").await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::IpAllowlist);
    // Every workspace has a project, and this scenario names none.
    assert_eq!(forge.owner(&acme()).await.unwrap().project.as_deref(), Some("PROJ"));
}
