//! What is told after a rotation: what changed with the token, who has to be given the new one, and what is left to do.

use super::Setup;
use crate::cli::manage;
use crate::record::Record;
use crate::secret::Store;
use crate::wizard::Wizard;

pub(super) fn tell(setup: &Setup<'_>, wizard: &Wizard) {
    let Some(held) = wizard.held() else { return };
    for line in wizard.comparison() {
        setup.out.say(&line);
    }
    if !wizard.is_saved() {
        setup.out.say(&format!("The token of {} was not replaced: the one that is kept stays in use.", held.name));
        return;
    }
    if wizard.is_the_same_token() {
        setup.out.say("This is the token that is kept already: nothing was replaced.");
        return;
    }
    let again = apply_again(setup, wizard);
    if !again.is_empty() {
        setup.out.say("Give the new token to everything that has a copy of the old one:");
        for line in again {
            setup.out.say(&format!("  {line}"));
        }
    }
    let kind = held.token.as_ref().and_then(|token| token.kind);
    let page = held.site.provider.rules().tokens_page(&held.site, kind);
    setup.out.say(&format!("Then revoke the old token, which still works: {page}"));
}

/// Everything that is known to hold a copy.
fn apply_again(setup: &Setup<'_>, wizard: &Wizard) -> Vec<String> {
    let Some(held) = wizard.held() else { return Vec::new() };
    let mut again = Vec::new();
    if held.platform != "none" {
        again.push(format!("{}: git-access show {} tells where to enter it", held.platform, held.name));
    }
    for export in Record::load(setup.paths, &held.id).exports {
        again.push(format!(
            "{}, exported on {}: git-access export {} --for {}",
            export.format, export.at, held.name, export.format
        ));
    }
    let store = wizard.token().store;
    if let (Store::Env(_) | Store::Command(_), Ok(config)) = (&store, manage::config(setup.paths)) {
        let same = |other: &&crate::config::Connection| {
            other.id != held.id && other.token.as_ref().is_some_and(|token| token.store == store)
        };
        again.extend(config.connections().iter().filter(same).map(|other| {
            format!("{}, which reads the same place: git-access check {} looks at it", other.name, other.name)
        }));
    }
    again
}
