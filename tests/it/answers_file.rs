//! The answers file: every problem in one run, each at its character; and what is written reads back.

use git_access::answers::file::{Circumstances, Located, Reading, Whole, read, wanted, write};
use git_access::answers::{Answer, Answers, FIELDS, Field, Raw, Shape};
use git_access::platform::{Platform, built_in};
use proptest::prelude::*;

use crate::program::Home;

const GOOD: &str = r#"version = 1
platform = "keptn"
provider = "github"
owner = "acme"
[token]
env = "GITHUB_TOKEN"
[repository]
name = "gitops"
"#;

fn platform(id: &str) -> Option<Platform> {
    built_in().into_iter().find(|platform| platform.id == id)
}

fn reading(text: &str) -> Reading {
    let nothing = Answers::default();
    let whole = |own: &Answers| Whole { answers: own.clone(), has_token: false, rotates: false };
    let platform = &platform;
    read(text, &Circumstances { from_stdin: false, above: &nothing, whole: &whole, platform })
}

/// Line, column and key of each problem.
fn places(text: &str) -> Vec<(usize, usize, String)> {
    let place = |problem: &Located| {
        let (line, column) = problem.place.unwrap();
        (line, column, problem.key.clone().unwrap_or_default())
    };
    reading(text).problems.iter().map(place).collect()
}

fn is_in(text: &str, place: Option<(usize, usize)>) {
    let (line, column) = place.expect("every problem of a file has a place");
    let line = text.split('\n').nth(line.checked_sub(1).unwrap()).expect("the line is there");
    assert!(column >= 1 && column <= line.chars().count() + 1, "column {column} of {line:?}");
}

fn expect(text: &str, wanted: &[(usize, usize, &str)]) {
    let found = places(text);
    let found: Vec<_> = found.iter().map(|(line, column, key)| (*line, *column, key.as_str())).collect();
    assert_eq!(found, wanted, "{text}\n{:#?}", reading(text).problems);
}

#[test]
fn a_good_file_has_no_problem_and_all_its_answers() {
    let reading = reading(GOOD);
    assert_eq!(reading.problems, []);
    assert_eq!(reading.answers.platform(), Some("keptn"));
    assert_eq!(reading.answers.place().unwrap().name, "gitops");
    assert_eq!(reading.answers.iter().count(), 5);
}

#[test]
fn thirteen_mistakes_are_thirteen_problems_in_the_order_of_the_file_each_at_its_character() {
    let lines = [
        "\u{feff}# Änderungen für das Büro",
        "version = 1",
        "name = \"größe\" # ü", // 1 range: the grammar of names
        "platform = \"keptn\"",
        "providr = \"github\"", // 2 unknown key
        "provider = \"github\"",
        "\towner = acme",                         // 3 syntax: no quotes
        "\t\"öwner\" = \"ä\"",                    // 4 unknown key
        "username = { ä = 1",                     // 5 syntax: not closed
        "email = \"ü@exämple\"\tproject = \"x\"", // 6 syntax: two on a line, 7 cross: GitHub has no projects
        "",
        "[token]",
        "env = \"GITHUB_TOKEN\"",
        "file = \"tökén\"",         // 8 cross: a second source
        "expires = \"übermorgen\"", // 9 range
        "kind = 5",                 // 10 type
        "[repository]",
        "name = \"gitops\"",
        "contents\t=\t\"readme\" # ä", // 11 cross: Keptn wants it empty
        "cre\u{61}te = \"ja\" ",       // 12 type
        "title = 1",                   // 13 unknown key
    ];
    expect(
        &lines.join("\r\n"),
        &[
            (3, 8, "name"),
            (5, 1, "providr"),
            (7, 10, "owner"),
            (8, 2, "öwner"),
            (9, 12, "username"),
            (10, 21, "email"),
            (10, 31, "project"),
            (14, 1, "token.file"),
            (15, 11, "token.expires"),
            (16, 8, "token.kind"),
            (19, 12, "repository.contents"),
            (20, 10, "repository.create"),
            (21, 1, "repository.title"),
        ],
    );
}

