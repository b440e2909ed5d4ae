//! A link: the terminal's own hyperlink (OSC 8) around text that stands in the cells of a frame.
//!
//! Each cell carries the whole sequence, because only cells that have changed are written: a link that were opened in
//! one cell and closed in another would come apart. See
//! <https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda> (read 2026-11-20).

use std::num::NonZeroU16;

use ratatui::buffer::{Buffer, CellDiffOption};

/// The longest address that is made a hyperlink, in bytes: some terminals stop reading there.
const LONGEST: usize = 2083;

/// Whether an address can stand in an escape sequence and leads to where it says.
pub fn is_safe(url: &str) -> bool {
    let web = url.starts_with("https://") || url.starts_with("http://");
    web && url.len() <= LONGEST && url.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Makes the cells of a row, from column `x` on and so many wide, lead to `url`.
pub fn make(buffer: &mut Buffer, x: u16, y: u16, width: u16, url: &str) {
    if !is_safe(url) {
        return;
    }
    // The same id in all cells: they are one link, also over several rows.
    let id = url.bytes().fold(5381_u32, |sum, byte| sum.wrapping_mul(33) ^ u32::from(byte));
    for column in x..x.saturating_add(width) {
        let Some(cell) = buffer.cell_mut((column, y)) else { continue };
        let symbol = format!("\x1b]8;id={id:x};{url}\x1b\\{}\x1b]8;;\x1b\\", cell.symbol());
        // Addresses are ASCII: each cell is one column wide.
        cell.set_symbol(&symbol).set_diff_option(CellDiffOption::ForcedWidth(NonZeroU16::MIN));
    }
}

/// What is seen of a cell: its symbol without the link around it.
pub fn seen(symbol: &str) -> &str {
    let Some(rest) = symbol.strip_prefix("\x1b]8;") else { return symbol };
    let inner = rest.split_once("\x1b\\").map_or("", |(_, inner)| inner);
    inner.strip_suffix("\x1b]8;;\x1b\\").unwrap_or(inner)
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn a_link_is_around_each_cell_and_the_text_stays() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 1));
        buffer.set_string(0, 0, "see it", Style::new());
        make(&mut buffer, 4, 0, 2, "https://git.example/a?b=c");
        let text: String = buffer.content().iter().map(|cell| seen(cell.symbol())).collect();
        assert_eq!(text, "see it    ");
        assert!(buffer[(4, 0)].symbol().starts_with("\x1b]8;id="));
        assert_eq!(buffer[(3, 0)].symbol(), " ");
    }

    #[test]
    fn what_could_end_the_sequence_makes_no_link() {
        for url in
            ["https://a/\x1b\\", "https://a/\u{7}", "javascript:alert(1)", "https://a/ b", "https://ä/", "file:///x"]
        {
            assert!(!is_safe(url), "{url:?}");
        }
    }
}
