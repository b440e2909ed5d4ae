//! Exports: one table of provider, kind and format, read back and compared with what was written down by hand.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::program::{Home, Run};

const TOKEN: &str = "canary'\"\\0123456789$(id)`id`";
const OPEN: &str = "${GIT_ACCESS_TOKEN}";

/// A connection, and what stands in the cells of its consumers.
struct Row {
    name: &'static str,
    /// provider, kind, host
    at: [&'static str; 3],
    /// owner, project, `owner_id`, `username`, `git_username`; empty: none
    who: [&'static str; 5],
    /// The address of the repository, and what stands before its name.
    url: [&'static str; 2],
    /// The user name that git sends.
    user: &'static str,
    devtron: Result<Value, &'static str>,
    qovery: Result<Value, &'static str>,
    /// The variables beside those of every connection.
    variables: &'static [&'static str],
}

fn devtron(fields: &Value) -> Value {
    let mut all = json!({
        "token": OPEN, "active": true, "gitHubOrgId": "", "gitLabGroupId": "", "azureProjectName": "",
        "bitBucketWorkspaceId": "", "bitBucketProjectKey": "", "allowCustomRepository": false,
        "enableTLSVerification": false, "tlsConfig": { "caData": "", "tlsCertData": "", "tlsKeyData": "" },
        "isCADataPresent": false, "isTLSCertDataPresent": false, "isTLSKeyDataPresent": false,
    });
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    all
}

fn rows() -> Vec<Row> {
    vec![
        Row {
            name: "github",
            at: ["github", "classic", "https://github.com"],
            who: ["acme", "", "1", "octocat", ""],
            url: ["https://github.com/acme/gitops.git", "https://github.com/acme/"],
            user: "octocat",
            devtron: Ok(devtron(
                &json!({ "provider": "GITHUB", "host": "https://github.com", "username": "octocat", "gitHubOrgId": "acme" }),
            )),
            qovery: Ok(json!({ "type": "GITHUB" })),
            variables: &["GH_TOKEN=TOKEN", "GH_HOST=github.com"],
        },
        Row {
            name: "enterprise",
            at: ["github", "fine-grained", "https://git.corp.example:8443"],
            who: ["acme", "", "", "octocat", ""],
            url: ["https://git.corp.example:8443/acme/gitops.git", "https://git.corp.example:8443/acme/"],
            user: "octocat",
            devtron: Ok(devtron(
                &json!({ "provider": "GITHUB", "host": "https://git.corp.example:8443", "username": "octocat", "gitHubOrgId": "acme" }),
            )),
            qovery: Ok(json!({ "type": "GITHUB", "git_api_url": "https://git.corp.example:8443" })),
            variables: &["GH_ENTERPRISE_TOKEN=TOKEN", "GH_HOST=git.corp.example:8443"],
        },
        Row {
            name: "gitlab",
            at: ["gitlab", "group", "https://git.example/relative"],
            who: ["acme/platform", "", "77", "group_77_bot_1", ""],
            url: [
                "https://git.example/relative/acme/platform/gitops.git",
                "https://git.example/relative/acme/platform/",
            ],
            user: "group_77_bot_1",
            devtron: Ok(devtron(
                &json!({ "provider": "GITLAB", "host": "https://git.example/relative", "username": "group_77_bot_1", "gitLabGroupId": "77" }),
            )),
            qovery: Ok(json!({ "type": "GITLAB", "git_api_url": "https://git.example/relative" })),
            variables: &["GITLAB_TOKEN=TOKEN", "GITLAB_HOST=https://git.example/relative"],
        },
        Row {
            name: "gitea",
            at: ["gitea", "pat", "https://forge.example"],
            who: ["acme", "", "3", "robot", ""],
            url: ["https://forge.example/acme/gitops.git", "https://forge.example/acme/"],
            user: "robot",
            devtron: Err("Devtron knows GitHub, GitLab, Azure DevOps and Bitbucket Cloud"),
            qovery: Err("Qovery knows GitHub, GitLab and Bitbucket Cloud"),
            variables: &["GITEA_SERVER_TOKEN=TOKEN", "GITEA_SERVER_URL=https://forge.example"],
        },
    ]
}

/// A home with all of the rows as connections, their tokens in files.
fn home() -> Home {
    let home = Home::new();
    let token = home.write("token", &format!("{TOKEN}\n"));
    let mut text = "version = 1\n".to_owned();
    for row in rows() {
        let [provider, kind, host] = row.at;
        let keys = ["owner", "project", "owner_id", "username", "git_username"];
        let who = keys.iter().zip(row.who).filter(|(_, value)| !value.is_empty());
        let who = who.fold(String::new(), |text, (key, value)| format!("{text}{key} = {value:?}\n"));
        text.push_str(&format!(
            "[connections.{0}]\nid = \"id-{0}\"\nplatform = \"none\"\nprovider = \"{provider}\"\nhost = \"{host}\"\n{who}\
             [connections.{0}.token]\nkind = \"{kind}\"\nstore = \"file\"\npath = {1:?}\ngeneration = 1\n\
             expires = 2027-02-01T00:00:00Z\nexpires_source = \"user\"\n\
             [connections.{0}.repository]\nname = \"gitops\"\nurl = \"{2}\"\nbranch = \"main\"\n",
            row.name,
            token.display().to_string(),
            row.url[0]
        ));
    }
    let path = home.write("config/git-access/config.toml", &text);
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    home
}

fn export(home: &Home, name: &str, format: &str, more: &[&str]) -> Run {
    home.run(&[&["export", name, "--for", format], more].concat())
}

fn yaml(text: &str) -> Vec<Value> {
    use serde::Deserialize as _;
    serde_yaml_ng::Deserializer::from_str(text).map(|one| Value::deserialize(one).unwrap()).collect()
}

fn metadata(name: &str, namespace: &str) -> Value {
    json!({ "name": name, "namespace": namespace })
}

#[test]
fn every_cell_of_the_table_reads_back_as_it_was_written_down() {
    let home = home();
    let mut cells = 0;
    for row in rows() {
        let name = row.name;
        let read = |format: &str, more: &[&str]| export(&home, name, format, more).expect(0).stdout;
        let basic = json!({ "username": row.user, "password": OPEN });
        let source = json!({ "interval": "1m0s", "url": row.url[0], "ref": { "branch": "main" }, "secretRef": { "name": name } });
        let of_flux = metadata(name, "flux-system");
        assert_eq!(
            yaml(&read("flux", &[])),
            [
                json!({ "apiVersion": "v1", "kind": "Secret", "metadata": of_flux, "stringData": basic }),
                json!({ "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": of_flux, "spec": source }),
            ],
            "{name}"
        );
        for (format, kind, url) in [("argocd", "repository", row.url[0]), ("argocd-creds", "repo-creds", row.url[1])] {
            let mut metadata = metadata(name, "argocd");
            metadata["labels"] = json!({ "argocd.argoproj.io/secret-type": kind });
            let data = json!({ "type": "git", "url": url, "username": row.user, "password": OPEN });
            let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data });
            assert_eq!(yaml(&read(format, &[])), [secret], "{name} {format}");
        }
        assert_eq!(
            read("keptn", &["--set", "project=sockshop"]),
            format!(
                "keptn create project sockshop --shipyard=shipyard.yaml --git-user={} --git-remote-url={} --git-token=\"{OPEN}\"\n",
                row.user, row.url[0]
            )
        );
        let body: Value = serde_json::from_str(&read("keptn", &["--set", "project=p", "--set", "as=json"])).unwrap();
        let https = json!({ "token": OPEN, "insecureSkipTLS": false });
        let credentials = json!({ "remoteURL": row.url[0], "user": row.user, "https": https });
        assert_eq!(body, json!({ "name": "p", "gitCredentials": credentials }), "{name}");
        request(&home, name, "devtron", &[], row.devtron.clone());
        let of_qovery = row.qovery.clone().map(|mut fields| {
            fields["name"] = name.into();
            fields["token"] = OPEN.into();
            fields
        });
        request(&home, name, "qovery", &["--set", "organization=o-1"], of_qovery);
        files_of_git(&home, &row);
        cells += 12;
    }
    println!("{cells} cells");
}

