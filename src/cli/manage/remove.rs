//! `remove`: a connection, and the secret that we keep for it. The forge is not touched.
//!
//! The config is changed first, so that one that cannot be written costs no secret; what is to go is noted before that. A
//! store that fails gets the connection back into the config. A run that is killed in between leaves the note, which
//! `list` tells and the next `remove` goes by; so no secret is ever left behind without a name.

use jiff::Timestamp;
use serde_json::json;

use crate::cli::standing::Standing;
use crate::cli::{Ending, Out, Refusal, setup_git, wait};
use crate::config::{Config, Connection, Token};
use crate::disk::{self, Paths};
use crate::record::{Pending, Record, Stray, Unfinished};
use crate::secret::Store;
use crate::store::{Entry, StoreFault, StoreFaultKind, Stores};
use crate::text::sanitise;
use crate::tui::Parting;

/// Removes the connection. It ends with [`Ending::Storage`] where a store did not let go of a secret of it.
pub fn remove(out: &Out, paths: &Paths, name: &str, yes: bool) -> Result<Ending, Refusal> {
    let config = super::config(paths)?;
    if !config.has(name)
        && let Some(unfinished) = Unfinished::of(paths, name)
    {
        return remove_unfinished(out, paths, &unfinished, yes).map(|()| Ending::Done);
    }
    let connection = super::named(&config, paths, name)?;
    paths.may_write()?;
    for line in uses(connection, &config, paths) {
        out.say(&line);
    }
    wanted(out, name, yes)?;
    let _turn = turn(paths, &connection.id)?;
    let mut taken = None;
    let shared_with = shared_with(connection, &config);
    let refuse = |problem| super::of_config(paths, problem);
    let saved = disk::update_config(&paths.config, refuse, |config| {
        // Another run may have changed it while a person was thinking.
        let there = super::named(config, paths, name)?;
        if there.id != connection.id {
            let message = format!("Another run has changed {name} in between, so nothing was removed.");
            return Err(Refusal::usage(message, "Look at it with git-access show, then run this again."));
        }
        let (there, before) = (there.clone(), config.render());
        let secrets = secrets(&there, config, paths);
        config.remove(name).map_err(refuse)?;
        Unfinished::begin_removal(paths, name, &secrets, Timestamp::now());
        taken = Some(Taken { connection: there, secrets, before, after: config.render() });
        Ok(())
    });
    let ended = |taken: &Taken| Unfinished::end_removal(paths, name, &taken.secrets);
    let (saved, taken) = match (saved, taken) {
        (Ok(saved), Some(taken)) => (saved, taken),
        (Ok(_), None) => return Ok(Ending::Done),
        (Err(refusal), taken) => {
            taken.as_ref().and_then(ended);
            return Err(refusal);
        }
    };
    saved.notes.iter().for_each(|note| out.say(note));
    let earlier = Unfinished::of(paths, name).filter(|one| one.secrets.iter().any(|one| !taken.secrets.contains(one)));
    let removed = remove_secrets(&taken).map_err(|refusal| put_back(refusal, paths, &taken))?;
    let is_left = |stray: &Stray| removed.left.iter().any(|left| left.stray == *stray);
    let gone = Taken { secrets: taken.secrets.iter().filter(|stray| !is_left(stray)).cloned().collect(), ..taken };
    if let Some(fault) = ended(&gone) {
        out.say(&fault.message);
    }
    for Left { stray, told } in &removed.left {
        Unfinished::retell(paths, name, &stray.by_hand().unwrap_or_default(), told);
    }
    let _ = paths.remove_state(&format!("{}.lock", connection.id));
    if let Some(fault) = Record::forget(paths, &connection.id) {
        out.say(&fault.message);
    }
    told(out, connection, &removed, &shared_with);
    if earlier.is_some()
        && let Some(unfinished) = Unfinished::of(paths, name)
    {
        // The one document on stdout is out already, so a refusal is told on stderr alone.
        return Ok(take_away(out, paths, &unfinished).map_or_else(
            |refusal| {
                out.failure(&refusal.message, &refusal.remedy);
                Ending::Storage
            },
            |_| Ending::Done,
        ));
    }
    Ok(if removed.left.is_empty() { Ending::Done } else { Ending::Storage })
}

