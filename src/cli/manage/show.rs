//! `show`: everything about one connection, and what to enter at its platform.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::answers::KeyScope;
use crate::check::day;
use crate::cli::platforms::platforms_and_broken;
use crate::cli::standing::Standing;
use crate::cli::table::{Cell, Tone, columns, wrapped};
use crate::cli::{Out, Refusal};
use crate::config::{Connection, SshRecord};
use crate::disk::Paths;
use crate::platform::Platform;
use crate::text::sanitise;

pub fn show(out: &Out, paths: &Paths, name: &str) -> Result<(), Refusal> {
    let config = super::config(paths)?;
    super::tell_exposed(out, paths, config.connection(name));
    shown(out, paths, name)
}

/// The same without what is told once for the whole list.
pub fn shown(out: &Out, paths: &Paths, name: &str) -> Result<(), Refusal> {
    let config = super::config(paths)?;
    let connection = super::named(&config, paths, name)?;
    let standing = Standing::of(connection, &config, paths);
    let (platforms, broken) = platforms_and_broken(paths);
    for refusal in broken.iter().flat_map(Refusal::all) {
        out.failure(&refusal.message, &refusal.remedy);
    }
    let platform = platforms.iter().find(|platform| platform.id == connection.platform);
    if out.is_json() {
        out.json(&document(&standing, platform));
    } else {
        out.data(&text(&standing, platform, out.color));
    }
    Ok(())
}

fn document(standing: &Standing<'_>, platform: Option<&Platform>) -> Json {
    let connection = standing.connection;
    let mut json = standing.json();
    json["id"] = connection.id.as_str().into();
    json["email"] = connection.email.clone().into();
    json["origins"] = origins(connection).into();
    json["api_url"] = connection.site.api.to_string().into();
    json["git_username"] = connection.git_username.clone().into();
    json["scopes"] = connection
        .verified
        .as_ref()
        .and_then(|verified| verified.scopes.as_ref())
        .map(|scopes| json!(scopes))
        .unwrap_or_default();
    json["reach"] = platform.and_then(|platform| platform.reach_note(&connection.site)).into();
    json["ssh"] =
        connection.ssh.as_ref().map(|ssh| ssh_json(ssh, connection.key_page().as_deref())).unwrap_or_default();
    json["exports"] = json!(standing.record.exports);
    json["notices"] = json!(standing.record.notices);
    if let Some(repository) = &connection.repository {
        json["repository"] = json!({
            "url": repository.url, "ssh_url": repository.ssh_url, "branch": repository.branch,
            "created_by_us": repository.created_by_us,
        });
    }
    json["handover"] = json!({
        "menu": platform.map(|platform| &platform.handover.menu),
        "steps": platform.map(|platform| platform.steps(connection)),
        "fields": platform.map(|platform| platform.entered(connection)).unwrap_or_default().into_iter().map(|field| {
            json!({ "name": field.name, "value": field.value })
        }).collect::<Vec<_>>(),
        "parameters": connection.handover,
    });
    json!({ "version": 1, "connection": json })
}

fn ssh_json(ssh: &SshRecord, page: Option<&str>) -> Json {
    json!({
        "public_key": ssh.public_key.to_string(),
        "private_key": ssh.private_key.as_ref().map(|path| path.display().to_string()),
        "fingerprint": ssh.fingerprint,
        "scope": ssh.scope.map(KeyScope::name),
        "read_only": ssh.read_only,
        "page": page,
    })
}

fn text(standing: &Standing<'_>, platform: Option<&Platform>, color: bool) -> String {
    let connection = standing.connection;
    let active = if standing.active { " (active)" } else { "" };
    let mut text = format!("{}{active}\n", Tone::Title.paint(&connection.name, color));
    for (label, value) in facts(standing) {
        let _ = writeln!(text, "  {label:14}{}", sanitise(&value, 2000));
    }
    if let Some((verdict, at)) = standing.verdict() {
        let word = Tone::of_verdict(verdict).paint(&sanitise(verdict, 20), color);
        let _ = writeln!(text, "  {:14}{word} on {}{}", "Last verdict", day(at), standing.because_text(usize::MAX));
    }
    if let Some(at) = standing.refused() {
        let word = Tone::Bad.paint("refused", color);
        let _ = writeln!(text, "  {:14}the forge {word} the token on {}, as git tells", "Since then", day(at));
    }
    for left in &standing.record.left_behind {
        let _ = writeln!(text, "  {:14}{}", "Left behind", sanitise(left, 500));
    }
    if let Some(note) = platform.and_then(|platform| platform.reach_note(&connection.site)) {
        text.push_str(&wrapped(&sanitise(&note, 2000), "  "));
    }
    for notice in &standing.record.notices {
        let _ = writeln!(text, "  {:14}{}", "Note", sanitise(notice, 500));
    }
    hand_over(&mut text, standing, platform, color);
    text
}

