//! Ten thousand files that somebody has spoilt: none stops the reader, none is without a place for each problem, and none
//! gets it to repeat a token.

use super::reading;

const ROUNDS: u64 = 10_000;
/// The longest piece of a token that may be seen: less tells nothing.
const PIECE: usize = 9;

const GOOD: &[&str] = &[
    "version = 1\nname = \"x\"\nplatform = \"keptn\"\nprovider = \"github\"\nowner = \"acme\"\n[token]\nenv = \"T\"\n\
     kind = \"classic\"\nexpires = 2027-02-01\n[repository]\nname = \"gitops\"\ncreate = true\n[handover]\nproject = \"s\"\n",
    "version = 1 # ä\r\nplatform = 'flux'\r\nprovider = \"gitlab\"\r\nhost = \"https://git.example/x\"\r\nowner = \"a/b\"\r\n\
     token = { file = \"t\", kind = \"personal\" }\r\nstore = { kind = \"file\", path = \"s\" }\r\n[repository]\r\nname = \
     \"\"\"fleet\"\"\"\r\n[ssh]\r\npublic_key = \"k.pub\"\r\nprivate_key = 'k'\r\n",
    "version = 1\nplatform = \"argocd\"\nprovider = \"bitbucket\"\nowner = \"acme\"\nusername = \"o\"\nemail = \"o@a.b\"\n\
     token.command = [\n  \"op\", # why\n  \"read\",\n]\ntoken.kind = \"api\"\nrepository.name = \"webshop\"\n",
];

const TOKENS: &[&str] = &[
    "ghp_0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R",
    "github_pat_11Q2W3E4R5T0y9u8i7o6p5a4_s3D2f1G0h9J8k7L6z5X4c3V2b1N0m9Q8w7E6r5T4y3U2i1O",
    "glpat-Zx9Yw8Vu7Ts6Rq5Po4Nm",
    "ATATT3xFfGF0Qw1Er2Ty3Ui4Op5As6Df7Gh8Jk9Lz=5C0FFEE1",
    "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c",
];

const PIECES: &[&str] = &[
    "\"",
    "'",
    "\"\"\"",
    "[",
    "]",
    "[[",
    "{",
    "}",
    "=",
    ",",
    "#",
    "\n",
    "\r",
    "\t",
    " ",
    "\\",
    "\u{0}",
    "\u{feff}",
    "ä",
    "\u{202e}",
    "version",
    "token",
    "[token]\n",
    "env = ",
    "true",
    "2027-13-01",
    "1e9",
    "https://a:b@c",
    "\\u12",
    "..",
    "password = ",
    "providr = ",
    "\nx y z\n",
    "'''",
];

struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    /// A place between two letters.
    fn place(&mut self, text: &str) -> usize {
        let mut at = self.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}

fn spoilt(dice: &mut Dice) -> String {
    let mut text = dice.of(GOOD).to_owned();
    for _ in 0..=dice.below(6) {
        if text.is_empty() {
            break;
        }
        let at = dice.place(&text);
        match dice.below(7) {
            0 => text.insert_str(at, dice.of(PIECES)),
            1 => {
                let end = text[at..].char_indices().nth(dice.below(12)).map_or(text.len(), |(more, _)| at + more);
                text.replace_range(at..end, "");
            }
            2 => text.insert_str(at, dice.of(TOKENS)),
            3 => {
                let token = dice.of(TOKENS);
                let broken = dice.of(&["\n", "\"", "=", " ", "\"\n\""]);
                let middle = dice.place(token);
                text.insert_str(at, &format!("{}{broken}{}", &token[..middle], &token[middle..]));
            }
            4 => {
                let mut lines: Vec<_> = text.split_inclusive('\n').collect();
                let (from, to) = (dice.below(lines.len()), dice.below(lines.len()));
                lines.swap(from, to);
                text = lines.concat();
            }
            5 => {
                let lines: Vec<_> = text.split_inclusive('\n').map(str::to_owned).collect();
                text += &lines[dice.below(lines.len())];
            }
            _ => {
                // A token where a value was.
                let token = dice.of(TOKENS);
                let lines: Vec<_> = text.split_inclusive('\n').map(str::to_owned).collect();
                let chosen = dice.below(lines.len());
                let line = |(number, line): (usize, &String)| match line.split_once('=') {
                    Some((key, _)) if number == chosen => format!("{key}= \"{token}\"\n"),
                    _ => line.clone(),
                };
                text = lines.iter().enumerate().map(line).collect();
            }
        }
    }
    text
}

/// A piece of a token in `said`.
fn seen(said: &str) -> Option<&'static str> {
    TOKENS.iter().copied().find(|token| {
        // How it begins is no secret.
        let body = token.rsplit_once(['_', '-']).map_or(*token, |(_, body)| body).trim_start_matches("ATATT3x");
        (0..=body.len() - PIECE).any(|at| said.contains(&body[at..at + PIECE]))
    })
}

#[test]
fn ten_thousand_spoilt_files_stop_nothing_show_no_token_and_every_problem_has_its_place() {
    let seed = u64::from(std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_nanos());
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let mut told = 0;
    for round in 0..ROUNDS {
        let text = spoilt(&mut dice);
        let read = std::panic::catch_unwind(|| reading(&text).problems);
        let problems = read.unwrap_or_else(|_| panic!("seed {seed}, round {round}: {text:?}"));
        told += problems.len();
        for problem in &problems {
            let what = || format!("seed {seed}, round {round}: {problem:?}\n{text:?}");
            let (line, column) = problem.place.unwrap_or_else(|| panic!("{}", what()));
            let there = line.checked_sub(1).and_then(|line| text.split('\n').nth(line));
            let there = there.unwrap_or_else(|| panic!("{}", what()));
            assert!(column >= 1 && column <= there.chars().count() + 1, "{}", what());
            assert!(!problem.message.is_empty(), "{}", what());
            let said = format!("{:?} {}", problem.key, problem.message);
            assert_eq!(seen(&said), None, "{}", what());
        }
    }
    println!("{ROUNDS} files, {told} problems");
    assert!(told > 10_000, "{told}");
}
