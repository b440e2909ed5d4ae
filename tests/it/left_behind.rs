//! A set-up that stops half-way: what exists by then is told, remembered, told again by `list`, and `remove` takes away what
//! is ours of it. Nothing is deleted unasked.

use std::fs;
use std::process::Stdio;

use serde_json::json;

use crate::manage::home_with;
use crate::program::{Home, Run, Served, files, finished};

/// Answers that create a repository and keep the token with git's helpers.
fn answers(home: &Home, served: &Served) {
    home.write(".gitconfig", "[credential]\n\thelper = store\n");
    let text = format!(
        "version = 1\nname = \"k\"\nplatform = \"keptn\"\nprovider = \"github\"\nhost = \"{}\"\nowner = \"acme\"\n\
         [repository]\nname = \"half\"\ncreate = true\n[token]\nfile = {:?}\n[store]\nkind = \"git-credential\"\n",
        served.host(),
        served.token_file("keptn").display().to_string()
    );
    home.write("a.toml", &text);
}

fn kept(home: &Home) -> usize {
    fs::read_to_string(home.path(".git-credentials")).unwrap_or_default().lines().count()
}

/// A config that cannot be written: the last of all changes fails.
const NOWHERE: &str = "/proc/nowhere/config.toml";

/// The same for the user's own config: its directory cannot be made.
fn block(home: &Home) {
    fs::create_dir_all(home.path("config")).unwrap();
    std::os::unix::fs::symlink("/proc/nowhere", home.path("config/git-access")).unwrap();
}

fn unblock(home: &Home) {
    fs::remove_file(home.path("config/git-access")).unwrap();
}

#[test]
fn what_is_left_is_remembered_until_it_is_removed() {
    let (home, place) = (Home::new(), Home::new());
    let served = Served::start(&place, "ready");
    answers(&home, &served);
    let run = home.run(&["setup", "--config", NOWHERE, "--answers", "a.toml", "--format", "json"]);
    assert!(run.stderr.contains("git-access remove k"), "{}", run.stderr);
    let report = run.expect(4).json();
    let left = report["connections"][0]["left_behind"].as_array().unwrap().clone();
    assert_eq!((left.len(), kept(&home)), (2, 1), "a repository and a secret: {left:?}");
    assert!(left[0].as_str().unwrap().starts_with("the new repository acme/half:"), "{left:?}");
    // Days later: told by list, in both forms, and it holds no secret.
    let listed = home.run(&["list", "--config", NOWHERE, "--format", "json"]).expect(0).json();
    assert_eq!(listed["unfinished"][0]["name"], "k");
    assert_eq!(listed["unfinished"][0]["left_behind"].as_array().unwrap(), &left);
    let told = home.run(&["list", "--config", NOWHERE]).expect(0).stderr;
    assert!(told.contains("was not finished and has left:\n  the new repository acme/half:"), "{told}");
    let state = fs::read_to_string(home.path("state/git-access/unfinished.json")).unwrap();
    assert!(!state.contains(&served.token("keptn")));
    // Another config has another k, which has left nothing.
    assert_eq!(home.run(&["list", "--format", "json"]).expect(0).json()["unfinished"], json!([]));
    home.run(&["remove", "k", "--yes"]).expect(2);
    // Nobody is asked without a terminal, and nothing goes unasked.
    let asked = home.run(&["remove", "k", "--config", NOWHERE]).expect(2);
    assert!(asked.stderr.contains("has left:") && kept(&home) == 1, "{}", asked.stderr);
    let gone = home.run(&["remove", "k", "--config", NOWHERE, "--yes", "--format", "json"]).expect(0);
    assert_eq!((gone.json()["secret_removed"].clone(), kept(&home)), (true.into(), 0));
    assert_eq!(
        home.run(&["list", "--config", NOWHERE, "--format", "json"]).json()["unfinished"],
        serde_json::json!([])
    );
    home.run(&["remove", "k", "--config", NOWHERE, "--yes"]).expect(2);
    let deletes = served.requests().iter().filter(|one| one["method"] == "DELETE").count();
    assert_eq!(deletes, 0, "the forge is not touched");
}

