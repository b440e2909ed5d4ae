//! Environment variables, as the usual tools of each provider read them.
//!
//! Sources, read on 2026-07-24: `gh help environment`; glab's `config_mapping.go`; tea's `cmd/login/add.go`; the
//! documentation of `az devops` and of Terraform's azuredevops provider.

use super::{Case, Document, Format, Mark, shell};

pub const FORMAT: Format = Format {
    name: "env",
    about: "environment variables for a shell or an env file",
    platform: None,
    parameters: &[],
    carries_client: false,
    carries_files: false,
    write,
};

/// Our provider's id; the variables of its tools, with what they hold.
const TOOLS: &[(&str, &[(&str, Holds)])] = &[
    (
        "github",
        &[("GH_TOKEN", Holds::TokenOfPublic), ("GH_ENTERPRISE_TOKEN", Holds::TokenOfOwn), ("GH_HOST", Holds::Name)],
    ),
    ("gitlab", &[("GITLAB_TOKEN", Holds::Token), ("GITLAB_HOST", Holds::Host)]),
    ("gitea", &[("GITEA_SERVER_TOKEN", Holds::Token), ("GITEA_SERVER_URL", Holds::Host)]),
    (
        "azure-devops",
        &[
            ("AZURE_DEVOPS_EXT_PAT", Holds::Token),
            ("AZDO_ORG_SERVICE_URL", Holds::Owner),
            ("AZDO_PERSONAL_ACCESS_TOKEN", Holds::Token),
        ],
    ),
    ("bitbucket", &[("BITBUCKET_TOKEN", Holds::Token)]),
    ("bitbucket-dc", &[("BITBUCKET_TOKEN", Holds::Token)]), // What `flux bootstrap bitbucket-server` reads.
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    Token,
    /// The token, where the host is the provider's public one.
    TokenOfPublic,
    /// The token, where the host is somebody's own.
    TokenOfOwn,
    /// The name of the host.
    Name,
    Host,
    /// The address of the owner at the host.
    Owner,
}

fn write(case: &Case<'_>, document: &mut Document) -> Result<String, String> {
    case.needs_token()?;
    let connection = case.connection;
    let site = &connection.site;
    let public = site.is_public();
    let token = Mark::TokenShell.char().to_string();
    let mut lines = vec![("GIT_ACCESS_TOKEN".to_owned(), token.clone())];
    lines.push(("GIT_ACCESS_USERNAME".into(), shell(case.user)));
    if let Some(repository) = &connection.repository {
        lines.push(("GIT_ACCESS_URL".into(), shell(&repository.url)));
    }
    let tools = TOOLS.iter().find(|(id, _)| *id == site.provider.id()).map(|(_, tools)| *tools).unwrap_or_default();
    for (name, holds) in tools {
        let value = match holds {
            Holds::TokenOfPublic if !public => continue,
            Holds::TokenOfOwn if public => continue,
            Holds::Token | Holds::TokenOfPublic | Holds::TokenOfOwn => token.clone(),
            Holds::Name => shell(&site.host.origin().authority()),
            Holds::Host => shell(&site.host.to_string()),
            Holds::Owner => shell(&format!("{}/{}", site.host, connection.owner.owner)),
        };
        lines.push(((*name).to_owned(), value));
    }
    case.note_git_trust(document);
    document
        .notes
        .push("Whatever is started with these variables can read the token: set them for one command.".into());
    Ok(lines.iter().fold(String::new(), |text, (name, value)| text + name + "=" + value + "\n"))
}
