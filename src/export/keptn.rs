//! Keptn v1: the command that gives a project its upstream, or the body of the request behind it.
//!
//! Source: `cmd/create_project.go`, `cmd/update_project.go` of keptn/keptn 1.4 and `pkg/api/models` of keptn/go-utils,
//! read on 2026-07-24.

use base64::Engine as _;
use serde_json::json;

use super::{Case, Document, Format, Mark, TOKEN, shell};

pub const FORMAT: Format = Format {
    name: "keptn",
    about: "the command that gives a project of Keptn its upstream repository",
    platform: Some("keptn"),
    parameters: &[
        ("project", "the project of Keptn"),
        ("as", "create (the command for a new project), update (for one that is there) or json (the request's body)"),
        ("shipyard", "the file of the new project's stages; default: shipyard.yaml"),
        ("ca", "the file of the certificate authorities of the forge, for the command; default: the connection's"),
    ],
    carries_client: false,
    carries_files: true,
    write,
};

fn write(case: &Case<'_>, document: &mut Document) -> Result<String, String> {
    let project = case.needed("project", document);
    match case.or("as", "create").as_str() {
        "json" => body(case, document, &project),
        "create" => command(case, document, &project, Some(case.or("shipyard", "shipyard.yaml"))),
        "update" => command(case, document, &project, None),
        _ => Err("`as` is one of create, update and json".into()),
    }
}

fn command(
    case: &Case<'_>,
    document: &mut Document,
    project: &str,
    shipyard: Option<String>,
) -> Result<String, String> {
    let mut words = vec!["keptn".to_owned()];
    words.push(if shipyard.is_some() { "create" } else { "update" }.into());
    words.extend(["project".to_owned(), shell(project)]);
    words.extend(shipyard.map(|file| format!("--shipyard={}", shell(&file))));
    words.push(format!("--git-user={}", shell(case.user)));
    if case.signs_with_key() {
        case.needs_private_key()?;
        let key = case.connection.ssh.as_ref().and_then(|ssh| ssh.private_key.as_deref());
        let key = key.map(|path| path.display().to_string()).unwrap_or_default();
        words.push(format!("--git-remote-url={}", shell(&case.ssh_url()?)));
        words.push(format!("--git-private-key={}", shell(&key)));
        document.notes.push(
            "Keptn's own program reads the key from its file: run it where that file is. Keys and ssh:// addresses are for the resource-service of Keptn alone.".into(),
        );
        return Ok(format!("{}\n", words.join(" ")));
    }
    case.needs_token()?;
    case.note_bearer(document);
    note_client(case, document);
    document.notes.push(
        "Keptn's own program takes the token as an argument: while it runs, others on that machine can see it.".into(),
    );
    words.push(format!("--git-remote-url={}", shell(&case.repository()?.url)));
    words.push(format!("--git-token=\"{TOKEN}\""));
    if let Some(file) = &case.connection.site.ca_file {
        let file = case.or("ca", &file.display().to_string());
        words.push(format!("--git-pem-certificate={}", shell(&file)));
        document.notes.push(format!(
            "Keptn's own program reads the certificate authority from {file}: run it where that file is, or give another with --set ca=FILE."
        ));
    }
    Ok(format!("{}{}\n", Mark::TokenAssigned.char(), words.join(" ")))
}

fn body(case: &Case<'_>, document: &mut Document, project: &str) -> Result<String, String> {
    let encoded = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let (url, user) = (case.repository()?.url.as_str(), case.user);
    let credentials = if case.signs_with_key() {
        case.needs_private_key()?;
        let key = Mark::KeyEncoded.char().to_string();
        json!({ "remoteURL": case.ssh_url()?, "user": user, "ssh": { "privateKey": key, "privateKeyPass": "" } })
    } else {
        case.needs_token()?;
        case.note_bearer(document);
        note_client(case, document);
        let mut https = json!({ "token": Mark::TokenQuoted.char().to_string(), "insecureSkipTLS": false });
        if let Some(pem) = case.ca {
            https["certificate"] = encoded(pem).into();
        }
        json!({ "remoteURL": url, "user": user, "https": https })
    };
    document.notes.push("Send it to {keptn}/api/controlPlane/v1/project with PUT; with POST, and `shipyard` (base64), it makes a new project.".into());
    Ok(super::json(&json!({ "name": project, "gitCredentials": credentials })))
}

fn note_client(case: &Case<'_>, document: &mut Document) {
    if case.connection.site.client_cert.is_some() {
        document.notes.push(format!(
            "{} asks for a client certificate, and Keptn has no field for one: it gets through only where something between the two shows it.",
            case.connection.site.host
        ));
    }
}
