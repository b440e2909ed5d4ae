//! May the token do what the platform will do, and what beyond that?

use std::collections::BTreeSet;

use super::owner::not_created_yet;
use super::{Bench, Check, CheckId, Finding, Occasion, Seen, Verdict, finding};
use crate::fact::{FaultKind, Grants, Query, Remedy, Right, Service, Told, Value, Visibility};
use crate::platform::{Deed, Level, Requirement};
use crate::provider::{Coverage, Need, Proof};

fn grants<'a>(bench: &Bench<'a>) -> Seen<'a> {
    bench.ask(&Query::Grants(bench.case.site.clone(), bench.case.credential.clone()))
}

/// Whether the repository is public, or will be.
pub(super) fn is_public(bench: &Bench<'_>) -> bool {
    if bench.is_to_be_created() {
        return bench.case.answers.visibility() == Visibility::Public;
    }
    bench.repository().is_some_and(|repository| repository.visibility == Some(Visibility::Public))
}

/// One check for each scope that the platform needs.
pub(super) fn scopes(bench: &Bench<'_>) -> Vec<Check> {
    let needs = bench.case.platform.needs(bench.case.site.provider, bench.kind(), bench.owner_kind());
    needs.into_iter().map(|need| scope(bench, need)).collect()
}

fn scope(bench: &Bench<'_>, need: &Requirement) -> Check {
    let id = CheckId::Scope(need.scope.clone());
    let title = format!("Scope {}", bench.rules.scope_title(&need.scope));
    let seen = grants(bench);
    let held = match seen {
        Seen::Known(Value::Grants(Grants::Known(held))) => held,
        Seen::Known(Value::Grants(Grants::Partial(held))) if bench.rules.closure(held).contains(&need.scope) => held,
        Seen::Known(_) => return proven(bench, id, &title, &need.scope, need.level, &need.reason),
        _ => return Check::unanswered(&id, &title, &seen, bench).unwrap_or_else(|| Check::pending(id, title)),
    };
    let page = bench.tokens_page();
    let (verdict, detail) = match bench.rules.covers(held, &need.scope, is_public(bench)) {
        Coverage::Held => (Verdict::Pass, need.reason.clone()),
        Coverage::Covered(by) => {
            let remedy =
                Remedy::at(format!("Tick {} as well, so that the token says what it is for.", need.scope), page);
            let detail = format!("It is not ticked; {by} is, and does the same here.");
            (Verdict::Warn(Finding::of(FaultKind::MissingScope, remedy)), detail)
        }
        Coverage::Missing => {
            let remedy = Remedy::at(format!("Tick {} on the token, or make a new one with it.", need.scope), page);
            let finding = Finding::of(FaultKind::MissingScope, remedy);
            let detail = format!("The token does not have it. {}", need.reason);
            (by_level(need.level, finding), detail)
        }
    };
    Check::new(id, title, verdict, detail)
}

fn by_level(level: Level, finding: Finding) -> Verdict {
    match level {
        Level::Required => Verdict::Fail(finding),
        Level::Recommended => Verdict::Warn(finding),
    }
}

