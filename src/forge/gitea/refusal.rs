//! Why Gitea or Forgejo refused.
//!
//! The status comes first and the message second: the programs themselves say that a message "shouldn't be used for error
//! type detection" (`services/context/api.go`). Messages can quote the token that was sent ("access token does not exist
//! [sha: …]", `models/auth/access_token.go`), so that none is read before our secret was taken out of it.

use super::wire;
use crate::fact::{Fault, FaultKind, Remedy, Site};
use crate::forge::client::Answer;

/// A refusal of the real API, taken apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusal {
    pub status: u16,
    pub message: String,
    pub errors: Vec<String>,
}

/// Whose refusal, of what.
pub(super) struct Asking<'a> {
    pub site: &'a Site,
    /// What was asked for, as in "the repository acme/gitops".
    pub subject: &'a str,
}

/// What a refusal for want of a scope tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scopes {
    pub required: Vec<String>,
    /// Gitea 1.26 tells these as well; older ones and Forgejo do not.
    pub held: Option<Vec<String>>,
}

/// Refusals that come without the address of the API's description (`routers/api/v1/api.go`, `services/context/api.go`).
const BARE: [&str; 4] = [
    "Only signed in user is allowed to call APIs.",
    "This account is not activated.",
    "This account is prohibited from signing in",
    "You must change your password.",
];

/// The fault that `answer` stands for, when something else was expected.
pub(super) fn fault(answer: &Answer, asking: &Asking<'_>) -> Fault {
    if let Some(fault) = answer.general_fault() {
        return fault;
    }
    match Refusal::read(answer) {
        Some(refusal) => refusal.classify(asking),
        None => answer.not_the_api("an answer of Gitea or Forgejo"),
    }
}

impl Refusal {
    /// Takes an answer apart, if Gitea or Forgejo itself gave it.
    pub fn read(answer: &Answer) -> Option<Self> {
        if answer.status < 400 {
            return None;
        }
        let body: wire::Refused = answer.json("a refusal").ok()?;
        let described = body.url.as_ref().is_some_and(|url| url.is_empty() || url.ends_with("/api/swagger"));
        let bare = answer.status == 403 && BARE.iter().any(|text| body.message.starts_with(text));
        (described || bare).then(|| Self {
            status: answer.status,
            message: answer.say(&body.message),
            errors: body.errors.unwrap_or_default().iter().map(|error| answer.say(error)).collect(),
        })
    }

    pub fn says(&self, part: &str) -> bool {
        let part = part.to_ascii_lowercase();
        self.message.to_ascii_lowercase().contains(&part)
            || self.errors.iter().any(|error| error.to_ascii_lowercase().contains(&part))
    }

    pub fn wants_sign_in(&self) -> bool {
        self.status == 403 && self.says(BARE[0]) || self.status == 401 && self.says("token is required")
    }

    /// The scopes that were wanted and, if told, those that are held.
    pub fn scopes(&self) -> Option<Scopes> {
        let (_, rest) = self.message.split_once("required scope(s)").filter(|_| self.status == 403)?;
        let words = |list: &str| {
            let named = list.split([' ', ',']).filter(|scope| is_scope(scope));
            named.map(str::to_owned).collect::<Vec<_>>()
        };
        if let Some(rest) = rest.strip_prefix(", required=[") {
            let (required, rest) = rest.split_once(']')?;
            let held = rest.strip_prefix(", token scope=").map(words);
            return Some(Scopes { required: words(required), held });
        }
        let required = rest.strip_prefix(": [")?.strip_suffix(']')?;
        Some(Scopes { required: words(required), held: None })
    }

    /// What the refusal means.
    pub fn classify(&self, asking: &Asking<'_>) -> Fault {
        let tokens = asking.site.provider.rules().tokens_page(asking.site, None);
        if self.status == 401 || self.wants_sign_in() {
            return self.unauthorised(tokens);
        }
        if let Some(fault) = self.account(asking) {
            return fault;
        }
        self.permission(asking, tokens).unwrap_or_else(|| self.rest(asking)).accepted()
    }

