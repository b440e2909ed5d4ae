//! What git itself is told: emptiness, the right to read and to push, and the same with what the platform will send.

use std::time::Duration;

use super::owner::not_created_yet;
use super::{Bench, Check, CheckId, Finding, Occasion, Seen, Verdict};
use crate::fact::{Refs, Remedy, Service, Value};

/// The user name with which git signs in.
pub(super) fn user(bench: &Bench<'_>) -> String {
    let login = bench.rules.git_login(bench.case.answers.username(), bench.login());
    bench.rules.git_user(Some(bench.kind()), login)
}

/// Asks git, once the repository is known to exist: some forges create what is asked for.
pub(super) fn ask<'a>(
    bench: &Bench<'a>,
    id: &CheckId,
    title: &str,
    service: Service,
    user: &str,
) -> Result<(&'a Refs, Option<Duration>), Option<Box<Check>>> {
    let place = bench.place.as_ref().ok_or(None)?;
    if let Some(check) = not_created_yet(bench, id, title) {
        return Err(Some(Box::new(check)));
    }
    match bench.ask(&bench.repository_query(place)) {
        Seen::Known(_) => {}
        Seen::Refused(fault) => {
            let finding = Finding::of(fault.kind, Remedy::new("Mend the check of the repository first."));
            let text = "Git was not asked, because the repository did not answer.";
            return Err(Some(Box::new(Check::new(id.clone(), title, Verdict::Unknown(finding), text))));
        }
        seen => return Err(Check::unanswered(id, title, &seen, bench).map(Box::new)),
    }
    // The name that it has now: git is not sent after a redirect.
    let place = bench.repository().map_or(place, |repository| &repository.place);
    let query = bench.git_query(place, service, user);
    let took = bench.took(&query);
    match bench.ask(&query) {
        Seen::Known(Value::Refs(refs)) => Ok((refs, took)),
        seen => Err(Check::unanswered(id, title, &seen, bench).map(|check| Box::new(check.took(took)))),
    }
}

pub(super) fn empty(bench: &Bench<'_>) -> Option<Check> {
    let title = "The repository is empty";
    if !bench.case.platform.wants_empty || bench.case.occasion == Occasion::Check || bench.holds() {
        return None;
    }
    let (refs, took) = match ask(bench, &CheckId::Empty, title, Service::Read, &user(bench)) {
        Ok(answer) => answer,
        Err(check) => return check.map(|check| *check),
    };
    if refs.names.is_empty() {
        return Some(Check::new(CheckId::Empty, title, Verdict::Pass, "It has no commit.").took(took));
    }
    let platform = &bench.case.platform.title;
    let text = format!("Choose another repository, or a new name with `create = true`: {platform} fills it itself.");
    let owner = bench.owner.as_ref().map_or("", |path| &path.owner);
    let page = bench.rules.new_repository_page(bench.case.site, owner);
    let detail = format!("It has commits already; {platform} wants one without any.");
    Some(Check::new(CheckId::Empty, title, Verdict::Fail(Finding::new(Remedy::at(text, page))), detail).took(took))
}

pub(super) fn clone(bench: &Bench<'_>) -> Option<Check> {
    let title = "Git reads";
    if !bench.case.platform.reads {
        return None;
    }
    let user = user(bench);
    match ask(bench, &CheckId::Clone, title, Service::Read, &user) {
        Ok(_) => {
            Some(Check::new(CheckId::Clone, title, Verdict::Pass, format!("The server offers the refs to {user}")))
        }
        Err(check) => check.map(|check| *check),
    }
}

pub(super) fn push(bench: &Bench<'_>) -> Option<Check> {
    let title = "Git pushes";
    if !bench.case.platform.writes {
        return None;
    }
    let user = user(bench);
    match ask(bench, &CheckId::Push, title, Service::Write, &user) {
        Ok((_, took)) => {
            let detail = format!("The server is ready to receive from {user} (nothing was sent).");
            Some(Check::new(CheckId::Push, title, Verdict::Pass, detail).took(took))
        }
        Err(check) => check.map(|check| *check),
    }
}

/// The very user name and token that the platform will send, tried as it will send them.
pub(super) fn handover(bench: &Bench<'_>) -> Option<Check> {
    let platform = bench.case.platform;
    let id = CheckId::Handover;
    let title = format!("What {} will send", platform.title);
    let pair = platform.pair(bench.case.site.provider).ok().filter(|pair| !pair.fields.is_empty())?;
    let user = pair.git_user.clone().unwrap_or_else(|| user(bench));
    let service = if platform.writes { Service::Write } else { Service::Read };
    if let Some(one) = &pair.one_user {
        return super::one_user::handover(bench, one, service, &user);
    }
    if bench.place.is_some() {
        return match ask(bench, &id, &title, service, &user) {
            Ok((_, took)) => {
                let detail =
                    format!("{user} and the token were tried as {} sends them, and were let in.", platform.title);
                Some(Check::new(id, title, Verdict::Pass, detail).took(took))
            }
            Err(check) => check.map(|check| *check),
        };
    }
    let seen = bench.ask(&bench.identity);
    if !matches!(seen, Seen::Known(_)) {
        return Check::unanswered(&id, &title, &seen, bench);
    }
    if bench.rules.git_user_matters() {
        let finding = Finding::new(Remedy::new("Name a repository: then the pair is tried with git as well."));
        return Some(Check::new(
            id,
            title,
            Verdict::Unknown(finding),
            "The API takes the token; git was not tried, for want of a repository.",
        ));
    }
    let detail =
        "The API takes the token. Git was not tried, for want of a repository; its user name plays no part here.";
    Some(Check::new(id, title, Verdict::Pass, detail))
}