#[test]
fn the_next_try_takes_over_what_it_can() {
    let (home, place) = (Home::new(), Home::new());
    let served = Served::start(&place, "ready");
    answers(&home, &served);
    block(&home);
    home.run(&["setup", "--answers", "a.toml"]).expect(4);
    unblock(&home);
    let report = home.run(&["setup", "--answers", "a.toml", "--format", "json"]).expect(0).json();
    assert_eq!(report["connections"][0]["repository"]["created"], false, "the one that was left is adopted");
    assert!(home.config_text().contains("created_by_us = true"), "it was we who made it: {}", home.config_text());
    // The secret has another id now, and nothing names the first one: it is gone.
    let listed = home.run(&["list", "--format", "json"]).expect(0).json();
    assert_eq!((listed["unfinished"].clone(), kept(&home)), (serde_json::json!([]), 1));
    home.run(&["remove", "k", "--yes"]).expect(0);
    assert_eq!(kept(&home), 0);
    // A file is the same place for whoever names it.
    let text = fs::read_to_string(home.path("a.toml")).unwrap();
    home.write("a.toml", &text.replace("kind = \"git-credential\"", "kind = \"file\"\npath = \"kept\""));
    fs::remove_dir_all(home.path("config/git-access")).unwrap();
    block(&home);
    home.run(&["setup", "--answers", "a.toml"]).expect(4);
    unblock(&home);
    assert!(home.path("kept").exists());
    home.run(&["setup", "--answers", "a.toml"]).expect(0);
    assert_eq!(home.run(&["list", "--format", "json"]).json()["unfinished"], serde_json::json!([]));
    home.run(&["check", "k"]).expect(0);
}

#[test]
fn a_check_forgets_nothing_that_was_left() {
    let (home, place) = (Home::new(), Home::new());
    let served = Served::start(&place, "ready");
    answers(&home, &served);
    home.run(&["setup", "--answers", "a.toml"]).expect(0);
    let id = home
        .config_text()
        .lines()
        .find_map(|line| line.strip_prefix("id = ").map(|id| id.trim_matches('"').to_owned()));
    let record = home.path(&format!("state/git-access/{}.json", id.unwrap()));
    let mut noted: serde_json::Value = serde_json::from_str(&fs::read_to_string(&record).unwrap()).unwrap();
    noted["left_behind"] = serde_json::json!(["the token that was replaced, in its store"]);
    fs::write(&record, noted.to_string()).unwrap();
    home.run(&["check", "k"]).expect(0);
    let shown = home.run(&["show", "k"]).expect(0).stdout;
    assert!(shown.contains("Left behind   the token that was replaced, in its store"), "{shown}");
}

#[test]
fn the_secret_of_a_connection_that_was_renamed_is_no_stray() {
    let (home, place) = (Home::new(), Home::new());
    let served = Served::start(&place, "ready");
    answers(&home, &served);
    home.run(&["setup", "--answers", "a.toml"]).expect(0);
    home.run(&["rename", "k", "other"]).expect(0);
    let config = home.config_text();
    let id = config.lines().find_map(|line| line.strip_prefix("id = ")).unwrap();
    // As a run leaves it that was stopped right after it had saved the connection.
    let noted = format!(
        r#"[{{"name":"k","at":"2026-11-20","left":["x"],"secrets":[{{"id":{id},"store":"git-credential","generation":1}}]}}]"#
    );
    home.write("state/git-access/unfinished.json", &noted);
    assert_eq!(home.run(&["list", "--format", "json"]).json()["unfinished"][0]["name"], "k", "it is read");
    home.run(&["setup", "--answers", "a.toml"]).expect(0);
    assert_eq!(kept(&home), 2);
    home.run(&["check", "other", "k"]).expect(0);
}

