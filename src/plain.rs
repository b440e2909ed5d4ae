//! The plain shell: the same wizard as numbered prompts on the normal screen, for a terminal that cannot be drawn on,
//! for a screen reader, for a log. It writes no control sequence.
//!
//! A page is asked question by question. `Enter` takes what stands in brackets, `b` goes back, `?` explains, `+` asks what
//! few need, `q` quits. While a line is typed the world goes on: what was asked of it comes in between.

mod ask;
mod check;
mod ending;
mod paper;
#[cfg(unix)]
mod quiet;
mod review;
mod terminal;
mod token;

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

#[cfg(unix)]
pub(crate) use self::quiet::heed_stops;
pub use self::terminal::Terminal;
use crate::answers::{Answer, Field};
use crate::headless::Tasks;
use crate::secret::{NotASecret, Secret};
use crate::wizard::{Effect, Event, NoteKind, Screen, Step, Wizard};
use crate::world::World;

/// Where a person reads and types.
pub trait Console {
    /// A line without its end; `None` when nobody will type another one.
    fn line(&mut self) -> impl Future<Output = Option<String>>;
    /// A line that is not shown while it is typed. The prompt comes after the terminal has fallen silent, so that what is
    /// pasted at once is not shown either.
    fn secret(&mut self, prompt: &str) -> impl Future<Output = Option<Result<Secret, NotASecret>>>;
    fn write(&mut self, text: &str);
    /// How many columns a line has.
    fn width(&self) -> usize {
        paper::WIDTH
    }
}

/// How the wizard was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Gone through to its end, whatever that was.
    Finished,
    /// Given up before.
    GivenUp,
}

/// Leads a person through `wizard`. Dropping the future ends what is under way, and gives the terminal back.
pub async fn run(wizard: &mut Wizard, world: &Arc<World>, terminal: &mut impl Console) -> Left {
    let tasks = Tasks::new(world);
    let mut session = Session { wizard, world, tasks, console: terminal, editing: None, hurry: None };
    let begun = session.wizard.step();
    session.tell(Event::Go(begun));
    session.say(&paper::prose(
        "Answer line by line. Enter takes what stands in brackets; ? explains, b goes back, q quits.",
    ));
    match session.all().await {
        Ok(()) => Left::Finished,
        Err(stop) => {
            let text = match stop {
                Stop::Quit => "Left. Nothing was saved.",
                Stop::Ended => "\nThe input ended before the review was confirmed. Nothing was saved.",
            };
            session.say(&format!("{text}\n"));
            Left::GivenUp
        }
    }
}

/// Why no further question is asked.
enum Stop {
    Quit,
    /// Nobody types any more.
    Ended,
}

/// Where a page leads.
enum Way {
    On,
    Back,
    /// The page of this step; one question of it, or all.
    To(Step, Option<Field>),
}

struct Session<'a, C> {
    wizard: &'a mut Wizard,
    world: &'a Arc<World>,
    tasks: Tasks,
    console: &'a mut C,
    /// The one question that is asked on the next page.
    editing: Option<Field>,
    /// The step that an edit began at: the pages on the way back there are passed over where nothing is amiss.
    hurry: Option<Step>,
}