fn request(home: &Home, name: &str, format: &str, more: &[&str], expected: Result<Value, &str>) {
    let run = export(home, name, format, more);
    match expected {
        Ok(body) => {
            let body = body.clone();
            assert_eq!(serde_json::from_str::<Value>(&run.expect(0).stdout).unwrap(), body, "{name} {format}");
        }
        Err(reason) => {
            assert!(run.stderr.contains(reason) && run.stdout.is_empty(), "{}", run.stderr);
            run.expect(2);
        }
    }
}

fn files_of_git(home: &Home, row: &Row) {
    let read = |format: &str, more: &[&str]| export(home, row.name, format, more).expect(0).stdout;
    let (authority, path) = row.url[0].trim_start_matches("https://").split_once('/').unwrap();
    let ends = 1_801_440_000; // 2027-02-01T00:00:00Z
    assert_eq!(
        read("git", &[]),
        format!(
            "protocol=https\nhost={authority}\npath={path}\nusername={}\npassword={OPEN}\npassword_expiry_utc={ends}\n\n",
            row.user
        )
    );
    let machine = authority.split(':').next().unwrap();
    assert_eq!(read("netrc", &[]), format!("machine {machine} login {} password {OPEN}\n", row.user));
    let mut variables =
        format!("GIT_ACCESS_TOKEN='{OPEN}'\nGIT_ACCESS_USERNAME={}\nGIT_ACCESS_URL={}\n", row.user, row.url[0]);
    for line in row.variables {
        variables.push_str(&format!("{}\n", line.replace("TOKEN=TOKEN", &format!("TOKEN='{OPEN}'"))));
    }
    assert_eq!(read("env", &[]), variables);
    let secret = format!("{}_TOKEN", row.name.to_uppercase());
    let more = ["--set", "repository=acme/app"];
    let named = if secret.starts_with("GITHUB_") { "ACCESS_TOKEN" } else { &secret };
    let piped = format!("printf '%s' \"{OPEN}\" | ");
    assert_eq!(
        read("github-actions", &[&more[..], &["--set", &format!("secret={named}")]].concat()),
        format!("{piped}gh secret set {named} --repo acme/app\n")
    );
    assert_eq!(
        read("gitlab-ci", &more),
        format!("{piped}glab variable set {secret} --masked --protected --repo acme/app\n")
    );
    let calendar = read("ics", &[]);
    assert!(calendar.lines().all(|line| line.len() <= 75) && calendar.ends_with("END:VCALENDAR\r\n"));
    let unfolded = calendar.replace("\r\n ", "");
    for line in ["DTSTART:20270201T000000Z", "TRIGGER:-P30D", &format!("UID:id-{}-end@git-access", row.name)] {
        assert!(unfolded.lines().any(|there| there == line), "{line} is not in\n{unfolded}");
    }
    assert_eq!(unfolded.matches("BEGIN:VALARM").count(), 4);
}

