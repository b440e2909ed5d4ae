//! What a scenario must fulfil beyond its shape: names that are safe as paths, and references that lead somewhere.
//!
//! Every name that becomes a piece of a path is checked here, once; past this no name can leave the data directory.

use std::collections::BTreeSet;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use jiff::Timestamp;
use toml::value::Datetime;

use super::imitation;
use super::scenario::{Disturbance, Scenario, Text};

/// What is wrong, and at which byte of the file.
pub(super) struct Problem {
    pub at: usize,
    pub message: String,
}

type Outcome = Result<(), Problem>;

pub(super) fn consistent(scenario: &Scenario) -> Outcome {
    programs(scenario)?;
    accounts(scenario)?;
    organisations(scenario)?;
    tokens(scenario)?;
    repositories(scenario)?;
    answers(scenario)?;
    scenario.disturbances.iter().try_for_each(disturbance)
}

/// A moment in UTC; a bare date means its first second.
pub(super) fn moment(datetime: &Datetime) -> Option<Timestamp> {
    let text = datetime.to_string();
    text.parse().ok().or_else(|| {
        let date: jiff::civil::Date = text.parse().ok()?;
        Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    })
}

/// One segment of a path, on every file system and in every URL.
pub(super) fn is_safe_name(name: &str) -> bool {
    (1..=100).contains(&name.len())
        && !name.starts_with('-')
        && name.bytes().any(|byte| byte != b'.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

fn programs(scenario: &Scenario) -> Outcome {
    let mut seen = BTreeSet::new();
    for program in &scenario.programs {
        known_provider(&program.provider)?;
        safe(&program.product)?;
        safe(&program.version)?;
        ensure(seen.insert(program.provider.to_string()), &program.provider, || {
            format!("There are two programs for `{}`.", &*program.provider)
        })?;
    }
    Ok(())
}

fn accounts(scenario: &Scenario) -> Outcome {
    let mut seen = BTreeSet::new();
    for account in &scenario.accounts {
        known_provider(&account.provider)?;
        safe(&account.login)?;
        let new = seen.insert((account.provider.to_string(), account.login.to_lowercase()));
        ensure(new, &account.login, || format!("There are two accounts with the login `{}`.", &*account.login))?;
    }
    Ok(())
}

fn organisations(scenario: &Scenario) -> Outcome {
    let mut seen = BTreeSet::new();
    for organisation in &scenario.organisations {
        known_provider(&organisation.provider)?;
        // One below another is named by its whole path: `acme/platform`.
        let nested = organisation.login.split('/').all(is_safe_name);
        ensure(nested, &organisation.login, || not_a_name(&organisation.login))?;
        let taken = is_account(scenario, &organisation.provider, &organisation.login);
        let new = seen.insert((organisation.provider.to_string(), organisation.login.to_lowercase()));
        ensure(new && !taken, &organisation.login, || {
            format!("The name `{}` is used by somebody else already.", &*organisation.login)
        })?;
        for member in &organisation.members {
            account(scenario, &organisation.provider, &member.login)?;
        }
    }
    Ok(())
}

fn tokens(scenario: &Scenario) -> Outcome {
    let mut seen = BTreeSet::new();
    for token in &scenario.tokens {
        known_provider(&token.provider)?;
        safe(&token.name)?;
        let new = seen.insert(token.name.to_string());
        ensure(new, &token.name, || format!("There are two tokens with the name `{}`.", &*token.name))?;
        account(scenario, &token.provider, &token.account)?;
        let mintable = imitation(&token.provider).is_some_and(|provider| provider.token_kinds.contains(&&*token.kind));
        ensure(mintable, &token.kind, || {
            format!("`{}` has no tokens of the kind `{}`.", &*token.provider, &*token.kind)
        })?;
        if let Some(owner) = &token.owner {
            is_owner(scenario, &token.provider, owner)?;
        }
        if let Some(expires) = &token.expires {
            let at = expires.span().start;
            if token.expires_in_days.is_some() {
                let message = "A token has either `expires` or `expires_in_days`.".to_owned();
                return Err(Problem { at, message });
            }
            if moment(expires.get_ref()).is_none() {
                let message = "This is not a day, or a moment with its offset from UTC.".to_owned();
                return Err(Problem { at, message });
            }
        }
    }
    Ok(())
}

fn repositories(scenario: &Scenario) -> Outcome {
    let mut seen = BTreeSet::new();
    for repository in &scenario.repositories {
        known_provider(&repository.provider)?;
        is_owner(scenario, &repository.provider, &repository.owner)?;
        for name in std::iter::once(&repository.name).chain(&repository.renamed_from) {
            safe(name)?;
            let new =
                seen.insert((repository.provider.to_string(), repository.owner.to_lowercase(), name.to_lowercase()));
            ensure(new, name, || format!("There are two repositories with the name `{}`.", &**name))?;
        }
        safe(&repository.default_branch)?;
        for collaborator in &repository.collaborators {
            account(scenario, &repository.provider, &collaborator.login)?;
        }
    }
    Ok(())
}

fn answers(scenario: &Scenario) -> Outcome {
    let mut seen = BTreeSet::new();
    for answers in &scenario.answers {
        known_provider(&answers.provider)?;
        safe(&answers.platform)?;
        let new = seen.insert((answers.platform.to_string(), answers.provider.to_string()));
        ensure(new, &answers.platform, || {
            format!("There are two sample answers for `{}` on `{}`.", &*answers.platform, &*answers.provider)
        })?;
        let known =
            scenario.tokens.iter().any(|token| *token.name == *answers.token && *token.provider == *answers.provider);
        ensure(known, &answers.token, || {
            format!("`{}` has no token with the name `{}`.", &*answers.provider, &*answers.token)
        })?;
    }
    Ok(())
}

fn disturbance(disturbance: &Disturbance) -> Outcome {
    if let Some(provider) = &disturbance.provider {
        known_provider(provider)?;
    }
    let rooted = disturbance.path.starts_with('/') || disturbance.path.starts_with('*');
    ensure(rooted, &disturbance.path, || "A path begins with `/` or with `*`.".to_owned())?;
    let at = disturbance.path.at();
    let valid = disturbance.status.is_none_or(|status| status >= 200 && StatusCode::from_u16(status).is_ok());
    if !valid {
        return Err(Problem { at, message: "A status lies between 200 and 999.".to_owned() });
    }
    for (name, value) in &disturbance.headers {
        let valid = HeaderName::try_from(name.as_str()).is_ok() && HeaderValue::from_str(value).is_ok();
        ensure(valid, value, || format!("`{name}` with this value is no header."))?;
    }
    if let Some(content_type) = &disturbance.content_type {
        let valid = HeaderValue::from_str(content_type).is_ok();
        ensure(valid, content_type, || "This value is no header.".to_owned())?;
    }
    Ok(())
}

fn known_provider(provider: &Text) -> Outcome {
    ensure(imitation(provider).is_some(), provider, || {
        let known: Vec<_> = super::IMITATIONS.iter().map(|it| format!("`{}`", it.name)).collect();
        format!("Nothing imitates the provider `{}`; there is {}.", &**provider, known.join(", "))
    })
}

fn account(scenario: &Scenario, provider: &str, login: &Text) -> Outcome {
    ensure(is_account(scenario, provider, login), login, || {
        format!("`{provider}` has no account with the login `{}`.", &**login)
    })
}

fn is_owner(scenario: &Scenario, provider: &str, owner: &Text) -> Outcome {
    let organisation = scenario.organisations.iter().any(|it| &*it.provider == provider && *it.login == **owner);
    ensure(organisation || is_account(scenario, provider, owner), owner, || {
        format!("`{provider}` has no organisation and no account with the name `{}`.", &**owner)
    })
}

fn is_account(scenario: &Scenario, provider: &str, login: &str) -> bool {
    scenario.accounts.iter().any(|it| &*it.provider == provider && &*it.login == login)
}

fn safe(name: &Text) -> Outcome {
    ensure(is_safe_name(name), name, || not_a_name(name))
}

fn not_a_name(name: &Text) -> String {
    format!("`{}` is not a name: use letters, digits, `-`, `_` and `.` only.", &**name)
}

fn ensure(holds: bool, at: &Text, message: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(Problem { at: at.at(), message: message() }) }
}
