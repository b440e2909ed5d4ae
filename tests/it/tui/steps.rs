//! Moving between the steps, asking again, and the list of connections.

use std::collections::BTreeSet;

use git_access::answers::{Answers, Field};
use git_access::tui::{Chosen, Connections};
use git_access::wizard::Step;

use super::desk::Drawer;
use super::player::{Game, Player, run};

/// To the checks of Devtron on GitHub.
async fn to_the_checks(game: &mut Game, player: &mut Player, owner: &str, token: &str) {
    let token = game.token(token);
    game.press(player, &format!("<down><enter><enter>{owner}<enter><enter><enter>")).await;
    game.press(player, &format!("<paste:{token}><enter><enter><settle>")).await;
    assert_eq!(game.scene.wizard().step(), Step::Checks, "{}", player.text());
}

#[test]
fn every_step_that_was_answered_is_two_keys_away_and_leads_back() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        to_the_checks(&mut game, &mut player, "acme", "devtron").await;
        game.press(&mut player, "s").await;
        assert!(player.text().contains("acme"), "{}", player.text());
        // From the checks up to the place: Token, Access, Repository, Place.
        game.press(&mut player, "<up><up><up><up><enter>").await;
        assert_eq!(game.scene.wizard().step(), Step::Place, "{}", player.text());
        // Where something is typed the letter is a letter.
        game.press(&mut player, "s").await;
        assert!(player.text().contains("acmes"), "{}", player.text());
        game.press(&mut player, "<backspace><enter><settle>").await;
        assert_eq!(game.scene.wizard().step(), Step::Checks, "an edit leads back: {}", player.text());
        assert_eq!(game.scene.wizard().answers().text(&Field::Owner), Some("acme"));
        game.press(&mut player, "s<end><enter>").await;
        assert!(game.scene.wizard().step() <= game.scene.wizard().reached(), "nobody jumps ahead");
        game.press(&mut player, "s<esc>").await;
        assert!(!player.text().contains("Go to"), "{}", player.text());
    });
}

#[test]
fn what_is_asked_again_is_asked_of_the_server_and_not_of_memory() {
    run(async {
        let mut game = Game::start("missing-scope").await;
        let mut player = Player::new(80, 24);
        to_the_checks(&mut game, &mut player, "acme", "devtron").await;
        assert!(player.text().contains("stand") || player.text().contains("fail"), "{}", player.text());
        let requests = |game: &Game| game.requests();
        let before = requests(&game);
        // The first failed row has the cursor: a scope, which the account's own page tells.
        game.press(&mut player, "r<settle>").await;
        let one = requests(&game) - before;
        assert!((1..=3).contains(&one), "one row asks for itself: {one} requests");
        game.press(&mut player, "R<settle>").await;
        let all = requests(&game) - before - one;
        assert!(all > one, "{all} requests for everything");
    });
}

#[test]
fn a_limit_runs_down_before_the_eyes() {
    run(async {
        let text = include_str!("../../../assets/sandbox/rate-limited.toml");
        let text =
            text.replace("x-ratelimit-remaining = \"0\",", "x-ratelimit-remaining = \"0\", retry-after = \"3600\",");
        let mut game =
            Game::of(git_access::sandbox::Scenario::from_toml(&text).unwrap(), Answers::default(), |_| ()).await;
        let mut player = Player::new(80, 24);
        to_the_checks(&mut game, &mut player, "acme", "devtron").await;
        let text = player.text();
        assert!(text.contains("1 h 00 min to wait") || text.contains("59 min"), "{text}");
    });
}

