//! Scopes, each seen in what it opens; nothing lists them.
//!
//! Reading and pushing are seen in git's own answers. For creating and deleting there is no request that is known to be
//! refused without harm, so that scope is seen only where this token has just used it.

use std::sync::atomic::Ordering;

use super::AzureDevops;
use super::list::Projects;
use crate::fact::{Fault, Place, Right, Visibility};
use crate::forge::part::{self, Repository as _};

impl part::Right for AzureDevops {
    async fn right(&self, place: &Place, scope: &str, _probe: bool) -> Result<Right, Fault> {
        match scope {
            "vso.code" => match self.repository(place).await?.visibility {
                Some(Visibility::Public) => {
                    let text = "It could not be seen: the project is public, so that every token reads its code.";
                    Ok(Right::NotTold(text.to_owned()))
                }
                _ => Ok(Right::Held),
            },
            "vso.profile" | "vso.project" => match self.projects_part(None, 1).await? {
                Projects::Told(..) => Ok(Right::Held),
                Projects::Refused(fault) => Err(fault),
            },
            "vso.code_manage" => {
                self.user().await?;
                if self.0.created.load(Ordering::Relaxed) {
                    return Ok(Right::Held);
                }
                let text = "It could not be seen: Azure DevOps lists the scopes of no token, and only creating or deleting a repository shows this one.";
                Ok(Right::NotTold(text.to_owned()))
            }
            _ => {
                let text = "It could not be seen: Azure DevOps lists the scopes of no token, and nothing harmless shows this one.";
                Ok(Right::NotTold(text.to_owned()))
            }
        }
    }
}
