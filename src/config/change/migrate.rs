//! An older form of the config, brought to today's before the first change of it.
//!
//! Every version that there ever was is read as it stands, so that what only reads never writes. No program has written
//! less than 1: version 0 is a file that people made by hand, without `version` or with `version = 0`, and says the same
//! as today's in the same words. A version that says it in other words gets a row here, and a reader that knows it.

use super::Edit;
use crate::config::{Config, ConfigProblem};
use crate::statements::statements;

use super::super::layout::Layout;

/// From each version to the next: the first row is for version 0.
const MIGRATIONS: &[fn(&Config) -> Vec<Edit>] = &[say_the_version];

impl Config {
    /// Brings the document to today's form, and gives the version that it had; `None` where there is nothing to do.
    ///
    /// # Errors
    /// It is written in a way in which that cannot be done.
    pub fn migrate(&mut self) -> Result<Option<u64>, ConfigProblem> {
        let had = self.version;
        let steps = MIGRATIONS.iter().skip(usize::try_from(had).unwrap_or(usize::MAX));
        for step in steps.clone() {
            let edits = step(self);
            self.apply(edits)?;
        }
        Ok((steps.len() > 0).then_some(had))
    }
}

/// 0 to 1: the file says which version it is.
fn say_the_version(config: &Config) -> Vec<Edit> {
    let all = statements(&config.text);
    if let Some(leaf) = Layout::of(&all).leaf(&["version"]) {
        return vec![Edit::new(leaf.node.span.clone(), "1")];
    }
    // Before everything else: below the first header it would belong to that table.
    let start = if config.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    vec![Edit::insert(start, format!("version = 1{}", config.line_break()))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_migration_leads_to_the_next_version_and_the_last_to_todays() {
        assert_eq!(MIGRATIONS.len() as u64, crate::config::VERSION);
        let body = "# note\n[connections.x] # mine\nid = \"1\"\nplatform = \"none\"\n\
                    provider = \"github\"\nhost = \"github.com\"\nowner = \"a\"\ncolour = \"blue\"\n";
        for (before, after) in [
            (body.to_owned(), format!("version = 1\n{body}")),
            (format!("version = 0 # old\n{body}"), format!("version = 1 # old\n{body}")),
            (format!("active = \"x\"\nversion=0x0\n{body}"), format!("active = \"x\"\nversion=1\n{body}")),
            (format!("\u{feff}{body}"), format!("\u{feff}version = 1\n{body}")),
            (body.replace('\n', "\r\n"), format!("version = 1\n{body}").replace('\n', "\r\n")),
        ] {
            let mut config = Config::parse(Some(&before)).unwrap();
            assert_eq!((config.connections().len(), config.render()), (1, before.clone()), "reading changes nothing");
            assert_eq!(config.migrate(), Ok(Some(0)), "{before}");
            assert_eq!(config.render(), after);
            assert_eq!(config.migrate(), Ok(None));
        }
        let mut fresh = Config::parse(None).unwrap();
        assert_eq!(fresh.migrate(), Ok(None));
    }
}
