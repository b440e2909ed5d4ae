//! The wizard with an SSH key.

use super::*;
use crate::fact::Service;
use crate::key::{Heard, PublicKey, RegisteredKey};

const LINE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

/// The key's side of a world.
#[derive(Clone)]
pub(super) struct Keys {
    has_files: bool,
    /// Registered, and whether only to read.
    listed: Option<bool>,
    open_to_new: bool,
    /// What each service is told.
    reads: Result<(), FaultKind>,
    writes: Result<(), FaultKind>,
    is_known: bool,
}

impl Default for Keys {
    fn default() -> Self {
        Self { has_files: true, listed: None, open_to_new: true, reads: Ok(()), writes: Ok(()), is_known: true }
    }
}

fn public() -> PublicKey {
    PublicKey::parse(LINE).unwrap()
}

fn row(read_only: bool) -> RegisteredKey {
    RegisteredKey { id: "5".into(), title: "flux".into(), read_only: Some(read_only), usable: true }
}

impl Keys {
    pub(super) fn ask(&self, query: &Query) -> Result<Value, Fault> {
        let refused = |kind| Fault::new(kind, "No.");
        match query {
            Query::KeyFile(_) if self.has_files => Ok(Value::PublicKey(public())),
            Query::KeyFile(_) => Err(refused(FaultKind::NotFound)),
            Query::Key(..) => match self.listed {
                Some(read_only) => Ok(Value::Key(row(read_only))),
                None => Err(refused(FaultKind::NotFound).accepted()),
            },
            Query::Knock(_) if !self.is_known => {
                let (line, fingerprint) = ("github.com ssh-ed25519 AAAA".into(), "SHA256:x".into());
                Ok(Value::Heard(Heard::Stranger { line, fingerprint }))
            }
            Query::Knock(knock) => {
                let told = if knock.service == Service::Read { self.reads } else { self.writes };
                let refs = Refs { names: Vec::new(), head: None };
                told.map(|()| Value::Heard(Heard::Refs(refs))).map_err(refused)
            }
            other => panic!("{other:?} is not about a key"),
        }
    }

    pub(super) fn act(&mut self, command: &Command) -> Result<Done, Fault> {
        match command {
            Command::GenerateKey { .. } => {
                self.has_files = true;
                Ok(Done::Generated(public()))
            }
            Command::RegisterKey(_, _, new) if self.open_to_new => {
                assert_eq!(new.key.as_ref(), Some(&public()));
                self.listed = Some(new.read_only);
                Ok(Done::Registered(row(new.read_only)))
            }
            Command::RegisterKey(..) => Err(Fault::new(FaultKind::NoAccess, "In use elsewhere.").accepted()),
            other => panic!("{other:?} is not about a key"),
        }
    }
}

fn answers(platform: &str, given: &[(&str, &str)]) -> Answers {
    let mut answers = Answers::default();
    let always = [("platform", platform), ("provider", "github"), ("owner", "acme"), ("repository.name", "gitops")];
    for (key, text) in always.iter().chain(given) {
        let field = Field::from_key(key).unwrap();
        let raw = match *text {
            "true" => Raw::Flag(true),
            "false" => Raw::Flag(false),
            text => Raw::Text(text),
        };
        let answer = field.parse(&raw).unwrap();
        answers.set(field, answer);
    }
    answers
}

const TOKEN: (&str, &str) = ("token.file", "/t");
const NEW: (&str, &str) = ("ssh.generate", "/k");
const PUBLIC: (&str, &str) = ("ssh.public_key", "/k.pub");
const PRIVATE: (&str, &str) = ("ssh.private_key", "/k");

fn run(platform: &str, given: &[(&str, &str)], keys: Keys, exists: bool) -> (Forge, Wizard) {
    let mut forge = Forge { keys, repository_exists: exists, ..Forge::default() };
    let mut wizard = wizard(answers(platform, given), |_| {});
    forge.drive(&mut wizard);
    (forge, wizard)
}

#[test]
fn a_new_key_is_made_first_and_registered_once_its_repository_is_there() {
    let given = [TOKEN, NEW, ("repository.create", "true")];
    let (forge, wizard) = run("flux", &given, Keys { has_files: false, ..Keys::default() }, false);
    let order = [Stage::GenerateKey, Stage::CreateRepository, Stage::RegisterKey, Stage::WriteConfig];
    assert_eq!(forge.done, order);
    assert_eq!(crate::check::worst(&wizard.judgement().checks), Some("pass"), "{:#?}", wizard.judgement().checks);
    let saved = wizard.connection().unwrap();
    assert!(saved.token.is_none() && verdict(&wizard, "store") == "absent");
    let ssh = saved.ssh.unwrap();
    assert_eq!((ssh.fingerprint.as_deref(), ssh.key_id.as_deref()), (Some(public().fingerprint()), Some("5")));
    assert_eq!(saved.repository.unwrap().ssh_url.as_deref(), Some("ssh://git@github.com/acme/gitops.git"));
    assert_eq!(wizard.notices().len(), 1);
}

