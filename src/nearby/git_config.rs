//! Whether git keeps logins for a host: the helpers that its configuration names.
//!
//! git is asked for its configuration and for nothing else, outside of every repository: no helper runs, so that none asks
//! a person for a password before that person has chosen it. Whether there is a login for the host shows when it is taken.
//!
//! Source: <https://git-scm.com/docs/gitcredentials>, "Configuration options": an empty helper takes back those before it,
//! and a section with an address is for that scheme, host and port.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::program;
use crate::provider::{Host, Origin};
use crate::wizard::At;

/// How long git is waited for before the first page. It takes two or three milliseconds.
const PATIENCE: Duration = Duration::from_millis(100);
/// The words under which a helper could be ourselves.
const OURSELVES: &str = "git-access";

/// The helpers in the order of the configuration, each with the address that it is for.
#[derive(Default)]
pub(super) struct Helpers(Vec<(Option<String>, String)>);

impl Helpers {
    /// Begins to ask git; `None` where it is not there.
    pub(super) fn ask() -> Option<Child> {
        let git = program::find("git")?;
        let mut command = Command::new(git);
        command.args(["config", "--null", "--get-regexp", r"^credential\.(.*\.)?helper$"]);
        command.current_dir(std::path::MAIN_SEPARATOR_STR);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_CONFIG_PARAMETERS", "GIT_TRACE"] {
            command.env_remove(variable);
        }
        command.spawn().ok()
    }

    /// Those that git would ask on this machine, if it tells soon: nobody waits for an offer.
    pub(super) fn configured(asked: Option<Child>) -> Self {
        let Some(mut git) = asked else { return Self::default() };
        let begun = Instant::now();
        while git.try_wait().is_ok_and(|ended| ended.is_none()) {
            if begun.elapsed() > PATIENCE {
                // It may have ended just now; waited for, it leaves nothing.
                let _ = git.kill();
                let _ = git.wait();
                return Self::default();
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let done = git.wait_with_output().ok().filter(|done| done.status.success());
        done.map(|done| Self::read(&String::from_utf8_lossy(&done.stdout))).unwrap_or_default()
    }

    /// What git prints: the key, a line feed, the value, a zero.
    fn read(text: &str) -> Self {
        let entries = text.split_terminator('\0').filter_map(|entry| {
            // A key without a value says nothing about a helper.
            let (key, value) = entry.split_once('\n')?;
            let key = key.strip_prefix("credential.")?.strip_suffix("helper")?;
            Some((key.strip_suffix('.').map(str::to_owned), value.trim().to_owned()))
        });
        Self(entries.collect())
    }

    /// The hosts for which one of them would be asked, ourselves not counted.
    pub(super) fn served(&self) -> Vec<At> {
        let sections = self.0.iter().filter_map(|(address, _)| Host::parse(address.as_ref()?).ok());
        let mut named: Vec<Origin> = Vec::new();
        for host in sections {
            if !named.contains(host.origin()) {
                named.push(host.origin().clone());
            }
        }
        let mut served: Vec<At> = named.iter().filter(|host| self.serve(Some(host))).cloned().map(At::Origin).collect();
        if self.serve(None) {
            served.push(At::AllBut(named));
        }
        served
    }

    /// Whether one of them would be asked for `host`, or for one that no section names.
    fn serve(&self, host: Option<&Origin>) -> bool {
        let is_for = |address: &Option<String>| match (address, host) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(address), Some(host)) => Host::parse(address).is_ok_and(|there| there.origin() == host),
        };
        let mut any = false;
        for (_, helper) in self.0.iter().filter(|(address, _)| is_for(address)) {
            any = !helper.is_empty() && (any || !helper.contains(OURSELVES));
        }
        any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_served_by_the_helpers_of_everybody_and_by_its_own() {
        let github = Host::parse("https://github.com").unwrap().origin().clone();
        let lab = Host::parse("https://lab.example:8443").unwrap().origin().clone();
        for (text, of_github, of_lab) in [
            ("", false, false),
            ("credential.helper\nstore\0", true, true),
            ("credential.helper\n!git-access credential\0", false, false),
            ("credential.helper\nstore\0credential.helper\n!git-access credential\0", true, true),
            ("credential.helper\nstore\0credential.helper\n\0", false, false),
            ("credential.https://github.com.helper\n!gh auth git-credential\0", true, false),
            ("credential.helper\nstore\0credential.https://github.com.helper\n\0", false, true),
            ("credential.https://lab.example:8443/.helper\ncache\0", false, true),
            ("credential.https://lab.example.helper\ncache\0", false, false),
            ("credential.http://github.com.helper\ncache\0", false, false),
            ("credential.https://github.com.evil.example.helper\ncache\0", false, false),
            ("credential.helper\0", false, false),
            ("rubbish\nstore\0", false, false),
        ] {
            let helpers = Helpers::read(text);
            let serve = |host| {
                helpers.served().iter().any(|at| match at {
                    At::Origin(origin) => origin == host,
                    At::AllBut(others) => !others.contains(host),
                    _ => false,
                })
            };
            assert_eq!((serve(&github), serve(&lab)), (of_github, of_lab), "{text:?}");
        }
    }
}
