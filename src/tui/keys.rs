//! Keys: one table from which keys get their meaning, the footer its words and the help its list.
//!
//! What a key means depends on where it is pressed. Where something is typed, letters are letters: what a letter does
//! elsewhere is done there with Ctrl.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::widgets::editor::Edit;

/// Where a key is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Context {
    /// One of a few rows is chosen.
    Choosing,
    /// A line is typed.
    Typing,
    /// A line is typed that searches a list.
    Searching,
    /// The token page, beside its field.
    Token,
    Checks,
    /// The review, on the line that applies it.
    Confirming,
    /// The review, on an answer.
    Review,
    Applying,
    Done,
    Connections,
    /// One connection, or any other text that is only read.
    Reading,
    /// A question stands in the way.
    Question,
    /// One of a few rows, in front of the page.
    Menu,
    Help,
}

impl Context {
    pub const ALL: &'static [Self] = &[
        Self::Choosing,
        Self::Typing,
        Self::Searching,
        Self::Token,
        Self::Checks,
        Self::Confirming,
        Self::Review,
        Self::Applying,
        Self::Done,
        Self::Connections,
        Self::Reading,
        Self::Question,
        Self::Menu,
        Self::Help,
    ];

    /// Whether letters are typed here.
    pub fn types(self) -> bool {
        matches!(self, Self::Typing | Self::Searching)
    }

    /// Whether this is a page of the way to the review.
    pub fn is_before_the_review(self) -> bool {
        PAGES.contains(&self)
    }

    /// What is done here, for the head of the help.
    pub fn title(self) -> &'static str {
        match self {
            Self::Choosing => "Choosing",
            Self::Typing => "Typing",
            Self::Searching => "Searching a list",
            Self::Token => "The token page",
            Self::Checks => "The checks",
            Self::Confirming => "The review",
            Self::Review => "The review, on an answer",
            Self::Applying => "While it is applied",
            Self::Done => "The end",
            Self::Connections => "The connections",
            Self::Reading => "Reading",
            Self::Question => "A question",
            Self::Menu => "A choice",
            Self::Help => "The help",
        }
    }
}

/// What is meant by a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    /// Take what is chosen or typed, and go on.
    Accept,
    Back,
    NextField,
    PreviousField,
    /// Go on with the whole page, from wherever in it.
    Onward,
    Edit(Edit),
    /// Open the page that belongs here in a browser.
    Open,
    /// Show that page as a QR code.
    Code,
    Copy,
    Retry,
    RetryAll,
    /// Go to the answer that this line comes from.
    Jump,
    /// Go to any step that was come to.
    Steps,
    /// Let everything happen that the review lists.
    Apply,
    /// Save although checks failed.
    Overrule,
    Yes,
    No,
    Check,
    Rotate,
    Add,
    Remove,
    Activate,
    Help,
    Leave,
    Suspend,
    Redraw,
}

/// A key, as it is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

const fn key(code: KeyCode) -> Key {
    Key { code, modifiers: KeyModifiers::NONE }
}

const fn letter(letter: char) -> Key {
    key(KeyCode::Char(letter))
}

const fn ctrl(letter: char) -> Key {
    Key { code: KeyCode::Char(letter), modifiers: KeyModifiers::CONTROL }
}

const fn alt(code: KeyCode) -> Key {
    Key { code, modifiers: KeyModifiers::ALT }
}

const fn with_ctrl(code: KeyCode) -> Key {
    Key { code, modifiers: KeyModifiers::CONTROL }
}

impl Key {
    pub fn name(self) -> String {
        let code = match self.code {
            KeyCode::Up => "up".to_owned(),
            KeyCode::Down => "down".to_owned(),
            KeyCode::Left => "left".to_owned(),
            KeyCode::Right => "right".to_owned(),
            KeyCode::Enter => "enter".to_owned(),
            KeyCode::Esc => "esc".to_owned(),
            KeyCode::Tab => "tab".to_owned(),
            KeyCode::BackTab => "shift-tab".to_owned(),
            KeyCode::Backspace => "backspace".to_owned(),
            KeyCode::Delete => "delete".to_owned(),
            KeyCode::Home => "home".to_owned(),
            KeyCode::End => "end".to_owned(),
            KeyCode::PageUp => "page up".to_owned(),
            KeyCode::PageDown => "page down".to_owned(),
            KeyCode::Char(' ') => "space".to_owned(),
            KeyCode::Char(letter) => letter.to_string(),
            KeyCode::F(number) => format!("f{number}"),
            _ => "?".to_owned(),
        };
        match self.modifiers {
            KeyModifiers::CONTROL => format!("ctrl-{code}"),
            KeyModifiers::ALT => format!("alt-{code}"),
            _ => code,
        }
    }

