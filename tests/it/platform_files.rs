//! Platform files that somebody wrote: everything wrong with one is told in one run, and a right one is as good as ours.

use crate::headless::setup;
use crate::program::{Home, Served};

const OURS: &str = include_str!("../../assets/platforms/none.toml");

const WRONG: &str = r#"id = "Big One"
title = "Ours"
abuot = "It deploys."
who = "Everybody."
repository = "perhaps"
reads = true
writes = true

[[does]]
need = "tea"
level = "required"
reason = "It needs tea."

[[notices]]
text = "Something ends."
since = "soon"
url = "http://example.com"
provider = "githob"

[[sources]]
date = "2026-11-21"

[handover]
menu = "nowhere"
steps = ["None."]
parameters = [{ key = "x" }]

[provider.githob]
unsupported = "no"

[provider.github]
fields = [{ name = "Token", value = "{tokn}" }]
colour = "blue"

[[provider.github.token.classic.needs]]
scope = "repos"
level = "always"
reason = "It pushes."

[provider.github.token.classical]
unsupported = "no"

[[provider.gitea.token.pat.needs]]
scope = "write:repo"
level = "required"
"#;

#[test]
fn everything_wrong_with_a_file_is_told_at_its_place() {
    let home = Home::new();
    home.write("config/git-access/platforms/ours.toml", WRONG);
    let run = home.run(&["platforms", "--format", "json"]).expect(4);
    let problems = run.json()["problems"].as_array().unwrap().clone();
    for (line, column, piece) in [
        (1, 6, "the id of a platform"),
        (1, 1, "the file lacks `about`"),
        (3, 1, "no key `abuot`"),
        (5, 14, "`repository` is one of required, optional, refused"),
        (10, 8, "`need` is one of webhooks"),
        (16, 9, "`since` is a day"),
        (17, 7, "`url` begins with https://"),
        (18, 12, "no provider is named `githob`: known are github"),
        (21, 1, "a source lacks `title`"),
        (26, 17, "a parameter lacks `doc`"),
        (28, 11, "no provider is named `githob`"),
        (32, 37, "nothing is filled in for `{tokn}`"),
        (33, 1, "no key `colour`"),
        (36, 9, "of GitHub has no scope `repos`"),
        (37, 9, "`level` is one of required, recommended"),
        (40, 24, "no kind of token `classical`: known are classic"),
        (44, 9, "has no scope `write:repo`"),
        (44, 1, "a need lacks `reason`"),
    ] {
        let told = |problem: &serde_json::Value| {
            let message = problem["message"].as_str().unwrap();
            // The place stands beside it, and not in it again.
            let bare = !message.contains("ours.toml") && !message.contains(&format!("line {line}"));
            problem["line"] == line && problem["column"] == column && message.contains(piece) && bare
        };
        assert!(problems.iter().any(told), "{line}:{column} {piece}: {problems:#?}");
        assert!(run.stderr.contains(&format!("ours.toml, line {line}, column {column}: ")), "{}", run.stderr);
    }
    assert_eq!(problems.len(), 18, "{problems:#?}");
    assert_eq!(run.stderr.matches("Mend the file").count(), 1, "the remedy is told once");
}

#[test]
fn what_is_no_toml_and_what_has_the_wrong_shape_is_told() {
    let home = Home::new();
    for (text, line, piece) in [
        (OURS.replacen("reads = true", "reads = 7", 1), 6, "`reads` is true or false, without quotes"),
        (OURS.replacen("id = \"none\"", "id = \"none", 1), 1, ""),
        (OURS.replacen("id = \"none\"", "id = \"keptn\"", 1), 1, "a file does not replace it"),
        (String::new(), 1, "lacks `id`"),
    ] {
        home.write("config/git-access/platforms/ours.toml", &text.replacen("id = \"none\"", "id = \"ours\"", 1));
        let run = home.run(&["platforms"]).expect(4);
        assert!(
            run.stderr.contains(&format!("ours.toml, line {line}, column ")) && run.stderr.contains(piece),
            "{}",
            run.stderr
        );
    }
}

/// Each key of another type than it holds, in one run.
const MISSHAPEN: &str = r#"id = "ours"
title = 7
about = ["It deploys."]
who = "Everybody."
repository = true
reads = "yes"
writes = 1
does = "webhooks"
notices = ["Something ends."]
sources = [{ title = "Ours", date = 2026-11-21 }]

[handover]
menu = "nowhere"
steps = "None."
parameters = { key = "x", doc = "y" }

[provider]
gitlab = "yes"
[provider.github]
one-user = { source = "Ours" }
token.classic = "repo"
key = { read-only = "yes", reason = "It reads.", fields = [{ name = "Key", value = "{publik_key}" }] }
"#;

#[test]
fn every_value_of_the_wrong_type_is_told_in_one_run() {
    let home = Home::new();
    home.write("config/git-access/platforms/ours.toml", MISSHAPEN);
    let run = home.run(&["platforms", "--format", "json"]).expect(4);
    let problems = run.json()["problems"].as_array().unwrap().clone();
    for (line, piece) in [
        (2, "`title` is a text in quotes"),
        (3, "`about` is a text in quotes"),
        (5, "`repository` is a text in quotes"),
        (6, "`reads` is true or false"),
        (7, "`writes` is true or false"),
        (8, "`does` is a list of tables"),
        (9, "`notices` is a list of tables"),
        (10, "`date` is a text in quotes"),
        (14, "`steps` is a list of texts"),
        (15, "`parameters` is a list of tables"),
        (18, "a provider's section is a table"),
        (19, "`one-user` lacks `api`"),
        (19, "`one-user` lacks `git`"),
        (19, "`one-user` lacks `instead`"),
        (21, "the section of a kind of token is a table"),
        (22, "`read-only` is true or false"),
        (22, "nothing is filled in for `{publik_key}`"),
    ] {
        let told = |problem: &serde_json::Value| {
            problem["line"] == line && problem["message"].as_str().unwrap().contains(piece)
        };
        assert!(problems.iter().any(told), "{line} {piece}: {problems:#?}");
    }
    assert_eq!(problems.len(), 17, "{problems:#?}");
}

#[test]
fn a_connection_is_set_up_for_a_platform_of_ones_own() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let own = OURS.replacen("id = \"none\"", "id = \"ours\"", 1).replacen(
        "reads = true",
        "reads = true\nreach = \"It runs in the cellar.\"",
        1,
    );
    home.write("config/git-access/platforms/ours.toml", &own);
    let answers = served.answers(&home, "ours", "keptn", "[repository]\nname = \"blank\"\n");
    let run = setup(&home, &answers).expect(0);
    assert_eq!(run.json()["connections"][0]["platform"], "ours");
    // The server is one's own, so the platform has to reach it.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let note = format!(
        "no platform has to reach {} too, which is an address inside of a network. It runs in the cellar.",
        served.host()
    );
    assert!(words(&run.stderr).contains(&note), "{}", run.stderr);
    let shown = home.run(&["show", "ours-github-acme"]).expect(0);
    assert!(words(&shown.stdout).contains(&note), "{}", shown.stdout);
    let json = home.run(&["show", "ours-github-acme", "--format", "json"]).expect(0).json();
    assert_eq!(json["connection"]["reach"], note, "{json}");
}
