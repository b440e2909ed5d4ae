//! The whole path, by keys alone.

use git_access::answers::Field;
use git_access::answers::file;
use git_access::config::Config;
use git_access::tui::Left;
use git_access::wizard::Step;

use super::player::{Game, Player, run};
use crate::program::Home;

/// From nothing to a proven access for Devtron on GitHub.
async fn devtron(game: &mut Game, player: &mut Player, repository: &str) -> Option<Left> {
    let token = game.token("devtron");
    // Platform, provider, owner; a repository, or none; the first kind of token.
    game.press(player, &format!("<down><enter><enter>acme<enter>{repository}<enter><enter>")).await;
    assert_eq!(game.scene.wizard().step(), Step::Token, "{}", player.text());
    game.press(player, &format!("<paste:{token}>")).await;
    assert!(player.text().contains("personal access token (classic)"), "{}", player.text());
    game.press(player, "<enter><enter><settle>").await;
    assert_eq!(game.scene.wizard().step(), Step::Checks, "{}", player.text());
    game.press(player, "<enter><enter>").await;
    assert_eq!(game.scene.wizard().step(), Step::Review, "{}", player.text());
    game.press(player, "a<settle>").await;
    assert_eq!(game.scene.wizard().step(), Step::Done, "{}", player.text());
    assert!(!player.text().contains(&token));
    game.press(player, "<enter>").await
}

#[test]
fn a_new_user_sets_up_devtron_on_github_by_keys_alone() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        assert_eq!(devtron(&mut game, &mut player, "").await, Some(Left::Finished));
        let text = std::fs::read_to_string(game.dir.path().join("config.toml")).unwrap();
        let config = Config::parse(Some(&text)).unwrap();
        assert_eq!(config.connections()[0].name, "devtron-github-acme");
        assert!(!text.contains(&game.token("devtron")));
    });
}

/// What the keys answered, saved and given to the headless shell, writes the same config.
#[test]
fn keys_and_the_answers_that_they_leave_write_the_same_config() {
    let home = Home::new();
    let (answers, typed) = run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        // The same as the sample answers of the sandbox, on which the answers of a run lie.
        devtron(&mut game, &mut player, "devtron-gitops<enter><up><enter><enter>").await;
        let text = std::fs::read_to_string(game.dir.path().join("config.toml")).unwrap();
        (file::write(game.scene.wizard().answers()), text)
    });
    let path = home.write("answers.toml", &answers);
    let mut command = home.program();
    command.args(["setup", "--sandbox", "--answers"]).arg(&path);
    // The sandbox brings its own token; the host is replaced by its own.
    let token = answers.replace("stdin = true", "");
    std::fs::write(&path, token).unwrap();
    let run = crate::program::finished(&mut command).expect(0);
    let (_, written) = run.stdout.split_once("\n# ").unwrap();
    let steady = |text: &str| {
        let mut lines: Vec<String> = Vec::new();
        for line in text.lines().skip_while(|line| !line.starts_with("version")) {
            let Some((key, value)) = line.split_once(" = ") else {
                lines.push(line.to_owned());
                continue;
            };
            let varies = ["id", "host", "url", "at", "expires"].contains(&key) || value.contains("127.0.0.1");
            lines.push(if varies { key.to_owned() } else { line.to_owned() });
        }
        lines.join("\n")
    };
    assert_eq!(steady(&typed), steady(written));
}

#[test]
fn a_token_of_another_forge_is_told_as_it_is_pasted() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        let token = game.token("gitlab-devtron");
        game.press(&mut player, "<down><enter><enter>acme<enter><enter><enter>").await;
        game.press(&mut player, &format!("<paste:{token}>")).await;
        let text = player.text();
        assert!(text.contains("This is a GitLab token, and you chose GitHub"), "{text}");
        assert!(!text.contains(&token[6..]));
    });
}

#[test]
fn a_token_in_the_wrong_place_is_not_shown() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        let token = game.token("devtron");
        game.press(&mut player, &format!("<down><enter><enter><paste:{token}>")).await;
        assert!(player.text().contains("looks like a token"), "{}", player.text());
        assert!(!player.text().contains(&token[..12]), "{}", player.text());
        // Typed, not pasted: as by a terminal that does not tell a paste from typing.
        game.press(&mut player, &token).await;
        assert!(!player.text().contains(&token), "{}", player.text());
        game.press(&mut player, "<ctrl-u>acme<enter><enter><enter>").await;
        // In a line beside its own it goes to its own.
        game.press(&mut player, &format!("<enter><tab><tab><paste:{token}>")).await;
        assert!(player.text().contains("personal access token (classic)"), "{}", player.text());
        assert!(!player.text().contains(&token[..12]), "{}", player.text());
    });
}

