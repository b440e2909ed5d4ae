//! The token page: open the form, tick these boxes, paste what it gives.
//!
//! The page is beside its field at first, where letters are keys; a paste goes to the field from either place.

use ratatui::text::Line;
use unicode_width::UnicodeWidthStr as _;

use crate::platform::Level;
use crate::tui::theme::Theme;
use crate::tui::widgets::sheet::{Sheet, padded};
use crate::wizard::{Boxes, Tick};

/// Where one is on the token page.
#[derive(Debug, Default)]
pub struct TokenPage {
    /// In a field, and not beside it.
    pub in_field: bool,
}

/// Where to make the token, and what to tick there; `brief`: the boxes alone, without the reasons.
pub fn steps(sheet: &mut Sheet, theme: &Theme, boxes: &Boxes, platform: &str, brief: bool) {
    let number = |sheet: &mut Sheet, number: usize, text: &str| {
        sheet.hanging(&format!("{number}  "), theme.key(), text, theme.text());
    };
    let prefilled = boxes.page.prefilled;
    let text = if prefilled { "Open this page: the boxes are ticked there already." } else { "Open this page." };
    number(sheet, 1, text);
    sheet.link(3, &boxes.page.url, theme.link());
    if !brief {
        sheet.gap();
    }
    number(sheet, 2, what_to_do(boxes));
    if brief {
        flowing(sheet, theme, boxes);
        number(sheet, 3, "Paste it here. It is not shown.");
        return;
    }
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
            let head = format!("   {} {}  ", mark(tick, theme), padded(&tick.title, widest, theme.glyphs.cut));
            let word = if tick.level == Level::Required { "" } else { "recommended: " };
            sheet.hanging(&head, theme.strong(), &format!("{word}{}", tick.reason), theme.quiet());
        }
    }
    sheet.gap();
    number(sheet, 3, "Paste the token here. It is not shown, and not kept before you have confirmed the review.");
}

/// What is done on the form, as far as it lets one.
fn what_to_do(boxes: &Boxes) -> &'static str {
    let ticks = !(boxes.needed.is_empty() && boxes.own.is_empty());
    match (ticks, boxes.page.prefilled, boxes.can_expire) {
        (false, _, true) => "Nothing has to be ticked there: choose an end date, and make the token.",
        (false, _, false) => "Nothing has to be ticked there: make the token.",
        (true, true, true) => "Compare the boxes, choose an end date, and make the token.",
        (true, true, false) => "Compare the boxes, and make the token.",
        (true, false, true) => "Tick these boxes, choose an end date, and make the token.",
        (true, false, false) => "Tick these boxes, and make the token. It has no end date.",
    }
}

fn mark<'t>(tick: &Tick, theme: &'t Theme) -> &'t str {
    if tick.level == Level::Required { theme.glyphs.ticked } else { theme.glyphs.unticked }
}

/// The boxes one after the other, each in one piece.
fn flowing(sheet: &mut Sheet, theme: &Theme, boxes: &Boxes) {
    let mut line = "  ".to_owned();
    for tick in boxes.needed.iter().chain(&boxes.own) {
        let word = if tick.level == Level::Required { "" } else { " (recommended)" };
        let piece = format!(" {} {}{word} ", mark(tick, theme), tick.title);
        if line.width() > 2 && line.width() + piece.width() > sheet.width() {
            sheet.line(Line::styled(std::mem::replace(&mut line, "  ".to_owned()), theme.strong()));
        }
        line.push_str(&piece);
    }
    if line.width() > 2 {
        sheet.line(Line::styled(line, theme.strong()));
    }
}

/// Why each box is ticked.
pub fn reasons(sheet: &mut Sheet, theme: &Theme, boxes: &Boxes) {
    for tick in boxes.needed.iter().chain(&boxes.own) {
        sheet.hanging(&format!("{} {}: ", mark(tick, theme), tick.title), theme.strong(), &tick.reason, theme.text());
    }
    sheet.gap();
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
