//! A token that replaces another one belongs to the same account, or somebody says that the change is meant.

use super::{Bench, Check, Finding, Verdict};
use crate::fact::Remedy;

pub(super) fn identity(bench: &Bench<'_>, check: Option<Check>) -> Option<Check> {
    let check = check?;
    let (Some(before), Some(now)) = (bench.case.replaces, bench.login()) else { return Some(check) };
    if check.verdict != Verdict::Pass || before.eq_ignore_ascii_case(now) {
        return Some(check);
    }
    let text = format!(
        "Make the new token with the account {before}, or accept the change with --accept-failures where it is meant: a service account that takes over from a person."
    );
    let verdict = Verdict::Fail(Finding::new(Remedy::at(text, bench.tokens_page())));
    let detail = format!("The new token belongs to {now}, and the one that it replaces to {before}");
    Some(Check { verdict, detail, ..check })
}
