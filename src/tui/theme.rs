//! How things look, named by what they mean: a screen asks for `theme.fail()` and never for red.
//!
//! Nothing is told by colour alone: each verdict has a mark and a word, the row under the cursor a pointer, the question that is open a bar. So the same
//! frames serve where there are no colours (`NO_COLOR`), and where there are no such letters (a locale that is not
//! UTF-8).

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::frame::Mark;

/// Which colours are there to draw with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// 24-bit colours on a dark ground.
    Dark,
    /// 24-bit colours on a light ground.
    Light,
    /// The sixteen of the terminal itself, which suit its ground whatever that is.
    Sixteen,
    /// Bold, underlined and reversed only.
    None,
}

/// The letters that marks and lines are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyphs {
    pub pass: &'static str,
    pub warn: &'static str,
    pub fail: &'static str,
    pub unknown: &'static str,
    pub pending: &'static str,
    pub here: &'static str,
    pub ahead: &'static str,
    pub chosen: &'static str,
    pub unchosen: &'static str,
    pub ticked: &'static str,
    pub unticked: &'static str,
    pub bar: &'static str,
    pub pointer: &'static str,
    pub rule: &'static str,
    pub wall: &'static str,
    pub mask: &'static str,
    pub dot: &'static str,
    pub cut: &'static str,
    pub above: &'static str,
    pub below: &'static str,
    pub spinner: &'static [&'static str],
}

pub const UNICODE: &Glyphs = &Glyphs {
    pass: "✓",
    warn: "!",
    fail: "✗",
    unknown: "?",
    pending: "·",
    here: "●",
    ahead: "○",
    chosen: "●",
    unchosen: "○",
    ticked: "☑",
    unticked: "☐",
    bar: "▌",
    pointer: "›",
    rule: "─",
    wall: "│",
    mask: "●",
    dot: "·",
    cut: "…",
    above: "↑",
    below: "↓",
    spinner: &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
};

pub const ASCII: &Glyphs = &Glyphs {
    pass: "+",
    warn: "!",
    fail: "x",
    unknown: "?",
    pending: ".",
    here: "*",
    ahead: "o",
    chosen: "*",
    unchosen: "o",
    ticked: "[x]",
    unticked: "[ ]",
    bar: "|",
    pointer: ">",
    rule: "-",
    wall: "|",
    mask: "*",
    dot: "-",
    cut: "~",
    above: "^",
    below: "v",
    spinner: &["|", "/", "-", "\\"],
};

/// The look of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    pub palette: Palette,
    pub glyphs: &'static Glyphs,
}

/// What the environment says about the terminal: handed in, so that choosing is a function.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// `--color always` or `never`; `None` is `auto`.
    pub color: Option<bool>,
    pub no_color: Option<String>,
    pub term: Option<String>,
    pub colorterm: Option<String>,
    /// `foreground;background`, as some terminals tell it.
    pub colorfgbg: Option<String>,
    /// `GIT_ACCESS_THEME`: `dark`, `light`, `16` or `none`.
    pub wanted: Option<String>,
    /// `LC_ALL`, else `LC_CTYPE`, else `LANG`.
    pub locale: Option<String>,
}

impl Surroundings {
    pub fn of_the_process(color: Option<bool>) -> Self {
        let read = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            color,
            no_color: read("NO_COLOR"),
            term: read("TERM"),
            colorterm: read("COLORTERM"),
            colorfgbg: read("COLORFGBG"),
            wanted: read("GIT_ACCESS_THEME"),
            locale: read("LC_ALL").or_else(|| read("LC_CTYPE")).or_else(|| read("LANG")),
        }
    }

    fn palette(&self) -> Palette {
        if self.color == Some(false) || (self.color.is_none() && self.no_color.is_some()) {
            return Palette::None;
        }
        match self.wanted.as_deref() {
            Some("dark") => return Palette::Dark,
            Some("light") => return Palette::Light,
            Some("16") => return Palette::Sixteen,
            Some("none") => return Palette::None,
            _ => {}
        }
        let many = self.colorterm.as_deref().is_some_and(|value| value == "truecolor" || value == "24bit")
            || self.term.as_deref().is_some_and(|term| term.ends_with("-direct"));
        let ground = self.colorfgbg.as_deref().and_then(|pair| pair.rsplit(';').next()?.parse::<u8>().ok());
        match ground {
            // Without knowing the ground, colours of our own may be hard to read on it; the terminal's are not.
            Some(ground) if many => {
                if matches!(ground, 7 | 9..=15) {
                    Palette::Light
                } else {
                    Palette::Dark
                }
            }
            _ => Palette::Sixteen,
        }
    }

    fn glyphs(&self) -> &'static Glyphs {
        let locale = self.locale.as_deref().unwrap_or_default().to_ascii_lowercase();
        let wide = cfg!(windows) || locale.contains("utf-8") || locale.contains("utf8");
        // The console of the Linux kernel has a font of 512 letters.
        if wide && self.term.as_deref() != Some("linux") { UNICODE } else { ASCII }
    }
}

