//! A connection that signs in with a key: the new key is registered and proven before the old one may go.

use serde_json::Value;

use super::bench::ends;
use crate::keys::key;
use crate::program::{Home, Run, Served};
use crate::support::sshd::{May, Sshd};

struct Bench {
    home: Home,
    served: Served,
    provider: &'static str,
    /// Where the repository is reached over SSH, if anywhere.
    address: String,
}

impl Bench {
    /// A connection of Flux with the key `k`, registered by a token that is not kept.
    fn new(provider: &'static str) -> Self {
        let home = Home::new();
        let served = Served::start(&home, "by-key");
        Self { home, served, provider, address: String::new() }
    }

    fn source(&self) -> String {
        format!("[token]\nfile = \"{}\"\n", self.served.token_file(&format!("{}-keys", self.provider)).display())
    }

    fn set_up(&self, token: &str, ssh: &str) -> Run {
        let text = format!(
            "version = 1\nname = \"k\"\nplatform = \"flux\"\nprovider = \"{}\"\nhost = \"{}\"\nowner = \"acme\"\n{token}\
             [repository]\nname = \"webshop\"\n[ssh]\n{}{ssh}\n",
            self.provider,
            self.served.host_of(self.provider),
            self.address
        );
        let answers = self.home.write("setup.toml", &text);
        self.home.run(&["setup", "--format", "json", "--answers", answers.to_str().unwrap()])
    }

    fn rotate(&self, lines: &str, flags: &[&str]) -> Run {
        let answers = self.home.write("rotate.toml", &format!("version = 1\n{lines}"));
        let arguments = [&["rotate", "k", "--format", "json", "--answers", answers.to_str().unwrap()], flags].concat();
        self.home.run(&arguments)
    }

    /// How many requests of this method about keys were granted.
    fn granted(&self, method: &str) -> usize {
        let about = |one: &&Value| {
            one["method"] == method
                && one["path"].as_str().unwrap().contains("keys")
                && one["status"].as_u64().unwrap_or_default() < 300
        };
        self.served.requests().iter().filter(about).count()
    }
}

fn old_key(run: &Run) -> Value {
    run.json()["connections"][0]["rotation"]["old_key"].clone()
}

#[test]
fn the_new_key_is_registered_and_the_old_one_goes_only_on_request() {
    for provider in ["github", "gitlab", "gitea"] {
        let bench = Bench::new(provider);
        bench.set_up(&bench.source(), "generate = \"k\"").expect(0);
        let saved = bench.home.config_text();
        assert!(saved.contains("key_id = ") && saved.contains("read_only = false"), "{saved}");
        let new = format!("{}[ssh]\ngenerate = \"next\"\n", bench.source());
        let run = bench.rotate(&new, &[]).expect(0);
        let old = old_key(&run);
        assert_eq!((&old["state"], bench.granted("DELETE")), (&"unknown".into(), 0), "{}", run.stdout);
        assert!(old["detail"].as_str().unwrap().contains("still registered. Remove it at http"), "{old}");
        let again = run.json()["connections"][0]["rotation"]["apply_again"].to_string();
        assert!(again.contains("flux: git-access show k"), "{again}");
        let saved = bench.home.config_text();
        assert!(saved.contains("/next\"") && saved.contains("read_only = false"), "{saved}");
        assert_eq!(bench.granted("POST"), 2, "{provider}");

        let new = format!("{}[ssh]\ngenerate = \"third\"\n", bench.source());
        let run = bench.rotate(&new, &["--revoke-old"]).expect(0);
        assert_eq!((&old_key(&run)["state"], &old_key(&run)["verdict"]), (&"removed".into(), &"pass".into()));
        assert_eq!(bench.granted("DELETE"), 1, "{provider}");
        let left = bench.served.requests();
        let removed = left.iter().rposition(|one| one["method"] == "DELETE").unwrap();
        let registered = left.iter().rposition(|one| one["method"] == "POST").unwrap();
        assert!(registered < removed, "the new one came first");
        // The one in use is still there.
        let run = bench.set_up(&bench.source(), "public_key = \"third.pub\"\nprivate_key = \"third\"").expect(0);
        assert!(run.check("ssh-key")["detail"].as_str().unwrap().contains("registered"), "{}", run.stdout);
        assert_eq!(bench.granted("POST"), 3, "{provider}: it was found and not made again");
    }
}

#[test]
fn only_the_key_may_be_answered_and_it_must_be_another_one() {
    let bench = Bench::new("gitea");
    bench.set_up(&bench.source(), "generate = \"k\"").expect(0);
    let before = bench.home.config_text();
    for lines in [
        String::new(),
        bench.source(),
        "[ssh]\npublic_key = \"k.pub\"\nprivate_key = \"k\"\n".to_owned(),
        "[ssh]\ngenerate = \"next\"\nread_only = true\n".to_owned(),
        "owner = \"octocat\"\n[ssh]\ngenerate = \"next\"\n".to_owned(),
    ] {
        let run = bench.rotate(&lines, &[]).expect(2);
        assert!(!run.json()["problems"].as_array().unwrap().is_empty(), "{lines}: {}", run.stdout);
    }
    let run = bench.home.run(&["rotate", "k"]).expect(2);
    assert!(run.stderr.contains("[ssh]") && run.stderr.contains("--answers"), "{}", run.stderr);
    bench.home.run(&["rotate", "k", "--at-provider", "--expires", &ends()]).expect(2);
    assert_eq!(bench.home.config_text(), before);
}

#[cfg(unix)]
#[test]
fn a_key_that_is_not_let_in_changes_nothing_and_one_that_is_takes_over() {
    let mut bench = Bench::new("gitea");
    let Some(sshd) = Sshd::start(&bench.home) else { return };
    bench.address = format!("url = \"{}\"\n", sshd.repository(&bench.home, "webshop"));
    sshd.authorize(&key(&bench.home, "k"), May::Write);
    let both = "public_key = \"k.pub\"\nprivate_key = \"k\"";
    let run = bench.set_up("", both).expect(0);
    let remedy = run.check("ssh-key")["remedy"]["text"].as_str().unwrap().to_owned();
    let (_, line) = remedy.rsplit_once(": ").unwrap();
    bench.home.write("config/git-access/known_hosts", &format!("{line}\n"));
    assert_eq!(bench.set_up("", both).expect(0).json()["verdict"], "pass");

    let before = bench.home.config_text();
    let next = key(&bench.home, "next");
    let lines = "[ssh]\npublic_key = \"next.pub\"\nprivate_key = \"next\"\n";
    let run = bench.rotate(lines, &["--revoke-old"]).expect(1);
    assert_eq!(run.check("ssh-key")["fault"], "auth", "{}", run.stdout);
    assert!(old_key(&run).is_null() && run.stderr.contains("was not replaced"), "{}", run.stderr);
    assert_eq!((bench.home.config_text(), bench.granted("DELETE")), (before, 0));
    bench.home.run(&["check", "k", "--strict"]).expect(0);

    sshd.authorize(&next, May::Write);
    let run = bench.rotate(lines, &["--revoke-old"]).expect(0);
    assert_eq!(run.json()["verdict"], "pass", "{}", run.stdout);
    // No token stands beside it, so the old one is left to the page.
    assert!(old_key(&run)["url"].as_str().unwrap().ends_with("/acme/webshop/settings/keys"), "{}", run.stdout);
    bench.home.run(&["check", "k", "--strict"]).expect(0);
}
