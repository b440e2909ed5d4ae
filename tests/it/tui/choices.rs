//! What a person may choose otherwise: another kind of store and back again, a token of the sandbox by its hint, and
//! another key for a connection that signs in with one.
#![cfg(target_os = "linux")]

use git_access::answers::Field;
use git_access::wizard::Step;
use serde_json::Value;

use super::player::{Game, Player, run};
use super::seat::Seat;
use crate::keys::key;
use crate::program::{Home, Served};

#[test]
fn another_store_is_chosen_and_the_first_one_again() {
    run(async {
        let mut game = Game::start("ready").await;
        let mut player = Player::new(80, 24);
        let token = game.token("devtron");
        game.press(&mut player, "<down><enter><enter>acme<enter><enter><enter>").await;
        game.press(&mut player, &format!("<paste:{token}><enter><enter><settle><enter>")).await;
        assert_eq!(game.scene.wizard().step(), Step::Store, "{}", player.text());
        let kind = |game: &Game| game.scene.wizard().answers().store().kind();
        // The keyring is the first one: on to a file, which needs a place.
        game.press(&mut player, "<down><down><enter>").await;
        assert_eq!((game.scene.wizard().step(), kind(&game)), (Step::Store, "file"), "{}", player.text());
        assert!(player.text().contains("▌Path"), "{}", player.text());
        let path = game.dir.path().join("kept").display().to_string();
        game.press(&mut player, &format!("{path}<enter>")).await;
        assert_eq!(game.scene.wizard().step(), Step::Review, "{}", player.text());
        // To git's helpers: the place belonged to the file, and is asked no more.
        game.press(&mut player, "<esc>").await;
        assert_eq!(game.scene.wizard().step(), Step::Store, "{}", player.text());
        game.press(&mut player, "<up><enter>").await;
        assert_eq!((game.scene.wizard().step(), kind(&game)), (Step::Review, "git-credential"), "{}", player.text());
        assert_eq!(game.scene.wizard().answers().text(&Field::StorePath), None);
        assert!(!player.text().contains(&path), "{}", player.text());
        // Back to the keyring.
        game.press(&mut player, "<esc><up><enter>").await;
        assert_eq!((game.scene.wizard().step(), kind(&game)), (Step::Review, "keyring"), "{}", player.text());
        // And to the file once more: its place is asked anew.
        game.press(&mut player, "<esc><down><down><enter>").await;
        assert_eq!((game.scene.wizard().step(), kind(&game)), (Step::Store, "file"), "{}", player.text());
        assert!(player.text().contains("▌Path") && !player.text().contains(&path), "{}", player.text());
        game.press(&mut player, &format!("{path}<enter>")).await;
        assert_eq!(game.scene.wizard().step(), Step::Review, "{}", player.text());
        game.press(&mut player, "a<settle>").await;
        assert_eq!(game.scene.wizard().step(), Step::Done, "{}", player.text());
        assert_eq!(std::fs::read_to_string(&path).unwrap().trim(), token);
        let config = std::fs::read_to_string(game.dir.path().join("config.toml")).unwrap();
        assert!(config.contains("store = \"file\"") && config.contains(&path), "{config}");
    });
}

/// The folder of tokens that a text names, however it is broken into lines.
fn folder(text: &str, before: &str, after: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, rest) = joined.split_once(before).unwrap_or_else(|| panic!("{before} is not in {joined}"));
    rest.split_once(after).unwrap().0.trim().to_owned()
}

