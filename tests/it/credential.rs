//! Git asks, and gets an answer for exactly the hosts and repositories of the saved connections.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::manage::{CANARY, connection, home_with};
use crate::program::{Home, Run, Served, finished};

/// Runs `command` with `input` on its stdin.
pub fn told(mut command: Command, input: &[u8]) -> Run {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It may not want to hear everything.
    let _ = child.stdin.take().unwrap().write_all(input);
    let done = child.wait_with_output().unwrap();
    Run {
        code: done.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&done.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&done.stderr).into_owned(),
    }
}

pub fn asked(home: &Home, action: &str, input: &[u8]) -> Run {
    let mut command = home.program();
    command.args(["credential", action]);
    told(command, input)
}

/// Which connection answered, by the token that came.
pub fn answerer(run: &Run) -> Option<String> {
    assert!(!run.stderr.contains(CANARY), "{}", run.stderr);
    let password = run.stdout.lines().find_map(|line| line.strip_prefix("password="));
    password.map(|password| password.strip_prefix(&format!("{CANARY}_")).unwrap().to_owned())
}

fn forge_of_many() -> Home {
    let home = Home::new();
    let mut text = "version = 1\nactive = \"second\"\n".to_owned();
    for (name, host, owner, repository) in [
        ("gitops", "https://github.com", "acme", Some("gitops")),
        ("first", "https://github.com", "twins", None),
        ("second", "https://github.com", "twins", None),
        ("left", "https://github.com", "pair", None),
        ("right", "https://github.com", "pair", None),
        ("ported", "https://git.example:8443", "acme", Some("gitops")),
        ("rooted", "https://git.example/forge", "acme", None),
        ("local", "http://127.0.0.1:3000", "acme", None),
    ] {
        text.push_str(&connection(&home, name, host, owner, repository));
    }
    home.write("config/git-access/config.toml", &text);
    home
}

#[test]
fn exactly_the_right_connection_answers() {
    let home = forge_of_many();
    let rows: &[(&str, &str, Option<&str>, &str)] = &[
        // protocol and host, path, username, who answers
        ("https://github.com", "acme/gitops.git", None, "gitops"),
        ("https://github.com", "acme/gitops", None, "gitops"),
        ("https://github.com", "Acme/GitOps.GIT", None, "gitops"),
        ("https://GitHub.com", "acme/gitops.git", None, "gitops"),
        ("https://github.com:443", "acme/gitops.git", None, "gitops"),
        ("https://github.com", "acme/gitops.git/info/lfs", None, "gitops"),
        ("https://github.com", "acme/other.git", None, "gitops"),
        ("https://github.com", "acme", None, "gitops"),
        ("https://github.com", "acme/gitops.git", Some("somebody"), "gitops"),
        ("https://github.com", "acme-evil/gitops.git", None, ""),
        ("https://github.com", "acme.git", None, ""),
        ("https://github.com", "acm/gitops.git", None, ""),
        ("https://github.com", "evil/acme/gitops.git", None, ""),
        ("https://github.com", "other/gitops.git", None, ""),
        ("https://github.com", "acme/../other/x.git", None, ""),
        ("https://github.com", "acme//gitops.git", None, ""),
        ("https://github.com", "acme\\gitops.git", None, ""),
        ("https://github.com", "twins/a.git", None, "second"),
        ("https://github.com", "twins/a.git", Some("user-first"), "first"),
        ("https://github.com", "twins/a.git", Some("nobody"), ""),
        ("https://github.com", "pair/a.git", None, ""),
        ("https://github.com", "pair/a.git", Some("user-left"), "left"),
        ("https://github.com", "-", None, "second"),
        ("https://github.com", "-", Some("user-left"), "left"),
        ("https://github.com", "-", Some("nobody"), ""),
        ("https://github.com", "", None, ""),
        ("https://github.com", "/", None, ""),
        ("https://git.example:8443", "acme/gitops.git", None, "ported"),
        ("https://git.example:8443", "-", None, "ported"),
        ("https://git.example:8444", "acme/gitops.git", None, ""),
        ("https://git.example", "acme/gitops.git", None, ""),
        ("https://git.example", "forge/acme/x.git", None, "rooted"),
        ("https://git.example", "forge/acme-evil/x.git", None, ""),
        ("https://git.example", "forge", None, ""),
        ("http://127.0.0.1:3000", "acme/x.git", None, "local"),
        ("https://127.0.0.1:3000", "acme/x.git", None, ""),
        ("http://127.0.0.1", "acme/x.git", None, ""),
        ("http://localhost:3000", "acme/x.git", None, ""),
        ("http://github.com", "acme/gitops.git", None, ""),
        ("https://api.github.com", "acme/gitops.git", None, ""),
        ("https://gist.github.com", "acme/gitops.git", None, ""),
        ("https://github.com.evil.example", "acme/gitops.git", None, ""),
        ("https://evilgithub.com", "acme/gitops.git", None, ""),
        ("https://github.com.", "acme/gitops.git", None, ""),
        ("https://github.com@evil.example", "acme/gitops.git", None, ""),
        ("https://evil.example@github.com", "acme/gitops.git", None, ""),
        ("https://github.com/acme", "acme/gitops.git", None, ""),
        ("https://github.com#.evil.example", "acme/gitops.git", None, ""),
        ("https://github.com%00.evil.example", "acme/gitops.git", None, ""),
        ("https://gіthub.com", "acme/gitops.git", None, ""),
        ("https://github.com:0443x", "acme/gitops.git", None, ""),
        ("ssh://github.com", "acme/gitops.git", None, ""),
    ];
    for (site, path, username, expected) in rows {
        let (protocol, host) = site.split_once("://").unwrap();
        let mut question = format!("capability[]=authtype\nprotocol={protocol}\nhost={host}\n");
        if *path != "-" {
            question.push_str(&format!("path={path}\n"));
        }
        question.extend(username.map(|name| format!("username={name}\n")));
        let run = asked(&home, "get", (question + "wwwauth[]=Basic realm=x\n\n").as_bytes());
        assert_eq!(answerer(&run).unwrap_or_default(), *expected, "{site} {path} {username:?}");
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{site} {path}");
        assert_eq!(run.stdout.is_empty(), expected.is_empty());
    }
}

