//! Why GitLab refused.
//!
//! Refusals come in two forms: `message` (a text, a list, or lists by field) where an object or a right is missing, and
//! `error` with `error_description` where the token is ("REST API authentication", "Status codes" and "Troubleshooting"
//! in <https://docs.gitlab.com/api/rest/>). `error` alone is a route that this version does not have, or a parameter.

use serde_json::Value;

use crate::fact::{Fault, FaultKind, Remedy, Site};
use crate::forge::client::{Answer, origin_of};

/// A refusal of the real API, taken apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusal {
    pub status: u16,
    /// The code of a refusal for the token's sake: `invalid_token`, `insufficient_scope` …
    pub code: String,
    /// The words, all of them.
    pub words: String,
    /// The scopes any one of which would have done.
    pub scopes: String,
    /// The route itself is not known: an older version, or not the API's root.
    pub no_route: bool,
}

/// Whose refusal, of what.
pub(super) struct Asking<'a> {
    pub site: &'a Site,
    /// Whether the token is fine-grained, where that is known.
    pub granular: Option<bool>,
    pub subject: &'a str,
}

impl Refusal {
    /// Takes an answer apart, if GitLab itself gave it.
    pub fn read(answer: &Answer) -> Option<Self> {
        if answer.status < 400 {
            return None;
        }
        let body: Value = answer.json("a refusal").ok()?;
        let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (error, description) = (text("error"), text("error_description"));
        let mut words = Vec::new();
        flatten("", body.get("message").unwrap_or(&Value::Null), &mut words);
        let status = answer.status;
        // The texts of plain refusals begin with their status; those of a change that was refused do not.
        let numbered = words.first().is_some_and(|word| word.starts_with(&status.to_string()));
        let no_route = status == 404 && error == "404 Not Found";
        let ours = match status {
            401 => numbered || (!error.is_empty() && !description.is_empty()),
            // What was to be made is refused so, and no question.
            409 | 422 if answer.reads => false,
            400 | 409 | 422 => !words.is_empty() || !error.is_empty(),
            403 => !words.is_empty() || !description.is_empty(),
            404 => numbered || no_route,
            _ => numbered,
        };
        let documented = body.get("documentation_url").is_none() && body.get("errors").is_none();
        if !ours || !documented {
            return None;
        }
        words.extend([error.clone(), description.clone()].into_iter().filter(|word| !word.is_empty()));
        Some(Self {
            status,
            code: if description.is_empty() { String::new() } else { error },
            words: answer.say(&words.join("; ")),
            scopes: answer.say(&text("scope")),
            no_route,
        })
    }

    pub fn says(&self, part: &str) -> bool {
        self.words.to_ascii_lowercase().contains(&part.to_ascii_lowercase())
    }

    /// What the refusal means. A token's own end comes before what it may do, and that before what is there.
    pub fn classify(&self, asking: &Asking<'_>) -> Fault {
        match self.status {
            401 => self.unauthorised(asking),
            403 => self.forbidden(asking),
            404 if self.no_route => {
                let text = "This GitLab does not know the address that was asked: it is too old, or not its API.";
                Fault::new(FaultKind::NotTheApi, text)
                    .remedy(Remedy::new("Check the host and `api_url`; GitLab 15.5 and newer are supported."))
            }
            404 => {
                let text = format!("GitLab does not find {} or does not let this token see it.", asking.subject);
                let remedy = "Check the spelling, and the whole path. If it is right, the account is no member there, or the address of this computer is not on the group's allow list: GitLab tells all three in the same way.";
                Fault::new(FaultKind::NotFound, text)
                    .remedy(Remedy::at(remedy, asking.site.host.to_string()))
                    .accepted()
            }
            _ if self.says("token type to be a personal access token") => {
                let text = "This is the token of a program or of a CI job, and not an access token.";
                wrong_kind(text, asking)
            }
            _ => {
                let text = format!("GitLab refused {} and said “{}”.", asking.subject, self.words);
                Fault::new(FaultKind::NoAccess, text)
                    .remedy(Remedy::new("Ask an Owner of the group, with these words."))
                    .accepted()
            }
        }
    }

    /// Expired is told before revoked by GitLab itself; what it has forgotten is only unknown.
    fn unauthorised(&self, asking: &Asking<'_>) -> Fault {
        let page = pages(asking);
        let (kind, text) = if self.code == "invalid_token" && self.says("expired") {
            (FaultKind::Expired, "The token has expired.")
        } else if self.code == "invalid_token" && self.says("revoked") {
            (FaultKind::Revoked, "The token was revoked.")
        } else if self.code == "invalid_token" && self.says("impersonation") {
            (FaultKind::TokenPolicy, "It is an impersonation token, and this GitLab has switched those off.")
        } else if self.code == "dpop_error" {
            let text = "The account asks for a signed proof with each request to the API (DPoP). Git is not affected.";
            let remedy = "Switch it off in the account's settings, or use a token of a group or project.";
            return Fault::new(FaultKind::TokenPolicy, text).remedy(Remedy::at(remedy, page));
        } else {
            (FaultKind::Auth, "GitLab does not know this token: it is mistyped, long gone, or of another instance.")
        };
        Fault::new(kind, text).remedy(Remedy::at("Make a new token and use it here.", page))
    }

