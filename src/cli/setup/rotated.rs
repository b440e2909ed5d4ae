//! What is told around a rotation besides the checks: before it, what cannot be promised and what goes with the old token;
//! after it, who has to be given the new one, and what became of the old one.

use std::io::IsTerminal as _;

use super::Setup;
use crate::cli::manage;
use crate::config::{Config, Connection};
use crate::key::Lock;
use crate::record::Record;
use crate::report::{Entry, Old, OldState, Rotation};
use crate::secret::Store;
use crate::wizard::{Done, Wizard};
use crate::world::World;

/// What has to be known before anything is done.
pub(super) fn warn(setup: &Setup<'_>, held: &Connection) {
    let (how, provider) = (setup.flags.rotating, held.site.provider);
    if how.at_provider.is_some() {
        setup.out.say(&format!(
            "{provider} ends the old token in the moment in which it makes the new one. Whatever uses the old one \
             elsewhere stops working then. If the connection breaks, or this computer stops, before the new token has \
             reached its store, that token is lost and has to be made anew on the provider's page: the request is sent \
             once, and never again."
        ));
        if setup.flags.dry_run {
            setup.out.say(&format!("Whether {provider} replaces the token is not asked in a dry run."));
        }
    }
    let Some(lost) = provider.rules().lost_with_a_token().filter(|_| held.token.is_some()) else { return };
    let keyed = manage::config(setup.paths).map(|config| with_keys(&config, held)).unwrap_or_default();
    let noted = !Record::load(setup.paths, &held.id).notices.is_empty() || held.ssh.is_some();
    if how.revoke_old || noted || !keyed.is_empty() || held.platform == "flux" {
        setup.out.say(lost);
    }
    if !keyed.is_empty() {
        setup.out.say(&format!("Here these sign in with a key of a repository there: {}", keyed.join(", ")));
    }
}

/// The connections that sign in with a key of a repository at the same forge.
fn with_keys(config: &Config, held: &Connection) -> Vec<String> {
    let keyed = |other: &&Connection| {
        let scope = other.ssh.as_ref().and_then(|ssh| ssh.scope);
        other.site.host == held.site.host && scope == Some(crate::answers::KeyScope::Repository)
    };
    config.connections().iter().filter(keyed).map(|other| other.name.clone()).collect()
}

/// Fills in what was found about the two tokens, and waits for a person to revoke the old one where that is to be proven.
///
/// The answer is what went wrong besides the checks, for the report.
pub(super) async fn complete(setup: &Setup<'_>, entry: &mut Entry, wizard: &Wizard, world: &World) -> Vec<String> {
    let Some(held) = wizard.held() else { return Vec::new() };
    let mut faults = Vec::new();
    let mut rotation = Rotation {
        same_token: wizard.is_the_same_token() || (wizard.has_the_old() && world.is_unchanged(wizard)),
        changes: wizard.comparison(),
        apply_again: Vec::new(),
        old: None,
    };
    if wizard.is_saved() && !rotation.same_token {
        rotation.apply_again = apply_again(setup, wizard, world).await;
        rotation.old = old(held, wizard);
    } else if wizard.not_renewed().is_none() && !wizard.is_saved() {
        let what = if held.token.is_some() { "token" } else { "key" };
        setup.out.say(&format!("The {what} of {} was not replaced: the one that is kept stays in use.", held.name));
    }
    if let Some(old) = rotation.old.as_mut().filter(|old| old.state == OldState::Alive)
        && setup.flags.rotating.prove_dead
        && setup.flags.answers.is_empty()
        && std::io::stdin().is_terminal()
        && std::io::stderr().is_terminal()
    {
        old.state = watched(setup, wizard, world, &old.page).await;
    }
    let not_looked_at = wizard.end_of_the_old().and_then(|(_, outcome)| outcome.as_ref().err());
    let not_ended = wizard.not_ended().or(not_looked_at);
    for fault in wizard.not_renewed().into_iter().chain(not_ended).filter(|fault| wizard.broken_here() != Some(fault)) {
        let remedy = fault.remedy.as_ref().map(|remedy| remedy.text.as_str()).unwrap_or_default();
        setup.out.failure(&fault.text, remedy);
        faults.push(format!("{} {remedy}", fault.text));
    }
    entry.rotation = Some(rotation);
    faults
}

