//! A QR code of an address.

use qrcode::{Color, EcLevel, QrCode};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

/// The quiet zone around a code, in dots. The standard asks for four; two suffice for cameras and fit a small screen.
const QUIET: usize = 2;

/// A code: which of its dots are dark, row by row, with the quiet zone.
#[derive(Debug)]
pub struct Code(Vec<Vec<bool>>);

impl Code {
    /// `None`: the text is too long for any code.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::L).ok()?;
        let width = code.width();
        let colors = code.to_colors();
        let dark = |x: usize, y: usize| {
            let inside = |place: usize| place.checked_sub(QUIET).filter(|place| *place < width);
            match (inside(x), inside(y)) {
                (Some(x), Some(y)) => colors.get(y * width + x) == Some(&Color::Dark),
                _ => false,
            }
        };
        let whole = width + 2 * QUIET;
        Some(Self((0..whole).map(|y| (0..whole).map(|x| dark(x, y)).collect()).collect()))
    }

    /// The code in lines, to be drawn in dark on light: with half `blocks`, two rows of dots in one line; else a dot is
    /// two blanks wide, and a dark one reversed.
    pub fn lines(&self, blocks: bool) -> Vec<Line<'static>> {
        if !blocks {
            let dot = |dark: &bool| {
                let style = if *dark { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
                Span::styled("  ", style)
            };
            return self.0.iter().map(|row| row.iter().map(dot).collect()).collect();
        }
        let line = |pair: &[Vec<bool>]| -> String {
            let below = |x: usize| pair.get(1).is_some_and(|row| row[x]);
            let letter = |(x, above): (usize, &bool)| match (above, below(x)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            };
            pair[0].iter().enumerate().map(letter).collect()
        };
        self.0.chunks(2).map(|pair| Line::from(line(pair))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_square_and_has_its_finders() {
        let code = Code::of("https://github.com/settings/tokens/new").unwrap();
        let lines = code.lines(true);
        let width = lines[0].width();
        assert!(lines.iter().all(|line| line.width() == width));
        assert_eq!(lines.len(), width.div_ceil(2));
        assert!(lines[1].to_string().starts_with("  █▀▀▀▀▀█"), "{}", lines[1]);
        let blanks = code.lines(false);
        assert!(blanks.iter().all(|line| line.width() == 2 * blanks.len() && line.to_string().trim().is_empty()));
    }
}
