//! Qovery: the request that adds a git token to an organisation, or the same for Terraform.
//!
//! Source: Qovery's `OpenAPI` description (`GitTokenRequest`) and the documentation of `qovery_git_token` of its Terraform
//! provider, read on 2026-07-24.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Case, Document, Format, Mark, Named};
use crate::config::Connection;

pub const FORMAT: Format = Format {
    name: "qovery",
    about: "the request that adds a git token to an organisation of Qovery",
    platform: Some("qovery"),
    parameters: &[
        ("organization", "the id of the organisation at Qovery"),
        ("name", "the name of the token there; default: the connection's"),
        ("description", "what Qovery shows beside it"),
        ("as", "json (the request's body) or terraform; default: json"),
        ("resource", "for Terraform, the name of the resource; default: the connection's"),
    ],
    carries_client: false,
    carries_files: false,
    write,
};

/// Our provider's id, Qovery's word for it, and whether it wants the workspace.
const PROVIDERS: &[(&str, &str, bool)] =
    &[("github", "GITHUB", false), ("gitlab", "GITLAB", false), ("bitbucket", "BITBUCKET", true)];

fn write(case: &Case<'_>, document: &mut Document) -> Result<String, String> {
    case.needs_token()?;
    case.taken_by("qovery")?;
    let site = &case.connection.site;
    let row = PROVIDERS.iter().find(|(id, ..)| *id == site.provider.id());
    let (_, word, wants_workspace) = row.ok_or_else(|| format!("Qovery has no word for {}", site.provider))?;
    if site.ca_file.is_some() {
        document.notes.push("Qovery has no field for a certificate authority: it reaches only hosts whose certificate is publicly trusted.".into());
    }
    if case.connection.site.client_cert.is_some() {
        document
            .notes
            .push("Qovery has no field for a client certificate: it does not reach a host that asks for one.".into());
    }
    let workspace = wants_workspace.then(|| case.connection.owner.owner.clone());
    let elsewhere = site.provider.rules().default_host() != Some(site.host.to_string().as_str());
    let name = case.or("name", &case.connection.name);
    match case.or("as", "json").as_str() {
        "terraform" if elsewhere => {
            Err("Qovery's Terraform provider has no field for the address of a forge of your own: use --set as=json"
                .into())
        }
        "terraform" => terraform(case, document, word, &name, workspace.as_deref()),
        "json" => {
            let organisation = case.needed("organization", document);
            let mut body = json!({ "name": name, "type": word, "token": Mark::TokenQuoted.char().to_string() });
            if let Some(text) = case.parameters.get("description") {
                body["description"] = text.as_str().into();
            }
            if let Some(workspace) = workspace {
                body["workspace"] = workspace.into();
            }
            if elsewhere {
                body["git_api_url"] = site.host.to_string().into();
            }
            document.notes.push(format!(
                "Send it with POST to https://api.qovery.com/organization/{organisation}/gitToken, header `Authorization: Token …`."
            ));
            Ok(super::json(&body))
        }
        _ => Err("`as` is json or terraform".into()),
    }
}

fn terraform(
    case: &Case<'_>,
    document: &mut Document,
    word: &str,
    name: &str,
    workspace: Option<&str>,
) -> Result<String, String> {
    // Terraform expands ${…} in texts: what is meant literally is doubled.
    let quoted = |text: &str| Value::from(text).to_string().replace("${", "$${").replace("%{", "%%{");
    let mut text = String::from("variable \"git_access_token\" {\n  type      = string\n  sensitive = true\n}\n\n");
    let organisation = case.parameters.get("organization").map_or_else(
        || {
            text.push_str("variable \"qovery_organization_id\" {\n  type = string\n}\n\n");
            document.notes.push(
                "The variable qovery_organization_id is still open, the id of the organisation at Qovery: set TF_VAR_qovery_organization_id, or give it with --set organization=…".into(),
            );
            "var.qovery_organization_id".to_owned()
        },
        |given| quoted(given),
    );
    let _ = writeln!(text, "resource \"qovery_git_token\" \"{}\" {{", resource(case, document)?);
    let _ = writeln!(text, "  organization_id = {organisation}");
    let _ = writeln!(text, "  name            = {}", quoted(name));
    let _ = writeln!(text, "  type            = \"{word}\"");
    if let Some(given) = case.parameters.get("description") {
        let _ = writeln!(text, "  description     = {}", quoted(given));
    }
    if let Some(workspace) = workspace {
        let _ = writeln!(text, "  bitbucket_workspace = {}", quoted(workspace));
    }
    text.push_str("  token           = var.git_access_token # TF_VAR_git_access_token\n}\n");
    Ok(text)
}

/// The name of the resource.
///
/// # Errors
/// The rule, where the name that was given breaks it; or that another connection's would be the same.
fn resource(case: &Case<'_>, document: &mut Document) -> Result<String, String> {
    let given = case.parameters.get("resource").cloned();
    let whose = case.connection.name.clone();
    let (is_given, name) = (given.is_some(), given.unwrap_or_else(|| label(&case.connection.name)));
    let name = Named { whose, name, given: is_given, goes: true };
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if !name.name.chars().all(plain) || name.name.starts_with(|letter: char| letter.is_ascii_digit() || letter == '-') {
        return Err(
            "`resource` has letters, digits, underscores and hyphens, and begins with a letter or underscore".into()
        );
    }
    let qovery = |one: &Connection| one.token.as_ref().map(|_| label(&one.name)).unwrap_or_default();
    document.tell_apart("resource", &name, &case.others_named("qovery", qovery))?;
    Ok(name.name)
}

/// The name of a connection as Terraform takes it for a resource: it begins with no digit, and has no dot
/// (<https://developer.hashicorp.com/terraform/language/syntax/configuration#identifiers>, read on 2026-11-21).
fn label(name: &str) -> String {
    let name = name.replace('.', "_");
    if name.starts_with(|letter: char| letter.is_ascii_digit()) { format!("_{name}") } else { name }
}
