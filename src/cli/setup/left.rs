//! Left on the way: what there is by then is told, and kept in mind.

use super::Setup;
use crate::cli::{Ending, manage, run};
use crate::config::Connection;
use crate::disk;
use crate::record::Unfinished;
use crate::report::{Entry, made_perhaps};
use crate::wizard::{Command, Wizard};
use crate::world::World;

impl Setup<'_> {
    /// Tells what there is when it was left on the way, and keeps it in mind.
    pub(super) fn left(&self, wizard: &Wizard, world: &World, how: &str) -> Ending {
        disk::quiet(run::LAST_WRITE);
        for note in world.take_notes() {
            self.out.say(&note);
        }
        let entry = Entry::of(wizard);
        let open = wizard.under_way().filter(|command| !self.is_done_all_the_same(command));
        let saved = wizard.is_saved() || wizard.under_way().is_some_and(|command| self.is_done_all_the_same(command));
        let mut left = if saved && !wizard.is_saved() { Vec::new() } else { entry.left_behind };
        left.extend(open.and_then(perhaps));
        // Of several answers files an earlier one may have been saved.
        let is_nothing = left.is_empty() && self.flags.answers.len() < 2;
        self.out.say(&match (saved, is_nothing) {
            (true, _) => format!("{how}; the connection {} is saved.", entry.name),
            (false, true) => format!("{how}; nothing was saved."),
            (false, false) => format!("{how}; the connection {} is not saved.", entry.name),
        });
        if let Some(connection) = wizard.connection().filter(|_| saved) {
            Unfinished::settle(self.paths, &connection);
        }
        if let Some(command) = open.filter(|_| saved) {
            self.out.say(&format!("Not finished: {}.", command.describe()));
        }
        for one in &left {
            self.out.say(&format!("left behind: {one}"));
        }
        if !saved {
            self.remember(wizard, &entry.name, &left);
        }
        Ending::Cancelled
    }

    /// Whether this is the saving of a connection, and it was through before anybody waited for it.
    fn is_done_all_the_same(&self, command: &Command) -> bool {
        let Command::WriteConfig(connection, _) = command else { return false };
        let config = manage::config(self.paths);
        config.is_ok_and(|config| config.connections().iter().any(|there| is_same(there, connection)))
    }
}

/// Whether this is what was saved. Who made the repository is known when it is saved, and not before.
fn is_same(there: &Connection, saved: &Connection) -> bool {
    let mut saved = saved.clone();
    if let (Some(ours), Some(there)) = (&mut saved.repository, &there.repository) {
        ours.created_by_us = there.created_by_us;
    }
    *there == saved
}

/// What a change that was under way may have made.
fn perhaps(command: &Command) -> Option<String> {
    match command {
        Command::CreateRepository(_, _, new, _) => Some(made_perhaps(&new.place)),
        Command::GenerateKey { files, .. } => files.private.as_ref().map(|path| {
            let path = path.display();
            format!("the new SSH key {path}: perhaps, for it was being made; the next try uses it, or remove it and its .pub")
        }),
        Command::RegisterKey(site, _, new) => Some(format!(
            "the key “{}” at {}: perhaps, for it was being registered; the next try uses it, or delete it there",
            new.title,
            site.provider.rules().key_page(site, &new.lock)
        )),
        Command::Renew(renewal) => Some(format!(
            "{} may have replaced the token: git-access check {} tells",
            renewal.site.provider, renewal.held.name
        )),
        Command::WriteSecret(_) => {
            Some(format!("perhaps, for it was under way: {}; the next try clears up", command.describe()))
        }
        Command::WriteConfig(..) => {
            Some(format!("perhaps, for it was under way: {}; git-access list tells", command.describe()))
        }
        Command::Compare { .. } | Command::ProbeStore(_)
        | Command::ReadBack { .. }
        | Command::Verify { .. }
        | Command::LookAtOld(..)
        | Command::LetGo { .. }
        | Command::RevokeOld(..)
        | Command::RemoveOldKey(..) => None,
    }
}
