//! The sandbox: real git and a plain HTTP client against the shipped worlds and against small ones made here.

mod scenario_files;

use std::path::{Path, PathBuf};
use std::process::Output;

use git_access::sandbox::{Sandbox, Scenario};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A running sandbox in a directory of its own, and a client of it.
struct Play {
    sandbox: Sandbox,
    directory: TempDir,
    client: reqwest::Client,
}

async fn play(scenario: &str) -> Play {
    start(Scenario::named(scenario).unwrap().unwrap()).await
}

async fn play_toml(text: &str) -> Play {
    start(Scenario::from_toml(text).unwrap()).await
}

async fn start(scenario: Scenario) -> Play {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(scenario, None, &directory.path().join("data")).await.unwrap();
    let redirect = reqwest::redirect::Policy::none();
    let client = reqwest::Client::builder().no_proxy().redirect(redirect).user_agent("tests").build().unwrap();
    Play { sandbox, directory, client }
}

impl Play {
    fn host(&self) -> String {
        self.sandbox.host("github").unwrap()
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn token(&self, name: &str) -> String {
        let file = self.data().join("tokens").join(name);
        let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("there is no token {name}: {error}"));
        text.trim().to_owned()
    }

    fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}/api/v3{path}", self.host()));
        if token.is_empty() { request } else { request.bearer_auth(self.token(token)) }
    }

    async fn get(&self, path: &str, token: &str) -> Response {
        self.request(Method::GET, path, token).send().await.unwrap()
    }

    async fn post(&self, path: &str, token: &str, body: &Value) -> (u16, Value) {
        let request = self.request(Method::POST, path, token).body(body.to_string());
        read(request.send().await.unwrap()).await
    }

    async fn status(&self, path: &str, token: &str) -> u16 {
        self.get(path, token).await.status().as_u16()
    }

    /// What git is told when it asks whether it may use a service.
    async fn advertised(&self, repository: &str, service: &str, token: &str) -> (u16, String) {
        let url = format!("{}/{repository}/info/refs?service=git-{service}", self.host());
        let mut request = self.client.get(url);
        if !token.is_empty() {
            request = request.basic_auth("anybody", Some(self.token(token)));
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Runs git with a home of its own. The token is in the URL, which is for tests only.
    async fn git(&self, at: &Path, arguments: &[&str]) -> Output {
        let mut command = tokio::process::Command::new("git");
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.directory.path());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0").current_dir(at);
        command.args(["-c", "user.name=Test", "-c", "user.email=test@example.invalid"]);
        command.args(arguments).output().await.unwrap()
    }

    async fn git_ok(&self, at: &Path, arguments: &[&str]) -> String {
        let output = self.git(at, arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn url(&self, token: &str, repository: &str) -> String {
        self.host().replace("http://", &format!("http://x:{}@", self.token(token))) + "/" + repository
    }

    fn log(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.data().join("requests.log")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

// ── what a start leaves behind ──

#[tokio::test]
async fn a_start_announces_files_that_exist_and_no_token() {
    let play = play("ready").await;
    let announcement = play.sandbox.announcement();
    assert_eq!(announcement["providers"]["github"], json!({"host": play.host()}));
    let text = announcement.to_string();
    for account in announcement["accounts"].as_array().unwrap() {
        let token = std::fs::read_to_string(account["token_file"].as_str().unwrap()).unwrap();
        assert!(!text.contains(token.trim()));
        assert!(announcement["providers"][account["provider"].as_str().unwrap()].is_object(), "{account}");
        assert!(account["username"].is_string() && account["note"].as_str().unwrap().ends_with('.'));
    }
    for platform in ["keptn", "devtron", "qovery", "dxup"] {
        let file = play.sandbox.sample(platform, "github").unwrap();
        let answers: toml::Table = toml::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(answers["version"], 1.into());
        assert_eq!(answers["host"], play.host().into());
        assert!(file.parent().unwrap().join(answers["token"]["file"].as_str().unwrap()).exists());
    }
    let keptn = std::fs::read_to_string(play.sandbox.sample("keptn", "github").unwrap()).unwrap();
    let expected = format!(
        "version = 1\nplatform = \"keptn\"\nprovider = \"github\"\nhost = \"{}\"\nowner = \"acme\"\n\n\
         [token]\nfile = \"../tokens/keptn\"\n\n[repository]\nname = \"gitops\"\ncreate = true\n\n\
         [handover]\nproject = \"sockshop\"\n",
        play.host()
    );
    assert_eq!(keptn, expected);
    let samples = announcement["answers"].as_array().unwrap();
    assert_eq!(samples.iter().filter(|sample| sample["provider"] == "github").count(), 7);
    assert_eq!(play.sandbox.sample("keptn", "sourceforge"), None);
}

#[cfg(unix)]
#[tokio::test]
async fn tokens_are_readable_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let play = play("ready").await;
    let mode = |path: PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(play.data()), 0o700);
    assert_eq!(mode(play.data().join("tokens/full")), 0o600);
    assert_eq!(mode(play.data().join("requests.log")), 0o600);
}

#[tokio::test]
async fn a_second_start_in_the_same_directory_begins_anew_and_foreign_files_are_left_alone() {
    let Play { sandbox, directory, .. } = play("ready").await;
    let data = directory.path().join("data");
    let before = std::fs::read_to_string(data.join("tokens/full")).unwrap();
    drop(sandbox);
    let again = Sandbox::start(Scenario::named("not-empty").unwrap().unwrap(), None, &data).await.unwrap();
    assert!(!data.join("tokens/full").exists());
    assert_ne!(std::fs::read_to_string(data.join("tokens/keptn")).unwrap(), before);
    drop(again);

    let foreign = directory.path().join("foreign");
    std::fs::create_dir_all(foreign.join("git/precious")).unwrap();
    let refused = Sandbox::start(Scenario::named("ready").unwrap().unwrap(), None, &foreign).await;
    assert!(refused.err().unwrap().to_string().contains("did not make"));
    assert!(foreign.join("git/precious").exists());
}

#[tokio::test]
async fn a_taken_port_is_refused_and_a_dropped_sandbox_frees_its_own() {
    let Play { sandbox, directory, .. } = play("ready").await;
    let port = url::Url::parse(&sandbox.host("github").unwrap()).unwrap().port();
    let scenario = || Scenario::named("ready").unwrap().unwrap();
    let taken = Sandbox::start(scenario(), port, &directory.path().join("other")).await;
    assert!(taken.err().unwrap().to_string().contains("Choose another one"));
    drop(sandbox);
    let mut freed = Sandbox::start(scenario(), port, &directory.path().join("other")).await;
    while freed.is_err() {
        tokio::task::yield_now().await;
        freed = Sandbox::start(scenario(), port, &directory.path().join("other")).await;
    }
}

// ── git ──

#[tokio::test]
async fn git_clones_commits_and_pushes() {
    let play = play("ready").await;
    let home = play.directory.path();
    play.git_ok(home, &["clone", "-q", &play.url("full", "acme/webshop.git"), "shop"]).await;
    let shop = home.join("shop");
    assert_eq!(play.git_ok(&shop, &["rev-list", "--count", "HEAD"]).await.trim(), "3");
    // More than http.postBuffer, so that the pack comes in chunks of unknown number.
    let noise: Vec<u8> = (0..400_000_u64).flat_map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes()).collect();
    std::fs::write(shop.join("noise"), noise).unwrap();
    play.git_ok(&shop, &["add", "."]).await;
    play.git_ok(&shop, &["commit", "-q", "-m", "Add noise"]).await;
    play.git_ok(&shop, &["push", "-q"]).await;
    let tip = play.git_ok(&shop, &["rev-parse", "HEAD"]).await;
    let (_, commits) = read(play.get("/repos/acme/webshop/commits?per_page=1", "full").await).await;
    assert_eq!(commits[0]["sha"], tip.trim());
}

#[tokio::test]
async fn a_long_negotiation_is_zipped_by_git_and_understood() {
    let play = play_toml(
        r#"
        about = "One repository with a long history."
        accounts = [{ provider = "github", login = "octocat" }]
        tokens = [{ provider = "github", name = "t", account = "octocat", kind = "classic", scopes = ["repo"] }]
        repositories = [{ provider = "github", owner = "octocat", name = "long", commits = 120 }]
        "#,
    )
    .await;
    let home = play.directory.path();
    play.git_ok(home, &["clone", "-q", &play.url("t", "octocat/long.git"), "one"]).await;
    let (one, url) = (home.join("one"), play.url("t", "octocat/long.git"));
    play.git_ok(&one, &["commit", "-q", "--allow-empty", "-m", "There"]).await;
    play.git_ok(home, &["clone", "-q", &url, "two"]).await;
    play.git_ok(&one, &["push", "-q"]).await;
    let two = home.join("two");
    for number in 0..100 {
        play.git_ok(&two, &["commit", "-q", "--allow-empty", "-m", &format!("Here {number}")]).await;
    }
    play.git_ok(&two, &["-c", "protocol.version=0", "fetch", "-q"]).await;
    play.git_ok(&two, &["fetch", "-q"]).await;
    let there = play.git_ok(&two, &["log", "-1", "--format=%s", "origin/main"]).await;
    assert_eq!(there.trim(), "There");
}

#[tokio::test]
async fn somebody_who_may_only_read_can_clone_and_not_push() {
    let play = play("ready").await;
    let home = play.directory.path();
    play.git_ok(home, &["clone", "-q", &play.url("reader", "acme/webshop.git"), "shop"]).await;
    play.git_ok(&home.join("shop"), &["commit", "-q", "--allow-empty", "-m", "x"]).await;
    let output = play.git(&home.join("shop"), &["push"]).await;
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("Permission to acme/webshop.git denied to rita-reader."), "{said}");
    assert!(said.contains("403"), "{said}");
}

