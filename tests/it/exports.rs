//! Exports: what consumers are given, read back as they read it. The table of provider, kind and format is in `table`.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use self::rows::rows;
use crate::program::{Home, Run};

mod calendar;
mod contents;
mod given;
mod keys;
mod names;
mod rows;
mod schema;
mod table;
mod trust;

const TOKEN: &str = "canary'\"\\0123456789$(id)`id`";
const OPEN: &str = "${GIT_ACCESS_TOKEN}";

/// A home with all of the rows as connections, their tokens in files.
fn home() -> Home {
    let home = Home::new();
    let token = home.write("secrets/token", &format!("{TOKEN}\n"));
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

/// git itself keeps what it is given under the address that it will ask with: also where that has a blank in it.
#[test]
fn git_takes_the_credential_and_gives_it_back_for_the_repository() {
    use std::io::Write as _;

    let home = home();
    home.write(".gitconfig", "[credential]\n\thelper = store\n\tuseHttpPath = true\n");
    let git = |verb: &str, input: &str| {
        let mut git = home.command("git");
        git.args(["credential", verb]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut git = git.spawn().unwrap();
        git.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let done = git.wait_with_output().unwrap();
        String::from_utf8(done.stdout).unwrap()
    };
    for row in rows() {
        let input = export(&home, row.name, "git", &["--with-secret"]).expect(0).stdout;
        git("approve", &input);
        let given = git("fill", &format!("url={}\nusername={}\n\n", row.url[0], row.user));
        assert!(given.contains(&format!("password={TOKEN}\n")), "{}: {given}", row.name);
        git("reject", &input);
        let given = git("fill", &format!("url={}\nusername={}\n\n", row.url[0], row.user));
        assert!(!given.contains("password="), "{}: {given}", row.name);
    }
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