/// What git asks where `useHttpPath` is off.
#[test]
fn without_a_path_every_connection_of_the_host_may_answer() {
    let home = Home::new();
    // connections (name and host), the active one, user name, who answers
    let rows: &[(&[&str], &str, Option<&str>, &str)] = &[
        (&[], "", None, ""),
        (&["one"], "", None, "one"),
        (&["one"], "one", None, "one"),
        (&["one"], "", Some("user-one"), "one"),
        // A name breaks a tie and closes nothing: git itself keeps the name of an address over ours.
        (&["one"], "", Some("somebody"), "one"),
        (&["one", "two"], "", None, ""),
        (&["one", "two"], "two", None, "two"),
        (&["one", "two"], "two", Some("user-one"), "one"),
        (&["one", "two"], "", Some("user-two"), "two"),
        (&["one", "two"], "two", Some("nobody"), ""),
        // The active one is of another host.
        (&["one", "two", "else"], "else", None, ""),
        (&["else"], "else", None, ""),
    ];
    for (names, active, username, expected) in rows {
        let mut text = "version = 1\n".to_owned();
        if !active.is_empty() {
            text.push_str(&format!("active = \"{active}\"\n"));
        }
        for name in *names {
            let host = if *name == "else" { "https://gitlab.com" } else { "https://github.com" };
            text.push_str(&connection(&home, name, host, &format!("owner-{name}"), Some("gitops")));
        }
        home.write("config/git-access/config.toml", &text);
        let username = username.map(|name| format!("username={name}\n")).unwrap_or_default();
        let run = asked(&home, "get", format!("protocol=https\nhost=github.com\n{username}\n").as_bytes());
        assert_eq!(answerer(&run).unwrap_or_default(), *expected, "{names:?} {active} {username}");
        assert_eq!((run.code, run.stderr.as_str(), run.stdout.is_empty()), (0, "", expected.is_empty()));
    }
}

/// The same by git itself, which leaves the path out by default.
#[test]
fn git_without_use_http_path_gets_the_only_connection_and_the_active_one() {
    let home = Home::new();
    let helper = format!("!'{}' credential", env!("CARGO_BIN_EXE_git-access"));
    home.write(".gitconfig", &format!("[credential]\n\thelper = \"{helper}\"\n"));
    let of = |active: &str, names: &[&str]| {
        let head = if active.is_empty() { String::new() } else { format!("active = \"{active}\"\n") };
        let all =
            names.iter().map(|name| connection(&home, name, "https://github.com", &format!("owner-{name}"), None));
        home.write("config/git-access/config.toml", &format!("version = 1\n{head}{}", all.collect::<String>()));
        answerer(&filled(&home, "https", "github.com", "owner-one/x.git"))
    };
    assert_eq!(of("", &["one"]).as_deref(), Some("one"));
    assert_eq!(of("two", &["one", "two"]).as_deref(), Some("two"), "git did not say which repository it is");
    assert_eq!(of("", &["one", "two"]), None);
}

