//! The wizard as a scene: each step is a page, keys become answers, and what the wizard wants done is done by the world.

mod keys;
mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::frame::Page;
use super::keys::{Context, Intent};
use super::scene::{Deed, Look, Question, Scene, Topic};
use super::screens::checks::Checks;
use super::screens::done::DonePage;
use super::screens::form::Form;
use super::screens::review::Review;
use super::screens::token::TokenPage;
use super::screens::{Act, apply};
use crate::answers::{Answer, Answers, Field};
use crate::headless::Tasks;
use crate::provider::{Host, Provider};
use crate::wizard::{Effect, Event, Screen, Step, Wizard};
use crate::world::World;

/// How the wizard was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Gone through to its end.
    Finished,
    /// Given up before.
    GivenUp,
}

/// What a run brings along besides its answers.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// The right end of the header.
    pub about: String,
    /// Where the forges are that this run plays with: they replace whatever host would be answered.
    pub hosts: BTreeMap<Provider, Host>,
    /// The tokens to try there: what each is good for, and the file that holds it; by provider.
    pub tokens: Vec<(Provider, String, String)>,
}

/// The wizard while it is on the screen.
pub struct SetUp {
    wizard: Wizard,
    world: Arc<World>,
    tasks: Tasks,
    /// What was answered before anybody typed.
    begun: Answers,
    circumstances: Circumstances,
    form: Form,
    token: TokenPage,
    checks: Checks,
    review: Review,
    done: DonePage,
    /// The step that is on the screen.
    shown: Step,
    turns: usize,
    /// Where an edit began: the way on leads there.
    return_to: Option<Step>,
    /// What became of other answers when one was given: to be told.
    moved: Vec<String>,
}

impl SetUp {
    pub fn new(mut wizard: Wizard, world: &Arc<World>, circumstances: Circumstances) -> Self {
        let mut tasks = Tasks::new(world);
        let begun = wizard.answers().clone();
        // What was answered on the command line may be enough to greet the server.
        let step = wizard.step();
        tasks.spawn(wizard.update(Event::Go(step)));
        let mut scene = Self {
            world: Arc::clone(world),
            tasks,
            begun,
            circumstances,
            form: Form::default(),
            token: TokenPage::default(),
            checks: Checks::default(),
            review: Review::default(),
            done: DonePage::default(),
            shown: step,
            turns: 0,
            return_to: None,
            moved: Vec::new(),
            wizard,
        };
        scene.fit();
        scene
    }

    /// The wizard as it was left.
    pub fn into_wizard(self) -> Wizard {
        self.wizard
    }

    pub fn wizard(&self) -> &Wizard {
        &self.wizard
    }

    fn screen(&self) -> Screen {
        self.wizard.screen(self.shown)
    }

    /// Tells the wizard, and has done what it then wants.
    fn tell(&mut self, event: Event) {
        let event = match event {
            Event::Answer(field, answer) => Event::Answer(field, crate::disk::rooted(answer)),
            event => event,
        };
        let answered = matches!(event, Event::Answer(..) | Event::Clear(_)).then(|| self.wizard.answers().clone());
        let chosen = match &event {
            Event::Answer(Field::Provider, Answer::Provider(provider)) => Some(*provider),
            _ => None,
        };
        let mut effects = self.wizard.update(event);
        if let Some(host) = chosen.and_then(|provider| self.circumstances.hosts.get(&provider)) {
            let host = Answer::Host(host.clone());
            effects.extend(self.wizard.update(Event::Answer(Field::Host, host)));
        }
        if let Some(before) = answered {
            self.moved.extend(self.wizard.moved(&before));
        }
        self.carry_out(effects);
        self.fit();
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        self.tasks.spawn(effects);
        let waiting: BTreeSet<_> = self.wizard.waiting().collect();
        self.tasks.keep(&waiting);
    }

    /// Makes the page on the screen that of the step, and its parts what is asked now.
    fn fit(&mut self) {
        if self.shown != self.wizard.step() {
            self.shown = self.wizard.step();
            self.turns += 1;
            self.form = Form::default();
            self.token = TokenPage::default();
            self.checks = Checks::default();
            self.review = Review::default();
        }
        let screen = self.screen();
        self.form.fit(&screen, &self.wizard);
        match self.shown {
            Step::Checks => self.checks.fit(&self.wizard.judgement().checks, self.wizard.is_settled()),
            Step::Review => self.review.fit(&self.wizard),
            _ => {}
        }
    }

