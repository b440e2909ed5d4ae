//! What a page of the wizard says and asks, for any shell that shows it to a person: derived from the wizard each time,
//! in words that need no colour. Where it is drawn, and with which keys one moves about, is the shell's own matter.

mod access;
mod boxes;
mod choosing;
mod missing;
mod place;
mod rest;

pub use self::boxes::{Boxes, Tick};
use super::{Found, Purpose, Step, Wizard};
use crate::answers::{Answer, Field, Raw, Shape, located};
use crate::fact::{Fact, OwnerKind, Query, Value};
use crate::provider::Address;

/// A page.
#[derive(Clone, Debug)]
pub struct Screen {
    pub step: Step,
    pub title: String,
    /// What it is about: sentences.
    pub lead: Vec<String>,
    /// What is asked, in the order in which it is answered; questions that do not apply now are not there.
    pub asks: Vec<Ask>,
    /// What to know beside it: advice, notices, pages to open.
    pub notes: Vec<Note>,
}

/// One question.
#[derive(Clone, Debug)]
pub struct Ask {
    pub field: Field,
    /// One to three words.
    pub label: String,
    /// What it is and where to find it: sentences.
    pub help: Vec<String>,
    pub control: Control,
    /// What was answered, as text that would be accepted again; never a secret.
    pub answered: Option<String>,
    /// What holds if nothing is answered.
    pub default: Option<String>,
    /// What else was found for it.
    pub also: Vec<Found>,
    /// Found nearby: offered, never taken by itself.
    pub found: Option<Found>,
    /// Few need it: a shell may keep it out of sight until it is asked for.
    pub advanced: bool,
    /// What is wrong with the answer; or, where there is none and one is needed, a sentence that names what to write.
    pub problem: Option<String>,
}

/// How a question is answered.
#[derive(Clone, Debug)]
pub enum Control {
    Text,
    /// A token: masked, and handed to the world instead of the wizard.
    Secret,
    /// Yes or no.
    Flag,
    /// One of these.
    Choice(Vec<Choice>),
    /// One of a live list, or a text of one's own.
    Live(Box<Query>),
}

/// Something to choose.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The text that is parsed as the answer.
    pub word: String,
    pub title: String,
    /// Half a line beside it.
    pub note: String,
    /// What choosing it means: sentences.
    pub detail: Vec<String>,
    /// Why it cannot be chosen, and what to choose instead.
    pub refused: Option<String>,
}

/// Something to know.
#[derive(Clone, Debug)]
pub struct Note {
    pub kind: NoteKind,
    pub text: String,
    /// A page that belongs to it.
    pub url: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoteKind {
    Advice,
    /// Something has ended or will end.
    Notice,
    /// A page to open.
    Link,
}

impl Note {
    fn new(kind: NoteKind, text: impl Into<String>, url: Option<String>) -> Self {
        Self { kind, text: text.into(), url }
    }
}

impl Choice {
    fn new(word: &str, title: impl Into<String>, note: impl Into<String>) -> Self {
        let (title, note) = (title.into(), note.into());
        Self { word: word.to_owned(), title, note, detail: Vec::new(), refused: None }
    }

    fn detail(self, detail: &str) -> Self {
        Self { detail: [self.detail, vec![detail.to_owned()]].concat(), ..self }
    }
}

impl Ask {
    fn new(field: Field, label: &str, help: &str, control: Control) -> Self {
        let help = if help.is_empty() { Vec::new() } else { vec![help.to_owned()] };
        let label = label.to_owned();
        Self {
            field,
            label,
            help,
            control,
            answered: None,
            default: None,
            found: None,
            also: Vec::new(),
            advanced: false,
            problem: None,
        }
    }

    fn text(field: Field, label: &str, help: &str) -> Self {
        Self::new(field, label, help, Control::Text)
    }

    fn default(self, default: impl Into<String>) -> Self {
        Self { default: Some(default.into()), ..self }
    }

    fn advanced(self) -> Self {
        Self { advanced: true, ..self }
    }
}

impl Wizard {
    /// The page of `step`, as it is now.
    pub fn screen(&self, step: Step) -> Screen {
        let mut screen = match step {
            Step::Platform => choosing::platform(self),
            Step::Provider => choosing::provider(self),
            Step::Place => place::place(self),
            Step::Repository => place::repository(self),
            Step::Open => place::open(self),
            Step::Access => access::access(self),
            Step::Token => access::token(self),
            Step::Store => rest::store(self),
            Step::Checks => rest::checks(self),
            Step::Review => rest::review(self),
            Step::Apply => rest::apply(self),
            Step::Done => rest::done(self),
        };
        let mut problems = self.problems(step);
        for ask in &mut screen.asks {
            ask.answered = self.answers.shown(&ask.field);
            let offered = self.nearby.found.iter().filter(|found| found.field == ask.field);
            let mut offered = offered.filter_map(|found| found.here(&self.answers));
            (ask.found, ask.also) = (offered.next(), offered.collect());
            let mine = problems.iter().position(|problem| problem.field == ask.field);
            ask.problem = mine.map(|at| problems.remove(at).message);
        }
        missing::named(self, &mut screen, &mut problems);
        if step == Step::Token {
            // What was found is the next after the field to paste into.
            screen.asks.sort_by_key(|ask| match (ask.field.is_token_source(), &ask.field, &ask.found) {
                (true, Field::TokenTyped, _) => 0,
                (true, _, Some(_)) => 1,
                (true, _, None) => 2,
                (false, ..) => 3,
            });
        }
        // What is amiss and has no question here is told at the first question.
        if let (Some(first), Some(left)) = (screen.asks.first_mut(), problems.first()) {
            first.problem.get_or_insert(left.message.clone());
        }
        screen
    }

