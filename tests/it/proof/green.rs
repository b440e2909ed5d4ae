//! No green without proof: a check whose proving answer is replaced by a wrong one never passes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use git_access::forge::{Limits, Outside};

use super::middle::{Honest, Middle, Rule, honestly};
use super::{BLANK, FINE, Job, PLATFORMS, READY, Stage, limits, verdicts};
use crate::forges::proof::{Wrong, wrong_answers};
use crate::support::raw::{Raw, Seen, Step};

/// The wrong answers that are tried: of those of the forges' own tests, one of each sort.
const SORTS: [&str; 30] = [
    "HTML 200",
    "HTML said to be JSON",
    "HTML 203",
    "HTML 404",
    "{}",
    "[]",
    "[{}]",
    "null",
    "{} 404",
    "{} 422",
    "a foreign 404",
    "a GitLab user",
    "a GitLab project",
    "a Gitea user",
    "a Gitea repository",
    "a list of Gitea repositories",
    "wrong types",
    "deep nesting",
    "empty 401",
    "empty 200",
    "204",
    "a user with 203",
    "a user as plain text",
    "a byte order mark",
    "invalid UTF-8",
    "5 MiB",
    "a listing cut short",
    "a bomb",
    "a cut body",
    "reset",
];

/// A request that proves something: method, a piece of its address, and what it proves.
type Proof = (&'static str, String, Vec<&'static str>);

const IDENTITY: [&str; 2] = ["identity", "expiry"];
const CLASSIC_SCOPES: [&str; 5] =
    ["scope:repo", "scope:read:org", "scope:admin:org", "scope:delete_repo", "scope:admin:repo_hook"];
const FINE_SCOPES: [&str; 5] = [
    "scope:contents:read",
    "scope:contents:write",
    "scope:administration:write",
    "scope:repository_hooks:write",
    "scope:pull_requests:write",
];

/// The proving requests of a platform, for a kind of token and a repository that exists.
fn proofs(platform: &str, fine: bool, repository: &str) -> Vec<Proof> {
    let repos = format!("/repos/acme/{repository}");
    let upload = format!("/acme/{repository}.git/info/refs?service=git-upload-pack");
    let receive = format!("/acme/{repository}.git/info/refs?service=git-receive-pack");
    // The repository opens what lies in it; what a fine-grained token may do is seen there.
    let mut inside = vec!["repository", "clone", "push", "empty", "handover", "delete", "webhooks", "pull-requests"];
    inside.extend(FINE_SCOPES);
    let writes = platform != "qovery";
    let mut proofs: Vec<Proof> = vec![
        ("GET", "/api/v3/meta".into(), vec!["reach"]),
        ("GET", "/api/v3/users/acme".into(), vec!["owner", "create-repository"]),
        ("GET", "/api/v3/orgs/acme".into(), vec!["owner", "create-repository"]),
        ("GET", "/api/v3/user/memberships/orgs/acme".into(), vec!["owner", "create-repository"]),
        ("GET", repos.clone(), inside),
        ("GET", upload, if writes { vec!["clone", "empty"] } else { vec!["clone", "handover", "scope:contents:read"] }),
    ];
    if writes {
        proofs.push(("GET", receive, vec!["push", "handover", "scope:contents:write"]));
    }
    if !fine {
        let told = ["identity", "expiry", "excess", "create-repository", "delete", "webhooks", "pull-requests"];
        proofs.push(("GET", "/api/v3/user".into(), [&told[..], &CLASSIC_SCOPES].concat()));
        return proofs;
    }
    let hooks = vec!["scope:repository_hooks:write", "webhooks"];
    proofs.push(("GET", "/api/v3/user".into(), IDENTITY.to_vec()));
    if platform == "qovery" {
        proofs.push(("GET", format!("{repos}/hooks"), hooks.clone()));
        proofs.push(("PATCH", format!("{repos}/hooks/"), hooks));
        proofs.push(("POST", format!("{repos}/pulls"), vec!["scope:pull_requests:write", "pull-requests"]));
    } else if platform != "keptn" {
        let rules = format!("{repos}/rulesets/rule-suites");
        proofs.push(("GET", rules, vec!["scope:administration:write", "create-repository", "delete"]));
    }
    proofs
}