#[test]
fn every_way_to_write_it_is_the_same_answers() {
    let plain = reading(GOOD);
    for text in [
        "version = 1\nplatform = 'keptn'\nprovider = \"github\"\nowner = \"acme\"\ntoken.env = \"GITHUB_TOKEN\"\nrepository.name = \"gitops\"\n",
        "version = 1\ntoken.env = 'GITHUB_TOKEN'\nrepository.name = 'gitops'\nowner = 'acme'\nprovider = 'github'\nplatform = 'keptn'\n",
        "version = 0x1\n\"platform\" = \"\"\"keptn\"\"\"\nprovider=\"github\"\nowner = \"ac\\u006de\"\ntoken = { env = \"GITHUB_TOKEN\" }\nrepository = {\n  name = \"gitops\", # 1.1\n}\n",
        "\u{feff}version = 1\r\nplatform = \"keptn\"\r\nprovider = \"github\"\r\nowner = \"acme\"\r\n[ 'token' ]\r\nenv = \"GITHUB_TOKEN\"\r\n[repository]\r\n'name' = \"\\x67itops\"",
    ] {
        let other = reading(text);
        assert_eq!(other.problems, [], "{text}");
        assert_eq!(other.answers, plain.answers, "{text}");
    }
}

#[test]
fn each_mistake_is_told_once_at_its_place() {
    let good = GOOD.replace("version = 1\n", "");
    expect(&good, &[(1, 1, "version")]);
    expect(&GOOD.replace("version = 1", "version = 2"), &[(1, 11, "version")]);
    expect(&GOOD.replace("version = 1", "version = \"1\""), &[(1, 11, "version")]);
    expect(&GOOD.replace("version = 1", "versoin = 1"), &[(1, 1, "versoin")]);
    expect(&GOOD.replace("\"keptn\"", "\"kepten\""), &[(2, 12, "platform")]);
    expect(&GOOD.replace("[token]", "[token"), &[(5, 7, "token")]);
    expect(&GOOD.replace("[token]", "[tokn]"), &[(5, 2, "tokn")]);
    expect(&GOOD.replace("[token]", "[[token]]"), &[(5, 3, "token")]);
    expect(&GOOD.replace("env = \"GITHUB_TOKEN\"", "command = \"op read\""), &[(6, 11, "token.command")]);
    expect(&GOOD.replace("env = \"GITHUB_TOKEN\"", "command = [\"op\", 5]"), &[(6, 18, "token.command")]);
    expect(&GOOD.replace("env = \"GITHUB_TOKEN\"", "kind = \"classic\""), &[(5, 1, "token.env")]);
    expect(&GOOD.replace("name = \"gitops\"", "name.x = \"gitops\""), &[(8, 1, "repository.name.x")]);
    expect(&GOOD.replace("[repository]\nname", "repository"), &[(7, 1, "token.repository")]);
    expect(&format!("{GOOD}name = \"again\"\n"), &[(9, 1, "repository.name")]);
    expect(&format!("{GOOD}[token]\nkind = \"classic\"\n"), &[(9, 2, "token")]);
    expect(&format!("{GOOD}[ssh]\npublic_key = \"k.pub\"\n"), &[(10, 1, "ssh.public_key")]);
    expect(&format!("{GOOD}[store]\npath = \"x\"\n"), &[(10, 1, "store.path")]);
    expect(&format!("{GOOD}[store]\nkind = flie\npath = \"x\"\n"), &[(10, 8, "store.kind")]);
    expect(
        &format!("{GOOD}[handover]\nprojekt = \"x\"\nproject = 1\n"),
        &[(10, 1, "handover.projekt"), (11, 11, "handover.project")],
    );
    expect(&format!("{GOOD}[handover.project]\nx = 1\n"), &[(9, 11, "handover.project")]);
    let missing = [(1, 1, "platform"), (1, 1, "provider"), (1, 1, "owner"), (1, 1, "token.env")];
    expect("version = 1\n", &missing);
    expect(&format!("foo bar\n{GOOD}"), &[(1, 5, "")]);
}

