//! The wizard: a pure function of answers and facts.
//!
//! One record of answers, one table of facts, one cursor. Steps, missing fields, checks, the list of commands and the
//! connection that is saved are derived from them each time; nothing is stored twice, so nothing can disagree.
//! [`Wizard::update`] takes an event and returns effects as data; `world` performs them and feeds the outcome back.

mod apply;
mod command;
mod found;
mod judging;
mod keys;
mod picked;
mod prefill;
mod renewal;
mod rotation;
mod screen;
mod step;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

pub use self::command::{Command, Done, Keeping, Stage};
pub use self::found::{At, Found, HOST, Nearby, Only};
pub use self::keys::Registration;
pub use self::prefill::{answers_of, edited};
pub use self::renewal::{Renewal, Renewed, Rotating};
pub use self::screen::{Ask, Boxes, Choice, Control, Note, NoteKind, Screen, Tick};
pub use self::step::Step;
use crate::answers::{Answer, Answers, Field};
use crate::check::{CheckId, behind};
use crate::config::Connection;
use crate::fact::{Credential, Fact, Facts, Fault, Place, Query, Slot, Source, Ticket, Value};
use crate::platform::Platform;

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A field was left with a parsed value.
    Answer(Field, Answer),
    /// A field was emptied: its default holds again.
    Clear(Field),
    /// Whoever sits there wants to save although checks failed.
    AcceptFailures,
    Go(Step),
    Next,
    Back,
    Retry(Which),
    /// So many rows of a list have come, and more follow.
    Listed(Ticket, usize),
    /// An `Ask` came back, after so long.
    Learned(Ticket, Result<Value, Fault>, Duration),
    Did(Ticket, Result<Done, Fault>),
}

/// What to ask again.
#[derive(Clone, Debug)]
pub enum Which {
    All,
    /// What this check looks at, and whatever keeps it from being asked.
    Check(CheckId),
}

/// What is to happen.
#[derive(Clone, Debug)]
pub enum Effect {
    /// What was answered before is not to be answered from memory.
    Forget,
    /// Reads the world; safe to repeat.
    Ask(Ticket, Query),
    /// Changes the world; only while applying, and never in a dry run.
    Do(Ticket, Command),
}

/// What the run is for.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// A new connection, or an edit of the one that is held.
    Setup { held: Option<Box<Connection>> },
    /// Another token for a saved connection; everything else stays.
    Rotate { held: Box<Connection> },
    /// A look at a saved connection; nothing is changed.
    Check { held: Box<Connection> },
}

/// How the run is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub dry_run: bool,
    pub accept_failures: bool,
    pub probes: bool,
    /// Nobody is asked.
    pub offline: bool,
    /// A person is there: pages without a question are passed over, and lists are looked up for those with one.
    pub interactive: bool,
    /// The moment of the run.
    pub now: Timestamp,
    /// A token that ends within this time fails.
    pub fail_within: Option<SignedDuration>,
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Wizard {
    purpose: Purpose,
    settings: Settings,
    platforms: Arc<Vec<Platform>>,
    answers: Answers,
    facts: Facts,
    step: Step,
    /// The furthest step that was come to.
    reached: Step,
    nearby: Nearby,
    failed_before: BTreeSet<String>,
    picked: picked::Picked,
    /// How a rotation is done.
    rotating: Rotating,
    /// What saving the config does besides, in words.
    besides: Option<String>,
    /// What had no answer when the page for what is open was come to: it stays there.
    left_open: BTreeSet<Field>,
    tickets: u64,
    /// The id that a new connection gets.
    fresh_id: String,
    applied: Vec<(Command, Result<Done, Fault>)>,
    under_way: Option<(Ticket, Command)>,
}

impl Wizard {
    pub fn new(
        purpose: Purpose,
        settings: Settings,
        platforms: Arc<Vec<Platform>>,
        answers: Answers,
        fresh_id: String,
    ) -> Self {
        let first = match &purpose {
            Purpose::Setup { .. } => Step::Platform,
            // A connection that signs in with a key is given another key there.
            Purpose::Rotate { held } if held.token.is_none() => Step::Access,
            Purpose::Rotate { .. } => Step::Token,
            Purpose::Check { .. } => Step::Checks,
        };
        Self {
            purpose,
            settings,
            platforms,
            answers,
            facts: Facts::default(),
            step: first,
            reached: first,
            nearby: Nearby::default(),
            failed_before: BTreeSet::new(),
            picked: picked::Picked::default(),
            rotating: Rotating::default(),
            besides: None,
            left_open: BTreeSet::new(),
            tickets: 0,
            fresh_id,
            applied: Vec::new(),
            under_way: None,
        }
    }

    /// Tells what lies around, to be offered.
    #[must_use]
    pub fn near(self, nearby: Nearby) -> Self {
        Self { nearby, ..self }
    }

