//! The store `git-credential`: whatever credential helpers the user has configured for git.
//!
//! git is asked in its own protocol, and hands the secret to them; nothing is said in an argument or in the environment.
//! Entries are kept for a host that exists nowhere, with the connection and its generation as user name: so they never
//! meet the credentials that git keeps for itself, and an old secret stays untouched while a new one is written. git
//! does not tell when a helper fails, therefore everything that was written is read back.
//!
//! Sources: <https://git-scm.com/docs/git-credential> and <https://git-scm.com/docs/gitcredentials>, read on 2026-11-21.

use tokio::process::Command;
use zeroize::Zeroizing;

use super::process::{NotRun, run};
use super::{Probed, StoreFault, StoreFaultKind};
use crate::git::credential::{self, Helpers};
use crate::program;
use crate::provider::Host;
use crate::secret::{GIT_HOST, Secret, Whereabouts};

const FORGETS: &str = "git's cache is the only helper here, and it forgets: after 15 minutes, unless its --timeout says \
                       otherwise, and with every restart of the machine. Then the token has to be given again.";
const IN_CLEAR: &str = "git's store is among the helpers here, and it keeps the token in clear text: in ~/.git-credentials, \
                        unless its --file says otherwise. The store keyring keeps it locked.";

pub(super) async fn probe(user: &str, secret: &Secret) -> Result<Probed, StoreFault> {
    let (helpers, name_us) = helpers().await?;
    if helpers.is_empty() {
        let message = if name_us {
            "git's only credential helper here is git-access, which keeps no secret itself."
        } else {
            "git has no credential helper configured that could keep a secret."
        };
        return Err(StoreFault::new(
            StoreFaultKind::Absent,
            message,
            "Configure one (git config --global credential.helper …), or choose another store: keyring or file.",
        ));
    }
    write(user, secret).await?;
    remove(user).await?;
    // Each of them is handed what is to be kept.
    if helpers.iter().any(|helper| credential::is_gits_own("store", helper)) {
        return Ok(Probed::InClear(IN_CLEAR));
    }
    let only_cache = helpers.iter().all(|helper| credential::is_gits_own("cache", helper));
    Ok(if only_cache { Probed::Forgets(FORGETS) } else { Probed::Keeps })
}

/// Hands the secret over, and shows that it is given back. What else is given back is taken away again: a piece of a
/// secret must not stay with a helper that cut it off.
pub(super) async fn write(user: &str, secret: &Secret) -> Result<(), StoreFault> {
    match hand_over(user, secret).await {
        Err(fault) if fault.left.is_some() => Err(StoreFault { left: take_back(user, secret).await, ..fault }),
        done => done,
    }
}

/// The same for a secret that exists nowhere else: whatever is given back, nothing of it is taken away.
pub(super) async fn entrust(user: &str, secret: &Secret) -> Result<(), StoreFault> {
    hand_over(user, secret).await
}

/// Hands the secret over, and shows that it is given back. Once git was asked to keep it, a fault says what may be there.
async fn hand_over(user: &str, secret: &Secret) -> Result<(), StoreFault> {
    let there = match git("approve", user, Some(secret)).await {
        Ok(_) => read(user).await,
        // git itself could not be started, so nobody was handed anything.
        Err(fault) if fault.kind == StoreFaultKind::Absent => return Err(fault),
        Err(fault) => Err(fault),
    };
    let broken = |message: &str| {
        let remedy = "Look at the helper with git-access doctor, or choose another store: keyring or file.";
        StoreFault::new(StoreFaultKind::Broken, message, remedy)
    };
    let fault = match there {
        Ok(there) if there.same_as(secret) => return Ok(()),
        Err(fault) if fault.kind == StoreFaultKind::Missing => broken(
            "git's credential helper was handed the secret and gives nothing back: it did not keep it, or it failed.",
        ),
        Err(fault) if fault.kind != StoreFaultKind::NotASecret => fault,
        Ok(_) | Err(_) => broken("git's credential helper gives back something else than what was written to it."),
    };
    Err(StoreFault { left: Some(perhaps(user)), ..fault })
}

/// Erases what was written, as it was written and as it is given back; what is given back all the same, or may be.
async fn take_back(user: &str, secret: &Secret) -> Option<Box<str>> {
    for known in [None, Some(secret)] {
        if git("reject", user, known).await.is_err() {
            // Who does not answer is not asked again: it may have kept the secret.
            return Some(perhaps(user));
        }
    }
    match is_given_all_the_same(user).await {
        Ok(given) => given.then(|| still_given(user)),
        Err(_) => Some(perhaps(user)),
    }
}

