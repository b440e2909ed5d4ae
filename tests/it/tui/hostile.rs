//! Texts that would move a cursor, reorder a line or hide a word, shown through the real backend: what leaves the
//! program is text, and the few sequences that drawing takes.

use git_access::text::sanitise;
use git_access::tui::widgets::sheet::Sheet;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::style::Style;

/// What drawing may send: moves of the cursor, colours, erasing, showing the cursor, and links.
fn is_allowed(sequence: &str) -> bool {
    let Some(rest) = sequence.strip_prefix("\x1b[") else {
        return sequence.starts_with("\x1b]8;") && sequence.ends_with("\x1b\\");
    };
    let (parameters, last) = rest.split_at(rest.len() - 1);
    let plain = parameters.chars().all(|letter| letter.is_ascii_digit() || ";:".contains(letter));
    match last {
        "H" | "m" | "J" | "K" => plain,
        "h" | "l" => parameters == "?25",
        _ => false,
    }
}

/// The sequences in what was written, and the text between them.
fn parted(written: &str) -> (Vec<String>, String) {
    let (mut sequences, mut text) = (Vec::new(), String::new());
    let mut rest = written;
    while let Some(letter) = rest.chars().next() {
        if letter != '\x1b' {
            text.push(letter);
            rest = &rest[letter.len_utf8()..];
            continue;
        }
        let end = match rest.strip_prefix("\x1b]") {
            Some(inner) => inner.find("\x1b\\").map(|at| at + 4),
            None => rest.chars().skip(2).position(|letter| ('@'..='~').contains(&letter)).map(|at| at + 3),
        };
        let (sequence, after) = rest.split_at(end.unwrap_or(rest.len()));
        sequences.push(sequence.to_owned());
        rest = after;
    }
    (sequences, text)
}

fn hostile() -> Vec<String> {
    let attacks = [
        "\x1b[2J",
        "\x1b]0;title\x07",
        "\x1b]52;c;Z2hw\x07",
        "\x1bP1$r\x1b\\",
        "\u{9b}31m",
        "\u{9d}8;;x\u{9c}",
        "\x07",
        "\x08\x08",
        "\r\n",
        "\x0b\x0c",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{feff}",
        "\u{e0041}",
        "\u{2028}",
        "\u{85}",
        "\x7f",
        "\0",
        "a\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
        "\x1b]8;;https://evil.example\x1b\\",
        "\x1bc",
        "\x1b[6n",
        "\x1b[?1049h",
        "\x1b[201~",
    ];
    let around = ["", "repo", "a b ", "ghp_", "漢字", "x\u{301}"];
    let mut all = Vec::new();
    for attack in attacks {
        for before in around {
            all.push(format!("{before}{attack}tail"));
            all.push(format!("{attack}{before}{attack}"));
        }
    }
    all
}

#[test]
fn whatever_a_server_says_only_drawing_leaves_the_program() {
    let texts = hostile();
    assert!(texts.len() >= 300, "{}", texts.len());
    for text in texts {
        // Once as it passes the edge, and once as if the edge had been forgotten.
        for shown in [sanitise(&text, 200), text.clone()] {
            let mut written = Vec::new();
            {
                let backend = CrosstermBackend::new(&mut written);
                let area = ratatui::layout::Rect::new(0, 0, 60, 5);
                let options = ratatui::TerminalOptions { viewport: ratatui::Viewport::Fixed(area) };
                let mut terminal = Terminal::with_options(backend, options).unwrap();
                terminal
                    .draw(|frame| {
                        let mut sheet = Sheet::new(60);
                        sheet.text(2, &shown, Style::new());
                        sheet.link(2, &shown, Style::new());
                        sheet.draw(frame.buffer_mut(), area, 0);
                    })
                    .unwrap();
            }
            let written = String::from_utf8(written).unwrap();
            let (sequences, seen) = parted(&written);
            for sequence in &sequences {
                assert!(is_allowed(sequence), "{text:?} sent {sequence:?}");
            }
            assert!(!seen.chars().any(char::is_control), "{text:?} sent {seen:?}");
        }
        let safe = sanitise(&text, 200);
        assert!(!safe.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{feff}', '\u{2028}']), "{safe:?}");
    }
}
