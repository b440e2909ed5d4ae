//! Names that a reader of YAML may take for something else, names that become the same at a consumer, and names that
//! mean one thing to one platform and another to the next.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::{export, schema, yaml};
use crate::program::Home;

/// What some reader of YAML 1.1 or 1.2 takes for a truth, for nothing, for a number, a date or a time of day.
const MISREAD: [&str; 27] = [
    "true",
    "false",
    "null",
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    "none",
    "nan",
    "inf",
    "infinity",
    "0",
    "007",
    "123",
    "1e3",
    "0x1f",
    "0o17",
    "0b1",
    "9e9",
    "1-2",
    "2026-11-21",
    "12e03",
    "685-230",
    "4u",
    "1m0s",
];

/// Connections of these names, on Bitbucket, with what was answered for the hand-over.
fn home(names: &[&str], platform: &str, handover: &[(&str, &str)]) -> Home {
    let home = Home::new();
    let token = home.write("secrets/token", "t0ken\n").display().to_string();
    let mut text = "version = 1\n".to_owned();
    for name in names {
        text.push_str(&format!(
            "[connections.{name:?}]\nid = \"id-{name}\"\nplatform = \"{platform}\"\nprovider = \"bitbucket\"\n\
             host = \"https://bitbucket.org\"\nowner = \"acme\"\nusername = {name:?}\n\
             [connections.{name:?}.token]\nkind = \"workspace-access\"\nstore = \"file\"\npath = {token:?}\n\
             generation = 1\nexpires_source = \"unknown\"\n\
             [connections.{name:?}.repository]\nname = \"gitops\"\nurl = \"https://bitbucket.org/acme/gitops.git\"\n\
             branch = {name:?}\n"
        ));
        if !handover.is_empty() {
            text.push_str(&format!("[connections.{name:?}.handover]\n"));
            for (key, value) in handover {
                text.push_str(&format!("{key} = {value:?}\n"));
            }
        }
    }
    let path = home.write("config/git-access/config.toml", &text);
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    home
}

/// Every value of a map below its key, as it is written: `key: value`.
fn written<'t>(text: &'t str, key: &str) -> Vec<&'t str> {
    let values = text.lines().filter_map(|line| line.trim_start().split_once(": "));
    values.filter(|(name, _)| *name == key).map(|(_, value)| value).collect()
}

/// How a name with an ending is written: bare where it begins with a letter, since no word and no number goes on so.
fn yaml_text(name: &str) -> String {
    if name.starts_with(|letter: char| letter.is_ascii_alphabetic()) { name.to_owned() } else { format!("{name:?}") }
}

#[test]
fn no_reader_of_yaml_takes_a_name_for_a_number_or_a_truth() {
    let home = home(&MISREAD, "none", &[]);
    for name in MISREAD {
        let quoted = format!("\"{name}\"");
        for (format, key, places) in
            [("flux", "namespace", 2), ("argocd", "namespace", 1), ("argocd-creds", "namespace", 1)]
        {
            let text = export(&home, name, format, &["--set", &format!("{key}={name}")]).expect(0).stdout;
            let objects = yaml(&text);
            let called = if format == "argocd-creds" { format!("{name}-creds") } else { name.to_owned() };
            assert_eq!(objects[0]["metadata"]["name"], called.as_str(), "{text}");
            assert_eq!(objects[0]["metadata"]["namespace"], name, "{text}");
            // Our reader knows YAML 1.2 alone: what an older one takes for a text is what stands in quotes.
            let names = if format == "flux" { 3 } else { 1 };
            let called = if format == "argocd-creds" { yaml_text(&called) } else { quoted.clone() };
            assert_eq!(written(&text, "name"), vec![called.as_str(); names], "{text}");
            assert_eq!(written(&text, "namespace"), vec![quoted.as_str(); places], "{text}");
            if format == "flux" {
                schema::of_flux(&objects);
                assert_eq!(written(&text, "branch"), [quoted.as_str()], "{text}");
            } else {
                schema::of_argo(&objects);
            }
        }
        let text = export(&home, name, "argocd", &["--set", &format!("project={name}")]).expect(0).stdout;
        assert_eq!(written(&text, "project"), [quoted.as_str()], "{text}");
        assert_eq!(yaml(&text)[0]["stringData"]["project"], name);
    }
    // What nobody misreads stands as people write it.
    let text = export(&home, "yes", "flux", &["--set", "name=webshop"]).expect(0).stdout;
    assert_eq!(written(&text, "name"), ["webshop"; 3]);
    // A user name, too: git's for this kind of token is always the same, so it is the one that was kept.
    let config = home.config_text().replace("\"workspace-access\"", "\"api\"");
    fs::write(home.config(), config).unwrap();
    for name in MISREAD {
        let text = export(&home, name, "argocd-creds", &[]).expect(0).stdout;
        assert_eq!(written(&text, "username"), [format!("\"{name}\"")], "{text}");
    }
}

