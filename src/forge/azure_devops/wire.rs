//! The answers of the API, as far as they are read. Every required field is one that Azure DevOps always sends, so that
//! an answer of another program does not fit.

use serde::Deserialize;

/// `GET _apis/connectionData`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Connection {
    pub authenticated_user: Authenticated,
    pub instance_id: String,
    /// `hosted` or `onPremises`; older ones leave it out.
    pub deployment_type: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Authenticated {
    pub id: String,
    /// The kind of identity and its name: `Microsoft.IdentityModel.Claims.ClaimsIdentity;TENANT\USER`.
    pub descriptor: String,
    pub provider_display_name: Option<String>,
    #[serde(default)]
    pub properties: Properties,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Properties {
    #[serde(rename = "Account")]
    pub account: Option<Typed>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Typed {
    #[serde(rename = "$value")]
    pub value: Option<String>,
}

/// `GET _apis/profile/profiles/me`
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Profile {
    pub id: String,
    pub public_alias: String,
    #[serde(rename = "coreRevision")]
    pub _core_revision: i64,
}

/// Every list. The number of rows is told beside them.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct List<T> {
    pub count: usize,
    pub value: Vec<T>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Organisation {
    pub account_name: String,
    #[serde(rename = "accountId")]
    pub _account_id: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Project {
    pub id: String,
    pub name: String,
    pub state: String,
    /// `private`, `public`, or `organization`; older servers leave it out.
    pub visibility: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Repository {
    pub id: String,
    pub name: String,
    pub project: Project,
    pub remote_url: String,
    pub ssh_url: Option<String>,
    /// Absent where there is no commit.
    pub default_branch: Option<String>,
    #[serde(default)]
    pub size: u64,
    #[serde(default)]
    pub is_disabled: bool,
    #[serde(default)]
    pub is_in_maintenance: bool,
}

/// Every refusal in JSON, but for those of some older controllers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Refused {
    pub message: String,
    pub type_key: String,
}

/// `{"value":{"Message":…}}`
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Wrapped {
    pub value: Words,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Words {
    #[serde(rename = "Message")]
    pub message: String,
}

/// Eight, four, four, four and twelve hexadecimal digits.
pub(super) fn is_guid(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}
