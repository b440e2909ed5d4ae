//! The store `git-credential`: git's own helpers as they are, and helpers that fail, hang, lie and forget.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::program::{Home, Run, Served, finished};

/// A home in which git has this helper, and answers for Keptn that rest there.
fn prepared(served: &Served, home: &Home, helper: &str) -> PathBuf {
    home.write(".gitconfig", &format!("[credential]\n\thelper = {helper}\n"));
    let text = format!(
        "version = 1\nplatform = \"keptn\"\nprovider = \"github\"\nhost = \"{}\"\nowner = \"acme\"\n\
         [repository]\nname = \"fresh\"\ncreate = true\n[handover]\nproject = \"p\"\n\
         [token]\nfile = \"{}\"\n[store]\nkind = \"git-credential\"\n",
        served.host(),
        served.token_file("keptn").display()
    );
    home.write("answers.toml", &text)
}

fn setup(home: &Home, answers: &std::path::Path) -> Run {
    home.run(&["setup", "--answers", answers.to_str().unwrap(), "--format", "json"])
}

/// What git is told when it asks for the repository of the connection.
fn asked(home: &Home, served: &Served) -> Run {
    let question = home.write(
        "question",
        &format!("protocol=http\nhost={}\npath=acme/fresh.git\n\n", served.host().trim_start_matches("http://")),
    );
    finished(home.program().args(["credential", "get"]).stdin(fs::File::open(question).unwrap()))
}

