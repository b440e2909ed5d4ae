//! The answers of the API, as far as they are read. Every required field is one that Gitea and Forgejo always send, so
//! that an answer of another program does not fit.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Version {
    pub version: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct User {
    pub id: i64,
    pub login: String,
    #[serde(rename = "full_name")]
    pub _full_name: String,
    #[serde(rename = "is_admin")]
    pub _is_admin: bool,
    #[serde(rename = "visibility")]
    pub _visibility: String,
}

/// `GET /token`, from Gitea 1.27 on.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Introspected {
    #[serde(rename = "name")]
    pub _name: String,
    pub scopes: Vec<String>,
    pub user: Named,
}

/// A row of the list of the account's tokens.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Listed {
    pub token_last_eight: String,
    pub scopes: Vec<String>,
    /// From Forgejo 15 on: absent or null where the token is not limited.
    pub repositories: Option<serde_json::Value>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Named {
    pub id: i64,
    pub login: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Organisation {
    pub id: i64,
    pub name: String,
    #[serde(rename = "full_name")]
    pub _full_name: String,
    #[serde(rename = "visibility")]
    pub _visibility: String,
}

/// `GET /users/{login}/orgs/{org}/permissions`
#[derive(Clone, Debug, Deserialize)]
pub(super) struct OrganisationPermissions {
    pub is_owner: bool,
    pub is_admin: bool,
    pub can_write: bool,
    pub can_read: bool,
    pub can_create_repository: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Repository {
    pub id: i64,
    pub name: String,
    #[serde(rename = "full_name")]
    pub _full_name: String,
    pub owner: Named,
    pub private: bool,
    #[serde(default)]
    pub internal: bool,
    /// Whether there is no commit. `default_branch` is set all the same.
    pub empty: bool,
    pub archived: bool,
    pub mirror: bool,
    pub default_branch: String,
    pub permissions: RepositoryPermissions,
    pub ssh_url: Option<String>,
}

/// What the user may do; the token may hold less.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct RepositoryPermissions {
    pub admin: bool,
    pub push: bool,
    #[serde(rename = "pull")]
    pub _pull: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Branch {
    pub name: String,
    pub protected: bool,
    pub user_can_push: bool,
}

/// A deploy key, or a key of the account.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Key {
    pub id: i64,
    #[serde(rename = "key")]
    pub line: String,
    pub title: String,
    pub read_only: Option<bool>,
}

/// Every refusal. `url` is the address of the API's own description, or empty.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Refused {
    pub message: String,
    pub url: Option<String>,
    pub errors: Option<Vec<String>>,
}
