//! The good way, on several providers and with every kind of store; who has to be told; and the end of the old token.

use super::bench::{Bench, PROVIDERS, ends};
use crate::program::{Home, files};

#[test]
fn the_new_token_takes_the_place_of_the_old_one_on_every_provider() {
    for (provider, token) in PROVIDERS {
        let bench = Bench::new(provider, token);
        assert_eq!(bench.password(provider, &[]), bench.served.token(token));
        let twin = format!("{provider}-twin");
        let run = bench.rotate(&bench.source(&twin), &[]).expect(0);
        let entry = &run.json()["connections"][0];
        assert_eq!((&entry["verdict"], &entry["saved"]), (&"pass".into(), &true.into()), "{}", run.stdout);
        let told = &entry["rotation"];
        assert_eq!(told["same_token"], false, "{told}");
        assert_eq!(
            (&told["old_token"]["state"], &told["old_token"]["verdict"]),
            (&"alive".into(), &"warn".into()),
            "it was asked about for the comparison, and taken"
        );
        assert!(told["old_token"]["url"].as_str().unwrap().starts_with("http"), "{told}");
        assert_eq!(told["old_token"]["caution"].is_null(), provider != "github", "{told}");
        assert_eq!(bench.password(provider, &[]), bench.served.token(&twin));
        assert_eq!(bench.secrets(), ["token.2"], "the old one is let go of");
        assert!(bench.home.config_text().contains("generation = 2"));
        assert_eq!(bench.journals(), 0);
        bench.push(provider, &[]);
        bench.home.run(&["check", "k"]).expect(0);
        // The saved answers rotate again, and find nothing to do.
        let saved = bench.home.path("saved.toml");
        bench.rotate(&bench.source(&twin), &["--save-answers", saved.to_str().unwrap()]).expect(0);
        bench.home.run(&["rotate", "k", "--answers", saved.to_str().unwrap()]).expect(0);
        // Once more, and with the words for people.
        let third = format!("{provider}-third");
        let answers = bench.home.write("third.toml", &format!("version = 1\n{}", bench.source(&third)));
        let run = bench.home.run(&["rotate", "k", "--answers", answers.to_str().unwrap()]).expect(0);
        let told = "apply again: keptn: git-access show k";
        assert!(run.stdout.contains(told) && run.stdout.contains("Revoke it at http"), "{}", run.stdout);
        assert_eq!(bench.secrets(), ["token.3"]);
    }
}

#[test]
fn a_reference_is_proven_again_and_nothing_is_stored() {
    let bench = Bench::new("github", "keptn");
    let (old, new) = (bench.served.token("keptn"), bench.served.token("github-twin"));
    bench.home.run(&["remove", "k", "--yes"]).expect(0);
    let env = "[token]\nenv = \"T\"\n";
    bench.set_up("github", "keptn", env, &[("T", &old)]).expect(0);
    let run = bench.rotate_in(env, &[], &[("T", &new)]).expect(0);
    assert_eq!(run.json()["connections"][0]["verdict"], "pass");
    assert_eq!(bench.password("github", &[("T", &new)]), new);
    assert!(bench.home.config_text().contains("env = \"T\"") && bench.home.config_text().contains("generation = 1"));
    assert_eq!(bench.secrets(), Vec::<String>::new());
    // The old one cannot be read any more: nothing is claimed about it.
    let run = bench.rotate_in(env, &["--prove-dead"], &[("T", &new)]).expect(0);
    assert_eq!(run.json()["connections"][0]["rotation"]["old_token"]["state"], "unknown", "{}", run.stdout);

    bench.home.run(&["remove", "k", "--yes"]).expect(0);
    let file = bench.home.write("mine", &old);
    let command = format!("[token]\ncommand = [\"cat\", \"{}\"]\n", file.display());
    bench.set_up("github", "keptn", &command, &[]).expect(0);
    bench.home.write("mine", &new);
    bench.rotate(&command, &[]).expect(0);
    assert_eq!(bench.password("github", &[]), new);
    // A reference that gives a token with fewer rights is refused, and the config stays as it was.
    let before = bench.home.config_text();
    bench.home.write("mine", &bench.served.token("reader"));
    let run = bench.rotate(&command, &[]).expect(1);
    assert_eq!(run.json()["connections"][0]["saved"], false, "{}", run.stdout);
    assert_eq!(bench.home.config_text(), before);
}

