//! Draws the pages of README from the program itself, light and dark: `cargo test --test pictures`.
//!
//! The scene is the very wizard in front of the sandbox; only the backend is a buffer, and its cells become SVG.
//!
//! With `GIT_ACCESS_PICTURES=DIR` every page is drawn instead, in every size and look, below that folder; and with
//! `GIT_ACCESS_PICTURES_OF=dark,16` only in these looks.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a picture that cannot be drawn is none")]

#[path = "../it/tui/desk.rs"]
mod desk;
#[path = "../it/tui/player.rs"]
#[expect(dead_code, reason = "tests use more of it")]
mod player;
#[path = "../it/tui/tour.rs"]
mod tour;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use git_access::tui::Theme;
use git_access::tui::scene::Scene;
use git_access::tui::theme::{ASCII, Palette, UNICODE};
use git_access::tui::widgets::link;
use player::{Game, Player, run};
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use tour::{SIZES, Visitor};

const CELL: (f64, f64) = (8.4, 18.0);
const MARGIN: f64 = 14.0;

/// Ground and text of a terminal that the palette is made for.
fn ground(palette: Palette) -> (&'static str, &'static str) {
    match palette {
        Palette::Light => ("#ffffff", "#24292f"),
        _ => ("#10151d", "#cdd6e0"),
    }
}

fn color(color: Color, otherwise: &str) -> String {
    match color {
        Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
        Color::Black => "#000000".into(),
        Color::Red => "#cd3131".into(),
        Color::Green => "#0dbc79".into(),
        Color::Yellow => "#c9a400".into(),
        Color::Magenta => "#bc3fbc".into(),
        Color::Cyan => "#11a8cd".into(),
        Color::DarkGray => "#808080".into(),
        Color::White => "#ffffff".into(),
        _ => otherwise.to_owned(),
    }
}

fn svg(buffer: &Buffer, palette: Palette) -> String {
    let (paper, ink) = ground(palette);
    let (columns, rows) = (f64::from(buffer.area.width), f64::from(buffer.area.height));
    let (width, height) = (columns * CELL.0 + 2.0 * MARGIN + 4.0, rows * CELL.1 + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{paper}\"/>\n"
    );
    for y in 0..buffer.area.height {
        for x in 0..buffer.area.width {
            let cell = &buffer[(x, y)];
            let (left, top) = (MARGIN + f64::from(x) * CELL.0, MARGIN + f64::from(y) * CELL.1);
            let reversed = cell.modifier.contains(Modifier::REVERSED);
            if cell.bg != Color::Reset || reversed {
                let fill = if reversed { color(cell.fg, ink) } else { color(cell.bg, paper) };
                let _ = writeln!(
                    out,
                    "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{fill}\"/>",
                    CELL.0 + 0.3,
                    CELL.1 + 0.3
                );
            }
        }
        line(&mut out, buffer, y, (paper, ink));
    }
    out + "</svg>\n"
}

/// The letters of a row: neighbours of one style together, each in its own column.
fn line(out: &mut String, buffer: &Buffer, y: u16, (paper, ink): (&str, &str)) {
    let baseline = MARGIN + f64::from(y) * CELL.1 + 13.5;
    let mut x = 0;
    while x < buffer.area.width {
        let first = &buffer[(x, y)];
        let begin = x;
        let mut text = String::new();
        while x < buffer.area.width {
            let cell = &buffer[(x, y)];
            if (cell.fg, cell.modifier) != (first.fg, first.modifier) {
                break;
            }
            text.push_str(link::seen(cell.symbol()));
            x += 1;
        }
        if text.trim().is_empty() && !first.modifier.contains(Modifier::UNDERLINED) {
            continue;
        }
        let places: Vec<String> =
            (begin..x).map(|column| format!("{:.1}", MARGIN + f64::from(column) * CELL.0)).collect();
        let reversed = first.modifier.contains(Modifier::REVERSED);
        let mut look = format!(" fill=\"{}\"", if reversed { paper.to_owned() } else { color(first.fg, ink) });
        if first.modifier.contains(Modifier::BOLD) {
            look.push_str(" font-weight=\"bold\"");
        }
        if first.modifier.contains(Modifier::UNDERLINED) {
            look.push_str(" text-decoration=\"underline\"");
        }
        let text = homely(&text).replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{baseline:.1}\" xml:space=\"preserve\"{look}>{text}</text>",
            places.join(" ")
        );
    }
}