/// A scope that no list tells: seen in what the forge lets the token do.
pub(super) fn proven(bench: &Bench<'_>, id: CheckId, title: &str, scope: &str, level: Level, reason: &str) -> Check {
    let Some(place) = bench.place.as_ref() else {
        let text = "Name a repository that the token may use: then it is tried there.";
        return open(bench, id, title, text, "No API lists this permission, and there is no repository to try it on.");
    };
    if let Some(check) = not_created_yet(bench, &id, title) {
        return check;
    }
    let repository = bench.ask(&bench.repository_query(place));
    let reads = bench.rules.proof(scope) == Proof::Read;
    // A refusal for want of a scope says what is wanted: what reads is asked all the same.
    let lacks = matches!(repository, Seen::Refused(fault) if fault.accepted && fault.kind == FaultKind::MissingScope);
    if !(matches!(repository, Seen::Known(_)) || reads && lacks) {
        return match repository {
            Seen::Pending => Check::pending(id, title),
            _ => open(
                bench,
                id,
                title,
                "Mend the check of the repository first.",
                "It could not be tried, because the repository did not answer.",
            ),
        };
    }
    let (site, credential) = (bench.case.site.clone(), bench.case.credential.clone());
    let right = |probe| Query::Right { site, credential, place: place.clone(), scope: scope.to_owned(), probe };
    let query = match bench.rules.proof(scope) {
        Proof::Repository => return Check::new(id, title, Verdict::Pass, reason),
        Proof::Git(Service::Read) if is_public(bench) => {
            let text = "Look at the token's page whether it is ticked.";
            return open(bench, id, title, text, "The repository is public, so that every token reads it.");
        }
        Proof::Git(service) => bench.git_query(place, service, &super::git::user(bench)),
        Proof::Read => right(false),
        Proof::Probe if bench.case.probes => right(true),
        Proof::Probe => {
            let text = "Run it without --no-probes, or look at the token's page.";
            return open(bench, id, title, text, "Only a request that must be refused would tell, and these are off.");
        }
        Proof::None => {
            let text = "Look at the token's page whether it is ticked.";
            return open(bench, id, title, text, "No API lists this permission, and nothing harmless shows it.");
        }
    };
    let took = bench.took(&query);
    let seen = bench.ask(&query);
    match seen {
        Seen::Known(Value::Right(Right::NotTold(why))) => {
            let text = if bench.case.occasion == Occasion::Check {
                "Look at the token's page whether it is ticked. As long as nothing tells, `check --strict` fails with it."
            } else {
                "Look at the token's page whether it is ticked."
            };
            open(bench, id, title, text, why)
        }
        Seen::Known(_) => Check::new(id, title, Verdict::Pass, format!("It was seen to work. {reason}")),
        Seen::Refused(fault) if !fault.kind.is_silence() => {
            Check::new(id, title, by_level(level, finding(fault, bench)), &fault.text)
        }
        _ => Check::unanswered(&id, title, &seen, bench).unwrap_or_else(|| Check::pending(id, title)),
    }
    .took(took)
}

fn open(bench: &Bench<'_>, id: CheckId, title: &str, remedy: &str, detail: &str) -> Check {
    let finding = Finding::new(Remedy::at(remedy, bench.tokens_page()));
    Check::new(id, title, Verdict::Unknown(finding), detail)
}

/// What the token may do beyond need; only where the provider lists its scopes.
pub(super) fn excess(bench: &Bench<'_>) -> Option<Check> {
    let title = "Nothing beyond what is needed";
    let seen = grants(bench);
    let held = match seen {
        Seen::Known(Value::Grants(Grants::Known(held) | Grants::Partial(held))) => held,
        Seen::Known(_) => return None,
        _ => return Check::unanswered(&CheckId::Excess, title, &seen, bench).map(left_open),
    };
    let (provider, kind) = (bench.case.site.provider, bench.kind());
    // What holds only for an organisation is no excess while it is not known what the owner is.
    let needs = bench.case.platform.needs(provider, kind, bench.owner_kind());
    if needs.is_empty() {
        return None; // Nobody has said what is needed, so nothing can be too much.
    }
    let creates = bench.case.answers.creates() || bench.case.made;
    let own = bench.rules.wizard_scopes(kind, creates);
    let creating = if creates { bench.rules.creation_scopes(kind, bench.owner_kind()) } else { Vec::new() };
    let asked: BTreeSet<String> =
        needs.iter().map(|need| need.scope.as_str()).chain(own).chain(creating).map(str::to_owned).collect();
    let closure = bench.rules.closure(&asked);
    let beyond: Vec<&str> = held.iter().filter(|scope| !closure.contains(*scope)).map(String::as_str).collect();
    if beyond.is_empty() {
        return Some(Check::new(CheckId::Excess, title, Verdict::Pass, "Every scope of the token has its use here."));
    }
    let text = format!("Make a token without {}: what it cannot do, nobody can do with it.", beyond.join(", "));
    let finding = Finding::new(Remedy::at(text, bench.tokens_page()));
    let detail = format!("{} has no use for {}", bench.case.platform.title, beyond.join(", "));
    Some(Check::new(CheckId::Excess, title, Verdict::Warn(finding), detail))
}