/// The variable that is left behind gives somebody else's token by now: that is not the one that is replaced.
#[test]
fn a_reference_that_gives_another_account_is_not_compared_with() {
    let bench = Bench::new("github", "keptn");
    let (old, robot) = (bench.served.token("keptn"), bench.served.token("github-robot"));
    bench.set_up("github", "keptn", "[token]\nenv = \"OLD\"\n", &[("OLD", &old)]).expect(0);
    let new = "[token]\nenv = \"NEW\"\n[store]\nkind = \"env\"\nenv = \"NEW\"\n";
    let run = bench.rotate_in(new, &[], &[("OLD", &robot), ("NEW", &robot)]).expect(1);
    assert_eq!(run.check("identity")["verdict"], "fail", "{}", run.stdout);
    let changes = run.json()["connections"][0]["rotation"]["changes"].to_string();
    assert!(changes.contains("is not where it was read from") && changes.contains("octocat to robot"), "{changes}");
    let twin = bench.served.token("github-twin");
    // Nor is it ended, or taken for the dead one.
    for (foreign, code, flags) in [("github-robot", 1, &["--revoke-old", "--prove-dead"][..]), ("withdrawn", 0, &[])] {
        bench.set_up("github", "keptn", "[token]\nenv = \"OLD\"\n", &[("OLD", &old)]).expect(0);
        let variables = [("OLD", &*bench.served.token(foreign)), ("NEW", &*twin)];
        let run = bench.rotate_in(new, flags, &variables).expect(code);
        let told = &run.json()["connections"][0]["rotation"]["old_token"];
        assert_eq!((&told["state"], &told["verdict"]), (&"unknown".into(), &"unknown".into()), "{foreign}: {told}");
        assert_eq!(told["detail"].as_str().unwrap().contains("not known to be that token"), code == 1, "{told}");
        bench.home.run(&["remove", "k", "--yes"]).expect(0);
    }
    let ended =
        |one: &&serde_json::Value| one["method"] == "DELETE" || one["path"].as_str().unwrap().contains("revoke");
    assert_eq!(bench.served.requests().iter().filter(ended).count(), 0);
}

#[test]
fn the_secret_moves_between_stores_by_rotate_and_by_setup() {
    let bench = Bench::new("github", "keptn");
    bench.home.write(".gitconfig", "[credential]\n\thelper = store\n");
    let (twin, third) = (bench.served.token("github-twin"), bench.served.token("github-third"));
    let elsewhere = format!("{}{}", bench.source("github-twin"), bench.in_file("rests/elsewhere"));
    bench.rotate(&elsewhere, &[]).expect(0);
    assert_eq!(bench.secrets(), ["elsewhere"]);
    assert_eq!(bench.password("github", &[]), twin);
    bench.rotate_in("[token]\nenv = \"T\"\n[store]\nkind = \"env\"\n", &[], &[("T", &third)]).expect(0);
    assert_eq!(bench.secrets(), Vec::<String>::new(), "what we kept is let go of");
    assert_eq!(bench.password("github", &[("T", &third)]), third);
    let back = format!("{}{}", bench.source("github-twin"), bench.in_file("rests/back"));
    let run = bench.rotate_in(&back, &["--prove-dead"], &[("T", &third)]).expect(0);
    let old = run.json()["connections"][0]["rotation"]["old_token"].clone();
    assert_eq!((&old["state"], &old["verdict"]), (&"alive".into(), &"warn".into()), "{}", run.stdout);
    assert_eq!(bench.password("github", &[]), twin);
    // The same token to another place: it moves.
    let again = format!("{}{}", bench.source("github-twin"), bench.in_file("rests/again"));
    bench.rotate(&again, &[]).expect(0);
    assert_eq!(bench.secrets(), ["again"]);
    let git = format!("{}[store]\nkind = \"git-credential\"\n", bench.source("github-twin"));
    bench.rotate(&git, &[]).expect(0);
    assert_eq!((bench.secrets(), bench.password("github", &[])), (Vec::new(), twin.clone()));
    // `setup NAME` moves it as well, with the token of the new place or of the old one.
    let lines = |text: &str| bench.home.write("edit.toml", &format!("version = 1\n{text}"));
    let edit = lines(&format!("{}{}", bench.source("github-twin"), bench.in_file("rests/edited")));
    bench.home.run(&["setup", "k", "--answers", edit.to_str().unwrap()]).expect(0);
    assert_eq!((bench.secrets(), bench.password("github", &[])), (vec!["edited".to_owned()], twin));
    // Of `[store]` alone the secret that is kept moves as it is.
    let edit = lines("[store]\nkind = \"git-credential\"\n");
    bench.home.run(&["setup", "k", "--answers", edit.to_str().unwrap()]).expect(0);
    assert_eq!((bench.secrets(), bench.password("github", &[])), (Vec::new(), bench.served.token("github-twin")));
    let edit = lines(&bench.in_file("rests/alone"));
    bench.home.run(&["setup", "k", "--answers", edit.to_str().unwrap()]).expect(0);
    bench.home.run(&["setup", "k", "--answers", edit.to_str().unwrap()]).expect(0);
    assert_eq!((bench.secrets(), bench.journals()), (vec!["alone".to_owned()], 0));
    assert_eq!(bench.password("github", &[]), bench.served.token("github-twin"));
    let left = std::fs::read_to_string(bench.home.path(".git-credentials")).unwrap();
    assert_eq!(left.trim(), "", "git's store let go of it");
    assert_eq!(bench.journals(), 0);
    bench.push("github", &[]);
}

