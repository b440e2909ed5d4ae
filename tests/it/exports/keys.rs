//! Connections that sign in with an SSH key: what carries one, with which address and which keys of the host, and what
//! refuses and why.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::table::{Cell, FORMATS, print};
use super::{export, schema, yaml};
use crate::program::Home;

const OPEN: &str = "${GIT_ACCESS_PRIVATE_KEY}";
const PUBLIC: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
const PRIVATE: &str =
    "-----BEGIN OPENSSH PRIVATE KEY-----\ncanaryOfTheKey+/=\nanother line\n-----END OPENSSH PRIVATE KEY-----\n";
const NO_TOKEN: &str = "this connection signs in with a key, and this format carries a token";
const ONE: &str = "it opens one repository, and a template serves every one below the owner: use --for argocd";

/// A connection by key, and what stands in its cells.
struct Row {
    name: &'static str,
    /// provider, host, owner, project, `ssh_url` as the config has it; empty: none
    at: [&'static str; 5],
    scope: &'static str,
    /// The address, and what stands before the name of any repository of the owner.
    url: [&'static str; 2],
    /// The host in the file of known hosts, and how many of its keys are known from the start.
    host: (&'static str, usize),
}

const ROWS: &[Row] = &[
    Row {
        name: "github",
        at: ["github", "https://github.com", "acme", "", ""],
        scope: "repository",
        url: ["ssh://git@github.com/acme/gitops.git", ""],
        host: ("github.com", 3),
    },
    Row {
        name: "gitlab",
        // The short form of git's, which Flux refuses.
        at: ["gitlab", "https://gitlab.com", "acme/eu", "", "git@gitlab.com:acme/eu/gitops.git"],
        scope: "account",
        url: ["ssh://git@gitlab.com/acme/eu/gitops.git", "ssh://git@gitlab.com/acme/eu/"],
        host: ("gitlab.com", 3),
    },
    Row {
        name: "bitbucket",
        at: ["bitbucket", "https://bitbucket.org", "acme", "OPS", ""],
        scope: "repository",
        url: ["ssh://git@bitbucket.org/acme/gitops.git", ""],
        host: ("bitbucket.org", 3),
    },
    Row {
        name: "azure",
        at: ["azure-devops", "https://dev.azure.com", "acme", "Shop", ""],
        scope: "account",
        url: ["ssh://git@ssh.dev.azure.com/v3/acme/Shop/gitops", "ssh://git@ssh.dev.azure.com/v3/acme/Shop/"],
        host: ("ssh.dev.azure.com", 1),
    },
    Row {
        name: "gitea",
        at: ["gitea", "https://forge.example", "acme", "", "ssh://git@forge.example:2222/acme/gitops.git"],
        scope: "repository",
        url: ["ssh://git@forge.example:2222/acme/gitops.git", ""],
        host: ("[forge.example]:2222", 0),
    },
    Row {
        name: "dc",
        at: ["bitbucket-dc", "https://bitbucket.corp.example", "OPS", "", ""],
        scope: "account",
        url: ["ssh://git@bitbucket.corp.example:7999/ops/gitops.git", "ssh://git@bitbucket.corp.example:7999/ops/"],
        host: ("[bitbucket.corp.example]:7999", 0),
    },
];

fn home() -> Home {
    let home = Home::new();
    home.write("k", PRIVATE);
    home.write("k.pub", &format!("{PUBLIC} k\n"));
    let mut text = "version = 1\n".to_owned();
    for row in ROWS {
        let [provider, host, owner, project, ssh] = row.at;
        let may = |key: &str, value: &str| {
            if value.is_empty() { String::new() } else { format!("{key} = {value:?}\n") }
        };
        text.push_str(&format!(
            "[connections.{0}]\nid = \"id-{0}\"\nplatform = \"none\"\nprovider = \"{provider}\"\nhost = \"{host}\"\n\
             owner = \"{owner}\"\n{1}[connections.{0}.repository]\nname = \"gitops\"\nurl = \"{host}/x\"\nbranch = \"main\"\n{2}\
             [connections.{0}.ssh]\npublic_key = {3:?}\nprivate_key = {4:?}\nscope = \"{5}\"\n",
            row.name,
            may("project", project),
            may("ssh_url", ssh),
            home.path("k.pub").display().to_string(),
            home.path("k").display().to_string(),
            row.scope,
        ));
    }
    let path = home.write("config/git-access/config.toml", &text);
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    home
}

/// The known hosts of one document: the lines of the pinned host, or a place that is open, with a note.
fn known_hosts_are(row: &Row, text: &str, told: &str) {
    let (host, pinned) = row.host;
    if pinned == 0 {
        assert_eq!(text, "${known_hosts}", "{}", row.name);
        assert!(told.contains("${known_hosts} is still open") && told.contains("--set known_hosts=FILE"), "{told}");
        return;
    }
    assert!(!told.contains("still open"), "{told}");
    let assets = include_str!("../../../assets/known_hosts.toml");
    assert_eq!(text.lines().count(), pinned, "{text}");
    for line in text.lines() {
        let (name, key) = line.split_once(' ').unwrap();
        assert_eq!(name, host);
        assert!(assets.contains(&format!("name = \"{host}\"\nkey = \"{key}\"\n")), "{line}");
    }
}

fn of_flux(home: &Home, row: &Row) {
    let run = export(home, row.name, "flux", &[]).expect(0);
    let objects = yaml(&run.stdout);
    schema::of_flux(&objects);
    let data = &objects[0]["stringData"];
    assert_eq!(
        (data["identity"].as_str().map(str::trim), data["identity.pub"].as_str()),
        (Some(OPEN), Some(&*format!("{PUBLIC}\n")))
    );
    known_hosts_are(row, data["known_hosts"].as_str().unwrap().trim_end(), &run.stderr);
    assert_eq!(objects[1]["spec"]["url"], row.url[0]);
}

fn of_argo(home: &Home, row: &Row, format: &str, url: &str) {
    let run = export(home, row.name, format, &[]).expect(0);
    let objects = yaml(&run.stdout);
    schema::of_argo(&objects);
    assert_eq!(objects[0]["stringData"]["url"], url, "{}", row.name);
    assert_eq!(objects[0]["stringData"]["sshPrivateKey"].as_str().map(str::trim), Some(OPEN));
    assert_eq!(objects[1]["metadata"]["name"], "argocd-ssh-known-hosts-cm");
    known_hosts_are(row, objects[1]["data"]["ssh_known_hosts"].as_str().unwrap().trim_end(), &run.stderr);
    assert!(run.stderr.contains("Merge the ConfigMap argocd-ssh-known-hosts-cm"));
}

fn refused(home: &Home, row: &Row, format: &str, reason: &str) -> String {
    let more: &[&str] = if format == "keptn" { &["--set", "project=p"] } else { &[] };
    let run = export(home, row.name, format, more);
    assert!(run.stderr.contains(reason) && run.stdout.is_empty(), "{} {format}: {}", row.name, run.stderr);
    run.expect(2);
    reason.to_owned()
}

#[test]
fn a_key_goes_where_it_is_taken_and_is_refused_elsewhere() {
    let home = home();
    let mut lines = Vec::new();
    for row in ROWS {
        let mut cells: Vec<Cell> = Vec::new();
        for format in FORMATS {
            cells.push(match format {
                "flux" => {
                    of_flux(&home, row);
                    None
                }
                "argocd" => {
                    of_argo(&home, row, format, row.url[0]);
                    None
                }
                "argocd-creds" if row.scope == "account" => {
                    of_argo(&home, row, format, row.url[1]);
                    None
                }
                "argocd-creds" => Some(refused(&home, row, format, ONE)),
                "keptn" => {
                    let command = export(&home, row.name, format, &["--set", "project=p"]).expect(0);
                    let file = home.path("k").display().to_string();
                    let url = row.url[0];
                    let wanted = format!("keptn create project p --shipyard=shipyard.yaml --git-user=git --git-remote-url={url} --git-private-key={file}\n");
                    assert_eq!(command.stdout, wanted);
                    assert!(command.stderr.contains("run it where that file is"), "{}", command.stderr);
                    let run = export(&home, row.name, format, &["--set", "project=p", "--set", "as=json"]).expect(0);
                    let ssh = json!({ "privateKey": OPEN, "privateKeyPass": "" });
                    let credentials = json!({ "remoteURL": row.url[0], "user": "git", "ssh": ssh });
                    let body: Value = serde_json::from_str(&run.stdout).unwrap();
                    assert_eq!(body, json!({ "name": "p", "gitCredentials": credentials }));
                    None
                }
                _ => Some(refused(&home, row, format, NO_TOKEN)),
            });
        }
        lines.push((format!("{:13} {:18} {}", row.at[0], "SSH key", row.scope), cells));
    }
    print(&lines);
}

#[test]
fn the_private_half_leaves_only_where_that_was_said() {
    let home = home();
    for format in ["flux", "argocd", "keptn"] {
        let more = ["--set", "project=p", "--set", "as=json"];
        let more = if format == "keptn" { &more[..] } else { &[] };
        let without = export(&home, "github", format, more).expect(0);
        assert!(!without.stdout.contains("canary") && without.stderr.contains("--with-secret"), "{}", without.stderr);
        let with = export(&home, "github", format, &[more, &["--with-secret"]].concat()).expect(0).stdout;
        if format == "keptn" {
            use base64::Engine as _;
            let body: Value = serde_json::from_str(&with).unwrap();
            let key = body["gitCredentials"]["ssh"]["privateKey"].as_str().unwrap().to_owned();
            assert_eq!(base64::engine::general_purpose::STANDARD.decode(key).unwrap(), PRIVATE.as_bytes());
        } else {
            let data = yaml(&with)[0]["stringData"].clone();
            assert!([&data["identity"], &data["sshPrivateKey"]].contains(&&json!(PRIVATE)), "{data}");
        }
    }
}

#[test]
fn the_keys_of_a_host_of_ones_own_are_given_or_vouched_for() {
    let home = home();
    let line = "[forge.example]:2222 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf";
    let given = home.write("hosts", &format!("{line}\n"));
    let read = |more: &[&str]| {
        let run = export(&home, "gitea", "flux", more).expect(0);
        assert!(!run.stderr.contains("still open"), "{}", run.stderr);
        yaml(&run.stdout)[0]["stringData"]["known_hosts"].as_str().unwrap().to_owned()
    };
    assert_eq!(read(&["--set", &format!("known_hosts={}", given.display())]), format!("{line}\n"));
    // What was vouched for beside the config, and of that only what is about this host.
    home.write("config/git-access/known_hosts", &format!("other.example ssh-ed25519 AAAA\n{line}\n"));
    assert_eq!(read(&[]), format!("{line}\n"));
    let missing = export(&home, "gitea", "flux", &["--set", "known_hosts=/nowhere/hosts"]);
    assert!(missing.stderr.contains("/nowhere/hosts is not there"), "{}", missing.stderr);
    missing.expect(4);
    // Without the private half there is nothing to carry.
    let text = home.config_text().replace("private_key", "# private_key");
    fs::write(home.config(), text).unwrap();
    let run = export(&home, "gitea", "flux", &[]);
    assert!(run.stderr.contains("the private half of the key is not on this machine"), "{}", run.stderr);
    run.expect(2);
}
