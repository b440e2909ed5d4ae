//! git-access: gives a deployment platform access to a Git forge, and proves that the access works.
//!
//! # Codemap
//! One record of answers, one table of facts, one cursor; everything else is derived. What is *decided* is in
//! [`answers`], what was *learned* in [`fact`]. Who can be asked is a [`provider`] (what is known about it) and a
//! [`forge`] (a live connection); what is demanded is in [`platform`]. [`check`] judges, [`wizard`] says what happens
//! next, [`world`] performs it, and [`headless`] drives; [`tui`] draws for a person, [`plain`] asks line by line, and both
//! offer what is [`nearby`]. What is written is in [`config`] and [`store`], what is told in [`report`], what a consumer
//! is given in [`export`]. Where a platform signs in with a key, [`key`] is what is known of it and [`ssh`] tries it.
//! [`sandbox`] is somewhere to play: a server that imitates the forges.
//!
//! A new provider is `provider/<name>.rs`, `forge/<name>.rs`, `sandbox/<name>.rs`, its section in each file of
//! `assets/platforms`, and four lines: its variant and row in [`provider`], its arm in [`forge::connect`], and its row
//! in [`sandbox`]. Rows of `tests/it/addresses/rows.rs` say what its addresses name. A new check is a function in
//! `check/` and a line in [`check::judge`]; a new store a file in `store/` and its arm there; a new platform a file in
//! `assets/platforms`.
//!
//! # Invariants
//! `tests/it/tidy.rs` enforces them, each with a planted violation.
//! 1. The pure modules use no IO, no async, no clock and no terminal. Time is passed in.
//! 2. Only `world` performs effects; only `forge` and `sandbox` name an endpoint, and they share no types; only
//!    `forge::connect` and the provider table branch on the provider.
//! 3. A change of the world is emitted by one function.
//! 4. Every verdict but pass and pending carries a remedy, by construction.
//! 5. A secret has no `Display`, its `Debug` is `***`, and it is exposed in a short list of files.
//! 6. Every platform, provider and kind of token either has requirements or says why not.
//! 7. Scenario files describe worlds, never verdicts.
//! 8. No file over 600 lines, no function over 70.

// Pure: no IO, no async, no clock, no terminal.
pub mod answers;
pub mod check;
pub mod config;
pub mod export;
pub mod fact;
pub mod key;
pub mod platform;
pub mod provider;
pub mod report;
pub mod secret;
mod statements;
pub mod text;
pub mod wizard;

// Edges: each speaks to one thing outside.
pub mod disk;
pub mod forge;
pub mod git;
pub mod hardening;
pub mod nearby;
pub mod program;
pub mod record;
pub mod ssh;
pub mod store;
pub mod world;

// Shells: ways to drive the wizard.
pub mod cli;
pub mod headless;
pub mod plain;
pub mod tui;

// Somewhere to play.
pub mod sandbox;