/// Whether something is given back still, after it was erased in the form in which it is given.
///
/// # Errors
/// The helper did not answer, so nobody knows.
async fn is_given_all_the_same(user: &str) -> Result<bool, StoreFault> {
    let there = read(user).await;
    if let Ok(given) = &there {
        // Some helpers forget only what they are told whole.
        git("reject", user, Some(given)).await?;
        return is_there(read(user).await);
    }
    is_there(there)
}

/// Whether anything is there, secret or not.
fn is_there(read: Result<Secret, StoreFault>) -> Result<bool, StoreFault> {
    match read {
        Ok(_) => Ok(true),
        Err(fault) if fault.kind == StoreFaultKind::NotASecret => Ok(true),
        Err(fault) if fault.kind == StoreFaultKind::Missing => Ok(false),
        Err(fault) => Err(fault),
    }
}

fn still_given(user: &str) -> Box<str> {
    let Whereabouts { at, way } = Whereabouts::kept_by_git(user);
    format!("what is still given back by {at}: {way}").into()
}

fn perhaps(user: &str) -> Box<str> {
    let Whereabouts { at, way } = Whereabouts::with_git(user);
    format!("perhaps, for the helper did not tell: what was written to {at}: {way}").into()
}

pub(super) async fn read(user: &str) -> Result<Secret, StoreFault> {
    let missing = || {
        StoreFault::new(
            StoreFaultKind::Missing,
            "git's credential helpers have no such secret.",
            "It was removed or forgotten: give the connection a token again with rotate.",
        )
    };
    let reply = git("fill", user, None).await?.ok_or_else(missing)?;
    let text = std::str::from_utf8(&reply).map_err(|_| missing())?;
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    // A helper may answer for somebody else.
    if value("username") != Some(user) || value("host") != Some(GIT_HOST) {
        return Err(missing());
    }
    Secret::parse(value("password").unwrap_or_default()).map_err(|reason| {
        let message = format!("What git's credential helper gave is no token: {reason}.");
        StoreFault::new(StoreFaultKind::NotASecret, message, "Give the connection a token again with rotate.")
    })
}

/// Lets the helpers forget it; `false` where they have none.
///
/// # Errors
/// `Denied` where it is given back all the same; any other one says that nobody knows, and its `left` where to look.
pub(super) async fn remove(user: &str) -> Result<bool, StoreFault> {
    let unknown = |fault| StoreFault { left: Some(perhaps(user)), ..fault };
    if !is_there(read(user).await).map_err(unknown)? {
        return Ok(false);
    }
    git("reject", user, None).await.map_err(unknown)?;
    if !is_given_all_the_same(user).await.map_err(unknown)? {
        return Ok(true);
    }
    let fault = StoreFault::new(
        StoreFaultKind::Denied,
        "git's credential helper still has the secret that it was told to forget.",
        format!("Remove the entry of the host {GIT_HOST} and the user name {user} with the helper's own program."),
    );
    Err(StoreFault { left: Some(still_given(user)), ..fault })
}

/// The password of the login that git's helpers keep for `host` themselves.
///
/// # Errors
/// There is none, a helper did not answer in time, or what it gave is no token.
pub async fn login(host: &Host) -> Result<Secret, StoreFault> {
    let missing = || {
        StoreFault::new(
            StoreFaultKind::Missing,
            format!("git's credential helpers have no login for {host}."),
            "Sign in there with git once, or name another source of the token.",
        )
    };
    let origin = host.origin();
    let (scheme, authority) = (origin.scheme(), origin.authority());
    let mut input = format!("protocol={scheme}\nhost={authority}\n");
    let path = host.path().trim_start_matches('/');
    if !path.is_empty() {
        // git itself leaves it out where `useHttpPath` is off.
        input.push_str(&format!("path={path}\n"));
    }
    input.push('\n');
    let (bytes, _) = run(command(&credential::QUESTION)?, &[]).await.map_err(not_run)?;
    let others = without_our_section(&Helpers::read(&bytes), host);
    let arguments: Vec<&str> = others.iter().map(String::as_str).chain(["credential", "fill"]).collect();
    let reply = spoken(&arguments, input.as_bytes()).await?.ok_or_else(missing)?;
    let text = std::str::from_utf8(&reply).map_err(|_| missing())?;
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    if value("host") != Some(&authority) || value("protocol") != Some(scheme) {
        return Err(missing());
    }
    Secret::parse(value("password").unwrap_or_default()).map_err(|reason| {
        let message = format!("What git's credential helper keeps for {host} is no token: {reason}.");
        StoreFault::new(StoreFaultKind::NotASecret, message, "Name another source of the token.")
    })
}

