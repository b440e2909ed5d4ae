//! Why GitHub refused.
//!
//! Many causes share a status: 403 is a rate limit, single sign-on, an IP allow list, a token policy, a permission or a
//! role, and 404 stands for whatever the token may not see ("Troubleshooting the REST API"). So the order of the tests
//! matters. Texts that no document lists are matched as parts, in any case; what matches nothing is shown as it is.

use std::collections::BTreeSet;

use super::wire;
use crate::fact::{Fault, FaultKind, Remedy, Site};
use crate::forge::client::{Answer, origin_of};
use crate::provider::TokenKind;
use crate::text::is_plain;

/// A refusal of the real API, taken apart.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusal {
    pub status: u16,
    pub message: String,
    pub documentation: String,
    pub errors: Vec<String>,
    /// `X-GitHub-SSO`.
    pub sso: Option<String>,
    /// A header says that the limit is reached.
    pub limited: bool,
    /// `X-Accepted-GitHub-Permissions`: what the endpoint wants of a fine-grained token, not what this one has.
    pub wanted_permissions: Option<String>,
    /// `X-Accepted-OAuth-Scopes`: any one of them would do.
    pub wanted_scopes: BTreeSet<String>,
    /// `X-OAuth-Scopes`.
    pub held_scopes: Option<BTreeSet<String>>,
}

/// Whose refusal, of what.
pub(super) struct Asking<'a> {
    pub site: &'a Site,
    pub kind: Option<TokenKind>,
    /// What was asked for, as in "the repository acme/gitops".
    pub subject: &'a str,
}

/// The fault that `answer` stands for, when something else was expected.
pub(super) fn fault(answer: &Answer, asking: &Asking<'_>) -> Fault {
    let Some(refusal) = Refusal::read(answer) else {
        return answer.general_fault().unwrap_or_else(|| answer.not_the_api("an answer of the GitHub API"));
    };
    let fault = refusal.classify(asking);
    match fault.kind {
        FaultKind::RateLimit => answer.rate_limit(),
        FaultKind::Server => answer.general_fault().unwrap_or(fault),
        kind => Fault { text: answer.fault(kind, &fault.text).text, ..fault },
    }
}

impl Refusal {
    /// Takes an answer apart, if GitHub itself gave it.
    pub fn read(answer: &Answer) -> Option<Self> {
        if answer.status < 400 {
            return None;
        }
        let body: wire::Refused = answer.json("a refusal").ok()?;
        let documentation = body.documentation_url.unwrap_or_default();
        let documented = ["https://docs.github.com", "https://developer.github.com"];
        let ours = is_marked(answer) || documented.iter().any(|start| documentation.starts_with(start));
        if !ours {
            return None;
        }
        let exhausted = answer.header("x-ratelimit-remaining").is_some_and(|left| left.trim() == "0");
        Some(Self {
            status: answer.status,
            message: answer.say(&body.message),
            documentation,
            errors: messages(&body.errors).iter().map(|message| answer.say(message)).collect(),
            sso: answer.header("x-github-sso"),
            limited: exhausted || answer.header("retry-after").is_some(),
            wanted_permissions: answer.header("x-accepted-github-permissions").map(|wanted| answer.say(&wanted)),
            wanted_scopes: answer.header("x-accepted-oauth-scopes").map(|wanted| scopes(&wanted)).unwrap_or_default(),
            held_scopes: answer.header("x-oauth-scopes").map(|held| scopes(&held)),
        })
    }

    pub fn says(&self, part: &str) -> bool {
        let part = part.to_ascii_lowercase();
        self.message.to_ascii_lowercase().contains(&part)
            || self.errors.iter().any(|error| error.to_ascii_lowercase().contains(&part))
    }

    /// What the refusal means. The order is the order in which one cause can hide behind another.
    pub fn classify(&self, asking: &Asking<'_>) -> Fault {
        if self.status == 401 {
            return self.unauthorised(asking);
        }
        if self.is_limit() {
            return Fault::new(FaultKind::RateLimit, "GitHub limits how often it may be asked.");
        }
        if self.status >= 500 {
            return Fault::new(FaultKind::Server, "GitHub has a problem of its own.");
        }
        self.organisation_rule(asking)
            .or_else(|| self.permission(asking))
            .unwrap_or_else(|| self.rest(asking))
            .accepted()
    }

    fn unauthorised(&self, asking: &Asking<'_>) -> Fault {
        let page = asking.site.provider.rules().tokens_page(asking.site, asking.kind);
        if self.says("two-factor") || self.says("OTP") {
            let text = "GitHub asks for a second factor, so this is a password, not a token.";
            return Fault::new(FaultKind::Auth, text).remedy(Remedy::at("Use a personal access token.", page));
        }
        if self.says("requires authentication") || self.says("must authenticate") {
            let text = "GitHub got no token that it can read.";
            return Fault::new(FaultKind::Auth, text).remedy(Remedy::at("Enter a personal access token.", page));
        }
        let text =
            "GitHub does not accept this token: it is mistyped, expired or revoked, and GitHub does not tell which.";
        Fault::new(FaultKind::Auth, text)
            .remedy(Remedy::at("Copy the token again, or make a new one and use that instead.", page))
    }

