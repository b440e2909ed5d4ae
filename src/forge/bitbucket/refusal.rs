//! Why Bitbucket refused.
//!
//! A refusal is `{"type":"error","error":{"message":…,"detail":…}}`; a failed sign-in may be a line of text, a page or nothing
//! at all beside a challenge of Bitbucket's own ("Getting 401 HTTP error when using Basic authentication", Atlassian support).
//! What the words mean is on the pages of <https://support.atlassian.com/bitbucket-cloud/>. Order: the token itself, the way
//! of signing in, scopes, the workspace's rules, then what is there.

use serde_json::Value;

use crate::fact::{Fault, FaultKind, Remedy, Site};
use crate::forge::client::Answer;
use crate::provider::TokenKind;

/// A refusal of the real API, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub status: u16,
    /// Message, detail and the messages by field.
    pub words: String,
    /// The scopes that were wanted.
    pub required: String,
}

/// Whose refusal, of what.
pub(super) struct Asking<'a> {
    pub site: &'a Site,
    /// As far as the token's text tells.
    pub kind: Option<TokenKind>,
    pub subject: &'a str,
}

impl Asking<'_> {
    pub fn page(&self) -> String {
        self.site.provider.rules().tokens_page(self.site, self.kind)
    }
}

impl Refusal {
    /// Takes an answer apart, if Bitbucket itself gave it.
    pub fn read(answer: &Answer) -> Option<Self> {
        if answer.status < 400 {
            return None;
        }
        let body: Value = answer.json("a refusal").ok()?;
        let error = body.get("error").filter(|_| body.get("type").and_then(Value::as_str) == Some("error"));
        let mut words = Vec::new();
        let mut required = Vec::new();
        if let Some(error) = error {
            words.push(error.get("message")?.as_str()?.to_owned());
            flatten(error.get("detail").unwrap_or(&Value::Null), &mut words);
            flatten(error.get("fields").unwrap_or(&Value::Null), &mut words);
            flatten(error.pointer("/detail/required").unwrap_or(&Value::Null), &mut required);
        } else if let (400, Some(key)) = (answer.status, body.get("key")) {
            // Refused keys are told by field, without the usual frame.
            flatten(key, &mut words);
        }
        words.retain(|word| !word.is_empty());
        if words.is_empty() {
            return None;
        }
        let (words, required) = (answer.say(&words.join("; ")), answer.say(&required.join(", ")));
        Some(Self { status: answer.status, words, required })
    }

    pub fn says(&self, part: &str) -> bool {
        self.words.to_ascii_lowercase().contains(&part.to_ascii_lowercase())
    }

    /// The endpoint is for users, and the token is none's: nothing is wrong with the token.
    pub fn is_of_mechanism(&self) -> bool {
        matches!(self.status, 401 | 403) && self.says("not accessible by this authentication mechanism")
    }

    fn classify(&self, asking: &Asking<'_>) -> Fault {
        let (subject, words) = (asking.subject, &self.words);
        if self.is_of_mechanism() {
            let text = format!("Bitbucket answers {subject} to users only, and no user stands behind an access token.");
            let remedy = Remedy::at("Go on without it, or use an API token of a user.", asking.page());
            return Fault::new(FaultKind::WrongKind, text).remedy(remedy).accepted();
        }
        match self.status {
            401 => self.unauthorised(asking),
            402 => over_limit(words),
            403 => self.forbidden(asking),
            404 => {
                let text = format!("Bitbucket does not find {subject} or does not let this token see it.");
                let remedy = "Check the spelling. If it is right, the account is no member there, or the token is limited to another workspace, project or repository.";
                Fault::new(FaultKind::NotFound, text)
                    .remedy(Remedy::at(remedy, asking.site.host.to_string()))
                    .accepted()
            }
            410 if self.says("app password") => app_password(asking),
            410 => {
                let text = format!("Bitbucket has withdrawn {subject} and said “{words}”.");
                let remedy = "Ask again later; if it stays so, a newer version of git-access is needed.";
                Fault::new(FaultKind::Server, text).remedy(Remedy::new(remedy))
            }
            _ => {
                let text = format!("Bitbucket refused {subject} and said “{words}”.");
                let remedy = Remedy::new("Ask an administrator of the workspace, with these words.");
                Fault::new(FaultKind::NoAccess, text).remedy(remedy).accepted()
            }
        }
    }

    fn unauthorised(&self, asking: &Asking<'_>) -> Fault {
        if self.says("no bitbucket scopes") {
            let text = "It is an Atlassian API token without scopes for Bitbucket, and Bitbucket takes none of these.";
            let remedy = "Choose “Create API token with scopes” and the app Bitbucket, and use that token here.";
            return Fault::new(FaultKind::WrongKind, text).remedy(Remedy::at(remedy, asking.page()));
        }
        unknown_token(asking)
    }

