//! Applying: the list that was confirmed, with what became of each line.

use ratatui::text::{Line, Span};

use crate::tui::theme::Theme;
use crate::tui::widgets::sheet::Sheet;
use crate::wizard::Wizard;

/// Whether it has stopped at a refusal.
pub fn has_stopped(wizard: &Wizard) -> bool {
    wizard.applied().any(|(_, outcome)| outcome.is_err())
}

pub fn body(sheet: &mut Sheet, wizard: &Wizard, theme: &Theme, tick: usize) {
    let applied: Vec<_> = wizard.applied().collect();
    let mut next = !has_stopped(wizard);
    for command in wizard.commands() {
        let outcome = applied.iter().find(|(done, _)| done.stage() == command.stage());
        let (mark, style, words) = match outcome {
            Some((done, Ok(_))) => (theme.glyphs.pass, theme.pass(), done.describe()),
            Some((done, Err(_))) => (theme.glyphs.fail, theme.fail(), done.describe()),
            None if std::mem::take(&mut next) => (theme.spinner(tick), theme.accent(), command.describe()),
            None => (theme.glyphs.ahead, theme.quiet(), command.describe()),
        };
        let text = if outcome.is_some() { theme.text() } else { theme.quiet() };
        sheet.line(Line::from(vec![Span::styled(format!("  {mark} "), style), Span::styled(words, text)]));
        if let Some((_, Err(fault))) = outcome {
            sheet.focused(|sheet| {
                sheet.text(6, &fault.text, theme.text());
                if let Some(remedy) = &fault.remedy {
                    sheet.hanging(
                        &format!("    {} ", theme.glyphs.pointer),
                        theme.accent(),
                        &remedy.text,
                        theme.text(),
                    );
                    if let Some(url) = &remedy.url {
                        sheet.link(6, url, theme.link());
                    }
                }
            });
        }
    }
    sheet.gap();
    if has_stopped(wizard) {
        sheet.text(0, "It stopped there, and the connection is not saved. What was done before stays:", theme.warn());
        let made = applied.iter().filter(|(_, outcome)| outcome.is_ok());
        let mut any = false;
        for (command, _) in made {
            any = true;
            sheet.hanging(&format!("  {} ", theme.glyphs.dot), theme.quiet(), &command.describe(), theme.text());
        }
        if !any {
            sheet.text(2, "nothing", theme.text());
        }
        sheet.gap();
        sheet.text(0, "Ctrl-C leaves, and tells what is left behind and how to remove it.", theme.quiet());
    }
}
