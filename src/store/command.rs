//! The store `command`: a reference to a program that prints the secret, a password manager for instance.
//!
//! The words are its argv; there is no shell. The program is looked up in the absolute directories of `PATH` only, so
//! that a file of the same name in the working directory is never run. What it prints is read from a pipe and shown
//! to nobody, not even when it fails.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, timeout, timeout_at};
use zeroize::Zeroizing;

use super::{LONGEST, StoreFault, StoreFaultKind, one_line, room, tame};
use crate::program;
use crate::secret::Secret;

/// Set in the program's environment, so that a credential helper can see that it is we who ask.
pub const MARKER: &str = "GIT_ACCESS_CALLER";

const PATIENCE: Duration = Duration::from_secs(10);
/// How long the pipe is read after the program has ended, when something it started still holds the other end.
const DREGS: Duration = Duration::from_millis(300);

/// The secret in the one line that the program `argv` prints.
pub async fn read(argv: &[String]) -> Result<Secret, StoreFault> {
    let program = find(argv)?;
    let place = described(argv);
    let mut command = Command::new(&program);
    command.args(&argv[1..]).env(MARKER, "1").kill_on_drop(true);
    // Its standard error is nobody's: what a failing password manager says may hold anything.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command
        .spawn()
        .map(Running)
        .map_err(|error| fault(format!("{place} could not be started: {error}."), "Correct the command."))?;
    let (Some(output), deadline) = (child.0.stdout.take(), Instant::now() + PATIENCE) else {
        return Err(fault(format!("{place} gave no output."), "Correct the command."));
    };
    let Ok(done) = timeout_at(deadline, listen(&mut child.0, output)).await else {
        end(&mut child).await;
        return Err(fault(
            format!("{place} did not end within ten seconds and was stopped."),
            "Run it by hand: it may be waiting for a password. Unlock it first, or name another source.",
        ));
    };
    let (bytes, status) =
        done.map_err(|error| fault(format!("{place} could not be read: {error}."), "Run it by hand to see why."))?;
    let Some(status) = status else {
        end(&mut child).await;
        return one_line(&place, &bytes);
    };
    if !status.success() {
        return Err(fault(
            format!("{place} failed: {}.", ending(status)),
            "Run it by hand to see why; what it printed is not shown, since it could hold the token.",
        ));
    }
    one_line(&place, &bytes)
}

/// The program while it runs. When nobody waits for it any more, it ends with all that it has started.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        end_group(&self.0);
    }
}

/// What the program printed, and how it ended; `None` when it prints too much to be waited for.
async fn listen(
    child: &mut Child,
    mut output: ChildStdout,
) -> std::io::Result<(Zeroizing<Vec<u8>>, Option<ExitStatus>)> {
    let mut bytes = room();
    let mut length = 0;
    let mut ended = None;
    while length <= LONGEST {
        let read = output.read(&mut bytes[length..]);
        let more = if ended.is_some() {
            // A program may leave something running that inherited the pipe, an agent for instance.
            timeout(DREGS, read).await.unwrap_or(Ok(0))?
        } else {
            tokio::select! {
                biased;
                more = read => more?,
                status = child.wait() => {
                    ended = Some(status?);
                    continue;
                }
            }
        };
        if more == 0 {
            break;
        }
        length += more;
    }
    let too_much = length > LONGEST;
    bytes.truncate(length);
    let status = match ended {
        Some(status) => Some(status),
        None if too_much => None,
        None => Some(child.wait().await?),
    };
    Ok((bytes, status))
}

/// Stops the program and what it has started.
async fn end(child: &mut Running) {
    end_group(&child.0);
    drop(child.0.kill().await);
}

/// Stops the whole group of a program that was not reaped yet, so that its process id is still its own. What a program
/// that has ended left running, an agent for instance, is not ours to end.
fn end_group(child: &Child) {
    #[cfg(not(unix))]
    let _ = child;
    #[cfg(unix)]
    if let Some(group) = child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed())) {
        // It may have ended just now.
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
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
