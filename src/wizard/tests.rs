//! The wizard without a world: a few closed-form answers stand in for it.

mod keys;
mod rotation;

use std::collections::BTreeSet;

use super::*;
use crate::answers::Raw;
use crate::fact::{
    Expiry, FaultKind, Grants, Identity, IdentityKind, Membership, Owner, OwnerKind, Recognised, Refs, Repository,
    Server, Told, Visibility,
};
use crate::platform::built_in;
use crate::provider::TokenKind;

const NOW: &str = "2026-11-20T09:00:00Z";

/// A forge in which everything is well, but for what a test changes.
#[derive(Clone)]
struct Forge {
    scopes: BTreeSet<String>,
    repository_exists: bool,
    refs: Vec<String>,
    pushes: bool,
    /// Nobody answers git.
    git_is_silent: bool,
    identity: Result<&'static str, FaultKind>,
    reads_back: bool,
    /// The token that the provider makes pushes no more.
    renews_badly: bool,
    keys: keys::Keys,
    done: Vec<Stage>,
}

impl Default for Forge {
    fn default() -> Self {
        Self {
            scopes: ["repo", "read:org"].map(str::to_owned).into(),
            repository_exists: false,
            refs: Vec::new(),
            pushes: true,
            git_is_silent: false,
            identity: Ok("octocat"),
            reads_back: true,
            renews_badly: false,
            keys: keys::Keys::default(),
            done: Vec::new(),
        }
    }
}

impl Forge {
    fn ask(&self, query: &Query) -> Result<Value, Fault> {
        Ok(match query {
            Query::Token(_) => Value::Token(Recognised::Kind(TokenKind("classic"))),
            Query::Reach(_) => Value::Server(Server { product: "GitHub".into(), version: None, date: None }),
            Query::Identity(..) => match self.identity {
                Ok(login) => Value::Identity(Identity {
                    login: login.into(),
                    id: "1".into(),
                    kind: IdentityKind::User,
                    token: None,
                }),
                Err(kind) => return Err(Fault::new(kind, "The server refused it.")),
            },
            Query::Grants(..) => Value::Grants(Grants::Known(self.scopes.clone())),
            Query::Expiry(..) => Value::Expiry(Expiry::At("2027-02-01T00:00:00Z".parse().unwrap())),
            Query::Owner(..) => Value::Owner(Owner {
                name: "acme".into(),
                id: "7".into(),
                kind: OwnerKind::Organisation,
                membership: Membership::Member("admin".into()),
                creates: Told::Yes,
                project: None,
                deploy_keys: Told::NotTold,
            }),
            Query::Repository(_, _, place) if self.repository_exists => Value::Repository(made(place)),
            Query::Repository(..) => return Err(Fault::new(FaultKind::NotFound, "There is none.").accepted()),
            Query::Git(..) if self.git_is_silent => {
                return Err(Fault::new(FaultKind::Server, "The server could not answer."));
            }
            Query::Git(_, _, _, crate::fact::Service::Write, _) if !self.pushes => {
                return Err(Fault::new(FaultKind::NoAccess, "Permission denied.").accepted());
            }
            Query::Git(..) => Value::Refs(Refs { names: self.refs.clone(), head: None }),
            Query::KeyFile(_) | Query::Key(..) | Query::Knock(_) => return self.keys.ask(query),
            other => panic!("{other:?} was not to be asked"),
        })
    }

