//! The saved connections as their user sees them: transcripts of list, show, use, rename, remove, platforms, doctor.

use std::fs;
use std::path::Path;

use jiff::{Timestamp, ToSpan as _};

use crate::program::{Home, Run, finished};

pub const CANARY: &str = "ghp_CANARY0123456789abcdefghijklmnopqrstuv";

/// A connection with its secret in a file of its own.
pub fn connection(home: &Home, name: &str, host: &str, owner: &str, repository: Option<&str>) -> String {
    let token = home.write(&format!("secrets/{name}"), &format!("{CANARY}_{}\n", name.replace('-', "_")));
    let repository = repository.map(|repository| {
        format!("[connections.{name}.repository]\nname = \"{repository}\"\nurl = \"{host}/{owner}/{repository}.git\"\n")
    });
    format!(
        "\n[connections.{name}] # {name}, as its user wrote it\nid = \"id-{name}\"\nplatform = \"devtron\"\n\
         provider = \"github\"\nhost = \"{host}\"\nowner = \"{owner}\"\nusername = \"user-{name}\"\n\
         colour = \"blue\"\n[connections.{name}.token]\nkind = \"classic\"\nstore = \"file\"\npath = \"{}\"\n\
         generation = 1\nexpires_source = \"unknown\"\n{}[connections.{name}.verified]\nat = 2026-11-20T09:00:00Z\n\
         identity = \"user-{name}\"\nidentity_kind = \"user\"\nscopes = [\"repo\"]\nverdict = \"warn\"\n",
        token.display(),
        repository.unwrap_or_default()
    )
}

pub fn home_with(names: &[&str]) -> Home {
    let home = Home::new();
    let mut text = "# My connections.\nversion = 1\n".to_owned();
    if let Some(first) = names.first() {
        text.push_str(&format!("active = \"{first}\"\n"));
    }
    for name in names {
        text.push_str(&connection(&home, name, "https://github.com", "acme", Some("gitops")));
    }
    let path = home.write("config/git-access/config.toml", &text);
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    home
}

fn transcript(run: &Run) -> String {
    format!("{}{}[{}]\n", run.stdout, run.stderr, run.code)
}

#[test]
fn without_connections_the_list_is_empty_and_nothing_is_written() {
    let home = Home::new();
    let none = format!("There is no config at {}, so there is no connection yet.", home.config().display());
    assert_eq!(transcript(&home.run(&["list"])), format!("{none} git-access setup makes one.\n[0]\n"));
    assert!(home.run(&["check"]).expect(0).stderr.contains(&none));
    let run = home.run(&["list", "--format", "json"]);
    assert_eq!((run.code, run.json()["connections"].as_array().unwrap().len()), (0, 0));
    for arguments in [&["show", "x"][..], &["use", "x"], &["rename", "x", "y"], &["remove", "x", "--yes"]] {
        let run = home.run(arguments);
        assert_eq!(run.code, 2, "{arguments:?}");
        assert!(
            run.stdout.is_empty() && run.stderr.starts_with("git-access: There is no connection x\n"),
            "{}",
            run.stderr
        );
    }
    assert!(!home.path("config").exists() && !home.path("state").exists());
}

