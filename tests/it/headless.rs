//! The main job, as a transcript: answers in; exit code, report, config and secret out.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::program::{Home, Run, Served, finished};
use crate::support::scenario::{EVERYWHERE, EXPIRES_SOON, comes_to};

const GITOPS: &str = "[repository]\nname = \"gitops\"\ncreate = true\n";

pub fn setup(home: &Home, answers: &Path) -> Run {
    home.run(&["setup", "--format", "json", "--answers", answers.to_str().unwrap()])
}

/// Git in this home, asking our own helper.
pub fn git(home: &Home, arguments: &[&str]) -> Run {
    let helper = format!("!'{}' credential", env!("CARGO_BIN_EXE_git-access"));
    let mut command = home.command("git");
    command.args(["-c", "credential.helper=", "-c", &format!("credential.helper={helper}")]);
    command.args(["-c", "credential.useHttpPath=true", "-c", "user.name=o", "-c", "user.email=o@acme.example"]);
    finished(command.args(arguments))
}

/// Clones, commits and pushes with git's own program, which asks our helper for user name and token.
pub fn clone_and_push(home: &Home, url: &str) {
    git(home, &["clone", "-q", url, "work"]).expect(0);
    home.write("work/shipyard.yaml", "stages: []\n");
    git(home, &["-C", "work", "add", "."]).expect(0);
    git(home, &["-C", "work", "commit", "-qm", "first"]).expect(0);
    git(home, &["-C", "work", "push", "-q", "origin", "HEAD:main"]).expect(0);
}

#[test]
fn from_an_empty_directory_to_a_proven_access_that_git_uses() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let answers = served.answers(&home, "keptn", "keptn", GITOPS);
    let first = setup(&home, &answers).expect(0);
    let report = first.json();
    assert_eq!(report["verdict"], "pass", "{}", first.stdout);
    assert_eq!(report["connections"][0]["repository"]["created"], true);
    assert_eq!(report["connections"][0]["saved"], true);

    let mode = std::fs::metadata(home.config()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let token = served.token("keptn");
    assert!(!home.config_text().contains(&token));

    let url = format!("{}/acme/gitops.git", served.host());
    clone_and_push(&home, &url);

    let before = home.config_text();
    let again = setup(&home, &answers).expect(0);
    let report = again.json();
    assert_eq!(report["connections"][0]["repository"]["created"], false);
    let stable = |text: &str| text.lines().filter(|line| !line.starts_with("at = ")).collect::<Vec<_>>().join("\n");
    assert_eq!(stable(&before), stable(&home.config_text()), "the same answers end in the same state");
    let created =
        served.requests().iter().filter(|request| request["method"] == "POST" && request["status"] == 201).count();
    assert_eq!(created, 1);
}

/// What the wizard itself needed to create the repository is no excess when the access is looked at later.
#[test]
fn what_made_the_repository_is_not_too_much_later() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    for (provider, token) in [("github", "keptn"), ("gitlab", "gitlab-keptn"), ("gitea", "gitea-keptn")] {
        let answers = served.answers_on(&home, provider, "keptn", token, GITOPS);
        setup(&home, &answers).expect(0);
        let looked = home.run(&["check", "--format", "json", &format!("keptn-{provider}-acme")]).expect(0);
        assert_eq!(looked.check("excess")["verdict"], "pass", "{}", looked.stdout);
        assert_eq!(looked.json()["verdict"], "pass", "{}", looked.stdout);
    }
}

#[test]
fn a_token_that_only_reads_is_refused_where_the_platform_pushes() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let answers = served.answers(&home, "keptn", "reader", "[repository]\nname = \"blank\"\n");
    let run = setup(&home, &answers).expect(1);
    assert_eq!(run.check("push")["verdict"], "fail", "{}", run.stdout);
    assert_eq!(run.check("clone")["verdict"], "pass");
    assert!(!home.config().exists(), "nothing is saved");
    let url = format!("{}/acme/blank.git", served.host());
    let mut clone = home.command("git");
    let token = served.token("reader");
    let helper = format!(
        "!f() {{ echo username=rita-reader; echo password=$(cat '{}'); }}; f",
        served.token_file("reader").display()
    );
    clone.args(["-c", "credential.helper=", "-c", &format!("credential.helper={helper}"), "clone", "-q", &url, "read"]);
    finished(&mut clone).expect(0);
    home.write("read/x", "x");
    git(&home, &["-C", "read", "add", "."]).expect(0);
    git(&home, &["-C", "read", "commit", "-qm", "x"]).expect(0);
    let mut push = home.command("git");
    push.args([
        "-C",
        "read",
        "-c",
        "credential.helper=",
        "-c",
        &format!("credential.helper={helper}"),
        "push",
        "origin",
        "HEAD:main",
    ]);
    let pushed = finished(&mut push);
    assert!(pushed.code != 0 && !pushed.stderr.contains(&token), "{}", pushed.stderr);
}

const PAIRS: [(&str, &[&str]); 2] = [
    ("github", &["keptn", "devtron", "qovery", "dxup", "flux", "argocd"]),
    ("gitlab", &["keptn", "devtron", "qovery", "flux", "argocd"]),
];

/// The rows of the table of scenarios: what each comes to with its own sample answers.
#[test]
fn every_scenario_ends_as_it_is_promised() {
    let sso = ("sso-required", "fail", 1, false, "owner", "sso");
    for row in EVERYWHERE.into_iter().chain([EXPIRES_SOON, sso]) {
        for (provider, platforms) in PAIRS {
            // GitLab tells an expired token from every other.
            let (scenario, verdict, code, saved, id, fault) = row;
            let fault = if (provider, fault) == ("gitlab", "auth") { "expired" } else { fault };
            for platform in platforms {
                comes_to(provider, platform, (scenario, verdict, code, saved, id, fault));
            }
        }
    }
}

