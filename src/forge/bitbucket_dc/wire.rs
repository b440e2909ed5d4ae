//! The answers of the API, as far as they are read. Every required field is one that the server always sends, so that an
//! answer of another program does not fit.

use serde::Deserialize;
use serde_json::Value;

/// `GET /application-properties`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Properties {
    pub version: String,
    #[serde(rename = "buildNumber")]
    pub _build_number: Value,
    pub display_name: String,
}

/// A part of a list.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<T> {
    #[serde(rename = "size")]
    pub _size: u64,
    #[serde(rename = "limit")]
    pub _limit: u64,
    #[serde(rename = "isLastPage")]
    pub last: bool,
    pub values: Vec<T>,
    pub start: u64,
    pub next_page_start: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Project {
    pub key: String,
    pub id: i64,
    pub name: String,
    /// `NORMAL` or `PERSONAL`.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub public: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Repository {
    pub id: i64,
    pub slug: String,
    pub name: String,
    pub scm_id: String,
    /// `AVAILABLE`, `INITIALISING`, `INITIALISATION_FAILED`, `OFFLINE`.
    pub state: String,
    pub project: Project,
    #[serde(default)]
    pub public: bool,
    /// From version 8 on; nothing older is archived.
    #[serde(default)]
    pub archived: bool,
    #[serde(default)]
    pub links: Links,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Links {
    #[serde(default)]
    pub clone: Vec<CloneLink>,
}

/// An address to clone from; `name` is `http` or `ssh`, and SSH is absent where its server is switched off.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct CloneLink {
    pub name: String,
    pub href: String,
}

/// A row of `…/permissions/users`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Permitted {
    #[serde(rename = "user")]
    pub _user: Value,
    #[serde(rename = "permission")]
    pub _permission: String,
}

/// A row of the list of a user's HTTP access tokens.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    #[serde(rename = "id")]
    pub _id: Value,
    #[serde(rename = "createdDate")]
    pub _created_date: i64,
    /// Milliseconds; absent where the token never ends.
    pub expiry_date: Option<i64>,
    pub permissions: Vec<String>,
}

/// A key of an account, and the inner part of one of a repository.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Key {
    pub id: i64,
    pub text: String,
    pub label: Option<String>,
    /// Milliseconds. From version 8 on.
    pub created_date: Option<i64>,
    /// Days after its creation; absent where it never ends.
    pub expiry_days: Option<i64>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct AccessKey {
    pub key: Key,
    /// `REPO_READ` or `REPO_WRITE`.
    pub permission: String,
}

/// Every refusal.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Refused {
    pub errors: Vec<Error>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Error {
    pub message: Option<String>,
    /// The class of the exception, or null; never left out.
    pub exception_name: Value,
}