fn is_it(seen: &Seen, method: &str, address: &str) -> bool {
    let path = seen.target.split('?').next().unwrap_or_default();
    let whole = address.contains('?') && seen.target.ends_with(address);
    // A list is asked for with a query; a hook has a number.
    let met = whole || path.ends_with(address) || (address.ends_with('/') && path.contains(address));
    seen.method == method && met
}

fn replacing(method: &'static str, address: &str, step: Step) -> Rule {
    let address = address.to_owned();
    Arc::new(move |seen| is_it(seen, method, &address).then(|| step.clone()))
}

/// One of the worlds, with a server of another host that must never see a token.
struct Scene {
    stage: Stage,
    honest: BTreeMap<&'static str, Arc<Honest>>,
    fine: bool,
}

impl Scene {
    async fn all() -> [Self; 2] {
        let scene = |stage: Stage, fine| {
            let honest = PLATFORMS.iter().map(|platform| (*platform, Honest::at(&stage.host()))).collect();
            Self { stage, honest, fine }
        };
        [scene(Stage::of(READY).await, false), scene(Stage::of(&format!("{FINE}{BLANK}")).await, true)]
    }

    /// The jobs of this world with the checks that pass in it.
    async fn jobs(&self) -> Vec<(Job, BTreeSet<String>)> {
        let asked = PLATFORMS.map(|platform| async move {
            let job = Job::dry(&self.stage, platform);
            let middle = Middle::before(&self.honest[platform], honestly()).await;
            let job = Job { host: middle.host(), ..job };
            let honest = verdicts(&job.run().await);
            let passed: BTreeSet<_> =
                honest.iter().filter(|(_, verdict)| **verdict == "pass").map(|(id, _)| id.clone()).collect();
            let other: Vec<_> = honest.iter().filter(|(id, verdict)| **verdict != "pass" && *id != "store").collect();
            assert!(other.is_empty(), "{platform} (fine-grained: {}): {other:?}", self.fine);
            (job, passed)
        });
        join_all(asked).await
    }
}

/// What came of one replacement.
#[derive(Default)]
struct Tally {
    count: usize,
    green: Vec<String>,
    absent: BTreeSet<String>,
    missed: Vec<String>,
    proven: BTreeSet<String>,
}

/// Runs `job` with the answer to one request replaced, and looks at the checks that it proves.
async fn trial(scene: &Scene, job: &Job, passed: &BTreeSet<String>, proof: &Proof, wrong: &Wrong) -> Tally {
    let (method, address, proves) = proof;
    let middle = Middle::before(&scene.honest[job.platform], replacing(method, address, wrong.1.clone())).await;
    let job = Job { host: middle.host(), ..job.clone() };
    let found = verdicts(&job.run().await);
    let what = format!("{} (fine-grained: {}), {method} {address}, {}", job.platform, scene.fine, wrong.0);
    let mut tally = Tally::default();
    if middle.replaced() == 0 {
        tally.missed.push(what.clone());
    }
    for id in proves.iter().filter(|id| passed.contains(**id)) {
        tally.count += 1;
        tally.proven.insert((*id).to_owned());
        match found.get(*id) {
            Some(&"pass") => tally.green.push(format!("{what}: {id} passes")),
            Some(_) => {}
            None => {
                tally.absent.insert(format!("{}: {id} for want of {address}", job.platform));
            }
        }
    }
    tally
}

fn together(tallies: Vec<Tally>) -> Tally {
    let mut all = Tally::default();
    for one in tallies {
        all.count += one.count;
        all.green.extend(one.green);
        all.absent.extend(one.absent);
        all.missed.extend(one.missed);
        all.proven.extend(one.proven);
    }
    all
}

