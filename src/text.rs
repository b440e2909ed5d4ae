//! Text of others, made safe to show.
//!
//! What a server says (messages, names, titles, header values) may move a cursor, reorder a line or hide a word. It
//! passes through [`sanitise`] once, at the edge where it enters the program; past that edge every text can be drawn,
//! logged and printed as it is. Nothing is dropped silently: what would be invisible is made visible.

/// A moment as RFC 3339 in UTC, in whole seconds: `2026-11-20T09:00:00Z`.
pub fn stamp(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `text` in one line of at most `most` characters, with `…` where it was cut.
///
/// - C0 and DEL become caret notation (`^[`), C1 becomes `�`;
/// - bidirectional controls, zero-width and tag characters, line and paragraph separators become `⟨U+202E⟩`;
/// - at most two combining marks stay on one base;
/// - white space is folded to single spaces, and cut at both ends.
pub fn sanitise(text: &str, most: usize) -> String {
    let mut safe = String::new();
    let (mut length, mut marks, mut space) = (0, 0, false);
    for character in text.chars() {
        if character.is_whitespace() && !is_hidden(character) && character != '\u{85}' {
            space = true;
            marks = 0;
            continue;
        }
        if is_combining(character) {
            marks += 1;
            if marks > 2 {
                continue;
            }
        } else {
            marks = 0;
        }
        let piece = visible(character);
        let gap = usize::from(space && !safe.is_empty());
        let needed = gap + piece.chars().count();
        if length + needed > most {
            while length >= most.max(1) {
                safe.pop();
                length -= 1;
            }
            safe.push('…');
            return safe;
        }
        if gap == 1 {
            safe.push(' ');
        }
        space = false;
        safe.push_str(&piece);
        length += needed;
    }
    safe
}

/// `text` as it is, but for what would move a cursor, hide or reorder, which is made visible; lines stay lines.
pub fn laid_open(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut open, character| {
        if character == '\n' {
            open.push(character);
        } else {
            open.push_str(&visible(character));
        }
        open
    })
}

/// Whether `text` is one line that needs no change to be shown.
pub fn is_plain(text: &str) -> bool {
    sanitise(text, usize::MAX) == text
}

/// A JSON document with the same values, in which whatever would move a cursor, hide or reorder is escaped: it stands in
/// strings only. RFC 8259, section 7, asks for less.
pub fn escaped_json(document: &str) -> String {
    let mut escaped = String::with_capacity(document.len());
    let mut rest = document;
    // Most of it is ASCII, and the report of a fleet is long: what is rare is looked at last.
    while let Some(at) = rest.bytes().position(|byte| !matches!(byte, b'\n' | b' '..=b'~')) {
        let (safe, following) = rest.split_at(at);
        escaped.push_str(safe);
        let mut following = following.chars();
        match following.next() {
            Some(letter) if letter.is_control() || is_hidden(letter) => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    escaped.push_str(&format!("\\u{unit:04x}"));
                }
            }
            letter => escaped.extend(letter),
        }
        rest = following.as_str();
    }
    escaped.push_str(rest);
    escaped
}

/// One segment of an address: every byte but letters, digits and `-._~` as `%XX` (RFC 3986, section 2.3).
pub fn percent_encoded(segment: &str) -> String {
    segment.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
        encoded
    })
}

fn visible(character: char) -> String {
    match character {
        '\0'..='\u{1f}' => format!("^{}", char::from(character as u8 ^ 0x40)),
        '\u{7f}' => "^?".to_owned(),
        '\u{80}'..='\u{9f}' => "\u{fffd}".to_owned(),
        _ if is_hidden(character) => format!("⟨U+{:04X}⟩", u32::from(character)),
        _ => character.to_string(),
    }
}

/// Characters that show nothing themselves and change what is seen around them (Unicode category Cf, the separators of
/// lines and paragraphs, and letters that are drawn as nothing).
pub fn is_hidden(character: char) -> bool {
    matches!(u32::from(character),
        0xAD | 0x600..=0x605 | 0x61C | 0x6DD | 0x70F | 0x890..=0x891 | 0x8E2 | 0x115F..=0x1160 | 0x17B4..=0x17B5
        | 0x180B..=0x180F | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x2800 | 0x3164 | 0xFEFF | 0xFFA0
        | 0xFFF0..=0xFFFB | 0x110BD | 0x110CD | 0x13430..=0x1343F | 0x1BCA0..=0x1BCA3 | 0x1D173..=0x1D17A
        | 0xE0000..=0xE0FFF)
}

