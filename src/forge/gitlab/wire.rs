//! The answers of GitLab's REST API, as far as they are read. Every required field is one that each supported version
//! sends, so that an answer of another program does not fit; what came later is optional.

use serde::Deserialize;

/// `GET /personal_access_tokens/self`, since 15.5.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Token {
    #[serde(rename = "id")]
    pub _id: u64,
    pub user_id: u64,
    pub scopes: Vec<String>,
    #[serde(rename = "active")]
    pub _active: bool,
    /// A date; the token ends at 00:00 UTC of that day. Null where the instance lets tokens live for ever (17.3).
    pub expires_at: Option<String>,
    #[serde(default)]
    pub granular: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct User {
    pub id: u64,
    pub username: String,
    #[serde(rename = "state")]
    pub _state: String,
    #[serde(default)]
    pub bot: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Group {
    pub id: u64,
    pub full_path: String,
    pub visibility: String,
    /// Who may create projects: `noone`, `owner`, `maintainer`, `developer`, `administrator`.
    pub project_creation_level: Option<String>,
    pub marked_for_deletion_on: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Member {
    pub id: u64,
    pub access_level: u64,
    pub membership_state: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Project {
    pub id: u64,
    pub path: String,
    pub path_with_namespace: String,
    pub namespace: Namespace,
    pub visibility: Option<String>,
    #[serde(default)]
    pub archived: bool,
    pub default_branch: Option<String>,
    pub repository_access_level: Option<String>,
    pub permissions: Option<Permissions>,
    pub marked_for_deletion_at: Option<String>,
    pub marked_for_deletion_on: Option<String>,
    pub last_activity_at: Option<String>,
    pub ssh_url_to_repo: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Namespace {
    pub full_path: String,
}

/// The account's access, its own and through the group; both may be null.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Permissions {
    pub project_access: Option<Access>,
    pub group_access: Option<Access>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Access {
    pub access_level: u64,
}

/// A deploy key, or a key of the account.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Key {
    pub id: u64,
    pub title: String,
    #[serde(rename = "key")]
    pub line: String,
    /// Of deploy keys only.
    pub can_push: Option<bool>,
    pub expires_at: Option<String>,
    /// Of keys of accounts: `auth`, `signing`, `auth_and_signing` (since 15.7).
    pub usage_type: Option<String>,
}

/// Access levels ("Access levels" in "Roles and permissions"); numbers that are not listed here are custom or new.
pub(super) fn role(level: u64) -> String {
    let name = match level {
        5 => "Minimal Access",
        10 => "Guest",
        15 => "Planner",
        20 => "Reporter",
        25 => "Security Manager",
        30 => "Developer",
        40 => "Maintainer",
        50 => "Owner",
        60 => "Administrator",
        other => return format!("of access level {other}"),
    };
    name.to_owned()
}

pub(super) const DEVELOPER: u64 = 30;
pub(super) const MAINTAINER: u64 = 40;
pub(super) const OWNER: u64 = 50;
