//! The report for those who collect metrics: gauges in the text format that `node_exporter`'s textfile collector and
//! every scraper of `OpenMetrics` read.
//!
//! Sources: <https://prometheus.io/docs/instrumenting/exposition_formats/> (the older format knows no state sets, so a
//! verdict is one gauge for each word) and <https://prometheus.io/docs/specs/om/open_metrics_spec/>, read on 2026-11-21.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{Entry, Report};

const VERDICTS: [&str; 4] = ["pass", "warn", "unknown", "fail"];

impl Report {
    /// Gauges for every connection and check; `now`: the moment of the run.
    pub fn metrics(&self, now: Timestamp) -> String {
        let mut text = String::new();
        family(&mut text, "git_access_connection_verdict", "1 for the verdict that the connection has");
        for entry in &self.connections {
            for verdict in VERDICTS {
                let holds = u8::from(entry.verdict() == verdict);
                let of = of(entry);
                let _ = writeln!(text, "git_access_connection_verdict{{{of},verdict=\"{verdict}\"}} {holds}");
            }
        }
        family(&mut text, "git_access_check_verdict", "1 for the verdict that the check has; no line for the others");
        for entry in &self.connections {
            for check in &entry.checks {
                let (of, id, word) = (of(entry), escaped(&check.id.name()), check.verdict.name());
                let _ = writeln!(text, "git_access_check_verdict{{{of},check=\"{id}\",verdict=\"{word}\"}} 1");
            }
        }
        family(
            &mut text,
            "git_access_token_expiry_timestamp_seconds",
            "when the token ends; no line where that is not known",
        );
        for entry in &self.connections {
            if let Some(at) = entry.expires {
                let _ = writeln!(text, "git_access_token_expiry_timestamp_seconds{{{}}} {}", of(entry), at.as_second());
            }
        }
        family(&mut text, "git_access_check_timestamp_seconds", "when these checks were made; no line where none was");
        if self.problems.is_empty() || !self.connections.is_empty() {
            let _ = writeln!(text, "git_access_check_timestamp_seconds {}", now.as_second());
        }
        family(&mut text, "git_access_problems", "parts of the config that could not be read, and unknown platforms");
        let _ = writeln!(text, "git_access_problems {}\n# EOF", self.problems.len());
        text
    }
}

fn family(text: &mut String, name: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
}

fn of(entry: &Entry) -> String {
    format!(
        "connection=\"{}\",platform=\"{}\",provider=\"{}\",host=\"{}\",owner=\"{}\"",
        escaped(&entry.name),
        escaped(&entry.platform),
        escaped(&entry.provider),
        escaped(&entry.host),
        escaped(&entry.owner)
    )
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
