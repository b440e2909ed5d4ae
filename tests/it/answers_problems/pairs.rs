//! Single problems, each planted alone, and every two of them together.

use super::reading;

/// A problem: what it changes in a good file, and how it is told.
struct Single {
    name: &'static str,
    /// Table, key, and the line that stands there instead; nothing where it is taken away.
    lines: &'static [(&'static str, &'static str, Option<&'static str>)],
    key: &'static str,
    /// A piece of its message.
    told: &'static str,
}

const fn single(
    name: &'static str,
    lines: &'static [(&'static str, &'static str, Option<&'static str>)],
    key: &'static str,
    told: &'static str,
) -> Single {
    Single { name, lines, key, told }
}

const GOOD: &[(&str, &str, &str)] = &[
    ("", "version", "version = 1"),
    ("", "platform", "platform = \"keptn\""),
    ("", "provider", "provider = \"github\""),
    ("", "owner", "owner = \"acme\""),
    ("token", "env", "env = \"GITHUB_TOKEN\""),
    ("repository", "name", "name = \"gitops\""),
];

const SINGLES: &[Single] = &[
    single("a version of the future", &[("", "version", Some("version = 2"))], "version", "version = 1"),
    single("no version", &[("", "version", None)], "version", "is missing"),
    single(
        "an unknown platform",
        &[("", "platform", Some("platform = \"kepten\""))],
        "platform",
        "no platform of this",
    ),
    single("no platform", &[("", "platform", None)], "platform", "is missing"),
    single(
        "an unknown provider",
        &[("", "provider", Some("provider = \"githab\""))],
        "provider",
        "no provider of this",
    ),
    single(
        "a provider without quotes",
        &[("", "provider", Some("provider = githab"))],
        "provider",
        "no provider of this",
    ),
    single("no provider", &[("", "provider", None)], "provider", "is missing"),
    single("no owner", &[("", "owner", None)], "owner", "is missing"),
    single("an impossible owner", &[("", "owner", Some("owner = \"a?b\""))], "owner", ""),
    single("a host of another scheme", &[("", "host", Some("host = \"ftp://x\""))], "host", "https://"),
    single("an API that is a word", &[("", "api_url", Some("api_url = \"notaurl\""))], "api_url", "no address"),
    single(
        "an API elsewhere",
        &[("", "api_url", Some("api_url = \"http://127.0.0.1:9\""))],
        "api_url",
        "this computer",
    ),
    single("a certificate of a wrong type", &[("", "ca_file", Some("ca_file = 5"))], "ca_file", "a text in quotes"),
    single("a name in capitals", &[("", "name", Some("name = \"ACME\""))], "name", "lower-case"),
    single("a user name like a flag", &[("", "username", Some("username = \"-x\""))], "username", "hyphen"),
    single("a user name without a value", &[("", "username", Some("username ="))], "username", "value is missing"),
    single("half an e-mail address", &[("", "email", Some("email = \"octo\""))], "email", "@"),
    single("an unclosed text", &[("", "email", Some("email = \"octo"))], "email", "not closed"),
    single("two keys on a line", &[("", "email", Some("email = \"o@a.b\" colour = 1"))], "colour", "no key is named"),
    single("a project at GitHub", &[("", "project", Some("project = \"x\""))], "project", "no projects"),
    single("an unknown key", &[("", "shape", Some("shape = \"round\""))], "shape", "no key is named"),
    single("an unknown key without quotes", &[("", "size", Some("size = large"))], "size", "no key is named"),
    single("a line without a key", &[("", "=", Some("= 5"))], "", "key is missing"),
    single("a sentence", &[("", "to do", Some("to do tomorrow"))], "", "no `=`"),
    single("a key that stands twice", &[("", "again", Some("version = 1"))], "version", "stands twice"),
    single("an unclosed list", &[("", "accounts", Some("accounts = [\"a\","))], "accounts", "not closed"),
    single(
        "a literal token",
        &[("token", "env", Some("env = \"ghp_0123456789\""))],
        "token.env",
        "does not belong here",
    ),
    single("a password", &[("token", "password", Some("password = \"x\""))], "token.password", "does not belong here"),
    single("no token", &[("token", "env", None)], "token.env", "source is missing"),
    single("a second source", &[("token", "file", Some("file = \"token\""))], "token.file", "more than one source"),
    single("an unknown kind", &[("token", "kind", Some("kind = \"clasic\""))], "token.kind", "kind of token"),
    single("a refused kind", &[("token", "kind", Some("kind = \"oauth\""))], "token.kind", "cannot serve"),
    single(
        "an end that is no date",
        &[("token", "expires", Some("expires = \"soon\""))],
        "token.expires",
        "2027-02-01",
    ),
    single("a day that is not", &[("token", "expires", Some("expires = 2027-02-31"))], "token.expires", "no such date"),
    single("an unknown store", &[("store", "kind", Some("kind = \"flie\""))], "store.kind", "keyring"),
    single("a store without its path", &[("store", "kind", Some("kind = \"file\""))], "store.kind", "needs `path`"),
    single("a path without its store", &[("store", "path", Some("path = \"x\""))], "store.path", "belongs to"),
    single("no repository", &[("repository", "name", None)], "repository.name", "is missing"),
    single("an impossible repository", &[("repository", "name", Some("name = \"a?b\""))], "repository.name", ""),
    single(
        "a text for a flag",
        &[("repository", "create", Some("create = \"yes\""))],
        "repository.create",
        "true or false",
    ),
    single(
        "a flag without quotes",
        &[("repository", "create", Some("create = yes"))],
        "repository.create",
        "true or false",
    ),
    single(
        "a visibility of no kind",
        &[("repository", "visibility", Some("visibility = \"x\""))],
        "repository.visibility",
        "private",
    ),
    single(
        "contents for Keptn",
        &[("repository", "contents", Some("contents = \"readme\""))],
        "repository.contents",
        "without any",
    ),
    single(
        "an impossible branch",
        &[("repository", "branch", Some("branch = \"a..b\""))],
        "repository.branch",
        "git allows",
    ),
    single(
        "a key of another table",
        &[("repository", "title", Some("title = \"x\""))],
        "repository.title",
        "no key is named",
    ),
    single(
        "a key for Keptn",
        &[("ssh", "public_key", Some("public_key = \"k.pub\""))],
        "ssh.public_key",
        "with a token",
    ),
    single("an unknown reach of a key", &[("ssh", "scope", Some("scope = \"world\""))], "ssh.scope", "repository"),
    single(
        "an unknown parameter",
        &[("handover", "projekt", Some("projekt = \"x\""))],
        "handover.projekt",
        "of this name",
    ),
    single(
        "a parameter of a wrong type",
        &[("handover", "project", Some("project = 1"))],
        "handover.project",
        "a text in quotes",
    ),
    single("an unknown table", &[("colours", "red", Some("red = 1"))], "colours", "no table is named"),
];

