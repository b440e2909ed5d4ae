//! Tokens that somebody wrote into the config: no key of ours holds one, so nobody reads them, and everybody may.

use super::Finding;
use crate::config::stray_tokens;
use crate::disk::{self, Paths};

/// The lines with one, never what stands there.
pub(super) fn findings(paths: &Paths) -> Vec<Finding> {
    let text = disk::read_config(&paths.config).ok().flatten();
    let stray = text.as_ref().map(|text| stray_tokens(text)).unwrap_or_default();
    let finding = |one: crate::config::StrayToken| {
        let advice = format!(
            "`{}` in line {} of the config holds what looks like a token. Nothing reads it there. Take it out, and revoke it \
             if anybody else may have seen the file.",
            one.key, one.line
        );
        Finding::new("files", format!("token in line {}", one.line), true).advise(advice)
    };
    stray.into_iter().map(finding).collect()
}