    fn is_limit(&self) -> bool {
        matches!(self.status, 403 | 429)
            && (self.limited
                || self.status == 429
                || self.says("secondary rate limit")
                || self.says("API rate limit exceeded")
                || self.says("abuse detection")
                || self.says("maximum number of login attempts")
                || self.documentation.ends_with("#abuse-rate-limits")
                || self.documentation.ends_with("secondary-rate-limits"))
    }

    /// Single sign-on, IP allow list, and what an organisation lets tokens do.
    fn organisation_rule(&self, asking: &Asking<'_>) -> Option<Fault> {
        let tokens = asking.site.provider.rules().tokens_page(asking.site, asking.kind);
        let required = self.sso.as_deref().filter(|sso| sso.trim_start().starts_with("required"));
        if required.is_some() || self.says("protected by organization SAML enforcement") || self.says("SAML SSO") {
            let url =
                required.and_then(|sso| sso_url(sso, asking.site)).or_else(|| link_in(&self.message, asking.site));
            return Some(sso_fault(url, tokens, asking));
        }
        if self.says("organization has an IP allow list enabled") || self.says("IP address is not permitted") {
            let organisation = between(&self.message, "the `", "` organization").unwrap_or("this");
            let text = format!(
                "The IP allow list of the organisation {organisation} does not have the address of this computer."
            );
            let remedy = "Ask from an allowed network (VPN), or let an owner add this address to the list.";
            return Some(Fault::new(FaultKind::IpAllowlist, text).remedy(Remedy::new(remedy)));
        }
        if self.says("forbids access via a personal access token") {
            let organisation = between(&self.message, "`", "`").unwrap_or("this organisation");
            let text = format!("{organisation} does not let classic personal access tokens in.");
            let page = asking.site.host.join("/settings/personal-access-tokens");
            let remedy = Remedy::at("Make a fine-grained personal access token and use that instead.", page);
            return Some(Fault::new(FaultKind::TokenPolicy, text).remedy(remedy));
        }
        if self.says("forbids access via a fine-grained personal access token") {
            let days = between(&self.message, "lifetime is greater than ", " day").filter(|days| is_number(days));
            let organisation = between(&self.message, "The '", "'").unwrap_or("This organisation");
            let most = days.map(|days| format!(" that live longer than {days} days")).unwrap_or_default();
            let text = format!("{organisation} does not let fine-grained tokens in{most}.");
            let page = link_in(&self.message, asking.site).unwrap_or(tokens);
            let remedy = Remedy::at("Give the token a shorter life on its own page.", page);
            return Some(Fault::new(FaultKind::TokenPolicy, text).remedy(remedy));
        }
        None
    }