    fn unauthorised(&self, tokens: String) -> Fault {
        if self.says("OTP") {
            let text = "The server asks for a second factor, so this is a password, not a token.";
            return Fault::new(FaultKind::Auth, text).remedy(Remedy::at("Use an access token.", tokens));
        }
        if self.says("token is required") || self.wants_sign_in() {
            let text = "The server got no token that it can read.";
            return Fault::new(FaultKind::Auth, text).remedy(Remedy::at("Enter an access token.", tokens));
        }
        let text =
            "The server does not know this token: it is mistyped or was deleted, and the server does not tell which.";
        let remedy = "Copy the token again, or make a new one and use that instead.";
        Fault::new(FaultKind::Auth, text).remedy(Remedy::at(remedy, tokens))
    }

    /// The account itself is kept out, whatever the token.
    fn account(&self, asking: &Asking<'_>) -> Option<Fault> {
        let host = &asking.site.host;
        let (text, remedy) = if self.says(BARE[1]) {
            (
                "The account of this token is not activated.",
                Remedy::at("Confirm its e-mail address.", host.join("/user/activate")),
            )
        } else if self.says(BARE[2]) {
            let remedy = Remedy::new("Ask an administrator of the server to let the account sign in again.");
            ("The account of this token is not allowed to sign in.", remedy)
        } else if self.says(BARE[3]) {
            let remedy = Remedy::at("Sign in in a browser and change it.", host.join("/user/settings/change_password"));
            ("The account of this token must change its password first.", remedy)
        } else {
            return None;
        };
        Some(Fault::new(FaultKind::NoAccess, text).remedy(remedy))
    }

    /// What the token holds, and what its user may do.
    fn permission(&self, asking: &Asking<'_>, tokens: String) -> Option<Fault> {
        let subject = asking.subject;
        if let Some(scopes) = self.scopes() {
            let wanted = scopes.required.join(" and ");
            let text = format!("The token lacks a scope: {subject} takes {wanted}");
            let remedy = format!("Make a token with {wanted} (the scopes of a token cannot be changed later).");
            return Some(Fault::new(FaultKind::MissingScope, text).remedy(Remedy::at(remedy, tokens)));
        }
        if self.status == 403 && self.says("token scope is limited to public") {
            let text = format!("The token is for public things only, and {subject} is not public.");
            let remedy = Remedy::at("Make a token without the restriction to public things.", tokens);
            return Some(Fault::new(FaultKind::MissingScope, text).remedy(remedy));
        }
        let (text, remedy) = match self.status {
            403 if self.says("must be an organization owner") => {
                (format!("Only owners of the organisation may use {subject}."), "Ask an owner of the organisation.")
            }
            403 if self.says("must be an organization member") => (
                format!("Only members of the organisation may see {subject}."),
                "Have an owner add the account to a team.",
            ),
            403 if self.says("not allowed to create repository in organization") => (
                "No team of the account may create repositories in this organisation.".to_owned(),
                "Ask an owner of the organisation for a team with “create repositories”, or have it created.",
            ),
            _ if self.says("maximum limit of repositories") => (
                "The owner has as many repositories as the server allows.".to_owned(),
                "Delete one, use another owner, or ask an administrator of the server for more.",
            ),
            413 => (
                "The owner's storage quota is used up.".to_owned(),
                "Free some space, or ask an administrator of the server for more.",
            ),
            423 => {
                (format!("{} is archived.", capitalised(subject)), "Unarchive it in its settings, or use another one.")
            }
            _ => return None,
        };
        Some(Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new(remedy)))
    }

    fn rest(&self, asking: &Asking<'_>) -> Fault {
        let subject = asking.subject;
        if self.status == 404 {
            let text = format!("The server does not find {subject} or does not let this account see it.");
            let remedy = "Check the spelling. If the name is right, the account has no rights there; a server that demands a second factor also hides from accounts without one.";
            return Fault::new(FaultKind::NotFound, text).remedy(Remedy::new(remedy));
        }
        let words = [std::slice::from_ref(&self.message), self.errors.as_slice()].concat().join("; ");
        let text = format!("The server refused {subject} (status {}) and said “{words}”.", self.status);
        let remedy = "Ask an owner of the repository or organisation, with these words.";
        Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new(remedy))
    }
}

pub(super) fn is_scope(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":_-".contains(&byte))
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}
