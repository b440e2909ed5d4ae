//! One binary for all integration tests: it links once, and shares `support`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it did not expect")]

mod disk;
mod stores;
mod sandbox;
mod answers_file;
mod headless;
mod program;
mod tidy;
mod forges;
mod support;
