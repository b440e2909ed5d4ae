//! Is this the right server, whose token is it, when does it end, and can it be read back?

use jiff::Timestamp;

use super::{Bench, Check, CheckId, Finding, Occasion, Resting, Seen, Verdict, finding};
use crate::answers::GivenExpiry;
use crate::fact::{Expiry, Fact, FaultKind, Query, Recognised, Remedy, Value};
use crate::provider::kind_row;

/// Days before the end from which on it is worth a warning.
pub const SOON: i64 = 30;
/// A longer life than this is worth one, too.
const LONG: i64 = 366;

pub(super) fn reach(bench: &Bench<'_>) -> Check {
    let took = bench.took(&bench.reach);
    let title = "The right server answers";
    match bench.look(&bench.reach) {
        Seen::Known(Value::Server(server)) => {
            let version = server.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
            let mut detail = format!("{}{version} answers at {}", server.product, bench.case.site.api);
            if let Some(apart) = skew(server.date, bench.case.now) {
                detail = format!("{detail} (its clock and the one here differ by {apart}; its own counts)");
            }
            Check::new(CheckId::Reach, title, Verdict::Pass, detail)
        }
        // An API is there that does not say what it is: the other answers tell.
        Seen::Refused(fault) if fault.kind == FaultKind::NotFound => {
            Check::new(CheckId::Reach, title, Verdict::Unknown(finding(fault, bench)), &fault.text)
        }
        Seen::Refused(fault) => Check::new(CheckId::Reach, title, Verdict::Fail(finding(fault, bench)), &fault.text),
        Seen::Closed(finding, text) => Check::new(CheckId::Reach, title, Verdict::Unknown(finding), text),
        _ => Check::pending(CheckId::Reach, title),
    }
    .took(took)
}

/// How far the server's clock and ours are apart, where that matters: `7 minutes`, `3 hours`, `12 days`.
fn skew(server: Option<Timestamp>, now: Timestamp) -> Option<String> {
    let minutes = (server?.as_second() - now.as_second()).abs() / 60;
    match minutes {
        ..=5 => None,
        6..120 => Some(format!("{minutes} minutes")),
        120..2880 => Some(format!("{} hours", minutes / 60)),
        _ => Some(format!("{} days", minutes / 60 / 24)),
    }
}

/// The moment that counts, by what is known of the server: its own, where its clock and ours (`now`) disagree.
pub fn moment(server: Option<&Fact>, now: Timestamp) -> Timestamp {
    match server {
        Some(Fact::Known(Value::Server(server))) => {
            server.date.filter(|date| skew(Some(*date), now).is_some()).unwrap_or(now)
        }
        _ => now,
    }
}

/// What is kept of the end of the token: what the answers say, else what was told before. With the words that say so.
fn known_end(bench: &Bench<'_>) -> Option<(GivenExpiry, &'static str)> {
    let given = bench.case.answers.token_expires().map(|end| (end, ", as you say"));
    let kept = bench.case.known_end.map(|end| (end, ", as was told before"));
    match (given, kept) {
        // What is kept is the newer one where nobody answers anew: a check may have seen that the provider moved it.
        (Some((said, _)), Some((end, _))) if said != end && bench.case.occasion == Occasion::Check => kept,
        _ => given.or(kept),
    }
}

/// The day on which the token ended, with who says so, where that is known and over.
fn ended(bench: &Bench<'_>) -> Option<(Timestamp, &'static str)> {
    match known_end(bench)? {
        (GivenExpiry::At(at), who) if at <= bench.moment() => Some((at, who)),
        _ => None,
    }
}

