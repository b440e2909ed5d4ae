//! What a key does on each page of the wizard.

use crate::answers::{Field, holds_token, located};
use crate::check::CheckId;
use crate::fact::{Fact, Query, Recognised, Remedy, Value};
use crate::provider::Address;
use crate::secret::Secret;
use crate::tui::keys::{Context, Intent};
use crate::tui::scene::{Deed, Menu, MenuRow, Question, Topic};
use crate::tui::screens::form::{ADDRESSED, Form};
use crate::tui::screens::{Act, review};
use crate::tui::setup::page::{self, mark};
use crate::tui::setup::{Left, SetUp};
use crate::tui::widgets::editor::Pasted;
use crate::wizard::{Control, Event, Step, Which};

impl SetUp {
    /// The keys of the context that mean nothing here now.
    pub(super) fn useless(&self) -> Vec<Intent> {
        let mut useless = Vec::new();
        if self.link().is_none() {
            useless.extend([Intent::Open, Intent::Code]);
        }
        if self.shown <= Step::Store && self.shown != Step::Token && self.screen().asks.len() < 2 {
            useless.extend([Intent::NextField, Intent::PreviousField]);
        }
        if self.shown == Step::Checks && self.wizard.blocking().is_empty() {
            useless.push(Intent::Overrule);
        }
        if self.shown == Step::Review {
            useless.push(Intent::Copy);
            if self.review.chosen(&self.wizard).is_none() {
                useless.push(Intent::Jump);
            }
        }
        useless
    }

    pub(super) fn on(&mut self, intent: Intent) -> Vec<Deed<Left>> {
        match intent {
            Intent::Leave => return self.leave(),
            Intent::Open => return self.link().map(Deed::Open).into_iter().collect(),
            Intent::Code => return self.link().map(Deed::Code).into_iter().collect(),
            Intent::Steps => return vec![Deed::Choose(self.steps())],
            _ => {}
        }
        match self.shown {
            Step::Checks => self.on_checks(intent),
            Step::Review if self.review.in_field => self.in_review(intent),
            Step::Review => self.on_review(intent),
            Step::Apply => vec![Deed::Scroll(intent)],
            Step::Done => self.on_done(intent),
            Step::Token if !self.token.in_field => self.beside_the_field(intent),
            _ if intent == Intent::Back && self.shown == Step::Token => {
                self.token.in_field = false;
                // The page is read from its top again.
                vec![Deed::Scroll(Intent::First)]
            }
            _ if intent == Intent::Back => self.back(),
            _ => {
                let screen = self.screen();
                let goes_on = matches!(intent, Intent::Accept | Intent::Onward | Intent::NextField);
                let typed = self.form.typed(&screen).filter(|_| goes_on && ADDRESSED.contains(&self.shown));
                if let Some(address) = typed.filter(|text| self.wizard.names_a_repository(text)) {
                    let address = address.trim().to_owned();
                    return self.pasted_address(&address);
                }
                let acts = self.form.on(intent, &screen, &self.wizard);
                let deeds = self.acted(acts);
                self.fit();
                deeds
            }
        }
    }

    /// Every step, for a jump to one that was come to.
    fn steps(&self) -> Menu {
        let path = self.wizard.path();
        let answers = self.wizard.answers();
        let rows = path.iter().map(|step| {
            let shown = step.fields().iter().filter_map(|field| answers.shown(field));
            MenuRow {
                mark: mark(*step, self.wizard.step()),
                label: page::name(*step).to_owned(),
                note: shown.collect::<Vec<_>>().join(", "),
                open: self.may_jump_to(*step),
            }
        });
        let at = path.iter().position(|step| *step == self.wizard.step()).unwrap_or(0);
        Menu { title: "Go to".to_owned(), rows: rows.collect(), at }
    }

    fn may_jump_to(&self, step: Step) -> bool {
        step <= self.wizard.reached() && step < Step::Apply && self.wizard.step() < Step::Apply
    }

    pub(super) fn jump_to(&mut self, row: usize) -> Vec<Deed<Left>> {
        let Some(step) = self.wizard.path().get(row).copied().filter(|step| self.may_jump_to(*step)) else {
            return vec![Deed::Warn("This step comes later.".to_owned())];
        };
        let here = self.wizard.step();
        self.tell(Event::Go(step));
        if step < here {
            self.return_to = Some(here);
        }
        Vec::new()
    }