impl Theme {
    pub fn of(surroundings: &Surroundings) -> Self {
        Self { palette: surroundings.palette(), glyphs: surroundings.glyphs() }
    }

    fn pick(&self, dark: (u8, u8, u8), light: (u8, u8, u8), sixteen: Color) -> Style {
        let color = match self.palette {
            Palette::Dark => Color::Rgb(dark.0, dark.1, dark.2),
            Palette::Light => Color::Rgb(light.0, light.1, light.2),
            Palette::Sixteen => sixteen,
            Palette::None => return Style::new(),
        };
        Style::new().fg(color)
    }

    fn ground(&self, dark: (u8, u8, u8), light: (u8, u8, u8)) -> Style {
        match self.palette {
            Palette::Dark => Style::new().bg(Color::Rgb(dark.0, dark.1, dark.2)),
            Palette::Light => Style::new().bg(Color::Rgb(light.0, light.1, light.2)),
            Palette::Sixteen | Palette::None => Style::new(),
        }
    }

    /// What is read.
    pub fn text(&self) -> Style {
        self.pick((205, 214, 224), (36, 41, 47), Color::Reset)
    }

    /// What is there when it is looked for.
    pub fn quiet(&self) -> Style {
        match self.palette {
            // Dim is missing or unreadable in some terminals; bright black is there in all that have sixteen.
            Palette::None => Style::new(),
            _ => self.pick((128, 140, 156), (101, 109, 118), Color::DarkGray),
        }
    }

    pub fn strong(&self) -> Style {
        self.text().add_modifier(Modifier::BOLD)
    }

    /// What the page is about.
    pub fn title(&self) -> Style {
        self.accent().add_modifier(Modifier::BOLD)
    }

    pub fn accent(&self) -> Style {
        self.pick((122, 184, 255), (9, 94, 190), Color::Cyan)
    }

    /// A key to press.
    pub fn key(&self) -> Style {
        self.accent().add_modifier(Modifier::BOLD)
    }

    pub fn rule(&self) -> Style {
        match self.palette {
            Palette::None => Style::new(),
            _ => self.pick((62, 72, 86), (208, 215, 222), Color::DarkGray),
        }
    }

