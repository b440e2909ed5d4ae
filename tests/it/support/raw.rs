//! A server that sends exactly the bytes it was told to, and remembers what it was asked. It is no HTTP library: a fault
//! of a real server (a cut body, a drip, a bomb) must reach the client as it is.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The whole head, with all headers.
    pub head: String,
    pub body: String,
    pub at: Instant,
}

/// What to do about a request.
#[derive(Clone, Debug)]
pub enum Step {
    /// Send these bytes, then close.
    Bytes(Vec<u8>),
    /// Wait, then do the other.
    After(Duration, Box<Step>),
    /// One byte of these every so often.
    Drip(Vec<u8>, Duration),
    /// Say nothing and keep the connection.
    Hang,
    /// Close at once, with a reset.
    Reset,
}

impl Step {
    /// A whole answer with the length of its body.
    pub fn answer(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut bytes = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n").into_bytes();
        for (name, value) in headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
        bytes.extend_from_slice(body);
        Self::Bytes(bytes)
    }

    pub fn json(status: u16, body: impl AsRef<[u8]>) -> Self {
        let headers = [("Content-Type", "application/json; charset=utf-8"), ("X-GitHub-Request-Id", "AB12:34")];
        Self::answer(status, &headers, body)
    }
}

/// What git is told by a server that lets it in.
pub fn listing(service: &str) -> Step {
    let title = format!("# service=git-{service}\n");
    let line = format!("{} refs/heads/main\0report-status\n", "1".repeat(40));
    let body = format!("{:04x}{title}0000{:04x}{line}0000", title.len() + 4, line.len() + 4);
    Step::answer(200, &[("Content-Type", &format!("application/x-git-{service}-advertisement"))], body)
}

/// A running server; it ends with its value.
pub struct Raw {
    pub port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Raw {
    pub async fn start(script: impl Fn(&Seen) -> Step + Send + Sync + 'static) -> Self {
        let plain = |stream: tokio::net::TcpStream| async move {
            // So that leaving without a word is a reset, not an end.
            stream.set_zero_linger().unwrap();
            Some(stream)
        };
        Self::wrapped(script, plain).await
    }

    /// A server whose connections are first made into others (secured, say); `None` drops one.
    pub async fn wrapped<S, F>(
        script: impl Fn(&Seen) -> Step + Send + Sync + 'static,
        wrap: impl Fn(tokio::net::TcpStream) -> F + Send + Sync + 'static,
    ) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        F: Future<Output = Option<S>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, script) = (seen.clone(), Arc::new(script));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (log, script, wrapping) = (log.clone(), script.clone(), wrap(stream));
                tokio::spawn(async move {
                    let Some(mut stream) = wrapping.await else { return };
                    let Some(request) = read(&mut stream).await else { return };
                    log.lock().unwrap().push(request.clone());
                    let step = script(&request);
                    perform(&mut stream, step).await;
                });
            }
        });
        Self { port, seen, task }
    }

    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How many requests carried `text` anywhere.
    pub fn carrying(&self, text: &str) -> usize {
        self.seen().iter().filter(|seen| seen.head.contains(text) || seen.body.contains(text)).count()
    }
}

pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(|text| text.trim().to_owned()))
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    while bytes.len() < end + length && stream.read_buf(&mut bytes).await.ok()? > 0 {}
    let mut words = head.split(' ').map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let body = String::from_utf8_lossy(&bytes[end..]).into_owned();
    Some(Seen { method, target, head, body, at: Instant::now() })
}

pub async fn perform(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), step: Step) {
    let mut step = step;
    while let Step::After(pause, next) = step {
        tokio::time::sleep(pause).await;
        step = *next;
    }
    match step {
        Step::Bytes(bytes) => {
            // The client may have gone before all was sent: that is its right.
            if stream.write_all(&bytes).await.is_ok() && stream.shutdown().await.is_ok() {
                tokio::time::timeout(Duration::from_secs(2), stream.read(&mut [0; 64])).await.ok();
            }
        }
        Step::Drip(bytes, pause) => {
            for byte in bytes {
                if stream.write_all(&[byte]).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
                tokio::time::sleep(pause).await;
            }
        }
        Step::Hang => futures_util::future::pending().await,
        Step::Reset | Step::After(..) => {}
    }
}
