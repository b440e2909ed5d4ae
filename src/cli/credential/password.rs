//! `credential password ADDRESS`: the password that git's own helpers keep for a host, as one line.
//!
//! git's programs are asked over standard input and answer in several lines, which no source of a token can read. This
//! is the same question with one line for an answer, for `command`: a login that a person has in git already can be
//! referred to, and stays where it is. Nobody is asked for a password, and our own helper is never among those asked.

use std::io::{self, IsTerminal as _};

use zeroize::Zeroizing;

use crate::cli::{Out, Refusal, export, wait};
use crate::provider::Host;
use crate::store;

pub(super) fn password(out: &Out, address: &str) -> Result<(), Refusal> {
    let host = Host::parse(address).map_err(|reason| {
        Refusal::usage(format!("This is no address of a forge: {reason}."), "Write it like https://github.com")
    })?;
    if !export::is_pipe() && !io::stdout().is_terminal() {
        let message = "A password goes into a pipe alone: a file stays, and others may read it.";
        return Err(Refusal::usage(
            message,
            "Name this command as the source of a token: git-access reads it by a pipe.",
        ));
    }
    let secret = wait(store::git_login(&host))??;
    if !export::is_pipe() {
        // A terminal shows it to whoever looks.
        out.say(&format!(
            "git has a login for {host}. It is printed into a pipe alone: name this command as the source of a token."
        ));
        return Ok(());
    }
    let line = Zeroizing::new(format!("{}\n", secret.expose()));
    out.bare(line.as_bytes());
    Ok(())
}
