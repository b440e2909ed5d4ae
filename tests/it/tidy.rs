//! The invariants of the house, each with a planted violation: a rule that cannot fail guards nothing.

use std::path::{Path, PathBuf};

/// A file by its path below the root.
#[derive(Clone)]
struct Source {
    path: String,
    text: String,
}

type Rule = fn(&[Source]) -> Vec<String>;

const PURE: &[&str] = &[
    "answers",
    "check",
    "config",
    "export",
    "fact",
    "key",
    "platform",
    "provider",
    "report",
    "secret",
    "statements",
    "text",
    "wizard",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn tree() -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in ["src", "assets", "tests"] {
        collect(&root().join(folder), &mut sources);
    }
    sources
}

fn collect(folder: &Path, sources: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, sources);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let path = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
            sources.push(Source { path, text });
        }
    }
}

/// The code of a file: without comments and without its test module.
fn code(source: &Source) -> String {
    let body = source.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    body.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn rust(sources: &[Source]) -> impl Iterator<Item = &Source> {
    sources.iter().filter(|source| source.path.starts_with("src/") && is_rust(source))
}

fn is_rust(source: &Source) -> bool {
    Path::new(&source.path).extension().is_some_and(|extension| extension == "rs")
}

/// The module at the top of `src/` that a file belongs to.
fn module(source: &Source) -> &str {
    let rest = source.path.strip_prefix("src/").unwrap_or(&source.path);
    rest.split(['/', '.']).next().unwrap_or_default()
}

fn is_test(source: &Source) -> bool {
    source.path.ends_with("/tests.rs") || source.path.contains("/tests/")
}

fn pure_modules_have_no_io_and_no_clock(sources: &[Source]) -> Vec<String> {
    let banned = [
        "tokio::",
        "reqwest",
        "ratatui",
        "crossterm",
        "std::env",
        "std::fs",
        "std::net",
        "std::process",
        "Instant",
        "SystemTime",
        "Timestamp::now",
    ];
    // Addresses are data; only talking to them is not.
    let allowed = ["std::net::{IpAddr, Ipv4Addr, Ipv6Addr}"];
    let pure = rust(sources).filter(|source| PURE.contains(&module(source)) && !is_test(source));
    find(pure, |_, line| !allowed.iter().any(|one| line.contains(one)) && banned.iter().any(|word| line.contains(word)))
}

fn only_forges_and_the_sandbox_name_endpoints(sources: &[Source]) -> Vec<String> {
    let endpoints = ["\"/user", "/user/repos", "/orgs/", "/repos/", "\"/meta\"", "info/refs", "/rate_limit", "/_apis"];
    let others = rust(sources).filter(|source| !["forge", "sandbox", "git"].contains(&module(source)));
    find(others, |_, line| endpoints.iter().any(|endpoint| line.contains(endpoint)))
}

fn only_the_world_connects_and_keeps(sources: &[Source]) -> Vec<String> {
    let acts = ["forge::connect(", "stores.write(", "stores.remove(", "write_secret("];
    let may = |path: &str, line: &str| {
        path == "src/world.rs"
            || path.starts_with("src/world/")
            || path.starts_with("src/store")
            || (path.starts_with("src/cli/manage") && line.contains(".remove("))
    };
    find(rust(sources).filter(|source| !is_test(source)), |path, line| {
        !may(path, line) && acts.iter().any(|act| line.contains(act))
    })
}

fn nobody_branches_on_the_provider(sources: &[Source]) -> Vec<String> {
    let may = |path: &str| {
        path == "src/forge.rs"
            || path == "src/provider.rs"
            || path.starts_with("src/provider/")
            || path.starts_with("src/forge/")
            || path.starts_with("src/sandbox")
    };
    find(rust(sources), |path, line| !may(path) && (line.contains("Provider::Git") || line.contains("match provider")))
}

fn the_sandbox_and_the_forges_share_no_types(sources: &[Source]) -> Vec<String> {
    let sandbox = rust(sources).filter(|source| module(source) == "sandbox");
    let mut found = find(sandbox, |_, line| line.contains("crate::") && !line.contains("crate::sandbox"));
    let forge = rust(sources).filter(|source| ["forge", "git"].contains(&module(source)));
    found.extend(find(forge, |_, line| line.contains("sandbox")));
    found
}

fn one_function_emits_changes(sources: &[Source]) -> Vec<String> {
    let emits = rust(sources).filter(|source| !is_test(source)).flat_map(|source| {
        let code = code(source);
        let lines: Vec<_> = code.lines().map(str::trim).collect();
        let emitted = lines
            .iter()
            .filter(|line| line.contains("Effect::Do(") && !line.contains("=>") && !line.contains("matches!"));
        emitted.map(|line| format!("{}: {line}", source.path)).collect::<Vec<_>>()
    });
    let emits: Vec<_> = emits.collect();
    if emits.len() == 1 { Vec::new() } else { emits }
}

fn findings_carry_a_remedy(sources: &[Source]) -> Vec<String> {
    let check = sources.iter().find(|source| source.path == "src/check.rs");
    let text = check.map(|source| source.text.as_str()).unwrap_or_default();
    let wanted = ["Warn(Finding)", "Fail(Finding)", "Unknown(Finding)", "pub remedy: Remedy,"];
    wanted.iter().filter(|line| !text.contains(*line)).map(|line| format!("src/check.rs lacks {line}")).collect()
}

fn secrets_are_exposed_in_few_places(sources: &[Source]) -> Vec<String> {
    let may = |path: &str| {
        path == "src/secret.rs"
            || path == "src/secret/redactor.rs"
            || path.starts_with("src/forge/client")
            || path == "src/git.rs"
            || path.starts_with("src/store/")
            || path == "src/export.rs"
            || path == "src/cli/credential.rs"
            || path.starts_with("src/cli/credential/")
    };
    let mut found = find(rust(sources).filter(|source| !is_test(source)), |path, line| {
        !may(path) && (line.contains(".expose()") || line.contains("expose_secret"))
    });
    let secret = sources.iter().find(|source| source.path == "src/secret.rs").map(|source| source.text.as_str());
    let secret = secret.unwrap_or_default();
    if secret.contains("Display for Secret") || secret.contains("Serialize for Secret") || !secret.contains("\"***\"") {
        found.push("src/secret.rs: a secret can be printed".into());
    }
    found
}

fn scenarios_describe_worlds(sources: &[Source]) -> Vec<String> {
    let keys = ["check", "checks", "verdict", "fault", "faults", "expect", "exit", "saved"];
    let mut values: Vec<String> = git_access::fact::FaultKind::ALL.iter().map(|kind| kind.name().to_owned()).collect();
    let ids = "reach identity role expiry excess owner create-repository repository empty clone push webhooks \
               pull-requests delete ssh-key handover store pass warn fail unknown";
    values.extend(ids.split_whitespace().map(str::to_owned));
    values.retain(|value| !value.is_empty());
    let scenarios = sources.iter().filter(|source| source.path.starts_with("assets/sandbox/"));
    find_all(scenarios, |_, line| {
        let Some((key, value)) = line.split_once('=') else { return false };
        let value = value.trim().trim_matches('"');
        keys.contains(&key.trim()) || values.iter().any(|word| word == value)
    })
}

fn files_and_functions_are_short(sources: &[Source]) -> Vec<String> {
    let files = sources.iter().filter(|source| is_rust(source));
    let mut found = Vec::new();
    for source in files {
        let lines = source.text.lines().count();
        if lines > 600 {
            found.push(format!("{} has {lines} lines", source.path));
        }
        found.extend(long_functions(source));
    }
    found
}

fn long_functions(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<(usize, usize, String)> = None;
    for (number, line) in source.text.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let begins = ["fn ", "pub fn ", "async fn ", "pub async fn ", "pub(super) fn ", "const fn ", "pub(crate) fn "];
        match &open {
            Some((begin, depth, name))
                if indent == *depth && line.trim_end() == format!("{}}}", " ".repeat(*depth)) =>
            {
                if number - begin > 72 {
                    found.push(format!("{}:{}: {name} has {} lines", source.path, begin + 1, number - begin + 1));
                }
                open = None;
            }
            None if begins.iter().any(|word| line.trim_start().starts_with(word))
                && !line.trim_end().ends_with(['}', ';']) =>
            {
                open = Some((number, indent, line.trim().to_owned()));
            }
            _ => {}
        }
    }
    found
}

