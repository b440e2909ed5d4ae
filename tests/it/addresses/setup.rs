//! Addresses where names are asked: on the command line and in the answers file.

use crate::headless::setup;
use crate::program::{Home, Served};

#[test]
fn an_address_on_the_command_line_fills_the_answers_that_are_wanted() {
    let home = Home::new();
    let run = home.run(&["setup", "--platform", "keptn", "--repository", "https://github.com/acme/gitops/tree/main"]);
    let run = run.expect(2);
    let note = "The address given as repository says: provider github, host https://github.com, owner acme, repository gitops.";
    assert!(run.stderr.contains(note), "{}", run.stderr);
    for line in ["provider = \"github\"", "host = \"https://github.com\"", "owner = \"acme\"", "name = \"gitops\""] {
        assert!(run.stderr.lines().any(|one| one == line), "{line}: {}", run.stderr);
    }
}

#[test]
fn an_address_in_the_answers_is_set_up_under_its_name() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    for (field, text) in [
        ("repository", format!("{}/acme/blank.git", served.host())),
        ("repository", format!("{}/acme/blank/tree/main?tab=readme#x", served.host())),
        ("owner", format!("{}/acme", served.host())),
    ] {
        let home = Home::new();
        let (owner, name) = match field {
            "owner" => (format!("owner = \"{text}\"\n"), "blank".to_owned()),
            _ => (String::new(), text.clone()),
        };
        let answers = home.write(
            "answers.toml",
            &format!(
                "version = 1\nplatform = \"keptn\"\nprovider = \"github\"\n{owner}[token]\nfile = \"{}\"\n[store]\n\
                 kind = \"file\"\npath = \"{}\"\n[repository]\nname = \"{name}\"\n",
                served.token_file("keptn").display(),
                home.path("secret").display()
            ),
        );
        let run = setup(&home, &answers).expect(0);
        assert!(run.stderr.contains(&format!("The address given as {field} says:")), "{}", run.stderr);
        let report = run.json();
        assert_eq!(report["connections"][0]["owner"], "acme", "{report}");
        assert_eq!(report["connections"][0]["host"], served.host());
        assert_eq!(report["connections"][0]["repository"]["url"], format!("{}/acme/blank.git", served.host()));
    }
}

#[test]
fn an_address_and_other_answers_agree_or_are_refused_once() {
    let home = Home::new();
    for (above, name, message) in [
        ("owner = \"other\"", "https://github.com/acme/gitops", "another owner"),
        ("host = \"https://git.example\"\nprovider = \"github\"", "git@github.com:acme/gitops.git", "another host"),
        ("provider = \"gitlab\"", "https://github.com/acme/gitops", "belongs to GitHub"),
        ("provider = \"github\"\nowner = \"acme\"", "https://githib.com/acme/gitops", "looks like github.com"),
        ("provider = \"github\"\nowner = \"acme\"", "https://x:hunter2@github.com/acme/gitops", "password or token"),
        ("provider = \"github\"", "https://github.com/acme", "names no repository"),
    ] {
        let text = format!(
            "version = 1\nplatform = \"keptn\"\n{above}\n[token]\nenv = \"X\"\n[repository]\nname = \"{name}\"\n"
        );
        let line = text.lines().count();
        let answers = home.write("answers.toml", &text);
        let run = setup(&home, &answers).expect(2);
        let problems = run.json()["problems"].as_array().unwrap().clone();
        assert_eq!(problems.len(), 1, "{name}: {problems:?}");
        assert_eq!(
            (&problems[0]["line"], &problems[0]["key"]),
            (&line.into(), &"repository.name".into()),
            "{problems:?}"
        );
        assert!(problems[0]["message"].as_str().unwrap().contains(message), "{problems:?}");
        assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"));
    }
    // What agrees is taken, whatever its case.
    let text = "version = 1\nplatform = \"keptn\"\nowner = \"ACME\"\n[token]\nenv = \"X\"\n[repository]\nname = \"github.com/acme/gitops\"\n";
    let run = setup(&home, &home.write("answers.toml", text));
    assert_eq!(run.code, 4, "the variable is not set, and nothing else is wrong: {}", run.stdout);
}

#[test]
fn a_host_with_the_path_of_a_repository_is_taken_apart_where_it_is_public() {
    let home = Home::new();
    let run = home.run(&["setup", "--platform", "keptn", "--host", "https://gitlab.com/acme/eu/gitops"]).expect(2);
    assert!(
        run.stderr.contains("host = \"https://gitlab.com\"") && run.stderr.contains("owner = \"acme/eu\""),
        "{}",
        run.stderr
    );
    let run =
        home.run(&["setup", "--platform", "keptn", "--provider", "gitlab", "--host", "https://dev.example/gitlab"]);
    assert!(run.expect(2).stderr.contains("host = \"https://dev.example/gitlab\""));
}

#[test]
fn the_sandbox_takes_the_address_of_a_public_host_for_its_own() {
    let home = Home::new();
    let flags = ["setup", "--sandbox", "--platform", "keptn", "--provider", "github", "--format", "json"];
    let run = home.run(&[&flags[..], &["--repository", "https://github.com/acme/blank"]].concat()).expect(0);
    let url = run.json()["connections"][0]["repository"]["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/acme/blank.git"), "{url}");
}
