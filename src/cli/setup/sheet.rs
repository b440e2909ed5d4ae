//! An answers file on its way to a job: read, laid between the command line and what is known beneath it, and set
//! against the connection that it edits.

use std::path::{Path, PathBuf};

use super::files;
use crate::answers::file::{self, Circumstances, Reading, Whole};
use crate::answers::{Answer, Answers, Field, folder_of};
use crate::cli::{Ending, Refusal, manage};
use crate::config::{Config, Connection};
use crate::disk::{self, Paths};
use crate::headless;
use crate::platform::Platform;
use crate::provider::Host;
use crate::report::Located;
use crate::secret::Store;
use crate::wizard::{Rotating, answers_of, edited};

/// What standard input is called in messages.
const STDIN: &str = "standard input";

/// An answers file, before it is read.
pub struct Sheet {
    /// What it is called in messages.
    label: String,
    text: String,
    /// Where its relative paths start; absolute.
    folder: PathBuf,
    from_stdin: bool,
}

/// What one answers file asks for.
pub struct Job {
    pub answers: Answers,
    /// What was filled in from addresses, in sentences.
    pub notes: Vec<String>,
    pub held: Option<Box<Connection>>,
    /// What is amiss with the token's source; the checks tell what comes of it.
    pub problems: Vec<Located>,
}

impl Sheet {
    /// The sheet at `path`, or on standard input for `-`.
    pub async fn read(path: &Path) -> Result<Self, Refusal> {
        let is_stdin = path == Path::new("-") || path == Path::new("/dev/stdin");
        if !is_stdin && !disk::is_stream(path) {
            return Self::of_file(path);
        }
        let label = if is_stdin { STDIN.to_owned() } else { path.display().to_string() };
        let named = PathBuf::from(if is_stdin { "Standard input" } else { &label });
        // On a thread of its own: Ctrl-C is heard while nobody types.
        let read = tokio::task::spawn_blocking(move || {
            if is_stdin { disk::read_stream(std::io::stdin().lock(), &named) } else { disk::read_stream_at(&named) }
        });
        let fault = match read.await {
            Ok(Ok(text)) => {
                let folder = absolute(Path::new("."));
                return Ok(Self { label, text: text.to_string(), folder, from_stdin: is_stdin });
            }
            Ok(Err(fault)) => fault,
            Err(_) => return Err(Refusal::storage(format!("{label} could not be read."), "Run this again.")),
        };
        let refusal = Refusal { ending: Ending::Usage, ..Refusal::from(fault.clone()) };
        Err(refusal.in_file(Path::new(&label), fault.place))
    }

    /// A sheet that answers nothing.
    pub fn blank() -> Self {
        Self { label: String::new(), text: "version = 1\n".into(), folder: absolute(Path::new(".")), from_stdin: false }
    }

    /// A sheet that answers with a token alone.
    pub fn with_token(path: &Path) -> Self {
        let path = toml::Value::String(path.display().to_string());
        Self { text: format!("version = 1\n[token]\nfile = {path}\n"), ..Self::blank() }
    }

    fn of_file(path: &Path) -> Result<Self, Refusal> {
        match disk::read(path) {
            Ok(Some(text)) => Ok(Self {
                label: path.display().to_string(),
                text: text.to_string(),
                folder: absolute(&folder_of(path)),
                from_stdin: false,
            }),
            Ok(None) => {
                let refusal = Refusal::usage(format!("There is no answers file {}", path.display()), "");
                Err(refusal.in_file(path, None))
            }
            Err(fault) => Err(Refusal { ending: Ending::Usage, ..Refusal::from(fault) }),
        }
    }

    fn located(&self, problem: &file::Located) -> Located {
        Located {
            // What has no place in it is about the command line.
            file: problem.place.map(|_| self.label.clone()),
            place: problem.place,
            key: problem.key.clone(),
            message: problem.message.clone(),
        }
    }
}

fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf())
}

/// What lies around a sheet when it is read.
pub struct Desk<'a> {
    /// The command line.
    pub above: &'a Answers,
    pub platforms: &'a [Platform],
    pub paths: &'a Paths,
    /// The sandbox's host for a provider, where this run has a sandbox: it replaces whatever the answers name.
    pub host: &'a dyn Fn(&str) -> Option<String>,
    /// The sandbox's sample for a pair: what is answered where nobody else does.
    pub sample: &'a dyn Fn(&Answers) -> Option<PathBuf>,
    /// The connection that the command line names.
    pub name: Option<&'a str>,
    /// Only the token changes, and where it rests.
    pub rotates: Option<Rotating>,
}

/// How a job came to nothing. Done: what it is for has been done before.
pub type Stopped = (Ending, Vec<Located>);

