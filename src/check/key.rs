//! A platform that signs in with an SSH key: is the key known there, with the right access, and does it open the door?
//!
//! Two witnesses are heard. The forge's list tells that the key is registered and how far it reaches; the server over SSH
//! tells that it lets the key in, which takes the private half. Only the second one is a proof, and a pass takes it: a
//! list says nothing of what an owner, an address list or a sign-on keeps out. A token beside the key registers it; what
//! the platform needs of a token is not asked of that one.

use std::time::Duration;

use super::owner::not_created_yet;
use super::token::not_done;
use super::{Bench, Check, CheckId, Creation, Finding, Occasion, Seen, Verdict, create, finding, owner, token};
use crate::fact::{Fault, FaultKind, Query, Refs, Remedy, Service, Source, Told, Value};
use crate::key::{Heard, KNOWN_HOSTS, Knock, Lock, PublicKey, RegisteredKey, SshAddress};

const TITLE: &str = "The SSH key";

/// What became of making and registering the key in this run.
#[derive(Clone, Copy, Debug)]
pub struct Keying<'a> {
    pub generation: Creation<'a>,
    pub registration: Creation<'a>,
    /// Another key is in use, and is replaced by this one.
    pub replaces: bool,
}

/// The checks of an access by key, in the order of the report.
pub(super) fn judge(bench: &Bench<'_>) -> Vec<Check> {
    let mut checks = vec![token::reach(bench)];
    if signs_in(bench) {
        checks.extend(token::identity(bench));
        checks.push(owner::owner(bench));
        let wanted = bench.is_to_be_created() || !matches!(bench.case.creation, Creation::NotTried);
        checks.extend(create::create_repository(bench).filter(|_| wanted));
        checks.extend(owner::repository(bench));
    } else {
        checks.push(by_git(bench, CheckId::Owner, "The owner", Service::Read));
        if bench.place.is_some() {
            checks.push(by_git(bench, CheckId::Repository, "The repository", Service::Read));
        }
    }
    checks.extend(empty(bench));
    if bench.case.platform.reads {
        checks.push(by_git(bench, CheckId::Clone, "Git reads", Service::Read));
    }
    if !only_reads(bench) {
        checks.push(by_git(bench, CheckId::Push, "Git pushes", Service::Write));
    }
    checks.push(ssh_key(bench));
    checks
}

/// Whether the forge can be asked for the key, and be given it.
fn registers(bench: &Bench<'_>) -> bool {
    signs_in(bench) && bench.rules.keys().by_api
}

fn signs_in(bench: &Bench<'_>) -> bool {
    bench.case.credential.source != Source::Nobody
}

fn only_reads(bench: &Bench<'_>) -> bool {
    bench.case.answers.key_only_reads(bench.case.platform)
}

/// What stands in the way of asking, or what asking gave.
enum Stop {
    Pending,
    Open(Finding, String),
    Failed(Finding, String),
}

impl Stop {
    fn check(self, id: CheckId, title: &str) -> Check {
        match self {
            Self::Pending => Check::pending(id, title),
            Self::Open(finding, text) => Check::new(id, title, Verdict::Unknown(finding), text),
            Self::Failed(finding, text) => Check::new(id, title, Verdict::Fail(finding), text),
        }
    }
}

/// A verdict that is settled already, as a reason to stop.
fn stop(check: Check) -> Stop {
    match check.verdict {
        Verdict::Fail(finding) => Stop::Failed(finding, check.detail),
        Verdict::Unknown(finding) | Verdict::Warn(finding) => Stop::Open(finding, check.detail),
        Verdict::Pass | Verdict::Pending => Stop::Pending,
    }
}