    /// Whether the forges of this run are those of a sandbox that ends with it.
    pub fn is_played(&self) -> bool {
        !self.nearby.played.is_empty()
    }

    /// What stands in the way of leaving `step`.
    pub(super) fn problems(&self, step: Step) -> Vec<crate::answers::Problem> {
        let mut problems = step.problems(&self.answers, self.platform(), self.credential().is_some());
        if self.settings.interactive && matches!(step, Step::Place | Step::Repository) {
            // What is left open is chosen from a list, once a token can look.
            problems
                .retain(|problem| self.answers.has(&problem.field) || !Step::Open.fields().contains(&problem.field));
        }
        problems
    }

    /// Whether `step` has anything to ask or to tell here.
    pub fn shows(&self, step: Step) -> bool {
        if matches!(self.purpose, Purpose::Rotate { .. }) && (step < Step::Token || step == Step::Open) {
            return false; // All that stays as it is.
        }
        match step {
            Step::Repository | Step::Open | Step::Access => !self.screen(step).asks.is_empty(),
            // A key rests where it lies.
            Step::Store => !self.answers.has_ssh(),
            _ => true,
        }
    }

    /// The steps that there are here, in their order.
    pub fn path(&self) -> Vec<Step> {
        Step::PATH.iter().copied().filter(|step| self.shows(*step)).collect()
    }

    pub(super) fn after(&self) -> Step {
        let mut step = self.step.after();
        while self.settings.interactive && !self.shows(step) {
            step = step.after();
        }
        step
    }

    pub(super) fn before(&self) -> Step {
        if !self.settings.interactive {
            return self.step.before();
        }
        let mut before = self.path().into_iter().rev();
        before.find(|step| *step < self.step).unwrap_or(self.step)
    }

    /// The lists that the page wants and nobody has asked for. They wait for the token and the server to be known.
    pub(super) fn lists(&self) -> Vec<Query> {
        let (Some(site), Some(credential)) = (self.answers.site(), self.credential()) else { return Vec::new() };
        let is_known = |query| matches!(self.facts.of(&query), Some(Fact::Known(_)));
        let may_ask = is_known(Query::Token(credential.clone())) && is_known(Query::Identity(site, credential));
        if !self.settings.interactive || !may_ask {
            return Vec::new();
        }
        let asks = self.screen(self.step).asks.into_iter();
        let lists = asks.filter_map(|ask| match ask.control {
            Control::Live(query) if self.facts.of(&query).is_none() => Some(*query),
            _ => None,
        });
        lists.collect()
    }

    /// The rows of a live list: none until it has come.
    pub fn rows(&self, query: &Query) -> Option<&crate::fact::Page> {
        match self.facts.of(query) {
            Some(Fact::Known(Value::Page(page))) => Some(page),
            _ => None,
        }
    }

    /// Why the platform cannot use this row of a list of owners: half a sentence. It can still be chosen, since a name
    /// alone proves nothing, but it is never proposed.
    pub fn unfit(&self, query: &Query, name: &str) -> Option<String> {
        let Query::Owners(site, with) = query else { return None };
        let platform = self.platform().filter(|one| one.owner_kind == Some(OwnerKind::Organisation))?;
        let identity = Query::Identity(site.clone(), with.clone());
        match self.facts.of(&identity) {
            Some(Fact::Known(Value::Identity(identity))) if identity.login == name => {
                Some(format!("{} needs an organisation", platform.title))
            }
            _ => None,
        }
    }

    /// How `text` is understood for `field`, where that is more than what was typed: a sentence.
    pub fn understood(&self, field: &Field, text: &str) -> Option<String> {
        if self.names_a_repository(text) {
            return Some("The address of a repository: enter takes everything that it says.".to_owned());
        }
        let Ok(Answer::Host(host)) = self.take(field, text) else { return None };
        let host = host.to_string();
        (host != text.trim().trim_end_matches('/')).then(|| format!("Understood as the server {host}"))
    }

    /// Whether `text` is a web or clone address that says owner and repository at once.
    pub fn names_a_repository(&self, text: &str) -> bool {
        Address::is_meant(text.trim())
            && located(text.trim(), &Field::Repository, &self.answers)
                .is_ok_and(|found| found.iter().any(|(field, _)| *field == Field::Repository))
    }

    /// What was typed for `field`, as its answer; or what is wrong with it.
    pub fn take(&self, field: &Field, text: &str) -> Result<Answer, String> {
        if *field == Field::Name && self.held().is_none() && self.nearby.taken.contains(text.trim()) {
            return Err("a connection of this name is saved already: choose another one".into());
        }
        match field.row().shape {
            Shape::Words => {
                let words = words(text)?;
                field.parse(&Raw::Words(words.iter().map(String::as_str).collect()))
            }
            Shape::Flag => match text.trim().to_ascii_lowercase().as_str() {
                "y" | "yes" | "true" => Ok(Answer::Flag(true)),
                "n" | "no" | "false" => Ok(Answer::Flag(false)),
                _ => Err("answer yes or no".into()),
            },
            _ => field.parse(&Raw::Text(text)),
        }
    }
}

/// The words of a command line: parted at blanks, kept together by quotes. No variable is expanded.
fn words(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in text.trim().chars() {
        match (quote, letter) {
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (Some(open), _) if letter == open => quote = None,
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    if quote.is_some() {
        return Err("a quote is not closed".into());
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests;
