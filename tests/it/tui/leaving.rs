//! Ctrl-C on every page of the wizard: the terminal is as it was, nothing was written, and the forge was only read.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::seat::Seat;
use crate::program::{Home, Served, files};

/// The pages of Devtron on GitHub with no repository and no owner named before the token: the sentence that tells each,
/// and the keys that lead on from it.
const PAGES: [(&str, &str, &str); 11] = [
    ("platform", "Who will use the access?", "\x1b[B\r"),
    ("provider", "Where are the repositories?", "\r"),
    ("place", "Whose repositories?", "\r"),
    ("repository", "Which repository?", "\r"),
    ("access", "How does it sign in?", "\r"),
    ("token", "Make it at GitHub", "TOKEN"),
    ("open", "Choose what was left open", "acme\r"),
    ("open, the second list", "▌Repository", "\r"),
    ("checks", "Nothing stands in the way", "\r"),
    ("store", "Where is the token kept?", "\r"),
    ("review", "Is everything right?", "a"),
];

pub fn names(home: &Home) -> BTreeSet<PathBuf> {
    files(home.dir.path()).into_iter().map(|(path, _)| path).collect()
}

/// Presses the keys of the pages before the one of this number, and waits for it.
fn come_to(seat: &mut Seat, page: usize, token: &str) {
    for (_, seen, keys) in &PAGES[..page] {
        seat.see(seen);
        if *keys == "TOKEN" {
            // Typed: after a paste Enter is not heard for a moment.
            seat.type_in(&format!("\r{token}"));
            seat.see("personal access token (classic)");
            seat.type_in("\r");
            seat.see("▌Ends on");
            seat.type_in("\r");
        } else {
            seat.type_in(keys);
        }
    }
    seat.see(PAGES[page].1);
}

/// Whether a request only reads. Git asks for what it reads with a POST, too.
pub fn reads(request: &serde_json::Value) -> bool {
    let path = request["path"].as_str().unwrap_or_default();
    matches!(request["method"].as_str(), Some("GET" | "HEAD")) || path.ends_with("/git-upload-pack")
}

#[test]
fn ctrl_c_on_every_page_leaves_nothing_behind() {
    let world = Home::new();
    let served = Served::start(&world, "ready");
    let token = served.token("devtron");
    for (number, (name, ..)) in PAGES.iter().enumerate() {
        let home = Home::new();
        home.program();
        let before = names(&home);
        let mut seat = Seat::in_home(home, &["setup", "--provider", "github", "--host", &served.host()]);
        come_to(&mut seat, number, &token);
        seat.type_in("\x03");
        if number > 0 {
            seat.see("Leave without saving?");
            seat.type_in("y");
        }
        assert_eq!(seat.ends(), 130, "{name}");
        assert_eq!(names(&seat.home), before, "{name}: files are left");
        assert_eq!(seat.left_to_read(), 0, "{name}");
    }
    let asked = served.requests();
    assert!(asked.len() > 20, "the forge was asked: {}", asked.len());
    let changed: Vec<_> = asked.iter().filter(|request| !reads(request)).collect();
    assert!(changed.is_empty(), "{changed:#?}");
    println!("{} pages were left by Ctrl-C; {} requests, all of them read", PAGES.len(), asked.len());
}
