//! The files that describe worlds: the shipped ones keep to it, and a user's own are told what is wrong with them.

use std::path::Path;

use git_access::sandbox::{Scenario, scenarios};

#[test]
fn every_shipped_scenario_parses_and_says_what_it_is_about() {
    let names: Vec<_> = scenarios().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "ready",
            "fine-grained",
            "slow",
            "expires-soon",
            "missing-scope",
            "expired",
            "sso-required",
            "organisation-missing",
            "not-empty",
            "server-error",
            "rate-limited",
            "down",
            "by-key"
        ]
    );
    for (name, about) in scenarios() {
        assert!(about.ends_with('.'), "{name}: {about}");
    }
    assert!(Scenario::named("nowhere").is_none());
}

const CONCLUSIONS: &str = "reach identity role expiry excess owner create-repository repository empty clone push webhooks \
     pull-requests delete ssh-key handover store network dns timeout tls redirect proxy auth expired revoked wrong-kind \
     missing-scope no-access not-found sso ip-allowlist token-policy rate-limit server not-the-api cancelled pass warn \
     fail unknown";
const EXPECTATIONS: &str = "verdict check fault expect exit saved";

/// The words in a scenario that conclude something instead of describing a world.
fn conclusions(value: &toml::Value) -> Vec<String> {
    match value {
        toml::Value::String(text) => {
            CONCLUSIONS.split_whitespace().filter(|word| word == text).map(str::to_owned).collect()
        }
        toml::Value::Array(values) => values.iter().flat_map(conclusions).collect(),
        toml::Value::Table(table) => {
            let keys = table.keys().filter(|key| EXPECTATIONS.split_whitespace().any(|word| word == *key)).cloned();
            // A scope is called what its provider calls it: `repository` is one of Bitbucket's.
            let values = table.iter().filter(|(key, _)| *key != "scopes").map(|(_, value)| value);
            keys.chain(values.flat_map(conclusions)).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn scenarios_describe_worlds_and_conclude_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sandbox");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let world: toml::Value = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(conclusions(&world), [""; 0], "{}", path.display());
    }
    let planted = "about = \"x\"\nexpect = 1\n[[tokens]]\nname = \"revoked\"\n[answers]\nnames = [\"sso\"]";
    assert_eq!(conclusions(&toml::from_str(planted).unwrap()), ["expect", "sso", "revoked"]);
}

#[test]
fn mistakes_in_a_scenario_are_pointed_at() {
    let problem = |text: &str| Scenario::from_toml(text).unwrap_err();
    let unknown = problem("about = \"x\"\n\n[[accounts]]\nprovider = \"github\"\nlogin = \"a\"\n  colour = \"red\"\n");
    assert_eq!((unknown.line, unknown.column), (6, 3), "{unknown}");
    assert!(unknown.message.contains("colour"), "{unknown}");

    let dangling = problem(
        "about = \"x\"\n[[tokens]]\nprovider = \"github\"\nname = \"t\"\naccount = \"nobody\"\nkind = \"classic\"\n",
    );
    assert_eq!((dangling.line, dangling.column), (5, 11), "{dangling}");
    assert_eq!(dangling.message, "`github` has no account with the login `nobody`.");

    let foreign = problem("about = \"x\"\n[[accounts]]\nprovider = \"sourceforge\"\nlogin = \"a\"\n");
    let start = "line 3, column 12: Nothing imitates the provider `sourceforge`; there is `github`";
    assert!(foreign.to_string().starts_with(start), "{foreign}");

    for name in ["..", "a/b", "a b", "-x", ""] {
        let text = format!("about = \"x\"\n[[accounts]]\nprovider = \"github\"\nlogin = \"{name}\"\n");
        assert!(problem(&text).message.contains("is not a name"), "{name}");
    }
}
