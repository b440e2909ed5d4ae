//! A key tried on a real sshd: let in to read and to push, refused, and kept from a server that nobody vouched for.
#![cfg(unix)]

use std::path::Path;

use base64::Engine as _;

use crate::keys::key;
use crate::program::{Home, Run, Served, files};
use crate::support::sshd::{May, Sshd};

struct Stage {
    served: Served,
    sshd: Sshd,
    address: String,
    home: Home,
}

impl Stage {
    fn set() -> Option<Self> {
        let home = Home::new();
        let sshd = Sshd::start(&home)?;
        let address = sshd.repository(&home, "webshop");
        let served = Served::start(&home, "by-key");
        Some(Self { served, sshd, address, home })
    }

    /// A set-up with the key `k`, without a token; `more` stands in [ssh].
    fn setup(&self, platform: &str, more: &str) -> Run {
        self.with(platform, "", more)
    }

    fn with(&self, platform: &str, token: &str, more: &str) -> Run {
        let text = format!(
            "version = 1\nplatform = \"{platform}\"\nprovider = \"gitea\"\nhost = \"{}\"\nowner = \"acme\"\n{token}\
             [repository]\nname = \"webshop\"\n[ssh]\nurl = \"{}\"\n{more}\n",
            self.served.host_of("gitea"),
            self.address
        );
        let answers = self.home.write("answers.toml", &text);
        self.home.run(&["setup", "--format", "json", "--answers", answers.to_str().unwrap()])
    }

    fn known_hosts(&self) -> std::path::PathBuf {
        self.home.path("config/git-access/known_hosts")
    }

    /// Vouches for the server as its remedy says.
    fn vouch(&self, run: &Run) {
        let row = run.check("ssh-key");
        let remedy = row["remedy"]["text"].as_str().unwrap();
        let (_, line) = remedy.rsplit_once(": ").unwrap();
        std::fs::create_dir_all(self.known_hosts().parent().unwrap()).unwrap();
        std::fs::write(self.known_hosts(), format!("{line}\n")).unwrap();
    }
}

const BOTH: &str = "public_key = \"k.pub\"\nprivate_key = \"k\"";

#[test]
fn clone_and_push_are_proven_once_the_server_is_vouched_for() {
    let Some(stage) = Stage::set() else { return };
    let public = key(&stage.home, "k");
    stage.sshd.authorize(&public, May::Write);
    let run = stage.setup("flux", BOTH).expect(0);
    let row = run.check("ssh-key");
    assert_eq!(row["verdict"], "unknown", "{}", run.stdout);
    assert!(row["detail"].as_str().unwrap().contains("nobody has vouched"), "{row}");
    assert!(row["detail"].as_str().unwrap().contains("ssh-ed25519 SHA256:"), "{row}");

    stage.vouch(&run);
    let run = stage.setup("flux", BOTH).expect(0);
    assert_eq!(run.json()["verdict"], "pass", "{}", run.stdout);
    for id in ["owner", "repository", "clone", "push", "ssh-key"] {
        assert_eq!(run.check(id)["verdict"], "pass", "{id}: {}", run.stdout);
    }
    let check = stage.home.run(&["check", "--strict", "--format", "json"]).expect(0);
    assert_eq!(check.check("push")["verdict"], "pass");
    // Nothing was pushed by the question.
    let refs = stage.home.command("git").args(["--git-dir", "git/webshop.git", "show-ref"]).output().unwrap();
    assert!(refs.stdout.is_empty());
}

#[test]
fn a_key_that_is_not_registered_is_refused_with_the_page_to_paste_it_on() {
    let Some(stage) = Stage::set() else { return };
    let other = key(&stage.home, "other");
    let public = key(&stage.home, "k");
    stage.sshd.authorize(&other, May::Write);
    stage.vouch(&stage.setup("flux", BOTH).expect(0));
    let run = stage.setup("flux", BOTH).expect(1);
    let row = run.check("ssh-key");
    assert_eq!((&row["verdict"], &row["fault"]), (&"fail".into(), &"auth".into()), "{}", run.stdout);
    assert!(row["remedy"]["text"].as_str().unwrap().contains(&public.to_string()), "{row}");
    assert!(row["remedy"]["url"].as_str().unwrap().ends_with("/acme/webshop/settings/keys"), "{row}");
    // The saved access is the one of before.
    assert_eq!(stage.home.run(&["check"]).code, 1);
}