/// A helper of our own making.
fn script(home: &Home, body: &str) -> String {
    let path = home.write("helper.sh", &format!("#!/bin/sh\n{body}\n"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[test]
fn gits_own_store_keeps_the_secret_through_its_whole_life() {
    let (home, place) = (Home::new(), Home::new());
    let served = Served::start(&place, "ready");
    let answers = prepared(&served, &home, "store");
    let report = setup(&home, &answers).expect(0).json();
    let name = report["connections"][0]["name"].as_str().unwrap().to_owned();
    assert!(home.config_text().contains("store = \"git-credential\""), "{}", home.config_text());
    let token = served.token("keptn");
    let kept = fs::read_to_string(home.path(".git-credentials")).unwrap();
    assert_eq!(kept.lines().count(), 1);
    assert!(kept.trim_end().ends_with("@git-access.invalid") && kept.contains(&format!(".1:{token}@")));
    assert!(asked(&home, &served).expect(0).stdout.contains(&format!("password={token}\n")));
    home.run(&["check", &name]).expect(0);
    // The same again: nothing moves.
    setup(&home, &answers).expect(0);
    assert_eq!(fs::read_to_string(home.path(".git-credentials")).unwrap(), kept);
    // To a file, and the entry is let go; then back.
    let moved = home.write(
        "move.toml",
        &fs::read_to_string(&answers).unwrap().replace("kind = \"git-credential\"", "kind = \"file\"\npath = \"kept\""),
    );
    setup(&home, &moved).expect(0);
    assert_eq!(fs::read_to_string(home.path(".git-credentials")).unwrap(), "");
    setup(&home, &answers).expect(0);
    assert!(!home.path("kept").exists());
    assert!(asked(&home, &served).expect(0).stdout.contains(&format!("password={token}\n")));
    home.run(&["remove", &name, "--yes"]).expect(0);
    assert_eq!(fs::read_to_string(home.path(".git-credentials")).unwrap(), "");
}

#[test]
fn gits_cache_is_used_and_said_to_forget() {
    let (home, place) = (Home::new(), Home::new());
    let served = Served::start(&place, "ready");
    let socket = home.path("socket");
    fs::create_dir(&socket).unwrap();
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o700)).unwrap();
    let helper = format!("cache --socket {}", socket.join("s").display());
    let answers = prepared(&served, &home, &helper);
    let run = setup(&home, &answers).expect(0);
    assert!(run.stderr.contains("it forgets: after 15 minutes"), "{}", run.stderr);
    assert!(asked(&home, &served).expect(0).stdout.contains(&served.token("keptn")));
    finished(home.command("git").args(["credential-cache", "--socket"]).arg(socket.join("s")).arg("exit")).expect(0);
    // Gone with the daemon: told as what it is, and nothing is asked for.
    let after = asked(&home, &served);
    assert!(after.stdout.is_empty() && after.stderr.contains("no such secret"), "{}", after.stderr);
    assert_eq!(after.code, 4);
}

#[test]
fn without_a_helper_that_keeps_nothing_is_changed() {
    let place = Home::new();
    let served = Served::start(&place, "ready");
    let fails = "exit 1";
    let lies =
        "[ \"$1\" = get ] && printf 'username=%s\\npassword=another-secret\\n' \"$(sed -n s/^username=//p)\"; exit 0";
    let forgets = "cat >/dev/null; exit 0";
    let truncates = "f=\"$HOME/kept\"; case \"$1\" in store) sed -n s/^password=//p | cut -c1-10 >\"$f\";; \
                     get) u=$(sed -n s/^username=//p); [ -s \"$f\" ] && printf 'username=%s\\npassword=%s\\n' \"$u\" \"$(cat \"$f\")\";; esac; exit 0";
    let another = "[ \"$1\" = get ] && printf 'username=somebody\\npassword=another-secret\\n'; exit 0";
    for (case, body, told) in [
        ("none", None, "no credential helper configured"),
        ("ourselves", Some("!git-access credential"), "no credential helper configured"),
        ("fails", Some(fails), "does not give it back"),
        ("lies", Some(lies), "does not give it back"),
        ("forgets", Some(forgets), "does not give it back"),
        ("truncates", Some(truncates), "does not give it back"),
        ("answers for another", Some(another), "does not give it back"),
    ] {
        let home = Home::new();
        let helper = match body {
            None => String::new(),
            Some(own) if own.starts_with('!') => format!("\"{own}\""),
            Some(body) => script(&home, body),
        };
        let answers = prepared(&served, &home, &helper);
        let run = setup(&home, &answers);
        assert!(run.stderr.contains(told), "{case}: {}", run.stderr);
        let report = run.expect(4).json();
        assert_eq!(report["connections"][0]["saved"], false, "{case}");
        assert!(home.config_text().is_empty(), "{case}");
    }
    let posts = served.requests().iter().filter(|one| one["method"] == "POST").count();
    assert_eq!(posts, 0, "the store is tried before anything is made");
}

#[test]
fn a_helper_that_hangs_is_stopped() {
    let (home, place) = (Home::new(), Home::new());
    let served = Served::start(&place, "ready");
    let helper = script(&home, "echo $$ >>\"$HOME/pids\"; exec sleep 1000");
    let answers = prepared(&served, &home, &helper);
    let run = setup(&home, &answers);
    assert!(run.stderr.contains("did not answer within ten seconds and was stopped"), "{}", run.stderr);
    run.expect(4);
    for pid in fs::read_to_string(home.path("pids")).unwrap().lines() {
        assert!(!std::path::Path::new("/proc").join(pid).join("exe").exists(), "{pid} still runs");
    }
}

#[test]
fn a_repository_that_we_stand_in_names_no_helper_for_us() {
    let (home, place) = (Home::new(), Home::new());
    let served = Served::start(&place, "ready");
    let answers = prepared(&served, &home, "store");
    let planted = script(&home, "cat >>\"$HOME/stolen\"");
    finished(home.command("git").args(["init", "-q", "here"])).expect(0);
    finished(home.command("git").args(["-C", "here", "config", "credential.helper", &planted])).expect(0);
    let mut program = home.program();
    let run = finished(program.args(["setup", "--answers", answers.to_str().unwrap()]).current_dir(home.path("here")));
    run.expect(0);
    assert!(!home.path("stolen").exists());
}
