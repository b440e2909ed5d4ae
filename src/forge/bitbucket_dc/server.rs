//! Is Bitbucket Data Center there? Asked without the credential, so that a wrong host never sees it.
//!
//! `GET /application-properties` is open to everybody.

use super::refusal::Refusal;
use super::{BitbucketDc, headed, wire};
use crate::fact::{Fault, Server};
use crate::forge::client::{Request, Sign};
use crate::forge::part;
use crate::text::sanitise;

impl part::Server for BitbucketDc {
    async fn server(&self) -> Result<Server, Fault> {
        let what = "the version of Bitbucket Data Center";
        let request = Request::get(self.0.site.api.join("/application-properties"));
        let answer = self.0.client.send(&headed(request).sign(Sign::Not)).await?;
        let named = |version| Ok(Server { product: self.0.site.provider.to_string(), version, date: answer.date() });
        if answer.status == 200 {
            let told: wire::Properties = answer.json(what)?;
            let version = sanitise(&told.version, 60);
            let known = version.starts_with(|digit: char| digit.is_ascii_digit()) && !told.display_name.is_empty();
            return if known { named(Some(version)) } else { Err(answer.not_the_api(what)) };
        }
        if let Some(fault) = answer.general_fault() {
            return Err(fault);
        }
        // A server that tells strangers nothing refuses in words of its own.
        match Refusal::read(&answer).filter(|refusal| matches!(refusal.status, 401 | 403)) {
            Some(_) => named(None),
            None => Err(answer.not_the_api(what)),
        }
    }
}
