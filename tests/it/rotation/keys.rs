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

    /// The same with a real server over SSH; none where there is no such program.
    #[cfg(unix)]
    fn with_sshd(provider: &'static str) -> Option<(Self, Sshd)> {
        let mut bench = Self::new(provider);
        let sshd = Sshd::start(&bench.home)?;
        bench.address = format!("url = \"{}\"\n", sshd.repository(&bench.home, "webshop"));
        Some((bench, sshd))
    }

    /// Believes the server that this run has met.
    #[cfg(unix)]
    fn vouch(&self, run: &Run) {
        let check = run.check("ssh-key");
        let (_, line) = check["remedy"]["text"].as_str().unwrap().rsplit_once(": ").unwrap();
        self.home.write("config/git-access/known_hosts", &format!("{line}\n"));
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
        let told = "still registered. Once the new one was seen to work, remove it at http";
        assert!(old["detail"].as_str().unwrap().contains(told), "{old}");
        assert_eq!(old["file"], bench.home.path("k").display().to_string(), "its private half stays, and is named");
        let again = run.json()["connections"][0]["rotation"]["apply_again"].to_string();
        assert!(again.contains("flux: git-access show k"), "{again}");
        // The same once more has been done already.
        let again = bench.rotate(&new, &[]).expect(0);
        assert!(again.stderr.contains("with this key already: nothing is replaced"), "{}", again.stderr);
        let saved = bench.home.config_text();
        assert!(saved.contains("/next\"") && saved.contains("read_only = false"), "{saved}");
        assert_eq!(bench.granted("POST"), 2, "{provider}");

        // Nobody has let the new one in: the old one may be the only one that opens.
        let new = format!("{}[ssh]\ngenerate = \"third\"\n", bench.source());
        let run = bench.rotate(&new, &["--revoke-old"]).expect(1);
        assert_eq!((&old_key(&run)["state"], bench.granted("DELETE")), (&"unknown".into(), 0), "{}", run.stdout);
        assert!(old_key(&run)["detail"].as_str().unwrap().contains("nothing has proven the new one"), "{}", run.stdout);
        // The one in use is still there.
        let run = bench.set_up(&bench.source(), "public_key = \"third.pub\"\nprivate_key = \"third\"").expect(0);
        assert!(run.check("ssh-key")["detail"].as_str().unwrap().contains("registered"), "{}", run.stdout);
        assert_eq!(bench.granted("POST"), 3, "{provider}: it was found and not made again");
    }
}

#[cfg(unix)]
#[test]
fn a_key_that_was_let_in_ends_the_old_one_on_request() {
    for provider in ["github", "gitlab", "gitea"] {
        let Some((bench, sshd)) = Bench::with_sshd(provider) else { return };
        for name in ["k", "next"] {
            sshd.authorize(&key(&bench.home, name), May::Write);
        }
        bench.vouch(&bench.set_up(&bench.source(), "public_key = \"k.pub\"\nprivate_key = \"k\"").expect(0));
        let new = format!("{}[ssh]\npublic_key = \"next.pub\"\nprivate_key = \"next\"\n", bench.source());
        let run = bench.rotate(&new, &["--revoke-old"]).expect(0);
        assert_eq!((&old_key(&run)["state"], &old_key(&run)["verdict"]), (&"removed".into(), &"pass".into()));
        let all = bench.served.requests();
        let last = |method: &str| all.iter().rposition(|one| one["method"] == method).unwrap();
        assert!(last("POST") < last("DELETE"), "the new one came first");
        bench.set_up(&bench.source(), "public_key = \"next.pub\"\nprivate_key = \"next\"").expect(0);
        assert_eq!((bench.granted("POST"), bench.granted("DELETE")), (2, 1), "{provider}");
    }
}

