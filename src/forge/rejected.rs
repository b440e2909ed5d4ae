//! The refusal of the credential itself, kept: what was refused once is not shown again. Forges count failed sign-ins, and
//! lock accounts and addresses out for them.

use std::sync::OnceLock;

use super::client::{Answer, Client, Request};
use crate::fact::{Fault, FaultKind};

#[derive(Debug, Default)]
pub struct Rejected(OnceLock<Fault>);

impl Rejected {
    /// # Errors
    /// The refusal, if there was one.
    pub fn told(&self) -> Result<(), Fault> {
        self.0.get().map_or(Ok(()), |fault| Err(fault.clone()))
    }

    /// Keeps a refusal of the credential, whatever its kind. The first one stays.
    pub fn keep(&self, fault: Fault) -> Fault {
        self.0.get_or_init(|| fault).clone()
    }

    /// Keeps `fault` if it says that the credential is not taken.
    pub fn note(&self, fault: Fault) -> Fault {
        if is_of_credential(&fault) { self.keep(fault) } else { fault }
    }

    /// Sends with the credential, whatever the answer, unless it was refused before. What a 401 means is for `refused` to say.
    ///
    /// # Errors
    /// The refusal of the credential; or why no answer came.
    pub async fn send(
        &self,
        client: &Client,
        request: &Request,
        refused: impl Fn(&Answer) -> Fault,
    ) -> Result<Answer, Fault> {
        self.told()?;
        let answer = client.send(request).await?;
        if answer.status == 401 {
            let fault = refused(&answer);
            if is_of_credential(&fault) {
                return Err(self.keep(fault));
            }
        }
        Ok(answer)
    }
}

fn is_of_credential(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Auth | FaultKind::Expired | FaultKind::Revoked)
}
