//! What git is told, and whether it may push.
//!
//! Git's own answer proves that user name and token are let in together. That the server announces `git-receive-pack` to
//! writers only is documented nowhere, so the right to push is what two say: git, and the list of the repositories on
//! which account and token may write.

use futures_util::future::join;

use super::repository::{self, Seen};
use super::{BitbucketDc, git_refusal};
use crate::fact::{Fault, FaultKind, Place, Refs, Remedy, Service};
use crate::forge::client::Answer;
use crate::forge::{name, part};

impl part::Refs for BitbucketDc {
    async fn refs(&self, place: &Place, service: Service, user: &str) -> Result<Refs, Fault> {
        let place = name::place(&self.0.site, place)?;
        if service == Service::Read {
            return self.advertised(&place, service, user).await;
        }
        let known = async {
            let seen = self.repository_known(&place).await?;
            let writes = self.is_permitted(&seen, "REPO_WRITE").await?;
            Ok::<_, Fault>((seen, writes))
        };
        let (refs, known) = join(self.advertised(&place, service, user), known).await;
        // What the API says comes first: git's refusals have fewer words.
        let (seen, writes) = known?;
        self.may_push(&seen, writes, &place)?;
        refs
    }
}

impl BitbucketDc {
    async fn advertised(&self, place: &Place, service: Service, user: &str) -> Result<Refs, Fault> {
        // Whether the API takes the token tells a wrong token from one that is not let in this way.
        let known = self.user().await.ok();
        self.0.rejected.told()?;
        let url = self.0.site.provider.rules().clone_url(&self.0.site, place);
        let subject = repository::subject(place);
        let told = git_refusal::Told { service, user, known: known.as_ref() };
        let refused = |answer: &Answer| git_refusal::fault(answer, &told, &self.asking(&subject));
        crate::git::refs(&self.0.client, &url, service, user, refused).await
    }

    fn may_push(&self, seen: &Seen, writes: bool, place: &Place) -> Result<(), Fault> {
        let subject = repository::subject(place);
        let page = self.0.site.host.join(&repository::path(place));
        let (text, remedy) = if seen.repository.archived {
            let remedy = Remedy::at("Unarchive it in its settings, or use another one.", format!("{page}/settings"));
            (format!("Nobody pushes to {subject}: it is archived."), remedy)
        } else if writes {
            return Ok(());
        } else {
            let remedy = "Ask an administrator of the repository to give the account the permission to write, and see that the token has “repository write” too.";
            let text = format!(
                "Pushing to {subject} is not permitted: the account or the token has no permission to write there."
            );
            (text, Remedy::at(remedy, page))
        };
        Err(Fault::new(FaultKind::NoAccess, text).remedy(remedy).accepted())
    }
}
