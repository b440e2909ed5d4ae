//! What Bitbucket says to git in place of a list of refs: a line of text. The words are those of "Error: To access this
//! repository, an admin must whitelist your IP" and its neighbours (Atlassian support).

use super::refusal::{Asking, Refusal, app_password, over_limit, rule};
use crate::fact::{Fault, FaultKind, Remedy};
use crate::forge::client::Answer;

/// The fault that `answer` stands for. `known`: the API has taken the token in this run.
pub(super) fn fault(answer: &Answer, user: &str, known: bool, asking: &Asking<'_>) -> Fault {
    let words = answer.say(&String::from_utf8_lossy(answer.body()));
    let text = matches!(answer.content_type().as_str(), "text/plain" | "") && !words.is_empty();
    let text = text || Refusal::read(answer).is_some();
    let challenged = answer.status == 401 && answer.header("www-authenticate").is_some();
    let refused = text && matches!(answer.status, 402..=404 | 410);
    if !challenged && !refused {
        return answer.not_the_api("git's list of refs");
    }
    let fault = match answer.status {
        401 => unknown(user, known, asking),
        402 => over_limit(&words),
        403 => forbidden(&words, asking),
        410 if words.to_ascii_lowercase().contains("app password") => app_password(asking),
        410 => {
            let text = format!("Bitbucket has withdrawn this way of git and says “{words}”.");
            Fault::new(FaultKind::NoAccess, text)
                .remedy(Remedy::at("Use an API token or an access token.", asking.page()))
        }
        _ => missing(asking),
    };
    Fault { text: answer.fault(fault.kind, &fault.text).text, ..fault }
}

/// Git takes other names than the API: an e-mail address is refused.
fn unknown(user: &str, known: bool, asking: &Asking<'_>) -> Fault {
    if !known {
        let text = format!("Git does not let {user} in with this token.");
        return Fault::new(FaultKind::Auth, text)
            .remedy(Remedy::at("Make a new token and use it here.", asking.page()));
    }
    let text = format!("Git does not let {user} in with this token, although the API takes it.");
    let remedy = "Beside an API token git wants the user name of the account (not its e-mail address) or x-bitbucket-api-token-auth, and beside an access token x-token-auth: correct `username`, or leave it out.";
    Fault::new(FaultKind::Auth, text).remedy(Remedy::at(remedy, asking.site.host.join("/account/settings/"))).accepted()
}

fn forbidden(words: &str, asking: &Asking<'_>) -> Fault {
    let says = |part: &str| words.to_ascii_lowercase().contains(part);
    if let Some(rule) = rule(words, asking) {
        return rule;
    }
    if says("privilege scopes") {
        let text = format!("The scopes of the token do not let git in to {}.", asking.subject);
        let remedy = "Tick both reading and writing of repositories on an API token: for pushing git needs the two.";
        return Fault::new(FaultKind::MissingScope, text).remedy(Remedy::at(remedy, asking.page())).accepted();
    }
    if says("not exist") || says("no longer exists") {
        return missing(asking);
    }
    let text = format!("Git is refused on {} with the words “{words}”.", asking.subject);
    let remedy = "Have an administrator of the repository give the account the right to write.";
    Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new(remedy)).accepted()
}

fn missing(asking: &Asking<'_>) -> Fault {
    let text = format!("Git does not find {} or this token may not see it.", asking.subject);
    let remedy = "Check workspace and name, and that the account or the token may see the repository.";
    Fault::new(FaultKind::NotFound, text).remedy(Remedy::new(remedy)).accepted()
}
