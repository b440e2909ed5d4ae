//! What the server says to git in place of a list of refs: a line of plain text, often one word.

use super::refusal::{Asking, Refusal};
use crate::fact::{Fault, FaultKind, Remedy, Service};
use crate::forge::client::Answer;

/// The fault that `answer` stands for.
pub(super) fn fault(answer: &Answer, service: Service, asking: &Asking<'_>) -> Fault {
    let words = answer.say(&String::from_utf8_lossy(answer.body()));
    let plain = matches!(answer.content_type().as_str(), "text/plain" | "");
    let known = match answer.status {
        401 => plain && answer.header("www-authenticate").is_some(),
        403 | 404 => plain && !words.is_empty(),
        _ => false,
    };
    if !known {
        return answer.not_the_api("git's list of refs");
    }
    let refusal = Refusal { status: answer.status, message: words, ..Refusal::default() };
    if refusal.status == 403 { denied(&refusal, service, asking) } else { refusal.classify(asking) }
}

/// The texts are those of `routers/web/repo/githttp.go` and `services/context/permission.go`.
fn denied(refusal: &Refusal, service: Service, asking: &Asking<'_>) -> Fault {
    let subject = asking.subject;
    let tokens = asking.site.provider.rules().tokens_page(asking.site, None);
    let (act, scope) = match service {
        Service::Read => ("Reading", "read:repository"),
        Service::Write => ("Pushing to", "write:repository"),
    };
    let no_access = |text: String, remedy: &str| Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new(remedy));
    let fault = if refusal.says("by HTTP protocol is not allowed") {
        let remedy = "Ask an administrator of the server to let git in over HTTP (DISABLE_HTTP_GIT), or use SSH.";
        no_access("The server does not let git in over HTTP.".to_owned(), remedy)
    } else if refusal.says("push to create is not enabled") {
        let text = format!("{act} {subject} is not possible: it does not exist.");
        Fault::new(FaultKind::NotFound, text).remedy(Remedy::new("Create the repository first."))
    } else if refusal.says("archived") {
        no_access(format!("Nobody pushes to {subject}: it is archived."), "Unarchive it in its settings.")
    } else if refusal.says("mirror") {
        no_access(format!("Nobody pushes to {subject}: it is a mirror."), "Use the repository that it mirrors.")
    } else if refusal.says("permission denied") {
        no_access(
            format!("{act} {subject} is not allowed to this account."),
            "Ask an owner of the repository for the right.",
        )
    } else {
        // `CheckRepoScopedToken` says no more than the name of the status.
        let text = format!("{act} {subject} is not allowed to this token.");
        let remedy =
            format!("Make a token with {scope} that is not limited to public things or to other repositories.");
        Fault::new(FaultKind::MissingScope, text).remedy(Remedy::at(remedy, tokens))
    };
    fault.accepted()
}