/// Killed anywhere on its way, a first set-up leaves at most what the next one takes over or away.
#[test]
fn whatever_a_killed_set_up_has_left_the_next_one_leaves_one_secret() {
    let place = Home::new();
    let served = Served::start(&place, "ready");
    let (mut strays, mut killed) = (0, 0);
    for round in 0..24_u32 {
        let home = Home::new();
        answers(&home, &served);
        let setup = ["setup", "--answers", "a.toml"];
        let mut child = home.program().args(setup).spawn().unwrap();
        // Over the whole run, which takes about half a second here.
        std::thread::sleep(std::time::Duration::from_millis(u64::from(round) * 40));
        killed += u32::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        child.wait().unwrap();
        strays += usize::from(kept(&home) > 0);
        home.run(&setup).expect(0);
        assert_eq!(kept(&home), 1, "round {round}: {}", fs::read_to_string(home.path(".git-credentials")).unwrap());
        assert_eq!(
            home.run(&["list", "--format", "json"]).json()["unfinished"],
            serde_json::json!([]),
            "round {round}"
        );
        home.run(&["remove", "k", "--yes"]).expect(0);
        assert_eq!(kept(&home), 0, "round {round}");
    }
    println!("{killed} of 24 were killed, {strays} with something in the store");
}

/// The secret goes after the entry: whatever keeps the config from being replaced costs no token.
#[cfg(unix)]
#[test]
fn a_config_that_cannot_be_replaced_keeps_the_connection_with_its_secret() {
    use std::os::unix::fs::{PermissionsExt as _, chown};

    let refused = |home: &Home, run: &Run, says: &str| {
        assert_eq!(run.code, 4, "{}", run.stderr);
        assert!(run.stderr.contains(says) && run.stderr.contains("The old file is unchanged."), "{}", run.stderr);
        assert!(!run.stderr.contains("removed already"), "{}", run.stderr);
        assert!(home.config_text().contains("[connections.one]") && home.path("secrets/one").exists());
        let listed = home.run(&["list", "--format", "json"]).json();
        assert_eq!((listed["unfinished"].clone(), listed["connections"][0]["name"].clone()), (json!([]), json!("one")));
    };
    let remove = [env!("CARGO_BIN_EXE_git-access"), "remove", "one", "--yes"];
    // Its directory is not to be written. Root would write there all the same.
    let home = home_with(&["one"]);
    let folder = home.path("config/git-access");
    fs::write(folder.join(".config.toml.lock"), "").unwrap();
    let is_root = rustix::process::geteuid().is_root();
    let mut command = if is_root { home.command("setpriv") } else { home.command(remove[0]) };
    if is_root {
        for (path, _) in files(home.dir.path()) {
            chown(path, Some(65534), None).unwrap();
        }
        for path in ["", "config", "config/git-access", "secrets", "tmp"] {
            chown(home.path(path), Some(65534), None).unwrap();
        }
        command.args(["--reuid=65534", "--clear-groups", remove[0]]);
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
    let run = finished(command.args(&remove[1..]));
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    if run.code == -1 || run.stderr.contains("setpriv") {
        println!("skipped: another user cannot run the program here: {}", run.stderr);
    } else {
        if is_root {
            chown(home.config(), Some(0), None).unwrap();
        }
        refused(&home, &run, "Permission denied");
    }
    // A file that is mounted by itself can be written beside, and not be replaced.
    let home = home_with(&["one"]);
    let script = "mount --bind \"$0\" \"$0\" || exit 77; exec \"$@\"";
    let mut command = home.command("unshare");
    let run = finished(command.args(["-Urm", "sh", "-c", script]).arg(home.config()).args(remove));
    if run.code == 77 || run.code == -1 || run.stderr.contains("unshare:") {
        println!("skipped: no mounts here: {}", run.stderr);
        return;
    }
    refused(&home, &run, "could not be replaced");
}

/// Killed while the store is asked to forget: the entry is gone, and what is left is told and taken away.
#[cfg(unix)]
#[test]
fn a_removal_that_is_killed_leaves_what_the_next_one_takes_away() {
    let (home, place) = (Home::new(), Home::new());
    let served = Served::start(&place, "ready");
    answers(&home, &served);
    home.run(&["setup", "--answers", "a.toml"]).expect(0);
    // A helper that kills the run which asks it to forget, the first time.
    let (pid, killed) = (home.path("pid"), home.path("killed"));
    let helper = format!(
        "#!/bin/sh\nif [ \"$1\" = erase ] && [ ! -e {killed:?} ]; then\n  : >{killed:?}\n  \
         until [ -s {pid:?} ]; do :; done\n  kill -9 \"$(cat {pid:?})\"\n  exit\nfi\nexec git credential-store \"$1\"\n"
    );
    let helper = home.write("helper", &helper);
    fs::set_permissions(&helper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    home.write(".gitconfig", &format!("[credential]\n\thelper = {}\n", helper.display()));
    let mut child = home.program().args(["remove", "k", "--yes"]).stderr(Stdio::null()).spawn().unwrap();
    fs::write(home.path("pid.new"), child.id().to_string()).unwrap();
    fs::rename(home.path("pid.new"), &pid).unwrap();
    assert_eq!(child.wait().unwrap().code(), None, "it was killed");
    assert!(killed.exists() && !home.config_text().contains("connections.k") && kept(&home) == 1);
    let told = home.run(&["list"]).expect(0).stderr;
    assert!(told.contains("A removal of k on ") && told.contains("git-access remove k"), "{told}");
    let gone = home.run(&["remove", "k", "--yes", "--format", "json"]).expect(0);
    assert!(gone.stderr.contains("a removal of it on "), "{}", gone.stderr);
    assert_eq!((gone.json()["secret_removed"].clone(), kept(&home)), (true.into(), 0));
    assert_eq!(home.run(&["list", "--format", "json"]).json()["unfinished"], json!([]));
}

/// A helper of git's kills the run in the moment in which it is to keep the token: the repository is there by then.
#[test]
fn the_repository_of_a_killed_set_up_is_remembered_as_ours() {
    let (home, place) = (Home::new(), Home::new());
    let served = Served::start(&place, "ready");
    answers(&home, &served);
    let armed = home.path("armed").display().to_string();
    // The store is tried before.
    let state = home.path("state/git-access/unfinished.json").display().to_string();
    let pid = home.path("pid").display().to_string();
    let killer = format!(
        "[ $1 = store ] && [ -e '{armed}' ] && grep -q half '{state}' && kill -9 $(cat '{pid}')\ngit credential-store $1\n"
    );
    let killer = home.write("helper.sh", &killer).display().to_string();
    home.write(".gitconfig", &format!("[credential]\n\thelper = \"!sh '{killer}'\"\n"));
    home.write("armed", "");
    let program = env!("CARGO_BIN_EXE_git-access");
    let script = format!("cd \"$HOME\" && echo $$ >pid && exec '{program}' setup --answers a.toml");
    let mut run = home.command("sh");
    let run = finished(run.args(["-c", &script]));
    assert_eq!(run.stdout, "", "{}", run.stderr);
    let listed = home.run(&["list", "--format", "json"]).expect(0).json();
    assert!(listed["unfinished"][0]["left_behind"].to_string().contains("the new repository acme/half:"), "{listed}");
    fs::remove_file(home.path("armed")).unwrap();
    home.run(&["setup", "--answers", "a.toml"]).expect(0);
    assert!(home.config_text().contains("created_by_us = true"), "{}", home.config_text());
    let listed = home.run(&["list", "--format", "json"]).expect(0).json();
    assert!(!listed["unfinished"].to_string().contains("acme/half"), "{listed}");
}
