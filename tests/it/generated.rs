//! What is generated from the one definition: schemas, completions, the man page.

use std::io::Write as _;
use std::process::Stdio;

use crate::program::Home;

#[test]
fn schemas_are_json() {
    let home = Home::new();
    for of in ["config", "answers"] {
        let run = home.run(&["schema", of]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        assert!(run.json()["$schema"].is_string(), "{of}");
    }
}

#[test]
fn bash_completes_a_subcommand_and_a_flag() {
    let home = Home::new();
    let script = home.run(&["completions", "bash"]);
    assert_eq!(script.code, 0);
    let asked = |words: &str, count: usize| {
        let tail = format!(
            "\nCOMP_WORDS=({words}); COMP_CWORD={count}\n_git__access git-access \"${{COMP_WORDS[COMP_CWORD]}}\" \
             \"${{COMP_WORDS[COMP_CWORD-1]}}\"\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
        );
        let mut command = home.command("bash");
        let mut bash = command.arg("--norc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        bash.stdin.take().unwrap().write_all((script.stdout.clone() + &tail).as_bytes()).unwrap();
        String::from_utf8(bash.wait_with_output().unwrap().stdout).unwrap()
    };
    assert_eq!(asked("git-access setup-", 1), "setup-git\n");
    assert_eq!(asked("git-access remove --ye", 2), "--yes\n");
    for shell in ["zsh", "fish", "powershell", "elvish"] {
        assert!(home.run(&["completions", shell]).stdout.contains("setup-git"), "{shell}");
    }
    for (shell, only_parse) in [("zsh", "--no-exec"), ("fish", "--no-execute")] {
        let script = home.write(shell, &home.run(&["completions", shell]).stdout);
        match home.command(shell).arg(only_parse).arg(script).output() {
            Ok(done) => assert!(done.status.success() && done.stderr.is_empty(), "{shell}: {done:?}"),
            Err(_) => println!("{shell} is not installed: its completions were not parsed"),
        }
    }
    assert!(home.run(&["completions", "fish", "--format", "json"]).json()["completions"].is_string());
}

#[test]
fn the_man_page_has_every_command_and_renders_without_a_warning() {
    let home = Home::new();
    let page = home.run(&["man"]);
    assert_eq!((page.code, page.stderr.as_str()), (0, ""));
    for command in git_access::cli::definition().get_subcommands() {
        assert!(page.stdout.contains(&format!(".SS {}\n", command.get_name())), "{}", command.get_name());
    }
    let path = home.write("git-access.1", &page.stdout);
    let Ok(done) = home.command("groff").args(["-man", "-ww", "-Tutf8"]).arg(path).output() else { return };
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success() && said.is_empty(), "{said}");
    assert!(String::from_utf8_lossy(&done.stdout).contains("Cancelled."));
}
