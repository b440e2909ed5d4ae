//! Every platform with every provider: set up in the sandbox, or refused with the reason and what to use instead.

use crate::program::{Home, Run};

const PLATFORMS: [&str; 6] = ["keptn", "devtron", "qovery", "dxup", "flux", "argocd"];
const PROVIDERS: [&str; 6] = ["github", "gitlab", "bitbucket", "azure-devops", "gitea", "bitbucket-dc"];

/// What goes together, by hand. Keptn takes any git server that it can reach, so what it says of the last two is its own.
const SAVED: [(&str, &[&str]); 6] = [
    ("keptn", &["github", "gitlab", "bitbucket", "azure-devops", "gitea"]),
    ("devtron", &["github", "gitlab", "bitbucket", "azure-devops"]),
    ("qovery", &["github", "gitlab", "bitbucket"]),
    ("dxup", &["github", "bitbucket"]),
    ("flux", &PROVIDERS),
    ("argocd", &PROVIDERS),
];
const OPEN: [(&str, &str); 1] = [("keptn", "bitbucket-dc")];

fn setup(home: &Home, platform: &str, provider: &str) -> Run {
    home.run(&["setup", "--sandbox", "--platform", platform, "--provider", provider, "--format", "json"])
}

/// What the program itself says of each pair: platform, provider, whether it is supported, and why not.
fn told() -> Vec<(String, String, bool, String)> {
    let json = Home::new().run(&["platforms", "--format", "json"]).expect(0).json();
    let mut pairs = Vec::new();
    for platform in json["platforms"].as_array().unwrap() {
        for pair in platform["providers"].as_array().unwrap() {
            let text = |json: &serde_json::Value| json.as_str().unwrap_or_default().to_owned();
            let supported = pair["supported"] == true;
            pairs.push((text(&platform["id"]), text(&pair["provider"]), supported, text(&pair["reason"])));
        }
    }
    pairs
}

fn is_saved(platform: &str, provider: &str) -> bool {
    SAVED.iter().any(|(one, providers)| *one == platform && providers.contains(&provider))
}

#[test]
fn the_table_of_pairs_is_what_the_program_says() {
    let told = told();
    for platform in PLATFORMS {
        for provider in PROVIDERS {
            let Some(pair) = told.iter().find(|pair| pair.0 == platform && pair.1 == provider) else {
                assert!(told.iter().all(|pair| pair.1 != provider), "{platform} says nothing of {provider}");
                eprintln!("{platform} x {provider} waits for a provider that is not in this program");
                continue;
            };
            if !OPEN.contains(&(platform, provider)) {
                assert_eq!(pair.2, is_saved(platform, provider), "{platform} x {provider}: {}", pair.3);
            }
        }
    }
    assert!(told.iter().all(|pair| PROVIDERS.contains(&pair.1.as_str())), "a provider is not in the table");
}

#[test]
fn what_goes_together_is_saved() {
    let mut counted = 0;
    for (platform, provider, supported, _) in told().iter().filter(|pair| PLATFORMS.contains(&pair.0.as_str())) {
        if !supported {
            continue;
        }
        let home = Home::new();
        let run = setup(&home, platform, provider).expect(0);
        let report = run.json();
        assert_ne!(report["verdict"], "fail", "{platform} x {provider}: {report}");
        assert_eq!(report["connections"][0]["saved"], true, "{platform} x {provider}: {report}");
        let config = std::fs::read_to_string(report["config"].as_str().unwrap()).unwrap();
        for line in [format!("platform = \"{platform}\""), format!("provider = \"{provider}\"")] {
            assert!(config.lines().any(|one| one == line), "{platform} x {provider}: {config}");
        }
        counted += 1;
    }
    assert!(counted >= 14, "{counted}");
}

#[test]
fn what_does_not_go_together_says_why_since_when_and_what_does() {
    let mut counted = 0;
    for (platform, provider, supported, reason) in told() {
        if supported {
            continue;
        }
        let run = setup(&Home::new(), &platform, &provider).expect(2);
        let problems = run.json()["problems"].as_array().unwrap().clone();
        assert_eq!(problems.len(), 1, "{platform} x {provider}: {}", run.stdout);
        let message = problems[0]["message"].as_str().unwrap();
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words(message).contains(&words(&reason)), "{platform} x {provider}: {message}");
        let title = Home::new().run(&["platforms", &platform, "--format", "json"]).json();
        let title = title["platforms"][0]["title"].as_str().unwrap();
        assert!(message.contains(&format!("{title} does not work with ")), "{message}");
        // Where it comes from, with its day; and what to use.
        let day = |word: &str| word.len() == 10 && word.split('-').map(str::len).eq([4, 2, 2]);
        assert!(reason.split(|letter: char| !(letter.is_ascii_digit() || letter == '-')).any(day), "{reason}");
        assert!(["se ", "irror", "hoose "].iter().any(|word| reason.contains(word)), "{reason}");
        // The answers file is told the same.
        let home = Home::new();
        let text = format!(
            "version = 1\nplatform = \"{platform}\"\nprovider = \"{provider}\"\nhost = \"https://git.example\"\n\
             owner = \"acme\"\n[token]\nenv = \"X\"\n"
        );
        let answers = home.write("answers.toml", &text);
        let run = home.run(&["setup", "--format", "json", "--answers", answers.to_str().unwrap()]).expect(2);
        let problems = run.json()["problems"].as_array().unwrap().clone();
        let told = |problem: &serde_json::Value| {
            problem["key"] == "provider" && problem["line"] == 3 && problem["message"] == reason
        };
        assert!(problems.iter().any(told), "{platform} x {provider}: {problems:?}");
        counted += 1;
    }
    assert!(counted >= 4, "{counted}");
}

#[test]
fn platforms_show_where_everything_is_done_and_what_to_see_to() {
    let home = Home::new();
    let json = home.run(&["platforms", "qovery", "--format", "json"]).expect(0).json();
    let platform = &json["platforms"][0];
    assert!(platform["reach"].as_str().unwrap().contains("firewall"));
    let github = &platform["providers"][0];
    for (what, url) in [
        ("sign_up", "https://github.com/"),
        ("new_owner", "https://github.com/organizations/"),
        ("new_repository", "https://github.com/"),
        ("tokens", "https://github.com/settings/"),
    ] {
        assert!(github["pages"][what].as_str().is_some_and(|page| page.starts_with(url)), "{what}: {github}");
    }
    let classic = &github["tokens"][0];
    assert!(classic["revoke_page"].as_str().unwrap().starts_with("https://github.com/settings/tokens"));
    assert!(classic["page"]["url"].as_str().unwrap().contains("scopes=repo,admin:repo_hook,read:org"));
    let advice = classic["advice"].to_string();
    for piece in ["github-main-org-production", "90 days to a year", "shows it once", "no single person"] {
        assert!(advice.contains(piece), "{piece}: {advice}");
    }
    let text = home.run(&["platforms", "qovery"]).expect(0).stdout;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for piece in [
        "uninstall the app last",
        "https://github.com/organizations/",
        "Revoke it here",
        "github-main-org-production",
        "Role of the account: Maintainer or Owner",
        "With a server of your own: Qovery runs outside of your network",
        "Git Repository Access",
        "as the last test",
    ] {
        assert!(text.contains(piece), "{piece}: {text}");
    }
}
