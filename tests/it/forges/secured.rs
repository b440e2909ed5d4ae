//! TLS and proxies: what is wrong is named, and the token is not sent.

use git_access::fact::{FaultKind, Site};
use git_access::forge::{Outside, connect};
use git_access::provider::{Host, Provider};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{CANARY, USER, limits, open};
use crate::support::raw::{Raw, Seen, Step};
use crate::support::tls::{Authority, Flaw, file};

fn secure(port: u16, ca: Option<&std::path::Path>) -> Site {
    let host = Host::parse(&format!("https://localhost:{port}")).unwrap();
    let api = Provider::GitHub.rules().api(&host);
    Site { provider: Provider::GitHub, host, api, ca_file: ca.map(Into::into), client_cert: None }
}

fn user(_: &Seen) -> Step {
    Step::json(200, USER)
}

async fn check(server: &Raw, site: &Site, text: &str) {
    let fault = open(site, CANARY, &Outside::new(None).with_limits(limits())).identity().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Tls, "{}", fault.text);
    assert!(fault.text.contains(text) && fault.remedy.is_some(), "{text}: {fault:?}");
    assert_eq!(server.carrying(CANARY), 0, "{text}");
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_its_file_is_named() {
    let authority = Authority::new();
    let (_folder, path) = file(&authority.pem());
    let server = authority.serve("localhost", Flaw::None, user).await;
    check(&server, &secure(server.port, None), "does not know").await;
    let forge = open(&secure(server.port, Some(&path)), CANARY, &Outside::new(None).with_limits(limits()));
    assert_eq!(forge.identity().await.unwrap().login, "octocat");
    assert_eq!(server.carrying(CANARY), 1);
}

#[tokio::test]
async fn a_flaw_of_the_certificate_is_named() {
    let authority = Authority::new();
    let (_folder, path) = file(&authority.pem());
    for (flaw, text) in [
        (Flaw::Expired, "expired on 2020-01-01"),
        (Flaw::NotYetValid, "valid only from 2999-01-01"),
        (Flaw::WrongName, "another.example"),
        (Flaw::AsksForOurs, "client certificate"),
    ] {
        let server = authority.serve("localhost", flaw, user).await;
        check(&server, &secure(server.port, Some(&path)), text).await;
    }
}

#[tokio::test]
async fn a_client_certificate_opens_a_host_that_asks_for_one() {
    let authority = Authority::new();
    let (_folder, ca) = file(&authority.pem());
    let (_other, mine) = file(&authority.client_pem());
    let server = authority.serve("localhost", Flaw::AsksForOurs, user).await;
    let site = Site { client_cert: Some(mine), ..secure(server.port, Some(&ca)) };
    let forge = open(&site, CANARY, &Outside::new(None).with_limits(limits()));
    assert_eq!(forge.identity().await.unwrap().login, "octocat");
}

#[tokio::test]
async fn plain_http_on_the_port_is_named() {
    let server = Raw::start(user).await;
    // What arrives is no request: the server answers to the first bytes of TLS as web servers do.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.read_exact(&mut [0; 16]).await.ok();
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await.ok();
        }
    });
    check(&server, &secure(port, None), "plain HTTP").await;
}

#[tokio::test]
async fn a_certificate_file_that_cannot_serve_is_refused_by_name() {
    let authority = Authority::new();
    let (folder, empty) = file("");
    let (_other, garbage) = file("-----BEGIN CERTIFICATE-----\nnonsense\n");
    let missing = folder.path().join("missing.pem");
    for path in [&empty, &garbage, &missing, &folder.path().to_path_buf()] {
        let fault = connect(&secure(1, Some(path)), None, None, &Outside::new(None)).err().unwrap();
        assert_eq!(fault.kind, FaultKind::Tls);
        assert!(fault.text.contains(&*path.to_string_lossy()), "{}", fault.text);
    }
    let (_keyless, certificate) = file(&authority.pem());
    let site = Site { client_cert: Some(certificate), ..secure(1, None) };
    let fault = connect(&site, None, None, &Outside::new(None)).err().unwrap();
    assert!(fault.text.contains("no certificate with its key"), "{}", fault.text);
}

/// A proxy that opens a way to `port` whatever host is asked for, and tells everything that it was sent.
async fn proxy(port: u16, refusal: Option<&'static str>) -> (String, std::sync::Arc<std::sync::Mutex<Vec<u8>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://proxyuser:proxypass@{}", listener.local_addr().unwrap());
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = seen.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let kept = kept.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") && stream.read_buf(&mut head).await.is_ok_and(|count| count > 0) {}
                kept.lock().unwrap().extend_from_slice(&head);
                if let Some(refusal) = refusal {
                    stream.write_all(refusal.as_bytes()).await.ok();
                    return;
                }
                let mut there = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
                let (mut from, mut to) = stream.split();
                let (mut answer, mut question) = there.split();
                let up = async {
                    let mut buffer = [0; 4096];
                    while let Ok(count @ 1..) = from.read(&mut buffer).await {
                        kept.lock().unwrap().extend_from_slice(&buffer[..count]);
                        question.write_all(&buffer[..count]).await.unwrap();
                    }
                };
                tokio::select! { () = up => {}, _ = tokio::io::copy(&mut answer, &mut to) => {} }
            });
        }
    });
    (address, seen)
}

#[tokio::test]
async fn a_proxy_sees_the_host_and_never_the_token() {
    let authority = Authority::new();
    let (_folder, path) = file(&authority.pem());
    let server = authority.serve("git.example", Flaw::None, user).await;
    let (address, seen) = proxy(server.port, None).await;
    let host = Host::parse("https://git.example").unwrap();
    let site = Site { host: host.clone(), api: Provider::GitHub.rules().api(&host), ..secure(1, Some(&path)) };
    let outside = Outside::new(None).with_limits(limits()).through(address);
    assert_eq!(open(&site, CANARY, &outside).identity().await.unwrap().login, "octocat");
    let seen = String::from_utf8_lossy(&seen.lock().unwrap()).into_owned();
    assert!(seen.starts_with("CONNECT git.example:443 "), "{}", &seen[..40]);
    assert!(!seen.contains(CANARY) && !seen.contains("CANARY"));
    assert_eq!(server.carrying(CANARY), 1);
}

#[tokio::test]
async fn trouble_with_a_proxy_names_it_without_its_password() {
    let host = Host::parse("https://git.example").unwrap();
    let site = Site { host: host.clone(), api: Provider::GitHub.rules().api(&host), ..secure(1, None) };
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (asks, _) = proxy(1, Some("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")).await;
    let (refuses, _) = proxy(1, Some("HTTP/1.1 403 Forbidden\r\n\r\n")).await;
    for (address, text) in [
        (format!("http://proxyuser:proxypass@{closed}"), "refused the connection"),
        (asks, "user name and password"),
        (refuses, "did not open a way"),
    ] {
        let outside = Outside::new(None).with_limits(limits()).through(&address);
        let fault = open(&site, CANARY, &outside).identity().await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Proxy, "{}", fault.text);
        assert!(fault.text.contains(text) && fault.text.contains("127.0.0.1:"), "{}", fault.text);
        assert!(!fault.text.contains("proxypass") && !fault.text.contains("proxyuser"), "{}", fault.text);
    }
    // This computer is never asked through a proxy.
    let server = Raw::start(user).await;
    let outside = Outside::new(None).with_limits(limits()).through(format!("http://{closed}"));
    assert!(open(&super::site(&server.origin()), CANARY, &outside).identity().await.is_ok());
}