#[test]
fn an_open_bracket_or_quote_does_not_swallow_what_follows() {
    for (line, column) in [
        ("command = [\"op\", \"read\"", 11),
        ("command = [\n  \"op\",\n  \"read\",", 11),
        ("command = [\"op, \"read\"]", 22),
        ("env = \"GITHUB_TOKEN", 7),
        ("env = \"\"\"GITHUB_TOKEN", 7),
        ("env = ", 7),
        ("env", 4),
    ] {
        let text = GOOD.replace("env = \"GITHUB_TOKEN\"", line).replace("gitops", "-");
        let found = places(&text);
        assert_eq!((found[0].0, found[0].1), (6, column), "{text}");
        assert_eq!(found.len(), 2, "{text}{found:?}");
        assert_eq!(found[1].2, "repository.name", "{text}");
    }
}

#[test]
fn a_token_in_the_file_is_refused_and_never_repeated() {
    let secret = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";
    for line in [
        format!("token = \"{secret}\""),
        "token = \"short\"".to_owned(),
        format!("password = \"{secret}\""),
        "access_token = \"short\"".to_owned(),
        format!("token.value = \"{secret}\""),
        format!("token.token = \"{secret}\""),
        "token = { secret = \"short\" }".to_owned(),
        format!("token.env = \"{secret}\""),
        format!("token.env = {secret}"),
        format!("token.command = [\"echo\", \"{secret}\"]"),
        format!("username = \"{secret}\"\ntoken.env = \"X\""),
        format!("surprise = \"{secret}\""),
        format!("token.file = \"\"\"-----BEGIN OPENSSH PRIVATE KEY-----\n{secret}\n\"\"\""),
    ] {
        let text = format!(
            "version = 1\nplatform = \"keptn\"\nprovider = \"github\"\nowner = \"acme\"\nrepository.name = \"x\"\n{line}\n"
        );
        let problems = reading(&text).problems;
        assert_eq!(problems.len(), 1, "{line}: {problems:?}");
        let shown = format!("{problems:?}");
        assert!(shown.contains("standard input"), "{line}: {shown}");
        assert!(!shown.contains("ghp_") && !shown.contains("short"), "{line}: {shown}");
    }
    for line in [
        format!("{secret} = 1"),
        secret.to_owned(),
        format!("[{secret}]"),
        format!("x = {secret} y = 1"),
        format!("\"{secret}"),
    ] {
        let shown = format!("{:?}", reading(&format!("{line}\n{GOOD}")).problems);
        assert!(!shown.contains("ghp_") && !shown.contains("0123"), "{line}: {shown}");
    }
}

#[test]
fn what_the_command_line_and_the_scenario_say_is_not_missing() {
    let above = reading("owner = \"acme\"\n").answers;
    let beneath = reading("platform = \"keptn\"\nprovider = \"github\"\nrepository.name = \"x\"\n").answers;
    let platform = &platform;
    let whole = |own: &Answers| {
        let mut answers = beneath.clone();
        answers.overlay(own);
        answers.overlay(&above);
        Whole { answers, has_token: false, rotates: false }
    };
    let circumstances = Circumstances { from_stdin: false, above: &above, whole: &whole, platform };
    assert_eq!(read("version = 1\ntoken.env = \"X\"\n", &circumstances).problems, []);
    let circumstances = Circumstances { from_stdin: true, ..circumstances };
    let problems = read("version = 1\n[token]\nstdin = true\n", &circumstances).problems;
    assert_eq!((problems[0].place, problems.len()), (Some((3, 1)), 1));
}