    fn beside_the_field(&mut self, intent: Intent) -> Vec<Deed<Left>> {
        match intent {
            Intent::Accept => self.token.in_field = true,
            Intent::NextField => {
                self.token.in_field = true;
                let screen = self.screen();
                let acts = self.form.on(intent, &screen, &self.wizard);
                return self.acted(acts);
            }
            Intent::Back => return self.back(),
            _ => return vec![Deed::Scroll(intent)],
        }
        Vec::new()
    }

    fn on_checks(&mut self, intent: Intent) -> Vec<Deed<Left>> {
        let checks = self.wizard.judgement().checks;
        match intent {
            Intent::Back => return self.back(),
            Intent::Retry => {
                if let Some(check) = self.checks.chosen(&checks) {
                    let title = check.title.clone();
                    self.tell(Event::Retry(Which::Check(check.id.clone())));
                    return vec![Deed::Say(format!("Asked again: {title}"))];
                }
            }
            Intent::RetryAll => {
                self.tell(Event::Retry(Which::All));
                return vec![Deed::Say("Everything is asked again.".to_owned())];
            }
            Intent::Jump => return self.jump(),
            Intent::Accept => return self.go_on(),
            Intent::Overrule => return self.ask_to_overrule(),
            _ => self.checks.on(intent, &checks),
        }
        Vec::new()
    }

    /// One page on, or what stands in the way. After an edit, on to where it began.
    pub(super) fn next(&mut self) -> Vec<Deed<Left>> {
        if self.shown == Step::Token
            && let Some(reason) = self.cannot_serve()
        {
            return vec![Deed::Warn(reason)];
        }
        let target = self.return_to.take();
        let before = self.wizard.step();
        loop {
            let there = self.wizard.step();
            self.tell(Event::Next);
            let moved = self.wizard.step() != there;
            if !moved || target.is_none_or(|target| self.wizard.step() >= target) {
                break;
            }
        }
        if self.wizard.step() != before {
            return Vec::new();
        }
        self.return_to = target;
        let screen = self.screen();
        let Some(ask) = screen.asks.iter().find(|ask| ask.problem.is_some()) else { return Vec::new() };
        let (field, label, problem) = (ask.field.clone(), ask.label.clone(), ask.problem.clone());
        self.form.focus(&screen, &field);
        let missing = self.form.missing(&screen);
        vec![Deed::Warn(missing.unwrap_or_else(|| format!("{label}: {}", problem.unwrap_or_default())))]
    }

    /// Why the token that was given cannot serve, where its text tells.
    fn cannot_serve(&self) -> Option<String> {
        match self.wizard.facts().of(&Query::Token(self.wizard.credential()?)) {
            Some(Fact::Known(Value::Token(Recognised::Foreign(other)))) => {
                Some(format!("This is a {other} token: paste one of the forge that you chose."))
            }
            Some(Fact::Known(Value::Token(Recognised::Refused { kind, .. }))) => {
                Some(format!("A token of the kind {kind} cannot serve: paste another one."))
            }
            _ => None,
        }
    }

    /// On from the checks, or why not.
    fn go_on(&mut self) -> Vec<Deed<Left>> {
        let before = self.wizard.step();
        self.tell(Event::Next);
        if self.wizard.step() != before {
            return Vec::new();
        }
        let blocking = self.wizard.blocking().len();
        let text = match () {
            () if !self.wizard.is_settled() => "Some checks are not settled yet.".to_owned(),
            () if !self.wizard.floor() => "The API has not let this token in yet: e edits it, r asks again.".to_owned(),
            () if blocking == 1 => "One check stands in the way: e edits its answer, r asks again.".to_owned(),
            () => format!("{blocking} checks stand in the way: e edits an answer, r asks again."),
        };
        vec![Deed::Warn(text)]
    }

    fn ask_to_overrule(&self) -> Vec<Deed<Left>> {
        let ids: Vec<String> = self.wizard.blocking().iter().map(CheckId::name).collect();
        vec![Deed::Ask(Question {
            topic: Topic::Overrule,
            title: "Save although checks failed?".to_owned(),
            text: vec![
                format!("These checks failed: {}", ids.join(", ")),
                "The platform will most likely not work with this access. The connection keeps the verdict fail, and \
                 the config records which checks were accepted."
                    .to_owned(),
            ],
            yes: "Accept these failures".to_owned(),
            no: "Go back to the checks".to_owned(),
        })]
    }

