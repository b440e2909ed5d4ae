//! Why Bitbucket Data Center refused.
//!
//! The status comes first, the class of the exception second and the message last. 401 has two meanings
//! (<https://developer.atlassian.com/server/bitbucket/rest/v906/>: "the currently authenticated user has insufficient
//! permissions"): where the header `X-AUSERNAME` names somebody, the token is good and a permission is missing.

use super::{account, wire};
use crate::fact::{Fault, FaultKind, Remedy, Site};
use crate::forge::client::Answer;

/// A refusal of the real API, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub status: u16,
    pub message: String,
    /// The last part of the class: `NoSuchRepositoryException`.
    pub exception: String,
    /// Whether the answer names who is signed in.
    pub signed_in: bool,
}

/// Whose refusal, of what.
pub(super) struct Asking<'a> {
    pub site: &'a Site,
    /// What was asked for, as in "the repository ACME/gitops".
    pub subject: &'a str,
}

/// The fault that `answer` stands for, when something else was expected.
pub(super) fn fault(answer: &Answer, asking: &Asking<'_>) -> Fault {
    if let Some(fault) = answer.general_fault() {
        return fault;
    }
    match Refusal::read(answer) {
        Some(refusal) => refusal.classify(asking),
        None => answer.not_the_api("an answer of Bitbucket Data Center"),
    }
}

impl Refusal {
    /// Takes an answer apart, if Bitbucket itself gave it.
    pub fn read(answer: &Answer) -> Option<Self> {
        if answer.status < 400 {
            return None;
        }
        let body: wire::Refused = answer.json("a refusal").ok()?;
        let first = body.errors.first()?;
        let class = first.exception_name.as_str().unwrap_or_default();
        let words: Vec<_> = body.errors.iter().filter_map(|error| error.message.as_deref()).collect();
        Some(Self {
            status: answer.status,
            message: answer.say(&words.join("; ")),
            exception: answer.say(class.rsplit('.').next().unwrap_or_default()),
            signed_in: account::signed_in(answer).is_some(),
        })
    }

    pub fn says(&self, part: &str) -> bool {
        let part = part.to_ascii_lowercase();
        self.message.to_ascii_lowercase().contains(&part) || self.exception.to_ascii_lowercase().contains(&part)
    }

    /// What the refusal means.
    pub fn classify(&self, asking: &Asking<'_>) -> Fault {
        if self.status == 401 && !self.signed_in || self.says("captcha") {
            return self.nobody(asking);
        }
        let fault = self.somebody(asking);
        if self.signed_in { fault.accepted() } else { fault }
    }

    fn nobody(&self, asking: &Asking<'_>) -> Fault {
        if self.says("captcha") {
            let text = "The server wants a CAPTCHA of this account first: too many wrong sign-ins were tried.";
            let page = asking.site.host.join("/login");
            return Fault::new(FaultKind::Auth, text).remedy(Remedy::at("Sign in in a browser once.", page));
        }
        unknown_token(asking.site)
    }

    fn somebody(&self, asking: &Asking<'_>) -> Fault {
        let subject = asking.subject;
        let no_access = |text: String, remedy: &str| Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new(remedy));
        match self.status {
            401 | 403 if self.says("archived") => {
                no_access(format!("{} is archived.", capitalised(subject)), "Unarchive it in its settings.")
            }
            401 | 403 => {
                let text = format!(
                    "The server knows the token and does not permit {subject}: the account or the token lacks a permission, and the server does not tell which."
                );
                let remedy = "Ask an administrator of the project for the permission, and see on the token's page that it has it too (the permissions of a token cannot be changed later).";
                let page = asking.site.provider.rules().tokens_page(asking.site, None);
                Fault::new(FaultKind::NoAccess, text).remedy(Remedy::at(remedy, page))
            }
            404 => {
                let text = format!("The server does not find {subject} or does not let this token see it.");
                let remedy = "Check the spelling. If the name is right, the account or the token has no rights there.";
                Fault::new(FaultKind::NotFound, text).remedy(Remedy::new(remedy))
            }
            status => {
                let text = format!("The server refused {subject} (status {status}) and said “{}”.", self.message);
                no_access(text, "Ask an administrator of the project or of the server, with these words.")
            }
        }
    }
}

/// Nobody is signed in with this token.
pub(super) fn unknown_token(site: &Site) -> Fault {
    let text = "The server signs nobody in with this token: it is mistyped, has ended or was revoked, and the server does not tell which.";
    let remedy = "Copy the token again, or make a new one and use that instead. If it is good, a proxy may take the header Authorization or X-AUSERNAME away.";
    Fault::new(FaultKind::Auth, text).remedy(Remedy::at(remedy, site.provider.rules().tokens_page(site, None)))
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}
