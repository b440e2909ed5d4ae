//! `rotate` before it begins: whether this connection can be rotated, and in this way.

use super::{Aim, begun};
use crate::answers::{Answer, Field, GivenExpiry, Raw};
use crate::cli::{Common, Ending, Out, Refusal, RotateFlags, SetupFlags, manage, run};
use crate::config::Connection;
use crate::disk::Paths;
use crate::wizard::Rotating;

/// `rotate`: a set-up of a saved connection, of which only the token or the key changes.
pub fn rotate(name: &str, flags: &SetupFlags, common: &Common, out: &Out, paths: &Paths) -> Ending {
    if flags.sandbox.is_some() {
        return begun(Aim::Rotate, Some(name), flags, common, out, paths);
    }
    let held = manage::config(paths).and_then(|config| manage::named(&config, paths, name).cloned());
    match held.and_then(|held| can_be(&held, flags)) {
        Ok(()) => begun(Aim::Rotate, Some(name), flags, common, out, paths),
        Err(refusal) => out.refused(&refusal),
    }
}

/// What the flags say about how it is done.
pub fn how(flags: &RotateFlags) -> Result<Rotating, Refusal> {
    let ends = flags.expires.as_deref().map(|text| match Field::TokenExpires.parse(&Raw::Text(text)) {
        Ok(Answer::Expires(GivenExpiry::At(at))) => Ok(at),
        _ => Err(Refusal::usage("--expires is no date.", "Write one like 2027-02-01.")),
    });
    let ends = ends.transpose()?;
    if ends.is_some() && !flags.at_provider {
        let remedy =
            "Leave it out: when a token that you bring ends is told by the provider, or by expires in [token].";
        return Err(Refusal::usage("--expires is the end of a token that the provider makes.", remedy));
    }
    // The old token ends at once, and a new one that has ended is all that would be left.
    if ends.is_some_and(|ends| ends <= run::now()) {
        return Err(Refusal::usage("--expires: that day has begun already.", "Give a later one, like 2027-02-01."));
    }
    Ok(Rotating {
        at_provider: ends.filter(|_| flags.at_provider),
        revoke_old: flags.revoke_old,
        prove_dead: flags.prove_dead,
    })
}

pub(super) fn can_be(held: &Connection, flags: &SetupFlags) -> Result<(), Refusal> {
    let (name, provider, how) = (&held.name, held.site.provider, flags.rotating);
    let Some(token) = &held.token else {
        if how.at_provider.is_some() || how.prove_dead {
            let message = format!("{name} signs in with a key: --at-provider and --prove-dead are about tokens.");
            return Err(Refusal::usage(message, "Leave them out; --revoke-old removes the old key at the forge."));
        }
        return Ok(());
    };
    if how.at_provider.is_some() && !provider.rules().renews_tokens() {
        let message = format!("--at-provider: {provider} has no way to let a token replace itself.");
        let remedy = "Make a new token on the provider's page, and give it with --answers FILE.";
        return Err(Refusal::usage(message, remedy));
    }
    if how.at_provider.is_some() && !token.store.keeps() {
        let kind = token.store.kind();
        let message = format!(
            "--at-provider: the token of {name} is only referred to ({kind}), and nobody could put the new one there."
        );
        let remedy =
            "Make a new token on the provider's page, put it there, and give the same reference with --answers.";
        return Err(Refusal::usage(message, remedy));
    }
    Ok(())
}

/// In a sandbox there is no saved connection: the sample of the scenario is set up first.
pub(super) fn flags_of_the_first(flags: &SetupFlags) -> SetupFlags {
    let rotating = Rotating::default();
    SetupFlags { answers: Vec::new(), dry_run: false, save_answers: None, rotating, ..flags.clone() }
}

/// Whether the sample connection is there, and can be rotated.
pub(super) fn after_the_first(
    (ending, first): (Ending, &Out),
    name: Option<&str>,
    flags: &SetupFlags,
    out: &Out,
    paths: &Paths,
) -> Result<(), Ending> {
    if ending != Ending::Done {
        first.take_kept().iter().for_each(|line| out.say(line));
        if ending.is_cancelled() {
            return Err(ending);
        }
        out.failure("The sample connection could not be set up in this scenario.", "Choose another scenario.");
        return Err(ending);
    }
    out.say("The sample connection of the scenario was set up first; now it is rotated.");
    let config = manage::config(paths);
    let held = config.and_then(|config| manage::named(&config, paths, name.unwrap_or_default()).cloned());
    held.and_then(|held| can_be(&held, flags)).map_err(|refusal| out.refused(&refusal))
}

/// Whether the connection signs in with a key.
pub(super) fn is_keyed(name: Option<&str>, paths: &Paths) -> bool {
    let config = manage::config(paths).ok();
    let held = config.as_ref().zip(name).and_then(|(config, name)| config.connection(name));
    held.is_some_and(|held| held.token.is_none())
}

/// What an answers file would have to say.
pub(super) fn wanted(keyed: bool) -> &'static str {
    if keyed { WANTED_OF_A_KEY } else { WANTED_OF_A_TOKEN }
}

const WANTED_OF_A_TOKEN: &str = "# An answers file for git-access rotate: where the new token comes from.
version = 1

[token]
env = \"GIT_ACCESS_TOKEN\"  # or file = \"…\", command = [\"op\", \"read\", \"…\"], stdin = true";

const WANTED_OF_A_KEY: &str = "# An answers file for git-access rotate: the new key.
version = 1

[ssh]
generate = \"path/of/the/new/key\"  # or public_key = \"…\" and private_key = \"…\"

[token]                           # optional: registers the new key, removes the old one with --revoke-old, is not kept
env = \"GIT_ACCESS_TOKEN\"";