    pub(super) fn overrule(&mut self) -> Vec<Deed<Left>> {
        self.tell(Event::AcceptFailures);
        self.go_on()
    }

    fn on_review(&mut self, intent: Intent) -> Vec<Deed<Left>> {
        match intent {
            Intent::Back => return self.back(),
            Intent::Apply => return self.go_on(),
            Intent::Accept | Intent::Jump => match self.review.chosen(&self.wizard) {
                Some(line) => self.edit(&line),
                None if intent == Intent::Accept => return self.go_on(),
                None => {}
            },
            _ => {
                self.review.on(intent, &self.wizard);
                return to_the_top(self.review.is_on_the_way_on());
            }
        }
        Vec::new()
    }

    fn edit(&mut self, line: &review::Answered) {
        if line.step == Step::Review {
            let screen = self.screen();
            self.form.focus(&screen, &line.field);
            self.review.in_field = true;
        } else {
            self.go(line.step, &line.field);
        }
    }

    /// While a question of the review itself is answered.
    fn in_review(&mut self, intent: Intent) -> Vec<Deed<Left>> {
        if intent == Intent::Back {
            self.review.in_field = false;
            return Vec::new();
        }
        let screen = self.screen();
        let acts = self.form.on(intent, &screen, &self.wizard);
        let taken =
            matches!(intent, Intent::Accept | Intent::Onward) && acts.iter().all(|act| !matches!(act, Act::Wrong(_)));
        self.review.in_field &= !taken;
        // Going on is another key here.
        self.acted(acts.into_iter().filter(|act| !matches!(act, Act::Next | Act::Forward)).collect())
    }

    /// To the answer that the check under the cursor comes from.
    fn jump(&mut self) -> Vec<Deed<Left>> {
        let checks = self.wizard.judgement().checks;
        if let Some(check) = self.checks.chosen(&checks) {
            let (step, field) = cause(&check.id);
            self.go(step, &field);
        }
        Vec::new()
    }

    /// To a step that was answered; from there the way leads back to where one is now.
    fn go(&mut self, step: Step, field: &Field) {
        let here = self.wizard.step();
        self.tell(Event::Go(step));
        if self.wizard.step() != here {
            self.return_to = Some(here);
        }
        let screen = self.screen();
        self.form.focus(&screen, field);
    }

    fn on_done(&mut self, intent: Intent) -> Vec<Deed<Left>> {
        let fields = self.entered();
        match intent {
            Intent::Accept => vec![Deed::End(Left::Finished)],
            Intent::Copy => {
                let Some(field) = fields.get(self.done.at) else { return Vec::new() };
                vec![if field.may_copy {
                    Deed::Copy(field.value.clone(), field.name.clone())
                } else {
                    Deed::Warn("A secret is never copied: fetch it from where it is kept.".to_owned())
                }]
            }
            _ => {
                self.done.on(intent, self.last_rows());
                to_the_top(self.done.at == 0)
            }
        }
    }

    /// The page that belongs to what is on the screen.
    pub(super) fn link(&self) -> Option<String> {
        let of = |remedy: &Remedy| remedy.url.clone();
        match self.shown {
            Step::Checks => {
                let checks = self.wizard.judgement().checks;
                let check = self.checks.chosen(&checks)?;
                of(&check.verdict.finding()?.remedy)
            }
            Step::Token => self.wizard.boxes().map(|boxes| boxes.page.url),
            _ => self.screen().notes.iter().find_map(|note| note.url.clone()),
        }
    }

    /// Whether nothing can be typed on this page now.
    fn is_only_read(&self) -> bool {
        matches!(self.shown, Step::Checks | Step::Apply | Step::Done)
            || (self.shown == Step::Review && !self.review.in_field)
    }

