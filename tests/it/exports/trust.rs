//! Certificate authorities and client certificates: for every provider, kind and format, the place that the consumer has
//! for them, or what is said where it has none.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use super::rows::{Row, rows};
use super::table::FORMATS;
use super::{OPEN, export, home, schema, yaml};
use crate::program::{Home, Run};

const CA: &str = "-----BEGIN CERTIFICATE-----\nMAIwAA==\n-----END CERTIFICATE-----\n";
/// The same in base64.
const CA_ENCODED: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1BSXdBQT09Ci0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K";
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMAQwAgUA\n-----END CERTIFICATE-----\n";
const KEY: &str = "-----BEGIN PRIVATE KEY-----\ncanaryOfTheClientKey+/=\n-----END PRIVATE KEY-----\n";
const OPEN_KEY: &str = "${GIT_ACCESS_CLIENT_KEY}";

/// What a connection trusts and shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Given {
    ca: bool,
    client: bool,
}

/// The home of all rows, each connection with these files.
fn home_with(given: Given) -> Home {
    let home = home();
    home.write("corp/ca.pem", CA);
    home.write("corp/me.pem", &format!("{KEY}{CERTIFICATE}"));
    let line = |is: bool, key: &str, file: &str| {
        if is { format!("{key} = {:?}\n", home.path(file).display().to_string()) } else { String::new() }
    };
    let lines = line(given.ca, "ca_file", "corp/ca.pem") + &line(given.client, "client_cert", "corp/me.pem");
    let text = home.config_text().replace("platform = \"none\"\n", &format!("platform = \"none\"\n{lines}"));
    fs::write(home.config(), text).unwrap();
    home
}

/// One cell: what came of it in a word.
struct Cell<'r> {
    row: &'r Row,
    given: Given,
    format: &'static str,
    run: Run,
}

