//! The answers of GitHub's REST API, as far as they are read. Every required field is one that the API always sends, so
//! that an answer of another program does not fit.

use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Account {
    pub login: String,
    pub id: u64,
    /// `User`, `Organization`, `Bot`. Forges that imitate this API leave it out.
    #[serde(rename = "type")]
    pub kind: String,
}

/// Members see less of an organisation than its owners: what is absent is not told, not false.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Organisation {
    pub login: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub members_can_create_repositories: Option<bool>,
    pub deploy_keys_enabled_for_repositories: Option<bool>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Membership {
    /// `active`, or `pending` while an invitation is open.
    pub state: String,
    /// `admin`, `member`, `billing_manager`.
    pub role: String,
    pub organization: Named,
    pub permissions: Option<MembershipPermissions>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct MembershipPermissions {
    pub can_create_repository: Option<bool>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Named {
    pub login: String,
    #[serde(rename = "id")]
    pub _id: u64,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Repository {
    pub id: u64,
    pub name: String,
    pub owner: Account,
    pub private: bool,
    pub visibility: Option<String>,
    #[serde(default)]
    pub archived: bool,
    #[serde(default)]
    pub disabled: bool,
    pub default_branch: Option<String>,
    pub permissions: Option<RepositoryPermissions>,
    pub pushed_at: Option<String>,
    pub ssh_url: Option<String>,
}

/// What the user may do; the token may hold less.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct RepositoryPermissions {
    pub admin: Option<bool>,
    pub push: Option<bool>,
}

/// `GET /meta`, of which GitHub.com and every Enterprise Server send the first field.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Meta {
    pub verifiable_password_authentication: Option<bool>,
    pub installed_version: Option<String>,
}

/// A key of a repository or of the account; the latter tells less.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Key {
    pub id: u64,
    #[serde(rename = "key")]
    pub line: String,
    #[serde(default)]
    pub title: String,
    pub verified: Option<bool>,
    pub read_only: Option<bool>,
    /// False where the organisation has switched deploy keys off.
    pub enabled: Option<bool>,
}

/// Every refusal. `errors` holds objects, or strings.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Refused {
    pub message: String,
    pub documentation_url: Option<String>,
    #[serde(default)]
    pub errors: serde_json::Value,
}