#[test]
fn a_config_that_is_not_there_is_named_and_a_link_to_nothing_as_one() {
    let home = Home::new();
    for command in ["list", "check"] {
        let run = home.run(&[command, "--config", "mistyped.toml"]).expect(0);
        let path = home.path("mistyped.toml");
        assert!(run.stderr.contains(&format!("There is no config at {}", path.display())), "{}", run.stderr);
    }
    let (link, target) = (home.path("link.toml"), home.path("gone/config.toml"));
    std::os::unix::fs::symlink(&target, &link).unwrap();
    let says = format!("{} is a symbolic link to {}, where there is no file", link.display(), target.display());
    for command in ["list", "check"] {
        let run = home.run(&[command, "--config", "link.toml"]).expect(0);
        assert!(run.stderr.contains(&says), "{}", run.stderr);
    }
    assert!(home.run(&["doctor", "--config", "link.toml"]).expect(0).stdout.contains("It is a symbolic link to"));
    // Nothing is made through it, and that is said before anything is done.
    let answers = "version = 1\nplatform = \"none\"\nprovider = \"github\"\nhost = \"http://127.0.0.1:1\"\n\
                   owner = \"acme\"\n[token]\nenv = \"TOKEN\"\n";
    home.write("a.toml", answers);
    let setup = ["setup", "--config", "link.toml", "--answers", "a.toml"];
    let run = finished(home.program().env("TOKEN", CANARY).args(setup)).expect(4);
    let says = format!("it points to {}, where there is nothing", target.display());
    assert!(run.stderr.contains(&says) && run.stderr.contains("Put a regular file there"), "{}", run.stderr);
    assert!(!target.exists() && fs::symlink_metadata(&link).unwrap().is_symlink());
    home.write("empty.toml", "version = 1\n");
    let run = home.run(&["list", "--config", "empty.toml"]).expect(0);
    assert!(run.stderr.contains("There is no connection yet. git-access setup makes one."), "{}", run.stderr);
}