/// The blocks of combining marks, and the marks of the scripts that are stacked in attacks.
fn is_combining(character: char) -> bool {
    matches!(u32::from(character),
        0x300..=0x36F | 0x483..=0x489 | 0x591..=0x5BD | 0x5BF | 0x5C1..=0x5C2 | 0x5C4..=0x5C5 | 0x610..=0x61A
        | 0x64B..=0x65F | 0x670 | 0x6D6..=0x6DC | 0x6DF..=0x6E4 | 0x730..=0x74A | 0x93C | 0x941..=0x948 | 0x94D
        | 0xE31 | 0xE34..=0xE3A | 0xE47..=0xE4E | 0xEB1 | 0xEB4..=0xEBC | 0xEC8..=0xECE | 0x135D..=0x135F
        | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x20D0..=0x20FF | 0x3099..=0x309A | 0xFE00..=0xFE0F | 0xFE20..=0xFE2F)
}

/// `text` in lines that begin with `indent` and are at most `width` characters long, where its words allow that.
pub fn wrapped(text: &str, indent: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let there = line.chars().count();
        if there > 0 && indent.len() + there + 1 + word.chars().count() > width {
            lines.push_str(indent);
            lines.push_str(&line);
            lines.push('\n');
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push_str(indent);
    lines.push_str(&line);
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_moves_hides_or_reorders_is_made_visible() {
        for (text, safe) in [
            ("plain, with ümlaut and 漢字", "plain, with ümlaut and 漢字"),
            ("a\x1b[31mred\x1b]0;title\x07", "a^[[31mred^[]0;title^G"),
            ("del\x7f csi\u{9b}31m nel\u{85}x", "del^? csi\u{fffd}31m nel\u{fffd}x"),
            ("two\r\n\t lines \u{a0}", "two lines"),
            ("gpj.\u{202e}exe", "gpj.⟨U+202E⟩exe"),
            ("zero\u{200b}width\u{feff}", "zero⟨U+200B⟩width⟨U+FEFF⟩"),
            ("a\u{2028}b\u{2029}c", "a⟨U+2028⟩b⟨U+2029⟩c"),
            ("tag\u{e0041}", "tag⟨U+E0041⟩"),
            ("e\u{301}\u{302}\u{303}\u{304}x", "e\u{301}\u{302}x"),
            ("", ""),
            (" \n ", ""),
        ] {
            assert_eq!(sanitise(text, 100), safe, "{text:?}");
        }
    }

    #[test]
    fn json_keeps_its_values_and_shows_them() {
        let value = serde_json::json!({ "a\u{202e}b": ["\u{9b}31m", "\x7f\x1b[2J", "\u{e0041}", "plain, 漢字\n"] });
        let escaped = escaped_json(&format!("{value:#}"));
        assert!(
            !escaped.chars().any(|letter| (letter.is_control() && letter != '\n') || is_hidden(letter)),
            "{escaped}"
        );
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
    }

    #[test]
    fn a_long_text_is_cut_where_it_shows() {
        assert_eq!(sanitise("abcdef", 6), "abcdef");
        assert_eq!(sanitise("abcdefg", 6), "abcde…");
        assert_eq!(sanitise("ab cdefg", 4), "ab …");
        assert_eq!(sanitise("abcd\u{202e}", 6), "abcd…");
    }

    proptest! {
        #[test]
        fn the_outcome_is_short_and_stays_as_it_is(text in any::<String>(), most in 1_usize..80) {
            let safe = sanitise(&text, most);
            prop_assert!(safe.chars().count() <= most, "{safe:?}");
            prop_assert!(is_plain(&safe) || safe.ends_with(" …"), "{safe:?}");
            prop_assert!(!safe.chars().any(|character| character.is_control() || is_hidden(character)), "{safe:?}");
        }
    }
}
