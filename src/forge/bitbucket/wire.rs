//! The answers of Bitbucket's REST API, as far as they are read. Every object carries its `type`, and every lasting thing
//! its `uuid` in braces; both are required where they identify what was asked for.

use serde::Deserialize;

/// `GET /user`, for an API token that may read its user.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct User {
    #[serde(rename = "type")]
    pub kind: String,
    pub uuid: String,
    #[serde(rename = "account_id")]
    pub _account: String,
    /// What git knows the account by; told to the account itself only.
    pub username: Option<String>,
    /// What people see; it may hold spaces, and git does not know it.
    pub nickname: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Workspace {
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub uuid: String,
    pub slug: String,
}

/// A row of `GET /user/workspaces`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Access {
    pub workspace: Named,
    #[serde(default)]
    pub administrator: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Named {
    pub slug: String,
}

/// `GET /user/workspaces/{workspace}/permission`, and a row of the permissions on repositories.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Permission {
    /// `owner`, `create-project`, `collaborator`, `member`; of a repository `admin`, `write`, `read`.
    pub permission: String,
    pub repository: Option<OfRepository>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct OfRepository {
    pub full_name: Option<String>,
    pub uuid: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Project {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(rename = "uuid")]
    pub _uuid: String,
    pub key: String,
    /// RFC 3339, with an offset.
    pub created_on: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Repository {
    #[serde(rename = "type")]
    pub kind: String,
    pub uuid: String,
    /// `workspace/slug`.
    pub full_name: String,
    pub slug: Option<String>,
    pub is_private: bool,
    /// Null where there is no commit.
    pub mainbranch: Option<Branch>,
    pub project: Option<OfProject>,
    pub workspace: Option<OfWorkspace>,
    pub updated_on: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct OfWorkspace {
    pub uuid: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Branch {
    pub name: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct OfProject {
    pub key: String,
}

/// An access key of a repository, which has a number, or an SSH key of an account, which has a uuid.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Key {
    #[serde(rename = "type")]
    pub kind: String,
    pub id: Option<u64>,
    pub uuid: Option<String>,
    /// As in a `.pub` file, its comment included or not.
    #[serde(rename = "key")]
    pub line: String,
    #[serde(default)]
    pub label: String,
}

/// A part of a list ("Pagination"): the next one is at `next`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Part<T> {
    pub values: Vec<T>,
    #[serde(rename = "pagelen")]
    pub _length: u64,
    pub next: Option<String>,
}

/// A lasting id: `{4b85b785-1433-4092-8512-20302f4a03be}`.
pub(super) fn is_uuid(text: &str) -> bool {
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or_default();
    inner.len() == 36 && inner.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}
