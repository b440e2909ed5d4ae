//! Every page as it looks, in four sizes: `tests/snapshots/*.txt`. `GIT_ACCESS_SNAPSHOTS=write` writes them anew.

use std::path::PathBuf;
use std::time::Duration;

use git_access::tui::Theme;
use git_access::tui::scene::Scene;
use git_access::tui::theme::{ASCII, Palette};

use super::player::{Game, Player, THEME, run, styles_of, text_of};

const SIZES: [(u16, u16); 4] = [(60, 20), (80, 24), (120, 40), (200, 60)];

/// Replaces what differs from run to run by something as wide.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    for line in text.lines() {
        steady.push_str(&steady_line(line));
        steady.push('\n');
    }
    steady
}

fn steady_line(line: &str) -> String {
    if line.contains(['█', '▀', '▄']) {
        // The code of an address with a port.
        return "(code)".to_owned();
    }
    let mut line = line.to_owned();
    // Ports of this computer have five digits where the system chooses them.
    let mut from = 0;
    while let Some(at) = line[from..].find("127.0.0.1:").map(|at| at + from + 10) {
        let digits = line[at..].bytes().take_while(u8::is_ascii_digit).count();
        line.replace_range(at..at + digits, &"0".repeat(digits));
        from = at;
    }
    dates(&mut line);
    times(line)
}

fn dates(line: &mut String) {
    let shape = |part: &[u8]| {
        part.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
    };
    let mut at = 0;
    while at + 10 <= line.len() {
        if shape(&line.as_bytes()[at..at + 10]) {
            line.replace_range(at..at + 10, "2027-01-31");
        }
        // The moment of that day.
        if line.as_bytes().get(at + 10) == Some(&b'T') && line.as_bytes().get(at + 19) == Some(&b'Z') {
            line.replace_range(at + 11..at + 19, "00:00:00");
        }
        at += 1;
    }
}

/// A time at the end of a row, in its column of seven.
fn times(line: String) -> String {
    let Some(begin) = line.strip_suffix("ms").or(line.strip_suffix(" s")).map(str::trim_end) else { return line };
    let number = begin.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    if number.len() == begin.len() { line } else { format!("{} TIME", number.trim_end()) }
}

fn hold(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(format!("{name}.txt"));
    if std::env::var("GIT_ACCESS_SNAPSHOTS").is_ok_and(|value| value == "write") {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let held = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(held == text, "{name} looks different now; if it should, run with GIT_ACCESS_SNAPSHOTS=write\n{text}");
}

/// The page as it is now, in every size.
pub async fn frames<S: Scene>(player: &mut Player, scene: &mut S, name: &str) {
    let mut all = String::new();
    for (width, height) in SIZES {
        player.resize(width, height);
        player.press(scene, "").await;
        let buffer = player.stage.terminal().backend().buffer().clone();
        all.push_str(&format!("== {width}x{height}\n{}", steady(&text_of(&buffer))));
        all.push_str(&format!("-- styles {:016x}\n", styles_of(&buffer)));
    }
    player.resize(80, 24);
    player.press(scene, "").await;
    hold(name, &all);
}

#[test]
fn a_new_user_sees_these_pages() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        let token = game.token("devtron");
        for (name, keys) in [
            ("platform", ""),
            ("help", "?"),
            ("provider", "<esc><down><enter><settle>"),
            ("place", "<enter>"),
            ("repository", "acme<enter>"),
            ("access", "<enter>"),
            ("token", "<enter>"),
            ("token-pasted", "<paste:TOKEN>"),
            ("checks", "<enter><enter><settle>"),
            ("store", "<enter>"),
            ("review", "<enter>"),
            ("question", "<ctrl-c>"),
            ("done", "<esc>a<settle>"),
        ] {
            player.press(&mut game.scene, &keys.replace("TOKEN", &token)).await;
            frames(&mut player, &mut game.scene, name).await;
            assert!(!player.text().contains(&token), "{name} shows the token");
        }
    });
}

#[test]
fn a_list_a_refusal_and_a_code_look_so() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        let token = game.token("devtron");
        player.press(&mut game.scene, "<down><enter><enter><enter><enter>").await;
        player.press(&mut game.scene, "<enter>Q").await;
        frames(&mut player, &mut game.scene, "code").await;
        player.press(&mut game.scene, &format!("<esc><paste:{token}><enter><enter><settle>")).await;
        frames(&mut player, &mut game.scene, "open-list").await;
        player.press(&mut game.scene, "nobody-here<up><enter><settle>").await;
        frames(&mut player, &mut game.scene, "checks-failed").await;
    });
}

#[test]
fn without_colours_and_letters_the_page_says_the_same() {
    run(async {
        let mut game = Game::start("ready").await;
        let plain = Theme { palette: Palette::None, glyphs: ASCII };
        let mut player = Player::themed(80, 24, plain, Duration::ZERO);
        game.press(&mut player, "<down>").await;
        let ascii = player.text();
        assert!(ascii.is_ascii(), "{ascii}");
        let mut game = Game::start("ready").await;
        let mut player = Player::themed(80, 24, THEME, Duration::ZERO);
        game.press(&mut player, "<down>").await;
        let words = |text: &str| {
            text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| word.len() > 2).count()
        };
        assert!(words(&ascii).abs_diff(words(&player.text())) <= 4, "{ascii}");
    });
}

/// Devtron on GitHub, up to the review.
async fn to_the_review(game: &mut Game, player: &mut Player) {
    let token = game.token("devtron");
    player.press(&mut game.scene, "<down><enter><enter>acme<enter><enter><enter>").await;
    player.press(&mut game.scene, &format!("<paste:{token}><enter><enter><settle><enter><enter>")).await;
}

#[test]
fn a_rotation_begins_at_the_token_and_compares_the_two() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        to_the_review(&mut game, &mut player).await;
        player.press(&mut game.scene, "a<settle>").await;
        let (mut scene, token) = (game.rotation(), game.token("full"));
        for (name, keys) in [
            ("rotate-token", "<settle>"),
            ("rotate-checks", &*format!("<paste:{token}><enter><enter><settle>")),
            ("rotate-review", "<enter><enter>"),
            ("rotate-steps", "s"),
            ("rotate-done", "<esc>a<settle>"),
        ] {
            player.press(&mut scene, keys).await;
            if name == "rotate-review" {
                let gained = scene.wizard().comparison();
                assert!(gained.iter().any(|line| line.contains("gains")), "{gained:?}");
                assert!(player.text().contains("The new one gains"), "{}", player.text());
            }
            frames(&mut player, &mut scene, name).await;
            assert!(!player.text().contains(&token), "{name} shows the token");
        }
        assert!(scene.wizard().is_saved());
    });
}

#[test]
fn what_was_refused_while_it_is_applied_looks_so() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        to_the_review(&mut game, &mut player).await;
        // Nothing can be kept where a file stands in the place of the folder.
        std::fs::write(game.dir.path().join("keyring"), "").unwrap();
        player.press(&mut game.scene, "a<settle>").await;
        assert!(player.text().contains("It stopped there"), "{}", player.text());
        player.resize(200, 60);
        player.press(&mut game.scene, "").await;
        let text = player.text();
        assert!(text.contains("the connection is not saved"), "{text}");
    });
}
