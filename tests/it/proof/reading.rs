//! A dry run reads. Besides reading there are the documented probes, and without probes there is nothing else.

use std::time::Duration;

use futures_util::future::join_all;
use git_access::forge::{Limits, Outside};
use git_access::sandbox::{Scenario, scenarios};

use super::{FINE, Job, PLATFORMS, Stage, limits};

/// The probes: a hook of a number that no hook has, and a pull request without anything in it.
fn is_probe(method: &str, path: &str) -> bool {
    let below = path.strip_prefix("/api/v3/repos/").unwrap_or_default();
    (method == "PATCH" && below.ends_with("/hooks/4294967289")) || (method == "POST" && below.ends_with("/pulls"))
}

/// The sample answers of the scenario, for every platform at once.
async fn all_platforms(stage: &Stage, probes: bool) {
    let outside = &Outside::new(None).with_limits(Limits { patience: Duration::from_millis(100), ..limits() });
    let runs = PLATFORMS.map(|platform| async move {
        let sample = stage.sample(platform);
        let text = |value: &toml::Value| value.as_str().map(str::to_owned);
        let token = text(&sample["token"]["file"]).unwrap();
        let job = Job {
            token: stage.token(token.rsplit('/').next().unwrap()),
            repository: text(&sample["repository"]["name"]).unwrap(),
            create: sample["repository"].get("create").and_then(toml::Value::as_bool).unwrap_or_default(),
            probes,
            outside: outside.clone(),
            ..Job::dry(stage, platform)
        };
        let wizard = job.run().await;
        assert!(wizard.applied().next().is_none() && !wizard.is_saved());
    });
    join_all(runs).await;
}

/// Method and address of what a scenario is asked, without probes and then with them.
async fn asked(scenario: Scenario) -> [Vec<(String, String, u64)>; 2] {
    let stage = Stage::playing(scenario).await;
    let list = |from: usize| {
        let all = stage.requests().split_off(from);
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        all.iter()
            .map(|it| (text(&it["method"]), text(&it["path"]), it["status"].as_u64().unwrap_or_default()))
            .collect()
    };
    all_platforms(&stage, false).await;
    let without: Vec<_> = list(0);
    all_platforms(&stage, true).await;
    let with = list(without.len());
    [without, with]
}

#[tokio::test]
async fn a_dry_run_makes_no_request_that_changes_anything() {
    // The shipped samples of fine-grained tokens create, so that most probes wait: one more world has everything.
    let repositories = ["gitops", "devtron-gitops", "dxup-gitops"]
        .map(|name| format!("\n[[repositories]]\nprovider = \"github\"\nowner = \"acme\"\nname = \"{name}\"\n"));
    let whole = ("fine-grained, nothing to create", format!("{FINE}{}", repositories.concat()));
    // Platforms that sign in with a key are run in `keys`.
    let shipped = scenarios()
        .filter(|(name, _)| *name != "by-key")
        .map(|(name, _)| (name, Scenario::named(name).unwrap().unwrap()));
    let worlds: Vec<_> = shipped.chain([(whole.0, Scenario::from_toml(&whole.1).unwrap())]).collect();
    let names: Vec<_> = worlds.iter().map(|(name, _)| *name).collect();
    let (mut requests, mut probes) = (0, 0);
    let all = join_all(worlds.into_iter().map(|(_, scenario)| asked(scenario))).await;
    for (name, [without, with]) in names.iter().zip(all) {
        assert!(!without.is_empty() && !with.is_empty(), "{name}");
        for (method, path, _) in &without {
            assert_eq!(method, "GET", "{name}: {path} without probes");
        }
        for (method, path, status) in &with {
            if method != "GET" {
                assert!(is_probe(method, path), "{name}: {method} {path}");
                assert!(*status == 0 || *status >= 400, "{name}: {method} {path} was not refused: {status}");
                probes += 1;
            }
        }
        requests += without.len() + with.len();
    }
    println!("scenarios: {}, requests of dry runs: {requests}, of them probes: {probes}", names.len());
    assert!(probes >= 4, "{probes}");
}
