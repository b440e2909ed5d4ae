//! The terminal shell: the real loop over a buffer and typed keys, against the sandbox; and the program in a terminal.

mod applying;
mod choices;
mod desk;
mod endings;
mod flow;
mod frames;
mod hostile;
mod kept;
mod leaving;
mod machines;
mod path;
mod plainly;
mod player;
mod pty;
mod said;
pub mod seat;
mod steps;
mod stops;
mod strict;
mod themes;
mod tour;
