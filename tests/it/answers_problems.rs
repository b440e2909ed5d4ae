//! No problem of an answers file hides behind another: what is wrong is told in one run, with file, line and column, and
//! never with anything that could be a secret.

mod files;
mod mutated;
mod pairs;
mod texts;

use git_access::answers::Answers;
use git_access::answers::file::{Circumstances, Reading, Whole, read};
use git_access::platform::{Platform, built_in};

/// The built-in platforms, read once.
pub fn platforms() -> &'static [Platform] {
    static ALL: std::sync::LazyLock<Vec<Platform>> = std::sync::LazyLock::new(built_in);
    &ALL
}

pub fn reading(text: &str) -> Reading {
    let above = Answers::default();
    let whole = |own: &Answers| {
        let mut answers = own.clone();
        answers.take_addresses();
        Whole { answers, has_token: false, rotates: false }
    };
    let platform = |id: &str| platforms().iter().find(|platform| platform.id == id).cloned();
    read(text, &Circumstances { from_stdin: false, above: &above, whole: &whole, platform: &platform })
}