/// What git is told so that it asks for `host` whom it would ask without the section of `setup-git`, which takes back all
/// helpers but ourselves. The words of a command come last, and an empty helper takes back those before it.
fn without_our_section(helpers: &Helpers, host: &Host) -> Vec<String> {
    if !helpers.name_us_for(host) {
        return Vec::new();
    }
    let path = format!("credential.{}.useHttpPath={}", host.origin(), helpers.are_told_the_path(host));
    let mut settings = vec![path, "credential.helper=".to_owned()];
    settings.extend(helpers.of(host).into_iter().map(|helper| format!("credential.helper={helper}")));
    settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]).collect()
}

/// What git answers; `None` where it ends with a failure, which is how it says that nobody has an answer.
async fn git(action: &str, user: &str, secret: Option<&Secret>) -> Result<Option<Zeroizing<Vec<u8>>>, StoreFault> {
    let mut input = Zeroizing::new(Vec::with_capacity(256 + crate::secret::LONGEST));
    for piece in ["protocol=https\nhost=", GIT_HOST, "\nusername=", user, "\n"] {
        input.extend_from_slice(piece.as_bytes());
    }
    if let Some(secret) = secret {
        // Visible ASCII without white space, as every secret: it cannot begin a line of its own.
        for piece in ["password=", secret.expose(), "\n"] {
            input.extend_from_slice(piece.as_bytes());
        }
    }
    input.extend_from_slice(b"\n");
    spoken(&["credential", action], &input).await
}

/// The same for a whole input.
async fn spoken(arguments: &[&str], input: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, StoreFault> {
    let (bytes, status) = run(command(arguments)?, input).await.map_err(not_run)?;
    match status {
        Some(status) if status.success() => Ok(Some(bytes)),
        _ => Ok(None),
    }
}

/// The helpers that git would ask for our host without ourselves, and whether we are one.
async fn helpers() -> Result<(Vec<String>, bool), StoreFault> {
    let (bytes, _) = run(command(&credential::QUESTION)?, &[]).await.map_err(not_run)?;
    let helpers = Helpers::read(&bytes);
    let own = Host::parse(GIT_HOST).map(|host| helpers.of(&host).into_iter().map(str::to_owned).collect());
    Ok((own.unwrap_or_default(), helpers.name_us()))
}

/// git, with the user's own configuration and nothing of the directory that we happen to be in: a repository there
/// could name a helper of its own. It asks nobody.
fn command(arguments: &[&str]) -> Result<Command, StoreFault> {
    let git = program::find("git").ok_or_else(|| {
        StoreFault::new(StoreFaultKind::Absent, "git was not found in PATH.", "Install git, or choose another store.")
    })?;
    let mut command = Command::new(git);
    command.args(arguments).current_dir(std::path::MAIN_SEPARATOR_STR);
    for variable in
        ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_CONFIG_PARAMETERS", "GIT_TRACE", "GIT_TRACE_CURL"]
    {
        command.env_remove(variable);
    }
    command
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_ASKPASS", "")
        .env("SSH_ASKPASS", "")
        .env("GCM_INTERACTIVE", "never");
    Ok(command)
}

fn not_run(reason: NotRun) -> StoreFault {
    let mut kind = StoreFaultKind::Silent;
    let (message, remedy) = match reason {
        NotRun::NotStarted(error) => {
            kind = StoreFaultKind::Absent;
            (format!("git could not be started: {error}."), "Look at it with git-access doctor.")
        }
        NotRun::NotRead(error) => (format!("git could not be read: {error}."), "Look at it with git-access doctor."),
        NotRun::Late => (
            "git's credential helper did not answer within ten seconds and was stopped.".to_owned(),
            "It may be waiting for a password: unlock it first, or choose another store.",
        ),
    };
    StoreFault::new(kind, message, remedy)
}
