//! `remove`: a connection, and the secret that we keep for it. The forge is not touched.
//!
//! Both happen under the config's lock, the secret first. A store that fails keeps the connection, which is then the
//! only thing that knows where the secret is; so no secret is ever left behind without a name.

use std::io::{self, IsTerminal as _};

use serde_json::json;

use crate::cli::standing::Standing;
use crate::cli::{Ending, Out, Refusal, setup_git, wait};
use crate::config::{Config, Connection, Token};
use crate::disk::{self, Paths};
use crate::record::{Record, Unfinished};
use crate::secret::Store;
use crate::store::{Entry, StoreFaultKind, Stores};
use crate::text::sanitise;
use crate::tui::Parting;

pub fn remove(out: &Out, paths: &Paths, name: &str, yes: bool) -> Result<(), Refusal> {
    let config = super::config(paths)?;
    if !config.has(name)
        && let Some(unfinished) = Unfinished::of(paths, name)
    {
        return remove_unfinished(out, paths, &unfinished, yes);
    }
    let connection = super::named(&config, paths, name)?;
    paths.may_write()?;
    for line in uses(connection, &config, paths) {
        out.say(&line);
    }
    if !yes && !agreed(out, name)? {
        let kept = Refusal::usage(format!("Nothing was removed: {name} is still there."), "");
        return Err(Refusal { ending: Ending::Cancelled, ..kept });
    }
    let mut removed = false;
    let refuse = |problem| super::of_config(paths, problem);
    let saved = disk::update_config(&paths.config, refuse, |config| {
        // Another run may have changed it while a person was thinking.
        let there = super::named(config, paths, name)?;
        if there.id != connection.id {
            let message = format!("Another run has changed {name} in between, so nothing was removed.");
            return Err(Refusal::usage(message, "Look at it with git-access show, then run this again."));
        }
        removed = remove_secret(there, config)?;
        config.remove(name).map_err(refuse)
    });
    let saved = saved.map_err(|refusal| with_secret_gone(refusal, removed, name))?;
    saved.notes.iter().for_each(|note| out.say(note));
    for pending in Record::load(paths, &connection.id).pending {
        let entry = Entry { id: connection.id.clone(), generation: pending.generation };
        if let Some(store) = pending.store() {
            // What an interrupted rotation has left; where it is gone already, that is well.
            let _ = wait(Stores::of_the_system().remove(&store, &entry))?;
        }
    }
    let _ = paths.remove_state(&format!("{}.lock", connection.id));
    if let Some(fault) = Record::forget(paths, &connection.id) {
        out.say(&fault.message);
    }
    told(out, connection, removed);
    if let Some(unfinished) = Unfinished::of(paths, name) {
        take_away(out, paths, &unfinished)?;
    }
    Ok(())
}

/// Takes away what is ours of a set-up that was not finished, and forgets the rest: that is at the forge.
fn remove_unfinished(out: &Out, paths: &Paths, unfinished: &Unfinished, yes: bool) -> Result<(), Refusal> {
    let name = sanitise(&unfinished.name, 80);
    paths.may_write()?;
    out.say(&format!(
        "There is no connection {name}, and a set-up of it on {} has left:",
        sanitise(&unfinished.at, 20)
    ));
    for left in &unfinished.left {
        out.say(&format!("  {}", sanitise(left, 500)));
    }
    if !yes && !agreed(out, &name)? {
        let kept = Refusal::usage(format!("Nothing was removed: it is still remembered for {name}"), "");
        return Err(Refusal { ending: Ending::Cancelled, ..kept });
    }
    let removed = take_away(out, paths, unfinished)?;
    if out.is_json() {
        out.json(&json!({ "version": 1, "removed": unfinished.name, "secret_removed": removed }));
    }
    out.say(&format!("Forgotten. What is at the forge stays there, and is removed in its own settings: nothing of {name} is left here."));
    Ok(())
}

/// Whether a secret was removed. Where a store fails, everything stays remembered.
fn take_away(out: &Out, paths: &Paths, unfinished: &Unfinished) -> Result<bool, Refusal> {
    let config = super::config(paths)?;
    let mut removed = false;
    for stray in &unfinished.secrets {
        let Some(store) = stray.place.store() else { continue };
        // What a connection has come to name since is no stray any more.
        let counts = config.connections().iter().any(|one| {
            let same = one.token.as_ref().is_some_and(|token| token.store == store);
            same && (one.id == stray.id || matches!(store, Store::File(_)))
        });
        if !counts {
            let entry = Entry { id: stray.id.clone(), generation: stray.place.generation };
            removed |= wait(Stores::of_the_system().remove(&store, &entry))??;
        }
    }
    if let Some(fault) = Unfinished::forget(paths, &unfinished.name) {
        out.say(&fault.message);
    }
    Ok(removed)
}

fn told(out: &Out, connection: &Connection, removed: bool) {
    let name = &connection.name;
    if out.is_json() {
        out.json(&json!({ "version": 1, "removed": name, "secret_removed": removed }));
    }
    let secret = if removed { "Its secret was removed too" } else { "There was no secret of ours to remove" };
    if let (None, Some(ssh)) = (&connection.token, &connection.ssh) {
        let page = super::show::key_page(connection).map(|page| format!(" {page}")).unwrap_or_default();
        let public = || ssh.public_key.to_string();
        let files = ssh.private_key.as_ref().map_or_else(public, |path| path.display().to_string());
        return out.say(&format!(
            "Removed {name}\nThe key {files} stays, and it is still registered at the forge: delete it there if nobody else uses it.{page}"
        ));
    }
    out.say(&format!(
        "Removed {name}\n{secret}, and nothing changed at the forge: revoke the token there if nobody else uses it."
    ));
}