impl Desk<'_> {
    pub fn job(&self, sheet: &Sheet) -> Result<Job, Stopped> {
        let stored = |refusal: Refusal| (refusal.ending, refusal.all_located());
        let config = manage::config(self.paths).map_err(stored)?;
        let reading = self.read(sheet, &config);
        let (whole, held, notes) = self.whole(sheet, &reading.answers, &config);
        let mut problems = reading.problems.clone();
        problems.extend(self.afterthoughts(&whole.answers, held, &config, &reading));
        if let (Some(held), Some(how)) = (held, self.rotates) {
            problems.extend(self.beyond_the_token(held, &reading));
            let is_amiss = !problems.is_empty();
            problems.extend(self.missing_in_a_rotation(held, &whole.answers, how, &reading));
            if !is_amiss && names_the_key_in_use(held, &whole.answers, &reading) {
                return Err((Ending::Done, Vec::new()));
            }
        }
        let mut ending = if problems.is_empty() { Ending::Done } else { Ending::Usage };
        let (sources, amiss): (Vec<_>, Vec<_>) =
            files::amiss(&whole.answers, &reading).into_iter().partition(|amiss| amiss.is_source);
        for amiss in amiss {
            ending = headless::worst([ending, amiss.ending]);
            problems.push(amiss.problem);
        }
        let stops = !problems.is_empty();
        // Whether a variable is set is a matter of the run, and none of whoever looks over the answers.
        problems.extend(sources.into_iter().filter(|_| !stops).map(|amiss| amiss.problem));
        problems.sort_by_key(|problem| (problem.place.is_none(), problem.place));
        let problems: Vec<_> = problems.iter().map(|problem| sheet.located(problem)).collect();
        if stops {
            return Err((ending, problems));
        }
        let name = whole.answers.name().unwrap_or_default();
        if held.is_none() && config.has(&name) {
            // It stands in the config and cannot be read there: nothing may be changed before that is mended.
            let problem = config.problems().iter().find(|problem| problem.connection.as_deref() == Some(&name));
            let refusal = problem.map_or_else(
                || Refusal::storage(format!("The connection {name} in the config cannot be read."), "Mend it first."),
                |problem| manage::of_config(self.paths, problem.clone()),
            );
            return Err(stored(refusal));
        }
        Ok(Job { answers: whole.answers, notes, held: held.map(|held| Box::new(held.clone())), problems })
    }

    fn read(&self, sheet: &Sheet, config: &Config) -> Reading {
        let platform = |id: &str| self.platforms.iter().find(|platform| platform.id == id).cloned();
        let whole = |own: &Answers| self.whole(sheet, own, config).0;
        let from_stdin = sheet.from_stdin;
        file::read(&sheet.text, &Circumstances { from_stdin, above: self.above, whole: &whole, platform: &platform })
    }

    /// All answers together, the connection that they edit, and what was filled in from addresses.
    fn whole<'c>(
        &self,
        sheet: &Sheet,
        own: &Answers,
        config: &'c Config,
    ) -> (Whole, Option<&'c Connection>, Vec<String>) {
        let mut own = own.clone();
        own.start_paths_at(&sheet.folder);
        let mut chosen = own;
        chosen.overlay(self.above);
        if crate::provider::Provider::ALL.iter().any(|one| (self.host)(one.id()).is_some()) {
            // The sandbox's host replaces it: an address need not agree with it.
            chosen.clear(&Field::Host);
        }
        let mut notes = chosen.take_addresses();
        let mut answers = self.beneath(&chosen);
        answers.overlay(&chosen);
        if let Some(host) =
            answers.provider().and_then(|one| (self.host)(one.id())).and_then(|host| Host::parse(&host).ok())
        {
            let mut forced = Answers::default();
            forced.set(Field::Host, Answer::Host(host));
            answers.clear(&Field::ApiUrl);
            answers.overlay(&forced);
        }
        let name = self.name.map(str::to_owned).or_else(|| answers.name());
        match name.and_then(|name| config.connection(&name)) {
            None => (Whole { answers, has_token: false, rotates: self.rotates.is_some() }, None, notes),
            Some(held) => {
                let has_token = held.token.is_some() && answers.source().is_none();
                let mut answers = edited(held, &answers);
                if self.rotates.is_some() {
                    keep_the_reach(held, &mut answers);
                }
                // What the connection keeps may say whose address it is.
                notes.extend(answers.take_addresses());
                (Whole { answers, has_token, rotates: self.rotates.is_some() }, Some(held), notes)
            }
        }
    }

    /// What the scenario answers by itself, for the pair that was chosen.
    fn beneath(&self, chosen: &Answers) -> Answers {
        let Some(sample) = (self.sample)(chosen).and_then(|path| Sheet::of_file(&path).ok()) else {
            return Answers::default();
        };
        let none = Answers::default();
        let whole = |_: &Answers| Whole::default();
        let circumstances = Circumstances { from_stdin: false, above: &none, whole: &whole, platform: &|_| None };
        let mut answers = file::read(&sample.text, &circumstances).answers;
        answers.start_paths_at(&sample.folder);
        answers
    }
}