#[test]
fn the_list_leads_everywhere() {
    run(async {
        let mut player = Player::new(80, 24);
        let mut scene = Connections::new(Drawer::filled(), "config.toml".to_owned()).unwrap();
        let mut ends = BTreeSet::new();
        for (keys, end) in [
            ("a", Chosen::Add),
            ("<down>e", Chosen::Edit("flux-gitea-acme".to_owned())),
            ("<end>r", Chosen::Rotate("keptn-gitlab-acme".to_owned())),
            ("q", Chosen::Leave),
        ] {
            let mut scene = Connections::new(Drawer::filled(), String::new()).unwrap();
            assert_eq!(player.press(&mut scene, keys).await, Some(end.clone()), "{keys}");
            ends.insert(keys);
            if let Chosen::Edit(name) = end {
                // Back from there, the cursor is where it was.
                let mut again = Connections::new(Drawer::filled(), String::new()).unwrap().at(Some(&name));
                assert_eq!(player.press(&mut again, "r").await, Some(Chosen::Rotate(name)));
            }
        }
        assert_eq!(ends.len(), 4);
        player.press(&mut scene, "c<settle>").await;
        assert!(player.text().contains("pass"), "{}", player.text());
        player.press(&mut scene, "d").await;
        assert!(player.text().contains("setup-git"), "what to do afterwards is told before: {}", player.text());
        player.press(&mut scene, "n<enter>").await;
        assert!(player.text().contains("devtron-github-acme whole"), "{}", player.text());
        player.press(&mut scene, "<esc>dy<settle>").await;
        let text = player.text();
        assert!(text.contains("Removed devtron-github-acme.") && text.contains("No connection is active"), "{text}");
        player.press(&mut scene, "u<settle>").await;
        let text = player.text();
        let row = text.lines().find(|line| line.contains("flux-gitea-acme  "));
        assert!(row.is_some_and(|row| row.contains("active")) && !text.contains("No connection is active"), "{text}");
    });
}

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

#[test]
fn dxup_on_bitbucket_is_set_up_with_a_pasted_key() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        // DXUP, Bitbucket; owner without a project; a repository that is there.
        game.press(&mut player, "<down><down><down><enter><down><down><enter>acme<enter><enter>webshop<enter><enter>")
            .await;
        assert_eq!(game.scene.wizard().step(), Step::Access, "{}", player.text());
        game.press(&mut player, &format!("<paste:{KEY} dxup><enter>")).await;
        game.press(&mut player, "<enter>").await;
        assert_eq!(game.scene.wizard().step(), Step::Token, "{}", player.text());
        // The key alone: nobody can register it, and nothing is green.
        game.press(&mut player, "<enter><enter><settle>").await;
        assert_eq!(game.scene.wizard().step(), Step::Checks, "{}", player.text());
        assert!(player.text().contains("unknown") && player.text().contains("1 pass"), "{}", player.text());
        game.press(&mut player, "<enter>").await;
        assert_eq!(game.scene.wizard().step(), Step::Review, "a key rests where it lies: {}", player.text());
        game.press(&mut player, "a<settle>").await;
        assert_eq!(game.scene.wizard().step(), Step::Done, "{}", player.text());
        assert!(player.text().contains("Settings > PUBLIC KEY"), "{}", player.text());
        let text = std::fs::read_to_string(game.dir.path().join("config.toml")).unwrap();
        assert!(
            text.contains(&format!("public_key = \"{KEY}\""))
                && !text.contains("[connections.dxup-bitbucket-acme.token]"),
            "{text}"
        );
    });
}

#[test]
fn a_search_that_was_cleared_finds_its_rows_again() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        let token = game.token("devtron");
        game.press(&mut player, "<down><enter><enter><enter><enter><enter>").await;
        game.press(&mut player, &format!("<paste:{token}><enter><enter><settle>")).await;
        assert_eq!(game.scene.wizard().step(), Step::Open, "{}", player.text());
        game.press(&mut player, "zz").await;
        assert!(player.text().contains("0 of 2"), "{}", player.text());
        game.press(&mut player, "<ctrl-u>").await;
        assert!(player.text().contains("acme") && !player.text().contains("0 of"), "{}", player.text());
    });
}

#[test]
fn a_token_of_another_forge_is_held_at_its_page() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        let (foreign, own) = (game.token("gitlab-devtron"), game.token("devtron"));
        game.press(&mut player, "<down><enter><enter>acme<enter><enter><enter>").await;
        game.press(&mut player, &format!("<paste:{foreign}><enter><settle><enter><settle>")).await;
        assert_eq!(game.scene.wizard().step(), Step::Token, "{}", player.text());
        assert!(player.text().contains("GitLab token"), "{}", player.text());
        game.press(&mut player, &format!("<esc><paste:{own}><enter><settle><enter><settle>")).await;
        assert_eq!(game.scene.wizard().step(), Step::Checks, "{}", player.text());
    });
}
