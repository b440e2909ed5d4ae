//! The store `command`: a reference to a program that prints the secret, a password manager for instance.
//!
//! The words are its argv; there is no shell. The program is looked up in the absolute directories of `PATH` only, so
//! that a file of the same name in the working directory is never run. What it prints is read from a pipe and shown
//! to nobody, not even when it fails.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use tokio::process::Command;

use super::process::{NotRun, run};
use super::{StoreFault, StoreFaultKind, one_line, tame};
use crate::program;
use crate::secret::Secret;

/// The secret in the one line that the program `argv` prints.
pub async fn read(argv: &[String]) -> Result<Secret, StoreFault> {
    let program = find(argv)?;
    let place = described(argv);
    let mut command = Command::new(&program);
    command.args(&argv[1..]);
    let (bytes, status) = run(command, &[]).await.map_err(|reason| match reason {
        NotRun::NotStarted(error) => fault(format!("{place} could not be started: {error}."), "Correct the command."),
        NotRun::NotRead(error) => fault(format!("{place} could not be read: {error}."), "Run it by hand to see why."),
        NotRun::Late => fault(
            format!("{place} did not end within ten seconds and was stopped."),
            "Run it by hand: it may be waiting for a password. Unlock it first, or name another source.",
        ),
    })?;
    match status {
        Some(status) if !status.success() => Err(fault(
            format!("{place} failed: {}.", ending(status)),
            "Run it by hand to see why; what it printed is not shown, since it could hold the token.",
        )),
        _ => {
            let secret = one_line(&place, &bytes)?;
            if argv.iter().any(|word| secret.is_in(word)) {
                return Err(StoreFault::new(
                    StoreFaultKind::NotASecret,
                    format!(
                        "{place} was started with the token itself among its words, where every user of this machine sees it."
                    ),
                    "Name a program that fetches the token from where it is kept. This one was shown: replace it.",
                ));
            }
            Ok(secret)
        }
    }
}

/// The program to run, as an absolute path.
fn find(argv: &[String]) -> Result<PathBuf, StoreFault> {
    let Some(name) = argv.first().filter(|name| !name.is_empty()) else {
        return Err(fault(
            "The command is empty.".to_owned(),
            "Name the program and its arguments, as a list of words.",
        ));
    };
    let path = Path::new(name);
    if path.is_absolute() {
        return Ok(path.to_owned());
    }
    if path.components().count() != 1 || name.contains(['/', '\\']) || name.starts_with('.') {
        return Err(fault(
            format!("{} is named relative to a directory, so it was not run.", described(argv)),
            "Name it by its absolute path, or by its bare name if it is in PATH.",
        ));
    }
    program::find(name).ok_or_else(|| {
        fault(
            format!("{} was not found in any directory of PATH.", described(argv)),
            "Install it, or name it by its absolute path.",
        )
    })
}

/// The program for a message. Its arguments are not shown: somebody may have put a secret there.
pub(super) fn described(argv: &[String]) -> String {
    format!("The program {}", tame(argv.first().map(String::as_str).unwrap_or_default()))
}

fn ending(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("it was ended by signal {signal}");
    }
    status.code().map_or_else(|| "it ended without a status".to_owned(), |code| format!("it ended with status {code}"))
}

fn fault(message: String, remedy: &str) -> StoreFault {
    StoreFault::new(StoreFaultKind::Command, message, remedy)
}