/// What was to know of the key that a token has registered is not said of another one, which a person has put there.
#[cfg(unix)]
#[test]
fn what_was_to_know_of_a_key_goes_with_it() {
    let Some((bench, sshd)) = Bench::with_sshd("github") else { return };
    sshd.authorize(&key(&bench.home, "k"), May::Write);
    bench.vouch(&bench.set_up(&bench.source(), "public_key = \"k.pub\"\nprivate_key = \"k\"").expect(0));
    let shown = || bench.home.run(&["show", "k"]).expect(0).stdout;
    assert!(shown().contains("deletes this deploy key"), "{}", shown());
    // The same key again, without the token: it is what the token has registered.
    bench.set_up("", "public_key = \"k.pub\"\nprivate_key = \"k\"").expect(0);
    assert!(shown().contains("deletes this deploy key"), "{}", shown());
    sshd.authorize(&key(&bench.home, "next"), May::Write);
    bench.set_up("", "public_key = \"next.pub\"\nprivate_key = \"next\"").expect(0);
    assert!(!shown().contains("deletes this deploy key"), "{}", shown());
}

/// Without a token nobody registers the key but a person: until then the one in use stays.
#[test]
fn a_key_that_nobody_knows_takes_over_from_none() {
    for provider in ["github", "gitlab", "gitea"] {
        let bench = Bench::new(provider);
        bench.set_up(&bench.source(), "generate = \"k\"").expect(0);
        let before = bench.home.config_text();
        let run = bench.rotate("[ssh]\ngenerate = \"next\"\n", &["--revoke-old"]).expect(3);
        let check = run.check("ssh-key");
        let public = std::fs::read_to_string(bench.home.path("next.pub")).unwrap();
        let told = check["remedy"]["text"].as_str().unwrap();
        assert!(told.contains(public.split_whitespace().nth(1).unwrap()), "{provider}: the key itself: {told}");
        assert!(check["remedy"]["url"].as_str().unwrap().contains("keys"), "{provider}: {check}");
        assert_eq!((bench.home.config_text(), bench.granted("POST")), (before, 1), "{provider}");
        // Whoever knows better says so, where the key cannot be tried.
        let lines = "[ssh]\npublic_key = \"next.pub\"\n";
        bench.rotate(lines, &[]).expect(1);
        let run = bench.rotate(lines, &["--accept-failures"]).expect(0);
        assert_eq!(run.json()["connections"][0]["accepted"][0], "ssh-key", "{provider}");
        assert!(bench.home.config_text().contains("/next.pub\""), "{provider}");
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
    let Some((bench, sshd)) = Bench::with_sshd("gitea") else { return };
    sshd.authorize(&key(&bench.home, "k"), May::Write);
    let both = "public_key = \"k.pub\"\nprivate_key = \"k\"";
    bench.vouch(&bench.set_up("", both).expect(0));
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
    let run = bench.rotate(lines, &["--revoke-old"]).expect(1);
    assert_eq!(run.json()["verdict"], "pass", "{}", run.stdout);
    // No token stands beside it, so the old one is left to the page.
    assert!(old_key(&run)["detail"].as_str().unwrap().contains("no token was given"), "{}", run.stdout);
    assert!(old_key(&run)["url"].as_str().unwrap().ends_with("/acme/webshop/settings/keys"), "{}", run.stdout);
    bench.home.run(&["check", "k", "--strict"]).expect(0);
}

/// The scenario `ready` with a token of Bitbucket that may do everything with keys.
#[cfg(unix)]
fn with_a_token_for_all_keys(world: &Home) -> std::path::PathBuf {
    let ready = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/sandbox/ready.toml");
    let more = "\n[[tokens]]\nprovider = \"bitbucket\"\nname = \"bitbucket-all-keys\"\naccount = \"octocat\"\nkind = \"api\"\n\
                scopes = [\"read:user:bitbucket\", \"read:workspace:bitbucket\", \"read:repository:bitbucket\", \
                \"write:repository:bitbucket\", \"admin:repository:bitbucket\", \"read:ssh-key:bitbucket\", \
                \"write:ssh-key:bitbucket\", \"delete:ssh-key:bitbucket\"]\nexpires_in_days = 180\n";
    world.write("keys.toml", &(std::fs::read_to_string(ready).unwrap() + more))
}

/// Bitbucket's keys are of a repository and read, or of an account; Data Center's are of a repository and may write.
#[cfg(unix)]
#[test]
fn both_kinds_of_bitbucket_let_go_of_the_old_key_where_the_token_may() {
    let world = Home::new();
    let scenario = with_a_token_for_all_keys(&world);
    let names = "username = \"octocat\"\nemail = \"octocat@acme.example\"\n";
    for (provider, token, owner, platform, scope, removed) in [
        ("bitbucket", "bitbucket-all-keys", "acme", "argocd", "repository", true),
        ("bitbucket", "bitbucket-all-keys", "acme", "flux", "account", true),
        ("bitbucket", "bitbucket-keys", "acme", "argocd", "repository", false),
        ("bitbucket", "bitbucket-keys", "acme", "flux", "account", false),
        ("bitbucket-dc", "bitbucket-dc-flux", "ACME", "argocd", "repository", true),
        ("bitbucket-dc", "bitbucket-dc-flux", "ACME", "flux", "repository", true),
    ] {
        let case = format!("{provider} {platform} {token}");
        let place = Home::new();
        let served = Served::start(&place, scenario.to_str().unwrap());
        let home = Home::new();
        let Some(sshd) = Sshd::start(&home) else { return };
        let address = format!("url = \"{}\"\n", sshd.repository(&home, "webshop"));
        for name in ["k", "next"] {
            sshd.authorize(&key(&home, name), May::Write);
        }
        let bench = Bench { home, served, provider, address };
        let source =
            format!("[token]\nfile = \"{}\"\nexpires = 2027-06-01\n", bench.served.token_file(token).display());
        let names = if provider == "bitbucket" { names } else { "" };
        let text = format!(
            "version = 1\nname = \"k\"\nplatform = \"{platform}\"\nprovider = \"{provider}\"\nhost = \"{}\"\nowner = \"{owner}\"\n\
             {names}{source}[repository]\nname = \"webshop\"\n[ssh]\npublic_key = \"k.pub\"\nprivate_key = \"k\"\n\
             scope = \"{scope}\"\n{}",
            bench.served.host_of(provider),
            bench.address
        );
        let answers = bench.home.write("setup.toml", &text);
        let first = ["setup", "--format", "json", "--answers", answers.to_str().unwrap()];
        bench.vouch(&bench.home.run(&first).expect(0));
        let before = bench.home.config_text();
        let new = format!("{source}[ssh]\npublic_key = \"next.pub\"\nprivate_key = \"next\"\n");
        let run = bench.rotate(&new, &["--revoke-old"]);
        let old = old_key(&run);
        assert!(bench.home.config_text().contains("/next\"") && bench.home.config_text() != before, "{case}");
        assert_eq!(bench.granted("POST"), 2, "{case}");
        let key_id = |text: &str| text.lines().find(|line| line.starts_with("key_id")).map(str::to_owned);
        assert_ne!(key_id(&before), key_id(&bench.home.config_text()), "{case}");
        if removed {
            assert_eq!(
                (run.code, &old["state"], bench.granted("DELETE")),
                (0, &"removed".into(), 1),
                "{case}: {}",
                run.stderr
            );
            let all = bench.served.requests();
            let last = |method: &str| all.iter().rposition(|one| one["method"] == method).unwrap();
            assert!(last("POST") < last("DELETE"), "{case}: the new one came first");
        } else {
            // The new key is in use; that the old one stays is told, with the page on which it is removed.
            assert_eq!(
                (run.code, &old["state"], bench.granted("DELETE")),
                (1, &"unknown".into(), 0),
                "{case}: {}",
                run.stderr
            );
            assert!(old["detail"].as_str().unwrap().contains("still registered. Remove it at http"), "{case}: {old}");
            assert!(run.stderr.contains("delete:ssh-key:bitbucket"), "{case}: {}", run.stderr);
        }
        // The one in use is found, and the world has no other.
        let again = text.replace("\"k.pub\"", "\"next.pub\"").replace("private_key = \"k\"", "private_key = \"next\"");
        let again = bench.home.write("again.toml", &again);
        bench.home.run(&["setup", "--format", "json", "--answers", again.to_str().unwrap()]).expect(0);
        assert_eq!(bench.granted("POST"), 2, "{case}: it was found and not made again");
    }
}
