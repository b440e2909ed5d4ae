//! The review: every answer by number, what the config will hold, and what will be done. Nothing is changed before it.

use super::{Console, Session, Stop, Way, paper};
use crate::answers::Field;
use crate::check::CheckId;
use crate::config::Config;
use crate::wizard::{Control, Step};

impl<C: Console> Session<'_, C> {
    pub(super) async fn review(&mut self) -> Result<Way, Stop> {
        let screen = self.wizard.screen(Step::Review);
        self.head(&screen);
        let rows = self.rows();
        let widest = rows.iter().map(|(_, _, label, _)| label.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        for (number, (_, _, label, value)) in rows.iter().enumerate() {
            let head = format!("  {:>2}  {}  ", number + 1, paper::padded(&crate::text::sanitise(label, 60), widest));
            text.push_str(&paper::line(&head, value));
        }
        text.push_str(&self.consequences());
        self.say(&text);
        let dry = self.wizard.settings().dry_run;
        let prompt = if dry {
            "  y ends the dry run, a number edits that answer, b, q: "
        } else {
            "  y does all this, a number edits that answer, b, q: "
        };
        loop {
            let line = self.line(prompt).await?;
            let row = line.parse::<usize>().ok().and_then(|number| rows.get(number.checked_sub(1)?));
            match (line.as_str(), row) {
                ("y" | "yes", _) => return Ok(Way::On),
                ("b", _) => return Ok(Way::Back),
                ("q", _) => self.quit().await?,
                // Another platform or provider asks other things.
                (_, Some((step @ (Step::Platform | Step::Provider), Field::Platform | Field::Provider, ..))) => {
                    return Ok(Way::To(*step, None));
                }
                (_, Some((Step::Review, field, ..))) => self.edit_here(&field.clone()).await?,
                (_, Some((step, field, ..))) => return Ok(Way::To(*step, Some(field.clone()))),
                _ => self.say("  Nothing is done before you write y.\n"),
            }
            if row.is_some_and(|(step, ..)| *step == Step::Review) {
                return Ok(Way::To(Step::Review, None));
            }
        }
    }

    async fn edit_here(&mut self, field: &Field) -> Result<(), Stop> {
        let asks = self.wizard.screen(Step::Review).asks;
        if let Some(ask) = asks.iter().find(|ask| ask.field == *field) {
            self.ask(Step::Review, ask).await?;
        }
        Ok(())
    }

    /// Step, field, label and value of every answer, in the order in which they are asked.
    fn rows(&self) -> Vec<(Step, Field, String, String)> {
        let mut rows: Vec<(Step, Field, String, String)> = Vec::new();
        for step in self.wizard.path().into_iter().filter(|step| *step <= Step::Review) {
            for ask in self.wizard.screen(step).asks {
                let secret = matches!(ask.control, Control::Secret);
                let value = match (ask.answered, ask.default) {
                    _ if secret && self.wizard.credential().is_none() => continue,
                    _ if secret => "given; it is not shown".to_owned(),
                    (Some(answered), _) => answered,
                    (None, _) if ask.advanced => continue,
                    (None, Some(default)) => format!("{default} (nothing else was said)"),
                    (None, None) => "(left out)".to_owned(),
                };
                if !rows.iter().any(|(_, field, ..)| *field == ask.field) {
                    rows.push((step, ask.field, ask.label, value));
                }
            }
        }
        rows
    }

    /// Where the token may go and is kept, what the config will hold, and what is done one after the other.
    fn consequences(&self) -> String {
        let mut text = String::new();
        if let Some(site) = self.wizard.answers().site().filter(|_| self.wizard.credential().is_some()) {
            text.push_str("\nThe token is sent to these addresses, and to no other:\n");
            for origin in site.origins() {
                text.push_str(&paper::line("  ", &origin.to_string()));
            }
        }
        text.push_str("The secret is kept in:\n");
        text.push_str(&paper::indented("  ", &self.wizard.rests()));
        let accepted = self.wizard.accepted();
        if !accepted.is_empty() {
            text.push_str(&paper::prose(&format!("Accepted although they failed: {}", accepted.join(", "))));
        }
        let blocking: Vec<String> = self.wizard.blocking().iter().map(CheckId::name).collect();
        if !blocking.is_empty() {
            text.push_str(&paper::prose(&format!("These stand in the way: {}", blocking.join(", "))));
        }
        if let Some(config) = self.config() {
            text.push_str("The config will hold, and what was verified:\n");
            text.push_str(&paper::verbatim("  ", &config));
        }
        text.push_str(if self.wizard.settings().dry_run {
            "Without --dry-run this would happen:\n"
        } else {
            "This is done, in this order, and stopped at the first refusal:\n"
        });
        for (number, command) in self.wizard.commands().iter().enumerate() {
            text.push_str(&paper::hanging(&format!("  {:>2}  ", number + 1), &self.wizard.describe(command)));
        }
        text
    }

    /// The connection as the config will have it, without what the config begins with.
    fn config(&self) -> Option<String> {
        let connection = self.wizard.connection()?;
        let mut config = Config::parse(Some("version = 1\n")).ok()?;
        config.put(&connection).ok()?;
        let text = config.render();
        let begins = text.find("[connections")?;
        let text = text.get(begins..)?;
        // What is verified is known when it is saved, and not before.
        let lines = text.lines().take_while(|line| !line.ends_with(".verified]"));
        Some(lines.collect::<Vec<_>>().join("\n"))
    }
}