impl Cell<'_> {
    fn noted(&self, is: bool, words: &str) {
        let Self { row, format, run, given } = self;
        assert_eq!(run.stderr.contains(words), is, "{} {format} {given:?} {words}: {}", row.name, run.stderr);
    }

    fn body(&self) -> Value {
        serde_json::from_str(&self.run.stdout).unwrap()
    }

    /// Flux: everything in the Secret, under the keys of its page.
    fn of_flux(&self) -> &'static str {
        let objects = yaml(&self.run.stdout);
        schema::of_flux(&objects);
        let data = &objects[0]["stringData"];
        assert_eq!(data["ca.crt"], if self.given.ca { json!(CA) } else { Value::Null });
        self.pair(data, "tls.crt", "tls.key");
        self.noted(self.given.client, "does not read tls.crt and tls.key");
        "Secret"
    }

    /// Argo CD: authorities by the name of the host in one map for all, the client certificate beside the credential.
    fn of_argo(&self) -> &'static str {
        let objects = yaml(&self.run.stdout);
        schema::of_argo(&objects);
        self.pair(&objects[0]["stringData"], "tlsClientCertData", "tlsClientCertKey");
        if !self.given.ca {
            assert_eq!(objects.len(), 1);
            return "Secret";
        }
        let labels = json!({ "app.kubernetes.io/name": "argocd-tls-certs-cm", "app.kubernetes.io/part-of": "argocd" });
        let metadata = json!({ "name": "argocd-tls-certs-cm", "namespace": "argocd", "labels": labels });
        let host = self.authority();
        let data = json!({ host.split(':').next().unwrap(): CA });
        let map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data });
        assert_eq!(objects[1], map, "{}", self.row.name);
        self.noted(true, "Merge the ConfigMap argocd-tls-certs-cm");
        "ConfigMap, Secret"
    }

    fn pair(&self, data: &Value, certificate: &str, key: &str) {
        let expected = if self.given.client { [Some(CERTIFICATE), Some(OPEN_KEY)] } else { [None, None] };
        let found = [data[certificate].as_str(), data[key].as_str().map(str::trim_end)];
        assert_eq!(found, expected, "{} {}", self.row.name, self.format);
    }

    fn of_devtron(&self) -> &'static str {
        let mut expected = self.row.devtron.clone().unwrap();
        let Given { ca, client } = self.given;
        let or = |is: bool, text: &'static str| if is { text } else { "" };
        expected["enableTLSVerification"] = (ca || client).into();
        expected["tlsConfig"] = json!({
            "caData": or(ca, CA), "tlsCertData": or(client, CERTIFICATE), "tlsKeyData": or(client, OPEN_KEY),
        });
        expected["isCADataPresent"] = ca.into();
        expected["isTLSCertDataPresent"] = client.into();
        expected["isTLSKeyDataPresent"] = client.into();
        assert_eq!(self.body(), expected, "{}", self.row.name);
        "tlsConfig"
    }

    fn of_qovery(&self) -> &'static str {
        let mut expected = self.row.qovery.clone().unwrap();
        expected["name"] = self.row.name.into();
        expected["token"] = OPEN.into();
        assert_eq!(self.body(), expected, "it has no field for either");
        self.noted(self.given.ca, "Qovery has no field for a certificate authority");
        self.noted(self.given.client, "Qovery has no field for a client certificate");
        "noted"
    }

    fn of_keptn(&self, home: &Home) -> &'static str {
        let file = home.path("corp/ca.pem").display().to_string();
        let flag = if self.given.ca { format!(" --git-pem-certificate={file}\n") } else { "\n".to_owned() };
        assert!(self.run.stdout.ends_with(&format!("--git-token=\"{OPEN}\"{flag}")), "{}", self.run.stdout);
        self.noted(self.given.ca, &format!("from {file}: run it where that file is"));
        self.noted(self.given.client, "Keptn has no field for one");
        let json = export(home, self.row.name, "keptn", &["--set", "project=p", "--set", "as=json"]).expect(0);
        let https = serde_json::from_str::<Value>(&json.stdout).unwrap()["gitCredentials"]["https"].clone();
        let mut expected = json!({ "token": OPEN, "insecureSkipTLS": false });
        if self.given.ca {
            expected["certificate"] = CA_ENCODED.into();
        }
        assert_eq!(https, expected, "{}", self.row.name);
        assert_eq!(json.stderr.contains("Keptn has no field for one"), self.given.client);
        "certificate"
    }

    /// git and what reads its files have a place in git's own configuration, and none in the document.
    fn of_git(&self, home: &Home, bare: &Run) -> &'static str {
        assert_eq!(self.run.stdout, bare.stdout, "{} {}", self.row.name, self.format);
        let (url, file) = (self.row.url[0], |name: &str| home.path(name).display().to_string());
        let origin = format!("{}://{}/", url.split("://").next().unwrap(), self.authority());
        self.noted(self.given.ca, &format!("git config --global http.{origin}.sslCAInfo {}", file("corp/ca.pem")));
        self.noted(self.given.client, &format!("git config --global http.{origin}.sslCert {}", file("corp/me.pem")));
        self.noted(self.given.client, &format!("http.{origin}.sslKey with the same file"));
        "sslCAInfo, sslCert"
    }

    fn authority(&self) -> &str {
        self.row.url[0].split("://").nth(1).unwrap().split('/').next().unwrap()
    }
}

fn parameters(format: &str) -> &'static [&'static str] {
    match format {
        "keptn" => &["--set", "project=p"],
        "qovery" => &["--set", "organization=o-1"],
        "github-actions" => &["--set", "repository=a/b", "--set", "secret=S"],
        "gitlab-ci" => &["--set", "repository=a/b"],
        _ => &[],
    }
}

/// A calendar without the moment of the run.
fn undated(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with("DTSTAMP")).collect()
}

