//! The token page: open the form, tick these boxes, paste what it gives.
//!
//! The page is beside its field at first, where letters are keys; a paste goes to the field from either place.

use unicode_width::UnicodeWidthStr as _;

use crate::platform::Level;
use crate::tui::theme::Theme;
use crate::tui::widgets::sheet::{Sheet, padded};
use crate::wizard::Boxes;

/// Where one is on the token page.
#[derive(Debug, Default)]
pub struct TokenPage {
    /// In a field, and not beside it.
    pub in_field: bool,
}

/// Where to make the token, and what to tick there.
pub fn steps(sheet: &mut Sheet, theme: &Theme, boxes: &Boxes, platform: &str) {
    let number = |sheet: &mut Sheet, number: usize, text: &str| {
        sheet.hanging(&format!("{number}  "), theme.key(), text, theme.text());
    };
    let prefilled = boxes.page.prefilled;
    let text = if prefilled { "Open this page: the boxes are ticked there already." } else { "Open this page." };
    number(sheet, 1, text);
    sheet.link(3, &boxes.page.url, theme.link());
    sheet.gap();
    let text = match (boxes.needed.is_empty() && boxes.own.is_empty(), prefilled) {
        (true, _) => "Nothing has to be ticked there.",
        (_, true) => "Compare the boxes, choose an end date, and make the token.",
        (_, false) => "Tick these boxes, choose an end date, and make the token.",
    };
    number(sheet, 2, text);
    let names = boxes.needed.iter().chain(&boxes.own).map(|tick| tick.title.width());
    let widest = names.max().unwrap_or(0).min(sheet.width() / 3);
    for (group, ticks) in
        [(format!("for {platform}"), &boxes.needed), ("for this program itself".to_owned(), &boxes.own)]
    {
        if ticks.is_empty() {
            continue;
        }
        sheet.text(3, &group, theme.quiet());
        for tick in ticks {
            let required = tick.level == Level::Required;
            let mark = if required { theme.glyphs.ticked } else { theme.glyphs.unticked };
            let head = format!("   {mark} {}  ", padded(&tick.title, widest, theme.glyphs.cut));
            let word = if required { "" } else { "recommended: " };
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
    sheet.hanging(&format!("   {mark} "), style, text, style);
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Nothing,
    Good(String),
    Doubtful(String),
    Wrong(String),
}
