//! Every page in every look: without letters of its own, without colours, with sixteen.

use git_access::tui::Theme;
use git_access::tui::scene::Scene;
use git_access::tui::theme::{ASCII, Glyphs, Palette, UNICODE};
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

use super::player::{Player, run, text_of};
use super::tour::{self, SIZES, Visitor};

/// Looks at each page in every size, and says what is wrong with it.
struct Held(Rule, usize);

/// What is wrong with the page of this name, if anything is.
type Rule = fn(&str, &Buffer) -> Result<(), String>;

impl Visitor for Held {
    async fn look<S: Scene>(&mut self, name: &str, player: &mut Player, scene: &mut S) {
        for (width, height) in SIZES {
            player.resize(width, height);
            player.press(scene, "").await;
            let buffer = player.stage.terminal().backend().buffer();
            if let Err(wrong) = self.0(name, buffer) {
                panic!("{name} in {width}x{height}: {wrong}\n{}", text_of(buffer));
            }
            self.1 += 1;
        }
        player.resize(80, 24);
    }
}

fn every_page(theme: Theme, held: Rule) {
    let mut held = Held(held, 0);
    run(tour::everywhere(theme, &mut held));
    assert!(held.1 >= 100, "only {} pages were looked at", held.1);
}

/// Of a locale that is not UTF-8, each byte above 0x7f is a letter too many.
#[test]
fn without_colours_and_letters_of_its_own_every_page_shows_its_focus() {
    every_page(Theme { palette: Palette::None, glyphs: ASCII }, |name, buffer| {
        let text = text_of(buffer);
        if let Some(letter) = text.chars().find(|letter| !letter.is_ascii()) {
            return Err(format!("{letter:?} is not ASCII"));
        }
        coloured(buffer, |color| color != Color::Reset)?;
        has_its_focus(name, buffer, ASCII)
    });
}

/// The sixteen belong to the terminal's user, who has chosen them to suit the ground.
#[test]
fn with_sixteen_colours_no_page_has_another_and_each_shows_its_focus() {
    every_page(Theme { palette: Palette::Sixteen, glyphs: UNICODE }, |name, buffer| {
        coloured(buffer, |color| matches!(color, Color::Rgb(..) | Color::Indexed(_)))?;
        has_its_focus(name, buffer, UNICODE)
    });
}

fn coloured(buffer: &Buffer, wrong: impl Fn(Color) -> bool) -> Result<(), String> {
    // A camera needs dark on light, whatever the theme.
    let code = |cell: &ratatui::buffer::Cell| (cell.fg, cell.bg) == (Color::Black, Color::White);
    let found = buffer.content().iter().find(|cell| !code(cell) && (wrong(cell.fg) || wrong(cell.bg)));
    found.map_or(Ok(()), |cell| Err(format!("{:?} on {:?} at {:?}", cell.fg, cell.bg, cell.symbol())))
}

/// Where nothing is under a cursor: what is only read, and the token page beside its field.
const READ: &[&str] = &[
    "help",
    "token",
    "rotate-token",
    "apply",
    "apply-stopped",
    "connections-none",
    "connections-help",
    "connections-shown",
];

/// The row under the cursor is reversed and has the pointer, a line that is typed into is underlined and has it, too.
fn has_its_focus(name: &str, buffer: &Buffer, glyphs: &Glyphs) -> Result<(), String> {
    let row = |y| (0..buffer.area.width).map(move |x| &buffer[(x, y)]);
    let count = |y, modifier| row(y).filter(|cell| cell.modifier.contains(modifier)).count();
    let pointed = |y| row(y).any(|cell| cell.symbol() == glyphs.pointer);
    let rows = || 0..buffer.area.height;
    let reversed: Vec<u16> = rows().filter(|y| count(*y, Modifier::REVERSED) > 20).collect();
    let fields = rows().filter(|y| pointed(*y) && count(*y, Modifier::UNDERLINED) > 20).count();
    if name == "code" {
        return Ok(()); // Its dots are reversed.
    }
    if READ.contains(&name) {
        return if reversed.is_empty() { Ok(()) } else { Err(format!("{reversed:?} have a focus")) };
    }
    match reversed.first() {
        None if fields != 1 => Err(format!("nothing has the focus, and {fields} lines are typed into")),
        Some(first) if !pointed(*first) => Err(format!("row {first} has no pointer")),
        Some(first) if usize::from(reversed[reversed.len() - 1] - first) + 1 != reversed.len() => {
            Err(format!("{reversed:?} all have the focus"))
        }
        _ => Ok(()),
    }
}
