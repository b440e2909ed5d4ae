//! Do owner and repository exist, are they the ones that were meant, and may something be created there?

use super::token::not_done;
use super::{Bench, Check, CheckId, Finding, Occasion, Seen, Verdict};
use crate::fact::{FaultKind, Membership, Owner, OwnerKind, Query, Remedy, Repository, Value};

const OWNER: &str = "The owner";
const REPOSITORY: &str = "The repository";

pub(super) fn look<'a>(bench: &Bench<'a>) -> Option<(Query, Seen<'a>)> {
    let owner = bench.case.answers.owner()?;
    let query = Query::Owner(bench.case.site.clone(), bench.case.credential.clone(), owner);
    Some((query.clone(), bench.ask(query)))
}

pub(super) fn owner(bench: &Bench<'_>) -> Check {
    let Some((query, seen)) = look(bench) else {
        let finding = Finding::new(Remedy::new("Name the owner: then it is looked at."));
        return Check::new(CheckId::Owner, OWNER, Verdict::Unknown(finding), "No owner is chosen yet.");
    };
    let took = bench.took(&query);
    let check = match seen {
        Seen::Known(Value::Owner(owner)) => judge_owner(bench, owner),
        _ => Check::unanswered(&CheckId::Owner, OWNER, &seen, bench)
            .unwrap_or_else(|| Check::pending(CheckId::Owner, OWNER)),
    };
    check.took(took)
}

fn judge_owner(bench: &Bench<'_>, owner: &Owner) -> Check {
    let platform = bench.case.platform;
    let page = bench.rules.owner_page(bench.case.site, &owner.name);
    let check = |verdict, detail: String| Check::new(CheckId::Owner, OWNER, verdict, detail);
    let kind = match owner.kind {
        OwnerKind::Organisation => "organisation",
        OwnerKind::User => "user",
    };
    if platform.owner_kind.is_some_and(|wanted| wanted != owner.kind) {
        let remedy = Remedy::at("Choose an organisation, or make one.", bench.rules.new_owner_page(bench.case.site));
        let detail = format!("{} is a {kind}; {} works with an organisation only.", owner.name, platform.title);
        return check(Verdict::Fail(Finding::of(FaultKind::NotFound, remedy)), detail);
    }
    match &owner.membership {
        Membership::Invited => {
            let remedy = Remedy::at("Accept the invitation, then check again.", page);
            let detail = format!("The account is invited to {}, and has not accepted yet.", owner.name);
            check(Verdict::Fail(Finding::of(FaultKind::NoAccess, remedy)), detail)
        }
        Membership::Stranger => {
            let login = bench.login().unwrap_or("the account");
            let remedy =
                Remedy::at(format!("Have {login} invited, or go on if it works as an outside collaborator."), page);
            let detail = format!("{login} is no member of the {kind} {}", owner.name);
            check(Verdict::Warn(Finding::of(FaultKind::NoAccess, remedy)), detail)
        }
        Membership::Member(role) => check(Verdict::Pass, format!("The account is {role} of the {kind} {}", owner.name)),
        Membership::Oneself => check(Verdict::Pass, format!("{} is the account's own.", owner.name)),
        Membership::NotTold => check(Verdict::Pass, format!("The {kind} {} exists.", owner.name)),
    }
}

pub(super) fn repository(bench: &Bench<'_>) -> Option<Check> {
    let place = bench.case.answers.place()?;
    let query = bench.repository_query(place);
    let took = bench.took(&query);
    let seen = bench.ask(query);
    let check = match seen {
        Seen::Known(Value::Repository(repository)) => judge_repository(bench, repository),
        _ if bench.is_to_be_created() => not_created_yet(bench, &CheckId::Repository, REPOSITORY)?,
        _ => Check::unanswered(&CheckId::Repository, REPOSITORY, &seen, bench)?,
    };
    Some(check.took(took))
}

/// The verdict on what can be seen only once the repository is there; `None` where it is, or is not ours to make.
pub(super) fn not_created_yet(bench: &Bench<'_>, id: &CheckId, title: &str) -> Option<Check> {
    if !bench.is_to_be_created() {
        return None;
    }
    if bench.case.occasion == Occasion::DryRun {
        return Some(not_done(id.clone(), title));
    }
    let finding =
        Finding::new(Remedy::new("Mend what failed, if anything did: then it is created, and this is asked."));
    Some(Check::new(
        id.clone(),
        title,
        Verdict::Unknown(finding),
        "The repository does not exist yet; it is created once everything else is well.",
    ))
}

fn judge_repository(bench: &Bench<'_>, repository: &Repository) -> Check {
    let platform = bench.case.platform;
    let name = format!("{}/{}", repository.place.owner.owner, repository.place.name);
    let check = |verdict, detail: String| Check::new(CheckId::Repository, REPOSITORY, verdict, detail);
    let page = bench.rules.clone_url(bench.case.site, &repository.place);
    let page = page.trim_end_matches(".git").to_owned();
    if repository.disabled {
        let remedy = Remedy::at("Have the forge's support or an administrator enable it, or choose another.", page);
        return check(Verdict::Fail(Finding::of(FaultKind::NoAccess, remedy)), format!("{name} is disabled."));
    }
    if repository.archived {
        let remedy = Remedy::at("Take it out of the archive, or choose another.", page);
        let finding = Finding::of(FaultKind::NoAccess, remedy);
        let verdict = if platform.writes { Verdict::Fail(finding) } else { Verdict::Warn(finding) };
        return check(verdict, format!("{name} is archived, so that nothing can be pushed to it."));
    }
    let asked = bench.case.answers.place().map(|place| format!("{}/{}", place.owner.owner, place.name));
    if asked.as_ref().is_some_and(|asked| !asked.eq_ignore_ascii_case(&name)) {
        let asked = asked.unwrap_or_default();
        let remedy = Remedy::at(format!("Use {name} from now on: the old name can be taken by somebody else."), page);
        let detail = format!("{asked} has moved; it is now {name}");
        return check(Verdict::Warn(Finding::new(remedy)), detail);
    }
    let seen = repository.visibility.map(|visibility| format!(" ({})", visibility.name())).unwrap_or_default();
    check(Verdict::Pass, format!("{name} exists{seen}."))
}
