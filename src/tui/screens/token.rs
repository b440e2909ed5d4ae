//! The token page: open the form, tick these boxes, paste what it gives.
//!
//! The page is beside its field at first, where letters are keys; a paste goes to the field from either place.

use unicode_width::UnicodeWidthStr as _;

use crate::tui::theme::Theme;
use crate::tui::widgets::sheet::{Sheet, padded};

/// Where one is on the token page.
#[derive(Debug, Default)]
pub struct TokenPage {
    /// In a field, and not beside it.
    pub in_field: bool,
}

/// Something to tick on the provider's form.
#[derive(Clone, Debug)]
pub struct Tick {
    pub name: String,
    pub required: bool,
    pub reason: String,
}

/// Where to make the token, and what to tick there.
pub fn steps(sheet: &mut Sheet, theme: &Theme, page: Option<(&str, bool)>, ticks: &[(String, Vec<Tick>)]) {
    let number = |sheet: &mut Sheet, number: usize, text: &str| {
        sheet.hanging(&format!("{number}  "), theme.key(), text, theme.text());
    };
    let prefilled = page.is_some_and(|(_, prefilled)| prefilled);
    if let Some((url, _)) = page {
        let text = if prefilled { "Open this page: the boxes are ticked there already." } else { "Open this page." };
        number(sheet, 1, text);
        sheet.link(3, url, theme.link());
        sheet.gap();
    }
    let all: usize = ticks.iter().map(|(_, ticks)| ticks.len()).sum();
    let text = match (all, prefilled) {
        (0, _) => "Nothing has to be ticked there.",
        (_, true) => "Compare the boxes, choose an end date, and make the token.",
        (_, false) => "Tick these boxes, choose an end date, and make the token.",
    };
    number(sheet, 2, text);
    let names = ticks.iter().flat_map(|(_, ticks)| ticks.iter().map(|tick| tick.name.width()));
    let widest = names.max().unwrap_or(0).min(sheet.width() / 3);
    for (group, ticks) in ticks {
        if !group.is_empty() && !ticks.is_empty() {
            sheet.text(3, group, theme.quiet());
        }
        for tick in ticks {
            let mark = if tick.required { theme.glyphs.ticked } else { theme.glyphs.unchosen };
            let head = format!("   {mark} {}  ", padded(&tick.name, widest, theme.glyphs.cut));
            let word = if tick.required { String::new() } else { "recommended: ".to_owned() };
            sheet.hanging(&head, theme.strong(), &format!("{word}{}", tick.reason), theme.quiet());
        }
    }
    sheet.gap();
    number(sheet, 3, "Paste the token here. It is not shown, and not kept before you have confirmed the review.");
}

/// What the text of a token tells, while it is in the field.
pub fn told(sheet: &mut Sheet, theme: &Theme, told: &Told) {
    let (mark, style, text) = match told {
        Told::Nothing => return,
        Told::Good(text) => (theme.glyphs.pass, theme.pass(), text),
        Told::Doubtful(text) => (theme.glyphs.warn, theme.warn(), text),
        Told::Wrong(text) => (theme.glyphs.fail, theme.fail(), text),
    };
    sheet.hanging(&format!("  {mark} "), style, text, style);
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Nothing,
    Good(String),
    Doubtful(String),
    Wrong(String),
}
