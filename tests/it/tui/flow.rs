//! What a newcomer could be in doubt about: what is proposed, what Enter does, what is missing, and where one is.

use std::collections::BTreeSet;

use git_access::answers::Field;
use git_access::wizard::Step;

use super::player::{Game, Player, run};

/// The line with the cursor.
fn chosen(text: &str) -> String {
    text.lines().find(|line| line.contains('›')).unwrap_or_default().to_owned()
}

/// Devtron on GitHub up to the token, with these keys for owner and repository.
async fn to_the_token(game: &mut Game, player: &mut Player, place: &str) {
    game.press(player, &format!("<down><enter><enter>{place}<enter><enter><enter>")).await;
    assert_eq!(game.scene.wizard().step(), Step::Token, "{}", player.text());
}

async fn to_the_review(game: &mut Game, player: &mut Player) {
    let token = game.token("devtron");
    to_the_token(game, player, "acme").await;
    game.press(player, &format!("<paste:{token}><enter><enter><settle><enter><enter>")).await;
    assert_eq!(game.scene.wizard().step(), Step::Review, "{}", player.text());
}

#[test]
fn the_own_account_is_not_proposed_where_an_organisation_is_needed() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        let token = game.token("devtron");
        to_the_token(&mut game, &mut player, "").await;
        game.press(&mut player, &format!("<paste:{token}><enter><enter><settle>")).await;
        assert_eq!(game.scene.wizard().step(), Step::Open, "{}", player.text());
        let text = player.text();
        let own = text.lines().find(|line| line.contains("octocat")).unwrap();
        assert!(own.contains("your account") && own.contains("Devtron needs an organisation"), "{text}");
        assert!(text.lines().any(|line| line.contains('›') && line.contains("acme")), "{text}");
        // It can be chosen all the same: somebody may know better.
        game.press(&mut player, "octo<enter>").await;
        assert_eq!(game.scene.wizard().answers().text(&Field::Owner), Some("octocat"), "{}", player.text());
    });
}

#[test]
fn a_repository_from_the_list_of_another_owner_is_asked_anew() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        let token = game.token("devtron");
        to_the_token(&mut game, &mut player, "").await;
        game.press(&mut player, &format!("<paste:{token}><enter><enter><settle><enter><settle>")).await;
        let repository = |game: &Game| game.scene.wizard().answers().text(&Field::Repository).map(str::to_owned);
        game.press(&mut player, "<down><enter><settle>").await;
        let picked = repository(&game).unwrap_or_else(|| panic!("{}", player.text()));
        assert_eq!(game.scene.wizard().step(), Step::Checks, "{}", player.text());
        game.press(&mut player, "<esc><ctrl-u>octocat<up><enter>").await;
        assert_eq!(game.scene.wizard().answers().text(&Field::Owner), Some("octocat"), "{}", player.text());
        assert_eq!(repository(&game), None, "{}", player.text());
        assert!(
            player.text().contains(&format!("The repository {picked} was chosen from another list")),
            "{}",
            player.text()
        );
        // Back at the first owner it is what it was.
        game.press(&mut player, "<settle><backtab><ctrl-u>acme<up><enter>").await;
        assert_eq!(repository(&game).as_deref(), Some(picked.as_str()), "{}", player.text());
    });
}

#[test]
fn enter_on_the_review_goes_on_and_an_answer_is_a_row_below() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        to_the_review(&mut game, &mut player).await;
        let text = player.text();
        assert!(chosen(&text).contains("Apply these 4 steps"), "{text}");
        assert!(
            text.contains("enter apply") && text.contains("save the connection") && text.contains("Kept in"),
            "{text}"
        );
        game.press(&mut player, "<down>").await;
        let text = player.text();
        assert!(
            chosen(&text).contains("Platform") && text.contains("enter edit") && text.contains("a apply"),
            "{text}"
        );
        game.press(&mut player, "e").await;
        assert_eq!(game.scene.wizard().step(), Step::Platform, "{}", player.text());
        game.press(&mut player, "<enter><settle>").await;
        assert_eq!(game.scene.wizard().step(), Step::Checks, "what it bears on is looked at: {}", player.text());
        game.press(&mut player, "<enter><enter><enter><settle>").await;
        assert_eq!(game.scene.wizard().step(), Step::Done, "{}", player.text());
        assert!(game.scene.wizard().is_saved());
    });
}