pub(super) fn identity(bench: &Bench<'_>) -> Option<Check> {
    let site = bench.case.site;
    let title = "Whose token it is";
    if let Seen::Known(Value::Token(told)) = bench.look(&bench.token)
        && let Some(refusal) = wrong_kind(bench, told)
    {
        return Some(refusal);
    }
    if let Some(closed) = bench.gate() {
        return Check::unanswered(&CheckId::Identity, title, &closed, bench);
    }
    let took = bench.took(&bench.identity);
    let seen = bench.look(&bench.identity);
    let Seen::Known(Value::Identity(identity)) = seen else {
        let check = Check::unseen(&CheckId::Identity, title, &seen, bench)?.took(took);
        return Some(match ended(bench).filter(|_| matches!(seen, Seen::Refused(fault) if fault.is_refusal())) {
            Some((at, who)) => Check { detail: format!("{} It ended on {}{who}.", check.detail, day(at)), ..check },
            None => check,
        });
    };
    if let Some(refusal) = identity.token.and_then(|kind| wrong_kind(bench, &Recognised::Kind(kind))) {
        return Some(refusal.took(took));
    }
    let kind = kind_row(site.provider, bench.kind()).map_or("token", |row| row.title);
    let article = if kind.starts_with(['A', 'E', 'I', 'O', 'U', 'a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    // A name that git takes from anybody is no account's.
    let anybody = bench.rules.git_user(Some(bench.kind()), None);
    let detail = if identity.login == anybody {
        format!("It is {article} {kind}, and no user stands behind it.")
    } else {
        format!("It is {article} {kind} of the {} {}", identity.kind.name(), identity.login)
    };
    let typed = bench.case.answers.username().filter(|typed| *typed != anybody);
    let verdict = match typed.filter(|typed| !typed.eq_ignore_ascii_case(&identity.login)) {
        Some(typed) => {
            let text = format!("Use {} as user name, or a token of {typed}.", identity.login);
            Verdict::Warn(Finding::new(Remedy::at(text, bench.tokens_page())))
        }
        None => Verdict::Pass,
    };
    Some(Check::new(CheckId::Identity, title, verdict, detail).took(took))
}

/// What the text of the token alone rules out.
fn wrong_kind(bench: &Bench<'_>, told: &Recognised) -> Option<Check> {
    let (platform, provider) = (bench.case.platform, bench.case.site.provider);
    let (text, remedy) = match told {
        Recognised::Refused { kind, reason } => (
            format!("This is a token of the kind {kind}: {reason}."),
            format!("Make another one instead: {}.", bench.rules.kinds()[0].title),
        ),
        Recognised::Foreign(other) => (
            format!("This is a {other} token, and the provider is {provider}."),
            format!("Give a token of {provider}."),
        ),
        Recognised::Kind(kind) => {
            // What a saved connection says is what was seen then: another kind of token may have taken its place since.
            let answered = bench.case.answers.token_kind().filter(|_| bench.case.occasion != Occasion::Check);
            let said = answered.filter(|said| said != kind);
            if let Some(said) = said {
                (
                    format!("This is a {} token; the answers say {}.", kind.0, said.0),
                    "Correct `token.kind`, or give the other token.".into(),
                )
            } else if bench.case.answers.has_ssh() {
                return None; // It registers the key; the platform never sees it.
            } else {
                (platform.refuses(provider, *kind)?, "Make a token of another kind.".to_owned())
            }
        }
        Recognised::Own | Recognised::Untold => return None,
    };
    let finding = Finding::of(FaultKind::WrongKind, Remedy::at(remedy, bench.tokens_page()));
    Some(Check::new(CheckId::Identity, "Whose token it is", Verdict::Fail(finding), text))
}

pub(super) fn expiry(bench: &Bench<'_>) -> Option<Check> {
    let title = "When it ends";
    let query = Query::Expiry(bench.case.site.clone(), bench.case.credential.clone());
    let took = bench.took(&query);
    let seen = bench.ask(&query);
    let Seen::Known(Value::Expiry(told)) = seen else {
        return remembered(bench, &seen)
            .or_else(|| Check::unanswered(&CheckId::Expiry, title, &seen, bench))
            .map(|check| check.took(took));
    };
    let given = bench.case.answers.token_expires();
    let check = match (told, given) {
        (Expiry::At(at), _) => compared(bench, ends(bench, *at, ""), given),
        (Expiry::NoLaterThan(end, _), Some(GivenExpiry::At(at))) if at < *end => ends(bench, at, ", as you say"),
        (Expiry::NoLaterThan(end, why), _) => {
            let check = ends(bench, *end, "");
            Check { detail: format!("{why} {}", check.detail), ..check }
        }
        (Expiry::NotTold, Some(GivenExpiry::At(at))) => ends(bench, at, ", as you say"),
        (Expiry::Never, _) => compared(bench, never(bench), given),
        (Expiry::NotTold, Some(GivenExpiry::Never)) => never(bench),
        (Expiry::NotTold, None) => {
            let text = "Look the date up on the page of the token, and give it as `token.expires`.";
            let finding = Finding::new(Remedy::at(text, bench.tokens_page()));
            let detail = format!("{} did not tell when the token ends.", bench.case.site.provider);
            Check::new(CheckId::Expiry, title, Verdict::Unknown(finding), detail)
        }
    };
    Some(check.took(took))
}

/// What is kept of the end, where nobody told it now: an end in the past stays past, and offline it is all there is.
fn remembered(bench: &Bench<'_>, seen: &Seen<'_>) -> Option<Check> {
    match (seen, known_end(bench)?) {
        (Seen::Pending, _) => None,
        // Unless it was let in just now: then what is kept is about another token, or was moved.
        (_, (GivenExpiry::At(at), who)) if at <= bench.moment() && bench.known_identity().is_none() => {
            Some(ends(bench, at, who))
        }
        (_, (GivenExpiry::At(at), _)) if bench.case.offline => Some(ends(bench, at, "")),
        (_, (GivenExpiry::Never, _)) if bench.case.offline => Some(never(bench)),
        _ => None,
    }
}

/// What the provider tells, beside what the answers say: a mistake there is worth a warning where nothing is worse.
fn compared(bench: &Bench<'_>, check: Check, given: Option<GivenExpiry>) -> Check {
    let told = bench.case.facts.of(&Query::Expiry(bench.case.site.clone(), bench.case.credential.clone()));
    let agrees = match (told, given) {
        (Some(Fact::Known(Value::Expiry(Expiry::At(at)))), Some(GivenExpiry::At(said))) => {
            (at.as_second() - said.as_second()).abs() <= 86_400
        }
        (Some(Fact::Known(Value::Expiry(told))), Some(GivenExpiry::Never)) => *told == Expiry::Never,
        (Some(Fact::Known(Value::Expiry(told))), Some(GivenExpiry::At(_))) => *told != Expiry::Never,
        _ => true,
    };
    if agrees {
        return check;
    }
    let provider = bench.case.site.provider;
    let text = format!("Correct `token.expires`: what {provider} tells is what counts.");
    let said = match given {
        Some(GivenExpiry::At(at)) => format!("that it ends on {}", day(at)),
        _ => "that it never ends".to_owned(),
    };
    let verdict = match check.verdict {
        Verdict::Pass => Verdict::Warn(Finding::new(Remedy::new(text))),
        worse => worse,
    };
    let detail = format!("{} This is what {provider} tells; the answers say {said}.", check.detail);
    Check { verdict, detail, ..check }
}

fn never(bench: &Bench<'_>) -> Check {
    let can = kind_row(bench.case.site.provider, bench.kind()).is_none_or(|row| row.can_expire);
    let detail = "It never ends.";
    let verdict = if can {
        let text = "Make one that ends in 90 days to a year: a token that is lost then ends by itself.";
        Verdict::Warn(Finding::new(Remedy::at(text, bench.tokens_page())))
    } else {
        Verdict::Pass
    };
    Check::new(CheckId::Expiry, "When it ends", verdict, detail)
}

fn ends(bench: &Bench<'_>, at: Timestamp, who: &str) -> Check {
    let now = bench.moment();
    let days = days_between(now, at);
    let page = bench.tokens_page();
    let finding = |fault, text: &str| Finding { fault, remedy: Remedy::at(text, page.clone()) };
    let (verdict, detail) = if at <= now {
        let finding = finding(Some(FaultKind::Expired), "Make a new token and use it here.");
        (Verdict::Fail(finding), format!("It ended on {}{who}.", day(at)))
    } else if bench.case.fail_within.is_some_and(|within| at.duration_since(now) < within) {
        let finding = finding(None, "Make a new token now, and replace this one before it ends.");
        (
            Verdict::Fail(finding),
            format!("It ends on {}{who}: in {days} days, which is within the time that was set.", day(at)),
        )
    } else if days < SOON {
        let finding = finding(None, "Make a new token now, and replace this one before it ends.");
        (Verdict::Warn(finding), format!("It ends on {}{who}: in {days} days.", day(at)))
    } else if days > LONG {
        let finding = finding(None, "Make one that ends in 90 days to a year.");
        (Verdict::Warn(finding), format!("It ends on {}{who}: in {days} days, which is longer than a year.", day(at)))
    } else {
        (Verdict::Pass, format!("It ends on {}{who}: in {days} days.", day(at)))
    };
    Check::new(CheckId::Expiry, "When it ends", verdict, detail)
}

/// Whole days of 24 hours from `now` to `at`, negative when it is past: what is less than a day on either side is 0, so
/// that `ended 20 days ago` is -20.
pub fn days_between(now: Timestamp, at: Timestamp) -> i64 {
    at.duration_since(now).as_hours() / 24
}

/// The day of a moment, in UTC: `2027-02-01`.
pub fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

pub(super) fn store(bench: &Bench<'_>) -> Check {
    let title = "The secret can be read back";
    let took = bench.took(&bench.token);
    let id = CheckId::Store;
    if let Seen::Refused(fault) = bench.look(&bench.token) {
        return Check::new(id, title, Verdict::Fail(finding(fault, bench)), &fault.text).took(took);
    }
    let place = bench.case.answers.store().kind();
    match bench.case.store {
        Resting::Proven => Check::new(id, title, Verdict::Pass, format!("It was read back ({place}).")),
        Resting::Failed(fault) => Check::new(id, title, Verdict::Fail(finding(fault, bench)), &fault.text),
        Resting::Later if bench.case.occasion == Occasion::DryRun => not_done(id, title),
        Resting::Later if bench.case.offline => {
            let finding = Finding::new(Remedy::new("Run the same command without --offline."));
            Check::new(
                id,
                title,
                Verdict::Unknown(finding),
                format!("It was not read from its place ({place}): the run is offline."),
            )
        }
        Resting::Later => Check::pending(id, title),
    }
}

/// The verdict on what only a change would have shown.
pub(super) fn not_done(id: CheckId, title: &str) -> Check {
    let finding = Finding::new(Remedy::new("Run the same command without --dry-run."));
    Check::new(id, title, Verdict::Unknown(finding), "This was not done in a dry run.")
}
