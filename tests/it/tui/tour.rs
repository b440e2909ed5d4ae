//! A tour of every page: the keys by which each is reached. Frames, pictures and the trials of the themes all take it.

use git_access::answers::Answers;
use git_access::tui::scene::Scene;
use git_access::tui::{Connections, Theme};

use super::desk::Drawer;
use super::player::{Game, Player};

pub const SIZES: [(u16, u16); 4] = [(60, 20), (80, 24), (120, 40), (200, 60)];

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

/// Devtron on GitHub, up to the token.
const TO_THE_TOKEN: &str = "<down><enter><enter>acme<enter><enter><enter>";

pub trait Visitor {
    /// Looks at a page. It may change the size, and is asked for another page in whatever size it leaves.
    async fn look<S: Scene>(&mut self, name: &str, player: &mut Player, scene: &mut S);
}

/// Presses the keys of each page, and has it looked at. `TOKEN` is one that no page may show.
async fn stops<S: Scene>(
    visitor: &mut impl Visitor,
    player: &mut Player,
    scene: &mut S,
    token: &str,
    pages: &[(&str, &str)],
) {
    for (name, keys) in pages {
        player.press(scene, &keys.replace("TOKEN", token)).await;
        assert!(!player.text().contains(token), "{name} shows the token");
        visitor.look(name, player, scene).await;
    }
}

/// Every page that there is.
pub async fn everywhere(theme: Theme, visitor: &mut impl Visitor) {
    newcomer(theme, visitor).await;
    detours(theme, visitor).await;
    refusals(theme, visitor).await;
    key(theme, visitor).await;
    rotation(theme, visitor).await;
    connections(theme, visitor).await;
}

/// The way of a new user, page by page.
pub async fn newcomer(theme: Theme, visitor: &mut impl Visitor) {
    let mut game = Game::start("ready").await;
    let mut player = Player::of(theme);
    let token = game.token("devtron");
    let pages = [
        ("platform", ""),
        ("help", "?"),
        ("provider", "<esc><down><enter><settle>"),
        ("place", "<enter>"),
        ("repository", "acme<enter>"),
        ("access", "<enter>"),
        ("token", "<enter>"),
        ("token-pasted", "<paste:TOKEN>"),
        ("checks-running", "<enter><enter>"),
        ("checks", "<settle>"),
        ("steps", "s"),
        ("store", "<esc><enter>"),
        ("review", "<enter>"),
        ("question", "<ctrl-c>"),
        ("apply", "<esc>a"),
        ("done", "<settle>"),
    ];
    stops(visitor, &mut player, &mut game.scene, &token, &pages).await;
}

/// The code of an address, and what was left open until a token can look.
pub async fn detours(theme: Theme, visitor: &mut impl Visitor) {
    let mut game = Game::start("ready").await;
    let mut player = Player::of(theme);
    let token = game.token("devtron");
    let pages = [
        ("code", "<down><enter><enter><enter><enter><enter>Q"),
        ("open-list", "<esc><paste:TOKEN><enter><enter><settle>"),
        ("open-refused", "nobody-here<up><enter><settle>"),
    ];
    stops(visitor, &mut player, &mut game.scene, &token, &pages).await;
}

/// What looks so when it does not go well.
pub async fn refusals(theme: Theme, visitor: &mut impl Visitor) {
    let mut game = Game::start("missing-scope").await;
    let mut player = Player::of(theme);
    let token = game.token("devtron");
    let keys = format!("{TO_THE_TOKEN}<paste:TOKEN><enter><enter><settle>");
    stops(visitor, &mut player, &mut game.scene, &token, &[("checks-failed", &keys)]).await;

    let text = include_str!("../../../assets/sandbox/rate-limited.toml");
    let limit = "x-ratelimit-remaining = \"0\"";
    let scenario =
        git_access::sandbox::Scenario::from_toml(&text.replace(limit, &format!("{limit}, retry-after = \"3600\"")));
    let mut game = Game::of(scenario.unwrap(), Answers::default(), |_| ()).await;
    let mut player = Player::of(theme);
    let token = game.token("devtron");
    stops(visitor, &mut player, &mut game.scene, &token, &[("checks-limited", &keys)]).await;

    let mut game = Game::start("ready").await;
    let mut player = Player::of(theme);
    let token = game.token("devtron");
    to_the_review(&mut game, &mut player).await;
    // Nothing can be kept where a file stands in the place of the folder.
    std::fs::write(game.dir.path().join("keyring"), "").unwrap();
    stops(visitor, &mut player, &mut game.scene, &token, &[("apply-stopped", "a<settle>")]).await;
}

/// Devtron on GitHub, up to the review.
pub async fn to_the_review(game: &mut Game, player: &mut Player) {
    let token = game.token("devtron");
    player.press(&mut game.scene, TO_THE_TOKEN).await;
    player.press(&mut game.scene, &format!("<paste:{token}><enter><enter><settle><enter><enter>")).await;
}

/// A platform that signs in with a key.
pub async fn key(theme: Theme, visitor: &mut impl Visitor) {
    let mut game = Game::start("ready").await;
    let mut player = Player::of(theme);
    let token = game.token("devtron");
    // DXUP, Bitbucket; owner without a project; a repository that is there.
    let way = "<down><down><down><enter><down><down><enter>acme<enter><enter>webshop<enter><enter>";
    let pasted = format!("{way}<paste:{KEY} dxup><enter>");
    stops(visitor, &mut player, &mut game.scene, &token, &[("access-key", &pasted)]).await;
}

/// A new token for a connection that is there.
pub async fn rotation(theme: Theme, visitor: &mut impl Visitor) {
    let mut game = Game::start("ready").await;
    let mut player = Player::of(theme);
    to_the_review(&mut game, &mut player).await;
    player.press(&mut game.scene, "a<settle>").await;
    let (mut scene, token) = (game.rotation(), game.token("full"));
    let pages = [
        ("rotate-token", "<settle>"),
        ("rotate-checks", "<paste:TOKEN><enter><enter><settle>"),
        ("rotate-review", "<enter><enter>"),
        ("rotate-steps", "s"),
        ("rotate-done", "<esc>a<settle>"),
    ];
    stops(visitor, &mut player, &mut scene, &token, &pages).await;
    assert!(scene.wizard().is_saved());
}

/// The list of connections.
pub async fn connections(theme: Theme, visitor: &mut impl Visitor) {
    let mut player = Player::of(theme);
    let mut scene = Connections::new(Drawer::filled(), "config.toml".to_owned()).unwrap();
    let pages = [
        ("connections", ""),
        ("connections-warned", "<down><down>"),
        ("connections-checked", "c<settle>"),
        ("connections-remove", "<up><up>d"),
        ("connections-help", "n?"),
        ("connections-shown", "<esc><enter>"),
        ("connections-none-active", "<esc>dy<settle>"),
    ];
    stops(visitor, &mut player, &mut scene, "no token here", &pages).await;
    let mut scene = Connections::new(Drawer::empty(), "config.toml".to_owned()).unwrap();
    stops(visitor, &mut player, &mut scene, "no token here", &[("connections-none", "")]).await;
}
