//! A secret moves from one store to another: every pair, by an edit of the connection that names the new place. The new
//! place gives the token to git, and the old one is empty, unless it was never ours.

use std::process::{Command, Stdio};

use crate::program::{Home, KEYRING_IS_KNOWN, Run, Served, finished};

const KINDS: [&str; 5] = ["file", "git-credential", "env", "command", "keyring"];

/// Whether a keyring can be started here: a bus of its own, and a daemon that is unlocked at once.
fn has_keyring() -> bool {
    let there = |program: &str| {
        let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status();
        found.is_ok_and(|status| status.success())
    };
    let has =
        cfg!(feature = "keyring") && ["gnome-keyring-daemon", "dbus-run-session", "dbus-send"].into_iter().all(there);
    if !has {
        println!(
            "skipped: the pairs with the keyring, since gnome-keyring-daemon, dbus-run-session or dbus-send is not installed"
        );
    }
    has
}

/// `[store]` for a kind. Each side of a move has a file of its own.
fn store(kind: &str, side: &str, served: &Served) -> String {
    let more = match kind {
        "file" => format!("path = \"{side}\"\n"),
        "env" => "env = \"MY_TOKEN\"\n".to_owned(),
        "command" => format!("command = [\"cat\", {:?}]\n", served.token_file("keptn").display().to_string()),
        _ => String::new(),
    };
    format!("[store]\nkind = \"{kind}\"\n{more}")
}

/// Runs a script in `home`, with a keyring where there is one.
fn play(home: &Home, served: &Served, keyring: bool, script: &str) -> Run {
    let unlock = "printf password | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1";
    let mut command = if keyring {
        let mut session = home.command("dbus-run-session");
        session.env_remove("DBUS_SESSION_BUS_ADDRESS").env("XDG_RUNTIME_DIR", home.dir.path());
        session.env("XDG_DATA_HOME", home.path("data")).args([
            "--",
            "sh",
            "-c",
            &format!("{unlock}{KEYRING_IS_KNOWN}{script}"),
        ]);
        session
    } else {
        let mut shell = home.command("sh");
        shell.args(["-c", script]);
        shell
    };
    command.env("MY_TOKEN", served.token("keptn")).env("GIT_ACCESS", env!("CARGO_BIN_EXE_git-access"));
    finished(&mut command)
}

fn moved(served: &Served, from: &str, to: &str, keyring: bool) {
    let home = Home::new();
    home.write(".gitconfig", "[credential]\n\thelper = store\n");
    let host = served.host();
    home.write(
        "from.toml",
        &format!(
            "version = 1\nname = \"k\"\nplatform = \"keptn\"\nprovider = \"github\"\nhost = \"{host}\"\nowner = \"acme\"\n\
             [repository]\nname = \"blank\"\n[token]\nfile = {:?}\n{}",
            served.token_file("keptn").display().to_string(),
            store(from, "before", served)
        ),
    );
    // Nothing but the place: the token is kept, and needs no source.
    home.write("to.toml", &format!("version = 1\n{}", store(to, "after", served)));
    let question = format!("protocol=http\nhost={}\npath=acme/blank.git\n\n", host.trim_start_matches("http://"));
    home.write("question", &question);
    let script = "set -e\n\
        \"$GIT_ACCESS\" setup --answers from.toml >/dev/null\n\
        \"$GIT_ACCESS\" setup k --answers to.toml\n\
        \"$GIT_ACCESS\" setup k --answers to.toml >/dev/null\n\
        echo '== given'; \"$GIT_ACCESS\" credential get < question\n\
        echo '== config'; cat config/git-access/config.toml; echo '== git'; cat .git-credentials 2>/dev/null || true\n\
        echo '== removed'; \"$GIT_ACCESS\" remove k --yes --format json 2>/dev/null\n\
        test ! -e before; test ! -s after; cat .git-credentials 2>/dev/null || true\n";
    let run = play(&home, served, keyring, script);
    let what = format!("{from} to {to}");
    assert_eq!(run.code, 0, "{what}\n{}\n{}", run.stdout, run.stderr);
    let part = |begin: &str, end: &str| {
        let rest = run.stdout.split_once(begin).unwrap_or_else(|| panic!("{what}: {}", run.stdout)).1;
        rest.split_once(end).map_or(rest, |(part, _)| part).to_owned()
    };
    let token = served.token("keptn");
    assert!(part("== given\n", "== config").contains(&format!("password={token}\n")), "{what}: {}", run.stderr);
    let config = part("== config\n", "== git");
    assert!(config.contains(&format!("store = \"{to}\"\n")), "{what}: {config}");
    for (kind, detail) in [("file", "\npath = "), ("env", "\nenv = "), ("command", "\ncommand = ")] {
        assert_eq!(config.contains(detail), kind == to, "{what}: {config}");
    }
    assert_eq!(
        part("== git\n", "== removed").contains(&token),
        to == "git-credential",
        "{what}: the entry of git's store"
    );
    let ours = ["file", "git-credential", "keyring"].contains(&to);
    let removed = part("== removed\n", "== end");
    assert!(removed.contains(&format!("\"secret_removed\": {ours}")), "{what}: {removed}");
    assert!(!removed.contains(&token), "{what}: git's store has kept it");
}