    fn is(self, event: &KeyEvent) -> bool {
        // Whoever presses a capital letter holds Shift, and only some terminals say so.
        let shiftless = event.modifiers - KeyModifiers::SHIFT;
        self.code == event.code && self.modifiers == shiftless
    }
}

/// A row of the table.
#[derive(Debug)]
pub struct Row {
    pub contexts: &'static [Context],
    pub keys: &'static [Key],
    pub intent: Intent,
    /// For the footer: keys and a word; empty where it is not shown there.
    pub short: (&'static str, &'static str),
    /// For the help.
    pub long: &'static str,
}

const fn row(
    contexts: &'static [Context],
    keys: &'static [Key],
    intent: Intent,
    short: (&'static str, &'static str),
    long: &'static str,
) -> Row {
    Row { contexts, keys, intent, short, long }
}

use Context::{
    Applying, Checks, Choosing, Confirming, Connections, Done, Help, Menu, Question, Reading, Review, Searching, Token,
    Typing,
};

const EVERYWHERE: &[Context] = Context::ALL;
const WRITTEN: &[Context] = &[Typing, Searching];
const LISTED: &[Context] = &[Choosing, Checks, Confirming, Review, Done, Connections, Menu];
const SCROLLED: &[Context] = &[Token, Applying, Reading, Help];
const UNWRITTEN: &[Context] =
    &[Choosing, Token, Checks, Confirming, Review, Applying, Done, Connections, Reading, Question, Menu, Help];
const PAGES: &[Context] = &[Choosing, Typing, Searching, Token, Checks, Confirming, Review];
const HIDDEN: (&str, &str) = ("", "");

/// Where the rows are few, or there are none: a page up or down moves the view, and the focus stays.
pub const PAGED: &[Context] = &[Choosing, Typing, Token, Confirming, Review, Done];

