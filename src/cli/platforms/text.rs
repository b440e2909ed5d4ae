//! The knowledge about a platform, for people.

use std::fmt::Write as _;

use super::{condition_name, level_name, need_name, owner_kind_name, pages, token_page, usual_site};
use crate::cli::table::{Cell, Tone, columns, table, wrapped};
use crate::platform::{Level, Pair, Platform, RepositoryRule, Requirement};
use crate::provider::{KindRow, Provider, advice};
use crate::text::sanitise;

/// Every pair, in a table; below it, why some do not go together.
pub(super) fn overview(all: &[Platform], providers: &[Provider], color: bool) -> String {
    let mut titles = vec!["PLATFORM", "REPOSITORY"];
    titles.extend(providers.iter().map(|provider| provider.id()));
    let rows: Vec<Vec<Cell>> = all
        .iter()
        .map(|platform| {
            let mut row: Vec<Cell> = vec![platform.id.as_str().into(), repository_word(platform).into()];
            row.extend(providers.iter().map(|provider| match platform.pair(*provider) {
                Ok(pair) if pair.key.is_none() => Cell::new("token", Tone::Good),
                Ok(_) if takes_token(platform, *provider) => Cell::new("token or key", Tone::Good),
                Ok(_) => Cell::new("key", Tone::Good),
                Err(_) => Cell::new("no", Tone::Careful),
            }));
            row
        })
        .collect();
    let mut text = table(&titles, &rows, color);
    let mut reasons = String::new();
    for platform in all {
        for provider in providers {
            if let Err(reason) = platform.pair(*provider) {
                reasons.push_str(&wrapped(&format!("{} with {provider}: {reason}", platform.title), "  "));
            }
        }
    }
    if !reasons.is_empty() {
        let _ = write!(text, "\nWhat does not go together, and why:\n{reasons}");
    }
    text.push_str("\ngit-access platforms PLATFORM shows what to tick, why, and where to enter it.\n");
    text
}

fn takes_token(platform: &Platform, provider: Provider) -> bool {
    provider.rules().kinds().iter().any(|row| platform.refuses(provider, row.kind).is_none())
}

/// Everything about one platform.
pub(super) fn platform(platform: &Platform, providers: &[Provider], color: bool) -> String {
    let mut text = format!("{}\n", Tone::Title.paint(&safe(&platform.title), color));
    text.push_str(&wrapped(&safe(&platform.about), "  "));
    text.push_str(&wrapped(&format!("Who may enter the access: {}", safe(&platform.who)), "  "));
    text.push_str(&wrapped(&format!("Repository: {}", repository_sentence(platform)), "  "));
    if let Some(kind) = platform.owner_kind {
        text.push_str(&wrapped(
            &format!("Owner: it works with an owner of kind {} only.", owner_kind_name(kind)),
            "  ",
        ));
    }
    if let Some(reach) = &platform.reach {
        text.push_str(&wrapped(&format!("With a server of your own: {}", safe(reach)), "  "));
    }
    for deed in &platform.does {
        let line =
            format!("Besides git: {} ({}): {}", need_name(deed.need), level_name(deed.level), safe(&deed.reason));
        text.push_str(&wrapped(&line, "  "));
    }
    for provider in providers {
        heading(&mut text, &format!("With {provider}"), color);
        match platform.pair(*provider) {
            Ok(pair) => pair_text(&mut text, platform, pair, *provider, color),
            Err(reason) => text.push_str(&wrapped(&format!("Not possible: {}", safe(&reason)), "  ")),
        }
    }
    hand_over(&mut text, platform, color);
    notices(&mut text, platform, providers, color);
    heading(&mut text, "Where this comes from", color);
    for source in &platform.sources {
        let _ = writeln!(text, "  {} ({})", safe(&source.title), safe(&source.date));
        if let Some(url) = &source.url {
            let _ = writeln!(text, "    {}", safe(url));
        }
    }
    text
}

fn pair_text(text: &mut String, platform: &Platform, pair: &Pair, provider: Provider, color: bool) {
    for line in advice_of_all(provider) {
        text.push_str(&wrapped(&line, "  "));
    }
    for row in provider.rules().kinds() {
        kind_text(text, platform, pair, provider, row, color);
    }
    if !pair.roles.is_empty() {
        text.push_str(&wrapped(&format!("Role of the account: {}", safe(&pair.roles.join(" or "))), "  "));
    }
    if let Some(key) = &pair.key {
        let access = if key.read_only { "read-only" } else { "with write access" };
        text.push_str(&wrapped(&format!("SSH key, {access}: {}", safe(&key.reason)), "  "));
    }
    if let Some(user) = &pair.git_user {
        let _ = writeln!(text, "  User name that it sends to git: {}", safe(user));
    }
    let pages = pages(provider);
    if !pages.is_empty() {
        let _ = writeln!(text, "  Pages");
        for (what, url) in pages {
            let _ = writeln!(text, "    {:16}{url}", what.replace('_', " "));
        }
    }
    if !pair.fields.is_empty() {
        let _ = writeln!(text, "  Form fields");
        let rows: Vec<Vec<Cell>> =
            pair.fields.iter().map(|field| vec![field.name.as_str().into(), field.value.as_str().into()]).collect();
        text.push_str(&columns("    ", &rows, false));
    }
}