/// The config could not be saved after the secret was gone: what is true now, and how to get on.
fn with_secret_gone(refusal: Refusal, removed: bool, name: &str) -> Refusal {
    if !removed {
        return refusal;
    }
    let message = format!("{} The secret of {name} is removed already.", refusal.message);
    Refusal { message, ..refusal }
}

/// Removes what we keep. `false` where there is nothing of ours: a reference, or a secret that another one uses.
fn remove_secret(connection: &Connection, config: &Config) -> Result<bool, Refusal> {
    let Some(token) = connection.token.as_ref().filter(|token| token.store.keeps()) else { return Ok(false) };
    if sharers(connection, token, config).next().is_some() {
        return Ok(false);
    }
    let stores = Stores::of_the_system();
    let entry = |generation| Entry { id: connection.id.clone(), generation };
    let removed = match wait(stores.remove(&token.store, &entry(token.generation)))? {
        Ok(removed) => removed,
        Err(fault) if fault.kind == StoreFaultKind::Missing => false,
        Err(fault) => {
            let message = format!("{} The connection {} was kept.", fault.message, connection.name);
            return Err(Refusal { message, ..fault.into() });
        }
    };
    // A rotation leaves the secret before it in the keyring until nobody can need it any more.
    if token.store == Store::Keyring && token.generation > 1 {
        let before = wait(stores.remove(&token.store, &entry(token.generation - 1)))?;
        return Ok(removed || before.unwrap_or(false));
    }
    Ok(removed)
}

/// Other connections whose secret is the same one.
fn sharers<'c>(
    connection: &'c Connection,
    token: &'c Token,
    config: &'c Config,
) -> impl Iterator<Item = &'c Connection> {
    config.connections().iter().filter(move |other| {
        let same_place = |theirs: &Token| match token.store {
            Store::File(_) | Store::Env(_) | Store::Command(_) => theirs.store == token.store,
            Store::Keyring | Store::GitCredential => theirs.store == token.store && other.id == connection.id,
        };
        other.name != connection.name && other.token.as_ref().is_some_and(same_place)
    })
}

/// What becomes of what belongs to the connection of this name when it is removed.
pub fn parting(paths: &Paths, name: &str) -> Result<Parting, Refusal> {
    let config = super::config(paths)?;
    let connection = super::named(&config, paths, name)?;
    let provider = connection.site.provider;
    let mut parting = Parting { goes: vec!["its entry in the config".to_owned()], ..Parting::default() };
    if let Some(token) = &connection.token {
        let place = token.store.described();
        let others: Vec<&str> = sharers(connection, token, &config).map(|other| other.name.as_str()).collect();
        if !others.is_empty() {
            parting.stays.push(format!("its secret ({place}), which {} uses as well", others.join(", ")));
        } else if token.store.keeps() {
            parting.goes.push(format!("its stored secret ({place})"));
        } else {
            parting.stays.push(format!("its secret ({place}), which git-access only reads"));
        }
        parting.stays.push(format!("the token at {provider}, which works until you revoke it there"));
    }
    if let Some(ssh) = &connection.ssh {
        parting.stays.extend(ssh.private_key.as_ref().map(|path| format!("the key file {}", path.display())));
        parting.stays.push(format!("the key at {provider}, which is let in until you delete it there"));
    }
    parting.stays.push("the repositories".to_owned());
    if let Some((origin, false)) = git_asks(connection, &config, paths) {
        parting.then.push(format!("Git asks git-access for {origin}: run git-access setup-git again afterwards."));
    }
    Ok(parting)
}

/// Where git asks us for the secret of this connection, and whether others serve that place, too.
fn git_asks(connection: &Connection, config: &Config, paths: &Paths) -> Option<(String, bool)> {
    let origin = connection.site.host.origin();
    let others = config
        .connections()
        .iter()
        .any(|other| other.name != connection.name && other.token.is_some() && other.site.host.origin() == origin);
    let origin = origin.to_string();
    setup_git::configured(paths).contains(&origin).then_some((origin, others))
}

/// What uses the connection, one line each.
fn uses(connection: &Connection, config: &Config, paths: &Paths) -> Vec<String> {
    let name = &connection.name;
    let mut lines = vec![format!("{name} is used by:")];
    if Standing::of(connection, config, paths).active {
        lines.push("  everything that takes the active connection: it is the active one".to_owned());
    }
    if let Some(token) = &connection.token {
        let place = token.store.described();
        let mut others = sharers(connection, token, config).map(|other| other.name.as_str()).peekable();
        if others.peek().is_some() {
            let others: Vec<&str> = others.collect();
            lines.push(format!("  its secret in {place}, which stays: it is also that of {}", others.join(", ")));
        } else if token.store.keeps() {
            lines.push(format!("  its secret in {place}, which will be removed"));
        } else {
            lines.push(format!("  its secret in {place}, which is not ours and stays"));
        }
    }
    if let Some((origin, others)) = git_asks(connection, config, paths) {
        let after = if others { "other connections serve it too" } else { "run git-access setup-git again afterwards" };
        lines.push(format!("  git, which asks git-access for {origin} ({after})"));
    }
    if lines.len() == 1 {
        lines.push("  nothing that git-access knows of".to_owned());
    }
    lines
}

/// Asks on the terminal. Without one nobody can be asked.
fn agreed(out: &Out, name: &str) -> Result<bool, Refusal> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let message = format!("Nobody can be asked whether {name} shall be removed, since there is no terminal.");
        return Err(Refusal::usage(message, format!("Say it with git-access remove {name} --yes")));
    }
    out.say(&format!("Remove {name}? Type yes:"));
    let mut answer = String::new();
    io::stdin()
        .read_line(&mut answer)
        .map_err(|error| Refusal::usage(format!("The answer could not be read: {error}."), "Use --yes"))?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
