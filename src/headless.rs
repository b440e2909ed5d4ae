//! The headless shell: presses Next until nothing moves, asking ahead everything whose inputs are known.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::{Id, JoinSet};

use crate::cli::Ending;
use crate::fact::Ticket;
use crate::wizard::{Effect, Event, Wizard};
use crate::world::World;

/// Drives `wizard` against `world` until nothing moves any more. Dropping the future aborts what is under way.
pub async fn drive(wizard: &mut Wizard, world: &Arc<World>) {
    let mut tasks = Tasks { set: JoinSet::new(), tickets: HashMap::new(), world };
    loop {
        loop {
            let before = wizard.step();
            tasks.spawn(wizard.update(Event::Next));
            if wizard.step() == before {
                break;
            }
        }
        let Some(event) = tasks.next().await else { return };
        tasks.spawn(wizard.update(event));
    }
}

/// The effects that are under way. A task that broke down still comes back as an event.
struct Tasks<'a> {
    set: JoinSet<Event>,
    tickets: HashMap<Id, (Ticket, bool)>,
    world: &'a Arc<World>,
}

impl Tasks<'_> {
    fn spawn(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let (ticket, asked) = match &effect {
                Effect::Ask(ticket, _) => (*ticket, true),
                Effect::Do(ticket, _) => (*ticket, false),
            };
            let world = Arc::clone(self.world);
            let handle = self.set.spawn(async move { world.perform(effect).await });
            self.tickets.insert(handle.id(), (ticket, asked));
        }
    }

    async fn next(&mut self) -> Option<Event> {
        match self.set.join_next_with_id().await? {
            Ok((id, event)) => {
                self.tickets.remove(&id);
                Some(event)
            }
            Err(broken) => {
                let (ticket, asked) = self.tickets.remove(&broken.id())?;
                Some(World::broken(ticket, asked))
            }
        }
    }
}

/// How the run of one wizard ended.
pub fn ending(wizard: &Wizard) -> Ending {
    if wizard.broken_here().is_some() || wizard.secret_is_unreadable() {
        return Ending::Storage;
    }
    if !wizard.floor() && wizard.nobody_answered() {
        return Ending::Unanswered;
    }
    if wizard.is_done() { Ending::Done } else { Ending::Refused }
}

/// The ending of several runs: the first that applies of storage, refused, unanswered, done.
pub fn worst(endings: impl IntoIterator<Item = Ending>) -> Ending {
    let rank = |ending: &Ending| match ending {
        Ending::Cancelled | Ending::Terminated => 5,
        Ending::Usage => 4,
        Ending::Storage => 3,
        Ending::Refused => 2,
        Ending::Unanswered => 1,
        Ending::Done => 0,
    };
    endings.into_iter().max_by_key(rank).unwrap_or(Ending::Done)
}