#[tokio::test]
async fn an_empty_repository_is_cloned_and_filled() {
    let play = play("ready").await;
    let home = play.directory.path();
    let (status, body) = play.advertised("acme/blank.git", "receive-pack", "full").await;
    assert_eq!(status, 200);
    assert!(body.starts_with("001f# service=git-receive-pack\n0000"), "{body}");
    assert!(body.contains(&format!("{} capabilities^{{}}", "0".repeat(40))), "{body}");
    assert_eq!(play.status("/repos/acme/blank/commits", "full").await, 409);
    play.git_ok(home, &["clone", "-q", &play.url("full", "acme/blank.git"), "blank"]).await;
    play.git_ok(&home.join("blank"), &["commit", "-q", "--allow-empty", "-m", "First"]).await;
    play.git_ok(&home.join("blank"), &["push", "-q", "origin", "HEAD"]).await;
    assert_eq!(play.status("/repos/acme/blank/commits", "full").await, 200);
}

#[tokio::test]
async fn git_is_told_why_it_may_not() {
    let play = play("ready").await;
    for (repository, service, token, status, text) in [
        ("acme/webshop.git", "receive-pack", "", 401, "Invalid username or token."),
        ("acme/webshop.git", "upload-pack", "withdrawn", 401, "Invalid username or token."),
        ("acme/nothing.git", "upload-pack", "full", 404, "Repository not found."),
        ("octocat/notes.git", "upload-pack", "reader", 404, "Repository not found."),
        ("acme/attic.git", "receive-pack", "full", 403, "archived"),
        ("acme/storefront.git", "receive-pack", "fine", 403, "Write access to repository not granted."),
        ("acme/webshop.git", "receive-pack", "fine", 200, "git-receive-pack"),
        ("acme/handbook.git", "upload-pack", "", 200, "git-upload-pack"),
        ("acme/handbook.git", "receive-pack", "", 401, "Invalid username or token."),
        ("acme/webshop", "upload-pack", "reader", 200, "git-upload-pack"),
        ("acme/shop.git", "upload-pack", "full", 301, ""),
    ] {
        let (given, body) = play.advertised(repository, service, token).await;
        assert_eq!(given, status, "{repository} {service} {token}: {body}");
        assert!(body.contains(text), "{repository} {service} {token}: {body}");
    }
}