    fn acted(&mut self, acts: Vec<Act>) -> Vec<Deed<Left>> {
        let mut deeds = Vec::new();
        for act in acts {
            match act {
                Act::Wizard(event) => self.tell(*event),
                Act::Deposit(text) => deeds.extend(self.deposit(&text)),
                Act::Next => deeds.extend(self.next()),
                Act::Forward => {
                    let screen = self.screen();
                    if !self.form.forward(&screen) {
                        deeds.extend(self.next());
                    }
                }
                Act::Wrong(text) => deeds.push(Deed::Warn(text)),
            }
        }
        deeds
    }

    /// What became of other answers is told last: there is one line for it.
    fn with_what_moved(&mut self, mut deeds: Vec<Deed<Left>>) -> Vec<Deed<Left>> {
        let told = std::mem::take(&mut self.moved).join(" ");
        if !told.is_empty() {
            deeds.push(Deed::Say(told));
        }
        deeds
    }

    fn back(&mut self) -> Vec<Deed<Left>> {
        let before = self.wizard.step();
        self.tell(Event::Back);
        if self.wizard.step() == before { self.leave() } else { Vec::new() }
    }

    /// Whether nothing goes on any more: everything was done, or it has stopped at a refusal.
    fn is_over(&self) -> bool {
        self.shown == Step::Done || (self.shown == Step::Apply && apply::has_stopped(&self.wizard))
    }

    /// Leaves; asks once where something would be lost.
    fn leave(&mut self) -> Vec<Deed<Left>> {
        if self.is_over() {
            return vec![Deed::End(Left::Finished)];
        }
        let mut text = Vec::new();
        let made: Vec<String> = self
            .wizard
            .applied()
            .filter(|(_, outcome)| outcome.is_ok())
            .map(|(command, _)| format!("Done already: {}.", command.describe()))
            .collect();
        if self.shown == Step::Apply {
            text.push("It is being applied. What is done stays, and is listed when you leave.".to_owned());
            text.extend(made);
        } else if *self.wizard.answers() != self.begun || self.form.is_touched() {
            text.push("Nothing was changed anywhere yet. What you answered here will be forgotten.".to_owned());
        } else {
            return vec![Deed::End(Left::GivenUp)];
        }
        vec![Deed::Ask(Question {
            topic: Topic::Leave,
            title: "Leave without saving?".to_owned(),
            text,
            yes: "Leave".to_owned(),
            no: "Stay here".to_owned(),
        })]
    }
}

impl Scene for SetUp {
    type End = Left;

    fn context(&self) -> Context {
        match self.shown {
            Step::Token if !self.token.in_field => Context::Token,
            Step::Checks => Context::Checks,
            Step::Review if self.review.in_field => self.form.context(&self.screen()),
            Step::Review if self.review.is_on_the_way_on() => Context::Confirming,
            Step::Review => Context::Review,
            Step::Apply => Context::Applying,
            Step::Done => Context::Done,
            _ => self.form.context(&self.screen()),
        }
    }

    fn absent(&self) -> Vec<Intent> {
        self.useless()
    }

    fn intend(&mut self, intent: Intent) -> Vec<Deed<Left>> {
        let deeds = self.on(intent);
        self.with_what_moved(deeds)
    }

    fn letter(&mut self, letter: char) -> Vec<Deed<Left>> {
        self.typed(letter)
    }

    fn paste(&mut self, text: &str) -> Vec<Deed<Left>> {
        let deeds = self.pasted(text);
        self.with_what_moved(deeds)
    }

    fn answered(&mut self, topic: Topic, yes: bool) -> Vec<Deed<Left>> {
        match (topic, yes) {
            // It may have come to its end while the question stood there.
            (Topic::Leave, true) if self.is_over() => vec![Deed::End(Left::Finished)],
            (Topic::Leave, true) => vec![Deed::End(Left::GivenUp)],
            (Topic::Overrule, true) => self.overrule(),
            (Topic::Row(row), true) => self.jump_to(row),
            _ => Vec::new(),
        }
    }

    fn page(&mut self, look: Look<'_>) -> Page {
        self.drawn(look)
    }

    fn place(&self) -> usize {
        self.turns
    }

    fn is_waiting(&self) -> bool {
        self.wizard.waiting().next().is_some()
    }

    fn counts_down(&self) -> bool {
        self.shown == Step::Checks
            && self.limit(Timestamp::now()).is_some_and(|left| left > -SignedDuration::from_secs(2))
    }

    async fn outcome(&mut self) -> Vec<Deed<Left>> {
        let Some(event) = self.tasks.next().await else { return std::future::pending().await };
        self.tell(event);
        if self.shown == Step::Apply {
            // Once all of it is done there is nothing to wait for.
            self.tell(Event::Next);
        }
        Vec::new()
    }
}
