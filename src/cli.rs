//! The command line: one definition, from which help, completions and the man page come. One file per subcommand.

mod check;
mod connections;
mod credential;
mod doctor;
mod export;
mod generated;
mod guarded;
mod manage;
mod out;
mod platforms;
mod refusal;
mod run;
mod sandbox;
mod setup;
mod setup_git;
mod standing;
mod table;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

pub use self::out::Out;
pub use self::platforms::{load_platforms, platforms_and_broken};
pub use self::refusal::Refusal;
use crate::disk::Paths;
use crate::provider::Provider;
use crate::secret::{NotASecret, Secret};
use crate::wizard::Rotating;

/// How a run ended: the exit codes that are promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    Done = 0,
    /// A check failed and was not accepted.
    Refused = 1,
    /// Command line, answers, or a pair that does not go together.
    Usage = 2,
    /// Nobody of the real API answered.
    Unanswered = 3,
    /// A secret, a store or the config could not be read or written.
    Storage = 4,
    Cancelled = 130,
    /// Somebody asked the process to end (SIGTERM).
    Terminated = 143,
}

impl Ending {
    /// Whether somebody ended it before its time.
    pub fn is_cancelled(self) -> bool {
        matches!(self, Self::Cancelled | Self::Terminated)
    }
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(ending as u8)
    }
}

/// Give a deployment platform access to a Git forge, and prove that it works.
#[derive(Parser, Debug)]
#[command(name = "git-access", version, about, max_term_width = 100, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(flatten)]
    pub setup: SetupFlags,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Args, Clone, Debug)]
pub struct Common {
    /// The config file
    #[arg(long, value_name = "FILE", global = true, env = "GIT_ACCESS_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// How reports are written
    #[arg(long, value_enum, default_value_t, global = true)]
    pub format: Format,
    /// When to use colour
    #[arg(long, value_enum, default_value_t, global = true)]
    pub color: Color,
    /// Write a log of all requests, without secrets
    #[arg(long, value_name = "FILE", global = true)]
    pub log: Option<PathBuf>,
    /// Say more about what was asked
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Text,
    Json,
    /// Metrics in text form, for `check` and whoever collects them
    Openmetrics,
}

#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Set up a connection, or edit NAME
    Setup {
        /// The connection to edit, or the name of the new one
        name: Option<String>,
        #[command(flatten)]
        flags: Box<SetupFlags>,
    },
    /// Replace the token of a connection: the new one is proven before the old one is let go
    Rotate {
        name: String,
        #[command(flatten)]
        flags: Box<SetupFlags>,
        #[command(flatten)]
        how: RotateFlags,
    },
    /// Run every check of the saved connections again; nothing is changed
    Check(CheckFlags),
    /// List the connections
    List,
    /// Show one connection
    Show { name: String },
    /// Make a connection the active one
    Use { name: String },
    /// Rename a connection
    Rename { name: String, new: String },
    /// Remove a connection and its stored secret; the forge is not touched
    Remove {
        name: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Write a connection in the form that its consumer wants, ready to apply
    Export(ExportFlags),
    /// Speak git's credential helper protocol
    Credential {
        #[arg(value_enum)]
        action: CredentialAction,
        /// With password: the address of the host
        address: Option<String>,
    },
    /// Let git use the saved connections
    SetupGit {
        /// Take it back
        #[arg(long)]
        undo: bool,
    },
    /// Show what the platforms need, and where to enter it
    Platforms {
        platform: Option<String>,
        /// Only this provider
        #[arg(long, value_name = "PROVIDER")]
        provider: Option<String>,
    },
    /// Show what is in effect here: git, stores, proxy, certificates, files
    Doctor,
    /// Serve imitated forges on this computer until interrupted
    Sandbox(SandboxFlags),
    /// Print the JSON schema of a file
    Schema {
        #[arg(value_enum)]
        of: SchemaOf,
    },
    /// Print the completions for a shell
    Completions { shell: clap_complete::Shell },
    /// Print the man page
    Man,
}

/// Flags of setup. Without a subcommand, `--answers` and `--sandbox` mean setup as well.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct SetupFlags {
    /// Answer from a file; - is standard input; may be given several times
    #[arg(long, value_name = "FILE")]
    pub answers: Vec<PathBuf>,
    /// Read only; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Ask line by line, with numbered prompts and without any control sequence
    #[arg(long)]
    pub plain: bool,
    /// Use the embedded sandbox, with a scenario or a scenario file
    #[arg(long, value_name = "SCENARIO|FILE", num_args = 0..=1, require_equals = true, default_missing_value = "ready")]
    pub sandbox: Option<String>,
    /// Write the answers to a file, never a secret
    #[arg(long, value_name = "FILE")]
    pub save_answers: Option<PathBuf>,
    /// Save although checks failed, and record which
    #[arg(long)]
    pub accept_failures: bool,
    /// Make no request that is meant to be refused
    #[arg(long)]
    pub no_probes: bool,
    /// Who will use the access
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<String>,
    /// The kind of forge
    #[arg(long, value_name = "PROVIDER")]
    pub provider: Option<String>,
    /// The address of the forge
    #[arg(long)]
    pub host: Option<String>,
    /// The organisation, user, group or workspace
    #[arg(long)]
    pub owner: Option<String>,
    /// The project, where the provider has projects
    #[arg(long)]
    pub project: Option<String>,
    /// The repository: its name, or any address of it, which answers host and owner as well
    #[arg(long)]
    pub repository: Option<String>,
    /// The account
    #[arg(long)]
    pub username: Option<String>,
    /// How a rotation is done: its flags stand with rotate.
    #[arg(skip)]
    pub rotating: Rotating,
}

