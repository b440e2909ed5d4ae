//! When a token ends, and by which clock: what is known of it counts wherever nobody tells it anew.

use std::fs;

use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::manage::home_with;
use crate::program::{Home, Served};
use crate::proof::{Job, READY, Stage};

/// A home with a connection to the sandbox, whose token ends as `ends` says.
fn home_at(served: &Served, token: &str, ends: &str) -> Home {
    let home = home_with(&["one"]);
    let text = home.config_text().replace("https://github.com", &served.host());
    let text = text.replacen("expires_source = \"unknown\"", ends, 1).replace("user-one", "octocat");
    let path = text.lines().find_map(|line| line.strip_prefix("path = ")).unwrap().to_owned();
    let kept = served.token_file(token).display().to_string();
    fs::write(home.config(), text.replace(&path, &format!("{kept:?}"))).unwrap();
    home
}

#[test]
fn an_end_in_the_past_stays_past_where_the_token_is_refused() {
    let away = Home::new();
    let served = Served::start(&away, "expired");
    for (source, who) in [("user", ", as you say"), ("provider", ", as was told before")] {
        let ends = format!("expires = 2026-10-31T00:00:00Z\nexpires_source = \"{source}\"");
        let home = home_at(&served, "devtron", &ends);
        let run = home.run(&["check", "--format", "json"]).expect(1);
        let (expiry, identity) = (run.check("expiry"), run.check("identity"));
        assert_eq!((&expiry["verdict"], &expiry["fault"]), (&"fail".into(), &"expired".into()), "{}", run.stdout);
        assert_eq!(expiry["detail"], format!("It ended on 2026-10-31{who}."));
        // The provider does not tell a token that ended from one that never was: its fault stays as it is.
        assert_eq!((&identity["verdict"], &identity["fault"]), (&"fail".into(), &"auth".into()));
        let told = identity["detail"].as_str().unwrap();
        assert!(told.ends_with(&format!(" It ended on 2026-10-31{who}.")), "{told}");
        let token = &run.json()["connections"][0]["token"];
        assert_eq!((&token["expires"], &token["expires_source"]), (&"2026-10-31T00:00:00Z".into(), &source.into()));
    }
    // An end that is still to come says nothing of a token that is refused now.
    let home = home_at(&served, "devtron", "expires = 2126-10-31T00:00:00Z\nexpires_source = \"provider\"");
    let run = home.run(&["check", "--format", "json"]).expect(1);
    assert_eq!(run.check("expiry")["verdict"], "unknown");
    assert!(!run.check("identity")["detail"].as_str().unwrap().contains("It ended"));
}

#[test]
fn offline_the_source_of_the_end_is_that_of_the_config() {
    for source in ["user", "provider"] {
        let home = home_with(&["one"]);
        let at = Timestamp::now() + 1000.hours();
        let line = format!("expires = {at}\nexpires_source = \"{source}\"");
        fs::write(home.config(), home.config_text().replacen("expires_source = \"unknown\"", &line, 1)).unwrap();
        let run = home.run(&["check", "--offline", "--format", "json"]).expect(0);
        assert_eq!(run.json()["connections"][0]["token"]["expires_source"], source);
        assert_eq!(run.check("expiry")["verdict"], "pass");
        // Whole seconds, whatever the config says.
        let told = run.json()["connections"][0]["token"]["expires"].as_str().unwrap().to_owned();
        assert_eq!((told.len(), told.ends_with('Z')), (20, true), "{told}");
        assert_eq!(home.run(&["list", "--format", "json"]).json()["connections"][0]["token"]["expires"], told.as_str());
    }
    let home = home_with(&["one"]);
    fs::write(home.config(), home.config_text().replacen("\"unknown\"", "\"never\"", 1)).unwrap();
    let run = home.run(&["check", "--offline", "--format", "json"]).expect(0);
    assert_eq!(
        (&run.check("expiry")["verdict"], &run.check("expiry")["detail"]),
        (&"warn".into(), &"It never ends.".into())
    );
}

