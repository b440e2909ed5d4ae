//! What is printed and does not get out: nobody has it, so the run has not done what it was asked.

use std::fs::File;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use crate::manage::home_with;
use crate::program::Home;

/// Everything that prints data, with what it is given on standard input.
const PRINTING: &[(&[&str], &str)] = &[
    (&["list"], ""),
    (&["list", "--format", "json"], ""),
    (&["show", "one"], ""),
    (&["check", "--offline"], ""),
    (&["check", "--offline", "--format", "json"], ""),
    (&["check", "--offline", "--format", "openmetrics"], ""),
    (&["use", "one", "--format", "json"], ""),
    (&["platforms"], ""),
    (&["platforms", "keptn", "--format", "json"], ""),
    (&["schema", "config"], ""),
    (&["schema", "answers"], ""),
    (&["completions", "bash"], ""),
    (&["man"], ""),
    (&["export", "one", "--for", "flux"], ""),
    (&["export", "one", "--for", "flux", "--format", "json"], ""),
    (&["credential", "get"], "protocol=https\nhost=github.com\n\n"),
    (&["sandbox", "--list"], ""),
    (&["--version"], ""),
    (&["--help"], ""),
];

fn run(home: &Home, arguments: &[&str], input: &str, to: impl Into<Stdio>) -> Output {
    let mut child =
        home.program().args(arguments).stdin(Stdio::piped()).stdout(to).stderr(Stdio::piped()).spawn().unwrap();
    // Who does not read it may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_written_is_told_and_ends_the_run_with_4() {
    let home = home_with(&["one"]);
    for (arguments, input) in PRINTING {
        let done = run(&home, arguments, input, full());
        let told = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(4), "{arguments:?}: {told}");
        assert_eq!(told.matches("standard output could not be written there: ").count(), 1, "{arguments:?}: {told}");
    }
    // What was not given to anybody is not remembered as exported.
    let shown = home.run(&["show", "one"]).expect(0).stdout;
    assert!(!shown.contains("flux on"), "{shown}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_sandbox_that_nobody_can_find_ends() {
    let home = Home::new();
    let done = run(&home, &["sandbox", "--data", home.path("data").to_str().unwrap()], "", full());
    assert_eq!(done.status.code(), Some(4), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let home = home_with(&["one"]);
    for (arguments, input) in PRINTING {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let done = run(&home, arguments, input, writer);
        let told = String::from_utf8(done.stderr).unwrap();
        assert!(!told.contains("standard output") && !told.contains("panicked"), "{arguments:?}: {told}");
        let closed = run(&home, arguments, input, Stdio::piped());
        assert_eq!(done.status.code(), closed.status.code(), "{arguments:?}: {told}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_refusal_stays_what_it_is() {
    let home = home_with(&["one"]);
    let mut program: Command = home.program();
    let done = program.args(["show", "two", "--format", "json"]).stdin(Stdio::null()).stdout(full()).output().unwrap();
    let told = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(2), "{told}");
    assert!(told.contains("There is no connection two") && told.contains("standard output"), "{told}");
}
