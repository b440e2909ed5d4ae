//! Devtron: the request that sets its `GitOps` provider.
//!
//! Source: `api/bean/gitOps/GitOpsConfig.go`, `api/bean/tlsConfig.go` and `api/router/GitOpsConfigRouter.go` of
//! devtron-labs/devtron, read on 2026-07-24.

use serde_json::{Value, json};

use super::{Case, Document, Format, Mark};

pub const FORMAT: Format = Format {
    name: "devtron",
    about: "the request that sets Devtron's GitOps provider",
    platform: Some("devtron"),
    parameters: &[
        ("project", "on Azure DevOps its project, on Bitbucket the project's key; default: the connection's"),
        ("id", "the number of the setting that is replaced; without it a new one is made"),
    ],
    carries_client: true,
    carries_files: true,
    write,
};

/// Our provider's id, Devtron's word for it, and its names for owner and project.
const PROVIDERS: &[(&str, &str, &str, &str)] = &[
    ("github", "GITHUB", "gitHubOrgId", ""),
    ("gitlab", "GITLAB", "gitLabGroupId", ""),
    ("azure-devops", "AZURE_DEVOPS", "", "azureProjectName"),
    ("bitbucket", "BITBUCKET_CLOUD", "bitBucketWorkspaceId", "bitBucketProjectKey"),
];

fn write(case: &Case<'_>, document: &mut Document) -> Result<String, String> {
    case.needs_token()?;
    let devtron = case.taken_by("devtron")?;
    let connection = case.connection;
    let provider = connection.site.provider;
    let row = PROVIDERS.iter().find(|(id, ..)| *id == provider.id());
    let (_, word, owner_key, project_key) = row.ok_or_else(|| format!("Devtron has no word for {provider}"))?;
    // Devtron takes a group's path when it is saved, and fails with it later: it wants the number.
    let wants_number = *owner_key == "gitLabGroupId";
    let owner = if wants_number { connection.owner_id.as_deref() } else { Some(connection.owner.owner.as_str()) };
    let owner = owner.ok_or("the number of the group is not known: run `git-access setup` on this connection again")?;
    let host = connection.site.host.to_string();
    let host = if owner_key.is_empty() { format!("{host}/{owner}") } else { host };
    let mut body = json!({
        "provider": word, "username": case.user,
        "token": Mark::TokenQuoted.char().to_string(), "host": host, "active": true,
        "gitHubOrgId": "", "gitLabGroupId": "", "azureProjectName": "", "bitBucketWorkspaceId": "",
        "bitBucketProjectKey": "", "allowCustomRepository": false,
    });
    if !owner_key.is_empty() {
        body[*owner_key] = owner.into();
    }
    if !project_key.is_empty() {
        let given = case.parameters.get("project").or(connection.owner.project.as_ref());
        // Bitbucket writes the keys of its projects in capitals.
        let is_key = *project_key == "bitBucketProjectKey";
        let project = given.map(|given| if is_key { given.to_ascii_uppercase() } else { given.clone() });
        body[*project_key] = project.unwrap_or_else(|| case.needed("project", document)).into();
    }
    trust(case, &mut body);
    if let Some(id) = case.parameters.get("id") {
        body["id"] = id.parse::<u64>().map_err(|_| "`id` is a number")?.into();
    }
    if let Some(one) = devtron.pair(provider).ok().and_then(|pair| pair.one_user.as_ref()) {
        document.notes.push(format!(
            "Devtron sends the user name {} to the API and to git alike ({}), and may lose one of them. {}",
            case.user, one.source, one.instead
        ));
    }
    let verb = if case.parameters.contains_key("id") { "PUT" } else { "POST" };
    document.notes.push(format!(
        "Send it with {verb} to {{devtron}}/orchestrator/gitops/config, header `token`, as a super-admin; its answer is 200 also when a stage failed: look at stageErrorMap."
    ));
    Ok(super::json(&body))
}

/// Devtron clears what its flag does not announce.
fn trust(case: &Case<'_>, body: &mut Value) {
    let (ca, certificate) = (case.ca.unwrap_or_default(), case.client_cert.unwrap_or_default());
    let key = case.client_cert.map(|_| Mark::ClientKeyQuoted.char().to_string()).unwrap_or_default();
    body["enableTLSVerification"] = (case.ca.is_some() || case.client_cert.is_some()).into();
    body["tlsConfig"] = json!({ "caData": ca, "tlsCertData": certificate, "tlsKeyData": key });
    body["isCADataPresent"] = case.ca.is_some().into();
    body["isTLSCertDataPresent"] = case.client_cert.is_some().into();
    body["isTLSKeyDataPresent"] = case.client_cert.is_some().into();
}
