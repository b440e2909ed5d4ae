//! How each page of the wizard looks.

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};
use ratatui::text::{Line, Span};

use crate::answers::Field;
use crate::fact::Recognised;
use crate::platform::Entered;
use crate::provider::recognise;
use crate::secret::Secret;
use crate::tui::frame::{Mark, Page};
use crate::tui::scene::Look;
use crate::tui::screens::form::draw::{View, head, notes};
use crate::tui::screens::token::Told;
use crate::tui::screens::{apply, checks, done, review, token};
use crate::tui::setup::SetUp;
use crate::tui::widgets::sheet::Sheet;
use crate::wizard::{Screen, Step};

impl SetUp {
    pub(super) fn drawn(&mut self, look: Look<'_>) -> Page {
        let screen = self.screen();
        let told = self.told(&screen);
        let view = View { screen: &screen, wizard: &self.wizard, theme: look.theme, tick: look.tick, told: &told };
        let (body, details) = match self.shown {
            Step::Token => self.token_sheets(view, look),
            Step::Checks => (self.check_sheet(view, look), Sheet::default()),
            Step::Review => self.review_sheets(view, look),
            Step::Apply => {
                let mut body = Sheet::new(look.whole_width());
                head(&mut body, view);
                apply::body(&mut body, &self.wizard, look.theme, look.tick);
                (body, Sheet::default())
            }
            Step::Done => self.done_sheets(view, look),
            _ => (self.form.body(view, look.body_width()), self.form.details(view, look.details_width())),
        };
        Page { about: self.circumstances.about.clone(), path: self.path(), body, details, ..Page::default() }
    }

    fn path(&self) -> Vec<(Mark, &'static str)> {
        let here = self.wizard.step();
        if self.wizard.is_rotation() {
            return self.wizard.path().into_iter().map(|step| (mark(step, here), name(step))).collect();
        }
        // The same steps from the first page to the last: which of them have nothing to ask turns out on the way. What was
        // left open is chosen with the token, and is no step of its own.
        let (shown, word) = if here == Step::Open { (Step::Token, name(Step::Open)) } else { (here, name(here)) };
        let steps = Step::PATH.iter().filter(|step| **step != Step::Open);
        steps.map(|step| (mark(*step, shown), if *step == shown { word } else { name(*step) })).collect()
    }

    fn token_sheets(&self, view: View<'_>, look: Look<'_>) -> (Sheet, Sheet) {
        let whole = self.token_body(view, look, false);
        let fits = look.room.is_none_or(|room| whole.height() <= usize::from(room.body.height));
        // Where not all of it is in view, what is needed to go on is, and the reasons follow below.
        let body = if fits { whole } else { self.token_body(view, look, true) };
        let mut details = Sheet::new(look.details_width());
        if let Some(boxes) = self.wizard.boxes() {
            if !fits {
                token::reasons(&mut details, look.theme, &boxes);
            }
            details.text(0, boxes.advice, look.theme.text());
            details.gap();
        }
        notes(&mut details, &view.screen.notes, look.theme);
        self.tokens_to_try(&mut details, look);
        (body, details)
    }

    /// Where to make the token and what to tick, and the fields; `brief`: without the reasons.
    fn token_body(&self, view: View<'_>, look: Look<'_>, brief: bool) -> Sheet {
        let mut body = Sheet::new(look.body_width());
        head(&mut body, view);
        if let Some(folder) = self.folder_of_tokens() {
            let offered = view.screen.asks.iter().any(|ask| ask.field == Field::TokenFile && ask.found.is_some());
            let text = if offered {
                format!("A sandbox: tab, then enter, takes its token from a file. Others to paste: {folder}")
            } else {
                format!("A sandbox: the tokens to paste are files in {folder}")
            };
            body.text(0, &text, look.theme.warn());
            if !brief {
                body.gap();
            }
        }
        if let Some((boxes, platform)) = self.wizard.boxes().zip(self.wizard.platform()) {
            token::steps(&mut body, look.theme, &boxes, &platform.title, brief);
        }
        let mut fields = self.form.fields(view, look.body_width());
        if !self.token.in_field {
            fields.forget_focus();
        }
        body.append(fields);
        body
    }

    /// Where the tokens of this sandbox lie.
    fn folder_of_tokens(&self) -> Option<String> {
        let (.., file) = self.circumstances.tokens.first()?;
        Some(std::path::Path::new(file).parent()?.display().to_string())
    }

    /// Where the sandbox keeps its tokens.
    fn tokens_to_try(&self, sheet: &mut Sheet, look: Look<'_>) {
        let provider = self.wizard.answers().provider();
        let mine = self.circumstances.tokens.iter().filter(|(one, ..)| Some(*one) == provider);
        let mut mine = mine.peekable();
        if mine.peek().is_none() {
            return;
        }
        sheet.text(0, "This is a sandbox. Tokens to try, each in a file to paste from:", look.theme.strong());
        for (_, note, file) in mine {
            sheet.hanging(&format!("{} ", look.theme.glyphs.dot), look.theme.accent(), note, look.theme.text());
            sheet.text(2, file, look.theme.quiet());
        }
        sheet.gap();
    }

    fn review_sheets(&self, view: View<'_>, look: Look<'_>) -> (Sheet, Sheet) {
        let mut body = Sheet::new(look.body_width());
        head(&mut body, view);
        if self.review.in_field {
            body.append(self.form.fields(view, look.body_width()));
            return (body, self.form.details(view, look.details_width()));
        }
        if !view.screen.notes.is_empty() {
            // What the new token gains and loses is read before anything else.
            notes(&mut body, &view.screen.notes, look.theme);
            body.gap();
        }
        body.append(self.review.body(&self.wizard, look.theme, look.body_width()));
        let mut details = Sheet::new(look.details_width());
        review::details(&mut details, &self.wizard, look.theme);
        (body, details)
    }

