//! Sample answers of the sandbox for connections that no platform uses, and for the pair that signs in with a key: each
//! ends as its scenario says.

use crate::program::Home;

/// Scenario, verdict, exit code, whether it is saved, and the check that says why.
const ROWS: &[(&str, &str, i32, bool, &str)] = &[
    ("ready", "pass", 0, true, ""),
    ("fine-grained", "pass", 0, true, ""),
    ("not-empty", "pass", 0, true, ""),
    ("expires-soon", "warn", 0, true, "expiry"),
    ("expired", "fail", 1, false, "identity"),
    ("sso-required", "fail", 1, false, "owner"),
    ("organisation-missing", "fail", 1, false, "owner"),
    ("server-error", "unknown", 0, true, "repository"),
    ("rate-limited", "", 3, false, ""),
    ("down", "", 3, false, ""),
];
const PROVIDERS: [&str; 6] = ["github", "gitlab", "bitbucket", "azure-devops", "gitea", "bitbucket-dc"];

/// Worlds that do not have the pair: nobody signs on there through somebody else, and tokens of Gitea have no end.
fn is_absent(scenario: &str, provider: &str) -> bool {
    let without_sso = ["azure-devops", "gitea", "bitbucket-dc"].contains(&provider);
    (scenario == "sso-required" && without_sso) || (scenario == "expires-soon" && provider == "gitea")
}

fn ends(platform: &str, provider: &str, row: &(&str, &str, i32, bool, &str)) {
    let (scenario, verdict, code, saved, id) = *row;
    let home = Home::new();
    let flag = format!("--sandbox={scenario}");
    let run = home.run(&["setup", &flag, "--platform", platform, "--provider", provider, "--format", "json"]);
    let what = format!("{scenario} x {platform} x {provider}\n{}\n{}", run.stdout, run.stderr);
    assert_eq!(run.code, code, "{what}");
    let report = run.json();
    assert_eq!(report["connections"][0]["saved"], saved, "{what}");
    if !verdict.is_empty() {
        assert_eq!(report["verdict"], verdict, "{what}");
    }
    if !id.is_empty() {
        assert_eq!(run.check(id)["verdict"], verdict, "{what}");
    }
}

#[test]
fn a_connection_of_ones_own_ends_as_the_scenario_says_at_every_provider() {
    let mut played = 0;
    for row in ROWS {
        for provider in PROVIDERS.iter().filter(|provider| !is_absent(row.0, provider)) {
            ends("none", provider, row);
            played += 1;
        }
    }
    assert_eq!(played, 56);
}

#[test]
fn dxup_at_bitbucket_ends_as_the_scenario_says_where_that_does_not_take_ssh() {
    let scenarios = ["expired", "sso-required", "organisation-missing", "rate-limited", "down"];
    for row in ROWS.iter().filter(|row| scenarios.contains(&row.0)) {
        ends("dxup", "bitbucket", row);
    }
}
