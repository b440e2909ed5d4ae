//! The pages, for every pair, as somebody comes to them who types.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::answers::Answers;
use crate::fact::{FaultKind, Identity, IdentityKind, Page, Recognised, Row, Server, Ticket};
use crate::platform::built_in;
use crate::provider::{Host, Provider};
use crate::wizard::{Effect, Event, Nearby, Purpose, Settings};

fn wizard(nearby: Nearby) -> Wizard {
    let settings = Settings {
        dry_run: false,
        accept_failures: false,
        probes: true,
        offline: false,
        interactive: true,
        now: "2026-11-20T09:00:00Z".parse().unwrap(),
        fail_within: None,
    };
    let platforms = Arc::new(built_in());
    Wizard::new(Purpose::Setup { held: None }, settings, platforms, Answers::default(), "id".into()).near(nearby)
}

fn answer(wizard: &mut Wizard, field: Field, text: &str) -> Vec<Effect> {
    let answer = wizard.take(&field, text).unwrap_or_else(|reason| panic!("{}: {reason}", field.key()));
    wizard.update(Event::Answer(field, answer))
}

fn go_on(wizard: &mut Wizard) -> Step {
    wizard.update(Event::Next);
    wizard.step()
}

/// Plays the server for what is asked first: everything else stays open.
fn reply(wizard: &mut Wizard, effects: Vec<Effect>) {
    let mut open = effects;
    while let Some(effect) = open.pop() {
        let Effect::Ask(ticket, query) = effect else { continue };
        let value = match query {
            Query::Token(_) => Value::Token(Recognised::Untold),
            Query::Reach(_) => Value::Server(Server { product: "GitHub".into(), version: None, date: None }),
            Query::Identity(..) => Value::Identity(Identity {
                login: "octocat".into(),
                id: "1".into(),
                kind: IdentityKind::User,
                token: None,
            }),
            Query::Owners(..) => Value::Page(page(&["acme", "octocat"])),
            Query::Repositories(..) => Value::Page(page(&["gitops"])),
            _ => continue,
        };
        open.extend(wizard.update(Event::Learned(ticket, Ok(value), Duration::ZERO)));
    }
}

fn page(names: &[&str]) -> Page {
    let row = |name: &&str| Row { name: (*name).to_owned(), note: String::new() };
    Page { rows: names.iter().map(row).collect(), cut: None }
}

#[test]
fn every_pair_has_pages_whose_questions_can_be_told_apart() {
    for platform in built_in() {
        for provider in Provider::ALL {
            let mut wizard = wizard(Nearby::default());
            answer(&mut wizard, Field::Platform, &platform.id);
            go_on(&mut wizard);
            let rows = wizard.screen(Step::Provider).asks.remove(0);
            let Control::Choice(rows) = rows.control else { panic!("providers are chosen") };
            let row = rows.iter().find(|row| row.word == provider.id()).unwrap();
            assert_eq!(row.refused.is_some(), platform.pair(*provider).is_err(), "{} x {provider}", platform.id);
            assert!(row.refused.is_some() || !row.detail.is_empty());
            if row.refused.is_some() {
                continue;
            }
            answer(&mut wizard, Field::Provider, provider.id());
            if provider.rules().default_host().is_none() {
                answer(&mut wizard, Field::Host, "https://git.example");
            }
            assert_eq!(go_on(&mut wizard), Step::Place, "{} x {provider}", platform.id);
            for step in Step::PATH {
                let screen = wizard.screen(*step);
                assert!(!screen.title.is_empty());
                let mut labels = BTreeSet::new();
                for ask in &screen.asks {
                    assert!(labels.insert(ask.label.clone()) && !ask.help.is_empty(), "{step:?}: {}", ask.label);
                    assert!(ask.label.split(' ').count() <= 3, "{}", ask.label);
                    // What is missing is said as a sentence for a person, and not with the keys of the answers file.
                    let missing = ask.problem.as_ref().filter(|_| ask.answered.is_none());
                    assert!(missing.is_none_or(|text| !text.contains('`')), "{step:?}: {missing:?}");
                    if let Control::Choice(rows) = &ask.control {
                        let default = ask.default.as_ref().is_none_or(|word| rows.iter().any(|row| row.word == *word));
                        assert!(default, "{step:?}: {} has a default that cannot be chosen", ask.label);
                    }
                }
                for note in &screen.notes {
                    assert!(note.url.as_ref().is_none_or(|url| url.starts_with("https://")), "{}", note.text);
                }
            }
        }
    }
}