#[test]
fn the_list_tells_how_each_connection_stands() {
    let home = home_with(&["one", "two", "three", "four", "five"]);
    let moment = |hours: i64| (Timestamp::now() + hours.hours()).to_string();
    let text = home.config_text();
    let ends = |name: &str, line: String, text: String| {
        let at = text.find(&format!("[connections.{name}.token]")).unwrap();
        let (before, after) = text.split_at(at);
        before.to_owned() + &after.replacen("expires_source = \"unknown\"", &line, 1)
    };
    let text = ends("one", format!("expires = {}\nexpires_source = \"provider\"", moment(24 * 12 + 1)), text);
    let text = ends("two", "expires_source = \"never\"".to_owned(), text);
    let text = ends("three", format!("expires = {}\nexpires_source = \"user\"", moment(-24 * 3 - 1)), text);
    fs::write(home.config(), text).unwrap();
    let newer = moment(0);
    home.write("state/git-access/id-two.json", &format!("{{\"checked\": \"{newer}\", \"verdict\": \"pass\"}}"));
    home.write("state/git-access/id-four.json", &format!("{{\"refused\": \"{newer}\"}}"));
    home.write("state/git-access/id-five.json", "rubbish");
    let run = home.run(&["list"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let lines: Vec<&str> = run.stdout.lines().collect();
    let (today, head) = (&newer[..10], "NAME   PLATFORM  PROVIDER  HOST                OWNER  EXPIRES");
    assert!(lines[0].starts_with(&format!("   {head}")), "{}", lines[0]);
    assert!(
        lines[1].starts_with("*  one    devtron   github    https://github.com  acme   in 12 days ("),
        "{}",
        lines[1]
    );
    assert!(lines[2].contains("never") && lines[2].contains(&format!("pass {today}")), "{}", lines[2]);
    assert!(lines[3].contains("ended 3 days ago (") && lines[3].contains("warn 2026-11-20"), "{}", lines[3]);
    assert!(lines[4].contains("not known") && lines[4].contains(&format!("refused {today}")), "{}", lines[4]);
    assert!(lines[5].contains("warn 2026-11-20") && lines[5].contains("file "), "{}", lines[5]);
    let json = home.run(&["list", "--format", "json"]).json();
    assert_eq!(json["active"], "one");
    let rows = json["connections"].as_array().unwrap();
    assert_eq!((&rows[0]["token"]["days_left"], &rows[1]["token"]["expires_source"]), (&12.into(), &"never".into()));
    assert_eq!((&rows[1]["verdict"], &rows[2]["token"]["days_left"]), (&"pass".into(), &(-3).into()));
    assert!(rows[3]["refused"].is_string() && rows[4]["refused"].is_null());
}

#[test]
fn colour_is_added_only_where_it_is_wanted() {
    let home = home_with(&["one"]);
    assert!(home.run(&["list", "--color", "always"]).stdout.contains("\u{1b}[33mwarn 2026-11-20\u{1b}[0m"));
    for arguments in [&["list"][..], &["list", "--color", "never"], &["show", "one", "--color", "never"]] {
        assert!(!home.run(arguments).stdout.contains('\u{1b}'));
    }
}

#[test]
fn show_tells_everything_but_the_secret() {
    let home = home_with(&["one"]);
    let run = home.run(&["show", "one"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    for line in [
        "one (active)\n",
        "  Repository    https://github.com/acme/gitops.git\n",
        "  Sent only to  https://api.github.com, https://github.com\n",
        "  Last verdict  warn on 2026-11-20\n",
        "    GitHub Organisation Name  acme\n",
        "    GitHub Username           user-one\n",
        "    Personal Access Token     (the token, from file ",
        "  Global Configurations > GitOps\n",
    ] {
        assert!(run.stdout.contains(line), "{line}: {}", run.stdout);
    }
    let json = home.run(&["show", "one", "--format", "json"]).json();
    assert_eq!(json["connection"]["origins"], serde_json::json!(["https://api.github.com", "https://github.com"]));
    assert_eq!(json["connection"]["handover"]["fields"][1]["value"], "acme");
}

#[test]
fn an_unknown_name_is_answered_with_the_near_ones() {
    let home = home_with(&["devtron-acme", "keptn-acme"]);
    let said = "git-access: There is no connection devtron-acm\n  Did you mean devtron-acme\n[2]\n";
    assert_eq!(transcript(&home.run(&["show", "devtron-acm"])), said);
    let run = home.run(&["use", "zzz", "--format", "json"]);
    assert_eq!((run.code, run.json()["problems"].as_array().unwrap().len()), (2, 1));
    assert!(run.stderr.contains("There are: devtron-acme, keptn-acme"));
    // A name that would move the cursor is shown without doing so.
    assert!(home.run(&["show", "a\u{1b}[2Jb"]).stderr.contains("a^[[2Jb"));
}

#[test]
fn use_and_rename_change_their_line_and_keep_every_other() {
    let home = home_with(&["one", "two"]);
    let before = home.config_text();
    assert_eq!(transcript(&home.run(&["use", "two"])), "The active connection is now two\n[0]\n");
    assert_eq!(home.config_text(), before.replace("active = \"one\"", "active = \"two\""));
    assert_eq!(transcript(&home.run(&["rename", "two", "deux"])), "The connection two is now called deux\n[0]\n");
    let after = home.config_text();
    assert!(after.contains("active = \"deux\"") && after.contains("[connections.deux] # two, as its user wrote it"));
    assert!(after.starts_with("# My connections.\n") && after.matches("colour = \"blue\"").count() == 2);
    assert_eq!(after.replace("connections.deux", "connections.two").replace("\"deux\"", "\"two\"").len(), before.len());
    for (new, said) in
        [("one", "There is a connection one already"), ("Big", "A name has 1 to 63"), ("a/b", "A name has")]
    {
        let run = home.run(&["rename", "deux", new]);
        assert!(run.code == 2 && run.stderr.contains(said), "{new}: {}", run.stderr);
    }
    assert_eq!(home.config_text(), after);
}

#[test]
fn remove_asks_says_what_uses_it_and_takes_the_secret_along() {
    let home = home_with(&["one", "two"]);
    let before = home.config_text();
    let run = home.run(&["remove", "one"]);
    assert!(run.code == 2 && run.stderr.contains("git-access remove one --yes"), "{}", run.stderr);
    assert_eq!(home.config_text(), before);
    home.write("state/git-access/id-one.json", "{}");
    let run = home.run(&["remove", "one", "--yes"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(
        run.stderr.contains("it is the active one") && run.stderr.contains("which will be removed"),
        "{}",
        run.stderr
    );
    assert!(!home.path("secrets/one").exists() && home.path("secrets/two").exists());
    assert!(!home.path("state/git-access/id-one.json").exists());
    let after = home.config_text();
    assert!(!after.contains("connections.one") && !after.contains("active"), "{after}");
    assert!(after.starts_with("# My connections.\nversion = 1\n") && after.contains("# two, as its user wrote it"));
    // A secret that is gone already is no obstacle.
    fs::remove_file(home.path("secrets/two")).unwrap();
    let run = home.run(&["remove", "two", "--yes", "--format", "json"]);
    assert_eq!((run.code, &run.json()["secret_removed"]), (0, &false.into()));
}

#[test]
fn what_was_exported_is_shown_and_told_before_it_is_removed() {
    let home = home_with(&["one", "two"]);
    home.run(&["export", "one", "--for", "argocd"]).expect(0);
    let record = fs::read_to_string(home.path("state/git-access/id-one.json")).unwrap();
    let at = serde_json::from_str::<serde_json::Value>(&record).unwrap()["exports"][0]["at"].clone();
    let at = at.as_str().unwrap();
    let shown = home.run(&["show", "one"]).expect(0).stdout;
    assert!(shown.contains(&format!("  Exported      argocd on {at}\n")), "{shown}");
    let json = home.run(&["show", "one", "--format", "json"]).expect(0).json();
    assert_eq!(json["connection"]["exports"], serde_json::json!([{ "format": "argocd", "at": at }]));
    assert!(!home.run(&["show", "two"]).expect(0).stdout.contains("Exported"));
    let line = format!("  what was exported for argocd on {at}, wherever that was applied\n");
    let asked = home.run(&["remove", "one"]).expect(2);
    assert!(asked.stderr.contains(&line), "{}", asked.stderr);
    assert!(!home.run(&["remove", "two"]).expect(2).stderr.contains("exported"));
    home.run(&["remove", "one", "--yes"]).expect(0);
}

#[test]
fn a_secret_that_another_connection_uses_stays_however_its_path_is_written() {
    for spelling in ["secrets/one", "secrets/../secrets/one", "linked/one"] {
        let home = home_with(&["one", "two"]);
        std::os::unix::fs::symlink(home.path("secrets"), home.path("linked")).unwrap();
        let text = home.config_text().replace("secrets/two", spelling);
        fs::write(home.config(), text).unwrap();
        let run = home.run(&["remove", "one", "--yes"]);
        let state = crate::program::files(&home.path("state"));
        assert!(!state.iter().any(|(path, _)| path.to_string_lossy().contains("id-one")), "{state:?}");
        assert!(run.code == 0 && run.stderr.contains("it is also that of two"), "{spelling}: {}", run.stderr);
        assert!(home.path("secrets/one").exists(), "{spelling}");
        assert!(run.stderr.contains("Its secret stays, for it is also that of"), "{}", run.stderr);
    }
}

#[test]
fn a_store_that_fails_keeps_the_connection() {
    let home = home_with(&["one"]);
    let text = home.config_text().replace("store = \"file\"", "store = \"keyring\"");
    let text: String = text.split_inclusive('\n').filter(|line| !line.starts_with("path")).collect();
    fs::write(home.config(), &text).unwrap();
    let run = home.run(&["remove", "one", "--yes"]);
    assert!(run.code == 4 && run.stderr.contains("The connection one was kept."), "{}", run.stderr);
    assert_eq!(home.config_text(), text);
    // A file that holds something else than a token is not ours to remove.
    let home = home_with(&["one"]);
    home.write("secrets/one", "my only copy\nof something\n");
    assert_eq!(home.run(&["remove", "one", "--yes"]).code, 4);
    assert!(home.path("secrets/one").exists() && home.config_text().contains("connections.one"));
}

#[test]
fn a_config_that_cannot_be_read_is_told_with_its_place_and_left_alone() {
    for (text, place) in [
        ("version = 1\nactive = = 2\n", "config.toml, line 2, column "),
        ("version = 7\n", "config.toml, line 1, column "),
    ] {
        let home = Home::new();
        home.write("config/git-access/config.toml", text);
        let commands = [
            &["list"][..],
            &["show", "x"],
            &["use", "x"],
            &["rename", "x", "y"],
            &["remove", "x", "--yes"],
            &["setup-git"],
            &["doctor"],
        ];
        for arguments in commands {
            let run = home.run(arguments);
            assert!(run.code == 4 && run.stderr.contains(place), "{arguments:?} {}: {}", run.code, run.stderr);
        }
        let run = home.run(&["doctor", "--format", "json"]);
        assert_eq!((run.code, run.json()["problems"].as_array().unwrap().len()), (4, 1));
        assert_eq!(home.config_text(), text);
    }
}

#[test]
fn one_broken_connection_leaves_the_others_readable() {
    let home = home_with(&["one"]);
    fs::write(home.config(), home.config_text() + "\n[connections.two]\nid = 7\n").unwrap();
    let run = home.run(&["list"]);
    assert!(run.code == 4 && run.stdout.contains("one") && run.stderr.contains("config.toml, line"), "{}", run.stderr);
    assert_eq!((home.run(&["show", "one"]).code, home.run(&["show", "two"]).code), (0, 4));
    for command in [&["list"][..], &["show", "two"], &["check", "two"]] {
        let problems =
            home.run(&[command, &["--format", "json"]].concat()).json()["problems"].as_array().unwrap().clone();
        assert!(!problems.is_empty(), "{command:?}");
        for problem in problems {
            let message = problem["message"].as_str().unwrap();
            assert!(problem["line"].as_u64().unwrap() > 1 && !message.contains("line"), "{command:?}: {problem}");
        }
    }
}

#[test]
fn platforms_tell_what_to_tick_and_why() {
    let home = Home::new();
    let run = home.run(&["platforms"]);
    assert!(run.code == 0 && run.stdout.starts_with("PLATFORM") && run.stdout.contains("\ndevtron "), "{}", run.stdout);
    let run = home.run(&["platforms", "devtron", "--provider", "github"]);
    for piece in
        ["tick repo: required", "scopes=repo,admin:org,delete_repo", "GitHub Organisation Name  {owner}", "(since "]
    {
        assert!(run.stdout.contains(piece), "{piece}: {}", run.stdout);
    }
    let json = home.run(&["platforms", "devtron", "--format", "json"]).json();
    let github = &json["platforms"][0]["providers"][0];
    assert_eq!((&github["provider"], &github["tokens"][0]["needs"][0]["scope"]), (&"github".into(), &"repo".into()));
    assert_eq!(home.run(&["platforms", "--format", "json"]).json()["version"], 1);
    for arguments in [&["platforms", "nope"][..], &["platforms", "--provider", "nope"]] {
        let run = home.run(arguments);
        assert!(run.code == 2 && run.stderr.contains("Known are "), "{}", run.stderr);
    }
}

#[test]
fn a_platform_of_the_user_stands_beside_the_built_in_ones() {
    let home = Home::new();
    let own = include_str!("../../assets/platforms/none.toml").replacen("id = \"none\"", "id = \"ours\"", 1);
    let path = home.write("config/git-access/platforms/ours.toml", &own);
    assert!(home.run(&["platforms"]).stdout.contains("\nours "));
    assert_eq!(home.run(&["platforms", "ours"]).code, 0);
    for (text, said) in [
        (own.replacen("reads = true", "reads = 7", 1), "column "),
        (own.replacen("id = \"ours\"", "id = \"keptn\"", 1), "a file does not replace it"),
        (own.replacen("id = \"ours\"", "id = \"a b\"", 1), "the id of a platform"),
    ] {
        fs::write(&path, text).unwrap();
        let run = home.run(&["platforms"]);
        assert!(
            run.code == 4 && run.stderr.contains("ours.toml, line ") && run.stderr.contains(said),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn doctor_reports_and_shows_no_password() {
    let home = home_with(&["one"]);
    home.write(".gitconfig", "[credential]\n\thelper = store --file /x/CANARY\n\thelper = \"!f() { echo password=CANARY; }; f\"\n[credential \"https://o:CANARY@git.example\"]\n\thelper = cache\n");
    let proxied = |arguments: &[&str]| {
        let proxy = "http://user:CANARY@proxy.example:3128";
        finished(home.program().env("HTTPS_PROXY", proxy).env("NO_PROXY", "api.github.com").args(arguments))
    };
    let run = proxied(&["doctor"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(!run.stdout.contains("CANARY") && !run.stderr.contains("CANARY"), "{}", run.stdout);
    let json = proxied(&["doctor", "--format", "json"]).json();
    assert!(Path::new(json["git"]["program"].as_str().unwrap()).is_absolute());
    assert_eq!(json["git"]["credential_helpers"], serde_json::json!(["store", "a piece of shell", "cache"]));
    assert_eq!(json["proxy"]["https://github.com"], "proxy.example:3128");
    assert_eq!(json["proxy"]["https://api.github.com"], "direct");
    assert_eq!((&json["keyring"]["works"], &json["files"]["connections"]), (&false.into(), &1.into()));
    // A git in the working directory is never the one that is run.
    let planted = home.write("git", "#!/bin/sh\ntouch ran\n");
    fs::set_permissions(planted, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let run =
        finished(home.program().env("PATH", format!(".::{}", home.dir.path().join("none").display())).arg("doctor"));
    assert!(run.code == 0 && run.stdout.contains("Install git.") && !home.path("ran").exists(), "{}", run.stdout);
}

#[test]
fn doctor_says_whose_secret_others_can_read() {
    let home = Home::new();
    let connection = |name: &str| {
        format!(
            "[connections.{name}]\nid = \"id-{name}\"\nplatform = \"none\"\nprovider = \"github\"\nhost = \"https://github.com\"\n\
             owner = \"acme\"\n[connections.{name}.token]\nstore = \"file\"\npath = {:?}\ngeneration = 1\n",
            home.path(name).display().to_string()
        )
    };
    let text = format!("version = 1\n{}{}{}", connection("open"), connection("closed"), connection("gone"));
    home.write("config/git-access/config.toml", &text);
    for (name, mode) in [("open", 0o644), ("closed", 0o600)] {
        let path = home.write(name, "CANARY\n");
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    }
    let run = home.run(&["doctor", "--format", "json"]).expect(0);
    assert!(!run.stdout.contains("CANARY"));
    let json = run.json();
    let files = &json["files"];
    assert_eq!(
        [&files["token_of_open"], &files["token_of_closed"], &files["token_of_gone"]],
        [&"0644".into(), &"0600".into(), &serde_json::Value::from("missing")]
    );
    let advice =
        json["advice"].as_array().unwrap().iter().filter(|one| one["about"].as_str().unwrap().contains("token_of"));
    let advice: Vec<String> = advice.map(|one| one["text"].as_str().unwrap().to_owned()).collect();
    assert_eq!(advice.len(), 2, "{advice:?}");
    let command = format!("chmod 600 {}", home.path("open").display());
    assert!(advice[0].ends_with(&format!("rotate if somebody may have read it: {command}")), "{advice:?}");
    assert!(advice[1].contains("put it back, or rotate"), "{advice:?}");
}

#[test]
fn no_output_of_these_commands_has_a_secret_in_it() {
    let home = home_with(&["one", "two"]);
    for arguments in [
        &["list"][..],
        &["list", "--format", "json"],
        &["show", "one"],
        &["show", "one", "--format", "json"],
        &["doctor"],
        &["doctor", "--format", "json"],
        &["use", "two"],
        &["rename", "two", "three"],
        &["platforms", "devtron"],
        &["setup-git"],
        &["setup-git", "--undo"],
        &["remove", "one", "--yes"],
    ] {
        let run = home.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
        assert!(!run.stdout.contains("CANARY") && !run.stderr.contains("CANARY"), "{arguments:?}");
    }
}

/// A config that somebody wrote by hand, of two forms that no program wrote.
fn older_forms() -> [(Home, String); 2] {
    ["", "version = 0 # by hand\n"].map(|head| {
        let home = home_with(&["one", "two"]);
        let text = home.config_text().replace("version = 1\n", head).replace("active = \"one\"\n", "");
        fs::write(home.config(), &text).unwrap();
        (home, text)
    })
}

#[test]
fn an_older_config_is_read_as_it_is_and_brought_to_todays_form_with_the_next_change() {
    for (home, before) in older_forms() {
        let copy = home.path("config/git-access/config.toml.v0.bak");
        for reading in [&["list"][..], &["show", "one"], &["export", "one", "--for", "netrc"], &["doctor"]] {
            home.run(reading);
            assert_eq!((home.config_text(), copy.exists()), (before.clone(), false), "{reading:?}");
        }
        assert!(home.run(&["list"]).expect(0).stdout.contains("two"));
        // Whatever mode the file had, the copy is for its owner alone.
        fs::set_permissions(home.config(), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        let run = home.run(&["use", "two"]).expect(0);
        assert!(run.stderr.contains("had the form of version 0. It has that of version 1 now"), "{}", run.stderr);
        assert!(run.stderr.contains("config.toml.v0.bak"), "{}", run.stderr);
        assert_eq!(fs::read_to_string(&copy).unwrap(), before);
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&copy).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        let after = home.config_text();
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let new: Vec<_> = lines(&after).into_iter().filter(|line| !lines(&before).contains(line)).collect();
        let version = if before.contains("by hand") { "version = 1 # by hand" } else { "version = 1" };
        assert_eq!(new, [version, "active = \"two\""], "comments and all the rest stay: {after}");
        // Once only.
        let run = home.run(&["use", "one"]).expect(0);
        assert!(!run.stderr.contains("version"), "{}", run.stderr);
        assert_eq!(fs::read_to_string(&copy).unwrap(), before);
        home.run(&["remove", "two", "--yes"]).expect(0);
    }
}

#[test]
fn without_its_copy_an_older_config_is_not_changed() {
    for (home, before) in older_forms() {
        let copy = home.write("config/git-access/config.toml.v0.bak", "# another\n");
        for changing in [&["use", "two"][..], &["rename", "two", "three"], &["remove", "two", "--yes"]] {
            let run = home.run(changing).expect(4);
            assert!(run.stderr.contains("another file is there. Nothing was changed."), "{}", run.stderr);
            assert!(run.stderr.contains("Move that file away"), "{}", run.stderr);
            assert_eq!(
                (home.config_text(), fs::read_to_string(&copy).unwrap()),
                (before.clone(), "# another\n".into())
            );
            assert!(home.path("secrets/two").exists(), "{changing:?}");
        }
        // Where something stands that is no file, it is the same.
        fs::remove_file(&copy).unwrap();
        fs::create_dir(&copy).unwrap();
        home.run(&["use", "two"]).expect(4);
        assert_eq!(home.config_text(), before);
        fs::remove_dir(&copy).unwrap();
        // The very same text is the copy already, of a change that was refused.
        fs::write(&copy, &before).unwrap();
        home.run(&["use", "two"]).expect(0);
        assert_eq!(fs::read_to_string(&copy).unwrap(), before);
    }
}

#[test]
fn a_set_up_brings_an_older_config_to_todays_form_too() {
    let place = Home::new();
    let served = crate::program::Served::start(&place, "ready");
    for (home, before) in older_forms() {
        let answers = served.answers(&home, "flux", "flux", "[repository]\nname = \"webshop\"");
        home.run(&["setup", "--answers", answers.to_str().unwrap()]).expect(0);
        let copy = home.path("config/git-access/config.toml.v0.bak");
        assert_eq!(fs::read_to_string(copy).unwrap(), before);
        assert!(home.config_text().contains("version = 1") && home.config_text().contains("[connections.one]"));
    }
}

#[test]
fn a_newer_config_and_a_foreign_file_are_refused_untouched() {
    for text in ["version = 2\n[connections.one]\n", "# mine\n[build]\njobs = 2\n", "version = -1\n[connections.one]\n"]
    {
        let home = Home::new();
        home.write("config/git-access/config.toml", text);
        for command in [&["list"][..], &["use", "one"], &["rename", "one", "two"], &["remove", "one", "--yes"]] {
            home.run(command).expect(4);
            assert_eq!(home.config_text(), text, "{command:?}");
        }
        let left: Vec<_> = fs::read_dir(home.path("config/git-access")).unwrap().collect();
        assert!(left.len() <= 2, "the file and perhaps its lock: {left:?}");
        assert!(
            !home.path("config/git-access/config.toml.v0.bak").exists()
                && !home.path("config/git-access/config.toml.v2.bak").exists()
        );
    }
}
