//! Do owner and repository exist, are they the ones that were meant, and may something be created there?

use super::token::not_done;
use super::{Bench, Check, CheckId, Finding, Occasion, Seen, Verdict};
use crate::fact::{Fact, FaultKind, Membership, Owner, OwnerKind, Query, Remedy, Repository, Service, Value};

const OWNER: &str = "The owner";
const REPOSITORY: &str = "The repository";

pub(super) fn look<'a>(bench: &Bench<'a>) -> Option<(Query, Seen<'a>)> {
    let owner = bench.owner.clone()?;
    let query = Query::Owner(bench.case.site.clone(), bench.case.credential.clone(), owner);
    let seen = bench.ask(&query);
    Some((query, seen))
}

pub(super) fn owner(bench: &Bench<'_>) -> Check {
    let Some((query, seen)) = look(bench) else {
        let finding = Finding::new(Remedy::new("Name the owner: then it is looked at."));
        return Check::new(CheckId::Owner, OWNER, Verdict::Unknown(finding), "No owner is chosen yet.");
    };
    let took = bench.took(&query);
    let check = match seen {
        Seen::Known(Value::Owner(owner)) => kept_out(bench).unwrap_or_else(|| judge_owner(bench, owner)),
        _ => {
            Check::unseen(&CheckId::Owner, OWNER, &seen, bench).unwrap_or_else(|| Check::pending(CheckId::Owner, OWNER))
        }
    };
    check.took(took)
}

/// The owner's own rule that the repository or git met: some owners let their own page be seen and keep all else out.
fn kept_out(bench: &Bench<'_>) -> Option<Check> {
    let place = bench.place.as_ref()?;
    let place = bench.repository().map_or(place, |repository| &repository.place);
    let user = super::git::user(bench);
    let services = [Service::Read, Service::Write].map(|service| bench.git_query(place, service, &user));
    let is_rule = |kind| matches!(kind, FaultKind::Sso | FaultKind::IpAllowlist | FaultKind::TokenPolicy);
    let fault = [bench.repository_query(place)].into_iter().chain(services).find_map(|query| {
        match bench.case.facts.of(&query) {
            Some(Fact::Refused(fault)) if is_rule(fault.kind) => Some(fault),
            _ => None,
        }
    })?;
    Some(Check::refused(CheckId::Owner, OWNER, fault, bench))
}

/// The role that the platform names: in the repository where one is chosen, else at the owner.
pub(super) fn role(bench: &Bench<'_>) -> Option<Check> {
    let title = "The role";
    let id = CheckId::Role;
    let platform = bench.case.platform;
    let wanted =
        platform.pair(bench.case.site.provider).ok().map(|pair| &pair.roles).filter(|roles| !roles.is_empty())?;
    let owner = look(bench).map(|(_, seen)| seen);
    if let Some(seen @ (Seen::Pending | Seen::Closed(..))) = &owner {
        return Check::unanswered(&id, title, seen, bench);
    }
    let place = bench.place.as_ref().filter(|_| !bench.is_to_be_created());
    if let Some(Seen::Pending) = place.map(|place| bench.ask(&bench.repository_query(place))) {
        return Some(Check::pending(id, title));
    }
    let at_owner = match owner {
        Some(Seen::Known(Value::Owner(Owner { membership: Membership::Member(role), .. }))) => Some(role.as_str()),
        _ => None,
    };
    let there = bench.repository().and_then(|repository| repository.role.as_deref()).or(at_owner);
    let named = wanted.join(" or ");
    let check = |verdict, detail: String| Some(Check::new(id.clone(), title, verdict, detail));
    match there {
        Some(role) if wanted.iter().any(|one| one == role) => {
            check(Verdict::Pass, format!("The account is {role} there."))
        }
        Some(role) => {
            let remedy = Remedy::at(
                format!("Give the account the role {named}, or use a token that has it."),
                bench.tokens_page(),
            );
            let finding = Finding::of(FaultKind::NoAccess, remedy);
            check(Verdict::Fail(finding), format!("The account is {role} there; {} asks for {named}", platform.title))
        }
        None => {
            let remedy =
                Remedy::at(format!("Look at the page of the token: its role is to be {named}."), bench.tokens_page());
            let text = format!("{} did not tell the role of the account there.", bench.case.site.provider);
            check(Verdict::Unknown(Finding::new(remedy)), text)
        }
    }
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
        Membership::Member(role) => check(
            Verdict::Pass,
            format!("The account is {role} of the {kind} {}{}", owner.name, into_project(bench, owner)),
        ),
        Membership::Oneself => check(Verdict::Pass, format!("{} is the account's own.", owner.name)),
        Membership::NotTold => {
            check(Verdict::Pass, format!("The {kind} {} exists{}.", owner.name, into_project(bench, owner)))
        }
    }
}

/// Where what this run creates goes, in a provider's project.
fn into_project(bench: &Bench<'_>, owner: &Owner) -> String {
    let project = owner.project.as_ref().filter(|_| bench.case.answers.creates());
    project.map(|project| format!("; the new repository goes to its project {project}")).unwrap_or_default()
}

pub(super) fn repository(bench: &Bench<'_>) -> Option<Check> {
    let query = bench.repository_query(bench.place.as_ref()?);
    let took = bench.took(&query);
    let seen = bench.ask(&query);
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
    let name = repository.place.path();
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
    // An owner that was answered by its id is called by its name.
    let asked = bench.place.clone().map(|place| {
        let mut place = place;
        if let Some(known) = bench.known_owner().filter(|known| known.id == place.owner.owner) {
            place.owner.owner.clone_from(&known.name);
        }
        place.path()
    });
    if asked.as_ref().is_some_and(|asked| !asked.eq_ignore_ascii_case(&name)) {
        let asked = asked.unwrap_or_default();
        let remedy = Remedy::at(format!("Use {name} from now on: the old name can be taken by somebody else."), page);
        let detail = format!("{asked} has moved; it is now {name}");
        return check(Verdict::Warn(Finding::new(remedy)), detail);
    }
    let seen = repository.visibility.map(|visibility| format!(" ({})", visibility.name())).unwrap_or_default();
    check(Verdict::Pass, format!("{name} exists{seen}."))
}
