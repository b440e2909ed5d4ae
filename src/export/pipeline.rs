//! Pipelines: the token as a secret of GitHub Actions or a masked variable of GitLab CI.
//!
//! Sources, read on 2026-11-21: <https://cli.github.com/manual/gh_secret_set>,
//! <https://docs.github.com/en/actions/reference/security/secrets> (names),
//! <https://docs.gitlab.com/cli/variable/set/> and <https://docs.gitlab.com/ci/variables/#mask-a-cicd-variable>.

use crate::config::Connection;

use super::{Case, Document, Format, Mark, Named, TOKEN, shell};

pub const GITHUB_ACTIONS: Format = Format {
    name: "github-actions",
    about: "the command that keeps the token as a secret of GitHub Actions",
    platform: None,
    parameters: &[
        ("repository", "the repository whose workflows use it: OWNER/NAME"),
        ("secret", "the name of the secret; default: the connection's, in capitals"),
    ],
    carries_client: false,
    carries_files: false,
    write: github_actions,
};

pub const GITLAB_CI: Format = Format {
    name: "gitlab-ci",
    about: "the command that keeps the token as a masked variable of GitLab CI",
    platform: None,
    parameters: &[
        ("repository", "the project whose pipelines use it: GROUP/NAME"),
        ("variable", "the name of the variable; default: the connection's, in capitals"),
    ],
    carries_client: false,
    carries_files: false,
    write: gitlab_ci,
};

fn github_actions(case: &Case<'_>, document: &mut Document) -> Result<String, String> {
    case.needs_token()?;
    let name = name(case, document, "secret", GITHUB_ACTIONS.name)?;
    if name.starts_with("GITHUB_") {
        return Err(
            "GitHub keeps names that begin with GITHUB_ for itself: give another one with --set secret=…".into()
        );
    }
    let repository = case.needed("repository", document);
    case.note_git_trust(document);
    document.notes.push(format!("A step of the workflow reads it as ${{{{ secrets.{name} }}}}."));
    Ok(piped(&format!("gh secret set {name} --repo {}", shell(&repository))))
}

fn gitlab_ci(case: &Case<'_>, document: &mut Document) -> Result<String, String> {
    case.needs_token()?;
    let name = name(case, document, "variable", GITLAB_CI.name)?;
    let repository = case.needed("repository", document);
    case.note_git_trust(document);
    document.notes.push("Protected: only pipelines of protected branches and tags see it.".into());
    Ok(piped(&format!("glab variable set {name} --masked --protected --repo {}", shell(&repository))))
}

/// The token goes through a pipe: printf is part of the shell, so that it stands in no list of processes.
fn piped(command: &str) -> String {
    format!("{}printf '%s' \"{TOKEN}\" | {command}\n", Mark::TokenAssigned.char())
}

fn name(case: &Case<'_>, document: &mut Document, key: &str, format: &str) -> Result<String, String> {
    let default = |one: &Connection| format!("{}_TOKEN", one.name.replace(['-', '.'], "_").to_ascii_uppercase());
    let given = case.parameters.get(key).cloned();
    let whose = case.connection.name.clone();
    let (is_given, name) = (given.is_some(), given.unwrap_or_else(|| default(case.connection)));
    let name = Named { whose, name, given: is_given, goes: true };
    document.tell_apart(key, &name, &case.others_named(format, default))?;
    let name = name.name;
    let fine = name.starts_with(|letter: char| letter.is_ascii_uppercase() || letter == '_')
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    if fine {
        Ok(name)
    } else {
        Err(format!("`{key}` has capital letters, digits and underscores, and begins with no digit"))
    }
}
