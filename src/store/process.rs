//! A program that is handed a secret or prints one: started without a shell, given its input through a pipe, read from
//! a pipe, and ended with everything that it has started when it takes too long.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, timeout, timeout_at};
use zeroize::Zeroizing;

use super::{LONGEST, room};

/// Set in the program's environment, so that a credential helper can see that it is we who ask.
pub const MARKER: &str = "GIT_ACCESS_CALLER";

const PATIENCE: Duration = Duration::from_secs(10);
/// The same where we are the program that another run of ours waits for: it ends before that one's patience does, since
/// nobody but us knows what it has started.
const SOONER: Duration = Duration::from_secs(8);
/// How long the pipe is read after the program has ended, when something it started still holds the other end.
const DREGS: Duration = Duration::from_millis(300);

/// What a program printed, and how it ended; no status where it printed too much to be waited for.
pub(super) type Printed = (Zeroizing<Vec<u8>>, Option<ExitStatus>);

/// Why it is not known what a program printed.
pub(super) enum NotRun {
    NotStarted(io::Error),
    /// It did not end in time, and was stopped.
    Late,
    NotRead(io::Error),
}

/// Runs `command` with `input` on its standard input. Its standard error is nobody's: what a failing program says may
/// hold anything.
pub(super) async fn run(mut command: Command, input: &[u8]) -> Result<Printed, NotRun> {
    crate::program::without_tokens(command.as_std_mut());
    command.env(MARKER, "1").kill_on_drop(true);
    let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::null());
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().map(Running).map_err(NotRun::NotStarted)?;
    let patience = if std::env::var_os(MARKER).is_some() { SOONER } else { PATIENCE };
    let deadline = Instant::now() + patience;
    let output = child.0.stdout.take().ok_or_else(|| NotRun::NotRead(io::ErrorKind::BrokenPipe.into()))?;
    if let Some(mut pipe) = child.0.stdin.take() {
        // A program that does not read what it is given says so by how it ends.
        let _ = timeout_at(deadline, pipe.write_all(input)).await;
    }
    let Ok(done) = timeout_at(deadline, listen(&mut child.0, output)).await else {
        end(&mut child).await;
        return Err(NotRun::Late);
    };
    let (bytes, status) = done.map_err(NotRun::NotRead)?;
    if status.is_none() {
        end(&mut child).await;
    }
    Ok((bytes, status))
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