impl<C: Console> Session<'_, C> {
    async fn all(&mut self) -> Result<(), Stop> {
        loop {
            let step = self.wizard.step();
            if self.hurry.is_some_and(|end| step >= end) {
                self.hurry = None;
            }
            let way = match step {
                Step::Checks => self.checks().await?,
                Step::Review => self.review().await?,
                Step::Apply => {
                    if !self.apply().await {
                        return Ok(());
                    }
                    Way::On
                }
                Step::Done => {
                    self.done();
                    return Ok(());
                }
                _ => self.form(step).await?,
            };
            match way {
                Way::On => self.on(step),
                Way::Back => self.tell(Event::Back),
                Way::To(to, field) => {
                    self.hurry = field.is_some().then_some(step);
                    self.editing = field;
                    self.tell(Event::Go(to));
                }
            }
        }
    }

    fn on(&mut self, step: Step) {
        self.tell(Event::Next);
        if self.wizard.step() != step {
            return;
        }
        self.hurry = None;
        if step == Step::Review {
            // Something was edited that has to be looked at again.
            self.tell(Event::Go(Step::Checks));
            return;
        }
        let amiss = self.wizard.screen(step).asks.into_iter().filter_map(|ask| Some((ask.field, ask.problem?)));
        let mut of_token = false;
        for (field, problem) in amiss.collect::<Vec<_>>() {
            // One source is enough, so one sentence is.
            if !(field.is_token_source() && std::mem::replace(&mut of_token, true)) {
                let text = if field == Field::TokenTyped {
                    "A token is needed: paste it, or name where it comes from."
                } else {
                    &problem
                };
                self.say(&paper::hanging("! ", text));
            }
        }
    }

    fn problems(&self, step: Step) -> Vec<crate::answers::Problem> {
        step.problems(self.wizard.answers(), self.wizard.platform(), self.wizard.credential().is_some())
    }

    /// Tells the wizard, and has done what it then wants.
    fn tell(&mut self, event: Event) {
        let effects = self.wizard.update(event);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        self.tasks.spawn(effects);
        let waiting: BTreeSet<_> = self.wizard.waiting().collect();
        self.tasks.keep(&waiting);
    }

    /// Waits for the next outcome; false when nothing is under way.
    async fn learn(&mut self) -> bool {
        let Some(event) = self.tasks.next().await else { return false };
        self.tell(event);
        true
    }

    fn say(&mut self, text: &str) {
        let text = paper::fitted(text, self.console.width());
        self.console.write(&text);
    }

    /// A line that was typed, without the blanks around it.
    async fn line(&mut self, prompt: &str) -> Result<String, Stop> {
        self.console.write(prompt);
        let Self { wizard, tasks, console, .. } = self;
        let mut line = pin!(console.line());
        loop {
            tokio::select! {
                biased;
                line = &mut line => return line.map(|line| line.trim().to_owned()).ok_or(Stop::Ended),
                Some(event) = tasks.next() => tasks.spawn(wizard.update(event)),
            }
        }
    }

    async fn secret(&mut self, prompt: &str) -> Result<Result<Secret, NotASecret>, Stop> {
        let Self { wizard, tasks, console, .. } = self;
        let mut line = pin!(console.secret(prompt));
        loop {
            tokio::select! {
                biased;
                line = &mut line => return line.ok_or(Stop::Ended),
                Some(event) = tasks.next() => tasks.spawn(wizard.update(event)),
            }
        }
    }

    async fn yes(&mut self, question: &str) -> Result<bool, Stop> {
        self.say(&paper::prose(question));
        loop {
            let line = self.line("  y or n [n]: ").await?;
            match line.to_ascii_lowercase().as_str() {
                "y" | "yes" => return Ok(true),
                "" | "n" | "no" => return Ok(false),
                _ => self.say("Write y or n. Other answers are for the next question.\n"),
            }
        }
    }

    /// Whoever quits is asked where something would be lost.
    async fn quit(&mut self) -> Result<(), Stop> {
        let typed = self.wizard.answers().iter().next().is_some();
        if !typed || self.yes("What was answered is lost, and nothing is saved. Quit?").await? {
            return Err(Stop::Quit);
        }
        Ok(())
    }

    /// Title, lead and notes of a page.
    fn head(&mut self, screen: &Screen) {
        self.title(screen);
        self.notes(screen);
    }

    fn title(&mut self, screen: &Screen) {
        let mut text = format!("\n{}", paper::prose(&screen.title));
        text.push_str(&format!("{}\n", "-".repeat(screen.title.chars().count().min(80))));
        for sentence in &screen.lead {
            text.push_str(&paper::prose(sentence));
        }
        self.say(&text);
    }

    fn notes(&mut self, screen: &Screen) {
        let mut text = String::new();
        for note in &screen.notes {
            let mark = if note.kind == NoteKind::Notice { "! " } else { "* " };
            text.push_str(&paper::hanging(mark, &note.text));
            if let Some(url) = &note.url {
                text.push_str(&paper::line("  ", url));
            }
        }
        self.say(&text);
    }

    /// Takes an answer; what belonged to another provider goes.
    fn answer(&mut self, field: &Field, answer: Answer) {
        let answers = self.wizard.answers().clone();
        let before = answers.provider();
        self.tell(Event::Answer(field.clone(), crate::disk::rooted(answer)));
        if *field == Field::Provider && before.is_some() && before != self.wizard.answers().provider() {
            for gone in [Field::Host, Field::ApiUrl, Field::Project, Field::TokenKind] {
                self.tell(Event::Clear(gone));
            }
        }
        for text in self.wizard.moved(&answers) {
            self.say(&paper::hanging("! ", &text));
        }
    }
}
