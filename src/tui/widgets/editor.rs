//! A line to type into.
//!
//! Its text is wiped when it goes, with every step that undo remembers: a token may be in it. What moves and what is
//! taken away are whole graphemes, so a letter with its marks is one.

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation as _};
use unicode_width::UnicodeWidthStr as _;
use zeroize::Zeroizing;

/// The most that a line takes, in bytes: more than any token, address or path.
const LONGEST: usize = 8 * 1024;
/// The steps that undo remembers.
const REMEMBERED: usize = 100;

/// How the text of a line changes, or the place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    Left,
    Right,
    WordLeft,
    WordRight,
    Home,
    End,
    Backspace,
    Delete,
    DeleteWord,
    DeleteToStart,
    DeleteToEnd,
    Undo,
}

#[derive(Clone, Debug, Default)]
pub struct Editor {
    text: Zeroizing<String>,
    /// In bytes, at a border of graphemes.
    at: usize,
    before: Vec<(Zeroizing<String>, usize)>,
    /// The last change was a typed letter: the next one belongs to the same step.
    typing: bool,
}

/// What a paste came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pasted {
    Whole,
    /// Only the first line of several was taken.
    FirstLine,
    /// There was nothing in it.
    Nothing,
    TooLong,
}

impl Editor {
    pub fn of(text: &str) -> Self {
        Self { text: Zeroizing::new(text.to_owned()), at: text.len(), before: Vec::new(), typing: false }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes the text out; nothing of it stays.
    pub fn take(&mut self) -> Zeroizing<String> {
        self.before.clear();
        self.at = 0;
        std::mem::take(&mut self.text)
    }

    pub fn insert(&mut self, letter: char) {
        if letter.is_control() || self.text.len() + letter.len_utf8() > LONGEST {
            return;
        }
        if !self.typing {
            self.remember();
        }
        self.typing = !letter.is_whitespace();
        self.splice(letter.encode_utf8(&mut [0; 4]));
    }

    /// Takes in what was pasted: the first line, without what surrounds a copied word (white space, quotes) and without
    /// what is no letter. It never acts as a key.
    pub fn paste(&mut self, pasted: &str) -> Pasted {
        let mut lines = pasted.trim().split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty());
        let Some(line) = lines.next() else { return Pasted::Nothing };
        let several = lines.next().is_some();
        let quoted = ['"', '\'', '`']
            .into_iter()
            .find_map(|quote| line.strip_prefix(quote)?.strip_suffix(quote).filter(|inner| !inner.contains(quote)));
        let line = quoted.unwrap_or(line).trim();
        if self.text.len() + line.len() > LONGEST {
            return Pasted::TooLong;
        }
        // An exact capacity: a string that grows leaves copies of what was in it.
        let mut clean = Zeroizing::new(String::with_capacity(line.len()));
        clean.extend(line.chars().filter(|letter| !letter.is_control()));
        if clean.is_empty() {
            return Pasted::Nothing;
        }
        self.remember();
        self.splice(&clean);
        if several { Pasted::FirstLine } else { Pasted::Whole }
    }

    /// Replaces the whole text, as one step of undo.
    pub fn replace(&mut self, text: &str) {
        self.remember();
        self.text = Zeroizing::new(text.to_owned());
        self.at = text.len();
    }

    pub fn edit(&mut self, edit: Edit) {
        match edit {
            Edit::Left => self.at = self.left(),
            Edit::Right => self.at = self.right(),
            Edit::WordLeft => self.at = self.word_left(),
            Edit::WordRight => self.at = self.word_right(),
            Edit::Home => self.at = 0,
            Edit::End => self.at = self.text.len(),
            Edit::Backspace => self.cut(self.left(), self.at),
            Edit::Delete => self.cut(self.at, self.right()),
            Edit::DeleteWord => self.cut(self.word_left(), self.at),
            Edit::DeleteToStart => self.cut(0, self.at),
            Edit::DeleteToEnd => self.cut(self.at, self.text.len()),
            Edit::Undo => {
                if let Some((text, at)) = self.before.pop() {
                    (self.text, self.at) = (text, at);
                }
            }
        }
        self.typing = false;
    }

    fn remember(&mut self) {
        if self.before.len() == REMEMBERED {
            self.before.remove(0);
        }
        self.before.push((self.text.clone(), self.at));
        self.typing = false;
    }

    /// The text with a piece in it: built anew, since growing in place may leave an unwiped copy behind.
    fn splice(&mut self, piece: &str) {
        let mut whole = Zeroizing::new(String::with_capacity(self.text.len() + piece.len()));
        whole.push_str(&self.text[..self.at]);
        whole.push_str(piece);
        whole.push_str(&self.text[self.at..]);
        self.text = whole;
        self.at += piece.len();
    }

