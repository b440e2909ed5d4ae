//! The access itself: the kind of token, the account, and where the token comes from.

use super::choosing::notices;
use super::{Ask, Choice, Control, Note, NoteKind, Screen};
use crate::answers::Field;
use crate::provider::{KindRow, kind_row};
use crate::wizard::{Step, Wizard};

pub(super) fn access(wizard: &Wizard) -> Screen {
    let mut screen = Screen {
        step: Step::Access,
        title: "How does it sign in?".into(),
        lead: vec!["Choose the kind of token. The first that fits is the one to prefer.".into()],
        asks: Vec::new(),
        notes: Vec::new(),
    };
    let (Some(provider), Some(platform)) = (wizard.answers().provider(), wizard.platform()) else { return screen };
    let rules = provider.rules();
    let rows: Vec<Choice> = rules.kinds().iter().map(|row| kind(wizard, row)).collect();
    let help = "What you will make at the forge; the next page says which boxes to tick for it.";
    let best = rows.iter().find(|row| row.refused.is_none()).map(|row| row.word.clone());
    let key = platform.key(provider);
    match (&best, key) {
        (None, Some(_)) => {
            screen.lead = vec![format!("Here {} signs in with an SSH key, and no token serves it.", platform.title)];
        }
        (_, Some(_)) => screen.lead.push("It may sign in with an SSH key instead: name one below.".into()),
        _ => {}
    }
    if best.is_some() || key.is_none() {
        let ask = Ask::new(Field::TokenKind, "Kind of token", help, Control::Choice(rows));
        screen.asks.push(Ask { default: best, ..ask });
    }
    if let Some(needs) = key {
        screen.asks.extend(key_asks(wizard, &needs.reason));
    }
    let help = "The account that the token belongs to. Left out, the forge tells; given, the two are compared.";
    screen.asks.push(Ask::text(Field::Username, "User name", help).advanced());
    let help = "Only where the API signs in with the account's e-mail address and git with its user name.";
    let email = Ask::text(Field::Email, "E-mail", help);
    let asked = wizard.answers.problems(Some(platform), true).iter().any(|problem| problem.field == Field::Email);
    screen.asks.push(if asked || wizard.answers.has(&Field::Email) { email } else { email.advanced() });
    screen.notes = notices(Some(platform), provider);
    screen
}

/// The key that the platform signs in with: its own, or a new one.
fn key_asks(wizard: &Wizard, reason: &str) -> Vec<Ask> {
    let answers = wizard.answers();
    let help = "The platform's public key: paste it, or name its file.";
    let public = Ask::text(Field::SshPublicKey, "Public key", help);
    let public = Ask { help: [public.help, vec![reason.to_owned()]].concat(), ..public };
    let help = "Or the file to write a new key to (ed25519). It is made once you have confirmed the review.";
    let new = Ask::text(Field::SshGenerate, "New key", help);
    let mut asks = Vec::new();
    if !answers.has(&Field::SshGenerate) {
        asks.push(public);
    }
    if !answers.has(&Field::SshPublicKey) {
        asks.push(new);
    }
    if !answers.has_ssh() {
        return asks;
    }
    if !answers.has(&Field::SshGenerate) {
        let help = "The file of its private half, where you have it: then the access is tried, else it stays unknown.";
        asks.push(Ask::text(Field::SshPrivateKey, "Private key", help));
    }
    let one = Choice::new("repository", "one repository", "a deploy key");
    let all = Choice::new("account", "an account", "everything that the account may reach");
    let help = "What the key opens once it is registered.";
    let opens = Ask::new(Field::SshScope, "Opens", help, Control::Choice(vec![one, all]));
    asks.push(opens.default(answers.key_scope().name()).advanced());
    let help = "Whether it only reads. Left out, it is what the platform needs.";
    asks.push(Ask::new(Field::SshReadOnly, "Reads only", help, Control::Flag).advanced());
    asks.push(Ask::text(Field::SshTitle, "Title", "The name of the key at the forge.").advanced());
    let help = "The repository's address over SSH, where it is not the one that the forge tells.";
    asks.push(Ask::text(Field::SshUrl, "SSH address", help).advanced());
    asks
}

fn kind(wizard: &Wizard, row: &KindRow) -> Choice {
    let choice = Choice::new(row.kind.0, row.title, if row.can_expire { "can be given an end" } else { "never ends" });
    let choice = if row.advice.is_empty() { choice } else { choice.detail(row.advice) };
    let provider = wizard.answers().provider();
    let refused = provider.and_then(|provider| wizard.platform()?.refuses(provider, row.kind));
    Choice { refused, ..choice }
}

pub(super) fn token(wizard: &Wizard) -> Screen {
    let mut screen =
        Screen { step: Step::Token, title: "The token".into(), lead: Vec::new(), asks: Vec::new(), notes: Vec::new() };
    let Some(site) = wizard.answers().site() else { return screen };
    let provider = site.provider;
    let keeps = wizard.held().is_some_and(|one| one.token.is_some()) && wizard.answers.source().is_none();
    let registers = wizard.answers().has_ssh();
    screen.lead.push(if registers {
        format!("Optional: with a token of {provider} the key is registered and looked up. It is not kept. Without one the review shows where to paste the key.")
    } else if keeps {
        "The saved token stays if you leave this empty. A new one is proven before the old one is let go.".into()
    } else {
        format!("Make it at {provider}, and paste it here. It is shown there only once.")
    });
    let help = "It is shown to nobody and kept only after you have confirmed the review.";
    screen.asks.push(Ask::new(Field::TokenTyped, "Token", help, Control::Secret));
    let help = "Instead of pasting: the name of an environment variable that holds it. Only the name is kept.";
    screen.asks.push(Ask::text(Field::TokenEnv, "From a variable", help).advanced());
    let help = "Instead of pasting: a file that holds the token and nothing else.";
    screen.asks.push(Ask::text(Field::TokenFile, "From a file", help).advanced());
    let help =
        "Instead of pasting: a program that prints it, such as: op read op://vault/item. Only the command is kept.";
    screen.asks.push(Ask::text(Field::TokenCommand, "From a program", help).advanced());
    if registers {
        screen.notes = notices(wizard.platform(), provider);
        return screen;
    }
    let can_expire = wizard.token_kind().and_then(|kind| kind_row(provider, kind)).is_none_or(|row| row.can_expire);
    if can_expire {
        let help = "The day on which it ends, such as 2027-02-01, or never. Needed where the forge does not tell; else compared.";
        screen.asks.push(Ask::text(Field::TokenExpires, "Ends on", help));
    }
    screen.notes = notices(wizard.platform(), provider);
    let end = if can_expire { "Give it an end in 90 days to a year, select" } else { "Select" };
    let advice = format!("{end} repositories where the form lets you, and name it so that you find it again.");
    screen.notes.push(Note::new(NoteKind::Advice, advice, None));
    let page = provider.rules().tokens_page(&site, wizard.token_kind());
    screen.notes.push(Note::new(NoteKind::Link, "Where tokens are listed and revoked:", Some(page)));
    screen
}