    pub(super) fn typed(&mut self, letter: char) -> Vec<Deed<Left>> {
        let screen = self.screen();
        if self.shown == Step::Token && !self.token.in_field {
            // Whoever types a token instead of pasting it is in the field with the first letter.
            self.token.in_field = true;
        }
        if self.is_only_read() {
            return Vec::new();
        }
        if self.form.context(&screen) == Context::Choosing {
            return if self.form.choose(&screen, letter) {
                Vec::new()
            } else {
                vec![Deed::Say("The arrows move to a row, and enter takes it.".to_owned())]
            };
        }
        self.form.insert(&screen, letter);
        self.form.fit(&screen, &self.wizard);
        Vec::new()
    }

    pub(super) fn pasted(&mut self, text: &str) -> Vec<Deed<Left>> {
        if self.is_only_read() {
            return Vec::new();
        }
        let screen = self.screen();
        let is_token = holds_token(text.trim());
        if is_token && self.shown != Step::Token {
            let text = "This looks like a token, so it was not taken: it is asked for on a page of its own.";
            return vec![Deed::Warn(text.to_owned())];
        }
        // Wherever on the token page it is pasted, a token belongs into its own line.
        if self.shown == Step::Token && (is_token || !self.token.in_field) {
            self.token.in_field = true;
            if let Some(ask) = screen.asks.iter().find(|ask| matches!(ask.control, Control::Secret)) {
                self.form.focus(&screen, &ask.field.clone());
            }
        }
        if ADDRESSED.contains(&self.shown) && Address::is_meant(text.trim()) {
            return self.pasted_address(text.trim());
        }
        let came_to = self.form.paste(&screen, text);
        self.form.fit(&screen, &self.wizard);
        match came_to {
            Pasted::Whole => Vec::new(),
            Pasted::FirstLine => vec![Deed::Warn("Several lines were pasted; the first was taken.".to_owned())],
            Pasted::Nothing => vec![Deed::Warn("There was nothing to take in what was pasted.".to_owned())],
            Pasted::TooLong => vec![Deed::Warn("What was pasted is too long to be any of this.".to_owned())],
        }
    }

    /// A web or clone address answers everything that it names.
    fn pasted_address(&mut self, text: &str) -> Vec<Deed<Left>> {
        let found = match located(text, &Field::Repository, self.wizard.answers()) {
            Ok(found) => found,
            Err(reason) => return vec![Deed::Warn(format!("The address was not taken: {reason}."))],
        };
        let mut told = Vec::new();
        for (field, answer) in found {
            // In a sandbox its own hosts stand in for all others.
            if field == Field::Host && !self.circumstances.hosts.is_empty() {
                continue;
            }
            self.tell(Event::Answer(field.clone(), answer));
            if let Some(value) = self.wizard.answers().shown(&field) {
                told.push(format!("{} {value}", field.key().replace("repository.name", "repository")));
            }
        }
        self.form = Form::default();
        self.fit();
        vec![Deed::Say(format!("The address says: {}", told.join(", ")))]
    }

    /// Hands a typed token to the world; the wizard learns only where it is.
    pub(super) fn deposit(&mut self, text: &str) -> Vec<Deed<Left>> {
        match Secret::parse(text) {
            Ok(secret) => {
                let (field, answer) = self.world.deposit(secret);
                self.tell(Event::Answer(field, answer));
                Vec::new()
            }
            Err(reason) => vec![Deed::Warn(format!("{reason}."))],
        }
    }
}

/// With the cursor on its first row the page is seen from its head on.
fn to_the_top(is_first: bool) -> Vec<Deed<Left>> {
    is_first.then_some(Deed::Scroll(Intent::First)).into_iter().collect()
}

/// The answer that a check depends on first of all.
fn cause(id: &CheckId) -> (Step, Field) {
    match id {
        CheckId::Reach => (Step::Provider, Field::Host),
        CheckId::Owner => (Step::Place, Field::Owner),
        CheckId::CreateRepository | CheckId::Repository | CheckId::Empty => (Step::Repository, Field::Repository),
        CheckId::Handover => (Step::Access, Field::Username),
        CheckId::SshKey => (Step::Access, Field::SshPublicKey),
        CheckId::Store => (Step::Store, Field::StoreKind),
        CheckId::Identity
        | CheckId::Role
        | CheckId::Expiry
        | CheckId::Scope(_)
        | CheckId::Excess
        | CheckId::Clone
        | CheckId::Push
        | CheckId::Webhooks
        | CheckId::PullRequests
        | CheckId::Delete => (Step::Token, Field::TokenTyped),
    }
}