#[test]
fn what_could_smuggle_a_line_gets_no_answer() {
    let home = home_with(&["one"]);
    let good = "protocol=https\nhost=github.com\npath=acme/gitops.git\n";
    assert_eq!(answerer(&asked(&home, "get", good.as_bytes())).as_deref(), Some("one"));
    for bad in ["\0", "\r", "\u{1b}[2J", "\u{7f}", "\u{85}", "\u{202e}", "\u{2028}", "\u{200b}", "\t"] {
        for key in ["protocol", "host", "path", "username"] {
            let value = match key {
                "protocol" => "https",
                "host" => "github.com",
                "path" => "acme/gitops.git",
                _ => "o",
            };
            let line = format!("{key}={value}{bad}\n");
            let question = if key == "username" {
                format!("{good}{line}")
            } else {
                good.replacen(&format!("{key}={value}\n"), &line, 1)
            };
            let run = asked(&home, "get", question.as_bytes());
            assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", ""), "{key} {bad:?}");
        }
    }
    for more in ["host=github.com\n", "url=https://evil.example\n", "rubbish\n", "wwwauth[]=a\0\n", "wwwauth[]=a\r\n"] {
        assert!(asked(&home, "get", format!("{good}{more}").as_bytes()).stdout.is_empty(), "{more:?}");
    }
    assert!(
        asked(&home, "get", &[b"protocol=https\nhost=github.com\nusername=".as_slice(), b"\xff\n"].concat())
            .stdout
            .is_empty()
    );
    assert!(asked(&home, "get", &vec![b'a'; 2 << 20]).stdout.is_empty());
    assert!(asked(&home, "get", b"").stdout.is_empty());
}

#[test]
fn the_answer_has_user_name_password_and_end() {
    let home = home_with(&["one"]);
    let question = b"protocol=https\nhost=github.com\npath=acme/gitops.git\n\n";
    let plain = format!("username=user-one\npassword={CANARY}_one\n");
    assert_eq!(asked(&home, "get", question).stdout, plain);
    let text = home.config_text();
    let ends = "expires = 2027-02-01T00:00:00Z\nexpires_source = \"provider\"";
    fs::write(home.config(), text.replace("expires_source = \"unknown\"", ends)).unwrap();
    assert_eq!(asked(&home, "get", question).stdout, format!("{plain}password_expiry_utc=1801440000\n"));
    let named = text.replace("colour = \"blue\"", "git_username = \"x-access-token\"");
    fs::write(home.config(), named).unwrap();
    assert!(asked(&home, "get", question).stdout.starts_with("username=x-access-token\n"));
    // A program that we started asked git: an answer would go round in circles.
    let mut again = home.program();
    again.args(["credential", "get"]).env(git_access::store::MARKER, "1");
    assert_eq!(told(again, question).stdout, "");
}

/// Who keeps the pipe open waits for the answer.
#[test]
fn the_blank_line_ends_the_question() {
    let home = home_with(&["one"]);
    for action in ["get", "store", "erase"] {
        let mut child = home
            .program()
            .args(["credential", action])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(b"protocol=https\nhost=github.com\npath=acme/gitops.git\n\n").unwrap();
        let (ended, end) = std::sync::mpsc::channel();
        std::thread::spawn(move || ended.send(child.wait_with_output().unwrap()));
        let done = end.recv_timeout(std::time::Duration::from_secs(60)).expect("it waits for the end of the pipe");
        drop(pipe);
        assert_eq!(String::from_utf8_lossy(&done.stdout).contains(CANARY), action == "get");
        assert!(done.status.success());
    }
}

#[test]
fn a_secret_that_cannot_be_read_is_told_on_stderr_alone() {
    let home = home_with(&["one"]);
    fs::remove_file(home.path("secrets/one")).unwrap();
    let run = asked(&home, "get", b"protocol=https\nhost=github.com\npath=acme/x.git\n");
    assert_eq!((run.code, run.stdout.as_str()), (4, ""));
    assert!(run.stderr.contains("does not exist"), "{}", run.stderr);
}

