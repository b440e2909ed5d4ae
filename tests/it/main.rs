//! One binary for all integration tests: it links once, and shares `support`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it did not expect")]

mod addresses;
mod answers_file;
mod azure_devops;
mod bitbucket;
mod bitbucket_dc;
mod config;
mod credential;
mod disk;
mod endurance;
mod examples;
mod exports;
mod fleet;
mod forges;
mod generated;
mod git_store;
mod gitea;
mod gitlab;
mod headless;
mod interrupts;
mod keys;
mod leaks;
mod manage;
mod pairs;
mod plain;
mod platform_files;
mod program;
mod proof;
mod rotation;
mod sandbox;
mod ssh;
mod stores;
mod support;
mod tidy;
mod transcripts;
mod tui;