/// The public half, once its file was read.
fn public_key<'a>(bench: &Bench<'a>) -> Result<&'a PublicKey, Stop> {
    let Some(files) = bench.case.answers.key_files() else {
        let remedy = Remedy::new("Give `public_key` or `generate` in [ssh].");
        return Err(Stop::Failed(Finding::new(remedy), "No key is named.".into()));
    };
    if let Creation::Refused(fault) = bench.case.keying.generation {
        return Err(Stop::Failed(finding(fault, bench), fault.text.clone()));
    }
    match bench.look(&Query::KeyFile(files)) {
        Seen::Known(Value::PublicKey(key)) => wrong_kind(bench, key.algorithm()).map_or(Ok(key), Err),
        Seen::Refused(fault) if fault.kind == FaultKind::NotFound && bench.case.answers.generates_key() => {
            if let Some(stop) = wrong_kind(bench, GENERATED) {
                return Err(stop);
            }
            if bench.case.occasion == Occasion::DryRun {
                return Err(stop(not_done(CheckId::SshKey, TITLE)));
            }
            let remedy = Remedy::new("Mend what failed, if anything did: then it is made, and this is asked.");
            Err(Stop::Open(
                Finding::new(remedy),
                "The key does not exist yet; it is made once all else is well.".into(),
            ))
        }
        Seen::Refused(fault) => {
            // A file that is not there is no fault of the forge.
            let fault = Fault { kind: FaultKind::Secret, ..fault.clone() };
            Err(Stop::Failed(finding(&fault, bench), fault.text))
        }
        _ => Err(Stop::Pending),
    }
}

/// What a key is that this program makes.
const GENERATED: &str = "ssh-ed25519";

fn wrong_kind(bench: &Bench<'_>, algorithm: &str) -> Option<Stop> {
    let (taken, keygen) = bench.rules.keys().only.filter(|(taken, _)| *taken != algorithm)?;
    let text = format!("{} takes keys of kind {taken} only, and this one is {algorithm}.", bench.rules.title());
    let remedy = format!("Make one with `{keygen}`, and name it as `public_key` and `private_key` in [ssh].");
    Some(Stop::Failed(Finding::of(FaultKind::WrongKind, Remedy::new(remedy)), text))
}

/// What the forge's list says of a key.
#[derive(Default)]
struct Listed<'a> {
    /// None where nobody can ask for the list, or it does not tell.
    registered: Option<&'a RegisteredKey>,
    /// Why it does not tell.
    refused: Option<&'a Fault>,
}

fn listed<'a>(bench: &Bench<'a>, key: &PublicKey) -> Result<Listed<'a>, Stop> {
    if !registers(bench) {
        return Ok(Listed::default());
    }
    let Some(lock) = bench.case.answers.lock() else { return Ok(Listed::default()) };
    let lock = match lock {
        Lock::Account => lock,
        Lock::Repository(place) => {
            if let Some(check) = not_created_yet(bench, &CheckId::SshKey, TITLE) {
                return Err(stop(check));
            }
            if let Some(fault) = switched_off(bench) {
                return Err(Stop::Failed(finding(&fault, bench), fault.text));
            }
            match bench.ask(&bench.repository_query(&place)) {
                Seen::Known(_) => {}
                Seen::Pending => return Err(Stop::Pending),
                _ => {
                    let finding = Finding::new(Remedy::new("Mend the check of the repository first."));
                    let text = "The key was not looked for, because the repository did not answer.";
                    return Err(Stop::Open(finding, text.into()));
                }
            }
            // The name that it has now.
            Lock::Repository(bench.repository().map_or(place, |repository| repository.place.clone()))
        }
    };
    let query = Query::Key(bench.case.site.clone(), bench.case.credential.clone(), lock, key.clone());
    match bench.ask(&query) {
        Seen::Known(Value::Key(key)) => Ok(Listed { registered: Some(key), refused: None }),
        Seen::Refused(fault) if fault.kind == FaultKind::NotFound => Err(absent(bench, fault)),
        Seen::Refused(fault) if fault.kind.is_silence() => Err(Stop::Open(finding(fault, bench), fault.text.clone())),
        // The key itself can still tell.
        Seen::Refused(fault) => Ok(Listed { registered: None, refused: Some(fault) }),
        Seen::Closed(finding, text) => Err(Stop::Open(finding, text)),
        _ => Err(Stop::Pending),
    }
}

