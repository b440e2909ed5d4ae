//! A served world and a home with one connection in it, for every test of a rotation.

use std::path::{Path, PathBuf};

use crate::program::{Home, Run, Served, files, finished};

/// Some providers, and the name of the token that the connections here begin with.
pub const PROVIDERS: [(&str, &str); 3] = [("github", "keptn"), ("gitlab", "gitlab-keptn"), ("gitea", "gitea-keptn")];

/// An end that a token may be given, whenever this runs.
pub fn ends() -> String {
    let now = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_hours(24 * 160)).unwrap();
    now.strftime("%Y-%m-%d").to_string()
}

/// A world with twins: other tokens with the rights of the first, of the same account and of another one.
fn world_with_twins(home: &Home, more: &str) -> PathBuf {
    let ready = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sandbox/ready.toml");
    let ready = std::fs::read_to_string(ready).unwrap();
    let members = "{ login = \"octocat\", role = \"admin\" },";
    let with_robot = |part: &str| {
        let provider = part.split_once("provider = \"").map_or("", |(_, rest)| rest);
        let twinned = ["github\"", "gitlab\"", "gitea\""].iter().any(|one| provider.starts_with(one));
        if twinned {
            part.replacen(members, &format!("{members} {{ login = \"robot\", role = \"admin\" }},"), 1)
        } else {
            part.to_owned()
        }
    };
    let mut text = ready.split("[[organisations]]").map(with_robot).collect::<Vec<_>>().join("[[organisations]]");
    assert_ne!(text, ready, "the members of acme are written in another way");
    for (provider, kind, scopes) in [
        ("github", "classic", r#"["repo", "read:org"]"#),
        ("gitlab", "personal", r#"["api", "write_repository"]"#),
        ("gitea", "pat", r#"["write:repository", "write:organization", "read:user"]"#),
    ] {
        let expires = if provider == "gitea" { "" } else { "expires_in_days = 200\n" };
        text += &format!("\n[[accounts]]\nprovider = \"{provider}\"\nlogin = \"robot\"\n");
        for (name, account) in [("twin", "octocat"), ("third", "octocat"), ("robot", "robot")] {
            text += &format!(
                "\n[[tokens]]\nprovider = \"{provider}\"\nname = \"{provider}-{name}\"\naccount = \"{account}\"\n\
                 kind = \"{kind}\"\nscopes = {scopes}\n{expires}"
            );
        }
    }
    text += "\n[[tokens]]\nprovider = \"gitlab\"\nname = \"gitlab-robot-project\"\naccount = \"project_1_bot_9d1f\"\n\
             kind = \"project\"\nscopes = [\"api\", \"self_rotate\"]\nexpires_in_days = 90\n";
    home.write("twins.toml", &(text + more))
}

/// A served world, and a home with the connection `k` in it.
pub struct Bench {
    pub served: Served,
    pub home: Home,
    _world: Home,
}

impl Bench {
    /// The connection keeps its token in a file.
    pub fn new(provider: &str, token: &str) -> Self {
        Self::disturbed(provider, token, "")
    }

    /// The same in a world with more in it: what disturbs its answers.
    pub fn disturbed(provider: &str, token: &str, more: &str) -> Self {
        let bench = Self::empty(more);
        bench.set_up(provider, token, &bench.in_file("rests/token"), &[]).expect(0);
        bench
    }

    pub fn empty(more: &str) -> Self {
        let world = Home::new();
        let scenario = world_with_twins(&world, more);
        let served = Served::start(&world, scenario.to_str().unwrap());
        Self { served, home: Home::new(), _world: world }
    }

    pub fn in_file(&self, name: &str) -> String {
        format!("[store]\nkind = \"file\"\npath = \"{}\"\n", self.home.path(name).display())
    }

    pub fn source(&self, token: &str) -> String {
        format!("[token]\nfile = \"{}\"\n", self.served.token_file(token).display())
    }

    pub fn set_up(&self, provider: &str, token: &str, store: &str, environment: &[(&str, &str)]) -> Run {
        let source = if store.contains("[token]") { String::new() } else { self.source(token) };
        let text = format!(
            "version = 1\nname = \"k\"\nplatform = \"keptn\"\nprovider = \"{provider}\"\nhost = \"{}\"\nowner = \"acme\"\n\
             [repository]\nname = \"gitops\"\ncreate = true\n{source}{store}",
            self.served.host_of(provider)
        );
        let answers = self.home.write("setup.toml", &text);
        self.run(&["setup", "--format", "json", "--answers", answers.to_str().unwrap()], environment)
    }

    pub fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
        finished(self.home.program().args(arguments).envs(environment.iter().copied()))
    }

    /// Rotates with an answers file of these lines.
    pub fn rotate(&self, lines: &str, flags: &[&str]) -> Run {
        self.rotate_in(lines, flags, &[])
    }

    pub fn rotate_in(&self, lines: &str, flags: &[&str], environment: &[(&str, &str)]) -> Run {
        let answers = self.home.write("rotate.toml", &format!("version = 1\n{lines}"));
        let arguments = [&["rotate", "k", "--format", "json", "--answers", answers.to_str().unwrap()], flags].concat();
        self.run(&arguments, environment)
    }

    /// What git would be given.
    pub fn password(&self, provider: &str, environment: &[(&str, &str)]) -> String {
        password(&self.home, &self.served.host_of(provider), environment)
    }

    /// Config and secrets, byte for byte.
    pub fn kept(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut kept = files(&self.home.path("rests"));
        kept.push((self.home.config(), self.home.config_text().into_bytes()));
        kept.sort();
        kept
    }

    /// The names of the files with a secret. What a probe leaves when it is killed is random bytes, and none.
    pub fn secrets(&self) -> Vec<String> {
        let all = files(&self.home.path("rests")).into_iter();
        let secrets = all.filter(|(_, bytes)| bytes.trim_ascii().iter().all(u8::is_ascii_graphic));
        let mut names: Vec<String> =
            secrets.map(|(path, _)| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
        names.sort();
        names
    }

    /// How many connections have something begun and not finished in their record.
    pub fn journals(&self) -> usize {
        let records = files(&self.home.path("state")).into_iter().filter_map(|(path, bytes)| {
            let is_record = path.extension().is_some_and(|end| end == "json");
            is_record.then(|| serde_json::from_slice::<serde_json::Value>(&bytes).unwrap())
        });
        let begun =
            |record: &serde_json::Value| ["pending", "renewal", "unsaid"].iter().any(|key| !record[key].is_null());
        records.filter(begun).count()
    }

    pub fn push(&self, provider: &str, environment: &[(&str, &str)]) {
        push(&self.home, &self.served.host_of(provider), environment);
    }
}

pub fn password(home: &Home, host: &str, environment: &[(&str, &str)]) -> String {
    use std::io::Write as _;
    use std::process::Stdio;
    let (scheme, authority) = host.split_once("://").unwrap();
    let mut command = home.program();
    command.args(["credential", "get"]).envs(environment.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let asked = format!("protocol={scheme}\nhost={authority}\npath=acme/gitops.git\n\n");
    child.stdin.take().unwrap().write_all(asked.as_bytes()).unwrap();
    let said = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    said.lines().find_map(|line| line.strip_prefix("password=")).unwrap_or_default().to_owned()
}

/// A push of a new commit by git itself, which asks our helper.
pub fn push(home: &Home, host: &str, environment: &[(&str, &str)]) {
    let helper = format!("!'{}' credential", env!("CARGO_BIN_EXE_git-access"));
    let git = |arguments: &[&str]| {
        let mut command = home.command("git");
        command.args(["-c", "credential.helper=", "-c", &format!("credential.helper={helper}")]);
        command.args(["-c", "credential.useHttpPath=true", "-c", "user.name=o", "-c", "user.email=o@acme.example"]);
        command.envs(environment.iter().copied());
        finished(command.args(arguments)).expect(0)
    };
    let work = tempfile::tempdir().unwrap();
    let work = work.path().to_str().unwrap();
    git(&["init", "-q", work]);
    git(&["-C", work, "commit", "-q", "--allow-empty", "-m", "x"]);
    git(&["-C", work, "push", "-q", "--force", &format!("{host}/acme/gitops.git"), "HEAD:main"]);
}