    /// The ground of the row under the cursor.
    fn selected(&self) -> Style {
        match self.palette {
            Palette::Dark | Palette::Light => self.ground((38, 50, 68), (221, 236, 255)).patch(self.text()),
            Palette::Sixteen | Palette::None => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    /// `line` as the row under the cursor, from end to end.
    pub fn under_cursor(&self, line: Line<'static>) -> Line<'static> {
        if matches!(self.palette, Palette::Dark | Palette::Light) {
            return line.style(self.selected());
        }
        // Reversed, each colour of the terminal would be a ground of its own.
        let plain = |span: Span<'static>| {
            let style = Style::new().add_modifier(span.style.add_modifier);
            Span::styled(span.content, style)
        };
        line.spans.into_iter().map(plain).collect::<Line<'_>>().style(self.selected())
    }

    /// The line that is typed into.
    pub fn field(&self) -> Style {
        match self.palette {
            Palette::Dark | Palette::Light => self.ground((30, 38, 51), (240, 244, 249)).patch(self.text()),
            Palette::Sixteen | Palette::None => Style::new().add_modifier(Modifier::UNDERLINED),
        }
    }

    /// What holds if nothing is typed.
    pub fn placeholder(&self) -> Style {
        self.field().patch(self.quiet())
    }

    /// The letters that the search has found.
    pub fn found(&self) -> Style {
        self.pick((255, 203, 107), (154, 103, 0), Color::Yellow).add_modifier(Modifier::UNDERLINED)
    }

    pub fn link(&self) -> Style {
        self.accent().add_modifier(Modifier::UNDERLINED)
    }

    pub fn pass(&self) -> Style {
        self.pick((126, 211, 137), (17, 119, 50), Color::Green)
    }

    pub fn warn(&self) -> Style {
        self.pick((240, 190, 90), (140, 90, 0), Color::Yellow)
    }

    pub fn fail(&self) -> Style {
        self.pick((255, 123, 114), (190, 30, 40), Color::Red).add_modifier(Modifier::BOLD)
    }

    pub fn unknown(&self) -> Style {
        self.pick((201, 160, 255), (118, 60, 190), Color::Magenta)
    }

    pub fn pending(&self) -> Style {
        self.quiet()
    }

    /// Mark and style of a verdict, by its word.
    pub fn verdict(&self, word: &str) -> (&'static str, Style) {
        match word {
            "pass" => (self.glyphs.pass, self.pass()),
            "warn" => (self.glyphs.warn, self.warn()),
            "fail" => (self.glyphs.fail, self.fail()),
            "pending" => (self.glyphs.pending, self.pending()),
            _ => (self.glyphs.unknown, self.unknown()),
        }
    }

    /// How far a step is.
    pub fn mark(&self, mark: Mark) -> (&'static str, Style) {
        match mark {
            Mark::Done => (self.glyphs.pass, self.pass()),
            Mark::Here => (self.glyphs.here, self.accent()),
            Mark::Ahead => (self.glyphs.ahead, self.quiet()),
            Mark::Failed => (self.glyphs.fail, self.fail()),
        }
    }

    /// The picture of something that goes on, at this tick.
    pub fn spinner(&self, tick: usize) -> &'static str {
        self.glyphs.spinner.get(tick % self.glyphs.spinner.len()).copied().unwrap_or(self.glyphs.pending)
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    fn around(change: impl FnOnce(&mut Surroundings)) -> Theme {
        let mut around = Surroundings { locale: Some("en_GB.UTF-8".into()), ..Surroundings::default() };
        change(&mut around);
        Theme::of(&around)
    }

    #[test]
    fn colours_follow_what_the_terminal_tells() {
        let truecolor = |ground: &str| {
            around(|one| (one.colorterm, one.colorfgbg) = (Some("truecolor".into()), Some(ground.into()))).palette
        };
        assert_eq!(truecolor("15;0"), Palette::Dark);
        assert_eq!(truecolor("0;default;15"), Palette::Light);
        assert_eq!(around(|one| one.colorterm = Some("truecolor".into())).palette, Palette::Sixteen);
        assert_eq!(around(|one| one.no_color = Some("1".into())).palette, Palette::None);
        assert_eq!(around(|one| (one.no_color, one.color) = (Some("1".into()), Some(true))).palette, Palette::Sixteen);
        assert_eq!(around(|one| one.color = Some(false)).palette, Palette::None);
        assert_eq!(around(|one| one.wanted = Some("light".into())).palette, Palette::Light);
    }

    #[test]
    fn letters_follow_the_locale() {
        assert_eq!(around(|_| ()).glyphs, UNICODE);
        assert_eq!(around(|one| one.locale = Some("C".into())).glyphs, ASCII);
        assert_eq!(around(|one| one.locale = None).glyphs, if cfg!(windows) { UNICODE } else { ASCII });
        assert_eq!(around(|one| one.term = Some("linux".into())).glyphs, ASCII);
    }

    #[test]
    fn each_mark_is_one_column_wide_and_no_two_verdicts_share_one() {
        for glyphs in [UNICODE, ASCII] {
            let marks = [glyphs.pass, glyphs.warn, glyphs.fail, glyphs.unknown, glyphs.pending];
            for (at, mark) in marks.iter().enumerate() {
                assert_eq!(mark.width(), 1, "{mark}");
                assert!(!marks[..at].contains(mark), "{mark} stands twice");
            }
            for mark in [glyphs.here, glyphs.ahead, glyphs.bar, glyphs.pointer, glyphs.mask, glyphs.cut] {
                assert_eq!(mark.width(), 1, "{mark}");
            }
            assert!(glyphs.spinner.iter().all(|picture| picture.width() == 1));
        }
    }

    #[test]
    fn without_colours_nothing_is_coloured() {
        let theme = Theme { palette: Palette::None, glyphs: ASCII };
        let styles = [theme.text(), theme.quiet(), theme.title(), theme.fail(), theme.selected(), theme.field()];
        assert!(styles.iter().all(|style| style.fg.is_none() && style.bg.is_none()));
        assert_ne!(theme.selected(), theme.text());
    }
}