/// The forge does not have it: that is mended by this run, or was tried and refused.
fn absent(bench: &Bench<'_>, fault: &Fault) -> Stop {
    match bench.case.keying.registration {
        Creation::Refused(fault) => Stop::Failed(finding(fault, bench), fault.text.clone()),
        Creation::NotTried if bench.case.occasion == Occasion::Setup => {
            let remedy = Remedy::new("Mend what failed, if anything did: then it is registered, and this is asked.");
            Stop::Open(Finding::new(remedy), "The key is not registered yet; it is once all else is well.".into())
        }
        Creation::NotTried if bench.case.occasion == Occasion::DryRun => stop(not_done(CheckId::SshKey, TITLE)),
        _ => Stop::Failed(finding(fault, bench), fault.text.clone()),
    }
}

/// Whether the owner has switched deploy keys off, so that none is let in.
fn switched_off(bench: &Bench<'_>) -> Option<Fault> {
    let owner = bench.known_owner().filter(|owner| owner.deploy_keys == Told::No)?;
    let text = format!("{} has switched deploy keys off for its repositories.", owner.name);
    let remedy = "Have an owner allow them in the settings, or register the key at an account: `scope = \"account\"`.";
    let page = bench.rules.owner_page(bench.case.site, &owner.name);
    Some(Fault::new(FaultKind::NoAccess, text).remedy(Remedy::at(remedy, page)))
}

fn may_knock(bench: &Bench<'_>) -> bool {
    let private = bench.case.answers.key_files().is_some_and(|files| files.private.is_some());
    private && ssh_address(bench).is_some()
}

fn ssh_address(bench: &Bench<'_>) -> Option<SshAddress> {
    bench.case.answers.ssh_address(bench.repository().and_then(|repository| repository.ssh.as_ref()))
}

/// Where the key is pasted by hand, and the key.
fn by_hand(bench: &Bench<'_>, key: &PublicKey, before: &str) -> Remedy {
    let with = if only_reads(bench) { "" } else { ", with write access" };
    let text = format!("{before} Add this public key there{with}: {key}");
    match bench.case.answers.lock() {
        Some(lock) => Remedy::at(text, bench.rules.key_page(bench.case.site, &lock)),
        None => Remedy::new(text),
    }
}