#[test]
fn what_is_to_be_done_is_listed_before_anything_is() {
    let given = [TOKEN, NEW, ("repository.create", "true")];
    let mut forge = Forge { keys: Keys { has_files: false, ..Keys::default() }, ..Forge::default() };
    let mut wizard = wizard(answers("flux", &given), |settings| settings.dry_run = true);
    forge.drive(&mut wizard);
    let listed: Vec<_> = wizard.commands().iter().map(Command::stage).collect();
    assert_eq!(listed, [Stage::GenerateKey, Stage::CreateRepository, Stage::RegisterKey, Stage::WriteConfig]);
    assert!(forge.done.is_empty() && wizard.commands().iter().all(|command| !command.describe().is_empty()));
}

#[test]
fn a_registered_key_is_adopted_and_its_access_is_what_counts() {
    for (platform, listed, stages, key, saved) in [
        ("flux", Some(false), &[Stage::WriteConfig][..], "pass", true),
        ("flux", Some(true), &[], "fail", false),
        ("argocd", Some(true), &[Stage::WriteConfig], "pass", true),
        ("argocd", Some(false), &[Stage::WriteConfig], "warn", true),
        ("argocd", None, &[Stage::RegisterKey, Stage::WriteConfig], "pass", true),
    ] {
        let (forge, wizard) = run(platform, &[TOKEN, PUBLIC, PRIVATE], Keys { listed, ..Keys::default() }, true);
        assert_eq!(forge.done, stages, "{platform} {listed:?}");
        assert_eq!((verdict(&wizard, "ssh-key").as_str(), wizard.is_saved()), (key, saved), "{platform} {listed:?}");
    }
}

#[test]
fn without_the_private_half_nothing_is_green() {
    for (given, listed) in [(vec![TOKEN, PUBLIC], Some(false)), (vec![TOKEN, PUBLIC], None), (vec![PUBLIC], None)] {
        let (_, wizard) = run("flux", &given, Keys { listed, ..Keys::default() }, true);
        for id in ["ssh-key", "clone", "push"] {
            assert_eq!(verdict(&wizard, id), "unknown", "{id} of {given:?}");
        }
        assert!(wizard.is_saved() && wizard.floor());
    }
}

#[test]
fn a_key_alone_is_saved_on_an_answer_or_where_the_question_cannot_be_put() {
    let said = |reads| Keys { reads, ..Keys::default() };
    for (keys, key, saved, silence) in [
        (said(Ok(())), "pass", true, false),
        (said(Err(FaultKind::Auth)), "fail", false, false),
        (said(Err(FaultKind::NotFound)), "fail", false, false),
        (said(Err(FaultKind::Tls)), "fail", false, false),
        (said(Err(FaultKind::Network)), "unknown", false, true),
        (said(Err(FaultKind::Secret)), "unknown", true, false),
        (Keys { is_known: false, ..Keys::default() }, "unknown", true, false),
        (Keys { writes: Err(FaultKind::NoAccess), ..Keys::default() }, "fail", false, false),
    ] {
        let (_, wizard) = run("flux", &[PUBLIC, PRIVATE], keys.clone(), true);
        let seen = (verdict(&wizard, "ssh-key"), wizard.is_saved(), !wizard.floor() && wizard.nobody_answered());
        assert_eq!(seen, (key.to_owned(), saved, silence), "{:?} {:?}", keys.reads, keys.writes);
    }
}

#[test]
fn failures_of_a_key_alone_are_accepted_above_the_floor_only() {
    for (reads, writes, saved) in [
        (Ok(()), Err(FaultKind::NoAccess), true),
        (Err(FaultKind::Auth), Ok(()), false),
        (Err(FaultKind::Network), Ok(()), false),
    ] {
        let mut forge = Forge { keys: Keys { reads, writes, ..Keys::default() }, ..Forge::default() };
        let mut wizard = wizard(answers("flux", &[PUBLIC, PRIVATE]), |settings| settings.accept_failures = true);
        forge.drive(&mut wizard);
        assert_eq!(wizard.is_saved(), saved, "{reads:?} {writes:?}");
    }
}

#[test]
fn a_key_that_the_forge_refuses_stops_the_saving_and_is_the_forge_s_fault() {
    let (forge, wizard) = run("flux", &[TOKEN, PUBLIC, PRIVATE], Keys { open_to_new: false, ..Keys::default() }, true);
    assert_eq!(forge.done, [Stage::RegisterKey]);
    assert!(!wizard.is_saved() && wizard.broken_here().is_none());
    assert_eq!(verdict(&wizard, "ssh-key"), "fail");
}

#[test]
fn a_saved_key_answers_for_itself_and_is_edited_by_another() {
    let (_, wizard) = run("flux", &[PUBLIC, PRIVATE], Keys::default(), true);
    let held = wizard.connection().unwrap();
    let again = answers_of(&held);
    assert_eq!(again.key_files(), wizard.answers().key_files());
    assert!(again.problems(wizard.platform(), false).is_empty(), "{:?}", again.problems(wizard.platform(), false));
    let edit = edited(&held, &answers("flux", &[NEW]));
    assert!(edit.generates_key() && edit.problems(wizard.platform(), false).is_empty());
}