/// A platform, its formats, and what stands in its hand-over.
type OfPlatform = (&'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

const HANDOVERS: &[OfPlatform] = &[
    ("keptn", &["keptn"], &[("project", "canary-1"), ("shipyard", "canary-2")]),
    ("flux", &["flux"], &[("name", "canary-1"), ("namespace", "canary-2")]),
    (
        "argocd",
        &["argocd", "argocd-creds"],
        &[("name", "canary-1"), ("namespace", "canary-2"), ("project", "canary-3")],
    ),
    ("qovery", &["qovery"], &[("name", "canary-1"), ("organization", "canary-2"), ("description", "canary-3")]),
    ("none", &[], &[("repository", "canary-1"), ("secret", "CANARY"), ("variable", "CANARY"), ("days", "3")]),
];

#[test]
fn what_was_answered_for_one_platform_gets_into_no_other_platforms_format() {
    for (platform, own, handover) in HANDOVERS {
        let home = home(&["x"], platform, handover);
        for format in super::table::FORMATS.into_iter().filter(|format| *format != "ics") {
            let run = export(&home, "x", format, &[]).expect(0);
            let all = format!("{}{}", run.stdout, run.stderr).to_ascii_lowercase();
            assert_eq!(all.contains("canary"), own.contains(&format), "{platform} {format}: {all}");
        }
    }
    // Keptn's project is not Bitbucket's, which can be given.
    let home = home(&["x"], "keptn", &[("project", "sockshop")]);
    let open = export(&home, "x", "devtron", &[]).expect(0);
    let key = |text: &str| serde_json::from_str::<Value>(text).unwrap()["bitBucketProjectKey"].clone();
    assert_eq!(key(&open.stdout), json!("${project}"));
    assert!(open.stderr.contains("${project} is still open: give it with --set project=…"), "{}", open.stderr);
    assert_eq!(key(&export(&home, "x", "devtron", &["--set", "project=OPS"]).expect(0).stdout), json!("OPS"));
    let own = export(&home, "x", "keptn", &[]).expect(0).stdout;
    assert!(own.starts_with("keptn create project sockshop "), "{own}");
}

const SAME: [&str; 3] = ["a_b", "a-b", "a.b"];

/// What was made of two names by leaving out what a consumer does not take is refused: nobody has decided that one is to
/// replace the other.
#[test]
fn names_that_become_the_same_are_refused_until_one_is_given() {
    for (platform, format, key, name) in [
        ("flux", "flux", "name", "a-b"),
        ("argocd", "argocd", "name", "a-b"),
        ("argocd", "argocd-creds", "name", "a-b-creds"),
        ("none", "github-actions", "secret", "A_B_TOKEN"),
        ("none", "gitlab-ci", "variable", "A_B_TOKEN"),
    ] {
        let home = home(&[&SAME[..], &["c"]].concat(), platform, &[]);
        let other = if key == "name" { "other" } else { "OTHER" };
        let set = format!("{key}={other}");
        for one in SAME {
            // What is for no platform goes where it was exported before.
            assert!(!export(&home, one, format, &["--set", &set]).expect(0).stderr.contains("as well"));
        }
        for one in SAME {
            let run = export(&home, one, format, &[]);
            assert!(run.stdout.is_empty() && run.stderr.contains(&format!("would get the name {name} here as well")));
            assert!(run.stderr.contains(&format!("with --set {key}=…")), "{}", run.stderr);
            for other in SAME.into_iter().filter(|other| *other != one) {
                let named = run.stderr.split([' ', ',', '\n']).any(|word| word == other);
                assert!(named, "{format} {one}: {}", run.stderr);
            }
            run.expect(2);
        }
        assert!(!export(&home, "c", format, &[]).expect(0).stderr.contains("as well"));
    }
}

#[test]
fn names_that_become_the_same_for_terraform_or_argo_are_refused() {
    // Terraform takes a hyphen and an underscore for two, and no dot.
    let qovery = home(&SAME, "qovery", &[]);
    let terraform = |name: &str, more: &[&str]| {
        export(&qovery, name, "qovery", &[&["--set", "as=terraform", "--set", "organization=o"], more].concat())
    };
    for (one, other) in [("a_b", "a.b"), ("a.b", "a_b")] {
        let run = terraform(one, &[]).expect(2);
        assert!(run.stderr.contains(&format!("the connection {other} would get the name a_b here")), "{}", run.stderr);
    }
    terraform("a-b", &[]).expect(0);
    let given = terraform("a.b", &["--set", "resource=a_dot_b"]).expect(0).stdout;
    assert!(given.contains("resource \"qovery_git_token\" \"a_dot_b\" {"), "{given}");
    terraform("a.b", &["--set", "resource=a.b"]).expect(2);
    // The template of one connection and the repository of another lie in one namespace.
    let argo = home(&["x", "x-creds"], "argocd", &[]);
    for (one, format) in [("x", "argocd-creds"), ("x-creds", "argocd")] {
        let run = export(&argo, one, format, &[]).expect(2);
        assert!(run.stderr.contains("would get the name x-creds here as well"), "{}", run.stderr);
    }
}

/// A connection that never goes there stands in nobody's way; it is named, since it might.
#[test]
fn a_connection_for_another_platform_refuses_nothing() {
    let home = home(&SAME, "keptn", &[]);
    for (one, format) in
        [("a_b", "flux"), ("a-b", "argocd"), ("a_b", "argocd-creds"), ("a.b", "github-actions"), ("a_b", "gitlab-ci")]
    {
        let run = export(&home, one, format, &[]).expect(0);
        assert!(run.stderr.contains("here as well") && !run.stdout.is_empty(), "{format}: {}", run.stderr);
    }
    // Now one of them has gone there.
    let run = export(&home, "a-b", "flux", &[]).expect(2);
    assert!(run.stdout.is_empty() && run.stderr.contains("a_b"), "{}", run.stderr);
    export(&home, "a_b", "flux", &[]).expect(0);
}

#[test]
fn the_repository_and_the_template_of_one_connection_are_two_objects() {
    for (platform, handover, names) in
        [("flux", &[][..], ["x", "x-creds"]), ("argocd", &[("name", "shop")], ["shop", "shop-creds"])]
    {
        let home = home(&["x"], platform, handover);
        for (format, name) in ["argocd", "argocd-creds"].into_iter().zip(names) {
            let text = export(&home, "x", format, &[]).expect(0).stdout;
            assert_eq!(yaml(&text)[0]["metadata"]["name"], name, "{text}");
        }
        // Whoever gives both one name is told.
        let run = export(&home, "x", "argocd-creds", &["--set", &format!("name={}", names[0])]).expect(0);
        assert!(run.stderr.contains("The connection x would get the name"), "{}", run.stderr);
    }
}

#[test]
fn another_connection_that_was_given_the_same_name_is_named() {
    let home = home(&["a_b", "c", "d"], "flux", &[]);
    // What was answered for the hand-over counts, and so does what is given now.
    let config = home
        .config_text()
        .replace("[connections.\"d\".token]", "[connections.\"d\".handover]\nname = \"c\"\n[connections.\"d\".token]");
    fs::write(home.config(), config).unwrap();
    for (connection, format, more, note) in [
        (
            "c",
            "flux",
            &[][..],
            "The connection d would get the name c here as well, and whichever comes last would replace the other:",
        ),
        ("d", "flux", &[], "The connection c would get the name c here"),
        ("a_b", "argocd", &["--set", "name=d"], "The connection d would get the name d here"),
    ] {
        let told = export(&home, connection, format, more).expect(0).stderr;
        assert!(told.contains(note), "{connection} {format}: {told}");
    }
}

#[test]
fn terraform_declares_what_it_uses_and_says_what_is_open() {
    let home = home(&["x.y", "4u"], "none", &[]);
    for (name, label) in [("x.y", "x_y"), ("4u", "_4u")] {
        let open = export(&home, name, "qovery", &["--set", "as=terraform"]).expect(0);
        assert!(open.stdout.contains(&format!("resource \"qovery_git_token\" \"{label}\" {{\n")), "{}", open.stdout);
        let used: Vec<_> =
            open.stdout.split("var.").skip(1).filter_map(|rest| rest.split_whitespace().next()).collect();
        assert_eq!(used, ["qovery_organization_id", "git_access_token"]);
        for used in used {
            assert!(open.stdout.contains(&format!("variable \"{used}\" {{\n  type")), "{}", open.stdout);
        }
        assert!(open.stderr.contains("The variable qovery_organization_id is still open"), "{}", open.stderr);
        assert!(!open.stderr.contains("${"), "{}", open.stderr);
        let given = export(&home, name, "qovery", &["--set", "as=terraform", "--set", "organization=o-1"]).expect(0);
        assert!(given.stdout.contains("  organization_id = \"o-1\"\n"), "{}", given.stdout);
        assert!(!given.stdout.contains("qovery_organization_id") && !given.stderr.contains("open"), "{}", given.stderr);
    }
}
