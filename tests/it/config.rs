//! The config document: what its user wrote survives every change, byte for byte.

use std::collections::BTreeSet;

use git_access::config::{Config, Connection, ExpiresSource, SshRecord, Token, Verified};
use git_access::fact::IdentityKind;
use git_access::provider::Host;
use git_access::secret::Store;

/// A config as its user keeps it: comments, keys of their own, odd ways of writing.
const KEPT: &str = r#"# Zugänge der Plattform-Gruppe, gepflegt von Hand
# (zweite Zeile)

version = 1   # the form
active = 'devtron-github-acme'   # in use
note = "our own key"

[owners]      # a table of our own
platform = ["ana", "bo"]

# --- Devtron ---------------------------------------

# production
[connections.devtron-github-acme]   # main
id = "c7f3"
platform = "devtron"
  provider = "github"      # indented
host = 'https://github.com'
owner = "acme"
username = "octocat" # robot
contact = "ana@acme.example"   # our own key

# its token
[ connections . "devtron-github-acme" . token ]
kind = "classic"
store = "keyring" # not a file
generation = 1

expires = 2027-02-01 # a bare date
expires_source = "provider"
color = { a = 1,   b = 2 }

[connections.devtron-github-acme.repository]
name = "gitops"
url = "https://github.com/acme/gitops.git"

[connections.devtron-github-acme.verified]
at = 2026-11-20T10:00:00+01:00
identity = "octocat"
identity_kind = "user"
scopes = [
  "repo",      # pushes
  "admin:org",
]
verdict = "pass"
# what follows is not Devtron's

# --- Flux ------------------------------------------

# staging
[connections.flux-github-beta]
id = "d001"
platform = "none"
provider = "github"
host = "https://ghe.example"
owner = "beta"
token.store = "env"
token.env = "GITHUB_TOKEN"
token.generation = 3

# the end
"#;

fn kept() -> Config {
    Config::parse(Some(KEPT)).unwrap()
}

