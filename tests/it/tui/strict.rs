//! A terminal that knows only what the program may send, and takes everything else for an attack.
//!
//! Allowed are text, line ends, moves of the cursor, colours, erasing, three modes (the other screen, bracketed paste, the
//! cursor), links and the clipboard. Everything else is told with its bytes: another sequence, one that is not whole, a
//! control character, a letter that is not seen.

use std::collections::BTreeMap;

/// What was written, taken apart.
#[derive(Debug, Default)]
pub struct Written {
    pub text: String,
    /// Each kind of sequence, and how often it came: `m`, `H`, `?25h`, `OSC 8` …
    pub sequences: BTreeMap<String, usize>,
    /// What was handed to the clipboard, still in base64.
    pub copied: Vec<String>,
    /// The last state of each mode.
    modes: BTreeMap<u16, bool>,
    in_link: bool,
}

impl Written {
    /// Whether the terminal is as a shell expects it: first screen, cursor shown, no mode on, no link open.
    pub fn is_clean(&self) -> bool {
        let is = |mode: u16, otherwise: bool| self.modes.get(&mode).copied().unwrap_or(otherwise);
        !is(1049, false) && !is(2004, false) && is(25, true) && !self.in_link
    }

    pub fn has_drawn(&self) -> bool {
        self.modes.contains_key(&1049)
    }
}

/// Letters that are not seen, turn a line round, or stand for others.
pub fn is_hidden(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Takes `bytes` apart.
///
/// # Errors
/// The first thing that is not allowed, in words.
pub fn read(bytes: &[u8]) -> Result<Written, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("no UTF-8: {error}"))?;
    let mut written = Written::default();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if letter == '\x1b' {
            rest = sequence(rest, &mut written)?;
            continue;
        }
        if letter.is_control() && !matches!(letter, '\r' | '\n') {
            return Err(format!("a control character {letter:?} before {:?}", start(rest)));
        }
        if is_hidden(letter) {
            return Err(format!("a letter that hides, {letter:?}, in {:?}", start(rest)));
        }
        written.text.push(letter);
        rest = &rest[letter.len_utf8()..];
    }
    Ok(written)
}

fn start(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Takes one sequence from the front of `rest`; what comes after it.
fn sequence<'t>(rest: &'t str, written: &mut Written) -> Result<&'t str, String> {
    let wrong = |why: &str| format!("{why}: {:?}", start(rest));
    let count = |written: &mut Written, name: String| *written.sequences.entry(name).or_default() += 1;
    if let Some(inner) = rest.strip_prefix("\x1b[") {
        let end = inner.find(|letter| ('@'..='~').contains(&letter)).ok_or_else(|| wrong("not whole"))?;
        let (parameters, last) = (&inner[..end], &inner[end..=end]);
        let numbers = parameters.chars().all(|letter| letter.is_ascii_digit() || ";:".contains(letter));
        match (last, parameters.strip_prefix('?')) {
            ("H" | "m" | "J" | "K", _) if numbers => count(written, last.to_owned()),
            ("h" | "l", Some(mode @ ("25" | "1049" | "2004"))) => {
                written.modes.insert(mode.parse().unwrap_or_default(), last == "h");
                count(written, format!("?{mode}{last}"));
            }
            _ => return Err(wrong("not allowed")),
        }
        return Ok(&inner[end + 1..]);
    }
    let Some(inner) = rest.strip_prefix("\x1b]") else { return Err(wrong("not allowed")) };
    let end = inner.find(char::is_control).ok_or_else(|| wrong("not whole"))?;
    let (body, after) = inner.split_at(end);
    let after = after.strip_prefix("\x1b\\").ok_or_else(|| wrong("a control character inside"))?;
    if let Some(target) = body.strip_prefix("8;") {
        let (_, target) = target.split_once(';').ok_or_else(|| wrong("no link"))?;
        let is_address = target.starts_with("https://") || target.starts_with("http://127.0.0.1:");
        if !(target.is_empty() || is_address) || !target.is_ascii() {
            return Err(wrong("a link to elsewhere"));
        }
        written.in_link = !target.is_empty();
        count(written, "OSC 8".to_owned());
    } else if let Some(copied) = body.strip_prefix("52;c;") {
        written.copied.push(copied.to_owned());
        count(written, "OSC 52".to_owned());
    } else {
        return Err(wrong("not allowed"));
    }
    Ok(after)
}

#[test]
fn what_is_not_allowed_is_found() {
    let attacks = [
        "\x1b]0;title\x07",
        "\x1b]0;title\x1b\\",
        "\x1bP1$r\x1b\\",
        "\x1bc",
        "\x1b[6n",
        "\x1b[?1000h",
        "\x1b[>1u",
        "\x07",
        "\x08",
        "\t",
        "\u{9b}31m",
        "\u{85}",
        "\u{202e}",
        "\u{200b}",
        "\u{e0041}",
        "\x1b[3",
        "\x1b]8;;https://a",
        "\x1b]8;;javascript:x\x1b\\",
        "\x1b]8;;https://a\x1b[m\x1b\\",
        "\x1b[?1049$p",
        "\x1b_a\x1b\\",
        "\x7f",
        "\x1b[5i",
        "\x1b[2;3r",
        "\x1b[1@",
        "\x1b7",
    ];
    for attack in attacks {
        assert!(read(format!("before{attack}after").as_bytes()).is_err() || attack == "\x1b[3", "{attack:?}");
    }
    assert!(read(b"\x1b[3").is_err() && read(b"\xff").is_err());
    let mine = "\x1b[?1049h\x1b[?2004h\x1b[?25l\x1b[2J\x1b[1;2H\x1b[38;5;1mA\x1b]8;;https://a\x1b\\b\x1b]8;;\x1b\\\r\n";
    let written = read(mine.as_bytes()).unwrap();
    assert!(!written.is_clean() && written.has_drawn() && written.text == "Ab\r\n");
    assert!(read(format!("{mine}\x1b[?2004l\x1b[?1049l\x1b[?25h").as_bytes()).unwrap().is_clean());
}