    fn forbidden(&self, asking: &Asking<'_>) -> Fault {
        let (subject, words) = (asking.subject, &self.words);
        if self.says("privilege scopes") || !self.required.is_empty() {
            let wanted = if self.required.is_empty() { String::new() } else { format!(": it takes {}", self.required) };
            let text = format!("The scopes of the token do not open {subject}{wanted}.");
            let remedy =
                "Make a new token with this scope: none can be added to one that exists, and none implies another.";
            return Fault::new(FaultKind::MissingScope, text).remedy(Remedy::at(remedy, asking.page())).accepted();
        }
        if let Some(rule) = rule(words, asking) {
            return rule;
        }
        if self.says("not exist") {
            let text = format!("Bitbucket does not find {subject} or does not let this token see it.");
            let remedy = "Check the spelling, and that the account or the token may see it.";
            return Fault::new(FaultKind::NotFound, text).remedy(Remedy::new(remedy)).accepted();
        }
        let text = format!("Bitbucket refused {subject} and said “{words}”.");
        let remedy = "Ask an administrator of the workspace: a policy or a missing right keeps the account out.";
        Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new(remedy)).accepted()
    }
}

/// The fault that `answer` stands for, when something else was expected.
pub(super) fn fault(answer: &Answer, asking: &Asking<'_>) -> Fault {
    if let Some(fault) = answer.general_fault() {
        return fault;
    }
    let fault = match Refusal::read(answer) {
        Some(refusal) => refusal.classify(asking),
        None if answer.status == 401 && is_challenge(answer) => unknown_token(asking),
        None => return answer.not_the_api("an answer of the Bitbucket API"),
    };
    Fault { text: answer.fault(fault.kind, &fault.text).text, ..fault }
}

/// Whether Bitbucket itself asks to sign in: `Basic realm="Bitbucket.org HTTP"`, `BitbucketCustom realm=…`.
pub(super) fn is_challenge(answer: &Answer) -> bool {
    answer.status == 401 && answer.header("www-authenticate").is_some_and(|told| told.contains("Bitbucket"))
}

fn unknown_token(asking: &Asking<'_>) -> Fault {
    let (text, remedy) = if asking.kind.is_some_and(|kind| kind.0 == "api") {
        (
            "Bitbucket does not know this token beside this e-mail address: one of them is mistyped, or the token was revoked or has expired.",
            "Check that `email` is the address of the Atlassian account. If it is, make a new token and use it here.",
        )
    } else {
        (
            "Bitbucket does not know this token: it is mistyped, revoked, expired, or not for this endpoint.",
            "Make a new token and use it here.",
        )
    };
    Fault::new(FaultKind::Auth, text).remedy(Remedy::at(remedy, asking.page()))
}

pub(super) fn app_password(asking: &Asking<'_>) -> Fault {
    let text = "This is an app password. Bitbucket removed app passwords on 2026-07-28: the API answers 401 to them, and git 410.";
    let remedy = "Make an API token with scopes and use it here, or a repository, project or workspace access token.";
    let page = asking.site.provider.rules().tokens_page(asking.site, None);
    Fault::new(FaultKind::WrongKind, text).remedy(Remedy::at(remedy, page))
}

/// The API does not tell of it otherwise, and repositories can still be created.
pub(super) fn over_limit(words: &str) -> Fault {
    let text = format!(
        "Bitbucket asks for payment (402): the workspace has more users than its plan, and everything in it is read-only. It said “{words}”."
    );
    let remedy = "Have an administrator of the workspace remove users or change the plan.";
    Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new(remedy)).accepted()
}

/// The workspace's own rules ("Control access to your private content"): the same words in the API and in git.
pub(super) fn rule(words: &str, asking: &Asking<'_>) -> Option<Fault> {
    let lower = words.to_ascii_lowercase();
    let subject = asking.subject;
    if lower.contains("whitelist") || lower.contains("allowlist") || lower.contains("allow list") {
        let text = format!("The workspace of {subject} lets only listed addresses in, and this one is not among them.");
        let remedy = "Have an administrator of the workspace add this address, or go through a network that is listed.";
        return Some(Fault::new(FaultKind::IpAllowlist, text).remedy(Remedy::new(remedy)).accepted());
    }
    if lower.contains("two-step") {
        let text = format!("The workspace of {subject} lets only accounts with two-step verification in.");
        let remedy = Remedy::at(
            "Switch two-step verification on for the account of this token, then ask again.",
            "https://id.atlassian.com/manage-profile/security/two-step-verification",
        );
        return Some(Fault::new(FaultKind::TokenPolicy, text).remedy(remedy).accepted());
    }
    None
}

/// Every text in a value, to any depth.
fn flatten(value: &Value, words: &mut Vec<String>) {
    match value {
        _ if words.len() >= 8 => {}
        Value::String(text) => words.push(text.clone()),
        Value::Array(rows) => rows.iter().for_each(|row| flatten(row, words)),
        Value::Object(fields) => fields.values().for_each(|field| flatten(field, words)),
        _ => {}
    }
}