/// What the server says to the key over SSH, asked only where the key is not known to be refused.
fn knock<'a>(bench: &Bench<'a>, service: Service) -> Result<(&'a Refs, Option<Duration>), Stop> {
    let key = public_key(bench)?;
    let Listed { registered, refused: hidden } = listed(bench, key)?;
    if let Some(registered) = registered.filter(|registered| !registered.usable) {
        let text = format!("The key is registered (“{}”), and the forge does not let it in.", registered.title);
        let remedy = by_hand(bench, key, "It is switched off, unverified or expired: remove it.");
        return Err(Stop::Failed(Finding::of(FaultKind::NoAccess, remedy), text));
    }
    if service == Service::Write
        && let Some(registered) = registered.filter(|registered| registered.read_only == Some(true))
    {
        let text = format!("The key is registered to read only (“{}”).", registered.title);
        let remedy = by_hand(bench, key, "Remove it, and run this again to register it anew.");
        return Err(Stop::Failed(Finding::of(FaultKind::NoAccess, remedy), text));
    }
    // Neither seen nor registered by us: only the key's own answer makes up for that.
    let or_hidden = |stop| match (hidden, &stop) {
        (Some(fault), Stop::Open(..) | Stop::Failed(..)) => Stop::Failed(finding(fault, bench), fault.text.clone()),
        _ => stop,
    };
    let files = bench.case.answers.key_files();
    let Some(private) = files.and_then(|files| files.private) else {
        return Err(or_hidden(unproven(bench, key, registered)));
    };
    if signs_in(bench)
        && let Some(place) = bench.place.as_ref()
        && let Seen::Pending = bench.ask(&bench.repository_query(place))
    {
        return Err(Stop::Pending);
    }
    let Some(address) = ssh_address(bench) else {
        let remedy = Remedy::new("Name a repository that the key is to open: then it is tried there.");
        let text = "There is no repository to try the key on.".into();
        return Err(or_hidden(Stop::Open(Finding::new(remedy), text)));
    };
    let question =
        |service| Query::Knock(Knock { address: address.clone(), private: private.clone(), key: key.clone(), service });
    // Some forges create what is pushed to: reading shows first that it is there.
    let asked = bench.look(&question(Service::Read));
    let asked = match (service, asked) {
        (Service::Write, Seen::Known(Value::Heard(Heard::Refs(_)))) => bench.look(&question(service)),
        (_, asked) => asked,
    };
    let took = bench.took(&question(service));
    match asked {
        Seen::Known(Value::Heard(Heard::Refs(refs))) => Ok((refs, took)),
        Seen::Known(Value::Heard(Heard::Stranger { line, fingerprint })) => Err(or_hidden(stranger(line, fingerprint))),
        Seen::Refused(fault) => Err(or_hidden(refused(bench, key, fault, registered.is_none()))),
        _ => Err(Stop::Pending),
    }
}

/// How far a registered key reaches, and its name.
fn access(registered: &RegisteredKey) -> String {
    let access = match registered.read_only {
        Some(true) => " to read",
        Some(false) => " to read and write",
        None => "",
    };
    format!("{access} (“{}”)", registered.title)
}

/// There is no private half: the list is all that can be had.
fn unproven(bench: &Bench<'_>, key: &PublicKey, registered: Option<&RegisteredKey>) -> Stop {
    if let Some(registered) = registered {
        let (access, print) = (access(registered), key.fingerprint());
        let text = format!("{print} is registered{access}; nobody has tried it, for want of its private half.");
        let remedy = Remedy::new("Deploy once as the proof; or give the private half as `ssh.private_key`.");
        return Stop::Open(Finding::new(remedy), text);
    }
    let why = if bench.rules.keys().by_api { "there is no token" } else { "the API shows no keys" };
    let text =
        format!("Nothing tells whether {} is registered: {why}, and there is no private half.", key.fingerprint());
    Stop::Open(Finding::new(by_hand(bench, key, "Deploy once as the proof.")), text)
}

fn stranger(line: &str, fingerprint: &str) -> Stop {
    let text = format!("The server shows the key {fingerprint}, and nobody has vouched for it; ours was not shown.");
    let remedy = format!(
        "Compare this with what the server's administrator publishes. If it is the same, add this line to the file {KNOWN_HOSTS} beside the config, and run this again: {line}"
    );
    Stop::Open(Finding::new(Remedy::new(remedy)), text)
}

/// The server, or the way to it, said no.
fn refused(bench: &Bench<'_>, key: &PublicKey, fault: &Fault, by_the_user: bool) -> Stop {
    let own = finding(fault, bench);
    match fault.kind {
        // Another server may stand there: that is no silence.
        FaultKind::Tls => Stop::Failed(own, fault.text.clone()),
        kind if kind.is_silence() || kind == FaultKind::Secret => Stop::Open(own, fault.text.clone()),
        FaultKind::Auth if by_the_user => {
            let remedy = by_hand(bench, key, "Then run this again.");
            Stop::Failed(Finding::of(fault.kind, remedy), fault.text.clone())
        }
        _ => Stop::Failed(own, fault.text.clone()),
    }
}