    /// What the token holds, and what its user may do.
    fn permission(&self, asking: &Asking<'_>) -> Option<Fault> {
        let rules = asking.site.provider.rules();
        let tokens = rules.tokens_page(asking.site, asking.kind);
        if self.says("resource not accessible by personal access token")
            || self.says("resource not accessible by integration")
        {
            let subject = asking.subject;
            let text = match &self.wanted_permissions {
                Some(wanted) => {
                    format!("The token lacks the permission that {subject} needs. GitHub names {wanted} for it.")
                }
                None => format!("The token lacks the permission that {subject} needs."),
            };
            let remedy = "Add the permission on the token's page; select the repository there, and the right resource owner; an organisation may have to approve the token first.";
            return Some(Fault::new(FaultKind::MissingScope, text).remedy(Remedy::at(remedy, tokens)));
        }
        let texts = [
            "you need admin access to the organization",
            "organization members cannot delete repositories",
            "repository was archived so is read-only",
            "must have admin rights",
            "must have push access",
            "must be an organization owner",
        ];
        if texts.iter().any(|text| self.says(text)) {
            let text = format!("GitHub refused {} and said “{}”.", asking.subject, self.message);
            let remedy = if self.says(texts[0]) {
                "Ask an owner of the organisation for the right to create repositories; a fine-grained token must also have the organisation, not your account, as its resource owner."
            } else if self.says(texts[2]) {
                "Unarchive the repository in its settings, or use another one."
            } else {
                "Ask an owner or administrator for the role."
            };
            return Some(Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new(remedy)));
        }
        let missing = self.missing_scopes(asking)?;
        (self.status == 403).then(|| {
            let text =
                format!("The token lacks the scope that {} needs. GitHub takes {missing} for it.", asking.subject);
            Fault::new(FaultKind::MissingScope, text).remedy(Remedy::at("Add the scope on the token's page.", tokens))
        })
    }

    /// Scopes any one of which would do, if the token holds none of them: `repo`, or `one of admin:org, repo`.
    pub fn missing_scopes(&self, asking: &Asking<'_>) -> Option<String> {
        let held = asking.site.provider.rules().closure(self.held_scopes.as_ref()?);
        let missing = !self.wanted_scopes.is_empty() && self.wanted_scopes.is_disjoint(&held);
        let names = || self.wanted_scopes.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        missing.then(|| if self.wanted_scopes.len() == 1 { names() } else { format!("one of {}", names()) })
    }

    fn rest(&self, asking: &Asking<'_>) -> Fault {
        let subject = asking.subject;
        let tokens = asking.site.provider.rules().tokens_page(asking.site, asking.kind);
        match self.status {
            404 => {
                let text = format!("GitHub does not find {subject} or does not let this token see it.");
                let cause = match asking.kind.map(|kind| kind.0) {
                    Some("fine-grained") => "its resource owner is another one, the repository is not selected, or the organisation has not approved it yet".to_owned(),
                    _ => match self.missing_scopes(asking) {
                        Some(missing) => format!("it lacks the scope that is needed ({missing})"),
                        None => "it lacks the scope repo, or is not authorised for the organisation's single sign-on".to_owned(),
                    },
                };
                let remedy = format!(
                    "Check the spelling. If the name is right, the token does not see it: {cause}; or its user has no role there."
                );
                Fault::new(FaultKind::NotFound, text).remedy(Remedy::at(remedy, tokens))
            }
            410 => {
                let text = "GitHub no longer answers this version of its API.";
                Fault::new(FaultKind::NotTheApi, text).remedy(Remedy::new("Update git-access."))
            }
            _ => {
                let words = [std::slice::from_ref(&self.message), self.errors.as_slice()].concat().join("; ");
                let text = format!("GitHub refused {subject} and said “{words}”.");
                let remedy = "Ask an owner of the repository or organisation, with these words.";
                Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new(remedy))
            }
        }
    }
}

/// Whether the headers are those that only GitHub sends.
pub(super) fn is_marked(answer: &Answer) -> bool {
    let marks = ["x-github-request-id", "x-github-media-type", "x-oauth-scopes", "x-accepted-oauth-scopes"];
    marks.iter().any(|name| answer.header(name).is_some())
}

/// The scopes of a header.
pub(super) fn scopes(header: &str) -> BTreeSet<String> {
    header.split(',').map(str::trim).filter(|scope| is_scope(scope)).map(str::to_owned).collect()
}

pub(super) fn is_scope(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":_-.".contains(&byte))
}

fn sso_fault(url: Option<String>, tokens: String, asking: &Asking<'_>) -> Fault {
    let text = format!("Single sign-on protects {} and this token is not authorised for it.", asking.subject);
    let remedy = match url {
        Some(url) => Remedy::at("Open this page within the hour and authorise the token.", url),
        None => Remedy::at("Choose “Configure SSO” beside the token and authorise it for the organisation.", tokens),
    };
    Fault::new(FaultKind::Sso, text).remedy(remedy)
}

fn sso_url(header: &str, site: &Site) -> Option<String> {
    let url = header.split(';').find_map(|part| part.trim().strip_prefix("url="))?;
    own_page(url.trim(), site)
}

/// The first address of GitHub's own in a message.
fn link_in(message: &str, site: &Site) -> Option<String> {
    message.split_whitespace().find_map(|word| own_page(word.trim_end_matches(['.', ',', ')']), site))
}

/// A page that the server named, if it is on the host itself or on github.com.
fn own_page(text: &str, site: &Site) -> Option<String> {
    let url = url::Url::parse(text).ok().filter(|url| url.username().is_empty() && url.password().is_none())?;
    let origin = origin_of(&url).ok()?;
    let own = origin == *site.host.origin() || origin.to_string() == "https://github.com";
    (own && is_plain(url.as_str()) && url.as_str().len() <= 600).then(|| url.to_string())
}

/// What was wrong with each field of a request.
fn messages(errors: &serde_json::Value) -> Vec<String> {
    let text = |error: &serde_json::Value| match error {
        serde_json::Value::String(text) => Some(text.clone()),
        _ => error.get("message").or_else(|| error.get("code"))?.as_str().map(str::to_owned),
    };
    errors.as_array().map(|errors| errors.iter().take(5).filter_map(text).collect()).unwrap_or_default()
}

fn between<'t>(text: &'t str, open: &str, close: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(open)?;
    rest.split_once(close).map(|(inner, _)| inner).filter(|inner| !inner.is_empty())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
