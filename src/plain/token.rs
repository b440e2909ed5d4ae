//! The token: what to tick where it is made, and where it comes from.

use super::ask::Reply;
use super::{Console, Session, Stop, paper};
use crate::fact::{Fact, Query, Recognised, Value};
use crate::platform::Level;
use crate::secret::{NotASecret, Secret};
use crate::wizard::{Ask, Event, Step, Tick};

impl<C: Console> Session<'_, C> {
    /// What to tick for the platform and, apart, for ourselves; and the page where it is done.
    pub(super) fn boxes(&mut self) {
        let Some((boxes, platform)) = self.wizard.boxes().zip(self.wizard.platform()) else { return };
        let mut text = String::new();
        let mut group = |title: &str, ticks: &[Tick]| {
            if ticks.is_empty() {
                return;
            }
            text.push_str(&format!("\n{}", paper::prose(title)));
            for tick in ticks {
                let level = if tick.level == Level::Recommended { "recommended: " } else { "" };
                text.push_str(&paper::indented("  ", &format!("[x] {}", tick.title)));
                text.push_str(&paper::indented("      ", &format!("{level}{}", tick.reason)));
            }
        };
        group(&format!("Tick these, for {}:", platform.title), &boxes.needed);
        let own = if boxes.needed.is_empty() { "Tick these" } else { "And these" };
        group(&format!("{own}, for this program itself:"), &boxes.own);
        if !(boxes.needed.is_empty() && boxes.own.is_empty()) {
            text.push_str("Whatever goes beyond these is more than is needed, and the check says so.\n");
        }
        text.push_str(if boxes.page.prefilled {
            "Make it here; the boxes are ticked already when the page opens:\n"
        } else {
            "Make it here:\n"
        });
        text.push_str(&paper::line("  ", &boxes.page.url));
        text.push_str(&paper::prose(boxes.advice));
        self.say(&text);
    }

    pub(super) async fn ask_token(&mut self, ask: &Ask) -> Result<Reply, Stop> {
        let held = if self.wizard.credential().is_some() {
            "Enter keeps the one there is"
        } else {
            "Enter: it comes from elsewhere"
        };
        loop {
            self.say(&format!("\n{}", paper::prose(&ask.label)));
            let given = self.secret(&format!("  paste it; it is not shown ({held}): ")).await?;
            let secret = match given {
                Err(NotASecret::Empty) if self.wizard.credential().is_some() => return Ok(Reply::Settled),
                // Where else it could come from is asked next.
                Err(NotASecret::Empty) => {
                    self.say("  Not pasted: say where it comes from instead.\n");
                    return self.elsewhere().await;
                }
                Err(reason) => {
                    self.say(&paper::hanging("! ", &format!("{reason}.")));
                    continue;
                }
                Ok(secret) => secret,
            };
            let is = |letter: char| secret.is_made_of(1, |one| one == letter);
            if is('b') {
                return Ok(Reply::Back);
            } else if is('+') {
                return self.elsewhere().await;
            } else if is('q') {
                self.quit().await?;
            } else if is('?') {
                self.explain(ask, "");
            } else if self.deposit(secret).await {
                return Ok(Reply::Settled);
            }
        }
    }

    /// Hands the token to the world; false, and said why, where its text tells that it cannot serve.
    async fn deposit(&mut self, secret: Secret) -> bool {
        let (field, answer) = self.world.deposit(secret);
        self.answer(&field, answer);
        let Some(query) = self.wizard.credential().map(Query::Token) else { return true };
        while matches!(self.wizard.facts().of(&query), Some(Fact::Asked(_))) {
            if !self.learn().await {
                break;
            }
        }
        let reason = match self.wizard.facts().of(&query) {
            Some(Fact::Known(Value::Token(Recognised::Foreign(other)))) => format!("This is a token of {other}."),
            Some(Fact::Known(Value::Token(Recognised::Refused { reason, .. }))) => {
                format!("This token cannot serve: {reason}.")
            }
            _ => return true,
        };
        self.tell(Event::Clear(field));
        self.say(&paper::hanging("! ", &reason));
        false
    }

    /// The other places that a token can come from, one after the other.
    async fn elsewhere(&mut self) -> Result<Reply, Stop> {
        let asks = self.wizard.screen(Step::Token).asks.into_iter();
        let others = asks.filter(|ask| ask.field.is_token_source() && ask.advanced && ask.answered.is_none());
        for ask in others.collect::<Vec<_>>() {
            self.say(&format!("\n{}{}", paper::prose(&ask.label), paper::indented("  ", &ask.help.concat())));
            loop {
                let line = self.line("  text (Enter: none): ").await?;
                match line.as_str() {
                    "b" => return Ok(Reply::Back),
                    "q" => self.quit().await?,
                    "" | "-" => break,
                    text if self.give(Step::Token, &ask, text) => return Ok(Reply::Settled),
                    _ => {}
                }
            }
        }
        Ok(Reply::Settled)
    }

    /// A token that lies around: it is taken only when somebody says so.
    pub(super) async fn ask_found(&mut self, ask: &Ask) -> Result<Reply, Stop> {
        for found in ask.found.iter().chain(&ask.also) {
            if self.yes(&format!("Found: {} ({}). Take the token from there?", found.text, found.place)).await? {
                self.give(Step::Token, ask, &found.text);
                break;
            }
        }
        Ok(Reply::Settled)
    }
}
