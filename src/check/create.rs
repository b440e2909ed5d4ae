//! May repositories be created: the one that this run is to make, and those that the platform makes by itself?

use super::owner::look;
use super::scope::proven;
use super::token::not_done;
use super::{Bench, Check, CheckId, Creation, Finding, Occasion, Seen, Verdict};
use crate::fact::{FaultKind, Grants, Owner, Query, Remedy, Told, Value, Visibility};
use crate::platform::Level;
use crate::provider::Coverage;

const TITLE: &str = "Creating repositories";
const ID: CheckId = CheckId::CreateRepository;

pub(super) fn create_repository(bench: &Bench<'_>) -> Option<Check> {
    if bench.case.occasion == Occasion::Check || bench.holds() {
        return None;
    }
    match bench.case.creation {
        Creation::NotTried => {}
        Creation::Done => return Some(Check::new(ID, TITLE, Verdict::Pass, "It was created just now.")),
        Creation::Refused(fault) => {
            // Even where nobody answered: without the repository nothing can be saved.
            return Some(Check::new(ID, TITLE, Verdict::Fail(super::finding(fault, bench)), &fault.text));
        }
    }
    if let Some(place) = bench.place.as_ref().filter(|_| bench.case.answers.creates()) {
        match bench.ask(&bench.repository_query(place)) {
            Seen::Known(_) => {}
            Seen::Refused(fault) if fault.kind == FaultKind::NotFound => {
                if bench.case.occasion == Occasion::DryRun {
                    return Some(not_done(ID, TITLE));
                }
                return Some(by_owner(bench, Level::Required));
            }
            seen => return Check::unanswered(&ID, TITLE, &seen, bench).map(|check| left_to_the_owner(check, bench)),
        }
    }
    bench.case.platform.creates.map(|level| by_owner(bench, level))
}

fn by_owner(bench: &Bench<'_>, level: Level) -> Check {
    let pending = || Check::pending(ID, TITLE);
    // Whoever the owner is: a token without the scope may not even see it.
    if let Some(check) = lacks_scope(bench, level) {
        return check;
    }
    let Some((_, seen)) = look(bench) else { return pending() };
    match seen {
        Seen::Known(Value::Owner(owner)) => may_create(bench, owner, level),
        seen => {
            Check::unanswered(&ID, TITLE, &seen, bench).map_or_else(pending, |check| left_to_the_owner(check, bench))
        }
    }
}

/// A refusal of the owner or the repository stands in its own row; here it only leaves the question open.
fn left_to_the_owner(check: Check, bench: &Bench<'_>) -> Check {
    match check.verdict {
        Verdict::Fail(mut finding) => {
            finding.remedy = Remedy::at("Mend the checks of owner and repository first.", bench.tokens_page());
            Check { verdict: Verdict::Unknown(finding), detail: "This was not asked.".into(), ..check }
        }
        _ => check,
    }
}

/// Whether the listed scopes rule it out.
fn lacks_scope(bench: &Bench<'_>, level: Level) -> Option<Check> {
    let grants = bench.ask(&Query::Grants(bench.case.site.clone(), bench.case.credential.clone()));
    let Seen::Known(Value::Grants(Grants::Known(held))) = grants else { return None };
    let public = bench.case.answers.creates() && bench.case.answers.visibility() == Visibility::Public;
    // What only one kind of owner takes is no lack while it is not known what the owner is.
    let scopes = match bench.owner_kind() {
        Some(owner) => bench.rules.creation_scopes(bench.kind(), Some(owner)),
        None => vec![bench.rules.create_scope(bench.kind())],
    };
    let missing = |scope: &&str| bench.rules.covers(held, scope, public) == Coverage::Missing;
    let missing = scopes.into_iter().filter(missing).collect::<Vec<_>>().join(" and ");
    if missing.is_empty() {
        return None;
    }
    let remedy = Remedy::at(format!("Tick {missing}, or create the repository by hand."), bench.tokens_page());
    let finding = Finding::of(FaultKind::MissingScope, remedy);
    Some(Check::new(ID, TITLE, settled(level, finding), format!("It takes the scope {missing}")))
}

fn settled(level: Level, finding: Finding) -> Verdict {
    match level {
        Level::Required => Verdict::Fail(finding),
        Level::Recommended => Verdict::Warn(finding),
    }
}

fn may_create(bench: &Bench<'_>, owner: &Owner, level: Level) -> Check {
    let by_hand = bench.rules.new_repository_page(bench.case.site, &owner.name);
    if owner.creates == Told::No {
        let remedy = Remedy::at("Have an administrator create it or allow it; then run this again.", by_hand);
        let detail = format!("{} does not let the account create repositories.", owner.name);
        return Check::new(ID, TITLE, settled(level, Finding::of(FaultKind::NoAccess, remedy)), detail);
    }
    let scopes = bench.rules.creation_scopes(bench.kind(), Some(owner.kind));
    let grants = bench.ask(&Query::Grants(bench.case.site.clone(), bench.case.credential.clone()));
    match grants {
        Seen::Known(Value::Grants(Grants::Known(_))) => {}
        Seen::Known(_) => return unlisted(bench, owner, &scopes, level),
        seen => return Check::unanswered(&ID, TITLE, &seen, bench).unwrap_or_else(|| Check::pending(ID, TITLE)),
    }
    match owner.creates {
        Told::Yes => {
            Check::new(ID, TITLE, Verdict::Pass, format!("{} lets the account create repositories.", owner.name))
        }
        _ => open(owner, by_hand),
    }
}

/// The permission of a token that no API lists: seen on a repository that is there, else only by creating one.
fn unlisted(bench: &Bench<'_>, owner: &Owner, scopes: &[&str], level: Level) -> Check {
    // A repository shows the scope on repositories only, not the one on their owner.
    if let [scope] = scopes
        && bench.repository().is_some()
        && owner.creates == Told::Yes
    {
        let reason = format!("{} lets the account create repositories.", owner.name);
        return proven(bench, ID, TITLE, scope, level, &reason);
    }
    open(owner, bench.rules.new_repository_page(bench.case.site, &owner.name))
}

fn open(owner: &Owner, by_hand: String) -> Check {
    let remedy = Remedy::at("Creating one tells. Or create it by hand first.", by_hand);
    let detail = format!("Nothing tells whether this token may create repositories in {}", owner.name);
    Check::new(ID, TITLE, Verdict::Unknown(Finding::new(remedy)), detail)
}
