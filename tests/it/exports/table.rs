//! One table of provider, kind and format: each cell is read back and equals what was written down, or is refused for the
//! reason that was written down. It is printed with `--nocapture`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::rows::{Row, rows};
use super::{OPEN, export, home, schema, yaml};
use crate::program::Home;

pub const FORMATS: [&str; 12] = [
    "flux",
    "argocd",
    "argocd-creds",
    "keptn",
    "devtron",
    "qovery",
    "git",
    "netrc",
    "env",
    "github-actions",
    "gitlab-ci",
    "ics",
];

/// What a cell came to: nothing where it is equal, else the reason of the refusal.
pub type Cell = Option<String>;

/// Prints lines of cells below the formats, with the reasons under them.
pub fn print(lines: &[(String, Vec<Cell>)]) {
    let mut reasons: Vec<&str> = Vec::new();
    println!("{:54}{}", "", FORMATS.join("  "));
    for (head, cells) in lines {
        let mut line = format!("{head:54}");
        for (format, cell) in FORMATS.iter().zip(cells) {
            let text = cell.as_deref().map_or("=".to_owned(), |reason| {
                let at = reasons.iter().position(|known| *known == reason).unwrap_or_else(|| {
                    reasons.push(reason);
                    reasons.len() - 1
                });
                format!("no {}", at + 1)
            });
            line.push_str(&format!("{text:width$}", width = format.len() + 2));
        }
        println!("{}", line.trim_end());
    }
    for (number, reason) in reasons.iter().enumerate() {
        println!("no {}: {reason}", number + 1);
    }
}

fn metadata(name: &str, namespace: &str) -> Value {
    json!({ "name": name, "namespace": namespace })
}

/// One row read with its formats.
struct Reader<'h> {
    home: &'h Home,
    row: &'h Row,
    cells: BTreeMap<&'static str, Cell>,
}

impl Reader<'_> {
    /// The text of a format that serves this row.
    fn text(&mut self, format: &'static str, more: &[&str]) -> String {
        self.cells.insert(format, None);
        export(self.home, self.row.name, format, more).expect(0).stdout
    }

    /// That the format is refused, for this reason.
    fn refused(&mut self, format: &'static str, more: &[&str], reason: &str) {
        let run = export(self.home, self.row.name, format, more);
        assert!(run.stderr.contains(reason) && run.stdout.is_empty(), "{} {format}: {}", self.row.name, run.stderr);
        let begin = format!("The format {format} cannot carry the connection {}: ", self.row.name);
        assert!(run.stderr.contains(&begin), "{}", run.stderr);
        run.expect(2);
        self.cells.insert(format, Some(reason.to_owned()));
    }

    fn request(&mut self, format: &'static str, more: &[&str], expected: Result<Value, &str>) {
        match expected {
            Ok(body) => {
                let text = self.text(format, more);
                assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), body, "{} {format}", self.row.name);
            }
            Err(reason) => self.refused(format, more, reason),
        }
    }

    fn of_kubernetes(&mut self) {
        let (row, name) = (self.row, self.row.name);
        let basic =
            if row.bearer { json!({ "bearerToken": OPEN }) } else { json!({ "username": row.user, "password": OPEN }) };
        let source = json!({ "interval": "1m0s", "url": row.url[0], "ref": { "branch": "main" }, "secretRef": { "name": name } });
        let of_flux = metadata(name, "flux-system");
        let objects = yaml(&self.text("flux", &[]));
        assert_eq!(
            objects,
            [
                json!({ "apiVersion": "v1", "kind": "Secret", "metadata": of_flux, "stringData": basic }),
                json!({ "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": of_flux, "spec": source }),
            ],
            "{name}"
        );
        schema::of_flux(&objects);
        let template = row.template;
        for (format, kind, url) in [("argocd", "repository", Ok(row.url[0])), ("argocd-creds", "repo-creds", template)]
        {
            let url = match url {
                Ok(url) => url,
                Err(reason) => {
                    self.refused(format, &[], reason);
                    continue;
                }
            };
            let named = if format == "argocd" { name.to_owned() } else { format!("{name}-creds") };
            let mut metadata = metadata(&named, "argocd");
            metadata["labels"] = json!({ "argocd.argoproj.io/secret-type": kind });
            let mut data = json!({ "type": "git", "url": url });
            data.as_object_mut().unwrap().extend(basic.as_object().unwrap().clone());
            let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data });
            let objects = yaml(&self.text(format, &[]));
            assert_eq!(objects, [secret], "{name} {format}");
            schema::of_argo(&objects);
        }
    }

    fn of_the_platforms(&mut self) {
        let (row, name) = (self.row, self.row.name);
        assert_eq!(
            self.text("keptn", &["--set", "project=sockshop"]),
            format!(
                "keptn create project sockshop --shipyard=shipyard.yaml --git-user={} --git-remote-url={} --git-token=\"{OPEN}\"\n",
                row.user, row.url[0]
            )
        );
        let body: Value =
            serde_json::from_str(&self.text("keptn", &["--set", "project=p", "--set", "as=json"])).unwrap();
        let https = json!({ "token": OPEN, "insecureSkipTLS": false });
        let credentials = json!({ "remoteURL": row.url[0], "user": row.user, "https": https });
        assert_eq!(body, json!({ "name": "p", "gitCredentials": credentials }), "{name}");
        self.request("devtron", &[], row.devtron.clone());
        let of_qovery = row.qovery.clone().map(|mut fields| {
            fields["name"] = name.into();
            fields["token"] = OPEN.into();
            fields
        });
        self.request("qovery", &["--set", "organization=o-1"], of_qovery);
    }

    fn of_git(&mut self) {
        let row = self.row;
        let authority = row.url[0].trim_start_matches("https://").split('/').next().unwrap();
        let ends = 1_801_440_000; // 2027-02-01T00:00:00Z
        assert_eq!(
            self.text("git", &[]),
            format!(
                "protocol=https\nhost={authority}\npath={}\nusername={}\npassword={OPEN}\npassword_expiry_utc={ends}\n\n",
                row.url[1], row.user
            )
        );
        let machine = authority.split(':').next().unwrap();
        assert_eq!(self.text("netrc", &[]), format!("machine {machine} login {} password {OPEN}\n", row.user));
        let mut variables =
            format!("GIT_ACCESS_TOKEN={OPEN}\nGIT_ACCESS_USERNAME={}\nGIT_ACCESS_URL={}\n", row.user, row.url[0]);
        for line in row.variables {
            variables.push_str(&format!(
                "{}\n",
                line.replace("TOKEN=TOKEN", &format!("TOKEN={OPEN}")).replace("PAT=TOKEN", &format!("PAT={OPEN}"))
            ));
        }
        assert_eq!(self.text("env", &[]), variables);
    }

    fn of_pipelines(&mut self) {
        let secret = format!("{}_TOKEN", self.row.name.to_uppercase().replace('-', "_"));
        let more = ["--set", "repository=acme/app"];
        let named = if secret.starts_with("GITHUB_") { "ACCESS_TOKEN" } else { &secret };
        let piped = format!("printf '%s' \"{OPEN}\" | ");
        assert_eq!(
            self.text("github-actions", &[&more[..], &["--set", &format!("secret={named}")]].concat()),
            format!("{piped}gh secret set {named} --repo acme/app\n")
        );
        assert_eq!(
            self.text("gitlab-ci", &more),
            format!("{piped}glab variable set {secret} --masked --protected --repo acme/app\n")
        );
        let calendar = self.text("ics", &[]);
        let (starts, ends) = super::calendar::event(&calendar);
        assert_eq!((starts.as_str(), ends.as_str()), ("20270201T000000Z", "20270201T003000Z"));
        assert!(calendar.replace("\r\n ", "").contains(&format!("\r\nUID:id-{}-end@git-access\r\n", self.row.name)));
    }
}

