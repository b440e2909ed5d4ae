//! Permissions of fine-grained tokens, each seen by reading what only its holder may read.

use serde_json::Value;

use super::GitLab;
use super::repository::subject;
use crate::fact::{Fault, Place, Right};
use crate::forge::part::{self, Repository as _};

impl part::Right for GitLab {
    async fn right(&self, place: &Place, scope: &str, _probe: bool) -> Result<Right, Fault> {
        let (below, field) = match scope {
            "webhook:read" => ("hooks?per_page=1", "url"),
            "deploy_key:read" => ("deploy_keys?per_page=1", "key"),
            "protected_branch:read" => ("protected_branches?per_page=1", "name"),
            "member:read" => ("members/all?per_page=1", "access_level"),
            _ => {
                let text = "It could not be seen: no harmless request of GitLab's tells this permission.";
                return Ok(Right::NotTold(text.to_owned()));
            }
        };
        let repository = self.repository(place).await?;
        let path = format!("{}/{}", repository.place.owner.owner, repository.place.name).replace('/', "%2F");
        let subject = subject(&repository.place);
        let (rows, answer): (Vec<Value>, _) = self.read(&format!("/projects/{path}/{below}"), &subject).await?;
        // An empty list looks like any other: only a header tells whose it is.
        let shaped = rows.iter().all(|row| row.get(field).is_some());
        let marked = !rows.is_empty() || super::list::is_marked(&answer);
        if shaped && marked { Ok(Right::Held) } else { Err(answer.not_the_api(&subject)) }
    }
}
