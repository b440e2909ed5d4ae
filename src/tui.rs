//! The terminal shell: the wizard and the list of connections, drawn.
//!
//! `stage` is the loop, `scene` what is played there; `setup` plays the wizard and `connections` the list. `screens`
//! turn what they show into sheets, `frame` puts a sheet on the screen, `keys` and `theme` say what a key means and how
//! a thing looks. `terminal` holds the terminal and gives it back, `input` hears it.

mod connections;
mod frame;
mod input;
mod keys;
mod run;
mod scene;
mod screens;
mod setup;
mod stage;
mod terminal;
mod theme;
mod widgets;

pub use self::connections::{Checked, Chosen, Connections, Desk, Row};
pub use self::run::Held;
pub use self::setup::{Circumstances, Left, SetUp};
pub use self::stage::Ended;
pub use self::terminal::Canvas;
pub use self::theme::{Surroundings, Theme};
