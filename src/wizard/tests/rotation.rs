//! Rotation: what is done in which order, and what holds it up.

use super::*;

/// A saved connection, as a set-up leaves it, and the forge with its repository.
fn saved() -> (Forge, Box<Connection>) {
    let (mut forge, mut wizard) = (Forge::default(), wizard(keptn(), |_| {}));
    forge.drive(&mut wizard);
    forge.done.clear();
    (forge, Box::new(wizard.connection().unwrap()))
}

fn rotation(held: Box<Connection>, token: Option<&str>, how: Rotating) -> Wizard {
    let mut given = Answers::default();
    if let Some(path) = token {
        given.set(Field::TokenFile, Field::TokenFile.parse(&Raw::Text(path)).unwrap());
    }
    let (answers, settings) = (edited(&held, &given), wizard(keptn(), |_| {}).settings);
    let wizard = Wizard::new(Purpose::Rotate { held }, settings, Arc::new(built_in()), answers, "id".into());
    wizard.rotating(how)
}

const REPLACED: [Stage; 6] =
    [Stage::ProbeStore, Stage::WriteSecret, Stage::ReadBack, Stage::WriteConfig, Stage::Verify, Stage::LetGo];

#[test]
fn the_old_token_is_let_go_last_and_ended_after_that() {
    let (mut forge, held) = saved();
    let mut plain = rotation(held.clone(), Some("/n"), Rotating::default());
    let foreseen: Vec<_> = plain.commands().iter().map(Command::stage).collect();
    assert!(foreseen.ends_with(&[Stage::Verify, Stage::LetGo]), "the review tells of it: {foreseen:?}");
    forge.drive(&mut plain);
    assert_eq!((plain.step(), forge.done.as_slice()), (Step::Done, REPLACED.as_slice()));
    assert!(plain.is_done() && plain.token().generation == 2);

    forge.done.clear();
    let how = Rotating { revoke_old: true, prove_dead: true, ..Rotating::default() };
    let mut ended = rotation(held, Some("/n"), how);
    forge.drive(&mut ended);
    assert_eq!(forge.done, [&REPLACED[..], &[Stage::RevokeOld, Stage::LookAtOld]].concat());
    assert!(matches!(ended.end_of_the_old(), Some((Command::LookAtOld(..), Ok(Done::Dead)))));
}

#[test]
fn a_token_that_fails_a_check_changes_nothing() {
    let (mut forge, held) = saved();
    forge.pushes = false;
    for (token, how) in [
        (Some("/n"), Rotating { revoke_old: true, ..Rotating::default() }),
        // Nor is the provider asked for another one with a token that does not do what it is for.
        (None, Rotating { at_provider: Some(NOW.parse().unwrap()), ..Rotating::default() }),
    ] {
        let mut wizard = rotation(held.clone(), token, how);
        forge.drive(&mut wizard);
        assert_eq!((forge.done.len(), wizard.is_saved()), (0, false), "{how:?}");
    }
}

#[test]
fn the_old_token_stays_where_nothing_has_proven_the_new_one() {
    let (mut forge, held) = saved();
    forge.git_is_silent = true;
    let how = Rotating { revoke_old: true, prove_dead: true, ..Rotating::default() };
    let mut wizard = rotation(held, Some("/n"), how);
    forge.drive(&mut wizard);
    assert_eq!(forge.done, [&REPLACED[..], &[Stage::LookAtOld]].concat());
    assert_eq!((verdict(&wizard, "push").as_str(), wizard.is_saved(), wizard.is_done()), ("unknown", true, false));
    assert!(wizard.withheld().unwrap().contains("nothing has proven"));
}

#[test]
fn what_the_provider_made_is_kept_whatever_the_checks_find() {
    let ends = "2027-05-01T00:00:00Z".parse().unwrap();
    let how = Rotating { at_provider: Some(ends), ..Rotating::default() };
    let order = [Stage::ProbeStore, Stage::Renew, Stage::WriteConfig, Stage::Verify, Stage::LetGo];
    for badly in [false, true] {
        let (mut forge, held) = saved();
        forge.renews_badly = badly;
        let mut wizard = rotation(held, None, how);
        assert_eq!(wizard.credential().unwrap().slot, Slot::Current);
        forge.drive(&mut wizard);
        assert_eq!(forge.done, order, "{badly}");
        assert_eq!(wizard.credential().unwrap().slot, Slot::Candidate);
        assert_eq!((wizard.is_saved(), wizard.is_done()), (true, !badly));
        assert_eq!(
            (verdict(&wizard, "push").as_str(), wizard.token().generation),
            (if badly { "fail" } else { "pass" }, 2)
        );
    }
}