#[test]
fn a_new_key_is_made_shown_and_used_once_it_was_pasted() {
    let Some(stage) = Stage::set() else { return };
    let before = key(&stage.home, "k");
    stage.sshd.authorize(&before, May::Write);
    stage.vouch(&stage.setup("flux", BOTH).expect(0));
    std::fs::remove_file(stage.home.config()).unwrap();
    let run = stage.setup("flux", "generate = \"keys/new\"").expect(1);
    assert_eq!(run.check("ssh-key")["fault"], "auth", "{}", run.stdout);
    let left = run.json()["connections"][0]["left_behind"].to_string();
    assert!(left.contains("keys/new") && home_is_free_of_config(&stage.home), "{left}");
    let line = std::fs::read_to_string(stage.home.path("keys/new.pub")).unwrap();
    stage.sshd.authorize(&git_access::key::PublicKey::parse(&line).unwrap(), May::Write);
    let run = stage.setup("flux", "generate = \"keys/new\"").expect(0);
    assert_eq!(run.json()["verdict"], "pass", "{}", run.stdout);
}

fn home_is_free_of_config(home: &Home) -> bool {
    home.config_text().is_empty()
}

#[test]
fn a_changed_host_key_is_a_refusal_and_no_silence() {
    let Some(stage) = Stage::set() else { return };
    let public = key(&stage.home, "k");
    stage.sshd.authorize(&public, May::Write);
    stage.vouch(&stage.setup("flux", BOTH).expect(0));
    stage.setup("flux", BOTH).expect(0);
    stage.sshd.host_key("host");
    let run = stage.home.run(&["check", "--format", "json"]).expect(1);
    let row = run.check("ssh-key");
    assert_eq!((&row["verdict"], &row["fault"]), (&"fail".into(), &"tls".into()), "{}", run.stdout);
    assert!(row["detail"].as_str().unwrap().contains("another key than the one it is known by"), "{row}");
}

#[test]
fn a_key_that_only_reads_does_where_reading_is_enough() {
    let Some(stage) = Stage::set() else { return };
    let public = key(&stage.home, "k");
    stage.sshd.authorize(&public, May::Read);
    stage.vouch(&stage.setup("flux", BOTH).expect(0));
    let run = stage.setup("flux", BOTH).expect(1);
    assert_eq!(run.check("clone")["verdict"], "pass", "{}", run.stdout);
    let row = run.check("push");
    assert_eq!((&row["verdict"], &row["fault"]), (&"fail".into(), &"no-access".into()), "{row}");
    assert!(row["detail"].as_str().unwrap().contains("marked as read only"), "{row}");

    let run = stage.setup("argocd", BOTH).expect(0);
    assert_eq!(run.json()["verdict"], "pass", "{}", run.stdout);
    assert!(run.check("push").is_null());
    stage.sshd.authorize(&public, May::Write);
    let run = stage.setup("argocd", BOTH).expect(0);
    assert_eq!(run.check("ssh-key")["verdict"], "warn", "more than is needed: {}", run.stdout);
}

#[test]
fn a_token_and_the_key_itself_agree() {
    let Some(stage) = Stage::set() else { return };
    let public = key(&stage.home, "k");
    stage.sshd.authorize(&public, May::Write);
    stage.vouch(&stage.setup("flux", BOTH).expect(0));
    let token = format!("[token]\nfile = \"{}\"\n", stage.served.token_file("gitea-keys").display());
    let run = stage.with("flux", &token, BOTH).expect(0);
    assert_eq!(run.json()["verdict"], "pass", "{}", run.stdout);
    assert!(!stage.home.config_text().contains(".token]"));
    let posted = stage.served.requests().into_iter().filter(|request| request["method"] == "POST").count();
    assert_eq!(posted, 1, "the key was registered");
    // Registered to read only, and yet let in to push: what the list says counts as well.
    let run = stage.with("argocd", &token, BOTH).expect(0);
    assert_eq!(run.check("ssh-key")["verdict"], "warn", "{}", run.stdout);
}

