//! git over HTTP: the two services, served by git itself on a bare repository.
//!
//! The protocol is <https://git-scm.com/docs/http-protocol>. Who may use which service on which repository is decided
//! before anything here is called; a path never comes out of a request.

use std::io::{self, Read as _};
use std::path::Path;
use std::process::Stdio;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use futures_util::{StreamExt as _, stream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::git::Git;
use super::world::Repository;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    UploadPack,
    ReceivePack,
}

/// What git wants from a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// `GET …/info/refs?service=…`
    Advertise(Service),
    /// `POST …/git-…-pack`
    Exchange(Service),
}

impl Service {
    /// As git's subcommands are called.
    fn name(self) -> &'static str {
        match self {
            Self::UploadPack => "upload-pack",
            Self::ReceivePack => "receive-pack",
        }
    }

    fn named(text: &str) -> Option<Self> {
        [Self::UploadPack, Self::ReceivePack].into_iter().find(|it| text.strip_prefix("git-") == Some(it.name()))
    }
}

impl Action {
    pub(super) fn service(self) -> Service {
        let (Self::Advertise(service) | Self::Exchange(service)) = self;
        service
    }

    /// Splits a request of git into the segments that name the repository and what is wanted from it.
    pub(super) fn of<'a>(method: &Method, segments: &'a [String], query: Option<&str>) -> Option<(&'a [String], Self)> {
        if let (&Method::GET, [repository @ .., info, refs]) = (method, segments)
            && info == "info"
            && refs == "refs"
        {
            let service = query?.split('&').find_map(|pair| pair.strip_prefix("service="))?;
            return Some((repository, Self::Advertise(Service::named(service)?)));
        }
        match (method, segments) {
            (&Method::POST, [repository @ .., service]) => Some((repository, Self::Exchange(Service::named(service)?))),
            _ => None,
        }
    }
}

/// Lets git answer. Errors of git itself become a 500, as they would behind any forge.
pub(super) async fn serve(git: &Git, repository: &Path, action: Action, request: Request) -> Response {
    let answered = match action {
        Action::Advertise(service) => advertise(git, repository, service, request.headers()).await,
        Action::Exchange(service) => exchange(git, repository, service, request).await,
    };
    answered.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"))
}

/// Serves the repository that somebody was admitted to, or hands on the refusal.
pub(super) async fn serve_admitted(
    git: &Git,
    admitted: Result<Repository, Response>,
    action: Action,
    request: Request,
) -> Response {
    match admitted {
        Ok(repository) => serve(git, &repository.path, action, request).await,
        Err(refusal) => refusal,
    }
}

/// A text for people: git shows it behind `remote:`.
pub(super) fn plain(status: StatusCode, text: &str) -> Response {
    let mut response = Response::new(Body::from(text.to_owned()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

async fn advertise(git: &Git, repository: &Path, service: Service, headers: &HeaderMap) -> io::Result<Response> {
    let mut command = command(git, repository, service, headers);
    let output = command.arg("--advertise-refs").arg(repository).stdin(Stdio::null()).output().await?;
    if !output.status.success() {
        return Err(io::Error::other("git did not advertise"));
    }
    let title = format!("# service=git-{}\n", service.name());
    let mut body = format!("{:04x}{title}0000", title.len() + 4).into_bytes();
    body.extend(output.stdout);
    Ok(git_response(service, "advertisement", Body::from(body)))
}

async fn exchange(git: &Git, repository: &Path, service: Service, request: Request) -> io::Result<Response> {
    let expected = format!("application/x-git-{}-request", service.name());
    if request.headers().get(header::CONTENT_TYPE).is_none_or(|given| given.as_bytes() != expected.as_bytes()) {
        return Ok(plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type"));
    }
    let (parts, body) = request.into_parts();
    let gzipped = parts.headers.get(header::CONTENT_ENCODING).is_some_and(|it| it == "gzip" || it == "x-gzip");
    let body = if gzipped { unzipped(body).await? } else { body };
    let mut command = command(git, repository, service, &parts.headers);
    let mut child = command.arg(repository).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("git has no pipes"));
    };
    // Both directions at once: git begins to answer before it has read everything.
    tokio::spawn(feed(body, stdin));
    Ok(git_response(service, "result", stream_of(child, stdout)))
}

fn command(git: &Git, repository: &Path, service: Service, headers: &HeaderMap) -> Command {
    let mut command = git.command();
    // A data directory on a foreign or shared file system is still ours.
    command.arg("-c").arg(format!("safe.directory={}", repository.display()));
    command.args([service.name(), "--stateless-rpc"]).stderr(Stdio::null());
    if let Some(protocol) = headers.get("git-protocol").and_then(|value| value.to_str().ok()) {
        command.env("GIT_PROTOCOL", protocol);
    }
    command
}

/// git zips only what it holds in one piece (`http.postBuffer`, 1 MiB); packs are sent as they are.
async fn unzipped(body: Body) -> io::Result<Body> {
    const LIMIT: usize = 16 << 20;
    let zipped = axum::body::to_bytes(body, LIMIT).await.map_err(io::Error::other)?;
    let mut bytes = Vec::new();
    flate2::read::MultiGzDecoder::new(&zipped[..]).take(LIMIT as u64).read_to_end(&mut bytes)?;
    Ok(Body::from(bytes))
}

async fn feed(body: Body, mut stdin: ChildStdin) {
    let mut pieces = body.into_data_stream();
    while let Some(Ok(piece)) = pieces.next().await {
        if stdin.write_all(&piece).await.is_err() {
            return;
        }
    }
}

/// What the child writes, piece by piece. The child goes along, so that it ends with the response.
fn stream_of(child: Child, stdout: ChildStdout) -> Body {
    Body::from_stream(stream::unfold(Some((child, stdout)), |open| async {
        let (mut child, mut stdout) = open?;
        let mut buffer = vec![0; 32 << 10];
        match stdout.read(&mut buffer).await {
            Ok(0) => {
                // Its status does not matter: what went wrong stands in the answer, in git's own words.
                let _ = child.wait().await;
                None
            }
            Ok(length) => {
                buffer.truncate(length);
                Some((Ok(Bytes::from(buffer)), Some((child, stdout))))
            }
            Err(error) => Some((Err(error), None)),
        }
    }))
}

fn git_response(service: Service, part: &str, body: Body) -> Response {
    let mut response = Response::new(body);
    let kind = HeaderValue::from_str(&format!("application/x-git-{}-{part}", service.name()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind.unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream")));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, max-age=0, must-revalidate"));
    response
}
