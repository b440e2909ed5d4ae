//! Plays scenes with keys that are written as text: `"gitops<enter><down>"`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use futures_util::stream;
use git_access::answers::{Answer, Answers, Field};
use git_access::disk::Paths;
use git_access::platform::built_in;
use git_access::provider::{Host, Provider};
use git_access::sandbox::{Sandbox, Scenario};
use git_access::secret::Redaction;
use git_access::store::Stores;
use git_access::tui::frame::Page;
use git_access::tui::input::Input;
use git_access::tui::keys::{Context, Intent};
use git_access::tui::scene::{Deed, Look, Scene, Topic};
use git_access::tui::stage::{Ended, Outside, Stage};
use git_access::tui::theme::{Palette, UNICODE};
use git_access::tui::widgets::link;
use git_access::tui::{Circumstances, Left, SetUp, Theme};
use git_access::wizard::{Purpose, Settings, Wizard};
use git_access::world::World;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use zeroize::Zeroizing;

pub const THEME: Theme = Theme { palette: Palette::Dark, glyphs: UNICODE };

/// What was done outside the frames.
#[derive(Debug, Default)]
pub struct Recorder {
    pub copied: Vec<String>,
    pub opened: Vec<String>,
}

impl Outside for Recorder {
    fn copy(&mut self, text: &str) {
        self.copied.push(text.to_owned());
    }

    fn open(&mut self, url: &str) -> Result<(), String> {
        self.opened.push(url.to_owned());
        Ok(())
    }

    fn ask_to_stop(&mut self) -> Result<(), String> {
        Err("not in a test".to_owned())
    }

    fn stop(&mut self) {}

    fn take_again(&mut self) {}
}

/// The keys of a text; `<settle>` parts it.
pub fn keys(text: &str) -> Vec<Input> {
    let mut inputs = Vec::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        if let Some((name, after)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
            inputs.push(named(name));
            rest = after;
        } else {
            inputs.push(Input::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE)));
            rest = &rest[letter.len_utf8()..];
        }
    }
    inputs
}

fn named(name: &str) -> Input {
    if let Some(text) = name.strip_prefix("paste:") {
        return Input::Paste(Zeroizing::new(text.to_owned()));
    }
    let (name, modifiers) = match name.strip_prefix("ctrl-") {
        Some(letter) => (letter, KeyModifiers::CONTROL),
        None => (name, KeyModifiers::NONE),
    };
    let code = match name {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "backtab" => KeyCode::BackTab,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "end" => KeyCode::End,
        "home" => KeyCode::Home,
        "pagedown" => KeyCode::PageDown,
        "pageup" => KeyCode::PageUp,
        "backspace" => KeyCode::Backspace,
        "f1" => KeyCode::F(1),
        one if one.chars().count() == 1 => KeyCode::Char(one.chars().next().unwrap()),
        other => panic!("no such key: {other}"),
    };
    Input::Key(KeyEvent::new(code, modifiers))
}

/// A scene that ends, with nothing, as soon as it waits for nothing.
struct UntilSettled<'s, S>(&'s mut S);

impl<S: Scene> Scene for UntilSettled<'_, S> {
    type End = Option<S::End>;

    fn context(&self) -> Context {
        self.0.context()
    }

    fn absent(&self) -> Vec<Intent> {
        self.0.absent()
    }

    fn intend(&mut self, intent: Intent) -> Vec<Deed<Self::End>> {
        wrapped(self.0.intend(intent))
    }

    fn letter(&mut self, letter: char) -> Vec<Deed<Self::End>> {
        wrapped(self.0.letter(letter))
    }

    fn paste(&mut self, text: &str) -> Vec<Deed<Self::End>> {
        wrapped(self.0.paste(text))
    }

    fn answered(&mut self, topic: Topic, yes: bool) -> Vec<Deed<Self::End>> {
        wrapped(self.0.answered(topic, yes))
    }

    fn page(&mut self, look: Look<'_>) -> Page {
        self.0.page(look)
    }

    fn place(&self) -> usize {
        self.0.place()
    }

    fn is_waiting(&self) -> bool {
        self.0.is_waiting()
    }

    async fn outcome(&mut self) -> Vec<Deed<Self::End>> {
        if !self.0.is_waiting() {
            return vec![Deed::End(None)];
        }
        wrapped(self.0.outcome().await)
    }
}

fn wrapped<End>(deeds: Vec<Deed<End>>) -> Vec<Deed<Option<End>>> {
    let wrap = |deed| match deed {
        Deed::Say(text) => Deed::Say(text),
        Deed::Warn(text) => Deed::Warn(text),
        Deed::Open(url) => Deed::Open(url),
        Deed::Code(url) => Deed::Code(url),
        Deed::Copy(text, what) => Deed::Copy(text, what),
        Deed::Ask(question) => Deed::Ask(question),
        Deed::Choose(menu) => Deed::Choose(menu),
        Deed::Scroll(intent) => Deed::Scroll(intent),
        Deed::End(end) => Deed::End(Some(end)),
    };
    deeds.into_iter().map(wrap).collect()
}

/// A stage in memory.
pub struct Player {
    pub stage: Stage<TestBackend, Recorder>,
}

impl Player {
    pub fn new(width: u16, height: u16) -> Self {
        Self::themed(width, height, THEME, Duration::ZERO)
    }

    pub fn themed(width: u16, height: u16, theme: Theme, deaf: Duration) -> Self {
        let terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        Self { stage: Stage::new(terminal, Recorder::default(), theme, deaf) }
    }