    fn check_sheet(&self, view: View<'_>, look: Look<'_>) -> Sheet {
        let mut body = Sheet::new(look.whole_width());
        let all = self.wizard.judgement().checks;
        body.line(Line::styled(view.screen.title.clone(), look.theme.title()));
        let going_on = !self.wizard.is_settled();
        let mut summary = checks::summary(&all, look.theme);
        if !going_on && self.wizard.blocking().is_empty() && self.wizard.floor() {
            let free = Span::styled("Nothing stands in the way.", look.theme.strong());
            if summary.width() + free.width() > body.width() {
                body.line(std::mem::take(&mut summary));
            }
            summary.push_span(free);
        }
        body.line(summary);
        if let Some(left) = self.limit(Timestamp::now()) {
            let text = if left.is_positive() {
                format!("Limited by the forge: {} to wait, then r asks again.", in_words(left))
            } else {
                "The wait that the forge asked for is over: r asks again.".to_owned()
            };
            body.text(0, &text, look.theme.warn());
        }
        body.blank();
        self.checks.rows(&mut body, &all, look.theme, going_on.then_some(look.tick));
        notes(&mut body, &view.screen.notes, look.theme);
        body
    }

    /// How long the forge still wants to be left alone.
    pub(super) fn limit(&self, now: Timestamp) -> Option<SignedDuration> {
        self.wizard.limited_until().map(|until| now.duration_until(until))
    }

    fn done_sheets(&self, view: View<'_>, look: Look<'_>) -> (Sheet, Sheet) {
        let mut body = Sheet::new(look.body_width());
        head(&mut body, view);
        let fields = self.entered();
        self.done.fields(&mut body, &fields, look.theme);
        body.gap();
        let mut at = self.done.at.checked_sub(fields.len());
        if let Some((connection, platform)) = self.wizard.connection().zip(self.wizard.platform()) {
            let steps = platform.steps(&connection);
            done::steps(&mut body, platform.menu(), steps, look.theme, at);
            at = at.and_then(|at| at.checked_sub(steps.len()));
            body.gap();
        }
        done::afterwards(&mut body, &view.screen.notes, look.theme, at);
        (body, Sheet::default())
    }

    /// The rows of the last page that can be moved over.
    pub(super) fn last_rows(&self) -> usize {
        let steps = self.wizard.connection().zip(self.wizard.platform());
        let steps = steps.map_or(0, |(connection, platform)| platform.steps(&connection).len());
        self.entered().len() + steps + self.screen().notes.len()
    }

    fn told(&self, screen: &Screen) -> Told {
        let Some(provider) = self.wizard.answers().provider() else { return Told::Nothing };
        let Some(text) = self.form.secret(screen).filter(|text| !text.is_empty()) else { return Told::Nothing };
        let secret = match Secret::parse(text) {
            Ok(secret) => secret,
            Err(reason) => return Told::Wrong(format!("{reason}.")),
        };
        let rules = provider.rules();
        match recognise(provider, &secret) {
            Recognised::Kind(kind) => {
                let title = rules.kinds().iter().find(|row| row.kind == kind).map_or(kind.0, |row| row.title);
                Told::Good(format!("This is a {provider} token: {title}."))
            }
            Recognised::Own => Told::Good(format!("This is a token of {provider}.")),
            Recognised::Refused { kind, reason } => Told::Wrong(format!("This is of the kind {kind}: {reason}")),
            Recognised::Foreign(other) => Told::Wrong(format!(
                "This is a {other} token, and you chose {provider}. Go back and choose {other}, or make one at {provider}."
            )),
            Recognised::Untold => Told::Doubtful("Its text does not tell its kind; asking the server will.".to_owned()),
        }
    }

    pub(super) fn entered(&self) -> Vec<Entered> {
        let (connection, platform) = (self.wizard.connection(), self.wizard.platform());
        connection.zip(platform).map(|(connection, platform)| platform.entered(&connection)).unwrap_or_default()
    }
}

pub(super) fn mark(step: Step, here: Step) -> Mark {
    match step.cmp(&here) {
        Ordering::Less => Mark::Done,
        Ordering::Equal => Mark::Here,
        Ordering::Greater => Mark::Ahead,
    }
}

pub(super) fn name(step: Step) -> &'static str {
    match step {
        Step::Platform => "Platform",
        Step::Provider => "Provider",
        Step::Place => "Owner",
        Step::Repository => "Repository",
        Step::Access => "Access",
        Step::Token => "Token",
        Step::Checks => "Checks",
        Step::Open => "Choose",
        Step::Store => "Store",
        Step::Review => "Review",
        Step::Apply => "Apply",
        Step::Done => "Done",
    }
}

/// A time that runs down: `41 s`, `3 min 07 s`, `1 h 12 min`.
fn in_words(left: SignedDuration) -> String {
    // The second that has begun counts.
    let seconds = left.as_secs() + 1;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_down_is_told_in_the_units_that_matter() {
        for (millis, words) in [(400, "1 s"), (40_900, "41 s"), (186_000, "3 min 07 s"), (4_320_000, "1 h 12 min")] {
            assert_eq!(in_words(SignedDuration::from_millis(millis)), words);
        }
    }
}
