//! The credential helpers that git's configuration names: who git asks for a login, and who it would ask without us.
//!
//! git is asked for its configuration and for nothing else, outside of every repository: no helper runs, so that none asks
//! a person for a password before that person has chosen it. Whether there is a login for the host shows when it is taken.
//!
//! Source: <https://git-scm.com/docs/gitcredentials>, "Configuration options": an empty helper takes back those before it,
//! and a section with an address is for that scheme, host and port. An asterisk stands for one label of a host's name
//! (<https://git-scm.com/docs/git-config>, `http.<url>.*`; read on 2026-11-21).

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::program;
use crate::provider::{Host, Origin};
use crate::text::sanitise;
use crate::wizard::At;

/// How long git is waited for before the first page. It takes two or three milliseconds.
const PATIENCE: Duration = Duration::from_millis(100);
const OURSELVES: &str = "git-access";

/// What git is asked for: every helper, and whether it is told the path.
pub(crate) const QUESTION: [&str; 4] =
    ["config", "--null", "--get-regexp", r"^credential\.(.*\.)?(helper|usehttppath)$"];

/// What the configuration says about helpers, in its order.
#[derive(Default)]
pub(crate) struct Helpers(Vec<Entry>);

struct Entry {
    /// `None`: for every host.
    address: Option<String>,
    said: Said,
}

#[derive(PartialEq, Eq)]
enum Said {
    Helper(String),
    /// `useHttpPath`
    Path(bool),
}

impl Helpers {
    /// Begins to ask git; `None` where it is not there.
    pub(crate) fn ask() -> Option<Child> {
        let git = program::find("git")?;
        let mut command = Command::new(git);
        command.args(QUESTION);
        command.current_dir(std::path::MAIN_SEPARATOR_STR);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_CONFIG_PARAMETERS", "GIT_TRACE"] {
            command.env_remove(variable);
        }
        program::without_tokens(&mut command);
        command.spawn().ok()
    }

    /// Those that git would ask on this machine, if it tells soon: nobody waits for an offer.
    pub(crate) fn soon(asked: Option<Child>) -> Self {
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
        Self::told(Some(git))
    }

    /// The same, however long git takes.
    pub(crate) fn told(asked: Option<Child>) -> Self {
        let done = asked.and_then(|git| git.wait_with_output().ok()).filter(|done| done.status.success());
        done.map(|done| Self::read(&done.stdout)).unwrap_or_default()
    }

    /// What git prints: the key, a line feed, the value, a zero.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let entries = text.split_terminator('\0').filter_map(|entry| {
            let (key, value) = entry.split_once('\n').map_or((entry, None), |(key, value)| (key, Some(value.trim())));
            let key = key.strip_prefix("credential.")?;
            let (address, name) = key.rsplit_once('.').map_or((None, key), |(address, name)| (Some(address), name));
            let said = match (name, value) {
                ("helper", Some(helper)) => Said::Helper(helper.to_owned()),
                ("usehttppath", value) => Said::Path(is_true(value)),
                // A key without a value says nothing about a helper.
                _ => return None,
            };
            Some(Entry { address: address.map(str::to_owned), said })
        });
        Self(entries.collect())
    }

    /// The hosts for which one of them would be asked, ourselves not counted.
    pub(crate) fn served(&self) -> Vec<At> {
        let sections = self.0.iter().filter_map(|entry| Host::parse(entry.address.as_ref()?).ok());
        let mut named: Vec<Origin> = Vec::new();
        for host in sections {
            if !named.contains(host.origin()) {
                named.push(host.origin().clone());
            }
        }
        let served = named.iter().filter(|origin| !self.of_origin(origin).is_empty());
        let mut served: Vec<At> = served.cloned().map(At::Origin).collect();
        if !self.in_effect(|address| address.is_none()).is_empty() {
            served.push(At::AllBut(named));
        }
        served
    }

    /// The helpers that git would ask about any address of `origin`, without ourselves.
    pub(crate) fn of_origin(&self, origin: &Origin) -> Vec<&str> {
        let is_for = |address: &str| Host::parse(address).is_ok_and(|there| there.origin() == origin);
        self.in_effect(|address| address.is_none_or(is_for))
    }

    /// The helpers that git would ask about `host`, without ourselves.
    pub(crate) fn of(&self, host: &Host) -> Vec<&str> {
        self.in_effect(|address| address.is_none_or(|address| covers(address, host)))
    }

    /// Whether git would tell them the path of `host`, without ourselves.
    pub(crate) fn are_told_the_path(&self, host: &Host) -> bool {
        let is_for = |address: &Option<String>| address.as_ref().is_none_or(|address| covers(address, host));
        let said = self.without_us().filter(|entry| is_for(&entry.address)).filter_map(|entry| match entry.said {
            Said::Path(told) => Some(told),
            Said::Helper(_) => None,
        });
        said.last().unwrap_or(false)
    }

    /// Whether `host` has a section in which we are the helper, as `setup-git` writes one.
    pub(crate) fn name_us_for(&self, host: &Host) -> bool {
        self.0.iter().any(|entry| entry.is_ours() && entry.address.as_ref().is_some_and(|there| covers(there, host)))
    }

    /// Whether we are a helper of any host.
    pub(crate) fn name_us(&self) -> bool {
        self.0.iter().any(Entry::is_ours)
    }

    fn in_effect(&self, is_for: impl Fn(Option<&str>) -> bool) -> Vec<&str> {
        let mut helpers = Vec::new();
        for entry in self.without_us().filter(|entry| is_for(entry.address.as_deref())) {
            match &entry.said {
                Said::Helper(helper) if helper.is_empty() => helpers.clear(),
                Said::Helper(helper) => helpers.push(helper.as_str()),
                Said::Path(_) => {}
            }
        }
        helpers
    }

    /// Everything but ourselves, and but what `setup-git` writes around us for a host.
    fn without_us(&self) -> impl Iterator<Item = &Entry> {
        let beside = |at: Option<usize>, of: &Entry, said: &Said| {
            let there = at.and_then(|at| self.0.get(at));
            there.is_some_and(|there| there.is_ours() && there.address.is_some() && there.address == of.address)
                && of.said == *said
        };
        self.0.iter().enumerate().filter_map(move |(at, entry)| {
            let reset = beside(at.checked_add(1), entry, &Said::Helper(String::new()));
            let path = beside(at.checked_sub(1), entry, &Said::Path(true));
            (!entry.is_ours() && !reset && !path).then_some(entry)
        })
    }
}