    fn forbidden(&self, asking: &Asking<'_>) -> Fault {
        let (subject, page) = (asking.subject, pages(asking));
        if self.code == "insufficient_scope" {
            let scopes = self.scopes.trim();
            let (takes, which) = if scopes.contains([',', ' ']) {
                (format!("one of: {scopes}"), "one of these scopes")
            } else {
                (scopes.to_owned(), "this scope")
            };
            let text = format!("The scopes of the token do not open {subject}. GitLab takes {takes}.");
            let remedy = format!("Make a token with {which}, where this is to be seen.");
            return Fault::new(FaultKind::MissingScope, text).remedy(Remedy::at(remedy, page)).accepted();
        }
        if self.code == "insufficient_granular_scope" || self.says("requires a fine-grained personal access token") {
            return granular(&self.words, asking);
        }
        let account = [
            "blocked",
            "pending approval",
            "Terms of Service",
            "deactivated",
            "not confirmed",
            "password expired",
            "internal users",
        ];
        if account.iter().any(|part| self.says(part)) {
            let text = format!("GitLab keeps the account itself out and says “{}”.", self.words);
            let remedy = Remedy::at(
                "Sign in in a browser and settle it there, or ask an administrator.",
                asking.site.host.to_string(),
            );
            return Fault::new(FaultKind::NoAccess, text).remedy(remedy);
        }
        let text = format!("GitLab refused {subject} and said “{}”.", self.words);
        Fault::new(FaultKind::NoAccess, text)
            .remedy(Remedy::new("Ask an Owner of the group for the role that this takes."))
            .accepted()
    }
}

/// The fault that `answer` stands for, when something else was expected.
pub(super) fn fault(answer: &Answer, asking: &Asking<'_>) -> Fault {
    if let Some(fault) = answer.general_fault() {
        return fault;
    }
    let Some(refusal) = Refusal::read(answer) else {
        if answer.status == 403 && answer.content_type() == "text/plain" && answer.body().starts_with(b"Forbidden") {
            // "Too many unauthorized requests … result in 403 responses" (Token troubleshooting).
            let text = "GitLab keeps this address out for a while, after too many failed sign-ins from it.";
            return answer.fault(FaultKind::RateLimit, text).remedy(Remedy::new("Wait an hour, then ask once."));
        }
        return answer.not_the_api("an answer of the GitLab API");
    };
    let fault = refusal.classify(asking);
    Fault { text: answer.fault(fault.kind, &fault.text).text, ..fault }
}

/// What a fine-grained token lacks is named in brackets. A legacy token is told the same where its group takes
/// fine-grained ones only ("Enforce fine-grained personal access tokens").
pub(super) fn granular(words: &str, asking: &Asking<'_>) -> Fault {
    let wanted = words.rsplit_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(inner, _)| inner);
    let wanted = wanted.filter(|wanted| !wanted.is_empty()).unwrap_or("more");
    let (subject, page) = (asking.subject, pages(asking));
    if asking.granular == Some(false) {
        let text =
            format!("The group of {subject} lets only fine-grained tokens in, and this is none. It asks for {wanted}.");
        let remedy = Remedy::at("Make a fine-grained token with this permission.", page);
        return Fault::new(FaultKind::TokenPolicy, text).remedy(remedy).accepted();
    }
    let text = format!("The token lacks the permission {wanted} for {subject}.");
    let remedy = format!("Make a new fine-grained token with {wanted}: no permission can be added to one that exists.");
    Fault::new(FaultKind::MissingScope, text).remedy(Remedy::at(remedy, page)).accepted()
}

pub(super) fn wrong_kind(text: &str, asking: &Asking<'_>) -> Fault {
    let remedy = Remedy::at("Make a personal, group or project access token and use it here.", pages(asking));
    Fault::new(FaultKind::WrongKind, text).remedy(remedy)
}

pub(super) fn pages(asking: &Asking<'_>) -> String {
    asking.site.provider.rules().tokens_page(asking.site, None)
}

/// A page that the server named, if it is on the host itself.
pub(super) fn page_in(words: &str, site: &Site) -> Option<String> {
    words.split_whitespace().find_map(|word| {
        let url = url::Url::parse(word.trim_end_matches(['.', ',', ')'])).ok()?;
        let own = origin_of(&url).ok()? == *site.host.origin() && url.username().is_empty() && url.password().is_none();
        // What follows the path is a token of its own.
        (own && url.as_str().len() <= 600).then(|| format!("{}{}", site.host.origin(), url.path()))
    })
}

/// Every text of a message, which is a text, a list, or lists by field, to any depth.
fn flatten(field: &str, message: &Value, words: &mut Vec<String>) {
    match message {
        _ if words.len() >= 8 => {}
        Value::String(text) if field.is_empty() => words.push(text.clone()),
        Value::String(text) => words.push(format!("{field} {text}")),
        Value::Array(rows) => rows.iter().for_each(|row| flatten(field, row, words)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| flatten(name, value, words)),
        _ => {}
    }
}
