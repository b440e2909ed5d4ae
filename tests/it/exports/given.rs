//! What is given with an export: parameters that have an effect or are refused, and where the document goes.

use std::fs;

use serde_json::{Value, json};

use super::{TOKEN, export, home};

#[test]
fn a_parameter_without_effect_is_refused_and_those_with_one_are_named() {
    let home = home();
    for (name, format, sets, refused, named) in [
        ("github", "devtron", &["project=x"][..], "project", &["  id "][..]),
        ("gitlab", "devtron", &["project=x"], "project", &["  id "]),
        ("github", "keptn", &["project=p", "as=update", "shipyard=s.yaml"], "shipyard", &["  project ", "  as "]),
        ("github", "keptn", &["project=p", "ca=ca.pem"], "ca", &["  project ", "  shipyard "]),
        ("github", "keptn", &["project=p", "as=json", "ca=ca.pem"], "ca", &["  project "]),
        ("github", "qovery", &["resource=x"], "resource", &["  organization ", "  description "]),
    ] {
        let more: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
        let run = export(&home, name, format, &more);
        let begin =
            format!("git-access: The parameter {refused} has no effect on what the format {format} says of {name}");
        assert!(run.stderr.starts_with(&begin) && run.stdout.is_empty(), "{format} {sets:?}: {}", run.stderr);
        let rows = run.stderr.split_once("These have one here:").unwrap().1;
        assert!(named.iter().all(|row| rows.contains(row)), "{}", run.stderr);
        assert!(!rows.contains(&format!("\n  {refused} ")), "{}", run.stderr);
        run.expect(2);
    }
    // The keys of a host serve whoever signs in with a key; where nothing reads them there is no such parameter.
    let hosts = home
        .write("hosts", "github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n")
        .display()
        .to_string();
    for format in ["flux", "argocd", "argocd-creds"] {
        let run = export(&home, "github", format, &["--set", &format!("known_hosts={hosts}")]).expect(2);
        assert!(run.stderr.contains("The parameter known_hosts has no effect"), "{}", run.stderr);
    }
    let run = export(&home, "github", "netrc", &["--set", &format!("known_hosts={hosts}")]).expect(2);
    assert!(run.stderr.contains("The format netrc has no parameter known_hosts"), "{}", run.stderr);
    // What serves one pair serves it still.
    let body = |name: &str, set: &str| -> Value {
        serde_json::from_str(&export(&home, name, "devtron", &["--set", set]).expect(0).stdout).unwrap()
    };
    assert_eq!(body("azure", "project=Other One")["azureProjectName"], "Other One");
    assert_eq!(body("bitbucket-workspace", "project=ops_2")["bitBucketProjectKey"], "OPS_2");
    assert_eq!(body("github", "id=7")["id"], 7);
}

#[test]
fn an_empty_value_is_none() {
    let home = home();
    for (format, key) in [("keptn", "project"), ("flux", "name"), ("devtron", "id"), ("ics", "days")] {
        for value in ["", "  "] {
            let run = export(&home, "github", format, &["--set", &format!("{key}={value}")]).expect(2);
            assert!(run.stderr.contains(&format!("The value of {key} is empty")), "{format}: {}", run.stderr);
        }
    }
}

#[test]
fn a_hyphen_is_standard_output_and_no_file() {
    let home = home();
    let run = |more: &[&str]| {
        let mut program = home.program();
        let words = [&["export", "github", "--for", "netrc", "--output", "-"], more].concat();
        crate::program::finished(program.args(words).current_dir(&home.dir))
    };
    let open = run(&[]).expect(0);
    assert!(
        open.stdout.starts_with("machine github.com login octocat password ${GIT_ACCESS_TOKEN}"),
        "{}",
        open.stdout
    );
    assert!(!open.stderr.contains("Written to"), "{}", open.stderr);
    // A pipe is a program that takes it; a file that a shell opened is none.
    assert!(run(&["--with-secret"]).expect(0).stdout.contains(TOKEN));
    let into = fs::File::create(home.path("open")).unwrap();
    let mut program = home.program();
    program.args(["export", "github", "--for", "netrc", "--with-secret", "--output", "-"]);
    let done = program.current_dir(&home.dir).stdout(into).output().unwrap();
    assert_eq!((done.status.code(), fs::read(home.path("open")).unwrap().len()), (Some(2), 0));
    assert!(!home.path("-").exists());
}

#[test]
fn programs_are_told_every_note_that_people_are() {
    let home = home();
    for (format, more) in [("netrc", &[][..]), ("flux", &[]), ("qovery", &[]), ("devtron", &[]), ("ics", &[])] {
        let run = export(&home, "github", format, &[&["--format", "json"], more].concat()).expect(0);
        let said: Vec<&str> = run.stderr.lines().collect();
        assert_eq!(run.json()["notes"], json!(said), "{format}");
        assert!(!said.is_empty(), "{format}");
    }
    let file = home.path("out.json").display().to_string();
    let run = export(&home, "github", "flux", &["--format", "json", "--output", &file]).expect(0);
    assert_eq!(
        run.json()["notes"],
        json!(["The secret is not in it: with --with-secret it is, for --output FILE or a pipe."])
    );
}
