//! Git's own answer over SSH: whether a key is let in, to read and to push.
//!
//! The program `ssh` asks, cut off from everything that is not part of the question: no configuration, no agent, no other
//! key, no password, no environment, and a file of known hosts made for this one run. It runs what git runs there
//! (`git-upload-pack`, `git-receive-pack`); the server lists the refs and waits, and all it is sent is a flush packet,
//! which ends the conversation before it begins (gitprotocol-pack, "SSH Transport"). A listing for `git-receive-pack`
//! proves the right to push.

mod keyfile;
mod known;
mod words;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

pub use self::keyfile::{generate, read_key, read_private};
pub use self::known::{host_keys, known_hosts};
use crate::disk;
use crate::fact::{Fault, FaultKind, Remedy, Service};
use crate::git;
use crate::key::{Heard, Knock, PublicKey, SshAddress};
use crate::program;

/// How long a server may take to take the connection, in seconds.
const CONNECT: &str = "10";
/// How long the whole question may take.
const PATIENCE: Duration = Duration::from_secs(25);
/// The most that is read of each stream, in bytes.
const LONGEST: u64 = 1 << 20;
/// git's packet that ends a conversation.
const FLUSH: &[u8] = b"0000";

/// What ssh ended with.
struct Run {
    output: Vec<u8>,
    said: String,
    /// The output was longer than what is read.
    cut: bool,
}

/// Asks `knock`. `vouched` is the user's own file of known hosts.
///
/// # Errors
/// The fault in the server's words; `Secret` where this computer cannot ask at all.
pub async fn ask(knock: &Knock, vouched: &Path) -> Result<Heard, Fault> {
    let ssh = program::find("ssh").ok_or_else(no_ssh)?;
    let told = disk::read_trusted(vouched).map_err(|fault| local(fault.message, &fault.remedy))?;
    let told = told.as_ref().map(|text| text.as_str()).unwrap_or_default();
    let folder =
        tempfile::TempDir::new().map_err(|error| local(format!("No temporary file: {error}."), "Free some space."))?;
    let hosts = folder.path().join("known_hosts");
    disk::replace(&hosts, &known::hosts(told)).map_err(|fault| local(fault.message, &fault.remedy))?;
    let address = &knock.address;
    let mut command = isolated(&ssh, address, &hosts)?;
    command.args(["-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes"]);
    command.args([
        "-o",
        "PreferredAuthentications=publickey",
        "-o",
        &format!("IdentityFile={}", word(&knock.private)?),
    ]);
    command.arg("--").arg(&address.host).arg(format!("{} '{}'", knock.service.command(), address.path));
    let run = run(command, address).await?;
    if let Some(refs) = git::advertised(knock.service.command(), &run.output, run.cut) {
        return Ok(Heard::Refs(refs));
    }
    if words::is_stranger(&run.said) {
        return stranger(&ssh, address, &folder.path().join("seen")).await;
    }
    Err(words::fault(&run.said, address, knock.service))
}

/// The key that the server shows, asked without showing it any of ours.
async fn stranger(ssh: &Path, address: &SshAddress, seen: &Path) -> Result<Heard, Fault> {
    let mut command = isolated(ssh, address, seen)?;
    command.args(["-o", "StrictHostKeyChecking=accept-new", "-o", "HashKnownHosts=no"]);
    command.args(["-o", "PubkeyAuthentication=no", "-o", "PreferredAuthentications=none"]);
    command.arg("--").arg(&address.host).arg(Service::Read.command());
    let said = run(command, address).await?.said;
    let line = disk::read(seen).ok().flatten().and_then(|text| text.lines().next().map(str::to_owned));
    let shown = line.as_deref().and_then(|line| line.split_once(' ')).and_then(|(_, key)| PublicKey::parse(key).ok());
    match shown {
        Some(key) => Ok(Heard::Stranger {
            line: format!("{} {key}", address.known_as()),
            fingerprint: format!("{} {}", key.algorithm(), key.fingerprint()),
        }),
        None => Err(words::fault(&said, address, Service::Read)),
    }
}