/// The table. Its order is that of the footer and of the help.
pub const TABLE: &[Row] = &[
    row(LISTED, &[key(KeyCode::Up), letter('k')], Intent::Up, ("↑↓", "choose"), "one row up"),
    row(LISTED, &[key(KeyCode::Down), letter('j')], Intent::Down, HIDDEN, "one row down"),
    row(&[Searching], &[key(KeyCode::Up)], Intent::Up, ("↑↓", "choose"), "one row up in the list"),
    row(&[Searching], &[key(KeyCode::Down)], Intent::Down, HIDDEN, "one row down in the list"),
    row(SCROLLED, &[key(KeyCode::Up), letter('k')], Intent::Up, HIDDEN, "up"),
    row(SCROLLED, &[key(KeyCode::Down), letter('j')], Intent::Down, HIDDEN, "down"),
    row(
        &[Question],
        &[key(KeyCode::Up), key(KeyCode::Left), letter('k')],
        Intent::Up,
        ("↑↓", "choose"),
        "the other answer",
    ),
    row(&[Question], &[key(KeyCode::Down), key(KeyCode::Right), letter('j')], Intent::Down, HIDDEN, "the other answer"),
    row(&[Choosing, Typing, Searching], &[key(KeyCode::Enter)], Intent::Accept, ("enter", "next"), "take it and go on"),
    row(&[Choosing], &[letter(' ')], Intent::Accept, HIDDEN, "take it and go on"),
    row(&[Token], &[key(KeyCode::Enter)], Intent::Accept, ("enter", "to the field"), "to the field for the token"),
    row(&[Checks], &[key(KeyCode::Enter)], Intent::Accept, ("enter", "next"), "go on, once nothing stands in the way"),
    row(
        &[Confirming],
        &[key(KeyCode::Enter)],
        Intent::Accept,
        ("enter", "apply"),
        "apply: everything listed here happens",
    ),
    row(&[Review], &[key(KeyCode::Enter)], Intent::Accept, ("enter", "edit"), "edit this line"),
    row(&[Done], &[key(KeyCode::Enter)], Intent::Accept, ("enter", "finish"), "finish"),
    row(&[Connections], &[key(KeyCode::Enter)], Intent::Accept, ("enter", "show"), "show this connection"),
    row(&[Question], &[key(KeyCode::Enter)], Intent::Accept, ("enter", "answer"), "answer so"),
    row(&[Menu], &[key(KeyCode::Enter)], Intent::Accept, ("enter", "go there"), "go there"),
    row(&[Menu], &[key(KeyCode::Esc), letter('q')], Intent::Back, ("esc", "close"), "close this"),
    row(&[Question], &[letter('y')], Intent::Yes, ("y", "yes"), "yes"),
    row(&[Question], &[letter('n'), key(KeyCode::Esc)], Intent::No, ("n", "no"), "no"),
    row(PAGES, &[key(KeyCode::Esc)], Intent::Back, ("esc", "back"), "one page back; nothing that was answered is lost"),
    row(
        &[Help, Reading],
        &[key(KeyCode::Esc), letter('q'), key(KeyCode::Enter)],
        Intent::Back,
        ("esc", "close"),
        "close this",
    ),
    row(&[Connections, Done], &[key(KeyCode::Esc), letter('q')], Intent::Leave, HIDDEN, "leave"),
    row(
        &[Choosing, Typing, Searching, Token],
        &[key(KeyCode::Tab)],
        Intent::NextField,
        ("tab", "next field"),
        "the next field of the page",
    ),
    row(
        &[Choosing, Typing, Searching, Token],
        &[key(KeyCode::BackTab)],
        Intent::PreviousField,
        HIDDEN,
        "the field before",
    ),
    row(&[Typing], &[key(KeyCode::Down)], Intent::NextField, HIDDEN, "the next field of the page"),
    row(&[Typing], &[key(KeyCode::Up)], Intent::PreviousField, HIDDEN, "the field before"),
    row(WRITTEN, &[ctrl('n'), alt(KeyCode::Enter)], Intent::Onward, HIDDEN, "go on to the next page"),
    row(
        &[Token, Checks, Done, Reading],
        &[letter('o')],
        Intent::Open,
        ("o", "open"),
        "open the page that belongs here in a browser",
    ),
    row(
        &[Typing, Searching, Choosing],
        &[ctrl('o')],
        Intent::Open,
        HIDDEN,
        "open the page that belongs here in a browser",
    ),
    row(&[Token, Checks, Reading], &[letter('Q')], Intent::Code, HIDDEN, "show that page's address as a QR code"),
    row(WRITTEN, &[ctrl('q')], Intent::Code, HIDDEN, "show that page's address as a QR code"),
    row(&[Checks], &[letter('e')], Intent::Jump, ("e", "edit"), "go to the answer that this comes from"),
    row(
        &[Choosing],
        &[letter('s'), key(KeyCode::F(2))],
        Intent::Steps,
        ("s", "steps"),
        "to any step that was answered; the way leads back here",
    ),
    row(
        &[Token, Checks, Confirming, Review],
        &[letter('s'), key(KeyCode::F(2))],
        Intent::Steps,
        HIDDEN,
        "to any step that was answered; the way leads back here",
    ),
    row(
        WRITTEN,
        &[ctrl('t'), key(KeyCode::F(2))],
        Intent::Steps,
        HIDDEN,
        "to any step that was answered; the way leads back here",
    ),
    row(&[Review], &[letter('a')], Intent::Apply, ("a", "apply"), "apply: everything listed here happens"),
    row(&[Confirming], &[letter('a')], Intent::Apply, HIDDEN, "apply: everything listed here happens"),
    row(&[Checks], &[letter('r')], Intent::Retry, ("r", "again"), "ask this again"),
    row(&[Checks], &[letter('R')], Intent::RetryAll, HIDDEN, "ask everything again"),
    row(&[Checks], &[letter('A')], Intent::Overrule, HIDDEN, "save although checks failed, which is recorded"),
    row(
        &[Done, Review],
        &[letter('c')],
        Intent::Copy,
        ("c", "copy"),
        "hand this to the clipboard of the terminal; never a secret",
    ),
    row(&[Connections], &[letter('c')], Intent::Check, ("c", "check"), "check this connection now; nothing is changed"),
    row(
        &[Connections],
        &[letter('r')],
        Intent::Rotate,
        ("r", "rotate"),
        "give it a new token, proven before the old one is let go",
    ),
    row(&[Connections], &[letter('a')], Intent::Add, ("a", "add"), "set up another connection"),
    row(&[Review], &[letter('e')], Intent::Jump, HIDDEN, "go to the answer that this comes from"),
    row(&[Connections], &[letter('e')], Intent::Jump, ("e", "edit"), "edit this connection"),
    row(&[Connections], &[letter('u')], Intent::Activate, ("u", "use"), "make it the active one"),
    row(
        &[Connections],
        &[letter('d'), key(KeyCode::Delete)],
        Intent::Remove,
        ("d", "remove"),
        "remove it with its stored secret; the forge is not touched",
    ),
    row(
        &[Choosing, Checks, Confirming, Review, Connections, Token, Applying, Done, Reading, Help],
        &[key(KeyCode::PageUp)],
        Intent::PageUp,
        HIDDEN,
        "one page up",
    ),
    row(
        &[Choosing, Checks, Confirming, Review, Connections, Token, Applying, Done, Reading, Help],
        &[key(KeyCode::PageDown)],
        Intent::PageDown,
        HIDDEN,
        "one page down",
    ),
    row(WRITTEN, &[key(KeyCode::PageUp)], Intent::PageUp, HIDDEN, "one page up"),
    row(WRITTEN, &[key(KeyCode::PageDown)], Intent::PageDown, HIDDEN, "one page down"),
    row(
        &[Choosing, Checks, Confirming, Review, Connections, Token, Applying, Done, Reading, Help],
        &[key(KeyCode::Home), letter('g')],
        Intent::First,
        HIDDEN,
        "to the top",
    ),
    row(
        &[Choosing, Checks, Confirming, Review, Connections, Token, Applying, Done, Reading, Help],
        &[key(KeyCode::End), letter('G')],
        Intent::Last,
        HIDDEN,
        "to the end",
    ),
    row(WRITTEN, &[key(KeyCode::Left), ctrl('b')], Intent::Edit(Edit::Left), HIDDEN, "one letter left"),
    row(WRITTEN, &[key(KeyCode::Right), ctrl('f')], Intent::Edit(Edit::Right), HIDDEN, "one letter right"),
    row(
        WRITTEN,
        &[with_ctrl(KeyCode::Left), alt(KeyCode::Left), alt(KeyCode::Char('b'))],
        Intent::Edit(Edit::WordLeft),
        HIDDEN,
        "one word left",
    ),
    row(
        WRITTEN,
        &[with_ctrl(KeyCode::Right), alt(KeyCode::Right), alt(KeyCode::Char('f'))],
        Intent::Edit(Edit::WordRight),
        HIDDEN,
        "one word right",
    ),
    row(WRITTEN, &[key(KeyCode::Home), ctrl('a')], Intent::Edit(Edit::Home), HIDDEN, "to the start of the line"),
    row(WRITTEN, &[key(KeyCode::End), ctrl('e')], Intent::Edit(Edit::End), HIDDEN, "to the end of the line"),
    row(
        WRITTEN,
        &[key(KeyCode::Backspace), ctrl('h')],
        Intent::Edit(Edit::Backspace),
        HIDDEN,
        "delete the letter before",
    ),
    row(WRITTEN, &[key(KeyCode::Delete), ctrl('d')], Intent::Edit(Edit::Delete), HIDDEN, "delete this letter"),
    row(
        WRITTEN,
        &[ctrl('w'), alt(KeyCode::Backspace)],
        Intent::Edit(Edit::DeleteWord),
        HIDDEN,
        "delete the word before",
    ),
    row(WRITTEN, &[ctrl('u')], Intent::Edit(Edit::DeleteToStart), HIDDEN, "delete to the start of the line"),
    row(WRITTEN, &[ctrl('k')], Intent::Edit(Edit::DeleteToEnd), HIDDEN, "delete to the end of the line"),
    row(WRITTEN, &[ctrl('_'), ctrl('7'), ctrl('y')], Intent::Edit(Edit::Undo), HIDDEN, "undo"),
    row(UNWRITTEN, &[letter('?')], Intent::Help, ("?", "help"), "show or close this help"),
    row(EVERYWHERE, &[key(KeyCode::F(1))], Intent::Help, HIDDEN, "show or close this help"),
    row(WRITTEN, &[ctrl('g')], Intent::Help, ("f1", "help"), "show this help"),
    row(
        EVERYWHERE,
        &[ctrl('c')],
        Intent::Leave,
        ("ctrl-c", "leave"),
        "leave; asked once where something would be lost",
    ),
    row(EVERYWHERE, &[ctrl('z')], Intent::Suspend, HIDDEN, "stop for a while; fg goes on"),
    row(EVERYWHERE, &[ctrl('l')], Intent::Redraw, HIDDEN, "draw everything anew"),
];

