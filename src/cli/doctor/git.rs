//! The git program, its version, and the credential helpers it is configured to ask.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value as Json;

use super::Finding;
use crate::git::credential::{is_gits_own, name_of};
use crate::program;
use crate::text::sanitise;

/// The first release of each line that does not show a hostile host as another one, and does not hand a helper two
/// lines for one: CVE-2024-50349 and CVE-2024-52006 (<https://github.com/git/git/blob/master/Documentation/RelNotes/2.48.1.adoc>).
const MENDED: &[(u32, u32, u32)] =
    &[(2, 40, 4), (2, 41, 3), (2, 42, 4), (2, 43, 6), (2, 44, 3), (2, 45, 3), (2, 46, 3), (2, 47, 2), (2, 48, 1)];

pub(super) fn findings() -> Vec<Finding> {
    let Some(program) = program::find("git") else {
        let advice = "Install git. setup-git and the sandbox need it; checks do not.";
        return vec![Finding::new("git", "program", Json::Null).advise(advice)];
    };
    let version = said(&program, &["--version"]);
    let version = version.trim().strip_prefix("git version ").unwrap_or(version.trim()).to_owned();
    let finding = Finding::new("git", "version", sanitise(&version, 80));
    let finding = if is_mended(&version) {
        finding
    } else {
        finding.advise(
            "This version may show a hostile host as another one when it asks for a password (CVE-2024-50349, \
             CVE-2024-52006), unless your system mended it under the old number. Install 2.48.1 or newer.",
        )
    };
    vec![Finding::new("git", "program", program.display().to_string()), finding, helpers(&program)]
}

fn is_mended(version: &str) -> bool {
    let mut numbers = version.split(['.', ' ', '-']).map_while(|part| part.parse::<u32>().ok());
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let same_line = MENDED.iter().find(|mended| (mended.0, mended.1) == (found.0, found.1));
    same_line.map_or(found > (2, 48, 1), |mended| found >= *mended)
}

/// The names of the helpers that are configured, in the order in which git asks them.
fn helpers(program: &Path) -> Finding {
    let text = said(program, &["config", "--null", "--get-regexp", r"^credential\.(.*\.)?helper$"]);
    let mut names: Vec<String> = Vec::new();
    let mut in_clear = false;
    for entry in text.split('\0') {
        // What is between the key's dots may be an address with a password in it, so of the key nothing is told.
        let (key, value) = entry.split_once('\n').unwrap_or_default();
        let name = name_of(value);
        // One that is for a single host is never handed a token of ours.
        in_clear |= key == "credential.helper" && is_gits_own("store", value);
        if !value.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    let finding = Finding::new("git", "credential helpers", names);
    if !in_clear {
        return finding;
    }
    finding.advise(
        "git's store keeps what it is given in clear text, in ~/.git-credentials unless told otherwise: so do tokens that \
         rest in the store git-credential. The store keyring keeps them locked, and git has helpers that do.",
    )
}

/// What git prints; nothing where it fails.
fn said(program: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null());
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_TRACE", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT"] {
        command.env_remove(name);
    }
    crate::program::without_tokens(&mut command);
    // Not in the working directory: the config of a repository that somebody else wrote says nothing about here.
    if let Some(root) = program.ancestors().last() {
        command.current_dir(root);
    }
    let done = command.output().ok().filter(|done| done.status.success());
    done.map(|done| String::from_utf8_lossy(&done.stdout).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_before_the_fixes_are_known() {
        for (version, mended) in [
            ("2.39.5", false),
            ("2.40.3", false),
            ("2.40.4", true),
            ("2.43.0", false),
            ("2.47.2", true),
            ("2.48.0", false),
            ("2.48.1", true),
            ("2.49.0", true),
            ("3.0.0", true),
            ("2.39.3 (Apple Git-146)", false),
            ("2.47.1.windows.2", false),
            ("rubbish", false),
        ] {
            assert_eq!(is_mended(version), mended, "{version}");
        }
    }
}