#[test]
fn store_and_erase_change_no_secret_and_a_refusal_is_listed() {
    let home = home_with(&["one"]);
    let question =
        |password: &str| format!("protocol=https\nhost=github.com\npath=acme/x.git\nusername=o\npassword={password}\n");
    let secret = fs::read_to_string(home.path("secrets/one")).unwrap();
    for action in ["store", "erase"] {
        let run = asked(&home, action, question("another").as_bytes());
        assert_eq!((run.code, run.stdout.as_str()), (0, ""));
    }
    assert!(home.run(&["list"]).stdout.contains("warn 2026-11-20"));
    let run = asked(&home, "erase", question(secret.trim()).as_bytes());
    assert!(run.code == 0 && run.stdout.is_empty() && !run.stderr.contains(CANARY), "{}", run.stderr);
    assert!(home.run(&["list"]).stdout.contains("refused 20"));
    assert_eq!(fs::read_to_string(home.path("secrets/one")).unwrap(), secret);
    assert!(!fs::read_to_string(home.path("state/git-access/id-one.json")).unwrap().contains(CANARY));
}

#[test]
fn a_check_whose_token_the_forge_takes_ends_what_git_told_before_it() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let answers = served.answers(&home, "keptn", "keptn", "name = \"k\"\n[repository]\nname = \"blank\"");
    home.run(&["setup", "--answers", answers.to_str().unwrap()]).expect(0);
    let host = served.host().trim_start_matches("http://").to_owned();
    let token = served.token("keptn");
    let question = format!("protocol=http\nhost={host}\npath=acme/blank.git\nusername=octocat\npassword={token}\n");
    assert_eq!(asked(&home, "erase", question.as_bytes()).code, 0);
    assert!(home.run(&["list"]).stdout.contains("refused 20"));
    home.run(&["check", "k"]).expect(0);
    assert!(!home.run(&["list"]).stdout.contains("refused"));
}

/// What git itself finds for an address.
pub fn filled(home: &Home, protocol: &str, host: &str, path: &str) -> Run {
    let mut git = home.command("git");
    git.args(["credential", "fill"]).env("GIT_ASKPASS", "false");
    told(git, format!("protocol={protocol}\nhost={host}\npath={path}\n\n").as_bytes())
}

#[test]
fn git_gets_the_answer_for_our_host_and_for_no_other() {
    let home = home_with(&["one"]);
    let before = "# mine\n[user]\n\tname = O # trailing\n[credential]\n\thelper = !false\n";
    home.write(".gitconfig", before);
    let run = home.run(&["setup-git"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.starts_with("Git now asks git-access for https://github.com\nWritten to "), "{}", run.stderr);
    let once = fs::read_to_string(home.path(".gitconfig")).unwrap();
    assert_eq!(answerer(&filled(&home, "https", "github.com", "acme/gitops.git")).as_deref(), Some("one"));
    assert_eq!(answerer(&filled(&home, "https", "github.com", "evil/gitops.git")), None);
    assert_eq!(answerer(&filled(&home, "https", "gitlab.com", "acme/gitops.git")), None);
    assert_eq!(answerer(&filled(&home, "https", "github.com.evil.example", "acme/gitops.git")), None);
    assert_eq!(home.run(&["setup-git"]).code, 0);
    assert_eq!(fs::read_to_string(home.path(".gitconfig")).unwrap(), once);
    assert!(home.run(&["remove", "one"]).stderr.contains("git, which asks git-access for https://github.com"));
    assert_eq!(home.run(&["setup-git", "--undo"]).code, 0);
    assert_eq!(fs::read_to_string(home.path(".gitconfig")).unwrap(), before);
    assert!(home.run(&["setup-git", "--undo"]).stderr.starts_with("There is nothing to take back"));
}

#[test]
fn taking_back_leaves_every_sort_of_config_as_it_was() {
    for before in [
        "",
        "# no line end",
        "[user]\r\n\tname = O\r\n",
        "[credential \"https://github.com\"]\n\tusername = o\n# between\n[core]\n\teditor = vi\n",
        "[credential \"https://github.com\"]\n\thelper = store\n\tuseHttpPath = false\n",
    ] {
        let home = home_with(&["one"]);
        let path = home.write(".gitconfig", before);
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
        assert_eq!(home.run(&["setup-git"]).code, 0);
        assert_eq!(answerer(&filled(&home, "https", "github.com", "acme/x.git")).as_deref(), Some("one"), "{before:?}");
        assert_eq!(home.run(&["setup-git", "--undo"]).code, 0);
        assert_eq!(fs::read_to_string(&path).unwrap(), before);
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o640);
    }
    let home = home_with(&["one"]);
    assert_eq!(home.run(&["setup-git"]).code, 0);
    assert_eq!(home.run(&["setup-git", "--undo"]).code, 0);
    assert!(!home.path(".gitconfig").exists());
}

