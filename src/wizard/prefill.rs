//! What a saved connection answers by itself, when it is edited or looked at.

use crate::answers::{Answer, Answers, Field, GivenExpiry};
use crate::config::{Connection, ExpiresSource, Token};
use crate::key::PublicHalf;
use crate::secret::Store;

/// The answers that `held` stands for. Its token has no source: it is kept, and read from its store.
pub fn answers_of(held: &Connection) -> Answers {
    let mut answers = Answers::default();
    let mut text = |field, value: Option<&str>| {
        if let Some(value) = value {
            answers.set(field, Answer::Text(value.to_owned()));
        }
    };
    text(Field::Name, Some(&held.name));
    text(Field::Platform, Some(&held.platform));
    text(Field::Owner, Some(&held.owner.owner));
    text(Field::Project, held.owner.project.as_deref());
    text(Field::Username, held.username.as_deref());
    text(Field::Email, held.email.as_deref());
    if let Some(repository) = &held.repository {
        text(Field::Repository, Some(&repository.place.name));
        text(Field::Branch, repository.branch.as_deref());
    }
    for (key, value) in &held.handover {
        text(Field::Handover(key.clone()), Some(value));
    }
    let site = &held.site;
    answers.set(Field::Provider, Answer::Provider(site.provider));
    answers.set(Field::Host, Answer::Host(site.host.clone()));
    if site.api != site.provider.api(&site.host, None, Some(&held.owner.owner)) {
        answers.set(Field::ApiUrl, Answer::Host(site.api.clone()));
    }
    for (field, path) in [(Field::CaFile, &site.ca_file), (Field::ClientCert, &site.client_cert)] {
        if let Some(path) = path {
            answers.set(field, Answer::Path(path.clone()));
        }
    }
    if let Some(token) = &held.token {
        of_token(&mut answers, token);
    }
    of_key(&mut answers, held);
    answers
}

fn of_key(answers: &mut Answers, held: &Connection) {
    let Some(key) = &held.ssh else { return };
    answers.set(
        Field::SshPublicKey,
        match &key.public_key {
            PublicHalf::File(path) => Answer::Path(path.clone()),
            PublicHalf::Line(key) => Answer::Text(key.to_string()),
        },
    );
    if let Some(path) = &key.private_key {
        answers.set(Field::SshPrivateKey, Answer::Path(path.clone()));
    }
    if let Some(scope) = key.scope {
        answers.set(Field::SshScope, Answer::Scope(scope));
    }
    if let Some(only) = key.read_only {
        answers.set(Field::SshReadOnly, Answer::Flag(only));
    }
    let usual = held.repository.as_ref().map(|record| held.site.provider.rules().ssh_url(&held.site, &record.place));
    let told = held.repository.as_ref().and_then(|record| record.ssh_url.as_ref());
    // The usual address follows the repository's name, also when that changes.
    if let Some(told) = told.filter(|told| Some(*told) != usual.as_ref()) {
        answers.set(Field::SshUrl, Answer::Text(told.clone()));
    }
}

fn of_token(answers: &mut Answers, token: &Token) {
    if let Some(kind) = token.kind {
        answers.set(Field::TokenKind, Answer::Text(kind.0.to_owned()));
    }
    match (token.expires_source, token.expires) {
        (ExpiresSource::User, Some(at)) => answers.set(Field::TokenExpires, Answer::Expires(GivenExpiry::At(at))),
        (ExpiresSource::Never, _) => answers.set(Field::TokenExpires, Answer::Expires(GivenExpiry::Never)),
        _ => {}
    }
    answers.set(Field::StoreKind, Answer::Text(token.store.kind().to_owned()));
    match &token.store {
        Store::File(path) => answers.set(Field::StorePath, Answer::Path(path.clone())),
        Store::Env(name) => answers.set(Field::StoreEnv, Answer::Text(name.clone())),
        Store::Command(argv) => answers.set(Field::StoreCommand, Answer::Words(argv.clone())),
        Store::Keyring | Store::GitCredential => {}
    }
}

/// Forgets of `answers` what came with the token that goes, and stands as it was `saved`.
pub(super) fn forget_with_the_token(held: &Connection, saved: &Answers, answers: &mut Answers, brings_place: bool) {
    let mut goes = vec![Field::TokenKind, Field::TokenExpires];
    // A name that nobody typed came from the token that goes.
    let told = held.verified.as_ref().and_then(|verified| verified.identity.as_deref());
    if told.is_some() && told == held.username.as_deref() {
        goes.push(Field::Username);
    }
    if brings_place {
        goes.extend([Field::StoreKind, Field::StorePath, Field::StoreEnv, Field::StoreCommand]);
    }
    for field in goes {
        if answers.shown(&field) == saved.shown(&field) {
            answers.clear(&field);
        }
    }
}

/// The answers of `held`, edited by `given`. Another token brings its own end, kind and, unless the secret is kept by
/// us, its own resting place.
pub fn edited(held: &Connection, given: &Answers) -> Answers {
    let mut answers = answers_of(held);
    if given.source().is_some() {
        let kept = held.token.as_ref().is_some_and(|token| token.store.keeps());
        let brings_place =
            given.has(&Field::StoreKind) || given.has(&Field::TokenEnv) || given.has(&Field::TokenCommand) || !kept;
        let saved = answers.clone();
        forget_with_the_token(held, &saved, &mut answers, brings_place);
    }
    // Another kind of store has a place of its own.
    if given.has(&Field::StoreKind) && given.shown(&Field::StoreKind) != answers.shown(&Field::StoreKind) {
        for field in [Field::StorePath, Field::StoreEnv, Field::StoreCommand] {
            answers.clear(&field);
        }
    }
    if given.has_ssh() {
        for field in [Field::StoreKind, Field::StorePath, Field::StoreEnv, Field::StoreCommand] {
            answers.clear(&field);
        }
        // Another key has halves of its own, and its access is what is answered now.
        if given.key_files().is_some() {
            for field in [Field::SshPublicKey, Field::SshPrivateKey, Field::SshScope, Field::SshReadOnly] {
                answers.clear(&field);
            }
        }
    }
    answers.overlay(given);
    // An owner that is named by its id is the same owner.
    if given.owner().is_some_and(|owner| held.owner_id.as_ref() == Some(&owner.owner)) {
        answers.set(Field::Owner, Answer::Text(held.owner.owner.clone()));
    }
    answers
}