#[tokio::test]
async fn a_path_leads_to_a_known_repository_or_nowhere() {
    let play = play("ready").await;
    std::fs::write(play.data().join("HEAD"), "ref: refs/heads/main\n").unwrap();
    for path in ["..%2F..%2F..", "acme%2F..", "%2e%2e", "acme/..%2fwebshop.git", "acme%00", "acme/%2e%2e"] {
        let (status, body) = play.advertised(path, "upload-pack", "full").await;
        assert_eq!(status, 404, "{path}: {body}");
    }
    let (status, made) = play.post("/orgs/acme/repos", "full", &json!({"name": "../../evil", "private": true})).await;
    assert_eq!((status, made["name"].as_str()), (201, Some("..-..-evil")));
    assert!(play.data().join("git/github/acme/..-..-evil.git").exists());
    assert_eq!(play.post("/orgs/acme/repos", "full", &json!({"name": ".."})).await.0, 422);
}

// ── the API ──

#[tokio::test]
async fn the_server_tells_what_it_is_without_a_token() {
    let play = play("ready").await;
    let response = play.get("/meta", "").await;
    assert_eq!(header(&response, "x-github-enterprise-version"), Some("3.19.4"));
    assert_eq!(header(&response, "content-type"), Some("application/json; charset=utf-8"));
    assert!(header(&response, "x-github-request-id").is_some() && header(&response, "date").is_some());
    assert_eq!(read(response).await.1["installed_version"], "3.19.4");
    let (status, body) = read(play.get("/user", "").await).await;
    assert_eq!((status, body["message"].as_str()), (401, Some("Requires authentication")));
    let bad =
        json!({"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest", "status": "401"});
    assert_eq!(read(play.get("/user", "withdrawn").await).await, (401, bad));
    assert_eq!(read(play.get("/no/such/thing", "full").await).await.1["message"], "Not Found");
    assert_eq!(play.status("/user/", "full").await, 404);
    let nameless = reqwest::Client::builder().no_proxy().build().unwrap();
    let response = nameless.get(format!("{}/api/v3/meta", play.host())).send().await.unwrap();
    assert_eq!(response.status(), 403);
}