/// What rotate takes beyond the flags of setup.
#[derive(Args, Clone, Debug)]
pub struct RotateFlags {
    /// Let the provider make the new token (GitLab): the old one ends in the same moment
    #[arg(long, requires = "expires", conflicts_with_all = ["answers", "revoke_old"])]
    pub at_provider: bool,
    /// When the token that the provider makes shall end: 2027-02-01
    #[arg(long, value_name = "DATE", requires = "at_provider")]
    pub expires: Option<String>,
    /// Revoke the old token at the provider, or remove the old key, once the new one is saved and proven
    #[arg(long)]
    pub revoke_old: bool,
    /// Ask with the old token in the end: the report says whether the forge refuses it. Without --answers, a person is
    /// given the time to revoke it
    #[arg(long)]
    pub prove_dead: bool,
}

#[derive(Args, Clone, Debug)]
pub struct CheckFlags {
    /// The connections; all if none is named
    pub names: Vec<String>,
    /// Warnings and open questions count as failures; a scope that no API tells stays open with every check, such as the
    /// one with which Devtron creates repositories on Azure DevOps
    #[arg(long)]
    pub strict: bool,
    /// Fail if a token ends within this time: 14d, 36h, 2w
    #[arg(long, value_name = "TIME")]
    pub fail_within: Option<String>,
    /// Ask nobody: judge only what is known of when the tokens end
    #[arg(long)]
    pub offline: bool,
    /// Make no request that is meant to be refused
    #[arg(long)]
    pub no_probes: bool,
}

#[derive(Args, Clone, Debug)]
pub struct ExportFlags {
    /// The connection
    pub name: String,
    /// Who is to be given the access: flux, argocd, argocd-creds, keptn, devtron, qovery, git, netrc, env,
    /// github-actions, gitlab-ci, or ics for reminders
    #[arg(long = "for", value_name = "FORMAT")]
    pub consumer: String,
    /// A parameter of the format: key=value; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Put the secret in; only into --output FILE or a pipe
    #[arg(long)]
    pub with_secret: bool,
    /// Write to a file that only you can read (0600); `-` is stdout
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Args, Clone, Debug)]
pub struct SandboxFlags {
    /// A scenario by its name, or a file
    #[arg(default_value = "ready")]
    pub scenario: String,
    /// The first port to listen on
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// Where its repositories, tokens and sample answers go
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// List the scenarios
    #[arg(long)]
    pub list: bool,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialAction {
    Get,
    Store,
    Erase,
    /// Print what git's own helpers keep for ADDRESS, as one line: for the command of a token
    Password,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaOf {
    Config,
    Answers,
}

/// Runs the program with these arguments.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Ending {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, &arguments),
    };
    let mut out = Out::new(cli.common.format, cli.common.color);
    let paths = match Paths::find(cli.common.config.as_deref()) {
        Ok(paths) => paths,
        Err(fault) => return out.disk_fault(&fault),
    };
    out.config = Some(paths.config.clone());
    let ending = match guarded::look(&cli, &paths) {
        Ok(()) => dispatch(cli, &out, &paths),
        Err(refusal) => out.refused(&refusal),
    };
    out.ending(ending)
}

