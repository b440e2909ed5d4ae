//! The calendar entry, read as RFC 5545 reads it: lines ended by CR LF, folded at 75 octets, times in UTC.

use super::{export, home};

/// A content line: name, parameters, value.
fn lines(text: &str) -> Vec<(String, String)> {
    assert!(text.ends_with("\r\n"), "the last line is ended, too (3.1)");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "a bare line feed (3.1)");
    assert_eq!(text.matches('\r').count(), text.matches("\r\n").count(), "a bare carriage return (3.1)");
    for line in text.split("\r\n") {
        assert!(line.len() <= 75, "{} octets: {line}", line.len());
    }
    let unfolded = text.replace("\r\n ", "").replace("\r\n\t", "");
    let lines = unfolded.trim_end_matches("\r\n").split("\r\n");
    lines
        .map(|line| {
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no content line: {line}"));
            assert!(name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-'), "{line}");
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

/// Reads a calendar with one event to its end, and gives its begin and end.
pub fn event(text: &str) -> (String, String) {
    let lines = lines(text);
    let mut open = Vec::new();
    let mut seen: Vec<(String, String)> = Vec::new();
    for (name, value) in &lines {
        match name.as_str() {
            "BEGIN" => open.push(value.clone()),
            "END" => assert_eq!(open.pop().as_ref(), Some(value)),
            _ => seen.push((format!("{}/{name}", open.last().unwrap()), value.clone())),
        }
    }
    assert!(open.is_empty());
    let one = |key: &str| {
        let all: Vec<_> = seen.iter().filter(|(name, _)| name == key).collect();
        assert_eq!(all.len(), 1, "{key} stands once");
        all[0].1.clone()
    };
    assert_eq!(one("VCALENDAR/VERSION"), "2.0");
    assert!(!one("VCALENDAR/PRODID").is_empty() && !one("VEVENT/UID").is_empty());
    for moment in ["VEVENT/DTSTAMP", "VEVENT/DTSTART", "VEVENT/DTEND"].map(one) {
        let (day, time) = moment.split_once('T').unwrap();
        assert!(day.len() == 8 && time.len() == 7 && time.ends_with('Z'), "{moment} is not in UTC (3.3.5)");
        assert!((day.to_owned() + &time[..6]).bytes().all(|byte| byte.is_ascii_digit()), "{moment}");
    }
    // An alarm that shows something has all three (3.6.6).
    let alarms = lines.iter().filter(|(name, value)| name == "BEGIN" && value == "VALARM").count();
    for key in ["VALARM/ACTION", "VALARM/TRIGGER", "VALARM/DESCRIPTION"] {
        assert_eq!(seen.iter().filter(|(name, _)| name == key).count(), alarms, "{key}");
    }
    let trigger = |value: &str| value.strip_prefix("-P").is_some_and(|rest| rest.ends_with('D') && rest.len() > 1);
    assert!(seen.iter().filter(|(name, _)| name == "VALARM/TRIGGER").all(|(_, value)| trigger(value)));
    (one("VEVENT/DTSTART"), one("VEVENT/DTEND"))
}

#[test]
fn a_long_name_in_another_alphabet_is_folded_between_its_letters() {
    let home = home();
    let long = "l".repeat(60);
    home.run(&["rename", "github", &long]).expect(0);
    let calendar = export(&home, &long, "ics", &["--set", "days=90,60,3"]).expect(0).stdout;
    event(&calendar);
    assert!(calendar.contains("\r\n "), "something was folded");
    let unfolded = calendar.replace("\r\n ", "");
    assert_eq!(unfolded.matches("BEGIN:VALARM").count(), 3);
    assert!(unfolded.contains(&format!("SUMMARY:The token of {long} ends\r\n")));
}

#[test]
fn why_there_is_no_reminder_is_said_as_it_is() {
    let home = home();
    let config = home.config_text();
    for (source, reason) in [
        ("never", "this token never ends, so that there is nothing to remind of"),
        ("unknown", "it is not known when this token ends, so that there is nothing to remind of"),
    ] {
        let ends = "expires = 2027-02-01T00:00:00Z\nexpires_source = \"user\"";
        std::fs::write(home.config(), config.replace(ends, &format!("expires_source = {source:?}"))).unwrap();
        let run = export(&home, "github", "ics", &[]).expect(2);
        assert!(run.stdout.is_empty() && run.stderr.contains(reason), "{source}: {}", run.stderr);
    }
}