#[tokio::test]
async fn a_classic_token_shows_its_scopes_and_its_end() {
    let play = play("ready").await;
    let response = play.get("/user", "broad").await;
    assert_eq!(
        header(&response, "x-oauth-scopes"),
        Some(
            "admin:org, admin:org_hook, admin:public_key, admin:repo_hook, delete_repo, gist, notifications, repo, user, \
             workflow, write:packages"
        )
    );
    let expires = header(&response, "github-authentication-token-expiration").unwrap();
    assert!(expires.ends_with(" UTC") && expires.len() == "2021-09-03 02:34:04 UTC".len(), "{expires}");
    let (_, user) = read(response).await;
    assert_eq!((user["login"].as_str(), user["type"].as_str()), (Some("octocat"), Some("User")));
    let response = play.get("/user", "lasting").await;
    assert_eq!(header(&response, "github-authentication-token-expiration"), None);
    assert_eq!(header(&response, "x-accepted-github-permissions"), None);
}

#[tokio::test]
async fn a_fine_grained_token_shows_what_endpoints_want_and_not_what_it_has() {
    let play = play("ready").await;
    let response = play.get("/repos/acme/webshop", "fine").await;
    assert_eq!(header(&response, "x-oauth-scopes"), None);
    assert_eq!(header(&response, "x-accepted-github-permissions"), Some("metadata=read"));
    assert!(header(&response, "github-authentication-token-expiration").unwrap().ends_with(" +0200"));
    // The rights of the user, although the token may administer nothing.
    assert_eq!(read(response).await.1["permissions"]["admin"], true);
    assert_eq!(read(play.get("/user/orgs", "fine").await).await, (200, json!([])));
    assert_eq!(play.status("/repos/acme/storefront", "fine").await, 404);
    assert_eq!(play.status("/repos/acme/handbook", "fine").await, 200);
    let response = play.get("/repos/acme/webshop/actions/permissions", "fine").await;
    assert_eq!(header(&response, "x-accepted-github-permissions"), Some("administration=read"));
    let (status, body) = read(response).await;
    assert_eq!((status, body["message"].as_str()), (403, Some("Resource not accessible by personal access token")));
}