/// A check that the key's own answer settles.
fn by_git(bench: &Bench<'_>, id: CheckId, title: &str, service: Service) -> Check {
    match knock(bench, service) {
        Ok((_, took)) => {
            let detail = match (&id, service) {
                (CheckId::Owner | CheckId::Repository, _) => "It answers over SSH.",
                (_, Service::Read) => "The server offers the refs to the key.",
                (_, Service::Write) => "The server is ready to receive from the key (nothing was sent).",
            };
            Check::new(id, title, Verdict::Pass, detail).took(took)
        }
        // What the key lacks stands in its own row; that the owner is there is another question.
        Err(Stop::Failed(finding, text)) if id == CheckId::Owner => {
            Check::new(id, title, Verdict::Unknown(finding), text)
        }
        Err(stop) => stop.check(id, title),
    }
}

fn empty(bench: &Bench<'_>) -> Option<Check> {
    let title = "The repository is empty";
    if !bench.case.platform.wants_empty || bench.case.occasion == Occasion::Check || bench.holds() {
        return None;
    }
    Some(match knock(bench, Service::Read) {
        Ok((refs, took)) if refs.names.is_empty() => {
            Check::new(CheckId::Empty, title, Verdict::Pass, "It has no commit.").took(took)
        }
        Ok((_, took)) => {
            let text = format!("Choose another repository: {} fills it itself.", bench.case.platform.title);
            let verdict = Verdict::Fail(Finding::new(Remedy::new(text)));
            Check::new(CheckId::Empty, title, verdict, "It has commits already.").took(took)
        }
        Err(stop) => stop.check(CheckId::Empty, title),
    })
}

fn ssh_key(bench: &Bench<'_>) -> Check {
    let id = CheckId::SshKey;
    let service = if only_reads(bench) { Service::Read } else { Service::Write };
    let told = knock(bench, service);
    let Ok(key) = public_key(bench) else {
        return told.err().unwrap_or(Stop::Pending).check(id, TITLE);
    };
    let registered = listed(bench, key).ok().and_then(|listed| listed.registered);
    let took = match told {
        Ok((_, took)) => took,
        // Whoever changes over to a key that nobody has let in, and no list shows, may stand outside.
        Err(Stop::Open(_, text)) if bench.case.keying.replaces && registered.is_none() && !registers(bench) => {
            let before = if may_knock(bench) {
                "The key in use stays until this one is let in."
            } else {
                "The key in use stays, for nothing shows that this one is let in. Accept that with --accept-failures once it is registered."
            };
            return Stop::Failed(Finding::new(by_hand(bench, key, before)), text).check(id, TITLE);
        }
        Err(Stop::Open(finding, text)) if may_knock(bench) => {
            let list = registered.map(|registered| format!("It is registered{}. ", access(registered)));
            return Stop::Open(finding, format!("{}{text}", list.unwrap_or_default())).check(id, TITLE);
        }
        Err(stop) => return stop.check(id, TITLE),
    };
    let access = if only_reads(bench) { "to read" } else { "to read and to push" };
    let detail = format!("{} was let in over SSH, {access}.", key.fingerprint());
    let pass = |detail: String| Check::new(id.clone(), TITLE, Verdict::Pass, detail).took(took);
    if !only_reads(bench) || bench.case.answers.lock() == Some(Lock::Account) {
        return pass(detail);
    }
    let writes = match registered.and_then(|registered| registered.read_only) {
        Some(only) => !only,
        None => match knock(bench, Service::Write) {
            Ok(_) => true,
            Err(Stop::Pending) => return Check::pending(id, TITLE),
            Err(_) => false,
        },
    };
    if !writes {
        return pass(detail);
    }
    let text = format!("Register it to read only: {} pushes nothing with it.", bench.case.platform.title);
    let page = bench.case.answers.lock().map(|lock| bench.rules.key_page(bench.case.site, &lock));
    let remedy = Remedy { text, url: page };
    let detail = format!("{detail} It may push as well, which is more than is needed.");
    Check::new(id, TITLE, Verdict::Warn(Finding::new(remedy)), detail).took(took)
}
