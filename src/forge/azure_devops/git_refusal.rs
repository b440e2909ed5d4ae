//! What git is told in place of a list of refs.
//!
//! A right that is missing is told inside git's own form: the listing begins, and its first line is the refusal, with
//! status 403 (<https://github.com/microsoft/azure-pipelines-agent/issues/2257>,
//! <https://github.com/gbrueckl/PowerBI.CICD/issues/2>). So the right to contribute is looked at before anything is
//! sent, and a listing for `git-receive-pack` proves it.

use super::refusal::{self, Asking, Refusal, says};
use super::server::is_azure;
use crate::fact::{Fault, FaultKind, Remedy, Service};
use crate::forge::client::Answer;

/// The fault that `answer` stands for. The organisation has taken the token before.
pub(super) fn fault(answer: &Answer, service: Service, asking: &Asking<'_>) -> Fault {
    let words = answer.say(&String::from_utf8_lossy(answer.body()));
    let told = Refusal::read(answer).or_else(|| {
        let numbered = ["TF401019", "TF401027", "TF402455", "TF200016", "VS800075"].into_iter();
        numbered.into_iter().any(|number| says(&words, number)).then(|| Refusal { words, key: String::new() })
    });
    let fault = refusal::of_the_token(answer, told.as_ref(), asking).or_else(|| match (answer.status, &told) {
        (401, _) if answer.header("www-authenticate").is_some() => Some(missing_scope(service, asking)),
        (403 | 404, Some(told)) => Some(refusal::refused(answer.status, told, asking)),
        (404, None) if is_azure(answer) => {
            let text = format!("Git does not find {} or this account may not see it.", asking.subject);
            Some(Fault::new(FaultKind::NotFound, text).remedy(Remedy::new("Check the spelling of all its parts.")))
        }
        _ => None,
    });
    let Some(fault) = fault else { return answer.not_the_api("git's list of refs") };
    Fault { text: answer.fault(fault.kind, &fault.text).text, ..fault }.accepted()
}

/// The token was taken before, so that its scopes are what is left.
fn missing_scope(service: Service, asking: &Asking<'_>) -> Fault {
    let (act, scope) = match service {
        Service::Read => ("Reading", "Code (Read)"),
        Service::Write => ("Pushing to", "Code (Read & write)"),
    };
    let text = format!("{act} {} is not allowed to this token, although the organisation takes it.", asking.subject);
    let remedy = format!("Tick {scope} on the token's page, or make a new token with it.");
    Fault::new(FaultKind::MissingScope, text).remedy(Remedy::at(remedy, refusal::pages(asking)))
}