#[tokio::test]
async fn no_check_passes_on_a_wrong_answer_to_its_proving_request() {
    let wrongs: Vec<_> = wrong_answers().into_iter().filter(|(name, _)| SORTS.contains(name)).collect();
    assert_eq!(wrongs.len(), SORTS.len());
    let mut tallies = Vec::new();
    let mut unproven = BTreeSet::new();
    for scene in Scene::all().await {
        for (job, passed) in scene.jobs().await {
            let proofs = proofs(job.platform, scene.fine, &job.repository);
            for proof in &proofs {
                let trials = wrongs.iter().map(|wrong| trial(&scene, &job, &passed, proof, wrong));
                tallies.extend(join_all(trials).await);
            }
            let named: BTreeSet<_> = proofs.iter().flat_map(|proof| proof.2.clone()).collect();
            unproven.extend(passed.into_iter().filter(|id| !named.contains(id.as_str())));
        }
    }
    let all = together(tallies);
    println!("checks with a wrong answer to a proving request: {}, passed: {}", all.count, all.green.len());
    println!("ids: {}", all.proven.iter().cloned().collect::<Vec<_>>().join(" "));
    assert!(all.green.is_empty(), "{:#?}", all.green);
    assert!(all.missed.is_empty(), "never asked: {:#?}", all.missed);
    assert!(all.absent.is_empty(), "a check that applies is never absent: {:#?}", all.absent);
    assert!(unproven.is_empty(), "no proving request is known for {unproven:?}");
    assert!(all.count >= 200, "{}", all.count);
}

#[tokio::test]
async fn silence_proves_nothing() {
    let short = Limits { total: Duration::from_millis(700), ..limits() };
    let outside = Outside::new(None).with_limits(short);
    let mut tallies = Vec::new();
    for scene in Scene::all().await {
        for (job, passed) in scene.jobs().await {
            let job = Job { outside: outside.clone(), ..job };
            let proofs = proofs(job.platform, scene.fine, &job.repository);
            let wrong = ("silence", Step::Hang);
            tallies.extend(join_all(proofs.iter().map(|proof| trial(&scene, &job, &passed, proof, &wrong))).await);
        }
    }
    let all = together(tallies);
    println!("checks with silence in place of a proof: {}, passed: {}", all.count, all.green.len());
    assert!(all.green.is_empty(), "{:#?}", all.green);
    assert!(all.count >= 40, "{}", all.count);
}

#[tokio::test]
async fn a_redirect_to_another_host_takes_no_token_along() {
    let other = Raw::start(|_| Step::json(200, crate::forges::USER)).await;
    let mut tallies = Vec::new();
    for scene in Scene::all().await {
        for (job, passed) in scene.jobs().await {
            for status in [301, 302, 307, 308] {
                let there = format!("{}/api/v3/user", other.origin());
                let wrong = ("a redirect to another host", Step::answer(status, &[("Location", &there)], ""));
                let proofs = proofs(job.platform, scene.fine, &job.repository);
                tallies.extend(join_all(proofs.iter().map(|proof| trial(&scene, &job, &passed, proof, &wrong))).await);
            }
        }
    }
    let all = together(tallies);
    println!("checks with a redirect to another host: {}, passed: {}", all.count, all.green.len());
    assert!(all.green.is_empty(), "{:#?}", all.green);
    assert!(all.missed.is_empty(), "never asked: {:#?}", all.missed);
    let carrying = other.seen().iter().filter(|seen| seen.head.to_ascii_lowercase().contains("authorization")).count();
    println!("requests at the other host: {}, with a token: {carrying}", other.seen().len());
    assert_eq!(carrying, 0);
    assert!(all.count >= 100, "{}", all.count);
}