const PLATFORM: &[&str] = &["an unknown platform", "no platform"];
const PROVIDER: &[&str] = &["an unknown provider", "a provider without quotes", "no provider"];

/// What cannot be told beside another problem, and why.
const DEPENDENT: &[(&str, &[&str], &str)] = &[
    ("no repository", PLATFORM, "the platform says whether one is needed"),
    ("contents for Keptn", PLATFORM, "the platform says what it takes"),
    ("a key for Keptn", PLATFORM, "the platform says how it signs in"),
    ("an unknown parameter", PLATFORM, "the platform says what it asks"),
    ("a key for Keptn", PROVIDER, "the platform says it by provider"),
    ("a project at GitHub", PROVIDER, "the provider says whether it has projects"),
    ("an API elsewhere", PROVIDER, "the host that it is set against is the provider's"),
    ("an API elsewhere", &["a host of another scheme"], "the host that it is set against is not known"),
    ("a path without its store", &["an unknown store"], "it may belong to the store that was meant"),
    ("a path without its store", &["a store without its path"], "they are each other's remedy"),
    ("a store without its path", &["a path without its store"], "they are each other's remedy"),
    ("no token", &["a second source"], "the second is the only one then"),
    ("a second source", &["no token"], "it is the only one then"),
    ("no token", &["a password"], "the password was to be the token"),
    ("no token", &["a key for Keptn", "an unknown reach of a key"], "a key may do without"),
    ("no version", &["a key that stands twice"], "the second is the only one then"),
    ("a key that stands twice", &["no version"], "it is the only one then"),
];

