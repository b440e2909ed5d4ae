//! Platforms that sign in with an SSH key, set up against the imitated forges. These serve no SSH: what the list of the
//! forge tells is seen here, and what the key itself opens in `ssh`.

use git_access::key::{KeyFiles, PublicHalf};

use crate::program::{Home, Run, Served};

/// The parts of an answers file by key.
struct Sheet<'a> {
    provider: &'a str,
    platform: &'a str,
    owner: &'a str,
    /// Its name, or none.
    token: &'a str,
    /// Its name; ` +create` where it is to be made.
    repository: &'a str,
    ssh: &'a str,
}

const FLUX: Sheet<'static> = Sheet {
    provider: "github",
    platform: "flux",
    owner: "acme",
    token: "github-keys",
    repository: "webshop",
    ssh: "generate = \"key\"",
};

fn answers(home: &Home, served: &Served, sheet: &Sheet<'_>) -> String {
    let Sheet { provider, platform, owner, token, repository, ssh } = sheet;
    let host = served.host_of(provider);
    let token = match *token {
        "" => String::new(),
        name => format!("[token]\nfile = \"{}\"\n", served.token_file(name).display()),
    };
    let (name, create) = match repository.strip_suffix(" +create") {
        Some(name) => (name, "create = true\n"),
        None => (*repository, ""),
    };
    let repository = format!("[repository]\nname = \"{name}\"\n{create}");
    let text = format!(
        "version = 1\nplatform = \"{platform}\"\nprovider = \"{provider}\"\nhost = \"{host}\"\nowner = \"{owner}\"\n{token}{repository}[ssh]\n{ssh}\n"
    );
    home.write("answers.toml", &text).display().to_string()
}

fn setup(home: &Home, served: &Served, sheet: &Sheet<'_>) -> Run {
    home.run(&["setup", "--format", "json", "--answers", &answers(home, served, sheet)])
}

/// A new key in `home`, named `name`.
pub fn key(home: &Home, name: &str) -> git_access::key::PublicKey {
    let private = home.path(name);
    let files = KeyFiles { public: PublicHalf::File(home.path(&format!("{name}.pub"))), private: Some(private) };
    git_access::ssh::generate(&files, "test").unwrap()
}

fn posts(served: &Served) -> usize {
    let made = |request: &&serde_json::Value| {
        let path = request["path"].as_str().unwrap_or_default();
        request["method"] == "POST"
            && request["status"] == 201
            && (path.contains("/keys") || path.contains("deploy_keys"))
    };
    served.requests().iter().filter(made).count()
}