/// The lines that differ: `-` those of `before`, `+` those of `after`.
fn difference(before: &str, after: &str) -> Vec<String> {
    let (old, new): (Vec<_>, Vec<_>) = (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let mut lengths = vec![vec![0; new.len() + 1]; old.len() + 1];
    for row in (0..old.len()).rev() {
        for column in (0..new.len()).rev() {
            lengths[row][column] = if old[row] == new[column] {
                lengths[row + 1][column + 1] + 1
            } else {
                lengths[row + 1][column].max(lengths[row][column + 1])
            };
        }
    }
    let (mut row, mut column, mut out) = (0, 0, Vec::new());
    while row < old.len() || column < new.len() {
        if row < old.len() && column < new.len() && old[row] == new[column] {
            (row, column) = (row + 1, column + 1);
        } else if column == new.len() || (row < old.len() && lengths[row + 1][column] >= lengths[row][column + 1]) {
            out.push(format!("-{}", old[row]));
            row += 1;
        } else {
            out.push(format!("+{}", new[column]));
            column += 1;
        }
    }
    out
}

#[track_caller]
fn changes(config: &Config, lines: &[&str]) {
    let found = difference(KEPT, &config.render());
    let found: Vec<_> = found.iter().map(|line| line.trim_end_matches('\n')).collect();
    assert_eq!(found, lines, "{}", config.render());
    Config::parse(Some(&config.render())).unwrap();
}

fn devtron(config: &Config) -> Connection {
    config.connection("devtron-github-acme").unwrap().clone()
}

#[test]
fn a_config_is_read_in_whatever_way_it_is_written() {
    let config = kept();
    assert_eq!(config.problems(), []);
    assert_eq!(config.active(), Some("devtron-github-acme"));
    let connection = devtron(&config);
    let token = connection.token.unwrap();
    assert_eq!(token.expires.unwrap().to_string(), "2027-02-01T00:00:00Z");
    assert_eq!((token.generation, token.expires_source, &token.store), (1, ExpiresSource::Provider, &Store::Keyring));
    let verified = connection.verified.unwrap();
    assert_eq!(verified.at.to_string(), "2026-11-20T09:00:00Z");
    assert_eq!(verified.scopes, Some(BTreeSet::from(["repo".to_owned(), "admin:org".to_owned()])));
    assert_eq!(connection.repository.unwrap().place.name, "gitops");
    let flux = config.connection("flux-github-beta").unwrap();
    assert_eq!(flux.token.as_ref().unwrap().store, Store::Env("GITHUB_TOKEN".into()));
    assert_eq!(flux.site.api.to_string(), "https://ghe.example/api/v3");
    assert_eq!((flux.verified.clone(), flux.ssh.clone()), (None, None));
}

#[test]
fn saving_what_is_there_changes_nothing() {
    for ending in ["\n", "\r\n"] {
        let text = format!("\u{feff}{}", KEPT.replace('\n', ending));
        let mut config = Config::parse(Some(&text)).unwrap();
        for connection in config.connections().to_vec() {
            config.put(&connection).unwrap();
        }
        config.set_active("devtron-github-acme").unwrap();
        assert_eq!(config.render(), text);
    }
}

#[test]
fn only_the_line_of_the_active_name_changes() {
    let mut config = kept();
    config.set_active("flux-github-beta").unwrap();
    changes(&config, &["-active = 'devtron-github-acme'   # in use", "+active = 'flux-github-beta'   # in use"]);
    assert_eq!(config.active(), Some("flux-github-beta"));
    assert!(config.set_active("nobody").is_err());
}

#[test]
fn an_edited_connection_keeps_everything_but_what_changed() {
    let mut config = kept();
    let mut connection = devtron(&config);
    connection.site.host = Host::parse("https://acme.ghe.com").unwrap();
    connection.site.api = connection.site.provider.rules().api(&connection.site.host);
    connection.username = None;
    connection.owner_id = Some("42".into());
    connection.accepted = vec!["expiry".into()];
    let token = connection.token.as_mut().unwrap();
    token.generation = 2;
    token.expires = Some("2027-06-01T00:00:00Z".parse().unwrap());
    token.rotate_by = Some("2027-05-01T00:00:00Z".parse().unwrap());
    connection.repository.as_mut().unwrap().branch = Some("main".into());
    connection.handover.insert("project".into(), "sock\"shop".into());
    config.put(&connection).unwrap();
    changes(
        &config,
        &[
            "-host = 'https://github.com'",
            "+host = 'https://acme.ghe.com'",
            "-username = \"octocat\" # robot",
            "+owner_id = \"42\"",
            "+accepted = [\"expiry\"]",
            "-generation = 1",
            "+generation = 2",
            "-expires = 2027-02-01 # a bare date",
            "+expires = 2027-06-01T00:00:00Z # a bare date",
            "+rotate_by = 2027-05-01T00:00:00Z",
            "+branch = \"main\"",
            "+[connections.devtron-github-acme.handover]",
            "+project = \"sock\\\"shop\"",
        ],
    );
    assert_eq!(devtron(&config), connection);
    let after = config.render();
    assert!(after.contains("branch = \"main\"\n[connections.devtron-github-acme.handover]\nproject"), "{after}");
    assert!(after.contains("expires_source = \"provider\"\nrotate_by = 2027-05-01T00:00:00Z\ncolor = {"), "{after}");
    assert!(after.contains("owner = \"acme\"\nowner_id = \"42\"\naccepted = [\"expiry\"]\ncontact"), "{after}");
    let once = config.render();
    config.put(&connection).unwrap();
    assert_eq!(config.render(), once);
}

#[test]
fn dotted_keys_stay_dotted() {
    let mut config = kept();
    let mut connection = config.connection("flux-github-beta").unwrap().clone();
    let token = connection.token.as_mut().unwrap();
    token.store = Store::Command(vec!["op".into(), "read \"x\"".into()]);
    token.generation = 4;
    config.put(&connection).unwrap();
    changes(
        &config,
        &[
            "-token.store = \"env\"",
            "-token.env = \"GITHUB_TOKEN\"",
            "-token.generation = 3",
            "+token.store = \"command\"",
            "+token.command = [\"op\", \"read \\\"x\\\"\"]",
            "+token.generation = 4",
        ],
    );
    assert_eq!(config.connection("flux-github-beta"), Some(&connection));
}

#[test]
fn a_renamed_connection_stays_where_it_is() {
    let mut config = kept();
    let before = devtron(&config);
    config.rename("devtron-github-acme", "devtron.new").unwrap();
    changes(
        &config,
        &[
            "-active = 'devtron-github-acme'   # in use",
            "+active = 'devtron.new'   # in use",
            "-[connections.devtron-github-acme]   # main",
            "+[connections.\"devtron.new\"]   # main",
            "-[ connections . \"devtron-github-acme\" . token ]",
            "+[ connections . \"devtron.new\" . token ]",
            "-[connections.devtron-github-acme.repository]",
            "+[connections.\"devtron.new\".repository]",
            "-[connections.devtron-github-acme.verified]",
            "+[connections.\"devtron.new\".verified]",
        ],
    );
    assert_eq!(config.active(), Some("devtron.new"));
    assert_eq!(config.connection("devtron.new"), Some(&Connection { name: "devtron.new".into(), ..before }));
    assert!(config.rename("devtron.new", "flux-github-beta").is_err());
    assert!(config.rename("devtron.new", "No Name").is_err());
    assert!(config.rename("nobody", "x").is_err());
    config.rename("devtron.new", "devtron-github-acme").unwrap();
    assert_eq!(config.connections(), kept().connections());
}

#[test]
fn a_removed_connection_takes_its_tables_and_their_comments_and_nothing_else() {
    let mut config = kept();
    config.remove("devtron-github-acme").unwrap();
    let (head, rest) = KEPT.split_once("active = ").unwrap();
    let (_, middle) = rest.split_once('\n').unwrap();
    let (middle, rest) = middle.split_once("\n# production\n").unwrap();
    let (_, tail) = rest.split_once("verdict = \"pass\"\n").unwrap();
    assert_eq!(config.render(), format!("{head}{middle}\n{tail}"));
    assert_eq!(config.active(), None);
    assert!(config.remove("devtron-github-acme").is_err());

    let mut config = kept();
    config.remove("flux-github-beta").unwrap();
    let (head, rest) = KEPT.split_once("# staging\n").unwrap();
    let (_, tail) = rest.split_once("token.generation = 3\n").unwrap();
    assert_eq!(config.render(), format!("{}{tail}", head.strip_suffix('\n').unwrap()));
}

/// A comment belongs to what stands directly below it; a blank line parts the two.
#[test]
fn a_comment_goes_with_the_table_below_it_and_stays_where_a_blank_line_parts_them() {
    let table = "[connections.one]\nid = \"1\"\nplatform = \"none\"\nprovider = \"github\"\n\
                 host = \"https://github.com\"\nowner = \"acme\"\n";
    let removed = |text: &str| {
        let mut config = Config::parse(Some(text)).unwrap();
        config.remove("one").unwrap();
        config.render()
    };
    assert_eq!(removed(&format!("version = 1\n\n# of one\n# and more\n{table}")), "version = 1\n");
    assert_eq!(
        removed(&format!("version = 1\n\n# of all\n\n# of one\n{table}# the end\n")),
        "version = 1\n\n# of all\n\n# the end\n"
    );
    assert_eq!(removed(&format!("version = 1\n\n# of all\n\n{table}")), "version = 1\n\n# of all\n");
}

#[test]
fn adding_and_removing_leaves_the_file_as_it_was() {
    for text in [KEPT.to_owned(), KEPT.replace('\n', "\r\n"), KEPT.trim_end().to_owned()] {
        let mut config = Config::parse(Some(&text)).unwrap();
        let new = Connection { name: "new".into(), ..devtron(&config) };
        config.put(&new).unwrap();
        assert_eq!(config.connection("new"), Some(&new));
        let added = config.render();
        assert!(added.starts_with(&text), "{added}");
        assert_eq!(
            added.matches('\n').count() - added.matches("\r\n").count(),
            if text.contains('\r') { 0 } else { added.matches('\n').count() }
        );
        config.remove("new").unwrap();
        assert_eq!(config.render().trim_end(), text.trim_end());
        if text.ends_with('\n') {
            assert_eq!(config.render(), text);
        }
    }
}

#[test]
fn the_first_connection_is_written_in_the_form_of_the_contract() {
    let mut config = Config::parse(None).unwrap();
    assert_eq!(config.connections(), []);
    let mut connection = devtron(&kept());
    connection.git_username = connection.username.clone();
    config.put(&connection).unwrap();
    config.set_active(&connection.name).unwrap();
    let template = include_str!("../../assets/config.toml");
    let written = r#"active = "devtron-github-acme"

[connections.devtron-github-acme]
id = "c7f3"
platform = "devtron"
provider = "github"
host = "https://github.com"
owner = "acme"
username = "octocat"
[connections.devtron-github-acme.token]
kind = "classic"
store = "keyring"
generation = 1
expires = 2027-02-01T00:00:00Z
expires_source = "provider"
[connections.devtron-github-acme.repository]
name = "gitops"
url = "https://github.com/acme/gitops.git"
[connections.devtron-github-acme.verified]
at = 2026-11-20T09:00:00Z
identity = "octocat"
identity_kind = "user"
scopes = ["admin:org", "repo"]
verdict = "pass"
"#;
    assert_eq!(config.render(), format!("{template}{written}"));
    assert_eq!(Config::parse(Some("\u{feff} \n")).unwrap().render(), template);
}

#[test]
fn every_key_is_written_and_read_back() {
    let mut connection = devtron(&kept());
    connection.name = "all.of-it".into();
    connection.site.api = Host::parse("https://api.other.example/x").unwrap();
    connection.site.ca_file = Some("ca \"1\".pem".into());
    connection.site.client_cert = Some("me.pem".into());
    connection.owner.project = Some("plätform".into());
    connection.owner_id = Some("1".into());
    connection.email = Some("o@acme.example".into());
    connection.git_username = Some("git".into());
    connection.accepted = vec!["scope:repo".into(), "expiry".into()];
    connection.handover = [("a b".to_owned(), "1\n2".to_owned()), ("c".to_owned(), "\\".to_owned())].into();
    connection.ssh = Some(SshRecord {
        public_key: git_access::key::PublicHalf::File("k.pub".into()),
        private_key: Some("k".into()),
        fingerprint: Some("SHA256:x".into()),
        scope: Some(git_access::answers::KeyScope::Account),
        read_only: Some(false),
        key_id: Some("9".into()),
    });
    let repository = connection.repository.as_mut().unwrap();
    repository.place.owner = connection.owner.clone();
    repository.id = Some("7".into());
    repository.ssh_url = Some("git@github.com:acme/gitops.git".into());
    repository.branch = Some("main".into());
    repository.created_by_us = true;
    connection.verified = Some(Verified {
        at: "2026-11-20T09:00:00Z".parse().unwrap(),
        identity: None,
        identity_kind: Some(IdentityKind::Bot),
        scopes: Some(BTreeSet::new()),
        verdict: "fail".into(),
    });
    for store in [
        Store::Keyring,
        Store::GitCredential,
        Store::File("/x/y".into()),
        Store::Env("X".into()),
        Store::Command(vec!["op".into()]),
    ] {
        connection.token = Some(Token {
            kind: None,
            store,
            generation: 7,
            expires: None,
            expires_source: ExpiresSource::Never,
            rotate_by: Some("2027-05-01T00:00:00Z".parse().unwrap()),
        });
        let mut config = Config::parse(None).unwrap();
        config.put(&connection).unwrap();
        assert_eq!(config.connections(), std::slice::from_ref(&connection), "{}", config.render());
        // From a connection that has nothing to one that has everything, and back.
        let bare = Connection {
            token: None,
            repository: None,
            ssh: None,
            verified: None,
            accepted: Vec::new(),
            handover: std::collections::BTreeMap::new(),
            ..connection.clone()
        };
        let full = config.render();
        config.put(&bare).unwrap();
        assert_eq!(config.connections(), std::slice::from_ref(&bare), "{}", config.render());
        config.put(&connection).unwrap();
        assert_eq!(config.render(), full);
    }
}

#[test]
fn tables_in_braces_are_changed_in_their_braces() {
    let text = "version = 1\nconnections = { one = { id = \"1\", platform = \"none\", provider = \"github\", host = \"github.com\", owner = \"a\", token = { store = \"keyring\", generation = 1 }, verified = { at = 2026-11-20T09:00:00Z, verdict = \"pass\" } } } # mine\n";
    let mut config = Config::parse(Some(text)).unwrap();
    let mut connection = config.connection("one").unwrap().clone();
    connection.username = Some("octocat".into());
    connection.token.as_mut().unwrap().expires_source = ExpiresSource::User;
    connection.verified = None;
    connection.handover.insert("x".into(), "y".into());
    config.put(&connection).unwrap();
    let two = Connection { name: "two".into(), ..connection.clone() };
    config.put(&two).unwrap();
    config.rename("one", "three").unwrap();
    assert_eq!(config.connection("three"), Some(&Connection { name: "three".into(), ..connection }));
    assert_eq!(config.connection("two"), Some(&two));
    config.remove("three").unwrap();
    assert_eq!(config.connections(), [two]);
    assert!(config.render().ends_with("} } # mine\n"), "{}", config.render());
}

#[test]
fn what_one_connection_has_wrong_leaves_the_others_readable_and_is_kept() {
    let wrong = KEPT
        .replace("provider = \"github\"\nhost = \"https://ghe", "provider = \"sourcehut\"\nhost = \"https://ghe")
        .replace("token.generation = 3", "token.generation = \"drei\"");
    let mut config = Config::parse(Some(&wrong)).unwrap();
    let places: Vec<_> = config.problems().iter().map(|problem| (problem.line, problem.column)).collect();
    assert_eq!(places, [(54, 12), (59, 20)], "{:#?}", config.problems());
    assert!(config.problems().iter().all(|problem| problem.connection.as_deref() == Some("flux-github-beta")));
    assert!(!format!("{:?}", config.problems()).contains("sourcehut"));
    assert!(config.has("flux-github-beta") && config.connection("flux-github-beta").is_none());
    let connection = Connection { name: "flux-github-beta".into(), ..devtron(&config) };
    assert!(config.put(&connection).is_err());
    let mut connection = devtron(&config);
    connection.username = Some("hubot".into());
    config.put(&connection).unwrap();
    assert_eq!(
        difference(&wrong, &config.render()),
        ["-username = \"octocat\" # robot\n", "+username = \"hubot\" # robot\n"]
    );
    config.remove("flux-github-beta").unwrap();
    assert_eq!(config.problems(), []);
}

#[test]
fn what_makes_the_whole_file_unreadable_is_told_with_its_place_and_never_repeated() {
    for (text, line, column) in [
        ("# x\n", 1, 1),
        ("version = 2\n[connections.x]\nid = what is this\n", 1, 11),
        ("version = \"ghp_x\"\n", 1, 11),
        ("version = 1\nactive = 5\n", 2, 10),
        ("version = 1\n[connections.x]\nid = \"a\"\nid = \"b\"\n", 4, 1),
        ("version = 1\n[connections.x]\n[connections.x]\n", 3, 14),
        ("version = 1\n[connections.x\n", 2, 15),
        ("version = 1\nconnections = 5\n", 2, 1),
        ("version = 1\n[[connections]]\n", 2, 3),
        ("\u{feff}version = 1\r\n\tid = ghp_x\r\n", 2, 7),
    ] {
        let problem = Config::parse(Some(text)).unwrap_err();
        let mut all = std::iter::once(&problem).chain(&problem.more);
        assert!(all.any(|one| (one.line, one.column) == (line, column)), "{text}: {problem:?}");
        assert!(!format!("{problem:?}").contains("ghp_"), "{problem}");
        assert!(!problem.remedy.is_empty());
    }
}

#[test]
fn every_wrong_type_is_told() {
    let text = "version = 1\n[connections.X]\nid = 1\nplatform = true\nprovider = []\nhost = \"http://x.example\"\nowner = 1.5\naccepted = \"x\"\n[connections.X.token]\nstore = \"pocket\"\ngeneration = -1\nexpires = \"2027-02-01\"\nrotate_by = 2027-02-01T10:00:00\nkind.x = 1\n[[connections.X.verified]]\nverdict = \"great\"\nmine = 5\n[connections.X.handover]\nproject = 5\n[connections.X.mine]\nx = 5\n";
    let config = Config::parse(Some(text)).unwrap();
    let lines: Vec<_> = config.problems().iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [2, 3, 4, 5, 7, 8, 10, 11, 12, 13, 14, 15, 15, 16, 19], "{:#?}", config.problems());
}

