//! What a set-up with the sample answers of a scenario comes to.

use crate::program::{Home, Run};

/// A scenario; the verdict of the whole (empty: not looked at), the exit code, whether it is saved; how the id of the
/// check begins that says so (empty: none is looked for), and its fault (empty: it has none).
pub type Row = (&'static str, &'static str, i32, bool, &'static str, &'static str);

/// The rows of the table of scenarios that are the same at every provider.
pub const EVERYWHERE: [Row; 8] = [
    ("ready", "pass", 0, true, "", ""),
    ("fine-grained", "pass", 0, true, "", ""),
    ("missing-scope", "fail", 1, false, "scope:", "missing-scope"),
    ("expired", "fail", 1, false, "identity", "auth"),
    ("organisation-missing", "fail", 1, false, "owner", "not-found"),
    ("server-error", "unknown", 0, true, "repository", "server"),
    ("rate-limited", "", 3, false, "", ""),
    ("down", "", 3, false, "", ""),
];
/// The row of the providers that tell when a token ends.
pub const EXPIRES_SOON: Row = ("expires-soon", "warn", 0, true, "expiry", "");

/// Only that it takes long.
pub const SLOW: Row = ("slow", "pass", 0, true, "", "");

pub fn set_up(scenario: &str, platform: &str, provider: &str) -> Run {
    let flag = format!("--sandbox={scenario}");
    Home::new().run(&["setup", &flag, "--platform", platform, "--provider", provider, "--format", "json"])
}

pub fn comes_to(provider: &str, platform: &str, (scenario, verdict, code, saved, id, fault): Row) {
    let run = set_up(scenario, platform, provider);
    let what = format!("{scenario} x {platform} x {provider}\n{}\n{}", run.stdout, run.stderr);
    assert_eq!(run.code, code, "{what}");
    let report = run.json();
    assert!(verdict.is_empty() || report["verdict"] == verdict, "{what}");
    assert_eq!(report["connections"][0]["saved"], saved, "{what}");
    let checks = report["connections"][0]["checks"].as_array().unwrap();
    let found = checks.iter().any(|check| {
        check["id"].as_str().unwrap().starts_with(id)
            && check["verdict"] == verdict
            && check["fault"].as_str().unwrap_or_default() == fault
    });
    assert!(id.is_empty() || found, "{what}");
}

/// Keptn takes a repository without commits only.
pub fn keptn_refuses_commits(provider: &str) {
    let run = set_up("not-empty", "keptn", provider).expect(1);
    assert_eq!(run.check("empty")["verdict"], "fail", "{}", run.stdout);
}