    fn act(&mut self, command: &Command) -> Result<Done, Fault> {
        if command.stage() != Stage::Compare {
            self.done.push(command.stage());
        }
        Ok(match command {
            Command::Compare { .. } => Done::AsFound,
            Command::ProbeStore(_) => Done::Probed,
            Command::CreateRepository(_, _, new, _) => {
                self.repository_exists = true;
                Done::Created(Box::new(made(&new.place)))
            }
            Command::GenerateKey { .. } | Command::RegisterKey(..) => return self.keys.act(command),
            Command::WriteSecret(keeping) => {
                Done::Stored(keeping.store.clone(), keeping.held.as_ref().map_or(1, |(_, generation)| generation + 1))
            }
            Command::Renew(renewal) => {
                self.pushes &= !self.renews_badly;
                let (store, expires) = (renewal.keeping.store.clone(), Expiry::At(renewal.ends));
                Done::Renewed(Renewed { store, generation: 2, expires })
            }
            Command::RevokeOld(..) => Done::Revoked,
            Command::LookAtOld(..) => Done::Dead,
            Command::RemoveOldKey(..) => Done::KeyRemoved,
            Command::ReadBack { .. } if !self.reads_back => {
                return Err(Fault::new(FaultKind::Secret, "Another secret."));
            }
            Command::ReadBack { .. } => Done::ReadBack,
            Command::Verify { .. } => Done::Verified,
            Command::WriteConfig(..) => Done::Saved,
            Command::LetGo { .. } => Done::LetGo,
        })
    }

    /// Presses Next until nothing moves.
    fn drive(&mut self, wizard: &mut Wizard) {
        let mut effects = Vec::new();
        loop {
            loop {
                let before = wizard.step();
                effects.extend(wizard.update(Event::Next));
                if wizard.step() == before {
                    break;
                }
            }
            let Some(effect) = effects.pop() else { return };
            let event = match effect {
                Effect::Forget => continue,
                Effect::Ask(ticket, query) => Event::Learned(ticket, self.ask(&query), Duration::ZERO),
                Effect::Do(ticket, command) => Event::Did(ticket, self.act(&command)),
            };
            effects.extend(wizard.update(event));
        }
    }
}

fn made(place: &Place) -> Repository {
    Repository {
        place: place.clone(),
        id: Some("9".into()),
        default_branch: Some("main".into()),
        visibility: Some(Visibility::Private),
        archived: false,
        disabled: false,
        account_pushes: Told::Yes,
        account_administers: Told::Yes,
        ssh: None,
        account_deletes: Told::Yes,
        role: None,
        pushed: None,
    }
}

fn keptn() -> Answers {
    let mut answers = Answers::default();
    for (key, text) in [
        ("platform", "keptn"),
        ("provider", "github"),
        ("owner", "acme"),
        ("token.file", "/t"),
        ("repository.name", "gitops"),
    ] {
        let field = Field::from_key(key).unwrap();
        let answer = field.parse(&Raw::Text(text)).unwrap();
        answers.set(field, answer);
    }
    answers.set(Field::RepositoryCreate, Answer::Flag(true));
    answers
}

fn wizard(answers: Answers, change: impl Fn(&mut Settings)) -> Wizard {
    let mut settings = Settings {
        dry_run: false,
        accept_failures: false,
        probes: true,
        offline: false,
        interactive: false,
        now: NOW.parse().unwrap(),
        fail_within: None,
    };
    change(&mut settings);
    Wizard::new(Purpose::Setup { held: None }, settings, Arc::new(built_in()), answers, "id".into())
}

fn verdict(wizard: &Wizard, id: &str) -> String {
    let checks = wizard.judgement().checks;
    let check = checks.iter().find(|check| check.id.name() == id);
    check.map_or("absent", |check| check.verdict.name()).to_owned()
}

#[test]
fn a_good_token_creates_stores_and_saves_in_this_order() {
    let (mut forge, mut wizard) = (Forge::default(), wizard(keptn(), |_| {}));
    forge.drive(&mut wizard);
    assert_eq!(wizard.step(), Step::Done);
    assert_eq!(
        forge.done,
        [Stage::ProbeStore, Stage::CreateRepository, Stage::WriteSecret, Stage::ReadBack, Stage::WriteConfig]
    );
    assert_eq!(crate::check::worst(&wizard.judgement().checks), Some("pass"), "{:#?}", wizard.judgement().checks);
    for id in [
        "reach",
        "identity",
        "expiry",
        "scope:repo",
        "excess",
        "owner",
        "create-repository",
        "repository",
        "empty",
        "clone",
        "push",
        "handover",
        "store",
    ] {
        assert_eq!(verdict(&wizard, id), "pass", "{id}");
    }
    assert!(wizard.connection().unwrap().repository.unwrap().created_by_us);
}