fn facts(standing: &Standing<'_>) -> Vec<(&'static str, String)> {
    let connection = standing.connection;
    let site = &connection.site;
    let mut facts = vec![
        ("Platform", connection.platform.clone()),
        ("Provider", site.provider.to_string()),
        ("Host", site.host.to_string()),
        ("API", site.api.to_string()),
        ("Owner", standing.owner_text()),
    ];
    let mut add = |label, value: Option<String>| facts.extend(value.map(|value| (label, value)));
    add("Account", connection.username.clone());
    add("E-mail", connection.email.clone());
    add("Git user name", connection.git_username.clone());
    if let Some(repository) = &connection.repository {
        add("Repository", Some(repository.url.clone()));
        add("Over SSH", repository.ssh_url.clone());
        add("Branch", repository.branch.clone());
    }
    if let Some(token) = &connection.token {
        add("Token", Some(token.kind.map_or("of an unknown kind", |kind| kind.0).to_owned()));
        add("Ends", Some(standing.ends_text()));
        add("Rotate by", token.rotate_by.map(day));
    }
    if let Some(ssh) = &connection.ssh {
        add("Public key", Some(ssh.public_key.to_string()));
        add("Private key", ssh.private_key.as_ref().map(|path| path.display().to_string()));
        add("Fingerprint", ssh.fingerprint.clone());
        let access = if ssh.read_only == Some(true) { "reads" } else { "reads and writes" };
        add("Key opens", ssh.scope.map(|scope| format!("the {} ({access})", scope.name())));
        add("Key page", connection.key_page());
    }
    if let Some(verified) = &connection.verified {
        add("Identity", verified.identity.clone());
        add(
            "Scopes",
            verified.scopes.as_ref().map(|scopes| match scopes.len() {
                0 => "none".to_owned(),
                _ => scopes.iter().cloned().collect::<Vec<_>>().join(", "),
            }),
        );
    }
    add("Kept in", Some(standing.rests()));
    if connection.token.is_some() {
        add("Sent only to", Some(origins(connection).join(", ")));
    }
    let accepted = (!connection.accepted.is_empty()).then(|| connection.accepted.join(", "));
    add("Accepted", accepted.map(|ids| format!("although they failed: {ids}")));
    let exports: Vec<_> = standing.record.exports.iter().map(ToString::to_string).collect();
    add("Exported", (!exports.is_empty()).then(|| exports.join(", ")));
    facts
}

fn hand_over(text: &mut String, standing: &Standing<'_>, platform: Option<&Platform>, color: bool) {
    let Some(platform) = platform else {
        let _ = writeln!(
            text,
            "\nWhat to enter there is not known: there is no platform {}",
            sanitise(&standing.connection.platform, 80)
        );
        return;
    };
    let title = sanitise(&platform.handover_title(), 120);
    let _ = writeln!(text, "\n{}", Tone::Title.paint(&title, color));
    if !platform.menu().is_empty() {
        let _ = writeln!(text, "  {}", sanitise(platform.menu(), 300));
    }
    let fields = platform.entered(standing.connection).into_iter();
    let rows: Vec<Vec<Cell>> = fields.map(|field| vec![Cell::from(field.name), Cell::from(field.value)]).collect();
    text.push_str(&columns("    ", &rows, false));
    for (key, value) in &standing.connection.handover {
        let _ = writeln!(text, "     {}: {}", sanitise(key, 80), sanitise(value, 300));
    }
    for (number, step) in platform.steps(standing.connection).iter().enumerate() {
        let _ = write!(text, "  {}.", number + 1);
        text.push_str(wrapped(&sanitise(step, 2000), "     ").get(4..).unwrap_or_default());
    }
}

fn origins(connection: &Connection) -> Vec<String> {
    connection.site.origins().iter().map(ToString::to_string).collect()
}