#[test]
fn text_and_numbers_round_an_end_alike() {
    for (hours, days, text) in [
        (-24 * 20 - 18, -20, "ended 20 days ago ("),
        (-5, 0, "ended less than a day ago ("),
        (5, 0, "in less than a day ("),
        (24 * 20 + 18, 20, "in 20 days ("),
    ] {
        let home = home_with(&["one"]);
        let line = format!("expires = {}\nexpires_source = \"user\"", Timestamp::now() + hours.hours());
        fs::write(home.config(), home.config_text().replacen("expires_source = \"unknown\"", &line, 1)).unwrap();
        let list = home.run(&["list"]).expect(0).stdout;
        assert!(list.contains(text), "{list}");
        let shown = home.run(&["list", "--format", "json"]).expect(0).json()["connections"][0]["token"].clone();
        assert_eq!(shown["days_left"], days);
        let checked = home.run(&["check", "--offline", "--format", "json"]).json();
        assert_eq!(checked["connections"][0]["token"]["days_left"], days);
    }
}

/// The clock of this computer is off, by so many hours: the forge's counts, in the text and in the numbers alike.
#[tokio::test]
async fn the_clock_of_the_forge_counts_in_every_number() {
    let stage = Stage::of(READY).await;
    let job = Job::dry(&stage, "devtron");
    let dir = tempfile::tempdir().unwrap();
    let saved = Job { dry: false, ..job.clone() }.run_in(dir.path()).await;
    assert!(saved.is_saved());
    let held = saved.connection().unwrap();
    let ends = held.token.as_ref().and_then(|token| token.expires).unwrap();
    let true_days = git_access::check::days_between(Timestamp::now(), ends);
    for (hours, apart) in [(0, None), (1, Some("60 minutes")), (5, Some("5 hours")), (-240, Some("10 days"))] {
        let off = Timestamp::now() + SignedDuration::from_hours(hours) + SignedDuration::from_secs(30 * hours.signum());
        let wizard = job.check_at(&held, dir.path(), off).await;
        let entry = git_access::report::Entry::of(&wizard);
        let said = |id: &str| entry.checks.iter().find(|check| check.id.name() == id).unwrap().detail.clone();
        let days = entry.days_left.unwrap();
        assert!((days - true_days).abs() <= 1, "{hours}: {days} of {true_days}");
        assert!(said("expiry").contains(&format!("in {days} days")), "{}", said("expiry"));
        match apart {
            Some(apart) => assert!(said("reach").contains(&format!("differ by {apart};")), "{}", said("reach")),
            None => assert!(!said("reach").contains("differ"), "{}", said("reach")),
        }
        assert_eq!(entry.judged != off, apart.is_some());
    }
}

/// The list agrees with the check that saw how far the clock here is off.
#[test]
fn the_list_goes_by_the_clock_that_the_check_went_by() {
    let now = Timestamp::now();
    for (off, days, text) in [(-240, 30, "in 30 days"), (240, 10, "in 10 days"), (24 * 25, -4, "ended 4 days ago")] {
        let home = home_with(&["one"]);
        let line = format!("expires = {}\nexpires_source = \"user\"", now + (24 * 20 + 1).hours());
        fs::write(home.config(), home.config_text().replacen("expires_source = \"unknown\"", &line, 1)).unwrap();
        let record = format!(
            "{{\"checked\": \"{now}\", \"judged\": \"{}\", \"verdict\": \"warn\", \"expires\": null}}",
            now + off.hours()
        );
        home.write("state/git-access/id-one.json", &record);
        let list = home.run(&["list"]).expect(0).stdout;
        assert!(list.contains(text), "{off}: {list}");
        let shown = home.run(&["show", "one", "--format", "json"]).expect(0).json()["connection"]["token"].clone();
        assert_eq!(shown["days_left"], days, "{off}");
    }
}
