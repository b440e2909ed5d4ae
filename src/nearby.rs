//! What lies around when the wizard begins: a git remote here, a token in the usual place, the names that are taken.
//!
//! It is offered and never taken by itself. Of a token only the place is noted: no variable is read, and no program runs
//! but git, which is asked for its configuration. The remote is read from git's own file, so that no hook, helper or alias of a directory that may be anybody's
//! ever runs. Nobody is asked over a network; it takes a few reads of small files.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::answers::Field;
use crate::config::Config;
use crate::disk::{self, Paths};
use crate::git::credential::Helpers;
use crate::program;
use crate::provider::{Address, Host, Located, Provider};
use crate::wizard::{At, Found, HOST, Nearby, Only};

/// The most that is read of a file of git's, in bytes.
const LONGEST: u64 = 256 * 1024;
/// How many directories above are looked into.
const HIGHEST: usize = 40;
const NAME: &str = "git-access";

/// Where to look.
pub struct Around<'a> {
    pub dir: &'a Path,
    pub config: &'a Path,
    /// Whether a variable is set, and not to nothing.
    pub is_set: &'a dyn Fn(&str) -> bool,
    /// Whether a program is installed.
    pub is_installed: &'a dyn Fn(&str) -> bool,
    /// The hosts for which git has a helper that keeps logins.
    pub helped: &'a dyn Fn() -> Vec<At>,
    /// The words with which this program is started, where they can be written down.
    pub ourselves: Option<String>,
}

/// What lies around this process. It blocks for some milliseconds.
pub fn look(paths: &Paths) -> Nearby {
    let dir = std::env::current_dir().unwrap_or_default();
    // It is waited for last.
    let asked = Cell::new(Helpers::ask());
    look_around(&Around {
        dir: &dir,
        config: &paths.config,
        is_set: &|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()),
        is_installed: &|name| program::find(name).is_some(),
        helped: &|| Helpers::soon(asked.take()).served(),
        ourselves: ourselves(),
    })
}

/// Our own name where it is found by that, else where we are, if that needs no quotes.
fn ourselves() -> Option<String> {
    if program::find(NAME).is_some() {
        return Some(NAME.to_owned());
    }
    let path = std::env::current_exe().ok()?.to_str()?.to_owned();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-".contains(letter);
    Some(path).filter(|path| path.chars().all(plain))
}

/// What lies around there.
pub fn look_around(around: &Around<'_>) -> Nearby {
    let mut found = remote(around.dir).map(|url| of_remote(&url)).unwrap_or_default();
    found.extend(Provider::ALL.iter().flat_map(|provider| logins(*provider, around)));
    found.extend(of_git(around));
    Nearby { found, taken: taken(around.config), ..Nearby::default() }
}

/// The names of the saved connections; none where the config cannot be read, which is told elsewhere.
fn taken(config: &Path) -> BTreeSet<String> {
    let text = disk::read_config(config).ok().flatten();
    let config = text.and_then(|text| Config::parse(Some(&text)).ok());
    config.map(|config| config.names().map(str::to_owned).collect()).unwrap_or_default()
}

/// The places where a token for `provider` is: those of its own programs.
fn logins(provider: Provider, around: &Around<'_>) -> Vec<Found> {
    let rules = provider.rules();
    let mut found = Vec::new();
    for (own, at) in [(false, At::Public), (true, At::Own)] {
        for name in rules.token_variables(own).iter().filter(|name| (around.is_set)(name)) {
            // A name that serves for both says nothing about whose token it holds.
            let place = if own && rules.token_variables(false).contains(name) {
                "set here; for which host is not told"
            } else {
                "a variable that is set here"
            };
            let only = Some(Only::of(provider).at(at.clone()));
            found.push(Found { field: Field::TokenEnv, text: (*name).to_owned(), place: place.to_owned(), only });
        }
    }
    if let Some(program) = rules.token_command().first().filter(|program| (around.is_installed)(program)) {
        let place = format!("{program} is installed; its token serves only if it was made by hand");
        let only = Some(Only::of(provider));
        found.push(Found { field: Field::TokenCommand, text: rules.token_command().join(" "), place, only });
    }
    found
}

