//! What GitLab says to git in place of a list of refs: one line of plain text.

use super::refusal::{Asking, granular, page_in, pages};
use crate::fact::{Fault, FaultKind, Remedy, Service};
use crate::forge::client::Answer;

/// The fault that `answer` stands for. `known`: the API has taken the token in this run.
pub(super) fn fault(answer: &Answer, service: Service, known: bool, asking: &Asking<'_>) -> Fault {
    let words = answer.say(&String::from_utf8_lossy(answer.body()));
    let plain = matches!(answer.content_type().as_str(), "text/plain" | "") && !words.is_empty();
    let challenged = answer.header("www-authenticate").is_some();
    if !plain || !(matches!(answer.status, 403 | 404 | 422) || (answer.status == 401 && challenged)) {
        return answer.not_the_api("git's list of refs");
    }
    let fault = match answer.status {
        401 if known => {
            // A bot that may not read the project is refused as if its token were wrong.
            let text = format!("Git does not let this token in to {} although the API takes it.", asking.subject);
            let remedy = "The token belongs to another project or group, or the project does not exist: check the path, or make the token there.";
            Fault::new(FaultKind::NotFound, text).remedy(Remedy::at(remedy, pages(asking))).accepted()
        }
        401 => Fault::new(FaultKind::Auth, "Git does not let this token in.")
            .remedy(Remedy::at("Make a new token and use it here.", pages(asking))),
        404 => {
            let text = format!("Git does not find {} or this token may not see it.", asking.subject);
            Fault::new(FaultKind::NotFound, text)
                .remedy(Remedy::new("Check the whole path, and that the account is a member there."))
                .accepted()
        }
        _ => forbidden(&words, service, asking),
    };
    Fault { text: answer.fault(fault.kind, &fault.text).text, ..fault }
}

fn forbidden(words: &str, service: Service, asking: &Asking<'_>) -> Fault {
    let subject = asking.subject;
    let says = |part: &str| words.to_ascii_lowercase().contains(&part.to_ascii_lowercase());
    if says("SSO session") {
        let text = format!("The group of {subject} asks for single sign-on, and this token's user has no session.");
        let text_remedy = "Sign on here, then ask again within a day. For a platform that lasts, use a group, project or service-account token: they need no session.";
        let page = page_in(words, asking.site).unwrap_or_else(|| pages(asking));
        return Fault::new(FaultKind::Sso, text).remedy(Remedy::at(text_remedy, page)).accepted();
    }
    if says("fine-grained personal access token") {
        return granular(words, asking);
    }
    if says("read-only") || says("maintenance") {
        let text = format!("GitLab is read-only for the moment and says “{words}”.");
        return Fault::new(FaultKind::Server, text).remedy(Remedy::new("Ask again when it takes changes.")).accepted();
    }
    if says("not allowed to upload code") || says("not allowed to download code") {
        let scope = if service == Service::Write { "write_repository" } else { "read_repository" };
        let text = format!("The scopes of the token do not let git in to {subject}.");
        let remedy = Remedy::at(format!("Make a token with the scope {scope}."), pages(asking));
        return Fault::new(FaultKind::MissingScope, text).remedy(remedy).accepted();
    }
    let remedy = if says("archived") {
        "Unarchive the project in its settings, or use another one."
    } else if says("over HTTP") {
        "Ask an administrator to allow git over HTTP, or use an SSH key."
    } else {
        "Ask a Maintainer of the project for the role Developer, or Maintainer where the branch is protected."
    };
    let text = format!("Git is refused on {subject} with the words “{words}”.");
    Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new(remedy)).accepted()
}
