//! What a page of the wizard says and asks, for any shell that shows it to a person: derived from the wizard each time,
//! in words that need no colour. Where it is drawn, and with which keys it is moved about, is the shell's own matter.

use crate::answers::Field;
use crate::fact::{Query, Remedy};

use super::{Step, Wizard};
use crate::provider::Provider;

/// A page.
#[derive(Clone, Debug)]
pub struct Screen {
    pub step: Step,
    pub title: String,
    /// What it is about: sentences.
    pub lead: Vec<String>,
    /// What is asked, in the order in which it is answered; questions that do not apply now are not there.
    pub asks: Vec<Ask>,
    /// What to know beside it: notices, advice, pages to open.
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
    /// Offered first because it was found nearby (a remote of the working directory, a variable): what, and where.
    pub found: Option<(String, String)>,
    /// What is wrong with the answer, or missing.
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
    Live(Query),
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
    pub fn of(remedy: &Remedy) -> Self {
        Self { kind: NoteKind::Link, text: remedy.text.clone(), url: remedy.url.clone() }
    }
}

impl Wizard {
    pub fn screen(&self, step: Step) -> Screen {
        let mut asks = Vec::new();
        for field in step.fields() {
            let control = match field {
                Field::Platform => Control::Choice(
                    self.platforms
                        .iter()
                        .map(|one| Choice {
                            word: one.id.clone(),
                            title: one.title.clone(),
                            note: one.about.clone(),
                            detail: vec![one.about.clone(), one.who.clone()],
                            refused: None,
                        })
                        .collect(),
                ),
                Field::Provider => Control::Choice(
                    Provider::ALL
                        .iter()
                        .map(|one| Choice {
                            word: one.id().into(),
                            title: one.to_string(),
                            note: one.rules().default_host().unwrap_or("your own host").into(),
                            detail: vec![],
                            refused: self.platform().and_then(|p| p.pair(*one).err()),
                        })
                        .collect(),
                ),
                Field::RepositoryCreate => Control::Flag,
                Field::Owner => match (self.answers.site(), self.credential()) {
                    (Some(site), Some(with)) => Control::Live(Query::Owners(site, with)),
                    _ => Control::Text,
                },
                Field::TokenEnv => Control::Secret,
                Field::TokenFile | Field::TokenCommand | Field::TokenStdin => continue,
                _ => Control::Text,
            };
            asks.push(Ask {
                field: field.clone(),
                label: format!("{field:?}"),
                help: vec![field.row().doc.to_owned()],
                control,
                answered: self.answers.text(field).map(str::to_owned).or_else(|| {
                    if *field == Field::Provider { self.answers.provider().map(|p| p.id().to_owned()) } else { None }
                }),
                default: None,
                found: None,
                problem: step
                    .problems(&self.answers, self.platform(), self.credential().is_some())
                    .into_iter()
                    .find(|p| p.field == *field)
                    .map(|p| p.message),
            });
        }
        Screen {
            step,
            title: format!("{step:?}"),
            lead: vec!["What it is about stands here.".into()],
            asks,
            notes: vec![],
        }
    }
}