/// What `event` means in `context`.
pub fn meaning(context: Context, event: &KeyEvent) -> Option<Intent> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let rows = TABLE.iter().filter(|row| row.contexts.contains(&context));
    rows.flat_map(|row| row.keys.iter().map(move |key| (key, row.intent)))
        .find_map(|(key, intent)| key.is(event).then_some(intent))
}

/// The letter that `event` types, where letters are typed.
pub fn typed(event: &KeyEvent) -> Option<char> {
    let held = event.modifiers - KeyModifiers::SHIFT;
    // AltGr arrives as Ctrl and Alt on Windows, and makes letters such as @.
    let plain = held.is_empty() || held == (KeyModifiers::CONTROL | KeyModifiers::ALT);
    match event.code {
        KeyCode::Char(letter) if plain && event.kind != KeyEventKind::Release => Some(letter),
        _ => None,
    }
}

/// The keys to show below a page of this context, with their words; without what `absent` names.
pub fn footer(context: Context, absent: &[Intent]) -> Vec<(&'static str, &'static str)> {
    let rows = TABLE.iter().filter(|row| row.contexts.contains(&context) && !absent.contains(&row.intent));
    rows.map(|row| row.short).filter(|short| *short != HIDDEN).collect()
}

/// Every key of a context: their names, and what they do. Rows with one meaning are told together.
pub fn help(context: Context) -> Vec<(String, &'static str)> {
    let mut rows: Vec<(Intent, String, &'static str)> = Vec::new();
    for row in TABLE.iter().filter(|row| row.contexts.contains(&context)) {
        let names: Vec<String> = row.keys.iter().map(|key| key.name()).collect();
        match rows.iter_mut().find(|(intent, ..)| *intent == row.intent) {
            Some((_, there, _)) => *there = format!("{there}, {}", names.join(", ")),
            None => rows.push((row.intent, names.join(", "), row.long)),
        }
    }
    rows.into_iter().map(|(_, names, long)| (names, long)).collect()
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    fn rows(context: Context) -> impl Iterator<Item = &'static Row> {
        TABLE.iter().filter(move |row| row.contexts.contains(&context))
    }

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for context in Context::ALL {
            let mut seen: Vec<(Key, Intent)> = Vec::new();
            for (row, key) in rows(*context).flat_map(|row| row.keys.iter().map(move |key| (row, key))) {
                let twice = seen.iter().find(|(one, intent)| one == key && *intent != row.intent);
                assert!(twice.is_none(), "{} means two things in {context:?}", key.name());
                seen.push((*key, row.intent));
            }
        }
    }

    #[test]
    fn everywhere_there_is_a_way_out_and_help() {
        for context in Context::ALL {
            for intent in [Intent::Leave, Intent::Help, Intent::Suspend, Intent::Redraw] {
                assert!(rows(*context).any(|row| row.intent == intent), "{intent:?} is missing in {context:?}");
            }
        }
    }

    #[test]
    fn where_letters_are_typed_no_letter_is_a_key() {
        for context in Context::ALL.iter().filter(|context| context.types()) {
            for key in rows(*context).flat_map(|row| row.keys) {
                let plain = matches!(key.code, KeyCode::Char(_)) && key.modifiers.is_empty();
                assert!(!plain, "{} is typed in {context:?}", key.name());
            }
        }
    }

    #[test]
    fn a_footer_fits_and_the_help_says_everything() {
        for context in Context::ALL {
            let footer = footer(*context, &[]);
            let width: usize = footer.iter().map(|(keys, word)| keys.width() + 1 + word.width() + 2).sum();
            assert!(width <= 100, "{context:?}: {width}");
            assert!(footer.iter().any(|(_, word)| *word == "help"), "{context:?}");
            assert_eq!(
                help(*context).len(),
                rows(*context).map(|row| format!("{:?}", row.intent)).collect::<std::collections::BTreeSet<_>>().len()
            );
        }
    }

    #[test]
    fn capitals_and_composed_letters_are_read() {
        let capital = KeyEvent::new(KeyCode::Char('R'), KeyModifiers::SHIFT);
        assert_eq!(meaning(Context::Checks, &capital), Some(Intent::RetryAll));
        let composed = KeyEvent::new(KeyCode::Char('@'), KeyModifiers::CONTROL | KeyModifiers::ALT);
        assert_eq!(typed(&composed), Some('@'));
        assert_eq!(typed(&KeyEvent::new(KeyCode::Char('w'), KeyModifiers::CONTROL)), None);
    }
}