#[test]
fn what_is_missing_is_said_beside_its_field_and_enter_stays_there() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        to_the_token(&mut game, &mut player, "acme").await;
        for (keys, sentence) in [
            ("<enter><enter>", "✗ The token is missing: paste it here"),
            ("<tab><enter>", "✗ Write the name of the variable with the token, such as"),
            ("<tab><enter>", "✗ Write the path of the file that holds the token."),
            ("<tab><enter>", "✗ Write the program that prints the token"),
        ] {
            game.press(&mut player, keys).await;
            assert_eq!(game.scene.wizard().step(), Step::Token);
            assert!(player.text().contains(sentence), "{sentence} is missing in\n{}", player.text());
        }
        // What may be left out may be, and says so.
        game.press(&mut player, "<tab>").await;
        assert!(player.text().contains("This may stay empty"), "{}", player.text());
        game.press(&mut player, "<enter>").await;
        assert!(player.text().contains("✗ The token is missing"), "{}", player.text());
        // The first letter takes the reproach away.
        game.press(&mut player, "g").await;
        assert!(!player.text().contains("The token is missing: paste it here, or press Tab"), "{}", player.text());
    });
}

#[test]
fn the_path_has_as_many_steps_on_the_last_page_as_on_the_first() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        let token = game.token("devtron");
        let paste = format!("<paste:{token}><enter><enter><settle>");
        let mut lengths = BTreeSet::new();
        let pages = [
            "",
            "<down><enter>",
            "<enter>",
            "<enter>",
            "<enter>",
            "<enter>",
            &paste,
            "<enter><settle>",
            "<enter><settle>",
            "<enter>",
            "<enter>",
        ];
        for keys in pages {
            game.press(&mut player, keys).await;
            let text = player.text();
            let path = text.lines().nth(1).unwrap();
            lengths.insert(path.matches(['✓', '●', '○']).count());
            assert!(!path.contains(" of ") && path.matches('●').count() == 1, "{text}");
        }
        assert_eq!(game.scene.wizard().step(), Step::Review, "{}", player.text());
        assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [11]);
    });
}

#[test]
fn a_letter_moves_nothing_where_rows_are_chosen_and_says_what_does() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        let token = game.token("devtron");
        to_the_token(&mut game, &mut player, "acme").await;
        game.press(&mut player, &format!("<paste:{token}><enter><enter><settle><enter>")).await;
        assert_eq!(game.scene.wizard().step(), Step::Store, "{}", player.text());
        assert!(player.text().contains("s steps") && !player.text().contains("tab next field"), "{}", player.text());
        game.press(&mut player, "<down>").await;
        for letter in ["f", "x", "K", "1"] {
            game.press(&mut player, letter).await;
            assert!(chosen(&player.text()).contains("git's helpers"), "{letter}: {}", player.text());
            assert!(player.text().contains("The arrows move to a row, and enter takes it."), "{letter}");
        }
        game.press(&mut player, "<up><enter>").await;
        assert_eq!(game.scene.wizard().step(), Step::Review, "{}", player.text());
    });
}

#[test]
fn a_question_for_yes_or_no_takes_these_letters() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        game.press(&mut player, "<down><enter><enter>acme<enter>new-one<enter>y<enter>").await;
        assert!(game.scene.wizard().answers().creates(), "{}", player.text());
        assert!(player.text().contains("Visible to"), "{}", player.text());
    });
}

#[test]
fn what_a_token_needs_is_in_view_with_its_field() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        to_the_token(&mut game, &mut player, "acme").await;
        game.press(&mut player, "<enter>").await;
        let whole = player.text();
        for text in [
            "The token\n",
            "/settings/tokens/new?",
            "☑ repo",
            "☑ admin:org",
            "delete_repo (recommended)",
            "▌Token",
            "↓ more",
        ] {
            assert!(whole.contains(text), "{text} is missing in\n{whole}");
        }
        assert!(!whole.contains("↑ more"), "{whole}");
        // Where there is room the reasons stand beside the boxes.
        player.resize(120, 40);
        game.press(&mut player, "").await;
        assert!(
            player.text().contains("for this program itself") || player.text().contains("for Devtron"),
            "{}",
            player.text()
        );
        // What was scrolled away in a small terminal is back in a larger one.
        player.resize(60, 12);
        game.press(&mut player, "").await;
        assert!(player.text().contains("↑ more") && player.text().contains('›'), "{}", player.text());
        player.resize(80, 24);
        game.press(&mut player, "").await;
        assert_eq!(player.text(), whole);
    });
}

#[test]
fn where_tokens_have_no_end_none_is_to_be_chosen() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 40);
        // Flux, Gitea.
        game.press(&mut player, "<down><down><down><down><enter><down><down><down><down><enter>").await;
        game.press(&mut player, "acme<enter><enter><enter><enter><enter>").await;
        assert_eq!(game.scene.wizard().step(), Step::Token, "{}", player.text());
        let text = player.text();
        assert!(text.contains("It has no end date."), "{text}");
        assert!(!text.contains("choose an end date") && !text.contains("90 days"), "{text}");
    });
}

