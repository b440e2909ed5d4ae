//! The checks, told as they settle; then what to do about them.

use std::collections::BTreeMap;

use super::{Console, Session, Stop, Way, paper};
use crate::answers::Field;
use crate::check::{Check, CheckId, Verdict};
use crate::wizard::{Event, Step, Which};

/// What can be done after the checks.
enum Choice {
    On,
    Again,
    Edit(Field),
    Accept,
}

impl<C: Console> Session<'_, C> {
    pub(super) async fn checks(&mut self) -> Result<Way, Stop> {
        let screen = self.wizard.screen(Step::Checks);
        self.head(&screen);
        loop {
            self.watch().await;
            let good = self.wizard.floor() && self.wizard.blocking().is_empty();
            if good && self.hurry.is_some() {
                return Ok(Way::On);
            }
            self.hurry = None;
            let choices = self.choices_now(good);
            match self.choose(&choices).await? {
                None => return Ok(Way::Back),
                Some(Choice::On) => return Ok(Way::On),
                Some(Choice::Again) => self.tell(Event::Retry(Which::All)),
                Some(Choice::Edit(field)) => return Ok(Way::To(self.step_of(&field), Some(field))),
                Some(Choice::Accept) => {
                    let ids: Vec<String> = self.wizard.blocking().iter().map(CheckId::name).collect();
                    let question =
                        format!("These failed: {}. What needs them will not work. Save all the same?", ids.join(", "));
                    if self.yes(&question).await? {
                        self.tell(Event::AcceptFailures);
                        return Ok(Way::On);
                    }
                }
            }
        }
    }

    /// Tells each check once it is settled, until all are.
    async fn watch(&mut self) {
        let mut told: BTreeMap<String, Verdict> = BTreeMap::new();
        loop {
            for check in self.wizard.judgement().checks {
                let name = check.id.name();
                if check.verdict != Verdict::Pending && told.get(&name) != Some(&check.verdict) {
                    self.say(&row(&check));
                    told.insert(name, check.verdict);
                }
            }
            if self.wizard.is_settled() || !self.learn().await {
                return;
            }
        }
    }

    fn choices_now(&self, good: bool) -> Vec<(Choice, String)> {
        let mut choices = Vec::new();
        if good {
            choices.push((Choice::On, "go on".to_owned()));
        }
        choices.push((Choice::Again, "ask everything again".to_owned()));
        let mut causes: Vec<Field> = Vec::new();
        for check in self.wizard.judgement().checks {
            let cause = cause(&check.id);
            if check.verdict.finding().is_some() && check.id != CheckId::Store && !causes.contains(&cause) {
                causes.push(cause);
            }
        }
        for field in causes {
            let label = self.label(&field);
            choices.push((Choice::Edit(field), format!("edit: {label}")));
        }
        let never = |id: &CheckId| matches!(id, CheckId::Store | CheckId::CreateRepository);
        if !good && self.wizard.floor() && !self.wizard.blocking().iter().any(never) {
            choices.push((Choice::Accept, "save although something failed".to_owned()));
        }
        choices
    }

    async fn choose(&mut self, choices: &[(Choice, String)]) -> Result<Option<Choice>, Stop> {
        let count = |name: &str| self.wizard.judgement().checks.iter().filter(|one| one.verdict.name() == name).count();
        let counts = ["pass", "warn", "fail", "unknown"].map(|name| format!("{} {name}", count(name)));
        let mut text = format!("\n{}", paper::prose(&format!("{}.", counts.join(", "))));
        if !self.wizard.floor() {
            text.push_str(&paper::prose("The API has not accepted the token yet, so nothing can be saved."));
        }
        for (number, (_, title)) in choices.iter().enumerate() {
            text.push_str(&paper::hanging(&format!("  {:>2}  ", number + 1), title));
        }
        self.say(&text);
        loop {
            let line = self.line("  number [1]: ").await?;
            let number = if line.is_empty() { Some(1) } else { line.parse::<usize>().ok() };
            match (line.as_str(), number.and_then(|number| choices.get(number.checked_sub(1)?))) {
                ("b", _) => return Ok(None),
                ("q", _) => self.quit().await?,
                (_, Some((choice, _))) => {
                    return Ok(Some(match choice {
                        Choice::On => Choice::On,
                        Choice::Again => Choice::Again,
                        Choice::Accept => Choice::Accept,
                        Choice::Edit(field) => Choice::Edit(field.clone()),
                    }));
                }
                _ => self.say("  Write one of the numbers; b goes back, q quits.\n"),
            }
        }
    }

    /// The page that asks for `field` now.
    pub(super) fn step_of(&self, field: &Field) -> Step {
        let path = self.wizard.path();
        let asks = |step: &&Step| self.wizard.screen(**step).asks.iter().any(|ask| ask.field == *field);
        path.iter().find(asks).copied().unwrap_or(Step::Token)
    }

    fn label(&self, field: &Field) -> String {
        let asks = self.wizard.screen(self.step_of(field)).asks;
        asks.into_iter().find(|ask| ask.field == *field).map_or_else(|| field.key().clone(), |ask| ask.label)
    }
}

/// A settled check: its verdict, what was seen, and below what did not pass the way out.
pub(super) fn row(check: &Check) -> String {
    let head = format!("  {:8}{}", check.verdict.name(), crate::text::sanitise(&check.id.name(), 60));
    let mut text = format!("{head}\n{}", paper::indented("          ", &check.detail));
    if let Some(finding) = check.verdict.finding() {
        text.push_str(&paper::hanging("          -> ", &finding.remedy.text));
        if let Some(url) = &finding.remedy.url {
            text.push_str(&paper::line("             ", url));
        }
    }
    text
}

/// The answer that a check is about first.
fn cause(id: &CheckId) -> Field {
    match id {
        CheckId::Reach => Field::Host,
        CheckId::Owner => Field::Owner,
        CheckId::CreateRepository | CheckId::Repository | CheckId::Empty => Field::Repository,
        CheckId::Handover => Field::Username,
        CheckId::Store => Field::StoreKind,
        _ => Field::TokenTyped,
    }
}
