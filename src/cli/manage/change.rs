//! `use` and `rename`: changes of the config alone.

use serde_json::json;

use crate::cli::{Out, Refusal};
use crate::config::{Config, ConfigProblem};
use crate::disk::{self, Paths};

/// Makes a connection the active one.
pub fn activate(out: &Out, paths: &Paths, name: &str) -> Result<(), Refusal> {
    super::named(&super::config(paths)?, paths, name)?;
    changed(out, paths, |config| config.set_active(name))?;
    if out.is_json() {
        out.json(&json!({ "version": 1, "active": name }));
    }
    out.say(&format!("The active connection is now {name}"));
    Ok(())
}

/// Gives a connection another name. Its id, and with it the secret and the record, stay what they are.
pub fn rename(out: &Out, paths: &Paths, name: &str, new: &str) -> Result<(), Refusal> {
    let config = super::config(paths)?;
    super::named(&config, paths, name)?;
    let new = crate::answers::name(new).map_err(|reason| Refusal::usage(format!("{}.", capital(&reason)), ""))?;
    if new != name && config.has(&new) {
        let message = format!("There is a connection {new} already");
        return Err(Refusal::usage(message, "Choose another name, or remove that one first."));
    }
    changed(out, paths, |config| config.rename(name, &new))?;
    if out.is_json() {
        out.json(&json!({ "version": 1, "name": new, "was": name }));
    }
    out.say(&format!("The connection {name} is now called {new}"));
    Ok(())
}

fn changed(
    out: &Out,
    paths: &Paths,
    mut change: impl FnMut(&mut Config) -> Result<(), ConfigProblem>,
) -> Result<(), Refusal> {
    paths.may_write()?;
    let refuse = |problem| super::of_config(paths, problem);
    let saved = disk::update_config(&paths.config, refuse, |config| change(config).map_err(refuse))?;
    saved.notes.iter().for_each(|note| out.say(note));
    Ok(())
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}