#[test]
fn back_keeps_every_answer_and_an_edit_leads_back_to_where_it_began() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        let token = game.token("devtron");
        game.press(&mut player, "<down><enter><enter>acme<enter><enter><enter>").await;
        game.press(&mut player, &format!("<paste:{token}><enter><enter><settle>")).await;
        game.press(&mut player, "<enter><enter>").await;
        assert_eq!(game.scene.wizard().step(), Step::Review);
        game.press(&mut player, "<esc><esc>").await;
        assert_eq!(game.scene.wizard().step(), Step::Checks);
        assert_eq!(game.scene.wizard().answers().text(&Field::Owner), Some("acme"));
        game.press(&mut player, "<enter><enter>").await;
        // The third line of the review is the owner.
        let lines = player.text();
        let owner = lines.lines().position(|line| line.contains("Owner")).unwrap();
        let first = lines.lines().position(|line| line.trim_start().starts_with("Platform")).unwrap();
        game.press(&mut player, &"<down>".repeat(owner - first + 1)).await;
        game.press(&mut player, "<enter>").await;
        assert_eq!(game.scene.wizard().step(), Step::Place, "{}", player.text());
        game.press(&mut player, "<enter><settle>").await;
        assert!(game.scene.wizard().step() >= Step::Checks, "{}", player.text());
    });
}

#[test]
fn a_failed_check_says_what_to_do_and_its_answer_is_one_key_away() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        let token = game.token("devtron");
        game.press(&mut player, "<down><enter><enter>nobody-here<enter><enter><enter>").await;
        game.press(&mut player, &format!("<paste:{token}><enter><enter><settle>")).await;
        assert_eq!(game.scene.wizard().step(), Step::Checks, "{}", player.text());
        let text = player.text();
        assert!(text.contains("fail"), "{text}");
        game.press(&mut player, "<enter>").await;
        assert_eq!(game.scene.wizard().step(), Step::Checks, "what failed stands in the way");
        assert!(player.text().contains("stand"), "{}", player.text());
        game.press(&mut player, "e").await;
        assert_eq!(game.scene.wizard().step(), Step::Place, "{}", player.text());
        game.press(&mut player, "<ctrl-u>acme<enter><settle>").await;
        assert_eq!(game.scene.wizard().step(), Step::Checks, "{}", player.text());
        assert!(player.text().contains("Nothing stands in the way"), "{}", player.text());
    });
}

#[test]
fn enter_is_not_heard_right_after_a_paste_and_a_paste_never_submits() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::themed(80, 24, super::player::THEME, std::time::Duration::from_secs(60));
        game.press(&mut player, "<down><enter><enter>").await;
        assert_eq!(game.scene.wizard().step(), Step::Place);
        for pasted in ["acme\r", "acme\r\n\r\n", "\racme", "a\u{1b}[201~\rb", "one\rtwo\rthree"] {
            game.press(&mut player, &format!("<paste:{pasted}><enter>")).await;
            assert_eq!(game.scene.wizard().step(), Step::Place, "{pasted:?}");
            game.press(&mut player, "<ctrl-u>").await;
        }
    });
}

#[test]
fn a_pasted_address_answers_everything_that_it_names() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(120, 40);
        let address = "https://github.com/acme/gitops/tree/main";
        game.press(&mut player, &format!("<down><enter><paste:{address}>")).await;
        assert!(
            player.text().contains("The address says: provider github, owner acme, repository gitops"),
            "{}",
            player.text()
        );
        game.press(&mut player, "<enter>").await;
        assert!(player.text().contains("Whose repositories?") && player.text().contains("acme"), "{}", player.text());
        // What is not safe to be taken for an address is not taken, and the reason is told.
        game.press(&mut player, "<paste:https://githib.com/acme/gitops>").await;
        assert!(player.text().contains("looks like github.com"), "{}", player.text());
    });
}