#[test]
fn edits_made_since_stay_and_our_entries_go() {
    let home = home_with(&["one"]);
    home.write(".gitconfig", "# mine\n");
    assert_eq!(home.run(&["setup-git"]).code, 0);
    let git = |arguments: &[&str]| finished(home.command("git").args(["config", "--global"]).args(arguments));
    assert_eq!(git(&["credential.https://github.com.username", "o"]).code, 0);
    assert_eq!(git(&["user.name", "O"]).code, 0);
    let run = home.run(&["setup-git", "--undo"]);
    assert!(run.code == 0 && run.stderr.contains("it was edited since"), "{}", run.stderr);
    let after = fs::read_to_string(home.path(".gitconfig")).unwrap();
    assert_eq!(after, "# mine\n[credential \"https://github.com\"]\n\tusername = o\n[user]\n\tname = O\n");
    // Where only other sections were added, the whole piece goes.
    let home = home_with(&["one"]);
    home.write(".gitconfig", "# mine\n");
    assert_eq!(home.run(&["setup-git"]).code, 0);
    let path = home.path(".gitconfig");
    fs::write(&path, fs::read_to_string(&path).unwrap() + "[user]\n\tname = O\n").unwrap();
    assert_eq!(home.run(&["setup-git", "--undo"]).code, 0);
    assert_eq!(fs::read_to_string(&path).unwrap(), "# mine\n[user]\n\tname = O\n");
}

#[test]
fn another_config_and_strange_paths_reach_git_in_one_piece() {
    let home = home_with(&["one"]);
    let named = home.write("it's a $(touch planted) dir/config.toml", &home.config_text());
    fs::remove_file(home.config()).unwrap();
    let run = home.run(&["setup-git", "--config", named.to_str().unwrap()]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(answerer(&filled(&home, "https", "github.com", "acme/x.git")).as_deref(), Some("one"));
    assert!(!home.path("planted").exists());
    // A link into a folder of dotfiles stays a link.
    let home = home_with(&["one"]);
    let real = home.write("dotfiles/gitconfig", "# mine\n");
    std::os::unix::fs::symlink(&real, home.path(".gitconfig")).unwrap();
    assert_eq!(home.run(&["setup-git"]).code, 0);
    assert!(fs::read_to_string(&real).unwrap().contains("credential"));
    assert_eq!(home.run(&["setup-git", "--undo"]).code, 0);
    assert!(home.path(".gitconfig").is_symlink());
    assert_eq!(fs::read_to_string(&real).unwrap(), "# mine\n");
}

#[test]
fn without_git_nothing_is_set_up_and_the_way_is_told() {
    let home = home_with(&["one"]);
    let run = finished(home.program().env("PATH", "/nonexistent").arg("setup-git"));
    assert!(run.code == 2 && run.stderr.contains("Install git"), "{}", run.stderr);
    let run = Home::new().run(&["setup-git", "--format", "json"]);
    assert_eq!((run.code, run.json()["hosts"].as_array().unwrap().len()), (0, 0));
}

/// What a person has signed in with, at git's own helper.
pub fn signed_in(home: &Home, protocol: &str, host: &str, password: &str) {
    let mut git = home.command("git");
    git.args(["credential", "approve"]);
    let login = format!("protocol={protocol}\nhost={host}\nusername=octocat\npassword={password}\n\n");
    assert_eq!(told(git, login.as_bytes()).code, 0);
}

#[test]
fn gits_own_login_is_one_line_for_the_command_of_a_token() {
    let home = home_with(&["one"]);
    // Ourselves among the helpers, and before the one that keeps: we are never the answer to our own question.
    let ours = format!("!'{}' credential", env!("CARGO_BIN_EXE_git-access"));
    home.write(".gitconfig", &format!("[credential]\n\thelper = \"{ours}\"\n\thelper = store\n"));
    let password = |address: &str| home.run(&["credential", "password", address]);
    let none = password("https://github.com").expect(4);
    assert!(none.stdout.is_empty() && none.stderr.contains("no login for https://github.com"), "{}", none.stderr);
    signed_in(&home, "https", "github.com", CANARY);
    assert_eq!(password("https://github.com").expect(0).stdout, format!("{CANARY}\n"));
    assert_eq!(password("github.com").expect(0).stdout, format!("{CANARY}\n"));
    for other in ["https://gitlab.com", "https://github.com:8443", "https://github.com.evil.example"] {
        assert!(password(other).expect(4).stdout.is_empty(), "{other}");
    }
    for (arguments, reason) in [
        (&["credential", "password"][..], "address of the host is missing"),
        (&["credential", "get", "https://github.com"], "an address is for password alone"),
        (&["credential", "password", "https://u:p@github.com"], "no address of a forge"),
        (&["credential", "password", "http://github.com"], "no address of a forge"),
    ] {
        let run = home.run(arguments).expect(2);
        assert!(run.stdout.is_empty() && run.stderr.contains(reason), "{arguments:?}: {}", run.stderr);
    }
    // Into a file it does not go, and whoever wanted it there is told by the exit code.
    let file = home.path("password");
    let mut program = home.program();
    program.args(["credential", "password", "https://github.com"]).stdout(fs::File::create(&file).unwrap());
    let run = finished(&mut program).expect(2);
    assert!(run.stderr.contains("goes into a pipe alone") && !run.stderr.contains(CANARY), "{}", run.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), "");
    let json = home.run(&["credential", "password", "https://github.com", "--format", "json"]).expect(2);
    assert!(json.stderr.contains("which is not JSON") && !json.stdout.contains(CANARY), "{}", json.stderr);
    // A helper that answers for somebody else, and one that gives no token.
    for (answer, reason) in
        [("host=evil.example\\nusername=u\\npassword=p", "no login"), ("username=u\\npassword=a b", "is no token")]
    {
        let helper = format!("!f() {{ test $1 = get && printf '{answer}\\n'; }}; f");
        home.write(".gitconfig", &format!("[credential]\n\thelper = \"{}\"\n", helper.replace('\\', "\\\\")));
        let run = password("https://github.com").expect(4);
        assert!(run.stdout.is_empty() && run.stderr.contains(reason), "{answer}: {}", run.stderr);
    }
}