#[test]
fn line_by_line_the_sandbox_says_where_its_tokens_lie_and_they_serve() {
    let mut seat = Seat::take(&["setup", "--sandbox", "--plain"]);
    let mut at = 0;
    for line in ["2", "1", "acme", "", "", "n"] {
        at = seat.reply(at, line);
    }
    seat.hear(at, "paste it; it is not shown");
    let said = String::from_utf8_lossy(&seat.bytes()).into_owned();
    let told = folder(&said, "The tokens of the sandbox lie in", ":");
    let token = std::fs::read_to_string(std::path::Path::new(&told).join("devtron")).unwrap();
    for line in [token.trim(), "", "1", "", "y"] {
        at = seat.reply(at, line);
    }
    assert_eq!(seat.ends(), 0, "{}", seat.screen());
    assert!(seat.strictly().text.contains("verdict: pass"), "{}", seat.screen());
}

/// A connection of Flux on Gitea with the key `k`, and another key `next`.
fn keyed(served: &Served) -> Home {
    let home = Home::new();
    let text = format!(
        "version = 1\nname = \"k\"\nplatform = \"flux\"\nprovider = \"gitea\"\nhost = \"{}\"\nowner = \"acme\"\n\
         [token]\nfile = \"{}\"\n[repository]\nname = \"webshop\"\n[ssh]\ngenerate = \"k\"\n",
        served.host_of("gitea"),
        served.token_file("gitea-keys").display()
    );
    home.write("k.toml", &text);
    home.run(&["setup", "--answers", "k.toml"]).expect(0);
    key(&home, "next");
    home
}

/// How many keys were registered.
fn registered(served: &Served) -> usize {
    let is_one = |one: &&Value| {
        one["method"] == "POST" && one["status"] == 201 && one["path"].as_str().unwrap().contains("keys")
    };
    served.requests().iter().filter(is_one).count()
}

fn has_the_new_key(seat: &Seat, before: &str) {
    let config = seat.home.config_text();
    let fingerprint = |text: &str| text.lines().find(|line| line.starts_with("fingerprint")).unwrap().to_owned();
    assert_ne!(fingerprint(&config), fingerprint(before));
    assert!(config.contains("/next.pub\"") && config.contains("/next\""), "{config}");
    assert!(!config.contains(".token]"), "the token that registered it is not kept: {config}");
    assert!(seat.strictly().text.contains("still registered"), "what became of the old one is told: {}", seat.screen());
    let shown = seat.home.run(&["show", "k"]).expect(0).stdout;
    assert!(shown.contains("/next.pub\n"), "{shown}");
}

#[test]
fn a_key_is_replaced_on_the_screen_and_line_by_line() {
    for plain in [false, true] {
        let world = Home::new();
        let served = Served::start(&world, "by-key");
        let home = keyed(&served);
        let before = home.config_text();
        let (public, private) = (home.path("next.pub").display().to_string(), home.path("next").display().to_string());
        let token = served.token("gitea-keys");
        assert_eq!(registered(&served), 1);
        let mut seat;
        if plain {
            seat = Seat::in_home(home, &["rotate", "k", "--plain"]);
            let mut at = 0;
            // The kind of token; the key, what it opens, its rights, its address and the user; the token.
            for line in ["", &public, &private, "", "", "", "", &token, "1", "y"] {
                at = seat.reply(at, line);
            }
            assert!(seat.strictly().sequences.is_empty());
        } else {
            seat = Seat::in_home(home, &["rotate", "k"]);
            for (seen, keys) in [
                ("How does it sign in?", "\t".to_owned()),
                ("▌Public key", format!("\x15{public}\t")),
                ("▌Private key", format!("\x15{private}\r")),
                ("Optional: with a token of Gitea", format!("\r{token}")),
                ("This is a Gitea/Forgejo token", "\r".to_owned()),
                ("Nothing stands in the way", "\r".to_owned()),
                ("register the SSH key", "a".to_owned()),
                ("● Done", "\r".to_owned()),
            ] {
                seat.see(seen);
                seat.type_in(&keys);
            }
        }
        assert_eq!(seat.ends(), 0, "plain: {plain}: {}", seat.screen());
        assert_eq!((registered(&served), seat.left_to_read()), (2, 0));
        has_the_new_key(&seat, &before);
    }
}
