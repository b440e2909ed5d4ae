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

/// A home with two connections, and another config with a third.
fn home_with_connections() -> Home {
    let home = Home::new();
    let connection = |name: &str| {
        format!(
            "[connections.\"{name}\"]\nid = \"id-{name}\"\nplatform = \"none\"\nprovider = \"github\"\nhost = \"github.com\"\n\
             owner = \"acme\"\n"
        )
    };
    home.write(
        "config/git-access/config.toml",
        &format!("version = 1\n{}{}", connection("flux-one"), connection("keptn_2.x")),
    );
    home.write("other dir/other.toml", &format!("version = 1\n{}", connection("third")));
    home
}

/// The commands of the program, found by its name.
fn with_program(home: &Home, shell: &str) -> std::process::Command {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_git-access")).parent().unwrap();
    let mut command = home.command(shell);
    command.env("PATH", format!("{}:{}", program.display(), std::env::var("PATH").unwrap()));
    command
}

#[test]
fn bash_completes_the_names_of_connections() {
    let home = home_with_connections();
    let script = home.run(&["completions", "bash"]).expect(0).stdout;
    let asked = |words: &str, count: usize| {
        let tail = format!(
            "\nset -u\nCOMP_WORDS=({words}); COMP_CWORD={count}\n_git__access git-access \"${{COMP_WORDS[COMP_CWORD]}}\" \
             \"${{COMP_WORDS[COMP_CWORD-1]}}\"\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
        );
        let mut command = with_program(&home, "bash");
        let mut bash = command.arg("--norc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        bash.stdin.take().unwrap().write_all((script.clone() + &tail).as_bytes()).unwrap();
        String::from_utf8(bash.wait_with_output().unwrap().stdout).unwrap()
    };
    for command in ["check", "show", "use", "rename", "remove", "rotate", "export", "setup"] {
        assert_eq!(asked(&format!("git-access {command} f"), 2), "flux-one\n", "{command}");
        let all = asked(&format!("git-access {command} ''"), 2);
        assert!(all.contains("flux-one\nkeptn_2.x\n") && all.contains("--config\n"), "{command}: {all}");
    }
    assert_eq!(asked("git-access check flux-one k", 3), "keptn_2.x\n", "several may be named");
    assert_eq!(asked("git-access --config 'other dir/other.toml' show t", 4), "third\n");
    assert!(!asked("git-access export --for f", 3).contains("flux-one"), "a value is no name");
    assert_eq!(asked("git-access remove --ye", 2), "--yes\n");
    assert!(!asked("git-access platforms f", 2).contains("flux-one"));
}

#[test]
fn zsh_and_fish_complete_the_names_of_connections() {
    let home = home_with_connections();
    let zsh = home.write("names.zsh", &home.run(&["completions", "zsh"]).expect(0).stdout);
    let script = format!(
        "compdef() {{ : }}\ncompadd() {{ print -l $names }}\ntypeset -A opt_args\nsource {0}\n_git-access_names\n\
         opt_args=(--config 'other\\ dir/other.toml')\n_git-access_names\n",
        zsh.display()
    );
    match with_program(&home, "zsh").args(["-f", "-c", &script]).output() {
        Ok(done) => assert_eq!(String::from_utf8_lossy(&done.stdout), "flux-one\nkeptn_2.x\nthird\n", "{done:?}"),
        Err(_) => println!("skipped: zsh is not installed"),
    }
    let text = std::fs::read_to_string(&zsh).unwrap();
    assert_eq!(text.matches(":_git-access_names' \\\n").count(), 8, "each command that takes a name");
    let fish = home.write("names.fish", &home.run(&["completions", "fish"]).expect(0).stdout);
    let asked = |line: &str| {
        let script = format!("source {}; complete -C '{line}'", fish.display());
        with_program(&home, "fish").args(["--no-config", "-c", &script]).output()
    };
    for (line, wanted) in [
        ("git-access show f", "flux-one\n"),
        ("git-access rotate keptn_2", "keptn_2.x\n"),
        ("git-access --config other\\ dir/other.toml show t", "third\n"),
    ] {
        match asked(line) {
            Ok(done) => assert_eq!(String::from_utf8_lossy(&done.stdout), wanted, "{line}: {done:?}"),
            Err(_) => return println!("skipped: fish is not installed"),
        }
    }
    let done = asked("git-access doctor f").unwrap();
    assert!(!String::from_utf8_lossy(&done.stdout).contains("flux-one"), "it takes no name");
}

/// What man itself says, as a reader would see it.
#[test]
fn man_shows_the_page_without_a_warning() {
    let home = Home::new();
    let path = home.write("git-access.1", &home.run(&["man"]).expect(0).stdout);
    let mut man = home.command("man");
    let Ok(done) = man.args(["--warnings", "-E", "UTF-8", "-l"]).arg(path).env("MANWIDTH", "80").output() else {
        return println!("skipped: man is not installed");
    };
    let (shown, said) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    if shown.contains("has been minimized") || said.contains("has been minimized") {
        return println!("skipped: man is a stand-in here");
    }
    assert!(done.status.success() && said.is_empty(), "{said}");
    assert!(shown.contains("EXIT STATUS") && shown.contains("Cancelled."), "{shown}");
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
