//! A man in the middle: he passes on what is asked, and what is answered, except for what he is told to replace.
//!
//! What is replaced never reaches the server behind him. Honest answers are asked once and then repeated byte by byte:
//! the world behind does not change, and git need not run for each of many hundred checks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::support::raw::{Seen, Step, perform, read};

/// The server behind, with what it has answered already.
#[derive(Default)]
pub struct Honest {
    address: String,
    answers: Mutex<BTreeMap<(String, String), Vec<u8>>>,
}

impl Honest {
    /// For the questions of one token: others get other answers.
    pub fn at(host: &str) -> Arc<Self> {
        Arc::new(Self { address: host.trim_start_matches("http://").to_owned(), answers: Mutex::default() })
    }

    async fn answer(&self, seen: &Seen) -> Option<Vec<u8>> {
        let mut answers = self.answers.lock().await;
        let key = (seen.method.clone(), seen.target.clone());
        if let Some(answer) = answers.get(&key) {
            return Some(answer.clone());
        }
        let answer = self.ask(seen).await.ok()?;
        answers.insert(key, answer.clone());
        Some(answer)
    }

    async fn ask(&self, seen: &Seen) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(&self.address).await?;
        let kept = seen.head.lines().filter(|line| {
            let line = line.to_ascii_lowercase();
            !line.is_empty() && !line.starts_with("connection:") && !line.starts_with("accept-encoding:")
        });
        let head: Vec<_> = kept.collect();
        let request = format!("{}\r\nConnection: close\r\n\r\n{}", head.join("\r\n"), seen.body);
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok(answer)
    }
}

/// What is answered in place of the server; `None` passes the question on.
pub type Rule = Arc<dyn Fn(&Seen) -> Option<Step> + Send + Sync>;

/// He, until he is dropped.
pub struct Middle {
    port: u16,
    replaced: Arc<AtomicUsize>,
    rule: Arc<std::sync::Mutex<Rule>>,
    task: JoinHandle<()>,
}

impl Drop for Middle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Middle {
    pub async fn before(honest: &Arc<Honest>, rule: Rule) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (replaced, rule) = (Arc::new(AtomicUsize::new(0)), Arc::new(std::sync::Mutex::new(rule)));
        let (honest, count, kept) = (honest.clone(), replaced.clone(), rule.clone());
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (honest, count, kept) = (honest.clone(), count.clone(), kept.clone());
                tokio::spawn(async move {
                    let Some(seen) = read(&mut stream).await else { return };
                    let rule = kept.lock().unwrap().clone();
                    let step = match rule(&seen) {
                        Some(step) => {
                            count.fetch_add(1, Ordering::Relaxed);
                            step
                        }
                        None => honest.answer(&seen).await.map_or(Step::Reset, Step::Bytes),
                    };
                    perform(&mut stream, step).await;
                });
            }
        });
        Self { port, replaced, rule, task }
    }

    pub fn host(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many answers were replaced.
    pub fn replaced(&self) -> usize {
        self.replaced.load(Ordering::Relaxed)
    }

    pub fn now(&self, rule: Rule) {
        *self.rule.lock().unwrap() = rule;
    }
}

/// Passes everything on.
pub fn honestly() -> Rule {
    Arc::new(|_| None)
}
