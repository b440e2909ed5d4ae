//! What is exported: every kind of token of every provider, with what stands in the cells of its consumers. Written down
//! by hand from the consumers' own documentation, and not derived from the program's tables.

use serde_json::{Value, json};

use super::OPEN;

/// A connection, and what stands in the cells of its consumers.
pub struct Row {
    pub name: &'static str,
    /// provider, kind, host
    pub at: [&'static str; 3],
    /// owner, project, `owner_id`, `username`, `git_username`; empty: none
    pub who: [&'static str; 5],
    /// The address of the repository, and the path that git asks with.
    pub url: [&'static str; 2],
    /// The user name that git sends.
    pub user: &'static str,
    /// What Flux and Argo CD sign in with: a user name and a password, or a bearer.
    pub bearer: bool,
    /// What stands before the name of any repository of the owner, or why there is no template.
    pub template: Result<&'static str, &'static str>,
    pub devtron: Result<Value, &'static str>,
    pub qovery: Result<Value, &'static str>,
    /// The variables beside those of every connection.
    pub variables: &'static [&'static str],
}

const ONE: &str = "it opens one repository, and a template serves every one below the owner: use --for argocd";
const QOVERY_KINDS: &str = "Qovery's page names repository and workspace access tokens of Bitbucket and no other kind";
const NO_DEVTRON_GITEA: &str = "Devtron knows GitHub, GitLab, Azure DevOps and Bitbucket Cloud only";
const NO_DEVTRON_DC: &str = "Devtron speaks to Bitbucket Cloud and not to Bitbucket Data Center";
const NO_QOVERY: &str = "Qovery takes git tokens of GitHub, GitLab and Bitbucket only";
const NO_QOVERY_DC: &str = "Qovery takes git tokens of Bitbucket Cloud and not of Bitbucket Data Center";

/// Devtron's body, with these of its fields filled in (`api/bean/gitOps/GitOpsConfig.go` of devtron-labs/devtron).
fn devtron(fields: &Value) -> Value {
    let mut all = json!({
        "token": OPEN, "active": true, "gitHubOrgId": "", "gitLabGroupId": "", "azureProjectName": "",
        "bitBucketWorkspaceId": "", "bitBucketProjectKey": "", "allowCustomRepository": false,
        "enableTLSVerification": false, "tlsConfig": { "caData": "", "tlsCertData": "", "tlsKeyData": "" },
        "isCADataPresent": false, "isTLSCertDataPresent": false, "isTLSKeyDataPresent": false,
    });
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    all
}

pub fn rows() -> Vec<Row> {
    let mut rows = of_github();
    rows.extend(of_gitlab());
    rows.extend(of_bitbucket());
    rows.extend(of_azure());
    rows.extend(of_gitea());
    rows.extend(of_data_center());
    rows
}

fn of_github() -> Vec<Row> {
    vec![
        Row {
            name: "github",
            at: ["github", "classic", "https://github.com"],
            who: ["acme", "", "1", "octocat", ""],
            url: ["https://github.com/acme/gitops.git", "acme/gitops.git"],
            user: "octocat",
            bearer: false,
            template: Ok("https://github.com/acme/"),
            devtron: Ok(devtron(
                &json!({ "provider": "GITHUB", "host": "https://github.com", "username": "octocat", "gitHubOrgId": "acme" }),
            )),
            qovery: Ok(json!({ "type": "GITHUB" })),
            variables: &["GH_TOKEN=TOKEN", "GH_HOST=github.com"],
        },
        Row {
            name: "enterprise",
            at: ["github", "fine-grained", "https://git.corp.example:8443"],
            who: ["acme", "", "", "", ""],
            url: ["https://git.corp.example:8443/acme/gitops.git", "acme/gitops.git"],
            // "The username is not used": any word, where none is known.
            user: "x-access-token",
            bearer: false,
            template: Ok("https://git.corp.example:8443/acme/"),
            devtron: Ok(devtron(
                &json!({ "provider": "GITHUB", "host": "https://git.corp.example:8443", "username": "x-access-token", "gitHubOrgId": "acme" }),
            )),
            qovery: Ok(json!({ "type": "GITHUB", "git_api_url": "https://git.corp.example:8443" })),
            variables: &["GH_ENTERPRISE_TOKEN=TOKEN", "GH_HOST=git.corp.example:8443"],
        },
        Row {
            name: "residency",
            at: ["github", "fine-grained", "https://acme.ghe.com"],
            who: ["acme", "", "", "octocat", ""],
            url: ["https://acme.ghe.com/acme/gitops.git", "acme/gitops.git"],
            user: "octocat",
            bearer: false,
            template: Ok("https://acme.ghe.com/acme/"),
            devtron: Ok(devtron(
                &json!({ "provider": "GITHUB", "host": "https://acme.ghe.com", "username": "octocat", "gitHubOrgId": "acme" }),
            )),
            qovery: Ok(json!({ "type": "GITHUB", "git_api_url": "https://acme.ghe.com" })),
            variables: &["GH_TOKEN=TOKEN", "GH_HOST=acme.ghe.com"],
        },
    ]
}

fn of_gitlab() -> Vec<Row> {
    let row = |name: &'static str, kind: &'static str, user: &'static str| Row {
        name,
        at: ["gitlab", kind, "https://gitlab.com"],
        who: ["acme/eu", "", "77", user, ""],
        url: ["https://gitlab.com/acme/eu/gitops.git", "acme/eu/gitops.git"],
        user,
        bearer: false,
        template: Ok("https://gitlab.com/acme/eu/"),
        devtron: Ok(devtron(
            &json!({ "provider": "GITLAB", "host": "https://gitlab.com", "username": user, "gitLabGroupId": "77" }),
        )),
        qovery: Ok(json!({ "type": "GITLAB" })),
        variables: &["GITLAB_TOKEN=TOKEN", "GITLAB_HOST=https://gitlab.com"],
    };
    let devtron_asks = "Devtron asks for the scopes api and write_repository, which a fine-grained token cannot hold";
    let qovery_asks = "Qovery asks for the scopes api and read_repository, which a fine-grained token cannot hold";
    vec![
        row("gitlab-personal", "personal", "octocat"),
        row("gitlab-service", "service-account", "deployer"),
        Row {
            at: ["gitlab", "group", "https://git.example/relative"],
            url: ["https://git.example/relative/acme/eu/gitops.git", "relative/acme/eu/gitops.git"],
            template: Ok("https://git.example/relative/acme/eu/"),
            devtron: Ok(devtron(
                &json!({ "provider": "GITLAB", "host": "https://git.example/relative", "username": "group_77_bot_1", "gitLabGroupId": "77" }),
            )),
            qovery: Ok(json!({ "type": "GITLAB", "git_api_url": "https://git.example/relative" })),
            variables: &["GITLAB_TOKEN=TOKEN", "GITLAB_HOST=https://git.example/relative"],
            ..row("gitlab", "group", "group_77_bot_1")
        },
        Row {
            template: Err(ONE),
            devtron: Err("A project access token reaches one project and creates none"),
            ..row("gitlab-project", "project", "project_9_bot_1")
        },
        Row { devtron: Err(devtron_asks), qovery: Err(qovery_asks), ..row("gitlab-fine", "fine-grained", "octocat") },
    ]
}

fn of_bitbucket() -> Vec<Row> {
    let body = |user: &str, project: &str| {
        Ok(devtron(
            &json!({ "provider": "BITBUCKET_CLOUD", "host": "https://bitbucket.org", "username": user, "bitBucketWorkspaceId": "acme", "bitBucketProjectKey": project }),
        ))
    };
    let row = |name: &'static str, kind: &'static str| Row {
        name,
        at: ["bitbucket", kind, "https://bitbucket.org"],
        who: ["acme", "OPS", "", "", ""],
        url: ["https://bitbucket.org/acme/gitops.git", "acme/gitops.git"],
        // "Use x-token-auth as the username" (Bitbucket's pages on access tokens).
        user: "x-token-auth",
        bearer: false,
        template: Ok("https://bitbucket.org/acme/"),
        devtron: body("x-token-auth", "OPS"),
        qovery: Ok(json!({ "type": "BITBUCKET", "workspace": "acme" })),
        variables: &["BITBUCKET_TOKEN=TOKEN"],
    };
    vec![
        Row {
            who: ["acme", "", "", "robot", ""],
            user: "robot",
            devtron: body("robot", "${project}"),
            qovery: Err(QOVERY_KINDS),
            ..row("bitbucket-api", "api")
        },
        Row {
            who: ["acme", "OPS", "", "", "x-bitbucket-api-token-auth"],
            user: "x-bitbucket-api-token-auth",
            devtron: body("x-bitbucket-api-token-auth", "OPS"),
            qovery: Err(QOVERY_KINDS),
            ..row("bitbucket-nobody", "api")
        },
        Row {
            template: Err(ONE),
            devtron: Err("A repository access token reaches one repository and creates none"),
            ..row("bitbucket-repository", "repository-access")
        },
        Row { qovery: Err(QOVERY_KINDS), ..row("bitbucket-project", "project-access") },
        row("bitbucket-workspace", "workspace-access"),
    ]
}

fn of_azure() -> Vec<Row> {
    vec![
        Row {
            name: "azure",
            at: ["azure-devops", "pat", "https://dev.azure.com"],
            who: ["acme", "My Platform", "", "", ""],
            // Without `.git`, and without the user that Azure DevOps writes before the host.
            url: ["https://dev.azure.com/acme/My%20Platform/_git/gitops", "acme/My Platform/_git/gitops"],
            user: "git",
            bearer: false,
            template: Ok("https://dev.azure.com/acme/My%20Platform/_git/"),
            devtron: Ok(devtron(
                &json!({ "provider": "AZURE_DEVOPS", "host": "https://dev.azure.com/acme", "username": "git", "azureProjectName": "My Platform" }),
            )),
            qovery: Err(NO_QOVERY),
            variables: &[
                "AZURE_DEVOPS_EXT_PAT=TOKEN",
                "AZDO_ORG_SERVICE_URL=https://dev.azure.com/acme",
                "AZDO_PERSONAL_ACCESS_TOKEN=TOKEN",
            ],
        },
        Row {
            name: "azure-server",
            at: ["azure-devops", "pat", "https://tfs.example/tfs"],
            who: ["Main", "Shop", "", "robot", ""],
            url: ["https://tfs.example/tfs/Main/Shop/_git/gitops", "tfs/Main/Shop/_git/gitops"],
            user: "robot",
            bearer: false,
            template: Ok("https://tfs.example/tfs/Main/Shop/_git/"),
            devtron: Ok(devtron(
                &json!({ "provider": "AZURE_DEVOPS", "host": "https://tfs.example/tfs/Main", "username": "robot", "azureProjectName": "Shop" }),
            )),
            qovery: Err(NO_QOVERY),
            variables: &[
                "AZURE_DEVOPS_EXT_PAT=TOKEN",
                "AZDO_ORG_SERVICE_URL=https://tfs.example/tfs/Main",
                "AZDO_PERSONAL_ACCESS_TOKEN=TOKEN",
            ],
        },
    ]
}

fn of_gitea() -> Vec<Row> {
    vec![Row {
        name: "gitea",
        at: ["gitea", "pat", "https://forge.example"],
        who: ["acme", "", "3", "robot", ""],
        url: ["https://forge.example/acme/gitops.git", "acme/gitops.git"],
        user: "robot",
        bearer: false,
        template: Ok("https://forge.example/acme/"),
        devtron: Err(NO_DEVTRON_GITEA),
        qovery: Err(NO_QOVERY),
        variables: &["GITEA_SERVER_TOKEN=TOKEN", "GITEA_SERVER_URL=https://forge.example"],
    }]
}

fn of_data_center() -> Vec<Row> {
    let row = |name: &'static str, kind: &'static str| Row {
        name,
        at: ["bitbucket-dc", kind, "https://bitbucket.corp.example/context"],
        who: ["OPS", "", "", "", ""],
        url: ["https://bitbucket.corp.example/context/scm/ops/gitops.git", "context/scm/ops/gitops.git"],
        user: "x-token-auth",
        // "HTTP access tokens": those of projects and repositories are shown with git as a Bearer header only.
        bearer: true,
        template: Ok("https://bitbucket.corp.example/context/scm/ops/"),
        devtron: Err(NO_DEVTRON_DC),
        qovery: Err(NO_QOVERY_DC),
        variables: &["BITBUCKET_TOKEN=TOKEN"],
    };
    vec![
        Row { who: ["OPS", "", "", "robot", ""], user: "robot", bearer: false, ..row("dc-user", "user-access") },
        row("dc-project", "project-access"),
        Row { template: Err(ONE), ..row("dc-repository", "repository-access") },
    ]
}
