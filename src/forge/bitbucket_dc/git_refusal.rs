//! What the server says to git in place of a list of refs.
//!
//! A repository that is missing or hidden is refused in git's own form, with status 200 (`fatal: remote error: Repository
//! not found`); a wrong user name or token is 401; a missing permission is 403, and so is a server that lets nobody in
//! with user name and password (<https://support.atlassian.com/bitbucket-data-center/kb/git-push-returns-error-code-403-in-bitbucket-server-data-center/>,
//! 2025-04-02).

use super::refusal::{Asking, Refusal, unknown_token};
use crate::fact::{Fault, FaultKind, Identity, IdentityKind, Remedy, Service};
use crate::forge::client::Answer;

/// What was asked of git.
pub(super) struct Told<'a> {
    pub service: Service,
    pub user: &'a str,
    /// Whose token it is, where the API said so in this run.
    pub known: Option<&'a Identity>,
}

/// The fault that `answer` stands for.
pub(super) fn fault(answer: &Answer, told: &Told<'_>, asking: &Asking<'_>) -> Fault {
    if let Some(words) = crate::git::spoken_refusal(answer.body()).filter(|_| answer.status == 200) {
        return spoken(&answer.say(&words), told, asking);
    }
    // Every answer of the server carries its number of the request; pages of others do not.
    let own = answer.header("x-arequestid").is_some() || Refusal::read(answer).is_some();
    match answer.status {
        401 if own || answer.header("www-authenticate").is_some() => unauthorised(told, asking),
        403 if own => with_acceptance(forbidden(told, asking), told),
        404 if own => with_acceptance(missing(asking), told),
        _ => answer.not_the_api("git's list of refs"),
    }
}

fn spoken(words: &str, told: &Told<'_>, asking: &Asking<'_>) -> Fault {
    let says = |part: &str| words.to_ascii_lowercase().contains(part);
    let fault = if says("captcha") {
        let text = "The server wants a CAPTCHA of this account first: too many wrong sign-ins were tried.";
        let page = asking.site.host.join("/login");
        return Fault::new(FaultKind::Auth, text).remedy(Remedy::at("Sign in in a browser once.", page));
    } else if says("not found") || says("does not exist") {
        missing(asking)
    } else if says("permi") || says("not allowed") {
        forbidden(told, asking)
    } else {
        let text = format!("The server refused git at {} and said “{words}”.", asking.subject);
        let remedy = Remedy::new("Ask an administrator of the repository or of the server, with these words.");
        Fault::new(FaultKind::NoAccess, text).remedy(remedy)
    };
    with_acceptance(fault, told)
}

/// Git answers a wrong pair of user name and token as it answers a good token that it takes in no pair at all.
fn unauthorised(told: &Told<'_>, asking: &Asking<'_>) -> Fault {
    let Some(known) = told.known else { return unknown_token(asking.site) };
    let (user, login) = (told.user, &known.login);
    let (kind, text, remedy) = if known.kind == IdentityKind::Bot {
        (
            FaultKind::WrongKind,
            format!(
                "The API takes the token, and git does not let it in as {user}: this server takes project and repository tokens for git as a Bearer header only."
            ),
            "Use the token of a user; or enter this one where the platform takes a bearer token (Argo CD does)."
                .to_owned(),
        )
    } else if user == login {
        (
            FaultKind::NoAccess,
            format!("The API takes the token, and git does not let {user} in with it."),
            "Ask an administrator of the server whether git and Basic authentication are let in over HTTP; or use SSH."
                .to_owned(),
        )
    } else {
        (
            FaultKind::NoAccess,
            format!("The API takes the token, and git does not let it in as {user}: it belongs to {login}"),
            format!("Use {login} as the user name."),
        )
    };
    Fault::new(kind, text).remedy(Remedy::new(remedy)).accepted()
}

fn forbidden(told: &Told<'_>, asking: &Asking<'_>) -> Fault {
    let (act, permission) = match told.service {
        Service::Read => ("Reading", "read"),
        Service::Write => ("Pushing to", "write"),
    };
    let text = format!(
        "{act} {} is not permitted: the account or the token has no permission to {permission} there, or the server lets nobody in with user name and token.",
        asking.subject
    );
    let remedy = format!(
        "See that account and token both have “repository {permission}”; else ask an administrator of the server whether Basic authentication is let in."
    );
    Fault::new(FaultKind::NoAccess, text).remedy(Remedy::new(remedy))
}

fn missing(asking: &Asking<'_>) -> Fault {
    let text = format!("Git does not find {} or this token may not see it.", asking.subject);
    let remedy = Remedy::new("Check the spelling, and that account and token may read it.");
    Fault::new(FaultKind::NotFound, text).remedy(remedy)
}

/// The server says these things to those only whom it let in.
fn with_acceptance(fault: Fault, told: &Told<'_>) -> Fault {
    if told.known.is_some() { fault.accepted() } else { fault }
}