#[tokio::test]
async fn probes_prove_a_right_and_change_nothing() {
    let play = play("ready").await;
    let patch = |token: &'static str| {
        play.request(Method::PATCH, "/repos/acme/webshop/hooks/4294967289", token).body("{}").send()
    };
    for (token, hooks, hook, pulls, suites) in
        [("fine", 200, 404, 422, 403), ("full", 200, 404, 422, 200), ("reader", 404, 404, 422, 403)]
    {
        assert_eq!(play.status("/repos/acme/webshop/hooks", token).await, hooks, "{token}");
        assert_eq!(patch(token).await.unwrap().status().as_u16(), hook, "{token}");
        assert_eq!(play.post("/repos/acme/webshop/pulls", token, &json!({})).await.0, pulls, "{token}");
        assert_eq!(play.status("/repos/acme/webshop/rulesets/rule-suites", token).await, suites, "{token}");
    }
    let delete = play.request(Method::DELETE, "/repos/acme/webshop", "full").send().await.unwrap();
    assert_eq!(delete.status(), 403);
    assert_eq!(play.status("/repos/acme/webshop", "full").await, 200);
}

#[tokio::test]
async fn what_somebody_is_in_an_organisation_decides() {
    let play = play("ready").await;
    let membership = async |token: &str| read(play.get("/user/memberships/orgs/acme", token).await).await;
    let (_, owner) = membership("full").await;
    assert_eq!((owner["state"].as_str(), owner["role"].as_str()), (Some("active"), Some("admin")));
    let (_, member) = membership("member").await;
    assert_eq!(member["permissions"]["can_create_repository"], false);
    assert_eq!(membership("pending").await.1["state"], "pending");
    assert_eq!(membership("reader").await.0, 403, "read:org is missing");
    let (status, body) = play.post("/orgs/acme/repos", "member", &json!({"name": "mine", "private": true})).await;
    assert_eq!(status, 403);
    assert_eq!(body["message"], "You need admin access to the organization before adding a repository to it.");
    let (_, settings) = read(play.get("/orgs/acme", "full").await).await;
    assert_eq!(settings["members_can_create_repositories"], false);
    assert_eq!(read(play.get("/orgs/acme", "member").await).await.1.get("members_can_create_repositories"), None);
    assert_eq!(read(play.get("/users/acme", "").await).await.1["type"], "Organization");
}

#[tokio::test]
async fn repositories_are_created_once_and_can_be_used_at_once() {
    let play = play("ready").await;
    let wanted = json!({"name": "new one", "private": true});
    let (status, made) = play.post("/orgs/acme/repos", "keptn", &wanted).await;
    assert_eq!((status, made["full_name"].as_str()), (201, Some("acme/new-one")));
    assert_eq!(made["clone_url"], format!("{}/acme/new-one.git", play.host()));
    assert_eq!(play.advertised("acme/new-one.git", "receive-pack", "keptn").await.0, 200);
    assert_eq!(play.status("/repos/acme/new-one/commits", "keptn").await, 409);
    let (status, taken) = play.post("/orgs/acme/repos", "keptn", &wanted).await;
    assert_eq!(status, 422);
    assert_eq!(
        taken["errors"],
        json!([{"resource": "Repository", "code": "custom", "field": "name", "message": "name already exists on this account"}])
    );
    let readme = json!({"name": "with-readme", "private": true, "auto_init": true});
    assert_eq!(play.post("/user/repos", "full", &readme).await.0, 201);
    assert_eq!(play.status("/repos/octocat/with-readme/commits", "full").await, 200);
    let (status, refused) = play.post("/orgs/acme/repos", "fine", &wanted).await;
    assert_eq!((status, refused["message"].as_str()), (403, Some("Resource not accessible by personal access token")));
}