#[test]
fn a_secret_goes_into_a_file_of_our_own_or_a_pipe_and_nowhere_else() {
    let home = home();
    let file = home.path("out.yaml");
    let run = export(&home, "gitlab", "flux", &["--with-secret", "--output", file.to_str().unwrap()]).expect(0);
    assert!(!run.stdout.contains("canary") && !run.stderr.contains("canary"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(yaml(&fs::read_to_string(&file).unwrap())[0]["stringData"]["password"], TOKEN);
    // A pipe.
    let piped = export(&home, "gitlab", "devtron", &["--with-secret"]).expect(0);
    assert_eq!(serde_json::from_str::<Value>(&piped.stdout).unwrap()["token"], TOKEN);
    assert!(!piped.stderr.contains("canary"));
    // A file that the shell opened has the mode that the shell gave it.
    let open = fs::File::create(home.path("open.yaml")).unwrap();
    let mut program = home.program();
    let mut child = program
        .args(["export", "gitlab", "--for", "flux", "--with-secret"])
        .stdin(Stdio::null())
        .stdout(open)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2));
    assert!(told.contains("--output FILE") && fs::read(home.path("open.yaml")).unwrap().is_empty(), "{told}");
}

#[test]
fn a_shell_gets_exactly_the_token() {
    let home = home();
    for (format, more) in [
        ("env", &[][..]),
        ("github-actions", &["--set", "repository=a/b"]),
        ("gitlab-ci", &["--set", "repository=a/b"]),
        ("keptn", &["--set", "project=p"]),
    ] {
        let script = export(&home, "gitlab", format, &[&["--with-secret"], more].concat()).expect(0).stdout;
        // Stand-ins for the programs: one prints what it is given on standard input, the other its last argument.
        let stand_ins =
            "gh() { cat; }\nglab() { cat; }\nkeptn() { for last; do :; done; printf '%s' \"${last#--git-token=}\"; }\n";
        let end = if format == "env" { "printf '%s' \"$GITLAB_TOKEN\"" } else { "" };
        let run = Command::new("sh").args(["-euc", &format!("{stand_ins}{script}{end}")]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&run.stdout), TOKEN, "{format}: {script}");
    }
    let input = export(&home, "gitlab", "git", &["--with-secret"]).expect(0).stdout;
    assert!(input.contains(&format!("\npassword={TOKEN}\n")));
}

