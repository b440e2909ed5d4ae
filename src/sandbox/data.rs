//! The data directory of a running sandbox: repositories, token files, sample answers, the log of requests.
//!
//! A world begins the same every time, so what an earlier start left is taken away first. A mark tells our own files from
//! those of somebody else, which are never touched.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::SandboxError;
use super::request_log::RequestLog;
use super::scenario::{SampleAnswers, Scenario};
use super::world::{Token, World};

const MARK: &str = ".git-access-sandbox";
const OURS: &[&str] = &["git", "tokens", "answers"];
const LOG: &str = "requests.log";

pub(super) struct Directory(PathBuf);

pub(super) struct WrittenAnswers {
    pub platform: String,
    pub provider: String,
    pub file: PathBuf,
}

impl Directory {
    pub(super) fn prepare(path: &Path) -> Result<Self, SandboxError> {
        create(path)?;
        // Absolute, because git runs elsewhere and the announcement is read elsewhere.
        let directory = Self(std::path::absolute(path).map_err(|source| unwritten(path, source))?);
        let mark = directory.0.join(MARK);
        let remains: Vec<_> = OURS.iter().map(|name| directory.0.join(name)).filter(|path| path.exists()).collect();
        if !remains.is_empty() && !mark.exists() {
            return Err(SandboxError::NotOurs { path: directory.0 });
        }
        for path in remains {
            fs::remove_dir_all(&path).map_err(|source| unwritten(&path, source))?;
        }
        write(&mark, "The git-access sandbox made this directory and empties it when it starts.\n")?;
        for name in OURS {
            create(&directory.0.join(name))?;
        }
        Ok(directory)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn request_log(&self) -> Result<RequestLog, SandboxError> {
        let path = self.0.join(LOG);
        let file = private().open(&path).map_err(|source| unwritten(&path, source))?;
        Ok(RequestLog::new(file))
    }

    /// One file for each token, and what the announcement says about it.
    pub(super) fn write_tokens(&self, world: &World) -> Result<Vec<Value>, SandboxError> {
        let mut accounts = Vec::new();
        for token in &world.tokens {
            let file = self.0.join("tokens").join(&*token.given.name);
            write(&file, &format!("{}\n", token.secret))?;
            let Some(account) = world.account(&token.given.account) else { continue };
            let mut entry = json!({"provider": world.provider, "username": &*account.login});
            if let Some(email) = &account.email {
                entry["email"] = json!(email);
            }
            entry["token_file"] = json!(file);
            entry["note"] = json!(format!("{} {}", account.note, token.given.note).trim());
            accounts.push(entry);
        }
        Ok(accounts)
    }

    pub(super) fn write_answers(
        &self,
        scenario: &Scenario,
        world: &World,
    ) -> Result<Vec<WrittenAnswers>, SandboxError> {
        let mut written = Vec::new();
        for answers in scenario.answers.iter().filter(|answers| *answers.provider == *world.provider) {
            let (platform, provider) = (answers.platform.to_string(), answers.provider.to_string());
            let file = self.0.join("answers").join(format!("{platform}-{provider}.toml"));
            write(&file, &render(answers, world))?;
            written.push(WrittenAnswers { platform, provider, file });
        }
        Ok(written)
    }
}

/// Written line by line, because people read it as an example: the order is that of the documentation.
fn render(answers: &SampleAnswers, world: &World) -> String {
    let text = |value: &str| Some(toml::Value::from(value));
    let given = |value: &Option<String>| value.as_deref().map(toml::Value::from);
    let root = [
        ("version", Some(1.into())),
        ("platform", text(&answers.platform)),
        ("provider", text(&answers.provider)),
        ("host", text(&world.host)),
        ("owner", text(&answers.owner)),
        ("project", given(&answers.project)),
        ("username", given(&answers.username)),
        ("email", given(&answers.email)),
    ];
    let minted = world.tokens.iter().find(|token| answers.tells_end && *token.given.name == *answers.token);
    let end = minted.and_then(|token| Some(toml::Value::Datetime(end_of(token)?)));
    let token = [("file", text(&format!("../tokens/{}", &*answers.token))), ("expires", end)];
    let repository = [
        ("name", given(&answers.repository)),
        ("create", answers.create.map(toml::Value::from)),
        ("visibility", given(&answers.visibility)),
        ("contents", given(&answers.contents)),
        ("branch", given(&answers.branch)),
    ];
    let key = answers.key.as_ref();
    let key = [
        ("generate", key.map(|key| format!("keys/{}", key.generate).into())),
        ("scope", key.and_then(|key| given(&key.scope))),
        ("read_only", key.and_then(|key| key.read_only).map(toml::Value::from)),
    ];
    let handover: Vec<_> = answers.handover.iter().map(|(key, value)| (key.as_str(), text(value))).collect();
    lines("", &root)
        + &lines("\n[token]\n", &token)
        + &lines("\n[repository]\n", &repository)
        + &lines("\n[ssh]\n", &key)
        + &lines("\n[handover]\n", &handover)
}

/// The end of a token, to the second.
fn end_of(token: &Token) -> Option<toml::value::Datetime> {
    token.expires?.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().parse().ok()
}

/// A table of what is given, or nothing at all.
fn lines(head: &str, entries: &[(&str, Option<toml::Value>)]) -> String {
    let lines: Vec<_> =
        entries.iter().filter_map(|(key, value)| Some(format!("{} = {}\n", quoted(key), value.as_ref()?))).collect();
    if lines.is_empty() { String::new() } else { format!("{head}{}", lines.concat()) }
}

fn quoted(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if bare { key.to_owned() } else { toml::Value::from(key).to_string() }
}

fn create(path: &Path) -> Result<(), SandboxError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(path).map_err(|source| unwritten(path, source))
}

pub(super) fn write(path: &Path, text: &str) -> Result<(), SandboxError> {
    let written = private().open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| unwritten(path, source))
}

/// How files are opened here: made new, readable by nobody else.
fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

fn unwritten(path: &Path, source: io::Error) -> SandboxError {
    SandboxError::Data { path: path.to_owned(), source }
}