fn no_file_is_a_drawer(sources: &[Source]) -> Vec<String> {
    let mut found: Vec<_> = sources
        .iter()
        .filter(|source| {
            let name = source.path.rsplit('/').next().unwrap_or_default();
            ["utils.rs", "util.rs", "helpers.rs", "helper.rs", "misc.rs", "common.rs"].contains(&name)
        })
        .map(|source| source.path.clone())
        .collect();
    found.extend(find(rust(sources), |_, line| {
        line.contains("Manager {")
            || line.contains("todo!(")
            || line.contains("unimplemented!(")
            || line.contains("dbg!(")
    }));
    found
}

fn find<'a>(sources: impl Iterator<Item = &'a Source>, bad: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let rows = sources.flat_map(|source| {
        let code = code(source);
        let hits =
            code.lines().filter(|line| bad(&source.path, line)).map(|line| format!("{}: {}", source.path, line.trim()));
        hits.collect::<Vec<_>>()
    });
    rows.collect()
}

fn find_all<'a>(sources: impl Iterator<Item = &'a Source>, bad: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let rows = sources.flat_map(|source| {
        let hits = source.text.lines().filter(|line| bad(&source.path, line));
        hits.map(|line| format!("{}: {}", source.path, line.trim())).collect::<Vec<_>>()
    });
    rows.collect()
}