#[test]
fn what_is_left_open_is_chosen_from_what_the_token_can_see() {
    let mut wizard = wizard(Nearby::default());
    answer(&mut wizard, Field::Platform, "keptn");
    go_on(&mut wizard);
    let greeting = answer(&mut wizard, Field::Provider, "github");
    reply(&mut wizard, greeting);
    assert_eq!(go_on(&mut wizard), Step::Place);
    assert_eq!(go_on(&mut wizard), Step::Repository, "the owner may stay open");
    assert_eq!(go_on(&mut wizard), Step::Access, "the repository as well");
    assert_eq!(go_on(&mut wizard), Step::Token);
    assert_eq!(go_on(&mut wizard), Step::Token, "not the token");
    let effects = wizard.update(Event::Answer(Field::TokenTyped, Answer::Typed(1)));
    reply(&mut wizard, effects);
    assert!(wizard.path().contains(&Step::Open));
    let effects = wizard.update(Event::Next);
    assert_eq!(wizard.step(), Step::Open);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Ask(_, Query::Owners(..)))), "{effects:?}");
    reply(&mut wizard, effects);
    assert_eq!(go_on(&mut wizard), Step::Open, "what is needed is not passed over");
    let effects = answer(&mut wizard, Field::Owner, "acme");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Ask(_, Query::Repositories(..)))));
    reply(&mut wizard, effects);
    let screen = wizard.screen(Step::Open);
    let fields: Vec<_> = screen.asks.iter().map(|ask| ask.field.clone()).collect();
    assert_eq!(fields, [Field::Owner, Field::Repository], "a choice that was made can be changed");
    let Control::Live(query) = &screen.asks[1].control else { panic!("repositories are a list") };
    assert_eq!(wizard.rows(query).unwrap().rows[0].name, "gitops");
    answer(&mut wizard, Field::Repository, "gitops");
    assert_eq!(go_on(&mut wizard), Step::Checks);
    wizard.update(Event::Back);
    assert_eq!(wizard.step(), Step::Open);
    wizard.update(Event::Go(Step::Platform));
    wizard.update(Event::Go(Step::Checks));
    assert_eq!(wizard.step(), Step::Checks, "what was come to once can be gone to again");
}

#[test]
fn pages_without_a_question_are_passed_over_both_ways() {
    let mut wizard = wizard(Nearby::default());
    answer(&mut wizard, Field::Platform, "keptn");
    answer(&mut wizard, Field::Provider, "github");
    answer(&mut wizard, Field::Owner, "acme");
    answer(&mut wizard, Field::Repository, "gitops");
    assert!(!wizard.path().contains(&Step::Open));
    for _ in 0..5 {
        go_on(&mut wizard);
    }
    assert_eq!(wizard.step(), Step::Token);
    wizard.update(Event::Answer(Field::TokenTyped, Answer::Typed(1)));
    assert_eq!(go_on(&mut wizard), Step::Checks);
    wizard.update(Event::Back);
    assert_eq!(wizard.step(), Step::Token);
}

#[test]
fn what_lies_around_is_offered_and_not_taken() {
    let found = Found {
        field: Field::Owner,
        text: "acme".into(),
        place: "the remote origin of this directory".into(),
        only: None,
    };
    let taken = ["keptn-github-acme".to_owned()].into();
    let nearby = Nearby { found: vec![found.clone()], taken, ..Nearby::default() };
    let mut wizard = wizard(nearby);
    answer(&mut wizard, Field::Platform, "keptn");
    answer(&mut wizard, Field::Provider, "github");
    let ask = wizard.screen(Step::Place).asks.remove(0);
    assert_eq!((ask.found, ask.answered), (Some(found), None));
    answer(&mut wizard, Field::Owner, "acme");
    assert_eq!(wizard.free_name().unwrap(), "keptn-github-acme-2");
    assert!(wizard.take(&Field::Name, "keptn-github-acme").is_err());
    assert_eq!(wizard.screen(Step::Review).asks[0].default.as_deref(), Some("keptn-github-acme-2"));
}