    /// On the screen that all pages are made for.
    pub fn of(theme: Theme) -> Self {
        Self::themed(80, 24, theme, Duration::ZERO)
    }

    /// Presses the keys, and waits at each `<settle>` until nothing is under way. The end, if the scene came to one.
    pub async fn press<S: Scene>(&mut self, scene: &mut S, text: &str) -> Option<S::End> {
        for (at, part) in text.split("<settle>").enumerate() {
            if at > 0 {
                let mut nothing = stream::pending();
                match self.stage.play(&mut UntilSettled(scene), &mut nothing).await {
                    Ended::Scene(None) | Ended::Lost => {}
                    Ended::Scene(end) => return end,
                }
            }
            // When the last key is taken the keyboard is gone, and the scene stays as it is.
            let mut inputs = stream::iter(keys(part));
            if let Ended::Scene(end) = self.stage.play(scene, &mut inputs).await {
                return Some(end);
            }
        }
        // A frame of what the last key has done.
        let mut nothing = stream::iter(Vec::new());
        self.stage.play(scene, &mut nothing).await;
        None
    }

    pub fn text(&mut self) -> String {
        text_of(self.stage.terminal().backend().buffer())
    }

    pub fn resize(&mut self, width: u16, height: u16) {
        self.stage.terminal().backend_mut().resize(width, height);
    }
}

/// A frame as text: what is seen, without the blanks at the ends.
pub fn text_of(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut x = 0;
        while x < buffer.area.width {
            let seen = link::seen(buffer[(x, y)].symbol());
            line.push_str(seen);
            x += u16::try_from(unicode_width::UnicodeWidthStr::width(seen)).unwrap().max(1);
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// One number for all styles of a frame.
pub fn styles_of(buffer: &Buffer) -> u64 {
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    for cell in buffer.content() {
        for byte in format!("{:?}{:?}{:?}", cell.fg, cell.bg, cell.modifier).bytes() {
            sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    sum
}

/// A sandbox, and the wizard in front of it.
pub struct Game {
    /// Serves as long as it is held.
    _sandbox: Sandbox,
    pub dir: tempfile::TempDir,
    pub scene: SetUp,
}

impl Game {
    pub async fn start(scenario: &str) -> Self {
        Self::with(scenario, Answers::default(), |_| ()).await
    }

    pub async fn with(scenario: &str, answers: Answers, change: impl Fn(&mut Settings)) -> Self {
        Self::of(Scenario::named(scenario).unwrap().unwrap(), answers, change).await
    }

    pub async fn of(scenario: Scenario, mut answers: Answers, change: impl Fn(&mut Settings)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::start(scenario, None, &dir.path().join("sandbox")).await.unwrap();
        let host = |provider: &Provider| Host::parse(&sandbox.host(provider.id())?).ok();
        let hosts: BTreeMap<_, _> =
            Provider::ALL.iter().filter_map(|provider| Some((*provider, host(provider)?))).collect();
        if let Some(host) = answers.provider().and_then(|provider| hosts.get(&provider)) {
            answers.set(Field::Host, Answer::Host(host.clone()));
        }
        let stores = Stores::in_directory(dir.path().join("keyring"));
        let world = World::new(None, stores, Paths::under(dir.path()), Redaction::default());
        let mut settings = Settings {
            dry_run: false,
            accept_failures: false,
            probes: true,
            offline: false,
            interactive: true,
            now: jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap(),
            fail_within: None,
        };
        change(&mut settings);
        let purpose = Purpose::Setup { held: None };
        let wizard = Wizard::new(purpose, settings, Arc::new(built_in()), answers, "0".repeat(32));
        let circumstances = Circumstances { about: "new connection".to_owned(), hosts, ..Circumstances::default() };
        let scene = SetUp::new(wizard, &Arc::new(world), circumstances);
        Self { _sandbox: sandbox, dir, scene }
    }

    /// How many requests the sandbox has answered.
    pub fn requests(&self) -> usize {
        let log = std::fs::read_to_string(self.dir.path().join("sandbox/requests.log")).unwrap_or_default();
        log.lines().count()
    }

    /// The token of this name.
    pub fn token(&self, name: &str) -> String {
        let path = self.dir.path().join("sandbox/tokens").join(name);
        std::fs::read_to_string(path).unwrap().trim().to_owned()
    }

    /// The wizard that replaces the token of the connection that was set up here.
    pub fn rotation(&self) -> SetUp {
        let text = std::fs::read_to_string(self.dir.path().join("config.toml")).unwrap();
        let held = git_access::config::Config::parse(Some(&text)).unwrap().connections()[0].clone();
        let stores = Stores::in_directory(self.dir.path().join("keyring"));
        let world = World::new(None, stores, Paths::under(self.dir.path()), Redaction::default());
        let answers = git_access::wizard::edited(&held, &Answers::default());
        let about = format!("rotate {}", held.name);
        let (purpose, settings) = (Purpose::Rotate { held: Box::new(held) }, *self.scene.wizard().settings());
        let wizard = Wizard::new(purpose, settings, Arc::new(built_in()), answers, "0".repeat(32));
        SetUp::new(wizard, &Arc::new(world), Circumstances { about, ..Circumstances::default() })
    }

    pub async fn press(&mut self, player: &mut Player, text: &str) -> Option<Left> {
        player.press(&mut self.scene, text).await
    }
}

pub fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