impl Entry {
    fn is_ours(&self) -> bool {
        matches!(&self.said, Said::Helper(helper) if is_ours(helper))
    }
}

/// Whether the section of `address` is for `host`: the same scheme, host and port, and its path or one above it.
fn covers(address: &str, host: &Host) -> bool {
    let Ok(there) = Host::parse(&without_asterisks(address, host)) else { return false };
    let below = host.path().strip_prefix(there.path().trim_end_matches('/'));
    there.origin() == host.origin() && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `address` with the labels of `host` where it has an asterisk for one.
fn without_asterisks(address: &str, host: &Host) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("https", address));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let there = host.origin().authority();
    let labels: Vec<&str> = authority.split('.').collect();
    if !labels.contains(&"*") || labels.len() != there.split('.').count() {
        return address.to_owned();
    }
    let filled: Vec<&str> =
        labels.into_iter().zip(there.split('.')).map(|(label, own)| if label == "*" { own } else { label }).collect();
    format!("{scheme}://{}/{path}", filled.join("."))
}

/// As git reads a boolean; a key without a value is true.
fn is_true(value: Option<&str>) -> bool {
    value.is_none_or(|value| matches!(value.to_ascii_lowercase().as_str(), "true" | "yes" | "on" | "1"))
}

/// Whether a helper is this program, by the name of the program that git runs for it: what else is in the text, a path
/// that only sounds like us for instance, says nothing.
pub(crate) fn is_ours(helper: &str) -> bool {
    let words = words(helper.strip_prefix('!').unwrap_or(helper));
    match words.first().map(|word| base(word)) {
        // Without an exclamation mark and a directory git would look for git-credential-git-access: nobody but we.
        Some(OURSELVES) => true,
        Some("git") => words.get(1).is_some_and(|word| word == "access"),
        _ => false,
    }
}

/// The program of a helper, without its directory and its arguments: those may hold a secret.
pub(crate) fn name_of(helper: &str) -> String {
    let words = words(helper.strip_prefix('!').unwrap_or(helper));
    let name = words.first().map(|word| base(word)).unwrap_or_default();
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if name.is_empty() || !plain { "a piece of shell".to_owned() } else { sanitise(name, 60) }
}

/// Whether a helper is git's own `kind` (`store`, `cache`), under either of its names.
pub(crate) fn is_gits_own(kind: &str, helper: &str) -> bool {
    let name = name_of(helper);
    let is_short = name == kind && !helper.starts_with(['!', '/']);
    is_short || name.strip_prefix("git-credential-") == Some(kind)
}

fn base(word: &str) -> &str {
    let name = word.rsplit(['/', '\\']).next().unwrap_or_default();
    name.strip_suffix(".exe").unwrap_or(name)
}