#[test]
fn a_new_key_is_made_registered_and_saved_without_the_token() {
    let home = Home::new();
    let served = Served::start(&home, "by-key");
    for (provider, token) in [("github", "github-keys"), ("gitlab", "gitlab-keys"), ("gitea", "gitea-keys")] {
        let home = Home::new();
        let before = posts(&served);
        let sheet = Sheet { provider, token, repository: "fleet +create", ..FLUX };
        let run = setup(&home, &served, &sheet).expect(0);
        let report = run.json();
        assert_eq!(run.check("ssh-key")["verdict"], "unknown", "{}", run.stdout);
        let detail = run.check("ssh-key")["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains("registered to read and write"), "{detail}");
        assert_eq!(report["connections"][0]["repository"]["created"], true);
        assert!(run.check("store").is_null() && run.check("expiry").is_null(), "{}", run.stdout);
        assert_eq!(posts(&served), before + 1);
        let config = home.config_text();
        assert!(!config.contains(".token]") && config.contains("[connections.flux-"), "{config}");
        assert!(config.contains("fingerprint = \"SHA256:") && config.contains("read_only = false"), "{config}");
        let notice = report["connections"][0]["notices"][0].as_str().unwrap_or_default().to_owned();
        assert_eq!(notice.contains("deletes this deploy key"), provider == "github", "{notice}");
        let shown = home.run(&["show", &format!("flux-{provider}-acme")]).expect(0).stdout;
        assert!(shown.contains("SHA256:") && shown.contains("Key page") && shown.contains("/key\n"), "{shown}");
        assert_eq!(shown.contains("deletes this deploy key"), provider == "github", "{shown}");
        // The imitated Gitea has SSH on a port of its own, as many a server does: it tells, and nobody guesses.
        let port = if provider == "gitea" { ":2222" } else { "" };
        let over_ssh = format!("ssh://git@127.0.0.1{port}/acme/fleet.git");
        assert!(shown.contains("flux bootstrap git ") && shown.contains(&over_ssh), "{shown}");
        assert!(!shown.contains("--token-auth") && !shown.contains("(the token"), "{shown}");

        let again = setup(&home, &served, &sheet).expect(0);
        assert_eq!(again.json()["connections"][0]["repository"]["created"], false);
        assert_eq!(posts(&served), before + 1, "the key is there and is used");
        let config_after = home.config_text();
        let settled =
            |text: &str| text.lines().filter(|line| !line.starts_with("at = ")).collect::<Vec<_>>().join("\n");
        assert_eq!(settled(&config_after), settled(&config));
    }
}

#[test]
fn a_key_that_is_there_is_adopted_and_judged_by_the_forge_s_own_list() {
    let home = Home::new();
    let served = Served::start(&home, "by-key");
    for (provider, token) in [("github", "github-keys"), ("gitlab", "gitlab-keys"), ("gitea", "gitea-keys")] {
        let home = Home::new();
        let public = key(&home, "k");
        let reads = Sheet { provider, token, platform: "argocd", ssh: "public_key = \"k.pub\"", ..FLUX };
        let run = setup(&home, &served, &reads).expect(0);
        let row = run.check("ssh-key");
        assert_eq!(row["verdict"], "unknown", "never green without the private half: {}", run.stdout);
        assert!(row["detail"].as_str().unwrap().contains("registered to read ("), "{row}");
        assert!(row["remedy"]["text"].as_str().unwrap().contains("Deploy once"), "{row}");
        let before = posts(&served);
        setup(&home, &served, &reads).expect(0);
        assert_eq!(posts(&served), before);

        let writes = Sheet { platform: "flux", ..reads };
        let run = setup(&home, &served, &writes).expect(1);
        let row = run.check("ssh-key");
        assert_eq!((&row["verdict"], &row["fault"]), (&"fail".into(), &"no-access".into()), "{}", run.stdout);
        assert!(row["detail"].as_str().unwrap().contains("registered to read only"), "{row}");
        assert!(row["remedy"]["text"].as_str().unwrap().contains(&public.to_string()), "{row}");
        assert_eq!(run.json()["connections"][0]["saved"], false);
    }
}

#[test]
fn a_key_that_opens_something_else_is_refused_in_words_of_its_own() {
    let home = Home::new();
    let served = Served::start(&home, "by-key");
    key(&home, "k");
    let ssh = "public_key = \"k.pub\"";
    setup(&home, &served, &Sheet { ssh, ..FLUX }).expect(0);
    let run = setup(&home, &served, &Sheet { ssh: "public_key = \"k.pub\"", repository: "storefront", ..FLUX });
    // The same name: it is the same connection, and its repository is another one.
    let run = run.expect(1);
    let row = run.check("ssh-key");
    assert!(row["detail"].as_str().unwrap().contains("has this key already"), "{row}");
    assert!(row["remedy"]["url"].as_str().unwrap().ends_with("/acme/storefront/settings/keys"), "{row}");
    // GitLab and Gitea let one key open several repositories.
    for (provider, token) in [("gitlab", "gitlab-keys"), ("gitea", "gitea-keys")] {
        for repository in ["webshop", "storefront"] {
            let sheet = Sheet { provider, token, repository, ssh, ..FLUX };
            let run = setup(&home, &served, &sheet).expect(0);
            assert_eq!(run.check("ssh-key")["verdict"], "unknown", "{}", run.stdout);
        }
        let sheet = Sheet { provider, token, ssh: "public_key = \"k.pub\"\nscope = \"account\"", ..FLUX };
        let run = setup(&home, &served, &sheet).expect(1);
        assert!(run.check("ssh-key")["detail"].as_str().unwrap().contains("has this key already"), "{}", run.stdout);
    }
}

#[test]
fn whoever_may_not_register_is_told_so_and_where_to_paste_it() {
    let home = Home::new();
    let served = Served::start(&home, "by-key");
    for (provider, token, scope, words) in [
        ("github", "github-mia", "repository", "administrator of the repository"),
        ("github", "github-narrow", "account", "admin:public_key"),
        ("gitlab", "gitlab-mia", "repository", "role Maintainer"),
        ("gitlab", "gitlab-narrow", "repository", "with this scope"),
        ("gitea", "gitea-mia", "repository", "administrator of the repository"),
        ("gitea", "gitea-narrow", "repository", "write:repository"),
    ] {
        let home = Home::new();
        key(&home, "k");
        let ssh = format!("public_key = \"k.pub\"\nscope = \"{scope}\"");
        let run = setup(&home, &served, &Sheet { provider, token, ssh: &ssh, ..FLUX }).expect(1);
        let row = run.check("ssh-key");
        assert_eq!(row["verdict"], "fail", "{provider} {token}: {}", run.stdout);
        assert!(row["remedy"]["text"].as_str().unwrap().contains(words), "{provider} {token}: {row}");
        // The private half does not help where nobody answers it.
        let ssh = format!("{ssh}\nprivate_key = \"k\"\nurl = \"ssh://git@127.0.0.1:1/x\"");
        let run = setup(&home, &served, &Sheet { provider, token, ssh: &ssh, ..FLUX }).expect(1);
        assert_eq!(run.check("ssh-key")["verdict"], "fail", "{provider} {token}: {}", run.stdout);
        assert_eq!(home.config_text(), "", "{provider} {token}");
    }
}

#[test]
fn an_organisation_without_deploy_keys_is_seen_before_anything_is_tried() {
    let home = Home::new();
    let served = Served::start(&home, "by-key");
    let locked = Sheet { owner: "locked", repository: "vault", token: "github-owner", ..FLUX };
    let run = setup(&home, &served, &locked).expect(1);
    let row = run.check("ssh-key");
    assert!(row["detail"].as_str().unwrap().contains("has switched deploy keys off"), "{row}");
    assert!(served.requests().iter().all(|request| request["method"] != "POST"));
    // A token that does not see the setting learns it from the refusal.
    let run = setup(&home, &served, &Sheet { token: "github-keys", ..locked }).expect(1);
    let row = run.check("ssh-key");
    assert!(row["detail"].as_str().unwrap().contains("has switched such keys off"), "{row}");
    assert_eq!(run.json()["connections"][0]["saved"], false);
}

#[test]
fn without_a_token_the_key_and_its_page_are_shown_and_nothing_is_green() {
    let home = Home::new();
    let served = Served::start(&home, "by-key");
    let public = key(&home, "k");
    let sheet = Sheet { token: "", ssh: "public_key = \"k.pub\"", ..FLUX };
    let run = setup(&home, &served, &sheet).expect(0);
    let row = run.check("ssh-key");
    assert_eq!(row["verdict"], "unknown", "{}", run.stdout);
    assert!(row["remedy"]["text"].as_str().unwrap().contains(&public.to_string()), "{row}");
    assert!(row["remedy"]["url"].as_str().unwrap().ends_with("/acme/webshop/settings/keys"), "{row}");
    assert!(run.check("identity").is_null() && run.check("store").is_null());
    let report = run.json();
    assert_eq!((&report["connections"][0]["token"], &report["verdict"]), (&serde_json::Value::Null, &"unknown".into()));
    assert_eq!(report["connections"][0]["saved"], true);
    let check = home.run(&["check", "--format", "json"]).expect(0);
    assert_eq!(check.check("ssh-key")["verdict"], "unknown");
    home.run(&["check", "--strict"]).expect(1);
    let list = home.run(&["list"]).expect(0).stdout;
    assert!(list.contains("flux-github-acme"), "{list}");
    let removed = home.run(&["remove", "flux-github-acme", "--yes"]).expect(0).stderr;
    assert!(removed.contains("/acme/webshop/settings/keys") && home.path("k.pub").exists(), "{removed}");
}

#[test]
fn nobody_answers_where_there_is_nobody() {
    let home = Home::new();
    key(&home, "k");
    let text = "version = 1\nplatform = \"flux\"\nprovider = \"gitea\"\nhost = \"http://127.0.0.1:1\"\nowner = \"acme\"\n[repository]\nname = \"x\"\n[ssh]\npublic_key = \"k.pub\"\n";
    let answers = home.write("a.toml", text);
    home.run(&["setup", "--answers", answers.to_str().unwrap()]).expect(3);
    let text = text.replace("k.pub\"", "k.pub\"\nprivate_key = \"k\"\nurl = \"ssh://git@127.0.0.1:1/x\"");
    let answers = home.write("a.toml", &text);
    home.run(&["setup", "--accept-failures", "--answers", answers.to_str().unwrap()]).expect(3);
    assert_eq!(home.config_text(), "");
}

#[test]
fn a_dry_run_makes_and_registers_nothing() {
    let home = Home::new();
    let served = Served::start(&home, "by-key");
    let file = answers(&home, &served, &FLUX);
    let run = home.run(&["setup", "--dry-run", "--format", "json", "--answers", &file]).expect(0);
    assert_eq!(run.check("ssh-key")["verdict"], "unknown", "{}", run.stdout);
    assert!(run.check("ssh-key")["detail"].as_str().unwrap().contains("dry run"));
    assert!(!home.path("key").exists());
    assert!(served.requests().iter().all(|request| request["method"] == "GET"));
}

#[test]
fn files_that_are_no_key_are_refused_and_not_quoted() {
    let home = Home::new();
    let served = Served::start(&home, "by-key");
    key(&home, "k");
    key(&home, "other");
    let secret = std::fs::read_to_string(home.path("k")).unwrap();
    let piece = secret.lines().nth(2).unwrap()[..24].to_owned();
    home.write("not.pub", "hello\n");
    // A public half that cannot be read is a mistake of the answers; a private one is a secret that cannot be read.
    for (ssh, words, code) in [
        ("public_key = \"k\"", "this is a private key", 2),
        ("public_key = \"not.pub\"", "no public key", 2),
        ("public_key = \"missing.pub\"", "There is no file", 2),
        ("public_key = \"k.pub\"\nprivate_key = \"other\"", "two different keys", 2),
        ("public_key = \"k.pub\"\nprivate_key = \"not.pub\"", "OpenSSH", 4),
    ] {
        #[cfg(unix)]
        std::fs::set_permissions(home.path("not.pub"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let run = setup(&home, &served, &Sheet { ssh, ..FLUX }).expect(code);
        assert!(run.stdout.contains(words), "{ssh}: {}", run.stdout);
        assert!(!run.stdout.contains(&piece) && !run.stderr.contains(&piece), "{ssh}");
        assert_eq!(home.config_text(), "");
    }
    assert_eq!(posts(&served), 0);
}

#[test]
fn combinations_that_do_not_fit_are_named_by_key() {
    let home = Home::new();
    let served = Served::start(&home, "by-key");
    for (platform, ssh, key) in [
        ("flux", "generate = \"k\"\npublic_key = \"k.pub\"", "ssh.generate"),
        ("flux", "generate = \"k\"\nread_only = true", "ssh.read_only"),
        ("flux", "public_key = \"k.pub\"\nscope = \"account\"\nread_only = true", "ssh.read_only"),
        ("flux", "title = \"x\"", "ssh.public_key"),
        ("qovery", "generate = \"k\"", "ssh.public_key"),
        ("flux", "generate = \"k\"\nurl = \"https://x/y\"", "ssh.url"),
        ("flux", "generate = \"k\"\n[store]\nkind = \"keyring\"", "store.kind"),
    ] {
        let run = setup(&home, &served, &Sheet { platform, ssh, ..FLUX }).expect(2);
        let problems = run.json()["problems"].clone();
        assert!(problems.as_array().unwrap().iter().any(|one| one["key"] == key), "{platform} {ssh}: {problems}");
    }
    assert!(!home.path("k").exists());
}

#[test]
fn a_connection_by_token_becomes_one_by_key_and_lets_its_token_go() {
    let home = Home::new();
    let served = Served::start(&home, "by-key");
    key(&home, "k");
    let by_token = served.answers_on(&home, "gitea", "flux", "gitea-keys", "[repository]\nname = \"webshop\"\n");
    home.run(&["setup", "--format", "json", "--answers", by_token.to_str().unwrap()]).expect(0);
    let secret = home.path("secret-flux-gitea-keys");
    assert!(secret.exists() && home.config_text().contains(".token]"));
    let sheet = Sheet { provider: "gitea", token: "", ssh: "public_key = \"k.pub\"", ..FLUX };
    let run = setup(&home, &served, &sheet).expect(0);
    assert!(
        run.check("ssh-key")["detail"].as_str().unwrap().contains("is registered to read and write"),
        "{}",
        run.stdout
    );
    assert!(!home.config_text().contains(".token]") && !secret.exists(), "{}", home.config_text());
    assert_eq!(posts(&served), 1, "the token that was kept has registered it");
    home.run(&["check"]).expect(0);
}

/// The public half of a new RSA key in `home`, named `name`.
fn rsa(home: &Home, name: &str) {
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "rsa", "-b", "2048", "-N", "", "-f"])
        .arg(home.path(name))
        .status();
    assert!(made.unwrap().success());
}

#[test]
fn flux_and_argo_cd_sign_in_with_a_key_where_only_a_page_takes_it() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    key(&home, "k");
    rsa(&home, "r");
    let answers = |platform: &str, ssh: &str| {
        let host = served.host_of("azure-devops");
        let text = format!(
            "version = 1\nplatform = \"{platform}\"\nprovider = \"azure-devops\"\nhost = \"{host}\"\nowner = \"acme\"\nproject = \"platform\"\n[token]\nfile = \"{}\"\n[repository]\nname = \"webshop\"\n[ssh]\n{ssh}\n",
            served.token_file("azure-flux").display()
        );
        home.write("answers.toml", &text).display().to_string()
    };
    for platform in ["flux", "argocd"] {
        for ssh in ["public_key = \"k.pub\"", "generate = \"new\""] {
            let run = home.run(&["setup", "--format", "json", "--answers", &answers(platform, ssh)]).expect(1);
            let row = run.check("ssh-key");
            assert_eq!((&row["verdict"], &row["fault"]), (&"fail".into(), &"wrong-kind".into()), "{}", run.stdout);
            assert!(row["remedy"]["text"].as_str().unwrap().contains("ssh-keygen -t rsa"), "{row}");
            assert!(!home.path("new").exists());
        }
        let run = home.run(&["setup", "--format", "json", "--answers", &answers(platform, "public_key = \"r.pub\"")]);
        let run = run.expect(0);
        let row = run.check("ssh-key");
        assert_eq!(row["verdict"], "unknown", "{}", run.stdout);
        assert!(row["detail"].as_str().unwrap().contains("the API shows no keys"), "{row}");
        assert!(row["remedy"]["url"].as_str().unwrap().ends_with("/acme/_usersSettings/keys"), "{row}");
        assert_eq!(run.json()["connections"][0]["saved"], true);
    }
    assert!(served.requests().iter().all(|request| request["method"] == "GET"));
}

