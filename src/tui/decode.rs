//! What a terminal sends, read as keys and pastes.
//!
//! Pure: bytes in, inputs out, however the bytes were cut. What is not whole yet is kept; what nobody knows is dropped
//! whole, so that no part of an answer of the terminal is taken for typing. Sequences: xterm's "Control Sequences"
//! (<https://invisible-island.net/xterm/ctlseqs/ctlseqs.html>, read 2026-11-20), "PC-Style Function Keys" and
//! "Bracketed Paste Mode".

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use zeroize::Zeroizing;

use super::input::Input;

/// The most that a paste may bring, in bytes; the rest of a longer one is dropped. It is refused by every line anyway.
const LONGEST_PASTE: usize = 64 * 1024;
/// A sequence that is longer than this is none of ours.
const LONGEST_SEQUENCE: usize = 64;
const PASTE_END: &[u8] = b"\x1b[201~";

#[derive(Debug, Default)]
pub struct Decoder {
    /// What is not whole yet. A token may be in it.
    rest: Zeroizing<Vec<u8>>,
    /// Inside a paste.
    pasting: bool,
    paste: Zeroizing<Vec<u8>>,
}

/// What the beginning of the bytes is.
enum Piece {
    /// So many bytes, and what they mean, if anything.
    Whole(usize, Option<Input>),
    PasteBegins(usize),
    /// More has to come.
    Part,
}

impl Decoder {
    /// Whether something is kept that a key may be: a lone Esc is one if nothing follows it.
    pub fn is_waiting(&self) -> bool {
        !self.rest.is_empty() && !self.pasting
    }

    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Input> {
        self.rest.extend_from_slice(bytes);
        let mut inputs = Vec::new();
        let mut all = std::mem::take(&mut self.rest);
        let mut at = 0;
        while at < all.len() {
            if self.pasting {
                match self.take_paste(&all[at..]) {
                    (taken, Some(paste)) => {
                        inputs.push(paste);
                        at += taken;
                        continue;
                    }
                    (taken, None) => {
                        at += taken;
                        break;
                    }
                }
            }
            match piece(&all[at..]) {
                Piece::Whole(length, input) => {
                    inputs.extend(input);
                    at += length;
                }
                Piece::PasteBegins(length) => {
                    self.pasting = true;
                    at += length;
                }
                Piece::Part => break,
            }
        }
        all.drain(..at);
        self.rest = all;
        inputs
    }

    /// What the kept bytes are when nothing follows them: the key Esc, or nothing.
    pub fn settle(&mut self) -> Vec<Input> {
        let lone = *self.rest == [0x1b];
        if self.pasting {
            return Vec::new();
        }
        self.rest = Zeroizing::default();
        if lone { vec![plain(KeyCode::Esc)] } else { Vec::new() }
    }

    /// The bytes that belong to the paste, and the paste if this was its end.
    fn take_paste(&mut self, bytes: &[u8]) -> (usize, Option<Input>) {
        let end = bytes.windows(PASTE_END.len()).position(|window| window == PASTE_END);
        // The beginning of an end may stand at the end of what has come.
        let kept = (1..PASTE_END.len()).rev().find(|count| bytes.ends_with(&PASTE_END[..*count])).unwrap_or(0);
        let taken = end.unwrap_or(bytes.len() - kept);
        let room = LONGEST_PASTE.saturating_sub(self.paste.len());
        let mut whole = Zeroizing::new(Vec::with_capacity(self.paste.len() + taken.min(room)));
        whole.extend_from_slice(&self.paste);
        whole.extend_from_slice(&bytes[..taken.min(room)]);
        self.paste = whole;
        if end.is_none() {
            return (taken, None);
        }
        self.pasting = false;
        let paste = std::mem::take(&mut self.paste);
        let mut text = Zeroizing::new(String::with_capacity(paste.len() * 3));
        text.extend(paste.utf8_chunks().flat_map(|chunk| chunk.valid().chars()));
        (taken + PASTE_END.len(), Some(Input::Paste(text)))
    }
}

