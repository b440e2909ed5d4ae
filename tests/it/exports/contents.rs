//! What goes along of the files that a connection names: only what they are named for, whatever else they hold.

use std::fs;

use serde_json::{Value, json};

use super::{export, home, yaml};
use crate::program::Home;

const CA: &str = "-----BEGIN CERTIFICATE-----\nMAIwAA==\n-----END CERTIFICATE-----\n";
const SECRET: &str = "-----BEGIN PRIVATE KEY-----\ncanaryOfTheAuthority+/==\n-----END PRIVATE KEY-----\n";
const PUBLIC: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
/// The formats that carry authorities, with what they need beside.
const CARRIERS: &[(&str, &[&str])] = &[
    ("flux", &[]),
    ("argocd", &[]),
    ("argocd-creds", &[]),
    ("devtron", &[]),
    ("keptn", &["--set", "project=p", "--set", "as=json"]),
];

/// The home of all rows, each with this authority.
fn trusting(ca: &str) -> Home {
    let home = home();
    let file = home.write("corp/ca.pem", ca).display().to_string();
    let text =
        home.config_text().replace("platform = \"none\"\n", &format!("platform = \"none\"\nca_file = {file:?}\n"));
    fs::write(home.config(), text).unwrap();
    home
}

/// The authorities of a document.
fn authorities(format: &str, text: &str) -> String {
    let json = || serde_json::from_str::<Value>(text).unwrap();
    let found = match format {
        "flux" => yaml(text)[0]["stringData"]["ca.crt"].clone(),
        "argocd" | "argocd-creds" => yaml(text)[1]["data"].as_object().unwrap().values().next().unwrap().clone(),
        "devtron" => json()["tlsConfig"]["caData"].clone(),
        _ => {
            use base64::Engine as _;
            let encoded = json()["gitCredentials"]["https"]["certificate"].clone();
            let bytes = base64::engine::general_purpose::STANDARD.decode(encoded.as_str().unwrap()).unwrap();
            String::from_utf8(bytes).unwrap().into()
        }
    };
    found.as_str().unwrap().to_owned()
}

#[test]
fn of_a_ca_file_only_the_certificates_go_along() {
    let home = trusting(&format!("{SECRET}# canary comment\n{CA}{SECRET}{CA}canary=1\n"));
    for (format, more) in CARRIERS {
        for secret in [&[][..], &["--with-secret"]] {
            let run = export(&home, "gitlab", format, &[more, secret].concat()).expect(0);
            assert_eq!(authorities(format, &run.stdout), CA.repeat(2), "{format}");
            assert!(!run.stdout.contains("canaryOf") && !run.stdout.contains("canary comment"), "{format}");
        }
    }
}

#[test]
fn a_ca_file_without_a_certificate_is_refused() {
    for text in ["hello\n", "glpat-canary0123456789\n", SECRET] {
        let home = trusting(text);
        for (format, more) in CARRIERS {
            let run = export(&home, "gitlab", format, more).expect(4);
            assert!(run.stdout.is_empty() && run.stderr.contains("ca.pem has no certificate in it."), "{}", run.stderr);
            assert!(run.stderr.contains("`ca_file`") && !run.stderr.contains("canary"), "{}", run.stderr);
        }
        // The same is said where the server would be asked.
        let told = home.run(&["check", "gitlab", "--format", "json"]).stdout;
        assert!(told.contains("ca.pem has no certificate") && !told.contains("canary"), "{told}");
    }
    let home = trusting(&CA.replace("MAIwAA==", "glpat-canary"));
    let run = export(&home, "gitlab", "flux", &[]).expect(4);
    assert!(run.stderr.contains("not well formed") && !run.stderr.contains("canary"), "{}", run.stderr);
}

/// A connection by key, with this public half.
fn by_key(public: &str) -> Home {
    let home = Home::new();
    let (private, public) = (home.write("id", SECRET), home.write("id.pub", public));
    let path = home.write(
        "config/git-access/config.toml",
        &format!(
            "version = 1\n[connections.k]\nid = \"k\"\nplatform = \"flux\"\nprovider = \"github\"\n\
             host = \"https://github.com\"\nowner = \"acme\"\n[connections.k.repository]\nname = \"gitops\"\n\
             url = \"https://github.com/acme/gitops.git\"\n[connections.k.ssh]\npublic_key = {:?}\nprivate_key = {:?}\n",
            public.display().to_string(),
            private.display().to_string()
        ),
    );
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    home
}