#[test]
fn what_was_typed_becomes_an_answer_and_comes_back_as_text() {
    let wizard = wizard(Nearby::default());
    for (field, text, back) in [
        (Field::TokenCommand, "op read \"op://a b/c\"", "op read 'op://a b/c'"),
        (Field::RepositoryCreate, "Y", "yes"),
        (Field::TokenExpires, "2027-02-01", "2027-02-01"),
        (Field::Host, "https://git.example/x/", "https://git.example/x"),
        (Field::Visibility, "private", "private"),
    ] {
        let mut answers = Answers::default();
        answers.set(field.clone(), wizard.take(&field, text).unwrap());
        assert_eq!(answers.shown(&field).as_deref(), Some(back));
        assert_eq!(wizard.take(&field, back).unwrap(), wizard.take(&field, text).unwrap());
    }
    for (field, text) in [(Field::TokenCommand, "op 'read"), (Field::RepositoryCreate, "perhaps"), (Field::Owner, "")] {
        assert!(wizard.take(&field, text).is_err());
    }
}

#[test]
fn a_silent_list_holds_nobody_up() {
    let mut wizard = wizard(Nearby::default());
    answer(&mut wizard, Field::Platform, "none");
    let greeting = answer(&mut wizard, Field::Provider, "github");
    reply(&mut wizard, greeting);
    let effects = wizard.update(Event::Answer(Field::TokenTyped, Answer::Typed(1)));
    reply(&mut wizard, effects);
    let effects: Vec<Effect> = (0..7).flat_map(|_| wizard.update(Event::Next)).collect();
    assert_eq!(wizard.step(), Step::Open);
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Ask(ticket, Query::Owners(..)) => Some(*ticket),
        _ => None,
    });
    let fault = crate::fact::Fault::new(FaultKind::Timeout, "Nobody answered.");
    wizard.update(Event::Learned(asked.unwrap(), Err(fault), Duration::ZERO));
    answer(&mut wizard, Field::Owner, "acme");
    assert_ne!(go_on(&mut wizard), Step::Open);
}

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

#[test]
fn a_platform_that_signs_in_with_a_key_is_asked_for_one() {
    let fields = |wizard: &Wizard| -> Vec<Field> {
        wizard.screen(Step::Access).asks.into_iter().filter(|ask| !ask.advanced).map(|ask| ask.field).collect()
    };
    let mut wizard = wizard(Nearby::default());
    answer(&mut wizard, Field::Platform, "flux");
    answer(&mut wizard, Field::Provider, "github");
    assert_eq!(fields(&wizard), [Field::TokenKind, Field::SshPublicKey, Field::SshGenerate]);
    // No token serves DXUP on Bitbucket.
    answer(&mut wizard, Field::Platform, "dxup");
    answer(&mut wizard, Field::Provider, "bitbucket");
    assert_eq!(fields(&wizard), [Field::SshPublicKey, Field::SshGenerate]);
    answer(&mut wizard, Field::Owner, "acme");
    answer(&mut wizard, Field::Repository, "webshop");
    answer(&mut wizard, Field::SshPublicKey, KEY);
    assert_eq!(fields(&wizard), [Field::SshPublicKey, Field::SshPrivateKey]);
    assert_eq!(wizard.answers().shown(&Field::SshPublicKey).as_deref(), Some(KEY));
    assert!(!wizard.path().contains(&Step::Store), "a key rests where it lies");
    for _ in 0..6 {
        go_on(&mut wizard);
    }
    assert_eq!(wizard.step(), Step::Checks, "a token is optional beside a key");
    assert!(wizard.rests().contains("the platform has the private half"));
}

#[test]
fn a_list_that_comes_tells_how_far_it_is() {
    let mut wizard = wizard(Nearby::default());
    answer(&mut wizard, Field::Platform, "none");
    let greeting = answer(&mut wizard, Field::Provider, "github");
    reply(&mut wizard, greeting);
    let effects = wizard.update(Event::Answer(Field::TokenTyped, Answer::Typed(1)));
    reply(&mut wizard, effects);
    let effects: Vec<Effect> = (0..7).flat_map(|_| wizard.update(Event::Next)).collect();
    assert_eq!(wizard.step(), Step::Open);
    let (ticket, query) = effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Ask(ticket, query @ Query::Owners(..)) => Some((*ticket, query.clone())),
            _ => None,
        })
        .unwrap();
    assert_eq!(wizard.facts().listed_so_far(&query), 0);
    wizard.update(Event::Listed(ticket, 200));
    wizard.update(Event::Listed(Ticket(99), 7));
    assert_eq!(wizard.facts().listed_so_far(&query), 200);
    assert_eq!(wizard.rows(&query).map(|page| page.rows.len()), None);
    wizard.update(Event::Learned(ticket, Ok(Value::Page(page(&["acme"]))), Duration::ZERO));
    assert_eq!(wizard.facts().listed_so_far(&query), 0);
    assert_eq!(wizard.rows(&query).map(|page| page.rows.len()), Some(1));
}