fn plain(code: KeyCode) -> Input {
    Input::Key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn piece(bytes: &[u8]) -> Piece {
    match bytes {
        [0x1b] | [0x1b, b'O'] => Piece::Part,
        [0x1b, b'[', ..] => control_sequence(bytes),
        [0x1b, b'O', letter, ..] => Piece::Whole(3, cursor_key(*letter).map(plain)),
        // Answers of the terminal that nobody asked for: to their end.
        [0x1b, b']' | b'P' | b'_' | b'^' | b'X', ..] => string_sequence(bytes),
        [0x1b, 0x1b, ..] => Piece::Whole(1, Some(plain(KeyCode::Esc))),
        [0x1b, ..] => match letter(&bytes[1..]) {
            Piece::Whole(length, Some(Input::Key(key))) => {
                let key = KeyEvent::new(key.code, key.modifiers | KeyModifiers::ALT);
                Piece::Whole(length + 1, Some(Input::Key(key)))
            }
            Piece::Whole(length, _) => Piece::Whole(length + 1, None),
            other => other,
        },
        _ => letter(bytes),
    }
}

/// A letter, or a key that is sent as a control character.
fn letter(bytes: &[u8]) -> Piece {
    let control = |letter: u8| Some(Input::Key(KeyEvent::new(KeyCode::Char(letter.into()), KeyModifiers::CONTROL)));
    let first = bytes[0];
    match first {
        b'\r' => Piece::Whole(1, Some(plain(KeyCode::Enter))),
        b'\t' => Piece::Whole(1, Some(plain(KeyCode::Tab))),
        0x7f => Piece::Whole(1, Some(plain(KeyCode::Backspace))),
        0 => Piece::Whole(1, control(b' ')),
        0x01..=0x1a => Piece::Whole(1, control(first - 1 + b'a')),
        0x1c..=0x1f => Piece::Whole(1, control(first - 0x1c + b'4')),
        _ => {
            let length = match first {
                0x20..=0x7e => 1,
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => return Piece::Whole(1, None),
            };
            let Some(whole) = bytes.get(..length) else { return Piece::Part };
            match std::str::from_utf8(whole).ok().and_then(|text| text.chars().next()) {
                Some(letter) => Piece::Whole(length, Some(plain(KeyCode::Char(letter)))),
                None => Piece::Whole(1, None),
            }
        }
    }
}

/// `ESC [ parameters final`
fn control_sequence(bytes: &[u8]) -> Piece {
    // The console of the Linux kernel sends its function keys as ESC [ [ A.
    if bytes.get(2) == Some(&b'[') {
        return match bytes.get(3) {
            None => Piece::Part,
            Some(letter @ b'A'..=b'E') => Piece::Whole(4, Some(plain(KeyCode::F(letter - b'A' + 1)))),
            Some(_) => Piece::Whole(4, None),
        };
    }
    let Some(end) = bytes.iter().skip(2).position(|byte| !matches!(byte, 0x20..=0x3f)).map(|at| at + 2) else {
        return if bytes.len() > LONGEST_SEQUENCE { Piece::Whole(bytes.len(), None) } else { Piece::Part };
    };
    let last = bytes[end];
    if !matches!(last, 0x40..=0x7e) {
        // Broken off: whatever comes now is something else.
        return Piece::Whole(end, None);
    }
    let text = std::str::from_utf8(&bytes[2..end]).unwrap_or_default();
    let mut numbers =
        text.split(';').map(|part| part.split(':').next().unwrap_or_default().parse::<u32>().unwrap_or(0));
    let (first, second) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(1));
    if (last, first) == (b'~', 200) {
        return Piece::PasteBegins(end + 1);
    }
    let code = match last {
        b'~' => numbered_key(first),
        b'Z' => Some(KeyCode::BackTab),
        b'u' => char::from_u32(first).map(unified_key),
        // With other numbers in front these are answers about the place of the cursor.
        b'P'..=b'S' if first > 1 => None,
        letter => cursor_key(letter),
    };
    let key = code.map(|code| Input::Key(KeyEvent::new(code, held(second))));
    Piece::Whole(end + 1, key)
}

fn string_sequence(bytes: &[u8]) -> Piece {
    let end = bytes.iter().enumerate().skip(2).find_map(|(at, byte)| match byte {
        0x07 => Some(at + 1),
        b'\\' if bytes[at - 1] == 0x1b => Some(at + 1),
        _ => None,
    });
    match end {
        Some(end) => Piece::Whole(end, None),
        None if bytes.len() > LONGEST_PASTE => Piece::Whole(bytes.len(), None),
        None => Piece::Part,
    }
}

/// The modifiers of a parameter: one more than the sum of Shift 1, Alt 2, Ctrl 4.
fn held(parameter: u32) -> KeyModifiers {
    let bits = parameter.saturating_sub(1);
    let mut held = KeyModifiers::NONE;
    for (bit, modifier) in [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)] {
        if bits & bit != 0 {
            held |= modifier;
        }
    }
    held
}

