//! The plain shell, driven by scripted lines against the sandbox in this process.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use git_access::answers::Answers;
use git_access::answers::Field;
use git_access::answers::file::{self, Circumstances, Whole};
use git_access::disk::Paths;
use git_access::fact::Query;
use git_access::forge::Outside;
use git_access::headless;
use git_access::plain::{Console, Left, run};
use git_access::platform::{Platform, built_in};
use git_access::sandbox::{Sandbox, Scenario};
use git_access::secret::{NotASecret, Redaction, Secret};
use git_access::store::Stores;
use git_access::wizard::{At, Found, Nearby, Only, Purpose, Settings, Step, Wizard};
use git_access::world::World;

use crate::proof::{READY, limits};

const LACKING: &str = include_str!("../../assets/sandbox/missing-scope.toml");

/// Lines that somebody types, and what came out.
struct Script {
    lines: VecDeque<String>,
    out: String,
}

impl Console for Script {
    async fn line(&mut self) -> Option<String> {
        let line = self.lines.pop_front()?;
        self.out.push_str(&format!("{line}\n"));
        Some(line)
    }

    async fn secret(&mut self, prompt: &str) -> Option<Result<Secret, NotASecret>> {
        self.write(prompt);
        Some(Secret::parse(&self.lines.pop_front()?))
    }

    fn write(&mut self, text: &str) {
        self.out.push_str(text);
    }
}

struct Stage {
    sandbox: Sandbox,
    dir: tempfile::TempDir,
}

/// A run that is over.
struct Played {
    wizard: Wizard,
    left: Left,
    out: String,
    config: String,
    unread: usize,
}

impl Stage {
    async fn of(world: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::start(Scenario::from_toml(world).unwrap(), None, dir.path()).await.unwrap();
        Self { sandbox, dir }
    }

    fn token_file(&self, name: &str) -> PathBuf {
        self.dir.path().join("tokens").join(name)
    }

    fn token(&self, name: &str) -> String {
        std::fs::read_to_string(self.token_file(name)).unwrap().trim().to_owned()
    }

    /// Lines parted by `|`, with `HOST` and `TOKEN:name` filled in.
    async fn play(&self, platforms: Vec<Platform>, nearby: Nearby, lines: &str) -> Played {
        let home = tempfile::tempdir().unwrap();
        let filled = lines.split('|').map(|line| match line.trim().split_once(':') {
            Some(("TOKEN", name)) => self.token(name),
            _ => line.trim().replace("HOST", &self.sandbox.host("github").unwrap()),
        });
        let mut script = Script { lines: filled.collect(), out: String::new() };
        let mut wizard = wizard(platforms, Answers::default(), true).near(nearby);
        let left = run(&mut wizard, &world(home.path()), &mut script).await;
        let config = std::fs::read_to_string(home.path().join("config.toml")).unwrap_or_default();
        let Script { lines, out } = script;
        assert!(!out.contains('\u{1b}'), "{out}");
        for file in std::fs::read_dir(self.dir.path().join("tokens")).unwrap() {
            let token = std::fs::read_to_string(file.unwrap().path()).unwrap();
            assert!(!out.contains(&token.trim()[8..]), "a token came out");
        }
        Played { wizard, left, out, config, unread: lines.len() }
    }
}

fn world(home: &Path) -> Arc<World> {
    let stores = Stores::in_directory(home.join("keyring"));
    let world = World::new(None, stores, Paths::under(home), Redaction::default());
    Arc::new(world.through(Outside::new(None).with_limits(limits())))
}

fn wizard(platforms: Vec<Platform>, answers: Answers, interactive: bool) -> Wizard {
    let settings = Settings {
        dry_run: false,
        accept_failures: false,
        probes: true,
        offline: false,
        interactive,
        now: jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() / 3600 * 3600).unwrap(),
        fail_within: None,
    };
    Wizard::new(Purpose::Setup { held: None }, settings, Arc::new(platforms), answers, "0123456789abcdef".into())
}

/// The config that the headless shell writes from the answers of `played`, with the token from a file.
async fn headless_config(played: &Played, token: &Path) -> String {
    let text = file::write(played.wizard.answers());
    assert!(text.contains("stdin = true"), "{text}");
    let text = text.replace("stdin = true", &format!("file = \"{}\"", token.display()));
    let reading = file::read(
        &text,
        &Circumstances {
            from_stdin: false,
            above: &Answers::default(),
            whole: &|answers| Whole { answers: answers.clone(), has_token: false, rotates: false },
            platform: &|id| built_in().into_iter().find(|one| one.id == id),
        },
    );
    assert!(reading.problems.is_empty(), "{:?}\n{text}", reading.problems);
    let home = tempfile::tempdir().unwrap();
    let mut wizard = wizard(built_in(), reading.answers, false);
    headless::drive(&mut wizard, &world(home.path())).await;
    std::fs::read_to_string(home.path().join("config.toml")).unwrap()
}