/// A refusal stands in the row of what was refused; here it only leaves the question open.
fn left_open(check: Check) -> Check {
    match check.verdict {
        Verdict::Fail(finding) => Check { verdict: Verdict::Unknown(finding), ..check },
        _ => check,
    }
}

/// What the platform does besides git: webhooks, pull requests, deletion.
pub(super) fn deeds(bench: &Bench<'_>) -> Vec<Check> {
    let row = |need, id, title| bench.case.platform.deed(need).map(|deed| deed_check(bench, deed, id, title));
    let rows = [
        row(Need::Webhooks, CheckId::Webhooks, "Webhooks"),
        row(Need::PullRequests, CheckId::PullRequests, "Pull requests"),
        row(Need::Delete, CheckId::Delete, "Deleting repositories"),
    ];
    rows.into_iter().flatten().collect()
}

fn deed_check(bench: &Bench<'_>, deed: &Deed, id: CheckId, title: &str) -> Check {
    let scopes = bench.rules.scopes_for(deed.need, bench.kind());
    let seen = grants(bench);
    let held = match seen {
        Seen::Known(Value::Grants(Grants::Known(held))) => held,
        Seen::Known(_) => {
            let first = scopes.first().copied().unwrap_or_default();
            let check = proven(bench, id.clone(), title, first, deed.level, &deed.reason);
            return if check.verdict == Verdict::Pass { with_account(bench, deed, check, first) } else { check };
        }
        _ => return Check::unanswered(&id, title, &seen, bench).unwrap_or_else(|| Check::pending(id, title)),
    };
    let public = is_public(bench);
    let Some(by) = scopes.iter().find(|scope| bench.rules.covers(held, scope, public) != Coverage::Missing) else {
        let remedy = Remedy::at(format!("Tick {} on the token.", scopes.join(" or ")), bench.tokens_page());
        let verdict = by_level(deed.level, Finding::of(FaultKind::MissingScope, remedy));
        return Check::new(id, title, verdict, format!("No scope of the token allows it. {}", deed.reason));
    };
    // A scope reaches no further than the account: hooks are for administrators of the repository, and deletion for
    // those whom the provider lets delete. Where a repository is named, one that did not answer leaves that open.
    if let Some(place) = bench.place.as_ref() {
        if let Some(check) = not_created_yet(bench, &id, title) {
            return check;
        }
        let seen = bench.ask(&bench.repository_query(place));
        if let Some(check) = Check::unanswered(&id, title, &seen, bench) {
            return left_open(check);
        }
    }
    by_account(bench, deed, &id, title, by)
        .unwrap_or_else(|| Check::new(id, title, Verdict::Pass, format!("{by} allows it. {}", deed.reason)))
}

/// What was proven of the scope, in the light of what the account may: a scope reaches no further.
fn with_account(bench: &Bench<'_>, deed: &Deed, check: Check, by: &str) -> Check {
    if let Some(refused) = by_account(bench, deed, &check.id, &check.title, by) {
        return refused;
    }
    let told = bench.repository().map_or(Told::NotTold, |repository| repository.account_deletes);
    if deed.need != Need::Delete || told == Told::Yes {
        return check;
    }
    let text = "Ask an administrator whether the account may delete repositories.";
    open(
        bench,
        check.id,
        &check.title,
        text,
        "Whether the account may delete it was not told; the scope of the token was seen.",
    )
}

/// The check where the scope `by` allows it and the account may not.
fn by_account(bench: &Bench<'_>, deed: &Deed, id: &CheckId, title: &str, by: &str) -> Option<Check> {
    let account_may = bench.repository().map_or(Told::NotTold, |repository| match deed.need {
        Need::Webhooks => repository.account_administers,
        Need::Delete => repository.account_deletes,
        Need::PullRequests => Told::NotTold,
    });
    if account_may != Told::No {
        return None;
    }
    let login = bench.login().unwrap_or("the account");
    let role = if deed.need == Need::Delete { "an owner" } else { "an administrator" };
    let remedy = Remedy::new(format!("Give {login} the role of {role} of the repository."));
    let verdict = by_level(deed.level, Finding::of(FaultKind::NoAccess, remedy));
    let detail = format!("{by} allows it, but the role of {login} in the repository does not.");
    Some(Check::new(id.clone(), title, verdict, detail))
}