/// Whether it is to go: a person is asked.
fn wanted(out: &Out, name: &str, yes: bool) -> Result<(), Refusal> {
    if yes || agreed(out, name)? {
        return Ok(());
    }
    let kept = Refusal::usage(format!("Nothing was removed: {name} is still there."), "");
    Err(Refusal { ending: Ending::Cancelled, ..kept })
}

/// Holds the connection: a rotation that is under way has secrets of its own on the way.
fn turn(paths: &Paths, id: &str) -> Result<Option<disk::Lock>, Refusal> {
    let dir = paths.state_dir.as_ref().filter(|dir| dir.is_dir());
    Ok(dir.map(|dir| disk::Lock::take(&dir.join(format!("{id}.lock")))).transpose()?)
}

/// Takes away what is ours of a set-up that was not finished, and forgets the rest: that is at the forge.
fn remove_unfinished(out: &Out, paths: &Paths, unfinished: &Unfinished, yes: bool) -> Result<(), Refusal> {
    let name = sanitise(&unfinished.name, 80);
    paths.may_write()?;
    out.say(&format!(
        "There is no connection {name}, and a {} of it on {} has left:",
        unfinished.what(),
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

fn told(out: &Out, connection: &Connection, removed: &Removed, shared_with: &[String]) {
    let name = &connection.name;
    let left: Vec<&str> = removed.left.iter().map(|left| left.told.as_str()).collect();
    if out.is_json() {
        out.json(&json!({ "version": 1, "removed": name, "secret_removed": removed.any, "left_behind": left }));
    }
    for one in &left {
        out.say(&format!("left behind: {one}"));
    }
    let secret = match (removed.any, shared_with) {
        (true, _) => "Its secret was removed too",
        (false, []) if left.is_empty() => "There was no secret of ours to remove",
        (false, []) => "Not every secret of it could be removed",
        (false, others) => &format!("Its secret stays, for it is also that of {}", others.join(", ")),
    };
    let again = format!(" (git-access list tells what is left behind, and git-access remove {name} tries again)");
    let secret = format!("{secret}{}", if left.is_empty() { "" } else { &again });
    if let (None, Some(ssh)) = (&connection.token, &connection.ssh) {
        let page = connection.key_page().map(|page| format!(" {page}")).unwrap_or_default();
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

/// What was taken out of the config.
struct Taken {
    connection: Connection,
    /// What is ours to remove: of the connection itself first, then what an interrupted rotation has left.
    secrets: Vec<Stray>,
    /// The text of the config with the connection, and without it.
    before: String,
    after: String,
}

/// The secrets that we keep for the connection and nobody else uses.
fn secrets(connection: &Connection, config: &Config, paths: &Paths) -> Vec<Stray> {
    let mut places = Vec::new();
    if let Some(token) = connection.token.as_ref().filter(|token| token.store.keeps())
        && sharers(connection, token, config).next().is_none()
    {
        places.push(Pending::new(&token.store, token.generation));
        // A rotation leaves the secret before it in the keyring until nobody can need it any more.
        if token.store == Store::Keyring && token.generation > 1 {
            places.push(Pending::new(&token.store, token.generation - 1));
        }
    }
    let in_use = connection.token.as_ref().map(|token| Pending::new(&token.store, token.generation));
    // A file that a run has left may be that of another connection by now.
    let is_of_another = |place: &Pending| {
        let others = config.connections().iter().filter(|other| other.id != connection.id);
        let mut theirs = others.filter_map(|other| Some(&other.token.as_ref()?.store));
        theirs.any(|theirs| matches!((theirs, &place.path), (Store::File(theirs), Some(path)) if disk::is_same_file(theirs, path)))
    };
    let mut left = Record::load(paths, &connection.id).pending;
    left.retain(|place| !places.contains(place) && in_use.as_ref() != Some(place) && !is_of_another(place));
    places.append(&mut left);
    places.into_iter().map(|place| Stray { id: connection.id.clone(), place }).collect()
}

/// What came of the secrets of a connection.
#[derive(Default)]
struct Removed {
    /// Something was there, and is gone.
    any: bool,
    /// What its store did not let go of.
    left: Vec<Left>,
}

/// A secret that is there still, or may be.
struct Left {
    stray: Stray,
    /// Where it is, and how a person removes it there.
    told: String,
}

impl Left {
    /// As the store itself tells it, where it does: it knows what it was asked already.
    fn of(stray: &Stray, fault: &StoreFault) -> Self {
        let told = fault.left.as_deref().map(str::to_owned).or_else(|| stray.by_hand());
        Self { stray: stray.clone(), told: told.unwrap_or_else(|| fault.message.clone()) }
    }
}

/// Removes what we keep. Only the secret that is in use has to go; of another one that stays it is told where it is.
fn remove_secrets(taken: &Taken) -> Result<Removed, Refusal> {
    let stores = Stores::of_the_system();
    let in_use = taken.connection.token.as_ref().map(|token| Pending::new(&token.store, token.generation));
    let mut removed = Removed::default();
    for stray in &taken.secrets {
        let Stray { id, place } = stray;
        let Some(store) = place.store() else { continue };
        let entry = Entry { id: id.clone(), generation: place.generation };
        match wait(stores.remove(&store, &entry))? {
            Ok(gone) => removed.any |= gone,
            Err(fault) if fault.kind == StoreFaultKind::Missing => {}
            Err(fault) if in_use.as_ref() == Some(place) => {
                // Git's own refusal names the entry already.
                let is_named = fault.kind == StoreFaultKind::Denied && fault.left.is_some();
                let left = Left::of(stray, &fault).told;
                let refusal = Refusal::from(fault);
                // The last word is a command to copy, so no full stop follows it.
                let more = if is_named { String::new() } else { format!(" Not removed: {left}") };
                return Err(Refusal { remedy: format!("{}{more}", refusal.remedy), ..refusal });
            }
            Err(fault) => removed.left.push(Left::of(stray, &fault)),
        }
    }
    Ok(removed)
}

/// The store still has the secret, so the connection stays as well: it is what knows where that is.
fn put_back(refusal: Refusal, paths: &Paths, taken: &Taken) -> Refusal {
    let name = &taken.connection.name;
    let back = disk::update(&paths.config, |text| -> Result<String, Refusal> {
        if text == Some(taken.after.as_str()) {
            return Ok(taken.before.clone());
        }
        // Another run has saved something else meanwhile.
        let refuse = |problem| super::of_config(paths, problem);
        let mut config = Config::parse(text).map_err(refuse)?;
        config.put(&taken.connection).map_err(refuse)?;
        Ok(config.render())
    });
    let message = if back.is_ok() {
        Unfinished::end_removal(paths, name, &taken.secrets);
        format!("{} The connection {name} was kept.", refusal.message)
    } else {
        format!(
            "{} The connection {name} is out of the config already, and its secret is remembered: run git-access remove \
             {name} again.",
            refusal.message
        )
    };
    Refusal { message, ..refusal }
}

/// Other connections whose secret is the same one.
fn sharers<'c>(
    connection: &'c Connection,
    token: &'c Token,
    config: &'c Config,
) -> impl Iterator<Item = &'c Connection> {
    config.connections().iter().filter(move |other| {
        let same_place = |theirs: &Token| match &token.store {
            // However the path is written.
            Store::File(path) => matches!(&theirs.store, Store::File(other) if disk::is_same_file(path, other)),
            Store::Env(_) | Store::Command(_) => theirs.store == token.store,
            Store::Keyring | Store::GitCredential => theirs.store == token.store && other.id == connection.id,
        };
        other.name != connection.name && other.token.as_ref().is_some_and(same_place)
    })
}

/// Their names.
fn shared_with(connection: &Connection, config: &Config) -> Vec<String> {
    let Some(token) = &connection.token else { return Vec::new() };
    sharers(connection, token, config).map(|other| other.name.clone()).collect()
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
    let exports = exports(connection, paths).join(", ");
    if !exports.is_empty() {
        parting.stays.push(format!("what was exported ({exports}), wherever that was applied"));
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

/// The formats in which the connection was exported, and when.
fn exports(connection: &Connection, paths: &Paths) -> Vec<String> {
    Record::load(paths, &connection.id).exports.iter().map(ToString::to_string).collect()
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
    let line = |export| format!("  what was exported for {export}, wherever that was applied");
    lines.extend(exports(connection, paths).into_iter().map(line));
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
    if !super::can_ask() {
        let message = format!("Nobody can be asked whether {name} shall be removed, since there is no terminal.");
        return Err(Refusal::usage(message, format!("Say it with git-access remove {name} --yes")));
    }
    super::is_confirmed(out, &format!("Remove {name}?"))
}