const KEPTN: &str = "1|1|HOST|acme|blank||";

/// What saving does besides is part of what is agreed to.
#[tokio::test]
async fn the_review_says_what_saving_does_besides() {
    let stage = Stage::of(READY).await;
    let home = tempfile::tempdir().unwrap();
    let lines = format!("{KEPTN}|TOKEN:keptn||||q|y").replace("HOST", &stage.sandbox.host("github").unwrap());
    let lines = lines.replace("TOKEN:keptn", &stage.token("keptn"));
    for besides in [None, Some("the mode of /c becomes 0600 (it is 0644, so that others can read it)".to_owned())] {
        let mut script = Script { lines: lines.split('|').map(str::to_owned).collect(), out: String::new() };
        let mut wizard = wizard(built_in(), Answers::default(), true).besides(besides.clone());
        run(&mut wizard, &world(home.path()), &mut script).await;
        let told = script.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains("save the connection keptn-github-acme"), "{}", script.out);
        assert_eq!(told.contains("the mode of /c becomes 0600"), besides.is_some(), "{}", script.out);
    }
}

#[tokio::test]
async fn a_whole_set_up_writes_what_the_headless_shell_writes() {
    let stage = Stage::of(READY).await;
    let lines = format!("{KEPTN}|TOKEN:keptn||||y");
    let played = stage.play(built_in(), Nearby::default(), &lines).await;
    assert_eq!((played.left, played.wizard.is_saved()), (Left::Finished, true), "{}", played.out);
    assert_eq!(played.unread, 0, "{}", played.out);
    assert_eq!(played.config, headless_config(&played, &stage.token_file("keptn")).await);
    for text in [
        "Tick these, for Keptn:",
        "[x] repo",
        "And these, for this program itself",
        "[x] read:org",
        "/settings/tokens/new?scopes=repo,read:org",
        "pass    identity",
        "The token is sent to these addresses, and to no other:",
        "The config will hold, and what was verified:",
        "[connections.keptn-github-acme",
        "done    save the connection keptn-github-acme",
        "What to enter at Keptn:",
        "Git token: (the token, from keyring)",
        "git access rotate keptn-github-acme",
    ] {
        assert!(played.out.contains(text), "{text} is missing in\n{}", played.out);
    }
    // What is next comes last.
    let place = |text: &str| played.out.find(text).unwrap();
    assert!(place("What to enter at Keptn:") < place("git access rotate keptn-github-acme"), "{}", played.out);
    let whole = played.out.lines().all(|line| line.chars().count() <= 80 || line.contains("://"));
    assert!(whole, "a line is too long:\n{}", played.out);
}

/// An access for oneself is handed to nobody, and no sentence is built as if it were.
#[tokio::test]
async fn an_access_of_ones_own_is_spoken_of_as_one() {
    let stage = Stage::of(READY).await;
    let played = stage.play(built_in(), Nearby::default(), "7|1|HOST|acme|webshop|||TOKEN:argocd||||y").await;
    assert!(played.wizard.is_saved(), "{}", played.out);
    for text in [
        "It can be left out: leave the name empty then.",
        "Tick these, for this program itself:",
        "&description=git-access&",
        "What this access opens is looked at now. Nothing is changed.",
        "What comes next:",
        "git-access setup-git",
    ] {
        assert!(played.out.contains(text), "{text} is missing in\n{}", played.out);
    }
    let told = played.out.split_once("Provider").unwrap().1;
    for text in ["no platform", "nowhere", "at none", "for none"] {
        assert!(!told.contains(text), "{text} is in\n{}", played.out);
    }
}

#[tokio::test]
async fn what_was_left_open_is_chosen_from_lists() {
    let stage = Stage::of(READY).await;
    // Neither owner nor repository; then from the lists: filtered, by number and by name.
    let lines = "1|1|HOST|||| TOKEN:keptn | | l acm |1| l bla |1||| y";
    let played = stage.play(built_in(), Nearby::default(), lines).await;
    assert!(played.wizard.is_saved(), "{}", played.out);
    assert!(played.out.contains("What your token can see"), "{}", played.out);
    assert_eq!(played.config, headless_config(&played, &stage.token_file("keptn")).await);
    let lists = played.wizard.facts().iter().filter(|(query, _)| matches!(query, Query::Repositories(..))).count();
    assert_eq!(lists, 1);
}

