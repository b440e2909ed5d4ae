//! A page with questions, asked one after the other.

use super::{Console, Session, Stop, Way, paper};
use crate::answers::Field;
use crate::fact::{Fact, Query};
use crate::wizard::{Ask, Choice, Control, Event, Step};

/// How many rows of a list are shown at once.
const ROWS: usize = 30;

/// What came of a question.
pub(super) enum Reply {
    /// Answered, or left as it was.
    Settled,
    Back,
    /// The questions that few need are wanted.
    More,
}

/// What a line says besides an answer.
enum Word {
    Back,
    More,
    /// It was dealt with: the question is asked again.
    Again,
    Text(String),
}

impl<C: Console> Session<'_, C> {
    pub(super) async fn form(&mut self, step: Step) -> Result<Way, Stop> {
        let only = self.editing.take();
        if only.is_none() && self.hurry.is_some() && self.problems(step).is_empty() {
            return Ok(Way::On);
        }
        let screen = self.wizard.screen(step);
        self.head(&screen);
        if step == Step::Token {
            self.boxes();
        }
        let (mut asked, mut more): (Vec<Field>, bool) = (Vec::new(), false);
        loop {
            let screen = self.wizard.screen(step);
            let wanted = |ask: &&Ask| match &only {
                Some(only) => ask.field == *only || (more && only.is_token_source() && ask.field.is_token_source()),
                None => more || !ask.advanced || ask.answered.is_some() || ask.found.is_some(),
            };
            // One source is enough.
            let sourced = self.wizard.answers().source().is_some() && asked.iter().any(Field::is_token_source);
            let open = |ask: &&Ask| {
                let spare = sourced && ask.field.is_token_source();
                !spare && !asked.contains(&ask.field)
            };
            let mut asks: Vec<&Ask> = screen.asks.iter().filter(wanted).filter(open).collect();
            // What was found comes before what would have to be pasted.
            asks.sort_by_key(|ask| !(ask.field.is_token_source() && ask.found.is_some()));
            let Some(ask) = asks.first() else { return Ok(Way::On) };
            match self.ask(step, ask).await? {
                Reply::Settled => asked.push(ask.field.clone()),
                Reply::More => more = true,
                Reply::Back if asked.is_empty() => return Ok(Way::Back),
                Reply::Back => {
                    asked.pop();
                }
            }
        }
    }

    /// Puts one question until it is answered.
    pub(super) async fn ask(&mut self, step: Step, ask: &Ask) -> Result<Reply, Stop> {
        if let Control::Secret = ask.control {
            return self.ask_token(ask).await;
        }
        if ask.field.is_token_source() && ask.answered.is_none() && ask.found.is_some() {
            return self.ask_found(ask).await;
        }
        let mut rows = self.show(step, ask).await;
        loop {
            let line = self.line(&self.prompt(step, ask, !rows.is_empty())).await?;
            let text = match self.word(ask, &line, &mut rows).await? {
                Word::Back => return Ok(Reply::Back),
                Word::More => return Ok(Reply::More),
                Word::Again => continue,
                Word::Text(text) => text,
            };
            if text.is_empty() {
                if let (None, Some(found)) = (&ask.answered, &ask.found)
                    && !self.give(step, ask, &found.text.clone())
                {
                    continue;
                }
                return Ok(Reply::Settled);
            }
            if text == "-" {
                self.tell(Event::Clear(ask.field.clone()));
                return Ok(Reply::Settled);
            }
            let number = text.parse::<usize>().ok().and_then(|number| rows.get(number.checked_sub(1)?));
            let text = number.cloned().unwrap_or(text);
            let text = text.strip_prefix('=').map_or(text.clone(), str::to_owned);
            if let Some(reason) = refusal(ask, &text) {
                self.say(&paper::hanging("! ", &reason));
            } else if self.give(step, ask, &text) {
                return Ok(Reply::Settled);
            }
        }
    }

    /// Takes `text` as the answer; false, and said why, where it is none.
    pub(super) fn give(&mut self, step: Step, ask: &Ask, text: &str) -> bool {
        let reason = match self.wizard.take(&ask.field, text) {
            Err(reason) => Some(reason),
            Ok(answer) => {
                if let Some(understood) = self.wizard.understood(&ask.field, text) {
                    self.say(&paper::indented("  ", &understood));
                }
                self.answer(&ask.field, answer);
                // A store that wants a path asks for it next.
                let mine = self.problems(step).into_iter();
                let mut mine = mine.filter(|problem| problem.field == ask.field && ask.field != Field::StoreKind);
                mine.next().map(|problem| problem.message)
            }
        };
        let Some(reason) = reason else { return true };
        if self.wizard.answers().has(&ask.field) && ask.answered.is_none() {
            self.tell(Event::Clear(ask.field.clone()));
        }
        self.say(&paper::hanging("! ", &format!("{reason}.").replace("..", ".")));
        false
    }

    /// Puts the question on the screen; the words behind its numbers come back.
    async fn show(&mut self, step: Step, ask: &Ask) -> Vec<String> {
        self.say(&format!("\n{}", paper::prose(&ask.label)));
        if let (None, Some(found)) = (&ask.answered, &ask.found) {
            self.say(&paper::indented("  ", &format!("Found: {} ({}). Enter takes it.", found.text, found.place)));
        }
        match &ask.control {
            Control::Choice(choices) => self.choices(choices),
            Control::Live(query) if step == Step::Open => self.list(query, "").await,
            _ => Vec::new(),
        }
    }

    fn choices(&mut self, choices: &[Choice]) -> Vec<String> {
        let widest = choices.iter().map(|choice| choice.title.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for (number, choice) in choices.iter().enumerate() {
            let head = format!("  {:>2}  ", number + 1);
            let refused = format!("not possible here: ?{} tells why", number + 1);
            let note = if choice.refused.is_some() { &refused } else { &choice.note };
            let title = crate::text::sanitise(&choice.title, 80);
            text.push_str(&paper::hanging(&format!("{head}{}  ", paper::padded(&title, widest)), note));
        }
        self.say(&text);
        choices.iter().map(|choice| choice.word.clone()).collect()
    }

    /// The live list, numbered, as far as it has `filter` in it. It is waited for.
    async fn list(&mut self, query: &Query, filter: &str) -> Vec<String> {
        while matches!(self.wizard.facts().of(query), None | Some(Fact::Asked(_))) {
            if !self.learn().await {
                break;
            }
        }
        let page = match self.wizard.facts().of(query) {
            Some(Fact::Refused(fault)) => {
                let text = format!("The list could not be had: {} Write the name instead.", fault.text);
                self.say(&paper::hanging("! ", &text));
                return Vec::new();
            }
            _ => self.wizard.rows(query).cloned(),
        };
        let Some(page) = page else {
            self.say(&paper::indented("  ", "There is no list before there is a token that can look. Write the name."));
            return Vec::new();
        };
        let fits = |name: &str| name.to_lowercase().contains(&filter.to_lowercase());
        let rows: Vec<_> = page.rows.iter().filter(|row| fits(&row.name)).collect();
        let mut text = String::new();
        for (number, row) in rows.iter().take(ROWS).enumerate() {
            let unfit = self.wizard.unfit(query, &row.name).map(|reason| format!(", but {reason}")).unwrap_or_default();
            let row = format!("{}  {}{unfit}", row.name, row.note);
            text.push_str(&paper::hanging(&format!("  {:>2}  ", number + 1), &row));
        }
        match rows.len() {
            0 => text.push_str("  Nothing of this name is in the list.\n"),
            all if all > ROWS => text.push_str(&format!("  {} more: l and some letters show fewer.\n", all - ROWS)),
            _ => {}
        }
        if let Some(reason) = &page.cut {
            text.push_str(&paper::indented("  ", &format!("The list is not whole: {reason}")));
        }
        self.say(&text);
        rows.iter().take(ROWS).map(|row| row.name.clone()).collect()
    }

    async fn word(&mut self, ask: &Ask, line: &str, rows: &mut Vec<String>) -> Result<Word, Stop> {
        match line {
            "b" => return Ok(Word::Back),
            "+" => return Ok(Word::More),
            "q" => self.quit().await?,
            _ => {
                let list = line.strip_prefix('l').filter(|rest| rest.is_empty() || rest.starts_with(' '));
                if let Some(number) = line.strip_prefix('?') {
                    self.explain(ask, number.trim());
                } else if let (Some(filter), Control::Live(query)) = (list, &ask.control) {
                    *rows = self.list(query, filter.trim()).await;
                } else {
                    return Ok(Word::Text(line.to_owned()));
                }
            }
        }
        Ok(Word::Again)
    }

    fn prompt(&self, step: Step, ask: &Ask, numbered: bool) -> String {
        let what = match &ask.control {
            Control::Choice(_) => "number",
            Control::Flag => "y or n",
            _ if numbered => "number or text",
            Control::Live(_) => "text, or l for the list",
            _ => "text",
        };
        let found = ask.found.as_ref().map(|found| &found.text);
        let held =
            ask.answered.as_ref().or(found).or(ask.default.as_ref()).map(|held| crate::text::sanitise(held, 200));
        let held = held.or_else(|| self.without(step, ask).map(str::to_owned));
        format!("  {what}{}: ", held.map(|held| format!(" [{held}]")).unwrap_or_default())
    }

    /// What Enter means where there is no answer, no default and nothing was found; `None` where one is needed.
    fn without(&self, step: Step, ask: &Ask) -> Option<&'static str> {
        if matches!(ask.control, Control::Choice(_)) || ask.field == Field::StorePath {
            return None;
        }
        let needed = self.problems(step).iter().any(|problem| problem.field == ask.field);
        match step {
            Step::Place | Step::Repository if needed => Some("choose it later"),
            _ if needed => None,
            _ => Some("none"),
        }
    }

    pub(super) fn explain(&mut self, ask: &Ask, number: &str) {
        let mut text: String = ask.help.iter().map(|help| paper::indented("  ", help)).collect();
        if let Control::Choice(choices) = &ask.control {
            let one = number.parse::<usize>().ok().and_then(|number| choices.get(number.checked_sub(1)?));
            match one {
                Some(choice) => {
                    let told = choice.refused.iter().chain(&choice.detail);
                    text.extend(told.map(|detail| paper::indented("  ", detail)));
                }
                None => text.push_str("  ? and a number tells what choosing that means.\n"),
            }
        }
        if matches!(ask.control, Control::Live(_)) {
            text.push_str("  l shows the list; l and some letters show what has them.\n");
        }
        text.push_str("  Enter: what stands in brackets. -: no answer. b: back. +: what few need. q: quit.\n");
        text.push_str("  To answer with such a letter itself, write = before it.\n");
        self.say(&text);
    }
}

/// Why a choice cannot be taken.
fn refusal(ask: &Ask, text: &str) -> Option<String> {
    let Control::Choice(choices) = &ask.control else { return None };
    match choices.iter().find(|choice| choice.word == text) {
        Some(choice) => choice.refused.clone(),
        None => Some("Write one of the numbers.".to_owned()),
    }
}
