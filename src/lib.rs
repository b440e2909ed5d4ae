pub mod answers;
pub mod config;
pub mod fact;
pub mod forge;
pub mod platform;
pub mod provider;
pub mod secret;
mod statements;
