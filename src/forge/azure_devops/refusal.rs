//! What a refusal means.
//!
//! One status has several causes here, and several statuses one cause. The order: the page to sign in in any of its
//! forms; what the texts and the header `X-TFS-ServiceError` say of the token; then the status, read in the light of
//! whether the organisation has taken the token before in this run. A token that has ended, was revoked, is mistyped or
//! belongs to another organisation is refused without a word that would tell which: then neither do we.
//!
//! Texts: <https://github.com/microsoft/azure-pipelines-tasks/issues/18732> (ended),
//! <https://github.com/Azure/azure-cli/issues/24108> (TF400813),
//! <https://learn.microsoft.com/en-us/azure/devops/organizations/accounts/manage-pats-with-policies-for-administrators>.

use super::server::is_azure;
use super::wire;
use crate::fact::{Fault, FaultKind, Remedy, Site};
use crate::forge::client::Answer;

/// What was asked, and of whom.
pub(super) struct Asking<'a> {
    pub site: &'a Site,
    /// As it stands in a sentence: “the repository acme/platform/gitops”.
    pub subject: &'a str,
    /// The organisation has taken the token in this run.
    pub known: bool,
}

/// How a request is to be put to an older server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lower {
    /// The version is too new.
    Older,
    /// It is there as a preview.
    Preview,
}

/// The version that the server would take instead, where that is all it minds.
pub(super) fn lower(answer: &Answer) -> Option<Lower> {
    let refusal = Refusal::read(answer).filter(|_| answer.status == 400)?;
    if refusal.key.contains("InvalidPreviewVersion") || refusal.says("-preview flag") {
        return Some(Lower::Preview);
    }
    let version = refusal.key.contains("Version") && (refusal.says("out of range") || refusal.says("not supported"));
    version.then_some(Lower::Older)
}

/// A refusal in the API's own form.
pub(super) struct Refusal {
    /// Safe to show.
    pub words: String,
    /// The name of the exception at the server.
    pub key: String,
}

impl Refusal {
    pub fn read(answer: &Answer) -> Option<Self> {
        if let Ok(told) = answer.json::<wire::Refused>("a refusal") {
            return Some(Self { words: answer.say(&told.message), key: told.type_key });
        }
        let told: wire::Wrapped = answer.json("a refusal").ok()?;
        Some(Self { words: answer.say(&told.value.message), key: String::new() })
    }

    pub fn says(&self, words: &str) -> bool {
        says(&self.words, words)
    }
}

pub(super) fn says(text: &str, words: &str) -> bool {
    text.to_ascii_lowercase().contains(&words.to_ascii_lowercase())
}

/// The fault that `answer` stands for.
pub(super) fn fault(answer: &Answer, asking: &Asking<'_>) -> Fault {
    if let Some(fault) = answer.general_fault() {
        return fault;
    }
    let refusal = Refusal::read(answer);
    let own = refusal.is_some() || is_azure(answer) || answer.header("www-authenticate").is_some();
    let fault = of_the_token(answer, refusal.as_ref(), asking).or_else(|| match (answer.status, refusal) {
        (401, _) => Some(unauthorised(answer, asking)),
        (403 | 404 | 400 | 409, Some(refusal)) => Some(refused(answer.status, &refusal, asking)),
        (403, None) if is_azure(answer) => Some(no_access(asking, "")),
        (404, None) if is_azure(answer) => Some(nothing_there(asking)),
        _ => None,
    });
    let Some(fault) = fault.filter(|_| answer.status != 401 || own) else {
        return answer.not_the_api("an answer of Azure DevOps");
    };
    let accepted = fault.accepted || asking.known || answer.header("x-vss-userdata").is_some();
    let let_in = !matches!(fault.kind, FaultKind::Auth | FaultKind::Expired | FaultKind::Revoked);
    Fault { text: answer.fault(fault.kind, &fault.text).text, accepted: accepted && let_in, ..fault }
}