    /// The checks that were accepted although they failed, and have failed until now: a rotation does not lose them.
    #[must_use]
    pub fn failing(self, failed_before: BTreeSet<String>) -> Self {
        Self { failed_before, ..self }
    }

    /// Tells what saving the config does besides, for the list that is shown beforehand.
    #[must_use]
    pub fn besides(self, besides: Option<String>) -> Self {
        Self { besides, ..self }
    }

    /// Takes in what happened, and says what is to happen.
    pub fn update(&mut self, event: Event) -> Vec<Effect> {
        self.update_all([event])
    }

    /// The same for what has happened by now: what follows from all of it is worked out once.
    pub fn update_all(&mut self, events: impl IntoIterator<Item = Event>) -> Vec<Effect> {
        let mut effects: Vec<Effect> = events.into_iter().filter_map(|event| self.take_in(event)).collect();
        self.play();
        self.lay_aside();
        effects.extend(self.effects());
        effects
    }

    fn take_in(&mut self, event: Event) -> Option<Effect> {
        match event {
            Event::Answer(field, answer) if field.is_token_source() => self.answer_source(field, answer),
            Event::Answer(Field::StoreKind, answer) => {
                let before = self.answers.shown(&Field::StoreKind);
                self.answers.set(Field::StoreKind, answer);
                if self.answers.shown(&Field::StoreKind) != before {
                    // A place belongs to its kind of store.
                    for place in [Field::StorePath, Field::StoreEnv, Field::StoreCommand] {
                        self.answers.clear(&place);
                    }
                }
            }
            Event::Answer(field, answer) => {
                self.answers.set(field.clone(), answer);
                self.note_the_list(&field);
            }
            Event::Clear(field) => self.clear(&field),
            Event::AcceptFailures => self.settings.accept_failures = true,
            Event::Go(step) if step <= self.reached && self.step < Step::Apply => self.step = step,
            Event::Next => self.next(),
            Event::Back if self.step < Step::Apply => self.step = self.before(),
            Event::Go(_) | Event::Back => {}
            Event::Retry(which) => {
                self.retry(&which);
                return Some(Effect::Forget);
            }
            Event::Listed(ticket, rows) => self.facts.listed(ticket, rows),
            Event::Learned(ticket, reply, took) => self.learn(ticket, reply, took),
            Event::Did(ticket, outcome) => self.did(ticket, outcome),
        }
        None
    }

    /// In a sandbox its own hosts stand in for whatever was answered.
    fn play(&mut self) {
        let host = self.answers.provider().and_then(|provider| self.nearby.played.get(&provider)).cloned();
        if let Some(host) = host.filter(|host| self.answers.site().is_none_or(|site| site.host != *host)) {
            self.answers.set(Field::Host, Answer::Host(host));
            self.answers.clear(&Field::ApiUrl);
        }
    }

    /// Asks again. What the connections remember of earlier answers counts no more.
    fn retry(&mut self, which: &Which) {
        match which {
            Which::All => self.facts = Facts::default(),
            Which::Check(id) => {
                let behind = self.with_case(|case| behind(case, id)).unwrap_or_default();
                let is_refused = |query: &Query| matches!(self.facts.of(query), Some(Fact::Refused(_)));
                let bears_all =
                    |query: &Query| matches!(query, Query::Token(_) | Query::Reach(_) | Query::Identity(..));
                // What every check stands on is asked again only where it is what keeps this one from being asked.
                let again: BTreeSet<Query> = if behind.iter().any(is_refused) {
                    behind.into_iter().filter(is_refused).collect()
                } else if behind.iter().all(bears_all) {
                    behind
                } else {
                    behind.into_iter().filter(|query| !bears_all(query)).collect()
                };
                self.facts.forget(|query, _| again.contains(query));
            }
        }
    }

    /// Another token brings its own end and kind, and a reference its own resting place.
    fn answer_source(&mut self, field: Field, answer: Answer) {
        if let Some(held) = self.held().filter(|_| self.answers.source().is_none()).cloned() {
            let refers = matches!(field, Field::TokenEnv | Field::TokenCommand);
            let kept = held.token.as_ref().is_some_and(|token| token.store.keeps());
            prefill::forget_with_the_token(&held, &answers_of(&held), &mut self.answers, refers || !kept);
        }
        self.answers.set_source(field, answer);
    }

    /// The tickets that are waited for; work for any other may be dropped.
    pub fn waiting(&self) -> impl Iterator<Item = Ticket> {
        let asked = self.facts.iter().filter_map(|(_, fact)| match fact {
            Fact::Asked(ticket) => Some(*ticket),
            _ => None,
        });
        asked.chain(self.under_way.iter().map(|(ticket, _)| *ticket))
    }

    pub fn step(&self) -> Step {
        self.step
    }

    /// The furthest step that was come to.
    pub fn reached(&self) -> Step {
        self.reached
    }

