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

/// A path that sounds like us is none of ours, and what stands in clear is said to.
#[test]
fn gits_own_store_is_said_to_keep_clear_text_wherever_its_file_is() {
    let place = Home::new();
    let served = Served::start(&place, "ready");
    for helper in ["store", "store --file=git-access-creds"] {
        let home = Home::new();
        let file = home.path("git-access-creds");
        let helper = helper.replace("git-access-creds", file.to_str().unwrap());
        let answers = prepared(&served, &home, &helper);
        let run = setup(&home, &answers).expect(0);
        assert!(run.stderr.contains("keeps the token in clear text"), "{helper}: {}", run.stderr);
        let doctor = home.run(&["doctor"]).expect(0).stdout;
        assert!(doctor.contains("in clear text"), "{doctor}");
    }
    let home = Home::new();
    home.write(".gitconfig", "[credential]\n\thelper = cache\n");
    assert!(!home.run(&["doctor"]).expect(0).stdout.contains("in clear text"));
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
        ("ourselves", Some("!git-access credential"), "only credential helper here is git-access"),
        ("fails", Some(fails), "gives nothing back: it did not keep it, or it failed"),
        ("lies", Some(lies), "gives back something else"),
        ("forgets", Some(forgets), "gives nothing back"),
        ("truncates", Some(truncates), "gives back something else"),
        ("answers for another", Some(another), "gives nothing back"),
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

/// A helper with a file for each user name. It keeps `most` characters of a secret, and does `erase` when it is told to
/// forget; what is only tried it always forgets.
fn keeping_helper(home: &Home, most: u32, erase: &str) -> String {
    let body = format!(
        "in=$(cat); u=$(printf '%s\\n' \"$in\" | sed -n s/^username=//p); f=\"$HOME/kept.$u\"\ncase \"$1\" in\n\
         store) printf '%s\\n' \"$in\" | sed -n s/^password=//p | cut -c1-{most} >\"$f\";;\n\
         get) [ -s \"$f\" ] && printf 'username=%s\\npassword=%s\\n' \"$u\" \"$(cat \"$f\")\";;\n\
         erase) case \"$u\" in probe*) rm -f \"$f\";; *) {erase};; esac;;\nesac\nexit 0"
    );
    script(home, &body)
}

fn kept(home: &Home) -> Vec<PathBuf> {
    let all = fs::read_dir(home.dir.path()).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("kept.")).collect()
}

/// What is left behind with git's helpers, by the report.
fn left_with_git(report: &serde_json::Value) -> Vec<String> {
    let left = report["connections"][0]["left_behind"].as_array().unwrap();
    let left = left.iter().map(|one| one.as_str().unwrap().to_owned());
    left.filter(|one| !one.starts_with("the new repository")).collect()
}

/// What `told` offers to be typed is a command that runs, and asks the helpers to forget.
fn removes_it(home: &Home, told: &str) {
    let command = told.split_once("remove it with ").unwrap().1.lines().next().unwrap();
    assert!(command.ends_with(" | git credential reject"), "{command}");
    home.write("asked", "");
    finished(home.command("sh").args(["-c", command])).expect(0);
}

#[test]
fn a_piece_of_the_token_does_not_stay_with_a_helper_that_cuts_it_off() {
    let place = Home::new();
    let served = Served::start(&place, "ready");
    let piece = served.token("keptn")[..34].to_owned();
    // It forgets by user name, or only what it is told whole.
    let whole = "[ \"$(printf '%s\\n' \"$in\" | sed -n s/^password=//p)\" = \"$(cat \"$f\")\" ] && rm -f \"$f\"";
    for erase in ["rm -f \"$f\"", whole] {
        let home = Home::new();
        let helper = keeping_helper(&home, 34, erase);
        let answers = prepared(&served, &home, &helper);
        let run = setup(&home, &answers);
        assert!(run.stderr.contains("gives back something else than what was written to it"), "{}", run.stderr);
        let report = run.expect(4).json();
        assert_eq!((left_with_git(&report), kept(&home)), (Vec::new(), Vec::new()), "{erase}");
        let listed = home.run(&["list", "--format", "json"]).json().to_string();
        assert!(!listed.contains("git-access.invalid"), "{listed}");
    }
    // It never forgets: then the entry is named, and remembered. What was tried already is not offered again.
    let home = Home::new();
    let helper = keeping_helper(&home, 34, ":");
    let answers = prepared(&served, &home, &helper);
    let run = setup(&home, &answers);
    assert!(!run.stderr.contains(&piece) && !run.stdout.contains(&piece));
    let left = left_with_git(&run.expect(4).json());
    assert_eq!((left.len(), kept(&home).len()), (1, 1), "{left:?}");
    let user = kept(&home)[0].file_name().unwrap().to_str().unwrap().trim_start_matches("kept.").to_owned();
    for word in ["host git-access.invalid", &format!("user name {user}"), "with the helper's own program"] {
        assert!(left[0].contains(word), "{word}: {left:?}");
    }
    assert!(!left[0].contains("git credential reject"), "{left:?}");
    let listed = home.run(&["list", "--format", "json"]).expect(0).json();
    assert!(listed["unfinished"][0]["left_behind"].to_string().contains(&left[0]), "{listed}");
}