#[test]
fn keptn_refuses_a_repository_with_commits() {
    let home = Home::new();
    let run = home.run(&["setup", "--sandbox=not-empty", "--platform", "keptn", "--format", "json"]).expect(1);
    assert_eq!(run.check("empty")["verdict"], "fail");
    assert_eq!(run.json()["connections"][0]["saved"], false);
}

#[test]
fn a_dry_run_reads_only_and_accepted_failures_are_recorded() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let answers = served.answers(&home, "keptn", "keptn", GITOPS);
    let dry = home.run(&["setup", "--dry-run", "--format", "json", "--answers", answers.to_str().unwrap()]).expect(0);
    assert_eq!(dry.check("repository")["verdict"], "unknown", "{}", dry.stdout);
    assert_eq!(dry.check("store")["verdict"], "unknown");
    assert!(!home.config().exists());
    assert!(served.requests().iter().all(|request| request["method"] == "GET"));

    let answers = served.answers(&home, "keptn", "reader", "[repository]\nname = \"blank\"\n");
    let path = answers.to_str().unwrap();
    let run = home.run(&["setup", "--accept-failures", "--format", "json", "--answers", path]).expect(0);
    assert_eq!(run.json()["verdict"], "fail");
    assert_eq!(run.json()["connections"][0]["accepted"], serde_json::json!(["push", "handover"]), "{}", run.stdout);
    assert!(home.config_text().contains("accepted = "));
    home.run(&["check"]).expect(0);
}

#[test]
fn a_token_source_that_fails_is_exit_4_and_leaves_nothing() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    for source in ["env = \"NOT_SET\"", "file = \"/nonexistent\"", "command = [\"false\"]"] {
        let text = format!(
            "version = 1\nplatform = \"keptn\"\nprovider = \"github\"\nhost = \"{}\"\nowner = \"acme\"\n\
             [repository]\nname = \"gitops\"\ncreate = true\n[token]\n{source}\n",
            served.host()
        );
        let answers = home.write("a.toml", &text);
        let run = setup(&home, &answers).expect(4);
        assert_eq!(run.check("store")["verdict"], "fail", "{source}: {}", run.stdout);
        assert!(!home.config().exists());
    }
}

#[test]
fn without_a_keyring_it_says_so_and_keeps_nothing_elsewhere() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let answers = served.answers(&home, "keptn", "keptn", GITOPS);
    let text = std::fs::read_to_string(&answers).unwrap();
    let cut = text.find("[store]").unwrap();
    std::fs::write(&answers, &text[..cut]).unwrap();
    let run = setup(&home, &answers).expect(4);
    assert_eq!(run.check("store")["verdict"], "fail", "{}", run.stdout);
    assert!(run.stderr.contains("file") || run.stdout.contains("file"), "the other ways are named");
    assert!(!home.config().exists());
    assert!(served.requests().iter().all(|request| request["method"] != "POST"), "nothing was created");
}

#[test]
fn saved_answers_replay_to_the_same_state() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let answers = served.answers(&home, "keptn", "keptn", GITOPS);
    let saved = home.path("saved.toml");
    let arguments = ["setup", "--answers", answers.to_str().unwrap(), "--save-answers", saved.to_str().unwrap()];
    home.run(&arguments).expect(0);
    let text = std::fs::read_to_string(&saved).unwrap();
    assert!(!text.contains(&served.token("keptn")));
    let before = home.config_text();
    setup(&home, &saved).expect(0);
    let stable = |text: &str| text.lines().filter(|line| !line.starts_with("at = ")).collect::<Vec<_>>().join("\n");
    assert_eq!(stable(&before), stable(&home.config_text()));
}

#[test]
fn without_answers_it_says_what_would_be_needed() {
    let home = Home::new();
    let run = home.run(&["setup", "--platform", "keptn"]).expect(2);
    assert!(run.stdout.is_empty());
    assert!(run.stderr.contains("[token]") && run.stderr.contains("platform = \"keptn\""), "{}", run.stderr);
    home.run(&[]).expect(2);
    assert!(!home.config().exists());
}

#[test]
fn a_platform_that_nobody_knows_is_told_whatever_else_there_is() {
    let home = Home::new();
    for more in [&[][..], &["--plain"], &["--sandbox"]] {
        let run = home.run(&[&["setup", "--platform", "argo-cd", "--format", "json"], more].concat()).expect(2);
        assert_eq!(run.json()["problems"][0]["key"], "--platform", "{more:?}");
        assert!(run.stderr.contains("There is no platform argo-cd") && run.stderr.contains("argocd"), "{}", run.stderr);
    }
    let answers = home.write("a.toml", "version = 1\nprovider = \"nobody\"\n");
    let told = home.run(&["setup", "--platform", "argo-cd", "--answers", answers.to_str().unwrap()]).expect(2).stderr;
    assert!(told.contains("no platform of this name") && told.contains("a.toml:2:12"), "{told}");
}

#[test]
fn a_token_on_the_command_line_is_refused_without_repeating_it() {
    let home = Home::new();
    let token = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";
    for arguments in [vec!["setup", "--token", token], vec!["setup", &format!("--token={token}")], vec![token]] {
        let run = home.run(&arguments).expect(2);
        assert!(!run.stderr.contains("0123456789") && !run.stdout.contains("0123456789"), "{}", run.stderr);
    }
}
