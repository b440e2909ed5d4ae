//! The hand-over: what to enter at the platform for one connection, field by field. No secret is among it: where one is
//! to be entered, its place is told.

use super::{KeyNeeds, Pair, Platform};
use crate::config::{Connection, SshRecord};
use crate::key::PublicHalf;

/// One field of the platform's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entered {
    pub name: String,
    pub value: String,
    /// False where it stands for a secret, which nobody copies from here.
    pub may_copy: bool,
}

impl Platform {
    /// Whether it stands for a use of one's own: nobody is handed anything then.
    pub fn is_own_use(&self) -> bool {
        self.id == "none"
    }

    /// What a token that is made for it is called at the forge, where the form lets that be filled in.
    pub fn token_name(&self) -> &str {
        if self.is_own_use() { "git-access" } else { &self.id }
    }

    /// What stands above the fields and steps.
    pub fn handover_title(&self) -> String {
        if self.is_own_use() { "What comes next".to_owned() } else { format!("What to enter at {}", self.title) }
    }

    /// Where its form is; nothing where there is none.
    pub fn menu(&self) -> &str {
        if self.is_own_use() { "" } else { &self.handover.menu }
    }

    /// What to enter where this connection is handed over.
    pub fn entered(&self, connection: &Connection) -> Vec<Entered> {
        let Ok(pair) = self.pair(connection.site.provider) else { return Vec::new() };
        let known = known(connection);
        let filled = |value: &str| known.iter().fold(value.to_owned(), |value, (key, with)| value.replace(key, with));
        let form = of_key(connection, pair).map_or(&pair.fields, |key| &key.fields);
        form.iter()
            .map(|field| Entered {
                name: field.name.clone(),
                value: filled(&field.value),
                may_copy: !["{token}", "{private_key}"].iter().any(|secret| field.value.contains(secret)),
            })
            .collect()
    }

    /// How this connection is entered there: a key goes another way than a token.
    pub fn steps(&self, connection: &Connection) -> &[String] {
        let pair = self.pair(connection.site.provider).ok();
        let key = pair.and_then(|pair| of_key(connection, pair));
        key.map_or(&self.handover.steps, |key| &key.steps)
    }
}

/// What the platform needs of the key, where the access is one.
fn of_key<'p>(connection: &Connection, pair: &'p Pair) -> Option<&'p KeyNeeds> {
    pair.key.as_ref().filter(|_| connection.token.is_none() && connection.ssh.is_some())
}

/// What stands for the words in braces.
fn known(connection: &Connection) -> Vec<(&'static str, String)> {
    let identity = connection.verified.as_ref().and_then(|verified| verified.identity.clone());
    let repository = connection.repository.as_ref();
    let rests = connection.token.as_ref().map(|token| token.store.described()).unwrap_or_default();
    let or_note = |value: Option<String>, what: &str| value.unwrap_or_else(|| format!("({what} is not known)"));
    // Where git signs in under another name than the account's, that is the one that the platform has to send.
    let user = connection.git_username.clone().or(connection.username.clone()).or(identity);
    vec![
        ("{host}", connection.site.host.to_string()),
        ("{owner}", connection.owner.owner.clone()),
        ("{owner_id}", connection.owner_id.clone().unwrap_or_else(|| connection.owner.owner.clone())),
        ("{name}", connection.handover.get("name").cloned().unwrap_or_else(|| connection.name.clone())),
        ("{email}", or_note(connection.email.clone(), "the e-mail address")),
        ("{project}", or_note(connection.owner.project.clone(), "the project")),
        ("{username}", or_note(user, "the user name")),
        ("{branch}", or_note(repository.and_then(|one| one.branch.clone()), "the branch")),
        ("{repository_url}", or_note(repository.map(|one| one.url.clone()), "the address of the repository")),
        ("{ssh_url}", or_note(repository.and_then(|one| one.ssh_url.clone()), "the address over SSH")),
        ("{token}", format!("(the token, from {rests})")),
        ("{public_key}", or_note(connection.ssh.as_ref().map(public_half), "the public key")),
        ("{private_key}", or_note(connection.ssh.as_ref().and_then(private_half), "the private key")),
    ]
}

fn public_half(ssh: &SshRecord) -> String {
    match &ssh.public_key {
        PublicHalf::File(path) => format!("(the file {})", path.display()),
        PublicHalf::Line(key) => key.to_string(),
    }
}

fn private_half(ssh: &SshRecord) -> Option<String> {
    Some(format!("(the file {})", ssh.private_key.as_ref()?.display()))
}