#[test]
fn a_repository_that_is_not_there_is_told_from_a_key_that_is_unknown() {
    let Some(mut stage) = Stage::set() else { return };
    let public = key(&stage.home, "k");
    stage.sshd.authorize(&public, May::Write);
    stage.vouch(&stage.setup("flux", BOTH).expect(0));
    stage.address = stage.sshd.address(Path::new("/nonexistent/acme.git"));
    let run = stage.setup("flux", BOTH).expect(1);
    assert_eq!(run.check("ssh-key")["fault"], "not-found", "{}", run.stdout);
}

/// The pieces of the private half, as bytes and in base64 at each place that it can have in a file.
fn pieces(secret: &str) -> Vec<Vec<u8>> {
    let private = ssh_key::PrivateKey::from_openssh(secret).unwrap();
    let seed = private.key_data().ed25519().unwrap().private.to_bytes();
    let mut pieces: Vec<_> = seed.windows(8).map(<[u8]>::to_vec).collect();
    for before in 0..3 {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(&seed);
        let blob = base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes);
        pieces.extend(blob.as_bytes()[4..blob.len() - 4].windows(10).map(<[u8]>::to_vec));
    }
    pieces
}

/// A program `ssh` that notes how it was started, then does what ssh does.
fn noting(home: &Home) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = home.path("bin");
    let noted = home.path("noted");
    std::fs::create_dir_all(&noted).unwrap();
    let text = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >> {0}/argv\n/usr/bin/env >> {0}/env\nexec /usr/bin/ssh \"$@\"\n",
        noted.display()
    );
    home.write("bin/ssh", &text);
    std::fs::set_permissions(folder.join("ssh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

#[test]
fn ssh_is_cut_off_and_no_piece_of_the_private_half_gets_out() {
    let Some(stage) = Stage::set() else { return };
    let home = &stage.home;
    let public = key(home, "k");
    stage.sshd.authorize(&public, May::Write);
    stage.vouch(&stage.setup("flux", BOTH).expect(0));
    // A configuration, a known host and an agent of the user's that would each change the outcome.
    let canary = home.path("canary");
    home.write(
        ".ssh/config",
        &format!("Host *\n  ProxyCommand touch {}\n  StrictHostKeyChecking no\n", canary.display()),
    );
    let answers = home.path("answers.toml");
    let path = format!("{}:{}", noting(home).display(), std::env::var("PATH").unwrap_or_default());
    let mut command = home.program();
    command.args(["setup", "--log", "log", "-v", "--save-answers", "saved.toml", "--answers"]).arg(&answers);
    command.env("PATH", path).env("SSH_AUTH_SOCK", home.path("agent")).env("SECRET_OF_THE_USER", "x");
    let done = command.output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stdout));
    assert!(!canary.exists());

    let secret = std::fs::read_to_string(home.path("k")).unwrap();
    let pieces = pieces(&secret);
    let holds = |bytes: &[u8]| pieces.iter().any(|piece| bytes.windows(piece.len()).any(|window| window == piece));
    let joined: String = secret.lines().collect();
    assert!(holds(joined.as_bytes()) && !holds(public.to_string().as_bytes()));
    assert!(!holds(&done.stdout) && !holds(&done.stderr));
    let log = std::fs::read_to_string(home.path("log")).unwrap();
    assert!(log.contains("SSH git-receive-pack ssh://") && log.contains(" let in "), "{log}");
    let mut seen = 0;
    for (path, bytes) in files(home.dir.path()) {
        if path != home.path("k") && !path.starts_with(home.path("sshd")) {
            assert!(!holds(&bytes), "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 8, "{seen}");
    let env = std::fs::read_to_string(home.path("noted/env")).unwrap();
    assert!(!env.contains("SSH_AUTH_SOCK") && !env.contains("SECRET_OF_THE_USER") && !env.contains("HOME="), "{env}");
    let argv = std::fs::read_to_string(home.path("noted/argv")).unwrap();
    assert!(argv.contains("git-receive-pack '/") && argv.contains("IdentityAgent=none"), "{argv}");
}
