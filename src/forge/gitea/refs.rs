//! Git's refs, and why they do not prove the right to push here.
//!
//! For `git-receive-pack` the server lets everybody in who may *read*, and leaves the rest to a hook that runs when
//! something arrives (`AGit`, `routers/web/repo/githttp.go` of Gitea 1.26 and Forgejo 12): even `git push --dry-run`
//! succeeds for a reader. So the right to push is what three say together: the API that the account pushes
//! (`permissions.push`) and that the default branch takes it, git that the token's scope is enough, and the token's own
//! scopes where they are told.

use futures_util::future::join3;

use super::repository::{self, Seen};
use super::{Gitea, git_refusal, wire};
use crate::fact::{Fault, FaultKind, Grants, Place, Refs, Remedy, Service, Told, Visibility};
use crate::forge::client::Answer;
use crate::forge::{name, part};
use crate::provider::Coverage;

impl part::Refs for Gitea {
    async fn refs(&self, place: &Place, service: Service, user: &str) -> Result<Refs, Fault> {
        let place = name::place(&self.0.site, place)?;
        if service == Service::Read {
            return self.advertised(&place, service, user).await;
        }
        let (refs, seen, token) =
            join3(self.advertised(&place, service, user), self.repository_known(&place), self.token()).await;
        // What the API says about the account comes first: git's refusals have fewer words.
        let seen = seen?;
        self.may_push(&seen, &place)?;
        if let Grants::Known(held) = token?.grants {
            self.scope_lets_push(&held, &seen, &place)?;
        }
        let refs = refs?;
        self.branch_takes(&seen, &place).await?;
        Ok(refs)
    }
}

impl Gitea {
    async fn advertised(&self, place: &Place, service: Service, user: &str) -> Result<Refs, Fault> {
        self.0.rejected.told()?;
        let url = self.0.site.provider.rules().clone_url(&self.0.site, place);
        let subject = repository::subject(place);
        let refused = |answer: &Answer| git_refusal::fault(answer, service, &self.asking(&subject));
        crate::git::refs(&self.0.client, &url, service, user, refused).await
    }

    fn may_push(&self, seen: &Seen, place: &Place) -> Result<(), Fault> {
        let subject = repository::subject(place);
        let page = self.0.site.host.join(&format!("/{}/{}", place.owner.owner, place.name));
        let (text, remedy) = if seen.repository.archived {
            let remedy = Remedy::at("Unarchive it in its settings, or use another one.", format!("{page}/settings"));
            (format!("Nobody pushes to {subject}: it is archived."), remedy)
        } else if seen.mirror {
            let remedy = Remedy::new("Use the repository that it mirrors, or another one.");
            (format!("Nobody pushes to {subject}: it is a mirror of another one."), remedy)
        } else if seen.repository.account_pushes == Told::Yes {
            return Ok(());
        } else {
            let remedy = "Ask an owner of the repository to give the account, or a team of it, the right to write.";
            (format!("Pushing to {subject} is not allowed to this account."), Remedy::at(remedy, page))
        };
        Err(Fault::new(FaultKind::NoAccess, text).remedy(remedy).accepted())
    }

    fn scope_lets_push(
        &self,
        held: &std::collections::BTreeSet<String>,
        seen: &Seen,
        place: &Place,
    ) -> Result<(), Fault> {
        let rules = self.0.site.provider.rules();
        let public = seen.repository.visibility == Some(Visibility::Public);
        if rules.covers(held, "write:repository", public) == Coverage::Held {
            return Ok(());
        }
        let text = format!("Pushing to {} is not allowed to this token.", repository::subject(place));
        let remedy = Remedy::at("Make a token with write:repository.", rules.tokens_page(&self.0.site, None));
        Err(Fault::new(FaultKind::MissingScope, text).remedy(remedy).accepted())
    }

    /// A protected branch lets only some push. An empty repository has none yet, although one is named; nor has one to which
    /// only others were pushed. Whether rules wait for it is not told to everybody.
    async fn branch_takes(&self, seen: &Seen, place: &Place) -> Result<(), Fault> {
        let Some(branch) = seen.repository.default_branch.as_deref().filter(|_| !seen.empty) else { return Ok(()) };
        let subject = format!("the branch {branch} of {}", repository::subject(place));
        let encoded: String = url::form_urlencoded::byte_serialize(branch.as_bytes()).collect();
        let (owner, name) = (&place.owner.owner, &place.name);
        let answer = match self.read(&format!("/repos/{owner}/{name}/branches/{encoded}"), &subject).await {
            Err(fault) if fault.kind == FaultKind::NotFound => return Ok(()),
            answer => answer?,
        };
        let told: wire::Branch = answer.json(&subject)?;
        if told.name != branch {
            return Err(answer.not_the_api(&subject));
        }
        if told.user_can_push {
            return Ok(());
        }
        let why = if told.protected { "it is protected" } else { "the server says so" };
        let text = format!("The account may not push to {subject}: {why}.");
        let page = self.0.site.host.join(&format!("/{owner}/{name}/settings/branches"));
        let remedy = Remedy::at("Let the account push there in the rules of the branch.", page);
        Err(Fault::new(FaultKind::NoAccess, text).remedy(remedy).accepted())
    }
}