#[test]
fn what_a_consumer_may_stumble_over_is_noted() {
    let home = home();
    let told = |name: &str, format: &str| {
        export(&home, name, format, &["--set", "project=p"][..needs(format)]).expect(0).stderr
    };
    for (name, format, note) in [
        ("bitbucket-api", "devtron", "sends the user name robot to the API and to git alike"),
        ("bitbucket-workspace", "devtron", "no name serves both"),
        ("dc-project", "git", "for git as a bearer alone"),
        ("dc-repository", "netrc", "beside the user name x-token-auth"),
        ("dc-project", "keptn", "the check `handover` tells whether the server takes that"),
        ("enterprise", "netrc", "knows hosts and no ports"),
    ] {
        assert!(told(name, format).contains(note), "{name} {format}: {}", told(name, format));
    }
    for (name, format) in [("github", "devtron"), ("dc-user", "git"), ("dc-project", "flux"), ("dc-project", "argocd")]
    {
        assert!(!told(name, format).contains("alike") && !told(name, format).contains("bearer"), "{name} {format}");
    }
}

/// How many words of a parameter this format wants.
fn needs(format: &str) -> usize {
    if format == "keptn" { 2 } else { 0 }
}

#[test]
fn every_cell_of_the_table_reads_back_as_it_was_written_down() {
    let home = home();
    let mut lines = Vec::new();
    let mut kinds: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in rows() {
        let mut reader = Reader { home: &home, row: &row, cells: BTreeMap::new() };
        reader.of_kubernetes();
        reader.of_the_platforms();
        reader.of_git();
        reader.of_pipelines();
        let cells: Vec<Cell> = FORMATS.iter().map(|format| reader.cells[format].clone()).collect();
        lines.push((format!("{:13} {:18} {}", row.at[0], row.at[1], row.name), cells));
        kinds.entry(row.at[0]).or_default().push(row.at[1]);
    }
    print(&lines);
    // Every provider and every kind has its row.
    for provider in git_access::provider::Provider::ALL {
        for row in provider.rules().kinds() {
            assert!(kinds[provider.id()].contains(&row.kind.0), "{provider} {}", row.kind.0);
        }
    }
    let refused = lines.iter().flat_map(|(_, cells)| cells).filter(|cell| cell.is_some()).count();
    println!("{} cells, {refused} of them refused", lines.len() * FORMATS.len());
}