/// The sandbox's own address is of this computer and another each time: a server of one's own stands in its place, in
/// as many letters.
fn homely(text: &str) -> String {
    let mut text = text.to_owned();
    for (here, there) in [("http://127.0.0.1:", "https://gh.example.com"), ("127.0.0.1:", "gh.example.com ")] {
        while let Some(at) = text.find(here) {
            let digits = text[at + here.len()..].bytes().take_while(u8::is_ascii_digit).count();
            let end = at + here.len() + digits;
            // A port has five digits, or fewer where the line ends.
            text.replace_range(at..end, &there[..end - at]);
        }
    }
    text
}

/// The pages of README.
async fn pages(palette: Palette, suffix: &str, folder: &Path) {
    let theme = Theme { palette, glyphs: UNICODE };
    let mut game = Game::start("ready").await;
    let mut player = Player::themed(100, 28, theme, Duration::ZERO);
    let token = game.token("full");
    for (name, keys) in [
        ("platform", "<down>"),
        ("token", "<enter><enter>acme<enter><enter><enter>"),
        ("checks", "<paste:TOKEN><enter><enter><settle>"),
        ("review", "<enter><enter>"),
        ("done", "a<settle>"),
    ] {
        game.press(&mut player, &keys.replace("TOKEN", &token)).await;
        let picture = svg(player.stage.terminal().backend().buffer(), palette);
        assert!(!picture.contains(&token));
        std::fs::write(folder.join(format!("{name}{suffix}.svg")), picture).unwrap();
    }
}

/// Draws each page in every size.
struct Gallery<'f> {
    palette: Palette,
    folder: &'f Path,
}

impl Visitor for Gallery<'_> {
    async fn look<S: Scene>(&mut self, name: &str, player: &mut Player, scene: &mut S) {
        for (width, height) in SIZES {
            player.resize(width, height);
            player.press(scene, "").await;
            let folder = self.folder.join(format!("{width}x{height}"));
            std::fs::create_dir_all(&folder).unwrap();
            let picture = svg(player.stage.terminal().backend().buffer(), self.palette);
            std::fs::write(folder.join(format!("{name}.svg")), picture).unwrap();
        }
        player.resize(80, 24);
    }
}

/// Every page, in every size and every look, below `folder`.
async fn gallery(folder: &Path) {
    let wanted = std::env::var("GIT_ACCESS_PICTURES_OF").ok();
    for (name, palette, glyphs) in [
        ("dark", Palette::Dark, UNICODE),
        ("light", Palette::Light, UNICODE),
        ("16", Palette::Sixteen, UNICODE),
        ("none", Palette::None, UNICODE),
        ("ascii", Palette::None, ASCII),
    ] {
        if wanted.as_ref().is_none_or(|wanted| wanted.split(',').any(|one| one == name)) {
            let mut gallery = Gallery { palette, folder: &folder.join(name) };
            tour::everywhere(Theme { palette, glyphs }, &mut gallery).await;
        }
    }
}

fn main() {
    if let Some(folder) = std::env::var_os("GIT_ACCESS_PICTURES") {
        return run(gallery(Path::new(&folder)));
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/pictures");
    std::fs::create_dir_all(&folder).unwrap();
    run(async {
        pages(Palette::Dark, "-dark", &folder).await;
        pages(Palette::Light, "-light", &folder).await;
    });
}