#[tokio::test]
async fn back_help_and_what_is_wrong_lead_to_the_same_end() {
    let stage = Stage::of(READY).await;
    let lines = "?|? 2|9|2|b|1|1|http://git.example|HOST|b||HOST|-acme|acme|b|acme|blank|perhaps|n|+|||| \
                 glpat-abcdefghijklmnopqrst|TOKEN:keptn|soon||||y";
    let played = stage.play(built_in(), Nearby::default(), lines).await;
    assert!(played.wizard.is_saved(), "{}", played.out);
    for text in ["Write one of the numbers.", "answer yes or no", "begins with a hyphen", "a token of GitLab", "never"]
    {
        assert!(played.out.contains(text), "{text} is missing in\n{}", played.out);
    }
    assert_eq!(played.config, headless_config(&played, &stage.token_file("keptn")).await);
}

#[tokio::test]
async fn an_answer_is_edited_from_the_review() {
    let stage = Stage::of(READY).await;
    let before = format!("{KEPTN}|TOKEN:keptn||||");
    let seen = stage.play(built_in(), Nearby::default(), &format!("{before}q|y")).await;
    assert_eq!((seen.left, seen.config.as_str()), (Left::GivenUp, ""), "{}", seen.out);
    assert_eq!(seen.wizard.step(), Step::Review);
    let number = |label: &str| {
        let line = seen
            .out
            .lines()
            .find(|line| line.trim_start().split_once("  ").is_some_and(|(_, it)| it.starts_with(label)));
        line.unwrap_or_else(|| panic!("{label}: {}", seen.out)).trim().split(' ').next().unwrap().to_owned()
    };
    let (name, parameter, host) = (number("Name "), number("project "), number("Host "));
    let lines = format!("{before}{name}|my-keptn|{parameter}|sock shop|{host}|HOST|y");
    let played = stage.play(built_in(), Nearby::default(), &lines).await;
    assert!(played.wizard.is_saved(), "{}", played.out);
    assert!(
        played.config.contains("[connections.my-keptn") && played.config.contains("sock shop"),
        "{}",
        played.config
    );
    assert_eq!(played.config, headless_config(&played, &stage.token_file("keptn")).await);
}

#[tokio::test]
async fn quitting_asks_and_an_ended_input_saves_nothing() {
    let stage = Stage::of(READY).await;
    let played = stage.play(built_in(), Nearby::default(), "q").await;
    assert_eq!(played.left, Left::GivenUp, "nothing would be lost");
    assert!(!played.out.contains("is lost"));
    let played = stage.play(built_in(), Nearby::default(), "1|q|n|1|q|y").await;
    assert_eq!((played.left, played.unread), (Left::GivenUp, 0));
    assert!(played.out.contains("Left. Nothing was saved."), "{}", played.out);
    let played = stage.play(built_in(), Nearby::default(), &format!("{KEPTN}|TOKEN:keptn")).await;
    assert_eq!((played.left, played.config.as_str()), (Left::GivenUp, ""));
    assert!(played.out.contains("The input ended"), "{}", played.out);
}

#[tokio::test]
async fn a_token_without_its_scope_is_told_and_not_saved() {
    let stage = Stage::of(LACKING).await;
    let lines = format!("{KEPTN}|TOKEN:keptn||1|q|y");
    let played = stage.play(built_in(), Nearby::default(), &lines).await;
    assert_eq!((played.left, played.config.as_str()), (Left::GivenUp, ""), "{}", played.out);
    assert_eq!(played.wizard.step(), Step::Checks);
    for text in ["fail    scope:repo", "-> ", "ask everything again", "edit: Token"] {
        assert!(played.out.contains(text), "{text} is missing in\n{}", played.out);
    }
    assert!(!played.out.contains("go on\n"), "{}", played.out);
}

#[tokio::test]
async fn a_platform_of_somebody_moves_no_cursor() {
    let stage = Stage::of(READY).await;
    let mut platforms = built_in();
    let mut own = platforms[0].clone();
    own.id = "own".into();
    own.title = "Own\u{1b}[2J\u{9b}31m".into();
    own.about = "About\u{1b}]0;x\u{7}".into();
    for pair in own.provider.values_mut() {
        for need in pair.token.values_mut().flat_map(|kind| kind.needs.iter_mut()) {
            need.reason = "Reason\u{1b}[31m".into();
        }
    }
    own.handover.steps = vec!["Step\u{1b}c".into()];
    platforms.insert(0, own);
    let lines = "? 1|1|1|HOST|acme|blank|||TOKEN:keptn||||y";
    let played = stage.play(platforms, Nearby::default(), lines).await;
    assert!(played.wizard.is_saved(), "{}", played.out);
    let moves = played.out.chars().find(|letter| letter.is_control() && *letter != '\n');
    assert_eq!(moves, None);
    assert!(played.out.contains("Own^[[2J"), "{}", played.out);
}