#[test]
fn nothing_changes_when_a_check_fails_or_in_a_dry_run() {
    let without_repo = Forge { scopes: ["read:org".to_owned()].into(), ..Forge::default() };
    for (mut forge, dry_run) in [(without_repo, false), (Forge::default(), true)] {
        let mut wizard = wizard(keptn(), |settings| settings.dry_run = dry_run);
        forge.drive(&mut wizard);
        assert!(forge.done.is_empty() && !wizard.is_saved());
    }
}

#[test]
fn what_a_created_repository_shows_stops_the_saving() {
    let mut forge = Forge { pushes: false, ..Forge::default() };
    let mut wizard = wizard(keptn(), |_| {});
    forge.drive(&mut wizard);
    assert_eq!(forge.done, [Stage::ProbeStore, Stage::CreateRepository]);
    assert_eq!(verdict(&wizard, "push"), "fail");
    assert!(!wizard.is_saved() && wizard.created().is_some());
}

#[test]
fn failures_are_accepted_but_never_the_floor_nor_the_store() {
    let accept = |settings: &mut Settings| settings.accept_failures = true;
    let mut forge = Forge { pushes: false, ..Forge::default() };
    let mut first = wizard(keptn(), accept);
    forge.drive(&mut first);
    assert!(first.is_saved());
    assert_eq!(first.accepted(), ["push", "handover"]);

    let mut forge = Forge { identity: Err(FaultKind::Auth), ..Forge::default() };
    let mut second = wizard(keptn(), accept);
    forge.drive(&mut second);
    assert!(!second.is_saved() && !second.nobody_answered() && forge.done.is_empty());

    let mut forge = Forge { reads_back: false, ..Forge::default() };
    let mut third = wizard(keptn(), accept);
    forge.drive(&mut third);
    assert!(!third.is_saved() && third.broken_here().is_some());
    assert_eq!(verdict(&third, "store"), "fail");
}

#[test]
fn a_refused_token_is_asked_with_once_and_no_more() {
    let mut forge = Forge { identity: Err(FaultKind::Auth), ..Forge::default() };
    let mut wizard = wizard(keptn(), |_| {});
    forge.drive(&mut wizard);
    let asked = wizard.facts().iter().filter(|(query, _)| query.credential().is_some()).count();
    assert_eq!(asked, 1, "only the identity is asked with a token that is refused");
}

#[test]
fn silence_is_not_a_refusal() {
    let mut forge = Forge { identity: Err(FaultKind::Network), ..Forge::default() };
    let mut wizard = wizard(keptn(), |settings| settings.accept_failures = true);
    forge.drive(&mut wizard);
    assert!(wizard.nobody_answered() && !wizard.floor() && !wizard.is_saved());
    assert_eq!(verdict(&wizard, "identity"), "unknown");
}

#[test]
fn a_late_reply_lands_under_the_query_it_answers() {
    let mut wizard = wizard(keptn(), |_| {});
    let effects = wizard.update(Event::Next);
    let Some(Effect::Ask(ticket, query)) = effects.first().cloned() else { panic!("nothing was asked") };
    let owner = Field::Owner.parse(&Raw::Text("other")).unwrap();
    wizard.update(Event::Answer(Field::Owner, owner));
    wizard.update(Event::Learned(ticket, Forge::default().ask(&query), Duration::ZERO));
    assert!(matches!(wizard.facts().of(&query), Some(Fact::Known(_))));
    wizard.update(Event::Learned(Ticket(99), Err(Fault::new(FaultKind::Auth, "late")), Duration::ZERO));
    assert!(wizard.facts().iter().all(|(_, fact)| !matches!(fact, Fact::Refused(_))));
}

#[test]
fn another_host_drops_the_token() {
    let host = |text| Event::Answer(Field::Host, Field::Host.parse(&Raw::Text(text)).unwrap());
    let mut wizard = wizard(keptn(), |_| {});
    wizard.update(host("https://github.com"));
    assert!(wizard.answers().source().is_some(), "the default, said aloud, is no change");
    wizard.update(host("https://b.example"));
    assert!(wizard.answers().source().is_none());
}
