//! What was chosen from a live list holds for what that list was asked with, and for nothing else.
//!
//! A name that was typed is a decision, and stays: it is looked for anew wherever the answers now point. A name that was
//! taken from a list is an answer to a question about one host and one owner. Once those change it is laid aside, and it
//! comes back when they do.

use std::collections::BTreeMap;

use super::Wizard;
use crate::answers::{Answer, Answers, Field};
use crate::fact::{OwnerPath, Query};
use crate::provider::{Host, Provider};

/// The fields that live lists answer, each below the one before.
const LISTED: [Field; 3] = [Field::Owner, Field::Project, Field::Repository];

/// What a list was asked with, besides the token.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Inputs {
    provider: Provider,
    host: Host,
    owner: Option<OwnerPath>,
}

/// Which answers came from which list.
#[derive(Clone, Debug, Default)]
pub(super) struct Picked {
    from: BTreeMap<Field, Inputs>,
    aside: Vec<(Field, Inputs, String)>,
}

/// What the list for `field` is asked with, as far as these answers tell.
fn inputs(answers: &Answers, field: &Field) -> Option<Inputs> {
    let site = answers.site()?;
    let owner = match field {
        Field::Owner => None,
        Field::Project => Some(OwnerPath { project: None, ..answers.owner()? }),
        Field::Repository => Some(answers.owner()?),
        _ => return None,
    };
    Some(Inputs { provider: site.provider, host: site.host.clone(), owner })
}

impl Wizard {
    /// Notes whether the answer to `field` was one of the list that is known for it.
    pub(super) fn note_the_list(&mut self, field: &Field) {
        self.picked.from.remove(field);
        let Some((inputs, name)) = inputs(&self.answers, field).zip(self.answers.text(field)) else { return };
        let Some((site, with)) = self.answers.site().zip(self.credential()) else { return };
        let query = match &inputs.owner {
            None => Query::Owners(site, with),
            Some(owner) => Query::Repositories(site, with, owner.clone()),
        };
        if self.rows(&query).is_some_and(|page| page.rows.iter().any(|row| row.name == name)) {
            self.picked.from.insert(field.clone(), inputs);
        }
    }

    /// Lays aside what came from a list that is no longer the one for it, and takes up what came from the one that is.
    pub(super) fn lay_aside(&mut self) {
        if self.picked.from.is_empty() && self.picked.aside.is_empty() {
            return;
        }
        for field in LISTED {
            let now = inputs(&self.answers, &field);
            if let Some(from) = self.picked.from.get(&field).filter(|from| now.as_ref() != Some(*from)).cloned() {
                if let Some(name) = self.answers.text(&field).map(str::to_owned) {
                    self.empty(&field);
                    self.picked.aside.retain(|(one, inputs, _)| *one != field || *inputs != from);
                    self.picked.aside.push((field.clone(), from, name));
                }
                self.picked.from.remove(&field);
            }
            let again = self.picked.aside.iter().position(|(one, from, _)| *one == field && now.as_ref() == Some(from));
            if let Some((_, from, name)) =
                again.filter(|_| !self.answers.has(&field)).map(|at| self.picked.aside.remove(at))
            {
                self.answers.set(field.clone(), Answer::Text(name));
                self.picked.from.insert(field, from);
            }
        }
    }

    /// Takes an answer back, with what says something about it alone.
    pub(super) fn clear(&mut self, field: &Field) {
        self.empty(field);
        self.picked.aside.retain(|(one, ..)| one != field);
    }

    fn empty(&mut self, field: &Field) {
        self.answers.clear(field);
        self.picked.from.remove(field);
        if *field == Field::Repository {
            for of_it in [Field::RepositoryCreate, Field::Visibility, Field::Contents, Field::Branch] {
                self.answers.clear(&of_it);
            }
        }
    }

    /// What became of owner, project and repository since the answers were `before`, where nobody answered them anew:
    /// sentences.
    pub fn moved(&self, before: &Answers) -> Vec<String> {
        let mut told = Vec::new();
        for field in LISTED {
            let word = field.key().trim_end_matches(".name").to_owned();
            let Some(was) = before.text(&field) else { continue };
            let (then, now) = (inputs(before, &field), inputs(&self.answers, &field));
            let (Some(then), Some(now)) = (then, now) else { continue };
            let aside = self.picked.aside.iter().any(|(one, from, name)| *one == field && *from == then && name == was);
            match self.answers.text(&field) {
                None if aside => told.push(format!("The {word} {was} was chosen from another list: choose it anew.")),
                Some(is) if is == was && then != now => {
                    let place = now.owner.map_or(now.host.to_string(), |owner| owner.owner);
                    told.push(format!("The {word} {was} stays, and is tried anew at {place}"));
                }
                _ => {}
            }
        }
        told
    }
}