/// The login that git may keep for a host. What it printed would be several lines, so our own question stands between.
fn of_git(around: &Around<'_>) -> Vec<Found> {
    let Some(ourselves) = &around.ourselves else { return Vec::new() };
    let place = "git keeps logins here; one for this host serves if it was made by hand";
    let found = (around.helped)().into_iter().map(|at| Found {
        field: Field::TokenCommand,
        text: format!("{ourselves} credential password {HOST}"),
        place: place.to_owned(),
        only: Some(Only { at, ..Only::default() }),
    });
    found.collect()
}

/// What the remote names: for the provider that knows its host, else for each that could stand there.
fn of_remote(url: &str) -> Vec<Found> {
    let Some(address) = parse(url) else { return Vec::new() };
    let knows = Provider::ALL.iter().copied().find(|provider| provider.rules().knows_host(&address.host));
    let mut found = Vec::new();
    if let Some(provider) = knows {
        found.push(offer(Field::Provider, provider.id(), None));
    }
    let own = |provider: &Provider| knows.is_none_or(|known| known == *provider);
    for provider in Provider::ALL.iter().copied().filter(own) {
        let Some(Located { host, owner, project, repository }) = provider.rules().locate(&address) else { continue };
        let public = || provider.rules().default_host().filter(|_| knows.is_some());
        let Some(host) = host.or_else(|| Host::parse(public()?).ok()).or_else(|| host_of(&address)) else { continue };
        found.push(offer(Field::Host, &host.to_string(), Some(Only::of(provider))));
        let only = Only::of(provider).at(At::This(host));
        found.push(offer(Field::Owner, &owner, Some(only.clone())));
        found.extend(project.map(|project| offer(Field::Project, &project, Some(only.clone()))));
        found.extend(repository.map(|name| offer(Field::Repository, &name, Some(only))));
    }
    // What is no answer is not offered.
    found.retain(|found| found.field.parse(&crate::answers::Raw::Text(&found.text)).is_ok());
    found
}

fn offer(field: Field, text: &str, only: Option<Only>) -> Found {
    Found { field, text: text.to_owned(), place: "the git remote of this directory".to_owned(), only }
}

/// The web host of an address. SSH has a port of its own, which says nothing about the web's.
fn host_of(address: &Address) -> Option<Host> {
    let port = address.port.filter(|_| address.scheme != "ssh").map(|port| format!(":{port}")).unwrap_or_default();
    let scheme = if address.scheme == "http" { "http" } else { "https" };
    let name = if address.host.contains(':') { format!("[{}]", address.host) } else { address.host.clone() };
    Host::parse(&format!("{scheme}://{name}{port}")).ok()
}

/// Takes a clone address apart, `https://`, `http://`, `ssh://` or `user@host:path`; nothing where it is another one, or
/// not plain. A password in it is dropped unseen.
fn parse(url: &str) -> Option<Address> {
    let url = url.trim();
    // Whoever keeps a password in a remote is not shown it here, and it is looked at by nobody.
    let bare = url.split_once("://").filter(|(scheme, _)| scheme.starts_with("http")).and_then(|(scheme, rest)| {
        let (authority, path) = rest.split_once('/')?;
        Some(format!("{scheme}://{}/{path}", authority.rsplit_once('@').map_or(authority, |(_, host)| host)))
    });
    let address = Address::parse(bare.as_deref().unwrap_or(url)).ok()?;
    Some(address).filter(|address| !address.segments.is_empty())
}

/// The address of the remote `origin`, else of the only remote, of the repository around `dir`.
fn remote(dir: &Path) -> Option<String> {
    let config = dir.ancestors().take(HIGHEST).find_map(|dir| config_of(&dir.join(".git")))?;
    let remotes = remotes(&read(&config)?);
    let origin = remotes.iter().find(|(name, _)| name == "origin");
    let one = origin.or_else(|| remotes.first().filter(|_| remotes.len() == 1));
    one.map(|(_, url)| url.clone())
}