fn dispatch(cli: Cli, out: &Out, paths: &Paths) -> Ending {
    let stray = cli.setup != SetupFlags::default();
    match cli.command {
        None if !cli.setup.answers.is_empty() || cli.setup.sandbox.is_some() => {
            setup::setup(None, &cli.setup, &cli.common, out, paths)
        }
        None if stray => out.usage("The flags of setup stand after the word setup."),
        None => bare(&cli.common, out, paths),
        Some(command) if out.format == Format::Openmetrics && !matches!(command, Command::Check(_)) => {
            out.failure("The format openmetrics is there for check alone.", "");
            Ending::Usage
        }
        Some(_) if stray => out.usage("The flags of setup stand after the word setup."),
        Some(Command::Setup { name, flags }) => setup::setup(name.as_deref(), &flags, &cli.common, out, paths),
        Some(Command::Rotate { name, flags, how }) => match setup::how(&how) {
            Ok(rotating) => {
                let flags = SetupFlags { rotating, ..*flags };
                setup::rotate(&name, &flags, &cli.common, out, paths)
            }
            Err(refusal) => out.refused(&refusal),
        },
        Some(Command::Check(flags)) => check::check(&flags, &cli.common, out, paths),
        Some(Command::Sandbox(flags)) => sandbox::sandbox(&flags, &cli.common, out),
        Some(Command::List) => manage::list(out, paths).unwrap_or_else(|refusal| out.refused(&refusal)),
        Some(Command::Show { name }) => out.ended(manage::show(out, paths, &name)),
        Some(Command::Use { name }) => out.ended(manage::activate(out, paths, &name)),
        Some(Command::Rename { name, new }) => out.ended(manage::rename(out, paths, &name, &new)),
        Some(Command::Remove { name, yes }) => {
            manage::remove(out, paths, &name, yes).unwrap_or_else(|refusal| out.refused(&refusal))
        }
        Some(Command::Export(flags)) => out.ended(export::export(out, paths, &flags)),
        Some(Command::Credential { action, address }) => {
            out.ended(credential::credential(out, paths, action, address.as_deref()))
        }
        Some(Command::SetupGit { undo: true }) => out.ended(setup_git::undo(out, paths)),
        Some(Command::SetupGit { undo: false }) => {
            out.ended(setup_git::set_up(out, paths, cli.common.config.is_some()))
        }
        Some(Command::Platforms { platform, provider }) => {
            out.ended(platforms::platforms(out, paths, platform.as_deref(), provider.as_deref()))
        }
        Some(Command::Doctor) => out.ended(doctor::doctor(out, paths)),
        Some(Command::Schema { of }) => generated::schema(out, of),
        Some(Command::Completions { shell }) => generated::completions(out, shell),
        Some(Command::Man) => out.ended(generated::man(out)),
    }
}

/// Waits for what is asynchronous below a command that is not. What hangs afterwards is not waited for.
fn wait<T>(job: impl Future<Output = T>) -> Result<T, Refusal> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Refusal::storage(format!("The operating system refused what is needed to wait: {error}."), "Run this again.")
    })?;
    let done = runtime.block_on(job);
    runtime.shutdown_background();
    Ok(done)
}

/// No command: on a terminal the connections, or the wizard where there is none; else help.
fn bare(common: &Common, out: &Out, paths: &Paths) -> Ending {
    use std::io::IsTerminal as _;

    let canvas = crate::tui::Canvas::find();
    if canvas.is_none() && !std::io::stdin().is_terminal() {
        return nothing_asked(out);
    }
    match manage::config(paths) {
        Ok(config) if config.connections().is_empty() && config.problems().is_empty() => {
            setup::setup(None, &SetupFlags::default(), common, out, paths)
        }
        Ok(_) => match canvas {
            Some(canvas) => setup::list(canvas, common, out, paths),
            None => manage::list(out, paths).unwrap_or_else(|refusal| out.refused(&refusal)),
        },
        Err(refusal) => out.refused(&refusal),
    }
}

/// Help, where nothing says what to do.
fn nothing_asked(out: &Out) -> Ending {
    out.say(&definition().render_help().to_string());
    out.usage("There is no terminal to show the connections on, and no command was given.")
}

/// Help and version go to stdout; a mistake goes to stderr, without any word that could be a secret.
fn usage(error: &clap::Error, arguments: &[OsString]) -> Ending {
    if !error.use_stderr() {
        let out = Out::new(Format::Text, Color::Auto);
        out.wrote(error.print().and_then(|()| std::io::stdout().flush()));
        return out.ending(Ending::Done);
    }
    let mut text = error.render().to_string();
    for word in arguments.iter().skip(1).filter_map(|word| word.to_str()) {
        let value = word.split_once('=').map_or(word, |(_, value)| value);
        if could_be_secret(value) {
            text = text.replace(value, "***");
        }
    }
    let json = arguments.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
        || arguments.iter().any(|word| word == "--format=json");
    let out = Out::new(if json { Format::Json } else { Format::Text }, Color::Auto);
    if json {
        return out.usage(text.lines().next().unwrap_or_default().trim_start_matches("error: "));
    }
    // Not eprint: nobody may be there to read, and that is no reason to break down.
    let _ = std::io::stderr().write_all(text.as_bytes());
    Ending::Usage
}

fn could_be_secret(word: &str) -> bool {
    match Secret::parse(word) {
        Ok(secret) => {
            word.len() >= 20
                || Provider::ALL.iter().any(|one| one.rules().recognise(&secret) != crate::fact::Recognised::Untold)
        }
        Err(NotASecret::TooLong) => true,
        Err(_) => false,
    }
}

/// The definition, for completions and the man page.
pub fn definition() -> clap::Command {
    Cli::command()
}
