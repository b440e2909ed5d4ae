//! Connections that nobody has, for the list to show.

use std::sync::{Arc, Mutex};

use git_access::tui::{Checked, Desk, Parting, Row};

/// Three of them, or none.
#[derive(Clone)]
pub struct Drawer(Arc<Mutex<Vec<Row>>>);

impl Drawer {
    pub fn empty() -> Self {
        Self(Arc::default())
    }

    pub fn filled() -> Self {
        let (good, old) = (Some(("pass", "2026-11-20")), Some(("warn", "2026-11-19")));
        let row = |name: &str, platform: &str, provider: &str, ends: &str, urgent, verdict: Option<(&str, &str)>| Row {
            name: name.to_owned(),
            active: name.starts_with("devtron"),
            platform: platform.to_owned(),
            provider: provider.to_owned(),
            host: "https://git.example".to_owned(),
            owner: "acme".to_owned(),
            ends: ends.to_owned(),
            urgent,
            verdict: verdict.map(|(word, day)| (word.to_owned(), day.to_owned())),
            because: if verdict == old { ": expiry".to_owned() } else { String::new() },
        };
        Self(Arc::new(Mutex::new(vec![
            row("devtron-github-acme", "devtron", "GitHub", "in 73 days (2027-02-01)", false, good),
            row("flux-gitea-acme", "flux", "Gitea/Forgejo", "never", false, None),
            row("keptn-gitlab-acme", "keptn", "GitLab", "in 2 days (2026-11-22)", true, old),
        ])))
    }
}

impl Desk for Drawer {
    fn rows(&self) -> Result<Vec<Row>, String> {
        Ok(self.0.lock().unwrap().clone())
    }

    fn amiss(&self) -> Vec<String> {
        Vec::new()
    }

    fn show(&self, name: &str) -> Result<Vec<String>, String> {
        let lines =
            ["  Platform     devtron", "  Token        classic", "", "What to enter at Devtron", "  Settings > Git"];
        Ok([format!("{name} whole")].into_iter().chain(lines.map(str::to_owned)).collect())
    }

    fn parting(&self, _name: &str) -> Result<Parting, String> {
        let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        Ok(Parting {
            goes: owned(&["its entry in the config", "its stored secret (keyring)"]),
            stays: owned(&["the token at GitHub, which works until you revoke it there", "the repositories"]),
            then: owned(&["Git asks git-access for https://git.example: run git-access setup-git again afterwards."]),
        })
    }

    fn activate(&self, name: &str) -> Result<(), String> {
        self.0.lock().unwrap().iter_mut().for_each(|row| row.active = row.name == name);
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<String, String> {
        self.0.lock().unwrap().retain(|row| row.name != name);
        Ok(format!("Removed {name}."))
    }

    async fn check(&self, name: &str) -> Result<Checked, String> {
        let open = ("warn", "Token ends", "The token ends in 2 days.", "Make a new one with git-access rotate.");
        let open = [open].map(|(word, title, detail, remedy)| {
            (word.to_owned(), title.to_owned(), detail.to_owned(), remedy.to_owned())
        });
        Ok(if name.starts_with("keptn") {
            Checked { verdict: "warn".to_owned(), open: open.into() }
        } else {
            Checked { verdict: "pass".to_owned(), open: Vec::new() }
        })
    }
}
