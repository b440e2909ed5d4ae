//! What is done before anything else, so that neither a crash nor a neighbour gets at what the program holds.
//!
//! A core dump is a copy of all secrets on the disk, and a panic message may quote the input that led to it.

use std::io::Write as _;
use std::panic::{self, PanicHookInfo};

/// Keeps the memory of this process to itself, and panics short.
///
/// What the operating system refuses here is not told: the run is no less correct without it.
pub fn harden() {
    keep_memory_private();
    panic::set_hook(Box::new(|panic| {
        // Where even standard error is gone, there is nobody to tell.
        drop(writeln!(std::io::stderr(), "{}", epitaph(panic)));
    }));
}

/// Where it broke down, and what to do. Not what the panic says: its payload may hold anything.
pub(crate) fn epitaph(panic: &PanicHookInfo<'_>) -> String {
    let place = panic.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
    format!(
        "git-access {} broke down{place}. This is a fault of the program, not of your answers.\n  \
         Run it again with --log FILE, and report this line with what you did; neither holds a secret.",
        env!("CARGO_PKG_VERSION")
    )
}

#[cfg(unix)]
fn keep_memory_private() {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    // Also where the kernel pipes core dumps to a program, which no limit stops; and nobody of the same user can read
    // our memory, environment or open files in /proc.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

#[cfg(not(unix))]
fn keep_memory_private() {}