    fn cut(&mut self, from: usize, to: usize) {
        if from < to {
            self.remember();
            self.text.replace_range(from..to, "");
            self.at = from;
        }
    }

    fn left(&self) -> usize {
        GraphemeCursor::new(self.at, self.text.len(), true).prev_boundary(&self.text, 0).ok().flatten().unwrap_or(0)
    }

    fn right(&self) -> usize {
        let end = self.text.len();
        GraphemeCursor::new(self.at, end, true).next_boundary(&self.text, 0).ok().flatten().unwrap_or(end)
    }

    fn word_left(&self) -> usize {
        let mut words = self.text[..self.at].unicode_word_indices();
        words.next_back().map_or(0, |(start, _)| start)
    }

    fn word_right(&self) -> usize {
        let mut words = self.text[self.at..].unicode_word_indices();
        words.next().map_or(self.text.len(), |(start, word)| self.at + start + word.len())
    }

    /// What is seen of the text in so many columns, and the column of the cursor: the part around it.
    pub fn window(&self, width: usize) -> (String, usize) {
        let width = width.max(2);
        // The cursor may stand behind the last letter, so one column is its own.
        let mut start = 0;
        while self.text[start..self.at].width() >= width {
            start += self.text[start..].graphemes(true).next().map_or(1, str::len);
        }
        let mut seen = String::new();
        for grapheme in self.text[start..].graphemes(true) {
            if seen.width() + grapheme.width() > width {
                break;
            }
            seen.push_str(grapheme);
        }
        (seen, self.text[start..self.at].width())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str, edits: &[Edit]) -> Editor {
        let mut editor = Editor::of(text);
        for edit in edits {
            editor.edit(*edit);
        }
        editor
    }

    #[test]
    fn graphemes_and_words_are_moved_over_and_taken_away_whole() {
        use Edit::{Backspace, Delete, DeleteToEnd, DeleteToStart, DeleteWord, Home, Left, WordLeft, WordRight};
        for (text, edits, left) in [
            ("ae\u{301}", &[Backspace][..], "a"),
            ("a👨‍👩‍👧b", &[Left, Backspace], "ab"),
            ("acme/gitops repo", &[DeleteWord], "acme/gitops "),
            ("acme/gitops", &[WordLeft, DeleteToStart], "gitops"),
            ("acme/gitops", &[Home, WordRight, DeleteToEnd], "acme"),
            ("gitops", &[Home, Delete], "itops"),
            ("", &[Backspace, Delete, DeleteWord, WordLeft, WordRight], ""),
        ] {
            assert_eq!(after(text, edits).text(), left, "{text:?} {edits:?}");
        }
    }

    #[test]
    fn undo_takes_back_a_word_or_one_deletion() {
        let mut editor = Editor::of("");
        "git ops".chars().for_each(|letter| editor.insert(letter));
        editor.edit(Edit::DeleteWord);
        assert_eq!(editor.text(), "git ");
        editor.edit(Edit::Undo);
        assert_eq!(editor.text(), "git ops");
        editor.edit(Edit::Undo);
        assert_eq!(editor.text(), "git ");
        editor.edit(Edit::Undo);
        assert_eq!(editor.text(), "");
        editor.edit(Edit::Undo);
        assert_eq!(editor.text(), "");
    }

    #[test]
    fn a_paste_is_one_clean_line() {
        for (pasted, text, came_to) in [
            ("  ghp_abc\r\n", "ghp_abc", Pasted::Whole),
            ("\"ghp_abc\"\n", "ghp_abc", Pasted::Whole),
            ("'ghp_abc'", "ghp_abc", Pasted::Whole),
            ("one\r\rtwo\n", "one", Pasted::FirstLine),
            ("a\u{1b}[201~b\u{7}", "a[201~b", Pasted::Whole),
            ("say \"it\"", "say \"it\"", Pasted::Whole),
            ("\n \r", "", Pasted::Nothing),
        ] {
            let mut editor = Editor::of("");
            assert_eq!(editor.paste(pasted), came_to, "{pasted:?}");
            assert_eq!(editor.text(), text, "{pasted:?}");
        }
        let mut editor = Editor::of("here");
        assert_eq!(editor.paste(&"x".repeat(1 << 20)), Pasted::TooLong);
        assert_eq!(editor.text(), "here");
    }

    #[test]
    fn the_window_follows_the_cursor() {
        let mut editor = Editor::of("https://git.example/acme/gitops");
        let (seen, column) = editor.window(10);
        assert_eq!((seen.as_str(), column), ("me/gitops", 9));
        editor.edit(Edit::Home);
        assert_eq!(editor.window(10), ("https://gi".to_owned(), 0));
        assert_eq!(Editor::of("漢字").window(10), ("漢字".to_owned(), 4));
    }
}
