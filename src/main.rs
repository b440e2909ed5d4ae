//! `git-access`, also run as `git access`.

use std::process::ExitCode;

fn main() -> ExitCode {
    git_access::hardening::harden();
    git_access::cli::run(std::env::args_os()).into()
}