/// Changes of all sorts, done to a text of all sorts.
fn changed(config: &mut Config, step: u8) {
    let names: Vec<_> = config.connections().iter().map(|one| one.name.clone()).collect();
    let Some(name) = names.get(usize::from(step / 8) % names.len().max(1)) else { return };
    let mut connection = config.connection(name).unwrap().clone();
    let before = config.render();
    let done = match step % 8 {
        0 => config.rename(name, &format!("r{step}.x")),
        1 => config.remove(name),
        2 => config.set_active(name),
        3 => config.put(&Connection { name: format!("n{step}"), ..connection.clone() }),
        4 => {
            connection.token = None;
            connection.email = Some("a@b".into());
            config.put(&connection)
        }
        5 => {
            connection.token = devtron(&kept()).token;
            connection.verified = devtron(&kept()).verified;
            config.put(&connection)
        }
        6 => {
            connection.username = connection.username.xor(Some("u".into()));
            connection.handover.insert(format!("k{step}"), "v".into());
            config.put(&connection)
        }
        _ => {
            connection.verified = None;
            connection.handover.clear();
            config.put(&connection)
        }
    };
    match done {
        Ok(()) if step % 8 > 3 => assert_eq!(config.connection(&connection.name), Some(&connection), "{before}"),
        Ok(()) => {}
        Err(problem) if !step.is_multiple_of(8) => panic!("{problem}: {step}\n{before}"),
        Err(_) => assert_eq!(config.render(), before, "what is refused changes nothing"),
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        failure_persistence: None,
        ..proptest::prelude::ProptestConfig::with_cases(150)
    })]

    #[test]
    fn no_change_loses_a_comment_or_a_key_of_the_user(
        steps in proptest::collection::vec(proptest::prelude::any::<u8>(), 1..12),
        way in 0..4u8,
    ) {
        let text = match way {
            0 => KEPT.to_owned(),
            1 => KEPT.replace('\n', "\r\n"),
            2 => KEPT.trim_end().to_owned(),
            _ => "version = 1\n[connections]\na = { id = '1', platform = 'none', provider = 'github', host = 'github.com', owner = 'a' } # mine\nb.id = '2'\nb.platform = 'none' # note\nb.provider = 'github'\nb.host = 'github.com'\nb.owner = 'o'".to_owned(),
        };
        let mut config = Config::parse(Some(&text)).unwrap();
        for step in steps {
            changed(&mut config, step);
            let again = Config::parse(Some(&config.render())).unwrap();
            proptest::prop_assert_eq!(again.connections(), config.connections());
        }
        let after = config.render();
        for line in text.lines().filter(|line| line.starts_with("# ---") || line.contains("our own\"")) {
            proptest::prop_assert!(after.contains(line), "{} is lost: {}", line, after);
        }
    }
}

#[test]
fn the_schemas_in_the_assets_are_those_of_the_program() {
    for (name, asset, schema) in [
        ("config", include_str!("../../assets/config.schema.json"), git_access::config::config_schema()),
        ("answers", include_str!("../../assets/answers.schema.json"), git_access::answers::answers_schema()),
    ] {
        let written: serde_json::Value = serde_json::from_str(asset).unwrap_or_default();
        let wanted = serde_json::to_string_pretty(&schema).unwrap();
        assert!(
            written == schema,
            "assets/{name}.schema.json is old: cargo run -- schema {name} > assets/{name}.schema.json\n{wanted}"
        );
    }
}
