//! `credential`: git's own question, answered from the saved connections.
//!
//! Git asks on stdin, one `key=value` a line, and takes silence for "I have none". So everything that is not exactly a
//! question for a saved connection is met with silence: a strange character, a host that is nearly ours, a repository
//! of somebody else. `store` and `erase` never change a secret, since git would forget a token because one server
//! refused it once; `erase` is noted for `list`.
//!
//! Source: <https://git-scm.com/docs/git-credential#IOFMT>.

mod choice;
mod password;
mod request;

use std::env;
use std::io::{self, BufRead as _, Read as _};

use jiff::Timestamp;
use zeroize::Zeroizing;

use self::choice::chosen;
use self::request::Request;
use super::standing::{Ends, Standing};
use super::{CredentialAction, Out, Refusal, manage, wait};
use crate::config::{Config, Connection, Token};
use crate::disk::Paths;
use crate::record::Record;
use crate::secret::Secret;
use crate::store::{Entry, MARKER, Stores};

/// More than this is no question of git's.
const LONGEST: u64 = 1 << 20;

pub fn credential(out: &Out, paths: &Paths, action: CredentialAction, address: Option<&str>) -> Result<(), Refusal> {
    if out.is_json() {
        let message = "The command credential speaks git's own protocol, which is not JSON.";
        return Err(Refusal::usage(message, "Leave --format out."));
    }
    match (action, address) {
        (CredentialAction::Password, Some(address)) => return password::password(out, address),
        (CredentialAction::Password, None) => {
            let remedy = "Name it, for example: git-access credential password https://github.com";
            return Err(Refusal::usage("The address of the host is missing.", remedy));
        }
        (_, Some(_)) => {
            return Err(Refusal::usage(
                "git asks on standard input: an address is for password alone.",
                "Leave it out.",
            ));
        }
        (_, None) => {}
    }
    // A program that we started asked git, and git asks us: an answer would go round in circles.
    if env::var_os(MARKER).is_some() {
        return Ok(());
    }
    let question = read()?;
    let Some(request) = question.as_deref().and_then(|bytes| Request::parse(bytes)) else { return Ok(()) };
    let config = manage::config(paths)?;
    let Some(connection) = chosen(&config, &request) else { return Ok(()) };
    match action {
        CredentialAction::Get => answer(out, connection, &config, paths),
        // The secret is already where its owner wanted it to be.
        CredentialAction::Store | CredentialAction::Password => Ok(()),
        CredentialAction::Erase => {
            refused(out, paths, connection, &request);
            Ok(())
        }
    }
}

/// What git wrote up to the blank line that ends its question, or to the end of its output; `None` where it is too long
/// to be a question. Who keeps the pipe open after the blank line waits for our answer.
fn read() -> Result<Option<Zeroizing<Vec<u8>>>, Refusal> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(8 * 1024));
    let mut input = io::stdin().lock().take(LONGEST + 1);
    loop {
        let begin = bytes.len();
        let read = input.read_until(b'\n', &mut bytes).map_err(|error| {
            let message = format!("What git asks could not be read from standard input: {error}.");
            Refusal::storage(message, "Run this from git.")
        })?;
        if read == 0 || &bytes[begin..] == b"\n" {
            return Ok(Some(bytes).filter(|bytes| bytes.len() as u64 <= LONGEST));
        }
    }
}

fn answer(out: &Out, connection: &Connection, config: &Config, paths: &Paths) -> Result<(), Refusal> {
    let Some(token) = &connection.token else { return Ok(()) };
    let user = git_user(connection, token);
    if !request::is_plain(&user) {
        return Ok(());
    }
    let renewed = renewed(connection, paths);
    let ends = match &renewed {
        Some((_, ends)) => ends.map_or(Ends::NotKnown, Ends::At),
        None => Standing::of(connection, config, paths).ends(),
    };
    let secret = renewed.map_or_else(|| secret(connection, token), |(secret, _)| Ok(secret))?;
    let expiry = match ends {
        Ends::At(at) => format!("password_expiry_utc={}\n", at.as_second()),
        Ends::Never | Ends::NotKnown | Ends::NoToken => String::new(),
    };
    // Straight to stdout: git needs the very bytes that every other output hides.
    let mut reply = Zeroizing::new(Vec::with_capacity(user.len() + secret.expose().len() + 128));
    for piece in ["username=", &user, "\npassword=", secret.expose(), "\n", &expiry] {
        reply.extend_from_slice(piece.as_bytes());
    }
    out.bare(&reply);
    Ok(())
}

/// The user name with which git signs in.
pub(super) fn git_user(connection: &Connection, token: &Token) -> String {
    if let Some(user) = &connection.git_username {
        return user.clone();
    }
    let seen = connection.verified.as_ref().and_then(|verified| verified.identity.as_deref());
    let rules = connection.site.provider.rules();
    rules.git_user(token.kind, rules.git_login(connection.username.as_deref(), seen))
}

fn secret(connection: &Connection, token: &Token) -> Result<Secret, Refusal> {
    let entry = Entry { id: connection.id.clone(), generation: token.generation };
    let stores = Stores::of_the_system();
    Ok(wait(stores.read(&token.store, &entry))??)
}

/// The token that the provider has made in place of the one in the config, where a run was stopped before the config named
/// it: the other one has ended. With the end that was asked for it.
fn renewed(connection: &Connection, paths: &Paths) -> Option<(Secret, Option<Timestamp>)> {
    let open = Record::load(paths, &connection.id).renewal?;
    let entry = Entry { id: connection.id.clone(), generation: open.to.generation };
    let secret = wait(Stores::of_the_system().read(&open.to.store()?, &entry)).ok()?.ok()?;
    Some((secret, open.ends.parse().ok()))
}

/// Notes that the forge refused the token, unless git tells of another password than ours.
fn refused(out: &Out, paths: &Paths, connection: &Connection, request: &Request) {
    let Some(token) = &connection.token else { return };
    let ours = renewed(connection, paths).map_or_else(|| secret(connection, token), |(secret, _)| Ok(secret));
    if let (Some(theirs), Ok(ours)) = (&request.password, ours)
        && !theirs.same_as(&ours)
    {
        return;
    }
    if let Some(fault) = Record::change(paths, &connection.id, |record| record.refused = Some(Timestamp::now())) {
        out.say(&fault.message);
    }
    out.say(&format!(
        "git-access: the forge refused the token of {0}\n  See why with: git-access check {0}",
        connection.name
    ));
}
