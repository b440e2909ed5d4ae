//! Is Azure DevOps there? Asked without the credential, so that a wrong host never sees it.
//!
//! Strangers are told nothing but where to sign in. What names the server is in the headers: every answer of it carries
//! the ids by which Microsoft's support finds a request, and its challenge names its own realm.

use super::{AzureDevops, wire};
use crate::fact::{Fault, FaultKind, Remedy, Server};
use crate::forge::client::{Answer, Request, Sign};
use crate::forge::part;

/// Headers that no other program sends.
const MARKS: [&str; 6] = [
    "x-vss-e2eid",
    "x-vss-userdata",
    "x-vss-resourcetenant",
    "x-tfs-processid",
    "x-tfs-session",
    "x-vss-senderdeploymentid",
];

impl part::Server for AzureDevops {
    async fn server(&self) -> Result<Server, Fault> {
        let request = Request::get(self.0.site.api.join("/_apis/connectionData"));
        let answer = self.0.client.send(&self.dressed(request).sign(Sign::Not)).await?.without_mark();
        let date = answer.date();
        let named = |product: &str| Ok(Server { product: product.to_owned(), version: None, date });
        let told = answer.json::<wire::Connection>("the connection").ok().filter(|_| answer.status == 200);
        if let Some(told) = told.filter(|told| wire::is_guid(&told.instance_id)) {
            let hosted = told.deployment_type.as_deref().is_none_or(|kind| kind.eq_ignore_ascii_case("hosted"));
            return named(if hosted { "Azure DevOps Services" } else { "Azure DevOps Server" });
        }
        if let Some(fault) = answer.general_fault() {
            return Err(fault);
        }
        if is_azure(&answer) && matches!(answer.status, 203 | 302 | 401 | 403 | 404) {
            return named("Azure DevOps");
        }
        // Windows itself may stand before a Server and let nobody through to it.
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        if answer.status == 401 && (challenge.contains("NTLM") || challenge.contains("Negotiate")) {
            let text = format!("{} asks to sign in before it says what it is.", answer.host());
            return Err(Fault::new(FaultKind::NotFound, text)
                .remedy(Remedy::new("The answers to the token tell whether it is Azure DevOps Server.")));
        }
        Err(answer.not_the_api("Azure DevOps"))
    }
}

/// Whether an answer is of Azure DevOps, whatever its body.
pub(super) fn is_azure(answer: &Answer) -> bool {
    MARKS.iter().any(|mark| answer.header(mark).is_some())
        || answer
            .header("www-authenticate")
            .is_some_and(|challenge| challenge.contains(".visualstudio.com") || challenge.contains("TFS-Federated"))
}