    /// From when on the forge welcomes questions again, where it has said so: the latest moment of all its refusals.
    pub fn limited_until(&self) -> Option<Timestamp> {
        let told = self.facts.iter().filter_map(|(_, fact)| match fact {
            Fact::Refused(fault) => fault.until,
            _ => None,
        });
        told.max()
    }

    pub fn answers(&self) -> &Answers {
        &self.answers
    }

    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    pub fn platform(&self) -> Option<&Platform> {
        let id = self.answers.platform()?;
        self.platforms.iter().find(|platform| platform.id == id)
    }

    /// The connection that is edited or looked at.
    pub fn held(&self) -> Option<&Connection> {
        match &self.purpose {
            Purpose::Setup { held } => held.as_deref(),
            Purpose::Rotate { held } | Purpose::Check { held } => Some(held),
        }
    }

    pub fn is_check(&self) -> bool {
        matches!(self.purpose, Purpose::Check { .. })
    }

    /// The credential that is judged: the one that is kept when a connection is looked at, else the answered one.
    pub fn credential(&self) -> Option<Arc<Credential>> {
        match &self.purpose {
            Purpose::Check { held } => kept(held),
            Purpose::Rotate { held } if self.renews() => self.renewed_credential(held),
            Purpose::Setup { .. } | Purpose::Rotate { .. } => {
                let answered = self.answers.credential(Slot::Candidate);
                answered.or_else(|| self.held().and_then(kept))
            }
        }
    }

    /// Whether the run has done what it is for.
    pub fn is_done(&self) -> bool {
        match self.purpose {
            Purpose::Check { .. } => (self.floor() || self.settings.offline) && self.blocking().is_empty(),
            _ if self.settings.dry_run => self.floor() && self.blocking().is_empty(),
            Purpose::Rotate { .. } => self.is_saved() && self.is_rotated_as_wanted(),
            Purpose::Setup { .. } => self.is_saved(),
        }
    }

    fn learn(&mut self, ticket: Ticket, reply: Result<Value, Fault>, took: Duration) {
        let Some(query) = self.facts.waiting(ticket).cloned() else { return };
        let fact = match reply {
            Ok(value) => Fact::Known(value),
            Err(fault) => Fact::Refused(fault),
        };
        self.facts.put(query, fact, took);
    }

    fn next(&mut self) {
        if self.is_check() {
            // A look ends where it begins.
            return;
        }
        let may = match self.step {
            Step::Checks | Step::Store | Step::Review if !self.problems(self.step).is_empty() => false,
            Step::Checks | Step::Store | Step::Review if self.settings.dry_run => self.is_settled(),
            Step::Checks | Step::Store | Step::Review => {
                self.is_settled() && self.floor() && self.blocking().is_empty()
            }
            Step::Apply => self.is_applied(),
            Step::Done => false,
            step => self.problems(step).is_empty(),
        };
        if may {
            self.note_what_is_open();
            self.step = match self.after() {
                Step::Apply if self.settings.dry_run => Step::Done,
                step => step,
            };
            self.reached = self.reached.max(self.step);
        }
    }

    fn note_what_is_open(&mut self) {
        if self.step == Step::Token {
            let open = Step::Open.fields().iter().filter(|field| !self.answers.has(field));
            self.left_open = open.cloned().collect();
        }
    }

    fn effects(&mut self) -> Vec<Effect> {
        let mut effects: Vec<Effect> = Vec::new();
        for query in self.wanted() {
            let ticket = self.ticket();
            self.facts.put(query.clone(), Fact::Asked(ticket), Duration::ZERO);
            effects.push(Effect::Ask(ticket, query));
        }
        effects.extend(self.next_command());
        effects
    }

    /// Everything that can be asked now. Before there is a credential the server is greeted without one.
    fn wanted(&self) -> Vec<Query> {
        let judgement = self.judgement();
        if !judgement.checks.is_empty() {
            return judgement.wanted.into_iter().chain(self.lists()).chain(self.beside()).collect();
        }
        let greeting = self.answers.site().map(Query::Reach);
        greeting.into_iter().filter(|query| self.facts.of(query).is_none()).collect()
    }

    fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    /// The repository that this run has created.
    pub fn created(&self) -> Option<&Place> {
        self.applied.iter().find_map(|(_, outcome)| match outcome {
            Ok(Done::Created(repository)) => Some(&repository.place),
            _ => None,
        })
    }
}

/// The credential of a saved connection, where it keeps one.
fn kept(held: &Connection) -> Option<Arc<Credential>> {
    let token = held.token.as_ref()?;
    let source = Source::Kept { store: token.store.clone(), id: held.id.clone(), generation: token.generation };
    let provider = held.site.provider;
    Some(Arc::new(Credential { provider, slot: Slot::Current, source, rest_user: held.email.clone() }))
}

#[cfg(test)]
mod tests;
