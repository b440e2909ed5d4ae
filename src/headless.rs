//! The headless shell: presses Next until nothing moves, asking ahead everything whose inputs are known.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{AbortHandle, Id, JoinSet};

use crate::cli::Ending;
use crate::fact::Ticket;
use crate::wizard::{Effect, Event, Wizard};
use crate::world::World;

/// Drives `wizard` against `world` until nothing moves any more. Dropping the future aborts what is under way.
pub async fn drive(wizard: &mut Wizard, world: &Arc<World>) {
    let mut tasks = Tasks::new(world);
    loop {
        loop {
            let before = wizard.step();
            tasks.spawn(wizard.update(Event::Next));
            if wizard.step() == before {
                break;
            }
        }
        // While something is under way no page is left that was not left already, so Next would only judge again.
        loop {
            let Some(first) = tasks.next().await else { return };
            // Replies of one moment are judged together.
            let mut events = vec![first];
            while let Some(Some(event)) = tasks.next().now_or_never() {
                events.push(event);
            }
            tasks.spawn(wizard.update_all(events));
            if wizard.waiting().next().is_none() {
                break;
            }
        }
        if wizard.is_check() {
            // A look ends where it began.
            return;
        }
    }
}

/// The effects that are under way. A task that broke down still comes back as an event.
pub(crate) struct Tasks {
    set: JoinSet<Event>,
    tickets: HashMap<Id, (Ticket, bool, AbortHandle)>,
    /// What is told before the outcome. Boxed, since a channel takes room for 32 at once, and each wizard of a fleet has one.
    told: (UnboundedSender<Box<Event>>, UnboundedReceiver<Box<Event>>),
    world: Arc<World>,
}

impl Tasks {
    pub(crate) fn new(world: &Arc<World>) -> Self {
        Self { set: JoinSet::new(), tickets: HashMap::new(), told: unbounded_channel(), world: Arc::clone(world) }
    }

    pub(crate) fn spawn(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let world = Arc::clone(&self.world);
            let (ticket, asked, handle) = match effect {
                // Before whatever is asked next, and not beside it.
                Effect::Forget => {
                    world.forget();
                    continue;
                }
                Effect::Ask(ticket, query) => {
                    let told = self.told.0.clone();
                    (ticket, true, self.set.spawn(async move { world.look_up(ticket, query, &told).await }))
                }
                Effect::Do(ticket, command) => {
                    (ticket, false, self.set.spawn(async move { world.carry_out(ticket, command).await }))
                }
            };
            self.tickets.insert(handle.id(), (ticket, asked, handle));
        }
    }

    /// Ends what nobody waits for any more. A change of the world is never among it.
    pub(crate) fn keep(&mut self, waiting: &BTreeSet<Ticket>) {
        for (ticket, asked, handle) in self.tickets.values() {
            if *asked && !waiting.contains(ticket) {
                handle.abort();
            }
        }
    }

    /// The next outcome; `None` when nothing is under way.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            let ended = tokio::select! {
                biased;
                Some(event) = self.told.1.recv() => return Some(*event),
                ended = self.set.join_next_with_id() => ended?,
            };
            match ended {
                Ok((id, event)) => {
                    self.tickets.remove(&id);
                    return Some(event);
                }
                Err(broken) => {
                    let Some((ticket, asked, _)) = self.tickets.remove(&broken.id()) else { continue };
                    if !broken.is_cancelled() {
                        return Some(World::broken(ticket, asked));
                    }
                }
            }
        }
    }
}

/// How the run of one wizard ended.
pub fn ending(wizard: &Wizard) -> Ending {
    if wizard.broken_here().is_some() || wizard.secret_is_unreadable() {
        return Ending::Storage;
    }
    if !wizard.is_saved() && !wizard.floor() && wizard.nobody_answered() {
        return Ending::Unanswered;
    }
    if wizard.is_done() { Ending::Done } else { Ending::Refused }
}

/// The ending of several runs: the first that applies of cancelled, usage, storage, refused, unanswered, done.
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