#[test]
fn what_is_open_is_noted_and_what_is_not_known_is_refused() {
    let home = home();
    let open = export(&home, "github", "qovery", &[]).expect(0);
    assert!(
        open.stderr.contains("${organization} is still open: give it with --set organization=…"),
        "{}",
        open.stderr
    );
    for (format, set, reason) in [
        ("flux", "nam=x", "has no parameter nam\n  flux takes:"),
        ("flux", "name=A_b", "lower-case letters, digits and inner hyphens"),
        ("flux", "name", "--set wants key=value"),
        ("github-actions", "secret=GITHUB_X", "keeps names that begin with GITHUB_ for itself"),
        ("gitlab-ci", "variable=a-b", "capital letters"),
        ("keptn", "as=yaml", "create, update and json"),
        ("ics", "days=soon", "numbers with commas"),
        ("flux", "branch=\u{fdd0}", "a character that stands for nothing"),
        ("helm", "a=b", "There is no such format.\n  Give one of these with --for:\n  flux"),
    ] {
        let run = export(&home, "github", format, &["--set", set]);
        assert!(run.stderr.contains(reason) && run.stdout.is_empty(), "{format} {set}: {}", run.stderr);
        run.expect(2);
    }
    export(&home, "nobody", "flux", &[]).expect(2);
    let json = export(&home, "github", "netrc", &["--format", "json"]).expect(0).json();
    assert_eq!((&json["for"], &json["connection"]), (&"netrc".into(), &"github".into()));
    assert!(json["document"].as_str().unwrap().starts_with("machine github.com login octocat"));
}

#[test]
fn an_authority_goes_where_each_consumer_looks_for_it() {
    let home = home();
    let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let file = home.write("ca.pem", pem);
    let text = home.config_text().replacen(
        "host = \"https://git.example/relative\"",
        &format!("host = \"https://git.example/relative\"\nca_file = {:?}", file.display().to_string()),
        1,
    );
    fs::write(home.config(), text).unwrap();
    let read = |format: &str, more: &[&str]| export(&home, "gitlab", format, more).expect(0);
    assert_eq!(yaml(&read("flux", &[]).stdout)[0]["stringData"]["ca.crt"], pem);
    let argo = read("argocd", &[]);
    assert_eq!(yaml(&argo.stdout)[1]["data"], json!({ "git.example": pem }));
    assert!(argo.stderr.contains("Merge the ConfigMap argocd-tls-certs-cm"));
    let keptn: Value =
        serde_json::from_str(&read("keptn", &["--set", "project=p", "--set", "as=json"]).stdout).unwrap();
    let encoded = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUIKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=";
    assert_eq!(keptn["gitCredentials"]["https"]["certificate"], encoded);
    let devtron: Value = serde_json::from_str(&read("devtron", &[]).stdout).unwrap();
    assert_eq!((&devtron["tlsConfig"]["caData"], &devtron["isCADataPresent"]), (&pem.into(), &true.into()));
    let git = read("git", &[]);
    assert!(git.stderr.contains(&format!("http.https://git.example/.sslCAInfo {}", file.display())), "{}", git.stderr);
}
