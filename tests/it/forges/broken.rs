//! Servers that break off, drip, drown or say nothing: each ends soon, in a fault of the right kind.

use std::io::Write as _;
use std::time::{Duration, Instant};

use git_access::fact::FaultKind::{self, Dns, Network, NotTheApi, Server, Timeout};
use git_access::forge::Outside;

use super::{CANARY, USER, impatient, open, site, with};
use crate::support::raw::{Raw, Step};

pub fn bomb(bytes: usize) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![b' '; bytes]).unwrap();
    packed.finish().unwrap()
}

async fn check(name: &str, step: Step, kind: FaultKind) {
    let server = Raw::start(move |_| step.clone()).await;
    let started = Instant::now();
    let fault = with(&server, CANARY, impatient()).identity().await.unwrap_err();
    assert_eq!(fault.kind, kind, "{name}: {}", fault.text);
    assert!(!fault.accepted && fault.remedy.is_some(), "{name}: {fault:?}");
    assert!(!fault.text.contains(CANARY) && git_access::text::is_plain(&fault.text), "{name}: {}", fault.text);
    assert!(started.elapsed() < Duration::from_secs(8), "{name} took {:?}", started.elapsed());
}

fn bytes(text: &str) -> Step {
    Step::Bytes(text.as_bytes().to_vec())
}

#[tokio::test]
async fn every_way_to_break_an_answer_has_its_kind() {
    let json = "Content-Type: application/json\r\nConnection: close\r\n";
    let whole = format!("HTTP/1.1 200 OK\r\n{json}Content-Length: {}\r\n\r\n{USER}", USER.len());
    check("reset at once", Step::Reset, Network).await;
    check("closed without a byte", bytes(""), Network).await;
    check("cut in the head", bytes(&whole[..17]), Network).await;
    check("cut after one byte", bytes(&whole[..1]), Network).await;
    check("cut before the end of the body", bytes(&whole[..whole.len() - 1]), Network).await;
    check(
        "cut chunks",
        bytes(&format!("HTTP/1.1 200 OK\r\n{json}Transfer-Encoding: chunked\r\n\r\n5\r\n{{\"log")),
        Network,
    )
    .await;
    check("cut and delimited by the end", bytes(&format!("HTTP/1.1 200 OK\r\n{json}\r\n{{\"login\":")), NotTheApi)
        .await;
    check("silence", Step::Hang, Timeout).await;
    check("a drip", Step::Drip(whole.clone().into_bytes(), Duration::from_millis(50)), Timeout).await;
    check("not HTTP", bytes("SSH-2.0-OpenSSH_9.2\r\n\r\n"), NotTheApi).await;
    let many = (0..5000).map(|number| format!("X-{number}: y\r\n")).collect::<Vec<_>>().concat();
    check("5000 headers", bytes(&format!("HTTP/1.1 200 OK\r\n{many}\r\n")), NotTheApi).await;
    let long = "y".repeat(2 << 20);
    check("a header of 2 MiB", bytes(&format!("HTTP/1.1 200 OK\r\nX-Long: {long}\r\n\r\n")), NotTheApi).await;
    check("a body of 5 MiB", Step::json(200, vec![b' '; 5 << 20]), NotTheApi).await;
    let gzip = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")];
    check("a bomb", Step::answer(200, &gzip, bomb(64 << 20)), NotTheApi).await;
    check("not gzip", Step::answer(200, &gzip, USER), NotTheApi).await;
    let unknown = [("Content-Type", "application/json"), ("Content-Encoding", "zstd")];
    check("an unknown encoding", Step::answer(200, &unknown, [0x28, 0xb5, 0x2f, 0xfd]), NotTheApi).await;
    check("an HTML 503", Step::answer(503, &[("Content-Type", "text/html")], "<html>Unicorn!</html>"), Server).await;
}

#[tokio::test]
async fn a_refused_connection_and_a_name_that_does_not_exist_are_told_apart() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let outside = Outside::new(None).with_limits(impatient());
    let fault = open(&site(&format!("http://127.0.0.1:{free}")), CANARY, &outside).identity().await.unwrap_err();
    assert_eq!(fault.kind, Network, "{}", fault.text);
    assert!(fault.text.contains("refused the connection"), "{}", fault.text);
    let fault = open(&site("https://nowhere.invalid"), CANARY, &outside).identity().await.unwrap_err();
    assert_eq!(fault.kind, Dns, "{}", fault.text);
    assert!(fault.text.contains("nowhere.invalid"), "{}", fault.text);
}

#[tokio::test]
async fn the_title_of_a_login_page_is_told_and_made_safe() {
    let page = "<!DOCTYPE html><html><head><title>Sign in\u{1b}]0;x\u{7} \u{202e}here</title></head></html>";
    let server = Raw::start(move |_| Step::answer(200, &[("Content-Type", "text/html")], page)).await;
    let fault = super::at(&server).identity().await.unwrap_err();
    assert_eq!(fault.kind, NotTheApi);
    assert!(fault.text.contains("Sign in^[]0;x^G ⟨U+202E⟩here"), "{}", fault.text);
}