#[test]
fn what_is_no_public_key_is_not_carried_as_one() {
    let openssh = SECRET.replace("PRIVATE KEY", "OPENSSH PRIVATE KEY");
    for text in [openssh.as_str(), "canary hello\n", "", "ssh-ed25519 canary\n"] {
        let home = by_key(text);
        for format in ["flux", "argocd", "keptn"] {
            let run = export(&home, "k", format, &[]).expect(4);
            assert!(
                run.stdout.is_empty() && run.stderr.contains("cannot be taken as the public key"),
                "{}",
                run.stderr
            );
            assert!(!run.stderr.contains("canary"), "{}", run.stderr);
        }
    }
    let home = by_key(&format!("{PUBLIC} canary comment\ncanary of another line\n"));
    let run = export(&home, "k", "flux", &[]).expect(0);
    assert_eq!(yaml(&run.stdout)[0]["stringData"]["identity.pub"].as_str().unwrap().trim_end(), PUBLIC);
    assert!(!run.stdout.contains("canary"), "{}", run.stdout);
}

#[test]
fn of_known_hosts_only_keys_of_hosts_go_along() {
    let home = by_key(PUBLIC);
    home.write("hosts", &format!("# canary\ngithub.com {PUBLIC} canary\n{SECRET}canary of ours\n"));
    let run = export(&home, "k", "flux", &["--set", "known_hosts=hosts"]).expect(0);
    assert_eq!(yaml(&run.stdout)[0]["stringData"]["known_hosts"], format!("github.com {PUBLIC}\n"));
    assert!(!run.stdout.contains("canary") && run.stderr.contains("hosts has lines that are not"), "{}", run.stderr);
    home.write("hosts", SECRET);
    let run = export(&home, "k", "flux", &["--set", "known_hosts=hosts"]).expect(4);
    assert!(run.stdout.is_empty() && run.stderr.contains("has no SSH key of a host in it"), "{}", run.stderr);
    assert!(!run.stderr.contains("canary"), "{}", run.stderr);
}

#[test]
fn argo_is_given_no_key_that_kubernetes_refuses() {
    let home = trusting(CA);
    let ipv6 =
        home.config_text().replace("host = \"https://git.example/relative\"", "host = \"https://[fd00::1]:3000\"");
    fs::write(home.config(), &ipv6).unwrap();
    for format in ["argocd", "argocd-creds"] {
        let run = export(&home, "gitlab", format, &[]).expect(2);
        assert!(
            run.stdout.is_empty() && run.stderr.contains("Kubernetes takes no key fd00::1 there"),
            "{}",
            run.stderr
        );
    }
    // Flux has no such map, and without an authority of its own neither has Argo CD.
    export(&home, "gitlab", "flux", &[]).expect(0);
    let text: Vec<_> = ipv6.lines().filter(|line| !line.starts_with("ca_file")).collect();
    fs::write(home.config(), text.join("\n")).unwrap();
    let objects = yaml(&export(&home, "gitlab", "argocd", &[]).expect(0).stdout);
    assert_eq!(objects.len(), 1);
}

#[test]
fn an_env_file_quotes_only_what_needs_it() {
    let home = home();
    let env = |more: &[&str]| export(&home, "gitlab", "env", more).expect(0).stdout;
    assert!(env(&[]).starts_with("GIT_ACCESS_TOKEN=${GIT_ACCESS_TOKEN}\n"), "{}", env(&[]));
    home.write("secrets/token", "glpat-canary_0123456789.a\n");
    assert!(env(&["--with-secret"]).starts_with("GIT_ACCESS_TOKEN=glpat-canary_0123456789.a\n"));
    home.write("secrets/token", "it's\n");
    assert!(env(&["--with-secret"]).starts_with("GIT_ACCESS_TOKEN='it'\\''s'\n"));
    assert_eq!(json!(env(&[]).matches('\'').count()), 0);
}