/// The same as a reference: chosen, proven, and asked anew by every run.
#[test]
fn a_login_of_gits_serves_as_the_source_of_a_token() {
    let (home, place) = (Home::new(), Home::new());
    let served = crate::program::Served::start(&place, "ready");
    home.write(".gitconfig", "[credential]\n\thelper = store\n");
    let host = served.host();
    let authority = host.trim_start_matches("http://").to_owned();
    let program = env!("CARGO_BIN_EXE_git-access");
    let answers = home.write(
        "a.toml",
        &format!(
            "version = 1\nname = \"k\"\nplatform = \"flux\"\nprovider = \"github\"\nhost = \"{host}\"\nowner = \"acme\"\n\
             [repository]\nname = \"webshop\"\n[token]\ncommand = [\"{program}\", \"credential\", \"password\", \"{host}\"]\n"
        ),
    );
    let setup = || home.run(&["setup", "--answers", answers.to_str().unwrap()]);
    // Not signed in: nothing is saved.
    let run = setup().expect(4);
    assert!(home.config_text().is_empty(), "{}", run.stderr);
    signed_in(&home, "http", &authority, &served.token("flux"));
    setup().expect(0);
    let saved = home.config_text();
    assert!(saved.contains("store = \"command\"") && !saved.contains(&served.token("flux")), "{saved}");
    home.run(&["check", "k"]).expect(0);
    // setup-git takes git's own helpers back for this host: the reference asks them all the same.
    home.run(&["setup-git"]).expect(0);
    home.run(&["check", "k"]).expect(0);
    let clone = |dir: &str| {
        let mut git = home.command("git");
        git.args(["clone", "-q", &format!("{host}/acme/webshop.git"), dir]).env("GIT_ASKPASS", "false");
        finished(&mut git)
    };
    let heads = clone("cloned").expect(0);
    assert!(!heads.stderr.contains("fatal") && home.path("cloned/.git").is_dir(), "{}", heads.stderr);
    home.run(&["setup-git", "--undo"]).expect(0);
    let given = asked(&home, "get", format!("protocol=http\nhost={authority}\npath=acme/webshop.git\n\n").as_bytes());
    assert!(given.stdout.contains(&format!("password={}\n", served.token("flux"))), "{}", given.stderr);
    // Git's entry is not ours to remove.
    home.run(&["remove", "k", "--yes"]).expect(0);
    assert!(fs::read_to_string(home.path(".git-credentials")).unwrap().contains(&served.token("flux")));
}
