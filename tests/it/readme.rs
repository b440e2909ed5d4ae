//! What README tells people to type is what the program takes: every command line of its blocks is parsed by the one
//! definition, every answers file is read, and every YAML is YAML.

use std::collections::BTreeSet;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::program::{Home, Served, finished};

const README: &str = include_str!("../../README.md");

/// The blocks of a language, in their order.
fn blocks(language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in README.lines() {
        match &mut open {
            Some(_) if line == "```" => blocks.extend(open.take()),
            Some(block) => *block += &format!("{line}\n"),
            None if line == format!("```{language}") => open = Some(String::new()),
            None => {}
        }
    }
    blocks
}

/// The words of a line up to its comment, its pipe or its redirection, from the program's name on.
fn words(line: &str) -> Option<Vec<String>> {
    let line = line.split(" # ").next()?.split(['|', '>']).next()?.split("&&").next()?;
    let at = ["git access ", "git-access ", "cargo run --locked -- "].into_iter().find_map(|begin| {
        let at = line.find(begin)?;
        Some(at + begin.len())
    })?;
    Some(std::iter::once("git-access").chain(line[at..].split_whitespace()).map(str::to_owned).collect())
}

#[test]
fn every_command_of_the_readme_is_one() {
    let mut lines: Vec<String> = blocks("sh").concat().lines().map(str::to_owned).collect();
    // Between the lines, too: `git access …`.
    lines
        .extend(README.split('`').skip(1).step_by(2).filter(|code| code.starts_with("git access ")).map(str::to_owned));
    let mut seen = BTreeSet::new();
    for line in lines {
        let Some(words) = words(&line) else {
            assert!(!line.contains("git-access ") && !line.contains("git access "), "not understood: {line}");
            continue;
        };
        let parsed = git_access::cli::definition().try_get_matches_from(&words);
        let parsed = parsed.unwrap_or_else(|error| panic!("{line}\n{error}"));
        seen.extend(parsed.subcommand_name().map(str::to_owned));
        if let Some(("export", export)) = parsed.subcommand() {
            let format = export.get_one::<String>("consumer").unwrap();
            let format = git_access::export::format(format).unwrap_or_else(|| panic!("{line}"));
            for pair in export.get_many::<String>("set").into_iter().flatten() {
                let key = pair.split('=').next().unwrap();
                assert!(format.parameters.iter().any(|(name, _)| *name == key), "{line}");
            }
        }
    }
    for command in
        ["setup", "check", "list", "show", "export", "rotate", "use", "rename", "remove", "setup-git", "doctor"]
    {
        assert!(seen.contains(command), "README has no {command}");
    }
}

#[test]
fn what_the_readme_has_of_files_is_read() {
    let home = Home::new();
    let answers = blocks("toml").into_iter().find(|block| block.contains("platform = \"keptn\"")).unwrap();
    home.write("keptn.toml", &answers);
    // Its variable is not set here: it is understood, and that is all that is amiss.
    let run = home.run(&["setup", "--answers", "keptn.toml", "--dry-run", "--host", "http://127.0.0.1:9"]);
    let told: Vec<_> = run.stderr.lines().filter(|line| line.contains("keptn.toml:")).collect();
    assert!(told.iter().all(|line| line.contains("is not set")), "{}", run.stderr);
    assert!([3, 4].contains(&run.code), "{}", run.stderr);
    for block in blocks("yaml") {
        let value: serde_json::Value =
            serde_yaml_ng::from_str(&block).unwrap_or_else(|error| panic!("{error}\n{block}"));
        let pod = &value["spec"]["jobTemplate"]["spec"]["template"]["spec"];
        let mount = &pod["containers"][0]["volumeMounts"][0];
        assert_eq!((&mount["readOnly"], &mount["name"]), (&true.into(), &pod["volumes"][0]["name"]), "{value}");
        assert_eq!((&value["apiVersion"], &value["kind"]), (&"batch/v1".into(), &"CronJob".into()));
        // One that found something is not run again, and none runs beside another.
        let (spec, job) = (&value["spec"], &value["spec"]["jobTemplate"]["spec"]);
        assert_eq!((&spec["concurrencyPolicy"], &job["backoffLimit"]), (&"Forbid".into(), &0.into()), "{value}");
        assert_eq!(pod["restartPolicy"], "Never");
        // The config that the variable names is in what is mounted.
        let config = pod["containers"][0]["env"][0]["value"].as_str().unwrap();
        assert!(config.starts_with(mount["mountPath"].as_str().unwrap()), "{value}");
    }
    // A path that README names is there.
    for path in README.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        assert!(path.starts_with("http") || file.exists(), "{path}");
    }
}

/// The line that publishes what a collector reads: what it publishes has to be of this run, however that ended.
#[test]
fn the_line_for_collectors_leaves_nothing_old() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let line = blocks("sh").concat().lines().find(|line| line.contains("--format openmetrics")).unwrap().to_owned();
    let at = "/var/lib/node_exporter/";
    assert!(line.contains(at), "{line}");
    let line = line.replace(at, "collected/");
    let ours = Path::new(env!("CARGO_BIN_EXE_git-access")).parent().unwrap().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let without: Vec<_> = std::env::split_paths(&path).filter(|dir| !dir.join("git-access").exists()).collect();
    let with: Vec<_> = std::iter::once(ours).chain(without.clone()).collect();
    let published = |path: &[std::path::PathBuf], config: &str| {
        home.write("collected/git-access.prom", "all_is_well 1\n");
        let config = home.write("config/git-access/config.toml", config);
        fs::set_permissions(config, fs::Permissions::from_mode(0o600)).unwrap();
        let run = finished(home.command("sh").args(["-c", &line]).env("PATH", std::env::join_paths(path).unwrap()));
        let text = fs::read_to_string(home.path("collected/git-access.prom")).unwrap();
        assert!(!text.contains("all_is_well"), "{line}: {}", run.stderr);
        text
    };
    let token = home.write("revoked", "ghp_nobodyKnowsThisTokenAnyMore0000000000\n");
    let config = format!(
        "version = 1\n[connections.broken]\nid = \"id-1\"\nplatform = \"keptn\"\nprovider = \"github\"\nhost = {:?}\n\
         owner = \"acme\"\n[connections.broken.token]\nkind = \"classic\"\nstore = \"file\"\npath = {:?}\n\
         generation = 1\nexpires_source = \"unknown\"\n\
         [connections.broken.repository]\nname = \"blank\"\nurl = \"{}/acme/blank.git\"\n",
        served.host(),
        token.display().to_string(),
        served.host()
    );
    let failed = published(&with, &config);
    let verdict = |line: &str| line.starts_with("git_access_connection_verdict{connection=\"broken\"");
    assert!(failed.lines().any(|line| verdict(line) && line.ends_with("verdict=\"fail\"} 1")), "{failed}");
    // Without a config that can be read: a problem, and no time of checks that were not made.
    let unread = published(&with, "version = 1\n[connections\n");
    assert!(unread.contains("\ngit_access_problems 1\n# EOF\n"), "{unread}");
    assert!(!unread.contains("\ngit_access_check_timestamp_seconds "), "{unread}");
    // Without the program: nothing, which README says how to see.
    assert_eq!(published(&without, &config), "");
    assert!(README.contains("absent(git_access_problems)"));
}
