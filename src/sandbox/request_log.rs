//! The log of requests: one JSON line for each, in the order in which they ended.
//!
//! Times are microseconds since the sandbox started. Of a query only values that are known to be harmless are kept.

use std::fs::File;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde_json::json;

pub(super) struct RequestLog {
    file: Mutex<File>,
    started: Instant,
    seq: AtomicU64,
}

/// A request under way. Its line is written when this is dropped, so a client that goes away leaves one too.
pub(super) struct Entry {
    log: Arc<RequestLog>,
    seq: u64,
    start_us: u64,
    provider: &'static str,
    method: String,
    path: String,
    pub status: Option<u16>,
    pub account: Option<String>,
    pub fault: Option<String>,
}

const HARMLESS: &[&str] =
    &["service", "per_page", "page", "type", "sort", "direction", "affiliation", "visibility", "state"];

impl RequestLog {
    pub(super) fn new(file: File) -> Self {
        Self { file: Mutex::new(file), started: Instant::now(), seq: AtomicU64::new(1) }
    }

    pub(super) fn begin(
        self: &Arc<Self>,
        provider: &'static str,
        method: &str,
        path: &str,
        query: Option<&str>,
    ) -> Entry {
        Entry {
            log: Arc::clone(self),
            seq: self.seq.fetch_add(1, Ordering::Relaxed),
            start_us: self.elapsed(),
            provider,
            method: method.to_owned(),
            path: query.map_or_else(|| path.to_owned(), |query| format!("{path}?{}", without_values(query))),
            status: None,
            account: None,
            fault: None,
        }
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let line = json!({
            "seq": self.seq, "start_us": self.start_us, "end_us": self.log.elapsed(), "provider": self.provider,
            "method": self.method, "path": self.path, "status": self.status, "account": self.account, "fault": self.fault,
        });
        let mut file = self.log.file.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk must not stop the imitation; there is nobody here to tell.
        let _ = file.write_all(format!("{line}\n").as_bytes());
    }
}

fn without_values(query: &str) -> String {
    let kept = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if !HARMLESS.contains(&name) => format!("{name}=***"),
        _ => pair.to_owned(),
    };
    query.split('&').map(kept).collect::<Vec<_>>().join("&")
}
