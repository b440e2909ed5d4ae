//! One scope less changes the check of that scope, and those that need it; no other.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use toml::{Table, Value};

use super::{BLANK, FINE, Job, READY, Stage, verdicts};

/// `world` with the token that is named so changed.
fn with_token(world: &str, name: &str, change: impl FnOnce(&mut Table)) -> String {
    let mut document: Table = world.parse().unwrap();
    let mut tokens = document["tokens"].as_array_mut().unwrap().iter_mut().filter_map(Value::as_table_mut);
    change(tokens.find(|token| token["name"].as_str() == Some(name)).unwrap());
    document.to_string()
}

async fn found(world: &str, platform: &'static str) -> BTreeMap<String, &'static str> {
    let stage = Stage::of(world).await;
    verdicts(&Job::dry(&stage, platform).run().await)
}

/// What is taken away from whom, the check of it, and the other checks that need it.
struct Less {
    platform: &'static str,
    what: String,
    world: String,
    scope: String,
    /// What the check of the scope comes to.
    verdict: &'static str,
    needing: &'static [&'static str],
}

/// Takes one away each time, and compares everything before and after.
async fn check(before: &str, cases: Vec<Less>) -> usize {
    let trials = cases.into_iter().map(|less| async move {
        let (honest, found) = (found(before, less.platform).await, found(&less.world, less.platform).await);
        let id = format!("scope:{}", less.scope);
        let what = format!("{} {}", less.platform, less.what);
        let changed: Vec<_> =
            honest.keys().chain(found.keys()).filter(|id| honest.get(*id) != found.get(*id)).cloned().collect();
        let mut others: Vec<_> = changed.iter().filter(|changed| **changed != id).collect();
        others.sort();
        others.dedup();
        println!("{what}: {id} {:?} -> {:?}; also changed: {others:?}", honest.get(&id), found.get(&id));
        assert_eq!(honest.get(&id), Some(&"pass"), "{what}: {honest:?}");
        assert_eq!(found.get(&id), Some(&less.verdict), "{what}: {found:?}");
        assert!(others.iter().all(|id| !id.starts_with("scope:")), "{what}: {others:?}");
        assert!(others.iter().all(|id| less.needing.contains(&id.as_str())), "{what}: {others:?}");
        for id in others {
            assert_ne!(found.get(id), Some(&"pass"), "{what}: {id}");
            assert!(found.contains_key(id), "{what}: {id} is absent");
        }
    });
    join_all(trials).await.len()
}

#[tokio::test]
async fn one_scope_less_is_one_scope_check_less() {
    let reached = &[
        "create-repository",
        "repository",
        "empty",
        "clone",
        "push",
        "handover",
        "delete",
        "webhooks",
        "pull-requests",
    ][..];
    let rows = [
        ("keptn", "repo", "fail", reached),
        ("devtron", "repo", "fail", reached),
        // Without it the membership is not told, and so not whether repositories may be created.
        ("devtron", "admin:org", "fail", &["create-repository"][..]),
        ("devtron", "delete_repo", "warn", &["delete"]),
        ("qovery", "repo", "fail", reached),
        // `repo` does the same, and does not say so on the token's page.
        ("qovery", "admin:repo_hook", "warn", &[]),
        ("qovery", "read:org", "fail", &[]),
        ("dxup", "repo", "fail", reached),
        ("dxup", "read:org", "fail", &["create-repository"]),
        ("dxup", "delete_repo", "warn", &["delete"]),
    ];
    let cases = rows.map(|(platform, scope, verdict, needing)| Less {
        platform,
        what: format!("without {scope}"),
        world: with_token(READY, platform, |token| {
            let scopes = token["scopes"].as_array_mut().unwrap();
            let before = scopes.len();
            scopes.retain(|one| one.as_str() != Some(scope));
            assert_eq!(scopes.len() + 1, before);
        }),
        scope: scope.to_owned(),
        verdict,
        needing,
    });
    let count = check(READY, cases.into()).await;
    println!("scopes taken away: {count}");
}

#[tokio::test]
async fn one_permission_less_is_one_scope_check_less() {
    let git = &["clone", "push", "empty", "handover"][..];
    let rows = [
        ("keptn", "contents", "write", git),
        ("devtron", "contents", "write", git),
        ("devtron", "administration", "write", &["create-repository", "delete"][..]),
        ("qovery", "contents", "read", git),
        ("qovery", "repository_hooks", "write", &["webhooks"]),
        ("qovery", "pull_requests", "write", &["pull-requests"]),
        ("dxup", "contents", "write", git),
        ("dxup", "administration", "write", &["create-repository", "delete"]),
    ];
    let world = format!("{FINE}{BLANK}");
    let mut cases = Vec::new();
    for (platform, permission, level, needing) in rows {
        let less = |what: &str, world: String, needing| Less {
            platform,
            what: format!("{what} {permission}"),
            world,
            scope: format!("{permission}:{level}"),
            verdict: "fail",
            needing,
        };
        let removed = with_token(&world, platform, |token| {
            token["permissions"].as_table_mut().unwrap().remove(permission).unwrap();
        });
        cases.push(less("without", removed, needing));
        if level == "write" {
            let lowered = with_token(&world, platform, |token| {
                token["permissions"].as_table_mut().unwrap().insert(permission.to_owned(), "read".into());
            });
            let needing = if permission == "contents" { &["push", "handover"][..] } else { needing };
            cases.push(less("only reading", lowered, needing));
        }
    }
    let count = check(&world, cases).await;
    println!("permissions taken away or lowered: {count}");
}
