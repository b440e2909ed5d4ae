//! Names of connections in shell completions.
//!
//! The generator knows the definition and not what is saved, so the scripts are given a function that asks `list`,
//! which is offline and never speaks to a keyring or a forge. A name has letters, digits, `.`, `_` and `-` alone, so
//! that a line of the list can be taken apart without a reader of JSON, and means nothing to a shell.

use clap_complete::Shell;

/// The commands whose first word is the name of a connection.
const NAMED: [&str; 8] = ["check", "show", "use", "rename", "remove", "rotate", "export", "setup"];

/// A line of the document that `list` prints, as a basic regular expression with the name in it.
const LINE: &str = r#"^ *"name": "\([a-z0-9._-]*\)",*$"#;

/// The script of `shell`, which completes the names as well; the others are left as they are.
pub(super) fn with_names(shell: Shell, script: &str) -> String {
    match shell {
        Shell::Bash => bash(script),
        Shell::Zsh => zsh(script),
        Shell::Fish => fish(script),
        _ => script.to_owned(),
    }
}

/// Each command has its words in one line, from which the matching ones are taken.
fn bash(script: &str) -> String {
    let mut text = format!(
        r#"_git__access_names() {{
    local config=() at
    [[ "${{cur}}" == -* ]] && return 0
    for ((at = 1; at < COMP_CWORD; at++)); do
        [[ "${{COMP_WORDS[at]}}" == --config ]] && config=(--config "${{COMP_WORDS[at + 1]/#\~/${{HOME}}}}")
    done
    "$1" list --format json ${{config[@]+"${{config[@]}}"}} 2>/dev/null | sed -n 's/{LINE}/\1/p'
}}

"#
    );
    let mut is_named = false;
    for line in script.lines() {
        let words = line.trim_start().strip_prefix("opts=\"").and_then(|rest| rest.strip_suffix('"'));
        match words.filter(|_| is_named) {
            Some(words) => text.push_str(&format!("            opts=\"{words} $(_git__access_names \"$1\")\"")),
            None => text.push_str(line),
        }
        text.push('\n');
        let head = line.trim().strip_prefix("git__access__subcmd__").and_then(|rest| rest.strip_suffix(')'));
        is_named = head.is_some_and(|command| NAMED.contains(&command));
    }
    text
}

/// The place of a word says what completes it.
fn zsh(script: &str) -> String {
    let function = format!(
        r#"_git-access_names() {{
    local -a names config
    [[ -n ${{opt_args[--config]}} ]] && config=(--config ${{~${{(Q)opt_args[--config]}}}})
    names=(${{(f)"$(git-access list --format json $config 2>/dev/null | sed -n 's/{LINE}/\1/p')"}})
    compadd -a names
}}

_git-access() {{
"#
    );
    let script = script.replacen("_git-access() {\n", &function, 1);
    let named = |line: &str| {
        let of_a_name = ["':name", "'::name", "'*::name"].iter().any(|place| line.starts_with(place));
        let cut = line.strip_suffix(":_default' \\").filter(|_| of_a_name);
        cut.map_or_else(|| line.to_owned(), |place| format!("{place}:_git-access_names' \\"))
    };
    script.lines().map(|line| named(line) + "\n").collect()
}

fn fish(script: &str) -> String {
    let commands = NAMED.join(" ");
    format!(
        r#"{script}
function __fish_git_access_names
    set -l words (commandline -opc)
    set -l config
    set -l at (contains -i -- --config $words)
    and set config --config $words[(math $at + 1)]
    git-access list --format json $config 2>/dev/null | sed -n 's/{LINE}/\1/p'
end
complete -c git-access -n "__fish_git_access_using_subcommand {commands}" -f -a "(__fish_git_access_names)"
"#
    )
}
