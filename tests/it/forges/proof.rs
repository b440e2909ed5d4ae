//! No green without proof: every question, answered in every wrong way, yields no value.

use std::time::Duration;

use super::broken::bomb;
use super::{METHODS, ask, limits, open, site};
use crate::support::raw::{Raw, Step};
use git_access::forge::{Limits, Outside};

/// Wrong answers by name; each is given to every request.
fn wrong_answers() -> Vec<(&'static str, Step)> {
    let html = "<!DOCTYPE html><html><head><title>Welcome</title></head><body>Sign in</body></html>";
    let gitlab_user = r#"{"id":7,"username":"octocat","name":"O","state":"active","locked":false,"web_url":"https://gitlab.example/octocat"}"#;
    let gitlab_project = r#"{"id":3,"name":"gitops","path":"gitops","path_with_namespace":"acme/gitops","visibility":"private","default_branch":"main"}"#;
    let gitea_user = r#"{"id":1,"login":"octocat","login_name":"","full_name":"","email":"o@acme.example","is_admin":false,"active":true,"username":"octocat"}"#;
    let gitea_repo = r#"{"id":3,"owner":{"id":2,"login":"acme","full_name":"","username":"acme"},"name":"gitops","full_name":"acme/gitops","private":true,"empty":false,"permissions":{"admin":true,"push":true,"pull":true},"default_branch":"main","archived":false}"#;
    let bitbucket = r#"{"type":"user","account_id":"5b","uuid":"{1}","display_name":"O","nickname":"octocat"}"#;
    let wrong_types = r#"{"login":1,"id":"1","type":"User","name":[],"owner":"acme","private":"yes","state":1,"role":2,"organization":"acme"}"#;
    let deep = format!(
        "{{\"login\":\"octocat\",\"id\":1,\"type\":\"User\",\"x\":{}{}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let twice = r#"{"login":"octocat","login":"acme","id":1,"id":2,"type":"User","type":"Organization","name":"gitops","name":"x"}"#;
    let kind = |name: &'static str, status, content: &str, body: &[u8]| {
        (name, Step::answer(status, &[("Content-Type", content)], body))
    };
    let json = |name, status, body: &str| kind(name, status, "application/json", body.as_bytes());
    vec![
        kind("HTML 200", 200, "text/html", html.as_bytes()),
        kind("HTML said to be JSON", 200, "application/json", html.as_bytes()),
        kind("HTML 201", 201, "text/html", html.as_bytes()),
        kind("HTML 203", 203, "text/html", html.as_bytes()),
        kind("HTML 401", 401, "text/html", html.as_bytes()),
        kind("HTML 403", 403, "text/html", html.as_bytes()),
        kind("HTML 404", 404, "text/html", html.as_bytes()),
        kind("HTML 422", 422, "text/html", html.as_bytes()),
        json("{}", 200, "{}"),
        json("[]", 200, "[]"),
        json("[{}]", 200, "[{}]"),
        json("null", 200, "null"),
        json("true", 200, "true"),
        json("a string", 200, "\"octocat\""),
        json("{} 201", 201, "{}"),
        json("{} 404", 404, "{}"),
        json("{} 422", 422, "{}"),
        json("a foreign 404", 404, r#"{"message":"404 Not Found"}"#),
        json("a foreign 422", 422, r#"{"message":"Validation Failed"}"#),
        json("a GitLab user", 200, gitlab_user),
        json("a GitLab project", 200, gitlab_project),
        json("a GitLab project made", 201, gitlab_project),
        json("a Gitea user", 200, gitea_user),
        json("a Gitea repository", 200, gitea_repo),
        json("a Gitea repository made", 201, gitea_repo),
        json("a list of Gitea repositories", 200, &format!("[{gitea_repo}]")),
        json("a Bitbucket user", 200, bitbucket),
        json("wrong types", 200, wrong_types),
        json("wrong types made", 201, wrong_types),
        json("deep nesting", 200, &deep),
        json("every key twice", 200, twice),
        json("cut JSON", 200, r#"{"login":"octocat","id":1,"#),
        json("empty 401", 401, ""),
        json("empty 200", 200, ""),
        json("empty 403", 403, ""),
        json("204", 204, ""),
        json("205", 205, ""),
        json("206", 206, super::USER),
        json("a user with 203", 203, super::USER),
        json("an organisation that was not asked for", 200, r#"{"login":"mallory","id":9,"type":"Organization","name":"x"}"#),
        kind("a user as plain text", 200, "text/plain", super::USER.as_bytes()),
        kind("a repository as plain text", 200, "text/plain", super::REPOSITORY.as_bytes()),
        kind("a repository without a type", 200, "", super::REPOSITORY.as_bytes()),
        kind("a byte order mark", 200, "application/json", format!("\u{feff}{}", super::USER).as_bytes()),
        kind("invalid UTF-8", 200, "application/json", b"{\"login\":\"octocat\",\"id\":1,\"type\":\"User\",\"name\":\"\xff\"}"),
        kind("invalid UTF-8 in a repository", 200, "application/json", &[&super::REPOSITORY.as_bytes()[..super::REPOSITORY.len() - 1], b",\"x\":\"\xc3\"}"].concat()),
        kind("5 MiB", 200, "application/json", &vec![b' '; 5 << 20]),
        kind("a listing cut short", 200, "application/x-git-receive-pack-advertisement", b"001f# service=git-receive-pack\n0000"),
        kind("a listing without its end", 200, "application/x-git-upload-pack-advertisement", b"001e# service=git-upload-pack\n0000003f1111111111111111111111111111111111111111 refs/heads/m\0x\n"),
        kind("a listing as plain text", 200, "text/plain", b"001e# service=git-upload-pack\n0000003f1111111111111111111111111111111111111111 refs/heads/m\0x\n0000"),
        ("a bomb", Step::answer(200, &[("Content-Type", "application/json"), ("Content-Encoding", "gzip")], bomb(16 << 20))),
        ("a redirect to another host", Step::answer(302, &[("Location", "https://evil.example/")], "")),
        ("a redirect in a circle", Step::answer(302, &[("Location", "?again")], "")),
        ("304", Step::answer(304, &[], "")),
        ("a cut body", Step::Bytes(format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 999\r\n\r\n{}", super::USER).into_bytes())),
        ("hang", Step::Hang),
        ("a drip", Step::Drip(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}".to_vec(), Duration::from_millis(40))),
        ("reset", Step::Reset),
    ]
}

#[tokio::test]
async fn no_wrong_answer_yields_a_value() {
    let limits = Limits { total: Duration::from_millis(300), pause: Duration::from_millis(1), ..limits() };
    let mut count = 0;
    let mut green = Vec::new();
    for (name, step) in wrong_answers() {
        let server = Raw::start(move |_| step.clone()).await;
        let outside = Outside::new(None).with_limits(limits);
        let asked = METHODS.map(|method| {
            let forge = open(&site(&server.origin()), super::FINE_CANARY, &outside);
            async move { (method, ask(forge.as_ref(), method).await) }
        });
        for (method, outcome) in futures_util::future::join_all(asked).await {
            count += 1;
            match outcome {
                // The reason why something cannot be seen claims nothing.
                Ok(value) if value.starts_with("NotTold") => {}
                Ok(value) => green.push(format!("{method} took {name} for {value}")),
                Err(fault) => {
                    assert!(fault.remedy.is_some(), "{method} {name}: {fault:?}");
                    assert!(!fault.accepted, "{method} {name}: {fault:?}");
                    assert!(git_access::text::is_plain(&fault.text), "{method} {name}: {}", fault.text);
                }
            }
        }
    }
    println!("wrong answers tried: {count}");
    assert!(green.is_empty(), "{green:#?}");
    assert!(count > 900, "{count}");
}
