//! Addresses that people paste: what they name, what is refused, and that git reads the same host in every one of them.

mod rows;
mod setup;

use std::sync::Mutex;

use git_access::answers::{Answer, Answers, Field, Raw, located};
use git_access::provider::{Address, Consumer, Host, Provider, url_for};

use self::rows::{NAMED, REFUSED, Row};
use crate::program::Home;

/// The answers that stand beside the address: `provider [host]`.
fn beside(text: &str) -> Answers {
    let mut answers = Answers::default();
    for (field, word) in [Field::Provider, Field::Host].into_iter().zip(text.split_whitespace()) {
        let answer = field.parse(&Raw::Text(word)).unwrap();
        answers.set(field, answer);
    }
    answers
}

fn told(found: &[(Field, Answer)]) -> String {
    let fields = [Field::Provider, Field::Host, Field::Owner, Field::Project, Field::Repository];
    let one = |field: &Field| match found.iter().find(|(of, _)| of == field).map(|(_, answer)| answer) {
        Some(Answer::Text(text)) => text.replace(' ', "_"),
        Some(Answer::Provider(provider)) => provider.id().to_owned(),
        Some(Answer::Host(host)) => host.to_string(),
        _ => "-".to_owned(),
    };
    fields.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// The rows whose provider is in the program.
fn in_force(rows: &'static [Row]) -> Vec<&'static Row> {
    let (force, rest): (Vec<_>, Vec<_>) = rows.iter().partition(|row| Provider::from_id(row.2).is_some());
    if !rest.is_empty() {
        eprintln!("{} rows wait for providers that are not in this program", rest.len());
    }
    force
}

#[test]
fn the_table_is_long_enough_and_says_nothing_twice() {
    assert!(NAMED.len() + REFUSED.len() >= 120, "{} + {}", NAMED.len(), REFUSED.len());
    let mut seen = std::collections::BTreeSet::new();
    for (text, beside, ..) in NAMED.iter().chain(REFUSED) {
        assert!(seen.insert((text, beside)), "{text} stands twice");
    }
    let known = ["github", "gitlab", "bitbucket", "azure-devops", "gitea", "bitbucket-dc"];
    assert!(NAMED.iter().chain(REFUSED).all(|row| known.contains(&row.2)));
    assert!(in_force(NAMED).len() >= 70 && in_force(REFUSED).len() >= 90);
}

#[test]
fn an_address_fills_what_it_names() {
    let mut wrong = Vec::new();
    for (text, given, _, expected) in in_force(NAMED) {
        let found = match located(text, &Field::Repository, &beside(given)) {
            Ok(found) => told(&found),
            Err(reason) => format!("refused: {reason}"),
        };
        if !found.eq_ignore_ascii_case(expected) {
            wrong.push(format!("{text} beside {given:?}\n  {found}\n  {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_safe_is_refused_with_its_reason_and_never_repeated() {
    let mut wrong = Vec::new();
    for (text, given, _, expected) in in_force(REFUSED) {
        match located(text, &Field::Repository, &beside(given)) {
            Ok(found) => wrong.push(format!("{text} beside {given:?} names {}", told(&found))),
            Err(reason) => {
                let secrets = ["hunter2", "ghp_", "glpat-", "abcdefghij", "private_token"];
                if !reason.contains(expected) || secrets.iter().any(|secret| reason.contains(secret)) {
                    wrong.push(format!("{text} beside {given:?}\n  {reason}\n  {expected}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What was read from an address leads back to an address that is read in the same way.
#[test]
fn the_canonical_address_of_what_was_read_is_read_the_same() {
    let mut counted = 0;
    for (text, given, _, expected) in in_force(NAMED) {
        let mut answers = beside(given);
        let repository = Field::Repository.parse(&Raw::Text(text)).unwrap();
        answers.set(Field::Repository, repository);
        answers.take_addresses();
        let (Some(site), Some(place)) = (answers.site(), answers.place()) else { continue };
        if expected.ends_with(" -") {
            continue;
        }
        let clone = url_for(Consumer::Git, &site, &place);
        let parsed = Address::parse(&clone).unwrap_or_else(|reason| panic!("{clone}: {reason}"));
        assert!(parsed.user.is_none() && !clone.contains(['?', '#', ' ']), "{clone}");
        let again = located(&clone, &Field::Repository, &beside(given)).unwrap_or_default();
        assert!(told(&again).eq_ignore_ascii_case(expected), "{text} -> {clone} -> {}", told(&again));
        counted += 1;
    }
    assert!(counted > 60, "{counted}");
}

#[test]
fn each_consumer_gets_the_form_that_it_reads() {
    let rows = [
        ("https://github.com/acme/gitops", "", Consumer::Git, "https://github.com/acme/gitops.git"),
        ("https://github.com/acme/gitops", "", Consumer::Flux, "https://github.com/acme/gitops.git"),
        ("https://github.com/acme/gitops", "", Consumer::FluxSsh, "ssh://git@github.com/acme/gitops.git"),
        ("https://github.com/acme/gitops", "", Consumer::ArgoCd, "https://github.com/acme/gitops.git"),
        ("https://github.com/acme/gitops", "", Consumer::ArgoCdTemplate, "https://github.com/acme/"),
        ("https://gitlab.com/acme/eu/gitops", "", Consumer::ArgoCd, "https://gitlab.com/acme/eu/gitops.git"),
        ("https://gitlab.com/acme/eu/gitops", "", Consumer::ArgoCdTemplate, "https://gitlab.com/acme/eu/"),
        ("https://gitlab.com/acme/eu/gitops", "", Consumer::FluxSsh, "ssh://git@gitlab.com/acme/eu/gitops.git"),
        ("https://git.example/f/acme/x.git", "gitea", Consumer::ArgoCd, "https://git.example/f/acme/x.git"),
        ("https://git.example/f/acme/x.git", "gitea", Consumer::ArgoCdTemplate, "https://git.example/f/acme/"),
        ("https://bitbucket.org/acme/gitops", "", Consumer::ArgoCd, "https://bitbucket.org/acme/gitops.git"),
        (
            "https://dev.azure.com/acme/My Project/_git/gitops",
            "",
            Consumer::ArgoCd,
            "https://dev.azure.com/acme/My%20Project/_git/gitops",
        ),
        (
            "https://acme@dev.azure.com/acme/platform/_git/gitops",
            "",
            Consumer::Git,
            "https://dev.azure.com/acme/platform/_git/gitops",
        ),
        (
            "https://dev.azure.com/acme/platform/_git/gitops",
            "",
            Consumer::FluxSsh,
            "ssh://git@ssh.dev.azure.com/v3/acme/platform/gitops",
        ),
        (
            "https://git.example/scm/prj/gitops.git",
            "bitbucket-dc",
            Consumer::ArgoCd,
            "https://git.example/scm/prj/gitops.git",
        ),
    ];
    for (text, given, consumer, expected) in rows {
        let needed = NAMED.iter().find(|row| row.0.contains(text.split('/').nth(2).unwrap_or_default()));
        let known = |id: &str| Provider::from_id(id).is_some();
        if !known(given.split(' ').next().filter(|id| !id.is_empty()).or(needed.map(|row| row.2)).unwrap_or_default()) {
            eprintln!("{text} waits for a provider that is not in this program");
            continue;
        }
        let mut answers = beside(given);
        answers.set(Field::Repository, Field::Repository.parse(&Raw::Text(text)).unwrap());
        answers.take_addresses();
        let (site, place) = (answers.site().unwrap(), answers.place().unwrap());
        let url = url_for(consumer, &site, &place);
        assert!(url.eq_ignore_ascii_case(expected), "{text} for {consumer:?}: {url}");
    }
}

/// The same numbers in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }
}

/// An address with something odd at some place, or with nothing odd at all.
fn random(dice: &mut Dice) -> String {
    let scheme = ["https://", "https://", "https://", "http://", "ssh://", "HTTPS://", "https:/", "https:///"];
    let user = ["git@", "a.b@", "a%40b@", "u:p@", "u:@", ":@", "@", "a@b@", "x%3a@", "a/b@", "a?b@", "a#b@"];
    let host = [
        "GIT.Example",
        "github.com",
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::1",
        "x--y.example",
        "git%2eexample",
        "git.example.",
        "a..b",
        "-a.example",
        "evil.example@git.example",
        "0x7f.1",
        "git.example%00",
        "g\u{456}t.example",
        "git example",
        "git.example\\",
        "git;example",
        "git&example",
        "git.example|x",
    ];
    let port = [":443", ":8443", ":0", ":65536", ":", ":+1", ":8a", ":1:2", ":%34"];
    let path = [
        "",
        "/",
        "/acme/gitops.git",
        "/acme/gitops",
        "/a%20b/c",
        "/acme/gitops?x=@evil.example",
        "/acme/x#@evil.example",
        "/a@b/c",
        "/acme/x:y@evil.example/z",
        "/..",
        "/a//b",
        "?@evil.example/",
        "#@evil.example/",
        "/%2f%2fevil",
        "\\@evil.example/x",
        ":acme/gitops",
        "/~u/x",
        "/a/-/b",
        "/\u{e9}/x",
    ];
    let mut text = dice.pick(&scheme).to_owned();
    text += if dice.roll(3) == 0 { dice.pick(&user) } else { "" };
    text += &if dice.roll(3) == 0 { dice.pick(&host).to_owned() } else { format!("h{}.example", dice.roll(100_000)) };
    text += if dice.roll(3) == 0 { dice.pick(&port) } else { "" };
    text += dice.pick(&path);
    if dice.roll(3) == 0 {
        spoil(&mut text, dice);
    }
    text
}

/// Puts an odd character somewhere.
fn spoil(text: &mut String, dice: &mut Dice) {
    let odd =
        ['@', ':', '/', '\\', '?', '#', '%', '[', ']', ' ', '.', '-', '_', '\t', '\u{7f}', '\u{200b}', 'z', '0', ';'];
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let at = places[dice.roll(places.len())];
    text.insert(at, odd[dice.roll(odd.len())]);
}

/// What git takes for host (with its port) and protocol. It asks nobody: user and password are given, after the address.
fn read_by_git(home: &Home, text: &str) -> Option<(String, String)> {
    use std::io::{Read as _, Write as _};
    let mut command = home.command("git");
    command.args(["credential", "fill"]).env("GIT_CONFIG_GLOBAL", "/dev/null");
    command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("url={text}\nusername=u\npassword=p\n\n").as_bytes()).unwrap();
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    child.wait().unwrap();
    let line = |key: &str| out.lines().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
    Some((line("protocol=")?, line("host=")?))
}

/// Whether we and git would go to the same place.
fn is_same(ours: &Address, git: &(String, String)) -> bool {
    let own = match ours.scheme {
        "https" => 443,
        "http" => 80,
        _ => 22,
    };
    let (scheme, host) = git;
    let plain = host.to_ascii_lowercase();
    let plain = plain.strip_suffix(&format!(":{own}")).unwrap_or(&plain);
    let expected = ours.port.map_or(ours.host.clone(), |port| format!("{}:{port}", ours.host));
    scheme.eq_ignore_ascii_case(ours.scheme) && plain == expected
}

/// Ten thousand addresses; git is asked about every one that we take, and must see the host that we see.
#[test]
fn git_never_sees_another_host_than_we_do() {
    let mut dice = Dice(20_261_120);
    let texts: Vec<String> = (0..10_000).map(|_| random(&mut dice)).collect();
    let mut taken: Vec<(String, Address)> =
        texts.iter().filter_map(|text| Some((text.trim_matches(' ').to_owned(), Address::parse(text).ok()?))).collect();
    eprintln!("{} of the addresses are taken", taken.len());
    assert!(taken.len() > 1500, "{} of the addresses are taken: too few to tell anything", taken.len());
    // The same text is read the same twice.
    taken.sort_by(|left, right| left.0.cmp(&right.0));
    taken.dedup_by(|left, right| left.0 == right.0);
    let home = Home::new();
    let differ = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for chunk in taken.chunks(taken.len().div_ceil(4)) {
            let (home, differ) = (&home, &differ);
            scope.spawn(move || {
                for (text, ours) in chunk {
                    // What git refuses goes nowhere.
                    if let Some(git) = read_by_git(home, text).filter(|git| !is_same(ours, git)) {
                        differ.lock().unwrap().push(format!("{text}: we {ours:?}, git {git:?}"));
                    }
                }
            });
        }
    });
    let differ = differ.into_inner().unwrap();
    assert!(differ.is_empty(), "{} of {}:\n{}", differ.len(), taken.len(), differ.join("\n"));
}

/// A reader that takes the host from behind the last @ is found out, and git does answer.
#[test]
fn the_comparison_tells_a_wrong_reader() {
    let home = Home::new();
    let git = read_by_git(&home, "https://git.example/a@evil.example/b").unwrap();
    assert_eq!(git.1, "git.example");
    let wrong = Address { host: "evil.example".into(), ..Address::parse("https://git.example/a/b").unwrap() };
    assert!(!is_same(&wrong, &git));
    assert!(is_same(&Address::parse("https://GIT.example:443/a/b").unwrap(), &git));
    assert!(Host::parse("https://git.example").is_ok());
}

/// The host to which git would speak SSH for an address, told by a stand-in for ssh.
fn reached_over_ssh(home: &Home, ssh: &std::path::Path, text: &str) -> Option<String> {
    let mut command = home.command("git");
    command.args(["ls-remote", "--", text]).env("GIT_SSH", ssh).env("GIT_SSH_VARIANT", "ssh");
    let output = command.env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let words: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("word ")).collect();
    // The last word is the command to run there.
    let place = words.len().checked_sub(2).map(|at| words[at])?;
    Some(place.rsplit('@').next().unwrap_or(place).trim_matches(['[', ']']).to_ascii_lowercase())
}

#[test]
fn git_speaks_ssh_to_the_host_that_we_see() {
    let home = Home::new();
    let ssh = home.write("ssh", "#!/bin/sh\nfor word; do echo \"word $word\" >&2; done\nexit 1\n");
    std::fs::set_permissions(&ssh, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    assert_eq!(reached_over_ssh(&home, &ssh, "git@git.example:acme/x.git").as_deref(), Some("git.example"));
    let mut dice = Dice(7);
    let (mut compared, mut differ) = (0, Vec::new());
    for _ in 0..2000 {
        let user = ["git@", "", "a.b@", "u:p@", "a@b@", "-o@"];
        let path = ["acme/x.git", "/acme/x", "a/b@evil.example:c", "~u/x", "..", "22/x", "v3/a/b/c", "a b/c"];
        let host = ["git.example", "github.com", "[::1]", "127.0.0.1", "h", "a.b@c.example", "-x.example"];
        let (begin, colon) =
            if dice.roll(2) == 0 { ("", ":") } else { ("ssh://", ["/", ":2222/", ":/"][dice.roll(3)]) };
        let mut text = [begin, dice.pick(&user), dice.pick(&host), colon, dice.pick(&path)].concat();
        if dice.roll(3) == 0 {
            spoil(&mut text, &mut dice);
        }
        let Some(ours) = Address::parse(&text).ok().filter(|ours| ours.scheme == "ssh") else { continue };
        if dice.roll(3) > 0 {
            continue;
        }
        compared += 1;
        if let Some(git) = reached_over_ssh(&home, &ssh, &text).filter(|git| *git != ours.host.trim_matches(['[', ']']))
        {
            differ.push(format!("{text}: we {ours:?}, git {git}"));
        }
    }
    assert!(compared > 60, "{compared}");
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}