/// Whether the answers are about the access that is saved: the same platform, provider, host and owner.
fn is_same_access(held: &Connection, answers: &Answers) -> bool {
    let saved = answers_of(held);
    let same_owner = match (saved.owner(), answers.owner()) {
        (Some(left), Some(right)) => {
            let by_id = held.owner_id.as_ref() == Some(&right.owner);
            (by_id || left.owner.eq_ignore_ascii_case(&right.owner)) && left.project == right.project
        }
        (left, right) => left == right,
    };
    let place = |answers: &Answers| answers.site().map(|site| (site.provider, site.host.clone(), site.api.clone()));
    saved.platform() == answers.platform() && place(&saved) == place(answers) && same_owner
}

/// Another key opens what the one before it opened.
fn keep_the_reach(held: &Connection, answers: &mut Answers) {
    let saved = answers_of(held);
    for field in [Field::SshScope, Field::SshReadOnly] {
        let before = saved.iter().find(|(one, _)| **one == field).map(|(_, answer)| answer.clone());
        if let Some(before) = before.filter(|_| !answers.has(&field)) {
            answers.set(field, before);
        }
    }
}

/// Whether the answers name a key, and the connection signs in with it already.
fn names_the_key_in_use(held: &Connection, whole: &Answers, reading: &Reading) -> bool {
    let is_given = [Field::SshPublicKey, Field::SshGenerate].iter().any(|half| reading.answers.has(half));
    let kept = held.ssh.as_ref().map(|ssh| &ssh.public_key);
    held.token.is_none() && is_given && whole.key_files().as_ref().map(|files| &files.public) == kept
}

impl Desk<'_> {
    /// What a rotation cannot do without: the new token, or the new key.
    fn missing_in_a_rotation(
        &self,
        held: &Connection,
        whole: &Answers,
        how: Rotating,
        reading: &Reading,
    ) -> Option<file::Located> {
        if held.token.is_none() {
            let same =
                whole.key_files().map(|files| files.public) == held.ssh.as_ref().map(|ssh| ssh.public_key.clone());
            let is_missing =
                same && ![Field::SshPublicKey, Field::SshGenerate].iter().any(|half| reading.is_unread(half));
            let message =
                "`[ssh]` with another key is missing: rotate needs `generate`, or `public_key` and `private_key`";
            return is_missing.then(|| reading.locate(&Field::SshPublicKey, self.above, message));
        }
        let is_meant = Field::TOKEN_SOURCES.iter().any(|source| reading.is_unread(source));
        let is_missing = whole.source().is_none() && how.at_provider.is_none() && !is_meant;
        let message = "`[token]` is missing: rotate needs to know where the new token comes from";
        is_missing.then(|| reading.locate(&Field::TokenEnv, self.above, message))
    }

    /// What a rotation may not answer: anything but the token and its resting place, unless it is as it was saved. Of a
    /// connection that signs in with a key, anything but the key, and the token that registers it.
    fn beyond_the_token(&self, held: &Connection, reading: &Reading) -> Vec<file::Located> {
        let saved = answers_of(held);
        let mut problems = Vec::new();
        let of_the_key = |field: &Field| {
            held.token.is_none()
                && field.is_of_ssh()
                && !matches!(field, Field::SshScope | Field::SshReadOnly | Field::SshUrl)
        };
        for (field, _) in reading.answers.iter().chain(self.above.iter()) {
            let may = field.is_of_token() || of_the_key(field) || field.key().starts_with("store.");
            let given = reading.answers.shown(field).or_else(|| self.above.shown(field));
            if !may && saved.shown(field) != given {
                let is_place = matches!(
                    field,
                    Field::Platform | Field::Provider | Field::Host | Field::ApiUrl | Field::Owner | Field::Project
                );
                // What a connection is about never changes: that is another one.
                let instead = if is_place {
                    "set up another connection with git-access setup".to_owned()
                } else {
                    format!("change it with git-access setup {}", held.name)
                };
                let message = format!(
                    "rotate changes the token alone, and {} was saved otherwise: leave it out, or {instead}",
                    field.key()
                );
                problems.push(reading.locate(field, self.above, message));
            }
        }
        problems
    }

    /// What only shows beside the saved connections.
    fn afterthoughts(
        &self,
        answers: &Answers,
        held: Option<&Connection>,
        config: &Config,
        reading: &Reading,
    ) -> Vec<file::Located> {
        let mut problems = Vec::new();
        // In a rotation each answer that differs is told by itself, and another name would be no way out.
        if let Some(held) = held.filter(|held| self.rotates.is_none() && !is_same_access(held, answers)) {
            let message = format!(
                "{} is saved for another platform, provider, host or owner: choose another `name`, or leave these as \
                 they are",
                held.name
            );
            problems.push(reading.locate(&Field::Name, self.above, message));
        }
        let store = answers.store();
        let taken = config.connections().iter().find(|other| {
            let its = other.token.as_ref().map(|token| &token.store);
            matches!(store, Store::File(_)) && its == Some(&store) && held.is_none_or(|held| held.id != other.id)
        });
        if let Some(other) = taken {
            let message = format!("the connection {} keeps its token in this file: name another path", other.name);
            problems.push(reading.locate(&Field::StorePath, self.above, message));
        }
        problems
    }
}
