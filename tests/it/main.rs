//! One binary for all integration tests: it links once, and shares `support`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it did not expect")]

mod answers_file;
mod config;
mod disk;
mod forges;
mod gitea;
mod headless;
mod program;
mod sandbox;
mod stores;
mod support;
mod tidy;