#[test]
fn a_typed_address_fills_what_a_pasted_one_fills() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        // Devtron, GitHub; on the page of the owner.
        game.press(&mut player, "<down><enter><enter>").await;
        let host = game.scene.wizard().answers().site().unwrap().host.to_string();
        game.press(&mut player, &format!("{host}/acme/webshop.git")).await;
        assert!(player.text().contains("enter takes everything that it says"), "{}", player.text());
        game.press(&mut player, "<enter>").await;
        assert!(player.text().contains("The address says: "), "{}", player.text());
        let answers = game.scene.wizard().answers();
        assert_eq!((answers.text(&Field::Owner), answers.text(&Field::Repository)), (Some("acme"), Some("webshop")));
    });
}

#[test]
fn a_page_down_brings_what_is_out_of_view_and_any_other_key_the_focus() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        to_the_review(&mut game, &mut player).await;
        let focus = "[ Apply these";
        assert!(player.text().contains(focus) && player.text().contains("more, page down"), "{}", player.text());
        let mut seen = player.text();
        for _ in 0..6 {
            game.press(&mut player, "<pagedown>").await;
            seen.push_str(&player.text());
        }
        for text in ["is sent to these addresses, and to no other", "generation = 1", "verdict = "] {
            assert!(seen.contains(text), "{text} was not come to: {seen}");
        }
        assert!(!player.text().contains("more, page down"), "{}", player.text());
        game.press(&mut player, "<down>").await;
        assert!(player.text().contains("\u{203a} Platform"), "{}", player.text());
        assert_eq!(game.scene.wizard().step(), Step::Review);
    });
}

#[test]
fn everything_on_the_last_page_can_be_come_to() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        to_the_review(&mut game, &mut player).await;
        game.press(&mut player, "<enter><settle>").await;
        for text in ["Saved. Next: enter this in Devtron.", "Who may do that: a super-admin of Devtron."] {
            assert!(player.text().contains(text), "{}", player.text());
        }
        assert!(!player.text().contains("git access setup-git"), "{}", player.text());
        game.press(&mut player, "<end>").await;
        assert!(player.text().contains("git access setup-git"), "{}", player.text());
        game.press(&mut player, "<home>").await;
        assert!(player.text().contains("Saved. Next"), "{}", player.text());
    });
}

/// In the program's own sandbox.
#[cfg(target_os = "linux")]
mod played {
    use crate::tui::seat::Seat;

    #[test]
    fn a_sandbox_offers_its_token_and_says_that_it_ends() {
        let mut seat = Seat::take(&["setup", "--sandbox"]);
        for (seen, keys) in [
            ("Who will use the access?", "\x1b[B\r"),
            ("Where are the repositories?", "\r"),
            ("Whose repositories?", "acme\r"),
            ("Which repository?", "\r"),
            ("How does it sign in?", "\r"),
            ("found, with Tab: the token of this sandbox for Devtron", "\t"),
            ("Found: the token of this sandbox for Devtron. Enter takes it", "\r"),
            ("▌Ends on", "\r"),
            ("Nothing stands in the way", "\r"),
            ("Where is the token kept?", "\r"),
            ("Is everything right?", "\r"),
            ("This was a sandbox: it ends with this program", "\r"),
        ] {
            seat.see(seen);
            seat.type_in(keys);
        }
        assert_eq!(seat.ends(), 0, "{}", seat.screen());
        let screen = seat.screen();
        assert!(screen.contains("verdict: pass") && screen.contains("git-access sandbox --data DIR"), "{screen}");
        assert!(!screen.contains("[connections."), "the last screen is for what is next:\n{screen}");
    }

    #[test]
    fn the_hint_of_the_sandbox_is_in_view_with_the_field() {
        let mut seat = Seat::take(&["setup", "--sandbox"]);
        for (seen, keys) in [
            ("Who will use the access?", "\x1b[B\r"),
            ("Where are the repositories?", "\r"),
            ("Whose repositories?", "acme\r"),
            ("Which repository?", "\r"),
            ("How does it sign in?", "\r"),
            ("Make it at GitHub", "\r\r"),
        ] {
            seat.see(seen);
            seat.type_in(keys);
        }
        seat.see("✗ The token is missing");
        // Everything anew, so that one frame tells.
        let at = seat.bytes().len();
        seat.type_in("\x0c");
        for text in
            ["A sandbox: tab, then enter", "/sandbox/tokens", "/settings/tokens/new?", "☑ repo", "▌Token", "↓ more"]
        {
            seat.hear(at, text);
        }
        assert!(!seat.screen_since(at).contains("↑ more"), "{}", seat.screen_since(at));
    }
}