#[test]
fn trust_goes_where_each_consumer_looks_for_it() {
    let bare_home = home();
    let bare = |row: &Row| FORMATS.map(|format| export(&bare_home, row.name, format, parameters(format)));
    let bare: Vec<[Run; 12]> = rows().iter().map(bare).collect();
    for given in [(true, true), (true, false), (false, true)].map(|(ca, client)| Given { ca, client }) {
        let home = home_with(given);
        let (mut placed, mut refused) = (0, 0);
        let mut seen = BTreeSet::new();
        for (row, bare) in rows().iter().zip(&bare) {
            // One without the other: of each provider its first kind.
            let is_first = seen.insert(row.at[0]);
            if !is_first && given != (Given { ca: true, client: true }) {
                continue;
            }
            let mut words = Vec::new();
            for (format, bare) in FORMATS.into_iter().zip(bare) {
                let run = export(&home, row.name, format, parameters(format));
                assert_eq!(run.code, bare.code, "{} {format}: {}", row.name, run.stderr);
                if run.code != 0 {
                    // For the same reason as without any of it.
                    assert!(run.code == 2 && run.stdout.is_empty() && run.stderr == bare.stderr, "{}", run.stderr);
                    refused += 1;
                    words.push("no");
                    continue;
                }
                assert!(!run.stdout.contains("canary") && !run.stderr.contains("canary"), "{} {format}", row.name);
                let cell = Cell { row, given, format, run };
                words.push(match format {
                    "flux" => cell.of_flux(),
                    "argocd" | "argocd-creds" => cell.of_argo(),
                    "keptn" => cell.of_keptn(&home),
                    "devtron" => cell.of_devtron(),
                    "qovery" => cell.of_qovery(),
                    "ics" => {
                        assert_eq!(undated(&cell.run.stdout), undated(&bare.stdout), "nobody signs in with it");
                        "-"
                    }
                    _ => cell.of_git(&home, bare),
                });
                placed += 1;
            }
            println!("{given:?} {:13} {:18} {}", row.at[0], row.at[1], words.join(" | "));
        }
        println!("{given:?}: {placed} cells, {refused} refused");
        assert!(placed > if given.ca && given.client { 150 } else { 50 } && refused > 0);
    }
}

#[test]
fn the_key_of_the_client_certificate_leaves_only_where_that_was_said() {
    let home = home_with(Given { ca: false, client: true });
    for format in ["flux", "argocd", "argocd-creds"] {
        let text = export(&home, "gitlab", format, &["--with-secret"]).expect(0).stdout;
        let data = yaml(&text)[0]["stringData"].clone();
        assert!([&data["tls.key"], &data["tlsClientCertKey"]].contains(&&json!(KEY)), "{format}: {data}");
    }
    let body: Value =
        serde_json::from_str(&export(&home, "gitlab", "devtron", &["--with-secret"]).expect(0).stdout).unwrap();
    assert_eq!(body["tlsConfig"], json!({ "caData": "", "tlsCertData": CERTIFICATE, "tlsKeyData": KEY }));
    for format in ["keptn", "git", "env"] {
        let more = [parameters(format), &["--with-secret"]].concat();
        assert!(!export(&home, "gitlab", format, &more).expect(0).stdout.contains("canaryOfTheClientKey"), "{format}");
    }
    // Half a file is told before anything is written.
    for (text, reason) in [(CERTIFICATE, "has no private key in it"), (KEY, "has no certificate in it")] {
        home.write("corp/me.pem", text);
        let run = export(&home, "gitlab", "flux", &[]).expect(4);
        assert!(run.stdout.is_empty() && run.stderr.contains(reason), "{}", run.stderr);
        assert!(!run.stderr.contains("canary"), "{}", run.stderr);
    }
}

#[test]
fn keptns_command_names_a_file_that_is_there() {
    let home = home_with(Given { ca: true, client: false });
    home.write("corp of ours/the ca's.pem", CA);
    fs::write(home.config(), home.config_text().replace("corp/ca.pem", "corp of ours/the ca's.pem")).unwrap();
    let command = export(&home, "gitlab", "keptn", &["--set", "project=p"]).expect(0).stdout;
    // A stand-in for Keptn's program reads it as the shell hands it over.
    let script = format!("keptn() {{ for last; do :; done; cat \"${{last#--git-pem-certificate=}}\"; }}\n{command}");
    let run = crate::program::finished(home.command("sh").args(["-euc", &script]).env("GIT_ACCESS_TOKEN", "t"));
    assert_eq!(run.stdout, CA, "{command}{}", run.stderr);
    let more = ["--set", "project=p", "--set", "ca=/etc/ssl/forge.pem"];
    let command = export(&home, "gitlab", "keptn", &more).expect(0).stdout;
    assert!(command.ends_with(" --git-pem-certificate=/etc/ssl/forge.pem\n"), "{command}");
}
