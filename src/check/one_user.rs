//! The hand-over to a platform that has one user name for two uses: the API and git. Some forges take another name in each;
//! then no name serves both, and the platform loses one of them. The very name is tried in both, and the verdict says which.

use std::sync::Arc;

use super::{Bench, Check, CheckId, Finding, Seen, Verdict, finding, git};
use crate::fact::{Credential, Fault, FaultKind, Query, Remedy, Service};
use crate::platform::OneUser;

/// What became of one of the two uses.
enum Use {
    Works,
    Lost(FaultKind),
    Open(Finding, String),
}

pub(super) fn handover(bench: &Bench<'_>, one: &OneUser, service: Service, user: &str) -> Option<Check> {
    let title = format!("What {} will send", bench.case.platform.title);
    let check = |verdict, detail: String| Some(Check::new(CheckId::Handover, title.clone(), verdict, detail));
    let pending = || Some(Check::pending(CheckId::Handover, title.clone()));
    let (Some(api), Some(git)) = (in_the_api(bench, user), in_git(bench, &title, service, user)) else {
        return pending();
    };
    let platform = &bench.case.platform.title;
    // What the platform sends was read in its source on a day, and it may have changed since: that one use is lost is a
    // warning as long as the other is not lost as well. With neither there is nothing left to hand over.
    let lost = |kind, what: &str, how: &str, other: &str, works: bool| {
        let remedy = Remedy::at(one.instead.clone(), bench.tokens_page());
        let detail = format!(
            "{platform} sends the user name {user} to the API and to git alike ({}). {how} So {platform} loses {what}; {other}",
            one.source
        );
        let finding = Finding::of(kind, remedy);
        check(if works { Verdict::Warn(finding) } else { Verdict::Fail(finding) }, detail)
    };
    match (api, git) {
        (Use::Works, Use::Works) => {
            check(Verdict::Pass, format!("{user} and the token were tried in the API and in git, and let in by both."))
        }
        (Use::Lost(kind), Use::Works) => {
            lost(kind, &format!("the API: {}", one.api), "The API does not take it.", "git works.", true)
        }
        (Use::Works, Use::Lost(kind)) => {
            lost(kind, &format!("git: {}", one.git), "Git does not take it.", "the API works.", true)
        }
        (Use::Lost(kind), Use::Lost(_)) => {
            lost(kind, &format!("both: {}, and {}", one.api, one.git), "Neither takes it.", "nothing works.", false)
        }
        (Use::Lost(kind), Use::Open(_, why)) => lost(
            kind,
            &format!("the API: {}", one.api),
            "The API does not take it.",
            &format!("git was not seen: {why}"),
            true,
        ),
        (Use::Open(_, why), Use::Lost(kind)) => lost(
            kind,
            &format!("git: {}", one.git),
            "Git does not take it.",
            &format!("the API was not seen: {why}"),
            false,
        ),
        (Use::Open(finding, why), _) | (_, Use::Open(finding, why)) => check(Verdict::Unknown(finding), why),
    }
}

/// Whether the API takes this very name beside the token; `None` while it is asked.
fn in_the_api(bench: &Bench<'_>, user: &str) -> Option<Use> {
    let credential = Credential { rest_user: Some(user.to_owned()), ..(**bench.case.credential).clone() };
    match bench.ask(&Query::Identity(bench.case.site.clone(), Arc::new(credential))) {
        Seen::Pending => None,
        Seen::Known(_) => Some(Use::Works),
        Seen::Refused(fault) => Some(of_refusal(fault, bench)),
        Seen::Closed(finding, why) => Some(Use::Open(finding, why)),
    }
}

fn in_git(bench: &Bench<'_>, title: &str, service: Service, user: &str) -> Option<Use> {
    if bench.place.is_none() {
        let finding = Finding::new(Remedy::new("Name a repository: then the name is tried with git as well."));
        return Some(Use::Open(finding, "git was not tried, for want of a repository.".to_owned()));
    }
    match git::ask(bench, &CheckId::Handover, title, service, user) {
        Ok(_) => Some(Use::Works),
        Err(None) => None,
        Err(Some(check)) => match check.verdict {
            Verdict::Pending | Verdict::Pass => None,
            Verdict::Fail(finding) => Some(Use::Lost(finding.fault.unwrap_or(FaultKind::Auth))),
            Verdict::Warn(finding) | Verdict::Unknown(finding) => Some(Use::Open(finding, check.detail)),
        },
    }
}

/// A refusal after which the credential counts as taken is about something else than the name.
fn of_refusal(fault: &Fault, bench: &Bench<'_>) -> Use {
    if fault.accepted {
        Use::Works
    } else if fault.kind.is_silence() {
        Use::Open(finding(fault, bench), fault.text.clone())
    } else {
        Use::Lost(fault.kind)
    }
}