/// `ssh` with nothing but what is given here.
fn isolated(ssh: &Path, address: &SshAddress, hosts: &Path) -> Result<Command, Fault> {
    let mut command = Command::new(ssh);
    command.env_clear();
    // Without it, programs of Windows find no network.
    if let Some(root) = std::env::var_os("SystemRoot") {
        command.env("SystemRoot", root);
    }
    command.args(["-F", "none", "-T", "-p", &address.port.to_string(), "-l", &address.user]);
    let hosts = format!("UserKnownHostsFile={}", word(hosts)?);
    let connect = format!("ConnectTimeout={CONNECT}");
    let options = [
        hosts.as_str(),
        connect.as_str(),
        // Not `none`, which some versions take for a file of that name in the working directory.
        "GlobalKnownHostsFile=/dev/null",
        "UpdateHostKeys=no",
        "CheckHostIP=no",
        "VerifyHostKeyDNS=no",
        "BatchMode=yes",
        "IdentityAgent=none",
        "PasswordAuthentication=no",
        "KbdInteractiveAuthentication=no",
        "HostbasedAuthentication=no",
        "GSSAPIAuthentication=no",
        "ConnectionAttempts=1",
        "ControlMaster=no",
        "ControlPath=none",
        "ProxyCommand=none",
        "ClearAllForwardings=yes",
        "ForwardAgent=no",
        "PermitLocalCommand=no",
        "LogLevel=ERROR",
    ];
    for option in options {
        command.args(["-o", option]);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    Ok(command)
}

/// A path as a value of ssh's own configuration: quoted, and without what is replaced there (`%h`, `${HOME}`).
fn word(path: &Path) -> Result<String, Fault> {
    let text = path.to_str().map(|text| if cfg!(windows) { text.replace('\\', "/") } else { text.to_owned() });
    let text = text.filter(|text| !text.contains(['"', '\\', '\n', '\r']) && !text.contains("${"));
    let text = text.ok_or_else(|| {
        local(
            "The path of the private key has a character that ssh would read otherwise.".to_owned(),
            "Move the key to a path of letters, digits, dots, hyphens and underscores.",
        )
    })?;
    Ok(format!("\"{}\"", text.replace('%', "%%")))
}

async fn run(mut command: Command, address: &SshAddress) -> Result<Run, Fault> {
    let mut child = command
        .spawn()
        .map_err(|error| local(format!("ssh could not be started: {error}."), "Install OpenSSH's client."))?;
    let late = || words::fault("timed out", address, Service::Read);
    timeout(PATIENCE, talk(&mut child))
        .await
        .map_err(|_| late())?
        .map_err(|error| local(format!("What ssh said could not be read: {error}."), "Run this again with --log FILE."))
}

async fn talk(child: &mut Child) -> std::io::Result<Run> {
    let (input, output, said) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feed = async {
        if let Some(mut input) = input {
            // Who refuses does not listen any more.
            drop(input.write_all(FLUSH).await);
        }
    };
    let ((), output, said) = tokio::join!(feed, drain(output), drain(said));
    let (output, said) = (output?, said?);
    let cut = output.len() as u64 > LONGEST;
    if cut {
        child.start_kill()?;
    }
    child.wait().await?;
    Ok(Run { output, said: String::from_utf8_lossy(&said).into_owned(), cut })
}

async fn drain(stream: Option<impl AsyncRead + Unpin>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(stream) = stream {
        stream.take(LONGEST + 1).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

fn no_ssh() -> Fault {
    let remedy = "Install OpenSSH's client, then run this again.";
    local("There is no program ssh in PATH to try the key with.".to_owned(), remedy)
}

/// What keeps us from asking lies here, and nobody at the forge has said anything.
fn local(text: String, remedy: &str) -> Fault {
    Fault::new(FaultKind::Secret, text).remedy(Remedy::new(remedy))
}
