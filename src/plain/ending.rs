//! What is changed, line by line, and what remains to be done at the platform.

use super::{Console, Session, check, paper};
use crate::check::Verdict;
use crate::report::Entry;
use crate::wizard::Step;

impl<C: Console> Session<'_, C> {
    /// Tells each change as it is made; whether all were.
    pub(super) async fn apply(&mut self) -> bool {
        let screen = self.wizard.screen(Step::Apply);
        self.head(&screen);
        let mut told = 0;
        loop {
            let done: Vec<_> = self
                .wizard
                .applied()
                .skip(told)
                .map(|(command, outcome)| (command.describe(), outcome.as_ref().err().cloned()))
                .collect();
            told += done.len();
            for (what, fault) in done {
                let mut text = paper::hanging(if fault.is_some() { "  failed  " } else { "  done    " }, &what);
                if let Some(fault) = fault {
                    text.push_str(&paper::indented("          ", &fault.text));
                    if let Some(remedy) = &fault.remedy {
                        text.push_str(&paper::hanging("          -> ", &remedy.text));
                        text.extend(remedy.url.as_ref().map(|url| paper::line("             ", url)));
                    }
                }
                self.say(&text);
            }
            if !self.learn().await {
                break;
            }
        }
        let saved = self.wizard.is_saved();
        if !saved {
            self.stopped();
        }
        saved
    }

    /// Why nothing was saved, and what exists now all the same.
    fn stopped(&mut self) {
        let checks = self.wizard.judgement().checks;
        let mut text: String = checks.iter().filter(|one| one.verdict.is_fail()).map(check::row).collect();
        text.push_str("The connection was not saved.\n");
        for left in Entry::of(self.wizard).left_behind {
            text.push_str(&paper::hanging("  left behind: ", &left));
        }
        self.say(&text);
    }

    pub(super) fn done(&mut self) {
        let screen = self.wizard.screen(Step::Done);
        self.title(&screen);
        let Some(connection) = self.wizard.connection().filter(|_| self.wizard.is_saved()) else { return };
        let mut text = String::new();
        if let Some(platform) = self.wizard.platform() {
            let (fields, steps) = (platform.entered(&connection), platform.steps(&connection));
            if !fields.is_empty() || !steps.is_empty() {
                text.push_str(&format!("\n{}", paper::prose(&format!("{}:", platform.handover_title()))));
            }
            if !platform.menu().is_empty() {
                text.push_str(&paper::indented("  ", platform.menu()));
            }
            for field in fields {
                let name = crate::text::sanitise(&field.name, 80);
                text.push_str(&paper::line(&format!("    {name}: "), &field.value));
            }
            for (key, value) in &connection.handover {
                text.push_str(&paper::line("    ", &format!("{key}: {value}")));
            }
            for (number, step) in steps.iter().enumerate() {
                text.push_str(&paper::hanging(&format!("  {:>2}. ", number + 1), step));
            }
        }
        let accepted = self.wizard.judgement().checks;
        let accepted = accepted.iter().filter(|one| matches!(one.verdict, Verdict::Fail(_))).count();
        if accepted > 0 {
            text.push_str(&paper::prose(&format!("Saved although {accepted} of the checks failed.")));
        }
        self.say(&text);
        self.notes(&screen);
    }
}