#[test]
fn the_token_in_use_is_nothing_to_rotate_and_is_never_revoked() {
    for (provider, token) in PROVIDERS {
        let bench = Bench::new(provider, token);
        let before = bench.kept().len();
        let run = bench.rotate(&bench.source(token), &["--revoke-old"]).expect(1);
        assert_eq!(run.json()["connections"][0]["rotation"]["same_token"], true, "{}", run.stdout);
        assert!(run.stderr.contains("so it was not revoked"), "{}", run.stderr);
        assert_eq!(bench.kept().len(), before);
        bench.push(provider, &[]);
        // Also where it only moves.
        let moved = format!("{}{}", bench.source(token), bench.in_file("rests/moved"));
        bench.rotate(&moved, &["--revoke-old"]).expect(1);
        bench.push(provider, &[]);
        let twin = bench.source(&format!("{provider}-twin"));
        bench.rotate(&twin, &[]).expect(0);
        let secrets = bench.secrets();
        bench.rotate(&twin, &[]).expect(0);
        assert_eq!(bench.secrets(), secrets, "the same rotation twice ends in the same state");
        let answers = bench.home.path("rotate.toml");
        let run = bench.home.run(&["rotate", "k", "--answers", answers.to_str().unwrap()]).expect(0);
        assert!(run.stdout.contains("in use already"), "{}", run.stdout);
    }
}

/// The connection `k` once more, under another name and with its token elsewhere.
fn another(bench: &Bench, name: &str, rests: &str) {
    let text = bench.home.config_text();
    let other = text.replace("[connections.k", &format!("[connections.{name}")).replace("id = \"", "id = \"x");
    let other = other[other.find(&format!("[connections.{name}]")).unwrap()..].replace("rests/token", rests);
    bench.home.write("config/git-access/config.toml", &format!("{text}\n{other}"));
}

