//! The config is edited by hand while a set-up of the same connection is under way: what was written by hand is merged,
//! or the set-up is refused, and nothing of it is ever overwritten.

use std::fs;

use crate::program::{Home, Run, Served};

const NAME: &str = "keptn-github-acme";

/// A home with a saved connection of Keptn, a second one, and answers that edit the first. Its token comes from a program
/// that first runs `edit.sh`: so the edit falls between the reading of the config and its saving.
fn edited(served: &Served) -> Home {
    let home = Home::new();
    let text = |source: &str| {
        format!(
            "version = 1\nplatform = \"keptn\"\nprovider = \"github\"\nhost = \"{}\"\nowner = \"acme\"\n[repository]\n\
             name = \"blank\"\n[token]\n{source}\n[store]\nkind = \"file\"\npath = \"kept\"\n[handover]\nproject = \"shop\"\n",
            served.host()
        )
    };
    let token = served.token_file("keptn").display().to_string();
    home.write("first.toml", &text(&format!("file = {token:?}")));
    home.run(&["setup", "--answers", "first.toml"]).expect(0);
    let program = home.write("token.sh", &format!("sh ./edit.sh\ncat {token:?}\n"));
    home.write("edit.sh", ":");
    home.write("again.toml", &text(&format!("command = [\"sh\", {:?}]", program.display().to_string())));
    home
}

/// Sets up once more while the `sed` script is applied to the config.
fn set_up_while(home: &Home, sed: &str) -> Run {
    home.write("edit.sh", &format!("sed -i -e '{sed}' config/git-access/config.toml"));
    home.run(&["setup", NAME, "--answers", "again.toml"])
}

#[test]
fn what_is_edited_by_hand_in_the_same_connection_is_never_overwritten() {
    let place = Home::new();
    let served = Served::start(&place, "ready");
    let home = edited(&served);
    let before = home.config_text();
    for (sed, key, written) in [
        ("s/^owner = .*/owner = \"acme-two\"/", "owner", "owner = \"acme-two\""),
        ("s/^username = .*/username = \"by-hand\"/", "username", "username = \"by-hand\""),
        ("s/^name = .*/name = \"by-hand\"/", "repository.name", "name = \"by-hand\""),
        ("s/^at = .*/at = 2020-01-01T00:00:00Z/", "verified.at", "at = 2020-01-01T00:00:00Z"),
        ("s/^project = .*/project = \"by-hand\"/", "handover.project", "project = \"by-hand\""),
        ("s/^expires_source = .*/expires_source = \"never\"/", "token.expires_source", "expires_source = \"never\""),
    ] {
        fs::write(home.config(), &before).unwrap();
        let run = set_up_while(&home, sed).expect(4);
        assert!(home.config_text().contains(written), "{key}: {}", home.config_text());
        let told = format!("{NAME} was changed in the config meanwhile (");
        assert!(run.stderr.contains(&told) && run.stderr.contains(key), "{key}: {}", run.stderr);
        assert!(run.stderr.contains("run the same command again"), "{}", run.stderr);
        assert!(!run.stderr.contains("Saved as"), "{}", run.stderr);
    }
}

#[test]
fn an_edit_that_came_before_the_first_change_leaves_nothing_behind() {
    let place = Home::new();
    let served = Served::start(&place, "ready");
    // Also where the secret stays as it is, and no store is tried.
    for source in [true, false] {
        let home = edited(&served);
        let again = std::fs::read_to_string(home.path("again.toml")).unwrap();
        let again = again.replace("name = \"blank\"", &format!("name = \"fresh-{source}\"\ncreate = true"));
        home.write("again.toml", &again);
        if !source {
            let (head, rest) = again.split_once("[token]").unwrap();
            let rest = &rest[rest.find("[handover]").unwrap()..];
            home.write("again.toml", &format!("{head}{rest}"));
            let kept = std::fs::read_to_string(home.path("kept")).unwrap();
            let text = home.config_text().replace("store = \"file\"", "store = \"command\"");
            let text: Vec<_> = text.lines().filter(|line| !line.starts_with("path = ")).collect();
            home.write("old-token", &kept);
            home.write("give.sh", "sh ./edit.sh\ncat old-token\n");
            let command = format!("command = [\"sh\", {:?}]", home.path("give.sh").display().to_string());
            let text = text.join("\n").replace("store = \"command\"", &format!("store = \"command\"\n{command}"));
            home.write("config/git-access/config.toml", &format!("{text}\n"));
        }
        let before = served.requests().len();
        let run = set_up_while(&home, "s/^at = .*/at = 2020-01-01T00:00:00Z/").expect(4);
        assert!(run.stderr.contains("meanwhile (verified.at)"), "{source}: {}{}", run.stdout, run.stderr);
        assert!(!run.stdout.contains("left behind"), "{source}: {}", run.stdout);
        let mut made = served.requests().split_off(before);
        made.retain(|one| one["method"] == "POST" && one["status"] == 201);
        assert_eq!(made, Vec::<serde_json::Value>::new(), "{source}");
    }
}

#[test]
fn the_same_command_again_begins_with_what_was_written_by_hand() {
    let place = Home::new();
    let served = Served::start(&place, "ready");
    let home = edited(&served);
    let edit = "s/^at = .*/at = 2020-01-01T00:00:00Z/";
    set_up_while(&home, edit).expect(4);
    home.write("edit.sh", ":");
    home.run(&["setup", NAME, "--answers", "again.toml"]).expect(0);
    assert!(!home.config_text().contains("at = 2020-01-01"), "{}", home.config_text());
    home.run(&["check", NAME]).expect(0);
}

#[test]
fn what_is_edited_elsewhere_in_the_file_is_merged() {
    let place = Home::new();
    let served = Served::start(&place, "ready");
    let home = edited(&served);
    let edit = "s/^owner = .*/&   # ours\\ncolour = \"blue\"/;$a [connections.other]\\nid = \"x\"\\nplatform = \"none\"\\n\
                provider = \"github\"\\nhost = \"https://github.com\"\\nowner = \"beta\"";
    let run = set_up_while(&home, edit).expect(0);
    assert!(run.stderr.contains("Saved as"), "{}", run.stderr);
    let text = home.config_text();
    for line in ["owner = \"acme\"   # ours\ncolour = \"blue\"\n", "[connections.other]\nid = \"x\"\n"] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn a_connection_that_was_removed_or_renamed_meanwhile_does_not_come_back() {
    let place = Home::new();
    let served = Served::start(&place, "ready");
    let program = env!("CARGO_BIN_EXE_git-access");
    let home = edited(&served);
    home.write("edit.sh", &format!("{program} rename {NAME} other 2>/dev/null"));
    let run = home.run(&["setup", NAME, "--answers", "again.toml"]).expect(4);
    assert!(run.stderr.contains("was renamed to other meanwhile"), "{}", run.stderr);
    assert!(home.config_text().contains("[connections.other]"), "{}", home.config_text());
    let home = edited(&served);
    home.write("edit.sh", "printf 'version = 1\n' >config/git-access/config.toml");
    let run = home.run(&["setup", NAME, "--answers", "again.toml"]).expect(4);
    assert!(run.stderr.contains("meanwhile"), "{}", run.stderr);
    assert_eq!(home.config_text(), "version = 1\n");
}
