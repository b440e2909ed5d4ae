//! The git program, run on the bare repositories of a world.
//!
//! It runs with an environment of its own: no configuration of the machine or of the user, and no variable but those
//! named here, can change what the sandbox does.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::SandboxError;

#[derive(Clone)]
pub(super) struct Git {
    home: PathBuf,
}

pub(super) struct Commit {
    pub id: String,
    pub author: String,
    pub email: String,
    pub date: String,
    pub subject: String,
}

impl Git {
    /// Makes sure that git is there. `home` is what it takes for the home directory.
    pub(super) async fn found(home: &Path) -> Result<Self, SandboxError> {
        let git = Self { home: home.to_owned() };
        git.run("tell its version", git.command().arg("version"), b"").await?;
        Ok(git)
    }

    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    pub(super) fn command(&self) -> Command {
        let mut command = Command::new("git");
        command.env_clear().current_dir(&self.home).kill_on_drop(true);
        // Windows starts no program without SYSTEMROOT.
        for name in ["PATH", "SYSTEMROOT"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("HOME", &self.home).env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("GIT_CONFIG_GLOBAL", if cfg!(windows) { "NUL" } else { "/dev/null" });
        command
    }

    /// A new, empty, bare repository. No template: its hooks would be programs that nobody asked for.
    pub(super) async fn create(&self, path: &Path, branch: &str) -> Result<(), SandboxError> {
        let mut command = self.command();
        command.args(["init", "--quiet", "--bare", "--template=", "--initial-branch", branch, "--"]).arg(path);
        self.run("make a repository", &mut command, b"").await?;
        Ok(())
    }

    /// Gives a branch so many commits. The same call makes the same commits.
    pub(super) async fn fill(&self, path: &Path, branch: &str, title: &str, commits: u32) -> Result<(), SandboxError> {
        const FIRST_SECOND: u64 = 1_767_225_600;
        let mut stream = String::new();
        for number in 1..=commits {
            let message = if number == 1 { "Initial commit".to_owned() } else { format!("Change number {number}") };
            let readme = format!("# {title}\n\nRevision {number}.\n");
            let when = FIRST_SECOND + 60 * u64::from(number);
            // Writing to a string does not fail.
            let _ = write!(
                stream,
                "commit refs/heads/{branch}\ncommitter Sandbox <sandbox@example.invalid> {when} +0000\n\
                 data {}\n{message}\nM 100644 inline README.md\ndata {}\n{readme}\n",
                message.len(),
                readme.len()
            );
        }
        let mut command = self.command();
        command.arg("--git-dir").arg(path).args(["fast-import", "--quiet"]);
        self.run("fill a repository", &mut command, stream.as_bytes()).await?;
        Ok(())
    }

    /// The branches with their tips.
    pub(super) async fn branches(&self, path: &Path) -> Result<Vec<(String, String)>, SandboxError> {
        let mut command = self.command();
        command.arg("--git-dir").arg(path);
        command.args(["for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads"]);
        let lines = self.run("list branches", &mut command, b"").await?;
        Ok(lines.lines().filter_map(|line| line.split_once(' ')).map(|(id, name)| (name.into(), id.into())).collect())
    }

    /// The newest commits of a branch that exists.
    pub(super) async fn commits(&self, path: &Path, branch: &str, most: usize) -> Result<Vec<Commit>, SandboxError> {
        let mut command = self.command();
        command.arg("--git-dir").arg(path).args(["log", "--format=%H%x00%an%x00%ae%x00%aI%x00%s"]);
        command.arg(format!("--max-count={most}")).arg(format!("refs/heads/{branch}"));
        let lines = self.run("list commits", &mut command, b"").await?;
        let commit = |line: &str| {
            let mut parts = line.split('\0').map(str::to_owned);
            Some(Commit {
                id: parts.next()?,
                author: parts.next()?,
                email: parts.next()?,
                date: parts.next()?,
                subject: parts.next()?,
            })
        };
        Ok(lines.lines().filter_map(commit).collect())
    }

    async fn run(&self, doing: &'static str, command: &mut Command, input: &[u8]) -> Result<String, SandboxError> {
        let failed = |message: String| SandboxError::Git { doing, message };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => SandboxError::GitMissing,
            _ => failed(error.to_string()),
        })?;
        if let Some(mut stdin) = child.stdin.take() {
            // A git that ends early says why on stderr; the broken pipe says less.
            let _ = stdin.write_all(input).await;
        }
        let output = child.wait_with_output().await.map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