fn old(held: &Connection, wizard: &Wizard) -> Option<Old> {
    let (rules, state) = (held.site.provider.rules(), OldState::of(wizard));
    let is_proven = wizard.is_proven();
    let refused = wizard.not_ended().map(|fault| fault.text.clone());
    let withheld = refused.or(wizard.withheld().map(str::to_owned));
    if let Some((lock, _)) = wizard.old_key() {
        let page = rules.key_page(&held.site, &lock);
        let kept = wizard.connection().and_then(|new| new.ssh?.private_key);
        let file = held.ssh.as_ref().and_then(|ssh| ssh.private_key.clone());
        let file = file.filter(|file| kept.as_ref() != Some(file) && file.exists());
        return Some(Old { is_key: true, state, page, caution: None, withheld, file, is_proven });
    }
    let token = held.token.as_ref()?;
    let page = rules.tokens_page(&held.site, token.kind);
    Some(Old { is_key: false, state, page, caution: rules.lost_with_a_token(), withheld, file: None, is_proven })
}

/// Asks again each time somebody presses Enter, until the forge refuses the old token or the person leaves it.
async fn watched(setup: &Setup<'_>, wizard: &Wizard, world: &World, page: &str) -> OldState {
    let (Some(site), Some(old)) = (wizard.answers().site(), wizard.current()) else { return OldState::Unknown };
    setup.out.say(&format!("The old token still works. Revoke it at {page}"));
    loop {
        setup.out.say("Press Enter to ask again, or type s and Enter to leave it for later.");
        let line = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).map(|read| (read > 0).then_some(line))
        });
        let Ok(Ok(Some(line))) = line.await else { return OldState::Alive };
        if !line.trim().is_empty() {
            return OldState::Alive;
        }
        match world.look_at_old(&site, &old).await {
            Ok(Done::Dead) => return OldState::Dead,
            Ok(_) => setup.out.say("The forge still takes it."),
            Err(fault) => setup.out.say(&fault.text),
        }
    }
}

/// Everything that is known to hold a copy, one line each.
async fn apply_again(setup: &Setup<'_>, wizard: &Wizard, world: &World) -> Vec<String> {
    let Some(held) = wizard.held() else { return Vec::new() };
    let (name, mut again) = (&held.name, Vec::new());
    if held.platform != "none" {
        again.push(format!("{}: git-access show {name} tells where to enter it", held.platform));
    }
    for export in Record::load(setup.paths, &held.id).exports {
        let format = crate::text::sanitise(&export.format, 40);
        let at = crate::text::sanitise(&export.at, 40);
        again.push(format!("{format}, exported on {at}: git-access export {name} --for {format}"));
    }
    let Ok(config) = manage::config(setup.paths) else { return again };
    if let Some(Lock::Account | Lock::Repository(_)) = wizard.old_key().map(|(lock, _)| lock) {
        let old = held.ssh.as_ref().and_then(|ssh| ssh.fingerprint.as_ref());
        let same = |other: &&Connection| {
            other.id != held.id && other.ssh.as_ref().is_some_and(|ssh| ssh.fingerprint.as_ref() == old)
        };
        again.extend(config.connections().iter().filter(same).map(|other| {
            format!("{}, which signs in with the same key: git-access rotate {}", other.name, other.name)
        }));
        return again;
    }
    let (before, now) = (held.token.as_ref().map(|token| &token.store), wizard.token().store);
    let copies = world.copies_of_old(wizard).await;
    for other in config.connections().iter().filter(|other| other.id != held.id) {
        let Some(theirs) = other.token.as_ref().map(|token| &token.store) else { continue };
        if matches!(now, Store::Env(_) | Store::Command(_)) && *theirs == now {
            again.push(format!(
                "{}, which reads the same place: git-access check {} looks at it",
                other.name, other.name
            ));
        } else if copies.seen.contains(&other.name) || (before == Some(theirs) && matches!(theirs, Store::File(_))) {
            let has = if theirs.keeps() { "keeps" } else { "reads" };
            again.push(format!("{}, which {has} the same token: git-access rotate {}", other.name, other.name));
        } else if copies.unseen.contains(&other.name) {
            again.push(format!("{}, whose token cannot be read here and may be the same one", other.name));
        }
    }
    again
}