/// What is said about the token itself, in whatever place.
pub(super) fn of_the_token(answer: &Answer, refusal: Option<&Refusal>, asking: &Asking<'_>) -> Option<Fault> {
    if is_sign_in(answer) {
        return Some(to_sign_in(asking));
    }
    if answer.status < 400 {
        return None;
    }
    let header = answer.header("x-tfs-serviceerror").map(|words| answer.say(&decoded(&words))).unwrap_or_default();
    let body = match refusal {
        Some(refusal) => refusal.words.clone(),
        None => answer.say(&String::from_utf8_lossy(answer.body())),
    };
    let says = |words: &str| says(&header, words) || says(&body, words);
    let key = refusal.map(|refusal| refusal.key.as_str()).unwrap_or_default();
    if says("token used has expired") || says("token has expired") {
        let remedy = Remedy::at("Make a new token and use it here.", pages(asking));
        return Some(Fault::new(FaultKind::Expired, "The token has ended.").remedy(remedy));
    }
    if ["globalPatPolicyViolation", "fullScopePatPolicyViolation", "patLifespanPolicyViolation"].into_iter().any(says) {
        let text = "A policy of the organisation does not let this sort of token in: tokens for all organisations, with full access, or with a long life may be barred.";
        let remedy = Remedy::at(
            "Make a token for this organisation alone, with just the scopes that are named here and a shorter life.",
            pages(asking),
        );
        return Some(Fault::new(FaultKind::TokenPolicy, text).remedy(remedy));
    }
    if says("TF400813") || matches!(key, "UnauthorizedRequestException" | "InvalidIdentityException") {
        let text = format!(
            "The account is not let in to {}. It does not tell which of three it is: no member of the organisation, kept out by conditional access or by an address policy, or a token of Entra for another tenant.",
            asking.subject
        );
        let remedy = "Ask an administrator of the organisation whether the account is a member, and which policies hold from this network.";
        return Some(Fault::new(FaultKind::NoAccess, text).remedy(Remedy::at(remedy, asking.site.api.to_string())));
    }
    None
}

/// The page to sign in, as a redirect to it, or as a page in the place of an answer.
pub(super) fn is_sign_in(answer: &Answer) -> bool {
    let redirect = answer.status == 302 && answer.header("location").is_some_and(|target| target.contains("/_signin"));
    let page = matches!(answer.status, 200 | 203) && answer.content_type() == "text/html" && {
        let body = String::from_utf8_lossy(answer.body());
        is_azure(answer) || body.contains("Azure DevOps") || body.contains("/_signin")
    };
    redirect || page
}

fn to_sign_in(asking: &Asking<'_>) -> Fault {
    if asking.known {
        let text = format!(
            "Azure DevOps shows its sign-in page for {} although it took the token a moment ago. It does not tell whether a scope is missing or the token was withdrawn meanwhile.",
            asking.subject
        );
        let remedy = Remedy::at("Look at the token's page: tick the scopes that are named here.", pages(asking));
        return Fault::new(FaultKind::MissingScope, text).remedy(remedy);
    }
    let text = "Azure DevOps answered with its sign-in page: it does not take this token. It does not tell whether the token has ended, was revoked, is mistyped, or belongs to another organisation.";
    Fault::new(FaultKind::Auth, text).remedy(new_token(asking))
}

/// 401: the same for a missing scope as for a token that is no good.
fn unauthorised(answer: &Answer, asking: &Asking<'_>) -> Fault {
    if asking.known || answer.header("x-vss-userdata").is_some() {
        let text = format!("The token is taken, and its scopes do not let it in to {}.", asking.subject);
        let remedy = Remedy::at("Tick the scopes that are named here on the token's page.", pages(asking));
        return Fault::new(FaultKind::MissingScope, text).remedy(remedy);
    }
    let text = "The organisation does not take this token. It does not tell whether the token has ended, was revoked, is mistyped, or belongs to another organisation.";
    Fault::new(FaultKind::Auth, text).remedy(new_token(asking))
}

fn new_token(asking: &Asking<'_>) -> Remedy {
    let text = "Look at the token's page for the organisation that the token was made for and for its end; else make a new one in this very organisation.";
    Remedy::at(text, pages(asking))
}

