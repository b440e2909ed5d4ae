// Pure: no IO, no async, no clock, no terminal.
pub mod answers;
pub mod check;
pub mod config;
pub mod fact;
pub mod platform;
pub mod provider;
pub mod report;
pub mod secret;
pub mod text;
pub mod wizard;

// Edges: each speaks to one thing outside.
pub mod disk;
pub mod forge;
pub mod git;
pub mod store;
pub mod world;

// Shells: ways to drive the wizard.
pub mod cli;
pub mod headless;
