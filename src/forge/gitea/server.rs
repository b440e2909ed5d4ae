//! Is Gitea or Forgejo there? Asked without the credential, so that a wrong host never sees it.
//!
//! Both tell their version at `/api/v1/version`. Only Forgejo has `/api/forgejo/v1/version` (`routers/api/forgejo/v1`,
//! Forgejo 12), and its version in the common place ends with the Gitea that it is compatible with (`+gitea-1.22.0`).

use futures_util::future::join;

use super::refusal::Refusal;
use super::{Gitea, headed, wire};
use crate::fact::{Fault, Server};
use crate::forge::client::{Answer, Request, Sign};
use crate::forge::part;
use crate::text::sanitise;

impl part::Server for Gitea {
    async fn server(&self) -> Result<Server, Fault> {
        let ask = |url: String| headed(Request::get(url)).sign(Sign::Not);
        let common = ask(self.0.site.api.join("/version"));
        let own = ask(self.0.site.host.join("/api/forgejo/v1/version"));
        let (common, own) = join(self.0.client.send(&common), self.0.client.send(&own)).await;
        let answer = common?;
        let forgejo = own.ok().and_then(|answer| version(&answer));
        let date = answer.date();
        let named = |product: &str, version| Ok(Server { product: product.to_owned(), version, date });
        if let Some(version) = version(&answer) {
            let (own_number, compatible) = version.split_once("+gitea-").unwrap_or((&version, ""));
            return match forgejo {
                Some(version) => named("Forgejo", Some(without_compatibility(&version))),
                None if !compatible.is_empty() => named("Forgejo", Some(own_number.to_owned())),
                None => named("Gitea", Some(version)),
            };
        }
        if let Some(fault) = answer.general_fault() {
            return Err(fault);
        }
        // A server that tells strangers nothing says so in words of its own; who it is follows from them.
        match Refusal::read(&answer).filter(Refusal::wants_sign_in) {
            Some(_) if forgejo.is_some() => named("Forgejo", forgejo.as_deref().map(without_compatibility)),
            Some(_) => named("Gitea or Forgejo", None),
            None => Err(answer.not_the_api("the version of Gitea or Forgejo")),
        }
    }
}

/// The version in an answer. Released ones begin with a number; what developers build themselves has a word.
fn version(answer: &Answer) -> Option<String> {
    let told: wire::Version = (answer.status == 200).then(|| answer.json("a version").ok()).flatten()?;
    let version = sanitise(&told.version, 60);
    let numbered = version.split('.').take(2).all(|part| part.starts_with(|digit: char| digit.is_ascii_digit()));
    let built = ["development", "dev", "main"].iter().any(|word| version.starts_with(word));
    ((numbered && version.contains('.')) || built).then_some(version)
}

fn without_compatibility(version: &str) -> String {
    version.split_once("+gitea-").map_or(version, |(own, _)| own).to_owned()
}