#[tokio::test]
async fn of_several_who_create_the_same_repository_one_does() {
    let play = play("ready").await;
    let wanted = json!({"name": "contested", "private": true});
    let create = || play.post("/orgs/acme/repos", "full", &wanted);
    let (a, b, c) = tokio::join!(create(), create(), create());
    let mut statuses = [a.0, b.0, c.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422, 422]);
}

#[tokio::test]
async fn a_renamed_repository_is_found_under_its_new_name() {
    let play = play("ready").await;
    let response = play.get("/repos/acme/shop", "full").await;
    assert_eq!(response.status(), 301);
    let target = header(&response, "location").unwrap().to_owned();
    assert!(target.starts_with(&format!("{}/api/v3/repositories/", play.host())), "{target}");
    let response = play.client.get(target).bearer_auth(play.token("full")).send().await.unwrap();
    assert_eq!(read(response).await.1["full_name"], "acme/storefront");
    let response = play.request(Method::POST, "/repos/acme/shop/pulls", "full").send().await.unwrap();
    assert_eq!(response.status(), 307);
}

#[tokio::test]
async fn lists_come_in_pages() {
    let play = play("ready").await;
    let response = play.get("/orgs/acme/repos?type=all&per_page=2&page=2", "full").await;
    let link = header(&response, "link").unwrap().to_owned();
    assert!(link.contains("page=3>; rel=\"next\"") && link.contains("page=1>; rel=\"prev\""), "{link}");
    let (_, rows) = read(response).await;
    let names: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["handbook", "storefront"]);
    assert_eq!(play.status("/user/repos?type=all&affiliation=owner", "full").await, 422);
    let (_, mine) = read(play.get("/user/repos?affiliation=collaborator", "reader").await).await;
    assert_eq!(mine.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_deploy_key_belongs_to_one_repository() {
    let play = play("ready").await;
    let key = json!({"title": "dxup", "key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB me@here", "read_only": true});
    let (status, made) = play.post("/repos/acme/webshop/keys", "full", &key).await;
    assert_eq!((status, made["read_only"].as_bool()), (201, Some(true)));
    let (_, listed) = read(play.get("/repos/acme/webshop/keys", "full").await).await;
    assert_eq!(listed[0]["id"], made["id"]);
    let (status, taken) = play.post("/repos/acme/blank/keys", "full", &key).await;
    assert_eq!((status, taken["errors"][0]["message"].as_str()), (422, Some("key is already in use")));
    assert_eq!(play.post("/repos/acme/webshop/keys", "reader", &key).await.0, 404);
}

// ── policies and disturbances ──

#[tokio::test]
async fn single_sign_on_keeps_the_api_and_git_out_and_says_where_to_go() {
    let play = play("sso-required").await;
    let response = play.get("/orgs/acme", "keptn").await;
    assert_eq!(response.status(), 403);
    let sso = header(&response, "x-github-sso").unwrap().to_owned();
    assert!(sso.starts_with(&format!("required; url={}/orgs/acme/sso?authorization_request=", play.host())), "{sso}");
    let response = play.get("/user/repos", "keptn").await;
    assert!(header(&response, "x-github-sso").unwrap().starts_with("partial-results; organizations="));
    assert_eq!(read(response).await, (200, json!([])));
    let (status, text) = play.advertised("acme/webshop.git", "upload-pack", "keptn").await;
    assert_eq!(status, 403);
    assert!(text.starts_with("The 'acme' organization has enabled or enforced SAML SSO."), "{text}");
    assert_eq!(play.status("/users/acme", "keptn").await, 200);
}

#[tokio::test]
async fn policies_of_an_organisation_have_their_own_words() {
    for (policy, kind, words) in [
        ("forbids_classic_tokens = true", "classic", "forbids access via a personal access token (classic)"),
        ("longest_lifetime_days = 30", "fine-grained", "lifetime is greater than 30 days"),
        ("restricts_addresses = true", "classic", "has an IP allow list enabled"),
    ] {
        let play = play_toml(&format!(
            r#"
            about = "One policy."
            accounts = [{{ provider = "github", login = "octocat" }}]
            [[organisations]]
            provider = "github"
            login = "acme"
            members = [{{ login = "octocat", role = "admin" }}]
            {policy}
            [[tokens]]
            provider = "github"
            name = "t"
            account = "octocat"
            kind = "{kind}"
            scopes = ["repo", "read:org"]
            "#
        ))
        .await;
        let (status, body) = read(play.get("/orgs/acme", "t").await).await;
        assert_eq!(status, 403, "{policy}");
        assert!(body["message"].as_str().unwrap().contains(words), "{policy}: {body}");
    }
}

#[tokio::test]
async fn disturbances_answer_in_the_place_of_the_forge() {
    let play = play_toml(
        r#"
        about = "Some trouble."
        [[disturbances]]
        path = "/api/v3/meta"
        first = 2
        count = 1
        status = 200
        content_type = "text/html"
        headers = { location = "{host}/portal" }
        body = "<p>Sign in at {host}"
        [[disturbances]]
        path = "/api/v3/user"
        status = 200
        body = "{\"login\": \"somebody\"}"
        close = true
        "#,
    )
    .await;
    assert_eq!(play.status("/meta", "").await, 200);
    let response = play.get("/meta", "").await;
    assert_eq!(header(&response, "content-type"), Some("text/html"));
    assert_eq!(header(&response, "location").unwrap(), format!("{}/portal", play.host()));
    assert_eq!(response.text().await.unwrap(), format!("<p>Sign in at {}", play.host()));
    assert_eq!(read(play.get("/meta", "").await).await.1["installed_version"], "3.19.4");
    let cut = play.get("/user", "").await;
    assert_eq!(cut.status(), 200);
    assert!(cut.text().await.is_err());
    let faults: Vec<_> = play.log().iter().map(|line| line["fault"].clone()).collect();
    assert_eq!(faults, [json!(null), json!("answered 200"), json!(null), json!("answered 200, cut off half-way")]);
}

#[tokio::test]
async fn the_shipped_troubles_are_what_they_say() {
    let down = play("down").await;
    assert!(down.request(Method::GET, "/meta", "keptn").send().await.is_err());
    assert_eq!(down.log()[0]["fault"], "connection closed");

    let limited = play("rate-limited").await;
    let response = limited.get("/user", "keptn").await;
    assert_eq!((response.status().as_u16(), header(&response, "x-ratelimit-remaining")), (403, Some("0")));
    assert_eq!(limited.advertised("acme/webshop.git", "upload-pack", "keptn").await.0, 429);

    let broken = play("server-error").await;
    assert_eq!(broken.status("/repos/acme/gitops", "keptn").await, 502);
    assert_eq!(broken.advertised("acme/gitops.git", "receive-pack", "keptn").await.0, 503);
    assert_eq!(broken.status("/orgs/acme", "keptn").await, 200);
    assert_eq!(broken.status("/user/memberships/orgs/acme", "keptn").await, 200);

    let expired = play("expired").await;
    assert_eq!(expired.status("/user", "keptn").await, 401);

    let missing = play("missing-scope").await;
    let response = missing.get("/user", "devtron").await;
    assert_eq!(header(&response, "x-oauth-scopes"), Some("delete_repo, read:org, repo"));
    assert_eq!(missing.status("/repos/acme/webshop", "qovery").await, 404);
}

#[tokio::test]
async fn the_log_names_requests_and_no_secret() {
    let play = play("ready").await;
    play.get("/user/repos?per_page=2&secret=hidden", "full").await;
    play.advertised("acme/webshop.git", "upload-pack", "reader").await;
    let log = play.log();
    assert_eq!(log[0]["path"], "/api/v3/user/repos?per_page=2&secret=***");
    assert_eq!((log[0]["account"].as_str(), log[0]["status"].as_u64()), (Some("octocat"), Some(200)));
    assert_eq!(log[1]["path"], "/acme/webshop.git/info/refs?service=git-upload-pack");
    assert_eq!(log[1]["account"], "rita-reader");
    assert!(log[0]["end_us"].as_u64().unwrap() >= log[0]["start_us"].as_u64().unwrap());
    assert!(log[0]["seq"].as_u64() < log[1]["seq"].as_u64());
}
