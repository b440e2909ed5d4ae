//! The terminal shell: the real loop over a buffer and typed keys, against the sandbox; and the program in a terminal.

mod frames;
mod hostile;
mod path;
mod player;
mod pty;
mod steps;
