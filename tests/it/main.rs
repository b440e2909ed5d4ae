//! One binary for all integration tests: it links once, and shares `support`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it did not expect")]

mod answers_file;
mod config;
mod credential;
mod disk;
mod endurance;
mod forges;
mod generated;
mod gitea;
mod gitlab;
mod headless;
mod interrupts;
mod keys;
mod leaks;
mod manage;
mod program;
mod proof;
mod sandbox;
mod ssh;
mod stores;
mod support;
mod tidy;
