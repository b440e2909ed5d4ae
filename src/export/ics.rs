//! A calendar entry for the day on which the token ends, with reminders before it. RFC 5545.

use jiff::{SignedDuration, Timestamp};

use crate::config::ExpiresSource;

use super::{Case, Document, Format};

pub const FORMAT: Format = Format {
    name: "ics",
    about: "a calendar entry that reminds of the token's end",
    platform: None,
    parameters: &[("days", "when it reminds, in days before the end; default: 30,14,7,1")],
    carries_client: false,
    carries_files: false,
    write,
};

fn write(case: &Case<'_>, document: &mut Document) -> Result<String, String> {
    case.needs_token()?;
    let connection = case.connection;
    let planned = connection.token.as_ref().and_then(|token| token.rotate_by);
    let (at, what) = match (case.ends, planned) {
        (ends, Some(planned)) if ends.is_none_or(|ends| planned < ends) => (planned, "is to be rotated"),
        (Some(ends), _) => (ends, "ends"),
        _ if connection.token.as_ref().is_some_and(|token| token.expires_source == ExpiresSource::Never) => {
            return Err("this token never ends, so that there is nothing to remind of".into());
        }
        _ => return Err("it is not known when this token ends, so that there is nothing to remind of".into()),
    };
    let days = case.or("days", "30,14,7,1");
    let days: Vec<u16> = days
        .split(',')
        .map(|day| day.trim().parse().map_err(|_| "`days` are numbers with commas between them: 30,14,7"))
        .collect::<Result<_, _>>()?;
    let name = &connection.name;
    let who = match connection.platform.as_str() {
        "none" => "Git and your programs sign in".to_owned(),
        platform => format!("{platform} signs in"),
    };
    let mut lines = vec![
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".into(),
        format!("PRODID:-//git-access//{}//EN", env!("CARGO_PKG_VERSION")),
        "BEGIN:VEVENT".into(),
        // The same entry every time, so that importing it again moves it instead of doubling it.
        format!("UID:{}-end@git-access", connection.id),
        format!("DTSTAMP:{}", moment(case.now)),
        format!("DTSTART:{}", moment(at)),
        format!("DTEND:{}", moment(at.checked_add(SignedDuration::from_mins(30)).unwrap_or(at))),
        format!("SUMMARY:{}", escaped(&format!("The token of {name} {what}"))),
        format!(
            "DESCRIPTION:{}",
            escaped(&format!(
                "{who} at {} with it. Make a new one and run: git-access rotate {name}",
                connection.site.host
            ))
        ),
        "TRANSP:TRANSPARENT".into(),
    ];
    for day in days {
        lines.push("BEGIN:VALARM".into());
        lines.push("ACTION:DISPLAY".into());
        lines.push(format!("TRIGGER:-P{day}D"));
        let when = match day {
            0 => "today".to_owned(),
            1 => "tomorrow".to_owned(),
            days => format!("in {days} days"),
        };
        lines.push(format!("DESCRIPTION:{}", escaped(&format!("The token of {name} {what} {when}"))));
        lines.push("END:VALARM".into());
    }
    lines.extend(["END:VEVENT".to_owned(), "END:VCALENDAR".into()]);
    document.notes.push("Import it again after each rotation: it replaces the entry that is there.".into());
    Ok(lines.iter().map(|line| folded(line)).collect())
}

/// UTC: `20270201T000000Z`.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

/// A content line: at most 75 octets, continued after a blank, ended by CR LF.
fn folded(line: &str) -> String {
    let mut text = String::new();
    let mut width = 0;
    for letter in line.chars() {
        if width + letter.len_utf8() > 75 {
            text.push_str("\r\n ");
            width = 1;
        }
        text.push(letter);
        width += letter.len_utf8();
    }
    text.push_str("\r\n");
    text
}
