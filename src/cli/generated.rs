//! What is generated from the one definition: JSON schemas, shell completions, the man page.

mod names;

use std::io::Write as _;

use clap_mangen::Man;
use serde_json::json;

use super::{Ending, Out, Refusal, SchemaOf, definition};

const NAME: &str = "git-access";

pub fn schema(out: &Out, of: SchemaOf) -> Ending {
    out.json(&match of {
        SchemaOf::Config => crate::config::config_schema(),
        SchemaOf::Answers => crate::answers::answers_schema(),
    });
    Ending::Done
}

pub fn completions(out: &Out, shell: clap_complete::Shell) -> Ending {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut definition(), NAME, &mut script);
    // The generator for bash spells a name with a hyphen in two ways, so that no flag of a subcommand is found.
    let script = String::from_utf8_lossy(&script).replace("git__subcmd__access", "git__access");
    told(out, "completions", &names::with_names(shell, &script));
    Ending::Done
}

pub fn man(out: &Out) -> Result<(), Refusal> {
    let mut page = Vec::new();
    write_man(&mut page)
        .map_err(|error| Refusal::storage(format!("The man page could not be made: {error}."), "Run this again."))?;
    told(out, "man", &String::from_utf8_lossy(&page));
    Ok(())
}

/// The text as it is, or inside a document where one was asked for.
fn told(out: &Out, what: &str, text: &str) {
    if out.is_json() { out.json(&json!({ "version": 1, what: text })) } else { out.data(text) }
}

/// One page for everything: a subcommand that has its own page would be looked up there in vain.
fn write_man(page: &mut Vec<u8>) -> std::io::Result<()> {
    let mut all = definition().disable_help_flag(true);
    all.build();
    let man = Man::new(all.clone()).manual("git-access manual");
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    writeln!(page, ".SH SUBCOMMANDS")?;
    for command in all.get_subcommands() {
        let name = command.get_name();
        let usage = command.clone().disable_help_flag(true).render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ").split_whitespace().collect::<Vec<_>>().join(" ");
        writeln!(page, ".SS {name}\n\\fB{}\\fR\n.PP", escaped(&usage))?;
        if let Some(about) = command.get_about() {
            writeln!(page, "{}.", escaped(&about.to_string()))?;
        }
        // The common flags, and those of setup, stand above.
        for argument in command.get_arguments().filter(|one| !one.is_global_set() && !one.is_hide_set()) {
            if all.get_arguments().any(|there| there.get_id() == argument.get_id()) {
                continue;
            }
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            let values = argument.get_possible_values();
            let values: Vec<&str> = values.iter().map(clap::builder::PossibleValue::get_name).collect();
            let values = if values.is_empty() || !argument.get_action().takes_values() {
                String::new()
            } else {
                format!(" [{}]", values.join(", "))
            };
            writeln!(page, ".TP\n\\fB{}\\fR\n{}", escaped(&argument.to_string()), escaped(&format!("{help}{values}")))?;
        }
    }
    write_rest(page)
}

fn write_rest(page: &mut Vec<u8>) -> std::io::Result<()> {
    writeln!(page, ".SH EXIT STATUS")?;
    for (code, meaning) in [
        ("0", "Done."),
        ("1", "A check failed and was not accepted."),
        ("2", "The command line, the answers, or a pair that does not go together."),
        ("3", "Nobody of the real API answered."),
        ("4", "A secret, a store or the config could not be read or written."),
        ("130", "Cancelled."),
    ] {
        writeln!(page, ".TP\n\\fB{code}\\fR\n{meaning}")?;
    }
    writeln!(page, ".SH VERSION\nv{}", env!("CARGO_PKG_VERSION"))
}

/// Text for roff: no line begins with a control character, and hyphens stay hyphens.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    let text = text.split('\n').map(str::trim).collect::<Vec<_>>().join(" ");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}