#[tokio::test]
async fn what_lies_nearby_is_offered_first_and_a_token_only_when_somebody_says_so() {
    let stage = Stage::of(READY).await;
    let host = git_access::provider::Host::parse(&stage.sandbox.host("github").unwrap()).unwrap();
    let provider = git_access::provider::Provider::ALL[0];
    let only = |host: Option<_>| Some(Only::of(provider).at(host.map_or(At::All, At::This)));
    let found = |field, text: &str, only| Found { field, text: text.into(), place: "the place".into(), only };
    let nearby = Nearby {
        found: vec![
            found(Field::Provider, "github", None),
            found(Field::Host, &host.to_string(), only(None)),
            found(Field::Owner, "acme", only(Some(host.clone()))),
            found(Field::Repository, "blank", only(Some(host.clone()))),
            found(Field::TokenEnv, "SOME_TOKEN", only(Some(host.clone()))),
            found(Field::TokenEnv, "OTHER_TOKEN", only(Some(host))),
        ],
        taken: ["keptn-github-acme".to_owned()].into(),
        ..Nearby::default()
    };
    // Enter, all the way; the token's place takes a word.
    let played = stage.play(built_in(), nearby.clone(), "1|||||| | | |TOKEN:keptn||||y").await;
    assert!(played.out.contains("Found: OTHER_TOKEN (the place). Take the token from there?"), "{}", played.out);
    assert!(played.wizard.is_saved(), "{}", played.out);
    assert!(played.out.contains("Found: SOME_TOKEN (the place). Take the token from there?"), "{}", played.out);
    assert!(played.config.contains("[connections.keptn-github-acme-2"), "a taken name is not taken again");
    assert_eq!(played.config.matches("SOME_TOKEN").count(), 0);
    let elsewhere = Nearby { found: nearby.found.iter().skip(2).cloned().collect(), ..Nearby::default() };
    let played = stage.play(built_in(), elsewhere, "1|1|https://git.example:1|q|2|y").await;
    assert!(played.out.contains("Write y or n."), "a number is no answer to it:\n{}", played.out);
    assert!(!played.out.contains("Found:"), "what belongs to another host is not offered:\n{}", played.out);
}

#[tokio::test]
async fn what_failed_is_mended_from_the_checks() {
    let stage = Stage::of(READY).await;
    // A revoked token: nothing can be saved, and the answer that causes it is edited in place.
    let lines = format!("{KEPTN}|TOKEN:withdrawn||2|TOKEN:keptn|||y");
    let played = stage.play(built_in(), Nearby::default(), &lines).await;
    assert!(played.out.contains("nothing can be saved"), "{}", played.out);
    assert!(!played.out.contains("save although"), "below the floor nothing is accepted:\n{}", played.out);
    assert!(played.wizard.is_saved(), "{}", played.out);
    assert_eq!(played.config, headless_config(&played, &stage.token_file("keptn")).await);
}

#[tokio::test]
async fn a_failure_is_saved_only_after_a_question() {
    let stage = Stage::of(LACKING).await;
    let before = format!("{KEPTN}|TOKEN:keptn||");
    let seen = stage.play(built_in(), Nearby::default(), &format!("{before}q|y")).await;
    let accept = seen.out.lines().find(|line| line.contains("save although something failed")).unwrap();
    let accept = accept.split_whitespace().next().unwrap();
    let lines = format!("{before}{accept}|n|{accept}|y||y");
    let played = stage.play(built_in(), Nearby::default(), &lines).await;
    assert!(played.wizard.is_saved(), "{}", played.out);
    assert!(played.out.contains("These failed: ") && played.out.contains("scope:repo"), "{}", played.out);
    assert!(played.config.contains("accepted = ["), "{}", played.config);
}

#[tokio::test]
async fn a_path_that_is_saved_holds_in_every_directory() {
    let stage = Stage::of(READY).await;
    let lines = format!("{KEPTN}|TOKEN:keptn|||3|secrets/token|q|y");
    let played = stage.play(built_in(), Nearby::default(), &lines).await;
    assert_eq!((played.wizard.step(), played.config.as_str()), (Step::Review, ""), "{}", played.out);
    let path = std::env::current_dir().unwrap().join("secrets/token");
    assert!(played.out.contains(&format!("path = \"{}\"", path.display())), "{}", played.out);
}