#[test]
fn what_was_chosen_from_a_list_holds_for_that_list_and_what_was_typed_stays() {
    let mut wizard = wizard(Nearby::default());
    answer(&mut wizard, Field::Platform, "none");
    let greeting = answer(&mut wizard, Field::Provider, "github");
    reply(&mut wizard, greeting);
    let effects = wizard.update(Event::Answer(Field::TokenTyped, Answer::Typed(1)));
    reply(&mut wizard, effects);
    let effects: Vec<Effect> = (0..7).flat_map(|_| wizard.update(Event::Next)).collect();
    reply(&mut wizard, effects);
    assert_eq!(wizard.step(), Step::Open);
    let effects = answer(&mut wizard, Field::Owner, "acme");
    reply(&mut wizard, effects);
    answer(&mut wizard, Field::Repository, "gitops");
    answer(&mut wizard, Field::RepositoryCreate, "yes");
    let before = wizard.answers().clone();
    answer(&mut wizard, Field::Owner, "octocat");
    assert!(!wizard.answers().has(&Field::Repository) && !wizard.answers().has(&Field::RepositoryCreate));
    assert_eq!(wizard.moved(&before), ["The repository gitops was chosen from another list: choose it anew."]);
    // Back at the old owner the old answer is there again; taken back, it is gone.
    answer(&mut wizard, Field::Owner, "acme");
    assert_eq!(wizard.answers().text(&Field::Repository), Some("gitops"));
    wizard.update(Event::Clear(Field::Repository));
    answer(&mut wizard, Field::Owner, "octocat");
    answer(&mut wizard, Field::Owner, "acme");
    assert_eq!(wizard.answers().text(&Field::Repository), None);
    // What somebody typed is a decision.
    answer(&mut wizard, Field::Repository, "my-own");
    let before = wizard.answers().clone();
    answer(&mut wizard, Field::Owner, "octocat");
    assert_eq!(wizard.answers().text(&Field::Repository), Some("my-own"));
    assert_eq!(wizard.moved(&before), ["The repository my-own stays, and is tried anew at octocat"]);
    // Another server has other owners.
    let before = wizard.answers().clone();
    answer(&mut wizard, Field::Host, "https://git.example");
    assert_eq!(wizard.answers().text(&Field::Owner), None, "{:?}", wizard.moved(&before));
}

#[test]
fn a_host_is_repeated_as_it_is_understood() {
    let wizard = wizard(Nearby::default());
    assert_eq!(wizard.understood(&Field::Host, "acme").unwrap(), "Understood as the server https://acme");
    for (field, text) in [(Field::Host, "https://git.example/"), (Field::Host, "a b"), (Field::Owner, "acme")] {
        assert_eq!(wizard.understood(&field, text), None, "{text}");
    }
}

#[test]
fn a_sandbox_answers_for_the_host_and_says_at_the_end_that_it_is_over() {
    let host = Host::parse("http://127.0.0.1:4711").unwrap();
    let github = crate::provider::Provider::ALL[0];
    let nearby = Nearby { played: [(github, host.clone())].into(), ..Nearby::default() };
    let mut wizard = wizard(nearby);
    answer(&mut wizard, Field::Platform, "devtron");
    answer(&mut wizard, Field::Provider, "github");
    answer(&mut wizard, Field::Host, "https://git.example");
    assert_eq!(wizard.answers().site().unwrap().host, host, "nobody else's server is asked");
    let screen = wizard.screen(Step::Provider);
    assert!(screen.asks.iter().all(|ask| ask.field == Field::Provider));
    assert!(screen.notes.iter().any(|note| note.text.contains("plays GitHub at http://127.0.0.1:4711")));
}

#[test]
fn what_is_missing_for_a_store_is_said_at_its_path() {
    let mut wizard = wizard(Nearby::default());
    answer(&mut wizard, Field::Platform, "none");
    answer(&mut wizard, Field::Provider, "github");
    answer(&mut wizard, Field::StoreKind, "file");
    let asks = wizard.screen(Step::Store).asks;
    let problem = |field| asks.iter().find(|ask| ask.field == field).unwrap().problem.clone();
    assert_eq!(problem(Field::StoreKind), None);
    assert!(problem(Field::StorePath).unwrap().starts_with("Write the path of the file"));
}