#[test]
fn a_token_that_is_kept_need_not_be_given_and_a_flag_is_blamed_by_its_name() {
    let saved = reading(&GOOD.replace("[token]\nenv", "[token]\n# env")).answers;
    let above = reading("owner = \"a/b\"\n").answers;
    let nothing = Answers::default();
    let platform = &platform;
    let whole = |own: &Answers| {
        let mut answers = saved.clone();
        answers.overlay(own);
        Whole { answers, has_token: true, rotates: false }
    };
    let circumstances = Circumstances { from_stdin: false, above: &nothing, whole: &whole, platform };
    assert_eq!(read("version = 1\n", &circumstances).problems, []);
    // A rotation needs to be told of the token alone.
    let token_alone = "[token]\nenv = \"NEXT\"\n";
    assert_eq!(read(token_alone, &circumstances).problems[0].key.as_deref(), Some("version"));
    let rotates = |own: &Answers| Whole { rotates: true, ..whole(own) };
    let circumstances = Circumstances { whole: &rotates, ..circumstances };
    assert_eq!(read(token_alone, &circumstances).problems, []);
    let whole = |own: &Answers| {
        let mut answers = own.clone();
        answers.overlay(&above);
        Whole { answers, has_token: false, rotates: false }
    };
    let circumstances = Circumstances { from_stdin: false, above: &above, whole: &whole, platform };
    let problems = read(GOOD, &circumstances).problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!((problems[0].place, problems[0].key.as_deref()), (None, Some("--owner")));
}

#[test]
fn what_the_platform_cannot_use_carries_its_reason() {
    let mut keptn = platform("keptn").unwrap();
    keptn.provider.get_mut("github").unwrap().token.remove("fine-grained");
    let nothing = Answers::default();
    let found = |text: &str, keptn: &Platform| {
        let platform = &|_: &str| Some(keptn.clone());
        let whole = |own: &Answers| Whole { answers: own.clone(), has_token: false, rotates: false };
        let circumstances = Circumstances { from_stdin: false, above: &nothing, whole: &whole, platform };
        let problems = read(text, &circumstances).problems;
        assert_eq!(problems.len(), 1, "{problems:?}");
        let (line, column) = problems[0].place.unwrap();
        (line, column, problems[0].message.clone())
    };
    let text = GOOD.replace("[token]", "[token]\nkind = \"fine-grained\"");
    let (line, column, message) = found(&text, &keptn);
    assert_eq!((line, column), (6, 8));
    assert!(message.contains("fine-grained"), "{message}");
    keptn.provider.get_mut("github").unwrap().unsupported = Some("It was taken out.".into());
    assert_eq!(found(GOOD, &keptn), (3, 12, "It was taken out.".into()));
}

#[test]
fn a_problem_is_reported_in_the_form_of_the_contract() {
    let home = Home::new();
    home.write("a.toml", &GOOD.replace("provider", "providr").replace("env = \"GITHUB_TOKEN\"", "command = [\"x\"]"));
    let json = home.run(&["setup", "--format", "json", "--answers", "a.toml"]).expect(2).json();
    let problem = serde_json::json!({
        "file": "a.toml", "line": 3, "column": 1, "key": "providr",
        "message": "no key is named `providr`: write `provider` if that is meant",
    });
    assert_eq!(json["problems"], serde_json::json!([problem]));
    assert_eq!(json["config"], home.config().to_str().unwrap());
    assert_eq!((&json["verdict"], &json["connections"]), (&serde_json::Value::Null, &serde_json::json!([])));
}

