//! What GitHub says to git in place of a list of refs: one line of plain text.

use super::refusal::{Asking, Refusal};
use crate::fact::{Fault, FaultKind, Remedy, Service};
use crate::forge::client::Answer;

/// The fault that `answer` stands for.
pub(super) fn fault(answer: &Answer, service: Service, asking: &Asking<'_>) -> Fault {
    let words = answer.say(&String::from_utf8_lossy(answer.body()));
    let plain = matches!(answer.content_type().as_str(), "text/plain" | "");
    let known = match answer.status {
        401 => plain && (answer.header("www-authenticate").is_some() || !words.is_empty()),
        403 | 404 => plain && !words.is_empty(),
        _ => false,
    };
    if !known {
        return answer.not_the_api("git's list of refs");
    }
    let sso = answer.header("x-github-sso");
    let refusal = Refusal { status: answer.status, message: words, sso, ..Refusal::default() };
    let fault = denied(&refusal, service, asking).unwrap_or_else(|| refusal.classify(asking));
    Fault { text: answer.fault(fault.kind, &fault.text).text, ..fault }
}

/// The token, or its user, may not use the service there.
fn denied(refusal: &Refusal, service: Service, asking: &Asking<'_>) -> Option<Fault> {
    let of_token = refusal.says("access to repository not granted");
    let of_user = refusal.says("permission to") && refusal.says("denied");
    if refusal.status != 403 || !(of_token || of_user) {
        return None;
    }
    let fine_grained = asking.kind.is_some_and(|kind| kind.0 == "fine-grained");
    let (act, role, permission) = match service {
        Service::Read => ("Reading", "Read", "Contents: read-only"),
        Service::Write => ("Pushing to", "Write", "Contents: read and write"),
    };
    let who = if of_token { "token" } else { "account" };
    let text = format!("{act} {} is not allowed to this {who}.", asking.subject);
    let page = asking.site.provider.rules().tokens_page(asking.site, asking.kind);
    let fault = if of_token && fine_grained {
        let remedy = format!("Give the token {permission} on its page, and select the repository there.");
        Fault::new(FaultKind::MissingScope, text).remedy(Remedy::at(remedy, page))
    } else if fine_grained {
        let remedy = format!("Ask an owner of the repository for the role {role}; the token also needs {permission}.");
        Fault::new(FaultKind::NoAccess, text).remedy(Remedy::at(remedy, page))
    } else {
        let remedy = format!("Ask an owner of the repository for the role {role}.");
        Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new(remedy))
    };
    Some(fault.accepted())
}
