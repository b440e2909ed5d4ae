//! The program as its user runs it: own home, own XDG directories, an empty environment, loopback only.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A throw-away home.
pub struct Home {
    pub dir: tempfile::TempDir,
}

/// What a run gave back.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Home {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        // What we write has this mode: with another one, every command would tell so.
        #[cfg(unix)]
        if path == self.config() || name.starts_with("secrets/") {
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
        path
    }

    pub fn config(&self) -> PathBuf {
        self.path("config/git-access/config.toml")
    }

    pub fn config_text(&self) -> String {
        std::fs::read_to_string(self.config()).unwrap_or_default()
    }

    /// A command in this home, with nothing else in its environment.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.dir.path()).env("TMPDIR", self.tmp()).env("LANG", "C.UTF-8");
        command.env("XDG_CONFIG_HOME", self.path("config")).env("XDG_STATE_HOME", self.path("state"));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0");
        command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent").current_dir(self.dir.path());
        command.stdin(Stdio::null());
        command
    }

    fn tmp(&self) -> PathBuf {
        let tmp = self.path("tmp");
        std::fs::create_dir_all(&tmp).unwrap();
        tmp
    }

    pub fn program(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_git-access"))
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        finished(self.program().args(arguments))
    }
}

/// The end of a script that has started a keyring: it may say that it is there before the bus knows it.
pub const KEYRING_IS_KNOWN: &str = "\n n=0\n command -v dbus-send >/dev/null && while [ $n -lt 1000 ] && ! dbus-send --session --print-reply \\\n \
    --dest=org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets \\\n \
    2>/dev/null | grep -q true; do n=$((n+1)); done\n";

/// Runs a command to its end.
pub fn finished(command: &mut Command) -> Run {
    let Output { status, stdout, stderr } = command.output().unwrap();
    Run {
        code: status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

impl Run {
    /// The one JSON document on stdout.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.stdout, self.stderr))
    }

    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// The check of this id in the first connection of the report.
    pub fn check(&self, id: &str) -> serde_json::Value {
        let json = self.json();
        let checks = json["connections"][0]["checks"].as_array().cloned().unwrap_or_default();
        checks.into_iter().find(|check| check["id"] == id).unwrap_or(serde_json::Value::Null)
    }
}

/// Every file below `dir`, with its bytes.
pub fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_path_buf()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(path),
                Ok(kind) if kind.is_file() => found.push((path.clone(), std::fs::read(&path).unwrap_or_default())),
                _ => {}
            }
        }
    }
    found
}

/// The sandbox, run as a program of its own until it is dropped.
pub struct Served {
    child: std::process::Child,
    pub announcement: serde_json::Value,
    pub data: PathBuf,
}

impl Served {
    pub fn start(home: &Home, scenario: &str) -> Self {
        use std::io::BufRead as _;
        let data = home.path(&format!("sandbox-{}", scenario.rsplit('/').next().unwrap_or(scenario)));
        let mut command = home.program();
        command.args(["sandbox", scenario, "--data"]).arg(&data).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { announcement: serde_json::from_str(&line).unwrap(), child, data }
    }

    pub fn host(&self) -> String {
        self.host_of("github")
    }

    pub fn host_of(&self, provider: &str) -> String {
        self.announcement["providers"][provider]["host"].as_str().unwrap().to_owned()
    }

    pub fn token_file(&self, name: &str) -> PathBuf {
        self.data.join("tokens").join(name)
    }

    pub fn token(&self, name: &str) -> String {
        std::fs::read_to_string(self.token_file(name)).unwrap().trim().to_owned()
    }

    /// Answers for a platform, with a token of the scenario and a file store in `home`.
    pub fn answers(&self, home: &Home, platform: &str, token: &str, more: &str) -> PathBuf {
        self.answers_for(home, platform, ("github", "acme"), token, more)
    }

    pub fn answers_on(&self, home: &Home, provider: &str, platform: &str, token: &str, more: &str) -> PathBuf {
        self.answers_for(home, platform, (provider, "acme"), token, more)
    }

    /// The same for a provider and an owner.
    pub fn answers_for(&self, home: &Home, platform: &str, at: (&str, &str), token: &str, more: &str) -> PathBuf {
        let (provider, owner) = at;
        let text = format!(
            "version = 1\nplatform = \"{platform}\"\nprovider = \"{provider}\"\nhost = \"{}\"\nowner = \"{owner}\"\n\
             {more}\n[token]\nfile = \"{}\"\n[store]\nkind = \"file\"\npath = \"{}\"\n",
            self.host_of(provider),
            self.token_file(token).display(),
            home.path(&format!("secret-{platform}-{token}")).display(),
        );
        // Tables come after keys: what `more` brings as a table stands where it is valid.
        home.write(&format!("answers-{platform}-{token}.toml"), &text)
    }

    pub fn requests(&self) -> Vec<serde_json::Value> {
        let log = std::fs::read_to_string(self.data.join("requests.log")).unwrap_or_default();
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