/// Each rule with a file that breaks it.
const RULES: &[(&str, Rule, &str, &str)] = &[
    ("pure", pure_modules_have_no_io_and_no_clock, "src/check/planted.rs", "let now = Timestamp::now();"),
    (
        "endpoints",
        only_forges_and_the_sandbox_name_endpoints,
        "src/world/planted.rs",
        "let url = format!(\"{api}/repos/{name}\");",
    ),
    ("effects", only_the_world_connects_and_keeps, "src/cli/planted.rs", "let forge = forge::connect(&site);"),
    ("branches", nobody_branches_on_the_provider, "src/check/planted.rs", "match provider {"),
    ("apart", the_sandbox_and_the_forges_share_no_types, "src/sandbox/planted.rs", "use crate::fact::Owner;"),
    ("one", one_function_emits_changes, "src/wizard/planted.rs", "effects.push(Effect::Do(ticket, command));"),
    ("exposed", secrets_are_exposed_in_few_places, "src/headless/planted.rs", "println(secret.expose());"),
    ("worlds", scenarios_describe_worlds, "assets/sandbox/planted.toml", "fault = \"sso\""),
    ("worlds", scenarios_describe_worlds, "assets/sandbox/planted.toml", "kind = \"rate-limit\""),
    ("drawers", no_file_is_a_drawer, "src/cli/utils.rs", ""),
    ("drawers", no_file_is_a_drawer, "src/cli/planted.rs", "todo!()"),
];

#[test]
fn the_house_keeps_its_invariants() {
    let sources = tree();
    assert!(rust(&sources).count() > 30, "the tree was not read");
    let mut found = Vec::new();
    for (name, rule, ..) in RULES {
        found.extend(rule(&sources).into_iter().map(|line| format!("{name}: {line}")));
    }
    found.extend(findings_carry_a_remedy(&sources));
    found.extend(files_and_functions_are_short(&sources));
    found.dedup();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_invariant_finds_a_planted_violation() {
    let sources = tree();
    for (name, rule, path, line) in RULES {
        let before = rule(&sources).len();
        let mut planted = sources.clone();
        planted.push(Source { path: (*path).to_owned(), text: format!("{line}\n") });
        assert!(rule(&planted).len() > before, "{name} does not see {line:?} in {path}");
    }
    let mut planted = sources.clone();
    planted.push(Source { path: "src/cli/planted.rs".into(), text: "line\n".repeat(601) });
    assert!(files_and_functions_are_short(&planted).len() > files_and_functions_are_short(&sources).len());
    let long = format!("fn planted() {{\n{}}}\n", "    step();\n".repeat(80));
    planted = sources.clone();
    planted.push(Source { path: "src/cli/planted.rs".into(), text: long });
    assert!(files_and_functions_are_short(&planted).len() > files_and_functions_are_short(&sources).len());
    planted = sources.iter().filter(|source| source.path != "src/check.rs").cloned().collect();
    let check = sources.iter().find(|source| source.path == "src/check.rs").unwrap();
    let text = check.text.replace("Fail(Finding)", "Fail");
    planted.push(Source { path: "src/check.rs".into(), text });
    assert!(!findings_carry_a_remedy(&planted).is_empty());
}