/// The advice for every kind, each line once.
fn advice_of_all(provider: Provider) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for line in provider.rules().kinds().iter().flat_map(|row| advice(provider, row)) {
        if !all.contains(&line) {
            all.push(line);
        }
    }
    all
}

fn kind_text(text: &mut String, platform: &Platform, pair: &Pair, provider: Provider, row: &KindRow, color: bool) {
    let _ = writeln!(text, "  {}", Tone::Title.paint(&format!("{} ({})", row.title, row.kind.0), color));
    if let Some(reason) = platform.refuses(provider, row.kind) {
        text.push_str(&wrapped(&format!("Cannot serve: {}", safe(&reason)), "    "));
        return;
    }
    text.push_str(&wrapped(row.advice, "    "));
    let needs = platform.needs(provider, row.kind, None);
    if needs.is_empty() {
        let _ = writeln!(text, "    Nothing has to be ticked.");
    }
    for need in needs {
        need_text(text, need, provider, color);
    }
    if let Some(page) = token_page(platform, pair, provider, row.kind) {
        let ticked = if page.prefilled { " (opens with these boxes ticked)" } else { "" };
        let _ = writeln!(text, "    Make it here{ticked}:\n      {}", page.url);
    }
    if let Some(site) = usual_site(provider) {
        let _ = writeln!(text, "    Revoke it here:\n      {}", provider.rules().tokens_page(&site, Some(row.kind)));
    }
}

fn need_text(text: &mut String, need: &Requirement, provider: Provider, color: bool) {
    let tone = if need.level == Level::Required { Tone::Good } else { Tone::Plain };
    let title = provider.rules().scope_title(&need.scope);
    let title = if title == need.scope { String::new() } else { format!(" ({})", safe(&title)) };
    let when = need.when.map(|when| format!(", only where the owner is of kind {}", condition_name(when)));
    let scope = tone.paint(&safe(&need.scope), color);
    let _ = writeln!(text, "    tick {scope}{title}: {}{}", level_name(need.level), when.unwrap_or_default());
    text.push_str(&wrapped(&safe(&need.reason), "      "));
}

fn hand_over(text: &mut String, platform: &Platform, color: bool) {
    heading(text, "Where to enter it", color);
    let _ = writeln!(text, "  {}", safe(&platform.handover.menu));
    for (number, step) in platform.handover.steps.iter().enumerate() {
        let _ = write!(text, "  {}.", number + 1);
        text.push_str(wrapped(&safe(step), "     ").get(4..).unwrap_or_default());
    }
    for parameter in &platform.handover.parameters {
        let _ = writeln!(text, "  [handover] {} in the answers file: {}", safe(&parameter.key), safe(&parameter.doc));
    }
}

fn notices(text: &mut String, platform: &Platform, providers: &[Provider], color: bool) {
    let concerns = |id: &Option<String>| id.as_ref().is_none_or(|id| providers.iter().any(|one| one.id() == id));
    let mut notices = platform.notices.iter().filter(|notice| concerns(&notice.provider)).peekable();
    if notices.peek().is_some() {
        heading(text, "To know before", color);
    }
    for notice in notices {
        let since = notice.since.as_ref().map(|since| format!(" (since {})", safe(since))).unwrap_or_default();
        text.push_str(&wrapped(&format!("{}{since}", safe(&notice.text)), "  "));
        if let Some(url) = &notice.url {
            let _ = writeln!(text, "    {}", safe(url));
        }
    }
}

fn heading(text: &mut String, title: &str, color: bool) {
    let _ = writeln!(text, "\n{}", Tone::Title.paint(title, color));
}

fn repository_word(platform: &Platform) -> &'static str {
    match (platform.repository, platform.wants_empty) {
        (RepositoryRule::Required, true) => "required, empty",
        (rule, _) => super::rule_name(rule),
    }
}

fn repository_sentence(platform: &Platform) -> String {
    let rule = match platform.repository {
        RepositoryRule::Required => "one is required",
        RepositoryRule::Optional => "one may be named, none has to",
        RepositoryRule::Refused => "none is named, the platform makes its own",
    };
    let empty = if platform.wants_empty { ", and it must have no commit" } else { "" };
    let use_of_it = match (platform.reads, platform.writes) {
        (true, true) => "It reads and pushes",
        (true, false) => "It reads and never pushes",
        (false, true) => "It pushes",
        (false, false) => "It does neither read nor push",
    };
    format!("{rule}{empty}. {use_of_it}.")
}

/// A file of the user's may hold anything.
fn safe(text: &str) -> String {
    sanitise(text, 2000)
}