/// git's config of a repository: inside `.git`, or where the file `.git` of a worktree or submodule leads
/// (<https://git-scm.com/docs/gitrepository-layout>).
fn config_of(git: &Path) -> Option<PathBuf> {
    if git.is_dir() {
        return Some(git.join("config")).filter(|config| config.is_file());
    }
    let leads = read(git)?;
    let leads = git.parent()?.join(leads.trim().strip_prefix("gitdir:")?.trim());
    let common = read(&leads.join("commondir")).map(|common| leads.join(common.trim()));
    Some(common.unwrap_or(leads).join("config")).filter(|config| config.is_file())
}

fn read(path: &Path) -> Option<String> {
    // What is no file, such as a pipe, could be waited for without end.
    path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let mut text = String::new();
    File::open(path).ok()?.take(LONGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

/// The remotes of a config of git's and their addresses (<https://git-scm.com/docs/git-config>, "Syntax").
fn remotes(text: &str) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut name = None;
    for line in text.lines().map(str::trim) {
        if let Some(head) = line.strip_prefix('[') {
            let head = head.split(']').next().unwrap_or_default();
            let quoted = head.strip_prefix("remote").map(str::trim);
            let quoted = quoted.and_then(|rest| rest.strip_prefix('"')?.strip_suffix('"'));
            name = quoted.map(str::to_owned);
            continue;
        }
        let (Some(name), Some((key, value))) = (&name, line.split_once('=')) else { continue };
        let value = value.split([' ', '\t']).find(|part| !part.is_empty()).unwrap_or_default().trim_matches('"');
        // Of several addresses git fetches from the first.
        if key.trim().eq_ignore_ascii_case("url") && !value.is_empty() && !all.iter().any(|(there, _)| there == name) {
            all.push((name.clone(), value.to_owned()));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::{Answer, Answers, Raw};

    fn texts(dir: &Path, set: &[&str], installed: &[&str]) -> Vec<(String, String)> {
        let config = dir.join("config.toml");
        let around = Around {
            dir,
            config: &config,
            is_set: &|name| set.contains(&name),
            is_installed: &|name| installed.contains(&name),
            helped: &Vec::new,
            ourselves: None,
        };
        let found = look_around(&around).found.into_iter();
        found.map(|found| (found.field.key().clone(), found.text)).collect()
    }

    fn repository(config: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join(".git")).unwrap();
        std::fs::create_dir_all(dir.path().join("a/b")).unwrap();
        std::fs::write(dir.path().join(".git/config"), config).unwrap();
        dir
    }

    #[test]
    fn the_remote_of_the_repository_above_is_offered() {
        for url in [
            "https://github.com/acme/gitops.git",
            "https://octo:ghp_secretsecret@github.com/acme/gitops",
            "git@github.com:acme/gitops.git",
            "ssh://git@github.com:22/acme/gitops.git",
        ] {
            let dir = repository(&format!("[core]\n\tbare = false\n[remote \"origin\"]\n\turl = {url}\n"));
            let found = texts(&dir.path().join("a/b"), &[], &[]);
            let pair = |key: &str, text: &str| (key.to_owned(), text.to_owned());
            let wanted = [
                pair("provider", "github"),
                pair("host", "https://github.com"),
                pair("owner", "acme"),
                pair("repository.name", "gitops"),
            ];
            assert_eq!(found, wanted, "{url}");
            assert!(!format!("{found:?}").contains("secret"));
        }
    }

    #[test]
    fn a_host_that_nobody_knows_is_offered_to_every_provider() {
        let dir = repository("[remote \"up\"]\nURL = \"http://127.0.0.1:3000/acme/gitops.git\" ; mine\n");
        let found = texts(dir.path(), &[], &[]);
        assert!(!found.iter().any(|(key, _)| key == "provider"));
        let hosts: Vec<_> = found.iter().filter(|(key, _)| key == "host").map(|(_, text)| text.as_str()).collect();
        assert!(hosts.len() > 1 && hosts.iter().all(|host| *host == "http://127.0.0.1:3000"), "{hosts:?}");
    }

    #[test]
    fn a_worktree_leads_to_the_config_it_shares() {
        let dir = repository("[remote \"origin\"]\nurl = git@gitlab.com:acme/sub/gitops.git\n");
        let own = dir.path().join(".git/worktrees/w");
        std::fs::create_dir_all(&own).unwrap();
        std::fs::write(own.join("commondir"), "../..\n").unwrap();
        let tree = tempfile::tempdir().unwrap();
        std::fs::write(tree.path().join(".git"), format!("gitdir: {}\n", own.display())).unwrap();
        let found = texts(tree.path(), &[], &[]);
        assert_eq!(found.first().map(|(_, text)| text.as_str()), Some("gitlab"), "{found:?}");
    }

    #[test]
    fn what_is_no_plain_address_offers_nothing() {
        for url in [
            "",
            "/srv/git/x.git",
            "../x.git",
            "C:\\x",
            "file:///srv/x",
            "https://github.com",
            "https://github.com/a%2fb/c",
            "ext::sh -c whoami",
            "http://git.example/acme/gitops",
            "https://github.com/\u{1b}[31m/x",
        ] {
            assert_eq!(of_remote(url), [], "{url}");
        }
        let empty = tempfile::tempdir().unwrap();
        std::fs::write(empty.path().join(".git"), "gitdir: nowhere\n").unwrap();
        assert_eq!(texts(empty.path(), &[], &[]), []);
    }

    /// What is offered as the token's place beside these answers.
    fn offered(around: &Around<'_>, provider: &str, host: Option<&str>) -> Vec<String> {
        let mut answers = Answers::default();
        answers.set(Field::Provider, Answer::Provider(Provider::from_id(provider).unwrap()));
        if let Some(host) = host {
            answers.set(Field::Host, Answer::Host(Host::parse(host).unwrap()));
        }
        let found = look_around(around).found.into_iter();
        let places = found.filter(|found| [Field::TokenEnv, Field::TokenCommand].contains(&found.field));
        let here: Vec<Found> = places.filter_map(|found| found.here(&answers)).collect();
        for found in here.iter().filter(|found| found.field == Field::TokenCommand) {
            let words = Raw::Words(found.text.split(' ').collect());
            assert!(found.field.parse(&words).is_ok(), "what is offered is an answer: {found:?}");
        }
        here.into_iter().map(|found| found.text).collect()
    }

    #[test]
    fn a_login_is_offered_as_a_place_for_its_own_hosts_only() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("config.toml");
        let around = Around {
            dir: dir.path(),
            config: &config,
            is_set: &|_| true,
            is_installed: &|_| true,
            helped: &Vec::new,
            ourselves: None,
        };
        let gh = |host: &str| format!("gh auth token --hostname {host}");
        let glab = |host: &str| format!("glab config get token --host {host}");
        // All of them: the first is filled in, the others are named beside it.
        for (provider, host, variable, command) in [
            ("github", None, "GH_TOKEN", Some(gh("github.com"))),
            ("github", Some("https://acme.ghe.com"), "GH_TOKEN", Some(gh("acme.ghe.com"))),
            ("github", Some("https://git.example"), "GH_ENTERPRISE_TOKEN", Some(gh("git.example"))),
            ("github", Some("https://git.example:8443"), "GH_ENTERPRISE_TOKEN", None),
            ("gitlab", None, "GITLAB_TOKEN", Some(glab("gitlab.com"))),
            ("gitlab", Some("https://lab.example"), "GITLAB_TOKEN", Some(glab("lab.example"))),
            ("gitlab", Some("https://lab.example/below"), "GITLAB_TOKEN", None),
            ("bitbucket", None, "BITBUCKET_TOKEN", None),
            ("azure-devops", None, "AZURE_DEVOPS_EXT_PAT", None),
            ("azure-devops", Some("https://tfs.example/tfs"), "AZURE_DEVOPS_EXT_PAT", None),
            ("gitea", Some("https://codeberg.org"), "GITEA_TOKEN", None),
            ("gitea", Some("https://git.example"), "GITEA_TOKEN", None),
            ("bitbucket-dc", Some("https://git.example"), "BITBUCKET_TOKEN", None),
        ] {
            let found = offered(&around, provider, host);
            let (programs, variables): (Vec<_>, Vec<_>) = found.into_iter().partition(|text| text.contains(' '));
            let first = variables.first().map(String::as_str);
            assert_eq!((first, programs.first()), (Some(variable), command.as_ref()), "{provider} {host:?}");
            let other = match variable {
                "GH_TOKEN" => Some("GITHUB_TOKEN"),
                "GH_ENTERPRISE_TOKEN" => Some("GITHUB_ENTERPRISE_TOKEN"),
                "GITLAB_TOKEN" => Some("GITLAB_ACCESS_TOKEN"),
                "GITEA_TOKEN" => Some("FORGEJO_TOKEN"),
                "AZURE_DEVOPS_EXT_PAT" => Some("AZDO_PERSONAL_ACCESS_TOKEN"),
                _ => None,
            };
            assert_eq!(variables.get(1).map(String::as_str), other, "{provider} {host:?}");
        }
        assert_eq!(offered(&around, "gitea", None), Vec::<String>::new(), "no host is answered");
        let one = Around { is_set: &|name| name == "GH_TOKEN", is_installed: &|name| name == "glab", ..around };
        assert_eq!(offered(&one, "github", Some("https://git.example")), Vec::<String>::new());
    }

    #[test]
    fn a_variable_that_serves_every_host_says_that_it_does_not_tell_whose_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("config.toml");
        let around = Around {
            dir: dir.path(),
            config: &config,
            is_set: &|name| name == "GITLAB_TOKEN" || name == "GH_ENTERPRISE_TOKEN",
            is_installed: &|_| false,
            helped: &Vec::new,
            ourselves: None,
        };
        let found = look_around(&around).found;
        let told: Vec<(&str, bool)> =
            found.iter().map(|found| (found.text.as_str(), found.place.contains("for which host"))).collect();
        assert_eq!(told, [("GH_ENTERPRISE_TOKEN", false), ("GITLAB_TOKEN", false), ("GITLAB_TOKEN", true)]);
    }

    #[test]
    fn the_names_that_are_taken_come_from_the_config() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("config.toml");
        assert!(taken(&config).is_empty());
        std::fs::write(&config, "version = 1\n[connections.one]\nplatform = 3\n").unwrap();
        assert!(taken(&config).contains("one"), "also one that cannot be read");
        std::fs::write(&config, "not toml [").unwrap();
        assert!(taken(&config).is_empty());
    }

    #[test]
    fn a_login_of_gits_is_offered_after_the_programs_of_the_provider_where_a_helper_keeps_some() {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("config.toml");
        let origin = |host: &str| Host::parse(host).unwrap().origin().clone();
        let lab = origin("https://lab.example:8443");
        let around = Around {
            dir: dir.path(),
            config: &config,
            is_set: &|_| false,
            is_installed: &|name| name == "gh",
            helped: &|| vec![At::Origin(lab.clone()), At::AllBut(vec![lab.clone(), origin("https://bitbucket.org")])],
            ourselves: Some("git-access".to_owned()),
        };
        let ours = |host: &str| format!("git-access credential password {host}");
        let gh = "gh auth token --hostname github.com".to_owned();
        assert_eq!(offered(&around, "github", None), [gh, ours("https://github.com")]);
        for host in ["https://lab.example:8443/below", "https://git.example", "https://codeberg.org"] {
            assert_eq!(offered(&around, "gitea", Some(host)), [ours(host)]);
        }
        assert_eq!(offered(&around, "bitbucket", None), Vec::<String>::new(), "its own section takes the helpers back");
    }
}