/// The good file with these problems in it; nothing where two of them are about the same line.
fn planted(singles: &[&Single]) -> Option<String> {
    let mut lines: Vec<(&str, &str, Option<&str>)> =
        GOOD.iter().map(|(table, key, line)| (*table, *key, Some(*line))).collect();
    let mut seen = std::collections::BTreeSet::new();
    for (table, key, line) in singles.iter().flat_map(|single| single.lines) {
        if !seen.insert((table, key)) {
            return None;
        }
        match lines.iter_mut().find(|there| (there.0, there.1) == (*table, *key)) {
            Some(there) => there.2 = *line,
            None => lines.push((table, key, *line)),
        }
    }
    let mut text = String::new();
    for table in ["", "token", "store", "repository", "ssh", "handover", "colours"] {
        let mut mine = lines.iter().filter(|line| line.0 == table && line.2.is_some()).peekable();
        if mine.peek().is_some() && !table.is_empty() {
            text += &format!("[{table}]\n");
        }
        text.extend(mine.map(|line| format!("{}\n", line.2.unwrap())));
    }
    Some(text)
}

fn is_told(single: &Single, text: &str) -> bool {
    let problems = reading(text).problems;
    problems.iter().any(|one| one.key.as_deref().unwrap_or_default() == single.key && one.message.contains(single.told))
}

#[test]
fn the_good_file_is_good_and_each_single_problem_is_told() {
    assert_eq!(reading(&planted(&[]).unwrap()).problems, []);
    for single in SINGLES {
        let text = planted(&[single]).unwrap();
        assert!(is_told(single, &text), "{}:\n{text}{:#?}", single.name, reading(&text).problems);
    }
}

#[test]
fn of_every_two_problems_both_are_told_unless_one_depends_on_the_other() {
    let depends = |one: &Single, other: &Single| {
        DEPENDENT.iter().any(|(name, on, reason)| *name == one.name && on.contains(&other.name) && !reason.is_empty())
    };
    let (mut hidden, mut looked) = (Vec::new(), 0);
    for one in SINGLES {
        for other in SINGLES.iter().filter(|other| other.name != one.name) {
            let Some(text) = planted(&[one, other]) else { continue };
            let told = is_told(one, &text);
            looked += 1;
            if told == depends(one, other) {
                hidden.push(format!(
                    "“{}” {} beside “{}”",
                    one.name,
                    if told { "is told" } else { "is hidden" },
                    other.name
                ));
            }
        }
    }
    assert!(hidden.is_empty(), "{} of {looked}:\n{}", hidden.len(), hidden.join("\n"));
    assert!(looked > 2000, "{looked}");
}

#[test]
fn twenty_problems_of_all_kinds_are_told_in_one_run() {
    let text = "\
version = 2
platform = \"keptn\"
provider = \"githab\"
host = \"ftp://x\"
api_url = \"notaurl\"
onwer = \"acme\"
name = \"ACME\"
username =
email = octo
ca_file = 5
project = \"x\" colour = 1
= 5
[token]
env = \"ghp_0123456789\"
file = \"t\"
kind = \"clasic\"
expires = 2027-02-31
[store]
kind = \"keyring\"
path = \"x\"
[repository]
name = \"a?b\"
create = \"yes\"
visibility = \"secret\"
contents = \"readme\"
branch = \"a..b\"
[handover]
projekt = \"x\"
[colours]
red = 1
";
    let wanted = [
        (1, "version"),
        (3, "provider"),
        (4, "host"),
        (5, "api_url"),
        (6, "onwer"),
        (7, "name"),
        (8, "username"),
        (9, "email"),
        (9, "email"),
        (10, "ca_file"),
        (11, "project"),
        (11, "colour"),
        (12, ""),
        (14, "token.env"),
        (15, "token.file"),
        (16, "token.kind"),
        (17, "token.expires"),
        (20, "store.path"),
        (22, "repository.name"),
        (23, "repository.create"),
        (24, "repository.visibility"),
        (25, "repository.contents"),
        (26, "repository.branch"),
        (28, "handover.projekt"),
        (29, "colours"),
    ];
    let problems = reading(text).problems;
    let told: Vec<_> =
        problems.iter().map(|one| (one.place.unwrap().0, one.key.as_deref().unwrap_or_default())).collect();
    assert_eq!(told, wanted, "{problems:#?}");
}
