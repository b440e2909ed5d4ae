//! The token: what to tick where it is made, and where it comes from.

use std::collections::BTreeSet;

use super::ask::Reply;
use super::{Console, Session, Stop, paper};
use crate::fact::{Fact, Query, Recognised, Value};
use crate::platform::Level;
use crate::provider::TokenKind;
use crate::secret::{NotASecret, Secret};
use crate::wizard::{Ask, Event, Step};

impl<C: Console> Session<'_, C> {
    /// What to tick for the platform and, apart, for ourselves; and the page where it is done.
    pub(super) fn boxes(&mut self) {
        let answers = self.wizard.answers();
        let (Some(platform), Some(site), Some(kind)) = (self.wizard.platform(), answers.site(), self.kind()) else {
            return;
        };
        let rules = site.provider.rules();
        let needs = platform.needs(site.provider, kind, None);
        let mut text = format!("\n{}", paper::prose(&format!("Tick these, for {}:", platform.title)));
        for need in &needs {
            let level = if need.level == Level::Recommended { "recommended: " } else { "" };
            text.push_str(&paper::indented("  ", &format!("[x] {}", rules.scope_title(&need.scope))));
            text.push_str(&paper::indented("      ", &format!("{level}{}", need.reason)));
        }
        let mut scopes: Vec<&str> = needs.iter().map(|need| need.scope.as_str()).collect();
        let held: BTreeSet<String> = rules.closure(&scopes.iter().map(ToString::to_string).collect());
        let mut own = rules.wizard_scopes(kind, answers.creates());
        if answers.creates() {
            own.extend(rules.creation_scopes(kind, None));
        }
        let mut seen = held;
        own.retain(|scope| seen.insert((*scope).to_owned()));
        if !own.is_empty() {
            text.push_str("And for this program itself, to look and to create:\n");
            for scope in &own {
                text.push_str(&paper::indented("  ", &format!("[x] {}", rules.scope_title(scope))));
            }
        }
        scopes.extend(own);
        let owner = answers.owner();
        let owner = owner.as_ref().map(|path| path.owner.as_str());
        let link = rules.token_page(&site, kind, &scopes, owner, &platform.id);
        text.push_str(if link.prefilled {
            "Make it here; the boxes are ticked already when the page opens:\n"
        } else {
            "Make it here:\n"
        });
        text.push_str(&paper::line("  ", &link.url));
        self.say(&text);
    }

    /// The kind that was chosen, else the first that the platform takes.
    fn kind(&self) -> Option<TokenKind> {
        let (provider, platform) = (self.wizard.answers().provider()?, self.wizard.platform()?);
        let mut kinds = provider.rules().kinds().iter().map(|row| row.kind);
        let answered = self.wizard.answers().token_kind();
        answered.or_else(|| kinds.find(|kind| platform.refuses(provider, *kind).is_none()))
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
        let Some(found) = &ask.found else { return Ok(Reply::Settled) };
        if self.yes(&format!("Found: {} ({}). Take the token from there?", found.text, found.place)).await? {
            self.give(Step::Token, ask, &found.text);
        }
        Ok(Reply::Settled)
    }
}