#[test]
fn flux_and_argo_cd_sign_in_with_a_key_at_both_kinds_of_bitbucket() {
    let home = Home::new();
    let served = Served::start(&home, "ready");
    let names = "username = \"octocat\"\nemail = \"octocat@acme.example\"\n";
    // What the key is for, where it is registered, what the platform does with it, and how that ends.
    for (provider, token, owner, platform, ssh, code, words) in [
        ("bitbucket", "bitbucket-keys", "acme", "argocd", "", 0, "is registered to read ("),
        ("bitbucket", "bitbucket-keys", "acme", "flux", "", 1, "reads and never writes"),
        ("bitbucket", "bitbucket-keys", "acme", "flux", "scope = \"account\"\n", 0, "is registered to read and write"),
        ("bitbucket-dc", "bitbucket-dc-flux", "ACME", "argocd", "", 0, "is registered to read ("),
        ("bitbucket-dc", "bitbucket-dc-flux", "ACME", "flux", "", 0, "is registered to read and write"),
    ] {
        let home = Home::new();
        let names = if provider == "bitbucket" { names } else { "" };
        let host = served.host_of(provider);
        let text = format!(
            "version = 1\nplatform = \"{platform}\"\nprovider = \"{provider}\"\nhost = \"{host}\"\nowner = \"{owner}\"\n{names}[token]\nfile = \"{}\"\nexpires = 2027-06-01\n[repository]\nname = \"webshop\"\n[ssh]\ngenerate = \"k\"\n{ssh}",
            served.token_file(token).display()
        );
        let file = home.write("answers.toml", &text).display().to_string();
        let run = home.run(&["setup", "--format", "json", "--answers", &file]).expect(code);
        let row = run.check("ssh-key");
        assert_eq!(row["verdict"], if code == 0 { "unknown" } else { "fail" }, "{provider} {platform}: {}", run.stdout);
        assert!(row["detail"].as_str().unwrap().contains(words), "{provider} {platform} {ssh}: {row}");
    }
}
