//! The address of a repository as each program that uses it wants it written.
//!
//! Whether it ends in `.git` follows from the provider and is decided in [`super::Rules::clone_url`]: GitLab answers the
//! address without it by a redirect that Argo CD does not follow, and Azure DevOps has no repository of the name with it
//! (<https://argo-cd.readthedocs.io/en/stable/user-guide/private-repositories/>, 2026-11-20). No address has a user in
//! it: Keptn's page on upstreams asks to remove the one that Azure DevOps writes.

use crate::fact::{Place, Site};

/// Who is handed the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consumer {
    /// Git itself, and whatever hands the address to git as it is: Keptn, Devtron, Qovery, Terraform.
    Git,
    /// The `url` of Flux's `GitRepository`, read with a token.
    Flux,
    /// The same, read with a key: the form with a scheme, since the scp-like one is refused
    /// (<https://fluxcd.io/flux/components/source/gitrepositories/#url>, 2026-11-20).
    FluxSsh,
    /// The `url` of Argo CD's `repository` Secret.
    ArgoCd,
    /// The `url` of Argo CD's `repo-creds` Secret: everything that begins with it, to the letter, so it ends in a slash
    /// (`util/git/git.go` and `util/db/repository_secrets.go` of argoproj/argo-cd, 2026-08-22).
    ArgoCdTemplate,
}

/// The address of the repository at `place` for `consumer`: without a user, without a query, encoded once.
pub fn url_for(consumer: Consumer, site: &Site, place: &Place) -> String {
    let rules = site.provider.rules();
    let clone = rules.clone_url(site, place);
    match consumer {
        Consumer::Git | Consumer::Flux | Consumer::ArgoCd => clone,
        Consumer::FluxSsh => rules.ssh_url(site, place),
        Consumer::ArgoCdTemplate => clone.rsplit_once('/').map_or(clone.clone(), |(above, _)| format!("{above}/")),
    }
}