/// The first two words of a command, as a POSIX shell reads them. What only a shell can read stays in its word.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let (mut quote, mut letters) = (None, text.chars());
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (None, ' ' | '\t' | '\n') => words.extend(word.take()),
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (Some(open), _) if open == letter => quote = None,
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(letters.next()),
            _ => word.get_or_insert_default().push(letter),
        }
        if words.len() == 2 {
            return words;
        }
    }
    words.extend(word);
    words
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
            ("credential.helper\nstore --file /home/o/git-access-creds\0", true, true),
            (&format!("credential.helper\nstore\0{SECTION}"), true, true),
            (SECTION, false, false),
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
            let helpers = Helpers::read(text.as_bytes());
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

    /// What `setup-git` writes for one host.
    const SECTION: &str = "credential.https://github.com.helper\n\0credential.https://github.com.helper\n\
                           !'/opt/it'\\''s/git-access' credential\0credential.https://github.com.usehttppath\ntrue\0";

    #[test]
    fn without_us_the_users_own_helpers_are_asked_as_before() {
        let github = Host::parse("https://github.com").unwrap();
        let own = "credential.https://github.com.helper\ncache\0credential.https://github.com.usehttppath\0";
        for (text, helpers, path) in [
            (format!("credential.helper\nstore\0{SECTION}"), vec!["store"], false),
            (format!("credential.helper\nstore\0{own}{SECTION}"), vec!["store", "cache"], true),
            (format!("credential.helper\nstore\0{SECTION}credential.helper\ncache\0"), vec!["store", "cache"], false),
            // A reset of the user's own stays one.
            (format!("credential.helper\nstore\0credential.helper\n\0{SECTION}"), vec![], false),
            (format!("credential.https://*.com.helper\ncache\0{SECTION}"), vec!["cache"], false),
            (format!("credential.https://*.helper\ncache\0{SECTION}"), vec![], false),
            (format!("credential.https://github.com/acme.helper\ncache\0{SECTION}"), vec![], false),
            (format!("{SECTION}credential.usehttppath\nyes\0"), vec![], true),
        ] {
            let read = Helpers::read(text.as_bytes());
            assert_eq!((read.of(&github), read.are_told_the_path(&github)), (helpers, path), "{text:?}");
            assert!(read.name_us() && read.name_us_for(&github));
            assert!(!read.name_us_for(&Host::parse("https://gitlab.com").unwrap()));
        }
        let deep = Host::parse("https://lab.example/forge").unwrap();
        let read = |address| Helpers::read(format!("credential.{address}.helper\nstore\0").as_bytes());
        for (address, covered) in [
            ("https://lab.example", true),
            ("https://lab.example/forge/", true),
            ("https://lab.example/for", false),
            ("http://lab.example/forge", false),
        ] {
            assert_eq!(!read(address).of(&deep).is_empty(), covered, "{address}");
        }
    }

    #[test]
    fn a_helper_is_ours_by_the_name_of_its_program() {
        for (helper, ours) in [
            ("!git-access credential", true),
            ("!'/opt/a b/git-access' --config '/x y' credential", true),
            (r"!'/opt/it'\''s/git-access' credential", true),
            (r#"!"/opt/a b/git-access" credential"#, true),
            (r"!/opt/a\ b/git-access credential", true),
            ("!git access credential", true),
            ("/usr/bin/git-access credential", true),
            ("git-access", true),
            ("store --file=/home/o/git-access-creds", false),
            ("!/opt/git-access/bin/other get", false),
            ("!git-access-like credential", false),
            ("!git credential-store", false),
            ("!f() { git-access credential; }; f", false),
            ("", false),
        ] {
            assert_eq!(is_ours(helper), ours, "{helper}");
        }
    }

    #[test]
    fn of_a_helper_only_its_name_is_told() {
        for (value, name) in [
            ("store --file /home/o/secret", "store"),
            ("/usr/lib/git-core/git-credential-libsecret", "git-credential-libsecret"),
            ("!/usr/bin/gh auth git-credential", "gh"),
            ("!'/opt/a b/git-access' --config '/x y' credential", "git-access"),
            (r"!'/opt/it'\''s/git-access' credential", "git-access"),
            ("!f() { echo password=hunter2; }; f", "a piece of shell"),
            ("!password=hunter2", "a piece of shell"),
        ] {
            assert_eq!(name_of(value), name);
        }
        for (helper, is_store) in [
            ("store", true),
            ("store --file /x", true),
            ("/usr/lib/git-core/git-credential-store --file /x", true),
            ("!git-credential-store", true),
            ("!store", false),
            ("/opt/store", false),
            ("libsecret", false),
        ] {
            assert_eq!(is_gits_own("store", helper), is_store, "{helper}");
        }
    }
}