#[test]
fn who_shares_the_token_and_what_was_exported_is_told() {
    let bench = Bench::new("github", "keptn");
    another(&bench, "copied", "copy");
    bench.home.write("copy", &bench.served.token("keptn"));
    bench.home.run(&["export", "k", "--for", "netrc"]).expect(0);
    let run = bench.rotate(&bench.source("github-twin"), &[]).expect(0);
    let again = run.json()["connections"][0]["rotation"]["apply_again"].to_string();
    assert!(again.contains("copied, which keeps the same token: git-access rotate copied"), "{again}");
    assert!(again.contains("git-access export k --for netrc") && again.contains("keptn: git-access show k"), "{again}");
    let shown =
        || bench.home.run(&["show", "k", "--format", "json"]).expect(0).json()["connection"]["exports"][0].clone();
    assert_eq!((&shown()["format"], &shown()["stale"]), (&"netrc".into(), &true.into()));
    let text = bench.home.run(&["show", "k"]).expect(0).stdout;
    assert!(text.contains("(to be applied again)"), "{text}");
    bench.home.run(&["export", "k", "--for", "netrc"]).expect(0);
    assert!(shown()["stale"].is_null(), "{}", shown());
    bench.set_up("github", "github-twin", &bench.in_file("rests/token.2"), &[]).expect(0);
    assert!(shown()["stale"].is_null(), "the same token once more");
    bench.set_up("github", "github-third", &bench.in_file("rests/token.2"), &[]).expect(0);
    assert_eq!(shown()["stale"], true, "set-up replaces as well");

    let bench = Bench::new("github", "keptn");
    let (old, new) = (bench.served.token("keptn"), bench.served.token("github-twin"));
    let env = "[token]\nenv = \"T\"\n";
    bench.set_up("github", "keptn", env, &[("T", &old)]).expect(0);
    another(&bench, "other", "");
    let run = bench.rotate_in(env, &[], &[("T", &new)]).expect(0);
    let again = run.json()["connections"][0]["rotation"]["apply_again"].to_string();
    assert!(again.contains("other, which reads the same place"), "{again}");
    // What is asked for and cannot be done is said with its reason.
    let run = bench.rotate_in(env, &["--prove-dead"], &[("T", &bench.served.token("github-third"))]).expect(0);
    let told = run.json()["connections"][0]["rotation"]["old_token"]["detail"].to_string();
    assert!(told.contains("Nobody can ask with it any more"), "{told}");
}

#[test]
fn the_old_token_is_revoked_and_seen_to_be_dead_when_that_is_wanted() {
    for (provider, token, state, code) in [
        ("github", "keptn", "dead", 0),
        ("gitlab", "gitlab-keptn", "dead", 0),
        // This version of Gitea wants the password for that.
        ("gitea", "gitea-keptn", "alive", 1),
    ] {
        let bench = Bench::new(provider, token);
        let twin = bench.source(&format!("{provider}-twin"));
        let run = bench.rotate(&twin, &["--revoke-old", "--prove-dead"]).expect(code);
        let entry = &run.json()["connections"][0];
        let old = &entry["rotation"]["old_token"];
        assert_eq!((&old["state"], &entry["saved"]), (&state.into(), &true.into()), "{entry}");
        assert_eq!(old["verdict"], if code == 0 { "pass" } else { "warn" }, "{entry}");
        let detail = old["detail"].as_str().unwrap();
        assert!(code == 0 || (!detail.starts_with("The forge") && detail.contains("Revoke it at http")), "{entry}");
        // What goes with a token is said before.
        assert_eq!(run.stderr.contains("deletes the deploy keys"), provider == "github", "{}", run.stderr);
        assert_eq!((bench.secrets().len(), bench.journals()), (1, 0));
        bench.push(provider, &[]);
    }
    // A copy of it in another connection would end with it.
    let bench = Bench::new("github", "keptn");
    another(&bench, "other", "copy");
    bench.home.write("copy", &bench.served.token("keptn"));
    let run = bench.rotate(&bench.source("github-twin"), &["--revoke-old"]).expect(1);
    assert!(run.stderr.contains("used by other, and would end there too"), "{}", run.stderr);
    bench.home.run(&["check", "other"]).expect(0);
}

#[test]
fn what_can_no_longer_be_read_is_not_ended_and_that_is_said() {
    let bench = Bench::new("github", "keptn");
    let (old, new) = (bench.served.token("keptn"), bench.served.token("github-twin"));
    let env = "[token]\nenv = \"T\"\n";
    bench.set_up("github", "keptn", env, &[("T", &old)]).expect(0);
    let run = bench.rotate_in(env, &["--revoke-old"], &[("T", &new)]).expect(1);
    let token = &run.json()["connections"][0]["rotation"]["old_token"];
    assert!(token["detail"].as_str().unwrap().contains("can no longer be read"), "{token}");
}