#[test]
fn the_file_that_would_have_been_needed_can_be_read_and_has_every_field() {
    let answers = reading("owner = \"acme\"\n[handover]\n\"a b\" = \"c\"\n").answers;
    let problems = answers.problems(None, false);
    let text = wanted(&answers, &problems);
    for row in FIELDS {
        let name = row.key.rsplit('.').next().unwrap();
        assert!(text.lines().any(|line| line.trim_start_matches("# ").starts_with(&format!("{name} = "))), "{name}");
    }
    assert!(text.contains("owner = \"acme\"\n") && text.contains("platform = \"\"  # needed\n"), "{text}");
    let again = reading(&text);
    assert_eq!(again.answers.text(&Field::Owner), Some("acme"));
    let wrong: Vec<_> = again.problems.iter().filter_map(|problem| problem.key.as_deref()).collect();
    assert_eq!(wrong, ["platform", "provider"], "only what is to be filled in is wrong: {:?}", again.problems);
}

fn answer(field: Field, shape: Shape) -> BoxedStrategy<(Field, Option<Answer>)> {
    let text = "[ -~äöü€\t]{0,12}";
    let raw = match shape {
        Shape::Flag => any::<bool>().prop_map(|flag| flag.to_string()).boxed(),
        Shape::Expiry => prop_oneof![
            Just("never".to_owned()),
            (1970..9999i32, 1..13u8, 1..29u8).prop_map(|(year, month, day)| format!("{year}-{month:02}-{day:02}")),
            (0..60u8, 1..1000u32).prop_map(|(second, part)| format!("2027-02-01T10:00:{second:02}.{part:09}+01:30")),
        ]
        .boxed(),
        Shape::Choice(words) => proptest::sample::select(words).prop_map(str::to_owned).boxed(),
        Shape::Words => {
            return proptest::collection::vec("[ -~ä\n\u{7f}]{1,8}", 1..4)
                .prop_map(move |words| {
                    let words = words.iter().map(String::as_str).collect();
                    (field.clone(), field.parse(&Raw::Words(words)).ok())
                })
                .boxed();
        }
        Shape::Text | Shape::Path => match field {
            Field::Provider => Just("github".to_owned()).boxed(),
            Field::Host | Field::ApiUrl => "https://[a-z]{1,9}(:[1-9][0-9]{3})?(/[a-z]{1,4})?".boxed(),
            Field::Name | Field::Platform => "[a-z0-9][a-z0-9._-]{0,12}".boxed(),
            Field::Email => "[a-z\"\\\\]{1,5}@[a-zä]{1,5}".boxed(),
            _ => text.boxed(),
        },
    };
    raw.prop_map(move |raw| (field.clone(), field.parse(&Raw::Text(&raw)).ok())).boxed()
}

fn answers() -> impl Strategy<Value = Answers> {
    let mut fields: Vec<_> =
        FIELDS.iter().map(|row| proptest::option::of(answer(row.field.clone(), row.shape))).collect();
    for key in ["project", "with space", "q\"uote", "dot.ted", "ü"] {
        fields.push(proptest::option::of(answer(Field::Handover(key.to_owned()), Shape::Text)));
    }
    fields.prop_map(|given| {
        let mut answers = Answers::default();
        for (field, answer) in given.into_iter().flatten() {
            // Of a home, only what somebody types is rooted there, before it is written.
            let is_home = matches!(&answer, Some(Answer::Path(path)) if path.starts_with("~"));
            if let Some(answer) = answer.filter(|_| !is_home) {
                answers.set(field, answer);
            }
        }
        answers
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn what_is_written_reads_back(answers in answers()) {
        let text = write(&answers);
        let again = reading(&text);
        prop_assert_eq!(&again.answers, &answers, "{}\n{:?}", text, again.problems);
        prop_assert!(toml::from_str::<toml::Table>(&text).is_ok(), "{}", text);
    }

    #[test]
    fn no_text_stops_the_reader_and_every_place_is_in_the_text(text in "([a-z\\[\\]{}=\"'.,# \n\r\tä\\\\0-9]|version = 1\n|\\[token\\]|\"\"\"){0,60}") {
        for problem in reading(&text).problems {
            is_in(&text, problem.place);
        }
    }
}
