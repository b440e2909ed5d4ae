//! What screens are made of: a sheet of lines, a line to type into, a search, links, a code for a camera.

pub mod code;
pub mod editor;
pub mod filter;
pub mod link;
pub mod sheet;
