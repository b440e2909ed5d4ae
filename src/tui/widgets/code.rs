//! A QR code of an address, two rows of dots in one line of letters.

use qrcode::{Color, EcLevel, QrCode};

/// The quiet zone around a code, in dots. The standard asks for four; two suffice for cameras and fit a small screen.
const QUIET: usize = 2;

/// The lines of a code for `text`, dark on light where the upper and lower half blocks are drawn in black on white.
/// `None`: the text is too long for any code.
pub fn lines(text: &str) -> Option<Vec<String>> {
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
    let line = |y: usize| {
        (0..whole)
            .map(|x| match (dark(x, y), dark(x, y + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            })
            .collect()
    };
    Some((0..whole).step_by(2).map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_square_and_has_its_finders() {
        let lines = lines("https://github.com/settings/tokens/new").unwrap();
        let width = lines[0].chars().count();
        assert!(lines.iter().all(|line| line.chars().count() == width));
        assert_eq!(lines.len(), width.div_ceil(2));
        assert!(lines[1].starts_with("  █▀▀▀▀▀█"), "{}", lines[1]);
    }
}
