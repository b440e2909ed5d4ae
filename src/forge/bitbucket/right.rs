//! Scopes that no header told, each seen by reading what only its holder may read. Nothing is written to find out.

use serde_json::Value;

use super::account::Behind;
use super::repository::{is_list, shown, subject};
use super::{Bitbucket, wire};
use crate::fact::{Fault, Place, Right, Visibility};
use crate::forge::part::{self, Repository as _};

impl part::Right for Bitbucket {
    async fn right(&self, place: &Place, scope: &str, _probe: bool) -> Result<Right, Fault> {
        let not_told = |text: &str| Ok(Right::NotTold(text.to_owned()));
        if matches!(scope, "read:user:bitbucket" | "account") {
            return match self.session().await?.user {
                Behind::User(_) => Ok(Right::Held),
                Behind::Hidden(fault) => Err(fault),
                Behind::Nobody => not_told("No user stands behind this token, so that there is none to be read."),
            };
        }
        let workspace = self.place(place)?.owner.owner;
        let (path, of_repository) = match scope {
            "read:project:bitbucket" | "project" => (format!("/workspaces/{workspace}/projects?pagelen=1"), false),
            "read:workspace:bitbucket" => ("/user/workspaces?pagelen=1".to_owned(), false),
            "read:pullrequest:bitbucket" | "pullrequest" => ("pullrequests?pagelen=1".to_owned(), true),
            "read:webhook:bitbucket" | "webhook" => ("hooks?pagelen=1".to_owned(), true),
            _ => return not_told("It could not be seen: no harmless request of Bitbucket's tells this scope."),
        };
        let mut about = format!("the workspace {workspace}");
        let mut full = path.clone();
        if of_repository {
            let repository = self.repository(place).await?;
            if repository.visibility == Some(Visibility::Public) && path.starts_with("pullrequests") {
                return not_told("The repository is public, so that every token reads its pull requests.");
            }
            about = subject(&repository.place);
            full = format!("/repositories/{}/{path}", shown(&repository.place));
        }
        let (list, answer): (Value, _) = self.read(&full, &about).await?;
        let typed = |row: &Value| {
            let kind = row.get("type").and_then(Value::as_str);
            matches!(kind, Some("pullrequest" | "webhook_subscription" | "project" | "workspace_access"))
                || row.get("workspace").is_some_and(Value::is_object)
        };
        let rows = list.get("values").and_then(Value::as_array).is_some_and(|rows| rows.iter().all(typed));
        let whole = serde_json::from_value::<wire::Part<Value>>(list.clone()).is_ok();
        if is_list(&list) && rows && whole { Ok(Right::Held) } else { Err(answer.not_the_api(&about)) }
    }
}
