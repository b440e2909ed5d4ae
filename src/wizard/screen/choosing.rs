//! Platform and provider: each choice says what comes with it.

use super::{Ask, Choice, Control, Note, NoteKind, Screen};
use crate::answers::Field;
use crate::platform::{Level, Pair, Platform, RepositoryRule};
use crate::provider::{Need, Projects, Provider};
use crate::wizard::{Step, Wizard};

pub(super) fn platform(wizard: &Wizard) -> Screen {
    let rows = wizard.platforms.iter().map(platform_row).collect();
    let help =
        "The program that will sign in at the forge. Each needs other rights; the ones that follow are about yours.";
    Screen {
        step: Step::Platform,
        title: "Who will use the access?".into(),
        lead: vec!["Choose the platform that will work with your Git forge.".into()],
        asks: vec![Ask::new(Field::Platform, "Platform", help, Control::Choice(rows))],
        notes: Vec::new(),
    }
}

fn platform_row(platform: &Platform) -> Choice {
    let mut does = Vec::new();
    does.extend(platform.reads.then_some("reads"));
    does.extend(platform.writes.then_some("pushes"));
    does.extend(platform.creates.map(|_| "creates repositories"));
    for deed in &platform.does {
        does.push(match deed.need {
            Need::Webhooks => "adds webhooks",
            Need::PullRequests => "opens pull requests",
            Need::Delete => "deletes",
        });
    }
    let repository = match platform.repository {
        RepositoryRule::Required if platform.wants_empty => "It needs one repository, and that has to be empty.",
        RepositoryRule::Required => "It needs one repository.",
        RepositoryRule::Optional => "One repository can be named and is then checked as well.",
        RepositoryRule::Refused => "No single repository is named: the access is for all of the owner's.",
    };
    let row = Choice::new(&platform.id, &platform.title, does.join(", "));
    let mut row =
        row.detail(&platform.about).detail(repository).detail(&format!("Who may enter it there: {}", platform.who));
    for notice in platform.notices.iter().filter(|notice| notice.provider.is_none()) {
        row = row.detail(&notice.text);
    }
    row
}

pub(super) fn provider(wizard: &Wizard) -> Screen {
    let platform = wizard.platform();
    let rows = Provider::ALL.iter().map(|provider| provider_row(platform, *provider)).collect();
    let mut asks = vec![Ask::new(Field::Provider, "Provider", "The kind of forge.", Control::Choice(rows))];
    let answers = wizard.answers();
    let mut notes = Vec::new();
    if let Some(provider) = answers.provider() {
        let rules = provider.rules();
        if wizard.is_played() {
            // Its hosts stand in for all others, and there is nothing to ask.
            let host = answers.site().map(|site| site.host.to_string()).unwrap_or_default();
            notes.push(Note::new(
                NoteKind::Advice,
                format!("A sandbox: this program plays {provider} at {host}"),
                None,
            ));
        } else {
            asks.extend(server(wizard, provider));
        }
        notes.extend(notices(platform, provider));
        if let Some(site) = answers.site() {
            if site.host.origin().is_private() && platform.is_some_and(|platform| !platform.is_own_use()) {
                let text = "This address is not reachable from everywhere: the platform has to reach it as well.";
                notes.push(Note::new(NoteKind::Advice, text, None));
            }
            notes.push(Note::new(NoteKind::Link, "No account there yet?", Some(rules.sign_up_page(&site))));
        }
    }
    Screen {
        step: Step::Provider,
        title: "Where are the repositories?".into(),
        lead: vec!["Choose the forge, and say which one where it is your own.".into()],
        asks,
        notes,
    }
}

/// Which server of the provider, and how it is reached.
fn server(wizard: &Wizard, provider: Provider) -> Vec<Ask> {
    let rules = provider.rules();
    let help = "The address that you open in a browser. Your own server: its address, with the path if it has one.";
    let host = Ask::text(Field::Host, "Host", help);
    let host = match rules.default_host() {
        Some(default) => host.default(default),
        None => host,
    };
    let api = wizard.answers().site().map(|site| rules.api(&site.host).to_string());
    let help = "Where the API answers, if it is not where this provider usually has it.";
    let api_url = Ask::text(Field::ApiUrl, "API address", help).advanced();
    let api_url = match api {
        Some(api) => api_url.default(api),
        None => api_url,
    };
    let help = "A file (PEM) of certificate authorities to trust besides the system's: for a server with a certificate of your own.";
    let authorities = Ask::text(Field::CaFile, "CA file", help).advanced();
    let help = "A file (PEM) with a certificate of yours and its key: for servers that ask for one.";
    vec![host, api_url, authorities, Ask::text(Field::ClientCert, "Client certificate", help).advanced()]
}

/// What to know about a platform together with a provider.
pub(super) fn notices(platform: Option<&Platform>, provider: Provider) -> Vec<Note> {
    let all = platform.map(|platform| platform.notices.as_slice()).unwrap_or_default();
    let fits = all.iter().filter(|notice| notice.provider.as_ref().is_some_and(|id| id == provider.id()));
    fits.map(|notice| Note::new(NoteKind::Notice, &notice.text, notice.url.clone())).collect()
}

fn provider_row(platform: Option<&Platform>, provider: Provider) -> Choice {
    let rules = provider.rules();
    let note = rules.default_host().map_or("on your own host", |host| host.trim_start_matches("https://"));
    let row = Choice::new(provider.id(), provider.to_string(), note);
    match platform.map(|platform| platform.pair(provider)) {
        Some(Err(reason)) => Choice { refused: Some(sentence(&reason)), ..row },
        Some(Ok(pair)) => {
            let asks = asks_for(provider, pair);
            row.detail(&format!("You will be asked for {asks}.")).detail(&kinds(platform, provider))
        }
        None => row,
    }
}

fn asks_for(provider: Provider, pair: &Pair) -> String {
    let mut asks = vec!["the owner (organisation, group, workspace or account)"];
    let projects = provider.rules().projects();
    match projects {
        Projects::Required => asks.push("the project"),
        Projects::Optional => asks.push("the project, if you like"),
        Projects::None => {}
    }
    asks.push(if pair.token.is_empty() { "an SSH key" } else { "a token" });
    asks.join(", ")
}

/// Which kinds of token do, and how much the recommended one has to be able to.
fn kinds(platform: Option<&Platform>, provider: Provider) -> String {
    let Some(platform) = platform else { return String::new() };
    let fits = |row: &&crate::provider::KindRow| platform.refuses(provider, row.kind).is_none();
    let rows: Vec<_> = provider.rules().kinds().iter().filter(fits).collect();
    let Some(first) = rows.first() else { return "It signs in with an SSH key here.".into() };
    let needs = platform.needs(provider, first.kind, None);
    let required: Vec<_> =
        needs.iter().filter(|need| need.level == Level::Required).map(|need| need.scope.as_str()).collect();
    let titles: Vec<_> = rows.iter().map(|row| row.title).collect();
    match required.as_slice() {
        [] => format!("It signs in with: {}.", titles.join(", ")),
        scopes => format!("It signs in with: {}. The first needs {}.", titles.join(", "), scopes.join(", ")),
    }
}

/// A reason as a whole sentence.
fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}