fn cursor_key(letter: u8) -> Option<KeyCode> {
    Some(match letter {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'M' => KeyCode::Enter,
        b'P'..=b'S' => KeyCode::F(letter - b'P' + 1),
        _ => return None,
    })
}

fn numbered_key(number: u32) -> Option<KeyCode> {
    Some(match number {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        11 => KeyCode::F(1),
        _ => return None,
    })
}

fn unified_key(letter: char) -> KeyCode {
    match letter {
        '\r' => KeyCode::Enter,
        '\t' => KeyCode::Tab,
        '\u{1b}' => KeyCode::Esc,
        '\u{7f}' => KeyCode::Backspace,
        other => KeyCode::Char(other),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(input: &Input) -> String {
        match input {
            Input::Key(key) => format!("{:?}{:?}", key.modifiers, key.code),
            Input::Paste(text) => format!("paste {}", text.as_str()),
            other => format!("{other:?}"),
        }
    }

    fn read(bytes: &[u8]) -> Vec<String> {
        let mut decoder = Decoder::default();
        let mut inputs = decoder.feed(bytes);
        inputs.extend(decoder.settle());
        inputs.iter().map(named).collect()
    }

    fn key(code: KeyCode, modifiers: KeyModifiers) -> String {
        named(&Input::Key(KeyEvent::new(code, modifiers)))
    }

    #[test]
    fn keys_are_read() {
        let none = KeyModifiers::NONE;
        for (bytes, expected) in [
            (&b"a"[..], key(KeyCode::Char('a'), none)),
            ("ä".as_bytes(), key(KeyCode::Char('ä'), none)),
            (b"\r", key(KeyCode::Enter, none)),
            (b"\x03", key(KeyCode::Char('c'), KeyModifiers::CONTROL)),
            (b"\x1f", key(KeyCode::Char('7'), KeyModifiers::CONTROL)),
            (b"\x1b", key(KeyCode::Esc, none)),
            (b"\x1b[A", key(KeyCode::Up, none)),
            (b"\x1bOA", key(KeyCode::Up, none)),
            (b"\x1b[1;5D", key(KeyCode::Left, KeyModifiers::CONTROL)),
            (b"\x1b[Z", key(KeyCode::BackTab, none)),
            (b"\x1b[3~", key(KeyCode::Delete, none)),
            (b"\x1bOP", key(KeyCode::F(1), none)),
            (b"\x1b[[A", key(KeyCode::F(1), none)),
            (b"\x1bb", key(KeyCode::Char('b'), KeyModifiers::ALT)),
            (b"\x1b\x7f", key(KeyCode::Backspace, KeyModifiers::ALT)),
            (b"\x1b[99;5u", key(KeyCode::Char('c'), KeyModifiers::CONTROL)),
        ] {
            assert_eq!(read(bytes), [expected], "{bytes:?}");
        }
    }

    #[test]
    fn a_paste_is_one_input_whatever_is_in_it() {
        assert_eq!(
            read(b"\x1b[200~one\rtwo\x1b[A\x1b[201~x"),
            ["paste one\rtwo\x1b[A".to_owned(), key(KeyCode::Char('x'), KeyModifiers::NONE)]
        );
        // What a paste has smuggled past its own end is typed, not part of it.
        assert_eq!(read(b"\x1b[200~a\x1b[201~\r"), ["paste a".to_owned(), key(KeyCode::Enter, KeyModifiers::NONE)]);
    }

    #[test]
    fn what_the_terminal_answers_is_not_typing() {
        for bytes in
            [&b"\x1b[24;80R"[..], b"\x1b]11;rgb:0000/0000/0000\x1b\\", b"\x1b[?62;c", b"\x1bP1$r0m\x1b\\", b"\x1b[I"]
        {
            assert!(read(bytes).is_empty(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_are_cut(bytes in prop::collection::vec(any::<u8>(), 0..60), cut in 0_usize..60) {
            let cut = cut.min(bytes.len());
            let mut parts = Decoder::default();
            let mut apart: Vec<_> = parts.feed(&bytes[..cut]).iter().map(named).collect();
            apart.extend(parts.feed(&bytes[cut..]).iter().map(named));
            let whole: Vec<_> = Decoder::default().feed(&bytes).iter().map(named).collect();
            prop_assert_eq!(apart, whole);
        }
    }
}