/// Creating is proven by its own answer; the wrong one is given in its place, so that nothing was created.
#[tokio::test]
async fn nothing_is_said_to_be_created_on_a_wrong_answer() {
    let stage = Stage::of(READY).await;
    let dependent = ["create-repository", "repository", "clone", "push", "empty", "handover", "store", "delete"];
    let mut count = 0;
    let mut green = Vec::new();
    for platform in ["keptn", "devtron", "dxup"] {
        let honest = Honest::at(&stage.host());
        let trials = wrong_answers().into_iter().filter(|(name, _)| SORTS.contains(name)).map(|(name, step)| {
            let (stage, honest) = (&stage, &honest);
            async move {
                let middle = Middle::before(honest, replacing("POST", "/api/v3/orgs/acme/repos", step)).await;
                let job =
                    Job { host: middle.host(), repository: "made".into(), create: true, ..Job::dry(stage, platform) };
                let wizard = Job { dry: false, ..job }.run().await;
                assert_eq!(middle.replaced(), 1, "{platform} {name}: creating is never repeated");
                assert!(!wizard.is_saved(), "{platform} {name}");
                (name, verdicts(&wizard))
            }
        });
        for (name, found) in join_all(trials).await {
            for id in dependent.iter().filter(|id| found.contains_key(**id)) {
                count += 1;
                if found[*id] == "pass" {
                    green.push(format!("{platform} {name}: {id}"));
                }
            }
        }
    }
    println!("checks after a creation that was not proven: {count}, passed: {}", green.len());
    assert!(green.is_empty(), "{green:#?}");
    assert!(count >= 200, "{count}");
}

/// A connection that was fine when it was saved, looked at again while the forge answers wrongly.
#[tokio::test]
async fn a_later_look_takes_nothing_from_the_first_one() {
    let wrongs: Vec<_> = wrong_answers().into_iter().filter(|(name, _)| SORTS.contains(name)).collect();
    let (mut count, mut green) = (0, Vec::new());
    for scene in Scene::all().await {
        for platform in ["keptn", "qovery"] {
            let dir = tempfile::tempdir().unwrap();
            let middle = Middle::before(&scene.honest[platform], honestly()).await;
            let job = Job { host: middle.host(), dry: false, ..Job::dry(&scene.stage, platform) };
            let first = job.run_in(dir.path()).await;
            assert!(first.is_saved(), "{:?}", verdicts(&first));
            let held = first.connection().unwrap();
            let before = verdicts(&job.check(&held, dir.path()).await);
            assert!(before.values().all(|verdict| *verdict == "pass"), "{before:?}");
            for (method, address, proves) in proofs(platform, scene.fine, &job.repository) {
                for (name, step) in wrongs.iter().step_by(5) {
                    let met = middle.replaced();
                    middle.now(replacing(method, &address, step.clone()));
                    let found = verdicts(&job.check(&held, dir.path()).await);
                    assert!(middle.replaced() > met, "never asked: {method} {address}");
                    for id in proves.iter().filter(|id| before.contains_key(**id)) {
                        count += 1;
                        if found.get(*id).is_none_or(|verdict| *verdict == "pass") {
                            green.push(format!("{platform} {method} {address} {name}: {id} {:?}", found.get(*id)));
                        }
                    }
                }
            }
        }
    }
    println!("checks of saved connections with a wrong answer: {count}, passed: {}", green.len());
    assert!(green.is_empty(), "{green:#?}");
    assert!(count >= 200, "{count}");
}

/// A proxy on the way took every header of GitHub from the answer that tells of scopes and of the end.
#[tokio::test]
async fn headers_that_were_stripped_prove_nothing() {
    for scene in Scene::all().await {
        for (job, passed) in scene.jobs().await {
            let bare = Step::answer(200, &[("Content-Type", "application/json")], crate::forges::USER);
            let middle = Middle::before(&scene.honest[job.platform], replacing("GET", "/api/v3/user", bare)).await;
            let found = verdicts(&Job { host: middle.host(), ..job.clone() }.run().await);
            let what = format!("{} (fine-grained: {}): {found:?}", job.platform, scene.fine);
            assert_eq!(found["identity"], "pass", "{what}");
            assert_eq!(found["expiry"], "unknown", "{what}");
            for id in CLASSIC_SCOPES.iter().chain(&["delete", "webhooks", "pull-requests"]) {
                if !scene.fine && passed.contains(*id) {
                    assert_eq!(found[*id], "unknown", "{id}: {what}");
                }
            }
        }
    }
}
