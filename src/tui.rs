//! The terminal shell: the wizard and the list of connections, drawn.
//!
//! `stage` is the loop, `scene` what is played there; `setup` plays the wizard and `connections` the list. `screens`
//! turn what they show into sheets, `frame` puts a sheet on the screen, `keys` and `theme` say what a key means and how
//! a thing looks. `terminal` holds the terminal and gives it back, `input` hears it.

mod connections;
#[cfg(unix)]
mod decode;
pub mod frame;
pub mod input;
pub mod keys;
mod run;
pub mod scene;
pub mod screens;
mod setup;
pub mod stage;
mod terminal;
pub mod theme;
pub mod widgets;

pub use self::connections::{Checked, Chosen, Connections, Desk, Parting, Row};
pub use self::run::Held;
pub use self::setup::{Circumstances, Left, SetUp};
pub use self::stage::Ended;
pub use self::terminal::Canvas;
#[cfg(unix)]
pub(crate) use self::terminal::forget_typeahead;
pub use self::theme::{Surroundings, Theme};