/// A refusal with words.
pub(super) fn refused(status: u16, refusal: &Refusal, asking: &Asking<'_>) -> Fault {
    let (subject, words) = (asking.subject, &refusal.words);
    if refusal.key.starts_with("ProjectDoesNotExist") || refusal.says("TF200016") || refusal.says("VS800075") {
        let text = format!("There is no such project, or this account may not see it ({subject}).");
        let remedy = "Check the spelling, or make the project: the page has a button for it.";
        return Fault::new(FaultKind::NotFound, text).remedy(Remedy::at(remedy, asking.site.api.to_string()));
    }
    if refusal.says("TF401019") || refusal.key == "GitRepositoryNotFoundException" {
        let text = format!("Azure DevOps does not find {subject} or does not let this account see it.");
        let remedy =
            "Check the spelling. If the name is right, the repository is disabled or the account has no rights there.";
        return Fault::new(FaultKind::NotFound, text).remedy(Remedy::new(remedy));
    }
    if refusal.says("TF402455") || refusal.key == "GitRefUpdateRejectedByPolicyException" {
        let text = format!("A branch policy of {subject} lets changes in by pull request only.");
        let remedy = "Let the account bypass the policy, or use a branch without one.";
        return Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new(remedy));
    }
    if let Some(permission) = permission(words) {
        let text = format!("The account has not the permission {permission} for {subject}.");
        let remedy = "Have an administrator of the project allow it (Project settings, Repositories, Security).";
        return Fault::new(FaultKind::NoAccess, text).remedy(Remedy::at(remedy, asking.site.api.to_string()));
    }
    match status {
        404 => {
            let text = format!("Azure DevOps does not find {subject} and says “{words}”.");
            Fault::new(FaultKind::NotFound, text)
                .remedy(Remedy::new("Check the spelling and the rights of the account."))
        }
        _ => no_access(asking, words),
    }
}

/// The permission that TF401027 names: one of letters, in quotes.
pub(super) fn permission(words: &str) -> Option<&str> {
    let (_, rest) = words.split_once("TF401027").and_then(|(_, rest)| rest.split_once('\''))?;
    let (name, _) = rest.split_once('\'')?;
    ((1..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(name)
}

fn no_access(asking: &Asking<'_>, words: &str) -> Fault {
    let said = if words.is_empty() { String::new() } else { format!(" and says “{words}”") };
    let text = format!("Azure DevOps refuses {}{said}.", asking.subject);
    Fault::new(FaultKind::NoAccess, text)
        .remedy(Remedy::new("Ask an administrator of the project or the organisation, with these words."))
}

/// A page that is not there: an organisation of that name is not, or the address has too much in it.
fn nothing_there(asking: &Asking<'_>) -> Fault {
    let also = if asking.known { format!(", or not {}", asking.subject) } else { String::new() };
    let text = format!("There is no organisation or collection at {}{also}.", asking.site.api);
    let remedy = "Check the name of the organisation, without the project, and the host; a token sees no organisation that it was not made for.";
    Fault::new(FaultKind::NotFound, text).remedy(Remedy::at(remedy, asking.site.host.to_string()))
}

pub(super) fn pages(asking: &Asking<'_>) -> String {
    asking.site.provider.rules().tokens_page(asking.site, None)
}

/// The header's words are encoded like those of a form.
fn decoded(words: &str) -> String {
    let form = format!("x={words}");
    let first = url::form_urlencoded::parse(form.as_bytes()).next();
    first.map(|(_, words)| words.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_permission_is_the_word_in_quotes_and_nothing_else() {
        let told = "TF401027: You need the Git 'CreateRepository' permission to perform this action. Details: identity 'x', scope 'project'.";
        assert_eq!(permission(told), Some("CreateRepository"));
        for words in ["", "TF401027", "TF401027: 'no end", "TF401027: 'two words'", "You need the 'X' permission"] {
            assert_eq!(permission(words), None, "{words}");
        }
    }

    #[test]
    fn the_header_is_decoded_once() {
        assert_eq!(decoded("Access%20Denied%3A+used+has+expired."), "Access Denied: used has expired.");
        assert_eq!(decoded("100%2525"), "100%25");
    }
}