#[test]
fn a_secret_moves_between_any_two_stores() {
    let keyring = has_keyring();
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let mut pairs = Vec::new();
    for from in KINDS {
        // A file to another file is a move as well.
        for to in KINDS.into_iter().filter(|to| *to != from || from == "file") {
            let with = from == "keyring" || to == "keyring";
            if keyring || !with {
                moved(&served, from, to, with);
                pairs.push(format!("{from} to {to}"));
            }
        }
    }
    println!("{} moves: {}", pairs.len(), pairs.join(", "));
    assert!(pairs.len() >= 13);
}

#[test]
fn a_keyring_that_was_locked_meanwhile_loses_no_token() {
    if !has_keyring() {
        return;
    }
    let (world, home) = (Home::new(), Home::new());
    let served = Served::start(&world, "ready");
    let answers = served.answers(&home, "keptn", "keptn", "name = \"k\"\n[repository]\nname = \"blank\"");
    home.write(
        "new.toml",
        &format!("version = 1\n[token]\nfile = {:?}\n", served.token_file("full").display().to_string()),
    );
    let host = served.host().trim_start_matches("http://").to_owned();
    home.write("question", &format!("protocol=http\nhost={host}\npath=acme/blank.git\n\n"));
    home.write("keyring.toml", "version = 1\n[store]\nkind = \"keyring\"\n");
    let script = format!(
        "set -e\n\"$GIT_ACCESS\" setup --answers {} >/dev/null 2>&1\n\
         \"$GIT_ACCESS\" setup k --answers keyring.toml >/dev/null 2>&1\n\
         cp config/git-access/config.toml before\n\
         dbus-send --session --print-reply --dest=org.freedesktop.secrets /org/freedesktop/secrets \
           org.freedesktop.Secret.Service.Lock array:objpath:/org/freedesktop/secrets/collection/login >/dev/null\n\
         set +e\n\
         \"$GIT_ACCESS\" credential get < question; echo \"locked: get $?\"\n\
         \"$GIT_ACCESS\" check k >/dev/null; echo \"locked: check $?\"\n\
         \"$GIT_ACCESS\" rotate k --answers new.toml >/dev/null; echo \"locked: rotate $?\"\n\
         cmp before config/git-access/config.toml && echo unchanged\n\
         printf password | gnome-keyring-daemon --replace --unlock --components=secrets >/dev/null 2>&1\n\
         for turn in $(seq 100); do \"$GIT_ACCESS\" credential get < question 2>/dev/null && break; sleep 0.1; done\n\
         \"$GIT_ACCESS\" rotate k --answers new.toml >/dev/null 2>&1; echo \"open: rotate $?\"\n\
         \"$GIT_ACCESS\" credential get < question\n",
        answers.display()
    );
    let run = play(&home, &served, true, &script);
    let [old, new] = ["keptn", "full"].map(|name| format!("password={}\n", served.token(name)));
    let said = &run.stdout;
    let (locked, open) = said.split_once("unchanged\n").unwrap_or_else(|| panic!("{said}\n{}", run.stderr));
    for answer in ["locked: get 4", "locked: check 4", "locked: rotate 4"] {
        assert!(locked.contains(answer), "{answer}\n{said}\n{}", run.stderr);
    }
    assert!(!locked.contains("password="), "{said}");
    assert!(run.stderr.contains("Unlock the keyring"), "{}", run.stderr);
    let (before, after) = open.split_once("open: rotate 0\n").unwrap_or_else(|| panic!("{said}\n{}", run.stderr));
    assert!(before.contains(&old) && after.contains(&new), "{said}");
}

#[test]
fn a_place_that_gives_another_token_is_not_taken() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let home = Home::new();
    let answers = served.answers(&home, "keptn", "keptn", "name = \"k\"\n[repository]\nname = \"blank\"");
    home.run(&["setup", "--answers", answers.to_str().unwrap()]).expect(0);
    let before = home.config_text();
    let other = served.token_file("flux").display().to_string();
    for (store, told) in [
        (format!("kind = \"command\"\ncommand = [\"cat\", {other:?}]"), "another"),
        ("kind = \"env\"\nenv = \"NOT_SET_ANYWHERE\"".to_owned(), "NOT_SET_ANYWHERE"),
        ("kind = \"file\"\npath = \"/proc/nowhere/token\"".to_owned(), "/proc/nowhere"),
    ] {
        home.write("to.toml", &format!("version = 1\n[store]\n{store}\n"));
        let run = home.run(&["setup", "k", "--answers", "to.toml"]);
        assert!(run.stderr.contains(told), "{store}: {}", run.stderr);
        run.expect(4);
        assert_eq!(home.config_text(), before, "{store}");
        home.run(&["check", "k"]).expect(0);
    }
}