#[test]
fn a_day_that_is_over_is_no_end_of_a_new_token() {
    let bench = Bench::new("gitlab", "gitlab-keptn");
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    for day in ["2020-01-01", &today] {
        let run = bench.home.run(&["rotate", "k", "--at-provider", "--expires", day]).expect(2);
        assert!(run.stderr.contains("has begun already"), "{}", run.stderr);
    }
    let alone = bench.home.run(&["rotate", "k", "--expires", "2126-01-01", "--answers", "a.toml"]).expect(2);
    assert!(alone.stderr.contains("--expires"), "{}", alone.stderr);
    bench.push("gitlab", &[]);
}

#[test]
fn a_newer_gitea_lets_the_old_token_end_itself() {
    let bench = Bench::empty("\n[[programs]]\nprovider = \"gitea\"\nproduct = \"gitea\"\nversion = \"1.27.0\"\n");
    bench.set_up("gitea", "gitea-keptn", &bench.in_file("rests/token"), &[]).expect(0);
    let run = bench.rotate(&bench.source("gitea-twin"), &["--revoke-old"]).expect(0);
    assert_eq!(run.json()["connections"][0]["rotation"]["old_token"]["state"], "dead", "{}", run.stdout);
    bench.push("gitea", &[]);
}

#[test]
fn an_old_token_that_was_revoked_before_is_seen_to_be_dead() {
    let bench = Bench::new("github", "keptn");
    for (generation, new, flags) in [("", "github-twin", &["--prove-dead"][..]), (".2", "github-third", &[])] {
        bench.home.write(&format!("rests/token{generation}"), &bench.served.token("withdrawn"));
        let run = bench.rotate(&bench.source(new), flags).expect(0);
        let old = run.json()["connections"][0]["rotation"]["old_token"].clone();
        assert_eq!((&old["state"], &old["verdict"]), (&"dead".into(), &"pass".into()), "{}", run.stdout);
    }
    // Also where it can not even be read.
    std::fs::remove_file(bench.home.path("rests/token.3")).unwrap();
    bench.rotate(&bench.source("github-twin"), &[]).expect(0);
    bench.push("github", &[]);
}

#[test]
fn the_deploy_keys_that_go_with_a_token_are_told_of_before_where_there_are_some() {
    let bench = Bench::new("github", "keptn");
    let quiet = bench.rotate(&bench.source("github-twin"), &["--dry-run"]).expect(0);
    assert!(!quiet.stderr.contains("deploy keys"), "{}", quiet.stderr);
    let host = bench.served.host();
    let keyed = format!(
        "\n[connections.keyed]\nid = \"y1\"\nplatform = \"none\"\nprovider = \"github\"\nhost = \"{host}\"\nowner = \"acme\"\n\
         [connections.keyed.ssh]\npublic_key = \"/k.pub\"\nscope = \"repository\"\n"
    );
    bench.home.write("config/git-access/config.toml", &(bench.home.config_text() + &keyed));
    let told = bench.rotate(&bench.source("github-twin"), &["--dry-run"]).expect(0);
    assert!(told.stderr.contains("deletes the deploy keys") && told.stderr.contains("there: keyed"), "{}", told.stderr);
    assert!(files(&bench.home.path("rests")).len() == 1);
}

#[test]
fn a_sandbox_sets_up_its_sample_and_rotates_it() {
    let home = Home::new();
    for (provider, _) in PROVIDERS {
        let run = home.run(&["rotate", "k", "--sandbox", "--provider", provider, "--platform", "keptn"]).expect(0);
        let dir = run.stderr.lines().find_map(|line| line.strip_prefix("This was a sandbox. What it wrote is in "));
        let dir = std::path::Path::new(dir.unwrap());
        let kept = files(&dir.join("keyring"));
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert_eq!(kept[0].0.file_name().unwrap(), "2", "the keyring holds the new generation only");
        assert!(run.stdout.contains("generation = 2"), "{}", run.stdout);
        std::fs::remove_dir_all(dir).unwrap();
    }
    let renewal = ["rotate", "k", "--sandbox", "--platform", "keptn", "--at-provider", "--expires", &ends()];
    home.run(&[&renewal[..], &["--provider", "gitlab"]].concat()).expect(0);
    home.run(&[&renewal[..], &["--provider", "github"]].concat()).expect(2);
}
