//! The file is written by somebody who takes no lock, between the moment it is read for a change and the moment it would
//! be replaced. The change itself does it here, so that no clock is needed.

use std::fs;
use std::path::Path;

use git_access::config::{Config, ConfigProblem};
use git_access::disk::{self, DiskFault, DiskFaultKind};
use tempfile::TempDir;

const BEFORE: &str = "version = 1\nactive = \"a\"\n";

/// How an editor saves.
#[derive(Clone, Copy, Debug)]
enum Editor {
    Through,
    /// To a file beside it, which takes its name.
    ByRename,
    Removes,
}

impl Editor {
    const ALL: [Self; 3] = [Self::Through, Self::ByRename, Self::Removes];

    fn saves(self, path: &Path, text: &str) {
        match self {
            Self::Through => fs::write(path, text).unwrap(),
            Self::ByRename => {
                let beside = path.with_extension("swp");
                fs::write(&beside, text).unwrap();
                fs::rename(beside, path).unwrap();
            }
            Self::Removes => fs::remove_file(path).unwrap(),
        }
    }
}

#[test]
fn what_is_written_by_hand_during_a_save_is_never_lost() {
    for editor in Editor::ALL {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, BEFORE).unwrap();
        // Of the same length, so that its size tells nothing.
        let by_hand = BEFORE.replace('a', "b");
        let saved = disk::update::<_, DiskFault>(&path, |_| {
            editor.saves(&path, &by_hand);
            Ok("ours")
        });
        let fault = saved.unwrap_err();
        assert_eq!(fault.kind, DiskFaultKind::Meanwhile, "{editor:?}");
        assert!(fault.message.ends_with("was changed meanwhile, so nothing was saved over it."), "{}", fault.message);
        let there = fs::read_to_string(&path).ok();
        assert_eq!(there, (!matches!(editor, Editor::Removes)).then_some(by_hand), "{editor:?}");
        let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| name == "file" || name == ".file.lock"), "{editor:?}: {left:?}");
    }
}

#[test]
fn a_file_that_appears_meanwhile_is_not_replaced() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("file");
    let saved = disk::update::<_, DiskFault>(&path, |text| {
        assert_eq!(text, None);
        fs::write(&path, "by hand").unwrap();
        Ok("ours")
    });
    assert_eq!(saved.unwrap_err().kind, DiskFaultKind::Meanwhile);
    assert_eq!(fs::read_to_string(&path).unwrap(), "by hand");
}

fn connection(name: &str) -> String {
    format!(
        "[connections.{name}]\nid = \"id-{name}\"\nplatform = \"none\"\nprovider = \"github\"\n\
         host = \"https://github.com\"\nowner = \"acme\"\n"
    )
}

#[test]
fn a_change_of_the_config_is_applied_to_what_was_written_by_hand() {
    for editor in [Editor::Through, Editor::ByRename] {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("config.toml");
        let before = format!("{BEFORE}{}{}", connection("a"), connection("b"));
        fs::write(&path, &before).unwrap();
        let by_hand = format!("# by hand\n{before}");
        let mut asked = 0;
        let told = |problem: ConfigProblem| panic!("{problem}");
        disk::update_config::<DiskFault>(&path, told, |config: &mut Config| {
            asked += 1;
            if asked == 1 {
                editor.saves(&path, &by_hand);
            }
            config.set_active("b").unwrap();
            Ok(())
        })
        .unwrap();
        assert_eq!(asked, 2, "{editor:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), by_hand.replace("active = \"a\"", "active = \"b\""));
    }
}

#[test]
fn a_config_that_is_written_again_and_again_is_left_alone() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("config.toml");
    fs::write(&path, format!("{BEFORE}{}{}", connection("a"), connection("b"))).unwrap();
    let (mut asked, mut last) = (0, String::new());
    let told = |problem: ConfigProblem| panic!("{problem}");
    let saved = disk::update_config::<DiskFault>(&path, told, |config: &mut Config| {
        asked += 1;
        last = format!("# {asked}\n{}", config.render());
        fs::write(&path, &last).unwrap();
        config.set_active("b").unwrap();
        Ok(())
    });
    assert_eq!(saved.unwrap_err().kind, DiskFaultKind::Meanwhile);
    assert!((2..10).contains(&asked), "{asked}");
    assert_eq!(fs::read_to_string(&path).unwrap(), last);
}