/// Whoever only was slow is not said to have kept the secret.
#[test]
fn a_helper_that_does_not_answer_after_it_was_told_to_forget_is_no_liar() {
    let (home, place) = (Home::new(), Home::new());
    let served = Served::start(&place, "ready");
    let helper = keeping_helper(&home, 4096, "printf '%s' \"$in\" >\"$HOME/asked\"; rm -f \"$f\"; : >\"$HOME/slow\"");
    let slow = "#!/bin/sh\n[ \"$1\" = get ] && [ -e \"$HOME/slow\" ] && exec sleep 1000\n";
    let body = fs::read_to_string(&helper).unwrap().replacen("#!/bin/sh\n", slow, 1);
    fs::write(&helper, body).unwrap();
    let answers = prepared(&served, &home, &helper);
    let name = setup(&home, &answers).expect(0).json()["connections"][0]["name"].as_str().unwrap().to_owned();
    let user = kept(&home)[0].file_name().unwrap().to_str().unwrap().trim_start_matches("kept.").to_owned();
    let run = home.run(&["remove", &name, "--yes"]).expect(4);
    assert!(run.stderr.contains("did not answer within ten seconds"), "{}", run.stderr);
    assert!(
        !run.stderr.contains("still has the secret") && run.stderr.contains("Not removed: perhaps"),
        "{}",
        run.stderr
    );
    assert!(home.config_text().contains(&name));
    fs::remove_file(home.path("slow")).unwrap();
    removes_it(&home, &run.stderr);
    let asked = fs::read_to_string(home.path("asked")).unwrap();
    assert!(asked.contains(&format!("username={user}")) && asked.contains("host=git-access.invalid"), "{asked}");
}

#[test]
fn a_helper_that_does_not_forget_is_told_with_its_entry_and_the_way_to_remove_it() {
    let (home, place) = (Home::new(), Home::new());
    let served = Served::start(&place, "ready");
    let helper = keeping_helper(&home, 4096, ":");
    let answers = prepared(&served, &home, &helper);
    let name = setup(&home, &answers).expect(0).json()["connections"][0]["name"].as_str().unwrap().to_owned();
    let user = kept(&home)[0].file_name().unwrap().to_str().unwrap().trim_start_matches("kept.").to_owned();
    let words = ["host git-access.invalid", &format!("user name {user}"), "with the helper's own program"];
    // The connection stays, since it is what knows where the secret is.
    let run = home.run(&["remove", &name, "--yes"]).expect(4);
    let named = run.stderr.replace("the user name", "user name").replace("the host", "host");
    assert!(words.iter().all(|word| named.contains(word)), "{}", run.stderr);
    assert!(!run.stderr.contains("git credential reject"), "it has just failed: {}", run.stderr);
    assert!(home.config_text().contains(&name));
    // Moved away from there, the new place counts and the old one is told.
    let text = fs::read_to_string(&answers).unwrap();
    let text = text.replace("kind = \"git-credential\"", "kind = \"file\"\npath = \"moved\"");
    let report = setup(&home, &home.write("move.toml", &text)).expect(0).json();
    let left = left_with_git(&report);
    assert!(left.len() == 1 && words.iter().all(|word| left[0].contains(word)), "{left:?}");
    let shown = home.run(&["show", &name]).expect(0).stdout;
    assert!(shown.contains("Left behind   the token that was replaced") && shown.contains(&user), "{shown}");
    // What is left of it goes with the connection as far as it goes, and is told where it does not.
    let run = home.run(&["remove", &name, "--yes", "--format", "json"]).expect(4);
    let left = run.json()["left_behind"].clone();
    assert!(words.iter().all(|word| left.to_string().contains(word)), "{left}");
    assert!(!home.config_text().contains(&name) && run.stderr.contains("Its secret was removed too"), "{}", run.stderr);
    let listed = home.run(&["list", "--format", "json"]).expect(0).json();
    assert_eq!(listed["unfinished"][0]["name"], name.as_str(), "it is remembered: {listed}");
    assert_eq!(listed["unfinished"][0]["left_behind"], left, "in the same words");
    home.run(&["remove", &name, "--yes"]).expect(4);
}

/// Only a secret that is not in use any more is left: nothing says that there was none.
#[test]
fn what_a_removal_leaves_is_not_said_to_have_been_nothing() {
    let (home, place) = (Home::new(), Home::new());
    let served = Served::start(&place, "ready");
    let helper = keeping_helper(&home, 4096, ":");
    let answers = prepared(&served, &home, &helper);
    let name = setup(&home, &answers).expect(0).json()["connections"][0]["name"].as_str().unwrap().to_owned();
    // Kept in a variable from now on, which is nothing of ours; the first place is noted as not let go of.
    let text = fs::read_to_string(&answers).unwrap();
    let from = text.find("[token]").unwrap();
    let moved =
        home.write("move.toml", &format!("{}[token]\nenv = \"TOKEN\"\n[store]\nkind = \"env\"\n", &text[..from]));
    let mut program = home.program();
    let run = program.env("TOKEN", served.token("keptn")).args(["setup", "--answers", moved.to_str().unwrap()]);
    finished(run).expect(0);
    let run = home.run(&["remove", &name, "--yes"]).expect(4);
    let told = &run.stderr;
    assert!(told.contains("left behind: ") && told.contains("Not every secret of it could be removed"), "{told}");
    assert!(told.contains("git-access remove") && !told.contains("There was no secret"), "{told}");
}
